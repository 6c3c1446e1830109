//! Owns what the peers are given: points and noisy traces on the real streets, with our own answers and times, as one JSON file
//! that `compare.py` reads. Judges nothing.

use geo::fix::{Fix, FixKind};
use geo::road::hierarchy::{Metric, StaffBuckets};
use geo::road::{Graph, Match, Matcher, Profile, RoadMap, Snap};
use geo::{Position, road};
use harness::figures::{self, SEED, measure, note, row};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Staff, and pickups: a table of 100 x 100.
const CROWD: usize = 100;
const BOUND_MS: u32 = 4 * 3_600_000;
/// Searches timed of one pickup, and of the whole table.
const ROUNDS: usize = 1_000;
const WHOLE_ROUNDS: usize = 10;
/// Traces of each mode, and the longest, seconds.
const TRACES: usize = 25;
const TRACE_S: f32 = 600.0;
/// Spread of a fix in each direction, metres.
const NOISE_M: f64 = 10.0;

/// Answers, times them and writes both.
///
/// # Panics
/// When the file cannot be written.
pub fn write(map: &RoadMap, file: &Path) {
    let modes = [("walk", Profile::Walk, 10.0), ("drive", Profile::Drive, 5.0)];
    let mut all = json!({ "seed": SEED, "made_by": figures::maker() });
    for (name, profile, every_s) in modes {
        let metric = map.free_flow(profile);
        all[name] = table(name, map.graph(profile), metric);
        all[name]["traces"] = traces(name, map.graph(profile), every_s);
    }
    std::fs::write(file, all.to_string()).expect("the file for the peers is writable");
    note(format_args!("points and answers for the peers are in {}", file.display()));
}

fn table(name: &str, graph: &Graph, metric: &Arc<Metric>) -> Value {
    let mut dice = StdRng::seed_from_u64(SEED);
    let mut many = || -> Vec<Snap> { (0..CROWD).map(|_| somewhere(graph, &mut dice)).collect() };
    let (staff, pickups) = (many(), many());
    let fill = || StaffBuckets::filled(Arc::clone(metric), (0_u32..).zip(&staff).map(|(id, snap)| (id, *snap, 0)));
    let buckets = fill();
    let one = measure(ROUNDS, |i| buckets.all(&pickups[i % CROWD], BOUND_MS));
    row(&format!("{name}: {CROWD} x 1, for the peers"), &one, None);
    let whole = measure(WHOLE_ROUNDS, |_| {
        let buckets = fill();
        pickups.iter().map(|pickup| buckets.all(pickup, BOUND_MS).len()).sum::<usize>()
    });
    row(&format!("{name}: {CROWD} x {CROWD} from cold, for the peers"), &whole, None);
    let answers = pickups.iter().map(|pickup| {
        let mut from = vec![None; CROWD];
        for (id, ms) in buckets.all(pickup, BOUND_MS) {
            from[id as usize] = Some(ms);
        }
        from
    });
    json!({
        "staff": staff.iter().map(|s| degrees(s.at)).collect::<Vec<_>>(),
        "pickups": pickups.iter().map(|s| degrees(s.at)).collect::<Vec<_>>(),
        // By pickup, then by staff.
        "ms": answers.collect::<Vec<_>>(),
        "one_us": one.p50_us(),
        "one_p99_us": one.p99_us(),
        "whole_us": whole.p50_us(),
    })
}

/// Ways along the streets seen through noise, with the street one was in truly and where our matcher put each fix.
fn traces(name: &str, graph: &Graph, every_s: f32) -> Value {
    let mut dice = StdRng::seed_from_u64(SEED ^ 1);
    let (mut made, mut fixes, mut took_us) = (Vec::new(), 0_usize, 0.0);
    while made.len() < TRACES {
        let (from, to) = (somewhere(graph, &mut dice), somewhere(graph, &mut dice));
        let Some(route) = graph.route(&from, &to).filter(|r| r.duration_s > 60.0) else { continue };
        let mut matcher = Matcher::new();
        let mut trace = Vec::new();
        let mut at_s = 0.0;
        while at_s < route.duration_s.min(TRACE_S) {
            let truth = route.position_at(at_s);
            let seen = noisy(truth, &mut dice);
            let taken_at_ms = (at_s * 1_000.0) as i64;
            let accuracy_m = (NOISE_M * 1.5) as f32;
            let fix = Fix {
                position: seen,
                accuracy_m,
                kind: FixKind::Gps,
                taken_at_ms,
                session_epoch: 1,
                seq: made.len() as u32,
            };
            let begun = Instant::now();
            let got = matcher.take(graph, &fix, i64::MAX / 2);
            took_us += begun.elapsed().as_secs_f64() * 1e6;
            let ours = if let Match::Street(street) = got { Some(degrees(street.snap.at)) } else { None };
            let street = graph.snap(truth).map(|s| graph.shape(s.edge).iter().map(|p| degrees(*p)).collect::<Vec<_>>());
            let plain = graph.snap(seen).map(|s| degrees(s.at));
            trace.push(json!({
                "at_s": at_s, "seen": degrees(seen), "truth": degrees(truth), "street": street, "ours": ours, "nearest": plain,
            }));
            fixes += 1;
            at_s += every_s;
        }
        made.push(trace);
    }
    note(format_args!("{name}: {fixes} fixes in {TRACES} traces, {:.1} us a fix", took_us / fixes as f64));
    json!({ "noise_m": NOISE_M, "fix_us": took_us / fixes as f64, "paths": made })
}

fn degrees(at: Position) -> [f64; 2] {
    [at.lon(), at.lat()]
}

/// Off by a bell curve in both directions.
fn noisy(at: Position, dice: &mut StdRng) -> Position {
    let radius_m = NOISE_M * (-2.0 * (1.0 - dice.random::<f64>()).ln()).sqrt();
    let (sin, cos) = (dice.random::<f64>() * std::f64::consts::TAU).sin_cos();
    let degree_m = 111_195.0;
    let (lat, lon) = (radius_m * sin / degree_m, radius_m * cos / degree_m / at.lat().to_radians().cos());
    Position::new(at.lat() + lat, at.lon() + lon).expect("a few metres beside a street of Seoul is on Earth")
}

fn somewhere(graph: &Graph, dice: &mut StdRng) -> road::Snap {
    graph.snap_at(dice.random_range(0..graph.edge_count() as u32), dice.random())
}
