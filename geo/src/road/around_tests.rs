//! The way by car around zones held against the hierarchy where there are none, and against a slow search that relaxes every turn
//! until nothing changes where there are some.

use super::{Around, around, fractions, least_inside};
use crate::road::drawn::{Dice, draw, draw_with, tangle};
use crate::road::headed::Headed;
use crate::road::hierarchy::{ArcTimes, Conditions, Hierarchy, Metric, NodeOrder, SearchGraph};
use crate::road::safer::tests::{clear, looked_at, some_zone};
use crate::road::toll::Toll;
use crate::road::turns::tests::restricted_net;
use crate::road::{Graph, NoSaferWay, Profile, RoadMap, Route, Snap, Turns, Zone};
use std::sync::Arc;

fn some_times(dice: &mut Dice, graph: &Graph) -> ArcTimes {
    let edges = graph.edge_count();
    let mut conditions = Conditions::default();
    // Some at one junction: out of there one may have to go on along what is closed.
    for arc in graph.arcs_out(dice.below(graph.node_count()) as u32) {
        conditions.close_edge(arc.edge);
    }
    for _ in 0..edges / 3 {
        conditions.by_edge.insert(dice.below(edges) as u32, 0.2 + 3.0 * dice.unit() as f32);
    }
    for _ in 0..edges / 20 {
        conditions.close_edge(dice.below(edges) as u32);
    }
    ArcTimes::under(graph, &conditions, |_| crate::road::data::RoadClass::Residential)
}

/// Tangles, and nets of streets with bans over two streets and more and one-ways.
fn some_map(dice: &mut Dice, seed: u64) -> RoadMap {
    RoadMap::build(if seed.is_multiple_of(2) { tangle(dice, 40, 40) } else { restricted_net(dice) })
}

fn metric(map: &RoadMap, times: ArcTimes) -> Metric {
    let order = NodeOrder::find(map.graph(Profile::Drive));
    Metric::new(&Arc::new(Hierarchy::new(SearchGraph::of(map, Profile::Drive), &order)), times)
}

/// What a street may cost between two fractions of it, by its milliseconds.
type Charge<'a> = &'a dyn Fn(u32, f32, f32, u64) -> Option<u64>;

/// The slow twin: Bellman and Ford's over arcs and copies.
fn least_cost(turns: &Turns, times: &ArcTimes, from: &Snap, to: &Snap, charge: Charge<'_>) -> Option<u64> {
    let part = |arc: u32, a: f32, b: f32| {
        let ms = u64::from(times.before_ms(arc, a).abs_diff(times.before_ms(arc, b)));
        charge(arc / 2, a, b, ms)
    };
    let mut best = vec![u64::MAX; turns.state_count()];
    for arc in [from.edge * 2, from.edge * 2 + 1].into_iter().filter(|&arc| times.is_open(arc)) {
        if let Some(ms) = part(arc, from.fraction, fractions(arc).1) {
            best[arc as usize] = ms;
        }
    }
    let whole: Vec<Option<u64>> =
        (0..turns.state_count() as u32).map(|state| part(turns.original(state), 0.0, 1.0)).collect();
    let may_go_on = |state: u32, to: u32| may_go_on(turns, times, state, turns.original(to));
    let mut changed = true;
    while changed {
        changed = false;
        for state in 0..turns.state_count() as u32 {
            if best[state as usize] == u64::MAX {
                continue;
            }
            for turn in turns.turns_out(state) {
                let Some(ms) = whole[turn.arc as usize].filter(|_| may_go_on(state, turn.arc)) else { continue };
                let next = best[state as usize] + u64::from(turn.ms) + ms;
                changed |= next < best[turn.arc as usize];
                best[turn.arc as usize] = best[turn.arc as usize].min(next);
            }
        }
    }
    let mut ends = Vec::new();
    for (state, &ms) in best.iter().enumerate().filter(|(_, ms)| **ms != u64::MAX) {
        for turn in turns.turns_out(state as u32) {
            let arc = turns.original(turn.arc);
            if arc / 2 == to.edge && may_go_on(state as u32, turn.arc) {
                ends.extend(part(arc, fractions(arc).0, to.fraction).map(|end| ms + u64::from(turn.ms) + end));
            }
        }
    }
    let straight = times.straight(from, to);
    ends.extend(straight.and_then(|(ms, _)| charge(from.edge, from.fraction, to.fraction, ms.into())));
    ends.into_iter().min()
}

/// Whether one may go along an arc after a state: within what is closed only where no turn leads out of it.
fn may_go_on(turns: &Turns, times: &ArcTimes, state: u32, arc: u32) -> bool {
    let is_shut_in = || turns.turns_out(state).iter().all(|turn| !times.leads_out(turns.original(turn.arc)));
    times.may_enter(arc) || [turns.original(state), arc].iter().all(|&arc| times.is_closed(arc)) && is_shut_in()
}

/// Turns that may be taken from inside what is closed only.
fn onward(turns: &Turns, times: &ArcTimes) -> usize {
    let states = 0..turns.state_count() as u32;
    let arcs =
        states.flat_map(|state| turns.turns_out(state).iter().map(move |turn| (state, turns.original(turn.arc))));
    arcs.filter(|&(state, arc)| !times.may_enter(arc) && may_go_on(turns, times, state, arc)).count()
}

fn some_snap(dice: &mut Dice, graph: &Graph) -> Snap {
    graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32)
}

#[test]
fn without_zones_it_is_the_fastest_way_with_turns_and_restrictions() {
    let (mut found, mut copies, mut onward) = (0, 0, 0);
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let map = some_map(&mut dice, seed);
        let (graph, turns) = (map.graph(Profile::Drive), map.turns(Profile::Drive).unwrap());
        if graph.edge_count() == 0 {
            continue;
        }
        let times = some_times(&mut dice, graph);
        copies += turns.state_count() - turns.arc_count();
        onward += self::onward(turns, &times);
        let metric = metric(&map, times);
        for _ in 0..20 {
            let (from, to) = (some_snap(&mut dice, graph), some_snap(&mut dice, graph));
            let route = around(graph, turns, &metric, from, &to, &[]).ok();
            let seconds = metric.travel_ms(from, &to).map(|ms| (f64::from(ms) / 1_000.0) as f32);
            assert_eq!(route.as_ref().map(|route| route.duration_s), seconds, "seed {seed}");
            found += usize::from(route.is_some());
        }
    }
    println!("{found} ways, {copies} copies of arcs, {onward} times onward");
    assert!(copies > 50 && onward > 20, "{copies} copies, {onward} onward");
    assert!(found > 200, "{found}");
}

#[test]
fn agrees_with_the_slow_way_and_never_enters_a_zone() {
    let mut counts = [0usize; 2];
    for seed in 0..80 {
        let mut dice = Dice(seed);
        let map = some_map(&mut dice, seed);
        let (graph, turns) = (map.graph(Profile::Drive), map.turns(Profile::Drive).unwrap());
        if graph.edge_count() == 0 {
            continue;
        }
        let metric = metric(&map, some_times(&mut dice, graph));
        for _ in 0..8 {
            let zones: Vec<Zone> = (0..=dice.below(3)).map(|_| some_zone(&mut dice)).collect();
            let (from, to) = (some_snap(&mut dice, graph), some_snap(&mut dice, graph));
            let quick = around(graph, turns, &metric, from, &to, &zones);
            let inside = |snap: &Snap| zones.iter().any(|zone| zone.contains(snap.at));
            match &quick {
                Err(NoSaferWay::BeginsInside) => assert!(inside(&from), "seed {seed}"),
                Err(NoSaferWay::EndsInside) => assert!(inside(&to) && !inside(&from), "seed {seed}"),
                _ => {
                    let keeping_out = |edge, a, b, ms| clear(graph, &zones, edge, a, b).then_some(ms);
                    let slow = least_cost(turns, metric.times(), &from, &to, &keeping_out);
                    let slow_s = slow.map(|ms| (ms as f64 / 1_000.0) as f32);
                    assert_eq!(quick.as_ref().ok().map(|route| route.duration_s), slow_s, "seed {seed}");
                }
            }
            if let Ok(route) = &quick {
                assert!(!looked_at(&route.points).any(|p| zones.iter().any(|z| z.contains(p))), "seed {seed}");
            }
            counts[usize::from(quick.is_ok())] += 1;
            // Where one must pass through: the least that any way costs.
            let toll = Toll::exacting(graph, &zones);
            let dear = |edge, a, b, ms| Some(ms + toll.extra_ms(edge, a, b)?);
            let slow = least_cost(turns, metric.times(), &from, &to, &dear);
            let headed = Headed::from(from);
            let owed = toll.owed(&from, &to);
            let search = Around { metric: &metric, times: metric.times(), turns, from: &headed, to: &to, toll, owed };
            assert_eq!(search.search().map(|(found, _)| found.cost), slow, "seed {seed}, least inside");
        }
    }
    println!("{} ways found, {} refused", counts[1], counts[0]);
    assert!(counts[0] > 30 && counts[1] > 100, "both must happen: {counts:?}");
}

#[test]
fn a_car_is_led_round_the_zone_and_not_through_a_forbidden_turn() {
    let picture = "A-B-C-D\n| | | |\nE-F-G-H";
    let middle = |drawn: &crate::road::drawn::Drawn| Zone::circle(drawn.between('B', 'C', 0.5), 40.0).unwrap();
    let by = |rules: &[&str]| {
        let drawn = draw_with(picture, rules);
        let (graph, turns) = (drawn.map.graph(Profile::Drive), drawn.map.turns(Profile::Drive).unwrap());
        let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
        let metric = metric(&drawn.map, ArcTimes::free_flow(graph));
        let zone = middle(&drawn);
        let route =
            around(graph, turns, &metric, snap('A', 'B'), &snap('C', 'D'), std::slice::from_ref(&zone)).unwrap();
        assert!(!looked_at(&route.points).any(|p| zone.contains(p)));
        let passes = |letter: char| route.points.iter().any(|p| p.distance_m(drawn.at(letter)) < 1.0);
        ("BFGC".chars().all(passes), passes('E'))
    };
    assert_eq!(by(&[]), (true, false), "by B-F-G-C");
    assert!(by(&["no A-B-F"]).1, "who may not turn at B goes round by E");
}

/// Metres of a way's stretches that touch a zone.
fn inside_m(route: &Route, zones: &[Zone]) -> f64 {
    let pairs = route.points.windows(2);
    pairs.filter(|p| zones.iter().any(|zone| zone.touches(p[0], p[1]))).map(|p| p[0].distance_m(p[1])).sum()
}

#[test]
fn one_zone_that_nobody_gets_round_does_not_open_another() {
    // Over the bridge C-D there is no way round; round the zone in A-B-C there is.
    let drawn = draw("A-B-C-D-E\n|   |\nF-G-H");
    let (graph, turns) = (drawn.map.graph(Profile::Drive), drawn.map.turns(Profile::Drive).unwrap());
    let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let metric = metric(&drawn.map, ArcTimes::free_flow(graph));
    let zone = |a, b| Zone::circle(drawn.between(a, b, 0.5), 20.0).unwrap();
    let (spared, crossed) = (zone('B', 'C'), zone('C', 'D'));
    let zones = [spared.clone(), crossed.clone()];
    let (from, to) = (snap('A', 'F'), snap('D', 'E'));
    assert_eq!(around(graph, turns, &metric, from, &to, &zones).unwrap_err(), NoSaferWay::CutOff);
    let way = least_inside(graph, turns, &metric, from, &to, &zones).unwrap();
    assert!(inside_m(&way, std::slice::from_ref(&spared)) <= 0.0, "through the zone that could be spared");
    assert!(inside_m(&way, &[crossed]) > 0.0);
    let plain = metric.travel_ms(from, &to).unwrap();
    let seconds = least_inside(graph, turns, &metric, from, &to, &[]).ok_or(()).map(|way| way.duration_s);
    assert_eq!(seconds, Ok((f64::from(plain) / 1_000.0) as f32), "it tells the time and not what it counts");
    // Who stands inside is led out by the shortest, however long the street is.
    let drawn = draw("A---------B\n|         |\nC---------D");
    let (graph, turns) = (drawn.map.graph(Profile::Drive), drawn.map.turns(Profile::Drive).unwrap());
    let metric = self::metric(&drawn.map, ArcTimes::free_flow(graph));
    let round = [Zone::circle(drawn.at('A'), 60.0).unwrap()];
    let (from, to) = (drawn.between('A', 'B', 0.05), drawn.between('B', 'D', 0.5));
    let way = least_inside(graph, turns, &metric, graph.snap(from).unwrap(), &graph.snap(to).unwrap(), &round).unwrap();
    assert!(way.points.iter().all(|p| p.distance_m(drawn.at('A')) > 45.0), "deeper into the zone");
    let drawn = draw("A-B-C-D-E\n|   |\nF-G-H");
    let (graph, turns) = (drawn.map.graph(Profile::Drive), drawn.map.turns(Profile::Drive).unwrap());
    let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let metric = self::metric(&drawn.map, ArcTimes::free_flow(graph));
    let to = snap('D', 'E');
    let wide = Zone::circle(drawn.between('A', 'B', 0.4), 70.0).unwrap();
    let inside = snap('A', 'B');
    assert_eq!(
        around(graph, turns, &metric, inside, &to, std::slice::from_ref(&wide)).unwrap_err(),
        NoSaferWay::BeginsInside
    );
    assert!(least_inside(graph, turns, &metric, inside, &to, &[wide]).is_some());
}

#[test]
fn who_is_headed_away_turns_round_first() {
    let drawn = draw("A-B-C-D");
    let (graph, turns) = (drawn.map.graph(Profile::Drive), drawn.map.turns(Profile::Drive).unwrap());
    let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let metric = metric(&drawn.map, ArcTimes::free_flow(graph));
    for forward in [true, false] {
        let from = graph.headed(snap('B', 'C'), Some(forward), 20_000);
        for to in [snap('C', 'D'), snap('A', 'B')] {
            let seconds = around(graph, turns, &metric, from, &to, &[]).map(|way| way.duration_s);
            let searched = metric.travel_ms(from, &to).unwrap();
            assert_eq!(seconds, Ok((f64::from(searched) / 1_000.0) as f32), "{forward}");
        }
    }
}

#[test]
fn who_is_inside_what_is_closed_goes_on_within_it() {
    let drawn = draw("A-----B\n|     |\n|     |\nX>J-L-Y\n  |   |\n  K   Z");
    let (graph, turns) = (drawn.map.graph(Profile::Drive), drawn.map.turns(Profile::Drive).unwrap());
    let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let mut closed = Conditions::default();
    for street in [snap('J', 'K'), snap('J', 'L')] {
        closed.close_edge(street.edge);
    }
    let metric = metric(&drawn.map, ArcTimes::under(graph, &closed, |_| crate::road::data::RoadClass::Residential));
    let way = around(graph, turns, &metric, snap('J', 'K'), &snap('Y', 'Z'), &[]).unwrap();
    assert!((way.length_m - 600.0).abs() < 5.0, "{} m, out by L", way.length_m);
}

#[test]
fn where_every_way_leads_through_a_zone_there_is_none() {
    let drawn = draw("A-B-C-D");
    let (graph, turns) = (drawn.map.graph(Profile::Drive), drawn.map.turns(Profile::Drive).unwrap());
    let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let metric = metric(&drawn.map, ArcTimes::free_flow(graph));
    let zone = |a, b| [Zone::circle(drawn.between(a, b, 0.5), 40.0).unwrap()];
    let ways = |from: Snap, to: Snap, zones: &[Zone]| around(graph, turns, &metric, from, &to, zones).map(|_| ());
    assert_eq!(ways(snap('A', 'B'), snap('C', 'D'), &zone('B', 'C')), Err(NoSaferWay::CutOff));
    assert_eq!(ways(snap('A', 'B'), snap('C', 'D'), &zone('A', 'B')), Err(NoSaferWay::BeginsInside));
    assert_eq!(ways(snap('A', 'B'), snap('C', 'D'), &zone('C', 'D')), Err(NoSaferWay::EndsInside));
    assert_eq!(ways(snap('A', 'B'), snap('B', 'C'), &zone('C', 'D')), Ok(()));
}
