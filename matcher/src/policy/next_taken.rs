//! Owns one hard rule: nobody has more than one trip to go on to.

use super::{Audience, Candidate, Context, Rule, Violation};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "next_taken",
    ko: "다음 동행이 이미 정해져 있습니다",
    en: "another trip is to follow already",
    source: "docs/adr/0014",
    audience: Audience::Supervisors,
    check,
};

/// Fires when they hold an offer, or belong to a crew, for after their present trip.
pub fn check(candidate: &Candidate<'_>, _: &Context<'_>) -> Result<(), Violation> {
    RULE.require(candidate.after.is_none_or(|after| !after.next_taken))
}
