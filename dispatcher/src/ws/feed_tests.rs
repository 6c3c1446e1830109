//! Facts about what the feed tells when the world changes under it: an alarm that cannot be read in full, a crew that is none any
//! more, a staff member who is gone.

use super::*;
use crate::http::fixture::{Edge, Person};
use crate::record::Incident;
use crate::ws::hub::Registration;
use crate::ws::mailbox::Item;
use crate::ws::screen::Screen;
use axum::extract::ws::Utf8Bytes;
use geo::Fix;
use serde_json::{Value, json};

pub(super) async fn connect(edge: &Edge, person: &Person) -> Registration {
    let signed_in = edge.app.record.authenticate(edge.app.env.now(), &person.token).await.unwrap().unwrap();
    edge.app.hub.join(&Arc::new(signed_in))
}

/// How long one waits for a slow machine's record as for a fast one's.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// One that waits so long.
pub(super) fn feed(edge: &Edge) -> Feed {
    Feed { read_wait: LONG, ..Feed::new(Arc::clone(&edge.app)) }
}

/// A reading of nothing but these.
pub(super) fn just(feed: &Feed, incidents: Vec<Incident>, roster: Arc<RosterView>) -> Read {
    let upto = (feed.trips_after, incidents.last().map_or(feed.incidents_after, |last| last.change_no));
    Read { begun: None, trips: Vec::new(), incidents, roster, passed_over: Vec::new(), upto }
}

/// Everything that waits, parsed.
pub(super) fn waiting(seat: &Registration) -> Vec<Value> {
    let items = std::iter::from_fn(|| seat.mailbox().next());
    items.filter_map(|i| if let Item::Text(text) = i { serde_json::from_str(&text).ok() } else { None }).collect()
}

pub(super) async fn fix(edge: &Edge, person: &Person) {
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
    let mut feed = feed(&edge);
    let read = just(&feed, incidents.clone(), Arc::default());
    let changes = feed.take(read);
    edge.app.record.close().await;
    for side in [None, Some(edge.agency)] {
        let until = Instant::now() + feed.read_wait;
        let [_, told, _] = feed.parts_for(side, &changes, until).await;
        let told: Value = serde_json::from_str(&told[0]).unwrap();
        assert_eq!(
            (&told["kind"], &told["registered"], &told["concerned"]),
            (&json!("sos"), &json!([]), &json!(side.is_none()))
        );
        assert!(feed.alarms[&incidents[0].id].owed.contains(&side), "and is told in full once it can be");
    }
}

/// Numbers of who is told to be somewhere, and of who is gone.
fn shown(told: &[Value]) -> [Vec<Value>; 2] {
    let list = |part: &str| told.iter().filter_map(|f| f[part].as_array()).flatten().cloned().collect::<Vec<_>>();
    [list("people").into_iter().map(|row| row[0].clone()).collect(), list("gone")]
}

#[tokio::test]
async fn the_map_moves_on_while_the_record_cannot_be_read() {
    let edge = Edge::new().await;
    let (staff, centre) = (edge.staff().await, edge.centre().await);
    let (no, at) = (staff.account.no.unwrap(), edge.places().0);
    fix(&edge, &staff).await;
    let seats = [connect(&edge, &centre).await, connect(&edge, &centre).await];
    seats[1].look(screen(&edge, 14.0));
    let mut feed = feed(&edge);
    feed.tick().await.unwrap();
    for seat in &seats {
        waiting(seat);
    }
    edge.app.record.close().await;
    for seq in 2..4 {
        let moved = Fix { seq, ..edge.app.sight.places.last_fix(staff.id()).unwrap() };
        assert!(edge.app.sight.places.put_staff(staff.id(), no, Fix { position: at, ..moved }).is_kept());
        assert!(feed.tick().await.is_err());
        for seat in &seats {
            assert_eq!(shown(&waiting(seat)), [vec![json!(no)], Vec::new()]);
        }
    }
    // And who grows old on it is told of.
    edge.clock.advance_s(16);
    edge.app.watch.moved([(staff.id(), 0)], edge.app.env.now());
    assert!(feed.tick().await.is_err());
    for seat in &seats {
        assert_eq!(shown(&waiting(seat)), [vec![json!(no)], Vec::new()]);
    }
}

#[tokio::test]
async fn the_map_moves_on_marked_while_the_record_says_nothing_and_what_it_says_late_is_told() {
    let edge = Edge::new().await;
    let (staff, other, centre) = (edge.staff().await, edge.staff().await, edge.centre().await);
    let (no, at) = (staff.account.no.unwrap(), edge.places().0);
    fix(&edge, &staff).await;
    let mut seats = vec![connect(&edge, &centre).await, connect(&edge, &centre).await];
    seats[1].look(screen(&edge, 14.0));
    let mut feed = feed(&edge);
    assert_eq!(feed.tick().await.unwrap(), Told::All);
    for seat in &seats {
        waiting(seat);
    }

    let late = connect(&edge, &centre).await;
    let held = edge.app.record.hold_readers().await;
    let now = edge.app.env.now();
    edge.app.record.end_shift(now, other.id()).await.unwrap().unwrap();
    // Nothing is waited for in earnest from here on: the clock of timers stands, and goes to the next when all are idle.
    tokio::time::pause();
    feed.read_wait = READ_WAIT;
    seats.push(late);
    let (begun, mut marks) = (Instant::now(), 0);
    for seq in 2..10 {
        let moved = Fix { seq, ..edge.app.sight.places.last_fix(staff.id()).unwrap() };
        assert!(edge.app.sight.places.put_staff(staff.id(), no, Fix { position: at, ..moved }).is_kept());
        assert_eq!(feed.tick().await.unwrap(), Told::Behind);
        let is_marked = |frame: &Value| frame["behind"] == json!(true);
        let told: Vec<Vec<Value>> = seats.iter().map(waiting).collect();
        for frames in &told {
            assert_eq!(shown(frames)[0].last(), Some(&json!(no)), "{seq}: {frames:?}");
            assert_eq!(frames.iter().any(is_marked), (seq - 1) % 4 == 0, "{seq}: {frames:?}");
        }
        marks += usize::from(told.iter().all(|frames| frames.iter().any(is_marked)));
    }
    assert_eq!(marks, 2, "said again to who may have come meanwhile");
    // No tick waits longer than it may: a reading alone would have been waited for for ten seconds.
    assert!(begun.elapsed() < 10 * READ_WAIT, "{:?}", begun.elapsed());

    tokio::time::resume();
    feed.read_wait = LONG;
    drop(held);
    while feed.tick().await.unwrap() == Told::Behind {}
    for seat in &seats {
        let told = waiting(seat);
        let behind: Vec<&Value> = told.iter().map(|frame| &frame["behind"]).filter(|is| !is.is_null()).collect();
        assert_eq!(behind, [&json!(false)], "{told:?}");
        let off = told.iter().filter_map(|frame| frame["staff"].as_array()).flatten();
        let off: Vec<&Value> = off.filter(|row| row["state"] == "off_shift").map(|row| &row["no"]).collect();
        assert_eq!(off, [&json!(other.account.no)], "{told:?}");
        // Each number follows the one before, also where the mark stands.
        let numbers: Vec<i64> = told.iter().filter(|f| f["t"] != "area").map(|f| f["n"].as_i64().unwrap()).collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    }
    assert_eq!(feed.tick().await.unwrap(), Told::All);
    assert!(seats.iter().all(|seat| waiting(seat).iter().all(|frame| frame["behind"].is_null())), "once");
}

#[tokio::test]
async fn whoever_was_silent_for_so_long_that_nobody_knows_where_leaves_every_map() {
    let edge = Edge::new().await;
    let (staff, own, centre) = (edge.staff().await, edge.supervisor(edge.agency).await, edge.centre().await);
    let stranger = edge.supervisor(edge.other_agency().await).await;
    fix(&edge, &staff).await;
    watched(&edge).await;
    let mut seats = Vec::new();
    for console in [&own, &centre, &centre, &stranger] {
        seats.push(connect(&edge, console).await);
    }
    seats[2].look(screen(&edge, 14.0));
    let mut feed = feed(&edge);
    feed.tick().await.unwrap();
    for seat in &seats {
        waiting(seat);
    }
    // As the index forgets: on shift all the while.
    edge.clock.advance_s(31 * 60);
    edge.app.sight.places.remove(staff.id());
    watched(&edge).await;
    feed.tick().await.unwrap();
    let no = json!(staff.account.no);
    for (n, (seat, is_told)) in seats.iter().zip([true, true, true, false]).enumerate() {
        let gone = if is_told { vec![no.clone()] } else { Vec::new() };
        assert_eq!(shown(&waiting(seat)), [Vec::new(), gone], "{n}");
    }
    feed.tick().await.unwrap();
    assert!(seats.iter().all(|seat| waiting(seat).is_empty()), "told once");
}

#[tokio::test]
async fn a_crew_that_nobody_knows_the_place_of_leaves_every_map_and_its_trip_says_since_when() {
    let edge = Edge::new().await;
    let (_, trip, crew) = edge.assigned().await;
    let centre = edge.centre().await;
    for member in &crew {
        fix(&edge, member).await;
    }
    let taken_at = edge.app.env.now();
    watched(&edge).await;
    let seats = [connect(&edge, &centre).await, connect(&edge, &centre).await];
    seats[1].look(screen(&edge, 14.0));
    let mut feed = feed(&edge);
    feed.tick().await.unwrap();
    let mut nos: Vec<u32> = crew.iter().map(|member| member.account.no.unwrap()).collect();
    nos.sort_unstable();
    let sorted = |mut list: Vec<Value>| {
        list.sort_by_key(Value::as_u64);
        // A new console may be told twice.
        list.dedup();
        list
    };
    for seat in &seats {
        let [people, _] = shown(&waiting(seat));
        assert_eq!(sorted(people), nos.iter().map(|no| json!(no)).collect::<Vec<_>>());
    }
    // Silent first, and shown as that; then the index lets go; then nothing is new.
    for (after_s, are_shown, are_gone) in [(61, true, false), (30 * 60, false, true), (61, false, false)] {
        edge.clock.advance_s(after_s);
        if !are_shown {
            for member in &crew {
                edge.app.sight.places.remove(member.id());
            }
        }
        watched(&edge).await;
        feed.tick().await.unwrap();
        for seat in &seats {
            let told = shown(&waiting(seat)).map(sorted);
            let expected = [are_shown, are_gone].map(|is| nos.iter().filter(|_| is).map(|no| json!(no)).collect());
            let expected: [Vec<Value>; 2] = expected;
            assert_eq!(told, expected, "after {after_s} s more");
        }
    }
    let flags = edge.app.watch.flags(trip, edge.app.env.now());
    assert_eq!(flags.len(), 2, "one for each of them: {flags:?}");
    assert!(flags.iter().all(|flag| flag.since == Some(taken_at)), "{flags:?}");
}

#[tokio::test]
async fn what_is_owed_of_an_alarm_is_told_next_and_its_places_go_with_its_trip() {
    let edge = Edge::new().await;
    let (rider, centre) = (edge.rider().await, edge.centre().await);
    let trip = edge.trip(&rider).await;
    let raised = edge.call(Some(&rider.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await;
    let seat = connect(&edge, &centre).await;
    let mut feed = feed(&edge);
    let registered = async |feed: &mut Feed| {
        feed.tell_changes().await.unwrap();
        let told = waiting(&seat).into_iter().rev().find_map(|frame| frame["incidents"].get(0).cloned());
        told.map(|incident| incident["registered"].as_array().unwrap().len())
    };
    assert_eq!(registered(&mut feed).await, Some(2));
    assert_eq!(registered(&mut feed).await, None);
    feed.alarms.values_mut().for_each(|alarm| alarm.owed = [None].into());
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
    let mut feed = feed(&edge);
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
    let mut feed = feed(&edge);
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

/// A watch that has read what the record and the clock say.
pub(super) async fn watched(edge: &Edge) {
    let App { watch, record, env, sight, .. } = &*edge.app;
    for row in record.open_trips().await.unwrap() {
        watch.trip(&row, &[], env.now());
    }
    let (_, moved) = sight.places.moved_since(0, 100);
    watch.moved(moved.into_iter().map(|at| (at.staff, at.fix.taken_at_ms)), env.now());
    watch.look(env.now(), |staff| sight.places.last_fix(staff).map(|fix| fix.taken_at_ms));
}

/// Who is silent by the last telling of a trip; `None` if nothing was told.
fn silent(told: &[Value]) -> Option<Vec<Value>> {
    let trip = told.iter().rev().find_map(|frame| frame["trips"].get(0))?;
    let signs = trip["watch"].as_array().cloned().unwrap_or_default();
    Some(signs.into_iter().filter(|sign| sign["sign"] == "silent").map(|sign| sign["nos"].clone()).collect())
}

#[tokio::test]
async fn a_crew_member_who_falls_silent_is_told_to_the_own_side_at_once_and_so_is_that_they_are_back() {
    let edge = Edge::new().await;
    let (_, _, crew) = edge.assigned().await;
    let (own, centre) = (edge.supervisor(edge.agency).await, edge.centre().await);
    for member in &crew {
        fix(&edge, member).await;
    }
    watched(&edge).await;
    let seats = [connect(&edge, &own).await, connect(&edge, &centre).await];
    let mut feed = feed(&edge);
    feed.tick().await.unwrap();
    for seat in &seats {
        waiting(seat);
    }
    edge.clock.advance_s(16);
    watched(&edge).await;
    feed.tick().await.unwrap();
    for seat in &seats {
        let told = waiting(seat);
        let rows: Vec<Value> = told.iter().filter_map(|f| f["people"].as_array()).flatten().cloned().collect();
        assert!(rows.len() == 2 && rows.iter().all(|row| row[4] == json!(16)), "hollow is told: {told:?}");
        assert_eq!(silent(&told), None);
    }
    edge.clock.advance_s(45);
    fix_again(&edge, &crew[1], 2).await;
    watched(&edge).await;
    feed.tick().await.unwrap();
    for seat in &seats {
        assert_eq!(silent(&waiting(seat)), Some(vec![json!([crew[0].account.no])]));
    }
    fix_again(&edge, &crew[0], 2).await;
    watched(&edge).await;
    feed.tick().await.unwrap();
    assert_eq!(seats.each_ref().map(|seat| silent(&waiting(seat))), [Some(Vec::new()), Some(Vec::new())]);
}

#[tokio::test]
async fn a_sign_of_anothers_staff_is_no_message_to_a_company() {
    let edge = Edge::new().await;
    let other = edge.other_agency().await;
    let (rider, one, two) = (edge.rider().await, edge.staff().await, edge.staff_of(other).await);
    let trip = edge.trip(&rider).await;
    edge.place(trip, &[&one, &two]).await;
    for member in [&one, &two] {
        edge.accept(member).await;
    }
    watched(&edge).await;
    for member in [&one, &two] {
        fix(&edge, member).await;
    }
    watched(&edge).await;
    let consoles = [edge.supervisor(edge.agency).await, edge.supervisor(other).await, edge.centre().await];
    let [own, theirs, centre] = &consoles;
    let seats = [connect(&edge, own).await, connect(&edge, theirs).await, connect(&edge, centre).await];
    let mut feed = feed(&edge);
    let mut trips_told = async || {
        feed.tick().await.unwrap();
        seats.each_ref().map(|seat| waiting(seat).iter().filter(|f| f["trips"].get(0).is_some()).count())
    };
    trips_told().await;
    // Away from the meeting point, where both stand: the other company's guard alone.
    let (at, _) = edge.places();
    let away = json!({"lat": at.lat() + 0.005, "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": 2});
    edge.clock.advance_s(20);
    let reply = edge.call(Some(&two.token), "POST", "/v1/fixes", Some(json!({"fixes": [away]}))).await;
    assert_eq!(reply.body["accepted"], 1, "{}", reply.text);
    assert_eq!(trips_told().await, [0, 1, 1], "left the meeting point");
    edge.clock.advance_s(45);
    watched(&edge).await;
    assert_eq!(trips_told().await, [1, 0, 1], "the own guard is silent for a minute, the other one is not");
    edge.clock.advance_s(20);
    watched(&edge).await;
    assert_eq!(trips_told().await, [0, 1, 1], "now that one is too");
}

async fn fix_again(edge: &Edge, person: &Person, seq: u32) {
    let (at, _) = edge.places();
    let one = json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": seq});
    let reply = edge.call(Some(&person.token), "POST", "/v1/fixes", Some(json!({"fixes": [one]}))).await;
    assert_eq!(reply.body["accepted"], 1, "{}", reply.text);
}

fn screen(edge: &Edge, zoom: f64) -> Screen {
    let (at, _) = edge.places();
    let [west, east] = [-0.02, 0.02].map(|d| at.lon() + d);
    let [south, north] = [-0.01, 0.01].map(|d| at.lat() + d);
    Screen::of(&geo::Bounds { west, south, east, north }, zoom).unwrap_or_else(|field| panic!("{field}"))
}

#[tokio::test]
async fn a_screen_is_told_of_what_it_shows_within_its_agency() {
    let edge = Edge::new().await;
    let (one, other) = (edge.staff().await, edge.staff_of(edge.other_agency().await).await);
    let (own, centre) = (edge.supervisor(edge.agency).await, edge.centre().await);
    fix(&edge, &one).await;
    fix(&edge, &other).await;
    let seats = [connect(&edge, &own).await, connect(&edge, &centre).await];
    let mut feed = feed(&edge);
    for seat in &seats {
        seat.look(screen(&edge, 14.0));
    }
    feed.tick().await.unwrap();
    for (seat, people) in seats.iter().zip([1, 2]) {
        let told = waiting(seat);
        assert!(told.iter().all(|frame| frame["t"] != "map"), "{told:?}");
        let area: Vec<&Value> = told.iter().filter(|frame| frame["t"] == "area").collect();
        assert_eq!((area.len(), &area[0]["whole"], &area[0]["tier"]), (1, &json!(true), &json!("near")), "{told:?}");
        assert_eq!(area[0]["people"].as_array().unwrap().len(), people);
    }
    fix_again(&edge, &other, 2).await;
    feed.tick().await.unwrap();
    assert_eq!(waiting(&seats[0]), Vec::<Value>::new());
    let told = waiting(&seats[1]);
    assert_eq!((told.len(), &told[0]["whole"]), (1, &json!(false)), "{told:?}");
    // From afar: counts, and no person.
    seats[1].look(screen(&edge, 10.0));
    feed.tick().await.unwrap();
    let told = waiting(&seats[1]);
    assert_eq!(
        (&told[0]["tier"], &told[0]["people"], &told[0]["cells"][0][1]),
        (&json!("far"), &Value::Null, &json!(2))
    );
    suspend(&edge, &other).await;
    feed.tick().await.unwrap();
    let told = waiting(&seats[1]);
    assert!(told.iter().any(|frame| frame["cells"][0][1] == json!(1)), "{told:?}");
}

#[tokio::test]
async fn screens_that_show_the_same_share_their_frames_and_numbers_follow_one_another() {
    let edge = Edge::new().await;
    let (staff, centre) = (edge.staff().await, edge.centre().await);
    fix(&edge, &staff).await;
    let seats = [connect(&edge, &centre).await, connect(&edge, &centre).await];
    let mut feed = feed(&edge);
    for seat in &seats {
        seat.look(screen(&edge, 14.0));
    }
    let mut numbers = Vec::new();
    for seq in 2..5 {
        feed.tick().await.unwrap();
        let [one, other] = seats.each_ref().map(areas);
        assert_eq!((one.len(), one[0].as_ptr()), (1, other[0].as_ptr()), "one serialisation");
        numbers.push(serde_json::from_str::<Value>(&one[0]).unwrap()["n"].as_i64().unwrap());
        fix_again(&edge, &staff, seq).await;
    }
    assert_eq!(numbers, [numbers[0], numbers[0] + 1, numbers[0] + 2]);
}

#[tokio::test]
async fn a_screen_that_comes_after_the_feed_slept_sees_nobody_who_left_meanwhile() {
    let edge = Edge::new().await;
    let (staff, centre) = (edge.staff().await, edge.centre().await);
    fix(&edge, &staff).await;
    let mut feed = feed(&edge);
    let people = async |feed: &mut Feed| {
        let seat = connect(&edge, &centre).await;
        seat.look(screen(&edge, 14.0));
        feed.tick().await.unwrap();
        waiting(&seat).iter().filter_map(|frame| frame["people"].as_array()).map(Vec::len).sum::<usize>()
    };
    assert_eq!(people(&mut feed).await, 1);
    // The last socket has closed, as `run` notes.
    feed.awake = false;
    let left = edge.call(Some(&staff.token), "DELETE", "/v1/shift", None).await;
    assert_eq!(left.status, 204, "{}", left.text);
    assert_eq!(people(&mut feed).await, 0);
}

#[tokio::test]
async fn a_screen_that_fell_behind_sees_a_gap_and_then_the_whole() {
    let edge = Edge::new().await;
    let (staff, centre) = (edge.staff().await, edge.centre().await);
    fix(&edge, &staff).await;
    let seat = connect(&edge, &centre).await;
    let mut feed = feed(&edge);
    seat.look(screen(&edge, 14.0));
    feed.tick().await.unwrap();
    waiting(&seat);
    seat.mailbox().push_frame("x".repeat(crate::ws::mailbox::QUEUE_BYTES_MAX + 1).into());
    feed.tick().await.unwrap();
    let told = waiting(&seat);
    assert_eq!((&told[0]["t"], &told[0]["n"]), (&json!("console"), &json!(0)), "{told:?}");
    assert_eq!((&told[1]["t"], &told[1]["whole"]), (&json!("area"), &json!(true)), "{told:?}");
}

/// What waits of a screen's map, as it is sent.
fn areas(seat: &Registration) -> Vec<Utf8Bytes> {
    let items = std::iter::from_fn(|| seat.mailbox().next());
    let texts = items.filter_map(|i| if let Item::Text(text) = i { Some(text) } else { None });
    texts.filter(|text| text.contains(r#""t":"area""#)).collect()
}
