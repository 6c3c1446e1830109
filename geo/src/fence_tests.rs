//! Facts about fences: the cells agree with looking at every fence, a trembling fix tells nothing, and no crossing is told that
//! was none.

use super::*;
use crate::fix::FixKind;
use proptest::prelude::*;
use std::collections::BTreeMap;

const END: i64 = i64::MAX;
/// Degrees of latitude per metre.
const PER_M: f64 = 1.0 / 111_195.0;

fn fix(position: Position, accuracy_m: f32) -> Fix {
    Fix { position, accuracy_m, kind: FixKind::Gps, taken_at_ms: 0, session_epoch: 1, seq: 1 }
}

fn at(lat: f64, lon: f64) -> Position {
    Position::new(lat, lon).unwrap()
}

/// A circle of 100 m in the middle of the city, and the point so many metres north of its middle.
fn hundred() -> (Circle, impl Fn(f64) -> Position) {
    (Circle::new(at(37.55, 126.98), 100.0).unwrap(), |north_m: f64| at(37.55 + north_m * PER_M, 126.98))
}

#[test]
fn a_fix_says_inside_or_outside_only_if_its_whole_error_circle_is() {
    let (circle, north) = hundred();
    for (away_m, error_m, says) in [
        (0.0, 5.0, Some(true)),
        (89.0, 10.0, Some(true)),
        (91.0, 10.0, None),
        (99.0, 0.0, Some(true)),
        (114.0, 0.0, None),
        (116.0, 0.0, Some(false)),
        (124.0, 10.0, None),
        (126.0, 10.0, Some(false)),
        (0.0, 2_000.0, None),
        (1_900.0, 2_000.0, None),
        (2_200.0, 2_000.0, Some(false)),
    ] {
        assert_eq!(circle.holds(&fix(north(away_m), error_m)), says, "{away_m} m away, {error_m} m of error");
    }
}

#[test]
fn two_are_apart_or_together_only_beyond_all_doubt() {
    let (_, north) = hundred();
    for (away_m, error_m, slack_m, says) in [
        (0.0, 5.0, 0.0, Some(false)),
        (129.0, 10.0, 0.0, Some(false)),
        (131.0, 10.0, 0.0, None),
        (169.0, 10.0, 0.0, None),
        (171.0, 10.0, 0.0, Some(true)),
        (171.0, 10.0, 5.0, None),
        (0.0, 2_000.0, 0.0, None),
    ] {
        let (one, other) = (fix(north(0.0), error_m), fix(north(away_m), error_m));
        assert_eq!(are_apart(&one, &other, 150.0, slack_m), says, "{away_m} {error_m} {slack_m}");
        assert_eq!(are_apart(&other, &one, 150.0, slack_m), says);
    }
}

#[test]
fn each_fix_of_a_batch_is_seen_in_order() {
    let (circle, north) = hundred();
    let mut fences = Fences::default();
    fences.put(1, (), circle, END);
    let mut inside = Inside::default();
    // Through the fence and out again between two looks at the latest place.
    let told: Vec<_> = [300.0, 50.0, -50.0, -300.0]
        .iter()
        .flat_map(|&away_m| fences.step((), &mut inside, &fix(north(away_m), 5.0), 0))
        .collect();
    assert_eq!(told, [(1, Crossing::Entered), (1, Crossing::Left)]);
}

#[test]
fn a_fence_tells_only_whom_it_watches() {
    let (circle, north) = hundred();
    let mut fences = Fences::default();
    fences.put(1, 'a', circle, END);
    assert_eq!(fences.step('b', &mut Inside::default(), &fix(north(0.0), 5.0), 0), []);
    assert_eq!(fences.step('a', &mut Inside::default(), &fix(north(0.0), 5.0), 0), [(1, Crossing::Entered)]);
}

#[test]
fn what_is_over_or_taken_down_tells_nothing_more_not_even_leaving() {
    let (circle, north) = hundred();
    let mut fences = Fences::default();
    fences.put(1, (), circle, 1_000);
    fences.put(2, (), circle, END);
    let mut inside = Inside::default();
    assert_eq!(fences.step((), &mut inside, &fix(north(0.0), 5.0), 999).len(), 2);
    assert_eq!(fences.step((), &mut Inside::default(), &fix(north(0.0), 5.0), 1_000), [(2, Crossing::Entered)]);
    fences.remove(2);
    assert_eq!(fences.step((), &mut inside, &fix(north(500.0), 5.0), 1_000), []);
    fences.remove_over(999);
    assert_eq!(fences.len(), 1);
    fences.remove_over(1_000);
    assert!(fences.is_empty() && fences.cells.is_empty() && fences.ends.is_empty());
    assert!(!fences.remove(1));
}

#[test]
fn a_fence_touches_few_cells_and_only_sizes_that_make_sense_are_taken() {
    for (radius_m, cells_max) in [(80.0, 3), (300.0, 6), (FENCE_RADIUS_M_MAX, 500)] {
        let cells = cells_of(&Circle::new(at(37.5514, 126.9883), radius_m).unwrap()).unwrap();
        assert!(cells.len() <= cells_max, "{radius_m}: {}", cells.len());
    }
    for radius_m in [0.0, -1.0, f64::NAN, FENCE_RADIUS_M_MAX + 1.0] {
        assert!(Circle::new(at(37.5, 127.0), radius_m).is_none());
    }
}

/// Every fence asked, and what each was last known to say: the slow twin.
#[derive(Default)]
struct Slow(BTreeMap<u32, (Circle, i64, bool)>);

impl Slow {
    fn step(&mut self, fix: &Fix, now_ms: i64) -> Vec<(u32, Crossing)> {
        let (mut left, mut entered) = (Vec::new(), Vec::new());
        for (&key, (circle, _, is_in)) in self.0.iter_mut().filter(|(_, (_, until_ms, _))| now_ms < *until_ms) {
            match circle.holds(fix) {
                Some(true) if !*is_in => entered.push((key, Crossing::Entered)),
                Some(false) if *is_in => left.push((key, Crossing::Left)),
                _ => continue,
            }
            *is_in = !*is_in;
        }
        left.extend(entered);
        left
    }
}

/// The city, the date line, a pole, and a pentagon of the grid.
fn regions() -> impl Strategy<Value = (f64, f64)> {
    prop_oneof![
        4 => Just((37.55, 126.98)),
        1 => Just((-17.5, 179.999)),
        1 => Just((89.99, 10.0)),
        1 => Just((58.397_145, 10.445_345)),
    ]
}

fn wrapped(lat: f64, lon: f64) -> Position {
    let lon = if lon > 180.0 { lon - 360.0 } else { lon };
    at(lat.clamp(-90.0, 90.0), lon)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn cells_agree_with_asking_every_fence(
        (lat, lon) in regions(),
        circles in prop::collection::vec((-0.03..0.03, -0.03..0.03, 10.0..FENCE_RADIUS_M_MAX, 0i64..60), 1..40),
        walk in prop::collection::vec((-0.03..0.03, -0.03..0.03, 0f32..300.0), 1..60),
    ) {
        let (mut fences, mut slow) = (Fences::default(), Slow::default());
        for (key, (up, out, radius_m, until)) in circles.iter().enumerate() {
            let circle = Circle::new(wrapped(lat + up, lon + out), *radius_m).unwrap();
            // Half of them end on the way.
            let until_ms = if until % 2 == 0 { END } else { *until };
            fences.put(key as u32, (), circle, until_ms);
            slow.0.insert(key as u32, (circle, until_ms, false));
        }
        let mut inside = Inside::default();
        for (n, (up, out, error_m)) in walk.iter().enumerate() {
            let now_ms = n as i64;
            let fix = fix(wrapped(lat + up, lon + out), *error_m);
            prop_assert_eq!(fences.step((), &mut inside, &fix, now_ms), slow.step(&fix, now_ms));
            if n % 7 == 3 {
                fences.remove_over(now_ms);
            }
            if n == 20 {
                fences.remove(0);
                slow.0.remove(&0);
            }
        }
    }

    #[test]
    fn no_crossing_is_told_that_was_none(
        steps in prop::collection::vec((-60.0..60.0, -1.0..1.0), 1..200),
        error_m in 1.0..60.0f64,
    ) {
        let (circle, north) = hundred();
        let mut fences = Fences::default();
        fences.put(1, (), circle, END);
        let (mut inside, mut truly_m, mut told_in) = (Inside::default(), 100.0f64, false);
        for (step_m, error) in steps {
            truly_m += step_m;
            // The phone is off by less than it says.
            let fix = fix(north(truly_m + error * error_m * 0.99), error_m as f32);
            for (_, crossing) in fences.step((), &mut inside, &fix, 0) {
                prop_assert_ne!(told_in, crossing == Crossing::Entered, "each in turn");
                told_in = crossing == Crossing::Entered;
                if told_in {
                    prop_assert!(truly_m.abs() <= circle.radius_m + 0.1);
                } else {
                    prop_assert!(truly_m.abs() > circle.radius_m + HYSTERESIS_M - 0.1);
                }
            }
        }
    }
}
