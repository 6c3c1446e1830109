//! Owns the crowd that every side is asked about: staff over a box of Seoul, 70 % of them evenly and 30 % in five hubs of 1.2 km, 70 %
//! available; moves of 30 m; queries where staff are. The same for every side, from one seed.

use geo::Position;
use harness::figures::SEED;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::f64::consts::TAU;

/// South, west, north, east, degrees: about 1,089 km².
const BOX: [f64; 4] = [37.43, 126.77, 37.70, 127.18];
pub const BOX_KM2: f64 = 1_089.0;
/// Gangnam, City Hall, Hongdae, Jamsil, Seongsu: latitude, longitude.
const HUBS: [(f64, f64); 5] =
    [(37.498, 127.028), (37.566, 126.978), (37.557, 126.924), (37.513, 127.100), (37.544, 127.056)];
const HUB_RADIUS_M: f64 = 1_200.0;
const HUB_SHARE: f64 = 0.3;
const AVAILABLE_SHARE: f64 = 0.7;
const STEP_M: f64 = 30.0;
const METRES_A_DEGREE: f64 = 111_195.0;

/// Nearest asked for.
pub const K: usize = 10;
/// The bit of those who are available.
pub const AVAILABLE: u32 = 1;

pub struct Crowd {
    pub places: Vec<Position>,
    pub available: Vec<bool>,
    dice: StdRng,
}

impl Crowd {
    pub fn new(count: u32) -> Self {
        let mut dice = StdRng::seed_from_u64(SEED);
        let places = (0..count).map(|_| somewhere(&mut dice)).collect();
        let available = (0..count).map(|_| dice.random_bool(AVAILABLE_SHARE)).collect();
        Self { places, available, dice }
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn available_count(&self) -> usize {
        self.available.iter().filter(|&&a| a).count()
    }

    pub fn bits(&self, who: u32) -> u32 {
        u32::from(self.available[who as usize]) * AVAILABLE
    }

    /// Somebody goes 30 m: who, and where to. Stays in the box's neighbourhood: few go far.
    pub fn step(&mut self) -> (u32, Position) {
        let who = self.dice.random_range(0..self.places.len() as u32);
        let to = beside(self.places[who as usize], STEP_M, self.dice.random_range(0.0..TAU));
        self.places[who as usize] = to;
        (who, to)
    }

    pub fn steps(&mut self, count: usize) -> Vec<(u32, Position)> {
        (0..count).map(|_| self.step()).collect()
    }

    pub fn queries(&mut self, count: usize) -> Vec<Position> {
        (0..count).map(|_| somewhere(&mut self.dice)).collect()
    }
}

fn somewhere(dice: &mut StdRng) -> Position {
    if dice.random_bool(HUB_SHARE) {
        let (lat, lon) = HUBS[dice.random_range(0..HUBS.len())];
        let hub = Position::new(lat, lon).expect("a hub is on Earth");
        // The root spreads evenly over the disk.
        return beside(hub, HUB_RADIUS_M * dice.random::<f64>().sqrt(), dice.random_range(0.0..TAU));
    }
    let [south, west, north, east] = BOX;
    Position::new(dice.random_range(south..north), dice.random_range(west..east)).expect("the box is on Earth")
}

fn beside(at: Position, metres: f64, heading: f64) -> Position {
    let north = metres * heading.cos() / METRES_A_DEGREE;
    let east = metres * heading.sin() / (METRES_A_DEGREE * at.lat().to_radians().cos());
    Position::new(at.lat() + north, at.lon() + east).expect("Seoul is far from the edges of the map")
}
