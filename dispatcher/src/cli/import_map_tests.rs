//! What the report says of stations, and of what is in pieces.

use super::{describe_graphs, describe_stations};
use geo::Position;
use geo::road::RoadMap;
use geo::road::data::{Access, Way};
use geo::road::subway::{Line, Stop, Subway};

#[test]
fn stations_that_cannot_be_used_are_told() {
    let mut data = geo::city::generate_small(1);
    let told = |map: &RoadMap| {
        let mut text = String::new();
        describe_stations(&mut text, map).unwrap();
        text
    };
    let line = Line { name: "1".to_owned(), headway_s: [300; 24] };
    data.subway = Subway { lines: vec![line], ..Subway::default() };
    assert_eq!(told(&RoadMap::build(data.clone())), "");
    let (north, east) = (data.bounds.north, data.bounds.east);
    data.bounds.north += 0.02;
    let stop = |name: &str, lat| Stop { name: name.into(), line: 0, at: Position::new(lat, east).unwrap(), open: true };
    // A kilometre and four north of the last street.
    data.subway.stops.extend([stop("산", north + 0.01), stop("들", north + 0.012), stop("밖", north + 0.04)]);
    assert_eq!(
        told(&RoadMap::build(data)),
        "skipped             2  stations farther than 500 m from every street: 산, 들\n\
         skipped             1  stations outside the map\n"
    );
}

#[test]
fn streets_that_nothing_joins_to_the_rest_are_told() {
    let mut data = geo::city::generate_small(1);
    let left_out = |map: &RoadMap| {
        let mut text = String::new();
        describe_graphs(&mut text, map).unwrap();
        text.lines().filter(|line| line.starts_with("  left out")).map(str::to_owned).collect::<Vec<_>>()
    };
    let none = "  left out          0  km of streets that nothing joins to the rest (0.0 %)";
    assert_eq!(left_out(&RoadMap::build(data.clone())), [none; 3]);
    // Ten kilometres of street on an island to the north, for those on foot.
    let (north, east) = (data.bounds.north, data.bounds.east);
    data.bounds.north += 0.2;
    let first = data.nodes.len() as u32;
    data.nodes.extend([0.05, 0.14].map(|by| Position::new(north + by, east).unwrap()));
    let alone = Way { nodes: vec![first, first + 1], drive: Access::No, cycle: Access::No, ..data.ways[0].clone() };
    data.ways.push(Way { walk: Access::Both, ..alone });
    let told = left_out(&RoadMap::build(data));
    assert!(told[0].starts_with("  left out         10  km of streets"), "{}", told[0]);
    assert_eq!(told[1..], [none; 2]);
}
