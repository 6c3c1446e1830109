//! A third oracle that shares no line with the others: `dijkstra` of the crate `pathfinding`, forward from every single person to
//! the pickup, over junctions and over arcs with turns. What the engine draws from (`soonest`) is held against it. Prints what was compared.

use super::crowd_tests::{Crowd, Place, Shared};
use super::exact_tests::{broken_tangle, random_city};
use super::network_tests::{BOUND_MS, Network, by_time};
use super::oracle_tests::TestTurns;
use super::tally_tests::Tally;
use super::{ArcTimes, Metric, NodeOrder};
use crate::road::drawn::Dice;
use crate::road::graph::Graph;
use crate::road::{Headed, Profile, Snap};
use pathfinding::directed::dijkstra::dijkstra;
use std::sync::Arc;

/// Where one is on the way from a person to a pickup.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    /// Where the person stands.
    Start,
    /// At a junction: where one came from is forgotten.
    Junction(u32),
    /// At the end of an arc, by its state in the table of turns.
    End(u32),
    Pickup,
}

/// Ways from one person to one pickup under one set of times.
struct Ways<'a> {
    graph: &'a Graph,
    turns: Option<&'a TestTurns>,
    times: &'a ArcTimes,
    /// By junction.
    leaving: &'a [Vec<u32>],
    from: Headed,
    to: Snap,
}

fn leaving(graph: &Graph) -> Vec<Vec<u32>> {
    let mut leaving = vec![Vec::new(); graph.node_count()];
    for arc in 0..graph.edge_count() as u32 * 2 {
        leaving[graph.arc_tail(arc) as usize].push(arc);
    }
    leaving
}

impl Ways<'_> {
    /// Milliseconds of the fastest; `None` if there is none.
    fn ms(&self) -> Option<u32> {
        let (_, ms) = dijkstra(&Step::Start, |&step| self.on_from(step), |&step| step == Step::Pickup)?;
        Some(u32::try_from(ms).unwrap())
    }

    fn on_from(&self, step: Step) -> Vec<(Step, u64)> {
        match step {
            Step::Start => self.set_out(),
            Step::Junction(junction) => {
                let open = self.leaving[junction as usize].iter().filter(|&&arc| self.times.may_enter(arc));
                open.flat_map(|&arc| self.along(arc, arc, 0)).collect()
            }
            Step::End(state) => {
                let turns = self.turns.expect("ends of arcs are told apart where there are turns");
                let on = turns.rows[state as usize].iter().filter(|turn| self.may_turn(turns, state, turn.0));
                on.flat_map(|&(to, ms)| self.along(turns.original[to as usize], to, u64::from(ms))).collect()
            }
            Step::Pickup => Vec::new(),
        }
    }

    /// Either way along the street the person stands in: to its end, or straight to the pickup.
    fn set_out(&self) -> Vec<(Step, u64)> {
        let at = &self.from.snap;
        let mut steps = Vec::new();
        for (arc, lead_ms) in [at.edge * 2, at.edge * 2 + 1].into_iter().zip(self.from.lead_ms()) {
            if !self.times.is_open(arc) {
                continue;
            }
            let gone_ms = self.times.before_ms(arc, at.fraction);
            let rest_ms = self.times.ms(arc) - gone_ms;
            steps.push((self.end(arc, arc), u64::from(lead_ms) + u64::from(rest_ms)));
            let to_ms = self.times.before_ms(arc, self.to.fraction);
            if at.edge == self.to.edge && to_ms >= gone_ms {
                steps.push((Step::Pickup, u64::from(lead_ms) + u64::from(to_ms - gone_ms) + self.off_street_ms()));
            }
        }
        steps
    }

    /// Along an arc after a turn: to its end, and to the pickup if that is in its street.
    fn along(&self, arc: u32, state: u32, turn_ms: u64) -> Vec<(Step, u64)> {
        let mut steps = vec![(self.end(arc, state), turn_ms + u64::from(self.times.ms(arc)))];
        if arc / 2 == self.to.edge {
            let to_ms = u64::from(self.times.before_ms(arc, self.to.fraction));
            steps.push((Step::Pickup, turn_ms + to_ms + self.off_street_ms()));
        }
        steps
    }

    fn end(&self, arc: u32, state: u32) -> Step {
        if self.turns.is_some() { Step::End(state) } else { Step::Junction(self.graph.arc_head(arc)) }
    }

    fn off_street_ms(&self) -> u64 {
        u64::from(self.to.to_street_ms())
    }

    /// Out of what is closed always, into it never, and within it where nothing leads out.
    fn may_turn(&self, turns: &TestTurns, from: u32, to: u32) -> bool {
        let [arc, next] = [from, to].map(|state| turns.original[state as usize]);
        let leads_out = |&(state, _): &(u32, u32)| {
            let arc = turns.original[state as usize];
            self.times.may_enter(arc) && !self.times.is_closed(arc)
        };
        let is_within = self.times.is_closed(arc) && self.times.is_closed(next);
        self.times.may_enter(next) || is_within && !turns.rows[from as usize].iter().any(leads_out)
    }
}

/// As many pickups under each of three sets of times; staff move between any two.
fn compare(dice: &mut Dice, network: &Network<'_>, pickups: usize, tally: &mut Tally) {
    let leaving = leaving(network.graph);
    for phase in 0..3 {
        let times = network.times(dice, phase);
        let metric = Arc::new(Metric::new(&network.hierarchy, times.clone()));
        let mut shared = Shared::new(Crowd::new(dice, network.graph, tally.staff), &metric);
        for nth in 0..pickups {
            shared.go_on(dice, network.graph);
            let Shared { crowd, live } = &shared;
            let to = network.pickup(dice, nth, crowd);
            let (graph, turns) = (network.graph, network.turns.as_ref());
            let ways = |from| Ways { graph, turns, times: &times, leaving: &leaving, from, to };
            let each: Vec<(u32, Place, Option<u32>)> =
                crowd.standing().map(|(id, place)| (id, place, ways(place.0).ms())).collect();
            tally.asked(crowd.len());
            let in_time = |&(id, (_, free_ms), ms): &(u32, Place, Option<u32>)| Some((ms? + free_ms, id));
            let mut expected: Vec<(u32, u32)> = each.iter().filter_map(in_time).filter(|e| e.0 <= BOUND_MS).collect();
            expected.sort_unstable();
            tally.expect("soonest", &by_time(live.with(|b| b.soonest(&to, BOUND_MS).collect::<Vec<_>>())), &expected);
            let ten = by_time(live.with(|b| b.soonest(&to, BOUND_MS).take(10).collect::<Vec<_>>()));
            tally.expect("soonest ten", &ten, &expected[..expected.len().min(10)].to_vec());
            for &(_, (at, _), ms) in &each {
                tally.expect("travel time", &metric.travel_ms(at, &to), &ms);
            }
        }
    }
}

fn both_kinds(dice: &mut Dice, graph: &Graph, pickups: usize, tallies: &mut [Tally; 2]) {
    if graph.edge_count() == 0 {
        return;
    }
    let order = NodeOrder::find(graph);
    for (turns, tally) in [None, Some(TestTurns::random(dice, graph))].into_iter().zip(tallies) {
        compare(dice, &Network::new(graph, &order, turns), pickups, tally);
    }
}

fn print_both(network: &str, tallies: &[Tally; 2]) {
    for (tally, kind) in tallies.iter().zip(["junctions", "turns"]) {
        tally.print(&format!("pathfinding: {network}, {kind}"));
    }
}

#[test]
fn agrees_with_dijkstra_of_pathfinding() {
    let mut tallies = [(); 2].map(|()| Tally::of(20));
    for seed in 3000..3080 {
        let mut dice = Dice(seed);
        let map = random_city(&mut dice);
        both_kinds(&mut dice, map.graph(Profile::ALL[seed as usize % 3]), 8, &mut tallies);
    }
    print_both("tangles", &tallies);
    let mut tallies = [(); 2].map(|()| Tally::of(20));
    for seed in 4000..4100 {
        let mut dice = Dice(seed);
        let graph = broken_tangle(&mut dice);
        both_kinds(&mut dice, &graph, 3, &mut tallies);
    }
    print_both("broken", &tallies);
}
