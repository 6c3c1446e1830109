//! Fires and just does not: `off_shift`.

use super::off_shift::RULE;
use crate::sample::{NOW, check_rule};

#[test]
fn staff_off_shift_is_never_offered() {
    check_rule(
        &RULE,
        &[
            ("no shift", true, |f| f.shift = None),
            ("starts in a millisecond", true, |f| f.shift_mut().starts_at.0 = NOW.0 + 1),
            ("starts now", false, |f| f.shift_mut().starts_at = NOW),
            ("ends now", true, |f| f.shift_mut().ends_at = NOW),
            ("ends in a millisecond", false, |f| f.shift_mut().ends_at.0 = NOW.0 + 1),
        ],
    );
}
