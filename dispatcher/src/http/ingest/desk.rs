//! Owns the judging of fixes where there is no record: at a gateway, of staff at work who are on no trip. It is the judging of the
//! engine's node (`judge`, `Sense`, `takes_over`, the same rates and counts) less whatever needs more than the fix and the list: that
//! is not decided here but passed on, undone.
//!
//! Invariant: what is passed on has changed nothing but the sender's rate.

use super::heard::People;
use super::sources::{Rates, Source, takes_over};
use super::{Counts, judge};
use crate::live::{LATE_MS, Live, Verdict};
use geo::{Fix, FixKind};
use matcher::model::{AccountId, Timestamp};

/// Whose fix it is, as the engine's node says.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// Who.
    pub staff: AccountId,
    /// Unit number.
    pub no: u32,
    /// By which way it came.
    pub source: Source,
    /// Session epoch of that source.
    pub epoch: u32,
}

/// What came of a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It is settled here.
    Settled(Verdict),
    /// The source sends too fast: whole seconds to wait.
    TooMany(u32),
    /// Not for here, and why.
    Pass(&'static str),
}

/// What is remembered of who sends fixes through this gateway.
#[derive(Default)]
pub struct Desk {
    rates: Rates,
    people: People,
    counts: Counts,
}

impl Desk {
    /// Judges one, and puts it into the live index if it is believed.
    pub fn take(&self, live: &Live, sender: Sender, mut fix: Fix, now: Timestamp, in_area: bool) -> Judged {
        let last = live.last_fix(sender.staff);
        // Where a demonstration sets somebody down, and what was on its way for long, is for the node that knows of demonstrations and
        // of tracks.
        if fix.kind == FixKind::Demo {
            return Judged::Pass("demo");
        }
        if now.0.saturating_sub(fix.taken_at_ms) > LATE_MS {
            return Judged::Pass("late");
        }
        if takes_over(sender.epoch, last.as_ref(), fix.taken_at_ms, now) {
            return Judged::Pass("epoch");
        }
        if let Err(seconds) = self.rates.count(sender.source, 1, now) {
            return Judged::TooMany(seconds);
        }
        fix.session_epoch = sender.epoch;
        let settled = self.people.with(sender.staff, |heard| {
            let before = *heard;
            heard.catch_up(last, now);
            let put = || live.put(sender.staff, sender.no, fix);
            let verdict = judge(&mut heard.sense, &fix, now, in_area, put);
            if verdict.is_doubt() {
                *heard = before;
                return None;
            }
            Some(verdict)
        });
        let Some(verdict) = settled else { return Judged::Pass("doubt") };
        self.counts.count(verdict);
        Judged::Settled(verdict)
    }

    /// Forgets somebody who is not at work any more, as the engine's node does.
    pub fn forget(&self, staff: AccountId) {
        self.people.forget(staff);
    }

    /// Forgets those of whom nothing was heard for long.
    pub fn forget_silent(&self, now: Timestamp) {
        self.people.forget_silent(now);
    }
}
