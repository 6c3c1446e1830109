//! Owns the fixes on their way to the tracks of trips: pushed on the path of a fix without waiting, put on the record by a task once a
//! second. What cannot be kept is counted by why.

use crate::http::App;
use crate::record::TrackFix;
use crate::telemetry;
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
pub struct Tracks(Mutex<Vec<TrackFix>>);

impl Tracks {
    /// Adds a fix; the newest is dropped when the queue is full.
    pub fn push(&self, fix: TrackFix) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.len() < QUEUE_MAX {
            queue.push(fix);
        } else {
            count("queue_full", 1);
        }
    }

    fn take(&self) -> Vec<TrackFix> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Back to the front; what has no room any more is dropped.
    fn put_back(&self, mut unwritten: Vec<TrackFix>) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
    let mut waiting = app.ingest.tracks.take();
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
