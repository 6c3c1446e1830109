//! Owns the identifiers: one type for each thing, so that a trip cannot be passed where a booking is meant.
//! Rider, staff, supervisor and admin are accounts; their id is the account's.

use std::fmt;
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

id! {
    /// A login: rider, staff, supervisor or admin.
    AccountId,
    /// A company or a centre.
    AgencyId,
    /// What was asked, once or as a series.
    BookingId,
    /// A weekday commute.
    SeriesId,
    /// One dated journey.
    TripId,
    /// A time-limited proposal of one slot of a trip to one staff member; also names the hold behind it.
    OfferId,
    /// An SOS and its kin.
    IncidentId,
}
