//! Owns the hierarchy of a search graph, which no weight changes, and the metrics made for it, one per set of arc times.
//! Does not know staff.

use super::UNREACHED;
use super::climb::{Reached, Tree, UpArc, UpArcs, climb, prune};
use super::order::NodeOrder;
use super::search_graph::{Entrances, SearchGraph};
use super::times::ArcTimes;
use crate::road::snap::Snap;
use cch::Cch;
use std::fmt;
use std::sync::Arc;

/// The contracted search graph. Made once per map.
pub struct Hierarchy {
    pub(super) search: SearchGraph,
    pub(super) cch: Cch,
    pub(super) tree: Tree,
}

impl Hierarchy {
    /// Contracts a search graph made of the graph that `order` is of.
    pub fn new(search: SearchGraph, order: &NodeOrder) -> Self {
        let shape =
            cch::graph::Graph { first_out: search.first.clone(), head: search.head.clone(), weight: Vec::new() };
        let cch = Cch::build(&shape, &order.of(&search));
        let tree = Tree::new(cch.elimination_tree_parent.clone());
        Self { search, cch, tree }
    }

    /// Arcs and shortcuts.
    pub fn arc_count(&self) -> usize {
        self.cch.cch_arc_count()
    }

    /// Nodes a climb visits at most.
    pub fn depth_max(&self) -> usize {
        self.tree.depth_end
    }

    /// Node of the search graph to its rank.
    pub(super) fn rank(&self, node: u32) -> u32 {
        self.cch.rank[node as usize]
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
    pub(super) shortcuts: cch::Metric,
    /// From a node to higher ones.
    up: UpArcs,
    /// To a node from higher ones.
    down: UpArcs,
}

impl Metric {
    /// Works out all shortcuts for these times, which must be of the same road graph.
    pub fn new(hierarchy: &Arc<Hierarchy>, times: ArcTimes) -> Self {
        let (search, cch) = (&hierarchy.search, &hierarchy.cch);
        let weight = |(&via, &extra): (&u32, &u32)| times.enter_ms(via).saturating_add(extra).min(UNREACHED);
        let weights: Vec<u32> = search.via.iter().zip(&search.extra_ms).map(weight).collect();
        let shortcuts = if search.node_count() == 0 {
            cch::Metric { forward: Vec::new(), backward: Vec::new() }
        } else {
            cch.customize(&weights)
        };
        let up = up_arcs(hierarchy, &shortcuts.forward);
        let down = up_arcs(hierarchy, &shortcuts.backward);
        Self { hierarchy: Arc::clone(hierarchy), times, shortcuts, up, down }
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
        self.climb(&self.up, begin)
    }

    /// To some nodes from above, with the times to them.
    pub(super) fn climb_to(&self, begin: &[(u32, u32)]) -> Vec<Reached> {
        self.climb(&self.down, begin)
    }

    fn climb(&self, arcs: &UpArcs, begin: &[(u32, u32)]) -> Vec<Reached> {
        let ranked: Vec<(u32, u32)> = begin.iter().map(|&(node, ms)| (self.hierarchy.rank(node), ms)).collect();
        let mut reached = Vec::with_capacity(256);
        climb(&self.hierarchy.tree, arcs, &ranked, &mut reached);
        reached
    }

    /// What staff who leave by `node` put into buckets.
    pub(super) fn bucket_entries(&self, node: u32) -> Vec<Reached> {
        let mut reached = self.climb_from(&[(node, 0)]);
        prune(&self.hierarchy.tree, &self.down, &mut reached);
        reached
    }

    /// The climb of a pickup, biased as its entrances.
    pub(super) fn arrivals(&self, pickup: &Snap) -> Arrivals {
        let entrances = self.hierarchy.search.entrances(&self.times, pickup);
        let reached = self.climb_to(&entrances.at);
        Arrivals { pickup: *pickup, entrances, reached }
    }
}

/// A pickup, and from where it can be reached how soon.
pub(super) struct Arrivals {
    pub(super) pickup: Snap,
    pub(super) entrances: Entrances,
    pub(super) reached: Vec<Reached>,
}

fn up_arcs(hierarchy: &Hierarchy, ms: &[u32]) -> UpArcs {
    let cch = &hierarchy.cch;
    let mut up = UpArcs { first: Vec::with_capacity(cch.node_count() + 1), arcs: Vec::with_capacity(ms.len()) };
    up.first.push(0);
    for node in 0..cch.node_count() {
        let range = cch.up_first_out[node] as usize..cch.up_first_out[node + 1] as usize;
        let arcs = cch.up_head[range.clone()].iter().zip(&ms[range]);
        let finite = arcs.filter(|&(_, &ms)| ms < UNREACHED);
        up.arcs.extend(finite.map(|(&head, &ms)| UpArc { depth: hierarchy.tree.depth[head as usize], ms }));
        up.first.push(up.arcs.len() as u32);
    }
    up
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metric({:?})", self.hierarchy)
    }
}
