//! Owns one report of where a phone was: position, error radius, kind, time, order. Does not decide what a fix is good for
//! (`matcher::policy`).

use crate::position::Position;
use std::fmt;

/// Error radius above which a fix says nothing usable, metres.
pub const ACCURACY_M_MAX: f32 = 20_000.0;

/// Clocks differ, and network delays are taken off twice at times, milliseconds: a fix so far ahead is from now.
pub const FUTURE_MS_MAX: i64 = 5_000;

/// How the phone knew. An old or coarse fix is never "here".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FixKind {
    /// Satellite.
    Gps = 0,
    /// Wi-Fi or other network positioning.
    Network = 1,
    /// A cell tower: hundreds of metres to two kilometres off.
    Tower = 2,
    /// Typed in by a person.
    Manual = 3,
    /// Made by the demo walk.
    Demo = 4,
}

impl FixKind {
    /// From its number in packed records; `None` for an unknown one.
    pub const fn from_u8(n: u8) -> Option<Self> {
        Some(match n {
            0 => Self::Gps,
            1 => Self::Network,
            2 => Self::Tower,
            3 => Self::Manual,
            4 => Self::Demo,
            _ => return None,
        })
    }
}

/// Where a phone was. Fixes of one phone are ordered by (`session_epoch`, `seq`), never by clocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// The reported point.
    pub position: Position,
    /// Radius of the error circle, metres, 0..=20,000.
    pub accuracy_m: f32,
    /// How the phone knew.
    pub kind: FixKind,
    /// When it was taken, milliseconds since 1970, on the server's clock: time of arrival less the age the phone gave.
    pub taken_at_ms: i64,
    /// Issued by the record when the phone's session began.
    pub session_epoch: u32,
    /// The phone's own number within the session.
    pub seq: u32,
}

/// Why a report is not a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FixError {
    /// Negative, not finite or above [`ACCURACY_M_MAX`].
    AccuracyOutOfRange,
}

impl fmt::Display for FixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccuracyOutOfRange => f.write_str("accuracy is outside 0..20000 m"),
        }
    }
}

impl std::error::Error for FixError {}

impl Fix {
    /// Checks the error radius; all else is valid by type.
    pub fn checked(self) -> Result<Self, FixError> {
        if (0.0..=ACCURACY_M_MAX).contains(&self.accuracy_m) { Ok(self) } else { Err(FixError::AccuracyOutOfRange) }
    }

    /// Whether this fix of the same phone is later than the other.
    pub fn is_after(&self, other: &Self) -> bool {
        (self.session_epoch, self.seq) > (other.session_epoch, other.seq)
    }
}
