//! What is known of a secret, and how soon it is forgotten.

use super::fixture::{Edge, Person, eventually, hold_timers, put_on};
use super::known::{GOOD_FOR, Kind, authenticate};
use crate::record::Actor;
use crate::shutdown::Vital;
use crate::ws;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

async fn works(edge: &Edge, who: &Person) -> bool {
    authenticate(&edge.app, edge.app.env.now(), Kind::Token, &who.token).await.unwrap().is_some()
}

#[tokio::test]
async fn who_is_known_is_let_in_without_the_record_while_revocations_are_followed_and_no_longer() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    edge.app.known.is_read(Instant::now());
    assert!(works(&edge, &staff).await);
    edge.app.record.close().await;
    assert!(works(&edge, &staff).await, "the record is not asked");
    edge.app.known.is_read(Instant::now().checked_sub(GOOD_FOR).unwrap());
    assert!(authenticate(&edge.app, edge.app.env.now(), Kind::Token, &staff.token).await.is_err(), "it must be");
}

#[tokio::test]
async fn a_token_is_not_known_beyond_its_time() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    edge.app.known.is_read(Instant::now());
    assert!(works(&edge, &staff).await);
    edge.clock.advance_s(4 * 86_400);
    assert!(!works(&edge, &staff).await);
}

/// The sweep is what a server runs; the secret is taken back by another process on the same record.
#[tokio::test]
async fn a_secret_taken_back_beside_the_server_works_no_second_longer() {
    let edge = Edge::new().await;
    let _timers = hold_timers();
    let tasks = TaskTracker::new();
    ws::start(&edge.app, &tasks, &Vital::new(edge.app.drain.clone()));
    let staff = edge.staff().await;
    let app = &edge.app;
    let made = app.record.issue_device(app.env.now(), Actor::Shell, staff.id(), "x").await.unwrap().unwrap();
    let works = async || authenticate(app, app.env.now(), Kind::Device, &made.0).await.unwrap().is_some();
    let token = async || authenticate(app, app.env.now(), Kind::Token, &staff.token).await.unwrap().is_some();
    // Long enough that it is known, and not only read.
    for _ in 0..10 {
        put_on(Duration::from_millis(50)).await;
        assert!(works().await && token().await);
    }
    let beside = crate::record::Record::open_beside(edge.dir(), app.env.clone()).await.unwrap();
    assert!(beside.revoke_device(app.env.now(), Actor::Shell, made.1.id).await.unwrap());
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(950) {
        put_on(Duration::from_millis(20)).await;
        works().await;
    }
    // What has begun within a second is seen to its end.
    eventually("it is not let in", async || !works().await).await;
    assert!(since.elapsed() < Duration::from_secs(1));
    assert!(token().await, "the phone's own sign-in goes on");
    app.drain.cancel();
}
