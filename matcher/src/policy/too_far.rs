//! Owns one hard rule: nobody is sent across half the province without a human saying so.

use super::{Audience, Candidate, Context, Rule, Violation, limits};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "too_far",
    ko: "이동 시간이 45분을 넘습니다",
    en: "more than 45 min away",
    source: "ours: beyond it a human decides",
    audience: Audience::Supervisors,
    check,
};

/// Fires when the pickup ETA is over the limit. Without an ETA `unreachable` speaks.
pub fn check(candidate: &Candidate<'_>, _: &Context<'_>) -> Result<(), Violation> {
    RULE.require(candidate.eta_ms().is_none_or(|eta_ms| eta_ms <= limits::PICKUP_ETA_S_MAX * 1_000))
}
