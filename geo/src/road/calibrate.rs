//! Owns what finished trips teach about travel times: by profile, a factor on the free-flow time for each class of road and hour,
//! and how far nine trips of ten stay below what one of two takes; and what a trip takes beside the way itself (`beside`), which is
//! taken off before the rest is fitted. Does not keep observations, and does not search (`hierarchy`).
//!
//! Every figure leans on a broader one by as many trips as its `*_LEANS` says: the class in an hour on the class all day times
//! what the hour does to all classes, that hour on the day, the class on the profile, the profile on the map's own speeds.
//! So a class, an hour or a profile with few trips takes the broader figure, and never a wild one of its own.
//!
//! A crew goes at its rider's pace, somebody alone at their own. So those who went alone teach the factors first, those with a rider how many
//! times as long it takes them ([`Calibration::pace`]), and then both the factors, each by their pace.
//!
//! Who rides walks on the same streets as who walks, and most of the way is waiting and riding, which is assumed: what that is wrong by
//! would all be laid on the streets. So to [`Profile::Transit`] walking teaches the factors and what is beside the way, and its own trips the
//! spread alone.
//!
//! Invariant: the same observations give the same calibration bit for bit, in whatever order they come.

mod beside;
mod coverage;
mod free_times;
mod median;

pub use coverage::{Coverage, coverage};
pub use free_times::{FreeTimes, free_by_class};

use super::Profile;
use super::data::RoadClass;
use super::hierarchy::{DayFactors, FACTOR_MAX, FACTOR_MIN};
use crate::eta::{Basis, Beside, Eta, ROAD_SPREAD};
use median::{Row, factors, quantile, weighted_median};
use std::collections::BTreeMap;

/// Classes of road.
pub const CLASSES: usize = RoadClass::ALL.len();

/// Hours of the day.
const HOURS: usize = 24;

/// A profile is calibrated from so many accepted observations on; with fewer its times stay the map's own.
pub const OBSERVATIONS_MIN: u32 = 30;

/// In an hour with fewer the times are not called calibrated, whatever other hours taught: the hour leans on the day as by five
/// (`HOUR_LEANS`), so from twice as many on, what is said of it is mostly its own.
pub const HOUR_OBSERVATIONS_MIN: u32 = 10;

/// Who took this many times as long as on empty roads, or as short, did not simply go there: refused.
pub const RATIO_MAX: f64 = 20.0;

/// No spread is taken to be more.
pub const SPREAD_MAX: f32 = 4.0;

/// How many trips the broader figure counts as: the map's own speeds against the profile's,
const PROFILE_LEANS: f64 = 10.0;
/// the profile's against the class's, in trips that are all on this class,
const CLASS_LEANS: f64 = 2.0;
/// the day's against the hour's,
const HOUR_LEANS: f64 = 5.0;
/// the hour's of all classes against the class's in that hour,
const CLASS_HOUR_LEANS: f64 = 6.0;
/// of the pace with a rider, that of somebody alone,
const PACE_LEANS: f64 = 10.0;
/// and of spreads, the assumed one against the profile's, and the profile's against the hour's. More: what one of ten exceeds
/// is known from few trips only roughly.
const SPREAD_LEANS: f64 = 30.0;

/// No pace is taken to be further from that of somebody alone.
const PACE_MAX: f64 = 3.0;

/// A finished trip (or deadhead) as far as it teaches about speeds. It says nothing of where or who.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// How somebody went.
    pub profile: Profile,
    /// Local day of setting out, since 1970: the trips of one day share its weather and its jams.
    pub day: u32,
    /// Local hour of setting out, 0..=23.
    pub hour: u8,
    /// What the way takes on empty roads ([`free_by_class`]).
    pub free: FreeTimes,
    /// What it took, milliseconds.
    pub took_ms: u32,
    /// A crew with its rider; else somebody alone.
    pub with_rider: bool,
}

impl Observation {
    /// Whether it can be somebody going there: all on a known hour, with streets, and no more than [`RATIO_MAX`] away from
    /// empty roads.
    fn is_plausible(&self) -> bool {
        let ratio = f64::from(self.took_ms) / self.free.total_ms().max(1) as f64;
        usize::from(self.hour) < HOURS && self.free.streets_ms() > 0 && (1.0 / RATIO_MAX..=RATIO_MAX).contains(&ratio)
    }

    /// What it took over all of the free time, as shares of that by class; what no factor changes is taken off.
    fn row(&self) -> Row<CLASSES> {
        let total_ms = self.free.total_ms() as f64;
        Row {
            shares: self.free.by_class_ms.map(|ms| f64::from(ms) / total_ms),
            measured: (f64::from(self.took_ms) - f64::from(self.free.fixed_ms)) / total_ms,
        }
    }

    /// Without what it took beside the way.
    fn on_way(self, beside: Beside) -> Self {
        let beside_s = if self.with_rider { beside.with_rider_s } else { beside.alone_s };
        Self { took_ms: self.took_ms.saturating_sub((beside_s * 1_000.0).round() as u32).max(1), ..self }
    }

    /// As somebody alone would have gone, where a rider takes so many times as long.
    fn alone(self, pace: f64) -> Self {
        let took_ms = if self.with_rider { (f64::from(self.took_ms) / pace).round() as u32 } else { self.took_ms };
        Self { took_ms, ..self }
    }

    /// What it took over what the factors make of its free time.
    fn over(&self, factors: &[f64; CLASSES]) -> f64 {
        let streets_ms: f64 = self.free.by_class_ms.iter().zip(factors).map(|(&ms, f)| f64::from(ms) * f).sum();
        f64::from(self.took_ms) / (streets_ms + f64::from(self.free.fixed_ms))
    }
}

/// What was fitted. [`Default`] knows nothing: no profile is calibrated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    profiles: [Fitted; Profile::ALL.len()],
    refused: u32,
}

/// Of one profile.
#[derive(Clone, Debug, Default, PartialEq)]
struct Fitted {
    /// Accepted observations by hour, and those that went along a class.
    seen: [u32; HOURS],
    seen_on: [[u32; HOURS]; CLASSES],
    /// `None` until there are [`OBSERVATIONS_MIN`].
    figures: Option<Figures>,
    /// `None` until so many went alone, and somebody with a rider.
    pace: Option<f64>,
    /// Nothing until there are `figures`.
    beside: Beside,
}

#[derive(Clone, Debug, PartialEq)]
struct Figures {
    factors: DayFactors,
    spreads: [f32; HOURS],
}

/// Factors by hour and class.
type Hours = [[f64; CLASSES]; HOURS];

/// Fits what the observations tell. Those that cannot be somebody going there are left out and counted.
pub fn fit(observations: &[Observation]) -> Calibration {
    fit_with(observations, beside::of)
}

/// The same as if nothing came beside the way: what there is of it is laid on the streets. To compare with.
pub fn fit_ways_alone(observations: &[Observation]) -> Calibration {
    fit_with(observations, |_| Beside::NONE)
}

fn fit_with(observations: &[Observation], beside: fn(&[&Observation]) -> Beside) -> Calibration {
    let (plausible, refused): (Vec<&Observation>, Vec<_>) = observations.iter().partition(|o| o.is_plausible());
    let of = |profile| {
        let mut own: Vec<&Observation> = plausible.iter().copied().filter(|o| o.profile == profile).collect();
        // Sums of fractions depend on their order.
        own.sort_unstable_by_key(|o| (o.hour, o.free, o.took_ms, o.with_rider));
        own
    };
    let apart = |own: &[&Observation]| fitted_beside(own, beside(own), None);
    let walked = apart(&of(Profile::Walk));
    let profiles = Profile::ALL.map(|profile| match profile {
        Profile::Walk => walked.clone(),
        Profile::Transit => fitted_beside(&of(profile), walked.beside, Some(&walked.by_hour())),
        Profile::Drive | Profile::Cycle => apart(&of(profile)),
    });
    Calibration { profiles, refused: refused.len() as u32 }
}

impl Calibration {
    /// Whether enough trips of this profile were seen for factors. Until then its ETAs are [`crate::EtaSource::Road`], and after it
    /// those of hours nobody went in ([`Self::basis`]).
    pub fn is_calibrated(&self, profile: Profile) -> bool {
        self.of(profile).figures.is_some()
    }

    /// Factors by class and hour; none (which is 1 everywhere) until the profile is calibrated.
    pub fn day_factors(&self, profile: Profile) -> DayFactors {
        self.of(profile).figures.as_ref().map(|figures| figures.factors.clone()).unwrap_or_default()
    }

    /// What times under [`Self::day_factors`] of an hour (0..=23, further ones begin again) rest on. The spread is what nine trips of ten
    /// take at most over what one of two takes, 1 to [`SPREAD_MAX`].
    pub fn basis(&self, profile: Profile, hour: usize) -> Basis {
        let Some(figures) = &self.of(profile).figures else { return Basis::MAP };
        figures.basis(hour, self.observations(profile, hour)).with(self.beside(profile))
    }

    /// What a trip takes beside the way; nothing until the profile is calibrated by trips that are many and of different lengths.
    pub fn beside(&self, profile: Profile) -> Beside {
        self.of(profile).beside
    }

    /// A way that was searched under [`Self::day_factors`] of this hour, without what is [beside](Self::beside) it, with its source and spread.
    pub fn eta(&self, profile: Profile, hour: usize, seconds: f32) -> Eta {
        Eta::on(self.basis(profile, hour), seconds)
    }

    /// How many times as long as somebody alone a crew with its rider takes; 1 until that is known.
    pub fn pace(&self, profile: Profile) -> f32 {
        self.of(profile).pace.map_or(1.0, |pace| pace as f32)
    }

    /// Accepted observations of a profile in an hour.
    pub fn observations(&self, profile: Profile, hour: usize) -> u32 {
        self.of(profile).seen[hour % HOURS]
    }

    /// Those of them that went along a class of road.
    pub fn observations_on(&self, profile: Profile, class: RoadClass, hour: usize) -> u32 {
        self.of(profile).seen_on[class as usize][hour % HOURS]
    }

    /// Observations that could not be somebody going there.
    pub fn refused(&self) -> u32 {
        self.refused
    }

    fn of(&self, profile: Profile) -> &Fitted {
        &self.profiles[profile as usize]
    }
}

impl Figures {
    /// In an hour of which so many trips are known.
    fn basis(&self, hour: usize, observations: u32) -> Basis {
        let spread = self.spreads[hour % HOURS];
        if observations >= HOUR_OBSERVATIONS_MIN { Basis::fitted(spread) } else { Basis::taken_over(spread) }
    }
}

impl Fitted {
    /// Factors of each hour; 1 where nothing was learnt.
    fn by_hour(&self) -> Hours {
        let factor = |class, hour: usize| Some(f64::from(self.figures.as_ref()?.factors.0.get(&class)?[hour]));
        std::array::from_fn(|hour| RoadClass::ALL.map(|class| factor(class, hour).unwrap_or(1.0)))
    }
}

/// By what these trips took without what is `beside` the way.
fn fitted_beside(own: &[&Observation], beside: Beside, taught: Option<&Hours>) -> Fitted {
    let ways: Vec<Observation> = own.iter().map(|o| o.on_way(beside)).collect();
    let fitted = fitted_by_pace(&ways.iter().collect::<Vec<_>>(), taught);
    if fitted.figures.is_some() { Fitted { beside, ..fitted } } else { fitted }
}

/// By those who went alone, as far as they are enough, and by those with a rider at the pace that these show.
fn fitted_by_pace(own: &[&Observation], taught: Option<&Hours>) -> Fitted {
    let (with_rider, alone): (Vec<&Observation>, Vec<&Observation>) = own.iter().partition(|o| o.with_rider);
    let Some(pace) = pace(&with_rider, &alone, taught) else { return fitted(own, taught) };
    let mut all: Vec<Observation> = own.iter().map(|o| o.alone(pace)).collect();
    all.sort_unstable_by_key(|o| (o.hour, o.free, o.took_ms, o.with_rider));
    Fitted { pace: Some(pace), ..fitted(&all.iter().collect::<Vec<_>>(), taught) }
}

/// By what each took over what those alone teach of it.
fn pace(with_rider: &[&Observation], alone: &[&Observation], taught: Option<&Hours>) -> Option<f64> {
    let of_alone = fitted(alone, taught);
    of_alone.figures.as_ref()?;
    let by_hour = of_alone.by_hour();
    let median = |of: &[&Observation]| {
        let mut ratios: Vec<f64> = of.iter().map(|o| o.over(&by_hour[usize::from(o.hour)])).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        quantile(&ratios, 0.5)
    };
    let own = median(with_rider)? / median(alone)?;
    Some(leant(Some(own), with_rider.len(), 1.0, PACE_LEANS).clamp(1.0 / PACE_MAX, PACE_MAX))
}

/// `taught` are factors that others have taught.
fn fitted(own: &[&Observation], taught: Option<&Hours>) -> Fitted {
    let mut fitted = Fitted::default();
    for observation in own {
        let hour = usize::from(observation.hour);
        fitted.seen[hour] += 1;
        for (seen, ms) in fitted.seen_on.iter_mut().zip(observation.free.by_class_ms) {
            seen[hour] += u32::from(ms > 0);
        }
    }
    if own.len() >= OBSERVATIONS_MIN as usize {
        fitted.figures = Some(figures(own, taught));
    }
    fitted
}

/// Of the plausible observations of one profile, in order.
fn figures(own: &[&Observation], taught: Option<&Hours>) -> Figures {
    let by_hour = by_hour(own);
    let hours = taught.copied().unwrap_or_else(|| hours(own, &by_hour));
    // What one of two takes is what the factors say; where others taught them, it need not be.
    let is_median = taught.is_none();
    let spread = |ratios, broader| spread(ratios, is_median, broader);
    let ratios: Vec<Vec<f64>> =
        by_hour.iter().zip(&hours).map(|(of_hour, f)| of_hour.iter().map(|o| o.over(f)).collect()).collect();
    let profile_spread = spread(ratios.concat(), f64::from(ROAD_SPREAD));
    let factors: BTreeMap<RoadClass, [f32; HOURS]> =
        RoadClass::ALL.into_iter().map(|c| (c, std::array::from_fn(|hour| hours[hour][c as usize] as f32))).collect();
    let mut spreads = [1.0; HOURS];
    for (spread_of, ratios) in spreads.iter_mut().zip(ratios) {
        *spread_of = spread(ratios, profile_spread) as f32;
    }
    Figures { factors: DayFactors(factors), spreads }
}

fn by_hour<'a>(own: &[&'a Observation]) -> Vec<Vec<&'a Observation>> {
    (0..HOURS).map(|hour| own.iter().copied().filter(|o| usize::from(o.hour) == hour).collect()).collect()
}

fn hours(own: &[&Observation], by_hour: &[Vec<&Observation>]) -> Hours {
    let all_day = class_factors(own);
    std::array::from_fn(|hour| hour_factors(&by_hour[hour], &all_day))
}

/// All day, by class.
fn class_factors(own: &[&Observation]) -> [f64; CLASSES] {
    let profile = leant(common_factor(own, &[1.0; CLASSES]), own.len(), 1.0, PROFILE_LEANS);
    bounded(factors(&rows(own), [profile; CLASSES], [CLASS_LEANS; CLASSES]))
}

/// In one hour, by class.
fn hour_factors(of_hour: &[&Observation], all_day: &[f64; CLASSES]) -> [f64; CLASSES] {
    let hour = leant(common_factor(of_hour, all_day), of_hour.len(), 1.0, HOUR_LEANS);
    bounded(factors(&rows(of_hour), all_day.map(|f| f * hour), [CLASS_HOUR_LEANS; CLASSES]))
}

fn rows(observations: &[&Observation]) -> Vec<Row<CLASSES>> {
    observations.iter().map(|o| o.row()).collect()
}

/// The median of what streets took over what `factors` make of them; trips with little street in them count as little.
fn common_factor(observations: &[&Observation], factors: &[f64; CLASSES]) -> Option<f64> {
    let weighed = rows(observations).into_iter().map(|row| (row.measured / row.times(factors), row.times(factors)));
    weighted_median(weighed.collect())
}

/// p90 of the ratios over their p50, or over what is told.
fn spread(mut ratios: Vec<f64>, is_median: bool, broader: f64) -> f64 {
    ratios.sort_unstable_by(f64::total_cmp);
    let told = if is_median { quantile(&ratios, 0.5) } else { Some(1.0) };
    let own = quantile(&ratios, 0.9).zip(told).map(|(p90, told)| p90 / told);
    leant(own, ratios.len(), broader, SPREAD_LEANS).clamp(1.0, f64::from(SPREAD_MAX))
}

/// A figure known from so many trips, leaning on a broader one that counts as `leans` trips.
fn leant(own: Option<f64>, trips: usize, broader: f64, leans: f64) -> f64 {
    let trips = trips as f64;
    own.map_or(broader, |own| (own * trips + broader * leans) / (trips + leans))
}

fn bounded(factors: [f64; CLASSES]) -> [f64; CLASSES] {
    factors.map(|f| f.clamp(f64::from(FACTOR_MIN), f64::from(FACTOR_MAX)))
}

#[cfg(test)]
#[path = "calibrate_tests.rs"]
mod tests;
