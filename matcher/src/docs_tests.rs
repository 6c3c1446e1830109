//! The page in the repository says what the code does.

use std::path::Path;

#[test]
fn policy_page_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/POLICY.md");
    let fresh = crate::docs::policy_page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &fresh).expect("docs/ can be written");
    }
    let kept = std::fs::read_to_string(&path).expect("docs/POLICY.md is there: UPDATE_DOCS=1 writes it");
    assert!(kept == fresh, "docs/POLICY.md is stale: UPDATE_DOCS=1 cargo test -p matcher policy_page");
}

#[test]
fn policy_page_names_test_files_that_exist() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy");
    let codes = crate::policy::RULES.iter().map(|r| r.code).chain(crate::policy::PREFERENCES.iter().map(|p| p.code));
    for code in codes {
        assert!(dir.join(format!("{code}.rs")).exists(), "{code} has a file of its own");
        assert!(dir.join(format!("{code}_tests.rs")).exists(), "{code} has tests of its own");
    }
}
