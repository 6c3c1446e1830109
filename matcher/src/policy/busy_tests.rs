//! Fires and just does not: `busy`.

use super::busy::RULE;
use crate::sample::{NOW, check_rule};

#[test]
fn busy_staff_is_offered_only_what_follows() {
    check_rule(
        &RULE,
        &[
            ("holds an offer or trip", true, |f| f.busy = true),
            ("free", false, |f| f.busy = false),
            ("with a rider and soon free", false, |f| f.free_in(240)),
            ("there before they are free", true, |f| f.free_in(301)),
            ("with a rider, for a booked time", true, |f| {
                f.free_in(240);
                f.trip.pickup_at = Some(NOW.plus_s(1_800));
            }),
        ],
    );
}
