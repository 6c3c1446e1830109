//! Owns the question which pieces of street somebody means who names a place: those near a point, or those along the street between
//! two points. For closures and slow streets; whom to send is not asked here.

use super::data::{MapData, RoadClass};
use super::graph::{Graph, NO_WAY};
use super::snap::Snap;
use super::{Profile, RoadMap, barriers};
use crate::position::Position;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// A point names a street no further from it than this, metres.
pub const NAMED_M_MAX: f64 = 50.0;

/// Two points that no one way of the map joins name what lies between them over no more than so many metres: further apart nobody
/// means just the shortest way.
pub const ALONG_M_MAX: f64 = 2_000.0;

/// Why two points name no streets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAlong {
    /// One of them is further than [`NAMED_M_MAX`] from every street.
    OffStreet,
    /// The way along streets between them is longer than [`ALONG_M_MAX`], or there is none.
    TooFar,
}

/// A street is passed over for another that is nearer to both points by more than so many metres: clicks are off by as much.
const NEARER_M: f32 = 5.0;

/// Most streets looked at around a point.
const STREETS_MAX: usize = 4_096;
/// Most streets that one of two points may name.
const NAMED_MAX: usize = 32;

impl Graph {
    /// Every edge with a point within so many metres, by ascending number.
    pub fn streets_near(&self, center: Position, metres: f64) -> Vec<u32> {
        let mut edges: Vec<u32> = self.snaps_within(center, metres, STREETS_MAX).iter().map(|s| s.edge).collect();
        edges.sort_unstable();
        edges
    }

    /// The edges along the shortest way over streets, used in either direction.
    fn along_shortest(&self, from: &Snap, to: &Snap) -> Result<Vec<u32>, NotAlong> {
        // Keys in millimetres: floats have no order.
        let mm = |metres: f64| (metres * 1000.0) as u64;
        let pieces = |snap: &Snap| {
            let (edge, whole_m) = (self.edge(snap.edge), f64::from(self.edge(snap.edge).length_m));
            let before_m = whole_m * f64::from(snap.fraction);
            [(edge.start, mm(before_m)), (edge.end, mm(whole_m - before_m))]
        };
        let mut queue: BinaryHeap<_> = pieces(from).map(|(node, mm)| Reverse((mm, node, from.edge))).into();
        let mut by_edge: HashMap<u32, u32> = HashMap::new();
        let mut best: Option<(u64, u32)> = None;
        while let Some(Reverse((at_mm, node, edge))) = queue.pop() {
            if at_mm > mm(ALONG_M_MAX) || best.is_some_and(|best| at_mm >= best.0) {
                break;
            }
            if by_edge.contains_key(&node) {
                continue;
            }
            by_edge.insert(node, edge);
            let ends = pieces(to).into_iter().filter(|end| end.0 == node).map(|end| (at_mm + end.1, node));
            best = ends.chain(best).min();
            for arc in self.arcs_out(node).iter().chain(self.arcs_in(node)) {
                if self.edge(arc.edge).way != NO_WAY && !by_edge.contains_key(&arc.node) {
                    queue.push(Reverse((at_mm + mm(f64::from(self.edge(arc.edge).length_m)), arc.node, arc.edge)));
                }
            }
        }
        let (_, mut node) = best.filter(|best| best.0 <= mm(ALONG_M_MAX)).ok_or(NotAlong::TooFar)?;
        let mut edges = vec![to.edge];
        loop {
            let edge = by_edge[&node];
            edges.push(edge);
            if edge == from.edge {
                return Ok(edges);
            }
            node ^= self.edge(edge).start ^ self.edge(edge).end;
        }
    }
}

/// What makes two pieces the same street: the name, or else the way of the map.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Street<'a> {
    Named(&'a str),
    Nameless(u32),
}

/// A piece of street near a point.
struct Near<'a> {
    snap: Snap,
    /// Its way of the map; of a way that barriers cut, the first piece.
    way: u32,
    street: Street<'a>,
    is_path: bool,
}

impl RoadMap {
    /// The edges along the street from the piece at one point to the piece at another, both included, by ascending number: of the way
    /// of the map that both lie on, however it bends. Where no way lies within [`NAMED_M_MAX`] of both but others are clearly nearer to
    /// one of them, the street is the nearest to both by its name: a way of it that is nearest to one of them, or else the shortest way.
    pub fn streets_between(&self, profile: Profile, a: Position, b: Position) -> Result<Vec<u32>, NotAlong> {
        let graph = self.graph(profile);
        let [from, to] = [a, b].map(|at| near(&self.data, graph, at));
        let is_meant = |p: &Near<'_>, q: &Near<'_>| [is_meant(p, &from), is_meant(q, &to)];
        let way = nearest(&from, &to, |p, q| p.way == q.way && is_meant(p, q) == [true; 2]);
        let street = nearest(&from, &to, |p, q| p.street == q.street);
        let way = way.or_else(|| {
            let (of, _) = street?;
            nearest(&from, &to, |p, q| p.way == q.way && p.street == of.street && is_meant(p, q).contains(&true))
        });
        let mut edges = if let Some((p, q)) = way {
            along_way(&self.data, graph, p, q)
        } else {
            let street = street.filter(|(p, q)| is_meant(p, q) == [true; 2]);
            let (p, q) = street.or_else(|| from.first().zip(to.first())).ok_or(NotAlong::OffStreet)?;
            graph.along_shortest(&p.snap, &q.snap)?
        };
        edges.sort_unstable();
        edges.dedup();
        Ok(edges)
    }
}

/// The nearest first.
fn near<'a>(data: &'a MapData, graph: &Graph, at: Position) -> Vec<Near<'a>> {
    let near = |snap: Snap| {
        let number = graph.edge(snap.edge).way;
        let way = data.ways.get(number as usize)?;
        let whole = barriers::whole(data, number);
        let name = data.names.get(way.name as usize).filter(|name| !name.is_empty());
        let street = name.map_or(Street::Nameless(whole), |name| Street::Named(name));
        Some(Near { snap, way: whole, street, is_path: way.class == RoadClass::Path })
    };
    graph.snaps_within(at, NAMED_M_MAX, NAMED_MAX).into_iter().filter_map(near).collect()
}

/// Of all pairs that are joined so the one nearest to its points.
fn nearest<'a, 'b>(
    from: &'b [Near<'a>],
    to: &'b [Near<'a>],
    is_joined: impl Fn(&Near<'a>, &Near<'a>) -> bool,
) -> Option<(&'b Near<'a>, &'b Near<'a>)> {
    let pairs = from.iter().flat_map(|p| to.iter().map(move |q| (p, q)));
    let metres = |(p, q): &(&Near<'_>, &Near<'_>)| p.snap.distance_m + q.snap.distance_m;
    pairs.filter(|(p, q)| is_joined(p, q)).min_by(|a, b| metres(a).total_cmp(&metres(b)))
}

/// Whether no other way is clearly nearer to the point. A path beside a street takes nothing from it.
fn is_meant(near: &Near<'_>, all: &[Near<'_>]) -> bool {
    let is_nearer = |other: &Near<'_>| {
        let counts = other.way != near.way && (near.is_path || !other.is_path);
        counts && other.snap.distance_m + NEARER_M < near.snap.distance_m
    };
    !all.iter().any(is_nearer)
}

fn along_way(data: &MapData, graph: &Graph, from: &Near<'_>, to: &Near<'_>) -> Vec<u32> {
    // Edges are made way by way, and along each.
    let (first, last) = (from.snap.edge.min(to.snap.edge), from.snap.edge.max(to.snap.edge));
    (first..=last).filter(|&edge| barriers::whole(data, graph.edge(edge).way) == from.way).collect()
}

#[cfg(test)]
#[path = "streets_tests.rs"]
mod tests;
