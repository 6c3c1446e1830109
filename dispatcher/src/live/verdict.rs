//! Owns what can become of a fix on arrival, with the words phones are told. Order is by (session epoch, sequence), never
//! by clocks; time only catches what cannot be.

use geo::Fix;
use matcher::model::Timestamp;

/// A fix said to be taken later than this after now is a broken clock or age, milliseconds.
const FUTURE_MS_MAX: i64 = 5_000;
/// Above this error radius a fix is kept, but says so, metres: a cell tower's reach, not a street.
const COARSE_ABOVE_M: f32 = 500.0;

/// What became of a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Kept.
    Ok,
    /// Kept, and too coarse to stand for a place.
    Coarse,
    /// A later one is known.
    Older,
    /// This very one is known.
    Duplicate,
    /// Taken in the future.
    FromFuture,
}

impl Verdict {
    /// Of a fix against the order of the last one known, `None` for the first.
    pub(super) fn of(now: Timestamp, fix: &Fix, last: Option<(u32, u32)>) -> Self {
        let order = (fix.session_epoch, fix.seq);
        match last {
            Some(last) if order < last => Self::Older,
            Some(last) if order == last => Self::Duplicate,
            _ if fix.taken_at_ms > now.0 + FUTURE_MS_MAX => Self::FromFuture,
            _ if fix.accuracy_m > COARSE_ABOVE_M => Self::Coarse,
            _ => Self::Ok,
        }
    }

    /// Whether it is now the last fix.
    pub const fn is_kept(self) -> bool {
        matches!(self, Self::Ok | Self::Coarse)
    }

    /// Its stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Coarse => "coarse",
            Self::Older => "old",
            Self::Duplicate => "duplicate",
            Self::FromFuture => "future",
        }
    }
}
