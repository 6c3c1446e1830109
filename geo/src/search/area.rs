//! Owns the queries for everybody within an area: a radius, a box (what a screen shows), a polygon. Each visits the lists that
//! can hold somebody in it, and tests entries one by one only where a border passes.

use super::lattice::{REACH_M, RING_MAX, View, hexagon_m_max};
use super::lists::{CellIndex, List};
use super::mask::Mask;
use super::polygon::Polygon;
use super::rank::{Squares, square_of};
use super::{Entry, Found};
use crate::position::{Bounds, EARTH_RADIUS_M, Origin, Position};

impl CellIndex {
    /// Everybody within `radius_m` metres whom mask and filter let through, nearest first, of equal distances the lower number.
    pub fn within_radius(
        &self,
        query: Position,
        radius_m: f64,
        mask: Mask,
        filter: impl Fn(u32) -> bool,
    ) -> Vec<Found> {
        let mut found = Vec::new();
        let squares = Squares::from(query);
        // Above the cheap square's reach it only says "far": then every distance is worked out.
        let limit = square_of(radius_m);
        let (squares, limit) =
            if limit < squares.most() { (squares, limit) } else { (Squares::true_from(query), f64::INFINITY) };
        let (near, origin) = (squares.up_to(limit), Origin::at(query));
        self.visit(query, radius_m, |list| {
            let near = list.entries.iter().filter(|e| mask.passes(e.bits) && near(e.position).is_some());
            let near = near.map(|e| e.found_from(&origin)).filter(|f| f.distance_m <= radius_m);
            found.extend(near.filter(|f| filter(f.who)));
        });
        found.sort_by(Found::order);
        found
    }

    /// Everybody in the box whom the mask lets through, in no order.
    pub fn within_bounds(&self, bounds: &Bounds, mask: Mask, mut each: impl FnMut(u32)) {
        self.visit_area(bounds, |list| {
            let is_whole = list.extent().map(|e| bounds.meets(&e));
            give(list, mask, is_whole, |p| bounds.contains(p), &mut each);
        });
    }

    /// Everybody in the polygon whom the mask lets through, in no order.
    pub fn within_polygon(&self, polygon: &Polygon, mask: Mask, mut each: impl FnMut(u32)) {
        self.visit_area(polygon.bounds(), |list| {
            let is_whole = list.extent().map(|e| polygon.meets(&e));
            give(list, mask, is_whole, |p| polygon.contains(p), &mut each);
        });
    }

    /// Every list that can hold somebody in the box, and others.
    pub(super) fn visit_area(&self, bounds: &Bounds, each: impl FnMut(&List)) {
        let corner = |lat: f64, lon: f64| Position::new(lat.clamp(-90.0, 90.0), lon.clamp(-180.0, 180.0)).ok();
        let middle = corner(f64::midpoint(bounds.south, bounds.north), f64::midpoint(bounds.west, bounds.east));
        let corners = [(bounds.south, bounds.west), (bounds.south, bounds.east), (bounds.north, bounds.west)];
        let corners = corners.into_iter().chain([(bounds.north, bounds.east)]).map(|(lat, lon)| corner(lat, lon));
        // A box of meridians and parallels is farthest from its middle at a corner.
        let radius_m = corners.map(|c| Some(c?.distance_m(middle?))).try_fold(0.0, |far, m| Some(f64::max(far, m?)));
        if let (Some(middle), Some(radius_m)) = (middle, radius_m) {
            self.visit(middle, radius_m + 1.0, each);
        }
    }

    /// Every list that can hold somebody within the radius, and others.
    fn visit(&self, query: Position, radius_m: f64, mut each: impl FnMut(&List)) {
        if self.visit_by_rings(query, radius_m, &mut each).is_none() {
            self.lists().for_each(each);
        }
    }

    /// `None`, with nothing visited, if looking at every list is cheaper.
    fn visit_by_rings(&self, query: Position, radius_m: f64, each: &mut impl FnMut(&List)) -> Option<()> {
        // `contains` is false of a number that is none.
        if !(0.0..REACH_M / 2.0).contains(&radius_m) {
            return None;
        }
        let (home, _) = View::home(query);
        let mut views = vec![home];
        for other in home.abroad().filter(|other| self.list_count_on(other.face) > 0) {
            if other.least_m <= radius_m {
                views.push(other.view()?);
            }
        }
        let rings =
            |view: &View| (0..=RING_MAX).take_while(|&r| view.unread_m(r) <= radius_m).last().map_or(0, |r| r + 1);
        let hexagons: u64 = views.iter().map(|v| 3 * u64::from(rings(v)).pow(2)).sum();
        if hexagons > self.list_count() as u64 {
            return None;
        }
        for view in &views {
            let mut reader = self.reader(view.face());
            for r in 0..rings(view) {
                view.each_in_ring(r, |a, b| {
                    if view.hexagon_m(a, b) <= radius_m {
                        reader.list(a, b).into_iter().for_each(&mut *each);
                    }
                });
            }
        }
        Some(())
    }
}

/// How an area lies to a hexagon's extent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meeting {
    /// All of the extent is in the area.
    Whole,
    /// None of it is.
    Apart,
    /// A border passes, or may.
    Border,
}

fn give(
    list: &List,
    mask: Mask,
    meeting: Option<Meeting>,
    contains: impl Fn(Position) -> bool,
    each: &mut impl FnMut(u32),
) {
    let mut give = |e: &Entry| each(e.who);
    let masked = list.entries.iter().filter(|e| mask.passes(e.bits));
    match meeting {
        Some(Meeting::Apart) => {}
        Some(Meeting::Whole) => masked.for_each(&mut give),
        Some(Meeting::Border) | None => masked.filter(|e| contains(e.position)).for_each(&mut give),
    }
}

impl List {
    /// A box around the hexagon; `None` where it is not known.
    pub(super) fn extent(&self) -> Option<Bounds> {
        let middle = self.middle()?;
        let north = (hexagon_m_max() / EARTH_RADIUS_M).to_degrees();
        // Lists within ±60° only are inside: a meridian's spacing at the far edge of the hexagon is at least that.
        let east = north / (middle.lat().abs() + north).to_radians().cos();
        let (lat, lon) = (middle.lat(), middle.lon());
        Some(Bounds { west: lon - east, south: lat - north, east: lon + east, north: lat + north })
    }
}

impl Bounds {
    pub(super) fn meets(&self, other: &Self) -> Meeting {
        if other.east < self.west || other.west > self.east || other.north < self.south || other.south > self.north {
            Meeting::Apart
        } else if other.west >= self.west
            && other.east <= self.east
            && other.south >= self.south
            && other.north <= self.north
        {
            Meeting::Whole
        } else {
            Meeting::Border
        }
    }
}

#[cfg(test)]
#[path = "area_tests.rs"]
mod tests;
