//! Facts about alarms over REST: who may take one, that none is held up by other calls, and what consoles are shown of it.

use super::fixture::{Edge, Person, T0};
use crate::record::Actor;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

async fn raise(edge: &Edge, person: &Person) -> String {
    let raised = edge.call(Some(&person.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await;
    assert_eq!(raised.status, 201, "{}", raised.text);
    raised.body["incident"].as_str().unwrap().to_owned()
}

async fn take(edge: &Edge, supervisor: &Person, incident: &str) -> super::fixture::Reply {
    let path = format!("/v1/incidents/{incident}/acknowledge");
    edge.call(Some(&supervisor.token), "POST", &path, Some(json!({}))).await
}

async fn console(edge: &Edge, supervisor: &Person) -> Value {
    edge.call(Some(&supervisor.token), "GET", "/v1/console", None).await.body
}

async fn fix(edge: &Edge, person: &Person, seq: u32) {
    let (at, _) = edge.places();
    let one = json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": seq});
    let reply = edge.call(Some(&person.token), "POST", "/v1/fixes", Some(json!({"fixes": [one]}))).await;
    assert_eq!(reply.body["accepted"], 1, "{}", reply.text);
}

#[tokio::test]
async fn an_agency_that_is_not_concerned_sees_an_alarm_without_places_and_cannot_take_it() {
    let edge = Edge::new().await;
    let other = edge.app.record.create_agency(T0, Actor::Shell, "other", false).await.unwrap().id;
    let (own, stranger, centre) =
        (edge.supervisor(edge.agency).await, edge.supervisor(other).await, edge.centre().await);
    let rider = edge.rider_of(vec![edge.agency]).await;
    let without_trip = raise(&edge, &rider).await;
    let refused = take(&edge, &stranger, &without_trip).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (403, "not_concerned"), "{}", refused.text);
    let seen = &console(&edge, &stranger).await["incidents"][0];
    assert_eq!(
        (&seen["concerned"], &seen["acknowledged_at"], &seen["registered"]),
        (&json!(false), &json!(null), &json!([]))
    );
    assert_eq!(console(&edge, &own).await["incidents"][0]["concerned"], true);
    assert_eq!(take(&edge, &own, &without_trip).await.status, 200);

    // Both agencies were consented to, and one of them has the crew: the alarm of the trip is that one's.
    let rider = edge.rider_of(vec![edge.agency, other]).await;
    let (one, two) = (edge.staff().await, edge.staff().await);
    let trip = edge.trip(&rider).await;
    let asked = raise(&edge, &rider).await;
    assert_eq!(take(&edge, &stranger, &asked).await.status, 200, "no crew yet: whoever could send one is concerned");
    edge.place(trip, &[&one, &two]).await;
    edge.accept(&one).await;
    edge.accept(&two).await;
    for raiser in [&rider, &one] {
        let on_trip = raise(&edge, raiser).await;
        assert_eq!(take(&edge, &stranger, &on_trip).await.code(), "not_concerned");
        assert_eq!(take(&edge, &own, &on_trip).await.status, 200);
    }
    let lasting = raise(&edge, &rider).await;
    let path = format!("/v1/trips/{trip}/cancel");
    assert_eq!(edge.call(Some(&centre.token), "POST", &path, Some(json!({}))).await.status, 200);
    let seen = console(&edge, &stranger).await;
    let after = seen["incidents"].as_array().unwrap().iter().find(|i| i["id"] == lasting.as_str()).unwrap();
    assert_eq!((&after["concerned"], &after["live"]), (&json!(false), &json!(null)), "over, and still not theirs");
    assert_eq!(take(&edge, &own, &lasting).await.status, 200);
    let off_trip = raise(&edge, &edge.staff().await).await;
    assert_eq!(take(&edge, &stranger, &off_trip).await.code(), "not_concerned");
    assert_eq!(take(&edge, &centre, &off_trip).await.status, 200);
}

#[tokio::test]
async fn an_alarm_and_its_taking_are_heard_when_the_account_has_called_too_often() {
    let edge = Edge::new().await;
    let (rider, centre) = (edge.rider().await, edge.centre().await);
    for person in [&rider, &centre] {
        while edge.call(Some(&person.token), "GET", "/v1/me", None).await.code() != "too_many_requests" {}
    }
    let incident = raise(&edge, &rider).await;
    assert_eq!(take(&edge, &centre, &incident).await.status, 200);
    let mut last = 201;
    for _ in 0..61 {
        last = edge.call(Some(&rider.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await.status.as_u16();
    }
    assert_eq!(last, 429, "its own bucket has a bottom too");
}

#[tokio::test]
async fn an_alarm_shows_where_its_device_was_and_where_it_is() {
    let edge = Edge::new().await;
    let (rider, centre) = (edge.rider().await, edge.centre().await);
    fix(&edge, &rider, 1).await;
    let incident = raise(&edge, &rider).await;
    edge.clock.advance_s(40);
    fix(&edge, &rider, 2).await;
    edge.clock.advance_s(5);
    let seen = &console(&edge, &centre).await["incidents"][0];
    assert_eq!((&seen["position"]["age_s"], &seen["live"]["age_s"]), (&json!(45), &json!(5)), "{seen}");
    assert!(seen["live"]["taken_at"].as_str() > seen["position"]["taken_at"].as_str());
    take(&edge, &centre, &incident).await;
    assert!(console(&edge, &centre).await["incidents"][0]["live"].is_object(), "taken is not over");
}

/// As the page of a rider does it that is loaded again between two presses: it counts from 1 in a session of its own each time.
#[tokio::test]
async fn the_place_of_an_alarm_is_that_of_its_press_or_older_by_its_age_whether_or_not_the_page_was_loaded_again() {
    let edge = Edge::new().await;
    let (rider, centre) = (edge.rider().await, edge.centre().await);
    let (here, _) = edge.places();
    let (mut session, mut first_epoch) = (40, None);
    // Over REST alone, and before and after the welcome of a socket.
    for welcomed in [false, true, false] {
        for metres in [0.0, 300.0] {
            let at = geo::Position::new(here.lat() + metres / 111_195.0, here.lon()).unwrap();
            session += 1;
            let one = json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": 1});
            let body = json!({"session": session, "fixes": [one]});
            let told = edge.call(Some(&rider.token), "POST", "/v1/fixes", Some(body.clone())).await;
            assert_eq!(told.body["verdicts"], json!(["ok"]), "session {session}");
            let again = edge.call(Some(&rider.token), "POST", "/v1/fixes", Some(body)).await;
            assert_eq!(again.body["verdicts"], json!(["duplicate"]), "its answer was lost");
            let incident = raise(&edge, &rider).await;
            let seen = &console(&edge, &centre).await["incidents"];
            let alarm = seen.as_array().unwrap().iter().find(|i| i["id"] == incident.as_str()).unwrap();
            assert_eq!(
                (&alarm["position"]["lat"], &alarm["position"]["age_s"]),
                (&json!(at.lat()), &json!(0)),
                "{alarm}"
            );
            take(&edge, &centre, &incident).await;
            // Another press is another alarm.
            edge.clock.advance_s(90);
        }
        if welcomed {
            let now = edge.app.env.now();
            let known = super::known::authenticate(&edge.app, now, super::known::Kind::Token, &rider.token).await;
            let epoch = edge.app.ingest.new_epoch(&edge.app, &known.unwrap().unwrap()).await.ok();
            assert!(epoch > first_epoch);
            first_epoch = epoch;
        }
    }
    // Its place reached nobody: the one that is shown says how old it is.
    let incident = raise(&edge, &rider).await;
    let seen = &console(&edge, &centre).await["incidents"];
    let alarm = seen.as_array().unwrap().iter().find(|i| i["id"] == incident.as_str()).unwrap();
    assert_eq!(alarm["position"]["age_s"], 90, "{alarm}");
}

#[tokio::test]
async fn a_fresh_console_is_shown_what_was_taken_and_what_ended_a_short_while_ago() {
    let edge = Edge::new().await;
    let (rider, centre) = (edge.rider().await, edge.centre().await);
    let trip = edge.trip(&rider).await;
    let incident = raise(&edge, &rider).await;
    take(&edge, &centre, &incident).await;
    let path = format!("/v1/trips/{trip}/unserved");
    edge.call(Some(&centre.token), "POST", &path, Some(json!({"reason": "nobody"}))).await;
    let shown = |console: &Value, part: &str| console[part].as_array().unwrap().len();
    let now = console(&edge, &centre).await;
    assert_eq!((now["trips"][0]["phase"].as_str(), now["trips"][0].get("pickup")), (Some("unserved"), None));
    assert_eq!(now["incidents"][0]["acknowledged_by"], "v");
    for (after_s, trips, incidents) in [(9 * 60, 1, 1), (60, 0, 1), (19 * 60, 0, 1), (60, 0, 0)] {
        edge.clock.advance_s(after_s);
        let later = console(&edge, &centre).await;
        assert_eq!((shown(&later, "trips"), shown(&later, "incidents")), (trips, incidents), "{after_s} s on");
    }
}

#[tokio::test]
async fn the_registered_places_stand_by_an_alarm_until_it_is_taken_and_its_trip_is_over() {
    for ends_first in [false, true] {
        let edge = Edge::new().await;
        let (rider, centre) = (edge.rider().await, edge.centre().await);
        let trip = edge.trip(&rider).await;
        let incident = raise(&edge, &rider).await;
        let places = async || console(&edge, &centre).await["incidents"][0]["registered"].as_array().unwrap().len();
        let end = async || {
            let path = format!("/v1/trips/{trip}/cancel");
            assert_eq!(edge.call(Some(&rider.token), "POST", &path, Some(json!({}))).await.status, 200);
        };
        assert_eq!(places().await, 2);
        if ends_first {
            end().await;
            assert_eq!(places().await, 2, "nobody has taken it");
            let taken = take(&edge, &centre, &incident).await;
            assert_eq!(taken.body["registered"], json!([]), "{}", taken.text);
        } else {
            take(&edge, &centre, &incident).await;
            assert_eq!(places().await, 2, "the trip is open");
            end().await;
        }
        assert_eq!(places().await, 0);
    }
}

#[tokio::test]
async fn an_alarm_and_its_taking_outlive_the_connection_that_brought_them() {
    let edge = Edge::new().await;
    let (rider, centre) = (edge.rider().await, edge.centre().await);
    // The tokens are due to be renewed, nothing can be written, and the caller is cut off meanwhile.
    edge.clock.advance_s(600);
    let cut_off = async |whom: &Person, path: &str, body: Value| {
        let held = edge.app.record.hold_writer().await;
        let asked = edge.call(Some(&whom.token), "POST", path, Some(body));
        assert!(timeout(Duration::from_millis(500), asked).await.is_err(), "answered without a write");
        drop(held);
        edge.app.deeds.close();
        timeout(Duration::from_secs(60), edge.app.deeds.wait()).await.expect("seen through");
    };
    cut_off(&rider, "/v1/sos", json!({"trip": null})).await;
    let raised = edge.app.record.open_incidents().await.unwrap();
    assert_eq!(raised.len(), 1);
    cut_off(&centre, &format!("/v1/incidents/{}/acknowledge", raised[0].id), json!({})).await;
    assert!(edge.app.record.open_incidents().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_alarm_is_raised_even_where_its_trip_cannot_be_read() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let trip = edge.trip(&rider).await;
    edge.app.record.spoil(trip).await;
    assert_eq!(edge.call(Some(&rider.token), "GET", "/v1/trips", None).await.status, 503, "the trip is spoilt");
    let raised = edge.call(Some(&rider.token), "POST", "/v1/sos", Some(json!({"trip": trip.0}))).await;
    assert_eq!(raised.status, 201, "{}", raised.text);
}

#[tokio::test]
async fn a_company_is_not_told_the_name_of_whom_of_another_took_an_alarm() {
    let edge = Edge::new().await;
    let other = edge.other_agency().await;
    let (own, stranger, rider) =
        (edge.supervisor(edge.agency).await, edge.supervisor(other).await, edge.rider_of(vec![edge.agency]).await);
    let incident = raise(&edge, &rider).await;
    take(&edge, &own, &incident).await;
    let seen = &console(&edge, &stranger).await["incidents"][0];
    assert!(seen["acknowledged_by"].is_null() && seen["acknowledged_at"].is_string(), "{seen}");
    let centre = edge.centre().await;
    assert_eq!(console(&edge, &centre).await["incidents"][0]["acknowledged_by"], "v");
}

#[tokio::test]
async fn whoever_called_is_told_later_too_whether_it_was_taken() {
    let edge = Edge::new().await;
    let (rider, centre) = (edge.rider().await, edge.centre().await);
    let call = async || edge.call(Some(&rider.token), "GET", "/v1/me", None).await.body["call"].clone();
    assert!(call().await.is_null());
    let incident = raise(&edge, &rider).await;
    let told = call().await;
    assert_eq!(told["taken"], false, "{told}");
    take(&edge, &centre, &incident).await;
    assert_eq!(call().await, json!({"incident": told["incident"], "taken": true}));
    edge.clock.advance_s(3_601);
    assert!(call().await.is_null());
}
