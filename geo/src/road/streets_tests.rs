//! Which pieces of street a point and two points name.

use super::super::drawn::{draw, street};
use super::super::{Profile, RoadMap};
use super::{ALONG_M_MAX, NotAlong};
use crate::road::data::{Access, RoadClass, Way};
use crate::road::drawn::{data, place};

#[test]
fn a_circle_names_what_comes_into_it_and_nothing_else() {
    let drawn = draw("A---B---C\n    |\n    D");
    let graph = drawn.map.graph(Profile::Walk);
    let edge = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap().edge;
    assert_eq!(graph.streets_near(drawn.between('A', 'B', 0.5), 20.0), [edge('A', 'B')]);
    let mut at_b = vec![edge('A', 'B'), edge('B', 'C'), edge('B', 'D')];
    at_b.sort_unstable();
    assert_eq!(graph.streets_near(drawn.at('B'), 20.0), at_b);
    assert!(graph.streets_near(place(900.0, 900.0), 20.0).is_empty());
}

#[test]
fn two_points_name_the_pieces_of_one_street_between_them() {
    // One street of four pieces, crossed at every 100 m, and another beside it.
    let mut nodes: Vec<_> = (0..5).map(|i| place(f64::from(i) * 100.0, 0.0)).collect();
    nodes.extend((1..4).map(|i| place(f64::from(i) * 100.0, 100.0)));
    let long = street(vec![0, 1, 2, 3, 4], Access::Both, Access::Both, 30);
    let crossing = |i| street(vec![i, i + 4], Access::Both, Access::Both, 30);
    let map = RoadMap::build(data(nodes, vec![long, crossing(1), crossing(2), crossing(3)]));
    let graph = map.graph(Profile::Walk);
    let edge = |east| graph.snap(place(east, 0.0)).unwrap().edge;
    let between = |a, b| map.streets_between(Profile::Walk, place(a, 5.0), place(b, -5.0)).unwrap();
    assert_eq!(between(150.0, 250.0), [edge(150.0), edge(250.0)]);
    assert_eq!(between(350.0, 120.0), [edge(150.0), edge(250.0), edge(350.0)]);
    assert_eq!(between(20.0, 60.0), [edge(50.0)]);
    assert_eq!(map.streets_between(Profile::Walk, place(20.0, 200.0), place(200.0, 0.0)), Err(NotAlong::OffStreet));
}

#[test]
fn two_points_on_different_ways_name_the_shortest_way_between_them() {
    // Pieces of 200 m, each a way of its own; nobody drives from C to B. Round by the north it is further.
    let drawn = draw("  1----2\n  |    |\n  |    |\nA-B>-C-D-E\n     |\n     F");
    for profile in [Profile::Drive, Profile::Walk] {
        let graph = drawn.map.graph(profile);
        let edge = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap().edge;
        let mut expected = vec![edge('A', 'B'), edge('B', 'C'), edge('C', 'D'), edge('D', 'E')];
        expected.sort_unstable();
        let (a, e) = (drawn.between('A', 'B', 0.2), drawn.between('D', 'E', 0.8));
        assert_eq!(drawn.map.streets_between(profile, a, e), Ok(expected.clone()), "{profile:?}");
        assert_eq!(
            drawn.map.streets_between(profile, e, a),
            Ok(expected),
            "{profile:?}: the other way round, one-way or not"
        );
        let mut round_a_corner = vec![edge('B', 'C'), edge('C', 'F')];
        round_a_corner.sort_unstable();
        let (c, f) = (drawn.between('B', 'C', 0.4), drawn.between('C', 'F', 0.7));
        assert_eq!(drawn.map.streets_between(profile, c, f), Ok(round_a_corner), "{profile:?}");
    }
}

#[test]
fn what_lies_too_far_apart_names_nothing() {
    // A row of ways of 300 m.
    let nodes: Vec<_> = (0..12).map(|i| place(f64::from(i) * 300.0, 0.0)).collect();
    let ways = (0..11).map(|i| street(vec![i, i + 1], Access::Both, Access::Both, 30)).collect();
    let map = RoadMap::build(data(nodes, ways));
    let to = |metres: f64| map.streets_between(Profile::Walk, place(10.0, 0.0), place(10.0 + metres, 0.0));
    assert_eq!(to(ALONG_M_MAX - 5.0).map(|edges| edges.len()), Ok(7));
    assert_eq!(to(ALONG_M_MAX + 5.0), Err(NotAlong::TooFar));
}

/// A street of two ways that meet half way, and beside it one of one way; metres south and names.
fn beside(names: [&str; 2], apart_m: f64) -> RoadMap {
    let nodes = [(0.0, 0.0), (150.0, 0.0), (300.0, 0.0), (0.0, apart_m), (300.0, apart_m)].map(|(e, s)| place(e, s));
    let mut ways = [vec![0, 1], vec![1, 2], vec![3, 4], vec![0, 3], vec![2, 4]]
        .map(|nodes| street(nodes, Access::Both, Access::Both, 30));
    let names = names.map(str::to_owned).to_vec();
    for (way, name) in [(0, 0), (1, 0), (2, 1)] {
        ways[way].name = if names[name].is_empty() { Way::NO_NAME } else { name as u32 };
    }
    let mut data = data(nodes.to_vec(), ways.to_vec());
    data.names = names;
    RoadMap::build(data)
}

#[test]
fn a_street_of_several_ways_is_not_taken_for_the_one_beside_it() {
    for names in [["큰길", "옆길"], ["큰길", ""], ["", "옆길"], ["", ""], ["큰길", "큰길"]] {
        for apart_m in [12.0, 40.0] {
            let map = beside(names, apart_m);
            for profile in [Profile::Walk, Profile::Drive] {
                let edge = |east, south| map.graph(profile).snap(place(east, south)).unwrap().edge;
                let between =
                    |south: f64| map.streets_between(profile, place(60.0, south), place(240.0, south)).unwrap();
                let split = [edge(75.0, 0.0), edge(225.0, 0.0)];
                assert_eq!(between(-1.0), split, "{names:?}, {apart_m} m apart");
                assert_eq!(between(apart_m + 1.0), [edge(150.0, apart_m)], "{names:?}, {apart_m} m apart");
            }
        }
    }
}

#[test]
fn a_name_tells_the_street_where_another_is_as_near_at_one_end() {
    let map = beside(["큰길", "옆길"], 40.0);
    let edge = |east, south| map.graph(Profile::Walk).snap(place(east, south)).unwrap().edge;
    // At one end half way between the two.
    let named = map.streets_between(Profile::Walk, place(60.0, 21.0), place(240.0, 1.0)).unwrap();
    assert_eq!(named, [edge(75.0, 0.0), edge(225.0, 0.0)]);
}

#[test]
fn a_path_beside_a_street_takes_nothing_from_it() {
    let mut data = beside(["", "큰길"], 12.0).data.as_ref().clone();
    for way in &mut data.ways[..2] {
        way.class = RoadClass::Path;
    }
    let map = RoadMap::build(data);
    let edge = |east, south| map.graph(Profile::Walk).snap(place(east, south)).unwrap().edge;
    let named = map.streets_between(Profile::Walk, place(60.0, 3.0), place(240.0, 3.0)).unwrap();
    assert_eq!(named, [edge(150.0, 12.0)]);
}
