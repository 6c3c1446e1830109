//! Lists of points as they come, and which streets they serve.

use super::{Lit, PointsError, points, read_points};
use crate::road::Profile;
use crate::road::drawn::{draw, place};

fn error(text: &str) -> String {
    points(text).unwrap_err().to_string()
}

#[test]
fn columns_are_found_by_name_and_quotes_are_text() {
    let text = "\u{feff}info,lat,note,lon\r\n\"a, \"\"b\"\"\",37.5,,127.0\r\n\r\nplain,37.6,x,127.1\r\n";
    let found = points(text).unwrap();
    assert_eq!(found.iter().map(|p| (p.lat(), p.lon())).collect::<Vec<_>>(), [(37.5, 127.0), (37.6, 127.1)]);
}

#[test]
fn what_is_no_list_is_refused_with_line_and_column() {
    assert_eq!(error(""), "has no column lon");
    assert_eq!(error("lon,name\n"), "has no column lat");
    assert_eq!(error("lon,lat\n127,37.5\n127\n"), "line 3: no degrees in column lat");
    assert_eq!(error("lon,lat\n,37.5\n"), "line 2: no degrees in column lon");
    assert_eq!(error("lon,lat\n127,NaN\n"), "line 2: no degrees in column lat");
    assert_eq!(error("lon,lat\n190,37.5\n"), "line 2: no degrees in column lon");
    assert!(matches!(read_points(std::path::Path::new("/nowhere/lamps.csv")), Err(PointsError::Io(_))));
}

#[test]
fn a_lamp_serves_the_streets_beside_it_only() {
    let drawn = draw("A--B\n|  |\nC--D");
    let graph = drawn.map.graph(Profile::Walk);
    let lit = Lit::of(graph, &[place(150.0, 10.0), place(5.0, 5.0), place(150.0, 45.0)], &[place(300.0, 100.0)]);
    let edge = |a: char, b: char| graph.snap(drawn.between(a, b, 0.5)).unwrap().edge;
    assert_eq!(lit.lamps(edge('A', 'B')), 2, "one above, one at the corner");
    assert_eq!(lit.lamps(edge('A', 'C')), 1, "the one at the corner");
    assert_eq!(lit.lamps(edge('B', 'D')), 0);
    assert_eq!((lit.cameras(edge('B', 'D')), lit.cameras(edge('A', 'B'))), (1, 0));
    assert_eq!(lit.off_streets, 1, "the one 45 m from its nearest street");
}

#[test]
fn the_lists_of_the_city_are_read_if_they_are_there() {
    for (name, count) in [("streetlights_seoul_2022-11.csv", 19_291), ("gwanak_cctv_2022.csv", 5_366)] {
        let Some(path) = crate::road::load::tests::shared("safety", name) else { continue };
        assert_eq!(read_points(&path).unwrap().len(), count, "{name}");
    }
}
