//! Owns what riders' and staff's phones send alike over REST: fixes and the alarm. The socket is the usual way; this is for
//! phones that have none.

use super::App;
use super::auth::Caller;
use super::body::{Input, Often};
use super::command;
use super::ingest::sources::Via;
use super::problem::{Answer, ProblemBody};
use crate::json::Object;
use crate::live::Verdict;
use crate::view::FixIn;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use matcher::model::TripId;
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Fixes, oldest first.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct FixesIn {
    fixes: Vec<FixIn>,
    /// The session that `seq` counts in, for phones without a socket: any number, another one whenever the count begins anew.
    #[serde(default)]
    session: Option<u32>,
    /// One place of a phone that is not going to send more: no other one is replaced by it.
    #[serde(default)]
    once: bool,
}

impl<'de> Deserialize<'de> for FixesIn {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(Object(from))
    }
}

impl FixesIn {
    /// As they were sent.
    pub fn fixes(&self) -> &[FixIn] {
        &self.fixes
    }

    /// By which count they are numbered.
    pub fn via(&self) -> Via {
        if self.once { Via::Once } else { self.session.map_or(Via::Call, Via::Session) }
    }
}

/// What became of the fixes.
#[derive(Serialize, ToSchema)]
pub struct FixesOut {
    accepted: usize,
    verdicts: Vec<&'static str>,
}

impl FixesOut {
    /// In the order they came.
    pub fn of(verdicts: &[Verdict]) -> Self {
        let accepted = verdicts.iter().filter(|verdict| verdict.is_kept()).count();
        Self { accepted, verdicts: verdicts.iter().map(|verdict| verdict.word()).collect() }
    }
}

/// The alarm.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SosIn {
    trip: Option<Uuid>,
}

/// The alarm on the record.
#[derive(Serialize, ToSchema)]
pub struct SosOut {
    incident: Uuid,
}

/// Takes the phone's fixes.
#[utoipa::path(post, path = "/v1/fixes", tag = "phone", request_body = FixesIn,
    responses((status = 202, body = FixesOut), (status = 422, body = ProblemBody)))]
pub async fn fixes(
    State(app): State<Arc<App>>,
    caller: Caller,
    Often(input): Often<FixesIn>,
) -> Answer<(StatusCode, Json<FixesOut>)> {
    let verdicts = command::fixes(&app, &caller.0, input.via(), &input.fixes).await?;
    Ok((StatusCode::ACCEPTED, Json(FixesOut::of(&verdicts))))
}

/// Raises the alarm.
#[utoipa::path(post, path = "/v1/sos", tag = "phone", request_body = SosIn, responses((status = 201, body = SosOut)))]
pub async fn sos(
    State(app): State<Arc<App>>,
    caller: Caller,
    Input(input): Input<SosIn>,
) -> Answer<(StatusCode, Json<SosOut>)> {
    let (edge, trip) = (Arc::clone(&app), input.trip.map(TripId));
    let incident = app.see_through(async move { command::sos(&edge, caller.account(), trip).await }).await?;
    Ok((StatusCode::CREATED, Json(SosOut { incident: incident.0 })))
}
