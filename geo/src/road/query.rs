//! Owns the search "one pickup ← many staff": who can be there soonest by road, in order, one at a time, so that the caller
//! takes people until a crew is proven and no further. Does not judge who may go.
//!
//! Exact: arrivals come in ascending time, of equal ones in ascending id, each person once, with the time of the shortest
//! way that respects one-way streets, from the point along the edge where they stand to the point along the edge where the
//! pickup is, and what lies between the streets and either of them. Staff in a two-way street may set out either way.

use super::graph::Graph;
use super::snap::Snap;
use super::staff::StaffOnRoad;
use pathfinding::directed::dijkstra::dijkstra_reach;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::hash::Hash;

/// No search looks further than this, seconds: nobody is sent four hours away.
pub const BOUND_S_MAX: f32 = 4.0 * 3600.0;

/// The pickup itself in the reversed graph; no junction has this number.
const PICKUP: u32 = u32::MAX;

/// Who can be at `pickup` within `bound_s` seconds (at most [`BOUND_S_MAX`]): pairs of id and seconds, soonest first. Lazy:
/// the roads are searched only as far as the pairs taken need. Whoever cannot come at all does not appear.
///
/// Why the order holds: junctions are settled in ascending time to the pickup, and somebody is found when the junction they
/// would leave their edge by is settled, never earlier than their own time. So when a junction at time `d` is settled,
/// everybody with less than `d` is already found, at their least time.
pub fn soonest<'a, Id: Copy + Ord + Hash>(
    graph: &'a Graph,
    staff: &'a StaffOnRoad<Id>,
    pickup: &Snap,
    bound_s: f32,
) -> impl Iterator<Item = (Id, f32)> + use<'a, Id> {
    let bound_ms = (f64::from(bound_s.clamp(0.0, BOUND_S_MAX)) * 1000.0) as u64;
    let pickup = *pickup;
    // Added to what is given: it is the same for everybody.
    let to_street_ms = u64::from(pickup.to_street_ms());
    let mut reached = dijkstra_reach(&PICKUP, move |&node: &u32| arrivals_at(graph, &pickup, node));
    let mut found = same_edge(graph, staff, &pickup);
    let mut given: HashSet<Id> = HashSet::new();
    let mut settled_ms = Some(0);
    std::iter::from_fn(move || {
        loop {
            while let Some(&Reverse((ms, id))) = found.peek() {
                if settled_ms.is_some_and(|d| ms >= d) {
                    break;
                }
                found.pop();
                if ms + to_street_ms > bound_ms {
                    return None;
                }
                if given.insert(id) {
                    return Some((id, ((ms + to_street_ms) as f64 / 1000.0) as f32));
                }
            }
            // Nothing left to search and nothing left to give.
            settled_ms?;
            settled_ms = reached.next().filter(|item| item.total_cost <= bound_ms).map(|item| {
                if item.node != PICKUP {
                    collect_at(graph, staff, item.node, item.total_cost, &mut found);
                }
                item.total_cost
            });
        }
    })
}

/// Where one may come from to reach `node`, and how long that takes, milliseconds.
fn arrivals_at<'a>(graph: &'a Graph, pickup: &Snap, node: u32) -> impl Iterator<Item = (u32, u64)> + use<'a> {
    let (ends, arcs) =
        if node == PICKUP { (entrances(graph, pickup), &[][..]) } else { ([None; 2], graph.arcs_in(node)) };
    ends.into_iter().flatten().chain(arcs.iter().map(|a| (a.node, u64::from(a.ms))))
}

/// The junctions by which the edge of a snap is entered on the way to it, with the milliseconds from there.
pub(super) fn entrances(graph: &Graph, to: &Snap) -> [Option<(u32, u64)>; 2] {
    let edge = graph.edge(to.edge);
    let from_start = edge.ms_from_start(to.fraction);
    [
        edge.forward().then_some((edge.start, u64::from(from_start))),
        edge.backward().then_some((edge.end, u64::from(edge.ms - from_start))),
    ]
}

/// The junctions by which the edge of a snap is left, with the milliseconds to there.
pub(super) fn exits(graph: &Graph, from: &Snap) -> [Option<(u32, u64)>; 2] {
    let edge = graph.edge(from.edge);
    let from_start = edge.ms_from_start(from.fraction);
    [
        edge.forward().then_some((edge.end, u64::from(edge.ms - from_start))),
        edge.backward().then_some((edge.start, u64::from(from_start))),
    ]
}

/// Milliseconds straight along the edge that two snaps share, if its direction allows that.
pub(super) fn along_shared_edge(graph: &Graph, from: &Snap, to: &Snap) -> Option<u64> {
    if from.edge != to.edge {
        return None;
    }
    let edge = graph.edge(from.edge);
    let (a, b) = (edge.ms_from_start(from.fraction), edge.ms_from_start(to.fraction));
    ((edge.forward() && a <= b) || (edge.backward() && b <= a)).then(|| u64::from(a.abs_diff(b)))
}

type Found<Id> = BinaryHeap<Reverse<(u64, Id)>>;

fn same_edge<Id: Copy + Ord + Hash>(graph: &Graph, staff: &StaffOnRoad<Id>, pickup: &Snap) -> Found<Id> {
    staff
        .on_edge(pickup.edge)
        .filter_map(|(id, snap)| {
            along_shared_edge(graph, &snap, pickup).map(|ms| Reverse((ms + u64::from(snap.to_street_ms()), id)))
        })
        .collect()
}

/// Adds everybody who would leave their edge by `node`.
fn collect_at<Id: Copy + Ord + Hash>(
    graph: &Graph,
    staff: &StaffOnRoad<Id>,
    node: u32,
    node_ms: u64,
    found: &mut Found<Id>,
) {
    // A loop that may be used both ways arrives twice and its staff are added twice: once is given.
    for arc in graph.arcs_in(node) {
        for (id, snap) in staff.on_edge(arc.edge) {
            for (exit, ms) in exits(graph, &snap).into_iter().flatten() {
                if exit == node {
                    found.push(Reverse((node_ms + ms + u64::from(snap.to_street_ms()), id)));
                }
            }
        }
    }
}
