//! Owns the H3 cell as this service uses it: which cell a position is in, its centre, border and parent. Searching over cells is
//! `search`; which resolution serves what is said here once.

use crate::position::Position;
use h3o::{CellIndex, LatLng, Resolution};
use std::fmt;

/// A hexagon of the H3 grid.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell(CellIndex);

/// The resolutions in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// Resolution 5, about 250 km²: ties the cells of a neighbourhood to one Redis slot.
    Tag,
    /// Resolution 7, about 5 km²: counts on a supervisor's map.
    District,
    /// Resolution 8, about 0.7 km²: the live index, and the coarse area an offer shows.
    Index,
}

impl Grid {
    const fn resolution(self) -> Resolution {
        match self {
            Self::Tag => Resolution::Five,
            Self::District => Resolution::Seven,
            Self::Index => Resolution::Eight,
        }
    }
}

impl Cell {
    /// The cell a position is in.
    pub fn of(position: Position, grid: Grid) -> Self {
        let point = LatLng::new(position.lat(), position.lon()).expect("a position is finite");
        Self(point.to_cell(grid.resolution()))
    }

    /// From its 64-bit index; `None` if it is no cell.
    pub fn from_u64(bits: u64) -> Option<Self> {
        CellIndex::try_from(bits).ok().map(Self)
    }

    /// Its 64-bit index.
    pub fn to_u64(self) -> u64 {
        self.0.into()
    }

    /// The coarser cell that holds it; itself if it is not finer than that.
    #[must_use]
    pub fn parent(self, grid: Grid) -> Self {
        self.0.parent(grid.resolution()).map_or(self, Self)
    }

    /// Its centre.
    pub fn center(self) -> Position {
        position(LatLng::from(self.0))
    }

    /// Its corners in order, not closed.
    pub fn boundary(self) -> Vec<Position> {
        self.0.boundary().iter().copied().map(position).collect()
    }
}

fn position(point: LatLng) -> Position {
    Position::new(point.lat(), point.lng()).expect("H3 gives points on Earth")
}

/// The hexadecimal index, as other H3 tools write it.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.to_u64())
    }
}

/// A cell is a place: hidden.
impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cell(hidden)")
    }
}
