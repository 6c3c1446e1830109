//! Owns what is checked and said alike of the settings that the service and a gateway share. Decides none.
//!
//! The lists of settings themselves stand twice: `deny_unknown_fields`, which finds a mistyped name in a file, excludes `flatten`.

use super::{CONNECTIONS_MAX_LIMIT, ConfigProblem, Flags, GatewayFlags, filter, problem, redis_url};
use clap::Args;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Beginnings of variables that are for others: the simulator, the tests and their tools.
const OTHERS: [&str; 7] = [
    "DONGHAENG_SIM_",
    "DONGHAENG_CHROMIUM",
    "DONGHAENG_REDIS_SERVER",
    "DONGHAENG_VALKEY_SERVER",
    "DONGHAENG_SEOUL_DATA",
    "DONGHAENG_SERVER",
    "DONGHAENG_KILLS",
];

/// What is wrong with the Redis address, and with who signs for it.
pub(super) fn redis(url: Option<&str>, ca: Option<&Path>, found: &mut Vec<ConfigProblem>) {
    if let Some(wrong) = url.and_then(redis_url::problem) {
        found.push(problem("redis", wrong));
    }
    if let Some(wrong) = redis_url::ca_problem(url, ca) {
        found.push(problem("redis_ca", wrong));
    }
}

/// Certificate and key come together.
pub(super) fn tls_pair(cert: Option<&PathBuf>, key: Option<&PathBuf>, found: &mut Vec<ConfigProblem>) {
    match (cert, key) {
        (Some(_), None) => found.push(problem("tls_key", "is needed with tls_cert")),
        (None, Some(_)) => found.push(problem("tls_cert", "is needed with tls_key")),
        _ => {}
    }
}

/// How many connections are held, and which logs.
pub(super) fn connections_and_log(connections_max: usize, log: &str, found: &mut Vec<ConfigProblem>) {
    if connections_max == 0 {
        found.push(problem("connections_max", "must be at least 1"));
    }
    if connections_max > CONNECTIONS_MAX_LIMIT {
        found.push(problem("connections_max", format!("must be at most {CONNECTIONS_MAX_LIMIT}")));
    }
    if let Some(wrong) = filter::problem(log) {
        found.push(problem("log", wrong));
    }
}

/// What deserves a word of the environment, and of a listener that others reach and that speaks no TLS.
pub(super) fn warnings(
    environment: impl IntoIterator<Item = String>,
    listen: SocketAddr,
    tls_cert: Option<&PathBuf>,
) -> Vec<String> {
    let mut said: Vec<String> = unknown_settings(environment)
        .into_iter()
        .map(|name| format!("{name} is set in the environment and is no setting: it does nothing"))
        .collect();
    if !listen.ip().is_loopback() && tls_cert.is_none() {
        said.push("listening beyond loopback without TLS: phones give their position to HTTPS pages only; see dev-cert, or put a TLS proxy in front".to_owned());
    }
    said
}

/// The names of variables that look like settings, of the service or of a gateway, and are none.
fn unknown_settings(environment: impl IntoIterator<Item = String>) -> Vec<String> {
    let commands = [Flags::augment_args(clap::Command::new("")), GatewayFlags::augment_args(clap::Command::new(""))];
    let arguments = commands.iter().flat_map(clap::Command::get_arguments);
    let known: BTreeSet<String> =
        arguments.filter_map(|arg| Some(arg.get_env()?.to_string_lossy().into_owned())).collect();
    let looks_like_one = |name: &String| {
        name.starts_with("DONGHAENG_") && !OTHERS.iter().any(|other| name.starts_with(other)) && !known.contains(name)
    };
    let mut unknown: Vec<String> = environment.into_iter().filter(looks_like_one).collect();
    unknown.sort_unstable();
    unknown
}
