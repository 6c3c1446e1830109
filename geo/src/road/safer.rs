//! Owns the safer way on foot, and by subway as far as it is walked: a second metric on the walking graph that prefers main roads, lit
//! streets and streets with cameras, and a plain search on it that never enters an avoid zone. Does not know whose zones they are, and
//! promises nothing: a street is liked better or worse, none is called safe.
//!
//! What is no street costs its time: riding, waiting, stairs. A link to a station begins along a street and is disliked as that is, else
//! one would go in by one and out by the other to spare the street.
//!
//! The search is led by what the hierarchy says is left (`hierarchy::left`). A street's cost is its walking time times its dislike, from 1
//! to [`DISLIKE_MAX`]: so no safer way takes longer than [`DISLIKE_MAX`] times the fastest that keeps out of the same zones. A metre inside
//! a zone is liked alike on every street (`toll`). Invariant: no point of a way found lies in a zone, but for
//! [`Dislikes::route_least_inside`], for whom there is no other.

use super::avoid::Zone;
use super::data::RoadClass;
use super::graph::Graph;
use super::hierarchy::Metric;
use super::lit::Lit;
use super::route::{Piece, Route, off_streets_ms};
use super::snap::Snap;
use super::timed::Timed;
use super::toll::Toll;
use super::transit::OffStreet;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

/// The most that a street is disliked.
pub const DISLIKE_MAX: f64 = 2.0;

/// Dislike is kept in thousandths.
const ONE: u64 = 1_000;
/// A street with a lamp for every so many metres is lit; lamps stand 25 to 40 m apart.
const LAMP_EVERY_M: f32 = 60.0;

/// Dislike by what a street is, in thousandths. Plain assumptions: a main road has shops, people and lamps; a lane fewer;
/// a path through a park none.
const fn by_class(class: RoadClass) -> u16 {
    match class {
        RoadClass::Motorway | RoadClass::Primary | RoadClass::Secondary => 1_000,
        RoadClass::Tertiary => 1_150,
        RoadClass::Residential => 1_500,
        RoadClass::Path => 2_000,
    }
}
/// What a lit street is disliked less, in thousandths.
const LIT: u16 = 300;
/// What a street with a camera is disliked less.
const CAMERA: u16 = 200;

/// How much each street of one walking graph is disliked; of the graph of riding on top of it too, whose streets have the same numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct Dislikes {
    /// By street; of no others.
    thousandths: Vec<u16>,
}

/// Why there is no way. Says which end is at fault, never where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSaferWay {
    /// It would begin in an avoid zone.
    BeginsInside,
    /// It would end in an avoid zone.
    EndsInside,
    /// Every way leads through an avoid zone, or there is none.
    CutOff,
}

impl fmt::Display for NoSaferWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeginsInside => "the way begins in an avoid zone",
            Self::EndsInside => "the way ends in an avoid zone",
            Self::CutOff => "every way leads through an avoid zone",
        })
    }
}

impl std::error::Error for NoSaferWay {}

/// A safer way.
#[derive(Clone, Debug, PartialEq)]
pub struct SaferRoute {
    /// The way, with its true times.
    pub route: Route,
    /// Seconds that it takes longer than the fastest way, zones or not; never negative.
    pub detour_s: f32,
}

impl SaferRoute {
    fn of(route: Route, fastest_ms: Option<u64>) -> Self {
        let fastest_s = fastest_ms.map_or(route.duration_s, |ms| (ms as f64 / 1_000.0) as f32);
        Self { detour_s: (route.duration_s - fastest_s).max(0.0), route }
    }
}

impl Dislikes {
    /// Of the streets of a walking graph; `class_of` gives the class of the way with an index.
    pub fn of(graph: &Graph, lit: &Lit, class_of: impl Fn(u32) -> RoadClass) -> Self {
        let one = |(number, edge): (u32, &super::graph::Edge)| {
            let lamps = f32::from(lit.lamps(number)) * LAMP_EVERY_M;
            let is_lit = lamps > 0.0 && lamps >= edge.length_m;
            let less = if is_lit { LIT } else { 0 } + if lit.cameras(number) > 0 { CAMERA } else { 0 };
            by_class(class_of(edge.way)).saturating_sub(less).max(ONE as u16)
        };
        Self { thousandths: (0..).zip(graph.edges()).take(graph.street_count()).map(one).collect() }
    }

    /// None, on any graph: the fastest way.
    pub const fn none() -> Self {
        Self { thousandths: Vec::new() }
    }

    /// Of one street, 1 to [`DISLIKE_MAX`].
    pub fn get(&self, street: u32) -> f64 {
        self.of_street(street) as f64 / ONE as f64
    }

    fn of_street(&self, street: u32) -> u64 {
        self.thousandths.get(street as usize).map_or(ONE, |thousandths| u64::from(*thousandths))
    }

    fn of_edge(&self, graph: &Graph, edge: u32) -> u64 {
        match graph.off_street(edge) {
            None => self.of_street(edge),
            Some(OffStreet::Link { arc, .. }) => self.of_street(arc / 2),
            Some(_) => ONE,
        }
    }

    /// The way liked best under the times of a metric that keeps out of the zones, and what it costs against the fastest. Graph and metric
    /// must be those of the walking graph this was made of, or of riding on top of it.
    pub fn route(
        &self,
        graph: &Graph,
        metric: &Metric,
        from: &Snap,
        to: &Snap,
        zones: &[Zone],
    ) -> Result<SaferRoute, NoSaferWay> {
        self.led(metric, from, to, Toll::forbidding(graph, zones))
    }

    /// The way liked best of those with as little as can be in zones, for whom [`Self::route`] finds none; `None` if there is no
    /// way at all.
    pub fn route_least_inside(
        &self,
        graph: &Graph,
        metric: &Metric,
        from: &Snap,
        to: &Snap,
        zones: &[Zone],
    ) -> Option<SaferRoute> {
        self.led(metric, from, to, Toll::exacting(graph, zones)).ok()
    }

    fn led(&self, metric: &Metric, from: &Snap, to: &Snap, toll: Toll<'_>) -> Result<SaferRoute, NoSaferWay> {
        let (search, _, found) = self.led_search(metric, from, to, toll)?;
        Ok(SaferRoute::of(search.follow(from, to, &found), metric.travel_ms(from, to).map(u64::from)))
    }

    fn led_search<'a>(
        &'a self,
        metric: &'a Metric,
        from: &Snap,
        to: &Snap,
        toll: Toll<'a>,
    ) -> Result<(Search<'a>, u64, Found), NoSaferWay> {
        let owed = toll.admits(from, to)?;
        let search = Search { timed: Timed { graph: toll.graph(), times: metric.times() }, dislikes: self, toll };
        let mut left = metric.left(to);
        let bound = |node| Some((u64::from(left.ms(node)?) + owed.ms(node)) * ONE);
        let (cost, found) = search.search(from, to, bound).ok_or(NoSaferWay::CutOff)?;
        Ok((search, cost, found))
    }
}

impl fmt::Debug for Dislikes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dislikes({} edges)", self.thousandths.len())
    }
}

/// How a junction was reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Back {
    /// Not yet.
    Nowhere,
    /// From the beginning, by the edge it is on, towards the end that has this fraction (0 or 1).
    Begin(u8),
    /// From another junction along an edge; whether forward.
    Arc { node: u32, edge: u32, forward: bool },
}

struct Search<'a> {
    timed: Timed<'a>,
    dislikes: &'a Dislikes,
    toll: Toll<'a>,
}

/// The end of a search: the junctions' ways back, and by which junction and end of its edge the goal is entered; `None` straight along
/// a shared edge.
struct Found {
    back: Vec<Back>,
    last: Option<(u32, f32)>,
}

impl Search<'_> {
    /// The way that was found, with its true times.
    fn follow(&self, from: &Snap, to: &Snap, found: &Found) -> Route {
        let mut pieces = Vec::new();
        let arc = |edge: u32, from: f32, to: f32| edge * 2 + u32::from(from > to);
        let piece = |edge: u32, from: f32, to: f32| Piece {
            edge,
            from,
            to,
            whole_ms: self.timed.times.ms(arc(edge, from, to)),
        };
        if let Some((mut node, entrance)) = found.last {
            pieces.push(piece(to.edge, entrance, to.fraction));
            while let Back::Arc { node: before, edge, forward } = found.back[node as usize] {
                let (a, b) = if forward { (0.0, 1.0) } else { (1.0, 0.0) };
                pieces.push(piece(edge, a, b));
                node = before;
            }
            if let Back::Begin(end) = found.back[node as usize] {
                pieces.push(piece(from.edge, from.fraction, f32::from(end)));
            }
            pieces.reverse();
        } else {
            pieces.push(piece(from.edge, from.fraction, to.fraction));
        }
        let ms = |p: &Piece| self.timed.between_ms(arc(p.edge, p.from, p.to), p.from, p.to);
        let total_ms = pieces.iter().map(ms).sum::<u64>() + off_streets_ms(from, to);
        self.timed.graph.follow(from, to, pieces.into_iter(), total_ms)
    }

    /// What a street costs between two fractions of it, which takes so long; `None` if it may not be used.
    fn cost(&self, edge: u32, a: f32, b: f32, ms: u64) -> Option<u64> {
        Some(ms * self.dislikes.of_edge(self.timed.graph, edge) + self.toll.extra_ms(edge, a, b)? * ONE)
    }

    /// A* with the least cost that is left from a junction: what the best way costs, and how it was found; `None` if there is none.
    fn search(&self, from: &Snap, to: &Snap, mut left: impl FnMut(u32) -> Option<u64>) -> Option<(u64, Found)> {
        let (timed, graph) = (self.timed, self.timed.graph);
        let mut bound = |cost: u64, node: u32| left(node).map(|rest| Reverse((cost + rest, cost, node)));
        let mut best = vec![u64::MAX; graph.node_count()];
        let mut back = vec![Back::Nowhere; graph.node_count()];
        let mut queue = BinaryHeap::new();
        for ((node, ms), end) in timed.exits(from).into_iter().zip([1u8, 0]).filter_map(|(e, end)| Some((e?, end))) {
            let Some(cost) = self.cost(from.edge, from.fraction, f32::from(end), ms) else { continue };
            if cost < best[node as usize] {
                best[node as usize] = cost;
                back[node as usize] = Back::Begin(end);
                queue.extend(bound(cost, node));
            }
        }
        let straight = timed.times.straight(from, to);
        let straight = straight.and_then(|(ms, _)| self.cost(from.edge, from.fraction, to.fraction, ms.into()));
        let mut found = straight.map(|cost| (cost, None));
        let entering = timed.entrances(to).into_iter().zip([0.0f32, 1.0]).filter_map(|(entrance, end)| {
            let (node, ms) = entrance?;
            Some((node, self.cost(to.edge, end, to.fraction, ms)?, end))
        });
        let entering: Vec<(u32, u64, f32)> = entering.collect();
        while let Some(Reverse((least, cost, node))) = queue.pop() {
            if found.is_some_and(|(known, _)| least >= known) {
                break;
            }
            if cost > best[node as usize] {
                continue;
            }
            for &(entrance, last, end) in entering.iter().filter(|e| e.0 == node) {
                let whole = cost + last;
                if found.is_none_or(|(known, _)| whole < known) {
                    found = Some((whole, Some((entrance, end))));
                }
            }
            for arc in timed.arcs_out(node) {
                let edge = arc.arc / 2;
                // Zones are looked at only where it matters.
                if cost + arc.ms * self.dislikes.of_edge(graph, edge) >= best[arc.node as usize] {
                    continue;
                }
                let Some(next) = self.cost(edge, 0.0, 1.0, arc.ms).map(|more| cost + more) else { continue };
                if next < best[arc.node as usize] {
                    best[arc.node as usize] = next;
                    // A loop is never part of a best way, so the two ends differ.
                    back[arc.node as usize] = Back::Arc { node, edge, forward: arc.arc & 1 == 0 };
                    queue.extend(bound(next, arc.node));
                }
            }
        }
        found.map(|(cost, last)| (cost, Found { back, last }))
    }
}

#[cfg(test)]
#[path = "safer_tests.rs"]
pub(super) mod tests;
