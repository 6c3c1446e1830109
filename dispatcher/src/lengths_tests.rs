//! Facts about when lengths are corrected, by a clock of timers that is put on by hand.

use super::*;
use crate::http::fixture::{Edge, T0};
use crate::http::sight::When;
use crate::record::{NewBooking, Place};
use geo::road::Profile;
use matcher::model::{BookingKind, TripId};
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

/// More than anything takes that is under way.
const PATIENCE: Duration = Duration::from_secs(20);

/// Timers stand until they are put on: while a thread is busy, which this one is until it is let go of, they do not go on by themselves.
fn hold_timers() -> Sender<()> {
    let (held, until) = channel();
    tokio::task::spawn_blocking(move || until.recv());
    tokio::time::pause();
    held
}

/// Timers round up to their grain.
async fn put_on(by: Duration) {
    tokio::time::advance(by + Duration::from_millis(10)).await;
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::task::yield_now().await;
    }
}

/// Whatever can be done without a timer is done.
async fn settle() {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(300) {
        tokio::task::yield_now().await;
    }
}

/// A far trip that is stored as long as by car.
async fn stored_by_car(edge: &Edge) -> TripId {
    let rider = edge.rider().await;
    let stops = &edge.app.sight.map().data.subway.stops;
    let from = stops[0].at;
    let to = stops.iter().map(|stop| stop.at).max_by(|a, b| a.distance_m(from).total_cmp(&b.distance_m(from))).unwrap();
    let by_car = edge.app.sight.length(from, to, When::Now { hour: 8 }).by_car_s;
    let place = |position| Place { position, label: None };
    let wanted = NewBooking {
        rider: rider.id(),
        idempotency_key: "far".into(),
        body_sha256: [0; 32],
        kind: BookingKind::Now,
        pickup: place(from),
        dropoff: place(to),
        crew_size: None,
        length: by_car.into(),
        return_length: by_car.into(),
    };
    edge.app.record.book(T0, &wanted).await.unwrap().unwrap().trips[0]
}

async fn is_corrected(edge: &Edge, trip: TripId) -> bool {
    let length = edge.app.record.trip(trip).await.unwrap().unwrap().trip.length;
    length.without_s != length.by_car_s
}

#[tokio::test]
async fn lengths_are_corrected_when_the_subway_is_known_and_once_more_for_what_was_stored_meanwhile() {
    let edge = Edge::new().await;
    let _timers = hold_timers();
    let before = stored_by_car(&edge).await;
    let rounds = tokio::spawn(run(Arc::clone(&edge.app)));
    settle().await;
    edge.app.sight.map().free_flow(Profile::Transit);
    assert!(!is_corrected(&edge, before).await);
    put_on(LOOK_EVERY).await;
    eventually("it is corrected when the subway is known", async || is_corrected(&edge, before).await).await;
    let meanwhile = stored_by_car(&edge).await;
    settle().await;
    assert!(!is_corrected(&edge, meanwhile).await);
    put_on(AGAIN_AFTER).await;
    eventually("so is what was stored meanwhile", async || is_corrected(&edge, meanwhile).await).await;
    settle().await;
    // Then nobody measures without the subway any more; zones are followed for ever.
    let later = stored_by_car(&edge).await;
    for _ in 0..3 {
        put_on(AGAIN_AFTER).await;
        settle().await;
    }
    assert!(!is_corrected(&edge, later).await && !rounds.is_finished());
}

#[tokio::test]
async fn a_round_in_which_the_record_did_not_answer_is_tried_again() {
    let edge = Edge::new().await;
    edge.app.sight.map().free_flow(Profile::Transit);
    let trip = stored_by_car(&edge).await;
    let _timers = hold_timers();
    let away = edge.app.record.hold_readers().await;
    let rounds = tokio::spawn(run(Arc::clone(&edge.app)));
    settle().await;
    // Longer than anybody waits for the record.
    put_on(Duration::from_secs(11)).await;
    settle().await;
    drop(away);
    settle().await;
    assert!(!is_corrected(&edge, trip).await, "it was not tried yet");
    put_on(AGAIN_AFTER).await;
    eventually("it is corrected then", async || is_corrected(&edge, trip).await).await;
    assert!(!rounds.is_finished());
}

#[tokio::test]
async fn a_server_that_drains_waits_for_no_round() {
    let edge = Edge::new().await;
    let _timers = hold_timers();
    let rounds = tokio::spawn(run(Arc::clone(&edge.app)));
    settle().await;
    assert!(!rounds.is_finished(), "nobody knows the subway's times");
    edge.app.drain.cancel();
    eventually("it ends", async || rounds.is_finished()).await;
}
