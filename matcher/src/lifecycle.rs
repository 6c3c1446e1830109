//! Owns the phases of a trip: the only place that says which may follow which. The whole table is data, and is printed in
//! `docs/POLICY.md`. Decides nothing about who goes.
//!
//! En route and arrived are kept per crew member; the trip shows the slowest, see [`slowest`].

use crate::model::Phase;
use std::fmt;

/// What can happen to a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Asked for a later time.
    Reserve,
    /// The search for a crew begins.
    GoLive,
    /// Every open slot is held and its offer is out.
    Offer,
    /// The crew cannot be filled from these offers.
    Refill,
    /// The last member accepted.
    Assign,
    /// The slowest member has set out.
    Depart,
    /// The slowest member is at the meeting point.
    Arrive,
    /// Rider and crew have met.
    Meet,
    /// Under way together.
    Start,
    /// At the drop-off, or ended there by the crew.
    Complete,
    /// A member dropped out or was released: a crew is needed again.
    DropOut,
    /// Cancelled by a named person.
    Cancel,
    /// The rider is missing.
    NoShow,
    /// A named human said nobody can go.
    GiveUp,
}

/// One allowed step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// In this phase,
    pub from: Phase,
    /// on this event,
    pub on: Event,
    /// the trip goes here.
    pub to: Phase,
}

const fn t(from: Phase, on: Event, to: Phase) -> Transition {
    Transition { from, on, to }
}

/// Every allowed step. What is not here is refused.
pub const TABLE: &[Transition] = &[
    t(Phase::Requested, Event::Reserve, Phase::Reserved),
    t(Phase::Requested, Event::GoLive, Phase::Matching),
    t(Phase::Reserved, Event::GoLive, Phase::Matching),
    t(Phase::Matching, Event::Offer, Phase::Offered),
    t(Phase::Offered, Event::Refill, Phase::Matching),
    t(Phase::Offered, Event::Assign, Phase::Assigned),
    t(Phase::Assigned, Event::Depart, Phase::EnRoute),
    t(Phase::EnRoute, Event::Arrive, Phase::Arrived),
    t(Phase::Arrived, Event::Meet, Phase::Met),
    t(Phase::Met, Event::Start, Phase::Escorting),
    t(Phase::Escorting, Event::Complete, Phase::Completed),
    t(Phase::Assigned, Event::DropOut, Phase::Matching),
    t(Phase::EnRoute, Event::DropOut, Phase::Matching),
    t(Phase::Arrived, Event::DropOut, Phase::Matching),
    t(Phase::Requested, Event::Cancel, Phase::Cancelled),
    t(Phase::Reserved, Event::Cancel, Phase::Cancelled),
    t(Phase::Matching, Event::Cancel, Phase::Cancelled),
    t(Phase::Offered, Event::Cancel, Phase::Cancelled),
    t(Phase::Assigned, Event::Cancel, Phase::Cancelled),
    t(Phase::EnRoute, Event::Cancel, Phase::Cancelled),
    t(Phase::Arrived, Event::Cancel, Phase::Cancelled),
    t(Phase::Met, Event::Cancel, Phase::Cancelled),
    t(Phase::Escorting, Event::Cancel, Phase::Cancelled),
    t(Phase::Arrived, Event::NoShow, Phase::NoShow),
    t(Phase::Requested, Event::GiveUp, Phase::Unserved),
    t(Phase::Reserved, Event::GiveUp, Phase::Unserved),
    t(Phase::Matching, Event::GiveUp, Phase::Unserved),
    t(Phase::Offered, Event::GiveUp, Phase::Unserved),
];

/// The step was not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where the trip is.
    pub from: Phase,
    /// What was tried.
    pub on: Event,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a trip that is {} cannot {:?}", self.from.word(), self.on)
    }
}

impl std::error::Error for Refused {}

/// The phase that follows, or why not.
pub fn next(from: Phase, on: Event) -> Result<Phase, Refused> {
    TABLE.iter().find(|t| t.from == from && t.on == on).map(|t| t.to).ok_or(Refused { from, on })
}

/// The phase a trip shows when its members are in these: the slowest one's.
///
/// `None` for an empty crew.
pub fn slowest(members: impl IntoIterator<Item = Phase>) -> Option<Phase> {
    members.into_iter().min()
}
