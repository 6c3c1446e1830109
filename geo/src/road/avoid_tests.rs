//! Zones held against distances on the sphere and against points sampled along a line.

use super::{CORNERS_MAX, Frame, MARGIN_M, RADIUS_M_MAX, RADIUS_M_MIN, Zone, ZoneError, sides, to_segment_m};
use crate::position::Position;
use crate::road::drawn::place;
use proptest::prelude::*;

fn square(west_m: f64, north_m: f64, side_m: f64) -> Vec<Position> {
    [(0.0, 0.0), (side_m, 0.0), (side_m, side_m), (0.0, side_m)].map(|(e, s)| place(west_m + e, north_m + s)).to_vec()
}

#[test]
fn what_is_no_zone_is_refused_by_name() {
    let at = place(0.0, 0.0);
    for radius_m in [0.0, -5.0, RADIUS_M_MIN - 0.1, RADIUS_M_MAX + 0.1, f64::NAN, f64::INFINITY] {
        assert_eq!(Zone::circle(at, radius_m), Err(ZoneError::Radius), "{radius_m}");
    }
    assert_eq!(Zone::polygon(&[at, place(100.0, 0.0)]), Err(ZoneError::Corners));
    assert_eq!(Zone::polygon(&vec![at; CORNERS_MAX + 1]), Err(ZoneError::Corners));
    assert_eq!(Zone::polygon(&[at, place(100.0, 0.0), place(0.0, 5_010.0)]), Err(ZoneError::TooWide));
    assert_eq!(Zone::polygon(&[at, place(100.0, 0.0), place(300.0, 0.0)]), Err(ZoneError::Flat));
    assert_eq!(Zone::polygon(&[at; 3]), Err(ZoneError::Flat));
}

#[test]
fn a_line_across_a_zone_touches_it_though_both_ends_are_outside() {
    let zones =
        [Zone::circle(place(500.0, 500.0), 100.0).unwrap(), Zone::polygon(&square(400.0, 400.0, 200.0)).unwrap()];
    let cases = [
        ((0.0, 500.0), (1_000.0, 500.0), true),
        ((0.0, 390.0), (1_000.0, 390.0), false),
        ((0.0, 610.0), (1_000.0, 610.0), false),
        ((500.0, 500.0), (510.0, 510.0), true),
        ((0.0, 0.0), (399.0, 399.0), false),
        ((598.0, 500.0), (1_000.0, 500.0), true),
        ((603.0, 0.0), (603.0, 1_000.0), false),
    ];
    for zone in &zones {
        for (a, b, touches) in cases {
            let (p, q) = (place(a.0, a.1), place(b.0, b.1));
            assert_eq!(zone.touches(p, q), touches, "{a:?} {b:?}");
            assert_eq!(zone.touches(q, p), touches, "{b:?} {a:?}");
        }
    }
}

#[test]
fn a_notch_in_a_polygon_is_outside_it() {
    let corners = [
        (0.0, 0.0),
        (300.0, 0.0),
        (300.0, 300.0),
        (200.0, 300.0),
        (200.0, 100.0),
        (100.0, 100.0),
        (100.0, 300.0),
        (0.0, 300.0),
    ];
    let zone = Zone::polygon(&corners.map(|(e, s)| place(e, s))).unwrap();
    assert!(!zone.touches(place(150.0, 290.0), place(150.0, 120.0)), "in the notch");
    assert!(zone.touches(place(150.0, 290.0), place(150.0, 90.0)), "through its bottom");
    assert!(zone.touches(place(50.0, 290.0), place(250.0, 290.0)), "across both legs");
    assert!(!zone.surely_holds(place(50.0, 290.0), place(250.0, 290.0)), "the notch is between");
    let round = Zone::circle(place(150.0, 150.0), 100.0).unwrap();
    assert!(round.surely_holds(place(60.0, 150.0), place(240.0, 150.0)));
    assert!(!round.surely_holds(place(60.0, 150.0), place(260.0, 150.0)));
}

#[test]
fn the_box_around_a_zone_cuts_nothing_off_it() {
    let zones =
        [Zone::circle(place(500.0, 500.0), 100.0).unwrap(), Zone::polygon(&square(700.0, 400.0, 200.0)).unwrap()];
    let rims = [
        [(400.5, 500.0), (599.5, 500.0), (500.0, 400.5), (500.0, 599.5)],
        [(700.0, 400.0), (900.0, 400.0), (700.0, 600.0), (900.0, 600.0)],
    ];
    let all = Frame::around(&zones);
    for (zone, rim) in zones.iter().zip(rims) {
        for (east, south) in rim {
            let at = place(east, south);
            assert!(zone.contains(at) && all.may_touch(at, at), "{east}, {south}");
        }
    }
    assert!(all.may_touch(place(0.0, 500.0), place(2_000.0, 500.0)), "right across both");
    assert!(!all.may_touch(place(0.0, 500.0), place(390.0, 500.0)));
    assert!(!Frame::around(&[]).may_touch(place(0.0, 0.0), place(1.0, 1.0)));
}

#[test]
fn debug_hides_the_place() {
    let zone = Zone::circle(place(0.0, 0.0), 50.0).unwrap();
    assert_eq!(format!("{zone:?}"), "Zone(hidden)");
}

proptest! {
    #[test]
    fn a_circle_holds_what_the_sphere_says(
        lat in -60.0..60.0f64, lon in -179.0..179.0f64, radius_m in RADIUS_M_MIN..RADIUS_M_MAX,
        share in 0.0..2.0f64, bearing in 0.0..std::f64::consts::TAU,
    ) {
        let center = Position::new(lat, lon).unwrap();
        let away = radius_m * share / 111_195.0;
        let there = Position::new(lat + away * bearing.cos(), lon + away * bearing.sin() / lat.to_radians().cos()).unwrap();
        let zone = Zone::circle(center, radius_m).unwrap();
        let distance_m = center.distance_m(there);
        if distance_m <= radius_m {
            prop_assert!(zone.contains(there), "{distance_m} of {radius_m}");
        } else if distance_m > radius_m * 1.005 + 2.0 * MARGIN_M {
            prop_assert!(!zone.contains(there), "{distance_m} of {radius_m}");
        }
    }

    #[test]
    fn a_line_that_touches_no_zone_has_no_point_in_one(
        corners in proptest::collection::vec((0.0..1_000.0f64, 0.0..1_000.0f64), 3..9),
        a in (0.0..1_000.0f64, 0.0..1_000.0f64), b in (0.0..1_000.0f64, 0.0..1_000.0f64),
    ) {
        let corners: Vec<Position> = corners.into_iter().map(|(e, s)| place(e, s)).collect();
        let Ok(zone) = Zone::polygon(&corners) else { return Ok(()) };
        let (a, b) = (place(a.0, a.1), place(b.0, b.1));
        let points: Vec<Position> = (0..=500).map(|i| a.towards(b, f64::from(i) / 500.0)).collect();
        let is_sampled = points.iter().any(|&p| zone.contains(p));
        prop_assert!(zone.touches(a, b) || !is_sampled, "a point is inside");
        // A line may graze the margin between two points.
        let (step_m, ring) = (a.distance_m(b) / 500.0, corners.iter().map(|&c| zone.flat(c)).collect::<Vec<_>>());
        let is_near = |&p: &Position| sides(&ring).any(|(c, d)| to_segment_m(zone.flat(p), c, d) <= MARGIN_M + step_m);
        prop_assert!(!zone.touches(a, b) || is_sampled || points.iter().any(is_near), "no point is near it");
    }
}
