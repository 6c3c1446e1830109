//! Where somebody is met: on a street on which people are, and beside one that is closed.

use super::BESIDE_M_MAX;
use crate::position::Position;
use crate::road::data::{Access, RoadClass, Way};
use crate::road::drawn::{data, draw, place, street};
use crate::road::hierarchy::{ArcTimes, Conditions, Hierarchy, Metric, NodeOrder, SearchGraph};
use crate::road::{Profile, RoadMap, Snap};
use std::sync::Arc;

/// A big street from west to east, a smaller one 60 m south of it, and both joined at the ends.
fn two_streets(big: Way) -> RoadMap {
    let nodes = [(0.0, 0.0), (1_000.0, 0.0), (0.0, 60.0), (1_000.0, 60.0)].map(|(east, south)| place(east, south));
    let usual = |nodes| street(nodes, Access::Both, Access::Both, 30);
    RoadMap::build(data(nodes.to_vec(), vec![big, usual(vec![2, 3]), usual(vec![0, 2]), usual(vec![1, 3])]))
}

fn metres_south(map: &RoadMap, profile: Profile, at: Position) -> u32 {
    let times = ArcTimes::free_flow(map.graph(profile));
    let met: Vec<Snap> = map.meeting(profile, at, &times).collect();
    assert_eq!(met, [map.place(profile, at).expect("a street is near")], "where nothing is closed there is one place");
    met[0].at.distance_m(place(500.0, 0.0)).round() as u32
}

#[test]
fn nobody_is_met_on_a_road_that_is_for_cars_alone_nor_below_ground() {
    let big = || street(vec![0, 1], Access::Both, Access::Both, 70);
    let beside = place(500.0, 3.0);
    let usual = two_streets(big());
    assert_eq!(metres_south(&usual, Profile::Drive, beside), 0);
    for only in [Way { walk: Access::No, ..big() }, Way { tunnel: true, ..big() }] {
        let map = two_streets(only);
        assert_eq!(metres_south(&map, Profile::Drive, beside), 60);
        assert_eq!(metres_south(&map, Profile::Walk, beside), 60);
        let driver = map.snap(Profile::Drive, beside).unwrap();
        assert!(driver.distance_m < 4.0, "who drives there is there");
    }
}

#[test]
fn where_there_is_no_other_street_one_is_met_on_that() {
    let nodes = vec![place(0.0, 0.0), place(1_000.0, 0.0)];
    let map = RoadMap::build(data(nodes, vec![street(vec![0, 1], Access::Both, Access::No, 90)]));
    assert_eq!(map.place(Profile::Drive, place(500.0, 3.0)), map.snap(Profile::Drive, place(500.0, 3.0)));
    assert!(map.place(Profile::Drive, place(500.0, 3.0)).is_some());
}

#[test]
fn who_is_on_a_closed_street_is_met_on_the_open_one_beside_it() {
    // Pieces of 200 m; the bar from B to D by C is closed, the stem from C to E is not.
    let drawn = draw("A-B-C-D\n    |\n    E");
    let graph = drawn.map.graph(Profile::Walk);
    let piece = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap().edge;
    let mut closed = Conditions::default();
    closed.close_edge(piece('B', 'C'));
    closed.close_edge(piece('C', 'D'));
    let times = ArcTimes::under(graph, &closed, |_| RoadClass::Residential);
    let near_the_corner = drawn.between('C', 'D', 0.05);
    let met: Vec<Snap> = drawn.map.meeting(Profile::Walk, near_the_corner, &times).collect();
    assert_eq!(met.iter().map(|snap| snap.edge).collect::<Vec<_>>(), [piece('C', 'D'), piece('C', 'E')]);
    let hierarchy = Arc::new(Hierarchy::new(SearchGraph::of(&drawn.map, Profile::Walk), &NodeOrder::find(graph)));
    let metric = Metric::new(&hierarchy, times.clone());
    let from = graph.snap(drawn.between('C', 'E', 0.9)).unwrap();
    assert_eq!(metric.travel_ms(from, &met[0]), None, "nobody goes into what is closed");
    assert!(metric.travel_ms(from, &met[1]).is_some());
    // Too far from any that is open, nothing is made up.
    let far = drawn.between('A', 'B', 0.0);
    let all = Conditions {
        closed: (0..graph.edge_count() as u32 * 2).filter(|arc| arc / 2 != piece('C', 'E')).collect(),
        ..closed
    };
    let times = ArcTimes::under(graph, &all, |_| RoadClass::Residential);
    assert_eq!(drawn.map.meeting(Profile::Walk, far, &times).count(), 1);
    assert!(far.distance_m(drawn.at('C')) > BESIDE_M_MAX);
}
