//! Owns the two ways of asking Redis GEO: the usual one (a fixed radius, then the status of those found) and the tuned one (a key
//! of the available only, a first radius by density, doubled until enough are found).

use super::redis_side::{Ran, Side};
use super::workload::{BOX_KM2, Crowd, K};
use geo::Position;
use harness::figures::{Times, measure};
use redis::{Pipeline, cmd};
use std::f64::consts::PI;

const ALL: &str = "geo:all";
const AVAILABLE: &str = "geo:available";
/// The usual way asks so far, metres, and for so many: twice the wanted, since some are not available.
const USUAL_RADIUS_M: f64 = 3_000.0;
const USUAL_COUNT: usize = 20;
/// First radii tried when tuning, in parts of the one that holds K at even density.
const FIRST_RADII: [f64; 6] = [0.6, 0.8, 1.0, 1.3, 1.7, 2.2];
const TUNING_QUERIES: usize = 150;
/// Doubled at most so often: from metres to around the Earth.
const DOUBLINGS_MAX: u32 = 24;

/// Everybody, the available once more, and a key with each one's status. Bytes a member of the one set of everybody.
pub fn load(side: &mut Side, crowd: &Crowd) -> f64 {
    side.clear();
    let before = side.used_bytes();
    let members: Vec<(u32, Position)> = (0..).zip(crowd.places.iter().copied()).collect();
    side.send(&members, |pipe, &(who, place)| add(pipe, ALL, who, place));
    let bytes = (side.used_bytes() - before) / crowd.len() as f64;
    side.send(&members, |pipe, &(who, place)| {
        if crowd.available[who as usize] {
            add(pipe, AVAILABLE, who, place);
        }
        pipe.cmd("SET").arg(status(who)).arg(u8::from(crowd.available[who as usize])).ignore();
    });
    bytes
}

fn add(pipe: &mut Pipeline, key: &str, who: u32, place: Position) {
    pipe.cmd("GEOADD").arg(key).arg(place.lon()).arg(place.lat()).arg(who).ignore();
}

fn status(who: u32) -> String {
    format!("s:{who}")
}

/// One position each, a hundred in a pipeline.
pub fn apply(side: &mut Side, steps: &[(u32, Position)]) -> Ran {
    side.send(steps, |pipe, &(who, to)| add(pipe, ALL, who, to))
}

pub fn usual(side: &mut Side, queries: &[Position]) -> Times {
    measure(queries.len(), |i| {
        let near = search(side, ALL, queries[i], USUAL_RADIUS_M, USUAL_COUNT);
        if near.is_empty() {
            return near;
        }
        let mut ask = cmd("MGET");
        for (who, _) in &near {
            ask.arg(status(*who));
        }
        let is_available: Vec<u8> = ask.query(&mut side.link).expect("Redis answers");
        near.into_iter()
            .zip(is_available)
            .filter(|(_, available)| *available == 1)
            .map(|(near, _)| near)
            .take(K)
            .collect()
    })
}

/// The first radius with the best median, metres.
pub fn tune(side: &mut Side, crowd: &mut Crowd) -> f64 {
    let a_km2 = crowd.available_count() as f64 / BOX_KM2;
    let even = (K as f64 / (PI * a_km2)).sqrt() * 1_000.0;
    let queries = crowd.queries(TUNING_QUERIES);
    let radii = FIRST_RADII.map(|part| part * even);
    let medians = radii.map(|radius_m| (tuned(side, &queries, radius_m).p50_us(), radius_m));
    medians.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).expect("radii were tried").1
}

pub fn tuned(side: &mut Side, queries: &[Position], first_radius_m: f64) -> Times {
    measure(queries.len(), |i| nearest(side, queries[i], first_radius_m))
}

/// The `K` nearest available: number and distance, metres.
pub fn nearest(side: &mut Side, query: Position, first_radius_m: f64) -> Vec<(u32, f64)> {
    let mut radius_m = first_radius_m;
    let mut near = Vec::new();
    for _ in 0..DOUBLINGS_MAX {
        near = search(side, AVAILABLE, query, radius_m, K);
        if near.len() == K {
            break;
        }
        radius_m *= 2.0;
    }
    near
}

fn search(side: &mut Side, key: &str, query: Position, radius_m: f64, count: usize) -> Vec<(u32, f64)> {
    let mut ask = cmd("GEOSEARCH");
    ask.arg(key).arg("FROMLONLAT").arg(query.lon()).arg(query.lat()).arg("BYRADIUS").arg(radius_m).arg("m");
    ask.arg("ASC").arg("COUNT").arg(count).arg("WITHDIST");
    ask.query(&mut side.link).expect("Redis answers")
}
