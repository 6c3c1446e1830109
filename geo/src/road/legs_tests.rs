//! Ways told on drawn maps.

use super::{Along, Turn, legs};
use crate::road::drawn::{Dice, Drawn, draw, place};
use crate::road::snap::Snap;
use crate::road::{Profile, Route};

fn way(drawn: &Drawn, from: char, to: char) -> Route {
    let graph = drawn.map.graph(Profile::Walk);
    let [from, to] = [from, to].map(|letter| graph.snap(drawn.at(letter)).unwrap());
    graph.route(&from, &to).unwrap()
}

#[test]
fn unnamed_streets_are_one_leg_until_one_turns() {
    let drawn = draw("A--B--C\n      |\n      D\n      |\n  F---E");
    let route = way(&drawn, 'A', 'F');
    let told = legs(&drawn.map.data, &route);
    assert_eq!(told.iter().map(|leg| leg.turn).collect::<Vec<_>>(), [Turn::Start, Turn::Right, Turn::Right]);
    let metres: Vec<i32> = told.iter().map(|leg| leg.length_m.round() as i32).collect();
    assert!(metres.iter().zip([600, 400, 400]).all(|(got, drawn)| (got - drawn).abs() < 5), "{metres:?}");
    let seconds: f32 = told.iter().map(|leg| leg.duration_s).sum();
    assert!((seconds - route.duration_s).abs() < 0.01);
    let back: Vec<Turn> = legs(&drawn.map.data, &way(&drawn, 'F', 'A')).iter().map(|leg| leg.turn).collect();
    assert_eq!(back, [Turn::Start, Turn::Left, Turn::Left]);
}

#[test]
fn a_named_street_is_one_leg_however_it_bends() {
    let drawn = draw("A--B--C\n      |\n      D");
    let mut map = drawn.map.data.as_ref().clone();
    map.names = vec!["Ring".to_owned()];
    map.ways.iter_mut().for_each(|way| way.name = 0);
    let told = legs(&map, &way(&drawn, 'A', 'D'));
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].along, told[0].turn), (Along::Street(Some(0)), Turn::Start));
    // The last street has another name: a leg of its own, though it goes straight on.
    let straight = draw("A--B--C");
    let mut map = straight.map.data.as_ref().clone();
    map.names = vec!["First".to_owned(), "Second".to_owned()];
    let route = way(&straight, 'A', 'C');
    map.ways[route.streets[0].way as usize].name = 0;
    map.ways[route.streets[1].way as usize].name = 1;
    let told: Vec<_> = legs(&map, &route).iter().map(|leg| (leg.along, leg.turn)).collect();
    assert_eq!(told, [(Along::Street(Some(0)), Turn::Start), (Along::Street(Some(1)), Turn::Straight)]);
}

#[test]
fn a_way_within_one_street_is_one_leg_and_one_of_no_length_is_none_or_one() {
    let drawn = draw("A-----B");
    let graph = drawn.map.graph(Profile::Walk);
    let [from, to] = [0.2, 0.7].map(|f| graph.snap(drawn.between('A', 'B', f)).unwrap());
    assert_eq!(legs(&drawn.map.data, &graph.route(&from, &to).unwrap()).len(), 1);
    assert!(legs(&drawn.map.data, &graph.route(&from, &from).unwrap()).len() <= 1);
}

#[test]
fn a_ride_is_told_as_its_line() {
    let city = crate::road::RoadMap::build(crate::city::generate_small(7));
    let graph = city.graph(Profile::Transit);
    let mut dice = Dice(3);
    println!("seed 3");
    let mut rode = 0;
    for _ in 0..40 {
        let mut snap = || graph.snap_at(dice.below(graph.street_count()) as u32, dice.unit() as f32);
        let (from, to) = (snap(), snap());
        let route = city.free_flow(Profile::Transit).route(graph, from, &to).unwrap();
        let told = legs(&city.data, &route);
        let rides = told.iter().filter(|leg| matches!(leg.along, Along::Ride(_))).count();
        assert_eq!(rides, route.rides.len());
        let seconds: f32 = told.iter().map(|leg| leg.duration_s).sum();
        assert!((seconds - route.duration_s).abs() < 0.5, "{seconds} of {}", route.duration_s);
        rode += rides;
    }
    println!("{rode} rides");
    assert!(rode > 10);
}

#[test]
fn what_lies_off_the_streets_is_told_apart_and_makes_no_street_longer() {
    let drawn = draw("A-----B\n      |\n      |\n      C");
    let graph = drawn.map.graph(Profile::Walk);
    let on = |east_m, south_m| graph.snap(place(east_m, south_m)).unwrap();
    let (near, far) = ((on(100.0, 0.0), on(600.0, 300.0)), (on(100.0, -235.0), on(900.0, 300.0)));
    let off_ms = [far.0.to_street_ms(), far.1.to_street_ms()];
    let metric = drawn.map.free_flow(Profile::Walk);
    for searched in [true, false] {
        let route = |(from, to): &(Snap, Snap)| {
            if searched { graph.route(from, to) } else { metric.route(graph, from, to) }.unwrap()
        };
        let (inner, outer) = (route(&near), route(&far));
        let (within, told) = (legs(&drawn.map.data, &inner), legs(&drawn.map.data, &outer));
        let (Some((first, rest)), true) = (told.split_first(), within.len() + 2 == told.len()) else {
            panic!("{told:?}")
        };
        let (last, middle) = rest.split_last().unwrap();
        for (leg, off_ms, off_m) in [(first, off_ms[0], 235.0), (last, off_ms[1], 300.0)] {
            assert_eq!(leg.along, Along::OffStreets);
            assert!(
                (leg.duration_s - off_ms as f32 / 1_000.0).abs() < 0.1 && (leg.length_m - off_m).abs() < 2.0,
                "{leg:?}"
            );
        }
        for (with, without) in middle.iter().zip(&within) {
            assert!((with.duration_s - without.duration_s).abs() < 0.1, "{with:?} for {without:?}");
        }
        let seconds: f32 = told.iter().map(|leg| leg.duration_s).sum();
        assert!((seconds - outer.duration_s).abs() < 0.1);
        assert!(outer.position_at(100.0).distance_m(outer.points[0]) < 0.1, "still on the way to the street");
    }
    // Both ends seen from one point of the street.
    let there = on(100.0, -235.0);
    let round = legs(&drawn.map.data, &graph.route(&there, &there).unwrap());
    let seconds: f32 = round.iter().map(|leg| leg.duration_s).sum();
    assert!((seconds - 2.0 * off_ms[0] as f32 / 1_000.0).abs() < 0.1, "{round:?}");
}
