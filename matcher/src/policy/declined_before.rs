//! Owns one hard rule: nobody is asked twice for the same trip.

use super::{Audience, Candidate, Context, Rule, Violation};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "declined_before",
    ko: "이 동행을 이미 거절했습니다",
    en: "has already declined this trip",
    source: "research: a decline re-enters matching with that pairing removed",
    audience: Audience::Supervisors,
    check,
};

/// Fires after a decline, a drop-out or a release on this trip, and for a while after an offer of it ran out.
pub fn check(candidate: &Candidate<'_>, _: &Context<'_>) -> Result<(), Violation> {
    RULE.require(!candidate.declined)
}
