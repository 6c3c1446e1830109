//! The layers hold: what `geo` and `matcher` reach when each is resolved alone, and which words stand where in the sources.

use harness::root;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Run-time crates the pure layers must never reach: I/O, serialisation, clocks, randomness.
const BANNED: &[&str] = &[
    "tokio",
    "redis",
    "sqlx",
    "axum",
    "hyper",
    "serde",
    "serde_core",
    "serde_json",
    "getrandom",
    "rand",
    "rand_core",
    "chrono",
    "time",
    "tracing",
    "metrics",
];

fn crates_reached_by(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", package, "--edges", "normal,no-proc-macro", "--prefix", "none", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo tree failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn geo_and_matcher_reach_no_io_no_serialisation_no_clock_and_no_randomness() {
    for package in ["escort-geo", "matcher"] {
        let reached = crates_reached_by(package);
        assert!(reached.len() > 3, "the tree of {package} was read");
        for banned in BANNED {
            assert!(!reached.iter().any(|name| name == banned), "{package} reaches {banned}");
        }
    }
}

#[test]
fn dependencies_run_one_way() {
    let forbidden = [
        ("escort-geo", &["matcher", "dispatcher", "simulator"][..]),
        ("matcher", &["dispatcher", "simulator"][..]),
        ("dispatcher", &["simulator"][..]),
    ];
    for (package, above) in forbidden {
        let reached = crates_reached_by(package);
        for name in above {
            assert!(!reached.iter().any(|r| r == name), "{package} reaches up to {name}");
        }
    }
}

/// Every Rust source below a folder, tests aside.
fn sources(folder: &str) -> Vec<PathBuf> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("a source folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.to_string_lossy().ends_with("_tests.rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

/// A pattern that may stand only below one folder.
fn stands_only_below(pattern: &str, allowed: &str) {
    for path in sources("dispatcher/src") {
        let inside = path.strip_prefix(root()).expect("below the root");
        if inside.starts_with(allowed) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            assert!(!code.contains(pattern), "{}:{} has `{pattern}` outside {allowed}", inside.display(), number + 1);
        }
    }
}

#[test]
fn redis_is_known_in_one_folder() {
    stands_only_below("redis::cmd", "dispatcher/src/live/redis");
    stands_only_below("redis::aio", "dispatcher/src/live/redis");
    stands_only_below("redis::Client", "dispatcher/src/live/redis");
}

#[test]
fn sql_is_known_in_one_folder() {
    stands_only_below("sqlx::query", "dispatcher/src/record");
    stands_only_below("SELECT ", "dispatcher/src/record");
}

#[test]
fn what_lies_below_the_edge_knows_no_edge() {
    for below in ["engine", "record", "live", "view"] {
        for path in sources(&format!("dispatcher/src/{below}")) {
            let text = fs::read_to_string(&path).expect("a source file");
            let mut code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
            let is_of_the_edge = |line: &str| line.contains("crate::http") || line.contains("crate::ws");
            assert!(!code.any(is_of_the_edge), "{} imports the edge above it", path.display());
        }
    }
}

#[test]
fn a_trip_changes_phase_only_by_the_lifecycle() {
    for path in sources("dispatcher/src/record") {
        let text = fs::read_to_string(&path).expect("a source file");
        if text.contains("phase = ?") && text.contains("UPDATE trips") {
            assert!(text.contains("lifecycle::next"), "{} writes a phase without asking the lifecycle", path.display());
        }
    }
}
