//! Fires and just does not: `declined_before`.

use super::declined_before::RULE;
use crate::sample::check_rule;

#[test]
fn nobody_is_asked_twice_for_a_trip() {
    check_rule(&RULE, &[("declined", true, |f| f.declined = true), ("did not", false, |f| f.declined = false)]);
}
