//! Owns the numbers of arcs (`edge * 2 + direction`) and the obvious search over them with turn costs and restrictions: slow,
//! and the oracle of every faster one.

use super::graph::Graph;
use super::query::along_shared_edge;
use super::route::off_streets_ms;
use super::snap::Snap;
use super::turns::Turns;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Milliseconds of what cannot be reached.
pub const UNREACHED: u64 = u64::MAX;

/// The number of an edge in one direction; `forward` is from its start to its end.
pub const fn arc_of(edge: u32, forward: bool) -> u32 {
    edge * 2 + !forward as u32
}

/// The edge of an arc.
pub const fn edge_of(arc: u32) -> u32 {
    arc / 2
}

/// Whether an arc runs from its edge's start to its end.
pub const fn is_forward(arc: u32) -> bool {
    arc & 1 == 0
}

/// The same edge the other way round.
pub const fn reversed(arc: u32) -> u32 {
    arc ^ 1
}

impl Graph {
    /// Numbers of arcs run below this.
    pub fn arc_number_end(&self) -> u32 {
        self.edge_count() as u32 * 2
    }

    /// Whether the edge may be used in that direction.
    pub fn arc_is_open(&self, arc: u32) -> bool {
        let edge = self.edge(edge_of(arc));
        if is_forward(arc) { edge.forward() } else { edge.backward() }
    }

    /// The junction an arc leaves.
    pub fn arc_tail(&self, arc: u32) -> u32 {
        let edge = self.edge(edge_of(arc));
        if is_forward(arc) { edge.start } else { edge.end }
    }

    /// The junction an arc arrives at.
    pub fn arc_head(&self, arc: u32) -> u32 {
        self.arc_tail(reversed(arc))
    }

    /// Milliseconds along all of an arc.
    pub fn arc_ms(&self, arc: u32) -> u32 {
        self.edge(edge_of(arc)).ms
    }

    /// The arcs a snap lies on, each with the milliseconds from its tail to the snap.
    pub fn arcs_at(&self, snap: &Snap) -> impl Iterator<Item = (u32, u32)> + use<> {
        let edge = self.edge(snap.edge);
        let from_start = edge.ms_from_start(snap.fraction);
        let arcs = [
            edge.forward().then_some((arc_of(snap.edge, true), from_start)),
            edge.backward().then_some((arc_of(snap.edge, false), edge.ms - from_start)),
        ];
        arcs.into_iter().flatten()
    }
}

/// Milliseconds from a snap to the head of every arc and copy, setting out either way; [`UNREACHED`] where there is no way.
pub fn times_from(graph: &Graph, turns: &Turns, from: &Snap) -> Vec<u64> {
    let mut best = vec![UNREACHED; turns.state_count()];
    let mut queue = BinaryHeap::new();
    for (arc, before_ms) in graph.arcs_at(from) {
        let ms = u64::from(graph.arc_ms(arc) - before_ms);
        best[arc as usize] = ms;
        queue.push(Reverse((ms, arc)));
    }
    while let Some(Reverse((ms, state))) = queue.pop() {
        if ms > best[state as usize] {
            continue;
        }
        for turn in turns.turns_out(state) {
            let next = ms + u64::from(turn.ms) + u64::from(graph.arc_ms(turns.original(turn.arc)));
            let known = &mut best[turn.arc as usize];
            if next < *known {
                *known = next;
                queue.push(Reverse((next, turn.arc)));
            }
        }
    }
    best
}

/// Milliseconds of the fastest way under turn costs and restrictions; `None` if there is none.
pub fn travel_ms(graph: &Graph, turns: &Turns, from: &Snap, to: &Snap) -> Option<u64> {
    arrival_ms(graph, turns, &times_from(graph, turns, from), from, to)
}

/// Like [`travel_ms`], from the times at all heads.
pub fn arrival_ms(graph: &Graph, turns: &Turns, at_heads: &[u64], from: &Snap, to: &Snap) -> Option<u64> {
    let mut best = along_shared_edge(graph, from, to);
    for (state, &ms) in at_heads.iter().enumerate().filter(|&(_, &ms)| ms != UNREACHED) {
        for turn in turns.turns_out(state as u32) {
            for (_, entry_ms) in graph.arcs_at(to).filter(|&(arc, _)| arc == turns.original(turn.arc)) {
                let whole = ms + u64::from(turn.ms) + u64::from(entry_ms);
                best = Some(best.map_or(whole, |b| b.min(whole)));
            }
        }
    }
    best.map(|ms| ms + off_streets_ms(from, to))
}
