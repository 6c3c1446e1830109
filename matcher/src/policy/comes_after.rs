//! Owns one preference: of two who would come at about the same time, the one who is free already.

use super::{Candidate, Context, Preference, limits};

/// The preference as data.
pub const PREFERENCE: Preference = Preference {
    code: "comes_after",
    ko: "다른 동행을 마치고 와야 하면 20초 늦은 것으로 봄",
    en: "who must finish another trip first counts as 20 s later",
    source: "docs/adr/0014",
    felt_ms,
};

/// Fixed for whoever would come from another trip.
pub fn felt_ms(candidate: &Candidate<'_>, _: &Context<'_>) -> i64 {
    if candidate.after.is_some() { limits::COMES_AFTER_MS } else { 0 }
}
