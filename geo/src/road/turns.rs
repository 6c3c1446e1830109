//! Owns the turn table of a graph: from each arc, onto which arcs one may go and what the turn costs. Does not search (`arcs`).
//!
//! Restrictions that span more than two arcs need memory of where one came from. An arc in the middle of one has *copies*:
//! the same arc, entered along the restriction's beginning, with the forbidden way on left out. Copies have numbers from
//! [`Turns::arc_count`] on. Invariant: a walk from an arc through the table spells an allowed sequence of arcs, and every
//! allowed sequence is such a walk, exactly one.

use super::Profile;
use super::arcs::reversed;
use super::bans::{Bans, TurnReport, bans};
use super::data::MapData;
use super::graph::Graph;
use super::modes::mode;
use super::turn_cost::{Directions, directions};
use std::collections::BTreeMap;

/// A way on from the head of an arc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The arc (or copy) one is on then; [`Turns::original`] gives its arc.
    pub arc: u32,
    /// Milliseconds lost in turning.
    pub ms: u32,
}

/// All turns of one graph. Arcs are numbered `edge * 2 + direction`, 0 along the edge, 1 against it; arcs that may not be
/// used have no turns. Copies of arcs follow.
#[derive(Debug)]
pub struct Turns {
    profile: Profile,
    arc_count: u32,
    /// The arc of each copy, ascending.
    originals: Vec<u32>,
    first: Vec<u32>,
    list: Vec<Turn>,
    report: TurnReport,
}

impl Turns {
    /// The turns of a graph that was made of this map.
    pub fn build(data: &MapData, graph: &Graph) -> Self {
        let out = OpenArcs::new(graph);
        let bans = bans(data, graph, |node| out.of(node));
        let copies = Copies::new(&bans);
        let table = Table { data, graph, out: &out, bans: &bans, copies: &copies };
        let directions: Vec<Directions> = (0..graph.arc_number_end()).map(|a| directions(graph, a)).collect();
        let (mut first, mut turns) = (vec![0u32], Vec::new());
        for arc in 0..graph.arc_number_end() {
            if graph.arc_is_open(arc) {
                table.add(&[arc], &directions, &mut turns);
            }
            first.push(turns.len() as u32);
        }
        for (history, _) in &copies.in_order {
            table.add(history, &directions, &mut turns);
            first.push(turns.len() as u32);
        }
        turns.shrink_to_fit();
        Self {
            profile: graph.profile(),
            arc_count: graph.arc_number_end(),
            originals: copies.in_order.iter().map(|c| c.1).collect(),
            first,
            list: turns,
            report: bans.report,
        }
    }

    /// The arc of each copy there would be, in their order: quicker than making the turns.
    pub(super) fn copied(data: &MapData, graph: &Graph) -> Vec<u32> {
        let out = OpenArcs::new(graph);
        let bans = bans(data, graph, |node| out.of(node));
        Copies::new(&bans).in_order.into_iter().map(|copy| copy.1).collect()
    }

    /// For whom they are.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Numbers of arcs run below this, those of copies from here.
    pub fn arc_count(&self) -> usize {
        self.arc_count as usize
    }

    /// Arcs and copies together.
    pub fn state_count(&self) -> usize {
        self.first.len() - 1
    }

    /// Ways on from the head of an arc or copy.
    pub fn turns_out(&self, arc: u32) -> &[Turn] {
        let a = arc as usize;
        &self.list[self.first[a] as usize..self.first[a + 1] as usize]
    }

    /// The arc that an arc or copy is.
    pub fn original(&self, arc: u32) -> u32 {
        if arc < self.arc_count { arc } else { self.originals[(arc - self.arc_count) as usize] }
    }

    /// The copies of an arc, not the arc itself: who goes to a point on an arc may arrive on any of them.
    pub fn copies_of(&self, arc: u32) -> std::ops::Range<u32> {
        let begin = self.originals.partition_point(|&a| a < arc) as u32;
        let end = self.originals.partition_point(|&a| a <= arc) as u32;
        self.arc_count + begin..self.arc_count + end
    }

    /// What became of the restrictions.
    pub fn report(&self) -> TurnReport {
        self.report
    }
}

/// The open arcs out of each junction.
struct OpenArcs {
    first: Vec<u32>,
    arcs: Vec<u32>,
    /// How many ends of edges meet at each junction.
    ends: Vec<u32>,
}

impl OpenArcs {
    fn new(graph: &Graph) -> Self {
        let mut ends = vec![0u32; graph.node_count()];
        let mut first = vec![0u32; graph.node_count() + 1];
        let open = || (0..graph.arc_number_end()).filter(|&a| graph.arc_is_open(a));
        for edge in graph.edges() {
            ends[edge.start as usize] += 1;
            ends[edge.end as usize] += 1;
        }
        for arc in open() {
            first[graph.arc_tail(arc) as usize + 1] += 1;
        }
        for n in 0..graph.node_count() {
            first[n + 1] += first[n];
        }
        let mut next = first.clone();
        let mut arcs = vec![0u32; first[graph.node_count()] as usize];
        for arc in open() {
            let slot = &mut next[graph.arc_tail(arc) as usize];
            arcs[*slot as usize] = arc;
            *slot += 1;
        }
        Self { first, arcs, ends }
    }

    fn of(&self, node: u32) -> &[u32] {
        let n = node as usize;
        &self.arcs[self.first[n] as usize..self.first[n + 1] as usize]
    }
}

/// Copies by the sequence of arcs that leads to them: each beginning, two arcs or more, of a longer ban.
struct Copies {
    /// With the arc each is a copy of, ascending by that.
    in_order: Vec<(Vec<u32>, u32)>,
    rank: BTreeMap<Vec<u32>, u32>,
}

impl Copies {
    fn new(bans: &Bans) -> Self {
        let beginnings = bans.longer.iter().flat_map(|s| (2..s.len()).map(|n| s[..n].to_vec()));
        let mut in_order: Vec<(Vec<u32>, u32)> = beginnings.map(|b| (b.clone(), b[b.len() - 1])).collect();
        in_order.sort_unstable_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        in_order.dedup();
        let rank = in_order.iter().enumerate().map(|(i, c)| (c.0.clone(), i as u32)).collect();
        Self { in_order, rank }
    }
}

struct Table<'a> {
    data: &'a MapData,
    graph: &'a Graph,
    out: &'a OpenArcs,
    bans: &'a Bans,
    copies: &'a Copies,
}

impl Table<'_> {
    /// Adds the turns of who came along `history`, the last of it the arc they are on.
    fn add(&self, history: &[u32], directions: &[Directions], turns: &mut Vec<Turn>) {
        let arc = history[history.len() - 1];
        let junction = self.graph.arc_head(arc);
        let costs = &mode(self.graph.profile()).turns;
        // A ban over several streets ends a way on for those only who came along its beginning, a copy.
        let allowed = self.out.of(junction).iter().filter(|&&to| !self.bans.pairs.contains(&(arc, to)));
        let allowed: Vec<(u32, u32)> = allowed.filter_map(|&to| Some((to, self.arrives_as(history, to)?))).collect();
        let goes_on = allowed.iter().any(|&(to, _)| to != reversed(arc));
        let way = self.graph.edge(arc / 2).way as usize;
        let may_turn_round = !goes_on || self.data.ways.get(way).is_none_or(|w| w.class >= costs.uturn_from);
        let bends = self.out.ends[junction as usize] > 2;
        for (to, arc_then) in allowed {
            let ms = if to == reversed(arc) {
                if !may_turn_round {
                    continue;
                }
                costs.uturn_ms
            } else if bends {
                costs.ms(directions[arc as usize].reaching_head, directions[to as usize].leaving_tail)
            } else {
                0
            };
            turns.push(Turn { arc: arc_then, ms });
        }
    }

    /// The arc or copy one is on after `history` and `to`; `None` if a ban ends there.
    fn arrives_as(&self, history: &[u32], to: u32) -> Option<u32> {
        if self.copies.in_order.is_empty() {
            return Some(to);
        }
        let mut whole = history.to_vec();
        whole.push(to);
        let suffixes = || (0..whole.len() - 1).map(|from| &whole[from..]);
        if suffixes().any(|s| self.bans.longer.contains(s)) {
            return None;
        }
        let copy = suffixes().find_map(|s| self.copies.rank.get(s));
        Some(copy.map_or(to, |rank| self.graph.arc_number_end() + rank))
    }
}

#[cfg(test)]
#[path = "turns_tests.rs"]
pub(in crate::road) mod tests;
