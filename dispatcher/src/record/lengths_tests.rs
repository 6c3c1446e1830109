//! Scenes about lengths that were stored before the subway's were known.

use super::stage::*;
use super::*;
use matcher::model::{BookingKind, Commute, Phase, SeriesId, Timestamp, TripId, TripLength, Weekdays};
use matcher::schedule::{date_of, hour_of};

fn commute() -> BookingKind {
    BookingKind::Commute(Commute {
        days: Weekdays::from_bits(0b111_1111).unwrap(),
        outward_at: jiff::civil::time(14, 30, 0, 0),
        return_at: jiff::civil::time(19, 0, 0, 0),
        from: date_of(T0),
        until: date_of(T0.plus_s(20 * 86_400)),
        skips: Vec::new(),
    })
}

async fn stored(stage: &Stage) -> Vec<(LengthOf, Option<u8>)> {
    stage.record.lengths_by_car(T0).await.unwrap().into_iter().map(|one| (one.of, one.hour)).collect()
}

async fn correct(stage: &Stage, now: Timestamp, of: LengthOf) -> bool {
    stage.record.correct_length(now, of, 2_000).await.unwrap()
}

#[tokio::test]
async fn an_open_trip_is_corrected_once_and_everybody_who_sees_it_is_told() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let of = LengthOf::Trip(trip);
    assert_eq!(stored(&stage).await, [(of, None)]);
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    stage.answer(T0, crew[0], true).await.unwrap();
    let rider = stage.row(trip).await.trip.rider;
    let before = (stage.mail(rider).await.len(), stage.mail(crew[0]).await.len(), stage.row(trip).await.change_no);
    assert!(correct(&stage, T0.plus_s(2), of).await);
    let row = stage.row(trip).await;
    assert_eq!(row.trip.length, TripLength { by_car_s: 840, without_s: 2_000 });
    assert!(row.change_no > before.2, "consoles are told");
    assert_eq!(stage.mail(rider).await[before.0..], ["trip"]);
    assert_eq!(stage.mail(crew[0]).await.len(), before.1, "who has accepted hears of it with the trip");
    assert_eq!(stage.last_mail(crew[1]).await, "offer", "who is asked has the offer anew");
    assert_eq!(
        stage.record.due(T0.plus_s(2), 10).await.unwrap().len(),
        1,
        "whether they have the time is looked at now"
    );
    assert!(!correct(&stage, T0, of).await && stored(&stage).await.is_empty());

    // A crew that is one hears of it as of any change.
    let (trip, crew) = stage.assigned("another").await;
    let before = stage.mail(crew[0]).await.len();
    assert!(correct(&stage, T0, LengthOf::Trip(trip)).await);
    assert_eq!(stage.mail(crew[0]).await[before..], ["trip"]);
}

#[tokio::test]
async fn of_a_commute_the_legs_to_come_are_corrected_each_way() {
    let stage = Stage::new().await;
    let booked = stage.book("k", commute()).await;
    let series: SeriesId = booked.series.unwrap();
    let (there, back) = (LengthOf::Outward(series), LengthOf::Return(series));
    let all = stored(&stage).await;
    let trips: Vec<TripId> = booked.trips.clone();
    assert_eq!(all.len(), trips.len() + 2);
    assert_eq!(all[trips.len()..], [(there, Some(14)), (back, Some(19))]);
    let hour_at = |row: &TripRow| row.trip.pickup_at.map(hour_of);
    assert_eq!(all[0].1, hour_at(&stage.row(trips[0]).await));
    assert!(correct(&stage, T0, back).await && !correct(&stage, T0, back).await);
    assert_eq!(stored(&stage).await.last(), Some(&(there, Some(14))));
    assert!(correct(&stage, T0, there).await);
    // What is made from then on is as long.
    let later = T0.plus_s(5 * 86_400);
    stage.record.expand_series(later).await.unwrap();
    let mut lengths = Vec::new();
    for trip in stage.record.trips_of_rider(stage.rider, later).await.unwrap() {
        if !trips.contains(&trip.trip.id) {
            lengths.push((trip.trip.leg.word(), trip.trip.length));
        }
    }
    assert!(lengths.contains(&("outward", TripLength { by_car_s: 840, without_s: 2_000 })), "{lengths:?}");
    assert!(lengths.contains(&("return", TripLength { by_car_s: 900, without_s: 2_000 })), "{lengths:?}");
}

#[tokio::test]
async fn a_trip_or_commute_that_cannot_be_read_leaves_no_other_as_long_as_by_car() {
    let stage = Stage::new().await;
    let (broken, whole) = (stage.trip("broken").await, stage.trip("whole").await);
    let dawn = stage.book("dawn", commute()).await;
    stage.record.spoil(broken).await;
    sqlx::query("update series set outward_at = 'dawn'").execute(&stage.record.write).await.unwrap();
    let expected: Vec<LengthOf> = [whole].into_iter().chain(dawn.trips).map(LengthOf::Trip).collect();
    let stored = stored(&stage).await;
    assert!(stored.len() == expected.len() && stored.iter().all(|(of, _)| expected.contains(of)), "{stored:?}");
    assert_eq!(stage.record.unreadable(), [RowKind::Trips, RowKind::Series]);
}

#[tokio::test]
async fn what_a_rider_booked_before_their_zones_changed_is_set_once_and_told() {
    let stage = Stage::new().await;
    let ((under_way, crew), mine) = (stage.assigned("now").await, stage.in_hours(5).await);
    let rider = stage.row(mine).await.trip.rider;
    let other = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
    let at = T0.plus_s(60);
    let place = geo::Position::new(37.5, 127.0).unwrap();
    assert_eq!(stage.record.zones_changed_after(0).await.unwrap().0, []);
    stage.record.add_zone(at, Actor::Shell, rider, place, 100).await.unwrap().unwrap();
    let (changed, upto) = stage.record.zones_changed_after(0).await.unwrap();
    assert_eq!(changed, [(rider, at)]);
    assert_eq!(stage.record.zones_changed_after(upto).await.unwrap(), (vec![], upto));
    let of = async |who, before| {
        let stored = stage.record.lengths_of(at, who, before).await.unwrap();
        stored.into_iter().map(|one| one.of).collect::<Vec<_>>()
    };
    let both = [mine, under_way].map(LengthOf::Trip);
    let listed = of(rider, at).await;
    assert!(listed.len() == 2 && both.iter().all(|one| listed.contains(one)), "{listed:?}");
    assert_eq!((of(rider, T0.plus_s(-1)).await, of(other, at).await), (vec![], vec![]));

    let length = TripLength { by_car_s: 700, without_s: 1_900 };
    let before = (stage.mail(rider).await.len(), stage.row(mine).await.change_no);
    assert!(stage.record.set_length(at, both[0], length).await.unwrap());
    assert_eq!(stage.row(mine).await.trip.length, length);
    assert!(stage.row(mine).await.change_no > before.1, "consoles are told");
    assert_eq!(stage.mail(rider).await[before.0..], ["trip"]);
    assert!(!stage.record.set_length(at, both[0], length).await.unwrap(), "once");
    let even = TripLength { by_car_s: 700, without_s: 700 };
    assert!(stage.record.set_length(at, both[0], even).await.unwrap(), "a car makes no difference any more");
    assert_eq!(stage.row(mine).await.trip.length, even);

    // Once they are together, what is left is counted by the way they are led.
    stage.walk_to(under_way, &crew, Phase::Met).await;
    assert_eq!(of(rider, at).await, [both[0]]);
}

#[tokio::test]
async fn trips_of_a_commute_that_were_made_after_the_zone_was_added_are_measured_again_too() {
    let stage = Stage::new().await;
    let booked = stage.book("k", commute()).await;
    let (zone_at, made_at) = (T0.plus_s(60), T0.plus_s(5 * 86_400));
    stage.record.expand_series(made_at).await.unwrap();
    let made: Vec<TripId> =
        stage.record.trips_of_rider(stage.rider, made_at).await.unwrap().iter().map(|r| r.trip.id).collect();
    let listed = stage.record.lengths_of(made_at, stage.rider, zone_at).await.unwrap();
    let fresh: Vec<&TripId> = made.iter().filter(|trip| !booked.trips.contains(trip)).collect();
    assert!(!fresh.is_empty() && fresh.iter().all(|trip| listed.iter().any(|one| one.of == LengthOf::Trip(**trip))));
}

#[tokio::test]
async fn the_legs_of_a_commute_to_come_follow_the_zones_each_way() {
    let stage = Stage::new().await;
    let booked = stage.book("k", commute()).await;
    let series = booked.series.unwrap();
    let stored = stage.record.lengths_of(T0, stage.rider, T0).await.unwrap();
    let legs: Vec<LengthOf> = stored.iter().map(|one| one.of).skip(booked.trips.len()).collect();
    assert_eq!(legs, [LengthOf::Outward(series), LengthOf::Return(series)]);
    let longer = TripLength { by_car_s: 800, without_s: 2_400 };
    for leg in legs {
        assert!(stage.record.set_length(T0, leg, longer).await.unwrap());
        assert!(!stage.record.set_length(T0, leg, longer).await.unwrap());
    }
    let later = T0.plus_s(5 * 86_400);
    stage.record.expand_series(later).await.unwrap();
    let made = stage.record.trips_of_rider(stage.rider, later).await.unwrap();
    let made: Vec<TripLength> =
        made.iter().filter(|row| !booked.trips.contains(&row.trip.id)).map(|row| row.trip.length).collect();
    assert!(made.len() > 1 && made.iter().all(|length| *length == longer), "{made:?}");
}
