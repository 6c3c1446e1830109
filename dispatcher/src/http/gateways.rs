//! Owns the door of gateways: a listener of its own, on which every request carries the shared secret. It answers what a gateway must
//! know (whom it may judge, whose a token is), and takes what gateways relay as if it had come here itself, from the address that the
//! gateway names. Judges nothing.
//!
//! Invariant: no request without the secret reaches anything, and the named address is believed here only.

use super::App;
use super::auth::{Peer, is_to_be_renewed};
use super::body::parse;
use super::ingest::take_over;
use super::known::{Kind, authenticate};
use super::problem::{Answer, Code, Problem};
use crate::gateway::wire::{Ask, CLIENT_HEADER, LIST_PATH, Owner, SECRET_HEADER, Secret, Told, WHO_PATH};
use crate::record::{RENEW_AFTER_S, Role, token_ttl_s};
use crate::telemetry;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use roll::{LOOK_EVERY, Roll};
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

mod roll;
#[cfg(test)]
mod roll_tests;

/// How often fixes that gateways believed are looked through for those of crews.
const FOLLOW_EVERY: Duration = Duration::from_millis(50);
/// Moves read at a time.
const MOVES_PER_READ: usize = 1_024;

/// What the door needs.
pub struct Gateways {
    app: Arc<App>,
    secret: [u8; 32],
    roll: Roll,
}

/// SHA-256 of the shared secret, as both sides keep it.
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The door, with the whole edge behind it.
pub fn router(app: &Arc<App>, secret: [u8; 32]) -> Router {
    let mut life = [0; 8];
    app.env.entropy.fill(&mut life);
    // Not 0, which is no life; and whole in a JSON number of any reader.
    let life = (u64::from_ne_bytes(life) >> 12).max(1);
    let gateways = Arc::new(Gateways { app: Arc::clone(app), secret, roll: Roll::new(life, LOOK_EVERY) });
    Router::new()
        .route(LIST_PATH, post(list))
        .route(WHO_PATH, post(who))
        .fallback_service(super::router(Arc::clone(app)))
        .layer(from_fn_with_state(Arc::clone(&gateways), door))
        .with_state(gateways)
}

async fn door(State(gateways): State<Arc<Gateways>>, mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    let shown = headers.remove(SECRET_HEADER);
    let client = headers.remove(CLIENT_HEADER);
    let shown = shown.map_or([0; 32], |shown| Sha256::digest(shown.as_bytes()).into());
    if !is_same(&shown, &gateways.secret) {
        metrics::counter!(telemetry::GATEWAY_CALLS, "call" => "refused").increment(1);
        // Marked, so that a gateway with a wrong secret tells no phone that its token is bad.
        return ([(SECRET_HEADER, "refused")], Problem::from(Code::GatewaySecret)).into_response();
    }
    // Whoever is not named is nobody of this machine.
    let client = client.and_then(|text| text.to_str().ok()?.parse().ok());
    let client = client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    request.extensions_mut().insert(Peer(SocketAddr::new(client, 0)));
    next.run(request).await
}

/// Compares all bytes, however early two differ.
fn is_same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// Whom a gateway may judge: what has changed since it last asked.
async fn list(State(gateways): State<Arc<Gateways>>, body: Bytes) -> Answer<Json<Told>> {
    metrics::counter!(telemetry::GATEWAY_CALLS, "call" => "list").increment(1);
    let ask: Ask = parse(&body)?;
    Ok(Json(gateways.roll.tell(&gateways.app, &ask).await?))
}

/// Whose a secret is; null if it is nobody's.
async fn who(State(gateways): State<Arc<Gateways>>, body: Bytes) -> Answer<Json<Option<Owner>>> {
    metrics::counter!(telemetry::GATEWAY_CALLS, "call" => "who").increment(1);
    let Secret { device, secret } = parse(&body)?;
    let (app, now) = (&gateways.app, gateways.app.env.now());
    let kind = if device { Kind::Device } else { Kind::Token };
    let Some(found) = authenticate(app, now, kind, &secret).await? else { return Ok(Json(None)) };
    let renewed_from = found.expires_at.plus_s(RENEW_AFTER_S - token_ttl_s(found.account.role));
    // A use that would make it last is to be seen here.
    let until = match kind {
        Kind::Token if is_to_be_renewed(&found, now) => now,
        Kind::Token if found.expires_at < found.ends_at => renewed_from,
        Kind::Token | Kind::Device => found.expires_at,
    };
    Ok(Json(Some(Owner {
        token: found.token,
        account: found.account.id.0,
        staff: found.account.role == Role::Staff,
        until_ms: until.0,
    })))
}

/// Hands what gateways believed of crews to track and watch, until the server drains: a gateway whose list is a moment old may judge
/// one of somebody whose trip has just begun.
pub async fn follow(app: Arc<App>) {
    let mut cursor = 0;
    while !app.drain.is_cancelled() {
        loop {
            let (next, moved) = app.sight.places.moved_since(cursor, MOVES_PER_READ);
            cursor = next;
            let now = app.env.now();
            for moved in &moved {
                take_over(&app, moved.staff, moved.fix, now);
            }
            if moved.len() < MOVES_PER_READ {
                break;
            }
        }
        tokio::select! {
            () = app.drain.cancelled() => {}
            () = tokio::time::sleep(FOLLOW_EVERY) => {}
        }
    }
}
