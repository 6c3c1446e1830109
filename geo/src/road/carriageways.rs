//! Owns the question what the other carriageway of a stretch of street is: where the map draws one street as two one-way ways, the
//! pieces of it that lie beside the stretch and are driven against it. Told by the map's ways for cars, so that it holds for those
//! too who may go both ways on each, on foot or by bicycle. Which stretch somebody means is `streets`'.

use super::data::{Access, RoadClass, Way};
use super::graph::Graph;
use super::snap::{m_per_e7_east, nearest_on};
use super::streets::NotAlong;
use super::{Profile, RoadMap};
use crate::position::Position;
use std::collections::HashSet;

/// The middle lines of two carriageways are no further apart than this, metres.
pub const APART_M_MAX: f64 = 50.0;

/// The same where the street has no name: only place and class tell it from the next street, and a block lies between those.
const NAMELESS_APART_M_MAX: f64 = 30.0;

/// Cosine of the angle from which on one way runs against another: within 45° of the opposite.
const AGAINST_COSINE: f64 = -0.707;

/// What makes two pieces the same street.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Street<'a> {
    Named(&'a str),
    Nameless(RoadClass),
}

impl Street<'_> {
    const fn apart_m_max(self) -> f64 {
        match self {
            Self::Named(_) => APART_M_MAX,
            Self::Nameless(_) => NAMELESS_APART_M_MAX,
        }
    }
}

/// A piece of one carriageway.
struct Piece<'a> {
    edge: u32,
    street: Street<'a>,
    /// In the direction in which it is driven.
    course: Vec<Position>,
    /// Half way along.
    middle: Position,
    /// How it is driven there, metres east and north.
    heading: [f64; 2],
}

/// Where a straight part of a course is nearest to a point.
#[derive(Clone, Copy, PartialEq)]
enum Foot {
    /// Square to it.
    Within,
    /// At its beginning, since the point lies before it.
    Begin(Position),
    /// At its end, since the point lies past it.
    End(Position),
}

impl RoadMap {
    /// [`RoadMap::streets_between`], and of the same street the other carriageway where the map draws it apart: one-way for cars as the
    /// stretch is, of the same name, driven the other way, no more than [`APART_M_MAX`] aside. A piece of it is meant where its
    /// middle lies beside the stretch, so that none is past the ends; or the middle of a piece of the stretch beside it, so that a
    /// long one without junctions is not left open for its length.
    pub fn carriageways_between(&self, profile: Profile, a: Position, b: Position) -> Result<Vec<u32>, NotAlong> {
        let mut edges = self.streets_between(profile, a, b)?;
        let others = self.other_carriageway(profile, &edges);
        edges.extend(others);
        edges.sort_unstable();
        Ok(edges)
    }

    /// Of edges by ascending number those beside them that are not among them.
    fn other_carriageway(&self, profile: Profile, edges: &[u32]) -> Vec<u32> {
        let graph = self.graph(profile);
        let stretch: Vec<Piece<'_>> = edges.iter().filter_map(|&edge| self.piece(graph, edge)).collect();
        let is_other = |piece: &Piece<'_>| {
            let same = || stretch.iter().filter(|of| of.street == piece.street);
            lies_beside(piece, same()) || same().any(|of| lies_beside(of, [piece]))
        };
        let rest = (0..graph.street_count() as u32).filter(|edge| edges.binary_search(edge).is_err());
        let streets: HashSet<Street<'_>> = stretch.iter().map(|of| of.street).collect();
        let street = |&edge: &u32| self.way(graph, edge).and_then(|way| self.street(way));
        let alike = rest.filter(|edge| street(edge).is_some_and(|street| streets.contains(&street)));
        let pieces = alike.filter_map(|edge| self.piece(graph, edge));
        pieces.filter(is_other).map(|piece| piece.edge).collect()
    }

    fn way(&self, graph: &Graph, edge: u32) -> Option<&Way> {
        self.data.ways.get(graph.edge(edge).way as usize)
    }

    /// `None` of what is no carriageway of a divided street.
    fn street(&self, way: &Way) -> Option<Street<'_>> {
        if !matches!(way.drive, Access::Forward | Access::Backward) {
            return None;
        }
        match self.data.names.get(way.name as usize) {
            Some(name) if !name.is_empty() => Some(Street::Named(name)),
            // Alleys are one-way by turns, a row of houses apart: without a name none is another's other side.
            _ => (way.class <= RoadClass::Tertiary).then_some(Street::Nameless(way.class)),
        }
    }

    fn piece(&self, graph: &Graph, edge: u32) -> Option<Piece<'_>> {
        let way = self.way(graph, edge)?;
        let street = self.street(way)?;
        let mut course = graph.shape(edge).to_vec();
        if way.drive == Access::Backward {
            course.reverse();
        }
        let mut left_m = Graph::length_m(&course) / 2.0;
        let half = course.windows(2).find_map(|part| {
            let metres = part[0].distance_m(part[1]);
            let is_here = metres > 0.0 && left_m <= metres;
            let at = is_here.then(|| (part[0].towards(part[1], left_m / metres), heading(part)));
            left_m -= metres;
            at
        });
        let (middle, heading) = half?;
        Some(Piece { edge, street, course, middle, heading })
    }
}

/// Whether the middle of a piece lies beside those, where they are driven the other way: not before their beginning nor past their end.
fn lies_beside<'a>(piece: &Piece<'_>, those: impl IntoIterator<Item = &'a Piece<'a>>) -> bool {
    let parts =
        those.into_iter().flat_map(|of| of.course.windows(2)).filter(|part| is_against(piece.heading, heading(part)));
    let feet: Vec<(f64, Foot)> = parts.map(|part| foot(part, piece.middle)).collect();
    let Some(&(metres, nearest)) = feet.iter().min_by(|a, b| a.0.total_cmp(&b.0)) else { return false };
    let has = |other: Foot| feet.iter().any(|&(_, foot)| foot == other);
    let is_between = match nearest {
        Foot::Within => true,
        // On the outside of a bend a point lies past the one part and before the next.
        Foot::Begin(at) => has(Foot::End(at)),
        Foot::End(at) => has(Foot::Begin(at)),
    };
    is_between && metres <= piece.street.apart_m_max()
}

fn foot(part: &[Position], point: Position) -> (f64, Foot) {
    let (fraction, metres) = nearest_on(part[0], part[1], point);
    let foot = if fraction <= 0.0 {
        Foot::Begin(part[0])
    } else if fraction >= 1.0 {
        Foot::End(part[1])
    } else {
        Foot::Within
    };
    (metres, foot)
}

/// From the first point to the second, east and north, of one scale.
fn heading(part: &[Position]) -> [f64; 2] {
    let e7 = |from: i32, to: i32| f64::from(to) - f64::from(from);
    let east = e7(part[0].lon_e7(), part[1].lon_e7()) * m_per_e7_east(part[0].lat());
    [east, e7(part[0].lat_e7(), part[1].lat_e7()) * m_per_e7_east(0.0)]
}

fn is_against(a: [f64; 2], b: [f64; 2]) -> bool {
    a[0] * b[0] + a[1] * b[1] < AGAINST_COSINE * a[0].hypot(a[1]) * b[0].hypot(b[1])
}

#[cfg(test)]
#[path = "carriageways_tests.rs"]
mod tests;
