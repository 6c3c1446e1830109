//! The cheap square held against the haversine up to its reach, where it is used.

use super::{BAND, ERROR, Squares, is_measured_by_degrees, square_of};
use crate::position::EARTH_RADIUS_M;
use crate::road::drawn::Dice;
use crate::search::scan_tests::{at, scatter};

#[test]
fn the_cheap_square_is_as_good_as_proved() {
    let mut dice = Dice(21);
    let (mut worst, mut within, mut beyond): (f64, _, _) = (0.0, 0, 0);
    for _ in 0..200_000 {
        let query = at(dice.unit() * 120.0 - 60.0, dice.unit() * 350.0 - 175.0);
        let spread = [0.000_01, 0.001, 0.1, 1.0, 3.0, 80.0][dice.below(6)];
        let other = scatter(&mut dice, query, spread);
        let squares = Squares::from(query);
        assert!(squares.is_cheap && is_measured_by_degrees(query));
        let angle = query.distance_m(other) / EARTH_RADIUS_M;
        let Some(cheap) = squares.up_to(squares.most())(other) else {
            beyond += 1;
            assert!(angle * angle > squares.most() * (1.0 - ERROR));
            continue;
        };
        assert_eq!(squares.up_to(cheap)(other), Some(cheap));
        assert_eq!(squares.up_to(cheap * 0.999 - f64::MIN_POSITIVE)(other), None);
        if angle > 1e-7 {
            within += 1;
            worst = worst.max((angle * angle / cheap - 1.0).abs());
            assert!(cheap <= square_of(query.distance_m(other)));
        }
    }
    println!("seed 21: {within} within reach, off by {worst:.2e} at most; {beyond} beyond");
    assert!(worst < ERROR && within > 100_000 && beyond > 10_000);
    const { assert!(BAND >= 2.0 * ERROR / (1.0 - ERROR)) };
}

#[test]
fn elsewhere_the_true_square_is_taken() {
    for query in [at(60.1, 25.0), at(-75.0, 10.0), at(0.0, 175.1), at(0.0, -179.0), at(90.0, 0.0)] {
        let squares = Squares::from(query);
        assert!(!squares.is_cheap && squares.most().is_infinite());
        let other = at(query.lat() - 1.0, query.lon() + 3.0);
        let square = (query.distance_m(other) / EARTH_RADIUS_M).powi(2);
        assert_eq!(squares.up_to(f64::INFINITY)(other), Some(square));
    }
}

#[test]
fn a_distance_by_series_is_the_haversine() {
    let mut dice = Dice(22);
    for _ in 0..100_000 {
        let from = at(dice.unit() * 180.0 - 90.0, dice.unit() * 360.0);
        let spread = [0.000_01, 0.01, 1.0, 1.3, 40.0][dice.below(5)];
        let to = scatter(&mut dice, from, spread);
        let (a, b) = (from.lat().to_radians(), to.lat().to_radians());
        let half_lon = (to.lon() - from.lon()).to_radians() / 2.0;
        let h = ((b - a) / 2.0).sin().powi(2) + a.cos() * b.cos() * half_lon.sin().powi(2);
        let plain_m = 2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin();
        let got_m = from.distance_m(to);
        assert!((got_m - plain_m).abs() <= plain_m * 1e-15 * 4.0, "{got_m} {plain_m}");
        assert_eq!(got_m.to_bits(), to.distance_m(from).to_bits(), "the same there and back");
    }
}
