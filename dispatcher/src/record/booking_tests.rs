//! The contract of bookings: idempotent, durable, due when they should be.

use super::stage::*;
use super::*;
use jiff::civil::{date, time};
use matcher::model::{AccountId, BookingKind, Commute, CrewSize, Leg, Mode, Phase, TripId, TripLength, Weekdays};
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
    let other = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
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

/// Weekdays from the stage's Tuesday on.
fn commute(days: Weekdays, outward: i8, back: i8) -> BookingKind {
    BookingKind::Commute(Commute {
        days,
        outward_at: time(outward, 0, 0, 0),
        return_at: time(back, 0, 0, 0),
        from: date(2026, 11, 24),
        until: date(2026, 12, 24),
        skips: vec![],
    })
}

#[tokio::test]
async fn a_rider_has_one_trip_at_a_time_however_it_was_booked() {
    let at = |minutes: i64| BookingKind::At(T0.plus_s(minutes * 60));
    let (tuesdays, fridays) = (Weekdays::from_bits(1 << 1).unwrap(), Weekdays::from_bits(1 << 4).unwrap());
    // The stage's trips take 14 min, and 15 back; it is 08:00.
    for (first, second, overlaps) in [
        (BookingKind::Now, BookingKind::Now, true),
        (BookingKind::Now, at(13), true),
        (BookingKind::Now, at(14), false),
        (at(13), BookingKind::Now, true),
        (at(14), BookingKind::Now, false),
        (at(60), at(73), true),
        (at(60), at(47), true),
        (at(60), at(46), false),
        (commute(Weekdays::MON_FRI, 9, 18), commute(Weekdays::MON_FRI, 9, 18), true),
        (commute(Weekdays::MON_FRI, 9, 18), commute(fridays, 10, 18), true),
        (commute(tuesdays, 9, 18), commute(fridays, 9, 18), false),
        (commute(Weekdays::MON_FRI, 9, 18), commute(Weekdays::MON_FRI, 10, 19), false),
        (commute(Weekdays::MON_FRI, 9, 18), at(70), true),
        (commute(Weekdays::MON_FRI, 9, 18), at(9 * 24 * 60 + 70), true),
        (commute(Weekdays::MON_FRI, 9, 18), at(80), false),
        (at(9 * 24 * 60 + 70), commute(Weekdays::MON_FRI, 9, 18), true),
    ] {
        let stage = Stage::new().await;
        let trips = stage.book("first", first.clone()).await.trips;
        let second_booked = stage.record.book(T0, &booking(stage.rider, "second", second.clone())).await.unwrap();
        match second_booked.map(|booked| booked.fresh) {
            Ok(fresh) => assert!(fresh && !overlaps, "{first:?} and {second:?}"),
            Err(Refusal::TripOverlaps(Some(other))) => {
                assert!(overlaps && trips.contains(&other), "{first:?} and {second:?}");
            }
            Err(refusal) => panic!("{refusal} for {first:?} and {second:?}"),
        }
        assert!(
            !stage.record.book(T0, &booking(stage.rider, "first", first)).await.unwrap().unwrap().fresh,
            "a replay"
        );
    }
}

#[tokio::test]
async fn a_time_is_free_again_when_its_trip_has_ended_and_while_a_trip_lasts_it_is_not() {
    let stage = Stage::new().await;
    let (trip, crew) = stage.assigned("k").await;
    stage.walk_to(trip, &crew, Phase::Escorting).await;
    let later = T0.plus_s(3 * 3_600);
    let again = |key: &'static str| booking(stage.rider, key, BookingKind::Now);
    let refused = stage.record.book(later, &again("late")).await.unwrap();
    assert_eq!(refused.err(), Some(Refusal::TripOverlaps(Some(trip))), "it takes longer than expected");
    stage.tap(trip, crew[0], Phase::Completed).await.unwrap();
    assert!(stage.record.book(later, &again("late")).await.unwrap().unwrap().fresh);
    let booked = stage.book("week", commute(Weekdays::MON_FRI, 9, 18)).await;
    stage.record.cancel(T0, booked.trips[0], hand(stage.rider)).await.unwrap().unwrap();
    let nine = booking(stage.rider, "nine", BookingKind::At(T0.plus_s(3_600)));
    assert!(stage.record.book(T0, &nine).await.unwrap().is_ok(), "a cancelled leg is in nobody's way");
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
        let rider = stage.record.create_rider(T0, Actor::Shell, &rider).await.unwrap().id;
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
    let (ended, open) = (stage.trip("ended").await, stage.in_hours(1).await);
    stage.record.cancel(T0, ended, hand(stage.rider)).await.unwrap().unwrap();
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
    stage.record.cancel(T0, ended, hand(stage.rider)).await.unwrap().unwrap();
    assert!(stage.record.trips_of_rider(stage.rider, T0.plus_s(86_400)).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_rider_is_told_of_a_new_trip_once() {
    let stage = Stage::new().await;
    stage.book("k", BookingKind::Now).await;
    stage.book("k", BookingKind::Now).await;
    assert_eq!(stage.mail(stage.rider).await, ["trip"]);
}

#[tokio::test]
async fn a_rider_has_so_many_commutes_and_open_trips_and_no_more() {
    let stage = Stage::new().await;
    let weekday = |nth: u8| Weekdays::from_bits(1 << nth).unwrap();
    let book = async |key: String, kind: BookingKind| {
        stage.record.book(T0, &booking(stage.rider, &key, kind)).await.unwrap().err()
    };
    for nth in 0..super::bookings::SERIES_MAX {
        let (day, hour) = ((nth % 7) as u8, 9 + 3 * (nth / 7) as i8);
        assert_eq!(book(format!("c{nth}"), commute(weekday(day), hour, hour + 1)).await, None, "{nth}");
    }
    assert_eq!(book("c".into(), commute(weekday(0), 20, 21)).await, Some(Refusal::TooManyBookings));
    for nth in 0..super::bookings::TRIPS_MAX {
        // Beyond the last commute's end.
        let at = BookingKind::At(T0.plus_s(40 * 86_400 + nth * 3_600));
        assert_eq!(book(format!("t{nth}"), at).await, None, "{nth}");
    }
    let later = BookingKind::At(T0.plus_s(60 * 86_400));
    assert_eq!(book("t".into(), later).await, Some(Refusal::TooManyBookings));
    let again = BookingKind::At(T0.plus_s(40 * 86_400));
    assert_eq!(book("t0".into(), again).await, None, "a retry is answered as before");
    let ended = stage.record.series_of_rider(stage.rider).await.unwrap()[0].id;
    stage.record.end_series(T0, stage.rider, ended).await.unwrap().unwrap();
    assert_eq!(book("c".into(), commute(weekday(0), 20, 21)).await, None, "one has ended");
}

#[tokio::test]
async fn a_rider_books_so_often_a_day_and_no_more_and_is_shown_so_many() {
    let stage = Stage::new().await;
    let book = async |nth: i64, now: matcher::model::Timestamp| {
        stage.record.book(now, &booking(stage.rider, &format!("d{nth}"), BookingKind::Now)).await.unwrap()
    };
    for nth in 0..super::bookings::BOOKINGS_A_DAY_MAX {
        let trip = book(nth, T0).await.unwrap().trips[0];
        stage.record.cancel(T0, trip, hand(stage.rider)).await.unwrap().unwrap();
    }
    assert_eq!(
        book(1_000, T0.plus_s(86_399)).await.err(),
        Some(Refusal::TooManyBookings),
        "those that ended count too"
    );
    assert!(book(1_001, T0.plus_s(86_401)).await.is_ok(), "a day on there is room again");
}

#[tokio::test]
async fn a_commute_whose_way_back_begins_before_the_way_there_is_over_is_refused() {
    let stage = Stage::new().await;
    let (mut new, late) = (booking(stage.rider, "c", commute(Weekdays::from_bits(0b1_1111).unwrap(), 9, 10)), 61 * 60);
    new.length = late.into();
    assert_eq!(stage.record.book(T0, &new).await.unwrap().err(), Some(Refusal::LegsOverlap));
    new.length = (59 * 60).into();
    assert!(stage.record.book(T0, &new).await.unwrap().is_ok());
}

/// A trip that takes 1,000 s by car and 3,000 s without one, offered to two who walk.
async fn far_trip(stage: &Stage) -> (TripId, Vec<AccountId>) {
    let mut new = booking(stage.rider, "far", BookingKind::Now);
    new.length = TripLength { by_car_s: 1_000, without_s: 3_000 };
    let trip = stage.record.book(T0, &new).await.unwrap().unwrap().trips[0];
    let row = stage.row(trip).await;
    assert_eq!((row.trip.length, row.trip_s()), (new.length, 3_000));
    let crew = stage.staff(2).await;
    assert_eq!(stage.place(T0, trip, &crew).await, Applied::Done);
    (trip, crew)
}

async fn begin(stage: &Stage, staff: AccountId, mode: Mode) {
    stage.record.start_shift(T0, staff, NewShift { mode, hours: 8 }).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_trip_is_as_long_as_its_crew_makes_it_and_before_there_is_one_the_longer() {
    let stage = Stage::new().await;
    let (trip, crew) = far_trip(&stage).await;
    let offered_s = async |who: usize| stage.record.duties_of_staff(crew[who]).await.unwrap().offer.unwrap().trip_s;
    let told_s = async || stage.row(trip).await.trip_s();
    assert_eq!((offered_s(0).await, offered_s(1).await, told_s().await), (3_000, 3_000, 3_000), "nobody has a car");
    begin(&stage, crew[0], Mode::Drive).await;
    assert_eq!((offered_s(0).await, offered_s(1).await), (1_000, 3_000), "of the other's car nobody knows yet");
    assert_eq!(told_s().await, 3_000, "who is asked may yet decline");
    stage.answer(T0, crew[0], true).await.unwrap();
    assert_eq!((offered_s(1).await, told_s().await), (3_000, 3_000), "who waits for the other may yet be another");
    stage.answer(T0, crew[1], true).await.unwrap();
    assert_eq!(told_s().await, 1_000, "one car takes all");

    // A car may be the slower one: until somebody says so, nothing is planned into the longer.
    let rider = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
    let mut early = booking(rider, "early", BookingKind::At(T0.plus_s(7_200)));
    early.length = TripLength { by_car_s: 3_000, without_s: 1_000 };
    let early = stage.record.book(T0, &early).await.unwrap().unwrap().trips[0];
    assert_eq!(stage.row(early).await.trip_s(), 3_000);
    let then = BookingKind::At(T0.plus_s(7_200 + 2_999));
    let refused = stage.record.book(T0, &booking(rider, "over", then)).await.unwrap().err();
    assert!(matches!(refused, Some(Refusal::TripOverlaps(_))), "{refused:?}");
    let after = BookingKind::At(T0.plus_s(7_200 + 3_000));
    assert!(stage.record.book(T0, &booking(rider, "after", after)).await.unwrap().is_ok());
}

#[tokio::test]
async fn each_leg_of_a_commute_has_its_own_length_with_a_car_and_without() {
    let stage = Stage::new().await;
    let (there, back) =
        (TripLength { by_car_s: 1_000, without_s: 3_000 }, TripLength { by_car_s: 4_000, without_s: 1_500 });
    let tuesdays = Weekdays::from_bits(1 << 1).unwrap();
    let mut new = booking(stage.rider, "c", commute(tuesdays, 9, 18));
    (new.length, new.return_length) = (there, back);
    let mut legs = Vec::new();
    for trip in stage.record.book(T0, &new).await.unwrap().unwrap().trips {
        let row = stage.row(trip).await;
        legs.push((row.trip.leg, row.trip.length));
    }
    assert_eq!(legs, [(Leg::Outward, there), (Leg::Return, back)], "of today");
    // It is 08:00. A week from now no trip is made yet, and the longer counts all the same.
    let week_s = 7 * 86_400;
    for (key, at_s, is_free) in [
        ("there", week_s + 3_600 + 2_999, false),
        ("there", week_s + 3_600 + 3_000, true),
        ("back", week_s + 10 * 3_600 + 3_999, false),
        ("back", week_s + 10 * 3_600 + 4_000, true),
    ] {
        let mut other = booking(stage.rider, key, BookingKind::At(T0.plus_s(at_s)));
        other.length = 600.into();
        assert_eq!(stage.record.book(T0, &other).await.unwrap().is_ok(), is_free, "{key} at {at_s}");
    }
}

#[tokio::test]
async fn a_shift_that_changes_how_long_a_trip_takes_is_told_to_those_who_go_and_to_consoles() {
    let stage = Stage::new().await;
    let (trip, crew) = far_trip(&stage).await;
    let everybody = [stage.rider, crew[0], crew[1]];
    // What each hears when the first of the crew begins a shift so, and whether the consoles do.
    let heard = async |mode: Mode| {
        let (change_no, mut mail) = (stage.row(trip).await.change_no, Vec::new());
        for who in everybody {
            mail.push(stage.mail(who).await.len());
        }
        begin(&stage, crew[0], mode).await;
        for (who, heard) in everybody.iter().zip(&mut mail) {
            *heard = stage.mail(*who).await.len() - *heard;
        }
        (mail, stage.row(trip).await.change_no > change_no)
    };
    assert_eq!(heard(Mode::Drive).await, (vec![0, 1, 0], false), "an open offer comes anew, and nothing is told of it");
    assert_eq!(stage.last_mail(crew[0]).await, "offer");
    stage.answer(T0, crew[0], true).await.unwrap();
    assert_eq!(heard(Mode::Walk).await, (vec![0, 0, 0], false), "of no crew yet");
    stage.answer(T0, crew[1], true).await.unwrap();
    assert_eq!(stage.row(trip).await.trip_s(), 3_000);
    for (mode, trip_s, is_told) in [
        (Mode::Cycle, 3_000, false),
        (Mode::Drive, 1_000, true),
        (Mode::Drive, 1_000, false),
        (Mode::Walk, 3_000, true),
    ] {
        assert_eq!(heard(mode).await, (vec![usize::from(is_told); 3], is_told), "{mode:?}");
        assert_eq!(stage.row(trip).await.trip_s(), trip_s, "{mode:?}");
    }
}

#[tokio::test]
async fn the_engine_reads_who_of_a_crew_has_a_car_and_both_lengths() {
    let stage = Stage::new().await;
    let (trip, crew) = far_trip(&stage).await;
    begin(&stage, crew[0], Mode::Drive).await;
    stage.answer(T0, crew[0], true).await.unwrap();
    stage.answer(T0, crew[1], false).await.unwrap();
    let judged = async || {
        let row = stage.record.seen_now(T0, &[trip]).await.unwrap().remove(0).row;
        let cars: Vec<bool> = row.crew.iter().map(|member| member.has_car).collect();
        (row.trip.length.by_car_s, row.trip.length.without_s, cars)
    };
    // Which of the two counts is the engine's to say (`engine::kept`).
    assert_eq!(judged().await, (1_000, 3_000, vec![true]));
    begin(&stage, crew[0], Mode::Walk).await;
    assert_eq!(judged().await, (1_000, 3_000, vec![false]));
}
