//! Owns the hierarchy of a search graph, which no weight changes, and the metrics made for it, one per set of arc times.
//! Does not know staff.

use super::UNREACHED;
use super::climb::{Begin, Reached, Tree, UpArcs, climb};
use super::customise::{Climbs, downward, upward};
use super::order::NodeOrder;
use super::search_graph::{Entrances, SearchGraph};
use super::shortcuts::Shortcuts;
use super::times::ArcTimes;
use crate::road::column::Column;
use crate::road::snap::Snap;
use std::fmt;
use std::sync::Arc;

/// The contracted search graph. Made once per map.
pub struct Hierarchy {
    pub(super) search: SearchGraph,
    pub(super) shortcuts: Shortcuts,
    pub(super) tree: Tree,
    /// Depth of each shortcut's head.
    pub(super) head_depth: Column<u32>,
}

impl Hierarchy {
    /// Contracts a search graph made of the graph that `order` is of.
    pub fn new(search: SearchGraph, order: &NodeOrder) -> Self {
        let (shortcuts, parent) = Shortcuts::new(&search.first, &search.head, &order.of(&search));
        let tree = Tree::new(parent);
        let head_depth = shortcuts.head.iter().map(|&head| tree.depth[head as usize]).collect();
        Self { search, shortcuts, tree, head_depth }
    }

    /// [`SearchGraph::through`]
    pub(in crate::road) fn through(&self) -> Vec<bool> {
        self.search.through()
    }

    /// Arcs and shortcuts.
    pub fn arc_count(&self) -> usize {
        self.shortcuts.head.len()
    }

    /// Nodes a climb visits at most.
    pub fn depth_max(&self) -> usize {
        self.tree.depth_end
    }

    /// Node of the search graph to its rank.
    pub(super) fn rank(&self, node: u32) -> u32 {
        self.shortcuts.rank[node as usize]
    }
}

impl fmt::Debug for Hierarchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hierarchy({:?}, {} arcs and shortcuts)", self.search, self.arc_count())
    }
}

/// A hierarchy with times: what is searched.
pub struct Metric {
    pub(super) hierarchy: Arc<Hierarchy>,
    pub(super) times: ArcTimes,
    /// Times of all shortcuts, to unpack them.
    pub(super) shortcut_ms: Column<[u32; 2]>,
    pub(super) climbs: Climbs,
}

impl Metric {
    /// Works out all shortcuts for these times, which must be of the same road graph.
    pub fn new(hierarchy: &Arc<Hierarchy>, times: ArcTimes) -> Self {
        let Hierarchy { search, shortcuts, head_depth, .. } = &**hierarchy;
        let shortcut_ms = upward(shortcuts, head_depth, search.arc_count(), |arc| search.weight(&times, arc));
        let climbs = downward(shortcuts, head_depth, &shortcut_ms);
        Self { hierarchy: Arc::clone(hierarchy), times, shortcut_ms: shortcut_ms.into(), climbs }
    }

    /// Arcs that climbs go along, from nodes and to them.
    pub fn climb_arc_counts(&self) -> [usize; 2] {
        [self.climbs.up.arcs.len(), self.climbs.down.arcs.len()]
    }

    /// The hierarchy it is of.
    pub fn hierarchy(&self) -> &Arc<Hierarchy> {
        &self.hierarchy
    }

    /// The times it was made for.
    pub fn times(&self) -> &ArcTimes {
        &self.times
    }

    /// From some nodes up, with the times from them.
    pub(super) fn climb_from(&self, begin: &[(u32, u32)]) -> Vec<Reached> {
        self.climb(&self.climbs.up, None, begin.iter().map(|&(node, ms)| (node, [ms])))
    }

    fn climb<const LANES: usize>(
        &self,
        arcs: &UpArcs,
        back: Option<&UpArcs>,
        begin: impl Iterator<Item = Begin<LANES>>,
    ) -> Vec<Reached<LANES>> {
        let ranked: Vec<Begin<LANES>> = begin.map(|(node, ms)| (self.hierarchy.rank(node), ms)).collect();
        let mut reached = Vec::with_capacity(256);
        climb(&self.hierarchy.tree, arcs, back, &ranked, &mut reached);
        reached
    }

    /// What staff put into buckets who leave by either of two nodes, a lane each.
    pub(super) fn bucket_entries(&self, nodes: [Option<u32>; 2]) -> Vec<Reached<2>> {
        let begin = [[0, UNREACHED], [UNREACHED, 0]].into_iter().zip(nodes).filter_map(|(ms, node)| Some((node?, ms)));
        self.climb(&self.climbs.up, Some(&self.climbs.down), begin)
    }

    /// The climb of a pickup, biased as its entrances, less what no search needs: leaving that out costs as much as the climb,
    /// and is worth it where much is read at every node.
    pub(super) fn arrivals(&self, pickup: &Snap) -> Arrivals {
        self.arrivals_over(pickup, Some(&self.climbs.up))
    }

    /// The whole climb of a pickup, for searches that stop early and for ways.
    pub(super) fn arrivals_whole(&self, pickup: &Snap) -> Arrivals {
        self.arrivals_over(pickup, None)
    }

    fn arrivals_over(&self, pickup: &Snap, back: Option<&UpArcs>) -> Arrivals {
        let entrances = self.hierarchy.search.entrances(&self.times, pickup);
        let begin = entrances.at.iter().map(|&(node, ms)| (node, [ms]));
        let reached = self.climb(&self.climbs.down, back, begin);
        Arrivals { pickup: *pickup, entrances, reached }
    }
}

/// A pickup, and from where it can be reached how soon. The way from the street to it is the same for everybody: climbs and entries
/// leave it out, and it is added to what is told.
pub(super) struct Arrivals {
    pub(super) pickup: Snap,
    pub(super) entrances: Entrances,
    pub(super) reached: Vec<Reached>,
}

impl Arrivals {
    /// What a sum of climb and entry may be for somebody to be there in time; `None` if nobody can.
    pub(super) fn limit_ms(&self, bound_ms: u32) -> Option<u32> {
        let by_road_ms = bound_ms.checked_sub(self.pickup.to_street_ms())?;
        Some(by_road_ms.min(UNREACHED - self.entrances.bias_ms) + self.entrances.bias_ms)
    }

    /// The time that such a sum is, to the pickup itself.
    pub(super) fn told_ms(&self, sum_ms: u32) -> u32 {
        sum_ms - self.entrances.bias_ms + self.pickup.to_street_ms()
    }
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metric({:?})", self.hierarchy)
    }
}
