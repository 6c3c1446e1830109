//! Owns one hard rule: a cell-tower circle is not a place to send somebody from.

use super::{Audience, Candidate, Context, Rule, Violation, limits};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "coarse_fix",
    ko: "위치 오차가 너무 큽니다 (500 m 초과)",
    en: "position error above 500 m",
    source: "product row 9",
    audience: Audience::Supervisors,
    check,
};

/// Fires when the error circle is wider than the limit or not a number. Without a fix `stale_fix` speaks.
pub fn check(candidate: &Candidate<'_>, _: &Context<'_>) -> Result<(), Violation> {
    RULE.require(candidate.fix.is_none_or(|fix| (0.0..=limits::FIX_ACCURACY_M_MAX).contains(&fix.accuracy_m)))
}
