//! Owns when those are tried again of whom it is not known who has them: at once when another picture of the servers has come or something
//! was kept, else after pauses that double. Where a Cluster takes no writes at all, each try is everybody's.

use std::time::Duration;
use tokio::time::Instant;

/// The first pause,
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// and the longest.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The last try.
pub(super) struct Tries {
    /// Number of the picture it was by.
    picture: u64,
    /// `None` before the first.
    until: Option<Instant>,
    pause: Duration,
}

impl Tries {
    pub(super) const fn new() -> Self {
        Self { picture: 0, until: None, pause: PAUSE_MIN }
    }

    /// Whether it is time for another, which is then begun.
    pub(super) fn begin(&mut self, picture: u64, now: Instant) -> bool {
        if picture != self.picture {
            *self = Self { picture, ..Self::new() };
        }
        if self.until.is_some_and(|until| now < until) {
            return false;
        }
        self.until = Some(now + self.pause);
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        true
    }

    /// Something was kept.
    pub(super) fn succeeded(&mut self) {
        (self.until, self.pause) = (None, PAUSE_MIN);
    }
}

#[cfg(test)]
#[path = "nobody_tests.rs"]
mod tests;
