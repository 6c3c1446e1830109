//! The commands beside the record: backup and restore, and which directory they take.

use harness::binary;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Exit code of a mistake of the caller.
const MISUSE: i32 = 2;

/// Runs to its end: exit code, standard output, standard error.
fn run(args: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child = Command::new(binary("dispatcher"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the dispatcher binary starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads or has ended");
    let output = child.wait_with_output().expect("own child");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn done(args: &[&str]) -> String {
    let (code, said, error) = run(args, "");
    assert_eq!(code, Some(0), "{args:?}: {error}");
    said
}

fn refused(args: &[&str], code: i32, told: &str) {
    let (ended, said, error) = run(args, "");
    assert_eq!(ended, Some(code), "{args:?}: {said}{error}");
    assert!(error.contains(told), "{args:?} does not say {told:?}: {error}");
}

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().expect("a path in UTF-8").to_owned()
}

/// A record with one agency, and its directory.
fn record(dir: &Path) -> String {
    let data = path(dir, "data");
    done(&["admin", "agency", "--name", "A", "--create", "--data", &data]);
    data
}

#[test]
fn a_restore_says_that_the_copys_sign_ins_work_again_and_ends_them_if_told() {
    let dir = TempDir::new().expect("a temporary directory");
    let (dir, data) = (dir.path(), record(dir.path()));
    done(&["admin", "admin", "--name", "B", "--data", &data]);
    let copy = path(dir, "copy.sqlite");
    done(&["backup", "--data", &data, &copy]);
    refused(&["backup", "--data", &data, &copy], MISUSE, "exists");
    let said = done(&["restore", "--data", &data, &copy]);
    for told in [
        "EVERY SIGN-IN OF THE COPY WORKS AGAIN: 0 tokens and 1 one-time codes",
        "0 tokens had been revoked",
        "--sign-out-all",
    ] {
        assert!(said.contains(told), "{told:?} is not said: {said}");
    }
    let said = done(&["restore", "--data", &data, &copy, "--sign-out-all"]);
    assert!(said.contains("everybody needs a new code"), "{said}");
    let mistyped = path(dir, "mistyped");
    refused(&["restore", "--data", &mistyped, &copy], MISUSE, "--create");
    assert!(!Path::new(&mistyped).exists(), "no directory was made");
    done(&["restore", "--data", &mistyped, &copy, "--create"]);
}

#[test]
fn the_directory_may_come_from_the_settings_file() {
    let dir = TempDir::new().expect("a temporary directory");
    let (dir, data) = (dir.path(), record(dir.path()));
    let settings = path(dir, "settings.toml");
    std::fs::write(&settings, format!("data = {data:?}\nlisten = \"127.0.0.1:0\"\n")).expect("writable");
    let copy = path(dir, "copy.sqlite");
    done(&["backup", "--config", &settings, &copy]);
    assert!(done(&["admin", "agency", "--config", &settings]).contains("name        A"));
    assert!(done(&["admin", "--config", &settings, "agency"]).contains("name        A"));
    done(&["restore", "--config", &settings, &copy]);
    std::fs::write(&settings, "data = 5\n").expect("writable");
    refused(&["backup", "--config", &settings, &path(dir, "other")], MISUSE, "data: ");
}
