//! Owns a way as the crew member who is to go it sees it: a line, and what to do street by street. Words of a language are the
//! page's.

use geo::road::data::MapData;
use geo::road::{Along, Leg, LegTurn, Route};
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// Digits kept of a degree: a decimetre.
const DEGREE_DIGITS: f64 = 1e6;

/// The way a crew member is to go.
#[derive(Serialize, ToSchema)]
#[schema(as = Way)]
pub struct WayView {
    /// `pickup` before the meeting, `dropoff` after it.
    pub to: &'static str,
    /// `walk`, `drive`, `transit` or `cycle`.
    pub mode: &'static str,
    /// Only if true: by car with the rider, though none of the crew came by one; it takes a taxi.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub without_car: bool,
    /// `fastest` or `safer`.
    pub prefer: &'static str,
    /// Seconds.
    pub duration_s: u32,
    /// Seconds that are not exceeded nine times of ten.
    pub p90_s: u32,
    /// Metres.
    pub length_m: u32,
    /// Seconds more than the fastest way that pays no heed to lamps or zones.
    pub detour_s: u32,
    /// What became of the rider's avoid zones: `none` there are none, `kept_out`, or why not: `begins_inside`, `ends_inside`,
    /// `cut_off`, `crossed`.
    pub zones: &'static str,
    /// How the time is known: `road`, `calibrated`, or `straight` where most of the way lies off the streets.
    pub source: &'static str,
    /// How old the position is from which it leads, seconds.
    pub fix_age_s: u32,
    /// `[lon, lat]`, from the phone's last position on.
    pub line: Vec<[f64; 2]>,
    /// In order.
    pub legs: Vec<LegView>,
}

/// A part of a way told in one sentence.
#[derive(Serialize, ToSchema)]
#[schema(as = WayLeg)]
pub struct LegView {
    /// How one comes into it: `start`, `straight`, `left`, `right`, `back`.
    pub turn: &'static str,
    /// `street`, `ride`, `station`: between street and platform, or lines; or `off_streets`: to the first street or from the last, where
    /// no way is known.
    pub along: &'static str,
    /// Name of the street or line; null without one.
    pub name: Option<String>,
    /// Metres.
    pub length_m: u32,
    /// Seconds.
    pub duration_s: u32,
    /// First point of the line.
    pub from: usize,
}

/// A way is a place: hidden.
impl fmt::Debug for WayView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WayView(hidden)")
    }
}

/// The points as `[lon, lat]`.
pub fn line(route: &Route) -> Vec<[f64; 2]> {
    let short = |degrees: f64| (degrees * DEGREE_DIGITS).round() / DEGREE_DIGITS;
    route.points.iter().map(|p| [short(p.lon()), short(p.lat())]).collect()
}

impl LegView {
    /// With the names of the map, for who takes so many times as long as somebody alone.
    pub fn of(leg: &Leg, data: &MapData, pace: f32) -> Self {
        let (along, name) = match leg.along {
            Along::Street(name) => ("street", name.and_then(|n| data.names.get(n as usize)).cloned()),
            Along::Ride(line) => ("ride", data.subway.lines.get(line as usize).map(|l| l.name.clone())),
            Along::Station => ("station", None),
            Along::OffStreets => ("off_streets", None),
        };
        Self {
            turn: match leg.turn {
                LegTurn::Start => "start",
                LegTurn::Straight => "straight",
                LegTurn::Left => "left",
                LegTurn::Right => "right",
                LegTurn::Back => "back",
            },
            along,
            name,
            length_m: leg.length_m.round() as u32,
            duration_s: (leg.duration_s * pace).round() as u32,
            from: leg.from,
        }
    }
}
