//! What a settings file may say, and what goes before it.

use crate::options::{Command, LoadOptions};
use crate::settings::read;
use std::path::PathBuf;

/// A file of its own for each test.
struct File(PathBuf);

impl File {
    fn of(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("simulator-{}-{name}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn load(&self, more: &str) -> Result<LoadOptions, String> {
        let line = format!("simulator load --config {} {more}", self.0.display());
        match read(line.split_whitespace()).map_err(|e| e.to_string())?.command {
            Command::Load(options) => Ok(*options),
            Command::Demo(_) => unreachable!("load was asked"),
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn every_kind_of_setting_may_stand_in_the_file() {
    let file = File::of(
        "all",
        "target = \"http://127.0.0.1:9\"\nphones = 50\nbookings_per_second = 0.5\nseed = 7\nprompt_answers = true\n\
         delay = \"2-3\"\nreport = \"out.json\"\ntrip_minutes = 2\n",
    );
    let options = file.load("").unwrap();
    assert_eq!((options.phones, options.seed, options.prompt_answers), (50, 7, true));
    assert_eq!((options.target[0].to_string().as_str(), options.trip_minutes), ("http://127.0.0.1:9", Some(2.0)));
    assert!((options.bookings_per_second - 0.5).abs() < f64::EPSILON);
    assert_eq!(options.report, Some("out.json".into()));
    assert_eq!(options.duration, 60, "what nobody says stays as it is");
}

#[test]
fn the_command_line_goes_before_the_file() {
    let file = File::of("before", "phones = 50\nseed = 7\nprompt_answers = false\n");
    let options = file.load("--phones 9").unwrap();
    assert_eq!((options.phones, options.seed, options.prompt_answers), (9, 7, false));
}

#[test]
fn what_is_no_setting_is_refused_by_name() {
    for (name, text, told) in [
        ("unknown", "phonse = 50\n", "unknown setting `phonse`"),
        ("dashed", "bookings-per-second = 1\n", "unknown setting `bookings-per-second`"),
        ("itself", "config = \"other.toml\"\n", "unknown setting `config`"),
        ("help", "help = true\n", "unknown setting `help`"),
        ("demo-only", "staff = 4\n", "unknown setting `staff`"),
        ("list", "phones = [1]\n", "`phones` is neither"),
        ("text", "phones = \"many\"\n", "--phones"),
        ("broken", "phones = \n", "settings file"),
    ] {
        let refused = File::of(name, text).load("").unwrap_err();
        assert!(refused.contains(told), "{name}: {refused}");
    }
    let absent = read(["simulator", "load", "--config", "/nowhere/at-all.toml"]).unwrap_err().to_string();
    assert!(absent.contains("cannot be read"), "{absent}");
}

#[test]
fn numbers_that_cannot_be_are_wrong_usage_wherever_they_stand() {
    let file = File::of("range", "phones = 1\n");
    let by_file = format!("simulator load --config {}", file.0.display());
    for line in ["simulator load --phones 1", "simulator load --accept 0 --decline 0 --silence 0", by_file.as_str()] {
        let refused = read(line.split_whitespace()).expect_err(line);
        assert_eq!(refused.exit_code(), 2, "{refused}");
    }
    assert!(read("simulator load --phones 2".split_whitespace()).is_ok());
}
