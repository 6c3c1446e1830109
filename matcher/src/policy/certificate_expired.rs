//! Owns one hard rule: no ticket, no job, and the ticket must last to the end.

use super::{Audience, Candidate, Context, Rule, Violation};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "certificate_expired",
    ko: "자격이 동행 종료 전에 만료됩니다",
    en: "a certificate runs out before the trip would end",
    source: "product row 18",
    audience: Audience::Supervisors,
    check,
};

/// Fires when a certificate is not valid up to the expected end, or is over now.
pub fn check(candidate: &Candidate<'_>, context: &Context<'_>) -> Result<(), Violation> {
    let needed_until = candidate.expected_end(context).unwrap_or(context.now);
    RULE.require(candidate.staff.certified_until >= needed_until)
}
