//! What is in reach, and when a jump is believed.

use super::{JUMPS_BELIEVED, Jumps, Pace, Seen, Step};
use crate::position::Position;

const PACE: Pace = Pace { mps: 50.0, slack_s: 1.0 };

fn seen(north_m: f64, at_s: i64) -> Seen {
    let position = Position::new(37.5 + north_m / 111_195.0, 127.0).unwrap();
    Seen { position, accuracy_m: 10.0, taken_at_ms: at_s * 1_000 }
}

#[test]
fn a_place_in_reach_is_believed_and_one_just_beyond_it_is_not() {
    // Four seconds and one of slack at 50 m/s, and both circles of 10 m.
    assert_eq!(Jumps::default().step(&seen(0.0, 0), seen(269.0, 4), PACE), Step::InReach);
    assert_eq!(Jumps::default().step(&seen(0.0, 0), seen(271.0, 4), PACE), Step::Doubted);
}

#[test]
fn a_jump_is_believed_when_the_next_ones_say_the_same() {
    let (mut jumps, before) = (Jumps::default(), seen(0.0, 0));
    let mut step = |n: u8| jumps.step(&before, seen(5_000.0 + 10.0 * f64::from(n), 4 * i64::from(n)), PACE);
    for n in 1..JUMPS_BELIEVED {
        assert_eq!(step(n), Step::Doubted, "{n}");
    }
    assert_eq!(step(JUMPS_BELIEVED), Step::Confirmed);
}

#[test]
fn jumps_hither_and_thither_are_never_believed() {
    let (mut jumps, before) = (Jumps::default(), seen(0.0, 0));
    for n in 1..20 {
        let side = if n % 2 == 0 { 9_000.0 } else { -9_000.0 };
        assert_eq!(jumps.step(&before, seen(side, 4 * n), PACE), Step::Doubted, "{n}");
    }
}

#[test]
fn one_in_between_that_could_be_reached_begins_the_count_anew() {
    let (mut jumps, before) = (Jumps::default(), seen(0.0, 0));
    let steps = [(9_000.0, Step::Doubted), (9_000.0, Step::Doubted), (5.0, Step::InReach), (9_000.0, Step::Doubted)];
    for ((north_m, expected), n) in steps.into_iter().zip(1..) {
        assert_eq!(jumps.step(&before, seen(north_m, n), PACE), expected, "{n}");
    }
}

#[test]
fn a_cell_tower_in_between_does_not_silence_good_fixes() {
    let (mut jumps, before) = (Jumps::default(), Seen { accuracy_m: 1_500.0, ..seen(0.0, 0) });
    let tower = |at_s| Seen { accuracy_m: 1_500.0, ..seen(100.0, at_s) };
    assert_eq!(jumps.step(&before, seen(8_000.0, 4), PACE), Step::Doubted);
    assert_eq!(jumps.step(&before, seen(8_010.0, 8), PACE), Step::Doubted);
    assert_eq!(jumps.step(&before, tower(12), PACE), Step::InReach);
    assert_eq!(jumps.step(&tower(12), seen(8_020.0, 16), PACE), Step::Confirmed);
}

#[test]
fn a_clock_that_went_back_makes_no_jump_of_standing_still() {
    assert_eq!(Jumps::default().step(&seen(0.0, 60), seen(5.0, 0), PACE), Step::InReach);
}
