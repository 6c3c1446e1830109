//! Owns what a screen looks at: counts of cells from afar, the larger the farther, people from near, and the units of the map that
//! its box touches. Two screens whose boxes touch the same units of the same size are one audience.

use geo::cell::{Cell, Fineness, Grid};
use geo::cover::{COVER_M_MAX, cover, half_diagonal_m};
use geo::{Bounds, Position};
use std::sync::Arc;

/// From this zoom on people are shown one by one, unless the box is too large for that.
pub const NEAR_ZOOM: f64 = 13.0;
/// Half diagonal of the largest box in which people are shown one by one, metres.
const NEAR_M_MAX: f64 = 25_000.0;
/// Largest zoom there is.
const ZOOM_MAX: f64 = 24.0;

const _: () = assert!(NEAR_M_MAX < COVER_M_MAX, "a near box is covered by units");

/// How close a screen looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// Counts of cells.
    Far,
    /// People.
    Near,
}

impl Tier {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Far => "far",
            Self::Near => "near",
        }
    }
}

/// The size of the cells that are counted for a screen of that zoom: at most so large on it that a number can be read in each, and no
/// smaller than a district, below which people are shown one by one.
fn counted_at(zoom: f64) -> Fineness {
    Fineness::of_zoom(zoom as u8).min(Grid::District.into())
}

/// What a screen looks at.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Screen {
    /// How close.
    pub tier: Tier,
    /// Of the cells it is told the counts of; of its units, if it shows people.
    pub grid: Fineness,
    /// In order; `None` is everything.
    pub units: Option<Arc<[Cell]>>,
}

impl Screen {
    /// From a box in degrees and a zoom; the field that makes no sense otherwise.
    pub fn of(bounds: &Bounds, zoom: f64) -> Result<Self, &'static str> {
        let Bounds { west, south, east, north } = *bounds;
        for (field, lat, lon) in
            [("west", 0.0, west), ("south", south, 0.0), ("east", 0.0, east), ("north", north, 0.0)]
        {
            Position::new(lat, lon).map_err(|_| field)?;
        }
        if east <= west {
            return Err("east");
        }
        if north <= south {
            return Err("north");
        }
        if !(0.0..=ZOOM_MAX).contains(&zoom) {
            return Err("zoom");
        }
        let is_near = zoom >= NEAR_ZOOM && half_diagonal_m(bounds).is_some_and(|half_m| half_m <= NEAR_M_MAX);
        let tier = if is_near { Tier::Near } else { Tier::Far };
        let grid = if is_near { Grid::District.into() } else { counted_at(zoom) };
        let units = cover(bounds, unit_grid(tier, grid)).map(|units| units.into_iter().collect());
        Ok(Self { tier, grid, units })
    }

    /// Whether it is told of a cell of its grid.
    pub fn shows(&self, cell: Cell) -> bool {
        let unit = unit(self.tier, cell);
        self.units.as_ref().is_none_or(|units| units.binary_search(&unit).is_ok())
    }
}

/// The grid of the units of a screen: counts are looked for by larger ones, of which a screen touches few.
fn unit_grid(tier: Tier, grid: Fineness) -> Fineness {
    match tier {
        Tier::Far => grid.min(Grid::Tag.into()),
        Tier::Near => grid,
    }
}

/// The unit of a cell that is told of.
pub fn unit(tier: Tier, cell: Cell) -> Cell {
    cell.parent(unit_grid(tier, cell.fineness()))
}
