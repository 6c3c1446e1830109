//! Owns one hard rule: an old position is never "here".

use super::{Audience, Candidate, Context, Rule, Violation, limits};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "stale_fix",
    ko: "현재 위치를 알 수 없습니다 (60초 이상 지남)",
    en: "position unknown or older than 60 s",
    source: "product row 9",
    audience: Audience::Supervisors,
    check,
};

/// Fires without a fix, with one older than the limit, or with one from the future.
pub fn check(candidate: &Candidate<'_>, _: &Context<'_>) -> Result<(), Violation> {
    let known = -limits::FIX_AHEAD_MS_MAX..=limits::FIX_AGE_MS_MAX;
    RULE.require(candidate.fix.is_some_and(|fix| known.contains(&fix.age_ms)))
}
