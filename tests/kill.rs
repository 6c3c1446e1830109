//! `kill -9` at any time loses no acknowledged booking, leaves no staff with two trips, and breaks no link of the audit chain.

use dispatcher::clock::Env;
use dispatcher::record::{AuditChain, Record};
use geo::road::RoadMap;
use harness::{Server, ServerOptions};
use serde_json::{Value, json};
use simulator::client::Api;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Kills in one run; more by `DONGHAENG_KILLS`.
const KILLS: u32 = 8;
const RIDERS: u32 = 24;
const STAFF: u32 = 16;

fn tokens(made: &Value, kind: &str) -> Vec<String> {
    let rows = made[kind].as_array().expect("a list").iter();
    rows.map(|row| row["token"].as_str().expect("a token").to_owned()).collect()
}

fn place(n: u32) -> Value {
    json!({ "lat": 37.5663 + f64::from(n % 5) * 1e-3, "lon": 126.9779 + f64::from(n % 7) * 1e-3 })
}

/// Books with one key until it is acknowledged, across crashes; hands the trip's id back.
async fn book(api: Api, n: u32, stop: Arc<AtomicBool>) -> Option<String> {
    let body = json!({ "kind": "now", "pickup": place(n), "dropoff": place(n + 3) });
    while !stop.load(Ordering::SeqCst) {
        if let Ok(booked) = api.book(&format!("key-{n}"), &body).await {
            return booked["trips"][0]["id"].as_str().map(str::to_owned);
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    None
}

/// A staff member who reports a place and accepts whatever is offered, across crashes.
async fn accept_all(api: Api, n: u32, stop: Arc<AtomicBool>) {
    let mut seq = 0;
    while !stop.load(Ordering::SeqCst) {
        seq += 1;
        let at = place(n);
        let fix = json!({ "lat": at["lat"], "lon": at["lon"], "acc_m": 10, "kind": "gps", "age_ms": 0, "seq": seq });
        let _down_now = api.post("/v1/fixes", &json!({ "fixes": [fix] })).await;
        if let Ok(card) = api.get("/v1/card").await {
            if card["shift"].is_null() {
                let _down_now = api.post("/v1/shift", &json!({ "mode": "walk", "hours": 8 })).await;
            }
            if let Some(offer) = card["offer"]["id"].as_str() {
                let _late_is_fine = api.post(&format!("/v1/offers/{offer}/answer"), &json!({ "accept": true })).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
}

/// What a member of a crew taps in each phase of their own.
const TAPS: [(&str, &str); 5] = [
    ("assigned", "en_route"),
    ("en_route", "arrived"),
    ("arrived", "met"),
    ("met", "escorting"),
    ("escorting", "completed"),
];

/// As [`accept_all`], and goes through every trip to its end, some moments with the rider.
async fn do_all(api: Api, n: u32, stop: Arc<AtomicBool>) {
    let accepting = tokio::spawn(accept_all(api.clone(), n, Arc::clone(&stop)));
    while !stop.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(350)).await;
        let Ok(card) = api.get("/v1/card").await else { continue };
        let trip = &card["trip"];
        let own = trip["crew"].as_array().into_iter().flatten().find(|member| member["you"] == true);
        let tap = own.and_then(|own| TAPS.iter().find(|(phase, _)| own["phase"] == *phase));
        if let (Some((phase, to)), Some(id)) = (tap, trip["id"].as_str()) {
            if *phase == "escorting" {
                tokio::time::sleep(Duration::from_millis(1_500)).await;
            }
            let _the_other_was_quicker = api.post(&format!("/v1/trips/{id}/status"), &json!({ "to": to })).await;
        }
    }
    accepting.await.expect("nobody panics");
}

/// Who follows follows the trip that they are on; how many do.
fn check_chains(console: &Value) -> usize {
    let trips = console["trips"].as_array().expect("a list");
    let members = |trip: &Value| trip["crew"].as_array().cloned().unwrap_or_default();
    let present: HashMap<u64, String> = trips
        .iter()
        .flat_map(|trip| members(trip).into_iter().map(move |member| (trip["id"].clone(), member)))
        .filter(|(_, member)| !member["after"].is_string())
        .map(|(id, member)| (member["no"].as_u64().expect("a number"), id.as_str().expect("an id").to_owned()))
        .collect();
    let following: Vec<Value> = trips.iter().flat_map(members).filter(|member| member["after"].is_string()).collect();
    for member in &following {
        let no = member["no"].as_u64().expect("a number");
        assert_eq!(
            present.get(&no).map(String::as_str),
            member["after"].as_str(),
            "unit {no} follows a trip of its own"
        );
    }
    following.len()
}

/// Every acknowledged trip is on the console once, and nobody is in two crews, but for one that they go on to.
fn check(console: &Value, acknowledged: &HashSet<String>) {
    let trips = console["trips"].as_array().expect("a list");
    let mut times: HashMap<&str, u32> = HashMap::new();
    let mut crews: HashMap<(u64, bool), &str> = HashMap::new();
    for trip in trips {
        let id = trip["id"].as_str().expect("an id");
        *times.entry(id).or_default() += 1;
        for member in trip["crew"].as_array().into_iter().flatten() {
            let no = member["no"].as_u64().expect("a unit number");
            let follows = member["after"].is_string();
            if let Some(other) = crews.insert((no, follows), id) {
                panic!("unit {no} is in the crews of two trips (following: {follows}): {other} and {id}");
            }
        }
        if trip["phase"] == "assigned" {
            assert_eq!(trip["crew"].as_array().map(Vec::len), Some(2), "assigned is a whole crew");
        }
    }
    for id in acknowledged {
        assert_eq!(times.get(id.as_str()), Some(&1), "an acknowledged booking is in exactly one state");
    }
}

/// The chain of all that was done holds, and has grown; hands over its length.
async fn check_audit(server: &Server, before: i64) -> i64 {
    let beside = Record::open_beside(&server.data(), Env::system()).await.expect("the record opens beside");
    let chain = beside.verify_audit().await.expect("the record answers");
    beside.close().await;
    let AuditChain::Intact(rows) = chain else { panic!("the audit chain is broken: {chain:?}") };
    assert!(rows >= before, "no row of the chain is lost: {before}, now {rows}");
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_no_acknowledged_booking_and_doubles_no_staff() {
    let kills = std::env::var("DONGHAENG_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS);
    // The generated city from a file: a process that starts often starts quickly.
    let maps = TempDir::new().expect("a temporary directory");
    let map = maps.path().join("city.graph");
    RoadMap::build(geo::city::generate(geo::city::DEFAULT_SEED)).save(&map).expect("a map file");
    let args = vec!["--map".to_owned(), map.to_str().expect("a path in UTF-8").to_owned()];
    let mut server = Server::start(ServerOptions { args, ..ServerOptions::default() }).await;
    let counts = json!({ "staff": STAFF, "riders": RIDERS, "supervisors": 1 });
    let made = server.api().post("/v1/demo/enrol", &counts).await.expect("the demo enrols");
    let stop = Arc::new(AtomicBool::new(false));
    let mut staff = JoinSet::new();
    for (n, token) in (0..).zip(tokens(&made, "staff")) {
        staff.spawn(accept_all(server.api().signed_in(&token), n, Arc::clone(&stop)));
    }
    let mut bookings = JoinSet::new();
    let riders = tokens(&made, "riders");
    let supervisor = tokens(&made, "supervisors").remove(0);
    let mut acknowledged = HashSet::new();
    let mut audited = 1;
    for kill in 0..kills {
        let from = kill * RIDERS / kills;
        let until = (kill + 1) * RIDERS / kills;
        for n in from..until {
            bookings.spawn(book(server.api().signed_in(&riders[n as usize]), n, Arc::clone(&stop)));
        }
        // Each kill falls at another moment of the work under way.
        tokio::time::sleep(Duration::from_millis(u64::from(40 + kill * 90 % 400))).await;
        server = server.kill_and_restart().await;
        while let Some(done) = bookings.try_join_next() {
            acknowledged.extend(done.expect("a booking does not panic"));
        }
        let console = server.api().signed_in(&supervisor).get("/v1/console").await.expect("the console");
        check(&console, &acknowledged);
        audited = check_audit(&server, audited).await;
    }
    while let Some(done) = bookings.join_next().await {
        acknowledged.extend(done.expect("a booking does not panic"));
    }
    assert_eq!(acknowledged.len(), RIDERS as usize, "every booking was acknowledged in the end");
    let api = server.api().signed_in(&supervisor);
    let mut assigned = 0;
    for _ in 0..480 {
        let console = api.get("/v1/console").await.expect("the console");
        check(&console, &acknowledged);
        let trips = console["trips"].as_array().expect("a list");
        assigned = trips.iter().filter(|trip| trip["phase"] == "assigned").count();
        if assigned == STAFF as usize / 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    stop.store(true, Ordering::SeqCst);
    staff.join_all().await;
    assert_eq!(assigned, STAFF as usize / 2, "everybody free ends up in a crew");
}

/// Fewer staff than riders, all of whom ask at once: whoever is with a rider is asked for the next.
#[tokio::test(flavor = "multi_thread")]
async fn kill_9_leaves_nobody_with_two_present_trips_or_two_that_follow() {
    let maps = TempDir::new().expect("a temporary directory");
    let map = maps.path().join("city.graph");
    RoadMap::build(geo::city::generate(geo::city::DEFAULT_SEED)).save(&map).expect("a map file");
    let args = vec!["--map".to_owned(), map.to_str().expect("a path in UTF-8").to_owned()];
    let mut server = Server::start(ServerOptions { args, ..ServerOptions::default() }).await;
    let (riders, busy) = (10, 4);
    let counts = json!({ "staff": busy, "riders": riders, "supervisors": 1 });
    let made = server.api().post("/v1/demo/enrol", &counts).await.expect("the demo enrols");
    let stop = Arc::new(AtomicBool::new(false));
    let mut staff = JoinSet::new();
    for (n, token) in (0..).zip(tokens(&made, "staff")) {
        staff.spawn(do_all(server.api().signed_in(&token), n, Arc::clone(&stop)));
    }
    let mut bookings = JoinSet::new();
    for (n, token) in (0..).zip(tokens(&made, "riders")) {
        bookings.spawn(book(server.api().signed_in(&token), n, Arc::clone(&stop)));
    }
    let mut acknowledged = HashSet::new();
    while let Some(done) = bookings.join_next().await {
        acknowledged.extend(done.expect("a booking does not panic"));
    }
    assert_eq!(acknowledged.len(), riders as usize);
    let supervisor = tokens(&made, "supervisors").remove(0);
    let (mut chained, mut completed) = (0, 0);
    for look in 1..1_200 {
        if look % 25 == 0 && look <= 25 * KILLS {
            tokio::time::sleep(Duration::from_millis(u64::from(look * 7 % 300))).await;
            server = server.kill_and_restart().await;
        }
        let Ok(console) = server.api().signed_in(&supervisor).get("/v1/console").await else { continue };
        check(&console, &acknowledged);
        chained += check_chains(&console);
        let trips = console["trips"].as_array().expect("a list");
        completed = trips.iter().filter(|trip| trip["phase"] == "completed").count();
        if completed == riders as usize {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    stop.store(true, Ordering::SeqCst);
    staff.join_all().await;
    eprintln!("{chained} looks at somebody who has a trip to go on to; {completed} of {riders} brought to the end");
    assert_eq!(completed, riders as usize, "everybody was brought to the end");
    assert!(chained > 0, "somebody had a trip to go on to");
}
