//! Owns the H3 cell as this service uses it: which cell a position is in, its centre, border and parent. Searching over cells is
//! `search`; which resolution serves what is said here once.

use crate::position::Position;
use h3o::{CellIndex, LatLng, Resolution};
use std::fmt;
use std::str::FromStr;

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
    /// Resolution 9, about 0.1 km²: how far one gets on foot.
    Street,
}

/// How fine a grid is, 0 (4,000,000 km² a cell) to 15 (1 m²): for a map that is drawn at any zoom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fineness(Resolution);

/// At 37° north and zoom 13.4 a pixel is 11.5 m and a cell of resolution 8 (0.92 km) is 80 pixels wide.
const ZOOM_OF_RESOLUTION_0: f64 = 13.4 - 8.0 * ZOOMS_TO_A_RESOLUTION;
/// A zoom halves widths, a resolution divides them by the root of 7: half the logarithm of 7 to the base of 2.
const ZOOMS_TO_A_RESOLUTION: f64 = 1.403_677;

/// A number or text that is not a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellError;

impl fmt::Display for CellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an H3 cell")
    }
}

impl std::error::Error for CellError {}

impl Grid {
    pub(crate) const fn resolution(self) -> Resolution {
        match self {
            Self::Tag => Resolution::Five,
            Self::District => Resolution::Seven,
            Self::Index => Resolution::Eight,
            Self::Street => Resolution::Nine,
        }
    }
}

impl From<Grid> for Fineness {
    fn from(grid: Grid) -> Self {
        Self(grid.resolution())
    }
}

impl Fineness {
    /// The grid of a resolution; `None` above 15.
    pub fn of_resolution(resolution: u8) -> Option<Self> {
        Resolution::try_from(resolution).ok().map(Self)
    }

    /// The grid whose cells are some 40 to 150 pixels wide on a web map of that zoom (tiles of 256 pixels) at 37° north.
    pub fn of_zoom(zoom: u8) -> Self {
        let resolution = ((f64::from(zoom) - ZOOM_OF_RESOLUTION_0) / ZOOMS_TO_A_RESOLUTION).round();
        Self(Resolution::try_from(resolution as u8).unwrap_or(Resolution::Fifteen))
    }

    /// Its H3 resolution.
    pub fn resolution(self) -> u8 {
        self.0.into()
    }
}

impl Cell {
    /// The cell a position is in.
    pub fn of(position: Position, grid: impl Into<Fineness>) -> Self {
        let point = LatLng::new(position.lat(), position.lon()).expect("a position is finite");
        Self(point.to_cell(grid.into().0))
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
    pub fn parent(self, grid: impl Into<Fineness>) -> Self {
        self.0.parent(grid.into().0).map_or(self, Self)
    }

    /// How fine it is.
    pub fn fineness(self) -> Fineness {
        Fineness(self.0.resolution())
    }

    /// Its centre.
    pub fn center(self) -> Position {
        position(LatLng::from(self.0))
    }

    /// The cells exactly `k` steps away; an item is `None` where a pentagon is in the way.
    pub fn ring(self, k: u32) -> impl Iterator<Item = Option<Self>> {
        self.0.grid_ring_fast(k).map(|c| c.map(Self))
    }

    /// Its corners in order, not closed.
    pub fn boundary(self) -> Vec<Position> {
        self.0.boundary().iter().copied().map(position).collect()
    }
}

fn position(point: LatLng) -> Position {
    // Outlines around the antimeridian may come a hair beyond ±180°.
    Position::new(point.lat().clamp(-90.0, 90.0), point.lng().clamp(-180.0, 180.0)).expect("clamped into range")
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

impl FromStr for Cell {
    type Err = CellError;

    fn from_str(text: &str) -> Result<Self, CellError> {
        // The number parser would take a sign.
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(CellError);
        }
        u64::from_str_radix(text, 16).ok().and_then(Self::from_u64).ok_or(CellError)
    }
}

#[cfg(test)]
#[path = "cell_tests.rs"]
mod tests;
