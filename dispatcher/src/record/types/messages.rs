//! Owns the shapes of what is to be told: outbox rows, and alarms that a named human must take.

use super::Role;
use geo::Fix;
use matcher::model::{AccountId, IncidentId, OfferId, Timestamp, TripId};

/// Which message an outbox row stands for. The body is made when it is sent, from the state of the world then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxKind {
    /// A new offer.
    Offer,
    /// An offer is over.
    OfferClosed,
    /// The partner of an open or accepted offer changed.
    Partner,
    /// The trip changed.
    Trip,
    /// The trip is no longer this recipient's.
    TripGone,
    /// A supervisor has taken the SOS.
    SosTaken,
}

/// A message to one recipient, to be sent until acknowledged.
#[derive(Clone, Debug)]
pub struct OutboxRow {
    /// Position in the whole outbox; the hub's tail.
    pub id: i64,
    /// To whom.
    pub recipient: AccountId,
    /// Counts up by one per recipient.
    pub seq: i64,
    /// Which message.
    pub kind: OutboxKind,
    /// About which trip.
    pub trip: Option<TripId>,
    /// About which offer.
    pub offer: Option<OfferId>,
    /// About which incident.
    pub incident: Option<IncidentId>,
    /// Why, for closed offers and gone trips.
    pub reason: Option<String>,
}

/// What a place in the outbox holds.
#[derive(Clone, Debug)]
pub enum Numbered {
    /// A message.
    Row(OutboxRow),
    /// A message that cannot be read: that there was one is all that is known.
    Unreadable {
        /// To whom.
        recipient: AccountId,
        /// Its number.
        seq: i64,
    },
}

/// The outbox as it was read on, in order of commit.
#[derive(Debug)]
pub struct Tail {
    /// What is somebody's; what nobody can be found for is passed over.
    pub messages: Vec<Numbered>,
    /// Where to go on.
    pub upto: i64,
    /// As many as were asked for: there may be more.
    pub is_full: bool,
}

/// What a named human must take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentKind {
    /// Somebody pressed.
    Sos,
    /// The crew did not find the rider.
    NoShow,
    /// A crew member was suspended after the meeting and is still with the rider.
    StaffSuspended,
    /// A rider was suspended after the meeting and is still under way.
    RiderSuspended,
    /// A crew member may no longer be with this rider, and is. It does not say why: every console reads it.
    MemberBarred,
}

/// An SOS and its kin.
#[derive(Clone)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// What it is.
    pub kind: IncidentKind,
    /// Who raised it, or whom it is about.
    pub raised_by: AccountId,
    /// As what.
    pub role: Role,
    /// Unit number, if staff.
    pub no: Option<u32>,
    /// On which trip.
    pub trip: Option<TripId>,
    /// When.
    pub raised_at: Timestamp,
    /// Last known fix then; `None` is unknown.
    pub fix: Option<Fix>,
    /// Display of who took it.
    pub acknowledged_by: Option<String>,
    /// When.
    pub acknowledged_at: Option<Timestamp>,
    /// Global change counter.
    pub change_no: i64,
}
