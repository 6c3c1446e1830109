//! Owns one hard rule: one trip per staff member at a time.

use super::{Audience, Candidate, Context, Rule, Violation};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "busy",
    ko: "다른 동행을 맡고 있거나 제안에 응답 중입니다",
    en: "on another trip or answering an offer",
    source: "product rows 1 and 3",
    audience: Audience::Supervisors,
    check,
};

/// Fires when they hold an offer or belong to a crew.
pub fn check(candidate: &Candidate<'_>, _: &Context<'_>) -> Result<(), Violation> {
    RULE.require(!candidate.busy)
}
