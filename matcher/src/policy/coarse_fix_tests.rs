//! Fires and just does not: `coarse_fix`.

use super::coarse_fix::RULE;
use crate::policy::FixFacts;
use crate::sample::{Facts, check_rule};

fn error(facts: &mut Facts, accuracy_m: f32) {
    facts.fix = Some(FixFacts { age_ms: 0, accuracy_m });
}

#[test]
fn cell_tower_circle_is_not_matched() {
    check_rule(
        &RULE,
        &[
            ("2 km", true, |f| error(f, 2_000.0)),
            ("500.5 m", true, |f| error(f, 500.5)),
            ("500 m", false, |f| error(f, 500.0)),
            ("not a number", true, |f| error(f, f32::NAN)),
            ("negative", true, |f| error(f, -1.0)),
            ("no fix is another rule's", false, |f| f.fix = None),
        ],
    );
}
