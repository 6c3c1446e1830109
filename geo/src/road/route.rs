//! Owns the way from one point of the road to another: its shape, length and time, and where somebody is along it. Does not
//! choose whom to send (`query`).

use super::graph::{Graph, NO_WAY};
use super::query::{along_shared_edge, entrances, exits};
use super::snap::Snap;
use super::transit::OffStreet;
use crate::position::Position;
use pathfinding::directed::astar::astar;

/// The ends of the search; no junction has these numbers.
const FROM: u32 = u32::MAX;
const TO: u32 = u32::MAX - 1;

/// Taken off the lower bound, milliseconds: positions are rounded to centimetres, the times along an edge to milliseconds.
const BOUND_SLACK_MS: f64 = 50.0;

/// A part of a way on which one rides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RidePart {
    /// First point, from 0.
    pub from: usize,
    /// Last point.
    pub to: usize,
    /// Index of the line.
    pub line: u32,
}

/// Where a way turns into a street.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreetPart {
    /// First point, from 0; the part ends where the next begins.
    pub from: usize,
    /// Index of the way in the map data; `graph::NO_WAY` off the streets.
    pub way: u32,
}

/// A stretch of an edge that a way goes along.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArcPart {
    /// Road arc (`edge * 2 + direction`).
    pub arc: u32,
    /// Fractions of the edge.
    pub from: f32,
    /// The smaller one against the edge.
    pub to: f32,
}

/// A way along the roads.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// From the first snap's point to the second's, two points at least.
    pub points: Vec<Position>,
    /// Seconds from the beginning at each point, ascending: not 0 at the first where the way begins off the streets, nor all of
    /// `duration_s` at the last where it ends there.
    pub at_s: Vec<f32>,
    /// Metres along the points.
    pub length_m: f32,
    /// Seconds, what lies off the streets included.
    pub duration_s: f32,
    /// Metres from where it begins to its first point and from its last to where it ends, 0 in the street: nobody knows a way there.
    pub off_streets_m: [f32; 2],
    /// Rides: each the first and last of its points, and the line. A straight line from stop to stop.
    pub rides: Vec<RidePart>,
    /// The streets in order, ascending by their first points.
    pub streets: Vec<StreetPart>,
    /// All that it goes along, in order.
    pub arcs: Vec<ArcPart>,
}

impl Route {
    /// Where one is `seconds` after setting out: the beginning before it, the end after it.
    pub fn position_at(&self, seconds: f32) -> Position {
        let after = self.at_s.partition_point(|&s| s <= seconds);
        if after == 0 {
            return self.points[0];
        }
        if after == self.points.len() {
            return self.points[after - 1];
        }
        let (a, b) = (self.at_s[after - 1], self.at_s[after]);
        self.points[after - 1].towards(self.points[after], f64::from((seconds - a) / (b - a)))
    }
}

/// A stretch of a way: an edge from one fraction to another, and the milliseconds all of it takes in that direction.
pub(super) struct Piece {
    pub(super) edge: u32,
    pub(super) from: f32,
    pub(super) to: f32,
    pub(super) whole_ms: u32,
}

impl Graph {
    /// The way along pieces that join up.
    pub(super) fn follow(&self, from: &Snap, to: &Snap, pieces: impl Iterator<Item = Piece>, total_ms: u64) -> Route {
        let mut line = Line::new(from.at);
        for piece in pieces {
            let edge = self.edge(piece.edge);
            if let Some(kind) = self.drawn_straight(piece.edge) {
                let end = if piece.from < piece.to { edge.end } else { edge.start };
                line.along(piece.edge, piece.from, piece.to);
                line.off_street(self.node(end), piece.whole_ms, kind);
                continue;
            }
            let speed_mps = f64::from(edge.length_m) * 1000.0 / f64::from(piece.whole_ms);
            self.draw(&mut line, piece.edge, piece.from, piece.to, speed_mps);
        }
        line.finish(from, to, total_ms)
    }

    /// What an edge is that is drawn as a straight line; `None` for a street, and for a link to a station, which begins along one.
    fn drawn_straight(&self, edge: u32) -> Option<OffStreet> {
        self.off_street(edge).filter(|kind| !matches!(kind, OffStreet::Link { .. }))
    }

    /// The fastest way; `None` if there is none.
    pub fn route(&self, from: &Snap, to: &Snap) -> Option<Route> {
        let (nodes, by_road_ms) = self.fastest(from, to)?;
        let total_ms = by_road_ms + off_streets_ms(from, to);
        let mut line = Line::new(from.at);
        if let [_, _] = nodes[..] {
            self.draw(&mut line, from.edge, from.fraction, to.fraction, self.speed_mps(from.edge));
        } else {
            let inner = &nodes[1..nodes.len() - 1];
            let speed_mps = self.speed_mps(from.edge);
            self.draw(&mut line, from.edge, from.fraction, self.exit_fraction(from, inner[0]), speed_mps);
            for pair in inner.windows(2) {
                let arc = self.arcs_out(pair[0]).iter().filter(|a| a.node == pair[1]).min_by_key(|a| a.ms)?;
                let edge = self.edge(arc.edge);
                // A loop is never part of a fastest way, so the two ends differ.
                let forward = edge.start == pair[0];
                let (a, b) = if forward { (0.0, 1.0) } else { (1.0, 0.0) };
                if let Some(kind) = self.drawn_straight(arc.edge) {
                    line.along(arc.edge, a, b);
                    line.off_street(self.node(pair[1]), arc.ms, kind);
                    continue;
                }
                self.draw(&mut line, arc.edge, a, b, self.speed_mps(arc.edge));
            }
            let begin = self.entrance_fraction(to, inner[inner.len() - 1]);
            self.draw(&mut line, to.edge, begin, to.fraction, self.speed_mps(to.edge));
        }
        Some(line.finish(from, to, total_ms))
    }

    /// Seconds of the fastest way; `None` if there is none.
    pub fn travel_time(&self, from: &Snap, to: &Snap) -> Option<f32> {
        self.fastest(from, to).map(|(_, ms)| ((ms + off_streets_ms(from, to)) as f64 / 1000.0) as f32)
    }

    /// Junctions of the fastest way, with [`FROM`] first and [`TO`] last, and its milliseconds from street to street.
    fn fastest(&self, from: &Snap, to: &Snap) -> Option<(Vec<u32>, u64)> {
        let leaving = exits(self, from);
        let entering = entrances(self, to);
        let direct = along_shared_edge(self, from, to).map(|ms| (TO, ms));
        let per_ms = self.speed_mps_max() / 1000.0;
        let lower_bound = |node: &u32| match *node {
            FROM | TO => 0,
            // Lengths of nothing in a bent file would make it endless; cut off, it is a lower bound still.
            n => (self.node(n).distance_m(to.at) / per_ms - BOUND_SLACK_MS).clamp(0.0, f64::from(u32::MAX)) as u64,
        };
        let successors = |node: &u32| {
            let node = *node;
            let (begin, arcs) = match node {
                FROM => ([leaving[0], leaving[1], direct], &[][..]),
                TO => ([None; 3], &[][..]),
                n => {
                    let end = |e: Option<(u32, u64)>| e.filter(|&(at, _)| at == n).map(|(_, ms)| (TO, ms));
                    ([end(entering[0]), end(entering[1]), None], self.arcs_out(n))
                }
            };
            begin.into_iter().flatten().chain(arcs.iter().map(|a| (a.node, u64::from(a.ms))))
        };
        astar(&FROM, successors, lower_bound, |&n| n == TO)
    }

    /// At which end of its edge a snap leaves for `node`: the nearer one of a loop.
    fn exit_fraction(&self, from: &Snap, node: u32) -> f32 {
        self.end_fraction(exits(self, from), [1.0, 0.0], node)
    }

    fn entrance_fraction(&self, to: &Snap, node: u32) -> f32 {
        self.end_fraction(entrances(self, to), [0.0, 1.0], node)
    }

    #[expect(clippy::unused_self, reason = "reads beside its two callers")]
    fn end_fraction(&self, ends: [Option<(u32, u64)>; 2], fractions: [f32; 2], node: u32) -> f32 {
        let matching = ends.iter().zip(fractions).filter_map(|(e, f)| e.filter(|e| e.0 == node).map(|e| (e.1, f)));
        matching.min_by_key(|m| m.0).map_or(fractions[0], |m| m.1)
    }

    fn speed_mps(&self, edge: u32) -> f64 {
        let edge = self.edge(edge);
        f64::from(edge.length_m) * 1000.0 / f64::from(edge.ms)
    }

    /// Adds the shape of an edge between two fractions, either way round.
    fn draw(&self, line: &mut Line, edge_id: u32, from: f32, to: f32, speed_mps: f64) {
        let edge = self.edge(edge_id);
        line.along(edge_id, from, to);
        line.street(edge.way);
        let shape = self.shape(edge_id);
        let (low, high) = (from.min(to), from.max(to));
        let mut inner: Vec<Position> = Vec::new();
        let (mut before_m, whole_m) = (0.0, f64::from(edge.length_m));
        for (i, point) in shape.iter().enumerate() {
            if i > 0 {
                before_m += shape[i - 1].distance_m(*point);
            }
            let at = before_m / whole_m.max(f64::MIN_POSITIVE);
            if at > f64::from(low) && at < f64::from(high) {
                inner.push(*point);
            }
        }
        if from > to {
            inner.reverse();
        }
        inner.push(self.along(edge_id, to));
        for point in inner {
            line.to(point, speed_mps);
        }
    }
}

/// Milliseconds from a place to its street and from the other's street to it.
pub(super) fn off_streets_ms(from: &Snap, to: &Snap) -> u64 {
    u64::from(from.to_street_ms()) + u64::from(to.to_street_ms())
}

/// A line being drawn, with the time at each point.
struct Line {
    points: Vec<Position>,
    at_s: Vec<f64>,
    length_m: f64,
    rides: Vec<RidePart>,
    streets: Vec<StreetPart>,
    arcs: Vec<ArcPart>,
}

impl Line {
    fn new(begin: Position) -> Self {
        Self {
            points: vec![begin],
            at_s: vec![0.0],
            length_m: 0.0,
            rides: Vec::new(),
            streets: Vec::new(),
            arcs: Vec::new(),
        }
    }

    /// What is drawn next is this stretch.
    fn along(&mut self, edge: u32, from: f32, to: f32) {
        self.arcs.push(ArcPart { arc: edge * 2 + u32::from(from > to), from, to });
    }

    /// What comes lies on this street.
    fn street(&mut self, way: u32) {
        let from = self.points.len() - 1;
        // A street of which nothing was drawn is none.
        if self.streets.last().is_some_and(|last| last.from == from) {
            self.streets.pop();
        }
        if self.streets.last().is_none_or(|last| last.way != way) {
            self.streets.push(StreetPart { from, way });
        }
    }

    fn to(&mut self, point: Position, speed_mps: f64) {
        let last = self.points[self.points.len() - 1];
        if last == point {
            return;
        }
        let step_m = last.distance_m(point);
        self.length_m += step_m;
        self.at_s.push(self.at_s[self.at_s.len() - 1] + step_m / speed_mps.max(0.1));
        self.points.push(point);
    }

    /// A straight line that takes its time, also where it has no length: one waits.
    fn off_street(&mut self, point: Position, ms: u32, kind: OffStreet) {
        self.street(NO_WAY);
        let from = self.points.len() - 1;
        self.length_m += self.points[from].distance_m(point);
        self.at_s.push(self.at_s[from] + f64::from(ms) / 1000.0);
        self.points.push(point);
        if let OffStreet::Ride { line } = kind {
            match self.rides.last_mut() {
                Some(last) if last.line == line && last.to == from => last.to = from + 1,
                _ => self.rides.push(RidePart { from, to: from + 1, line }),
            }
        }
    }

    /// Stretches the times along the streets to what was searched: by rounding errors, and what is lost in turning.
    fn finish(mut self, from: &Snap, to: &Snap, total_ms: u64) -> Route {
        if self.points.len() == 1 {
            self.points.push(to.at);
            self.at_s.push(0.0);
        }
        let by_road_s = total_ms.saturating_sub(off_streets_ms(from, to)) as f64 / 1000.0;
        let lead_s = f64::from(from.to_street_ms()) / 1000.0;
        let drawn_s = self.at_s[self.at_s.len() - 1];
        let stretch = if drawn_s > 0.0 { by_road_s / drawn_s } else { 0.0 };
        Route {
            points: self.points,
            at_s: self.at_s.iter().map(|s| (lead_s + s * stretch) as f32).collect(),
            length_m: self.length_m as f32,
            duration_s: (total_ms as f64 / 1000.0) as f32,
            off_streets_m: [from, to].map(|end| if end.to_street_ms() == 0 { 0.0 } else { end.distance_m }),
            rides: self.rides,
            streets: self.streets,
            arcs: self.arcs,
        }
    }
}
