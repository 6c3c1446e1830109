//! Owns the ground under the generated city: the river and its banks, streams, hills, how far the city reaches, and
//! whether a street may lie somewhere. Does not place streets.

use super::chance::{Chance, mix, smooth};
use super::places::{HILLS, ISLETS, OUTLINE, RIVER, STREAMS};
use super::plane::{Pt, beside, crossing, in_ring, nearest_on_segment, pt, rounded};

/// The plane that may hold anything, metres.
pub(super) const WEST: f64 = -21_000.0;
pub(super) const EAST: f64 = 18_000.0;
const RIVER_STEP: f64 = 50.0;
/// Streets stay this far from a hill's foot.
const FOOT_M: f64 = 18.0;

/// The river where it passes one meridian.
#[derive(Clone, Copy)]
pub(super) struct RiverAt {
    /// Its middle.
    pub(super) y: f64,
    /// Half its width, measured across the flow.
    pub(super) half: f64,
    /// North per east of its course.
    pub(super) slope: f64,
}

impl RiverAt {
    /// Half its width measured north-south.
    pub(super) fn half_north(&self) -> f64 {
        self.half * (1.0 + self.slope * self.slope).sqrt()
    }

    /// Across the flow, to the north, length 1.
    pub(super) fn across(&self) -> Pt {
        pt(-self.slope, 1.0).unit()
    }
}

/// A green area.
pub(super) struct Green {
    pub(super) name: &'static str,
    pub(super) name_en: &'static str,
    pub(super) middle: Pt,
    dir: Pt,
    long: f64,
    wide: f64,
    pub(super) ring: Vec<Pt>,
}

/// A stream's course.
pub(super) struct Water {
    pub(super) half: f64,
    pub(super) course: Vec<Pt>,
    west: f64,
    east: f64,
    south: f64,
    north: f64,
}

/// The ground.
pub(super) struct Terrain {
    river: Vec<RiverAt>,
    pub(super) streams: Vec<Water>,
    pub(super) greens: Vec<Green>,
    pub(super) outline: Vec<Pt>,
    chance: Chance,
}

impl Terrain {
    /// The ground of the seed; `window` replaces the city's outline.
    pub(super) fn new(seed: u64, window: Option<Vec<Pt>>) -> Self {
        let chance = Chance::new(seed, 1);
        let outline = window.unwrap_or_else(|| OUTLINE.iter().map(|&(lon, lat)| Pt::of_degrees(lon, lat)).collect());
        let streams = STREAMS
            .iter()
            .map(|s| {
                let course: Vec<Pt> = s.course.iter().map(|&(lon, lat)| Pt::of_degrees(lon, lat)).collect();
                let course: Vec<Pt> = rounded(&course, 130.0)
                    .into_iter()
                    .map(|p| {
                        let sway = 45.0 * chance.field(p.x + 7000.0, p.y, 700.0);
                        pt(p.x + sway, p.y + 45.0 * chance.field(p.x, p.y + 9000.0, 700.0))
                    })
                    .collect();
                Water {
                    half: s.half_m,
                    west: course.iter().fold(f64::MAX, |m, p| m.min(p.x)) - 300.0,
                    east: course.iter().fold(f64::MIN, |m, p| m.max(p.x)) + 300.0,
                    south: course.iter().fold(f64::MAX, |m, p| m.min(p.y)) - 300.0,
                    north: course.iter().fold(f64::MIN, |m, p| m.max(p.y)) + 300.0,
                    course,
                }
            })
            .collect();
        let mut terrain = Self { river: river_table(chance), streams, greens: Vec::new(), outline, chance };
        terrain.greens = HILLS
            .iter()
            .map(|h| {
                let middle = Pt::of_degrees(h.lon, h.lat);
                green(chance, h.name, h.name_en, middle, pt(h.dx, h.dy).unit(), h.long_m, h.wide_m)
            })
            .collect();
        terrain
    }

    /// Islets of the river; drawn only.
    pub(super) fn islets(&self) -> Vec<Green> {
        ISLETS
            .iter()
            .map(|&(lon, lat, long, wide, name, name_en)| {
                let at = Pt::of_degrees(lon, lat);
                let river = self.river_at(at.x);
                let middle = pt(at.x, at.y.clamp(river.y - 0.4 * river.half, river.y + 0.4 * river.half));
                green(self.chance, name, name_en, middle, pt(1.0, river.slope).unit(), long, wide)
            })
            .collect()
    }

    /// The river at a meridian.
    pub(super) fn river_at(&self, x: f64) -> RiverAt {
        let at = ((x - WEST) / RIVER_STEP).clamp(0.0, (self.river.len() - 2) as f64);
        let i = at.floor();
        let (a, b, t) = (self.river[i as usize], self.river[i as usize + 1], at - i);
        RiverAt { y: mix(a.y, b.y, t), half: mix(a.half, b.half, t), slope: mix(a.slope, b.slope, t) }
    }

    /// Course of the river averaged over `reach` metres to either side.
    pub(super) fn broad_slope(&self, x: f64, reach: f64) -> f64 {
        (self.river_at(x + reach).y - self.river_at(x - reach).y) / (2.0 * reach)
    }

    /// Distance from the bank, about; negative in the water. The sign of `.1` is the side: north or south.
    pub(super) fn bank_distance(&self, p: Pt) -> (f64, f64) {
        let r = self.river_at(p.x);
        let off = p.y - r.y;
        ((off.abs() - r.half_north()) / (1.0 + r.slope * r.slope).sqrt(), off.signum())
    }

    /// The whole river as a ring.
    pub(super) fn river_ring(&self) -> Vec<Pt> {
        let bank = |x: f64, side: f64| {
            let r = self.river_at(x);
            pt(x, r.y + side * r.half_north())
        };
        let xs: Vec<f64> = (0..=((EAST - WEST) / 150.0) as u32).map(|i| WEST + f64::from(i) * 150.0).collect();
        xs.iter().map(|x| bank(*x, -1.0)).chain(xs.iter().rev().map(|x| bank(*x, 1.0))).collect()
    }

    /// A stream as a ring.
    pub(super) fn stream_ring(&self, s: &Water) -> Vec<Pt> {
        let width = |p: &Pt| s.half * (1.0 + 0.15 * self.chance.field(p.x, p.y, 400.0));
        let left = beside(&s.course, 1.0);
        let point = |i: usize, side: f64| {
            let out = left[i].minus(s.course[i]);
            s.course[i].plus(out.times(side * width(&s.course[i])))
        };
        (0..s.course.len()).map(|i| point(i, 1.0)).chain((0..s.course.len()).rev().map(|i| point(i, -1.0))).collect()
    }

    /// Whether the point is in the built-up part.
    pub(super) fn in_city(&self, p: Pt) -> bool {
        let wobble = pt(350.0 * self.chance.field(p.x, p.y, 900.0), 350.0 * self.chance.field(p.y, p.x, 900.0));
        in_ring(p.plus(wobble), &self.outline)
    }

    /// Whether a stream's water (and `margin` metres around it) covers the point.
    pub(super) fn in_stream(&self, p: Pt, margin: f64) -> bool {
        self.streams.iter().any(|s| s.near(p) && s.distance(p).0 < s.half * 1.15 + margin)
    }

    /// Where the segment crosses streams: the fraction, and the half width of the water along the segment.
    pub(super) fn stream_crossing(&self, a: Pt, b: Pt) -> Option<(f64, f64)> {
        for s in self.streams.iter().filter(|s| s.near(a) || s.near(b)) {
            for w in s.course.windows(2) {
                if let Some(t) = crossing(a, b, w[0], w[1]) {
                    let sine = b.minus(a).unit().cross(w[1].minus(w[0]).unit()).abs().max(0.35);
                    return Some((t, s.half * 1.15 / sine));
                }
            }
        }
        None
    }

    /// Whether the point is in a green area or within `FOOT_M` of it.
    pub(super) fn in_green(&self, p: Pt) -> bool {
        self.greens.iter().any(|g| g.covers(p, self.chance, FOOT_M))
    }

    /// Whether a street may lie here, `bank_m` from the river at least.
    pub(super) fn street_may_lie(&self, p: Pt, bank_m: f64) -> bool {
        self.bank_distance(p).0 > bank_m && self.in_city(p) && !self.in_green(p)
    }

    /// The point, moved out of the feet of hills and off streams: how main streets bend around them.
    pub(super) fn aside(&self, p: Pt) -> Pt {
        let mut p = p;
        for g in &self.greens {
            p = g.push_out(p, self.chance);
        }
        for s in &self.streams {
            if !s.near(p) {
                continue;
            }
            let (d, foot) = s.distance(p);
            let keep = s.half * 1.15 + 45.0;
            if d < keep && d > 0.0 {
                p = foot.plus(p.minus(foot).times(keep / d));
            }
        }
        p
    }
}

impl Water {
    fn near(&self, p: Pt) -> bool {
        p.x > self.west && p.x < self.east && p.y > self.south && p.y < self.north
    }

    fn distance(&self, p: Pt) -> (f64, Pt) {
        let mut best = (f64::MAX, p);
        for w in self.course.windows(2) {
            let (q, _) = nearest_on_segment(p, w[0], w[1]);
            let d = p.distance(q);
            if d < best.0 {
                best = (d, q);
            }
        }
        best
    }
}

impl Green {
    /// About 1 at the edge, smaller inside.
    fn level(&self, p: Pt, chance: Chance) -> f64 {
        let d = p.minus(self.middle);
        let (u, v) = (d.dot(self.dir) / self.long, d.cross(self.dir) / self.wide);
        let round = (u * u + v * v).sqrt();
        if !(0.45..=1.4).contains(&round) {
            return round;
        }
        round * (1.0 + 0.40 * lobes(chance, p, self.wide))
    }

    fn covers(&self, p: Pt, chance: Chance, margin: f64) -> bool {
        let d = p.minus(self.middle);
        let reach = 1.9 * self.long;
        if d.x.abs() > reach || d.y.abs() > reach {
            return false;
        }
        let level = self.level(p, chance);
        (level - 1.0) * self.wide < margin || (level < 1.3 && in_ring(p, &self.ring))
    }

    fn push_out(&self, p: Pt, chance: Chance) -> Pt {
        let d = p.minus(self.middle);
        let reach = 1.6 * self.long;
        if d.x.abs() > reach || d.y.abs() > reach {
            return p;
        }
        let level = self.level(p, chance);
        let want = 1.0 + 45.0 / self.wide;
        let deepest = 1.0 - (240.0 / self.wide).min(0.6);
        if level >= want || level < deepest { p } else { self.middle.plus(d.times(want / level)) }
    }
}

fn lobes(chance: Chance, p: Pt, wide: f64) -> f64 {
    let wave = 0.55 * wide + 90.0;
    0.62 * chance.field(p.x, p.y, wave) + 0.38 * chance.field(p.y, p.x, wave * 0.4)
}

fn green(
    chance: Chance,
    name: &'static str,
    name_en: &'static str,
    middle: Pt,
    dir: Pt,
    long: f64,
    wide: f64,
) -> Green {
    let mut g = Green { name, name_en, middle, dir, long, wide, ring: Vec::new() };
    // The turn by a 160th of a circle, as constants: no trigonometry, whose last bit differs between machines.
    let (cos, sin) = (0.999_229_036_240_723, 0.039_259_815_759_068_6);
    let mut ray = pt(1.0, 0.0);
    for _ in 0..160 {
        let out = dir.times(ray.x * long).plus(dir.left().times(ray.y * wide));
        let (mut low, mut high) = (0.45, 1.4);
        for _ in 0..18 {
            let half = 0.5 * (low + high);
            if g.level(middle.plus(out.times(half)), chance) < 1.0 {
                low = half;
            } else {
                high = half;
            }
        }
        g.ring.push(middle.plus(out.times(low)));
        ray = pt(ray.x * cos - ray.y * sin, ray.x * sin + ray.y * cos);
    }
    g
}

fn river_table(chance: Chance) -> Vec<RiverAt> {
    let knots: Vec<(Pt, f64)> = RIVER.iter().map(|&(lon, lat, half)| (Pt::of_degrees(lon, lat), half)).collect();
    let course = rounded(&knots.iter().map(|k| k.0).collect::<Vec<_>>(), 120.0);
    let count = ((EAST - WEST) / RIVER_STEP) as usize + 1;
    let mut at = 0;
    let mut ys: Vec<f64> = Vec::with_capacity(count);
    let mut halves: Vec<f64> = Vec::with_capacity(count);
    for i in 0..count {
        let x = WEST + i as f64 * RIVER_STEP;
        while at + 2 < course.len() && course[at + 1].x < x {
            at += 1;
        }
        let (a, b) = (course[at], course[at + 1]);
        ys.push(a.y + (b.y - a.y) * ((x - a.x) / (b.x - a.x)).clamp(-2.0, 2.0));
        let k = knots.partition_point(|k| k.0.x < x).clamp(1, knots.len() - 1);
        let t = smooth((x - knots[k - 1].0.x) / (knots[k].0.x - knots[k - 1].0.x));
        halves.push(mix(knots[k - 1].1, knots[k].1, t) + 35.0 * chance.field(x, 0.0, 1300.0));
    }
    (0..count)
        .map(|i| {
            let (a, b) = (i.saturating_sub(4), (i + 4).min(count - 1));
            RiverAt { y: ys[i], half: halves[i], slope: (ys[b] - ys[a]) / ((b - a) as f64 * RIVER_STEP) }
        })
        .collect()
}
