//! Owns what operators and their machines ask of a gateway, as they ask it of the engine's node, and the task that keeps its gauges. Ready
//! means the engine's node answers: without Redis all is passed on, and that is reported and not required.

use super::Gateway;
use super::list::SameRedis;
use crate::clock::Steps;
use crate::http::auth::is_local;
use crate::http::health::Brief;
use crate::http::problem::{Code, Problem};
use crate::live::Health;
use crate::telemetry;
use crate::upkeep::live_gauges;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use matcher::model::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// How often gauges are set.
const UPKEEP_EVERY: Duration = Duration::from_secs(1);
/// After the clock was set, nobody is taken for silent for so long: all have reported again by then, if they can.
const CLOCK_SET_QUIET: Duration = Duration::from_secs(60);
/// A fix that came here is kept so long, seconds: a Redis that comes back empty is filled by the engine's node, and by gateways should that
/// be away too; what is older is likely to be known better by another.
const OWN_KEPT_S: i64 = 120;

/// The parts of readiness.
#[derive(Serialize)]
struct Ready {
    #[serde(rename = "ready")]
    welcome: bool,
    upstream: &'static str,
    live: &'static str,
    /// Whether that is the Redis of the engine's node.
    redis: &'static str,
    /// Whether the engine's node hears through Redis.
    heard: bool,
    draining: bool,
    sockets: usize,
    /// Age of the list, milliseconds; null before the first.
    list_age_ms: Option<u64>,
    version: &'static str,
}

/// 200 if traffic is welcome, else 503; what is away either way, and to this machine the parts.
pub fn readyz(gateway: &Gateway, request: &Request) -> Response {
    let (fresh, draining) = (gateway.list.is_fresh(), gateway.drain.is_cancelled());
    let ready = fresh && !draining;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let same = gateway.same_redis();
    let is_up = gateway.live.health() == Health::RedisUp && same == SameRedis::Same;
    if !is_local(request.extensions(), request.headers()) {
        let parts = [(!fresh, "upstream"), (!is_up, "redis"), (draining, "draining")];
        let away = parts.into_iter().filter(|(is_away, _)| *is_away).map(|(_, word)| word).collect();
        return (status, Json(Brief { ready, away })).into_response();
    }
    let parts = Ready {
        welcome: ready,
        upstream: if fresh { "answers" } else { "away" },
        live: gateway.live.health().word(),
        redis: same.word(),
        heard: gateway.list.hears(),
        draining,
        sockets: gateway.sockets.len(),
        list_age_ms: gateway.list.age().map(|age| age.as_millis() as u64),
        version: env!("CARGO_PKG_VERSION"),
    };
    (status, Json(parts)).into_response()
}

/// Prometheus text, for this machine; to others it does not exist.
pub fn local_metrics(gateway: &Gateway, request: &Request) -> Response {
    if is_local(request.extensions(), request.headers()) {
        text(gateway)
    } else {
        Problem::from(Code::NotFound).into_response()
    }
}

/// Prometheus text.
pub async fn metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    text(&gateway)
}

fn text(gateway: &Gateway) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], gateway.metrics.render()).into_response()
}

/// Sets gauges and forgets the silent until the gateway drains.
pub async fn upkeep(gateway: Arc<Gateway>) {
    let begun = tokio::time::Instant::now();
    let mut upkeep = Upkeep::default();
    while !gateway.drain.is_cancelled() && gateway.live.is_written() {
        upkeep.turn(&gateway, gateway.env.now(), begun.elapsed());
        live_gauges(&gateway.live);
        let age = gateway.list.age().unwrap_or_else(|| begun.elapsed());
        metrics::gauge!(telemetry::GATEWAY_LIST_AGE_SECONDS).set(age.as_secs_f64());
        gateway.metrics.run_upkeep();
        tokio::select! {
            () = gateway.drain.cancelled() => {}
            () = tokio::time::sleep(UPKEEP_EVERY) => {}
        }
    }
}

/// What is remembered from turn to turn.
#[derive(Default)]
struct Upkeep {
    steps: Steps,
    /// Until then nobody is taken for silent.
    quiet_until: Duration,
}

impl Upkeep {
    /// `since` is of a clock that nobody sets.
    fn turn(&mut self, gateway: &Gateway, now: Timestamp, since: Duration) {
        if let Some(by_ms) = self.steps.set_by_ms(now, since) {
            self.quiet_until = since + CLOCK_SET_QUIET;
            clock_was_set(gateway, by_ms);
        }
        // By a clock that was put forward everybody would be gone, and what Redis lost meanwhile with them.
        if since >= self.quiet_until {
            gateway.live.let_go_silent(now, OWN_KEPT_S);
        }
        gateway.desk.forget_silent(now);
    }
}

/// What was known of times is not known any more: everybody's next fix is passed on. What is written again is as old as it was.
fn clock_was_set(gateway: &Gateway, by_ms: i64) {
    tracing::warn!("the clock of this machine was set; the next fix of each phone is passed on");
    gateway.desk.forget_all();
    if by_ms < 0 {
        gateway.live.clock_was_set_back(by_ms);
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
pub(super) mod tests;
