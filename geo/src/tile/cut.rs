//! Owns cutting and thinning shapes to a tile: lines by Liang-Barsky, rings by Sutherland-Hodgman, both then thinned by
//! Douglas-Peucker on whole tile units. Does not know where a tile lies.

use super::encode::{EXTENT, Unit};

/// Shapes reach this far beyond the tile's edge, so that strokes do not end visibly there.
pub(super) const BUFFER: i32 = 64;
const LOW: f64 = -(BUFFER as f64);
const HIGH: f64 = (EXTENT + BUFFER) as f64;

type Spot = (f64, f64);

/// The part of a segment inside the buffered tile.
fn cut_segment(a: Spot, b: Spot) -> Option<(Spot, Spot)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (p, q) in [(-dx, a.0 - LOW), (dx, HIGH - a.0), (-dy, a.1 - LOW), (dy, HIGH - a.1)] {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
            continue;
        }
        let t = q / p;
        if p < 0.0 {
            enter = enter.max(t);
        } else {
            leave = leave.min(t);
        }
    }
    let at = |t: f64| (a.0 + t * dx, a.1 + t * dy);
    (enter <= leave).then(|| (if enter > 0.0 { at(enter) } else { a }, if leave < 1.0 { at(leave) } else { b }))
}

fn whole(p: Spot) -> Unit {
    // Rounding may not step over the buffer's edge.
    let snap = |v: f64| (v.round() as i32).clamp(-BUFFER, EXTENT + BUFFER);
    (snap(p.0), snap(p.1))
}

/// The pieces of a line inside the buffered tile, in whole units, no point twice in a row, not thinned.
pub(super) fn line(points: impl Iterator<Item = Spot>, out: &mut Vec<Vec<Unit>>) {
    let mut part: Vec<Unit> = Vec::new();
    let mut close = |part: &mut Vec<Unit>| {
        if part.len() >= 2 {
            out.push(std::mem::take(part));
        } else {
            part.clear();
        }
    };
    let mut before: Option<Spot> = None;
    for p in points {
        if let Some(a) = before {
            match cut_segment(a, p) {
                Some((from, to)) => {
                    let (from_unit, to_unit) = (whole(from), whole(to));
                    if part.last().is_some_and(|last| *last != from_unit) {
                        close(&mut part);
                    }
                    if part.is_empty() {
                        part.push(from_unit);
                    }
                    if part.last() != Some(&to_unit) {
                        part.push(to_unit);
                    }
                    if to != p {
                        close(&mut part);
                    }
                }
                None => close(&mut part),
            }
        }
        before = Some(p);
    }
    close(&mut part);
}

/// Joins pieces that meet end to end.
pub(super) fn chain(parts: Vec<Vec<Unit>>) -> Vec<Vec<Unit>> {
    use std::collections::BTreeMap;
    let mut ends: BTreeMap<Unit, Vec<usize>> = BTreeMap::new();
    for (i, p) in parts.iter().enumerate() {
        ends.entry(p[0]).or_default().push(i);
        ends.entry(p[p.len() - 1]).or_default().push(i);
    }
    let mut parts: Vec<Option<Vec<Unit>>> = parts.into_iter().map(Some).collect();
    let mut out = Vec::new();
    for i in 0..parts.len() {
        let Some(mut line) = parts[i].take() else { continue };
        for _ in 0..2 {
            while let Some(next) =
                ends[&line[line.len() - 1]].iter().copied().find(|j| parts[*j].is_some()).and_then(|j| parts[j].take())
            {
                let at = line[line.len() - 1];
                if next[0] == at {
                    line.extend(&next[1..]);
                } else {
                    line.extend(next.iter().rev().skip(1));
                }
            }
            line.reverse();
        }
        out.push(line);
    }
    out
}

/// Leaves out points nearer than `tolerance` units to the line without them; the ends stay.
pub(super) fn thin(points: &[Unit], tolerance: f64) -> Vec<Unit> {
    if points.len() < 3 {
        return points.to_vec();
    }
    let mut keep = vec![false; points.len()];
    keep[0] = true;
    keep[points.len() - 1] = true;
    let mut todo = vec![(0, points.len() - 1)];
    while let Some((a, b)) = todo.pop() {
        let mut worst = (tolerance * tolerance, None);
        for (i, p) in points.iter().enumerate().take(b).skip(a + 1) {
            let d = off(*p, points[a], points[b]);
            if d > worst.0 {
                worst = (d, Some(i));
            }
        }
        if let Some(i) = worst.1 {
            keep[i] = true;
            todo.push((a, i));
            todo.push((i, b));
        }
    }
    points.iter().zip(keep).filter_map(|(p, k)| k.then_some(*p)).collect()
}

/// Squared distance of a point from a segment.
fn off(p: Unit, a: Unit, b: Unit) -> f64 {
    let (dx, dy) = (f64::from(b.0 - a.0), f64::from(b.1 - a.1));
    let (px, py) = (f64::from(p.0 - a.0), f64::from(p.1 - a.1));
    let l2 = dx * dx + dy * dy;
    let t = if l2 > 0.0 { ((px * dx + py * dy) / l2).clamp(0.0, 1.0) } else { 0.0 };
    let (ex, ey) = (px - t * dx, py - t * dy);
    ex * ex + ey * ey
}

/// The ring inside the buffered tile, thinned; empty when nothing of it is left or its area is under `least` units².
/// Turned as the format wants: outer rings clockwise on the screen, holes the other way.
pub(super) fn ring(points: impl Iterator<Item = Spot>, outer: bool, tolerance: f64, least: i64) -> Vec<Unit> {
    let mut ring: Vec<Spot> = points.collect();
    for side in 0..4 {
        ring = cut_ring(&ring, side);
    }
    let mut units: Vec<Unit> = ring.into_iter().map(whole).collect();
    units.dedup();
    while units.len() > 1 && units.first() == units.last() {
        units.pop();
    }
    if units.len() >= 6 {
        let far = units.len() / 2;
        let mut thinned = thin(&units[..=far], tolerance);
        let mut back: Vec<Unit> = units[far..].to_vec();
        back.push(units[0]);
        let back = thin(&back, tolerance);
        thinned.extend(&back[1..back.len() - 1]);
        units = thinned;
    }
    let area = doubled_area(&units);
    if units.len() < 3 || area == 0 || area.abs() < 2 * least {
        return Vec::new();
    }
    if (area > 0) != outer {
        units.reverse();
    }
    units
}

/// Twice the signed area; positive is clockwise on the screen, where y grows downwards.
pub(super) fn doubled_area(ring: &[Unit]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| i64::from(a.0) * i64::from(b.1) - i64::from(b.0) * i64::from(a.1)).sum()
}

fn cut_ring(ring: &[Spot], side: u8) -> Vec<Spot> {
    let inside = |p: Spot| match side {
        0 => p.0 >= LOW,
        1 => p.0 <= HIGH,
        2 => p.1 >= LOW,
        _ => p.1 <= HIGH,
    };
    let meet = |a: Spot, b: Spot| {
        let edge = if side.is_multiple_of(2) { LOW } else { HIGH };
        if side < 2 {
            (edge, a.1 + (b.1 - a.1) * (edge - a.0) / (b.0 - a.0))
        } else {
            (a.0 + (b.0 - a.0) * (edge - a.1) / (b.1 - a.1), edge)
        }
    };
    let mut out = Vec::with_capacity(ring.len() + 4);
    for (i, &b) in ring.iter().enumerate() {
        let a = ring[(i + ring.len() - 1) % ring.len()];
        if inside(a) != inside(b) {
            out.push(meet(a, b));
        }
        if inside(b) {
            out.push(b);
        }
    }
    out
}
