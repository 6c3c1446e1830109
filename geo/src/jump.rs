//! Owns the one idea of a jump: a place that could not have been reached from the one before in the time that went by. A jump is
//! believed when the next ones say the same. Does not decide what a doubted place is still good for.

use crate::fix::Fix;
use crate::position::Position;
use std::fmt;

/// So many places in a row that could not have been reached, near one another, are where the phone really is.
pub const JUMPS_BELIEVED: u8 = 3;

/// What can be reached.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Nobody moves faster, metres per second.
    pub mps: f64,
    /// How far the time between two places may be wrong: rounded, or arrived later than it says, seconds.
    pub slack_s: f64,
}

/// Where a phone was, how well that is known, and when.
#[derive(Clone, Copy, PartialEq)]
pub struct Seen {
    /// The reported point.
    pub position: Position,
    /// Radius of the error circle, metres.
    pub accuracy_m: f32,
    /// Milliseconds since 1970.
    pub taken_at_ms: i64,
}

/// Where somebody is stays hidden.
impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seen(hidden)")
    }
}

impl Seen {
    /// What a fix says.
    pub const fn of(fix: &Fix) -> Self {
        Self { position: fix.position, accuracy_m: fix.accuracy_m, taken_at_ms: fix.taken_at_ms }
    }

    /// Seconds from this one to the other.
    pub fn seconds_to(&self, other: &Self) -> f64 {
        (other.taken_at_ms - self.taken_at_ms) as f64 / 1000.0
    }

    /// Whether the other could be reached from here, where the error circles come nearest.
    pub fn reaches(&self, other: &Self, pace: Pace) -> bool {
        let apart_m =
            self.position.distance_m(other.position) - f64::from(self.accuracy_m) - f64::from(other.accuracy_m);
        apart_m <= pace.mps * (self.seconds_to(other).max(0.0) + pace.slack_s)
    }
}

/// What a place is after the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Could be reached.
    InReach,
    /// Could not be reached, and is not yet believed.
    Doubted,
    /// Could not be reached, but the phone keeps saying so: what was known before is wrong.
    Confirmed,
}

/// The jumps of one phone since it was last believed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jumps {
    last: Option<(Seen, u8)>,
}

impl Jumps {
    /// Whether a phone that was at `before` is to be believed `here`.
    pub fn step(&mut self, before: &Seen, here: Seen, pace: Pace) -> Step {
        if before.reaches(&here, pace) {
            // A worse one does not speak against those it cannot tell from: a cell tower in between must not silence good fixes.
            if self.last.is_none_or(|(jump, _)| here.accuracy_m <= jump.accuracy_m) {
                self.last = None;
            }
            return Step::InReach;
        }
        let so_far = self.last.filter(|(jump, _)| jump.reaches(&here, pace)).map_or(0, |(_, count)| count);
        if so_far + 1 >= JUMPS_BELIEVED {
            self.last = None;
            return Step::Confirmed;
        }
        self.last = Some((here, so_far + 1));
        Step::Doubted
    }
}

#[cfg(test)]
#[path = "jump_tests.rs"]
mod tests;
