//! Bad files and settings: each command line that cannot work ends at once with an exit code, one clear line of why, and no
//! panic; a running server is not disturbed by one.

use geo::road::RoadMap;
use harness::redis::free_port;
use harness::server::lend_city;
use harness::{Server, ServerOptions, binary};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A mistake is told within this; a port is only asked for when the city has been made, which takes long where many build.
const TOLD_WITHIN: Duration = Duration::from_secs(150);

/// Exit code of a mistake of the caller.
const MISUSE: i32 = 2;
/// Exit code of all else.
const FAILED: i32 = 1;

/// Runs to its end: exit code and what it said on standard error. One that goes on is ended, by its handle.
fn run(args: &[&str]) -> (Option<i32>, String) {
    let mut child = Command::new(binary("dispatcher"))
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the dispatcher binary starts");
    let begun = Instant::now();
    while child.try_wait().expect("own child").is_none() {
        if begun.elapsed() > TOLD_WITHIN {
            let _ = child.kill();
            let said = child.wait_with_output().expect("own child");
            panic!("{args:?} went on: {}", String::from_utf8_lossy(&said.stderr));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().expect("own child");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The command ends with this code and says this, once; hands over all it said.
fn assert_told(args: &[&str], code: i32, told: &str) -> String {
    let (ended, said) = run(args);
    assert_eq!(ended, Some(code), "{args:?}: {said}");
    let errors = said.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, 1, "{args:?} says what is wrong once: {said}");
    assert!(said.contains(told), "{args:?} does not say {told:?}: {said}");
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{args:?}: {said}");
    said
}

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().expect("a path in UTF-8").to_owned()
}

/// A file of these bytes.
fn file(dir: &Path, name: &str, bytes: &[u8]) -> String {
    std::fs::write(dir.join(name), bytes).expect("the directory is writable");
    path(dir, name)
}

#[test]
fn a_bad_map_is_refused_by_name() {
    let dir = TempDir::new().expect("a temporary directory");
    let (dir, data) = (dir.path(), path(dir.path(), "data"));
    RoadMap::build(geo::city::generate(geo::city::DEFAULT_SEED)).save(&dir.join("good.graph")).expect("a map file");
    let good = std::fs::read(dir.join("good.graph")).expect("the map file is there");
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let cases = [
        ("flipped.graph", flipped(good.len() / 2), "was changed after it was written"),
        ("version.graph", flipped(9), "import the map again"),
        ("cut.graph", good[..good.len() - 1_000].to_vec(), "cut off or appended to"),
        ("longer.graph", [&good[..], b"more"].concat(), "cut off or appended to"),
        ("stub.graph", good[..10].to_vec(), "graph file"),
        ("empty.graph", Vec::new(), "not a graph file"),
        ("foreign.graph", b"SQLite format 3\0 and then some more bytes that are no map".to_vec(), "not a graph file"),
    ];
    for (name, bytes, told) in cases {
        let map = file(dir, name, &bytes);
        let said = assert_told(&["serve", "--listen", "127.0.0.1:0", "--data", &data, "--map", &map], MISUSE, told);
        assert!(said.contains("map: ") && said.contains(name), "setting and file are named: {said}");
    }
    assert!(!Path::new(&data).exists(), "no record is made by a start that cannot be");
    let absent = path(dir, "absent.graph");
    assert_told(&["serve", "--data", &data, "--map", &absent], MISUSE, "no such file");
}

#[test]
fn a_bad_extract_is_refused_and_writes_no_map() {
    let dir = TempDir::new().expect("a temporary directory");
    let dir = dir.path();
    let out = path(dir, "out.graph");
    let foreign = file(dir, "foreign.osm.pbf", b"<?xml version='1.0'?><osm version='0.6'/>");
    let empty = file(dir, "empty.osm.pbf", b"");
    // A header blob that announces more bytes than there are.
    let cut = file(dir, "cut.osm.pbf", b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7c\x10");
    assert_told(&["import-map", &foreign, &out], FAILED, "not an OpenStreetMap PBF file");
    assert_told(&["import-map", &empty, &out], FAILED, "empty.osm.pbf");
    assert_told(&["import-map", &cut, &out], FAILED, "cut.osm.pbf");
    assert_told(&["import-map", &path(dir, "absent.osm.pbf"), &out], FAILED, "absent.osm.pbf");
    assert_told(&["import-map", &foreign, &empty], MISUSE, "would overwrite");
    for bbox in ["1,2,3", "a,b,c,d", "126,37,127,NaN", "126,37,127,38,39"] {
        assert_told(&["import-map", &foreign, &out, "--bbox", bbox], MISUSE, "four numbers");
    }
    for (bbox, wrong) in [("127,37,126,38", "west"), ("126,38,127,37", "south")] {
        assert_told(&["import-map", &foreign, &out, "--bbox", bbox], MISUSE, wrong);
    }
    assert_told(&["import-map", &foreign, &out, "--subway", &path(dir, "none")], FAILED, "stations.csv cannot be read");
    file(dir, "stations.csv", b"name,lon,lat\nA,127.0,37.5\n");
    file(dir, "segments.csv", b"line,station\n1,A\n");
    file(dir, "transfers.csv", b"line,station,to_line,walk_secs\n");
    let folder = dir.display().to_string();
    assert_told(&["import-map", &foreign, &out, "--subway", &folder], FAILED, "has no column secs_from_previous");
    assert!(!dir.join("out.graph").exists(), "no half map is left");
}

/// Imports, and hands over the report.
fn import(args: &[&str]) -> String {
    let output =
        Command::new(binary("dispatcher")).arg("import-map").args(args).output().expect("the dispatcher binary starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn an_import_says_what_each_way_of_moving_has() {
    let dir = TempDir::new().expect("a temporary directory");
    let dir = dir.path();
    let extract = harness::root().join("fuzz/seeds/square.osm").display().to_string();
    let (plain, with_subway) = (path(dir, "plain.graph"), path(dir, "subway.graph"));
    let said = import(&[&extract, &plain]);
    for what in ["walk ", "drive ", "cycle ", "restrictions: "] {
        assert!(said.contains(what), "{what} is told: {said}");
    }
    assert!(!said.contains("ride"), "there is no subway: {said}");
    file(dir, "stations.csv", "name,lon,lat\n가,127.0,37.5\n나,127.01,37.5\n".as_bytes());
    let segments = "line,station,secs_from_previous\n1,가,0\n1,나,120\n1,다,90\n";
    file(dir, "segments.csv", segments.as_bytes());
    file(dir, "transfers.csv", "line,station,to_line,walk_secs\n1,나,9,60\n".as_bytes());
    let said = import(&[&extract, &with_subway, "--subway", &dir.display().to_string()]);
    for what in [
        "3  stops of 1 lines, 4 rides",
        "stations without a place: 다",
        "walk + ride",
        "1  transfers to other lines",
        "1  lines' headways: there is no headways.csv",
    ] {
        assert!(said.contains(what), "{what} is told: {said}");
    }
    file(dir, "headways.csv", "line,from_hour,to_hour,headway_s\n*,5,25,300\n".as_bytes());
    let said = import(&[&extract, &with_subway, "--subway", &dir.display().to_string()]);
    assert!(!said.contains("assumed"), "the operator's own figures: {said}");
    let [plain, with_subway] = [plain, with_subway].map(|map| std::fs::metadata(map).expect("a map was written").len());
    assert!(with_subway > plain, "the subway is in the map");
}

#[test]
fn bad_settings_are_refused_by_name() {
    let dir = TempDir::new().expect("a temporary directory");
    let dir = dir.path();
    let unknown = file(dir, "unknown.toml", b"listen = \"127.0.0.1:0\"\nlissten = 1\n");
    let broken = file(dir, "broken.toml", b"listen = [");
    let wrong = file(dir, "wrong.toml", b"listen = 8080\n");
    let a_file = file(dir, "a-file", b"");
    let no_pair = file(dir, "no-pair.pem", b"no certificate");
    let data = path(dir, "d");
    let cases: [(&[&str], &str); 20] = [
        (&["--config", &unknown], "lissten"),
        (&["--config", &broken], "broken.toml"),
        (&["--config", &wrong], "listen: "),
        (&["--config", &wrong], "wrong.toml, line 1"),
        (&["--tls-cert", &no_pair, "--tls-key", &no_pair], "tls_cert, tls_key: "),
        (&["--redis", "redis://:0:x"], "redis: is not valid"),
        (&["--log", ""], "log: "),
        (&["--log", "loud"], "log: `loud` is no level"),
        (&["--connections-max", "1000001"], "connections_max: must be at most 1000000"),
        (&["--config", &path(dir, "absent.toml")], "cannot read"),
        (&["--listen", "nonsense"], "--listen"),
        (&["--listen", "127.0.0.1:70000"], "--listen"),
        (&["--listen", "8080"], "--listen"),
        (&["--redis", "http://127.0.0.1:6379"], "redis: must begin with redis://"),
        (&["--data", &a_file], "is a file, not a directory"),
        (&["--tls-cert", &a_file], "tls_key: is needed with tls_cert"),
        (&["--origin", "dispatch.example"], "is not an origin"),
        (&["--connections-max", "0"], "connections_max: must be at least 1"),
        (&["--log", "dispatcher=loud"], "log: is not a log filter"),
        (&["--city-seed=-1"], "--city-seed"),
    ];
    for (args, told) in cases {
        for command in ["serve", "check-config"] {
            let before: &[&str] = if args[0] == "--data" { &[command] } else { &[command, "--data", &data] };
            assert_told(&[before, args].concat(), MISUSE, told);
        }
    }
    assert!(!Path::new(&data).exists(), "no record is made by a start that cannot be");
    let two = ["check-config", "--redis", "x", "--origin", "y"];
    assert_told(&two, MISUSE, "redis: is not valid");
    assert_told(&two, MISUSE, "y is not an origin");
}

#[test]
fn what_check_config_prints_holds_no_password() {
    for url in
        ["redis://:secret@127.0.0.1:1", "unix:///run/redis.sock?pass=secret", "unix:///run/redis.sock?pass=sec@secret"]
    {
        let output =
            Command::new(binary("dispatcher")).args(["check-config", "--redis", url]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("***@") && !said.contains("secret"), "{url}: {said}");
    }
}

#[test]
fn what_is_no_record_is_left_as_it_is() {
    let dir = TempDir::new().expect("a temporary directory");
    let foreign = b"this is somebody else's file, and longer than the header of a database would be: 0123456789";
    std::fs::write(dir.path().join("record.sqlite"), foreign).expect("the directory is writable");
    let data = path(dir.path(), "");
    assert_told(&["serve", "--listen", "127.0.0.1:0", "--data", &data], FAILED, "cannot");
    assert_told(&["admin", "agency", "--data", &data], FAILED, "cannot");
    let kept = std::fs::read(dir.path().join("record.sqlite")).expect("the file is there");
    assert_eq!(kept, foreign, "a foreign file is not written to");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_beside_a_running_server_disturbs_nothing() {
    let server = Server::start(ServerOptions::default()).await;
    let data = server.data().to_str().expect("a path in UTF-8").to_owned();
    let spare = TempDir::new().expect("a temporary directory");
    let other = path(spare.path(), "other");
    lend_city(&server.data(), Path::new(&other));
    let taken = server.url().trim_start_matches("http://").to_owned();
    let no_id = "00000000-0000-7000-8000-000000000009";
    assert_told(
        &["serve", "--listen", "127.0.0.1:0", "--data", &data],
        FAILED,
        "another server is using this data directory",
    );
    assert_told(&["serve", "--listen", &taken, "--data", &other], FAILED, "cannot listen on");
    assert_told(&["admin", "staff", "--agency", no_id, "--name", "표식-9", "--data", &data], MISUSE, "no agency");
    assert_told(
        &["admin", "rider", "--any-agency", "--name", " ", "--data", &data],
        MISUSE,
        "--name is 1 to 60 characters",
    );
    assert_told(&["admin", "code", "--account", no_id, "--data", &data], MISUSE, "no active account");
    assert_told(&["admin", "code", "--account", "mark-9", "--data", &data], MISUSE, "--account");
    assert_told(&["backup", "--data", &data, &path(&server.data(), "record.sqlite")], MISUSE, "exists");
    assert_told(&["dance"], MISUSE, "dance");
    assert_told(&["serve", "--dance"], MISUSE, "--dance");
    assert!(server.api().get("/readyz").await.is_ok_and(|ready| ready["record"] == "writable"), "it serves as before");
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_at_the_start_stops_nothing() {
    let nobody = format!("redis://127.0.0.1:{}", free_port());
    let server = Server::start(ServerOptions { redis: Some(nobody), ..ServerOptions::default() }).await;
    let ready = server.api().get("/readyz").await.expect("ready all the same");
    assert_eq!((&ready["live"], &ready["record"]), (&"redis_down".into(), &"writable".into()));
    assert!(server.stop().await.success());
}

#[test]
fn nothing_makes_a_record_by_mistake() {
    let dir = TempDir::new().expect("a temporary directory");
    let data = path(dir.path(), "mistyped");
    let no_id = "00000000-0000-7000-8000-000000000009";
    for args in [
        ["backup", "--data", &data, &path(dir.path(), "out")].as_slice(),
        &["admin", "agency", "--data", &data],
        &["admin", "agency", "--name", "A", "--data", &data],
        &["admin", "admin", "--name", "A", "--data", &data],
        &["admin", "code", "--account", no_id, "--data", &data],
    ] {
        assert_told(args, MISUSE, "there is no record in");
    }
    assert!(!std::path::Path::new(&data).exists(), "no directory was made");
    assert_told(&["restore", "--data", &data, &path(dir.path(), "absent")], FAILED, "was not put back");
    assert!(!std::path::Path::new(&data).exists(), "no directory was made");
    let made = run(&["admin", "agency", "--name", "A", "--create", "--data", &data]);
    assert_eq!(made.0, Some(0), "a new service begins with its first agency: {}", made.1);
    assert_told(&["admin", "rider", "--name", "B", "--data", &data], MISUSE, "--agency");
}

#[test]
fn what_is_wrong_is_said_once_and_by_its_name() {
    let dir = TempDir::new().expect("a temporary directory");
    let (absent, out) = (path(dir.path(), "absent.osm.pbf"), path(dir.path(), "out.graph"));
    let (_, text) = run(&["import-map", &absent, &out]);
    assert_eq!(text.matches("No such file").count(), 1, "{text}");
    for (bbox, said) in [
        ("127.19,37.42,126.76,37.70", "west (127.19) must be less"),
        ("126.76,37.7,127.19,37.42", "south (37.7) must be less"),
    ] {
        assert_told(&["import-map", &absent, &out, "--bbox", bbox], MISUSE, said);
    }
    let foreign = path(dir.path(), "foreign.graph");
    std::fs::write(&foreign, "not a map").expect("the directory is writable");
    assert_told(&["check-config", "--map", &foreign], MISUSE, "map: ");
}
