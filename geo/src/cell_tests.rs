//! Cells as numbers, text and shapes.

use super::{Cell, CellError, Fineness, Grid};
use crate::position::Position;

fn city_hall() -> Position {
    Position::new(37.5666, 126.9782).unwrap()
}

#[test]
fn numbers_and_text_come_back() {
    let cell = Cell::of(city_hall(), Grid::Index);
    assert_eq!(Cell::from_u64(cell.to_u64()), Some(cell));
    assert_eq!(cell.to_string().parse(), Ok(cell));
    assert_eq!(cell.to_string().len(), 15);
    assert_eq!(format!("{cell:?}"), "Cell(hidden)");
}

#[test]
fn what_is_no_cell_is_refused() {
    for text in ["", "x", "+8830e1d8d1fffff", "0", "ffffffffffffffff", "8830e1d8d1fffff8830e1d8d1fffff", "서울"] {
        assert_eq!(text.parse::<Cell>(), Err(CellError), "{text}");
    }
    assert_eq!(Cell::from_u64(0), None);
}

#[test]
fn a_cell_holds_its_middle_and_lies_in_its_parent() {
    let cell = Cell::of(city_hall(), Grid::Index);
    assert_eq!(Cell::of(cell.center(), Grid::Index), cell);
    assert_eq!(cell.parent(Grid::District), Cell::of(cell.center(), Grid::District));
    assert_eq!(cell.parent(Grid::Index), cell);
    assert_eq!(cell.parent(Grid::District).parent(Grid::Index), cell.parent(Grid::District));
    assert_eq!(cell.boundary().len(), 6);
    assert!(cell.boundary().iter().all(|c| (350.0..700.0).contains(&c.distance_m(cell.center()))));
}

#[test]
fn the_ends_of_the_world_have_cells() {
    for (lat, lon) in [(90.0, 0.0), (-90.0, 12.0), (0.0, 180.0), (0.0, -180.0), (64.7, 10.536)] {
        let cell = Cell::of(Position::new(lat, lon).unwrap(), Grid::Index);
        assert!(cell.boundary().len() >= 5);
    }
}

#[test]
fn a_zoom_has_cells_that_can_be_read_at_it() {
    assert_eq!(Fineness::of_resolution(16), None);
    assert_eq!((Fineness::of_zoom(0).resolution(), Fineness::of_zoom(255).resolution()), (0, 15));
    let mut before = Fineness::of_zoom(0);
    for zoom in 3..=22 {
        let grid = Fineness::of_zoom(zoom);
        let cell = Cell::of(city_hall(), grid);
        assert_eq!(cell.fineness(), grid);
        let corners = cell.boundary();
        let wide_m = corners.iter().map(|c| c.distance_m(cell.center())).sum::<f64>() / 6.0 * 3f64.sqrt();
        let pixel_m = 156_543.0 * 37f64.to_radians().cos() / f64::from(1u32 << zoom);
        assert!((40.0..150.0).contains(&(wide_m / pixel_m)), "zoom {zoom}: {} pixels", wide_m / pixel_m);
        assert!(grid >= before);
        before = grid;
    }
}
