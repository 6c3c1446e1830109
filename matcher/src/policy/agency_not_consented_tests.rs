//! Fires and just does not: `agency_not_consented`.

use super::agency_not_consented::RULE;
use crate::sample::{agency, check_rule};

#[test]
fn agency_without_consent_is_never_offered() {
    check_rule(
        &RULE,
        &[
            ("consent to another only", true, |f| f.trip.rules.agencies = vec![agency(2)]),
            ("consent to theirs among others", false, |f| f.trip.rules.agencies = vec![agency(2), agency(1)]),
            ("any contracted one", false, |f| f.trip.rules.agencies.clear()),
        ],
    );
}
