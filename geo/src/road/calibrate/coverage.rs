//! Owns how often finished trips stayed within what would have been said of them. Each is judged by a fit that has not seen it, nor
//! any other of its day: the days of a profile are dealt into two halves, and each half is judged by the other's fit. Whether an hour
//! is called calibrated goes by all of its trips, as it does where estimates are told: a half has half as many, and would be judged by the
//! wider spread of hours that are not. Fits nothing itself.

use super::{Calibration, HOURS, Observation, fit};
use crate::road::Profile;
use crate::road::data::RoadClass;
use std::collections::BTreeSet;

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
    Profile::ALL.map(|profile| {
        let all_of = |profile| observations.iter().filter(move |o| o.profile == profile && o.is_plausible()).copied();
        let own: Vec<Observation> = all_of(profile).collect();
        // To who rides walking teaches the streets, and those trips are not judged.
        let teachers = if profile == Profile::Transit { all_of(Profile::Walk).collect() } else { Vec::new() };
        of_one(profile, &own, &teachers)
    })
}

/// Of one profile by its own trips: who goes on some days of the week only is not all in one half for the days on which others went.
fn of_one(profile: Profile, own: &[Observation], teachers: &[Observation]) -> Option<Coverage> {
    let days: BTreeSet<u32> = own.iter().map(|o| o.day).collect();
    // Every other day on which anybody went, so that both halves have all seasons.
    let odd: BTreeSet<u32> = days.into_iter().skip(1).step_by(2).collect();
    let half = |is_odd: bool| own.iter().copied().filter(|o| odd.contains(&o.day) == is_odd).collect::<Vec<_>>();
    let halves = [half(false), half(true)];
    let fits = halves.each_ref().map(|half| fit(&[half, teachers].concat()));
    let mut seen = [0; HOURS];
    for observation in own {
        seen[usize::from(observation.hour)] += 1;
    }
    let mut all = Coverage::default();
    for (fit, judged) in fits.iter().zip([&halves[1], &halves[0]]) {
        if !fit.is_calibrated(profile) {
            return None;
        }
        for observation in judged {
            all.judge(fit, observation, &seen);
        }
    }
    Some(all)
}

impl Coverage {
    /// `seen` are the trips of each hour, in both halves.
    fn judge(&mut self, fit: &Calibration, trip: &Observation, seen: &[u32; HOURS]) {
        let Some(figures) = &fit.of(trip.profile).figures else { return };
        let hour = usize::from(trip.hour);
        let of_hour = figures.factors.at(hour).by_class;
        let trip = trip.on_way(fit.beside(trip.profile)).alone(f64::from(fit.pace(trip.profile)));
        let over = trip.over(&RoadClass::ALL.map(|class| of_hour.get(&class).copied().map_or(1.0, f64::from)));
        self.trips += 1;
        self.within_p50 += u32::from(over <= 1.0);
        self.within_p90 += u32::from(over <= f64::from(figures.basis(hour, seen[hour]).spread));
    }
}

#[cfg(test)]
#[path = "coverage_tests.rs"]
mod tests;
