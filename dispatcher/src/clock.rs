//! Owns time and randomness for the service: the one place that reads the machine's clock and entropy. Everything else
//! takes `now`, or an [`Env`] whose parts a test replaces.

use matcher::model::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Gives unpredictable bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the slice.
    fn fill(&self, bytes: &mut [u8]);
}

/// Time and randomness, passed in.
#[derive(Clone)]
pub struct Env {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The entropy.
    pub entropy: Arc<dyn Entropy>,
}

impl Env {
    /// The machine's own.
    pub fn system() -> Self {
        Self { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id (UUID version 7: time-ordered, so that index pages fill in order).
    pub fn uuid(&self) -> Uuid {
        let mut random = [0; 10];
        self.entropy.fill(&mut random);
        uuid::Builder::from_unix_timestamp_millis(self.now().0.max(0).unsigned_abs(), &random).into_uuid()
    }
}

/// Notices that the clock was set: what is old by a clock that was just put forward may be seconds old.
#[derive(Default)]
pub struct Steps {
    last: Option<(Timestamp, std::time::Duration)>,
}

/// The two clocks differ by less in ordinary life.
const SET_MS: i64 = 5_000;

impl Steps {
    /// By how much the wall clock went otherwise than time did since the last call, milliseconds, below zero if it was set back;
    /// `since` is of a clock that nobody sets.
    pub fn set_by_ms(&mut self, now: Timestamp, since: std::time::Duration) -> Option<i64> {
        let (then, at) = self.last.replace((now, since))?;
        let went_ms = i64::try_from(since.saturating_sub(at).as_millis()).unwrap_or(i64::MAX);
        let by_ms = now.since_ms(then) - went_ms;
        (by_ms.abs() > SET_MS).then_some(by_ms)
    }
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one legal read of the wall clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(since.as_millis() as i64)
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one legal read of the system's entropy")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes after boot");
    }
}

/// A clock that stands until moved; for tests.
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Standing at `now`.
    pub fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(now.0)))
    }

    /// Moves on.
    pub fn advance_s(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::{Steps, Timestamp};
    use std::time::Duration;

    #[test]
    fn a_clock_that_is_set_is_noticed_and_one_that_goes_is_not() {
        let mut steps = Steps::default();
        let mut at = |wall_s: i64, s: u64| steps.set_by_ms(Timestamp(wall_s * 1_000), Duration::from_secs(s));
        assert_eq!([at(100, 0), at(105, 5), at(112, 10)], [None; 3], "not by less than clocks differ");
        assert_eq!([at(2_000, 15), at(2_005, 20), at(90, 25)], [Some(1_883_000), None, Some(-1_920_000)]);
    }
}
