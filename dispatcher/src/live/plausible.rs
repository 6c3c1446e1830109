//! Owns whether a fix is believed: the order of one person's fixes, how old and how far one may be, and what a jump is. Pure:
//! time and area are told to it. Keeps no fix and counts none; what is doubted never becomes "now", and says why.

use super::Verdict;
use geo::{ACCURACY_M_MAX, FUTURE_MS_MAX, Fix, FixKind, JUMPS_BELIEVED, Jumps, Pace, Seen, Step};
use matcher::model::Timestamp;
use matcher::policy::limits::FIX_AGE_MS_MAX;

/// Nobody of ours moves faster than 50 m/s: the GTX, the fastest way through the city, runs at 180 km/h. The time between two fixes
/// is that between their arrivals less what the phone says of their ages, and messages are delayed for seconds in cells that
/// are full; with more slack a wrong cell tower next door would pass.
pub const PACE: Pace = Pace { mps: 50.0, slack_s: 3.0 };
/// Older is of no trip that a phone still has to report, milliseconds: no shift lasts longer.
pub const TOO_OLD_MS: i64 = 86_400_000;
/// Older on arrival is where somebody was, not where they are, milliseconds: the age at which matching stops as well.
pub const LATE_MS: i64 = FIX_AGE_MS_MAX;
/// The service area is the map's box and so far around it, metres: a fix at its edge errs to the other side.
pub const AREA_MARGIN_M: f64 = 2_000.0;

/// What is remembered of one person's fixes, to judge the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sense {
    /// Order of the last one that was believed, or came too late to be now. What is doubted is not among them: by the number of a
    /// place that nobody believes those that are true would be silenced.
    heard: Option<(u32, u32)>,
    /// Orders of the last jumps, as many as one more could confirm: one that is sent again must not confirm itself.
    jumped: [Option<(u32, u32)>; JUMPS_BELIEVED as usize - 1],
    /// The last one believed.
    believed: Option<Seen>,
    jumps: Jumps,
}

impl Sense {
    /// Of somebody whose last believed fix, if any, is known from elsewhere.
    pub fn after(last: Option<&Fix>) -> Self {
        Self { heard: last.map(|fix| (fix.session_epoch, fix.seq)), believed: last.map(Seen::of), ..Self::default() }
    }

    /// When the last believed one was taken; `None` if there is none.
    pub fn believed_at(&self) -> Option<Timestamp> {
        self.believed.map(|seen| Timestamp(seen.taken_at_ms))
    }

    /// The order of the last one that was believed, or came too late to be now.
    pub const fn heard(&self) -> Option<(u32, u32)> {
        self.heard
    }

    /// The clock was set back by so much, milliseconds below zero: what was believed is as long ago as before. Judged by where the clock had
    /// been, everybody who moves would have jumped.
    pub fn clock_was_set_back(&mut self, by_ms: i64) {
        if let Some(believed) = &mut self.believed {
            believed.taken_at_ms = believed.taken_at_ms.saturating_add(by_ms);
        }
        self.jumps = Jumps::default();
    }

    /// Judges the next fix: `Ok`, `Coarse` or `Late` is believed.
    pub fn judge(&mut self, fix: &Fix, now: Timestamp, in_area: bool) -> Verdict {
        let order = Verdict::of(fix, self.heard);
        if !order.is_kept() {
            return order;
        }
        let number = (fix.session_epoch, fix.seq);
        if self.jumped.contains(&Some(number)) {
            return Verdict::Duplicate;
        }
        let age_ms = now.0.saturating_sub(fix.taken_at_ms);
        let is_late = age_ms > LATE_MS;
        // Before its number is looked at further: what knows no place stands before nothing.
        if !(0.0..=ACCURACY_M_MAX).contains(&fix.accuracy_m) {
            return Verdict::Inaccurate;
        }
        // What was still in a queue, its own or another source's, is not where they are now, whatever its number. Less than late
        // is not looked at so: ages err by the seconds that messages take.
        if is_late && self.believed.is_some_and(|believed| fix.taken_at_ms < believed.taken_at_ms) {
            // Of another source it is not taken as heard: the one that counts would be silenced by its number.
            if self.heard.is_some_and(|(epoch, _)| epoch != fix.session_epoch) {
                return Verdict::Older;
            }
            if age_ms > TOO_OLD_MS {
                return Verdict::TooOld;
            }
            self.heard = Some(number);
            return Verdict::Older;
        }
        // Trackers number by their clocks, and one set right must not wait for the wrong time either.
        if age_ms < -FUTURE_MS_MAX {
            return Verdict::Future;
        }
        if age_ms > TOO_OLD_MS {
            return Verdict::TooOld;
        }
        if !in_area {
            return Verdict::OutsideArea;
        }
        let here = Seen::of(fix);
        // Whoever walks through a demonstration is set down anywhere.
        let before = self.believed.filter(|_| fix.kind != FixKind::Demo);
        if before.is_some_and(|before| self.jumps.step(&before, here, PACE) == Step::Doubted) {
            self.jumped.rotate_right(1);
            self.jumped[0] = Some(number);
            return Verdict::Jump;
        }
        (self.heard, self.believed) = (Some(number), Some(here));
        if is_late { Verdict::Late } else { order }
    }
}

#[cfg(test)]
#[path = "plausible_tests.rs"]
mod tests;
