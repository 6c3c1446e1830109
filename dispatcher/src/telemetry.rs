//! Owns logs and metrics: how they are set up, and every metric's name. Nothing personal goes into either: labels are small
//! closed sets of words, never ids.

use crate::config::{LogFormat, LogSettings};
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::util::TryInitError;

/// Metric names. Counters end in `_total`; units are in the name.
pub mod names {
    /// Fixes by `verdict`.
    pub const FIXES: &str = "donghaeng_fixes_total";
    /// Staff with a known position.
    pub const LIVE_STAFF: &str = "donghaeng_live_staff";
    /// 1 if Redis answers.
    pub const LIVE_REDIS_UP: &str = "donghaeng_live_redis_up";
    /// Age of the oldest position not yet in Redis.
    pub const LIVE_REDIS_LAG_MS: &str = "donghaeng_live_redis_lag_ms";
    /// Positions waiting for Redis.
    pub const LIVE_REDIS_QUEUED: &str = "donghaeng_live_redis_queued";
    /// Positions written to Redis.
    pub const LIVE_REDIS_WRITES: &str = "donghaeng_live_redis_writes_total";
    /// Redis values that were not ours.
    pub const LIVE_REDIS_SKIPPED: &str = "donghaeng_live_redis_skipped_total";
    /// REST answers by `route` and `status`.
    pub const HTTP_ANSWERS: &str = "donghaeng_http_answers_total";
    /// Time to answer, by `route`.
    pub const HTTP_SECONDS: &str = "donghaeng_http_answer_seconds";
    /// Open sockets by `role`.
    pub const SOCKETS: &str = "donghaeng_sockets";
    /// Sockets closed by `code`.
    pub const SOCKET_CLOSES: &str = "donghaeng_socket_closes_total";
    /// Messages from clients by `kind`.
    pub const SOCKET_MESSAGES: &str = "donghaeng_socket_messages_total";
    /// Outbox rows sent again.
    pub const OUTBOX_RESENT: &str = "donghaeng_outbox_resent_total";
    /// Engine batches.
    pub const BATCHES: &str = "donghaeng_engine_batches_total";
    /// Time of one engine batch.
    pub const BATCH_SECONDS: &str = "donghaeng_engine_batch_seconds";
    /// Trips waiting for a crew.
    pub const TRIPS_WAITING: &str = "donghaeng_trips_waiting";
    /// Offers placed.
    pub const OFFERS: &str = "donghaeng_offers_total";
    /// Trips handed to a human.
    pub const ESCALATIONS: &str = "donghaeng_escalations_total";
    /// Effects that lost a race.
    pub const LOST_RACES: &str = "donghaeng_lost_races_total";
    /// Time to commit a transition.
    pub const COMMIT_SECONDS: &str = "donghaeng_record_commit_seconds";
    /// Incidents not yet acknowledged.
    pub const INCIDENTS_OPEN: &str = "donghaeng_incidents_open";
    /// Memory of the process.
    pub const PROCESS_RSS: &str = "process_resident_memory_bytes";
    /// Open file descriptors.
    pub const PROCESS_FDS: &str = "process_open_fds";
}

/// Buckets of the histograms, seconds: from an in-process search to a slow disk.
const BUCKETS_S: [f64; 12] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// How often the recorder folds its samples; without it histograms grow without limit.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Why telemetry did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The level setting.
    #[error("log.level is not a filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// A second start.
    #[error("logging is set up already")]
    Logs(#[from] TryInitError),
    /// A second start.
    #[error("metrics are set up already: {0}")]
    Metrics(#[from] BuildError),
}

/// Logs to standard error from here on.
pub fn start_logs(settings: &LogSettings) -> Result<(), TelemetryError> {
    let filter = EnvFilter::builder().parse(&settings.level)?;
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match settings.format {
        LogFormat::Plain => registry.with(lines.with_ansi(false)).try_init()?,
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init()?,
    }
    Ok(())
}

/// The process's metrics; `render` and `upkeep` are all there is to do with it.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Installs the recorder for the whole process.
    pub fn install() -> Result<Self, TelemetryError> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS_S)?
            .install_recorder()?;
        describe();
        Ok(Self { handle })
    }

    /// The text for `/metrics`, with the process's own figures read now.
    pub fn render(&self) -> String {
        report_process();
        self.handle.render()
    }

    /// Folds samples every 5 s; runs until dropped. Spawn it.
    pub async fn upkeep(self) {
        let mut beat = tokio::time::interval(UPKEEP_EVERY);
        loop {
            beat.tick().await;
            self.handle.run_upkeep();
        }
    }
}

fn describe() {
    describe_counter!(names::FIXES, "fixes received, by verdict");
    describe_gauge!(names::LIVE_STAFF, "staff with a known position");
    describe_gauge!(names::LIVE_REDIS_UP, "1 if redis answers");
    describe_gauge!(names::LIVE_REDIS_LAG_MS, "age of the oldest position not yet in redis, milliseconds");
    describe_gauge!(names::LIVE_REDIS_QUEUED, "positions waiting for redis");
    describe_counter!(names::LIVE_REDIS_WRITES, "positions written to redis");
    describe_counter!(names::LIVE_REDIS_SKIPPED, "redis values that were not ours");
    describe_counter!(names::HTTP_ANSWERS, "rest answers, by route and status");
    describe_histogram!(names::HTTP_SECONDS, "time to answer, by route");
    describe_gauge!(names::SOCKETS, "open sockets, by role");
    describe_counter!(names::SOCKET_CLOSES, "sockets closed, by code");
    describe_counter!(names::SOCKET_MESSAGES, "messages from clients, by kind");
    describe_counter!(names::OUTBOX_RESENT, "outbox rows sent again");
    describe_counter!(names::BATCHES, "engine batches");
    describe_histogram!(names::BATCH_SECONDS, "time of one engine batch");
    describe_gauge!(names::TRIPS_WAITING, "trips waiting for a crew");
    describe_counter!(names::OFFERS, "offers placed");
    describe_counter!(names::ESCALATIONS, "trips handed to a human");
    describe_counter!(names::LOST_RACES, "effects that lost a race");
    describe_histogram!(names::COMMIT_SECONDS, "time to commit a transition");
    describe_gauge!(names::INCIDENTS_OPEN, "incidents not yet acknowledged");
    describe_gauge!(names::PROCESS_RSS, "memory of the process, bytes");
    describe_gauge!(names::PROCESS_FDS, "open file descriptors");
}

/// From `/proc`; other systems report nothing.
fn report_process() {
    if let Some(bytes) = std::fs::read_to_string("/proc/self/status").ok().as_deref().and_then(resident_bytes) {
        metrics::gauge!(names::PROCESS_RSS).set(bytes as f64);
    }
    if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
        // The directory being read is one of them.
        metrics::gauge!(names::PROCESS_FDS).set(entries.count().saturating_sub(1) as f64);
    }
}

/// The `VmRSS` line, which is in kibibytes.
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1_024)
}
