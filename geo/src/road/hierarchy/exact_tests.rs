//! The hierarchy held against plain Dijkstra on the same weights: random cities, degenerate ones, the generated city and the
//! real one; before and after weights change, with staff moving all the time. Prints what was compared.

use super::oracle_tests::{Oracle, TestTurns};
use super::{ArcTimes, Conditions, Hierarchy, Live, Metric, NodeOrder, SearchGraph};
use crate::road::data::RoadClass;
use crate::road::drawn::{Dice, draw, tangle};
use crate::road::graph::{Graph, GraphParts, Rights};
use crate::road::turns::tests::restricted_net;
use crate::road::{Headed, Profile, RoadMap, Snap};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const BOUND_MS: u32 = 4 * 3_600_000;

/// What was compared on one network, with how many staff.
#[derive(Default)]
struct Tally {
    queries: usize,
    answers: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, got: &T, expected: &T) {
        self.answers += 1;
        if got != expected {
            self.wrong.push(format!("{what}: {got:?} instead of {expected:?}"));
        }
    }

    fn print(&self, network: &str, staff: usize) {
        println!(
            "{network:<28}{staff:>8} staff{:>8} queries{:>9} answers{:>6} wrong",
            self.queries,
            self.answers,
            self.wrong.len()
        );
        assert!(self.wrong.is_empty(), "{network}: {}", self.wrong[0]);
    }
}

fn random_snap(dice: &mut Dice, graph: &Graph) -> Snap {
    let fraction = [0.0, 1.0, 0.5, dice.unit() as f32, dice.unit() as f32, dice.unit() as f32][dice.below(6)];
    let snap = graph.snap_at(dice.below(graph.street_count()) as u32, fraction);
    Snap { distance_m: off_m(dice), ..snap }
}

/// In the street, beside it, or some way off.
fn off_m(dice: &mut Dice) -> f32 {
    [0.0, 0.0, 20.0, dice.unit() as f32 * 500.0][dice.below(4)]
}

/// Headed some way or neither, with little or much to lose by turning round.
fn random_place(dice: &mut Dice, graph: &Graph) -> Headed {
    let snap = random_snap(dice, graph);
    headed(dice, snap)
}

fn headed(dice: &mut Dice, snap: Snap) -> Headed {
    let back_ms = [8_000, 20_000, dice.below(90_000) as u32][dice.below(3)];
    match dice.below(3) {
        0 => snap.into(),
        1 => Headed::new(snap, [0, back_ms]),
        _ => Headed::new(snap, [back_ms, 0]),
    }
}

fn random_conditions(dice: &mut Dice, graph: &Graph) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.by_class.insert(RoadClass::Residential, 0.5 + dice.unit() as f32 * 3.0);
    for _ in 0..graph.edge_count() / 5 {
        conditions.by_edge.insert(dice.below(graph.edge_count()) as u32, 0.2 + dice.unit() as f32 * 20.0);
    }
    for _ in 0..graph.edge_count() / 20 {
        conditions.closed.insert(dice.below(graph.edge_count() * 2) as u32);
    }
    conditions
}

/// A network under test: its hierarchy, and its oracle.
struct Network<'a> {
    graph: &'a Graph,
    turns: Option<TestTurns>,
    hierarchy: Arc<Hierarchy>,
}

impl<'a> Network<'a> {
    fn new(graph: &'a Graph, order: &NodeOrder, turns: Option<TestTurns>) -> Self {
        let search = match &turns {
            None => SearchGraph::of_junctions(graph, |_| 0),
            Some(t) => SearchGraph::of_turns(
                graph,
                t.rows.len() as u32,
                |s| t.original[s as usize],
                |s| t.rows[s as usize].iter().copied(),
            ),
        };
        Self { graph, turns, hierarchy: Arc::new(Hierarchy::new(search, order)) }
    }

    /// As the service searches a map of a profile, copies of arcs included.
    fn shipped(map: &'a RoadMap, profile: Profile) -> Self {
        let graph = map.graph(profile);
        let hierarchy = Arc::new(Hierarchy::new(SearchGraph::of(map, profile), &NodeOrder::find(graph)));
        Self { graph, turns: map.turns(profile).map(TestTurns::of_table), hierarchy }
    }

    /// Queries in three phases with other weights each, staff moving between any two.
    fn run(&self, dice: &mut Dice, staff: usize, queries: usize, tally: &mut Tally) {
        let times = ArcTimes::free_flow(self.graph);
        let live: Live<u32> = Live::new(Arc::new(Metric::new(&self.hierarchy, times.clone())));
        let mut standing: BTreeMap<u32, (Headed, u32)> = BTreeMap::new();
        let free_turns = TestTurns::free(self.graph);
        let turns = self.turns.as_ref().unwrap_or(&free_turns);
        let mut oracle = Oracle::new(turns, times, self.turns.is_some());
        for phase in 0..3 {
            if phase > 0 {
                let conditions = random_conditions(dice, self.graph);
                let times = ArcTimes::under(self.graph, &conditions, |_| RoadClass::Residential);
                live.reweigh(times.clone());
                oracle = Oracle::new(turns, times, self.turns.is_some());
            }
            for query in 0..queries / 3 {
                let moves = if standing.len() < staff / 2 { staff } else { 1 + staff / 20 };
                for _ in 0..moves {
                    self.move_somebody(dice, staff, &live, &mut standing);
                }
                let mut pickup = random_snap(dice, self.graph);
                if query % 7 == 0
                    && let Some((at, _)) = standing.values().nth(dice.below(standing.len().max(1)))
                {
                    let snap = self.graph.snap_at(at.snap.edge, dice.unit() as f32);
                    pickup = Snap { distance_m: off_m(dice), ..snap };
                }
                self.query(dice, &live, &standing, &oracle, &pickup, tally);
            }
        }
    }

    fn move_somebody(
        &self,
        dice: &mut Dice,
        staff: usize,
        live: &Live<u32>,
        standing: &mut BTreeMap<u32, (Headed, u32)>,
    ) {
        let id = dice.below(staff) as u32;
        let free_ms = if dice.below(4) == 0 { dice.below(600_000) as u32 } else { 0 };
        match (dice.below(20), standing.get(&id).copied()) {
            (0, Some(_)) => {
                assert!(live.remove(id));
                standing.remove(&id);
            }
            (kind @ 1..=9, Some((at, _))) => {
                let snap = self.graph.snap_at(at.snap.edge, dice.unit() as f32);
                let snap = Snap { distance_m: off_m(dice), ..snap };
                // Further on as they went, or turned round as well.
                let at = if kind < 7 { Headed::new(snap, at.turn_ms()) } else { headed(dice, snap) };
                live.put(id, at, free_ms);
                standing.insert(id, (at, free_ms));
            }
            _ => {
                let at = random_place(dice, self.graph);
                live.put(id, at, free_ms);
                standing.insert(id, (at, free_ms));
            }
        }
    }

    fn query(
        &self,
        dice: &mut Dice,
        live: &Live<u32>,
        standing: &BTreeMap<u32, (Headed, u32)>,
        oracle: &Oracle<'_>,
        pickup: &Snap,
        tally: &mut Tally,
    ) {
        tally.queries += 1;
        let to_pickup = oracle.to(pickup);
        let mut expected: Vec<(u32, u32)> = standing
            .iter()
            .filter_map(|(&id, (at, free_ms))| Some((to_pickup.from(at)? + free_ms, id)))
            .filter(|e| e.0 <= BOUND_MS)
            .collect();
        expected.sort_unstable();
        let by_time = |got: Vec<(u32, u32)>| got.into_iter().map(|(id, ms)| (ms, id)).collect::<Vec<_>>();

        let mut all = by_time(live.with(|b| b.all(pickup, BOUND_MS)));
        all.sort_unstable();
        tally.expect("all", &all, &expected);
        let lazy = by_time(live.with(|b| b.soonest(pickup, BOUND_MS).collect()));
        tally.expect("soonest", &lazy, &expected);

        let k = [1, 2, 10, 50][dice.below(4)];
        let nearest = by_time(live.nearest(pickup, k, BOUND_MS, |_| true));
        tally.expect("nearest", &nearest, &expected[..k.min(expected.len())].to_vec());
        let bound_ms = expected.get(expected.len() / 2).map_or(0, |e| e.0);
        let may_go = |id: u32| !id.is_multiple_of(3);
        let filtered = by_time(live.nearest(pickup, k, bound_ms, may_go));
        let within = expected.iter().filter(|e| e.0 <= bound_ms);
        tally.expect("filtered", &filtered, &within.clone().filter(|e| may_go(e.1)).take(k).copied().collect());
        let lazy = by_time(live.with(|b| b.soonest(pickup, bound_ms).collect()));
        tally.expect("soonest within", &lazy, &within.copied().collect());

        let metric = live.metric();
        let some: Vec<Headed> = standing.values().map(|s| s.0).take(12).collect();
        let expected: Vec<Option<u32>> = some.iter().map(|at| to_pickup.from(at)).collect();
        tally.expect("table", &metric.table(&some, &[*pickup]), &expected);
        for _ in 0..2 {
            let Some((at, _)) = standing.values().nth(dice.below(standing.len().max(1))) else { return };
            let expected = to_pickup.from(at);
            tally.expect("travel time", &metric.travel_ms(at, pickup), &expected);
            let way = metric.way(at, pickup);
            tally.expect("way", &way.as_ref().map(|w| w.ms), &expected);
            if let Some(way) = way {
                tally.expect("cost of the way", &oracle.cost(at, pickup, &way.arcs), &Some(way.ms));
                let route = metric.route(self.graph, at, pickup).unwrap();
                assert!(
                    (f64::from(route.duration_s) * 1000.0 - f64::from(way.ms)).abs() <= 1.0 + f64::from(way.ms) * 1e-6
                );
                let ends = [route.points[0], route.points[route.points.len() - 1]];
                assert!(ends[0].distance_m(at.snap.at) < 0.5 && ends[1].distance_m(pickup.at) < 0.5);
            }
        }
    }
}

/// Compares on junctions and on arcs with random turns.
fn both_kinds(dice: &mut Dice, graph: &Graph, staff: usize, queries: usize, tallies: &mut [Tally; 2]) {
    if graph.edge_count() == 0 {
        return;
    }
    let order = NodeOrder::find(graph);
    for (turns, tally) in [None, Some(TestTurns::random(dice, graph))].into_iter().zip(tallies) {
        Network::new(graph, &order, turns).run(dice, staff, queries, tally);
    }
}

fn print_both(network: &str, staff: usize, tallies: &[Tally; 2]) {
    for (tally, kind) in tallies.iter().zip(["junctions", "turns"]) {
        tally.print(&format!("{network}, {kind}"), staff);
    }
}

/// A tangle without what `build` takes care of: any edge may be one way or none back, so there are islands and traps; some
/// edges take no time to speak of, some lie beside their like.
fn broken_tangle(dice: &mut Dice) -> Graph {
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
    for staff in [20, 100] {
        let mut tallies = [Tally::default(), Tally::default()];
        for seed in 0..80 {
            let mut dice = Dice(seed);
            let (nodes, ways) = (4 + dice.below(120), 4 + dice.below(160));
            let map = RoadMap::build(tangle(&mut dice, nodes, ways));
            both_kinds(&mut dice, map.graph(Profile::ALL[seed as usize % 2]), staff, 24, &mut tallies);
        }
        print_both("tangles, seeds 0..80", staff, &tallies);
        let mut tallies = [Tally::default(), Tally::default()];
        for seed in 80..120 {
            let mut dice = Dice(seed);
            let (nodes, ways) = (4 + dice.below(120), 4 + dice.below(160));
            let map = RoadMap::build(tangle(&mut dice, nodes, ways));
            both_kinds(&mut dice, map.graph(Profile::Cycle), staff, 24, &mut tallies);
        }
        print_both("by bicycle, seeds 80..120", staff, &tallies);
    }
}

#[test]
fn agrees_with_dijkstra_on_degenerate_graphs() {
    let mut tallies = [Tally::default(), Tally::default()];
    for seed in 1000..1300 {
        let mut dice = Dice(seed);
        let graph = broken_tangle(&mut dice);
        both_kinds(&mut dice, &graph, 20, 9, &mut tallies);
    }
    print_both("broken, seeds 1000..1300", 20, &tallies);
}

#[test]
fn agrees_with_dijkstra_on_drawn_maps() {
    let mut tallies = [Tally::default(), Tally::default()];
    for picture in [
        "A---B---C\n|   |   |\nD>>-E-<-F\n|   |   |\nG===H===I",
        "A->-B\n|   |\nC-<-D",
        "A-B",
        "A=====B=====C\n|     ^     |\n|     |     v\nD--<--E-->--F\n#     |     #\nG=====H=====I",
    ] {
        let drawn = draw(picture);
        for profile in Profile::ALL {
            both_kinds(&mut Dice(7), drawn.map.graph(profile), 40, 60, &mut tallies);
        }
    }
    print_both("drawn", 40, &tallies);
}

#[test]
fn agrees_with_dijkstra_where_turns_are_banned_over_two_streets_and_more() {
    let (mut tally, mut copies) = (Tally::default(), 0);
    for seed in 2000..2080 {
        let mut dice = Dice(seed);
        let map = RoadMap::build(restricted_net(&mut dice));
        if map.graph(Profile::Drive).edge_count() == 0 {
            continue;
        }
        let turns = map.turns(Profile::Drive).unwrap();
        copies += turns.state_count() - turns.arc_count();
        Network::shipped(&map, Profile::Drive).run(&mut dice, 30, 12, &mut tally);
    }
    assert!(copies > 100, "{copies} copies of arcs");
    tally.print("turns banned", 30);
}

#[test]
fn agrees_with_dijkstra_with_the_subway() {
    let map = RoadMap::build(crate::city::generate_small(1));
    assert!(map.graph(Profile::Transit).edge_count() > map.graph(Profile::Walk).edge_count());
    let mut tally = Tally::default();
    Network::shipped(&map, Profile::Transit).run(&mut Dice(3), 200, 60, &mut tally);
    tally.print("small city with subway", 200);
}

#[test]
fn agrees_with_dijkstra_on_the_generated_city() {
    let map = RoadMap::build(crate::city::generate(crate::city::DEFAULT_SEED));
    let profiles =
        [(Profile::Walk, "generated walk"), (Profile::Drive, "generated drive"), (Profile::Cycle, "generated cycle")];
    for (profile, name) in profiles {
        on_streets(&map, profile, name, 9);
    }
}

#[test]
fn agrees_with_dijkstra_on_real_streets() {
    for (file, queries) in [("seoul-jung-small.osm.pbf", 60), ("seoul-drive-2025-05.osm.pbf", 30)] {
        let Some(path) = crate::road::load::tests::extract(file) else { continue };
        let (data, _) = crate::road::load::load(&[&path], None, &mut |_| {}).unwrap();
        let map = RoadMap::build(data);
        for (profile, queries) in
            [(Profile::Drive, queries), (Profile::Walk, queries), (Profile::Cycle, queries.min(6))]
        {
            on_streets(&map, profile, &format!("{} {profile:?}", &file[..10]), queries);
        }
    }
}

/// Over junctions, and as the service searches it where turns count.
fn on_streets(map: &RoadMap, profile: Profile, name: &str, queries: usize) {
    let graph = map.graph(profile);
    let with_turns = map.turns(profile).map(|_| ("turns", Network::shipped(map, profile)));
    let over_junctions = ("junctions", Network::new(graph, &NodeOrder::find(graph), None));
    for (kind, network) in [over_junctions].into_iter().chain(with_turns) {
        for staff in [20, 2_000] {
            let mut tally = Tally::default();
            network.run(&mut Dice(staff as u64), staff, queries, &mut tally);
            tally.print(&format!("{name}, {kind}"), staff);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_dijkstra_whatever_the_graph(seed: u64, staff in 1usize..60) {
        let mut dice = Dice(seed);
        let graph = broken_tangle(&mut dice);
        let mut tallies = [Tally::default(), Tally::default()];
        both_kinds(&mut dice, &graph, staff, 6, &mut tallies);
        for tally in tallies {
            prop_assert!(tally.wrong.is_empty(), "seed {}: {}", seed, tally.wrong[0]);
        }
    }
}
