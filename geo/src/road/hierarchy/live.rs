//! Owns the staff of one mode while weights change: a metric with its buckets that is searched, and a new one made beside it
//! and swapped in. Does not choose when.
//!
//! Searches take the present side by a pointer and keep it to their end: none sees half a metric, and none waits for a
//! re-weighting. For a move they may wait the tens of microseconds its entries take: both climb before they take the buckets.
//! Invariant: while a re-weighting runs, every move is written down under the same lock that applies it, so it lands on both
//! sides.

use super::buckets::{StaffBuckets, entries_of};
use super::metric::{Hierarchy, Metric};
use super::times::ArcTimes;
use crate::road::snap::Snap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// The last moves that came meanwhile are applied with movers held up; no more than these.
const LAST_MOVES_MAX: usize = 16;

/// Times the moves that came meanwhile are applied without holding movers up; then they wait.
const CATCH_UPS_MAX: usize = 8;

/// A move: who, and where with the milliseconds until free; `None` is off the road.
type Move<Id> = (Id, Option<(Snap, u32)>);

struct Side<Id> {
    metric: Arc<Metric>,
    buckets: RwLock<StaffBuckets<Id>>,
}

/// Staff on the present metric, shared between threads.
pub struct Live<Id> {
    hierarchy: Arc<Hierarchy>,
    present: RwLock<Arc<Side<Id>>>,
    /// Moves since a re-weighting took its copy of the staff; `None` while there is none. Held by whoever moves somebody.
    moves: Mutex<Option<Vec<Move<Id>>>>,
    /// One re-weighting at a time.
    reweighting: Mutex<()>,
}

impl<Id: Copy + Ord + Hash> Live<Id> {
    /// Nobody yet.
    pub fn new(metric: Arc<Metric>) -> Self {
        let hierarchy = Arc::clone(metric.hierarchy());
        let present = RwLock::new(Arc::new(Side::new(StaffBuckets::new(metric))));
        Self { hierarchy, present, moves: Mutex::new(None), reweighting: Mutex::new(()) }
    }

    /// Puts somebody where they will be free in so many milliseconds (0: now), or moves them.
    pub fn put(&self, id: Id, snap: Snap, free_ms: u32) {
        let mut moves = lock(&self.moves);
        let side = self.present();
        let known = read(&side.buckets).stands_on(id, snap.edge);
        // Climbed before the buckets are held.
        let entries = if known { Vec::new() } else { entries_of(&side.metric, &snap) };
        side.write(|buckets| buckets.put_with(id, snap, free_ms, &entries));
        if let Some(moves) = &mut *moves {
            moves.push((id, Some((snap, free_ms))));
        }
    }

    /// Takes somebody off the road; false if they were not on it.
    pub fn remove(&self, id: Id) -> bool {
        let mut moves = lock(&self.moves);
        if let Some(moves) = &mut *moves {
            moves.push((id, None));
        }
        self.present().write(|buckets| buckets.remove(id))
    }

    /// As [`StaffBuckets::nearest`].
    pub fn nearest(&self, pickup: &Snap, k: usize, bound_ms: u32, may_go: impl FnMut(Id) -> bool) -> Vec<(Id, u32)> {
        let side = self.present();
        let arrivals = side.metric.arrivals_whole(pickup);
        let buckets = read(&side.buckets);
        buckets.nearest_of(&arrivals, k, bound_ms, may_go)
    }

    /// Something to be asked of the staff as they are now; moves wait meanwhile.
    pub fn with<T>(&self, ask: impl FnOnce(&StaffBuckets<Id>) -> T) -> T {
        ask(&read(&self.present().buckets))
    }

    /// The present metric, for travel times and routes.
    pub fn metric(&self) -> Arc<Metric> {
        Arc::clone(&self.present().metric)
    }

    /// Makes a metric for other times, puts everybody on it and swaps it in. Long: call it from a worker. A second caller
    /// waits for the first.
    pub fn reweigh(&self, times: ArcTimes) {
        let _one_at_a_time = lock(&self.reweighting);
        let metric = Arc::new(Metric::new(&self.hierarchy, times));
        let staff: Vec<(Id, Snap, u32)> = {
            let mut moves = lock(&self.moves);
            *moves = Some(Vec::new());
            read(&self.present().buckets).iter().collect()
        };
        let mut fresh = StaffBuckets::filled(metric, staff);
        for _ in 0..CATCH_UPS_MAX {
            let meanwhile = lock(&self.moves).as_mut().map(std::mem::take).unwrap_or_default();
            let few = meanwhile.len() <= LAST_MOVES_MAX;
            apply(&mut fresh, meanwhile);
            if few {
                break;
            }
        }
        let mut moves = lock(&self.moves);
        apply(&mut fresh, moves.take().unwrap_or_default());
        let before = std::mem::replace(
            &mut *self.present.write().unwrap_or_else(PoisonError::into_inner),
            Arc::new(Side::new(fresh)),
        );
        drop(moves);
        // Freed here, when the last search on it has ended or by that.
        drop(before);
    }

    fn present(&self) -> Arc<Side<Id>> {
        Arc::clone(&read(&self.present))
    }
}

impl<Id: Copy + Ord + Hash> Side<Id> {
    fn new(buckets: StaffBuckets<Id>) -> Self {
        Self { metric: Arc::clone(buckets.metric()), buckets: RwLock::new(buckets) }
    }

    fn write<T>(&self, change: impl FnOnce(&mut StaffBuckets<Id>) -> T) -> T {
        change(&mut self.buckets.write().unwrap_or_else(PoisonError::into_inner))
    }
}

fn apply<Id: Copy + Ord + Hash>(buckets: &mut StaffBuckets<Id>, moves: Vec<Move<Id>>) {
    for (id, to) in moves {
        match to {
            Some((snap, free_ms)) => buckets.put_busy(id, snap, free_ms),
            None => {
                buckets.remove(id);
            }
        }
    }
}

/// A panic elsewhere leaves whole values behind: every change here is one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

impl<Id> fmt::Debug for Live<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Live({:?})", self.hierarchy)
    }
}
