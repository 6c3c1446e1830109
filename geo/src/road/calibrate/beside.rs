//! Owns what a trip takes beside the way itself: a constant of those who travel alike, apart for those alone and those with a rider, found
//! together with the factors. By turns the factors of class and hour are fitted to what the last constant leaves of the trips, and the constant to the
//! trips as those factors have them, all classes longer or shorter as fits it best: so what was laid on the streets that short ways go along
//! comes off again. Where trips are few, or all about as long, nobody can tell a constant from slow streets, and there is none.

use super::median::{Row, factors, quantile};
use super::{Beside, CLASS_LEANS, CLASSES, HOURS, Hours, Observation, by_hour, hours, leant};

/// From so many trips on. With fewer, what luck does to the short ones is as much as a constant.
pub(super) const OBSERVATIONS_MIN: usize = 100;

/// One way of ten is to be so many times as long as another one of ten.
pub(super) const LENGTHS_MIN: f64 = 2.0;

/// No constant is taken to be more, seconds: who needs longer waited for something else.
pub(super) const BESIDE_S_MAX: f64 = 600.0;

/// None at all counts as so many trips, as an assumed spread does.
const BESIDE_LEANS: f64 = 30.0;

/// Only that the sums can be solved.
const NO_LEANS: f64 = 1e-3;

/// The first finds nearly all of it, the second what the hours had hidden.
const TURNS: usize = 2;

/// A constant is known well enough from so many, evenly picked; so a fit takes little longer for it, however many there are.
const TRIPS_MAX: usize = 8_000;

/// Of the plausible observations of one profile, in order.
pub(super) fn of(own: &[&Observation]) -> Beside {
    let (with_rider, alone): (Vec<&Observation>, Vec<&Observation>) = own.iter().partition(|o| o.with_rider);
    Beside { alone_s: constant_s(&alone), with_rider_s: constant_s(&with_rider) }
}

fn constant_s(own: &[&Observation]) -> f32 {
    if own.len() < OBSERVATIONS_MIN || !are_of_different_lengths(own) {
        return 0.0;
    }
    let picked: Vec<&Observation> = own.iter().copied().step_by(own.len().div_ceil(TRIPS_MAX)).collect();
    let mut constant_s = 0.0;
    for _ in 0..TURNS {
        let so_far = Beside { alone_s: constant_s as f32, with_rider_s: constant_s as f32 };
        let ways: Vec<Observation> = picked.iter().map(|o| o.on_way(so_far)).collect();
        let ways: Vec<&Observation> = ways.iter().collect();
        constant_s = beside(&picked, &hours(&ways, &by_hour(&ways))).clamp(0.0, BESIDE_S_MAX);
    }
    leant(Some(constant_s), own.len(), 0.0, BESIDE_LEANS) as f32
}

fn are_of_different_lengths(own: &[&Observation]) -> bool {
    let mut lengths: Vec<f64> = own.iter().map(|o| o.free.total_ms() as f64).collect();
    lengths.sort_unstable_by(f64::total_cmp);
    let tenths = quantile(&lengths, 0.1).zip(quantile(&lengths, 0.9));
    tenths.is_some_and(|(short, long)| long >= LENGTHS_MIN * short)
}

/// Seconds, as fits best beside all classes under these factors, each as much longer or shorter as fits it best.
fn beside(own: &[&Observation], hours: &Hours) -> f64 {
    const CONSTANT: usize = CLASSES;
    let row = |o: &&Observation| {
        let (whole, factors) = (o.row(), &hours[usize::from(o.hour) % HOURS]);
        let shares = std::array::from_fn(|column| match column {
            // A minute, so that it counts for about as much as the streets do.
            CONSTANT => 60_000.0 / o.free.total_ms() as f64,
            class => whole.shares[class] * factors[class],
        });
        Row { shares, measured: whole.measured }
    };
    let (mut prior, mut leans) = ([1.0; CLASSES + 1], [CLASS_LEANS; CLASSES + 1]);
    (prior[CONSTANT], leans[CONSTANT]) = (0.0, NO_LEANS);
    let rows: Vec<Row<{ CLASSES + 1 }>> = own.iter().map(row).collect();
    factors(&rows, prior, leans)[CONSTANT] * 60.0
}

#[cfg(test)]
#[path = "beside_tests.rs"]
mod tests;
