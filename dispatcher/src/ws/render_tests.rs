//! Facts about numbered messages: what is true when they are sent, whatever they were written for.

use super::render::render;
use crate::http::fixture::{Edge, Person};
use crate::record::OutboxKind;
use matcher::model::TripId;
use serde_json::{Value, json};

/// The last message of that kind on the record for the person, as it would be sent now.
async fn sent_now(edge: &Edge, person: &Person, kind: OutboxKind) -> Value {
    let rows = edge.app.record.outbox_of(person.id(), 0, 100).await.unwrap();
    let row = rows.iter().rev().find(|row| row.kind == kind).expect("such a message was written");
    serde_json::from_str(&render(&edge.app, &person.account, row).await.unwrap()).unwrap()
}

async fn tap(edge: &Edge, staff: &Person, trip: TripId, call: &str, body: Value) {
    let reply = edge.call(Some(&staff.token), "POST", &format!("/v1/trips/{trip}/{call}"), Some(body)).await;
    assert!(reply.status.is_success(), "{call}: {}", reply.text);
}

#[tokio::test]
async fn a_late_word_of_a_trip_says_why_the_trip_is_not_the_phones_any_more() {
    for (what, reason) in [
        ("drop-out", "dropped_out"),
        ("partner drops out", "refilling"),
        ("release", "released"),
        ("cancel", "cancelled"),
        ("no_show", "no_show"),
        ("completed", "completed"),
        ("completed without the one who left", "dropped_out"),
    ] {
        let edge = Edge::new().await;
        let (rider, one, two, three) = (edge.rider().await, edge.staff().await, edge.staff().await, edge.staff().await);
        let (centre, trip) = (edge.centre().await, edge.trip(&rider).await);
        edge.place(trip, &[&one, &two]).await;
        edge.accept(&one).await;
        edge.accept(&two).await;
        tap(&edge, &one, trip, "status", json!({"to": "arrived"})).await;
        assert_eq!(sent_now(&edge, &one, OutboxKind::Trip).await["t"], "trip");
        let mut walk = vec![(&two, "arrived")];
        match what {
            "drop-out" => tap(&edge, &one, trip, "drop-out", json!({})).await,
            "partner drops out" => tap(&edge, &two, trip, "drop-out", json!({})).await,
            "release" | "cancel" => tap(&edge, &centre, trip, what, json!({})).await,
            "no_show" => walk.push((&two, "no_show")),
            "completed" => walk.extend([(&one, "met"), (&one, "escorting"), (&one, "completed")]),
            _ => {
                tap(&edge, &one, trip, "drop-out", json!({})).await;
                edge.place(trip, &[&three]).await;
                edge.accept(&three).await;
                walk.extend([(&three, "arrived"), (&two, "met"), (&two, "escorting"), (&two, "completed")]);
            }
        }
        if walk.len() > 1 {
            for (staff, to) in walk {
                tap(&edge, staff, trip, "status", json!({"to": to})).await;
            }
        }
        let late = sent_now(&edge, &one, OutboxKind::Trip).await;
        assert_eq!((&late["t"], &late["reason"]), (&json!("trip_gone"), &json!(reason)), "{what}");
        assert_eq!(late["trip"], trip.to_string());
    }
}
