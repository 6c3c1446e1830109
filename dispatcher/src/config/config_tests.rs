//! Flag before file before default; every problem is named.

use super::{Config, Flags};
use std::io::Write;

fn with_file(text: &str, flags: Flags) -> Result<Config, Vec<String>> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("written");
    let flags = Flags { config: Some(file.path().to_owned()), ..flags };
    Config::decide(flags).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn defaults_are_loopback_and_in_process() {
    let config = Config::decide(Flags::default()).expect("defaults are valid");
    assert!(config.listen.ip().is_loopback());
    assert!(config.redis.is_none());
    assert!(!config.demo);
}

#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let text = "listen = \"127.0.0.1:9000\"\nconnections_max = 7\n";
    let flags = Flags { listen: Some("127.0.0.1:9001".parse().expect("an address")), ..Flags::default() };
    let config = with_file(text, flags).expect("valid");
    assert_eq!(config.listen.port(), 9_001);
    assert_eq!(config.connections_max, 7);
}

#[test]
fn an_unknown_key_is_named() {
    let problems = with_file("lisen = \"127.0.0.1:9000\"\n", Flags::default()).err().expect("refused");
    assert!(problems[0].contains("lisen"), "{problems:?}");
}

#[test]
fn every_problem_is_said_at_once() {
    let text = "redis = \"http://x\"\nconnections_max = 0\norigins = [\"dispatch.example\"]\ntls_cert = \"/nowhere\"\n";
    let problems = with_file(text, Flags::default()).err().expect("refused");
    for setting in ["redis:", "connections_max:", "origins:", "tls_key:", "tls_cert:"] {
        assert!(problems.iter().any(|p| p.starts_with(setting)), "{setting} is missing in {problems:?}");
    }
}

#[test]
fn a_password_is_never_shown() {
    let flags = Flags { redis: Some("redis://user:secret-word@127.0.0.1:1".to_owned()), ..Flags::default() };
    let config = Config::decide(flags).expect("valid");
    let shown = toml::to_string(&config).expect("serialisable");
    assert!(shown.contains("redis://***@127.0.0.1:1"), "{shown}");
    assert!(!shown.contains("secret-word"));
}

#[test]
fn a_variable_that_looks_like_a_setting_and_is_none_is_named() {
    let config = Config::decide(Flags::default()).expect("valid");
    let set = [
        "DONGHAENG_DATA",
        "DONGHAENG_LISTN",
        "DONGHAENG_SIM_SEED",
        "PATH",
        "DONGHAENG_CHROMIUM",
        "DONGHAENG_METRICS_LISTEN",
    ];
    let said = config.warnings(set.map(str::to_owned));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("DONGHAENG_LISTN "), "{said:?}");
}
