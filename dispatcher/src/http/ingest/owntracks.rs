//! Owns what the OwnTracks app posts in HTTP mode: a JSON object whose `_type` says what it is. Locations are taken; everything else,
//! and an empty body, is answered with the empty list that the app expects, and nothing of it is kept. What is locked with a key of the
//! app's own is refused: it may be a location.

use super::device::{Names, Told, Tracker, open};
use crate::http::App;
use crate::http::body;
use crate::http::problem::{Answer, Problem, ProblemBody};
use crate::json::Object;
use axum::Json;
use axum::extract::{Request, State};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use std::sync::Arc;
use utoipa::ToSchema;

/// What the app calls a place.
const LOCATION: &str = "location";

/// The trigger of a report that only says that the app lives: its place may be old, and its time is that of the report.
const PING: &str = "p";

/// What the app makes of every message once it was given a key for that.
const ENCRYPTED: &str = "encrypted";

/// A message of the app, as much of it as says of what kind it is.
#[derive(Deserialize)]
#[serde(remote = "Self")]
struct Kind {
    #[serde(rename = "_type")]
    kind: String,
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(Object(from))
    }
}

/// A message of the app. It says much more, which is nobody's business here.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct OwnTracks {
    /// `location`; others are passed over, but for `encrypted`.
    #[serde(rename = "_type")]
    kind: String,
    /// Degrees.
    lat: Option<f64>,
    /// Degrees.
    lon: Option<f64>,
    /// Radius of the error circle, metres; absent is unknown.
    acc: Option<f32>,
    /// When the fix was taken, seconds since 1970.
    tst: Option<i64>,
    /// What caused the report; `p` is a ping.
    t: Option<String>,
    /// How the phone knew, in newer versions on Android.
    source: Option<String>,
}

impl<'de> Deserialize<'de> for OwnTracks {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(Object(from))
    }
}

/// Takes a location of the OwnTracks app.
#[utoipa::path(post, path = "/v1/ingest/owntracks", tag = "trackers", request_body = OwnTracks,
    responses((status = 200, description = "always an empty list"), (status = 401, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn post(State(app): State<Arc<App>>, request: Request) -> Answer<Json<[(); 0]>> {
    let (parts, body) = open(&app, request).await?;
    let tracker = Tracker::admit(&app, &parts, None).await?;
    if body.is_empty() {
        return Ok(Json([]));
    }
    if let Some(told) = read(&body)? {
        tracker.take(&app, &[told]).await?;
    }
    Ok(Json([]))
}

/// The place that a message tells; `None` of one that tells none, whatever else is in it: the app would send a refused one again and
/// again, before all that comes after it.
pub fn read(body: &[u8]) -> Answer<Option<Told>> {
    let message: OwnTracks = match parse(body) {
        Ok(message) => message,
        Err(problem) => {
            let kind = parse(body).map(|Kind { kind }| kind);
            let is_passed_over = kind.is_ok_and(|kind| !matches!(kind.as_str(), LOCATION | ENCRYPTED));
            return if is_passed_over { Ok(None) } else { Err(problem) };
        }
    };
    match message.kind.as_str() {
        LOCATION if message.t.as_deref() != Some(PING) => message.told().map(Some),
        ENCRYPTED => Err(Problem::bad_field("_type.encrypted")),
        _ => Ok(None),
    }
}

/// The field to blame is looked for only if there is one.
fn parse<T: DeserializeOwned>(text: &[u8]) -> Answer<T> {
    serde_json::from_slice(text).or_else(|_| body::parse(text))
}

impl OwnTracks {
    fn told(&self) -> Answer<Told> {
        let needed = |field: &'static str| move || Problem::bad_field(field);
        Ok(Told {
            lat: self.lat.ok_or_else(needed("lat"))?,
            lon: self.lon.ok_or_else(needed("lon"))?,
            acc_m: self.acc,
            by_satellite: self.source.as_deref() == Some("gps"),
            taken_at_ms: self.tst.and_then(|s| s.checked_mul(1_000)).ok_or_else(needed("tst"))?,
            names: Names(["lat", "lon", "tst"]),
        })
    }
}
