//! Owns one run of the assignment solver: open slots as rows, staff and "nobody" as columns. Decides nothing about which trips are in.

use super::group::Row;
use super::{BATCH_TRIPS_MAX, COST_MAX, Tier};
use crate::model::CrewSize;
use pathfinding::prelude::{Matrix, kuhn_munkres};
use std::collections::BTreeMap;

/// What the solver gave one trip: (staff number, cost) per filled slot, cheapest first.
pub(super) type Filled = Vec<(usize, i64)>;

/// Most slots in one run.
const SLOTS_MAX: i64 = (BATCH_TRIPS_MAX * CrewSize::MAX as usize) as i64;

/// Twelve can be shared among 1, 2, 3 and 4 slots without a rest.
const SHARES: i64 = 12;

/// A share of crewing an ordinary trip: a single filled slot outweighs all costs of a run together.
const ORDINARY_SHARE: i64 = 1 << 37;

/// A share of crewing an escalated trip: a single filled slot outweighs all ordinary trips of a run together.
const ESCALATED_SHARE: i64 = 1 << 48;

const SMALLEST: i64 = SHARES / CrewSize::MAX as i64;
const _: () = assert!(ORDINARY_SHARE * SMALLEST > COST_MAX * SLOTS_MAX);
const _: () = assert!(ESCALATED_SHARE * SMALLEST > (ORDINARY_SHARE + COST_MAX) * SHARES * SLOTS_MAX);
const _: () = assert!((ESCALATED_SHARE + COST_MAX) < i64::MAX / 4 / SHARES / SLOTS_MAX);

/// "Not this one": worse than nobody, and there is always a nobody left.
const NOT_ALLOWED: i64 = -1;

/// Fills the slots of these rows at the highest value: urgent slots first, then as many slots as can be, then least cost.
///
/// If all can be filled they are, at the least total cost. Otherwise some crews come out part-filled.
pub(super) fn fill(rows: &[&Row]) -> Vec<Filled> {
    let slots: usize = rows.iter().map(|row| row.slots).sum();
    let mut columns: BTreeMap<usize, usize> = BTreeMap::new();
    for (staff, _) in rows.iter().flat_map(|row| worth_a_look(row, slots)) {
        let next = columns.len();
        columns.entry(*staff).or_insert(next);
    }
    let staff_of: BTreeMap<usize, usize> = columns.iter().map(|(staff, column)| (*column, *staff)).collect();

    // One "nobody" per slot, so that rows never outnumber columns and no slot is forced.
    let mut weights = Matrix::new(slots, columns.len() + slots, NOT_ALLOWED);
    let mut first = 0;
    for row in rows {
        for slot in first..first + row.slots {
            for nobody in 0..slots {
                weights[(slot, columns.len() + nobody)] = 0;
            }
            for (staff, cost) in worth_a_look(row, slots) {
                weights[(slot, columns[staff])] = value(row) - cost;
            }
        }
        first += row.slots;
    }
    let chosen = if slots == 0 { Vec::new() } else { kuhn_munkres(&weights).1 };

    let mut chosen = chosen.into_iter();
    rows.iter()
        .map(|row| {
            let staff = chosen.by_ref().take(row.slots).filter_map(|column| staff_of.get(&column));
            let mut filled: Filled = staff.filter_map(|s| row.choices.iter().find(|c| c.0 == *s).copied()).collect();
            filled.sort_unstable_by_key(|(staff, cost)| (*cost, *staff));
            filled
        })
        .collect()
}

/// A row's choices among which some best solution stays: with `slots` slots in the run, of a row's `slots` cheapest staff at
/// least one is free for each of its own, so nobody dearer is ever needed.
fn worth_a_look(row: &Row, slots: usize) -> &[(usize, i64)] {
    &row.choices[..slots.min(row.choices.len())]
}

/// What one filled slot of the row is worth before its cost. Every crew is worth the same whatever its size.
fn value(row: &Row) -> i64 {
    let share = match row.tier {
        Tier::Escalated => ESCALATED_SHARE,
        Tier::Ordinary => ORDINARY_SHARE,
    };
    let slots = row.slots.max(1) as i64;
    SHARES / slots * share + row.credit_ms / slots
}
