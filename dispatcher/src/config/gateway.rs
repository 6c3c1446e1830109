//! Owns the settings of a gateway: as those of the service, by flag, else environment, else file, else default, under the same names where
//! they mean the same. A file is a gateway's own: what is the service's alone is refused in it.

use super::{CONNECTIONS_MAX_DEFAULT, ConfigProblem, checks, parse_file, problem, redis_url};
use crate::gateway::upstream::trusting;
use crate::telemetry::LogFormat;
use crate::tls;
use axum::http::Uri;
use clap::Args;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Shortest secret between gateways and the engine's node, characters: 128 bits in hexadecimal.
pub const SECRET_CHARS_MIN: usize = 32;
/// Longest.
pub const SECRET_CHARS_MAX: usize = 1_024;

/// Flags and environment; what is `None` comes from the file or the default.
#[derive(Args, Clone, Debug, Default)]
pub struct GatewayFlags {
    /// Settings file (TOML); every setting below may stand in it under its long name with `_` for `-`
    #[arg(long, env = "DONGHAENG_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8090]
    #[arg(long, env = "DONGHAENG_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Further address that answers `/metrics` only, for a monitoring network [default: none; loopback may ask the first]
    #[arg(long, env = "DONGHAENG_METRICS_LISTEN", value_name = "ADDR")]
    pub metrics_listen: Option<SocketAddr>,
    /// The service's listener for gateways (its --gateway-listen), e.g. `https://engine.internal:8081` (needed)
    #[arg(long, env = "DONGHAENG_UPSTREAM", value_name = "URL")]
    pub upstream: Option<String>,
    /// Who may sign the certificate of an https upstream (PEM) (needed with one)
    #[arg(long, env = "DONGHAENG_UPSTREAM_CA", value_name = "FILE")]
    pub upstream_ca: Option<PathBuf>,
    /// File with the secret that the service has too (its --gateway-secret-file), at least 32 characters (needed)
    #[arg(long, env = "DONGHAENG_SECRET_FILE", value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// The Redis of the service, by the same URL (needed)
    #[arg(long, env = "DONGHAENG_REDIS", value_name = "URL", hide_env_values = true)]
    pub redis: Option<String>,
    /// Who may sign the certificate of a rediss:// Redis (PEM) [default: whom this machine trusts]
    #[arg(long, env = "DONGHAENG_REDIS_CA", value_name = "FILE")]
    pub redis_ca: Option<PathBuf>,
    /// Certificate chain (PEM), see `dev-cert`; with --tls-key
    #[arg(long, env = "DONGHAENG_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM); with --tls-cert
    #[arg(long, env = "DONGHAENG_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Connections held at a time, at most 1000000 [default: 10000]
    #[arg(long, env = "DONGHAENG_CONNECTIONS_MAX", value_name = "N")]
    pub connections_max: Option<usize>,
    /// How logs are written [default: text]
    #[arg(long, env = "DONGHAENG_LOG_FORMAT", value_name = "text|json")]
    pub log_format: Option<LogFormat>,
    /// Which logs: off, error, warn, info, debug or trace, or such a level and targets, e.g. warn,dispatcher=debug [default: info]
    #[arg(long, env = "DONGHAENG_LOG", value_name = "FILTER")]
    pub log: Option<String>,
}

/// The file's own shape: every setting optional, nothing unknown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_field_names, reason = "they are the names of the settings")]
struct File {
    listen: Option<SocketAddr>,
    metrics_listen: Option<SocketAddr>,
    upstream: Option<String>,
    upstream_ca: Option<PathBuf>,
    secret_file: Option<PathBuf>,
    redis: Option<String>,
    redis_ca: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    connections_max: Option<usize>,
    log_format: Option<LogFormat>,
    log: Option<String>,
}

/// Every setting, decided.
#[derive(Clone, Serialize)]
pub struct GatewayConfig {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Address of the monitoring listener.
    pub metrics_listen: Option<SocketAddr>,
    /// The engine's node.
    #[serde(serialize_with = "as_text")]
    pub upstream: Uri,
    /// Who may sign its certificate.
    pub upstream_ca: Option<PathBuf>,
    /// Where the shared secret is.
    pub secret_file: PathBuf,
    /// Redis address; shown without its password.
    #[serde(serialize_with = "without_password")]
    pub redis: String,
    /// Who may sign Redis's certificate.
    pub redis_ca: Option<PathBuf>,
    /// Certificate chain.
    pub tls_cert: Option<PathBuf>,
    /// Private key.
    pub tls_key: Option<PathBuf>,
    /// Connections held at a time.
    pub connections_max: usize,
    /// How logs are written.
    pub log_format: LogFormat,
    /// Which logs.
    pub log: String,
}

impl GatewayConfig {
    /// Decides every setting and looks into the files it names; all problems at once.
    pub fn decide(flags: GatewayFlags) -> Result<Self, Vec<ConfigProblem>> {
        let file: File = match &flags.config {
            Some(path) => parse_file(path).map_err(|p| vec![p])?,
            None => File::default(),
        };
        let mut found = Vec::new();
        let mut needed = |setting: &'static str, what: &str| found.push(problem(setting, format!("is needed: {what}")));
        let told = flags.upstream.or(file.upstream);
        if told.is_none() {
            needed("upstream", "the service's listener for gateways, such as http://127.0.0.1:8081");
        }
        let redis = flags.redis.or(file.redis);
        if redis.is_none() {
            needed("redis", "the Redis of the service");
        }
        let secret_file = flags.secret_file.or(file.secret_file);
        if secret_file.is_none() {
            needed("secret_file", "a file with the secret that the service has as gateway_secret_file");
        }
        let upstream = told.as_deref().map_or_else(|| Ok(Uri::from_static("http://none:1")), upstream);
        let config = Self {
            listen: flags.listen.or(file.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8_090))),
            metrics_listen: flags.metrics_listen.or(file.metrics_listen),
            upstream: upstream.unwrap_or_else(|wrong| {
                found.push(problem("upstream", wrong));
                Uri::from_static("http://none:1")
            }),
            upstream_ca: flags.upstream_ca.or(file.upstream_ca),
            secret_file: secret_file.unwrap_or_default(),
            redis: redis.unwrap_or_default(),
            redis_ca: flags.redis_ca.or(file.redis_ca),
            tls_cert: flags.tls_cert.or(file.tls_cert),
            tls_key: flags.tls_key.or(file.tls_key),
            connections_max: flags.connections_max.or(file.connections_max).unwrap_or(CONNECTIONS_MAX_DEFAULT),
            log_format: flags.log_format.or(file.log_format).unwrap_or(LogFormat::Text),
            log: flags.log.or(file.log).unwrap_or_else(|| "info".to_owned()),
        };
        config.look(&mut found);
        if found.is_empty() { Ok(config) } else { Err(found) }
    }

    fn look(&self, found: &mut Vec<ConfigProblem>) {
        if !self.redis.is_empty() {
            checks::redis(Some(&self.redis), self.redis_ca.as_deref(), found);
        }
        match (self.upstream.scheme_str(), &self.upstream_ca) {
            (Some("https"), None) => found.push(problem("upstream_ca", "is needed with an https upstream")),
            (Some("http"), Some(_)) => found.push(problem("upstream_ca", "is for an https upstream")),
            (_, Some(ca)) => {
                if let Err(error) = trusting(ca) {
                    found.push(problem("upstream_ca", format!("{error:#}")));
                }
            }
            _ => {}
        }
        if !self.secret_file.as_os_str().is_empty()
            && let Err(wrong) = read_secret(&self.secret_file)
        {
            found.push(problem("secret_file", wrong));
        }
        let (cert, key) = (self.tls_cert.as_ref(), self.tls_key.as_ref());
        checks::tls_pair(cert, key, found);
        if cert.is_some() == key.is_some()
            && let Err(error) = tls::acceptor(self.tls_cert.as_deref(), self.tls_key.as_deref())
        {
            found.push(problem("tls_cert, tls_key", format!("{error:#}")));
        }
        checks::connections_and_log(self.connections_max, &self.log, found);
    }

    /// The secret.
    pub fn secret(&self) -> anyhow::Result<String> {
        read_secret(&self.secret_file).map_err(anyhow::Error::msg)
    }

    /// What is allowed but deserves a word at the start. `environment` holds the names of the variables that are set.
    pub fn warnings(&self, environment: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut said = checks::warnings(environment, self.listen, self.tls_cert.as_ref());
        let host = self.upstream.host().unwrap_or_default().trim_matches(['[', ']']);
        let is_here = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        if self.upstream.scheme_str() == Some("http") && !is_here {
            said.push(
                "the upstream is spoken to without TLS: tokens, positions and the secret are readable on the way there"
                    .to_owned(),
            );
        }
        said
    }
}

/// The engine's node from its URL; what is wrong with it.
fn upstream(url: &str) -> Result<Uri, &'static str> {
    const LOOKS: &str = "is not http://HOST:PORT or https://HOST:PORT";
    let uri: Uri = url.parse().map_err(|_| LOOKS)?;
    let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
    let names_one = matches!(uri.scheme_str(), Some("http" | "https")) && uri.port_u16().is_some();
    let holds_no_user = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    if is_bare && names_one && holds_no_user { Ok(uri) } else { Err(LOOKS) }
}

/// The secret in a file, without the line's end; what is wrong with it, without what it holds.
pub fn read_secret(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {}", path.display(), e.kind()))?;
    let secret = text.trim();
    if !(SECRET_CHARS_MIN..=SECRET_CHARS_MAX).contains(&secret.len()) || !secret.bytes().all(|b| b.is_ascii_graphic()) {
        let wanted = "one line of 32 to 1024 printable characters without blanks, such as `openssl rand -hex 32` makes";
        return Err(format!("{} must hold {wanted}", path.display()));
    }
    Ok(secret.to_owned())
}

fn as_text<S: serde::Serializer>(uri: &Uri, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(uri)
}

fn without_password<S: serde::Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    redis_url::shown(url).serialize(serializer)
}

#[cfg(test)]
#[path = "gateway_tests.rs"]
mod tests;
