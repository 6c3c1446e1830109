//! Fires and just does not: `hours_exhausted`.

use super::hours_exhausted::RULE;
use crate::sample::{Facts, NOW, check_rule};

#[test]
fn eleventh_hour_is_refused() {
    check_rule(
        &RULE,
        &[
            ("ten hours and a millisecond", true, |f| {
                f.shift_mut().starts_at.0 = Facts::after_end_s(-36_000).0 - 1;
            }),
            ("ten hours", false, |f| f.shift_mut().starts_at = Facts::after_end_s(-36_000)),
            ("nine before this shift, and an hour and a bit now", true, |f| {
                f.shift_mut().worked_before_s = 9 * 3_600;
                f.shift_mut().starts_at = NOW.plus_s(-3_600);
            }),
            ("eight before this shift", false, |f| f.shift_mut().worked_before_s = 8 * 3_600),
            ("booked for later counts to its own end", true, |f| {
                f.shift_mut().worked_before_s = 8 * 3_600;
                f.trip.pickup_at = Some(NOW.plus_s(3_600));
            }),
        ],
    );
}
