//! Facts about what the feed tells when the world changes under it: an alarm that cannot be read in full, a crew that is none any
//! more, a staff member who is gone.

use super::*;
use crate::http::fixture::{Edge, Person};
use crate::ws::hub::Registration;
use crate::ws::mailbox::Item;
use serde_json::{Value, json};

async fn connect(edge: &Edge, person: &Person) -> Registration {
    let signed_in = edge.app.record.authenticate(edge.app.env.now(), &person.token).await.unwrap().unwrap();
    edge.app.hub.join(&Arc::new(signed_in))
}

/// Everything that waits, parsed.
fn waiting(seat: &Registration) -> Vec<Value> {
    let items = std::iter::from_fn(|| seat.mailbox().next());
    items.filter_map(|i| if let Item::Text(text) = i { serde_json::from_str(&text).ok() } else { None }).collect()
}

async fn fix(edge: &Edge, person: &Person) {
    let (at, _) = edge.places();
    let one = json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": 1});
    let reply = edge.call(Some(&person.token), "POST", "/v1/fixes", Some(json!({"fixes": [one]}))).await;
    assert_eq!(reply.body["accepted"], 1, "{}", reply.text);
}

async fn suspend(edge: &Edge, whom: &Person) {
    let path = format!("/v1/admin/accounts/{}/suspend", whom.id());
    let done = edge.call(Some(&edge.admin().await.token), "POST", &path, Some(json!({"reason": "x"}))).await;
    assert_eq!(done.status, 204, "{}", done.text);
}

#[tokio::test]
async fn an_alarm_rings_even_while_the_rest_of_it_cannot_be_read() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    edge.trip(&rider).await;
    edge.call(Some(&rider.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await;
    let incidents = edge.app.record.open_incidents().await.unwrap();
    let feed = Feed::new(Arc::clone(&edge.app));
    let changes = Changes { incidents: incidents.clone(), ..Changes::default() };
    edge.app.record.close().await;
    for side in [None, Some(edge.agency)] {
        let ([_, (_, told), _], owed) = feed.parts_for(side, &changes).await;
        let told: Value = serde_json::from_str(&told[0]).unwrap();
        assert_eq!(
            (&told["kind"], &told["registered"], &told["concerned"]),
            (&json!("sos"), &json!([]), &json!(side.is_none()))
        );
        assert_eq!(owed, [incidents[0].id], "and is told in full once it can be");
    }
}

#[tokio::test]
async fn what_is_owed_of_an_alarm_is_told_next_and_its_places_go_with_its_trip() {
    let edge = Edge::new().await;
    let (rider, centre) = (edge.rider().await, edge.centre().await);
    let trip = edge.trip(&rider).await;
    let raised = edge.call(Some(&rider.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await;
    let seat = connect(&edge, &centre).await;
    let mut feed = Feed::new(Arc::clone(&edge.app));
    let registered = async |feed: &mut Feed| {
        feed.tell_changes().await.unwrap();
        let told = waiting(&seat).into_iter().rev().find_map(|frame| frame["incidents"].get(0).cloned());
        told.map(|incident| incident["registered"].as_array().unwrap().len())
    };
    assert_eq!(registered(&mut feed).await, Some(2));
    assert_eq!(registered(&mut feed).await, None);
    feed.alarms.values_mut().for_each(|alarm| alarm.owed = true);
    assert_eq!(registered(&mut feed).await, Some(2));
    let path = format!("/v1/incidents/{}/acknowledge", raised.body["incident"].as_str().unwrap());
    edge.call(Some(&centre.token), "POST", &path, Some(json!({}))).await;
    assert_eq!(registered(&mut feed).await, Some(2), "taken, and the trip is open");
    edge.call(Some(&rider.token), "POST", &format!("/v1/trips/{trip}/cancel"), Some(json!({}))).await;
    assert_eq!(registered(&mut feed).await, Some(0));
}

#[tokio::test]
async fn who_left_the_crew_meanwhile_is_not_told_where_the_others_are() {
    let edge = Edge::new().await;
    let (rider, one, two) = (edge.rider().await, edge.staff().await, edge.staff().await);
    let trip = edge.trip(&rider).await;
    edge.place(trip, &[&one, &two]).await;
    edge.accept(&one).await;
    edge.accept(&two).await;
    let seat = connect(&edge, &one).await;
    let mut feed = Feed::new(Arc::clone(&edge.app));
    feed.tell_changes().await.unwrap();
    feed.tell_crews().await;
    assert_eq!(waiting(&seat).len(), 1, "of the crew");
    let path = format!("/v1/trips/{trip}/drop-out");
    assert_eq!(edge.call(Some(&one.token), "POST", &path, Some(json!({}))).await.status, 204);
    // The feed has not read on yet.
    feed.tell_crews().await;
    assert_eq!(waiting(&seat), Vec::<Value>::new());
}

#[tokio::test]
async fn a_suspended_guard_leaves_the_map_and_the_list_of_the_own_side() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let other = edge.other_agency().await;
    let (own, centre, stranger) =
        (edge.supervisor(edge.agency).await, edge.centre().await, edge.supervisor(other).await);
    fix(&edge, &staff).await;
    let seats = [connect(&edge, &own).await, connect(&edge, &centre).await, connect(&edge, &stranger).await];
    let mut feed = Feed::new(Arc::clone(&edge.app));
    feed.tick().await.unwrap();
    let seen = waiting(&seats[0]);
    assert!(seen.iter().any(|frame| frame["people"][0][0] == json!(staff.account.no)), "{seen:?}");
    for seat in &seats {
        waiting(seat);
    }
    suspend(&edge, &staff).await;
    feed.tick().await.unwrap();
    for (seat, is_told) in seats.iter().zip([true, true, false]) {
        let told = waiting(seat);
        let gone = told.iter().any(|frame| frame["gone"] == json!([staff.account.no]));
        let off = told.iter().any(|frame| frame["staff"][0]["state"] == "off_shift");
        assert_eq!((gone, off), (is_told, is_told), "{told:?}");
    }
    feed.tick().await.unwrap();
    assert_eq!(waiting(&seats[0]), Vec::<Value>::new(), "told once");
}
