//! What map matching costs per fix, on walks and drives through the real streets seen through noise of known size. `--traces FILE`
//! writes what `match.py` puts to OSRM as well: the line truly taken, the fixes, where our matcher put each. Judges nothing.

use geo::Position;
use geo::fix::{Fix, FixKind};
use geo::road::{Graph, Match, Matcher, Profile, RoadMap, Route, Snap, load};
use harness::figures::{self, SEED, Times, note, row};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use std::ops::{Range, RangeInclusive};
use std::time::Instant;

/// Traces of each mode, the same for each noise.
const TRACES: usize = 40;
/// The longest, seconds; a shorter way than the other tells too little.
const TRACE_S_MAX: f32 = 600.0;
const TRACE_S_MIN: f32 = 120.0;
/// Spread of a fix in each direction, metres: open sky, a street, between high houses, inside.
const NOISES_M: [f64; 4] = [4.0, 8.0, 15.0, 30.0];
/// Two of three fixes lie within so many spreads, which is what a phone reports as its accuracy.
const RADIUS_SPREADS: f64 = 1.5;
/// One pause in so many is long: the phone slept, or was in a tunnel.
const GAP_ONE_IN: u32 = 40;
const GAP_S: u32 = 30;

/// How somebody is on the way.
struct Mode {
    name: &'static str,
    profile: Profile,
    /// Between the ends, as the crow flies: escorts stay in the neighbourhood, crews come from the next ones.
    apart_m: Range<f64>,
    /// From one fix to the next, seconds.
    every_s: RangeInclusive<u32>,
}

fn main() {
    if !figures::is_asked_for() {
        return;
    }
    figures::heading("matching");
    let Some(extract) = harness::seoul("roads/seoul-drive-2025-05.osm.pbf") else { return };
    let (data, _) = load(&[extract.as_path()], None, &mut |_| {}).expect("the extract is readable");
    // As a server has it: mapped from a file.
    let folder = tempfile::tempdir().expect("a folder for the map file");
    let file = folder.path().join("seoul.graph");
    RoadMap::build(data).save(&file).expect("the map file is writable");
    let map = RoadMap::load(&file).expect("the map file is readable");
    let modes = [
        Mode { name: "walk", profile: Profile::Walk, apart_m: 300.0..1_200.0, every_s: 4..=4 },
        Mode { name: "drive", profile: Profile::Drive, apart_m: 1_000.0..6_000.0, every_s: 2..=4 },
    ];
    let mut all = json!({ "seed": SEED, "made_by": figures::maker() });
    for mode in &modes {
        let graph = map.graph(mode.profile);
        let routes = routes(graph, &mode.apart_m);
        all[mode.name] = NOISES_M.iter().map(|&noise_m| case(mode, graph, &routes, noise_m)).collect();
    }
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(file) = arguments.iter().position(|a| a == "--traces").and_then(|at| arguments.get(at + 1)) {
        std::fs::write(file, all.to_string()).expect("the file for the peers is writable");
        note(format_args!("traces and answers for the peers are in {file}"));
    }
}

fn routes(graph: &Graph, apart_m: &Range<f64>) -> Vec<Route> {
    let mut dice = StdRng::seed_from_u64(SEED);
    let mut routes = Vec::new();
    while routes.len() < TRACES {
        let (from, to) = (somewhere(graph, &mut dice), somewhere(graph, &mut dice));
        if apart_m.contains(&from.at.distance_m(to.at)) {
            routes.extend(graph.route(&from, &to).filter(|r| r.duration_s > TRACE_S_MIN));
        }
    }
    routes
}

/// Every way with this much noise.
fn case(mode: &Mode, graph: &Graph, routes: &[Route], noise_m: f64) -> Value {
    let mut dice = StdRng::seed_from_u64(SEED ^ noise_m.to_bits());
    let mut times = Times::new();
    let traces: Vec<Value> = routes.iter().map(|r| trace(mode, graph, r, noise_m, &mut dice, &mut times)).collect();
    row(&format!("Seoul {}, one fix, spread {noise_m} m", mode.name), &times, None);
    json!({ "noise_m": noise_m, "p50_us": times.p50_us(), "p99_us": times.p99_us(), "traces": traces })
}

fn trace(mode: &Mode, graph: &Graph, route: &Route, noise_m: f64, dice: &mut StdRng, times: &mut Times) -> Value {
    let mut matcher = Matcher::new();
    let mut fixes = Vec::new();
    let mut at_s = 0;
    while at_s as f32 <= route.duration_s.min(TRACE_S_MAX) {
        let truth = route.position_at(at_s as f32);
        let fix = Fix {
            position: noisy(truth, noise_m, dice),
            accuracy_m: (noise_m * RADIUS_SPREADS) as f32,
            kind: FixKind::Gps,
            taken_at_ms: i64::from(at_s) * 1_000,
            session_epoch: 1,
            seq: at_s,
        };
        let begun = Instant::now();
        let got = matcher.take(graph, &fix, i64::MAX / 2);
        times.add(begun.elapsed());
        let (ours, is_sure) = match got {
            Match::Street(street) => (Some(degrees(street.snap.at)), street.sure),
            Match::Weak(_) => (None, false),
        };
        fixes.push(json!({
            "at_s": at_s,
            "seen": degrees(fix.position),
            "accuracy_m": fix.accuracy_m,
            "truth": degrees(truth),
            // The last point of the line that was passed.
            "passed": route.at_s.partition_point(|&s| s <= at_s as f32).saturating_sub(1),
            "nearest": graph.snap(fix.position).map(|s| degrees(s.at)),
            "ours": ours,
            "sure": is_sure,
        }));
        let is_gap = dice.random_range(0..GAP_ONE_IN) == 0;
        at_s += if is_gap { GAP_S } else { dice.random_range(mode.every_s.clone()) };
    }
    json!({ "line": route.points.iter().map(|p| degrees(*p)).collect::<Vec<_>>(), "fixes": fixes })
}

fn degrees(at: Position) -> [f64; 2] {
    [at.lon(), at.lat()]
}

/// Off by a bell curve in both directions.
fn noisy(at: Position, noise_m: f64, dice: &mut StdRng) -> Position {
    let radius_m = noise_m * (-2.0 * (1.0 - dice.random::<f64>()).ln()).sqrt();
    let (sin, cos) = (dice.random::<f64>() * std::f64::consts::TAU).sin_cos();
    let degree_m = 111_195.0;
    let (lat, lon) = (radius_m * sin / degree_m, radius_m * cos / degree_m / at.lat().to_radians().cos());
    Position::new(at.lat() + lat, at.lon() + lon).expect("a few metres beside a street of Seoul is on Earth")
}

fn somewhere(graph: &Graph, dice: &mut StdRng) -> Snap {
    graph.snap_at(dice.random_range(0..graph.edge_count() as u32), dice.random())
}
