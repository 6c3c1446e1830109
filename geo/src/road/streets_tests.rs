//! Which pieces of street a point and two points name.

use super::super::drawn::{draw, street};
use super::super::{Profile, RoadMap};
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
    let between = |a, b| graph.streets_between(place(a, 5.0), place(b, -5.0));
    assert_eq!(between(150.0, 250.0), [edge(150.0), edge(250.0)]);
    assert_eq!(between(350.0, 120.0), [edge(150.0), edge(250.0), edge(350.0)]);
    assert_eq!(between(20.0, 60.0), [edge(50.0)]);
    assert!(graph.streets_between(place(20.0, 0.0), place(200.0, 75.0)).is_empty(), "no one street is near both");
    assert!(graph.streets_between(place(20.0, 200.0), place(200.0, 0.0)).is_empty(), "the first is near none");
}
