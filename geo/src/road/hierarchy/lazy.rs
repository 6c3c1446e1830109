//! Owns the search that yields one person after the other, soonest first, and looks no further than what was asked of it: the
//! caller takes people until a crew is proven. `nearest` is quicker where the number is known before.
//!
//! The buckets on the climb are merged by (climb + entry), a lower bound. Somebody is given out when nothing that is left
//! can be as soon, so equal times come in the order of ids. Where nobody who comes may go and it goes on and on, the next is looked for in
//! hundreds of buckets again and again: once as much has been looked at as reading them all would cost, they are read all, and who is left
//! comes from that. So it costs about twice the cheaper of the two at most, whoever stops when.

use super::bucket::unpacked;
use super::buckets::StaffBuckets;
use super::metric::Arrivals;
use crate::road::snap::Snap;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::hash::Hash;

/// Entries looked at one by one in the time that it takes to read all buckets whole, for each of the staff. Measured: 4,900 us to draw
/// all of 2,000 who drive, 200 to read all.
const LOOKS_PER_PERSON: usize = 2;

/// The lower bound of the next entry of a bucket, which climb node it is at, and the entry's run and place there.
type Front = (u32, u32, u32, u32);

/// Everybody who can be at a pickup, soonest first, as pairs of id and milliseconds.
pub struct Soonest<'a, Id> {
    buckets: &'a StaffBuckets<Id>,
    arrivals: Arrivals,
    limit_ms: u32,
    fronts: BinaryHeap<Reverse<Front>>,
    found: BinaryHeap<Reverse<(u32, Id)>>,
    seen: HashSet<u32>,
    given: HashSet<Id>,
    /// So many entries more are looked at before all are read.
    looks_left: usize,
}

impl<Id: Copy + Ord + Hash> StaffBuckets<Id> {
    /// Who can be at `pickup` within `bound_ms`, soonest first.
    pub fn soonest(&self, pickup: &Snap, bound_ms: u32) -> Soonest<'_, Id> {
        self.soonest_looking(pickup, bound_ms, self.len() * LOOKS_PER_PERSON)
    }

    fn soonest_looking(&self, pickup: &Snap, bound_ms: u32, looks_left: usize) -> Soonest<'_, Id> {
        let arrivals = self.metric.arrivals_whole(pickup);
        let (seen, given, mut found) = (HashSet::new(), HashSet::new(), BinaryHeap::new());
        let Some(limit_ms) = arrivals.limit_ms(bound_ms) else {
            let fronts = BinaryHeap::new();
            return Soonest { buckets: self, limit_ms: 0, fronts, found, seen, given, arrivals, looks_left };
        };
        let bias_ms = arrivals.entrances.bias_ms;
        found.extend(self.near_by(&arrivals).map(|(person, ms)| Reverse((ms + bias_ms, self.id(person)))));
        let mut fronts = Vec::with_capacity(arrivals.reached.len());
        for (at, r) in (0u32..).zip(&arrivals.reached) {
            if r.ms[0].saturating_add(self.least_ms(r.node)) <= limit_ms {
                let begins =
                    (0u32..).zip(self.runs(r.node)).filter_map(|(run, entries)| Some((run, *entries.first()?)));
                let begins = begins.map(|(run, entry)| Reverse((r.ms[0] + unpacked(entry).0, at, run, 0)));
                fronts.extend(begins.filter(|front| front.0.0 <= limit_ms));
            }
        }
        let fronts = fronts.into();
        Soonest { buckets: self, limit_ms, fronts, found, seen, given, arrivals, looks_left }
    }
}

impl<Id: Copy + Ord + Hash> Soonest<'_, Id> {
    /// Nobody who has not been given out is sooner than this, milliseconds; `None` when nobody is left.
    pub fn frontier_ms(&self) -> Option<u32> {
        let entry = self.fronts.peek().map(|f| f.0.0);
        let found = self.found.peek().map(|f| f.0.0);
        let least = entry.into_iter().chain(found).min()?;
        // What is past the pickup on its own arc is less than the bias, and nobody is there sooner than at once.
        (least <= self.limit_ms).then(|| self.arrivals.told_ms(least.max(self.arrivals.entrances.bias_ms)))
    }

    /// Everybody who has not been given out, so that nothing is left to look at.
    fn read_all(&mut self) {
        self.fronts.clear();
        let all = self.buckets.all_of(&self.arrivals, self.limit_ms);
        self.found = all.into_iter().filter(|(_, id)| !self.given.contains(id)).map(Reverse).collect();
    }

    fn look_further(&mut self, front: Front) {
        let (road_ms, at, run, place) = front;
        let r = self.arrivals.reached[at as usize];
        let run_of = self.buckets.runs(r.node)[run as usize];
        let (_, exit) = unpacked(run_of[place as usize]);
        let exit_of = self.buckets.exits[exit as usize];
        let ms = road_ms + exit_of.rest_ms;
        // The first entry of an exit is its least; less than nothing is no way (as in `nearest`).
        if !exit_of.is_gone() && ms >= self.arrivals.entrances.bias_ms && self.seen.insert(exit) {
            self.found.push(Reverse((ms + exit_of.free_ms, self.buckets.id(exit / 2))));
        }
        if let Some(&next) = run_of.get(place as usize + 1) {
            let ms = r.ms[0] + unpacked(next).0;
            if ms <= self.limit_ms {
                self.fronts.push(Reverse((ms, at, run, place + 1)));
            }
        }
    }
}

impl<Id: Copy + Ord + Hash> Iterator for Soonest<'_, Id> {
    type Item = (Id, u32);

    fn next(&mut self) -> Option<(Id, u32)> {
        loop {
            let front = self.fronts.peek().map(|f| f.0);
            match self.found.peek() {
                Some(&Reverse((ms, id))) if front.is_none_or(|f| ms < f.0) => {
                    self.found.pop();
                    if ms > self.limit_ms {
                        return None;
                    }
                    if self.given.insert(id) {
                        return Some((id, self.arrivals.told_ms(ms)));
                    }
                }
                _ => {
                    let front = front?;
                    if let Some(left) = self.looks_left.checked_sub(1) {
                        self.looks_left = left;
                        self.fronts.pop();
                        self.look_further(front);
                    } else {
                        self.read_all();
                    }
                }
            }
        }
    }
}

impl<Id> std::fmt::Debug for Soonest<'_, Id> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Soonest({} given)", self.given.len())
    }
}

#[cfg(test)]
#[path = "lazy_tests.rs"]
mod tests;
