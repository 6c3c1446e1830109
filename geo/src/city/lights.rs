//! Owns the street lamps and cameras of the generated city, as invented as its streets: close together on main roads, in patches in
//! the alleys, none on hill paths and in the lanes along the river. Does not say which street is liked (`road::safer`).
//!
//! Invariant: equal streets and seed, equal places, bit for bit, on every machine.

use super::chance::Chance;
use super::plane::Pt;
use super::terrain::Terrain;
use crate::position::Position;
use crate::road::data::{Access, MapData, RoadClass, Way};

/// A lane this near the water has no lamps, metres.
const BANK_M: f64 = 90.0;
/// How far lit and dark patches of alleys are from one another, metres.
const PATCH_M: f64 = 320.0;
/// An alley is lit where the field of patches (-1..1) is above this: somewhat more than half of them.
const LIT_ABOVE: f64 = -0.1;
/// One alley lamp of so many is out or was never there.
const OUT_OF: u64 = 8;

/// Where they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lights {
    /// Street lamps.
    pub lamps: Vec<Position>,
    /// Cameras.
    pub cameras: Vec<Position>,
}

/// Metres between two lamps of a class, if it has any.
const fn lamp_every_m(class: RoadClass) -> Option<f64> {
    match class {
        RoadClass::Motorway | RoadClass::Primary | RoadClass::Secondary => Some(35.0),
        RoadClass::Tertiary => Some(40.0),
        RoadClass::Residential => Some(45.0),
        RoadClass::Path => None,
    }
}

/// Metres between two places where a camera may hang, and of how many one has it.
const fn camera_every_m(class: RoadClass) -> Option<(f64, u64)> {
    match class {
        RoadClass::Motorway | RoadClass::Primary | RoadClass::Secondary => Some((150.0, 2)),
        RoadClass::Tertiary => Some((200.0, 3)),
        RoadClass::Residential => Some((200.0, 6)),
        RoadClass::Path => None,
    }
}

/// Of a city generated from this seed.
pub fn lights(map: &MapData, seed: u64) -> Lights {
    let terrain = Terrain::new(seed, None);
    let [lamp_chance, camera_chance, patches] = [11, 12, 13].map(|purpose| Chance::new(seed, purpose));
    let mut lights = Lights::default();
    for (number, way) in (0i64..).zip(&map.ways).filter(|(_, way)| way.walk != Access::No) {
        let is_lane = matches!(way.class, RoadClass::Tertiary | RoadClass::Residential);
        let by_the_river = |at: Pt| is_lane && terrain.bank_distance(at).0 < BANK_M;
        let is_patchy = way.class == RoadClass::Residential;
        if let Some(every_m) = lamp_every_m(way.class) {
            for (nth, at) in along(map, way, every_m) {
                let is_dark = is_patchy
                    && (patches.field(at.x, at.y, PATCH_M) < LIT_ABOVE || lamp_chance.below(number, nth, OUT_OF) == 0);
                if !is_dark && !by_the_river(at) {
                    lights.lamps.push(at.position());
                }
            }
        }
        if let Some((every_m, one_of)) = camera_every_m(way.class) {
            let hangs = |nth: i64, at: Pt| camera_chance.below(number, nth, one_of) == 0 && !by_the_river(at);
            lights
                .cameras
                .extend(along(map, way, every_m).filter(|&(nth, at)| hangs(nth, at)).map(|(_, at)| at.position()));
        }
    }
    lights
}

/// Numbered points along a way, the first half a step from its beginning.
fn along(map: &MapData, way: &Way, every_m: f64) -> impl Iterator<Item = (i64, Pt)> {
    let points = way.nodes.iter().map(|&node| map.nodes[node as usize]).map(|at| Pt::of_degrees(at.lon(), at.lat()));
    let points: Vec<Pt> = points.collect();
    let mut found = Vec::new();
    let (mut walked_m, mut next_m) = (0.0, every_m / 2.0);
    for pair in points.windows(2) {
        let piece_m = pair[0].distance(pair[1]);
        while next_m < walked_m + piece_m {
            found.push((found.len() as i64, pair[0].mix(pair[1], (next_m - walked_m) / piece_m)));
            next_m += every_m;
        }
        walked_m += piece_m;
    }
    found.into_iter()
}
