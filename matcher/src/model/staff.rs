//! Owns who escorts: staff, their kind, their shift. Where they are is `geo::Fix` and lives elsewhere.

use super::{AccountId, AgencyId, Timestamp};

/// The two kinds of escort staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StaffKind {
    /// Guard of a contracted security company.
    Guard,
    /// The city's own Safe Companion Supporter.
    Supporter,
}

/// As the person has stated it; used only where a rider asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gender {
    /// Woman.
    Woman,
    /// Man.
    Man,
}

/// How a staff member travels on this shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Mode {
    /// On foot.
    Walk = 0,
    /// By car.
    Drive = 1,
    /// On foot and by subway.
    Transit = 2,
    /// By bicycle; with a rider it is pushed.
    Cycle = 3,
}

impl Mode {
    /// Every mode, each at its own number.
    pub const ALL: [Self; 4] = [Self::Walk, Self::Drive, Self::Transit, Self::Cycle];

    /// Its name on the wire and on the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Walk => "walk",
            Self::Drive => "drive",
            Self::Transit => "transit",
            Self::Cycle => "cycle",
        }
    }
}

/// An escort, as far as matching needs to know them. No name: names are for views.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// The login.
    pub id: AccountId,
    /// Unit number shown on maps and lists; unique.
    pub no: u32,
    /// Employer.
    pub agency: AgencyId,
    /// Guard or supporter.
    pub kind: StaffKind,
    /// If stated.
    pub gender: Option<Gender>,
    /// Last instant at which every certificate is valid.
    pub certified_until: Timestamp,
    /// Riders this person is tied to (conflict wall), sorted.
    pub conflicts: Vec<AccountId>,
}

/// A working time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Who works.
    pub staff: AccountId,
    /// From.
    pub starts_at: Timestamp,
    /// Until; a trip that would pass this is not offered.
    pub ends_at: Timestamp,
    /// How they travel.
    pub mode: Mode,
    /// Seconds already worked in the 24 h before this shift began.
    pub worked_before_s: u32,
}
