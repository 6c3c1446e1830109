//! Owns the form of an `Idempotency-Key`. What a repeat is answered is for whoever keeps the key.

use super::problem::{Answer, Code};
use axum::http::HeaderMap;

/// Longest, characters.
const CHARS_MAX: usize = 64;

/// The key of a call that needs one.
pub fn idempotency_key(headers: &HeaderMap) -> Answer<&str> {
    idempotency_key_if_any(headers)?.ok_or(Code::IdempotencyKeyRequired.into())
}

/// The key of a call that may have one; one of another form is refused, for it would protect from nothing.
pub fn idempotency_key_if_any(headers: &HeaderMap) -> Answer<Option<&str>> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().unwrap_or_default();
    let printable = key.bytes().all(|b| (0x20..0x7f).contains(&b));
    if key.is_empty() || key.len() > CHARS_MAX || !printable {
        return Err(Code::IdempotencyKeyRequired.into());
    }
    Ok(Some(key))
}
