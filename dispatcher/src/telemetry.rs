//! Owns logs and the names of all metrics. No name, place, position, phone, token or body is in either: see `docs/LOGGING.md`.
//! Labels never carry ids.

use crate::engine::watch::Event;
use crate::record::RowKind;
use anyhow::{Context, Result};
use matcher::model::Mode;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Seconds one engine batch took, search and commit.
pub const BATCH_SECONDS: &str = "donghaeng_engine_batch_seconds";
/// Effects undone because somebody else was first.
pub const RACES_LOST: &str = "donghaeng_engine_races_lost_total";
/// 1 while the record takes writes, 0 while it does not or does not say within [`crate::http::health::ANSWER_WITHIN`]; a gateway has none.
pub const RECORD_AVAILABLE: &str = "donghaeng_record_available";
/// Rows of the record that cannot be read and are passed over, by `of`: `trips`, `incidents`, `staff`, `series`.
pub const RECORD_UNREADABLE: &str = "donghaeng_record_unreadable_rows";
/// Offers to staff who are still with another rider.
pub const NEXT_OFFERS: &str = "donghaeng_engine_next_offers_total";
/// Next duties given back because the present trip ran late.
pub const NEXT_LATE: &str = "donghaeng_engine_next_duties_late_total";
/// Next duties whose member said a later time, because the present trip ran late and nobody would come sooner.
pub const NEXT_LATER: &str = "donghaeng_engine_next_duties_later_total";
/// Crews refused by the independent check. Anything above zero is a defect.
pub const CHECK_REFUSED: &str = "donghaeng_engine_check_refused_total";
/// Moves of staff taken over into the field on the roads.
pub const FIELD_MOVES: &str = "donghaeng_field_moves_total";
/// Seconds since the round before last began, when a round with moves ends: none of them waited longer.
pub const FIELD_LAG_SECONDS: &str = "donghaeng_field_lag_seconds";
/// Processor seconds of one round with moves.
pub const FIELD_CPU_SECONDS: &str = "donghaeng_field_cpu_seconds";
/// Fixes that named no street with certainty, by `why`.
pub const WEAK_FIXES: &str = "donghaeng_fixes_weak_total";
/// Seconds it took to give a way of travelling other times, by `mode`.
pub const REWEIGH_SECONDS: &str = "donghaeng_reweigh_seconds";
/// How often travel times were replaced since the start; 0 is the map's own.
pub const TRAVEL_GENERATION: &str = "donghaeng_travel_generation";
/// Closed and slow streets that operators named and that count now.
pub const CONDITIONS: &str = "donghaeng_conditions_active";
/// Ways of crews that travel times are learnt from, by `outcome`: `begun`, `learnt`, `unclear`, `dropped`.
pub const TRAVEL_LEGS: &str = "donghaeng_travel_legs_total";
/// What the trip watch saw, by `event`: `hollow`, `silent`, `back`, and crossings of fences by crews.
pub const WATCH_EVENTS: &str = "donghaeng_watch_events_total";
/// Fences around places of trips under way.
pub const WATCH_FENCES: &str = "donghaeng_watch_fences";
/// Staff in the live index.
pub const LIVE_STAFF: &str = "donghaeng_live_staff";
/// Positions not yet written to Redis.
pub const LIVE_BEHIND: &str = "donghaeng_live_redis_behind";
/// 1 while Redis answers, 0 while it does not; absent without Redis.
pub const LIVE_REDIS_UP: &str = "donghaeng_live_redis_up";
/// Age of the oldest position not yet in Redis.
pub const LIVE_REDIS_LAG_MS: &str = "donghaeng_live_redis_lag_ms";
/// Positions written to Redis.
pub const LIVE_REDIS_WRITES: &str = "donghaeng_live_redis_writes_total";
/// Values found in Redis that are not ours, and writes that another's key kept out.
pub const LIVE_REDIS_SKIPPED: &str = "donghaeng_live_redis_skipped_total";
/// Records older than the silent are kept, taken out of Redis.
pub const LIVE_REDIS_SWEPT: &str = "donghaeng_live_redis_swept_total";
/// Records that were to be taken out of Redis, and that it would not part with: it takes no writes.
pub const LIVE_REDIS_UNSWEPT: &str = "donghaeng_live_redis_unswept_total";
/// Records of other nodes heard from the feed.
pub const LIVE_FEED_ENTRIES: &str = "donghaeng_live_feed_entries_total";
/// Times something in the feed was missed and read again.
pub const LIVE_FEED_GAPS: &str = "donghaeng_live_feed_gaps_total";
/// Fixes received, by `verdict`.
pub const FIXES: &str = "donghaeng_fixes_total";
/// Fixes on their way to the tracks of trips, by `outcome`: `kept`, `of_no_trip`, `beyond_limit`, `queue_full`.
pub const TRACK_FIXES: &str = "donghaeng_track_fixes_total";
/// Connections accepted.
pub const CONNECTIONS: &str = "donghaeng_connections_total";
/// Connections closed at once because their address held too many.
pub const CONNECTIONS_CROWDED: &str = "donghaeng_connections_crowded_total";
/// Alarms raised by phones.
pub const SOS: &str = "donghaeng_sos_total";
/// Bookings put on the record, by `kind`.
pub const BOOKINGS: &str = "donghaeng_bookings_total";
/// Requests answered, by `method`, `route` pattern and `status`.
pub const HTTP_REQUESTS: &str = "donghaeng_http_requests_total";
/// Seconds a request took, by `route` pattern.
pub const HTTP_REQUEST_SECONDS: &str = "donghaeng_http_request_seconds";
/// Seconds one round of the live picture took.
pub const FEED_TICK_SECONDS: &str = "donghaeng_feed_tick_seconds";
/// Open sockets.
pub const SOCKETS: &str = "donghaeng_sockets";
/// Sockets the server closed, by `reason`.
pub const SOCKET_CLOSES: &str = "donghaeng_socket_closes_total";
/// Numbered messages sent again for want of an acknowledgement.
pub const RESENDS: &str = "donghaeng_resends_total";
/// Messages heard on sockets, by `t`.
pub const SOCKET_MESSAGES: &str = "donghaeng_socket_messages_total";
/// Calls of gateways, by `call`: `list`, `who`, and `refused`, which did not know the secret.
pub const GATEWAY_CALLS: &str = "donghaeng_gateway_calls_total";
/// At a gateway: fixes that were not settled there but passed on, by `why`.
pub const GATEWAY_PASSED: &str = "donghaeng_gateway_passed_total";
/// At a gateway: age of what it knows of whom it may judge, seconds.
pub const GATEWAY_LIST_AGE_SECONDS: &str = "donghaeng_gateway_list_age_seconds";
/// At a gateway: what the engine's node did not answer, by `call`: `list`, `who`, `http`, `socket`.
pub const GATEWAY_UPSTREAM_ERRORS: &str = "donghaeng_gateway_upstream_errors_total";
/// Open file descriptors of this process.
pub const OPEN_FILES: &str = "donghaeng_open_files";
/// Resident memory of this process, bytes.
pub const MEMORY_BYTES: &str = "donghaeng_memory_bytes";

/// Why a gateway passes a fix on: what it knows is old; Redis is away from it or from the engine's node; it has another Redis than that;
/// the sender's last fix may have come by another way; nobody it knows, or not staff;
/// a token that is to be made to last; not at work, or on a trip, in an alarm or doubted; no epoch, or a new one is due;
/// a tracker's, and the clocks differ; older than `late`, of a demonstration, doubted, or not to be read.
const PASSED_WHY: [&str; 15] = [
    "list_old",
    "redis_away",
    "redis_other",
    "unsure",
    "unknown",
    "not_staff",
    "renewal",
    "off_shift",
    "followed",
    "epoch",
    "clock",
    "late",
    "demo",
    "doubt",
    "unread",
];

const SECONDS_BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Logs to standard error from here on. `filter` is in the syntax of `RUST_LOG`.
pub fn logs(format: LogFormat, filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter).context("the log filter is not valid")?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => registry.with(layer).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    }
    .context("logs were already set up")
}

/// Metrics from here on; the handle renders them for `/metrics`.
pub fn metrics() -> Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS_BUCKETS)
        .context("the histogram buckets are not valid")?
        .install_recorder()
        .context("metrics were already set up")?;
    describe();
    begin_at_zero();
    Ok(handle)
}

/// What has not happened is a zero on the dashboard, not a hole: a rate over the first event would miss it otherwise.
fn begin_at_zero() {
    for counter in [
        RACES_LOST,
        CHECK_REFUSED,
        NEXT_OFFERS,
        NEXT_LATE,
        NEXT_LATER,
        FIELD_MOVES,
        LIVE_REDIS_WRITES,
        LIVE_REDIS_SKIPPED,
        LIVE_REDIS_SWEPT,
        LIVE_REDIS_UNSWEPT,
        LIVE_FEED_ENTRIES,
        LIVE_FEED_GAPS,
        CONNECTIONS,
        CONNECTIONS_CROWDED,
        SOS,
        RESENDS,
    ] {
        metrics::counter!(counter).increment(0);
    }
    for event in Event::ALL {
        metrics::counter!(WATCH_EVENTS, "event" => event.word()).increment(0);
    }
    for outcome in ["kept", "of_no_trip", "beyond_limit", "queue_full"] {
        metrics::counter!(TRACK_FIXES, "outcome" => outcome).increment(0);
    }
    metrics::gauge!(WATCH_FENCES).set(0.0);
    for kind in RowKind::ALL {
        metrics::gauge!(RECORD_UNREADABLE, "of" => kind.word()).set(0.0);
    }
    for mode in Mode::ALL {
        drop(metrics::histogram!(REWEIGH_SECONDS, "mode" => mode.word()));
    }
    for call in ["list", "who", "refused"] {
        metrics::counter!(GATEWAY_CALLS, "call" => call).increment(0);
    }
}

/// As [`begin_at_zero`], what a gateway counts beside.
pub fn begin_gateway_at_zero() {
    for why in PASSED_WHY {
        metrics::counter!(GATEWAY_PASSED, "why" => why).increment(0);
    }
    for call in ["list", "who", "http", "socket"] {
        metrics::counter!(GATEWAY_UPSTREAM_ERRORS, "call" => call).increment(0);
    }
}

fn describe() {
    metrics::describe_histogram!(BATCH_SECONDS, "seconds one engine batch took, search and commit");
    metrics::describe_counter!(RACES_LOST, "effects undone because somebody else was first");
    metrics::describe_gauge!(RECORD_AVAILABLE, "1 while the record takes writes, 0 while it does not");
    metrics::describe_gauge!(RECORD_UNREADABLE, "rows of the record that cannot be read and are passed over, by of");
    metrics::describe_counter!(NEXT_OFFERS, "offers to staff who are still with another rider");
    metrics::describe_counter!(NEXT_LATER, "next duties told a later time because the present trip ran late");
    metrics::describe_counter!(NEXT_LATE, "next duties given back because the present trip ran late");
    metrics::describe_counter!(CHECK_REFUSED, "crews refused by the independent check; above zero is a defect");
    metrics::describe_counter!(FIELD_MOVES, "moves of staff taken over into the field on the roads");
    metrics::describe_histogram!(FIELD_LAG_SECONDS, "seconds that a move waited at most for the field");
    metrics::describe_histogram!(FIELD_CPU_SECONDS, "processor seconds of one round of the field");
    metrics::describe_counter!(WEAK_FIXES, "fixes that named no street with certainty, by why");
    metrics::describe_histogram!(REWEIGH_SECONDS, "seconds it took to give a way of travelling other times, by mode");
    metrics::describe_gauge!(TRAVEL_GENERATION, "how often travel times were replaced since the start");
    metrics::describe_gauge!(CONDITIONS, "closed and slow streets that operators named and that count now");
    metrics::describe_counter!(TRAVEL_LEGS, "ways of crews that travel times are learnt from, by outcome");
    metrics::describe_counter!(WATCH_EVENTS, "positions that grew old, people who came back, fences crossed, by event");
    metrics::describe_gauge!(WATCH_FENCES, "fences around places of trips under way");
    metrics::describe_gauge!(LIVE_STAFF, "staff in the live index");
    metrics::describe_gauge!(LIVE_BEHIND, "positions not yet written to Redis");
    metrics::describe_gauge!(LIVE_REDIS_UP, "1 while Redis answers, 0 while it does not");
    metrics::describe_gauge!(LIVE_REDIS_LAG_MS, "age of the oldest position not yet in Redis, milliseconds");
    metrics::describe_counter!(LIVE_REDIS_WRITES, "positions written to Redis");
    metrics::describe_counter!(LIVE_REDIS_SKIPPED, "values in Redis that are not ours");
    metrics::describe_counter!(LIVE_REDIS_SWEPT, "records of the silent taken out of redis");
    metrics::describe_counter!(LIVE_REDIS_UNSWEPT, "records that redis would not take out, since it takes no writes");
    metrics::describe_counter!(LIVE_FEED_ENTRIES, "records of other nodes heard from the feed");
    metrics::describe_counter!(LIVE_FEED_GAPS, "times something in the feed was missed and read again");
    metrics::describe_counter!(FIXES, "fixes received, by verdict");
    metrics::describe_counter!(TRACK_FIXES, "fixes on their way to the tracks of trips, by outcome");
    metrics::describe_counter!(CONNECTIONS, "connections accepted");
    metrics::describe_counter!(CONNECTIONS_CROWDED, "connections closed at once because their address held too many");
    metrics::describe_counter!(SOS, "alarms raised by phones");
    metrics::describe_counter!(BOOKINGS, "bookings put on the record, by kind");
    metrics::describe_counter!(HTTP_REQUESTS, "requests answered, by method, route pattern and status");
    metrics::describe_histogram!(HTTP_REQUEST_SECONDS, "seconds a request took, by route pattern");
    metrics::describe_histogram!(FEED_TICK_SECONDS, "seconds one round of the live picture took");
    metrics::describe_gauge!(SOCKETS, "open sockets");
    metrics::describe_counter!(SOCKET_CLOSES, "sockets the server closed, by reason");
    metrics::describe_counter!(RESENDS, "numbered messages sent again for want of an acknowledgement");
    metrics::describe_counter!(SOCKET_MESSAGES, "messages heard on sockets, by t");
    metrics::describe_counter!(GATEWAY_CALLS, "calls of gateways, by call");
    metrics::describe_counter!(GATEWAY_PASSED, "fixes that a gateway passed on, by why");
    metrics::describe_gauge!(GATEWAY_LIST_AGE_SECONDS, "age of what a gateway knows of whom it may judge, seconds");
    metrics::describe_counter!(GATEWAY_UPSTREAM_ERRORS, "what the engine's node did not answer a gateway, by call");
    metrics::describe_gauge!(OPEN_FILES, "open file descriptors of this process");
    metrics::describe_gauge!(MEMORY_BYTES, "resident memory of this process");
}

/// Resident memory in bytes; `None` where the system does not say.
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1_024)
}

/// Open file descriptors; `None` where the system does not say.
pub fn open_files() -> Option<usize> {
    // The directory being read is one of them.
    std::fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count().saturating_sub(1))
}
