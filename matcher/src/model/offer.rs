//! Owns the offer and the hold behind it: what was proposed to whom, until when, and what became of it.

use super::{AccountId, OfferId, Timestamp, TripId};

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfferState {
    /// On the phone, clock running.
    Open,
    /// Accepted by the staff member.
    Accepted,
    /// Declined by the staff member.
    Declined,
    /// The clock ran out.
    Expired,
    /// Taken back: the trip ended, the crew could not be filled, or a supervisor decided otherwise.
    Withdrawn,
}

/// The state of the slot kept for one staff member. `Held`, `Accepted` and `Active` are guarded by unique indexes: one per
/// trip and slot, one current trip per staff member and one that follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldState {
    /// Offer open.
    Held,
    /// This member has accepted; others of the crew have not yet.
    Accepted,
    /// Part of an assignment.
    Active,
    /// Given back.
    Released,
}

/// A time-limited proposal of one slot of a trip to one staff member.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The offer and its hold.
    pub id: OfferId,
    /// The trip.
    pub trip: TripId,
    /// Which of the crew, 0..crew size.
    pub slot: u8,
    /// To whom.
    pub staff: AccountId,
    /// Counts the crews tried for this trip, from 1.
    pub attempt: u32,
    /// Promised travel time to the meeting point, seconds.
    pub eta_s: u32,
    /// When it was placed.
    pub offered_at: Timestamp,
    /// After this an answer is late.
    pub expires_at: Timestamp,
    /// What became of it.
    pub state: OfferState,
}
