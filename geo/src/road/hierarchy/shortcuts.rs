//! Owns the contracted graph: every arc or shortcut between a node and a higher one, by rank. No weights (`customise`).
//!
//! Order and contraction are crate `cch`'s. What it keeps for both directions is thinned out here: where no way leads in
//! either direction whatever the weights, as is common between arcs that turns join one way only, there is no shortcut.

use super::UNREACHED;
use crate::road::column::Column;
use cch::Cch;

/// No shortcut.
pub(super) const NONE: u32 = u32::MAX;

/// Arcs and shortcuts. Those from node `x` up are `first[x]..first[x + 1]`, their heads ascending.
pub(super) struct Shortcuts {
    pub(super) rank: Column<u32>,
    /// The node of each rank.
    pub(super) order: Column<u32>,
    pub(super) first: Column<u32>,
    pub(super) head: Column<u32>,
    /// From below: `below[below_first[x]..]` are (lower node, shortcut), nodes ascending.
    pub(super) below_first: Column<u32>,
    pub(super) below: Column<[u32; 2]>,
    /// By arc of the search graph: shortcut * 2 + 1 if downward; [`NONE`] for a loop.
    pub(super) of_arc: Column<u32>,
}

impl Shortcuts {
    pub(super) fn new(first: &[u32], head: &[u32], order: &[u32]) -> (Self, Vec<u32>) {
        let shape = cch::graph::Graph { first_out: first.to_vec(), head: head.to_vec(), weight: Vec::new() };
        let cch = Cch::build(&shape, order);
        let possible = cch.customize(&vec![1; head.len()]);
        let keep: Vec<bool> =
            possible.forward.iter().zip(&possible.backward).map(|(f, b)| *f < UNREACHED || *b < UNREACHED).collect();
        (Self::thinned(&cch, first, head, &keep), cch.elimination_tree_parent)
    }

    fn thinned(cch: &Cch, input_first: &[u32], input_head: &[u32], keep: &[bool]) -> Self {
        let nodes = cch.node_count();
        let mut number = vec![NONE; keep.len()];
        let (mut first, mut head) = (vec![0u32], Vec::new());
        let mut below_first = vec![0u32; nodes + 1];
        for x in 0..nodes {
            for arc in cch.up_first_out[x] as usize..cch.up_first_out[x + 1] as usize {
                if keep[arc] {
                    number[arc] = head.len() as u32;
                    head.push(cch.up_head[arc]);
                    below_first[cch.up_head[arc] as usize + 1] += 1;
                }
            }
            first.push(head.len() as u32);
        }
        for x in 0..nodes {
            below_first[x + 1] += below_first[x];
        }
        let (mut next, mut below) = (below_first.clone(), vec![[0u32; 2]; head.len()]);
        for x in 0..nodes {
            for arc in first[x]..first[x + 1] {
                let slot = &mut next[head[arc as usize] as usize];
                below[*slot as usize] = [x as u32, arc];
                *slot += 1;
            }
        }
        let tails = input_first.windows(2).enumerate().flat_map(|(n, w)| (w[0]..w[1]).map(move |_| n));
        let of_arc = tails.zip(input_head).zip(&cch.input_arc_to_cch_arc).map(|((tail, &to), &arc)| {
            let downward = cch.rank[tail] > cch.rank[to as usize];
            number.get(arc as usize).map_or(NONE, |n| n * 2 + u32::from(downward))
        });
        let of_arc = of_arc.collect();
        Self {
            rank: cch.rank.clone().into(),
            order: cch.order.clone().into(),
            first: first.into(),
            head: head.into(),
            below_first: below_first.into(),
            below: below.into(),
            of_arc,
        }
    }

    pub(super) fn node_count(&self) -> usize {
        self.rank.len()
    }

    pub(super) fn up(&self, node: u32) -> std::ops::Range<usize> {
        self.first[node as usize] as usize..self.first[node as usize + 1] as usize
    }

    pub(super) fn below(&self, node: u32) -> &[[u32; 2]] {
        &self.below[self.below_first[node as usize] as usize..self.below_first[node as usize + 1] as usize]
    }

    /// The shortcut between two ranks.
    pub(super) fn between(&self, low: u32, high: u32) -> Option<usize> {
        let up = self.up(low);
        self.head[up.clone()].binary_search(&high).ok().map(|at| up.start + at)
    }

    /// Shortcut and direction (1 downward) of an arc of the search graph; `None` for a loop.
    pub(super) fn of_arc(&self, arc: usize) -> Option<(usize, usize)> {
        let packed = self.of_arc[arc];
        (packed != NONE).then_some((packed as usize / 2, packed as usize & 1))
    }
}
