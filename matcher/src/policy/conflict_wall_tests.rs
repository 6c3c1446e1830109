//! Fires and just does not: `conflict_wall`.

use super::conflict_wall::RULE;
use crate::policy::RULES;
use crate::sample::{account, check_rule};

#[test]
fn staff_tied_to_the_rider_is_never_offered() {
    check_rule(
        &RULE,
        &[
            ("tied to this rider", true, |f| f.staff.conflicts = vec![f.trip.rider]),
            ("tied to this and others, out of order", true, |f| {
                f.staff.conflicts = vec![account(9_999), f.trip.rider, account(3)];
            }),
            ("tied to another rider", false, |f| f.staff.conflicts = vec![account(3)]),
        ],
    );
}

#[test]
fn the_reason_shown_says_nothing_of_a_tie() {
    for word in ["conflict", "tie", "accused", "rider", "관계", "가해자", "이용자"] {
        assert!(!RULE.en.contains(word) && !RULE.ko.contains(word), "{word}");
    }
    assert!(RULES.iter().any(|r| r.code == RULE.code && r.audience == super::Audience::Centre));
}
