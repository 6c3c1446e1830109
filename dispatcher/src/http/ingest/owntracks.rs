//! Owns what the OwnTracks app posts in HTTP mode: a JSON object whose `_type` says what it is. Locations are taken; everything else,
//! and an empty body, is answered with the empty list that the app expects, and nothing of it is kept. What is locked with a key of the
//! app's own is refused: it may be a location.

use super::device::{Told, Tracker, open};
use crate::http::App;
use crate::http::problem::{Answer, Code, Problem, ProblemBody};
use axum::Json;
use axum::extract::{Request, State};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The trigger of a report that only says that the app lives: its place may be old, and its time is that of the report.
const PING: &str = "p";

/// What the app makes of every message once it was given a key for that.
const ENCRYPTED: &str = "encrypted";

/// A message of the app. It says much more, which is nobody's business here.
#[derive(Deserialize, ToSchema)]
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

/// Takes a location of the OwnTracks app.
#[utoipa::path(post, path = "/v1/ingest/owntracks", tag = "trackers", request_body = OwnTracks,
    responses((status = 200, description = "always an empty list"), (status = 401, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn post(State(app): State<Arc<App>>, request: Request) -> Answer<Json<[(); 0]>> {
    let (parts, body) = open(&app, request).await?;
    let tracker = Tracker::admit(&app, &parts, None).await?;
    if body.is_empty() {
        return Ok(Json([]));
    }
    let message: OwnTracks = serde_json::from_slice(&body).map_err(|e| match e.classify() {
        serde_json::error::Category::Data => Code::BadField,
        _ => Code::BadJson,
    })?;
    if let Some(told) = message.place() {
        tracker.take(&app, &[told?]).await?;
    }
    Ok(Json([]))
}

impl OwnTracks {
    /// The place that it tells; `None` of a message that tells none.
    pub fn place(&self) -> Option<Answer<Told>> {
        if self.kind == ENCRYPTED {
            return Some(Err(Problem::bad_field("_type.encrypted")));
        }
        (self.kind == "location" && self.t.as_deref() != Some(PING)).then(|| self.told())
    }

    fn told(&self) -> Answer<Told> {
        let needed = |field: &'static str| move || Problem::bad_field(field);
        Ok(Told {
            lat: self.lat.ok_or_else(needed("lat"))?,
            lon: self.lon.ok_or_else(needed("lon"))?,
            acc_m: self.acc,
            by_satellite: self.source.as_deref() == Some("gps"),
            taken_at_ms: self.tst.and_then(|s| s.checked_mul(1_000)).ok_or_else(needed("tst"))?,
        })
    }
}
