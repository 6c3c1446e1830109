//! Owns the parsing of request bodies and path ids: strict, with the field to blame. What comes out is well-formed; whether
//! it makes sense is for the handler.

use super::problem::{Code, Problem};
use crate::json::Tree;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::str::FromStr;

/// Largest request body, bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// A parsed body.
pub struct Input<T>(pub T);

/// A parsed body with the hash of its bytes, to tell a retry from a reuse of its key.
pub struct Hashed<T> {
    /// The body.
    pub input: T,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = read(request).await?;
        parse(&bytes).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Hashed<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = read(request).await?;
        let input = parse(&bytes)?;
        Ok(Self { input, sha256: Sha256::digest(&bytes).into() })
    }
}

/// As [`Input`], for what comes often and whose own reading is as strict: the field to blame is looked for only if there is one.
pub struct Often<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Often<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = read(request).await?;
        serde_json::from_slice(&bytes).or_else(|_| parse(&bytes)).map(Self)
    }
}

async fn read(request: Request) -> Result<Bytes, Problem> {
    if !is_json(request.headers()) {
        return Err(Code::NotJson.into());
    }
    read_limited(request.into_body()).await
}

/// All of it, up to [`BODY_BYTES_MAX`].
pub async fn read_limited(body: Body) -> Result<Bytes, Problem> {
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Code::TooLarge.into()),
        Err(_) => Err(Code::BadJson.into()),
    }
}

/// Whether the body is said to be JSON.
pub fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// Parses JSON, naming the field to blame by its path.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    // A name that stands twice is the client's own and is not sent back.
    let tree = Tree::deserialize(&mut reader).map_err(|e| if e.is_data() { Code::BadField } else { Code::BadJson })?;
    reader.end().map_err(|_| Problem::from(Code::BadJson))?;
    serde_path_to_error::deserialize(tree)
        .map_err(|e| Problem::bad_field(blame(&e.path().to_string(), &e.inner().to_string())))
}

/// The path of the field. serde names a missing field in its text only; an unknown field's name is the client's, and is left
/// out.
pub fn blame(path: &str, text: &str) -> String {
    let parent = if path == "." { "" } else { path };
    if text.starts_with("unknown field") {
        return parent.rsplit_once('.').map_or_else(String::new, |(parent, _)| parent.to_owned());
    }
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match missing {
        Some(name) if parent.is_empty() => name.to_owned(),
        Some(name) => format!("{parent}.{name}"),
        None => parent.to_owned(),
    }
}

/// An id in the path. What is not an id names nothing.
pub struct PathId<T>(pub T);

impl<S: Send + Sync, T: FromStr + Send> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::from(Code::NotFound))?;
        text.parse().map(Self).map_err(|_| Problem::from(Code::NotFound))
    }
}

/// An empty object, as calls without parameters send.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

impl<S: Send + Sync> FromRequest<S> for Empty {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = read(request).await?;
        parse(&bytes)
    }
}
