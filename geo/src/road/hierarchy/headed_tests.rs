//! Which way a car came: it sets out that way, and the other way only after turning round; who walks just turns.

use super::{ArcTimes, Hierarchy, Live, Metric, NodeOrder, SearchGraph, StaffBuckets};
use crate::road::data::RoadClass;
use crate::road::drawn::{Drawn, draw};
use crate::road::{Graph, Headed, Profile, RoadMap, Snap};
use std::sync::Arc;

const BOUND_MS: u32 = 4 * 3_600_000;

/// 200 m of street at 30 km/h less a fifth take 30 s, a right turn 2 s, a left turn 5.5 s, turning round 20 s. Nobody drives from B
/// to A.
const LADDER: &str = "\
A>B-C-D
| | | |
E-F-G-H";

fn metric(drawn: &Drawn, profile: Profile) -> Arc<Metric> {
    let graph = drawn.map.graph(profile);
    let hierarchy = Arc::new(Hierarchy::new(SearchGraph::of(&drawn.map, profile), &NodeOrder::find(graph)));
    Arc::new(Metric::new(&hierarchy, ArcTimes::free_flow(graph)))
}

fn snap(drawn: &Drawn, graph: &Graph, street: (char, char), fraction: f64) -> Snap {
    graph.snap(drawn.between(street.0, street.1, fraction)).unwrap()
}

/// Seconds from a place of a street, headed for its second letter, its first, or nobody knows, by every search there is.
fn seconds(profile: Profile, from: ((char, char), f64), to: ((char, char), f64)) -> [f64; 3] {
    let drawn = draw(LADDER);
    let (graph, metric) = (drawn.map.graph(profile), metric(&drawn, profile));
    let at = snap(&drawn, graph, from.0, from.1);
    let further = snap(&drawn, graph, from.0, from.1 + 0.1);
    let ahead = further.fraction > at.fraction;
    let pickup = snap(&drawn, graph, to.0, to.1);
    [Some(ahead), Some(!ahead), None].map(|forward| {
        let from = drawn.map.headed(profile, at, forward);
        let ms = metric.travel_ms(from, &pickup).unwrap();
        let mut buckets = StaffBuckets::new(Arc::clone(&metric));
        // Where nobody knew yet, and then where they went.
        buckets.put(1, further);
        buckets.put(1, from);
        assert_eq!(buckets.nearest(&pickup, 1, BOUND_MS, |_| true), [(1, ms)]);
        assert_eq!(buckets.all(&pickup, BOUND_MS), [(1, ms)]);
        assert_eq!(buckets.soonest(&pickup, BOUND_MS).collect::<Vec<_>>(), [(1, ms)]);
        assert_eq!(metric.table(&[from], &[pickup]), [Some(ms)]);
        assert_eq!(metric.way(from, &pickup).unwrap().ms, ms);
        let route = metric.route(graph, from, &pickup).unwrap();
        assert!((f64::from(route.duration_s) - f64::from(ms) / 1_000.0).abs() < 0.01);
        f64::from(ms) / 1_000.0
    })
}

fn close(got: [f64; 3], expected: [f64; 3]) {
    assert!(
        got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 0.2),
        "{got:?} instead of {expected:?}"
    );
}

#[test]
fn a_pickup_behind_a_car_costs_a_turn_and_one_ahead_does_not() {
    let car = (('C', 'D'), 0.5);
    close(seconds(Profile::Drive, car, (('C', 'D'), 0.75)), [7.5, 27.5, 7.5]);
    close(seconds(Profile::Drive, car, (('C', 'D'), 0.25)), [27.5, 7.5, 7.5]);
    // On the street before.
    close(seconds(Profile::Drive, car, (('B', 'C'), 0.5)), [50.0, 30.0, 30.0]);
    // Down at the corner behind; for who would turn round it is as near round the block the other way.
    close(
        seconds(Profile::Drive, car, (('C', 'G'), 0.1)),
        [20.0 + 15.0 + 5.5 + 3.0, 15.0 + 5.5 + 3.0, 15.0 + 5.5 + 3.0],
    );
}

#[test]
fn in_a_one_way_street_there_is_one_way_whatever_is_said() {
    let car = (('A', 'B'), 0.5);
    for pickup in [0.75, 0.25] {
        let [ahead, back, unknown] = seconds(Profile::Drive, car, (('A', 'B'), pickup));
        assert!((ahead - back).abs() + (ahead - unknown).abs() < 1e-9, "{ahead} {back} {unknown}");
        assert_eq!(pickup < 0.5, ahead > 100.0, "behind is round the block: {ahead}");
    }
}

#[test]
fn who_walks_turns_for_nothing_and_a_bicycle_for_less_than_a_car() {
    let place = (('C', 'D'), 0.5);
    for pickup in [(('C', 'D'), 0.25), (('B', 'C'), 0.5), (('D', 'H'), 0.5)] {
        let [ahead, back, unknown] = seconds(Profile::Walk, place, pickup);
        assert!((ahead - back).abs() + (ahead - unknown).abs() < 1e-9, "{ahead} {back} {unknown}");
    }
    let [ahead, back, unknown] = seconds(Profile::Cycle, place, (('C', 'D'), 0.25));
    assert!((ahead - back - 8.0).abs() < 0.01 && (back - unknown).abs() < 1e-9, "{ahead} {back} {unknown}");
}

#[test]
fn round_a_corner_is_taken_where_it_is_sooner_than_turning_round() {
    // The car is all but at B; behind it is nearer by C and the fast block than by turning round in the street.
    let drawn = draw("A-----B=C\n      # #\n      D=E");
    let (graph, metric) = (drawn.map.graph(Profile::Drive), metric(&drawn, Profile::Drive));
    let (at, pickup) = (snap(&drawn, graph, ('A', 'B'), 0.99), snap(&drawn, graph, ('A', 'B'), 0.95));
    let to_b = snap(&drawn, graph, ('A', 'B'), 1.0).fraction > 0.5;
    let towards_b = drawn.map.headed(Profile::Drive, at, Some(to_b)).lead_ms().map(|ms| ms * 6);
    let ms = metric.travel_ms(Headed::new(at, towards_b), &pickup).unwrap();
    let round = metric.way(Headed::new(at, towards_b), &pickup).unwrap();
    assert_eq!(round.ms, ms);
    assert!(ms < 120_000 && round.arcs.len() >= 2, "{ms} ms over {} arcs", round.arcs.len());
    assert!(metric.travel_ms(at, &pickup).unwrap() < 4_000);
}

#[test]
fn in_a_big_street_one_goes_on_to_where_turning_round_is_allowed() {
    for (class, back_ms) in [
        (RoadClass::Primary, 90_000),
        (RoadClass::Secondary, 90_000),
        (RoadClass::Tertiary, 20_000),
        (RoadClass::Residential, 20_000),
    ] {
        let mut data = (*draw("A------B").map.data).clone();
        for way in &mut data.ways {
            way.class = class;
        }
        let map = RoadMap::build(data);
        for (profile, back_ms) in [(Profile::Drive, back_ms), (Profile::Cycle, 8_000), (Profile::Walk, 0)] {
            let at = map.graph(profile).snap_at(0, 0.5);
            let lead_ms = map.headed(profile, at, Some(true)).lead_ms();
            assert_eq!(lead_ms, [0, back_ms], "{class:?} {profile:?}");
        }
    }
}

#[test]
fn who_turns_round_in_their_street_is_found_there_at_once() {
    let drawn = draw(LADDER);
    let (graph, metric) = (drawn.map.graph(Profile::Drive), metric(&drawn, Profile::Drive));
    let live: Live<u32> = Live::new(Arc::clone(&metric));
    let (at, pickup) = (snap(&drawn, graph, ('C', 'D'), 0.5), snap(&drawn, graph, ('B', 'F'), 0.5));
    for forward in [Some(true), Some(false), None, Some(true), Some(true)] {
        let there = drawn.map.headed(Profile::Drive, at, forward);
        live.put(1, there, 60_000);
        let ms = metric.travel_ms(there, &pickup).unwrap() + 60_000;
        assert_eq!(live.nearest(&pickup, 1, BOUND_MS, |_| true), [(1, ms)]);
        live.reweigh(ArcTimes::free_flow(graph));
        assert_eq!(live.nearest(&pickup, 1, BOUND_MS, |_| true), [(1, ms)], "and after a re-weighting");
        assert_eq!(live.with(|b| b.get(1)), Some(there));
    }
}
