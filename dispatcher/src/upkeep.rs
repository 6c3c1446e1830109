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
use std::sync::Arc;
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
    tokio::select! {
        () = rounds(Arc::clone(&app), live, field, metrics) => {}
        () = watch_record(&app) => {}
    }
}

async fn rounds(app: Arc<App>, live: Arc<Live>, field: Arc<Field>, metrics: PrometheusHandle) {
    let begun = tokio::time::Instant::now();
    let mut upkeep = Upkeep::new(Arc::clone(&app), Arc::clone(&live), field);
    let mut due = Duration::ZERO;
    while !app.drain.is_cancelled() && live.is_written() {
        upkeep.look_at_clock(app.env.now(), begun.elapsed());
        if begun.elapsed() >= due {
            upkeep.round(app.env.now(), begun.elapsed()).await;
            metrics.run_upkeep();
            due = begun.elapsed() + ROUND_EVERY;
        }
        tokio::select! {
            () = app.drain.cancelled() => {}
            () = tokio::time::sleep(CLOCK_EVERY) => {}
        }
    }
}

/// The server's upkeep between two rounds. `since` is of a clock that nobody sets.
struct Upkeep {
    app: Arc<App>,
    live: Arc<Live>,
    field: Arc<Field>,
    steps: Steps,
    /// Until then nobody is taken for silent.
    quiet_until: Duration,
    /// What waits for a time that will not come was looked for: not at first, for the clock may have been set back while nothing ran.
    is_mended: bool,
}

impl Upkeep {
    fn new(app: Arc<App>, live: Arc<Live>, field: Arc<Field>) -> Self {
        Self { app, live, field, steps: Steps::default(), quiet_until: Duration::ZERO, is_mended: false }
    }

    fn look_at_clock(&mut self, now: Timestamp, since: Duration) {
        let Some(by_ms) = self.steps.set_by_ms(now, since) else { return };
        tracing::warn!(
            "the clock of this machine was set; nobody is taken for silent until their phones have reported again"
        );
        self.quiet_until = since + CLOCK_SET_QUIET;
        if by_ms < 0 {
            self.is_mended = false;
            self.live.clock_was_set_back(by_ms);
            self.app.ingest.people.clock_was_set_back(by_ms);
        }
    }

    async fn round(&mut self, now: Timestamp, since: Duration) {
        let Self { app, live, field, .. } = self;
        if !self.is_mended {
            match app.record.clock_was_set_back(now).await {
                Ok(_) => self.is_mended = true,
                Err(error) => {
                    tracing::error!(cause = %error, "what waits for a time that will not come is looked at again");
                }
            }
        }
        // By a clock that was put forward everybody would be gone, on all nodes.
        if since >= self.quiet_until {
            live.forget_silent(now, SILENT_KEPT_S);
        }
        app.sight.forget_old(now);
        app.ingest.people.forget_silent(now);
        app.ingest.forget_unused(now);
        forget_off_shift(live, app, now).await;
        field.forget(live);
        live_gauges(live);
    }
}

/// Whose shift ran out by the clock is forgotten too, unless in an alarm that is followed. While the record is away nobody is.
async fn forget_off_shift(live: &Live, app: &App, now: Timestamp) {
    let App { record, roster, ingest, .. } = app;
    let since = now.plus_s(-FOLLOWED_S);
    let (Ok(view), Ok(alarms)) = (roster.refresh(record, now).await, record.incidents_shown(since).await) else {
        return;
    };
    for person in live.snapshot() {
        let at_work = view.by_id.get(&person.staff).is_some_and(|entry| is_at_work(entry, now));
        if !at_work && !alarms.iter().any(|alarm| follows_device(alarm, now) && alarm.raised_by == person.staff) {
            live.remove(person.staff);
            ingest.forget(person.staff);
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
