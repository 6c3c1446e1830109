//! Owns map matching: which street a phone is in, from one noisy fix after another. Does not snap single points (`snap`) and
//! does not decide what a weak fix means for a trip.
//!
//! Several streets are kept in mind with a cost each: how far the fix is from the street, whether one moves along it, and how
//! much longer than the straight line the way from the streets kept before is. The cheapest is the answer, the present one
//! being left only for a clearly better one. One fix costs a bounded amount of work whatever the size of the map.
//!
//! A fix that no street explains is *weak*, and says why; what was known before is kept then.

use super::Profile;
use super::graph::{Edge, Graph};
use super::snap::{STREET_M, Snap};
use crate::fix::{FUTURE_MS_MAX, Fix};
use crate::jump::{Jumps, Pace, Seen, Step};
use crate::position::Position;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fmt;

/// Streets kept in mind. Within the reach of a fix of 45 m lie more than eight in a dense quarter, and the true one was often
/// the ninth.
pub const CANDIDATES_MAX: usize = 16;

/// Junctions looked at for the ways on from one of them.
const SETTLED_MAX: usize = 96;

/// With a larger error radius a fix tells no street from the next, metres.
pub const MATCH_ACCURACY_M_MAX: f32 = 150.0;

/// No street is further away than this from a true fix, whatever its error radius, metres.
const REACH_M_MIN: f64 = STREET_M;
/// Nor further than this many error radii.
const REACH_RADII: f64 = 2.5;
const REACH_M_MAX: f64 = 200.0;

/// After this long nothing of what was before counts, seconds.
const FORGET_S: f64 = 120.0;
/// A fix that was taken so little before the last one, and lies so near to it, is of the same moment: ages err by seconds.
const LATE_MS_MAX: i64 = 5_000;
const LATE_M_MAX: f64 = 100.0;

/// The part of an error radius (which two of three fixes are within) that is the spread in one direction.
const SPREAD_OF_RADIUS: f64 = 0.66;
const SPREAD_M_MIN: f64 = 4.0;

/// Cost of a way that is this much longer than the straight line: 1 for each spread and this many metres.
const DETOUR_M: f64 = 12.0;
/// Cost of a street that cannot be reached from any kept before.
const UNREACHED_COST: f64 = 12.0;
/// Cost of moving square to a street.
const ACROSS_COST: f64 = 3.0;
/// The heading is taken from a fix at least so many spreads away, and half believed (and squared) at so many.
const ANCHOR_SPREADS: f64 = 6.0;
const HEADING_SPREADS: f64 = 3.0;
/// Who has come less far than this many spreads since the fix before, or since the anchor, may have stood still.
const STEP_SPREADS: f64 = 3.0;
const HEADED_SPREADS: f64 = 4.0;
/// A heading tells the direction along a street that lies within 60° of it.
const HEADED_COSINE: f64 = 0.5;
/// Another street must be better by this to be changed to. With more, a turn is noticed late; with less, noise turns people into
/// side streets.
const HOLD_COST: f64 = 0.4;
/// A street is sure that is better than every other by this.
const SURE_COST: f64 = 2.0;
/// Kept streets this much worse than the best are forgotten.
const HOPELESS_COST: f64 = 25.0;

/// Why a fix is weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeakFix {
    /// Error radius above [`MATCH_ACCURACY_M_MAX`].
    Inaccurate,
    /// No street near enough: the river, a park, outside the map.
    OffStreet,
    /// Not reachable from the fix before in that time.
    Jump,
    /// Taken in the future.
    Future,
    /// Taken before the fix before, by more than ages err.
    OutOfOrder,
}

/// What a fix told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Match {
    /// In this street.
    Street(InStreet),
    /// Nothing certain.
    Weak(WeakFix),
}

/// A street somebody is in.
#[derive(Clone, Copy, PartialEq)]
pub struct InStreet {
    /// The place on the street.
    pub snap: Snap,
    /// Whether they move from the edge's start to its end; `None` while that is not known.
    pub forward: Option<bool>,
    /// Whether no other street is nearly as likely.
    pub sure: bool,
}

/// Where somebody is stays hidden.
impl fmt::Debug for InStreet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InStreet(hidden, sure: {})", self.sure)
    }
}

/// A street kept in mind.
#[derive(Clone, Copy)]
struct Kept {
    at: InStreet,
    cost: f64,
}

/// The matcher of one phone on one graph. Give it fixes in the order they were taken.
#[derive(Clone, Default)]
pub struct Matcher {
    /// The last good fix.
    last: Option<Seen>,
    kept: Vec<Kept>,
    /// What was last given.
    given: Option<InStreet>,
    /// Where one was some spreads ago: the heading from there is clearer than from the last fix.
    anchor: Option<Position>,
    jumps: Jumps,
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matcher({} streets hidden)", self.kept.len())
    }
}

/// How fast one can be at most; times are rounded to a second.
fn pace(graph: &Graph) -> Pace {
    let mps = match graph.profile() {
        // Somebody on foot may run, or be on a bus for a while.
        Profile::Walk => 20.0,
        Profile::Cycle => 15.0,
        Profile::Drive | Profile::Transit => graph.speed_mps_max().max(25.0) * 1.5,
    };
    Pace { mps, slack_s: 1.0 }
}

impl Matcher {
    /// Of a phone of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next fix. `now_ms` is the server's clock. One that is told again, or comes a moment late, is in the street of the last.
    pub fn take(&mut self, graph: &Graph, fix: &Fix, now_ms: i64) -> Match {
        match self.match_street(graph, fix, now_ms) {
            Ok(street) => Match::Street(street),
            Err(weak) => Match::Weak(weak),
        }
    }

    fn match_street(&mut self, graph: &Graph, fix: &Fix, now_ms: i64) -> Result<InStreet, WeakFix> {
        let here = Seen::of(fix);
        if fix.taken_at_ms > now_ms + FUTURE_MS_MAX {
            return Err(WeakFix::Future);
        }
        if let Some(last) = self.last.filter(|l| fix.taken_at_ms <= l.taken_at_ms) {
            let is_late = last.taken_at_ms - fix.taken_at_ms <= LATE_MS_MAX
                && last.position.distance_m(fix.position) <= LATE_M_MAX;
            return self.given.filter(|_| is_late).ok_or(WeakFix::OutOfOrder);
        }
        // Also refuses what is no number.
        if !(0.0..=MATCH_ACCURACY_M_MAX).contains(&fix.accuracy_m) {
            return Err(WeakFix::Inaccurate);
        }
        let spread_m = (f64::from(fix.accuracy_m) * SPREAD_OF_RADIUS).max(SPREAD_M_MIN);
        let reach_m = (f64::from(fix.accuracy_m) * REACH_RADII).clamp(REACH_M_MIN, REACH_M_MAX);
        let near = graph.snaps_within(fix.position, reach_m, CANDIDATES_MAX);
        if near.is_empty() {
            return Err(WeakFix::OffStreet);
        }
        self.forget_or_refuse(graph, here)?;
        let moved = self.last.map(|l| {
            let from = self.anchor.unwrap_or(l.position);
            Moved::between(l.position, from, fix.position, spread_m)
        });
        let reached = moved.as_ref().map_or_else(Vec::new, |m| {
            self.kept.iter().map(|k| Reached::from(graph, &k.at, m.metres * 2.0 + 100.0 + 4.0 * spread_m)).collect()
        });
        let mut kept: Vec<Kept> =
            near.iter().map(|snap| self.weigh(graph, snap, spread_m, moved.as_ref(), &reached)).collect();
        kept.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        let best = kept[0].cost;
        for k in &mut kept {
            k.cost -= best;
        }
        kept.retain(|k| k.cost < HOPELESS_COST);
        let given = self.given.map(|street| street.snap.edge);
        let held = kept.iter().position(|k| Some(k.at.snap.edge) == given && k.cost < HOLD_COST);
        let chosen = held.unwrap_or(0);
        let rival = kept.iter().enumerate().filter(|&(i, _)| i != chosen).map(|(_, k)| k.cost);
        let sure = rival.fold(f64::INFINITY, f64::min) > kept[chosen].cost + SURE_COST;
        let street = InStreet { sure, ..kept[chosen].at };
        self.given = Some(street);
        self.kept = kept;
        if self.anchor.is_none_or(|a| a.distance_m(here.position) > ANCHOR_SPREADS * spread_m) {
            // The one before this is that far away, or was there first.
            self.anchor = self.last.map(|l| l.position).or(Some(here.position));
        }
        self.last = Some(here);
        Ok(street)
    }

    /// Forgets what is too old, and refuses what is too far for the time that went by, unless it keeps coming.
    fn forget_or_refuse(&mut self, graph: &Graph, here: Seen) -> Result<(), WeakFix> {
        let Some(last) = self.last else { return Ok(()) };
        if last.seconds_to(&here) > FORGET_S {
            self.forget();
            return Ok(());
        }
        match self.jumps.step(&last, here, pace(graph)) {
            Step::InReach => {}
            Step::Doubted => return Err(WeakFix::Jump),
            Step::Confirmed => self.forget(),
        }
        Ok(())
    }

    fn forget(&mut self) {
        *self = Self::default();
    }

    fn weigh(&self, graph: &Graph, snap: &Snap, spread_m: f64, moved: Option<&Moved>, reached: &[Reached]) -> Kept {
        let off = f64::from(snap.distance_m) / spread_m;
        let mut cost = off * off / 2.0;
        let mut forward = None;
        if let Some(moved) = moved {
            let mut way_cost = UNREACHED_COST;
            let mut best = f64::INFINITY;
            for (before, reached) in self.kept.iter().zip(reached) {
                let (detour, direction) = match reached.way_to(graph, snap) {
                    Some((way_m, direction)) => ((way_m - moved.metres).abs() / (DETOUR_M + spread_m), direction),
                    None => (UNREACHED_COST, None),
                };
                if before.cost + detour < best {
                    best = before.cost + detour;
                    way_cost = best;
                    let came = direction.filter(|_| moved.is_step);
                    forward = came.or_else(|| before.at.forward.filter(|_| before.at.snap.edge == snap.edge));
                }
            }
            let (edge, cosine) = (graph.edge(snap.edge), moved.cosine(graph, snap));
            forward = moved.headed(edge, cosine).or(forward);
            cost += way_cost + moved.across(edge, cosine);
        }
        Kept { at: InStreet { snap: *snap, forward, sure: false }, cost }
    }
}

/// A movement from one fix to the next.
struct Moved {
    metres: f64,
    /// East and north, of length 1.
    heading: [f64; 2],
    /// How much the heading is believed, 0..1: little while it is within the spread.
    believed: f64,
    /// Whether it is further from the last fix, or from the anchor, than one who stands still seems to go.
    is_step: bool,
    is_headed: bool,
}

fn heading(from: Position, to: Position) -> Option<[f64; 2]> {
    let east = (to.lon() - from.lon()) * from.lat().to_radians().cos();
    let north = to.lat() - from.lat();
    let length = east.hypot(north);
    (length > 0.0).then(|| [east / length, north / length])
}

impl Moved {
    fn between(last: Position, anchor: Position, to: Position, spread_m: f64) -> Self {
        let metres = last.distance_m(to);
        let base_m = anchor.distance_m(to);
        let believed = (base_m / (base_m + HEADING_SPREADS * spread_m)).powi(2);
        let is_step = metres > STEP_SPREADS * spread_m;
        let is_headed = base_m > HEADED_SPREADS * spread_m;
        match heading(anchor, to) {
            Some(heading) => Self { metres, heading, believed, is_step, is_headed },
            None => Self { metres, heading: [0.0; 2], believed: 0.0, is_step, is_headed: false },
        }
    }

    /// How much the movement goes along a street from its start to its end, -1..1; `None` of a street without a direction.
    fn cosine(&self, graph: &Graph, snap: &Snap) -> Option<f64> {
        let edge = graph.edge(snap.edge);
        let reach = if edge.length_m > 0.0 { 8.0 / edge.length_m } else { 0.0 };
        let (a, b) = (graph.along(snap.edge, snap.fraction - reach), graph.along(snap.edge, snap.fraction + reach));
        let along = heading(a, b)?;
        Some(along[0] * self.heading[0] + along[1] * self.heading[1])
    }

    /// Which way along a street, as far as the movement tells: from the anchor, which stays behind while one stands still.
    fn headed(&self, edge: &Edge, cosine: Option<f64>) -> Option<bool> {
        if edge.forward() != edge.backward() {
            return Some(edge.forward());
        }
        let cosine = cosine.filter(|cosine| self.is_headed && cosine.abs() >= HEADED_COSINE)?;
        Some(cosine > 0.0)
    }

    /// What it costs to be in a street that lies across the movement, or may only be used against it.
    fn across(&self, edge: &Edge, cosine: Option<f64>) -> f64 {
        let Some(cosine) = cosine else { return 0.0 };
        let fit = match (edge.forward(), edge.backward()) {
            (true, false) => cosine,
            (false, true) => -cosine,
            _ => cosine.abs(),
        };
        ACROSS_COST * self.believed * (1.0 - fit)
    }
}

/// The ways on from a kept street, up to a length.
struct Reached {
    from: Snap,
    /// Metres to junctions.
    junctions: HashMap<u32, f64>,
}

impl Reached {
    fn from(graph: &Graph, street: &InStreet, metres_max: f64) -> Self {
        let snap = street.snap;
        let edge = graph.edge(snap.edge);
        let length_m = f64::from(edge.length_m);
        let before_m = length_m * f64::from(snap.fraction);
        // Keys of the queue in millimetres: floats have no order.
        let mut queue = BinaryHeap::new();
        let mm = |metres: f64| (metres * 1000.0) as u64;
        if edge.forward() {
            queue.push(Reverse((mm(length_m - before_m), edge.end)));
        }
        if edge.backward() {
            queue.push(Reverse((mm(before_m), edge.start)));
        }
        let mut junctions = HashMap::new();
        while let Some(Reverse((at_mm, node))) = queue.pop() {
            if at_mm > mm(metres_max) || junctions.len() >= SETTLED_MAX {
                break;
            }
            if junctions.contains_key(&node) {
                continue;
            }
            junctions.insert(node, at_mm as f64 / 1000.0);
            for arc in graph.arcs_out(node) {
                if !junctions.contains_key(&arc.node) {
                    queue.push(Reverse((at_mm + mm(f64::from(graph.edge(arc.edge).length_m)), arc.node)));
                }
            }
        }
        Self { from: snap, junctions }
    }

    /// Metres to a snap and whether it is come to along its edge; `None` if it is not within reach. Along one's own edge
    /// a step back is no way round: fixes jitter.
    fn way_to(&self, graph: &Graph, to: &Snap) -> Option<(f64, Option<bool>)> {
        let edge = graph.edge(to.edge);
        let length_m = f64::from(edge.length_m);
        if to.edge == self.from.edge {
            let step_m = f64::from(to.fraction - self.from.fraction) * length_m;
            let direction = match (edge.forward(), edge.backward()) {
                (true, false) => Some(true),
                (false, true) => Some(false),
                // Less than this is jitter.
                _ => (step_m.abs() > 10.0).then_some(step_m > 0.0),
            };
            return Some((step_m.abs(), direction));
        }
        let before_m = length_m * f64::from(to.fraction);
        let by = |node: u32, open: bool, metres: f64| self.junctions.get(&node).filter(|_| open).map(|m| m + metres);
        let forward = by(edge.start, edge.forward(), before_m).map(|m| (m, Some(true)));
        let backward = by(edge.end, edge.backward(), length_m - before_m).map(|m| (m, Some(false)));
        forward.into_iter().chain(backward).min_by(|a, b| a.0.total_cmp(&b.0))
    }
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "direction_tests.rs"]
mod direction_tests;
