//! Fixes over REST, from the door to the index, the consoles, an alarm and the trip's track.

use super::sources::FIX_RATE;
use super::tracks;
use crate::engine::watch::trips::Sign;
use crate::http::fixture::{Edge, Person, Reply};
use geo::Position;
use serde_json::{Value, json};

fn fix(at: Position, age_ms: i64, seq: u32) -> Value {
    json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": age_ms, "seq": seq})
}

async fn post(edge: &Edge, who: &Person, fixes: &[Value]) -> Reply {
    edge.call(Some(&who.token), "POST", "/v1/fixes", Some(json!({"fixes": fixes}))).await
}

async fn verdicts(edge: &Edge, who: &Person, fixes: &[Value]) -> Vec<String> {
    let reply = post(edge, who, fixes).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    reply.body["verdicts"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// Some metres off, to any side.
fn near(at: Position, metres: f64) -> Position {
    Position::new(at.lat() + metres / 111_195.0, at.lon()).unwrap()
}

#[tokio::test]
async fn every_fix_gets_its_verdict_and_one_bad_one_spoils_no_batch() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let (at, _) = edge.places();
    let with = |name: &str, value: Value| {
        let mut fix = fix(at, 0, 1);
        fix[name] = value;
        fix
    };
    let mut batch = vec![
        fix(at, 90_000, 1),
        with("acc_m", json!(-1)),
        with("acc_m", json!(30_000)),
        with("age_ms", json!(-6_000)),
        with("age_ms", json!(86_400_001)),
        fix(near(at, 40_000.0), 0, 6),
        fix(near(at, 9_000.0), 0, 7),
        with("acc_m", json!(600)),
        fix(at, 0, 9),
    ];
    for (fix, seq) in batch.iter_mut().zip(1..) {
        fix["seq"] = json!(seq);
    }
    let told = verdicts(&edge, &staff, &batch).await;
    let north = edge.app.sight.serves(near(at, 9_000.0));
    let far = if north { "jump" } else { "outside_area" };
    let expected = ["late", "inaccurate", "inaccurate", "future", "too_old", "outside_area", far, "coarse", "ok"];
    assert_eq!(told, expected);
    assert_eq!(edge.app.sight.places.last_fix(staff.id()).unwrap().seq, 9);
}

#[tokio::test]
async fn a_doubted_fix_moves_nobody_and_the_supervisor_reads_why() {
    let edge = Edge::new().await;
    let (staff, supervisor) = (edge.staff().await, edge.supervisor(edge.agency).await);
    let (at, other) = edge.places();
    let row = async || {
        let reply = edge.call(Some(&supervisor.token), "GET", "/v1/console", None).await;
        reply.body["staff"][0]["verdict"].clone()
    };
    assert_eq!(verdicts(&edge, &staff, &[fix(at, 0, 1)]).await, ["ok"]);
    assert_eq!(row().await, Value::Null);
    for (seq, told) in [(2, "jump"), (2, "duplicate"), (3, "jump")] {
        assert_eq!(verdicts(&edge, &staff, &[fix(other, 0, seq)]).await, [told], "{seq}");
        assert_eq!(edge.app.sight.places.last_fix(staff.id()).unwrap().position, at);
        assert_eq!(row().await, "jump");
    }
    assert_eq!(verdicts(&edge, &staff, &[fix(other, 0, 4)]).await, ["ok"], "it keeps saying so");
    assert_eq!(edge.app.sight.places.last_fix(staff.id()).unwrap().position, other);
    assert_eq!(row().await, Value::Null);
}

#[tokio::test]
async fn a_clock_that_is_behind_is_told_to_the_supervisor_until_something_fresh_comes() {
    let edge = Edge::new().await;
    let (staff, supervisor) = (edge.staff().await, edge.supervisor(edge.agency).await);
    let (at, _) = edge.places();
    let row = async || {
        let reply = edge.call(Some(&supervisor.token), "GET", "/v1/console", None).await;
        reply.body["staff"][0]["verdict"].clone()
    };
    for seq in 1..3 {
        assert_eq!(verdicts(&edge, &staff, &[fix(at, 300_000, seq)]).await, ["late"]);
        assert_eq!(row().await, "late");
        edge.clock.advance_s(5);
    }
    // As late a one in a batch that ends with a fresh one is no reason, nor is what comes late beside it.
    assert_eq!(verdicts(&edge, &staff, &[fix(at, 90_000, 3), fix(at, 0, 4)]).await, ["late", "ok"]);
    assert_eq!(row().await, Value::Null);
    assert_eq!(verdicts(&edge, &staff, &[fix(at, 90_000, 5)]).await, ["old"]);
    assert_eq!(row().await, Value::Null);
    // Somebody set the clock back: what was believed is old by now, and nothing newer can come.
    edge.clock.advance_s(61);
    assert_eq!(verdicts(&edge, &staff, &[fix(at, 90_000, 6)]).await, ["old"]);
    assert_eq!(row().await, "old");
    assert_eq!(verdicts(&edge, &staff, &[fix(at, 0, 7)]).await, ["ok"]);
    assert_eq!(row().await, Value::Null);
}

#[tokio::test]
async fn an_alarm_shows_the_place_that_is_not_believed_beside_the_last_that_is() {
    let edge = Edge::new().await;
    let (rider, centre) = (edge.rider().await, edge.centre().await);
    let (at, _) = edge.places();
    verdicts(&edge, &rider, &[fix(at, 0, 1)]).await;
    let away = near(at, 40_000.0);
    assert_eq!(verdicts(&edge, &rider, &[fix(away, 0, 2)]).await, ["outside_area"]);
    edge.call(Some(&rider.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await;
    let seen = async || edge.call(Some(&centre.token), "GET", "/v1/console", None).await.body["incidents"][0].clone();
    let alarm = seen().await;
    assert_eq!(alarm["position"]["lat"], json!(at.lat()));
    assert!(alarm["position"].get("verdict").is_none());
    assert_eq!(
        (alarm["doubted"]["lat"].as_f64().unwrap(), &alarm["doubted"]["verdict"]),
        (away.lat(), &json!("outside_area"))
    );
    verdicts(&edge, &rider, &[fix(near(at, 20.0), 0, 3)]).await;
    assert_eq!(seen().await["doubted"], Value::Null, "what is believed is newer");
}

#[tokio::test]
async fn fixes_have_a_rate_of_their_own_and_a_batch_counts_by_fix() {
    let edge = Edge::new().await;
    let (staff, other) = (edge.staff().await, edge.staff().await);
    let (at, _) = edge.places();
    let mut seq = 0;
    let mut batch = |n: u32| {
        seq += n;
        (seq - n..seq).map(|seq| fix(at, 0, seq)).collect::<Vec<_>>()
    };
    for _ in 0..FIX_RATE.burst as u32 / 60 {
        assert_eq!(post(&edge, &staff, &batch(60)).await.status, 202);
    }
    let refused = post(&edge, &staff, &batch(60)).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (429, "too_many_requests"));
    let wait_s = (60.0 / FIX_RATE.per_s).ceil() as i64;
    assert_eq!(refused.headers["retry-after"].to_str().unwrap(), wait_s.to_string());
    assert_eq!(post(&edge, &other, &batch(1)).await.status, 202, "others are not held up");
    edge.clock.advance_s(wait_s);
    assert_eq!(post(&edge, &staff, &batch(60)).await.status, 202);
}

#[tokio::test]
async fn fixes_from_the_subway_go_to_the_trips_track_in_order_and_only_the_newest_is_now() {
    let edge = Edge::new().await;
    let (_, trip, [one, two]) = edge.assigned().await;
    edge.app.roster.refresh(&edge.app.record, edge.app.env.now()).await.unwrap();
    let centre = edge.centre().await;
    let (at, _) = edge.places();
    verdicts(&edge, &one, &[fix(at, 0, 1)]).await;
    edge.clock.advance_s(300);
    // Twenty fixes 10 s apart from the way, and the next street; then the first of them again.
    let batch: Vec<Value> =
        (0..20).map(|n| fix(near(at, f64::from(n) * 20.0), 190_000 - i64::from(n) * 10_000, n + 2)).collect();
    let told = verdicts(&edge, &one, &batch).await;
    assert_eq!((told[0].as_str(), told[19].as_str()), ("late", "ok"));
    assert_eq!(edge.app.sight.places.last_fix(one.id()).unwrap().seq, 21);
    assert_eq!(verdicts(&edge, &one, &batch[..1]).await, ["old"]);
    assert_eq!(edge.app.sight.places.last_fix(one.id()).unwrap().seq, 21);
    verdicts(&edge, &two, &[fix(at, 0, 1)]).await;
    tracks::flush(&edge.app).await;
    let path = format!("/v1/trips/{trip}/track");
    let reply = edge.call(Some(&centre.token), "POST", &path, Some(json!({"reason": "check"}))).await;
    let members = reply.body["members"].as_array().unwrap();
    let own = members.iter().find(|m| m["staff"] == json!(one.id().0)).unwrap();
    let stretches: Vec<usize> =
        own["stretches"].as_array().unwrap().iter().map(|s| s.as_array().unwrap().len()).collect();
    assert_eq!((members.len(), stretches), (2, vec![1, 20]), "{}", reply.text);
    let lats: Vec<f64> = own["stretches"][1].as_array().unwrap().iter().map(|p| p["lat"].as_f64().unwrap()).collect();
    assert!(lats.windows(2).all(|w| w[0] < w[1]), "in order");
}

#[tokio::test]
async fn a_backlog_that_comes_after_a_fresh_fix_is_on_the_track_and_moves_neither_marker_nor_watch() {
    let edge = Edge::new().await;
    let (_, trip, [one, _]) = edge.assigned().await;
    let (app, now) = (&edge.app, edge.app.env.now());
    app.roster.refresh(&app.record, now).await.unwrap();
    app.watch.trip(&app.record.trip(trip).await.unwrap().unwrap(), &[], now);
    let (at, _) = edge.places();
    let signs = || app.watch.flags(trip, now).into_iter().map(|flag| flag.sign).collect::<Vec<_>>();
    assert_eq!(verdicts(&edge, &one, &[fix(at, 0, 100)]).await, ["ok"]);
    assert_eq!(signs(), [Sign::AtMeeting]);
    // As the next street has it, and as three say that they are elsewhere.
    let backlog: Vec<Value> = [150.0, 900.0, 900.0, 900.0]
        .into_iter()
        .zip(101..)
        .map(|(metres, seq)| fix(near(at, metres), 90_000 - i64::from(seq), seq))
        .collect();
    assert_eq!(verdicts(&edge, &one, &backlog).await, ["old"; 4]);
    let last = app.sight.places.last_fix(one.id()).unwrap();
    assert_eq!((last.seq, last.position), (100, at));
    assert_eq!(signs(), [Sign::AtMeeting], "not left");
    assert_eq!(app.ingest.tracks.len(), 5, "where they were then is on the track");
    assert_eq!(verdicts(&edge, &one, &[fix(at, 0, 105)]).await, ["ok"]);
}

#[tokio::test]
async fn what_was_taken_on_a_trip_reaches_its_track_after_the_shift_and_nothing_else_does() {
    let edge = Edge::new().await;
    let (_, trip, [one, two]) = edge.assigned().await;
    let centre = edge.centre().await;
    let (at, _) = edge.places();
    for member in [&one, &two] {
        for to in ["en_route", "arrived"] {
            let path = format!("/v1/trips/{trip}/status");
            edge.call(Some(&member.token), "POST", &path, Some(json!({"to": to}))).await;
        }
    }
    edge.clock.advance_s(100);
    for to in ["met", "escorting", "completed"] {
        let path = format!("/v1/trips/{trip}/status");
        edge.call(Some(&one.token), "POST", &path, Some(json!({"to": to}))).await;
    }
    assert_eq!(edge.call(Some(&one.token), "DELETE", "/v1/shift", None).await.status, 204);
    edge.clock.advance_s(100);
    // One from the trip, one from after it, one from now.
    let told = verdicts(&edge, &one, &[fix(at, 150_000, 1), fix(at, 80_000, 2), fix(at, 0, 3)]).await;
    assert_eq!(told, ["not_on_shift"; 3]);
    assert!(edge.app.sight.places.last_fix(one.id()).is_none());
    tracks::flush(&edge.app).await;
    let path = format!("/v1/trips/{trip}/track");
    let reply = edge.call(Some(&centre.token), "POST", &path, Some(json!({"reason": "check"}))).await;
    let stretches = &reply.body["members"][0]["stretches"];
    assert_eq!((stretches.as_array().unwrap().len(), stretches[0].as_array().unwrap().len()), (1, 1), "{}", reply.text);
}

#[tokio::test]
async fn with_the_record_away_fixes_wait_and_are_not_lost() {
    let edge = Edge::new().await;
    let (_, _, [one, _]) = edge.assigned().await;
    edge.app.roster.refresh(&edge.app.record, edge.app.env.now()).await.unwrap();
    let (at, _) = edge.places();
    verdicts(&edge, &one, &[fix(at, 0, 1)]).await;
    edge.app.record.close().await;
    tracks::flush(&edge.app).await;
    assert_eq!(edge.app.ingest.tracks.len(), 1);
}

#[tokio::test]
async fn nobody_spoils_the_track_of_their_trip_by_numbers_out_of_turn() {
    let edge = Edge::new().await;
    let (_, trip, [one, _]) = edge.assigned().await;
    edge.app.roster.refresh(&edge.app.record, edge.app.env.now()).await.unwrap();
    let centre = edge.centre().await;
    let (at, _) = edge.places();
    verdicts(&edge, &one, &[fix(at, 0, 100)]).await;
    let with = |seq: u32, name: &str, value: Value| {
        let mut fix = fix(at, 0, seq);
        fix[name] = value;
        fix
    };
    let bad = [
        with(99, "acc_m", json!(-1)),
        with(98, "acc_m", json!(1e12)),
        with(97, "age_ms", json!(i64::MIN)),
        with(96, "age_ms", json!(i64::MAX)),
    ];
    assert_eq!(verdicts(&edge, &one, &bad).await, ["old"; 4]);
    tracks::flush(&edge.app).await;
    let path = format!("/v1/trips/{trip}/track");
    let reply = edge.call(Some(&centre.token), "POST", &path, Some(json!({"reason": "check"}))).await;
    let stretches = &reply.body["members"][0]["stretches"];
    assert_eq!((stretches.as_array().unwrap().len(), stretches[0].as_array().unwrap().len()), (1, 1), "{}", reply.text);
}

#[tokio::test]
async fn a_track_that_is_empty_since_the_phone_s_clock_is_wrong_says_so() {
    let edge = Edge::new().await;
    let (_, trip, [one, _]) = edge.assigned().await;
    edge.app.roster.refresh(&edge.app.record, edge.app.env.now()).await.unwrap();
    let centre = edge.centre().await;
    let (at, _) = edge.places();
    assert_eq!(verdicts(&edge, &one, &[fix(at, -60_000, 1), fix(at, -60_000, 2)]).await, ["future"; 2]);
    edge.clock.advance_s(5);
    assert_eq!(verdicts(&edge, &one, &[fix(at, -60_000, 3)]).await, ["future"]);
    tracks::flush(&edge.app).await;
    let path = format!("/v1/trips/{trip}/track");
    let reply = edge.call(Some(&centre.token), "POST", &path, Some(json!({"reason": "check"}))).await;
    let [member] = &reply.body["members"].as_array().unwrap()[..] else { panic!("{}", reply.text) };
    let refused = &member["refused"].as_array().unwrap()[..];
    assert_eq!((&member["stretches"], refused.len()), (&json!([]), 1), "{}", reply.text);
    assert_eq!((&refused[0]["verdict"], &refused[0]["fixes"]), (&json!("future"), &json!(3)));
    assert!(refused[0]["first"].as_str() < refused[0]["last"].as_str(), "{}", reply.text);
}

/// A fix of the staff member that another node believed.
fn believed(edge: &Edge, who: &Person, at: Position, seq: u32) -> geo::Fix {
    let taken_at_ms = edge.app.env.now().0;
    let fix = geo::Fix { position: at, accuracy_m: 5.0, kind: geo::FixKind::Gps, taken_at_ms, session_epoch: 1, seq };
    assert!(edge.app.sight.places.put_staff(who.id(), 1, fix).is_kept());
    fix
}

#[tokio::test]
async fn what_another_node_believed_is_on_the_track_once_and_the_next_is_judged_by_it() {
    let edge = Edge::new().await;
    let (_, trip, [one, two]) = edge.assigned().await;
    edge.app.roster.refresh(&edge.app.record, edge.app.env.now()).await.unwrap();
    let centre = edge.centre().await;
    let (at, other) = edge.places();
    assert_eq!(verdicts(&edge, &one, &[fix(at, 0, 1)]).await, ["ok"]);
    edge.clock.advance_s(4);
    // One that nobody follows with another, and one that the next finds.
    let alone = believed(&edge, &two, at, 7);
    for _ in 0..2 {
        super::take_over(&edge.app, two.id(), alone, edge.app.env.now());
    }
    believed(&edge, &one, near(at, 20.0), 8);
    edge.clock.advance_s(4);
    assert_eq!(verdicts(&edge, &one, &[fix(at, 0, 7)]).await, ["old"]);
    assert_eq!(verdicts(&edge, &one, &[fix(near(at, 20.0), 4_000, 8)]).await, ["duplicate"]);
    assert_eq!(verdicts(&edge, &one, &[fix(other, 0, 9)]).await, ["jump"]);
    edge.clock.advance_s(4);
    assert_eq!(verdicts(&edge, &one, &[fix(near(at, 40.0), 0, 10)]).await, ["ok"]);
    tracks::flush(&edge.app).await;
    let path = format!("/v1/trips/{trip}/track");
    let reply = edge.call(Some(&centre.token), "POST", &path, Some(json!({"reason": "check"}))).await;
    let on_track = |who: &Person| {
        let members = reply.body["members"].as_array().unwrap();
        let own = members.iter().find(|m| m["staff"] == json!(who.id().0)).unwrap();
        let points = own["stretches"].as_array().unwrap().iter().flat_map(|s| s.as_array().unwrap());
        points.filter(|p| p["verdict"] == "ok").count()
    };
    assert_eq!((on_track(&one), on_track(&two)), (3, 1), "{}", reply.text);
}

#[tokio::test]
async fn a_fix_from_just_before_the_trip_does_not_stand_in_for_its_first() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let trip = edge.trip(&rider).await;
    let crew = [edge.staff().await, edge.staff().await];
    edge.place(trip, &[&crew[0], &crew[1]]).await;
    edge.app.roster.refresh(&edge.app.record, edge.app.env.now()).await.unwrap();
    let centre = edge.centre().await;
    let (at, _) = edge.places();
    verdicts(&edge, &crew[0], &[fix(at, 0, 1)]).await;
    edge.clock.advance_s(1);
    for member in &crew {
        edge.accept(member).await;
    }
    edge.app.roster.refresh(&edge.app.record, edge.app.env.now()).await.unwrap();
    verdicts(&edge, &crew[0], &[fix(near(at, 20.0), 0, 2)]).await;
    tracks::flush(&edge.app).await;
    let path = format!("/v1/trips/{trip}/track");
    let reply = edge.call(Some(&centre.token), "POST", &path, Some(json!({"reason": "check"}))).await;
    let members = reply.body["members"].as_array().unwrap();
    let points = members[0]["stretches"].as_array().unwrap().iter().flat_map(|s| s.as_array().unwrap());
    assert_eq!(
        (members.len(), points.count()),
        (1, 1),
        "the first of the trip, and none so soon after: {}",
        reply.text
    );
}

#[tokio::test]
async fn of_who_is_only_asked_one_fix_in_two_seconds_waits_for_a_track() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let trip = edge.trip(&rider).await;
    let (staff, other) = (edge.staff().await, edge.staff().await);
    edge.place(trip, &[&staff, &other]).await;
    edge.app.roster.refresh(&edge.app.record, edge.app.env.now()).await.unwrap();
    let (at, _) = edge.places();
    for (seq, waiting) in (1..).zip([1, 1, 2, 2, 3]) {
        for part in 0..3 {
            verdicts(&edge, &staff, &[fix(at, 0, seq * 3 + part)]).await;
        }
        assert_eq!(edge.app.ingest.tracks.len(), waiting, "after {seq} s");
        edge.clock.advance_s(1);
    }
}

#[tokio::test]
async fn a_fix_from_before_the_server_knew_of_the_trip_is_its_first_though_it_came_soon_after_another() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let trip = edge.trip(&rider).await;
    let crew = [edge.staff().await, edge.staff().await];
    edge.place(trip, &[&crew[0], &crew[1]]).await;
    edge.app.roster.refresh(&edge.app.record, edge.app.env.now()).await.unwrap();
    let centre = edge.centre().await;
    let (at, _) = edge.places();
    verdicts(&edge, &crew[0], &[fix(at, 0, 1)]).await;
    edge.clock.advance_s(1);
    // On the record, and not yet in what is at hand.
    for member in &crew {
        edge.accept(member).await;
    }
    verdicts(&edge, &crew[0], &[fix(near(at, 20.0), 0, 2)]).await;
    assert_eq!(edge.app.ingest.tracks.len(), 1, "left out so far");
    edge.app.roster.refresh(&edge.app.record, edge.app.env.now()).await.unwrap();
    edge.clock.advance_s(4);
    verdicts(&edge, &crew[0], &[fix(near(at, 40.0), 0, 3)]).await;
    tracks::flush(&edge.app).await;
    let path = format!("/v1/trips/{trip}/track");
    let reply = edge.call(Some(&centre.token), "POST", &path, Some(json!({"reason": "check"}))).await;
    let stretch = &reply.body["members"][0]["stretches"][0];
    assert_eq!(stretch.as_array().unwrap().len(), 2, "{}", reply.text);
    assert_eq!(stretch[0]["lat"], json!(near(at, 20.0).lat()), "{}", reply.text);
}
