//! Who may look at a track, and what a look leaves behind.

use super::fixture::Edge;
use serde_json::json;

#[tokio::test]
async fn only_the_centre_sees_a_track_with_a_reason_and_each_look_is_noted_first() {
    let edge = Edge::new().await;
    let (rider, trip, [one, _]) = edge.assigned().await;
    let (centre, company, admin) = (edge.centre().await, edge.supervisor(edge.agency).await, edge.admin().await);
    let path = format!("/v1/trips/{trip}/track");
    let look = async |token: &str| edge.call(Some(token), "POST", &path, Some(json!({"reason": "call"}))).await;
    for (who, code) in
        [(&rider, "forbidden_role"), (&one, "forbidden_role"), (&admin, "forbidden_role"), (&company, "not_concerned")]
    {
        assert_eq!(look(&who.token).await.code(), code);
    }
    let noted =
        async || edge.app.record.audit_of(trip.0, 50).await.unwrap().iter().filter(|r| r.1 == "track_revealed").count();
    assert_eq!(noted().await, 0);
    let reply = edge.call(Some(&centre.token), "POST", &path, Some(json!({}))).await;
    assert_eq!((reply.code(), noted().await), ("bad_field", 0), "no look without a reason");
    let reply = look(&centre.token).await;
    assert_eq!((reply.status.as_u16(), &reply.body["members"], noted().await), (200, &json!([]), 1));
    for _ in 0..9 {
        look(&centre.token).await;
    }
    assert_eq!(look(&centre.token).await.status, 429, "as fast as one can read, not copy");
}
