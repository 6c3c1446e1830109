//! Owns a line of those who wait for Redis: whoever has waited longest goes first, however many come meanwhile and however often there
//! is news of one. Else, with a Redis that is slower than what comes, it would always be the same who are left. Knows no server and no lock.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Instant;

/// Who waits, with what there is to say of each.
pub(super) struct Line<K, V = ()> {
    waiting: HashMap<K, (Instant, V)>,
    /// Kept in order all the time: looking for the oldest of all with every parcel would cost more the longer the line is.
    order: BTreeSet<(Instant, K)>,
}

impl<K, V> Default for Line<K, V> {
    fn default() -> Self {
        Self { waiting: HashMap::new(), order: BTreeSet::new() }
    }
}

impl<K: Copy + Ord + Hash, V: Ord> Line<K, V> {
    /// Waits since then. Of two moments the earlier counts, of two things to say the greater.
    pub(super) fn join(&mut self, who: K, since: Instant, what: V) {
        match self.waiting.entry(who) {
            Entry::Vacant(place) => {
                place.insert((since, what));
                self.order.insert((since, who));
            }
            Entry::Occupied(mut known) => {
                let (known_since, known_what) = known.get_mut();
                if what > *known_what {
                    *known_what = what;
                }
                if since < *known_since {
                    self.order.remove(&(*known_since, who));
                    self.order.insert((since, who));
                    *known_since = since;
                }
            }
        }
    }

    /// Waits no longer; since when they had, if they had.
    pub(super) fn leave(&mut self, who: K) -> Option<Instant> {
        let (since, _) = self.waiting.remove(&who)?;
        self.order.remove(&(since, who));
        Some(since)
    }

    /// Takes out those who have waited longest, at most so many.
    pub(super) fn first(&mut self, limit: usize) -> Vec<(K, Instant, V)> {
        let mut first = Vec::with_capacity(limit.min(self.len()));
        while first.len() < limit {
            let Some((since, who)) = self.order.pop_first() else { break };
            first.extend(self.waiting.remove(&who).map(|(_, what)| (who, since, what)));
        }
        first
    }

    /// Whether they wait.
    pub(super) fn holds(&self, who: K) -> bool {
        self.waiting.contains_key(&who)
    }

    /// Since when whoever has waited longest has.
    pub(super) fn since(&self) -> Option<Instant> {
        self.order.first().map(|&(since, _)| since)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
