//! Which pieces of street a point and two points name.

use super::super::drawn::{draw, street};
use super::super::{Profile, RoadMap};
use super::{ALONG_M_MAX, NotAlong};
use crate::road::data::Access;
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
    let between = |a, b| graph.streets_between(place(a, 5.0), place(b, -5.0)).unwrap();
    assert_eq!(between(150.0, 250.0), [edge(150.0), edge(250.0)]);
    assert_eq!(between(350.0, 120.0), [edge(150.0), edge(250.0), edge(350.0)]);
    assert_eq!(between(20.0, 60.0), [edge(50.0)]);
    assert_eq!(graph.streets_between(place(20.0, 200.0), place(200.0, 0.0)), Err(NotAlong::OffStreet));
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
        assert_eq!(graph.streets_between(a, e), Ok(expected.clone()), "{profile:?}");
        assert_eq!(graph.streets_between(e, a), Ok(expected), "{profile:?}: the other way round, one-way or not");
        let mut round_a_corner = vec![edge('B', 'C'), edge('C', 'F')];
        round_a_corner.sort_unstable();
        let (c, f) = (drawn.between('B', 'C', 0.4), drawn.between('C', 'F', 0.7));
        assert_eq!(graph.streets_between(c, f), Ok(round_a_corner), "{profile:?}");
    }
}

#[test]
fn what_lies_too_far_apart_names_nothing() {
    // A row of ways of 300 m.
    let nodes: Vec<_> = (0..12).map(|i| place(f64::from(i) * 300.0, 0.0)).collect();
    let ways = (0..11).map(|i| street(vec![i, i + 1], Access::Both, Access::Both, 30)).collect();
    let map = RoadMap::build(data(nodes, ways));
    let graph = map.graph(Profile::Walk);
    let to = |metres: f64| graph.streets_between(place(10.0, 0.0), place(10.0 + metres, 0.0));
    assert_eq!(to(ALONG_M_MAX - 5.0).map(|edges| edges.len()), Ok(7));
    assert_eq!(to(ALONG_M_MAX + 5.0), Err(NotAlong::TooFar));
}
