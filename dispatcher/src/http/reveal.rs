//! Owns the look at a trip's exact places: for a moment, and on the audit chain with who looked. Who may look is who may decide
//! over the trip (`trips`).

use super::App;
use super::auth::Caller;
use super::body::{Input, PathId};
use super::problem::{Answer, Code, ProblemBody};
use super::trips::in_hand;
use crate::view::PlaceView;
use crate::view::time::instant;
use axum::Json;
use axum::extract::State;
use matcher::model::TripId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a page may show what it was told, seconds.
pub const REVEAL_S: i64 = 20;

/// Why somebody looks: a fixed word, so that the audit holds nothing personal.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyIn {
    /// To choose or guide a crew.
    Dispatch,
    /// Because of an alarm.
    Alarm,
    /// Somebody on the telephone asks.
    Call,
    /// To check a booking.
    Check,
}

/// A look.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealIn {
    reason: WhyIn,
}

impl RevealIn {
    /// The word in the audit.
    pub const fn why(&self) -> &'static str {
        match self.reason {
            WhyIn::Dispatch => "dispatch",
            WhyIn::Alarm => "alarm",
            WhyIn::Call => "call",
            WhyIn::Check => "check",
        }
    }
}

/// The two places of a trip.
#[derive(Serialize, ToSchema)]
pub struct Revealed {
    trip: Uuid,
    pickup: PlaceView,
    dropoff: PlaceView,
    /// To be hidden again by then.
    until: String,
}

/// Shows the exact places of an open trip; the audit names who looked.
#[utoipa::path(post, path = "/v1/trips/{id}/reveal", tag = "supervisor", params(("id" = uuid::Uuid, Path)),
    request_body = RevealIn, responses((status = 200, body = Revealed), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
pub async fn reveal(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<TripId>,
    Input(input): Input<RevealIn>,
) -> Answer<Json<Revealed>> {
    let row = in_hand(&app, caller.account(), id).await?;
    if row.trip.phase.is_end() {
        return Err(Code::WrongPhase.into());
    }
    let now = app.env.now();
    // On the record first: a look that cannot be noted is not given.
    app.record.note_reveal(now, caller.account().id, id, input.why()).await?;
    Ok(Json(Revealed {
        trip: id.0,
        pickup: PlaceView::of(row.trip.pickup, row.pickup_label.as_deref()),
        dropoff: PlaceView::of(row.trip.dropoff, row.dropoff_label.as_deref()),
        until: instant(now.plus_s(REVEAL_S)),
    }))
}
