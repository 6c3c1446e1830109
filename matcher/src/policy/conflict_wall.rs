//! Owns one hard rule: staff tied to the rider or the accused never come near the trip.

use super::{Audience, Candidate, Context, Rule, Violation};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "conflict_wall",
    ko: "배정할 수 없습니다",
    en: "may not be assigned",
    source: "product row 11",
    audience: Audience::Centre,
    check,
};

/// Fires when the rider is on the staff member's conflict list. The reason shown says nothing of the tie.
pub fn check(candidate: &Candidate<'_>, context: &Context<'_>) -> Result<(), Violation> {
    // Searched in full: a list that lost its order must not open the wall.
    RULE.require(!candidate.staff.conflicts.contains(&context.trip.rider))
}
