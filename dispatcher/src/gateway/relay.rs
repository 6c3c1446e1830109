//! Owns what is passed on over HTTP: the request as it came, whole but bounded, and the answer as it comes. Neither looks into a body
//! nor logs one.

use super::Gateway;
use super::upstream::{of_one_hop, passed_on};
use crate::http::auth::Peer;
use crate::http::body::BODY_BYTES_MAX;
use crate::http::log::REQUEST_TIMEOUT;
use crate::http::problem::{Code, Problem};
use crate::telemetry;
use axum::extract::Request;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use std::time::Duration;
use tokio::time::timeout;

/// The engine's node answers within its own limit, or is not there.
const ANSWER_WITHIN: Duration = Duration::from_secs(REQUEST_TIMEOUT.as_secs() + 5);

/// A request that was read.
pub struct Whole {
    /// Its head.
    pub parts: Parts,
    /// Its body; of one that is too large as much as shows that it is.
    pub body: Bytes,
}

/// Reads a request. Slow senders are waited for here, and not on the engine's node.
pub async fn whole(request: Request) -> Result<Whole, Problem> {
    let (parts, mut body) = request.into_parts();
    let mut read = BytesMut::new();
    let reading = async {
        while read.len() <= BODY_BYTES_MAX {
            match body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        read.extend_from_slice(&data);
                    }
                }
                Some(Err(_)) => return Err(Code::BadJson),
                None => break,
            }
        }
        Ok(())
    };
    timeout(REQUEST_TIMEOUT, reading).await.map_err(|_| Code::TimedOut)??;
    Ok(Whole { parts, body: read.freeze() })
}

/// Passes a request on.
pub async fn pass(gateway: &Gateway, request: Request) -> Response {
    match whole(request).await {
        Ok(whole) => on(gateway, whole).await,
        Err(problem) => problem.into_response(),
    }
}

/// Passes one on that was read.
pub async fn on(gateway: &Gateway, whole: Whole) -> Response {
    let Whole { mut parts, body } = whole;
    of_one_hop(&mut parts.headers);
    // As long as what is sent: of one that is too large not all is.
    parts.headers.remove(header::CONTENT_LENGTH);
    let peer = parts.extensions.get::<Peer>().copied();
    parts.extensions.clear();
    let request = axum::http::Request::from_parts(parts, Full::new(body));
    match timeout(ANSWER_WITHIN, gateway.upstream.send(request, peer)).await {
        Ok(Ok(answer)) => passed_on(answer),
        Ok(Err(_)) => away("http", Code::UpstreamAway),
        Err(_) => away("http", Code::TimedOut),
    }
}

/// The refusal while the engine's node is not there.
pub fn away(call: &'static str, code: Code) -> Response {
    metrics::counter!(telemetry::GATEWAY_UPSTREAM_ERRORS, "call" => call).increment(1);
    Problem::from(code).into_response()
}
