//! Owns accounts, shifts and staff rows on the wire.

use super::time::instant;
use crate::engine::watch::ages::Age;
use crate::live::Verdict;
use crate::record::{Agency, Role, RosterEntry};
use matcher::model::{Phase, Shift, StaffKind, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The word of a role.
pub const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Rider => "rider",
        Role::Staff => "staff",
        Role::Supervisor => "supervisor",
        Role::Admin => "admin",
    }
}

/// A working time.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Shift)]
pub struct ShiftView {
    /// From.
    pub starts_at: String,
    /// Until.
    pub ends_at: String,
    /// `walk`, `drive`, `transit` or `cycle`.
    pub mode: &'static str,
}

impl ShiftView {
    /// Of a shift.
    pub fn of(shift: &Shift) -> Self {
        Self { starts_at: instant(shift.starts_at), ends_at: instant(shift.ends_at), mode: shift.mode.word() }
    }
}

/// An agency as its people see it.
#[derive(Clone, Serialize, ToSchema)]
pub struct AgencyRef {
    /// Its id.
    pub id: Uuid,
    /// Its public name.
    pub name: String,
    /// `company` or `centre`.
    pub kind: &'static str,
}

impl AgencyRef {
    /// Of an agency.
    pub fn of(agency: &Agency) -> Self {
        Self { id: agency.id.0, name: agency.name.clone(), kind: if agency.is_centre { "centre" } else { "company" } }
    }
}

/// Who is signed in.
#[derive(Clone, Serialize, ToSchema)]
pub struct Me {
    /// `rider`, `staff`, `supervisor` or `admin`.
    pub role: &'static str,
    /// The login.
    pub account: Uuid,
    /// Display name.
    pub display: String,
    /// Employer.
    pub agency: Option<AgencyRef>,
    /// Unit number.
    pub no: Option<u32>,
    /// Running shift.
    pub shift: Option<ShiftView>,
    /// Whether this server is a demonstration.
    pub demo: bool,
    /// The own call for help of the last hour.
    pub call: Option<OwnCall>,
}

/// What became of a call for help, for whoever made it.
#[derive(Clone, Serialize, ToSchema)]
pub struct OwnCall {
    /// Its incident.
    pub incident: Uuid,
    /// Whether a person has taken it.
    pub taken: bool,
}

/// What a staff member is doing; the number is the map feed's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Duty {
    /// Free.
    Available = 0,
    /// An offer is on the phone.
    Offered = 1,
    /// Of a crew.
    Assigned = 2,
    /// On the way.
    EnRoute = 3,
    /// At the meeting point.
    Arrived = 4,
    /// With the rider.
    Escorting = 5,
    /// Not working.
    OffShift = 6,
}

impl Duty {
    /// Of a roster entry.
    pub fn of(entry: &RosterEntry, now: Timestamp) -> Self {
        match entry.duty {
            Some((_, Phase::EnRoute)) => Self::EnRoute,
            Some((_, Phase::Arrived)) => Self::Arrived,
            Some((_, Phase::Met | Phase::Escorting)) => Self::Escorting,
            Some((_, Phase::Assigned)) => Self::Assigned,
            Some(_) => Self::Offered,
            None if entry.shift.is_some_and(|s| s.starts_at <= now && now < s.ends_at) => Self::Available,
            None => Self::OffShift,
        }
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Offered => "offered",
            Self::Assigned => "assigned",
            Self::EnRoute => "en_route",
            Self::Arrived => "arrived",
            Self::Escorting => "escorting",
            Self::OffShift => "off_shift",
        }
    }
}

/// A staff member as a supervisor sees them.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct StaffRow {
    /// The login.
    pub id: Uuid,
    /// Unit number.
    pub no: u32,
    /// Display name.
    pub display: String,
    /// Employer.
    pub agency: Uuid,
    /// `guard` or `supporter`.
    pub kind: &'static str,
    /// `walk`, `drive`, `transit` or `cycle` on this shift.
    pub mode: Option<&'static str>,
    /// What they are doing.
    pub state: &'static str,
    /// The trip they hold a slot of.
    pub trip: Option<Uuid>,
    /// Why the newest fix of their phone is not where they are now, so that the marker stands still or is hollow: `late` or `old` while
    /// nothing fresh is believed, `jump`, `future`, `too_old`, `inaccurate` or `outside_area`.
    pub verdict: Option<&'static str>,
    /// At work, and nobody knows where: the last position is older than 60 s, or there was none. Nobody asks them until they are heard.
    pub silent: bool,
}

impl StaffRow {
    /// Of a roster entry, why the newest fix was not believed, and how good the last one is by its age.
    pub fn of(entry: &RosterEntry, refused: Option<Verdict>, age: Age, now: Timestamp) -> Self {
        let duty = Duty::of(entry, now);
        Self {
            id: entry.staff.id.0,
            no: entry.staff.no,
            display: entry.display.clone(),
            agency: entry.staff.agency.0,
            kind: match entry.staff.kind {
                StaffKind::Guard => "guard",
                StaffKind::Supporter => "supporter",
            },
            mode: entry.shift.map(|s| s.mode.word()),
            state: duty.word(),
            trip: entry.duty.map(|(trip, _)| trip.0),
            verdict: refused.map(Verdict::word),
            silent: duty != Duty::OffShift && !matches!(age, Age::Fresh | Age::Hollow),
        }
    }

    /// Of somebody who is of the staff no more.
    #[must_use]
    pub fn off_shift(&self) -> Self {
        Self { mode: None, state: Duty::OffShift.word(), trip: None, verdict: None, silent: false, ..self.clone() }
    }
}
