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

/// Times of all shortcuts, of those through lower nodes only. `depth` is that of each shortcut's head.
pub(super) fn upward(shortcuts: &Shortcuts, depth: &[u32], arcs: usize, weight: impl Fn(usize) -> u32) -> Times {
    let none = shortcuts.head.len();
    let mut times = vec![[UNREACHED; 2]; none + 1];
    for arc in 0..arcs {
        if let Some((shortcut, direction)) = shortcuts.of_arc(arc) {
            let ms = &mut times[shortcut][direction];
            *ms = weight(arc).min(*ms);
        }
    }
    let mut tops = Tops::new(depth);
    for apex in 0..shortcuts.node_count() as u32 {
        let own = shortcuts.up(apex);
        tops.lay(&depth[own.clone()], &times[own.clone()]);
        for &[low, bottom] in shortcuts.below(apex) {
            let [bottom_up, bottom_down] = times[bottom as usize];
            if bottom_up == UNREACHED && bottom_down == UNREACHED {
                continue;
            }
            let above = bottom as usize + 1..shortcuts.up(low).end;
            for (&at, &[middle_up, middle_down]) in depth[above.clone()].iter().zip(&times[above]) {
                let top = &mut tops.0[at as usize];
                top[0] = top[0].min(bottom_down + middle_up);
                top[1] = top[1].min(middle_down + bottom_up);
            }
        }
        for (&at, ms) in depth[own.clone()].iter().zip(&mut times[own]) {
            *ms = tops.0[at as usize];
        }
    }
    times
}

/// The arcs that climbs need, of times made by [`upward`].
pub(super) fn downward(shortcuts: &Shortcuts, depth: &[u32], times: &[[u32; 2]]) -> Climbs {
    let none = shortcuts.head.len();
    let mut best = times.to_vec();
    let mut useless = vec![0u8; none + 1];
    let mut tops = Tops::new(depth);
    for apex in (0..shortcuts.node_count() as u32).rev() {
        let own = shortcuts.up(apex);
        tops.lay(&depth[own.clone()], &best[own.clone()]);
        for &[low, bottom] in shortcuts.below(apex) {
            let [mut bottom_up, mut bottom_down] = best[bottom as usize];
            let mut over = useless[bottom as usize];
            let above = bottom as usize + 1..shortcuts.up(low).end;
            let middles = best[above.clone()].iter_mut().zip(&mut useless[above.clone()]);
            for (&at, (middle, useless)) in depth[above].iter().zip(middles) {
                let [top_up, top_down] = tops.0[at as usize];
                let [middle_up, middle_down] = *middle;
                // Low to head over the apex, and back.
                let (up, down) = (bottom_up + top_up, top_down + bottom_down);
                *useless |= u8::from(up <= middle_up) | u8::from(down <= middle_down) << 1;
                *middle = [middle_up.min(up), middle_down.min(down)];
                // Low to the apex over the head, and back.
                let (up, down) = (middle_up + top_down, top_up + middle_down);
                over |= u8::from(up <= bottom_up) | u8::from(down <= bottom_down) << 1;
                (bottom_up, bottom_down) = (bottom_up.min(up), bottom_down.min(down));
            }
            best[bottom as usize] = [bottom_up, bottom_down];
            useless[bottom as usize] = over;
        }
        tops.clear(&depth[own]);
    }
    Climbs { up: kept(shortcuts, depth, times, &useless, 0), down: kept(shortcuts, depth, times, &useless, 1) }
}

/// Times of one node's shortcuts by the depth of their heads. All heads are ancestors, known by their depth, so this is a few
/// hundred words in the nearest cache.
struct Tops(Vec<[u32; 2]>);

impl Tops {
    fn new(depth: &[u32]) -> Self {
        Self(vec![[UNREACHED; 2]; depth.iter().max().map_or(0, |&d| d as usize + 1)])
    }

    fn lay(&mut self, depth: &[u32], times: &[[u32; 2]]) {
        for (&at, &ms) in depth.iter().zip(times) {
            self.0[at as usize] = ms;
        }
    }

    /// No shortcuts again.
    fn clear(&mut self, depth: &[u32]) {
        for &at in depth {
            self.0[at as usize] = [UNREACHED; 2];
        }
    }
}

fn kept(shortcuts: &Shortcuts, depth: &[u32], times: &[[u32; 2]], useless: &[u8], direction: usize) -> UpArcs {
    let (mut first, mut arcs) = (Vec::with_capacity(shortcuts.first.len()), Vec::new());
    first.push(0);
    for node in 0..shortcuts.node_count() as u32 {
        for arc in shortcuts.up(node) {
            let ms = times[arc][direction];
            if ms < UNREACHED && useless[arc] >> direction & 1 == 0 {
                arcs.push(UpArc { depth: depth[arc], ms });
            }
        }
        first.push(arcs.len() as u32);
    }
    UpArcs { first: first.into(), arcs: arcs.into() }
}
