//! The words of the service as types. What was asked (`booking`, `trip`) is kept apart from what was decided (`offer`,
//! `assignment`). No behaviour beyond construction: rules are in `policy`, phases in `lifecycle`.

pub mod assignment;
pub mod booking;
pub mod ids;
pub mod offer;
pub mod staff;
pub mod time;
pub mod trip;

pub use assignment::Assignment;
pub use booking::{BookingKind, Commute, Leg, Weekdays};
pub use ids::{AccountId, AgencyId, BookingId, IncidentId, OfferId, SeriesId, TripId};
pub use offer::{HoldState, Offer, OfferState};
pub use staff::{Gender, Mode, Shift, Staff, StaffKind};
pub use time::Timestamp;
pub use trip::{CrewRules, CrewSize, Phase, RiskGrade, Trip, TripLength};
