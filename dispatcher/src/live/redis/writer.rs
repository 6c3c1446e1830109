//! Owns the task that keeps Redis up to date: batches what changed, comes back when Redis was away, and fills a Redis that
//! has lost its content. Never holds up `put`.

use super::books::Books;
use super::link::{Change, Link};
use super::queue::{Queue, Side};
use crate::telemetry;
use ::redis::RedisError;
use matcher::model::AccountId;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long changes gather before they are written. With the timer's grain of 1 ms, 5 ms at most.
const BATCH_WINDOW: Duration = Duration::from_millis(4);
/// Most members in one pipeline.
const BATCH_MAX: usize = 512;
/// How often the last numbers are said and Redis is asked whether it still has its content.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Most batches before the writer looks up.
const BATCHES_A_TURN: u32 = 64;
/// Between two attempts for those whose server is away.
const RETRY: Duration = Duration::from_millis(100);

/// Writes until stopped, after the batch in hand.
pub(super) async fn run(link: Link, books: Arc<Books>, stop: CancellationToken) {
    let mut round = Round { link, books: Arc::clone(&books), beats: true };
    let queue = books.queue();
    let mut beat = tokio::time::interval(HEARTBEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // By the clock, not by a lull: where fixes come all the time there is none.
    let mut retry = tokio::time::interval(RETRY);
    retry.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = beat.tick() => {
                let beat = round.link.beat().await;
                round.beats = beat.is_ok();
                if let Err(error) = beat {
                    lost(queue, &error);
                }
            }
            _ = retry.tick(), if queue.has_parked() => queue.try_parked(),
            () = queue.woken() => tokio::time::sleep(BATCH_WINDOW).await,
        }
        round.turn(queue).await;
    }
}

/// One turn of the writer, with what it needs.
struct Round {
    link: Link,
    books: Arc<Books>,
    /// Whether every server answered the last heartbeat.
    beats: bool,
}

impl Round {
    /// Writes what waits, once; so much at most that heartbeats, those parked and the end have their turn.
    async fn turn(&mut self, queue: &Queue) {
        let mut why = None;
        for batches in 1.. {
            let (batch, drops) = queue.take(BATCH_MAX);
            let is_last = batch.len() < BATCH_MAX && drops.len() < BATCH_MAX;
            let changes = self.books.standing(&batch);
            let written = self.link.write(&changes).await;
            metrics::counter!(telemetry::LIVE_REDIS_WRITES).increment(written.kept.len() as u64);
            metrics::counter!(telemetry::LIVE_REDIS_SKIPPED).increment(written.refused as u64);
            let outdated = written.kept.iter().filter_map(|&place| {
                let (tag, staff, standing) = &changes[place];
                self.books.written(*tag, *staff, standing)
            });
            queue.drop_records(outdated);
            why = written.error.or(why);
            if let Err(error) = self.link.drop_records(&drops).await {
                why = Some(error);
            }
            queue.settled(failed(&changes, &written.failed));
            if is_last && !queue.has_drops() {
                break;
            }
            if batches == BATCHES_A_TURN {
                queue.wake_again();
                break;
            }
        }
        match why {
            Some(error) => lost(queue, &error),
            // Not before the last of them: others do not answer for a server that is away.
            None if self.beats && !queue.has_parked() && queue.set_up(Side::Writer, true) => {
                tracing::info!("redis answers");
            }
            None => {}
        }
    }
}

fn lost(queue: &Queue, error: &RedisError) {
    if queue.set_up(Side::Writer, false) {
        tracing::warn!(redis.error = ?error.kind(), "redis is away; positions wait in memory");
    }
}

fn failed<'a>(changes: &'a [Change], places: &'a [usize]) -> impl Iterator<Item = AccountId> + 'a {
    places.iter().map(|&place| changes[place].1)
}
