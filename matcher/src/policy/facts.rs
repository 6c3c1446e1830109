//! Owns the facts a rule may look at: one staff member as a candidate for one trip. Gathers nothing itself.

use crate::model::{Mode, Shift, Staff, Timestamp, Trip};
use geo::Eta;

/// What is known of a phone's last fix, without the place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FixFacts {
    /// Milliseconds since it was taken.
    pub age_ms: i64,
    /// Radius of its error circle, metres.
    pub accuracy_m: f32,
}

/// What is known of the present trip of somebody who is with their rider, if nobody called for help on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// Milliseconds until they should be free, the parting included.
    pub free_in_ms: i64,
    /// Whether another trip is to follow it already.
    pub next_taken: bool,
}

/// Duties that have followed one another without a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DutyRun {
    /// When the first of them began.
    pub since: Timestamp,
    /// Since when there has been no duty; `None` while there is one.
    pub idle_since: Option<Timestamp>,
}

/// One staff member considered for one trip.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Who.
    pub staff: &'a Staff,
    /// Their shift that is running or next; `None` if there is none.
    pub shift: Option<&'a Shift>,
    /// Their last fix; `None` if there is none.
    pub fix: Option<FixFacts>,
    /// Holds an open offer or belongs to a crew, of any trip.
    pub busy: bool,
    /// Set for somebody who would come after their present trip; the travel time then holds the rest of it.
    pub after: Option<After>,
    /// Their duties so far; `None` before the first.
    pub run: Option<DutyRun>,
    /// Declined this trip, dropped out of it or was released from it; or let its offer run out a moment ago.
    pub declined: bool,
    /// Travel time to the meeting point, from when they are free; `None` if none was found within the search bound.
    pub eta: Option<Eta>,
    /// No road near the fix or the meeting point, or most of the way off the streets: only then does a straight-line ETA count.
    pub off_road: bool,
}

/// The trip and the instant it is considered at.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The trip.
    pub trip: &'a Trip,
    /// The instant of the decision.
    pub now: Timestamp,
}

impl Candidate<'_> {
    /// Travel time to the meeting point, milliseconds rounded up; `None` if there is none or it is not a time.
    pub fn eta_ms(&self) -> Option<i64> {
        let seconds = self.eta?.seconds;
        // A day bounds the product; nothing that long is ever allowed.
        (0.0..=86_400.0).contains(&seconds).then(|| (f64::from(seconds) * 1_000.0).ceil() as i64)
    }

    /// When this member would be done: there as soon as possible but not before the booked time, then the trip. Who comes on foot
    /// may have a partner with a car or none, and the longer counts. `None` without an ETA.
    pub fn expected_end(&self, context: &Context<'_>) -> Option<Timestamp> {
        let there = Timestamp(context.now.0.saturating_add(self.eta_ms()?));
        let start = context.trip.pickup_at.map_or(there, |booked| booked.max(there));
        let length = context.trip.length;
        let has_car = self.shift.is_some_and(|shift| shift.mode == Mode::Drive);
        Some(start.plus_s(i64::from(if has_car { length.by_car_s } else { length.longest_s() })))
    }
}
