//! Owns the city while it is being drawn: points, lines of points with their rights, edges that streets attach to.
//! Does not decide where anything goes.

use super::plane::{Pt, along, measures};
use crate::road::data::RoadClass;

/// One street line being drawn; pieces run between consecutive nodes.
pub(super) struct Line {
    pub(super) nodes: Vec<u32>,
    /// One per piece.
    pub(super) pieces: Vec<Piece>,
    pub(super) class: RoadClass,
    /// Index into [`Draft::names`] or `u32::MAX`.
    pub(super) name: u32,
    /// Cars in node order only.
    pub(super) oneway: bool,
    /// Nobody on foot.
    pub(super) cars_only: bool,
}

/// A piece of a line.
#[expect(clippy::struct_excessive_bools, reason = "four independent facts, all combinations occur")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) alive: bool,
    pub(super) bridge: bool,
    /// A footway instead of a street.
    pub(super) foot: bool,
    /// The end of a main street that leads on to none: an ordinary street.
    pub(super) minor: bool,
}

impl Piece {
    pub(super) const STREET: Self = Self { alive: true, bridge: false, foot: false, minor: false };
    pub(super) const BRIDGE: Self = Self { alive: true, bridge: true, foot: false, minor: false };
}

/// A street edge that others attach to along its course.
pub(super) struct Edge {
    pub(super) course: Vec<Pt>,
    measures: Vec<f64>,
    ends: (u32, u32),
    /// (metres from the start, node).
    joins: Vec<(f64, u32)>,
    pub(super) class: RoadClass,
    pub(super) name: u32,
}

/// Joins nearer than this become one crossing, metres.
const SAME_JOIN_M: f64 = 26.0;

impl Edge {
    pub(super) fn length(&self) -> f64 {
        self.measures[self.measures.len() - 1]
    }

    pub(super) fn at(&self, t: f64) -> Pt {
        along(&self.course, &self.measures, t * self.length())
    }
}

/// Everything drawn so far.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) points: Vec<Pt>,
    pub(super) lines: Vec<Line>,
    pub(super) edges: Vec<Edge>,
    pub(super) names: Vec<String>,
}

impl Draft {
    pub(super) fn point(&mut self, p: Pt) -> u32 {
        self.points.push(p);
        self.points.len() as u32 - 1
    }

    pub(super) fn name(&mut self, name: String) -> u32 {
        self.names.push(name);
        self.names.len() as u32 - 1
    }

    pub(super) fn at(&self, node: u32) -> Pt {
        self.points[node as usize]
    }

    /// A new edge between two nodes; `course` includes both ends.
    pub(super) fn edge(&mut self, ends: (u32, u32), course: Vec<Pt>, class: RoadClass, name: u32) -> usize {
        let measures = measures(&course);
        self.edges.push(Edge { course, measures, ends, joins: Vec::new(), class, name });
        self.edges.len() - 1
    }

    /// The node at fraction `t` of an edge: one that is there already when close enough.
    pub(super) fn join(&mut self, edge: usize, t: f64) -> u32 {
        let e = &self.edges[edge];
        let at = t.clamp(0.0, 1.0) * e.length();
        if at < SAME_JOIN_M {
            return e.ends.0;
        }
        if e.length() - at < SAME_JOIN_M {
            return e.ends.1;
        }
        let near = e.joins.iter().filter(|j| (j.0 - at).abs() < SAME_JOIN_M);
        if let Some(j) = near.min_by(|a, b| (a.0 - at).abs().total_cmp(&(b.0 - at).abs())) {
            return j.1;
        }
        let p = e.at(t);
        let node = self.point(p);
        self.edges[edge].joins.push((at, node));
        node
    }

    /// Nodes of an edge in order: its ends, what joined it, and its own bends where no join is near.
    pub(super) fn edge_nodes(&mut self, edge: usize) -> Vec<u32> {
        let e = &self.edges[edge];
        let length = e.length();
        let mut stops: Vec<(f64, Option<u32>, Pt)> = e.joins.iter().map(|&(m, n)| (m, Some(n), self.at(n))).collect();
        for (m, p) in e.measures.iter().zip(&e.course) {
            let clear = *m > 18.0 && length - *m > 18.0;
            if clear && e.joins.iter().all(|j| (j.0 - *m).abs() > 18.0) {
                stops.push((*m, None, *p));
            }
        }
        stops.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ends = e.ends;
        let mut nodes = vec![ends.0];
        for (_, node, p) in stops {
            let node = node.unwrap_or_else(|| self.point(p));
            nodes.push(node);
        }
        nodes.push(ends.1);
        nodes
    }
}
