//! Owns what is known of travel times at the moment, between those who make it and those who read it: what is in force, what was
//! learnt, and the taps of crews that more is learnt from. The times themselves stand in the field; `weights` makes them,
//! `legs` learns.

pub mod legs;
mod priority;
pub mod streets;
pub mod weights;

#[cfg(test)]
mod legs_tests;
#[cfg(test)]
mod weights_tests;

use crate::telemetry;
use geo::Basis;
use geo::road::calibrate::Coverage;
use geo::road::{Calibration, Profile};
use legs::Tap;
use matcher::model::{Mode, Timestamp};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use streets::Told;
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

/// Taps that may wait to be learnt from; more are dropped, and only a little is not learnt.
const TAPS_MAX: usize = 1_024;

/// What the searches stand on.
#[derive(Clone, Default)]
pub struct Present {
    /// Counts up whenever the times of some way of travelling were replaced; 0 is the map's own.
    pub generation: u64,
    /// When that was last.
    pub reweighed_at: Option<Timestamp>,
    /// When finished ways were last looked at.
    pub fitted_at: Option<Timestamp>,
    /// What they taught.
    pub calibration: Arc<Calibration>,
    /// By the number of the profile, how often they stayed within what is said of them.
    pub coverage: [Option<Coverage>; Profile::ALL.len()],
    /// By mode, what its times rest on.
    bases: [Option<Basis>; Mode::ALL.len()],
    /// The conditions that count.
    pub in_force: BTreeSet<Uuid>,
    /// Those that would, and are of no street or line of this map.
    pub of_nothing: BTreeSet<Uuid>,
    /// By mode, the streets that they are of.
    told: [Arc<Told>; Mode::ALL.len()],
}

impl Present {
    /// What the times of a mode rest on, as every ETA tells it: what was learnt of the hour, and whether operators' factors are on top.
    pub fn basis(&self, mode: Mode) -> Basis {
        self.bases[mode as usize].unwrap_or(Basis::MAP)
    }
}

/// Shared. Share it in an `Arc`.
pub struct Travel {
    present: RwLock<Arc<Present>>,
    changed: Notify,
    taps: mpsc::Sender<Tap>,
    tapped: Mutex<Option<mpsc::Receiver<Tap>>>,
}

impl Default for Travel {
    fn default() -> Self {
        let (taps, tapped) = mpsc::channel(TAPS_MAX);
        Self { present: RwLock::default(), changed: Notify::new(), taps, tapped: Mutex::new(Some(tapped)) }
    }
}

impl Travel {
    /// As it is.
    pub fn present(&self) -> Arc<Present> {
        Arc::clone(&self.present.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, present: Present) {
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(present);
    }

    /// The conditions on the record have changed: the worker is to look at once.
    pub fn conditions_changed(&self) {
        self.changed.notify_one();
    }

    /// A crew member's tap that is on the record. Never waits.
    pub fn tapped(&self, tap: Tap) {
        if self.taps.try_send(tap).is_err() {
            metrics::counter!(telemetry::TRAVEL_LEGS, "outcome" => "dropped").increment(1);
        }
    }

    /// The taps, for the one who learns from them; `None` for a second.
    fn taps(&self) -> Option<mpsc::Receiver<Tap>> {
        self.tapped.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
