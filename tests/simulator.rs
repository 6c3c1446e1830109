//! The simulator's own command against a real server that is no demo: people made through the admin API, settings from file,
//! environment and command line, a report that adds up, and an exit code that can be trusted.

use harness::{Server, ServerOptions, binary};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A short run of a small town in which everybody hurries.
const SETTINGS: &str = "phones = 6\nbookings_per_second = 0.7\nduration = 6\nwarmup = 1\ndrain = 2\n\
                        prompt_answers = true\ntrip_minutes = 0.02\nseed = 99\n";

fn simulate(dir: &Path, settings: &str, environment: &[(&str, &str)], args: &[&str]) -> Output {
    std::fs::write(dir.join("load.toml"), settings).expect("the directory is writable");
    let mut command = Command::new(binary("simulator"));
    command.arg("load").arg("--config").arg(dir.join("load.toml")).args(args);
    command.envs(environment.iter().copied()).output().expect("the simulator binary starts")
}

fn said(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\n{out}{err}", output.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_on_a_server_that_is_no_demo_is_clean_and_adds_up() {
    let server = Server::start(ServerOptions { no_demo: true, ..ServerOptions::default() }).await;
    let admin = server.token_of(&server.admin(&["admin", "--name", "관리"])).await;
    let dir = TempDir::new().expect("a temporary directory");
    let report = dir.path().join("report.json");
    let place = report.to_str().expect("a path in UTF-8");
    let settings = format!("{SETTINGS}target = \"{}\"\n", server.url());

    let refused = simulate(dir.path(), &settings, &[], &[]);
    assert!(!refused.status.success() && said(&refused).contains("or give --admin-token"), "{}", said(&refused));
    let token = [("DONGHAENG_SIM_ADMIN_TOKEN", admin.as_str())];
    let ran = simulate(dir.path(), &settings, &token, &["--seed", "7", "--report", place]);
    assert!(ran.status.success() && !said(&ran).contains(&admin), "{}", said(&ran));
    let report: Value = serde_json::from_slice(&std::fs::read(&report).expect("a report")).expect("JSON");
    assert_eq!((&report["asked"]["seed"], &report["asked"]["phones"]), (&7.into(), &6.into()), "{}", report["asked"]);
    let count = |name: &str| report[name].as_u64().unwrap_or_else(|| panic!("{name}: {report}"));
    assert!(count("bookings") >= 1 && count("assigned") >= 1, "{report}");
    assert_eq!(count("bookings"), count("assigned") + count("no_crew"));
    for nothing in ["lost", "doubled", "assigned_too_early", "seq_gaps"] {
        assert_eq!(count(nothing), 0, "{nothing}: {report}");
    }
    for latency in ["booking_to_both_phones_ms", "offer_to_assigned_ms", "position_to_map_ms", "fix_to_index_ms"] {
        let [p50, p99, max] = ["p50", "p99", "max"].map(|part| report[latency][part].as_f64().expect("a number"));
        assert!(p50 <= p99 && p99 <= max && report[latency]["count"].is_u64(), "{latency}: {report}");
    }
    let reached = report["booking_to_both_phones_ms"]["count"].as_u64();
    assert!(reached >= Some(count("assigned")), "who was shown a crew was offered to one: {report}");
    assert!(said(&ran).contains("lost 0  doubled 0  assigned too early 0  gaps 0"), "{}", said(&ran));

    // Everybody went home: nothing is left open, and the demo's calls are still not there.
    let missing = server.api().post("/v1/demo/enrol", &serde_json::json!({})).await.expect_err("no demo");
    assert_eq!(missing.code(), "not_found");
    assert!(server.stop().await.success());
}

#[test]
fn a_setting_that_is_none_ends_the_start() {
    let dir = TempDir::new().expect("a temporary directory");
    for (settings, told) in [("phonse = 3\n", "unknown setting `phonse`"), ("phones = \n", "load.toml")] {
        let refused = simulate(dir.path(), settings, &[], &[]);
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
        assert!(said(&refused).contains(told), "{}", said(&refused));
    }
}
