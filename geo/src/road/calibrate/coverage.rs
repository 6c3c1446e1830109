//! Owns how often finished trips stayed within what would have been said of them. Each is judged by a fit that has not seen it: the
//! trips are dealt into two halves, and each half is judged by the other's fit. Fits nothing itself.

use super::{Calibration, Observation, fit};
use crate::road::Profile;
use crate::road::data::RoadClass;

/// Trips of one profile and how many of them stayed within.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Judged.
    pub trips: u32,
    /// No longer than the estimate: half of them where it is right.
    pub within_p50: u32,
    /// No longer than the estimate's p90: nine of ten where it is right.
    pub within_p90: u32,
}

/// By the number of the profile; `None` where a half of its trips is too few to be fitted.
pub fn coverage(observations: &[Observation]) -> [Option<Coverage>; Profile::ALL.len()] {
    let mut plausible: Vec<Observation> = observations.iter().copied().filter(Observation::is_plausible).collect();
    // Dealt in this order both halves have every hour, in whatever order the trips came.
    plausible.sort_unstable_by_key(|o| (o.profile as u8, o.hour, o.free, o.took_ms));
    let half = |nth: usize| plausible.iter().skip(nth).step_by(2).copied().collect::<Vec<_>>();
    let halves = [half(0), half(1)];
    let fits = halves.each_ref().map(|half| fit(half));
    Profile::ALL.map(|profile| {
        if !fits.iter().all(|fit| fit.is_calibrated(profile)) {
            return None;
        }
        let mut all = Coverage::default();
        for (fit, judged) in fits.iter().zip([&halves[1], &halves[0]]) {
            for observation in judged.iter().filter(|o| o.profile == profile) {
                all.judge(fit, observation);
            }
        }
        Some(all)
    })
}

impl Coverage {
    fn judge(&mut self, fit: &Calibration, trip: &Observation) {
        let Some(figures) = &fit.of(trip.profile).figures else { return };
        let hour = usize::from(trip.hour);
        let of_hour = figures.factors.at(hour).by_class;
        let over = trip.over(&RoadClass::ALL.map(|class| of_hour.get(&class).copied().map_or(1.0, f64::from)));
        self.trips += 1;
        self.within_p50 += u32::from(over <= 1.0);
        self.within_p90 += u32::from(over <= f64::from(figures.spreads[hour]));
    }
}

#[cfg(test)]
#[path = "coverage_tests.rs"]
mod tests;
