//! Owns signing in and out: a one-time code becomes a token, a token becomes a one-use ticket for a page's socket.

use super::App;
use super::auth::Caller;
use super::body::Input;
use super::problem::{Answer, Code, ProblemBody};
use crate::record::Role;
use crate::view::people::{AgencyRef, OwnCall, role_word};
use crate::view::{Me, ShiftView, time::instant};
use crate::ws::tickets::TICKET_LIFE_S;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest code that is looked up, bytes; ours are shorter.
const CODE_BYTES_MAX: usize = 100;
/// A key that says that it is the same sender's again is not guessed: so many characters at least, and at most.
const KEY_CHARS: RangeInclusive<usize> = 16..=64;
/// What became of a call for help is told for so long, seconds.
const CALL_TOLD_S: i64 = 3_600;

/// A one-time code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeIn {
    code: String,
}

/// A new session.
#[derive(Serialize, ToSchema)]
pub struct Session {
    token: String,
    role: &'static str,
    account: Uuid,
    display: String,
    expires_at: String,
}

/// A one-use ticket.
#[derive(Serialize, ToSchema)]
pub struct Ticket {
    ticket: String,
    expires_in_s: u32,
}

/// Exchanges a one-time code for a token. With an `Idempotency-Key` that nobody guesses, whoever lost the answer may ask again for two
/// minutes; what was answered before ends with that.
#[utoipa::path(post, path = "/v1/session", tag = "session", request_body = CodeIn,
    params(("Idempotency-Key" = Option<String>, Header, description = "16 to 64 printable characters, random, the same for the same code")),
    responses((status = 201, body = Session), (status = 401, body = ProblemBody)))]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Input(input): Input<CodeIn>,
) -> Answer<(StatusCode, Json<Session>)> {
    if input.code.len() > CODE_BYTES_MAX {
        return Err(Code::BadCode.into());
    }
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let key = key.filter(|key| KEY_CHARS.contains(&key.len()));
    let redeemed = app.record.redeem_code(app.env.now(), input.code.trim(), key).await?;
    let (token, signed_in) = redeemed.ok_or(Code::BadCode)?;
    let account = signed_in.account;
    let session = Session {
        token,
        role: role_word(account.role),
        account: account.id.0,
        display: account.display,
        expires_at: instant(signed_in.expires_at),
    };
    Ok((StatusCode::CREATED, Json(session)))
}

/// Ends the token; its sockets close within a second.
#[utoipa::path(delete, path = "/v1/session", tag = "session", responses((status = 204)))]
pub async fn sign_out(State(app): State<Arc<App>>, caller: Caller) -> Answer<StatusCode> {
    app.record.revoke_token(app.env.now(), caller.0.token).await?;
    app.known.forget(caller.account().id);
    Ok(StatusCode::NO_CONTENT)
}

/// Who is signed in.
#[utoipa::path(get, path = "/v1/me", tag = "session", responses((status = 200, body = Me)))]
pub async fn me(State(app): State<Arc<App>>, caller: Caller) -> Answer<Json<Me>> {
    let account = caller.account();
    let agencies = if account.agency.is_some() { app.record.agencies().await? } else { Vec::new() };
    let shift = if account.role == Role::Staff { super::staff::shift_of(&app, account).await? } else { None };
    let call = app.record.last_call_of(account.id, app.env.now().plus_s(-CALL_TOLD_S)).await?;
    Ok(Json(Me {
        role: role_word(account.role),
        account: account.id.0,
        display: account.display.clone(),
        agency: agencies.iter().find(|a| Some(a.id) == account.agency).map(AgencyRef::of),
        no: account.no,
        shift: shift.as_ref().map(ShiftView::of),
        demo: app.config.demo,
        call: call.map(|(incident, taken)| OwnCall { incident: incident.0, taken }),
    }))
}

/// A ticket for this page's socket.
#[utoipa::path(post, path = "/v1/ws-ticket", tag = "session", responses((status = 201, body = Ticket)))]
pub async fn ws_ticket(State(app): State<Arc<App>>, caller: Caller) -> Answer<(StatusCode, Json<Ticket>)> {
    let ticket = app.tickets.issue(&app.env, Arc::clone(&caller.0));
    Ok((StatusCode::CREATED, Json(Ticket { ticket, expires_in_s: TICKET_LIFE_S })))
}
