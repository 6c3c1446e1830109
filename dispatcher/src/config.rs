//! Owns the settings: what there is, where each value comes from (flag, then environment, then file, then default), and
//! whether it can be used. Opens nothing but the file it is told to read.
//!
//! Invariant: a `Config` has been checked; all problems are found at once, each named by the setting's path.

mod settings;
mod sources;

pub use settings::{SETTINGS, Setting};
pub use sources::{Environment, Flags, Source};

use sources::Values;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Most connections that may be asked for.
const CONNECTIONS_MAX_MAX: usize = 1_000_000;
/// Most origins on the allowlist.
const ORIGINS_MAX: usize = 64;

/// Text that must not be printed: the Redis URL may carry a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Certificate chain and key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The chain.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For eyes.
    Plain,
    /// For collectors, one object a line.
    Json,
}

/// What is logged and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// How lines look.
    pub format: LogFormat,
    /// A `tracing` filter, such as `info` or `warn,dispatcher=debug`.
    pub level: String,
}

/// Everything `serve` can be told, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Directory of the record.
    pub data: PathBuf,
    /// Redis behind the live index.
    pub redis: Option<Secret>,
    /// A graph file made by `import-map`; the generated city without.
    pub map: Option<PathBuf>,
    /// Seed of the generated city.
    pub city_seed: u64,
    /// Demo accounts and calls.
    pub demo: bool,
    /// TLS on the listener.
    pub tls: Option<Tls>,
    /// Origins a page may connect from, besides the server's own.
    pub origins: Vec<String>,
    /// Most open connections.
    pub connections_max: usize,
    /// Logs.
    pub log: LogSettings,
}

/// One thing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting's path in the file, such as `log.level`.
    pub path: String,
    /// Where the bad value came from.
    pub source: Source,
    /// What is wrong and what would be right. Never holds a secret.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.path, self.source, self.text)
    }
}

/// All that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings cannot be used")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// From these sources. `file` is what `--config` names.
    pub fn load(
        flags: &Flags,
        environment: &Environment,
        file: Option<&Path>,
    ) -> Result<(Self, Effective), ConfigError> {
        let mut values = Values::gather(flags, environment, file);
        let config = read(&mut values);
        let effective = Effective(values.describe());
        match config {
            Some(config) if values.problems.is_empty() => Ok((config, effective)),
            _ => Err(ConfigError(values.problems)),
        }
    }

    /// What is legal and probably not meant.
    pub fn warnings(&self) -> Vec<&'static str> {
        let mut out = Vec::new();
        let is_open = !self.listen.ip().is_loopback();
        if is_open && self.tls.is_none() {
            out.push("listening beyond this machine without tls: phones give their position to https pages only; put a tls proxy in front or set tls.cert and tls.key");
        }
        if is_open && self.demo {
            out.push("demo accounts on an address others can reach; demo calls are answered to this machine only");
        }
        out
    }
}

/// Every setting's value with its source, secrets hidden.
#[derive(Clone, Debug)]
pub struct Effective(Vec<(&'static Setting, Option<String>, Source)>);

impl fmt::Display for Effective {
    /// As a settings file that would give the same, sources in comments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut section = "";
        for (setting, value, source) in &self.0 {
            let (in_section, key) = setting.path.split_once('.').unwrap_or(("", setting.path));
            if in_section != section {
                section = in_section;
                writeln!(f, "\n[{section}]")?;
            }
            match value {
                Some(value) => writeln!(f, "{:<44} # {source}", format!("{key} = {value}"))?,
                None => writeln!(f, "{:<44} # {}", format!("# {key}"), setting.absent)?,
            }
        }
        Ok(())
    }
}

/// `None` if anything required is missing or wrong; the problems say what.
fn read(values: &mut Values) -> Option<Config> {
    let listen = values.parse("listen", |text| {
        text.parse().map_err(|_| "not an address; write host:port with a numeric host, such as 127.0.0.1:8080")
    });
    let data = values.parse("data", |text| if text.is_empty() { Err("empty") } else { Ok(PathBuf::from(text)) });
    let redis = values.parse("redis", |text| {
        crate::live::check_redis_url(text).map(|()| Secret(text.to_owned())).map_err(|error| error.to_string())
    });
    let map = values.parse("map", |text| existing_file(text));
    let city_seed = values.parse("city_seed", |text| text.parse().map_err(|_| "not a whole number, 0 or more"));
    let demo = values.parse("demo", |text| text.parse().map_err(|_| "neither true nor false"));
    let origins = values.parse("origins", parse_origins);
    let connections_max = values.parse("connections_max", |text| match text.parse::<usize>() {
        Ok(n @ 1..=CONNECTIONS_MAX_MAX) => Ok(n),
        _ => Err("not a whole number within 1..1000000"),
    });
    let cert = values.parse("tls.cert", |text| existing_file(text));
    let key = values.parse("tls.key", |text| existing_file(text));
    let tls = match (cert, key) {
        (Some(cert), Some(key)) => Some(Tls { cert, key }),
        _ => {
            for (path, other) in [("tls.cert", "tls.key"), ("tls.key", "tls.cert")] {
                if values.is_set(path) && !values.is_set(other) {
                    values.complain(other, &format!("missing, and {path} is set: both or neither"));
                }
            }
            None
        }
    };
    let format = values.parse("log.format", |text| match text {
        "plain" => Ok(LogFormat::Plain),
        "json" => Ok(LogFormat::Json),
        _ => Err("neither plain nor json"),
    });
    let level = values.parse("log.level", |text| {
        let filter: Result<tracing_subscriber::EnvFilter, _> = text.parse();
        filter.map(|_| text.to_owned()).map_err(|_| "not a filter, such as info or warn,dispatcher=debug")
    });
    Some(Config {
        listen: listen?,
        data: data?,
        redis,
        map,
        city_seed: city_seed?,
        demo: demo?,
        tls,
        origins: origins?,
        connections_max: connections_max?,
        log: LogSettings { format: format?, level: level? },
    })
}

fn existing_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_file() { Ok(path) } else { Err(format!("there is no file {text}")) }
}

/// Comma-separated `scheme://host[:port]`, lower case, without path.
fn parse_origins(text: &str) -> Result<Vec<String>, String> {
    let origins: Vec<String> = text.split(',').map(str::trim).filter(|o| !o.is_empty()).map(str::to_owned).collect();
    if origins.len() > ORIGINS_MAX {
        return Err(format!("more than {ORIGINS_MAX} origins"));
    }
    for origin in &origins {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let is_plain = |host: &str| {
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:[]".contains(&b))
        };
        if !host.is_some_and(is_plain) {
            return Err(format!("{origin} is not an origin, such as https://escort.example.kr (lower case, no path)"));
        }
    }
    Ok(origins)
}
