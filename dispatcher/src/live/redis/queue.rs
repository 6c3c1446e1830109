//! Owns who has to be written to Redis. Holds names, not positions: the writer takes the latest from the index, so a burst
//! of fixes of one phone is one write and the queue cannot outgrow the staff, however long Redis is away.

use matcher::model::AccountId;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// The queue between `put` and the writer.
#[derive(Default)]
pub(in crate::live) struct Queue {
    state: Mutex<State>,
    /// Wakes the writer.
    wake: Notify,
    /// Changes when the writer has finished something.
    progress: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    dirty: HashSet<AccountId>,
    /// Taken and not yet confirmed.
    in_flight: usize,
    /// When the oldest of those waiting came.
    waiting_since: Option<Instant>,
    /// Whether the last exchange with Redis succeeded.
    up: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks as changed.
    pub(in crate::live) fn push(&self, staff: impl IntoIterator<Item = AccountId>) {
        let mut state = self.state();
        let before = state.dirty.len();
        state.dirty.extend(staff);
        if state.dirty.len() > before {
            state.waiting_since.get_or_insert_with(Instant::now);
            drop(state);
            self.wake.notify_one();
        }
    }

    /// Takes at most `limit`; call [`Queue::written`] or [`Queue::put_back`] next.
    pub(super) fn take(&self, limit: usize) -> Vec<AccountId> {
        let mut state = self.state();
        let batch: Vec<AccountId> = state.dirty.iter().take(limit).copied().collect();
        for staff in &batch {
            state.dirty.remove(staff);
        }
        state.in_flight = batch.len();
        batch
    }

    /// The batch taken is in Redis.
    pub(super) fn written(&self) {
        let mut state = self.state();
        state.in_flight = 0;
        state.waiting_since = (!state.dirty.is_empty()).then(Instant::now);
        drop(state);
        self.progress.send_modify(|n| *n += 1);
    }

    /// The batch taken may not be in Redis.
    pub(super) fn put_back(&self, batch: Vec<AccountId>) {
        let mut state = self.state();
        state.in_flight = 0;
        state.dirty.extend(batch);
    }

    /// Notes whether Redis answers; true if that is news.
    pub(super) fn set_up(&self, up: bool) -> bool {
        let news = std::mem::replace(&mut self.state().up, up) != up;
        self.progress.send_modify(|n| *n += 1);
        news
    }

    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Waits until nothing waits and Redis is up; false if that takes longer.
    pub(in crate::live) async fn drained(&self, within: Duration) -> bool {
        let mut progress = self.progress.subscribe();
        let drained = async {
            loop {
                let is_drained = {
                    let state = self.state();
                    state.up && state.dirty.is_empty() && state.in_flight == 0
                };
                if is_drained || progress.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(within, drained).await.is_ok()
    }

    pub(in crate::live) fn is_up(&self) -> bool {
        self.state().up
    }

    /// How many wait or are on their way.
    pub(in crate::live) fn len(&self) -> usize {
        let state = self.state();
        state.dirty.len() + state.in_flight
    }

    /// How long the oldest has waited, milliseconds.
    pub(in crate::live) fn lag_ms(&self) -> i64 {
        let since = self.state().waiting_since;
        since.map_or(0, |since| i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}
