//! Owns the look of the Redis address: whether it can be used, and how it is shown. Connects to nothing.

use redis::{ConnectionAddr, IntoConnectionInfo};

/// What is wrong with it, without what it holds.
pub(super) fn problem(url: &str) -> Option<&'static str> {
    if url.starts_with("rediss://") {
        return Some("TLS to Redis is not built in; use redis:// inside one machine or a private network");
    }
    if !["redis://", "unix://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Some("must begin with redis:// or unix://");
    }
    url.into_connection_info()
        .is_err()
        .then_some("is not valid; it looks like redis://host:6379/0 or unix:///path/to/socket, with any of : / ? # @ in a password as %XX")
}

/// Put together from what was understood of it, so that no password is left in it wherever it stood.
pub(super) fn shown(url: &str) -> String {
    let Ok(info) = url.into_connection_info() else { return "***".to_owned() };
    let settings = info.redis_settings();
    let secret = if settings.username().or(settings.password()).is_some() { "***@" } else { "" };
    match info.addr() {
        ConnectionAddr::Unix(path) => format!("unix://{secret}{}?db={}", path.display(), settings.db()),
        host_and_port => format!("redis://{secret}{host_and_port}/{}", settings.db()),
    }
}
