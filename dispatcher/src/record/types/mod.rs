//! Owns the shapes that go into and come out of the record, a file for each matter. Not serialisable: each audience has its own in `view`.

mod bookings;
mod decisions;
mod messages;
mod people;
mod refusals;
mod roster;
mod trips;

pub use bookings::{Booked, NewBooking, Place, Series};
pub use decisions::{Applied, DueTrip, Effect, NextDuty, Placement, Sure};
pub use messages::{Incident, IncidentKind, Numbered, OutboxKind, OutboxRow, Tail};
pub use people::{Account, Actor, Agency, AvoidZone, Enrolled, NewRider, NewStaff, Revocation, Role, SignedIn};
pub use refusals::{OpenError, Outcome, RecordError, Refusal};
pub use roster::{NewShift, RosterEntry, UnderWay};
pub use trips::{Hand, Member, OfferRow, TripRow};
