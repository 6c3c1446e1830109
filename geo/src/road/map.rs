//! Owns a whole map ready for use: what was read or generated, and the graphs made of it.

use super::Profile;
use super::build::build;
use super::data::MapData;
use super::graph::Graph;
use super::snap::Snap;
use super::turns::Turns;
use crate::position::Position;
use std::sync::Arc;

/// A map and its road graphs.
#[derive(Debug)]
pub struct RoadMap {
    /// Streets, areas and labels, for pictures.
    pub data: Arc<MapData>,
    pub(super) walk: Graph,
    pub(super) drive: Graph,
    drive_turns: Turns,
}

impl RoadMap {
    /// Builds the graphs of both profiles.
    pub fn build(data: MapData) -> Self {
        let (walk, drive) = (build(&data, Profile::Walk), build(&data, Profile::Drive));
        Self::of(data, walk, drive)
    }

    /// From graphs that were made of this map.
    pub(super) fn of(data: MapData, walk: Graph, drive: Graph) -> Self {
        let drive_turns = Turns::build(&data, &drive);
        Self { data: Arc::new(data), walk, drive, drive_turns }
    }

    /// The graph of one profile.
    pub fn graph(&self, profile: Profile) -> &Graph {
        match profile {
            Profile::Walk => &self.walk,
            Profile::Drive => &self.drive,
        }
    }

    /// The turns of one profile; `None` where all turns are allowed and free, so that junctions alone tell the way.
    pub fn turns(&self, profile: Profile) -> Option<&Turns> {
        match profile {
            Profile::Walk => None,
            Profile::Drive => Some(&self.drive_turns),
        }
    }

    /// The nearest point on the roads of a profile; `None` beyond [`super::SNAP_M_MAX`].
    pub fn snap(&self, profile: Profile, position: Position) -> Option<Snap> {
        self.graph(profile).snap(position)
    }
}
