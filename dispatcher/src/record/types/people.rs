//! Owns the shapes of people and their ways in: logins, agencies, who is signed in, and what is stated when somebody is set up.

use geo::Position;
use matcher::model::{AccountId, AgencyId, CrewSize, Gender, RiskGrade, StaffKind, Timestamp};
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
