//! Owns isochrones: where one can be within a time, or come from within it, as cells with the soonest time of each. For pictures
//! and for people who judge; whom to send is `query`'s.
//!
//! A cell's time is the least over points every [`STEP_M`] metres of the streets in it, so a street that crosses a corner of a
//! cell for less than that may be missed; no cell is shown sooner than somebody can be there.

use super::graph::Graph;
use super::query::{entrances, exits};
use super::snap::Snap;
use crate::cell::{Cell, Grid};
use pathfinding::directed::dijkstra::dijkstra_reach;
use std::collections::BTreeMap;

/// No isochrone is larger, seconds.
pub const REACH_S_MAX: f32 = 3_600.0;

/// Streets are looked at every so many metres.
pub const STEP_M: f32 = 40.0;

/// Where the search begins; no junction has this number.
const BEGIN: u32 = u32::MAX;

/// Which way time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heading {
    /// Setting out from the point.
    From,
    /// On the way to the point.
    To,
}

/// Every cell of `grid` with a street that is within `within_s` seconds (at most [`REACH_S_MAX`]) of `at`, and the seconds
/// to (or from) its nearest point.
pub fn reach(graph: &Graph, at: &Snap, heading: Heading, within_s: f32, grid: Grid) -> BTreeMap<Cell, f32> {
    let bound_ms = (f64::from(within_s.clamp(0.0, REACH_S_MAX)) * 1000.0) as u64;
    let begin = match heading {
        Heading::From => exits(graph, at),
        Heading::To => entrances(graph, at),
    };
    let next = |&node: &u32| {
        let (first, arcs) = match (node, heading) {
            (BEGIN, _) => (begin, &[][..]),
            (n, Heading::From) => ([None; 2], graph.arcs_out(n)),
            (n, Heading::To) => ([None; 2], graph.arcs_in(n)),
        };
        first.into_iter().flatten().chain(arcs.iter().map(|a| (a.node, u64::from(a.ms))))
    };
    let mut paint = Paint { graph, grid, bound_ms, cells: BTreeMap::new() };
    paint.own_street(at, heading);
    for item in dijkstra_reach(&BEGIN, next).take_while(|item| item.total_cost <= bound_ms) {
        if item.node != BEGIN {
            paint.streets_at(item.node, item.total_cost, heading);
        }
    }
    paint.cells.into_iter().map(|(cell, ms)| (cell, (ms as f64 / 1000.0) as f32)).collect()
}

struct Paint<'a> {
    graph: &'a Graph,
    grid: Grid,
    bound_ms: u64,
    cells: BTreeMap<Cell, u64>,
}

impl Paint<'_> {
    /// The street the point is in, as far as its directions allow.
    fn own_street(&mut self, at: &Snap, heading: Heading) {
        let edge = *self.graph.edge(at.edge);
        let (ahead, behind) = match heading {
            Heading::From => (edge.forward(), edge.backward()),
            Heading::To => (edge.backward(), edge.forward()),
        };
        if ahead {
            self.stretch(at.edge, at.fraction, 1.0, 0);
        }
        if behind {
            self.stretch(at.edge, at.fraction, 0.0, 0);
        }
    }

    /// The streets that go on from a junction, or lead to it.
    fn streets_at(&mut self, node: u32, node_ms: u64, heading: Heading) {
        let arcs = match heading {
            Heading::From => self.graph.arcs_out(node),
            Heading::To => self.graph.arcs_in(node),
        };
        for arc in arcs {
            let edge = *self.graph.edge(arc.edge);
            // One sets out forward from the start, and comes backward to it; a loop may do both.
            let (at_start, at_end) = match heading {
                Heading::From => (edge.forward(), edge.backward()),
                Heading::To => (edge.backward(), edge.forward()),
            };
            if at_start && edge.start == node {
                self.stretch(arc.edge, 0.0, 1.0, node_ms);
            }
            if at_end && edge.end == node {
                self.stretch(arc.edge, 1.0, 0.0, node_ms);
            }
        }
    }

    /// Paints a street between two fractions; `ms` is the time at the first.
    fn stretch(&mut self, edge_id: u32, from: f32, to: f32, ms: u64) {
        let edge = self.graph.edge(edge_id);
        let steps = (edge.length_m / STEP_M).ceil().max(1.0) as u32;
        // The same points of a street whichever way and from wherever it is begun.
        let points = (0..=steps).map(|step| step as f32 / steps as f32);
        let (low, high) = (from.min(to), from.max(to));
        for fraction in points.filter(|f| (low..=high).contains(f)).chain([from]) {
            let there_ms = ms + u64::from(edge.ms_from_start(fraction).abs_diff(edge.ms_from_start(from)));
            if there_ms <= self.bound_ms {
                let cell = Cell::of(self.graph.along(edge_id, fraction), self.grid);
                self.cells.entry(cell).and_modify(|known| *known = (*known).min(there_ms)).or_insert(there_ms);
            }
        }
    }
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
