//! Owns positions on the wire: places as booked, points and fixes as phones report them. Types that hold a place hide it in
//! `Debug`. Whether a place lies in the service area is checked in `http::bookings`.

use crate::json::Object;
use geo::{FUTURE_MS_MAX, Fix, FixKind, Position};
use matcher::model::Timestamp;
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Longest label of a place, characters.
pub const LABEL_CHARS_MAX: usize = 60;

/// A place as its viewer may see it.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Place)]
pub struct PlaceView {
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// The rider's words.
    pub label: Option<String>,
}

impl PlaceView {
    /// Of a booked place.
    pub fn of(position: Position, label: Option<&str>) -> Self {
        Self { lat: position.lat(), lon: position.lon(), label: label.map(str::to_owned) }
    }
}

/// A place in a request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceIn {
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// The rider's words, at most 60 characters.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub label: Option<String>,
}

/// A bare point in a request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PointIn {
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
}

/// How the phone knew.
#[derive(Clone, Copy, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum FixKindIn {
    /// Satellite.
    Gps,
    /// Wi-Fi or other network.
    Network,
    /// Cell tower.
    Tower,
    /// Typed in.
    Manual,
    /// Demo walk.
    Demo,
}

impl<'de> Deserialize<'de> for FixKindIn {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(KindWord)
    }
}

/// The word of a kind, and nothing that serde would also take for one.
struct KindWord;

impl Visitor<'_> for KindWord {
    type Value = FixKindIn;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a kind of fix")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<FixKindIn, E> {
        Ok(match word {
            "gps" => FixKindIn::Gps,
            "network" => FixKindIn::Network,
            "tower" => FixKindIn::Tower,
            "manual" => FixKindIn::Manual,
            "demo" => FixKindIn::Demo,
            _ => return Err(E::custom("no kind of fix")),
        })
    }
}

/// One report of where a phone was.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schema(as = Fix)]
pub struct FixIn {
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Radius of the error circle, metres; outside 0..=20,000 the fix is `inaccurate`.
    pub acc_m: f32,
    /// How the phone knew.
    pub kind: FixKindIn,
    /// Age at sending, milliseconds; a little below zero is now, further below is `future`.
    pub age_ms: i64,
    /// Counts up per phone and session.
    pub seq: u32,
}

impl<'de> Deserialize<'de> for FixIn {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(Object(from))
    }
}

impl FixIn {
    /// Put on the server's clock; `Err` names the field to blame. Whether it is believed is decided later (`live`), so its error
    /// radius and its age may be anything.
    pub fn parse(&self, now: Timestamp) -> Result<Fix, &'static str> {
        let kind = match self.kind {
            FixKindIn::Gps => FixKind::Gps,
            FixKindIn::Network => FixKind::Network,
            FixKindIn::Tower => FixKind::Tower,
            FixKindIn::Manual => FixKind::Manual,
            FixKindIn::Demo => FixKind::Demo,
        };
        Ok(Fix {
            position: parse_position(self.lat, self.lon)?,
            accuracy_m: self.acc_m,
            kind,
            taken_at_ms: taken_at_ms(now, now.0.saturating_sub(self.age_ms)),
            session_epoch: 0,
            seq: self.seq,
        })
    }
}

/// When a fix was taken by the server's clock; what is ahead by no more than clocks differ is from now.
pub fn taken_at_ms(now: Timestamp, told_ms: i64) -> i64 {
    if (1..=FUTURE_MS_MAX).contains(&told_ms.saturating_sub(now.0)) { now.0 } else { told_ms }
}

/// A position, or the name of the coordinate to blame.
pub fn parse_position(lat: f64, lon: f64) -> Result<Position, &'static str> {
    Position::new(lat, lon).map_err(|e| match e {
        geo::PositionError::LongitudeOutOfRange => "lon",
        _ => "lat",
    })
}

macro_rules! hide {
    ($($name:ident),+) => {$(
        /// Hides the place.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(hidden)"))
            }
        }
    )+};
}

hide!(PlaceView, PlaceIn, PointIn, FixIn);
