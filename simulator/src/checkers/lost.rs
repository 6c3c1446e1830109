//! The property: an acknowledged trip is in exactly one state, and its rider and the supervisor are told the same one.

use std::collections::BTreeMap;

/// Phases after which a console may leave a trip out.
const ENDS: [&str; 4] = ["completed", "cancelled", "no_show", "unserved"];

/// The phases in which one viewer shows each trip: one of each, if all is well.
pub type Seen = BTreeMap<String, Vec<String>>;

/// Why an acknowledged trip counts as lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Its rider does not have it any more.
    AbsentAtRider,
    /// Its rider sees it, open, and no supervisor does.
    AbsentAtConsole,
    /// Shown more than once.
    SeveralStates,
    /// Rider and supervisor are told different things.
    Disagree,
}

impl Loss {
    /// A word for reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AbsentAtRider => "absent_at_rider",
            Self::AbsentAtConsole => "absent_at_console",
            Self::SeveralStates => "several_states",
            Self::Disagree => "rider_and_console_disagree",
        }
    }
}

/// Whether a phase is an end.
pub fn is_end(phase: &str) -> bool {
    ENDS.contains(&phase)
}

/// The loss of one acknowledged trip, if there is one.
pub fn check(trip: &str, rider: &Seen, console: &Seen) -> Option<Loss> {
    let at = |seen: &'_ Seen| seen.get(trip).cloned().unwrap_or_default();
    match (&at(rider)[..], &at(console)[..]) {
        ([], _) => Some(Loss::AbsentAtRider),
        ([_, _, ..], _) | (_, [_, _, ..]) => Some(Loss::SeveralStates),
        ([phase], []) => (!is_end(phase)).then_some(Loss::AbsentAtConsole),
        ([rider], [console]) => (rider != console).then_some(Loss::Disagree),
    }
}
