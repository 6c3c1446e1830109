//! Owns the reading of a trip's course by the centre's supervisors: what the audit chain holds of it, in fixed words. It has no
//! place and no name, so a look leaves no trace of its own.

use super::App;
use super::auth::Caller;
use super::body::PathId;
use super::problem::{Answer, ProblemBody};
use super::trips::for_centre;
use crate::view::history::{HistoryEvent, course};
use axum::Json;
use axum::extract::State;
use matcher::model::TripId;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// The course of a trip.
#[derive(Serialize, ToSchema)]
pub struct History {
    trip: Uuid,
    /// Oldest first.
    events: Vec<HistoryEvent>,
}

/// What happened on a trip, as it is on the record.
#[utoipa::path(get, path = "/v1/trips/{id}/history", tag = "supervisor", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = History), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn history(State(app): State<Arc<App>>, caller: Caller, PathId(id): PathId<TripId>) -> Answer<Json<History>> {
    // It tells of zones, and of everybody's deeds: neither is a company's to know.
    for_centre(&app, caller.account(), id).await?;
    let events = course(&app.record.history_of(id).await?);
    Ok(Json(History { trip: id.0, events }))
}
