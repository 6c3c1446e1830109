//! Owns one way from one point to another: its time by two climbs, and the road arcs it goes along by unpacking shortcuts.
//! Does not draw (`road::route`).

use super::UNREACHED;
use super::climb::Reached;
use super::metric::Metric;
use super::search_graph::{End, Kind};
use crate::road::graph::Graph;
use crate::road::headed::Headed;
use crate::road::route::{Piece, Route};
use crate::road::snap::Snap;

/// A fastest way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Milliseconds, from what is lost before setting out to the place itself.
    pub ms: u32,
    /// Road arcs (`edge * 2 + direction`) from the one it begins on to the one it ends on: one if that is the same stretch.
    pub arcs: Vec<u32>,
}

/// Where two climbs meet, and the sum.
type Meeting = (u32, u32);

/// A way off a place: the node, the milliseconds of the arc that are left, and those lost before.
type Departure = (u32, u32, u32);

impl Metric {
    /// The ways off a place, along its edge and against it: the node, the rest of the arc and what is lost before setting out.
    pub(super) fn departures(&self, from: &Headed) -> [Option<Departure>; 2] {
        let [along, against] = self.hierarchy.search.exits(&self.times, &from.snap);
        let lead_ms = from.lead_ms();
        [along.map(|end| (end.0, end.1, lead_ms[0])), against.map(|end| (end.0, end.1, lead_ms[1]))]
    }

    /// Milliseconds of the fastest way; `None` if there is none.
    pub fn travel_ms(&self, from: impl Into<Headed>, to: &Snap) -> Option<u32> {
        let from = from.into();
        let arrivals = self.arrivals_whole(to);
        let bias_ms = arrivals.entrances.bias_ms;
        let departures = self.departures(&from);
        let met = |begin: &[End]| meet(&self.climb_from(begin), &arrivals.reached, bias_ms).map(|(_, ms)| ms - bias_ms);
        if from.snap.edge != to.edge {
            let begin: Vec<End> = departures.iter().flatten().map(|d| (d.0, d.1 + d.2)).collect();
            return met(&begin).map(|ms| ms + to.to_street_ms());
        }
        // On the pickup's own edge what is lost before setting out must not hide that one is past it already.
        let each = departures.iter().zip(self.times.straight_each(&from.snap, to)).zip(self.ways_round(&arrivals));
        let each = each.filter_map(|((departure, straight), round)| {
            let (node, rest_ms, lead_ms) = (*departure)?;
            let round = round.map(|ms| ms + rest_ms);
            let least = straight.into_iter().chain(round).chain(met(&[(node, rest_ms)])).min()?;
            Some(least + lead_ms + to.to_street_ms())
        });
        each.min()
    }

    /// The fastest way with the arcs it goes along.
    pub fn way(&self, from: impl Into<Headed>, to: &Snap) -> Option<Way> {
        let at = from.into();
        let from = &at.snap;
        let arrivals = self.arrivals_whole(to);
        let bias_ms = arrivals.entrances.bias_ms;
        let search = &self.hierarchy.search;
        let mut best: Option<Way> = None;
        let mut offer = |to_street_at_ms: u32, arcs: &mut dyn FnMut() -> Option<Vec<u32>>| {
            let ms = to_street_at_ms + to.to_street_ms();
            if best.as_ref().is_none_or(|b| ms < b.ms)
                && let Some(arcs) = arcs()
            {
                best = Some(Way { ms, arcs });
            }
        };
        let straight = self.times.straight_each(from, to);
        // One beginning at a time: which exit a way takes must be known.
        for ((exit_arc, departure), straight) in (from.edge * 2..).zip(self.departures(&at)).zip(straight) {
            let Some((node, rest_ms, lead_ms)) = departure else { continue };
            if let Some(ms) = straight {
                offer(ms + lead_ms, &mut || Some(vec![exit_arc]));
            }
            let mut through = |begin: &[End], lead: Option<u32>| {
                let climbed = self.climb_from(begin);
                if let Some((top, ms)) = meet(&climbed, &arrivals.reached, bias_ms) {
                    offer(ms - bias_ms + lead_ms, &mut || {
                        let mut nodes: Vec<u32> = lead.into_iter().collect();
                        nodes.extend(self.path(begin, &climbed, &arrivals.entrances.at, &arrivals.reached, top)?);
                        self.arcs_along(exit_arc, to, &nodes)
                    });
                }
            };
            through(&[(node, rest_ms)], None);
            if search.kind == Kind::Arcs && from.edge == to.edge {
                let next =
                    search.out(node).map(|i| (search.head[i], search.weight(&self.times, i).saturating_add(rest_ms)));
                let next: Vec<End> = next.filter(|n| n.1 < UNREACHED).collect();
                through(&next, Some(node));
            }
        }
        best
    }

    /// The fastest way drawn on the graph the metric is of.
    pub fn route(&self, graph: &Graph, from: impl Into<Headed>, to: &Snap) -> Option<Route> {
        let at = from.into();
        let (way, from) = (self.way(at, to)?, &at.snap);
        let last = way.arcs.len() - 1;
        let pieces = way.arcs.iter().enumerate().map(|(i, &arc)| {
            let (begin, end) = if arc & 1 == 0 { (0.0, 1.0) } else { (1.0, 0.0) };
            Piece {
                edge: arc / 2,
                from: if i == 0 { from.fraction } else { begin },
                to: if i == last { to.fraction } else { end },
                whole_ms: self.times.ms(arc),
            }
        });
        Some(graph.follow(from, to, pieces, u64::from(way.ms)))
    }

    /// Search nodes of the way over `top`; `None` only of a file whose times contradict each other, which is no way then.
    fn path(&self, begin: &[End], from: &[Reached], end: &[End], to: &[Reached], top: u32) -> Option<Vec<u32>> {
        let mut ranks = self.chain(begin, from, top, true)?;
        ranks.reverse();
        let below = self.chain(end, to, top, false)?;
        let mut nodes = vec![ranks[0]];
        for pair in ranks.windows(2) {
            self.unpack(pair[0], pair[1], &mut nodes)?;
        }
        for pair in below.windows(2) {
            self.unpack(pair[0], pair[1], &mut nodes)?;
        }
        let order = &self.hierarchy.shortcuts.order;
        Some(nodes.into_iter().map(|rank| order[rank as usize]).collect())
    }

    /// Ranks of a climb from its top down to where it began.
    fn chain(&self, begin: &[End], climbed: &[Reached], top: u32, forward: bool) -> Option<Vec<u32>> {
        let ms_at = |rank: u32| climbed.iter().filter(|r| r.node == rank).map(|r| r.ms[0]).min();
        let mut chain = vec![top];
        let mut here = top;
        loop {
            let ms = ms_at(here)?;
            if begin.iter().any(|&(node, begin_ms)| self.hierarchy.rank(node) == here && begin_ms == ms) {
                return Some(chain);
            }
            let direction = usize::from(!forward);
            let over = |r: &&Reached| {
                let shortcut = self.hierarchy.shortcuts.between(r.node, here);
                r.node < here && shortcut.is_some_and(|s| r.ms[0] + self.shortcut_ms[s][direction] == ms)
            };
            // A time is a beginning's or comes over an arc from below.
            here = climbed.iter().find(over)?.node;
            chain.push(here);
        }
    }

    /// Adds the ranks after the first on the way that the shortcut from one rank to another stands for. No way passes a node twice
    /// but where it begins.
    fn unpack(&self, from: u32, to: u32, nodes: &mut Vec<u32>) -> Option<()> {
        let nodes_max = 2 * self.hierarchy.shortcuts.node_count();
        let mut stack = vec![(from, to)];
        while let Some((from, to)) = stack.pop() {
            let whole_ms = self.ms_between(from, to).filter(|_| nodes.len() <= nodes_max)?;
            let middle = self.below_both(from, to).find(|&(_, into, out)| {
                self.shortcut_ms[into as usize][1] + self.shortcut_ms[out as usize][0] == whole_ms
            });
            match middle {
                Some((middle, ..)) => stack.extend([(middle, to), (from, middle)]),
                None => nodes.push(to),
            }
        }
        Some(())
    }

    fn ms_between(&self, from: u32, to: u32) -> Option<u32> {
        let shortcut = self.hierarchy.shortcuts.between(from.min(to), from.max(to))?;
        Some(self.shortcut_ms[shortcut][usize::from(from > to)])
    }

    /// Each lower neighbour of both, with the shortcuts between the first and it, and between it and the second.
    fn below_both(&self, from: u32, to: u32) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
        let shortcuts = &self.hierarchy.shortcuts;
        let mut others = shortcuts.below(to).iter().peekable();
        shortcuts.below(from).iter().filter_map(move |&[node, into]| {
            while others.next_if(|o| o[0] < node).is_some() {}
            let out = others.peek().filter(|o| o[0] == node)?[1];
            Some((node, into, out))
        })
    }

    /// Road arcs along search nodes, from the exit's arc to the entrance's.
    fn arcs_along(&self, exit_arc: u32, to: &Snap, nodes: &[u32]) -> Option<Vec<u32>> {
        let search = &self.hierarchy.search;
        if search.kind == Kind::Arcs {
            return Some(nodes.iter().map(|&n| search.original(n)).collect());
        }
        // Neighbours on a way share an arc.
        let between = nodes.windows(2).map(|pair| {
            let arcs = search.out(pair[0]).filter(|&i| search.head[i] == pair[1]);
            Some(search.via[arcs.min_by_key(|&i| search.weight(&self.times, i))?])
        });
        let last = nodes[nodes.len() - 1];
        let entrances = [to.edge * 2, to.edge * 2 + 1].into_iter().filter(|&arc| self.times.may_enter(arc));
        let entrance = entrances
            .filter(|&arc| search.arc_head(arc ^ 1) == last)
            .min_by_key(|&arc| self.times.before_ms(arc, to.fraction));
        std::iter::once(Some(exit_arc)).chain(between).chain([entrance]).collect()
    }
}

/// The node over which two climbs meet soonest, and the sum of their times, of those no less than `least_ms`.
pub(super) fn meet(from: &[Reached], to: &[Reached], least_ms: u32) -> Option<Meeting> {
    let sorted = |climbed: &[Reached]| {
        let mut sorted: Vec<(u32, u32)> = climbed.iter().map(|r| (r.node, r.ms[0])).collect();
        sorted.sort_unstable();
        sorted.dedup_by_key(|e| e.0);
        sorted
    };
    let (from, to) = (sorted(from), sorted(to));
    let mut other = to.iter().peekable();
    let mut best: Option<Meeting> = None;
    for (node, ms) in from {
        while other.next_if(|o| o.0 < node).is_some() {}
        if let Some(o) = other.peek().filter(|o| o.0 == node) {
            let sum = ms + o.1;
            if sum >= least_ms && best.is_none_or(|b| sum < b.1) {
                best = Some((node, sum));
            }
        }
    }
    best
}
