//! Tables of fixes and their verdicts.

use super::{LATE_MS, PACE, Sense, TOO_OLD_MS};
use crate::live::Verdict;
use geo::{FUTURE_MS_MAX, Fix, FixKind, Position};
use matcher::model::Timestamp;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn fix(seq: u32, north_m: f64, taken_s: i64) -> Fix {
    Fix {
        position: Position::new(37.5 + north_m / 111_195.0, 127.0).unwrap(),
        accuracy_m: 10.0,
        kind: FixKind::Gps,
        taken_at_ms: NOW.plus_s(taken_s).0,
        session_epoch: 1,
        seq,
    }
}

/// One fix on arrival at `NOW + taken_s + age`, after one at the origin.
#[test]
fn each_doubt_has_its_word_and_its_edge() {
    let at = |fix: Fix, age_ms: i64, in_area: bool| {
        let mut sense = Sense::default();
        assert_eq!(sense.judge(&self::fix(1, 0.0, 0), NOW, true), Verdict::Ok);
        sense.judge(&fix, Timestamp(fix.taken_at_ms + age_ms), in_area)
    };
    let after_4_s = fix(2, 0.0, 4);
    let acc = |accuracy_m: f32| Fix { accuracy_m, ..after_4_s };
    // Two circles of 10 m, 4 s and the slack.
    let reach_m = PACE.mps * (4.0 + PACE.slack_s) + 20.0;
    let cases = [
        (after_4_s, 0, true, Verdict::Ok),
        (after_4_s, -FUTURE_MS_MAX, true, Verdict::Ok),
        (after_4_s, -FUTURE_MS_MAX - 1, true, Verdict::Future),
        (after_4_s, 60_000, true, Verdict::Ok),
        (after_4_s, 60_001, true, Verdict::Late),
        (after_4_s, TOO_OLD_MS, true, Verdict::Late),
        (after_4_s, TOO_OLD_MS + 1, true, Verdict::TooOld),
        (acc(500.0), 0, true, Verdict::Ok),
        (acc(501.0), 0, true, Verdict::Coarse),
        (acc(20_000.0), 0, true, Verdict::Coarse),
        (acc(20_001.0), 0, true, Verdict::Inaccurate),
        (acc(-1.0), 0, true, Verdict::Inaccurate),
        (acc(f32::NAN), 0, true, Verdict::Inaccurate),
        (after_4_s, 0, false, Verdict::OutsideArea),
        (fix(2, reach_m - 1.0, 4), 0, true, Verdict::Ok),
        (fix(2, reach_m + 1.0, 4), 0, true, Verdict::Jump),
        (Fix { kind: FixKind::Demo, ..fix(2, 9_000.0, 4) }, 0, true, Verdict::Ok),
        (fix(1, 0.0, 4), 0, true, Verdict::Duplicate),
        (fix(0, 0.0, 4), 0, true, Verdict::Older),
    ];
    for (n, (fix, age_ms, in_area, expected)) in cases.into_iter().enumerate() {
        assert_eq!(at(fix, age_ms, in_area), expected, "case {n}");
    }
}

#[test]
fn a_jump_is_believed_when_the_next_ones_confirm_it_and_not_when_it_is_sent_again() {
    let mut sense = Sense::default();
    let mut hear = |seq, north_m, s: i64| sense.judge(&fix(seq, north_m, s), NOW.plus_s(s), true);
    assert_eq!(hear(1, 0.0, 0), Verdict::Ok);
    assert_eq!(hear(2, 9_000.0, 4), Verdict::Jump);
    for _ in 0..5 {
        assert_eq!(hear(2, 9_000.0, 4), Verdict::Duplicate);
    }
    assert_eq!(hear(3, 9_010.0, 8), Verdict::Jump);
    assert_eq!(hear(4, 9_020.0, 12), Verdict::Ok);
    assert_eq!(hear(5, 9_030.0, 16), Verdict::Ok);
}

#[test]
fn jumps_that_are_sent_again_in_turn_confirm_nothing() {
    let mut sense = Sense::default();
    let mut hear = |seq, north_m, s: i64| sense.judge(&fix(seq, north_m, s), NOW.plus_s(s), true);
    assert_eq!(
        [hear(1, 0.0, 0), hear(2, 9_000.0, 4), hear(3, 9_010.0, 8)],
        [Verdict::Ok, Verdict::Jump, Verdict::Jump]
    );
    for _ in 0..3 {
        assert_eq!([hear(2, 9_000.0, 4), hear(3, 9_010.0, 8)], [Verdict::Duplicate; 2]);
    }
    assert_eq!(hear(4, 9_020.0, 12), Verdict::Ok);
}

#[test]
fn by_the_number_of_what_is_doubted_nobody_is_silenced() {
    let coarse = |accuracy_m: f32| Fix { accuracy_m, ..fix(5_001, 0.0, 4) };
    // Another session, and another number of the same one.
    for session_epoch in [1, 2] {
        let cases = [
            (fix(5_001, 9_000.0, 4), 0, true, Verdict::Jump),
            (fix(5_001, 0.0, 4), 0, false, Verdict::OutsideArea),
            (coarse(-1.0), 0, true, Verdict::Inaccurate),
            (fix(5_001, 0.0, 60), -56_000, true, Verdict::Future),
            (fix(5_001, 0.0, 4), TOO_OLD_MS + 1, true, Verdict::TooOld),
        ];
        for (doubted, age_ms, in_area, expected) in cases {
            let mut sense = Sense::default();
            assert_eq!(sense.judge(&fix(10, 0.0, 0), NOW, true), Verdict::Ok);
            let doubted = Fix { session_epoch, ..doubted };
            assert_eq!(sense.judge(&doubted, Timestamp(doubted.taken_at_ms + age_ms), in_area), expected);
            assert_eq!(sense.heard(), Some((1, 10)), "{expected:?}");
            assert_eq!(sense.judge(&fix(11, 10.0, 8), NOW.plus_s(8), true), Verdict::Ok, "after {expected:?}");
        }
    }
}

#[test]
fn back_where_it_was_after_a_jump_nothing_is_doubted() {
    let mut sense = Sense::default();
    let mut hear = |seq, north_m, s: i64| sense.judge(&fix(seq, north_m, s), NOW.plus_s(s), true);
    assert_eq!(
        [hear(1, 0.0, 0), hear(2, 9_000.0, 4), hear(3, 20.0, 8), hear(4, 30.0, 12)],
        [Verdict::Ok, Verdict::Jump, Verdict::Ok, Verdict::Ok]
    );
}

#[test]
fn a_fix_from_the_future_silences_nobody_once_the_clock_is_right() {
    let mut sense = Sense::default();
    assert_eq!(sense.judge(&fix(1, 0.0, 0), NOW, true), Verdict::Ok);
    // A tracker numbers by its clock, which is ten minutes ahead.
    assert_eq!(sense.judge(&fix(600, 0.0, 600), NOW, true), Verdict::Future);
    assert_eq!(sense.judge(&fix(5, 0.0, 4), NOW.plus_s(4), true), Verdict::Ok);
}

#[test]
fn what_is_known_from_elsewhere_counts_as_the_last() {
    let known = fix(7, 0.0, 0);
    let mut sense = Sense::after(Some(&known));
    assert_eq!(sense.judge(&known, NOW, true), Verdict::Duplicate);
    assert_eq!(sense.judge(&fix(8, 9_000.0, 4), NOW.plus_s(4), true), Verdict::Jump);
    assert_eq!(sense.believed_at(), Some(NOW));
}

#[test]
fn a_batch_after_the_subway_is_late_but_for_its_end() {
    let mut sense = Sense::default();
    let now = NOW.plus_s(300);
    let told: Vec<Verdict> =
        (0..=60).map(|n| sense.judge(&fix(n, f64::from(n) * 60.0, i64::from(n) * 5), now, true)).collect();
    let late = told.iter().filter(|v| **v == Verdict::Late).count();
    assert_eq!((late, told[late..].iter().all(|v| *v == Verdict::Ok)), (48, true));
}

/// One that is fresh, and then of each: by how much it was taken before that, its age on arrival, whether another source sent it.
#[test]
fn what_comes_late_and_was_taken_before_what_is_believed_is_no_now_whoever_sent_it() {
    let (late_ms, second) = (LATE_MS + 1, 1_000);
    let cases = [
        (second, late_ms, false, Verdict::Older),
        (second, late_ms, true, Verdict::Older),
        (second, TOO_OLD_MS + 1, false, Verdict::TooOld),
        (second, TOO_OLD_MS + 1, true, Verdict::Older),
        (0, late_ms, false, Verdict::Late),
        (-second, late_ms, false, Verdict::Late),
        (-second, late_ms, true, Verdict::Late),
        // Not late: the seconds that messages take put no fix out of its turn.
        (second, LATE_MS, false, Verdict::Ok),
    ];
    for (n, (before_ms, age_ms, of_another, expected)) in cases.into_iter().enumerate() {
        let mut sense = Sense::default();
        assert_eq!(sense.judge(&fix(100, 0.0, 0), NOW, true), Verdict::Ok);
        let session_epoch = if of_another { 2 } else { 1 };
        let taken_at_ms = NOW.0 - before_ms;
        let one = Fix { session_epoch, taken_at_ms, ..fix(101, 150.0, 0) };
        assert_eq!(sense.judge(&one, Timestamp(taken_at_ms + age_ms), true), expected, "case {n}");
    }
}

#[test]
fn three_of_a_backlog_near_one_another_move_nobody_and_what_follows_is_judged_by_the_fresh_one() {
    let mut sense = Sense::default();
    assert_eq!(sense.judge(&fix(100, 0.0, 0), NOW, true), Verdict::Ok);
    for seq in 101..105 {
        let backlog = fix(seq, 9_000.0, i64::from(seq) - 200);
        assert_eq!(sense.judge(&backlog, NOW.plus_s(2), true), Verdict::Older, "{seq}");
        assert_eq!(sense.judge(&backlog, NOW.plus_s(2), true), Verdict::Duplicate, "{seq}");
    }
    assert_eq!(sense.believed_at(), Some(NOW));
    assert_eq!(sense.judge(&fix(105, 10.0, 4), NOW.plus_s(4), true), Verdict::Ok);
    // What another source had in its queue silences nobody either.
    let queued = Fix { session_epoch: 2, ..fix(1, 9_000.0, -100) };
    assert_eq!(sense.judge(&queued, NOW.plus_s(5), true), Verdict::Older);
    assert_eq!(sense.judge(&fix(106, 20.0, 8), NOW.plus_s(8), true), Verdict::Ok);
}

#[test]
fn words_read_back() {
    for verdict in Verdict::ALL {
        assert_eq!(Verdict::from_word(verdict.word()), Some(*verdict));
    }
}
