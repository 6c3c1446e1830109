//! Owns the plane geometry of H3's resolution-8 hexagons: on which face of the icosahedron a position lies, in which hexagon of
//! that face, and how near anything in another hexagon or on another face can be. Stores nothing.
//!
//! # The plane
//!
//! H3 lays a regular hexagonal lattice on each face of an icosahedron and projects it on the sphere from the centre (the
//! gnomonic projection), so great circles are straight lines on a face. A point belongs to the face whose middle is nearest.
//! Here a point is `(face, x, y)` with the distance of neighbouring hexagons' middles as unit: one dot product per face, two
//! divisions, no inverse function. A hexagon that two faces share has a [`Spot`] on each, and its entries lie under the spot
//! of their own face; so a spot is found without any table, and pentagons, which are the faces' corners, are nothing special.
//!
//! # How near something unread can be
//!
//! A short piece of length `L` on the face measures at least `R w L cos²ρ` on the sphere: `w` is the lattice's unit, and `ρ` the
//! angle from the middle of the face (radially the projection scales by `cos²ρ`, across by `cos ρ`, which is more). Take the
//! greatest `ρ` on the way. Along a straight line `ρ` is greatest at an end, so on the way from a query to a point of the
//! face it is at most that of the query or of the face's corners, and within [`REACH_M`] of the query at most that angle more
//! than the query's. With `s = R w cos²ρ_max` for metres in a unit:
//!
//! > a point that is `d` units away on the face is at least **`min(s d, REACH_M)`** away.
//!
//! - A **hexagon** whose middle is at `m` from the query, `n` being the three directions of neighbours: it lies between
//!   lines half a unit from its middle, so it is at least `max |n m| - 1/2` units away.
//! - A **ring**: the middle of a hexagon `r` or more steps away is at least `r √3/2` units from the first one's (the steps that gain
//!   least are those towards a corner), every point of a hexagon is within `1/√3` of its middle, and the query is `p` from
//!   its own. So all from ring `r` outward is at least `(√3/2) r - 1/√3 - p` units away; in edges `a = s/√3` of a hexagon and
//!   `o = s p` metres, **`(1.5 r - 1) a - o`**.
//! - Another **face**: its points `x` are those with `x·c' ≥ x·c` for the middles `c` of the query's face and `c'` of its own. So the
//!   chord from the query `q` is at least `(c - c')·q / |c - c'|`, and the way on the sphere is longer. On that face
//!   the same three bounds hold, with the query projected on its plane.

use crate::position::{EARTH_RADIUS_M, Position};
use std::f64::consts::{FRAC_PI_2, PI};
use std::sync::OnceLock;

/// The bounds are trusted up to this distance, metres.
pub const REACH_M: f64 = 100_000.0;

/// Every bound is lowered by this, metres: cells of others and distances are rounded.
pub(super) const ROUNDING_M: f64 = 1.0;

/// Angle between the middle and a corner of an icosahedron's face, radians.
const RHO_MAX: f64 = 0.652_358_139_784_368_2;

/// Hexagons from a face's middle to its corner: two steps of the resolution-0 lattice, each 7 times finer every second
/// resolution.
const STEPS_TO_CORNER: f64 = 2.0 * 2401.0;

const ROOT_3: f64 = 1.732_050_807_568_877_2;

/// The steps to a hexagon's neighbours, counter-clockwise.
const STEPS: [(i32, i32); 6] = [(1, 0), (0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1)];

/// Furthest ring that is read: coordinates stay below [`Spot::BIAS`].
pub(super) const RING_MAX: u32 = 3_000;

/// A hexagon of a face: `a` steps along the x axis, `b` steps 60° to the left of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Spot {
    pub(super) face: u8,
    pub(super) a: i16,
    pub(super) b: i16,
}

impl Spot {
    /// Greater than any coordinate: a face reaches [`STEPS_TO_CORNER`] hexagons from its middle.
    pub(super) const BIAS: i32 = 8_192;

    fn of(face: u8, at: [f64; 2]) -> Self {
        // Round the three coordinates that sum to nothing, and mend the one that was rounded most.
        let b = at[1] * (2.0 / ROOT_3);
        let a = at[0] - b / 2.0;
        let c = -a - b;
        let rounded = [a, b, c].map(f64::round_ties_even);
        let [off_a, off_b, off_c] = [(rounded[0] - a).abs(), (rounded[1] - b).abs(), (rounded[2] - c).abs()];
        let [mut a, mut b, c] = rounded;
        if off_a > off_b && off_a > off_c {
            a = -b - c;
        } else if off_b > off_c {
            b = -a - c;
        }
        Self { face, a: a as i16, b: b as i16 }
    }

    /// The hexagon a position is in.
    pub(super) fn at(position: Position) -> Self {
        let point = unit_vector(position);
        let Nearest { face, cosine, .. } = nearest_face(point);
        Self::of(face, project(face, point, cosine))
    }

    /// Its middle on the face's plane.
    fn middle(self) -> [f64; 2] {
        middle_of(i32::from(self.a), i32::from(self.b))
    }

    /// What is known of a hexagon that lies on its face with all that is near it; `None` at the border of the face, where a
    /// hexagon is split between two, and in the far north and south and at the antimeridian, where degrees are no measure.
    pub(super) fn inside(self) -> Option<Inside> {
        let [x, y] = self.middle();
        // The sides of the face are half as far from its middle as its corners are.
        let to_side = (-x).max(x / 2.0 + y.abs() * (ROOT_3 / 2.0));
        let face = &faces()[usize::from(self.face)];
        let [x, y] = [x * unit(), y * unit()];
        let point: [f64; 3] = std::array::from_fn(|i| face.middle[i] + x * face.x_axis[i] + y * face.y_axis[i]);
        let length = dot(&point, &point).sqrt();
        let [px, py, pz] = point.map(|v| v / length);
        let middle = Position::new(pz.asin().to_degrees(), py.atan2(px).to_degrees()).ok()?;
        if to_side > STEPS_TO_CORNER / 2.0 - 2.0 || !super::rank::is_measured_by_degrees(middle) {
            return None;
        }
        // 1/length is the cosine of ρ; a hexagon reaches less than a unit from its middle.
        let rho = (1.0 / length).acos() + unit();
        let within_m = 0.5 * EARTH_RADIUS_M * unit() * rho.cos().powi(2) - ROUNDING_M;
        Some(Inside { middle, within_m })
    }
}

/// What [`Spot::inside`] knows.
pub(super) struct Inside {
    pub(super) middle: Position,
    /// Nearer to the middle than this is surely in the hexagon, metres.
    pub(super) within_m: f64,
}

/// A hexagon is within this of its middle, metres: the projection only shrinks.
pub(super) fn hexagon_m_max() -> f64 {
    EARTH_RADIUS_M * unit() / ROOT_3 + ROUNDING_M
}

fn middle_of(a: i32, b: i32) -> [f64; 2] {
    let (a, b) = (f64::from(a), f64::from(b));
    [a + b / 2.0, b * (ROOT_3 / 2.0)]
}

/// A query as seen from one face.
#[derive(Clone, Copy)]
pub(super) struct View {
    face: u8,
    /// The query's unit vector.
    point: [f64; 3],
    at: [f64; 2],
    own: Spot,
    /// Of the query from the middle of its hexagon, units.
    offset: f64,
    /// `s` of the proof, metres.
    unit_m: f64,
}

impl View {
    /// From the face the query lies on, with the least distance of anything on any other, metres.
    pub(super) fn home(query: Position) -> (Self, f64) {
        let point = unit_vector(query);
        let Nearest { face, cosine, next } = nearest_face(point);
        // The middles of two faces are at most the Earth's diameter apart.
        let others_m = EARTH_RADIUS_M * (cosine - next) / 2.0 - ROUNDING_M;
        (Self::on(face, point, cosine), others_m)
    }

    fn on(face: u8, point: [f64; 3], cosine: f64) -> Self {
        let at = project(face, point, cosine);
        let own = Spot::of(face, at);
        let middle = own.middle();
        let offset = ((at[0] - middle[0]).powi(2) + (at[1] - middle[1]).powi(2)).sqrt();
        Self { face, point, at, own, offset, unit_m: EARTH_RADIUS_M * unit() * squared_cosine_least(cosine) }
    }

    /// The other faces.
    pub(super) fn abroad(self) -> impl Iterator<Item = Abroad> {
        let home = &faces()[usize::from(self.face)];
        let cosine = dot(&home.middle, &self.point);
        (0u8..).zip(faces()).filter(move |(n, _)| *n != self.face).map(move |(n, face)| {
            let there = dot(&face.middle, &self.point);
            let chord = (cosine - there) / distance(&home.middle, &face.middle);
            Abroad { face: n, least_m: EARTH_RADIUS_M * chord - ROUNDING_M, point: self.point, cosine: there }
        })
    }

    pub(super) const fn face(&self) -> u8 {
        self.face
    }

    /// The hexagons exactly `r` steps away.
    #[inline]
    pub(super) fn each_in_ring(&self, r: u32, mut each: impl FnMut(i32, i32)) {
        let (mut a, mut b) = (i32::from(self.own.a), i32::from(self.own.b));
        if r == 0 {
            return each(a, b);
        }
        let r = r.min(RING_MAX) as i32;
        (a, b) = (a + STEPS[4].0 * r, b + STEPS[4].1 * r);
        for step in STEPS {
            for _ in 0..r {
                each(a, b);
                (a, b) = (a + step.0, b + step.1);
            }
        }
    }

    /// The radius of a circle that is as large as so many hexagons, metres at most.
    pub(super) fn radius_m(&self, hexagons: f64) -> f64 {
        (hexagons * ROOT_3 / 2.0 / PI).sqrt() * self.unit_m
    }

    /// Nothing in the hexagon is nearer than this, metres.
    pub(super) fn hexagon_m(&self, a: i32, b: i32) -> f64 {
        let middle = middle_of(a, b);
        let (x, y) = (middle[0] - self.at[0], (middle[1] - self.at[1]) * (ROOT_3 / 2.0));
        // Across the lines of one direction, and of the other two: |x/2 + y| or |x/2 - y|, whichever is more.
        let (across, oblique) = (x.abs(), x.abs() / 2.0 + y.abs());
        self.metres(if across > oblique { across } else { oblique } - 0.5)
    }

    /// Nothing in ring `r` or beyond is nearer than this, metres.
    pub(super) fn unread_m(&self, r: u32) -> f64 {
        self.metres(ROOT_3 / 2.0 * f64::from(r) - 1.0 / ROOT_3 - self.offset)
    }

    fn metres(&self, units: f64) -> f64 {
        let metres = units * self.unit_m - ROUNDING_M;
        if metres > REACH_M { REACH_M } else { metres }
    }
}

/// A face that the query does not lie on.
pub(super) struct Abroad {
    pub(super) face: u8,
    /// Nothing on the face is nearer than this, metres.
    pub(super) least_m: f64,
    point: [f64; 3],
    cosine: f64,
}

impl Abroad {
    /// The query as seen from there; `None` where the face is so far off that only a look at everything reaches it.
    pub(super) fn view(&self) -> Option<View> {
        (self.cosine > VIEW_COSINE_MIN).then(|| View::on(self.face, self.point, self.cosine))
    }
}

/// How many rings around the cell of `query` hold everything within `radius_m` metres of it: an H3 grid disk of so many rings
/// is provably enough. `None` for a radius beyond [`REACH_M`], negative or not a number.
///
/// Where the way leads to the next face, unfold the two: they meet along their common edge at equal scale, so the great
/// circle becomes a bent line, which is no shorter than the straight one, and the ring bound holds across. Around the
/// twelve pentagons a wedge of the plane is missing and rings are not what they are elsewhere: an H3 library reports it.
pub fn rings_for_metres(query: Position, radius_m: f64) -> Option<u32> {
    if !(0.0..REACH_M).contains(&radius_m) {
        return None;
    }
    let (view, _) = View::home(query);
    let enough = (radius_m + ROUNDING_M) / view.unit_m + 1.0 / ROOT_3 + view.offset;
    let mut last = (enough * 2.0 / ROOT_3 - 1.0).floor().max(0.0) as u32;
    while view.unread_m(last + 1) <= radius_m {
        last += 1;
    }
    Some(last)
}

/// A face is looked at from up to 75° off its middle, twice as far as its corners: beyond, its plane says little.
const VIEW_COSINE_MIN: f64 = 0.26;

/// Least `cos²ρ` on the way from a query, of which the cosine of the angle to the face's middle is given, to anything of the
/// face within [`REACH_M`].
fn squared_cosine_least(cosine: f64) -> f64 {
    let (reach_sine, reach_cosine) = (REACH_M / EARTH_RADIUS_M).sin_cos();
    let sine = (1.0 - cosine * cosine).max(0.0).sqrt();
    let beyond = cosine * reach_cosine - sine * reach_sine;
    let least = beyond.max(RHO_MAX.cos()).min(cosine);
    least * least
}

/// `w` of the proof: a corner of a face is [`STEPS_TO_CORNER`] units from its middle, and `tan(RHO_MAX)` on the projection.
fn unit() -> f64 {
    static UNIT: OnceLock<f64> = OnceLock::new();
    *UNIT.get_or_init(|| RHO_MAX.tan() / STEPS_TO_CORNER)
}

fn project(face: u8, point: [f64; 3], cosine: f64) -> [f64; 2] {
    let face = &faces()[usize::from(face)];
    let scale = 1.0 / (cosine * unit());
    [dot(&face.x_axis, &point) * scale, dot(&face.y_axis, &point) * scale]
}

/// The face whose middle is nearest.
struct Nearest {
    face: u8,
    /// Of the angle to its middle.
    cosine: f64,
    /// Of the angle to the next one's.
    next: f64,
}

fn nearest_face(point: [f64; 3]) -> Nearest {
    let mut nearest = Nearest { face: 0, cosine: f64::NEG_INFINITY, next: f64::NEG_INFINITY };
    let cosines = faces().each_ref().map(|face| dot(&face.middle, &point));
    for (face, cosine) in (0u8..).zip(cosines) {
        if cosine > nearest.cosine {
            nearest = Nearest { face, cosine, next: nearest.cosine };
        } else {
            nearest.next = nearest.next.max(cosine);
        }
    }
    nearest
}

fn unit_vector(p: Position) -> [f64; 3] {
    vector(p.lat().to_radians(), p.lon().to_radians())
}

fn vector(lat: f64, lon: f64) -> [f64; 3] {
    let ((lat_sine, lat_cosine), (lon_sine, lon_cosine)) = (lat.sin_cos(), lon.sin_cos());
    [lat_cosine * lon_cosine, lat_cosine * lon_sine, lat_sine]
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: &[f64; 3], b: &[f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn distance(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    let d: [f64; 3] = std::array::from_fn(|i| a[i] - b[i]);
    dot(&d, &d).sqrt()
}

fn normal(v: [f64; 3]) -> [f64; 3] {
    let length = dot(&v, &v).sqrt();
    v.map(|x| x / length)
}

/// One of the icosahedron's faces, with axes of its plane. Three of the six directions to neighbouring hexagons lead to the
/// corners, so that any corner gives the x axis of the same lattice.
pub(super) struct Face {
    pub(super) middle: [f64; 3],
    x_axis: [f64; 3],
    y_axis: [f64; 3],
}

pub(super) const FACES: usize = 20;

/// The icosahedron's faces. Its 12 corners are the grid's pentagons; three corners that are neighbours of one another make a
/// face.
pub(super) fn faces() -> &'static [Face; FACES] {
    static MADE: OnceLock<[Face; FACES]> = OnceLock::new();
    MADE.get_or_init(|| {
        let corners: Vec<[f64; 3]> = h3o::Resolution::Zero
            .pentagons()
            .map(h3o::LatLng::from)
            .map(|p| vector(p.lat_radians(), p.lng_radians()))
            .collect();
        // Neighbouring corners are 63.4° apart, the others 116.6° or more.
        let near = |a: &[f64; 3], b: &[f64; 3]| dot(a, b).acos() < FRAC_PI_2;
        let mut made = Vec::new();
        for (i, a) in corners.iter().enumerate() {
            for (j, b) in corners.iter().enumerate().skip(i + 1) {
                for c in corners.iter().skip(j + 1) {
                    if near(a, b) && near(b, c) && near(a, c) {
                        made.push(Face::between(a, b, c));
                    }
                }
            }
        }
        made.try_into().ok().expect("an icosahedron has twenty faces")
    })
}

impl Face {
    fn between(a: &[f64; 3], b: &[f64; 3], c: &[f64; 3]) -> Self {
        let middle = normal(std::array::from_fn(|i| a[i] + b[i] + c[i]));
        let height = dot(a, &middle);
        let x_axis = normal(std::array::from_fn(|i| a[i] - height * middle[i]));
        Self { middle, x_axis, y_axis: cross(&middle, &x_axis) }
    }
}

#[cfg(test)]
#[path = "lattice_tests.rs"]
mod tests;
