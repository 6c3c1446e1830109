//! Who is with a rider and soon free is asked to go on to the next: on two phones, two riders and a console, over a `kill -9`, and
//! when the streets turn slow and they would come late.

use harness::people::{Enrolled, GOAL, Phone, SOON, enrol, eventually, journey, place, text};
use harness::raw::call;
use harness::{Server, ServerOptions};
use serde_json::{Value, json};
use simulator::socket::Incoming;

/// Where the second rider waits: some minutes from the first one's goal.
const NEXT_MEETING: (f64, f64) = (37.5712, 126.9950);

struct Stand {
    server: Server,
    people: Enrolled,
    crew: Vec<Phone>,
    /// The trip under way.
    present: Value,
}

/// Two of staff, who are all that are at work, with a rider, just before the end of the way.
async fn under_way(args: &[&str]) -> Stand {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    let server = Server::start(ServerOptions { args, ..ServerOptions::default() }).await;
    let people = enrol(&server, 3, 2, 1).await;
    let mut crew = Vec::new();
    for token in &people.staff[..2] {
        crew.push(Phone::on_shift_at(&server, token, GOAL).await);
    }
    let rider = server.api().signed_in(&people.riders[0]);
    let present = rider.book("first", &journey()).await.expect("acknowledged")["trips"][0].clone();
    for phone in &mut crew {
        let offer = phone.wait_for_offer().await;
        assert_eq!(offer["next"], false);
        phone.answer(&offer, true).await;
    }
    for phone in &mut crew {
        phone.wait_for_phase("assigned").await;
        phone.tap(&present["id"], "en_route").await;
        phone.tap(&present["id"], "arrived").await;
    }
    for to in ["met", "escorting"] {
        crew[0].tap(&present["id"], to).await;
    }
    for phone in &mut crew {
        phone.wait_for_phase("escorting").await;
        phone.report_at(GOAL).await;
    }
    Stand { server, people, crew, present }
}

/// The second rider asks.
async fn book_next(stand: &Stand) -> (Phone, Value) {
    let rider = Phone::sign_in(&stand.server, &stand.people.riders[1]).await;
    let wanted = json!({ "kind": "now", "pickup": place(NEXT_MEETING), "dropoff": place(GOAL) });
    let trip = rider.api.book("second", &wanted).await.expect("acknowledged")["trips"][0].clone();
    (rider, trip)
}

/// Whether the message tells where the second rider waits: a place within some metres of it.
fn tells_where(message: &Value) -> bool {
    let near = |value: &Value, of: f64| value.as_f64().is_some_and(|n| (n - of).abs() < 5e-5);
    match message {
        Value::Array(items) => items.iter().any(tells_where),
        Value::Object(fields) => {
            let here = near(&message["lat"], NEXT_MEETING.0) && near(&message["lon"], NEXT_MEETING.1);
            here || fields.values().any(tells_where)
        }
        _ => false,
    }
}

async fn card(phone: &Phone) -> Value {
    phone.api.get("/v1/card").await.expect("own card")
}

/// Both are asked for what follows and say yes; the second rider sees it.
async fn accept_next(stand: &mut Stand, rider: &mut Phone) -> Value {
    for phone in &mut stand.crew {
        let offer = phone.wait_for_offer().await;
        assert_eq!(offer["next"], true);
        assert!(!tells_where(&offer));
        let shown = card(phone).await;
        assert_eq!((&shown["trip"]["id"], &shown["offer"]["id"]), (&stand.present["id"], &offer["id"]));
        phone.answer(&offer, true).await;
    }
    for phone in &mut stand.crew {
        let next = phone.wait_for("next").await.body["next"].clone();
        assert!(!tells_where(&next), "{next}");
    }
    rider.wait_for_phase("assigned").await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_with_a_rider_go_on_to_the_next_over_a_kill() {
    let mut stand = under_way(&[]).await;
    let (mut rider, trip) = book_next(&stand).await;
    let seen = accept_next(&mut stand, &mut rider).await;
    assert_eq!(seen["id"], trip["id"]);
    for member in seen["crew"].as_array().expect("a crew") {
        assert_eq!(member["finishing"], true, "said plainly: {member}");
        assert!(member["eta_s"].as_u64().is_some_and(|s| s > 30), "the rest of the other trip is in it: {member}");
    }
    // When they come, and not where another rider is.
    let told = rider.wait_until(|m: &Incoming| m.kind == "crew_at", "crew_at").await.body;
    assert_eq!(told["crew"], json!([]));
    assert_eq!(told["later"].as_array().map(Vec::len), Some(2), "{told}");

    let console = stand.server.api().signed_in(&stand.people.supervisors[0]);
    let rows = console.get("/v1/console").await.expect("the console");
    let row = |rows: &Value, id: &Value| {
        rows["trips"].as_array().expect("a list").iter().find(|t| t["id"] == *id).expect("on the console").clone()
    };
    for n in 0..2 {
        assert_eq!(row(&rows, &trip["id"])["crew"][n]["after"], stand.present["id"]);
        assert_eq!(row(&rows, &stand.present["id"])["crew"][n]["next"], trip["id"]);
    }
    for phone in &stand.crew {
        let shown = card(phone).await;
        assert_eq!((&shown["trip"]["id"], &shown["next"]["trip"]), (&stand.present["id"], &trip["id"]));
        assert!(!tells_where(&shown), "the place comes when it is theirs: {shown}");
        let path = format!("/v1/trips/{}/status", text(&trip["id"]));
        let early = phone.api.post(&path, &json!({ "to": "en_route" })).await.expect_err("not theirs yet");
        assert_eq!(early.code(), "staff_busy");
        let path = format!("/v1/trips/{}/way", text(&trip["id"]));
        assert_eq!(phone.api.get(&path).await.expect_err("no way to it yet").code(), "not_found");
    }

    stand.server = stand.server.kill_and_restart().await;
    let staff: Vec<_> = stand.people.staff[..2].iter().map(|token| stand.server.api().signed_in(token)).collect();
    let before = staff[0].get("/v1/card").await.expect("own card");
    assert_eq!((&before["trip"]["id"], &before["next"]["trip"]), (&stand.present["id"], &trip["id"]));
    let path = format!("/v1/trips/{}/status", text(&stand.present["id"]));
    staff[1].post(&path, &json!({ "to": "completed" })).await.expect("the first trip ends");
    for api in &staff {
        let after = api.get("/v1/card").await.expect("own card");
        assert_eq!((&after["trip"]["id"], &after["next"]), (&trip["id"], &Value::Null));
        assert!(tells_where(&after), "now it is theirs");
    }
    let rider = stand.server.api().signed_in(&stand.people.riders[1]);
    let seen = rider.get(&format!("/v1/trips/{}", text(&trip["id"]))).await.expect("own trip");
    assert!(seen["crew"].as_array().expect("a crew").iter().all(|m| m.get("finishing").is_none()), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_for_help_frees_what_follows_and_a_phone_may_leave_it() {
    let mut stand = under_way(&[]).await;
    let (mut rider, trip) = book_next(&stand).await;
    accept_next(&mut stand, &mut rider).await;
    // One leaves what follows: the present trip stays, and the rider reads that nobody is confirmed.
    let leave = json!({ "trip": trip["id"] });
    stand.crew[0].socket.command("drop_out", leave).await.expect("what follows may be left");
    rider.wait_for_phase("matching").await;
    assert_eq!(card(&stand.crew[0]).await["trip"]["id"], stand.present["id"]);
    let gone = stand.crew[1].wait_for("trip_gone").await.body;
    assert_eq!((&gone["trip"], &gone["reason"]), (&trip["id"], &json!("refilling")));

    let first = stand.server.api().signed_in(&stand.people.riders[0]);
    first.post("/v1/sos", &json!({ "trip": stand.present["id"] })).await.expect("an alarm is taken");
    for phone in &stand.crew {
        let shown = card(phone).await;
        assert_eq!(shown["trip"]["id"], stand.present["id"], "nobody leaves the rider");
        assert_eq!((&shown["next"], &shown["offer"]), (&Value::Null, &Value::Null));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_nobody_with_a_rider_is_asked() {
    let stand = under_way(&["--chained-duties", "false"]).await;
    let (mut rider, _) = book_next(&stand).await;
    rider.wait_for_phase("matching").await;
    for phone in &stand.crew {
        assert_eq!(card(phone).await["offer"], Value::Null);
    }
}

/// Seconds until the last of a crew is there.
fn last_s(trip: &Value) -> u64 {
    let crew = trip["crew"].as_array().expect("a crew");
    crew.iter().map(|member| member["eta_s"].as_u64().expect("known")).max().expect("somebody")
}

/// Around the second rider the streets turn so slow that the way from the first one's goal takes about 25 minutes.
async fn slow_down(stand: &Stand, first_said_s: u64) {
    // The rest is the parting.
    let way_s = first_said_s - 30;
    let around = json!({ "at": { "lat": NEXT_MEETING.0, "lon": NEXT_MEETING.1 }, "radius_m": 500 });
    let slow = json!({ "factor": 1_500.0 / way_s as f64, "around": around, "modes": ["walk"] });
    let admin = stand.server.token_of(&stand.server.admin(&["admin", "--name", "운영"])).await;
    stand.server.api().signed_in(&admin).post("/v1/admin/conditions", &slow).await.expect("said");
}

fn counted(stand: &Stand, name: &str) -> u64 {
    let metrics = call(stand.server.url(), "GET", "/metrics", &[], None).body;
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}"));
    line.trim().parse::<f64>().expect("a number") as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crew_that_will_be_late_says_so_to_the_rider_and_still_goes_on() {
    let mut stand = under_way(&[]).await;
    let (mut rider, trip) = book_next(&stand).await;
    let first_said_s = last_s(&accept_next(&mut stand, &mut rider).await);
    let said_at =
        async |phone: &Phone| -> jiff::Timestamp { text(&card(phone).await["next"]["at"]).parse().expect("a time") };
    let mut before = Vec::new();
    for phone in &mut stand.crew {
        phone.report_at(GOAL).await;
        before.push(said_at(phone).await);
    }
    slow_down(&stand, first_said_s).await;

    let is_later = |m: &Incoming| {
        let crew = m.body["trip"]["crew"].as_array();
        m.kind == "trip" && crew.is_some_and(|crew| !crew.is_empty() && crew.iter().all(|one| one["later"] == true))
    };
    let told = rider.wait_until(is_later, "a later time of both").await.body["trip"].clone();
    assert_eq!((&told["id"], &told["phase"]), (&trip["id"], &json!("assigned")), "they still come");
    assert!(last_s(&told) > first_said_s + 300, "{first_said_s} s, and then {told}");
    for (phone, before) in stand.crew.iter_mut().zip(before) {
        let next = phone.wait_until(|m| m.kind == "next" && m.body["next"]["later"] == true, "a later time").await;
        assert!(!tells_where(&next.body), "{}", next.body);
        let later_s = (said_at(phone).await - before).as_secs_f64();
        assert!(later_s > 300.0, "{later_s} s later");
    }
    let [later, freed] = ["later", "late"].map(|word| format!("donghaeng_engine_next_duties_{word}_total "));
    assert!(counted(&stand, &later) >= 2);
    assert_eq!(counted(&stand, &freed), 0);

    stand.crew[0].tap(&stand.present["id"], "completed").await;
    for phone in &stand.crew {
        assert_eq!(card(phone).await["trip"]["id"], trip["id"], "it is theirs now");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_would_be_filled_late_is_given_back_and_who_is_sooner_is_asked() {
    let mut stand = under_way(&[]).await;
    let (mut rider, trip) = book_next(&stand).await;
    let first_said_s = last_s(&accept_next(&mut stand, &mut rider).await);
    let mut near = Phone::on_shift_at(&stand.server, &stand.people.staff[2], NEXT_MEETING).await;
    let near_no = near.api.get("/v1/me").await.expect("own account")["no"].clone();
    let console = stand.server.api().signed_in(&stand.people.supervisors[0]);
    let path = format!("/v1/trips/{}/candidates", text(&trip["id"]));
    eventually("the one who is near is known", SOON, async || {
        let answer = console.get(&path).await.expect("candidates");
        let rows = answer["candidates"].as_array().expect("a list");
        rows.iter().any(|row| row["no"] == near_no && row["eta_s"].is_u64())
    })
    .await;
    assert_eq!(card(&near).await["offer"], Value::Null, "while nobody is late the crew stays");
    for phone in &mut stand.crew {
        phone.report_at(GOAL).await;
    }
    slow_down(&stand, first_said_s).await;

    let is_looked_for = |m: &Incoming| m.kind == "trip" && m.body["trip"]["crew_was_late"] == true;
    let told = rider.wait_until(is_looked_for, "that another is looked for").await.body["trip"].clone();
    assert_eq!((&told["id"], &told["crew"]), (&trip["id"], &json!([])), "nobody is promised meanwhile");
    let offer = near.wait_for_offer().await;
    assert_eq!((&offer["next"], &offer["trip"]), (&json!(false), &trip["id"]), "{offer}");
    // One made room, the other still comes.
    let mut freed = Vec::new();
    for phone in &mut stand.crew {
        let gone = phone.wait_until(|m| m.kind == "trip_gone" && m.body["trip"] == trip["id"], "the end of it").await;
        freed.push(gone.body["reason"] == "late");
        let shown = card(phone).await;
        assert_eq!(shown["trip"]["id"], stand.present["id"], "nobody leaves the rider: {shown}");
    }
    freed.sort_unstable();
    assert_eq!(freed, [false, true]);
    near.answer(&offer, true).await;
    let seen = rider.wait_for_phase("assigned").await;
    let finishing = |member: &Value| (member["no"] == near_no, member["finishing"] == true);
    let mut crew: Vec<_> = seen["crew"].as_array().expect("a crew").iter().map(finishing).collect();
    crew.sort_unstable();
    assert_eq!(crew, [(false, true), (true, false)], "{seen}");
    assert_eq!(counted(&stand, "donghaeng_engine_next_duties_late_total "), 1);
}
