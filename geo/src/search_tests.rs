//! The ring search held against a look at every entry, all over the world, and its bound against the cells themselves.

use super::{CellIndex, Found, Rings, face_middles, lattice_unit, rings_for_metres};
use crate::cell::{Cell, Grid};
use crate::position::Position;
use crate::road::drawn::Dice;

fn at(lat: f64, lon: f64) -> Position {
    let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
    Position::new(lat.clamp(-90.0, 90.0), lon).unwrap()
}

/// Around a middle, up to `spread` degrees of latitude away.
fn scatter(dice: &mut Dice, middle: Position, spread: f64) -> Position {
    let stretch = middle.lat().to_radians().cos().max(0.05);
    at(middle.lat() + (dice.unit() - 0.5) * spread * 2.0, middle.lon() + (dice.unit() - 0.5) * spread * 2.0 / stretch)
}

/// Seoul; a pentagon of the grid; the edge of a face; the antimeridian; the pole.
fn places() -> Vec<Position> {
    let pentagon = h3o::Resolution::Eight.pentagons().next().map(h3o::LatLng::from).unwrap();
    let middle = |n: usize| face_middles()[n];
    let sum: Vec<f64> = middle(0).iter().zip(middle(1)).map(|(a, b)| a + b).collect();
    let edge = at(sum[2].atan2(sum[0].hypot(sum[1])).to_degrees(), sum[1].atan2(sum[0]).to_degrees());
    vec![at(37.55, 126.98), at(pentagon.lat(), pentagon.lng()), edge, at(-17.8, 179.99), at(89.95, 0.0), at(0.0, 0.0)]
}

fn by_scan(index: &CellIndex<u128, u8>, query: Position, k: usize, least: u8) -> Vec<Found<u128, u8>> {
    let all = index.iter().filter(|e| e.2 >= least);
    let mut found: Vec<_> = all
        .map(|(id, position, value)| Found { id, value, position, distance_m: query.distance_m(position) })
        .collect();
    found.sort_by(Found::order);
    found.truncate(k);
    found
}

#[test]
fn nearest_agrees_with_a_full_scan_everywhere() {
    let (mut queries, mut by_rings) = (0, 0);
    for seed in 0..240 {
        let mut dice = Dice(seed);
        let places = places();
        let middle = places[seed as usize % places.len()];
        let count = [0, 1, 3, 20, 60, 150, 400][dice.below(7)];
        let spread = [0.005, 0.03, 0.13, 0.13, 0.6][dice.below(5)];
        let mut index = CellIndex::new();
        for id in 0..count {
            index.upsert(id as u128, scatter(&mut dice, middle, spread), dice.below(10) as u8);
        }
        for _ in 0..450 {
            let query = scatter(&mut dice, middle, spread * 1.5);
            let (k, least) = (1 + dice.below(12), dice.below(11) as u8);
            let got = index.nearest(query, k, |_, &v| v >= least);
            assert_eq!(got, by_scan(&index, query, k, least), "seed {seed}");
            by_rings += usize::from(index.nearest_by_rings(query, k, &|_, &v| v >= least).is_some());
            queries += 1;
        }
    }
    println!("seeds 0..240: {queries} queries, {by_rings} answered by rings alone");
    assert!(queries > 100_000 && by_rings > queries / 5);
}

#[test]
fn a_dense_city_is_answered_by_rings() {
    let mut dice = Dice(77);
    let mut index = CellIndex::new();
    for id in 0..5000u128 {
        index.upsert(id, scatter(&mut dice, at(37.55, 126.98), 0.13), 0);
    }
    for _ in 0..1500 {
        let query = scatter(&mut dice, at(37.55, 126.98), 0.13);
        let got = index.nearest_by_rings(query, 10, &|_, _| true).expect("dense enough for rings");
        assert_eq!(got, by_scan(&index, query, 10, 0));
    }
}

#[test]
fn within_radius_agrees_with_a_full_scan() {
    for seed in 0..120 {
        let mut dice = Dice(seed + 1000);
        let places = places();
        let middle = places[seed as usize % places.len()];
        let mut index = CellIndex::new();
        for id in 0..[5u128, 500, 3000][dice.below(3)] {
            index.upsert(id, scatter(&mut dice, middle, 0.1), dice.below(10) as u8);
        }
        for _ in 0..20 {
            let query = scatter(&mut dice, middle, 0.12);
            let radius_m = dice.unit() * [200.0, 2000.0, 20_000.0, 300_000.0][dice.below(4)];
            let got = index.within_radius(query, radius_m, |_, &v| v >= 5);
            let mut expected = by_scan(&index, query, usize::MAX, 5);
            expected.retain(|f| f.distance_m <= radius_m);
            assert_eq!(got, expected, "seed {}", seed + 1000);
        }
    }
}

#[test]
fn no_cell_of_a_ring_is_nearer_than_its_bound() {
    let mut dice = Dice(5);
    let (mut tightest, mut rings_seen) = (f64::INFINITY, 0);
    for n in 0..600 {
        // All over the world, evenly, and more often near the special places.
        let query = if n % 2 == 0 {
            at((dice.unit() * 2.0 - 1.0).asin().to_degrees(), dice.unit() * 360.0)
        } else {
            let places = places();
            scatter(&mut dice, places[n % places.len()], 0.3)
        };
        let rings = Rings::around(query);
        for r in 1..12 {
            let Some(cells) = rings.own.ring(r).collect::<Option<Vec<Cell>>>() else { break };
            let corners = cells.iter().flat_map(|c| c.boundary());
            let nearest = corners.map(|c| c.distance_m(query)).fold(f64::INFINITY, f64::min);
            assert!(nearest >= rings.unread_m(r), "ring {r}: {nearest} < {}", rings.unread_m(r));
            if r > 6 {
                tightest = tightest.min(nearest / rings.unread_m(r));
            }
            rings_seen += 1;
        }
    }
    println!("seed 5: {rings_seen} rings, nearest corner at least {tightest:.3} of the bound beyond ring 6");
    assert!(rings_seen > 5000 && tightest < 1.2, "the bound is neither broken nor idle");
}

#[test]
fn the_grid_is_as_the_proof_says() {
    assert_eq!(face_middles().len(), 20);
    // H3 states this constant; it follows from the icosahedron.
    assert!((lattice_unit() - 0.381_966_011_25).abs() < 1e-9, "{}", lattice_unit());
}

#[test]
fn rings_for_metres_are_enough_and_not_many_more() {
    let query = at(37.5666, 126.9782);
    for (radius_m, most) in [(0.0, 1), (100.0, 1), (1000.0, 3), (5000.0, 9), (20_000.0, 36)] {
        let rings = rings_for_metres(query, radius_m).unwrap();
        assert!(rings <= most, "{radius_m} m: {rings}");
    }
    for radius_m in [-1.0, f64::NAN, f64::INFINITY, 100_001.0] {
        assert_eq!(rings_for_metres(query, radius_m), None);
    }
}

#[test]
fn moves_and_removals_leave_one_entry_each() {
    let mut dice = Dice(9);
    let mut index = CellIndex::new();
    let mut model = std::collections::BTreeMap::new();
    for step in 0..20_000u32 {
        let id = dice.below(200) as u128;
        if dice.below(4) == 0 {
            assert_eq!(index.remove(id), model.remove(&id).is_some());
        } else {
            let position = scatter(&mut dice, at(37.55, 126.98), 0.02);
            index.upsert(id, position, step);
            model.insert(id, (position, step));
        }
        assert_eq!(index.get(id), model.get(&id).copied());
    }
    assert_eq!(index.len(), model.len());
    assert_eq!(index.iter().map(|(id, p, v)| (id, (p, v))).collect::<std::collections::BTreeMap<_, _>>(), model);
    let counts = index.counts(|_, _| true);
    assert_eq!(counts.values().sum::<u32>() as usize, model.len());
    assert!(counts.keys().all(|c| c.parent(Grid::District) == *c && c.parent(Grid::Tag) != *c));
    for id in 0..200 {
        index.remove(id);
    }
    assert!(index.is_empty() && index.cells.is_empty());
}
