//! Owns what a stretch of street counts for a search that has zones to keep out of: nothing more where it touches none; where it touches
//! one it may not be used, or, for who has to pass through all the same, counts as so much longer that no way inside is taken that
//! could be spared. Does not search (`safer`, `around`).

use super::avoid::Zone;
use super::graph::Graph;
use super::snap::Snap;
use crate::position::Position;
use std::collections::HashSet;

/// A street in a zone counts as so many times as long where there is no way but through one: rather 10 km round than 100 m inside.
const INSIDE: u64 = 100;

/// Junctions looked at from the end of a way, to see whether it is walled in: those of a few hundred metres around.
const WALLED_IN_MAX: usize = 2_000;

/// The zones of one search.
#[derive(Clone, Copy)]
pub(super) struct Toll<'a> {
    graph: &'a Graph,
    zones: &'a [Zone],
    inside: Option<u64>,
}

impl<'a> Toll<'a> {
    /// No zone is entered.
    pub(super) fn forbidding(graph: &'a Graph, zones: &'a [Zone]) -> Self {
        Self { graph, zones, inside: None }
    }

    /// As little as can be is inside.
    pub(super) fn exacting(graph: &'a Graph, zones: &'a [Zone]) -> Self {
        Self { inside: Some(INSIDE), ..Self::forbidding(graph, zones) }
    }

    /// The graph whose streets they count for.
    pub(super) const fn graph(&self) -> &'a Graph {
        self.graph
    }

    /// Whether a way may not begin or end there.
    pub(super) fn forbids(&self, at: Position) -> bool {
        self.inside.is_none() && self.zones.iter().any(|zone| zone.contains(at))
    }

    /// Whether it is plain that no way leads to a place: looked at from there, on as many junctions as a zone may wall in. A search from
    /// the other side would look at the whole map before it knew. Turns and closures are left out, which only open ways.
    pub(super) fn shuts_in(&self, from: &Snap, to: &Snap) -> bool {
        if self.inside.is_some() || self.zones.is_empty() || from.edge == to.edge {
            return false;
        }
        let ends = |edge: u32| [self.graph.edge(edge).start, self.graph.edge(edge).end];
        let (begin, goal) = (ends(from.edge), ends(to.edge));
        let entered = goal.into_iter().zip([0.0, 1.0]).filter(|&(_, end)| self.is_clear(to.edge, end, to.fraction));
        let mut waiting: Vec<u32> = entered.map(|(node, _)| node).collect();
        let mut seen: HashSet<u32> = waiting.iter().copied().collect();
        while let Some(node) = waiting.pop() {
            if begin.contains(&node) || seen.len() > WALLED_IN_MAX {
                return false;
            }
            for into in self.graph.arcs_in(node) {
                if !seen.contains(&into.node) && self.is_clear(into.edge, 0.0, 1.0) {
                    seen.insert(into.node);
                    waiting.push(into.node);
                }
            }
        }
        true
    }

    /// By what the time of a street between two fractions is multiplied, either way round; `None` if it may not be used.
    pub(super) fn of(&self, edge: u32, a: f32, b: f32) -> Option<u64> {
        if self.is_clear(edge, a, b) { Some(1) } else { self.inside }
    }

    fn is_clear(&self, edge: u32, a: f32, b: f32) -> bool {
        if self.zones.is_empty() {
            return true;
        }
        let (low, high) = (a.min(b), a.max(b));
        let touched = |p: Position, q: Position| self.zones.iter().any(|zone| zone.touches(p, q));
        let shape = self.graph.shape(edge);
        if low <= 0.0 && high >= 1.0 {
            return !shape.windows(2).any(|w| touched(w[0], w[1]));
        }
        let whole_m = f64::from(self.graph.edge(edge).length_m).max(f64::MIN_POSITIVE);
        let (mut before_m, mut last) = (0.0, self.graph.along(edge, low));
        for w in shape.windows(2) {
            before_m += w[0].distance_m(w[1]);
            let at = before_m / whole_m;
            if at > f64::from(low) && at < f64::from(high) {
                if touched(last, w[1]) {
                    return false;
                }
                last = w[1];
            }
        }
        !touched(last, self.graph.along(edge, high))
    }
}
