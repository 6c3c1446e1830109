//! Owns the entries of one hexagon. One alone lies in the list itself, without an allocation: where few people are, most hexagons
//! that hold somebody hold one.

use super::Entry;
use std::ops::{Deref, DerefMut};

/// Entries in no order.
#[derive(Clone)]
pub(super) enum Entries {
    One(Entry),
    /// None, or more than one.
    More(Vec<Entry>),
}

impl Default for Entries {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

impl Deref for Entries {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        match self {
            Self::One(entry) => std::slice::from_ref(entry),
            Self::More(entries) => entries,
        }
    }
}

impl DerefMut for Entries {
    fn deref_mut(&mut self) -> &mut [Entry] {
        match self {
            Self::One(entry) => std::slice::from_mut(entry),
            Self::More(entries) => entries,
        }
    }
}

impl Entries {
    pub(super) fn push(&mut self, entry: Entry) {
        match self {
            Self::One(first) => *self = Self::More(vec![*first, entry]),
            Self::More(entries) if entries.is_empty() => *self = Self::One(entry),
            Self::More(entries) => {
                if entries.len() == entries.capacity() {
                    // By a quarter and not by two: most lists are short, and there are many.
                    entries.reserve_exact(entries.len() / 4 + 1);
                }
                entries.push(entry);
            }
        }
    }

    /// Takes one out; the last takes its place.
    pub(super) fn swap_remove(&mut self, at: usize) {
        match self {
            Self::One(_) => {
                debug_assert_eq!(at, 0, "there is one");
                *self = Self::default();
            }
            Self::More(entries) => {
                entries.swap_remove(at);
                if let [last] = entries[..] {
                    *self = Self::One(last);
                } else if entries.len() * 4 < entries.capacity() {
                    entries.shrink_to(entries.len() * 2);
                }
            }
        }
    }

    /// Bytes on the heap, without what the allocator adds.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::One(_) => 0,
            Self::More(entries) => entries.capacity() * size_of::<Entry>(),
        }
    }
}

// The entry that is alone lies where the vector's address and length would.
const _: () = assert!(size_of::<Entries>() == size_of::<Vec<Entry>>());
