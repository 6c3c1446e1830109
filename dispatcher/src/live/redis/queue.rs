//! Owns who has to be written to Redis, and which outdated records have to go. Holds names, not positions: the writer takes the
//! latest from the index, so a burst of fixes of one phone is one write and the queue cannot outgrow the staff, however long
//! Redis is away. Who waits for a server that is away or busy is set aside under its name, in nobody else's way.

use super::super::index::Order;
use super::line::Line;
use super::nodes::Name;
use geo::cell::Cell;
use matcher::model::AccountId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// Outdated records remembered; beyond it they are found again when their tag is next read.
const DROPS_MAX: usize = 100_000;

/// What outdates a record: one of that order, and whether it says that its member is gone. Where two of one order are in the way of
/// each other, it matters which.
pub(super) type Below = (Order, bool);

/// A record that may be outdated: of whom, under which tag, and by what.
pub(super) type Drop = ((Cell, AccountId), Below);

/// The queue between `put` and the writer.
#[derive(Default)]
pub(in crate::live) struct Queue {
    state: Mutex<State>,
    /// Wakes the writer.
    wake: Notify,
    /// Changes when the writer has finished something.
    progress: watch::Sender<u64>,
    /// What is from before this moment is of the silent and was forgotten, milliseconds since 1970; 0 until that is known.
    silent_before_ms: AtomicI64,
}

/// Who talks to Redis.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Writer,
    Mirror,
}

#[derive(Default)]
struct State {
    /// Since when Redis lacks something of each.
    dirty: Line<AccountId>,
    drops: Line<(Cell, AccountId), Below>,
    /// Set aside until their server can be written to.
    parked: HashMap<Name, Parked>,
    /// Taken, and neither confirmed nor set aside yet.
    in_flight: usize,
    /// The same moment of the staff among those. Who is on the way to two servers stands here once.
    flying: HashMap<AccountId, Instant>,
    /// Tags that were written to are not all in the set of tags yet: who comes now would not find them.
    is_naming: bool,
    /// Whether each side's last exchange with Redis succeeded.
    up: [bool; 2],
    /// What tells this Redis from any other; `None` while that is not known.
    word: Option<Arc<str>>,
}

/// What waits for one server.
#[derive(Default)]
struct Parked {
    staff: Line<AccountId>,
    drops: Line<(Cell, AccountId), Below>,
}

impl Parked {
    fn is_empty(&self) -> bool {
        self.staff.is_empty() && self.drops.is_empty()
    }
}

impl State {
    fn is_up(&self) -> bool {
        self.up == [true, true]
    }

    /// Has to be written, since then at the latest. Who was set aside may have gone to where another server keeps them.
    fn mark(&mut self, staff: AccountId, since: Instant) {
        let set_aside = self.parked.values_mut().filter_map(|parked| parked.staff.leave(staff));
        let since = set_aside.chain([since]).min().unwrap_or(since);
        self.dirty.join(staff, since, ());
    }

    fn is_idle(&self) -> bool {
        self.dirty.is_empty()
            && self.parked.is_empty()
            && self.drops.is_empty()
            && self.in_flight == 0
            && !self.is_naming
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks as changed.
    pub(in crate::live) fn push(&self, staff: impl IntoIterator<Item = AccountId>) {
        let now = Instant::now();
        let mut state = self.state();
        let before = state.dirty.len();
        for staff in staff {
            state.mark(staff, now);
        }
        if state.dirty.len() > before {
            drop(state);
            self.wake.notify_one();
        }
    }

    /// Marks records as outdated.
    pub(super) fn drop_records(&self, drops: impl IntoIterator<Item = Drop>) {
        let now = Instant::now();
        let mut state = self.state();
        let before = state.drops.len();
        for (record, below) in drops {
            if state.drops.len() < DROPS_MAX {
                state.drops.join(record, now, below);
            }
        }
        if state.drops.len() > before {
            drop(state);
            self.wake.notify_one();
        }
    }

    /// Takes at most `limit` of each, whoever has waited longest; tell of every one what became of it, by [`Queue::settled`] or [`Queue::park`].
    pub(super) fn take(&self, limit: usize) -> (Vec<AccountId>, Vec<Drop>) {
        let mut guard = self.state();
        let state = &mut *guard;
        let mut batch = Vec::new();
        for (staff, since, ()) in state.dirty.first(limit) {
            let known = state.flying.entry(staff).or_insert(since);
            *known = since.min(*known);
            batch.push(staff);
        }
        let drops: Vec<Drop> = state.drops.first(limit).into_iter().map(|(record, _, below)| (record, below)).collect();
        state.in_flight += batch.len() + drops.len();
        (batch, drops)
    }

    /// These of those taken, and so many of the outdated records, need nothing more.
    pub(super) fn settled(&self, staff: impl IntoIterator<Item = AccountId>, drops: usize) {
        let mut state = self.state();
        for staff in staff {
            state.in_flight -= 1;
            state.flying.remove(&staff);
        }
        state.in_flight -= drops;
        drop(state);
        self.progress.send_modify(|n| *n += 1);
    }

    /// These of those taken have to be taken again.
    pub(super) fn put_back(&self, staff: impl IntoIterator<Item = AccountId>) {
        let now = Instant::now();
        let mut state = self.state();
        for staff in staff {
            state.in_flight -= 1;
            let since = state.flying.remove(&staff).unwrap_or(now);
            state.mark(staff, since);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// These of those taken wait until that server can be written to.
    pub(super) fn park(&self, server: &Name, staff: impl IntoIterator<Item = AccountId>, drops: Vec<Drop>) {
        let now = Instant::now();
        let mut guard = self.state();
        let state = &mut *guard;
        let parked = state.parked.entry(Arc::clone(server)).or_default();
        for staff in staff {
            state.in_flight -= 1;
            let since = state.flying.remove(&staff).unwrap_or(now);
            let waiting = if state.dirty.holds(staff) { &mut state.dirty } else { &mut parked.staff };
            waiting.join(staff, since, ());
        }
        state.in_flight -= drops.len();
        for (record, below) in drops {
            if parked.drops.len() < DROPS_MAX {
                parked.drops.join(record, now, below);
            }
        }
        if parked.is_empty() {
            state.parked.remove(server);
        }
        drop(guard);
        self.progress.send_modify(|n| *n += 1);
    }

    /// A server can be written to: at most `limit` of each that waited for it, longest, are with those who are for any server again.
    /// Whether there are any.
    pub(super) fn unpark(&self, server: &Name, limit: usize) -> bool {
        let mut guard = self.state();
        let state = &mut *guard;
        let Some(parked) = state.parked.get_mut(server) else { return false };
        for (staff, since, ()) in parked.staff.first(limit) {
            state.dirty.join(staff, since, ());
        }
        for (record, since, below) in parked.drops.first(limit) {
            state.drops.join(record, since, below);
        }
        if parked.is_empty() {
            state.parked.remove(server);
        }
        true
    }

    /// Of these, those of whom Redis lacks nothing.
    pub(in crate::live) fn written(&self, mut staff: Vec<AccountId>) -> Vec<AccountId> {
        let state = self.state();
        let is_parked = |who| state.parked.values().any(|parked| parked.staff.holds(who));
        staff.retain(|&who| !state.dirty.holds(who) && !state.flying.contains_key(&who) && !is_parked(who));
        staff
    }

    /// Whether somebody waits for that server.
    pub(super) fn waits_for(&self, server: &Name) -> bool {
        self.state().parked.contains_key(server)
    }

    /// Those who wait for which servers.
    pub(super) fn parked_for(&self) -> Vec<Name> {
        self.state().parked.keys().cloned().collect()
    }

    /// Whether somebody waits for a server.
    pub(super) fn has_parked(&self) -> bool {
        !self.state().parked.is_empty()
    }

    /// Notes whether all tags that were written to are in the set of tags.
    pub(super) fn set_named(&self, named: bool) {
        self.state().is_naming = !named;
        self.progress.send_modify(|n| *n += 1);
    }

    /// Notes whether Redis answers one side; true if that is news of the whole.
    pub(super) fn set_up(&self, side: Side, up: bool) -> bool {
        let mut state = self.state();
        let before = state.is_up();
        state.up[side as usize] = up;
        let news = state.is_up() != before;
        drop(state);
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
                    state.is_up() && state.is_idle()
                };
                if is_drained || progress.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(within, drained).await.is_ok()
    }

    pub(in crate::live) fn is_up(&self) -> bool {
        self.state().is_up()
    }

    /// What tells this Redis from any other, as far as it is known.
    pub(in crate::live) fn word(&self) -> Option<Arc<str>> {
        self.state().word.clone()
    }

    /// Notes the same.
    pub(super) fn set_word(&self, word: Option<&str>) {
        let mut state = self.state();
        if state.word.as_deref() != word {
            state.word = word.map(Arc::from);
        }
    }

    /// How many wait or are on their way.
    pub(in crate::live) fn len(&self) -> usize {
        let state = self.state();
        state.dirty.len() + state.parked.values().map(|parked| parked.staff.len()).sum::<usize>() + state.in_flight
    }

    /// How long Redis has lacked something of whom it has lacked something longest, milliseconds.
    pub(in crate::live) fn lag_ms(&self) -> i64 {
        let since = self.oldest();
        since.map_or(0, |since| i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    /// Since when.
    fn oldest(&self) -> Option<Instant> {
        let state = self.state();
        let parked = state.parked.values().filter_map(|parked| parked.staff.since());
        state.dirty.since().into_iter().chain(parked).chain(state.flying.values().copied()).min()
    }

    /// The silent were forgotten: those from before this moment.
    pub(in crate::live) fn forgot_before(&self, moment_ms: i64) {
        self.silent_before_ms.store(moment_ms, Ordering::Relaxed);
    }

    /// The clock was set back by so much, milliseconds below zero: the same moment has an earlier time now.
    pub(in crate::live) fn clock_was_set_back(&self, by_ms: i64) {
        let earlier = |moment: i64| (moment > 0).then_some(moment + by_ms);
        // An error is that there is no moment yet.
        let _none_yet = self.silent_before_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, earlier);
    }

    /// The same moment; `None` until it is known.
    pub(super) fn silent_before_ms(&self) -> Option<i64> {
        Some(self.silent_before_ms.load(Ordering::Relaxed)).filter(|&moment| moment > 0)
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
