//! Owns the search "who can be there soonest": one climb from the pickup, then a scan of the buckets on the way. Does not
//! judge who may go, the caller's filter does.
//!
//! Exact: times are those of the fastest ways under the metric; order is by time, then id; each person comes once. A bucket
//! is left at the first entry that is too late even for somebody at the very end of their arc.

use super::UNREACHED;
use super::bucket::unpacked;
use super::buckets::StaffBuckets;
use super::metric::{Arrivals, Hierarchy, Metric};
use super::search_graph::{Entrances, Kind};
use crate::road::snap::Snap;
use std::cell::RefCell;
use std::hash::Hash;

/// So many staff make it worth while to prune a climb that reads every bucket whole.
const CROWD: usize = 250;

/// By person: the filter refused them.
const REFUSED: u32 = 0;

thread_local! {
    /// Least time by person; all unreached between searches.
    static BEST: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

impl<Id: Copy + Ord + Hash> StaffBuckets<Id> {
    /// The `k` who can be at `pickup` soonest and pass the filter, with milliseconds, nobody later than `bound_ms`. The
    /// filter is asked once at most for each person.
    pub fn nearest(&self, pickup: &Snap, k: usize, bound_ms: u32, may_go: impl FnMut(Id) -> bool) -> Vec<(Id, u32)> {
        self.nearest_of(&self.metric.arrivals_whole(pickup), k, bound_ms, may_go)
    }

    /// The same with the climb done.
    pub(super) fn nearest_of(
        &self,
        arrivals: &Arrivals,
        k: usize,
        bound_ms: u32,
        mut may_go: impl FnMut(Id) -> bool,
    ) -> Vec<(Id, u32)> {
        let Some(limit_ms) = arrivals.limit_ms(bound_ms).filter(|_| k > 0) else { return Vec::new() };
        let bias_ms = arrivals.entrances.bias_ms;
        let mut found = Best { k, limit_ms, list: Vec::new() };
        // Taken, not borrowed: a filter may search, too.
        let mut scratch = BEST.take();
        scratch.resize(self.people_end().max(scratch.len()), UNREACHED);
        let mut touched: Vec<u32> = Vec::new();
        let mut offer = |person: u32, ms: u32, found: &mut Best<Id>| {
            let known = &mut scratch[person as usize];
            if ms >= *known {
                return;
            }
            let id = self.id(person);
            let first = *known == UNREACHED;
            if first {
                if !found.takes(ms, id) {
                    return;
                }
                touched.push(person);
                if !may_go(id) {
                    *known = REFUSED;
                    return;
                }
            }
            // Nobody is sooner than at once, and the bias keeps it above what marks the refused.
            *known = ms.max(1);
            found.put(ms, id, first);
        };
        for (person, ms) in self.near_by(arrivals) {
            offer(person, ms + bias_ms, &mut found);
        }
        for r in &arrivals.reached {
            if r.ms[0].saturating_add(self.least_ms(r.node)) > found.limit_ms {
                continue;
            }
            for run in self.runs(r.node) {
                for &entry in run {
                    let (entry_ms, exit) = unpacked(entry);
                    let road_ms = r.ms[0] + entry_ms;
                    if road_ms > found.limit_ms {
                        break;
                    }
                    let exit_of = self.exits[exit as usize];
                    let ms = road_ms + exit_of.rest_ms;
                    // Less than nothing: past the pickup on its own arc, and not gone round yet.
                    if ms >= bias_ms && ms + exit_of.free_ms <= found.limit_ms {
                        offer(exit / 2, ms + exit_of.free_ms, &mut found);
                    }
                }
            }
        }
        for person in touched {
            scratch[person as usize] = UNREACHED;
        }
        BEST.set(scratch);
        found.list.into_iter().map(|(ms, id)| (id, arrivals.told_ms(ms))).collect()
    }

    /// Everybody who can be at `pickup` within `bound_ms`, with milliseconds, in no order.
    pub fn all(&self, pickup: &Snap, bound_ms: u32) -> Vec<(Id, u32)> {
        let crowded = self.len() >= CROWD;
        let arrivals = if crowded { self.metric.arrivals(pickup) } else { self.metric.arrivals_whole(pickup) };
        let Some(limit_ms) = arrivals.limit_ms(bound_ms) else { return Vec::new() };
        self.all_of(&arrivals, limit_ms).into_iter().map(|(ms, id)| (id, arrivals.told_ms(ms))).collect()
    }

    /// The same with the climb done, as sums of climb and entry.
    pub(super) fn all_of(&self, arrivals: &Arrivals, limit_ms: u32) -> Vec<(u32, Id)> {
        let bias_ms = arrivals.entrances.bias_ms;
        BEST.with_borrow_mut(|best| {
            best.resize(self.people_end().max(best.len()), UNREACHED);
            for (person, ms) in self.near_by(arrivals) {
                let known = &mut best[person as usize];
                *known = (*known).min(ms + bias_ms);
            }
            for r in &arrivals.reached {
                for &entry in self.runs(r.node).into_iter().flatten() {
                    let (entry_ms, exit) = unpacked(entry);
                    let exit_of = self.exits[exit as usize];
                    let ms = (r.ms[0] + entry_ms).saturating_add(exit_of.rest_ms);
                    if ms >= bias_ms {
                        let known = &mut best[exit as usize / 2];
                        *known = (*known).min(ms.saturating_add(exit_of.free_ms));
                    }
                }
            }
            let mut found = Vec::with_capacity(self.len());
            for (person, ms) in (0u32..).zip(&mut best[..self.people_end()]) {
                let ms = std::mem::replace(ms, UNREACHED);
                if ms < UNREACHED && ms <= limit_ms {
                    found.push((ms, self.id(person)));
                }
            }
            found
        })
    }

    /// Staff on the pickup's own edge by the ways that the buckets do not hold, with milliseconds to its street.
    pub(super) fn near_by<'a>(&'a self, arrivals: &'a Arrivals) -> impl Iterator<Item = (u32, u32)> + 'a {
        let metric = &*self.metric;
        let people = self.on_edge(arrivals.pickup.edge);
        let around = if people.is_empty() { [None; 2] } else { metric.ways_round(arrivals) };
        people.iter().flat_map(move |&person| {
            let straight = metric.times.straight_each(self.snap(person), &arrivals.pickup);
            let exits = &self.exits[person as usize * 2..][..2];
            exits.iter().zip(straight).zip(around).flat_map(move |((exit, straight), round)| {
                let round = round.map(|ms| ms + exit.rest_ms);
                straight.into_iter().chain(round).map(move |ms| (person, ms + exit.free_ms))
            })
        })
    }
}

impl Metric {
    /// Milliseconds from the ends of the pickup's two arcs round to the pickup, where the climbs cannot tell having gone
    /// round from never having left: on arcs, not on junctions. Only of ways round on which the arc itself is the highest
    /// node; over a higher one the climbs meet as ever.
    pub(super) fn ways_round(&self, arrivals: &Arrivals) -> [Option<u32>; 2] {
        let Hierarchy { search, shortcuts, .. } = &*self.hierarchy;
        if search.kind == Kind::Junctions {
            return [None; 2];
        }
        let Entrances { bias_ms, at } = &arrivals.entrances;
        [0, 1].map(|side| {
            let arc = arrivals.pickup.edge * 2 + side;
            let here = self.hierarchy.rank(arc);
            // Back to the arc, down and up again or by a turn into itself.
            let back = at.iter().filter(|end| end.0 == arc).flat_map(|end| {
                let below = shortcuts.below(here).iter().map(|&[_, s]| self.shortcut_ms[s as usize]);
                let turns = search.out(arc).filter(|&i| search.head[i] == arc).map(|i| search.weight(&self.times, i));
                let rounds = below.map(|[up, down]| up + down).chain(turns);
                rounds.filter(|&ms| ms < UNREACHED).map(|ms| ms + end.1)
            });
            // Down to where another entrance is reached from.
            let other = arrivals.reached.iter().filter(|r| r.node < here).filter_map(|r| {
                let down = shortcuts.between(r.node, here).map(|s| self.shortcut_ms[s][1]);
                down.filter(|&ms| ms < UNREACHED).map(|ms| ms + r.ms[0])
            });
            back.chain(other).min().filter(|&ms| ms < UNREACHED)?.checked_sub(*bias_ms)
        })
    }
}

/// The best so far.
struct Best<Id> {
    k: usize,
    /// Whoever needs longer is not among them.
    limit_ms: u32,
    list: Vec<(u32, Id)>,
}

impl<Id: Copy + Ord> Best<Id> {
    fn takes(&self, ms: u32, id: Id) -> bool {
        ms <= self.limit_ms && (self.list.len() < self.k || self.list.last().is_some_and(|&last| (ms, id) < last))
    }

    /// Puts somebody in, or forward.
    fn put(&mut self, ms: u32, id: Id, first: bool) {
        if !self.takes(ms, id) {
            return;
        }
        let before = if first { None } else { self.list.iter().position(|e| e.1 == id) };
        if let Some(before) = before {
            self.list.remove(before);
        } else if self.list.len() == self.k {
            self.list.pop();
        }
        let at = self.list.partition_point(|&e| e < (ms, id));
        self.list.insert(at, (ms, id));
        if self.list.len() == self.k {
            self.limit_ms = self.list[self.k - 1].0;
        }
    }
}
