//! Owns the table of `make bench-live`: Redis GEO in both ways, H3 hashes in Redis, a scan, and ours, on the same crowd in one run; queries,
//! updates, memory; and how many answers are wrong.

use super::ours::{self, AVAILABLE_ONLY};
use super::redis_side::{Ran, Side};
use super::seoul::{self, staff};
use super::workload::{Crowd, K};
use super::{redis_geo, redis_hashes};
use dispatcher::live::Live;
use geo::{CellIndex, Position};
use harness::figures::{Times, maker, measure, note};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const CROWDS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Queries of ours, and updates, timed of each crowd.
const OWN_QUERIES: usize = 20_000;
const OWN_UPDATES: usize = 2_000_000;
const LIVE_UPDATES: usize = 500_000;
/// Sent to Redis, by size of the crowd: a query of the usual form takes 40 ms at a million.
const REDIS_QUERIES: [usize; 4] = [3_000, 3_000, 1_000, 200];
const REDIS_UPDATES: usize = 200_000;
const SCAN_QUERIES: [usize; 4] = [1_000, 500, 100, 20];
/// Answers of every side compared with the scan's.
const COMPARED: usize = 60;
/// Redis GEO keeps 52 bits of a place: two at nearly one distance may change places, metres.
const GEO_ROUNDING_M: f64 = 2.0;
/// Queries held against a scan.
const CHECKED: usize = 100_000;
const CHECKED_CROWD: u32 = 10_000;
/// Fixes a second that are written while queries are timed.
const WRITTEN_A_SECOND: usize = 33_000;
const TAKEN_AT_MS: i64 = 1_795_474_800_000;

pub fn table(url: &str) {
    note(format_args!("{}; times in us, batches of {}", maker(), super::redis_side::BATCH));
    let mut side = Side::open(url);
    for (n, count) in CROWDS.into_iter().enumerate() {
        of_crowd(&mut side, count, REDIS_QUERIES[n], SCAN_QUERIES[n]);
    }
    side.clear();
    exactness();
    note(format_args!("{}", maker()));
}

fn of_crowd(side: &mut Side, count: u32, redis_queries: usize, scan_queries: usize) {
    note("");
    note(format_args!("{count} staff: the {K} nearest available           rounds       p50       p99     x ours p50"));
    let mut crowd = Crowd::new(count);
    let mut index = ours::index_of(&crowd);
    let queries = crowd.queries(OWN_QUERIES);
    let own = ours::nearest(&index, &queries);
    let base = own.p50_us();
    row("d  ours, in process", OWN_QUERIES, &own, base);
    let scanned = measure(scan_queries, |i| ours::scan(&crowd, queries[i]));
    row("e  scan of everybody in process", scan_queries, &scanned, base);

    row("   a round trip to Redis alone (PING)", redis_queries, &side.round_trips(redis_queries), base);
    let geo_bytes = redis_geo::load(side, &crowd);
    let queries = &queries[..redis_queries];
    row("a  GEO, 3 km COUNT 20, then MGET of status", redis_queries, &redis_geo::usual(side, queries), base);
    let radius_m = redis_geo::tune(side, &mut crowd);
    let tuned = redis_geo::tuned(side, queries, radius_m);
    row(&format!("b  GEO kNN, tuned: first {radius_m:.0} m, available only"), redis_queries, &tuned, base);
    let before = crowd.places.clone();
    let steps = crowd.steps(OWN_UPDATES);
    let geo_wrong = wrong_by_geo(side, &before, &crowd, &queries[..COMPARED], radius_m);
    let geo = redis_geo::apply(side, &steps[..REDIS_UPDATES]);

    let at_first = Crowd::new(count);
    let hash_bytes = redis_hashes::load(side, &at_first);
    let hashes = redis_hashes::times(side, &at_first, queries);
    row("c  H3 hashes in Redis, r8", redis_queries, &hashes, base);
    let window = redis_hashes::first_window(&at_first);
    let hashes_wrong = queries[..COMPARED]
        .iter()
        .filter(|&&query| redis_hashes::nearest(side, query, window) != ours::scan(&at_first, query))
        .count();
    let hset = redis_hashes::apply(side, &at_first, &before, &steps[..REDIS_UPDATES]);

    let own_wrong = queries[..COMPARED].iter().filter(|&&query| is_wrong(&index, &at_first, query)).count();
    note(format_args!("   wrong of {COMPARED}: ours {own_wrong}, tuned GEO {geo_wrong}, H3 hashes {hashes_wrong}"));

    note(format_args!("{count} staff: updates, 30 m moves              updates/s     processor us      ours x"));
    let (took, cpu) = ours::apply(&mut index, &crowd, &steps);
    let own_rate = steps.len() as f64 / took.as_secs_f64();
    let cpu_us = cpu.as_secs_f64() * 1e6 / steps.len() as f64;
    note(format_args!("   {:<42}{own_rate:>13.0}{cpu_us:>17.3}{:>12.1}", "ours, applied by one thread", 1.0));
    updates("GEOADD (processor of Redis alone)", &geo, own_rate);
    updates("HSET, HDEL when the cell changed (same)", &hset, own_rate);
    note(format_args!(
        "{count} staff: bytes a member: ours {:.1}, GEO {geo_bytes:.1} without status, H3 hashes {hash_bytes:.1}",
        index.heap_bytes() as f64 / f64::from(count)
    ));
    drop(index);
    through_live(&at_first, &queries[..queries.len().min(1_000)], base);
}

fn row(name: &str, rounds: usize, times: &Times, base: f64) {
    note(format_args!(
        "   {name:<54}{rounds:>8}{:>10.2}{:>10.2}{:>12.1}",
        times.p50_us(),
        times.p99_us(),
        times.p50_us() / base
    ));
}

fn updates(name: &str, ran: &Ran, own_rate: f64) {
    let rate = REDIS_UPDATES as f64 / ran.took.as_secs_f64();
    let cpu_us = ran.redis_cpu.as_secs_f64() * 1e6 / REDIS_UPDATES as f64;
    note(format_args!("   {name:<42}{rate:>13.0}{cpu_us:>17.3}{:>12.1}", own_rate / rate));
}

fn is_wrong(index: &CellIndex, crowd: &Crowd, query: Position) -> bool {
    let found = index.nearest(query, K, AVAILABLE_ONLY, |_| true);
    !found.iter().map(|f| (f.distance_m, f.who)).eq(ours::scan(crowd, query))
}

/// Against the scan of where everybody was when Redis was told.
fn wrong_by_geo(side: &mut Side, places: &[Position], crowd: &Crowd, queries: &[Position], radius_m: f64) -> usize {
    let is_wrong = |query: &&Position| {
        let found = redis_geo::nearest(side, **query, radius_m);
        let everybody = places.iter().zip(&crowd.available).filter(|(_, available)| **available);
        let mut all: Vec<f64> = everybody.map(|(place, _)| query.distance_m(*place)).collect();
        all.sort_unstable_by(f64::total_cmp);
        found.len() != K || found.iter().zip(&all).any(|((_, got), truly)| (got - truly).abs() > GEO_ROUNDING_M)
    };
    queries.iter().filter(is_wrong).count()
}

/// The whole live store: by account, under its lock, while fixes are written.
fn through_live(crowd: &Crowd, queries: &[Position], base: f64) {
    let fix = |position, seq| seoul::fix(position, seq, TAKEN_AT_MS);
    let resident = resident_bytes();
    let live = Live::in_process();
    for (who, &place) in (0..).zip(&crowd.places) {
        live.put(staff(who), who, fix(place, 0));
    }
    let resident = (resident_bytes() - resident) / crowd.len() as f64;
    let (done, written) = (AtomicBool::new(false), std::sync::atomic::AtomicUsize::new(0));
    let mut moving = Crowd::new(crowd.len() as u32);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let begun = Instant::now();
            let mut seq = 0;
            while !done.load(Ordering::Relaxed) {
                let due = (begun.elapsed().as_secs_f64() * WRITTEN_A_SECOND as f64) as u32;
                for (who, to) in moving.steps((due - seq) as usize) {
                    seq += 1;
                    live.put(staff(who), who, fix(to, seq));
                }
                written.store(seq as usize, Ordering::Relaxed);
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        let begun = Instant::now();
        let times = measure(OWN_QUERIES, |i| {
            live.nearest(queries[i % queries.len()], K, |p| {
                crowd.available[p.no as usize] && p.fix.taken_at_ms >= TAKEN_AT_MS
            })
        });
        let rate = written.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
        done.store(true, Ordering::Relaxed);
        row(&format!("d' ours through the live store, {rate:.0} fixes/s meanwhile"), OWN_QUERIES, &times, base);
    });
    let mut seq = u32::MAX / 2;
    let steps = moving.steps(LIVE_UPDATES);
    let (cpu, begun) = (ours::cpu_of_this_thread(), Instant::now());
    for &(who, to) in &steps {
        seq += 1;
        live.put(staff(who), who, fix(to, seq));
    }
    let rate = steps.len() as f64 / begun.elapsed().as_secs_f64();
    let cpu_us = ours::cpu_of_this_thread().saturating_sub(cpu).as_secs_f64() * 1e6 / steps.len() as f64;
    note(format_args!(
        "   the live store takes {rate:.0} fixes/s by one thread, {cpu_us:.2} us of processor each; the process grew by {resident:.0} bytes a member for it"
    ));
}

/// Ours against the scan, with a writer running.
fn exactness() {
    note("");
    let begun = Instant::now();
    let (wrong, moves) = ours::wrong_meanwhile(Crowd::new(CHECKED_CROWD), CHECKED, |n| {
        if n.is_multiple_of(CHECKED / 5) {
            note(format_args!("   {n} of {CHECKED} held against a scan, {:.0} s", begun.elapsed().as_secs_f64()));
        }
    });
    note(format_args!(
        "{CHECKED_CROWD} staff, {moves} moves by another thread meanwhile, some between any two queries: {wrong} wrong of {CHECKED}"
    ));
    assert_eq!(wrong, 0, "the index is exact");
}

/// What the process holds in memory.
fn resident_bytes() -> f64 {
    const PAGE_BYTES: f64 = 4_096.0;
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|p| p.parse::<f64>().ok()).unwrap_or(0.0) * PAGE_BYTES
}
