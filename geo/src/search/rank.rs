//! Owns how entries are ranked while scanning: by a cheap square of the distance, proved to be near enough to the true one that
//! keeping a little more than the best `k` by it keeps the true best `k`, which are then told apart by the haversine.
//!
//! # The cheap square
//!
//! From a query at latitude `φ`, with `c = cos φ` and `s = sin φ`, to an entry `δ` farther north and `λ` farther east (radians), the haversine
//! has `4h = 4 sin²(δ/2) + 4 c cos(φ+δ) sin²(λ/2)`. The cheap square is `A = δ² + c (c - s δ) λ²`. Let the query be within ±60°, so that
//! `c ≥ 1/2`, and `A ≤ A_max`, the square of the angle of [`REACH_M`], 0.0157. Then `|δ| ≤ 0.0157`, `c - s δ ≥ 0.486` and `λ² ≤ 4.2 A`, and the
//! errors against `A` are
//!
//! - of `sin²(δ/2)`: at most `δ²/12`;
//! - of `cos(φ+δ) = c - s δ + r` with `|r| ≤ 0.51 δ²`: at most `0.51 δ² / 0.486 < 1.1 δ²`;
//! - of `sin²(λ/2)`: at most `λ²/12 · 1.01 < 0.36 A`,
//!
//! together less than `1.6 A_max = 3.9 · 10⁻⁴`; the square of the angle itself is `4h (1 + h/3 + …)`, 2·10⁻⁵ more. So with
//! [`ERROR`] `= 5 · 10⁻⁴` the true square lies in `A (1 ± ERROR)`. Whoever has `A > A_k (1 + BAND)`, `A_k` being the k-th least and
//! `BAND ≥ 2 ERROR / (1 - ERROR)`, is truly farther than each of `k` others.
//!
//! Whoever has `A > A_max` is farther than `REACH_M (1 - ERROR)`: if `|δ|` is larger than the angle of
//! `A_max`, by that alone (the formula is not asked then); else because the haversine grows with `|λ|`, and the query's longitude within ±175° keeps 268 km between it and the
//! antimeridian, where degrees wrap. Elsewhere on Earth the square of the true distance is taken, for all.

use super::lattice::REACH_M;
use super::mask::Mask;
use super::{Entry, Found};
use crate::position::{EARTH_RADIUS_M, Origin, Position};

/// Relative error of the cheap square.
const ERROR: f64 = 5e-4;
/// Kept beyond the k-th by the cheap square.
const BAND: f64 = 4.0 * ERROR;

/// Whether degrees measure there: the cheap square's conditions.
pub(super) fn is_measured_by_degrees(at: Position) -> bool {
    at.lat_e7().abs() <= 600_000_000 && at.lon_e7().abs() <= 1_750_000_000
}

/// No less than the square, cheap or true, of any distance up to so many metres.
pub(super) fn square_of(metres: f64) -> f64 {
    (metres / EARTH_RADIUS_M).powi(2) * (1.0 + 2.0 * ERROR)
}

/// Squares of distances from one query.
#[derive(Clone, Copy)]
pub(super) struct Squares {
    query: Origin,
    lat: i32,
    lon: f64,
    /// `c²` and `c s` for differences in units of 10⁻⁷ degree.
    cosine: f64,
    sine: f64,
    is_cheap: bool,
}

/// 10⁻⁷ degree in radians.
const UNIT: f64 = std::f64::consts::PI / 180.0 / 1e7;

impl Squares {
    pub(super) fn from(query: Position) -> Self {
        let (sine, cosine) = query.lat().to_radians().sin_cos();
        Self {
            query: Origin::at(query),
            lat: query.lat_e7(),
            lon: f64::from(query.lon_e7()),
            cosine: cosine * cosine * UNIT * UNIT,
            sine: sine * cosine * UNIT * UNIT * UNIT,
            is_cheap: is_measured_by_degrees(query),
        }
    }

    /// Without the cheap square: for what lies beyond its reach.
    pub(super) fn true_from(query: Position) -> Self {
        Self { is_cheap: false, ..Self::from(query) }
    }

    /// Above it a square says no more than that the entry is farther than the cheap square reaches.
    pub(super) fn most(&self) -> f64 {
        if self.is_cheap { (REACH_M / EARTH_RADIUS_M).powi(2) } else { f64::INFINITY }
    }

    /// Whoever is farther north or south has a greater square, 10⁻⁷ degree.
    fn band(&self, square: f64) -> u32 {
        if self.is_cheap { (square.min(self.most()).sqrt() * (1.0 / UNIT)) as u32 + 1 } else { u32::MAX }
    }

    /// Whoever has a square up to `limit`, with it. Most of a crowded hexagon is passed over by the latitude alone.
    #[inline]
    pub(super) fn up_to(self, limit: f64) -> impl Fn(Position) -> Option<f64> {
        let band = self.band(limit);
        move |to| {
            if to.lat_e7().abs_diff(self.lat) > band {
                return None;
            }
            let square = if self.is_cheap {
                // No larger than the band, so that the second term's factor is positive.
                let north = f64::from(to.lat_e7() - self.lat);
                let east = f64::from(to.lon_e7()) - self.lon;
                north * north * (UNIT * UNIT) + (self.cosine - self.sine * north) * (east * east)
            } else {
                (self.query.distance_m(to) / EARTH_RADIUS_M).powi(2)
            };
            (square <= limit).then_some(square)
        }
    }
}

/// The best `k` by square, with those whom the error of the squares may hide among them.
pub(super) struct Best {
    squares: Squares,
    k: usize,
    /// All that were let in since the last settling, and the best of before.
    kept: Vec<(f64, Entry)>,
    /// So many are settled.
    settle_at: usize,
    /// Nobody with a greater square is let in.
    limit: f64,
    /// The limit that was guessed.
    guess: Option<f64>,
    /// Somebody was beyond the squares' reach.
    is_beyond: bool,
}

/// Kept unsettled for each one wanted, and besides: to settle is to go through them.
const UNSETTLED: usize = 4;
const UNSETTLED_MIN: usize = 32;
/// So few are sorted sooner than parted.
const SORTED_MAX: usize = 20;

impl Best {
    pub(super) fn new(k: usize, squares: Squares) -> Self {
        let settle_at = k.saturating_mul(UNSETTLED).saturating_add(UNSETTLED_MIN);
        let kept = Vec::with_capacity(settle_at.min(1_024));
        Self { squares, k, kept, settle_at, limit: squares.most(), guess: None, is_beyond: false }
    }

    /// Looks at nobody farther than so many metres.
    pub(super) fn within(radius_m: f64, k: usize, squares: Squares) -> Self {
        let limit = (radius_m / EARTH_RADIUS_M).powi(2).min(squares.most());
        Self { limit, guess: Some(limit), ..Self::new(k, squares) }
    }

    #[inline]
    pub(super) fn offer(&mut self, list: &[Entry], mask: Mask, filter: &impl Fn(u32) -> bool) {
        let mut near = self.squares.up_to(self.limit);
        let mut passed_over = false;
        for entry in list {
            match near(entry.position) {
                Some(square) if mask.passes(entry.bits) && filter(entry.who) => {
                    self.kept.push((square, *entry));
                    if self.kept.len() >= self.settle_at {
                        self.settle_now();
                        near = self.squares.up_to(self.limit);
                    }
                }
                Some(_) => {}
                None => passed_over = true,
            }
        }
        // While anybody within reach is let in, who is not lies beyond it.
        self.is_beyond |= passed_over && !self.is_full();
    }

    /// Finds the limit anew, once there are enough, and lets go who is above it.
    pub(super) fn settle(&mut self) {
        // A guess is a good limit already.
        if self.guess.is_none() {
            self.settle_now();
        }
    }

    fn settle_now(&mut self) {
        if !self.is_full() {
            return;
        }
        let by_square = |a: &(f64, Entry), b: &(f64, Entry)| a.0.total_cmp(&b.0);
        if self.kept.len() <= SORTED_MAX {
            self.kept.sort_unstable_by(by_square);
        } else {
            self.kept.select_nth_unstable_by(self.k - 1, by_square);
        }
        let limit = self.kept[self.k - 1].0 * (1.0 + BAND);
        self.limit = limit;
        self.kept.retain(|(square, _)| *square <= limit);
        // As many as stand at one place cannot be let go: the next settling comes when they have doubled.
        self.settle_at = self.settle_at.max(2 * self.kept.len());
    }

    fn is_full(&self) -> bool {
        self.kept.len() >= self.k
    }

    /// Whether nothing at this distance or farther can be among the best.
    pub(super) fn is_closed_at(&self, metres: f64) -> bool {
        // `limit` is above the true square of each of the best, by more than the error.
        let is_limited = self.is_full() || self.guess.is_some();
        is_limited && metres > 0.0 && metres * metres > self.limit * (EARTH_RADIUS_M * EARTH_RADIUS_M)
    }

    /// Whether somebody who was looked at may be missing.
    pub(super) fn may_miss(&self) -> bool {
        self.is_beyond && !self.is_full()
    }

    /// What [`Self::found`] gives, if it can be none other than without the guess: nobody who was passed over for it can be among
    /// the best.
    pub(super) fn found_within(mut self) -> Option<Vec<Found>> {
        self.settle_now();
        (self.is_full() && self.limit <= self.guess.unwrap_or(f64::INFINITY)).then(|| self.found())
    }

    /// In true order.
    pub(super) fn found(mut self) -> Vec<Found> {
        self.settle();
        let mut found: Vec<Found> = self.kept.iter().map(|(_, e)| e.found_from(&self.squares.query)).collect();
        found.sort_unstable_by(Found::order);
        found.truncate(self.k);
        found
    }
}

#[cfg(test)]
#[path = "rank_tests.rs"]
mod tests;
