//! Owns the staff on one metric: for every person the ways off where they stand, and in the bucket of every node their climb
//! reaches an entry with the time, ascending. Does not search (`nearest`, `lazy`) and does not know who may be sent.
//!
//! What is left of the arc they are on, and the time until they are free, stay outside the buckets: moving along the same
//! edge changes two numbers. Both only ever add, so an entry is a lower bound and a search may stop at it.

use super::bucket::{Bucket, packed, unpacked};
use super::climb::Reached;
use super::metric::Metric;
use super::{FREE_MS_MAX, UNREACHED};
use crate::road::snap::Snap;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

/// Smallest entry of an empty bucket.
const EMPTY: u32 = u32::MAX;

/// A way off: two for each person, `person * 2` along their edge and `person * 2 + 1` against it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Exit {
    /// Milliseconds of the arc that are left.
    pub(super) rest_ms: u32,
    /// Milliseconds until they may set out.
    pub(super) free_ms: u32,
}

/// Somebody on the road.
struct Person<Id> {
    id: Id,
    snap: Snap,
    /// The entries of each way off, to take them out again.
    kept: Vec<Reached<2>>,
}

/// Staff by how soon they can be anywhere.
pub struct StaffBuckets<Id> {
    pub(super) metric: Arc<Metric>,
    /// By rank: where its bucket is; means nothing while [`Self::least_ms`] says that it is empty.
    slot: Vec<u32>,
    /// Those that are not empty, and some that are.
    buckets: Vec<Bucket>,
    spare: Vec<u32>,
    /// By rank: the first entry's milliseconds, to pass by an empty or a late bucket without touching it.
    pub(super) least_ms: Vec<u32>,
    pub(super) exits: Vec<Exit>,
    people: Vec<Person<Id>>,
    /// Persons not in use, to be used again.
    unused: Vec<u32>,
    person_of: HashMap<Id, u32>,
    on_edge: HashMap<u32, Vec<u32>>,
}

impl<Id: Copy + Ord + Hash> StaffBuckets<Id> {
    /// Nobody yet. Only snaps of the metric's road graph may be put in.
    pub fn new(metric: Arc<Metric>) -> Self {
        let nodes = metric.hierarchy.tree.parent.len();
        Self {
            metric,
            slot: vec![0; nodes],
            buckets: Vec::new(),
            spare: Vec::new(),
            least_ms: vec![EMPTY; nodes],
            exits: Vec::new(),
            people: Vec::new(),
            unused: Vec::new(),
            person_of: HashMap::new(),
            on_edge: HashMap::new(),
        }
    }

    /// With everybody on the road at once: much quicker than one after the other. Of several places of one person the last
    /// counts.
    pub fn filled(metric: Arc<Metric>, staff: impl IntoIterator<Item = (Id, Snap, u32)>) -> Self {
        let mut this = Self::new(metric);
        let mut all: Vec<(u32, u64)> = Vec::new();
        for (id, snap, free_ms) in staff {
            this.remove(id);
            let entries = entries_of(&this.metric, &snap);
            let person = this.new_person(id, snap);
            all.extend(packed_entries(person, &entries));
            this.stand(person, snap, free_ms, entries);
        }
        for (rank, bucket) in grouped(this.slot.len(), &all) {
            this.slot[rank] = this.buckets.len() as u32;
            this.least_ms[rank] = bucket.least_ms().unwrap_or(EMPTY);
            this.buckets.push(bucket);
        }
        this
    }

    /// The bucket of a node that has one.
    pub(super) fn bucket(&self, rank: u32) -> Option<&Bucket> {
        (self.least_ms[rank as usize] != EMPTY).then(|| &self.buckets[self.slot[rank as usize] as usize])
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
        self.buckets.iter().map(Bucket::len).sum()
    }

    /// Where somebody is, or will be when free.
    pub fn get(&self, id: Id) -> Option<Snap> {
        self.person_of.get(&id).map(|&p| self.people[p as usize].snap)
    }

    /// Everybody with where they are and the milliseconds until they are free there.
    pub fn iter(&self) -> impl Iterator<Item = (Id, Snap, u32)> + '_ {
        self.person_of.iter().map(|(&id, &p)| (id, self.people[p as usize].snap, self.exits[p as usize * 2].free_ms))
    }

    /// Puts somebody who is free there, or moves them.
    pub fn put(&mut self, id: Id, snap: Snap) {
        self.put_busy(id, snap, 0);
    }

    /// Puts somebody where they will be free in so many milliseconds (at most [`FREE_MS_MAX`]), or moves them.
    pub fn put_busy(&mut self, id: Id, snap: Snap, free_ms: u32) {
        let entries = if self.stands_on(id, snap.edge) { Vec::new() } else { entries_of(&self.metric, &snap) };
        self.put_with(id, snap, free_ms, entries);
    }

    /// Whether moving somebody to this edge needs no new entries.
    pub(super) fn stands_on(&self, id: Id, edge: u32) -> bool {
        self.person_of.get(&id).is_some_and(|&p| self.people[p as usize].snap.edge == edge)
    }

    /// With the entries worked out already; they are ignored if the edge is the one they are on.
    pub(super) fn put_with(&mut self, id: Id, snap: Snap, free_ms: u32, entries: Vec<Reached<2>>) {
        let person = match self.person_of.get(&id) {
            Some(&person) if self.people[person as usize].snap.edge == snap.edge => {
                self.people[person as usize].snap = snap;
                self.set_rests(person, free_ms);
                return;
            }
            Some(&person) => {
                self.take_out(person);
                person
            }
            None => self.new_person(id, snap),
        };
        for (rank, entry) in packed_entries(person, &entries) {
            self.insert(rank, entry);
        }
        self.stand(person, snap, free_ms, entries);
    }

    fn stand(&mut self, person: u32, snap: Snap, free_ms: u32, kept: Vec<Reached<2>>) {
        self.people[person as usize].snap = snap;
        self.people[person as usize].kept = kept;
        self.set_rests(person, free_ms);
        self.on_edge.entry(snap.edge).or_default().push(person);
    }

    /// Takes somebody off the road; false if they were not on it.
    pub fn remove(&mut self, id: Id) -> bool {
        let Some(person) = self.person_of.remove(&id) else { return false };
        self.take_out(person);
        self.unused.push(person);
        true
    }

    pub(super) fn id(&self, person: u32) -> Id {
        self.people[person as usize].id
    }

    pub(super) fn snap(&self, person: u32) -> &Snap {
        &self.people[person as usize].snap
    }

    pub(super) fn people_end(&self) -> usize {
        self.people.len()
    }

    /// Persons on an edge.
    pub(super) fn on_edge(&self, edge: u32) -> &[u32] {
        self.on_edge.get(&edge).map_or(&[], Vec::as_slice)
    }

    fn new_person(&mut self, id: Id, snap: Snap) -> u32 {
        let fresh = Person { id, snap, kept: Vec::new() };
        let person = if let Some(person) = self.unused.pop() {
            self.people[person as usize] = fresh;
            person
        } else {
            self.people.push(fresh);
            self.exits.extend([Exit::default(); 2]);
            self.people.len() as u32 - 1
        };
        self.person_of.insert(id, person);
        person
    }

    fn set_rests(&mut self, person: u32, free_ms: u32) {
        let free_ms = free_ms.min(FREE_MS_MAX);
        let metric = &self.metric;
        let ends = metric.hierarchy.search.exits(&metric.times, &self.people[person as usize].snap);
        for (exit, end) in (person as usize * 2..).zip(ends) {
            self.exits[exit] = Exit { rest_ms: end.map_or(0, |e| e.1), free_ms };
        }
    }

    fn take_out(&mut self, person: u32) {
        let kept = std::mem::take(&mut self.people[person as usize].kept);
        for (rank, entry) in packed_entries(person, &kept) {
            self.withdraw(rank, entry);
        }
        let edge = self.people[person as usize].snap.edge;
        if let Some(there) = self.on_edge.get_mut(&edge) {
            there.retain(|&p| p != person);
            if there.is_empty() {
                self.on_edge.remove(&edge);
            }
        }
    }

    fn insert(&mut self, node: u32, entry: u64) {
        let least_ms = &mut self.least_ms[node as usize];
        let slot = &mut self.slot[node as usize];
        if *least_ms == EMPTY {
            *slot = self.spare.pop().unwrap_or_else(|| {
                self.buckets.push(Bucket::default());
                self.buckets.len() as u32 - 1
            });
        }
        self.buckets[*slot as usize].insert(entry);
        *least_ms = (*least_ms).min(unpacked(entry).0);
    }

    fn withdraw(&mut self, node: u32, entry: u64) {
        let slot = self.slot[node as usize];
        let bucket = &mut self.buckets[slot as usize];
        bucket.withdraw(entry);
        let least_ms = bucket.least_ms();
        self.least_ms[node as usize] = least_ms.unwrap_or(EMPTY);
        if least_ms.is_none() {
            self.spare.push(slot);
        }
    }
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

/// The entries of the two ways off a snap. One way's is left out where the other is as soon from anywhere on the edge: with
/// all of its arc still to go, against none.
pub(super) fn entries_of(metric: &Metric, snap: &Snap) -> Vec<Reached<2>> {
    let ends = metric.hierarchy.search.exits(&metric.times, snap);
    let mut reached = metric.bucket_entries(ends.map(|end| end.map(|e| e.0)));
    let whole_ms = [0, 1].map(|side| metric.times.ms(snap.edge * 2 + side));
    for Reached { ms: [along, against], .. } in &mut reached {
        if *along + whole_ms[0] <= *against {
            *against = UNREACHED;
        } else if *against + whole_ms[1] <= *along {
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
