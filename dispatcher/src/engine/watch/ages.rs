//! Owns how old everybody's last fix is, told when it matters: hollow, silent, back. Pure: time comes in. Each person stands once in
//! a list of who is to be looked at next, so a look costs those who are due and not the staff; a move costs a comparison.
//!
//! Whoever was never heard of is unknown, not silent, unless somebody counts on them (`expect`).

use matcher::model::{AccountId, Timestamp};
use matcher::policy::limits::{FIX_AGE_MS_MAX, FIX_AHEAD_MS_MAX, HOLLOW_AGE_MS};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// How often the silent are looked at, milliseconds: whether the live index still knows them.
const SILENT_LOOK_MS: i64 = 60_000;

/// How good a last fix is by its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Nothing was heard yet, and it is not yet time to worry.
    Unknown,
    /// May be shown as "here".
    Fresh,
    /// Not any more.
    Hollow,
    /// Out of matching.
    Silent,
}

/// What became of somebody's age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The position is not "here" any more.
    Hollow,
    /// Nothing was heard for too long.
    Silent,
    /// Heard again after having been silent.
    Back,
    /// The live index has let go of them: nowhere.
    Forgotten,
}

#[derive(Clone, Copy)]
struct Known {
    /// `None` while nothing was heard.
    taken_at_ms: Option<i64>,
    /// The live index had their place when last seen: that it is gone is told once.
    is_placed: bool,
    /// Since when something was expected.
    since_ms: i64,
    age: Age,
    /// Key in `due`.
    due_ms: i64,
}

impl Known {
    fn age_at(&self, now_ms: i64) -> Age {
        let Some(taken_at_ms) = self.taken_at_ms else {
            return if now_ms - self.since_ms > FIX_AGE_MS_MAX { Age::Silent } else { Age::Unknown };
        };
        match now_ms - taken_at_ms {
            // From a clock that is ahead: as old as anybody likes.
            age_ms if age_ms < -FIX_AHEAD_MS_MAX => Age::Silent,
            age_ms if age_ms <= HOLLOW_AGE_MS => Age::Fresh,
            age_ms if age_ms <= FIX_AGE_MS_MAX => Age::Hollow,
            _ => Age::Silent,
        }
    }

    /// When the age at hand ends.
    fn due_from(&self, now_ms: i64) -> i64 {
        let from_ms = self.taken_at_ms.unwrap_or(self.since_ms);
        match self.age {
            Age::Fresh => from_ms + HOLLOW_AGE_MS + 1,
            Age::Unknown | Age::Hollow => from_ms + FIX_AGE_MS_MAX + 1,
            Age::Silent => now_ms + SILENT_LOOK_MS,
        }
    }
}

/// Everybody's age.
#[derive(Default)]
pub struct Ages {
    known: HashMap<AccountId, Known>,
    /// Who is to be looked at when: each once.
    due: BTreeSet<(i64, AccountId)>,
}

impl Ages {
    /// How many are known or expected.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Somebody's age as last told.
    pub fn of(&self, staff: AccountId) -> Age {
        self.known.get(&staff).map_or(Age::Unknown, |known| known.age)
    }

    /// For whoever is silent: when their last fix was taken, `None` if there was none.
    pub fn silent_since(&self, staff: AccountId) -> Option<Option<Timestamp>> {
        let known = self.known.get(&staff).filter(|known| known.age == Age::Silent)?;
        Some(known.taken_at_ms.map(Timestamp))
    }

    /// A fix that was taken then has come.
    pub fn heard(&mut self, staff: AccountId, taken_at_ms: i64, now: Timestamp) -> Option<Change> {
        let known = self.known.entry(staff).or_insert(Known {
            taken_at_ms: None,
            is_placed: true,
            since_ms: now.0,
            age: Age::Unknown,
            due_ms: i64::MAX,
        });
        (known.taken_at_ms, known.is_placed) = (Some(taken_at_ms), true);
        let before = known.age;
        known.age = known.age_at(now.0);
        let due_ms = known.due_from(now.0);
        // A later end of the same age is found when the earlier one is looked at.
        if due_ms < known.due_ms {
            self.due.remove(&(known.due_ms, staff));
            known.due_ms = due_ms;
            self.due.insert((due_ms, staff));
        }
        told(before, known.age)
    }

    /// Somebody counts on this person: if nothing is heard of them they are silent by and by.
    pub fn expect(&mut self, staff: AccountId, now: Timestamp) {
        if !self.known.contains_key(&staff) {
            let mut known =
                Known { taken_at_ms: None, is_placed: false, since_ms: now.0, age: Age::Unknown, due_ms: 0 };
            known.due_ms = known.due_from(now.0);
            self.due.insert((known.due_ms, staff));
            self.known.insert(staff, known);
        }
    }

    /// The clock was set back by so many milliseconds, below zero: what was expected since then, and is due, is by the clock as it is.
    /// Whoever the live index knows is heard of anew; of who was never heard nothing else would come for as long as it was set back.
    pub fn clock_was_set_back(&mut self, by_ms: i64) {
        self.due.clear();
        for (staff, known) in &mut self.known {
            known.taken_at_ms = known.taken_at_ms.map(|at_ms| at_ms.saturating_add(by_ms));
            known.since_ms = known.since_ms.saturating_add(by_ms);
            known.due_ms = known.due_ms.saturating_add(by_ms);
            self.due.insert((known.due_ms, *staff));
        }
    }

    /// Who is to be looked at now, at most so many.
    pub fn due(&self, now: Timestamp, limit: usize) -> Vec<AccountId> {
        self.due.range(..=(now.0, AccountId(Uuid::max()))).take(limit).map(|&(_, staff)| staff).collect()
    }

    /// What became of those who were due, each with when their last fix was taken, as the live index knows it. Of whoever it knows no
    /// more the place is forgotten, and all else too, unless they are still expected: since when they are silent is kept. Who has
    /// been heard meanwhile and is not due any more is left alone.
    pub fn looked(
        &mut self,
        now: Timestamp,
        seen: impl IntoIterator<Item = (AccountId, Option<i64>)>,
        is_expected: impl Fn(AccountId) -> bool,
    ) -> Vec<(AccountId, Change)> {
        let mut changes = Vec::new();
        for (staff, taken_at_ms) in seen {
            let Some(known) = self.known.get_mut(&staff).filter(|known| known.due_ms <= now.0) else { continue };
            self.due.remove(&(known.due_ms, staff));
            let was_placed = std::mem::replace(&mut known.is_placed, taken_at_ms.is_some());
            if was_placed && taken_at_ms.is_none() {
                changes.push((staff, Change::Forgotten));
            }
            if taken_at_ms.is_none() && !is_expected(staff) {
                self.known.remove(&staff);
                continue;
            }
            known.taken_at_ms = taken_at_ms.or(known.taken_at_ms);
            let before = known.age;
            known.age = known.age_at(now.0);
            known.due_ms = known.due_from(now.0);
            self.due.insert((known.due_ms, staff));
            changes.extend(told(before, known.age).map(|change| (staff, change)));
        }
        changes
    }

    /// Both at once.
    #[cfg(test)]
    pub fn look(
        &mut self,
        now: Timestamp,
        last: impl Fn(AccountId) -> Option<i64>,
        is_expected: impl Fn(AccountId) -> bool,
    ) -> Vec<(AccountId, Change)> {
        let seen: Vec<_> = self.due(now, usize::MAX).into_iter().map(|staff| (staff, last(staff))).collect();
        self.looked(now, seen, is_expected)
    }
}

fn told(before: Age, after: Age) -> Option<Change> {
    match (before, after) {
        (Age::Silent, Age::Fresh | Age::Hollow) => Some(Change::Back),
        (Age::Unknown | Age::Fresh, Age::Hollow) => Some(Change::Hollow),
        (before, Age::Silent) if before != Age::Silent => Some(Change::Silent),
        _ => None,
    }
}
