//! What lies inside is counted by the metre, whatever the street is like, and no bound says more than any way owes.

use super::{INSIDE_MS_PER_M, Owed, PIECES_MAX, Toll, UNKNOWN, pieces};
use crate::road::avoid::Zone;
use crate::road::data::{Access, RoadClass};
use crate::road::drawn::{Dice, Drawn, data, draw, place, street, tangle};
use crate::road::hierarchy::{ArcTimes, Conditions, Metric};
use crate::road::safer::tests::some_zone;
use crate::road::{Dislikes, Profile, RoadMap, Route, least_inside};

fn ms(metres: f64) -> u64 {
    (metres * INSIDE_MS_PER_M) as u64
}

#[test]
fn a_long_street_counts_what_is_inside_of_it() {
    let drawn = draw("A---------B");
    let graph = drawn.map.graph(Profile::Walk);
    let zones = [Zone::circle(drawn.between('A', 'B', 0.5), 100.0).unwrap()];
    let toll = Toll::exacting(graph, &zones);
    let edge = graph.snap(drawn.at('A')).unwrap().edge;
    // 200 of 1,000 m are inside, give or take the pieces in which it is looked at.
    let extra_ms = toll.extra_ms(edge, 0.0, 1.0).unwrap();
    assert!((ms(200.0)..=ms(225.0)).contains(&extra_ms), "{extra_ms}");
    assert_eq!(toll.extra_ms(edge, 0.0, 0.35), Some(0));
    let half_ms = toll.extra_ms(edge, 0.0, 0.5).unwrap();
    assert!(half_ms.abs_diff(extra_ms / 2) <= ms(12.0), "{half_ms} of {extra_ms}");
    assert_eq!(half_ms, toll.extra_ms(edge, 0.5, 0.0).unwrap(), "either way round");
    assert_eq!(Toll::forbidding(graph, &zones).extra_ms(edge, 0.0, 1.0), None);
    assert_eq!(Toll::forbidding(graph, &zones).extra_ms(edge, 0.5, 0.5), None, "a point inside is inside");
    assert_eq!(Toll::forbidding(graph, &zones).extra_ms(edge, 0.0, 0.35), Some(0));
}

/// Two ways across a zone that nobody gets round: 300 m of A-B lie inside and 150 m of C-D.
fn two_crossings(upper: char) -> (Drawn, [Zone; 1]) {
    let line = upper.to_string().repeat(5);
    let drawn = draw(&format!("A{line}B\n|     |\nC-----D"));
    let corners = [(150.0, -20.0), (450.0, -20.0), (450.0, 20.0), (400.0, 220.0), (250.0, 220.0), (150.0, 20.0)];
    (drawn, [Zone::polygon(&corners.map(|(east, south)| place(east, south))).unwrap()])
}

fn goes_by(route: &Route, drawn: &Drawn, letter: char) -> bool {
    route.points.iter().any(|p| p.distance_m(drawn.at(letter)) < 1.0)
}

#[test]
fn fewer_metres_inside_are_gone_though_the_street_is_slower() {
    let (drawn, zones) = two_crossings('=');
    let (graph, turns) = (drawn.map.graph(Profile::Drive), drawn.map.turns(Profile::Drive).unwrap());
    let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let (from, to) = (snap('A', 'C'), snap('B', 'D'));
    let metric = drawn.map.free_flow(Profile::Drive);
    assert!(goes_by(&metric.route(graph, from, &to).unwrap(), &drawn, 'A'), "the fast street is the upper one");
    let way = least_inside(graph, turns, metric, from, &to, &zones).unwrap();
    assert!(goes_by(&way, &drawn, 'C') && !goes_by(&way, &drawn, 'A'), "300 m inside instead of 150");
}

#[test]
fn fewer_metres_inside_are_gone_though_the_street_is_jammed() {
    let (drawn, zones) = two_crossings('-');
    for profile in [Profile::Drive, Profile::Walk] {
        let graph = drawn.map.graph(profile);
        let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
        let (from, to) = (snap('A', 'C'), snap('B', 'D'));
        let mut jam = Conditions::default();
        jam.by_edge.insert(snap('C', 'D').edge, 6.0);
        let times = ArcTimes::under(graph, &jam, |_| RoadClass::Residential);
        let metric = Metric::new(drawn.map.free_flow(profile).hierarchy(), times);
        assert!(goes_by(&metric.route(graph, from, &to).unwrap(), &drawn, 'A'), "{profile:?}: the jam is below");
        let way = if let Some(turns) = drawn.map.turns(profile) {
            least_inside(graph, turns, &metric, from, &to, &zones)
        } else {
            let dislikes = Dislikes::none();
            dislikes.route_least_inside(graph, &metric, &from, &to, &zones).map(|way| way.route)
        };
        let way = way.unwrap();
        assert!(goes_by(&way, &drawn, 'C') && !goes_by(&way, &drawn, 'A'), "{profile:?}: 300 m inside instead of 150");
    }
}

#[test]
fn who_waits_for_a_train_inside_is_inside_meanwhile() {
    let map = RoadMap::build(crate::city::generate_small(1));
    let graph = map.graph(Profile::Transit);
    let mut waits = 0;
    for edge in graph.street_count() as u32..graph.edge_count() as u32 {
        let Ok(zone) = Zone::circle(graph.node(graph.edge(edge).start), 30.0) else { continue };
        let extra_ms = Toll::exacting(graph, &[zone]).extra_ms(edge, 0.0, 1.0).unwrap();
        if graph.edge(edge).ms > 1_000 {
            assert!(extra_ms > 0, "it begins inside");
        }
        if graph.edge(edge).length_m == 0.0 {
            // As far as one walks in that time.
            let walked_m = f64::from(graph.edge(edge).ms) / 3_600.0 * 5.0;
            assert!(extra_ms.abs_diff(ms(walked_m)) < 100, "{extra_ms} for {walked_m} m");
            waits += 1;
        }
    }
    assert!(waits > 0);
}

#[test]
fn a_street_across_the_world_is_looked_at_in_bounded_pieces() {
    assert_eq!([pieces(0.0), pieces(95.0), pieces(2e7)], [1, 10, PIECES_MAX as u32]);
}

/// A grid of streets with so many junctions either way, 40 m apart.
fn grid(side: u32) -> RoadMap {
    let nodes = (0..side * side).map(|n| place(f64::from(n % side) * 40.0, f64::from(n / side) * 40.0)).collect();
    let way = |from: u32, to: u32| street(vec![from, to], Access::Both, Access::Both, 30);
    let ways = (0..side * side).flat_map(|n| {
        let right = (n % side + 1 < side).then(|| way(n, n + 1));
        let down = (n / side + 1 < side).then(|| way(n, n + side));
        right.into_iter().chain(down)
    });
    RoadMap::build(data(nodes, ways.collect()))
}

fn looked_at(owed: &Owed) -> usize {
    owed.by_node.iter().filter(|&&ms| ms != UNKNOWN).count()
}

#[test]
fn a_cut_through_the_middle_of_a_city_is_known_and_owed_on_the_other_side() {
    const SIDE: u32 = 70;
    let map = grid(SIDE);
    let graph = map.graph(Profile::Walk);
    let snap = |east, south| graph.snap(place(east, south)).unwrap();
    let (from, to) = (snap(400.0, 50.0), snap(2_300.0, 2_650.0));
    let middle = f64::from(SIDE - 1) * 20.0;
    // 30 m wide, between two rows, from one end of the city to the other.
    let cut = [(-50.0, -15.0), (2_850.0, -15.0), (2_850.0, 15.0), (-50.0, 15.0)];
    let cut = [Zone::polygon(&cut.map(|(east, off)| place(east, middle + off))).unwrap()];
    let walled = Toll::forbidding(graph, &cut).owed(&from, &to);
    assert!(walled.is_shut_in && looked_at(&walled) == (SIDE * SIDE / 2) as usize, "all of its half");
    let owed = Toll::exacting(graph, &cut).owed(&from, &to);
    let begin = graph.edge(from.edge).start;
    assert!(!owed.is_shut_in && (ms(30.0)..=ms(42.0)).contains(&owed.ms(begin)), "{}", owed.ms(begin));
    assert_eq!(owed.ms(graph.edge(to.edge).end), 0);
    // With a zone beside the way few junctions are looked at.
    let beside = [Zone::circle(place(1_400.0, 200.0), 60.0).unwrap()];
    let clear = Toll::forbidding(graph, &beside).owed(&from, &to);
    assert!(!clear.is_shut_in && looked_at(&clear) < 4 * SIDE as usize, "{}", looked_at(&clear));
}

#[test]
fn no_junction_owes_more_than_its_neighbour_and_the_street_between() {
    let (mut owing, mut unseen) = (0, 0);
    for seed in 0..80 {
        let mut dice = Dice(seed);
        let map = RoadMap::build(tangle(&mut dice, 40, 40));
        let graph = map.graph(Profile::Drive);
        if graph.edge_count() == 0 {
            continue;
        }
        let zones: Vec<Zone> = (0..=dice.below(3)).map(|_| some_zone(&mut dice)).collect();
        let toll = Toll::exacting(graph, &zones);
        let mut snap = || graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32);
        let (from, to) = (snap(), snap());
        let owed = toll.owed(&from, &to);
        unseen += owed.by_node.iter().filter(|&&ms| ms == UNKNOWN).count();
        for arc in (0..graph.arc_number_end()).filter(|&arc| graph.arc_is_open(arc)) {
            let street_ms = toll.extra_ms(arc / 2, 0.0, 1.0).unwrap();
            let (tail, head) = (owed.ms(graph.arc_tail(arc)), owed.ms(graph.arc_head(arc)));
            assert!(tail <= head + street_ms, "seed {seed}: {tail}, {head} and {street_ms}");
            owing += usize::from(tail > 0);
        }
        for (end, node) in [(0.0, graph.edge(to.edge).start), (1.0, graph.edge(to.edge).end)] {
            assert!(owed.ms(node) <= toll.extra_ms(to.edge, end, to.fraction).unwrap(), "seed {seed}");
        }
    }
    println!("{owing} arcs lead from where something is owed, {unseen} junctions were not looked at");
    assert!(owing > 100 && unseen > 100, "{owing}, {unseen}");
}
