//! Owns the built-in generated city: a map that looks and drives like Seoul (river, bridges, hills, expressways, superblocks,
//! alleys) for machines without a map file. Its big features lie where Seoul's do; its streets are invented.
//! Does not read files and does not build graphs (`road`) or tiles (`tile`).
//!
//! Invariant: equal seed, equal map, bit for bit, on every machine.

#[expect(clippy::many_single_char_names, reason = "u, v, a, b are the words of plane geometry")]
mod blocks;
mod chance;
#[cfg(test)]
mod city_tests;
mod crossings;
mod draft;
mod finish;
mod lattice;
mod lights;
#[cfg(test)]
mod lights_tests;
mod names;
mod places;
#[expect(clippy::many_single_char_names, reason = "a, b, t are the words of plane geometry")]
mod plane;
mod subway;
#[expect(clippy::many_single_char_names, reason = "a, b, t are the words of plane geometry")]
mod terrain;

use crate::district;
use crate::position::{Bounds, Position};
use crate::road::data::{Area, AreaKind, Label, LabelKind, MapData};
use crate::station;
use draft::Draft;
use plane::Pt;
use terrain::Terrain;

pub use lights::{Lights, lights};

/// The window of the small city: around City Hall, Yongsan, Yeouido and Gangnam's edge, with a few bridges.
const SMALL_WINDOW: [places::LonLat; 4] = [(126.962, 37.575), (127.012, 37.580), (127.028, 37.500), (126.968, 37.490)];

/// Seed of the city that a server without a map file serves; a simulator without one makes the same.
pub const DEFAULT_SEED: u64 = 2023;

/// Raised whenever the same seed gives another city, so that a kept one is not taken for it.
pub const EDITION: u32 = 2;

/// The whole city: about 600 km² of streets, tens of thousands of junctions.
pub fn generate(seed: u64) -> MapData {
    build(seed, "생성 도시 서울", None)
}

/// A cut of the same kind of city with a few thousand junctions, both banks and some bridges; for fast tests.
pub fn generate_small(seed: u64) -> MapData {
    build(seed, "작은 생성 도시", Some(SMALL_WINDOW.iter().map(|&(lon, lat)| Pt::of_degrees(lon, lat)).collect()))
}

fn build(seed: u64, name: &str, window: Option<Vec<Pt>>) -> MapData {
    let terrain = Terrain::new(seed, window);
    let mut draft = Draft::default();
    let lattice = lattice::lay(&mut draft, &terrain, seed);
    let corridors = crossings::lay(&mut draft, &terrain, &lattice);
    blocks::fill(&mut draft, &terrain, &corridors, &lattice, seed);
    finish::edges_to_lines(&mut draft, &terrain, &corridors);
    finish::footpaths(&mut draft, &terrain, seed);
    finish::tidy(&mut draft, seed);
    let (nodes, ways, names) = finish::ways(&draft);
    let bounds = Bounds::around(nodes.iter().copied()).expect("the city has streets");
    let labels = labels(&terrain, &bounds);
    MapData {
        name: name.to_owned(),
        attribution: "Generated city, not a real map".to_owned(),
        generated: true,
        bounds,
        nodes,
        ways,
        marks: Vec::new(),
        restrictions: Vec::new(),
        subway: subway::within(&bounds),
        names,
        areas: areas(&terrain),
        labels,
    }
}

fn ring(points: &[Pt]) -> Vec<Position> {
    points.iter().map(|p| p.position()).collect()
}

/// The river first (islets are its holes), then streams, then what is green.
fn areas(terrain: &Terrain) -> Vec<Area> {
    let islets = terrain.islets();
    let mut river = vec![ring(&terrain.river_ring())];
    river.extend(islets.iter().map(|i| ring(&i.ring)));
    let mut areas = vec![Area { kind: AreaKind::Water, rings: river }];
    let streams = terrain.streams.iter().map(|s| terrain.stream_ring(s));
    areas.extend(streams.map(|r| Area { kind: AreaKind::Water, rings: vec![ring(&r)] }));
    let greens = terrain.greens.iter().chain(&islets);
    areas.extend(greens.map(|g| Area { kind: AreaKind::Green, rings: vec![ring(&g.ring)] }));
    areas
}

fn labels(terrain: &Terrain, bounds: &Bounds) -> Vec<Label> {
    let mut labels = district::labels_within(bounds);
    labels.extend(station::labels_within(bounds));
    let islets = terrain.islets();
    let greens = terrain.greens.iter().chain(&islets).filter(|g| !g.name.is_empty());
    labels.extend(
        greens
            .map(|g| Label {
                kind: LabelKind::Park,
                name: g.name.to_owned(),
                name_en: g.name_en.to_owned(),
                at: g.middle.position(),
            })
            .filter(|l| bounds.contains(l.at)),
    );
    labels
}
