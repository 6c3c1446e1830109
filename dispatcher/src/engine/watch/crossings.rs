//! Owns the writing down of zone crossings: what the watch saw goes on the record, from where the phones of the crew are told. The
//! watch waits for none of it. What could not be written is tried again, in order, for as long as it is remembered.

use super::Watch;
use crate::clock::Env;
use crate::record::{Record, RecordError, ZoneCrossing};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Most that wait for a record that is away; the oldest are given up, and that is logged.
const WAITING_MAX: usize = 4_096;
/// Pause after the record failed.
const RECORD_AWAY: Duration = Duration::from_secs(1);

/// Crossings on their way to the record.
pub(super) struct Crossings {
    watch: Arc<Watch>,
    record: Arc<Record>,
    env: Env,
    waiting: VecDeque<ZoneCrossing>,
}

impl Crossings {
    pub(super) fn new(watch: Arc<Watch>, record: Arc<Record>, env: Env) -> Self {
        Self { watch, record, env, waiting: VecDeque::new() }
    }

    /// Writes until told to stop, and then what was seen until then.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.write().await;
            let again = if self.waiting.is_empty() { Duration::MAX } else { RECORD_AWAY };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.watch.crossed.notified(), if self.waiting.is_empty() => {}
                () = tokio::time::sleep(again) => {}
            }
        }
        self.write().await;
    }

    /// Writes what waits, as far as the record takes it.
    pub(super) async fn write(&mut self) {
        self.waiting.extend(self.watch.take_crossings());
        let too_many = self.waiting.len().saturating_sub(WAITING_MAX);
        if too_many > 0 {
            self.waiting.drain(..too_many);
            tracing::error!(crossings = too_many, "zone crossings given up: the record has been away for too long");
        }
        while let Some(crossing) = self.waiting.front() {
            match self.record.note_crossing(self.env.now(), crossing).await {
                Ok(()) => {}
                // It would stand before all others for ever.
                Err(error @ RecordError::Unreadable(_)) => {
                    tracing::error!(error.kind = %error, trip.id = %crossing.trip, "a zone crossing could not be noted");
                }
                Err(error) => {
                    tracing::error!(error.kind = %error, "zone crossings could not be noted; tried again");
                    return;
                }
            }
            self.waiting.pop_front();
        }
    }
}
