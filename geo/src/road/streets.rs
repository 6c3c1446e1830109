//! Owns the question which pieces of street somebody means who names a place: those near a point, or those of one street between
//! two points. For closures and slow streets; whom to send is not asked here.

use super::graph::{Graph, NO_WAY};
use crate::position::Position;

/// A point names a street no further from it than this, metres.
pub const NAMED_M_MAX: f64 = 50.0;

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

    /// The edges of one way from the piece at one point to the piece at another, both included, by ascending number; of several
    /// ways the one nearest to both. None where no one way is within [`NAMED_M_MAX`] of both.
    pub fn streets_between(&self, a: Position, b: Position) -> Vec<u32> {
        let [from, to] = [a, b].map(|at| self.snaps_within(at, NAMED_M_MAX, NAMED_MAX));
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
        let way = |edge: u32| self.edge(edge).way;
        let one_way = pairs.filter(|(from, to)| way(from.edge) == way(to.edge) && way(from.edge) != NO_WAY);
        let metres = |pair: &(&super::Snap, &super::Snap)| pair.0.distance_m + pair.1.distance_m;
        let Some((from, to)) = one_way.min_by(|p, q| metres(p).total_cmp(&metres(q))) else { return Vec::new() };
        let (way, ends) = (way(from.edge), [from, to].map(|snap| self.edge(snap.edge).nth));
        let between = ends[0].min(ends[1])..=ends[0].max(ends[1]);
        (0..)
            .zip(self.edges())
            .filter(|(_, e)| e.way == way && between.contains(&e.nth))
            .map(|(edge, _)| edge)
            .collect()
    }
}

#[cfg(test)]
#[path = "streets_tests.rs"]
mod tests;
