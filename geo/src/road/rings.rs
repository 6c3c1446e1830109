//! Owns the making of polygons from the pieces a map file holds: chains of points joined end to end, holes put into the
//! outline that contains them. Tolerates missing pieces. Does not check that outlines do not cross themselves.

use super::data::{Area, AreaKind};
use crate::position::{Bounds, Position};
use std::collections::HashMap;

/// A gap that a missing piece left is closed by a straight line if it is at most this share of what is there.
const GAP_SHARE_MAX: f64 = 0.5;

/// What joining made of the pieces.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Rings {
    /// Closed, without repeating the first point; three points at least.
    pub(super) closed: Vec<Vec<Position>>,
    /// How many of them were closed over a gap.
    pub(super) gaps_closed: usize,
    /// Chains with too much missing.
    pub(super) dropped: usize,
}

/// Joins chains of points at equal ends.
pub(super) fn join(chains: Vec<Vec<Position>>) -> Rings {
    let mut ends: HashMap<Position, Vec<usize>> = HashMap::new();
    let mut left: Vec<Option<Vec<Position>>> = Vec::new();
    for chain in chains.into_iter().filter(|c| c.len() >= 2) {
        for end in [chain[0], chain[chain.len() - 1]] {
            ends.entry(end).or_default().push(left.len());
        }
        left.push(Some(chain));
    }
    let mut made = Rings::default();
    for i in 0..left.len() {
        let Some(mut line) = left[i].take() else { continue };
        // Extended at its end, then turned round once and extended at its beginning.
        for _ in 0..2 {
            while line[0] != line[line.len() - 1] {
                let end = line[line.len() - 1];
                let next = ends.get(&end).and_then(|list| list.iter().copied().find(|&n| left[n].is_some()));
                let Some(mut piece) = next.and_then(|n| left[n].take()) else { break };
                if piece[0] != end {
                    piece.reverse();
                }
                line.extend_from_slice(&piece[1..]);
            }
            line.reverse();
        }
        close(line, &mut made);
    }
    made
}

fn close(mut line: Vec<Position>, made: &mut Rings) {
    let gap_m = line[0].distance_m(line[line.len() - 1]);
    if line[0] == line[line.len() - 1] {
        line.pop();
    } else {
        let there_m: f64 = line.windows(2).map(|w| w[0].distance_m(w[1])).sum();
        if line.len() < 3 || gap_m > GAP_SHARE_MAX * there_m {
            made.dropped += 1;
            return;
        }
        made.gaps_closed += 1;
    }
    if line.len() < 3 {
        made.dropped += 1;
        return;
    }
    made.closed.push(line);
}

/// Areas of the outlines with the holes that lie in them; a hole in no outline is left out.
pub(super) fn with_holes(kind: AreaKind, outlines: Vec<Vec<Position>>, holes: Vec<Vec<Position>>) -> Vec<Area> {
    let mut areas: Vec<Area> = outlines.into_iter().map(|o| Area { kind, rings: vec![o] }).collect();
    for hole in holes {
        if let Some(area) = areas.iter_mut().find(|a| contains(&a.rings[0], hole[0])) {
            area.rings.push(hole);
        }
    }
    areas
}

/// Whether a point lies in a ring (even-odd rule).
pub(super) fn contains(ring: &[Position], p: Position) -> bool {
    let mut inside = false;
    let mut b = ring[ring.len() - 1];
    for &a in ring {
        if (a.lat_e7() > p.lat_e7()) != (b.lat_e7() > p.lat_e7()) {
            let t = (p.lat() - a.lat()) / (b.lat() - a.lat());
            if p.lon() < a.lon() + t * (b.lon() - a.lon()) {
                inside = !inside;
            }
        }
        b = a;
    }
    inside
}

/// The middle of a ring's box, and its size in square metres.
pub(super) fn middle_and_size(ring: &[Position]) -> Option<(Position, f64)> {
    let Bounds { west, south, east, north } = Bounds::around(ring.iter().copied())?;
    let middle = Position::new(f64::midpoint(south, north), f64::midpoint(west, east)).ok()?;
    let metres_lat = 111_195.0;
    let metres_lon = metres_lat * middle.lat().to_radians().cos();
    let mut twice = 0.0;
    let mut b = ring[ring.len() - 1];
    for &a in ring {
        twice += (b.lon() - west) * (a.lat() - south) - (a.lon() - west) * (b.lat() - south);
        b = a;
    }
    Some((middle, (twice / 2.0).abs() * metres_lat * metres_lon))
}

#[cfg(test)]
#[path = "rings_tests.rs"]
mod tests;
