//! Owns what the engine reads of trips that want its attention, and what it decides, as the record takes it.

use super::TripRow;
use geo::{EtaSource, Position};
use matcher::model::{AccountId, Timestamp, TripId};

/// A trip that wants the engine's attention now.
#[derive(Clone)]
pub struct DueTrip {
    /// The trip with its open slots' holders.
    pub row: TripRow,
    /// Counts crews tried, from 0 before the first.
    pub attempt: u32,
    /// When the first slot of the present crew fell open, while others are kept.
    pub vacant_since: Option<Timestamp>,
    /// Staff who declined this trip, dropped out of it or were released from it, and are asked again by hand only; and those
    /// who let an offer of it expire within the last `SILENT_S`.
    pub declined: Vec<AccountId>,
}

/// How sure a promised time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sure {
    /// Seconds that are not exceeded nine times of ten.
    pub p90_s: u32,
    /// What it rests on.
    pub source: EtaSource,
}

impl Sure {
    /// Of a time that nobody searched, or that was kept without it: as sure as a straight line.
    pub fn guessed(eta_s: u32) -> Self {
        let seconds = eta_s as f32;
        geo::Eta::partly_guessed(geo::Basis::MAP, seconds, seconds).into()
    }
}

impl From<geo::Eta> for Sure {
    fn from(eta: geo::Eta) -> Self {
        Self { p90_s: eta.p90_s.ceil() as u32, source: eta.source }
    }
}

/// A slot to be offered.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// Slot, 0..crew size.
    pub slot: u8,
    /// To whom.
    pub staff: AccountId,
    /// Promised seconds to the meeting point, the rest of their present trip included.
    pub eta_s: u32,
    /// How sure that is; `None` where nobody searched.
    pub sure: Option<Sure>,
    /// The present trip after which they come; `None` for somebody who is free.
    pub after: Option<TripId>,
}

/// A next duty on the record, with what its arrival is worked out from.
#[derive(Clone, Copy, Debug)]
pub struct NextDuty {
    /// The trip to come.
    pub trip: TripId,
    /// Who comes.
    pub staff: AccountId,
    /// When they said they would be there, as it was offered.
    pub promised_at: Timestamp,
    /// Where the present trip ends.
    pub from: Position,
    /// Where the rider of the trip to come waits.
    pub to: Position,
}

/// What the engine decided for one trip.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Keep waiting: look again at that time.
    Defer {
        /// The trip.
        trip: TripId,
        /// When to look again.
        due_at: Timestamp,
    },
    /// The search begins, without anybody to ask yet.
    GoLive {
        /// The trip.
        trip: TripId,
        /// When to look again.
        due_at: Timestamp,
    },
    /// Put these offers on phones; begins the search if it had not begun.
    PlaceOffers {
        /// The trip.
        trip: TripId,
        /// For which open slots, to whom. Together with the members kept they fill the crew.
        placements: Vec<Placement>,
        /// When an answer is late.
        expires_at: Timestamp,
    },
    /// Offers whose time ran out; the members who accepted are kept until `vacant_since` + the refill limit.
    ExpireOffers {
        /// The trip.
        trip: TripId,
    },
    /// The slot of one who is asked or has accepted and whose time does not suffice any more; the others are kept.
    TakeBack {
        /// The trip.
        trip: TripId,
        /// Who.
        staff: AccountId,
        /// The rule, in its own word.
        rule: &'static str,
    },
    /// Give every slot back and start over with a new crew.
    Dissolve {
        /// The trip.
        trip: TripId,
        /// When to look again.
        due_at: Timestamp,
    },
    /// A human owns it now; the search goes on.
    Escalate {
        /// The trip.
        trip: TripId,
        /// When to look again.
        due_at: Timestamp,
    },
}

/// What became of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// On the record.
    Done,
    /// The trip or a staff member was no longer free: nothing was changed, look again.
    LostRace,
}
