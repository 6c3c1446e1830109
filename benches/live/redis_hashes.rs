//! Owns the H3 side in Redis: a hash per resolution-8 cell, its key tagged with the resolution-5 parent, 4 bytes of id to 14 bytes of
//! record; asked by a pipeline of whole hashes, ring by ring, with the same proved stop as ours.

use super::redis_side::{Ran, Side};
use super::workload::{BOX_KM2, Crowd, K};
use geo::cell::{Cell, Grid};
use geo::{Position, rings_for_metres};
use harness::figures::{Times, measure};
use redis::{Pipeline, Value};

/// Of a resolution-8 cell over Seoul, km².
const CELL_KM2: f64 = 0.64;
/// The first window is the smallest disk that holds this many times K at even density, and one ring more.
const WINDOW: f64 = 1.3;
/// Rings read at most: past the box from anywhere in it.
const RINGS_MAX: u32 = 80;
const RECORD: usize = 14;

/// Everybody in hashes; bytes a member.
pub fn load(side: &mut Side, crowd: &Crowd) -> f64 {
    side.clear();
    let before = side.used_bytes();
    let members: Vec<(u32, Position)> = (0..).zip(crowd.places.iter().copied()).collect();
    side.send(&members, |pipe, &(who, at)| put(pipe, crowd, who, at, Cell::of(at, Grid::Index)));
    (side.used_bytes() - before) / crowd.len() as f64
}

fn key(cell: Cell) -> String {
    format!("c{{{}}}{cell}", cell.parent(Grid::Tag))
}

fn put(pipe: &mut Pipeline, crowd: &Crowd, who: u32, at: Position, cell: Cell) {
    let mut record = [0; RECORD];
    record[..4].copy_from_slice(&at.lat_e7().to_le_bytes());
    record[4..8].copy_from_slice(&at.lon_e7().to_le_bytes());
    record[12] = u8::from(crowd.available[who as usize]);
    pipe.cmd("HSET").arg(key(cell)).arg(&who.to_le_bytes()[..]).arg(&record[..]).ignore();
}

/// New cell before old, as one who must not be lost is moved; cells are worked out beforehand.
pub fn apply(side: &mut Side, crowd: &Crowd, before: &[Position], steps: &[(u32, Position)]) -> Ran {
    let mut cells: Vec<Cell> = before.iter().map(|&at| Cell::of(at, Grid::Index)).collect();
    let moves: Vec<(u32, Position, Cell, Cell)> = steps
        .iter()
        .map(|&(who, to)| {
            let new = Cell::of(to, Grid::Index);
            (who, to, std::mem::replace(&mut cells[who as usize], new), new)
        })
        .collect();
    side.send(&moves, |pipe, &(who, to, old, new)| {
        put(pipe, crowd, who, to, new);
        if old != new {
            pipe.cmd("HDEL").arg(key(old)).arg(&who.to_le_bytes()[..]).ignore();
        }
    })
}

pub fn times(side: &mut Side, crowd: &Crowd, queries: &[Position]) -> Times {
    let window = first_window(crowd);
    measure(queries.len(), |i| nearest(side, queries[i], window))
}

pub fn first_window(crowd: &Crowd) -> u32 {
    let in_cell = crowd.available_count() as f64 / BOX_KM2 * CELL_KM2;
    let holds = |r: u32| f64::from(1 + 3 * r * (r + 1)) * in_cell >= WINDOW * K as f64;
    (0..RINGS_MAX).find(|&r| holds(r)).unwrap_or(RINGS_MAX) + 1
}

/// The `K` nearest available: distance and number.
pub fn nearest(side: &mut Side, query: Position, window: u32) -> Vec<(f64, u32)> {
    let own = Cell::of(query, Grid::Index);
    let mut found = Vec::new();
    let mut rings = 0..=window;
    loop {
        let mut pipe = Pipeline::new();
        for cell in rings.clone().flat_map(|r| own.ring(r)) {
            pipe.cmd("HGETALL").arg(key(cell.expect("no pentagon is near Seoul")));
        }
        let hashes: Vec<Value> = pipe.query(&mut side.link).expect("Redis answers");
        for hash in &hashes {
            read(hash, query, &mut found);
        }
        found.sort_unstable_by(|a: &(f64, u32), b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.truncate(K);
        let read = *rings.end();
        let enough = match found.get(K - 1) {
            Some((distance_m, _)) => rings_for_metres(query, *distance_m).unwrap_or(RINGS_MAX),
            None => read + 2,
        };
        if enough <= read || read >= RINGS_MAX {
            return found;
        }
        rings = read + 1..=enough.min(RINGS_MAX);
    }
}

fn read(hash: &Value, query: Position, found: &mut Vec<(f64, u32)>) {
    let Value::Array(flat) = hash else { return };
    for pair in flat.chunks_exact(2) {
        let [Value::BulkString(who), Value::BulkString(record)] = pair else { continue };
        if record[12] == 1 {
            let number = |at: usize| i32::from_le_bytes(record[at..at + 4].try_into().expect("four bytes"));
            let at = Position::from_e7(number(0), number(4)).expect("written by us");
            found.push((query.distance_m(at), u32::from_le_bytes(who[..4].try_into().expect("four bytes"))));
        }
    }
}
