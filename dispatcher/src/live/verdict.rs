//! Owns what can become of a fix on arrival, with the words phones are told. Order is by (session epoch, sequence), never
//! by clocks.

use geo::Fix;

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
    /// From staff who are not at work: not looked at.
    NotOnShift,
}

impl Verdict {
    /// Of a fix against the order of the last one known, `None` for the first.
    pub(super) fn of(fix: &Fix, last: Option<(u32, u32)>) -> Self {
        let order = (fix.session_epoch, fix.seq);
        match last {
            Some(last) if order < last => Self::Older,
            Some(last) if order == last => Self::Duplicate,
            _ if fix.accuracy_m > COARSE_ABOVE_M => Self::Coarse,
            _ => Self::Ok,
        }
    }

    /// Whether it is now the last fix.
    pub const fn is_kept(self) -> bool {
        matches!(self, Self::Ok | Self::Coarse)
    }

    /// Whether that is the word of a fix that was kept.
    pub fn keeps(word: &str) -> bool {
        word == Self::Ok.word() || word == Self::Coarse.word()
    }

    /// Its stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Coarse => "coarse",
            Self::Older => "old",
            Self::Duplicate => "duplicate",
            Self::NotOnShift => "not_on_shift",
        }
    }
}
