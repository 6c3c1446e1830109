//! Fires and just does not: `rest_due`.

use super::DutyRun;
use super::rest_due::RULE;
use crate::sample::{Facts, NOW, check_rule};

#[test]
fn four_hours_of_duties_end_in_a_rest() {
    check_rule(
        &RULE,
        &[
            ("four hours and a millisecond", true, |f| {
                let mut since = Facts::after_end_s(-14_400);
                since.0 -= 1;
                f.run = Some(DutyRun { since, idle_since: Some(NOW.plus_s(-60)) });
            }),
            ("four hours", false, |f| {
                f.run = Some(DutyRun { since: Facts::after_end_s(-14_400), idle_since: Some(NOW.plus_s(-60)) });
            }),
            ("straight from the present trip", true, |f| {
                f.free_in(60);
                f.run = Some(DutyRun { since: Facts::after_end_s(-14_401), idle_since: None });
            }),
            ("half an hour without a duty", false, |f| {
                f.run = Some(DutyRun { since: NOW.plus_s(-20_000), idle_since: Some(NOW.plus_s(-1_800)) });
            }),
            ("a second less", true, |f| {
                f.run = Some(DutyRun { since: NOW.plus_s(-20_000), idle_since: Some(NOW.plus_s(-1_799)) });
            }),
            ("booked for later counts to its own end", true, |f| {
                f.run = Some(DutyRun { since: NOW.plus_s(-10_000), idle_since: Some(NOW) });
                f.trip.pickup_at = Some(NOW.plus_s(3_600));
            }),
        ],
    );
}
