//! Owns one hard rule: one trip per staff member at a time, and a second one only to go on to.

use super::{Audience, Candidate, Context, Rule, Violation};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "busy",
    ko: "다른 동행을 맡고 있거나 제안에 응답 중입니다",
    en: "on another trip or answering an offer",
    source: "product rows 1 and 3; docs/adr/0014",
    audience: Audience::Supervisors,
    check,
};

/// Fires when they hold an offer or belong to a crew; but not of somebody with their rider of whom it is known when they are free,
/// for a trip that is for now: they may be asked for it as their next duty, with a travel time that begins when they are free.
pub fn check(candidate: &Candidate<'_>, context: &Context<'_>) -> Result<(), Violation> {
    let in_turn = |free_in_ms| candidate.eta_ms().is_none_or(|eta_ms| eta_ms >= free_in_ms);
    let may_follow = candidate.after.is_some_and(|after| in_turn(after.free_in_ms)) && context.trip.pickup_at.is_none();
    RULE.require(may_follow || !candidate.busy && candidate.after.is_none())
}
