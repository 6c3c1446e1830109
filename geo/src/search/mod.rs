//! Owns who is near by straight line: one index of entries by H3 cell, searched outward, exact. Does not know roads (it is the
//! pre-filter of the road search and the fallback where there is no road), nor who an entry is: a number, a place and bits
//! whose meaning is the caller's.
//!
//! | file | |
//! |---|---|
//! | `lattice` | where a position lies on the hexagons of an icosahedron's face, and how near anything unread can be: the proofs |
//! | `lists`, `entries` | entries by hexagon, and where each number's entry is |
//! | `rank` | a cheap distance that is proved to miss nobody, and the best `k` by it |
//! | `nearest` | the `k` nearest |
//! | `area` | all within a radius, a box, a polygon |
//! | `counts` | how many per cell, at any resolution |
//!
//! Invariant: a number has one entry, in the list of the hexagon its position is in.

mod area;
mod counts;
mod entries;
mod lattice;
mod lists;
mod mask;
mod nearest;
mod polygon;
mod rank;

#[cfg(test)]
mod scan_tests;

pub use lattice::{REACH_M, rings_for_metres};
pub use lists::CellIndex;
pub use mask::Mask;
pub use polygon::{CORNERS_MAX, Polygon, PolygonError};

use crate::position::{Origin, Position};

/// Somebody found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// The caller's number.
    pub who: u32,
    /// What was stored with them.
    pub bits: u32,
    /// Where.
    pub position: Position,
    /// Straight-line distance from the query, metres.
    pub distance_m: f64,
}

impl Found {
    /// Nearest first, of equal distances the lower number.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.distance_m.total_cmp(&other.distance_m).then_with(|| self.who.cmp(&other.who))
    }
}

/// What a list holds of somebody: 16 bytes, four to a cache line.
#[derive(Clone, Copy)]
struct Entry {
    position: Position,
    bits: u32,
    who: u32,
}

impl Entry {
    fn found_from(&self, query: &Origin) -> Found {
        let distance_m = query.distance_m(self.position);
        Found { who: self.who, bits: self.bits, position: self.position, distance_m }
    }
}
