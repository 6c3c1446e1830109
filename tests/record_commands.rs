//! The commands beside the record: backup and restore, the audit chain, avoid zones, and which directory they take.

use harness::{Server, ServerOptions, binary};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Exit code of a mistake of the caller.
const MISUSE: i32 = 2;
/// Exit code of all else.
const FAILED: i32 = 1;

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
    done(&["admin", "audit", "--data", &mistyped]);
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

#[test]
fn the_audit_chain_has_a_head_to_write_down_and_a_verdict() {
    let dir = TempDir::new().expect("a temporary directory");
    let (dir, data) = (dir.path(), record(dir.path()));
    let audit = |more: &[&str]| {
        let (code, said, error) = run(&[&["admin", "audit", "--json", "--data", &data], more].concat(), "");
        (code, serde_json::from_str::<Value>(&said).unwrap_or_default(), error)
    };
    let copy = path(dir, "copy.sqlite");
    done(&["backup", "--data", &data, &copy]);
    let (code, first, _) = audit(&[]);
    assert_eq!((code, &first["chain"], &first["rows"]), (Some(0), &json!("intact"), &json!(1)));
    let head = first["head"].as_str().expect("a head").to_owned();
    assert_eq!(head.len(), 64);
    done(&["admin", "admin", "--name", "B", "--data", &data]);
    let (code, second, _) = audit(&["--from-head", &head]);
    assert_eq!((code, &second["from_head_row"], &second["rows"]), (Some(0), &json!(1), &json!(3)));
    let later = second["head"].as_str().expect("a head").to_owned();
    assert!(done(&["admin", "audit", "--data", &data]).contains(&format!("head        {later}")));
    done(&["restore", "--data", &data, &copy]);
    let (code, third, error) = audit(&["--from-head", &later]);
    assert_eq!((code, &third["chain"], &third["from_head_row"]), (Some(FAILED), &json!("intact"), &Value::Null));
    assert!(error.contains("the earlier head is not on the audit chain"), "{error}");
    refused(&["admin", "audit", "--data", &data, "--from-head", "abc"], MISUSE, "64 hex digits");
    let file = Path::new(&data).join("record.sqlite");
    let mut bytes = std::fs::read(&file).expect("the record is there");
    let word = b"record_restored";
    let at = bytes.windows(word.len()).position(|window| window == word).expect("the row is on the chain");
    bytes[at] = b'R';
    std::fs::write(&file, bytes).expect("writable");
    let (code, broken, error) = audit(&[]);
    assert_eq!((code, &broken["chain"], &broken["broken_at"]), (Some(FAILED), &json!("broken"), &json!(2)));
    assert!(error.contains("row 2 is the first that does not follow"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_are_set_beside_a_running_server_and_their_places_never_come_out() {
    let server = Server::start(ServerOptions::default()).await;
    let data = server.data().to_str().expect("a path in UTF-8").to_owned();
    let rider = server.admin(&["rider", "--name", "A", "--any-agency"])["account"].as_str().expect("an id").to_owned();
    let zone = |what: &[&str]| server.admin(&[&["zone"], what].concat());
    let made = zone(&["add", "--rider", &rider, "--at", "37.512,127.034", "--radius-m", "150"]);
    assert_eq!(made["radius_m"], 150);
    let add = ["admin", "zone", "add", "--rider", &rider, "--radius-m", "200", "--at", "-", "--data", &data];
    let (code, said, error) = run(&add, "37.513, 127.035\n");
    assert_eq!(code, Some(0), "{error}");
    let listed = zone(&["list", "--rider", &rider]);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    let shown = format!("{made}{said}{listed}{}", done(&["admin", "zone", "list", "--rider", &rider, "--data", &data]));
    assert!(!shown.contains("37.51") && !shown.contains("127.03"), "no place comes out: {shown}");
    let id = made["id"].as_str().expect("an id");
    let other = server.admin(&["rider", "--name", "B", "--any-agency"])["account"].as_str().expect("an id").to_owned();
    let take =
        |rider: &str| ["admin", "zone", "remove", "--rider", rider, "--zone", id, "--data", &data].map(str::to_owned);
    let remove = |rider: &str| run(&take(rider).each_ref().map(String::as_str), "");
    assert_eq!(remove(&other).0, Some(MISUSE), "another rider's zone is not taken by mistake");
    assert_eq!(remove(&rider).0, Some(0));
    assert_eq!(remove(&rider).0, Some(MISUSE), "it is gone");
    assert_eq!(zone(&["list", "--rider", &rider]).as_array().map(Vec::len), Some(1));
    for (at, radius) in
        [("37.5", "150"), ("137.5,127.0", "150"), ("here,there", "150"), ("37.5,127.0", "9"), ("37.5,127.0", "5001")]
    {
        let args = ["admin", "zone", "add", "--rider", &rider, "--at", at, "--radius-m", radius, "--data", &data];
        assert_eq!(run(&args, "").0, Some(MISUSE), "{at} {radius}");
    }
    refused(&["admin", "zone", "list", "--rider", id, "--data", &data], MISUSE, "--rider");
    done(&["admin", "audit", "--data", &data]);
    assert!(server.stop().await.success());
}
