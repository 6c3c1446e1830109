//! Owns what is said of the Redis settings: whether they can be used, and how the address is shown. What an address means is
//! decided by `live::RedisAddress`. Connects to nothing.

use crate::live::RedisAddress;
use std::path::Path;

/// What is wrong with the address, without what it holds.
pub(super) fn problem(url: &str) -> Option<&'static str> {
    RedisAddress::parse(url).err()
}

/// What is wrong with naming who signs Redis's certificate.
pub(super) fn ca_problem(url: Option<&str>, ca: Option<&Path>) -> Option<&'static str> {
    ca?;
    let is_tls = url.and_then(|url| RedisAddress::parse(url).ok()).is_some_and(|address| address.is_tls());
    (!is_tls).then_some("is for a redis that begins with rediss: TLS")
}

/// Without its password, wherever that stood.
pub(super) fn shown(url: &str) -> String {
    RedisAddress::parse(url).map_or_else(|_| "***".to_owned(), |address| address.shown())
}
