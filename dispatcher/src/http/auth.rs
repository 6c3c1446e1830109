//! Owns the door of `/v1`: who calls (Bearer token), whether their role may (the table in `access`), and how often. Every
//! request passes it before its handler; a handler gets the [`Caller`] and nothing to forget.

use super::App;
use super::access::allowed;
use super::problem::{Code, Problem};
use crate::record::{Account, RENEW_AFTER_S, SignedIn, token_ttl_s};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use matcher::model::Timestamp;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Longest token that is looked up, bytes; ours are shorter.
const TOKEN_BYTES_MAX: usize = 200;

/// Calls for help and their taking: never refused because the account was busy with something else.
const URGENT: [&str; 2] = ["/v1/sos", "/v1/incidents/{id}/acknowledge"];

/// Headers by which a proxy says that it speaks for somebody else.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Who calls, after the door.
#[derive(Clone)]
pub struct Caller(pub Arc<SignedIn>);

impl Caller {
    /// The account.
    pub fn account(&self) -> &Account {
        &self.0.account
    }
}

/// Where the connection comes from; put into each request by `listen`.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Code::NoToken.into())
    }
}

/// The middleware around every `/v1` route.
pub async fn door(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    match pass(&app, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn pass(app: &App, request: &mut Request) -> Result<(), Problem> {
    let route = request.extensions().get::<MatchedPath>().ok_or(Code::NotFound)?.clone();
    let method = if request.method() == "HEAD" { "GET" } else { request.method().as_str() };
    let row = allowed(method, route.as_str()).ok_or_else(|| refusal(route.as_str()))?;
    let now = app.env.now();
    if row.is_open() {
        if let Some(peer) = address(request) {
            app.open_calls.take(peer, now.0).map_err(too_many)?;
        }
        return Ok(());
    }
    let token = bearer(request.headers()).ok_or(Code::NoToken)?;
    let signed_in = app.record.authenticate(now, token).await?.ok_or(Code::BadToken)?;
    let bucket = if URGENT.contains(&route.as_str()) { &app.urgent_calls } else { &app.calls };
    bucket.take(signed_in.account.id, now.0).map_err(too_many)?;
    if !row.permits(signed_in.account.role) {
        return Err(Code::ForbiddenRole.into());
    }
    if is_to_be_renewed(&signed_in, now) {
        // A record that cannot write now is no reason to refuse a token that is good.
        let _ = app.record.renew_token(now, signed_in.token).await;
    }
    request.extensions_mut().insert(Caller(Arc::new(signed_in)));
    Ok(())
}

/// Whether so much of the token's life has passed that its use is put on the record.
pub fn is_to_be_renewed(signed_in: &SignedIn, now: Timestamp) -> bool {
    now >= signed_in.expires_at.plus_s(RENEW_AFTER_S - token_ttl_s(signed_in.account.role))
}

/// A route with rows for other methods only, or with none: forgotten in the table, and so refused.
fn refusal(route: &str) -> Code {
    let known = super::access::TABLE.iter().any(|(_, pattern, _)| *pattern == route);
    if known { Code::MethodNotAllowed } else { Code::ForbiddenRole }
}

/// Whether the peer sits at this machine and speaks for itself: a proxy beside us speaks for somebody else.
pub fn is_local(extensions: &Extensions, headers: &HeaderMap) -> bool {
    let loopback = extensions.get::<Peer>().is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    loopback && !FORWARDED.iter().any(|name| headers.contains_key(*name))
}

/// Who open calls are counted for; nobody, if they come from this machine itself. Of a proxy on this machine it is whom it says
/// it speaks for: the last address, which is the one that it added.
fn address(request: &Request) -> Option<IpAddr> {
    let peer = request.extensions().get::<Peer>()?.0.ip().to_canonical();
    if is_local(request.extensions(), request.headers()) {
        return None;
    }
    let told = request.headers().get_all("x-forwarded-for").iter().next_back().filter(|_| peer.is_loopback());
    let last = told.and_then(|list| list.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    Some(last.unwrap_or(peer))
}

fn too_many(seconds: u32) -> Problem {
    Problem { retry_after_s: Some(seconds), ..Problem::from(Code::TooManyRequests) }
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let fits = !token.is_empty() && token.len() <= TOKEN_BYTES_MAX;
    (scheme.eq_ignore_ascii_case("bearer") && fits).then_some(token)
}
