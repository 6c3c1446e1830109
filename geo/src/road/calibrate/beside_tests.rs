//! Constants hidden in trips made up here, and what becomes of ways whose fit knows none.

use super::super::{CLASSES, Calibration, FreeTimes, Observation, coverage, fit, fit_ways_alone};
use super::{BESIDE_S_MAX, OBSERVATIONS_MIN};
use crate::eta::{Beside, Eta};
use crate::road::Profile;
use crate::road::data::RoadClass;
use crate::road::drawn::Dice;

/// What is hidden: a constant, a factor on all streets, and the standard deviation of the logarithm of luck.
#[derive(Clone, Copy)]
struct Hidden {
    beside_s: f64,
    factor: f64,
    luck: f64,
}

const USUAL: Hidden = Hidden { beside_s: 120.0, factor: 1.3, luck: 0.15 };

/// A way of so many minutes: the short ones along side streets, the longer the more on main roads.
fn trip(dice: &mut Dice, hour: usize, minutes: f64, hidden: Hidden) -> Observation {
    let main = (minutes / 40.0 + 0.2 * dice.unit()).min(0.9);
    let mut by_class_ms = [0; CLASSES];
    by_class_ms[RoadClass::Primary as usize] = (minutes * 60_000.0 * main) as u32;
    by_class_ms[RoadClass::Residential as usize] = (minutes * 60_000.0 * (1.0 - main)) as u32;
    let free = FreeTimes { by_class_ms, fixed_ms: 10_000 };
    let normal = (0..12).map(|_| dice.unit()).sum::<f64>() - 6.0;
    let way_ms = free.streets_ms() as f64 * hidden.factor + 10_000.0;
    let took_ms = (way_ms * (hidden.luck * normal).exp() + 1_000.0 * hidden.beside_s) as u32;
    let profile = Profile::Drive;
    Observation { profile, day: 0, hour: hour as u8, free, took_ms, with_rider: false }
}

/// Of 3 to 30 minutes, in all hours.
fn many(seed: u64, count: usize, hidden: Hidden) -> Vec<Observation> {
    println!("seed {seed}");
    let mut dice = Dice(seed);
    (0..count)
        .map(|i| {
            let minutes = 3.0 + 27.0 * dice.unit();
            Observation { day: i as u32 / 24, ..trip(&mut dice, i % 24, minutes, hidden) }
        })
        .collect()
}

fn found(calibration: &Calibration) -> Beside {
    calibration.beside(Profile::Drive)
}

/// The middle one of the factors of all hours.
fn factor(calibration: &Calibration, class: RoadClass) -> f32 {
    let mut hours = calibration.day_factors(Profile::Drive).0[&class];
    hours.sort_unstable_by(f32::total_cmp);
    hours[12]
}

#[test]
fn a_constant_and_a_factor_are_found_in_noisy_trips() {
    let calibration = fit(&many(21, 2_400, USUAL));
    let beside_s = found(&calibration).alone_s;
    let factors = [RoadClass::Primary, RoadClass::Residential].map(|class| factor(&calibration, class));
    println!("{beside_s} s, {factors:?}");
    assert!((beside_s - 120.0).abs() < 12.0, "{beside_s}");
    assert!(factors.iter().all(|factor| (factor - 1.3).abs() < 0.05), "{factors:?}");
}

#[test]
fn neither_the_rush_hour_nor_stuck_vans_hide_it() {
    let mut seen: Vec<Observation> = Vec::new();
    let mut dice = Dice(22);
    for i in 0..4_800 {
        let hour = i % 24;
        let factor = if [7, 8, 9, 17, 18, 19].contains(&hour) { 1.9 } else { 1.1 };
        let minutes = 3.0 + 27.0 * dice.unit();
        seen.push(trip(&mut dice, hour, minutes, Hidden { factor, ..USUAL }));
    }
    for stuck in seen.iter_mut().step_by(11) {
        stuck.took_ms *= 5;
    }
    let beside_s = found(&fit(&seen)).alone_s;
    assert!((beside_s - 120.0).abs() < 25.0, "{beside_s}");
}

#[test]
fn where_there_is_none_little_is_found() {
    for seed in 30..35 {
        let beside_s = found(&fit(&many(seed, 2_400, Hidden { beside_s: 0.0, ..USUAL }))).alone_s;
        println!("{beside_s} s");
        assert!(beside_s < 12.0, "{beside_s}");
    }
}

/// The middle one of what is told over what it took, less one, of ways of so many minutes; and the share within p90.
fn judged(calibration: &Calibration, seed: u64, minutes: f64) -> (f64, f64) {
    let mut dice = Dice(seed);
    let (mut errors, mut within) = (Vec::new(), 0);
    for i in 0..2_400 {
        let seen = trip(&mut dice, i % 24, minutes, USUAL);
        let way_ms = seen.free.in_hour_ms(&calibration.day_factors(Profile::Drive), i % 24);
        let eta = calibration.eta(Profile::Drive, i % 24, way_ms as f32 / 1_000.0);
        let eta: Eta = eta.later_by(calibration.beside(Profile::Drive).alone_s);
        let took_s = seen.took_ms as f32 / 1_000.0;
        errors.push(f64::from(eta.seconds / took_s) - 1.0);
        within += u32::from(took_s <= eta.p90_s);
    }
    errors.sort_unstable_by(f64::total_cmp);
    (errors[1_200], f64::from(within) / 2_400.0)
}

#[test]
fn short_ways_and_long_ones_are_told_right_with_it_and_not_without() {
    let seen = many(23, 4_800, USUAL);
    let (with, without) = (fit(&seen), fit_ways_alone(&seen));
    for (minutes, is_long) in [(4.0, false), (28.0, true)] {
        let (bias, within) = judged(&with, 24, minutes);
        let (bias_without, within_without) = judged(&without, 24, minutes);
        println!("{minutes} min: {bias:.3} and {within:.3} with, {bias_without:.3} and {within_without:.3} without");
        assert!(bias.abs() < 0.03 && (within - 0.9).abs() < 0.06, "{minutes}: {bias} {within}");
        // Streets that are slowed for it make short ways too short; the main roads of long ones may take what is too much off again.
        assert!(is_long || bias_without < -0.08, "{bias_without}");
        assert!(bias_without.abs() > bias.abs(), "{minutes}: {bias_without} {bias}");
    }
}

#[test]
fn those_with_a_rider_have_a_constant_and_a_pace_of_their_own() {
    let alone = many(25, 2_400, Hidden { beside_s: 60.0, ..USUAL });
    let with_rider = many(26, 2_400, Hidden { beside_s: 180.0, factor: 1.3 * 1.25, ..USUAL });
    let with_rider = with_rider.into_iter().map(|o| Observation { with_rider: true, ..o });
    let calibration = fit(&alone.into_iter().chain(with_rider).collect::<Vec<_>>());
    let (beside, pace) = (found(&calibration), calibration.pace(Profile::Drive));
    println!("{beside:?}, pace {pace}");
    assert!((beside.alone_s - 60.0).abs() < 12.0 && (beside.with_rider_s - 180.0).abs() < 15.0, "{beside:?}");
    assert!((pace - 1.25).abs() < 0.03, "{pace}");
}

#[test]
fn what_was_told_is_judged_with_it() {
    let covered = coverage(&many(33, 4_800, USUAL))[Profile::Drive as usize].expect("many");
    let [within_p50, within_p90] =
        [covered.within_p50, covered.within_p90].map(|within| f64::from(within) / f64::from(covered.trips));
    assert!((within_p50 - 0.5).abs() < 0.03 && (within_p90 - 0.9).abs() < 0.03, "{within_p50} {within_p90}");
}

#[test]
fn of_few_trips_or_of_one_length_all_stays_as_it_was() {
    let few = many(27, OBSERVATIONS_MIN - 1, USUAL);
    let mut dice = Dice(28);
    let of_one_length: Vec<Observation> = (0..2_400)
        .map(|i| {
            let minutes = 10.0 + 5.0 * dice.unit();
            trip(&mut dice, i % 24, minutes, USUAL)
        })
        .collect();
    for seen in [few, of_one_length] {
        let calibration = fit(&seen);
        assert!(calibration.is_calibrated(Profile::Drive));
        assert_eq!(found(&calibration), Beside::NONE);
        assert_eq!(calibration, fit_ways_alone(&seen), "to the bit");
        assert_eq!(calibration.basis(Profile::Drive, 8).beside, Beside::NONE);
    }
    // One more, and it is told with the times.
    let enough = fit(&many(27, OBSERVATIONS_MIN, Hidden { luck: 0.01, ..USUAL }));
    assert!(found(&enough).alone_s > 60.0, "{:?}", found(&enough));
    assert_eq!(enough.basis(Profile::Drive, 8).beside, found(&enough));
    assert_eq!(found(&enough).with_rider_s.to_bits(), 0.0_f32.to_bits(), "nobody went with a rider");
}

#[test]
fn none_is_longer_than_ten_minutes() {
    let beside_s = found(&fit(&many(29, 2_400, Hidden { beside_s: 1_500.0, ..USUAL }))).alone_s;
    assert!(f64::from(beside_s) <= BESIDE_S_MAX && beside_s > 500.0, "{beside_s}");
}

#[test]
fn who_rides_leaves_and_is_found_as_who_walks() {
    let walks: Vec<Observation> =
        many(31, 2_400, USUAL).into_iter().map(|o| Observation { profile: Profile::Walk, ..o }).collect();
    let rides: Vec<Observation> = many(32, 200, Hidden { beside_s: 400.0, ..USUAL })
        .into_iter()
        .map(|o| Observation { profile: Profile::Transit, ..o })
        .collect();
    let calibration = fit(&walks.iter().chain(&rides).copied().collect::<Vec<_>>());
    assert!(calibration.beside(Profile::Walk).alone_s > 100.0);
    assert_eq!(calibration.beside(Profile::Transit), calibration.beside(Profile::Walk));
    assert_eq!(fit(&walks).beside(Profile::Transit), Beside::NONE, "its times are the map's own");
}
