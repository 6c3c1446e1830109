//! The contract of bookings: idempotent, durable, due when they should be.

use super::stage::*;
use super::*;
use matcher::model::{BookingKind, CrewSize, Phase};
use std::sync::Arc;

#[tokio::test]
async fn acknowledged_booking_survives_reopen() {
    let mut stage = Stage::new().await;
    let booked = stage.book("k", BookingKind::Now).await;
    stage.reopen().await;
    let row = stage.row(booked.trips[0]).await;
    assert_eq!(row.trip.booking, booked.booking);
    assert_eq!(row.trip.phase, Phase::Requested);
    assert_eq!(row.pickup_label.as_deref(), Some("home"));
}

#[tokio::test]
async fn same_key_and_body_is_answered_the_same() {
    let stage = Stage::new().await;
    let first = stage.book("k", BookingKind::Now).await;
    let again = stage.book("k", BookingKind::Now).await;
    assert!(first.fresh && !again.fresh);
    assert_eq!((again.booking, &again.trips), (first.booking, &first.trips));
    assert_eq!(stage.record.open_trips().await.unwrap().len(), 1);
    let found = stage.record.find_booking(stage.rider, "k", &[7; 32]).await.unwrap().unwrap().unwrap();
    assert_eq!(found.trips, first.trips);
}

#[tokio::test]
async fn same_key_with_another_body_is_refused() {
    let stage = Stage::new().await;
    stage.book("k", BookingKind::Now).await;
    let other = NewBooking { body_sha256: [8; 32], ..booking(stage.rider, "k", BookingKind::Now) };
    assert_eq!(stage.record.book(T0, &other).await.unwrap().err(), Some(Refusal::KeyReused));
    let found = stage.record.find_booking(stage.rider, "k", &[8; 32]).await.unwrap();
    assert_eq!(found.err(), Some(Refusal::KeyReused));
}

#[tokio::test]
async fn the_key_is_the_riders_own() {
    let stage = Stage::new().await;
    stage.book("k", BookingKind::Now).await;
    let other = stage.record.create_rider(T0, &new_rider()).await.unwrap().id;
    assert!(stage.record.book(T0, &booking(other, "k", BookingKind::Now)).await.unwrap().unwrap().fresh);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_racing_retries_make_one_booking() {
    let stage = Stage::new().await;
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (record, new) = (Arc::clone(&stage.record), booking(stage.rider, "k", BookingKind::Now));
            tokio::spawn(async move { record.book(T0, &new).await.unwrap().unwrap().fresh })
        })
        .collect();
    let mut fresh = 0;
    for task in tasks {
        fresh += usize::from(task.await.unwrap());
    }
    assert_eq!(fresh, 1);
    assert_eq!(stage.record.open_trips().await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_is_no_rider_books_nothing() {
    let stage = Stage::new().await;
    let staff = stage.off_shift().await;
    let refused = stage.record.book(T0, &booking(staff, "k", BookingKind::Now)).await.unwrap();
    assert_eq!(refused.err(), Some(Refusal::NotFound));
}

#[tokio::test]
async fn a_trip_for_now_is_due_now_and_a_later_one_an_hour_ahead() {
    let stage = Stage::new().await;
    let soon = stage.book("soon", BookingKind::At(T0.plus_s(1_800))).await.trips[0];
    let later = stage.book("later", BookingKind::At(T0.plus_s(3 * 3_600))).await.trips[0];
    let now = stage.trip("now").await;
    assert_eq!(stage.phase(soon).await, Phase::Reserved);
    let due: Vec<_> = stage.record.due(T0, 10).await.unwrap().iter().map(|d| d.row.trip.id).collect();
    assert!(due.contains(&soon) && due.contains(&now) && !due.contains(&later));
    assert!(stage.record.due(T0.plus_s(2 * 3_600 - 1), 10).await.unwrap().iter().all(|d| d.row.trip.id != later));
    assert!(stage.record.due(T0.plus_s(2 * 3_600), 10).await.unwrap().iter().any(|d| d.row.trip.id == later));
}

#[tokio::test]
async fn crew_size_is_the_grants_or_more_and_never_less() {
    for (granted, stated, expected) in [
        (2, None, Ok(2)),
        (3, None, Ok(3)),
        (3, Some(3), Ok(3)),
        (3, Some(4), Ok(4)),
        (2, Some(1), Err(Refusal::CrewBelowGrant)),
        (3, Some(2), Err(Refusal::CrewBelowGrant)),
        (1, Some(1), Ok(1)),
    ] {
        let stage = Stage::new().await;
        let rider = NewRider { crew_size: CrewSize::new(granted).unwrap(), ..new_rider() };
        let rider = stage.record.create_rider(T0, &rider).await.unwrap().id;
        let new = NewBooking { crew_size: stated.and_then(CrewSize::new), ..booking(rider, "k", BookingKind::Now) };
        let booked = stage.record.book(T0, &new).await.unwrap().map(|b| b.trips);
        let made = match booked {
            Ok(trips) => Ok(stage.row(trips[0]).await.trip.crew_size.get()),
            Err(refusal) => Err(refusal),
        };
        assert_eq!(made, expected, "granted {granted}, stated {stated:?}");
    }
}

#[tokio::test]
async fn rider_sees_open_trips_then_those_ended_within_a_day() {
    let stage = Stage::new().await;
    let (ended, open) = (stage.trip("ended").await, stage.trip("open").await);
    stage.record.cancel(T0, ended, stage.rider).await.unwrap().unwrap();
    let seen = |now| async move {
        let rows = stage.record.trips_of_rider(stage.rider, now).await.unwrap();
        rows.iter().map(|r| r.trip.id).collect::<Vec<_>>()
    };
    assert_eq!(seen(T0).await, [open, ended]);
}

#[tokio::test]
async fn an_ended_trip_leaves_the_list_after_a_day() {
    let stage = Stage::new().await;
    let ended = stage.trip("ended").await;
    stage.record.cancel(T0, ended, stage.rider).await.unwrap().unwrap();
    assert!(stage.record.trips_of_rider(stage.rider, T0.plus_s(86_400)).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_rider_is_told_of_a_new_trip_once() {
    let stage = Stage::new().await;
    stage.book("k", BookingKind::Now).await;
    stage.book("k", BookingKind::Now).await;
    assert_eq!(stage.mail(stage.rider).await, ["trip"]);
}
