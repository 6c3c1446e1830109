//! The searches held against a forward Dijkstra from each person over a graph in which every point has been made a node.

use super::drawn::{Dice, draw, tangle};
use super::graph::Graph;
use super::query::BOUND_S_MAX;
use super::snap::Snap;
use super::staff::StaffOnRoad;
use super::{Profile, RoadMap, soonest};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The slow twin: every snap is a node of its own; plain forward search.
struct Oracle {
    arcs: Vec<Vec<(usize, u64)>>,
    nodes: usize,
}

impl Oracle {
    fn new(graph: &Graph, snaps: &[Snap]) -> Self {
        let nodes = graph.node_count();
        let mut arcs = vec![Vec::new(); nodes + snaps.len()];
        let mut on_edge = vec![Vec::new(); graph.edge_count()];
        for (i, s) in snaps.iter().enumerate() {
            on_edge[s.edge as usize].push((graph.edge(s.edge).ms_from_start(s.fraction), nodes + i));
        }
        for (edge, mut cuts) in graph.edges().iter().zip(on_edge) {
            cuts.sort_unstable();
            let chain: Vec<_> = std::iter::once((0, edge.start as usize))
                .chain(cuts)
                .chain(std::iter::once((edge.ms, edge.end as usize)))
                .collect();
            for pair in chain.windows(2) {
                let ms = u64::from(pair[1].0 - pair[0].0);
                if edge.forward() {
                    arcs[pair[0].1].push((pair[1].1, ms));
                }
                if edge.backward() {
                    arcs[pair[1].1].push((pair[0].1, ms));
                }
                // Two people at one spot can reach each other in no time, whichever comes first in the list.
                if ms == 0 && pair[0].1 >= nodes && pair[1].1 >= nodes {
                    arcs[pair[0].1].push((pair[1].1, 0));
                    arcs[pair[1].1].push((pair[0].1, 0));
                }
            }
        }
        Self { arcs, nodes }
    }

    /// Milliseconds from a snap to every node; `u64::MAX` where there is no way.
    fn times_from(&self, snap: usize) -> Vec<u64> {
        let mut best = vec![u64::MAX; self.arcs.len()];
        let mut queue = BinaryHeap::from([Reverse((0, self.nodes + snap))]);
        best[self.nodes + snap] = 0;
        while let Some(Reverse((ms, node))) = queue.pop() {
            if ms > best[node] {
                continue;
            }
            for &(next, cost) in &self.arcs[node] {
                if ms + cost < best[next] {
                    best[next] = ms + cost;
                    queue.push(Reverse((ms + cost, next)));
                }
            }
        }
        best
    }
}

fn random_snap(dice: &mut Dice, graph: &Graph) -> Snap {
    let edge = dice.below(graph.edge_count()) as u32;
    let fraction = match dice.below(6) {
        0 => 0.0,
        1 => 1.0,
        _ => dice.unit() as f32,
    };
    graph.snap_at(edge, fraction)
}

/// Holds `soonest`, `travel_time` and `route` against the oracle; returns how many pairs were compared.
fn compare(dice: &mut Dice, graph: &Graph, staff: usize, pickups: usize) -> usize {
    if graph.edge_count() == 0 {
        return 0;
    }
    let snaps: Vec<Snap> = (0..staff + pickups).map(|_| random_snap(dice, graph)).collect();
    let oracle = Oracle::new(graph, &snaps);
    let mut on_road = StaffOnRoad::new(graph);
    for id in 0..staff as u32 {
        // Moved about first, so that the registry's lists are not the freshly built ones.
        on_road.put(id, random_snap(dice, graph));
        on_road.put(id, snaps[id as usize]);
    }
    let from_staff: Vec<Vec<u64>> = (0..staff).map(|s| oracle.times_from(s)).collect();
    for p in 0..pickups {
        let pickup = &snaps[staff + p];
        let mut expected: Vec<(u64, u32)> = (0..staff as u32)
            .map(|s| (from_staff[s as usize][oracle.nodes + staff + p], s))
            .filter(|e| e.0 != u64::MAX)
            .collect();
        expected.sort_unstable();
        let bound_ms = if p % 2 == 0 { u64::MAX } else { expected.get(staff / 2).map_or(0, |e| e.0) };
        let bound_s = ((bound_ms as f64 / 1000.0) as f32).min(BOUND_S_MAX);
        expected.retain(|e| e.0 as f64 <= f64::from(bound_s) * 1000.0);
        let got: Vec<(u64, u32)> = soonest(graph, &on_road, pickup, bound_s)
            .map(|(id, s)| ((f64::from(s) * 1000.0).round() as u64, id))
            .collect();
        assert_eq!(got, expected, "pickup {p}");
        for &(ms, id) in expected.iter().take(3) {
            let from = &snaps[id as usize];
            let time = graph.travel_time(from, pickup).unwrap();
            assert_eq!((f64::from(time) * 1000.0).round() as u64, ms, "travel time of {id} to pickup {p}");
            check_route(graph, from, pickup, time);
        }
    }
    staff * pickups
}

fn check_route(graph: &Graph, from: &Snap, to: &Snap, time: f32) {
    let route = graph.route(from, to).unwrap();
    assert!((route.duration_s - time).abs() < f32::EPSILON);
    assert_eq!(route.points.len(), route.at_s.len());
    assert!(route.points.len() >= 2);
    assert!(route.points[0].distance_m(from.at) < 0.5);
    assert!(route.points[route.points.len() - 1].distance_m(to.at) < 0.5);
    assert!(route.at_s.windows(2).all(|w| w[0] <= w[1]), "times ascend");
    assert!((route.at_s[route.at_s.len() - 1] - time).abs() < 0.01);
    let drawn_m = Graph::length_m(&route.points);
    assert!((f64::from(route.length_m) - drawn_m).abs() < 0.01 * drawn_m + 0.1);
    // As fast as the fastest street at most, and no jump: each point is on some street of the graph.
    assert!(drawn_m <= graph.speed_mps_max() * f64::from(time) + 1.0, "{drawn_m} m in {time} s");
    for p in &route.points {
        assert!(graph.snap(*p).unwrap().distance_m < 0.5, "the route leaves the streets");
    }
}

#[test]
fn soonest_agrees_with_forward_search_on_tangles() {
    let mut pairs = 0;
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let (nodes, ways) = (4 + dice.below(40), 4 + dice.below(60));
        let map = RoadMap::build(tangle(&mut dice, nodes, ways));
        for profile in Profile::ALL {
            let staff = 1 + dice.below(30);
            pairs += compare(&mut dice, map.graph(profile), staff, 4);
        }
    }
    println!("seeds 0..300, {pairs} pairs");
    assert!(pairs > 10_000);
}

#[test]
fn soonest_agrees_with_forward_search_on_drawn_maps() {
    for picture in [
        "A---B---C\n|   |   |\nD>>-E-<-F\n|   |   |\nG===H===I",
        "A->-B\n|   |\nC-<-D",
        "A-B",
        "A=====B=====C\n|     ^     |\n|     |     v\nD--<--E-->--F\n#     |     #\nG=====H=====I",
    ] {
        let drawn = draw(picture);
        for profile in Profile::ALL {
            let compared = compare(&mut Dice(7), drawn.map.graph(profile), 40, 40);
            assert_eq!(compared, 1600, "{picture}");
        }
    }
}

/// Staff stand at (letter, letter, fraction); the order in which they reach the pickup.
fn check(picture: &str, staff: &[(char, char, f64)], pickup: (char, char, f64), expected: &str) {
    let drawn = draw(picture);
    let graph = drawn.map.graph(Profile::Drive);
    let snap = |&(a, b, f): &(char, char, f64)| graph.snap(drawn.between(a, b, f)).unwrap();
    let mut on_road = StaffOnRoad::new(graph);
    for (i, place) in staff.iter().enumerate() {
        on_road.put(i as u32, snap(place));
    }
    let got: Vec<String> = soonest(graph, &on_road, &snap(&pickup), 3600.0)
        .map(|(id, s)| format!("{id}:{:.0}", s / (100.0 / (30.0 * 0.8 / 3.6))))
        .collect();
    assert_eq!(got.join(" "), expected, "{picture}");
}

#[test]
fn the_way_to_the_corner_counts() {
    // Units: the time for 100 m at 30 km/h.
    check("A----------B", &[('A', 'B', 0.2), ('A', 'B', 0.9)], ('A', 'B', 0.5), "0:3 1:4");
}

#[test]
fn one_way_street_sends_the_nearer_one_round_the_block() {
    let block = "A--->----B\n|        |\nC--------D";
    // 0 is 2 past the pickup: 200 m on, then round; 1 is 4 before it.
    check(block, &[('A', 'B', 0.7), ('A', 'B', 0.1)], ('A', 'B', 0.5), "1:4 0:20");
}

#[test]
fn a_fast_detour_beats_a_short_alley() {
    check("A---------B\n#         #\nC=========D", &[('A', 'B', 0.0)], ('A', 'B', 1.0), "0:5");
}

#[test]
fn footways_are_for_walkers_only() {
    let drawn = draw("A.....B\n|     |\nC-----D");
    assert_eq!(drawn.map.graph(Profile::Walk).edge_count(), 4);
    assert_eq!(drawn.map.graph(Profile::Drive).edge_count(), 3);
}

#[test]
fn streets_one_cannot_come_back_from_are_left_out() {
    let drawn = draw("A->-B\n|   |\nC-<-D->-E");
    let graph = drawn.map.graph(Profile::Drive);
    assert_eq!((graph.node_count(), graph.edge_count()), (4, 4));
}

#[test]
fn nothing_beyond_the_limit_is_snapped() {
    let drawn = draw("A-B");
    let graph = drawn.map.graph(Profile::Drive);
    assert!(graph.snap(super::drawn::place(100.0, 490.0)).is_some());
    assert!(graph.snap(super::drawn::place(100.0, 510.0)).is_none());
}

#[test]
fn an_empty_map_answers_with_nothing() {
    let map = RoadMap::build(super::drawn::data(Vec::new(), Vec::new()));
    assert!(map.snap(Profile::Drive, super::drawn::place(0.0, 0.0)).is_none());
    assert_eq!(map.graph(Profile::Walk).node_count(), 0);
}

#[test]
fn whoever_left_the_road_is_not_found() {
    let drawn = draw("A-B-C");
    let graph = drawn.map.graph(Profile::Walk);
    let mut staff = StaffOnRoad::new(graph);
    for id in 0u128..4 {
        staff.put(id, graph.snap(drawn.at('B')).unwrap());
    }
    assert!(staff.remove(2) && !staff.remove(2) && !staff.remove(9));
    staff.put(7, graph.snap(drawn.at('C')).unwrap());
    let found: Vec<u128> = soonest(graph, &staff, &graph.snap(drawn.at('A')).unwrap(), 600.0).map(|f| f.0).collect();
    assert_eq!(found, [0, 1, 3, 7]);
    assert_eq!((staff.len(), staff.get(7).is_some(), staff.get(2).is_some()), (4, true, false));
}

#[test]
fn a_route_is_followed_at_its_own_speeds() {
    let drawn = draw("A----B====C");
    let graph = drawn.map.graph(Profile::Drive);
    let snap = |c| graph.snap(drawn.at(c)).unwrap();
    let route = graph.route(&snap('A'), &snap('C')).unwrap();
    assert!((route.length_m - 1000.0).abs() < 2.0);
    let at_b = route.duration_s * 80.0 / 110.0;
    assert!(route.position_at(at_b).distance_m(drawn.at('B')) < 2.0);
    assert!(route.position_at(-1.0).distance_m(drawn.at('A')) < 1.0);
    assert!(route.position_at(1e9).distance_m(drawn.at('C')) < 1.0);
}

#[test]
fn soonest_agrees_with_forward_search_on_real_streets() {
    let Some(path) = super::load::tests::extract("seoul-jung-small.osm.pbf") else { return };
    let (data, _) = super::load::load(&[&path], None, &mut |_| {}).unwrap();
    let map = RoadMap::build(data);
    let mut pairs = 0;
    for (seed, profile) in [(1, Profile::Drive), (2, Profile::Walk), (3, Profile::Drive)] {
        pairs += compare(&mut Dice(seed), map.graph(profile), 100, 60);
    }
    println!("seeds 1..=3, {pairs} pairs");
}
