//! Owns the map picture: Mapbox vector tiles made on demand from a [`MapData`], layers `water`, `green`, `roads`, `labels`.
//! Does not keep tiles, compress them or serve them.
//!
//! Invariant: no tile is larger than [`TILE_BYTES_MAX`]; when it would be, the smallest roads go first.

mod cut;
mod encode;

#[cfg(test)]
mod tile_tests;

use crate::position::Position;
use crate::road::data::{AreaKind, LabelKind, MapData, RoadClass, Way};
use encode::{EXTENT, Geometry, Layer, Unit, Value};
use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Largest tile, bytes.
pub const TILE_BYTES_MAX: usize = 200_000;
/// Smallest zoom with tiles.
pub const ZOOM_MIN: u32 = 9;
/// Largest zoom with tiles; pages draw closer zooms from it.
pub const ZOOM_MAX: u32 = 16;

const CLASSES: [RoadClass; 6] = [
    RoadClass::Motorway,
    RoadClass::Primary,
    RoadClass::Secondary,
    RoadClass::Tertiary,
    RoadClass::Residential,
    RoadClass::Path,
];
/// At zoom 13 only side streets at least this long, metres.
const LONG_SIDE_STREET_M: f64 = 260.0;
/// Side streets bear their names from this zoom on.
const SIDE_NAMES_ZOOM: u32 = 15;
/// Stations and parks are named from this zoom on.
const SMALL_LABELS_ZOOM: u32 = 12;
/// Areas smaller than this are left out, tile units² (a page's pixel is 8 units wide).
const AREA_LEAST: i64 = 600;

/// A tile and what was left out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The Mapbox vector tile, not compressed; empty when nothing lies there.
    pub bytes: Vec<u8>,
    /// The biggest of the road classes that this zoom shows but that did not fit.
    pub dropped_from: Option<RoadClass>,
    /// Whether green areas and labels did not fit either.
    pub bare: bool,
}

type Spot = (f64, f64);
type Box2 = AABB<[f64; 2]>;
/// Lines by name and whether they are a bridge.
type Features = BTreeMap<(u32, bool), Vec<Vec<Unit>>>;
type Indexed = GeomWithData<Rectangle<[f64; 2]>, u32>;

/// An area's kind, the box of its outer ring, its rings.
type Outline = (AreaKind, Box2, Vec<Vec<Spot>>);

/// Makes tiles of one map. Cheap to share, takes `&self`.
pub struct TileMaker {
    map: Arc<MapData>,
    /// Road nodes on the unit square of web Mercator.
    nodes: Vec<Spot>,
    /// Ways by class.
    ways: Vec<RTree<Indexed>>,
    /// Areas' rings on the unit square, and the box of the outer one.
    areas: Vec<Outline>,
    labels: Vec<Spot>,
    bounds: Box2,
}

/// Longitude and latitude on the unit square of web Mercator, y southwards.
fn mercator(p: Position) -> Spot {
    let sine = p.lat().to_radians().sin().clamp(-0.9999, 0.9999);
    (p.lon() / 360.0 + 0.5, 0.5 - ((1.0 + sine) / (1.0 - sine)).ln() / (4.0 * std::f64::consts::PI))
}

fn box_of(points: impl Iterator<Item = Spot>) -> Box2 {
    let mut low = [f64::MAX; 2];
    let mut high = [f64::MIN; 2];
    for (x, y) in points {
        low = [low[0].min(x), low[1].min(y)];
        high = [high[0].max(x), high[1].max(y)];
    }
    AABB::from_corners(low, high)
}

fn overlaps(a: &Box2, b: &Box2) -> bool {
    (0..2).all(|i| a.lower()[i] <= b.upper()[i] && b.lower()[i] <= a.upper()[i])
}

/// Where a tile lies on the unit square.
struct Frame {
    zoom: u32,
    scale: f64,
    west: f64,
    north: f64,
}

impl Frame {
    fn units(&self, p: Spot) -> Spot {
        let extent = f64::from(EXTENT);
        ((p.0 * self.scale - self.west) * extent, (p.1 * self.scale - self.north) * extent)
    }

    fn envelope(&self, buffer_units: i32) -> Box2 {
        let pad = f64::from(buffer_units) / f64::from(EXTENT);
        let at = |x: f64, y: f64| [x / self.scale, y / self.scale];
        AABB::from_corners(at(self.west - pad, self.north - pad), at(self.west + 1.0 + pad, self.north + 1.0 + pad))
    }

    /// How far a drawn line may be off, units: half a pixel, nothing to see; exact at the last zoom, which pages enlarge.
    fn tolerance(&self) -> f64 {
        if self.zoom >= ZOOM_MAX { 1.0 } else { 4.0 }
    }
}

impl TileMaker {
    /// Indexes the map.
    pub fn new(map: Arc<MapData>) -> Self {
        let nodes: Vec<Spot> = map.nodes.iter().map(|p| mercator(*p)).collect();
        let mut by_class: Vec<Vec<Indexed>> = vec![Vec::new(); CLASSES.len()];
        for (i, way) in map.ways.iter().enumerate() {
            let b = box_of(way.nodes.iter().map(|n| nodes[*n as usize]));
            by_class[way.class as usize].push(GeomWithData::new(Rectangle::from_aabb(b), i as u32));
        }
        let areas = map
            .areas
            .iter()
            .filter(|a| a.rings.first().is_some_and(|r| r.len() >= 3))
            .map(|a| {
                let rings: Vec<Vec<Spot>> = a.rings.iter().map(|r| r.iter().map(|p| mercator(*p)).collect()).collect();
                (a.kind, box_of(rings[0].iter().copied()), rings)
            })
            .collect();
        let corner = |lat, lon| Position::new(lat, lon).map_or((0.0, 0.0), mercator);
        let b = map.bounds;
        let bounds = box_of([corner(b.south, b.west), corner(b.north, b.east)].into_iter());
        let labels = map.labels.iter().map(|l| mercator(l.at)).collect();
        Self { nodes, ways: by_class.into_iter().map(RTree::bulk_load).collect(), areas, labels, bounds, map }
    }

    /// The tile's bytes; `None` outside the map's bounds or the zooms 9 to 16.
    pub fn tile(&self, z: u32, x: u32, y: u32) -> Option<Vec<u8>> {
        self.make(z, x, y).map(|t| t.bytes)
    }

    /// Like [`Self::tile`], with what was left out.
    pub fn make(&self, z: u32, x: u32, y: u32) -> Option<Tile> {
        if !(ZOOM_MIN..=ZOOM_MAX).contains(&z) || x >= 1 << z || y >= 1 << z {
            return None;
        }
        let frame = Frame { zoom: z, scale: f64::from(1_u32 << z), west: f64::from(x), north: f64::from(y) };
        if !overlaps(&frame.envelope(0), &self.bounds) {
            return None;
        }
        let water = self.area_layer(&frame, AreaKind::Water, "water");
        let green = self.area_layer(&frame, AreaKind::Green, "green");
        let labels = self.label_layer(&frame);
        let smallest = smallest_class(z);
        let roads: Vec<_> = CLASSES[..=smallest].iter().map(|class| self.road_features(&frame, *class)).collect();
        let encoded = |classes: usize, rich: bool| {
            let mut bytes = Vec::new();
            water.finish(&mut bytes);
            if rich {
                green.finish(&mut bytes);
            }
            self.road_layer(&roads[..classes]).finish(&mut bytes);
            if rich {
                labels.finish(&mut bytes);
            }
            bytes
        };
        for classes in (1..=roads.len()).rev() {
            let bytes = encoded(classes, true);
            if bytes.len() <= TILE_BYTES_MAX {
                let dropped_from = CLASSES[..=smallest].get(classes).copied();
                return Some(Tile { bytes, dropped_from, bare: false });
            }
        }
        let bytes = encoded(1, false);
        let bytes = if bytes.len() <= TILE_BYTES_MAX { bytes } else { Vec::new() };
        Some(Tile { bytes, dropped_from: CLASSES[..=smallest].get(1).copied(), bare: true })
    }

    fn area_layer(&self, frame: &Frame, kind: AreaKind, name: &'static str) -> Layer {
        let mut layer = Layer::new(name);
        let view = frame.envelope(cut::BUFFER);
        for (_, _, rings) in self.areas.iter().filter(|a| a.0 == kind && overlaps(&a.1, &view)) {
            let mut parts = Vec::new();
            for (i, ring) in rings.iter().enumerate() {
                let units = ring.iter().map(|p| frame.units(*p));
                let part = cut::ring(units, i == 0, frame.tolerance(), AREA_LEAST);
                if part.is_empty() && i == 0 {
                    break;
                }
                if !part.is_empty() {
                    parts.push(part);
                }
            }
            layer.add(Geometry::Polygon, &parts, &[]);
        }
        layer
    }

    fn label_layer(&self, frame: &Frame) -> Layer {
        let mut layer = Layer::new("labels");
        for (label, spot) in self.map.labels.iter().zip(&self.labels) {
            let (x, y) = frame.units(*spot);
            let side = f64::from(EXTENT);
            let wanted = label.kind == LabelKind::District || frame.zoom >= SMALL_LABELS_ZOOM;
            if !wanted || !(0.0..side).contains(&x) || !(0.0..side).contains(&y) {
                continue;
            }
            let kind = match label.kind {
                LabelKind::District => "district",
                LabelKind::Station => "station",
                LabelKind::Park => "park",
            };
            let mut properties =
                vec![("kind", Value::Text(kind.to_owned())), ("name", Value::Text(label.name.clone()))];
            if !label.name_en.is_empty() {
                properties.push(("name_en", Value::Text(label.name_en.clone())));
            }
            layer.add(Geometry::Point, &[vec![(x as i32, y as i32)]], &properties);
        }
        layer
    }

    /// Lines of one class in the tile, by name and bridge: each becomes one feature.
    fn road_features(&self, frame: &Frame, class: RoadClass) -> Features {
        let mut features: Features = BTreeMap::new();
        let named = class <= RoadClass::Tertiary || frame.zoom >= SIDE_NAMES_ZOOM;
        // The index does not promise an order; the same tile must be the same bytes.
        let tree = &self.ways[class as usize];
        let mut found: Vec<u32> =
            tree.locate_in_envelope_intersecting(frame.envelope(cut::BUFFER)).map(|found| found.data).collect();
        found.sort_unstable();
        for i in found {
            let way = &self.map.ways[i as usize];
            if frame.zoom == 13 && class == RoadClass::Residential && self.length_m(way) < LONG_SIDE_STREET_M {
                continue;
            }
            let key = (if named { way.name } else { Way::NO_NAME }, way.bridge);
            let units = way.nodes.iter().map(|n| frame.units(self.nodes[*n as usize]));
            cut::line(units, features.entry(key).or_default());
        }
        for parts in features.values_mut() {
            let tolerance = frame.tolerance();
            *parts = cut::chain(std::mem::take(parts)).iter().map(|p| cut::thin(p, tolerance)).collect();
        }
        features
    }

    fn road_layer(&self, classes: &[Features]) -> Layer {
        let mut layer = Layer::new("roads");
        // Small roads first: pages draw in this order, big roads end on top.
        for (class, features) in classes.iter().enumerate().rev() {
            for ((name, bridge), parts) in features {
                let mut properties = vec![("class", Value::Number(class as u64))];
                if let Some(name) = self.map.names.get(*name as usize) {
                    properties.push(("name", Value::Text(name.clone())));
                }
                properties.push(("bridge", Value::Flag(*bridge)));
                layer.add(Geometry::Line, parts, &properties);
            }
        }
        layer
    }

    fn length_m(&self, way: &Way) -> f64 {
        let at = |n: u32| self.map.nodes[n as usize];
        way.nodes.windows(2).map(|w| at(w[0]).distance_m(at(w[1]))).sum()
    }
}

/// The smallest class a zoom shows, as an index.
const fn smallest_class(zoom: u32) -> usize {
    match zoom {
        0..=10 => 1,
        11..=12 => 3,
        13 => 4,
        _ => 5,
    }
}

impl std::fmt::Debug for TileMaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TileMaker").field("ways", &self.map.ways.len()).finish_non_exhaustive()
    }
}
