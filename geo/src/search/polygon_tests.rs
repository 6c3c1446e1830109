//! A polygon by its corners, sides and notches.

use super::{CORNERS_MAX, Polygon, PolygonError};
use crate::position::Position;

fn at(lat: i32, lon: i32) -> Position {
    Position::from_e7(lat, lon).unwrap()
}

#[test]
fn what_is_no_polygon_is_refused() {
    assert_eq!(Polygon::new(vec![]), Err(PolygonError));
    assert_eq!(Polygon::new(vec![at(0, 0), at(0, 9)]), Err(PolygonError));
    assert_eq!(Polygon::new(vec![at(0, 0); CORNERS_MAX + 1]), Err(PolygonError));
    assert!(Polygon::new(vec![at(0, 0); CORNERS_MAX]).is_ok());
}

#[test]
fn sides_and_corners_belong_to_it_and_a_notch_does_not() {
    // A square of 8 with a notch from the north down to the middle.
    let corners = [(0, 0), (0, 8), (8, 8), (8, 5), (4, 5), (4, 3), (8, 3), (8, 0)];
    let picture = [
        // north first; from the column west of it to the one east of it
        "...........",
        ".####.####.",
        ".####.####.",
        ".####.####.",
        ".####.####.",
        ".#########.",
        ".#########.",
        ".#########.",
        ".#########.",
        ".#########.",
        "...........",
    ];
    for turned in [false, true] {
        let mut ring: Vec<Position> = corners.iter().map(|&(lat, lon)| at(lat, lon)).collect();
        if turned {
            ring.reverse();
        }
        let polygon = Polygon::new(ring).unwrap();
        for (row, line) in picture.iter().enumerate() {
            for (column, mark) in line.chars().enumerate() {
                let (lat, lon) = (9 - row as i32, column as i32 - 1);
                assert_eq!(polygon.contains(at(lat, lon)), mark == '#', "{lat} {lon}");
            }
        }
    }
}

#[test]
fn a_slanted_side_is_exact_to_the_last_digit() {
    let polygon = Polygon::new(vec![at(0, 0), at(900_000_000, 1_799_999_998), at(0, 1_799_999_998)]).unwrap();
    for n in [1, 77, 899_999_998] {
        let on = 2 * n - 2 * n / 900_000_000;
        assert!(polygon.contains(at(n, on)));
        assert!(!polygon.contains(at(n, on - 1)));
    }
}

#[test]
fn what_two_rounds_surround_is_outside() {
    let star = [(90, 0), (-80, 50), (30, -95), (30, 95), (-80, -50)];
    let polygon = Polygon::new(star.iter().map(|&(lat, lon)| at(lat, lon)).collect()).unwrap();
    assert!(!polygon.contains(at(0, 0)));
    assert!(polygon.contains(at(70, 0)));
}
