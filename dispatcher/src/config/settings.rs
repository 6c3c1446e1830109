//! Owns the list of settings as data: path in the file, flag, environment variable, default, what absence means.

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Path in the file.
    pub path: &'static str,
    /// Value when nobody gives one; `None` for optional ones.
    pub default: Option<&'static str>,
    /// What it means not to be set.
    pub absent: &'static str,
    /// Whether its value may be printed.
    pub is_secret: bool,
    /// How it is written in a file.
    pub kind: Kind,
}

/// How a value is written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `"text"`.
    Text,
    /// `17` or `true`.
    Bare,
    /// `["a", "b"]`.
    List,
}

const fn setting(path: &'static str, default: Option<&'static str>, absent: &'static str, kind: Kind) -> Setting {
    Setting { path, default, absent, is_secret: false, kind }
}

/// All settings; sections last, as a file needs them.
pub const SETTINGS: [Setting; 12] = [
    setting("listen", Some("127.0.0.1:8080"), "", Kind::Text),
    setting("data", Some("./data"), "", Kind::Text),
    Setting {
        path: "redis",
        default: None,
        absent: "not set: positions live in this process only",
        is_secret: true,
        kind: Kind::Text,
    },
    setting("map", None, "not set: the generated city", Kind::Text),
    setting("city_seed", Some("1"), "", Kind::Bare),
    setting("demo", Some("false"), "", Kind::Bare),
    setting("origins", Some(""), "", Kind::List),
    setting("connections_max", Some("10000"), "", Kind::Bare),
    setting("tls.cert", None, "not set: plain http", Kind::Text),
    setting("tls.key", None, "not set: plain http", Kind::Text),
    setting("log.format", Some("plain"), "", Kind::Text),
    setting("log.level", Some("info"), "", Kind::Text),
];

impl Setting {
    /// The setting of this path.
    pub fn find(path: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|s| s.path == path)
    }

    /// `DONGHAENG_LOG_LEVEL` for `log.level`.
    pub fn variable(&self) -> String {
        format!("DONGHAENG_{}", self.path.replace('.', "_").to_uppercase())
    }

    /// `--log-level` for `log.level`.
    pub fn flag(&self) -> String {
        format!("--{}", self.path.replace(['.', '_'], "-"))
    }

    /// The value as a file has it.
    pub(super) fn written(&self, value: &str) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        match self.kind {
            _ if self.is_secret => "\"(hidden)\"".to_owned(),
            Kind::Text => quoted(value),
            Kind::Bare => value.to_owned(),
            Kind::List => {
                let items: Vec<String> =
                    value.split(',').map(str::trim).filter(|v| !v.is_empty()).map(quoted).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }
}
