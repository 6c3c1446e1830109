//! Owns one preference: a straight-line ETA is a guess and is priced as one.

use super::{Candidate, Context, Preference, limits};
use geo::EtaSource;

/// The preference as data.
pub const PREFERENCE: Preference = Preference {
    code: "straight_line",
    ko: "직선거리로 추정한 시간은 2분과 절반을 더해 계산",
    en: "an ETA guessed by straight line counts as half as long again and 2 min more",
    source: "product row 6",
    felt_ms,
};

/// The surcharge for a guess, else 0.
pub fn felt_ms(candidate: &Candidate<'_>, _: &Context<'_>) -> i64 {
    let guessed = candidate.eta.is_some_and(|eta| eta.source == EtaSource::Straight);
    if guessed { limits::STRAIGHT_LINE_MS + candidate.eta_ms().unwrap_or(0) / 2 } else { 0 }
}
