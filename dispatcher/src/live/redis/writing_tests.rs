//! A node that only writes, as gateways are: it knows its own, hears nobody, and whatever it does not know of is put right by the node
//! that hears all.

use super::super::contract::{PATIENCE, at, fix, staff};
use super::super::index::cell_of;
use super::super::{Health, Live, Verdict};
use super::address::Address;
use super::cluster_tests::TestCluster;
use super::keys::{Keys, slot, tag_of};
use super::redis_tests::until;
use super::test_server::{Make, TestRedis};
use crate::clock::Env;
use geo::Position;
use matcher::model::Timestamp;

/// So far apart that they are under different tags.
fn seoul() -> Position {
    at(37.5, 127.0)
}

fn busan() -> Position {
    at(35.1, 129.0)
}

fn key_at(position: Position) -> String {
    Keys::new("dh:").tag(tag_of(cell_of(position)))
}

async fn writer(url: &str) -> Live {
    Live::writing_at(&Address::parse(url).unwrap(), "dh:", &Env::system()).await.unwrap()
}

async fn whole(url: &str) -> Live {
    Live::redis(url, "dh:", &Env::system()).await.unwrap()
}

/// How many listen to a tag's feed.
fn listeners(redis: &TestRedis, position: Position) -> i64 {
    let mut ask = ::redis::cmd("PUBSUB");
    let (_, count): (String, i64) =
        ask.arg("SHARDNUMSUB").arg(key_at(position)).query(&mut redis.raw()).expect("an answer");
    count
}

/// Connections that listen to anything.
fn listening(redis: &TestRedis) -> usize {
    let list: String = ::redis::cmd("CLIENT").arg("LIST").query(&mut redis.raw()).expect("an answer");
    list.lines().filter(|line| !line.contains(" ssub=0 ")).count()
}

fn tags_of_records(redis: &TestRedis) -> Vec<String> {
    redis.records().into_values().flatten().collect()
}

#[tokio::test]
async fn it_knows_its_own_alone_and_listens_to_nothing() {
    for make in [Make::Redis, Make::Valkey] {
        let redis = TestRedis::start_of(make, |_| Vec::new());
        let engine = whole(&redis.url()).await;
        for n in 0..50 {
            engine.put(staff(n), n as u32, fix(seoul(), 1, 1));
        }
        assert!(engine.flush(PATIENCE).await);
        let (a, b) = (writer(&redis.url()).await, writer(&redis.url()).await);
        until("it may write", || a.health() == Health::RedisUp).await;
        assert_eq!(a.len(), 0, "it read nobody");
        for seq in 2..6 {
            a.put(staff(100), 100, fix(seoul(), 1, seq));
            b.put(staff(200), 200, fix(seoul(), 1, seq));
            b.put(staff(201), 201, fix(busan(), 1, seq));
            assert!(a.flush(PATIENCE).await && b.flush(PATIENCE).await);
        }
        let last = Some(fix(seoul(), 1, 5));
        until("the engine's node sees all", || engine.len() == 53 && engine.last_fix(staff(200)) == last).await;
        assert_eq!((a.len(), b.len()), (1, 2));
        until("one listens to each tag", || listeners(&redis, seoul()) == 1 && listeners(&redis, busan()) == 1).await;
        assert_eq!(listening(&redis), 1, "over one connection, the engine's");
        for live in [engine, a, b] {
            live.close().await;
        }
    }
}

#[tokio::test]
async fn a_phone_that_hops_and_comes_back_is_in_one_place_though_nobody_but_the_engines_node_knows_where_it_was() {
    let redis = TestRedis::start();
    let engine = whole(&redis.url()).await;
    let (a, b) = (writer(&redis.url()).await, writer(&redis.url()).await);
    let moves = [(&a, seoul()), (&b, busan()), (&engine, seoul()), (&a, busan()), (&a, seoul()), (&b, seoul())];
    for (epoch, (live, place)) in (1..).zip(moves) {
        assert_eq!(live.put(staff(1), 1, fix(place, epoch, 1)), Verdict::Ok);
        until("it is seen", || engine.last_fix(staff(1)) == Some(fix(place, epoch, 1))).await;
        until("in one place", || tags_of_records(&redis) == [key_at(place)]).await;
    }
    // What its first node still holds, or is still sent, is not where it is: neither elsewhere nor under the same tag.
    assert_eq!(a.put(staff(1), 1, fix(busan(), 5, 2)), Verdict::Ok, "it cannot know better");
    assert!(a.flush(PATIENCE).await);
    until("no ghost", || tags_of_records(&redis) == [key_at(seoul())]).await;
    assert_eq!(a.put(staff(1), 1, fix(at(37.501, 127.0), 5, 3)), Verdict::Ok);
    assert!(a.flush(PATIENCE).await);
    until("no ghost", || tags_of_records(&redis) == [key_at(seoul())]).await;
    assert_eq!(engine.last_fix(staff(1)), Some(fix(seoul(), 6, 1)));
    let fresh = whole(&redis.url()).await;
    assert_eq!(fresh.last_fix(staff(1)), Some(fix(seoul(), 6, 1)));
    for live in [engine, a, b, fresh] {
        live.close().await;
    }
}

#[tokio::test]
async fn a_move_that_nobody_finished_is_finished_by_the_engines_node_when_it_comes() {
    let redis = TestRedis::start();
    let (a, b) = (writer(&redis.url()).await, writer(&redis.url()).await);
    a.put(staff(1), 1, fix(seoul(), 1, 1));
    assert!(a.flush(PATIENCE).await);
    a.close().await;
    b.put(staff(1), 1, fix(busan(), 2, 1));
    assert!(b.flush(PATIENCE).await);
    assert_eq!(tags_of_records(&redis).len(), 2, "nobody there knows of the old one");
    let engine = whole(&redis.url()).await;
    assert_eq!(engine.snapshot().iter().map(|p| p.fix).collect::<Vec<_>>(), [fix(busan(), 2, 1)]);
    until("the old one goes", || tags_of_records(&redis) == [key_at(busan())]).await;
    engine.close().await;
    b.close().await;
}

#[tokio::test]
async fn who_is_let_go_stays_in_redis_and_with_others() {
    let redis = TestRedis::start();
    let engine = whole(&redis.url()).await;
    let a = writer(&redis.url()).await;
    for n in 1..=3 {
        a.put(staff(n), n as u32, fix(seoul(), 1, 10 * n as u32));
    }
    assert!(a.flush(PATIENCE).await);
    until("they are seen", || engine.len() == 3).await;
    a.let_go(staff(1));
    let taken = fix(seoul(), 1, 30).taken_at_ms;
    a.let_go_silent(Timestamp(taken + 60_000), 60);
    assert_eq!(
        a.snapshot().iter().map(|p| p.staff).collect::<Vec<_>>(),
        [staff(3)],
        "exactly at the limit is not silent"
    );
    a.let_go_silent(Timestamp(taken + 60_001), 60);
    assert!(a.is_empty());
    // Long enough for a removal to have been written.
    a.put(staff(4), 4, fix(seoul(), 1, 1));
    assert!(a.flush(PATIENCE).await);
    until("the next is seen", || engine.len() == 4).await;
    assert_eq!(redis.records().len(), 4);
    // Back, elsewhere: the old record goes though its writer has forgotten it.
    a.put(staff(1), 1, fix(busan(), 2, 1));
    until("it is seen", || engine.last_fix(staff(1)) == Some(fix(busan(), 2, 1))).await;
    until("in one place", || redis.records().values().all(|keys| keys.len() == 1)).await;
    engine.close().await;
    a.close().await;
}

#[tokio::test]
async fn a_redis_that_comes_back_empty_is_filled_by_the_engines_node_and_without_it_by_who_wrote() {
    let mut redis = TestRedis::start();
    let engine = whole(&redis.url()).await;
    let a = writer(&redis.url()).await;
    for n in 0..20 {
        a.put(staff(n), n as u32, fix(seoul(), 1, 1));
    }
    assert!(a.flush(PATIENCE).await);
    until("they are seen", || engine.len() == 20).await;
    let word = engine.redis_word();
    assert!(word.is_some());
    // Half of them were let go: only the engine's node knows them.
    (0..10).for_each(|n| a.let_go(staff(n)));
    redis.kill();
    until("the loss is seen", || a.health() == Health::RedisDown && engine.health() == Health::RedisDown).await;
    assert_eq!(a.redis_word(), None, "what answers next may be another");
    redis.come();
    until("everybody is back", || redis.records().len() == 20).await;
    until("with another word", || engine.redis_word().is_some_and(|new| Some(new) != word)).await;
    until("and both have it", || a.redis_word() == engine.redis_word() && a.health() == Health::RedisUp).await;

    engine.close().await;
    redis.kill();
    until("the loss is seen", || a.health() == Health::RedisDown).await;
    redis.come();
    until("who was not let go is back", || redis.records().len() == 10).await;
    assert_eq!(a.redis_word(), None, "a word is given by who reads all");
    a.close().await;
}

#[tokio::test]
async fn two_redis_have_two_words_and_each_its_own() {
    let (one, other) = (TestRedis::start(), TestRedis::start());
    let (engine, elsewhere) = (whole(&one.url()).await, whole(&other.url()).await);
    let (a, b) = (writer(&one.url()).await, writer(&other.url()).await);
    until("all know", || [&engine, &elsewhere, &a, &b].iter().all(|live| live.redis_word().is_some())).await;
    assert_eq!(engine.redis_word(), a.redis_word());
    assert_eq!(elsewhere.redis_word(), b.redis_word());
    assert_ne!(a.redis_word(), b.redis_word());
    engine.close().await;
    let again = whole(&one.url()).await;
    assert_eq!(again.redis_word(), a.redis_word(), "it outlives who gave it");
    for live in [again, elsewhere, a, b] {
        live.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_cluster_too_nobody_listens_and_a_member_that_is_away_is_told_of_by_who_writes_there() {
    let mut cluster = TestCluster::start_with(3, 0, &["--cluster-require-full-coverage", "no"]);
    let engine = whole(&cluster.url()).await;
    let a = writer(&cluster.url()).await;
    until("both have its word", || a.redis_word().is_some() && a.redis_word() == engine.redis_word()).await;
    let places: Vec<Position> =
        (0..60).map(|n| at(35.0 + 0.04 * f64::from(n), 127.0 + 0.02 * f64::from(n % 7))).collect();
    let tags = cluster.owner_of(slot(&Keys::new("dh:").tags()));
    let there = (0..3).find(|&n| n != tags).expect("three");
    for (n, &place) in places.iter().enumerate().filter(|(_, place)| cluster.owner(**place) != there) {
        a.put(staff(n as u64), n as u32, fix(place, 1, 1));
    }
    assert!(a.flush(PATIENCE).await);
    until("they are seen", || engine.len() == a.len()).await;
    let listening: usize = cluster.primaries().map(listening).sum();
    assert!(listening <= 3, "one connection to each, the engine's: {listening}");
    // Where it has not written yet.
    cluster.kill(there);
    let lost = places.iter().position(|&place| cluster.owner(place) == there).expect("somebody is there");
    a.put(staff(lost as u64), lost as u32, fix(places[lost], 1, 1));
    until("it says so", || a.health() == Health::RedisDown).await;
    cluster.come(there);
    until("it is written", || engine.last_fix(staff(lost as u64)).is_some()).await;
    until("and said", || a.health() == Health::RedisUp).await;
    engine.close().await;
    a.close().await;
}

#[tokio::test]
async fn who_has_still_to_be_written_is_not_let_go_however_old_that_is() {
    let mut redis = TestRedis::start();
    let engine = whole(&redis.url()).await;
    let a = writer(&redis.url()).await;
    a.put(staff(1), 1, fix(seoul(), 1, 1));
    assert!(a.flush(PATIENCE).await);
    redis.kill();
    until("the loss is seen", || a.health() == Health::RedisDown).await;
    a.put(staff(2), 2, fix(busan(), 1, 1));
    until("it was tried", || a.behind() > 0).await;
    // As after minutes, or by a clock that was put forward.
    a.let_go_silent(Timestamp(fix(busan(), 1, 1).taken_at_ms + 600_000), 120);
    assert_eq!((a.last_fix(staff(1)), a.last_fix(staff(2))), (None, Some(fix(busan(), 1, 1))));
    redis.come();
    until("what was taken arrives", || engine.last_fix(staff(2)) == Some(fix(busan(), 1, 1))).await;
    assert!(a.flush(PATIENCE).await);
    a.let_go_silent(Timestamp(fix(busan(), 1, 1).taken_at_ms + 600_000), 120);
    assert!(a.is_empty());
    engine.close().await;
    a.close().await;
}
