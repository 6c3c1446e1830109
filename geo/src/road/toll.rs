//! Owns what a stretch of street counts for a search that has zones to keep out of: nothing more where it touches none; where it touches
//! one it may not be used, or, for who has to pass through all the same, every metre inside counts as so many milliseconds more that none
//! is gone that could be spared; and what of that is owed at least from any junction. Does not search (`safer`, `around`).
//!
//! Of a ride its two stops count and not what lies between them: where its tunnel runs nobody knows here, and nobody gets into a train
//! under way or out of it. At a stop its doors are open: who halts inside is inside, also who stays in the train.
//!
//! Invariants: a metre inside counts alike on every street, however fast, jammed or liked it is; nowhere is more said to be owed than any
//! way owes, and from no junction more than over its neighbour, so that a search led by it is exact.

use super::avoid::{Frame, Zone};
use super::graph::{Edge, Graph};
use super::route::Route;
use super::safer::NoSaferWay;
use super::snap::{Snap, WALK_MPS};
use super::transit::OffStreet;
use crate::position::Position;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A metre in a zone counts as so many milliseconds more, for whom there is no way but through one: a hundred times as long as it takes to
/// walk. Rather 10 km round on foot than 100 m inside, and farther by car.
pub(super) const INSIDE_MS_PER_M: f64 = 72_000.0;

/// A train stands at a stop so long, half of it when it comes and half when it goes on, milliseconds. An assumption.
const HALF_HALT_MS: f64 = 15_000.0;

/// A street that touches a zone is looked at in pieces of so many metres: as exact as what is inside is counted.
const PIECE_M: f64 = 10.0;
/// Most pieces of a straight line: of one that is longer than any street (a map file may say anything) they are longer.
const PIECES_MAX: f64 = 1_000.0;

/// The zones of one search.
#[derive(Clone, Copy)]
pub(super) struct Toll<'a> {
    graph: &'a Graph,
    zones: &'a [Zone],
    /// Around all of them: most streets touch none.
    frame: Frame,
    forbids: bool,
}

impl<'a> Toll<'a> {
    /// No zone is entered.
    pub(super) fn forbidding(graph: &'a Graph, zones: &'a [Zone]) -> Self {
        Self { graph, zones, frame: Frame::around(zones), forbids: true }
    }

    /// As little as can be is inside.
    pub(super) fn exacting(graph: &'a Graph, zones: &'a [Zone]) -> Self {
        Self { forbids: false, ..Self::forbidding(graph, zones) }
    }

    /// The graph whose streets they count for.
    pub(super) const fn graph(&self) -> &'a Graph {
        self.graph
    }

    /// What is owed on the way from one place to another, or why there is none.
    pub(super) fn admits(&self, from: &Snap, to: &Snap) -> Result<Owed, NoSaferWay> {
        if self.forbids(from.at) {
            return Err(NoSaferWay::BeginsInside);
        }
        if self.forbids(to.at) {
            return Err(NoSaferWay::EndsInside);
        }
        let owed = self.owed(from, to);
        // Who sets out in the street where they end may get there straight along it.
        let is_shut_in = self.forbids && owed.is_shut_in && from.edge != to.edge;
        if is_shut_in { Err(NoSaferWay::CutOff) } else { Ok(owed) }
    }

    /// Whether a way may not begin or end there.
    pub(super) fn forbids(&self, at: Position) -> bool {
        self.forbids && self.zones.iter().any(|zone| zone.contains(at))
    }

    /// Milliseconds that a street counts more between two fractions, either way round; `None` if it may not be used.
    pub(super) fn extra_ms(&self, edge: u32, a: f32, b: f32) -> Option<u64> {
        if self.is_clear(edge, a, b) {
            return Some(0);
        }
        (!self.forbids).then(|| (self.inside_m(edge, a, b) * INSIDE_MS_PER_M).round() as u64)
    }

    /// What is owed at least from any junction on the way to a place, whatever way is taken: looked at from there, what owes less first,
    /// until one of the junctions is reached by which the beginning is left. Everything farther away owes as much at least. So it is known
    /// without a search whether the place is walled in, and a search is led to where the least is inside. Turns and closures are left
    /// out, which only add.
    pub(super) fn owed(&self, from: &Snap, to: &Snap) -> Owed {
        if self.zones.is_empty() {
            return Owed::default();
        }
        let (graph, begin) = (self.graph, self.graph.edge(from.edge));
        let mut by_node = vec![UNKNOWN; graph.node_count()];
        let end = graph.edge(to.edge);
        let entrances = [(end.start, 0.0), (end.end, 1.0)];
        let entered = |(node, at)| Some(Reverse((self.extra_ms(to.edge, at, to.fraction)?, node)));
        let mut later: BinaryHeap<Reverse<(u64, u32)>> = entrances.into_iter().filter_map(entered).collect();
        // What owes as much as the junction looked at needs no heap, and what lies towards the beginning comes first: where nothing is
        // in between, few junctions are looked at.
        let (mut now, mut owed_ms) = (Vec::new(), 0);
        let away = |node: u32| {
            let at = graph.node(node);
            i64::from(at.lat_e7()).abs_diff(from.at.lat_e7().into())
                + i64::from(at.lon_e7()).abs_diff(from.at.lon_e7().into())
        };
        loop {
            let node = if let Some(node) = now.pop() {
                node
            } else {
                let Some(Reverse((ms, node))) = later.pop() else {
                    return Owed { by_node, beyond_ms: owed_ms, is_shut_in: true };
                };
                owed_ms = ms;
                node
            };
            if by_node[node as usize] != UNKNOWN {
                continue;
            }
            by_node[node as usize] = owed_ms;
            if [begin.start, begin.end].contains(&node) {
                return Owed { by_node, beyond_ms: owed_ms, is_shut_in: false };
            }
            let more = now.len();
            for into in graph.arcs_in(node).iter().filter(|into| by_node[into.node as usize] == UNKNOWN) {
                match self.extra_ms(into.edge, 0.0, 1.0) {
                    Some(0) => now.push(into.node),
                    Some(ms) => later.push(Reverse((owed_ms + ms, into.node))),
                    None => {}
                }
            }
            now[more..].sort_unstable_by_key(|&node| Reverse(away(node)));
        }
    }

    fn is_clear(&self, edge: u32, a: f32, b: f32) -> bool {
        if let Some(stops) = self.stops(edge) {
            return !stops.into_iter().any(|stop| self.touches(stop, stop));
        }
        self.zones.is_empty()
            || !self.graph.between(edge, a.min(b), a.max(b)).windows(2).any(|w| self.touches(w[0], w[1]))
    }

    /// Where a ride begins and ends; nothing of any other edge.
    fn stops(&self, edge: u32) -> Option<[Position; 2]> {
        let is_ride = matches!(self.graph.off_street(edge), Some(OffStreet::Ride { .. }));
        let Edge { start, end, .. } = self.graph.edge(edge);
        is_ride.then(|| [start, end].map(|stop| self.graph.node(*stop)))
    }

    /// How many metres of a street between two fractions lie in zones.
    fn inside_m(&self, edge: u32, a: f32, b: f32) -> f64 {
        if let Some(stops) = self.stops(edge) {
            let halts = stops.into_iter().filter(|&stop| self.touches(stop, stop)).count();
            return halts as f64 * HALF_HALT_MS / 1_000.0 * WALK_MPS;
        }
        let (mut inside_m, mut whole_m) = (0.0, 0.0);
        for w in self.graph.between(edge, a.min(b), a.max(b)).windows(2) {
            let long_m = w[0].distance_m(w[1]);
            whole_m += long_m;
            inside_m += long_m * self.share_inside(w[0], w[1], pieces(long_m));
        }
        if self.graph.off_street(edge).is_none() {
            return inside_m;
        }
        // Who changes trains or waits for one inside is there as long as who walks meanwhile.
        let share = if whole_m > 0.0 { inside_m / whole_m } else { 1.0 };
        let waits_m = f64::from(self.graph.edge(edge).ms) / 1_000.0 * WALK_MPS * f64::from((a - b).abs());
        inside_m.max(share * waits_m)
    }

    /// How much of a straight line lies in zones, 0..=1, in so many pieces.
    fn share_inside(&self, p: Position, q: Position, pieces: u32) -> f64 {
        if !self.touches(p, q) {
            return 0.0;
        }
        if self.zones.iter().any(|zone| zone.surely_holds(p, q)) {
            return 1.0;
        }
        let at = |i: u32| p.towards(q, f64::from(i) / f64::from(pieces));
        (0..pieces).filter(|&i| self.touches(at(i), at(i + 1))).count() as f64 / f64::from(pieces)
    }

    fn touches(&self, p: Position, q: Position) -> bool {
        self.frame.may_touch(p, q) && self.zones.iter().any(|zone| zone.touches(p, q))
    }
}

impl Route {
    /// Whether any of it is in a zone, by what of a ride counts.
    pub fn enters(&self, zone: &Zone) -> bool {
        let is_ridden = |i: usize| self.rides.iter().any(|ride| (ride.from..ride.to).contains(&i));
        (0..self.points.len() - 1).any(|i| match [self.points[i], self.points[i + 1]] {
            stops if is_ridden(i) => stops.into_iter().any(|stop| zone.contains(stop)),
            [a, b] => zone.touches(a, b),
        })
    }
}

/// Into how many pieces a straight line is cut.
fn pieces(long_m: f64) -> u32 {
    (long_m / PIECE_M).ceil().clamp(1.0, PIECES_MAX) as u32
}

/// Not looked at.
const UNKNOWN: u64 = u64::MAX;

/// What is owed at least on the way from one place to another, milliseconds.
#[derive(Default)]
pub(super) struct Owed {
    /// Of what was looked at.
    by_node: Vec<u64>,
    /// From everywhere else.
    beyond_ms: u64,
    /// Whether everything was looked at, and the beginning was not there.
    is_shut_in: bool,
}

impl Owed {
    /// From a junction.
    pub(super) fn ms(&self, node: u32) -> u64 {
        self.by_node.get(node as usize).map_or(self.beyond_ms, |owed| (*owed).min(self.beyond_ms))
    }
}

#[cfg(test)]
#[path = "toll_tests.rs"]
mod tests;
