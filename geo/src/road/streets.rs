//! Owns the question which pieces of street somebody means who names a place: those near a point, or those along the street between
//! two points. For closures and slow streets; whom to send is not asked here.

use super::graph::{Graph, NO_WAY};
use super::snap::Snap;
use crate::position::Position;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// A point names a street no further from it than this, metres.
pub const NAMED_M_MAX: f64 = 50.0;

/// Two points that no one way of the map joins name what lies between them over no more than so many metres: further apart nobody
/// means just the shortest way.
pub const ALONG_M_MAX: f64 = 2_000.0;

/// Why two points name no streets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAlong {
    /// One of them is further than [`NAMED_M_MAX`] from every street.
    OffStreet,
    /// The way along streets between them is longer than [`ALONG_M_MAX`], or there is none.
    TooFar,
}

/// Most streets looked at around a point.
const STREETS_MAX: usize = 4_096;
/// Most streets that one of two points may name.
const NAMED_MAX: usize = 32;

impl Graph {
    /// Every edge with a point within so many metres, by ascending number.
    pub fn streets_near(&self, center: Position, metres: f64) -> Vec<u32> {
        let mut edges: Vec<u32> = self.snaps_within(center, metres, STREETS_MAX).iter().map(|s| s.edge).collect();
        edges.sort_unstable();
        edges
    }

    /// The edges along the street from the piece at one point to the piece at another, both included, by ascending number. Where one
    /// way of the map is within [`NAMED_M_MAX`] of both it is along that one, however it bends, the nearest of several; else along
    /// the shortest way over streets, used in either direction.
    pub fn streets_between(&self, a: Position, b: Position) -> Result<Vec<u32>, NotAlong> {
        let [from, to] = [a, b].map(|at| self.snaps_within(at, NAMED_M_MAX, NAMED_MAX));
        let mut edges = match self.along_one_way(&from, &to) {
            Some(edges) => edges,
            None => self.along_shortest(from.first(), to.first())?,
        };
        edges.sort_unstable();
        edges.dedup();
        Ok(edges)
    }

    fn along_one_way(&self, from: &[Snap], to: &[Snap]) -> Option<Vec<u32>> {
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
        let way = |edge: u32| self.edge(edge).way;
        let one_way = pairs.filter(|(from, to)| way(from.edge) == way(to.edge) && way(from.edge) != NO_WAY);
        let metres = |pair: &(&Snap, &Snap)| pair.0.distance_m + pair.1.distance_m;
        let (from, to) = one_way.min_by(|p, q| metres(p).total_cmp(&metres(q)))?;
        let (way, ends) = (way(from.edge), [from, to].map(|snap| self.edge(snap.edge).nth));
        let between = ends[0].min(ends[1])..=ends[0].max(ends[1]);
        let of_way = (0..).zip(self.edges()).filter(|(_, e)| e.way == way && between.contains(&e.nth));
        Some(of_way.map(|(edge, _)| edge).collect())
    }

    fn along_shortest(&self, from: Option<&Snap>, to: Option<&Snap>) -> Result<Vec<u32>, NotAlong> {
        let (Some(from), Some(to)) = (from, to) else { return Err(NotAlong::OffStreet) };
        // Keys in millimetres: floats have no order.
        let mm = |metres: f64| (metres * 1000.0) as u64;
        let pieces = |snap: &Snap| {
            let (edge, whole_m) = (self.edge(snap.edge), f64::from(self.edge(snap.edge).length_m));
            let before_m = whole_m * f64::from(snap.fraction);
            [(edge.start, mm(before_m)), (edge.end, mm(whole_m - before_m))]
        };
        let mut queue: BinaryHeap<_> = pieces(from).map(|(node, mm)| Reverse((mm, node, from.edge))).into();
        let mut by_edge: HashMap<u32, u32> = HashMap::new();
        let mut best: Option<(u64, u32)> = None;
        while let Some(Reverse((at_mm, node, edge))) = queue.pop() {
            if at_mm > mm(ALONG_M_MAX) || best.is_some_and(|best| at_mm >= best.0) {
                break;
            }
            if by_edge.contains_key(&node) {
                continue;
            }
            by_edge.insert(node, edge);
            let ends = pieces(to).into_iter().filter(|end| end.0 == node).map(|end| (at_mm + end.1, node));
            best = ends.chain(best).min();
            for arc in self.arcs_out(node).iter().chain(self.arcs_in(node)) {
                if self.edge(arc.edge).way != NO_WAY && !by_edge.contains_key(&arc.node) {
                    queue.push(Reverse((at_mm + mm(f64::from(self.edge(arc.edge).length_m)), arc.node, arc.edge)));
                }
            }
        }
        let (_, mut node) = best.filter(|best| best.0 <= mm(ALONG_M_MAX)).ok_or(NotAlong::TooFar)?;
        let mut edges = vec![to.edge];
        loop {
            let edge = by_edge[&node];
            edges.push(edge);
            if edge == from.edge {
                return Ok(edges);
            }
            node ^= self.edge(edge).start ^ self.edge(edge).end;
        }
    }
}

#[cfg(test)]
#[path = "streets_tests.rs"]
mod tests;
