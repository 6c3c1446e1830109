//! Owns what a stretch of street counts for a search that has zones to keep out of: nothing more where it touches none; where it touches
//! one it may not be used, or, for who has to pass through all the same, what lies inside counts as so much longer that no metre inside
//! is gone that could be spared. Does not search (`safer`, `around`).

use super::avoid::Zone;
use super::graph::Graph;
use super::hierarchy::ArcTimes;
use super::safer::NoSaferWay;
use super::snap::Snap;
use crate::position::Position;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

/// What lies in a zone takes so many times as long more where there is no way but through one: rather 10 km round than 100 m inside.
const INSIDE: u64 = 100;

/// A street that touches a zone is looked at in pieces of so many metres: as exact as what is inside is counted.
const PIECE_M: f64 = 10.0;

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

    /// Whether a search has any point, or why not.
    pub(super) fn admits(&self, from: &Snap, to: &Snap) -> Result<(), NoSaferWay> {
        if self.forbids(from.at) {
            Err(NoSaferWay::BeginsInside)
        } else if self.forbids(to.at) {
            Err(NoSaferWay::EndsInside)
        } else if self.shuts_in(from, to) {
            Err(NoSaferWay::CutOff)
        } else {
            Ok(())
        }
    }

    /// Whether a way may not begin or end there.
    pub(super) fn forbids(&self, at: Position) -> bool {
        self.inside.is_none() && self.zones.iter().any(|zone| zone.contains(at))
    }

    /// Whether it is plain that no way leads to a place: looked at from there, on as many junctions as a zone may wall in. A search from
    /// the other side would look at the whole map before it knew. Turns and closures are left out, which only open ways.
    fn shuts_in(&self, from: &Snap, to: &Snap) -> bool {
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

    /// Milliseconds that a street counts more between two fractions, either way round, where that takes so many; `None` if it may not be
    /// used.
    pub(super) fn extra_ms(&self, edge: u32, a: f32, b: f32, ms: u64) -> Option<u64> {
        if self.is_clear(edge, a, b) {
            return Some(0);
        }
        self.inside.map(|times| (self.share_inside(edge, a, b) * (ms * times) as f64).round() as u64)
    }

    /// What is owed at least from any junction on the way to a place, whatever way is taken: worked out from there, on as many junctions
    /// as a zone may wall in. It leads the search to where the least is inside. Turns and closures are left out, which only add.
    pub(super) fn owed(&self, to: &Snap, times: &ArcTimes) -> Owed {
        let ms = |edge: u32| u64::from(times.ms(edge * 2).min(times.ms(edge * 2 + 1)));
        let mut owed = Owed::default();
        if self.inside.is_none() || self.zones.is_empty() {
            return owed;
        }
        let mut queue = BinaryHeap::new();
        let edge = self.graph.edge(to.edge);
        for (node, end) in [(edge.start, 0.0f32), (edge.end, 1.0)] {
            let part_ms = (ms(to.edge) as f64 * (f64::from(to.fraction) - f64::from(end)).abs()) as u64;
            queue.extend(self.extra_ms(to.edge, end, to.fraction, part_ms).map(|extra| Reverse((extra, node))));
        }
        while let Some(Reverse((extra, node))) = queue.pop() {
            owed.beyond_ms = extra;
            if owed.by_node.len() > WALLED_IN_MAX {
                return owed;
            }
            if owed.by_node.contains_key(&node) {
                continue;
            }
            owed.by_node.insert(node, extra);
            for into in self.graph.arcs_in(node) {
                if !owed.by_node.contains_key(&into.node) {
                    let more = self.extra_ms(into.edge, 0.0, 1.0, ms(into.edge));
                    queue.extend(more.map(|more| Reverse((extra + more, into.node))));
                }
            }
        }
        owed
    }

    fn is_clear(&self, edge: u32, a: f32, b: f32) -> bool {
        self.zones.is_empty() || !self.points(edge, a, b).windows(2).any(|w| self.touches(w[0], w[1]))
    }

    /// How much of a street between two fractions lies in zones, 0..=1.
    fn share_inside(&self, edge: u32, a: f32, b: f32) -> f64 {
        let (mut inside_m, mut whole_m) = (0.0, f64::MIN_POSITIVE);
        for w in self.points(edge, a, b).windows(2) {
            let long_m = w[0].distance_m(w[1]);
            whole_m += long_m;
            if self.touches(w[0], w[1]) {
                let pieces = (long_m / PIECE_M).ceil().max(1.0) as u32;
                let at = |i: u32| w[0].towards(w[1], f64::from(i) / f64::from(pieces));
                let touched = (0..pieces).filter(|&i| self.touches(at(i), at(i + 1))).count();
                inside_m += long_m * touched as f64 / f64::from(pieces);
            }
        }
        // A point is inside or is not.
        if whole_m <= f64::MIN_POSITIVE { 1.0 } else { inside_m / whole_m }
    }

    fn touches(&self, p: Position, q: Position) -> bool {
        self.zones.iter().any(|zone| zone.touches(p, q))
    }

    /// The corners of a street between two fractions, and its ends.
    fn points(&self, edge: u32, a: f32, b: f32) -> Cow<'_, [Position]> {
        let (low, high) = (a.min(b), a.max(b));
        let shape = self.graph.shape(edge);
        if low <= 0.0 && high >= 1.0 {
            return Cow::Borrowed(shape);
        }
        let whole_m = f64::from(self.graph.edge(edge).length_m).max(f64::MIN_POSITIVE);
        let mut points = vec![self.graph.along(edge, low)];
        let mut before_m = 0.0;
        for w in shape.windows(2) {
            before_m += w[0].distance_m(w[1]);
            let at = before_m / whole_m;
            if at > f64::from(low) && at < f64::from(high) {
                points.push(w[1]);
            }
        }
        points.push(self.graph.along(edge, high));
        Cow::Owned(points)
    }
}

/// What is owed at least on the way to one place, milliseconds.
#[derive(Default)]
pub(super) struct Owed {
    by_node: HashMap<u32, u64>,
    /// From everywhere else.
    beyond_ms: u64,
}

impl Owed {
    /// From a junction.
    pub(super) fn ms(&self, node: u32) -> u64 {
        self.by_node.get(&node).map_or(self.beyond_ms, |owed| (*owed).min(self.beyond_ms))
    }
}

#[cfg(test)]
#[path = "toll_tests.rs"]
mod tests;
