//! Owns one hard rule: a gender the rider asked for is a hard rule, and only if asked.

use super::{Audience, Candidate, Context, Rule, Violation};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "gender_rule",
    ko: "이용자가 요청한 성별이 아닙니다",
    en: "not the gender the rider asked for",
    source: "product: riders of any gender; crew rules of the grant",
    audience: Audience::Centre,
    check,
};

/// Fires when the rider asked for a gender and theirs is another or not stated.
pub fn check(candidate: &Candidate<'_>, context: &Context<'_>) -> Result<(), Violation> {
    RULE.require(context.trip.rules.gender.is_none_or(|asked| candidate.staff.gender == Some(asked)))
}
