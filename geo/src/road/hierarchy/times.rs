//! Owns how long each arc takes under given conditions, which may not be entered, and how well that is known. Does not search.
//!
//! Arcs are numbered `edge * 2 + direction`, 0 along the edge, 1 against it. What is no street and no part of one keeps the map's own
//! times.
//! Invariant: nobody enters a closed arc from the open streets around. Who stands in a closed street gets out of it, over others that are
//! closed too if need be: only the cordon is shut. A few junctions with open streets between that the cordon walls in, alleys that end
//! blind, are inside like it. Where no turn leads from a closed arc out (what is open there leads in only or ends blind, or the turn out is
//! forbidden), who comes from inside goes on over what is closed and who comes from outside does not, so that must be asked with where
//! one comes from. That nobody gets in needs no look at turns: they only take ways away.

use crate::eta::{Basis, Beside, Eta};
use crate::road::column::Column;
use crate::road::connected::large_components;
use crate::road::data::RoadClass;
use crate::road::graph::{Edge, Graph};
use crate::road::snap::Snap;
use crate::road::transit::OffStreet;
use std::collections::{BTreeMap, BTreeSet};

/// No road is faster than its free flow by more than this.
pub const FACTOR_MIN: f32 = 0.1;
/// No jam slows more than this; what is slower is closed.
pub const FACTOR_MAX: f32 = 100.0;
/// No single arc takes longer, milliseconds: sums along a way stay below `UNREACHED`.
pub(super) const ARC_MS_MAX: u32 = 4 * 3_600_000;

/// Open streets between so many junctions, and no more, that the closed ones wall in are inside with them: a few alleys. More is an island or a part
/// of the town that is cut off, and over the closed bridge to it nobody goes.
const WALLED_IN_MAX: u32 = 12;

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
/// It is open, and from there one comes to the open streets around over closed ones only.
const BLIND: u8 = 8;

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
            if graph.off_street(edge).is_some() {
                continue;
            }
            let factor = f64::from(conditions.factor(edge, class_of(graph.edge(edge).way)));
            for ms in pair {
                *ms = ((f64::from(*ms) * factor).round() as u32).clamp(1, ARC_MS_MAX);
            }
        }
        for &arc in &conditions.closed {
            if let Some(rights) = rights.get_mut(arc as usize) {
                *rights |= CLOSED;
            }
        }
        link_as_streets(graph, &mut all_ms, &mut rights);
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

    /// On a graph with more on top of this one's edges, which keep their numbers; what is on top takes the map's own times, but for the
    /// ways to stations, which go with their streets.
    #[must_use]
    pub fn extended_to(&self, graph: &Graph) -> Self {
        let more = Self::free_flow(graph);
        let from = self.ms.len();
        let mut all_ms = [&*self.ms, more.ms.get(from..).unwrap_or_default()].concat();
        let mut rights = [&*self.rights, more.rights.get(from..).unwrap_or_default()].concat();
        link_as_streets(graph, &mut all_ms, &mut rights);
        // What is on top may come up inside a cordon.
        shut_cordons(graph, &mut rights);
        Self { ms: all_ms.into(), rights: rights.into(), basis: self.basis }
    }

    /// What trips under these times take beside the way.
    pub const fn beside(&self) -> Beside {
        self.basis.beside
    }

    /// The way that was searched under these times, without what is [beside](Self::beside) it, with how it is known; so many milliseconds of it lie off the streets
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
        let is_way_out = |arc: u32| self.leads_out(arc);
        self.may_enter(to) || self.is_closed(to) && self.is_closed(from) && !turns_to.into_iter().any(is_way_out)
    }

    /// Whether an open arc leads on to the open streets around.
    pub(in crate::road) fn leads_out(&self, arc: u32) -> bool {
        self.rights[arc as usize] & (ENTER | CLOSED | BLIND) == ENTER
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

/// A way to a station is a part of its street: as much slower, and closed with it.
fn link_as_streets(graph: &Graph, all_ms: &mut [u32], rights: &mut [u8]) {
    for edge in graph.street_count() as u32..graph.edge_count() as u32 {
        let Some(OffStreet::Link { arc, over_ms }) = graph.off_street(edge) else { continue };
        let Edge { ms: link_ms, .. } = *graph.edge(edge);
        let street_ms = u64::from(graph.edge(arc / 2).ms.max(1));
        let along_ms = u64::from(link_ms.saturating_sub(over_ms));
        for (link, street) in [(edge * 2, arc), (edge * 2 + 1, arc ^ 1)] {
            let (link, street) = (link as usize, street as usize);
            let ms = (along_ms * u64::from(all_ms[street]) + street_ms / 2) / street_ms + u64::from(over_ms);
            all_ms[link] = ms.clamp(1, ARC_MS_MAX.into()) as u32;
            rights[link] |= rights[street] & CLOSED;
        }
    }
}

/// A closed arc may be entered where no open one comes to its tail from the streets around: whoever is there was inside already. An open
/// one that does not lead back to them is no way out.
fn shut_cordons(graph: &Graph, rights: &mut [u8]) {
    if rights.iter().all(|r| r & CLOSED == 0) {
        return;
    }
    let (is_out, leads_out) = outside(graph, rights);
    let mut is_entered = vec![false; graph.node_count()];
    for (arc, _) in (0u32..).zip(&*rights).filter(|(arc, r)| is_free(**r) && is_out[graph.arc_tail(*arc) as usize]) {
        is_entered[graph.arc_head(arc) as usize] = true;
    }
    for (arc, r) in (0u32..).zip(rights).filter(|(_, r)| **r & OPEN != 0) {
        if is_free(*r) {
            *r = *r & !BLIND | if leads_out[graph.arc_head(arc) as usize] { 0 } else { BLIND };
        } else {
            *r = *r & !ENTER | if is_entered[graph.arc_tail(arc) as usize] { 0 } else { ENTER };
        }
    }
}

const fn is_free(rights: u8) -> bool {
    rights & (OPEN | CLOSED) == OPEN
}

/// Which junctions one comes to from the open streets around over open ones, and from which one comes to them.
fn outside(graph: &Graph, rights: &[u8]) -> (Vec<bool>, Vec<bool>) {
    let is_free =
        |edge: u32, tail: u32| is_free(rights[(edge * 2 + u32::from(graph.edge(edge).start != tail)) as usize]);
    let heads = |node: u32| graph.arcs_out(node).iter().filter(move |out| is_free(out.edge, node)).map(|out| out.node);
    let tails =
        |node: u32| graph.arcs_in(node).iter().filter(move |into| is_free(into.edge, into.node)).map(|into| into.node);
    let (mut first, mut all_heads) = (vec![0], Vec::new());
    for node in 0..graph.node_count() as u32 {
        all_heads.extend(heads(node));
        first.push(all_heads.len() as u32);
    }
    let around = large_components(&first, &all_heads, WALLED_IN_MAX);
    (reached(around.clone(), heads), reached(around, tails))
}

/// With what is reached from there.
fn reached<I: Iterator<Item = u32>>(mut there: Vec<bool>, next: impl Fn(u32) -> I) -> Vec<bool> {
    let mut waiting: Vec<u32> = (0..).zip(&there).filter(|(_, there)| **there).map(|(node, _)| node).collect();
    while let Some(node) = waiting.pop() {
        for on in next(node) {
            if !std::mem::replace(&mut there[on as usize], true) {
                waiting.push(on);
            }
        }
    }
    there
}

impl std::fmt::Debug for ArcTimes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ArcTimes({} arcs)", self.ms.len())
    }
}

#[cfg(test)]
#[path = "times_tests.rs"]
mod tests;
