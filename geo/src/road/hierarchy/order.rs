//! Owns the order in which road arcs are contracted, found once by the cuts of the street network, and the orders of search
//! graphs that follow from it. It depends on the streets alone, never on weights, costs seconds to find and is therefore kept
//! with the map.

use super::cuts::arc_order;
use super::search_graph::{Kind, SearchGraph};
use crate::road::column::Column;
use crate::road::graph::Graph;
use std::fmt;

/// Road arcs, first contracted first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeOrder(Column<u32>);

/// A kept order that is not one of this graph's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderError;

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("contraction order does not name every arc once")
    }
}

impl std::error::Error for OrderError {}

impl NodeOrder {
    /// Finds a good one by nested dissection; seconds for a city.
    pub fn find(graph: &Graph) -> Self {
        let ends: Vec<[u32; 2]> = graph.edges().iter().map(|e| [e.start, e.end]).collect();
        Self(arc_order(&graph.nodes, &ends).into())
    }

    /// One that was kept, for `graph`.
    pub(in crate::road) fn kept(graph: &Graph, order: Column<u32>) -> Result<Self, OrderError> {
        let mut seen = vec![false; graph.edge_count() * 2];
        if order.len() != seen.len() {
            return Err(OrderError);
        }
        for &arc in &*order {
            let seen = seen.get_mut(arc as usize).ok_or(OrderError)?;
            if std::mem::replace(seen, true) {
                return Err(OrderError);
            }
        }
        Ok(Self(order))
    }

    /// To be kept.
    pub(in crate::road) fn as_slice(&self) -> &[u32] {
        &self.0
    }

    /// The order of the nodes of a search graph.
    pub(super) fn of(&self, search: &SearchGraph) -> Vec<u32> {
        // 0 for a junction that no cut needs.
        let mut rank = vec![0u32; self.0.len()];
        for (i, &arc) in (1u32..).zip(&*self.0) {
            rank[arc as usize] = i;
        }
        let mut nodes: Vec<u32> = (0..search.node_count() as u32).collect();
        match search.kind {
            // A copy beside its original.
            Kind::Arcs => nodes.sort_by_cached_key(|&node| rank[search.original(node) as usize]),
            // Whoever may not pass the junctions on the first side of a cut does not get over it. An arc from there comes
            // before its way back.
            Kind::Junctions => {
                let mut last = vec![0u32; nodes.len()];
                for (ends, ranks) in search.ends.iter().zip(rank.chunks_exact(2)) {
                    let tail = &mut last[ends[usize::from(ranks[1] < ranks[0])] as usize];
                    *tail = ranks[0].min(ranks[1]).max(*tail);
                }
                nodes.sort_by_key(|&node| last[node as usize]);
            }
        }
        nodes
    }
}
