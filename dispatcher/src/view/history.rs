//! Owns what the centre reads of a trip's course: fixed words from the audit chain, whose deed it was by role and unit number, and
//! when. A row without a word here is not told; no place, name or account ever is.

use super::people::role_word;
use super::time::instant;
use crate::record::{Role, TripEvent};
use matcher::model::{Phase, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HistoryEvent {
    /// When; of a crossing, when the fix that told it was taken.
    pub at: String,
    /// What: `status`, or a word that the chain has for it.
    pub event: &'static str,
    /// Of a `status`: the phase that was tapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<&'static str>,
    /// Whose deed: `rider`, `staff`, `supervisor`, `admin`; null is the engine's.
    pub by: Option<&'static str>,
    /// Unit number, of staff.
    pub no: Option<u32>,
}

/// Words that are told as they are.
const TOLD: [&str; 15] = [
    "offers_placed",
    "assigned",
    "assigned_by_hand",
    "dropped_out",
    "slot_taken_back",
    "crew_dissolved",
    "released",
    "member_released",
    "escalated",
    "cancelled",
    "gave_up",
    "completed_by_hand",
    "places_revealed",
    "track_revealed",
    "next_duty_begun",
];
/// Those whose detail says when it was.
const SEEN: [&str; 3] = ["zone_entered", "zone_left", "zone_lifted"];

/// As it is told, in the order in which it happened: a crossing is written after it was seen.
pub fn course(events: &[TripEvent]) -> Vec<HistoryEvent> {
    let mut course: Vec<(Timestamp, HistoryEvent)> = events.iter().filter_map(told).collect();
    course.sort_by_key(|(at, _)| *at);
    course.into_iter().map(|(_, event)| event).collect()
}

fn told(event: &TripEvent) -> Option<(Timestamp, HistoryEvent)> {
    let word = |words: &[&'static str]| words.iter().copied().find(|word| *word == event.action);
    let (at, word, to) = if let Some(word) = word(&SEEN) {
        (event.detail.parse().map_or(event.at, Timestamp), word, None)
    } else if event.action == "status_set" {
        (event.at, "status", Some(Phase::from_word(&event.detail)?.word()))
    } else {
        (event.at, word(&TOLD)?, None)
    };
    let no = event.no.filter(|_| event.role == Some(Role::Staff));
    Some((at, HistoryEvent { at: instant(at), event: word, to, by: event.role.map(role_word), no }))
}
