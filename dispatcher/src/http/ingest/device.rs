//! Owns the door of trackers: a secret of one staff member's app, good for sending fixes and nothing else. It comes as the password
//! of HTTP Basic or as a Bearer token; Traccar Client, which can send no header, puts it where its device identifier stands, in
//! the body. Never in a URL.

use super::sources::{Source, Via};
use super::{FIXES_MAX, take};
use crate::http::App;
use crate::http::auth::{TOKEN_BYTES_MAX, bearer, count_open_call, too_many};
use crate::http::body::read_limited;
use crate::http::known::{Kind, authenticate};
use crate::http::problem::{Answer, Code, Problem};
use crate::live::Verdict;
use crate::record::SignedIn;
use crate::view::place::{parse_position, taken_at_ms};
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use geo::{Fix, FixKind};
use matcher::model::Timestamp;
use std::sync::Arc;

/// Error radius of a fix whose app gives none, metres: coarse, since nothing is known.
const UNKNOWN_M: f32 = 1_000.0;

/// A tracker that was let in.
pub struct Tracker(Arc<SignedIn>);

/// One fix as an app tells it.
pub struct Told {
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Radius of the error circle, metres.
    pub acc_m: Option<f32>,
    /// Whether the app says that satellites told it; else it may be anything.
    pub by_satellite: bool,
    /// When it was taken by the app's clock, milliseconds since 1970.
    pub taken_at_ms: i64,
    /// What the app calls the three that may be out of range.
    pub names: Names,
}

/// The names of latitude, longitude and time.
#[derive(Clone, Copy)]
pub struct Names(pub [&'static str; 3]);

impl Names {
    /// What the app calls a field of ours.
    fn of(self, field: &str) -> &'static str {
        let [lat, lon, at] = self.0;
        match field {
            "lat" => lat,
            "lon" => lon,
            _ => at,
        }
    }
}

/// The parts and the body of a tracker's request. One that brings its position in the URL is refused before anything is read.
pub async fn open(app: &App, request: Request) -> Answer<(Parts, Bytes)> {
    let (parts, body) = request.into_parts();
    if parts.uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(Code::PositionInUrl.into());
    }
    match read_limited(body).await {
        Ok(body) => Ok((parts, body)),
        Err(problem) if problem.code == Code::TooLarge => {
            count_open_call(app, &parts.extensions, &parts.headers, app.env.now())?;
            Err(problem)
        }
        Err(problem) => Err(problem),
    }
}

impl Tracker {
    /// Whose secret the headers hold, else the body.
    pub async fn admit(app: &App, parts: &Parts, in_body: Option<&str>) -> Answer<Self> {
        let now = app.env.now();
        let secret =
            secret(&parts.headers).or_else(|| in_body.filter(|s| s.len() <= TOKEN_BYTES_MAX).map(str::to_owned));
        let found = match &secret {
            Some(secret) => authenticate(app, now, Kind::Device, secret).await?,
            None => None,
        };
        if let Some(signed_in) = found {
            app.device_calls.take(signed_in.token, now.0).map_err(too_many)?;
            return Ok(Self(signed_in));
        }
        // Whoever tries secrets is slowed down like anybody without one.
        count_open_call(app, &parts.extensions, &parts.headers, now)?;
        Err(if secret.is_some() { Code::BadToken } else { Code::NoToken }.into())
    }

    /// Takes what the app tells. Trackers have no numbers of ours: the second a fix was taken in by the app's own clock is its
    /// number, within the epoch of this tracker, so a repeat is a repeat and a late one is late. The age is what the two clocks
    /// say: one that is slow makes fixes look older than they are, which is safe, and one that is fast makes them `future`.
    pub async fn take(&self, app: &App, told: &[Told]) -> Answer<Vec<Verdict>> {
        debug_assert!(told.len() <= FIXES_MAX, "apps send one at a time");
        let now = app.env.now();
        let fixes = told.iter().map(|told| told.fix(now)).collect::<Result<Vec<Fix>, _>>();
        let from = (Source::Tracker(self.0.token), Via::Call);
        take(app, &self.0.account, from, fixes.map_err(Problem::bad_field)?).await
    }
}

impl Told {
    /// As a fix, without its epoch; `Err` names the field to blame, as the app calls it.
    pub fn fix(&self, now: Timestamp) -> Result<Fix, &'static str> {
        Ok(Fix {
            position: parse_position(self.lat, self.lon).map_err(|field| self.names.of(field))?,
            accuracy_m: self.acc_m.unwrap_or(UNKNOWN_M),
            kind: if self.by_satellite { FixKind::Gps } else { FixKind::Network },
            taken_at_ms: taken_at_ms(now, self.taken_at_ms),
            session_epoch: 0,
            seq: u32::try_from(self.taken_at_ms.div_euclid(1_000)).map_err(|_| self.names.of("timestamp"))?,
        })
    }
}

/// The secret of an `Authorization` header: a Bearer token, or the password of Basic; the user may be anything.
pub fn secret(headers: &HeaderMap) -> Option<String> {
    if let Some(token) = bearer(headers) {
        return Some(token.to_owned());
    }
    let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 2 * TOKEN_BYTES_MAX {
        return None;
    }
    let plain = String::from_utf8(base64(encoded.trim())?).ok()?;
    let (_, password) = plain.split_once(':')?;
    (!password.is_empty() && password.len() <= TOKEN_BYTES_MAX).then(|| password.to_owned())
}

/// Bytes of base 64 with its usual alphabet; `None` for anything else.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0);
    for letter in text.bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_reads_the_examples_of_its_standard() {
        for (text, plain) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar")] {
            assert_eq!(base64(text).unwrap(), plain.as_bytes());
        }
        assert_eq!((base64("Zm9*"), base64("한글")), (None, None));
    }
}
