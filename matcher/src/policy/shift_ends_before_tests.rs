//! Fires and just does not: `shift_ends_before`.

use super::shift_ends_before::RULE;
use crate::model::Mode;
use crate::sample::{Facts, NOW, check_rule};

#[test]
fn trip_and_margin_must_fit_into_the_shift() {
    check_rule(
        &RULE,
        &[
            ("a millisecond short of the margin", true, |f| f.shift_mut().ends_at.0 = Facts::after_end_s(600).0 - 1),
            ("with the margin to the millisecond", false, |f| f.shift_mut().ends_at = Facts::after_end_s(600)),
            ("booked for later, past the shift", true, |f| {
                f.shift_mut().ends_at = Facts::after_end_s(600);
                f.trip.pickup_at = Some(NOW.plus_s(301));
            }),
            ("booked, but reached later than booked", false, |f| {
                f.shift_mut().ends_at = Facts::after_end_s(600);
                f.trip.pickup_at = Some(NOW.plus_s(300));
            }),
            ("the partner may come without a car", true, |f| {
                f.shift_mut().ends_at = Facts::after_end_s(600);
                f.trip.length.without_s += 1;
            }),
            ("the partner may have a car, which may take longer", true, |f| {
                f.shift_mut().ends_at = Facts::after_end_s(600);
                f.trip.length.by_car_s += 1;
            }),
            ("who comes by car goes by car", false, |f| {
                f.shift_mut().ends_at = Facts::after_end_s(600);
                f.shift_mut().mode = Mode::Drive;
                f.trip.length.without_s = 9_000;
            }),
            ("no shift is another rule's", false, |f| f.shift = None),
        ],
    );
}
