//! Owns a real Redis process for one test: free port, no persistence, killed by its own handle.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running Redis-compatible server.
pub struct Redis {
    child: Child,
    port: u16,
}

/// Where the server binary is: the environment's, or the first on the PATH.
fn server_path() -> PathBuf {
    if let Some(path) = std::env::var_os("DONGHAENG_REDIS_SERVER") {
        return path.into();
    }
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&dirs)
        .flat_map(|dir| [dir.join("redis-server"), dir.join("valkey-server")])
        .find(|path| path.exists())
        .expect("no redis-server or valkey-server on the PATH: `make test` installs one")
}

/// A port nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

impl Redis {
    /// Starts one and waits until it answers.
    ///
    /// # Panics
    /// When it does not come up within 10 s.
    pub fn start() -> Self {
        Self::start_on(free_port())
    }

    /// As [`Redis::start`], on a given port (to come back where it was).
    ///
    /// # Panics
    /// When it does not come up within 10 s.
    pub fn start_on(port: u16) -> Self {
        let child = Command::new(server_path())
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the Redis server starts");
        let this = Self { child, port };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "Redis did not listen within 10 s");
            std::thread::sleep(Duration::from_millis(20));
        }
        this
    }

    /// For `--redis`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}
