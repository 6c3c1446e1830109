//! Owns how near our times come to a peer's once the speed table is fitted to it: the service's own fit (`geo::road::calibrate`) is
//! given the peer's times to every other pickup as if they were finished trips, the map is weighed anew, and the remaining pickups are
//! answered. What is left is no matter of speeds: turns, lights, sides of the street. Times nothing.

use super::points::{self, Crowd};
use geo::road::calibrate::{Calibration, Observation, fit_ways_alone, free_by_class};
use geo::road::data::RoadClass;
use geo::road::hierarchy::{ArcTimes, Metric};
use geo::road::{Profile, RoadMap};
use harness::figures::note;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// One hour stands for all: the peer knows none.
const HOUR: usize = 12;
/// Below a minute rounding and the side of the street decide.
const LEAST_MS: u32 = 60_000;
/// Fits, each from the ways that the one before makes the fastest.
const FITS: usize = 3;

/// Prints the agreement with each peer of the file that `compare.py` wrote, before and after.
///
/// # Panics
/// When it is not such a file.
pub fn table(map: &RoadMap, file: &Path) {
    let text = std::fs::read_to_string(file).expect("the peers' answers are readable");
    let peers: Value = serde_json::from_str(&text).expect("the peers' answers are JSON");
    for (mode, profile) in points::MODES {
        for (peer, seconds) in peers[mode].as_object().into_iter().flatten() {
            let crowd = points::crowd(map.graph(profile));
            report(map, profile, &format!("{mode}, {peer}"), &crowd, &trips(map.free_flow(profile), &crowd, seconds));
        }
    }
}

/// One answer of the peer.
struct Trip {
    /// Staff and pickup, by their places in the crowd.
    from: usize,
    to: usize,
    took_ms: u32,
}

/// All answers that are long enough to be compared, by our own time on the map as it is: the same as in the table.
fn trips(metric: &Metric, crowd: &Crowd, seconds: &Value) -> Vec<Trip> {
    let took_ms = |from: usize, to: usize| seconds[from][to].as_f64().map(|s| (s * 1_000.0).round() as u32);
    let is_long = |trip: &Trip| {
        metric.travel_ms(crowd.staff[trip.from], &crowd.pickups[trip.to]).is_some_and(|ms| ms >= LEAST_MS)
    };
    let pairs = (0..crowd.staff.len()).flat_map(|from| (0..crowd.pickups.len()).map(move |to| (from, to)));
    let known = pairs.filter_map(|(from, to)| Some(Trip { from, to, took_ms: took_ms(from, to)? }));
    known.filter(is_long).collect()
}

fn report(map: &RoadMap, profile: Profile, name: &str, crowd: &Crowd, trips: &[Trip]) {
    let (seen, held_out): (Vec<&Trip>, Vec<&Trip>) = trips.iter().partition(|trip| trip.to % 2 == 0);
    let mut metric = Arc::clone(map.free_flow(profile));
    let before = ratios(&metric, crowd, &held_out);
    let mut fitted = Calibration::default();
    for _ in 0..FITS {
        let observed = |trip: &&Trip| {
            let way = metric.route(map.graph(profile), crowd.staff[trip.from], &crowd.pickups[trip.to])?;
            let free = free_by_class(map, profile, &metric, &way);
            Some(Observation { profile, day: 0, hour: HOUR as u8, free, took_ms: trip.took_ms, with_rider: false })
        };
        // A peer answers with ways: nobody leaves or parks.
        fitted = fit_ways_alone(&seen.iter().filter_map(observed).collect::<Vec<_>>());
        let class_of = |way: u32| map.data.ways[way as usize].class;
        let times = ArcTimes::under(map.graph(profile), &fitted.day_factors(profile).at(HOUR), class_of);
        metric = Arc::new(Metric::new(map.free_flow(profile).hierarchy(), times));
    }
    let after = ratios(&metric, crowd, &held_out);
    let factors = fitted.day_factors(profile).at(HOUR).by_class;
    let factors = RoadClass::ALL.iter().filter_map(|class| Some(format!("{class:?} {:.2}", factors.get(class)?)));
    note(format_args!(
        "{name}: theirs over ours, p10 p50 p90: {before} as the map has it, {after} after the fit to {} of theirs; factors {}",
        seen.len(),
        factors.collect::<Vec<_>>().join(", ")
    ));
}

/// Theirs over ours.
fn ratios(metric: &Metric, crowd: &Crowd, trips: &[&Trip]) -> String {
    let ours = |trip: &&Trip| metric.travel_ms(crowd.staff[trip.from], &crowd.pickups[trip.to]);
    let all = trips.iter().filter_map(|trip| Some(f64::from(trip.took_ms) / f64::from(ours(trip)?.max(1))));
    let mut all: Vec<f64> = all.collect();
    all.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| all.get((share * all.len() as f64) as usize).copied().unwrap_or(f64::NAN);
    [0.1, 0.5, 0.9].map(|share| format!("{:.3}", at(share))).join(" ")
}
