//! The grid held against looking at every piece of every street.

use super::{Grid, SNAP_M_MAX, STREET_M, Segment, nearest_on};
use crate::position::Position;
use crate::road::drawn::{Dice, draw, place, tangle};
use crate::road::hierarchy::StaffBuckets;
use crate::road::{Dislikes, Graph, Heading, Profile, RoadMap, Snap, StaffOnRoad, arcs, around, reach, soonest};
use std::collections::BTreeMap;
use std::sync::Arc;

const BOUND_MS: u32 = 4 * 3_600_000;

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
fn the_way_to_the_street_is_walked_and_the_street_is_as_wide_as_streets_are() {
    let drawn = draw("A-----B");
    let off = |profile, metres: f64| {
        let at = place(300.0, metres);
        drawn.map.snap(profile, at).map(|snap| snap.to_street_ms())
    };
    for profile in [Profile::Walk, Profile::Drive] {
        assert_eq!(off(profile, 0.0), Some(0));
        assert_eq!(off(profile, STREET_M - 1.0), Some(0), "on its pavement");
        // 415 m farther, and 3 for 10 more for want of a path, at 5 km/h; whoever came by car walks too.
        let ms = off(profile, 450.0).unwrap();
        assert!((385_000..392_000).contains(&ms), "{ms} ms");
        assert_eq!(off(profile, SNAP_M_MAX + 5.0), None);
    }
    let far = Snap { distance_m: f32::INFINITY, ..drawn.map.graph(Profile::Walk).snap_at(0, 0.5) };
    assert_eq!(far.to_street_ms(), 3_600_000, "sums along a way stay small");
    assert_eq!(Snap { distance_m: f32::NAN, ..far }.to_street_ms(), 0);
}

#[test]
fn every_travel_time_holds_the_way_between_the_streets_and_both_ends() {
    let drawn = draw("A-----B\n|     |\n|     |\nC-----D");
    let map = &drawn.map;
    let grid = crate::cell::Grid::Street;
    for profile in [Profile::Walk, Profile::Drive] {
        let (graph, metric) = (map.graph(profile), map.free_flow(profile));
        let on = |east_m, south_m| graph.snap(place(east_m, south_m)).unwrap();
        // North of A-B and south of C-D.
        let (from, to) = (on(100.0, -235.0), on(400.0, 435.0));
        let [off_from, off_to] = [&from, &to].map(Snap::to_street_ms);
        assert!(off_from > 180_000 && off_to > 90_000, "{off_from} and {off_to} ms");
        let (a, b) = (graph.snap_at(from.edge, from.fraction), graph.snap_at(to.edge, to.fraction));
        let by_road_ms = metric.travel_ms(a, &b).unwrap();
        let whole_ms = by_road_ms + off_from + off_to;
        assert_eq!(metric.travel_ms(from, &to), Some(whole_ms));
        assert_eq!(metric.travel_ms(from, &from), Some(2 * off_from), "over the street, for no other way is known");
        assert_eq!(metric.way(from, &to).unwrap().ms, whole_ms);
        assert_eq!(metric.table(&[from], &[to]), [Some(whole_ms)]);
        let seconds = (f64::from(whole_ms) / 1_000.0) as f32;
        assert_eq!(metric.route(graph, from, &to).map(|route| route.duration_s), Some(seconds));
        let mut buckets = StaffBuckets::new(Arc::clone(metric));
        buckets.put(1, from);
        for (bound_ms, found) in [(whole_ms, vec![(1, whole_ms)]), (whole_ms - 1, vec![]), (off_to - 1, vec![])] {
            assert_eq!(buckets.soonest(&to, bound_ms).collect::<Vec<_>>(), found);
            assert_eq!(buckets.nearest(&to, 1, bound_ms, |_| true), found);
            assert_eq!(buckets.all(&to, bound_ms), found);
        }
        assert!(buckets.soonest(&to, whole_ms).frontier_ms().unwrap() >= off_to, "nobody is there sooner than on foot");
        // On along the street and nearer to it: the same entries, another time.
        buckets.put(1, Snap { distance_m: 0.0, ..from });
        assert_eq!(buckets.all(&to, BOUND_MS), [(1, whole_ms - off_from)]);
        // A cell's time is that of its soonest point, and no point is sooner than its street is from the place.
        let (near, far) = (
            reach(graph, metric, &b, Heading::To, 1_800.0, grid),
            reach(graph, metric, &to, Heading::To, 1_800.0, grid),
        );
        assert_eq!(near.len(), far.len());
        for (cell, s) in near {
            assert!((far[&cell] - s - off_to as f32 / 1_000.0).abs() < 0.01, "{s} s and {} s", far[&cell]);
        }
        if profile == Profile::Walk {
            assert_eq!(graph.travel_time(&from, &to), Some(seconds));
            assert_eq!(graph.route(&from, &to).map(|route| route.duration_s), Some(seconds));
            let mut staff = StaffOnRoad::new(graph);
            staff.put(1, from);
            assert_eq!(soonest(graph, &staff, &to, 1_800.0).collect::<Vec<_>>(), [(1, seconds)]);
            assert_eq!(soonest(graph, &staff, &to, seconds - 1.0).count(), 0);
            let even = Dislikes::none();
            let safer = even.route(graph, metric, &from, &to, &[]).unwrap();
            assert_eq!((safer.route.duration_s, safer.detour_s), (seconds, 0.0));
        } else {
            let turns = map.turns(profile).unwrap();
            assert_eq!(arcs::travel_ms(graph, turns, &from, &to), Some(u64::from(whole_ms)));
            assert_eq!(around(graph, turns, metric, from, &to, &[]).map(|route| route.duration_s), Ok(seconds));
        }
    }
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

#[test]
fn cells_of_a_centimetre_are_not_believed() {
    let own = RoadMap::build(tangle(&mut Dice(3), 20, 30)).graph(Profile::Drive).snap_index().grid;
    assert!(own.is_sound());
    for lie in
        [Grid { width: 1, ..own }, Grid { height: 1, ..own }, Grid { width: 1, height: 1, columns: 1, rows: 1, ..own }]
    {
        assert!(!lie.is_sound(), "a question would look at cells without end");
    }
}
