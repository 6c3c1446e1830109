//! Facts about bookings over REST: what is refused with which field, and that one request is one booking.

use super::bookings;
use super::fixture::{Edge, Person, T0};
use crate::lengths::follow_zones;
use crate::record::Actor;
use axum::body::Body;
use axum::http::Request;
use geo::Position;
use geo::road::calibrate::free_by_class;
use geo::road::{FreeTimes, Observation, Profile, Zone};
use matcher::model::{BookingKind, Mode, TripId};
use matcher::schedule::day_of;
use serde_json::{Value, json};

#[tokio::test]
async fn refusals_are_problem_documents_with_code_and_field() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let token = Some(rider.token.as_str());
    let good = edge.booking();
    let changed = |change: fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        body
    };
    let cases: [(Value, u16, &str, Option<&str>); 10] = [
        (changed(|b| b["pickup"]["lat"] = 91.into()), 422, "bad_field", Some("pickup.lat")),
        (changed(|b| b["pickup"]["lat"] = "37".into()), 422, "bad_field", Some("pickup.lat")),
        (
            changed(|b| {
                b["pickup"].as_object_mut().unwrap().remove("lon");
            }),
            422,
            "bad_field",
            Some("pickup.lon"),
        ),
        (changed(|b| b["pickup"]["label"] = "x".repeat(61).into()), 422, "bad_field", Some("pickup.label")),
        (changed(|b| b["pickup"] = json!({"lat": 0.0, "lon": 0.0})), 422, "pickup_outside_area", Some("pickup")),
        (changed(|b| b["dropoff"] = json!({"lat": 0.0, "lon": 0.0})), 422, "dropoff_outside_area", Some("dropoff")),
        (
            changed(|b| {
                b["kind"] = "at".into();
                b["at"] = "2026-11-23T00:00:00Z".into();
            }),
            422,
            "time_in_past",
            Some("at"),
        ),
        (
            changed(|b| {
                b["kind"] = "at".into();
                b["at"] = "2027-11-23T00:00:00Z".into();
            }),
            422,
            "time_too_far",
            Some("at"),
        ),
        (changed(|b| b["crew_size"] = 5.into()), 422, "bad_field", Some("crew_size")),
        (changed(|b| b["crew_size"] = 1.into()), 422, "crew_below_grant", Some("crew_size")),
    ];
    for (i, (body, status, code, field)) in cases.into_iter().enumerate() {
        let reply = edge.book_with(&rider, &format!("k{i}"), &body).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (status, code), "case {i}: {}", reply.text);
        assert_eq!(reply.body["field"].as_str(), field, "case {i}");
        assert_eq!(reply.headers["content-type"], "application/problem+json");
    }
    assert_eq!(edge.call(token, "POST", "/v1/bookings", Some(good.clone())).await.code(), "idempotency_key_required");
    let raw = |kind: &'static str, body: String| {
        let request = Request::post("/v1/sos").header("authorization", format!("Bearer {}", rider.token));
        request.header("content-type", kind).body(Body::from(body)).unwrap()
    };
    assert_eq!(edge.send(raw("application/json", "{".into())).await.code(), "bad_json");
    assert_eq!(edge.send(raw("text/plain", "{}".into())).await.code(), "not_json");
    assert_eq!(edge.send(raw("application/json", " ".repeat(70_000))).await.code(), "too_large");
    assert_eq!(edge.call(token, "GET", "/v1/nothing", None).await.code(), "not_found");
    assert_eq!(edge.call(token, "GET", "/v1/trips/not-an-id", None).await.code(), "not_found");
    assert_eq!(edge.call(token, "PUT", "/v1/trips", None).await.code(), "method_not_allowed");
    assert_eq!(edge.call(Some("wrong"), "GET", "/v1/trips", None).await.code(), "bad_token");
}

#[tokio::test]
async fn a_field_name_from_the_client_is_not_echoed() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let body = json!({"trip": null, "SECRET": 1});
    let reply = edge.call(Some(&rider.token), "POST", "/v1/sos", Some(body)).await;
    assert_eq!(reply.code(), "bad_field");
    assert!(!reply.text.contains("SECRET"), "{}", reply.text);
}

#[tokio::test]
async fn a_repeated_booking_is_answered_the_same_and_a_reused_key_is_refused() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let first = edge.book_with(&rider, "once", &edge.booking()).await;
    let again = edge.book_with(&rider, "once", &edge.booking()).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200), "{} {}", first.text, again.text);
    assert_eq!(first.body, again.body);
    let mut other = edge.booking();
    other["crew_size"] = 1.into();
    assert_eq!(edge.book_with(&rider, "once", &other).await.code(), "idempotency_key_reused");
    let trips = edge.call(Some(&rider.token), "GET", "/v1/trips", None).await;
    assert_eq!(trips.body["trips"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_trip_at_the_same_time_is_refused_with_the_id_of_the_first() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let trip = edge.trip(&rider).await;
    let refused = edge.book_with(&rider, "second", &edge.booking()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "trip_overlaps"), "{}", refused.text);
    assert_eq!(refused.body["trip"], trip.to_string());
    assert_eq!(edge.book_with(&rider, "k", &edge.booking()).await.status, 200, "a replay is no second trip");
}

#[test]
fn a_booking_holds_the_parts_of_its_kind_and_no_others() {
    let commute = json!({"days": ["mon", "tue"], "outward_at": "08:10", "return_at": "18:40", "from": "2026-11-25", "until": "2026-12-24"});
    let at = json!("2026-11-25T00:00:00Z");
    let place = json!({"lat": 37.5, "lon": 127.0});
    let parse = |kind: &str, more: &[(&str, &Value)]| {
        let mut body = json!({"kind": kind, "pickup": place, "dropoff": place});
        for (name, value) in more {
            body[*name] = (*value).clone();
        }
        let input = serde_json::from_value(body).unwrap();
        bookings::parse_kind(&input, super::fixture::T0).map_err(|p| p.field.unwrap_or_default())
    };
    assert!(matches!(parse("now", &[]), Ok(BookingKind::Now)));
    assert!(matches!(parse("at", &[("at", &at)]), Ok(BookingKind::At(_))));
    assert!(matches!(parse("commute", &[("commute", &commute)]), Ok(BookingKind::Commute(_))));
    assert_eq!(parse("now", &[("at", &at)]).unwrap_err(), "at");
    assert_eq!(parse("at", &[]).unwrap_err(), "at");
    assert_eq!(parse("now", &[("commute", &commute)]).unwrap_err(), "commute");
    assert_eq!(parse("commute", &[]).unwrap_err(), "commute");
    assert_eq!(parse("commute", &[("commute", &commute), ("at", &at)]).unwrap_err(), "at");
    let wrong: [(&str, Value, &str); 8] = [
        ("days", json!([]), "commute.days"),
        ("days", json!(["monday"]), "commute.days"),
        ("outward_at", json!("8:10"), "commute.outward_at"),
        ("return_at", json!("07:00"), "commute.return_at"),
        ("until", json!("2026-11-24"), "commute.until"),
        // No weekday of these is in it: it would be taken and never come.
        ("until", json!("2026-11-29"), "commute.days"),
        ("until", json!("2028-01-01"), "commute.until"),
        ("from", json!("25.11.2026"), "commute.from"),
    ];
    for (name, value, blamed) in wrong {
        let mut bad = commute.clone();
        bad[name] = value;
        assert_eq!(parse("commute", &[("commute", &bad)]).unwrap_err(), blamed, "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_its_field() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let mut same = edge.booking();
    same["dropoff"] = same["pickup"].clone();
    let reply = edge.book_with(&rider, "same", &same).await;
    assert_eq!((reply.code(), reply.body["field"].as_str()), ("bad_field", Some("dropoff")));
    for (i, unseen) in ["a\u{202e}b", "a\u{200b}b", "a\u{7}b", "\u{2066}a", "a\u{feff}b"].into_iter().enumerate() {
        let mut hidden = edge.booking();
        hidden["dropoff"]["label"] = unseen.into();
        let reply = edge.book_with(&rider, &format!("l{i}"), &hidden).await;
        assert_eq!((reply.code(), reply.body["field"].as_str()), ("bad_field", Some("dropoff.label")), "{unseen:?}");
    }
    let mut commute = edge.booking();
    commute["kind"] = "commute".into();
    commute["commute"] = json!({"days": ["wed"], "outward_at": "08:10", "return_at": "18:40", "from": "2026-11-25", "until": "2026-12-09"});
    let booked = edge.book_with(&rider, "commute", &commute).await;
    let series = booked.body["booking"]["series"].as_str().expect("a series").to_owned();
    let path = format!("/v1/series/{series}/skip");
    for (date, fits) in [("2026-11-26", false), ("2026-11-18", false), ("2026-12-16", false), ("2026-12-02", true)] {
        let reply = edge.call(Some(&rider.token), "POST", &path, Some(json!({"date": date}))).await;
        assert_eq!(reply.status == 200, fits, "{date}: {}", reply.text);
        assert_eq!(reply.body["field"].as_str(), (!fits).then_some("date"), "{date}");
    }
    let end = format!("/v1/series/{series}/end");
    assert_eq!(edge.call(Some(&rider.token), "POST", &end, Some(json!({}))).await.status, 200);
    let late = edge.call(Some(&rider.token), "POST", &path, Some(json!({"date": "2026-12-09"}))).await;
    assert_eq!((late.status.as_u16(), late.code()), (409, "series_ended"), "{}", late.text);
}

#[tokio::test]
async fn a_rider_whose_zones_cannot_be_read_keeps_nobody_elses_trips_as_they_were() {
    let edge = Edge::new().await;
    let (app, (pickup, dropoff)) = (&edge.app, edge.places());
    let route = app.guide.together(Mode::Walk, pickup, dropoff, &[]).unwrap().route;
    let center = route.points[route.points.len() / 2];
    let mut trips = Vec::new();
    for nth in 0..3 {
        let rider = edge.rider().await;
        let booked = edge.book_with(&rider, "k", &edge.booking()).await;
        let trip: TripId = booked.body["trips"][0]["id"].as_str().unwrap().parse().unwrap();
        let before = app.record.trip(trip).await.unwrap().unwrap().trip.length;
        app.record.add_zone(app.env.now(), Actor::Shell, rider.id(), center, 120).await.unwrap().unwrap();
        if nth == 1 {
            app.record.spoil_zones(rider.id()).await;
        }
        trips.push((trip, before));
    }
    follow_zones(app, 0).await.unwrap();
    let mut is_longer = Vec::new();
    for (trip, before) in trips {
        is_longer.push(app.record.trip(trip).await.unwrap().unwrap().trip.length.by_car_s > before.by_car_s);
    }
    assert_eq!(is_longer, [true, false, true]);
}

#[tokio::test]
async fn what_is_booked_is_as_long_as_the_way_round_the_zones_of_now() {
    let edge = Edge::new().await;
    let (app, rider, (pickup, dropoff)) = (&edge.app, edge.rider().await, edge.places());
    let booked = edge.book_with(&rider, "k", &edge.booking()).await;
    let trip: TripId = booked.body["trips"][0]["id"].as_str().unwrap().parse().unwrap();
    let told_s = async || {
        let shown = edge.call(Some(&rider.token), "GET", &format!("/v1/trips/{trip}"), None).await;
        shown.body["trip_s"].as_f64().unwrap()
    };
    let led = |zones: &[Zone]| app.guide.together(Mode::Walk, pickup, dropoff, zones).unwrap().route;
    let through = led(&[]);
    let center = through.points[through.points.len() / 2];
    let zone = Zone::circle(center, 120.0).unwrap();
    let (through_s, round_s) = (f64::from(through.duration_s), f64::from(led(&[zone]).duration_s));
    assert!(round_s > through_s + 10.0);
    let mut after = follow_zones(app, 0).await.unwrap();
    assert!((told_s().await - through_s).abs() <= 2.0);
    let added = app.record.add_zone(app.env.now(), Actor::Shell, rider.id(), center, 120).await.unwrap().unwrap();
    after = follow_zones(app, after).await.unwrap();
    assert!((told_s().await - round_s).abs() <= 2.0, "{} s told, {round_s} s round the zone", told_s().await);
    app.record.remove_zone(app.env.now(), Actor::Shell, added.id).await.unwrap().unwrap();
    follow_zones(app, after).await.unwrap();
    assert!((told_s().await - through_s).abs() <= 2.0, "taken back");
}

/// Tomorrow at three and at eight in Korea.
const AT_THREE: &str = "2026-11-24T18:00:00Z";
const AT_EIGHT: &str = "2026-11-24T23:00:00Z";

/// What finished ways taught: at eight twice as long as on empty streets, at three no longer.
async fn learn(edge: &Edge, profile: Profile) {
    let free = FreeTimes { by_class_ms: [100_000; 6], fixed_ms: 0 };
    let way = |n: u32, hour, took_ms| Observation {
        profile,
        day: day_of(T0) - n % 2,
        hour,
        free,
        took_ms,
        with_rider: false,
    };
    let ways: Vec<_> = (0..400).flat_map(|n| [way(n, 8, 1_200_000), way(n, 3, 600_000)]).collect();
    edge.app.record.note_observations(T0, &ways).await.unwrap();
    edge.weights().round().await.unwrap();
}

async fn booked_at(edge: &Edge, rider: &Person, at: &str, (from, to): (Position, Position)) -> TripId {
    let place = |p: Position| json!({"lat": p.lat(), "lon": p.lon()});
    let body = json!({"kind": "at", "at": at, "pickup": place(from), "dropoff": place(to)});
    let booked = edge.book_with(rider, at, &body).await;
    assert_eq!(booked.status, 201, "{}", booked.text);
    booked.body["trips"][0]["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_is_booked_ahead_is_as_long_as_its_hour_usually_makes_it() {
    for mode in [Mode::Drive, Mode::Walk] {
        let edge = Edge::new().await;
        let (app, rider) = (&edge.app, edge.rider().await);
        let ends = if mode == Mode::Walk { edge.places() } else { across(&edge) };
        assert_eq!(app.sight.trip_mode(ends.0, ends.1), mode);
        let stored_s = async |trip| f64::from(app.record.trip(trip).await.unwrap().unwrap().trip.length.by_car_s);
        let before = booked_at(&edge, &rider, "2026-11-25T23:00:00Z", ends).await;
        let empty_s = stored_s(before).await;
        let profile = if mode == Mode::Walk { Profile::Walk } else { Profile::Drive };
        learn(&edge, profile).await;
        // Turns take no longer for it.
        let at_eight = 1.0 + streets_share(&edge, profile, ends);
        let [three, eight] =
            [booked_at(&edge, &rider, AT_THREE, ends).await, booked_at(&edge, &rider, AT_EIGHT, ends).await];
        let about = |got: f64, wanted: f64| (got / wanted - 1.0).abs() < 0.1;
        let (three_s, eight_s) = (stored_s(three).await, stored_s(eight).await);
        assert!(about(three_s, empty_s), "{mode:?}: {three_s} s at three, {empty_s} s on empty streets");
        assert!(about(eight_s, at_eight * three_s), "{mode:?}: {eight_s} s at eight, {three_s} s at three");
        assert!((stored_s(before).await - empty_s).abs() < 0.5, "it stays as it was stored");
        // What is measured anew is measured so too, that of an earlier booking with it.
        let led = app.guide.together(mode, ends.0, ends.1, &[]).unwrap().route;
        let center = led.points[led.points.len() / 2];
        app.record.add_zone(app.env.now(), Actor::Shell, rider.id(), center, 120).await.unwrap().unwrap();
        follow_zones(app, 0).await.unwrap();
        let round_s = [stored_s(three).await, stored_s(eight).await, stored_s(before).await];
        assert!(round_s[0] > three_s + 10.0, "{mode:?}: {round_s:?} s round the zone");
        assert!(about(round_s[1], at_eight * round_s[0]), "{mode:?}: {round_s:?} s round the zone");
        assert!((round_s[1] - round_s[2]).abs() < 0.5, "{mode:?}: {round_s:?} s");
    }
}

/// How much of what the way takes on empty streets is no turning.
fn streets_share(edge: &Edge, profile: Profile, (from, to): (Position, Position)) -> f64 {
    let map = edge.app.sight.map();
    let (empty, snap) = (map.free_flow(profile), |at| map.place(profile, at).unwrap());
    let way = empty.route(map.graph(profile), snap(from), &snap(to)).unwrap();
    let free = free_by_class(map, profile, empty, &way);
    free.streets_ms() as f64 / free.total_ms() as f64
}

/// Two places that are far apart.
fn across(edge: &Edge) -> (Position, Position) {
    let stops = &edge.app.sight.map().data.subway.stops;
    let from = stops[0].at;
    (from, stops.iter().map(|s| s.at).max_by(|a, b| a.distance_m(from).total_cmp(&b.distance_m(from))).unwrap())
}
