//! How long the live index takes to keep a fix, to say who moved, and to find the nearest, against a scan of everybody. With
//! `--redis URL` the table beside Redis instead (`live/side_by_side.rs`): everything in that Redis is forgotten.

#[path = "live/ours.rs"]
mod ours;
#[path = "live/redis_geo.rs"]
mod redis_geo;
#[path = "live/redis_hashes.rs"]
mod redis_hashes;
#[path = "live/redis_side.rs"]
mod redis_side;
#[path = "live/seoul.rs"]
mod seoul;
#[path = "live/side_by_side.rs"]
mod side_by_side;
#[path = "live/workload.rs"]
mod workload;

use dispatcher::live::Live;
use geo::{Fix, Position};
use harness::figures::{self, SEED, measure, note, row};
use matcher::model::AccountId;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use seoul::{somewhere, staff};

/// Staff on the map: a district, the city, ten cities.
const CROWDS: [u32; 3] = [500, 5_000, 50_000];
/// Nearest asked for.
const K: usize = 10;
/// Moves between two looks of a map that is drawn four times a second, of each thousand staff at a fix every four seconds.
const MOVES_PER_THOUSAND: u32 = 63;
const TAKEN_AT_MS: i64 = 1_795_474_800_000;

fn main() {
    if !figures::is_asked_for() {
        return;
    }
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(url) = arguments.iter().position(|a| a == "--redis").and_then(|at| arguments.get(at + 1)) {
        side_by_side::table(url);
        return;
    }
    figures::heading("live");
    for crowd in CROWDS {
        puts_and_looks(crowd);
    }
}

fn puts_and_looks(crowd: u32) {
    let mut dice = StdRng::seed_from_u64(SEED);
    let live = Live::in_process();
    for no in 0..crowd {
        live.put(staff(no), no, fix(somewhere(&mut dice), 0));
    }
    let mut seq = 0;
    let put = measure(20_000, |_| {
        seq += 1;
        let no = dice.random_range(0..crowd);
        live.put(staff(no), no, fix(somewhere(&mut dice), seq))
    });
    row(&format!("realistic, put one of {crowd}"), &put, None);

    let moves = (crowd * MOVES_PER_THOUSAND / 1_000).max(1);
    let mut cursor = live.moved_since(0, usize::MAX).0;
    let mut looked = figures::Times::new();
    for _ in 0..500 {
        for _ in 0..moves {
            seq += 1;
            let no = dice.random_range(0..crowd);
            live.put(staff(no), no, fix(somewhere(&mut dice), seq));
        }
        let begun = std::time::Instant::now();
        let (next, moved) = live.moved_since(cursor, 4_096);
        looked.add(begun.elapsed());
        assert!(!moved.is_empty(), "somebody moved");
        cursor = next;
    }
    let all = measure(50, |_| live.snapshot().len());
    row(&format!("baseline, read all {crowd}"), &all, None);
    row(&format!("realistic, who moved of {crowd} ({moves} moves)"), &looked, Some(all.p50_us()));

    let queries: Vec<Position> = (0..500).map(|_| somewhere(&mut dice)).collect();
    let base = measure(100, |i| nearest_by_scan(&live, queries[i]));
    row(&format!("baseline, scan for {K} nearest of {crowd}"), &base, None);
    let found = measure(500, |i| live.nearest(queries[i], K, |_| true));
    row(&format!("realistic, {K} nearest of {crowd}"), &found, Some(base.p50_us()));
    let none = measure(50, |i| live.nearest(queries[i], K, |_| false));
    row(&format!("worst, nobody of {crowd} may go"), &none, Some(base.p50_us()));
    let same = queries.iter().take(50).filter(|&&at| {
        let near = live.nearest(at, K, |_| true);
        let scanned = nearest_by_scan(&live, at);
        near.iter().zip(&scanned).all(|(a, b)| (a.distance_m - b.0).abs() < 1e-6) && near.len() == scanned.len()
    });
    note(format_args!("index and scan agree: {} of 50", same.count()));
}

fn nearest_by_scan(live: &Live, at: Position) -> Vec<(f64, AccountId)> {
    let mut all: Vec<(f64, AccountId)> =
        live.snapshot().iter().map(|p| (p.fix.position.distance_m(at), p.staff)).collect();
    all.select_nth_unstable_by(K - 1, |a, b| a.0.total_cmp(&b.0));
    all.truncate(K);
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    all
}

fn fix(position: Position, seq: u32) -> Fix {
    seoul::fix(position, seq, TAKEN_AT_MS)
}
