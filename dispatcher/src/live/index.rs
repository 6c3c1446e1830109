//! Owns the in-process index: last fix of each person, staff by cell, and the log of who moved. Knows no Redis, no clock, no
//! lock.
//!
//! Invariant: a staff member is in exactly one cell and once in the log; both are bounded by the number of staff.

use super::Verdict;
use geo::cell::{Cell, Grid};
use geo::{CellIndex, Fix, Position};
use matcher::model::{AccountId, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// A staff member's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LivePosition {
    /// Who.
    pub staff: AccountId,
    /// Unit number.
    pub no: u32,
    /// Where, when, how well known.
    pub fix: Fix,
}

/// A staff member found near a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Who and where.
    pub at: LivePosition,
    /// Straight distance, metres.
    pub distance_m: f64,
}

/// What the cells hold of each staff member.
#[derive(Clone, Copy)]
struct Person {
    no: u32,
    fix: Fix,
    /// Key in `moves`.
    moved: u64,
}

impl Person {
    const fn at(self, staff: AccountId) -> LivePosition {
        LivePosition { staff, no: self.no, fix: self.fix }
    }
}

/// Where everybody is.
#[derive(Default)]
pub(super) struct Index {
    people: CellIndex<AccountId, Person>,
    riders: HashMap<AccountId, Fix>,
    /// The log of moves: only each one's latest, so that it cannot outgrow the staff.
    moves: BTreeMap<u64, AccountId>,
    last_move: u64,
    /// Order of the last fix of those removed, and its time: a delayed fix must not bring them back.
    gone: HashMap<AccountId, ((u32, u32), i64)>,
}

/// The cell a position is kept under.
pub(super) fn cell_of(at: Position) -> Cell {
    Cell::of(at, Grid::Index)
}

impl Index {
    pub(super) fn put(&mut self, staff: AccountId, no: u32, fix: Fix) -> Verdict {
        let verdict = Verdict::of(&fix, self.order_of(staff));
        if verdict.is_kept() {
            self.place(staff, no, fix);
        }
        verdict
    }

    /// Takes a fix read back from the shared truth, if it is later than what is known. Whether it was.
    pub(super) fn merge(&mut self, staff: AccountId, no: u32, fix: Fix) -> bool {
        let is_later = self.order_of(staff).is_none_or(|known| (fix.session_epoch, fix.seq) > known);
        if is_later {
            self.place(staff, no, fix);
        }
        is_later
    }

    fn person(&self, staff: AccountId) -> Option<Person> {
        self.people.get(staff).map(|(_, person)| person)
    }

    fn order_of(&self, staff: AccountId) -> Option<(u32, u32)> {
        let known = self.person(staff).map(|p| (p.fix.session_epoch, p.fix.seq));
        known.or_else(|| self.gone.get(&staff).map(|&(order, _)| order))
    }

    fn place(&mut self, staff: AccountId, no: u32, fix: Fix) {
        if let Some(before) = self.person(staff) {
            self.moves.remove(&before.moved);
        }
        self.last_move += 1;
        self.moves.insert(self.last_move, staff);
        self.people.upsert(staff, fix.position, Person { no, fix, moved: self.last_move });
        self.gone.remove(&staff);
    }

    pub(super) fn put_rider(&mut self, rider: AccountId, fix: Fix) -> Verdict {
        let last = self.riders.get(&rider).map(|f| (f.session_epoch, f.seq));
        let verdict = Verdict::of(&fix, last);
        if verdict.is_kept() {
            self.riders.insert(rider, fix);
        }
        verdict
    }

    pub(super) fn remove(&mut self, account: AccountId) -> bool {
        let is_rider = self.riders.remove(&account).is_some();
        let Some(person) = self.person(account) else { return is_rider };
        self.people.remove(account);
        self.moves.remove(&person.moved);
        self.gone.insert(account, ((person.fix.session_epoch, person.fix.seq), person.fix.taken_at_ms));
        true
    }

    pub(super) fn last_fix(&self, account: AccountId) -> Option<Fix> {
        self.person(account).map(|p| p.fix).or_else(|| self.riders.get(&account).copied())
    }

    /// What stands about a staff member.
    pub(super) fn get(&self, staff: AccountId) -> Option<LivePosition> {
        self.person(staff).map(|p| p.at(staff))
    }

    /// All staff, in no order.
    pub(super) fn staff(&self) -> impl Iterator<Item = LivePosition> + '_ {
        self.people.iter().map(|(staff, _, person)| person.at(staff))
    }

    pub(super) fn len(&self) -> usize {
        self.people.len()
    }

    pub(super) fn moved_since(&self, cursor: u64, limit: usize) -> (u64, Vec<LivePosition>) {
        let mut next = cursor;
        let moved = self.moves.range(cursor.saturating_add(1)..).take(limit).filter_map(|(&number, &staff)| {
            next = number;
            self.get(staff)
        });
        let moved = moved.collect();
        (next, moved)
    }

    pub(super) fn cells(&self, grid: Grid) -> BTreeMap<Cell, Vec<AccountId>> {
        let mut groups: BTreeMap<Cell, Vec<AccountId>> = BTreeMap::new();
        for (staff, position, _) in self.people.iter() {
            groups.entry(Cell::of(position, grid)).or_default().push(staff);
        }
        groups
    }

    pub(super) fn forget_silent(&mut self, now: Timestamp, older_than_s: i64) -> Vec<AccountId> {
        let since_ms = now.plus_s(-older_than_s).0;
        self.gone.retain(|_, &mut (_, taken_at_ms)| taken_at_ms >= since_ms);
        self.riders.retain(|_, fix| fix.taken_at_ms >= since_ms);
        let silent: Vec<AccountId> = self.staff().filter(|p| p.fix.taken_at_ms < since_ms).map(|p| p.staff).collect();
        for &staff in &silent {
            self.remove(staff);
        }
        silent
    }

    pub(super) fn nearest(&self, at: Position, k: usize, filter: impl Fn(&LivePosition) -> bool) -> Vec<Near> {
        let found = self.people.nearest(at, k, |staff, person| filter(&person.at(staff)));
        found.into_iter().map(|f| Near { at: f.value.at(f.id), distance_m: f.distance_m }).collect()
    }
}
