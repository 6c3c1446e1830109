//! What tells a phone that its line is whole, and what it need not say again after it was not.

use super::session::HEARTBEAT;
use super::session_tests::Phone;
use crate::http::fixture::{Edge, Person};
use serde_json::{Value, json};
use std::time::Duration;

/// The page takes a line for dead on which it has heard nothing for so long.
const PAGE_WAITS: Duration = Duration::from_secs(35);
/// As often as the page says where it is.
const FIX_EVERY: Duration = Duration::from_secs(4);

fn fix(edge: &Edge, seq: u32) -> Value {
    let at = edge.places().0;
    json!({"t": "fix", "fixes": [{"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": seq}]})
}

async fn heard(edge: &Edge, person: &Person, seq: u32) {
    let told = async {
        while edge.app.sight.places.last_fix(person.id()).is_none_or(|last| last.seq != seq) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("the fix arrives");
}

#[tokio::test]
async fn a_phone_that_only_tells_where_it_is_hears_that_the_line_is_whole() {
    let edge = Edge::new().await;
    // Whose fixes ask nothing of the record: it works in threads, which a clock that runs by itself does not wait for.
    let rider = edge.rider().await;
    let (mut phone, _) = Phone::signed_in(&edge, &rider, None).await;
    tokio::time::pause();
    let (mut seq, mut heard_at) = (0, tokio::time::Instant::now());
    let begun = heard_at;
    let mut every = tokio::time::interval(FIX_EVERY);
    while begun.elapsed() < 4 * HEARTBEAT {
        tokio::select! {
            message = phone.hear() => {
                assert_eq!(message["t"], "ping", "{message}");
                phone.say(&json!({"t": "pong"}));
                heard_at = tokio::time::Instant::now();
            }
            _ = every.tick() => {
                seq += 1;
                phone.say(&fix(&edge, seq));
            }
        }
        assert!(heard_at.elapsed() < PAGE_WAITS, "{:?} without a word, {seq} fixes sent", heard_at.elapsed());
    }
    assert!(seq > 20);
}

#[tokio::test]
async fn whoever_comes_back_learns_which_fixes_have_arrived() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let (phone, welcome) = Phone::signed_in(&edge, &staff, None).await;
    assert_eq!(welcome.get("fixes_heard"), None);
    for seq in 1..=3 {
        phone.say(&fix(&edge, seq));
    }
    heard(&edge, &staff, 3).await;
    let resume = |of: &Value| Some(json!({"epoch": of["epoch"], "seq": of["seq"]}));
    let (phone, again) = Phone::signed_in(&edge, &staff, resume(&welcome)).await;
    assert_eq!(again["fixes_heard"], 3, "{again}");
    phone.say(&fix(&edge, 4));
    heard(&edge, &staff, 4).await;
    let (_, late) = Phone::signed_in(&edge, &staff, resume(&welcome)).await;
    assert_eq!(late.get("fixes_heard"), None, "of the session before that nothing is known any more");
}
