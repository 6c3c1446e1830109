//! Owns the shape of a rule, of a preference and of what they answer. The rules themselves have a file each.

use super::{Candidate, Context};

/// Who may read that a rule removed somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Every supervisor who sees the candidate.
    Supervisors,
    /// The centre's supervisors only: the reason itself says something of the rider.
    Centre,
}

/// A hard rule: who fails it is never offered the trip.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable word used on the wire and in the record.
    pub code: &'static str,
    /// Reason shown to a supervisor, Korean.
    pub ko: &'static str,
    /// Reason shown to a supervisor, English.
    pub en: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    /// Who may read the reason.
    pub audience: Audience,
    /// Passes or names the violation.
    pub check: fn(&Candidate<'_>, &Context<'_>) -> Result<(), Violation>,
}

impl Rule {
    /// `Ok` if `passes`, else this rule's violation.
    pub(super) const fn require(&self, passes: bool) -> Result<(), Violation> {
        if passes { Ok(()) } else { Err(Violation { code: self.code }) }
    }
}

/// A failed hard rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Violation {
    /// The rule's code.
    pub code: &'static str,
}

/// A preference: moves somebody up or down, never out.
#[derive(Clone, Copy, Debug)]
pub struct Preference {
    /// Stable word used in docs.
    pub code: &'static str,
    /// What it does, Korean.
    pub ko: &'static str,
    /// What it does, English.
    pub en: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Milliseconds by which the pickup is felt to take longer; negative is sooner.
    pub felt_ms: fn(&Candidate<'_>, &Context<'_>) -> i64,
}

/// What all rules say of one candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Every failed hard rule, in the order of `RULES`; empty means they may go.
    pub violations: Vec<Violation>,
    /// Lower is better; never negative. Meaningless unless eligible.
    pub cost: i64,
}

impl Verdict {
    /// Whether they may go.
    pub const fn is_eligible(&self) -> bool {
        self.violations.is_empty()
    }
}
