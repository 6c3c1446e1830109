//! Owns the moment at which a trip for a later time starts looking for its crew. Finds no crew and reads no clock.

use crate::model::Timestamp;
use crate::policy::limits::{ASK_S, LEAVE_MARGIN_S, LIVE_WITHOUT_CREW_S, LOOK_AGAIN_S, LOOK_AHEAD_S, SET_OUT_EARLY_S};

/// What to do with a reserved trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Start matching.
    GoLiveNow,
    /// Nothing yet; ask again at this instant, which is after `now`.
    LookAgainAt(Timestamp),
}

/// Whether a reserved trip must start matching.
///
/// `eta_of_crew_s` is the pickup ETA of the slowest member of the best crew that could go now, seconds; `None` if no eligible
/// crew is known. It is not looked at before `LOOK_AHEAD_S`, so the caller need not compute it then.
pub fn must_go_live(pickup_at: Timestamp, now: Timestamp, eta_of_crew_s: Option<u32>) -> Decision {
    let look_from = look_from(pickup_at);
    if now < look_from {
        return Decision::LookAgainAt(look_from);
    }
    let live_at = live_at(pickup_at, eta_of_crew_s);
    if now >= live_at {
        return Decision::GoLiveNow;
    }
    // Crews move and finish meanwhile, so the answer may come forward.
    Decision::LookAgainAt(live_at.min(now.plus_s(LOOK_AGAIN_S)))
}

/// From when on a crew is looked for, at the earliest; before, a trip without one is reserved.
pub const fn look_from(pickup_at: Timestamp) -> Timestamp {
    pickup_at.plus_s(-LOOK_AHEAD_S)
}

/// From when on a member whose way takes `eta_s` seconds may set out: [`SET_OUT_EARLY_S`] before they must.
pub fn may_set_out_from(pickup_at: Timestamp, eta_s: u32) -> Timestamp {
    pickup_at.plus_s(-(i64::from(eta_s) + LEAVE_MARGIN_S + SET_OUT_EARLY_S))
}

/// Just after an offer's last instant: then, and not before, it has expired.
pub const fn look_after(expires_at: Timestamp) -> Timestamp {
    Timestamp(expires_at.0 + 1)
}

/// When a crew must be asked so that it can leave in time; with none known, early enough for a human to find one.
fn live_at(pickup_at: Timestamp, eta_of_crew_s: Option<u32>) -> Timestamp {
    let ahead_s = eta_of_crew_s.map_or(LIVE_WITHOUT_CREW_S, |eta_s| i64::from(eta_s) + LEAVE_MARGIN_S + ASK_S);
    pickup_at.plus_s(-ahead_s)
}
