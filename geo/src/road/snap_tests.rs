//! The grid held against looking at every piece of every street.

use super::{SNAP_M_MAX, Segment, nearest_on};
use crate::position::Position;
use crate::road::drawn::{Dice, tangle};
use crate::road::{Graph, Profile, RoadMap};
use std::collections::BTreeMap;

/// The nearest piece of each edge within `metres`, nearest first.
fn within(graph: &Graph, position: Position, metres: f64) -> Vec<(f64, Segment)> {
    let mut best: BTreeMap<u32, (f64, Segment)> = BTreeMap::new();
    for edge in 0..graph.edge_count() as u32 {
        for (nth, pair) in (0u32..).zip(graph.shape(edge).windows(2)) {
            let (_, distance_m) = nearest_on(pair[0], pair[1], position);
            let found = (distance_m, Segment { edge, nth });
            if distance_m <= metres && best.get(&edge).is_none_or(|&b| found < b) {
                best.insert(edge, found);
            }
        }
    }
    let mut found: Vec<_> = best.into_values().collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    found
}

/// Points on the streets, beside them, and up to a kilometre off the map.
fn point(dice: &mut Dice, graph: &Graph) -> Position {
    let base = graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32).at;
    let reach = [0.0, 0.0002, 0.002, 0.01][dice.below(4)];
    let off = |dice: &mut Dice| (dice.unit() * 2.0 - 1.0) * reach;
    let (lat, lon) = (base.lat() + off(dice), base.lon() + off(dice));
    Position::new(lat.clamp(-89.0, 89.0), lon.clamp(-179.0, 179.0)).unwrap()
}

/// How many of the points lay on the network.
fn compare(graph: &Graph, dice: &mut Dice, points: usize) -> usize {
    let mut on_road = 0;
    for _ in 0..points {
        let position = point(dice, graph);
        let metres = [5.0, 60.0, 400.0][dice.below(3)];
        let expected: Vec<u32> = within(graph, position, metres).iter().map(|f| f.1.edge).collect();
        let found: Vec<u32> = graph.snaps_within(position, metres, 1_000).iter().map(|s| s.edge).collect();
        assert_eq!(found, expected, "within {metres} m");
        let few = graph.snaps_within(position, metres, 3);
        assert!(few.iter().map(|s| s.edge).eq(expected.iter().copied().take(3)));
        let nearest = within(graph, position, SNAP_M_MAX);
        assert_eq!(graph.snap(position).map(|s| s.edge), nearest.first().map(|f| f.1.edge));
        on_road += usize::from(!nearest.is_empty());
    }
    on_road
}

#[test]
fn finds_what_looking_at_every_street_finds() {
    let mut on_road = 0;
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let (nodes, ways) = (2 + dice.below(60), 2 + dice.below(80));
        let map = RoadMap::build(tangle(&mut dice, nodes, ways));
        let graph = map.graph(Profile::Walk);
        if graph.edge_count() > 0 {
            on_road += compare(graph, &mut dice, 40);
        }
    }
    assert!(on_road > 500, "{on_road} points lay on a network");
    let city = RoadMap::build(crate::city::generate_small(3));
    let on_road = compare(city.graph(Profile::Drive), &mut Dice(7), 40);
    assert!(on_road > 20, "{on_road} of 40");
}

#[test]
fn finds_what_looking_at_every_street_finds_in_seoul() {
    let Some(path) = crate::road::load::tests::extract("seoul-drive-2025-05.osm.pbf") else { return };
    let (data, _) = crate::road::load::load(&[&path], None, &mut |_| {}).unwrap();
    let map = RoadMap::build(data);
    assert!(compare(map.graph(Profile::Drive), &mut Dice(5), 30) > 20);
}
