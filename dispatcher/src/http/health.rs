//! Owns what operators and their machines ask: is the process alive, may it get traffic, how is it doing. Ready means the
//! record is writable; the live index is reported, and not required. The record is looked at though nobody asks, for the metrics.

use super::App;
use super::auth::is_local;
use super::problem::{Code, Problem};
use crate::clock::Env;
use crate::telemetry;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

/// How long one write check counts, milliseconds: probing must not become a load.
const CHECK_LIFE_MS: i64 = 1_000;
/// How often the record is looked at though nobody asks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A record that has not answered by then counts as away, long before whoever waits for it is refused.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Whether the peer sits at this machine and speaks for itself.
pub struct LocalPeer(bool);

impl<S: Send + Sync> FromRequestParts<S> for LocalPeer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(is_local(&parts.extensions, &parts.headers)))
    }
}

/// What everybody may know of readiness.
#[derive(Serialize)]
pub struct Brief {
    /// Traffic is welcome.
    pub ready: bool,
    /// What stands in the way, in words.
    pub away: Vec<&'static str>,
}

/// The parts of readiness.
#[derive(Serialize)]
pub struct Ready {
    #[serde(rename = "ready")]
    welcome: bool,
    record: &'static str,
    live: &'static str,
    draining: bool,
    sockets: usize,
    epoch: i64,
    version: &'static str,
}

/// The last write check and when it ended. Locked while one is made: whoever asks meanwhile waits for its end and takes its
/// result, for many who probe at once must not become many writes.
#[derive(Default)]
pub struct LastCheck(Mutex<Option<(i64, bool)>>);

impl LastCheck {
    /// Whether the record could be written: by the last check if that still counts, else by a new one.
    async fn writable(&self, env: &Env, check: impl Future<Output = bool>) -> bool {
        let mut last = self.0.lock().await;
        let now = env.now().0;
        if let Some((_, writable)) = last.filter(|(at, _)| (0..CHECK_LIFE_MS).contains(&(now - at))) {
            return writable;
        }
        let writable = check.await;
        *last = Some((env.now().0, writable));
        writable
    }
}

/// The process runs.
pub async fn livez() -> &'static str {
    "ok\n"
}

/// Whether the record can be written.
async fn is_writable(app: &App) -> bool {
    app.last_check.writable(&app.env, async { app.record.check_writable().await.is_ok() }).await
}

/// Keeps telling the metrics whether the record can be written; ends with whoever runs it. A task of its own: what waits for the record
/// cannot tell that it hangs.
pub async fn watch_record(app: &App) {
    // Not named before the first look: a gauge that was never set reads as 0.
    let tell = |writable: bool| metrics::gauge!(telemetry::RECORD_AVAILABLE).set(f64::from(u8::from(writable)));
    loop {
        let mut answer = pin!(is_writable(app));
        let writable = if let Ok(writable) = timeout(ANSWER_WITHIN, answer.as_mut()).await {
            writable
        } else {
            tell(false);
            answer.await
        };
        tell(writable);
        sleep(LOOK_EVERY).await;
    }
}

/// 200 if traffic is welcome, else 503; what is away either way, and to this machine the parts with their counts.
pub async fn readyz(State(app): State<Arc<App>>, LocalPeer(local): LocalPeer) -> Response {
    // Whoever probes gives up too, and is told by then.
    let writable = timeout(ANSWER_WITHIN, is_writable(&app)).await.unwrap_or(false);
    let draining = app.drain.is_cancelled();
    let ready = writable && !draining;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if !local {
        let parts = [(!writable, "record"), ((app.live_state)() == "redis_down", "redis"), (draining, "draining")];
        let away = parts.into_iter().filter(|(is_away, _)| *is_away).map(|(_, word)| word).collect();
        return (status, Json(Brief { ready, away })).into_response();
    }
    let parts = Ready {
        welcome: ready,
        record: if writable { "writable" } else { "unavailable" },
        live: (app.live_state)(),
        draining,
        sockets: app.hub.len(),
        epoch: app.record.epoch(),
        version: env!("CARGO_PKG_VERSION"),
    };
    (status, Json(parts)).into_response()
}

/// Prometheus text, for this machine; to others it does not exist. A listener of its own (`--metrics-listen`) gives it to a
/// monitoring network.
pub async fn local_metrics(app: State<Arc<App>>, LocalPeer(local): LocalPeer) -> Response {
    if local { metrics(app).await } else { Problem::from(Code::NotFound).into_response() }
}

/// Prometheus text.
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    let text = app.metrics.as_ref().map(metrics_exporter_prometheus::PrometheusHandle::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"))], text)
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::http::fixture::{Edge, T0};
    use metrics_exporter_prometheus::PrometheusBuilder;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::time::Instant;

    #[tokio::test]
    async fn a_record_that_is_away_or_says_nothing_is_told_though_nobody_asks() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let (told_so_far, _here) = (recorder.handle(), metrics::set_default_local_recorder(&recorder));
        let told = async |value: &str, within: Duration| {
            let sample = format!("{} {value}\n", telemetry::RECORD_AVAILABLE);
            let begun = Instant::now();
            while !told_so_far.render().contains(&sample) {
                assert!(begun.elapsed() < within, "never {value}: {}", told_so_far.render());
                sleep(Duration::from_millis(10)).await;
            }
        };
        let edge = Edge::new().await;
        let held = edge.app.record.hold_writer().await;
        let seen = async {
            // Long before whoever waits for the record is told that it is away.
            told("0", ANSWER_WITHIN * 2).await;
            // Whoever probes is told no later, by what can be read.
            let begun = Instant::now();
            let reply = edge.call(None, "GET", "/readyz", None).await;
            assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{}", reply.text);
            assert!(begun.elapsed() < ANSWER_WITHIN * 2 && reply.text.contains("ready"), "{}", reply.text);
            drop(held);
            told("1", ANSWER_WITHIN).await;
            // Closed: refused at once.
            edge.app.record.close().await;
            edge.clock.advance_s(1);
            told("0", LOOK_EVERY * 2).await;
        };
        tokio::select! {
            () = watch_record(&edge.app) => {}
            () = seen => {}
        }
    }

    #[tokio::test]
    async fn many_who_probe_at_once_make_one_write_and_its_result_counts_from_its_end() {
        let (clock, last, made) = (ManualClock::at(T0), LastCheck::default(), AtomicU32::new(0));
        let env = Env { clock: Arc::clone(&clock) as _, ..Env::system() };
        let probe = || {
            last.writable(&env, async {
                made.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                // A record that is slow to write is the one that must not be asked by everybody.
                clock.advance_s(5);
                true
            })
        };
        let all = futures_util::future::join_all((0..100).map(|_| probe())).await;
        assert!(all.into_iter().all(|writable| writable));
        assert_eq!(made.load(Ordering::SeqCst), 1);
        clock.advance_s(1);
        probe().await;
        assert_eq!(made.load(Ordering::SeqCst), 2, "an old result does not count");
    }
}
