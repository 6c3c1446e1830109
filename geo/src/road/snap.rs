//! Owns the question "where on the road is this?": the nearest point *along an edge*, not the nearest junction, so that the
//! way to the corner counts; and what lies between the two costs who has to walk it. Does not guess by heading or history.
//!
//! Distances are those of the plane that touches the Earth at what is asked for: within a snap's reach nearest in it is nearest
//! on the ground. Pieces of streets are found by a grid of cells, ring by ring around the cell of the question.

use super::column::Column;
use super::graph::{Edge, Graph};
use crate::eta::DETOUR;
use crate::position::Position;
use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Beyond this nothing is snapped, metres: such a point is not on this road network.
pub const SNAP_M_MAX: f64 = 500.0;

/// A street is drawn as its middle line: within this of it one is in the street, metres. Width of a big street and its pavements.
pub const STREET_M: f64 = 35.0;

/// Walking speed off the streets, metres per second (5 km/h).
pub(super) const WALK_MPS: f64 = 5.0 / 3.6;

/// Nobody walks longer to a street, milliseconds: sums along a way stay small.
const TO_STREET_MS_MAX: u32 = 3_600_000;

/// Side of a cell, metres, of a map that is streets all over.
const CELL_M: f64 = 100.0;

/// Cells are doubled until there are no more than so many for each piece of street, and until no piece lies in more than so
/// many on average: memory stays proportional to the streets on any map.
const CELLS_PER_SEGMENT: usize = 2;
const ENTRIES_PER_SEGMENT: usize = 4;

/// Small maps need not save cells.
const CELLS_FREE: usize = 1024;

/// Latitudes are taken as no further from the equator than this, degrees, for widths; no roads are beyond.
const LATITUDE_MAX: f64 = 85.0;

/// Metres of a ten-millionth of a degree of latitude.
const M_PER_E7: f64 = 6_371_008.8 * std::f64::consts::PI / 180.0 / 1e7;

/// A point on a road: an edge of the graph that made it, and how far along. Means nothing on another graph.
#[derive(Clone, Copy, PartialEq)]
pub struct Snap {
    /// The edge.
    pub edge: u32,
    /// 0 at the edge's start, 1 at its end, by length.
    pub fraction: f32,
    /// Distance from what was snapped, metres; 0 of whoever is known to be in the street.
    pub distance_m: f32,
    /// The point on the road.
    pub at: Position,
}

impl Snap {
    /// Milliseconds between what was snapped and the street. Whoever is out in a park, or wants to be met there, is not on its rim:
    /// every travel time from a snap or to one holds this, whatever way they travel, since nothing but feet goes where no street is
    /// known. No way is known either, so the straight line counts as much longer as the fallback's does ([`crate::Eta::straight`]).
    pub fn to_street_ms(&self) -> u32 {
        let off_m = (f64::from(self.distance_m) - STREET_M).max(0.0);
        ((off_m * DETOUR / WALK_MPS * 1_000.0).ceil() as u32).min(TO_STREET_MS_MAX)
    }
}

/// A snap is a place: hidden like one.
impl fmt::Debug for Snap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snap(hidden)")
    }
}

/// Two neighbouring points of an edge's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(super) struct Segment {
    pub(super) edge: u32,
    /// Number of its first point within the shape.
    pub(super) nth: u32,
}

/// A grid over the map, in ten-millionths of a degree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(super) struct Grid {
    west: i32,
    south: i32,
    /// Width and height of a cell.
    width: u32,
    height: u32,
    columns: u32,
    rows: u32,
}

impl Grid {
    /// Over all points, of cells [`CELL_M`] wide; empty if there are none.
    fn over(points: &[Position]) -> (Self, [f64; 2]) {
        let Some(bounds) = crate::Bounds::around(points.iter().copied()) else { return (Self::default(), [0.0; 2]) };
        let e7 = |degrees: f64| (degrees * 1e7).round();
        let (west, south) = (e7(bounds.west), e7(bounds.south));
        let middle = f64::midpoint(bounds.south, bounds.north);
        let grid = Self {
            west: west as i32,
            south: south as i32,
            width: (CELL_M / m_per_e7_east(middle)).ceil() as u32,
            height: (CELL_M / M_PER_E7).ceil() as u32,
            columns: 0,
            rows: 0,
        };
        let extent = [e7(bounds.east) - west, e7(bounds.north) - south];
        (grid.over_extent(extent), extent)
    }

    fn over_extent(self, [east, north]: [f64; 2]) -> Self {
        let count = |extent: f64, cell: u32| (extent / f64::from(cell)) as u32 + 1;
        Self { columns: count(east, self.width), rows: count(north, self.height), ..self }
    }

    fn doubled(self, extent: [f64; 2]) -> Self {
        Self { width: self.width * 2, height: self.height * 2, ..self }.over_extent(extent)
    }

    /// Whether nothing divides by zero or overflows, and no cell is smaller than this program makes them: of cells of a centimetre
    /// every question would look at a thousand million.
    pub(super) fn is_sound(&self) -> bool {
        let least = (CELL_M / M_PER_E7).ceil() as u32;
        let fits = self.width >= least && self.height >= least && self.columns < 1 << 30 && self.rows < 1 << 30;
        fits || *self == Self::default()
    }

    pub(super) fn cell_count(&self) -> usize {
        self.columns as usize * self.rows as usize
    }

    /// Column and row, with fractions.
    fn place(&self, p: Position) -> [f64; 2] {
        let along = |at: i32, origin: i32, cell: u32| (f64::from(at) - f64::from(origin)) / f64::from(cell);
        [along(p.lon_e7(), self.west, self.width), along(p.lat_e7(), self.south, self.height)]
    }

    /// Every cell that a straight line touches, once.
    fn cells_along(&self, from: Position, to: Position, mut visit: impl FnMut(usize)) {
        /// Rounding never loses a cell.
        const SLACK: f64 = 1e-6;
        let ([x0, y0], [x1, y1]) = (self.place(from), self.place(to));
        let flat = y0.max(y1) - y0.min(y1) <= SLACK;
        let x_at = |y: f64| x0 + (x1 - x0) * ((y - y0) / (y1 - y0)).clamp(0.0, 1.0);
        let cells = |a: f64, b: f64, count: u32| -> RangeInclusive<u32> {
            let cell = |v: f64| (v.max(0.0) as u32).min(count - 1);
            cell(a.min(b) - SLACK)..=cell(a.max(b) + SLACK)
        };
        for row in cells(y0, y1, self.rows) {
            let (low, high) = (f64::from(row) - SLACK, f64::from(row + 1) + SLACK);
            let (a, b) = if flat { (x0, x1) } else { (x_at(low.max(y0.min(y1))), x_at(high.min(y0.max(y1)))) };
            for column in cells(a, b, self.columns) {
                visit(row as usize * self.columns as usize + column as usize);
            }
        }
    }
}

/// All segments of a graph, by place: those of cell `c` are `segments[first[c]..first[c + 1]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SnapIndex {
    pub(super) grid: Grid,
    pub(super) first: Column<u32>,
    pub(super) segments: Column<Segment>,
}

impl SnapIndex {
    /// Of edges whose shapes lie one after the other in `points`.
    pub(super) fn build(edges: &[Edge], points: &[Position]) -> Self {
        let ends = || edges.iter().skip(1).map(|e| e.first_point as usize).chain([points.len()]);
        let segments = || {
            (0u32..).zip(edges.iter().zip(ends())).flat_map(|(edge, (e, end))| {
                let shape = &points[e.first_point as usize..end];
                (0u32..).zip(shape.windows(2)).map(move |(nth, pair)| (Segment { edge, nth }, pair[0], pair[1]))
            })
        };
        let count = segments().count();
        let (mut grid, extent) = Grid::over(points);
        let first = loop {
            if grid.cell_count() <= CELLS_FREE + CELLS_PER_SEGMENT * count {
                let mut first = vec![0u32; grid.cell_count() + 1];
                let mut entries = 0;
                let few = segments().all(|(_, from, to)| {
                    grid.cells_along(from, to, |cell| {
                        first[cell + 1] += 1;
                        entries += 1;
                    });
                    entries <= CELLS_FREE + ENTRIES_PER_SEGMENT * count
                });
                if few {
                    break first;
                }
            }
            grid = grid.doubled(extent);
        };
        Self::filled(grid, first, segments())
    }

    /// With the number of segments in each cell, in the place after its own.
    fn filled(grid: Grid, mut first: Vec<u32>, segments: impl Iterator<Item = (Segment, Position, Position)>) -> Self {
        for cell in 1..first.len() {
            first[cell] += first[cell - 1];
        }
        let mut next = first.clone();
        let mut placed = vec![Segment { edge: 0, nth: 0 }; first.last().map_or(0, |&n| n as usize)];
        for (segment, from, to) in segments {
            grid.cells_along(from, to, |cell| {
                placed[next[cell] as usize] = segment;
                next[cell] += 1;
            });
        }
        Self { grid, first: first.into(), segments: placed.into() }
    }

    /// Shows every segment that may lie within a distance (some several times, and some that lie further), cell by cell
    /// outward. `visit` gives the metres within which others are still wanted.
    fn around(&self, position: Position, metres: f64, mut visit: impl FnMut(Segment) -> f64) {
        let grid = &self.grid;
        if grid.cell_count() == 0 {
            return;
        }
        let [x, y] = grid.place(position);
        let (column, row) = (x.floor(), y.floor());
        let (inside_x, inside_y) = (x - column, y - row);
        let east_m = f64::from(grid.width) * m_per_e7_east(position.lat());
        let north_m = f64::from(grid.height) * M_PER_E7;
        let (column, row) = (column as i64, row as i64);
        let mut wanted_m = metres;
        for ring in 0i64.. {
            for r in row - ring..=row + ring {
                // The whole of the first and last row, the ends of those between.
                let step = if (r - row).abs() == ring { 1 } else { (2 * ring).max(1) };
                for c in (column - ring..=column + ring).step_by(step as usize) {
                    let there = (0..i64::from(grid.columns)).contains(&c) && (0..i64::from(grid.rows)).contains(&r);
                    if there {
                        for &segment in self.of_cell(r as usize * grid.columns as usize + c as usize) {
                            wanted_m = visit(segment);
                        }
                    }
                }
            }
            // What was not seen lies outside the square of cells: as far as its nearest side.
            let out = ring as f64;
            let across_m = (inside_x.min(1.0 - inside_x) + out) * east_m;
            let along_m = (inside_y.min(1.0 - inside_y) + out) * north_m;
            if across_m.min(along_m) >= wanted_m {
                return;
            }
        }
    }

    fn of_cell(&self, cell: usize) -> &[Segment] {
        &self.segments[self.first[cell] as usize..self.first[cell + 1] as usize]
    }
}

/// Metres of a ten-millionth of a degree of longitude at a latitude.
pub(super) fn m_per_e7_east(lat: f64) -> f64 {
    M_PER_E7 * lat.clamp(-LATITUDE_MAX, LATITUDE_MAX).to_radians().cos()
}

/// Which fraction of the straight line from `a` to `b` is nearest to `p`, and the metres from there.
pub(super) fn nearest_on(a: Position, b: Position, p: Position) -> (f64, f64) {
    let across = m_per_e7_east(p.lat());
    let from_p = |q: Position| {
        let east = f64::from(q.lon_e7()) - f64::from(p.lon_e7());
        [east * across, (f64::from(q.lat_e7()) - f64::from(p.lat_e7())) * M_PER_E7]
    };
    let (a, b) = (from_p(a), from_p(b));
    let d = [b[0] - a[0], b[1] - a[1]];
    let square = d[0] * d[0] + d[1] * d[1];
    let part = if square == 0.0 { 0.0 } else { (-(a[0] * d[0] + a[1] * d[1]) / square).clamp(0.0, 1.0) };
    (part, (a[0] + part * d[0]).hypot(a[1] + part * d[1]))
}

impl Graph {
    /// The nearest point of the road network; `None` if there is none within [`SNAP_M_MAX`]. In a two-way street the snap
    /// stands for both directions.
    pub fn snap(&self, position: Position) -> Option<Snap> {
        self.snap_where(position, |_| true)
    }

    /// The same on some of the edges.
    pub(super) fn snap_where(&self, position: Position, counts: impl Fn(u32) -> bool) -> Option<Snap> {
        let mut best: Option<(f64, Segment, f64)> = None;
        self.snap_index().around(position, SNAP_M_MAX, |segment| {
            let (part, metres) = self.nearest_on_segment(segment, position);
            if best.is_none_or(|b| (metres, segment) < (b.0, b.1)) && counts(segment.edge) {
                best = Some((metres, segment, part));
            }
            best.map_or(SNAP_M_MAX, |b| b.0)
        });
        let (_, segment, part) = best?;
        let snap = self.snap_on(segment, part, position);
        (f64::from(snap.distance_m) <= SNAP_M_MAX).then_some(snap)
    }

    /// The nearest point of each edge within `metres`, nearest first, `count_max` edges at most.
    pub(super) fn snaps_within(&self, position: Position, metres: f64, count_max: usize) -> Vec<Snap> {
        let mut best: Vec<(Segment, f64, f64)> = Vec::with_capacity(count_max * 2);
        self.snap_index().around(position, metres, |segment| {
            let (part, distance_m) = self.nearest_on_segment(segment, position);
            if distance_m <= metres {
                match best.iter_mut().find(|b| b.0.edge == segment.edge) {
                    Some(b) if (distance_m, segment) < (b.2, b.0) => *b = (segment, part, distance_m),
                    Some(_) => {}
                    None => best.push((segment, part, distance_m)),
                }
            }
            metres
        });
        best.sort_by(|a, b| a.2.total_cmp(&b.2).then(a.0.cmp(&b.0)));
        best.truncate(count_max);
        best.into_iter().map(|(segment, part, _)| self.snap_on(segment, part, position)).collect()
    }

    fn nearest_on_segment(&self, segment: Segment, position: Position) -> (f64, f64) {
        let shape = self.shape(segment.edge);
        nearest_on(shape[segment.nth as usize], shape[segment.nth as usize + 1], position)
    }

    /// The point at `fraction` (0..=1, clamped) of an edge.
    pub fn snap_at(&self, edge: u32, fraction: f32) -> Snap {
        let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
        let at = self.along(edge, fraction);
        Snap { edge, fraction, distance_m: 0.0, at }
    }

    fn snap_on(&self, segment: Segment, part: f64, from: Position) -> Snap {
        let (edge, nth) = (segment.edge, segment.nth as usize);
        let shape = self.shape(edge);
        let at = shape[nth].towards(shape[nth + 1], part);
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

    /// The shape of an edge between two fractions of it, the lower first, and what lies at them.
    pub(super) fn between(&self, edge: u32, low: f32, high: f32) -> Cow<'_, [Position]> {
        let shape = self.shape(edge);
        if low <= 0.0 && high >= 1.0 {
            return Cow::Borrowed(shape);
        }
        let whole_m = f64::from(self.edge(edge).length_m).max(f64::MIN_POSITIVE);
        let mut points = vec![self.along(edge, low)];
        let mut before_m = 0.0;
        for w in shape.windows(2) {
            before_m += w[0].distance_m(w[1]);
            let at = before_m / whole_m;
            if at > f64::from(low) && at < f64::from(high) {
                points.push(w[1]);
            }
        }
        points.push(self.along(edge, high));
        Cow::Owned(points)
    }
}

#[cfg(test)]
#[path = "snap_tests.rs"]
mod tests;
