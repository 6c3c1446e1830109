//! Owns what is true now and can be rebuilt in seconds: the last fix of everybody. One in-process index answers every
//! query; Redis, where there is one, stands behind it as the truth shared between lives and nodes (`redis`), and every node's
//! index holds everybody's staff; or, at a gateway, those alone whose fixes came there ([`Live::writing_at`]).
//! Does not judge who may go (`matcher::policy`) and keeps no history: one fix per person, riders in memory only.
//!
//! Invariant: `put`, `remove` and every query return without waiting for Redis.

mod index;
mod moves;
mod plausible;
mod redis;
mod verdict;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod index_tests;

pub use index::{LastOrder, LivePosition, Near};
pub use plausible::{AREA_MARGIN_M, LATE_MS, Sense, TOO_OLD_MS};
pub use redis::{Address as RedisAddress, LiveError};
pub use verdict::Verdict;

use crate::clock::Env;
use geo::cell::{Cell, Fineness};
use geo::{Bounds, Fix, Polygon, Position};
use index::Index;
use matcher::model::{AccountId, Timestamp};
use redis::{Part, Queue, Tasks};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long [`Live::close`] waits for Redis to take what is queued.
const CLOSE_WAIT: Duration = Duration::from_secs(3);

/// Staff read in one hold of the index when all are read: some ten microseconds.
const READ_CHUNK: usize = 1_024;

/// Where everybody is. Share it in an `Arc`.
pub struct Live {
    shared: Arc<Shared>,
    /// Absent without Redis.
    tasks: Option<Tasks>,
}

/// What queries and the tasks that speak with Redis both touch.
#[derive(Default)]
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

    /// All slots, a few at a time, letting writers in between.
    fn by_chunks(&self, mut each: impl FnMut(&mut Index, Range<usize>)) {
        let mut from = 0;
        loop {
            let mut index = self.index();
            let to = index.slot_count().min(from + READ_CHUNK);
            if from >= to {
                return;
            }
            each(&mut index, from..to);
            from = to;
        }
    }
}

/// How the live store is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// In process only.
    InProcess,
    /// Redis answers, and all that other nodes write is heard. Of a store that only writes: Redis takes what is written.
    RedisUp,
    /// Redis or a part of it is away; the index still answers, and Redis is brought up to date when it is back.
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

impl Live {
    /// The embedded default: this process's memory.
    pub fn in_process() -> Self {
        Self { shared: Arc::default(), tasks: None }
    }

    /// With Redis behind the index: reads everybody back first, then keeps Redis up to date and hears other nodes from tasks.
    /// `prefix` begins every key. A Redis that is away is no error: it is read as soon as it comes, and `health` tells.
    pub async fn redis(url: &str, prefix: &str, env: &Env) -> Result<Self, LiveError> {
        let address = RedisAddress::parse(url).map_err(LiveError::BadUrl)?;
        Self::redis_at(&address, prefix, env).await
    }

    /// The same, where the address is already understood.
    pub async fn redis_at(address: &RedisAddress, prefix: &str, env: &Env) -> Result<Self, LiveError> {
        Self::start(address, prefix, env, Part::Whole { read_every: redis::READ_EVERY }).await
    }

    /// With Redis behind it that is written to and not read: whoever is put here is known here, and nobody else. Nothing is heard of
    /// others and nobody is removed from Redis; that is for a node that hears all. Forget with [`Self::let_go`].
    pub async fn writing_at(address: &RedisAddress, prefix: &str, env: &Env) -> Result<Self, LiveError> {
        Self::start(address, prefix, env, Part::Writes).await
    }

    async fn start(address: &RedisAddress, prefix: &str, env: &Env, part: Part) -> Result<Self, LiveError> {
        let shared = Arc::new(Shared { index: Mutex::default(), queue: Some(Queue::default()) });
        let tasks = Tasks::start(address, prefix, env, Arc::clone(&shared), part).await?;
        Ok(Self { shared, tasks: Some(tasks) })
    }

    /// The same, reading every tag again so often: tests do not wait for minutes.
    #[cfg(test)]
    async fn redis_read_every(url: &str, prefix: &str, env: &Env, every: Duration) -> Self {
        let address = RedisAddress::parse(url).expect("a url");
        Self::start(&address, prefix, env, Part::Whole { read_every: every }).await.expect("redis answers")
    }

    /// Takes a staff member's fix, unless a later one or this very one is known. Never waits.
    pub fn put(&self, staff: AccountId, no: u32, fix: Fix) -> Verdict {
        let verdict = self.shared.index().put(staff, no, fix);
        if verdict.is_kept() {
            self.enqueue([staff]);
        }
        verdict
    }

    /// Takes a rider's fix: kept in memory only, never in cells, never in Redis.
    pub fn put_rider(&self, rider: AccountId, fix: Fix) -> Verdict {
        self.shared.index().put_rider(rider, fix)
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

    /// What the next fix of somebody has to come after, also where they were removed.
    pub fn last_order(&self, account: AccountId) -> Option<LastOrder> {
        self.shared.index().last_order(account)
    }

    /// The `k` nearest staff that the filter lets through, nearest first; exact, by straight distance.
    pub fn nearest(&self, at: Position, k: usize, filter: impl Fn(&LivePosition) -> bool) -> Vec<Near> {
        self.shared.index().nearest(at, k, filter)
    }

    /// Staff who moved since the cursor (0 is everybody), oldest move first, at most `limit`, each once with the latest
    /// fix; and the cursor to ask with next.
    pub fn moved_since(&self, cursor: u64, limit: usize) -> (u64, Vec<LivePosition>) {
        self.shared.index().moved_since(cursor, limit)
    }

    /// Staff by cell, for lists on a map; for numbers ask `counts`.
    pub fn cells(&self, grid: impl Into<Fineness>) -> BTreeMap<Cell, Vec<AccountId>> {
        let grid = grid.into();
        let mut groups: BTreeMap<Cell, Vec<AccountId>> = BTreeMap::new();
        for at in self.snapshot() {
            groups.entry(Cell::of(at.fix.position, grid)).or_default().push(at.staff);
        }
        groups
    }

    /// Everybody on the staff side, in no order. Writers get in between: each is as they were when they were read, and who is
    /// there all the while is read once.
    pub fn snapshot(&self) -> Vec<LivePosition> {
        let mut all = Vec::with_capacity(self.len());
        self.shared.by_chunks(|index, slots| all.extend(index.staff_in(slots)));
        all
    }

    /// Forgets everybody whose fix is older; returns the staff among them.
    pub fn forget_silent(&self, now: Timestamp, older_than_s: i64) -> Vec<AccountId> {
        self.shared.index().forget_silent_riders(now, older_than_s);
        let mut gone = Vec::new();
        self.shared.by_chunks(|index, slots| gone.extend(index.forget_silent(slots, now, older_than_s)));
        self.enqueue(gone.iter().copied());
        if let Some(queue) = &self.shared.queue {
            queue.forgot_before(now.plus_s(-older_than_s).0);
        }
        gone
    }

    /// The clock was set back by so much, milliseconds below zero: everybody's fix is as old as before. Else whoever is silent would look
    /// fresh again when the clock comes to where it had been. Of a clock that was put forward nothing is told here: ages only grow by
    /// it, until the next report, and nobody can say that the time did not pass (a machine that slept). What came between the setting and this
    /// looks too old, until the next report as well.
    pub fn clock_was_set_back(&self, by_ms: i64) {
        self.shared.index().riders_clock_was_set_back(by_ms);
        self.shared.by_chunks(|index, slots| index.clock_was_set_back(slots, by_ms));
        if let Some(queue) = &self.shared.queue {
            queue.clock_was_set_back(by_ms);
        }
    }

    /// Forgets somebody here and leaves Redis as it is.
    pub fn let_go(&self, staff: AccountId) {
        self.shared.index().let_go(staff);
    }

    /// The same of everybody whose fix is older, unless it has still to be written: what was taken and is in nobody else's hands is kept
    /// until it is, however long that takes.
    pub fn let_go_silent(&self, now: Timestamp, older_than_s: i64) {
        let since_ms = now.plus_s(-older_than_s).0;
        self.shared.by_chunks(|index, slots| {
            let silent = index.staff_in(slots).filter(|p| p.fix.taken_at_ms < since_ms).map(|p| p.staff).collect();
            let written = match &self.shared.queue {
                Some(queue) => queue.written(silent),
                None => silent,
            };
            for staff in written {
                index.let_go(staff);
            }
        });
        if let Some(tasks) = &self.tasks {
            tasks.let_go();
        }
    }

    /// The word that tells the Redis behind from any other; `None` while it is not known. Two nodes with the same write to the same.
    pub fn redis_word(&self) -> Option<Arc<str>> {
        self.shared.queue.as_ref().and_then(Queue::word)
    }

    /// How the store is doing.
    pub fn health(&self) -> Health {
        match &self.shared.queue {
            None => Health::InProcess,
            Some(queue) if queue.is_up() => Health::RedisUp,
            Some(_) => Health::RedisDown,
        }
    }

    /// Whether the tasks that speak with Redis still run; true in process, where there are none.
    pub fn is_written(&self) -> bool {
        self.tasks.as_ref().is_none_or(Tasks::run)
    }

    /// Staff whose position is not yet in Redis.
    pub fn behind(&self) -> usize {
        self.shared.queue.as_ref().map_or(0, Queue::len)
    }

    /// How long Redis has lacked something of whom it has lacked something longest, milliseconds.
    pub fn lag_ms(&self) -> i64 {
        self.shared.queue.as_ref().map_or(0, Queue::lag_ms)
    }

    /// How many staff are known.
    pub fn len(&self) -> usize {
        self.shared.index().len()
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until Redis has everything put so far; false if it does not within the time. True at once in process.
    pub async fn flush(&self, within: Duration) -> bool {
        match &self.shared.queue {
            None => true,
            Some(queue) => queue.drained(within).await,
        }
    }

    /// Writes what is queued, for 3 s at most, and ends the tasks.
    pub async fn close(&self) {
        if let Some(tasks) = &self.tasks {
            if !self.flush(CLOSE_WAIT).await {
                tracing::warn!("redis did not take the last positions; phones send them again");
            }
            tasks.stop().await;
        }
    }

    fn enqueue(&self, staff: impl IntoIterator<Item = AccountId>) {
        if let Some(queue) = &self.shared.queue {
            queue.push(staff);
        }
    }

    /// Everybody in the box whom the filter lets through, in no order; `None` if they are more than `limit`: then it is time
    /// for [`Self::counts`].
    pub fn within(
        &self,
        bounds: &Bounds,
        limit: usize,
        filter: impl Fn(&LivePosition) -> bool,
    ) -> Option<Vec<LivePosition>> {
        self.shared.index().within(bounds, limit, filter)
    }

    /// The same of a polygon.
    pub fn within_polygon(
        &self,
        polygon: &Polygon,
        limit: usize,
        filter: impl Fn(&LivePosition) -> bool,
    ) -> Option<Vec<LivePosition>> {
        self.shared.index().within_polygon(polygon, limit, filter)
    }

    /// How many staff that the filter lets through are in each cell, those in the box alone if there is one; for a map at any
    /// zoom ([`Fineness::of_zoom`]).
    pub fn counts(
        &self,
        grid: impl Into<Fineness>,
        bounds: Option<&Bounds>,
        filter: impl Fn(&LivePosition) -> bool,
    ) -> BTreeMap<Cell, u32> {
        self.shared.index().counts(grid.into(), bounds, filter)
    }
}
