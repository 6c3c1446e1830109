//! Fires and just does not: `stale_fix`.

use super::stale_fix::RULE;
use crate::policy::FixFacts;
use crate::sample::{Facts, check_rule};

fn aged(facts: &mut Facts, age_ms: i64) {
    facts.fix = Some(FixFacts { age_ms, accuracy_m: 10.0 });
}

#[test]
fn old_or_unknown_position_is_out_of_matching() {
    check_rule(
        &RULE,
        &[
            ("no fix", true, |f| f.fix = None),
            ("60.001 s old", true, |f| aged(f, 60_001)),
            ("60 s old", false, |f| aged(f, 60_000)),
            ("5 s ahead, clocks differ", false, |f| aged(f, -5_000)),
            ("further ahead", true, |f| aged(f, -5_001)),
        ],
    );
}
