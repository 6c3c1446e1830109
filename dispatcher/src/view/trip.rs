//! Owns the trip as its rider, its crew and a supervisor see it. Places appear late, to few, and are taken back: that is
//! decided here, field by field, from the phase.

use super::eta::EtaView;
use super::offer::{Area, area_of};
use super::place::PlaceView;
use super::time::instant;
use super::watch::{WatchSign, is_in_a_zone, signs_for};
use crate::engine::watch::trips::Flag;
use crate::record::{Member, TripRow};
use matcher::model::{AccountId, AgencyId, OfferState, Phase, Timestamp};
use matcher::schedule::may_set_out_from;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

/// What every viewer of a trip sees.
#[derive(Clone, Serialize, ToSchema)]
pub struct TripHead {
    /// The trip.
    pub id: Uuid,
    /// The booking it came from.
    pub booking: Uuid,
    /// `single`, `outward` or `return`.
    pub leg: &'static str,
    /// Where it is in its life.
    pub phase: &'static str,
    /// How many staff.
    pub crew_size: u8,
    /// When it was asked.
    pub requested_at: String,
    /// When the crew should be there; null is now.
    pub pickup_at: Option<String>,
    /// Since when a crew has been waited for; null before the search for a later time begins.
    pub waits_since: Option<String>,
    /// A human owns it.
    pub escalated: bool,
    /// Expected seconds from meeting to drop-off, with this crew; before there is one, with whichever takes longer.
    pub trip_s: u32,
    /// Last change.
    pub updated_at: String,
    /// Global change counter at the last change.
    pub change_no: i64,
}

impl TripHead {
    fn of(row: &TripRow) -> Self {
        let trip = &row.trip;
        Self {
            id: trip.id.0,
            booking: trip.booking.0,
            leg: trip.leg.word(),
            phase: trip.phase.word(),
            crew_size: trip.crew_size.get(),
            requested_at: instant(trip.requested_at),
            pickup_at: trip.pickup_at.map(instant),
            waits_since: row.waits_since().map(instant),
            escalated: trip.escalated_at.is_some(),
            trip_s: row.trip_s(),
            updated_at: instant(row.updated_at),
            change_no: row.change_no,
        }
    }
}

/// A crew member as shown.
#[derive(Clone, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of its own on the wire")]
pub struct CrewMember {
    /// Unit number.
    pub no: u32,
    /// Display name; absent for another agency's staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// The member's own phase.
    pub phase: &'static str,
    /// How soon at the meeting point.
    #[serde(flatten)]
    pub eta: EtaView,
    /// Whether it is the viewer.
    pub you: bool,
    /// Only if true: finishes another escort before setting out for this one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub finishing: bool,
    /// Only if true: that escort took longer than was thought, and the time is later than was first said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub later: bool,
    /// Supervisors of the member's agency and the centre: the trip that the member comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Uuid>,
    /// Likewise: the trip that the member goes on to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Uuid>,
    /// Supervisors only: `open` or `accepted` while the offer is out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_state: Option<&'static str>,
    /// The centre only, and only if true: may not be in this crew, and is until somebody acts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub barred: bool,
}

/// A trip as its rider sees it.
#[derive(Clone, Serialize, ToSchema)]
pub struct RiderTrip {
    /// Common part.
    #[serde(flatten)]
    pub head: TripHead,
    /// The rider's own place; absent after the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pickup: Option<PlaceView>,
    /// The rider's own place; absent after the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropoff: Option<PlaceView>,
    /// Only if true: the crew that had accepted would have come too late, and another is looked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub crew_was_late: bool,
    /// Who comes; empty before the whole crew has accepted and after the end.
    pub crew: Vec<CrewMember>,
    /// What the rider says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// What the crew must say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_word: Option<String>,
}

/// From when on a member may set out.
#[derive(Clone, Serialize, ToSchema)]
pub struct SetOut {
    /// The time of day.
    pub from: String,
    /// Seconds until then at sending, so that a phone whose clock is wrong counts right.
    pub in_s: u32,
}

/// A trip as a member of its crew sees it.
#[derive(Clone, Serialize, ToSchema)]
pub struct CrewTrip {
    /// Common part.
    #[serde(flatten)]
    pub head: TripHead,
    /// The meeting point.
    pub pickup: PlaceView,
    /// Where it goes; from `met` on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropoff: Option<PlaceView>,
    /// Only if true: a member is in one of the rider's avoid zones, or beside one; from `met` on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_zone: bool,
    /// Only while it is too early for the viewer to set out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_out: Option<SetOut>,
    /// The whole crew.
    pub crew: Vec<CrewMember>,
    /// What the crew says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// What the rider must say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_word: Option<String>,
}

/// A trip as a supervisor sees it: everything but the words, and places only roughly. The exact ones are asked for one by one,
/// and each look is on the audit chain (`http::reveal`).
#[derive(Clone, Serialize, ToSchema)]
pub struct SupervisorTrip {
    /// Common part.
    #[serde(flatten)]
    pub head: TripHead,
    /// Roughly where it begins; absent after the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<Area>,
    /// Roughly where it goes; absent after the end, and for an agency none of whose staff are the crew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropoff_area: Option<Area>,
    /// Members and open offers.
    pub crew: Vec<CrewMember>,
    /// Short reference to the rider, never a name.
    pub rider_ref: String,
    /// Whether the viewer may decide over it.
    pub concerned: bool,
    /// What the trip watch sees, what needs somebody first; absent if nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub watch: Vec<WatchSign>,
}

/// A trip for whoever asked.
#[derive(Clone, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Trip)]
pub enum TripFor {
    /// Its rider.
    Rider(RiderTrip),
    /// One of its crew.
    Crew(CrewTrip),
    /// A supervisor.
    Supervisor(SupervisorTrip),
}

/// From when to when the crew is a crew: all have accepted, and the trip has not ended.
pub const fn is_crewed(phase: Phase) -> bool {
    matches!(phase, Phase::Assigned | Phase::EnRoute | Phase::Arrived | Phase::Met | Phase::Escorting)
}

/// Whether a member in this phase is on the way to the meeting point, or will be.
pub const fn is_coming(phase: Phase) -> bool {
    matches!(phase, Phase::Assigned | Phase::EnRoute)
}

/// The trip for its rider. `eta` tells how soon a member is there.
pub fn trip_for_rider(row: &TripRow, eta: impl Fn(&Member) -> EtaView) -> RiderTrip {
    let crewed = is_crewed(row.trip.phase);
    let open = !row.trip.phase.is_end();
    RiderTrip {
        head: TripHead::of(row),
        pickup: open.then(|| PlaceView::of(row.trip.pickup, row.pickup_label.as_deref())),
        dropoff: open.then(|| PlaceView::of(row.trip.dropoff, row.dropoff_label.as_deref())),
        crew_was_late: row.crew_was_late,
        crew: if crewed { row.crew.iter().map(|m| shown(m, None, &eta)).collect() } else { Vec::new() },
        word: row.rider_word.clone().filter(|_| crewed),
        partner_word: row.crew_word.clone().filter(|_| crewed),
    }
}

/// The trip for a member of its crew; `None` unless `viewer` holds a slot of a crewed trip and is on it.
pub fn trip_for_crew(
    row: &TripRow,
    viewer: AccountId,
    flags: &[Flag],
    now: Timestamp,
    eta: impl Fn(&Member) -> EtaView,
) -> Option<CrewTrip> {
    let own = crew_member(row, viewer)?;
    Some(CrewTrip {
        head: TripHead::of(row),
        pickup: PlaceView::of(row.trip.pickup, row.pickup_label.as_deref()),
        dropoff: (row.trip.phase >= Phase::Met).then(|| PlaceView::of(row.trip.dropoff, row.dropoff_label.as_deref())),
        in_zone: is_in_a_zone(row, flags),
        set_out: set_out(row.trip.pickup_at, own, now),
        crew: row.crew.iter().map(|m| shown(m, Some(viewer), &eta)).collect(),
        word: row.crew_word.clone(),
        partner_word: row.rider_word.clone(),
    })
}

/// The viewer as a member of a crewed trip; not while it only follows their present one.
pub fn crew_member(row: &TripRow, viewer: AccountId) -> Option<&Member> {
    let own = row.crew.iter().find(|m| m.offer.staff == viewer && is_crewed(m.phase) && m.after.is_none());
    own.filter(|_| is_crewed(row.trip.phase))
}

/// Whether the rider is with the crew, which is then told where it goes.
pub fn is_together(phase: Phase) -> bool {
    matches!(phase, Phase::Met | Phase::Escorting)
}

fn set_out(pickup_at: Option<Timestamp>, own: &Member, now: Timestamp) -> Option<SetOut> {
    let from = may_set_out_from(pickup_at?, own.offer.eta_s);
    let too_early = own.phase == Phase::Assigned && now < from;
    too_early.then(|| SetOut { from: instant(from), in_s: ((from.since_ms(now) + 999) / 1_000) as u32 })
}

/// The trip for a supervisor of `agency`; `None` as agency is the centre, which sees every display name.
pub fn trip_for_supervisor(
    row: &TripRow,
    agency: Option<AgencyId>,
    flags: &[Flag],
    eta: impl Fn(&Member) -> EtaView,
) -> SupervisorTrip {
    let open = !row.trip.phase.is_end();
    let crew = row.crew.iter().map(|m| {
        let mut member = shown(m, None, &eta);
        // Whom a rider is tied to is the centre's to know; a company is only told that its crew may not go on (`incident`).
        member.barred = m.barred && agency.is_none();
        if m.phase == Phase::Offered {
            member.offer_state = Some(if m.offer.state == OfferState::Accepted { "accepted" } else { "open" });
        }
        if agency.is_some_and(|own| own != m.agency) {
            member.display = None;
        } else {
            (member.after, member.next) = (m.after.map(|t| t.0), m.next.map(|t| t.0));
        }
        member
    });
    let told = open && agency.is_none_or(|agency| has_crew_of(row, agency));
    SupervisorTrip {
        head: TripHead::of(row),
        area: open.then(|| area_of(row.trip.pickup)),
        dropoff_area: told.then(|| area_of(row.trip.dropoff)),
        crew: crew.collect(),
        rider_ref: rider_ref(row.trip.rider),
        concerned: agency.is_none_or(|agency| row.is_in_hands_of(agency)),
        watch: signs_for(row.trip.phase, flags, agency),
    }
}

/// Whether staff of this agency are the crew, or part of it: an offer does not count.
pub fn has_crew_of(row: &TripRow, agency: AgencyId) -> bool {
    is_crewed(row.trip.phase) && row.crew.iter().any(|m| m.agency == agency && is_crewed(m.phase))
}

/// Whether supervisors of this agency see the trip: their staff are on it, or could be.
pub fn is_of_agency(row: &TripRow, agency: AgencyId) -> bool {
    let consented = row.trip.rules.agencies.is_empty() || row.trip.rules.agencies.contains(&agency);
    consented || row.crew.iter().any(|m| m.agency == agency)
}

fn shown(member: &Member, viewer: Option<AccountId>, eta: &impl Fn(&Member) -> EtaView) -> CrewMember {
    CrewMember {
        no: member.no,
        display: Some(member.display.clone()),
        phase: member.phase.word(),
        eta: eta(member),
        you: viewer == Some(member.offer.staff),
        finishing: member.after.is_some() && is_crewed(member.phase),
        later: member.later && is_coming(member.phase),
        after: None,
        next: None,
        offer_state: None,
        barred: false,
    }
}

/// The same rider has the same reference, and nothing leads back from it.
fn rider_ref(rider: AccountId) -> String {
    let hash = Sha256::digest(rider.0.as_bytes());
    format!("R-{:02X}{:02X}{:02X}", hash[0], hash[1], hash[2])
}
