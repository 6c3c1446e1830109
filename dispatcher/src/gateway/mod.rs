//! Owns the gateway: a process in front of the engine's node that takes the many fixes of staff off it. It judges fixes of staff at work who
//! are on no trip, by the engine's own code, and puts them into Redis; everything else it passes on as it came. It has no record, no
//! map, no engine, and decides nothing that it is not sure of (docs/adr/0013-gateways.md).
//!
//! Invariant: with what it knows of staff older than a second, Redis away, or a Redis that is not the engine's node's, it judges nobody.

pub mod door;
pub mod health;
pub mod list;
pub mod relay;
pub mod socket;
pub mod upstream;
pub mod wire;

use crate::clock::Env;
use crate::config::GatewayConfig;
use crate::http::CALLS;
use crate::http::ingest::desk::{Desk, Judged, Sender, UNSURE};
use crate::http::ingest::sources::{FIX_RATE, Source};
use crate::http::known::Known;
use crate::http::limit::Buckets;
use crate::http::problem::{Code, Problem};
use crate::listen::{self, Limits};
use crate::live::{Health, Live};
use crate::shutdown::{self, Vital};
use crate::startup::{MONITORS_MAX, open_live_for_writing};
use crate::{telemetry, tls};
use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use door::Door;
use geo::Fix;
use list::{List, Member, SameRedis};
use matcher::model::{AccountId, Timestamp};
use metrics_exporter_prometheus::PrometheusHandle;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use upstream::Upstream;

/// Over which time a draining gateway closes its sockets, as the engine's node does.
const DRAIN_SPREAD_MS: u32 = 5_000;
/// Between the ends of two sockets, milliseconds; shares no factor with the spread.
const DRAIN_STEP_MS: u32 = 97;

/// What every request and socket shares.
pub struct Gateway {
    upstream: Upstream,
    list: List,
    desk: Desk,
    known: Known,
    live: Arc<Live>,
    env: Env,
    calls: Buckets<AccountId>,
    device_calls: Buckets<i64>,
    metrics: PrometheusHandle,
    /// Cancelled when the gateway drains.
    drain: CancellationToken,
    /// Cancelled when the last socket has closed.
    ended: CancellationToken,
    sockets: TaskTracker,
    /// Sockets ended by the drain so far.
    drained: AtomicU32,
}

impl Gateway {
    /// Judges the fixes of a staff member, if the gateway is sure.
    fn judge(
        &self,
        staff: AccountId,
        member: &Member,
        source: Source,
        epoch: u32,
        fixes: Vec<Fix>,
        now: Timestamp,
    ) -> Judged {
        // Another source of the same person counts, or another socket of the phone: what this one sends is not the latest.
        if member.epochs.latest().is_some_and(|latest| latest > epoch) {
            return Judged::Pass("epoch");
        }
        if self.live.health() != Health::RedisUp {
            return Judged::Pass("redis_away");
        }
        match self.same_redis() {
            SameRedis::Same => {}
            SameRedis::Other => return Judged::Pass("redis_other"),
            SameRedis::Unknown => return Judged::Pass("redis_away"),
        }
        let sender = Sender { staff, no: member.no, source, epoch };
        self.desk.take(&self.live, sender, fixes, now, |at| self.list.serves(at))
    }

    /// Whether the Redis that is written to here is that of the engine's node.
    fn same_redis(&self) -> SameRedis {
        self.list.compare(self.live.redis_word().as_deref())
    }

    /// Fixes of a staff member are about to go on: what is believed of them next is not known here.
    fn passes_on(&self, staff: AccountId) {
        self.desk.forget(staff);
    }

    /// They have gone on. Of whom nothing but that stood in the way the engine's node is asked, so that the next can be judged here.
    fn passed_on(&self, staff: AccountId, why: &'static str) {
        if why == UNSURE {
            self.list.want(staff);
        }
    }
}

/// Waits for the drain and then for this socket's turn.
async fn drain_pause(gateway: &Gateway) {
    gateway.drain.cancelled().await;
    let turn = gateway.drained.fetch_add(1, Ordering::Relaxed);
    let ms = turn.wrapping_mul(DRAIN_STEP_MS) % DRAIN_SPREAD_MS;
    tokio::time::sleep(Duration::from_millis(u64::from(ms))).await;
}

/// Serves until SIGTERM or Ctrl-C, then drains.
pub async fn serve(config: GatewayConfig) -> Result<()> {
    let env = Env::system();
    let metrics = telemetry::metrics()?;
    telemetry::begin_gateway_at_zero();
    for warning in config.warnings(std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned())) {
        tracing::warn!("{warning}");
    }
    let listener =
        TcpListener::bind(config.listen).await.with_context(|| format!("cannot listen on {}", config.listen))?;
    let monitor = match config.metrics_listen {
        Some(at) => Some(TcpListener::bind(at).await.with_context(|| format!("cannot listen on {at} for metrics"))?),
        None => None,
    };
    let acceptor = tls::acceptor(config.tls_cert.as_deref(), config.tls_key.as_deref())?;
    let secret = config.secret()?;
    let upstream = Upstream::new(&config.upstream, config.upstream_ca.as_deref(), &secret)?;
    let live = Arc::new(open_live_for_writing(&config.redis, config.redis_ca.as_deref(), &env).await?);
    let stop = CancellationToken::new();
    let vital = Vital::new(stop.clone());
    let gateway = Arc::new(Gateway {
        upstream,
        list: List::default(),
        desk: Desk::default(),
        known: Known::default(),
        live: Arc::clone(&live),
        env,
        calls: Buckets::new(CALLS),
        device_calls: Buckets::new(FIX_RATE),
        metrics,
        drain: stop.clone(),
        ended: CancellationToken::new(),
        sockets: TaskTracker::new(),
        drained: AtomicU32::default(),
    });
    let tasks = TaskTracker::new();
    tasks.spawn(vital.keep("the list", list::follow(Arc::clone(&gateway))));
    tasks.spawn(vital.keep("the upkeep", health::upkeep(Arc::clone(&gateway))));
    shutdown::on_signal(stop.clone())?;
    announce(&config, &listener, monitor.as_ref())?;
    if let Some(monitor) = monitor {
        let few = Limits { per_address: MONITORS_MAX, ..Limits::of(MONITORS_MAX) };
        let (router, stop) = (monitoring(&gateway), stop.clone());
        tasks.spawn(async move {
            let _never_fails = listen::serve(monitor, None, router, few, stop).await;
        });
    }
    listen::serve(listener, acceptor, router(&gateway), Limits::of(config.connections_max), stop).await?;

    gateway.sockets.close();
    gateway.sockets.wait().await;
    gateway.ended.cancel();
    tasks.close();
    tasks.wait().await;
    live.close().await;
    tracing::info!("drained");
    vital.whole()
}

/// Everything a gateway answers.
pub fn router(gateway: &Arc<Gateway>) -> Router {
    Router::new().fallback(edge).with_state(Arc::clone(gateway))
}

fn monitoring(gateway: &Arc<Gateway>) -> Router {
    Router::new()
        .route("/livez", get(crate::http::health::livez))
        .route("/metrics", get(health::metrics))
        .fallback(|| async { Problem::from(Code::NotFound) })
        .with_state(Arc::clone(gateway))
}

async fn edge(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let path = request.uri().path();
    if request.method() == Method::POST {
        let door = match path {
            "/v1/fixes" => Some(Door::Fixes),
            "/v1/ingest/owntracks" => Some(Door::OwnTracks),
            "/v1/ingest/traccar" => Some(Door::Traccar),
            _ => None,
        };
        if let Some(door) = door {
            return door::take(&gateway, door, request).await;
        }
    }
    if request.method() == Method::GET {
        match path {
            "/v1/ws" => return socket::open(&gateway, request).await,
            "/livez" => return crate::http::health::livez().await.into_response(),
            "/readyz" => return health::readyz(&gateway, &request),
            "/metrics" => return health::local_metrics(&gateway, &request),
            _ => {}
        }
    }
    if path.starts_with("/gateway/") {
        // What gateways ask is for them to ask.
        return Problem::from(Code::NotFound).into_response();
    }
    relay::pass(&gateway, request).await
}

/// Says on standard output where the gateway is and what it stands in front of.
fn announce(config: &GatewayConfig, listener: &TcpListener, monitor: Option<&TcpListener>) -> Result<()> {
    let scheme = if config.tls_cert.is_some() { "https" } else { "http" };
    let at = listener.local_addr().context("a bound socket has an address")?;
    let mut text = format!("listening   {scheme}://{at}\n            gateway to {}\n", config.upstream);
    if let Some(monitor) = monitor {
        let at = monitor.local_addr().context("a bound socket has an address")?;
        writeln!(text, "metrics     http://{at}/metrics")?;
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")
}
