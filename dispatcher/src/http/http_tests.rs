//! Facts about the HTTP edge, played through the whole router without a network.

use super::access::{TABLE, allowed};
use super::auth::is_to_be_renewed;
use super::fixture::Edge;
use super::limit::{Buckets, Rate};
use super::problem::Code;
use super::{map, openapi};
use crate::record::Role;
use axum::body::Body;
use axum::http::Request;
use matcher::model::TripId;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};

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
        let is_open = row.is_open() || row.is_of_trackers() && *method == "GET";
        assert_eq!(nobody.code() == "no_token", !is_open, "{method} {route}: {}", nobody.text);
        for (role, person) in &people {
            edge.clock.advance_s(10);
            let reply = edge.call(Some(&person.token), method, &path, body.clone()).await;
            let refused = reply.status == 403;
            assert_eq!(
                refused,
                !row.is_open() && !row.permits(*role) && !row.is_of_trackers(),
                "{role:?} {method} {route}: {}",
                reply.text
            );
            assert_eq!(
                reply.code() == "bad_token",
                row.is_of_trackers() && *method == "POST",
                "{role:?} {method} {route}: {}",
                reply.text
            );
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
    bad["lat"] = 91.into();
    let reply = edge.call(Some(&staff.token), "POST", "/v1/fixes", Some(json!({"fixes": [bad]}))).await;
    assert_eq!((reply.code(), reply.body["field"].as_str()), ("bad_field", Some("fixes[0].lat")));
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

#[tokio::test]
async fn open_calls_are_counted_by_whom_a_proxy_beside_us_speaks_for() {
    let edge = Edge::demo().await;
    let through = |whom: &'static str| {
        let ask = Request::get("/v1/map").header("x-forwarded-for", whom).body(Body::empty()).unwrap();
        edge.send(ask)
    };
    let mut answered = 0;
    while through("198.51.100.7, 192.0.2.1").await.status == 200 {
        answered += 1;
        assert!(answered < 1_000, "never refused");
    }
    assert_eq!(
        through("198.51.100.8, 192.0.2.1").await.code(),
        "too_many_requests",
        "what a caller says is not believed"
    );
    assert_eq!(through("192.0.2.2").await.status, 200, "somebody else");
    assert_eq!(edge.call(None, "GET", "/v1/map", None).await.status, 200, "this machine itself");
}

#[tokio::test]
async fn whoever_tries_tokens_is_slowed_down() {
    let edge = Edge::demo().await;
    let rider = edge.rider().await;
    let through = |token: &str| {
        let ask = Request::get("/v1/me").header("x-forwarded-for", "192.0.2.1");
        let ask = ask.header("authorization", format!("Bearer {token}"));
        edge.send(ask.body(Body::empty()).unwrap())
    };
    let mut tried = 0;
    while through("guess").await.code() == "bad_token" {
        tried += 1;
        assert!(tried < 1_000, "never refused");
    }
    let refused = through("guess").await;
    assert_eq!((refused.code(), refused.headers.contains_key("retry-after")), ("too_many_requests", true));
    assert_eq!(through(&rider.token).await.status, 200, "a good token is not held up by those beside it");
}

#[tokio::test]
async fn a_token_at_its_greatest_age_is_not_written_at_every_call() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let signed_in = async || edge.app.record.authenticate(edge.app.env.now(), &rider.token).await.unwrap().unwrap();
    let mut renewals = 0;
    loop {
        let before = signed_in().await;
        if before.expires_at == before.ends_at {
            break;
        }
        edge.clock.advance_s(2 * 86_400);
        assert!(is_to_be_renewed(&before, edge.app.env.now()), "it can still grow");
        assert_eq!(edge.call(Some(&rider.token), "GET", "/v1/me", None).await.status, 200);
        renewals += 1;
        assert!(renewals < 30, "its age has no end");
    }
    edge.clock.advance_s(86_400);
    assert!(!is_to_be_renewed(&signed_in().await, edge.app.env.now()));
}

#[tokio::test]
async fn many_who_ask_for_a_tile_make_it_once_and_an_address_has_an_end() {
    let edge = Edge::demo().await;
    let ask = |whom: &'static str| {
        let ask = Request::get("/tiles/12/4/5.mvt").header("x-forwarded-for", whom).body(Body::empty()).unwrap();
        edge.send(ask)
    };
    let mut all = Box::pin(futures_util::future::join_all((0..20).map(|_| ask("192.0.2.1"))));
    let closed = edge.tile_gate.lock().unwrap();
    let looked = all.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(looked.is_pending(), "all have found that it is not there");
    drop(closed);
    assert!(all.await.iter().all(|reply| reply.status == 200));
    assert_eq!(edge.tiles_made.load(Ordering::SeqCst), 1);
    let address = "192.0.2.1".parse().unwrap();
    let taken = (0..5_000).take_while(|_| edge.app.tile_calls.take(address, edge.app.env.now().0).is_ok()).count();
    assert!((1_000..5_000).contains(&taken), "{taken}");
    assert_eq!(ask("192.0.2.1").await.code(), "too_many_requests");
    assert_eq!(ask("192.0.2.2").await.status, 200, "somebody else");
}

#[tokio::test]
async fn meeting_points_are_not_kept_with_estimates_that_are_too_old_to_be_shown() {
    let edge = Edge::new().await;
    let (rider, one, two) = (edge.rider().await, edge.staff().await, edge.staff().await);
    let (_, far) = edge.places();
    let fix = json!({"lat": far.lat(), "lon": far.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": 1});
    edge.call(Some(&one.token), "POST", "/v1/fixes", Some(json!({"fixes": [fix]}))).await;
    let trip = edge.trip(&rider).await;
    edge.place(trip, &[&one, &two]).await;
    edge.accept(&one).await;
    edge.accept(&two).await;
    edge.call(Some(&rider.token), "GET", "/v1/trips", None).await;
    let kept = |after_s| {
        edge.clock.advance_s(after_s);
        edge.app.sight.forget_old(edge.app.env.now());
        edge.app.sight.estimates()
    };
    assert_eq!((kept(9), kept(1)), (1, 0));
}

#[tokio::test]
async fn a_cell_counts_nobody_who_is_silent() {
    let edge = Edge::new().await;
    let (staff, supervisor) = (edge.staff().await, edge.supervisor(edge.agency).await);
    let (at, _) = edge.places();
    let fix = json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": 1});
    edge.call(Some(&staff.token), "POST", "/v1/fixes", Some(json!({"fixes": [fix]}))).await;
    let cells = || edge.call(Some(&supervisor.token), "GET", "/v1/cells", None);
    assert_eq!(cells().await.body["cells"][0]["available"], 1);
    edge.clock.advance_s(61);
    assert_eq!(cells().await.body["cells"], json!([]));
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
    let proxied = Request::post("/v1/demo/visitor").header("x-forwarded-for", "192.0.2.1").body(Body::empty()).unwrap();
    assert_eq!(demo.send(proxied).await.code(), "not_found", "a proxy beside us speaks for somebody else");
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

/// What no page can meet: a position in a URL, a gateway's secret, a socket's address opened by hand.
const OF_NO_PAGE: [Code; 3] = [Code::PositionInUrl, Code::GatewaySecret, Code::Upgrade];

#[test]
fn every_refusal_that_a_page_can_meet_has_words_in_both_languages() {
    for (language, words) in [
        ("ko", include_str!("../../../web/src/shared/ko.json")),
        ("en", include_str!("../../../web/src/shared/en.json")),
    ] {
        let words: serde_json::Map<String, Value> = serde_json::from_str(words).unwrap();
        for code in Code::ALL.iter().filter(|code| !OF_NO_PAGE.contains(code)) {
            let said = words.get(&format!("problem.{}", code.word())).and_then(Value::as_str);
            assert!(said.is_some_and(|said| !said.is_empty()), "{language}: {}", code.word());
        }
    }
}
