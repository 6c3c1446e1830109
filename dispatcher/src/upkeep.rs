//! Owns what is done now and then while the server runs: the clock is looked at, the silent and those off shift are forgotten, gauges are
//! set, that of the record beside the rest, which waits for it. Decides nothing about trips.
//!
//! Invariant: a clock that is set makes nobody fresher than they are, and makes nobody be forgotten.

use crate::clock::Steps;
use crate::engine::field::Field;
use crate::http::App;
use crate::http::health::watch_record;
use crate::http::ingest::at_work::is_at_work;
use crate::live::{Health, Live};
use crate::telemetry;
use crate::view::incident::{FOLLOWED_S, follows_device};
use matcher::model::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often gauges are set and the silent are forgotten.
const ROUND_EVERY: Duration = Duration::from_secs(5);
/// How often the clock is looked at: so long a clock that was set back shows the silent as fresh.
const CLOCK_EVERY: Duration = Duration::from_millis(250);
/// After the clock was set, nobody is forgotten for so long.
const CLOCK_SET_QUIET: Duration = Duration::from_secs(60);
/// A last position is kept so long after its phone fell silent, seconds: long enough for an alarm to name it.
const SILENT_KEPT_S: i64 = 30 * 60;

/// Runs until the server drains.
pub async fn run(app: Arc<App>, live: Arc<Live>, field: Arc<Field>, metrics: PrometheusHandle) {
    let upkeep = Upkeep::new(Arc::clone(&app), live, field);
    tokio::select! {
        () = upkeep.run(&metrics) => {}
        () = watch_record(&app) => {}
    }
}

/// The server's upkeep between two rounds. `since` is of a clock that nobody sets.
struct Upkeep {
    app: Arc<App>,
    live: Arc<Live>,
    field: Arc<Field>,
    clock: Mutex<Clock>,
}

/// What is known of the clock.
#[derive(Default)]
struct Clock {
    steps: Steps,
    /// Until then nobody is forgotten.
    quiet_until: Duration,
    /// How often it was set back, and of how many of these the record was mended: one is counted at first, for it may have been while
    /// nothing ran.
    set_back: u64,
    mended: u64,
}

impl Upkeep {
    fn new(app: Arc<App>, live: Arc<Live>, field: Arc<Field>) -> Self {
        let clock = Mutex::new(Clock { set_back: 1, ..Clock::default() });
        Self { app, live, field, clock }
    }

    /// The record may keep a round waiting for many seconds: the clock is looked at meanwhile.
    async fn run(&self, metrics: &PrometheusHandle) {
        let begun = tokio::time::Instant::now();
        let since = || begun.elapsed();
        let watching = async {
            while self.goes_on() {
                self.look_at_clock(self.app.env.now(), since());
                self.pause(CLOCK_EVERY).await;
            }
        };
        let rounds = async {
            while self.goes_on() {
                self.round(since).await;
                self.pause(ROUND_EVERY).await;
            }
        };
        // What tells that something is away waits for nothing that may be.
        let telling = async {
            while self.goes_on() {
                live_gauges(&self.live);
                metrics.run_upkeep();
                self.pause(ROUND_EVERY).await;
            }
        };
        tokio::join!(watching, rounds, telling);
    }

    fn goes_on(&self) -> bool {
        !self.app.drain.is_cancelled() && self.live.is_written()
    }

    async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = self.app.drain.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }

    async fn round(&self, since: impl Fn() -> Duration) {
        self.mend().await;
        self.forget(since());
        self.forget_off_shift(&since).await;
        self.field.forget(&self.live);
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the clock has been still for long enough that ages are believed.
    fn look_at_clock(&self, now: Timestamp, since: Duration) -> bool {
        let mut clock = self.clock();
        if let Some(by_ms) = clock.steps.set_by_ms(now, since) {
            clock.quiet_until = since + CLOCK_SET_QUIET;
            if by_ms < 0 {
                tracing::warn!("the clock of this machine was set back; nobody is forgotten for a minute");
                clock.set_back += 1;
                self.live.clock_was_set_back(by_ms);
                self.app.ingest.people.clock_was_set_back(by_ms);
                self.app.watch.clock_was_set_back(by_ms);
            } else {
                tracing::warn!(
                    "the clock of this machine was put forward; nobody is forgotten for a minute, and everybody looks older than they are until they report"
                );
            }
        }
        since >= clock.quiet_until
    }

    fn is_mended(&self) -> bool {
        let clock = self.clock();
        clock.mended == clock.set_back
    }

    /// What waits on the record for a time that will not come is due now.
    async fn mend(&self) {
        if self.is_mended() {
            return;
        }
        let set_back = self.clock().set_back;
        match self.app.record.clock_was_set_back(self.app.env.now()).await {
            // Set back again meanwhile, it is mended again.
            Ok(_) => self.clock().mended = set_back,
            Err(error) => {
                tracing::error!(cause = %error, "what waits for a time that will not come is looked at again");
            }
        }
    }

    /// All at one time, at which the clock is looked at first: by one that was put forward everybody would be gone, on all nodes.
    fn forget(&self, since: Duration) {
        let Self { app, live, .. } = self;
        let now = app.env.now();
        if self.look_at_clock(now, since) {
            live.forget_silent(now, SILENT_KEPT_S);
        }
        app.sight.forget_old(now);
        app.ingest.people.forget_silent(now);
        app.ingest.forget_unused(now);
    }

    /// Whose shift ran out by the clock is forgotten too, unless in an alarm that is followed. While the record is away nobody is.
    async fn forget_off_shift(&self, since: impl Fn() -> Duration) {
        let App { record, roster, ingest, env, .. } = &*self.app;
        let now = env.now();
        let shown = record.incidents_shown(now.plus_s(-FOLLOWED_S));
        let (Ok(view), Ok(alarms)) = (roster.refresh(record, now).await, shown.await) else { return };
        // The record may have taken its time, and the clock may have been set meanwhile: then shifts seem not to have begun.
        let now = env.now();
        self.look_at_clock(now, since());
        if !self.is_mended() {
            return;
        }
        for person in self.live.snapshot() {
            let at_work = view.by_id.get(&person.staff).is_some_and(|entry| is_at_work(entry, now));
            if !at_work && !alarms.iter().any(|alarm| follows_device(alarm, now) && alarm.raised_by == person.staff) {
                self.live.remove(person.staff);
                ingest.forget(person.staff);
            }
        }
    }
}

/// Sets what a process shows of its live index and of itself.
pub fn live_gauges(live: &Live) {
    metrics::gauge!(telemetry::LIVE_STAFF).set(live.len() as f64);
    metrics::gauge!(telemetry::LIVE_BEHIND).set(live.behind() as f64);
    metrics::gauge!(telemetry::LIVE_REDIS_LAG_MS).set(live.lag_ms() as f64);
    match live.health() {
        Health::InProcess => {}
        Health::RedisUp => metrics::gauge!(telemetry::LIVE_REDIS_UP).set(1.0),
        Health::RedisDown => metrics::gauge!(telemetry::LIVE_REDIS_UP).set(0.0),
    }
    if let Some(bytes) = telemetry::resident_bytes() {
        metrics::gauge!(telemetry::MEMORY_BYTES).set(bytes as f64);
    }
    if let Some(files) = telemetry::open_files() {
        metrics::gauge!(telemetry::OPEN_FILES).set(files as f64);
    }
}

#[cfg(test)]
#[path = "upkeep_tests.rs"]
mod tests;
