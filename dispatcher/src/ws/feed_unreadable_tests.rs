//! Facts about what the feed tells while the record holds rows that cannot be read: all the rest, and that there are such.

use super::slow_tests::{alarms, call_for_help};
use super::tests::{connect, feed, fix, waiting};
use super::*;
use crate::http::fixture::Edge;
use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// Writes beside the server, as a later version might.
async fn beside(edge: &Edge, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(edge.dir().join("record.sqlite"));
    let mut beside = SqliteConnection::connect_with(&options.pragma("ignore_check_constraints", "on")).await.unwrap();
    sqlx::query(sql).execute(&mut beside).await.unwrap();
    beside.close().await.unwrap();
}

/// The marks of the frames that carry any.
fn marks(told: &[Value]) -> Vec<Value> {
    told.iter().filter(|frame| !frame["unreadable"].is_null()).map(|frame| frame["unreadable"].clone()).collect()
}

#[tokio::test]
async fn a_trip_that_cannot_be_read_hides_nothing_but_itself_and_every_console_is_told_of_it() {
    let edge = Edge::new().await;
    let (rider, trip, crew) = edge.assigned().await;
    let (other, later) = (edge.rider().await, edge.rider().await);
    fix(&edge, &crew[0]).await;
    let spoilt = edge.trip(&later).await;
    let seats = [connect(&edge, &edge.centre().await).await, connect(&edge, &edge.supervisor(edge.agency).await).await];
    let phone = connect(&edge, &rider).await;
    let mut feed = feed(&edge);
    assert_eq!(feed.tick().await.unwrap(), Told::All);
    for seat in &seats {
        assert_eq!(marks(&waiting(seat)), Vec::<Value>::new());
    }
    beside(&edge, "update trips set phase = 'later', change_no = change_no + 1000 where phase = 'requested'").await;
    let new = edge.trip(&other).await;
    call_for_help(&edge, &other).await;
    let mut crew_told = 0;
    for tick in 0..9 {
        assert_eq!(feed.tick().await.unwrap(), Told::All, "{tick}");
        crew_told += waiting(&phone).iter().filter(|frame| frame["t"] == "crew_at").count();
        for seat in &seats {
            let told = waiting(seat);
            let is_due = tick % 4 == 0;
            assert_eq!(marks(&told), vec![json!(["trips"]); usize::from(is_due)], "{tick}");
            let trips: Vec<&Value> = told.iter().filter_map(|frame| frame["trips"].as_array()).flatten().collect();
            let alarms = told.iter().filter_map(|frame| frame["incidents"].as_array()).flatten().count();
            let news = usize::from(tick == 0);
            assert_eq!((trips.len(), alarms), (news, news), "{tick}: {told:?}");
            assert!(trips.iter().all(|row| row["id"] == json!(new.0)), "{trips:?}");
        }
    }
    assert_eq!(crew_told, 2, "and where a crew is, once a second");
    let picture = edge.call(Some(&edge.centre().await.token), "GET", "/v1/console", None).await.body;
    assert_eq!((picture["trips"].as_array().unwrap().len(), &picture["unreadable"]), (2, &json!(["trips"])));
    assert_eq!(edge.app.record.trips(&[trip]).await.unwrap().len(), 1);
    // Mended beside the server, without a new number.
    beside(&edge, "update trips set phase = 'matching' where phase = 'later'").await;
    assert_eq!(feed.tick().await.unwrap(), Told::All);
    let told = waiting(&seats[0]);
    assert!(told.iter().any(|frame| frame["trips"][0]["id"] == json!(spoilt.0)), "{told:?}");
    assert_eq!(marks(&told), [json!([])]);
}

#[tokio::test]
async fn an_alarm_that_cannot_be_read_is_told_of_until_it_rings() {
    let edge = Edge::new().await;
    let (rider, other) = (edge.rider().await, edge.rider().await);
    let seat = connect(&edge, &edge.centre().await).await;
    let mut first = feed(&edge);
    first.tick().await.unwrap();
    call_for_help(&edge, &rider).await;
    beside(&edge, "update incidents set kind = 'later'").await;
    call_for_help(&edge, &other).await;
    // One that looked on, and one that begins with it.
    for mut feed in [first, feed(&edge)] {
        waiting(&seat);
        feed.tick().await.unwrap();
        let told = waiting(&seat);
        let rung: Vec<&Value> = told.iter().filter_map(|frame| frame["incidents"].as_array()).flatten().collect();
        assert_eq!(rung.len(), 1, "{told:?}");
        assert_eq!(marks(&told), [json!(["incidents"])]);
        for _ in 0..4 {
            feed.tick().await.unwrap();
        }
        assert_eq!(marks(&waiting(&seat)), [json!(["incidents"])], "again, for some consoles may be new");
    }
    let mut third = feed(&edge);
    third.tick().await.unwrap();
    waiting(&seat);
    beside(&edge, "update incidents set kind = 'sos'").await;
    third.tick().await.unwrap();
    assert_eq!(alarms(&seat).len(), 1, "and it rings");
    assert!(edge.app.record.unreadable().is_empty());
}

#[tokio::test]
async fn of_a_crew_that_cannot_be_read_no_phone_learns_where_it_is() {
    let edge = Edge::new().await;
    let (rider, _, crew) = edge.assigned().await;
    fix(&edge, &crew[0]).await;
    let phone = connect(&edge, &rider).await;
    let mut feed = feed(&edge);
    feed.tell_changes().await.unwrap();
    beside(&edge, "update holds set offer_state = 'later'").await;
    beside(&edge, "update trips set change_no = change_no + 1000").await;
    feed.tell_crews().await;
    feed.tell_changes().await.unwrap();
    for _ in 0..5 {
        feed.tick().await.unwrap();
    }
    assert!(waiting(&phone).iter().all(|frame| frame["t"] != "crew_at"));
}

#[tokio::test]
async fn an_alarm_on_a_trip_that_cannot_be_read_rings_everywhere_and_its_places_are_the_centres_to_take() {
    let edge = Edge::new().await;
    let (rider, centre, own) = (edge.rider().await, edge.centre().await, edge.supervisor(edge.agency).await);
    edge.trip(&rider).await;
    fix(&edge, &rider).await;
    call_for_help(&edge, &rider).await;
    beside(&edge, "update trips set phase = 'later'").await;
    let seats = [connect(&edge, &centre).await, connect(&edge, &own).await];
    let mut feed = feed(&edge);
    feed.tick().await.unwrap();
    for (console, seat, is_concerned) in [(&centre, &seats[0], true), (&own, &seats[1], false)] {
        let told = alarms(seat);
        assert_eq!((told.len(), &told[0]["concerned"]), (1, &json!(is_concerned)));
        let picture = edge.call(Some(&console.token), "GET", "/v1/console", None).await;
        let shown = &picture.body["incidents"][0];
        assert_eq!((&shown["concerned"], shown["live"].is_object()), (&json!(is_concerned), is_concerned));
        let path = format!("/v1/incidents/{}/acknowledge", shown["id"].as_str().unwrap());
        let taken = edge.call(Some(&console.token), "POST", &path, Some(json!({}))).await;
        assert_eq!(taken.status.is_success(), is_concerned, "{}", taken.text);
    }
}
