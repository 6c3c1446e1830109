//! Owns the offer as its phone sees it before the crew has accepted: a coarse cell, times, and the partner's state. Holds
//! nothing finer than the cell.

use super::eta::{PROMISE, source_word};
use super::time::instant;
use crate::record::{OfferRow, TripRow};
use geo::Position;
use h3o::{LatLng, Resolution};
use matcher::model::{AccountId, OfferState, Phase, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The grid an area is rounded to: edges of about 530 m.
const AREA_RESOLUTION: Resolution = Resolution::Eight;
/// Drawn around the cell's centre; covers the cell.
const AREA_RADIUS_M: u32 = 600;

/// Roughly where: the centre of an H3 cell.
#[derive(Clone, Serialize, ToSchema)]
pub struct Area {
    /// H3 index.
    pub cell: String,
    /// Centre, degrees.
    pub lat: f64,
    /// Centre, degrees.
    pub lon: f64,
    /// Circle to draw, metres.
    pub radius_m: u32,
}

/// An open or accepted offer.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Offer)]
pub struct OfferView {
    /// The offer.
    pub id: Uuid,
    /// The trip.
    pub trip: Uuid,
    /// Which of the crew.
    pub slot: u8,
    /// Whether it would follow the present trip of this phone.
    pub next: bool,
    /// Roughly where.
    pub area: Area,
    /// Seconds to the meeting point, the rest of the present trip included.
    pub eta_s: u32,
    /// Of which nine times of ten no more are needed.
    pub eta_p90_s: u32,
    /// How they are known: `road`, `calibrated` or `straight`.
    pub eta_source: &'static str,
    /// When, if not now.
    pub pickup_at: Option<String>,
    /// Expected seconds of the trip: by car for a member who comes by car, else with whichever crew takes longer.
    pub trip_s: u32,
    /// How many staff.
    pub crew_size: u8,
    /// When it was placed.
    pub offered_at: String,
    /// After this an answer is late.
    pub expires_at: String,
    /// Seconds left, for a phone whose clock is wrong.
    pub expires_in_s: f64,
    /// This phone's own answer so far: `open`, `accepted`.
    pub state: &'static str,
    /// `open`, `accepted`, or `none` where there is no partner now.
    pub partner: &'static str,
}

/// The offer for the phone it was put on.
pub fn offer_for_phone(row: &OfferRow, now: Timestamp) -> OfferView {
    let offer = &row.offer;
    OfferView {
        id: offer.id.0,
        trip: offer.trip.0,
        slot: offer.slot,
        next: row.after.is_some(),
        area: area_of(row.pickup),
        eta_s: offer.eta_s,
        eta_p90_s: row.sure.p90_s,
        eta_source: source_word(row.sure.source),
        pickup_at: row.pickup_at.map(instant),
        trip_s: row.trip_s,
        crew_size: row.crew_size.get(),
        offered_at: instant(offer.offered_at),
        expires_at: instant(offer.expires_at),
        expires_in_s: offer.expires_at.since_ms(now).max(0) as f64 / 1_000.0,
        state: if offer.state == OfferState::Accepted { "accepted" } else { "open" },
        partner: partner_word(&row.partners),
    }
}

/// An accepted trip that follows the present one: no more of its place than of an offer's, until it is the present one.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Next)]
pub struct NextView {
    /// The trip.
    pub trip: Uuid,
    /// Roughly where.
    pub area: Area,
    /// When this member said they would be there.
    pub at: String,
    /// When they are there at the latest, nine times of ten, as it was known then.
    pub p90_at: String,
    /// `promise`: nothing is searched anew before the present trip has ended.
    pub eta_source: &'static str,
    /// What it was made on: `road`, `calibrated` or `straight`.
    pub eta_promised_on: &'static str,
    /// Only if true: a later time than at first, because the present trip takes longer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub later: bool,
    /// Expected seconds of the trip.
    pub trip_s: u32,
    /// How many staff.
    pub crew_size: u8,
}

/// The trip for a member of its crew who is still on another; `None` for anybody else.
pub fn next_for_phone(row: &TripRow, viewer: AccountId) -> Option<NextView> {
    let own = row.crew.iter().find(|m| m.offer.staff == viewer && m.after.is_some() && m.phase == Phase::Assigned)?;
    let in_s = |seconds: u32| instant(own.offer.offered_at.plus_s(i64::from(seconds)));
    Some(NextView {
        trip: row.trip.id.0,
        area: area_of(row.trip.pickup),
        at: in_s(own.offer.eta_s),
        p90_at: in_s(own.sure.p90_s),
        eta_source: PROMISE,
        eta_promised_on: source_word(own.sure.source),
        later: own.later,
        trip_s: row.trip_s(),
        crew_size: row.trip.crew_size.get(),
    })
}

/// The partners' state in one word: the slowest counts.
pub fn partner_word(partners: &[OfferState]) -> &'static str {
    if partners.contains(&OfferState::Open) {
        "open"
    } else if partners.contains(&OfferState::Accepted) {
        "accepted"
    } else {
        "none"
    }
}

/// The cell a position lies in.
pub fn area_of(position: Position) -> Area {
    let at = LatLng::new(position.lat(), position.lon()).expect("a position is finite");
    let cell = at.to_cell(AREA_RESOLUTION);
    let centre = LatLng::from(cell);
    let round = |degrees: f64| (degrees * 1e5).round() / 1e5;
    Area { cell: cell.to_string(), lat: round(centre.lat()), lon: round(centre.lng()), radius_m: AREA_RADIUS_M }
}
