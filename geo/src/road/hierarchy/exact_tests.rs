//! The hierarchy held against plain Dijkstra on the same weights where every odd case is near: random cities, degenerate ones,
//! drawn ones, the small generated one; before and after weights change, with staff moving between queries. Prints what was compared.

use super::NodeOrder;
use super::network_tests::Network;
use super::oracle_tests::TestTurns;
use super::tally_tests::Tally;
use crate::road::drawn::{Dice, draw, tangle};
use crate::road::graph::{Graph, GraphParts, Rights};
use crate::road::turns::tests::restricted_net;
use crate::road::{Profile, RoadMap};
use proptest::prelude::*;

/// Of junctions and of arcs with turns, a tally for each number of staff.
struct Both([Vec<Tally>; 2]);

impl Both {
    fn of(staff: &[usize]) -> Self {
        Self([(); 2].map(|()| staff.iter().map(|&staff| Tally::of(staff)).collect()))
    }

    /// Compares on junctions and on arcs with random turns.
    fn run(&mut self, dice: &mut Dice, graph: &Graph, pickups: usize) {
        if graph.edge_count() == 0 {
            return;
        }
        let order = NodeOrder::find(graph);
        for (turns, tallies) in [None, Some(TestTurns::random(dice, graph))].into_iter().zip(&mut self.0) {
            Network::new(graph, &order, turns).run(dice, pickups, tallies);
        }
    }

    fn print(&self, network: &str) {
        for (tallies, kind) in self.0.iter().zip(["junctions", "turns"]) {
            for tally in tallies {
                tally.print(&format!("{network}, {kind}"));
            }
        }
    }
}

/// A random city; of how many streets is drawn, too.
pub(super) fn random_city(dice: &mut Dice) -> RoadMap {
    let (nodes, ways) = (4 + dice.below(120), 4 + dice.below(160));
    RoadMap::build(tangle(dice, nodes, ways))
}

/// A tangle without what `build` takes care of: any edge may be one way or none back, so there are islands and traps; some
/// edges take no time to speak of, some lie beside their like.
pub(super) fn broken_tangle(dice: &mut Dice) -> Graph {
    let (nodes, ways) = (2 + dice.below(30), 2 + dice.below(30));
    let map = RoadMap::build(tangle(dice, nodes, ways));
    let mut parts: GraphParts = map.graph(Profile::Walk).parts();
    for edge in &mut parts.edges {
        match dice.below(8) {
            0 | 1 => edge.rights = Rights::new(true, false),
            2 => edge.rights = Rights::new(false, true),
            3 => (edge.length_m, edge.ms) = (0.0, 1),
            4 => (edge.start, edge.end) = (edge.end, edge.start),
            5 => edge.end = edge.start,
            _ => {}
        }
    }
    Graph::from_parts(Profile::Walk, parts)
}

#[test]
fn agrees_with_dijkstra_on_random_cities() {
    let mut both = Both::of(&[20, 100]);
    for seed in 0..80 {
        let mut dice = Dice(seed);
        let map = random_city(&mut dice);
        both.run(&mut dice, map.graph(Profile::ALL[seed as usize % 2]), 24);
    }
    both.print("tangles, seeds 0..80");
    let mut both = Both::of(&[20, 100]);
    for seed in 80..120 {
        let mut dice = Dice(seed);
        let map = random_city(&mut dice);
        both.run(&mut dice, map.graph(Profile::Cycle), 24);
    }
    both.print("by bicycle, seeds 80..120");
}

#[test]
fn agrees_with_dijkstra_on_degenerate_graphs() {
    let mut both = Both::of(&[20]);
    for seed in 1000..1300 {
        let mut dice = Dice(seed);
        let graph = broken_tangle(&mut dice);
        both.run(&mut dice, &graph, 9);
    }
    both.print("broken, seeds 1000..1300");
}

#[test]
fn agrees_with_dijkstra_on_drawn_maps() {
    let mut both = Both::of(&[40]);
    for picture in [
        "A---B---C\n|   |   |\nD>>-E-<-F\n|   |   |\nG===H===I",
        "A->-B\n|   |\nC-<-D",
        "A-B",
        "A=====B=====C\n|     ^     |\n|     |     v\nD--<--E-->--F\n#     |     #\nG=====H=====I",
    ] {
        let drawn = draw(picture);
        for profile in Profile::ALL {
            both.run(&mut Dice(7), drawn.map.graph(profile), 60);
        }
    }
    both.print("drawn");
}

#[test]
fn agrees_with_dijkstra_where_turns_are_banned_over_two_streets_and_more() {
    let (mut tallies, mut copies) = ([Tally::of(30)], 0);
    for seed in 2000..2080 {
        let mut dice = Dice(seed);
        let map = RoadMap::build(restricted_net(&mut dice));
        if map.graph(Profile::Drive).edge_count() == 0 {
            continue;
        }
        let turns = map.turns(Profile::Drive).unwrap();
        copies += turns.state_count() - turns.arc_count();
        Network::shipped(&map, Profile::Drive).run(&mut dice, 12, &mut tallies);
    }
    assert!(copies > 100, "{copies} copies of arcs");
    tallies[0].print("turns banned");
}

#[test]
fn agrees_with_dijkstra_with_the_subway() {
    let map = RoadMap::build(crate::city::generate_small(1));
    assert!(map.graph(Profile::Transit).edge_count() > map.graph(Profile::Walk).edge_count());
    let mut tallies = [20, 200].map(Tally::of);
    Network::shipped(&map, Profile::Transit).run(&mut Dice(3), 60, &mut tallies);
    for tally in tallies {
        tally.print("small city with subway");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_dijkstra_whatever_the_graph(seed: u64, staff in 1usize..60) {
        let mut dice = Dice(seed);
        let graph = broken_tangle(&mut dice);
        let mut both = Both::of(&[staff]);
        both.run(&mut dice, &graph, 6);
        for tally in both.0.iter().flatten() {
            prop_assert!(tally.wrong.is_empty(), "seed {}: {}", seed, tally.wrong[0]);
        }
    }
}
