//! Owns what is searched: plain arrays of nodes and arcs made of a road graph, and by which nodes a snap is left and entered.
//! Weights are not here but in `times`: the arrays outlive them.
//!
//! Two kinds, one code. *Junctions*: nodes are junctions, arcs are road arcs. *Arcs*: nodes are the ends of road arcs ("at
//! the end of `a`"), an arc from `a` to `b` is the turn and then all of `b`; copies of arcs that remember a restriction are
//! further nodes. Measured from end to end, so that staff leave their arc by its own node with the rest of it as a sum of
//! their own, and a pickup's arc is entered by its own node with what lies behind the pickup taken off again.

use super::UNREACHED;
use super::times::ArcTimes;
use crate::road::column::Column;
use crate::road::connected::largest_component;
use crate::road::graph::Graph;
use crate::road::snap::Snap;
use crate::road::{Profile, RoadMap};

/// What the nodes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Junctions,
    Arcs,
}

/// Adjacency arrays: arcs out of node `n` are `first[n]..first[n + 1]`.
pub struct SearchGraph {
    pub(super) kind: Kind,
    pub(super) first: Column<u32>,
    pub(super) head: Column<u32>,
    /// The road arc that is gone along.
    pub(super) via: Column<u32>,
    /// Milliseconds on top: turns, crossings.
    pub(super) extra_ms: Column<u32>,
    /// Start and end junction of each edge.
    pub(super) ends: Column<[u32; 2]>,
    /// Arc and node of each copy, ascending.
    pub(super) copies: Column<[u32; 2]>,
}

/// Arcs out of one node after the other.
struct Outs {
    first: Vec<u32>,
    head: Vec<u32>,
    via: Vec<u32>,
    extra_ms: Vec<u32>,
}

impl Outs {
    fn new() -> Self {
        Self { first: vec![0], head: Vec::new(), via: Vec::new(), extra_ms: Vec::new() }
    }

    fn push(&mut self, head: u32, via: u32, extra_ms: u32) {
        self.head.push(head);
        self.via.push(via);
        self.extra_ms.push(extra_ms);
    }

    fn end_node(&mut self) {
        self.first.push(self.head.len() as u32);
    }

    fn of(self, kind: Kind, graph: &Graph, copies: Vec<[u32; 2]>) -> SearchGraph {
        SearchGraph {
            kind,
            first: self.first.into(),
            head: self.head.into(),
            via: self.via.into(),
            extra_ms: self.extra_ms.into(),
            ends: graph.edges().iter().map(|e| [e.start, e.end]).collect(),
            copies: copies.into(),
        }
    }
}

/// A way off a snap or onto it: the node, and the milliseconds between.
pub(super) type End = (u32, u32);

/// The ways onto a snap. Each time is `bias_ms` more than it is, so that none is negative.
#[derive(Debug)]
pub(super) struct Entrances {
    pub(super) bias_ms: u32,
    pub(super) at: Vec<End>,
}

impl SearchGraph {
    /// What a profile is searched on: arcs where turns matter, junctions where they do not.
    pub fn of(map: &RoadMap, profile: Profile) -> Self {
        let graph = map.graph(profile);
        match map.turns(profile) {
            None => Self::of_junctions(graph, |_| 0),
            Some(turns) => Self::of_turns(
                graph,
                turns.state_count() as u32,
                |state| turns.original(state),
                |state| turns.turns_out(state).iter().map(|turn| (turn.arc, turn.ms)),
            ),
        }
    }

    /// Junctions and arcs as they are, `crossing_ms(arc)` added at the beginning of each arc: signals, crossings.
    pub fn of_junctions(graph: &Graph, crossing_ms: impl Fn(u32) -> u32) -> Self {
        let mut outs = Outs::new();
        for node in 0..graph.node_count() as u32 {
            for out in graph.arcs_out(node) {
                // A loop that may be used both ways is listed twice; both are the same here.
                let arc = out.edge * 2 + u32::from(graph.edge(out.edge).start != node);
                outs.push(out.node, arc, crossing_ms(arc));
            }
            outs.end_node();
        }
        outs.of(Kind::Junctions, graph, Vec::new())
    }

    /// Arcs and the turns between them. Nodes below twice the number of edges are the arcs; the others, up to `states`, are
    /// copies, and `original` gives the arc of any. `turns_out` gives nodes with the milliseconds of the turn.
    pub fn of_turns<T: IntoIterator<Item = (u32, u32)>>(
        graph: &Graph,
        states: u32,
        original: impl Fn(u32) -> u32,
        turns_out: impl Fn(u32) -> T,
    ) -> Self {
        let mut outs = Outs::new();
        for node in 0..states {
            for (to, ms) in turns_out(node) {
                outs.push(to, original(to), ms);
            }
            outs.end_node();
        }
        let mut copies: Vec<[u32; 2]> = (graph.edge_count() as u32 * 2..states).map(|s| [original(s), s]).collect();
        copies.sort_unstable();
        outs.of(Kind::Arcs, graph, copies)
    }

    /// Number of nodes.
    pub fn node_count(&self) -> usize {
        self.first.len() - 1
    }

    /// Number of arcs.
    pub fn arc_count(&self) -> usize {
        self.head.len()
    }

    /// Numbers of arcs out of a node.
    pub(super) fn out(&self, node: u32) -> std::ops::Range<usize> {
        self.first[node as usize] as usize..self.first[node as usize + 1] as usize
    }

    /// Milliseconds of an arc, [`UNREACHED`] if it may not be used. At a junction nobody knows where one came from.
    pub(super) fn weight(&self, times: &ArcTimes, arc: usize) -> u32 {
        let via = self.via[arc];
        let may_go_on = || {
            let tail = self.tail(arc);
            times.may_go_on(self.original(tail), via, self.out(tail).map(|out| self.via[out]))
        };
        let may_enter = times.may_enter(via) || self.kind == Kind::Arcs && times.is_closed(via) && may_go_on();
        if may_enter { times.ms(via).saturating_add(self.extra_ms[arc]).min(UNREACHED) } else { UNREACHED }
    }

    /// By edge, of [`Kind::Arcs`]: whether one of its arcs lies among the most that all reach one another by their turns. An arc of
    /// which only a copy does counts: who sets out on it may turn wherever the copy may.
    pub(in crate::road) fn through(&self) -> Vec<bool> {
        let mut through = vec![false; self.ends.len()];
        let arcs = (0..self.ends.len() as u32 * 2).chain(self.copies.iter().map(|c| c[0]));
        let nodes = (0..self.ends.len() as u32 * 2).chain(self.copies.iter().map(|c| c[1]));
        let connected = largest_component(&self.first, &self.head);
        for (arc, node) in arcs.zip(nodes) {
            through[arc as usize / 2] |= connected[node as usize];
        }
        through
    }

    /// The node an arc leaves.
    fn tail(&self, arc: usize) -> u32 {
        self.first.partition_point(|&first| first as usize <= arc) as u32 - 1
    }

    /// The junction at the head of a road arc.
    pub(super) fn arc_head(&self, arc: u32) -> u32 {
        self.ends[arc as usize / 2][1 - arc as usize % 2]
    }

    /// The arc of a node; for [`Kind::Arcs`] only.
    pub(super) fn original(&self, node: u32) -> u32 {
        if (node as usize) < self.ends.len() * 2 {
            return node;
        }
        self.copies.iter().find(|c| c[1] == node).map_or(node, |c| c[0])
    }

    fn copies_of(&self, arc: u32) -> impl Iterator<Item = u32> + '_ {
        let from = self.copies.partition_point(|c| c[0] < arc);
        self.copies[from..].iter().take_while(move |c| c[0] == arc).map(|c| c[1])
    }

    /// The ways off a snap, along its edge and against it, with the rest of the arc in milliseconds.
    pub(super) fn exits(&self, times: &ArcTimes, from: &Snap) -> [Option<End>; 2] {
        [from.edge * 2, from.edge * 2 + 1].map(|arc| {
            let rest_ms = || times.ms(arc) - times.before_ms(arc, from.fraction);
            let node = || if self.kind == Kind::Arcs { arc } else { self.arc_head(arc) };
            times.is_open(arc).then(|| (node(), rest_ms()))
        })
    }

    /// The ways onto a snap.
    pub(super) fn entrances(&self, times: &ArcTimes, to: &Snap) -> Entrances {
        let arcs = [to.edge * 2, to.edge * 2 + 1];
        // Into what is closed from inside, if any turn allows it.
        let from_inside = |arc| self.kind == Kind::Arcs && times.is_closed(arc);
        let enterable = arcs.into_iter().filter(|&arc| times.may_enter(arc) || from_inside(arc));
        let before = enterable.map(|arc| (arc, times.before_ms(arc, to.fraction)));
        let mut found = Entrances { bias_ms: 0, at: Vec::with_capacity(2) };
        match self.kind {
            Kind::Junctions => found.at.extend(before.map(|(arc, ms)| (self.arc_head(arc ^ 1), ms))),
            Kind::Arcs => {
                found.bias_ms = arcs.map(|arc| times.ms(arc)).into_iter().max().unwrap_or(0);
                for (arc, before_ms) in before {
                    let ms = found.bias_ms - (times.ms(arc) - before_ms);
                    found.at.push((arc, ms));
                    found.at.extend(self.copies_of(arc).map(|copy| (copy, ms)));
                }
            }
        }
        found
    }
}

impl std::fmt::Debug for SearchGraph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SearchGraph({:?}, {} nodes, {} arcs)", self.kind, self.node_count(), self.arc_count())
    }
}
