//! What sockets really bring, held against the examples in docs/PROTOCOL.md: no field that the page does not show, and one message
//! of every kind but those that a quiet trip does not bring.

use harness::people::{Phone, enrol, text};
use harness::{Server, ServerOptions, root};
use serde_json::{Value, json};
use simulator::socket::Incoming;
use std::collections::{BTreeMap, BTreeSet};

/// By `t`.
fn examples() -> BTreeMap<String, Value> {
    let page = std::fs::read_to_string(root().join("docs/PROTOCOL.md")).expect("the page");
    let (_, rest) = page.split_once("```json server\n").expect("the page has the block");
    let (block, _) = rest.split_once("\n```").expect("the block ends");
    let parsed = block.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    parsed.map(|example| (text(&example["t"]).to_owned(), example)).collect()
}

/// Where the device of an alarm was.
const DEVICE: &str = "/incidents/0/position";

/// The path of a field that the example has not.
fn unknown(message: &Value, example: &Value) -> Option<String> {
    match (message, example) {
        (Value::Object(fields), Value::Object(known)) => {
            fields.iter().find_map(|(name, value)| match known.get(name) {
                None => Some(name.clone()),
                Some(shown) => unknown(value, shown).map(|rest| format!("{name}.{rest}")),
            })
        }
        (Value::Array(items), Value::Array(shown)) => {
            let first = shown.first()?;
            items.iter().find_map(|item| unknown(item, first))
        }
        _ => None,
    }
}

#[test]
fn a_field_that_is_not_shown_is_found_wherever_it_is() {
    let example = json!({ "t": "trip", "trip": { "crew": [{ "no": 1 }] } });
    assert_eq!(unknown(&json!({ "t": "trip", "trip": { "crew": [] } }), &example), None);
    let told = json!({ "t": "trip", "trip": { "crew": [{ "no": 1 }, { "no": 2, "name": "x" }] } });
    assert_eq!(unknown(&told, &example).as_deref(), Some("trip.crew.name"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_has_a_field_that_the_page_does_not_show() {
    let server = Server::start(ServerOptions::default()).await;
    let people = enrol(&server, 3, 1, 1).await;
    let mut console = Phone::sign_in(&server, &people.supervisors[0]).await;
    let mut phones = Vec::new();
    for (n, token) in (1..).zip(&people.staff) {
        phones.push(Phone::on_shift(&server, token, 80.0 * f64::from(n)).await);
    }
    let mut rider = Phone::sign_in(&server, &people.riders[0]).await;
    let trip = rider.book("k").await;
    // One declines, and the third is asked in their place.
    let declined = phones[1].wait_for_offer().await;
    phones[1].answer(&declined, false).await;
    phones[1].wait_for("offer_closed").await;
    for n in [0, 2] {
        let offer = phones[n].wait_for_offer().await;
        phones[n].answer(&offer, true).await;
    }
    rider.wait_for_phase("assigned").await;
    rider.wait_for("crew_at").await;
    for n in [0, 2] {
        phones[n].wait_for_phase("assigned").await;
        for to in ["en_route", "arrived"] {
            phones[n].tap(&trip["id"], to).await;
        }
    }
    rider.report(0.0).await;
    let raised = rider.api.post("/v1/sos", &json!({ "trip": trip["id"] })).await.expect("an alarm");
    let path = format!("/v1/incidents/{}/acknowledge", text(&raised["incident"]));
    console.api.post(&path, &json!({})).await.expect("taken");
    rider.wait_for("sos_taken").await;
    for to in ["met", "escorting", "completed"] {
        phones[0].tap(&trip["id"], to).await;
    }
    for n in [0, 2] {
        phones[n].wait_for("trip_gone").await;
    }
    rider.wait_for_phase("completed").await;
    let ended = |m: &Incoming| m.body["trips"].as_array().is_some_and(|t| t.iter().any(|t| t["phase"] == "completed"));
    console.wait_until(ended, "the end on the console").await;
    let view = json!({ "west": 126.0, "south": 36.0, "east": 128.0, "north": 38.0, "zoom": 9 });
    console.socket.command("view", view).await.expect("the view is taken");
    console.wait_for("area").await;

    let examples = examples();
    let (mut seen, mut devices) = (BTreeSet::new(), 0);
    for message in phones.iter().chain([&rider, &console]).flat_map(|phone| &phone.heard) {
        let kind = text(&message["t"]);
        let example = examples.get(kind).unwrap_or_else(|| panic!("the page has no example of {kind}"));
        assert_eq!(unknown(message, example), None, "{message}");
        if let (Some(told), Some(shown)) = (message.pointer(DEVICE), example.pointer(DEVICE)) {
            assert_eq!((told.is_object(), unknown(shown, told)), (true, None), "the page shows what is never sent");
            devices += 1;
        }
        seen.insert(kind);
    }
    assert!(devices > 0, "the alarm had a place");
    // Answers and greetings are taken by the client itself, nobody is silent for so long, and what follows a trip is `next_duty`'s.
    let taken: BTreeSet<&str> = ["welcome", "result", "ping", "next"].into();
    let all: BTreeSet<&str> = examples.keys().map(String::as_str).collect();
    assert_eq!(all.difference(&seen).copied().collect::<BTreeSet<_>>(), taken);
}
