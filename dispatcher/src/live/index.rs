//! Owns the in-process index: last fix of each person, staff by H3 cell, and the log of who moved. Knows no Redis, no clock,
//! no lock.
//!
//! Invariant: a staff member is in exactly one cell and once in the log; both are bounded by the number of staff.

use super::Verdict;
use geo::{Fix, Position};
use h3o::{CellIndex, LatLng, Resolution};
use matcher::model::{AccountId, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// An H3 cell.
pub type Cell = CellIndex;

/// Cells of about 0.7 km²: the best size for hundreds to ten thousand staff in a city.
pub(super) const RES: Resolution = Resolution::Eight;
/// No point of a resolution-8 cell lies farther from its centre, metres (the largest on Earth is under 660).
const CELL_REACH_M: f64 = 700.0;
/// Rings read outward, about 18 km, before looking at everybody costs less than more empty rings.
const RINGS_MAX: u32 = 20;

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

struct Person {
    no: u32,
    fix: Fix,
    cell: Cell,
    /// Key in `moves`.
    moved: u64,
}

/// Where everybody is.
#[derive(Default)]
pub(super) struct Index {
    people: HashMap<AccountId, Person>,
    cells: HashMap<Cell, Vec<AccountId>>,
    riders: HashMap<AccountId, Fix>,
    /// The log of moves: only each one's latest, so that it cannot outgrow the staff.
    moves: BTreeMap<u64, AccountId>,
    last_move: u64,
    /// Order of the last fix of those removed, and its time: a delayed fix must not bring them back.
    gone: HashMap<AccountId, ((u32, u32), i64)>,
}

/// The cell a point lies in.
pub(super) fn cell_of(at: Position) -> Cell {
    LatLng::new(at.lat(), at.lon()).expect("a position is finite").to_cell(RES)
}

impl Index {
    pub(super) fn put(&mut self, now: Timestamp, staff: AccountId, no: u32, fix: Fix) -> Verdict {
        let verdict = Verdict::of(now, &fix, self.order_of(staff));
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

    fn order_of(&self, staff: AccountId) -> Option<(u32, u32)> {
        let known = self.people.get(&staff).map(|p| (p.fix.session_epoch, p.fix.seq));
        known.or_else(|| self.gone.get(&staff).map(|&(order, _)| order))
    }

    fn place(&mut self, staff: AccountId, no: u32, fix: Fix) {
        let cell = cell_of(fix.position);
        self.last_move += 1;
        let person = Person { no, fix, cell, moved: self.last_move };
        match self.people.insert(staff, person) {
            Some(before) => {
                self.moves.remove(&before.moved);
                if before.cell != cell {
                    self.leave(before.cell, staff);
                    self.cells.entry(cell).or_default().push(staff);
                }
            }
            None => self.cells.entry(cell).or_default().push(staff),
        }
        self.moves.insert(self.last_move, staff);
        self.gone.remove(&staff);
    }

    fn leave(&mut self, cell: Cell, staff: AccountId) {
        let Some(members) = self.cells.get_mut(&cell) else { return };
        if let Some(place) = members.iter().position(|&m| m == staff) {
            members.swap_remove(place);
        }
        if members.is_empty() {
            self.cells.remove(&cell);
        }
    }

    pub(super) fn put_rider(&mut self, now: Timestamp, rider: AccountId, fix: Fix) -> Verdict {
        let last = self.riders.get(&rider).map(|f| (f.session_epoch, f.seq));
        let verdict = Verdict::of(now, &fix, last);
        if verdict.is_kept() {
            self.riders.insert(rider, fix);
        }
        verdict
    }

    pub(super) fn remove(&mut self, account: AccountId) -> bool {
        let rider = self.riders.remove(&account).is_some();
        let Some(person) = self.people.remove(&account) else { return rider };
        self.moves.remove(&person.moved);
        self.leave(person.cell, account);
        self.gone.insert(account, ((person.fix.session_epoch, person.fix.seq), person.fix.taken_at_ms));
        true
    }

    pub(super) fn last_fix(&self, account: AccountId) -> Option<Fix> {
        self.people.get(&account).map(|p| p.fix).or_else(|| self.riders.get(&account).copied())
    }

    /// What stands about a staff member.
    pub(super) fn get(&self, staff: AccountId) -> Option<LivePosition> {
        self.people.get(&staff).map(|p| LivePosition { staff, no: p.no, fix: p.fix })
    }

    pub(super) fn snapshot(&self) -> Vec<LivePosition> {
        self.people.iter().map(|(&staff, p)| LivePosition { staff, no: p.no, fix: p.fix }).collect()
    }

    pub(super) fn staff(&self) -> impl Iterator<Item = AccountId> {
        self.people.keys().copied()
    }

    pub(super) fn staff_count(&self) -> usize {
        self.people.len()
    }

    pub(super) fn moved_since(&self, cursor: u64, limit: usize) -> (u64, Vec<LivePosition>) {
        let mut next = cursor;
        let moved = self.moves.range(cursor.saturating_add(1)..).take(limit).filter_map(|(&no, &staff)| {
            next = no;
            self.get(staff)
        });
        let moved = moved.collect();
        (next, moved)
    }

    pub(super) fn cells(&self, res: u8) -> Vec<(Cell, Vec<AccountId>)> {
        let res = Resolution::try_from(res).map_or(RES, |r| r.min(RES));
        let mut groups: BTreeMap<Cell, Vec<AccountId>> = BTreeMap::new();
        for (cell, members) in &self.cells {
            let parent = cell.parent(res).expect("the index is no coarser than what is asked");
            groups.entry(parent).or_default().extend(members);
        }
        groups.into_iter().collect()
    }

    pub(super) fn forget_silent(&mut self, now: Timestamp, older_than_s: i64) -> Vec<AccountId> {
        let since_ms = now.plus_s(-older_than_s).0;
        self.gone.retain(|_, &mut (_, taken_at_ms)| taken_at_ms >= since_ms);
        self.riders.retain(|_, fix| fix.taken_at_ms >= since_ms);
        let silent: Vec<AccountId> =
            self.people.iter().filter(|(_, p)| p.fix.taken_at_ms < since_ms).map(|(&staff, _)| staff).collect();
        for &staff in &silent {
            self.remove(staff);
        }
        silent
    }

    /// Reads rings of cells outward. Whoever is beyond a ring must cross it, so once the k-th best is nearer than the
    /// nearest point any cell of the next ring can have, nobody unread can be better.
    pub(super) fn nearest(&self, at: Position, k: usize, mut filter: impl FnMut(&LivePosition) -> bool) -> Vec<Near> {
        let mut best = Nearest::new(k);
        let centre = cell_of(at);
        let mut read = 0;
        for ring in 0..=RINGS_MAX {
            let cells: Vec<Cell> = centre.grid_ring(ring);
            if best.is_full() && best.worst_m() <= reach_m(at, &cells) {
                return best.found;
            }
            for member in cells.iter().filter_map(|cell| self.cells.get(cell)).flatten() {
                read += 1;
                self.consider(at, *member, &mut filter, &mut best);
            }
            if read == self.people.len() {
                return best.found;
            }
        }
        best.found.clear();
        for &staff in self.people.keys() {
            self.consider(at, staff, &mut filter, &mut best);
        }
        best.found
    }

    fn consider(
        &self,
        at: Position,
        staff: AccountId,
        filter: &mut impl FnMut(&LivePosition) -> bool,
        best: &mut Nearest,
    ) {
        let person = &self.people[&staff];
        let distance_m = at.distance_m(person.fix.position);
        let candidate = LivePosition { staff, no: person.no, fix: person.fix };
        if best.wants(distance_m) && filter(&candidate) {
            best.add(Near { at: candidate, distance_m });
        }
    }
}

/// How near a point of these cells can be at the least, metres.
fn reach_m(at: Position, cells: &[Cell]) -> f64 {
    let centres = cells.iter().map(|&cell| LatLng::from(cell));
    let nearest = centres
        .filter_map(|c| Position::new(c.lat(), c.lng()).ok())
        .map(|centre| at.distance_m(centre))
        .fold(f64::INFINITY, f64::min);
    nearest - CELL_REACH_M
}

/// The k best so far, nearest first.
struct Nearest {
    k: usize,
    found: Vec<Near>,
}

impl Nearest {
    fn new(k: usize) -> Self {
        Self { k, found: Vec::new() }
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.k
    }

    fn worst_m(&self) -> f64 {
        self.found.last().map_or(0.0, |n| n.distance_m)
    }

    fn wants(&self, distance_m: f64) -> bool {
        !self.is_full() || distance_m < self.worst_m()
    }

    fn add(&mut self, near: Near) {
        let place = self.found.partition_point(|n| n.distance_m <= near.distance_m);
        self.found.insert(place, near);
        self.found.truncate(self.k);
    }
}
