//! Owns one hard rule: the rider chose which agencies may come.

use super::{Audience, Candidate, Context, Rule, Violation};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "agency_not_consented",
    ko: "이용자가 동의하지 않은 업체입니다",
    en: "the rider has not consented to this agency",
    source: "product row 17; grant",
    audience: Audience::Centre,
    check,
};

/// Fires when the rider named agencies and theirs is not among them.
pub fn check(candidate: &Candidate<'_>, context: &Context<'_>) -> Result<(), Violation> {
    let agencies = &context.trip.rules.agencies;
    RULE.require(agencies.is_empty() || agencies.contains(&candidate.staff.agency))
}
