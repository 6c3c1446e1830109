//! What Redis answers and does not do: no memory left, too few replicas, a replica itself, a snapshot that failed, a right that is missing,
//! content that is still being loaded. What can be read is read, nobody looks fresher, it is said, nobody storms, and when it is over all is
//! as it should be within seconds.

use super::super::contract::{PATIENCE, assert_same, at, fix, staff};
use super::super::{Health, Live, LivePosition};
use super::address::Address;
use super::redis_tests::{index_of, until};
use super::test_server::{Make, TestRedis, on_both};
use crate::clock::Env;
use futures_util::future::join_all;
use geo::{Fix, Position};
use matcher::model::AccountId;
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

/// How long it is looked at whether anybody storms.
const LOOKED_AT: Duration = Duration::from_secs(3);
/// Connections that one side of a node may make to a server meanwhile: pauses double from 50 ms to a second.
const CONNECTIONS_MAX: u64 = 8;
/// Connections that so many may have made since then: on a busy machine it is looked at for longer, and each goes on once a second.
fn connections_max(sides: u64, looked: Instant) -> u64 {
    sides * (CONNECTIONS_MAX + looked.elapsed().saturating_sub(LOOKED_AT).as_secs_f64().ceil() as u64)
}

/// From the end of a refusal until all is well: a second's pause, a second until the next heartbeat, and a busy machine.
const WELL_WITHIN: Duration = Duration::from_secs(8);
const PHONES: u64 = 20;

fn seoul() -> Position {
    at(37.5, 127.0)
}

fn busan() -> Position {
    at(35.1, 129.0)
}

async fn open(redis: &TestRedis) -> Live {
    Live::redis_read_every(&redis.url(), "dh:", &Env::system(), Duration::from_millis(300)).await
}

fn order(redis: &TestRedis, words: &[&str]) {
    let () = ::redis::cmd(words[0]).arg(&words[1..]).query(&mut redis.raw()).unwrap();
}

fn config(redis: &TestRedis, name: &str, value: &str) {
    order(redis, &["CONFIG", "SET", name, value]);
}

/// What a write is answered.
fn refused(redis: &TestRedis) -> Option<String> {
    let answer = ::redis::cmd("HSET").arg("probe").arg("a").arg("b").query::<i64>(&mut redis.raw());
    answer.err().and_then(|error| error.code().map(str::to_owned))
}

/// How many connections were made to it so far.
fn connected(raw: &mut ::redis::Connection) -> u64 {
    let info: String = ::redis::cmd("INFO").arg("stats").query(raw).unwrap();
    let count = info.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
    count.unwrap().trim().parse().unwrap()
}

/// Connections that listen.
fn listening(raw: &mut ::redis::Connection) -> BTreeSet<String> {
    let list: String = ::redis::cmd("CLIENT").arg("LIST").query(raw).unwrap();
    let listening = list.lines().filter(|line| !line.contains(" ssub=0 "));
    listening.filter_map(|line| line.split(' ').find_map(|word| word.strip_prefix("id="))).map(str::to_owned).collect()
}

fn put(live: &Live, from: u64, place: Position, seq: u32, age_s: i64) {
    let taken_at_ms = Env::system().now().0 - age_s * 1_000;
    for who in from..from + PHONES {
        live.put(staff(who), who as u32, Fix { taken_at_ms, ..fix(place, 1, seq) });
    }
}

/// Nobody is known by a time later than this one.
fn assert_nobody_is_fresher(seen: &[LivePosition], known: &HashMap<AccountId, LivePosition>) {
    for seen in seen {
        let by_ms = seen.fix.taken_at_ms - known[&seen.staff].fix.taken_at_ms;
        assert!(seen.fix.seq == 1 && by_ms < 1_200, "somebody looks {by_ms} ms younger");
    }
}

/// Redis takes no writes from `begin` to `end`, and says `word`.
async fn is_borne(make: Make, word: &str, begin: impl Fn(&TestRedis), end: impl Fn(&TestRedis)) {
    let redis = TestRedis::of(make);
    let (a, b) = (open(&redis).await, open(&redis).await);
    let gateway = Live::writing_at(&Address::parse(&redis.url()).unwrap(), "dh:", &Env::system()).await.unwrap();
    put(&a, 0, seoul(), 1, 5);
    put(&gateway, PHONES, busan(), 1, 5);
    // One whose record is to be taken out.
    let taken_at_ms = Env::system().now().0 - 1_000_000;
    a.put(staff(99), 99, Fix { taken_at_ms, ..fix(seoul(), 1, 1) });
    until("all are seen", || b.len() == 2 * PHONES as usize + 1).await;
    assert!(a.flush(PATIENCE).await && gateway.flush(PATIENCE).await);
    until("all are well", || [&a, &b, &gateway].iter().all(|live| live.health() == Health::RedisUp)).await;
    let before = index_of(&b);
    let mut raw = redis.raw();
    let listeners = listening(&mut raw);
    assert_eq!(listeners.len(), 2);

    begin(&redis);
    assert_eq!(refused(&redis).as_deref(), Some(word));
    put(&a, 0, seoul(), 2, 0);
    put(&gateway, PHONES, busan(), 2, 0);
    until("it is said", || [&a, &gateway].iter().all(|live| live.health() == Health::RedisDown)).await;
    // Redis does not part with the record: whoever reads it goes on.
    assert_eq!(b.forget_silent(Env::system().now(), 600), [staff(99)]);
    let fresh = open(&redis).await;
    assert_eq!(fresh.len(), before.len(), "whoever comes reads all");
    assert_eq!(fresh.health(), Health::RedisDown, "and says that it cannot write");
    fresh.forget_silent(Env::system().now(), 600);
    let (looked, made, listeners) = (Instant::now(), connected(&mut raw), listening(&mut raw));
    assert_eq!(listeners.len(), 3);
    while looked.elapsed() < LOOKED_AT {
        assert_nobody_is_fresher(&b.snapshot(), &before);
        assert_nobody_is_fresher(&fresh.snapshot(), &before);
        assert_eq!((b.len(), fresh.len()), (before.len() - 1, before.len() - 1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let made = connected(&mut raw) - made;
    println!("{word}: {made} connections in {LOOKED_AT:?}");
    assert!(made <= connections_max(4, looked), "four who write made {made} connections");
    assert_eq!(listening(&mut raw), listeners, "who listens is not disturbed");

    end(&redis);
    let over = Instant::now();
    until("all is as it should be", || {
        let all = [&a, &b, &fresh, &gateway];
        let is_heard = |live: &&Live| index_of(live).values().filter(|p| p.fix.seq == 2).count() == 2 * PHONES as usize;
        all.iter().all(|live| live.health() == Health::RedisUp) && [&a, &b, &fresh].iter().all(is_heard)
    })
    .await;
    println!("{word}: all well {:?} after its end", over.elapsed());
    assert!(over.elapsed() < WELL_WITHIN, "{:?}", over.elapsed());
    until("the old record is gone", || redis.records().len() == 2 * PHONES as usize).await;
    for live in [a, b, fresh, gateway] {
        live.close().await;
    }
}

on_both![no_memory_is_borne, too_few_replicas_are_borne];

async fn no_memory_is_borne(make: Make) {
    is_borne(make, "OOM", |redis| config(redis, "maxmemory", "1"), |redis| config(redis, "maxmemory", "0")).await;
}

async fn too_few_replicas_are_borne(make: Make) {
    let (begin, end) = ("1", "0");
    let least = |count: &'static str| move |redis: &TestRedis| config(redis, "min-replicas-to-write", count);
    is_borne(make, "NOREPLICAS", least(begin), least(end)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_made_a_replica_is_borne() {
    // Of one that is not there: it keeps what it has.
    let nobody = TestRedis::absent().port.to_string();
    let begin = |redis: &TestRedis| order(redis, &["REPLICAOF", "127.0.0.1", &nobody]);
    is_borne(Make::Redis, "READONLY", begin, |redis| order(redis, &["REPLICAOF", "NO", "ONE"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_failed_is_borne() {
    let fail = |redis: &TestRedis| {
        // Where the file would have to be.
        std::fs::create_dir(redis.directory.path().join("dump.rdb")).unwrap();
        config(redis, "save", "3600 1000000");
        order(redis, &["BGSAVE"]);
        let begun = Instant::now();
        let info = || -> String { ::redis::cmd("INFO").arg("persistence").query(&mut redis.raw()).unwrap() };
        while !info().contains("rdb_last_bgsave_status:err") {
            assert!(begun.elapsed() < PATIENCE, "the snapshot does not fail");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    is_borne(Make::Redis, "MISCONF", fail, |redis| config(redis, "save", "")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_still_loading_is_waited_for_and_nobody_is_lost() {
    let redis = TestRedis::start_of(Make::Redis, |_| vec!["--enable-debug-command".to_owned(), "yes".to_owned()]);
    let (a, b) = (open(&redis).await, open(&redis).await);
    let taken_at_ms = Env::system().now().0 - 5_000;
    for who in 0..400 {
        let place = at(34.5 + 0.1 * (who % 40) as f64, 127.0);
        a.put(staff(who), who as u32, Fix { taken_at_ms, ..fix(place, 1, 1) });
    }
    until("all are seen", || b.len() == 400).await;
    assert!(a.flush(PATIENCE).await);
    let before = index_of(&b);
    let mut raw = redis.raw();
    // A tenth of a second for every key, and others are answered meanwhile.
    config(&redis, "key-load-delay", "100000");
    config(&redis, "loading-process-events-interval-bytes", "1024");
    let mut reload = redis.raw();
    let loading = std::thread::spawn(move || {
        let () = ::redis::cmd("DEBUG").arg("RELOAD").query(&mut reload).unwrap();
    });
    until("it is loading", || refused(&redis).as_deref() == Some("LOADING")).await;
    let (made, looked) = (connected(&mut raw), Instant::now());
    until("it is said", || a.health() == Health::RedisDown && b.health() == Health::RedisDown).await;
    a.put(staff(0), 0, Fix { taken_at_ms: taken_at_ms + 5_000, ..fix(at(34.5, 127.0), 1, 2) });
    let mut probes = 0;
    // Whoever was waited for is heard as soon as it is over, which the thread may be told later.
    let is_heard = || b.last_fix(staff(0)).is_some_and(|fix| fix.seq == 2);
    while !loading.is_finished() && !is_heard() {
        let seen: Vec<LivePosition> = b.snapshot().into_iter().filter(|p| p.staff != staff(0)).collect();
        assert_nobody_is_fresher(&seen, &before);
        assert_eq!(b.len(), 400);
        probes += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (made, took) = (connected(&mut raw) - made, looked.elapsed());
    loading.join().unwrap();
    println!("{made} connections in {took:?} of loading");
    assert!(probes > 20, "it was over too soon to tell: {took:?}");
    // Two nodes, two sides each.
    assert!(made <= 4 * (CONNECTIONS_MAX + took.as_secs()), "{made} in {took:?}");
    let over = Instant::now();
    until("all is well", || is_heard() && [&a, &b].iter().all(|live| live.health() == Health::RedisUp)).await;
    println!("all well {:?} after the loading", over.elapsed());
    assert!(over.elapsed() < WELL_WITHIN, "{:?}", over.elapsed());
    let fresh = open(&redis).await;
    assert_same(&fresh.snapshot(), &index_of(&b));
    for live in [a, b, fresh] {
        live.close().await;
    }
}

/// Somebody whose rights are changed while they are connected.
fn give(redis: &TestRedis, right: &str) {
    order(redis, &["ACL", "SETUSER", "some", "on", ">word", "~*", "&*", "+@all", right]);
}

/// A right is missing that is needed for this alone, over a connection that is as good as ever.
async fn missing(right: &str) {
    let redis = TestRedis::start();
    give(&redis, "+hget");
    let url = redis.full_url().replace("redis://", "redis://some:word@");
    let live = Live::redis_read_every(&url, "dh:", &Env::system(), Duration::from_millis(300)).await;
    put(&live, 0, seoul(), 1, 0);
    assert!(live.flush(PATIENCE).await);
    until("it is well", || live.health() == Health::RedisUp).await;
    let mut raw = redis.raw();
    give(&redis, &format!("-{right}"));
    put(&live, PHONES, busan(), 1, 0);
    until("it is said", || live.health() == Health::RedisDown).await;
    let (looked, made) = (Instant::now(), connected(&mut raw));
    while looked.elapsed() < LOOKED_AT {
        // Health is not taken back by what goes well beside it.
        assert_eq!(live.health(), Health::RedisDown, "{right}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let made = connected(&mut raw) - made;
    println!("without {right}: {made} connections in {LOOKED_AT:?}");
    assert!(made <= connections_max(1, looked), "without {right}: {made} connections in {LOOKED_AT:?}");
    give(&redis, &format!("+{right}"));
    let over = Instant::now();
    until("it is well again", || live.health() == Health::RedisUp && redis.records().len() == 2 * PHONES as usize)
        .await;
    println!("with {right} again: well after {:?}", over.elapsed());
    assert!(over.elapsed() < WELL_WITHIN, "{right}: {:?}", over.elapsed());
    live.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lasting_refusal_over_a_good_connection_is_met_with_ever_longer_pauses() {
    join_all(["fcall", "hget", "sadd", "hscan", "smembers", "ssubscribe", "hsetnx", "expire"].map(missing)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_left_that_redis_did_not_take_the_heartbeat_says_that_all_is_well() {
    let redis = TestRedis::start();
    give(&redis, "+fcall");
    let url = redis.full_url().replace("redis://", "redis://some:word@");
    let gateway = Live::writing_at(&Address::parse(&url).unwrap(), "dh:", &Env::system()).await.unwrap();
    put(&gateway, 0, seoul(), 1, 0);
    assert!(gateway.flush(PATIENCE).await);
    until("it is well", || gateway.health() == Health::RedisUp).await;
    give(&redis, "-fcall");
    gateway.put(staff(50), 50, fix(busan(), 1, 1));
    until("it is said", || gateway.health() == Health::RedisDown).await;
    // Whom the gateway hears of no more has nothing to be written, and no other parcel goes out.
    gateway.let_go(staff(50));
    until("it is well again", || gateway.health() == Health::RedisUp).await;
    assert!(gateway.flush(PATIENCE).await && redis.records().len() == PHONES as usize);
    gateway.put(staff(51), 51, fix(busan(), 1, 1));
    until("it is said of the next", || gateway.health() == Health::RedisDown).await;
    give(&redis, "+fcall");
    until("and is written", || gateway.health() == Health::RedisUp && redis.records().len() > PHONES as usize).await;
    gateway.close().await;
}
