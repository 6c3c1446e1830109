//! Owns "now": the last fix of everybody, answered from one in-process index. With a Redis behind it, Redis is the shared memory
//! that survives this process: written in small batches, read back at start, never asked a question in between. Decides nothing
//! about whom a fix makes available. Deleting all of Redis loses nothing but seconds of freshness.

pub mod index;
mod redis;

pub use index::{LivePosition, Verdict};

use crate::clock::Env;
use geo::Fix;
use index::Index;
use matcher::model::AccountId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where everybody is.
pub struct Live {
    index: Mutex<Index>,
    /// Riders' last fixes, for an SOS: never in the index, never in Redis.
    riders: Mutex<HashMap<AccountId, Fix>>,
    shared: Option<redis::Shared>,
}

/// How the live store is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// In process only.
    InProcess,
    /// Redis is written to.
    RedisUp,
    /// Redis is away; the index still answers, and Redis is refilled when it is back.
    RedisDown,
}

impl Health {
    /// The word in `/readyz`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::InProcess => "in_process",
            Self::RedisUp => "redis_up",
            Self::RedisDown => "redis_down",
        }
    }
}

/// Why the shared store could not be used at the start.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// Not a Redis address.
    #[error("the Redis address is not valid")]
    BadAddress,
    /// Redis did not answer.
    #[error("Redis does not answer: {0}")]
    Away(String),
}

impl Live {
    /// The embedded default: this process's memory.
    pub fn in_process() -> Self {
        Self { index: Mutex::default(), riders: Mutex::default(), shared: None }
    }

    /// With Redis as the shared memory: everybody in it is read back first. `prefix` begins every key.
    pub async fn redis(url: &str, prefix: &str, env: &Env) -> Result<Self, LiveError> {
        let (shared, records) = redis::Shared::open(url, prefix).await?;
        let mut index = Index::default();
        let now_ms = env.now().0;
        for record in records {
            // A record from the future would never grow old; a clock that was wrong must not keep a ghost.
            if record.fix.taken_at_ms <= now_ms {
                index.put(record.staff, record.no, record.fix);
            }
        }
        Ok(Self { index: Mutex::new(index), riders: Mutex::default(), shared: Some(shared) })
    }

    /// Takes a staff member's fix. Never waits: Redis is written behind.
    pub fn put(&self, staff: AccountId, no: u32, fix: Fix) -> Verdict {
        let verdict = self.index().put(staff, no, fix);
        if let (Some(shared), Verdict::Ok) = (&self.shared, verdict) {
            shared.put(LivePosition { staff, no, fix });
        }
        verdict
    }

    /// Takes a rider's fix.
    pub fn put_rider(&self, rider: AccountId, fix: Fix) -> Verdict {
        let mut riders = self.riders.lock().unwrap_or_else(PoisonError::into_inner);
        match riders.get(&rider) {
            Some(last) if !fix.is_after(last) => Verdict::Old,
            _ => {
                riders.insert(rider, fix);
                Verdict::Ok
            }
        }
    }

    /// Forgets a staff member.
    pub fn remove(&self, staff: AccountId) {
        if self.index().remove(staff) {
            if let Some(shared) = &self.shared {
                shared.remove(staff);
            }
        }
    }

    /// The latest fix of a staff member or rider.
    pub fn last_fix(&self, account: AccountId) -> Option<Fix> {
        let staff = self.index().get(account).map(|p| p.fix);
        staff.or_else(|| self.riders.lock().unwrap_or_else(PoisonError::into_inner).get(&account).copied())
    }

    /// Who moved since the cursor (0 is everybody), at most `limit`, oldest move first, and the next cursor.
    pub fn moved_since(&self, cursor: u64, limit: usize) -> (u64, Vec<LivePosition>) {
        self.index().moved_since(cursor, limit)
    }

    /// How many staff are known.
    pub fn len(&self) -> usize {
        self.index().len()
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How the store is doing.
    pub fn health(&self) -> Health {
        match &self.shared {
            None => Health::InProcess,
            Some(shared) if shared.is_up() => Health::RedisUp,
            Some(_) => Health::RedisDown,
        }
    }

    /// Positions not yet written to Redis.
    pub fn behind(&self) -> usize {
        self.shared.as_ref().map_or(0, redis::Shared::behind)
    }

    /// Writes what is pending and stops writing.
    pub async fn close(&self) {
        if let Some(shared) = &self.shared {
            shared.close().await;
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        // No await is ever held under it, and a panic inside leaves nothing half done that matters.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
