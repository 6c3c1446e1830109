//! Owns a whole map ready for use: what was read or generated, and the graphs made of it.

use super::Profile;
use super::build::build;
use super::data::MapData;
use super::graph::Graph;
use super::modes::mode;
use super::snap::Snap;
use super::transit;
use super::turn_cost::TurnCosts;
use super::turns::Turns;
use crate::position::Position;
use std::sync::{Arc, OnceLock};

/// A map and its road graphs.
#[derive(Debug)]
pub struct RoadMap {
    /// Streets, areas and labels, for pictures.
    pub data: Arc<MapData>,
    graphs: [Graph; Profile::ON_STREETS.len()],
    /// Made when first asked for: not everybody needs all of them, and a map must load fast.
    turns: [OnceLock<Turns>; Profile::ON_STREETS.len()],
    /// `None` without a subway.
    transit: Option<Graph>,
}

impl RoadMap {
    /// Builds the graphs of all profiles.
    pub fn build(data: MapData) -> Self {
        let graphs = Profile::ON_STREETS.map(|p| build(&data, p));
        Self::of(data, graphs)
    }

    /// From graphs that were made of this map, in the order of [`Profile::ON_STREETS`].
    pub(super) fn of(data: MapData, graphs: [Graph; Profile::ON_STREETS.len()]) -> Self {
        let transit = (!data.subway.is_empty())
            .then(|| transit::build(&graphs[Profile::Walk as usize], &data.subway, transit::USUAL_HOUR));
        Self { data: Arc::new(data), graphs, turns: Default::default(), transit }
    }

    /// The graph of one profile. Walking and riding: as the subway runs in [`transit::USUAL_HOUR`]; the walking graph where
    /// there is no subway.
    pub fn graph(&self, profile: Profile) -> &Graph {
        match profile {
            Profile::Transit => self.transit.as_ref().unwrap_or(&self.graphs[Profile::Walk as usize]),
            streets => &self.graphs[streets as usize],
        }
    }

    /// The graph of walking and riding as the subway runs in another hour (0..24) of the day. The same junctions, and the
    /// same edges less those of lines that do not run then.
    pub fn transit_at(&self, hour: usize) -> Graph {
        transit::build(&self.graphs[Profile::Walk as usize], &self.data.subway, hour)
    }

    /// The turns of one profile; `None` where all turns are allowed and free, so that junctions alone tell the way.
    pub fn turns(&self, profile: Profile) -> Option<&Turns> {
        if mode(profile).turns == TurnCosts::FREE {
            return None;
        }
        let made = self.turns.get(profile as usize)?;
        Some(made.get_or_init(|| Turns::build(&self.data, self.graph(profile))))
    }

    /// The nearest point on the roads of a profile; `None` beyond [`super::SNAP_M_MAX`].
    pub fn snap(&self, profile: Profile, position: Position) -> Option<Snap> {
        self.graph(profile).snap(position)
    }
}
