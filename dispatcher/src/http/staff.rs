//! Owns the staff's calls: shift, card, answer, status, drop-out.

use super::App;
use super::auth::Caller;
use super::body::{Empty, Input, PathId};
use super::command;
use super::problem::{Answer, Code, Problem, ProblemBody};
use super::trips::crew_view;
use crate::gateway::wire::GOOD_FOR;
use crate::record::{Account, Duties, NewShift};
use crate::view::offer::next_for_phone;
use crate::view::{CrewTrip, NextView, OfferView, ShiftView, offer_for_phone};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use matcher::model::{AccountId, Mode, OfferId, Shift, TripId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// Longest shift, hours.
const HOURS_MAX: u8 = 10;
/// By then nothing comes any more that a gateway judged by its list from before: as long as that is good, and a moment on the way.
const AFTER_GATEWAYS: Duration = GOOD_FOR.saturating_add(Duration::from_millis(500));

/// How somebody travels.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModeIn {
    /// On foot.
    Walk,
    /// By car.
    Drive,
    /// On foot and by subway.
    Transit,
    /// By bicycle.
    Cycle,
}

impl From<ModeIn> for Mode {
    fn from(mode: ModeIn) -> Self {
        match mode {
            ModeIn::Walk => Self::Walk,
            ModeIn::Drive => Self::Drive,
            ModeIn::Transit => Self::Transit,
            ModeIn::Cycle => Self::Cycle,
        }
    }
}

/// A shift to begin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftIn {
    mode: ModeIn,
    /// 1 to 10.
    hours: u8,
}

/// An answer to an offer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerIn {
    accept: bool,
}

/// What became of the offer.
#[derive(Serialize, ToSchema)]
pub struct AnswerOut {
    state: &'static str,
}

/// A crew member's report.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusIn {
    to: String,
}

/// All a staff page needs.
#[derive(Serialize, ToSchema)]
pub struct Card {
    offer: Option<OfferView>,
    trip: Option<CrewTrip>,
    next: Option<NextView>,
    shift: Option<ShiftView>,
}

/// Begins a shift; replaces a running one.
#[utoipa::path(post, path = "/v1/shift", tag = "staff", request_body = ShiftIn,
    responses((status = 201, body = ShiftView), (status = 422, body = ProblemBody)))]
pub async fn start_shift(
    State(app): State<Arc<App>>,
    caller: Caller,
    Input(input): Input<ShiftIn>,
) -> Answer<(StatusCode, Json<ShiftView>)> {
    if input.hours == 0 || input.hours > HOURS_MAX {
        return Err(Problem::bad_field("hours"));
    }
    let new = NewShift { mode: input.mode.into(), hours: input.hours };
    let shift = app.record.start_shift(app.env.now(), caller.account().id, new).await??;
    app.ingest.at_work.changed();
    Ok((StatusCode::CREATED, Json(ShiftView::of(&shift))))
}

/// Ends the shift; the last position is forgotten.
#[utoipa::path(delete, path = "/v1/shift", tag = "staff",
    responses((status = 204), (status = 409, body = ProblemBody)))]
pub async fn end_shift(State(app): State<Arc<App>>, caller: Caller) -> Answer<StatusCode> {
    let now = app.env.now();
    app.record.end_shift(now, caller.account().id).await??;
    // A fix that comes after this finds nobody at work.
    app.roster.refresh(&app.record, now).await?;
    app.sight.places.remove(caller.account().id);
    app.ingest.forget(caller.account().id);
    tokio::spawn(remove_again(Arc::clone(&app), caller.account().id));
    Ok(StatusCode::NO_CONTENT)
}

/// What a gateway judged by a list from before the end of the shift comes by way of Redis, and would stand on the map until upkeep sees it.
async fn remove_again(app: Arc<App>, staff: AccountId) {
    tokio::time::sleep(AFTER_GATEWAYS).await;
    // Who has begun another, or called for help, is followed; and while that is not known it is left to upkeep.
    if let Ok(false) = app.ingest.at_work.is_followed(&app, staff, app.env.now()).await {
        app.sight.places.remove(staff);
    }
}

/// Offer, trip, the trip to follow and shift in one answer.
#[utoipa::path(get, path = "/v1/card", tag = "staff", responses((status = 200, body = Card)))]
pub async fn card(State(app): State<Arc<App>>, caller: Caller) -> Answer<Json<Card>> {
    let staff = caller.account().id;
    let Duties { offer, trip, next } = app.record.duties_of_staff(staff).await?;
    let shift = shift_of(&app, caller.account()).await?;
    Ok(Json(Card {
        offer: offer.map(|row| offer_for_phone(&row, app.env.now())),
        trip: trip.and_then(|row| crew_view(&app, &row, staff)),
        next: next.and_then(|row| next_for_phone(&row, staff)),
        shift: shift.as_ref().map(ShiftView::of),
    }))
}

/// Accepts or declines.
#[utoipa::path(post, path = "/v1/offers/{id}/answer", tag = "staff", params(("id" = uuid::Uuid, Path)),
    request_body = AnswerIn,
    responses((status = 200, body = AnswerOut), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
pub async fn answer(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<OfferId>,
    Input(input): Input<AnswerIn>,
) -> Answer<Json<AnswerOut>> {
    let state = command::answer(&app, caller.account(), id, input.accept).await?;
    Ok(Json(AnswerOut { state }))
}

/// A crew member's tap. After the end there is nothing left to show: 204.
#[utoipa::path(post, path = "/v1/trips/{id}/status", tag = "staff", params(("id" = uuid::Uuid, Path)),
    request_body = StatusIn, responses((status = 200, body = CrewTrip), (status = 204),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
pub async fn status(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<TripId>,
    Input(input): Input<StatusIn>,
) -> Answer<Response> {
    let account = caller.account();
    command::status(&app, account, id, &input.to).await?;
    let row = app.record.trip(id).await?.ok_or(Code::NotFound)?;
    Ok(match crew_view(&app, &row, account.id) {
        Some(trip) => Json(trip).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Gives the slot back; before `met` only.
#[utoipa::path(post, path = "/v1/trips/{id}/drop-out", tag = "staff", params(("id" = uuid::Uuid, Path)),
    request_body = Empty,
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
pub async fn drop_out(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<TripId>,
    _: Empty,
) -> Answer<StatusCode> {
    command::drop_out(&app, caller.account(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The running shift, from the newest roster.
pub async fn shift_of(app: &App, account: &Account) -> Answer<Option<Shift>> {
    let roster = app.roster.refresh(&app.record, app.env.now()).await?;
    let now = app.env.now();
    Ok(roster.by_id.get(&account.id).and_then(|e| e.shift).filter(|s| s.starts_at <= now && now < s.ends_at))
}
