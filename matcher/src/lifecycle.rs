//! Owns the phases of a trip: the only place that says which may follow which. The whole table is data, and is printed in
//! `docs/POLICY.md`. Decides nothing about who goes.
//!
//! En route and arrived are kept per crew member; the trip shows the slowest, see [`slowest`].

use crate::model::Phase;
use std::fmt::{self, Write as _};

/// What can happen to a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// For a later time: nobody need be asked yet. So it is when it is asked, and again when its crew is lost long before.
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

impl Event {
    /// All events, in the order of a trip's life.
    pub const ALL: [Self; 14] = [
        Self::Reserve,
        Self::GoLive,
        Self::Offer,
        Self::Refill,
        Self::Assign,
        Self::Depart,
        Self::Arrive,
        Self::Meet,
        Self::Start,
        Self::Complete,
        Self::DropOut,
        Self::Cancel,
        Self::NoShow,
        Self::GiveUp,
    ];

    /// The word used in docs, errors and the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::GoLive => "go_live",
            Self::Offer => "offer",
            Self::Refill => "refill",
            Self::Assign => "assign",
            Self::Depart => "depart",
            Self::Arrive => "arrive",
            Self::Meet => "meet",
            Self::Start => "start",
            Self::Complete => "complete",
            Self::DropOut => "drop_out",
            Self::Cancel => "cancel",
            Self::NoShow => "no_show",
            Self::GiveUp => "give_up",
        }
    }
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
    // Asked by hand hours ahead and not answered, or a drop-out hours ahead: a search now would only call a human too early.
    t(Phase::Matching, Event::Reserve, Phase::Reserved),
    t(Phase::Offered, Event::Refill, Phase::Matching),
    t(Phase::Offered, Event::Assign, Phase::Assigned),
    t(Phase::Assigned, Event::Depart, Phase::EnRoute),
    t(Phase::EnRoute, Event::Arrive, Phase::Arrived),
    t(Phase::Arrived, Event::Meet, Phase::Met),
    t(Phase::Met, Event::Start, Phase::Escorting),
    t(Phase::Escorting, Event::Complete, Phase::Completed),
    t(Phase::Assigned, Event::DropOut, Phase::Matching),
    t(Phase::EnRoute, Event::DropOut, Phase::Matching),
    // Somebody can fall ill or be called away at the meeting point too; the rider has not met them yet, so a full crew is found
    // rather than a pair let go alone. After meeting it is a hand-over, not a search.
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
        write!(f, "a trip that is {} cannot take {}", self.from.word(), self.on.word())
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

/// The phases kept per crew member, from assigned to the meeting point. From meeting on the crew is one.
pub const MEMBER_PHASES: [Phase; 3] = [Phase::Assigned, Phase::EnRoute, Phase::Arrived];

/// Whether one member may go from one phase to another by their own tap: forward only, and `arrived` may come without
/// `en_route`, for somebody who is standing there already or whose tap was lost underground.
pub fn member_may_go(from: Phase, to: Phase) -> bool {
    MEMBER_PHASES.contains(&from) && MEMBER_PHASES.contains(&to) && from < to
}

/// The event that brings a trip one step nearer to its slowest member; `None` when it is there. Ask again after taking it: the
/// slowest may be two steps on.
pub fn towards_slowest(trip: Phase, members: impl IntoIterator<Item = Phase>) -> Option<Event> {
    let slowest = slowest(members)?;
    match trip {
        Phase::Assigned if slowest > trip => Some(Event::Depart),
        Phase::EnRoute if slowest > trip => Some(Event::Arrive),
        _ => None,
    }
}

/// The table as a Markdown table: one row per phase, events with where they lead.
pub fn markdown() -> String {
    let mut text = String::from("| phase | on → next |\n|---|---|\n");
    for phase in Phase::ALL {
        let steps: Vec<String> =
            TABLE.iter().filter(|t| t.from == phase).map(|t| format!("{} → `{}`", t.on.word(), t.to.word())).collect();
        let steps = if steps.is_empty() { String::from("(end)") } else { steps.join(", ") };
        writeln!(text, "| `{}` | {steps} |", phase.word()).expect("a string takes all text");
    }
    text
}
