//! Owns the parsing of a booking: kind, times, places in the service area. Whether the rider's grant allows it, and all that
//! follows, is the record's.

use super::App;
use super::auth::Caller;
use super::body::Hashed;
use super::key::idempotency_key;
use super::problem::{Answer, Code, Problem, ProblemBody};
use super::sight::When;
use super::trips;
use crate::engine::field::profile;
use crate::engine::guide::circles;
use crate::record::{Booked, NewBooking, Place};
use crate::telemetry;
use crate::view::place::{LABEL_CHARS_MAX, parse_position};
use crate::view::series::DAYS;
use crate::view::time::{parse_date, parse_instant, parse_time_of_day};
use crate::view::{PlaceIn, RiderTrip};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use geo::Position;
use geo::road::Zone;
use matcher::model::{BookingKind, Commute, CrewSize, Mode, Timestamp, TripLength, Weekdays};
use matcher::schedule::{hour_of, legs_between};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// A meeting time may lie this much in the past, as a form takes time to fill in, seconds.
const PAST_GRACE_S: i64 = 60;
/// Farthest meeting time ahead, seconds.
const AHEAD_S_MAX: i64 = 31 * 86_400;
/// Nearer than this the two places are one, metres.
const APART_M_MIN: f64 = 30.0;
/// How far ahead a commute is looked through for its first leg, seconds: longer than it may last.
const FIRST_LEG_S_MAX: i64 = 400 * 86_400;

/// Which kind of booking.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindIn {
    /// As soon as possible.
    Now,
    /// At a time.
    At,
    /// A weekday series.
    Commute,
}

/// The days and times of a commute.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommuteIn {
    days: Vec<String>,
    outward_at: String,
    return_at: String,
    from: String,
    until: String,
}

/// A booking.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookingIn {
    kind: KindIn,
    /// For `at` only.
    at: Option<String>,
    /// For `commute` only.
    commute: Option<CommuteIn>,
    pickup: PlaceIn,
    dropoff: PlaceIn,
    /// 1 to 4; the grant's by default.
    crew_size: Option<u8>,
}

/// A booking as it stands on the record.
#[derive(Serialize, ToSchema)]
pub struct BookingRef {
    id: Uuid,
    kind: &'static str,
    series: Option<Uuid>,
}

/// The answer to a booking.
#[derive(Serialize, ToSchema)]
pub struct BookingOut {
    booking: BookingRef,
    trips: Vec<RiderTrip>,
}

/// Books. Sent again with the same key and body it answers the same, with 200.
#[utoipa::path(post, path = "/v1/bookings", tag = "rider", request_body = BookingIn,
    params(("Idempotency-Key" = String, Header, description = "1 to 64 printable characters; one per booking")),
    responses((status = 201, body = BookingOut), (status = 200, body = BookingOut), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub async fn book(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Hashed<BookingIn>,
) -> Answer<(StatusCode, Json<BookingOut>)> {
    let key = idempotency_key(&headers)?;
    let rider = caller.account().id;
    let word = match body.input.kind {
        KindIn::Now => "now",
        KindIn::At => "at",
        KindIn::Commute => "commute",
    };
    // A retry is recognised before anything is checked: what was fine then may have passed by now.
    if let Some(booked) = app.record.find_booking(rider, key, &body.sha256).await?? {
        return show(&app, booked, word).await;
    }
    let now = app.env.now();
    let kind = parse_kind(&body.input, now)?;
    let crew_size = match body.input.crew_size {
        Some(n) => Some(CrewSize::new(n).ok_or_else(|| Problem::bad_field("crew_size"))?),
        None => None,
    };
    let pickup = parse_place(&app, body.input.pickup, "pickup", Code::PickupOutsideArea)?;
    let dropoff = parse_place(&app, body.input.dropoff, "dropoff", Code::DropoffOutsideArea)?;
    if pickup.position.distance_m(dropoff.position) < APART_M_MIN {
        return Err(Problem::bad_field("dropoff"));
    }
    let zones = circles(&app.record.zones_of(rider).await?);
    let (length, return_length) = lengths(&app, now, &kind, (&pickup, &dropoff), zones).await;
    let new = NewBooking {
        rider,
        idempotency_key: key.to_owned(),
        body_sha256: body.sha256,
        kind,
        pickup,
        dropoff,
        crew_size,
        length,
        return_length,
    };
    let booked = app.record.book(now, &new).await??;
    if booked.fresh {
        metrics::counter!(telemetry::BOOKINGS, "kind" => word).increment(1);
    }
    show(&app, booked, word).await
}

async fn show(app: &App, booked: Booked, kind: &'static str) -> Answer<(StatusCode, Json<BookingOut>)> {
    let mut trips = Vec::with_capacity(booked.trips.len());
    for id in &booked.trips {
        if let Some(row) = app.record.trip(*id).await? {
            trips.push(trips::rider_view(app, &row));
        }
    }
    let booking = BookingRef { id: booked.booking.0, kind, series: booked.series.map(|s| s.0) };
    let status = if booked.fresh { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(BookingOut { booking, trips })))
}

/// Both ways for a commute; road searches leave the async threads.
async fn lengths(
    app: &Arc<App>,
    now: Timestamp,
    kind: &BookingKind,
    (pickup, dropoff): (&Place, &Place),
    zones: Vec<Zone>,
) -> (TripLength, TripLength) {
    let (app, there, back) = (Arc::clone(app), pickup.position, dropoff.position);
    let hour = |at: jiff::civil::Time| When::At { hour: at.hour().unsigned_abs() };
    let (out_at, back_at) = match kind {
        BookingKind::Now => (When::Now { hour: hour_of(now) }, None),
        BookingKind::At(at) => (When::At { hour: hour_of(*at) }, None),
        BookingKind::Commute(commute) => (hour(commute.outward_at), Some(hour(commute.return_at))),
    };
    let search = move || {
        let out = led_length(&app, (there, back), out_at, &zones);
        (out, back_at.map_or(out, |at| led_length(&app, (back, there), at, &zones)))
    };
    tokio::task::spawn_blocking(search).await.expect("a road search does not panic")
}

/// By the way they will be led, as far as streets and zones of today tell it, and what was learnt of the hour, leaving and arriving with it: what is planned into the end of a
/// trip that goes round, or through the rush hour, is planned too early.
pub fn led_length(app: &App, (from, to): (Position, Position), when: When, zones: &[Zone]) -> TripLength {
    let fastest = app.sight.length(from, to, when);
    let learnt = Arc::clone(&app.travel.present().calibration);
    let stretch = |mode| match when {
        When::Now { .. } => app.guide.stretch(mode, from, to, zones),
        When::At { hour } => app.guide.usual_stretch(mode, (&learnt, hour), (from, to), zones),
    };
    let led_s = |mode, fastest_s: u32| {
        let (pace, beside) = (learnt.pace(profile(mode)), learnt.beside(profile(mode)));
        (fastest_s as f32 * stretch(mode) * pace + beside.with_rider_s).ceil() as u32
    };
    let by_car_s = led_s(app.sight.trip_mode(from, to), fastest.by_car_s);
    let rides = fastest.without_s != fastest.by_car_s;
    TripLength { by_car_s, without_s: if rides { led_s(Mode::Transit, fastest.without_s) } else { by_car_s } }
}

fn parse_place(app: &App, place: PlaceIn, name: &'static str, outside: Code) -> Answer<Place> {
    let position = parse_position(place.lat, place.lon).map_err(|f| Problem::bad_field(format!("{name}.{f}")))?;
    let label = place.label.map(|l| l.trim().to_owned()).filter(|l| !l.is_empty());
    if label.as_deref().is_some_and(|l| l.chars().count() > LABEL_CHARS_MAX || l.chars().any(is_unseen)) {
        return Err(Problem::bad_field(format!("{name}.label")));
    }
    if !app.sight.in_area(position) {
        return Err(Problem::field(outside, name));
    }
    Ok(Place { position, label })
}

/// Characters that are not seen, or change how others are read: control, zero width, direction. A label with one could say one
/// thing to a person and another to a search.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The kind with its time; a part that belongs to another kind is refused.
pub(super) fn parse_kind(input: &BookingIn, now: Timestamp) -> Answer<BookingKind> {
    match (input.kind, &input.at, &input.commute) {
        (KindIn::Now, None, None) => Ok(BookingKind::Now),
        (KindIn::At, Some(at), None) => {
            let at = parse_instant(at).ok_or_else(|| Problem::bad_field("at"))?;
            if at < now.plus_s(-PAST_GRACE_S) {
                return Err(Problem::field(Code::TimeInPast, "at"));
            }
            if at > now.plus_s(AHEAD_S_MAX) {
                return Err(Problem::field(Code::TimeTooFar, "at"));
            }
            Ok(BookingKind::At(at))
        }
        (KindIn::Commute, None, Some(commute)) => parse_commute(commute, now).map(BookingKind::Commute),
        (KindIn::At, _, None) | (KindIn::Now | KindIn::Commute, Some(_), _) => Err(Problem::bad_field("at")),
        _ => Err(Problem::bad_field("commute")),
    }
}

fn parse_commute(input: &CommuteIn, now: Timestamp) -> Answer<Commute> {
    let field = |name: &'static str| move || Problem::bad_field(format!("commute.{name}"));
    let bad = |name: &str| Problem::field(Code::BadCommute, format!("commute.{name}"));
    let mut bits = 0_u8;
    for day in &input.days {
        let nth = DAYS.iter().position(|(word, _)| word == day).ok_or_else(field("days"))?;
        bits |= 1 << nth;
    }
    let days = Weekdays::from_bits(bits).ok_or_else(|| bad("days"))?;
    let outward_at = parse_time_of_day(&input.outward_at).ok_or_else(field("outward_at"))?;
    let return_at = parse_time_of_day(&input.return_at).ok_or_else(field("return_at"))?;
    let from = parse_date(&input.from).ok_or_else(field("from"))?;
    let until = parse_date(&input.until).ok_or_else(field("until"))?;
    let commute = Commute { days, outward_at, return_at, from, until, skips: Vec::new() };
    let commute = commute.checked().map_err(|error| Problem::field(Code::BadCommute, error.field()))?;
    // One that is over, or whose only day has gone by, would be taken and never come.
    if legs_between(&commute, now, now.plus_s(FIRST_LEG_S_MAX)).is_empty() {
        return Err(bad("until"));
    }
    Ok(commute)
}
