//! The main job over the wire: a booking reaches two phones, both accept, they meet, walk and finish. The same suite runs on the
//! in-process index and on a real Redis.

use harness::{Redis, Server, ServerOptions};
use serde_json::{Value, json};
use simulator::client::{Api, ApiError};
use simulator::socket::{Credentials, Incoming, Socket};
use std::time::{Duration, Instant};

/// Near City Hall in the generated city.
const MEETING: (f64, f64) = (37.5663, 126.9779);
const GOAL: (f64, f64) = (37.5700, 126.9920);

struct Phone {
    api: Api,
    socket: Socket,
    fixes: u32,
}

impl Phone {
    async fn sign_in(server: &Server, token: &str) -> Self {
        let api = server.api().signed_in(token);
        let who = Credentials::Bearer(token.to_owned());
        let socket = Socket::open(api.target(), &who, None, None).await.expect("the socket opens");
        Self { api, socket, fixes: 0 }
    }

    async fn on_shift(server: &Server, token: &str, metres_east: f64) -> Self {
        let mut phone = Self::sign_in(server, token).await;
        phone.api.post("/v1/shift", &json!({ "mode": "walk", "hours": 8 })).await.expect("a shift begins");
        phone.report(metres_east).await;
        phone
    }

    async fn report(&mut self, metres_east: f64) {
        self.fixes += 1;
        let lon = MEETING.1 + metres_east / 88_000.0;
        let fix = json!({ "lat": MEETING.0, "lon": lon, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": self.fixes });
        self.socket.send(&json!({ "t": "fix", "fixes": [fix] })).await.expect("the fix is sent");
    }

    /// The next message of this kind, whatever comes before it.
    async fn wait_for(&mut self, kind: &str) -> Incoming {
        self.wait_until(|message| message.kind == kind, kind).await
    }

    async fn wait_until(&mut self, wanted: impl Fn(&Incoming) -> bool, what: &str) -> Incoming {
        let search = async {
            loop {
                let message = self.socket.next().await.expect("the socket stays open");
                if wanted(&message) {
                    return message;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), search).await.unwrap_or_else(|_| panic!("no {what} within 30 s"))
    }

    async fn wait_for_phase(&mut self, phase: &str) -> Value {
        let is = |m: &Incoming| m.kind == "trip" && m.body["trip"]["phase"] == phase;
        self.wait_until(is, phase).await.body["trip"].clone()
    }

    async fn answer(&mut self, offer: &Value, accept: bool) -> Value {
        let fields = json!({ "offer": offer["id"], "accept": accept });
        self.socket.command("answer", fields).await.expect("the answer is taken")
    }

    async fn tap(&mut self, trip: &Value, to: &str) {
        self.socket
            .command("status", json!({ "trip": trip, "to": to }))
            .await
            .unwrap_or_else(|e| panic!("{to}: {e:?}"));
    }
}

fn place(at: (f64, f64)) -> Value {
    json!({ "lat": at.0, "lon": at.1, "label": "표시된 곳" })
}

async fn enrol(server: &Server, staff: u32, riders: u32, supervisors: u32) -> (Vec<String>, Vec<String>, Vec<String>) {
    let counts = json!({ "staff": staff, "riders": riders, "supervisors": supervisors });
    let made = server.api().post("/v1/demo/enrol", &counts).await.expect("the demo enrols");
    let tokens = |kind: &str| {
        let rows = made[kind].as_array().expect("a list").iter();
        rows.map(|row| row["token"].as_str().expect("a token").to_owned()).collect::<Vec<_>>()
    };
    (tokens("staff"), tokens("riders"), tokens("supervisors"))
}

async fn book(rider: &Phone, key: &str) -> Value {
    let body = json!({ "kind": "now", "pickup": place(MEETING), "dropoff": place(GOAL) });
    rider.api.book(key, &body).await.expect("the booking is acknowledged")["trips"][0].clone()
}

fn code(refused: &ApiError) -> &str {
    refused.code()
}

/// Whether any number in the message is a coordinate close to the meeting point.
fn gives_away(message: &Value) -> bool {
    match message {
        Value::Number(n) => n.as_f64().is_some_and(|n| (n - MEETING.0).abs() < 5e-5 || (n - MEETING.1).abs() < 5e-5),
        Value::Array(items) => items.iter().any(gives_away),
        Value::Object(fields) => fields.values().any(gives_away),
        Value::String(text) => text.contains("표시된 곳"),
        _ => false,
    }
}

async fn a_whole_trip(options: ServerOptions) {
    let server = Server::start(options).await;
    let (staff, riders, supervisors) = enrol(&server, 2, 1, 1).await;
    let mut first = Phone::on_shift(&server, &staff[0], 150.0).await;
    let mut second = Phone::on_shift(&server, &staff[1], -200.0).await;
    let mut rider = Phone::sign_in(&server, &riders[0]).await;
    let supervisor = server.api().signed_in(&supervisors[0]);

    let asked = Instant::now();
    let trip = book(&rider, "a-key").await;
    let again = book(&rider, "a-key").await;
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
    assert!(console["trips"].as_array().is_some_and(Vec::is_empty), "nothing is open");
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
    let (staff, riders, _) = enrol(&server, 3, 1, 0).await;
    let mut phones = Vec::new();
    for (n, token) in staff.iter().enumerate() {
        phones.push(Phone::on_shift(&server, token, 100.0 * (n + 1) as f64).await);
    }
    let mut rider = Phone::sign_in(&server, &riders[0]).await;
    let trip = book(&rider, "k").await;
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
    assert_eq!(code(&late), "already_answered");
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
    let (staff, riders, supervisors) = enrol(&server, 2, 1, 1).await;
    let mut rider = Phone::sign_in(&server, &riders[0]).await;
    let asked = Instant::now();
    let trip = book(&rider, "k").await;
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
    assert_eq!(
        code(
            &first
                .api
                .post(
                    &format!("/v1/offers/{}/answer", offer["id"].as_str().expect("an id")),
                    &json!({ "accept": true })
                )
                .await
                .expect_err("closed")
        ),
        "offer_closed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sos_rings_on_every_console_until_somebody_takes_it() {
    let server = Server::start(ServerOptions::default()).await;
    let (staff, _, supervisors) = enrol(&server, 1, 0, 2).await;
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
    let (_, riders, supervisors) = enrol(&server, 0, 1, 1).await;
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
