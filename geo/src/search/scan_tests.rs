//! The index's slow twin: everybody in a map from number to place, looked at one by one; and the places on Earth where searches
//! have gone wrong before. The `k` nearest are held against it, with moves between.

use super::lattice::faces;
use super::{CellIndex, Found, Mask};
use crate::position::Position;
use crate::road::drawn::Dice;
use std::collections::BTreeMap;

pub(super) fn at(lat: f64, lon: f64) -> Position {
    let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
    Position::new(lat.clamp(-90.0, 90.0), lon).unwrap()
}

/// Around a middle, up to `spread` degrees of latitude away.
pub(super) fn scatter(dice: &mut Dice, middle: Position, spread: f64) -> Position {
    let stretch = middle.lat().to_radians().cos().max(0.05);
    at(middle.lat() + (dice.unit() - 0.5) * spread * 2.0, middle.lon() + (dice.unit() - 0.5) * spread * 2.0 / stretch)
}

/// Seoul; a pentagon of the grid; the edge of a face, and its middle; the antimeridian; the pole; where the parallels of 60° and the meridians of
/// 175° end the country of the cheap square; nowhere in particular.
pub(super) fn places() -> Vec<Position> {
    let pentagon = h3o::Resolution::Eight.pentagons().next().map(h3o::LatLng::from).unwrap();
    let middle = |n: usize| faces()[n].middle;
    let place = |v: [f64; 3]| at(v[2].atan2(v[0].hypot(v[1])).to_degrees(), v[1].atan2(v[0]).to_degrees());
    let edge = place(std::array::from_fn(|i| middle(0)[i] + middle(1)[i]));
    vec![
        at(37.55, 126.98),
        at(pentagon.lat(), pentagon.lng()),
        edge,
        place(middle(7)),
        at(-17.8, 179.99),
        at(89.95, 0.0),
        at(60.0, 25.0),
        at(-12.0, -175.0),
        at(0.0, 0.0),
    ]
}

/// The slow twin.
#[derive(Default)]
pub(super) struct Twin {
    pub(super) index: CellIndex,
    pub(super) model: BTreeMap<u32, (Position, u32)>,
}

impl Twin {
    pub(super) fn crowd(dice: &mut Dice, count: u32, middle: Position, spread: f64) -> Self {
        let mut twin = Self::default();
        (0..count).for_each(|who| twin.put(who, scatter(dice, middle, spread), dice.below(16) as u32));
        twin
    }

    pub(super) fn put(&mut self, who: u32, position: Position, bits: u32) {
        self.index.upsert(who, position, bits);
        self.model.insert(who, (position, bits));
    }

    pub(super) fn remove(&mut self, who: u32) {
        assert_eq!(self.index.remove(who), self.model.remove(&who).is_some());
    }

    /// What writers do: one moves a little, a lot, changes bits or leaves.
    pub(super) fn stir(&mut self, dice: &mut Dice, middle: Position, spread: f64) {
        let who = dice.below(self.model.len() + 2) as u32;
        match (dice.below(8), self.model.get(&who)) {
            (0, _) => self.remove(who),
            (1, Some(&(position, _))) => {
                let bits = dice.below(16) as u32;
                assert!(self.index.set_bits(who, bits));
                self.model.insert(who, (position, bits));
            }
            (2 | 3, _) | (_, None) => self.put(who, scatter(dice, middle, spread), dice.below(16) as u32),
            (_, Some(&(position, bits))) => self.put(who, scatter(dice, position, 0.000_3), bits),
        }
    }

    pub(super) fn all(&self, query: Position, mask: Mask) -> Vec<Found> {
        let all = self.model.iter().filter(|(_, (_, bits))| mask.passes(*bits));
        let mut found: Vec<Found> = all
            .map(|(&who, &(position, bits))| Found { who, bits, position, distance_m: query.distance_m(position) })
            .collect();
        found.sort_by(Found::order);
        found
    }

    pub(super) fn nearest(&self, query: Position, k: usize, mask: Mask) -> Vec<Found> {
        let mut found = self.all(query, mask);
        found.truncate(k);
        found
    }
}

fn any_mask(dice: &mut Dice) -> Mask {
    [Mask::ANY, Mask::new(1, 0), Mask::new(2, 4), Mask::new(0, 8), Mask::new(15, 0), Mask::new(16, 0)][dice.below(6)]
}

#[test]
fn nearest_agrees_with_a_full_scan_everywhere_with_writers_between() {
    let (mut queries, mut by_rings) = (0, 0);
    for seed in 0..252 {
        let mut dice = Dice(seed);
        let places = places();
        let middle = places[seed as usize % places.len()];
        let count = [0, 1, 3, 20, 60, 150, 400][dice.below(7)];
        let spread = [0.005, 0.03, 0.13, 0.13, 0.6, 3.0][dice.below(6)];
        let mut twin = Twin::crowd(&mut dice, count, middle, spread);
        for _ in 0..400 {
            for _ in 0..dice.below(4) {
                twin.stir(&mut dice, middle, spread);
            }
            let query = scatter(&mut dice, middle, spread * 1.5);
            let (k, mask) = (1 + dice.below(12), any_mask(&mut dice));
            let got = twin.index.nearest(query, k, mask, |_| true);
            assert_eq!(got, twin.nearest(query, k, mask), "seed {seed}");
            by_rings += usize::from(twin.index.nearest_by_rings(query, k, mask, &|_| true).is_some());
            queries += 1;
        }
    }
    println!("seeds 0..252: {queries} queries, {by_rings} answered by rings alone");
    assert!(queries > 100_000 && by_rings > queries / 10);
}

#[test]
fn a_dense_crowd_is_answered_by_rings_wherever_it_stands() {
    let mut dice = Dice(77);
    for middle in places() {
        let mut twin = Twin::crowd(&mut dice, 5_000, middle, 0.13);
        for _ in 0..100 {
            twin.stir(&mut dice, middle, 0.13);
            let query = scatter(&mut dice, middle, 0.13);
            let got = twin.index.nearest_by_rings(query, 10, Mask::ANY, &|_| true).expect("dense enough for rings");
            assert_eq!(got, twin.nearest(query, 10, Mask::ANY));
        }
    }
}

#[test]
fn all_at_one_place_are_told_apart_by_number() {
    let mut twin = Twin::default();
    let place = at(37.55, 126.98);
    (0..300).rev().for_each(|who| twin.put(who, place, 0));
    (300..400).for_each(|who| twin.put(who, at(37.55, 126.980_000_1), 0));
    for query in [place, at(37.551, 126.98), at(37.3, 126.5)] {
        for k in [1, 10, 299, 350, 1_000, usize::MAX] {
            assert_eq!(twin.index.nearest(query, k, Mask::ANY, |_| true), twin.nearest(query, k, Mask::ANY));
        }
    }
}

#[test]
fn the_filter_is_obeyed_and_asked_of_the_near_only() {
    let mut dice = Dice(3);
    let middle = at(37.55, 126.98);
    let twin = Twin::crowd(&mut dice, 5_000, middle, 0.13);
    for _ in 0..200 {
        let query = scatter(&mut dice, middle, 0.1);
        let asked = std::cell::Cell::new(0);
        let got = twin.index.nearest(query, 10, Mask::new(1, 2), |who| {
            asked.set(asked.get() + 1);
            who % 3 == 0
        });
        let mut expected = twin.all(query, Mask::new(1, 2));
        expected.retain(|f| f.who % 3 == 0);
        expected.truncate(10);
        assert_eq!(got, expected);
        assert!(asked.get() < 1_000, "{}", asked.get());
    }
}

#[test]
fn those_at_nearly_one_distance_are_told_apart_by_the_true_one() {
    let mut dice = Dice(15);
    for middle in [at(37.55, 126.98), at(-55.0, 10.0), at(59.0, 25.0), at(0.0, 0.0)] {
        for away_m in [500.0, 8_000.0, 60_000.0] {
            let mut twin = Twin::default();
            // On a circle, off it by what the cheap square is wrong by.
            for who in 0..300 {
                let place = scatter(&mut dice, middle, away_m / 90_000.0);
                let wanted_m = away_m * (1.0 + (dice.unit() - 0.5) * 1e-4);
                let fraction = wanted_m / middle.distance_m(place);
                let on = |from: i32, to: i32| f64::from(from) + f64::from(to - from) * fraction;
                let lat = on(middle.lat_e7(), place.lat_e7()) as i32;
                let lon = on(middle.lon_e7(), place.lon_e7()) as i32;
                twin.put(who, Position::from_e7(lat, lon).unwrap(), 0);
            }
            for k in [1, 5, 10, 40, 150] {
                assert_eq!(twin.index.nearest(middle, k, Mask::ANY, |_| true), twin.nearest(middle, k, Mask::ANY));
            }
        }
    }
}
