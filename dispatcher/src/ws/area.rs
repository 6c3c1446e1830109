//! Owns the live map as screens see it: which unit everybody is in, how many are free and at work in each cell of each size that is
//! counted, and who is to be told of a change. A change is made into text once and shared by all who see it. Knows no sockets.
//!
//! Invariant: the counts are those of the people held; a company's are of its own staff.

use super::screen::{Screen, Tier, unit};
use crate::view::map::{CellCount, Person};
use crate::view::people::Duty;
use geo::Fix;
use geo::cell::{Cell, Fineness, Grid};
use geo::cover::unit_of;
use matcher::model::{AccountId, AgencyId, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Consoles that see the same people: one agency's, or the centre's.
pub type Side = Option<AgencyId>;
/// Screens that show the same of a side.
pub type Audience = (Side, Screen);

/// Counts of a side, by the size of the cells.
type Level = (Side, Fineness);

/// Somebody at work whose place is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    /// Unit number.
    pub no: u32,
    /// Employer.
    pub agency: AgencyId,
    /// Last fix.
    pub fix: Fix,
    /// What they are doing.
    pub duty: Duty,
    /// Whether their fix is too old to count on them.
    pub silent: bool,
}

impl Shown {
    fn unit(&self) -> Cell {
        unit_of(self.fix.position, Grid::District)
    }

    /// Which count they are in; the silent cannot be sent anywhere.
    fn counted(&self) -> Option<usize> {
        (!self.silent).then_some(usize::from(self.duty != Duty::Available))
    }

    fn sides(&self) -> [Side; 2] {
        [None, Some(self.agency)]
    }
}

/// What a frame of an audience holds.
#[derive(Default)]
pub struct Parts {
    /// `[no,lat,lon,state,age_s,acc_m]`.
    pub people: Vec<Arc<str>>,
    /// Numbers of who is not among them any more; to be taken out before those are put in.
    pub gone: Vec<Arc<str>>,
    /// `[cell,available,busy]`, with the outline of a cell that was empty.
    pub cells: Vec<Arc<str>>,
}

/// Everybody on the map.
#[derive(Default)]
pub struct Area {
    people: HashMap<AccountId, Shown>,
    units: HashMap<Cell, HashSet<AccountId>>,
    counts: HashMap<Level, BTreeMap<Cell, [u32; 2]>>,
    /// Since the last telling: who, where they were.
    moved: BTreeMap<AccountId, Option<Shown>>,
    /// Since the last telling: counts as they were.
    recounted: BTreeMap<(Side, Cell), [u32; 2]>,
}

impl Area {
    /// How many are on the map.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Where somebody is now and what they do; `None` for who is nowhere.
    pub fn put(&mut self, staff: AccountId, now: Option<Shown>) {
        let before = self.people.get(&staff).copied();
        if before.is_none() && now.is_none() {
            return;
        }
        self.moved.entry(staff).or_insert(before);
        self.recount(before.as_ref(), now.as_ref());
        if let Some(was) = before {
            let at = was.unit();
            if let Some(unit) = self.units.get_mut(&at) {
                unit.remove(&staff);
                if unit.is_empty() {
                    self.units.remove(&at);
                }
            }
        }
        match now {
            Some(shown) => {
                self.units.entry(shown.unit()).or_default().insert(staff);
                self.people.insert(staff, shown);
            }
            None => {
                self.people.remove(&staff);
            }
        }
    }

    /// Takes somebody out of the counts they were in and into those they are in, from small cells to large ones, up to the first that
    /// holds both.
    fn recount(&mut self, was: Option<&Shown>, is: Option<&Shown>) {
        let counted =
            |shown: Option<&Shown>| shown.and_then(|shown| Some((shown.agency, shown.unit(), shown.counted()?)));
        let (was, is) = (counted(was), counted(is));
        for resolution in (0..=Fineness::from(Grid::District).resolution()).rev() {
            let grid = Fineness::of_resolution(resolution).expect("a resolution of H3");
            let at = |(agency, cell, nth): (AgencyId, Cell, usize)| (agency, cell.parent(grid), nth);
            let (was, is) = (was.map(at), is.map(at));
            if was == is {
                return;
            }
            if let Some((agency, cell, nth)) = was {
                self.count((agency, grid), cell, |count| count[nth] = count[nth].saturating_sub(1));
            }
            if let Some((agency, cell, nth)) = is {
                self.count((agency, grid), cell, |count| count[nth] += 1);
            }
        }
    }

    fn count(&mut self, (agency, grid): (AgencyId, Fineness), cell: Cell, change: impl Fn(&mut [u32; 2])) {
        for side in [None, Some(agency)] {
            let counts = self.counts.entry((side, grid)).or_default();
            let count = counts.entry(cell).or_default();
            self.recounted.entry((side, cell)).or_insert(*count);
            change(count);
            if *count == [0, 0] {
                counts.remove(&cell);
            }
        }
    }

    /// What changed since the last call, for each of these audiences; those that have nothing to be told are left out.
    pub fn changes(&mut self, audiences: &BTreeSet<Audience>, now: Timestamp) -> BTreeMap<Audience, Parts> {
        let interest = Interest::of(audiences);
        let mut told: BTreeMap<Audience, Parts> = BTreeMap::new();
        for (staff, was) in std::mem::take(&mut self.moved) {
            let is = self.people.get(&staff);
            let Some(some) = is.or(was.as_ref()) else { continue };
            let (from, to) = (was.map(|was| was.unit()), is.map(Shown::unit));
            let row = is.map(|is| row_of(is, now));
            let gone: Arc<str> = some.no.to_string().into();
            for side in some.sides() {
                for audience in interest.near(side, to) {
                    told.entry(audience.clone()).or_default().people.extend(row.clone());
                }
                for audience in interest.near(side, from).filter(|(_, screen)| !to.is_some_and(|to| screen.shows(to))) {
                    told.entry(audience.clone()).or_default().gone.push(Arc::clone(&gone));
                }
            }
        }
        for ((side, cell), was) in std::mem::take(&mut self.recounted) {
            let counts = self.counts.get(&(side, cell.fineness()));
            let count = counts.and_then(|counts| counts.get(&cell)).copied().unwrap_or_default();
            if count == was {
                continue;
            }
            let row = count_row(cell, count, was == [0, 0]);
            for audience in interest.far(side, cell) {
                told.entry(audience.clone()).or_default().cells.push(Arc::clone(&row));
            }
        }
        told
    }

    /// All that an audience sees.
    pub fn whole(&self, (side, screen): &Audience, now: Timestamp) -> Parts {
        let mut parts = Parts::default();
        match screen.tier {
            Tier::Far => {
                let counts = self.counts.get(&(*side, screen.grid)).into_iter().flatten();
                let seen = counts.filter(|(cell, _)| screen.shows(**cell));
                parts.cells = seen.map(|(cell, count)| count_row(*cell, *count, true)).collect();
            }
            Tier::Near => {
                let is_own = |shown: &&Shown| side.is_none_or(|agency| shown.agency == agency);
                let all = |units: &[Cell]| -> Vec<&Shown> {
                    let units = units.iter().filter_map(|unit| self.units.get(unit));
                    units.flatten().filter_map(|staff| self.people.get(staff)).collect()
                };
                let seen = screen.units.as_ref().map_or_else(|| self.people.values().collect(), |units| all(units));
                parts.people = seen.into_iter().filter(is_own).map(|shown| row_of(shown, now)).collect();
            }
        }
        parts
    }
}

/// Which audiences are told of a unit.
#[derive(Default)]
struct Interest<'a> {
    by_unit: HashMap<(Tier, Level, Cell), Vec<&'a Audience>>,
    /// Those that show everything.
    all: HashMap<(Tier, Level), Vec<&'a Audience>>,
}

impl<'a> Interest<'a> {
    fn of(audiences: &'a BTreeSet<Audience>) -> Self {
        let mut interest = Self::default();
        for audience in audiences {
            let (side, screen) = audience;
            let level = (*side, screen.grid);
            match &screen.units {
                None => interest.all.entry((screen.tier, level)).or_default().push(audience),
                Some(units) => units.iter().for_each(|unit| {
                    interest.by_unit.entry((screen.tier, level, *unit)).or_default().push(audience);
                }),
            }
        }
        interest
    }

    fn told(&self, tier: Tier, side: Side, cell: Option<Cell>) -> impl Iterator<Item = &'a Audience> + '_ {
        let level = |cell: Cell| (side, cell.fineness());
        let some = cell.and_then(|cell| self.by_unit.get(&(tier, level(cell), unit(tier, cell))));
        let all = cell.and_then(|cell| self.all.get(&(tier, level(cell))));
        some.into_iter().chain(all).flatten().copied()
    }

    fn near(&self, side: Side, unit: Option<Cell>) -> impl Iterator<Item = &'a Audience> + '_ {
        self.told(Tier::Near, side, unit)
    }

    fn far(&self, side: Side, cell: Cell) -> impl Iterator<Item = &'a Audience> + '_ {
        self.told(Tier::Far, side, Some(cell))
    }
}

fn row_of(shown: &Shown, now: Timestamp) -> Arc<str> {
    text(&Person::of(shown.no, &shown.fix, shown.duty, now))
}

fn count_row(cell: Cell, [available, busy]: [u32; 2], is_new: bool) -> Arc<str> {
    text(&CellCount::of(cell, available, busy, is_new))
}

fn text(body: &impl serde::Serialize) -> Arc<str> {
    serde_json::to_string(body).expect("views serialise").into()
}
