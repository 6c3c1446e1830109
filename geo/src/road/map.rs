//! Owns a whole map ready for use: what was read or generated, the graphs made of it, and what is searched on them. The search
//! structures cost seconds to make, so each is made when it is first asked for; [`RoadMap::prepare`] makes all.

use super::Profile;
use super::build::build;
use super::data::MapData;
use super::graph::Graph;
use super::hierarchy::{ArcTimes, Hierarchy, Metric, NodeOrder, SearchGraph};
use super::snap::Snap;
use super::turns::Turns;
use crate::position::Position;
use std::sync::{Arc, OnceLock};

/// A map and its road graphs.
#[derive(Debug)]
pub struct RoadMap {
    /// Streets, areas and labels, for pictures.
    pub data: Arc<MapData>,
    pub(super) walk: Graph,
    pub(super) drive: Graph,
    drive_turns: Turns,
    searches: [Search; 2],
}

/// What is searched of one profile.
#[derive(Debug, Default)]
struct Search {
    order: OnceLock<NodeOrder>,
    free_flow: OnceLock<Arc<Metric>>,
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
        Self { data: Arc::new(data), walk, drive, drive_turns, searches: Default::default() }
    }

    /// With a contraction order that was kept; ignored if one is there.
    pub(super) fn with_order(self, profile: Profile, order: NodeOrder) -> Self {
        // One that is there was found on the same graph, and is as good.
        let _kept = self.searches[profile as usize].order.set(order);
        self
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

    /// The order in which the junctions of one profile are contracted.
    pub(super) fn order(&self, profile: Profile) -> &NodeOrder {
        self.searches[profile as usize].order.get_or_init(|| NodeOrder::find(self.graph(profile)))
    }

    /// Travel times of one profile on empty roads, turns included.
    pub fn free_flow(&self, profile: Profile) -> &Arc<Metric> {
        self.searches[profile as usize].free_flow.get_or_init(|| {
            let graph = self.graph(profile);
            let search = match self.turns(profile) {
                None => SearchGraph::of_junctions(graph, |_| 0),
                Some(turns) => SearchGraph::of_turns(
                    graph,
                    turns.state_count() as u32,
                    |state| turns.original(state),
                    |state| turns.turns_out(state).iter().map(|t| (t.arc, t.ms)),
                ),
            };
            let hierarchy = Arc::new(Hierarchy::new(search, self.order(profile)));
            Arc::new(Metric::new(&hierarchy, ArcTimes::free_flow(graph)))
        })
    }

    /// Makes whatever is not made yet, the profiles side by side.
    pub fn prepare(&self) {
        std::thread::scope(|scope| {
            for profile in Profile::ALL {
                scope.spawn(move || self.free_flow(profile));
            }
        });
    }

    /// The nearest point on the roads of a profile; `None` beyond [`super::SNAP_M_MAX`].
    pub fn snap(&self, profile: Profile, position: Position) -> Option<Snap> {
        self.graph(profile).snap(position)
    }
}
