//! How honest the fit is about itself: right where the trips are as their spread says, and told by those it has not seen.

use super::super::{CLASSES, FreeTimes, OBSERVATIONS_MIN, Observation, RATIO_MAX};
use super::{Coverage, coverage, fit};
use crate::eta::{Basis, Eta, EtaSource};
use crate::road::Profile;
use crate::road::data::RoadClass;
use crate::road::drawn::Dice;

/// Ten minutes of a side street on this day in this hour that took so many times as long.
fn trip(day: u32, hour: u8, ratio: f64) -> Observation {
    let mut by_class_ms = [0; CLASSES];
    by_class_ms[4] = 600_000;
    let free = FreeTimes { by_class_ms, fixed_ms: 0 };
    Observation { profile: Profile::Walk, day, hour, free, took_ms: (600_000.0 * ratio) as u32, with_rider: false }
}

fn of_walk(trips: &[Observation]) -> Option<Coverage> {
    coverage(trips)[Profile::Walk as usize]
}

#[test]
fn half_stay_within_the_estimate_and_nine_of_ten_within_its_p90() {
    let mut dice = Dice(5);
    println!("seed 5");
    let normal = |dice: &mut Dice| (0..12).map(|_| dice.unit()).sum::<f64>() - 6.0;
    let trips: Vec<Observation> =
        (0..4_800).map(|i| trip(i / 24, (i % 24) as u8, 1.3 * (0.2 * normal(&mut dice)).exp())).collect();
    let found = of_walk(&trips).unwrap();
    let share = |within: u32| f64::from(within) / f64::from(found.trips);
    println!("{:.3} and {:.3} of {}", share(found.within_p50), share(found.within_p90), found.trips);
    assert_eq!(found.trips, 4_800);
    assert!((share(found.within_p50) - 0.5).abs() < 0.03 && (share(found.within_p90) - 0.9).abs() < 0.03, "{found:?}");
}

/// Judged one half by the other, as plainly as can be; whether an hour is calibrated by both.
fn by_halves(trips: &[Observation], is_own: bool) -> [u32; 2] {
    // On all of the days somebody went.
    let half = |nth: u32| -> Vec<Observation> { trips.iter().filter(|trip| trip.day % 2 == nth).copied().collect() };
    let whole = fit(trips);
    let mut within = [0, 0];
    for (judged, seen) in [(half(0), half(1)), (half(1), half(0))] {
        let fit = fit(if is_own { &judged } else { &seen });
        for trip in judged {
            let hour = usize::from(trip.hour);
            let factor = fit.day_factors(Profile::Walk).at(hour).by_class[&RoadClass::Residential];
            let measured = fit.of(Profile::Walk).figures.as_ref().unwrap().spreads[hour];
            let is_calibrated = whole.basis(Profile::Walk, hour).source == EtaSource::Calibrated;
            let basis = if is_calibrated { Basis::fitted(measured) } else { Basis::taken_over(measured) };
            let eta = Eta::on(basis, 600.0 * factor);
            let took_s = trip.took_ms as f32 / 1_000.0;
            within[0] += u32::from(took_s <= eta.seconds);
            within[1] += u32::from(took_s <= eta.p90_s);
        }
    }
    within
}

#[test]
fn nobody_is_judged_by_a_fit_that_saw_them() {
    let mut dice = Dice(8);
    println!("seed 8");
    let trips: Vec<Observation> =
        (0..240).map(|i| trip(i / 24, (i % 24) as u8, 0.6 + 2.0 * dice.unit() * dice.unit())).collect();
    let found = of_walk(&trips).unwrap();
    assert_eq!([found.within_p50, found.within_p90], by_halves(&trips, false));
    assert_ne!(by_halves(&trips, false), by_halves(&trips, true), "it would make a difference");
}

#[test]
fn an_hour_that_is_told_as_calibrated_is_judged_as_calibrated() {
    // On one day of twelve it takes 1.45 times as long: within the 1.5 of hours that are not calibrated, not within what is told.
    let ratio = |day: u32| if day == 11 { 1.45 } else { 1.0 };
    let trips: Vec<Observation> = (0..12 * 24).map(|i| trip(i / 24, (i % 24) as u8, ratio(i / 24))).collect();
    let told = fit(&trips).basis(Profile::Walk, 8);
    assert!(told.source == EtaSource::Calibrated && told.spread < 1.2, "{told:?}");
    let found = of_walk(&trips).unwrap();
    assert_eq!((found.trips, found.within_p90), (288, 288 - 24), "{found:?}");
    // In an hour that is not, the wider spread is told and judged by.
    let few: Vec<Observation> = trips.iter().filter(|trip| trip.hour != 8 || trip.day >= 4).copied().collect();
    assert_eq!(fit(&few).basis(Profile::Walk, 8).source, EtaSource::Road);
    let found = of_walk(&few).unwrap();
    assert_eq!((found.trips, found.within_p90), (284, 284 - 23), "{found:?}");
}

#[test]
fn a_day_on_which_it_snowed_is_a_surprise_to_who_has_not_seen_it() {
    // Every other day takes twice as long: a fit of the one kind of day knows nothing of the other.
    let trips: Vec<Observation> =
        (0..960).map(|i| trip(i / 24, (i % 24) as u8, if i / 24 % 2 == 0 { 1.0 } else { 2.0 })).collect();
    let found = of_walk(&trips).unwrap();
    assert_eq!(found.within_p90, found.trips / 2, "half of them took longer than was said: {found:?}");
}

#[test]
fn what_is_too_few_to_be_fitted_in_halves_is_not_judged() {
    let of = |many: u32| of_walk(&(0..many).map(|i| trip(i % 2, 8, 1.2)).collect::<Vec<_>>());
    assert_eq!(of(2 * OBSERVATIONS_MIN - 1), None);
    let of_one_day: Vec<Observation> = (0..8 * OBSERVATIONS_MIN).map(|_| trip(3, 8, 1.2)).collect();
    assert_eq!(of_walk(&of_one_day), None, "a day is not judged by itself");
    assert_eq!(of(2 * OBSERVATIONS_MIN).map(|found| found.trips), Some(2 * OBSERVATIONS_MIN));
    let mad: Vec<Observation> =
        (0..80).map(|i| trip(i / 2, 8, if i % 2 == 0 { 1.0 } else { RATIO_MAX * 2.0 })).collect();
    assert_eq!(of_walk(&mad), None, "who cannot have gone there does not count");
}

#[test]
fn who_goes_every_other_day_is_judged_though_others_go_each_day() {
    let cycling = |i: u32| Observation { profile: Profile::Cycle, ..trip(i / 8 * 2, 8, 1.2) };
    let (often, seldom) = ((0..320).map(|i| trip(i / 8, 8, 1.2)), (0..160).map(cycling));
    let alone: Vec<Observation> = seldom.clone().collect();
    let among: Vec<Observation> = often.chain(seldom).collect();
    let of_cycle = |trips: &[Observation]| coverage(trips)[Profile::Cycle as usize];
    assert_eq!(of_cycle(&among).map(|found| found.trips), Some(160));
    assert_eq!(of_cycle(&among), of_cycle(&alone));
}

#[test]
fn the_order_in_which_trips_come_makes_no_difference() {
    let trips: Vec<Observation> =
        (0..300).map(|i| trip(i / 24, (i % 24) as u8, 1.0 + f64::from(i % 7) / 5.0)).collect();
    let backward: Vec<Observation> = trips.iter().rev().copied().collect();
    assert_eq!(coverage(&trips), coverage(&backward));
}
