//! Facts about what supervisors decide over trips: whose trip it is, who may be sent, and what each agency is shown.

use super::fixture::{Edge, Person, Reply, T0};
use super::sight::When;
use matcher::model::{AgencyId, TripId};
use serde_json::{Value, json};

/// Every call by which a supervisor changes a trip or looks behind its area, with a body that would do.
fn calls(crew: [&Person; 2]) -> [(&'static str, Value); 6] {
    let staff: Vec<String> = crew.iter().map(|p| p.id().to_string()).collect();
    [
        ("reveal", json!({"reason": "dispatch"})),
        ("assign", json!({"staff": staff})),
        ("unserved", json!({"reason": "nobody"})),
        ("release", json!({})),
        ("complete", json!({})),
        ("cancel", json!({})),
    ]
}

async fn decide(edge: &Edge, by: &Person, trip: TripId, call: &str, body: &Value) -> Reply {
    edge.clock.advance_s(1);
    edge.call(Some(&by.token), "POST", &format!("/v1/trips/{trip}/{call}"), Some(body.clone())).await
}

async fn crew_of(edge: &Edge, trip: TripId) -> Vec<(u32, String)> {
    let row = edge.app.record.trip(trip).await.unwrap().unwrap();
    row.crew.iter().map(|m| (m.no, m.phase.word().to_owned())).collect()
}

/// Two companies that the rider consented to, each with a supervisor and two free staff.
struct Companies {
    edge: Edge,
    other: AgencyId,
    own: Person,
    stranger: Person,
    trip: TripId,
    ours: [Person; 2],
    theirs: [Person; 2],
}

async fn companies() -> Companies {
    let edge = Edge::new().await;
    let other = edge.other_agency().await;
    let (own, stranger) = (edge.supervisor(edge.agency).await, edge.supervisor(other).await);
    let rider = edge.rider_of(vec![edge.agency, other]).await;
    let trip = edge.trip(&rider).await;
    let ours = [edge.staff().await, edge.staff().await];
    let theirs = [edge.staff_of(other).await, edge.staff_of(other).await];
    Companies { edge, other, own, stranger, trip, ours, theirs }
}

#[tokio::test]
async fn a_consented_company_without_staff_on_the_crew_changes_nothing() {
    for accepted in 0..=2 {
        let Companies { edge, stranger, trip, ours, theirs, .. } = companies().await;
        edge.place(trip, &[&ours[0], &ours[1]]).await;
        for member in &ours[..accepted] {
            edge.accept(member).await;
        }
        let console = edge.call(Some(&stranger.token), "GET", "/v1/console", None).await;
        assert_eq!(console.body["trips"][0]["concerned"], false, "{}", console.text);
        let before = (crew_of(&edge, trip).await, edge.app.record.trip(trip).await.unwrap().unwrap().change_no);
        for (call, body) in calls([&theirs[0], &theirs[1]]) {
            let refused = decide(&edge, &stranger, trip, call, &body).await;
            assert_eq!((refused.status.as_u16(), refused.code()), (403, "not_concerned"), "{call}: {}", refused.text);
        }
        let path = format!("/v1/trips/{trip}/candidates");
        assert_eq!(edge.call(Some(&stranger.token), "GET", &path, None).await.code(), "not_concerned");
        let after = (crew_of(&edge, trip).await, edge.app.record.trip(trip).await.unwrap().unwrap().change_no);
        assert_eq!(before, after, "with {accepted} accepted");
    }
}

#[tokio::test]
async fn before_anybody_is_asked_every_consented_company_decides_and_sends_its_own_only() {
    let Companies { edge, own, stranger, trip, ours, theirs, .. } = companies().await;
    let [_, (_, ours_named), ..] = calls([&ours[0], &ours[1]]);
    let [_, (_, mixed), ..] = calls([&theirs[0], &ours[1]]);
    let console = edge.call(Some(&stranger.token), "GET", "/v1/console", None).await;
    assert_eq!(console.body["trips"][0]["concerned"], true, "{}", console.text);
    for body in [&ours_named, &mixed] {
        assert_eq!(decide(&edge, &stranger, trip, "assign", body).await.code(), "unknown_staff", "not its own staff");
    }
    assert_eq!(decide(&edge, &own, trip, "assign", &ours_named).await.body["phase"], "offered");
    assert_eq!(decide(&edge, &own, trip, "release", &json!({})).await.body["phase"], "matching");
    assert_eq!(decide(&edge, &stranger, trip, "unserved", &json!({"reason": "x"})).await.body["phase"], "unserved");
}

#[tokio::test]
async fn the_company_whose_staff_are_the_crew_and_the_centre_decide() {
    for by_centre in [false, true] {
        for call in ["release", "cancel", "complete"] {
            let Companies { edge, own, trip, ours, .. } = companies().await;
            let by = if by_centre { edge.centre().await } else { own };
            edge.place(trip, &[&ours[0], &ours[1]]).await;
            for member in &ours {
                edge.accept(member).await;
            }
            let status = format!("/v1/trips/{trip}/status");
            for (staff, to) in [(0, "arrived"), (1, "arrived"), (0, "met")] {
                if call == "complete" {
                    edge.call(Some(&ours[staff].token), "POST", &status, Some(json!({"to": to}))).await;
                }
            }
            let done = decide(&edge, &by, trip, call, &json!({})).await;
            assert_eq!(done.status, 200, "{call} by the centre: {by_centre}: {}", done.text);
        }
    }
}

#[tokio::test]
async fn a_company_frees_its_own_member_of_a_mixed_crew_and_not_the_other_companys() {
    for accepted in 0..=2 {
        let Companies { edge, own, other, trip, ours, theirs, .. } = companies().await;
        edge.place(trip, &[&ours[0], &theirs[0]]).await;
        for member in [&ours[0], &theirs[0]].into_iter().take(accepted) {
            edge.accept(member).await;
        }
        let [_, (_, both_ours), ..] = calls([&ours[0], &ours[1]]);
        let pushed_out = decide(&edge, &own, trip, "assign", &both_ours).await;
        assert_eq!(pushed_out.code(), "not_concerned", "with {accepted} accepted: {}", pushed_out.text);
        let freed = decide(&edge, &own, trip, "release", &json!({})).await;
        assert_eq!(freed.status, 200, "{}", freed.text);
        let row = edge.app.record.trip(trip).await.unwrap().unwrap();
        assert_eq!(row.crew.iter().map(|m| m.agency).collect::<Vec<_>>(), [other], "with {accepted} accepted");
        assert_eq!(freed.body["phase"], if accepted == 2 { "matching" } else { "offered" });
        assert!(row.rider_word.is_none(), "a lone member is never the escort");
    }
}

#[tokio::test]
async fn another_companys_trip_is_answered_like_none() {
    let edge = Edge::new().await;
    let other = edge.other_agency().await;
    let rider = edge.rider_of(vec![other]).await;
    let trip = edge.trip(&rider).await;
    let own = edge.supervisor(other).await;
    let stranger = edge.supervisor(edge.agency).await;
    let absent = edge.app.env.uuid();
    for call in ["candidates", "cancel", "release", "unserved", "assign"] {
        let (method, body) = match call {
            "candidates" => ("GET", None),
            "unserved" => ("POST", Some(json!({"reason": "x"}))),
            "assign" => ("POST", Some(json!({"staff": []}))),
            _ => ("POST", Some(json!({}))),
        };
        let ask = |id: String| {
            edge.call(
                Some(&stranger.token),
                method,
                Box::leak(format!("/v1/trips/{id}/{call}").into_boxed_str()),
                body.clone(),
            )
        };
        let (there, nowhere) = (ask(trip.to_string()).await, ask(absent.to_string()).await);
        assert_eq!((there.status.as_u16(), &there.text), (404, &nowhere.text), "{call}");
    }
    let seen = |person: Person| {
        let edge = &edge;
        async move {
            let console = edge.call(Some(&person.token), "GET", "/v1/console", None).await;
            console.body["trips"].as_array().unwrap().len()
        }
    };
    assert_eq!((seen(own).await, seen(stranger).await), (1, 0));
}

#[tokio::test]
async fn assigning_by_hand_asks_the_judge_and_wants_the_whole_crew() {
    let edge = Edge::new().await;
    let (rider, one, two) = (edge.rider().await, edge.staff().await, edge.staff().await);
    let supervisor = edge.supervisor(edge.agency).await;
    let trip = edge.trip(&rider).await;
    *edge.says.everybody.lock().unwrap() = vec![one.id(), two.id()];
    let assign = |staff: Vec<&Person>| {
        let ids: Vec<String> = staff.iter().map(|p| p.id().to_string()).collect();
        let path = format!("/v1/trips/{trip}/assign");
        let (edge, token) = (&edge, supervisor.token.clone());
        async move { edge.call(Some(&token), "POST", &path, Some(json!({"staff": ids}))).await }
    };
    assert_eq!(assign(vec![&one]).await.code(), "crew_size_mismatch");
    assert_eq!(assign(vec![&one, &one]).await.code(), "crew_size_mismatch");
    assert_eq!(assign(vec![&one, &rider]).await.code(), "unknown_staff");
    *edge.says.not.lock().unwrap() = vec![two.id()];
    let barred = assign(vec![&one, &two]).await;
    assert_eq!((barred.code(), &barred.body["violations"]), ("staff_not_eligible", &json!(["off_shift"])));
    edge.says.not.lock().unwrap().clear();
    let done = assign(vec![&one, &two]).await;
    assert_eq!((done.status.as_u16(), done.body["phase"].as_str()), (200, Some("offered")), "{}", done.text);
    assert_eq!(done.body["crew"][0]["offer_state"], "open");
}

#[tokio::test]
async fn a_member_who_accepted_is_kept_without_being_judged_again() {
    let edge = Edge::new().await;
    let (rider, one, two, three) = (edge.rider().await, edge.staff().await, edge.staff().await, edge.staff().await);
    let supervisor = edge.supervisor(edge.agency).await;
    let trip = edge.trip(&rider).await;
    edge.place(trip, &[&one, &two]).await;
    edge.accept(&one).await;
    edge.accept(&two).await;
    *edge.says.not.lock().unwrap() = vec![one.id()];
    let body = json!({"staff": [one.id().to_string(), three.id().to_string()]});
    let path = format!("/v1/trips/{trip}/assign");
    let done = edge.call(Some(&supervisor.token), "POST", &path, Some(body)).await;
    assert_eq!((done.status.as_u16(), done.body["phase"].as_str()), (200, Some("offered")), "{}", done.text);
    let crew = done.body["crew"].as_array().unwrap();
    let shown: Vec<_> = crew.iter().map(|m| (m["no"].as_u64(), m["offer_state"].as_str())).collect();
    let no = |p: &Person| p.account.no.map(u64::from);
    assert_eq!(shown, [(no(&one), Some("accepted")), (no(&three), Some("open"))]);
}

#[tokio::test]
async fn a_suspended_member_after_the_meeting_is_marked_for_the_centre_only_and_the_trip_can_be_ended() {
    let edge = Edge::new().await;
    let (rider, one, two, admin) = (edge.rider().await, edge.staff().await, edge.staff().await, edge.admin().await);
    let supervisor = edge.supervisor(edge.agency).await;
    let trip = edge.trip(&rider).await;
    edge.place(trip, &[&one, &two]).await;
    edge.accept(&one).await;
    edge.accept(&two).await;
    let status = format!("/v1/trips/{trip}/status");
    for (staff, to) in [(&one, "arrived"), (&two, "arrived"), (&one, "met")] {
        assert_eq!(edge.call(Some(&staff.token), "POST", &status, Some(json!({"to": to}))).await.status, 200);
    }
    let path = format!("/v1/admin/accounts/{}/suspend", one.id());
    assert_eq!(edge.call(Some(&admin.token), "POST", &path, Some(json!({"reason": "x"}))).await.status, 204);
    let console = edge.call(Some(&edge.centre().await.token), "GET", "/v1/console", None).await.body;
    assert_eq!(console["incidents"][0]["kind"], "staff_suspended");
    assert_eq!(console["incidents"][0]["no"].as_u64(), one.account.no.map(u64::from));
    assert_eq!(console["trips"][0]["crew"][0]["barred"], true);
    assert!(console["trips"][0]["crew"][1].get("barred").is_none());
    let mine = edge.call(Some(&rider.token), "GET", &format!("/v1/trips/{trip}"), None).await;
    assert!(!mine.text.contains("barred"), "{}", mine.text);
    let ended =
        edge.call(Some(&supervisor.token), "POST", &format!("/v1/trips/{trip}/complete"), Some(json!({}))).await;
    assert_eq!(ended.body["phase"], "completed", "{}", ended.text);
}

#[tokio::test]
async fn an_agency_sees_an_area_until_its_staff_are_the_crew_and_every_look_is_on_the_record() {
    let edge = Edge::new().await;
    let (rider, one, two) = (edge.rider_of(vec![edge.agency]).await, edge.staff().await, edge.staff().await);
    let other = edge.other_agency().await;
    let (own, stranger, centre) =
        (edge.supervisor(edge.agency).await, edge.supervisor(other).await, edge.centre().await);
    let trip = edge.trip(&rider).await;
    let listed = |by: &Person| {
        let (edge, token) = (&edge, by.token.clone());
        async move { edge.call(Some(&token), "GET", "/v1/console", None).await }
    };
    let path = format!("/v1/trips/{trip}/reveal");
    let look = |by: &Person, body: Value| {
        edge.call(Some(Box::leak(by.token.clone().into_boxed_str())), "POST", &path, Some(body))
    };
    edge.place(trip, &[&one, &two]).await;
    let coarse = listed(&own).await;
    assert!(!coarse.text.contains("WORDS"), "{}", coarse.text);
    let shown = &coarse.body["trips"][0];
    assert!(
        shown["area"]["cell"].as_str().is_some_and(|c| c.starts_with("88")) && shown.get("dropoff_area").is_none(),
        "{shown}"
    );
    let all = listed(&centre).await;
    assert!(!all.text.contains("WORDS") && all.body["trips"][0]["dropoff_area"].is_object(), "{}", all.text);
    let seen = look(&own, json!({"reason": "call"})).await;
    assert_eq!(
        (&seen.body["pickup"]["label"], &seen.body["dropoff"]["label"]),
        (&json!("PICKUP-WORDS"), &json!("DROPOFF-WORDS"))
    );
    assert!(seen.body["until"].is_string(), "{}", seen.text);
    assert_eq!(look(&stranger, json!({"reason": "call"})).await.code(), "not_found");
    for unsaid in [json!({}), json!({"reason": null}), json!({"reason": "because she asked"})] {
        let refused = look(&own, unsaid).await;
        assert_eq!((refused.code(), refused.body["field"].as_str()), ("bad_field", Some("reason")));
    }
    let noted = edge.app.record.audit_of(trip.0, 1).await.unwrap();
    assert_eq!(noted, [(Some(own.id()), "places_revealed".to_owned(), "call".to_owned())]);
    edge.accept(&one).await;
    edge.accept(&two).await;
    let crewed = listed(&own).await;
    assert!(crewed.body["trips"][0]["dropoff_area"].is_object(), "now their own staff are on it");
    assert!(!crewed.text.contains("WORDS"), "{}", crewed.text);
    edge.call(Some(&rider.token), "POST", &format!("/v1/trips/{trip}/cancel"), Some(json!({}))).await;
    assert_eq!(look(&own, json!({"reason": "call"})).await.code(), "wrong_phase");
}

#[tokio::test]
async fn places_are_looked_at_one_by_one_and_not_copied() {
    let edge = Edge::new().await;
    let (rider, centre) = (edge.rider().await, edge.centre().await);
    let path = format!("/v1/trips/{}/reveal", edge.trip(&rider).await);
    let look = || edge.call(Some(&centre.token), "POST", &path, Some(json!({"reason": "check"})));
    let mut seen = 0;
    while look().await.status == 200 {
        seen += 1;
        assert!(seen < 60, "as fast as any call");
    }
    assert_eq!((seen, look().await.code()), (10, "too_many_requests"));
    assert_eq!(edge.call(Some(&centre.token), "GET", "/v1/console", None).await.status, 200, "a bucket of its own");
    edge.clock.advance_s(1);
    assert_eq!(look().await.status, 200);
}

#[tokio::test]
async fn a_company_is_not_told_why_its_staff_may_not_go_where_that_says_something_of_the_rider() {
    let Companies { edge, own, trip, ours, .. } = companies().await;
    let centre = edge.centre().await;
    *edge.says.everybody.lock().unwrap() = vec![ours[0].id(), ours[1].id()];
    *edge.says.not.lock().unwrap() = vec![ours[0].id()];
    *edge.says.why.lock().unwrap() = vec!["busy", "conflict_wall", "gender_rule"];
    let [_, (_, crew), ..] = calls([&ours[0], &ours[1]]);
    for (by, told) in
        [(&own, json!(["busy", "not_for_this_trip"])), (&centre, json!(["busy", "conflict_wall", "gender_rule"]))]
    {
        let path = format!("/v1/trips/{trip}/candidates");
        let listed = edge.call(Some(&by.token), "GET", &path, None).await;
        assert_eq!(listed.body["candidates"][0]["violations"], told, "{}", listed.text);
        let refused = decide(&edge, by, trip, "assign", &crew).await;
        assert_eq!((refused.code(), &refused.body["violations"]), ("staff_not_eligible", &told), "{}", refused.text);
    }
}

#[tokio::test]
async fn how_soon_is_not_told_of_somebody_whose_place_is_not_known_or_from_where_no_road_leads() {
    let Companies { edge, own, trip, ours, .. } = companies().await;
    *edge.says.everybody.lock().unwrap() = vec![ours[0].id()];
    *edge.says.not.lock().unwrap() = vec![ours[0].id()];
    for (why, told) in [
        (&["busy"][..], json!([60, "road"])),
        (&["stale_fix"], json!([null, null])),
        (&["unreachable"], json!([null, "no_way"])),
        (&["stale_fix", "unreachable"], json!([null, null])),
        (&["coarse_fix", "unreachable"], json!([null, null])),
    ] {
        *edge.says.why.lock().unwrap() = why.to_vec();
        let listed = edge.call(Some(&own.token), "GET", &format!("/v1/trips/{trip}/candidates"), None).await;
        let first = &listed.body["candidates"][0];
        assert_eq!(json!([first["eta_s"], first["eta_source"]]), told, "{why:?}: {}", listed.text);
    }
}

#[tokio::test]
async fn no_company_is_told_who_is_tied_to_the_rider() {
    for barred in [true, false] {
        let Companies { edge, own, stranger, trip, ours, .. } = companies().await;
        let (centre, admin) = (edge.centre().await, edge.admin().await);
        edge.place(trip, &[&ours[0], &ours[1]]).await;
        for member in &ours {
            edge.accept(member).await;
        }
        let status = format!("/v1/trips/{trip}/status");
        for (staff, to) in [(0, "arrived"), (1, "arrived"), (0, "met")] {
            edge.call(Some(&ours[staff].token), "POST", &status, Some(json!({"to": to}))).await;
        }
        let rider = edge.app.record.trip(trip).await.unwrap().unwrap().trip.rider;
        let (path, body, kind) = if barred {
            let tie = json!({"staff": ours[0].id().0, "rider": rider.0});
            ("/v1/admin/conflicts".to_owned(), tie, "member_barred")
        } else {
            (format!("/v1/admin/accounts/{}/suspend", ours[0].id()), json!({"reason": "x"}), "staff_suspended")
        };
        let done = edge.call(Some(&admin.token), "POST", &path, Some(body)).await;
        assert_eq!(done.status, 204, "{}", done.text);
        let no = json!(ours[0].account.no);
        for (by, told) in [
            (&own, json!(["crew_unfit", null, trip.0, true])),
            (&stranger, json!(["crew_unfit", null, null, false])),
            (&centre, json!([kind, no, trip.0, true])),
        ] {
            let console = edge.call(Some(&by.token), "GET", "/v1/console", None).await;
            let seen = &console.body["incidents"][0];
            assert_eq!(json!([seen["kind"], seen["no"], seen["trip"], seen["concerned"]]), told, "{}", console.text);
            assert_eq!(console.text.contains("barred"), by.id() == centre.id(), "{}", console.text);
        }
    }
}

#[tokio::test]
async fn the_company_of_a_member_who_was_taken_out_is_not_concerned_by_an_alarm_after_the_end() {
    let Companies { edge, stranger, trip, ours, theirs, .. } = companies().await;
    let (centre, admin) = (edge.centre().await, edge.admin().await);
    edge.place(trip, &[&ours[0], &theirs[0]]).await;
    edge.accept(&ours[0]).await;
    edge.accept(&theirs[0]).await;
    let tap = async |who: &Person, to: &str| {
        let reply =
            edge.call(Some(&who.token), "POST", &format!("/v1/trips/{trip}/status"), Some(json!({"to": to}))).await;
        assert!(reply.status.is_success(), "{to}: {}", reply.text);
    };
    for (who, to) in [(&ours[0], "arrived"), (&theirs[0], "arrived"), (&ours[0], "met")] {
        tap(who, to).await;
    }
    let rider = edge.app.record.trip(trip).await.unwrap().unwrap().trip.rider;
    let tie = json!({"staff": theirs[0].id().0, "rider": rider.0});
    assert_eq!(edge.call(Some(&admin.token), "POST", "/v1/admin/conflicts", Some(tie)).await.status, 204);
    edge.clock.advance_s(5);
    assert_eq!(decide(&edge, &centre, trip, "release", &json!({})).await.status, 200);
    edge.clock.advance_s(5);
    for to in ["escorting", "completed"] {
        tap(&ours[0], to).await;
    }
    let account = edge.app.record.account(rider).await.unwrap().unwrap();
    let rider = edge.person(account).await;
    let raised = edge.call(Some(&rider.token), "POST", "/v1/sos", Some(json!({"trip": trip.0}))).await;
    assert_eq!(raised.status, 201, "{}", raised.text);
    let own = edge.supervisor(edge.agency).await;
    for (by, concerned) in [(&own, true), (&stranger, false)] {
        let console = edge.call(Some(&by.token), "GET", "/v1/console", None).await;
        let sos = console.body["incidents"].as_array().unwrap().iter().find(|i| i["kind"] == "sos").unwrap();
        assert_eq!(sos["concerned"], concerned, "{}", console.text);
    }
}

#[tokio::test]
async fn searches_have_a_bucket_of_their_own() {
    let Companies { edge, own, trip, .. } = companies().await;
    let path = format!("/v1/trips/{trip}/candidates");
    let mut answered = 0;
    while edge.call(Some(&own.token), "GET", &path, None).await.status == 200 {
        answered += 1;
        assert!(answered < 60, "as fast as any call");
    }
    assert_eq!(answered, 20);
    assert_eq!(edge.call(Some(&own.token), "GET", "/v1/console", None).await.status, 200);
}

#[tokio::test]
async fn who_is_on_a_trip_is_shown_with_when_they_are_free_and_there_and_nobody_else_is() {
    let edge = Edge::new().await;
    let centre = edge.centre().await;
    let (first, second, idle) = (edge.staff().await, edge.staff().await, edge.staff().await);
    let rider = edge.rider().await;
    let trip = edge.trip(&rider).await;
    edge.place(trip, &[&first, &second]).await;
    let other = edge.trip(&edge.rider().await).await;
    *edge.says.everybody.lock().unwrap() = [&first, &second, &idle].map(Person::id).to_vec();
    let (pickup, dropoff) = edge.places();
    let after = async |who: &Person| {
        let path = format!("/v1/trips/{other}/candidates");
        let reply = edge.call(Some(&centre.token), "GET", &path, None).await;
        let rows = reply.body["candidates"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["staff"] == who.id().to_string()).unwrap();
        let seconds = ["free_in_s", "there_in_s", "there_p90_s"];
        row.get("after").map(|after| {
            let [free_s, there_s, p90_s] = seconds.map(|field| after[field].as_u64().unwrap());
            assert!(p90_s.abs_diff(there_s * 3 / 2) <= 4, "as late as by the map's own speeds: {after}");
            [free_s, there_s]
        })
    };
    edge.stands(&first, dropoff, 1);
    edge.stands(&idle, dropoff, 1);
    assert_eq!(after(&first).await, None, "who is only asked may say no");
    for member in [&first, &second] {
        edge.accept(member).await;
    }
    let [way_s, trip_s] = [(dropoff, pickup), (pickup, dropoff)]
        .map(|(from, to)| u64::from(edge.app.sight.length(from, to, When::Now { hour: 8 }).longest_s()));
    let about = |got: Option<[u64; 2]>, expected: [u64; 2]| {
        let got = got.expect("on another trip");
        assert!(got.iter().zip(expected).all(|(g, e)| g.abs_diff(e) <= 3), "{got:?} instead of {expected:?}");
    };
    about(after(&first).await, [way_s + trip_s, way_s + trip_s + way_s]);
    assert_eq!(after(&second).await, None, "nobody knows where this one is");
    assert_eq!(after(&idle).await, None, "free already");
    let path = format!("/v1/trips/{trip}/status");
    for (who, to) in
        [(&first, "en_route"), (&second, "en_route"), (&first, "arrived"), (&second, "arrived"), (&first, "met")]
    {
        edge.call(Some(&who.token), "POST", &path, Some(json!({"to": to}))).await;
    }
    edge.stands(&second, pickup, 1);
    about(after(&second).await, [trip_s, trip_s + way_s]);
    about(after(&first).await, [0, way_s]);
    edge.clock.advance_s(61);
    assert_eq!(after(&first).await, None, "silent for a minute");
}

#[tokio::test]
async fn who_cannot_be_asked_because_nobody_knows_where_they_are_is_said_to_be_silent() {
    let edge = Edge::new().await;
    let (centre, staff) = (edge.centre().await, edge.staff().await);
    let silent = async || {
        let console = edge.call(Some(&centre.token), "GET", "/v1/console", None).await;
        console.body["staff"].as_array().unwrap().iter().find(|row| row["id"] == json!(staff.id().0)).unwrap()["silent"]
            .clone()
    };
    let look = || {
        let (now, taken_at_ms) = (edge.app.env.now(), T0.0);
        edge.app.watch.moved([(staff.id(), taken_at_ms)], now);
        edge.app.watch.look(now, |_| Some(taken_at_ms));
    };
    assert_eq!(silent().await, json!(true), "never heard");
    look();
    assert_eq!(silent().await, json!(false));
    edge.clock.advance_s(61);
    look();
    assert_eq!(silent().await, json!(true));
    edge.app.record.end_shift(edge.app.env.now(), staff.id()).await.unwrap().unwrap();
    assert_eq!(silent().await, json!(false), "off shift nobody asks where they are");
}

#[tokio::test]
async fn who_has_accepted_and_would_have_no_time_beside_another_is_not_kept_by_hand() {
    let edge = Edge::new().await;
    let centre = edge.centre().await;
    let (one, driver, three) = (edge.staff().await, edge.staff().await, edge.staff().await);
    let trip = edge.trip(&edge.rider().await).await;
    edge.place(trip, &[&one, &driver]).await;
    for member in [&one, &driver] {
        edge.accept(member).await;
    }
    *edge.says.late.lock().unwrap() = vec![one.id()];
    let crew = |second: &Person| json!({"staff": [one.id().to_string(), second.id().to_string()]});
    let before = crew_of(&edge, trip).await;
    let refused = decide(&edge, &centre, trip, "assign", &crew(&three)).await;
    assert_eq!((refused.code(), &refused.body["violations"]), ("staff_not_eligible", &json!(["shift_ends_before"])));
    assert_eq!(crew_of(&edge, trip).await, before, "nothing is changed");
    let same = decide(&edge, &centre, trip, "assign", &crew(&driver)).await;
    assert_eq!(same.status, 200, "of a crew that stays as it is nobody is judged: {}", same.text);
    edge.says.late.lock().unwrap().clear();
    assert_eq!(decide(&edge, &centre, trip, "assign", &crew(&three)).await.status, 200);
}
