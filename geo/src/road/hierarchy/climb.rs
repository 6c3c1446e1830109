//! Owns the climb: from a node up through all its ancestors in the elimination tree, with the time to (or from) each. Knows
//! nothing of roads or staff.
//!
//! Every arc leads to an ancestor, and an ancestor is known by its depth. So the times being built are indexed by depth: a
//! few hundred words that stay in the nearest cache, whatever the size of the map. Most ancestors have the next rank as their
//! parent, so a climb goes through memory in a few runs and seldom waits to learn where it goes next.

use super::UNREACHED;
use crate::road::column::Column;
use std::cell::RefCell;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// No parent: a root.
pub(super) const NO_NODE: u32 = u32::MAX;

/// The elimination tree, over ranks: a parent ranks higher than its children.
pub(super) struct Tree {
    pub(super) parent: Column<u32>,
    /// 0 at a root.
    pub(super) depth: Column<u32>,
    pub(super) depth_end: usize,
    /// The ancestor up to which every parent is the next rank.
    run_end: Vec<u32>,
}

impl Tree {
    pub(super) fn new(parent: Vec<u32>) -> Self {
        let mut depth = vec![0u32; parent.len()];
        for x in (0..parent.len()).rev() {
            if parent[x] != NO_NODE {
                depth[x] = depth[parent[x] as usize] + 1;
            }
        }
        Self::of(parent.into(), depth.into())
    }

    pub(super) fn of(parent: Column<u32>, depth: Column<u32>) -> Self {
        let depth_end = depth.iter().max().map_or(0, |&d| d as usize + 1);
        let mut run_end: Vec<u32> = (0..parent.len() as u32).collect();
        for (x, &parent) in parent.iter().enumerate().rev() {
            if parent as usize == x + 1
                && let Some(&end) = run_end.get(x + 1)
            {
                run_end[x] = end;
            }
        }
        Self { parent, depth, depth_end, run_end }
    }

    /// The nearest common ancestor, [`NO_NODE`] if there is none.
    pub(super) fn meeting(&self, mut a: u32, mut b: u32) -> u32 {
        while a != b {
            // The lower one climbs; a root's parent ranks above all.
            if a > b {
                std::mem::swap(&mut a, &mut b);
            }
            let end = self.run_end[a as usize];
            a = if end >= b { b } else { self.parent[end as usize] };
        }
        a
    }
}

/// Arcs to higher nodes, grouped by rank.
#[derive(Clone, Default)]
pub(super) struct UpArcs {
    pub(super) first: Column<u32>,
    pub(super) arcs: Column<UpArc>,
}

/// An arc to the ancestor at a depth.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(super) struct UpArc {
    pub(super) depth: u32,
    pub(super) ms: u32,
}

impl UpArcs {
    pub(super) fn of(&self, node: u32) -> &[UpArc] {
        &self.arcs[self.first[node as usize] as usize..self.first[node as usize + 1] as usize]
    }
}

/// A node a climb has reached, by rank and with its depth, and the time in each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reached<const LANES: usize = 1> {
    pub(super) node: u32,
    pub(super) depth: u32,
    pub(super) ms: [u32; LANES],
}

/// A node to begin at, by rank, and its time in each lane.
pub(super) type Begin<const LANES: usize = 1> = (u32, [u32; LANES]);

/// Lanes that the store has room for.
const LANES_MAX: usize = 2;

thread_local! {
    /// Times by depth; all unreached between climbs.
    static BY_DEPTH: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// Climbs from nodes that have times already, and adds what is reached. From more than two a node may come several times,
/// once with its least time. Lanes are climbs of their own that share the reading of the arcs: two ways off one street see
/// nearly all the same nodes.
///
/// With `back`, the arcs the other way, every time is left out of a node that is reached as soon over a higher one. Where two
/// climbs meet on a fastest way at the highest node there is, both have the least time and neither leaves it out, so what is
/// left finds every fastest way.
pub(super) fn climb<const LANES: usize>(
    tree: &Tree,
    up: &UpArcs,
    back: Option<&UpArcs>,
    begin: &[Begin<LANES>],
    reached: &mut Vec<Reached<LANES>>,
) {
    BY_DEPTH.with_borrow_mut(|store| {
        if store.len() < tree.depth_end * LANES_MAX {
            store.resize(tree.depth_end * LANES_MAX, UNREACHED);
        }
        let (times, _) = store.as_chunks_mut::<LANES>();
        for pair in begin.chunks(2) {
            let (a, b) = (pair[0], pair.last().copied().unwrap_or(pair[0]));
            // Below where they meet the two have ancestors of the same depths, so one goes after the other.
            let meeting = tree.meeting(a.0, b.0);
            let mut ends = [reached.len(); 4];
            for (i, (node, ms)) in [a, b].into_iter().enumerate() {
                lower(&mut times[tree.depth[node as usize] as usize], &ms, 0);
                if node != meeting {
                    ascend(tree, up, node, meeting, times, reached);
                }
                ends[i + 1] = reached.len();
            }
            ascend(tree, up, meeting, NO_NODE, times, reached);
            ends[3] = reached.len();
            if let Some(back) = back {
                let [from, a, b, to] = ends;
                prune(back, times, &mut reached[b..to]);
                for branch in [from..a, a..b] {
                    prune(back, times, &mut reached[branch.clone()]);
                    forget(times, &reached[branch]);
                }
                forget(times, &reached[b..to]);
            }
        }
    });
    reached.retain(|r| r.ms != [UNREACHED; LANES]);
}

/// Lowers each lane to another time that much later, where that is less. In place: arrays handed over by value are packed into
/// one word and unpacked again at every arc.
#[inline]
fn lower<const LANES: usize>(known: &mut [u32; LANES], ms: &[u32; LANES], by_ms: u32) {
    for (known, ms) in known.iter_mut().zip(ms) {
        *known = (*known).min(ms + by_ms);
    }
}

fn ascend<const LANES: usize>(
    tree: &Tree,
    up: &UpArcs,
    from: u32,
    to: u32,
    times: &mut [[u32; LANES]],
    reached: &mut Vec<Reached<LANES>>,
) {
    let mut node = from;
    while node != to {
        let end = tree.run_end[node as usize].min(to - 1);
        let below_root = tree.depth[node as usize] + 1;
        for (node, depth) in (node..=end).zip((0..below_root).rev()) {
            let ms = std::mem::replace(&mut times[depth as usize], [UNREACHED; LANES]);
            if ms != [UNREACHED; LANES] {
                reached.push(Reached { node, depth, ms });
                for arc in up.of(node) {
                    lower(&mut times[arc.depth as usize], &ms, arc.ms);
                }
            }
        }
        node = tree.parent[end as usize];
    }
}

/// From the top down; leaves the least times by depth behind.
fn prune<const LANES: usize>(back: &UpArcs, times: &mut [[u32; LANES]], reached: &mut [Reached<LANES>]) {
    for r in reached.iter_mut().rev() {
        let mut over = [UNREACHED; LANES];
        for arc in back.of(r.node) {
            lower(&mut over, &times[arc.depth as usize], arc.ms);
        }
        let here = &mut times[r.depth as usize];
        *here = over;
        lower(here, &r.ms, 0);
        for (ms, over) in r.ms.iter_mut().zip(over) {
            if over <= *ms {
                *ms = UNREACHED;
            }
        }
    }
}

fn forget<const LANES: usize>(times: &mut [[u32; LANES]], reached: &[Reached<LANES>]) {
    for r in reached {
        times[r.depth as usize] = [UNREACHED; LANES];
    }
}
