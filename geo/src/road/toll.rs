//! Owns what a stretch of street counts for a search that has zones to keep out of: nothing more where it touches none; where it touches
//! one it may not be used, or, for who has to pass through all the same, counts as so much longer that no way inside is taken that
//! could be spared. Does not search (`safer`, `around`).

use super::avoid::Zone;
use super::graph::Graph;
use crate::position::Position;

/// A street in a zone counts as so many times as long where there is no way but through one: rather 10 km round than 100 m inside.
const INSIDE: u64 = 100;

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
