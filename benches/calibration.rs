//! How right the travel times are, before and after calibration, on days the fit has not seen. SYNTHETIC: a simulated city whose
//! true speeds are made up here, so the figures say that the fit finds what is hidden in trips, not how a real city is.
//!
//! The generated city's streets have true factors by class, hour and mode. Whoever goes takes the truly fastest way of the
//! hour; it takes as long as that way, times what the day is like, times their own luck. The server sees where from, where to,
//! the hour and how long it took. It predicts as it would in service: its graph re-weighted for the hour by the fitted factors
//! and searched for its own fastest way. Three fits are shown: from ways on empty roads, once more from the ways that the
//! first fit makes the fastest, and of a service that nobody has called at night yet, whose nights go by what its days taught.
//! Half of all go with a rider, on foot slower than alone, and are told apart in rows of their own.
//!
//! Beside the way each takes a hidden time to leave, park and find somebody, by mode and kind, times luck of its own. A fit that knows nothing of
//! that stands beside the others, and the shortest and the longest third of the ways are judged apart: it is there that it tells.

use geo::Position;
use geo::road::calibrate::{Calibration, Observation, fit, fit_ways_alone, free_by_class};
use geo::road::data::RoadClass;
use geo::road::hierarchy::{ArcTimes, DayFactors, Metric};
use geo::road::{Profile, RoadMap, Snap};
use harness::figures::{self, SEED, note};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::sync::Arc;

/// Days the fit sees, and days it is judged by.
const DAYS: [usize; 2] = [20, 5];
/// Trips of a day.
const TRIPS: usize = 480;
const HOURS: usize = 24;
/// Of shorter ways, milliseconds on empty streets, the server notes nothing (`dispatcher/src/engine/travel/legs.rs`).
const NOTED_MS_MIN: u64 = 180_000;

/// A part of the day that is reported.
struct Band {
    name: &'static str,
    hours: &'static [usize],
    /// Share of the day's trips, of ten.
    tenths: usize,
}

const BANDS: [Band; 3] = [
    Band { name: "rush 7-9, 17-19", hours: &[7, 8, 9, 17, 18, 19], tenths: 4 },
    Band { name: "day 10-16, 20-21", hours: &[10, 11, 12, 13, 14, 15, 16, 20, 21], tenths: 4 },
    Band { name: "night 22-6", hours: &[22, 23, 0, 1, 2, 3, 4, 5, 6], tenths: 2 },
];

/// How a mode is in the simulated city.
struct World {
    name: &'static str,
    profile: Profile,
    /// By class, on an empty night, and what the full rush hour adds.
    night: [f64; 6],
    rush: [f64; 6],
    /// Spread of what a day, and one trip in it, does to the time: standard deviations of its logarithm.
    day_sigma: f64,
    trip_sigma: f64,
    /// How many times as long as alone it takes with a rider.
    pace: f64,
    /// Seconds beside the way, alone and with a rider, and the spread of their luck.
    beside_s: [f64; 2],
    beside_sigma: f64,
    /// How far people go, metres as the crow flies.
    far_m: [f64; 2],
}

const WORLDS: [World; 2] = [
    World {
        name: "walk",
        profile: Profile::Walk,
        night: [1.0, 1.04, 1.03, 1.02, 1.0, 1.08],
        rush: [0.0, 0.16, 0.14, 0.10, 0.05, 0.12],
        day_sigma: 0.015,
        trip_sigma: 0.10,
        pace: 1.3,
        beside_s: [60.0, 90.0],
        beside_sigma: 0.4,
        far_m: [200.0, 1_800.0],
    },
    World {
        name: "drive",
        profile: Profile::Drive,
        night: [0.88, 0.95, 0.98, 1.0, 1.05, 1.0],
        rush: [1.3, 0.95, 0.75, 0.5, 0.25, 0.2],
        day_sigma: 0.03,
        trip_sigma: 0.18,
        pace: 1.0,
        beside_s: [180.0, 120.0],
        beside_sigma: 0.4,
        far_m: [800.0, 8_000.0],
    },
];

/// A fit, and the times by hour that it makes.
struct Stage {
    name: &'static str,
    calibration: Calibration,
    metrics: Vec<Arc<Metric>>,
}

/// How full the streets are by hour, of the rush hour's most.
const FULLNESS: [f64; HOURS] = [
    0.05, 0.0, 0.0, 0.0, 0.02, 0.1, 0.35, 0.8, 1.0, 0.85, 0.55, 0.5, 0.55, 0.5, 0.5, 0.6, 0.7, 0.9, 1.0, 0.85, 0.6,
    0.45, 0.3, 0.15,
];

#[derive(Clone, Copy)]
struct Trip {
    from: Snap,
    to: Snap,
    hour: usize,
    took_ms: u32,
    with_rider: bool,
    /// On empty roads.
    empty_ms: u32,
}

fn main() {
    if !figures::is_asked_for() {
        return;
    }
    note(format_args!("calibration: SYNTHETIC city, no real trips; seed {SEED}, {}", figures::maker()));
    note(format_args!("{} days of {TRIPS} trips are fitted, {} further days are predicted", DAYS[0], DAYS[1]));
    let map = RoadMap::build(geo::city::generate(geo::city::DEFAULT_SEED));
    for world in &WORLDS {
        report(&map, world);
    }
}

fn report(map: &RoadMap, world: &World) {
    let profile = world.profile;
    let mut dice = StdRng::seed_from_u64(SEED ^ profile as u64);
    let truth = metrics(map, profile, &world.truth(&mut dice));
    let mut days = |count| -> Vec<Trip> { (0..count).flat_map(|_| day(map, world, &truth, &mut dice)).collect() };
    let [training, held_out] = DAYS.map(&mut days);
    drop(truth);
    let empty_roads = vec![Arc::clone(map.free_flow(profile)); HOURS];
    let stage = |name, calibration: Calibration| {
        let metrics = metrics(map, profile, &calibration.day_factors(profile));
        Stage { name, calibration, metrics }
    };
    let seen = observations(map, profile, &empty_roads, &training);
    let first = stage("after", fit(&seen));
    let second = fit(&observations(map, profile, &first.metrics, &training));
    let by_day: Vec<Trip> = training.iter().filter(|trip| !BANDS[2].hours.contains(&trip.hour)).copied().collect();
    let stages = vec![
        Stage { name: "before", calibration: Calibration::default(), metrics: empty_roads.clone() },
        stage("after, no constant", fit_ways_alone(&seen)),
        first,
        stage("after, own ways", second),
        stage("after, days only", fit(&observations(map, profile, &empty_roads, &by_day))),
    ];
    note(format_args!(
        "{}: {} trips, {} noted, {} refused",
        world.name,
        training.len(),
        seen.len(),
        stages[2].calibration.refused()
    ));
    for Stage { name, calibration, .. } in &stages[1..] {
        let (beside, pace) = (calibration.beside(profile), calibration.pace(profile));
        let (alone_s, with_rider_s) = (beside.alone_s, beside.with_rider_s);
        note(format_args!(
            "{:<8} {name:<22}beside the way {alone_s:.0} s alone, {with_rider_s:.0} s with a rider; pace {pace:.2}",
            world.name
        ));
    }
    let [alone_s, with_rider_s] = world.beside_s;
    note(format_args!(
        "{:<8} {:<22}beside the way {alone_s:.0} s alone, {with_rider_s:.0} s with a rider; pace {:.2}",
        world.name, "hidden", world.pace
    ));
    table(world, &stages, &held_out);
}

/// The figures of all stages, by part of the day, by kind and by length.
fn table(world: &World, stages: &[Stage], held_out: &[Trip]) {
    note(format_args!(
        "{:<8}{:<19}{:<22}{:>7}{:>15}{:>13}{:>11}{:>12}",
        "SYNTHETIC", "", "", "trips", "median bias %", "mean bias %", "p90/p50", "below p90 %"
    ));
    let rows = |name: &str, stages: &[Stage], is_in: &dyn Fn(&Trip) -> bool| {
        for stage in stages {
            let judged = judge(world.profile, stage, held_out.iter().filter(|trip| is_in(trip)));
            note(format_args!("{:<8} {name:<19}{:<22}{judged}", world.name, stage.name));
        }
    };
    for band in &BANDS {
        rows(band.name, stages, &|trip| band.hours.contains(&trip.hour));
    }
    rows("all day", stages, &|_| true);
    for (name, with_rider) in [("alone", false), ("with their rider", true)] {
        rows(name, &stages[..3], &|trip| trip.with_rider == with_rider);
    }
    let mut lengths: Vec<u32> = held_out.iter().map(|trip| trip.empty_ms).collect();
    lengths.sort_unstable();
    let (short, long) = (lengths[lengths.len() / 3], lengths[2 * lengths.len() / 3]);
    let minutes = |ms: u32| f64::from(ms) / 60_000.0;
    rows(&format!("below {:.1} min", minutes(short)), &stages[..3], &|trip| trip.empty_ms < short);
    rows(&format!("{:.1} min and more", minutes(long)), &stages[..3], &|trip| trip.empty_ms >= long);
}

/// One line's figures.
fn judge<'a>(profile: Profile, stage: &Stage, trips: impl Iterator<Item = &'a Trip>) -> String {
    let Stage { calibration, metrics, .. } = stage;
    let beside = calibration.beside(profile);
    let (mut errors, mut covered, mut spreads) = (Vec::new(), 0, 0.0);
    for trip in trips {
        let ms = metrics[trip.hour].travel_ms(trip.from, &trip.to).expect("the graph is connected");
        let pace = if trip.with_rider { calibration.pace(profile) } else { 1.0 };
        let beside_s = if trip.with_rider { beside.with_rider_s } else { beside.alone_s };
        let eta = calibration.eta(profile, trip.hour, ms as f32 / 1_000.0 * pace).later_by(beside_s);
        let took_s = trip.took_ms as f32 / 1_000.0;
        errors.push(f64::from(eta.seconds / took_s) - 1.0);
        covered += usize::from(took_s <= eta.p90_s);
        spreads += f64::from(calibration.basis(profile, trip.hour).spread);
    }
    errors.sort_unstable_by(f64::total_cmp);
    let count = errors.len() as f64;
    format!(
        "{count:>7}{:>15.1}{:>13.1}{:>11.2}{:>12.1}",
        100.0 * errors[errors.len() / 2],
        100.0 * errors.iter().sum::<f64>() / count,
        spreads / count,
        100.0 * covered as f64 / count
    )
}

impl World {
    /// What the fit must find: by class and hour, each a little off the pattern, so that no hour tells another exactly.
    fn truth(&self, dice: &mut StdRng) -> DayFactors {
        let mut of_class = |class: RoadClass| {
            let (night, rush) = (self.night[class as usize], self.rush[class as usize]);
            FULLNESS.map(|full| ((night + rush * full) * dice.random_range(0.96..1.04)) as f32)
        };
        DayFactors(RoadClass::ALL.map(|class| (class, of_class(class))).into())
    }
}

/// The graph as it is in every hour.
fn metrics(map: &RoadMap, profile: Profile, day: &DayFactors) -> Vec<Arc<Metric>> {
    let hierarchy = map.free_flow(profile).hierarchy();
    let class_of = |way: u32| map.data.ways[way as usize].class;
    let times = |hour| ArcTimes::under(map.graph(profile), &day.at(hour), class_of);
    (0..HOURS).map(|hour| Arc::new(Metric::new(hierarchy, times(hour)))).collect()
}

fn day(map: &RoadMap, world: &World, truth: &[Arc<Metric>], dice: &mut StdRng) -> Vec<Trip> {
    let of_day = lognormal(world.day_sigma, dice);
    let graph = map.graph(world.profile);
    let mut trips = Vec::with_capacity(TRIPS);
    while trips.len() < TRIPS {
        let nth = trips.len() % 10;
        let band = if nth < BANDS[0].tenths { 0 } else { 1 + usize::from(nth >= BANDS[0].tenths + BANDS[1].tenths) };
        let hour = BANDS[band].hours[dice.random_range(0..BANDS[band].hours.len())];
        let from = graph.snap_at(dice.random_range(0..graph.edge_count() as u32), dice.random());
        let Some(to) = around(from.at, world.far_m, dice).and_then(|at| graph.snap(at)) else { continue };
        let Some(ms) = truth[hour].travel_ms(from, &to) else { continue };
        let with_rider = dice.random::<bool>();
        let pace = if with_rider { world.pace } else { 1.0 };
        let way_ms = f64::from(ms) * pace * of_day * lognormal(world.trip_sigma, dice);
        let beside_s = world.beside_s[usize::from(with_rider)] * lognormal(world.beside_sigma, dice);
        let took_ms = (way_ms + 1_000.0 * beside_s) as u32;
        let empty_ms = map.free_flow(world.profile).travel_ms(from, &to).expect("the graph is connected");
        trips.push(Trip { from, to, hour, took_ms, with_rider, empty_ms });
    }
    trips
}

/// A point at a distance within the bounds, in any direction.
fn around(from: Position, far_m: [f64; 2], dice: &mut StdRng) -> Option<Position> {
    const METRES_PER_DEGREE: f64 = 111_195.0;
    let (far_m, turned) = (dice.random_range(far_m[0]..far_m[1]), dice.random_range(0.0..std::f64::consts::TAU));
    let (north, east) = (far_m * turned.cos() / METRES_PER_DEGREE, far_m * turned.sin() / METRES_PER_DEGREE);
    Position::new(from.lat() + north, from.lon() + east / from.lat().to_radians().cos()).ok()
}

/// With median 1: the sum of twelve dice is nearly normal.
fn lognormal(sigma: f64, dice: &mut StdRng) -> f64 {
    let normal = (0..12).map(|_| dice.random::<f64>()).sum::<f64>() - 6.0;
    (sigma * normal).exp()
}

/// What the server sees of trips, along the ways that are the fastest under `metrics`.
fn observations(map: &RoadMap, profile: Profile, metrics: &[Arc<Metric>], trips: &[Trip]) -> Vec<Observation> {
    let seen = |trip: &Trip| {
        let metric = &metrics[trip.hour];
        let way = metric.route(map.graph(profile), trip.from, &trip.to)?;
        let free = free_by_class(map, profile, metric, &way);
        (free.total_ms() >= NOTED_MS_MIN).then_some(Observation {
            profile,
            day: 0,
            hour: trip.hour as u8,
            free,
            took_ms: trip.took_ms,
            with_rider: trip.with_rider,
        })
    };
    trips.iter().filter_map(seen).collect()
}
