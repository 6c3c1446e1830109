//! Owns the shapes that go into and come out of the record. Not serialisable: each audience has its own in `view`.

use geo::{Fix, Position};
use matcher::model::{
    AccountId, AgencyId, BookingId, BookingKind, Commute, CrewSize, Gender, IncidentId, Mode, Offer, OfferId,
    OfferState, Phase, RiskGrade, SeriesId, Shift, Staff, StaffKind, Timestamp, Trip, TripId, TripLength,
};
use matcher::policy::DutyRun;
use std::path::PathBuf;
use uuid::Uuid;

/// What a login may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The protected person.
    Rider,
    /// Guard or supporter.
    Staff,
    /// Watches the map and the work list.
    Supervisor,
    /// Sets up agencies and people.
    Admin,
}

/// A company or a centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    /// Its id.
    pub id: AgencyId,
    /// Its public name.
    pub name: String,
    /// The city's centre sees all agencies.
    pub is_centre: bool,
}

/// A circle that a rider must not be led into.
#[derive(Clone, Debug, PartialEq)]
pub struct AvoidZone {
    /// Its id.
    pub id: Uuid,
    /// Its middle.
    pub center: Position,
    /// Metres, 10 to 5,000.
    pub radius_m: u16,
    /// Since when.
    pub created_at: Timestamp,
}

/// A login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The login.
    pub id: AccountId,
    /// What it may do.
    pub role: Role,
    /// Employer; `None` for riders and admins.
    pub agency: Option<AgencyId>,
    /// Whether that agency is the centre.
    pub sees_all_agencies: bool,
    /// Shown to the account itself and, for staff, to their rider and supervisors.
    pub display: String,
    /// Unit number, staff only.
    pub no: Option<u32>,
}

/// A signed-in token's owner. `token` names the token's row, not the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Row of the token.
    pub token: i64,
    /// Whose it is.
    pub account: Account,
    /// Until when, unless it is renewed.
    pub expires_at: Timestamp,
    /// Until when at most, however often it is renewed.
    pub ends_at: Timestamp,
}

/// Who sets up agencies and people, as the audit names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A login.
    Account(AccountId),
    /// Whoever has a shell on the machine that holds the record; the machine knows no more of them.
    Shell,
    /// The server itself, for a demonstration.
    Demo,
}

impl Actor {
    /// The login, if it is one.
    pub const fn account(self) -> Option<AccountId> {
        match self {
            Self::Account(id) => Some(id),
            Self::Shell | Self::Demo => None,
        }
    }

    /// The audit's word for one without a login.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account(_) => "",
            Self::Shell => "shell",
            Self::Demo => "demo",
        }
    }
}

/// A new staff member.
#[derive(Clone, Debug)]
pub struct NewStaff {
    /// Employer.
    pub agency: AgencyId,
    /// Display name.
    pub name: String,
    /// Guard or supporter.
    pub kind: StaffKind,
    /// If stated.
    pub gender: Option<Gender>,
    /// Certificates valid until.
    pub certified_until: Timestamp,
}

/// A new rider with the grant.
#[derive(Clone, Debug)]
pub struct NewRider {
    /// Display name, shown to the rider only.
    pub name: String,
    /// Agencies consented to; empty is any.
    pub agencies: Vec<AgencyId>,
    /// Hard rule, if asked for.
    pub gender: Option<Gender>,
    /// Risk grade.
    pub risk: RiskGrade,
    /// Crew size.
    pub crew_size: CrewSize,
}

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

/// One crew slot of a trip, with whoever holds it.
#[derive(Clone, Debug)]
pub struct Member {
    /// The offer that led here.
    pub offer: Offer,
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

/// A trip that wants the engine's attention now.
#[derive(Clone)]
pub struct DueTrip {
    /// The trip with its open slots' holders; as long as by car where one who has accepted comes so.
    pub row: TripRow,
    /// Counts crews tried, from 0 before the first.
    pub attempt: u32,
    /// When the first slot of the present crew fell open, while others are kept.
    pub vacant_since: Option<Timestamp>,
    /// Staff who declined this trip, dropped out of it or were released from it, and are asked again by hand only; and those
    /// who let an offer of it expire within the last `SILENT_S`.
    pub declined: Vec<AccountId>,
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

/// Why a person's command was refused. A value, not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such thing, or not yours.
    #[error("not found")]
    NotFound,
    /// The trip is in the hands of other agencies.
    #[error("the trip is another agency's")]
    NotConcerned,
    /// The trip is not in a phase that allows it.
    #[error("the trip is {}", .0.word())]
    WrongPhase(Phase),
    /// The commute has been ended.
    #[error("the commute has ended")]
    SeriesEnded,
    /// The answer came after the offer's time.
    #[error("the offer has expired")]
    OfferExpired,
    /// The trip is for a time so far ahead that nobody is kept for it yet.
    #[error("too early to assign a crew")]
    TooEarlyToAssign,
    /// The member need not leave for long.
    #[error("too early to set out")]
    TooEarlyToSetOut,
    /// The offer was taken back.
    #[error("the offer is closed")]
    OfferClosed,
    /// The other answer was given before.
    #[error("the offer was already answered")]
    AlreadyAnswered,
    /// A staff member holds another trip.
    #[error("a staff member is on another trip")]
    StaffBusy,
    /// A staff member has no shift now.
    #[error("a staff member is not on shift")]
    NotOnShift,
    /// No staff account of that id.
    #[error("no such staff member")]
    UnknownStaff,
    /// Not as many as the crew needs.
    #[error("the crew size does not match")]
    CrewSizeMismatch,
    /// The rider has as many commutes or open trips as one can have.
    #[error("too many bookings")]
    TooManyBookings,
    /// The return leg of a commute would begin before the outward one is over.
    #[error("the legs overlap")]
    LegsOverlap,
    /// The rider has as many avoid zones as one can have.
    #[error("too many avoid zones")]
    TooManyZones,
    /// As many conditions are on the record as there can be.
    #[error("too many conditions")]
    TooManyConditions,
    /// Fewer staff than the rider's grant says.
    #[error("the crew is smaller than the grant says")]
    CrewBelowGrant,
    /// The rider has this trip at that time; `None` is a leg of a commute without a trip yet.
    #[error("the rider has another trip at that time")]
    TripOverlaps(Option<TripId>),
    /// The idempotency key was used for another booking.
    #[error("the idempotency key was used for another booking")]
    KeyReused,
}

/// The record could not do it. Never shows a value that is on the record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The database refused or could not be reached.
    #[error("the record is not available")]
    Sql(#[from] sqlx::Error),
    /// A newer server has opened the directory: this one may write nothing any more.
    #[error("a newer server has taken over the record")]
    Fenced,
    /// A row holds what this version cannot read; the column is named, never its value.
    #[error("the record holds an unreadable {0}")]
    Unreadable(&'static str),
    /// A file beside the database could not be made.
    #[error("cannot write the file: {0}")]
    Io(#[from] std::io::Error),
}

/// A command's outcome: done, refused with a reason, or the record is unavailable.
pub type Outcome<T> = Result<Result<T, Refusal>, RecordError>;

/// Why the record did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another `serve` has it.
    #[error("another server is using this data directory")]
    Locked,
    /// File system.
    #[error("cannot use the data directory: {0}")]
    Io(#[from] std::io::Error),
    /// No record where one must be.
    #[error("there is no record in {}", .0.display())]
    NoRecord(PathBuf),
    /// Only `serve` brings a record up to date.
    #[error(
        "the record is of schema {found} and this version needs {newest}: start its `serve` once, which brings it up to date"
    )]
    Older {
        /// The record's.
        found: i64,
        /// The newest known here.
        newest: i64,
    },
    /// There is the copy that was to become the record, and no record.
    #[error("a restore was cut off: there is {} and no record; run `restore` again", .0.display())]
    CutOff(PathBuf),
    /// The database.
    #[error("cannot open the record: {0}")]
    Sql(#[from] sqlx::Error),
    /// A migration failed or the file is from a newer version.
    #[error("cannot migrate the record: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

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

/// An offer with what its phone may see.
#[derive(Clone, Debug)]
pub struct OfferRow {
    /// The offer.
    pub offer: Offer,
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

/// A staff member with what is known of them now.
#[derive(Clone, Debug)]
pub struct RosterEntry {
    /// Who.
    pub staff: Staff,
    /// Display name.
    pub display: String,
    /// The running shift.
    pub shift: Option<Shift>,
    /// The trip they hold a slot of, and their own phase in it (`Offered` until assigned).
    pub duty: Option<(TripId, Phase)>,
    /// Set while they are with their rider, and nobody called for help on that trip.
    pub under_way: Option<UnderWay>,
    /// The trip they hold a slot of for when that one has ended.
    pub next: Option<TripId>,
    /// Their duties without a rest.
    pub run: Option<DutyRun>,
}

/// A trip whose rider is with the crew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnderWay {
    /// Where they met.
    pub pickup: Position,
    /// Where it ends.
    pub dropoff: Position,
    /// One of the crew has come by car.
    pub has_car: bool,
}

/// A token or account that lost its rights.
#[derive(Clone, Copy, Debug)]
pub struct Revocation {
    /// Position in the list; the hub's tail.
    pub id: i64,
    /// All tokens of this account, if `token` is `None`.
    pub account: AccountId,
    /// This token only.
    pub token: Option<i64>,
}

/// Travel mode and length of a shift to begin.
#[derive(Clone, Copy, Debug)]
pub struct NewShift {
    /// How they travel.
    pub mode: Mode,
    /// Hours, 1..=10.
    pub hours: u8,
}

/// Accounts made for a demonstration or load test, with their tokens.
#[derive(Clone)]
pub struct Enrolled {
    /// Their agency.
    pub agency: AgencyId,
    /// Staff and their tokens.
    pub staff: Vec<(Account, String)>,
    /// Riders and their tokens.
    pub riders: Vec<(Account, String)>,
    /// Supervisors and their tokens.
    pub supervisors: Vec<(Account, String)>,
}
