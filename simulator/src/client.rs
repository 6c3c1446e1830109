//! Owns REST as a client speaks it: one JSON request, one JSON answer, and every refusal as a typed [`Problem`]. Does not know
//! what a booking means (`rider`), and never retries: whoever measures must see each attempt.

use crate::target::Target;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// Idle connections kept to the server by one [`Api`] and all its copies.
const IDLE_CONNECTIONS_MAX: usize = 64;

/// Closed before the server would close it under a request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(8);

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait for a whole answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest answer read: a console of 20,000 staff is a few megabytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// REST of one server in the name of one account (or of nobody). Copies share their connections.
#[derive(Clone)]
pub struct Api {
    http: Client<HttpConnector, Full<Bytes>>,
    target: Target,
    bearer: Option<HeaderValue>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Api({}, signed in: {})", self.target, self.bearer.is_some())
    }
}

/// What a request brought back, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as JSON; null without a body, a string if it is not JSON.
    pub body: Value,
    /// `Retry-After` in seconds, if one came.
    pub retry_after_s: Option<u64>,
}

/// A refusal, RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable code of the protocol; empty if the answer was no problem document.
    pub code: String,
    /// The one field to blame.
    pub field: Option<String>,
    /// `Retry-After` in seconds.
    pub retry_after_s: Option<u64>,
}

/// Why there is no good answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiError {
    /// No connection, or it broke; the text is the transport's.
    Unreachable(String),
    /// No whole answer in 30 s: the outcome is unknown.
    Timeout,
    /// The server refused.
    Problem(Problem),
}

impl ApiError {
    /// A word to count this error under.
    pub fn code(&self) -> &str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Timeout => "timeout",
            Self::Problem(p) if p.code.is_empty() => "no_problem_document",
            Self::Problem(p) => &p.code,
        }
    }

    /// The problem, if the server refused.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(p) => Some(p),
            Self::Unreachable(_) | Self::Timeout => None,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "server cannot be reached: {why}"),
            Self::Timeout => write!(f, "no answer in {} s", ANSWER_TIMEOUT.as_secs()),
            Self::Problem(p) => write!(f, "refused with {} {}", p.status, self.code()),
        }
    }
}

impl std::error::Error for ApiError {}

impl Api {
    /// For nobody yet: only the open calls will answer.
    pub fn new(target: Target) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(connector);
        Self { http, target, bearer: None }
    }

    /// The same connections in the name of the token's account.
    #[must_use]
    pub fn signed_in(&self, token: &str) -> Self {
        let bearer = HeaderValue::from_str(&format!("Bearer {token}")).ok().map(|mut value| {
            value.set_sensitive(true);
            value
        });
        Self { bearer, ..self.clone() }
    }

    /// Where it speaks to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The body of a GET answered 2xx.
    pub async fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.call(Method::GET, path, None).await
    }

    /// The body of a POST answered 2xx.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// A DELETE answered 2xx.
    pub async fn delete(&self, path: &str) -> Result<Value, ApiError> {
        self.call(Method::DELETE, path, None).await
    }

    /// `POST /v1/bookings` under an idempotency key: `{"booking","trips"}`.
    pub async fn book(&self, key: &str, body: &Value) -> Result<Value, ApiError> {
        let answer = self.send(Method::POST, "/v1/bookings", Some(body), &[("idempotency-key", key)]).await?;
        good(answer)
    }

    /// A token for a one-time code: the whole session answer.
    pub async fn sign_in(&self, code: &str) -> Result<Value, ApiError> {
        self.post("/v1/session", &serde_json::json!({ "code": code })).await
    }

    /// One request with extra headers, whatever its status: for tests of refusals.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, ApiError> {
        let body = body.map(|b| Bytes::from(b.to_string()));
        self.send_bytes(method, path, body, headers).await
    }

    /// One request whose body is any bytes, sent as JSON: for tests of bad input.
    pub async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, ApiError> {
        let unreachable = |e: &dyn std::error::Error| ApiError::Unreachable(innermost(e));
        let mut request = Request::builder().method(method).uri(self.target.http(path));
        if let Some(bearer) = &self.bearer {
            request = request.header(AUTHORIZATION, bearer);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let mut request = request.body(Full::new(body.unwrap_or_default())).map_err(|e| unreachable(&e))?;
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|e| unreachable(&e))?;
            request.headers_mut().insert(name, HeaderValue::from_str(value).map_err(|e| unreachable(&e))?);
        }
        let exchange = async {
            let response = self.http.request(request).await.map_err(|e| unreachable(&e))?;
            let status = response.status().as_u16();
            let retry_after = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok());
            let retry_after_s = retry_after.and_then(|v| v.parse().ok());
            let whole = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            let bytes = whole.map_err(|e| ApiError::Unreachable(e.to_string()))?.to_bytes();
            Ok(Answer { status, body: parsed(&bytes), retry_after_s })
        };
        tokio::time::timeout(ANSWER_TIMEOUT, exchange).await.unwrap_or(Err(ApiError::Timeout))
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ApiError> {
        good(self.send(method, path, body, &[]).await?)
    }
}

/// The body of a 2xx, the problem of anything else.
fn good(answer: Answer) -> Result<Value, ApiError> {
    let fine = StatusCode::from_u16(answer.status).is_ok_and(|s| s.is_success());
    if fine { Ok(answer.body) } else { Err(ApiError::Problem(problem(&answer))) }
}

fn problem(answer: &Answer) -> Problem {
    let text = |name: &str| answer.body.get(name).and_then(Value::as_str).map(str::to_owned);
    Problem {
        status: answer.status,
        code: text("code").unwrap_or_default(),
        field: text("field"),
        retry_after_s: answer.retry_after_s,
    }
}

fn parsed(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

/// hyper wraps "connection refused" twice; people want the innermost.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
