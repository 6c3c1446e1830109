//! Owns the graph of walking and riding: the walking graph with the subway's stops, rides and transfers on top. Does not read
//! timetables: one waits half the headway of an hour of the day, and in an hour without trains nobody rides.
//!
//! Invariant: junctions and edges of the walking graph keep their numbers, so a snap on one graph is a snap on the other;
//! nothing is ever snapped to what is not a street.

use super::graph::{EDGE_MS_MAX, Edge, Graph, GraphParts, NO_WAY, Rights};
use super::snap::{Snap, WALK_MPS};
use super::subway::Subway;
use super::{Profile, RoadMap};
use crate::position::Position;
use std::collections::BTreeSet;

/// From the street through the gates to the platform, and back up. An assumption: stations are known as points, without
/// their entrances and depths.
const DOWN_MS: u32 = 90_000;
const UP_MS: u32 = 75_000;

/// What an edge is that is no street. Drawn as a straight line, but for what of a link lies along its street.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffStreet {
    /// From a junction along a street to a station's entrance, and back. A part of the street: slower with it, and closed with it.
    Link {
        /// The street's arc that it goes along; back it goes along the other one.
        arc: u32,
        /// Milliseconds of it that lie off the street.
        over_ms: u32,
    },
    /// Down to the platform, and waiting for a train of this line.
    Board {
        /// Index of the line.
        line: u32,
    },
    /// Up to the street.
    Leave,
    /// Riding from one stop to the next.
    Ride {
        /// Index of the line.
        line: u32,
    },
    /// Walking to another line's platform and waiting there.
    Transfer {
        /// Index of the line one changes to.
        line: u32,
    },
}

impl RoadMap {
    /// Stations that nobody gets in or out of because no street is near, though it is known where they are, in the order of the lines:
    /// trains pass. Those on the map, and how many lie outside it.
    pub fn stations_without_street(&self) -> (Vec<&str>, usize) {
        let (walk, mut names, mut outside) = (self.graph(Profile::Walk), Vec::new(), BTreeSet::new());
        for stop in self.data.subway.stops.iter().filter(|stop| stop.open && walk.snap(stop.at).is_none()) {
            if !self.data.bounds.contains(stop.at) {
                outside.insert(&*stop.name);
            } else if !names.contains(&&*stop.name) {
                names.push(&*stop.name);
            }
        }
        (names, outside.len())
    }

    /// The arcs of the riding graph on which one waits for a train, with the milliseconds they take when one waits so many
    /// seconds for each line (`Subway::waits_at`); `None` where no train comes, and for lines that are not told.
    pub fn waiting_arcs(&self, waits_s: &[Option<u32>]) -> Vec<(u32, Option<u32>)> {
        let graph = self.graph(Profile::Transit);
        let wait = |edge: u32| {
            let (OffStreet::Board { line } | OffStreet::Transfer { line }) = graph.off_street(edge)? else {
                return None;
            };
            let usual_ms = self.data.subway.usual_wait_s(line)? * 1000;
            let besides_ms = graph.edge(edge).ms.saturating_sub(usual_ms);
            let wait_s = waits_s.get(line as usize).copied().flatten();
            Some((edge * 2, wait_s.map(|s| besides_ms.saturating_add(s.saturating_mul(1000)).clamp(1, EDGE_MS_MAX))))
        };
        (graph.street_count() as u32..graph.edge_count() as u32).filter_map(wait).collect()
    }
}

/// The walking graph with a subway as it runs in one hour (0..24) of the day; without an hour, with every line that ever runs.
pub(super) fn build(walk: &Graph, subway: &Subway, hour: Option<usize>) -> Graph {
    let wait_s = |line: u32| hour.map_or_else(|| subway.usual_wait_s(line), |hour| subway.wait_s(line, hour));
    let mut more = More { walk, parts: GraphParts::default(), kinds: Vec::new() };
    let first = walk.node_count() as u32;
    // Two junctions a stop: its entrance and its trains.
    let (entrance, train) = (|stop: u32| first + stop * 2, |stop: u32| first + stop * 2 + 1);
    for stop in &subway.stops {
        more.parts.nodes.extend([stop.at, stop.at]);
    }
    for (number, stop) in (0u32..).zip(&subway.stops).filter(|(_, s)| s.open) {
        let Some(snap) = walk.snap(stop.at) else { continue };
        let edge = *walk.edge(snap.edge);
        let off_street_ms = (f64::from(snap.distance_m) / WALK_MPS * 1000.0).ceil() as u32;
        let from_start = edge.ms_from_start(snap.fraction);
        for (end, from, ms) in [(edge.start, 0.0, from_start), (edge.end, 1.0, edge.ms - from_start)] {
            more.link(&snap, from, [end, entrance(number)], ms, off_street_ms);
        }
        more.add(OffStreet::Leave, train(number), entrance(number), UP_MS, false);
        if let Some(wait_s) = wait_s(stop.line) {
            let board = OffStreet::Board { line: stop.line };
            more.add(board, entrance(number), train(number), DOWN_MS + wait_s * 1000, false);
        }
    }
    let line_of = |stop: u32| subway.stops[stop as usize].line;
    for ride in subway.rides.iter().filter(|r| wait_s(line_of(r.from)).is_some()) {
        let kind = OffStreet::Ride { line: line_of(ride.from) };
        more.add(kind, train(ride.from), train(ride.to), ride.seconds * 1000, false);
    }
    for t in &subway.transfers {
        if let Some(wait_s) = wait_s(line_of(t.to)) {
            let kind = OffStreet::Transfer { line: line_of(t.to) };
            more.add(kind, train(t.from), train(t.to), (t.seconds + wait_s) * 1000, false);
        }
    }
    walk.with_off_street(Profile::Transit, more.parts, more.kinds)
}

/// What comes on top of the walking graph.
struct More<'a> {
    walk: &'a Graph,
    parts: GraphParts,
    kinds: Vec<OffStreet>,
}

impl More<'_> {
    fn at(&self, node: u32) -> Position {
        let streets = self.walk.node_count();
        if (node as usize) < streets { self.walk.node(node) } else { self.parts.nodes[node as usize - streets] }
    }

    /// From an end of the street that a station is at, along it as far as the station is, and over to it.
    fn link(&mut self, at: &Snap, from: f32, [junction, entrance]: [u32; 2], along_ms: u32, over_ms: u32) {
        let mut shape = self.walk.between(at.edge, from.min(at.fraction), from.max(at.fraction)).into_owned();
        if from > at.fraction {
            shape.reverse();
        }
        shape.push(self.at(entrance));
        let kind = OffStreet::Link { arc: at.edge * 2 + u32::from(from > 0.0), over_ms };
        self.draw(kind, [junction, entrance], &shape, along_ms + over_ms, true);
    }

    fn add(&mut self, kind: OffStreet, start: u32, end: u32, ms: u32, both_ways: bool) {
        self.draw(kind, [start, end], &[self.at(start), self.at(end)], ms, both_ways);
    }

    fn draw(&mut self, kind: OffStreet, [start, end]: [u32; 2], shape: &[Position], ms: u32, both_ways: bool) {
        let first_point = self.parts.points.len() as u32;
        self.parts.points.extend(shape);
        self.kinds.push(kind);
        self.parts.edges.push(Edge {
            start,
            end,
            ms: ms.clamp(1, EDGE_MS_MAX),
            length_m: Graph::length_m(shape) as f32,
            way: NO_WAY,
            nth: 0,
            first_point,
            rights: Rights::new(true, both_ways),
        });
    }
}

#[cfg(test)]
#[path = "transit_tests.rs"]
mod tests;
