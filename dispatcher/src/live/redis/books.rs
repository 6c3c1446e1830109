//! Owns what is known of Redis's content, by writer and mirror together: under which tag each member has a record, and the life
//! word of each tag's hash. Takes in what is told of members and sees to it that all come to the same: the later counts, what is
//! outdated elsewhere goes, and who told something outdated is told what is known.

use super::super::Shared;
use super::super::index::{Merged, Order, Standing, cell_of};
use super::keys::tag_of;
use super::queue::{Drop, Queue};
use crate::clock::Env;
use geo::cell::Cell;
use matcher::model::AccountId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Clocks of servers are measured to about this, milliseconds: what is from later than now by more is from a clock that is wrong,
/// and would never grow old.
const FUTURE_MS: i64 = 1_000;

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

/// What is known of Redis's content.
pub(super) struct Books {
    shared: Arc<Shared>,
    env: Env,
    places: Mutex<HashMap<AccountId, Cell>>,
    lives: Mutex<HashMap<Cell, String>>,
}

impl Books {
    pub(super) fn new(shared: Arc<Shared>, env: Env) -> Self {
        Self { shared, env, places: Mutex::default(), lives: Mutex::default() }
    }

    pub(super) const fn env(&self) -> &Env {
        &self.env
    }

    pub(super) fn queue(&self) -> &Queue {
        self.shared.queue.as_ref().expect("these books are kept with Redis only")
    }

    /// What Redis should have of these, each under its tag. Who was never written and is gone needs no word.
    pub(super) fn standing(&self, staff: &[AccountId]) -> Vec<(Cell, AccountId, Standing)> {
        let index = self.shared.index();
        let places = lock(&self.places);
        let of = |&staff: &AccountId| {
            let standing = index.standing(staff)?;
            let tag = match &standing {
                Standing::At(position) => tag_of(cell_of(position.fix.position)),
                Standing::Gone { .. } => *places.get(&staff)?,
            };
            Some((tag, staff, standing))
        };
        staff.iter().filter_map(of).collect()
    }

    /// Redis has this now; a record under another tag is outdated.
    pub(super) fn written(&self, tag: Cell, staff: AccountId, standing: &Standing) -> Option<Drop> {
        let mut places = lock(&self.places);
        if let Standing::Gone { .. } = standing {
            places.remove(&staff);
            return None;
        }
        let before = places.insert(staff, tag).filter(|&before| before != tag)?;
        Some(((before, staff), standing.order()))
    }

    /// Takes what another node or an earlier life knew of members, from their tag's feed or its hash.
    pub(super) fn take(&self, tag: Cell, told: impl IntoIterator<Item = (AccountId, Standing)>, by: Told) {
        let is_kept = matches!(by, Told::Read | Told::Heard { is_kept: true });
        let now_ms = self.env.now().0;
        let (mut again, mut drops) = (Vec::new(), Vec::new());
        {
            let mut index = self.shared.index();
            let mut places = lock(&self.places);
            for (staff, standing) in told {
                let is_at = matches!(standing, Standing::At(_));
                let order = standing.order();
                if standing.taken_at_ms() > now_ms + FUTURE_MS {
                    // Heard, it may be this node's clock that was just set: the next reading compares them first.
                    if is_at && by == Told::Read {
                        drops.push(((tag, staff), after(order)));
                    }
                    continue;
                }
                match index.merge(staff, standing) {
                    Merged::Taken | Merged::Known if !is_kept => {}
                    // Whoever wrote this drops the other record, unless it died or did not know of it.
                    Merged::Taken | Merged::Known if is_at => {
                        let before = places.insert(staff, tag).filter(|&before| before != tag);
                        drops.extend(before.map(|before| ((before, staff), order)));
                    }
                    Merged::Taken => {
                        places.remove(&staff);
                    }
                    Merged::Older if is_at => {
                        // The record goes from here, and who took it for news is told what is known.
                        let known = index.standing(staff);
                        let known_under = match &known {
                            Some(Standing::At(at)) => tag_of(cell_of(at.fix.position)),
                            _ => *places.entry(staff).or_insert(tag),
                        };
                        if known_under != tag && places.get(&staff) != Some(&known_under) {
                            // Not before the later one is in Redis: `written` drops this one then.
                            places.insert(staff, tag);
                        } else if known_under != tag {
                            let below = known.map_or(order, |known| after(known.order()));
                            drops.push(((tag, staff), below));
                        }
                        again.push(staff);
                    }
                    Merged::Known | Merged::Older => {}
                }
            }
        }
        if !again.is_empty() {
            self.queue().push(again);
        }
        if !drops.is_empty() {
            self.queue().drop_records(drops);
        }
    }

    /// Notes the life word of a tag's hash, `None` where it has none. If it is not the one known, what was written there is lost and
    /// everybody of the tag is written again; whether it was.
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
        let lost: Vec<AccountId> = {
            let index = self.shared.index();
            index.staff().filter(|p| tag_of(cell_of(p.fix.position)) == tag).map(|p| p.staff).collect()
        };
        self.queue().push(lost);
        true
    }

    /// Every tag whose hash is known.
    pub(super) fn tags(&self) -> Vec<Cell> {
        lock(&self.lives).keys().copied().collect()
    }
}

/// The next order: a record of the one before is below it.
const fn after((epoch, seq): Order) -> Order {
    (epoch, seq.saturating_add(1))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
