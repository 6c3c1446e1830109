//! Owns what the peers are given: points on the real streets, with our own answers and times, as one JSON file that `compare.py`
//! reads. Judges nothing. Traces are in `traces.rs`.

use geo::road::hierarchy::{Metric, StaffBuckets};
use geo::road::{Graph, Profile, RoadMap, Snap};
use geo::{Position, road};
use harness::figures::{self, SEED, measure, note, row};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// Staff, and pickups: a table of 100 x 100.
const CROWD: usize = 100;
const BOUND_MS: u32 = 4 * 3_600_000;
/// Searches timed of one pickup, and of the whole table.
const ROUNDS: usize = 1_000;
const WHOLE_ROUNDS: usize = 10;

/// What is compared.
pub const MODES: [(&str, Profile); 2] = [("walk", Profile::Walk), ("drive", Profile::Drive)];

/// Who is compared.
pub struct Crowd {
    /// Where staff stand.
    pub staff: Vec<Snap>,
    /// Where they are wanted.
    pub pickups: Vec<Snap>,
}

/// The same in every run.
pub fn crowd(graph: &Graph) -> Crowd {
    let mut dice = StdRng::seed_from_u64(SEED);
    let mut many = || -> Vec<Snap> { (0..CROWD).map(|_| somewhere(graph, &mut dice)).collect() };
    Crowd { staff: many(), pickups: many() }
}

/// Answers, times them and writes both.
///
/// # Panics
/// When the file cannot be written.
pub fn write(map: &RoadMap, file: &Path) {
    let mut all = json!({ "seed": SEED, "made_by": figures::maker() });
    for (name, profile) in MODES {
        let metric = map.free_flow(profile);
        all[name] = table(name, map.graph(profile), metric);
    }
    std::fs::write(file, all.to_string()).expect("the file for the peers is writable");
    note(format_args!("points and answers for the peers are in {}", file.display()));
}

fn table(name: &str, graph: &Graph, metric: &Arc<Metric>) -> Value {
    let Crowd { staff, pickups } = crowd(graph);
    let buckets = StaffBuckets::filled(Arc::clone(metric), (0_u32..).zip(&staff).map(|(id, snap)| (id, *snap, 0)));
    let one = measure(ROUNDS, |i| buckets.all(&pickups[i % CROWD], BOUND_MS));
    row(&format!("{name}: {CROWD} x 1, for the peers"), &one, None);
    let whole = measure(WHOLE_ROUNDS, |_| metric.table(&staff, &pickups));
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

fn degrees(at: Position) -> [f64; 2] {
    [at.lon(), at.lat()]
}

fn somewhere(graph: &Graph, dice: &mut StdRng) -> road::Snap {
    graph.snap_at(dice.random_range(0..graph.edge_count() as u32), dice.random())
}
