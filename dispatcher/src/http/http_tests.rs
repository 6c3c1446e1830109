//! Facts about the HTTP edge, played through the whole router without a network.

use super::access::{TABLE, allowed};
use super::fixture::{Edge, Person};
use super::limit::{Buckets, Rate};
use super::problem::Code;
use super::{bookings, map, openapi};
use crate::record::{Role, token_ttl_s};
use axum::body::Body;
use axum::http::Request;
use matcher::model::{BookingKind, TripId};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let mut document = openapi::document();
    let mut routes = BTreeSet::new();
    for (path, item) in &mut document.paths.paths {
        routes.extend(openapi::operations(item).map(|(method, _)| (method.to_owned(), path.clone())));
    }
    let rows: BTreeSet<_> = TABLE.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(routes, rows);
    assert_eq!(rows.len(), TABLE.len(), "a route has two rows");
}

#[test]
fn codes_are_distinct_and_their_documents_say_nothing_of_the_request() {
    let words: BTreeSet<_> = Code::ALL.iter().map(|c| c.word()).collect();
    assert_eq!(words.len(), Code::ALL.len());
    assert!(Code::ALL.iter().all(|c| (400..600).contains(&c.status()) && !c.title().ends_with('.')));
}

#[tokio::test]
async fn each_role_reaches_its_rows_and_is_refused_at_all_others() {
    let edge = Edge::new().await;
    let people = [
        (Role::Rider, edge.rider().await),
        (Role::Staff, edge.staff().await),
        (Role::Supervisor, edge.centre().await),
        (Role::Admin, edge.admin().await),
    ];
    for (method, route, row) in TABLE.iter().filter(|(_, route, _)| *route != "/v1/session") {
        let path = route.replace("{id}", "00000000-0000-7000-8000-000000000000");
        let body = (*method == "POST").then(|| json!({"nothing": 1}));
        let nobody = edge.call(None, method, &path, body.clone()).await;
        assert_eq!(nobody.code() == "no_token", !row.is_open(), "{method} {route}: {}", nobody.text);
        for (role, person) in &people {
            edge.clock.advance_s(10);
            let reply = edge.call(Some(&person.token), method, &path, body.clone()).await;
            let refused = reply.status == 403;
            assert_eq!(refused, !row.is_open() && !row.permits(*role), "{role:?} {method} {route}: {}", reply.text);
            assert_ne!(reply.status, 500);
        }
    }
}

#[test]
fn what_has_no_row_is_refused() {
    assert!(allowed("PUT", "/v1/trips").is_none());
    assert!(allowed("GET", "/v1/forgotten").is_none());
}

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
async fn one_trip_from_booking_to_end_as_each_side_sees_it() {
    let edge = Edge::new().await;
    let (rider, one, two) = (edge.rider().await, edge.staff().await, edge.staff().await);
    let centre = edge.centre().await;
    let trip = edge.trip(&rider).await;
    edge.place(trip, &[&one, &two]).await;
    let card = edge.call(Some(&one.token), "GET", "/v1/card", None).await;
    assert_eq!(card.body["offer"]["partner"], "open");
    assert!(card.body["trip"].is_null() && !card.text.contains("WORDS"), "{}", card.text);
    assert_eq!(edge.accept(&one).await.body["state"], "accepted");
    assert_eq!(edge.accept(&one).await.body["state"], "accepted", "the same answer again");
    assert_eq!(edge.accept(&two).await.body["state"], "accepted");
    let mine = edge.call(Some(&rider.token), "GET", &format!("/v1/trips/{trip}"), None).await.body;
    assert_eq!((mine["phase"].as_str(), mine["crew"].as_array().unwrap().len()), (Some("assigned"), 2));
    let card = edge.call(Some(&one.token), "GET", "/v1/card", None).await;
    assert_eq!(card.body["trip"]["word"], mine["partner_word"]);
    assert_eq!(card.body["trip"]["partner_word"], mine["word"]);
    assert!(card.text.contains("PICKUP-WORDS") && !card.text.contains("DROPOFF-WORDS"), "{}", card.text);
    let console = edge.call(Some(&centre.token), "GET", "/v1/console", None).await;
    assert!(console.body["trips"][0].get("word").is_none());
    assert_eq!(console.body["staff"].as_array().unwrap().len(), 2);
    for to in ["en_route", "arrived", "met", "escorting", "completed"] {
        for staff in [&one, &two] {
            let path = format!("/v1/trips/{trip}/status");
            let reply = edge.call(Some(&staff.token), "POST", &path, Some(json!({"to": to}))).await;
            assert!(reply.status.is_success(), "{to}: {}", reply.text);
            assert_eq!(reply.status == 204, to == "completed", "{to}");
        }
    }
    let after = edge.call(Some(&one.token), "GET", "/v1/card", None).await;
    assert!(after.body["trip"].is_null() && !after.text.contains("WORDS"));
    let ended = edge.call(Some(&rider.token), "GET", &format!("/v1/trips/{trip}"), None).await;
    assert_eq!(ended.body["phase"], "completed");
    assert!(!ended.text.contains("word") && !ended.text.contains("pickup\""), "{}", ended.text);
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

#[tokio::test]
async fn a_code_works_once_and_signing_out_ends_the_token() {
    let edge = Edge::new().await;
    let admin = edge.admin().await;
    let body = json!({"name": "kim", "risk": "high", "any_agency": true});
    let made = edge.call(Some(&admin.token), "POST", "/v1/admin/riders", Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let code = json!({"code": made.body["code"]});
    let session = edge.call(None, "POST", "/v1/session", Some(code.clone())).await;
    assert_eq!(session.body["role"], "rider");
    assert_eq!(edge.call(None, "POST", "/v1/session", Some(code)).await.code(), "bad_code");
    let token = session.body["token"].as_str();
    assert_eq!(edge.call(token, "GET", "/v1/me", None).await.body["display"], "kim");
    assert_eq!(edge.call(token, "DELETE", "/v1/session", None).await.status, 204);
    assert_eq!(edge.call(token, "GET", "/v1/me", None).await.code(), "bad_token");
}

#[tokio::test]
async fn an_sos_names_the_riders_trip_and_its_places_even_without_a_fix() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let trip = edge.trip(&rider).await;
    let raised = edge.call(Some(&rider.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await;
    assert_eq!(raised.status, 201, "{}", raised.text);
    let centre = edge.centre().await;
    let console = edge.call(Some(&centre.token), "GET", "/v1/console", None).await;
    let incident = &console.body["incidents"][0];
    assert_eq!(incident["trip"], trip.to_string());
    assert!(incident["position"].is_null());
    assert_eq!(incident["registered"][0]["label"], "PICKUP-WORDS");
    let path = format!("/v1/incidents/{}/acknowledge", raised.body["incident"].as_str().unwrap());
    let taken = edge.call(Some(&centre.token), "POST", &path, Some(json!({}))).await;
    assert_eq!(taken.body["acknowledged_by"], "v");
}

#[tokio::test]
async fn fixes_are_taken_in_order_and_old_ones_named() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let (at, _) = edge.places();
    let fix = |seq: u32| json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": seq});
    let body = json!({"fixes": [fix(1), fix(3), fix(2)]});
    let reply = edge.call(Some(&staff.token), "POST", "/v1/fixes", Some(body)).await;
    assert_eq!((reply.status.as_u16(), &reply.body), (202, &json!({"accepted": 2, "verdicts": ["ok", "ok", "old"]})));
    let mut bad = fix(4);
    bad["acc_m"] = (-1).into();
    let reply = edge.call(Some(&staff.token), "POST", "/v1/fixes", Some(json!({"fixes": [bad]}))).await;
    assert_eq!((reply.code(), reply.body["field"].as_str()), ("bad_field", Some("fixes[0].acc_m")));
}

#[tokio::test]
async fn an_account_that_calls_too_fast_is_told_when_to_come_back() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let mut last = edge.call(Some(&rider.token), "GET", "/v1/trips", None).await;
    for _ in 0..60 {
        last = edge.call(Some(&rider.token), "GET", "/v1/trips", None).await;
    }
    assert_eq!(last.code(), "too_many_requests");
    assert_eq!(last.headers["retry-after"], "1");
    edge.clock.advance_s(1);
    assert_eq!(edge.call(Some(&rider.token), "GET", "/v1/trips", None).await.status, 200);
}

#[test]
fn a_bucket_fills_again_and_no_further_than_its_burst() {
    let buckets = Buckets::new(Rate { per_s: 2.0, burst: 3.0 });
    let taken = |now_ms| (0..10).filter(|_| buckets.take("a", now_ms).is_ok()).count();
    assert_eq!((taken(0), taken(500), taken(60_000)), (3, 1, 3));
    assert!(buckets.take("b", 60_000).is_ok(), "another key has its own");
}

#[tokio::test]
async fn demo_calls_exist_only_in_a_demo_and_from_this_machine() {
    let body = || Some(json!({"staff": 2, "riders": 1, "supervisors": 1}));
    let plain = Edge::new().await;
    assert_eq!(plain.call(None, "POST", "/v1/demo/enrol", body()).await.code(), "not_found");
    let far = Edge::with(super::Config { demo: true, ..super::Config::default() }).await;
    assert_eq!(far.call(None, "POST", "/v1/demo/enrol", body()).await.code(), "not_found");
    let demo = Edge::demo().await;
    let made = demo.call(None, "POST", "/v1/demo/enrol", body()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["staff"].as_array().unwrap().len(), 2);
    let token = made.body["riders"][0]["token"].as_str();
    let (from, _) = demo.places();
    let ask = json!({"from": {"lat": from.lat(), "lon": from.lon()}, "to": null, "mode": "walk"});
    let stroll = demo.call(token, "POST", "/v1/demo/route", Some(ask)).await;
    assert!(stroll.body["points"].as_array().is_some_and(|p| p.len() > 2), "{}", stroll.text);
    let many = Some(json!({"staff": 20_001, "riders": 0, "supervisors": 0}));
    assert_eq!(demo.call(None, "POST", "/v1/demo/enrol", many).await.code(), "bad_field");
}

#[tokio::test]
async fn tiles_have_a_strong_tag_and_unknown_ones_are_not_found() {
    let edge = Edge::new().await;
    let first = edge.call(None, "GET", "/tiles/12/4/5.mvt", None).await;
    assert_eq!(first.status, 200);
    let ask = Request::get("/tiles/12/4/5.mvt").header("if-none-match", &first.headers["etag"]);
    assert_eq!(edge.send(ask.body(Body::empty()).unwrap()).await.status, 304);
    for path in ["/tiles/12/5/5.mvt", "/tiles/8/1/1.mvt", "/tiles/9/512/1.mvt", "/tiles/9/1/1.png", "/tiles/9/-1/1.mvt"]
    {
        assert_eq!(edge.call(None, "GET", path, None).await.code(), "not_found", "{path}");
    }
    assert_eq!(map::parse_tile("9", "511", "511.mvt"), Some((9, 511, 511)));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_v1_is_not_stored() {
    let edge = Edge::new().await;
    for path in ["/v1/map", "/v1/me", "/livez", "/book", "/nothing"] {
        let reply = edge.call(None, "GET", path, None).await;
        assert_eq!(reply.headers["content-security-policy"], super::headers::CONTENT_SECURITY_POLICY, "{path}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        assert_eq!(
            reply.headers.get("cache-control").is_some_and(|c| c == "no-store"),
            path.starts_with("/v1"),
            "{path}"
        );
    }
    let root = edge.call(None, "GET", "/", None).await;
    assert_eq!((root.status.as_u16(), root.headers["location"].to_str().unwrap()), (307, "/book"));
}

#[tokio::test]
async fn ready_until_it_drains() {
    let edge = Edge::demo().await;
    let ready = edge.call(None, "GET", "/readyz", None).await;
    assert_eq!(
        (ready.status.as_u16(), &ready.body["record"], &ready.body["live"]),
        (200, &json!("writable"), &json!("in_process"))
    );
    edge.app.drain.cancel();
    assert_eq!(edge.call(None, "GET", "/readyz", None).await.status, 503);
    assert_eq!(edge.call(None, "GET", "/livez", None).await.status, 200);
}

#[tokio::test]
async fn a_stranger_reads_nobody_elses_trip() {
    let edge = Edge::new().await;
    let (rider, other) = (edge.rider().await, edge.rider().await);
    let trip: TripId = edge.trip(&rider).await;
    let path = format!("/v1/trips/{trip}");
    assert_eq!(edge.call(Some(&other.token), "GET", &path, None).await.code(), "not_found");
    let cancel = edge.call(Some(&other.token), "POST", &format!("{path}/cancel"), Some(json!({}))).await;
    assert_eq!(cancel.code(), "not_found");
    let own = edge.call(Some(&rider.token), "POST", &format!("{path}/cancel"), Some(json!({}))).await;
    assert_eq!(own.body["phase"], "cancelled", "{}", own.text);
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
    let wrong: [(&str, Value, &str); 7] = [
        ("days", json!([]), "commute.days"),
        ("days", json!(["monday"]), "commute.days"),
        ("outward_at", json!("8:10"), "commute.outward_at"),
        ("return_at", json!("07:00"), "commute.return_at"),
        ("until", json!("2026-11-24"), "commute.until"),
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
async fn calling_keeps_a_token_alive_and_leaving_it_ends_it() {
    let edge = Edge::new().await;
    let centre = edge.centre().await;
    let me = || edge.call(Some(&centre.token), "GET", "/v1/me", None);
    for _ in 0..3 {
        edge.clock.advance_s(token_ttl_s(Role::Supervisor) - 60);
        assert_eq!(me().await.status, 200);
    }
    edge.clock.advance_s(token_ttl_s(Role::Supervisor));
    assert_eq!(me().await.code(), "bad_token");
}

#[tokio::test]
async fn supervisors_give_codes_to_their_own_staff_and_to_the_riders_concerned() {
    let edge = Edge::new().await;
    let other = edge.other_agency().await;
    let (own, stranger, centre) =
        (edge.supervisor(edge.agency).await, edge.supervisor(other).await, edge.centre().await);
    let (staff, named, anybodys) = (edge.staff().await, edge.rider_of(vec![edge.agency]).await, edge.rider().await);
    let ask = |by: &Person, whom: &Person| {
        let (edge, token, body) = (&edge, by.token.clone(), json!({"account": whom.id().0}));
        async move { edge.call(Some(&token), "POST", "/v1/codes", Some(body)).await }
    };
    for (by, whom, status) in [
        (&own, &staff, 201),
        (&own, &named, 201),
        (&own, &anybodys, 404),
        (&own, &centre, 404),
        (&own, &own, 404),
        (&stranger, &staff, 404),
        (&stranger, &named, 404),
        (&centre, &staff, 201),
        (&centre, &anybodys, 201),
        (&centre, &own, 404),
    ] {
        let reply = ask(by, whom).await;
        assert_eq!(reply.status.as_u16(), status, "{:?} for {:?}: {}", by.account.role, whom.account.role, reply.text);
        if status == 201 {
            let session = edge.call(None, "POST", "/v1/session", Some(json!({"code": reply.body["code"]}))).await;
            assert_eq!(session.body["account"], whom.id().0.to_string());
        }
    }
    let trip = edge.trip(&anybodys).await;
    let of_trip = |by: &Person| {
        let (edge, token) = (&edge, by.token.clone());
        async move { edge.call(Some(&token), "POST", "/v1/codes", Some(json!({"trip": trip.0}))).await.status.as_u16() }
    };
    assert_eq!((of_trip(&own).await, of_trip(&centre).await), (404, 201), "nobody of the company is on it yet");
    edge.place(trip, &[&staff, &edge.staff().await]).await;
    assert_eq!(of_trip(&own).await, 404, "an offer is not a crew");
    let both = json!({"trip": trip.0, "account": staff.id().0});
    assert_eq!(edge.call(Some(&own.token), "POST", "/v1/codes", Some(both)).await.code(), "bad_field");
}

#[tokio::test]
async fn consent_is_stated_when_a_rider_is_set_up() {
    let edge = Edge::new().await;
    let admin = edge.admin().await;
    let agency = edge.agency.0;
    for (body, blamed) in [
        (json!({"name": "kim"}), Some("agencies")),
        (json!({"name": "kim", "agencies": []}), Some("agencies")),
        (json!({"name": "kim", "any_agency": true, "agencies": [agency]}), Some("any_agency")),
        (json!({"name": "kim", "agencies": [agency]}), None),
        (json!({"name": "kim", "any_agency": true}), None),
    ] {
        let reply = edge.call(Some(&admin.token), "POST", "/v1/admin/riders", Some(body)).await;
        assert_eq!((reply.status == 201, reply.body["field"].as_str()), (blamed.is_none(), blamed), "{}", reply.text);
    }
}

#[tokio::test]
async fn a_position_off_shift_is_neither_taken_nor_kept() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let (at, _) = edge.places();
    let send = |seq: u32, kind: &'static str| {
        let one = json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": kind, "age_ms": 0, "seq": seq});
        let (edge, token) = (&edge, staff.token.clone());
        async move { edge.call(Some(&token), "POST", "/v1/fixes", Some(json!({"fixes": [one]}))).await }
    };
    let known = || edge.app.sight.places.last_fix(staff.id()).is_some();
    assert_eq!((&send(1, "gps").await.body["verdicts"], known()), (&json!(["ok"]), true));
    assert_eq!(edge.call(Some(&staff.token), "DELETE", "/v1/shift", None).await.status, 204);
    let off = send(2, "gps").await;
    assert_eq!((&off.body, known()), (&json!({"accepted": 0, "verdicts": ["not_on_shift"]}), false), "ended by hand");
    edge.call(Some(&staff.token), "POST", "/v1/shift", Some(json!({"mode": "walk", "hours": 1}))).await;
    assert_eq!(send(3, "gps").await.body["accepted"], 1, "the next fix after the start is taken");
    edge.clock.advance_s(3_600);
    assert_eq!(send(4, "gps").await.body["verdicts"], json!(["not_on_shift"]), "ended by the clock");
    edge.call(Some(&staff.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await;
    assert_eq!(send(5, "gps").await.body["accepted"], 1, "an alarm is followed");
    let walked = send(6, "demo").await;
    assert_eq!((walked.code(), walked.body["field"].as_str()), ("bad_field", Some("fixes[0].kind")));
}

#[tokio::test]
async fn counts_and_metrics_are_for_this_machine() {
    let far = Edge::with(super::Config { demo: true, ..super::Config::default() }).await;
    let ready = far.call(None, "GET", "/readyz", None).await;
    assert_eq!((ready.status.as_u16(), &ready.body), (200, &json!({"ready": true, "away": []})));
    assert_eq!(far.call(None, "GET", "/metrics", None).await.code(), "not_found");
    far.app.drain.cancel();
    assert_eq!(far.call(None, "GET", "/readyz", None).await.body, json!({"ready": false, "away": ["draining"]}));
    let near = Edge::demo().await;
    assert_eq!(near.call(None, "GET", "/readyz", None).await.body["sockets"], 0);
    assert_eq!(near.call(None, "GET", "/metrics", None).await.status, 200);
    let through_a_proxy = Request::get("/metrics").header("x-forwarded-for", "192.0.2.1").body(Body::empty()).unwrap();
    assert_eq!(near.send(through_a_proxy).await.code(), "not_found");
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
}
