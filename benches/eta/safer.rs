//! Owns how long a crew waits for its way: the safer one on foot and the one by car around a rider's zones, on Seoul with its lamps
//! and cameras. Trips as crews walk them, and trips across the whole city, the worst there is; without zones, and with four on the
//! fastest way. Seventy-odd thousand junctions: at most 50 ms is asked for (issue of the travel times).

use super::somewhere;
use geo::Position;
use geo::road::hierarchy::Metric;
use geo::road::lit::read_points;
use geo::road::{Dislikes, Graph, Lit, Profile, RoadMap, Snap, Zone, around, least_inside};
use harness::figures::{SEED, measure, note, row};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::time::Instant;

/// Ways timed of each case.
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
    for (name, far_ms) in [("safer, half an hour on foot at most", ON_FOOT_MS_MAX), ("safer, anywhere", u32::MAX)] {
        let trips = trips(graph, metric, far_ms);
        let quick = measure(ROUNDS, |i| metric.route(graph, trips[i].from, &trips[i].to));
        row(&format!("{name}: the fastest way"), &quick, None);
        for zoned in [false, true] {
            let zones = |trip: &Trip| if zoned { trip.zones.clone() } else { Vec::new() };
            let times = measure(ROUNDS, |i| {
                let trip = &trips[i];
                dislikes.route(graph, metric, &trip.from, &trip.to, &zones(trip))
            });
            row(&format!("{name}: {} zones", if zoned { ZONES } else { 0 }), &times, Some(quick.p50_us()));
        }
    }
    let (graph, metric) = (map.graph(Profile::Drive), map.free_flow(Profile::Drive));
    let turns = map.turns(Profile::Drive).expect("cars turn");
    let trips = trips(graph, metric, u32::MAX);
    let quick = measure(ROUNDS, |i| metric.route(graph, trips[i].from, &trips[i].to));
    row("by car, anywhere: the fastest way", &quick, None);
    let times = measure(ROUNDS, |i| {
        let trip = &trips[i];
        around(graph, turns, metric, trip.from, &trip.to, &trip.zones)
    });
    row(&format!("by car, anywhere: round {ZONES} zones"), &times, Some(quick.p50_us()));
    // The worst there is: a ring of zones round the end, so that the first search finds out that there is no way round, and the second
    // the way with least inside.
    let times = measure(ROUNDS / 4, |i| {
        let (from, to) = (&trips[i].from, &trips[i].to);
        let ring = ring(to);
        let zones =
            if ring.iter().any(|zone| zone.contains(from.at) || zone.contains(to.at)) { &[][..] } else { &ring };
        let way = around(graph, turns, metric, from, to, zones);
        way.ok().or_else(|| least_inside(graph, turns, metric, from, to, zones))
    });
    row("by car, anywhere: cut off by 16 zones", &times, Some(quick.p50_us()));
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
