//! Owns a polygon of map coordinates (sides are straight in degrees, as GeoJSON has them) and whether a position is in it, exact
//! to the last digit. Does not cross the antimeridian. The areas that a way must keep out of are `road::avoid`.

use super::area::Meeting;
use crate::position::{Bounds, Position};
use std::fmt;

/// Most corners of a polygon: the border of a country, roughly drawn.
pub const CORNERS_MAX: usize = 1_000;

/// What an odd number of sides surround, and the sides.
#[derive(Clone, PartialEq)]
pub struct Polygon {
    corners: Vec<Position>,
    bounds: Bounds,
}

/// Fewer than three corners or more than [`CORNERS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolygonError;

impl fmt::Display for PolygonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "polygon has not 3 to {CORNERS_MAX} corners")
    }
}

impl std::error::Error for PolygonError {}

/// A polygon is a place: hidden.
impl fmt::Debug for Polygon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Polygon(hidden)")
    }
}

impl Polygon {
    /// From its corners in order, closed implicitly.
    pub fn new(corners: Vec<Position>) -> Result<Self, PolygonError> {
        match Bounds::around(corners.iter().copied()) {
            Some(bounds) if (3..=CORNERS_MAX).contains(&corners.len()) => Ok(Self { corners, bounds }),
            _ => Err(PolygonError),
        }
    }

    /// The smallest box around it.
    pub const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Whether the position is in it or on its sides.
    pub fn contains(&self, p: Position) -> bool {
        let mut is_inside = false;
        for (a, b) in self.sides() {
            let (a, b) = if a.lat_e7() <= b.lat_e7() { (a, b) } else { (b, a) };
            let turn = turn(a, b, p);
            let is_beside = (a.lat_e7()..=b.lat_e7()).contains(&p.lat_e7());
            if turn == 0 && is_beside && between(a.lon_e7(), b.lon_e7(), p.lon_e7()) {
                return true;
            }
            // The lower end belongs to a side, the upper one does not, so that a corner is passed once.
            if (a.lat_e7()..b.lat_e7()).contains(&p.lat_e7()) && turn > 0 {
                is_inside = !is_inside;
            }
        }
        is_inside
    }

    fn sides(&self) -> impl Iterator<Item = (Position, Position)> + '_ {
        self.corners.iter().copied().zip(self.corners.iter().copied().cycle().skip(1))
    }

    pub(super) fn meets(&self, extent: &Bounds) -> Meeting {
        let is_crossed = self.sides().any(|(a, b)| {
            let (west, east) = (a.lon().min(b.lon()), a.lon().max(b.lon()));
            let (south, north) = (a.lat().min(b.lat()), a.lat().max(b.lat()));
            east >= extent.west && west <= extent.east && north >= extent.south && south <= extent.north
        });
        if is_crossed {
            return Meeting::Border;
        }
        // No side comes near: all of the extent is where its corner is.
        match Position::new(extent.south, extent.west) {
            Ok(corner) if self.contains(corner) => Meeting::Whole,
            Ok(_) => Meeting::Apart,
            Err(_) => Meeting::Border,
        }
    }
}

fn between(a: i32, b: i32, x: i32) -> bool {
    (a.min(b)..=a.max(b)).contains(&x)
}

/// Twice the area of the triangle, positive if it turns left from `a` over `b` to `p`.
fn turn(a: Position, b: Position, p: Position) -> i128 {
    let difference = |x: i32, y: i32| i128::from(x) - i128::from(y);
    difference(b.lon_e7(), a.lon_e7()) * difference(p.lat_e7(), a.lat_e7())
        - difference(b.lat_e7(), a.lat_e7()) * difference(p.lon_e7(), a.lon_e7())
}

#[cfg(test)]
#[path = "polygon_tests.rs"]
mod tests;
