//! Owns the instant. Reads no clock: `now` is a parameter everywhere.

/// Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This instant moved by whole seconds; negative moves back.
    #[must_use]
    pub const fn plus_s(self, seconds: i64) -> Self {
        Self(self.0 + seconds * 1_000)
    }

    /// Milliseconds from `earlier` to this; negative if this is before.
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }
}
