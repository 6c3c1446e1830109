//! Owns the shapes of a trip with its crew, as views choose from it, and of who decides over it by hand.

use super::Sure;
use geo::Position;
use matcher::model::{AccountId, AgencyId, CrewSize, Offer, OfferState, Phase, Timestamp, Trip, TripId};

/// One crew slot of a trip, with whoever holds it.
#[derive(Clone, Debug)]
pub struct Member {
    /// The offer that led here.
    pub offer: Offer,
    /// How sure its time is.
    pub sure: Sure,
    /// Display name and unit number.
    pub display: String,
    /// Unit number.
    pub no: u32,
    /// Employer.
    pub agency: AgencyId,
    /// Suspended, or tied to the rider: may not be in this crew, and is until somebody acts.
    pub barred: bool,
    /// `Offered` while the offer is open or only this member accepted; then this member's own phase.
    pub phase: Phase,
    /// The trip this member is still on and comes from: a next duty. `None` once this is their present trip.
    pub after: Option<TripId>,
    /// The trip whose crew this member belongs to when this one has ended.
    pub next: Option<TripId>,
    /// Comes by car.
    pub has_car: bool,
    /// Says a later time than when the crew became one: the trip before has run late.
    pub later: bool,
}

/// A trip with everything a view may choose from.
#[derive(Clone)]
pub struct TripRow {
    /// The trip.
    pub trip: Trip,
    /// Words for the places.
    pub pickup_label: Option<String>,
    /// Words for the places.
    pub dropoff_label: Option<String>,
    /// Who holds a slot now (held, accepted or active), by slot.
    pub crew: Vec<Member>,
    /// What the rider says when they meet; set at assignment.
    pub rider_word: Option<String>,
    /// What the crew says.
    pub crew_word: Option<String>,
    /// When the search began; `None` before.
    pub live_since: Option<Timestamp>,
    /// Searching again because the crew that had accepted would have come too late.
    pub crew_was_late: bool,
    /// Last change.
    pub updated_at: Timestamp,
    /// Global change counter at the last change.
    pub change_no: i64,
}

impl TripRow {
    /// Since when somebody has waited for a crew: since the asking, or where it is for a later time, since its search began.
    /// A server that was away meanwhile takes nothing off it.
    pub fn waits_since(&self) -> Option<Timestamp> {
        if self.trip.pickup_at.is_none() { Some(self.trip.requested_at) } else { self.live_since }
    }

    /// Expected seconds from meeting to drop-off with the crew; before there is one, with whichever takes longer. Whoever was asked or
    /// has accepted may yet be another, and the rider is not to hear of a car before the whole crew has accepted.
    pub fn trip_s(&self) -> u32 {
        let crew = self.crew.iter().filter(|member| member.phase != Phase::Offered);
        self.trip.length.of_known(self.trip.crew_size, crew.map(|member| member.has_car))
    }

    /// Whether this agency may decide over the trip: while anybody holds a slot, the agencies whose staff do; else those the
    /// rider consented to.
    pub fn is_in_hands_of(&self, agency: AgencyId) -> bool {
        if self.crew.is_empty() {
            return self.trip.rules.agencies.is_empty() || self.trip.rules.agencies.contains(&agency);
        }
        self.crew.iter().any(|member| member.agency == agency)
    }
}

/// Who decides over a trip by hand.
#[derive(Clone, Copy, Debug)]
pub struct Hand {
    /// Named by the audit.
    pub by: AccountId,
    /// The agency the hand is walled into; `None` for the centre, and for a rider over the own trip.
    pub agency: Option<AgencyId>,
}

/// An offer with what its phone may see.
#[derive(Clone, Debug)]
pub struct OfferRow {
    /// The offer.
    pub offer: Offer,
    /// How sure its time is.
    pub sure: Sure,
    /// Meeting point, to be coarsened by the view.
    pub pickup: Position,
    /// When, if not now.
    pub pickup_at: Option<Timestamp>,
    /// How long the trip takes with its member, seconds: by car if they come by car, else the longer while nobody knows who comes along.
    pub trip_s: u32,
    /// The present trip of its member, if this would follow it.
    pub after: Option<TripId>,
    /// How many staff.
    pub crew_size: CrewSize,
    /// States of the other members' offers.
    pub partners: Vec<OfferState>,
}
