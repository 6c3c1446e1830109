//! Owns circles that are watched: who is in one, told fix by fix as crossings. Does not know what a circle stands for, nor whom
//! it is anybody's business to tell.
//!
//! A fix is a point with an error circle. It says "inside" only if that whole circle is within the fence, and "outside" only if all
//! of it is at least [`HYSTERESIS_M`] away from the fence; anything else says nothing, and what was known stands. So if errors
//! are no larger than their radius, whoever is said to have entered is inside, whoever is said to have left is outside, and
//! nobody is said to do both without having gone [`HYSTERESIS_M`]: a fix that trembles at the edge tells nothing.
//!
//! Fences are kept by the H3 cells that their circles touch, so a fix costs a look at one cell, however many fences there are
//! elsewhere; and whatever somebody is inside of is carried along (`Inside`), so that leaving is seen from anywhere.

use crate::cell::{Cell, Grid};
use crate::fix::Fix;
use crate::position::Position;
use crate::search::rings_for_metres;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// How far outside of a fence the whole error circle must be before somebody has left it, metres.
pub const HYSTERESIS_M: f64 = 15.0;
/// Largest radius, metres: a fence touches some 500 cells at most.
pub const FENCE_RADIUS_M_MAX: f64 = 6_000.0;
/// What distances and boxes are widened by, metres: rounding, and an Earth that is no sphere to degrees.
const SLACK_M: f64 = 2.0;
/// Metres of a degree of latitude, a little less than true: boxes come out a little too large.
const M_PER_DEGREE: f64 = 111_000.0;
/// North of this boxes are not worth the trouble, degrees.
const LATITUDE_MAX: f64 = 80.0;

/// A circle on the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Circle {
    center: Position,
    radius_m: f64,
}

impl Circle {
    /// `None` for a radius that is not above 0 or beyond [`FENCE_RADIUS_M_MAX`].
    pub fn new(center: Position, radius_m: f64) -> Option<Self> {
        (radius_m > 0.0 && radius_m <= FENCE_RADIUS_M_MAX).then_some(Self { center, radius_m })
    }

    /// With the cells that it touches, some 500 at most: worked out before anybody who waits for the fences is kept from them.
    pub fn covered(self) -> Covered {
        Covered { circle: self, cells: cells_of(&self).unwrap_or_default() }
    }

    /// Whether whoever sent the fix is inside; `None` if it does not say.
    pub fn holds(&self, fix: &Fix) -> Option<bool> {
        let (away_m, error_m) = (self.center.distance_m(fix.position), f64::from(fix.accuracy_m));
        if away_m + error_m <= self.radius_m {
            Some(true)
        } else if away_m - error_m > self.radius_m + HYSTERESIS_M {
            Some(false)
        } else {
            None
        }
    }
}

/// A circle and the cells that it touches; none around a pentagon, where they cannot be told.
#[derive(Clone, Debug)]
pub struct Covered {
    circle: Circle,
    cells: Vec<u64>,
}

/// Whether two are more than `limit_m` apart, when each may have gone `slack_m` between them since; `None` if their fixes do
/// not say.
pub fn are_apart(one: &Fix, other: &Fix, limit_m: f64, slack_m: f64) -> Option<bool> {
    let away_m = one.position.distance_m(other.position);
    let error_m = f64::from(one.accuracy_m) + f64::from(other.accuracy_m) + slack_m;
    if away_m - error_m > limit_m {
        Some(true)
    } else if away_m + error_m <= limit_m {
        Some(false)
    } else {
        None
    }
}

/// What a fix told of a fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Crossing {
    /// Is inside now.
    Entered,
    /// Is outside now, after having been inside.
    Left,
}

/// The fences somebody is inside of, in order.
#[derive(Clone, Debug)]
pub struct Inside<K>(Vec<K>);

impl<K> Default for Inside<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Copy + Ord> Inside<K> {
    /// Whether this fence is among them.
    pub fn contains(&self, key: K) -> bool {
        self.0.binary_search(&key).is_ok()
    }
}

/// A fence as its cells keep it: a box, so that most are passed over without a distance.
#[derive(Clone, Copy)]
struct Boxed<K> {
    south_e7: i32,
    north_e7: i32,
    west_e7: i32,
    east_e7: i32,
    key: K,
}

impl<K> Boxed<K> {
    const fn contains(&self, at: Position) -> bool {
        let (lat, lon) = (at.lat_e7(), at.lon_e7());
        self.south_e7 <= lat && lat <= self.north_e7 && self.west_e7 <= lon && lon <= self.east_e7
    }
}

struct Fence<W> {
    circle: Circle,
    /// Whom it watches.
    of: W,
    /// Over from then on.
    until_ms: i64,
    cells: Vec<u64>,
}

/// Fences by cell and by whom they watch: `W` may be one crew, or the unit type for everybody.
pub struct Fences<K, W> {
    by_key: HashMap<K, Fence<W>>,
    cells: HashMap<(u64, W), Vec<Boxed<K>>>,
    /// Those around a pentagon, where the cells cannot be told: looked at always.
    anywhere: HashMap<W, Vec<Boxed<K>>>,
    /// When each is over.
    ends: BTreeSet<(i64, K)>,
}

impl<K, W> Default for Fences<K, W> {
    fn default() -> Self {
        Self { by_key: HashMap::new(), cells: HashMap::new(), anywhere: HashMap::new(), ends: BTreeSet::new() }
    }
}

impl<K: Copy + Ord + Hash, W: Copy + Eq + Hash> Fences<K, W> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Puts one up, in place of another of the same key; over from `until_ms` on.
    pub fn put(&mut self, key: K, of: W, circle: Circle, until_ms: i64) {
        self.put_covered(key, of, circle.covered(), until_ms);
    }

    /// The same, where the cells are known already.
    pub fn put_covered(&mut self, key: K, of: W, Covered { circle, cells }: Covered, until_ms: i64) {
        self.remove(key);
        let boxed = boxed(key, &circle);
        if cells.is_empty() {
            self.anywhere.entry(of).or_default().push(boxed);
        }
        for &cell in &cells {
            self.cells.entry((cell, of)).or_default().push(boxed);
        }
        self.ends.insert((until_ms, key));
        self.by_key.insert(key, Fence { circle, of, until_ms, cells });
    }

    /// Takes one down; false if there was none. Whoever was inside has not left: there is nothing to leave.
    pub fn remove(&mut self, key: K) -> bool {
        let Some(fence) = self.by_key.remove(&key) else { return false };
        self.ends.remove(&(fence.until_ms, key));
        for &cell in &fence.cells {
            take_out(&mut self.cells, (cell, fence.of), key);
        }
        if fence.cells.is_empty() {
            take_out(&mut self.anywhere, fence.of, key);
        }
        true
    }

    /// Takes down those that are over.
    pub fn remove_over(&mut self, now_ms: i64) {
        while let Some(&(until_ms, key)) = self.ends.first()
            && until_ms <= now_ms
        {
            self.remove(key);
        }
    }

    /// What this fix tells of the fences that watch `of`, in the order of their keys, those left first. `inside` is what the
    /// fixes before it told. A fence that is over or gone tells nothing more.
    pub fn step(&self, of: W, inside: &mut Inside<K>, fix: &Fix, now_ms: i64) -> Vec<(K, Crossing)> {
        let mut told = Vec::new();
        inside.0.retain(|&key| {
            let Some(fence) = self.by_key.get(&key).filter(|fence| now_ms < fence.until_ms) else { return false };
            let has_left = fence.circle.holds(fix) == Some(false);
            if has_left {
                told.push((key, Crossing::Left));
            }
            !has_left
        });
        told.sort_unstable();
        let left = told.len();
        let cell = Cell::of(fix.position, Grid::Index).to_u64();
        let here = [self.cells.get(&(cell, of)), self.anywhere.get(&of)];
        for boxed in here.into_iter().flatten().flatten().filter(|boxed| boxed.contains(fix.position)) {
            let fence = self.by_key.get(&boxed.key).filter(|fence| now_ms < fence.until_ms);
            let enters = fence.is_some_and(|fence| fence.circle.holds(fix) == Some(true));
            if enters && !inside.contains(boxed.key) {
                told.push((boxed.key, Crossing::Entered));
            }
        }
        let entered = &mut told[left..];
        entered.sort_unstable();
        if !entered.is_empty() {
            inside.0.extend(entered.iter().map(|(key, _)| *key));
            inside.0.sort_unstable();
        }
        told
    }
}

fn take_out<C: Copy + Eq + Hash, K: Copy + PartialEq>(lists: &mut HashMap<C, Vec<Boxed<K>>>, at: C, key: K) {
    if let Some(list) = lists.get_mut(&at) {
        list.retain(|boxed| boxed.key != key);
        if list.is_empty() {
            lists.remove(&at);
        }
    }
}

/// The box of all points that could be within the circle.
fn boxed<K>(key: K, circle: &Circle) -> Boxed<K> {
    let Circle { center, radius_m } = *circle;
    let up = (radius_m + SLACK_M) / M_PER_DEGREE;
    let farthest = center.lat().abs() + up;
    let out = up / farthest.min(LATITUDE_MAX).to_radians().cos();
    let (west, east) = (center.lon() - out, center.lon() + out);
    let all_round = farthest > LATITUDE_MAX || west < -180.0 || east > 180.0;
    let e7 = |degrees: f64| (degrees * 1e7) as i32;
    Boxed {
        south_e7: e7(center.lat() - up),
        north_e7: e7(center.lat() + up),
        west_e7: if all_round { i32::MIN } else { e7(west) },
        east_e7: if all_round { i32::MAX } else { e7(east) },
        key,
    }
}

/// The cells that the circle touches: of the rings that provably hold it, those whose own circle comes near enough. `None` where
/// a pentagon is in the way.
fn cells_of(circle: &Circle) -> Option<Vec<u64>> {
    let last = rings_for_metres(circle.center, circle.radius_m)?;
    let own = Cell::of(circle.center, Grid::Index);
    let mut cells = Vec::new();
    for cell in (0..=last).flat_map(|r| own.ring(r)) {
        let cell = cell?;
        let middle = cell.center();
        // The farthest point of a convex cell from its middle is a corner.
        let reach_m = cell.boundary().into_iter().map(|corner| middle.distance_m(corner)).fold(0.0, f64::max);
        if circle.center.distance_m(middle) <= circle.radius_m + reach_m + SLACK_M {
            cells.push(cell.to_u64());
        }
    }
    Some(cells)
}

#[cfg(test)]
#[path = "fence_tests.rs"]
mod tests;
