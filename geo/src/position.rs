//! Owns the validated point on Earth and its plain-geometry neighbours: distance, bounds.
//! Does not know roads (`road`) or cells (`cell`).
//!
//! Invariant: a `Position` is finite and in range; it cannot be built otherwise, and whoever reads an array of them from a file
//! checks them (`is_in_range`). Stored as WGS84 degrees times 10⁷ (1.1 cm), as OpenStreetMap stores its nodes, so that two
//! equal places are equal bits.

use std::fmt;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Mean Earth radius in metres (IUGG).
pub(crate) const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// A point on Earth, WGS84. `Debug` hides the value: a position must not reach a log by accident.
#[derive(Clone, Copy, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Position {
    lat_e7: i32,
    lon_e7: i32,
}

/// Why two numbers are not a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PositionError {
    /// NaN or infinite.
    NotFinite,
    /// Latitude beyond ±90°.
    LatitudeOutOfRange,
    /// Longitude beyond ±180°.
    LongitudeOutOfRange,
}

impl fmt::Display for PositionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFinite => "coordinate is not a finite number",
            Self::LatitudeOutOfRange => "latitude is outside -90..90",
            Self::LongitudeOutOfRange => "longitude is outside -180..180",
        })
    }
}

impl std::error::Error for PositionError {}

impl Position {
    /// Where the equator meets the meridian of Greenwich; no road is there.
    pub(crate) const ORIGIN: Self = Self { lat_e7: 0, lon_e7: 0 };

    /// From degrees. Rounds to 10⁻⁷ degree.
    pub fn new(lat: f64, lon: f64) -> Result<Self, PositionError> {
        if !lat.is_finite() || !lon.is_finite() {
            return Err(PositionError::NotFinite);
        }
        if !(-90.0..=90.0).contains(&lat) {
            return Err(PositionError::LatitudeOutOfRange);
        }
        if !(-180.0..=180.0).contains(&lon) {
            return Err(PositionError::LongitudeOutOfRange);
        }
        Ok(Self { lat_e7: (lat * 1e7).round() as i32, lon_e7: (lon * 1e7).round() as i32 })
    }

    /// From degrees times 10⁷, as stored.
    pub fn from_e7(lat_e7: i32, lon_e7: i32) -> Result<Self, PositionError> {
        if !(-900_000_000..=900_000_000).contains(&lat_e7) {
            return Err(PositionError::LatitudeOutOfRange);
        }
        if !(-1_800_000_000..=1_800_000_000).contains(&lon_e7) {
            return Err(PositionError::LongitudeOutOfRange);
        }
        Ok(Self { lat_e7, lon_e7 })
    }

    /// Whether it holds the invariant: false only of one that was read as bytes.
    pub(crate) fn is_in_range(self) -> bool {
        Self::from_e7(self.lat_e7, self.lon_e7).is_ok()
    }

    /// Latitude in degrees.
    pub fn lat(self) -> f64 {
        f64::from(self.lat_e7) / 1e7
    }

    /// Longitude in degrees.
    pub fn lon(self) -> f64 {
        f64::from(self.lon_e7) / 1e7
    }

    /// Latitude in degrees times 10⁷.
    pub const fn lat_e7(self) -> i32 {
        self.lat_e7
    }

    /// Longitude in degrees times 10⁷.
    pub const fn lon_e7(self) -> i32 {
        self.lon_e7
    }

    /// Great-circle distance in metres (haversine).
    pub fn distance_m(self, other: Self) -> f64 {
        Origin::at(self).distance_m(other)
    }

    /// The point `fraction` (0..1) of the straight way to `other`; for the short pieces of a road.
    #[must_use]
    pub fn towards(self, other: Self, fraction: f64) -> Self {
        let mix = |a: i32, b: i32| a + ((f64::from(b) - f64::from(a)) * fraction.clamp(0.0, 1.0)).round() as i32;
        Self { lat_e7: mix(self.lat_e7, other.lat_e7), lon_e7: mix(self.lon_e7, other.lon_e7) }
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Position(hidden)")
    }
}

/// A point from which many distances are asked: its own part of the haversine is worked out once.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    /// Radians.
    lat: f64,
    lat_cosine: f64,
    /// Degrees.
    lon: f64,
}

impl Origin {
    pub(crate) fn at(position: Position) -> Self {
        let lat = position.lat().to_radians();
        Self { lat, lat_cosine: lat.cos(), lon: position.lon() }
    }

    /// [`Position::distance_m`], to the last bit.
    pub(crate) fn distance_m(&self, other: Position) -> f64 {
        let lat = other.lat().to_radians();
        let half_lat = (lat - self.lat) / 2.0;
        let half_lon = (other.lon() - self.lon).to_radians() / 2.0;
        let h = sine(half_lat).powi(2) + self.lat_cosine * lat.cos() * sine(half_lon).powi(2);
        2.0 * EARTH_RADIUS_M * arc_sine(h.sqrt().min(1.0))
    }
}

/// Up to this the first terms of a series are as good as the library's function, to a part in 10¹⁶: half the angle of 127 km.
const SMALL: f64 = 0.01;

fn sine(x: f64) -> f64 {
    let square = x * x;
    if square < SMALL * SMALL { x - x * square * (1.0 / 6.0 - square * (1.0 / 120.0)) } else { x.sin() }
}

fn arc_sine(x: f64) -> f64 {
    let square = x * x;
    let series = 1.0 / 6.0 + square * (3.0 / 40.0 + square * (15.0 / 336.0));
    if square < SMALL * SMALL { x + x * square * series } else { x.asin() }
}

/// A box in degrees, edges included. Does not cross the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Western edge, degrees.
    pub west: f64,
    /// Southern edge, degrees.
    pub south: f64,
    /// Eastern edge, degrees.
    pub east: f64,
    /// Northern edge, degrees.
    pub north: f64,
}

impl Bounds {
    /// Whether the point lies in the box.
    pub fn contains(&self, p: Position) -> bool {
        (self.west..=self.east).contains(&p.lon()) && (self.south..=self.north).contains(&p.lat())
    }

    /// Whether the point lies in the box, or no farther than so many metres north, east, south or west of it.
    pub fn is_within_m(&self, p: Position, metres: f64) -> bool {
        let north = (metres / EARTH_RADIUS_M).to_degrees();
        let east = north / p.lat().to_radians().cos().max(0.01);
        (self.west - east..=self.east + east).contains(&p.lon())
            && (self.south - north..=self.north + north).contains(&p.lat())
    }

    /// The smallest box around the points; `None` without points.
    pub fn around(points: impl IntoIterator<Item = Position>) -> Option<Self> {
        points.into_iter().fold(None, |acc: Option<Self>, p| {
            let (lat, lon) = (p.lat(), p.lon());
            Some(acc.map_or(Self { west: lon, south: lat, east: lon, north: lat }, |b| Self {
                west: b.west.min(lon),
                south: b.south.min(lat),
                east: b.east.max(lon),
                north: b.north.max(lat),
            }))
        })
    }
}
