//! Owns the problem in the solver's own terms: dense staff numbers, sorted choices, and which trips compete at all.

use super::{AssignTrip, COST_MAX, Tier, WAIT_CREDIT_S_MAX};
use crate::model::AccountId;
use std::collections::{BTreeMap, BTreeSet};

/// One trip with open slots, as the solver sees it.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) slots: usize,
    pub(super) tier: Tier,
    /// What crewing it is credited for its wait, milliseconds.
    pub(super) credit_ms: i64,
    /// (staff number, cost), cheapest first, each staff member once.
    pub(super) choices: Vec<(usize, i64)>,
}

/// One row per trip of the caller's list, in its order, and the staff behind the numbers.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) rows: Vec<Row>,
    pub(super) staff: Vec<AccountId>,
}

impl Problem {
    /// Numbers the staff, drops those kept by any trip, cuts costs into range.
    pub(super) fn new(trips: &[AssignTrip]) -> Self {
        let kept: BTreeSet<AccountId> = trips.iter().flat_map(|t| t.kept.iter().copied()).collect();
        let staff: BTreeSet<AccountId> =
            trips.iter().flat_map(|t| &t.candidates).map(|c| c.staff).filter(|s| !kept.contains(s)).collect();
        let staff: Vec<AccountId> = staff.into_iter().collect();
        let rows = trips.iter().map(|trip| row(trip, &staff)).collect();
        Self { rows, staff }
    }

    /// The rows split into groups that share no staff; rows in rising order, groups by their first row.
    pub(super) fn groups(&self, rows: impl IntoIterator<Item = usize>) -> Vec<Vec<usize>> {
        let mut group_of_staff: BTreeMap<usize, usize> = BTreeMap::new();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for row in rows {
            let joined: BTreeSet<usize> =
                self.rows[row].choices.iter().filter_map(|(s, _)| group_of_staff.get(s).copied()).collect();
            let home = joined.first().copied().unwrap_or(groups.len());
            // The first group stays as it is; the others and the new row move in with it.
            let mut moving: Vec<usize> = joined.iter().skip(1).flat_map(|g| std::mem::take(&mut groups[*g])).collect();
            moving.push(row);
            for member in &moving {
                group_of_staff.extend(self.rows[*member].choices.iter().map(|(s, _)| (*s, home)));
            }
            match groups.get_mut(home) {
                Some(group) => group.extend(moving),
                None => groups.push(moving),
            }
        }
        groups.retain(|group| !group.is_empty());
        for group in &mut groups {
            group.sort_unstable();
        }
        groups
    }
}

fn row(trip: &AssignTrip, staff: &[AccountId]) -> Row {
    let mut cheapest: BTreeMap<usize, i64> = BTreeMap::new();
    for choice in &trip.candidates {
        // Absent: kept by some trip.
        let Ok(number) = staff.binary_search(&choice.staff) else { continue };
        let cost = choice.cost.clamp(0, COST_MAX);
        cheapest.entry(number).and_modify(|known| *known = cost.min(*known)).or_insert(cost);
    }
    let mut choices: Vec<(usize, i64)> = cheapest.into_iter().collect();
    choices.sort_unstable_by_key(|(number, cost)| (*cost, *number));
    Row {
        slots: usize::from(trip.slots),
        tier: trip.tier,
        credit_ms: i64::from(trip.waited_s.min(WAIT_CREDIT_S_MAX)) * 1_000,
        choices,
    }
}
