//! Fires and just does not: `busy`.

use super::busy::RULE;
use crate::sample::check_rule;

#[test]
fn busy_staff_is_never_offered() {
    check_rule(&RULE, &[("holds an offer or trip", true, |f| f.busy = true), ("free", false, |f| f.busy = false)]);
}
