//! Tiles read back with a decoder that shares no code with the encoder.

use super::{TILE_BYTES_MAX, TileMaker, ZOOM_MAX, ZOOM_MIN};
use crate::city;
use crate::position::{Bounds, Position};
use crate::road::data::{Access, Area, AreaKind, Label, LabelKind, MapData, RoadClass, Way};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// A protobuf message as (field, number or bytes).
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().expect("a varint ends");
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return value;
        }
    }
    panic!("varint too long");
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut bytes)),
            2 => {
                let len = varint(&mut bytes) as usize;
                let (body, rest) = bytes.split_at(len);
                bytes = rest;
                Field::Bytes(body)
            }
            other => panic!("wire type {other}"),
        };
        out.push((key >> 3, field));
    }
    out
}

fn packed(mut bytes: &[u8]) -> Vec<u64> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        out.push(varint(&mut bytes));
    }
    out
}

#[derive(Debug)]
struct Feature {
    kind: u64,
    properties: BTreeMap<String, String>,
    parts: Vec<Vec<(i64, i64)>>,
}

fn geometry(commands: &[u64], kind: u64) -> Vec<Vec<(i64, i64)>> {
    let mut parts: Vec<Vec<(i64, i64)>> = Vec::new();
    let (mut at, mut i) = ((0_i64, 0_i64), 0);
    let unzigzag = |v: u64| (v >> 1) as i64 ^ -((v & 1) as i64);
    while i < commands.len() {
        let (id, count) = (commands[i] & 7, commands[i] >> 3);
        i += 1;
        if id == 7 {
            assert_eq!((kind, count), (3, 1), "only rings close");
            continue;
        }
        assert!(id == 1 || id == 2);
        if id == 1 {
            parts.push(Vec::new());
        }
        for _ in 0..count {
            at = (at.0 + unzigzag(commands[i]), at.1 + unzigzag(commands[i + 1]));
            i += 2;
            parts.last_mut().expect("a move comes first").push(at);
        }
    }
    parts
}

fn decode(tile: &[u8]) -> BTreeMap<String, Vec<Feature>> {
    let mut layers = BTreeMap::new();
    for (field, layer) in fields(tile) {
        let (3, Field::Bytes(layer)) = (field, layer) else { panic!("a tile holds layers only") };
        let (mut name, mut keys, mut values, mut raw) = (String::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut version, mut extent) = (0, 0);
        for (field, value) in fields(layer) {
            match (field, value) {
                (1, Field::Bytes(b)) => name = String::from_utf8(b.to_vec()).unwrap(),
                (2, Field::Bytes(b)) => raw.push(b),
                (3, Field::Bytes(b)) => keys.push(String::from_utf8(b.to_vec()).unwrap()),
                (4, Field::Bytes(b)) => values.push(match fields(b).pop() {
                    Some((1, Field::Bytes(s))) => String::from_utf8(s.to_vec()).unwrap(),
                    Some((5 | 7, Field::Number(n))) => n.to_string(),
                    _ => panic!("value type"),
                }),
                (5, Field::Number(n)) => extent = n,
                (15, Field::Number(n)) => version = n,
                (other, _) => panic!("layer field {other}"),
            }
        }
        assert_eq!((version, extent), (2, 4096));
        let features: Vec<Feature> = raw
            .into_iter()
            .map(|b| {
                let (mut kind, mut tags, mut commands) = (0, Vec::new(), Vec::new());
                for (field, value) in fields(b) {
                    match (field, value) {
                        (2, Field::Bytes(b)) => tags = packed(b),
                        (3, Field::Number(n)) => kind = n,
                        (4, Field::Bytes(b)) => commands = packed(b),
                        (other, _) => panic!("feature field {other}"),
                    }
                }
                let properties = tags
                    .chunks_exact(2)
                    .map(|t| (keys[t[0] as usize].clone(), values[t[1] as usize].clone()))
                    .collect();
                Feature { kind, properties, parts: geometry(&commands, kind) }
            })
            .collect();
        assert!(!features.is_empty(), "an empty layer is left out");
        assert!(layers.insert(name, features).is_none(), "a layer appears once");
    }
    layers
}

fn area(ring: &[(i64, i64)]) -> i64 {
    (0..ring.len())
        .map(|i| {
            let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
            a.0 * b.1 - b.0 * a.1
        })
        .sum()
}

fn check(layers: &BTreeMap<String, Vec<Feature>>, zoom: u32) {
    for (name, features) in layers {
        for f in features {
            let inside = |v: i64| (-64..=4160).contains(&v);
            assert!(f.parts.iter().flatten().all(|p| inside(p.0) && inside(p.1)), "{name}");
            match name.as_str() {
                "water" | "green" => {
                    assert_eq!(f.kind, 3);
                    for (i, ring) in f.parts.iter().enumerate() {
                        assert!(ring.len() >= 3);
                        assert_eq!(area(ring) > 0, i == 0, "outer ring clockwise, holes not");
                    }
                }
                "roads" => {
                    assert_eq!(f.kind, 2);
                    assert!(f.parts.iter().all(|p| p.len() >= 2));
                    let class: u32 = f.properties["class"].parse().unwrap();
                    let smallest = match zoom {
                        9 | 10 => 1,
                        11 | 12 => 3,
                        13 => 4,
                        _ => 5,
                    };
                    assert!(class <= smallest);
                    assert!(["0", "1"].contains(&f.properties["bridge"].as_str()));
                }
                "labels" => {
                    assert_eq!((f.kind, f.parts.len()), (1, 1));
                    assert!(["district", "station", "park"].contains(&f.properties["kind"].as_str()));
                    assert!(!f.properties["name"].is_empty());
                }
                other => panic!("layer {other}"),
            }
        }
    }
}

fn maker() -> &'static TileMaker {
    static MAKER: OnceLock<TileMaker> = OnceLock::new();
    MAKER.get_or_init(|| TileMaker::new(Arc::new(city::generate(1))))
}

/// The tile of a place.
fn tile_of(lat: f64, lon: f64, z: u32) -> (u32, u32) {
    let (x, y) = super::mercator(Position::new(lat, lon).unwrap());
    let n = f64::from(1_u32 << z);
    ((x * n) as u32, (y * n) as u32)
}

fn tiles_around(z: u32) -> impl Iterator<Item = (u32, u32)> {
    let (x0, y0) = tile_of(37.72, 126.75, z);
    let (x1, y1) = tile_of(37.40, 127.21, z);
    (y0..=y1).flat_map(move |y| (x0..=x1).map(move |x| (x, y)))
}

#[test]
fn every_tile_of_the_city_is_well_formed_and_small() {
    let mut seen = 0;
    for z in ZOOM_MIN..=ZOOM_MAX {
        let stride = match z {
            15 => 7,
            16 => 29,
            _ => 1,
        };
        for (x, y) in tiles_around(z).step_by(stride) {
            let Some(tile) = maker().make(z, x, y) else { continue };
            assert!(tile.bytes.len() <= TILE_BYTES_MAX, "{z}/{x}/{y}");
            assert_eq!((tile.dropped_from, tile.bare), (None, false), "the built-in city fits at {z}/{x}/{y}");
            check(&decode(&tile.bytes), z);
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen} tiles");
}

#[test]
fn hangul_survives_and_all_districts_are_labelled() {
    let mut districts = BTreeSet::new();
    for (x, y) in tiles_around(11) {
        let Some(bytes) = maker().tile(11, x, y) else { continue };
        for f in decode(&bytes).remove("labels").unwrap_or_default() {
            districts.insert(f.properties["name"].clone());
        }
    }
    assert_eq!(districts.len(), 25);
    assert!(districts.contains("동대문구"));
    let (x, y) = tile_of(37.519, 126.959, 14);
    let layers = decode(&maker().tile(14, x, y).unwrap());
    let bridge = |f: &&Feature| f.properties.get("name").is_some_and(|n| n == "한강대교");
    assert_eq!(layers["roads"].iter().find(bridge).unwrap().properties["bridge"], "1");
}

#[test]
fn beyond_the_map_and_the_zooms_there_is_no_tile() {
    let m = maker();
    let (x, y) = tile_of(37.55, 127.0, 12);
    assert!(m.tile(12, x, y).is_some());
    for (z, x, y) in [
        (8, x >> 4, y >> 4),
        (17, x << 5, y << 5),
        (12, 0, 0),
        (12, x, u32::MAX),
        (12, u32::MAX, y),
        (u32::MAX, u32::MAX, u32::MAX),
        (32, 1, 1),
        (9, 512, 200),
        (16, 65_536, 25_000),
        (12, x + 40, y),
    ] {
        assert!(m.tile(z, x, y).is_none(), "{z}/{x}/{y}");
    }
}

#[test]
fn same_tile_same_bytes() {
    let (x, y) = tile_of(37.55, 127.0, 14);
    let other = TileMaker::new(Arc::new(city::generate(1)));
    assert_eq!(maker().tile(14, x, y), other.tile(14, x, y));
}

fn at(lat: f64, lon: f64) -> Position {
    Position::new(lat, lon).unwrap()
}

fn way(nodes: Vec<u32>, class: RoadClass, name: u32) -> Way {
    Way {
        nodes,
        class,
        name,
        drive: Access::Both,
        walk: Access::Both,
        cycle: Access::Both,
        drive_kmh: 30,
        walk_kmh_tenths: 50,
        cycle_kmh_tenths: 150,
        bridge: false,
        tunnel: false,
    }
}

fn map_of(nodes: Vec<Position>, ways: Vec<Way>, names: Vec<String>) -> MapData {
    MapData {
        name: "test".into(),
        attribution: String::new(),
        generated: true,
        bounds: Bounds { west: 126.9, south: 37.4, east: 127.1, north: 37.6 },
        nodes,
        ways,
        marks: Vec::new(),
        restrictions: Vec::new(),
        subway: crate::road::subway::Subway::default(),
        names,
        areas: vec![Area {
            kind: AreaKind::Water,
            rings: vec![
                vec![at(37.45, 126.95), at(37.55, 126.95), at(37.55, 127.05), at(37.45, 127.05)],
                vec![at(37.48, 126.98), at(37.52, 126.98), at(37.52, 127.02), at(37.48, 127.02)],
            ],
        }],
        labels: vec![Label {
            kind: LabelKind::Station,
            name: "역".into(),
            name_en: String::new(),
            at: at(37.5, 127.0),
        }],
    }
}

#[test]
fn a_line_that_leaves_and_comes_back_is_cut_in_two() {
    // Out of the tile to the east and back, at a zoom where the tile is about 2 km wide.
    let (x, y) = tile_of(37.5, 127.0, 14);
    let nodes = vec![at(37.498, 127.0), at(37.498, 127.05), at(37.5, 127.05), at(37.5, 127.0)];
    let map = map_of(nodes, vec![way(vec![0, 1, 2, 3], RoadClass::Primary, Way::NO_NAME)], Vec::new());
    let layers = decode(&TileMaker::new(Arc::new(map)).tile(14, x, y).unwrap());
    let parts = &layers["roads"][0].parts;
    assert_eq!(parts.len(), 2, "{parts:?}");
    assert!(parts.iter().all(|p| p.iter().any(|q| q.0 == 4160)), "cut at the buffer's edge: {parts:?}");
}

#[test]
fn pieces_of_one_street_become_one_line() {
    let (x, y) = tile_of(37.5, 127.0, 14);
    let nodes = vec![at(37.5, 127.0), at(37.5, 127.002), at(37.5, 127.004)];
    let ways = vec![way(vec![0, 1], RoadClass::Primary, 0), way(vec![2, 1], RoadClass::Primary, 0)];
    let layers = decode(&TileMaker::new(Arc::new(map_of(nodes, ways, vec!["길".into()]))).tile(14, x, y).unwrap());
    assert_eq!(layers["roads"].len(), 1);
    assert_eq!(layers["roads"][0].parts.len(), 1);
    assert_eq!(layers["roads"][0].parts[0].len(), 2, "the straight middle is thinned away");
}

#[test]
fn a_hole_stays_a_hole() {
    let map = map_of(vec![at(37.5, 127.0), at(37.5, 127.01)], Vec::new(), Vec::new());
    let (x, y) = tile_of(37.5, 127.0, 9);
    let layers = decode(&TileMaker::new(Arc::new(map)).tile(9, x, y).unwrap());
    let rings = &layers["water"][0].parts;
    assert_eq!(rings.len(), 2);
    assert!(area(&rings[0]) > 0 && area(&rings[1]) < 0);
}

#[test]
fn too_much_for_a_tile_drops_the_smallest_roads_and_says_so() {
    // Ninety thousand footpaths in one tile, one main street.
    let mut nodes = vec![at(37.5, 127.0), at(37.5, 127.01)];
    let mut ways = vec![way(vec![0, 1], RoadClass::Primary, Way::NO_NAME)];
    for i in 0..90_000_u32 {
        let (r, c) = (f64::from(i / 300), f64::from(i % 300));
        let n = nodes.len() as u32;
        nodes.extend([at(37.49 + r * 5e-5, 126.995 + c * 5e-5), at(37.49002 + r * 5e-5, 126.99502 + c * 5e-5)]);
        ways.push(way(vec![n, n + 1], RoadClass::Path, Way::NO_NAME));
    }
    let (x, y) = tile_of(37.5, 127.003, 14);
    let tile = TileMaker::new(Arc::new(map_of(nodes, ways, Vec::new()))).make(14, x, y).unwrap();
    assert!(tile.bytes.len() <= TILE_BYTES_MAX);
    assert_eq!(tile.dropped_from, Some(RoadClass::Path));
    let layers = decode(&tile.bytes);
    assert!(layers["roads"].iter().all(|f| f.properties["class"] == "1"));
}
