//! Owns the proof that nobody not yet found could make the plan better, or says for which trips to look further. Never "the
//! nearest k": a fixed k silently loses crews when staff are short.
//!
//! **The argument.** Take the groups of trips that share candidates.
//! - A group whose trips are all crewed has as many crews as it can. Its prices (see `prices`) show the cost to be least among the
//!   candidates found. Somebody not found for trip `t` costs at least `unseen_cost_min(t)` and has a price of at most 0; or is a
//!   candidate of another trip only, and has a price below 0. So if `unseen_cost_min(t) ≥ u(t)`, the inequality of the proof holds for
//!   them too, and no pairing with them lowers the cost. With a free crew at hand `u(t)` is just the cost of its slowest member.
//! - In a group with a trip left over, more staff for *any* of its trips could free a crew, so every one that has unseen
//!   staff is widened. When none has, the group's answer stands: trips of other groups could only take staff away from it.
//!
//! An engine widens, solves again and asks again. When staff are short this ends at the search bound, and only then is "nobody can
//! come" true.

use super::group::{Problem, Row};
use super::slots::Filled;
use super::{AssignTrip, Crew, Plan, prices};
use crate::model::TripId;
use std::collections::BTreeMap;

/// What is known of a plan's worth among all staff, found or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widening {
    /// Trips that need more candidates before anything is proven, in input order. Empty: looking further is of no use.
    pub more: Vec<TripId>,
    /// The plan is best by the objective, whoever has not been found. Stays false where `Plan::exact` is false.
    pub optimal: bool,
}

/// Judges the plan that `solve` made of these trips.
pub fn widen(trips: &[AssignTrip], plan: &Plan) -> Widening {
    let problem = Problem::new(trips);
    let crews: BTreeMap<TripId, &Crew> = plan.crews.iter().map(|crew| (crew.trip, crew)).collect();
    let filled: Vec<Option<Filled>> =
        trips.iter().map(|trip| crews.get(&trip.trip).map(|crew| members(&problem, crew))).collect();
    let mut more: Vec<usize> = Vec::new();
    let mut optimal = plan.exact;
    for group in problem.groups(0..trips.len()) {
        let rows: Vec<&Row> = group.iter().map(|row| &problem.rows[*row]).collect();
        let whole: Option<Vec<Filled>> = group.iter().map(|row| filled[*row].clone()).collect();
        let Some(whole) = whole else {
            more.extend(group.iter().filter(|row| needs_staff(&trips[**row], None)));
            continue;
        };
        match prices::worths(&rows, &whole) {
            Some(worths) => more.extend(
                group
                    .iter()
                    .zip(worths)
                    .filter(|(row, worth)| needs_staff(&trips[**row], Some(*worth)))
                    .map(|(row, _)| row),
            ),
            None => optimal = false,
        }
    }
    more.sort_unstable();
    Widening { optimal: optimal && more.is_empty(), more: more.into_iter().map(|row| trips[row].trip).collect() }
}

/// Whether staff not found could matter to a trip whose next choice is worth so much; `None` is without limit.
fn needs_staff(trip: &AssignTrip, worth: Option<i64>) -> bool {
    trip.slots > 0 && trip.unseen_cost_min.is_some_and(|cost_min| worth.is_none_or(|worth| cost_min < worth))
}

/// The new members in the solver's numbers, with the costs of the problem.
fn members(problem: &Problem, crew: &Crew) -> Filled {
    let number = |staff| problem.staff.binary_search(staff).ok();
    crew.added.iter().filter_map(|choice| Some((number(&choice.staff)?, choice.cost))).collect()
}
