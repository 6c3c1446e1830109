//! Facts about who is followed: whoever comes to work is at once, and whoever is not costs the record next to nothing.

use super::sources::{Source, Via};
use super::take;
use crate::http::fixture::{Edge, Person};
use crate::live::Verdict;
use crate::record::NewShift;
use geo::{Fix, FixKind};
use matcher::model::{Mode, Timestamp};
use serde_json::json;
use std::time::Duration;

/// What becomes of a fix of now.
async fn sends(edge: &Edge, who: &Person, seq: u32) -> Verdict {
    let fix = Fix {
        position: edge.places().0,
        accuracy_m: 5.0,
        kind: FixKind::Gps,
        taken_at_ms: edge.app.env.now().0,
        session_epoch: 0,
        seq,
    };
    let told = take(&edge.app, &who.account, (Source::Phone(1), Via::Call), vec![fix]).await;
    told.unwrap_or_else(|_| panic!("the record was asked"))[0]
}

async fn leaves(edge: &Edge, who: &Person) {
    assert_eq!(edge.call(Some(&who.token), "DELETE", "/v1/shift", None).await.status, 204);
}

#[tokio::test]
async fn what_trackers_send_after_the_shift_does_not_read_the_record_each_time() {
    let edge = Edge::new().await;
    let (one, two) = (edge.staff().await, edge.staff().await);
    for (who, seq) in [(&one, 1), (&two, 1)] {
        assert_eq!(sends(&edge, who, seq).await, Verdict::Ok);
        leaves(&edge, who).await;
    }
    assert_eq!(sends(&edge, &one, 2).await, Verdict::NotOnShift, "one look");
    edge.app.record.close().await;
    for seq in 3..20 {
        assert_eq!(sends(&edge, &one, seq).await, Verdict::NotOnShift);
        assert_eq!(sends(&edge, &two, seq).await, Verdict::NotOnShift, "which serves others as well");
    }
    edge.clock.advance_s(60);
    assert_eq!(sends(&edge, &one, 20).await, Verdict::NotOnShift, "nobody comes to work while the record is away");
}

#[tokio::test]
async fn one_look_at_the_record_serves_for_a_second() {
    let edge = Edge::new().await;
    let (one, now) = (edge.staff().await, edge.app.env.now());
    leaves(&edge, &one).await;
    assert_eq!(sends(&edge, &one, 1).await, Verdict::NotOnShift);
    // As nobody here would: no page said so, and the look has not seen it.
    let shift = NewShift { mode: Mode::Walk, hours: 8 };
    edge.app.record.start_shift(now, one.id(), shift).await.unwrap().unwrap();
    assert_eq!(sends(&edge, &one, 2).await, Verdict::NotOnShift);
    edge.clock.advance_s(1);
    assert_eq!(sends(&edge, &one, 3).await, Verdict::Ok);
}

#[tokio::test]
async fn whoever_goes_on_shift_or_calls_for_help_is_followed_with_the_next_fix() {
    let edge = Edge::new().await;
    let (one, two) = (edge.staff().await, edge.staff().await);
    for who in [&one, &two] {
        leaves(&edge, who).await;
        assert_eq!(sends(&edge, who, 1).await, Verdict::NotOnShift);
    }
    let begun = edge.call(Some(&one.token), "POST", "/v1/shift", Some(json!({"mode": "walk", "hours": 8}))).await;
    assert_eq!(begun.status, 201, "{}", begun.text);
    assert_eq!(sends(&edge, &one, 2).await, Verdict::Ok);
    let raised = edge.call(Some(&two.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await;
    assert_eq!(raised.status, 201, "{}", raised.text);
    assert_eq!(sends(&edge, &two, 2).await, Verdict::Ok);
}

#[tokio::test]
async fn epochs_are_kept_as_long_as_somebody_sends_and_a_day_longer() {
    let edge = Edge::new().await;
    let one = edge.staff().await;
    let after = |seconds: i64| -> Timestamp {
        edge.clock.advance_s(seconds);
        edge.app.env.now()
    };
    assert_eq!(sends(&edge, &one, 1).await, Verdict::Ok);
    let known = || edge.app.ingest.epochs(one.id()).phone();
    let first = known();
    edge.app.ingest.forget_unused(after(40_000));
    assert!(first.is_some());
    sends(&edge, &one, 2).await;
    edge.app.ingest.forget_unused(after(86_400));
    assert_eq!(known(), first, "used since");
    edge.app.ingest.forget_unused(after(1));
    assert_eq!(known(), None);
    sends(&edge, &one, 1).await;
    assert_eq!(known(), first, "the record knows it");
}

#[tokio::test]
async fn what_a_gateway_judged_before_it_heard_of_the_end_of_a_shift_is_taken_off_the_map() {
    let edge = Edge::new().await;
    let (gone, back) = (edge.staff().await, edge.staff().await);
    for who in [&gone, &back] {
        leaves(&edge, who).await;
        // As it comes from Redis.
        edge.stands(who, edge.places().0, 9);
    }
    let begun = edge.call(Some(&back.token), "POST", "/v1/shift", Some(json!({"mode": "walk", "hours": 8}))).await;
    assert_eq!(begun.status, 201, "{}", begun.text);
    let taken_off = async {
        while edge.app.sight.places.last_fix(gone.id()).is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), taken_off).await.expect("nobody at work is on the map");
    assert!(edge.app.sight.places.last_fix(back.id()).is_some(), "another shift has begun");
}
