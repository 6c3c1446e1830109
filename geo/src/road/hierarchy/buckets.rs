//! Owns the staff on one metric: for every person the ways off where they stand, and in the bucket of every node their climb
//! reaches an entry with the time, ascending. Does not search (`nearest`, `lazy`) and does not know who may be sent.
//!
//! What is left of the arc they are on, and the time until they are free and headed that way, stay outside the buckets: moving
//! along the same edge changes a few numbers. They only ever add, so an entry is a lower bound and a search may stop at it.
//!
//! Who moves on is given a new number and the old one is marked as gone: nobody leaves by its exits any more, and its entries
//! are left where they are until the broom comes past, some buckets at every move. A number is used again after the broom has
//! been everywhere.

use super::bucket::{Bucket, packed, unpacked};
use super::climb::Reached;
use super::metric::Metric;
use super::{FREE_MS_MAX, UNREACHED};
use crate::road::headed::Headed;
use crate::road::snap::Snap;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

/// Least time of an empty bucket.
const EMPTY: u32 = u32::MAX;

/// The broom goes round in as many moves as there are staff, or so many.
const ROUND_MIN: usize = 64;

/// A way off: two for each person, `person * 2` along their edge and `person * 2 + 1` against it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exit {
    /// Milliseconds of the arc that are left.
    pub(super) rest_ms: u32,
    /// Milliseconds until they may set out this way.
    pub(super) free_ms: u32,
}

impl Exit {
    /// Of somebody who has gone: too far from everywhere.
    const GONE: Self = Self { rest_ms: UNREACHED + 1, free_ms: 0 };

    pub(super) fn is_gone(self) -> bool {
        self.rest_ms > UNREACHED
    }
}

/// Where a node's bucket is.
#[derive(Clone, Copy, Debug)]
struct Head {
    /// No entry has less; [`EMPTY`] if there is none, and then the slot means nothing.
    least_ms: u32,
    slot: u32,
}

/// Somebody on the road.
#[derive(Clone, Copy)]
struct Person<Id> {
    id: Id,
    at: Headed,
    free_ms: u32,
}

impl<Id> Person<Id> {
    /// Whether their entries are those of somebody at another place. How far off the street they are is in none.
    fn stands_as(&self, at: &Headed) -> bool {
        self.at.snap.edge == at.snap.edge && self.at.turn_ms() == at.turn_ms()
    }
}

/// Staff by how soon they can be anywhere.
pub struct StaffBuckets<Id> {
    pub(super) metric: Arc<Metric>,
    /// By rank.
    heads: Vec<Head>,
    /// Those that are not empty, and some that are, each with its node.
    buckets: Vec<(u32, Bucket)>,
    spare: Vec<u32>,
    /// In all buckets, of those who have gone as well.
    entries: usize,
    /// The slot where the broom goes on.
    broom: usize,
    pub(super) exits: Vec<Exit>,
    people: Vec<Person<Id>>,
    /// Numbers that no entry holds, to be used again.
    unused: Vec<u32>,
    /// Numbers of those who have gone since the broom set out on its present round, and before.
    gone: [Vec<u32>; 2],
    person_of: HashMap<Id, u32>,
    on_edge: HashMap<u32, Vec<u32>>,
}

impl<Id: Copy + Ord + Hash> StaffBuckets<Id> {
    /// Nobody yet. Only snaps of the metric's road graph may be put in.
    pub fn new(metric: Arc<Metric>) -> Self {
        let nodes = metric.hierarchy.tree.parent.len();
        Self {
            metric,
            heads: vec![Head { least_ms: EMPTY, slot: 0 }; nodes],
            buckets: Vec::new(),
            spare: Vec::new(),
            entries: 0,
            broom: 0,
            exits: Vec::new(),
            people: Vec::new(),
            unused: Vec::new(),
            gone: [Vec::new(), Vec::new()],
            person_of: HashMap::new(),
            on_edge: HashMap::new(),
        }
    }

    /// With everybody on the road at once: much quicker than one after the other. Of several places of one person the last
    /// counts.
    pub fn filled<At: Into<Headed>>(metric: Arc<Metric>, staff: impl IntoIterator<Item = (Id, At, u32)>) -> Self {
        let mut this = Self::new(metric);
        let mut all: Vec<(u32, u64)> = Vec::new();
        let last: HashMap<Id, (Headed, u32)> =
            staff.into_iter().map(|(id, at, free_ms)| (id, (at.into(), free_ms))).collect();
        for (id, (at, free_ms)) in last {
            let person = this.new_person(id, at, free_ms);
            all.extend(packed_entries(person, &entries_of(&this.metric, &at)));
        }
        this.entries = all.len();
        for (rank, bucket) in grouped(this.heads.len(), &all) {
            let least_ms = bucket.least_ms().unwrap_or(EMPTY);
            this.heads[rank] = Head { least_ms, slot: this.buckets.len() as u32 };
            this.buckets.push((rank as u32, bucket));
        }
        this
    }

    /// No entry of a node has less than these milliseconds: passes by an empty or a late bucket without touching it.
    pub(super) fn least_ms(&self, rank: u32) -> u32 {
        self.heads[rank as usize].least_ms
    }

    /// The runs of a node's bucket. Entries of exits that are gone may be among them.
    pub(super) fn runs(&self, rank: u32) -> [&[u64]; 2] {
        let head = self.heads[rank as usize];
        if head.least_ms == EMPTY { [&[]; 2] } else { self.buckets[head.slot as usize].1.runs() }
    }

    /// The metric they stand on.
    pub fn metric(&self) -> &Arc<Metric> {
        &self.metric
    }

    /// How many are on the road.
    pub fn len(&self) -> usize {
        self.person_of.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.person_of.is_empty()
    }

    /// Entries in all buckets, for figures.
    pub fn entries_count(&self) -> usize {
        let entries = self.buckets.iter().flat_map(|(_, bucket)| bucket.runs()).flatten();
        entries.filter(|&&e| counts(&self.exits, e)).count()
    }

    /// Where somebody is, or will be when free.
    pub fn get(&self, id: Id) -> Option<Headed> {
        self.person_of.get(&id).map(|&p| self.person(p).at)
    }

    /// Everybody with where they are and the milliseconds until they are free there.
    pub fn iter(&self) -> impl Iterator<Item = (Id, Headed, u32)> + '_ {
        self.person_of.iter().map(|(&id, &p)| (id, self.person(p).at, self.person(p).free_ms))
    }

    /// Puts somebody who is free there, or moves them.
    pub fn put(&mut self, id: Id, at: impl Into<Headed>) {
        self.put_busy(id, at, 0);
    }

    /// Puts somebody where they will be free in so many milliseconds (at most [`FREE_MS_MAX`]), or moves them.
    pub fn put_busy(&mut self, id: Id, at: impl Into<Headed>, free_ms: u32) {
        let at = at.into();
        let entries = if self.stands_as(id, &at) { Vec::new() } else { entries_of(&self.metric, &at) };
        self.put_with(id, at, free_ms, &entries);
    }

    /// Whether moving somebody there needs no new entries: the same edge, headed the same way.
    pub(super) fn stands_as(&self, id: Id, at: &Headed) -> bool {
        self.person_of.get(&id).is_some_and(|&p| self.person(p).stands_as(at))
    }

    /// With the entries worked out already; they are ignored if none are needed.
    pub(super) fn put_with(&mut self, id: Id, at: Headed, free_ms: u32, entries: &[Reached<2>]) {
        if let Some(&person) = self.person_of.get(&id) {
            if self.person(person).stands_as(&at) {
                self.set(person, at, free_ms);
                return;
            }
            self.leave(person);
        }
        let person = self.new_person(id, at, free_ms);
        self.call_up(entries);
        for (rank, entry) in packed_entries(person, entries) {
            self.insert(rank, entry);
        }
    }

    /// Takes somebody off the road; false if they were not on it.
    pub fn remove(&mut self, id: Id) -> bool {
        let Some(person) = self.person_of.remove(&id) else { return false };
        self.leave(person);
        true
    }

    pub(super) fn id(&self, person: u32) -> Id {
        self.person(person).id
    }

    pub(super) fn snap(&self, person: u32) -> &Snap {
        &self.person(person).at.snap
    }

    /// Numbers of persons run below this.
    pub(super) fn people_end(&self) -> usize {
        self.people.len()
    }

    fn person(&self, person: u32) -> &Person<Id> {
        &self.people[person as usize]
    }

    /// Persons on an edge.
    pub(super) fn on_edge(&self, edge: u32) -> &[u32] {
        self.on_edge.get(&edge).map_or(&[], Vec::as_slice)
    }

    fn new_person(&mut self, id: Id, at: Headed, free_ms: u32) -> u32 {
        let person = self.unused.pop().unwrap_or(self.people.len() as u32);
        let fresh = Person { id, at, free_ms };
        if person as usize == self.people.len() {
            self.people.push(fresh);
            self.exits.extend([Exit::GONE; 2]);
        } else {
            self.people[person as usize] = fresh;
        }
        self.person_of.insert(id, person);
        self.on_edge.entry(at.snap.edge).or_default().push(person);
        self.set(person, at, free_ms);
        person
    }

    fn set(&mut self, person: u32, at: Headed, free_ms: u32) {
        let free_ms = free_ms.min(FREE_MS_MAX);
        let known = &mut self.people[person as usize];
        (known.at, known.free_ms) = (at, free_ms);
        let metric = &self.metric;
        let ends = metric.hierarchy.search.exits(&metric.times, &at.snap).into_iter().zip(at.lead_ms());
        for (exit, (end, lead_ms)) in (person as usize * 2..).zip(ends) {
            self.exits[exit] = Exit { rest_ms: end.map_or(0, |e| e.1), free_ms: free_ms + lead_ms };
        }
    }

    /// Marks a number as gone and lets the broom go on a little.
    fn leave(&mut self, person: u32) {
        self.exits[person as usize * 2..][..2].fill(Exit::GONE);
        self.gone[0].push(person);
        let edge = self.snap(person).edge;
        if let Some(there) = self.on_edge.get_mut(&edge) {
            there.retain(|&p| p != person);
            if there.is_empty() {
                self.on_edge.remove(&edge);
            }
        }
        self.sweep((self.buckets.len() + self.entries) / self.len().max(ROUND_MIN) + 1);
    }

    /// Clears the next buckets of what has gone, until it has seen so many buckets and entries: some buckets hold everybody,
    /// most only a few.
    fn sweep(&mut self, limit: usize) {
        let mut seen = 0;
        while seen < limit && self.broom < self.buckets.len() {
            let slot = self.broom;
            self.broom += 1;
            let (node, bucket) = &mut self.buckets[slot];
            let held = bucket.len();
            seen += held + 1;
            let head = &mut self.heads[*node as usize];
            // A spare one's node may have another by now.
            if head.least_ms == EMPTY || head.slot as usize != slot {
                continue;
            }
            bucket.sweep(|entry| counts(&self.exits, entry));
            self.entries -= held - bucket.len();
            head.least_ms = bucket.least_ms().unwrap_or(EMPTY);
            if head.least_ms == EMPTY {
                self.spare.push(slot as u32);
            }
        }
        if self.broom == self.buckets.len() {
            self.broom = 0;
            // Who went before the broom set out is nowhere any more.
            self.unused.append(&mut self.gone[1]);
            self.gone.swap(0, 1);
        }
    }

    /// Reads a word of every bucket that will be put into. Each lies somewhere else in memory: read one after the other, without a
    /// decision between them, they come side by side, and putting in waits for none of them.
    fn call_up(&self, entries: &[Reached<2>]) {
        let word = |r: &Reached<2>| {
            let head = self.heads[r.node as usize];
            let bucket = if head.least_ms == EMPTY { None } else { self.buckets.get(head.slot as usize) };
            bucket.map_or(0, |(_, bucket)| bucket.call_up())
        };
        std::hint::black_box(entries.iter().map(word).fold(0, u64::wrapping_add));
    }

    fn insert(&mut self, node: u32, entry: u64) {
        let head = &mut self.heads[node as usize];
        if head.least_ms == EMPTY {
            head.slot = self.spare.pop().unwrap_or_else(|| {
                self.buckets.push((node, Bucket::default()));
                self.buckets.len() as u32 - 1
            });
            self.buckets[head.slot as usize].0 = node;
        }
        head.least_ms = head.least_ms.min(unpacked(entry).0);
        let (_, bucket) = &mut self.buckets[head.slot as usize];
        let held = bucket.len();
        if bucket.insert(entry, |entry| counts(&self.exits, entry)) {
            head.least_ms = bucket.least_ms().unwrap_or(EMPTY);
        }
        self.entries = self.entries + bucket.len() - held;
    }
}

/// Whether an entry is of somebody who has not gone.
fn counts(exits: &[Exit], entry: u64) -> bool {
    !exits[unpacked(entry).1 as usize].is_gone()
}

/// Buckets of (rank, entry) pairs, those that are not empty by ascending rank: a counting sort by rank, then each for itself.
fn grouped(ranks: usize, all: &[(u32, u64)]) -> impl Iterator<Item = (usize, Bucket)> {
    let mut first = vec![0usize; ranks + 1];
    for &(rank, _) in all {
        first[rank as usize + 1] += 1;
    }
    for rank in 0..ranks {
        first[rank + 1] += first[rank];
    }
    let (mut next, mut entries) = (first.clone(), vec![0u64; all.len()]);
    for &(rank, entry) in all {
        entries[next[rank as usize]] = entry;
        next[rank as usize] += 1;
    }
    (0..ranks).filter_map(move |rank| {
        let own = &mut entries[first[rank]..first[rank + 1]];
        own.sort_unstable();
        (!own.is_empty()).then(|| (rank, Bucket::of(own)))
    })
}

/// The entries of the two ways off a place. One way's is left out where the other is as soon from anywhere on the edge: with
/// all of its arc still to go, against none.
pub(super) fn entries_of(metric: &Metric, at: &Headed) -> Vec<Reached<2>> {
    let ends = metric.hierarchy.search.exits(&metric.times, &at.snap);
    let mut reached = metric.bucket_entries(ends.map(|end| end.map(|e| e.0)));
    let turn_ms = at.turn_ms();
    let whole_ms = [0, 1].map(|side| metric.times.ms(at.snap.edge * 2 + side) + turn_ms[side as usize]);
    for Reached { ms: [along, against], .. } in &mut reached {
        if *along + whole_ms[0] <= *against + turn_ms[1] {
            *against = UNREACHED;
        } else if *against + whole_ms[1] <= *along + turn_ms[0] {
            *along = UNREACHED;
        }
    }
    reached
}

/// Ranks and packed entries of a person.
fn packed_entries(person: u32, reached: &[Reached<2>]) -> impl Iterator<Item = (u32, u64)> + '_ {
    reached.iter().flat_map(move |r| {
        let lanes = (person * 2..).zip(r.ms).filter(|lane| lane.1 < UNREACHED);
        lanes.map(|(exit, ms)| (r.node, packed(ms, exit)))
    })
}

/// Who is where stays hidden.
impl<Id> fmt::Debug for StaffBuckets<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StaffBuckets({} hidden)", self.person_of.len())
    }
}
