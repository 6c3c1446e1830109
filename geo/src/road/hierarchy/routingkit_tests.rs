//! A second oracle that shares no line with the first: `RoutingKit`'s customizable contraction hierarchy (C++), on arrays made
//! here of the public graph and turn table, with an order of its own. Prints what was compared.

use super::{ArcTimes, Conditions, Hierarchy, Metric, NodeOrder, SearchGraph, StaffBuckets};
use crate::road::data::RoadClass;
use crate::road::drawn::{Dice, draw, tangle};
use crate::road::{Graph, Profile, RoadMap, Snap, Turns};
use routingkit_cch::{CCH, CCHMetric, CCHQuery, INF_WEIGHT, compute_order_inertial};
use std::collections::BTreeMap;
use std::sync::Arc;

const BOUND_MS: u32 = 4 * 3_600_000;

/// The arrays `RoutingKit` searches: junctions and arcs between them, or ends of arcs and turns between them.
struct Arrays {
    order: Vec<u32>,
    tail: Vec<u32>,
    head: Vec<u32>,
    /// The road arc gone along, and the milliseconds of the turn.
    along: Vec<(u32, u32)>,
    /// By state the road arc; none: nodes are junctions.
    arc_of: Option<Vec<u32>>,
}

/// Start and end of a road arc.
fn ends(graph: &Graph, arc: u32) -> [u32; 2] {
    let edge = graph.edge(arc / 2);
    if arc & 1 == 0 { [edge.start, edge.end] } else { [edge.end, edge.start] }
}

fn order_of_junctions(graph: &Graph) -> Vec<u32> {
    let nodes = graph.node_count() as u32;
    let coordinate = |of: fn(crate::Position) -> f64| (0..nodes).map(|n| of(graph.node(n)) as f32).collect::<Vec<_>>();
    let streets = graph.edges().iter().filter(|e| e.start != e.end);
    let (tail, head): (Vec<u32>, Vec<u32>) = streets.map(|e| (e.start, e.end)).unzip();
    compute_order_inertial(nodes, &tail, &head, &coordinate(crate::Position::lat), &coordinate(crate::Position::lon))
}

impl Arrays {
    fn of_junctions(graph: &Graph) -> Self {
        let arcs = 0..graph.edge_count() as u32 * 2;
        let (tail, head) = arcs.clone().map(|arc| ends(graph, arc).into()).unzip();
        Self { order: order_of_junctions(graph), tail, head, along: arcs.map(|arc| (arc, 0)).collect(), arc_of: None }
    }

    fn of_turns(graph: &Graph, turns: &Turns) -> Self {
        let states = 0..turns.state_count() as u32;
        let arc_of: Vec<u32> = states.clone().map(|state| turns.original(state)).collect();
        let mut rank = vec![0; graph.node_count()];
        for (place, junction) in order_of_junctions(graph).into_iter().enumerate() {
            rank[junction as usize] = place;
        }
        let mut order: Vec<u32> = states.clone().collect();
        order.sort_by_key(|&state| rank[ends(graph, arc_of[state as usize])[1] as usize]);
        let mut this = Self { order, tail: Vec::new(), head: Vec::new(), along: Vec::new(), arc_of: None };
        for state in states {
            for turn in turns.turns_out(state) {
                this.tail.push(state);
                this.head.push(turn.arc);
                this.along.push((arc_of[turn.arc as usize], turn.ms));
            }
        }
        Self { arc_of: Some(arc_of), ..this }
    }

    fn weights(&self, times: &ArcTimes) -> Vec<u32> {
        let along = self.tail.iter().zip(&self.along);
        along
            .map(|(&tail, &(arc, ms))| if self.may_enter(times, tail, arc) { times.ms(arc) + ms } else { INF_WEIGHT })
            .collect()
    }

    /// Whether one may go along an arc after a node: over arcs one knows from where one comes.
    fn may_enter(&self, times: &ArcTimes, node: u32, arc: u32) -> bool {
        let Some(arcs) = &self.arc_of else { return times.may_enter(arc) };
        let is_out = |&(tail, &(on, _)): &(u32, &(u32, u32))| tail == node && times.leads_out(on);
        let is_shut_in = || !self.tail.iter().copied().zip(&self.along).any(|turn| is_out(&turn));
        times.may_enter(arc) || times.is_closed(arc) && times.is_closed(arcs[node as usize]) && is_shut_in()
    }

    fn hierarchy(&self) -> CCH {
        CCH::new(&self.order, &self.tail, &self.head, |_| {}, false)
    }

    /// The nodes one can be at first after leaving `from`, with the milliseconds.
    fn sources(&self, graph: &Graph, times: &ArcTimes, from: &Snap) -> Vec<(u32, u32)> {
        let arcs = [from.edge * 2, from.edge * 2 + 1].into_iter().filter(|&arc| times.is_open(arc));
        let node = |arc| if self.arc_of.is_some() { arc } else { ends(graph, arc)[1] };
        least(arcs.map(|arc| (node(arc), times.ms(arc) - times.before_ms(arc, from.fraction))))
    }

    /// The nodes one is at last before `to`, with the milliseconds that are left: the turn and the arc up to there.
    fn targets(&self, graph: &Graph, times: &ArcTimes, to: &Snap, into: &[Vec<(u32, u32)>]) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        for arc in [to.edge * 2, to.edge * 2 + 1] {
            let before_ms = times.before_ms(arc, to.fraction);
            match self.arc_of {
                None if times.may_enter(arc) => found.push((ends(graph, arc)[0], before_ms)),
                None => {}
                Some(_) => {
                    let from = into[arc as usize].iter().filter(|from| self.may_enter(times, from.0, arc));
                    found.extend(from.map(|&(state, ms)| (state, ms + before_ms)));
                }
            }
        }
        least(found)
    }

    /// By road arc: from which states it is turned into, and the milliseconds of the turn.
    fn turned_into(&self, graph: &Graph) -> Vec<Vec<(u32, u32)>> {
        let mut into = vec![Vec::new(); graph.edge_count() * 2];
        if self.arc_of.is_some() {
            for (&state, &(arc, turn_ms)) in self.tail.iter().zip(&self.along) {
                into[arc as usize].push((state, turn_ms));
            }
        }
        into
    }
}

/// Each node once: `RoutingKit` keeps the last distance it was given for a node.
fn least(found: impl IntoIterator<Item = (u32, u32)>) -> Vec<(u32, u32)> {
    let mut least: BTreeMap<u32, u32> = BTreeMap::new();
    for (node, ms) in found {
        let kept = least.entry(node).or_insert(ms);
        *kept = ms.min(*kept);
    }
    least.into_iter().collect()
}

fn straight_ms(times: &ArcTimes, from: &Snap, to: &Snap) -> Option<u32> {
    let along = |arc: u32| times.before_ms(arc, to.fraction).checked_sub(times.before_ms(arc, from.fraction));
    let arcs = [from.edge * 2, from.edge * 2 + 1].into_iter().filter(|&arc| times.is_open(arc));
    if from.edge == to.edge { arcs.filter_map(along).min() } else { None }
}

/// What was compared.
#[derive(Default)]
struct Tally {
    queries: usize,
    answers: usize,
    unreachable: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn print(&self, network: &str) {
        println!(
            "{network:<28}   RoutingKit{:>11} queries{:>9} answers{:>6} wrong ({} without a way)",
            self.queries,
            self.answers,
            self.wrong.len(),
            self.unreachable
        );
        assert!(self.wrong.is_empty(), "{network}: {}", self.wrong[0]);
        assert!(self.answers > 0, "{network}: nothing was compared");
    }
}

fn somewhere(dice: &mut Dice, graph: &Graph) -> Snap {
    let fraction = [0.0, 1.0, 0.5, dice.unit() as f32, dice.unit() as f32][dice.below(5)];
    graph.snap_at(dice.below(graph.edge_count()) as u32, fraction)
}

/// Jams, and closures that cut some off.
fn other_times(dice: &mut Dice, graph: &Graph) -> ArcTimes {
    let mut conditions = Conditions::default();
    conditions.by_class.insert(RoadClass::Residential, 0.5 + dice.unit() as f32 * 3.0);
    for _ in 0..graph.edge_count() / 5 {
        conditions.by_edge.insert(dice.below(graph.edge_count()) as u32, 0.2 + dice.unit() as f32 * 20.0);
    }
    for _ in 0..graph.edge_count() / 10 {
        conditions.closed.insert(dice.below(graph.edge_count() * 2) as u32);
    }
    ArcTimes::under(graph, &conditions, |_| RoadClass::Residential)
}

/// Everybody's time to some pickups, on empty roads and after the weights changed twice.
fn compare(graph: &Graph, turns: Option<&Turns>, search: SearchGraph, size: [usize; 2], seed: u64, tally: &mut Tally) {
    let [staff_count, pickups] = size;
    let mut dice = Dice(seed);
    let hierarchy = Arc::new(Hierarchy::new(search, &NodeOrder::find(graph)));
    let arrays = turns.map_or_else(|| Arrays::of_junctions(graph), |turns| Arrays::of_turns(graph, turns));
    let (theirs, into) = (arrays.hierarchy(), arrays.turned_into(graph));
    let mut their_metric = CCHMetric::new(&theirs, arrays.weights(&ArcTimes::free_flow(graph)));
    for phase in 0..3 {
        let times = if phase == 0 { ArcTimes::free_flow(graph) } else { other_times(&mut dice, graph) };
        if phase > 0 {
            their_metric.reset(arrays.weights(&times));
        }
        let metric = Arc::new(Metric::new(&hierarchy, times.clone()));
        let staff: Vec<Snap> = (0..staff_count).map(|_| somewhere(&mut dice, graph)).collect();
        let buckets = StaffBuckets::filled(Arc::clone(&metric), (0_u32..).zip(&staff).map(|(id, snap)| (id, *snap, 0)));
        let mut query = CCHQuery::new(&their_metric);
        for _ in 0..pickups {
            let pickup = somewhere(&mut dice, graph);
            let targets = arrays.targets(graph, &times, &pickup, &into);
            let all: BTreeMap<u32, u32> = buckets.all(&pickup, BOUND_MS).into_iter().collect();
            tally.queries += 1;
            for (id, from) in (0_u32..).zip(&staff) {
                let sources = arrays.sources(graph, &times, from);
                let round = if sources.is_empty() || targets.is_empty() {
                    None
                } else {
                    for (node, ms) in sources {
                        query.add_source(node, ms);
                    }
                    for &(node, ms) in &targets {
                        query.add_target(node, ms);
                    }
                    query.run().distance()
                };
                let expected = round.into_iter().chain(straight_ms(&times, from, &pickup)).min();
                tally.answers += 1;
                tally.unreachable += usize::from(expected.is_none());
                let got = [metric.travel_ms(from, &pickup), all.get(&id).copied()];
                let in_bound = expected.filter(|&ms| ms <= BOUND_MS);
                if got != [expected, in_bound] {
                    tally.wrong.push(format!("seed {seed}, phase {phase}: {got:?} instead of {expected:?}"));
                }
            }
        }
    }
}

/// Over junctions, and over arcs where the profile has turns.
fn both_kinds(map: &RoadMap, profile: Profile, size: [usize; 2], seed: u64, tallies: &mut [Tally; 2]) {
    let graph = map.graph(profile);
    if graph.edge_count() == 0 {
        return;
    }
    compare(graph, None, SearchGraph::of_junctions(graph, |_| 0), size, seed, &mut tallies[0]);
    if let Some(turns) = map.turns(profile) {
        compare(graph, Some(turns), SearchGraph::of(map, profile), size, seed, &mut tallies[1]);
    }
}

fn print_both(network: &str, tallies: &[Tally; 2]) {
    tallies[0].print(&format!("{network}, junctions"));
    tallies[1].print(&format!("{network}, turns"));
}

#[test]
fn agrees_with_routingkit_on_drawn_maps() {
    let mut tallies = [Tally::default(), Tally::default()];
    for picture in [
        "A---B---C\n|   |   |\nD>>-E-<-F\n|   |   |\nG===H===I",
        "A->-B\n|   |\nC-<-D",
        "A-B",
        "A=====B=====C\n|     ^     |\n|     |     v\nD--<--E-->--F\n#     |     #\nG=====H=====I",
    ] {
        let drawn = draw(picture);
        for profile in [Profile::Walk, Profile::Drive, Profile::Cycle] {
            both_kinds(&drawn.map, profile, [20, 20], 7, &mut tallies);
        }
    }
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let (nodes, ways) = (4 + dice.below(120), 4 + dice.below(160));
        let map = RoadMap::build(tangle(&mut dice, nodes, ways));
        both_kinds(&map, Profile::Drive, [20, 10], seed, &mut tallies);
    }
    print_both("drawn, tangles 0..40", &tallies);
}

#[test]
fn agrees_with_routingkit_on_the_generated_city() {
    let map = RoadMap::build(crate::city::generate_small(7));
    let mut tallies = [Tally::default(), Tally::default()];
    for profile in [Profile::Drive, Profile::Cycle] {
        both_kinds(&map, profile, [100, 20], 11, &mut tallies);
    }
    print_both("generated, small", &tallies);
}

#[test]
fn agrees_with_routingkit_on_real_streets() {
    let Some(path) = crate::road::load::tests::extract("seoul-drive-2025-05.osm.pbf") else { return };
    let (data, _) = crate::road::load::load(&[&path], None, &mut |_| {}).unwrap();
    let mut tallies = [Tally::default(), Tally::default()];
    let map = RoadMap::build(data);
    for (profile, pickups) in [(Profile::Drive, 10), (Profile::Cycle, 3)] {
        both_kinds(&map, profile, [100, pickups], 13, &mut tallies);
    }
    print_both("Seoul drive and cycle", &tallies);
}
