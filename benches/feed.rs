//! How long it takes until a fix that one node took is seen by another through Redis, what it costs Redis, and how many bytes go in.
//! Starts a Redis of its own; both nodes are in this process. With `--forms` instead what that cost is made of (`feed/forms.rs`).

#[path = "feed/forms.rs"]
mod forms;
#[path = "live/seoul.rs"]
mod seoul;

use dispatcher::clock::Env;
use dispatcher::live::Live;
use geo::{Fix, Position};
use harness::Redis;
use harness::figures::{self, SEED, Times, note, row};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use seoul::{somewhere, staff};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Staff over the city.
const CROWD: u32 = 10_000;
/// Fixes a second: a city of 20,000 at a fix every four seconds, and what HTTP takes at most on this machine.
const RATES: [u32; 3] = [1_000, 5_000, 33_000];
/// How long each rate is held.
const HELD_S: u32 = 10;
/// Between two looks of the node that sees.
const LOOK_EVERY: Duration = Duration::from_micros(100);
/// How long a node may take to have all.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    if !figures::is_asked_for() {
        return;
    }
    figures::heading("feed");
    if std::env::args().any(|argument| argument == "--forms") {
        forms::table();
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let redis = Redis::start();
    let open = || runtime.block_on(Live::redis(&redis.url(), "dh:", &Env::system())).expect("redis answers");
    let (writes, sees) = (open(), Arc::new(open()));
    let mut dice = StdRng::seed_from_u64(SEED);
    let mut places: Vec<Position> = (0..CROWD).map(|_| somewhere(&mut dice)).collect();
    for no in 0..CROWD {
        writes.put(staff(no), no, fix(places[no as usize], 0));
    }
    assert!(runtime.block_on(writes.flush(PATIENCE)), "redis took everybody");
    wait_for("everybody is seen", || sees.len() == CROWD as usize);
    let mut seq = 0;
    for rate in RATES {
        at_rate(&redis, &writes, &sees, &mut places, &mut dice, rate, &mut seq);
    }
    runtime.block_on(async {
        writes.close().await;
        sees.close().await;
    });
}

/// Moves people 30 m at a time.
fn at_rate(
    redis: &Redis,
    writes: &Live,
    sees: &Arc<Live>,
    places: &mut [Position],
    dice: &mut StdRng,
    rate: u32,
    seq: &mut u32,
) {
    let first = *seq + 1;
    let put_at: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let is_over = Arc::new(AtomicBool::new(false));
    let watcher = {
        let (sees, put_at, is_over) = (Arc::clone(sees), Arc::clone(&put_at), Arc::clone(&is_over));
        std::thread::spawn(move || {
            let mut times = Times::new();
            let mut cursor = sees.moved_since(0, usize::MAX).0;
            while !is_over.load(Ordering::Acquire) {
                let (next, moved) = sees.moved_since(cursor, usize::MAX);
                cursor = next;
                if !moved.is_empty() {
                    let now = Instant::now();
                    let put_at = put_at.lock().expect("no panic");
                    for position in moved.iter().filter(|p| p.fix.seq >= first) {
                        times.add(now - put_at[(position.fix.seq - first) as usize]);
                    }
                }
                std::thread::sleep(LOOK_EVERY);
            }
            times
        })
    };
    let (cpu, bytes) = (cpu_us(redis), bytes_in(redis));
    let begun = Instant::now();
    let total = rate * HELD_S;
    let mut sent = 0;
    while sent < total {
        let due = (begun.elapsed().as_secs_f64() * f64::from(rate)) as u32;
        while sent < due.min(total) {
            let no = dice.random_range(0..CROWD);
            let place = &mut places[no as usize];
            *place = step(*place, dice);
            *seq += 1;
            put_at.lock().expect("no panic").push(Instant::now());
            writes.put(staff(no), no, fix(*place, *seq));
            sent += 1;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    let took = begun.elapsed();
    wait_for("the last is seen", || writes.behind() == 0);
    std::thread::sleep(Duration::from_millis(200));
    let (cpu, bytes) = (cpu_us(redis) - cpu, bytes_in(redis) - bytes);
    is_over.store(true, Ordering::Release);
    let times = watcher.join().expect("the watcher ends");
    row(&format!("put to seen on another node, {rate} fixes/s"), &times, None);
    note(format_args!(
        "{:.0} fixes/s; redis: {:.2} us of processor, {:.1} bytes in, a fix",
        f64::from(total) / took.as_secs_f64(),
        cpu / f64::from(total),
        bytes / f64::from(total)
    ));
}

fn wait_for(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One number of `INFO`.
fn info(redis: &Redis, section: &str, name: &str) -> f64 {
    let text = redis.ask(&[b"INFO", section.as_bytes()]).concat();
    let text = String::from_utf8_lossy(&text);
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.and_then(|value| value.trim().parse().ok()).expect("redis tells it")
}

/// Processor time of Redis so far, microseconds.
fn cpu_us(redis: &Redis) -> f64 {
    (info(redis, "cpu", "used_cpu_sys") + info(redis, "cpu", "used_cpu_user")) * 1e6
}

fn bytes_in(redis: &Redis) -> f64 {
    info(redis, "stats", "total_net_input_bytes")
}

/// Some 30 m on.
fn step(from: Position, dice: &mut StdRng) -> Position {
    let angle = dice.random_range(0.0..std::f64::consts::TAU);
    let (north, east) = ((angle.sin() * 2_700.0) as i32, (angle.cos() * 3_400.0) as i32);
    Position::from_e7(from.lat_e7() + north, from.lon_e7() + east).expect("near Seoul")
}

fn fix(position: Position, seq: u32) -> Fix {
    seoul::fix(position, seq, Env::system().now().0)
}
