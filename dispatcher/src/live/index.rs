//! Owns the in-process index of staff: last fix by account, and the order in which they last moved, so that a reader pays
//! only for those who moved since it last looked. Knows no Redis.

use geo::Fix;
use matcher::model::AccountId;
use std::collections::{BTreeMap, HashMap};

/// A staff member and where they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LivePosition {
    /// Who.
    pub staff: AccountId,
    /// Unit number.
    pub no: u32,
    /// Where.
    pub fix: Fix,
}

/// What became of a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the latest.
    Ok,
    /// A later one of the same phone is known, or this very one.
    Old,
}

impl Verdict {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Old => "old",
        }
    }
}

/// Everybody's last fix.
#[derive(Default)]
pub struct Index {
    people: HashMap<AccountId, Entry>,
    /// Move number to who; each person is in it once, at their last move.
    moves: BTreeMap<u64, AccountId>,
    last_move: u64,
}

struct Entry {
    no: u32,
    fix: Fix,
    moved: u64,
}

impl Index {
    /// Takes a fix if it is later than what is known, by (session epoch, sequence).
    pub fn put(&mut self, staff: AccountId, no: u32, fix: Fix) -> Verdict {
        if let Some(entry) = self.people.get(&staff) {
            if !fix.is_after(&entry.fix) {
                return Verdict::Old;
            }
            self.moves.remove(&entry.moved);
        }
        self.last_move += 1;
        self.moves.insert(self.last_move, staff);
        self.people.insert(staff, Entry { no, fix, moved: self.last_move });
        Verdict::Ok
    }

    /// Whether they were known.
    pub fn remove(&mut self, staff: AccountId) -> bool {
        match self.people.remove(&staff) {
            Some(entry) => self.moves.remove(&entry.moved).is_some(),
            None => false,
        }
    }

    /// One person.
    pub fn get(&self, staff: AccountId) -> Option<LivePosition> {
        self.people.get(&staff).map(|e| LivePosition { staff, no: e.no, fix: e.fix })
    }

    /// Who moved after the cursor, oldest move first, and the cursor after the last of them.
    pub fn moved_since(&self, cursor: u64, limit: usize) -> (u64, Vec<LivePosition>) {
        let mut next = cursor;
        let moved = self
            .moves
            .range(cursor + 1..)
            .take(limit)
            .filter_map(|(&number, &staff)| {
                next = number;
                self.get(staff)
            })
            .collect();
        (next, moved)
    }

    /// How many are known.
    pub fn len(&self) -> usize {
        self.people.len()
    }
}
