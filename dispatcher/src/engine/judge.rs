//! Owns the engine's judgement of people for one trip, asked by a supervisor who assigns by hand: the same search and the same
//! rules as a batch, for everybody. Chooses nobody.

use crate::engine::field::Field;
use crate::engine::roster::Roster;
use crate::engine::search::Search;
use crate::http::problem::Code;
use crate::http::sight::{Judge, Judged};
use crate::live::Live;
use crate::record::{DueTrip, TripRow};
use geo::road::RoadMap;
use matcher::model::{AccountId, Timestamp};
use matcher::policy::{self, Candidate, Context, FixFacts};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Judges on a field of its own, so that a supervisor's question never waits for a batch.
pub struct EngineJudge {
    field: Mutex<Field>,
    live: Arc<Live>,
    roster: Arc<Roster>,
    map: Arc<RoadMap>,
}

impl EngineJudge {
    /// Knows nobody until asked.
    pub fn new(live: Arc<Live>, roster: Arc<Roster>, map: Arc<RoadMap>) -> Self {
        Self { field: Mutex::new(Field::new(&map)), live, roster, map }
    }
}

impl Judge for EngineJudge {
    fn candidates(&self, row: &TripRow, now: Timestamp, limit: usize) -> Vec<Judged> {
        let roster = self.roster.current();
        let mut field = self.field.lock().unwrap_or_else(PoisonError::into_inner);
        field.follow(&self.live, &roster, &self.map);
        let due = as_due(row);
        let mut search = Search::new(&due, &field, &roster, &self.map, now);
        let mut judged = Vec::new();
        let mut seen: HashSet<AccountId> = HashSet::new();
        while judged.len() < limit {
            let Some(found) = search.draw() else { break };
            seen.insert(found.staff);
            let violations = found.verdict.violations.iter().map(|v| v.code).collect();
            judged.push(Judged { staff: found.staff, eta: Some(found.eta), violations });
        }
        // Those without a way come last, with the reason.
        for entry in roster.by_id.values().filter(|e| e.shift.is_some() && !seen.contains(&e.staff.id)) {
            if judged.len() >= limit {
                break;
            }
            let fix = field
                .standing(entry.staff.id)
                .map(|s| FixFacts { age_ms: now.0 - s.fix.taken_at_ms, accuracy_m: s.fix.accuracy_m });
            let candidate = Candidate {
                staff: &entry.staff,
                shift: entry.shift.as_ref(),
                fix,
                busy: entry.duty.is_some_and(|(held, _)| held != due.row.trip.id),
                declined: false,
                eta: None,
                off_road: false,
            };
            let verdict = policy::verdict(&candidate, &Context { trip: &due.row.trip, now });
            let violations = verdict.violations.iter().map(|v| v.code).collect();
            judged.push(Judged { staff: entry.staff.id, eta: None, violations });
        }
        judged
    }

    fn judge(&self, row: &TripRow, staff: AccountId, now: Timestamp) -> Result<Judged, Code> {
        if !self.roster.current().by_id.contains_key(&staff) {
            return Err(Code::UnknownStaff);
        }
        let everybody = self.candidates(row, now, usize::MAX);
        Ok(everybody.into_iter().find(|j| j.staff == staff).unwrap_or(Judged {
            staff,
            eta: None,
            violations: vec![policy::off_shift::RULE.code],
        }))
    }
}

/// A supervisor may ask somebody again who declined before.
fn as_due(row: &TripRow) -> DueTrip {
    DueTrip { row: row.clone(), attempt: 0, live_since: None, vacant_since: None, declined: Vec::new() }
}
