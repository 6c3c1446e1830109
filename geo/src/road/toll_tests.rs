//! What lies inside is counted by the metre, whatever the street is like, and no bound says more than any way owes.

use super::{INSIDE, Toll};
use crate::road::avoid::Zone;
use crate::road::drawn::{Dice, draw, tangle};
use crate::road::hierarchy::ArcTimes;
use crate::road::safer::tests::some_zone;
use crate::road::{Profile, RoadMap};

#[test]
fn a_long_street_counts_what_is_inside_of_it() {
    let drawn = draw("A---------B");
    let graph = drawn.map.graph(Profile::Walk);
    let zones = [Zone::circle(drawn.between('A', 'B', 0.5), 100.0).unwrap()];
    let toll = Toll::exacting(graph, &zones);
    let edge = graph.snap(drawn.at('A')).unwrap().edge;
    // 200 of 1,000 m are inside, give or take the pieces in which it is looked at.
    let extra_ms = toll.extra_ms(edge, 0.0, 1.0, 720_000).unwrap();
    assert!((144_000 * INSIDE..=162_000 * INSIDE).contains(&extra_ms), "{extra_ms}");
    assert_eq!(toll.extra_ms(edge, 0.0, 0.35, 252_000), Some(0));
    let half_ms = toll.extra_ms(edge, 0.0, 0.5, 360_000).unwrap();
    assert!(half_ms.abs_diff(extra_ms / 2) <= 8_000 * INSIDE, "{half_ms} of {extra_ms}");
    assert_eq!(toll.extra_ms(edge, 0.5, 0.5, 100), Some(100 * INSIDE), "a point inside is inside");
    assert_eq!(Toll::forbidding(graph, &zones).extra_ms(edge, 0.0, 1.0, 720_000), None);
    assert_eq!(Toll::forbidding(graph, &zones).extra_ms(edge, 0.0, 0.35, 252_000), Some(0));
}

#[test]
fn no_junction_owes_more_than_its_neighbour_and_the_street_between() {
    let mut owing = 0;
    for seed in 0..80 {
        let mut dice = Dice(seed);
        let map = RoadMap::build(tangle(&mut dice, 40, 40));
        let graph = map.graph(Profile::Drive);
        if graph.edge_count() == 0 {
            continue;
        }
        let zones: Vec<Zone> = (0..=dice.below(3)).map(|_| some_zone(&mut dice)).collect();
        let (toll, times) = (Toll::exacting(graph, &zones), ArcTimes::free_flow(graph));
        let to = graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32);
        let owed = toll.owed(&to, &times);
        for arc in (0..graph.arc_number_end()).filter(|&arc| graph.arc_is_open(arc)) {
            let street_ms = toll.extra_ms(arc / 2, 0.0, 1.0, times.ms(arc).into()).unwrap();
            let (tail, head) = (owed.ms(graph.arc_tail(arc)), owed.ms(graph.arc_head(arc)));
            assert!(tail <= head + street_ms, "seed {seed}: {tail}, {head} and {street_ms}");
            owing += usize::from(tail > 0);
        }
        let entered = [(0.0, graph.edge(to.edge).start), (1.0, graph.edge(to.edge).end)];
        for (end, node) in entered {
            let ms = times.before_ms(to.edge * 2, to.fraction).abs_diff(times.before_ms(to.edge * 2, end));
            assert!(owed.ms(node) <= toll.extra_ms(to.edge, end, to.fraction, ms.into()).unwrap(), "seed {seed}");
        }
    }
    println!("{owing} arcs lead from where something is owed");
    assert!(owing > 500, "{owing}");
}
