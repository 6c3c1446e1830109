//! Owns how long it takes at least from any node of a metric to one place: exact while nothing is in the way, and worked out for a node when
//! it is first asked for. It leads plain searches that must keep out of something straight to where they have to turn aside
//! (`safer`, `around`). Does not search. (Strasser and Zeitz, A fast and tight heuristic for A* in road networks, 2021.)
//!
//! Invariants: never more than any way takes, and no arc gains more on it than it takes, so a search that is led by it is exact.

use super::UNREACHED;
use super::metric::Metric;
use crate::road::snap::Snap;
use std::collections::HashMap;

/// Not worked out yet.
const UNKNOWN: u32 = u32::MAX;

/// Milliseconds to one place.
pub(in crate::road) struct Left<'a> {
    metric: &'a Metric,
    /// Every time is so much more than it is, as those of the entrances.
    bias_ms: u32,
    /// By rank, of ways that only descend.
    down_ms: HashMap<u32, u32>,
    /// By rank, of any ways.
    ms: Vec<u32>,
    /// Ranks to work out, the highest last.
    chain: Vec<u32>,
}

impl Metric {
    /// How long it takes at least to a place.
    pub(in crate::road) fn left(&self, to: &Snap) -> Left<'_> {
        let arrivals = self.arrivals_whole(to);
        let mut down_ms = HashMap::with_capacity(arrivals.reached.len());
        for r in &arrivals.reached {
            let known = down_ms.entry(r.node).or_insert(UNREACHED);
            *known = r.ms[0].min(*known);
        }
        Left {
            metric: self,
            bias_ms: arrivals.entrances.bias_ms,
            down_ms,
            ms: vec![UNKNOWN; self.hierarchy.tree.parent.len()],
            chain: Vec::new(),
        }
    }
}

impl Left<'_> {
    /// From a node of the search graph; `None` if no way leads from there. From the end of an arc that the place is on it may be less
    /// than it takes, never more.
    pub(in crate::road) fn ms(&mut self, node: u32) -> Option<u32> {
        let rank = self.metric.hierarchy.rank(node);
        if self.ms[rank as usize] == UNKNOWN {
            self.work_out(rank);
        }
        let ms = self.ms[rank as usize];
        (ms < UNREACHED).then(|| ms.saturating_sub(self.bias_ms))
    }

    /// A way climbs over some arc first or only descends. All arcs lead to ancestors, so those are worked out before.
    fn work_out(&mut self, rank: u32) {
        let (tree, shortcuts) = (&self.metric.hierarchy.tree, &self.metric.hierarchy.shortcuts);
        let mut next = rank;
        while next != super::climb::NO_NODE && self.ms[next as usize] == UNKNOWN {
            self.chain.push(next);
            next = tree.parent[next as usize];
        }
        while let Some(rank) = self.chain.pop() {
            let arcs = shortcuts.first[rank as usize] as usize..shortcuts.first[rank as usize + 1] as usize;
            let over =
                arcs.map(|arc| self.metric.shortcut_ms[arc][0].saturating_add(self.ms[shortcuts.head[arc] as usize]));
            let least = over.chain(self.down_ms.get(&rank).copied()).min();
            self.ms[rank as usize] = least.unwrap_or(UNREACHED).min(UNREACHED);
        }
    }
}
