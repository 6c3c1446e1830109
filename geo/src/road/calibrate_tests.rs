//! Calibrations of observations made up here, whose true factors are known, and of a simulated small city.

use super::{
    CLASSES, Calibration, FreeTimes, HOUR_OBSERVATIONS_MIN, HOURS, OBSERVATIONS_MIN, Observation, RATIO_MAX,
    SPREAD_MAX, fit, free_by_class,
};
use crate::eta::{EtaSource, ROAD_SPREAD};
use crate::road::data::RoadClass;
use crate::road::drawn::{Dice, draw};
use crate::road::hierarchy::{ArcTimes, DayFactors, FACTOR_MAX, FACTOR_MIN, Hierarchy, Metric};
use crate::road::route::ArcPart;
use crate::road::{Profile, RoadMap, Snap};
use proptest::prelude::*;

fn trip(profile: Profile, hour: u8, by_class_ms: [u32; CLASSES], took_ms: u32) -> Observation {
    Observation { profile, day: 0, hour, free: FreeTimes { by_class_ms, fixed_ms: 0 }, took_ms, with_rider: false }
}

/// Ten minutes of residential streets that took so many times as long.
fn plain(hour: u8, ratio: f64) -> Observation {
    trip(Profile::Drive, hour, [0, 0, 0, 0, 600_000, 0], (600_000.0 * ratio) as u32)
}

fn factor(calibration: &Calibration, class: RoadClass, hour: usize) -> f64 {
    let factor = calibration.day_factors(Profile::Drive).at(hour).by_class[&class];
    f64::from(factor)
}

fn is_near(got: f32, expected: f32) {
    assert!((got - expected).abs() < 1e-4, "{got} instead of {expected}");
}

/// Made up for the tests: big roads suffer in the rush hours.
fn hidden(class: usize, hour: usize) -> f64 {
    let rush = if [7, 8, 9, 17, 18, 19].contains(&hour) { 1.0 } else { 0.0 };
    let night = if hour < 6 { 0.15 } else { 0.0 };
    1.2 - night + rush * (0.9 - 0.12 * class as f64) + 0.02 * class as f64
}

/// From 0 and 1: the sum of twelve dice is nearly normal.
fn normal(dice: &mut Dice) -> f64 {
    (0..12).map(|_| dice.unit()).sum::<f64>() - 6.0
}

/// A way over a few classes, with half a minute of turning.
fn made_up(dice: &mut Dice, hour: usize, noise: f64) -> Observation {
    let by_class_ms: [u32; CLASSES] =
        std::array::from_fn(|c| if c != 4 && dice.below(2) == 0 { 0 } else { 20_000 + dice.below(400_000) as u32 });
    let fixed_ms = 30_000;
    let streets_ms: f64 = by_class_ms.iter().enumerate().map(|(c, &ms)| f64::from(ms) * hidden(c, hour)).sum();
    let took_ms = ((streets_ms + f64::from(fixed_ms)) * (noise * normal(dice)).exp()) as u32;
    Observation {
        profile: Profile::Drive,
        day: 0,
        hour: hour as u8,
        free: FreeTimes { by_class_ms, fixed_ms },
        took_ms,
        with_rider: false,
    }
}

fn many(seed: u64, of_hour: usize, noise: f64) -> Vec<Observation> {
    println!("seed {seed}");
    let mut dice = Dice(seed);
    (0..HOURS * of_hour).map(|i| made_up(&mut dice, i % HOURS, noise)).collect()
}

/// The largest error of any factor, as a share.
fn worst(calibration: &Calibration) -> f64 {
    let off = |class: RoadClass, hour| (factor(calibration, class, hour) / hidden(class as usize, hour) - 1.0).abs();
    RoadClass::ALL.into_iter().flat_map(|c| (0..HOURS).map(move |h| off(c, h))).fold(0.0, f64::max)
}

#[test]
fn known_factors_are_found_again() {
    let exact = worst(&fit(&many(1, 4_000, 0.0)));
    let noisy = worst(&fit(&many(2, 1_000, 0.15)));
    println!("worst of {} factors: {exact:.4} without noise, {noisy:.4} with", CLASSES * HOURS);
    assert!(exact < 0.02, "{exact}");
    assert!(noisy < 0.15, "{noisy}");
}

#[test]
fn a_tenth_of_stuck_vans_moves_no_factor_far() {
    let mut observations = many(3, 1_000, 0.05);
    for stuck in observations.iter_mut().step_by(11) {
        stuck.took_ms *= 5;
    }
    let worst = worst(&fit(&observations));
    println!("worst {worst:.4}");
    assert!(worst < 0.1, "{worst}");
}

#[test]
fn a_profile_with_few_trips_keeps_the_maps_own_speeds() {
    let one_less: Vec<Observation> = (1..OBSERVATIONS_MIN).map(|_| plain(8, 2.0)).collect();
    let enough: Vec<Observation> = (0..OBSERVATIONS_MIN).map(|_| plain(8, 2.0)).collect();
    let (before, after) = (fit(&one_less), fit(&enough));
    assert!(!before.is_calibrated(Profile::Drive) && after.is_calibrated(Profile::Drive));
    assert_eq!(before.day_factors(Profile::Drive), DayFactors::default());
    is_near(before.basis(Profile::Drive, 8).spread, ROAD_SPREAD);
    assert_eq!(before.observations(Profile::Drive, 8), OBSERVATIONS_MIN - 1);
    assert_eq!(before.eta(Profile::Drive, 8, 100.0).source, EtaSource::Road);
    let eta = after.eta(Profile::Drive, 8, 100.0);
    assert_eq!(eta.source, EtaSource::Calibrated);
    is_near(eta.p90_s, 100.0 * after.basis(Profile::Drive, 8).spread);
    // Nothing is learnt of another profile.
    assert!(!after.is_calibrated(Profile::Walk));
    assert_eq!(after.observations(Profile::Walk, 8), 0);
    is_near(after.eta(Profile::Walk, 8, 100.0).p90_s, 100.0 * ROAD_SPREAD);
}

#[test]
fn an_hour_with_few_trips_of_its_own_takes_the_factors_of_others_and_says_so() {
    // By day nobody is surprised; at five in the morning nine went, at six ten.
    let by_day = (0..400).map(|i| plain(8 + (i % 12) as u8, 1.4));
    let early = |hour, many| (0..many).map(move |_| plain(hour, 1.4));
    let calm: Vec<Observation> =
        by_day.chain(early(5, HOUR_OBSERVATIONS_MIN - 1)).chain(early(6, HOUR_OBSERVATIONS_MIN)).collect();
    let calibration = fit(&calm);
    for (hour, source) in [
        (3, EtaSource::Road),
        (5, EtaSource::Road),
        (6, EtaSource::Calibrated),
        (7, EtaSource::Road),
        (12, EtaSource::Calibrated),
    ] {
        assert!((factor(&calibration, RoadClass::Residential, hour) - 1.4).abs() < 0.01, "the day's, at {hour}");
        let eta = calibration.eta(Profile::Drive, hour, 100.0);
        assert_eq!(eta.source, source, "at {hour}");
        match source {
            EtaSource::Calibrated => assert!(eta.p90_s < 100.0 * ROAD_SPREAD, "at {hour}: {eta:?}"),
            _ => is_near(eta.p90_s, 100.0 * ROAD_SPREAD),
        }
    }
    // Where nobody can say how long it takes by day, nobody is surer of the night.
    let wild: Vec<Observation> =
        (0..1_200).map(|i| plain(8 + (i % 12) as u8, if i % 5 < 4 { 1.0 } else { 3.0 })).collect();
    let calibration = fit(&wild);
    let night = calibration.eta(Profile::Drive, 3, 100.0);
    assert!(night.source == EtaSource::Road && night.p90_s > 100.0 * ROAD_SPREAD * 1.2, "{night:?}");
}

#[test]
fn few_trips_of_an_hour_move_it_a_little_and_many_all_the_way() {
    let usual = || (0..1_000).map(|i| plain(10 + (i % 10) as u8, 1.2));
    let of_hour_8 = |slow: usize| {
        let observations: Vec<Observation> = usual().chain((0..slow).map(|_| plain(8, 3.0))).collect();
        let calibration = fit(&observations);
        assert_eq!(calibration.observations_on(Profile::Drive, RoadClass::Residential, 8), slow as u32);
        factor(&calibration, RoadClass::Residential, 8)
    };
    let by_trips = [0, 1, 3, 10, 100, 1_000].map(of_hour_8);
    println!("{by_trips:.3?}");
    assert!((by_trips[0] - 1.2).abs() < 0.01, "without a trip the hour is as the day");
    assert!(by_trips.is_sorted(), "every trip moves it on");
    assert!(by_trips[1] < 1.8, "one trip moves it little");
    assert!(by_trips[5] > 2.9, "many are believed");
}

#[test]
fn a_class_nobody_went_on_is_as_the_profile() {
    let observations: Vec<Observation> = (0..500).map(|i| plain((i % 24) as u8, 1.5)).collect();
    let calibration = fit(&observations);
    for hour in 0..HOURS {
        assert!((factor(&calibration, RoadClass::Motorway, hour) - 1.5).abs() < 0.02);
        assert_eq!(calibration.observations_on(Profile::Drive, RoadClass::Motorway, hour), 0);
    }
}

#[test]
fn nonsense_is_refused_and_counted() {
    let minute = [0, 0, 0, 0, 60_000, 0];
    let beyond = (60_000.0 * RATIO_MAX) as u32 + 1;
    let turning = Observation { free: FreeTimes { by_class_ms: [0; CLASSES], fixed_ms: 60_000 }, ..plain(8, 1.0) };
    let nonsense = [
        trip(Profile::Drive, 8, [0; CLASSES], 60_000),
        trip(Profile::Drive, 8, minute, 0),
        trip(Profile::Drive, 8, minute, beyond),
        trip(Profile::Drive, 8, [0, 0, 0, 0, beyond, 0], 60_000),
        trip(Profile::Drive, 24, minute, 60_000),
        trip(Profile::Drive, u8::MAX, [u32::MAX; CLASSES], u32::MAX),
        trip(Profile::Drive, 8, [0; CLASSES], 0),
        turning,
    ];
    let alone = fit(&nonsense);
    assert_eq!(alone.refused() as usize, nonsense.len());
    assert_eq!(Calibration { refused: 0, ..alone }, Calibration::default());
    let good = many(4, 20, 0.1);
    let both: Vec<Observation> = good.iter().copied().chain(nonsense).collect();
    assert_eq!(Calibration { refused: 0, ..fit(&both) }, fit(&good));
    // Just not refused.
    assert_eq!(fit(&[trip(Profile::Drive, 23, minute, beyond - 1)]).refused(), 0);
}

#[test]
fn the_order_of_the_observations_changes_no_bit() {
    let observations = many(5, 30, 0.2);
    let mut shuffled = observations.clone();
    let mut dice = Dice(6);
    for i in (1..shuffled.len()).rev() {
        shuffled.swap(i, dice.below(i + 1));
    }
    assert_ne!(observations, shuffled);
    assert_eq!(fit(&observations), fit(&shuffled));
}

proptest! {
    #[test]
    fn whatever_was_seen_the_figures_stay_within_their_bounds(
        seen in prop::collection::vec((0_u8..30, prop::array::uniform6(0_u32..2_000_000), 0_u32..500_000, any::<u32>()), 0..200),
    ) {
        let observations: Vec<Observation> = seen
            .into_iter()
            .map(|(hour, by_class_ms, fixed_ms, took)| {
                let free = FreeTimes { by_class_ms, fixed_ms };
                Observation { profile: Profile::Drive, day: 0, hour, free, took_ms: took % 20_000_000, with_rider: took % 3 == 0 }
            })
            .collect();
        let calibration = fit(&observations);
        let accepted: u32 = (0..HOURS).map(|hour| calibration.observations(Profile::Drive, hour)).sum();
        prop_assert_eq!((accepted + calibration.refused()) as usize, observations.len());
        for hour in 0..HOURS {
            prop_assert!((1.0..=SPREAD_MAX).contains(&calibration.basis(Profile::Drive, hour).spread));
        }
        for factor in calibration.day_factors(Profile::Drive).0.into_values().flatten() {
            prop_assert!((FACTOR_MIN..=FACTOR_MAX).contains(&factor));
        }
    }
}

#[test]
fn the_spread_is_that_of_the_noise() {
    for (seed, noise) in [(7, 0.1), (8, 0.3)] {
        let calibration = fit(&many(seed, 400, noise));
        let truth = (1.2816 * noise).exp();
        for hour in 0..HOURS {
            let got = f64::from(calibration.basis(Profile::Drive, hour).spread);
            assert!((got / truth - 1.0).abs() < 0.12, "hour {hour}: {got} instead of {truth}");
        }
    }
}

#[test]
fn trains_that_are_not_as_assumed_make_nobody_walk_faster_or_slower() {
    // 8 minutes on foot, and 25 that are assumed for waiting and riding.
    let free = FreeTimes { by_class_ms: [0, 0, 0, 0, 480_000, 0], fixed_ms: 1_500_000 };
    for trains in [0.5, 0.9, 1.3] {
        let took_ms = 480_000 + (1_500_000.0 * trains) as u32;
        let rides = (0..60).map(|day| Observation {
            profile: Profile::Transit,
            day,
            hour: 9,
            free,
            took_ms,
            with_rider: false,
        });
        let walks = (0..40).map(|day| Observation { day, ..trip(Profile::Walk, 9, [0, 0, 0, 0, 600_000, 0], 900_000) });
        let alone: Vec<Observation> = rides.clone().collect();
        let both: Vec<Observation> = rides.chain(walks).collect();
        for (seen, taught) in [
            (&alone, 1.0),
            (&both, f64::from(fit(&both).day_factors(Profile::Walk).at(9).by_class[&RoadClass::Residential])),
        ] {
            let fitted = fit(seen);
            let factors = fitted.day_factors(Profile::Transit).at(9).by_class;
            is_near(factors[&RoadClass::Residential], taught as f32);
            // What nine of ten take stays true, of later trains too.
            let told_ms = 480_000.0 * taught + 1_500_000.0;
            let p90_ms = told_ms * f64::from(fitted.basis(Profile::Transit, 9).spread);
            assert!(p90_ms >= f64::from(took_ms), "trains at {trains}: {p90_ms} ms at most, {took_ms} taken");
            assert!(super::coverage(seen)[Profile::Transit as usize].is_some_and(|covered| covered.trips == 60));
        }
    }
}

fn somewhere(dice: &mut Dice, map: &RoadMap, profile: Profile) -> Snap {
    let graph = map.graph(profile);
    graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32)
}

/// Milliseconds of all turns on the way, from the turn table itself; `None` where a copy of an arc is passed.
fn turns_ms(map: &RoadMap, profile: Profile, arcs: &[u32]) -> u32 {
    let Some(turns) = map.turns(profile) else { return 0 };
    let one = |pair: &[u32]| turns.turns_out(pair[0]).iter().find(|t| t.arc == pair[1]).expect("an allowed turn").ms;
    arcs.windows(2).map(one).sum()
}

#[test]
fn free_times_by_class_add_up_to_the_travel_time() {
    let map = RoadMap::build(crate::city::generate_small(7));
    println!("seed 9");
    let mut dice = Dice(9);
    for profile in Profile::ALL {
        let metric = map.free_flow(profile);
        let (mut classes, mut fixed) = ([0_u64; CLASSES], 0);
        for round in 0..150 {
            let from = somewhere(&mut dice, &map, profile);
            let mut to = somewhere(&mut dice, &map, profile);
            if round % 10 == 0 {
                to = map.graph(profile).snap_at(from.edge, dice.unit() as f32);
            }
            let way = metric.route(map.graph(profile), from, &to).unwrap();
            let free = free_by_class(&map, profile, metric, &way);
            assert_eq!(free.total_ms(), u64::from(metric.travel_ms(from, &to).unwrap()));
            if profile != Profile::Transit {
                let way = metric.way(from, &to).unwrap();
                assert_eq!(free.fixed_ms, turns_ms(&map, profile, &way.arcs));
            }
            classes.iter_mut().zip(free.by_class_ms).for_each(|(sum, ms)| *sum += u64::from(ms));
            fixed += u64::from(free.fixed_ms);
        }
        println!("{profile:?}: {classes:?} and {fixed} fixed");
        assert!(classes.iter().filter(|&&ms| ms > 0).count() >= 3, "several classes are gone along");
        assert_eq!(fixed == 0, profile == Profile::Walk);
    }
}

#[test]
fn a_way_takes_in_an_hour_what_a_metric_of_that_hour_says_of_it() {
    let map = RoadMap::build(crate::city::generate_small(7));
    println!("seed 11");
    let mut dice = Dice(11);
    let factors = DayFactors(
        RoadClass::ALL
            .into_iter()
            .map(|class| {
                (class, std::array::from_fn(|hour| if hour == 8 { 1.3 + 0.2 * f32::from(class as u8) } else { 1.0 }))
            })
            .collect(),
    );
    for profile in Profile::ALL {
        let (graph, empty) = (map.graph(profile), map.free_flow(profile));
        let class_of = |way: u32| map.data.ways[way as usize].class;
        let rush = ArcTimes::under(graph, &factors.at(8), class_of);
        for _ in 0..100 {
            let (from, to) = (somewhere(&mut dice, &map, profile), somewhere(&mut dice, &map, profile));
            let way = empty.route(graph, from, &to).unwrap();
            let free = free_by_class(&map, profile, empty, &way);
            assert_eq!(free.in_hour_ms(&factors, 7), free.total_ms());
            assert_eq!(free.in_hour_ms(&DayFactors::default(), 8), free.total_ms());
            let ms = |times: &ArcTimes, part: &ArcPart| {
                f64::from(times.before_ms(part.arc, part.to)) - f64::from(times.before_ms(part.arc, part.from))
            };
            let by_arc: f64 = way.arcs.iter().map(|part| ms(&rush, part) - ms(empty.times(), part)).sum();
            let (got, expected) = (free.in_hour_ms(&factors, 8) as f64, free.total_ms() as f64 + by_arc);
            let rounded = 12.0 + way.arcs.len() as f64;
            assert!(got <= expected + rounded, "{profile:?}: {got} ms instead of {expected}");
            // By subway the ways to stations, which are no class's, would go with their streets.
            assert!(profile == Profile::Transit || got >= expected - rounded, "{profile:?}: {got} ms of {expected}");
            assert_eq!(free.in_hour_ms(&factors, 8), free.in_hour_ms(&factors, 32));
        }
    }
}

#[test]
fn the_way_under_other_times_is_told_in_free_ones() {
    // Straight on is 200 m; under a jam there the way round is taken, and told as long as it is on empty roads.
    let drawn = draw("A--B\n|  |\nC--D");
    let graph = drawn.map.graph(Profile::Walk);
    let [from, to] = ['A', 'B'].map(|letter| graph.snap(drawn.at(letter)).unwrap());
    let hierarchy = drawn.map.free_flow(Profile::Walk).hierarchy();
    let mut jam = crate::road::hierarchy::Conditions::default();
    jam.by_edge.insert(graph.snap(drawn.between('A', 'B', 0.5)).unwrap().edge, 50.0);
    let jammed = Metric::new(hierarchy, ArcTimes::under(graph, &jam, |_| RoadClass::Residential));
    let straight = drawn.map.free_flow(Profile::Walk).travel_ms(from, &to).unwrap();
    let way = jammed.route(graph, from, &to).unwrap();
    let round = free_by_class(&drawn.map, Profile::Walk, &jammed, &way);
    assert_eq!(round.total_ms(), u64::from(jammed.travel_ms(from, &to).unwrap()));
    assert!(round.total_ms() > u64::from(straight) * 2);
    assert!(round.fixed_ms == 0);
}

/// A simulated city: its true times are not the map's, and drivers take the truly fastest way.
struct City<'a> {
    map: &'a RoadMap,
    profile: Profile,
    hours: Vec<(usize, Metric)>,
}

fn under(
    map: &RoadMap,
    profile: Profile,
    hierarchy: &std::sync::Arc<Hierarchy>,
    day: &DayFactors,
    hour: usize,
) -> Metric {
    let class_of = |way: u32| map.data.ways[way as usize].class;
    Metric::new(hierarchy, ArcTimes::under(map.graph(profile), &day.at(hour), class_of))
}

impl<'a> City<'a> {
    fn new(map: &'a RoadMap, profile: Profile) -> Self {
        let hours = |class| std::array::from_fn(|hour| hidden(class as usize, hour) as f32);
        let truth = DayFactors(RoadClass::ALL.map(|c| (c, hours(c))).into());
        let hierarchy = map.free_flow(profile).hierarchy();
        let hours = [2, 8, 13, 18].map(|hour| (hour, under(map, profile, hierarchy, &truth, hour)));
        Self { map, profile, hours: hours.into() }
    }

    /// From where, where to, in which hour, how long.
    fn day(&self, dice: &mut Dice, of_hour: usize) -> Vec<(Snap, Snap, usize, u32)> {
        // Small: the luck of five days is no bias of the fit, and must stay well below what is asserted.
        let day = (0.015 * normal(dice)).exp();
        let mut trips = Vec::new();
        for _ in 0..of_hour {
            for (hour, truth) in &self.hours {
                let (from, to) = (somewhere(dice, self.map, self.profile), somewhere(dice, self.map, self.profile));
                let ms = f64::from(truth.travel_ms(from, &to).unwrap()) * day * (0.15 * normal(dice)).exp();
                trips.push((from, to, *hour, ms as u32));
            }
        }
        trips
    }
}

#[test]
fn held_out_days_are_met_without_bias_and_with_nine_of_ten_below_p90() {
    let map = RoadMap::build(crate::city::generate_small(7));
    for (profile, seed) in [(Profile::Walk, 11), (Profile::Drive, 12)] {
        println!("seed {seed}");
        let mut dice = Dice(seed);
        let city = City::new(&map, profile);
        let free = map.free_flow(profile);
        let training: Vec<_> = (0..20).flat_map(|_| city.day(&mut dice, 15)).collect();
        let observations: Vec<Observation> = training
            .iter()
            .filter_map(|&(from, to, hour, took_ms)| {
                let way = free.route(map.graph(profile), from, &to)?;
                let free = free_by_class(&map, profile, free, &way);
                Some(Observation { profile, day: 0, hour: hour as u8, free, took_ms, with_rider: false })
            })
            .collect();
        let calibration = fit(&observations);
        let day = calibration.day_factors(profile);
        let fitted = |hour| under(&map, profile, free.hierarchy(), &day, hour);
        let metrics = [2, 8, 13, 18].map(|hour| (hour, fitted(hour)));
        let (mut ratios, mut before, mut covered) = (Vec::new(), Vec::new(), 0);
        for (from, to, hour, took_ms) in (0..5).flat_map(|_| city.day(&mut dice, 40)) {
            let metric = &metrics.iter().find(|m| m.0 == hour).unwrap().1;
            let ms = metric.travel_ms(from, &to).unwrap();
            let eta = calibration.eta(profile, hour, ms as f32 / 1_000.0);
            assert_eq!(eta.source, EtaSource::Calibrated);
            covered += usize::from(took_ms as f32 / 1_000.0 <= eta.p90_s);
            ratios.push(f64::from(ms) / f64::from(took_ms.max(1)));
            before.push(f64::from(free.travel_ms(from, &to).unwrap()) / f64::from(took_ms.max(1)));
        }
        let [bias, bias_before] = [&mut ratios, &mut before].map(|ratios| {
            ratios.sort_unstable_by(f64::total_cmp);
            ratios[ratios.len() / 2] - 1.0
        });
        let share = covered as f64 / ratios.len() as f64;
        println!("{profile:?}: bias {bias:.4}, {bias_before:.4} before; {share:.3} below p90");
        assert!(bias_before.abs() > 0.1, "there was something to learn");
        assert!(bias.abs() < 0.03, "{bias}");
        assert!((0.85..=0.95).contains(&share), "{share}");
    }
}

#[test]
fn who_goes_with_a_rider_at_their_pace_makes_no_street_slow_for_those_who_go_alone() {
    let alone = |n: u32| plain(8 + (n % 3) as u8, 1.2 * (1.0 + 0.01 * f64::from(n % 7) - 0.03));
    let with_rider = |n: u32| Observation { with_rider: true, ..plain(8 + (n % 3) as u8, 1.5) };
    let both: Vec<Observation> = (0..300).map(alone).chain((0..300).map(with_rider)).collect();
    let fitted = fit(&both);
    let pace = f64::from(fitted.pace(Profile::Drive));
    assert!((pace - 1.25).abs() < 0.02, "{pace}");
    for hour in 8..11 {
        let factor = factor(&fitted, RoadClass::Residential, hour);
        assert!((factor - 1.2).abs() < 0.03, "{factor} at {hour}");
    }
    assert_eq!(fitted.observations(Profile::Drive, 8), 200, "and both teach the streets");
    assert_eq!(fitted.pace(Profile::Walk).to_bits(), 1.0_f32.to_bits(), "nobody walked");
    // Too few alone to tell the two apart: what is known is what all took.
    let few: Vec<Observation> = (0..20).map(alone).chain((0..300).map(with_rider)).collect();
    let of_all = fit(&few);
    assert_eq!(of_all.pace(Profile::Drive).to_bits(), 1.0_f32.to_bits());
    assert!(factor(&of_all, RoadClass::Residential, 8) > 1.4);
}
