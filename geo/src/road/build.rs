//! Owns the making of a graph from map data: ways cut at junctions, travel times, and only what is strongly connected.

use super::Profile;
use super::connected::largest_component;
use super::data::{Access, MapData, Way};
use super::graph::{EDGE_MS_MAX, Edge, Graph, GraphParts, Rights};
use super::marks::MarkKind;
use super::modes::mode;
use std::collections::HashMap;

/// Builds the graph of one profile. Junctions are the nodes where ways meet, cross or end.
pub(super) fn build(data: &MapData, profile: Profile) -> Graph {
    let uses = node_uses(data, profile);
    let mut parts = cut_at_junctions(data, profile, &uses);
    keep_largest_component(&mut parts);
    Graph::from_parts(profile, parts)
}

/// Metres of streets that one may take, and metres of those of them that are in no graph because they are not joined to the largest part.
pub(super) fn left_out_m(data: &MapData, profile: Profile, kept: &Graph) -> [f64; 2] {
    let all = cut_at_junctions(data, profile, &node_uses(data, profile));
    let all_m: f64 = all.edges.iter().map(|edge| f64::from(edge.length_m)).sum();
    let kept_m: f64 = kept.edges.iter().map(|edge| f64::from(edge.length_m)).sum();
    [all_m, (all_m - kept_m).max(0.0)]
}

fn rights(way: &Way, profile: Profile) -> Access {
    match profile {
        Profile::Walk | Profile::Transit => way.walk,
        Profile::Drive => way.drive,
        Profile::Cycle => way.cycle,
    }
}

fn metres_per_second(way: &Way, profile: Profile) -> f64 {
    let kmh = match profile {
        Profile::Walk | Profile::Transit => f64::from(way.walk_kmh_tenths.max(1)) / 10.0,
        Profile::Drive => f64::from(way.drive_kmh.max(1)),
        Profile::Cycle => f64::from(way.cycle_kmh_tenths.max(1)) / 10.0,
    };
    kmh * mode(profile).speed_share / 3.6
}

/// Lights and crossings by point, for modes that lose time there.
fn marks(data: &MapData, profile: Profile) -> HashMap<u32, MarkKind> {
    let mode = mode(profile);
    if mode.signal_ms == 0 && mode.crossing_ms == 0 {
        return HashMap::new();
    }
    data.marks.iter().map(|m| (m.node, m.kind)).collect()
}

/// Milliseconds lost at lights and crossings along a piece of a way. Half of what is lost at its ends: the other half is the
/// next piece's.
fn lost_ms(piece: &[u32], way: &Way, marks: &HashMap<u32, MarkKind>, profile: Profile) -> u32 {
    if marks.is_empty() {
        return 0;
    }
    let at = |n: &u32| marks.get(n).map_or(0, |kind| kind.ms(mode(profile), way.class));
    let (ends, inner) = ([&piece[0], &piece[piece.len() - 1]], &piece[1..piece.len() - 1]);
    ends.map(at).iter().sum::<u32>() / 2 + inner.iter().map(at).sum::<u32>()
}

/// How often usable ways use each node, counted to 2; the end of a way counts as 2.
fn node_uses(data: &MapData, profile: Profile) -> Vec<u8> {
    let mut uses = vec![0u8; data.nodes.len()];
    for way in data.ways.iter().filter(|w| rights(w, profile) != Access::No) {
        for &n in &way.nodes {
            let count = &mut uses[n as usize];
            *count = (*count + 1).min(2);
        }
        for n in [way.nodes.first(), way.nodes.last()].into_iter().flatten() {
            uses[*n as usize] = 2;
        }
    }
    uses
}

fn cut_at_junctions(data: &MapData, profile: Profile, uses: &[u8]) -> GraphParts {
    const NO_NODE: u32 = u32::MAX;
    let mut junction_of = vec![NO_NODE; data.nodes.len()];
    let mut parts = GraphParts::default();
    let marks = marks(data, profile);
    for (w, way) in data.ways.iter().enumerate() {
        let access = rights(way, profile);
        if access == Access::No || way.nodes.len() < 2 {
            continue;
        }
        let speed_mps = metres_per_second(way, profile);
        let mut from = 0;
        for to in 1..way.nodes.len() {
            if uses[way.nodes[to] as usize] < 2 {
                continue;
            }
            let piece = &way.nodes[from..=to];
            let nth = from as u32;
            from = to;
            let first_point = parts.points.len();
            parts.points.extend(piece.iter().map(|&n| data.nodes[n as usize]));
            let length_m = Graph::length_m(&parts.points[first_point..]);
            if length_m == 0.0 && piece[0] == piece[piece.len() - 1] {
                parts.points.truncate(first_point);
                continue;
            }
            let mut junction = |n: u32| {
                let known = &mut junction_of[n as usize];
                if *known == NO_NODE {
                    *known = parts.nodes.len() as u32;
                    parts.nodes.push(data.nodes[n as usize]);
                }
                *known
            };
            parts.edges.push(Edge {
                start: junction(piece[0]),
                end: junction(piece[piece.len() - 1]),
                // Rounded up, so that no edge is faster than its speed: the route search's lower bound relies on it.
                ms: whole_ms(length_m / speed_mps, lost_ms(piece, way, &marks, profile)),
                length_m: length_m as f32,
                way: w as u32,
                nth,
                first_point: first_point as u32,
                rights: Rights::new(access.forward(), access.backward()),
            });
        }
    }
    parts
}

fn whole_ms(seconds: f64, lost_ms: u32) -> u32 {
    ((seconds * 1000.0).ceil() as u32).saturating_add(lost_ms).clamp(1, EDGE_MS_MAX)
}

/// Drops every junction outside the largest component, and every edge that touches one.
fn keep_largest_component(parts: &mut GraphParts) {
    if parts.nodes.is_empty() {
        return;
    }
    let (first, heads) = adjacency(parts);
    let kept = largest_component(&first, &heads);
    let mut number = vec![0u32; kept.len()];
    let mut next = 0;
    for (n, &keep) in kept.iter().enumerate() {
        number[n] = next;
        next += u32::from(keep);
    }
    let mut points = Vec::with_capacity(parts.points.len());
    let mut edges = Vec::with_capacity(parts.edges.len());
    for (i, edge) in parts.edges.iter().enumerate() {
        if kept[edge.start as usize] && kept[edge.end as usize] {
            let end = parts.edges.get(i + 1).map_or(parts.points.len(), |e| e.first_point as usize);
            let first_point = points.len() as u32;
            points.extend_from_slice(&parts.points[edge.first_point as usize..end]);
            edges.push(Edge {
                start: number[edge.start as usize],
                end: number[edge.end as usize],
                first_point,
                ..*edge
            });
        }
    }
    let mut keep = kept.iter();
    parts.nodes.retain(|_| keep.next().copied().unwrap_or(false));
    parts.nodes.shrink_to_fit();
    points.shrink_to_fit();
    edges.shrink_to_fit();
    parts.points = points;
    parts.edges = edges;
}

fn adjacency(parts: &GraphParts) -> (Vec<u32>, Vec<u32>) {
    let arcs = || {
        parts.edges.iter().flat_map(|e| {
            [e.forward().then_some((e.start, e.end)), e.backward().then_some((e.end, e.start))].into_iter().flatten()
        })
    };
    let mut first = vec![0u32; parts.nodes.len() + 1];
    for (tail, _) in arcs() {
        first[tail as usize + 1] += 1;
    }
    for n in 0..parts.nodes.len() {
        first[n + 1] += first[n];
    }
    let mut next = first.clone();
    let mut heads = vec![0u32; first[parts.nodes.len()] as usize];
    for (tail, head) in arcs() {
        heads[next[tail as usize] as usize] = head;
        next[tail as usize] += 1;
    }
    (first, heads)
}
