//! Owns the question "where on the road is this?": the nearest point *along an edge*, not the nearest junction, so that the
//! way to the corner counts. Does not guess by heading or history.
//!
//! The index works in Mercator metres: that projection keeps angles, so within a snap's reach nearest in it is nearest on
//! the ground at any latitude.

use super::graph::Graph;
use crate::position::Position;
use rstar::{AABB, PointDistance, RTree, RTreeObject};
use std::fmt;

/// Beyond this nothing is snapped, metres: such a point is not on this road network.
pub const SNAP_M_MAX: f64 = 500.0;

/// Pieces of streets looked at for the edges around a point; a winding path has many.
const SEGMENTS_MAX: usize = 128;

/// Latitudes are cut here for the projection, degrees; no roads are beyond.
const LATITUDE_MAX: f64 = 85.0;

/// A point on a road: an edge of the graph that made it, and how far along. Means nothing on another graph.
#[derive(Clone, Copy, PartialEq)]
pub struct Snap {
    /// The edge.
    pub edge: u32,
    /// 0 at the edge's start, 1 at its end, by length.
    pub fraction: f32,
    /// Distance from what was snapped, metres.
    pub distance_m: f32,
    /// The point on the road.
    pub at: Position,
}

/// A snap is a place: hidden like one.
impl fmt::Debug for Snap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snap(hidden)")
    }
}

/// Two neighbouring points of an edge's shape, in Mercator metres from the index's origin.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Segment {
    a: [f32; 2],
    b: [f32; 2],
    edge: u32,
    /// Number of its first point within the shape.
    nth: u32,
}

impl Segment {
    /// Which fraction of the segment is nearest to `p`.
    fn nearest(&self, p: [f32; 2]) -> f32 {
        let d = [self.b[0] - self.a[0], self.b[1] - self.a[1]];
        let square = d[0] * d[0] + d[1] * d[1];
        if square == 0.0 {
            return 0.0;
        }
        (((p[0] - self.a[0]) * d[0] + (p[1] - self.a[1]) * d[1]) / square).clamp(0.0, 1.0)
    }
}

impl RTreeObject for Segment {
    type Envelope = AABB<[f32; 2]>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.a, self.b)
    }
}

impl PointDistance for Segment {
    fn distance_2(&self, point: &[f32; 2]) -> f32 {
        let t = self.nearest(*point);
        let x = self.a[0] + t * (self.b[0] - self.a[0]) - point[0];
        let y = self.a[1] + t * (self.b[1] - self.a[1]) - point[1];
        x * x + y * y
    }
}

/// All segments of a graph, by place.
#[derive(Debug, Default)]
pub(super) struct SnapIndex {
    tree: RTree<Segment>,
    origin: [f64; 2],
}

fn mercator_m(p: Position) -> [f64; 2] {
    const RADIUS_M: f64 = 6_371_008.8;
    let lat = p.lat().clamp(-LATITUDE_MAX, LATITUDE_MAX).to_radians();
    [RADIUS_M * p.lon().to_radians(), RADIUS_M * lat.tan().asinh()]
}

impl SnapIndex {
    pub(super) fn build(graph: &Graph) -> Self {
        // Coordinates from the middle of the map: 32-bit floats then hold millimetres across a city.
        let Some(bounds) = crate::Bounds::around((0..graph.node_count() as u32).map(|n| graph.node(n))) else {
            return Self::default();
        };
        let origin = Position::new(f64::midpoint(bounds.south, bounds.north), f64::midpoint(bounds.west, bounds.east))
            .map_or([0.0; 2], mercator_m);
        let mut segments = Vec::with_capacity(graph.parts().points.len());
        for edge in 0..graph.edge_count() as u32 {
            let mut last: Option<[f32; 2]> = None;
            for (i, &point) in graph.shape(edge).iter().enumerate() {
                let here = relative(point, origin);
                if let Some(a) = last {
                    segments.push(Segment { a, b: here, edge, nth: i as u32 - 1 });
                }
                last = Some(here);
            }
        }
        Self { tree: RTree::bulk_load(segments), origin }
    }
}

fn relative(p: Position, origin: [f64; 2]) -> [f32; 2] {
    let m = mercator_m(p);
    [(m[0] - origin[0]) as f32, (m[1] - origin[1]) as f32]
}

impl Graph {
    /// The nearest point of the road network; `None` if there is none within [`SNAP_M_MAX`]. In a two-way street the snap
    /// stands for both directions.
    pub fn snap(&self, position: Position) -> Option<Snap> {
        let index = self.snap_index();
        let here = relative(position, index.origin);
        let segment = index.tree.nearest_neighbor(here)?;
        let snap = self.snap_on(segment.edge, segment.nth as usize, segment.nearest(here), position);
        (f64::from(snap.distance_m) <= SNAP_M_MAX).then_some(snap)
    }

    /// The nearest point of each edge within `metres`, nearest first, `count_max` edges at most.
    pub(super) fn snaps_within(&self, position: Position, metres: f64, count_max: usize) -> Vec<Snap> {
        let index = self.snap_index();
        let here = relative(position, index.origin);
        let mut snaps: Vec<Snap> = Vec::with_capacity(count_max);
        for segment in index.tree.nearest_neighbor_iter(here).take(SEGMENTS_MAX) {
            if snaps.iter().any(|s| s.edge == segment.edge) {
                continue;
            }
            let snap = self.snap_on(segment.edge, segment.nth as usize, segment.nearest(here), position);
            if f64::from(snap.distance_m) > metres || snaps.len() == count_max {
                break;
            }
            snaps.push(snap);
        }
        snaps
    }

    /// The point at `fraction` (0..=1, clamped) of an edge.
    pub fn snap_at(&self, edge: u32, fraction: f32) -> Snap {
        let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
        let at = self.along(edge, fraction);
        Snap { edge, fraction, distance_m: 0.0, at }
    }

    fn snap_on(&self, edge: u32, nth: usize, part: f32, from: Position) -> Snap {
        let shape = self.shape(edge);
        let at = shape[nth].towards(shape[nth + 1], f64::from(part));
        let before_m = Self::length_m(&shape[..=nth]) + shape[nth].distance_m(at);
        let whole_m = f64::from(self.edge(edge).length_m);
        let fraction = if whole_m > 0.0 { (before_m / whole_m).min(1.0) as f32 } else { 0.0 };
        Snap { edge, fraction, distance_m: from.distance_m(at) as f32, at }
    }

    /// The position at a fraction of an edge.
    pub(super) fn along(&self, edge: u32, fraction: f32) -> Position {
        let shape = self.shape(edge);
        let mut left_m = f64::from(self.edge(edge).length_m) * f64::from(fraction);
        for pair in shape.windows(2) {
            let piece_m = pair[0].distance_m(pair[1]);
            if left_m <= piece_m && piece_m > 0.0 {
                return pair[0].towards(pair[1], left_m / piece_m);
            }
            left_m -= piece_m;
        }
        shape[shape.len() - 1]
    }
}
