//! Owns what was heard of each person lately, believed or not: the sense that judges the next fix, the last doubted place, and which
//! fixes go to the track of a trip. In memory only, and forgotten with the person.

use super::Ingest;
use super::table::Table;
use crate::live::{LATE_MS, Sense, TOO_OLD_MS, Verdict};
use crate::record::TrackFix;
use crate::view::trip::is_crewed;
use geo::{ACCURACY_M_MAX, FUTURE_MS_MAX, Fix};
use matcher::model::{AccountId, Phase, Timestamp};

/// Of whom nothing was heard for so long nothing is kept, seconds: as with last positions, long enough for an alarm to name it.
const KEPT_S: i64 = 30 * 60;
/// No more than one fix of a person in so many milliseconds goes onto a track: it is to show a way, not to weigh on the disk.
pub const TRACK_EVERY_MS: i64 = 2_000;

/// What was heard of one person.
#[derive(Clone, Copy, Default)]
pub struct Heard {
    /// Judges the next fix.
    pub(super) sense: Sense,
    /// `None` until a fix was looked at.
    last_at: Option<Timestamp>,
    /// Why the newest fix is not where they are now.
    refused: Option<Verdict>,
    /// The newest place that was not believed, if it is newer than what was.
    doubted: Option<(Fix, Verdict)>,
    /// When they were last seen to be of a crew.
    crew_until_ms: i64,
    /// When the newest fix that was sent to a track was taken, while they were of a crew,
    tracked_ms: Option<i64>,
    /// and while they were only asked.
    asked_ms: Option<i64>,
    /// The newest that was left out while they were only asked: it is of the trip, if they had accepted when it was taken.
    left_out: Option<TrackFix>,
}

impl Heard {
    /// Before fixes are judged: what the live index knows later than was heard here was believed by another node, or in an earlier
    /// life, and the next is judged by it. Returns that fix, which nobody here has looked at.
    pub(super) fn catch_up(&mut self, last: Option<Fix>, now: Timestamp) -> Option<Fix> {
        self.last_at = Some(now);
        let last = last.filter(|last| self.sense.heard().is_none_or(|heard| heard < (last.session_epoch, last.seq)))?;
        self.sense = Sense::after(Some(&last));
        (self.refused, self.doubted) = (None, None);
        Some(last)
    }

    /// What came of a fix.
    pub(super) fn note(&mut self, fix: &Fix, verdict: Verdict, now: Timestamp) {
        if verdict.is_kept() {
            // A clock that is behind makes every fix late: whoever looks is to read that, not silence alone.
            self.refused = Some(verdict).filter(|verdict| *verdict == Verdict::Late);
            self.doubted = None;
        } else if verdict == Verdict::Older {
            let is_fresh = self.sense.believed_at().is_some_and(|at| now.since_ms(at) <= LATE_MS);
            if !is_fresh {
                self.refused = Some(verdict);
            }
        } else if verdict.is_doubt() {
            self.refused = Some(verdict);
            // The others say nothing of where, or of when.
            if matches!(verdict, Verdict::Jump | Verdict::OutsideArea) {
                self.doubted = Some((*fix, verdict));
            }
        }
    }

    /// Sends a fix to the track, if it may be of a trip whose crew the person is, or was when it was taken: the record knows.
    pub(super) fn track(
        &mut self,
        ingest: &Ingest,
        staff: AccountId,
        duty: Option<Phase>,
        fix: &Fix,
        verdict: Verdict,
        now: Timestamp,
    ) {
        // Nothing is kept of a place without an error circle, or of no time that a track could be kept for, whatever its number.
        let age_ms = now.0.saturating_sub(fix.taken_at_ms);
        let is_sane =
            (0.0..=ACCURACY_M_MAX).contains(&fix.accuracy_m) && (-FUTURE_MS_MAX..=TOO_OLD_MS).contains(&age_ms);
        if !is_sane {
            return;
        }
        let says_where = verdict.is_kept() || matches!(verdict, Verdict::Older | Verdict::Jump | Verdict::OutsideArea);
        if duty.is_some() {
            self.crew_until_ms = now.0;
        }
        let is_late = age_ms > LATE_MS;
        if !says_where || !(duty.is_some() || is_late || fix.taken_at_ms <= self.crew_until_ms) {
            return;
        }
        let is_soon_after = |before: Option<i64>| {
            before.is_some_and(|before| (0..TRACK_EVERY_MS).contains(&(fix.taken_at_ms - before)))
        };
        let later = |before: Option<i64>| before.map_or(fix.taken_at_ms, |before| before.max(fix.taken_at_ms));
        let is_old = verdict == Verdict::Older;
        let one = TrackFix { staff, fix: *fix, verdict: verdict.word() };
        if duty.is_none_or(is_crewed) {
            if let Some(left_out) = self.left_out.take() {
                ingest.tracks.push(left_out);
            }
            if is_soon_after(self.tracked_ms) && !is_old {
                return;
            }
            self.tracked_ms = Some(later(self.tracked_ms));
        } else {
            // While they are only asked it will mostly be of no trip, and must not stand in for the first that is.
            if (is_soon_after(self.tracked_ms) || is_soon_after(self.asked_ms)) && !is_old {
                self.left_out = Some(one);
                return;
            }
            self.asked_ms = Some(later(self.asked_ms));
        }
        ingest.tracks.push(one);
    }

    /// The clock was set back by so much, milliseconds below zero: all this is as long ago as before.
    fn clock_was_set_back(&mut self, by_ms: i64) {
        self.sense.clock_was_set_back(by_ms);
        let earlier = |at_ms: i64| at_ms.saturating_add(by_ms);
        self.last_at = self.last_at.map(|at| Timestamp(earlier(at.0)));
        self.doubted = self.doubted.map(|(fix, why)| (Fix { taken_at_ms: earlier(fix.taken_at_ms), ..fix }, why));
        self.crew_until_ms = earlier(self.crew_until_ms);
        self.tracked_ms = self.tracked_ms.map(earlier);
        self.asked_ms = self.asked_ms.map(earlier);
        self.left_out = self
            .left_out
            .map(|one| TrackFix { fix: Fix { taken_at_ms: earlier(one.fix.taken_at_ms), ..one.fix }, ..one });
    }

    /// Fixes that came when the shift was over: nothing is kept of them but what was taken on a trip.
    pub(super) fn note_after_work(&mut self, ingest: &Ingest, staff: AccountId, fixes: &[Fix], now: Timestamp) {
        for fix in fixes {
            self.track(ingest, staff, None, fix, Verdict::Older, now);
        }
    }
}

/// Everybody heard of.
#[derive(Default)]
pub struct People(Table<AccountId, Heard>);

impl People {
    pub(super) fn with<R>(&self, account: AccountId, change: impl FnOnce(&mut Heard) -> R) -> R {
        self.0.with(account, Heard::default, change)
    }

    /// Why the newest fix of the person's phone is not where they are now: not believed, or late while nothing fresh is known; `None` if
    /// it is.
    pub fn refused(&self, account: AccountId) -> Option<Verdict> {
        self.0.look(&account, |heard| heard.refused).flatten()
    }

    /// The newest place that was not believed, and why, if nothing was believed since.
    pub fn doubted(&self, account: AccountId) -> Option<(Fix, Verdict)> {
        self.0.look(&account, |heard| heard.doubted).flatten()
    }

    /// The order of the last fix that was believed, or came too late to be now.
    pub(super) fn order(&self, account: AccountId) -> Option<(u32, u32)> {
        self.0.look(&account, |heard| heard.sense.heard()).flatten()
    }

    /// The clock was set back by so much, milliseconds below zero.
    pub fn clock_was_set_back(&self, by_ms: i64) {
        self.0.retain(|_, heard| {
            heard.clock_was_set_back(by_ms);
            true
        });
    }

    /// Forgets one person.
    pub fn forget(&self, account: AccountId) {
        self.0.remove(&account);
    }

    /// Forgets those of whom nothing was heard for long.
    pub fn forget_silent(&self, now: Timestamp) {
        let since = now.plus_s(-KEPT_S);
        self.0.retain(|_, heard| heard.last_at.is_some_and(|at| at >= since));
    }
}
