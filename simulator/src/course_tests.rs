//! A whole run against a dispatcher of a few lines: an honest one is found clean, and each lie is found out.

use crate::grid;
use crate::little_server::{Lie, serve};
use crate::load;
use crate::options::{Cli, Command, LoadOptions};
use crate::report::Report;
use clap::Parser as _;
use serde_json::Value;
use std::sync::atomic::{AtomicU32, Ordering};

/// Runs beside each other, of one process too, have files of their own.
static RUNS: AtomicU32 = AtomicU32::new(0);

async fn run(lie: Lie, more: &str) -> Report {
    let city = grid::city();
    let b = city.map().data.bounds;
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("simulator-{}-{run}.graph", std::process::id()));
    city.map().save(&file).unwrap();
    let target = serve(lie, [b.west, b.south, b.east, b.north]).await;
    let line = format!(
        "simulator load --target {target} --map {} --warmup 0 --drain 2 --trip-minutes 0.01 {more}",
        file.display()
    );
    let report = load::run(&options(&line)).await;
    std::fs::remove_file(&file).unwrap();
    report.unwrap()
}

fn options(line: &str) -> LoadOptions {
    match Cli::try_parse_from(line.split_whitespace()).unwrap().command {
        Command::Load(options) => *options,
        Command::Demo(_) => unreachable!("load was asked"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn honest_server_is_clean_and_everything_is_measured() {
    let report = run(Lie::Nothing, "--duration 8 --seed 5 --phones 40 --bookings-per-second 3 --prompt-answers").await;
    assert!(report.is_clean(), "{report:?}");
    assert!(report.bookings >= 3 && report.assigned == report.bookings && report.no_crew == 0, "{report:?}");
    assert_eq!(report.booking_to_both_phones_ms.count, report.bookings);
    assert_eq!(report.offer_to_assigned_ms.count, report.bookings);
    assert!(report.fixes_per_s > 5.0 && report.messages_per_s > report.fixes_per_s, "{report:?}");
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!((report.seq_gaps, report.console_gaps), (0, 0), "{report:?}");
    let json: Value = serde_json::to_value(&report).unwrap();
    for name in ["booking_to_both_phones_ms", "offer_to_assigned_ms", "position_to_map_ms"] {
        for part in ["p50", "p99", "max", "count"] {
            assert!(json[name][part].is_number(), "{name}.{part}");
        }
    }
    for name in ["fixes_per_s", "bookings", "assigned", "no_crew", "lost", "doubled"] {
        assert!(json[name].is_number(), "{name}");
    }
    assert!(json["errors"].is_object());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgotten_trip_is_lost() {
    let report =
        run(Lie::ForgetsTrips, "--duration 3 --seed 5 --phones 40 --bookings-per-second 3 --prompt-answers").await;
    assert!(report.lost >= 1 && !report.is_clean(), "{report:?}");
    assert_eq!(report.lost_by_reason.keys().copied().collect::<Vec<_>>(), ["absent_at_rider"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pair_offered_twice_is_doubled() {
    let report =
        run(Lie::OffersBusyPairs, "--duration 3 --seed 5 --phones 4 --bookings-per-second 3 --prompt-answers").await;
    assert!(report.doubled >= 1 && !report.is_clean(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crew_shown_too_early_is_found() {
    let report = run(
        Lie::AssignsEarly,
        "--duration 3 --seed 5 --phones 40 --bookings-per-second 3 --delay 0-1 --decline 0 --silence 0",
    )
    .await;
    assert!(report.assigned_too_early >= 1 && !report.is_clean(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn number_that_never_comes_is_found() {
    let report =
        run(Lie::SkipsNumbers, "--duration 3 --seed 5 --phones 40 --bookings-per-second 3 --prompt-answers").await;
    assert!(report.seq_gaps >= 1 && !report.is_clean(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_lose_nothing() {
    let report = run(
        Lie::Nothing,
        "--duration 3 --seed 6 --phones 40 --bookings-per-second 2 --prompt-answers --disconnects 20",
    )
    .await;
    assert!(report.sockets_opened > 60, "{report:?}");
    assert_eq!((report.lost, report.doubled), (0, 0), "{report:?}");
}

#[tokio::test]
async fn server_that_is_not_there_is_said_in_one_line() {
    let line = "simulator load --target http://127.0.0.1:1 --phones 2";
    let error = load::run(&options(line)).await.unwrap_err();
    assert!(format!("{error:#}").contains("server cannot be reached"), "{error:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_streets_than_the_server_s_end_the_start() {
    let city = grid::city();
    let file = std::env::temp_dir().join(format!("simulator-{}-other.graph", std::process::id()));
    city.map().save(&file).unwrap();
    let target = serve(Lie::Nothing, [126.0, 37.0, 128.0, 38.0]).await;
    let with = format!("simulator load --target {target} --map {}", file.display());
    let error = load::run(&options(&with)).await.unwrap_err();
    std::fs::remove_file(&file).unwrap();
    assert!(format!("{error:#}").contains("another one than ours"), "{error:#}");
    let without = load::run(&options(&format!("simulator load --target {target}"))).await.unwrap_err();
    assert!(format!("{without:#}").contains("--map FILE.graph"), "{without:#}");
}

#[test]
fn report_is_written_whole() {
    let path = std::env::temp_dir().join(format!("simulator-{}-report.json", std::process::id()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let report = runtime.block_on(run(Lie::Nothing, "--duration 1 --seed 5 --phones 4 --bookings-per-second 0"));
    report.write(&path).unwrap();
    let read: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(read["asked"]["seed"], 5);
    assert!(report.table().contains("booking → both phones"));
}
