//! Owns the text of `docs/POLICY.md`, written from the lists the code itself runs on. A test fails when the page is stale;
//! `UPDATE_DOCS=1` rewrites it.

use crate::{lifecycle, policy};
use std::fmt::Write as _;

/// The whole page.
pub fn policy_page() -> String {
    let mut page = String::from(
        "# Policy\n\nWritten from the code by `UPDATE_DOCS=1 cargo test -p matcher policy_page`; edit the rules, not this page.\n\n",
    );
    page.push_str("## Phases of a trip\n\n");
    page.push_str(&lifecycle::markdown());
    page.push_str("\n## Hard rules\n\nWho fails one is never offered the trip. Every failed rule is shown, not the first only.\n\n");
    page.push_str("| code | reason | 이유 | source | read by | tests |\n|---|---|---|---|---|---|\n");
    for rule in policy::RULES {
        let readers = match rule.audience {
            policy::Audience::Supervisors => "supervisors",
            policy::Audience::Centre => "centre only",
        };
        row(&mut page, rule.code, [rule.en, rule.ko, rule.source, readers]);
    }
    write!(page, "\nIn place of a code read by the centre only, a company is told `{}`.\n", policy::NOT_FOR_THIS_TRIP)
        .expect("a string takes all text");
    page.push_str("\n## Preferences\n\nThey move somebody up or down, never out.\n\n");
    page.push_str("| code | effect | 효과 | source | tests |\n|---|---|---|---|---|\n");
    for preference in policy::PREFERENCES {
        row(&mut page, preference.code, [preference.en, preference.ko, preference.source]);
    }
    page
}

fn row<const N: usize>(page: &mut String, code: &str, cells: [&str; N]) {
    write!(page, "| `{code}` |").expect("a string takes all text");
    for cell in cells {
        write!(page, " {cell} |").expect("a string takes all text");
    }
    writeln!(page, " `policy/{code}_tests.rs` |").expect("a string takes all text");
}
