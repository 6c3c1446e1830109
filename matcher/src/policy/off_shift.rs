//! Owns one hard rule: nobody is asked outside their shift.

use super::{Audience, Candidate, Context, Rule, Violation};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "off_shift",
    ko: "근무 시간이 아닙니다",
    en: "not on shift",
    source: "product row 18",
    audience: Audience::Supervisors,
    check,
};

/// Fires outside `starts_at..ends_at` of the shift, or without one.
pub fn check(candidate: &Candidate<'_>, context: &Context<'_>) -> Result<(), Violation> {
    let on_shift = candidate.shift.is_some_and(|s| s.starts_at <= context.now && context.now < s.ends_at);
    RULE.require(on_shift)
}
