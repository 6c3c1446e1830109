//! Owns who stands on which edge of one graph. Does not know who may be sent, nor when a fix is too old.
//!
//! Every operation is O(1): each edge heads a doubly linked list through a slab of slots.

use super::graph::Graph;
use super::snap::Snap;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Slot<Id> {
    id: Id,
    snap: Snap,
    previous: u32,
    next: u32,
}

/// Staff by edge. An id is on one edge at a time.
#[derive(Clone)]
pub struct StaffOnRoad<Id> {
    /// First slot of each edge's list.
    first: Vec<u32>,
    slots: Vec<Slot<Id>>,
    /// Slots not in any list, to be used again.
    free: Vec<u32>,
    slot_of: HashMap<Id, u32>,
}

impl<Id: Copy + Eq + Hash> StaffOnRoad<Id> {
    /// Nobody yet, on the roads of `graph`. Only snaps made by that graph may be put in.
    pub fn new(graph: &Graph) -> Self {
        Self { first: vec![NONE; graph.edge_count()], slots: Vec::new(), free: Vec::new(), slot_of: HashMap::new() }
    }

    /// How many are on the road.
    pub fn len(&self) -> usize {
        self.slot_of.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.slot_of.is_empty()
    }

    /// Where somebody is.
    pub fn get(&self, id: Id) -> Option<Snap> {
        self.slot_of.get(&id).map(|&s| self.slots[s as usize].snap)
    }

    /// Puts somebody there, or moves them.
    pub fn put(&mut self, id: Id, snap: Snap) {
        if let Some(&slot) = self.slot_of.get(&id) {
            let known = &mut self.slots[slot as usize];
            if known.snap.edge == snap.edge {
                known.snap = snap;
                return;
            }
            self.unlink(slot);
            self.slots[slot as usize].snap = snap;
            self.link(slot);
            return;
        }
        let fresh = Slot { id, snap, previous: NONE, next: NONE };
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = fresh;
            slot
        } else {
            self.slots.push(fresh);
            self.slots.len() as u32 - 1
        };
        self.slot_of.insert(id, slot);
        self.link(slot);
    }

    /// Takes somebody off the road; false if they were not on it.
    pub fn remove(&mut self, id: Id) -> bool {
        let Some(slot) = self.slot_of.remove(&id) else { return false };
        self.unlink(slot);
        self.free.push(slot);
        true
    }

    /// Who is on an edge, and where on it.
    pub fn on_edge(&self, edge: u32) -> impl Iterator<Item = (Id, Snap)> + '_ {
        let mut next = self.first[edge as usize];
        std::iter::from_fn(move || {
            let slot = self.slots.get(next as usize)?;
            next = slot.next;
            Some((slot.id, slot.snap))
        })
    }

    fn link(&mut self, slot: u32) {
        let head = &mut self.first[self.slots[slot as usize].snap.edge as usize];
        let next = std::mem::replace(head, slot);
        let this = &mut self.slots[slot as usize];
        this.previous = NONE;
        this.next = next;
        if next != NONE {
            self.slots[next as usize].previous = slot;
        }
    }

    fn unlink(&mut self, slot: u32) {
        let Slot { snap, previous, next, .. } = self.slots[slot as usize];
        if previous == NONE {
            self.first[snap.edge as usize] = next;
        } else {
            self.slots[previous as usize].next = next;
        }
        if next != NONE {
            self.slots[next as usize].previous = previous;
        }
    }
}

/// Who is where stays hidden.
impl<Id> fmt::Debug for StaffOnRoad<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StaffOnRoad({} hidden)", self.slot_of.len())
    }
}
