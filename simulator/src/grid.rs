//! Owns a small map for tests: a square grid of two-way streets around Seoul's city hall.

use crate::city::City;
use geo::road::RoadMap;
use geo::road::data::{Access, MapData, RoadClass, Way};
use geo::{Bounds, Position};
use std::sync::Arc;

/// Junctions on a side, 120 m apart.
const SIDE: u32 = 40;

pub(crate) fn city() -> City {
    City::new(Arc::new(RoadMap::build(data())))
}

fn data() -> MapData {
    let middle = f64::from(SIDE) / 2.0;
    let junction = |i: u32| {
        let (row, column) = (f64::from(i / SIDE) - middle, f64::from(i % SIDE) - middle);
        Position::new(37.5663 + row * 0.00108, 126.9779 + column * 0.00136).unwrap()
    };
    let nodes: Vec<Position> = (0..SIDE * SIDE).map(junction).collect();
    let street = |nodes: Vec<u32>| Way {
        nodes,
        class: RoadClass::Residential,
        name: Way::NO_NAME,
        drive: Access::Both,
        walk: Access::Both,
        cycle: Access::Both,
        drive_kmh: 30,
        walk_kmh_tenths: 45,
        cycle_kmh_tenths: 150,
        bridge: false,
        tunnel: false,
    };
    let rows = (0..SIDE).map(|r| street((0..SIDE).map(|c| r * SIDE + c).collect()));
    let columns = (0..SIDE).map(|c| street((0..SIDE).map(|r| r * SIDE + c).collect()));
    MapData {
        name: "grid".to_owned(),
        attribution: "made for a test".to_owned(),
        generated: false,
        bounds: Bounds::around(nodes.iter().copied()).unwrap(),
        ways: rows.chain(columns).collect(),
        nodes,
        marks: Vec::new(),
        restrictions: Vec::new(),
        subway: geo::road::subway::Subway::default(),
        names: Vec::new(),
        areas: Vec::new(),
        labels: Vec::new(),
    }
}
