//! Owns what Traccar Client and others of its protocol (OsmAnd) post: the JSON of Traccar Client 9 and later, or a form. The protocol
//! also knows positions in the URL, where every proxy and log would keep them: that is refused, with a word on how to do better.

use super::device::{Names, Told, Tracker, open};
use crate::http::App;
use crate::http::body;
use crate::http::problem::{Answer, Code, Problem, ProblemBody};
use crate::json::Object;
use crate::live::Verdict;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Below this a form's timestamp is in seconds, above in milliseconds; both were in use.
const SECONDS_BELOW: i64 = i32::MAX as i64;
/// Error radius of a report that says that it knows no place, metres: none, so it is `inaccurate`.
const NOWHERE_M: f32 = -1.0;

/// A report as Traccar Client makes it. It says much more, which is nobody's business here.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Traccar {
    location: Location,
    /// The app's device identifier: here the tracker's secret, since the app sends no header.
    device_id: Option<String>,
}

impl<'de> Deserialize<'de> for Traccar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(Object(from))
    }
}

/// As much of a report as says whose it is.
#[derive(Deserialize)]
#[serde(remote = "Self")]
struct Signed {
    device_id: Option<String>,
}

impl<'de> Deserialize<'de> for Signed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(Object(from))
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self")]
struct Location {
    /// When, RFC 3339.
    timestamp: String,
    coords: Coords,
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(Object(from))
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self")]
struct Coords {
    latitude: f64,
    longitude: f64,
    /// Metres; below zero is unknown.
    accuracy: Option<f32>,
}

impl<'de> Deserialize<'de> for Coords {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(Object(from))
    }
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub struct Taken {
    verdict: &'static str,
}

impl Taken {
    /// By what it was taken for.
    pub const fn of(verdict: Verdict) -> Self {
        Self { verdict: verdict.word() }
    }
}

/// Takes a report of Traccar Client.
#[utoipa::path(post, path = "/v1/ingest/traccar", tag = "trackers", request_body = Traccar,
    responses((status = 200, body = Taken), (status = 400, body = ProblemBody), (status = 401, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn post(State(app): State<Arc<App>>, request: Request) -> Answer<Json<Taken>> {
    let (parts, body) = open(&app, request).await?;
    // Who is not let in learns nothing of what is wrong with the body, but a secret in it can only be found by reading it.
    let (told, in_body) = read(&parts.headers, &body);
    let tracker = Tracker::admit(&app, &parts, in_body.as_deref()).await?;
    let verdicts = tracker.take(&app, &[told?]).await?;
    Ok(Json(Taken { verdict: verdicts.first().map_or("", |verdict: &Verdict| verdict.word()) }))
}

/// Refuses the form of the protocol that puts the position into the URL.
#[utoipa::path(get, path = "/v1/ingest/traccar", tag = "trackers", responses((status = 400, body = ProblemBody)))]
pub async fn get() -> Problem {
    Code::PositionInUrl.into()
}

/// What a report tells, and the secret in it, which may be there though the rest is wrong.
pub fn read(headers: &HeaderMap, body: &[u8]) -> (Answer<Told>, Option<String>) {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        form(body)
    } else if kind.eq_ignore_ascii_case("application/json") {
        json(body)
    } else {
        (Err(Code::NotJson.into()), None)
    }
}

fn json(text: &[u8]) -> (Answer<Told>, Option<String>) {
    match serde_json::from_slice::<Traccar>(text).or_else(|_| body::parse(text)) {
        Ok(report) => (report.location.told(), report.device_id),
        Err(problem) => {
            let signed: Option<Signed> = serde_json::from_slice(text).ok();
            (Err(problem), signed.and_then(|signed| signed.device_id))
        }
    }
}

impl Location {
    fn told(&self) -> Answer<Told> {
        Ok(Told {
            lat: self.coords.latitude,
            lon: self.coords.longitude,
            acc_m: self.coords.accuracy,
            by_satellite: false,
            taken_at_ms: instant(&self.timestamp).ok_or_else(|| Problem::bad_field("location.timestamp"))?,
            names: Names(["location.coords.latitude", "location.coords.longitude", "location.timestamp"]),
        })
    }
}

/// A form, with `id` or `deviceid` for the secret.
fn form(body: &[u8]) -> (Answer<Told>, Option<String>) {
    let pairs = || {
        let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| {
            let (name, value) = pair.split_at(pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len()));
            (name, decoded(value.get(1..).unwrap_or_default()))
        })
    };
    let secret = pairs().rfind(|(name, _)| matches!(*name, b"id" | b"deviceid"));
    (form_told(pairs()), secret.and_then(|(_, value)| value))
}

/// The form's fields that matter beside the secret: `timestamp`, `lat`, `lon` or both as `location`, `accuracy`, `valid`.
fn form_told<'a>(pairs: impl Iterator<Item = (&'a [u8], Option<String>)>) -> Answer<Told> {
    let bad = Problem::bad_field;
    let (mut at, mut lat, mut lon, mut acc_m) = (None, None, None, None);
    let mut names = ["lat", "lon", "timestamp"];
    let mut knows = true;
    for (name, value) in pairs {
        let value = value.ok_or(Problem::from(Code::BadField))?;
        match name {
            b"timestamp" => at = Some(form_time(&value).ok_or_else(|| bad("timestamp"))?),
            b"lat" => lat = Some(number(&value).ok_or_else(|| bad("lat"))?),
            b"lon" => lon = Some(number(&value).ok_or_else(|| bad("lon"))?),
            b"location" => {
                let (a, b) = value.split_once(',').ok_or_else(|| bad("location"))?;
                (names[0], names[1]) = ("location", "location");
                lat = Some(number(a).ok_or_else(|| bad("location"))?);
                lon = Some(number(b).ok_or_else(|| bad("location"))?);
            }
            b"accuracy" => acc_m = Some(number(&value).ok_or_else(|| bad("accuracy"))? as f32),
            // The tracker itself says that it does not know where it is. It would send a refused report again for ever.
            b"valid" => knows = !matches!(value.as_str(), "false" | "0"),
            _ => {}
        }
    }
    if !knows {
        (lat, lon, acc_m) = (lat.or(Some(0.0)), lon.or(Some(0.0)), Some(NOWHERE_M));
    }
    Ok(Told {
        lat: lat.ok_or_else(|| bad("lat"))?,
        lon: lon.ok_or_else(|| bad("lon"))?,
        acc_m,
        by_satellite: false,
        taken_at_ms: at.ok_or_else(|| bad("timestamp"))?,
        names: Names(names),
    })
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|n: &f64| n.is_finite())
}

/// Seconds or milliseconds since 1970, or a date with a time, in UTC if it does not say.
fn form_time(text: &str) -> Option<i64> {
    match text.parse::<i64>() {
        Ok(n) if n < SECONDS_BELOW => n.checked_mul(1_000),
        Ok(n) => Some(n),
        Err(_) => instant(text).or_else(|| instant(&format!("{text}Z"))),
    }
}

/// Milliseconds since 1970 of an RFC 3339 time.
fn instant(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// A form's value: `+` is a blank, `%` begins a byte.
fn decoded(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (char::from(rest.next()?).to_digit(16)?, char::from(rest.next()?).to_digit(16)?);
                (high * 16 + low) as u8
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}
