//! Fires and just does not: `next_taken`.

use super::next_taken::RULE;
use crate::sample::check_rule;

#[test]
fn nobody_has_two_trips_to_go_on_to() {
    check_rule(
        &RULE,
        &[
            ("one follows already", true, |f| {
                f.free_in(60);
                f.after_mut().next_taken = true;
            }),
            ("none follows", false, |f| f.free_in(60)),
        ],
    );
}
