//! Owns the engine's judgement of people for one trip, asked by a supervisor who assigns by hand: the same search and the same
//! rules as a batch, for everybody. Chooses nobody.

use crate::engine::field::{Field, Look};
use crate::engine::kept;
use crate::engine::roster::{Roster, RosterView};
use crate::engine::search::Search;
use crate::live::Live;
use crate::record::{DueTrip, TripRow};
use geo::Eta;
use matcher::model::{AccountId, Timestamp, TripId};
use matcher::policy::{self, Candidate, Context, FixFacts};
use std::collections::HashSet;
use std::sync::Arc;

/// A supervisor is told how far somebody is, though the rules send nobody so far, seconds.
const SHOWN_ETA_S_MAX: i64 = 4 * 3_600;

/// Somebody who might go, as the engine judges them.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Who.
    pub staff: AccountId,
    /// How soon; `None` is unknown.
    pub eta: Option<Eta>,
    /// The trip they would come from, which the ETA then holds the rest of.
    pub after: Option<TripId>,
    /// Codes of the hard rules that fail.
    pub violations: Vec<&'static str>,
}

/// The engine's judgement, for a supervisor who assigns by hand. No rule is decided here.
pub trait Judge: Send + Sync + 'static {
    /// Everybody, soonest first, at most `limit`.
    fn candidates(&self, row: &TripRow, now: Timestamp, limit: usize) -> Vec<Judged>;
    /// One of them; `None` for somebody not on the roster.
    fn judge(&self, row: &TripRow, staff: AccountId, now: Timestamp) -> Option<Judged>;
    /// Of those who have accepted and are to stay beside others who are asked: whose time would not suffice, and the code of the rule.
    fn kept(
        &self,
        row: &TripRow,
        stay_and_asked: (&[AccountId], &[AccountId]),
        now: Timestamp,
    ) -> Vec<(AccountId, &'static str)>;
}

/// Judges on the engine's own field; a question and a batch may look at it at once.
pub struct EngineJudge {
    field: Arc<Field>,
    live: Arc<Live>,
    roster: Arc<Roster>,
}

impl EngineJudge {
    /// On this field.
    pub const fn new(field: Arc<Field>, live: Arc<Live>, roster: Arc<Roster>) -> Self {
        Self { field, live, roster }
    }
}

impl Judge for EngineJudge {
    fn candidates(&self, row: &TripRow, now: Timestamp, limit: usize) -> Vec<Judged> {
        let roster = self.roster.current();
        self.field.follow_unless_followed(&self.live, &roster, now);
        self.field.look(|look| everybody(look, &roster, &as_due(row), now, limit))
    }

    fn judge(&self, row: &TripRow, staff: AccountId, now: Timestamp) -> Option<Judged> {
        if !self.roster.current().by_id.contains_key(&staff) {
            return None;
        }
        let everybody = self.candidates(row, now, usize::MAX);
        Some(everybody.into_iter().find(|j| j.staff == staff).unwrap_or(Judged {
            staff,
            eta: None,
            after: None,
            violations: vec![policy::off_shift::RULE.code],
        }))
    }

    fn kept(
        &self,
        row: &TripRow,
        stay_and_asked: (&[AccountId], &[AccountId]),
        now: Timestamp,
    ) -> Vec<(AccountId, &'static str)> {
        kept::beside(row, &self.roster.current(), stay_and_asked, now)
    }
}

/// Whoever is found within the bound, soonest first; then those without a way, with the reason.
fn everybody(look: &Look<'_>, roster: &RosterView, due: &DueTrip, now: Timestamp, limit: usize) -> Vec<Judged> {
    let mut search = Search::new(due, look, roster, now, SHOWN_ETA_S_MAX);
    let mut judged = Vec::new();
    let mut seen: HashSet<AccountId> = HashSet::new();
    while judged.len() < limit {
        let Some(found) = search.draw() else { break };
        seen.insert(found.staff);
        let violations = found.verdict.violations.iter().map(|v| v.code).collect();
        judged.push(Judged { staff: found.staff, eta: Some(found.eta), after: found.after, violations });
    }
    // Those without a way come last, with the reason.
    for entry in roster.by_id.values().filter(|e| e.shift.is_some() && !seen.contains(&e.staff.id)) {
        if judged.len() >= limit {
            break;
        }
        let fix = look
            .standing(entry.staff.id)
            .map(|s| FixFacts { age_ms: now.0 - s.fix.taken_at_ms, accuracy_m: s.fix.accuracy_m });
        let candidate = Candidate {
            staff: &entry.staff,
            shift: entry.shift.as_ref(),
            fix,
            busy: entry.duty.is_some_and(|(held, _)| held != due.row.trip.id),
            after: None,
            run: entry.run,
            declined: false,
            eta: None,
            off_road: false,
        };
        let verdict = policy::verdict(&candidate, &Context { trip: &due.row.trip, now });
        let violations = verdict.violations.iter().map(|v| v.code).collect();
        judged.push(Judged { staff: entry.staff.id, eta: None, after: None, violations });
    }
    judged
}

/// A supervisor may ask somebody again who declined before.
fn as_due(row: &TripRow) -> DueTrip {
    DueTrip { row: row.clone(), attempt: 0, vacant_since: None, declined: Vec::new() }
}
