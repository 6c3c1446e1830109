//! Owns the in-process index: last fix of each person, staff by cell, and the log of who moved. Knows no Redis, no clock, no
//! lock.
//!
//! Invariant: a staff member is in exactly one cell and once in the log; both are bounded by the number of staff.

use super::Verdict;
use geo::cell::{Cell, Grid};
use geo::{CellIndex, Fix, Position};
use matcher::model::{AccountId, Timestamp};
use std::cmp::Ordering;
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

/// Orders the fixes of one phone: session epoch, then sequence.
pub(super) type Order = (u32, u32);

/// What is known of a staff member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Standing {
    /// Somewhere.
    At(LivePosition),
    /// Removed: what came before stays out.
    Gone {
        /// Of the last fix.
        order: Order,
        /// When that was taken.
        taken_at_ms: i64,
    },
}

impl Standing {
    pub(super) const fn order(&self) -> Order {
        match self {
            Self::At(LivePosition { fix, .. }) => (fix.session_epoch, fix.seq),
            Self::Gone { order, .. } => *order,
        }
    }

    pub(super) const fn taken_at_ms(&self) -> i64 {
        match self {
            Self::At(LivePosition { fix, .. }) => fix.taken_at_ms,
            Self::Gone { taken_at_ms, .. } => *taken_at_ms,
        }
    }

    /// Later outranks earlier; of the same order, gone outranks the fix. So what all nodes come to does not depend on who hears what first.
    fn rank(&self) -> (Order, bool) {
        (self.order(), matches!(self, Self::Gone { .. }))
    }
}

/// What became of something told by another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// News.
    Taken,
    /// Known already.
    Known,
    /// Something later is known.
    Older,
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
    gone: HashMap<AccountId, (Order, i64)>,
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

    /// Takes what another node or an earlier life knew, if it outranks what is known here.
    pub(super) fn merge(&mut self, staff: AccountId, told: Standing) -> Merged {
        match self.standing(staff).map(|known| told.rank().cmp(&known.rank())) {
            Some(Ordering::Less) => return Merged::Older,
            Some(Ordering::Equal) => return Merged::Known,
            Some(Ordering::Greater) | None => {}
        }
        match told {
            Standing::At(LivePosition { no, fix, .. }) => self.place(staff, no, fix),
            Standing::Gone { order, taken_at_ms } => {
                if let Some(person) = self.person(staff) {
                    self.people.remove(staff);
                    self.moves.remove(&person.moved);
                }
                self.gone.insert(staff, (order, taken_at_ms));
            }
        }
        Merged::Taken
    }

    /// What is known of a staff member.
    pub(super) fn standing(&self, staff: AccountId) -> Option<Standing> {
        let gone = || self.gone.get(&staff).map(|&(order, taken_at_ms)| Standing::Gone { order, taken_at_ms });
        self.get(staff).map(Standing::At).or_else(gone)
    }

    fn person(&self, staff: AccountId) -> Option<Person> {
        self.people.get(staff).map(|(_, person)| person)
    }

    fn order_of(&self, staff: AccountId) -> Option<Order> {
        self.standing(staff).map(|known| known.order())
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
