//! Owns one dated journey as it was asked, and its phase. Only `lifecycle` says how the phase changes.

use super::{AccountId, AgencyId, BookingId, Gender, Leg, Timestamp, TripId};
use geo::Position;
use std::fmt;

/// Where a trip is in its life. One word per state, the same on every screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Asked and on the record.
    Requested,
    /// For a later time; nobody is being asked yet.
    Reserved,
    /// A crew is being looked for.
    Matching,
    /// Offers are open on phones.
    Offered,
    /// Every crew phone has acknowledged by accepting.
    Assigned,
    /// The slowest crew member is on the way.
    EnRoute,
    /// The whole crew is at the meeting point.
    Arrived,
    /// Rider and crew have met.
    Met,
    /// Under way together.
    Escorting,
    /// Done.
    Completed,
    /// Ended by a named person before it was done.
    Cancelled,
    /// The rider was not there: an alarm, never a penalty.
    NoShow,
    /// A named human said nobody can go.
    Unserved,
}

impl Phase {
    /// All phases in the order of a trip's life, ends last.
    pub const ALL: [Self; 13] = [
        Self::Requested,
        Self::Reserved,
        Self::Matching,
        Self::Offered,
        Self::Assigned,
        Self::EnRoute,
        Self::Arrived,
        Self::Met,
        Self::Escorting,
        Self::Completed,
        Self::Cancelled,
        Self::NoShow,
        Self::Unserved,
    ];

    /// The word used on the wire, in the record and in the docs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Reserved => "reserved",
            Self::Matching => "matching",
            Self::Offered => "offered",
            Self::Assigned => "assigned",
            Self::EnRoute => "en_route",
            Self::Arrived => "arrived",
            Self::Met => "met",
            Self::Escorting => "escorting",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::NoShow => "no_show",
            Self::Unserved => "unserved",
        }
    }

    /// The phase of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.word() == word)
    }

    /// Whether nothing more can happen.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::NoShow | Self::Unserved)
    }
}

/// How many staff a trip needs: 1..=4, all or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrewSize(u8);

impl CrewSize {
    /// Two, as the service works.
    pub const PAIR: Self = Self(2);
    /// The largest crew.
    pub const MAX: u8 = 4;

    /// `None` outside 1..=4.
    pub const fn new(n: u8) -> Option<Self> {
        if n >= 1 && n <= Self::MAX { Some(Self(n)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// How grave the danger was judged to be by the case manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskGrade {
    /// Supporters may go.
    Standard,
    /// Guards only.
    High,
}

/// What the rider's grant says of who may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrewRules {
    /// Agencies the rider consented to; empty means any contracted one.
    pub agencies: Vec<AgencyId>,
    /// Hard rule, if the rider asked for it.
    pub gender: Option<Gender>,
    /// Risk grade.
    pub risk: RiskGrade,
    /// Staff who escorted this rider before (the same faces are preferred), sorted.
    pub known: Vec<AccountId>,
}

/// Expected seconds from meeting to drop-off, by what the crew comes with: who comes by car takes everybody along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TripLength {
    /// When one of the crew has come by car.
    pub by_car_s: u32,
    /// When nobody has: on foot, or by subway; by some car where neither serves.
    pub without_s: u32,
}

impl TripLength {
    /// Of a crew as far as it is known, by whether each has come by car: one car is enough for all, and while somebody is missing
    /// nobody knows whether they will have one.
    pub fn of_known(self, crew_size: CrewSize, cars: impl IntoIterator<Item = bool>) -> u32 {
        let cars: Vec<bool> = cars.into_iter().collect();
        if cars.contains(&true) {
            self.by_car_s
        } else if cars.len() < usize::from(crew_size.get()) {
            self.longest_s()
        } else {
            self.without_s
        }
    }

    /// Of a crew that nobody knows yet: the longer, so that nothing is planned into what may still be on its way.
    pub const fn longest_s(self) -> u32 {
        if self.by_car_s > self.without_s { self.by_car_s } else { self.without_s }
    }
}

/// The same whoever comes.
impl From<u32> for TripLength {
    fn from(seconds: u32) -> Self {
        Self { by_car_s: seconds, without_s: seconds }
    }
}

/// One dated journey, pickup to drop-off.
#[derive(Clone, PartialEq)]
pub struct Trip {
    /// The trip.
    pub id: TripId,
    /// The booking it came from.
    pub booking: BookingId,
    /// Whose trip.
    pub rider: AccountId,
    /// Single, outward or return.
    pub leg: Leg,
    /// How many staff.
    pub crew_size: CrewSize,
    /// The meeting point.
    pub pickup: Position,
    /// Where it goes.
    pub dropoff: Position,
    /// When the crew should be at the meeting point; `None` is now.
    pub pickup_at: Option<Timestamp>,
    /// When it was asked.
    pub requested_at: Timestamp,
    /// Since when a human owns it; a flag beside the phase.
    pub escalated_at: Option<Timestamp>,
    /// Where it is in its life.
    pub phase: Phase,
    /// How long from meeting to drop-off.
    pub length: TripLength,
    /// Who may come.
    pub rules: CrewRules,
}

/// Hides the places.
impl fmt::Debug for Trip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trip").field("id", &self.id).field("phase", &self.phase).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "trip_tests.rs"]
mod tests;
