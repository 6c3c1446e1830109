//! The contract of commutes: each leg once.

use super::stage::*;
use super::*;
use jiff::civil::{date, time};
use matcher::model::{BookingKind, Commute, Leg, Phase, Weekdays};

/// Weekdays from the day after the stage's Tuesday morning for a month, 09:00 out and 18:00 back.
pub(super) fn commute() -> BookingKind {
    BookingKind::Commute(Commute {
        days: Weekdays::MON_FRI,
        outward_at: time(9, 0, 0, 0),
        return_at: time(18, 0, 0, 0),
        from: date(2026, 11, 24),
        until: date(2026, 12, 24),
        skips: vec![],
    })
}

#[tokio::test]
async fn the_next_48_hours_are_made_at_once() {
    let stage = Stage::new().await;
    let booked = stage.book("k", commute()).await;
    assert_eq!(booked.trips.len(), 4, "today and tomorrow, both ways");
    let (out, back) = (stage.row(booked.trips[0]).await, stage.row(booked.trips[1]).await);
    assert_eq!((out.trip.leg, back.trip.leg), (Leg::Outward, Leg::Return));
    assert_eq!((out.trip.pickup, out.trip.dropoff), (back.trip.dropoff, back.trip.pickup));
    assert_eq!((out.pickup_label.as_deref(), back.pickup_label.as_deref()), (Some("home"), Some("work")));
    assert_eq!((out.trip.length, back.trip.length), (840.into(), 900.into()));
    assert_eq!(out.trip.pickup_at, Some(T0.plus_s(3_600)));
    assert_eq!(out.trip.phase, Phase::Reserved);
}

#[tokio::test]
async fn expansion_is_idempotent_across_lives() {
    let mut stage = Stage::new().await;
    stage.book("k", commute()).await;
    assert_eq!(stage.record.expand_series(T0).await.unwrap(), 0);
    stage.reopen().await;
    assert_eq!(stage.record.expand_series(T0).await.unwrap(), 0);
    let next_day = T0.plus_s(86_400);
    assert_eq!(stage.record.expand_series(next_day).await.unwrap(), 2);
    stage.reopen().await;
    assert_eq!(stage.record.expand_series(next_day).await.unwrap(), 0);
    assert_eq!(stage.record.open_trips().await.unwrap().len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_expansions_make_each_leg_once() {
    let stage = Stage::new().await;
    stage.book("k", commute()).await;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let record = std::sync::Arc::clone(&stage.record);
            tokio::spawn(async move { record.expand_series(T0.plus_s(86_400)).await.unwrap() })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += task.await.unwrap();
    }
    assert_eq!(made, 2);
}

#[tokio::test]
async fn a_skipped_day_is_cancelled_and_stays_away() {
    let stage = Stage::new().await;
    let booked = stage.book("k", commute()).await;
    let (series, day) = (booked.series.unwrap(), date(2026, 11, 25));
    for _ in 0..2 {
        let after = stage.record.skip(T0, stage.rider, series, day).await.unwrap().unwrap();
        assert_eq!(after.commute.skips, [day]);
    }
    let phases = async |trips: &[_]| {
        let mut found = Vec::new();
        for trip in trips {
            found.push(stage.phase(*trip).await);
        }
        found
    };
    assert_eq!(phases(&booked.trips).await, [Phase::Reserved, Phase::Reserved, Phase::Cancelled, Phase::Cancelled]);
    assert_eq!(stage.record.expand_series(T0).await.unwrap(), 0);
}

#[tokio::test]
async fn a_day_skipped_ahead_is_never_made() {
    let stage = Stage::new().await;
    let series = stage.book("k", commute()).await.series.unwrap();
    stage.record.skip(T0, stage.rider, series, date(2026, 11, 26)).await.unwrap().unwrap();
    assert_eq!(stage.record.expand_series(T0.plus_s(86_400)).await.unwrap(), 0);
}

#[tokio::test]
async fn an_ended_series_cancels_what_has_not_met_and_makes_no_more() {
    let stage = Stage::new().await;
    let booked = stage.book("k", commute()).await;
    let crew = stage.staff(2).await;
    let met = booked.trips[0];
    stage.place(T0, met, &crew).await;
    for member in &crew {
        stage.answer(T0, *member, true).await.unwrap();
    }
    stage.walk_to(met, &crew, Phase::Met).await;
    let after = stage.record.end_series(T0, stage.rider, booked.series.unwrap()).await.unwrap().unwrap();
    assert!(after.ended);
    let day = date(2026, 11, 26);
    let skipped = stage.record.skip(T0, stage.rider, booked.series.unwrap(), day).await.unwrap();
    assert_eq!(skipped.err(), Some(Refusal::SeriesEnded), "it has no days to leave out");
    let own = stage.record.series_of_rider(stage.rider).await.unwrap();
    assert_eq!(own[0].commute.skips, [], "and none is");
    assert_eq!(stage.phase(met).await, Phase::Met, "it has begun");
    assert_eq!(stage.record.open_trips().await.unwrap().len(), 1);
    assert_eq!(stage.record.expand_series(T0.plus_s(86_400)).await.unwrap(), 0);
}

#[tokio::test]
async fn anothers_series_is_not_found() {
    let stage = Stage::new().await;
    let series = stage.book("k", commute()).await.series.unwrap();
    let other = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
    let day = date(2026, 11, 25);
    assert_eq!(stage.record.skip(T0, other, series, day).await.unwrap().err(), Some(Refusal::NotFound));
    assert_eq!(stage.record.end_series(T0, other, series).await.unwrap().err(), Some(Refusal::NotFound));
    assert!(stage.record.series_of_rider(other).await.unwrap().is_empty());
    let own = stage.record.series_of_rider(stage.rider).await.unwrap();
    assert_eq!((own.len(), own[0].commute.outward_at), (1, time(9, 0, 0, 0)));
}
