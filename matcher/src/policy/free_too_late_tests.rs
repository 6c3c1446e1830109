//! Fires and just does not: `free_too_late`.

use super::free_too_late::RULE;
use crate::sample::check_rule;

#[test]
fn nobody_is_asked_long_before_they_are_free() {
    check_rule(
        &RULE,
        &[
            ("a second too long", true, |f| f.free_in(601)),
            ("just within", false, |f| f.free_in(600)),
            ("free", false, |f| f.after = None),
        ],
    );
}
