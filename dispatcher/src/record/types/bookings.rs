//! Owns the shapes of what a rider asks for, and of the answer.

use geo::Position;
use matcher::model::{AccountId, BookingId, BookingKind, Commute, CrewSize, SeriesId, TripId, TripLength};

/// A place as booked.
#[derive(Clone, PartialEq)]
pub struct Place {
    /// Where.
    pub position: Position,
    /// The rider's words for it.
    pub label: Option<String>,
}

/// A booking, parsed and checked against the service area.
#[derive(Clone)]
pub struct NewBooking {
    /// Whose.
    pub rider: AccountId,
    /// The client's key; unique per rider.
    pub idempotency_key: String,
    /// SHA-256 of the request body, to tell a retry from a reuse.
    pub body_sha256: [u8; 32],
    /// When.
    pub kind: BookingKind,
    /// Meeting point.
    pub pickup: Place,
    /// Destination.
    pub dropoff: Place,
    /// The grant's if `None`, and never below it.
    pub crew_size: Option<CrewSize>,
    /// How long from meeting to drop-off.
    pub length: TripLength,
    /// And drop-off to pickup, for the return leg of a commute.
    pub return_length: TripLength,
}

/// The answer to a booking.
#[derive(Clone)]
pub struct Booked {
    /// The booking.
    pub booking: BookingId,
    /// The series, for a commute.
    pub series: Option<SeriesId>,
    /// The trips made so far.
    pub trips: Vec<TripId>,
    /// False if this was a retry of a booking already on the record.
    pub fresh: bool,
}

/// A weekday series on the record.
#[derive(Clone)]
pub struct Series {
    /// Its id.
    pub id: SeriesId,
    /// Whose.
    pub rider: AccountId,
    /// The days and times.
    pub commute: Commute,
    /// Ended by the rider.
    pub ended: bool,
}
