//! Owns a road graph with the times of a moment, for plain searches over its junctions (`reach`, `safer`): arcs out of and into a
//! junction and the ends of a snap, less what is closed. Turns cost nothing here (`hierarchy` knows them).

use super::graph::Graph;
use super::hierarchy::ArcTimes;
use super::snap::Snap;

/// A graph and how long its arcs take.
#[derive(Clone, Copy)]
pub(super) struct Timed<'a> {
    pub(super) graph: &'a Graph,
    pub(super) times: &'a ArcTimes,
}

/// An arc that may be entered, seen from one of its junctions.
pub(super) struct TimedArc {
    /// The junction at the other side.
    pub(super) node: u32,
    pub(super) ms: u64,
    /// Its number.
    pub(super) arc: u32,
}

impl Timed<'_> {
    /// Out of a junction.
    pub(super) fn arcs_out(&self, node: u32) -> impl Iterator<Item = TimedArc> + '_ {
        self.graph.arcs_out(node).iter().filter_map(move |out| self.arc(out.edge, node, out.node))
    }

    /// Into a junction.
    pub(super) fn arcs_in(&self, node: u32) -> impl Iterator<Item = TimedArc> + '_ {
        self.graph.arcs_in(node).iter().filter_map(move |into| self.arc(into.edge, into.node, into.node))
    }

    /// A loop counts one way round only: no fastest way goes along one.
    fn arc(&self, edge: u32, tail: u32, node: u32) -> Option<TimedArc> {
        let arc = edge * 2 + u32::from(self.graph.edge(edge).start != tail);
        self.times.may_enter(arc).then(|| TimedArc { node, ms: u64::from(self.times.ms(arc)), arc })
    }

    /// The junctions by which the edge of a snap is left, along it and against it, with the milliseconds to there.
    pub(super) fn exits(&self, from: &Snap) -> [Option<(u32, u64)>; 2] {
        [from.edge * 2, from.edge * 2 + 1].map(|arc| {
            let rest_ms = self.times.ms(arc) - self.times.before_ms(arc, from.fraction);
            self.times.is_open(arc).then(|| (self.graph.arc_head(arc), u64::from(rest_ms)))
        })
    }

    /// The junctions by which it is entered on the way to the snap, with the milliseconds from there.
    pub(super) fn entrances(&self, to: &Snap) -> [Option<(u32, u64)>; 2] {
        [to.edge * 2, to.edge * 2 + 1].map(|arc| {
            let before_ms = self.times.before_ms(arc, to.fraction);
            self.times.may_enter(arc).then(|| (self.graph.arc_tail(arc), u64::from(before_ms)))
        })
    }

    /// Milliseconds along an arc between two fractions of its edge.
    pub(super) fn between_ms(&self, arc: u32, a: f32, b: f32) -> u64 {
        u64::from(self.times.before_ms(arc, a).abs_diff(self.times.before_ms(arc, b)))
    }
}
