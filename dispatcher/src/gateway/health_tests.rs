//! What a gateway forgets, and when it does not.

use super::*;
use crate::clock::Env;
use crate::gateway::list::List;
use crate::gateway::upstream::Upstream;
use crate::http::CALLS;
use crate::http::ingest::desk::Desk;
use crate::http::ingest::sources::FIX_RATE;
use crate::http::known::Known;
use crate::http::limit::Buckets;
use crate::live::Live;
use geo::{Fix, FixKind, Position};
use matcher::model::AccountId;
use std::sync::atomic::AtomicU32;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// One that has heard nothing of anybody.
pub(in crate::gateway) fn gateway() -> Gateway {
    let upstream = Upstream::new(&"http://127.0.0.1:1".parse().expect("a url"), None, "a secret");
    Gateway {
        upstream: upstream.expect("an upstream"),
        list: List::default(),
        desk: Desk::default(),
        known: Known::default(),
        live: Arc::new(Live::in_process()),
        env: Env::system(),
        calls: Buckets::new(CALLS),
        device_calls: Buckets::new(FIX_RATE),
        metrics: metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle(),
        drain: CancellationToken::new(),
        ended: CancellationToken::new(),
        sockets: TaskTracker::new(),
        drained: AtomicU32::default(),
    }
}

fn put(gateway: &Gateway, who: u128, taken_at: Timestamp) {
    let position = Position::new(37.5, 127.0).expect("a place");
    let fix = Fix { position, accuracy_m: 8.0, kind: FixKind::Gps, taken_at_ms: taken_at.0, session_epoch: 1, seq: 1 };
    gateway.live.put(AccountId(Uuid::from_u128(who)), 1, fix);
}

#[test]
fn by_a_clock_that_was_put_forward_nobody_is_let_go_before_their_phones_can_have_reported_again() {
    let (gateway, mut upkeep) = (gateway(), Upkeep::default());
    let mut turn = |wall_s: i64, since_s: u64| {
        upkeep.turn(&gateway, NOW.plus_s(wall_s), Duration::from_secs(since_s));
        gateway.live.len()
    };
    put(&gateway, 1, NOW);
    assert_eq!([turn(0, 0), turn(1, 1)], [1, 1]);
    // By five minutes.
    assert_eq!([turn(302, 2), turn(303, 3), turn(361, 61)], [1, 1, 1]);
    put(&gateway, 2, NOW.plus_s(361));
    assert_eq!(turn(362, 62), 1, "who has not reported since is let go in the end");
    assert_eq!([turn(481, 181), turn(482, 182)], [1, 0], "and in time where no clock was set");
}
