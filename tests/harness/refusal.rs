//! Owns what every refusal over REST must be: a problem document with its code and field, that holds nothing of what was sent.

use crate::raw::Raw;

/// Marked values for requests that are refused; none may come back in an answer.
pub const MARKS: [&str; 6] =
    ["mark-9", "표식-9", "12.345678", "76543.21", "00000000-0000-7000-8000-000000000009", "mark9"];

/// An id that names nothing.
pub const NO_ID: &str = MARKS[4];

/// Checks one answer; `what` names the case.
///
/// # Panics
/// When it is not the refusal that was expected.
pub fn assert_refusal(what: &str, raw: &Raw, status: u16, code: &str, field: Option<&str>) {
    assert_eq!(raw.status, status, "{what}: {}", raw.body);
    assert_eq!(raw.header("content-type"), Some("application/problem+json"), "{what}");
    let problem = raw.json();
    assert_eq!(problem["code"], code, "{what}: {problem}");
    assert_eq!(problem["type"], format!("/problems/{code}"), "{what}");
    assert_eq!(problem["status"], status, "{what}");
    assert!(problem["title"].as_str().is_some_and(|title| title.len() > 5), "{what}: {problem}");
    assert_eq!(problem["field"].as_str(), field, "{what}: {problem}");
    for mark in MARKS {
        assert!(!raw.body.contains(mark) && !raw.head.contains(mark), "{what}: {mark} came back in {problem}");
    }
}
