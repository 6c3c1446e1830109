//! Owns the order in which junctions are contracted, and the order of arcs derived from it. It depends on the streets alone,
//! never on weights, costs seconds to find and is therefore kept with the map.

use super::search_graph::{Kind, SearchGraph};
use crate::road::column::Column;
use crate::road::graph::Graph;
use std::fmt;

/// Junctions, first contracted first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeOrder(Column<u32>);

/// A kept order that is not one of this graph's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderError;

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("contraction order does not name every junction once")
    }
}

impl std::error::Error for OrderError {}

impl NodeOrder {
    /// Finds a good one by nested dissection; seconds for a city.
    pub fn find(graph: &Graph) -> Self {
        let nodes = graph.node_count() as u32;
        if nodes == 0 {
            return Self(Column::default());
        }
        let positions = || (0..nodes).map(|n| graph.node(n));
        let lat: Vec<f32> = positions().map(|p| p.lat() as f32).collect();
        let lon: Vec<f32> = positions().map(|p| p.lon() as f32).collect();
        let ends = || graph.edges().iter().filter(|e| e.start != e.end);
        let tail: Vec<u32> = ends().map(|e| e.start).collect();
        let head: Vec<u32> = ends().map(|e| e.end).collect();
        Self(cch::inertial_order(nodes, &tail, &head, &lat, &lon).into())
    }

    /// One that was kept, for `graph`.
    pub(in crate::road) fn kept(graph: &Graph, order: Column<u32>) -> Result<Self, OrderError> {
        let mut seen = vec![false; graph.node_count()];
        if order.len() != seen.len() {
            return Err(OrderError);
        }
        for &node in &*order {
            let seen = seen.get_mut(node as usize).ok_or(OrderError)?;
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

    /// The order of the nodes of a search graph. Arcs come in the order of the junctions they end at: a separator of
    /// junctions separates the arcs into it just as well, and the hierarchy is as good as with an order of its own (5 % more
    /// arcs, same times).
    pub(super) fn of(&self, search: &SearchGraph) -> Vec<u32> {
        match search.kind {
            Kind::Junctions => self.0.to_vec(),
            Kind::Arcs => {
                let mut rank = vec![0u32; self.0.len()];
                for (i, &node) in (0u32..).zip(&*self.0) {
                    rank[node as usize] = i;
                }
                let mut nodes: Vec<u32> = (0..search.node_count() as u32).collect();
                let originals: Vec<u32> = nodes.iter().map(|&n| search.original(n)).collect();
                nodes.sort_by_key(|&n| rank[search.arc_head(originals[n as usize]) as usize]);
                nodes
            }
        }
    }
}
