//! When a reserved trip starts looking for its crew.

use super::{Decision, may_set_out_from, must_go_live};
use crate::model::Timestamp;
use crate::policy::limits::{ASK_S, LEAVE_MARGIN_S, LIVE_WITHOUT_CREW_S, LOOK_AGAIN_S, LOOK_AHEAD_S, PICKUP_ETA_S_MAX};
use proptest::prelude::*;

const PICKUP: Timestamp = Timestamp(1_795_000_000_000);

fn before_s(seconds: i64) -> Timestamp {
    PICKUP.plus_s(-seconds)
}

#[test]
fn whoever_is_asked_because_they_must_leave_may_set_out_at_once() {
    for eta in [0, 60, 600, PICKUP_ETA_S_MAX as u32] {
        let asked = before_s(i64::from(eta) + LEAVE_MARGIN_S + ASK_S);
        assert_eq!(must_go_live(PICKUP, asked, Some(eta)), Decision::GoLiveNow);
        assert!(may_set_out_from(PICKUP, eta) <= asked, "{eta} s away");
        assert!(may_set_out_from(PICKUP, eta) > before_s(2 * LOOK_AHEAD_S), "{eta} s away");
    }
}

#[test]
fn trip_goes_live_when_its_crew_must_be_asked() {
    let eta = 600;
    let live_s = i64::from(eta) + LEAVE_MARGIN_S + ASK_S;
    let cases = [
        (before_s(live_s), Some(eta), Decision::GoLiveNow),
        (Timestamp(before_s(live_s).0 - 1), Some(eta), Decision::LookAgainAt(before_s(live_s))),
        (before_s(LIVE_WITHOUT_CREW_S), None, Decision::GoLiveNow),
        (before_s(LIVE_WITHOUT_CREW_S + 1), None, Decision::LookAgainAt(before_s(LIVE_WITHOUT_CREW_S))),
        (before_s(LOOK_AHEAD_S), Some(eta), Decision::LookAgainAt(before_s(LOOK_AHEAD_S - LOOK_AGAIN_S))),
        (before_s(LOOK_AHEAD_S + 1), Some(u32::MAX), Decision::LookAgainAt(before_s(LOOK_AHEAD_S))),
        (before_s(86_400), None, Decision::LookAgainAt(before_s(LOOK_AHEAD_S))),
        (before_s(-60), None, Decision::GoLiveNow),
    ];
    for (now, eta, decision) in cases {
        assert_eq!(must_go_live(PICKUP, now, eta), decision, "{} s before, {eta:?}", -now.since_ms(PICKUP) / 1_000);
    }
}

proptest! {
    #[test]
    fn looking_again_lies_ahead_and_late_is_never_too_early(
        ahead_s in -600_i64..100_000,
        later_s in 0_i64..5_000,
        eta in prop::option::of(0_u32..4_000),
    ) {
        let now = before_s(ahead_s);
        match must_go_live(PICKUP, now, eta) {
            Decision::LookAgainAt(at) => prop_assert!(at > now && at < PICKUP),
            Decision::GoLiveNow => prop_assert_eq!(must_go_live(PICKUP, now.plus_s(later_s), eta), Decision::GoLiveNow),
        }
    }

    /// Whoever keeps the appointments `LookAgainAt` makes goes live in time for the crew, however its ETA drifts by up to 1 min a look.
    #[test]
    fn kept_appointments_leave_time_to_ask_and_to_come(
        first_eta in 0_u32..PICKUP_ETA_S_MAX as u32 - 300,
        drifts in prop::collection::vec(-30_i64..=60, 80),
    ) {
        let mut now = before_s(90_000);
        let mut eta = i64::from(first_eta);
        for drift in drifts {
            match must_go_live(PICKUP, now, Some(eta as u32)) {
                Decision::LookAgainAt(at) => now = at,
                Decision::GoLiveNow => {
                    prop_assert!(now.plus_s(eta + ASK_S + LEAVE_MARGIN_S - 2 * LOOK_AGAIN_S) <= PICKUP);
                    return Ok(());
                }
            }
            eta = (eta + drift).clamp(0, PICKUP_ETA_S_MAX);
        }
        prop_assert!(false, "never went live");
    }
}
