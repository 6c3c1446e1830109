//! Owns one hard rule: a promise is not made on a trip that still has long to go.

use super::{Audience, Candidate, Context, Rule, Violation, limits};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "free_too_late",
    ko: "지금 동행이 10분 안에 끝나지 않습니다",
    en: "the present trip has more than 10 min to go",
    source: "docs/adr/0014",
    audience: Audience::Supervisors,
    check,
};

/// Fires when the present trip, the parting included, ends later than the limit.
pub fn check(candidate: &Candidate<'_>, _: &Context<'_>) -> Result<(), Violation> {
    RULE.require(candidate.after.is_none_or(|after| after.free_in_ms <= limits::NEXT_WITHIN_S * 1_000))
}
