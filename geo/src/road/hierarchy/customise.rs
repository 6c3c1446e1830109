//! Owns the two passes that turn weights into shortcut times. Does not search.
//!
//! Upward pass: a shortcut takes as long as the fastest way through lower nodes. Downward pass: a shortcut that is no faster
//! than a way over a higher node is of no use to a climb and is left out; a good half of them are. Where times are equal the
//! shortcut goes: weights are 1 ms at least, so two ways cannot each stand in for the other, and what stands in lies higher.

use super::UNREACHED;
use super::climb::{UpArc, UpArcs};
use super::shortcuts::Shortcuts;

/// Milliseconds up and down of every shortcut, and of none in the last place.
pub(super) type Times = Vec<[u32; 2]>;

/// The arcs of climbs from nodes, and to them.
pub(super) struct Climbs {
    pub(super) up: UpArcs,
    pub(super) down: UpArcs,
}

/// Times of all shortcuts, of those through lower nodes only.
pub(super) fn upward(shortcuts: &Shortcuts, arcs: usize, weight: impl Fn(usize) -> u32) -> Times {
    let none = shortcuts.head.len();
    let mut times = vec![[UNREACHED; 2]; none + 1];
    for arc in 0..arcs {
        if let Some((shortcut, direction)) = shortcuts.of_arc(arc) {
            let ms = &mut times[shortcut][direction];
            *ms = weight(arc).min(*ms);
        }
    }
    let mut to = vec![none as u32; shortcuts.node_count()];
    for apex in 0..shortcuts.node_count() as u32 {
        mark(shortcuts, apex, &mut to);
        for &[low, bottom] in shortcuts.below(apex) {
            let [bottom_up, bottom_down] = times[bottom as usize];
            for middle in shortcuts.up(low).rev() {
                let head = shortcuts.head[middle];
                if head <= apex {
                    break;
                }
                let [middle_up, middle_down] = times[middle];
                let top = &mut times[to[head as usize] as usize];
                top[0] = top[0].min(bottom_down + middle_up);
                top[1] = top[1].min(middle_down + bottom_up);
            }
        }
        unmark(shortcuts, apex, &mut to);
    }
    times
}

/// The arcs that climbs need, of times made by [`upward`].
pub(super) fn downward(shortcuts: &Shortcuts, depth: &[u32], times: &[[u32; 2]]) -> Climbs {
    let none = shortcuts.head.len();
    let mut best = times.to_vec();
    let mut to = vec![none as u32; shortcuts.node_count()];
    let mut useless = vec![0u8; none + 1];
    for apex in (0..shortcuts.node_count() as u32).rev() {
        mark(shortcuts, apex, &mut to);
        for &[low, bottom] in shortcuts.below(apex) {
            let [mut bottom_up, mut bottom_down] = best[bottom as usize];
            let mut over = useless[bottom as usize];
            for middle in shortcuts.up(low).rev() {
                let head = shortcuts.head[middle];
                if head <= apex {
                    break;
                }
                let [top_up, top_down] = best[to[head as usize] as usize];
                let [middle_up, middle_down] = best[middle];
                // Low to head over the apex, and back.
                let (up, down) = (bottom_up + top_up, top_down + bottom_down);
                useless[middle] |= u8::from(up <= middle_up) | u8::from(down <= middle_down) << 1;
                best[middle] = [middle_up.min(up), middle_down.min(down)];
                // Low to the apex over the head, and back.
                let (up, down) = (middle_up + top_down, top_up + middle_down);
                over |= u8::from(up <= bottom_up) | u8::from(down <= bottom_down) << 1;
                (bottom_up, bottom_down) = (bottom_up.min(up), bottom_down.min(down));
            }
            best[bottom as usize] = [bottom_up, bottom_down];
            useless[bottom as usize] = over;
        }
        unmark(shortcuts, apex, &mut to);
    }
    Climbs { up: kept(shortcuts, depth, times, &useless, 0), down: kept(shortcuts, depth, times, &useless, 1) }
}

fn mark(shortcuts: &Shortcuts, apex: u32, to: &mut [u32]) {
    for arc in shortcuts.up(apex) {
        to[shortcuts.head[arc] as usize] = arc as u32;
    }
}

fn unmark(shortcuts: &Shortcuts, apex: u32, to: &mut [u32]) {
    for arc in shortcuts.up(apex) {
        to[shortcuts.head[arc] as usize] = shortcuts.head.len() as u32;
    }
}

fn kept(shortcuts: &Shortcuts, depth: &[u32], times: &[[u32; 2]], useless: &[u8], direction: usize) -> UpArcs {
    let (mut first, mut arcs) = (Vec::with_capacity(shortcuts.first.len()), Vec::new());
    first.push(0);
    for node in 0..shortcuts.node_count() as u32 {
        for arc in shortcuts.up(node) {
            let ms = times[arc][direction];
            if ms < UNREACHED && useless[arc] >> direction & 1 == 0 {
                arcs.push(UpArc { depth: depth[shortcuts.head[arc] as usize], ms });
            }
        }
        first.push(arcs.len() as u32);
    }
    UpArcs { first: first.into(), arcs: arcs.into() }
}
