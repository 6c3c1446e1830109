//! Owns the map as read or generated, before any graph is made of it: ways with their rights, areas, labels. The OSM reader
//! and the generated city both end here; graphs (`build`) and vector tiles (`tile`) both begin here.

use super::marks::Mark;
use super::restriction::Restriction;
use super::subway::Subway;
use crate::position::{Bounds, Position};

/// How big a road is; also the class number in vector tiles (0 = biggest).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RoadClass {
    /// Motorway and its links.
    Motorway = 0,
    /// Trunk, primary and their links.
    Primary = 1,
    /// Secondary and its links.
    Secondary = 2,
    /// Tertiary, unclassified.
    Tertiary = 3,
    /// Residential, living street, service, busway.
    Residential = 4,
    /// Footway, path, pedestrian, steps, cycleway.
    Path = 5,
}

impl RoadClass {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Motorway, Self::Primary, Self::Secondary, Self::Tertiary, Self::Residential, Self::Path];
}

/// Who may use a way, and which way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Access {
    /// Nobody of this mode.
    No = 0,
    /// In the order of the nodes.
    Forward = 1,
    /// Against it.
    Backward = 2,
    /// Both ways.
    Both = 3,
}

impl Access {
    /// May be used in the order of the nodes.
    pub const fn forward(self) -> bool {
        self as u8 & 1 != 0
    }

    /// May be used against it.
    pub const fn backward(self) -> bool {
        self as u8 & 2 != 0
    }

    /// From the two rights.
    pub const fn from_rights(forward: bool, backward: bool) -> Self {
        match (forward, backward) {
            (false, false) => Self::No,
            (true, false) => Self::Forward,
            (false, true) => Self::Backward,
            (true, true) => Self::Both,
        }
    }
}

/// A street or a piece of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// Indexes into [`MapData::nodes`], two at least.
    pub nodes: Vec<u32>,
    /// How big.
    pub class: RoadClass,
    /// Index into [`MapData::names`]; `u32::MAX` is none.
    pub name: u32,
    /// For cars.
    pub drive: Access,
    /// For people on foot.
    pub walk: Access,
    /// For bicycles.
    pub cycle: Access,
    /// Car speed in km/h after the class table and `maxspeed`, before any calibration.
    pub drive_kmh: u8,
    /// Walking speed in tenths of km/h (steps are slower).
    pub walk_kmh_tenths: u8,
    /// Cycling speed in tenths of km/h.
    pub cycle_kmh_tenths: u8,
    /// Drawn over what it crosses.
    pub bridge: bool,
    /// Below ground: who seems to be at it stands above it.
    pub tunnel: bool,
}

impl Way {
    /// No name.
    pub const NO_NAME: u32 = u32::MAX;
}

/// What an area is, for the map picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AreaKind {
    /// River, lake.
    Water = 0,
    /// Park, wood, hill.
    Green = 1,
}

/// A polygon: outer ring, then holes; rings are closed implicitly.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// What it is.
    pub kind: AreaKind,
    /// Outer ring first.
    pub rings: Vec<Vec<Position>>,
}

/// What a label names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum LabelKind {
    /// One of the 25 gu.
    District = 0,
    /// Subway station.
    Station = 1,
    /// Park or hill.
    Park = 2,
}

/// A named point.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// What it names.
    pub kind: LabelKind,
    /// Korean.
    pub name: String,
    /// English; empty if unknown.
    pub name_en: String,
    /// Where.
    pub at: Position,
}

/// A whole map as read or generated.
#[derive(Clone, Debug, PartialEq)]
pub struct MapData {
    /// Shown to people, e.g. the file's stem or "generated city".
    pub name: String,
    /// Shown on every map picture.
    pub attribution: String,
    /// Whether it is the built-in city.
    pub generated: bool,
    /// Around all road nodes.
    pub bounds: Bounds,
    /// Road nodes.
    pub nodes: Vec<Position>,
    /// Streets.
    pub ways: Vec<Way>,
    /// Lights and crossings.
    pub marks: Vec<Mark>,
    /// Turns that are forbidden or the only ones allowed.
    pub restrictions: Vec<Restriction>,
    /// The subway; may be empty.
    pub subway: Subway,
    /// Street names.
    pub names: Vec<String>,
    /// Water and green.
    pub areas: Vec<Area>,
    /// Districts, stations, parks.
    pub labels: Vec<Label>,
}
