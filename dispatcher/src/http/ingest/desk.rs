//! Owns the judging of fixes where there is no record: at a gateway, of staff at work who are on no trip. It is the judging of the
//! engine's node (`judge`, `Sense`, the same rates and counts) less whatever needs more than the fix, the list, and what was believed
//! last: that is not decided here but passed on, undone.
//!
//! Invariants: what is passed on has changed nothing but the sender's rate. Nobody is judged of whom it is not certain here what the
//! engine's node believed last ([`Basis`]): fixes come by other ways too.

use super::sources::{Rates, Source};
use super::table::Table;
use super::{Counts, FIXES_MAX, judge};
use crate::live::{LATE_MS, Live, Sense, Verdict};
use geo::{Fix, FixKind, Position};
use matcher::model::{AccountId, Timestamp};

/// Why a fix is passed on of somebody whose last fix may have come by another way: the engine's node is asked for it then.
pub const UNSURE: &str = "unsure";
/// A tracker numbers by its clock, so nothing tells whether one of its fixes went another way since: after so long, milliseconds, it
/// may have. Until then a place some 1.6 km off could be believed that the engine's node would doubt.
const TRACKER_SURE_MS: i64 = 30_000;
/// Of whom nothing was heard for so long nothing is kept, seconds: less than the engine's node keeps.
const KEPT_S: i64 = 10 * 60;

/// Whose fix it is, as the engine's node says.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// Who.
    pub staff: AccountId,
    /// Unit number.
    pub no: u32,
    /// By which way it came.
    pub source: Source,
    /// Session epoch of that source, the latest of theirs.
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

/// By what somebody's next fix is judged.
#[derive(Clone, Copy)]
struct Basis {
    sense: Sense,
    /// When it was last heard to be so.
    at: Timestamp,
}

impl Basis {
    /// Whether nothing can have been believed elsewhere since. A phone numbers its fixes one by one within its session: what follows on the
    /// last one heard here is the next there is. One of which all comes before that may count anew, which the engine's node looks into.
    fn leads_to(&self, sender: &Sender, fixes: &[Fix], now: Timestamp) -> bool {
        let Some((epoch, mut last)) = self.sense.heard() else { return false };
        if epoch != sender.epoch {
            return false;
        }
        match sender.source {
            Source::Tracker(_) => now.since_ms(self.at).abs() < TRACKER_SURE_MS,
            Source::Phone(_) => {
                let goes_on = fixes.iter().any(|fix| fix.seq >= last);
                goes_on
                    && fixes.iter().all(|fix| {
                        let follows = fix.seq <= last.saturating_add(1);
                        last = last.max(fix.seq);
                        follows
                    })
            }
        }
    }
}

/// What is remembered of who sends fixes through this gateway.
#[derive(Default)]
pub struct Desk {
    rates: Rates,
    bases: Table<AccountId, Basis>,
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
        if let Err(seconds) = self.rates.count(sender.source, fixes.len(), now) {
            return Judged::TooMany(seconds);
        }
        for fix in &mut fixes {
            fix.session_epoch = sender.epoch;
        }
        let settled = self.bases.look(&sender.staff, |basis| {
            if !basis.leads_to(&sender, &fixes, now) {
                return Err(UNSURE);
            }
            let mut trial = basis.sense;
            let is_doubted =
                |fix: &Fix| judge(&mut trial, fix, now, serves(fix.position), || Verdict::believed(fix)).is_doubt();
            if fixes.iter().any(is_doubted) {
                return Err("doubt");
            }
            basis.at = now;
            let judged = fixes.iter().map(|fix| {
                let put = || live.put(sender.staff, sender.no, *fix);
                judge(&mut basis.sense, fix, now, serves(fix.position), put)
            });
            let verdicts: Vec<Verdict> = judged.collect();
            Ok(verdicts)
        });
        match settled.unwrap_or(Err(UNSURE)) {
            Ok(verdicts) => {
                self.counts.count(&verdicts);
                Judged::Settled(verdicts)
            }
            Err(why) => Judged::Pass(why),
        }
    }

    /// Takes note of what the engine's node believed last of somebody; false if that is not all there is: what was settled here and has
    /// not come there yet is later.
    pub fn learn(&self, live: &Live, staff: AccountId, last: &Fix, now: Timestamp) -> bool {
        let order = |fix: &Fix| (fix.session_epoch, fix.seq);
        let is_all = live.last_fix(staff).is_none_or(|own| order(&own) <= order(last));
        if is_all {
            let basis = Basis { sense: Sense::after(Some(last)), at: now };
            self.bases.with(staff, || basis, |known| *known = basis);
        }
        is_all
    }

    /// Forgets by what somebody is to be judged: something of theirs was passed on, or they are not at work any more.
    pub fn forget(&self, staff: AccountId) {
        self.bases.remove(&staff);
    }

    /// The same of everybody.
    pub fn forget_all(&self) {
        self.bases.retain(|_, _| false);
    }

    /// Forgets those of whom nothing was heard for long.
    pub fn forget_silent(&self, now: Timestamp) {
        let since = now.plus_s(-KEPT_S);
        self.bases.retain(|_, basis| basis.at >= since);
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
