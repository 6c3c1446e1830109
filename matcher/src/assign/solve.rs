//! Owns the search for the best set of trips to crew. How a given set is crewed is `slots`' work.

use super::group::{Problem, Row};
use super::slots::{Filled, fill};
use super::{AssignTrip, BATCH_TRIPS_MAX, Choice, Crew, EXACT_TRIPS_MAX, Plan, Tier};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Chooses crews. See the module for the objective and for when it is met exactly.
pub fn solve(trips: &[AssignTrip]) -> Plan {
    let mut problem = Problem::new(trips);
    let mut crewed: BTreeMap<usize, Filled> = BTreeMap::new();
    let (done, mut open): (Vec<usize>, Vec<usize>) = (0..trips.len()).partition(|row| problem.rows[*row].slots == 0);
    crewed.extend(done.into_iter().map(|row| (row, Filled::new())));
    open.sort_by_key(|row| urgency(&problem.rows[*row], *row));

    // A later batch chooses from whom the earlier ones left.
    let mut exact = open.len() <= BATCH_TRIPS_MAX;
    for batch in open.chunks(BATCH_TRIPS_MAX) {
        let solved = solve_batch(&problem, batch);
        exact &= solved.exact;
        let taken: BTreeSet<usize> =
            solved.crews.iter().flat_map(|(_, filled)| filled).map(|(staff, _)| *staff).collect();
        for row in &mut problem.rows {
            row.choices.retain(|(staff, _)| !taken.contains(staff));
        }
        crewed.extend(solved.crews);
    }
    plan(trips, &problem, &crewed, exact)
}

fn plan(trips: &[AssignTrip], problem: &Problem, crewed: &BTreeMap<usize, Filled>, exact: bool) -> Plan {
    let mut plan = Plan { exact, ..Plan::default() };
    for (row, trip) in trips.iter().enumerate() {
        match crewed.get(&row) {
            Some(filled) => plan.crews.push(Crew {
                trip: trip.trip,
                kept: trip.kept.clone(),
                added: filled.iter().map(|(s, cost)| Choice { staff: problem.staff[*s], cost: *cost }).collect(),
            }),
            None => plan.left.push(trip.trip),
        }
    }
    plan
}

/// Crews of some rows, by row.
struct Solved {
    crews: Vec<(usize, Filled)>,
    exact: bool,
}

fn solve_batch(problem: &Problem, batch: &[usize]) -> Solved {
    let mut solved = Solved { crews: Vec::new(), exact: true };
    // Who cannot be crewed even alone must not hold others back.
    let possible = batch.iter().copied().filter(|row| problem.rows[*row].choices.len() >= problem.rows[*row].slots);
    let mut possible: Vec<usize> = possible.collect();
    possible.sort_unstable();
    for group in problem.groups(possible) {
        let group_solved = solve_group(problem, &group);
        solved.exact &= group_solved.exact;
        solved.crews.extend(group_solved.crews);
    }
    solved
}

fn solve_group(problem: &Problem, group: &[usize]) -> Solved {
    let rows: Vec<&Row> = group.iter().map(|row| &problem.rows[*row]).collect();
    let first = fill(&rows);
    if is_full(&rows, &first) {
        return Solved { crews: group.iter().copied().zip(first).collect(), exact: true };
    }
    let exact = group.len() <= EXACT_TRIPS_MAX;
    let sets = if exact { every_subset(rows.len()) } else { dissolved(&rows, &first) };
    let best = sets.into_iter().filter_map(|set| crew_set(&rows, &set)).max_by(|a, b| a.score.cmp(&b.score));
    let crews =
        best.map_or_else(Vec::new, |best| best.set.into_iter().map(|place| group[place]).zip(best.filled).collect());
    Solved { crews, exact }
}

/// A set of places in a group, all of them crewed.
struct Crewed {
    set: Vec<usize>,
    filled: Vec<Filled>,
    score: Score,
}

/// The objective of the module; more is better, field by field.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    escalated: usize,
    ordinary: usize,
    /// Credits less costs.
    gain: i64,
    /// Which trips, so that among equals the one whose first different trip is older wins.
    older: Vec<Reverse<usize>>,
}

/// Crews exactly these places at the least cost; `None` if they cannot all be.
fn crew_set(rows: &[&Row], set: &[usize]) -> Option<Crewed> {
    let chosen: Vec<&Row> = set.iter().map(|place| rows[*place]).collect();
    let filled = fill(&chosen);
    if !is_full(&chosen, &filled) {
        return None;
    }
    let cost: i64 = filled.iter().flatten().map(|(_, cost)| cost).sum();
    let credit: i64 = chosen.iter().map(|row| row.credit_ms).sum();
    let escalated = chosen.iter().filter(|row| row.tier == Tier::Escalated).count();
    let score = Score {
        escalated,
        ordinary: chosen.len() - escalated,
        gain: credit - cost,
        older: set.iter().copied().map(Reverse).collect(),
    };
    Some(Crewed { set: set.to_vec(), filled, score })
}

fn is_full(rows: &[&Row], filled: &[Filled]) -> bool {
    rows.iter().zip(filled).all(|(row, filled)| filled.len() == row.slots)
}

/// All sets of `n` places, `n` at most [`EXACT_TRIPS_MAX`].
fn every_subset(n: usize) -> Vec<Vec<usize>> {
    (0..1_u32 << n).map(|mask| (0..n).filter(|place| mask & (1 << place) != 0).collect()).collect()
}

/// Sets worth trying where every subset would be too many. Part-filled crews are dissolved; then trips are let in one by one
/// while all can still be filled, in two orders: whole crews of the first run before others, and the frugal before others.
fn dissolved(rows: &[&Row], first: &[Filled]) -> Vec<Vec<usize>> {
    let frugal = |place: &usize| (rows[*place].tier, rows[*place].slots, Reverse(rows[*place].credit_ms), *place);
    let whole = |place: &usize| (rows[*place].tier, first[*place].len() < rows[*place].slots, frugal(place));
    let mut by_frugal: Vec<usize> = (0..rows.len()).collect();
    let mut by_whole = by_frugal.clone();
    by_frugal.sort_by_key(frugal);
    by_whole.sort_by_key(whole);
    vec![admit(rows, &by_whole), admit(rows, &by_frugal)]
}

/// Lets places in, in this order, as long as all slots of those inside can be filled at once. One pass: who did not fit among
/// fewer does not fit among more.
fn admit(rows: &[&Row], order: &[usize]) -> Vec<usize> {
    let mut inside: Vec<usize> = Vec::new();
    let mut holder: BTreeMap<usize, usize> = BTreeMap::new();
    for place in order {
        let before = holder.clone();
        if (0..rows[*place].slots).all(|_| give_one(rows, &mut holder, *place, &mut BTreeSet::new())) {
            inside.push(*place);
        } else {
            holder = before;
        }
    }
    inside.sort_unstable();
    inside
}

/// Gives one more staff member to the place, moving those of others along if need be. Nobody else loses a slot.
fn give_one(rows: &[&Row], holder: &mut BTreeMap<usize, usize>, place: usize, seen: &mut BTreeSet<usize>) -> bool {
    for (staff, _) in &rows[place].choices {
        let held_by = holder.get(staff).copied();
        if held_by == Some(place) || !seen.insert(*staff) {
            continue;
        }
        if held_by.is_none_or(|other| give_one(rows, holder, other, seen)) {
            holder.insert(*staff, place);
            return true;
        }
    }
    false
}

/// Most urgent first: escalated, then by wait, then as given.
fn urgency(row: &Row, place: usize) -> impl Ord + use<> {
    (row.tier, Reverse(row.credit_ms), place)
}
