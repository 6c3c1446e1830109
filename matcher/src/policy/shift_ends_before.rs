//! Owns one hard rule: nobody starts what their shift does not let them finish.

use super::{Audience, Candidate, Context, Rule, Violation, limits};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "shift_ends_before",
    ko: "근무가 동행 종료 전에 끝납니다",
    en: "the shift would end before the trip does",
    source: "product rows 18 and 19",
    audience: Audience::Supervisors,
    check,
};

/// Fires when the expected end and the margin reach past the shift. Without a shift or an ETA other rules speak.
pub fn check(candidate: &Candidate<'_>, context: &Context<'_>) -> Result<(), Violation> {
    let (Some(shift), Some(end)) = (candidate.shift, candidate.expected_end(context)) else { return Ok(()) };
    RULE.require(end.plus_s(limits::SHIFT_END_MARGIN_S) <= shift.ends_at)
}
