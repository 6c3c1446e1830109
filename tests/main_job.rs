//! The main job over the wire: a booking reaches two phones, both accept, they meet, walk and finish. The same suite runs on the
//! in-process index and on a real Redis.

use harness::people::{GOAL, MEETING, Phone, enrol, gives_away, place};
use harness::{Redis, Server, ServerOptions};
use serde_json::{Value, json};
use simulator::socket::Incoming;
use std::time::{Duration, Instant};

async fn a_whole_trip(options: ServerOptions) {
    let server = Server::start(options).await;
    let people = enrol(&server, 2, 1, 1).await;
    let (staff, riders, supervisors) = (people.staff, people.riders, people.supervisors);
    let mut first = Phone::on_shift(&server, &staff[0], 150.0).await;
    let mut second = Phone::on_shift(&server, &staff[1], -200.0).await;
    let mut rider = Phone::sign_in(&server, &riders[0]).await;
    let supervisor = server.api().signed_in(&supervisors[0]);

    let asked = Instant::now();
    let trip = rider.book("a-key").await;
    let again = rider.book("a-key").await;
    assert_eq!(trip["id"], again["id"], "the same key is the same booking");
    let offer = first.wait_for("offer").await.body["offer"].clone();
    let other = second.wait_for("offer").await.body["offer"].clone();
    assert!(asked.elapsed() < Duration::from_secs(5), "both phones are asked at once");
    assert!(!gives_away(&offer) && !gives_away(&other), "before acceptance only a coarse cell: {offer}");

    first.answer(&offer, true).await;
    let half = rider.api.get(&format!("/v1/trips/{}", trip["id"].as_str().expect("an id"))).await.expect("own trip");
    assert_eq!(half["phase"], "offered", "one of two is not a crew");
    assert!(half["crew"].as_array().is_none_or(Vec::is_empty), "a lone member is never shown as the escort");
    second.answer(&other, true).await;
    assert_eq!(second.answer(&other, true).await["ok"], true, "the same answer again is the same reply");

    let assigned = rider.wait_for_phase("assigned").await;
    assert_eq!(assigned["crew"].as_array().map(Vec::len), Some(2));
    let card = first.wait_for_phase("assigned").await;
    assert!(gives_away(&card["pickup"]), "after acceptance the meeting point");
    assert_eq!(card["word"], assigned["partner_word"], "the words are crossed");
    rider.wait_for("crew_at").await;

    for to in ["en_route", "arrived"] {
        first.tap(&trip["id"], to).await;
        second.tap(&trip["id"], to).await;
        rider.wait_for_phase(to).await;
    }
    for to in ["met", "escorting", "completed"] {
        first.tap(&trip["id"], to).await;
        rider.wait_for_phase(to).await;
    }
    assert_eq!(second.wait_for("trip_gone").await.body["reason"], "completed");
    let card = first.api.get("/v1/card").await.expect("own card");
    assert!(card["trip"].is_null() && card["offer"].is_null() && !gives_away(&card), "nothing is left on the phone");
    let console = supervisor.get("/v1/console").await.expect("the console");
    let phases: Vec<&str> =
        console["trips"].as_array().expect("a list").iter().filter_map(|t| t["phase"].as_str()).collect();
    assert_eq!(phases, ["completed"], "nothing is open, and what just ended is still shown");
    assert!(server.stop().await.success(), "a drained server ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_trip_in_process() {
    a_whole_trip(ServerOptions::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_trip_on_redis() {
    let redis = Redis::start();
    a_whole_trip(ServerOptions { redis: Some(redis.url()), ..ServerOptions::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_slot_is_refilled_and_the_other_is_kept() {
    let server = Server::start(ServerOptions::default()).await;
    let people = enrol(&server, 3, 1, 0).await;
    let (staff, riders) = (people.staff, people.riders);
    let mut phones = Vec::new();
    for (n, token) in staff.iter().enumerate() {
        phones.push(Phone::on_shift(&server, token, 100.0 * (n + 1) as f64).await);
    }
    let mut rider = Phone::sign_in(&server, &riders[0]).await;
    let trip = rider.book("k").await;
    let mut third = phones.pop().expect("three");
    let mut second = phones.pop().expect("three");
    let mut first = phones.pop().expect("three");
    let kept = first.wait_for("offer").await.body["offer"].clone();
    let declined = second.wait_for("offer").await.body["offer"].clone();
    first.answer(&kept, true).await;
    second.answer(&declined, false).await;
    let refill = third.wait_for("offer").await.body["offer"].clone();
    let path = format!("/v1/offers/{}/answer", declined["id"].as_str().expect("an id"));
    let late = second.api.post(&path, &json!({ "accept": true })).await.expect_err("a closed offer");
    assert_eq!(late.code(), "already_answered");
    third.answer(&refill, true).await;
    let assigned = rider.wait_for_phase("assigned").await;
    assert_eq!(assigned["crew"].as_array().map(Vec::len), Some(2));

    // One drops out: back to looking, said honestly; the one who declined is not asked again.
    third.socket.command("drop_out", json!({ "trip": trip["id"] })).await.expect("dropping out is allowed");
    let looking = |m: &Incoming| m.kind == "trip" && m.body["trip"]["phase"] == "matching";
    rider.wait_until(looking, "matching after the drop-out").await;
    let id = trip["id"].as_str().expect("an id");
    rider.api.post(&format!("/v1/trips/{id}/cancel"), &json!({})).await.expect("the rider cancels");
    rider.wait_for_phase("cancelled").await;
    let card = first.api.get("/v1/card").await.expect("own card");
    assert!(card["trip"].is_null() && !gives_away(&card));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_free_is_a_humans_within_the_minute_and_a_human_can_assign() {
    let server = Server::start(ServerOptions::default()).await;
    let people = enrol(&server, 2, 1, 1).await;
    let (staff, riders, supervisors) = (people.staff, people.riders, people.supervisors);
    let mut rider = Phone::sign_in(&server, &riders[0]).await;
    let asked = Instant::now();
    let trip = rider.book("k").await;
    let told = |m: &Incoming| m.kind == "trip" && m.body["trip"]["escalated"] == true;
    let search = async {
        loop {
            let message = rider.socket.next().await.expect("the socket stays open");
            if told(&message) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(75), search).await.expect("the rider is told within the minute");
    assert!(asked.elapsed() >= Duration::from_secs(55), "a human is not called early");
    let console = Phone::sign_in(&server, &supervisors[0]).await;
    let shown = console.api.get("/v1/console").await.expect("the console");
    assert_eq!(shown["trips"][0]["escalated"], true, "a red line");

    let mut first = Phone::on_shift(&server, &staff[0], 100.0).await;
    let mut second = Phone::on_shift(&server, &staff[1], 200.0).await;
    // The search goes on while a human owns the trip: both are asked.
    let offer = first.wait_for("offer").await.body["offer"].clone();
    second.wait_for("offer").await;
    let id = trip["id"].as_str().expect("an id").to_owned();
    console.api.post(&format!("/v1/trips/{id}/release"), &json!({})).await.expect("a supervisor frees them");
    first.wait_until(|m| m.kind == "offer_closed" && m.body["offer"] == offer["id"], "the offer's end").await;
    let path = format!("/v1/offers/{}/answer", offer["id"].as_str().expect("an id"));
    let late = first.api.post(&path, &json!({ "accept": true })).await.expect_err("a closed offer");
    assert_eq!(late.code(), "offer_closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sos_rings_on_every_console_until_somebody_takes_it() {
    let server = Server::start(ServerOptions::default()).await;
    let people = enrol(&server, 1, 0, 2).await;
    let (staff, supervisors) = (people.staff, people.supervisors);
    let mut phone = Phone::on_shift(&server, &staff[0], 50.0).await;
    let mut one = Phone::sign_in(&server, &supervisors[0]).await;
    let mut two = Phone::sign_in(&server, &supervisors[1]).await;
    let pressed = Instant::now();
    let incident =
        phone.api.post("/v1/sos", &json!({ "trip": null })).await.expect("the alarm is raised")["incident"].clone();
    let rings = |m: &Incoming| {
        let rows = m.body["incidents"].as_array();
        m.kind == "console" && rows.is_some_and(|rows| rows.iter().any(|row| row["id"] == incident))
    };
    one.wait_until(rings, "the alarm").await;
    two.wait_until(rings, "the alarm").await;
    assert!(pressed.elapsed() < Duration::from_secs(5), "an alarm does not wait");
    let id = incident.as_str().expect("an id");
    one.api.post(&format!("/v1/incidents/{id}/acknowledge"), &json!({})).await.expect("taken");
    let taken = |m: &Incoming| {
        let rows = m.body["incidents"].as_array();
        m.kind == "console" && rows.is_some_and(|rows| rows.iter().any(|row| row["acknowledged_by"].is_string()))
    };
    two.wait_until(taken, "who took it").await;
    phone.wait_for("sos_taken").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commute_becomes_two_legs_a_day_and_a_skipped_day_none() {
    let server = Server::start(ServerOptions::default()).await;
    let people = enrol(&server, 0, 1, 1).await;
    let (riders, supervisors) = (people.riders, people.supervisors);
    let rider = Phone::sign_in(&server, &riders[0]).await;
    // The server's own day, so that the fact can be shown on any.
    let console = server.api().signed_in(&supervisors[0]).get("/v1/console").await.expect("the console");
    let now = console["now"].as_str().expect("a time").to_owned();
    let (from, year) = (&now[..10], now[..4].parse::<u32>().expect("a year"));
    let until = if &now[5..7] == "12" { format!("{}-03-30", year + 1) } else { format!("{year}-12-31") };
    let commute = json!({ "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "outward_at": "08:10", "return_at": "18:40",
        "from": from, "until": until });
    let body = json!({ "kind": "commute", "commute": commute, "pickup": place(MEETING), "dropoff": place(GOAL) });
    let booked = rider.api.book("c", &body).await.expect("the commute is acknowledged");
    let trips = booked["trips"].as_array().expect("a list");
    assert!((3..=4).contains(&trips.len()), "two legs a day for 48 h, what is past left out: {}", trips.len());
    assert!(trips.iter().all(|trip| trip["phase"] == "reserved"));
    let last = trips.last().expect("some")["pickup_at"].as_str().expect("a time").to_owned();
    let series = booked["booking"]["series"].as_str().expect("a series");
    let day = &last[..10];
    let skipped = rider.api.post(&format!("/v1/series/{series}/skip"), &json!({ "date": day })).await.expect("skipped");
    assert!(skipped["skips"].as_array().is_some_and(|days| days.iter().any(|d| d == day)));
    let left = rider.api.get("/v1/trips").await.expect("own trips");
    let open = |t: &&Value| t["phase"] == "reserved";
    assert!(left["trips"].as_array().expect("a list").iter().filter(open).count() < trips.len());
}
