//! Isochrones held against one travel time per looked-at point, on tangles, a drawn one-way and the generated city.

use super::super::drawn::{Dice, draw, draw_with, tangle};
use super::super::graph::Graph;
use super::super::{Profile, RoadMap};
use super::{Heading, REACH_S_MAX, STEP_M, reach, reach_on_junctions};
use crate::cell::{Cell, Grid};
use crate::road::data::RoadClass;
use crate::road::hierarchy::oracle_tests::{Oracle, TestTurns};
use crate::road::hierarchy::{ArcTimes, Conditions, Hierarchy, Metric, NodeOrder, SearchGraph};
use crate::road::{Headed, Snap};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The slow twin: the travel time to (or from) each point of each street by itself.
fn point_by_point(graph: &Graph, at: &Snap, heading: Heading, within_s: f32, grid: Grid) -> BTreeMap<Cell, f32> {
    by_points(graph, at, heading, within_s, grid, |from, to| graph.travel_time(from, to))
}

fn by_points(
    graph: &Graph,
    at: &Snap,
    heading: Heading,
    within_s: f32,
    grid: Grid,
    travel_s: impl Fn(&Snap, &Snap) -> Option<f32>,
) -> BTreeMap<Cell, f32> {
    let mut cells: BTreeMap<Cell, f32> = BTreeMap::new();
    for edge in 0..graph.edge_count() as u32 {
        let steps = (graph.edge(edge).length_m / STEP_M).ceil().max(1.0) as u32;
        for step in 0..=steps {
            let there = graph.snap_at(edge, step as f32 / steps as f32);
            let seconds = match heading {
                Heading::From => travel_s(at, &there),
                Heading::To => travel_s(&there, at),
            };
            if let Some(seconds) = seconds.filter(|s| *s <= within_s) {
                let known = cells.entry(Cell::of(there.at, grid)).or_insert(seconds);
                *known = known.min(seconds);
            }
        }
    }
    cells
}

/// The begun point itself is looked at by the first only: a cell of time zero.
fn same(fast: &BTreeMap<Cell, f32>, slow: &BTreeMap<Cell, f32>) -> Result<(), String> {
    for (cell, seconds) in slow {
        match fast.get(cell) {
            Some(found) if *found == 0.0 || (found - seconds).abs() <= 0.0015 => {}
            other => return Err(format!("{cell:?}: {other:?} instead of {seconds}")),
        }
    }
    let extra: Vec<_> = fast.iter().filter(|(cell, s)| !slow.contains_key(cell) && **s > 0.0).collect();
    if extra.is_empty() { Ok(()) } else { Err(format!("too much: {extra:?}")) }
}

#[test]
fn agrees_with_one_search_per_point() {
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let map = RoadMap::build(tangle(&mut dice, 30, 40));
        for profile in Profile::ALL {
            let graph = map.graph(profile);
            if graph.edge_count() == 0 {
                continue;
            }
            let at = graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32);
            for heading in [Heading::From, Heading::To] {
                let within_s = 60.0 + 240.0 * dice.unit() as f32;
                let fast = reach_on_junctions(graph, &ArcTimes::free_flow(graph), &at, heading, within_s, Grid::Index);
                let slow = point_by_point(graph, &at, heading, within_s, Grid::Index);
                same(&fast, &slow).unwrap_or_else(|e| panic!("seed {seed}, {profile:?}, {heading:?}: {e}"));
            }
        }
    }
}

#[test]
fn a_one_way_street_is_reached_one_way() {
    let drawn = draw("A---------->B----------C\n|                       \n|                       \nD");
    let graph = drawn.map.graph(Profile::Walk);
    let at = graph.snap(drawn.at('A')).unwrap();
    let there = Cell::of(drawn.at('C'), Grid::Index);
    assert!(
        reach_on_junctions(graph, &ArcTimes::free_flow(graph), &at, Heading::From, REACH_S_MAX, Grid::Index)
            .contains_key(&there)
    );
    let ring = draw("A---------->B\n|           |\n|           |\nC<----------D");
    let graph = ring.map.graph(Profile::Drive);
    let at = graph.snap(ring.between('A', 'B', 0.1)).unwrap();
    let ahead = Cell::of(ring.between('A', 'B', 0.9), Grid::Index);
    let from =
        reach_on_junctions(graph, &ArcTimes::free_flow(graph), &at, Heading::From, REACH_S_MAX, Grid::Index)[&ahead];
    let to = reach_on_junctions(graph, &ArcTimes::free_flow(graph), &at, Heading::To, REACH_S_MAX, Grid::Index)[&ahead];
    assert!(from < to, "{from} {to}");
}

#[test]
fn more_time_reaches_no_less_and_none_reaches_only_the_own_cell() {
    let map = RoadMap::build(crate::city::generate_small(7));
    let graph = map.graph(Profile::Drive);
    let at = graph.snap_at(100, 0.5);
    let sizes: Vec<usize> = [0.0, 60.0, 300.0, 900.0]
        .map(|s| reach_on_junctions(graph, &ArcTimes::free_flow(graph), &at, Heading::To, s, Grid::Index).len())
        .to_vec();
    assert_eq!(sizes[0], 1);
    assert!(sizes.is_sorted(), "{sizes:?}");
    assert!(sizes[3] > sizes[1]);
    assert_eq!(
        reach_on_junctions(graph, &ArcTimes::free_flow(graph), &at, Heading::To, f32::NAN, Grid::Index).len(),
        1
    );
}

#[test]
fn jams_and_closures_of_the_moment_hold() {
    let mut shrunk = 0;
    for seed in 0..30 {
        let mut dice = Dice(seed);
        let map = RoadMap::build(tangle(&mut dice, 30, 40));
        let graph = map.graph(Profile::Walk);
        if graph.edge_count() == 0 {
            continue;
        }
        let mut conditions = Conditions { by_class: [(RoadClass::Path, 1.5)].into(), ..Conditions::default() };
        for _ in 0..graph.edge_count() / 6 {
            conditions.close_edge(dice.below(graph.edge_count()) as u32);
            conditions.by_edge.insert(dice.below(graph.edge_count()) as u32, 0.2);
        }
        let times = ArcTimes::under(graph, &conditions, |_| RoadClass::Path);
        let hierarchy = Arc::new(Hierarchy::new(SearchGraph::of(&map, Profile::Walk), &NodeOrder::find(graph)));
        let metric = Metric::new(&hierarchy, times.clone());
        let at = graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32);
        for heading in [Heading::From, Heading::To] {
            let fast = reach_on_junctions(graph, &times, &at, heading, 600.0, Grid::Index);
            let slow = by_points(graph, &at, heading, 600.0, Grid::Index, |from, to| {
                metric.travel_ms(from, to).map(|ms| ms as f32 / 1_000.0)
            });
            same(&fast, &slow).unwrap_or_else(|e| panic!("seed {seed}, {heading:?}: {e}"));
            let free = reach_on_junctions(graph, &ArcTimes::free_flow(graph), &at, heading, 600.0, Grid::Index);
            shrunk += usize::from(fast.len() < free.len());
        }
    }
    assert!(shrunk > 20, "{shrunk}");
}

#[test]
fn who_is_inside_a_closed_block_reaches_the_outside_and_not_the_other_way_round() {
    let drawn = draw(
        "A-------B-------C-------D\n|       |       |       |\n|       |       |       |\n|       |       |       |\n\
         E-------F-------G-------H\n|       |       |       |\n|       |       |       |\n|       |       |       |\n\
         I-------J-------K-------L",
    );
    let graph = drawn.map.graph(Profile::Walk);
    let snap = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let mut closed = Conditions::default();
    for (a, b) in [('F', 'G'), ('F', 'B'), ('F', 'E'), ('F', 'J'), ('G', 'C'), ('G', 'H'), ('G', 'K')] {
        closed.close_edge(snap(a, b).edge);
    }
    let times = ArcTimes::under(graph, &closed, |_| RoadClass::Residential);
    let cells = |at: &Snap, heading| reach_on_junctions(graph, &times, at, heading, REACH_S_MAX, Grid::Street);
    let [(inside, in_cell), (outside, out_cell)] =
        [('F', 'G'), ('I', 'J')].map(|(a, b)| (snap(a, b), Cell::of(drawn.between(a, b, 0.5), Grid::Street)));
    assert!(cells(&inside, Heading::From).contains_key(&out_cell), "out from inside");
    assert!(cells(&outside, Heading::To).contains_key(&in_cell), "who is inside comes");
    assert!(!cells(&outside, Heading::From).contains_key(&in_cell), "nobody enters");
    assert!(!cells(&inside, Heading::To).contains_key(&out_cell), "nobody comes from outside");
}

/// Random jams and closures.
fn random_times(dice: &mut Dice, graph: &Graph) -> ArcTimes {
    let mut conditions = Conditions::default();
    for _ in 0..graph.edge_count() / 8 {
        conditions.close_edge(dice.below(graph.edge_count()) as u32);
        conditions.by_edge.insert(dice.below(graph.edge_count()) as u32, 0.2 + 5.0 * dice.unit() as f32);
    }
    ArcTimes::under(graph, &conditions, |_| RoadClass::Residential)
}

/// By the plain search over arcs and turns, each point for itself.
fn by_arcs(
    map: &RoadMap,
    profile: Profile,
    times: &ArcTimes,
    at: &Snap,
    heading: Heading,
    within_s: f32,
) -> BTreeMap<Cell, f32> {
    let graph = map.graph(profile);
    let turns = TestTurns::of_table(map.turns(profile).unwrap());
    let oracle = Oracle::new(&turns, times.clone(), true);
    let to_at = oracle.to(at);
    by_points(graph, at, heading, within_s, Grid::Index, |from, to| {
        let ms = match heading {
            Heading::To => to_at.from(&Headed::from(from)),
            Heading::From => oracle.to(to).from(&Headed::from(from)),
        };
        ms.map(|ms| ms as f32 / 1_000.0)
    })
}

#[test]
fn by_car_and_bicycle_turns_count_as_in_every_travel_time() {
    let (mut compared, mut later) = (0, 0);
    for seed in 0..30 {
        let mut dice = Dice(seed);
        let map = RoadMap::build(tangle(&mut dice, 30, 40));
        for profile in [Profile::Drive, Profile::Cycle] {
            let graph = map.graph(profile);
            if graph.edge_count() == 0 {
                continue;
            }
            let hierarchy = Arc::clone(map.free_flow(profile).hierarchy());
            for round in 0..2 {
                let times = if round == 0 { ArcTimes::free_flow(graph) } else { random_times(&mut dice, graph) };
                let metric = Metric::new(&hierarchy, times.clone());
                let at = graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32);
                for heading in [Heading::From, Heading::To] {
                    let within_s = 60.0 + 240.0 * dice.unit() as f32;
                    let fast = reach(graph, &metric, &at, heading, within_s, Grid::Index);
                    let slow = by_arcs(&map, profile, &times, &at, heading, within_s);
                    same(&fast, &slow)
                        .unwrap_or_else(|e| panic!("seed {seed}, {profile:?}, {heading:?}, {round}: {e}"));
                    let free = reach_on_junctions(graph, &times, &at, heading, within_s, Grid::Index);
                    compared += fast.len();
                    later += fast.iter().filter(|(cell, s)| free.get(cell).is_some_and(|free| *free < **s)).count();
                }
            }
        }
    }
    println!("{compared} cells, {later} of them later than without turns");
    assert!(compared > 1_000 && later > 200, "{compared} {later}");
}

#[test]
fn what_lies_behind_in_a_one_way_street_is_reached_round_the_ring() {
    let drawn = draw("A---------->B\n|           |\n|           |\nC<----------D");
    let graph = drawn.map.graph(Profile::Drive);
    let metric = drawn.map.free_flow(Profile::Drive);
    let at = |fraction| graph.snap(drawn.between('A', 'B', fraction)).unwrap();
    let (here, behind, ahead) = (at(0.5), at(0.2), at(0.8));
    for (heading, near, far) in [(Heading::From, ahead, behind), (Heading::To, behind, ahead)] {
        let cells = reach(graph, metric, &here, heading, REACH_S_MAX, Grid::Street);
        for place in [near, far] {
            let (from, to) = if heading == Heading::From { (here, place) } else { (place, here) };
            let seconds = metric.travel_ms(from, &to).unwrap() as f32 / 1_000.0;
            let shown = cells[&Cell::of(place.at, Grid::Street)];
            // A cell has the least of its points, 55 s from one side to the other.
            assert!((seconds - 55.0..seconds + 0.1).contains(&shown), "{heading:?}: {shown} s instead of {seconds} s");
        }
    }
}

#[test]
fn a_forbidden_turn_keeps_a_car_away_for_longer() {
    // From the middle of A-B into the street down from B, by a turn that is forbidden in the second map.
    let picture = "A----->B------C\n|      |      |\n|      |      |\n|      |      |\nD------E------F";
    let seconds = |rules: &[&str]| {
        let drawn = draw_with(picture, rules);
        let graph = drawn.map.graph(Profile::Drive);
        let at = graph.snap(drawn.between('B', 'E', 0.5)).unwrap();
        let cells = reach(graph, drawn.map.free_flow(Profile::Drive), &at, Heading::To, REACH_S_MAX, Grid::Street);
        cells[&Cell::of(drawn.between('A', 'B', 0.5), Grid::Street)]
    };
    let (free, banned) = (seconds(&[]), seconds(&["no A-B-E"]));
    assert!(banned > free + 60.0, "{free} s and {banned} s");
}

#[test]
fn the_generated_city_by_car_agrees_with_the_plain_search() {
    let map = RoadMap::build(crate::city::generate_small(7));
    let graph = map.graph(Profile::Drive);
    let metric = map.free_flow(Profile::Drive);
    for (edge, fraction) in [(100, 0.5), (7, 0.0), (1_000, 0.9)] {
        let at = graph.snap_at(edge % graph.edge_count() as u32, fraction);
        let fast = reach(graph, metric, &at, Heading::To, 600.0, Grid::Index);
        let slow = by_arcs(&map, Profile::Drive, metric.times(), &at, Heading::To, 600.0);
        same(&fast, &slow).unwrap();
        assert!(fast.len() > 20, "{}", fast.len());
    }
}
