//! What leaves the server carries no name, place, position or token: marked values are planted, a trip is driven, and every byte
//! of logs, metrics, problems and Redis is searched.

use harness::{Redis, Server, ServerOptions};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An unusual place label and coordinates that nothing else in a run can produce.
const LABEL: &str = "표식마당-7Q";
const LAT: &str = "37.56631";
const LON: &str = "126.97793";

/// The first marked value found, with where.
fn find_leak(place: &str, text: &str, marks: &[String]) -> Option<String> {
    marks.iter().find(|mark| text.contains(mark.as_str())).map(|mark| format!("{mark} in {place}"))
}

fn tokens(made: &Value, kind: &str) -> Vec<String> {
    let rows = made[kind].as_array().expect("a list").iter();
    rows.map(|row| row["token"].as_str().expect("a token").to_owned()).collect()
}

/// Everything in Redis that is readable as text, by its own protocol.
fn redis_strings(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("redis answers");
    stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout can be set");
    stream.write_all(b"KEYS *\r\n").expect("redis listens");
    let mut bytes = Vec::new();
    let mut some = [0; 8_192];
    while let Ok(read) = stream.read(&mut some) {
        if read == 0 {
            break;
        }
        bytes.extend_from_slice(&some[..read]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
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
    let made = server.api().post("/v1/demo/enrol", &json!({ "staff": 2, "riders": 1, "supervisors": 1 })).await;
    let made = made.expect("the demo enrols");
    let (staff, riders) = (tokens(&made, "staff"), tokens(&made, "riders"));
    let supervisor = tokens(&made, "supervisors").remove(0);
    let mut marks: Vec<String> = vec![LABEL.to_owned(), LAT.to_owned(), LON.to_owned(), supervisor.clone()];
    marks.extend(staff.iter().chain(&riders).cloned());

    let (lat, lon): (f64, f64) = (LAT.parse().expect("a number"), LON.parse().expect("a number"));
    for (n, token) in (1..).zip(&staff) {
        let api = server.api().signed_in(token);
        api.post("/v1/shift", &json!({ "mode": "walk", "hours": 8 })).await.expect("a shift begins");
        let fix = json!({ "lat": lat, "lon": lon, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": n });
        api.post("/v1/fixes", &json!({ "fixes": [fix] })).await.expect("the fix is taken");
    }
    let rider = server.api().signed_in(&riders[0]);
    let place = json!({ "lat": lat, "lon": lon, "label": LABEL });
    let body = json!({ "kind": "now", "pickup": place, "dropoff": { "lat": 37.57, "lon": 126.99, "label": LABEL } });
    let booked = rider.book("marked-key", &body).await.expect("the booking is acknowledged");
    let trip = booked["trips"][0]["id"].as_str().expect("an id").to_owned();
    for token in &staff {
        let api = server.api().signed_in(token);
        let mut offer = Value::Null;
        for _ in 0..200 {
            offer = api.get("/v1/card").await.expect("own card")["offer"].clone();
            if !offer.is_null() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let id = offer["id"].as_str().expect("both phones are asked");
        api.post(&format!("/v1/offers/{id}/answer"), &json!({ "accept": true })).await.expect("accepted");
    }
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
    let kept = redis_strings(redis.port());
    assert!(kept.contains("dh:"), "Redis was read");
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
