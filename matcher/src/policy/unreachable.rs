//! Owns one hard rule: who comes is decided by road, never by straight line.

use super::{Audience, Candidate, Context, Rule, Violation};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "unreachable",
    ko: "도로 경로를 찾을 수 없습니다",
    en: "no way by road was found",
    source: "product row 6",
    audience: Audience::Supervisors,
    check,
};

/// Fires without an ETA, with one that is no time, or with a straight-line one where a road would have told.
pub fn check(candidate: &Candidate<'_>, _: &Context<'_>) -> Result<(), Violation> {
    let believed = candidate.eta.is_some_and(|eta| eta.source.by_road() || candidate.off_road);
    RULE.require(believed && candidate.eta_ms().is_some())
}
