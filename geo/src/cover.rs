//! Owns which cells hold all of a box: what a screen that shows the box has to be told of. Does not know who is in them.
//!
//! The unit of a position is the coarser parent of its index cell, not the coarser cell drawn around it: H3's parents do not hold
//! their children to the metre. So the parents of all index cells that touch the box hold every unit of a position in it.

use crate::cell::{Cell, Fineness, Grid};
use crate::position::{Bounds, Position};
use crate::search::rings_for_metres;
use std::collections::BTreeSet;

/// A box with a longer half diagonal is not covered cell by cell, metres.
pub const COVER_M_MAX: f64 = 40_000.0;
/// No point of an index cell is farther from its middle, metres: their edges measure 0.53 km on the average.
const REACH_M: f64 = 1_000.0;
/// Metres of a degree of latitude, a little less than true: margins come out a little too large.
const M_PER_DEGREE: f64 = 111_000.0;

/// The cell of that grid that a position counts for.
pub fn unit_of(position: Position, grid: impl Into<Fineness>) -> Cell {
    Cell::of(position, Grid::Index).parent(grid)
}

/// Half of a box's diagonal, metres; `None` if its middle is no position.
pub fn half_diagonal_m(bounds: &Bounds) -> Option<f64> {
    let middle = middle_of(bounds)?;
    let corners = [(bounds.south, bounds.west), (bounds.north, bounds.west)];
    let far = corners.iter().filter_map(|&(lat, lon)| Position::new(lat, lon).ok());
    far.map(|corner| middle.distance_m(corner)).reduce(f64::max)
}

/// The units of that grid that positions in the box count for, and perhaps a few around; `None` if the box is too large, or a
/// pentagon is near: then it is everything.
pub fn cover(bounds: &Bounds, grid: impl Into<Fineness>) -> Option<BTreeSet<Cell>> {
    let grid = grid.into();
    let half_m = half_diagonal_m(bounds).filter(|half_m| *half_m <= COVER_M_MAX)?;
    let middle = middle_of(bounds)?;
    let up = REACH_M / M_PER_DEGREE;
    let out = up / bounds.north.abs().max(bounds.south.abs()).min(89.0).to_radians().cos();
    let near =
        Bounds { west: bounds.west - out, south: bounds.south - up, east: bounds.east + out, north: bounds.north + up };
    let own = Cell::of(middle, Grid::Index);
    let mut units = BTreeSet::new();
    for cell in (0..=rings_for_metres(middle, half_m)?).flat_map(|r| own.ring(r)) {
        let cell = cell?;
        if near.contains(cell.center()) {
            units.insert(cell.parent(grid));
        }
    }
    Some(units)
}

fn middle_of(bounds: &Bounds) -> Option<Position> {
    Position::new(f64::midpoint(bounds.south, bounds.north), f64::midpoint(bounds.west, bounds.east)).ok()
}

#[cfg(test)]
#[path = "cover_tests.rs"]
mod tests;
