//! Owns the areas that a way must keep out of: circles and polygons, and whether a point or a stretch of street touches one.
//! Does not search (`safer`) and does not know whose they are.
//!
//! Worked out in a plane that touches the Earth at the zone; within [`RADIUS_M_MAX`] it is off by less than [`MARGIN_M`], which every
//! zone is taken to be wider by. A border belongs to its zone. Invariant: a zone is finite, of bounded size and no line.

use crate::position::Position;
use std::fmt;

/// The smallest circle, metres: less is lost in the errors of positions.
pub const RADIUS_M_MIN: f64 = 10.0;
/// The largest circle, and the farthest a polygon's corner may be from its first, metres.
pub const RADIUS_M_MAX: f64 = 5_000.0;
/// Most corners of a polygon.
pub const CORNERS_MAX: usize = 64;
/// Most zones one search keeps out of.
pub const ZONES_MAX: usize = 16;

/// Every zone is taken to be wider by this, metres.
const MARGIN_M: f64 = 1.0;
const METRES_PER_DEGREE: f64 = 6_371_008.8 * std::f64::consts::PI / 180.0;

/// Why something is no zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneError {
    /// A radius that is not [`RADIUS_M_MIN`]..=[`RADIUS_M_MAX`].
    Radius,
    /// Fewer than three corners or more than [`CORNERS_MAX`].
    Corners,
    /// A corner farther than [`RADIUS_M_MAX`] from the first.
    TooWide,
    /// Corners on one line: no area.
    Flat,
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Radius => write!(f, "zone radius is not {RADIUS_M_MIN} to {RADIUS_M_MAX} m"),
            Self::Corners => write!(f, "zone has not 3 to {CORNERS_MAX} corners"),
            Self::TooWide => write!(f, "zone is wider than {RADIUS_M_MAX} m"),
            Self::Flat => f.write_str("zone has no area"),
        }
    }
}

impl std::error::Error for ZoneError {}

/// Metres east and north of a zone's reference point.
type Flat = [f64; 2];

/// A box along the meridians, ten-millionths of a degree: what does not touch it touches nothing inside it, which is told by a
/// few comparisons of whole numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    /// West and south.
    low: [i32; 2],
    /// East and north.
    high: [i32; 2],
}

impl Frame {
    /// Around several; around none it is touched by nothing.
    pub(super) fn around(zones: &[Zone]) -> Self {
        let none = Self { low: [i32::MAX; 2], high: [i32::MIN; 2] };
        zones.iter().fold(none, |all, zone| Self {
            low: [0, 1].map(|i| all.low[i].min(zone.frame.low[i])),
            high: [0, 1].map(|i| all.high[i].max(zone.frame.high[i])),
        })
    }

    /// Whether the straight line between two points may: false only where it does not.
    pub(super) fn may_touch(&self, a: Position, b: Position) -> bool {
        let (a, b) = ([a.lon_e7(), a.lat_e7()], [b.lon_e7(), b.lat_e7()]);
        (0..2).all(|i| a[i].max(b[i]) >= self.low[i] && a[i].min(b[i]) <= self.high[i])
    }
}

#[derive(Clone, PartialEq)]
enum Shape {
    Circle { radius_m: f64 },
    Polygon(Vec<Flat>),
}

/// An area that a way must keep out of.
#[derive(Clone, PartialEq)]
pub struct Zone {
    reference: Position,
    metres_per_degree_lon: f64,
    shape: Shape,
    /// Around it with its margin.
    frame: Frame,
}

impl Zone {
    /// Everything within a radius.
    pub fn circle(center: Position, radius_m: f64) -> Result<Self, ZoneError> {
        if !(RADIUS_M_MIN..=RADIUS_M_MAX).contains(&radius_m) {
            return Err(ZoneError::Radius);
        }
        let reach = radius_m + MARGIN_M;
        Ok(Self::of(center, Shape::Circle { radius_m: reach }, [[-reach, -reach], [reach, reach]]))
    }

    /// Everything inside a ring of corners, closed implicitly. Of one that crosses itself, what an odd number of its sides
    /// surround, and its sides.
    pub fn polygon(corners: &[Position]) -> Result<Self, ZoneError> {
        if !(3..=CORNERS_MAX).contains(&corners.len()) {
            return Err(ZoneError::Corners);
        }
        let first = corners[0];
        if corners.iter().any(|c| c.distance_m(first) > RADIUS_M_MAX) {
            return Err(ZoneError::TooWide);
        }
        let mut zone = Self::of(first, Shape::Polygon(Vec::new()), [[0.0; 2]; 2]);
        let flat: Vec<Flat> = corners.iter().map(|&c| zone.flat(c)).collect();
        if (2..flat.len()).all(|i| (1..i).all(|j| cross(flat[0], flat[j], flat[i]).abs() < 1.0)) {
            return Err(ZoneError::Flat);
        }
        let corners = flat.iter().fold([[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]], |[low, high], p| {
            let (low, high) = ([low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])]);
            [low, high]
        });
        zone.frame = zone.framed([corners[0].map(|v| v - MARGIN_M), corners[1].map(|v| v + MARGIN_M)]);
        zone.shape = Shape::Polygon(flat);
        Ok(zone)
    }

    fn of(reference: Position, shape: Shape, frame: [Flat; 2]) -> Self {
        let metres_per_degree_lon = METRES_PER_DEGREE * reference.lat().to_radians().cos();
        let mut zone = Self { reference, metres_per_degree_lon, shape, frame: Frame::around(&[]) };
        zone.frame = zone.framed(frame);
        zone
    }

    /// The box between two corners in its plane, rounded outward.
    fn framed(&self, [low, high]: [Flat; 2]) -> Frame {
        let e7 = |[east_m, north_m]: Flat| {
            let lon = self.reference.lon() + east_m / self.metres_per_degree_lon;
            [lon * 1e7, (self.reference.lat() + north_m / METRES_PER_DEGREE) * 1e7]
        };
        Frame { low: e7(low).map(|v| v.floor() as i32), high: e7(high).map(|v| v.ceil() as i32) }
    }

    fn flat(&self, p: Position) -> Flat {
        [
            (p.lon() - self.reference.lon()) * self.metres_per_degree_lon,
            (p.lat() - self.reference.lat()) * METRES_PER_DEGREE,
        ]
    }

    /// Whether a point is in it, or nearer to it than its margin.
    pub fn contains(&self, p: Position) -> bool {
        self.touches(p, p)
    }

    /// Whether any point of the straight line between two is in it.
    pub fn touches(&self, a: Position, b: Position) -> bool {
        if !self.frame.may_touch(a, b) {
            return false;
        }
        let (a, b) = (self.flat(a), self.flat(b));
        match &self.shape {
            Shape::Circle { radius_m } => to_segment_m([0.0; 2], a, b) <= *radius_m,
            Shape::Polygon(corners) => {
                surrounds(corners, a) || surrounds(corners, b) || sides(corners).any(|(c, d)| near(a, b, c, d))
            }
        }
    }

    /// Whether all of the straight line between two points is plainly in it: false of some that are.
    pub(super) fn surely_holds(&self, a: Position, b: Position) -> bool {
        // A circle bends nowhere inward.
        matches!(self.shape, Shape::Circle { .. }) && self.contains(a) && self.contains(b)
    }
}

/// A zone is a place: hidden.
impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Zone(hidden)")
    }
}

fn sides(corners: &[Flat]) -> impl Iterator<Item = (Flat, Flat)> + '_ {
    corners.iter().copied().zip(corners.iter().copied().cycle().skip(1))
}

/// Twice the area of the triangle, positive if it turns left.
fn cross(a: Flat, b: Flat, c: Flat) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Even-odd rule.
fn surrounds(corners: &[Flat], p: Flat) -> bool {
    let crossed = sides(corners)
        .filter(|(a, b)| (a[1] > p[1]) != (b[1] > p[1]) && p[0] < a[0] + (p[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
    crossed.count() % 2 == 1
}

fn to_segment_m(point: Flat, from: Flat, to: Flat) -> f64 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let square = along[0] * along[0] + along[1] * along[1];
    let dot = (point[0] - from[0]) * along[0] + (point[1] - from[1]) * along[1];
    let share = if square == 0.0 { 0.0 } else { (dot / square).clamp(0.0, 1.0) };
    (from[0] + share * along[0] - point[0]).hypot(from[1] + share * along[1] - point[1])
}

/// Whether two segments come nearer than the margin.
fn near(a: Flat, b: Flat, c: Flat, d: Flat) -> bool {
    let crosses = (cross(a, b, c) > 0.0) != (cross(a, b, d) > 0.0) && (cross(c, d, a) > 0.0) != (cross(c, d, b) > 0.0);
    let ends = [to_segment_m(a, c, d), to_segment_m(b, c, d), to_segment_m(c, a, b), to_segment_m(d, a, b)];
    crosses || ends.iter().any(|&m| m <= MARGIN_M)
}

#[cfg(test)]
#[path = "avoid_tests.rs"]
mod tests;
