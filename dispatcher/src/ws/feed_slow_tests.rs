//! Facts about what the feed tells while the record is slow: nothing known of an alarm is told over by less, a round waits once for all
//! sides, and what becomes due by the clock is done when the record was next read.

use super::alarms::Why;
use super::tests::{LONG, connect, feed, fix, just, waiting, watched};
use super::*;
use crate::http::fixture::{Edge, Person};
use crate::record::{Incident, TripRow};
use crate::ws::hub::Registration;
use geo::Position;
use serde_json::{Value, json};
use std::future::pending;

/// The next round reads this, and does not ask the record.
async fn give(feed: &mut Feed, incidents: Vec<Incident>) {
    give_with(feed, incidents, Vec::new()).await;
}

/// The same with what became of trips.
async fn give_with(feed: &mut Feed, incidents: Vec<Incident>, trips: Vec<TripRow>) {
    let read = just(feed, incidents, Arc::clone(&feed.roster));
    let upto = (trips.last().map_or(read.upto.0, |row| row.change_no), read.upto.1);
    let read = Read { trips, upto, ..read };
    let reading = tokio::spawn(async { Ok(read) });
    while !reading.is_finished() {
        tokio::task::yield_now().await;
    }
    feed.reading = Some(reading);
}

/// The trip is over; its row.
async fn cancelled(edge: &Edge, rider: &Person, trip: TripId) -> TripRow {
    let done = edge.call(Some(&rider.token), "POST", &format!("/v1/trips/{trip}/cancel"), Some(json!({}))).await;
    assert!(done.status.is_success(), "{}", done.text);
    edge.app.record.trip(trip).await.unwrap().unwrap()
}

/// What a console is told of alarms.
pub(super) fn alarms(seat: &Registration) -> Vec<Value> {
    let told = waiting(seat);
    told.iter().filter_map(|frame| frame["incidents"].as_array()).flatten().cloned().collect()
}

/// The last of them: where the device is, how many places are registered, whether it is theirs to take.
fn last(seat: &Registration) -> Option<(Option<f64>, usize, bool)> {
    let told = alarms(seat).pop()?;
    let registered = told["registered"].as_array().unwrap().len();
    Some((told["live"]["lat"].as_f64(), registered, told["concerned"].as_bool().unwrap()))
}

pub(super) async fn call_for_help(edge: &Edge, who: &Person) {
    let raised = edge.call(Some(&who.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await;
    assert!(raised.status.is_success(), "{}", raised.text);
}

async fn move_to(edge: &Edge, who: &Person, at: Position, seq: u32) {
    let one = json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": seq});
    let reply = edge.call(Some(&who.token), "POST", "/v1/fixes", Some(json!({"fixes": [one]}))).await;
    assert_eq!(reply.body["accepted"], 1, "{}", reply.text);
}

#[tokio::test]
async fn what_was_told_of_an_alarm_is_never_told_over_by_less_because_the_record_is_slow() {
    let edge = Edge::new().await;
    let (rider, centre, own) = (edge.rider().await, edge.centre().await, edge.supervisor(edge.agency).await);
    let (at, _) = edge.places();
    let trip = edge.trip(&rider).await;
    fix(&edge, &rider).await;
    let seats = [connect(&edge, &centre).await, connect(&edge, &own).await];
    let mut feed = feed(&edge);
    call_for_help(&edge, &rider).await;
    feed.tick().await.unwrap();
    for seat in &seats {
        assert_eq!(last(seat), Some((Some(at.lat()), 2, true)));
    }
    // The device moves, the trip is over, and who was there last cannot be read.
    edge.clock.advance_s(2);
    let moved = Position::new(at.lat() + 0.000_1, at.lon()).unwrap();
    move_to(&edge, &rider, moved, 2).await;
    let over = cancelled(&edge, &rider, trip).await;
    let held = edge.app.record.hold_readers().await;
    feed.read_wait = READ_WAIT;
    give_with(&mut feed, Vec::new(), vec![over]).await;
    assert_eq!(feed.tell_changes().await.unwrap(), Told::All);
    assert_eq!(last(&seats[0]), Some((Some(moved.lat()), 2, true)), "the centre needs nothing of the record for it");
    assert_eq!(last(&seats[1]), None, "the company keeps what it knows");
    give(&mut feed, Vec::new()).await;
    feed.tell_changes().await.unwrap();
    assert_eq!(seats.each_ref().map(last), [None, None]);

    drop(held);
    feed.read_wait = LONG;
    feed.tell_changes().await.unwrap();
    assert_eq!(seats.each_ref().map(last), [None, Some((Some(moved.lat()), 2, true))], "what was owed, to whom it was");
    feed.tell_changes().await.unwrap();
    assert_eq!(seats.each_ref().map(last), [None, None], "once");
}

#[tokio::test]
async fn an_alarm_that_was_just_raised_rings_with_all_that_is_known_without_reading_and_is_taken_back_nowhere() {
    let edge = Edge::new().await;
    let (rider, centre, own) = (edge.rider().await, edge.centre().await, edge.supervisor(edge.agency).await);
    let (at, _) = edge.places();
    edge.trip(&rider).await;
    fix(&edge, &rider).await;
    let seats = [connect(&edge, &centre).await, connect(&edge, &own).await];
    let mut feed = feed(&edge);
    feed.tick().await.unwrap();
    for seat in &seats {
        waiting(seat);
    }
    call_for_help(&edge, &rider).await;
    let raised = edge.app.record.open_incidents().await.unwrap();
    let held = edge.app.record.hold_readers().await;
    feed.read_wait = READ_WAIT;
    give(&mut feed, raised.clone()).await;
    feed.tell_changes().await.unwrap();
    let [to_centre, to_own] = seats.each_ref().map(|seat| alarms(seat).pop().unwrap());
    assert_eq!(
        (&to_centre["position"]["lat"], &to_centre["live"]["lat"], &to_centre["concerned"]),
        (&json!(at.lat()), &json!(at.lat()), &json!(true))
    );
    assert_eq!((&to_own["position"], &to_own["concerned"]), (&Value::Null, &json!(false)));
    // A second press brings the place: the company has heard of the alarm, and more cannot be said yet.
    give(&mut feed, raised).await;
    feed.tell_changes().await.unwrap();
    assert_eq!(seats.each_ref().map(|seat| alarms(seat).len()), [1, 0]);

    drop(held);
    feed.read_wait = LONG;
    feed.tell_changes().await.unwrap();
    let whole = Some((Some(at.lat()), 2, true));
    assert_eq!(seats.each_ref().map(last), [whole, whole]);
}

#[tokio::test]
async fn while_the_record_hangs_a_moving_alarm_is_followed_by_whoever_it_is_known_to_concern() {
    let edge = Edge::new().await;
    let (rider, _, _) = edge.assigned().await;
    let (centre, own) = (edge.centre().await, edge.supervisor(edge.agency).await);
    let other = edge.supervisor(edge.other_agency().await).await;
    let (at, _) = edge.places();
    fix(&edge, &rider).await;
    let seats = [connect(&edge, &centre).await, connect(&edge, &own).await, connect(&edge, &other).await];
    let mut feed = feed(&edge);
    call_for_help(&edge, &rider).await;
    feed.tick().await.unwrap();
    assert_eq!(seats.each_ref().map(|seat| last(seat).map(|(.., is)| is)), [Some(true), Some(true), Some(false)]);
    feed.read_wait = Duration::ZERO;
    for seq in 2..5 {
        edge.clock.advance_s(2);
        let moved = Position::new(at.lat() + 0.000_1 * f64::from(seq), at.lon()).unwrap();
        move_to(&edge, &rider, moved, seq).await;
        feed.reading = Some(tokio::spawn(pending()));
        assert_eq!(feed.tick().await.unwrap(), Told::Behind);
        let whole = Some((Some(moved.lat()), 2, true));
        assert_eq!(seats.each_ref().map(last), [whole, whole, Some((None, 0, false))]);
    }
    // Those who are told that they are behind stay so, whatever they are told beside it.
    feed.reading = Some(tokio::spawn(pending()));
    feed.tick().await.unwrap();
    edge.clock.advance_s(2);
    move_to(&edge, &rider, at, 9).await;
    waiting(&seats[1]);
    feed.tick().await.unwrap();
    let told = waiting(&seats[1]);
    assert!(told.iter().any(|frame| frame["incidents"].get(0).is_some()), "{told:?}");
    assert_eq!(told.iter().rev().find(|f| f["t"] == "console").unwrap()["behind"], true);
}

#[tokio::test]
async fn while_the_record_hangs_a_moving_alarm_is_followed_by_whom_it_concerns_by_what_was_read_before() {
    for what in ["a rider's whose trip has no crew", "a rider's without a trip", "of staff without a trip"] {
        let edge = Edge::new().await;
        let who = match what {
            "of staff without a trip" => edge.staff().await,
            _ => edge.rider_of(vec![edge.agency]).await,
        };
        if what == "a rider's whose trip has no crew" {
            edge.trip(&who).await;
        }
        let (own, other) = (edge.supervisor(edge.agency).await, edge.supervisor(edge.other_agency().await).await);
        fix(&edge, &who).await;
        let seats = [connect(&edge, &own).await, connect(&edge, &other).await];
        let mut feed = feed(&edge);
        call_for_help(&edge, &who).await;
        feed.tick().await.unwrap();
        let [(_, registered, true), (None, 0, false)] = seats.each_ref().map(|seat| last(seat).unwrap()) else {
            panic!("{what}: it concerns the one alone")
        };
        feed.read_wait = Duration::ZERO;
        for seq in 2..5 {
            edge.clock.advance_s(2);
            let at = edge.places().0;
            let moved = Position::new(at.lat() + 0.000_1 * f64::from(seq), at.lon()).unwrap();
            move_to(&edge, &who, moved, seq).await;
            feed.reading = Some(tokio::spawn(pending()));
            assert_eq!(feed.tick().await.unwrap(), Told::Behind);
            assert_eq!(last(&seats[0]), Some((Some(moved.lat()), registered, true)), "{what}");
            assert!(alarms(&seats[1]).is_empty(), "{what}: nothing beyond that it rings");
        }
    }
}

#[tokio::test]
async fn that_an_alarm_was_taken_reaches_a_company_though_nobody_can_say_whether_it_concerns_it() {
    let edge = Edge::new().await;
    let (rider, centre, own) = (edge.rider().await, edge.centre().await, edge.supervisor(edge.agency).await);
    let (at, _) = edge.places();
    let trip = edge.trip(&rider).await;
    fix(&edge, &rider).await;
    let seat = connect(&edge, &own).await;
    let mut feed = feed(&edge);
    call_for_help(&edge, &rider).await;
    feed.tick().await.unwrap();
    let before = alarms(&seat).pop().unwrap();
    edge.clock.advance_s(10);
    let path = format!("/v1/incidents/{}/acknowledge", before["id"].as_str().unwrap());
    assert_eq!(edge.call(Some(&centre.token), "POST", &path, Some(json!({}))).await.status, 200);
    // Who was on the trip last would have to be read.
    let over = cancelled(&edge, &rider, trip).await;
    let taken = edge.app.record.incidents_changed_after(feed.incidents_after).await.unwrap().rows;
    let held = edge.app.record.hold_readers().await;
    feed.read_wait = READ_WAIT;
    for rings_off in [1, 0] {
        let (incidents, trips) = if rings_off == 1 { (taken.clone(), vec![over.clone()]) } else { Default::default() };
        give_with(&mut feed, incidents, trips).await;
        feed.tell_changes().await.unwrap();
        let told = alarms(&seat);
        assert_eq!(told.len(), rings_off, "once");
        for one in told {
            assert!(before["acknowledged_at"].is_null() && one["acknowledged_at"].is_string());
            assert_eq!((&one["live"]["lat"], &one["registered"]), (&json!(at.lat()), &before["registered"]), "no less");
            let age_s = |of: &Value| of["live"]["age_s"].as_i64().unwrap();
            assert_eq!(age_s(&one), age_s(&before) + 10, "and no younger");
        }
    }
    drop(held);
}

#[tokio::test]
async fn a_round_waits_once_for_all_sides_and_each_of_them_rings() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let mut consoles = vec![edge.centre().await, edge.supervisor(edge.agency).await];
    for _ in 0..3 {
        consoles.push(edge.supervisor(edge.other_agency().await).await);
    }
    let mut seats = Vec::new();
    for console in &consoles {
        seats.push(connect(&edge, console).await);
    }
    fix(&edge, &rider).await;
    let mut feed = feed(&edge);
    feed.tick().await.unwrap();
    call_for_help(&edge, &rider).await;
    let raised = edge.app.record.open_incidents().await.unwrap();
    let held = edge.app.record.hold_readers().await;
    give(&mut feed, raised).await;
    // The clock of timers stands from here on, and goes to the next when all are idle.
    tokio::time::pause();
    feed.read_wait = READ_WAIT;
    let begun = Instant::now();
    feed.tell_changes().await.unwrap();
    assert!(begun.elapsed() < 2 * READ_WAIT, "{:?}", begun.elapsed());
    let concerned: Vec<Option<bool>> = seats.iter().map(|seat| last(seat).map(|(_, _, is)| is)).collect();
    assert_eq!(concerned, [Some(true), Some(false), Some(false), Some(false), Some(false)]);
    assert_eq!(feed.lookups.len(), 1, "the record is not asked for more while it does not answer");

    tokio::time::resume();
    drop(held);
    feed.read_wait = LONG;
    feed.tell_changes().await.unwrap();
    assert_eq!(last(&seats[0]), None);
    assert!(seats[1..].iter().all(|seat| last(seat).is_some_and(|(live, _, is)| live.is_some() && is)));
}

#[tokio::test]
async fn the_centre_is_told_first_and_then_whoever_was_left_short() {
    let edge = Edge::new().await;
    let mut consoles = vec![edge.supervisor(edge.agency).await];
    for _ in 0..2 {
        consoles.push(edge.supervisor(edge.other_agency().await).await);
    }
    consoles.push(edge.centre().await);
    let rider = edge.rider().await;
    call_for_help(&edge, &rider).await;
    let mut seats = Vec::new();
    for console in &consoles {
        seats.push(connect(&edge, console).await);
    }
    let mut feed = feed(&edge);
    feed.tick().await.unwrap();
    let mut order = |owed: &[Side]| {
        feed.alarms.values_mut().for_each(|alarm| alarm.owed = owed.iter().copied().collect());
        let sides = by_side(edge.app.hub.peek_consoles());
        feed.in_turn(sides).into_iter().map(|(side, _)| side).collect::<Vec<_>>()
    };
    let plain = order(&[]);
    assert_eq!((plain.len(), plain[0]), (4, None));
    for short in &plain[1..] {
        let others = plain[1..].iter().filter(|side| *side != short);
        let expected: Vec<Side> = [&None, short].into_iter().chain(others).copied().collect();
        assert_eq!(order(&[*short]), expected);
    }
}

#[tokio::test]
async fn what_is_owed_of_an_alarm_comes_before_what_is_new_of_others() {
    let edge = Edge::new().await;
    let (at, _) = edge.places();
    let riders = [edge.rider().await, edge.rider().await, edge.rider().await];
    for rider in &riders {
        call_for_help(&edge, rider).await;
    }
    let _seat = connect(&edge, &edge.centre().await).await;
    let mut feed = feed(&edge);
    feed.tick().await.unwrap();
    let ids: Vec<IncidentId> = feed.alarms.keys().copied().collect();
    for (id, seq) in ids.into_iter().zip(1..) {
        edge.clock.advance_s(2);
        for rider in &riders {
            move_to(&edge, rider, at, seq).await;
        }
        feed.alarms.values_mut().for_each(|alarm| alarm.owed.clear());
        feed.alarms.get_mut(&id).unwrap().owed = [None].into();
        let mut changes = Changes::default();
        feed.follow_alarms(&mut changes, edge.app.env.now());
        assert!(changes.alarms.len() == 3 && changes.alarms[0] == (id, Why::News));
    }
}

/// Nine ticks in of which the record answers every other, and never when the number of the tick is even.
async fn every_other_tick(feed: &mut Feed, mut after: impl AsyncFnMut(u64)) {
    for tick in 1..10 {
        let is_read = tick % 2 == 1;
        let reading = (!is_read).then(|| tokio::spawn(pending()));
        feed.read_wait = if is_read { LONG } else { Duration::ZERO };
        feed.reading = reading;
        let told = feed.tick().await.unwrap();
        assert_eq!(told, if is_read { Told::All } else { Told::Behind });
        after(tick).await;
    }
}

#[tokio::test]
async fn where_the_crew_is_reaches_the_phones_though_the_record_answers_in_odd_ticks_only() {
    let edge = Edge::new().await;
    let (rider, _, crew) = edge.assigned().await;
    fix(&edge, &crew[0]).await;
    let seat = connect(&edge, &rider).await;
    let mut feed = feed(&edge);
    let mut told_at = Vec::new();
    every_other_tick(&mut feed, async |tick| {
        if waiting(&seat).iter().any(|frame| frame["t"] == "crew_at") {
            told_at.push(tick);
        }
    })
    .await;
    assert_eq!(told_at, [5, 9], "once a second");
}

#[tokio::test]
async fn who_fell_silent_is_so_in_the_list_though_the_record_answers_in_odd_ticks_only() {
    let edge = Edge::new().await;
    let (staff, own) = (edge.staff().await, edge.supervisor(edge.agency).await);
    fix(&edge, &staff).await;
    watched(&edge).await;
    let seat = connect(&edge, &own).await;
    let mut feed = feed(&edge);
    let mut told = Vec::new();
    every_other_tick(&mut feed, async |tick| {
        let rows: Vec<Value> = waiting(&seat).iter().filter_map(|f| f["staff"].as_array()).flatten().cloned().collect();
        told.extend(rows.into_iter().map(|row| (tick, row["silent"].clone())));
        if tick == 1 {
            // By the clock alone.
            edge.clock.advance_s(61);
            watched(&edge).await;
        }
    })
    .await;
    assert_eq!(told, [(1, json!(false)), (5, json!(true))]);
}

#[tokio::test]
async fn where_a_crew_is_goes_out_after_the_next_reading_if_its_own_check_took_too_long_and_not_to_who_left() {
    let edge = Edge::new().await;
    let (_, trip, [one, two]) = edge.assigned().await;
    fix(&edge, &one).await;
    let seats = [connect(&edge, &one).await, connect(&edge, &two).await];
    let mut feed = feed(&edge);
    let crew_told = || seats.each_ref().map(|seat| waiting(seat).iter().filter(|f| f["t"] == "crew_at").count());
    assert_eq!(feed.tell_changes().await.unwrap(), Told::All);
    for (does_leave, expected) in [(false, [1, 1]), (true, [0, 0])] {
        let held = edge.app.record.hold_readers().await;
        feed.read_wait = Duration::ZERO;
        feed.tell_crews().await;
        drop(held);
        feed.read_wait = LONG;
        assert_eq!(crew_told(), [0, 0], "nobody knows whether they are the crew");
        if does_leave {
            let path = format!("/v1/trips/{trip}/drop-out");
            assert_eq!(edge.call(Some(&one.token), "POST", &path, Some(json!({}))).await.status, 204);
        }
        feed.tell_crews_when_due(&Ok(Told::Behind)).await;
        assert_eq!(crew_told(), [0, 0]);
        let told = feed.tell_changes().await;
        feed.tell_crews_when_due(&told).await;
        assert_eq!(crew_told(), expected);
    }
}
