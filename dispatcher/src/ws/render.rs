//! Owns the bodies of numbered messages, made when they are sent from the state of the world then: a message that comes late can
//! never reveal a place that has been taken back.

use crate::http::App;
use crate::http::problem::Answer;
use crate::http::trips::view;
use crate::record::{Account, OfferRow, OutboxKind, OutboxRow, Role};
use crate::view::offer::partner_word;
use crate::view::offer_for_phone;
use matcher::model::{OfferState, Phase, Timestamp, TripId};
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
    let Some(id) = row.trip else { return Ok(gone(row, None, Phase::Cancelled)) };
    let current = app.record.trip(id).await?;
    let phase = current.as_ref().map_or(Phase::Cancelled, |c| c.trip.phase);
    if row.kind == OutboxKind::TripGone && account.role == Role::Staff {
        return Ok(gone(row, Some(id), phase));
    }
    Ok(match current.as_ref().and_then(|c| view(app, account, c)) {
        Some(trip) => json!({"t": "trip", "trip": trip}),
        None => gone(row, Some(id), phase),
    })
}

/// Why a trip is no longer this phone's, from the row or else from what became of it.
fn gone(row: &OutboxRow, trip: Option<TripId>, phase: Phase) -> Value {
    let became = match phase {
        Phase::Completed => "completed",
        Phase::NoShow => "no_show",
        Phase::Cancelled | Phase::Unserved => "cancelled",
        _ => "released",
    };
    json!({"t": "trip_gone", "trip": trip.map(|t| t.0), "reason": row.reason.as_deref().unwrap_or(became)})
}
