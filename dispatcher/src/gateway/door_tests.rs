//! What a gateway passes on of trackers, which tell times and no ages.

use super::*;
use crate::gateway::health::tests::gateway;
use crate::gateway::wire;
use crate::http::ingest::device::Names;
use geo::FUTURE_MS_MAX;
use tokio::time::Instant;
use uuid::Uuid;

const DEVICE: i64 = 7;

/// A gateway whose clock is ahead of the engine's node's by so much, and somebody at work with a tracker.
fn ahead_by(ahead_ms: i64) -> (Gateway, SignedIn) {
    let gateway = gateway();
    let now = gateway.env.now();
    let there_ms = now.0 - ahead_ms;
    let id = Uuid::from_u128(1);
    let listed = wire::Listed {
        id,
        no: 1,
        from_ms: there_ms - 60_000,
        until_ms: there_ms + 60_000,
        phone: None,
        trackers: vec![(DEVICE, 3)],
        pass: false,
    };
    let told = wire::Told { now_ms: there_ms, hears: true, staff: vec![listed], ..wire::Told::default() };
    // However slow the machine, the list is fresh.
    gateway.list.take(told, Instant::now() + Duration::from_secs(60), now);
    let until_ms = now.0 + 60_000;
    (gateway, signed_in(&wire::Owner { token: DEVICE, account: id, staff: true, until_ms }))
}

#[test]
fn by_a_clock_that_is_not_the_services_no_tracker_is_judged() {
    let passed = |ahead_ms: i64| {
        let (gateway, tracker) = ahead_by(ahead_ms);
        let taken_at_ms = gateway.list.there(gateway.env.now()).0;
        let names = Names(["lat", "lon", "tst"]);
        let told = Told { lat: 37.5, lon: 127.0, acc_m: Some(5.0), by_satellite: false, taken_at_ms, names };
        told_by(&gateway, Door::OwnTracks, &told, &tracker).map(drop)
    };
    for ahead_ms in [-50_000, -FUTURE_MS_MAX, 5_000, 50_000] {
        assert_eq!(passed(ahead_ms), Err("clock"), "{ahead_ms}");
    }
    // All but that was well: it is judged, or would be if this gateway had a Redis.
    for ahead_ms in [-1_000, 0, 1_000] {
        assert_eq!(passed(ahead_ms), Err("redis_away"), "{ahead_ms}");
    }
}
