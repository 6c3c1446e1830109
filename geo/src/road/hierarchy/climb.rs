//! Owns the climb: from a node up through all its ancestors in the elimination tree, with the time to (or from) each. Knows
//! nothing of roads or staff.
//!
//! Every arc leads to an ancestor, and an ancestor is known by its depth. So the times being built are indexed by depth: a
//! few hundred words that stay in the nearest cache, whatever the size of the map.

use super::UNREACHED;
use std::cell::RefCell;

/// No parent: a root.
pub(super) const NO_NODE: u32 = u32::MAX;

/// The elimination tree, over ranks: a parent ranks higher than its children.
pub(super) struct Tree {
    pub(super) parent: Vec<u32>,
    /// 0 at a root.
    pub(super) depth: Vec<u32>,
    pub(super) depth_end: usize,
}

impl Tree {
    pub(super) fn new(parent: Vec<u32>) -> Self {
        let mut depth = vec![0u32; parent.len()];
        for x in (0..parent.len()).rev() {
            if parent[x] != NO_NODE {
                depth[x] = depth[parent[x] as usize] + 1;
            }
        }
        let depth_end = depth.iter().max().map_or(0, |&d| d as usize + 1);
        Self { parent, depth, depth_end }
    }

    /// The nearest common ancestor, [`NO_NODE`] if there is none.
    fn meeting(&self, mut a: u32, mut b: u32) -> u32 {
        while a != b {
            // The lower one climbs; a root's parent ranks above all.
            let lower = if a < b { &mut a } else { &mut b };
            *lower = self.parent[*lower as usize];
        }
        a
    }
}

/// Arcs to higher nodes, grouped by rank.
#[derive(Clone, Default)]
pub(super) struct UpArcs {
    pub(super) first: Vec<u32>,
    pub(super) arcs: Vec<UpArc>,
}

/// An arc to the ancestor at a depth.
#[derive(Clone, Copy)]
pub(super) struct UpArc {
    pub(super) depth: u32,
    pub(super) ms: u32,
}

impl UpArcs {
    pub(super) fn of(&self, node: u32) -> &[UpArc] {
        &self.arcs[self.first[node as usize] as usize..self.first[node as usize + 1] as usize]
    }
}

/// A node a climb has reached, by rank, and the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) node: u32,
    pub(super) ms: u32,
}

thread_local! {
    /// Times by depth; all unreached between climbs.
    static BY_DEPTH: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// Climbs from nodes that have times already, and adds what is reached. From more than two a node may come several times,
/// once with its least time.
///
/// With `back`, the arcs the other way, every node is left out that is reached as soon over a higher one. Where two climbs
/// meet on a fastest way at the highest node there is, both have the least time and neither leaves it out, so what is left
/// finds every fastest way.
pub(super) fn climb(tree: &Tree, up: &UpArcs, back: Option<&UpArcs>, begin: &[(u32, u32)], reached: &mut Vec<Reached>) {
    BY_DEPTH.with_borrow_mut(|times| {
        if times.len() < tree.depth_end {
            times.resize(tree.depth_end, UNREACHED);
        }
        for pair in begin.chunks(2) {
            let (a, b) = (pair[0], pair.last().copied().unwrap_or(pair[0]));
            // Below where they meet the two have ancestors of the same depths, so one goes after the other.
            let meeting = tree.meeting(a.0, b.0);
            let mut ends = [reached.len(); 4];
            for (i, (node, ms)) in [a, b].into_iter().enumerate() {
                let here = &mut times[tree.depth[node as usize] as usize];
                *here = ms.min(*here);
                if node != meeting {
                    ascend(tree, up, node, meeting, times, reached);
                }
                ends[i + 1] = reached.len();
            }
            ascend(tree, up, meeting, NO_NODE, times, reached);
            ends[3] = reached.len();
            if let Some(back) = back {
                let [from, a, b, to] = ends;
                prune(tree, back, times, &mut reached[b..to]);
                for branch in [from..a, a..b] {
                    prune(tree, back, times, &mut reached[branch.clone()]);
                    forget(tree, times, &reached[branch]);
                }
                forget(tree, times, &reached[b..to]);
                let mut kept = from;
                for i in from..to {
                    if reached[i].ms < UNREACHED {
                        reached[kept] = reached[i];
                        kept += 1;
                    }
                }
                reached.truncate(kept);
            }
        }
    });
}

fn ascend(tree: &Tree, up: &UpArcs, from: u32, to: u32, times: &mut [u32], reached: &mut Vec<Reached>) {
    let mut node = from;
    while node != to {
        let ms = std::mem::replace(&mut times[tree.depth[node as usize] as usize], UNREACHED);
        if ms < UNREACHED {
            reached.push(Reached { node, ms });
            for arc in up.of(node) {
                let known = &mut times[arc.depth as usize];
                *known = (*known).min(ms + arc.ms);
            }
        }
        node = tree.parent[node as usize];
    }
}

/// From the top down; leaves the least times by depth behind.
fn prune(tree: &Tree, back: &UpArcs, times: &mut [u32], reached: &mut [Reached]) {
    for r in reached.iter_mut().rev() {
        let over = back.of(r.node).iter().map(|arc| times[arc.depth as usize] + arc.ms).min().unwrap_or(UNREACHED);
        times[tree.depth[r.node as usize] as usize] = over.min(r.ms);
        if over <= r.ms {
            r.ms = UNREACHED;
        }
    }
}

fn forget(tree: &Tree, times: &mut [u32], reached: &[Reached]) {
    for r in reached {
        times[tree.depth[r.node as usize] as usize] = UNREACHED;
    }
}
