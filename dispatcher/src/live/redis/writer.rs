//! Owns the task that keeps Redis up to date: batches what changed, comes back when Redis was away, and fills a Redis that
//! has lost its content. Never holds up `put`.

use super::super::Shared;
use super::{Change, Link, LiveError, Queue, Reloaded};
use crate::clock::Env;
use crate::telemetry;
use ::redis::{ErrorKind, RedisError, RedisResult};
use geo::Fix;
use matcher::model::AccountId;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long changes gather before they are written.
const BATCH_WINDOW: Duration = Duration::from_millis(5);
/// Most members in one pipeline.
const BATCH_MAX: usize = 512;
/// How often a quiet connection is asked whether Redis still has its content.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Waits between attempts while Redis is away: doubling from here,
const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// to here.
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// The running task.
pub(in crate::live) struct Writer {
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Reads everything back, then writes from a task. A Redis that is away is tried again by the task.
    pub(in crate::live) async fn start(
        url: &str,
        prefix: &str,
        env: Env,
        shared: Arc<Shared>,
    ) -> Result<Self, LiveError> {
        let mut round = Round { link: Link::new(url, prefix)?, env, shared };
        match round.catch_up().await {
            Ok(()) => {}
            Err(error) if is_refusal(&error) => return Err(LiveError::Refused),
            Err(error) => round.lost(&error),
        }
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(round, stop.clone()));
        Ok(Self { stop, task: Mutex::new(Some(task)) })
    }

    /// Whether the task runs: it ends by [`Self::stop`] only, or by a fault of its own.
    pub(in crate::live) fn runs(&self) -> bool {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        task.as_ref().is_some_and(|task| !task.is_finished())
    }

    /// Ends the task after the batch in hand.
    pub(in crate::live) async fn stop(&self) {
        self.stop.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // A panic of the task has been reported by the runtime; there is nothing left to stop then.
            let _ = task.await;
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn is_refusal(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"))
}

async fn run(mut round: Round, stop: CancellationToken) {
    let shared = Arc::clone(&round.shared);
    let Some(queue) = &shared.queue else { return };
    let mut backoff = BACKOFF_MIN;
    let mut beat = tokio::time::interval(HEARTBEAT);
    loop {
        let is_beat = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = beat.tick() => true,
            () = queue.woken() => {
                tokio::time::sleep(BATCH_WINDOW).await;
                false
            }
        };
        while let Err(error) = round.turn(queue, is_beat).await {
            round.lost(&error);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(backoff) => {}
            }
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
        backoff = BACKOFF_MIN;
    }
}

/// One turn of the writer, with what it needs.
struct Round {
    link: Link,
    env: Env,
    shared: Arc<Shared>,
}

impl Round {
    async fn turn(&mut self, queue: &Queue, is_beat: bool) -> RedisResult<()> {
        if is_beat || self.link.is_new() {
            self.catch_up().await?;
        }
        loop {
            let batch = queue.take(BATCH_MAX);
            let is_last = batch.len() < BATCH_MAX;
            let changes: Vec<Change> = {
                let index = self.shared.index();
                batch.iter().map(|&staff| (staff, index.get(staff))).collect()
            };
            match self.link.write(&changes, self.env.now().0).await {
                Ok(refused) => {
                    metrics::counter!(telemetry::LIVE_REDIS_WRITES).increment(changes.len() as u64);
                    metrics::counter!(telemetry::LIVE_REDIS_SKIPPED).increment(refused as u64);
                    queue.written();
                }
                Err(error) => {
                    queue.put_back(batch);
                    return Err(error);
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// The first time reads everything back; later makes sure that Redis still has its content, and if not queues everybody.
    async fn catch_up(&mut self) -> RedisResult<()> {
        let fresh = self.env.uuid().to_string();
        if self.link.is_loaded() {
            if !self.link.is_same_life(&fresh).await? {
                tracing::warn!("redis has lost its positions; writing everybody again");
                self.enqueue_everybody();
            }
        } else {
            let shared = Arc::clone(&self.shared);
            let mut outdated = Vec::new();
            let now_ms = self.env.now().0;
            let take = |staff, no, fix: Fix| {
                // One from the future would never grow old; a clock that was wrong must not keep a ghost.
                if fix.taken_at_ms > now_ms || !shared.index().merge(staff, no, fix) {
                    outdated.push(staff);
                }
            };
            let found = self.link.reload(&fresh, take).await?;
            self.loaded(found, outdated);
        }
        if self.queue().set_up(true) {
            tracing::info!("redis answers");
        }
        Ok(())
    }

    /// Records that are not the latest of their member are put right by writing the member again.
    fn loaded(&self, found: Reloaded, mut outdated: Vec<AccountId>) {
        outdated.extend(self.link.doubled());
        tracing::info!(
            live.records = found.records,
            live.skipped = found.skipped,
            live.outdated = outdated.len(),
            "positions read back from redis"
        );
        metrics::counter!(telemetry::LIVE_REDIS_SKIPPED).increment(found.skipped as u64);
        self.queue().push(outdated);
    }

    fn enqueue_everybody(&self) {
        let everybody: Vec<AccountId> = self.shared.index().staff().map(|p| p.staff).collect();
        self.queue().push(everybody);
    }

    fn lost(&mut self, error: &RedisError) {
        self.link.drop_connection();
        if self.queue().set_up(false) {
            tracing::warn!(redis.error = ?error.kind(), "redis is away; positions wait in memory");
        }
    }

    fn queue(&self) -> &Queue {
        self.shared.queue.as_ref().expect("a writer is started with a queue")
    }
}
