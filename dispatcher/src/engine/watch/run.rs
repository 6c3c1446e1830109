//! Owns the watch's task: follows the record for trips and, waiting for no record, the live index for moves and the clock for ages,
//! with the noting of crossings beside it. Fixes of crews come to the watch by themselves, in order (`Watch::fixes`). Trips and zones go to `led` too,
//! which is to know of the same.

use super::Watch;
use super::crossings::Crossings;
use crate::clock::Env;
use crate::engine::led::Led;
use crate::live::Live;
use crate::record::{AvoidZone, Record, RecordError, TripRow};
use crate::view::trip::{is_crewed, is_together};
use matcher::model::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks: an age is told so much late at most.
const TICK: Duration = Duration::from_millis(100);
/// Rows read at a time, and moves.
const ROWS_PER_READ: u32 = 500;
const MOVES_PER_READ: usize = 1_024;
/// Most reads of moves in a round; the rest waits for the next.
const READS_PER_ROUND: usize = 32;
/// Changes are gathered this long after a commit.
const GATHER: Duration = Duration::from_millis(10);
/// Trips are read after a commit, and so often whatever was heard of one, milliseconds.
const SWEEP_MS: i64 = 1_000;
/// A zone may be added while its rider is under way: how often that is looked for, milliseconds.
const ZONES_EVERY_MS: i64 = 10_000;
/// Pause after the record failed.
const RECORD_AWAY: Duration = Duration::from_secs(1);

/// How far the live index was followed.
pub(super) struct Moves {
    watch: Arc<Watch>,
    live: Arc<Live>,
    after: u64,
}

/// How far the record was.
pub(super) struct Tail {
    watch: Arc<Watch>,
    record: Arc<Record>,
    led: Arc<Led>,
    /// Last change of a trip that was read; `None` before the open trips were.
    trips_after: Option<i64>,
    trips_at: Timestamp,
    zones_at: Timestamp,
}

/// Watches, and notes who crossed into zones, until told to stop.
pub async fn run(
    watch: Arc<Watch>,
    record: Arc<Record>,
    live: Arc<Live>,
    led: Arc<Led>,
    env: Env,
    stop: CancellationToken,
) {
    let crossings = Crossings::new(Arc::clone(&watch), Arc::clone(&record), env.clone());
    let moves = Moves::new(Arc::clone(&watch), live);
    let tail = Tail::new(watch, record, led, env.now());
    tokio::join!(moves.run(&env, &stop), tail.run(&env, &stop), crossings.run(stop.clone()));
}

impl Moves {
    pub(super) const fn new(watch: Arc<Watch>, live: Arc<Live>) -> Self {
        Self { watch, live, after: 0 }
    }

    async fn run(mut self, env: &Env, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            self.follow(env.now());
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    pub(super) fn follow(&mut self, now: Timestamp) {
        for _ in 0..READS_PER_ROUND {
            let (cursor, moved) = self.live.moved_since(self.after, MOVES_PER_READ);
            self.after = cursor;
            let full = moved.len() == MOVES_PER_READ;
            self.watch.moved(moved.into_iter().map(|at| (at.staff, at.fix.taken_at_ms)), now);
            if !full {
                break;
            }
        }
        self.watch.look(now, |staff| self.live.last_fix(staff).map(|fix| fix.taken_at_ms));
    }
}

impl Tail {
    pub(super) const fn new(watch: Arc<Watch>, record: Arc<Record>, led: Arc<Led>, now: Timestamp) -> Self {
        Self { watch, record, led, trips_after: None, trips_at: now, zones_at: now }
    }

    async fn run(mut self, env: &Env, stop: &CancellationToken) {
        let mut commits = self.record.commits();
        let mut trips_due = true;
        while !stop.is_cancelled() {
            if (trips_due || self.is_due(env.now()))
                && let Err(error) = self.follow_trips(env.now()).await
            {
                tracing::error!(error.kind = %error, "trips could not be read to be watched; tried again");
                tokio::time::sleep(RECORD_AWAY).await;
            }
            trips_due = tokio::select! {
                () = stop.cancelled() => false,
                _ = commits.changed() => {
                    tokio::time::sleep(GATHER).await;
                    true
                }
                () = tokio::time::sleep(TICK) => false,
            };
        }
    }

    /// Whether trips are to be read though no commit was heard of.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        has_gone_by(self.trips_at, SWEEP_MS, now)
    }

    pub(super) async fn follow_trips(&mut self, now: Timestamp) -> Result<(), RecordError> {
        self.trips_at = now;
        let mut after = match self.trips_after {
            Some(after) => after,
            None => self.begin(now).await?,
        };
        loop {
            let changed = self.record.trips_changed_after(after, ROWS_PER_READ).await?;
            for row in changed.rows {
                self.take(&row, now).await?;
                self.trips_after = Some(row.change_no);
            }
            after = changed.upto;
            self.trips_after = Some(after);
            if !changed.is_full {
                break;
            }
        }
        if has_gone_by(self.zones_at, ZONES_EVERY_MS, now) {
            self.zones_at = now;
            for row in self.record.trips(&self.watch.together()).await? {
                self.take(&row, now).await?;
            }
        }
        Ok(())
    }

    /// Reads what is open, and says from which change on the rest is read.
    async fn begin(&mut self, now: Timestamp) -> Result<i64, RecordError> {
        // The last end is read first: what ends after that is read as a change.
        let ended = self.record.trips_ended_since(Timestamp(0), 1).await?;
        let open = self.record.open_trips().await?;
        for row in open.iter().filter(|row| is_crewed(row.trip.phase)) {
            self.take(row, now).await?;
        }
        let after = ended.iter().chain(&open).map(|row| row.change_no).max().unwrap_or(0);
        self.trips_after = Some(after);
        Ok(after)
    }

    /// Where they cannot be read, all else of the trip is watched, and all other trips.
    async fn zones_of(&self, row: &TripRow) -> Result<Vec<AvoidZone>, RecordError> {
        match self.record.zones_of(row.trip.rider).await {
            Err(error @ RecordError::Unreadable(_)) => {
                tracing::error!(error.kind = %error, trip.id = %row.trip.id, "a rider's zones cannot be read, so nobody is told of them");
                Ok(Vec::new())
            }
            zones => zones,
        }
    }

    async fn take(&self, row: &TripRow, now: Timestamp) -> Result<(), RecordError> {
        let zones = if is_together(row.trip.phase) { self.zones_of(row).await? } else { Vec::new() };
        self.watch.trip(row, &zones, now);
        let _found_later = self.led.take(row, &zones);
        Ok(())
    }
}

/// Whether so much time has gone by, or nobody knows: of a clock that was set back it would not be so until it comes again to where it was.
fn has_gone_by(since: Timestamp, ms: i64, now: Timestamp) -> bool {
    now.since_ms(since).abs() >= ms
}
