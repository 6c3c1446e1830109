//! Owns a whole map ready for use: what was read or generated, the graphs made of it, and what is searched on them. Walking and
//! driving are at hand; everything else costs time and memory and is made when it is first asked for ([`RoadMap::prepare`]
//! makes what walking and driving need).

use super::Profile;
use super::build::{build, left_out_m};
use super::data::{Access, MapData};
use super::graph::Graph;
use super::hierarchy::{ArcTimes, Hierarchy, Metric, NodeOrder, SearchGraph};
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
    graphs: [OnceLock<Graph>; Profile::ALL.len()],
    turns: [OnceLock<Option<Turns>>; Profile::ALL.len()],
    searches: [Search; Profile::ALL.len()],
    /// By edge, where turns count: [`RoadMap::is_through`].
    through: [OnceLock<Option<Vec<bool>>>; Profile::ALL.len()],
    /// By edge: [`RoadMap::meeting`].
    meets: [OnceLock<Vec<bool>>; Profile::ALL.len()],
}

/// Where a street is closed, nobody walks further to the next one that is open, metres.
const BESIDE_M_MAX: f64 = 200.0;

/// What is searched of one profile.
#[derive(Debug, Default)]
struct Search {
    order: OnceLock<NodeOrder>,
    free_flow: OnceLock<Arc<Metric>>,
}

/// The profiles whose graphs a map holds from the beginning, and a map file with their orders.
pub(super) const AT_HAND: [Profile; 2] = [Profile::Walk, Profile::Drive];

impl RoadMap {
    /// Builds the graphs of walking and driving.
    pub fn build(data: MapData) -> Self {
        let graphs = AT_HAND.map(|p| build(&data, p));
        Self::of(data, graphs)
    }

    /// From graphs that were made of this map, in the order of [`AT_HAND`].
    pub(super) fn of(data: MapData, graphs: [Graph; AT_HAND.len()]) -> Self {
        let map = Self {
            data: Arc::new(data),
            graphs: Default::default(),
            turns: Default::default(),
            searches: Default::default(),
            through: Default::default(),
            meets: Default::default(),
        };
        for (profile, graph) in AT_HAND.into_iter().zip(graphs) {
            map.graphs[profile as usize].get_or_init(|| graph);
        }
        map
    }

    /// With what was kept of searching one of its graphs, for a map that has not searched yet.
    pub(super) fn with_kept(mut self, profile: Profile, order: NodeOrder, free_flow: Metric) -> Self {
        self.searches[profile as usize] = Search { order: order.into(), free_flow: Arc::new(free_flow).into() };
        self
    }

    /// The graph of one profile. Walking and riding: every line that ever runs, as it does in
    /// [`USUAL_HOUR`](super::subway::USUAL_HOUR) (another hour's waiting: [`RoadMap::waiting_arcs`]); the walking graph where
    /// there is no subway.
    pub fn graph(&self, profile: Profile) -> &Graph {
        if profile == Profile::Transit && self.data.subway.is_empty() {
            return self.graph(Profile::Walk);
        }
        self.graphs[profile as usize].get_or_init(|| match profile {
            Profile::Transit => transit::build(self.graph(Profile::Walk), &self.data.subway, None),
            streets => build(&self.data, streets),
        })
    }

    /// Metres of streets that one may take so, and of those metres that are left out since nothing joins them to the rest: islands, and what
    /// a map has in pieces. Measured anew, for whoever imports a map.
    pub fn left_out_m(&self, profile: Profile) -> [f64; 2] {
        left_out_m(&self.data, profile, self.graph(profile))
    }

    /// The graph of walking and riding as the subway runs in another hour (0..24) of the day. The same junctions, and the
    /// same edges less those of lines that do not run then.
    pub fn transit_at(&self, hour: usize) -> Graph {
        transit::build(self.graph(Profile::Walk), &self.data.subway, Some(hour))
    }

    /// The turns of one profile; `None` where all turns are allowed and free, so that junctions alone tell the way.
    pub fn turns(&self, profile: Profile) -> Option<&Turns> {
        let made = self.turns[profile as usize].get_or_init(|| {
            let has_turns = profile != Profile::Transit && mode(profile).turns != TurnCosts::FREE;
            has_turns.then(|| Turns::build(&self.data, self.graph(profile)))
        });
        made.as_ref()
    }

    /// The order in which the junctions of one profile are contracted.
    pub(super) fn order(&self, profile: Profile) -> &NodeOrder {
        self.searches[profile as usize].order.get_or_init(|| NodeOrder::find(self.graph(profile)))
    }

    /// Travel times of one profile on empty roads, turns included.
    pub fn free_flow(&self, profile: Profile) -> &Arc<Metric> {
        self.searches[profile as usize].free_flow.get_or_init(|| {
            let graph = self.graph(profile);
            let hierarchy = Arc::new(Hierarchy::new(SearchGraph::of(self, profile), self.order(profile)));
            Arc::new(Metric::new(&hierarchy, ArcTimes::free_flow(graph)))
        })
    }

    /// Whether that is made; else whoever asks first makes it, and others wait.
    pub fn has_free_flow(&self, profile: Profile) -> bool {
        self.searches[profile as usize].free_flow.get().is_some()
    }

    /// Makes what walking and driving need, side by side.
    pub fn prepare(&self) {
        std::thread::scope(|scope| {
            for profile in AT_HAND {
                scope.spawn(move || {
                    self.free_flow(profile);
                    self.through(profile);
                    self.meets(profile);
                });
            }
        });
    }

    /// The nearest point on the roads of a profile, on a street that one gets into and out of; `None` beyond [`super::SNAP_M_MAX`].
    pub fn snap(&self, profile: Profile, position: Position) -> Option<Snap> {
        let graph = self.graph(profile);
        match self.through(profile) {
            None => graph.snap(position),
            Some(through) => graph.snap_where(position, |edge| through[edge as usize]),
        }
    }

    /// Where in the streets of a profile those come to who are to meet somebody at a position, the best first: on the nearest street
    /// on which people are, neither one for cars alone nor one below ground, if there is one; and where that is closed to who comes
    /// from outside, on the nearest open one beside it. Empty beyond [`super::SNAP_M_MAX`].
    pub fn meeting(&self, profile: Profile, position: Position, times: &ArcTimes) -> impl Iterator<Item = Snap> {
        let nearest = self.place(profile, position);
        let is_open = |edge: u32| [edge * 2, edge * 2 + 1].into_iter().any(|arc| times.leads_out(arc));
        let beside = nearest.filter(|snap| !is_open(snap.edge)).and_then(|_| {
            let meets = self.meets(profile);
            self.graph(profile).snap_where(position, |edge| meets[edge as usize] && is_open(edge))
        });
        let beside = beside.filter(|snap| f64::from(snap.distance_m) <= BESIDE_M_MAX);
        nearest.into_iter().chain(beside)
    }

    /// The first of [`Self::meeting`], whatever is closed.
    pub fn place(&self, profile: Profile, position: Position) -> Option<Snap> {
        let meets = self.meets(profile);
        let met = self.graph(profile).snap_where(position, |edge| meets[edge as usize]);
        met.or_else(|| self.snap(profile, position))
    }

    fn meets(&self, profile: Profile) -> &[bool] {
        self.meets[profile as usize].get_or_init(|| {
            let graph = self.graph(profile);
            let has_people = |edge: u32| {
                let way = &self.data.ways[graph.edge(edge).way as usize];
                way.walk != Access::No && !way.tunnel && self.is_through(profile, edge)
            };
            (0..graph.street_count() as u32).map(has_people).collect()
        })
    }

    /// Whether most of the network is reached from a street and reaches it. A graph is connected, but by its junctions: once turns
    /// count, into one street of a hundred in Seoul no car gets, or not out again, and nobody can be met or searched there.
    pub fn is_through(&self, profile: Profile, edge: u32) -> bool {
        self.through(profile).is_none_or(|through| through[edge as usize])
    }

    /// `None` where turns do not count. Of what is searched, which a map file brings with it, and the turn table it does not.
    fn through(&self, profile: Profile) -> Option<&[bool]> {
        let made = self.through[profile as usize].get_or_init(|| {
            if profile == Profile::Transit || mode(profile).turns == TurnCosts::FREE {
                return None;
            }
            let of_kept = |metric: &Arc<Metric>| metric.hierarchy().through();
            let kept = self.searches[profile as usize].free_flow.get().map(of_kept);
            Some(kept.unwrap_or_else(|| SearchGraph::of(self, profile).through()))
        });
        made.as_deref()
    }
}

#[cfg(test)]
#[path = "map_tests.rs"]
mod tests;
