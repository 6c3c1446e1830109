//! `make run`, as somebody at a terminal uses it: everything comes up by one command, and one Ctrl-C ends it in order.

use harness::raw::call;
use harness::redis::free_port;
use harness::server::{city_kept, lend_city};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(90);

#[test]
fn ctrl_c_at_the_terminal_drains_the_server_and_leaves_nothing_running() {
    let data = tempfile::tempdir().expect("a directory");
    lend_city(&city_kept(), data.path());
    let (port, log) = (free_port(), data.path().join("said"));
    let said = || std::fs::read_to_string(&log).expect("what it said");
    let out = std::fs::File::create(&log).expect("a file");
    let mut script = Command::new(harness::root().join("scripts/run.sh"))
        .args([&port.to_string(), data.path().to_str().expect("a path")])
        .env("DONGHAENG_BIN", harness::binary("dispatcher").parent().expect("a folder"))
        .stdout(out.try_clone().expect("a file"))
        .stderr(out)
        .stdin(Stdio::null())
        // As a shell gives each command line a group, to which the terminal sends the signal.
        .process_group(0)
        .spawn()
        .expect("the script runs");
    let begun = Instant::now();
    let url = format!("http://127.0.0.1:{port}");
    while !said().contains("supervisor ") {
        assert!(begun.elapsed() < SOON, "not ready: {}", said());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(call(&url, "GET", "/livez", &[], None).status, 200);
    // The fleet has come.
    let fleet = || {
        let metrics = call(&url, "GET", "/metrics", &[], None);
        metrics.body.lines().any(|line| line.strip_prefix("donghaeng_live_staff ").is_some_and(|n| n != "0"))
    };
    while !fleet() {
        assert!(begun.elapsed() < SOON, "no fleet: {}", said());
        std::thread::sleep(Duration::from_millis(200));
    }
    // The codes are still on a screen of 24 lines.
    let after = said().lines().skip_while(|line| !line.starts_with("supervisor ")).count();
    assert!(after < 20, "{after} lines after the codes: {}", said());
    let group = format!("-{}", script.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().expect("kill runs").success());
    let ended = script.wait().expect("it ends");
    assert_eq!(ended.code(), Some(130), "{}", said());
    assert!(said().contains("drained"), "the server ended by itself: {}", said());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "nothing listens any more");
}
