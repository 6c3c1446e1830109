//! Owns travel times of many to many: every climb once, then a sum for each pair. Its slow twin is [`Metric::travel_ms`], pair by
//! pair, which also answers the few pairs of neighbours that this does not.
//!
//! The nodes on which two climbs can meet are the ancestors they share in the elimination tree. Kept by depth, these are the first
//! words of two lists, whatever the two points are, so a pair costs one pass over a few hundred sums without a look-up.

use super::UNREACHED;
use super::climb::{NO_NODE, Reached};
use super::metric::Metric;
use crate::road::headed::Headed;
use crate::road::snap::Snap;

/// A climb by depth, from the root down to where the climbs from its beginnings come together.
struct Trunk {
    nodes: Vec<u32>,
    ms: Vec<u32>,
    /// Whether nodes of the climb lie below: it has several beginnings.
    branches: bool,
    /// As of [`super::search_graph::Entrances`]; 0 of a climb from somewhere.
    bias_ms: u32,
}

impl Metric {
    /// Milliseconds from each of `from` to each of `to`, by `from` and then by `to`; `None` where there is no way.
    pub fn table<At: Copy + Into<Headed>>(&self, from: &[At], to: &[Snap]) -> Vec<Option<u32>> {
        let from: Vec<Headed> = from.iter().map(|&at| at.into()).collect();
        let leaving: Vec<Trunk> = from.iter().map(|at| self.leaving(at)).collect();
        let arriving: Vec<Trunk> = to.iter().map(|snap| self.arriving(snap)).collect();
        let mut table = Vec::with_capacity(from.len() * to.len());
        for (a, up) in from.iter().zip(&leaving) {
            for (b, down) in to.iter().zip(&arriving) {
                let sum = (a.snap.edge != b.edge).then(|| sum_of(up, down)).flatten();
                table.push(match sum {
                    // Where one of the two was not reached, the bias has been taken off what stands for that.
                    Some(ms) => (ms < UNREACHED - down.bias_ms).then(|| ms + b.to_street_ms()),
                    None => self.travel_ms(a, b),
                });
            }
        }
        table
    }

    fn leaving(&self, from: &Headed) -> Trunk {
        let begin: Vec<(u32, u32)> = self.departures(from).into_iter().flatten().map(|d| (d.0, d.1 + d.2)).collect();
        self.trunk(begin.iter().map(|b| b.0), &self.climb_from(&begin), 0)
    }

    fn arriving(&self, to: &Snap) -> Trunk {
        let arrivals = self.arrivals_whole(to);
        let begin = arrivals.entrances.at.iter().map(|b| b.0);
        self.trunk(begin, &arrivals.reached, arrivals.entrances.bias_ms)
    }

    fn trunk(&self, begin: impl Iterator<Item = u32>, reached: &[Reached], bias_ms: u32) -> Trunk {
        let tree = &self.hierarchy.tree;
        let begin: Vec<u32> = begin.map(|node| self.hierarchy.rank(node)).collect();
        let meeting = begin.iter().copied().reduce(|a, b| if a == NO_NODE { a } else { tree.meeting(a, b) });
        let meeting = meeting.filter(|&node| node != NO_NODE);
        let Some(meeting) = meeting else {
            // From nowhere, or from two parts of the map.
            return Trunk { nodes: Vec::new(), ms: Vec::new(), branches: !begin.is_empty(), bias_ms };
        };
        let length = tree.depth[meeting as usize] as usize + 1;
        let (mut nodes, mut ms) = (vec![0; length], vec![UNREACHED; length]);
        let mut node = meeting;
        for place in nodes.iter_mut().rev() {
            *place = node;
            node = tree.parent[node as usize];
        }
        for r in reached {
            if let Some(known) = ms.get_mut(r.depth as usize) {
                *known = (*known).min(r.ms[0]);
            }
        }
        Trunk { nodes, ms, branches: begin.iter().any(|&b| b != meeting), bias_ms }
    }
}

/// Least sum over the ancestors that both have, less the bias; `None` where they may meet below.
fn sum_of(up: &Trunk, down: &Trunk) -> Option<u32> {
    let shared = shared_length(&up.nodes, &down.nodes);
    let may_go_on = |trunk: &Trunk| trunk.branches && shared == trunk.nodes.len();
    if may_go_on(up) || may_go_on(down) {
        return None;
    }
    let sums = up.ms[..shared].iter().zip(&down.ms[..shared]);
    // What is less than the bias is past the end on its own arc, and becomes more than every time.
    Some(sums.fold(u32::MAX, |least, (a, b)| least.min((a + b).wrapping_sub(down.bias_ms))))
}

/// How many ancestors two nodes share: all of the first, and none after the first that differs.
fn shared_length(a: &[u32], b: &[u32]) -> usize {
    let (mut same, mut end) = (0, a.len().min(b.len()));
    while same < end {
        let middle = usize::midpoint(same, end);
        if a[middle] == b[middle] {
            same = middle + 1;
        } else {
            end = middle;
        }
    }
    same
}
