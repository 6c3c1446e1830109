//! Owns what restrictions mean on a graph: sequences of arcs that nobody may follow. Does not make the turn table (`turns`).
//!
//! Invariant: every sequence has two arcs at least and each is followed by the next at a junction.

use super::arcs::{arc_of, edge_of, is_forward, reversed};
use super::data::MapData;
use super::graph::Graph;
use super::restriction::{Restriction, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// What became of the restrictions of a profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnReport {
    /// Restrictions that forbid something.
    pub applied: u32,
    /// Restrictions over streets that are closed to the profile anyway, or not in its graph.
    pub without_effect: u32,
    /// Restrictions of which it is not clear which way round their streets are meant; not applied.
    pub unclear: u32,
}

/// Forbidden sequences of arcs.
#[derive(Debug, Default)]
pub(super) struct Bans {
    pub(super) pairs: BTreeSet<(u32, u32)>,
    /// Three arcs or more.
    pub(super) longer: BTreeSet<Vec<u32>>,
    pub(super) report: TurnReport,
}

enum Meaning {
    Sequences(Vec<Vec<u32>>),
    NoEffect,
    Unclear,
}

/// All bans of the graph's profile. `arcs_out` lists the open arcs out of a junction.
pub(super) fn bans<'a>(data: &MapData, graph: &Graph, arcs_out: impl Fn(u32) -> &'a [u32]) -> Bans {
    let mut bans = Bans::default();
    // What may follow a beginning that an "only" speaks of: several of them allow several ways on.
    let mut only: BTreeMap<Vec<u32>, BTreeSet<u32>> = BTreeMap::new();
    for restriction in data.restrictions.iter().filter(|r| r.profiles.contains(graph.profile())) {
        let sequences = match meaning(data, graph, restriction) {
            Meaning::Sequences(sequences) => sequences,
            Meaning::NoEffect => {
                bans.report.without_effect += 1;
                continue;
            }
            Meaning::Unclear => {
                bans.report.unclear += 1;
                continue;
            }
        };
        bans.report.applied += 1;
        for sequence in sequences {
            match restriction.rule {
                Rule::No => bans.forbid(sequence),
                Rule::Only => {
                    for (i, &next) in sequence.iter().enumerate().skip(1) {
                        only.entry(sequence[..i].to_vec()).or_default().insert(next);
                    }
                }
            }
        }
    }
    for (beginning, allowed) in only {
        let head = graph.arc_head(beginning[beginning.len() - 1]);
        for &other in arcs_out(head).iter().filter(|a| !allowed.contains(a)) {
            let mut sequence = beginning.clone();
            sequence.push(other);
            bans.forbid(sequence);
        }
    }
    bans
}

impl Bans {
    fn forbid(&mut self, sequence: Vec<u32>) {
        if let [a, b] = sequence[..] {
            self.pairs.insert((a, b));
        } else {
            self.longer.insert(sequence);
        }
    }
}

fn meaning(data: &MapData, graph: &Graph, r: &Restriction) -> Meaning {
    let (Some(&first), Some(&last)) = (r.path.first(), r.path.last()) else { return Meaning::NoEffect };
    let entering: Vec<u32> = arcs_of(graph, r.from).filter(|&a| head_point(data, graph, a) == Some(first)).collect();
    let leaving: Vec<u32> = arcs_of(graph, r.to).filter(|&a| tail_point(data, graph, a) == Some(last)).collect();
    let Some(between) = along(data, graph, r) else { return Meaning::NoEffect };
    if r.via.is_empty() && r.from == r.to {
        // Turning round, in whichever direction the way is used.
        let turned = entering.iter().filter(|&&a| leaving.contains(&(reversed(a)))).map(|&a| vec![a, reversed(a)]);
        let turned: Vec<_> = turned.collect();
        return if turned.is_empty() { Meaning::NoEffect } else { Meaning::Sequences(turned) };
    }
    match (&entering[..], &leaving[..]) {
        ([], _) | (_, []) => Meaning::NoEffect,
        (&[from], &[to]) => Meaning::Sequences(vec![[&[from], &between[..], &[to]].concat()]),
        _ => Meaning::Unclear,
    }
}

/// The open arcs of a way.
fn arcs_of(graph: &Graph, way: u32) -> impl Iterator<Item = u32> + '_ {
    // Edges are made way by way.
    let begin = graph.edges().partition_point(|e| e.way < way) as u32;
    let end = graph.edges().partition_point(|e| e.way <= way) as u32;
    (begin..end).flat_map(|e| [arc_of(e, true), arc_of(e, false)]).filter(|&a| graph.arc_is_open(a))
}

/// The map's points under an arc, in its direction.
fn points_under<'a>(data: &'a MapData, graph: &Graph, arc: u32) -> Option<&'a [u32]> {
    let edge = graph.edge(edge_of(arc));
    let first = edge.nth as usize;
    data.ways.get(edge.way as usize)?.nodes.get(first..first + graph.shape(edge_of(arc)).len())
}

fn tail_point(data: &MapData, graph: &Graph, arc: u32) -> Option<u32> {
    let points = points_under(data, graph, arc)?;
    if is_forward(arc) { points.first() } else { points.last() }.copied()
}

fn head_point(data: &MapData, graph: &Graph, arc: u32) -> Option<u32> {
    tail_point(data, graph, reversed(arc))
}

/// The arcs that run over the restriction's points between its two ways; `None` if no open ones do.
fn along(data: &MapData, graph: &Graph, r: &Restriction) -> Option<Vec<u32>> {
    let mut arcs = Vec::new();
    let mut rest = &r.path[..];
    while rest.len() > 1 {
        let covers = |&arc: &u32| {
            points_under(data, graph, arc).is_some_and(|points| {
                points.len() <= rest.len()
                    && if is_forward(arc) {
                        rest.starts_with(points)
                    } else {
                        points.iter().rev().eq(&rest[..points.len()])
                    }
            })
        };
        let arc = r.via.iter().flat_map(|&way| arcs_of(graph, way)).find(covers)?;
        arcs.push(arc);
        rest = &rest[graph.shape(edge_of(arc)).len() - 1..];
    }
    Some(arcs)
}
