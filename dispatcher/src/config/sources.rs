//! Owns where values come from and which one counts. Knows no setting's meaning.

use super::Problem;
use super::settings::{Kind, SETTINGS, Setting};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;

/// Longest settings file read, bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Values given as flags, by path.
pub type Flags = HashMap<&'static str, String>;
/// Environment variables by name; a parameter so that a test needs no global state.
pub type Environment = HashMap<String, String>;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A flag.
    Flag(String),
    /// An environment variable.
    Variable(String),
    /// The settings file.
    File(String),
    /// Nobody gave one.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::File(path) => write!(f, "file {path}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The values that count, and what went wrong on the way.
pub(super) struct Values {
    by_path: HashMap<&'static str, (String, Source)>,
    pub(super) problems: Vec<Problem>,
}

impl Values {
    pub(super) fn gather(flags: &Flags, environment: &Environment, file: Option<&Path>) -> Self {
        let mut problems = Vec::new();
        let in_file = file.map(|path| read_file(path, &mut problems)).unwrap_or_default();
        let file_name = file.map(|path| path.display().to_string()).unwrap_or_default();
        unknown_variables(environment, &mut problems);
        let by_path = SETTINGS
            .iter()
            .filter_map(|setting| {
                let from_flag = || Some((flags.get(setting.path)?.clone(), Source::Flag(setting.flag())));
                let variable = setting.variable();
                let from_variable = || Some((environment.get(&variable)?.clone(), Source::Variable(variable.clone())));
                let from_file = || Some((in_file.get(setting.path)?.clone(), Source::File(file_name.clone())));
                let default = || Some((setting.default?.to_owned(), Source::Default));
                let value = from_flag().or_else(from_variable).or_else(from_file).or_else(default)?;
                Some((setting.path, value))
            })
            .collect();
        Self { by_path, problems }
    }

    pub(super) fn is_set(&self, path: &str) -> bool {
        self.by_path.contains_key(path)
    }

    /// The value as its type; `None` if it is not set, or wrong and noted as a problem.
    pub(super) fn parse<T, E: Into<String>>(
        &mut self,
        path: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let (text, source) = self.by_path.get(path)?;
        match read(text) {
            Ok(value) => Some(value),
            Err(text) => {
                self.problems.push(Problem { path: path.to_owned(), source: source.clone(), text: text.into() });
                None
            }
        }
    }

    pub(super) fn complain(&mut self, path: &str, text: &str) {
        self.problems.push(Problem { path: path.to_owned(), source: Source::Default, text: text.to_owned() });
    }

    pub(super) fn describe(&self) -> Vec<(&'static Setting, Option<String>, Source)> {
        let line = |setting: &'static Setting| match self.by_path.get(setting.path) {
            Some((value, source)) => (setting, Some(setting.written(value)), source.clone()),
            None => (setting, None, Source::Default),
        };
        SETTINGS.iter().map(line).collect()
    }
}

/// A misspelt variable would be ignored in silence otherwise.
fn unknown_variables(environment: &Environment, problems: &mut Vec<Problem>) {
    let known: Vec<String> = SETTINGS.iter().map(Setting::variable).chain(OTHER_VARIABLES.map(str::to_owned)).collect();
    let mut unknown: Vec<&String> =
        environment.keys().filter(|name| name.starts_with("DONGHAENG_") && !known.contains(name)).collect();
    unknown.sort();
    for name in unknown {
        let source = Source::Variable(name.clone());
        problems.push(Problem { path: name.clone(), source, text: "there is no such setting".to_owned() });
    }
}

/// Variables of ours that are no settings of the server.
const OTHER_VARIABLES: [&str; 2] = ["DONGHAENG_CONFIG", "DONGHAENG_REDIS_SERVER"];

fn read_file(path: &Path, problems: &mut Vec<Problem>) -> BTreeMap<String, String> {
    let source = Source::File(path.display().to_string());
    let mut complain = |path: &str, text: String| {
        problems.push(Problem { path: path.to_owned(), source: source.clone(), text });
    };
    let text = match std::fs::metadata(path).map(|m| m.len()) {
        Ok(bytes) if bytes > FILE_BYTES_MAX => Err(format!("larger than {FILE_BYTES_MAX} bytes")),
        _ => std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}")),
    };
    let table = text.and_then(|text| text.parse::<toml::Table>().map_err(|error| first_line(&error)));
    let mut flat = BTreeMap::new();
    match table {
        Ok(table) => flatten("", table, &mut flat, &mut complain),
        Err(text) => complain("config", text),
    }
    flat
}

/// Where and what, without the line itself: it may hold a password.
fn first_line(error: &toml::de::Error) -> String {
    format!("not valid toml: {}", error.message())
}

fn flatten(
    prefix: &str,
    table: toml::Table,
    flat: &mut BTreeMap<String, String>,
    complain: &mut impl FnMut(&str, String),
) {
    for (key, value) in table {
        let path = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        let is_section =
            SETTINGS.iter().any(|s| s.path.strip_prefix(path.as_str()).is_some_and(|r| r.starts_with('.')));
        match (value, Setting::find(&path)) {
            (toml::Value::Table(inner), None) if is_section => flatten(&path, inner, flat, complain),
            (_, None) => complain(&path, "there is no such setting".to_owned()),
            (value, Some(setting)) => match as_text(setting.kind, value) {
                Some(text) => {
                    flat.insert(path, text);
                }
                None => complain(&path, expected(setting.kind).to_owned()),
            },
        }
    }
}

fn as_text(kind: Kind, value: toml::Value) -> Option<String> {
    match (kind, value) {
        (Kind::Text, toml::Value::String(text)) => Some(text),
        (Kind::Bare, toml::Value::Integer(n)) => Some(n.to_string()),
        (Kind::Bare, toml::Value::Boolean(b)) => Some(b.to_string()),
        (Kind::List, toml::Value::Array(items)) => {
            let texts: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            texts.filter(|t| t.iter().all(|item| !item.contains(','))).map(|t| t.join(","))
        }
        _ => None,
    }
}

const fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "not a text in quotes",
        Kind::Bare => "not a bare number or true or false",
        Kind::List => "not a list of texts",
    }
}
