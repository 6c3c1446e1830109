//! Owns the start and the end of `serve`: reads top to bottom. Whatever runs was started here, and is stopped in reverse.

use crate::clock::Env;
use crate::config::Config;
use crate::demo;
use crate::engine::Engine;
use crate::engine::field::Field;
use crate::engine::guide::Guide;
use crate::engine::judge::EngineJudge;
use crate::engine::led::Led;
use crate::engine::roster::Roster;
use crate::engine::travel::Travel;
use crate::engine::travel::legs::Legs;
use crate::engine::travel::weights::Weights;
use crate::engine::upkeep as field_upkeep;
use crate::engine::watch;
use crate::http::gateways;
use crate::http::ingest::tracks;
use crate::http::sight::Sight;
use crate::http::{self, App, Parts};
use crate::lengths;
use crate::listen::{self, Limits};
use crate::live::{Live, LiveError, RedisAddress};
use crate::record::Record;
use crate::shutdown::{self, Vital};
use crate::upkeep;
use crate::{telemetry, tls, ws};
use anyhow::{Context, Result};
use axum::Router;
use geo::Position;
use geo::city::Lights;
use geo::road::RoadMap;
use geo::road::lit::read_points;
use geo::tile::TileMaker;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Begins every key in Redis.
const REDIS_PREFIX: &str = "dh:";
/// Connections of the monitoring listener.
pub const MONITORS_MAX: usize = 16;

/// Serves until SIGTERM or Ctrl-C, then drains.
pub async fn serve(config: Config) -> Result<()> {
    let env = Env::system();
    let metrics = telemetry::metrics()?;
    for warning in config.warnings(std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned())) {
        tracing::warn!("{warning}");
    }
    let record = Arc::new(Record::open(&config.data, env.clone()).await?);
    // Before the map: a port that is taken is told at once, and who connects early waits instead of being refused.
    let listener =
        TcpListener::bind(config.listen).await.with_context(|| format!("cannot listen on {}", config.listen))?;
    let map = Arc::new(read_map(&config).await?);
    let lights = lights(&config, &map)?;
    let live = Arc::new(open_live(config.redis.as_deref(), config.redis_ca.as_deref(), &env).await?);
    let roster = Arc::new(Roster::default());
    roster.refresh(&record, env.now()).await?;
    let demo = if config.demo { Some(demo::prepare(&record, &env, &config.data).await?) } else { None };
    let metrics_listener = bind(config.metrics_listen, "metrics").await?;
    let gateways = bind(config.gateway_listen, "gateways").await?.zip(config.gateway_secret()?);
    let acceptor = tls::acceptor(config.tls_cert.as_deref(), config.tls_key.as_deref())?;

    let stop = CancellationToken::new();
    let field = Field::new(Arc::clone(&map));
    let field = Arc::new(if config.chained_duties { field } else { field.without_chains() });
    let tiles = Arc::new(TileMaker::new(Arc::clone(&map.data)));
    let (health, behind, travel) = (Arc::clone(&live), Arc::clone(&live), Arc::<Travel>::default());
    let app = App::new(Parts {
        record: Arc::clone(&record),
        roster: Arc::clone(&roster),
        sight: Arc::new(Sight::new(Arc::clone(&live) as _, Arc::clone(&field), Arc::clone(&travel))),
        guide: Arc::new(Guide::new(Arc::clone(&field), lights)),
        travel,
        judge: Arc::new(EngineJudge::new(Arc::clone(&field), Arc::clone(&live), Arc::clone(&roster))),
        env: env.clone(),
        config: http::Config {
            demo: config.demo,
            origins: config.origins.clone(),
            demo_staff: demo.map(|d| d.staff.to_vec()).unwrap_or_default(),
        },
        metrics: Some(metrics.clone()),
        drain: stop.clone(),
        tile: Arc::new(move |z, x, y| tiles.tile(u32::from(z), x, y)),
        live_state: Arc::new(move || health.health().word()),
        redis_word: Arc::new(move || behind.redis_word()),
    });
    let (tasks, vital) = (TaskTracker::new(), Vital::new(stop.clone()));
    ws::start(&app, &tasks, &vital);
    tasks.spawn(vital.keep("the tracks", tracks::run(Arc::clone(&app))));
    let engine_stop = CancellationToken::new();
    let following = field_upkeep::start(
        Arc::clone(&field),
        Arc::clone(&live),
        Arc::clone(&roster),
        Arc::clone(&app.travel),
        env.clone(),
        engine_stop.clone(),
        vital.running("the field"),
    );
    let following = following.context("no thread for the field")?;
    let watching = watch(&app, &field, &live, &engine_stop, &vital);
    let weighing = travel_times(&app, &field, &tasks, &engine_stop, &vital).await?;
    let engine = Engine::new(Arc::clone(&record), Arc::clone(&live), roster, Arc::clone(&field), env.clone());
    let engine = tokio::spawn(vital.keep("the engine", engine.run(engine_stop.clone())));
    let upkeep = upkeep::run(Arc::clone(&app), Arc::clone(&live), Arc::clone(&field), metrics.clone());
    tasks.spawn(vital.keep("the upkeep", upkeep));
    shutdown::on_signal(stop.clone())?;

    let metrics_at = metrics_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let gateways_at = gateways.as_ref().map(|(listener, _)| listener.local_addr()).transpose()?;
    announce(&config, &listener, &record, &env, demo.as_ref(), metrics_at, gateways_at).await?;
    if gateways.is_some() {
        tasks.spawn(vital.keep("the gateways' fixes", gateways::follow(Arc::clone(&app))));
    }
    if let Some(listener) = metrics_listener {
        tasks.spawn(monitor(listener, http::monitoring(Arc::clone(&app)), stop.clone()));
    }
    listen_on(listener, gateways, acceptor, &app, Limits::of(config.connections_max)).await?;

    // Sockets are closed; what they committed is decided before the engine stops.
    app.deeds.close();
    app.deeds.wait().await;
    tasks.close();
    tasks.wait().await;
    tracks::flush(&app).await;
    engine_stop.cancel();
    let _panics_are_reported = engine.await;
    let _panics_are_reported = weighing.await;
    let _panics_are_reported = watching.await;
    let _panics_are_reported = tokio::task::spawn_blocking(|| following.join()).await;
    live.close().await;
    record.close().await;
    tracing::info!("drained");
    vital.whole()
}

/// A further listener, if there is to be one.
async fn bind(at: Option<SocketAddr>, whom: &str) -> Result<Option<TcpListener>> {
    let Some(at) = at else { return Ok(None) };
    let listener = TcpListener::bind(at).await.with_context(|| format!("cannot listen on {at} for {whom}"))?;
    Ok(Some(listener))
}

/// Answers everybody, and gateways on a listener of their own, until the server drains.
async fn listen_on(
    listener: TcpListener,
    gateways: Option<(TcpListener, String)>,
    acceptor: Option<TlsAcceptor>,
    app: &Arc<App>,
    limits: Limits,
) -> Result<()> {
    let stop = &app.drain;
    let inner = async {
        let Some((listener, secret)) = gateways else { return Ok(()) };
        // Few addresses, each with the connections of thousands of phones.
        let limits = Limits { per_address: limits.connections, ..limits };
        let router = gateways::router(app, gateways::digest(&secret));
        listen::serve(listener, acceptor.clone(), router, limits, stop.clone()).await
    };
    let outer = listen::serve(listener, acceptor.clone(), http::router(Arc::clone(app)), limits, stop.clone());
    let (inner, outer) = tokio::join!(inner, outer);
    Ok(inner.and(outer)?)
}

/// Answers monitors on a listener of their own.
async fn monitor(listener: TcpListener, router: Router, stop: CancellationToken) {
    let few = Limits { per_address: MONITORS_MAX, ..Limits::of(MONITORS_MAX) };
    let _never_fails = listen::serve(listener, None, router, few, stop).await;
}

/// Starts the watch, and with it what knows by how much crews are led round.
fn watch(app: &App, field: &Arc<Field>, live: &Arc<Live>, stop: &CancellationToken, vital: &Vital) -> JoinHandle<()> {
    let App { watch, record, guide, roster, env, .. } = app;
    // A trip is measured by the safer way when it is booked: nobody is to wait for what that is searched with.
    guide.expect_safer();
    let led = Arc::new(Led::new(Arc::clone(field), Arc::clone(guide), Arc::clone(roster)));
    let (watch, record) = (Arc::clone(watch), Arc::clone(record));
    let watching = watch::run(watch, record, Arc::clone(live), led, env.clone(), stop.clone());
    tokio::spawn(vital.keep("the watch", watching))
}

/// Starts what makes travel times, and what learns from crews under way.
async fn travel_times(
    app: &Arc<App>,
    field: &Arc<Field>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
    vital: &Vital,
) -> Result<JoinHandle<()>> {
    let App { record, travel, guide, env, .. } = &**app;
    let weights = Weights::new(Arc::clone(field), Arc::clone(record), Arc::clone(travel), env.clone());
    let mut weights = weights.context("no thread for the travel times")?;
    // Before anybody is searched: a street that was closed before a restart is closed after it.
    weights.round().await?;
    let (field, record, travel) = (Arc::clone(field), Arc::clone(record), Arc::clone(travel));
    let legs = Legs::new(field, Arc::clone(guide), record, travel, env.clone(), app.config.demo);
    tasks.spawn(legs.run(app.drain.clone()));
    tasks.spawn(lengths::run(Arc::clone(app)));
    Ok(tokio::spawn(vital.keep("the travel times", weights.run(stop.clone()))))
}

async fn read_map(config: &Config) -> Result<RoadMap> {
    let (file, seed) = (config.map.clone(), config.city_seed);
    let kept = config.data.join(format!("city-{seed}-{}.graph", geo::city::EDITION));
    let map = tokio::task::spawn_blocking(move || {
        let map = match file {
            Some(path) => RoadMap::load(&path).with_context(|| format!("cannot use the map {}", path.display()))?,
            None => city(seed, &kept),
        };
        map.prepare();
        anyhow::Ok(map)
    });
    let map = map.await.context("the map could not be made")??;
    tracing::info!(
        map.junctions = map.graph(geo::road::Profile::Drive).node_count(),
        map.generated = map.data.generated,
        "map ready"
    );
    Ok(map)
}

/// Lamps and cameras of the lists that the settings name; of the generated city its own, where they name none.
fn lights(config: &Config, map: &RoadMap) -> Result<Lights> {
    if config.lamps.is_none() && config.cameras.is_none() && map.data.generated {
        return Ok(geo::city::lights(&map.data, config.city_seed));
    }
    Ok(Lights { lamps: points(config.lamps.as_deref())?, cameras: points(config.cameras.as_deref())? })
}

/// A list of points that the settings name.
fn points(list: Option<&Path>) -> Result<Vec<Position>> {
    let Some(path) = list else { return Ok(Vec::new()) };
    read_points(path).with_context(|| format!("cannot use the list {}", path.display()))
}

/// The live index, with the Redis of this URL behind it if there is one.
pub async fn open_live(redis: Option<&str>, ca: Option<&Path>, env: &Env) -> Result<Live> {
    match redis {
        None => Ok(Live::in_process()),
        Some(url) => {
            let live = Live::redis_at(&redis_address(url, ca)?, REDIS_PREFIX, env).await?;
            tracing::info!(staff.reloaded = live.len(), "live positions read back from redis");
            Ok(live)
        }
    }
}

/// A live index of those alone whose fixes come here, who are written to the Redis of this URL.
pub async fn open_live_for_writing(redis: &str, ca: Option<&Path>, env: &Env) -> Result<Live> {
    Ok(Live::writing_at(&redis_address(redis, ca)?, REDIS_PREFIX, env).await?)
}

fn redis_address(url: &str, ca: Option<&Path>) -> Result<RedisAddress> {
    let ca = ca.map(|ca| std::fs::read(ca).with_context(|| format!("cannot read {}", ca.display())));
    Ok(RedisAddress::parse(url).map_err(LiveError::BadUrl)?.trusting(ca.transpose()?))
}

/// The generated city. Ordering its junctions takes seconds, so it is kept beside the record for the next start; and what is
/// mapped from a file takes less memory than what was just made.
fn city(seed: u64, kept: &Path) -> RoadMap {
    if let Ok(map) = RoadMap::load(kept) {
        return map;
    }
    tracing::info!("generating the city and ordering its junctions; the next start finds them kept");
    let map = RoadMap::build(geo::city::generate(seed));
    match map.save(kept).and_then(|()| RoadMap::load(kept)) {
        Ok(mapped) => mapped,
        Err(error) => {
            tracing::warn!(error.kind = %error, "the generated city was not kept; the next start makes it again");
            map
        }
    }
}

/// Says on standard output where the service is and, in a demo, with which codes to come in.
async fn announce(
    config: &Config,
    listener: &TcpListener,
    record: &Record,
    env: &Env,
    demo: Option<&demo::Demo>,
    metrics_at: Option<SocketAddr>,
    gateways_at: Option<SocketAddr>,
) -> Result<()> {
    let scheme = if config.tls_cert.is_some() { "https" } else { "http" };
    let address = listener.local_addr().context("a bound socket has an address")?;
    let url = format!("{scheme}://{address}");
    let map = config.map.as_ref().map_or_else(|| "generated city".to_owned(), |m| m.display().to_string());
    let live = if config.redis.is_some() { "Redis" } else { "in process" };
    let mut text = format!(
        "listening   {url}\n            record SQLite in {}, live positions {live}, map {map}\n",
        config.data.display()
    );
    if let Some(at) = metrics_at {
        writeln!(text, "metrics     http://{at}/metrics")?;
    }
    if let Some(at) = gateways_at {
        writeln!(text, "gateways    {scheme}://{at}")?;
    }
    if let Some(demo) = demo {
        for entry in demo::codes(record, env, demo).await? {
            let page = format!("{url}{}", entry.page);
            writeln!(text, "{:<11} {page:<34} code {}", entry.who, entry.code)?;
        }
        text += "            each code works once; new ones: dispatcher admin code --demo --data DIR; Ctrl-C stops\n";
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")
}

#[cfg(test)]
#[path = "startup_tests.rs"]
mod tests;
