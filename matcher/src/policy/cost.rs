//! Owns the curve from felt milliseconds to cost, and the least cost somebody not yet found could have. Which milliseconds are
//! felt is the preferences' business.
//!
//! **Why a curve.** The rider waits for the slowest member of a crew, but an assignment solver adds costs up member by member.
//! A convex cost is the middle way: at a felt ETA of ten minutes the next second counts three times as much as at none, so
//! of two crews with the same sum the more even one, whose slowest is sooner, is cheaper.

use super::{known_face, limits};

/// Cost of a pickup felt to take so many milliseconds: `m + m²/DOUBLING_MS`. Grows strictly from 0 at 0; below 0 is 0.
pub const fn felt_cost(felt_ms: i64) -> i64 {
    let m = if felt_ms < 0 {
        0
    } else if felt_ms > FELT_MS_MAX {
        FELT_MS_MAX
    } else {
        felt_ms
    };
    m + m * m / limits::DOUBLING_MS
}

/// Felt time above which cost stops growing, milliseconds: two days, so that the square stays far from overflow.
const FELT_MS_MAX: i64 = 2 * 86_400_000;

/// The least cost of a candidate whose pickup ETA is at least `eta_s`: on a road, a known face. Rounded down, never negative.
///
/// `None` when nobody that far off may go at all. This is what makes "nobody better is out there" a proof.
pub fn cost_floor(eta_s: f32) -> Option<i64> {
    let eta_ms = (f64::from(eta_s.max(0.0)) * 1_000.0).floor() as i64;
    let allowed = eta_ms <= limits::PICKUP_ETA_S_MAX * 1_000;
    allowed.then(|| felt_cost(eta_ms - known_face::bonus_ms(eta_ms)))
}
