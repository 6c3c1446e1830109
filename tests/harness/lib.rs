//! What the outside tests stand on: real processes on free loopback ports, each stopped by its own handle.
//! Asserts nothing itself; a process that does not come up ends the test with its log.
#![expect(clippy::print_stderr, reason = "a test says what it skips, and shows the log of what broke")]

pub mod figures;
pub mod gateway;
pub mod people;
pub mod raw;
pub mod redis;
pub mod refusal;
pub mod server;

pub use gateway::Gateway;
pub use redis::Redis;
pub use server::{Server, ServerOptions};

use std::path::PathBuf;

/// The workspace's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A workspace binary beside the running test's own build.
///
/// # Panics
/// When it has not been built.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running program knows its path");
    let path = test
        .ancestors()
        .find(|dir| dir.file_name().is_some_and(|n| n == "deps"))
        .and_then(std::path::Path::parent)
        .expect("tests run from target/<profile>/deps")
        .join(name);
    assert!(path.exists(), "{name} is not built: run `cargo build --workspace --bins` first");
    path
}

/// A file of the real Seoul data, or `None` (said aloud) where it is absent.
pub fn seoul(path: &str) -> Option<PathBuf> {
    let data = std::env::var_os("DONGHAENG_SEOUL_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let file = data.join(path);
    if file.exists() {
        return Some(file);
    }
    eprintln!("SKIPPED: the real Seoul data is absent ({path})");
    None
}
