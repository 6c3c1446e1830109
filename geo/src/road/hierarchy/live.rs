//! Owns the staff of one mode while weights change: a metric with its buckets that is searched, and a new one made beside it
//! and swapped in. Does not choose when.
//!
//! Searches take the present side by a pointer and keep it to their end: none sees half a metric, and none waits for a
//! re-weighting. For a move they may wait the tens of microseconds its entries take: both climb before they take the buckets. But a lock
//! that a move waits for lets nobody else in to read: behind a long look the next search waits as the move does, to the look's end.
//! A re-weighting goes in steps: [`Live::begin`] and [`Live::swap`] are short and hold locks; what is long between them
//! ([`Metric::new`], [`Begun::onto`]) holds none, so that it may be done by a thread that everybody else's work holds up.
//! Invariant: from `begin` to `swap` every move is written down under the same lock that applies it, so it lands on both sides.

use super::buckets::{StaffBuckets, entries_of};
use super::metric::{Hierarchy, Metric};
use super::times::ArcTimes;
use crate::road::headed::Headed;
use crate::road::snap::Snap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// The last moves that came meanwhile are applied with movers held up; no more than these.
const LAST_MOVES_MAX: usize = 16;

/// Times the moves that came meanwhile are applied without holding movers up; then they wait.
const CATCH_UPS_MAX: usize = 8;

/// A move: who, and where with the milliseconds until free; `None` is off the road.
type Move<Id> = (Id, Option<(Headed, u32)>);

struct Side<Id> {
    metric: Arc<Metric>,
    buckets: RwLock<StaffBuckets<Id>>,
}

/// Staff on the present metric, shared between threads.
pub struct Live<Id> {
    hierarchy: Arc<Hierarchy>,
    present: RwLock<Arc<Side<Id>>>,
    /// Held by whoever moves somebody.
    moves: Arc<Mutex<Moves<Id>>>,
}

struct Moves<Id> {
    /// The latest re-weighting.
    round: u64,
    /// Since that one took its copy of the staff; `None` once it is over.
    since: Option<Vec<Move<Id>>>,
}

/// One re-weighting under way; moves are written down no longer than it lives.
struct Round<Id> {
    number: u64,
    moves: Arc<Mutex<Moves<Id>>>,
}

/// A re-weighting with its copy of the staff.
pub struct Begun<Id> {
    round: Round<Id>,
    staff: Vec<(Id, Headed, u32)>,
}

/// The staff of a re-weighting on its metric, as they stood when it began.
pub struct Fresh<Id> {
    round: Round<Id>,
    buckets: StaffBuckets<Id>,
}

impl<Id: Copy + Ord + Hash> Live<Id> {
    /// Nobody yet.
    pub fn new(metric: Arc<Metric>) -> Self {
        let hierarchy = Arc::clone(metric.hierarchy());
        let present = RwLock::new(Arc::new(Side::new(StaffBuckets::new(metric))));
        Self { hierarchy, present, moves: Arc::new(Mutex::new(Moves { round: 0, since: None })) }
    }

    /// Puts somebody where they will be free in so many milliseconds (0: now), or moves them.
    pub fn put(&self, id: Id, at: impl Into<Headed>, free_ms: u32) {
        let at = at.into();
        let mut moves = lock(&self.moves);
        let side = self.present();
        let known = read(&side.buckets).stands_as(id, &at);
        // Climbed before the buckets are held.
        let entries = if known { Vec::new() } else { entries_of(&side.metric, &at) };
        side.write(|buckets| buckets.put_with(id, at, free_ms, &entries));
        if let Some(moves) = &mut moves.since {
            moves.push((id, Some((at, free_ms))));
        }
    }

    /// Takes somebody off the road; false if they were not on it.
    pub fn remove(&self, id: Id) -> bool {
        let mut moves = lock(&self.moves);
        if let Some(moves) = &mut moves.since {
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

    /// What every metric of these staff is of.
    pub const fn hierarchy(&self) -> &Arc<Hierarchy> {
        &self.hierarchy
    }

    /// Begins a re-weighting: every move is written down from now on. One that is under way is overtaken.
    pub fn begin(&self) -> Begun<Id> {
        let mut moves = lock(&self.moves);
        moves.round += 1;
        moves.since = Some(Vec::new());
        let staff = read(&self.present().buckets).iter().collect();
        Begun { round: Round { number: moves.round, moves: Arc::clone(&self.moves) }, staff }
    }

    /// Lets a re-weighting catch up with the moves since it began, and swaps it in; false if it was overtaken.
    pub fn swap(&self, fresh: Fresh<Id>) -> bool {
        let Fresh { round, mut buckets } = fresh;
        assert!(Arc::ptr_eq(&self.moves, &round.moves), "a re-weighting is swapped in where it began");
        for _ in 0..CATCH_UPS_MAX {
            let Some(meanwhile) = lock(&self.moves).of(round.number).map(std::mem::take) else { return false };
            let few = meanwhile.len() <= LAST_MOVES_MAX;
            apply(&mut buckets, meanwhile);
            if few {
                break;
            }
        }
        let mut moves = lock(&self.moves);
        let Some(last) = moves.of(round.number).map(std::mem::take) else { return false };
        apply(&mut buckets, last);
        moves.since = None;
        let before = std::mem::replace(
            &mut *self.present.write().unwrap_or_else(PoisonError::into_inner),
            Arc::new(Side::new(buckets)),
        );
        drop(moves);
        // Freed here, when the last search on it has ended or by that.
        drop(before);
        true
    }

    /// All of a re-weighting at once. Long: call it from a worker.
    pub fn reweigh(&self, times: ArcTimes) {
        let metric = Arc::new(Metric::new(&self.hierarchy, times));
        self.swap(self.begin().onto(metric));
    }

    fn present(&self) -> Arc<Side<Id>> {
        Arc::clone(&read(&self.present))
    }
}

impl<Id: Copy + Ord + Hash> Begun<Id> {
    /// Puts the staff on a metric of the same hierarchy. Long, and holds no lock.
    pub fn onto(self, metric: Arc<Metric>) -> Fresh<Id> {
        Fresh { round: self.round, buckets: StaffBuckets::filled(metric, self.staff) }
    }
}

impl<Id> Moves<Id> {
    /// Those written down for a re-weighting; `None` if it is over or overtaken.
    fn of(&mut self, round: u64) -> Option<&mut Vec<Move<Id>>> {
        self.since.as_mut().filter(|_| self.round == round)
    }
}

impl<Id> Drop for Round<Id> {
    fn drop(&mut self) {
        let mut moves = lock(&self.moves);
        if moves.round == self.number {
            moves.since = None;
        }
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
            Some((at, free_ms)) => buckets.put_busy(id, at, free_ms),
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

impl<Id> fmt::Debug for Begun<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Begun({} staff)", self.staff.len())
    }
}

impl<Id> fmt::Debug for Fresh<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fresh({})", self.round.number)
    }
}
