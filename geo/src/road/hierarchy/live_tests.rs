//! What is shared between threads: moves during a re-weighting land on both sides, and no search sees half of one.

use super::{ArcTimes, Conditions, DayFactors, Hierarchy, Live, Metric, NodeOrder, SearchGraph, StaffBuckets};
use crate::road::data::RoadClass;
use crate::road::drawn::{Dice, Drawn, draw, draw_with, tangle};
use crate::road::transit::OffStreet;
use crate::road::{Graph, Profile, RoadMap, Snap, around};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const BOUND_MS: u32 = 4 * 3_600_000;

fn slowed(graph: &Graph, factor: f32) -> ArcTimes {
    let conditions = Conditions { by_class: [(RoadClass::Residential, factor)].into(), ..Conditions::default() };
    ArcTimes::under(graph, &conditions, |_| RoadClass::Residential)
}

fn snap(dice: &mut Dice, graph: &Graph) -> Snap {
    graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32)
}

fn hierarchy(map: &RoadMap) -> Arc<Hierarchy> {
    let order = NodeOrder::find(map.graph(Profile::Drive));
    Arc::new(Hierarchy::new(SearchGraph::of(map, Profile::Drive), &order))
}

#[test]
fn moves_during_a_reweighting_land_on_both_sides() {
    let map = RoadMap::build(tangle(&mut Dice(11), 200, 300));
    let graph = map.graph(Profile::Drive);
    let hierarchy = hierarchy(&map);
    let live: Live<u32> = Live::new(Arc::new(Metric::new(&hierarchy, ArcTimes::free_flow(graph))));
    let mut dice = Dice(12);
    let mut standing = vec![None; 60];
    let (done, has_moved) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            while !has_moved.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            for round in 0..20 {
                live.reweigh(slowed(graph, 1.0 + round as f32 / 10.0));
            }
            done.store(true, Ordering::Release);
        });
        let mut moves = 0;
        // However soon the worker is done, somebody stands somewhere.
        while moves < 200 || !done.load(Ordering::Acquire) && !worker.is_finished() {
            moves += 1;
            has_moved.store(true, Ordering::Relaxed);
            let id = dice.below(60);
            if dice.below(5) == 0 {
                assert_eq!(live.remove(id as u32), standing[id].take().is_some());
            } else {
                let to = (snap(&mut dice, graph), dice.below(2) as u32 * 60_000);
                live.put(id as u32, to.0, to.1);
                standing[id] = Some(to);
            }
            // Moves without a pause, which phones never send, would keep the lock from the other thread.
            std::thread::yield_now();
        }
    });
    let expected = Arc::new(Metric::new(&hierarchy, slowed(graph, 2.9)));
    let people = (0u32..).zip(&standing).filter_map(|(id, s)| s.map(|(snap, free_ms)| (id, snap, free_ms)));
    let expected = StaffBuckets::filled(expected, people);
    for _ in 0..50 {
        let pickup = snap(&mut dice, graph);
        let got = live.nearest(&pickup, 60, BOUND_MS, |_| true);
        assert_eq!(got, expected.nearest(&pickup, 60, BOUND_MS, |_| true));
        assert!(!got.is_empty());
    }
}

#[test]
fn moves_between_the_steps_of_a_reweighting_land_on_both_sides() {
    let map = RoadMap::build(tangle(&mut Dice(71), 100, 150));
    let graph = map.graph(Profile::Drive);
    let hierarchy = hierarchy(&map);
    let live: Live<u32> = Live::new(Arc::new(Metric::new(&hierarchy, ArcTimes::free_flow(graph))));
    let mut dice = Dice(72);
    let mut put = |id| {
        let at = snap(&mut dice, graph);
        live.put(id, at, 0);
        (id, at, 0)
    };
    for id in 0..4 {
        put(id);
    }
    let metric = Arc::new(Metric::new(live.hierarchy(), slowed(graph, 3.0)));
    let (overtaken, begun) = (live.begin(), live.begin());
    let mut standing = vec![put(0)];
    assert!(live.remove(1));
    assert!(!live.swap(overtaken.onto(Arc::clone(&metric))), "a later one has begun");
    standing.push(put(2));
    let fresh = begun.onto(Arc::clone(&metric));
    standing.push(put(3));
    assert!(live.swap(fresh));
    let expected = StaffBuckets::filled(Arc::clone(&metric), standing);
    let pickup = snap(&mut Dice(73), graph);
    let got = live.nearest(&pickup, 9, BOUND_MS, |_| true);
    assert_eq!((got.len(), &got), (3, &expected.nearest(&pickup, 9, BOUND_MS, |_| true)));
    assert!(Arc::ptr_eq(&live.metric(), &metric));
}

#[test]
fn no_search_sees_half_a_metric() {
    let map = RoadMap::build(tangle(&mut Dice(21), 200, 300));
    let graph = map.graph(Profile::Drive);
    let hierarchy = hierarchy(&map);
    let sides = [1.0, 3.0].map(|factor| slowed(graph, factor));
    let mut dice = Dice(22);
    let people: Vec<(u32, Snap, u32)> = (0..50).map(|id| (id, snap(&mut dice, graph), 0)).collect();
    let pickup = snap(&mut dice, graph);
    let answers = sides.clone().map(|times| {
        let buckets = StaffBuckets::filled(Arc::new(Metric::new(&hierarchy, times)), people.iter().copied());
        buckets.nearest(&pickup, 50, BOUND_MS, |_| true)
    });
    assert_ne!(answers[0], answers[1]);
    let live: Live<u32> = Live::new(Arc::new(Metric::new(&hierarchy, sides[0].clone())));
    for &(id, snap, free_ms) in &people {
        live.put(id, snap, free_ms);
    }
    let is_first_seen = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            while !is_first_seen.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            for round in 1..30 {
                live.reweigh(sides[round % 2].clone());
            }
        });
        let mut seen = [0, 0];
        while !worker.is_finished() || seen.contains(&0) && seen.iter().sum::<usize>() < 100_000 {
            let got = live.nearest(&pickup, 50, BOUND_MS, |_| true);
            let side = answers.iter().position(|a| *a == got);
            seen[side.expect("an answer is one side's or the other's")] += 1;
            is_first_seen.store(true, Ordering::Relaxed);
        }
        println!("answers of each side: {seen:?}");
        assert!(!seen.contains(&0), "both sides were there to be seen: {seen:?}");
    });
}

#[test]
fn whoever_is_free_sooner_and_farther_can_win() {
    let map = RoadMap::build(tangle(&mut Dice(31), 100, 150));
    let graph = map.graph(Profile::Drive);
    let metric = Arc::new(Metric::new(&hierarchy(&map), ArcTimes::free_flow(graph)));
    let mut dice = Dice(32);
    let pickup = snap(&mut dice, graph);
    let mut buckets = StaffBuckets::new(Arc::clone(&metric));
    for id in 0..2 {
        buckets.put(id, snap(&mut dice, graph));
    }
    let both = buckets.nearest(&pickup, 2, BOUND_MS, |_| true);
    let [(near, near_ms), (far, far_ms)] = both[..] else { panic!("both can come") };
    let busy_ms = far_ms - near_ms + 1;
    buckets.put_busy(near, buckets.get(near).unwrap(), busy_ms);
    let after = buckets.nearest(&pickup, 2, BOUND_MS, |_| true);
    assert_eq!(after, [(far, far_ms), (near, near_ms + busy_ms)]);
}

#[test]
fn a_closed_bridge_is_no_way_and_not_a_long_one() {
    let drawn = crate::road::drawn::draw("A---B\n    |\n    |\nC---D");
    let graph = drawn.map.graph(Profile::Drive);
    let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let live: Live<u32> = Live::new(Arc::new(Metric::new(&hierarchy(&drawn.map), ArcTimes::free_flow(graph))));
    live.put(1, snap('A', 'B'), 0);
    assert_eq!(live.nearest(&snap('C', 'D'), 9, BOUND_MS, |_| true).len(), 1);
    let mut closed = Conditions::default();
    closed.close_edge(snap('B', 'D').edge);
    live.reweigh(ArcTimes::under(graph, &closed, |_| RoadClass::Residential));
    assert_eq!(live.nearest(&snap('C', 'D'), 9, BOUND_MS, |_| true), []);
    assert_eq!(live.metric().travel_ms(snap('A', 'B'), &snap('C', 'D')), None);
    assert!(live.metric().route(graph, snap('A', 'B'), &snap('C', 'D')).is_none());
    // Who stands on the closed street may leave it.
    live.put(2, snap('B', 'D'), 0);
    assert_eq!(live.nearest(&snap('C', 'D'), 9, BOUND_MS, |_| true).len(), 1);
    live.reweigh(ArcTimes::free_flow(graph));
    assert_eq!(live.nearest(&snap('C', 'D'), 9, BOUND_MS, |_| true).len(), 2);
}

/// A block of four junctions with a ring around it; every street at the four is closed.
fn closed_block(profile: Profile) -> (Drawn, ArcTimes) {
    let drawn =
        draw("A---B---C---D\n|   |   |   |\nE---F---G---H\n|   |   |   |\nI---J---K---L\n|   |   |   |\nM---N---O---P");
    let graph = drawn.map.graph(profile);
    let mut closed = Conditions::default();
    for (a, b) in "FB FE FG FJ GC GH GK JI JK JN KL KO".split(' ').map(|pair| pair.split_at(1)) {
        let [a, b] = [a, b].map(|letter| letter.parse().unwrap());
        closed.close_edge(graph.snap(drawn.between(a, b, 0.5)).unwrap().edge);
    }
    let times = ArcTimes::under(graph, &closed, |_| RoadClass::Residential);
    (drawn, times)
}

#[test]
fn who_is_inside_a_closed_block_gets_out_and_nobody_gets_in_or_through() {
    for profile in [Profile::Walk, Profile::Drive, Profile::Cycle] {
        let (drawn, times) = closed_block(profile);
        let graph = drawn.map.graph(profile);
        let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
        let hierarchy = Arc::new(Hierarchy::new(SearchGraph::of(&drawn.map, profile), &NodeOrder::find(graph)));
        let live: Live<u32> = Live::new(Arc::new(Metric::new(&hierarchy, ArcTimes::free_flow(graph))));
        live.reweigh(times);
        let (inside, outside) = (snap('F', 'G'), snap('M', 'N'));
        live.put(1, inside, 0);
        assert_eq!(live.nearest(&outside, 9, BOUND_MS, |_| true).len(), 1, "{profile:?}: who is inside is asked");
        assert!(live.metric().route(graph, inside, &outside).is_some(), "{profile:?}: and led out");
        assert!(live.metric().travel_ms(inside, &snap('J', 'K')).is_some(), "{profile:?}: or across");
        for (a, b) in [('F', 'G'), ('B', 'F'), ('K', 'O')] {
            assert_eq!(live.metric().travel_ms(outside, &snap(a, b)), None, "{profile:?}: into {a}-{b}");
        }
        let around = live.metric().route(graph, snap('B', 'C'), &snap('N', 'O')).unwrap();
        assert!((around.length_m - 1_800.0).abs() < 30.0, "{profile:?}: {} m instead of 1,800 around", around.length_m);
    }
}

#[test]
fn who_is_inside_goes_on_where_one_may_only_drive_in_and_nobody_else_does() {
    // J-K and J-L are closed. The one street at J that is open leads in only, so who stands in J-K gets out by L.
    let drawn = draw("A-----B\n|     |\n|     |\nX>J-L-Y\n  |   |\n  K   Z");
    let graph = drawn.map.graph(Profile::Drive);
    let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let mut closed = Conditions::default();
    for street in [snap('J', 'K'), snap('J', 'L')] {
        closed.close_edge(street.edge);
    }
    let times = ArcTimes::under(graph, &closed, |_| RoadClass::Residential);
    let live: Live<u32> = Live::new(Arc::new(Metric::new(&hierarchy(&drawn.map), times)));
    let (inside, outside) = (snap('J', 'K'), snap('Y', 'Z'));
    live.put(1, inside, 0);
    live.put(2, snap('A', 'X'), 0);
    let found: Vec<u32> = live.nearest(&outside, 9, BOUND_MS, |_| true).into_iter().map(|f| f.0).collect();
    assert_eq!(found, [1, 2], "who is inside comes by L");
    let way = live.metric().route(graph, inside, &outside).unwrap();
    assert!((way.length_m - 600.0).abs() < 5.0, "{} m, out by L", way.length_m);
    assert!(live.metric().travel_ms(inside, &snap('J', 'L')).is_some(), "within is reached from within");
    for (a, b) in [('J', 'K'), ('J', 'L')] {
        assert_eq!(live.metric().travel_ms(snap('A', 'X'), &snap(a, b)), None, "nobody enters {a}-{b}");
    }
    let by_road = live.metric().route(graph, snap('X', 'A'), &outside).unwrap();
    assert!(by_road.length_m > 1_100.0, "{} m: nobody passes by J and L", by_road.length_m);
}

#[test]
fn who_is_inside_goes_on_where_the_turn_out_is_forbidden_and_nobody_else_does() {
    // J-K and J-L are closed. J-M is open, but who comes from K may not turn into it, and so gets out by L.
    let drawn = draw_with("A-----B\n|     |\n|     |\nM-J-L-Y\n  |   |\n  K   Z", &["no K-J-M"]);
    let graph = drawn.map.graph(Profile::Drive);
    let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let mut closed = Conditions::default();
    for street in [snap('J', 'K'), snap('J', 'L')] {
        closed.close_edge(street.edge);
    }
    let metric = Metric::new(&hierarchy(&drawn.map), ArcTimes::under(graph, &closed, |_| RoadClass::Residential));
    let way = metric.route(graph, snap('J', 'K'), &snap('Y', 'Z')).expect("nobody is locked in");
    assert!((way.length_m - 600.0).abs() < 5.0, "{} m, out by L", way.length_m);
    let turns = drawn.map.turns(Profile::Drive).unwrap();
    let plain =
        around(graph, turns, &metric, snap('J', 'K'), &snap('Y', 'Z'), &[]).expect("the plain search says so too");
    assert!((plain.duration_s - way.duration_s).abs() < 0.001);
    for (from, to) in [(('M', 'J'), ('J', 'L')), (('M', 'J'), ('J', 'K')), (('Y', 'Z'), ('L', 'J'))] {
        assert_eq!(metric.travel_ms(snap(from.0, from.1), &snap(to.0, to.1)), None, "from {from:?} into {to:?}");
    }
    // Who comes the other way may turn into J-M, and so does not go on.
    assert_eq!(metric.travel_ms(snap('L', 'J'), &snap('J', 'K')), None);
    assert!(metric.travel_ms(snap('L', 'J'), &snap('M', 'A')).is_some());
}

#[test]
fn nobody_comes_up_from_the_subway_into_a_closed_block() {
    let map = RoadMap::build(crate::city::generate_small(1));
    let (walk, transit) = (map.graph(Profile::Walk), map.graph(Profile::Transit));
    let class_of = |way: u32| map.data.ways[way as usize].class;
    let first_link = *transit.edge(walk.edge_count() as u32);
    let mut closed = Conditions::default();
    for edge in walk.streets_near(transit.node(first_link.start), 300.0) {
        closed.close_edge(edge);
    }
    let on_foot = ArcTimes::under(walk, &closed, class_of);
    let riding = ArcTimes::under(transit, &closed, class_of);
    let out_of_link = |times: &ArcTimes| {
        let arcs = (0..walk.edge_count() as u32 * 2).filter(|&arc| walk.arc_tail(arc) == first_link.start);
        arcs.filter(|&arc| times.may_enter(arc)).count()
    };
    assert!(out_of_link(&on_foot) > 0, "on foot nobody gets there");
    assert_eq!(out_of_link(&riding), out_of_link(&on_foot), "nor by train: the station is closed with its street");
    let link = walk.edge_count() as u32 * 2;
    assert!(!riding.may_enter(link + 1), "up from the trains");
    assert!(riding.may_enter(link), "who is in there may leave by train");
    assert!(on_foot.extended_to(transit) == riding, "and what was made for walking is closed like it");
}

#[test]
fn rush_hour_is_slower_and_night_is_not() {
    let map = RoadMap::build(tangle(&mut Dice(51), 100, 150));
    let graph = map.graph(Profile::Drive);
    let mut hours = [1.0; 24];
    hours[8] = 2.0;
    let day = DayFactors([(RoadClass::Residential, hours)].into());
    let hierarchy = hierarchy(&map);
    let at = |hour| Metric::new(&hierarchy, ArcTimes::under(graph, &day.at(hour), |_| RoadClass::Residential));
    let mut dice = Dice(52);
    let (from, to) = (snap(&mut dice, graph), snap(&mut dice, graph));
    let ms = [3, 8, 27].map(|hour| at(hour).travel_ms(from, &to).unwrap());
    assert!(ms[1] > ms[0] && ms[1] <= ms[0] * 2 + 1000 && ms[2] == ms[0], "{ms:?}");
}

#[test]
fn snow_slows_who_walks_to_the_train_and_no_train() {
    let map = RoadMap::build(crate::city::generate_small(1));
    let (walk, transit) = (map.graph(Profile::Walk), map.graph(Profile::Transit));
    let snow = Conditions { by_class: RoadClass::ALL.map(|class| (class, 2.0)).into(), ..Conditions::default() };
    let class_of = |way: u32| map.data.ways[way as usize].class;
    let times = ArcTimes::under(transit, &snow, class_of);
    let free = ArcTimes::free_flow(transit);
    assert!(transit.street_count() < transit.edge_count(), "there is a subway");
    for edge in 0..transit.edge_count() as u32 {
        let more_ms = match transit.off_street(edge) {
            None => free.ms(edge * 2),
            Some(OffStreet::Link { over_ms, .. }) => free.ms(edge * 2) - over_ms,
            Some(_) => 0,
        };
        assert_eq!(times.ms(edge * 2), free.ms(edge * 2) + more_ms);
    }
    assert_eq!(ArcTimes::under(walk, &snow, class_of).extended_to(transit), times);
}

#[test]
fn what_is_fitted_is_told_as_calibrated() {
    let map = RoadMap::build(tangle(&mut Dice(61), 20, 30));
    let times = ArcTimes::free_flow(map.graph(Profile::Walk));
    assert_eq!(times.eta(60_000, 0), crate::Eta::road(60.0));
    assert_eq!(times.clone().known_by(crate::Basis::fitted(1.3)).eta(60_000, 0), crate::Eta::calibrated(60.0, 1.3));
    // Of a minute twenty seconds lie off the streets: no measurement holds for those.
    let known = times.known_by(crate::Basis::fitted(1.25));
    let some = known.eta(60_000, 20_000);
    assert_eq!(
        (some.source, some.p90_s),
        (crate::EtaSource::Calibrated, 40.0 * 1.25 + 20.0 * crate::eta::STRAIGHT_SPREAD)
    );
    let most = known.eta(60_000, 40_000);
    assert_eq!((most.source, most.seconds), (crate::EtaSource::Straight, 60.0));
    assert!(most.p90_s > some.p90_s);
}

#[test]
fn a_kept_order_of_another_map_is_refused() {
    let map = RoadMap::build(tangle(&mut Dice(41), 30, 40));
    let graph = map.graph(Profile::Walk);
    let order = NodeOrder::find(graph).as_slice().to_vec();
    assert!(NodeOrder::kept(graph, order.clone().into()).is_ok());
    for wrong in [order[1..].to_vec(), vec![0; order.len()], vec![u32::MAX; order.len()]] {
        assert!(NodeOrder::kept(graph, wrong.into()).is_err());
    }
}

#[test]
fn an_empty_map_has_an_empty_hierarchy() {
    let map = RoadMap::build(crate::road::drawn::data(Vec::new(), Vec::new()));
    let metric = Metric::new(&hierarchy(&map), ArcTimes::free_flow(map.graph(Profile::Drive)));
    assert!(StaffBuckets::<u32>::new(Arc::new(metric)).is_empty());
}
