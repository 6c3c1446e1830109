//! Owns the in-process index: last fix of each person, staff by cell, and the log of who moved. Knows no Redis, no clock, no
//! lock.
//!
//! A staff member has a slot while anything is known of them: the cells (`geo`) and the log know slots only, so that an account
//! is looked up once. Invariant: a present staff member is in exactly one cell and once in the log; both are bounded by the
//! number of staff.

use super::Verdict;
use super::moves::Moves;
use geo::cell::{Cell, Fineness, Grid};
use geo::{Bounds, CellIndex, Fix, FixKind, Found, Mask, Polygon, Position};
use matcher::model::{AccountId, Timestamp};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

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

/// What decides which of two records of one person counts.
pub(super) type Rank = (Order, [u8; 15]);

/// Of who is gone, in place of the kind of fix, and greater than any.
pub(super) const GONE: u8 = 15;

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

    /// Later outranks earlier; of the same order, gone outranks the fix, and of two fixes that one node each took the greater content
    /// counts, whichever that is. So what all nodes come to does not depend on who hears what first. Without the time, which every node
    /// has by its own clock.
    pub(super) fn rank(&self) -> Rank {
        (self.order(), self.content())
    }

    /// Kind of fix or [`GONE`], error radius in whole metres, unit number, latitude and longitude, big endian, as they are packed.
    fn content(&self) -> [u8; 15] {
        let mut out = [0; 15];
        match self {
            Self::Gone { .. } => out[0] = GONE,
            Self::At(LivePosition { no, fix, .. }) => {
                out[0] = fix.kind as u8;
                out[1..3].copy_from_slice(&(fix.accuracy_m.ceil() as u16).to_be_bytes());
                out[3..7].copy_from_slice(&no.to_be_bytes());
                out[7..11].copy_from_slice(&fix.position.lat_e7().to_be_bytes());
                out[11..].copy_from_slice(&fix.position.lon_e7().to_be_bytes());
            }
        }
        out
    }
}

/// What the next fix of somebody has to come after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastOrder {
    /// Session epoch and sequence of the last fix.
    pub order: (u32, u32),
    /// When that was taken.
    pub taken_at_ms: i64,
    /// It was no place but a circle.
    pub is_coarse: bool,
    /// They were removed since.
    pub is_gone: bool,
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

/// Nothing is asked of bits while scanning: who may go is asked of policy, where people stand on the roads.
const NO_BITS: u32 = 0;

/// What a slot holds.
#[derive(Clone, Copy)]
struct Person {
    /// With the last fix, also of one who was removed: a delayed fix must not bring them back.
    at: LivePosition,
    /// Number of the last move in the log; 0 of one who is not there.
    moved: u64,
}

impl Person {
    const fn is_present(&self) -> bool {
        self.moved > 0
    }

    const fn order(&self) -> Order {
        (self.at.fix.session_epoch, self.at.fix.seq)
    }
}

/// Where everybody is.
#[derive(Default)]
pub(super) struct Index {
    /// By slot: present, removed, or free.
    people: Vec<Person>,
    slots: HashMap<AccountId, u32>,
    free: Vec<u32>,
    /// The present, by slot.
    cells: CellIndex,
    moves: Moves,
    riders: HashMap<AccountId, Fix>,
}

/// For somebody of whom no more is known than that they are gone.
fn nowhere(staff: AccountId) -> LivePosition {
    let position = Position::from_e7(0, 0).expect("zero is in range");
    let fix = Fix { position, accuracy_m: 0.0, kind: FixKind::Manual, taken_at_ms: 0, session_epoch: 0, seq: 0 };
    LivePosition { staff, no: 0, fix }
}

/// The cell a position is kept under.
pub(super) fn cell_of(at: Position) -> Cell {
    Cell::of(at, Grid::Index)
}

impl Index {
    pub(super) fn put(&mut self, staff: AccountId, no: u32, fix: Fix) -> Verdict {
        let slot = self.slot_of(staff);
        let verdict = Verdict::of(&fix, slot.map(|slot| self.people[slot as usize].order()));
        if verdict.is_kept() {
            self.place(slot, LivePosition { staff, no, fix });
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
        let slot = self.slot_of(staff);
        match told {
            Standing::At(at) => self.place(slot, at),
            Standing::Gone { order, taken_at_ms } => {
                let slot = slot.unwrap_or_else(|| self.new_slot(nowhere(staff)));
                if self.people[slot as usize].is_present() {
                    self.take_out(slot);
                }
                let fix = &mut self.people[slot as usize].at.fix;
                (fix.session_epoch, fix.seq, fix.taken_at_ms) = (order.0, order.1, taken_at_ms);
            }
        }
        Merged::Taken
    }

    /// What is known of a staff member.
    pub(super) fn standing(&self, staff: AccountId) -> Option<Standing> {
        let person = &self.people[self.slot_of(staff)? as usize];
        let gone = Standing::Gone { order: person.order(), taken_at_ms: person.at.fix.taken_at_ms };
        Some(if person.is_present() { Standing::At(person.at) } else { gone })
    }

    fn slot_of(&self, staff: AccountId) -> Option<u32> {
        self.slots.get(&staff).copied()
    }

    fn person(&self, staff: AccountId) -> Option<&Person> {
        let person = &self.people[self.slot_of(staff)? as usize];
        person.is_present().then_some(person)
    }

    fn place(&mut self, slot: Option<u32>, at: LivePosition) {
        let slot = slot.unwrap_or_else(|| self.new_slot(at));
        let person = &mut self.people[slot as usize];
        let last = person.is_present().then_some(person.moved);
        person.at = at;
        person.moved = self.moves.push(slot, last, self.cells.len());
        self.cells.upsert(slot, at.fix.position, NO_BITS);
    }

    fn new_slot(&mut self, at: LivePosition) -> u32 {
        let person = Person { at, moved: 0 };
        let slot = if let Some(slot) = self.free.pop() {
            self.people[slot as usize] = person;
            slot
        } else {
            self.people.push(person);
            u32::try_from(self.people.len() - 1).expect("fewer staff than people on Earth")
        };
        self.slots.insert(at.staff, slot);
        slot
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
        match self.slot_of(account) {
            Some(slot) if self.people[slot as usize].is_present() => {
                self.take_out(slot);
                true
            }
            _ => is_rider,
        }
    }

    fn take_out(&mut self, slot: u32) {
        let person = &mut self.people[slot as usize];
        self.moves.forget(person.moved);
        person.moved = 0;
        self.cells.remove(slot);
    }

    pub(super) fn last_fix(&self, account: AccountId) -> Option<Fix> {
        self.person(account).map(|p| p.at.fix).or_else(|| self.riders.get(&account).copied())
    }

    pub(super) fn last_order(&self, account: AccountId) -> Option<LastOrder> {
        let staff = self.slot_of(account).map(|slot| {
            let person = &self.people[slot as usize];
            (person.at.fix, !person.is_present())
        });
        let (fix, is_gone) = staff.or_else(|| self.riders.get(&account).map(|fix| (*fix, false)))?;
        let is_coarse = Verdict::believed(&fix) == Verdict::Coarse;
        Some(LastOrder { order: (fix.session_epoch, fix.seq), taken_at_ms: fix.taken_at_ms, is_coarse, is_gone })
    }

    /// Slots ever in use at once: the bound of `staff_in`.
    pub(super) fn slot_count(&self) -> usize {
        self.people.len()
    }

    /// The staff of some slots, which must be below the bound.
    pub(super) fn staff_in(&self, slots: Range<usize>) -> impl Iterator<Item = LivePosition> + '_ {
        self.people[slots].iter().filter(|p| p.is_present()).map(|p| p.at)
    }

    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn moved_since(&self, cursor: u64, limit: usize) -> (u64, Vec<LivePosition>) {
        let mut next = cursor;
        let moved = self.moves.since(cursor).take(limit).map(|(number, slot)| {
            next = number;
            self.people[slot as usize].at
        });
        let moved = moved.collect();
        (next, moved)
    }

    /// Forgets riders whose fix is older.
    pub(super) fn forget_silent_riders(&mut self, now: Timestamp, older_than_s: i64) {
        let since_ms = now.plus_s(-older_than_s).0;
        self.riders.retain(|_, fix| fix.taken_at_ms >= since_ms);
    }

    /// Removes the staff of some slots whose fix is older, and forgets those who had been removed by then; who was removed.
    pub(super) fn forget_silent(&mut self, slots: Range<usize>, now: Timestamp, older_than_s: i64) -> Vec<AccountId> {
        let since_ms = now.plus_s(-older_than_s).0;
        let mut silent = Vec::new();
        for slot in slots {
            let Person { at, .. } = self.people[slot];
            if at.fix.taken_at_ms >= since_ms {
                continue;
            }
            if self.people[slot].is_present() {
                self.take_out(slot as u32);
                silent.push(at.staff);
            } else if self.slots.get(&at.staff) == Some(&(slot as u32)) {
                self.slots.remove(&at.staff);
                self.free.push(slot as u32);
            }
        }
        silent
    }

    /// The clock was set back by so much, milliseconds below zero: the fixes of some slots are as old as before, and whoever follows the
    /// moves is told so.
    pub(super) fn clock_was_set_back(&mut self, slots: Range<usize>, by_ms: i64) {
        for slot in slots {
            let person = &mut self.people[slot];
            person.at.fix.taken_at_ms = person.at.fix.taken_at_ms.saturating_add(by_ms);
            if person.is_present() {
                person.moved = self.moves.push(slot as u32, Some(person.moved), self.cells.len());
            }
        }
    }

    /// The same of riders.
    pub(super) fn riders_clock_was_set_back(&mut self, by_ms: i64) {
        self.riders.values_mut().for_each(|fix| fix.taken_at_ms = fix.taken_at_ms.saturating_add(by_ms));
    }

    /// Forgets a staff member as if they had never been here: what was delayed may bring them back.
    pub(super) fn let_go(&mut self, staff: AccountId) {
        if let Some(slot) = self.slots.remove(&staff) {
            if self.people[slot as usize].is_present() {
                self.take_out(slot);
            }
            self.free.push(slot);
        }
    }

    /// Whether anything is known of a staff member.
    pub(super) fn knows(&self, staff: AccountId) -> bool {
        self.slots.contains_key(&staff)
    }

    pub(super) fn nearest(&self, at: Position, k: usize, filter: impl Fn(&LivePosition) -> bool) -> Vec<Near> {
        let of = |count| self.cells.nearest(at, count, Mask::ANY, |slot| filter(&self.people[slot as usize].at));
        // Slots differ from node to node, accounts do not: all who are exactly as far as the last one have to be known.
        let mut count = k.saturating_add(1);
        let mut found: Vec<Found> = of(count);
        while k > 0 && found.len() == count && found[k - 1].distance_m.total_cmp(&found[count - 1].distance_m).is_eq() {
            count = count.saturating_mul(2);
            found = of(count);
        }
        let near = |f: &Found| Near { at: self.people[f.who as usize].at, distance_m: f.distance_m };
        let mut found: Vec<Near> = found.iter().map(near).collect();
        found.sort_by(|a, b| a.distance_m.total_cmp(&b.distance_m).then_with(|| a.at.staff.cmp(&b.at.staff)));
        found.truncate(k);
        found
    }

    /// Everybody in the box whom the filter lets through, in no order; `None` if they are more than `limit`.
    pub(super) fn within(
        &self,
        bounds: &Bounds,
        limit: usize,
        filter: impl Fn(&LivePosition) -> bool,
    ) -> Option<Vec<LivePosition>> {
        let mut kept = UpTo::new(limit);
        self.cells.within_bounds(bounds, Mask::ANY, |slot| kept.offer(&self.people[slot as usize].at, &filter));
        kept.whole()
    }

    /// Everybody in the polygon whom the filter lets through, in no order; `None` if they are more than `limit`.
    pub(super) fn within_polygon(
        &self,
        polygon: &Polygon,
        limit: usize,
        filter: impl Fn(&LivePosition) -> bool,
    ) -> Option<Vec<LivePosition>> {
        let mut kept = UpTo::new(limit);
        self.cells.within_polygon(polygon, Mask::ANY, |slot| kept.offer(&self.people[slot as usize].at, &filter));
        kept.whole()
    }

    pub(super) fn counts(
        &self,
        grid: Fineness,
        bounds: Option<&Bounds>,
        filter: impl Fn(&LivePosition) -> bool,
    ) -> BTreeMap<Cell, u32> {
        self.cells.counts(grid, bounds, Mask::ANY, |slot| filter(&self.people[slot as usize].at))
    }
}

/// A list that says when it would have been too long.
struct UpTo {
    kept: Vec<LivePosition>,
    limit: usize,
    is_over: bool,
}

impl UpTo {
    const fn new(limit: usize) -> Self {
        Self { kept: Vec::new(), limit, is_over: false }
    }

    fn offer(&mut self, at: &LivePosition, filter: impl Fn(&LivePosition) -> bool) {
        if self.is_over || !filter(at) {
            return;
        }
        self.is_over = self.kept.len() == self.limit;
        if !self.is_over {
            self.kept.push(*at);
        }
    }

    fn whole(self) -> Option<Vec<LivePosition>> {
        (!self.is_over).then_some(self.kept)
    }
}
