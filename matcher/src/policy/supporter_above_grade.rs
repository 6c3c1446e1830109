//! Owns one hard rule: supporters do not go where the danger was judged high.

use super::{Audience, Candidate, Context, Rule, Violation};
use crate::model::{RiskGrade, StaffKind};

/// The rule as data.
pub const RULE: Rule = Rule {
    code: "supporter_above_grade",
    ko: "고위험 동행은 경호원만 가능합니다",
    en: "only guards may go at this risk grade",
    source: "product: Safe Companion Supporters, second staff class with its own limits",
    audience: Audience::Centre,
    check,
};

/// Fires when a supporter is considered for a high-risk trip.
pub fn check(candidate: &Candidate<'_>, context: &Context<'_>) -> Result<(), Violation> {
    let allowed = match candidate.staff.kind {
        StaffKind::Guard => true,
        StaffKind::Supporter => context.trip.rules.risk < RiskGrade::High,
    };
    RULE.require(allowed)
}
