//! Owns the road graph of one profile as adjacency arrays: junctions, edges with their shape, arcs out of and into every
//! junction. Knows nothing of tags or files (`build`, `map`) and does not search (`query`, `route`).
//!
//! An *edge* is a piece of street between two junctions, drawn from its start to its end. An *arc* is an edge used in one
//! direction. Invariants: every index is in range; every edge may be used in one direction at least; every junction can be
//! reached from every other one; the shape of an edge has two points at least and begins and ends at its junctions.

use super::Profile;
use super::snap::SnapIndex;
use super::transit::OffStreet;
use crate::position::Position;

/// The way of an edge that is no street.
pub const NO_WAY: u32 = u32::MAX;

/// A piece of street between two junctions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Junction where the shape begins.
    pub start: u32,
    /// Junction where it ends; equal to `start` for a loop.
    pub end: u32,
    /// Travel time along all of it, milliseconds, at least 1, the same in both directions.
    pub ms: u32,
    /// Length, metres.
    pub length_m: f32,
    /// Index of the way in the map data; [`NO_WAY`] for what is no street.
    pub way: u32,
    /// Number of its first point within the way.
    pub(super) nth: u32,
    /// First of its points in the shared array; the next edge's first is one past its last.
    pub(super) first_point: u32,
    /// Whether it may be used from start to end.
    pub forward: bool,
    /// Whether it may be used from end to start.
    pub backward: bool,
}

impl Edge {
    /// Milliseconds from the start to the point at `fraction` (0..=1) of the edge.
    pub(super) fn ms_from_start(&self, fraction: f32) -> u32 {
        ((f64::from(self.ms) * f64::from(fraction)).round() as u32).min(self.ms)
    }
}

/// An edge in one direction, seen from a junction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arc {
    /// The junction at the other side: the head of an arc out, the tail of an arc in.
    pub node: u32,
    /// Travel time, milliseconds.
    pub ms: u32,
    /// The edge.
    pub edge: u32,
}

/// The parts a graph is made of and stored as.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GraphParts {
    pub(super) nodes: Vec<Position>,
    pub(super) edges: Vec<Edge>,
    pub(super) points: Vec<Position>,
}

/// A strongly connected road graph for one [`Profile`]. May be empty.
#[derive(Debug)]
pub struct Graph {
    profile: Profile,
    parts: GraphParts,
    out: Adjacency,
    into: Adjacency,
    snap: std::sync::Arc<SnapIndex>,
    speed_mps_max: f64,
    /// What the last edges are that are no streets.
    off_street: Vec<OffStreet>,
}

/// Arcs grouped by junction: those of junction `n` are `arcs[first[n]..first[n + 1]]`.
#[derive(Debug)]
struct Adjacency {
    first: Vec<u32>,
    arcs: Vec<Arc>,
}

impl Adjacency {
    /// Counting sort of (junction, arc) pairs; keeps the order of the edges within a junction.
    fn grouped(nodes: usize, pairs: impl Iterator<Item = (u32, Arc)> + Clone) -> Self {
        let mut first = vec![0u32; nodes + 1];
        for (at, _) in pairs.clone() {
            first[at as usize + 1] += 1;
        }
        for n in 0..nodes {
            first[n + 1] += first[n];
        }
        let mut next = first.clone();
        let mut arcs = vec![Arc { node: 0, ms: 0, edge: 0 }; first[nodes] as usize];
        for (at, arc) in pairs {
            let slot = &mut next[at as usize];
            arcs[*slot as usize] = arc;
            *slot += 1;
        }
        Self { first, arcs }
    }

    fn of(&self, node: u32) -> &[Arc] {
        let n = node as usize;
        &self.arcs[self.first[n] as usize..self.first[n + 1] as usize]
    }
}

impl Graph {
    /// Takes parts that hold the invariants of this module, less strong connection, which nothing here depends on for
    /// safety.
    pub(super) fn from_parts(profile: Profile, parts: GraphParts) -> Self {
        let mut graph = Self::without_snap(profile, parts);
        graph.snap = std::sync::Arc::new(SnapIndex::build(&graph));
        graph
    }

    /// This graph with junctions and edges on top that are no streets; new junctions are numbered on from its own.
    pub(super) fn with_off_street(&self, profile: Profile, more: GraphParts, kinds: Vec<OffStreet>) -> Self {
        let mut parts = self.parts.clone();
        let before = parts.points.len() as u32;
        parts.nodes.extend(more.nodes);
        parts.points.extend(more.points);
        parts.edges.extend(more.edges.into_iter().map(|e| Edge { first_point: e.first_point + before, ..e }));
        let snap = std::sync::Arc::clone(&self.snap);
        Self { snap, off_street: kinds, ..Self::without_snap(profile, parts) }
    }

    fn without_snap(profile: Profile, parts: GraphParts) -> Self {
        let arcs = || {
            parts.edges.iter().enumerate().flat_map(|(i, e)| {
                let arc = |from, to| (from, Arc { node: to, ms: e.ms, edge: i as u32 });
                [e.forward.then(|| arc(e.start, e.end)), e.backward.then(|| arc(e.end, e.start))].into_iter().flatten()
            })
        };
        let out = Adjacency::grouped(parts.nodes.len(), arcs());
        let into = Adjacency::grouped(parts.nodes.len(), arcs().map(|(from, a)| (a.node, Arc { node: from, ..a })));
        let speed_mps_max =
            parts.edges.iter().map(|e| f64::from(e.length_m) * 1000.0 / f64::from(e.ms)).fold(0.1, f64::max);
        Self { profile, parts, out, into, snap: std::sync::Arc::default(), speed_mps_max, off_street: Vec::new() }
    }

    pub(super) fn parts(&self) -> &GraphParts {
        &self.parts
    }

    pub(super) fn snap_index(&self) -> &SnapIndex {
        &self.snap
    }

    /// For whom it is.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Number of junctions.
    pub fn node_count(&self) -> usize {
        self.parts.nodes.len()
    }

    /// Number of edges.
    pub fn edge_count(&self) -> usize {
        self.parts.edges.len()
    }

    /// Number of arcs.
    pub fn arc_count(&self) -> usize {
        self.out.arcs.len()
    }

    /// Where a junction is.
    pub fn node(&self, node: u32) -> Position {
        self.parts.nodes[node as usize]
    }

    /// One edge.
    pub fn edge(&self, edge: u32) -> &Edge {
        &self.parts.edges[edge as usize]
    }

    /// All edges.
    pub fn edges(&self) -> &[Edge] {
        &self.parts.edges
    }

    /// Number of edges that are streets; they come first.
    pub fn street_count(&self) -> usize {
        self.parts.edges.len() - self.off_street.len()
    }

    /// What an edge is that is no street; `None` for a street.
    pub fn off_street(&self, edge: u32) -> Option<OffStreet> {
        (edge as usize).checked_sub(self.street_count()).map(|i| self.off_street[i])
    }

    /// The shape of an edge, from its start to its end, two points at least.
    pub fn shape(&self, edge: u32) -> &[Position] {
        let from = self.edge(edge).first_point as usize;
        let to = self.parts.edges.get(edge as usize + 1).map_or(self.parts.points.len(), |e| e.first_point as usize);
        &self.parts.points[from..to]
    }

    /// Arcs that leave a junction.
    pub fn arcs_out(&self, node: u32) -> &[Arc] {
        self.out.of(node)
    }

    /// Arcs that arrive at a junction; each names the junction it comes from.
    pub fn arcs_in(&self, node: u32) -> &[Arc] {
        self.into.of(node)
    }

    /// The highest speed on any edge, metres per second; nothing on this graph is faster in a straight line.
    pub fn speed_mps_max(&self) -> f64 {
        self.speed_mps_max
    }

    /// Length of a shape, metres.
    pub(super) fn length_m(points: &[Position]) -> f64 {
        points.windows(2).map(|w| w[0].distance_m(w[1])).sum()
    }
}
