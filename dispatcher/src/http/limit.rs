//! Owns the token buckets: how fast an account or an address may call. Time is a parameter. Memory is bounded: full buckets are
//! forgotten when the table is.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Most buckets kept; beyond it the full ones are dropped, and if none is, the table starts anew.
const BUCKETS_MAX: usize = 100_000;

/// How fast a bucket fills and how much it holds.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Per second.
    pub per_s: f64,
    /// At once.
    pub burst: f64,
}

/// One bucket.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    left: f64,
    at_ms: i64,
}

impl Bucket {
    /// Full.
    pub fn full(rate: Rate, now_ms: i64) -> Self {
        Self { left: rate.burst, at_ms: now_ms }
    }

    /// Takes one; `Err` holds the seconds after which one will be there.
    pub fn take(&mut self, rate: Rate, now_ms: i64) -> Result<(), f64> {
        self.take_many(rate, 1.0, now_ms)
    }

    /// Takes so many, which are no more than the burst, or none; `Err` holds the seconds after which they will be there.
    pub fn take_many(&mut self, rate: Rate, many: f64, now_ms: i64) -> Result<(), f64> {
        self.fill(rate, now_ms);
        if self.left >= many {
            self.left -= many;
            Ok(())
        } else {
            Err((many - self.left) / rate.per_s)
        }
    }

    fn fill(&mut self, rate: Rate, now_ms: i64) {
        let passed_s = (now_ms - self.at_ms).max(0) as f64 / 1_000.0;
        self.left = (self.left + passed_s * rate.per_s).min(rate.burst);
        self.at_ms = now_ms;
    }
}

/// Buckets by key.
pub struct Buckets<K> {
    rate: Rate,
    held: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash> Buckets<K> {
    /// All with the same rate.
    pub fn new(rate: Rate) -> Self {
        Self { rate, held: Mutex::default() }
    }

    /// Takes one of the key's; `Err` holds whole seconds to wait, at least 1.
    pub fn take(&self, key: K, now_ms: i64) -> Result<(), u32> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= BUCKETS_MAX && !held.contains_key(&key) {
            let rate = self.rate;
            held.retain(|_, bucket| {
                bucket.fill(rate, now_ms);
                bucket.left < rate.burst
            });
            if held.len() >= BUCKETS_MAX {
                held.clear();
            }
        }
        let bucket = held.entry(key).or_insert_with(|| Bucket::full(self.rate, now_ms));
        bucket.take(self.rate, now_ms).map_err(|seconds| seconds.ceil().max(1.0) as u32)
    }
}
