//! Owns the shapes of staff as they are now.

use geo::Position;
use matcher::model::{Mode, Phase, Shift, Staff, TripId};
use matcher::policy::DutyRun;

/// A staff member with what is known of them now.
#[derive(Clone, Debug)]
pub struct RosterEntry {
    /// Who.
    pub staff: Staff,
    /// Display name.
    pub display: String,
    /// The running shift.
    pub shift: Option<Shift>,
    /// The trip they hold a slot of, and their own phase in it (`Offered` until assigned).
    pub duty: Option<(TripId, Phase)>,
    /// Set while they are with their rider, and nobody called for help on that trip.
    pub under_way: Option<UnderWay>,
    /// The trip they hold a slot of for when that one has ended.
    pub next: Option<TripId>,
    /// Their duties without a rest.
    pub run: Option<DutyRun>,
}

/// A trip whose rider is with the crew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnderWay {
    /// Which.
    pub trip: TripId,
    /// Where they met.
    pub pickup: Position,
    /// Where it ends.
    pub dropoff: Position,
    /// One of the crew has come by car.
    pub has_car: bool,
}

/// Travel mode and length of a shift to begin.
#[derive(Clone, Copy, Debug)]
pub struct NewShift {
    /// How they travel.
    pub mode: Mode,
    /// Hours, 1..=10.
    pub hours: u8,
}
