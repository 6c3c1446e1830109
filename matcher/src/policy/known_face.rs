//! Owns one preference: the rider would rather see a face they know, but not at any price. It has two ceilings, and none of it
//! counts once a human owns the trip: then the soonest goes.

use super::{Candidate, Context, Preference, limits};

/// The preference as data.
pub const PREFERENCE: Preference = Preference {
    code: "known_face",
    ko: "이용자와 동행한 적이 있으면 우선 (최대 2분, 이동 시간의 3분의 1까지)",
    en: "has escorted this rider before: counts as up to 2 min sooner, never more than a third of the ETA",
    source: "product row 12",
    felt_ms,
};

/// Minus the bonus for a known face, else 0.
pub fn felt_ms(candidate: &Candidate<'_>, context: &Context<'_>) -> i64 {
    let counts = context.trip.escalated_at.is_none() && context.trip.rules.known.contains(&candidate.staff.id);
    if counts { -bonus_ms(candidate.eta_ms().unwrap_or(0)) } else { 0 }
}

/// The most a known face gains at that ETA, milliseconds. The ETA less the bonus still grows with the ETA.
pub(super) fn bonus_ms(eta_ms: i64) -> i64 {
    (eta_ms / limits::KNOWN_FACE_ETA_PART).min(limits::KNOWN_FACE_MS_MAX)
}
