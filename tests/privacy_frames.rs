//! What each party is told, frame by frame: marked names, places and words are planted, a trip is driven to its end with an alarm
//! on the way, and everything that every socket brought is searched for what its reader must not know at that moment.

use harness::people::{Phone, text};
use harness::{Server, ServerOptions};
use serde_json::{Value, json};
use simulator::socket::Incoming;

const PICKUP: (f64, f64) = (37.566_31, 126.977_93);
const DROPOFF: (f64, f64) = (37.570_17, 126.992_39);
const PICKUP_LABEL: &str = "표식마당-7Q";
const DROPOFF_LABEL: &str = "표식문앞-3Z";
const RIDER_NAME: &str = "표식이름-4K";
const GUARD_NAME: &str = "표식가드-8J";
const OTHER_NAME: &str = "표식타사-5V";

/// Where the crew and the others stand: unlike any other number of the run.
const CREW_AT: (f64, f64) = (37.565_27, 126.976_41);
const OTHER_AT: (f64, f64) = (37.568_83, 126.981_19);

/// Numbers this near are the same place, degrees: about a metre and a half.
const SAME: f64 = 1.5e-5;

/// What of the marked values a message holds: texts as they are, places by their numbers.
fn found(message: &Value, texts: &[&str], places: &[(f64, f64)]) -> Option<String> {
    match message {
        Value::String(said) => texts.iter().find(|mark| said.contains(**mark)).map(|mark| format!("{mark} in {said}")),
        Value::Number(n) => {
            let n = n.as_f64()?;
            let near = |at: &&(f64, f64)| (n - at.0).abs() < SAME || (n - at.1).abs() < SAME;
            places.iter().find(near).map(|at| format!("{n} of {at:?}"))
        }
        Value::Array(items) => items.iter().find_map(|item| found(item, texts, places)),
        Value::Object(fields) => fields.iter().find_map(|(name, item)| {
            let in_name = texts.iter().find(|mark| name.contains(**mark)).map(|mark| format!("{mark} as a field"));
            in_name.or_else(|| found(item, texts, places))
        }),
        _ => None,
    }
}

#[track_caller]
fn assert_hides(who: &str, messages: &[Value], texts: &[&str], places: &[(f64, f64)]) {
    assert!(!messages.is_empty(), "{who} was told something at all");
    for message in messages {
        assert_eq!(found(message, texts, places), None, "{who} was told: {message}");
    }
}

#[test]
fn the_search_finds_a_name_a_label_and_a_place_wherever_they_are() {
    for leak in [
        json!({ "crew": [{ "display": RIDER_NAME }] }),
        json!({ "a": { "b": [1, [PICKUP.1]] } }),
        json!({ (PICKUP_LABEL): 1 }),
        json!([format!("to {PICKUP_LABEL}")]),
    ] {
        assert!(found(&leak, &[RIDER_NAME, PICKUP_LABEL], &[PICKUP]).is_some(), "{leak}");
    }
    assert_eq!(found(&json!({ "lat": 37.5671, "t": "trip" }), &[RIDER_NAME], &[PICKUP]), None);
}

/// Two companies with their people, and the centre's console.
struct Town {
    server: Server,
    crew: Vec<Phone>,
    bystander: Phone,
    rider: Phone,
    own_console: Phone,
    other: Phone,
    other_console: Phone,
}

impl Town {
    async fn start() -> Self {
        let server = Server::start(ServerOptions::default()).await;
        let agency = |name: &str| text(&server.admin(&["agency", "--name", name])["id"]).to_owned();
        let (own, other) = (agency("한강경호"), agency("남산경호"));
        let staff = |agency: &str, name: &str| server.admin(&["staff", "--agency", agency, "--name", name]);
        let made = [staff(&own, GUARD_NAME), staff(&own, GUARD_NAME), staff(&own, GUARD_NAME)];
        let mut phones = Vec::new();
        for (n, made) in made.iter().enumerate() {
            let token = server.token_of(made).await;
            // The third is far enough not to be asked.
            let at = if n < 2 { CREW_AT } else { (CREW_AT.0 - 0.02, CREW_AT.1 - 0.02) };
            phones.push(Phone::on_shift_at(&server, &token, at).await);
        }
        let other_token = server.token_of(&staff(&other, OTHER_NAME)).await;
        let other_phone = Phone::on_shift_at(&server, &other_token, OTHER_AT).await;
        let rider = server.admin(&["rider", "--name", RIDER_NAME, "--agency", &own]);
        let console = |agency: &str| server.admin(&["supervisor", "--agency", agency, "--name", "상황실"]);
        let (own_console, other_console) = (console(&own), console(&other));
        let sign_in = async |made: &Value| Phone::sign_in(&server, &server.token_of(made).await).await;
        let (rider, own_console, other_console) =
            (sign_in(&rider).await, sign_in(&own_console).await, sign_in(&other_console).await);
        let bystander = phones.pop().expect("three");
        Self { crew: phones, bystander, rider, own_console, other: other_phone, other_console, server }
    }

    /// Everything said so far has reached both consoles and the bystander: each has been shown something newer.
    async fn let_all_be_heard(&mut self, metres: f64) {
        let at = (OTHER_AT.0 + metres / 111_195.0, OTHER_AT.1);
        self.other.report_at(at).await;
        let is_there = |row: &Value| row[1].as_f64().is_some_and(|lat| (lat - at.0).abs() < SAME);
        let moved = |m: &Incoming| m.body["people"].as_array().is_some_and(|rows| rows.iter().any(is_there));
        self.other_console.wait_until(moved, "the other company's own guard on its map").await;
        let raised = self.bystander.api.post("/v1/sos", &json!({ "trip": null })).await.expect("an alarm");
        let rings = |m: &Incoming| {
            let rows = m.body["incidents"].as_array();
            rows.is_some_and(|rows| rows.iter().any(|row| row["id"] == raised["incident"]))
        };
        self.own_console.wait_until(rings, "the alarm").await;
        self.other_console.wait_until(rings, "the alarm").await;
        let path = format!("/v1/incidents/{}/acknowledge", text(&raised["incident"]));
        self.own_console.api.post(&path, &json!({})).await.expect("taken");
        self.bystander.wait_for("sos_taken").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_frame_holds_only_what_its_reader_may_know() {
    let mut town = Town::start().await;
    let places = [PICKUP, DROPOFF];
    let labels = [PICKUP_LABEL, DROPOFF_LABEL];
    let place = |at: (f64, f64), label: &str| json!({ "lat": at.0, "lon": at.1, "label": label });
    let body =
        json!({ "kind": "now", "pickup": place(PICKUP, PICKUP_LABEL), "dropoff": place(DROPOFF, DROPOFF_LABEL) });
    let trip = town.rider.api.book("marked", &body).await.expect("acknowledged")["trips"][0].clone();
    let id = text(&trip["id"]).to_owned();
    let nobody_but_the_rider = [RIDER_NAME, PICKUP_LABEL, DROPOFF_LABEL];

    // Before acceptance: a cell and a time.
    for phone in &mut town.crew {
        let offer = phone.wait_for_offer().await;
        let card = phone.api.get("/v1/card").await.expect("own card");
        assert_hides("an asked phone", &[offer.clone(), card], &nobody_but_the_rider, &places);
        phone.answer(&offer, true).await;
    }
    // Afterwards the meeting point, and not yet the goal.
    let mut words = Vec::new();
    for phone in &mut town.crew {
        let shown = phone.wait_for_phase("assigned").await;
        assert!(found(&shown, &[PICKUP_LABEL], &[]).is_some(), "the crew must find the rider: {shown}");
        words.extend([text(&shown["word"]).to_owned(), text(&shown["partner_word"]).to_owned()]);
        for to in ["en_route", "arrived"] {
            phone.tap(&json!(id), to).await;
        }
    }
    for phone in &mut town.crew {
        phone.wait_for_phase("arrived").await;
        assert_hides("the crew before the meeting", &phone.heard, &[RIDER_NAME, DROPOFF_LABEL], &[DROPOFF]);
    }
    town.rider.api.post("/v1/sos", &json!({ "trip": id })).await.expect("the rider's alarm");
    for to in ["met", "escorting"] {
        town.crew[0].tap(&json!(id), to).await;
    }
    town.let_all_be_heard(30.0).await;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert!(words.iter().all(|word| !word.is_empty()), "the words were told");
    assert_hides("the own console", &town.own_console.heard, &[&[RIDER_NAME][..], &words].concat(), &[]);

    town.crew[0].tap(&json!(id), "completed").await;
    for phone in &mut town.crew {
        phone.wait_for("trip_gone").await;
        phone.heard.clear();
    }
    let ended = town.rider.wait_for_phase("completed").await;
    let mut after = vec![ended, town.rider.api.get("/v1/trips").await.expect("own trips")];
    after.push(town.rider.api.get(&format!("/v1/trips/{id}")).await.expect("own trip"));
    let secrets: Vec<&str> = [&labels[..], &words, &[GUARD_NAME]].concat();
    assert_hides("the rider after the end", &after, &secrets, &places);
    town.own_console.heard.clear();
    town.let_all_be_heard(60.0).await;
    for phone in &mut town.crew {
        let late = phone.api.post(&format!("/v1/trips/{id}/status"), &json!({ "to": "completed" })).await;
        let card = phone.api.get("/v1/card").await.expect("own card");
        assert_hides(
            "the crew after the end",
            &[json!(format!("{late:?}")), card],
            &[&secrets[..2], &words, &[RIDER_NAME]].concat(),
            &places,
        );
    }
    let mut shown = town.own_console.heard.clone();
    shown.push(town.own_console.api.get("/v1/console").await.expect("the console"));
    let rows = shown.iter().flat_map(|m| m["trips"].as_array().cloned().unwrap_or_default());
    let about_the_trip: Vec<Value> = rows.filter(|t| t["id"] == id && t["phase"] == "completed").collect();
    assert!(!about_the_trip.is_empty(), "the console was told of the end");
    assert_hides("the own console after the end", &about_the_trip, &[&labels[..], &[RIDER_NAME]].concat(), &places);

    never_told(&mut town, &id, &words).await;
}

/// Those who have nothing to do with the trip heard nothing of it, from its first moment to after its end.
async fn never_told(town: &mut Town, id: &str, words: &[&str]) {
    let strangers = [&[RIDER_NAME, PICKUP_LABEL, DROPOFF_LABEL, GUARD_NAME][..], words].concat();
    let places = [PICKUP, DROPOFF, CREW_AT];
    let console = town.other_console.api.get("/v1/console").await.expect("its console");
    let cells = town.other_console.api.get("/v1/cells").await.expect("its cells");
    let mut heard = std::mem::take(&mut town.other_console.heard);
    assert!(heard.iter().any(|m| m["t"] == "map") && heard.iter().any(|m| m["t"] == "console"), "it was watching");
    heard.extend([console, cells.clone()]);
    assert_hides("the other company's console", &heard, &strangers, &places);
    // The alarm rings there too, with the trip's id and without a place; the trip itself is not shown.
    let trips: Vec<&Value> = heard.iter().filter_map(|m| m["trips"].as_array()).flatten().collect();
    assert_eq!(trips, Vec::<&Value>::new(), "no trip of another company");
    let candidates = town.other_console.api.get(&format!("/v1/trips/{id}/candidates")).await;
    assert_eq!(candidates.expect_err("another's trip").code(), "not_found");
    assert_hides("a guard who was not asked", &town.bystander.heard, &strangers, &places);
    let card = town.other.api.get("/v1/card").await.expect("its card");
    assert_hides("another company's guard", &[card], &strangers, &places);
    let log_holds = strangers.iter().find(|mark| town.server.log().contains(**mark));
    assert_eq!(log_holds, None, "nor does the log");
}
