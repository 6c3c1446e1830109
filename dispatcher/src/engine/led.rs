//! Owns how many times as long as the fastest way the one is that a crew is led by with its rider: safer on foot, around the rider's
//! zones however they go. Searched beside everything else when they have met, after a restart, and when the zones or the way of
//! travelling are others; the field counts the rest of their trip by it. Decides nothing, and keeps nothing on the record.
//!
//! The share holds as the trip goes on and as travel times change, which is less than the truth and costs no search with each fix.

use super::field::Field;
use super::guide::{Guide, circles};
use super::roster::Roster;
use crate::record::{AvoidZone, TripRow};
use crate::view::trip::{is_crewed, is_together};
use geo::Position;
use matcher::model::{Mode, TripId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinHandle;

/// What a way was searched by; another one is searched when it is another.
#[derive(Clone, PartialEq)]
struct By {
    zones: Vec<AvoidZone>,
    has_car: bool,
    rides: bool,
}

/// By how much crews are led round. Share it in an `Arc`.
pub struct Led {
    field: Arc<Field>,
    guide: Arc<Guide>,
    roster: Arc<Roster>,
    known: Mutex<HashMap<TripId, By>>,
}

impl Led {
    /// Nobody is under way.
    pub fn new(field: Arc<Field>, guide: Arc<Guide>, roster: Arc<Roster>) -> Self {
        Self { field, guide, roster, known: Mutex::default() }
    }

    /// A trip as it is now on the record, with its rider's zones. Waits for no search; if there is to be one, it is given out.
    pub fn take(self: &Arc<Self>, row: &TripRow, zones: &[AvoidZone]) -> Option<JoinHandle<()>> {
        let id = row.trip.id;
        if !is_together(row.trip.phase) {
            self.forget(id);
            return None;
        }
        let by = By { zones: zones.to_vec(), has_car: self.has_car(row), rides: self.field.is_searched(Mode::Transit) };
        if self.lock().insert(id, by.clone()).is_some_and(|before| before == by) {
            return None;
        }
        let (led, from, to) = (Arc::clone(self), row.trip.pickup, row.trip.dropoff);
        Some(tokio::task::spawn_blocking(move || led.search(id, &by, (from, to))))
    }

    fn search(&self, id: TripId, by: &By, (from, to): (Position, Position)) {
        let mode = super::chain::together_mode(&self.field, from, to, by.has_car);
        let stretch = self.guide.stretch(mode, from, to, &circles(&by.zones));
        let known = self.lock();
        // It may have ended meanwhile, or be another one.
        if known.get(&id) == Some(by) {
            self.field.lead(id, Some((mode, stretch)));
        }
    }

    fn forget(&self, id: TripId) {
        let mut known = self.lock();
        if known.remove(&id).is_some() {
            self.field.lead(id, None);
        }
    }

    fn has_car(&self, row: &TripRow) -> bool {
        let roster = self.roster.current();
        let mode = |staff| roster.by_id.get(staff)?.shift.map(|shift| shift.mode);
        let mut crew = row.crew.iter().filter(|member| is_crewed(member.phase));
        crew.any(|member| mode(&member.offer.staff) == Some(Mode::Drive))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TripId, By>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "led_tests.rs"]
mod tests;
