//! Facts about accounts over REST: codes, tokens, and what is stated when somebody is set up.

use super::fixture::{Edge, Person};
use crate::record::{Actor, Role, token_ttl_s};
use serde_json::json;

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
async fn a_code_whose_answer_was_lost_is_answered_again_to_the_same_key() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let sent = async |code: &str, key: &str| {
        let request = axum::http::Request::post("/v1/session").header("content-type", "application/json");
        let body = json!({"code": code}).to_string();
        edge.send(request.header("idempotency-key", key).body(body.into()).unwrap()).await
    };
    let me = async |token: &str| edge.call(Some(token), "GET", "/v1/me", None).await.status.as_u16();
    for (key, again) in [("0123456789abcdef0123456789abcdef", 201), ("short-key-15-ch", 401)] {
        let (code, _) =
            edge.app.record.issue_code(edge.app.env.now(), Actor::Shell, rider.id()).await.unwrap().unwrap();
        let lost = sent(&code, key).await;
        let lost = lost.body["token"].as_str().expect("a token");
        assert_eq!(me(lost).await, 200);
        assert_eq!(sent(&code, "fedcba9876543210fedcba9876543210").await.code(), "bad_code", "another's key");
        let answer = sent(&code, key).await;
        assert_eq!(answer.status, again, "{key}: {}", answer.text);
        if let Some(token) = answer.body["token"].as_str() {
            assert_eq!(me(token).await, 200);
        }
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
async fn supervisors_give_codes_to_their_own_staff_and_only_the_centre_to_riders() {
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
        (&own, &named, 404),
        (&own, &anybodys, 404),
        (&own, &centre, 404),
        (&own, &own, 404),
        (&stranger, &staff, 404),
        (&stranger, &named, 404),
        (&centre, &staff, 201),
        (&centre, &named, 201),
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
    let partner = edge.staff().await;
    edge.place(trip, &[&staff, &partner]).await;
    edge.accept(&staff).await;
    edge.accept(&partner).await;
    assert_eq!((of_trip(&own).await, of_trip(&centre).await), (404, 201), "not even whose staff are the crew");
    for (by, kind) in [(&own, "company"), (&centre, "centre")] {
        let me = edge.call(Some(&by.token), "GET", "/v1/me", None).await;
        assert_eq!(me.body["agency"]["kind"], kind, "{}", me.text);
    }
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
async fn headers_sent_before_a_suspension_open_nothing_after_it() {
    let edge = Edge::new().await;
    let (centre, rider, admin) = (edge.centre().await, edge.rider().await, edge.admin().await);
    let body = json!({"account": rider.id().0}).to_string();
    let (first, rest) = body.split_at(5);
    let (first, rest) = (first.to_owned(), rest.to_owned());
    let (go, suspended) = tokio::sync::oneshot::channel::<()>();
    let parts = futures_util::stream::once(async move { Ok::<_, std::io::Error>(first) });
    let last = futures_util::stream::once(async move {
        suspended.await.unwrap();
        Ok(rest)
    });
    let request = axum::http::Request::builder().method("POST").uri("/v1/codes");
    let request =
        request.header("authorization", format!("Bearer {}", centre.token)).header("content-type", "application/json");
    let request = request.body(axum::body::Body::from_stream(futures_util::StreamExt::chain(parts, last))).unwrap();
    let suspend = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let path = format!("/v1/admin/accounts/{}/suspend", centre.id().0);
        let done = edge.call(Some(&admin.token), "POST", &path, Some(json!({"reason": "left"}))).await;
        assert_eq!(done.status, 204, "{}", done.text);
        go.send(()).unwrap();
    };
    let (reply, ()) = tokio::join!(edge.send(request), suspend);
    assert_eq!((reply.status.as_u16(), reply.code()), (401, "bad_token"), "{}", reply.text);
}
