//! Fires and just does not: `gender_rule`.

use super::gender_rule::RULE;
use crate::model::Gender;
use crate::sample::check_rule;

#[test]
fn gender_counts_only_if_the_rider_asked() {
    check_rule(
        &RULE,
        &[
            ("man asked for, woman considered", true, |f| f.trip.rules.gender = Some(Gender::Man)),
            ("woman asked for, not stated", true, |f| {
                f.trip.rules.gender = Some(Gender::Woman);
                f.staff.gender = None;
            }),
            ("woman asked for, woman considered", false, |f| f.trip.rules.gender = Some(Gender::Woman)),
            ("nothing asked, not stated", false, |f| f.staff.gender = None),
        ],
    );
}
