//! Redis's clock is set, or one with another clock has taken its place: what stands in Redis is then from another time than it was. Nobody
//! is lost by that, nobody looks fresher, and what is known of anybody stands in Redis again as old as it is.

use super::super::contract::{PATIENCE, at, fix, staff};
use super::super::index::Standing;
use super::super::{Live, LivePosition};
use super::packed::{pack, unpack};
use super::redis_tests::{index_of, until};
use super::test_server::{Make, TestRedis, on_both};
use crate::clock::Env;
use geo::Fix;
use matcher::model::AccountId;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Phones of each of two nodes.
const PHONES: u64 = 20;
/// Clocks are compared as well as a busy machine lets one.
const NOISE_MS: i64 = 1_200;

async fn open(redis: &TestRedis) -> Live {
    Live::redis(&redis.url(), "dh:", &Env::system()).await.unwrap()
}

async fn reading_often(redis: &TestRedis) -> Live {
    Live::redis_read_every(&redis.url(), "dh:", &Env::system(), Duration::from_millis(300)).await
}

/// Every record, with its key.
fn standing(redis: &TestRedis) -> Vec<(String, AccountId, Standing)> {
    let mut raw = redis.raw();
    let keys: Vec<String> = ::redis::cmd("KEYS").arg("dh:{*}").query(&mut raw).unwrap();
    let mut all = Vec::new();
    for key in keys {
        let fields: Vec<(Vec<u8>, Vec<u8>)> = ::redis::cmd("HGETALL").arg(&key).query(&mut raw).unwrap();
        for (field, value) in fields {
            let Ok(staff) = Uuid::from_slice(&field).map(AccountId) else { continue };
            all.push((key.clone(), staff, unpack(staff, &value, 0).expect("a record")));
        }
    }
    all
}

/// What was written before the clock was set back by so much is from so much later than it says now; set forward, from earlier.
fn set_back(redis: &TestRedis, by_ms: i64) {
    for (key, staff, standing) in standing(redis) {
        let mut set = ::redis::cmd("HSET");
        set.arg(key).arg(&staff.0.as_bytes()[..]).arg(&pack(&standing, by_ms)[..]);
        let () = set.query(&mut redis.raw()).unwrap();
    }
}

/// Whether everybody is in Redis, where they are, and as old as they are.
fn is_right(redis: &TestRedis, model: &HashMap<AccountId, LivePosition>) -> bool {
    let places: Vec<LivePosition> = standing(redis)
        .into_iter()
        .filter_map(|(_, _, standing)| if let Standing::At(at) = standing { Some(at) } else { None })
        .collect();
    let is_as_known = |at: &LivePosition| {
        let known = model[&at.staff].fix;
        known.position == at.fix.position && (known.taken_at_ms - at.fix.taken_at_ms).abs() < NOISE_MS
    };
    places.len() == model.len() && places.iter().all(is_as_known)
}

/// Nobody looks younger than they are.
fn assert_nobody_is_fresher(live: &Live, model: &HashMap<AccountId, LivePosition>, when: &str) {
    for seen in live.snapshot() {
        let by_ms = seen.fix.taken_at_ms - model[&seen.staff].fix.taken_at_ms;
        assert!(by_ms < NOISE_MS, "{when}: somebody looks {by_ms} ms younger");
    }
}

/// Silent people of two nodes, in two tags; one who was removed.
async fn people(a: &Live, b: &Live) -> HashMap<AccountId, LivePosition> {
    let now_ms = Env::system().now().0;
    for who in 0..2 * PHONES {
        let place = if who % 3 == 0 { at(35.1, 129.0) } else { at(37.5, 127.0) };
        let taken_at_ms = now_ms - 10 * who as i64;
        let live = if who < PHONES { a } else { b };
        live.put(staff(who), who as u32, Fix { taken_at_ms, ..fix(place, 1, 1) });
    }
    until("all are seen", || a.len() == 2 * PHONES as usize && b.len() == a.len()).await;
    assert!(a.remove(staff(5)));
    until("one is gone", || b.len() == 2 * PHONES as usize - 1).await;
    assert!(a.flush(PATIENCE).await && b.flush(PATIENCE).await);
    index_of(a)
}

on_both![
    set_back_it_takes_nobody_out_and_everybody_is_put_again_as_old_as_they_are,
    whoever_comes_after_it_was_set_back_hears_of_everybody_from_those_who_know,
    set_forward_it_makes_nobody_fresher_and_takes_nobody_out,
];

async fn set_back_it_takes_nobody_out_and_everybody_is_put_again_as_old_as_they_are(make: Make) {
    // By ten minutes; and by so little that what was wrong in Redis would be from now while the test runs.
    for (by_ms, watched) in [(600_000, Duration::from_secs(1)), (8_000, Duration::from_secs(9))] {
        let redis = TestRedis::of(make);
        let (a, b) = (reading_often(&redis).await, reading_often(&redis).await);
        let model = people(&a, &b).await;
        set_back(&redis, by_ms);
        assert!(!is_right(&redis, &model));
        let begun = Instant::now();
        let mut right_since = None;
        while begun.elapsed() < watched || right_since.is_none() {
            for live in [&a, &b] {
                assert_eq!(live.len(), model.len(), "{by_ms}: somebody is lost");
                assert_nobody_is_fresher(live, &model, "all the time");
            }
            assert!(begun.elapsed() < PATIENCE, "{by_ms}: not put again");
            if right_since.is_none() && is_right(&redis, &model) {
                right_since = Some(begun.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("{by_ms}: put again after {right_since:?}");
        assert!(is_right(&redis, &model));
        let fresh = open(&redis).await;
        assert_eq!(fresh.len(), model.len());
        assert_nobody_is_fresher(&fresh, &model, "read");
        assert!(!fresh.put(staff(5), 5, fix(at(37.5, 127.0), 1, 1)).is_kept(), "the removed stays so");
        for live in [a, b, fresh] {
            live.close().await;
        }
    }
}

async fn whoever_comes_after_it_was_set_back_hears_of_everybody_from_those_who_know(make: Make) {
    let redis = TestRedis::of(make);
    // They read again in minutes only.
    let (a, b) = (open(&redis).await, open(&redis).await);
    let model = people(&a, &b).await;
    set_back(&redis, 600_000);
    let fresh = open(&redis).await;
    until("all are seen", || {
        assert_nobody_is_fresher(&fresh, &model, "heard");
        fresh.len() == model.len()
    })
    .await;
    until("and stand in redis", || is_right(&redis, &model)).await;
    for live in [&a, &b, &fresh] {
        assert_eq!(live.len(), model.len());
    }
    for live in [a, b, fresh] {
        live.close().await;
    }
}

async fn set_forward_it_makes_nobody_fresher_and_takes_nobody_out(make: Make) {
    let redis = TestRedis::of(make);
    let (a, b) = (reading_often(&redis).await, reading_often(&redis).await);
    let model = people(&a, &b).await;
    set_back(&redis, -600_000);
    // Several readings.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let fresh = open(&redis).await;
    for live in [&a, &b, &fresh] {
        assert_eq!(live.len(), model.len());
        assert_nobody_is_fresher(live, &model, "read");
    }
    // Whoever reports is as old as they are, for all.
    let taken_at_ms = Env::system().now().0;
    a.put(staff(0), 0, Fix { taken_at_ms, ..fix(at(35.1, 129.0), 1, 2) });
    until("seen", || {
        [&b, &fresh].iter().all(|live| {
            let fix = live.last_fix(staff(0)).expect("known");
            fix.seq == 2 && (fix.taken_at_ms - taken_at_ms).abs() < NOISE_MS
        })
    })
    .await;
    for live in [a, b, fresh] {
        live.close().await;
    }
}
