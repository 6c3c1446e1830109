//! Owns the HTTP edge: parse, authorise, call one function, show the result. Who may call what is `access`; what they see is
//! `view`; what happens is `record` and the engine. Reaches the live index and the roads through `sight` and
//! the engine's `guide` only.

pub mod access;
pub mod admin;
pub mod after;
pub mod auth;
pub mod body;
pub mod bookings;
pub mod codes;
pub mod command;
pub mod conditions;
pub mod console;
pub mod deeds;
pub mod demo;
pub mod gateways;
pub mod hand;
pub mod headers;
pub mod health;
pub mod history;
pub mod ingest;
pub mod isochrones;
pub mod key;
pub mod known;
pub mod limit;
pub mod log;
pub mod map;
pub mod openapi;
pub mod pages;
pub mod phone;
pub mod problem;
pub mod renewals;
pub mod reveal;
pub mod routes;
pub mod search;
pub mod series;
pub mod session;
pub mod sight;
pub mod staff;
pub mod track;
pub mod travel;
pub mod trips;
pub mod way;
pub mod zones;

#[cfg(test)]
mod alarms_tests;
#[cfg(test)]
mod bookings_tests;
#[cfg(test)]
mod conditions_tests;
#[cfg(test)]
#[path = "fixture_tests.rs"]
pub(crate) mod fixture;
#[cfg(test)]
mod hands_tests;
#[cfg(test)]
mod history_tests;
#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod known_tests;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod track_tests;
#[cfg(test)]
mod way_tests;
#[cfg(test)]
mod zones_tests;

use crate::clock::Env;
use crate::engine::guide::Guide;
use crate::engine::judge::Judge;
use crate::engine::roster::Roster;
use crate::engine::travel::Travel;
use crate::engine::watch::Watch;
use crate::record::Record;
use crate::ws::hub::Hub;
use crate::ws::tickets::Tickets;
use ingest::Ingest;
use known::Known;
use limit::{Buckets, Rate};
use matcher::model::AccountId;
use metrics_exporter_prometheus::PrometheusHandle;
use renewals::Renewals;
use sight::Sight;
use std::net::IpAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use routes::{monitoring, router};

/// One account's calls.
pub const CALLS: Rate = Rate { per_s: 20.0, burst: 60.0 };
/// One account's alarms, and the taking of alarms; apart from all its other calls.
const URGENT_CALLS: Rate = Rate { per_s: 10.0, burst: 60.0 };
/// One address's calls without a token.
const OPEN_CALLS: Rate = Rate { per_s: 20.0, burst: 200.0 };
/// One address's tiles: a desk that moves its map asks for dozens at a time, and many desks may stand behind one address.
const TILE_CALLS: Rate = Rate { per_s: 200.0, burst: 2_000.0 };
/// One account's searches for candidates and isochrones.
const SEARCH_CALLS: Rate = Rate { per_s: 2.0, burst: 20.0 };
/// One account's looks at exact places: as fast as one can read them, and not as fast as one could copy them.
const LOOK_CALLS: Rate = Rate { per_s: 1.0, burst: 10.0 };

/// What the edge is told at the start.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Demo routes exist.
    pub demo: bool,
    /// Origins allowed beside the server's own host, such as `https://dispatch.example`.
    pub origins: Vec<String>,
    /// The crew kept for the demo visitor.
    pub demo_staff: Vec<AccountId>,
}

/// What every handler and socket shares.
pub struct App {
    /// The truth.
    pub record: Arc<Record>,
    /// The staff as last read from the record.
    pub roster: Arc<Roster>,
    /// Where people are, and travel times.
    pub sight: Arc<Sight>,
    /// The ways that crews are led.
    pub guide: Arc<Guide>,
    /// What is known of travel times.
    pub travel: Arc<Travel>,
    /// Who fell silent, and what fixes say of trips under way.
    pub watch: Arc<Watch>,
    /// Who may go, for assigning by hand.
    pub judge: Arc<dyn Judge>,
    /// Time and randomness.
    pub env: Env,
    /// Open sockets.
    pub hub: Arc<Hub>,
    /// One-use tickets for sockets of pages.
    pub tickets: Tickets,
    /// Settings.
    pub config: Config,
    /// For `/metrics`; `None` without a recorder.
    pub metrics: Option<PrometheusHandle>,
    /// Cancelled when the server drains.
    pub drain: CancellationToken,
    /// Makes vector tiles.
    pub tiles: map::Tiles,
    /// Whether `live` is as fresh as it should be; a word for `/readyz`.
    pub live_state: Arc<dyn Fn() -> &'static str + Send + Sync>,
    /// The word that tells the Redis behind `live` from any other, if there is one and it answers.
    pub redis_word: Arc<dyn Fn() -> Option<Arc<str>> + Send + Sync>,
    last_check: health::LastCheck,
    calls: Buckets<AccountId>,
    /// Alarms over REST and sockets.
    pub(crate) urgent_calls: Buckets<AccountId>,
    open_calls: Buckets<IpAddr>,
    tile_calls: Buckets<IpAddr>,
    search_calls: Buckets<AccountId>,
    look_calls: Buckets<AccountId>,
    /// Of trackers, by the row of their secret; what they send beside fixes counts too.
    device_calls: Buckets<i64>,
    searches: search::Searches,
    /// What goes on though its caller may have gone; waited for before the record is closed.
    pub deeds: TaskTracker,
    /// Who sends fixes, and what was heard of them.
    pub ingest: Ingest,
    /// Who was let in lately.
    pub known: Known,
    /// Tokens that are to last.
    pub renewals: Renewals,
}

/// What an [`App`] is made of.
pub struct Parts {
    /// See [`App`].
    pub record: Arc<Record>,
    /// See [`App`].
    pub roster: Arc<Roster>,
    /// See [`App`].
    pub sight: Arc<Sight>,
    /// See [`App`].
    pub guide: Arc<Guide>,
    /// See [`App`].
    pub travel: Arc<Travel>,
    /// See [`App`].
    pub judge: Arc<dyn Judge>,
    /// See [`App`].
    pub env: Env,
    /// See [`App`].
    pub config: Config,
    /// See [`App`].
    pub metrics: Option<PrometheusHandle>,
    /// See [`App`].
    pub drain: CancellationToken,
    /// See [`App`].
    pub tile: map::MakeTile,
    /// See [`App`].
    pub live_state: Arc<dyn Fn() -> &'static str + Send + Sync>,
    /// See [`App`].
    pub redis_word: Arc<dyn Fn() -> Option<Arc<str>> + Send + Sync>,
}

impl App {
    /// Ready to be served; `ws::start` runs its tasks.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            record: parts.record,
            roster: parts.roster,
            sight: parts.sight,
            guide: parts.guide,
            travel: parts.travel,
            watch: Arc::default(),
            judge: parts.judge,
            env: parts.env,
            hub: Arc::new(Hub::default()),
            tickets: Tickets::default(),
            config: parts.config,
            metrics: parts.metrics,
            drain: parts.drain,
            tiles: map::Tiles::new(parts.tile),
            live_state: parts.live_state,
            redis_word: parts.redis_word,
            last_check: health::LastCheck::default(),
            calls: Buckets::new(CALLS),
            urgent_calls: Buckets::new(URGENT_CALLS),
            open_calls: Buckets::new(OPEN_CALLS),
            tile_calls: Buckets::new(TILE_CALLS),
            search_calls: Buckets::new(SEARCH_CALLS),
            look_calls: Buckets::new(LOOK_CALLS),
            device_calls: Buckets::new(ingest::sources::FIX_RATE),
            searches: search::Searches::default(),
            deeds: TaskTracker::new(),
            ingest: Ingest::default(),
            known: Known::default(),
            renewals: Renewals::default(),
        })
    }
}
