//! Owns how a graph and its contraction order lie in a file, and what must hold before anything indexes by what is read.

use super::MapFileError;
use super::sections::{SectionReader, Sections};
use crate::position::Position;
use crate::road::Profile;
use crate::road::data::Way;
use crate::road::graph::{Adjacency, Arc, EDGE_MS_MAX, Edge, Graph};
use crate::road::hierarchy::NodeOrder;
use crate::road::snap::SnapIndex;

/// Sections of a graph and its order.
pub(super) const SECTIONS: usize = 12;

pub(super) fn write<'a>(to: &mut Sections<'a>, graph: &'a Graph, order: &'a NodeOrder) {
    to.add(&graph.nodes);
    to.add(&graph.edges);
    to.add(&graph.points);
    for arcs in [&graph.out, &graph.into] {
        to.add(&arcs.first);
        to.add(&arcs.arcs);
    }
    to.add_made(&[graph.snap.grid]);
    to.add(&graph.snap.first);
    to.add(&graph.snap.segments);
    to.add_made(&[graph.speed_mps_max]);
    to.add(order.as_slice());
}

pub(super) fn read(
    from: &mut SectionReader,
    profile: Profile,
    part: &'static str,
    ways: &[Way],
) -> Result<(Graph, NodeOrder), MapFileError> {
    let graph = Graph {
        profile,
        nodes: from.column(part)?,
        edges: from.column(part)?,
        points: from.column(part)?,
        out: Adjacency { first: from.column(part)?, arcs: from.column(part)? },
        into: Adjacency { first: from.column(part)?, arcs: from.column(part)? },
        snap: SnapIndex { grid: from.one(part)?, first: from.column(part)?, segments: from.column(part)? },
        speed_mps_max: from.one(part)?,
        off_street: Vec::new(),
    };
    let sound = positions_are_sound(&graph.nodes)
        && positions_are_sound(&graph.points)
        && edges_are_sound(&graph, ways)
        && arcs_are_sound(&graph.out, &graph)
        && arcs_are_sound(&graph.into, &graph)
        && snap_index_is_sound(&graph)
        && graph.speed_mps_max.is_finite()
        && graph.speed_mps_max > 0.0;
    if !sound {
        return Err(MapFileError::Damaged(part));
    }
    let order = NodeOrder::kept(&graph, from.column(part)?);
    Ok((graph, order.map_err(|_| MapFileError::Damaged("contraction order"))?))
}

fn positions_are_sound(positions: &[Position]) -> bool {
    positions.iter().all(|p| p.is_in_range())
}

/// The invariants of `graph` that later code indexes by.
fn edges_are_sound(graph: &Graph, ways: &[Way]) -> bool {
    let (edges, points) = (&graph.edges, graph.points.len());
    let node_count = graph.nodes.len();
    let edge_is_sound = |e: &Edge| {
        (e.start as usize) < node_count
            && (e.end as usize) < node_count
            && (1..=EDGE_MS_MAX).contains(&e.ms)
            && e.length_m.is_finite()
            && e.length_m >= 0.0
            && e.rights.is_sound()
    };
    let ends = edges.iter().skip(1).map(|e| e.first_point as usize).chain([points]);
    let begins_at_first = edges.first().map_or(points == 0, |e| e.first_point == 0);
    begins_at_first
        && edges.iter().all(edge_is_sound)
        && edges.is_sorted_by_key(|e| (e.way, e.nth))
        && edges.iter().zip(ends).all(|(e, end)| {
            let points = end.saturating_sub(e.first_point as usize);
            points >= 2 && ways.get(e.way as usize).is_some_and(|w| e.nth as usize + points <= w.nodes.len())
        })
}

fn arcs_are_sound(adjacency: &Adjacency, graph: &Graph) -> bool {
    let (nodes, edges) = (graph.nodes.len() as u32, graph.edges.len() as u32);
    let arc_is_sound = |a: &Arc| a.node < nodes && a.edge < edges && (1..=EDGE_MS_MAX).contains(&a.ms);
    groups_are_sound(&adjacency.first, graph.nodes.len(), adjacency.arcs.len())
        && adjacency.arcs.iter().all(arc_is_sound)
}

fn snap_index_is_sound(graph: &Graph) -> bool {
    let index = &graph.snap;
    let points_of = |e: usize| {
        let end = graph.edges.get(e + 1).map_or(graph.points.len(), |next| next.first_point as usize);
        end - graph.edges[e].first_point as usize
    };
    index.grid.is_sound()
        && groups_are_sound(&index.first, index.grid.cell_count(), index.segments.len())
        && index.segments.iter().all(|s| {
            let edge = s.edge as usize;
            edge < graph.edges.len() && (s.nth as usize) < points_of(edge) - 1
        })
}

/// Whether `first` cuts `items` items into `groups` groups.
pub(in crate::road) fn groups_are_sound(first: &[u32], groups: usize, items: usize) -> bool {
    first.len() == groups + 1 && first[0] == 0 && first.is_sorted() && first[groups] as usize == items
}
