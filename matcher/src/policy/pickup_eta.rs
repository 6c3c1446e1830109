//! Owns one preference: the sooner by road, the better. It is the base the others are measured against.

use super::{Candidate, Context, Preference};

/// The preference as data.
pub const PREFERENCE: Preference = Preference {
    code: "pickup_eta",
    ko: "도로 이동 시간이 짧을수록 우선",
    en: "the sooner by road, the better",
    source: "product row 6",
    felt_ms,
};

/// The ETA itself; 0 without one, where the verdict is a violation anyway.
pub fn felt_ms(candidate: &Candidate<'_>, _: &Context<'_>) -> i64 {
    candidate.eta_ms().unwrap_or(0)
}
