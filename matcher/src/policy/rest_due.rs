//! Owns one hard rule: who has gone from duty to duty for hours rests before the next one. It is not the recess that the law gives,
//! which is the employer's to see to ([`limits::REST_S`]).

use super::{Audience, Candidate, Context, Rule, Violation, limits};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "rest_due",
    ko: "30분 휴식 없이 동행이 4시간을 넘게 됩니다",
    en: "duties would pass 4 h without a rest of 30 min",
    source: "product row 18; length: Labour Standards Act, article 54 (1), whose recess it does not replace",
    audience: Audience::Supervisors,
    check,
};

/// Fires when the expected end lies too long after the first duty since the last rest. A first trip may be as long as it is.
pub fn check(candidate: &Candidate<'_>, context: &Context<'_>) -> Result<(), Violation> {
    let (Some(run), Some(end)) = (candidate.run, candidate.expected_end(context)) else { return Ok(()) };
    let has_rested = run.idle_since.is_some_and(|since| context.now.since_ms(since) >= limits::REST_S * 1_000);
    RULE.require(has_rested || end.since_ms(run.since) <= limits::DUTIES_S_MAX * 1_000)
}
