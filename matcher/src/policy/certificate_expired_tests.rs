//! Fires and just does not: `certificate_expired`.

use super::certificate_expired::RULE;
use crate::sample::{Facts, NOW, check_rule};

#[test]
fn certificate_must_last_to_the_expected_end() {
    check_rule(
        &RULE,
        &[
            ("a millisecond short", true, |f| f.staff.certified_until.0 = Facts::after_end_s(0).0 - 1),
            ("to the end", false, |f| f.staff.certified_until = Facts::after_end_s(0)),
            ("to the end from now, but booked for later", true, |f| {
                f.staff.certified_until = Facts::after_end_s(0);
                f.trip.pickup_at = Some(NOW.plus_s(1_800));
            }),
            ("over, and no ETA", true, |f| {
                f.staff.certified_until.0 = NOW.0 - 1;
                f.eta = None;
            }),
            ("valid now, and no ETA", false, |f| {
                f.staff.certified_until = NOW;
                f.eta = None;
            }),
        ],
    );
}
