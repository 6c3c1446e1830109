//! What becomes of a crew when people do not do as planned: silence, drop-out, a rider who cancels, a supervisor who decides by
//! hand. The phones see each of it.

use harness::people::{Enrolled, Phone, enrol, gives_away, text};
use harness::{Server, ServerOptions};
use serde_json::{Value, json};
use simulator::socket::Incoming;
use std::time::{Duration, Instant};

struct Stand {
    server: Server,
    people: Enrolled,
    phones: Vec<Phone>,
    rider: Phone,
}

/// So many staff on shift, the nearer the earlier in the list, and a rider.
async fn start(staff: u32) -> Stand {
    let server = Server::start(ServerOptions::default()).await;
    let people = enrol(&server, staff, 1, 1).await;
    let mut phones = Vec::new();
    for (n, token) in (1..).zip(&people.staff) {
        phones.push(Phone::on_shift(&server, token, 80.0 * f64::from(n)).await);
    }
    let rider = Phone::sign_in(&server, &people.riders[0]).await;
    Stand { server, people, phones, rider }
}

fn id(trip: &Value) -> &str {
    text(&trip["id"])
}

/// The phone is told that this offer is over, and why.
async fn offer_closed(phone: &mut Phone, offer: &Value) -> String {
    let is = |m: &Incoming| m.kind == "offer_closed" && m.body["offer"] == offer["id"];
    text(&phone.wait_until(is, "the offer's end").await.body["reason"]).to_owned()
}

async fn is_free(phone: &Phone) -> bool {
    let card = phone.api.get("/v1/card").await.expect("own card");
    card["trip"].is_null() && card["offer"].is_null() && !gives_away(&card)
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_an_offer_and_another_is_asked() {
    let mut stand = start(3).await;
    let asked = Instant::now();
    stand.rider.book("k").await;
    let accepted = stand.phones[0].wait_for_offer().await;
    let ignored = stand.phones[1].wait_for_offer().await;
    stand.phones[0].answer(&accepted, true).await;
    assert_eq!(offer_closed(&mut stand.phones[1], &ignored).await, "expired");
    assert!(asked.elapsed() >= Duration::from_secs(19), "20 s are 20 s: {:?}", asked.elapsed());
    let refill = stand.phones[2].wait_for_offer().await;
    assert_eq!(refill["slot"], ignored["slot"], "the slot of who was silent");
    let path = format!("/v1/offers/{}/answer", text(&ignored["id"]));
    let late = stand.phones[1].api.post(&path, &json!({ "accept": true })).await.expect_err("too late");
    assert_eq!(late.code(), "offer_expired");
    stand.phones[2].answer(&refill, true).await;
    let crew = stand.rider.wait_for_phase("assigned").await["crew"].clone();
    assert_eq!(crew.as_array().map(Vec::len), Some(2));
    assert!(is_free(&stand.phones[1]).await, "a late yes changed nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rider_who_cancels_mid_offer_frees_both_phones() {
    let mut stand = start(2).await;
    let trip = stand.rider.book("k").await;
    let first = stand.phones[0].wait_for_offer().await;
    let second = stand.phones[1].wait_for_offer().await;
    stand.phones[0].answer(&first, true).await;
    let path = format!("/v1/trips/{}/cancel", id(&trip));
    let cancelled = stand.rider.api.post(&path, &json!({})).await.expect("a rider may cancel");
    assert_eq!(cancelled["phase"], "cancelled");
    for (phone, offer) in stand.phones.iter_mut().zip([&first, &second]) {
        assert_eq!(offer_closed(phone, offer).await, "cancelled");
        assert!(is_free(phone).await, "nothing is left on the phone");
    }
    stand.rider.wait_for_phase("cancelled").await;
    let path = format!("/v1/offers/{}/answer", text(&second["id"]));
    let late =
        stand.phones[1].api.post(&path, &json!({ "accept": true })).await.expect_err("there is no trip any more");
    assert_eq!(late.code(), "offer_closed");

    // Both can go on the next trip at once.
    stand.rider.book("k2").await;
    for phone in &mut stand.phones {
        phone.wait_for_offer().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_drops_out_is_replaced_and_the_trip_is_completed() {
    let mut stand = start(3).await;
    let trip = stand.rider.book("k").await;
    for phone in &mut stand.phones[..2] {
        let offer = phone.wait_for_offer().await;
        phone.answer(&offer, true).await;
    }
    let before = stand.rider.wait_for_phase("assigned").await;
    stand.phones[0].tap(&trip["id"], "en_route").await;
    let set_out = |m: &Incoming| {
        let crew = m.body["trip"]["crew"].as_array();
        m.kind == "trip" && crew.is_some_and(|crew| crew.iter().any(|member| member["phase"] == "en_route"))
    };
    // What is still under way to the phone would be told as a trip that is gone.
    stand.phones[1].wait_until(set_out, "the partner under way").await;
    let dropped = stand.phones[1].socket.command("drop_out", json!({ "trip": trip["id"] })).await;
    dropped.expect("before they have met, a member may drop out");
    assert_eq!(stand.phones[1].wait_for("trip_gone").await.body["reason"], "dropped_out");
    assert!(is_free(&stand.phones[1]).await, "the meeting point is taken back");

    let looking = |m: &Incoming| m.kind == "trip" && ["matching", "offered"].contains(&text(&m.body["trip"]["phase"]));
    let told = stand.rider.wait_until(looking, "the loss of the crew").await;
    assert!(told.body["trip"]["crew"].as_array().is_none_or(Vec::is_empty), "no crew is promised: {}", told.body);
    // The remaining member may be kept or asked anew; the third is asked in any case, and the one who left is not.
    let refill = stand.phones[2].wait_for_offer().await;
    stand.phones[2].answer(&refill, true).await;
    let card = stand.phones[0].api.get("/v1/card").await.expect("own card");
    if let Some(offer) = card["offer"]["id"].as_str() {
        let path = format!("/v1/offers/{offer}/answer");
        stand.phones[0].api.post(&path, &json!({ "accept": true })).await.expect("the remaining member stays");
    }
    let after = stand.rider.wait_for_phase("assigned").await;
    let numbers = |trip: &Value| -> Vec<u64> {
        trip["crew"].as_array().into_iter().flatten().filter_map(|member| member["no"].as_u64()).collect()
    };
    let left: Vec<u64> = numbers(&before).into_iter().filter(|no| !numbers(&after).contains(no)).collect();
    assert_eq!((numbers(&after).len(), left.len()), (2, 1), "one left, one came: {before} {after}");
    for to in ["en_route", "arrived"] {
        stand.phones[0].tap(&trip["id"], to).await;
        stand.phones[2].tap(&trip["id"], to).await;
        stand.rider.wait_for_phase(to).await;
    }
    for to in ["met", "escorting", "completed"] {
        stand.phones[2].tap(&trip["id"], to).await;
        stand.rider.wait_for_phase(to).await;
    }
    for phone in &stand.phones {
        assert!(is_free(phone).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_assigns_and_releases_by_hand_and_the_phones_see_it() {
    let mut stand = start(4).await;
    let console = stand.server.api().signed_in(&stand.people.supervisors[0]);
    let trip = stand.rider.book("k").await;
    for phone in &mut stand.phones[..2] {
        phone.wait_for_offer().await;
    }
    let call = |what: &str| format!("/v1/trips/{}/{what}", id(&trip));
    let judged = console.get(&call("candidates")).await.expect("a supervisor asks who could go");
    let rows = judged["candidates"].as_array().expect("a list");
    let etas: Vec<u64> = rows.iter().filter_map(|row| row["eta_s"].as_u64()).collect();
    assert!(etas.len() == 4 && etas.is_sorted(), "everybody, the soonest first: {judged}");
    let may_go = rows.iter().all(|row| row["violations"].as_array().is_some_and(Vec::is_empty));
    assert!(may_go, "an offer of this very trip keeps nobody from it: {judged}");
    let console_trips = console.get("/v1/console").await.expect("the console")["trips"].clone();
    let asked: Vec<Value> =
        console_trips[0]["crew"].as_array().expect("a crew").iter().map(|m| m["no"].clone()).collect();
    let free = rows.iter().filter(|row| !asked.contains(&row["no"]));
    let pair: Vec<Value> = free.map(|row| row["staff"].clone()).collect();
    assert_eq!(pair.len(), 2, "two are asked already: {judged}");

    for (staff, code) in [
        (json!([pair[0]]), "crew_size_mismatch"),
        (json!([pair[0], pair[0]]), "crew_size_mismatch"),
        (json!([pair[0], trip["id"]]), "unknown_staff"),
    ] {
        let refused = console.post(&call("assign"), &json!({ "staff": staff })).await.expect_err("no crew");
        assert_eq!((refused.code(), refused.problem().and_then(|p| p.field.as_deref())), (code, Some("staff")));
    }
    console.post(&call("assign"), &json!({ "staff": pair })).await.expect("these two");
    let mut by_hand = Vec::new();
    for phone in &mut stand.phones[2..] {
        let offer = phone.wait_for_offer().await;
        assert!(!gives_away(&offer), "by hand too, only a cell before acceptance");
        by_hand.push(offer);
    }
    for phone in &mut stand.phones[..2] {
        phone.wait_for("offer_closed").await;
        assert!(is_free(phone).await, "the engine's offers are taken back");
    }
    for (phone, offer) in stand.phones[2..].iter_mut().zip(&by_hand) {
        phone.answer(offer, true).await;
    }
    stand.rider.wait_for_phase("assigned").await;
    assert!(gives_away(&stand.phones[3].wait_for_phase("assigned").await["pickup"]));

    let released = console.post(&call("release"), &json!({})).await.expect("a supervisor releases");
    assert!(["matching", "offered"].contains(&text(&released["phase"])), "{released}");
    for phone in &mut stand.phones[2..] {
        assert_eq!(phone.wait_for("trip_gone").await.body["reason"], "released");
        let card = phone.api.get("/v1/card").await.expect("own card");
        assert!(card["trip"].is_null() && !gives_away(&card), "the meeting point is taken back");
    }
    let looking = |m: &Incoming| m.kind == "trip" && m.body["trip"]["phase"] != "assigned";
    let told = stand.rider.wait_until(looking, "the loss of the crew").await;
    assert!(told.body["trip"]["crew"].as_array().is_none_or(Vec::is_empty));
    let given_up =
        console.post(&call("unserved"), &json!({ "reason": "nobody can go" })).await.expect("a human says so");
    assert_eq!(given_up["phase"], "unserved");
    stand.rider.wait_for_phase("unserved").await;
    let late = console.post(&call("release"), &json!({})).await.expect_err("it is over");
    assert_eq!(late.code(), "wrong_phase");
}
