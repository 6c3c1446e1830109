//! Owns who is near by straight line: an index of entries by H3 cell, searched in rings outward, exact. Does not know roads;
//! it is the pre-filter of the road search and the fallback where there is no road.
//!
//! Invariant: an id has one entry, in the cell of its position.
//!
//! # When the search may stop
//!
//! Say the cells at grid distance 0..r from the query's own cell have been read. How near can somebody in an unread cell be?
//!
//! H3 lays a regular hexagonal lattice on each face of an icosahedron and projects it on the sphere from the centre (the
//! gnomonic projection), so great circles are straight lines on a face. Let the hexagon's edge be `A` on the face. In a
//! regular lattice the middle of a cell `r` or more steps away is at least `1.5 r A` from the middle of the first one (the
//! steps that gain least are those towards a corner), and every point of a cell is within `A` of its middle. With `p` the
//! query's offset from its cell's middle, an unread point is at least `1.5 r A - A - p` away *on the face*.
//!
//! On the sphere a short piece of length `L` on the face measures at least `s L`, where `s = R u cos²ρ`: `u` is the
//! projection's unit, and `ρ` the angle from the middle of the face (radially the projection scales by `cos²ρ`, across by
//! `cos ρ`, which is more). The great circle from the query to the unread point is straight on the face, so it measures at
//! least `s_min` times its length there. With `a = s_min A`, and the offset's true length `o ≥ s_min p`:
//!
//! > every unread point is at least **`(1.5 r - 1) a - o`** away.
//!
//! Where the great circle passes into the next face, unfold the two: they meet along their common edge at equal scale, so
//! the great circle becomes a bent line, which is no shorter than the straight one. That fails only around the icosahedron's
//! twelve corners, where a wedge is missing and H3 has a pentagon; reading a ring over a pentagon is noticed, and then every
//! entry is looked at instead.
//!
//! `s_min` is taken over all that is within [`REACH_M`] of the query, by adding that angle to `ρ`; the bound is not used for
//! more than that distance. The sum of an empty search is bounded too: once more cells were read than there are entries, it
//! is cheaper to look at every entry, and that is done.

use crate::cell::{Cell, Grid};
use crate::position::Position;
use std::collections::{BTreeMap, HashMap};
use std::f64::consts::{FRAC_PI_2, TAU};
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::OnceLock;

/// The ring bound is trusted up to this distance, metres.
pub const REACH_M: f64 = 100_000.0;

/// The ring bound is lowered by this, metres: cell middles and distances are rounded to centimetres.
const ROUNDING_M: f64 = 1.0;

const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Angle between the middle and a corner of an icosahedron's face, the greatest `ρ` there is, radians.
const RHO_MAX: f64 = 0.652_358_139_784_368_2;

/// Somebody found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found<Id, T> {
    /// Who.
    pub id: Id,
    /// What was stored with them.
    pub value: T,
    /// Where.
    pub position: Position,
    /// Straight-line distance from the query, metres.
    pub distance_m: f64,
}

#[derive(Clone, Copy, Debug)]
struct Entry<Id, T> {
    id: Id,
    position: Position,
    value: T,
}

/// Entries by cell, with the way back from an id.
#[derive(Clone)]
pub struct CellIndex<Id, T> {
    cells: HashMap<u64, Vec<Entry<Id, T>>, BuildHasherDefault<CellHasher>>,
    /// Cell of each id, and its place in the cell's list.
    places: HashMap<Id, (Cell, u32)>,
}

/// Who is where stays hidden.
impl<Id, T> fmt::Debug for CellIndex<Id, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CellIndex({} hidden)", self.places.len())
    }
}

impl<Id, T> Default for CellIndex<Id, T> {
    fn default() -> Self {
        Self { cells: HashMap::default(), places: HashMap::new() }
    }
}

impl<Id: Copy + Ord + Hash, T: Copy> CellIndex<Id, T> {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Where somebody is and what was stored with them.
    pub fn get(&self, id: Id) -> Option<(Position, T)> {
        let (cell, at) = self.places.get(&id)?;
        let entry = &self.cells.get(&cell.to_u64())?[*at as usize];
        Some((entry.position, entry.value))
    }

    /// Puts somebody there, or moves them.
    pub fn upsert(&mut self, id: Id, position: Position, value: T) {
        let cell = Cell::of(position, Grid::Index);
        if let Some(&(known, at)) = self.places.get(&id) {
            if known == cell {
                if let Some(list) = self.cells.get_mut(&cell.to_u64()) {
                    list[at as usize] = Entry { id, position, value };
                }
                return;
            }
            self.take_out(known, at);
        }
        let list = self.cells.entry(cell.to_u64()).or_default();
        list.push(Entry { id, position, value });
        self.places.insert(id, (cell, list.len() as u32 - 1));
    }

    /// Takes somebody out; false if they were not there.
    pub fn remove(&mut self, id: Id) -> bool {
        let Some((cell, at)) = self.places.remove(&id) else { return false };
        self.take_out(cell, at);
        true
    }

    /// Swap-remove, telling the entry that took the free place where it is now.
    fn take_out(&mut self, cell: Cell, at: u32) {
        let Some(list) = self.cells.get_mut(&cell.to_u64()) else { return };
        list.swap_remove(at as usize);
        if let Some(moved) = list.get(at as usize) {
            self.places.insert(moved.id, (cell, at));
        }
        if list.is_empty() {
            self.cells.remove(&cell.to_u64());
        }
    }

    /// The `k` nearest whose id and value pass the filter, nearest first, of equal distances the lower id. Exact.
    pub fn nearest(&self, query: Position, k: usize, filter: impl Fn(Id, &T) -> bool) -> Vec<Found<Id, T>> {
        if k == 0 || self.is_empty() {
            return Vec::new();
        }
        self.nearest_by_rings(query, k, &filter).unwrap_or_else(|| self.nearest_by_scan(query, k, &filter))
    }

    /// `None` if looking at every entry is cheaper, or a pentagon is in the way.
    fn nearest_by_rings(
        &self,
        query: Position,
        k: usize,
        filter: &impl Fn(Id, &T) -> bool,
    ) -> Option<Vec<Found<Id, T>>> {
        let rings = Rings::around(query);
        let mut best = Best::new(k);
        let (mut cells_read, mut entries_read) = (0, 0);
        for r in 0.. {
            for cell in rings.own.ring(r) {
                cells_read += 1;
                if let Some(list) = self.cells.get(&cell?.to_u64()) {
                    entries_read += list.len();
                    best.offer_all(query, list, filter);
                }
            }
            if entries_read == self.len() || best.limit_m() < rings.unread_m(r + 1) {
                return Some(best.found);
            }
            if cells_read > self.len() {
                return None;
            }
        }
        None
    }

    fn nearest_by_scan(&self, query: Position, k: usize, filter: &impl Fn(Id, &T) -> bool) -> Vec<Found<Id, T>> {
        let mut best = Best::new(k);
        for list in self.cells.values() {
            best.offer_all(query, list, filter);
        }
        best.found
    }

    /// Everybody within `radius_m` metres whose id and value pass the filter, nearest first, of equal distances the lower id.
    pub fn within_radius(&self, query: Position, radius_m: f64, filter: impl Fn(Id, &T) -> bool) -> Vec<Found<Id, T>> {
        let mut found = Vec::new();
        let mut take = |list: &[Entry<Id, T>]| {
            let near = list.iter().filter(|e| filter(e.id, &e.value)).map(|e| e.found_from(query));
            found.extend(near.filter(|f| f.distance_m <= radius_m));
        };
        let lists = rings_for_metres(query, radius_m).and_then(|last| self.lists_within(query, last));
        match lists {
            Some(lists) => lists.into_iter().for_each(&mut take),
            None => self.cells.values().for_each(|list| take(list)),
        }
        found.sort_by(Found::order);
        found
    }

    /// The lists of the grid disk; `None` if a pentagon is in it or it has more cells than there are lists.
    fn lists_within(&self, query: Position, last_ring: u32) -> Option<Vec<&[Entry<Id, T>]>> {
        let cells_in_disk = 1 + 3 * u64::from(last_ring) * (u64::from(last_ring) + 1);
        if cells_in_disk > self.cells.len() as u64 {
            return None;
        }
        let own = Cell::of(query, Grid::Index);
        let mut lists = Vec::new();
        for cell in (0..=last_ring).flat_map(|r| own.ring(r)) {
            lists.extend(self.cells.get(&cell?.to_u64()).map(Vec::as_slice));
        }
        Some(lists)
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Id, Position, T)> + '_ {
        self.cells.values().flatten().map(|e| (e.id, e.position, e.value))
    }

    /// How many entries that pass the filter are in each cell of [`Grid::District`]; cells without any are absent.
    pub fn counts(&self, filter: impl Fn(Id, &T) -> bool) -> BTreeMap<Cell, u32> {
        let mut counts = BTreeMap::new();
        for (&number, list) in &self.cells {
            let count = list.iter().filter(|e| filter(e.id, &e.value)).count() as u32;
            let parent = Cell::from_u64(number).map(|c| c.parent(Grid::District));
            if let Some(parent) = parent.filter(|_| count > 0) {
                *counts.entry(parent).or_default() += count;
            }
        }
        counts
    }
}

impl<Id: Copy, T: Copy> Entry<Id, T> {
    fn found_from(&self, query: Position) -> Found<Id, T> {
        let distance_m = query.distance_m(self.position);
        Found { id: self.id, value: self.value, position: self.position, distance_m }
    }
}

impl<Id: Ord, T> Found<Id, T> {
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.distance_m.total_cmp(&other.distance_m).then_with(|| self.id.cmp(&other.id))
    }
}

/// The best `k` so far, in order.
struct Best<Id, T> {
    found: Vec<Found<Id, T>>,
    k: usize,
}

impl<Id: Copy + Ord, T: Copy> Best<Id, T> {
    fn new(k: usize) -> Self {
        Self { found: Vec::new(), k }
    }

    fn offer_all(&mut self, query: Position, list: &[Entry<Id, T>], filter: &impl Fn(Id, &T) -> bool) {
        for entry in list.iter().filter(|e| filter(e.id, &e.value)) {
            let found = entry.found_from(query);
            let place = self.found.partition_point(|f| f.order(&found).is_lt());
            if place < self.k {
                if self.found.len() == self.k {
                    self.found.pop();
                }
                self.found.insert(place, found);
            }
        }
    }

    /// Distance of the k-th; infinite while there are fewer.
    fn limit_m(&self) -> f64 {
        if self.found.len() < self.k { f64::INFINITY } else { self.found[self.k - 1].distance_m }
    }
}

/// The rings around one query point.
struct Rings {
    own: Cell,
    /// `a` of the module's proof, metres.
    edge_m: f64,
    /// `o` of the module's proof, metres.
    offset_m: f64,
}

impl Rings {
    fn around(query: Position) -> Self {
        let own = Cell::of(query, Grid::Index);
        Self { own, edge_m: edge_m_min(query), offset_m: own.center().distance_m(query) }
    }

    /// Nobody in ring `r` or beyond is nearer than this, metres.
    fn unread_m(&self, r: u32) -> f64 {
        ((1.5 * f64::from(r) - 1.0) * self.edge_m - self.offset_m - ROUNDING_M).min(REACH_M)
    }
}

/// How many rings around the cell of `query` hold everything within `radius_m` metres of it: a grid disk of so many rings is
/// provably enough. `None` for a radius beyond [`REACH_M`], negative or not a number.
pub fn rings_for_metres(query: Position, radius_m: f64) -> Option<u32> {
    if !(0.0..REACH_M).contains(&radius_m) {
        return None;
    }
    let rings = Rings::around(query);
    let enough = (radius_m + rings.offset_m + ROUNDING_M) / rings.edge_m;
    let mut last = (((enough + 1.0) / 1.5 - 1.0).floor()).max(0.0) as u32;
    while rings.unread_m(last + 1) <= radius_m {
        last += 1;
    }
    Some(last)
}

/// `a` of the module's proof: the least hexagon edge within [`REACH_M`] of a point, metres.
fn edge_m_min(query: Position) -> f64 {
    let here = unit_vector(query);
    let dot = |f: &[f64; 3]| f[0] * here[0] + f[1] * here[1] + f[2] * here[2];
    let cosine = face_middles().iter().map(dot).fold(-1.0, f64::max).min(1.0);
    let rho = (cosine.acos() + REACH_M / EARTH_RADIUS_M).min(RHO_MAX);
    // The lattice has spacing u at resolution 0 and is finer by the root of 7 at each further one; a hexagon's edge is the
    // spacing of the lattice over the root of 3.
    let spacing = lattice_unit() / 7f64.powf(f64::from(u8::from(Grid::Index.resolution())) / 2.0);
    EARTH_RADIUS_M * spacing / 3f64.sqrt() * rho.cos().powi(2)
}

/// `u` of the module's proof: the radius of a face's projection is `tan(RHO_MAX)`; H3 divides the way from its middle to a
/// corner, which is two steps of the resolution-0 lattice, so that a step is half of it.
fn lattice_unit() -> f64 {
    RHO_MAX.tan() / 2.0
}

fn unit_vector(p: Position) -> [f64; 3] {
    let (lat, lon) = (p.lat().to_radians(), p.lon().to_radians().rem_euclid(TAU));
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

/// The middles of the icosahedron's 20 faces. Its 12 corners are the grid's pentagons; three corners that are neighbours of
/// one another make a face.
fn face_middles() -> &'static [[f64; 3]] {
    static MIDDLES: OnceLock<Vec<[f64; 3]>> = OnceLock::new();
    MIDDLES.get_or_init(|| {
        let corners: Vec<[f64; 3]> = h3o::Resolution::Zero
            .pentagons()
            .filter_map(|p| Position::new(h3o::LatLng::from(p).lat(), h3o::LatLng::from(p).lng()).ok())
            .map(unit_vector)
            .collect();
        // Neighbouring corners are 63.4° apart, the others 116.6° or more.
        let near = |a: &[f64; 3], b: &[f64; 3]| (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]).acos() < FRAC_PI_2;
        let mut middles = Vec::new();
        for (i, a) in corners.iter().enumerate() {
            for (j, b) in corners.iter().enumerate().skip(i + 1) {
                for c in corners.iter().skip(j + 1) {
                    if near(a, b) && near(b, c) && near(a, c) {
                        let sum = [a[0] + b[0] + c[0], a[1] + b[1] + c[1], a[2] + b[2] + c[2]];
                        let length = (sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]).sqrt();
                        middles.push(sum.map(|s| s / length));
                    }
                }
            }
        }
        middles
    })
}

/// Spreads a cell's number over the table; cells are not chosen by an adversary to collide, and a search reads dozens.
#[derive(Clone, Copy, Debug, Default)]
struct CellHasher(u64);

impl Hasher for CellHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.write_u64(u64::from(b));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
