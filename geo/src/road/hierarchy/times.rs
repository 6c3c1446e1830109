//! Owns how long each arc takes under given conditions, which may not be entered, and how well that is known. Does not search.
//!
//! Arcs are numbered `edge * 2 + direction`, 0 along the edge, 1 against it. What is no street keeps the map's own times.
//! Invariant: nobody enters a closed arc from one that is open. Who stands in a closed street gets out of it, over others that are
//! closed too if need be: only the cordon is shut. Where no turn leads from a closed arc onto an open one (what is open there leads
//! in only, or the turn out is forbidden), who comes from inside goes on over what is closed and who comes from outside does not, so
//! that must be asked with where one comes from. That nobody gets in needs no look at turns: they only take ways away.

use crate::eta::{Basis, Eta};
use crate::road::column::Column;
use crate::road::data::RoadClass;
use crate::road::graph::{Graph, NO_WAY};
use crate::road::snap::Snap;
use std::collections::{BTreeMap, BTreeSet};

/// No road is faster than its free flow by more than this.
pub const FACTOR_MIN: f32 = 0.1;
/// No jam slows more than this; what is slower is closed.
pub const FACTOR_MAX: f32 = 100.0;
/// No single arc takes longer, milliseconds: sums along a way stay below `UNREACHED`.
pub(super) const ARC_MS_MAX: u32 = 4 * 3_600_000;

/// What changes the times: factors on the free-flow time (2 = twice as long) and closures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    /// By class of road; absent is 1.
    pub by_class: BTreeMap<RoadClass, f32>,
    /// By edge, on top of the class's.
    pub by_edge: BTreeMap<u32, f32>,
    /// Arcs that may not be entered from outside.
    pub closed: BTreeSet<u32>,
}

impl Conditions {
    /// Closes an edge in both directions.
    pub fn close_edge(&mut self, edge: u32) {
        self.closed.extend([edge * 2, edge * 2 + 1]);
    }

    fn factor(&self, edge: u32, class: RoadClass) -> f32 {
        let class = self.by_class.get(&class).copied().unwrap_or(1.0);
        let factor = class * self.by_edge.get(&edge).copied().unwrap_or(1.0);
        if factor.is_finite() { factor.clamp(FACTOR_MIN, FACTOR_MAX) } else { 1.0 }
    }
}

/// Factors by class of road and hour of the day, what an hour usually is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DayFactors(pub BTreeMap<RoadClass, [f32; 24]>);

impl DayFactors {
    /// What is usual in an hour (0..=23, further ones begin again).
    pub fn at(&self, hour: usize) -> Conditions {
        let by_class = self.0.iter().map(|(&class, hours)| (class, hours[hour % 24])).collect();
        Conditions { by_class, ..Conditions::default() }
    }
}

/// Milliseconds of every arc of one graph.
#[derive(Clone, PartialEq)]
pub struct ArcTimes {
    pub(super) ms: Column<u32>,
    pub(super) rights: Column<u8>,
    pub(super) basis: Basis,
}

/// An arc of the map: one-way streets have one.
const OPEN: u8 = 1;
/// It may be entered.
const ENTER: u8 = 2;
/// It is closed to whoever comes from outside.
const CLOSED: u8 = 4;

impl ArcTimes {
    /// As the map has them.
    pub fn free_flow(graph: &Graph) -> Self {
        let edges = graph.edges();
        let rights = edges.iter().flat_map(|e| [e.forward(), e.backward()]);
        Self {
            ms: edges.iter().flat_map(|e| [e.ms.min(ARC_MS_MAX); 2]).collect(),
            rights: rights.map(|open| if open { OPEN | ENTER } else { 0 }).collect(),
            basis: Basis::MAP,
        }
    }

    /// Under conditions; `class_of` gives the class of the way with an index and is asked of streets only.
    pub fn under(graph: &Graph, conditions: &Conditions, class_of: impl Fn(u32) -> RoadClass) -> Self {
        let free = Self::free_flow(graph);
        let (mut all_ms, mut rights) = (free.ms.to_vec(), free.rights.to_vec());
        for (edge, pair) in (0u32..).zip(all_ms.chunks_exact_mut(2)) {
            let way = graph.edge(edge).way;
            if way == NO_WAY {
                continue;
            }
            let factor = f64::from(conditions.factor(edge, class_of(way)));
            for ms in pair {
                *ms = ((f64::from(*ms) * factor).round() as u32).clamp(1, ARC_MS_MAX);
            }
        }
        for &arc in &conditions.closed {
            if let Some(rights) = rights.get_mut(arc as usize) {
                *rights |= CLOSED;
            }
        }
        shut_cordons(graph, &mut rights);
        Self { ms: all_ms.into(), rights: rights.into(), basis: Basis::MAP }
    }

    /// The same times, known so.
    #[must_use]
    pub fn known_by(self, basis: Basis) -> Self {
        Self { basis, ..self }
    }

    /// With other times of some arcs, milliseconds; `None` may not be entered.
    #[must_use]
    pub fn with_arcs(self, others: &[(u32, Option<u32>)]) -> Self {
        let (mut all_ms, mut rights) = (self.ms.to_vec(), self.rights.to_vec());
        for &(arc, ms) in others {
            let (Some(known), Some(right)) = (all_ms.get_mut(arc as usize), rights.get_mut(arc as usize)) else {
                continue;
            };
            match ms {
                Some(ms) => *known = ms.clamp(1, ARC_MS_MAX),
                None => *right &= !ENTER,
            }
        }
        Self { ms: all_ms.into(), rights: rights.into(), ..self }
    }

    /// On a graph with more on top of this one's edges, which keep their numbers; what is on top takes the map's own times.
    #[must_use]
    pub fn extended_to(&self, graph: &Graph) -> Self {
        let more = Self::free_flow(graph);
        let from = self.ms.len();
        let rights = self.rights.iter().chain(more.rights.get(from..).unwrap_or_default());
        let mut rights: Vec<u8> = rights.copied().collect();
        // What is on top may come up inside a cordon.
        shut_cordons(graph, &mut rights);
        Self {
            ms: self.ms.iter().chain(more.ms.get(from..).unwrap_or_default()).copied().collect(),
            rights: rights.into(),
            basis: self.basis,
        }
    }

    /// What was searched under these times, with how it is known; so many milliseconds of it lie off the streets
    /// ([`Snap::to_street_ms`]).
    pub fn eta(&self, ms: u32, off_streets_ms: u32) -> Eta {
        let seconds = |ms| (f64::from(ms) / 1_000.0) as f32;
        Eta::partly_guessed(self.basis, seconds(ms), seconds(off_streets_ms))
    }

    /// Numbers of arcs run below this.
    pub fn arc_count(&self) -> usize {
        self.ms.len()
    }

    /// Milliseconds along an arc.
    pub fn ms(&self, arc: u32) -> u32 {
        self.ms[arc as usize]
    }

    /// Whether an arc may be entered.
    pub fn may_enter(&self, arc: u32) -> bool {
        self.rights[arc as usize] & ENTER != 0
    }

    /// Whether somebody on one arc may enter the next, one of those that turns lead to (`turns_to`). Within what is closed they may
    /// where nothing else is left.
    pub(in crate::road) fn may_go_on(&self, from: u32, to: u32, turns_to: impl IntoIterator<Item = u32>) -> bool {
        let leads_out = |arc: u32| self.may_enter(arc) && !self.is_closed(arc);
        self.may_enter(to) || self.is_closed(to) && self.is_closed(from) && !turns_to.into_iter().any(leads_out)
    }

    /// Whether an arc that exists is closed to whoever comes from outside.
    pub(in crate::road) fn is_closed(&self, arc: u32) -> bool {
        self.rights[arc as usize] & (OPEN | CLOSED) == OPEN | CLOSED
    }

    /// Whether an arc exists: one-way streets have one.
    pub fn is_open(&self, arc: u32) -> bool {
        self.rights[arc as usize] & OPEN != 0
    }

    /// Milliseconds from the tail of an arc to the point at `fraction` (0..=1) of its edge.
    pub fn before_ms(&self, arc: u32, fraction: f32) -> u32 {
        let ms = self.ms(arc);
        let from_start = ((f64::from(ms) * f64::from(fraction)).round() as u32).min(ms);
        if arc & 1 == 0 { from_start } else { ms - from_start }
    }

    /// Milliseconds straight along the edge that two snaps share, along it and against it; `None` where its direction does not
    /// allow that.
    pub(in crate::road) fn straight_each(&self, from: &Snap, to: &Snap) -> [Option<u32>; 2] {
        if from.edge != to.edge {
            return [None; 2];
        }
        [from.edge * 2, from.edge * 2 + 1].map(|arc| {
            let ahead = self.before_ms(arc, to.fraction).checked_sub(self.before_ms(arc, from.fraction));
            ahead.filter(|_| self.is_open(arc))
        })
    }

    /// The sooner of both, and its arc.
    pub(in crate::road) fn straight(&self, from: &Snap, to: &Snap) -> Option<(u32, u32)> {
        let each = self.straight_each(from, to).into_iter().zip(from.edge * 2..);
        each.filter_map(|(ms, arc)| Some((ms?, arc))).min()
    }
}

/// A closed arc may be entered where nothing that is open leads to its tail: whoever is there was inside already.
fn shut_cordons(graph: &Graph, rights: &mut [u8]) {
    if rights.iter().all(|r| r & CLOSED == 0) {
        return;
    }
    let mut is_outside = vec![false; graph.node_count()];
    for (arc, _) in (0u32..).zip(&*rights).filter(|(_, r)| *r & (OPEN | CLOSED) == OPEN) {
        is_outside[graph.arc_head(arc) as usize] = true;
    }
    for (arc, r) in (0u32..).zip(rights).filter(|(_, r)| **r & (OPEN | CLOSED) == OPEN | CLOSED) {
        let may = if is_outside[graph.arc_tail(arc) as usize] { 0 } else { ENTER };
        *r = *r & !ENTER | may;
    }
}

impl std::fmt::Debug for ArcTimes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ArcTimes({} arcs)", self.ms.len())
    }
}
