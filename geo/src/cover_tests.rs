//! Facts about covering a box: nobody in it is outside of its units, and the units are not the whole city.

use super::*;
use proptest::prelude::*;

fn around(lat: f64, lon: f64, up: f64, out: f64) -> Bounds {
    Bounds { west: lon - out, south: lat - up, east: lon + out, north: lat + up }
}

#[test]
fn a_screen_of_a_few_streets_has_a_few_units() {
    let bounds = around(37.5514, 126.9883, 0.02, 0.035);
    let units = cover(&bounds, Grid::District).unwrap().len();
    assert!((2..=26).contains(&units), "{units}");
    assert!(cover(&bounds, Grid::Tag).unwrap().len() <= 3);
}

#[test]
fn a_box_that_is_too_large_is_everything() {
    assert!(cover(&around(37.5, 127.0, 1.0, 1.0), Grid::Tag).is_none());
    assert!(cover(&around(0.0, 0.0, 90.0, 180.0), Grid::Tag).is_none());
    assert!(cover(&around(37.5, 127.0, 0.2, 0.2), Grid::Tag).is_some());
}

proptest! {
    #[test]
    fn nobody_in_the_box_is_outside_of_its_units(
        (lat, lon) in (-60.0..60.0f64, -179.0..179.0f64),
        (up, out) in (0.001..0.2f64, 0.001..0.25f64),
        (u, v) in (-1.0..=1.0f64, -1.0..=1.0f64),
        is_coarse: bool,
    ) {
        let grid = if is_coarse { Grid::Tag } else { Grid::District };
        let at = Position::new(lat + up * u, lon + out * v).unwrap();
        if let Some(units) = cover(&around(lat, lon, up, out), grid) {
            prop_assert!(units.contains(&unit_of(at, grid)));
        }
    }
}
