//! The main job in real browsers: a rider, two staff phones and a supervisor, by the pages' own buttons, against a real server.
//! What they see is asserted by the scripts of `tests/browser`; this file starts both sides and sets the time limit.

use dispatcher::clock::Env;
use dispatcher::record::Record;
use geo::road::{FreeTimes, Observation, Profile};
use harness::people::eventually;
use harness::raw::call;
use harness::{Server, ServerOptions, root};
use matcher::schedule::day_of;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Four or five browsers draw maps in software on two busy cores; alone it takes well under a minute.
const WITHIN: Duration = Duration::from_secs(300);

fn chromium() -> PathBuf {
    let path = std::env::var_os("DONGHAENG_CHROMIUM").map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    assert!(
        path.exists(),
        "no Chromium at {}: `apt-get install chromium`, or set DONGHAENG_CHROMIUM (`make test` does it)",
        path.display()
    );
    path
}

fn assert_pages_are_built() {
    assert!(
        Command::new("node").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()),
        "no node on the PATH: install Node.js 20 or later"
    );
    for made in ["web/dist/book/index.html", "web/node_modules/playwright-core"] {
        assert!(root().join(made).exists(), "{made} is missing: run `cd web && npm ci && npm run build`");
    }
}

/// The small fleet of `make run`, with the visitor's crew.
struct Fleet(Child);

impl Fleet {
    async fn beside(server: &Server) -> Self {
        let mut command = Command::new(harness::binary("simulator"));
        let fleet = Self(
            command
                .args(["demo", "--staff", "10", "--target", server.url()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .expect("the simulator starts"),
        );
        let is_there = async || {
            let metrics = call(server.url(), "GET", "/metrics", &[], None).body;
            metrics.lines().any(|line| line.strip_prefix("donghaeng_live_staff ").is_some_and(|n| n == "12"))
        };
        eventually("the fleet on the map", WITHIN, is_there).await;
        fleet
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a script of `tests/browser` against the server with the demo's codes and `more`; what it said.
///
/// # Panics
/// When it fails or is not done in time.
async fn play(script: &str, server: &Server, more: &[&str]) -> String {
    let chromium = chromium();
    assert_pages_are_built();
    let output = server.data().with_file_name("browser.log");
    let log = File::create(&output).expect("the data directory is writable");
    let mut child = Command::new("node")
        .arg(root().join("tests/browser").join(script))
        .arg(server.url())
        .args(["rider", "staff", "staff2", "supervisor"].map(|who| server.code(who)))
        .args(more)
        .env("DONGHAENG_CHROMIUM", chromium)
        .stdin(Stdio::null())
        .stderr(log.try_clone().expect("a file handle can be copied"))
        .stdout(log)
        .spawn()
        .expect("node was found above");
    let begun = Instant::now();
    let ended = loop {
        if let Some(status) = child.try_wait().expect("own child") {
            break Some(status);
        }
        if begun.elapsed() > WITHIN {
            // Asked, not killed: node then ends the browsers it started.
            let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
            let _ = child.wait();
            break None;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let said = std::fs::read_to_string(&output).unwrap_or_default();
    assert!(ended.is_some(), "not done within {WITHIN:?}; it said:\n{said}");
    assert!(ended.is_some_and(|status| status.success()), "{script} failed:\n{said}");
    said
}

#[tokio::test]
async fn two_phones_a_rider_and_a_supervisor_complete_a_trip_in_browsers() {
    let server = Server::start(ServerOptions::default()).await;
    let _fleet = Fleet::beside(&server).await;
    println!("{}", play("trip.mjs", &server, &[]).await);
}

#[tokio::test]
async fn a_supervisor_decides_by_hand_in_browsers() {
    let server = Server::start(ServerOptions::default()).await;
    let admin = server.token_of(&server.admin(&["admin", "--name", "관리"])).await;
    println!("{}", play("by_hand.mjs", &server, &[&admin]).await);
}

#[tokio::test]
async fn a_crew_with_a_rider_takes_the_next_trip_and_goes_on_to_it_in_browsers() {
    let server = Server::start(ServerOptions::default()).await;
    let rider = server.admin(&["rider", "--name", "둘째", "--any-agency"]);
    println!("{}", play("next.mjs", &server, &[rider["code"].as_str().expect("a code")]).await);
}

#[tokio::test]
async fn supervisors_see_what_was_learnt_and_what_is_closed_in_a_browser() {
    let server = Server::start(ServerOptions::default()).await;
    let admin = server.token_of(&server.admin(&["admin", "--name", "관리"])).await;
    let data = server.data();
    let learn = async {
        let env = Env::system();
        let record = Record::open(&data, env.clone()).await.expect("the record");
        record.note_observations(env.now(), &walks(day_of(env.now()) - 1)).await.expect("finished ways");
        record.close().await;
    };
    // What was learnt is looked at when a server begins.
    let server = server.kill_and_restart_after(learn).await;
    println!("{}", play("travel.mjs", &server, &[&admin]).await);
}

#[tokio::test]
async fn the_centre_closes_a_street_on_the_map_and_opens_it_again_in_a_browser() {
    let server = Server::start(ServerOptions::default()).await;
    let admin = server.token_of(&server.admin(&["admin", "--name", "관리"])).await;
    println!("{}", play("streets.mjs", &server, &[&admin]).await);
}

#[tokio::test]
async fn the_centre_draws_a_zone_to_avoid_counts_it_and_takes_it_back_in_a_browser() {
    let server = Server::start(ServerOptions::default()).await;
    let admin = server.token_of(&server.admin(&["admin", "--name", "관리"])).await;
    println!("{}", play("zones.mjs", &server, &[&admin]).await);
}

/// Twenty ways of each hour on foot: side streets and main roads, slower in the rush hours, no two alike.
fn walks(day: u32) -> Vec<Observation> {
    let of_hour = |hour: u8| {
        let rush = f64::from(u8::from((7..10).contains(&hour) || (17..20).contains(&hour)));
        (0..20_u32).map(move |nth| {
            let mut by_class_ms = [0; geo::road::calibrate::CLASSES];
            by_class_ms[1 + nth as usize % 3] = 150_000;
            by_class_ms[4] = 300_000;
            let slower = 1.2 + 0.5 * rush + 0.02 * f64::from(nth);
            Observation {
                profile: Profile::Walk,
                day: day + nth % 2,
                hour,
                free: FreeTimes { by_class_ms, fixed_ms: 20_000 },
                took_ms: (470_000.0 * slower) as u32,
                with_rider: false,
            }
        })
    };
    (0..24).flat_map(of_hour).collect()
}
