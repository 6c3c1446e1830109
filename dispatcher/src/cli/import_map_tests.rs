//! What the report says of stations.

use super::describe_stations;
use geo::Position;
use geo::road::RoadMap;
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
