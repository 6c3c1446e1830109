//! What only Redis can do wrong: lives, deaths and strangers.

use super::super::contract::{Dice, PATIENCE, assert_same, at, fix, staff};
use super::super::index::Standing;
use super::super::{Health, Live, LiveError, LivePosition};
use super::packed::{LEN, pack, unpack};
use super::test_server::{Make, TestRedis, on_both};
use crate::clock::Env;
use geo::{Fix, FixKind};
use matcher::model::AccountId;
use std::collections::HashMap;
use std::time::{Duration, Instant};

const PREFIX: &str = "dh:";

on_both![killed_and_back_empty_is_filled_again, emptied_under_a_quiet_connection_is_filled_again];

fn placed(no: u32, fix: Fix) -> Standing {
    Standing::At(LivePosition { staff: staff(1), no, fix })
}

async fn open(redis: &TestRedis) -> Live {
    Live::redis(&redis.url(), PREFIX, &Env::system()).await.unwrap()
}

pub(super) fn index_of(live: &Live) -> HashMap<AccountId, LivePosition> {
    live.snapshot().into_iter().map(|p| (p.staff, p)).collect()
}

fn put_many(live: &Live, count: u64, seq: u32) {
    for n in 0..count {
        live.put(staff(n), n as u32, fix(at(37.45 + 0.001 * n as f64, 127.0), 1, seq));
    }
}

/// Waits for what a background task brings about.
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    let mut look = tokio::time::interval(Duration::from_millis(10));
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        look.tick().await;
    }
}

async fn assert_new_life_reads(redis: &TestRedis, expected: &HashMap<AccountId, LivePosition>) {
    let again = open(redis).await;
    assert_same(&again.snapshot(), expected);
    again.close().await;
}

#[tokio::test]
async fn removed_stay_removed_after_a_restart() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    put_many(&live, 20, 1);
    assert!(live.flush(PATIENCE).await);
    live.remove(staff(3));
    let expected = index_of(&live);
    live.close().await;
    assert_eq!(expected.len(), 19);
    assert_new_life_reads(&redis, &expected).await;
}

#[tokio::test]
async fn a_removal_by_the_next_life_reaches_redis() {
    let redis = TestRedis::start();
    let first = open(&redis).await;
    put_many(&first, 5, 1);
    first.close().await;
    let second = open(&redis).await;
    second.remove(staff(0));
    let expected = index_of(&second);
    second.close().await;
    assert_new_life_reads(&redis, &expected).await;
}

async fn killed_and_back_empty_is_filled_again(make: Make) {
    let mut redis = TestRedis::of(make);
    let live = open(&redis).await;
    put_many(&live, 200, 1);
    assert!(live.flush(PATIENCE).await);
    redis.kill();
    // Some move, most stand still: those must be written again too, and their cells named again.
    put_many(&live, 50, 2);
    until("the loss is seen", || live.health() == Health::RedisDown).await;
    assert_eq!(live.nearest(at(37.45, 127.0), 1, |_| true).len(), 1, "the index answers");
    until("the wait is counted", || live.lag_ms() > 0).await;
    redis.come();
    assert!(live.flush(PATIENCE).await, "redis is written to again");
    let expected = index_of(&live);
    until("everybody is back", || redis.records().len() == expected.len()).await;
    live.close().await;
    assert_new_life_reads(&redis, &expected).await;
}

#[tokio::test]
async fn the_queue_is_bounded_by_the_staff_while_redis_is_away() {
    let mut redis = TestRedis::start();
    let live = open(&redis).await;
    redis.kill();
    for seq in 0..1_000 {
        put_many(&live, 10, seq);
    }
    assert_eq!(live.len(), 10);
    assert!(live.behind() <= 10);
}

#[tokio::test]
async fn redis_absent_at_the_start_is_read_when_it_comes() {
    let mut redis = TestRedis::start();
    let earlier = open(&redis).await;
    put_many(&earlier, 10, 5);
    earlier.close().await;
    // The same content, out of reach for a while: behind a port that nobody listens on yet.
    let content = redis.dump();
    redis.kill();
    let live = open(&redis).await;
    assert_eq!(live.health(), Health::RedisDown);
    live.put(staff(0), 0, fix(at(37.60, 127.0), 2, 1));
    live.put(staff(99), 99, fix(at(37.61, 127.0), 1, 1));
    redis.come_with(&content);
    assert!(live.flush(PATIENCE).await);
    assert_eq!(live.len(), 11);
    assert_eq!(live.last_fix(staff(0)).unwrap().session_epoch, 2, "the later fix stands");
    let expected = index_of(&live);
    live.close().await;
    assert!(redis.records().values().all(|keys| keys.len() == 1));
    assert_new_life_reads(&redis, &expected).await;
}

async fn emptied_under_a_quiet_connection_is_filled_again(make: Make) {
    let redis = TestRedis::of(make);
    let live = open(&redis).await;
    put_many(&live, 30, 1);
    assert!(live.flush(PATIENCE).await);
    let () = ::redis::cmd("FLUSHALL").query(&mut redis.raw()).unwrap();
    until("everybody is back", || redis.records().len() == 30).await;
    live.close().await;
}

#[tokio::test]
async fn what_others_wrote_is_skipped() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    put_many(&live, 3, 1);
    live.close().await;
    let mut raw = redis.raw();
    let key = redis.records().into_values().next().unwrap().remove(0);
    let foreign: [(&[u8], &[u8]); 4] =
        [(b"short", b"x"), (&[1; 16], b""), (&[2; 16], &[0xff; LEN]), (&[3; 17], &[1; LEN])];
    for (field, value) in foreign {
        let () = ::redis::cmd("HSET").arg(&key).arg(field).arg(value).query(&mut raw).unwrap();
    }
    let others: [&[u8]; 5] = [b"not a tag", &[0xfe, 0xff], b"+01234", b"3fffff", b"1cc387"];
    let () = ::redis::cmd("SADD").arg("dh:tags").arg(&others[..]).query(&mut raw).unwrap();
    let () = ::redis::cmd("SET").arg("dh:{1cc387}").arg("a string").query(&mut raw).unwrap();
    // Nor is what others say on the channels.
    let said = |message: &[u8]| {
        let () = ::redis::cmd("SPUBLISH").arg(&key).arg(message).query(&mut redis.raw()).unwrap();
    };
    let again = open(&redis).await;
    for message in [&b""[..], b"x", &[1; 18], &[1; 62], &[9; 17]] {
        said(message);
    }
    let () = ::redis::cmd("SPUBLISH").arg("dh:tags").arg("no tag").query(&mut redis.raw()).unwrap();
    again.put(staff(0), 0, fix(at(37.45, 127.0), 1, 2));
    assert!(again.flush(PATIENCE).await);
    let expected = index_of(&again);
    again.close().await;
    assert_eq!(expected.len(), 3);
    assert_new_life_reads(&redis, &expected).await;
}

#[tokio::test]
async fn a_key_of_the_wrong_type_holds_nobody_else_up() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    live.put(staff(1), 1, fix(at(37.5, 127.0), 1, 1));
    assert!(live.flush(PATIENCE).await);
    let mut raw = redis.raw();
    let key = redis.records().into_values().next().unwrap().remove(0);
    let () = ::redis::cmd("DEL").arg(&key).query(&mut raw).unwrap();
    let () = ::redis::cmd("SET").arg(&key).arg("theirs").query(&mut raw).unwrap();
    live.put(staff(1), 1, fix(at(37.5, 127.0), 1, 2));
    live.put(staff(2), 2, fix(at(35.1, 129.0), 1, 1));
    assert!(live.flush(PATIENCE).await);
    until("redis is up", || live.health() == Health::RedisUp).await;
    let () = ::redis::cmd("DEL").arg(&key).query(&mut raw).unwrap();
    assert_eq!(redis.records().len(), 1, "the other one was written");
    live.close().await;
}

#[tokio::test]
async fn of_two_records_the_later_counts_and_the_other_is_deleted() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    live.put(staff(1), 1, fix(at(37.60, 127.0), 1, 1));
    assert!(live.flush(PATIENCE).await);
    let old_key = redis.records().into_values().next().unwrap().remove(0);
    let old_value = pack(&placed(1, fix(at(37.60, 127.0), 1, 1)), 0);
    live.put(staff(1), 1, fix(at(35.1, 129.0), 1, 2));
    live.close().await;
    // As after a death between the new record and the dropping of the old one under another tag.
    let field = staff(1).0.as_bytes().to_vec();
    let () = ::redis::cmd("HSET").arg(&old_key).arg(&field).arg(&old_value[..]).query(&mut redis.raw()).unwrap();
    assert_eq!(redis.records()[&field].len(), 2);
    let again = open(&redis).await;
    assert_eq!(again.last_fix(staff(1)).unwrap().seq, 2);
    assert!(again.flush(PATIENCE).await);
    assert_eq!(redis.records()[&field].len(), 1);
    assert_ne!(redis.records()[&field][0], old_key);
    again.close().await;
}

#[tokio::test]
async fn a_record_from_the_future_is_neither_read_nor_kept() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    let now_ms = Env::system().now().0;
    live.put(staff(1), 1, Fix { taken_at_ms: now_ms + 3_600_000, ..fix(at(37.5, 127.0), 1, 1) });
    live.close().await;
    let again = open(&redis).await;
    assert!(again.is_empty());
    assert!(again.flush(PATIENCE).await);
    assert!(redis.records().is_empty());
    again.close().await;
}

#[tokio::test]
async fn nothing_of_a_rider_is_in_redis() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    live.put_rider(staff(1), fix(at(37.5, 127.0), 1, 1));
    live.remove(staff(1));
    live.close().await;
    assert!(redis.records().is_empty());
}

#[tokio::test]
async fn a_bad_url_or_password_is_an_error_that_does_not_repeat_it() {
    let redis = TestRedis::start();
    let () = ::redis::cmd("CONFIG").arg("SET").arg("requirepass").arg("right").query(&mut redis.raw()).unwrap();
    let with_password = redis.full_url().replace("redis://", "redis://:wrong-secret@");
    for (url, expected) in [("http://u:wrong-secret@x", LiveError::BadUrl("")), (&with_password, LiveError::Refused)] {
        let error = Live::redis(url, PREFIX, &Env::system()).await.err().expect("refused");
        assert_eq!(std::mem::discriminant(&error), std::mem::discriminant(&expected), "{error}");
        assert!(!format!("{error} {error:?}").contains("wrong-secret"));
    }
}

#[test]
fn a_record_reads_back_as_written_rounded_up_to_a_metre() {
    let written = Fix { accuracy_m: 12.2, kind: FixKind::Tower, ..fix(at(-37.5, -127.25), u32::MAX, 7) };
    let bytes = pack(&placed(4_000_000_000, written), 5_000);
    assert_eq!(unpack(staff(1), &bytes, 5_000), Some(placed(4_000_000_000, Fix { accuracy_m: 13.0, ..written })));
    let layout = [0x22, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 7, 0, 13, 0xee, 0x6b, 0x28, 0x00];
    assert_eq!(bytes[..15], layout, "the layout is fixed: other versions and the functions in Redis read it");
    let gone = Standing::Gone { order: (u32::MAX, 7), taken_at_ms: written.taken_at_ms };
    let bytes = pack(&gone, 5_000);
    assert_eq!((bytes[0], &bytes[9..23]), (0x2f, &[0; 14][..]), "of who is gone no place is told");
    assert_eq!(unpack(staff(1), &bytes, 5_000), Some(gone));
}

#[test]
fn no_bytes_make_unpacking_panic() {
    let seed = 11;
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let mut valid = 0;
    for _ in 0..100_000 {
        let mut bytes: Vec<u8> = (0..27 + dice.roll(5)).map(|_| dice.roll(256) as u8).collect();
        bytes[0] = 0x10 + dice.roll(48) as u8;
        valid += usize::from(unpack(staff(1), &bytes, 0).is_some());
    }
    assert!((1..50_000).contains(&valid), "{valid}");
}

#[tokio::test]
async fn a_tag_that_nobody_writes_to_any_more_is_forgotten_by_redis_itself() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    live.put(staff(1), 1, fix(at(37.5, 127.0), 1, 1));
    live.close().await;
    let key = redis.records().into_values().next().unwrap().remove(0);
    let ttl = || -> i64 { ::redis::cmd("TTL").arg(&key).query(&mut redis.raw()).unwrap() };
    assert!((3_500..=3_600).contains(&ttl()), "{}", ttl());
    let () = ::redis::cmd("PERSIST").arg(&key).query(&mut redis.raw()).unwrap();
    let again = open(&redis).await;
    again.put(staff(1), 1, fix(at(37.5, 127.0), 1, 2));
    again.close().await;
    assert!((3_500..=3_600).contains(&ttl()), "the next life does not rely on the last one");
}

#[tokio::test]
async fn a_redis_that_will_not_tell_is_not_taken_for_an_empty_one() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    put_many(&live, 3, 1);
    live.close().await;
    let expected = index_of(&live);
    let acl = |rule: &str| {
        let mut set = ::redis::cmd("ACL");
        set.arg("SETUSER").arg("some").arg("on").arg(">word").arg("~*").arg("&*").arg("+@all").arg(rule);
        let () = set.query(&mut redis.raw()).unwrap();
    };
    acl("-hscan");
    let url = redis.full_url().replace("redis://", "redis://some:word@");
    let again = Live::redis(&url, PREFIX, &Env::system()).await.unwrap();
    assert!(again.is_empty() && again.health() == Health::RedisDown, "{:?}", again.health());
    acl("+hscan");
    until("read when it tells", || again.health() == Health::RedisUp).await;
    assert_same(&again.snapshot(), &expected);
    again.close().await;
}

#[tokio::test]
async fn what_a_strangers_key_keeps_out_is_not_dropped_where_it_was() {
    let redis = TestRedis::start();
    let (live, other) = (open(&redis).await, open(&redis).await);
    live.put(staff(1), 1, fix(at(35.1, 129.0), 1, 1));
    live.put(staff(2), 2, fix(at(37.5, 127.0), 1, 1));
    assert!(live.flush(PATIENCE).await);
    let records = redis.records();
    let (here, there) = (&records[staff(1).0.as_bytes().as_slice()], &records[staff(2).0.as_bytes().as_slice()]);
    let () = ::redis::cmd("SET").arg(&here[0]).arg("theirs").query(&mut redis.raw()).unwrap();
    live.put(staff(2), 2, fix(at(35.1, 129.0), 1, 2));
    // Heard all the same, by the feed.
    until("heard", || other.last_fix(staff(2)).is_some_and(|fix| fix.seq == 2)).await;
    assert!(live.flush(PATIENCE).await);
    let () = ::redis::cmd("DEL").arg(&here[0]).query(&mut redis.raw()).unwrap();
    assert_eq!(redis.records()[staff(2).0.as_bytes().as_slice()], *there, "the old record is better than none");
    // The key is free: the loss is seen, and everybody of the tag is written, and dropped elsewhere.
    until("written where it was kept out", || {
        let records = redis.records();
        records.len() == 2 && records.values().all(|keys| keys == here)
    })
    .await;
    live.close().await;
    other.close().await;
}

#[tokio::test]
async fn a_strangers_key_in_the_place_of_the_set_of_tags_is_said_by_whoever_cannot_know_the_others() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    live.put(staff(1), 1, fix(at(35.1, 129.0), 1, 1));
    assert!(live.flush(PATIENCE).await);
    let () = ::redis::cmd("SET").arg("dh:tags").arg("theirs").query(&mut redis.raw()).unwrap();
    let other = open(&redis).await;
    assert!(other.is_empty() && other.health() == Health::RedisDown, "{:?}", other.health());
    until("said by who was there before", || live.health() == Health::RedisDown).await;
    let () = ::redis::cmd("DEL").arg("dh:tags").query(&mut redis.raw()).unwrap();
    until("whole again", || other.len() == 1 && [&live, &other].iter().all(|l| l.health() == Health::RedisUp)).await;
    live.close().await;
    other.close().await;
}

#[tokio::test]
async fn a_set_of_tags_that_is_lost_alone_is_made_anew() {
    let redis = TestRedis::start();
    let live = open(&redis).await;
    put_many(&live, 3, 1);
    assert!(live.flush(PATIENCE).await);
    let () = ::redis::cmd("DEL").arg("dh:tags").query(&mut redis.raw()).unwrap();
    until("named again", || {
        let named: Vec<String> = ::redis::cmd("SMEMBERS").arg("dh:tags").query(&mut redis.raw()).unwrap();
        !named.is_empty()
    })
    .await;
    let expected = index_of(&live);
    live.close().await;
    assert_new_life_reads(&redis, &expected).await;
}

#[tokio::test]
async fn another_database_of_the_same_redis_is_another_world() {
    let redis = TestRedis::start();
    let () = ::redis::cmd("ACL").arg(&["SETUSER", "donghaeng", "+select"]).query(&mut redis.raw()).unwrap();
    let url = |db: u32| format!("{}{db}", redis.url());
    let a = Live::redis(&url(0), PREFIX, &Env::system()).await.unwrap();
    let b = Live::redis(&url(1), PREFIX, &Env::system()).await.unwrap();
    let c = Live::redis(&url(1), PREFIX, &Env::system()).await.unwrap();
    a.put(staff(1), 1, fix(at(37.5, 127.0), 1, 1));
    b.put(staff(2), 2, fix(at(37.5, 127.0), 1, 1));
    until("their own", || c.len() == 1).await;
    assert!(a.flush(PATIENCE).await && b.flush(PATIENCE).await);
    assert_eq!((a.len(), b.len(), c.last_fix(staff(2)).is_some()), (1, 1, true));
    for live in [a, b, c] {
        live.close().await;
    }
}
