//! Facts about ages: told once, on time, and the same as looking at everybody would tell.

use super::ages::{Age, Ages, Change};
use matcher::model::{AccountId, Timestamp};
use proptest::prelude::*;
use std::collections::HashMap;
use uuid::Uuid;

fn staff(n: u8) -> AccountId {
    AccountId(Uuid::from_u128(u128::from(n)))
}

/// What is told at each of the times (milliseconds), of one person whose only fix was taken at 0; `None` where nothing is.
fn told(times: &[i64]) -> Vec<Option<Change>> {
    let mut ages = Ages::default();
    assert_eq!(ages.heard(staff(1), 0, Timestamp(0)), None);
    let look = |&now: &i64| ages.look(Timestamp(now), |_| Some(0), |_| false).pop().map(|(_, change)| change);
    times.iter().map(look).collect()
}

#[test]
fn hollow_after_15_s_and_silent_after_60_s_each_told_once() {
    let (hollow, silent) = (Some(Change::Hollow), Some(Change::Silent));
    assert_eq!(told(&[15_000, 15_001, 15_002, 60_000, 60_001, 60_002]), [None, hollow, None, None, silent, None]);
    assert_eq!(told(&[70_000, 140_000]), [silent, None], "a look that comes late tells what is true then");
}

#[test]
fn who_was_silent_is_back_and_grows_old_anew_from_then_on() {
    let mut ages = Ages::default();
    ages.heard(staff(1), 0, Timestamp(0));
    ages.look(Timestamp(70_000), |_| Some(0), |_| false);
    assert_eq!(ages.silent_since(staff(1)), Some(Some(Timestamp(0))));
    assert_eq!(
        ages.heard(staff(1), 5_000, Timestamp(70_001)),
        None,
        "what is older than the limit is no sign of life now"
    );
    assert_eq!(ages.heard(staff(1), 69_000, Timestamp(70_002)), Some(Change::Back));
    assert_eq!(ages.silent_since(staff(1)), None);
    // Long before the look that was due for the silent one.
    let told = ages.look(Timestamp(69_000 + 15_001), |_| Some(69_000), |_| false);
    assert_eq!(told, [(staff(1), Change::Hollow)]);
    assert_eq!(ages.heard(staff(1), 84_000, Timestamp(84_001)), None, "who was only hollow was never gone");
    assert_eq!(ages.of(staff(1)), Age::Fresh);
}

#[test]
fn by_a_clock_that_was_set_back_nobody_is_told_late_and_nobody_twice() {
    const HOUR_MS: i64 = 3_600_000;
    let mut ages = Ages::default();
    let start = HOUR_MS * 2;
    ages.expect(staff(1), Timestamp(start));
    ages.heard(staff(2), start, Timestamp(start));
    ages.heard(staff(3), start - 70_000, Timestamp(start));
    let none = |ages: &mut Ages, now: i64| ages.look(Timestamp(now), |_| None, |_| true);
    assert_eq!(none(&mut ages, start + 10_000), []);
    ages.clock_was_set_back(-HOUR_MS);
    let back = start - HOUR_MS;
    assert_eq!(none(&mut ages, back + 10_000), []);
    assert_eq!(ages.silent_since(staff(3)), Some(Some(Timestamp(back - 70_000))), "and silent since then");
    assert_eq!(none(&mut ages, back + 15_001), [(staff(2), Change::Forgotten), (staff(2), Change::Hollow)]);
    assert_eq!(none(&mut ages, back + 60_000), [(staff(3), Change::Forgotten)]);
    let mut told = none(&mut ages, back + 60_001);
    told.sort_by_key(|(staff, _)| *staff);
    assert_eq!(told, [(staff(1), Change::Silent), (staff(2), Change::Silent)]);
}

#[test]
fn unknown_stays_unknown_unless_somebody_counts_on_them() {
    let mut ages = Ages::default();
    assert_eq!((ages.of(staff(1)), ages.silent_since(staff(1))), (Age::Unknown, None));
    ages.expect(staff(1), Timestamp(0));
    assert_eq!(ages.look(Timestamp(60_000), |_| None, |_| true), []);
    assert_eq!(ages.look(Timestamp(60_001), |_| None, |_| true), [(staff(1), Change::Silent)]);
    assert_eq!(ages.silent_since(staff(1)), Some(None), "silent, and nothing is known since when");
    assert_eq!(ages.look(Timestamp(130_000), |_| None, |_| false), [], "nobody counts on them any more");
    assert!(ages.is_empty());
}

#[test]
fn who_is_forgotten_is_told_of_once_and_not_kept() {
    let mut ages = Ages::default();
    ages.heard(staff(1), 0, Timestamp(0));
    assert_eq!(ages.look(Timestamp(15_001), |_| None, |_| false), [(staff(1), Change::Forgotten)]);
    assert!(ages.is_empty());
    assert_eq!(ages.look(Timestamp(99_000), |_| None, |_| false), []);
}

#[test]
fn of_who_is_expected_only_the_place_is_forgotten_once_and_the_time_is_kept() {
    let mut ages = Ages::default();
    ages.heard(staff(1), 0, Timestamp(0));
    let mut told = |s: i64| ages.look(Timestamp(s * 1_000), |_| (s < 1_800).then_some(0), |_| true);
    assert_eq!(told(70), [(staff(1), Change::Silent)]);
    assert_eq!(told(1_860), [(staff(1), Change::Forgotten)]);
    assert_eq!(told(1_920), [], "once");
    assert_eq!(ages.silent_since(staff(1)), Some(Some(Timestamp(0))));
    assert_eq!(ages.heard(staff(1), 1_930_000, Timestamp(1_930_000)), Some(Change::Back));
    let told = ages.look(Timestamp(4_000_000), |_| None, |_| true);
    assert_eq!(told, [(staff(1), Change::Forgotten), (staff(1), Change::Silent)], "and once more after a new place");
    assert_eq!(
        ages.look(Timestamp(4_100_000), |_| None, |_| false),
        [],
        "the trip is over, and nothing is left to tell"
    );
    assert!(ages.is_empty());
}

#[test]
fn a_fix_from_a_clock_far_ahead_is_of_unknown_age() {
    let mut ages = Ages::default();
    assert_eq!(ages.heard(staff(1), 6_000, Timestamp(0)), Some(Change::Silent));
    let mut ages = Ages::default();
    assert_eq!(ages.heard(staff(1), 4_000, Timestamp(0)), None);
}

/// A move of somebody, so old, or time that passes.
#[derive(Clone, Debug)]
enum Step {
    Heard(u8, i64),
    Passes(i64),
    Forgotten(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = prop_oneof![
        3 => (0u8..6, 0i64..80_000).prop_map(|(who, age_ms)| Step::Heard(who, age_ms)),
        3 => (1i64..40_000).prop_map(Step::Passes),
        1 => (0u8..6).prop_map(Step::Forgotten),
    ];
    prop::collection::vec(one, 1..120)
}

proptest! {
    #[test]
    fn what_is_told_is_what_looking_at_everybody_would_tell(steps in steps()) {
        let mut ages = Ages::default();
        let mut fixes: HashMap<AccountId, i64> = HashMap::new();
        let mut now = 1_000_000;
        for step in steps {
            match step {
                Step::Heard(who, age_ms) => {
                    fixes.insert(staff(who), now - age_ms);
                    ages.heard(staff(who), now - age_ms, Timestamp(now));
                }
                Step::Passes(ms) => now += ms,
                Step::Forgotten(who) => {
                    fixes.remove(&staff(who));
                }
            }
            ages.look(Timestamp(now), |staff| fixes.get(&staff).copied(), |_| false);
            for (staff, taken_at_ms) in &fixes {
                let age = match now - taken_at_ms {
                    ..=15_000 => Age::Fresh,
                    15_001..=60_000 => Age::Hollow,
                    _ => Age::Silent,
                };
                prop_assert_eq!(ages.of(*staff), age);
            }
            prop_assert!(ages.len() <= 6);
        }
        // Whoever is forgotten is let go of at the next look that is due.
        ages.look(Timestamp(now + 200_000), |staff| fixes.get(&staff).copied(), |_| false);
        prop_assert_eq!(ages.len(), fixes.len());
    }
}
