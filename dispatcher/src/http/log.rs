//! Owns the line and the metrics of each request: method, route pattern, status, time, request id. Never the path, a header, a
//! body or an address: ids of people and trips are in paths.

use super::App;
use super::problem::{Code, Problem};
use crate::telemetry;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A request that takes longer is answered 408; what it had begun on the record is either done or not, never half.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Called so often that a line for each would drown all others; the counts say the same, and what is refused has its line.
const FREQUENT: [&str; 3] = ["/v1/fixes", "/v1/ingest/owntracks", "/v1/ingest/traccar"];

/// The middleware around everything but the headers.
pub async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await;
    let mut response = response.unwrap_or_else(|_| Problem::from(Code::TimedOut).into_response());
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str).to_owned();
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    let mut random = [0; 8];
    app.env.entropy.fill(&mut random);
    let id = format!("{:016x}", u64::from_ne_bytes(random));
    let ms = took.as_millis() as u64;
    if status < 300 && FREQUENT.contains(&route.as_str()) {
        tracing::debug!(%method, route, status, ms, request = id, "request");
    } else {
        tracing::info!(%method, route, status, ms, request = id, "request");
    }
    let method = if is_usual(&method) { method.as_str().to_owned() } else { "other".to_owned() };
    metrics::counter!(telemetry::HTTP_REQUESTS, "method" => method, "route" => route.clone(),
        "status" => status.to_string())
    .increment(1);
    metrics::histogram!(telemetry::HTTP_REQUEST_SECONDS, "route" => route).record(took.as_secs_f64());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Methods are the client's to invent; labels are not.
fn is_usual(method: &axum::http::Method) -> bool {
    use axum::http::Method;
    [Method::GET, Method::POST, Method::DELETE, Method::HEAD, Method::PUT, Method::OPTIONS].contains(method)
}
