//! Owns the crew that goes: its members have all accepted, and it is on the record.

use super::{AccountId, Timestamp, TripId};

/// A crew whose members have all accepted; accepting is the acknowledgement.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The trip.
    pub trip: TripId,
    /// One per slot, with the pickup ETA promised to the rider, seconds.
    pub crew: Vec<(AccountId, u32)>,
    /// When the last member accepted.
    pub assigned_at: Timestamp,
}
