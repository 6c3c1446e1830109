//! Owns what can become of a fix on arrival, with the words phones are told. Order is by (session epoch, sequence), never
//! by clocks. What makes a fix doubtful is decided in `plausible`.

use geo::Fix;

/// Above this error radius a fix is kept, but says so, metres: a cell tower's reach, not a street.
const COARSE_ABOVE_M: f32 = 500.0;

macro_rules! verdicts {
    ($($name:ident = $word:literal $doc:literal;)+) => {
        /// What became of a fix.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Verdict {
            $(#[doc = $doc] $name,)+
        }

        impl Verdict {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its stable word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

verdicts! {
    Ok = "ok" "Kept.";
    Coarse = "coarse" "Kept, and too coarse to stand for a place.";
    Late = "late" "Kept as where somebody was last, and too old on arrival to be now.";
    Older = "old" "A later one is known, by its number or because this came late: only the trip's track takes it.";
    Duplicate = "duplicate" "This very one is known.";
    Jump = "jump" "Not to be reached from the one before in that time; believed if the next ones say the same.";
    Future = "future" "Taken after now: the phone's clock is wrong, and so is the age.";
    TooOld = "too_old" "Of another day.";
    Inaccurate = "inaccurate" "Its error circle is larger than the city, or it has none.";
    OutsideArea = "outside_area" "Outside the service area.";
    Replaced = "replaced" "From a phone of the same person that is not the one that counts: not looked at.";
    NotOnShift = "not_on_shift" "From staff who are not at work: not looked at.";
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

    /// Of one that was believed, looked at alone.
    pub fn believed(fix: &Fix) -> Self {
        Self::of(fix, None)
    }

    /// The verdict of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verdict| verdict.word() == word)
    }

    /// Whether it is now the last fix.
    pub const fn is_kept(self) -> bool {
        matches!(self, Self::Ok | Self::Coarse | Self::Late)
    }

    /// Whether the phone is sending, and is not believed: why its marker does not move.
    pub const fn is_doubt(self) -> bool {
        matches!(self, Self::Jump | Self::Future | Self::TooOld | Self::Inaccurate | Self::OutsideArea)
    }
}
