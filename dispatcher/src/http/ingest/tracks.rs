//! Owns the fixes on their way to the tracks of trips, and the number of those that were refused: pushed on the path of a fix without
//! waiting, put on the record by a task once a second. What cannot be kept is counted by why.

use crate::http::App;
use crate::live::Verdict;
use crate::record::{Refused, TrackFix};
use crate::telemetry;
use matcher::model::{AccountId, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Most that wait: ten seconds of 10,000 staff on trips at once, and with the record away no more memory than that.
pub const QUEUE_MAX: usize = 25_000;
/// Between two writes.
const EVERY: Duration = Duration::from_secs(1);
/// Most in one transaction: others wait for the one writer meanwhile, some 10 ms.
const BATCH_MAX: usize = 1_000;

/// The queue.
#[derive(Default)]
pub struct Tracks {
    fixes: Mutex<Vec<TrackFix>>,
    /// One for each of the staff and word, however many came.
    refused: Mutex<HashMap<(AccountId, &'static str), Refused>>,
}

impl Tracks {
    /// Adds a fix; the newest is dropped when the queue is full.
    pub fn push(&self, fix: TrackFix) {
        let mut queue = self.fixes.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.len() < QUEUE_MAX {
            queue.push(fix);
        } else {
            count("queue_full", 1);
        }
    }

    /// Counts one that says nowhere to be put.
    pub fn refuse(&self, staff: AccountId, verdict: Verdict, now: Timestamp) {
        self.add_refused([Refused { staff, verdict: verdict.word(), fixes: 1, came: [now; 2] }]);
    }

    fn add_refused(&self, more: impl IntoIterator<Item = Refused>) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        for one in more {
            let known = refused.entry((one.staff, one.verdict)).or_insert(Refused { fixes: 0, ..one });
            known.fixes = known.fixes.saturating_add(one.fixes);
            known.came = [known.came[0].min(one.came[0]), known.came[1].max(one.came[1])];
        }
    }

    fn take(&self) -> (Vec<TrackFix>, Vec<Refused>) {
        let fixes = std::mem::take(&mut *self.fixes.lock().unwrap_or_else(PoisonError::into_inner));
        let refused = std::mem::take(&mut *self.refused.lock().unwrap_or_else(PoisonError::into_inner));
        (fixes, refused.into_values().collect())
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.fixes.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Back to the front; what has no room any more is dropped.
    fn put_back(&self, mut unwritten: Vec<TrackFix>) {
        let mut queue = self.fixes.lock().unwrap_or_else(PoisonError::into_inner);
        unwritten.append(&mut queue);
        count("queue_full", unwritten.len().saturating_sub(QUEUE_MAX) as u64);
        unwritten.truncate(QUEUE_MAX);
        *queue = unwritten;
    }
}

/// Writes until the server drains.
pub async fn run(app: Arc<App>) {
    while !app.drain.is_cancelled() {
        tokio::select! {
            () = app.drain.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
        flush(&app).await;
    }
}

/// Writes what waits. What the record does not take waits on.
pub async fn flush(app: &App) {
    let (mut waiting, refused) = app.ingest.tracks.take();
    if !refused.is_empty() && app.record.note_refused(app.env.now(), &refused).await.is_err() {
        app.ingest.tracks.add_refused(refused);
    }
    while !waiting.is_empty() {
        let rest = waiting.split_off(waiting.len().min(BATCH_MAX));
        let Ok(noted) = app.record.note_track(app.env.now(), &waiting).await else {
            waiting.extend(rest);
            return app.ingest.tracks.put_back(waiting);
        };
        count("kept", noted.kept);
        count("of_no_trip", noted.of_no_trip);
        count("beyond_limit", noted.beyond_limit);
        waiting = rest;
    }
}

fn count(outcome: &'static str, fixes: u64) {
    metrics::counter!(telemetry::TRACK_FIXES, "outcome" => outcome).increment(fixes);
}
