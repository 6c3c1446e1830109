//! Owns who may go and what it costs: one rule per file, listed in [`RULES`] and [`PREFERENCES`]. Who goes in the end is
//! `assign`'s choice among those without a violation. Holds no state; `docs/POLICY.md` is written from these lists.
//!
//! Every hard rule is asked, so a supervisor sees all reasons and not the first.

pub mod limits;

pub mod agency_not_consented;
pub mod busy;
pub mod certificate_expired;
pub mod coarse_fix;
pub mod conflict_wall;
pub mod declined_before;
pub mod free_too_late;
pub mod gender_rule;
pub mod hours_exhausted;
pub mod next_taken;
pub mod off_shift;
pub mod rest_due;
pub mod shift_ends_before;
pub mod stale_fix;
pub mod supporter_above_grade;
pub mod too_far;
pub mod unreachable;

pub mod comes_after;
pub mod known_face;
pub mod pickup_eta;
pub mod straight_line;

mod cost;
mod facts;
mod rule;

pub use cost::{cost_floor, felt_cost};
pub use facts::{After, Candidate, Context, DutyRun, FixFacts};
pub use rule::{Audience, Preference, Rule, Verdict, Violation};

/// Every hard rule, in the order in which a supervisor reads them: the person, the rider's terms, the clock, the way.
pub const RULES: &[Rule] = &[
    off_shift::RULE,
    stale_fix::RULE,
    coarse_fix::RULE,
    busy::RULE,
    next_taken::RULE,
    free_too_late::RULE,
    declined_before::RULE,
    conflict_wall::RULE,
    agency_not_consented::RULE,
    supporter_above_grade::RULE,
    gender_rule::RULE,
    certificate_expired::RULE,
    shift_ends_before::RULE,
    hours_exhausted::RULE,
    rest_due::RULE,
    unreachable::RULE,
    too_far::RULE,
];

/// Every preference. Their sum in milliseconds is what a pickup is felt to take; [`felt_cost`] makes the cost of it.
pub const PREFERENCES: &[Preference] =
    &[pickup_eta::PREFERENCE, known_face::PREFERENCE, straight_line::PREFERENCE, comes_after::PREFERENCE];

/// What a company is told in place of the code of a rule that only the centre may read.
pub const NOT_FOR_THIS_TRIP: &str = "not_for_this_trip";

/// The rule of that code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// What all rules say of one staff member for one trip.
pub fn verdict(candidate: &Candidate<'_>, context: &Context<'_>) -> Verdict {
    let violations = RULES.iter().filter_map(|rule| (rule.check)(candidate, context).err()).collect();
    let felt_ms = PREFERENCES.iter().map(|p| (p.felt_ms)(candidate, context)).sum();
    Verdict { violations, cost: felt_cost(felt_ms) }
}

#[cfg(test)]
mod agency_not_consented_tests;
#[cfg(test)]
mod busy_tests;
#[cfg(test)]
mod certificate_expired_tests;
#[cfg(test)]
mod coarse_fix_tests;
#[cfg(test)]
mod comes_after_tests;
#[cfg(test)]
mod conflict_wall_tests;
#[cfg(test)]
mod cost_tests;
#[cfg(test)]
mod declined_before_tests;
#[cfg(test)]
mod free_too_late_tests;
#[cfg(test)]
mod gender_rule_tests;
#[cfg(test)]
mod hours_exhausted_tests;
#[cfg(test)]
mod known_face_tests;
#[cfg(test)]
mod mod_tests;
#[cfg(test)]
mod next_taken_tests;
#[cfg(test)]
mod off_shift_tests;
#[cfg(test)]
mod pickup_eta_tests;
#[cfg(test)]
mod rest_due_tests;
#[cfg(test)]
mod shift_ends_before_tests;
#[cfg(test)]
mod stale_fix_tests;
#[cfg(test)]
mod straight_line_tests;
#[cfg(test)]
mod supporter_above_grade_tests;
#[cfg(test)]
mod too_far_tests;
#[cfg(test)]
mod unreachable_tests;
