//! Owns what lies inside a superblock: collectors that split it, then the local grid of each part, which follows the
//! part's own sides. The style of the quarter decides how dense and how crooked. Does not touch main streets but to join them.

use super::chance::{Chance, mix};
use super::crossings::Corridors;
use super::draft::{Draft, Line, Piece};
use super::lattice::Lattice;
use super::names::side_street;
use super::plane::{Pt, pt};
use super::terrain::Terrain;
use crate::road::data::RoadClass;

/// Splits at most this deep.
const MAX_DEPTH: u32 = 4;
/// Side streets keep this far from the river's bank, metres.
const BANK_M: f64 = 95.0;

/// How a quarter is built.
#[derive(Clone, Copy)]
struct Style {
    /// Parts are split until their sides are shorter, metres.
    part_m: f64,
    /// Between side streets, metres: along and across.
    grain: (f64, f64),
    /// How far crossings stray, share of the grain.
    stray: f64,
    /// Share of pieces left out, and of those made footways.
    gaps: f64,
    foot: f64,
    /// Share of side streets that are one-way.
    oneway: f64,
}

/// Straight long blocks.
const GRID: Style = Style { part_m: 480.0, grain: (58.0, 90.0), stray: 0.10, gaps: 0.15, foot: 0.02, oneway: 0.22 };
/// Small crooked blocks of the old town.
const OLD: Style = Style { part_m: 300.0, grain: (50.0, 62.0), stray: 0.30, gaps: 0.32, foot: 0.05, oneway: 0.20 };
/// Ordinary low houses.
const HOUSES: Style = Style { part_m: 340.0, grain: (53.0, 72.0), stray: 0.24, gaps: 0.29, foot: 0.03, oneway: 0.14 };
/// Apartment compounds: few streets, footways between.
const COMPOUND: Style =
    Style { part_m: 430.0, grain: (100.0, 122.0), stray: 0.24, gaps: 0.27, foot: 0.18, oneway: 0.03 };
/// Works, yards and the rim.
const LOOSE: Style = Style { part_m: 460.0, grain: (105.0, 130.0), stray: 0.26, gaps: 0.32, foot: 0.02, oneway: 0.04 };

/// A part of an edge, from fraction `from` to `to`.
#[derive(Clone, Copy)]
struct Side {
    edge: usize,
    from: f64,
    to: f64,
}

impl Side {
    fn t(self, s: f64) -> f64 {
        mix(self.from, self.to, s)
    }

    fn cut(self, a: f64, b: f64) -> Self {
        Self { edge: self.edge, from: self.t(a), to: self.t(b) }
    }
}

/// South, north, west, east.
#[derive(Clone, Copy)]
struct Part {
    south: Side,
    north: Side,
    west: Side,
    east: Side,
}

struct Filler<'a> {
    draft: &'a mut Draft,
    terrain: &'a Terrain,
    corridors: &'a Corridors,
    chance: Chance,
    /// Of the superblock being filled.
    main: String,
    numbers: u64,
    key: i64,
}

/// Fills every superblock of the lattice.
pub(super) fn fill(draft: &mut Draft, terrain: &Terrain, corridors: &Corridors, lattice: &Lattice, seed: u64) {
    let chance = Chance::new(seed, 4);
    let mut filler = Filler { draft, terrain, corridors, chance, main: String::new(), numbers: 0, key: 0 };
    for r in (0..lattice.rows - 1).filter(|r| r + 1 != lattice.first_north) {
        for c in 0..lattice.columns - 1 {
            let i = lattice.id(c, r);
            let sides = (
                lattice.along[i],
                lattice.along[lattice.id(c, r + 1)],
                lattice.across[i],
                lattice.across[lattice.id(c + 1, r)],
            );
            let (Some(south), Some(north), Some(west), Some(east)) = sides else { continue };
            let whole = |edge| Side { edge, from: 0.0, to: 1.0 };
            let part = Part { south: whole(south), north: whole(north), west: whole(west), east: whole(east) };
            filler.superblock(part, i as i64, c / 5);
        }
    }
}

impl Filler<'_> {
    fn side_at(&self, side: Side, s: f64) -> Pt {
        self.draft.edges[side.edge].at(side.t(s))
    }

    /// The point of a part at `u` (west to east) and `v` (south to north): a Coons patch of its four sides.
    fn patch(&self, p: &Part, u: f64, v: f64) -> Pt {
        let rows = self.side_at(p.south, u).mix(self.side_at(p.north, u), v);
        let columns = self.side_at(p.west, v).mix(self.side_at(p.east, v), u);
        let south = self.side_at(p.south, 0.0).mix(self.side_at(p.south, 1.0), u);
        let north = self.side_at(p.north, 0.0).mix(self.side_at(p.north, 1.0), u);
        rows.plus(columns).minus(south.mix(north, v))
    }

    fn superblock(&mut self, part: Part, key: i64, stretch: usize) {
        let probes = [(0.5, 0.5), (0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9)];
        if !probes.iter().any(|&(u, v)| self.terrain.in_city(self.patch(&part, u, v))) {
            return;
        }
        self.key = key;
        let named = self.draft.edges[part.south.edge].name;
        self.main = self.draft.names[named as usize].clone();
        self.numbers = 1 + (key as u64 % 5) * 40 * u64::from(stretch < usize::MAX);
        let style = self.style(self.patch(&part, 0.5, 0.5));
        self.split(part, style, 0, 1);
    }

    fn style(&self, at: Pt) -> Style {
        let pick = self.chance.unit(self.key, -1);
        let old_town = at.distance(Pt::of_degrees(126.992, 37.568));
        let gangnam = at.distance(Pt::of_degrees(127.043, 37.503));
        let rim = self.chance.field(at.x, at.y, 5200.0);
        if old_town < 3300.0 {
            return if pick < 0.8 { OLD } else { GRID };
        }
        if gangnam < 4200.0 {
            return if pick < 0.70 {
                GRID
            } else if pick < 0.88 {
                COMPOUND
            } else {
                HOUSES
            };
        }
        let far = at.distance(pt(0.0, 0.0));
        if far > 15_500.0 {
            return if pick < 0.5 {
                LOOSE
            } else if pick < 0.8 {
                HOUSES
            } else {
                COMPOUND
            };
        }
        let compounds = 0.24 + 0.22 * rim;
        if pick < compounds {
            COMPOUND
        } else if pick < compounds + 0.05 {
            LOOSE
        } else if pick > 0.88 {
            GRID
        } else {
            HOUSES
        }
    }

    fn next_name(&mut self) -> u32 {
        self.numbers += 1;
        let name = side_street(&self.main, self.numbers);
        self.draft.name(name)
    }

    /// 1 for a rectangle, less for a leaning part, negative for one that the ground has folded over.
    fn squareness(&self, p: &Part) -> f64 {
        let at = |u: f64, v: f64| self.patch(p, u, v);
        let sine = |u: f64, v: f64| {
            let step = |t: f64| if t < 0.5 { t + 0.25 } else { t - 0.25 };
            let (east, north) = (at(step(u), v).minus(at(u, v)), at(u, step(v)).minus(at(u, v)));
            let turned = if (u < 0.5) == (v < 0.5) { 1.0 } else { -1.0 };
            turned * east.unit().cross(north.unit())
        };
        let corners = [sine(0.0, 0.0), sine(1.0, 0.0), sine(0.0, 1.0), sine(1.0, 1.0)];
        let worst = corners.into_iter().fold(1.0, f64::min);
        if worst < 0.12 { worst } else { sine(0.25, 0.25).min(sine(0.75, 0.75)) }
    }

    fn split(&mut self, p: Part, style: Style, depth: u32, path: i64) {
        let wide = self.patch(&p, 0.0, 0.5).distance(self.patch(&p, 1.0, 0.5));
        let high = self.patch(&p, 0.5, 0.0).distance(self.patch(&p, 0.5, 1.0));
        let wish = style.part_m * (1.0 + 0.25 * self.chance.signed(self.key, path));
        if depth >= MAX_DEPTH || wide.max(high) < wish * 1.35 {
            // In a leaning part the streets lie closer than its sides are long; a folded one has no room for any.
            let lean = self.squareness(&p);
            if lean > 0.2 {
                self.streets(&p, style, wide * lean, high * lean, path);
            }
            return;
        }
        let cut = |salt: i64| 0.5 + 0.11 * self.chance.signed(self.key * 64 + salt, path);
        let (a, b) = (cut(1), cut(2));
        let class = if depth < 2 { RoadClass::Tertiary } else { RoadClass::Residential };
        let (first, second) = if wide >= high { (p.south, p.north) } else { (p.west, p.east) };
        let ends = (self.draft.join(first.edge, first.t(a)), self.draft.join(second.edge, second.t(b)));
        let (from, to) = (self.draft.at(ends.0), self.draft.at(ends.1));
        let chord = |t: f64| from.mix(to, t);
        let bow = from.distance(to) * 0.05 * self.chance.signed(self.key * 64 + 3, path);
        let side = to.minus(from).unit().left();
        let mut course = vec![from];
        for k in 1..4 {
            let t = f64::from(k) / 4.0;
            let s = mix(a, b, t);
            let inner = if wide >= high { self.patch(&p, s, t) } else { self.patch(&p, t, s) };
            course.push(inner.mix(chord(t), 0.3).plus(side.times(bow * 4.0 * t * (1.0 - t))));
        }
        course.push(to);
        let name = self.next_name();
        let edge = self.draft.edge(ends, course, class, name);
        let middle = Side { edge, from: 0.0, to: 1.0 };
        let (low, high_part) = if wide >= high {
            (
                Part { south: p.south.cut(0.0, a), north: p.north.cut(0.0, b), east: middle, ..p },
                Part { south: p.south.cut(a, 1.0), north: p.north.cut(b, 1.0), west: middle, ..p },
            )
        } else {
            (
                Part { west: p.west.cut(0.0, a), east: p.east.cut(0.0, b), north: middle, ..p },
                Part { west: p.west.cut(a, 1.0), east: p.east.cut(b, 1.0), south: middle, ..p },
            )
        };
        self.split(low, style, depth + 1, path * 2);
        self.split(high_part, style, depth + 1, path * 2 + 1);
    }

    fn may_lie(&self, p: Pt) -> bool {
        self.terrain.street_may_lie(p, BANK_M) && !self.terrain.in_stream(p, 10.0) && !self.corridors.near(p, 40.0)
    }

    /// The local grid of one part.
    fn streets(&mut self, p: &Part, style: Style, wide: f64, high: f64, path: i64) {
        let turn = self.chance.below(self.key * 64 + 5, path, 2) == 0;
        let (along, across) = if turn { style.grain } else { (style.grain.1, style.grain.0) };
        let loose = 1.0 + 0.18 * self.chance.signed(self.key * 64 + 6, path);
        let columns = ((wide / (along * loose)).round() as usize).clamp(1, 24);
        let rows = ((high / (across * loose)).round() as usize).clamp(1, 24);
        if columns < 2 && rows < 2 {
            return;
        }
        let salt = self.key * 4096 + path * 8;
        let mut nodes = vec![u32::MAX; (columns + 1) * (rows + 1)];
        let mut free = vec![false; nodes.len()];
        for r in 0..=rows {
            for c in 0..=columns {
                let corner = (r == 0 || r == rows) && (c == 0 || c == columns);
                if corner {
                    continue;
                }
                let i = c + r * (columns + 1);
                let stray = |k: i64| style.stray * self.chance.signed(salt + k, i as i64);
                let u = (c as f64 + if c == 0 || c == columns { 0.0 } else { stray(1) }) / columns as f64;
                let v = (r as f64 + if r == 0 || r == rows { 0.0 } else { stray(2) }) / rows as f64;
                let inner = r > 0 && r < rows && c > 0 && c < columns;
                let spot = self.patch(p, u, v);
                free[i] = self.may_lie(spot);
                if !free[i] {
                    continue;
                }
                nodes[i] = if inner {
                    self.draft.point(spot)
                } else if r == 0 {
                    self.draft.join(p.south.edge, p.south.t(u))
                } else if r == rows {
                    self.draft.join(p.north.edge, p.north.t(u))
                } else if c == 0 {
                    self.draft.join(p.west.edge, p.west.t(v))
                } else {
                    self.draft.join(p.east.edge, p.east.t(v))
                };
            }
        }
        for c in 1..columns {
            let ids: Vec<usize> = (0..=rows).map(|r| c + r * (columns + 1)).collect();
            self.street(&ids, &nodes, style, salt + 3, c as i64);
        }
        for r in 1..rows {
            let ids: Vec<usize> = (0..=columns).map(|c| c + r * (columns + 1)).collect();
            self.street(&ids, &nodes, style, salt + 4, r as i64);
        }
    }

    /// One line of the local grid; its ends often do not reach the bigger street.
    fn street(&mut self, ids: &[usize], nodes: &[u32], style: Style, salt: i64, line: i64) {
        let name = self.next_name();
        let oneway = self.chance.unit(salt * 2 + 1, line) < style.oneway;
        let last = ids.len() - 2;
        let mut run = Line {
            nodes: Vec::new(),
            pieces: Vec::new(),
            class: RoadClass::Residential,
            name,
            oneway,
            cars_only: false,
        };
        for (k, pair) in ids.windows(2).enumerate() {
            let (a, b) = (nodes[pair[0]], nodes[pair[1]]);
            let pick = self.chance.unit(salt * 4096 + line, k as i64);
            let gaps = if k == 0 || k == last { style.gaps * 1.9 } else { style.gaps };
            let alive = a != u32::MAX && b != u32::MAX && a != b && pick >= gaps && self.clear(a, b);
            if !alive {
                self.close(&mut run);
                continue;
            }
            if run.nodes.is_empty() {
                run.nodes.push(a);
            }
            run.nodes.push(b);
            run.pieces.push(Piece { foot: pick > 1.0 - style.foot, ..Piece::STREET });
        }
        self.close(&mut run);
    }

    fn clear(&self, a: u32, b: u32) -> bool {
        let (a, b) = (self.draft.at(a), self.draft.at(b));
        let middle = a.mix(b, 0.5);
        self.terrain.stream_crossing(a, b).is_none()
            && self.terrain.street_may_lie(middle, BANK_M)
            && !self.corridors.near(middle, 30.0)
    }

    fn close(&mut self, run: &mut Line) {
        if run.pieces.is_empty() {
            run.nodes.clear();
            return;
        }
        self.draft.lines.push(Line {
            nodes: std::mem::take(&mut run.nodes),
            pieces: std::mem::take(&mut run.pieces),
            ..*run
        });
    }
}
