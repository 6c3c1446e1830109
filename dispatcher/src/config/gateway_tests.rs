//! A gateway's settings: what is needed, every problem named, nothing secret shown.

use super::{GatewayConfig, GatewayFlags};
use clap::Args as _;
use std::io::Write as _;
use std::path::PathBuf;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

fn problems(flags: GatewayFlags) -> Vec<String> {
    GatewayConfig::decide(flags).err().expect("refused").iter().map(ToString::to_string).collect()
}

fn fine(secret: PathBuf) -> GatewayFlags {
    GatewayFlags {
        upstream: Some("http://127.0.0.1:8081".to_owned()),
        redis: Some("redis://:hidden-word@127.0.0.1:6379".to_owned()),
        secret_file: Some(secret),
        ..GatewayFlags::default()
    }
}

#[test]
fn what_is_needed_is_said_at_once() {
    let said = problems(GatewayFlags::default());
    for setting in ["upstream: is needed", "redis: is needed", "secret_file: is needed"] {
        assert!(said.iter().any(|p| p.starts_with(setting)), "{setting} is missing in {said:?}");
    }
}

#[test]
fn every_wrong_value_is_named_and_no_secret_shown() {
    let (good, short) = (file(&format!("{SECRET}\n")), file("too-short-a-word"));
    for upstream in ["127.0.0.1:8081", "ftp://h:1", "http://h", "http://h:1/path", "http://user@h:1"] {
        let said = problems(GatewayFlags { upstream: Some(upstream.to_owned()), ..fine(good.path().to_owned()) });
        assert!(said[0].starts_with("upstream: "), "{upstream}: {said:?}");
    }
    let said = problems(GatewayFlags {
        upstream: Some("https://h:1".to_owned()),
        connections_max: Some(0),
        log: Some("loud".to_owned()),
        tls_cert: Some("/nowhere".into()),
        ..fine(short.path().to_owned())
    });
    for setting in ["upstream_ca: ", "secret_file: ", "connections_max: ", "log: ", "tls_key: "] {
        assert!(said.iter().any(|p| p.starts_with(setting)), "{setting} is missing in {said:?}");
    }
    assert!(!said.join(" ").contains("too-short-a-word"));
    let config = GatewayConfig::decide(fine(good.path().to_owned())).expect("valid");
    assert_eq!(config.secret().expect("readable"), SECRET);
    let shown = toml::to_string(&config).expect("serialisable");
    assert!(!shown.contains("hidden-word") && !shown.contains(SECRET), "{shown}");
}

#[test]
fn every_setting_can_be_given_by_flag_by_environment_and_in_the_file() {
    let kept = file("no-such-setting = 1");
    let known = problems(GatewayFlags { config: Some(kept.path().to_owned()), ..GatewayFlags::default() }).join(" ");
    for argument in GatewayFlags::augment_args(clap::Command::new("gateway")).get_arguments() {
        let id = argument.get_id().as_str();
        let env = argument.get_env().and_then(std::ffi::OsStr::to_str);
        assert_eq!(env, Some(&*format!("DONGHAENG_{}", id.to_uppercase())), "{id}");
        assert!(id == "config" || known.contains(&format!("`{id}`")), "{id}: {known}");
    }
}
