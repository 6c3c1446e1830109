//! What one node takes, all see: by feed, after gaps, with clocks that differ, and whatever comes late or twice.

use super::super::contract::{Dice, PATIENCE, assert_same, at, fix, staff};
use super::super::index::{Order, Standing, cell_of};
use super::super::{Health, Live, LivePosition, Verdict};
use super::keys::{Keys, digits, tag_of};
use super::message::{Head, add, begin};
use super::packed::{pack, unpack};
use super::redis_tests::{index_of, until};
use super::test_server::{Make, TestRedis, on_both};
use crate::clock::{Clock, Env};
use geo::{Fix, Position};
use matcher::model::{AccountId, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// So far apart that they are under different tags.
const SEOUL: (f64, f64) = (37.5, 127.0);
const BUSAN: (f64, f64) = (35.1, 129.0);

fn seoul() -> Position {
    at(SEOUL.0, SEOUL.1)
}

fn busan() -> Position {
    at(BUSAN.0, BUSAN.1)
}

async fn open(redis: &TestRedis) -> Live {
    Live::redis(&redis.url(), "dh:", &Env::system()).await.unwrap()
}

fn key_at(position: Position) -> String {
    Keys::new("dh:").tag(tag_of(cell_of(position)))
}

fn order(live: &Live, who: u64) -> Option<Order> {
    live.last_fix(staff(who)).map(|fix| (fix.session_epoch, fix.seq))
}

/// Writes as a gateway of another life would.
fn write_as(redis: &TestRedis, incarnation: u64, number: u64, who: u64, fix: Fix) {
    let mut message = begin(Head { incarnation, number }, 1);
    let position = LivePosition { staff: staff(who), no: who as u32, fix };
    add(&mut message, staff(who), &pack(&Standing::At(position), 0));
    let tag = digits(tag_of(cell_of(fix.position)));
    let _: i64 = ::redis::cmd("SADD").arg("dh:tags").arg(&tag).query(&mut redis.raw()).unwrap();
    let _: i64 = ::redis::cmd("SPUBLISH").arg("dh:tags").arg(&tag).query(&mut redis.raw()).unwrap();
    let mut call = ::redis::cmd("FCALL");
    let _: Vec<Option<String>> =
        call.arg("dh1_write").arg(1).arg(key_at(fix.position)).arg(message).query(&mut redis.raw()).unwrap();
}

on_both![
    a_phone_that_hops_between_nodes_is_in_one_place_whatever_comes_late,
    fixes_late_twice_and_in_any_order_at_three_nodes_come_to_the_same_everywhere,
];

#[tokio::test]
async fn what_one_node_takes_the_others_find_and_hear_as_a_move() {
    let redis = TestRedis::start();
    let (a, b) = (open(&redis).await, open(&redis).await);
    a.put(staff(1), 1, fix(seoul(), 1, 1));
    // Under a tag that nobody has listened to before.
    until("seen", || b.len() == 1).await;
    let (cursor, moved) = b.moved_since(0, 10);
    assert_eq!(moved.iter().map(|p| (p.staff, p.no)).collect::<Vec<_>>(), [(staff(1), 1)]);
    a.put(staff(1), 1, fix(at(37.51, 127.0), 1, 2));
    until("the move is seen", || order(&b, 1) == Some((1, 2))).await;
    assert_eq!(b.moved_since(cursor, 10).1.len(), 1);
    assert_eq!(b.nearest(at(37.51, 127.0), 1, |_| true)[0].at.fix, fix(at(37.51, 127.0), 1, 2));
    assert!(a.remove(staff(1)));
    until("the removal is seen", || b.is_empty()).await;
    for (seq, verdict) in [(1, Verdict::Older), (2, Verdict::Duplicate)] {
        assert_eq!(b.put(staff(1), 1, fix(seoul(), 1, seq)), verdict, "what was delayed does not bring back");
    }
    assert_eq!(b.put(staff(1), 1, fix(seoul(), 1, 3)), Verdict::Ok);
    until("back", || a.len() == 1).await;
    a.close().await;
    b.close().await;
}

async fn a_phone_that_hops_between_nodes_is_in_one_place_whatever_comes_late(make: Make) {
    let redis = TestRedis::of(make);
    let (a, b) = (open(&redis).await, open(&redis).await);
    a.put(staff(1), 1, fix(seoul(), 1, 5));
    // At once, before the first node's word can have come.
    b.put(staff(1), 1, fix(busan(), 2, 1));
    assert!(a.flush(PATIENCE).await && b.flush(PATIENCE).await);
    until("both agree", || order(&a, 1) == Some((2, 1)) && order(&b, 1) == Some((2, 1))).await;
    assert_eq!(a.put(staff(1), 1, fix(seoul(), 1, 6)), Verdict::Older);
    for _ in 0..2 {
        until("one record", || redis.records().values().all(|keys| *keys == [key_at(busan())])).await;
        // A gateway that was cut off for a while writes what it held.
        write_as(&redis, 77, 1, 1, fix(seoul(), 1, 99));
    }
    until("one record", || redis.records().values().all(|keys| *keys == [key_at(busan())])).await;
    // Under the same tag Redis itself refuses.
    write_as(&redis, 77, 2, 1, fix(at(35.101, 129.0), 1, 100));
    let fresh = open(&redis).await;
    assert_eq!((fresh.len(), order(&fresh, 1)), (1, Some((2, 1))));
    assert!(fresh.nearest(seoul(), 5, |p| p.fix.position.distance_m(seoul()) < 10_000.0).is_empty());
    for live in [a, b, fresh] {
        live.close().await;
    }
}

#[tokio::test]
async fn one_removed_is_not_brought_back_by_a_gateway_that_was_cut_off() {
    let redis = TestRedis::start();
    let a = open(&redis).await;
    a.put(staff(1), 1, fix(seoul(), 3, 5));
    assert!(a.flush(PATIENCE).await);
    a.remove(staff(1));
    assert!(a.flush(PATIENCE).await);
    assert!(redis.records().is_empty(), "no place is left");
    write_as(&redis, 77, 1, 1, fix(at(37.501, 127.0), 3, 4));
    write_as(&redis, 77, 2, 1, fix(busan(), 3, 4));
    until("the node that knows better says so", || redis.records().is_empty()).await;
    let fresh = open(&redis).await;
    assert!(a.is_empty() && fresh.is_empty());
    assert_eq!(fresh.put(staff(1), 1, fix(seoul(), 3, 5)), Verdict::Duplicate);
    a.close().await;
    fresh.close().await;
}

#[tokio::test]
async fn a_lost_message_is_seen_by_the_next_one_or_the_heartbeat_and_read_from_the_hash() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    let lost = |no: u64, fix: Fix| {
        let record = pack(&Standing::At(LivePosition { staff: staff(no), no: no as u32, fix }), 0);
        let id = staff(no).0.as_bytes().to_vec();
        let () = ::redis::cmd("HSET").arg(key_at(seoul())).arg(id).arg(&record[..]).query(&mut redis.raw()).unwrap();
    };
    live.put(staff(9), 9, fix(seoul(), 1, 1));
    assert!(live.flush(PATIENCE).await);
    let listeners = || -> (String, u32) {
        let mut ask = ::redis::cmd("PUBSUB");
        ask.arg("SHARDNUMSUB").arg(key_at(seoul())).query(&mut redis.raw()).unwrap()
    };
    until("the tag is listened to", || listeners().1 == 1).await;
    write_as(&redis, 77, 1, 1, fix(seoul(), 1, 1));
    until("heard", || live.len() == 2).await;
    // The second message never comes; the third tells.
    lost(2, fix(seoul(), 1, 1));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(live.len(), 2, "nothing has told of it yet");
    write_as(&redis, 77, 3, 1, fix(seoul(), 1, 2));
    until("read", || live.len() == 3).await;
    // The fourth is the last one and never comes; the heartbeat tells.
    lost(4, fix(seoul(), 1, 1));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(live.len(), 3);
    let beat = begin(Head { incarnation: 77, number: 4 }, 0);
    let () = ::redis::cmd("SPUBLISH").arg(key_at(seoul())).arg(beat).query(&mut redis.raw()).unwrap();
    until("read", || live.len() == 4).await;
    live.close().await;
}

#[tokio::test]
async fn what_is_heard_with_a_time_that_has_not_come_is_read_soon() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    live.put(staff(9), 9, fix(seoul(), 1, 1));
    assert!(live.flush(PATIENCE).await);
    write_as(&redis, 77, 1, 1, fix(seoul(), 1, 1));
    until("heard", || live.len() == 2).await;
    // A clock is set just then: what is said is from another time than what stands there when the clocks have been compared.
    let moved = LivePosition { staff: staff(1), no: 1, fix: fix(at(37.501, 127.0), 1, 2) };
    let id = staff(1).0.as_bytes().to_vec();
    let record = pack(&Standing::At(moved), 0);
    let () = ::redis::cmd("HSET").arg(key_at(seoul())).arg(id).arg(&record[..]).query(&mut redis.raw()).unwrap();
    let ahead = Env::system().now().0 - moved.fix.taken_at_ms + 600_000;
    let mut message = begin(Head { incarnation: 77, number: 2 }, 1);
    add(&mut message, staff(1), &pack(&Standing::At(moved), ahead));
    let () = ::redis::cmd("SPUBLISH").arg(key_at(seoul())).arg(message).query(&mut redis.raw()).unwrap();
    until("the move is not lost", || live.last_fix(staff(1)) == Some(moved.fix)).await;
    live.close().await;
}

#[tokio::test]
async fn the_writer_says_its_last_number_every_second() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    live.put(staff(1), 1, fix(seoul(), 1, 1));
    assert!(live.flush(PATIENCE).await);
    let client = ::redis::Client::open(format!("{}?protocol=resp3", redis.full_url())).unwrap();
    let (sender, mut pushes) = tokio::sync::mpsc::unbounded_channel();
    let config = ::redis::AsyncConnectionConfig::new().set_push_sender(sender);
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
    let begun = Instant::now();
    let _: ::redis::Value = ::redis::cmd("SSUBSCRIBE").arg(key_at(seoul())).query_async(&mut connection).await.unwrap();
    let mut beats = 0;
    while beats < 5 {
        let push = tokio::time::timeout(PATIENCE, pushes.recv()).await.expect("a heartbeat").expect("connected");
        if let (::redis::PushKind::SMessage, [_, ::redis::Value::BulkString(bytes)]) = (push.kind, &push.data[..]) {
            assert_eq!((bytes.len(), bytes[16]), (17, 1), "number 1, no entries");
            beats += 1;
        }
    }
    // On a busy machine the first may come late, and the next in time.
    assert!(begun.elapsed() > Duration::from_millis(2_500), "about one a second");
    live.close().await;
}

/// A clock that is wrong by a fixed time.
struct Skewed(i64);

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        Timestamp(Env::system().now().0 + self.0)
    }
}

fn env_with_clock(wrong_by_ms: i64) -> Env {
    Env { clock: Arc::new(Skewed(wrong_by_ms)), ..Env::system() }
}

#[tokio::test]
async fn clocks_ten_minutes_wrong_make_nobody_younger_or_older() {
    const WRONG_MS: i64 = 600_000;
    let redis = TestRedis::start();
    let (early, late) = (env_with_clock(-WRONG_MS), env_with_clock(WRONG_MS));
    let a = Live::redis(&redis.url(), "dh:", &early).await.unwrap();
    let b = Live::redis(&redis.url(), "dh:", &late).await.unwrap();
    let aged = |env: &Env, age_s: i64| Fix { taken_at_ms: env.now().0 - age_s * 1_000, ..fix(seoul(), 1, 1) };
    let begun = Instant::now();
    a.put(staff(1), 1, aged(&early, 70));
    b.put(staff(2), 2, aged(&late, 70));
    until("both see both", || a.len() == 2 && b.len() == 2).await;
    let fresh_env = env_with_clock(0);
    let fresh = Live::redis(&redis.url(), "dh:", &fresh_env).await.unwrap();
    for (live, env) in [(&a, &early), (&b, &late), (&fresh, &fresh_env)] {
        assert_eq!(live.len(), 2, "nobody is taken to be from the future");
        for who in [1, 2] {
            let age_ms = env.now().0 - live.last_fix(staff(who)).unwrap().taken_at_ms;
            let most_ms = 72_000 + begun.elapsed().as_millis() as i64;
            assert!((69_000..most_ms).contains(&age_ms), "70 s old everywhere: {age_ms}");
        }
        assert_eq!(live.forget_silent(env.now(), 60).len(), 2, "silent for every clock");
    }
    for live in [a, b, fresh] {
        live.close().await;
    }
}

/// A clock that is set while it runs.
#[derive(Default)]
struct Settable(AtomicI64);

impl Clock for Settable {
    fn now(&self) -> Timestamp {
        Timestamp(Env::system().now().0 + self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn a_clock_set_by_ten_minutes_while_a_node_runs_makes_nobody_fresher_and_takes_nobody_out_of_redis() {
    for by_ms in [-600_000, 600_000] {
        let redis = TestRedis::start();
        let clock = Arc::new(Settable::default());
        let set = Env { clock: Arc::clone(&clock) as _, ..Env::system() };
        let right = Env::system();
        let a = open(&redis).await;
        let b = Live::redis_read_every(&redis.url(), "dh:", &set, Duration::from_millis(300)).await;
        let aged = |env: &Env, age_s: i64, seq: u32| {
            let taken_at_ms = env.now().0 - age_s * 1_000;
            Fix { taken_at_ms, ..fix(seoul(), 1, seq) }
        };
        let age_ms = |live: &Live, env: &Env, who: u64| {
            live.last_fix(staff(who)).map_or(i64::MAX, |fix| env.now().0 - fix.taken_at_ms)
        };
        // Two who are silent from here on.
        a.put(staff(1), 1, aged(&right, 70, 1));
        b.put(staff(2), 2, aged(&set, 70, 1));
        until("both see both", || a.len() == 2 && b.len() == 2).await;

        clock.0.store(by_ms, Ordering::SeqCst);
        // As the upkeep does.
        if by_ms < 0 {
            b.clock_was_set_back(by_ms);
        }
        let mut seq = 1;
        until("who reports is seen as they are by both", || {
            seq += 1;
            a.put(staff(3), 3, aged(&right, 0, seq));
            b.put(staff(4), 4, aged(&set, 0, seq));
            let mut is_right = true;
            for (live, env) in [(&a, &right), (&b, &set)] {
                for who in [1, 2] {
                    let age_ms = age_ms(live, env, who);
                    assert!(age_ms >= 69_000, "{by_ms}: {who} is {age_ms} ms old, and was 70 s");
                }
                for who in [3, 4] {
                    let age_ms = age_ms(live, env, who);
                    // By as much as clocks are compared to.
                    assert!(age_ms >= -1_500, "{by_ms}: {who} is {age_ms} ms old");
                    is_right &= age_ms < 5_000;
                }
            }
            is_right
        })
        .await;
        assert!(a.flush(PATIENCE).await && b.flush(PATIENCE).await);
        let fresh = open(&redis).await;
        assert_eq!((fresh.len(), redis.records().len()), (4, 4), "{by_ms}");
        for who in 1..5 {
            let (age_ms, wanted) =
                (age_ms(&fresh, &right, who), if who < 3 { 69_000..130_000 } else { -1_500..60_000 });
            assert!(wanted.contains(&age_ms), "{by_ms}: {who} is {age_ms} ms old");
        }
        for live in [a, b, fresh] {
            live.close().await;
        }
    }
}

#[tokio::test]
async fn of_two_fixes_of_one_order_that_two_nodes_took_all_nodes_and_redis_keep_the_same() {
    let redis = TestRedis::start();
    let (a, b) = (open(&redis).await, open(&redis).await);
    let near = at(37.501, 127.0);
    assert_eq!(key_at(near), key_at(seoul()));
    // Under one tag and under two; the one that counts first and last.
    let both = [(seoul(), near, near), (near, seoul(), near), (seoul(), busan(), seoul()), (busan(), seoul(), seoul())];
    for (who, &(one, other, _)) in (0..).zip(&both) {
        // At once, before the first node's word can have come.
        assert_eq!(a.put(staff(who), 1, fix(one, 1, 5)), Verdict::Ok);
        assert_eq!(b.put(staff(who), 1, fix(other, 1, 5)), Verdict::Ok);
    }
    let model: HashMap<AccountId, LivePosition> = (0..)
        .zip(&both)
        .map(|(who, &(_, _, counts))| (staff(who), LivePosition { staff: staff(who), no: 1, fix: fix(counts, 1, 5) }))
        .collect();
    until("both agree", || index_of(&a) == model && index_of(&b) == model).await;
    assert!(a.flush(PATIENCE).await && b.flush(PATIENCE).await);
    until("one record each", || {
        let records = redis.records();
        let is_right = |who: u64, place| records.get(&staff(who).0.as_bytes()[..]) == Some(&vec![key_at(place)]);
        (0..).zip(&both).all(|(who, &(_, _, counts))| is_right(who, counts))
    })
    .await;
    let fresh = open(&redis).await;
    assert_same(&fresh.snapshot(), &model);
    // The next one counts, wherever it comes.
    for (who, live) in (0..4).zip([&a, &b, &fresh, &a]) {
        live.put(staff(who), 1, fix(busan(), 1, 6));
    }
    until("all go on", || [&a, &b, &fresh].iter().all(|live| (0..4).all(|who| order(live, who) == Some((1, 6))))).await;
    for live in [a, b, fresh] {
        live.close().await;
    }
    // With nobody to put it right, Redis itself keeps the same one, whichever comes first.
    for (n, who) in [(1, 8), (3, 9)] {
        let (first, then) = if who == 8 { (near, seoul()) } else { (seoul(), near) };
        write_as(&redis, 77, n, who, fix(first, 1, 5));
        write_as(&redis, 77, n + 1, who, fix(then, 1, 5));
        let mut get = ::redis::cmd("HGET");
        get.arg(key_at(seoul())).arg(&staff(who).0.as_bytes()[..]);
        let record: Vec<u8> = get.query(&mut redis.raw()).unwrap();
        let position = LivePosition { staff: staff(who), no: who as u32, fix: fix(near, 1, 5) };
        assert_eq!(unpack(staff(who), &record, 0), Some(Standing::At(position)), "{who}");
    }
}

async fn fixes_late_twice_and_in_any_order_at_three_nodes_come_to_the_same_everywhere(make: Make) {
    let seed = 20_261_129;
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let redis = TestRedis::of(make);
    let nodes = [open(&redis).await, open(&redis).await, open(&redis).await];
    // Forty phones; each fix is a function of its order, comes to some node, some twice, and windows of 50 are shuffled.
    let place = |who: u64, order: Order| {
        let spread = f64::from((order.0 * 31 + order.1 * 17 + who as u32) % 97);
        if (order.1 + who as u32).is_multiple_of(5) {
            at(35.1 + 0.001 * spread, 129.0)
        } else {
            at(37.4 + 0.002 * spread, 127.0)
        }
    };
    let mut said: Vec<(u64, Order)> = Vec::new();
    for who in 0..40 {
        for epoch in 1..4 {
            said.extend((1..25).map(|seq| (who, (epoch, seq))));
        }
    }
    said.sort_by_key(|&(who, order)| (order, who));
    let doubled: Vec<(u64, Order)> = said.iter().copied().filter(|_| dice.roll(4) == 0).collect();
    for (i, again) in doubled.into_iter().enumerate() {
        said.insert((i * 5).min(said.len()), again);
    }
    for window in said.chunks_mut(50) {
        for i in (1..window.len()).rev() {
            window.swap(i, dice.roll(i as u64 + 1) as usize);
        }
        for &mut (who, order) in window {
            nodes[dice.roll(3) as usize].put(staff(who), who as u32, fix(place(who, order), order.0, order.1));
        }
        tokio::time::sleep(Duration::from_millis(dice.roll(8))).await;
    }
    let model: HashMap<AccountId, LivePosition> = (0..40)
        .map(|who| {
            (staff(who), LivePosition { staff: staff(who), no: who as u32, fix: fix(place(who, (3, 24)), 3, 24) })
        })
        .collect();
    until("all nodes agree", || nodes.iter().all(|node| index_of(node) == model)).await;
    for node in &nodes {
        assert!(node.flush(PATIENCE).await);
    }
    until("one record each", || {
        let records = redis.records();
        records.len() == 40 && records.values().all(|keys| keys.len() == 1)
    })
    .await;
    let fresh = open(&redis).await;
    assert_same(&fresh.snapshot(), &model);
    for live in nodes.iter().chain([&fresh]) {
        live.close().await;
    }
}

#[test]
fn a_slow_mirror_is_cut_off_by_redis_and_reads_what_it_missed() {
    let redis = TestRedis::start();
    let limit = "pubsub 1mb 1mb 1";
    let () =
        ::redis::cmd("CONFIG").arg("SET").arg("client-output-buffer-limit").arg(limit).query(&mut redis.raw()).unwrap();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (fast, slow) = (runtime(), runtime());
    let a = fast.block_on(open(&redis));
    let b = slow.block_on(open(&redis));
    fast.block_on(async {
        a.put(staff(1), 1, fix(seoul(), 1, 1));
        assert!(a.flush(PATIENCE).await);
    });
    slow.block_on(until("seen", || b.len() == 1));
    // From here on nobody runs the slow one. More than its sockets and the limit hold, of what is no message:
    let noise = vec![9_u8; 1 << 16];
    for _ in 0..400 {
        let () = ::redis::cmd("SPUBLISH").arg(key_at(seoul())).arg(&noise).query(&mut redis.raw()).unwrap();
    }
    let clients =
        || -> String { ::redis::cmd("CLIENT").arg("LIST").arg("TYPE").arg("pubsub").query(&mut redis.raw()).unwrap() };
    fast.block_on(until("redis cuts it off", || clients().lines().count() == 1));
    fast.block_on(async {
        for who in 2..500 {
            a.put(staff(who), who as u32, fix(seoul(), 1, 1));
        }
        a.remove(staff(1));
        assert!(a.flush(PATIENCE).await);
    });
    assert_eq!(b.len(), 1);
    slow.block_on(until("what was missed is read", || index_of(&b) == index_of(&a)));
    slow.block_on(until("and it hears again", || b.health() == Health::RedisUp));
    fast.block_on(a.close());
    slow.block_on(b.close());
}

#[tokio::test]
async fn who_falls_silent_with_a_dead_gateway_is_taken_out_of_redis_by_any_node() {
    let redis = TestRedis::start();
    let now_ms = Env::system().now().0;
    let dead = open(&redis).await;
    for (who, age_s) in [(1, 1_000), (2, 0)] {
        dead.put(staff(who), who as u32, Fix { taken_at_ms: now_ms - age_s * 1_000, ..fix(seoul(), 1, 1) });
    }
    assert!(dead.flush(PATIENCE).await);
    drop(dead);
    let every = Duration::from_millis(300);
    let node = Live::redis_read_every(&redis.url(), "dh:", &Env::system(), every).await;
    assert_eq!(node.len(), 2);
    assert_eq!(node.forget_silent(Env::system().now(), 600), [staff(1)]);
    until("no place of the silent", || redis.records().len() == 1).await;
    // Its order goes too, once it is older than the limit.
    let fields = || -> usize { ::redis::cmd("HLEN").arg(key_at(seoul())).query(&mut redis.raw()).unwrap() };
    until("nothing of the silent", || fields() == 2).await;
    assert_eq!(node.len(), 1);
    node.close().await;
}
