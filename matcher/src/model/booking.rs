//! Owns what was asked: now, at a time, or as a weekday commute. Expansion of a commute into trips is `schedule`.

use super::Timestamp;
use jiff::civil::{Date, Time, Weekday};

/// Which way a trip of a commute goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leg {
    /// Not part of a commute.
    Single,
    /// Home to work.
    Outward,
    /// Work to home.
    Return,
}

impl Leg {
    /// The word used on the wire and in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Outward => "outward",
            Self::Return => "return",
        }
    }
}

/// When an escort is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookingKind {
    /// As soon as possible.
    Now,
    /// The crew should be at the meeting point then.
    At(Timestamp),
    /// A weekday series of two legs.
    Commute(Commute),
}

/// A set of weekdays; bit 0 is Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Weekdays(u8);

impl Weekdays {
    /// Monday to Friday.
    pub const MON_FRI: Self = Self(0b001_1111);

    /// From the bits; `None` if empty or beyond seven days.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits == 0 || bits > 0b111_1111 { None } else { Some(Self(bits)) }
    }

    /// The bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether the day is in the set.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }
}

/// A two-leg commute in local civil time. Korea has no daylight saving: local time is UTC+9 throughout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commute {
    /// On which days.
    pub days: Weekdays,
    /// Meeting time of the outward leg.
    pub outward_at: Time,
    /// Meeting time of the return leg.
    pub return_at: Time,
    /// First day.
    pub from: Date,
    /// Last day, included.
    pub until: Date,
    /// Days left out, sorted.
    pub skips: Vec<Date>,
}
