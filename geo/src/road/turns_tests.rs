//! Turn tables on maps drawn as text, and held against a search that remembers every arc it came along.

use super::Turns;
use crate::road::arcs::{UNREACHED, arc_of, arrival_ms, reversed, times_from, travel_ms};
use crate::road::data::{Access, MapData, RoadClass};
use crate::road::drawn::{Dice, Drawn, data, draw_with, place, street};
use crate::road::modes::mode;
use crate::road::turn_cost::{Directions, directions};
use crate::road::{Graph, Profile, Profiles, Restriction, RoadMap, Rule, Snap, TurnReport};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// Seconds by car from the middle of one street to the middle of another.
fn drive_s(drawn: &Drawn, from: (char, char), to: (char, char)) -> Option<f64> {
    let graph = drawn.map.graph(Profile::Drive);
    let turns = drawn.map.turns(Profile::Drive).unwrap();
    let at = |(a, b): (char, char)| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    travel_ms(graph, turns, &at(from), &at(to)).map(|ms| ms as f64 / 1000.0)
}

/// Half a street: 100 m at 30 km/h less a fifth.
const HALF_S: f64 = 15.0;

fn close(got: Option<f64>, expected_s: f64) {
    let got = got.expect("a way");
    assert!((got - expected_s).abs() < 0.5, "{got} s, expected {expected_s} s");
}

/// A ladder; nobody drives from B to A.
const LADDER: &str = "\
A>B-C-D
| | | |
E-F-G-H";

#[test]
fn left_costs_more_than_right_and_straight_on_costs_nothing() {
    let drawn = draw_with(LADDER, &[]);
    close(drive_s(&drawn, ('A', 'B'), ('B', 'C')), 2.0 * HALF_S);
    close(drive_s(&drawn, ('A', 'B'), ('B', 'F')), 2.0 * HALF_S + 2.0);
    close(drive_s(&drawn, ('D', 'C'), ('C', 'G')), 2.0 * HALF_S + 5.5);
}

#[test]
fn a_bend_without_a_junction_costs_nothing() {
    let drawn = draw_with("A-B\n  |\n  C-D\n  | |\n  E-F", &[]);
    close(drive_s(&drawn, ('A', 'B'), ('B', 'C')), 2.0 * HALF_S);
}

#[test]
fn a_forbidden_turn_is_driven_round() {
    let free = drive_s(&draw_with(LADDER, &[]), ('A', 'B'), ('B', 'F'));
    close(free, 2.0 * HALF_S + 2.0);
    // Straight on to C, turn round there and come back, or round the block: the cheaper is taken.
    let banned = drive_s(&draw_with(LADDER, &["no A-B-F"]), ('A', 'B'), ('B', 'F'));
    assert!(banned > Some(4.0 * HALF_S), "{banned:?}");
    // Who comes from C may still turn.
    let other = draw_with(LADDER, &["no A-B-F"]);
    close(drive_s(&other, ('C', 'B'), ('B', 'F')), 2.0 * HALF_S + 5.5);
}

#[test]
fn the_only_way_on_is_the_only_way_on() {
    let drawn = draw_with(LADDER, &["only A-B-F"]);
    close(drive_s(&drawn, ('A', 'B'), ('B', 'F')), 2.0 * HALF_S + 2.0);
    // Round the block: B-F-G-C and left twice.
    close(drive_s(&drawn, ('A', 'B'), ('C', 'D')), 8.0 * HALF_S + 2.0 + 5.5 + 5.5 + 2.0);
    // Two of them allow both ways, and still no third.
    let two = draw_with(LADDER, &["only A-B-F", "only A-B-C"]);
    close(drive_s(&two, ('A', 'B'), ('C', 'D')), 4.0 * HALF_S);
}

#[test]
fn a_restriction_over_a_street_bans_that_sequence_and_no_other() {
    let rules = ["no A-B-F-E"];
    let drawn = draw_with(LADDER, &rules);
    let free = draw_with(LADDER, &[]);
    let graph = drawn.map.graph(Profile::Drive);
    let turns = drawn.map.turns(Profile::Drive).unwrap();
    assert_eq!(turns.state_count(), turns.arc_count() + 1, "one copy of B-F");
    let bf = graph.snap(drawn.between('B', 'F', 0.5)).unwrap().edge;
    let copies: usize = [true, false].map(|f| turns.copies_of(arc_of(bf, f)).len()).iter().sum();
    assert_eq!(copies, 1);
    for (from, to) in [(('C', 'B'), ('F', 'E')), (('A', 'B'), ('F', 'G')), (('A', 'B'), ('B', 'F'))] {
        assert_eq!(drive_s(&drawn, from, to), drive_s(&free, from, to), "{from:?} to {to:?}");
    }
    let (round, direct) = (drive_s(&drawn, ('A', 'B'), ('F', 'E')), drive_s(&free, ('A', 'B'), ('F', 'E')));
    assert!(round > direct, "{round:?} and {direct:?}");
}

#[test]
fn an_only_over_a_street_holds_for_the_whole_of_it() {
    let drawn = draw_with(LADDER, &["only A-B-C-G"]);
    close(drive_s(&drawn, ('A', 'B'), ('C', 'G')), 4.0 * HALF_S + 2.0);
    // Neither turning at B nor passing C.
    close(drive_s(&drawn, ('A', 'B'), ('B', 'F')), 8.0 * HALF_S + 2.0 + 2.0 + 2.0);
    // From B on it does not hold for who did not come from A.
    close(drive_s(&drawn, ('F', 'B'), ('C', 'D')), 4.0 * HALF_S + 2.0);
}

#[test]
fn big_streets_let_nobody_turn_round_but_at_their_end() {
    let mut map = data(vec![place(0.0, 0.0), place(100.0, 0.0), place(200.0, 0.0)], Vec::new());
    map.ways = [[0, 1], [1, 2]].map(|n| street(n.to_vec(), Access::Both, Access::Both, 30)).to_vec();
    for way in &mut map.ways {
        way.class = RoadClass::Primary;
    }
    let map = RoadMap::build(map);
    let (graph, turns) = (map.graph(Profile::Drive), map.turns(Profile::Drive).unwrap());
    let from = graph.snap_at(0, 0.5);
    // Behind somebody who just set out eastward; both directions are open to who stands, so the arc tells.
    assert!(turns.turns_out(arc_of(0, true)).iter().all(|t| t.arc != arc_of(0, false)));
    assert!(turns.turns_out(arc_of(1, true)).iter().any(|t| t.arc == arc_of(1, false) && t.ms == 20_000));
    assert_eq!(travel_ms(graph, turns, &from, &from), Some(0));
}

#[test]
fn who_may_not_go_on_for_a_ban_over_several_streets_turns_round_as_at_a_dead_end() {
    let mut map = data((0..4).map(|i| place(f64::from(i) * 100.0, 0.0)).collect(), Vec::new());
    map.ways = [[0, 1], [1, 2], [2, 3]].map(|n| street(n.to_vec(), Access::Both, Access::Both, 30)).to_vec();
    for way in &mut map.ways {
        way.class = RoadClass::Primary;
    }
    let drive = Profiles::NONE.with(Profile::Drive);
    map.restrictions =
        vec![Restriction { rule: Rule::No, profiles: drive, from: 0, via: vec![1], to: 2, path: vec![1, 2] }];
    let map = RoadMap::build(map);
    let turns = map.turns(Profile::Drive).unwrap();
    let (there, back) = (arc_of(1, true), arc_of(1, false));
    let [copy] = turns.copies_of(there).collect::<Vec<_>>()[..] else { panic!("one copy") };
    let on = |state| turns.turns_out(state).iter().map(|t| (turns.original(t.arc), t.ms)).collect::<Vec<_>>();
    assert_eq!(on(copy), [(back, 20_000)], "who came from the first street may only turn round");
    assert_eq!(on(there), [(arc_of(2, true), 0)], "whoever did not goes on, and turns nowhere in a big street");
}

#[test]
fn a_place_is_on_a_street_that_cars_get_into_and_out_of() {
    // Nobody may turn from A-B anywhere nor into it: who is to be met there is met round the corner.
    let island = draw_with(LADDER, &["no A-B-C", "no A-B-F", "no E-A-B"]);
    let free = draw_with(LADDER, &[]);
    let beside = |drawn: &Drawn| {
        let at = drawn.between('A', 'B', 0.25);
        let snap = drawn.map.snap(Profile::Drive, at).unwrap();
        (snap.at.distance_m(drawn.at('A')), snap.distance_m)
    };
    let (from_a, off) = beside(&free);
    assert!((from_a - 50.0).abs() < 1.0 && off < 1.0, "on the street itself: {from_a} m, {off} m off");
    let (from_a, off) = beside(&island);
    assert!(from_a < 1.0 && (off - 50.0).abs() < 1.0, "in A-E: {from_a} m from the corner, {off} m off");
    let from = island.map.snap(Profile::Drive, island.between('C', 'D', 0.5)).unwrap();
    let to = island.map.snap(Profile::Drive, island.between('A', 'B', 0.25)).unwrap();
    assert!(island.map.free_flow(Profile::Drive).travel_ms(from, &to).is_some(), "and a car comes there");
    // Whoever walks is not bound by turns.
    let walking = island.map.snap(Profile::Walk, island.between('A', 'B', 0.25)).unwrap();
    assert!(walking.distance_m < 1.0);
}

#[test]
fn what_cannot_be_reached_is_no_time_at_all() {
    // The street from A to B may neither be left nor entered: restrictions made it an island.
    let drawn = draw_with(LADDER, &["no A-B-C", "no A-B-F", "no E-A-B"]);
    let graph = drawn.map.graph(Profile::Drive);
    let turns = drawn.map.turns(Profile::Drive).unwrap();
    assert_eq!(drive_s(&drawn, ('A', 'B'), ('C', 'D')), None);
    assert_eq!(drive_s(&drawn, ('C', 'D'), ('A', 'B')), None);
    assert_eq!(drive_s(&drawn, ('A', 'B'), ('A', 'B')), Some(0.0));
    assert!(drive_s(&drawn, ('E', 'F'), ('C', 'D')).is_some());
    let on = |a, b| graph.snap(drawn.between(a, b, 0.5)).unwrap();
    let [island] = graph.arcs_at(&on('A', 'B')).map(|a| a.0).collect::<Vec<_>>()[..] else { panic!("one way") };
    assert!(turns.turns_out(island).is_empty() && !drawn.map.is_through(Profile::Drive, island / 2));
    assert!(drawn.map.is_through(Profile::Drive, on('B', 'C').edge));
    assert_eq!(times_from(graph, turns, &on('C', 'D'))[island as usize], UNREACHED);
}

#[test]
fn restrictions_that_mean_nothing_here_are_counted() {
    // A way through its own turning point: which side is meant?
    let nodes = (0..3).map(|i| place(f64::from(i) * 100.0, 0.0)).chain([place(100.0, 100.0)]).collect();
    let ways = [vec![0, 1, 2], vec![1, 3], vec![0, 3], vec![2, 3]];
    let mut map = data(nodes, ways.map(|n| street(n, Access::Both, Access::Both, 30)).to_vec());
    let drive = Profiles::NONE.with(Profile::Drive);
    let rule = |from, to, path: Vec<u32>| Restriction { rule: Rule::No, profiles: drive, from, via: vec![], to, path };
    map.restrictions = vec![
        rule(0, 1, vec![1]),
        rule(0, 2, vec![1]),
        rule(0, 0, vec![1]),
        rule(2, 1, vec![3]),
        Restriction { profiles: Profiles::NONE, ..rule(2, 1, vec![3]) },
    ];
    let map = RoadMap::build(map);
    let report = map.turns(Profile::Drive).unwrap().report();
    assert_eq!(report, TurnReport { applied: 2, without_effect: 1, unclear: 1 });
}

/// The slow twin: remembers the last arcs, and asks every restriction about each step.
struct Remembering<'a> {
    graph: &'a Graph,
    no: BTreeSet<Vec<u32>>,
    only: Vec<Vec<u32>>,
    directions: Vec<Directions>,
    remembered: usize,
}

impl Remembering<'_> {
    fn banned(&self, history: &[u32], next: u32) -> bool {
        let whole = [history, &[next]].concat();
        let no = self.no.iter().any(|s| whole.ends_with(s));
        // Of all beginnings of "only" that were just driven, each must allow the next.
        let only = (1..=self.remembered).any(|n| {
            let begun = self.only.iter().filter(|s| s.len() > n && history.ends_with(&s[..n]));
            let mut nexts = begun.map(|s| s[n]).peekable();
            nexts.peek().is_some() && !nexts.any(|a| a == next)
        });
        no || only
    }

    fn steps(&self, history: &[u32]) -> Vec<(u32, u64)> {
        let arc = *history.last().unwrap();
        let open = |a: &u32| self.graph.arc_is_open(*a) && self.graph.arc_tail(*a) == self.graph.arc_head(arc);
        let on: Vec<u32> = (0..self.graph.arc_number_end()).filter(open).collect();
        let ends =
            |n: u32| self.graph.edges().iter().map(|e| u32::from(e.start == n) + u32::from(e.end == n)).sum::<u32>();
        let bends = ends(self.graph.arc_head(arc)) > 2;
        // The streets of these maps let everybody turn round.
        on.into_iter()
            .filter(|&to| !self.banned(history, to))
            .map(|to| {
                let costs = &mode(self.graph.profile()).turns;
                let cost = if to == reversed(arc) {
                    costs.uturn_ms
                } else if bends {
                    let (a, b) = (self.directions[arc as usize], self.directions[to as usize]);
                    costs.ms(a.reaching_head, b.leaving_tail)
                } else {
                    0
                };
                (to, u64::from(cost))
            })
            .collect()
    }

    /// Times at the head of every arc, over all histories.
    fn times_from(&self, from: &Snap) -> Vec<u64> {
        let mut best = vec![u64::MAX; self.graph.arc_number_end() as usize];
        let mut settled = BTreeSet::new();
        let mut queue = BinaryHeap::new();
        for (arc, before) in self.graph.arcs_at(from) {
            queue.push(Reverse((u64::from(self.graph.arc_ms(arc) - before), vec![arc])));
        }
        while let Some(Reverse((ms, history))) = queue.pop() {
            if !settled.insert(history.clone()) {
                continue;
            }
            let arc = history[history.len() - 1];
            best[arc as usize] = best[arc as usize].min(ms);
            for (to, cost) in self.steps(&history) {
                let mut next = [&history[..], &[to]].concat();
                next.drain(..next.len().saturating_sub(self.remembered));
                queue.push(Reverse((ms + cost + u64::from(self.graph.arc_ms(to)), next)));
            }
        }
        best
    }
}

/// A net of streets with restrictions over two streets and more, and one-ways.
pub(in crate::road) fn restricted_net(dice: &mut Dice) -> MapData {
    let side = 3 + dice.below(2);
    let nodes = (0..side * side).map(|i| place((i % side) as f64 * 100.0, (i / side) as f64 * 100.0)).collect();
    let mut ways = Vec::new();
    for i in 0..side * side {
        for next in [(i % side + 1 < side).then_some(i + 1), (i / side + 1 < side).then_some(i + side)] {
            let access = [Access::Both, Access::Both, Access::Both, Access::Forward, Access::Backward][dice.below(5)];
            let Some(next) = next.filter(|_| dice.below(12) > 0) else { continue };
            ways.push(street(vec![i as u32, next as u32], access, Access::Both, 20 + dice.below(30) as u8));
        }
    }
    let mut map = data(nodes, ways);
    for _ in 0..dice.below(12) {
        let mut streets = vec![dice.below(map.ways.len()) as u32];
        let mut points = map.ways[streets[0] as usize].nodes.clone();
        if dice.below(2) == 0 {
            points.reverse();
        }
        for _ in 0..=dice.below(3) {
            let here = points[points.len() - 1];
            let on: Vec<u32> =
                (0..map.ways.len() as u32).filter(|&w| map.ways[w as usize].nodes.contains(&here)).collect();
            let way = on[dice.below(on.len())];
            let nodes = &map.ways[way as usize].nodes;
            points.push(if nodes[0] == here { nodes[1] } else { nodes[0] });
            streets.push(way);
        }
        let last = streets.len() - 1;
        map.restrictions.push(Restriction {
            rule: if dice.below(3) == 0 { Rule::Only } else { Rule::No },
            profiles: Profiles::NONE.with(Profile::Drive),
            from: streets[0],
            via: streets[1..last].to_vec(),
            to: streets[last],
            path: points[1..=last].to_vec(),
        });
    }
    map
}

/// The arcs of a restriction on a map of straight streets; `None` where one is closed or gone.
fn arcs_of(map: &MapData, graph: &Graph, r: &Restriction) -> Option<Vec<u32>> {
    let streets = [&[r.from], &r.via[..], &[r.to]].concat();
    let arc = |way: u32, tail: Option<u32>, head: Option<u32>| {
        let edge = graph.edges().iter().position(|e| e.way == way)? as u32;
        let nodes = &map.ways[way as usize].nodes;
        let arc = arc_of(edge, tail.map_or(head == Some(nodes[1]), |t| t == nodes[0]));
        graph.arc_is_open(arc).then_some(arc)
    };
    let tails = std::iter::once(None).chain(r.path.iter().copied().map(Some));
    streets.iter().zip(tails).enumerate().map(|(i, (&w, tail))| arc(w, tail, r.path.get(i).copied())).collect()
}

#[test]
fn the_table_agrees_with_a_search_that_remembers_everything() {
    let (mut compared, mut restricted, mut copies, mut unreachable) = (0, 0, 0, 0);
    for seed in 0..300 {
        println!("seed {seed}");
        let mut dice = Dice(seed);
        let map = RoadMap::build(restricted_net(&mut dice));
        let graph = map.graph(Profile::Drive);
        if graph.edge_count() < 4 {
            continue;
        }
        let turns = map.turns(Profile::Drive).unwrap();
        let meant = |rule: Rule| {
            let of = map.data.restrictions.iter().filter(move |r| r.rule == rule);
            of.filter_map(|r| arcs_of(&map.data, graph, r))
        };
        let (no, only): (BTreeSet<_>, Vec<_>) = (meant(Rule::No).collect(), meant(Rule::Only).collect());
        restricted += turns.report().applied;
        assert_eq!(turns.report().applied as usize, meant(Rule::No).count() + only.len());
        copies += turns.state_count() - turns.arc_count();
        let slow = Remembering {
            graph,
            remembered: no.iter().chain(&only).map(Vec::len).max().unwrap_or(2),
            no,
            only,
            directions: (0..graph.arc_number_end()).map(|a| directions(graph, a)).collect(),
        };
        for _ in 0..3 {
            let from = graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32);
            let got = times_from(graph, turns, &from);
            let expected = slow.times_from(&from);
            for (arc, &ms) in expected.iter().enumerate() {
                let own = std::iter::once(arc as u32).chain(turns.copies_of(arc as u32));
                let best = own.map(|state| got[state as usize]).min().unwrap();
                assert_eq!(best, ms, "arc {arc}");
                unreachable += usize::from(ms == u64::MAX && graph.arc_is_open(arc as u32));
                compared += 1;
            }
            let to = graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32);
            let whole = arrival_ms(graph, turns, &got, &from, &to);
            assert!(whole.is_none_or(|ms| ms < 3_600_000));
        }
    }
    println!("{compared} times, {restricted} restrictions, {copies} copies, {unreachable} times nowhere");
    assert!(compared > 10_000 && restricted > 500 && copies > 200 && unreachable > 20);
}

#[test]
fn a_table_is_the_same_after_saving_and_loading() {
    let drawn = draw_with(LADDER, &["no A-B-F-E", "only C-B-F"]);
    let path = std::env::temp_dir().join(format!("donghaeng-{}-turns.graph", std::process::id()));
    drawn.map.save(&path).unwrap();
    let loaded = RoadMap::load(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(loaded.data.restrictions.len(), 2);
    let (a, b): (&Turns, &Turns) = (drawn.map.turns(Profile::Drive).unwrap(), loaded.turns(Profile::Drive).unwrap());
    assert_eq!(a.state_count(), b.state_count());
    for state in 0..a.state_count() as u32 {
        assert_eq!(a.turns_out(state), b.turns_out(state));
    }
}
