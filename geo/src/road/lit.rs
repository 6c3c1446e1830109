//! Owns what is known of street lamps and cameras along the streets of one graph, read from lists of points. Says nothing of
//! streets without any: a list has gaps, so the absence of a lamp is no darkness.
//!
//! A list is CSV in UTF-8 with a header line. Columns `lon` and `lat` (degrees) are found by name; others are ignored, but may be
//! quoted. Points off the streets of the map are counted and left out.

use super::graph::Graph;
use crate::position::Position;
use std::fmt;
use std::io;
use std::path::Path;

/// Rows of one list; Seoul's longest has twenty thousand.
const ROWS_MAX: usize = 1_000_000;
/// Bytes of one list.
const BYTES_MAX: u64 = 256 * 1024 * 1024;
/// A lamp or a camera serves the streets within so many metres.
const SERVES_M: f64 = 25.0;
/// Streets that one point serves at most.
const STREETS_MAX: usize = 6;

/// Why a list was not read.
#[derive(Debug)]
#[non_exhaustive]
pub enum PointsError {
    /// The file could not be read.
    Io(io::Error),
    /// There is no such column.
    Column(&'static str),
    /// A line has no position where it should be.
    Row {
        /// Line, from 1.
        line: usize,
        /// The column.
        column: &'static str,
    },
    /// More than a list of points holds.
    TooLarge,
}

impl fmt::Display for PointsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => write!(f, "cannot be read: {e}"),
            Self::Column(column) => write!(f, "has no column {column}"),
            Self::Row { line, column } => write!(f, "line {line}: no degrees in column {column}"),
            Self::TooLarge => write!(f, "has more than {ROWS_MAX} rows or {BYTES_MAX} bytes"),
        }
    }
}

impl std::error::Error for PointsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(e) => Some(e),
            _ => None,
        }
    }
}

/// Reads a list of points from a file.
pub fn read_points(path: &Path) -> Result<Vec<Position>, PointsError> {
    if std::fs::metadata(path).map_err(PointsError::Io)?.len() > BYTES_MAX {
        return Err(PointsError::TooLarge);
    }
    points(&std::fs::read_to_string(path).map_err(PointsError::Io)?)
}

/// Reads a list of points.
pub fn points(text: &str) -> Result<Vec<Position>, PointsError> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header: Vec<String> = lines.next().map(|(_, line)| fields(line)).unwrap_or_default();
    let column = |name: &'static str| header.iter().position(|h| h.trim() == name).ok_or(PointsError::Column(name));
    let (lon, lat) = (column("lon")?, column("lat")?);
    let mut found = Vec::new();
    for (number, line) in lines {
        if found.len() == ROWS_MAX {
            return Err(PointsError::TooLarge);
        }
        let row = fields(line);
        let degrees = |at: usize, column: &'static str| {
            let number_in = row.get(at).and_then(|field| field.trim().parse::<f64>().ok());
            number_in.ok_or(PointsError::Row { line: number + 1, column })
        };
        let (lon, lat) = (degrees(lon, "lon")?, degrees(lat, "lat")?);
        let bad = |e| match e {
            crate::PositionError::LongitudeOutOfRange => PointsError::Row { line: number + 1, column: "lon" },
            _ => PointsError::Row { line: number + 1, column: "lat" },
        };
        found.push(Position::new(lat, lon).map_err(bad)?);
    }
    Ok(found)
}

/// The fields of a line; within double quotes a comma is text, and two of them are one.
fn fields(line: &str) -> Vec<String> {
    let (mut all, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(std::mem::take(&mut field)),
            _ => field.push(c),
        }
    }
    all.push(field);
    all
}

/// How many lamps and cameras serve each edge of one graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lit {
    /// Lamps by edge; empty if none are known.
    lamps: Vec<u16>,
    /// Cameras by edge; empty if none are known.
    cameras: Vec<u16>,
    /// Points that serve no street.
    pub off_streets: usize,
}

impl Lit {
    /// Which streets the points serve.
    pub fn of(graph: &Graph, lamps: &[Position], cameras: &[Position]) -> Self {
        let mut off_streets = 0;
        let mut counted = |points: &[Position]| {
            let mut counts = vec![0u16; if points.is_empty() { 0 } else { graph.edge_count() }];
            for &point in points {
                let streets = graph.snaps_within(point, SERVES_M, STREETS_MAX);
                off_streets += usize::from(streets.is_empty());
                for street in streets {
                    let count = &mut counts[street.edge as usize];
                    *count = count.saturating_add(1);
                }
            }
            counts
        };
        let (lamps, cameras) = (counted(lamps), counted(cameras));
        Self { lamps, cameras, off_streets }
    }

    /// Lamps that serve an edge.
    pub fn lamps(&self, edge: u32) -> u16 {
        self.lamps.get(edge as usize).copied().unwrap_or(0)
    }

    /// Cameras that serve an edge.
    pub fn cameras(&self, edge: u32) -> u16 {
        self.cameras.get(edge as usize).copied().unwrap_or(0)
    }
}

#[cfg(test)]
#[path = "lit_tests.rs"]
mod tests;
