//! Owns the bodies of numbered messages, made when they are sent from the state of the world then: a message that comes late can
//! never reveal a place that has been taken back.

use crate::http::App;
use crate::http::problem::Answer;
use crate::http::trips::view;
use crate::record::{Account, OfferRow, OutboxKind, OutboxRow, Role, TripRow};
use crate::view::offer::{next_for_phone, partner_word};
use crate::view::offer_for_phone;
use matcher::model::{OfferState, Timestamp};
use serde_json::{Value, json};

/// The message for its recipient.
pub async fn render(app: &App, account: &Account, row: &OutboxRow) -> Answer<String> {
    let mut body = match row.kind {
        OutboxKind::Offer | OutboxKind::OfferClosed | OutboxKind::Partner => offer(app, account, row).await?,
        OutboxKind::Trip | OutboxKind::TripGone => trip(app, account, row).await?,
        OutboxKind::SosTaken => json!({"t": "sos_taken", "incident": row.incident.map(|i| i.0)}),
    };
    body["seq"] = row.seq.into();
    Ok(body.to_string())
}

async fn offer(app: &App, account: &Account, row: &OutboxRow) -> Answer<Value> {
    let Some(id) = row.offer else { return Ok(closed(row, "taken_back")) };
    let now = app.env.now();
    let Some(current) = app.record.offer(id).await?.filter(|o| o.offer.staff == account.id) else {
        return Ok(closed(row, "taken_back"));
    };
    Ok(match row.kind {
        OutboxKind::Offer if is_open(&current, now) => json!({"t": "offer", "offer": offer_for_phone(&current, now)}),
        OutboxKind::Partner if !is_over(current.offer.state) => {
            json!({"t": "partner", "offer": id.0, "partner": partner_word(&current.partners)})
        }
        _ => closed(row, reason(&current)),
    })
}

fn is_open(row: &OfferRow, now: Timestamp) -> bool {
    row.offer.state == OfferState::Open && now < row.offer.expires_at
}

const fn is_over(state: OfferState) -> bool {
    matches!(state, OfferState::Declined | OfferState::Expired | OfferState::Withdrawn)
}

const fn reason(row: &OfferRow) -> &'static str {
    match row.offer.state {
        OfferState::Open | OfferState::Expired => "expired",
        OfferState::Withdrawn => "taken_back",
        OfferState::Accepted | OfferState::Declined => "answered",
    }
}

fn closed(row: &OutboxRow, reason: &str) -> Value {
    let told = row.reason.as_deref().filter(|_| row.kind == OutboxKind::OfferClosed);
    json!({"t": "offer_closed", "offer": row.offer.map(|o| o.0), "reason": told.unwrap_or(reason)})
}

async fn trip(app: &App, account: &Account, row: &OutboxRow) -> Answer<Value> {
    let current = match row.trip {
        Some(id) => app.record.trip(id).await?,
        None => None,
    };
    let shown = current.as_ref().and_then(|current| view(app, account, current));
    if let Some(trip) = shown.filter(|_| row.kind != OutboxKind::TripGone || account.role != Role::Staff) {
        return Ok(json!({"t": "trip", "trip": trip}));
    }
    let is_gone = row.kind == OutboxKind::TripGone;
    if let Some(next) = current.as_ref().filter(|_| !is_gone).and_then(|current| next_for_phone(current, account.id)) {
        return Ok(json!({"t": "next", "next": next}));
    }
    let reason = match row.reason.as_deref() {
        Some(told) => told,
        None => why_gone(app, account, current.as_ref()).await?,
    };
    Ok(json!({"t": "trip_gone", "trip": row.trip.map(|t| t.0), "reason": reason}))
}

/// Why a trip is not this phone's any more though the row told of something else: what became of it since.
async fn why_gone(app: &App, account: &Account, current: Option<&TripRow>) -> Answer<&'static str> {
    let Some(current) = current else { return Ok("cancelled") };
    if current.crew.iter().any(|member| member.offer.staff == account.id) {
        return Ok("refilling");
    }
    Ok(app.record.why_left(current.trip.id, account.id).await?.unwrap_or("released"))
}
