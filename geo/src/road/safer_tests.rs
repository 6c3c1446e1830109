//! The safer way held against the slow way round (every arc relaxed until nothing changes, zones sampled point by point), on
//! tangles, drawn maps, the generated city and Seoul.

use super::{DISLIKE_MAX, Dislikes, NoSaferWay, ONE, Search};
use crate::position::Position;
use crate::road::avoid::Zone;
use crate::road::data::RoadClass;
use crate::road::drawn::{Dice, Drawn, draw, place, tangle};
use crate::road::hierarchy::{ArcTimes, Conditions, Hierarchy, Metric, NodeOrder, SearchGraph};
use crate::road::subway::{Line, Ride, Stop, Subway};
use crate::road::timed::Timed;
use crate::road::toll::Toll;
use crate::road::transit::OffStreet;
use crate::road::{Graph, Lit, Profile, RoadMap, Route, Snap};
use proptest::prelude::*;
use std::sync::Arc;

/// Streets are looked at every so many metres.
const LOOK_M: f64 = 5.0;

fn some_class(way: u32) -> RoadClass {
    use RoadClass::{Path, Primary, Residential, Secondary, Tertiary};
    [Primary, Secondary, Tertiary, Residential, Path][way as usize % 5]
}

fn of_map(map: &RoadMap) -> Dislikes {
    Dislikes::of(map.graph(Profile::Walk), &Lit::default(), |way| map.data.ways[way as usize].class)
}

/// Whether a street between two fractions has no looked-at point in a zone, or nearly; of a ride its stops are looked at.
pub(in crate::road) fn clear(graph: &Graph, zones: &[Zone], edge: u32, a: f32, b: f32) -> bool {
    if let Some(OffStreet::Ride { .. }) = graph.off_street(edge) {
        return graph.shape(edge).iter().all(|&stop| zones.iter().all(|zone| !zone.contains(stop)));
    }
    let whole_m = f64::from(graph.edge(edge).length_m);
    let steps = (whole_m * f64::from((b - a).abs()) / LOOK_M).ceil().max(1.0) as u32;
    let points: Vec<Position> =
        (0..=steps).map(|i| graph.snap_at(edge, a + (b - a) * i as f32 / steps as f32).at).collect();
    let mut all: Vec<Position> = points.clone();
    // Between two looks a corner of the street may stick out.
    if (a - b).abs() > 0.999 {
        all.extend(graph.shape(edge));
    }
    !zones.iter().any(|z| all.iter().any(|&p| z.contains(p)) || points.windows(2).any(|w| z.touches(w[0], w[1])))
}

/// What a street may cost between two fractions of it, by its milliseconds.
type Charge<'a> = &'a dyn Fn(u32, f32, f32, u64) -> Option<u64>;

/// The slow twin: Bellman and Ford's.
fn least_cost(graph: &Graph, from: &Snap, to: &Snap, charge: Charge<'_>) -> Option<u64> {
    let part = |edge: u32, a: f32, b: f32| {
        let at = |f: f32| u64::from(graph.edge(edge).ms_from_start(f));
        charge(edge, a, b, at(a).abs_diff(at(b)))
    };
    let mut best = vec![u64::MAX; graph.node_count()];
    let mut better = |node: u32, cost: u64| {
        let found = cost < best[node as usize];
        best[node as usize] = best[node as usize].min(cost);
        found
    };
    let edge = graph.edge(from.edge);
    for (open, node, end) in [(edge.forward(), edge.end, 1.0), (edge.backward(), edge.start, 0.0)] {
        if let Some(cost) = part(from.edge, from.fraction, end).filter(|_| open) {
            better(node, cost);
        }
    }
    let open: Vec<(u32, u32, u64)> = (0..graph.edge_count() as u32)
        .filter_map(|e| Some((e, part(e, 0.0, 1.0)?)))
        .flat_map(|(e, cost)| {
            let edge = graph.edge(e);
            let ways =
                [edge.forward().then_some((edge.start, edge.end)), edge.backward().then_some((edge.end, edge.start))];
            ways.into_iter().flatten().map(move |(a, b)| (a, b, cost))
        })
        .collect();
    let mut changed = true;
    while changed {
        changed = false;
        for &(a, b, cost) in &open {
            let whole = best[a as usize].saturating_add(cost);
            changed |= whole < best[b as usize];
            best[b as usize] = best[b as usize].min(whole);
        }
    }
    let edge = graph.edge(to.edge);
    let mut ends = Vec::new();
    for (open, node, begin) in [(edge.forward(), edge.start, 0.0), (edge.backward(), edge.end, 1.0)] {
        if let Some(cost) = part(to.edge, begin, to.fraction).filter(|_| open) {
            ends.push(best[node as usize].saturating_add(cost));
        }
    }
    if from.edge == to.edge {
        let ahead =
            (edge.forward() && from.fraction <= to.fraction) || (edge.backward() && to.fraction <= from.fraction);
        ends.extend(part(to.edge, from.fraction, to.fraction).filter(|_| ahead));
    }
    ends.into_iter().filter(|&c| c != u64::MAX).min()
}

/// Every looked-at point of a way.
pub(in crate::road) fn looked_at(points: &[Position]) -> impl Iterator<Item = Position> + '_ {
    points.windows(2).flat_map(|w| {
        let steps = (w[0].distance_m(w[1]) / LOOK_M).ceil().max(1.0) as u32;
        (0..=steps).map(move |i| w[0].towards(w[1], f64::from(i) / f64::from(steps)))
    })
}

/// The same, but of rides their stops alone.
fn stood_at(route: &Route) -> impl Iterator<Item = Position> + '_ {
    let is_ridden = |i: usize| route.rides.iter().any(|ride| ride.from <= i && i < ride.to);
    let pairs = route.points.windows(2).enumerate();
    pairs.flat_map(move |(i, pair)| if is_ridden(i) { pair.to_vec() } else { looked_at(pair).collect() })
}

fn check(map: &RoadMap, dislikes: &Dislikes, from: &Snap, to: &Snap, zones: &[Zone]) -> Result<(), String> {
    check_by(Profile::Walk, map, dislikes, (from, to), zones)
}

fn check_by(
    profile: Profile,
    map: &RoadMap,
    dislikes: &Dislikes,
    (from, to): (&Snap, &Snap),
    zones: &[Zone],
) -> Result<(), String> {
    let (graph, metric) = (map.graph(profile), map.free_flow(profile));
    let inside = |s: &Snap| zones.iter().any(|z| z.contains(s.at));
    let keeping_out = |edge, a, b, ms: u64| clear(graph, zones, edge, a, b).then(|| ms * dislikes.of_edge(graph, edge));
    let slow = least_cost(graph, from, to, &keeping_out).filter(|_| !inside(from) && !inside(to));
    let quick = led_cost(dislikes, metric, from, to, Toll::forbidding(graph, zones));
    match dislikes.route(graph, metric, from, to, zones) {
        Err(NoSaferWay::BeginsInside) if inside(from) => {}
        Err(NoSaferWay::EndsInside) if inside(to) && !inside(from) => {}
        Err(NoSaferWay::CutOff) if slow.is_none() => {}
        Err(other) => return Err(format!("{other:?} instead of {slow:?}")),
        Ok(found) => {
            if quick != slow {
                return Err(format!("cost {quick:?} instead of {slow:?}"));
            }
            if let Some(p) = stood_at(&found.route).find(|&p| zones.iter().any(|z| z.contains(p))) {
                return Err(format!("{:.6},{:.6} lies in a zone", p.lat(), p.lon()));
            }
            if zones.iter().any(|zone| found.route.enters(zone)) {
                return Err("it is said to enter a zone".to_owned());
            }
            let fastest_s = graph.travel_time(from, to).ok_or("no fastest way")?;
            let detour_s = found.route.duration_s - fastest_s;
            if (detour_s - found.detour_s).abs() > 0.01 {
                return Err(format!("detour {} instead of {detour_s}", found.detour_s));
            }
            if zones.is_empty() && f64::from(found.route.duration_s) > f64::from(fastest_s) * DISLIKE_MAX + 0.01 {
                return Err(format!("{} s, {fastest_s} s at best", found.route.duration_s));
            }
        }
    }
    // Where one must pass through: the least that any way costs, found with the bound and without.
    let toll = Toll::exacting(graph, zones);
    let dear = |edge, a, b, ms: u64| Some(ms * dislikes.of_edge(graph, edge) + toll.extra_ms(edge, a, b)? * ONE);
    let (slow, quick) = (least_cost(graph, from, to, &dear), led_cost(dislikes, metric, from, to, toll));
    if quick != slow {
        return Err(format!("least inside costs {quick:?} instead of {slow:?}"));
    }
    Ok(())
}

/// What the search finds as the service runs it.
fn led_cost(dislikes: &Dislikes, metric: &Metric, from: &Snap, to: &Snap, toll: Toll<'_>) -> Option<u64> {
    dislikes.led_search(metric, from, to, toll).ok().map(|(_, cost, _)| cost)
}

pub(in crate::road) fn some_zone(dice: &mut Dice) -> Zone {
    let at = place(dice.unit() * 3_000.0, dice.unit() * 3_000.0);
    if dice.below(2) == 0 {
        return Zone::circle(at, 20.0 + dice.unit() * 500.0).unwrap();
    }
    let corners: Vec<Position> =
        (0..3 + dice.below(5)).map(|_| place(dice.unit() * 3_000.0, dice.unit() * 3_000.0).towards(at, 0.7)).collect();
    Zone::polygon(&corners).unwrap_or_else(|_| Zone::circle(at, 50.0).unwrap())
}

fn some_snap(dice: &mut Dice, graph: &Graph) -> Snap {
    graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32)
}

#[test]
fn agrees_with_the_slow_way_on_tangles_and_never_enters_a_zone() {
    let mut counts = [0usize; 2];
    for seed in 0..150 {
        let mut dice = Dice(seed);
        let map = RoadMap::build(tangle(&mut dice, 40, 40));
        let graph = map.graph(Profile::Walk);
        if graph.edge_count() == 0 {
            continue;
        }
        let dislikes = Dislikes::of(graph, &Lit::default(), some_class);
        for _ in 0..8 {
            let zones: Vec<Zone> = (0..dice.below(4)).map(|_| some_zone(&mut dice)).collect();
            let (from, to) = (some_snap(&mut dice, graph), some_snap(&mut dice, graph));
            check(&map, &dislikes, &from, &to, &zones).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
            counts[usize::from(dislikes.route(graph, map.free_flow(Profile::Walk), &from, &to, &zones).is_ok())] += 1;
        }
    }
    println!("{} ways found, {} refused", counts[1], counts[0]);
    assert!(counts[0] > 50 && counts[1] > 200, "both must happen: {counts:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_map_no_way_leads_through_a_zone(seed: u64, zone_count in 1usize..6) {
        let mut dice = Dice(seed);
        let map = RoadMap::build(tangle(&mut dice, 25, 30));
        let graph = map.graph(Profile::Walk);
        prop_assume!(graph.edge_count() > 0);
        let dislikes = Dislikes::of(graph, &Lit::default(), some_class);
        let zones: Vec<Zone> = (0..zone_count).map(|_| some_zone(&mut dice)).collect();
        let (from, to) = (some_snap(&mut dice, graph), some_snap(&mut dice, graph));
        let outcome = check(&map, &dislikes, &from, &to, &zones);
        prop_assert!(outcome.is_ok(), "seed {}: {}", seed, outcome.unwrap_err());
    }
}

/// Two ways from A to F: straight through the lane D-E, or round by the main road B-C. Which street is what, by its place.
fn two_ways() -> Drawn {
    draw(concat!(
        "B-----C\n", //
        "|     |\n",
        "A-D-E-F",
    ))
}

fn by_place(drawn: &Drawn, main: &str) -> Dislikes {
    let graph = drawn.map.graph(Profile::Walk);
    let corners: Vec<Position> = main.chars().map(|c| drawn.at(c)).collect();
    Dislikes::of(graph, &Lit::default(), |way| {
        let nodes = &drawn.map.data.ways[way as usize].nodes;
        let is_main = nodes.iter().all(|&n| corners.contains(&drawn.map.data.nodes[n as usize]));
        if is_main { RoadClass::Primary } else { RoadClass::Path }
    })
}

#[test]
fn the_main_road_is_worth_a_detour_and_the_detour_is_told() {
    let drawn = two_ways();
    let graph = drawn.map.graph(Profile::Walk);
    let (a, f) = (graph.snap(drawn.at('A')).unwrap(), graph.snap(drawn.at('F')).unwrap());
    let found = by_place(&drawn, "ABCF").route(graph, drawn.map.free_flow(Profile::Walk), &a, &f, &[]).unwrap();
    assert!(found.route.points.contains(&drawn.at('B')) && !found.route.points.contains(&drawn.at('D')));
    // 1,000 m instead of 600 m at 5 km/h.
    assert!((found.detour_s - 400.0 / 5.0 * 3.6).abs() < 2.0, "{}", found.detour_s);
    let found = by_place(&drawn, "").route(graph, drawn.map.free_flow(Profile::Walk), &a, &f, &[]).unwrap();
    assert!(found.route.points.contains(&drawn.at('D')));
    assert!(found.detour_s.abs() < f32::EPSILON, "{}", found.detour_s);
}

#[test]
fn lamps_and_cameras_make_up_for_a_small_street() {
    let drawn = two_ways();
    let graph = drawn.map.graph(Profile::Walk);
    let lane = |way: u32| some_lane(&drawn, way);
    let lamps: Vec<Position> = (0..12).map(|i| drawn.between('A', 'F', f64::from(i) / 12.0 + 0.04)).collect();
    let edge = graph.snap(drawn.between('D', 'E', 0.5)).unwrap().edge;
    let dislike =
        |lamps: &[Position], cameras: &[Position]| Dislikes::of(graph, &Lit::of(graph, lamps, cameras), lane).get(edge);
    let cases = [
        (&lamps[..0], &lamps[..0], 2.0),
        (&lamps[..], &lamps[..0], 1.7),
        (&lamps[..0], &lamps[..], 1.8),
        (&lamps[..], &lamps[..], 1.5),
    ];
    for (lamps, cameras, expected) in cases {
        assert!((dislike(lamps, cameras) - expected).abs() < 1e-9, "{} lamps, {} cameras", lamps.len(), cameras.len());
    }
    // One lamp in 200 m lights no street.
    assert!((dislike(&[drawn.between('D', 'E', 0.5)], &[]) - 2.0).abs() < 1e-9);
}

fn some_lane(_: &Drawn, _: u32) -> RoadClass {
    RoadClass::Path
}

#[test]
fn nothing_is_disliked_less_than_a_main_road() {
    let drawn = two_ways();
    let graph = drawn.map.graph(Profile::Walk);
    let lamps: Vec<Position> = (0..60).map(|i| drawn.between('A', 'F', f64::from(i) / 60.0)).collect();
    let dislikes = Dislikes::of(graph, &Lit::of(graph, &lamps, &lamps), |_| RoadClass::Primary);
    assert!((0..graph.edge_count() as u32).all(|e| dislikes.of_street(e) == ONE));
}

#[test]
fn a_zone_on_the_short_way_sends_one_round_and_one_on_both_cuts_off() {
    let drawn = two_ways();
    let graph = drawn.map.graph(Profile::Walk);
    let dislikes = by_place(&drawn, "");
    let (a, f) = (graph.snap(drawn.at('A')).unwrap(), graph.snap(drawn.at('F')).unwrap());
    let short = Zone::circle(drawn.between('D', 'E', 0.5), 50.0).unwrap();
    let long = Zone::circle(drawn.between('B', 'C', 0.5), 50.0).unwrap();
    let found =
        dislikes.route(graph, drawn.map.free_flow(Profile::Walk), &a, &f, std::slice::from_ref(&short)).unwrap();
    assert!(found.route.points.contains(&drawn.at('B')));
    assert!((found.detour_s - 288.0).abs() < 2.0, "{}", found.detour_s);
    assert_eq!(
        dislikes.route(graph, drawn.map.free_flow(Profile::Walk), &a, &f, &[short.clone(), long]),
        Err(NoSaferWay::CutOff)
    );
    let from_within = graph.snap(drawn.between('D', 'E', 0.4)).unwrap();
    assert_eq!(
        dislikes.route(graph, drawn.map.free_flow(Profile::Walk), &from_within, &f, std::slice::from_ref(&short)),
        Err(NoSaferWay::BeginsInside)
    );
    assert_eq!(
        dislikes.route(graph, drawn.map.free_flow(Profile::Walk), &f, &from_within, std::slice::from_ref(&short)),
        Err(NoSaferWay::EndsInside)
    );
    assert_eq!(
        dislikes.route(graph, drawn.map.free_flow(Profile::Walk), &from_within, &from_within, &[short]),
        Err(NoSaferWay::BeginsInside)
    );
}

#[test]
fn one_leaves_a_street_by_the_end_that_is_clear() {
    let drawn = two_ways();
    let graph = drawn.map.graph(Profile::Walk);
    let dislikes = by_place(&drawn, "");
    // Near C on B-C, with a zone between there and C.
    let from = graph.snap(drawn.between('B', 'C', 0.7)).unwrap();
    let to = graph.snap(drawn.at('F')).unwrap();
    let zone = Zone::circle(drawn.between('B', 'C', 0.85), 40.0).unwrap();
    let found = dislikes.route(graph, drawn.map.free_flow(Profile::Walk), &from, &to, &[zone]).unwrap();
    assert!(found.route.points.contains(&drawn.at('B')) && !found.route.points.contains(&drawn.at('C')));
    // On the same street, with a zone between: round the block.
    let to = graph.snap(drawn.between('B', 'C', 0.95)).unwrap();
    let zone = Zone::circle(drawn.between('B', 'C', 0.85), 40.0).unwrap();
    let found = dislikes.route(graph, drawn.map.free_flow(Profile::Walk), &from, &to, &[zone]).unwrap();
    assert!(found.route.points.contains(&drawn.at('D')));
}

#[test]
fn on_the_cities_no_way_enters_a_zone() {
    let city = RoadMap::build(crate::city::generate(crate::city::DEFAULT_SEED));
    on_streets(&city, "generated", 20);
    for (file, queries) in [("seoul-jung-small.osm.pbf", 20), ("seoul-drive-2025-05.osm.pbf", 10)] {
        let Some(path) = crate::road::load::tests::extract(file) else { continue };
        let (data, _) = crate::road::load::load(&[&path], None, &mut |_| {}).unwrap();
        on_streets(&RoadMap::build(data), &file[..10], queries);
    }
}

/// Zones on the fastest way, where they hurt.
fn on_streets(map: &RoadMap, name: &str, queries: usize) {
    let graph = map.graph(Profile::Walk);
    let dislikes = of_map(map);
    let (mut found, mut refused) = (0, 0);
    for seed in 0..queries as u64 {
        let mut dice = Dice(seed);
        let (from, to) = (some_snap(&mut dice, graph), some_snap(&mut dice, graph));
        let fastest = graph.route(&from, &to).unwrap();
        let mut zones = Vec::new();
        while zones.len() < 4 {
            let on_the_way = fastest.position_at(fastest.duration_s * (0.15 + 0.7 * dice.unit() as f32));
            zones.push(Zone::circle(on_the_way, 30.0 + 170.0 * dice.unit()).unwrap());
        }
        match dislikes.route(graph, map.free_flow(Profile::Walk), &from, &to, &zones) {
            Ok(way) => {
                let inside = looked_at(&way.route.points).filter(|&p| zones.iter().any(|z| z.contains(p))).count();
                assert_eq!(inside, 0, "{name}, seed {seed}");
                assert!(way.detour_s >= 0.0);
                found += 1;
            }
            Err(_) => refused += 1,
        }
    }
    println!("{name}: {found} ways round four zones, {refused} refused");
    assert!(found > queries / 3, "{name}: {found}");
}

/// Jams, streets that are faster than the map says, and closures.
fn some_conditions(dice: &mut Dice, graph: &Graph) -> Conditions {
    let edges = graph.edge_count();
    let mut conditions = Conditions::default();
    for _ in 0..edges / 3 {
        conditions.by_edge.insert(dice.below(edges) as u32, 0.1 + 4.0 * dice.unit() as f32);
    }
    for _ in 0..edges / 10 {
        conditions.close_edge(dice.below(edges) as u32);
    }
    conditions
}

#[test]
fn without_dislikes_it_takes_as_long_as_the_fastest_way_of_the_moment() {
    let mut counts = [0usize; 2];
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let map = RoadMap::build(tangle(&mut dice, 40, 40));
        let graph = map.graph(Profile::Walk);
        if graph.edge_count() == 0 {
            continue;
        }
        let times = ArcTimes::under(graph, &some_conditions(&mut dice, graph), |_| RoadClass::Path);
        let hierarchy = Arc::new(Hierarchy::new(SearchGraph::of(&map, Profile::Walk), &NodeOrder::find(graph)));
        let metric = Metric::new(&hierarchy, times.clone());
        for _ in 0..20 {
            let (from, to) = (some_snap(&mut dice, graph), some_snap(&mut dice, graph));
            let found = Dislikes::none().route(graph, &metric, &from, &to, &[]);
            let ms = metric.travel_ms(from, &to);
            let seconds = ms.map(|ms| (f64::from(ms) / 1_000.0) as f32);
            assert_eq!(found.as_ref().ok().map(|way| way.route.duration_s), seconds, "seed {seed}");
            assert!(found.is_err() || found.is_ok_and(|way| way.detour_s == 0.0));
            let dislikes = Dislikes::of(graph, &Lit::default(), some_class);
            let zones = [some_zone(&mut dice)];
            // Led or not, it finds what costs the least.
            for toll in [Toll::forbidding(graph, &zones), Toll::exacting(graph, &zones)] {
                let unled = Search { timed: Timed { graph, times: &times }, dislikes: &dislikes, toll };
                let plain = unled.search(&from, &to, |_| Some(0)).map(|(cost, _)| cost);
                let inside = toll.forbids(from.at) || toll.forbids(to.at);
                let led = led_cost(&dislikes, &metric, &from, &to, toll);
                assert_eq!(led, plain.filter(|_| !inside), "seed {seed}");
            }
            counts[usize::from(ms.is_some())] += 1;
        }
    }
    println!("{} ways found, {} cut off", counts[1], counts[0]);
    assert!(counts[0] > 20 && counts[1] > 500, "both must happen: {counts:?}");
}

#[test]
fn a_closed_street_is_not_walked_and_who_stands_in_it_walks_out() {
    let drawn = draw("A---B---C\n|       |\nD-------F");
    let graph = drawn.map.graph(Profile::Walk);
    let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let mut closed = Conditions::default();
    closed.close_edge(snap('B', 'C').edge);
    let times = ArcTimes::under(graph, &closed, |_| RoadClass::Residential);
    let metric = Metric::new(drawn.map.free_flow(Profile::Walk).hierarchy(), times);
    let dislikes = of_map(&drawn.map);
    let around = dislikes.route(graph, &metric, &snap('A', 'B'), &snap('C', 'F'), &[]).unwrap();
    let free =
        dislikes.route(graph, drawn.map.free_flow(Profile::Walk), &snap('A', 'B'), &snap('C', 'F'), &[]).unwrap();
    let goes_by = |way: &Route, letter| way.points.iter().any(|p| p.distance_m(drawn.at(letter)) < 1.0);
    assert!(goes_by(&free.route, 'B') && !goes_by(&free.route, 'D'));
    assert!(goes_by(&around.route, 'D') && !goes_by(&around.route, 'B'));
    assert!(dislikes.route(graph, &metric, &snap('B', 'C'), &snap('A', 'B'), &[]).is_ok());
    assert_eq!(dislikes.route(graph, &metric, &snap('A', 'B'), &snap('B', 'C'), &[]), Err(NoSaferWay::CutOff));
}

#[test]
fn who_walks_inside_a_closed_block_is_led_out_of_it() {
    let drawn = draw("A---B---C---D\n|   |   |   |\nE---F---G---H\n|   |   |   |\nI---J---K---L");
    let graph = drawn.map.graph(Profile::Walk);
    let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let mut closed = Conditions::default();
    for (a, b) in [('F', 'G'), ('F', 'B'), ('F', 'E'), ('F', 'J'), ('G', 'C'), ('G', 'H'), ('G', 'K')] {
        closed.close_edge(snap(a, b).edge);
    }
    let times = ArcTimes::under(graph, &closed, |_| RoadClass::Residential);
    let metric = Metric::new(drawn.map.free_flow(Profile::Walk).hierarchy(), times);
    let dislikes = of_map(&drawn.map);
    assert!(dislikes.route(graph, &metric, &snap('F', 'G'), &snap('I', 'J'), &[]).is_ok());
    assert_eq!(dislikes.route(graph, &metric, &snap('I', 'J'), &snap('F', 'G'), &[]), Err(NoSaferWay::CutOff));
}

#[test]
fn by_subway_it_agrees_with_the_slow_way_too() {
    let map = RoadMap::build(crate::city::generate_small(7));
    let (graph, dislikes) = (map.graph(Profile::Transit), of_map(&map));
    let walk = map.graph(Profile::Walk);
    let (mut dice, mut rode, mut longer, mut crossed) = (Dice(3), 0, 0, 0);
    println!("seed 3");
    for round in 0..60 {
        let (from, to) = (some_snap(&mut dice, walk), some_snap(&mut dice, walk));
        let fastest = map.free_flow(Profile::Transit).route(graph, from, &to).unwrap();
        let zones: Vec<Zone> = (0..round % 4)
            .filter_map(|_| {
                let on_the_way = fastest.position_at(fastest.duration_s * (0.15 + 0.7 * dice.unit() as f32));
                Zone::circle(on_the_way, 20.0 + 150.0 * dice.unit()).ok()
            })
            .collect();
        check_by(Profile::Transit, &map, &dislikes, (&from, &to), &zones).unwrap_or_else(|e| panic!("{round}: {e}"));
        let Ok(way) = dislikes.route(graph, map.free_flow(Profile::Transit), &from, &to, &zones) else { continue };
        rode += usize::from(!way.route.rides.is_empty());
        longer += usize::from(zones.is_empty() && way.detour_s > 1.0);
        let drawn = |zone: &Zone| way.route.points.windows(2).any(|pair| zone.touches(pair[0], pair[1]));
        crossed += usize::from(zones.iter().any(drawn));
    }
    println!("{rode} ride, {longer} are longer for the streets' sake, {crossed} ride through a zone");
    assert!(rode > 20 && longer > 3 && crossed > 0);
}

/// A train from W to E in no time to speak of. To W one walks by the lane, 600 m, or round by the main road B-C, 1,000 m. The station at
/// D has no trains: of the lane it is the middle.
fn to_the_train() -> Drawn {
    let mut drawn = draw(concat!(
        "B-----C            \n", //
        "|     |            \n",
        "A-D---W-----------E",
    ));
    let mut data = (*drawn.map.data).clone();
    let stop = |name: &str, letter, line| Stop { name: name.into(), line, at: drawn.at(letter), open: true };
    let line = |name: &str| Line { name: name.into(), headway_s: [60; 24] };
    data.subway = Subway {
        lines: vec![line("1"), line("2")],
        stops: vec![stop("west", 'W', 0), stop("east", 'E', 0), stop("lane", 'D', 1)],
        rides: vec![Ride { from: 0, to: 1, seconds: 60 }],
        transfers: vec![],
    };
    drawn.map = RoadMap::build(data);
    drawn
}

#[test]
fn to_the_train_one_walks_by_the_main_road_and_the_ride_counts_its_seconds() {
    let drawn = to_the_train();
    let (graph, metric) = (drawn.map.graph(Profile::Transit), drawn.map.free_flow(Profile::Transit));
    let snap = |letter| graph.snap(drawn.at(letter)).unwrap();
    let (a, e) = (snap('A'), snap('E'));
    let way = by_place(&drawn, "ABCW").route(graph, metric, &a, &e, &[]).unwrap();
    assert!(way.route.points.contains(&drawn.at('B')) && !way.route.points.contains(&drawn.at('D')));
    let [ride] = way.route.rides[..] else { panic!("{} rides", way.route.rides.len()) };
    assert!((way.route.at_s[ride.to] - way.route.at_s[ride.from] - 60.0).abs() < 0.1, "as long as it takes");
    // 1,000 m instead of 600 m at 5 km/h.
    assert!((way.detour_s - 400.0 / 5.0 * 3.6).abs() < 2.0, "{}", way.detour_s);
    // Through the station in the lane nobody gets cheaper than along the lane.
    let through = Dislikes::of(graph, &Lit::default(), |_| RoadClass::Path);
    let cost = |dislikes: &Dislikes| led_cost(dislikes, metric, &a, &snap('W'), Toll::forbidding(graph, &[])).unwrap();
    assert_eq!(cost(&through), 2 * cost(&Dislikes::none()));
}

#[test]
fn a_train_under_way_is_in_no_zone_and_one_that_halts_is() {
    let drawn = to_the_train();
    let (graph, metric) = (drawn.map.graph(Profile::Transit), drawn.map.free_flow(Profile::Transit));
    let ends = [graph.snap(drawn.between('A', 'D', 0.5)), graph.snap(drawn.between('W', 'E', 0.5))].map(Option::unwrap);
    let even = Dislikes::none();
    let by = |zone: &Zone| even.route(graph, metric, &ends[0], &ends[1], std::slice::from_ref(zone));
    let on_the_line = Zone::circle(drawn.between('W', 'E', 0.25), 40.0).unwrap();
    let way = by(&on_the_line).unwrap().route;
    assert_eq!(way.rides.len(), 1, "the street there is not walked, the train passes");
    assert!(!way.enters(&on_the_line));
    let at_the_stop = Zone::circle(drawn.at('E'), 40.0).unwrap();
    assert!(by(&at_the_stop).unwrap().route.rides.is_empty(), "it would halt inside");
    assert!(way.enters(&at_the_stop));
}
