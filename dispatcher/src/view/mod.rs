//! Owns what each audience may see: one set of serialisable types for each of them, made from the record's rows. The one
//! place where a name, place or word becomes JSON. Decides nothing about who is which audience (`http::access`).
//!
//! Invariant: a field an audience may not see does not exist in its type, or is absent from the answer.

pub mod eta;
pub mod history;
pub mod incident;
pub mod map;
pub mod offer;
pub mod people;
pub mod place;
pub mod series;
pub mod time;
pub mod trip;
pub mod violations;
pub mod watch;
pub mod way;

#[cfg(test)]
mod view_tests;

pub use eta::EtaView;
pub use incident::IncidentView;
pub use offer::{NextView, OfferView, offer_for_phone};
pub use people::{Duty, Me, ShiftView, StaffRow};
pub use place::{FixIn, PlaceIn, PlaceView, PointIn};
pub use series::SeriesView;
pub use trip::{CrewTrip, RiderTrip, SupervisorTrip, TripFor, trip_for_crew, trip_for_rider, trip_for_supervisor};
