//! Owns a way told street by street: how one turns into each, how far it goes and how long that takes. Does not search the way
//! and puts nothing into words of a language.
//!
//! Pieces of one street are one leg. Streets without a name are one leg as long as the way goes straight on.

use super::data::{MapData, Way};
use super::graph::NO_WAY;
use super::route::Route;
use crate::position::Position;

/// What is turned by less goes straight on, degrees.
const STRAIGHT_DEG: f64 = 40.0;

/// What is turned by more goes back, degrees.
const BACK_DEG: f64 = 150.0;

/// A direction is taken over so many metres: the last bend of a kerb is none.
const DIRECTION_M: f64 = 12.0;

/// How one comes into a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The first leg.
    Start,
    /// Straight on.
    Straight,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Round.
    Back,
}

/// What a leg goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// A street: index into the names of the map data, `None` without one.
    Street(Option<u32>),
    /// A subway: index of the line.
    Ride(u32),
    /// Between street and platform, or lines.
    Station,
    /// From where the way begins to its first street, or from its last to where it ends: no way is known there.
    OffStreets,
}

/// A part of a way that is told in one sentence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// How one comes into it.
    pub turn: Turn,
    /// What it goes along.
    pub along: Along,
    /// First point of the way.
    pub from: usize,
    /// Metres.
    pub length_m: f32,
    /// Seconds.
    pub duration_s: f32,
}

/// The legs of a way on this map, in order; their seconds add up to the way's.
pub fn legs(data: &MapData, route: &Route) -> Vec<Leg> {
    let end = route.points.len() - 1;
    let mut begins: Vec<(usize, Along)> = Vec::new();
    for part in &route.streets {
        if part.way == NO_WAY {
            continue;
        }
        let name = data.ways.get(part.way as usize).map_or(Way::NO_NAME, |way| way.name);
        begins.push((part.from, Along::Street((name != Way::NO_NAME).then_some(name))));
    }
    for part in route.streets.iter().filter(|part| part.way == NO_WAY) {
        begins.push((part.from, Along::Station));
    }
    for ride in &route.rides {
        begins.retain(|b| b.0 != ride.from);
        begins.push((ride.from, Along::Ride(ride.line)));
        if ride.to < end && !begins.iter().any(|b| b.0 == ride.to) {
            begins.push((ride.to, Along::Station));
        }
    }
    begins.sort_by_key(|b| b.0);
    let mut told: Vec<(usize, Along, Turn)> = Vec::new();
    for (from, along) in begins {
        let turn = if told.is_empty() { Turn::Start } else { turn_at(&route.points, from) };
        let goes_on = told.last().is_some_and(|&(_, before, _)| match (before, along) {
            (Along::Street(None), Along::Street(None)) => turn == Turn::Straight,
            (before, along) => before == along,
        });
        if !goes_on {
            told.push((from, along, turn));
        }
    }
    let ends = told.iter().skip(1).map(|t| t.0).chain([end]);
    let parts: Vec<(&(usize, Along, Turn), usize)> = told.iter().zip(ends).collect();
    let legs = parts.into_iter().map(|(&(from, along, turn), to)| leg(route, turn, along, from, to));
    let [before, after] = off_streets(route);
    before.into_iter().chain(legs).chain(after).collect()
}

/// What comes before the first street and after the last, where there is something.
fn off_streets(route: &Route) -> [Option<Leg>; 2] {
    let end = route.points.len() - 1;
    let leg = |turn, from, length_m: f32, duration_s| {
        (length_m > 0.0).then_some(Leg { turn, along: Along::OffStreets, from, length_m, duration_s })
    };
    let [begins_m, ends_m] = route.off_streets_m;
    [leg(Turn::Start, 0, begins_m, route.at_s[0]), leg(Turn::Straight, end, ends_m, route.duration_s - route.at_s[end])]
}

fn leg(route: &Route, turn: Turn, along: Along, from: usize, to: usize) -> Leg {
    let metres: f64 = route.points[from..=to].windows(2).map(|pair| pair[0].distance_m(pair[1])).sum();
    Leg { turn, along, from, length_m: metres as f32, duration_s: route.at_s[to] - route.at_s[from] }
}

fn turn_at(points: &[Position], at: usize) -> Turn {
    let here = points[at];
    let far = |p: &&Position| p.distance_m(here) >= DIRECTION_M;
    let before = points[..at].iter().rev().find(far).or(points.first());
    let after = points[at + 1..].iter().find(far).or(points.last());
    let (Some(&before), Some(&after)) = (before, after) else { return Turn::Straight };
    let turned = (bearing_deg(here, after) - bearing_deg(before, here)).rem_euclid(360.0);
    let turned = if turned > 180.0 { turned - 360.0 } else { turned };
    match turned {
        _ if turned.abs() < STRAIGHT_DEG => Turn::Straight,
        _ if turned.abs() > BACK_DEG => Turn::Back,
        _ if turned > 0.0 => Turn::Right,
        _ => Turn::Left,
    }
}

/// Clockwise from north, on the plane around the two.
fn bearing_deg(from: Position, to: Position) -> f64 {
    let east = (to.lon() - from.lon()) * from.lat().to_radians().cos();
    east.atan2(to.lat() - from.lat()).to_degrees()
}

#[cfg(test)]
#[path = "legs_tests.rs"]
mod tests;
