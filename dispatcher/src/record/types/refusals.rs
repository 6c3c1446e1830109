//! Owns every way in which the record says no: refusals of a command, which are values, and errors of the record itself.

use matcher::model::{Phase, TripId};
use std::path::PathBuf;

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
