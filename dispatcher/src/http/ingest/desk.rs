//! Owns the judging of fixes where there is no record: at a gateway, of staff at work who are on no trip. It is the judging of the
//! engine's node (`judge`, `Sense`, `takes_over`, the same rates and counts) less whatever needs more than the fix and the list: that
//! is not decided here but passed on, undone.
//!
//! Invariant: what is passed on has changed nothing but the sender's rate.

use super::heard::People;
use super::sources::{Rates, Source, takes_over};
use super::{Counts, FIXES_MAX, judge};
use crate::live::{LATE_MS, Live, Verdict};
use geo::{Fix, FixKind, Position};
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

/// What came of a message with fixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It is settled here: a verdict for each.
    Settled(Vec<Verdict>),
    /// The source sends too fast: whole seconds to wait.
    TooMany(u32),
    /// Not for here, all of it, and why.
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
    /// Judges them, oldest first, and puts what is believed into the live index. `serves` says what is in the service area.
    pub fn take(
        &self,
        live: &Live,
        sender: Sender,
        mut fixes: Vec<Fix>,
        now: Timestamp,
        serves: impl Fn(Position) -> bool,
    ) -> Judged {
        if fixes.is_empty() || fixes.len() > FIXES_MAX {
            return Judged::Pass("unread");
        }
        // Where a demonstration sets somebody down, and what was on its way for long, is for the node that knows of demonstrations and
        // of tracks.
        if fixes.iter().any(|fix| fix.kind == FixKind::Demo) {
            return Judged::Pass("demo");
        }
        if fixes.iter().any(|fix| now.0.saturating_sub(fix.taken_at_ms) > LATE_MS) {
            return Judged::Pass("late");
        }
        let last = live.last_fix(sender.staff);
        let newest_ms = fixes.iter().map(|fix| fix.taken_at_ms).max().unwrap_or(i64::MIN);
        if takes_over(sender.epoch, last.as_ref(), newest_ms, now) {
            return Judged::Pass("epoch");
        }
        if let Err(seconds) = self.rates.count(sender.source, fixes.len(), now) {
            return Judged::TooMany(seconds);
        }
        for fix in &mut fixes {
            fix.session_epoch = sender.epoch;
        }
        let settled = self.people.with(sender.staff, |heard| {
            let mut after = *heard;
            after.catch_up(last, now);
            let mut trial = after.sense;
            let is_doubted =
                |fix: &Fix| judge(&mut trial, fix, now, serves(fix.position), || Verdict::believed(fix)).is_doubt();
            if fixes.iter().any(is_doubted) {
                return None;
            }
            *heard = after;
            let judged = fixes.iter().map(|fix| {
                let put = || live.put(sender.staff, sender.no, *fix);
                judge(&mut heard.sense, fix, now, serves(fix.position), put)
            });
            let verdicts: Vec<Verdict> = judged.collect();
            Some(verdicts)
        });
        let Some(verdicts) = settled else { return Judged::Pass("doubt") };
        self.counts.count(&verdicts);
        Judged::Settled(verdicts)
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
