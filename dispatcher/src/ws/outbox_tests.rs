//! Facts about messages that cannot be read: whose they are begins anew, and everybody else's go out.

use super::close::Close;
use super::session_tests::{Phone, run_tail};
use crate::http::fixture::Edge;
use axum::extract::ws::Message;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn over_a_message_that_cannot_be_read_its_phone_begins_anew_and_everybody_elses_go_out() {
    // One with another behind it, all there are, and one of which it cannot even be read whose it is.
    for (unreadable, of_nobody) in [(1, false), (2, false), (1, true)] {
        let edge = Edge::new().await;
        let (rider, one, two) = (edge.rider().await, edge.staff().await, edge.staff().await);
        let trip = edge.trip(&rider).await;
        let (mut phone, welcome) = Phone::signed_in(&edge, &one, None).await;
        let (mut other, _) = Phone::signed_in(&edge, &two, None).await;
        edge.place(trip, &[&one, &two]).await;
        edge.call(Some(&rider.token), "POST", &format!("/v1/trips/{trip}/cancel"), Some(json!({}))).await;
        let sent = welcome["seq"].as_i64().unwrap();
        edge.app.record.spoil_messages(one.id(), sent + 1..=sent + unreadable, of_nobody).await;
        run_tail(&edge);
        for seq in 1..3 {
            assert_eq!(other.hear_a("offer_closed").await["seq"], seq, "the other's go out");
        }
        let next = tokio::time::timeout(Duration::from_secs(60), phone.from.recv()).await.expect("it is told");
        let Some(Message::Close(Some(close))) = next else { panic!("something was sent over it") };
        assert_eq!(close.code, Close::Restart.number());
        let resume = json!({"epoch": welcome["epoch"], "seq": sent});
        let (mut phone, welcome) = Phone::signed_in(&edge, &one, Some(resume)).await;
        assert_eq!((&welcome["resumed"], welcome["seq"].as_i64()), (&json!(false), Some(sent + 2)), "read it all anew");
        edge.place(edge.trip(&edge.rider().await).await, &[&one, &two]).await;
        assert_eq!(phone.hear_a("offer").await["seq"], sent + 3, "and it goes on");
    }
}
