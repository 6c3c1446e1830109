//! Owns what a turn costs by its geometry. Does not know which turns are allowed (`bans`, `turns`).

use super::arcs::{edge_of, is_forward};
use super::data::RoadClass;
use super::graph::Graph;
use crate::position::Position;

/// Seconds lost in turning, as milliseconds, for traffic on the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnCosts {
    /// To the left by 90° and by [`SHARP_DEGREES`] or more: waits for who comes towards one.
    pub left_ms: [u32; 2],
    /// To the right by 90° and by [`SHARP_DEGREES`] or more.
    pub right_ms: [u32; 2],
    /// Back along the same street.
    pub uturn_ms: u32,
    /// The same between the junctions of a street too big to turn round in: on to where one may, and back.
    pub uturn_big_ms: u32,
    /// Streets of this class and smaller ones let one turn round at a junction; bigger ones (with a solid middle line) only
    /// where there is no other way on.
    pub uturn_from: RoadClass,
}

/// Below this a bend is straight on, degrees.
const STRAIGHT_DEGREES: f64 = 30.0;
/// From here on a turn is as slow as it gets, degrees.
pub const SHARP_DEGREES: f64 = 150.0;

/// Directions are taken over this length, metres: the last metre of a drawn street says little.
const DIRECTION_M: f64 = 12.0;

/// How an arc arrives and leaves: east and north, of any length, zero if it has none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Directions {
    pub(super) leaving_tail: [f64; 2],
    pub(super) reaching_head: [f64; 2],
}

pub(super) fn directions(graph: &Graph, arc: u32) -> Directions {
    let shape = graph.shape(edge_of(arc));
    let forward = || away(shape.iter().copied());
    let backward = || away(shape.iter().rev().copied());
    let turned = |d: [f64; 2]| [-d[0], -d[1]];
    if is_forward(arc) {
        Directions { leaving_tail: forward(), reaching_head: turned(backward()) }
    } else {
        Directions { leaving_tail: backward(), reaching_head: turned(forward()) }
    }
}

/// From the first point to the one [`DIRECTION_M`] further on, or the last.
fn away(mut points: impl Iterator<Item = Position>) -> [f64; 2] {
    let Some(first) = points.next() else { return [0.0; 2] };
    let (mut last, mut left_m) = (first, DIRECTION_M);
    for point in points {
        let step_m = last.distance_m(point);
        if step_m >= left_m {
            last = last.towards(point, left_m / step_m);
            break;
        }
        left_m -= step_m;
        last = point;
    }
    let east = (last.lon() - first.lon()) * first.lat().to_radians().cos();
    [east, last.lat() - first.lat()]
}

impl TurnCosts {
    /// Nothing costs anything.
    pub const FREE: Self =
        Self { left_ms: [0; 2], right_ms: [0; 2], uturn_ms: 0, uturn_big_ms: 0, uturn_from: RoadClass::Motorway };

    /// Milliseconds of turning from one direction into the other.
    pub(super) fn ms(&self, reaching: [f64; 2], leaving: [f64; 2]) -> u32 {
        let cross = reaching[0] * leaving[1] - reaching[1] * leaving[0];
        let dot = reaching[0] * leaving[0] + reaching[1] * leaving[1];
        let degrees = cross.atan2(dot).to_degrees();
        let [square, sharp] = if degrees > 0.0 { self.left_ms } else { self.right_ms }.map(f64::from);
        let bend = degrees.abs();
        let ms = if bend <= 90.0 {
            square * ((bend - STRAIGHT_DEGREES) / (90.0 - STRAIGHT_DEGREES)).max(0.0)
        } else {
            square + (sharp - square) * ((bend - 90.0) / (SHARP_DEGREES - 90.0)).min(1.0)
        };
        ms.round() as u32
    }
}
