//! Owns the prices of a crewed set of trips: what it would be worth to each trip to get one more choice. Textbook duality of the
//! assignment problem; chooses nothing.
//!
//! Every staff member `j` gets a price `v(j) ≤ 0`, 0 unless taken, and every trip `t` a worth `u(t)`, such that each possible
//! pairing has `cost(t, j) ≥ u(t) + v(j)` with equality where they are paired. Any other crewing of the same trips then costs
//! at least as much: sum the inequality over its pairs. The prices here are the highest possible, hence the worths the least.

use super::group::Row;
use super::slots::Filled;
use std::collections::BTreeMap;

/// Worth of each row, in the order given; `None` if the crewing is not the cheapest one for these rows.
pub(super) fn worths(rows: &[&Row], filled: &[Filled]) -> Option<Vec<i64>> {
    let mut price: BTreeMap<usize, i64> = filled.iter().flatten().map(|(staff, _)| (*staff, 0)).collect();
    // Longest chain of moves: once through everybody taken. Still falling after that: a ring of moves that saves cost.
    for _ in 0..=price.len() {
        if !lower(rows, filled, &mut price) {
            let worths: Vec<i64> = filled.iter().map(|members| worth(members, &price)).collect();
            return hold(rows, &worths, &price).then_some(worths);
        }
    }
    None
}

/// Lowers prices to what one move allows; whether any fell.
fn lower(rows: &[&Row], filled: &[Filled], price: &mut BTreeMap<usize, i64>) -> bool {
    let mut fell = false;
    for (row, members) in rows.iter().zip(filled) {
        let worth = worth(members, price);
        for (staff, cost) in &row.choices {
            if let Some(price) = price.get_mut(staff).filter(|price| **price > cost - worth) {
                *price = cost - worth;
                fell = true;
            }
        }
    }
    fell
}

/// The least a row's worth can be with these prices; 0 for a row without slots.
fn worth(members: &Filled, price: &BTreeMap<usize, i64>) -> i64 {
    members.iter().map(|(staff, cost)| cost - price[staff]).max().unwrap_or(0)
}

/// Whether the inequality holds for all pairings, those with free staff included. The proof does not trust the solver.
fn hold(rows: &[&Row], worths: &[i64], price: &BTreeMap<usize, i64>) -> bool {
    rows.iter().zip(worths).all(|(row, worth)| {
        row.slots == 0
            || row.choices.iter().all(|(staff, cost)| *cost >= worth + price.get(staff).copied().unwrap_or(0))
    })
}
