//! Owns the road graph of one profile as adjacency arrays: junctions, edges with their shape, arcs out of and into every
//! junction. Knows nothing of tags or files (`build`, `map`) and does not search (`query`, `route`).
//!
//! An *edge* is a piece of street between two junctions, drawn from its start to its end. An *arc* is an edge used in one
//! direction. Invariants: every index is in range; every edge may be used in one direction at least; every junction can be
//! reached from every other one; the shape of an edge has two points at least and begins and ends at its junctions.

use super::Profile;
use super::column::Column;
use super::snap::SnapIndex;
use super::transit::OffStreet;
use crate::position::Position;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// No edge takes longer, milliseconds: a day. Sums of a few fit 32 bits, whatever a map says.
pub const EDGE_MS_MAX: u32 = 24 * 3600 * 1000;

/// The way of an edge that is no street.
pub const NO_WAY: u32 = u32::MAX;

/// A piece of street between two junctions.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Edge {
    /// Junction where the shape begins.
    pub start: u32,
    /// Junction where it ends; equal to `start` for a loop.
    pub end: u32,
    /// Travel time along all of it, milliseconds, 1..=[`EDGE_MS_MAX`], the same in both directions.
    pub ms: u32,
    /// Length, metres.
    pub length_m: f32,
    /// Index of the way in the map data; [`NO_WAY`] for what is no street.
    pub way: u32,
    /// Number of its first point within the way.
    pub(super) nth: u32,
    /// First of its points in the shared array; the next edge's first is one past its last.
    pub(super) first_point: u32,
    /// In which directions it may be used.
    pub(super) rights: Rights,
}

/// In which directions an edge may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Rights(u32);

impl Rights {
    const FORWARD: u32 = 1;
    const BACKWARD: u32 = 2;

    pub(super) const fn new(forward: bool, backward: bool) -> Self {
        Self(forward as u32 * Self::FORWARD | backward as u32 * Self::BACKWARD)
    }

    /// One direction at least, and nothing else.
    pub(super) const fn is_sound(self) -> bool {
        self.0 >= 1 && self.0 <= 3
    }
}

impl Edge {
    /// Whether it may be used from start to end.
    pub const fn forward(&self) -> bool {
        self.rights.0 & Rights::FORWARD != 0
    }

    /// Whether it may be used from end to start.
    pub const fn backward(&self) -> bool {
        self.rights.0 & Rights::BACKWARD != 0
    }

    /// Milliseconds from the start to the point at `fraction` (0..=1) of the edge.
    pub(super) fn ms_from_start(&self, fraction: f32) -> u32 {
        ((f64::from(self.ms) * f64::from(fraction)).round() as u32).min(self.ms)
    }
}

/// An edge in one direction, seen from a junction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Arc {
    /// The junction at the other side: the head of an arc out, the tail of an arc in.
    pub node: u32,
    /// Travel time, milliseconds.
    pub ms: u32,
    /// The edge.
    pub edge: u32,
}

/// The parts a graph is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GraphParts {
    pub(super) nodes: Vec<Position>,
    pub(super) edges: Vec<Edge>,
    pub(super) points: Vec<Position>,
}

/// A strongly connected road graph for one [`Profile`]. May be empty.
#[derive(Debug)]
pub struct Graph {
    pub(super) profile: Profile,
    pub(super) nodes: Column<Position>,
    pub(super) edges: Column<Edge>,
    pub(super) points: Column<Position>,
    pub(super) out: Adjacency,
    pub(super) into: Adjacency,
    pub(super) snap: SnapIndex,
    pub(super) speed_mps_max: f64,
    /// What the last edges are that are no streets.
    pub(super) off_street: Vec<OffStreet>,
}

/// Arcs grouped by junction: those of junction `n` are `arcs[first[n]..first[n + 1]]`.
#[derive(Debug)]
pub(super) struct Adjacency {
    pub(super) first: Column<u32>,
    pub(super) arcs: Column<Arc>,
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
        Self { first: first.into(), arcs: arcs.into() }
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
        let snap = SnapIndex::build(&parts.edges, &parts.points);
        Self::with_snap(profile, parts, snap)
    }

    /// This graph with junctions and edges on top that are no streets; new junctions are numbered on from its own.
    pub(super) fn with_off_street(&self, profile: Profile, more: GraphParts, kinds: Vec<OffStreet>) -> Self {
        let mut parts = self.parts();
        let before = parts.points.len() as u32;
        parts.nodes.extend(more.nodes);
        parts.points.extend(more.points);
        parts.edges.extend(more.edges.into_iter().map(|e| Edge { first_point: e.first_point + before, ..e }));
        Self { off_street: kinds, ..Self::with_snap(profile, parts, self.snap.clone()) }
    }

    fn with_snap(profile: Profile, parts: GraphParts, snap: SnapIndex) -> Self {
        let arcs = || {
            parts.edges.iter().enumerate().flat_map(|(i, e)| {
                let arc = |from, to| (from, Arc { node: to, ms: e.ms, edge: i as u32 });
                [e.forward().then(|| arc(e.start, e.end)), e.backward().then(|| arc(e.end, e.start))]
                    .into_iter()
                    .flatten()
            })
        };
        let out = Adjacency::grouped(parts.nodes.len(), arcs());
        let into = Adjacency::grouped(parts.nodes.len(), arcs().map(|(from, a)| (a.node, Arc { node: from, ..a })));
        let speed_mps_max =
            parts.edges.iter().map(|e| f64::from(e.length_m) * 1000.0 / f64::from(e.ms)).fold(0.1, f64::max);
        let GraphParts { nodes, edges, points } = parts;
        let (nodes, edges, points) = (nodes.into(), edges.into(), points.into());
        Self { profile, nodes, edges, points, out, into, snap, speed_mps_max, off_street: Vec::new() }
    }

    /// A copy of what it was made of.
    pub(super) fn parts(&self) -> GraphParts {
        GraphParts { nodes: self.nodes.to_vec(), edges: self.edges.to_vec(), points: self.points.to_vec() }
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
        self.nodes.len()
    }

    /// Number of edges.
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// Number of arcs.
    pub fn arc_count(&self) -> usize {
        self.out.arcs.len()
    }

    /// Where a junction is.
    pub fn node(&self, node: u32) -> Position {
        self.nodes[node as usize]
    }

    /// One edge.
    pub fn edge(&self, edge: u32) -> &Edge {
        &self.edges[edge as usize]
    }

    /// All edges.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Number of edges that are streets; they come first.
    pub fn street_count(&self) -> usize {
        self.edges.len() - self.off_street.len()
    }

    /// What an edge is that is no street; `None` for a street.
    pub fn off_street(&self, edge: u32) -> Option<OffStreet> {
        (edge as usize).checked_sub(self.street_count()).map(|i| self.off_street[i])
    }

    /// The shape of an edge, from its start to its end, two points at least.
    pub fn shape(&self, edge: u32) -> &[Position] {
        let from = self.edge(edge).first_point as usize;
        let to = self.edges.get(edge as usize + 1).map_or(self.points.len(), |e| e.first_point as usize);
        &self.points[from..to]
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
