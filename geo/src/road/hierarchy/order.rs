//! Owns the order in which junctions are contracted, and the order of arcs derived from it. It depends on the streets alone,
//! never on weights, costs seconds to find and is therefore kept with the map.

use super::cuts::arc_order;
use super::search_graph::{Kind, SearchGraph};
use crate::position::Position;
use crate::road::column::Column;
use crate::road::graph::Graph;
use std::fmt;

/// Junctions, first contracted first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeOrder {
    junctions: Column<u32>,
    /// Where they are.
    places: Column<Position>,
}

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
        let places = graph.nodes.clone();
        if nodes == 0 {
            return Self { junctions: Column::default(), places };
        }
        let positions = || (0..nodes).map(|n| graph.node(n));
        let lat: Vec<f32> = positions().map(|p| p.lat() as f32).collect();
        let lon: Vec<f32> = positions().map(|p| p.lon() as f32).collect();
        let ends = || graph.edges().iter().filter(|e| e.start != e.end);
        let tail: Vec<u32> = ends().map(|e| e.start).collect();
        let head: Vec<u32> = ends().map(|e| e.end).collect();
        Self { junctions: cch::inertial_order(nodes, &tail, &head, &lat, &lon).into(), places }
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
        Ok(Self { junctions: order, places: graph.nodes.clone() })
    }

    /// To be kept.
    pub(in crate::road) fn as_slice(&self) -> &[u32] {
        &self.junctions
    }

    /// The order of the nodes of a search graph: arcs by the cuts of the network, a copy beside its original.
    pub(super) fn of(&self, search: &SearchGraph) -> Vec<u32> {
        match search.kind {
            Kind::Junctions => self.junctions.to_vec(),
            Kind::Arcs => {
                let mut rank = vec![0u32; search.ends.len() * 2];
                for (i, arc) in (0u32..).zip(arc_order(&self.places, &search.ends)) {
                    rank[arc as usize] = i;
                }
                let mut nodes: Vec<u32> = (0..search.node_count() as u32).collect();
                nodes.sort_by_cached_key(|&node| rank[search.original(node) as usize]);
                nodes
            }
        }
    }
}
