//! The property: nothing says "assigned" before the whole crew has accepted. Our phones note an acceptance before they send
//! it, so a rider can never rightly see more than has been noted.

/// Phases in which a crew has accepted.
const CREWED: [&str; 5] = ["assigned", "en_route", "arrived", "met", "escorting"];

/// Whether the phase says that a crew has accepted.
pub fn is_crewed(phase: &str) -> bool {
    CREWED.contains(&phase)
}

/// Whether a rider was told too early: `accepted` different phones have answered yes for a crew of `crew_size`.
pub fn check(phase: &str, crew_size: usize, accepted: usize) -> bool {
    is_crewed(phase) && accepted < crew_size
}
