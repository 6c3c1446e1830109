//! Who may read the course of a trip, and what it says.

use super::fixture::Edge;
use crate::record::{Crossed, ZoneCrossing};
use serde_json::json;

#[tokio::test]
async fn only_the_centre_reads_the_course_of_a_trip_and_it_names_no_place_and_nobody() {
    let edge = Edge::new().await;
    let (rider, trip, [one, two]) = edge.assigned().await;
    let (centre, company, admin) = (edge.centre().await, edge.supervisor(edge.agency).await, edge.admin().await);
    let path = format!("/v1/trips/{trip}/history");
    for (who, code) in
        [(&rider, "forbidden_role"), (&one, "forbidden_role"), (&admin, "forbidden_role"), (&company, "not_concerned")]
    {
        assert_eq!(edge.call(Some(&who.token), "GET", &path, None).await.code(), code);
    }
    edge.clock.advance_s(60);
    let now = edge.app.env.now();
    let status = format!("/v1/trips/{trip}/status");
    edge.call(Some(&one.token), "POST", &status, Some(json!({"to": "en_route"}))).await;
    // Written after the tap, and seen before it.
    let crossing = ZoneCrossing { trip, staff: two.id(), what: Crossed::In, at: now.plus_s(-5) };
    edge.app.record.note_crossing(now, &crossing).await.unwrap();
    let reply = edge.call(Some(&centre.token), "GET", &path, None).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let events = reply.body["events"].as_array().unwrap();
    let last: Vec<_> = events[events.len() - 2..].iter().map(|e| (&e["event"], &e["by"], &e["no"], &e["to"])).collect();
    let no = |who: &super::fixture::Person| json!(who.account.no.unwrap());
    let (one_no, two_no) = (no(&one), no(&two));
    assert_eq!(
        last,
        [
            (&json!("zone_entered"), &json!("staff"), &two_no, &json!(null)),
            (&json!("status"), &json!("staff"), &one_no, &json!("en_route")),
        ]
    );
    assert_eq!(events[events.len() - 2]["at"], "2026-11-23T23:00:55Z");
    assert!(events.iter().any(|event| event["event"] == "assigned" && event["by"] == json!(null)));
    for secret in [&one.id().0, &two.id().0, &rider.id().0] {
        assert!(!reply.text.contains(&secret.to_string()));
    }
    assert_eq!(
        edge.call(Some(&centre.token), "GET", "/v1/trips/018f0000-0000-7000-8000-000000000002/history", None)
            .await
            .code(),
        "not_found"
    );
}
