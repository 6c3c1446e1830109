//! Owns the flat metre plane the city is drawn on (x east, y north of 37.55 N 127.00 E) and its small geometry.
//! Does not know what is drawn.

use crate::position::Position;

const ORIGIN_LAT: f64 = 37.55;
const ORIGIN_LON: f64 = 127.0;
const METRES_PER_LAT: f64 = 110_990.0;
const METRES_PER_LON: f64 = 88_260.0;

/// A point of the plane, metres.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Pt {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Shorthand.
pub(super) const fn pt(x: f64, y: f64) -> Pt {
    Pt { x, y }
}

impl Pt {
    /// From degrees.
    pub(super) fn of_degrees(lon: f64, lat: f64) -> Self {
        pt((lon - ORIGIN_LON) * METRES_PER_LON, (lat - ORIGIN_LAT) * METRES_PER_LAT)
    }

    /// On Earth.
    pub(super) fn position(self) -> Position {
        Position::new(ORIGIN_LAT + self.y / METRES_PER_LAT, ORIGIN_LON + self.x / METRES_PER_LON)
            .expect("the plane is a few tens of kilometres wide")
    }

    pub(super) fn plus(self, o: Self) -> Self {
        pt(self.x + o.x, self.y + o.y)
    }

    pub(super) fn minus(self, o: Self) -> Self {
        pt(self.x - o.x, self.y - o.y)
    }

    pub(super) fn times(self, k: f64) -> Self {
        pt(self.x * k, self.y * k)
    }

    pub(super) fn dot(self, o: Self) -> f64 {
        self.x * o.x + self.y * o.y
    }

    pub(super) fn cross(self, o: Self) -> f64 {
        self.x * o.y - self.y * o.x
    }

    pub(super) fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    pub(super) fn distance(self, o: Self) -> f64 {
        self.minus(o).length()
    }

    /// Of length 1; the zero vector gives east.
    pub(super) fn unit(self) -> Self {
        let l = self.length();
        if l > 0.0 { self.times(1.0 / l) } else { pt(1.0, 0.0) }
    }

    /// A quarter turn to the left.
    pub(super) fn left(self) -> Self {
        pt(-self.y, self.x)
    }

    pub(super) fn mix(self, o: Self, t: f64) -> Self {
        pt(self.x + (o.x - self.x) * t, self.y + (o.y - self.y) * t)
    }
}

/// Nearest point of a segment and how far along it (0..1).
pub(super) fn nearest_on_segment(p: Pt, a: Pt, b: Pt) -> (Pt, f64) {
    let d = b.minus(a);
    let l2 = d.dot(d);
    let t = if l2 > 0.0 { (p.minus(a).dot(d) / l2).clamp(0.0, 1.0) } else { 0.0 };
    (a.mix(b, t), t)
}

/// Where two segments properly cross, as the fraction of the first.
pub(super) fn crossing(a: Pt, b: Pt, c: Pt, d: Pt) -> Option<f64> {
    let (r, s) = (b.minus(a), d.minus(c));
    let den = r.cross(s);
    if den == 0.0 {
        return None;
    }
    let t = c.minus(a).cross(s) / den;
    let u = c.minus(a).cross(r) / den;
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u)).then_some(t)
}

/// Even-odd rule.
pub(super) fn in_ring(p: Pt, ring: &[Pt]) -> bool {
    let mut inside = false;
    let mut from = ring.len().wrapping_sub(1);
    for to in 0..ring.len() {
        let (a, b) = (ring[from], ring[to]);
        if (a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x {
            inside = !inside;
        }
        from = to;
    }
    inside
}

/// Lengths from the start to each point.
pub(super) fn measures(line: &[Pt]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut out = Vec::with_capacity(line.len());
    for (i, p) in line.iter().enumerate() {
        if i > 0 {
            sum += p.distance(line[i - 1]);
        }
        out.push(sum);
    }
    out
}

/// The point `at` metres along a line whose `measures` are given; clamps.
pub(super) fn along(line: &[Pt], measures: &[f64], at: f64) -> Pt {
    let last = line.len() - 1;
    if at <= 0.0 {
        return line[0];
    }
    let i = measures.partition_point(|m| *m < at);
    if i > last {
        return line[last];
    }
    let span = measures[i] - measures[i - 1];
    line[i - 1].mix(line[i], if span > 0.0 { (at - measures[i - 1]) / span } else { 0.0 })
}

/// A rounded line through the points (Catmull-Rom), about `step` metres between its points.
pub(super) fn rounded(through: &[Pt], step: f64) -> Vec<Pt> {
    let mut out = vec![through[0]];
    for i in 0..through.len() - 1 {
        let (b, c) = (through[i], through[i + 1]);
        let a = if i == 0 { b.times(2.0).minus(c) } else { through[i - 1] };
        let d = if i + 2 < through.len() { through[i + 2] } else { c.times(2.0).minus(b) };
        let pieces = (b.distance(c) / step).ceil().max(1.0) as usize;
        for k in 1..=pieces {
            let t = k as f64 / pieces as f64;
            let (t2, t3) = (t * t, t * t * t);
            let at = |a: f64, b: f64, c: f64, d: f64| {
                0.5 * (2.0 * b
                    + (c - a) * t
                    + (2.0 * a - 5.0 * b + 4.0 * c - d) * t2
                    + (3.0 * b - a - 3.0 * c + d) * t3)
            };
            out.push(pt(at(a.x, b.x, c.x, d.x), at(a.y, b.y, c.y, d.y)));
        }
    }
    out
}

/// The line moved `by` metres to its left.
pub(super) fn beside(line: &[Pt], by: f64) -> Vec<Pt> {
    (0..line.len())
        .map(|i| {
            let (a, b) = (line[i.saturating_sub(1)], line[(i + 1).min(line.len() - 1)]);
            line[i].plus(b.minus(a).unit().left().times(by))
        })
        .collect()
}
