//! Owns the task that keeps Redis up to date: batches what changed, comes back when Redis was away, and fills a Redis that
//! has lost its content. Never holds up `put`.

use super::books::Books;
use super::link::{Link, Outcome};
use super::nodes::Name;
use super::queue::{Queue, Side};
use crate::telemetry;
use ::redis::RedisError;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long changes gather before they are written: so little while there are few of them (up to a thousand a second, which is four
/// thousand phones),
const WINDOW_MIN: Duration = Duration::from_millis(4);
/// and so much while there are many, so that others have them within 25 ms and one more (timers end up to one late): what a fix costs Redis
/// and all who read is the waking up for the parcel that brings it, twice as much with the least as with the most at 5,000 a second.
const WINDOW_MAX: Duration = Duration::from_millis(23);
/// Between them by so much for each change of the last [`RETRY`].
const WINDOW_EACH: Duration = Duration::from_micros(40);
/// Most members in one parcel.
const BATCH_MAX: usize = 512;
/// How often the last numbers are said and Redis is asked whether it still has its content.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How often it is seen who can be written to again, and whom to connect to.
const RETRY: Duration = Duration::from_millis(100);

/// Writes until stopped, and until what is on its way has come back.
pub(super) async fn run(link: Link, books: Arc<Books>, stop: CancellationToken) {
    let mut round = Round { link, books: Arc::clone(&books), failed: false, looks: true, gathered: 0 };
    let queue = books.queue();
    let (mut beat, mut retry) = (interval(HEARTBEAT), interval(RETRY));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut window: Option<Instant> = None;
    let mut gathers = WINDOW_MIN;
    while !stop.is_cancelled() {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            _ = beat.tick() => {
                round.link.beat();
                books.write_lost();
            }
            _ = retry.tick() => {
                let free = round.link.tend();
                round.free(free, queue);
                round.looks = true;
                gathers = window_by(std::mem::take(&mut round.gathered));
            }
            outcome = round.link.next() => round.settle(outcome, queue),
            () = sleep_until(window.unwrap_or_else(Instant::now)), if window.is_some() => {
                window = None;
                round.turn(queue);
            }
            () = queue.woken(), if window.is_none() => window = Some(Instant::now() + gathers),
        }
        round.tell(queue);
    }
    while !round.link.is_idle() {
        let outcome = round.link.next().await;
        round.settle(outcome, queue);
    }
}

/// The window after so many changes.
fn window_by(changes: u32) -> Duration {
    (WINDOW_EACH * changes).clamp(WINDOW_MIN, WINDOW_MAX)
}

/// The writer between two things that happen.
struct Round {
    link: Link,
    books: Arc<Books>,
    /// Something failed since it was last told.
    failed: bool,
    /// It is time to see whether all is well.
    looks: bool,
    /// Changes taken since the window was last set.
    gathered: u32,
}

impl Round {
    /// Sends what waits to whom it is for.
    fn turn(&mut self, queue: &Queue) {
        loop {
            let (batch, drops) = queue.take(BATCH_MAX);
            if batch.is_empty() && drops.is_empty() {
                return;
            }
            self.gathered += batch.len() as u32;
            let (changes, needless) = self.books.standing(&batch);
            queue.settled(needless, 0);
            let outcome = self.link.send(changes, drops);
            self.settle(outcome, queue);
        }
    }

    fn settle(&mut self, outcome: Outcome, queue: &Queue) {
        metrics::counter!(telemetry::LIVE_REDIS_WRITES).increment(outcome.kept.len() as u64);
        metrics::counter!(telemetry::LIVE_REDIS_SKIPPED).increment(outcome.refused.len() as u64);
        let outdated: Vec<_> =
            outcome.kept.iter().flat_map(|(tag, staff, standing)| self.books.written(*tag, *staff, standing)).collect();
        // Before they are settled: while a record has to be dropped, or a tag to be written again, not everything is done.
        queue.drop_records(outdated);
        self.books.write_lost();
        for (server, staff, drops) in outcome.waiting {
            queue.park(&server, staff, drops);
        }
        queue.put_back(outcome.again);
        queue.settled(outcome.kept.iter().map(|change| change.1).chain(outcome.refused), outcome.dropped);
        self.failed |= outcome.error.is_some();
        self.free(outcome.free, queue);
    }

    fn free(&mut self, servers: Vec<Name>, queue: &Queue) {
        let mut any = false;
        for server in servers {
            // Of whom nothing is known, all are looked at again: they are of any server.
            let limit = if self.link.is_known(&server) { BATCH_MAX } else { usize::MAX };
            any |= queue.unpark(&server, limit);
        }
        if any {
            self.turn(queue);
        }
    }

    /// Says what has become of Redis, if that is news.
    fn tell(&mut self, queue: &Queue) {
        let (failed, looks) = (std::mem::take(&mut self.failed), std::mem::take(&mut self.looks));
        if !failed && !looks && queue.is_up() {
            return;
        }
        if failed || !self.link.is_well() {
            lost(queue, &self.link.why());
        } else if !queue.has_parked() && queue.set_up(Side::Writer, true) {
            // Not before the last of them: others do not answer for a server that is away.
            tracing::info!("redis answers");
        }
    }
}

fn lost(queue: &Queue, error: &RedisError) {
    if queue.set_up(Side::Writer, false) {
        tracing::warn!(redis.error = ?error.kind(), "redis is away; positions wait in memory");
    }
}

#[cfg(test)]
mod tests {
    use super::{WINDOW_MAX, WINDOW_MIN, window_by};
    use std::time::Duration;

    #[test]
    fn few_changes_wait_a_few_milliseconds_and_many_gather() {
        // A hundred in a tenth of a second are a thousand a second.
        for (changes, ms) in [(0, 4), (100, 4), (250, 10), (500, 20), (3_300, 23), (u32::MAX / 100_000, 23)] {
            assert_eq!(window_by(changes), Duration::from_millis(ms), "{changes}");
        }
        assert!(WINDOW_MIN < WINDOW_MAX);
    }
}
