//! Owns the main streets: a lattice of them bent along the river, turned by district, pushed around hills. Its cells are the
//! superblocks. Does not fill them (`blocks`) nor cross the river (`crossings`).

use super::chance::{Chance, mix, smooth};
use super::draft::Draft;
use super::names::StreetNames;
use super::places::TURNS;
use super::plane::{Pt, pt};
use super::terrain::{EAST, Terrain, WEST};
use crate::road::data::RoadClass;

/// From the bank to the first main street, metres.
const BANK_ROW_M: f64 = 150.0;

/// The lattice: nodes by column and row, and the edges between them.
pub(super) struct Lattice {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Rows below this one are south of the river.
    pub(super) first_north: usize,
    /// Edge from (c, r) to (c + 1, r), by `c + r * columns`.
    pub(super) along: Vec<Option<usize>>,
    /// Edge from (c, r) to (c, r + 1).
    pub(super) across: Vec<Option<usize>>,
    nodes: Vec<u32>,
}

impl Lattice {
    pub(super) fn id(&self, column: usize, row: usize) -> usize {
        column + row * self.columns
    }

    pub(super) fn node(&self, column: usize, row: usize) -> u32 {
        self.nodes[self.id(column, row)]
    }
}

struct Frame<'a> {
    terrain: &'a Terrain,
    chance: Chance,
    columns: Vec<f64>,
    /// Signed distance from the river's edge, south negative.
    rows: Vec<f64>,
    turns: Vec<(Pt, f64, f64)>,
}

impl Frame<'_> {
    /// Where fractional lattice coordinates lie.
    fn at(&self, column: f64, row: f64) -> Pt {
        let x0 = between(&self.columns, column);
        let d = between(&self.rows, row);
        let (far, side) = (d.abs(), d.signum());
        let river = self.terrain.river_at(x0);
        let broad = self.terrain.broad_slope(x0, 1800.0);
        let follow = 1.0 / (1.0 + (far / 11_000.0) * (far / 11_000.0));
        let bend = river.y + side * river.half_north();
        let stretch = mix((1.0 + river.slope * river.slope).sqrt(), 1.0, smooth(far / 2500.0));
        let y = bend * follow + (side * 450.0 - 1500.0) * (1.0 - follow) + side * far * stretch;
        let lean = broad / (1.0 + broad * broad).sqrt() * far / (1.0 + far / 1100.0);
        let p = pt(x0 - side * lean, y);
        let loose = smooth((far - 100.0) / 1500.0);
        let wander = |shift: f64| 190.0 * loose * self.chance.field(p.x + shift, p.y - shift, 2300.0);
        self.turned(pt(p.x + wander(0.0), p.y + wander(31_000.0)), loose)
    }

    fn turned(&self, p: Pt, loose: f64) -> Pt {
        let mut out = p;
        for &(middle, reach, tangent) in &self.turns {
            let d = out.minus(middle);
            let far = d.length() / reach;
            if far < 1.0 {
                let t = tangent * smooth((1.0 - far) * 1.5) * loose;
                let (cos, sin) = ((1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t));
                out = middle.plus(pt(d.x * cos - d.y * sin, d.x * sin + d.y * cos));
            }
        }
        out
    }

    fn node_at(&self, column: usize, row: usize) -> Pt {
        let p = self.at(column as f64, row as f64);
        let loose = smooth((self.rows[row].abs() - 100.0) / 900.0);
        let (c, r) = (column as i64, row as i64);
        let jitter = pt(75.0 * self.chance.signed(c, 2 * r), 75.0 * loose * self.chance.signed(c, 2 * r + 1));
        self.terrain.aside(p.plus(jitter))
    }

    /// From `a` to `b` with bends: the lattice's own curve, wobble, hills avoided.
    fn course(&self, a: Pt, b: Pt, from: (f64, f64), to: (f64, f64), key: i64) -> Vec<Pt> {
        let pieces = ((a.distance(b) / 190.0).round() as i64).clamp(2, 8);
        let (start, end) = (self.at(from.0, from.1), self.at(to.0, to.1));
        let side = b.minus(a).unit().left();
        let bow = 26.0 * self.chance.signed(key, -7);
        let mut out = vec![a];
        for k in 1..pieces {
            let t = k as f64 / pieces as f64;
            let curve = self.at(mix(from.0, to.0, t), mix(from.1, to.1, t)).minus(start.mix(end, t));
            let wobble = bow * 4.0 * t * (1.0 - t) + 7.0 * self.chance.signed(key, k);
            out.push(self.terrain.aside(a.mix(b, t).plus(curve).plus(side.times(wobble))));
        }
        out.push(b);
        out
    }
}

fn between(stops: &[f64], at: f64) -> f64 {
    let i = (at.floor().max(0.0) as usize).min(stops.len() - 2);
    mix(stops[i], stops[i + 1], at - i as f64)
}

/// Lines from `from` outwards until `to`, closer in the middle of the city.
fn stops(chance: Chance, key: i64, from: f64, to: f64, middle: f64) -> Vec<f64> {
    let mut out = vec![from];
    let mut at = from;
    let mut k = 0;
    while at < to {
        let spread = smooth((at - middle).abs() / 9000.0);
        at += mix(620.0, 960.0, spread) * (1.0 + 0.28 * chance.signed(key, k));
        out.push(at);
        k += 1;
    }
    out
}

fn class_of(line: usize, chance: Chance, key: i64, edge: i64) -> RoadClass {
    let offset = chance.below(key, 99, 3) as usize;
    if line.is_multiple_of(3) && chance.below(key, edge / 7, 6) > 0 {
        RoadClass::Primary
    } else if (line + offset).is_multiple_of(2) || chance.below(key, edge / 4, 2) == 0 {
        RoadClass::Secondary
    } else {
        RoadClass::Tertiary
    }
}

/// Draws the main streets into `draft`.
pub(super) fn lay(draft: &mut Draft, terrain: &Terrain, seed: u64) -> Lattice {
    let chance = Chance::new(seed, 2);
    let columns = stops(chance, 1, WEST + 300.0, EAST - 900.0, -1500.0);
    let south = stops(chance, 2, BANK_ROW_M, 17_500.0, 800.0);
    let north = stops(chance, 3, BANK_ROW_M, 19_500.0, 2500.0);
    let first_north = south.len();
    let rows: Vec<f64> = south.iter().rev().map(|d| -d).chain(north).collect();
    let turns = TURNS.iter().map(|&(lon, lat, reach, t)| (Pt::of_degrees(lon, lat), reach, t)).collect();
    let frame = Frame { terrain, chance, columns, rows, turns };
    let (nc, nr) = (frame.columns.len(), frame.rows.len());

    let spots: Vec<Pt> = (0..nc * nr).map(|i| frame.node_at(i % nc, i / nc)).collect();
    // The plane is larger than the city: leave out what has no city near it.
    let wanted: Vec<bool> = spots.iter().map(|p| terrain.in_city(*p)).collect();
    let nodes: Vec<u32> = spots.iter().map(|p| draft.point(*p)).collect();
    let mut lattice =
        Lattice { columns: nc, rows: nr, first_north, along: vec![None; nc * nr], across: vec![None; nc * nr], nodes };
    let mut names = StreetNames::new(seed);
    for r in 0..nr {
        for c in 0..nc {
            let i = lattice.id(c, r);
            let near = |c: usize, r: usize| {
                let (c0, r0) = (c.saturating_sub(1), r.saturating_sub(1));
                (r0..=(r + 1).min(nr - 1)).any(|r| (c0..=(c + 1).min(nc - 1)).any(|c| wanted[c + r * nc]))
            };
            if !near(c, r) {
                continue;
            }
            let (here, line, step) = ((c as f64, r as f64), frame.rows[r].abs(), i as i64);
            if c + 1 < nc && near(c + 1, r) {
                let bank = line < BANK_ROW_M + 1.0;
                let class = if bank { RoadClass::Secondary } else { class_of(r, chance, 1000 + r as i64, c as i64) };
                let course = frame.course(spots[i], spots[i + 1], here, (here.0 + 1.0, here.1), 2 * step);
                let name = names.of(draft, true, r, c, class);
                let ends = (lattice.node(c, r), lattice.node(c + 1, r));
                lattice.along[i] = Some(draft.edge(ends, course, class, name));
            }
            if r + 1 < nr && r + 1 != first_north && near(c, r + 1) {
                let class = class_of(c, chance, 2000 + c as i64, r as i64);
                let course = frame.course(spots[i], spots[i + nc], here, (here.0, here.1 + 1.0), 2 * step + 1);
                let name = names.of(draft, false, c, r, class);
                let ends = (lattice.node(c, r), lattice.node(c, r + 1));
                lattice.across[i] = Some(draft.edge(ends, course, class, name));
            }
        }
    }
    StreetNames::rename_well_known(draft, &lattice);
    lattice
}
