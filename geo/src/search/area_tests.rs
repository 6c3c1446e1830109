//! Radius, box and polygon held against a look at everybody.

use crate::position::{Bounds, Position};
use crate::road::drawn::Dice;
use crate::search::scan_tests::{Twin, at, places, scatter};
use crate::search::{Mask, Polygon};

fn sorted(mut who: Vec<u32>) -> Vec<u32> {
    who.sort_unstable();
    who
}

/// A crowd at each of the places, with writers between the queries.
fn each_crowd(seeds: std::ops::Range<u64>, mut check: impl FnMut(&Twin, &mut Dice, Position, f64)) {
    for seed in seeds {
        let mut dice = Dice(seed);
        let places = places();
        let middle = places[seed as usize % places.len()];
        let count = [5, 500, 3_000][dice.below(3)];
        let spread = [0.1, 0.1, 1.5][dice.below(3)];
        let mut twin = Twin::crowd(&mut dice, count, middle, spread);
        for _ in 0..25 {
            (0..20).for_each(|_| twin.stir(&mut dice, middle, spread));
            check(&twin, &mut dice, middle, spread);
        }
    }
}

#[test]
fn within_radius_agrees_with_a_full_scan() {
    each_crowd(1_000..1_126, |twin, dice, middle, spread| {
        let query = scatter(dice, middle, spread * 1.2);
        let radius_m = dice.unit() * [200.0, 2_000.0, 20_000.0, 70_000.0, 120_000.0, 1_000_000.0][dice.below(6)];
        let got = twin.index.within_radius(query, radius_m, Mask::new(1, 0), |who| who % 7 != 0);
        let mut expected = twin.all(query, Mask::new(1, 0));
        expected.retain(|f| f.distance_m <= radius_m && f.who % 7 != 0);
        assert_eq!(got, expected);
    });
}

#[test]
fn within_bounds_agrees_with_a_full_scan() {
    let mut found = 0;
    each_crowd(2_000..2_126, |twin, dice, middle, spread| {
        let (a, b) = (scatter(dice, middle, spread * 1.2), scatter(dice, middle, spread * 1.2));
        let bounds = Bounds::around([a, b]).unwrap();
        let mut got = Vec::new();
        twin.index.within_bounds(&bounds, Mask::new(0, 2), |who| {
            got.push(who);
        });
        let all = twin.model.iter().filter(|(_, (p, bits))| bounds.contains(*p) && bits & 2 == 0);
        assert_eq!(sorted(got), all.map(|(who, _)| *who).collect::<Vec<_>>());
        found += usize::from(twin.model.values().any(|(p, _)| bounds.contains(*p)));
    });
    assert!(found > 1_000, "{found} boxes held somebody");
}

#[test]
fn edges_of_a_box_belong_to_it() {
    let mut twin = Twin::default();
    let bounds = Bounds { west: 126.98, south: 37.55, east: 126.99, north: 37.56 };
    let mut who = 0;
    for lat in [375_499_999, 375_500_000, 375_600_000, 375_600_001] {
        for lon in [1_269_799_999, 1_269_800_000, 1_269_900_000, 1_269_900_001] {
            twin.put(who, Position::from_e7(lat, lon).unwrap(), 0);
            who += 1;
        }
    }
    let mut got = Vec::new();
    twin.index.within_bounds(&bounds, Mask::ANY, |who| got.push(who));
    assert_eq!(sorted(got), [5, 6, 9, 10]);
}

#[test]
fn the_whole_world_and_no_world_are_boxes() {
    let mut dice = Dice(4);
    let twin = Twin::crowd(&mut dice, 500, at(0.0, 0.0), 80.0);
    let count = |west: f64, south: f64, east: f64, north: f64| {
        let mut n = 0;
        twin.index.within_bounds(&Bounds { west, south, east, north }, Mask::ANY, |_| n += 1);
        n
    };
    assert_eq!(count(-180.0, -90.0, 180.0, 90.0), 500);
    assert_eq!(count(-400.0, -100.0, 400.0, 100.0), 500);
    assert_eq!(count(10.0, 10.0, 5.0, 5.0), 0);
    assert_eq!(count(f64::NAN, 0.0, 1.0, 1.0), 0);
}

#[test]
fn within_polygon_agrees_with_a_full_scan() {
    let mut found = 0;
    each_crowd(3_000..3_126, |twin, dice, middle, spread| {
        let size = spread * [0.05, 0.4, 1.0][dice.below(3)];
        let center = scatter(dice, middle, spread);
        // Any corners: sides may cross one another.
        let corners = (0..3 + dice.below(9)).map(|_| scatter(dice, center, size)).collect();
        let polygon = Polygon::new(corners).unwrap();
        let mut got = Vec::new();
        twin.index.within_polygon(&polygon, Mask::new(4, 0), |who| got.push(who));
        let all = twin.model.iter().filter(|(_, (p, bits))| polygon.contains(*p) && bits & 4 != 0);
        let expected: Vec<u32> = all.map(|(who, _)| *who).collect();
        found += usize::from(!expected.is_empty());
        assert_eq!(sorted(got), expected);
    });
    assert!(found > 500, "{found} polygons held somebody");
}
