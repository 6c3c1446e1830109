//! Pieces of outlines, whole and with parts missing.

use super::{contains, join, middle_and_size, with_holes};
use crate::position::Position;
use crate::road::data::AreaKind;
use crate::road::drawn::place;

fn line(points: &[(i32, i32)]) -> Vec<Position> {
    points.iter().map(|&(x, y)| place(f64::from(x), f64::from(y))).collect()
}

#[test]
fn pieces_in_any_order_and_direction_make_one_ring() {
    let pieces = vec![
        line(&[(0, 0), (100, 0)]),
        line(&[(0, 100), (0, 0)]),
        line(&[(0, 100), (100, 100)]),
        line(&[(100, 0), (100, 100)]),
    ];
    let made = join(pieces);
    assert_eq!((made.closed.len(), made.closed[0].len(), made.gaps_closed, made.dropped), (1, 4, 0, 0));
}

#[test]
fn a_missing_piece_is_bridged_when_most_is_there() {
    let made = join(vec![line(&[(0, 0), (100, 0), (100, 100)]), line(&[(0, 100), (100, 100)])]);
    assert_eq!((made.closed.len(), made.gaps_closed, made.dropped), (1, 1, 0));
}

#[test]
fn too_little_is_dropped() {
    let made = join(vec![line(&[(0, 0), (100, 0), (100, 10)]), line(&[(500, 0), (500, 100)]), line(&[(9, 9)])]);
    assert_eq!((made.closed.len(), made.dropped), (0, 2));
}

#[test]
fn two_rings_stay_two() {
    let square = |x: i32| line(&[(x, 0), (x + 10, 0), (x + 10, 10), (x, 10), (x, 0)]);
    assert_eq!(join(vec![square(0), square(100)]).closed.len(), 2);
}

#[test]
fn holes_go_where_they_lie() {
    let square = |x: i32, size: i32| line(&[(x, 0), (x + size, 0), (x + size, size), (x, size)]);
    let hole = line(&[(210, 10), (220, 10), (220, 20)]);
    let astray = line(&[(900, 10), (920, 10), (920, 20)]);
    let areas = with_holes(AreaKind::Water, vec![square(0, 100), square(200, 100)], vec![hole, astray]);
    assert_eq!(areas.iter().map(|a| a.rings.len()).collect::<Vec<_>>(), [1, 2]);
    assert!(contains(&areas[0].rings[0], place(50.0, 50.0)));
    assert!(!contains(&areas[0].rings[0], place(150.0, 50.0)));
    let (_, size) = middle_and_size(&areas[0].rings[0]).unwrap();
    assert!((size - 10_000.0).abs() < 100.0, "{size}");
}
