//! The plane geometry held against the H3 grid itself, all over the world.

use super::{
    FACES, REACH_M, STEPS_TO_CORNER, Spot, VIEW_COSINE_MIN, View, faces, hexagon_m_max, rings_for_metres, unit,
};
use crate::cell::{Cell, Grid};
use crate::position::Position;
use crate::road::drawn::Dice;
use crate::search::scan_tests::{at, places, scatter};
use std::collections::HashMap;

/// All over the world, evenly, and more often near the special places.
fn anywhere(dice: &mut Dice, n: usize) -> Position {
    if n.is_multiple_of(2) {
        return at((dice.unit() * 2.0 - 1.0).asin().to_degrees(), dice.unit() * 360.0);
    }
    let places = places();
    scatter(dice, places[n / 2 % places.len()], 0.3)
}

#[test]
fn the_grid_is_as_the_proof_says() {
    assert_eq!(faces().len(), FACES);
    // H3 states this constant for resolution 0; it follows from the icosahedron.
    assert!((unit() * STEPS_TO_CORNER / 2.0 - 0.381_966_011_25).abs() < 1e-10, "{}", unit());
    const { assert!(VIEW_COSINE_MIN > 0.0, "a plane has no other side") };
}

#[test]
fn a_spot_is_an_h3_cell() {
    let mut dice = Dice(11);
    let (mut inside, mut border) = (0, 0);
    for n in 0..60_000 {
        let position = anywhere(&mut dice, n);
        let spot = Spot::at(position);
        let cell = Cell::of(position, Grid::Index);
        let Some(known) = spot.inside() else {
            border += 1;
            continue;
        };
        inside += 1;
        let own = Cell::of(known.middle, Grid::Index);
        assert!(known.middle.distance_m(own.center()) < 0.1, "{n}: the middles are one");
        assert!(known.middle.distance_m(position) < hexagon_m_max());
        if own != cell {
            // Only within the rounding of H3's own arithmetic of the border: a step towards the middle ends the quarrel.
            let step = 0.1 / position.distance_m(known.middle);
            assert_eq!(Cell::of(position.towards(known.middle, step), Grid::Index), own, "{n}");
        }
    }
    println!("seed 11: {inside} inside a face, {border} at its border, beyond 60° or at the antimeridian");
    assert!(inside > 20_000 && border > 1_000);
}

#[test]
fn spots_of_one_cell_are_one_on_each_face() {
    let mut dice = Dice(12);
    for middle in places() {
        let mut spots: HashMap<(Cell, u8), Spot> = HashMap::new();
        for _ in 0..3_000 {
            let position = scatter(&mut dice, middle, 0.02);
            let cell = Cell::of(position, Grid::Index);
            // Not those whom rounding may put on either side of a border.
            let is_clear = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)].iter().all(|(north, east)| {
                let beside = at(position.lat() + north * 1e-6, position.lon() + east * 1e-6);
                Cell::of(beside, Grid::Index) == cell
            });
            if is_clear {
                let spot = Spot::at(position);
                assert_eq!(*spots.entry((cell, spot.face)).or_insert(spot), spot);
            }
        }
        assert!(spots.len() > 4);
    }
}

#[test]
fn surely_inside_is_inside() {
    let mut dice = Dice(13);
    let mut nearly_out = 0;
    for n in 0..20_000 {
        let position = anywhere(&mut dice, n);
        let spot = Spot::at(position);
        if let Some(known) = spot.inside() {
            let far = position.distance_m(known.middle) / known.within_m;
            // Anybody just within the distance, in the same direction.
            let edge = known.middle.towards(position, 0.999_9 / far.max(1.0));
            assert_eq!(Spot::at(edge), spot, "{n}");
            nearly_out += usize::from(far > 1.0);
        }
    }
    assert!(nearly_out > 300, "{nearly_out}");
}

#[test]
fn nothing_is_nearer_than_its_bound() {
    let mut dice = Dice(5);
    let (mut tightest, mut abroad) = (f64::INFINITY, 0);
    for n in 0..40_000 {
        let query = anywhere(&mut dice, n);
        let spread = [0.01, 0.05, 0.2, 0.8][dice.below(4)];
        let other = scatter(&mut dice, query, spread);
        let spot = Spot::at(other);
        let true_m = query.distance_m(other);
        let (home, others_m) = View::home(query);
        let view = if spot.face == home.face() {
            home
        } else {
            let there = home.abroad().find(|v| v.face == spot.face).unwrap();
            assert!(there.least_m >= others_m);
            assert!(true_m >= there.least_m, "{n}: a face is {} away, not {true_m}", there.least_m);
            abroad += 1;
            there.view().expect("a face nearby is in view")
        };
        let (a, b) = (i32::from(spot.a), i32::from(spot.b));
        let bound = view.hexagon_m(a, b);
        assert!(true_m >= bound, "{n}: {true_m} < {bound}");
        let (da, db) = (a - i32::from(view.own.a), b - i32::from(view.own.b));
        let r = da.abs().max(db.abs()).max((da + db).abs()) as u32;
        assert!(true_m >= view.unread_m(r), "{n}, ring {r}: {true_m} < {}", view.unread_m(r));
        if r < 50 {
            let mut is_there = false;
            view.each_in_ring(r, |x, y| is_there |= (x, y) == (a, b));
            assert!(is_there, "it is in its ring");
        }
        if (10_000.0..REACH_M).contains(&true_m) {
            tightest = tightest.min(true_m / bound);
        }
    }
    println!("seed 5: {abroad} on another face; beyond 10 km at least {tightest:.3} of the bound");
    assert!(abroad > 500 && tightest < 1.1, "the bound is neither broken nor idle");
}

#[test]
fn a_ring_is_each_hexagon_once() {
    let (view, _) = View::home(at(37.55, 126.98));
    let mut seen = std::collections::HashSet::new();
    for r in 0..40 {
        let mut ring = Vec::new();
        view.each_in_ring(r, |a, b| ring.push((a, b)));
        assert_eq!(ring.len(), if r == 0 { 1 } else { 6 * r as usize });
        assert!(ring.into_iter().all(|hexagon| seen.insert(hexagon)));
    }
}

#[test]
fn no_cell_of_a_ring_is_nearer_than_the_rings_for_metres_say() {
    let mut dice = Dice(6);
    let mut rings_seen = 0;
    for n in 0..600 {
        let query = anywhere(&mut dice, n);
        for radius_m in [0.0, 300.0, 1_000.0, 2_500.0, 6_000.0] {
            let rings = rings_for_metres(query, radius_m).unwrap();
            let own = Cell::of(query, Grid::Index);
            let Some(cells) = own.ring(rings + 1).collect::<Option<Vec<Cell>>>() else { break };
            let corners = cells.iter().flat_map(|c| c.boundary());
            let nearest = corners.map(|c| c.distance_m(query)).fold(f64::INFINITY, f64::min);
            assert!(nearest > radius_m, "{n}, ring {}: {nearest} < {radius_m}", rings + 1);
            rings_seen += 1;
        }
    }
    assert!(rings_seen > 2_500);
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
