//! Fires and just does not: `too_far`.

use super::too_far::RULE;
use crate::sample::{check_rule, road};

#[test]
fn nobody_comes_from_over_45_minutes() {
    check_rule(
        &RULE,
        &[
            ("a second more", true, |f| f.eta = road(2_701.0)),
            ("45 min", false, |f| f.eta = road(2_700.0)),
            ("no ETA is another rule's", false, |f| f.eta = None),
        ],
    );
}
