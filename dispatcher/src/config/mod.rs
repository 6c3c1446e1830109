//! Owns the settings: one struct, each by flag, else environment (`DONGHAENG_…`), else file, else default. Finds every problem at
//! once and names the setting. Starts nothing.

mod checks;
mod directory;
mod files;
mod filter;
mod gateway;
mod redis_url;

pub use directory::Directory;
pub use gateway::{GatewayConfig, GatewayFlags};

use crate::telemetry::LogFormat;
use clap::Args;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Seed of the built-in city.
pub const CITY_SEED_DEFAULT: u64 = geo::city::DEFAULT_SEED;
const _: () = assert!(CITY_SEED_DEFAULT == 2_023, "the help says which");
/// Connections held at a time by default.
pub const CONNECTIONS_MAX_DEFAULT: usize = 10_000;
/// Most connections that may be asked for: beyond it a number is a slip, and no machine has the ports or the memory.
pub const CONNECTIONS_MAX_LIMIT: usize = 1_000_000;
/// Data directory by default, below the working directory.
const DATA_DEFAULT: &str = "data";

/// Flags and environment; what is `None` comes from the file or the default.
#[derive(Args, Clone, Debug, Default)]
pub struct Flags {
    /// Settings file (TOML); every setting below may stand in it under its long name with `_` for `-`
    #[arg(long, env = "DONGHAENG_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "DONGHAENG_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Further address that answers `/metrics` only, for a monitoring network [default: none; loopback may ask the first]
    #[arg(long, env = "DONGHAENG_METRICS_LISTEN", value_name = "ADDR")]
    pub metrics_listen: Option<SocketAddr>,
    /// Further address, for gateways only (`dispatcher gateway`), with --gateway-secret-file and --redis [default: none]
    #[arg(long, env = "DONGHAENG_GATEWAY_LISTEN", value_name = "ADDR")]
    pub gateway_listen: Option<SocketAddr>,
    /// File with the secret that gateways must show, at least 32 characters
    #[arg(long, env = "DONGHAENG_GATEWAY_SECRET_FILE", value_name = "FILE")]
    pub gateway_secret_file: Option<PathBuf>,
    /// Data directory: the record lives here [default: ./data]
    #[arg(long, env = "DONGHAENG_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Redis that shares live positions, e.g. `redis://127.0.0.1:6379`; also Sentinel and Cluster, see OPERATIONS [default: in process]
    #[arg(long, env = "DONGHAENG_REDIS", value_name = "URL", hide_env_values = true)]
    pub redis: Option<String>,
    /// Who may sign the certificate of a rediss:// Redis (PEM) [default: whom this machine trusts]
    #[arg(long, env = "DONGHAENG_REDIS_CA", value_name = "FILE")]
    pub redis_ca: Option<PathBuf>,
    /// Map made by `import-map` [default: the built-in generated city]
    #[arg(long, env = "DONGHAENG_MAP", value_name = "FILE.graph")]
    pub map: Option<PathBuf>,
    /// Places of street lamps, for the safer way on foot: CSV with columns `lon` and `lat` [default: none known]
    #[arg(long, env = "DONGHAENG_LAMPS", value_name = "FILE.csv")]
    pub lamps: Option<PathBuf>,
    /// Places of cameras, likewise [default: none known]
    #[arg(long, env = "DONGHAENG_CAMERAS", value_name = "FILE.csv")]
    pub cameras: Option<PathBuf>,
    /// Seed of the built-in city; a simulator beside it needs the same [default: 2023]
    #[arg(long, env = "DONGHAENG_CITY_SEED", value_name = "N")]
    pub city_seed: Option<u64>,
    /// Demo accounts, one-time codes printed at start, and demo calls from loopback; never for a real service [default: false]
    #[arg(long, env = "DONGHAENG_DEMO", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub demo: Option<bool>,
    /// Whether who is with a rider and soon free may be asked to go on to the next [default: true]
    #[arg(long, env = "DONGHAENG_CHAINED_DUTIES", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub chained_duties: Option<bool>,
    /// Certificate chain (PEM), see `dev-cert`; with --tls-key
    #[arg(long, env = "DONGHAENG_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM); with --tls-cert
    #[arg(long, env = "DONGHAENG_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Origin of pages allowed beside this server's own, e.g. `https://dispatch.example` (repeated, or with commas)
    #[arg(long = "origin", alias = "origins", env = "DONGHAENG_ORIGINS", value_name = "ORIGIN", value_delimiter = ',')]
    pub origins: Vec<String>,
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
    gateway_listen: Option<SocketAddr>,
    gateway_secret_file: Option<PathBuf>,
    data: Option<PathBuf>,
    redis: Option<String>,
    redis_ca: Option<PathBuf>,
    map: Option<PathBuf>,
    lamps: Option<PathBuf>,
    cameras: Option<PathBuf>,
    city_seed: Option<u64>,
    demo: Option<bool>,
    chained_duties: Option<bool>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    #[serde(alias = "origin", deserialize_with = "one_or_many")]
    origins: Vec<String>,
    connections_max: Option<usize>,
    log_format: Option<LogFormat>,
    log: Option<String>,
}

/// Every setting, decided.
#[derive(Clone, Serialize)]
pub struct Config {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Address of the monitoring listener.
    pub metrics_listen: Option<SocketAddr>,
    /// Address of the gateways' listener.
    pub gateway_listen: Option<SocketAddr>,
    /// Where the secret of gateways is.
    pub gateway_secret_file: Option<PathBuf>,
    /// Data directory.
    pub data: PathBuf,
    /// Redis address; shown without its password.
    #[serde(serialize_with = "without_password")]
    pub redis: Option<String>,
    /// Who may sign Redis's certificate.
    pub redis_ca: Option<PathBuf>,
    /// Map file; `None` is the built-in city.
    pub map: Option<PathBuf>,
    /// Places of street lamps.
    pub lamps: Option<PathBuf>,
    /// Places of cameras.
    pub cameras: Option<PathBuf>,
    /// Seed of the built-in city.
    pub city_seed: u64,
    /// Demo accounts and calls.
    pub demo: bool,
    /// Whether staff with a rider may be asked for a next trip.
    pub chained_duties: bool,
    /// Certificate chain.
    pub tls_cert: Option<PathBuf>,
    /// Private key.
    pub tls_key: Option<PathBuf>,
    /// Origins allowed beside the server's own.
    pub origins: Vec<String>,
    /// Connections held at a time.
    pub connections_max: usize,
    /// How logs are written.
    pub log_format: LogFormat,
    /// Which logs.
    pub log: String,
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct ConfigProblem {
    /// Its name, as in the file.
    pub setting: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

fn problem(setting: &str, problem: impl Into<String>) -> ConfigProblem {
    ConfigProblem { setting: setting.to_owned(), problem: problem.into() }
}

impl Config {
    /// Decides every setting; all problems at once.
    pub fn decide(flags: Flags) -> Result<Self, Vec<ConfigProblem>> {
        let file = match &flags.config {
            Some(path) => read_file(path).map_err(|p| vec![p])?,
            None => File::default(),
        };
        let config = Self {
            listen: flags.listen.or(file.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8_080))),
            metrics_listen: flags.metrics_listen.or(file.metrics_listen),
            gateway_listen: flags.gateway_listen.or(file.gateway_listen),
            gateway_secret_file: flags.gateway_secret_file.or(file.gateway_secret_file),
            data: flags.data.or(file.data).unwrap_or_else(|| PathBuf::from(DATA_DEFAULT)),
            redis: flags.redis.or(file.redis),
            redis_ca: flags.redis_ca.or(file.redis_ca),
            map: flags.map.or(file.map),
            lamps: flags.lamps.or(file.lamps),
            cameras: flags.cameras.or(file.cameras),
            city_seed: flags.city_seed.or(file.city_seed).unwrap_or(CITY_SEED_DEFAULT),
            demo: flags.demo.or(file.demo).unwrap_or(false),
            chained_duties: flags.chained_duties.or(file.chained_duties).unwrap_or(true),
            tls_cert: flags.tls_cert.or(file.tls_cert),
            tls_key: flags.tls_key.or(file.tls_key),
            origins: if flags.origins.is_empty() { file.origins } else { flags.origins },
            connections_max: flags.connections_max.or(file.connections_max).unwrap_or(CONNECTIONS_MAX_DEFAULT),
            log_format: flags.log_format.or(file.log_format).unwrap_or(LogFormat::Text),
            log: flags.log.or(file.log).unwrap_or_else(|| "info".to_owned()),
        };
        let problems = config.problems();
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    fn problems(&self) -> Vec<ConfigProblem> {
        let mut found = Vec::new();
        checks::redis(self.redis.as_deref(), self.redis_ca.as_deref(), &mut found);
        checks::tls_pair(self.tls_cert.as_ref(), self.tls_key.as_ref(), &mut found);
        let files = [
            ("map", &self.map),
            ("lamps", &self.lamps),
            ("cameras", &self.cameras),
            ("redis_ca", &self.redis_ca),
            ("tls_cert", &self.tls_cert),
            ("tls_key", &self.tls_key),
        ];
        for (setting, path) in files {
            if let Some(path) = path.as_ref().filter(|path| !path.is_file()) {
                found.push(problem(setting, format!("no such file: {}", path.display())));
            }
        }
        match (&self.gateway_listen, &self.gateway_secret_file) {
            (Some(_), None) => found.push(problem("gateway_secret_file", "is needed with gateway_listen")),
            (None, Some(_)) => found.push(problem("gateway_listen", "is needed with gateway_secret_file")),
            (Some(_), Some(file)) => {
                if let Err(wrong) = gateway::read_secret(file) {
                    found.push(problem("gateway_secret_file", wrong));
                }
                if self.redis.is_none() {
                    found.push(problem("redis", "is needed with gateway_listen: gateways are heard through it"));
                }
            }
            (None, None) => {}
        }
        if self.data.is_file() {
            found.push(problem("data", format!("{} is a file, not a directory", self.data.display())));
        }
        for origin in &self.origins {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            if host.is_none_or(|host| host.is_empty() || host.contains('/')) {
                found.push(problem("origins", format!("{origin} is not an origin such as https://dispatch.example")));
            }
        }
        checks::connections_and_log(self.connections_max, &self.log, &mut found);
        found
    }

    /// What is allowed but deserves a word at the start. `environment` holds the names of the variables that are set.
    pub fn warnings(&self, environment: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut said = checks::warnings(environment, self.listen, self.tls_cert.as_ref());
        if self.gateway_listen.is_some_and(|at| !at.ip().is_loopback()) && self.tls_cert.is_none() {
            said.push("gateways are listened to beyond loopback without TLS: tokens, positions and the secret are readable on the way".to_owned());
        }
        if self.demo && !self.listen.ip().is_loopback() {
            said.push("demo accounts on an address others can reach: never with real people".to_owned());
        }
        said
    }
}

impl Config {
    /// The secret that gateways must show; `None` where they are not listened to.
    pub fn gateway_secret(&self) -> anyhow::Result<Option<String>> {
        let secret = self.gateway_secret_file.as_deref().map(gateway::read_secret);
        secret.transpose().map_err(anyhow::Error::msg)
    }
}

fn read_file(path: &Path) -> Result<File, ConfigProblem> {
    parse_file(path)
}

/// A settings file of any shape; what is wrong with it is named with its line.
fn parse_file<F: DeserializeOwned>(path: &Path) -> Result<F, ConfigProblem> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| problem("config", format!("cannot read {}: {}", path.display(), error.kind())))?;
    let wrong = |setting: &str, error: &toml::de::Error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        let line = line.map_or_else(String::new, |line| format!(", line {line}"));
        problem(setting, format!("{}{line}: {}", path.display(), error.message()))
    };
    let parsed = toml::Deserializer::parse(&text).map_err(|error| wrong("config", &error))?;
    serde_path_to_error::deserialize(parsed).map_err(|error| {
        let setting = error.path().to_string();
        wrong(if setting == "." { "config" } else { &setting }, error.inner())
    })
}

/// A single value may stand without the brackets of a list.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected an origin in quotes or a list of them")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(origin) => vec![origin],
        OneOrMany::Many(origins) => origins,
    })
}

#[expect(clippy::ref_option, reason = "the signature serde calls")]
fn without_password<S: serde::Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_deref().map(redis_url::shown).serialize(serializer)
}

#[cfg(test)]
mod config_tests;
