//! A commute in the calendar: which legs, whatever the window.

use super::{CommuteError, DAYS_MAX, date_of, hour_of, instant, legs_between};
use crate::model::{Commute, Leg, Timestamp, Weekdays};
use jiff::civil::{Date, Time, date, time};
use proptest::prelude::*;

/// Monday 2026-11-23 to Sunday 2026-12-06, weekdays, 08:10 and 18:40.
fn two_weeks() -> Commute {
    Commute {
        days: Weekdays::MON_FRI,
        outward_at: time(8, 10, 0, 0),
        return_at: time(18, 40, 0, 0),
        from: date(2026, 11, 23),
        until: date(2026, 12, 6),
        skips: Vec::new(),
    }
}

fn at(day: Date, clock: Time) -> Timestamp {
    instant(day, clock).expect("within the calendar")
}

fn all(commute: &Commute) -> Vec<(Date, Leg, Timestamp)> {
    legs_between(commute, Timestamp(i64::MIN), Timestamp(i64::MAX))
}

#[test]
fn korean_time_is_utc_plus_nine() {
    let eight_ten = at(date(2026, 11, 24), time(8, 10, 0, 0));
    assert_eq!(jiff::Timestamp::from_millisecond(eight_ten.0).unwrap().to_string(), "2026-11-23T23:10:00Z");
    assert_eq!(date_of(eight_ten), date(2026, 11, 24));
    assert_eq!(date_of(Timestamp(eight_ten.0 - (8 * 3_600 + 600) * 1_000 - 1)), date(2026, 11, 23));
    assert_eq!([-1, 0, 3_599_999, 3_600_000].map(|ms| hour_of(Timestamp(eight_ten.0 - 600_000 + ms))), [7, 8, 8, 9]);
    assert_eq!([-1, 0, 15 * 3_600_000].map(|ms| hour_of(Timestamp(ms))), [8, 9, 0]);
    assert_eq!((date_of(Timestamp(i64::MIN)), date_of(Timestamp(i64::MAX))), (Date::MIN, Date::MAX));
}

#[test]
fn two_legs_on_each_weekday_in_order() {
    let legs = all(&two_weeks());
    assert_eq!(legs.len(), 20);
    assert_eq!(legs[0], (date(2026, 11, 23), Leg::Outward, at(date(2026, 11, 23), time(8, 10, 0, 0))));
    assert_eq!(legs[19], (date(2026, 12, 4), Leg::Return, at(date(2026, 12, 4), time(18, 40, 0, 0))));
    assert!(legs.windows(2).all(|two| two[0].2 < two[1].2));
}

#[test]
fn a_skipped_day_has_no_leg_and_no_other_day_changes() {
    let mut commute = two_weeks();
    commute.skips = vec![date(2026, 11, 26), date(2026, 11, 28)];
    let legs = all(&commute);
    let mut expected = all(&two_weeks());
    expected.retain(|leg| leg.0 != date(2026, 11, 26));
    assert_eq!(legs, expected);
}

#[test]
fn holidays_are_not_assumed() {
    let mut commute = two_weeks();
    (commute.from, commute.until) = (date(2026, 12, 25), date(2026, 12, 25));
    assert_eq!(all(&commute).len(), 2, "a Friday like any other until the rider skips it");
}

#[test]
fn window_holds_its_first_instant_and_not_its_last() {
    let commute = two_weeks();
    let out = at(date(2026, 11, 24), time(8, 10, 0, 0));
    assert_eq!(legs_between(&commute, out, out.plus_s(1)).len(), 1);
    assert_eq!(legs_between(&commute, out.plus_s(-1), out).len(), 0);
    assert_eq!(legs_between(&commute, Timestamp(out.0 + 1), out.plus_s(86_400)).len(), 1, "the return leg only");
    assert_eq!(legs_between(&commute, out, out).len(), 0);
    assert_eq!(legs_between(&commute, out.plus_s(60), out).len(), 0, "a window turned round is empty");
}

#[test]
fn each_mistake_is_named() {
    type Case = (fn(&mut Commute), CommuteError, &'static str);
    let cases: &[Case] = &[
        (|c| c.until = date(2026, 11, 22), CommuteError::UntilBeforeFrom, "commute.until"),
        (|c| c.return_at = c.outward_at, CommuteError::ReturnNotAfterOutward, "commute.return_at"),
        (
            |c| c.until = c.from.checked_add(jiff::Span::new().days(DAYS_MAX)).unwrap(),
            CommuteError::TooLong,
            "commute.until",
        ),
        (|c| c.until = Date::MAX, CommuteError::TooLong, "commute.until"),
        (|c| (c.from, c.until) = (date(2026, 11, 28), date(2026, 11, 29)), CommuteError::NoDay, "commute.days"),
        (
            |c| {
                c.until = c.from;
                c.skips = vec![c.from];
            },
            CommuteError::NoDay,
            "commute.days",
        ),
    ];
    for (change, error, field) in cases {
        let mut commute = two_weeks();
        change(&mut commute);
        assert_eq!(commute.checked(), Err(*error));
        assert_eq!(error.field(), *field);
        assert!(!error.to_string().ends_with('.'));
    }
}

#[test]
fn just_valid_commutes_pass() {
    let changes: &[fn(&mut Commute)] = &[
        |_| {},
        |c| c.until = c.from,
        |c| c.return_at = time(8, 10, 1, 0),
        |c| c.until = c.from.checked_add(jiff::Span::new().days(DAYS_MAX - 1)).unwrap(),
    ];
    for change in changes {
        let mut commute = two_weeks();
        change(&mut commute);
        assert!(commute.checked().is_ok());
    }
    let skips = vec![date(2026, 11, 26), date(2026, 11, 24), date(2026, 11, 26)];
    let checked = Commute { skips, ..two_weeks() }.checked().unwrap();
    assert_eq!(checked.skips, [date(2026, 11, 24), date(2026, 11, 26)], "sorted, once each");
}

fn commutes() -> impl Strategy<Value = Commute> {
    let minutes = |range: std::ops::Range<i8>| (range, 0_i8..60).prop_map(|(h, m)| time(h, m, 0, 0));
    (1_u8..128, minutes(0..12), minutes(12..24), 0_i32..30, 0_i32..40, prop::collection::vec(0_i32..40, 0..5)).prop_map(
        |(bits, outward_at, return_at, first, length, skips)| {
            let day = |n: i32| date(2026, 12, 20).checked_add(jiff::Span::new().days(n)).expect("near");
            Commute {
                days: Weekdays::from_bits(bits).expect("1..128"),
                outward_at,
                return_at,
                from: day(first),
                until: day(first + length),
                skips: skips.into_iter().map(|n| day(first + n)).collect(),
            }
        },
    )
}

proptest! {
    /// However time is cut into windows, at restarts and hourly runs alike, each leg comes up exactly once.
    #[test]
    fn windows_laid_end_to_end_give_each_leg_once(
        commute in commutes(),
        mut cuts in prop::collection::vec(0_i64..110 * 86_400, 0..12),
    ) {
        let start = at(date(2026, 12, 10), Time::midnight());
        cuts.extend([0, 110 * 86_400]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts
            .windows(2)
            .flat_map(|two| legs_between(&commute, start.plus_s(two[0]), start.plus_s(two[1])))
            .collect();
        prop_assert_eq!(&pieces, &all(&commute));
    }

    /// The slow twin: every minute of the time is asked whether a leg starts.
    #[test]
    fn legs_are_those_a_reader_of_the_calendar_would_list(commute in commutes()) {
        let mut expected = Vec::new();
        let mut day = date(2026, 12, 19);
        while day < date(2027, 4, 1) {
            let runs = day >= commute.from && day <= commute.until && !commute.skips.contains(&day);
            let bit = 1 << (day.weekday().to_monday_one_offset() - 1);
            if runs && commute.days.bits() & bit != 0 {
                expected.push((day, Leg::Outward));
                expected.push((day, Leg::Return));
            }
            day = day.tomorrow().unwrap();
        }
        let legs: Vec<_> = all(&commute).into_iter().map(|(day, leg, _)| (day, leg)).collect();
        prop_assert_eq!(legs, expected);
    }
}
