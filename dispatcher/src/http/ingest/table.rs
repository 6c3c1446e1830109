//! Owns a map that many threads change at once: split by key, each part behind a lock that is held for microseconds and never over
//! an await. Bounded: a part that is full is begun anew, which its users must be able to bear.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, PoisonError};

/// Parts, so that two threads seldom meet.
const PARTS: usize = 16;
/// Most entries of one part: 100,000 phones and more in all.
const PART_MAX: usize = 8_192;

/// Values by key.
pub struct Table<K, V> {
    parts: [Mutex<HashMap<K, V>>; PARTS],
    hasher: RandomState,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { parts: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new() }
    }
}

impl<K: Eq + Hash, V> Table<K, V> {
    /// Does something with the key's value, made first if there is none.
    pub fn with<R>(&self, key: K, make: impl FnOnce() -> V, change: impl FnOnce(&mut V) -> R) -> R {
        let mut part = self.part(&key).lock().unwrap_or_else(PoisonError::into_inner);
        if part.len() >= PART_MAX && !part.contains_key(&key) {
            part.clear();
        }
        change(part.entry(key).or_insert_with(make))
    }

    /// Does something with the key's value, if there is one.
    pub fn look<R>(&self, key: &K, look: impl FnOnce(&mut V) -> R) -> Option<R> {
        self.part(key).lock().unwrap_or_else(PoisonError::into_inner).get_mut(key).map(look)
    }

    /// Forgets the key.
    pub fn remove(&self, key: &K) {
        self.part(key).lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Forgets what is not worth keeping.
    pub fn retain(&self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        for part in &self.parts {
            part.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, value| keep(key, value));
        }
    }

    fn part(&self, key: &K) -> &Mutex<HashMap<K, V>> {
        &self.parts[self.hasher.hash_one(key) as usize % PARTS]
    }
}
