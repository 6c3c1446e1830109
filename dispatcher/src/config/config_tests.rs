//! Flag before file before default; every problem is named.

use super::{Config, Directory, Flags};
use clap::Args as _;
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

#[test]
fn a_wrong_value_in_the_file_is_named_with_its_line() {
    for (text, setting, line) in [
        ("demo = true\n\nlisten = 8080\n", "listen:", "line 3"),
        ("connections_max = \"many\"\n", "connections_max:", "line 1"),
        ("# first\nlog_format = \"xml\"\n", "log_format:", "line 2"),
        ("demo = true\nlisten = [\n", "config:", "line"),
        ("demo = true\nlissten = 1\n", "lissten:", "line 2"),
        ("demo = true\norigins = 5\n", "origins:", "line 2"),
    ] {
        let problems = with_file(text, Flags::default()).err().expect("refused");
        assert!(problems[0].starts_with(setting) && problems[0].contains(line), "{text:?}: {problems:?}");
    }
}

#[test]
fn origins_are_one_or_many_by_either_name() {
    let origin = "https://dispatch.example";
    for text in ["origin = \"O\"", "origins = \"O\"", "origin = [\"O\"]", "origins = [\"O\"]"] {
        let config = with_file(&text.replace('O', origin), Flags::default()).expect(text);
        assert_eq!(config.origins, [origin], "{text}");
    }
    for flag in ["--origin", "--origins"] {
        let command = <Flags as clap::Args>::augment_args(clap::Command::new("x"));
        let matches = command.try_get_matches_from(["x", flag, origin]).expect(flag);
        let flags = <Flags as clap::FromArgMatches>::from_arg_matches(&matches).expect(flag);
        assert_eq!(flags.origins, [origin], "{flag}");
    }
}

#[test]
fn a_filter_that_would_silence_by_accident_is_refused() {
    let told = |log: &str| {
        let decided = Config::decide(Flags { log: Some(log.to_owned()), ..Flags::default() });
        decided.err().map(|problems| problems[0].to_string())
    };
    for right in
        ["info", "OFF", "warn,dispatcher=debug", "dispatcher=debug", "dispatcher::ws=trace,error", "[{trip.id}]=info"]
    {
        assert_eq!(told(right), None, "{right}");
    }
    for wrong in ["", " ", ",", "loud", "inof", "info,loud", "hyper=debug", "dispather=debug", "dispatcher=loud"] {
        let said = told(wrong).unwrap_or_else(|| panic!("{wrong:?} was taken"));
        assert!(said.starts_with("log: ") && said.contains("warn, info, debug"), "{wrong:?}: {said}");
    }
}

#[test]
fn no_spelling_of_a_password_is_shown() {
    for (url, expected) in [
        ("redis://:secret-word@h:1/2", "redis://***@h:1/2"),
        ("redis://user:secret-word@h:1", "redis://***@h:1/0"),
        ("unix:///run/redis.sock?db=1&pass=secret-word", "unix://***@/run/redis.sock?db=1"),
        ("unix:///run/redis.sock?pass=secret@word", "unix://***@/run/redis.sock?db=0"),
        ("redis://h:1/0?password=secret-word", "redis://h:1/0"),
        ("redis://h:1", "redis://h:1/0"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=0"),
    ] {
        let config = Config::decide(Flags { redis: Some(url.to_owned()), ..Flags::default() }).expect(url);
        assert_eq!(config.redis.as_deref(), Some(url), "what is used stays whole");
        let shown = toml::to_string(&config).expect("serialisable");
        assert!(shown.contains(&format!("redis = \"{expected}\"")), "{url}: {shown}");
        assert!(!shown.contains("secret"), "{url}: {shown}");
    }
    for wrong in ["redis://:secret?word@h", "redis://:0:x", "redis://", "redis://h:secret", "unix://"] {
        let problems = Config::decide(Flags { redis: Some(wrong.to_owned()), ..Flags::default() }).err();
        let said = problems.unwrap_or_else(|| panic!("{wrong} was taken"))[0].to_string();
        assert!(said.starts_with("redis: ") && !said.contains("secret"), "{said}");
    }
}

#[test]
fn connections_have_an_upper_limit() {
    let decide = |n| Config::decide(Flags { connections_max: Some(n), ..Flags::default() });
    assert!(decide(1_000_000).is_ok());
    let problems = decide(1_000_001).err().expect("refused");
    assert_eq!(problems[0].to_string(), "connections_max: must be at most 1000000");
}

#[test]
fn a_tls_pair_must_load_and_belong_together() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let pair =
        |name: &str| crate::tls::dev_cert(&dir.path().join(name), &["localhost".to_owned()], false).expect("a pair");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ((cert, key), (_, other)) = (pair("a"), pair("b"));
    let check = |key: &std::path::Path| {
        let flags = Flags { tls_cert: Some(cert.clone()), tls_key: Some(key.to_owned()), ..Flags::default() };
        Config::decide(flags).expect("the files are there").check_files().err()
    };
    assert_eq!(check(&key), None);
    for wrong in [&other, &cert] {
        let problems = check(wrong).unwrap_or_else(|| panic!("{} was taken", wrong.display()));
        assert!(problems[0].to_string().starts_with("tls_cert, tls_key: "), "{problems:?}");
    }
}

#[test]
fn other_commands_find_the_directory_as_serve_does() {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(b"data = \"/var/lib/donghaeng\"\ndemo = false\n").expect("written");
    let config = Some(file.path().to_owned());
    let decide = |config, data: Option<&str>| Directory { config, data: data.map(Into::into) }.decide();
    assert_eq!(decide(None, None), Ok("data".into()));
    assert_eq!(decide(config.clone(), None), Ok("/var/lib/donghaeng".into()));
    assert_eq!(decide(config, Some("here")), Ok("here".into()));
    assert!(decide(Some("/nowhere.toml".into()), Some("here")).is_err(), "a mistyped file is told");
}

#[test]
fn every_setting_can_be_given_by_flag_by_environment_and_in_the_file() {
    let command = Flags::augment_args(clap::Command::new("serve"));
    let known = with_file("no-such-setting = 1", Flags::default()).err().expect("refused").join(" ");
    let mut settings = 0;
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        let env = argument.get_env().and_then(std::ffi::OsStr::to_str);
        assert_eq!(env, Some(&*format!("DONGHAENG_{}", id.to_uppercase())), "{id}");
        // The file's own name is no setting of the file.
        if id != "config" {
            assert!(
                known.contains(&format!("`{}`", id.replace('_', "-"))) || known.contains(&format!("`{id}`")),
                "{id}: {known}"
            );
            settings += 1;
        }
    }
    assert!(settings > 10, "{settings}");
}
