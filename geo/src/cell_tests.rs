//! Cells as numbers, text and shapes.

use super::{COUNT_RESOLUTION, Cell, CellError, INDEX_RESOLUTION};
use crate::position::Position;

fn city_hall() -> Position {
    Position::new(37.5666, 126.9782).unwrap()
}

#[test]
fn numbers_and_text_come_back() {
    let cell = Cell::of(city_hall());
    assert_eq!(Cell::from_u64(cell.to_u64()), Ok(cell));
    assert_eq!(cell.to_string().parse(), Ok(cell));
    assert_eq!(cell.to_string().len(), 15);
    assert_eq!(format!("{cell:?}"), "Cell(hidden)");
}

#[test]
fn what_is_no_cell_is_refused() {
    for text in ["", "x", "+8830e1d8d1fffff", "0", "ffffffffffffffff", "8830e1d8d1fffff8830e1d8d1fffff", "서울"] {
        assert_eq!(text.parse::<Cell>(), Err(CellError::NotACell), "{text}");
    }
    assert_eq!(Cell::from_u64(0), Err(CellError::NotACell));
    assert_eq!(Cell::at_resolution(city_hall(), 16), Err(CellError::NoSuchResolution));
}

#[test]
fn a_cell_holds_its_middle_and_lies_in_its_parent() {
    let cell = Cell::of(city_hall());
    assert_eq!(cell.resolution(), INDEX_RESOLUTION);
    assert_eq!(Cell::of(cell.centre()), cell);
    assert_eq!(cell.parent(COUNT_RESOLUTION), Some(Cell::coarse(cell.centre())));
    assert_eq!(cell.parent(9), None);
    assert_eq!(cell.boundary().len(), 6);
    assert!(cell.boundary().iter().all(|c| (350.0..700.0).contains(&c.distance_m(cell.centre()))));
}

#[test]
fn the_ends_of_the_world_have_cells() {
    for (lat, lon) in [(90.0, 0.0), (-90.0, 12.0), (0.0, 180.0), (0.0, -180.0), (64.7, 10.536)] {
        let cell = Cell::of(Position::new(lat, lon).unwrap());
        assert!(cell.boundary().len() >= 5);
    }
}
