//! Owns the static pages: built files from `web/dist`, embedded in release builds and read from there in debug builds. A build
//! without pages says so plainly.

use super::map::etag_of;
use super::problem::{Code, Problem};
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use rust_embed::RustEmbed;
use std::borrow::Cow;

#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Dist;

/// The pages people are sent to.
const PAGES: [&str; 4] = ["book", "staff", "console", "weather"];

const NOT_BUILT: &str =
    "<!doctype html><meta charset=utf-8><title>Donghaeng</title><p>The pages are not built. Run: make web";

/// `/` is for riders.
pub async fn root() -> Redirect {
    Redirect::temporary("/book")
}

/// Every path no route takes: a page, one of its files, or nothing.
pub async fn fallback(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return Problem::from(Code::NotFound).into_response();
    }
    let path = uri.path().trim_matches('/');
    if PAGES.contains(&path) {
        return match Dist::get(&format!("{path}/index.html")) {
            Some(file) => send(path, "text/html; charset=utf-8", file, &headers),
            None => (StatusCode::NOT_FOUND, Html(NOT_BUILT)).into_response(),
        };
    }
    match (kind(path), Dist::get(path)) {
        (Some(kind), Some(file)) => send(path, kind, file, &headers),
        _ => Problem::from(Code::NotFound).into_response(),
    }
}

/// Files under `assets/` carry a hash in their name and never change.
fn send(path: &str, kind: &'static str, file: rust_embed::EmbeddedFile, headers: &HeaderMap) -> Response {
    let etag = etag_of(&file.metadata.sha256_hash());
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, HeaderValue::from_static(cache))];
    if headers.get(header::IF_NONE_MATCH) == Some(&etag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, kind)], bytes_of(file.data)).into_response()
}

/// What is embedded is sent from where it lies: a copy for each reader would let slow ones fill the memory.
fn bytes_of(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(embedded) => Bytes::from_static(embedded),
        Cow::Owned(read) => read.into(),
    }
}

/// The content type by the file's ending; other files are not sent.
fn kind(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedded_file_is_not_copied_for_its_readers() {
        static FILE: &[u8] = b"<!doctype html>";
        let (one, two) = (bytes_of(Cow::Borrowed(FILE)), bytes_of(Cow::Borrowed(FILE)));
        assert_eq!((one.as_ptr(), two.as_ptr()), (FILE.as_ptr(), FILE.as_ptr()));
        assert_eq!(bytes_of(Cow::Owned(FILE.to_vec())), FILE);
    }
}
