//! Owns the expansion of a commute into dated legs, and what makes a commute valid. Knows nothing of trips that already exist:
//! the record drops a (series, date, leg) it has seen.
//!
//! Invariant: the legs of two neighbouring windows together are the legs of both at once, so expanding again after a restart, at
//! any cut, neither loses nor doubles one.

use super::kst::{date_of, instant};
use crate::model::{Commute, Leg, Timestamp};
use jiff::civil::Date;
use std::fmt;

/// Longest commute, days from first to last: a year, and a grant is far shorter.
pub const DAYS_MAX: i32 = 366;

/// Why a commute is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommuteError {
    /// The last day is before the first.
    UntilBeforeFrom,
    /// The return leg is not later in the day than the outward one.
    ReturnNotAfterOutward,
    /// More than [`DAYS_MAX`] days.
    TooLong,
    /// None of the chosen weekdays is left between the first and the last day.
    NoDay,
}

impl CommuteError {
    /// The booking field to blame, as the wire names it.
    pub const fn field(self) -> &'static str {
        match self {
            Self::UntilBeforeFrom | Self::TooLong => "commute.until",
            Self::ReturnNotAfterOutward => "commute.return_at",
            Self::NoDay => "commute.days",
        }
    }
}

impl fmt::Display for CommuteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UntilBeforeFrom => f.write_str("the last day is before the first"),
            Self::ReturnNotAfterOutward => f.write_str("the return leg is not after the outward leg"),
            Self::TooLong => write!(f, "the commute is longer than {DAYS_MAX} days"),
            Self::NoDay => f.write_str("the commute has no day left"),
        }
    }
}

impl std::error::Error for CommuteError {}

impl Commute {
    /// The commute with its skips sorted and cleared of doubles, or the first thing wrong with it.
    pub fn checked(mut self) -> Result<Self, CommuteError> {
        if self.until < self.from {
            return Err(CommuteError::UntilBeforeFrom);
        }
        if (self.until - self.from).get_days() >= DAYS_MAX {
            return Err(CommuteError::TooLong);
        }
        if self.return_at <= self.outward_at {
            return Err(CommuteError::ReturnNotAfterOutward);
        }
        self.skips.sort_unstable();
        self.skips.dedup();
        if days(self.from, self.until).any(|day| self.runs_on(day)) { Ok(self) } else { Err(CommuteError::NoDay) }
    }

    /// Whether there are legs on that day.
    pub fn runs_on(&self, day: Date) -> bool {
        (self.from..=self.until).contains(&day) && self.days.contains(day.weekday()) && !self.skips.contains(&day)
    }
}

/// The legs whose meeting time is in `from_ts..until_ts`, earliest first.
pub fn legs_between(commute: &Commute, from_ts: Timestamp, until_ts: Timestamp) -> Vec<(Date, Leg, Timestamp)> {
    let first = commute.from.max(date_of(from_ts));
    let last = commute.until.min(date_of(until_ts));
    days(first, last)
        .filter(|day| commute.runs_on(*day))
        .flat_map(|day| [(day, Leg::Outward, commute.outward_at), (day, Leg::Return, commute.return_at)])
        .filter_map(|(day, leg, time)| Some((day, leg, instant(day, time)?)))
        .filter(|(_, _, at)| (from_ts..until_ts).contains(at))
        .collect()
}

/// Every date from the first to the last, both included.
fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |day| day.tomorrow().ok()).take_while(move |day| *day <= last)
}
