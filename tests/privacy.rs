//! What leaves the server carries no name, place, position or token: marked values are planted, a trip is driven, and every byte
//! of logs, metrics, problems and Redis is searched.

use harness::people::{SOON, eventually};
use harness::raw::call;
use harness::{Redis, Server, ServerOptions};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// An unusual place label and coordinates that nothing else in a run can produce.
const LABEL: &str = "표식마당-7Q";
const LAT: &str = "37.56631";
const LON: &str = "126.97793";
const KEY: &str = "marked-key-2W";
const NAMES: [&str; 4] = ["표식가드-8J", "표식가드-9J", "표식이름-4K", "표식상황-6H"];

/// The first marked value found, with where.
fn find_leak(place: &str, text: &str, marks: &[String]) -> Option<String> {
    marks.iter().find(|mark| text.contains(mark.as_str())).map(|mark| format!("{mark} in {place}"))
}

/// Everything in Redis, keys and all they hold, one on a line.
fn redis_strings(redis: &Redis) -> String {
    let mut all = String::new();
    for (key, held) in redis.everything() {
        for part in std::iter::once(key.as_bytes()).chain(held.iter().map(Vec::as_slice)) {
            all.push_str(&String::from_utf8_lossy(part));
            all.push('\n');
        }
    }
    all
}

/// People with marked names, as an admin makes them: their one-time codes and names.
fn make_people(server: &Server) -> (Vec<Value>, Vec<String>) {
    let agency = server.admin(&["agency", "--name", "한강경호"])["id"].as_str().expect("an id").to_owned();
    let made: Vec<Value> = [
        &["staff", "--agency", &agency, "--name", NAMES[0]][..],
        &["staff", "--agency", &agency, "--name", NAMES[1]],
        &["rider", "--agency", &agency, "--name", NAMES[2]],
        &["supervisor", "--agency", &agency, "--name", NAMES[3]],
    ]
    .map(|args| server.admin(args))
    .to_vec();
    let codes = made.iter().map(|one| one["code"].as_str().expect("a code").to_owned()).collect();
    (made, codes)
}

/// A tracker's position, as it is taken and in a URL, where it is refused: the tracker's secret.
fn send_by_tracker(server: &Server, staff: &str) -> String {
    let made = server.admin(&["device", "add", "--staff", staff, "--label", NAMES[1]]);
    let secret = made["secret"].as_str().expect("printed once").to_owned();
    let now = dispatcher::clock::Env::system().now().0 / 1_000;
    let form = format!("id={secret}&lat={LAT}&lon={LON}&accuracy=8&timestamp={now}");
    let form_type = [("content-type", "application/x-www-form-urlencoded")];
    let taken = call(server.url(), "POST", "/v1/ingest/traccar", &form_type, Some(form.as_bytes()));
    assert_eq!(taken.status, 200, "{:?}", taken.json());
    for method in ["GET", "POST"] {
        let refused = call(server.url(), method, &format!("/v1/ingest/traccar?{form}"), &form_type, None);
        assert_eq!(refused.json()["code"], "position_in_url");
    }
    secret
}

#[test]
fn the_search_itself_finds_a_leak() {
    let marks = [LABEL.to_owned()];
    assert!(find_leak("a line", &format!("trip to {LABEL}"), &marks).is_some());
    assert!(find_leak("a line", "trip to nowhere", &marks).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_metrics_problems_and_redis_hold_no_personal_data() {
    let redis = Redis::start();
    let options = ServerOptions {
        redis: Some(redis.url()),
        args: vec!["--log".to_owned(), "debug".to_owned()],
        ..ServerOptions::default()
    };
    let server = Server::start(options).await;
    let (made, codes) = make_people(&server);
    let mut signed_in = Vec::new();
    for one in &made {
        signed_in.push(server.token_of(one).await);
    }
    let [first, second, rider, supervisor] = &signed_in[..] else { unreachable!("four were made") };
    let staff = [first.clone(), second.clone()];
    let mut marks: Vec<String> = [LABEL, LAT, LON, KEY].iter().chain(&NAMES).map(|mark| (*mark).to_owned()).collect();
    marks.extend(signed_in.iter().cloned());
    marks.extend(codes);

    let (lat, lon): (f64, f64) = (LAT.parse().expect("a number"), LON.parse().expect("a number"));
    for (n, token) in (1..).zip(&staff) {
        let api = server.api().signed_in(token);
        api.post("/v1/shift", &json!({ "mode": "walk", "hours": 8 })).await.expect("a shift begins");
        let fix = json!({ "lat": lat, "lon": lon, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": n });
        api.post("/v1/fixes", &json!({ "fixes": [fix] })).await.expect("the fix is taken");
    }
    marks.push(send_by_tracker(&server, made[0]["account"].as_str().expect("an account")));
    let rider = server.api().signed_in(rider);
    let place = json!({ "lat": lat, "lon": lon, "label": LABEL });
    let body = json!({ "kind": "now", "pickup": place, "dropoff": { "lat": 37.57, "lon": 126.99, "label": LABEL } });
    let booked = rider.book(KEY, &body).await.expect("the booking is acknowledged");
    let trip = booked["trips"][0]["id"].as_str().expect("an id").to_owned();
    for token in &staff {
        let api = server.api().signed_in(token);
        let mut offer = Value::Null;
        eventually("both phones are asked", SOON, async || {
            offer = api.get("/v1/card").await.expect("own card")["offer"].clone();
            !offer.is_null()
        })
        .await;
        let id = offer["id"].as_str().expect("both phones are asked");
        api.post(&format!("/v1/offers/{id}/answer"), &json!({ "accept": true })).await.expect("accepted");
    }
    let console = server.api().signed_in(supervisor).get("/v1/console").await.expect("the console");
    assert!(
        console.to_string().contains(NAMES[0]),
        "names are shown where they belong, so the marks are the right ones"
    );
    rider.post("/v1/sos", &json!({ "trip": trip })).await.expect("the alarm is raised");
    rider.post(&format!("/v1/trips/{trip}/cancel"), &json!({})).await.expect("cancelled");

    // Refusals echo nothing of what was sent.
    let far = json!({ "lat": 12.345_678, "lon": lon, "label": LABEL });
    let refused = rider.book("other", &json!({ "kind": "now", "pickup": far, "dropoff": place })).await;
    let problem = format!("{:?}", refused.expect_err("outside the area"));
    assert_eq!(find_leak("a problem", &problem, &marks), None);
    assert!(!problem.contains("12.345678"), "a refused coordinate is not echoed");
    let wrong = server.api().signed_in("wrong-token-mark").get("/v1/me").await.expect_err("no such token");
    assert!(!format!("{wrong:?}").contains("wrong-token-mark"));

    let metrics = scrape(&server);
    assert!(metrics.contains("donghaeng_"), "the metrics were read");
    assert_eq!(find_leak("the metrics", &metrics, &marks), None);
    let kept = redis_strings(&redis);
    assert!(kept.contains("dh:{"), "Redis holds positions, and was read");
    assert_eq!(find_leak("redis", &kept, &marks), None);
    let log = server.log();
    assert!(log.contains("POST"), "requests were logged");
    assert_eq!(find_leak("the log", &log, &marks), None);
}

/// `/metrics` as plain text.
fn scrape(server: &Server) -> String {
    let address = server.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("text");
    text
}
