//! Every arc once whatever the streets; what joins two quarters last.

use super::arc_order;
use crate::position::Position;
use crate::road::Profile;
use crate::road::drawn::{Dice, draw};

fn at(x: f64, y: f64) -> Position {
    Position::new(37.5 + y / 1000.0, 127.0 + x / 1000.0).unwrap()
}

#[test]
fn names_every_arc_once() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let junctions = 1 + dice.below(40);
        // Some places coincide; there are loops, islands and parallel streets.
        let places: Vec<Position> = (0..junctions).map(|_| at(dice.below(6) as f64, dice.unit())).collect();
        let ends: Vec<[u32; 2]> =
            (0..dice.below(80)).map(|_| [dice.below(junctions) as u32, dice.below(junctions) as u32]).collect();
        let mut arcs = arc_order(&places, &ends);
        arcs.sort_unstable();
        assert_eq!(arcs, (0..ends.len() as u32 * 2).collect::<Vec<_>>(), "seed {seed}");
    }
}

#[test]
fn a_bridge_comes_last_and_its_way_back_after_its_way_there() {
    let drawn = draw("A-B-C     H-I-J\n| | |     | | |\nD-E-F-----K-L-M");
    let graph = drawn.map.graph(Profile::Drive);
    let ends: Vec<[u32; 2]> = graph.edges().iter().map(|e| [e.start, e.end]).collect();
    let order = arc_order(&graph.nodes, &ends);
    let [.., there, back] = order[..] else { panic!("a network with arcs") };
    assert_eq!(there ^ 1, back);
    let bridge = ends[there as usize / 2];
    assert!(bridge.iter().all(|&junction| graph.arcs_out(junction).len() == 3));
    assert!(graph.node(bridge[0]).distance_m(graph.node(bridge[1])) > 2.0 * f64::from(graph.edges()[0].length_m));
}
