//! Owns our side: the index in this process, and the scan of everybody that it is held against.

use super::workload::{AVAILABLE, Crowd, K};
use geo::{CellIndex, Found, Mask, Position};
use harness::figures::{Times, measure};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

pub const AVAILABLE_ONLY: Mask = Mask::new(AVAILABLE, 0);

pub fn index_of(crowd: &Crowd) -> CellIndex {
    let mut index = CellIndex::new();
    for (who, &place) in (0..).zip(&crowd.places) {
        index.upsert(who, place, crowd.bits(who));
    }
    index
}

pub fn nearest(index: &CellIndex, queries: &[Position]) -> Times {
    measure(queries.len(), |i| index.nearest(queries[i], K, AVAILABLE_ONLY, |_| true))
}

/// Applies moves one by one; how long it took, and of that how long this thread had a core.
pub fn apply(index: &mut CellIndex, crowd: &Crowd, steps: &[(u32, Position)]) -> (Duration, Duration) {
    let (cpu, begun) = (cpu_of_this_thread(), Instant::now());
    for &(who, to) in steps {
        index.upsert(who, to, crowd.bits(who));
    }
    (begun.elapsed(), cpu_of_this_thread().saturating_sub(cpu))
}

/// What the kernel has counted.
pub fn cpu_of_this_thread() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0))
}

/// By looking at everybody: distance and number, nearest first.
pub fn scan(crowd: &Crowd, query: Position) -> Vec<(f64, u32)> {
    let everybody = (0u32..).zip(&crowd.places).filter(|(who, _)| crowd.available[*who as usize]);
    let mut all: Vec<(f64, u32)> = everybody.map(|(who, place)| (query.distance_m(*place), who)).collect();
    let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if all.len() > K {
        all.select_nth_unstable_by(K - 1, order);
        all.truncate(K);
    }
    all.sort_unstable_by(order);
    all
}

/// How many of the queries are answered otherwise than by the scan while another thread moves people, and how often it moved some. An
/// answer and the scan it is held against see the same moment; between any two of them the writer has its turn.
pub fn wrong_meanwhile(mut crowd: Crowd, queries: usize, mut heard: impl FnMut(usize)) -> (usize, usize) {
    let queries = crowd.queries(queries);
    let world = RwLock::new((index_of(&crowd), crowd));
    let (is_over, moves) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (mut wrong, mut last) = (0, 0);
    thread::scope(|threads| {
        threads.spawn(|| {
            while !is_over.load(Relaxed) {
                let mut world = world.write().unwrap_or_else(PoisonError::into_inner);
                let (index, crowd) = &mut *world;
                let (who, to) = crowd.step();
                index.upsert(who, to, crowd.bits(who));
                moves.fetch_add(1, Relaxed);
            }
        });
        for (n, query) in queries.into_iter().enumerate() {
            // A query that saw no move since the last is no test of moving.
            while moves.load(Relaxed) == last {
                thread::yield_now();
            }
            let world = world.read().unwrap_or_else(PoisonError::into_inner);
            last = moves.load(Relaxed);
            let found: Vec<Found> = world.0.nearest(query, K, AVAILABLE_ONLY, |_| true);
            let is_same = found.iter().map(|f| (f.distance_m, f.who)).eq(scan(&world.1, query));
            drop(world);
            wrong += usize::from(!is_same);
            heard(n + 1);
        }
        is_over.store(true, Relaxed);
    });
    (wrong, moves.into_inner())
}
