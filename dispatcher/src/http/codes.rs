//! Owns the codes a supervisor gives out, so that nobody who was signed out on the street waits for an admin: to staff of the
//! own agency, and from the centre to riders. The audit names who gave it.
//!
//! Invariant: no company can sign in as a rider, who sees what companies do not: exact places, the crew and the words.

use super::App;
use super::auth::Caller;
use super::body::Input;
use super::problem::{Answer, Code, Problem, ProblemBody};
use super::trips::wall;
use crate::record::{Account, Actor, Role};
use crate::view::time::instant;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use matcher::model::{AccountId, TripId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Whose code: an account's, or that of the rider of a trip. One of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhoseIn {
    account: Option<Uuid>,
    trip: Option<Uuid>,
}

/// A one-time code.
#[derive(Serialize, ToSchema)]
pub struct CodeOut {
    /// To be read out to its owner.
    pub code: String,
    /// After this it does not work.
    pub expires_at: String,
}

/// Gives out a one-time code.
#[utoipa::path(post, path = "/v1/codes", tag = "supervisor", request_body = WhoseIn,
    responses((status = 201, body = CodeOut), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn issue(
    State(app): State<Arc<App>>,
    caller: Caller,
    Input(input): Input<WhoseIn>,
) -> Answer<(StatusCode, Json<CodeOut>)> {
    let whose = match (input.account, input.trip) {
        (Some(account), None) => of_account(&app, caller.account(), AccountId(account)).await?,
        (None, Some(trip)) => of_trip(&app, caller.account(), TripId(trip)).await?,
        _ => return Err(Problem::bad_field("account")),
    };
    let whose = whose.ok_or(Code::NotFound)?;
    let issued = app.record.issue_code(app.env.now(), Actor::Account(caller.account().id), whose).await?;
    let (code, until) = issued.ok_or(Code::NotFound)?;
    Ok((StatusCode::CREATED, Json(CodeOut { code, expires_at: instant(until) })))
}

/// Staff of the own agency. The centre: any staff and riders. Nobody gives a desk's code.
async fn of_account(app: &App, by: &Account, id: AccountId) -> Answer<Option<AccountId>> {
    let Some(account) = app.record.account(id).await? else { return Ok(None) };
    let own = match (account.role, wall(by)) {
        (Role::Staff | Role::Rider, None) => true,
        (Role::Staff, Some(agency)) => account.agency == Some(agency),
        _ => false,
    };
    Ok(own.then_some(id))
}

/// The rider of an open trip; for the centre only.
async fn of_trip(app: &App, by: &Account, id: TripId) -> Answer<Option<AccountId>> {
    if wall(by).is_some() {
        return Ok(None);
    }
    let row = app.record.trip(id).await?.filter(|row| !row.trip.phase.is_end());
    Ok(row.map(|row| row.trip.rider))
}
