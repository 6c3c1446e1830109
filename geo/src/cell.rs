//! Owns the H3 cell as used here: from a point, its middle, outline and parent, as a number and as text. Searching cells is
//! `search`.

use crate::position::Position;
use h3o::{CellIndex as H3Cell, LatLng, Resolution};
use std::fmt;
use std::str::FromStr;

/// Resolution of the live index: about 0.7 km² a cell, right for hundreds to some thousands of staff in a city.
pub const INDEX_RESOLUTION: u8 = 8;

/// Resolution of the supervisor's counts and of what a phone may know before it accepts: about 5 km² a cell.
pub const COUNT_RESOLUTION: u8 = 7;

/// A hexagon of the H3 grid (twelve in the world are pentagons).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(H3Cell);

/// A number or text that is not a cell, or a resolution that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CellError {
    /// Not the index of an H3 cell.
    NotACell,
    /// Resolutions are 0 to 15.
    NoSuchResolution,
}

impl fmt::Display for CellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotACell => "not an H3 cell",
            Self::NoSuchResolution => "cell resolution is outside 0..15",
        })
    }
}

impl std::error::Error for CellError {}

impl Cell {
    /// The cell of the live index that holds the point.
    pub fn of(position: Position) -> Self {
        Self(lat_lng(position).to_cell(Resolution::Eight))
    }

    /// The cell of the supervisor's counts that holds the point.
    pub fn coarse(position: Position) -> Self {
        Self(lat_lng(position).to_cell(Resolution::Seven))
    }

    /// The cell of a resolution (0..=15) that holds the point.
    pub fn at_resolution(position: Position, resolution: u8) -> Result<Self, CellError> {
        let resolution = Resolution::try_from(resolution).map_err(|_| CellError::NoSuchResolution)?;
        Ok(Self(lat_lng(position).to_cell(resolution)))
    }

    /// From its number.
    pub fn from_u64(number: u64) -> Result<Self, CellError> {
        H3Cell::try_from(number).map(Self).map_err(|_| CellError::NotACell)
    }

    /// Its number.
    pub fn to_u64(self) -> u64 {
        self.0.into()
    }

    /// 0 (continents) to 15 (a square metre).
    pub fn resolution(self) -> u8 {
        self.0.resolution().into()
    }

    /// The middle.
    pub fn centre(self) -> Position {
        position(self.0.into())
    }

    /// Corners in order, without repeating the first: six, rarely up to ten.
    pub fn boundary(self) -> Vec<Position> {
        self.0.boundary().iter().copied().map(position).collect()
    }

    /// The cell of a coarser resolution above it, itself for its own; `None` for a finer one or no resolution.
    pub fn parent(self, resolution: u8) -> Option<Self> {
        self.0.parent(Resolution::try_from(resolution).ok()?).map(Self)
    }

    /// The cells exactly `k` steps away; `None` if a pentagon is in the way.
    pub(crate) fn ring(self, k: u32) -> impl Iterator<Item = Option<Self>> {
        self.0.grid_ring_fast(k).map(|c| c.map(Self))
    }
}

fn lat_lng(p: Position) -> LatLng {
    LatLng::new(p.lat(), p.lon()).expect("a position is finite")
}

fn position(at: LatLng) -> Position {
    // Outlines around the antimeridian may come a hair beyond ±180°.
    Position::new(at.lat().clamp(-90.0, 90.0), at.lng().clamp(-180.0, 180.0)).expect("clamped into range")
}

/// Fifteen hexadecimal digits, as everywhere in the H3 world.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.to_u64())
    }
}

/// A cell is a place: hidden like one.
impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cell(hidden)")
    }
}

impl FromStr for Cell {
    type Err = CellError;

    fn from_str(text: &str) -> Result<Self, CellError> {
        // The standard parser would take a sign.
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(CellError::NotACell);
        }
        u64::from_str_radix(text, 16).map_err(|_| CellError::NotACell).and_then(Self::from_u64)
    }
}

#[cfg(test)]
#[path = "cell_tests.rs"]
mod tests;
