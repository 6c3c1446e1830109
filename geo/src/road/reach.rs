//! Owns isochrones: where one can be within a time, or come from within it, as cells with the soonest time of each. For pictures
//! and for people who judge; whom to send is `query`'s.
//!
//! A cell's time is the least over points every [`STEP_M`] metres of the streets in it, so a street that crosses a corner of a
//! cell for less than that may be missed; no cell is shown sooner than somebody can be there.

use super::graph::Graph;
use super::hierarchy::{ArcTimes, Metric};
use super::snap::Snap;
use super::timed::Timed;
use crate::cell::{Cell, Grid};
use pathfinding::directed::dijkstra::dijkstra_reach;
use std::collections::BTreeMap;

/// No isochrone is larger, seconds.
pub const REACH_S_MAX: f32 = 3_600.0;

/// Streets are looked at every so many metres.
pub const STEP_M: f32 = 40.0;
/// Most looks at one street: of one that is longer than any between two junctions (a map file may say anything) they lie farther apart.
const STEPS_MAX: f32 = 2_000.0;

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

/// Every cell of `grid` with a street that is within `within_s` seconds (at most [`REACH_S_MAX`]) of `at`, and the seconds to (or
/// from) its nearest point, by the very times that a travel time is found by, turns and the way between street and point included.
pub fn reach(
    graph: &Graph,
    metric: &Metric,
    at: &Snap,
    heading: Heading,
    within_s: f32,
    grid: Grid,
) -> BTreeMap<Cell, f32> {
    let Some(arcs) = metric.sweep(at, heading) else {
        return reach_on_junctions(graph, metric.times(), at, heading, within_s, grid);
    };
    let mut paint = Paint::new(Timed { graph, times: metric.times() }, at, heading, within_s, grid);
    paint.own_street(at);
    for (arc, ms) in (0u32..).zip(arcs) {
        if u64::from(ms) <= paint.bound_ms {
            paint.whole(arc, u64::from(ms));
        }
    }
    paint.finish()
}

/// The same where turns cost nothing: over junctions by a plain search, for which no hierarchy need be made. Every cell of `grid`
/// with a street that is within `within_s` seconds (at most [`REACH_S_MAX`]) of `at` under `times`, and the
/// seconds to (or from) its nearest point. Who stands in a closed street may leave it, and nobody enters it.
pub fn reach_on_junctions(
    graph: &Graph,
    times: &ArcTimes,
    at: &Snap,
    heading: Heading,
    within_s: f32,
    grid: Grid,
) -> BTreeMap<Cell, f32> {
    let timed = Timed { graph, times };
    let begin = match heading {
        Heading::From => timed.exits(at),
        Heading::To => timed.entrances(at),
    };
    let next = |&node: &u32| -> Vec<(u32, u64)> {
        match (node, heading) {
            (BEGIN, _) => begin.into_iter().flatten().collect(),
            (n, Heading::From) => timed.arcs_out(n).map(|a| (a.node, a.ms)).collect(),
            (n, Heading::To) => timed.arcs_in(n).map(|a| (a.node, a.ms)).collect(),
        }
    };
    let mut paint = Paint::new(timed, at, heading, within_s, grid);
    let bound_ms = paint.bound_ms;
    paint.own_street(at);
    for item in dijkstra_reach(&BEGIN, next).take_while(|item| item.total_cost <= bound_ms) {
        if item.node != BEGIN {
            paint.streets_at(item.node, item.total_cost);
        }
    }
    paint.finish()
}

struct Paint<'a> {
    timed: Timed<'a>,
    heading: Heading,
    grid: Grid,
    /// Between the point and its street.
    to_street_ms: u64,
    bound_ms: u64,
    cells: BTreeMap<Cell, u64>,
}

impl<'a> Paint<'a> {
    fn new(timed: Timed<'a>, at: &Snap, heading: Heading, within_s: f32, grid: Grid) -> Self {
        let bound_ms = (f64::from(within_s.clamp(0.0, REACH_S_MAX)) * 1000.0) as u64;
        let to_street_ms = u64::from(at.to_street_ms());
        Self { timed, heading, grid, to_street_ms, bound_ms, cells: BTreeMap::new() }
    }

    fn finish(self) -> BTreeMap<Cell, f32> {
        self.cells.into_iter().map(|(cell, ms)| (cell, (ms as f64 / 1000.0) as f32)).collect()
    }

    /// All of an arc that exists; `ms` is the time at the end that is nearer the point.
    fn whole(&mut self, arc: u32, ms: u64) {
        if self.timed.times.is_open(arc) {
            let from_start = (arc & 1 == 0) == (self.heading == Heading::From);
            let (begin, end) = if from_start { (0.0, 1.0) } else { (1.0, 0.0) };
            self.stretch(arc / 2, begin, end, ms);
        }
    }

    /// The street the point is in, as far as its directions allow; along it one goes even where it is closed.
    fn own_street(&mut self, at: &Snap) {
        for end in [1.0, 0.0] {
            if self.timed.times.is_open(self.arc(at.edge, end > 0.5)) {
                self.stretch(at.edge, at.fraction, end, 0);
            }
        }
    }

    /// The streets that go on from a junction, or lead to it.
    fn streets_at(&mut self, node: u32, node_ms: u64) {
        let graph = self.timed.graph;
        let arcs = match self.heading {
            Heading::From => graph.arcs_out(node),
            Heading::To => graph.arcs_in(node),
        };
        // Nobody gets on a train between two stations.
        for arc in arcs.iter().filter(|arc| graph.off_street(arc.edge).is_none()) {
            let edge = *graph.edge(arc.edge);
            for (junction, begin, end) in [(edge.start, 0.0, 1.0), (edge.end, 1.0, 0.0)] {
                let number = self.arc(arc.edge, begin < end);
                let is_allowed = match self.heading {
                    Heading::From => self.timed.times.may_enter(number),
                    Heading::To => self.timed.times.is_open(number),
                };
                if junction == node && is_allowed {
                    self.stretch(arc.edge, begin, end, node_ms);
                }
            }
        }
    }

    /// The arc that is gone along where a street is painted from its start to its end, or the other way round: on the way to the
    /// point one goes against the painting.
    fn arc(&self, edge: u32, painted_forward: bool) -> u32 {
        edge * 2 + u32::from(painted_forward == (self.heading == Heading::To))
    }

    /// Paints a street between two fractions; `ms` is the time at the first, from or to the point's street.
    fn stretch(&mut self, edge_id: u32, from: f32, to: f32, ms: u64) {
        let graph = self.timed.graph;
        let (edge, arc) = (graph.edge(edge_id), self.arc(edge_id, from < to));
        let steps = (edge.length_m / STEP_M).ceil().clamp(1.0, STEPS_MAX) as u32;
        // The same points of a street whichever way and from wherever it is begun.
        let points = (0..=steps).map(|step| step as f32 / steps as f32);
        let (low, high) = (from.min(to), from.max(to));
        for fraction in points.filter(|f| (low..=high).contains(f)).chain([from]) {
            let there_ms = self.to_street_ms + ms + self.timed.between_ms(arc, fraction, from);
            if there_ms <= self.bound_ms {
                let cell = Cell::of(graph.along(edge_id, fraction), self.grid);
                self.cells.entry(cell).and_modify(|known| *known = (*known).min(there_ms)).or_insert(there_ms);
            }
        }
    }
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
