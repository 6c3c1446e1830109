//! Owns what a log filter may be. The syntax is `tracing`'s, where a mistyped level is a target that nobody writes to: all logs would
//! fall silent.

use tracing_subscriber::EnvFilter;

/// What may stand alone.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// Whose logs a filter without a level is about.
const OWN: &str = "dispatcher";
/// What would be right.
const RIGHT: &str =
    "it is off, error, warn, info, debug or trace, or such a level and targets with theirs, e.g. warn,dispatcher=debug";

/// What is wrong with the filter.
pub(super) fn problem(filter: &str) -> Option<String> {
    let pieces: Vec<&str> = filter.split(',').map(str::trim).filter(|piece| !piece.is_empty()).collect();
    let is_level = |piece: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(piece));
    let is_bare = |piece: &str| !piece.contains(['=', '[']);
    if let Some(unknown) = pieces.iter().find(|piece| is_bare(piece) && !is_level(piece)) {
        return Some(format!("`{unknown}` is no level: {RIGHT}"));
    }
    if EnvFilter::try_new(filter).is_err() {
        return Some(format!("is not a log filter: {RIGHT}"));
    }
    let says_something = |piece: &&str| is_level(piece) || piece.starts_with(OWN) || piece.starts_with('[');
    if !pieces.iter().any(says_something) {
        return Some(format!("would silence this service: {RIGHT}"));
    }
    None
}
