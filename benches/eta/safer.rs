//! Owns how long a crew waits for its way: the safer one on foot and by subway and the one by car around a rider's zones, on Seoul with its
//! lamps and cameras, by the steps of the service. Trips as crews walk them, and trips across the whole city; without zones, with four on the
//! fastest way, with the end in a small one and in the largest there are, and with the end walled in. Seventy-odd thousand junctions: at
//! most 50 ms is asked for (issue of the travel times).

use super::somewhere;
use geo::Position;
use geo::road::hierarchy::Metric;
use geo::road::lit::read_points;
use geo::road::{Dislikes, Graph, Lit, Profile, RoadMap, Snap, Zone, around, least_inside};
use harness::figures::{SEED, measure, note, row};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::time::Instant;

/// Ways timed of each case; a quarter where one search is not enough.
const ROUNDS: usize = 400;
/// Crew and rider walk together up to half an hour, milliseconds.
const ON_FOOT_MS_MAX: u32 = 1_800_000;
const ZONES: usize = 4;

struct Trip {
    from: Snap,
    to: Snap,
    zones: Vec<Zone>,
}

/// On the map that the other figures are of.
pub fn table(map: &RoadMap) {
    let graph = map.graph(Profile::Walk);
    let points = |name| harness::seoul(&format!("safety/{name}.csv")).and_then(|file| read_points(&file).ok());
    let (lamps, cameras) = (points("streetlights_seoul_2022-11"), points("gwanak_cctv_2022"));
    let begun = Instant::now();
    let lit = Lit::of(graph, &lamps.unwrap_or_default(), &cameras.unwrap_or_default());
    let dislikes = Dislikes::of(graph, &lit, |way| map.data.ways[way as usize].class);
    note(format_args!("which streets the lamps and cameras serve, once: {:.1?}", begun.elapsed()));
    let metric = map.free_flow(Profile::Walk);
    let by_subway = (map.graph(Profile::Transit), map.free_flow(Profile::Transit));
    for (name, (graph, metric), far_ms) in [
        ("on foot, half an hour at most", (graph, metric), ON_FOOT_MS_MAX),
        ("on foot, anywhere", (graph, metric), u32::MAX),
        ("by subway, anywhere", by_subway, u32::MAX),
    ] {
        rows(name, graph, metric, &trips(graph, metric, far_ms), |trip, zones| {
            let way = dislikes.route(graph, metric, &trip.from, &trip.to, zones);
            way.ok().or_else(|| dislikes.route_least_inside(graph, metric, &trip.from, &trip.to, zones))
        });
    }
    let (graph, metric) = (map.graph(Profile::Drive), map.free_flow(Profile::Drive));
    let turns = map.turns(Profile::Drive).expect("cars turn");
    rows("by car, anywhere", graph, metric, &trips(graph, metric, u32::MAX), |trip, zones| {
        let fastest = metric.route(graph, trip.from, &trip.to)?;
        let is_crossed = |pair: &[Position]| zones.iter().any(|zone| zone.touches(pair[0], pair[1]));
        if !fastest.points.windows(2).any(is_crossed) {
            return Some(fastest);
        }
        let way = around(graph, turns, metric, trip.from, &trip.to, zones);
        way.ok().or_else(|| least_inside(graph, turns, metric, trip.from, &trip.to, zones))
    });
}

/// Each way as the service finds it: one that keeps out, and where there is none the one with least inside.
fn rows<T>(name: &str, graph: &Graph, metric: &Metric, trips: &[Trip], way: impl Fn(&Trip, &[Zone]) -> Option<T>) {
    let quick = measure(ROUNDS, |i| metric.route(graph, trips[i].from, &trips[i].to));
    row(&format!("{name}: the fastest way"), &quick, None);
    let case = |what: &str, rounds: usize, zones: &dyn Fn(&Trip) -> Vec<Zone>| {
        let zones: Vec<Vec<Zone>> = trips.iter().map(zones).collect();
        let times = measure(rounds, |i| way(&trips[i], &zones[i]));
        row(&format!("{name}: {what}"), &times, Some(quick.p50_us()));
    };
    case("no zone", ROUNDS, &|_| Vec::new());
    case(&format!("{ZONES} zones on the way"), ROUNDS, &|trip| trip.zones.clone());
    for radius_m in [150.0, 1_000.0, 5_000.0] {
        let around_end = |trip: &Trip| Zone::circle(trip.to.at, radius_m).into_iter().collect();
        case(&format!("the end in a zone of {radius_m} m"), ROUNDS / 4, &around_end);
    }
    case("cut off by 16 zones", ROUNDS / 4, &|trip| {
        let ring = ring(&trip.to);
        let holds_an_end = ring.iter().any(|zone| zone.contains(trip.from.at) || zone.contains(trip.to.at));
        if holds_an_end { Vec::new() } else { ring }
    });
}

/// Sixteen zones of 90 m that touch one another, 300 m around a place.
fn ring(around: &Snap) -> Vec<Zone> {
    const DEGREE_M: f64 = 111_195.0;
    let (lat, lon) = (around.at.lat(), around.at.lon());
    let at = |turn: f64| {
        let lon = lon + 300.0 * turn.sin() / DEGREE_M / lat.to_radians().cos();
        Position::new(lat + 300.0 * turn.cos() / DEGREE_M, lon).expect("near by")
    };
    let turns = (0..16).map(|i| f64::from(i) / 16.0 * std::f64::consts::TAU);
    turns.filter_map(|turn| Zone::circle(at(turn), 90.0).ok()).collect()
}

/// Random trips of which each has zones on its fastest way, and no end in one.
fn trips(graph: &Graph, metric: &Metric, far_ms: u32) -> Vec<Trip> {
    let mut dice = StdRng::seed_from_u64(SEED ^ u64::from(far_ms));
    let mut found = Vec::with_capacity(ROUNDS);
    while found.len() < ROUNDS {
        let (from, to) = (somewhere(graph, &mut dice), somewhere(graph, &mut dice));
        let is_near = |ms: u32| ms <= far_ms && ms > ON_FOOT_MS_MAX / 6;
        if !metric.travel_ms(from, &to).is_some_and(is_near) {
            continue;
        }
        let Some(way) = metric.route(graph, from, &to) else { continue };
        let mut zone = || {
            let at = way.position_at(way.duration_s * dice.random_range(0.2..0.8));
            Zone::circle(at, dice.random_range(30.0..150.0)).ok()
        };
        let zones: Vec<Zone> = (0..ZONES).filter_map(|_| zone()).collect();
        if zones.iter().all(|zone| !zone.contains(from.at) && !zone.contains(to.at)) {
            found.push(Trip { from, to, zones });
        }
    }
    found
}
