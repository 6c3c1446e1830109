//! Owns one hard rule: ten hours of work a day and not a second more.

use super::{Audience, Candidate, Context, Rule, Violation, limits};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "hours_exhausted",
    ko: "하루 10시간 근무 한도를 넘습니다",
    en: "the trip would pass 10 h of work in a day",
    source: "product row 18",
    audience: Audience::Supervisors,
    check,
};

/// Fires when the hours already worked and the shift up to the expected end pass the limit.
pub fn check(candidate: &Candidate<'_>, context: &Context<'_>) -> Result<(), Violation> {
    let (Some(shift), Some(end)) = (candidate.shift, candidate.expected_end(context)) else { return Ok(()) };
    let worked_ms = i64::from(shift.worked_before_s) * 1_000 + end.since_ms(shift.starts_at);
    RULE.require(worked_ms <= limits::WORK_DAY_S_MAX * 1_000)
}
