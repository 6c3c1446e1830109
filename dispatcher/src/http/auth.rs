//! Owns the door of `/v1`: who calls (Bearer token), whether their role may (the table in `access`), and how often. Every
//! request passes it before its handler; a handler gets the [`Caller`] and nothing to forget.

use super::App;
use super::access::allowed;
use super::body::read_limited;
use super::known::{self, Kind};
use super::limit::Buckets;
use super::problem::{Code, Problem};
use super::renewals;
use crate::crowd::home_of;
use crate::record::{Account, RENEW_AFTER_S, SignedIn, token_ttl_s};
use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use matcher::model::{AccountId, Timestamp};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Longest token that is looked up, bytes; ours are shorter.
pub const TOKEN_BYTES_MAX: usize = 200;

/// Calls for help and their taking: never refused because the account was busy with something else.
const URGENT: [&str; 2] = ["/v1/sos", "/v1/incidents/{id}/acknowledge"];

/// A body that took longer is a caller who may have lost their rights meanwhile.
const BODY_SOON: Duration = Duration::from_millis(50);

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

/// Whom an open call is counted for; see [`address`].
pub struct Address(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(address(&parts.extensions, &parts.headers)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Code::NoToken.into())
    }
}

/// The middleware around every `/v1` route.
pub async fn door(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    if let Err(problem) = pass(&app, &mut request).await {
        return problem.into_response();
    }
    match whole(&app, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// A caller's request with all of its body, and the caller looked up again if that took a while: headers that were sent before a right
/// was taken back must not open anything after it.
async fn whole(app: &App, request: Request) -> Result<Request, Problem> {
    if request.extensions().get::<Caller>().is_none() || request.body().is_end_stream() {
        return Ok(request);
    }
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let bytes = read_limited(body).await?;
    if began.elapsed() > BODY_SOON {
        let token = bearer(&parts.headers).ok_or(Code::NoToken)?;
        known::authenticate(app, app.env.now(), Kind::Token, token).await?.ok_or(Code::BadToken)?;
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

async fn pass(app: &Arc<App>, request: &mut Request) -> Result<(), Problem> {
    let route = request.extensions().get::<MatchedPath>().ok_or(Code::NotFound)?.clone();
    let method = if request.method() == "HEAD" { "GET" } else { request.method().as_str() };
    let row = allowed(method, route.as_str()).ok_or_else(|| refusal(route.as_str()))?;
    let now = app.env.now();
    if row.is_open() {
        return count_open_call(app, request.extensions(), request.headers(), now);
    }
    if row.is_of_trackers() {
        return Ok(());
    }
    let token = bearer(request.headers()).ok_or(Code::NoToken)?;
    let Some(signed_in) = known::authenticate(app, now, Kind::Token, token).await? else {
        // Whoever tries tokens is slowed down like anybody without one.
        count_open_call(app, request.extensions(), request.headers(), now)?;
        return Err(Code::BadToken.into());
    };
    let is_urgent = URGENT.contains(&route.as_str());
    let bucket = if is_urgent { &app.urgent_calls } else { &app.calls };
    bucket.take(signed_in.account.id, now.0).map_err(too_many)?;
    if !row.permits(signed_in.account.role) {
        return Err(Code::ForbiddenRole.into());
    }
    if let Some(own) = own_bucket(app, route.as_str()) {
        own.take(signed_in.account.id, now.0).map_err(too_many)?;
    }
    // An alarm waits for no other write.
    if !is_urgent && is_to_be_renewed(&signed_in, now) {
        // A record that cannot write now is no reason to refuse a token that is good.
        if let Ok(Some(until)) = renewals::ask(app, signed_in.token, now).await {
            known::renewed(app, token, &signed_in, until);
        }
    }
    request.extensions_mut().insert(Caller(signed_in));
    Ok(())
}

/// Counts a call of somebody who did not show a good token.
pub fn count_open_call(app: &App, extensions: &Extensions, headers: &HeaderMap, now: Timestamp) -> Result<(), Problem> {
    address(extensions, headers).map_or(Ok(()), |from| app.open_calls.take(from, now.0).map_err(too_many))
}

/// What costs much, or shows much, has a bucket of its own beside the one of all calls.
fn own_bucket<'a>(app: &'a App, route: &str) -> Option<&'a Buckets<AccountId>> {
    match route {
        "/v1/trips/{id}/candidates" | "/v1/isochrones" => Some(&app.search_calls),
        "/v1/trips/{id}/reveal" | "/v1/trips/{id}/track" => Some(&app.look_calls),
        _ => None,
    }
}

/// Whether so much of the token's life has passed that its use is put on the record. One that has reached its greatest age is not:
/// every call would write, and change nothing.
pub fn is_to_be_renewed(signed_in: &SignedIn, now: Timestamp) -> bool {
    let can_grow = signed_in.expires_at < signed_in.ends_at;
    can_grow && now >= signed_in.expires_at.plus_s(RENEW_AFTER_S - token_ttl_s(signed_in.account.role))
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
fn address(extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
    let peer = extensions.get::<Peer>()?.0.ip().to_canonical();
    if is_local(extensions, headers) {
        return None;
    }
    let told = headers.get_all("x-forwarded-for").iter().next_back().filter(|_| peer.is_loopback());
    let last = told.and_then(|list| list.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    Some(home_of(last.unwrap_or(peer)))
}

/// The refusal of a call that came too soon.
pub fn too_many(seconds: u32) -> Problem {
    Problem { retry_after_s: Some(seconds), ..Problem::from(Code::TooManyRequests) }
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let fits = !token.is_empty() && token.len() <= TOKEN_BYTES_MAX;
    (scheme.eq_ignore_ascii_case("bearer") && fits).then_some(token)
}
