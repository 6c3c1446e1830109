//! Owns how many entries there are per cell, for a map at any zoom: by whole lists up to the index's own resolution, by single
//! entries for finer ones, at the borders of faces and at the edge of a box.

use super::area::Meeting;
use super::lists::{CellIndex, List};
use super::mask::Mask;
use crate::cell::{Cell, Fineness, Grid};
use crate::position::{Bounds, Position};
use std::collections::BTreeMap;

impl CellIndex {
    /// How many entries that lie in the box, if there is one, and that mask and filter let through are in each cell; cells
    /// without any are absent. Up to [`Grid::Index`] a cell has what its children of that grid have, so that counts add up from
    /// zoom to zoom. Who stands within a few centimetres of a border may count on either side of it.
    pub fn counts(
        &self,
        grid: impl Into<Fineness>,
        bounds: Option<&Bounds>,
        mask: Mask,
        filter: impl Fn(u32) -> bool,
    ) -> BTreeMap<Cell, u32> {
        let grid = grid.into();
        let mut counts = BTreeMap::new();
        let count =
            |list: &List| count_list(&mut counts, list, grid, bounds, |who, bits| mask.passes(bits) && filter(who));
        match bounds {
            Some(bounds) => self.visit_area(bounds, count),
            None => self.lists().for_each(count),
        }
        counts
    }
}

fn count_list(
    counts: &mut BTreeMap<Cell, u32>,
    list: &List,
    grid: Fineness,
    bounds: Option<&Bounds>,
    counted: impl Fn(u32, u32) -> bool,
) {
    let meeting = match (bounds, list.extent()) {
        (None, _) => Meeting::Whole,
        (Some(bounds), Some(extent)) => bounds.meets(&extent),
        (Some(_), None) => Meeting::Border,
    };
    let is_in = |p: Position| match meeting {
        Meeting::Whole => true,
        Meeting::Apart => false,
        Meeting::Border => bounds.is_none_or(|b| b.contains(p)),
    };
    let all = list.entries.iter().filter(|e| counted(e.who, e.bits) && is_in(e.position));
    match list.cell() {
        Some(cell) if grid <= cell.fineness() => {
            let n = all.count() as u32;
            if n > 0 {
                *counts.entry(cell.parent(grid)).or_default() += n;
            }
        }
        _ => {
            for entry in all {
                // A parent by number, where there is one: the same for all in a cell.
                let finest = grid.max(Fineness::from(Grid::Index));
                *counts.entry(Cell::of(entry.position, finest).parent(grid)).or_default() += 1;
            }
        }
    }
}

#[cfg(test)]
#[path = "counts_tests.rs"]
mod tests;
