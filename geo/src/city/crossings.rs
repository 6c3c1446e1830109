//! Owns what crosses and bypasses the main streets: the bridges over the river, the expressways with their few
//! interchanges, and the corridors that side streets keep out of.

use super::draft::{Draft, Line, Piece};
use super::lattice::Lattice;
use super::places::{BRIDGES, EXPRESSWAYS};
use super::plane::{Pt, beside, nearest_on_segment, pt, rounded};
use super::terrain::{EAST, Terrain, WEST};
use crate::road::data::{RoadClass, Way};

/// Half the distance between the middles of the two carriageways.
const CARRIAGEWAY_M: f64 = 13.0;
/// From the bank to the middle of a riverside expressway.
const RIVERSIDE_M: f64 = 50.0;
/// Between interchanges, at least.
const INTERCHANGE_M: f64 = 1400.0;
/// A ramp reaches no further than this.
const RAMP_M: f64 = 430.0;
/// Between the points of an expressway's course, about.
const COURSE_STEP_M: f64 = 95.0;
const CELL_M: f64 = 250.0;
const CELLS: usize = 170;

/// Where expressways run, to keep side streets away.
pub(super) struct Corridors {
    cells: Vec<Vec<(Pt, Pt)>>,
}

fn cell(v: f64) -> usize {
    ((v - WEST) / CELL_M).clamp(0.0, (CELLS - 1) as f64) as usize
}

impl Corridors {
    fn add(&mut self, line: &[Pt]) {
        for w in line.windows(2) {
            let (a, b) = (w[0], w[1]);
            for cy in cell(a.y.min(b.y) - 60.0)..=cell(a.y.max(b.y) + 60.0) {
                for cx in cell(a.x.min(b.x) - 60.0)..=cell(a.x.max(b.x) + 60.0) {
                    self.cells[cx + cy * CELLS].push((a, b));
                }
            }
        }
    }

    /// Whether the point is within `within` (60 at most) metres of an expressway's middle.
    pub(super) fn near(&self, p: Pt, within: f64) -> bool {
        self.cells[cell(p.x) + cell(p.y) * CELLS]
            .iter()
            .any(|&(a, b)| nearest_on_segment(p, a, b).0.distance(p) < within)
    }
}

/// Draws bridges and expressways; must come before the superblocks are filled.
pub(super) fn lay(draft: &mut Draft, terrain: &Terrain, lattice: &Lattice) -> Corridors {
    let mut corridors = Corridors { cells: vec![Vec::new(); CELLS * CELLS] };
    let banks = [bank_row(lattice, lattice.first_north), bank_row(lattice, lattice.first_north - 1)];
    let mut heads: [Vec<(f64, u32)>; 2] = [Vec::new(), Vec::new()];
    for &(lon, name) in &BRIDGES {
        let x = Pt::of_degrees(lon, 37.5).x;
        if let Some((north, south)) = bridge(draft, terrain, &banks, x, name) {
            heads[0].push((x, north));
            heads[1].push((x, south));
        }
    }
    for (side, name) in [(0, "강변북로"), (1, "올림픽대로")] {
        let sign = if side == 0 { 1.0 } else { -1.0 };
        let course: Vec<Pt> = (0..((EAST - WEST - 1800.0) / COURSE_STEP_M) as u32)
            .map(|i| WEST + 900.0 + f64::from(i) * COURSE_STEP_M)
            .map(|x| {
                let r = terrain.river_at(x);
                pt(x, r.y).plus(r.across().times(sign * (r.half + RIVERSIDE_M)))
            })
            .collect();
        for road in Expressway::parts(draft, terrain, &course, name) {
            corridors.add(&road.course);
            road.interchanges_at(draft, &heads[side]);
        }
    }
    for (name, through) in EXPRESSWAYS {
        let through: Vec<Pt> = through.iter().map(|&(lon, lat)| Pt::of_degrees(lon, lat)).collect();
        let course: Vec<Pt> = rounded(&through, COURSE_STEP_M).into_iter().map(|p| terrain.aside(p)).collect();
        for road in Expressway::parts(draft, terrain, &course, name) {
            corridors.add(&road.course);
            road.interchanges_with(draft, terrain, lattice);
        }
    }
    corridors
}

fn bank_row(lattice: &Lattice, row: usize) -> Vec<usize> {
    (0..lattice.columns).filter_map(|c| lattice.along[lattice.id(c, row)]).collect()
}

/// The nearest point of the edges: distance, edge, fraction.
fn nearest_edge(draft: &Draft, edges: impl IntoIterator<Item = usize>, p: Pt) -> Option<(f64, usize, f64)> {
    let mut best: Option<(f64, usize, f64)> = None;
    for e in edges {
        let edge = &draft.edges[e];
        if edge.at(0.5).distance(p) > edge.length() + 2.0 * RAMP_M {
            continue;
        }
        let mut before = 0.0;
        for w in edge.course.windows(2) {
            let (q, t) = nearest_on_segment(p, w[0], w[1]);
            let span = w[0].distance(w[1]);
            let d = q.distance(p);
            if best.is_none_or(|b| d < b.0) {
                best = Some((d, e, (before + t * span) / edge.length()));
            }
            before += span;
        }
    }
    best
}

fn bridge(draft: &mut Draft, terrain: &Terrain, banks: &[Vec<usize>; 2], x: f64, name: &str) -> Option<(u32, u32)> {
    let river = terrain.river_at(x);
    let (middle, across) = (pt(x, river.y), river.across());
    let mut heads = [0_u32; 2];
    let mut shores = [middle; 2];
    for (side, sign) in [(0, 1.0), (1, -1.0)] {
        let shore = middle.plus(across.times(sign * (river.half + 75.0)));
        let (_, edge, t) = nearest_edge(draft, banks[side].iter().copied(), shore.plus(across.times(sign * 75.0)))?;
        if !terrain.street_may_lie(draft.edges[edge].at(t), 20.0) {
            return None;
        }
        heads[side] = draft.join(edge, t);
        shores[side] = shore;
    }
    let inner: Vec<u32> = [shores[0], middle, shores[1]].into_iter().map(|p| draft.point(p)).collect();
    let name = draft.name(name.to_owned());
    draft.lines.push(Line {
        nodes: vec![heads[0], inner[0], inner[1], inner[2], heads[1]],
        pieces: vec![Piece::BRIDGE; 4],
        class: RoadClass::Primary,
        name,
        oneway: false,
        cars_only: false,
    });
    Some((heads[0], heads[1]))
}

struct Expressway {
    course: Vec<Pt>,
    /// Nodes of the carriageway in the course's direction, and of the other one, both in the order of the course.
    there: Vec<u32>,
    back: Vec<u32>,
}

impl Expressway {
    /// The parts of the course that lie in the city, without short ones.
    fn parts(draft: &mut Draft, terrain: &Terrain, course: &[Pt], name: &str) -> Vec<Self> {
        let good = |p: &Pt| terrain.in_city(*p) && !terrain.in_green(*p) && terrain.bank_distance(*p).0 > 15.0;
        let name = draft.name(name.to_owned());
        let parts = course.split(|p| !good(p)).filter(|part| part.len() >= 12);
        parts.map(|part| Self::new(draft, terrain, part, name)).collect()
    }

    fn new(draft: &mut Draft, terrain: &Terrain, part: &[Pt], name: u32) -> Self {
        let mut carriageway = |by: f64| beside(part, by).into_iter().map(|p| draft.point(p)).collect::<Vec<u32>>();
        let (there, back) = (carriageway(-CARRIAGEWAY_M), carriageway(CARRIAGEWAY_M));
        let road = Self { course: part.to_vec(), there, back };
        let last = part.len() - 1;
        let returning: Vec<u32> = road.back.iter().rev().copied().collect();
        for nodes in [road.there.clone(), returning] {
            let pieces = nodes
                .windows(2)
                .map(|w| {
                    let wet = [w[0], w[1]].into_iter().any(|n| terrain.in_stream(draft.at(n), 0.0))
                        || terrain.stream_crossing(draft.at(w[0]), draft.at(w[1])).is_some();
                    if wet { Piece::BRIDGE } else { Piece::STREET }
                })
                .collect();
            road.one_way(draft, nodes, pieces, name);
        }
        // Where the drawn part ends one can turn round.
        road.one_way(draft, vec![road.there[last], road.back[last]], vec![Piece::STREET], Way::NO_NAME);
        road.one_way(draft, vec![road.back[0], road.there[0]], vec![Piece::STREET], Way::NO_NAME);
        road
    }

    #[expect(clippy::unused_self, reason = "reads as part of the road")]
    fn one_way(&self, draft: &mut Draft, nodes: Vec<u32>, pieces: Vec<Piece>, name: u32) {
        draft.lines.push(Line { nodes, pieces, class: RoadClass::Motorway, name, oneway: true, cars_only: true });
    }

    /// Ramps between both carriageways at `i` and a node of a main street.
    fn interchange(&self, draft: &mut Draft, i: usize, street: u32) {
        let (early, late) = (i.saturating_sub(3), (i + 3).min(self.course.len() - 1));
        let ramps = [
            (self.there[early], street, false),
            (street, self.there[late], true),
            (self.back[late], street, false),
            (street, self.back[early], true),
        ];
        for (from, to, entering) in ramps {
            let (a, b) = (draft.at(from), draft.at(to));
            // Leaves the carriageway flat, meets the street steeply.
            let bend = if entering { pt(b.x, b.y).mix(a, 0.55) } else { a.mix(b, 0.55) };
            let flat = self.course[i.min(self.course.len() - 1)];
            let bend = bend.mix(flat, 0.28);
            let bend = draft.point(bend);
            self.one_way(draft, vec![from, bend, to], vec![Piece::BRIDGE; 2], Way::NO_NAME);
        }
    }

    fn interchanges_at(&self, draft: &mut Draft, heads: &[(f64, u32)]) {
        let mut last = f64::MIN;
        for &(_, node) in heads {
            let p = draft.at(node);
            let Some((i, d)) = self.nearest(p) else { continue };
            let at = i as f64 * COURSE_STEP_M;
            if d < RAMP_M && at - last >= INTERCHANGE_M * 0.7 {
                self.interchange(draft, i, node);
                last = at;
            }
        }
    }

    fn interchanges_with(&self, draft: &mut Draft, terrain: &Terrain, lattice: &Lattice) {
        let mains: Vec<usize> = lattice.along.iter().chain(&lattice.across).flatten().copied().collect();
        let mains: Vec<usize> = mains.into_iter().filter(|e| draft.edges[*e].class <= RoadClass::Secondary).collect();
        let mut last = -INTERCHANGE_M;
        for i in (2..self.course.len().saturating_sub(2)).step_by(2) {
            let at = i as f64 * COURSE_STEP_M;
            let near_end = i < 4 || i + 5 > self.course.len();
            if at - last < INTERCHANGE_M && !near_end {
                continue;
            }
            let p = self.course[i];
            let Some((d, edge, t)) = nearest_edge(draft, mains.iter().copied(), p) else { continue };
            let spot = draft.edges[edge].at(t);
            let dry = terrain.street_may_lie(spot, 20.0)
                && terrain.street_may_lie(p.mix(spot, 0.5), 20.0)
                && !terrain.in_stream(spot, 0.0);
            let one_bank = terrain.bank_distance(p).1 * terrain.bank_distance(spot).1 > 0.0;
            if (60.0..RAMP_M * 0.75).contains(&d) && dry && one_bank {
                let node = draft.join(edge, t);
                self.interchange(draft, i, node);
                last = at;
            }
        }
    }

    fn nearest(&self, p: Pt) -> Option<(usize, f64)> {
        let all = self.course.iter().enumerate().map(|(i, q)| (i, q.distance(p)));
        all.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}
