//! Fires and just does not: `supporter_above_grade`.

use super::supporter_above_grade::RULE;
use crate::model::{RiskGrade, StaffKind};
use crate::sample::check_rule;

#[test]
fn supporter_is_never_offered_a_high_risk_trip() {
    check_rule(
        &RULE,
        &[
            ("supporter, high", true, |f| {
                f.staff.kind = StaffKind::Supporter;
                f.trip.rules.risk = RiskGrade::High;
            }),
            ("supporter, standard", false, |f| f.staff.kind = StaffKind::Supporter),
            ("guard, high", false, |f| f.trip.rules.risk = RiskGrade::High),
        ],
    );
}
