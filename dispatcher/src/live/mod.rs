//! Owns what is true now and can be rebuilt in seconds: the last fix of everybody. One in-process index answers every
//! query; Redis, where there is one, stands behind it as the truth shared between lives and nodes (`redis`).
//! Does not judge who may go (`matcher::policy`) and keeps no history: one fix per person, riders in memory only.
//!
//! Invariant: `put`, `remove` and every query return without waiting for Redis.

mod index;
mod redis;
mod verdict;

pub use index::{Cell, LivePosition, Near};
pub use redis::{LiveError, check_redis_url};
pub use verdict::Verdict;

use crate::clock::Env;
use crate::telemetry::names;
use geo::{Fix, Position};
use index::Index;
use matcher::model::{AccountId, Timestamp};
use redis::{Queue, Writer};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long [`Live::close`] waits for Redis to take what is queued.
const CLOSE_WAIT: Duration = Duration::from_secs(3);

/// Where everybody is. Share it in an `Arc`.
pub struct Live {
    env: Env,
    shared: Arc<Shared>,
    /// Absent without Redis.
    writer: Option<Writer>,
}

/// What queries and the Redis writer both touch.
struct Shared {
    /// A plain mutex: each hold lasts microseconds and no await happens under it.
    index: Mutex<Index>,
    /// Who has to be written to Redis; `None` without Redis.
    queue: Option<Queue>,
}

impl Shared {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where positions are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveMode {
    /// This process only.
    InProcess,
    /// This process, with Redis behind it.
    Redis,
}

/// How Redis is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedisHealth {
    /// Whether the last exchange succeeded.
    pub up: bool,
    /// Age of the oldest position not yet written, milliseconds; 0 when all is written.
    pub lag_ms: i64,
    /// Staff whose position waits to be written.
    pub queued: usize,
}

/// For `/readyz` and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveHealth {
    /// Where positions are kept.
    pub mode: LiveMode,
    /// `None` in process.
    pub redis: Option<RedisHealth>,
}

impl LiveHealth {
    /// One word for `/readyz`: `in_process`, `redis` or `redis_away`.
    pub const fn word(&self) -> &'static str {
        match self.redis {
            None => "in_process",
            Some(RedisHealth { up: true, .. }) => "redis",
            Some(_) => "redis_away",
        }
    }
}

impl Live {
    /// The index alone.
    pub fn in_process(env: Env) -> Self {
        Self { env, shared: Arc::new(Shared { index: Mutex::default(), queue: None }), writer: None }
    }

    /// The index with Redis behind it: reads back every position, then keeps Redis up to date from a task. A Redis that
    /// is away is not an error: it is read as soon as it comes, and `health` tells. Errors: a URL that is none, wrong credentials.
    pub async fn redis(url: &str, env: Env) -> Result<Self, LiveError> {
        Self::redis_prefixed(url, redis::PREFIX, env).await
    }

    /// As [`Live::redis`] under another key prefix, so that several can share a Redis.
    pub async fn redis_prefixed(url: &str, prefix: &str, env: Env) -> Result<Self, LiveError> {
        let shared = Arc::new(Shared { index: Mutex::default(), queue: Some(Queue::default()) });
        let writer = Writer::start(url, prefix, env.clone(), Arc::clone(&shared)).await?;
        Ok(Self { env, shared, writer: Some(writer) })
    }

    /// Takes a staff member's fix, unless it is older than what is known or lies in the future.
    pub fn put(&self, staff: AccountId, no: u32, fix: Fix) -> Verdict {
        let verdict = self.shared.index().put(self.env.now(), staff, no, fix);
        Self::count(verdict);
        if verdict.is_kept() {
            self.enqueue([staff]);
        }
        verdict
    }

    /// Takes a rider's fix: kept in memory only, never in cells, never in Redis.
    pub fn put_rider(&self, rider: AccountId, fix: Fix) -> Verdict {
        let verdict = self.shared.index().put_rider(self.env.now(), rider, fix);
        Self::count(verdict);
        verdict
    }

    /// Forgets where somebody is; a fix from before this moment does not bring them back. Whether they were known.
    pub fn remove(&self, account: AccountId) -> bool {
        let removed = self.shared.index().remove(account);
        if removed {
            self.enqueue([account]);
        }
        removed
    }

    /// The latest fix of a staff member or rider.
    pub fn last_fix(&self, account: AccountId) -> Option<Fix> {
        self.shared.index().last_fix(account)
    }

    /// The `k` nearest staff that the filter lets through, nearest first; exact, by straight distance.
    pub fn nearest(&self, at: Position, k: usize, filter: impl FnMut(&LivePosition) -> bool) -> Vec<Near> {
        self.shared.index().nearest(at, k, filter)
    }

    /// Staff who moved since the cursor (0 is everybody), oldest move first, at most `limit`, each once with the latest
    /// fix; and the cursor to ask with next.
    pub fn moved_since(&self, cursor: u64, limit: usize) -> (u64, Vec<LivePosition>) {
        self.shared.index().moved_since(cursor, limit)
    }

    /// Staff by cell, cells in order of their number. `res` is the H3 resolution, 0..=8; finer ones give those of 8.
    pub fn cells(&self, res: u8) -> Vec<(Cell, Vec<AccountId>)> {
        self.shared.index().cells(res)
    }

    /// Everybody on the staff side, in no order.
    pub fn snapshot(&self) -> Vec<LivePosition> {
        self.shared.index().snapshot()
    }

    /// Forgets everybody whose fix is older; returns the staff among them.
    pub fn forget_silent(&self, now: Timestamp, older_than_s: i64) -> Vec<AccountId> {
        let gone = self.shared.index().forget_silent(now, older_than_s);
        self.enqueue(gone.iter().copied());
        gone
    }

    /// How it is doing.
    pub fn health(&self) -> LiveHealth {
        match &self.shared.queue {
            None => LiveHealth { mode: LiveMode::InProcess, redis: None },
            Some(queue) => LiveHealth { mode: LiveMode::Redis, redis: Some(queue.health(self.env.now())) },
        }
    }

    /// Sets the gauges; called before each scrape.
    pub fn report(&self) {
        let staff = self.shared.index().staff_count();
        metrics::gauge!(names::LIVE_STAFF).set(staff as f64);
        if let Some(redis) = self.health().redis {
            metrics::gauge!(names::LIVE_REDIS_UP).set(f64::from(u8::from(redis.up)));
            metrics::gauge!(names::LIVE_REDIS_LAG_MS).set(redis.lag_ms as f64);
            metrics::gauge!(names::LIVE_REDIS_QUEUED).set(redis.queued as f64);
        }
    }

    /// Waits until Redis has everything put so far; false if it does not within the time. True at once in process.
    pub async fn flush(&self, within: Duration) -> bool {
        match &self.shared.queue {
            None => true,
            Some(queue) => queue.drained(within).await,
        }
    }

    /// Writes what is queued, for 3 s at most, and ends the writer.
    pub async fn close(&self) {
        if let Some(writer) = &self.writer {
            if !self.flush(CLOSE_WAIT).await {
                tracing::warn!("redis did not take the last positions; phones send them again");
            }
            writer.stop().await;
        }
    }

    fn enqueue(&self, staff: impl IntoIterator<Item = AccountId>) {
        if let Some(queue) = &self.shared.queue {
            queue.push(staff, self.env.now());
        }
    }

    fn count(verdict: Verdict) {
        metrics::counter!(names::FIXES, "verdict" => verdict.word()).increment(1);
    }
}
