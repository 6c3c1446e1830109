//! Owns what is known of Redis's content, by writer and mirror together: under which tag each member has a record, and the life
//! word of each tag's hash. Takes in what is told of members and sees to it that all come to the same: the later counts, what is
//! outdated elsewhere goes, and who told something outdated is told what is known.

use super::super::Shared;
use super::super::index::{Merged, Order, Rank, Standing, cell_of};
use super::keys::tag_of;
use super::queue::{Below, Drop, Queue};
use crate::clock::Env;
use geo::Position;
use geo::cell::Cell;
use matcher::model::AccountId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Clocks of servers are measured to about this, milliseconds: what is from later than now by more is from a clock that is wrong, or
/// was put right since.
const FUTURE_MS: i64 = 1_000;

/// Members taken in one hold of the index: some ten microseconds. A page of a hash, or a message, has many more.
const TAKEN_AT_ONCE: usize = 64;

/// How something was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// By the hash of its tag.
    Read,
    /// By the feed.
    Heard {
        /// Redis has it under the tag.
        is_kept: bool,
    },
}

/// Where Redis has records of members.
#[derive(Default)]
struct Places {
    /// The latest: under which tag, and its rank.
    latest: HashMap<AccountId, (Cell, Rank)>,
    /// Others that have to go once a later one is there, or may be there; the rank of what is.
    others: HashMap<AccountId, BTreeMap<Cell, Rank>>,
}

impl Places {
    /// A member's record of that rank is there too, or may be.
    fn note(&mut self, staff: AccountId, tag: Cell, rank: Rank) {
        let known = self.others.entry(staff).or_default().entry(tag).or_insert(rank);
        *known = rank.max(*known);
    }

    /// Takes those tags whose record is outdated by one of that rank. What was sent after it, and is still on its way, stays: it has to go
    /// with what comes after that.
    fn outdated_by(&mut self, staff: AccountId, rank: Rank) -> BTreeSet<Cell> {
        let all = self.others.remove(&staff).unwrap_or_default();
        let (later, outdated): (BTreeMap<_, _>, BTreeMap<_, _>) = all.into_iter().partition(|&(_, at)| at > rank);
        if !later.is_empty() {
            self.others.insert(staff, later);
        }
        outdated.into_keys().collect()
    }

    /// Forgets where a member is, who is gone; where, as far as that is known. What may be there and is later is what is told next.
    fn gone(&mut self, staff: AccountId) -> Option<Cell> {
        let before = self.latest.remove(&staff);
        if let Some(later) = self.others.remove(&staff) {
            self.latest.extend(later.into_iter().max_by_key(|&(_, rank)| rank).map(|latest| (staff, latest)));
        }
        before.map(|(tag, _)| tag)
    }
}

/// What is known of Redis's content.
pub(super) struct Books {
    shared: Arc<Shared>,
    env: Env,
    places: Mutex<Places>,
    lives: Mutex<HashMap<Cell, String>>,
    /// Tags under which something may have been written, and was not heard to be.
    doubted: Mutex<BTreeSet<Cell>>,
    /// Tags of which Redis has lost what was written there, or may have: to be written again.
    lost: Mutex<BTreeSet<Cell>>,
}

impl Books {
    pub(super) fn new(shared: Arc<Shared>, env: Env) -> Self {
        Self {
            shared,
            env,
            places: Mutex::default(),
            lives: Mutex::default(),
            doubted: Mutex::default(),
            lost: Mutex::default(),
        }
    }

    pub(super) const fn env(&self) -> &Env {
        &self.env
    }

    pub(super) fn queue(&self) -> &Queue {
        self.shared.queue.as_ref().expect("these books are kept with Redis only")
    }

    /// What Redis should have of these, each under its tag; and those who need no word: never written, and gone.
    pub(super) fn standing(&self, staff: &[AccountId]) -> (Vec<(Cell, AccountId, Standing)>, Vec<AccountId>) {
        // Cells are computed when the index is let go of.
        let standing: Vec<Option<Standing>> = {
            let index = self.shared.index();
            staff.iter().map(|&staff| index.standing(staff)).collect()
        };
        let places = lock(&self.places);
        let tag = |staff: &AccountId, standing: &Standing| match standing {
            Standing::At(position) => Some(tag_of(cell_of(position.fix.position))),
            Standing::Gone { .. } => places.latest.get(staff).map(|latest| latest.0),
        };
        let (mut words, mut needless) = (Vec::with_capacity(staff.len()), Vec::new());
        for (&staff, standing) in staff.iter().zip(standing) {
            match standing.and_then(|standing| Some((tag(&staff, &standing)?, staff, standing))) {
                Some(word) => words.push(word),
                None => needless.push(staff),
            }
        }
        (words, needless)
    }

    /// Redis has this now; what is outdated by it, or is it. Parcels to two servers may come back in another order than they were sent.
    pub(super) fn written(&self, tag: Cell, staff: AccountId, standing: &Standing) -> Vec<Drop> {
        let rank = standing.rank();
        let mut places = lock(&self.places);
        let before = places.latest.get(&staff).copied();
        let is_at = matches!(standing, Standing::At(_));
        if let Some((elsewhere, (later, _))) = before.filter(|(_, later)| *later > rank) {
            let is_outdated = is_at && elsewhere != tag;
            return is_outdated.then_some(((tag, staff), (later, false))).into_iter().collect();
        }
        let (mut outdated, below) = (places.outdated_by(staff, rank), below(standing));
        // Also of one who is gone: the word of it may have been sent elsewhere than where the last record came to be.
        outdated.extend(before.map(|(before, _)| before));
        if is_at {
            places.latest.insert(staff, (tag, rank));
        } else {
            places.gone(staff);
        }
        outdated.remove(&tag);
        outdated.into_iter().map(|outdated| ((outdated, staff), below)).collect()
    }

    /// These are on their way to Redis, all under one tag: from now on they may be there. Who goes must be told there, who moves on
    /// dropped there.
    pub(super) fn sending(&self, tag: Cell, staff: impl IntoIterator<Item = (AccountId, Rank)>) {
        let mut places = lock(&self.places);
        for (staff, rank) in staff {
            if places.latest.entry(staff).or_insert((tag, rank)).0 != tag {
                places.note(staff, tag, rank);
            }
        }
    }

    /// Forgets where those are of whom the index knows nothing.
    pub(super) fn let_go(&self) {
        let index = self.shared.index();
        let mut places = lock(&self.places);
        places.latest.retain(|staff, _| index.knows(*staff));
        places.others.retain(|staff, _| index.knows(*staff));
    }

    /// There was no answer to what was sent under that tag: it is read again, by who reads. Elsewhere these are no more than there are tags.
    pub(super) fn doubt(&self, tag: Cell) {
        lock(&self.doubted).insert(tag);
    }

    /// Tags of which something may be there that is not known here, once.
    pub(super) fn doubted(&self) -> BTreeSet<Cell> {
        std::mem::take(&mut *lock(&self.doubted))
    }

    /// Takes what another node or an earlier life knew of members, from their tag's feed or its hash.
    pub(super) fn take(&self, tag: Cell, told: impl IntoIterator<Item = (AccountId, Standing)>, by: Told) {
        let mut told = told.into_iter();
        loop {
            // Understood before the index is held.
            let some: Vec<(AccountId, Standing)> = told.by_ref().take(TAKEN_AT_ONCE).collect();
            if some.is_empty() {
                return;
            }
            self.take_some(tag, some, by);
        }
    }

    fn take_some(&self, tag: Cell, told: Vec<(AccountId, Standing)>, by: Told) {
        let is_kept = matches!(by, Told::Read | Told::Heard { is_kept: true });
        let now_ms = self.env.now().0;
        let (mut again, mut drops, mut is_doubted) = (Vec::new(), Vec::new(), false);
        {
            let mut index = self.shared.index();
            let mut places = lock(&self.places);
            for (staff, standing) in told {
                let Some(standing) = believed(standing, now_ms) else {
                    // Heard, it may be this node's clock that was just set, or Redis's: a reading compares them first.
                    is_doubted |= by != Told::Read;
                    continue;
                };
                let is_at = matches!(standing, Standing::At(_));
                let (rank, below_told) = (standing.rank(), below(&standing));
                match index.merge(staff, standing) {
                    Merged::Taken | Merged::Known if !is_kept => {}
                    // Whoever wrote this drops the other record, unless it died or did not know of it.
                    Merged::Taken | Merged::Known if is_at => {
                        let before = places.latest.insert(staff, (tag, rank)).filter(|(before, _)| *before != tag);
                        drops.extend(before.map(|(before, _)| ((before, staff), below_told)));
                    }
                    Merged::Taken => {
                        let mut outdated = places.outdated_by(staff, rank);
                        outdated.extend(places.gone(staff));
                        outdated.remove(&tag);
                        drops.extend(outdated.into_iter().map(|outdated| ((outdated, staff), below_told)));
                    }
                    Merged::Older if is_at => {
                        // The record goes from here, and who took it for news is told what is known.
                        let known = index.standing(staff);
                        let known_under = match &known {
                            Some(Standing::At(at)) => tag_of(cell_of(at.fix.position)),
                            _ => places.latest.entry(staff).or_insert((tag, rank)).0,
                        };
                        let is_there = places.latest.get(&staff).is_some_and(|(there, _)| *there == known_under);
                        if known_under != tag && !is_there {
                            // Not before the later one is in Redis: `written` drops this one then.
                            places.note(staff, tag, rank);
                        } else if known_under != tag {
                            drops.push(((tag, staff), known.as_ref().map_or(below_told, below)));
                        }
                        again.push(staff);
                    }
                    Merged::Known | Merged::Older => {}
                }
            }
        }
        if is_doubted {
            self.doubt(tag);
        }
        if !again.is_empty() {
            self.queue().push(again);
        }
        if !drops.is_empty() {
            self.queue().drop_records(drops);
        }
    }

    /// Whether what was read is of a time that has not come: not to be believed, and not to be left there until it has.
    pub(super) fn is_from_future(&self, standing: &Standing) -> bool {
        believed(*standing, self.env.now().0).is_none()
    }

    /// Records of these orders were not to be believed and have gone from Redis: who is known here is written again. Whether that is
    /// everybody.
    pub(super) fn put_again(&self, gone: &[(AccountId, Order)]) -> bool {
        let known: Vec<AccountId> = {
            let index = self.shared.index();
            let is_known = |staff, order| index.standing(staff).is_some_and(|known| known.order() >= order);
            gone.iter().filter(|&&(staff, order)| is_known(staff, order)).map(|&(staff, _)| staff).collect()
        };
        let is_all = known.len() == gone.len();
        self.queue().push(known);
        is_all
    }

    /// Notes the life word of a tag's hash, `None` where it has none. If it is not the one known, what was written there is lost;
    /// whether it is.
    pub(super) fn lives(&self, tag: Cell, word: Option<&str>) -> bool {
        {
            let mut lives = lock(&self.lives);
            let known = lives.get(&tag).map(String::as_str);
            if known == word {
                return false;
            }
            let is_first = known.is_none();
            match word {
                Some(word) => lives.insert(tag, word.to_owned()),
                None => lives.remove(&tag),
            };
            if is_first {
                return false;
            }
        }
        self.lost(tag);
        true
    }

    /// What was written under a tag is lost, or may be: everybody there is to be written again.
    pub(super) fn lost(&self, tag: Cell) {
        lock(&self.lost).insert(tag);
    }

    /// Everybody of the tags that were lost is written again: one look at all staff, however many tags these are.
    pub(super) fn write_lost(&self) {
        let lost = std::mem::take(&mut *lock(&self.lost));
        if lost.is_empty() {
            return;
        }
        let mut all: Vec<(AccountId, Position)> = Vec::new();
        self.shared.by_chunks(|index, slots| all.extend(index.staff_in(slots).map(|p| (p.staff, p.fix.position))));
        // Cells are computed when the index is let go of.
        let of_lost = all.into_iter().filter(|&(_, position)| lost.contains(&tag_of(cell_of(position))));
        self.queue().push(of_lost.map(|(staff, _)| staff).collect::<Vec<_>>());
    }

    /// Every tag whose hash is known.
    pub(super) fn tags(&self) -> Vec<Cell> {
        lock(&self.lives).keys().copied().collect()
    }
}

/// What is told, as far as it can be: a place from the future is of nobody knows when. Of who is gone the order counts, which no clock
/// gave; they are so since now at the latest.
fn believed(told: Standing, now_ms: i64) -> Option<Standing> {
    match told {
        Standing::At(at) => (at.fix.taken_at_ms <= now_ms + FUTURE_MS).then_some(told),
        Standing::Gone { order, taken_at_ms } => Some(Standing::Gone { order, taken_at_ms: taken_at_ms.min(now_ms) }),
    }
}

/// As what outdates others.
const fn below(standing: &Standing) -> Below {
    (standing.order(), matches!(standing, Standing::Gone { .. }))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "books_tests.rs"]
mod tests;
