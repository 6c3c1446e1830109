//! Whom barriers stop by their tags; streets cut at them, in small files and held against a search over the file's own points; and
//! those of Seoul.

use super::{HALF_M, cut, stopped_by};
use crate::position::Position;
use crate::road::arcs::{arc_of, travel_ms};
use crate::road::data::Access;
use crate::road::drawn::{Dice, place};
use crate::road::load::{load_bytes, tests::extract};
use crate::road::pbf_writer::PbfFile;
use crate::road::tags::Tags;
use crate::road::{Graph, ImportReport, Profile, Profiles, RoadMap};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

/// Letters of who is stopped: w(alking), d(riving), c(ycling).
fn stopped(tags: &str) -> String {
    let stopped = stopped_by(&Tags::read(tags.split_whitespace().map(|t| t.split_once('=').unwrap())));
    super::MODES.into_iter().zip("wdc".chars()).filter(|(p, _)| stopped.contains(*p)).map(|(_, c)| c).collect()
}

#[test]
fn whom_a_barrier_stops() {
    for (tags, expected) in [
        ("highway=crossing", ""),
        ("access=no", ""),
        ("barrier=bollard", "d"),
        ("barrier=block", "d"),
        ("barrier=planter", "d"),
        ("barrier=cycle_barrier", "d"),
        ("barrier=yes", "d"),
        ("barrier=bollard bicycle=no", "dc"),
        ("barrier=bollard vehicle=no", "dc"),
        ("barrier=bollard vehicle=no bicycle=yes", "d"),
        ("barrier=bollard motor_vehicle=yes", ""),
        ("barrier=bollard motorcar=destination motor_vehicle=no", ""),
        ("barrier=bollard access=yes", "d"),
        ("barrier=bollard bollard=fixed", "d"),
        ("barrier=bollard bollard=rising", ""),
        ("barrier=bollard bollard=rising access=private foot=yes", "dc"),
        ("barrier=bollard bollard=removable motor_vehicle=no", "d"),
        ("barrier=kissing_gate", "dc"),
        ("barrier=full-height_turnstile", "dc"),
        ("barrier=stile bicycle=dismount", "d"),
        ("barrier=wall", "wdc"),
        ("barrier=fence foot=yes", "dc"),
        ("barrier=gate", ""),
        ("barrier=lift_gate", ""),
        ("barrier=lift_gate access=customers", ""),
        ("barrier=lift_gate access=private", "wdc"),
        ("barrier=gate access=no foot=yes", "dc"),
        ("barrier=swing_gate motor_vehicle=no", "d"),
        ("barrier=gate motorcar=no access=yes", "d"),
        ("barrier=height_restrictor maxheight=2.5", ""),
        ("barrier=cattle_grid", ""),
        ("barrier=not_known_here", ""),
        ("barrier=not_known_here vehicle=no", "dc"),
        ("barrier=kerb foot=no", ""),
        ("barrier=toll_booth motor_vehicle=no foot=no bicycle=no", ""),
    ] {
        assert_eq!(stopped(tags), expected, "{tags}");
    }
}

#[test]
fn a_metre_is_cut_out_and_no_more() {
    let mut nodes: Vec<Position> = [0.0, 100.0, 100.4, 200.0, 300.0].map(|east| place(east, 0.0)).to_vec();
    let (cars, all) = (super::CARS, super::ALL);
    let mut pieces_of = |way: &[u32], barriers: &[(u32, Profiles)]| {
        let pieces = cut(way, &barriers.iter().copied().collect(), &mut nodes);
        let east = |&n: &u32| (nodes[n as usize].distance_m(place(0.0, 0.0)) * 10.0).round() / 10.0;
        pieces.iter().map(|(p, closed)| (p.iter().map(east).collect(), *closed)).collect::<Vec<(Vec<f64>, _)>>()
    };
    let none = Profiles::NONE;
    assert_eq!(pieces_of(&[0, 1, 3], &[]), [(vec![0.0, 100.0, 200.0], none)]);
    assert_eq!(
        pieces_of(&[0, 1, 3], &[(1, cars)]),
        [(vec![0.0, 99.5], none), (vec![99.5, 100.0, 100.5], cars), (vec![100.5, 200.0], none)]
    );
    // At the ends, and where the next point is nearer than a metre: up to that.
    assert_eq!(
        pieces_of(&[1, 2, 3, 4], &[(1, cars), (4, all)]),
        [(vec![100.0, 100.4], cars), (vec![100.4, 200.0, 299.5], none), (vec![299.5, 300.0], all)]
    );
    // Two in one street.
    assert_eq!(
        pieces_of(&[3, 4], &[(3, cars), (4, cars)]),
        [(vec![200.0, 200.5], cars), (vec![200.5, 299.5], none), (vec![299.5, 300.0], cars)]
    );
    assert!((HALF_M - 0.5).abs() < f64::EPSILON);
}

/// A block of 400 m by 200 m with a barrier in the middle of its upper side, in one way or two that meet there.
///
/// ```text
/// 1 --- 9 --- 2
/// |           |
/// 3 --------- 4
/// ```
fn block(barrier: &str, two_ways: bool, extra: impl FnOnce(&mut PbfFile)) -> (RoadMap, ImportReport) {
    let mut file = PbfFile::default();
    for (id, east, south) in [(1, 0.0, 0.0), (2, 400.0, 0.0), (3, 0.0, 200.0), (4, 400.0, 200.0)] {
        file.node(id, east, south, "");
    }
    file.node(9, 200.0, 0.0, barrier);
    let street = "highway=residential maxspeed=45";
    if two_ways {
        file.way(10, &[1, 9], street);
        file.way(14, &[2, 9], street);
    } else {
        file.way(10, &[1, 9, 2], street);
    }
    for (id, refs) in [(11, [1, 3]), (12, [3, 4]), (13, [2, 4])] {
        file.way(id, &refs, street);
    }
    extra(&mut file);
    let (data, report) = load_bytes(&file.finish(), None).unwrap();
    (RoadMap::build(data), report)
}

/// Seconds from 100 m before the barrier to 100 m behind it.
fn through_s(map: &RoadMap, profile: Profile) -> f64 {
    let graph = map.graph(profile);
    let [from, to] = [100.0, 300.0].map(|east| graph.snap(place(east, 0.0)).unwrap());
    let ms = match map.turns(profile) {
        Some(turns) => travel_ms(graph, turns, &from, &to).map(|ms| ms as f64),
        None => graph.travel_time(&from, &to).map(|s| f64::from(s) * 1000.0),
    };
    ms.unwrap() / 1000.0
}

#[test]
fn cars_go_round_a_bollard_and_others_through_it() {
    for two_ways in [false, true] {
        let (free, report) = block("", two_ways, |_| {});
        assert_eq!((report.barriers, free.data.ways.len()), (0, if two_ways { 5 } else { 4 }));
        let (map, report) = block("barrier=bollard", two_ways, |_| {});
        assert_eq!((report.barriers, report.barriers_to_cars, report.barriers_unclear), (1, 1, 0));
        for profile in [Profile::Walk, Profile::Cycle] {
            let (before, after) = (through_s(&free, profile), through_s(&map, profile));
            assert!((after - before).abs() < 0.01, "{profile:?}: {before} s and {after} s");
        }
        // 45 km/h less a fifth: 10 m/s. Turning round and four corners on top.
        let (before, after) = (through_s(&free, Profile::Drive), through_s(&map, Profile::Drive));
        assert!((before - 20.0).abs() < 0.1 && after > 100.0 && after < 130.0, "{before} s and {after} s");
    }
}

#[test]
fn a_street_is_closed_over_its_barrier_and_not_round_the_block() {
    let (map, _) = block("barrier=bollard", false, |_| {});
    for (profile, pieces) in [(Profile::Drive, 2), (Profile::Walk, 3)] {
        for (a, b) in [(150.0, 250.0), (250.0, 150.0)] {
            let edges = map.streets_between(profile, place(a, 2.0), place(b, 2.0)).unwrap();
            let ends = edges.iter().flat_map(|&edge| map.graph(profile).shape(edge));
            assert!(
                edges.len() == pieces && ends.clone().all(|at| at.lat_e7() == place(0.0, 0.0).lat_e7()),
                "{profile:?}"
            );
        }
    }
}

#[test]
fn both_sides_are_dead_ends_where_one_turns_round() {
    let (map, _) = block("barrier=bollard", false, |_| {});
    let (graph, turns) = (map.graph(Profile::Drive), map.turns(Profile::Drive).unwrap());
    for east in [199.0, 201.0] {
        let at = graph.snap(place(east, 0.0)).unwrap();
        let edge = graph.edge(at.edge);
        let is_at_barrier = |node: u32| graph.node(node).distance_m(place(200.0, 0.0)) < 1.0;
        let towards = arc_of(at.edge, is_at_barrier(edge.end));
        let on: Vec<(u32, u32)> = turns.turns_out(towards).iter().map(|t| (t.arc, t.ms)).collect();
        assert_eq!(on, [(towards ^ 1, 20_000)], "{east} m");
        assert!(map.is_through(Profile::Drive, at.edge));
    }
    // Whoever waits at the bollard is met beside it.
    let met = map.place(Profile::Drive, place(200.2, 3.0)).unwrap();
    assert!(met.distance_m < 3.2, "{} m", met.distance_m);
}

#[test]
fn a_barrier_stops_whom_it_stops() {
    let free = block("", false, |_| {}).0;
    for (tags, expected) in [
        ("barrier=gate", ""),
        ("barrier=gate access=private", "wdc"),
        ("barrier=stile", "dc"),
        ("barrier=bollard bicycle=no motor_vehicle=yes", "c"),
        ("barrier=bollard foot=no", "wd"),
    ] {
        let (map, report) = block(tags, false, |_| {});
        let round = super::MODES.into_iter().zip("wdc".chars());
        let round: String =
            round.filter(|&(p, _)| through_s(&map, p) > through_s(&free, p) + 1.0).map(|(_, c)| c).collect();
        assert_eq!(round, expected, "{tags}");
        assert_eq!(report.barriers, u64::from(!expected.is_empty()), "{tags}");
    }
}

#[test]
fn where_more_streets_meet_nothing_is_closed_and_that_is_said() {
    let footpath = |file: &mut PbfFile| {
        file.node(20, 200.0, -100.0, "");
        file.way(30, &[9, 20], "highway=footway");
    };
    let (map, report) = block("barrier=bollard", false, footpath);
    assert_eq!((report.barriers, report.barriers_unclear), (0, 1));
    assert!((through_s(&map, Profile::Drive) - 20.0).abs() < 0.1);
    assert!(report.to_string().contains("skipped 1: barriers where more than two streets meet"), "{report}");
    // Where the street ends at the bollard nobody is stopped who could go on, so nothing is cut.
    let mut file = PbfFile::default();
    for (id, east, tags) in [(1, 0.0, ""), (2, 100.0, "barrier=bollard"), (3, 200.0, "")] {
        file.node(id, east, 0.0, tags);
    }
    file.way(10, &[1, 2], "highway=residential");
    file.way(11, &[2, 3], "highway=footway");
    let (data, report) = load_bytes(&file.finish(), None).unwrap();
    assert_eq!((report.barriers, report.barriers_unclear, data.ways.len()), (0, 0, 2));
}

#[test]
fn restrictions_hold_beside_a_barrier() {
    let rule = |file: &mut PbfFile| {
        file.node(5, 800.0, 0.0, "");
        file.way(15, &[2, 5], "highway=residential maxspeed=45");
        file.relation(1, "way 15 from, node 2 via, way 13 to", "type=restriction restriction=no_left_turn");
        file.relation(2, "way 10 from, node 2 via, way 13 to", "type=restriction restriction=no_right_turn");
    };
    let (map, report) = block("barrier=bollard", false, rule);
    assert_eq!((report.restrictions, map.turns(Profile::Drive).unwrap().report().applied), (2, 2));
    assert_eq!(map.turns(Profile::Cycle).unwrap().report().applied, 2);
}

/// A net of streets of 100 m with a point in the middle of each, and barriers there; points by their numbers, and links between them.
struct Net {
    at: BTreeMap<i64, Position>,
    links: Vec<[i64; 2]>,
    barriers: BTreeMap<i64, Profiles>,
}

const KINDS: [&str; 6] = [
    "barrier=bollard",
    "barrier=wall",
    "barrier=gate access=no foot=yes",
    "barrier=bollard foot=no motor_vehicle=yes",
    "barrier=lift_gate",
    "barrier=turnstile",
];

fn net(dice: &mut Dice) -> (Net, Vec<u8>) {
    let side = 4;
    let mut file = PbfFile::default();
    let mut net = Net { at: BTreeMap::new(), links: Vec::new(), barriers: BTreeMap::new() };
    let mut point = |net: &mut Net, id: i64, east: f64, south: f64, tags: &str| {
        file.node(id, east, south, tags);
        net.at.insert(id, place(east, south));
    };
    let mut ways = Vec::new();
    for i in 0..side * side {
        let (east, south) = ((i % side) as f64 * 100.0, (i / side) as f64 * 100.0);
        point(&mut net, i, east, south, "");
        for (right, down) in [(1, 0), (0, 1)] {
            if (i % side + right >= side) || (i / side + down >= side) || dice.below(10) == 0 {
                continue;
            }
            let middle = 1000 + i * 2 + down;
            let on = 20.0 + dice.unit() * 60.0;
            let tags = if dice.below(3) == 0 { KINDS[dice.below(KINDS.len())] } else { "" };
            point(&mut net, middle, east + on * right as f64, south + on * down as f64, tags);
            let read = Tags::read(tags.split_whitespace().map(|t| t.split_once('=').unwrap()));
            net.barriers.insert(middle, stopped_by(&read));
            let end = i + right + side * down;
            net.links.extend([[i, middle], [middle, end]]);
            // One way of the map, or two in any direction.
            match dice.below(3) {
                0 => ways.push(vec![i, middle, end]),
                1 => ways.extend([vec![middle, i], vec![middle, end]]),
                _ => ways.extend([vec![i, middle], vec![end, middle]]),
            }
        }
    }
    for (id, refs) in (1..).zip(ways) {
        file.way(id, &refs, "highway=residential");
    }
    (net, file.finish())
}

/// Metres from a point to every other over links, by who is stopped where: nobody goes on from a barrier that stops them.
fn metres_from(net: &Net, profile: Profile, from: i64) -> HashMap<i64, f64> {
    let mut metres: HashMap<i64, f64> = HashMap::new();
    let mut queue = BinaryHeap::from([Reverse((0u64, from))]);
    while let Some(Reverse((mm, point))) = queue.pop() {
        if metres.contains_key(&point) {
            continue;
        }
        metres.insert(point, mm as f64 / 1000.0);
        if net.barriers.get(&point).is_some_and(|stopped| stopped.contains(profile)) {
            continue;
        }
        for link in net.links.iter().filter(|l| l.contains(&point)) {
            let other = if link[0] == point { link[1] } else { link[0] };
            queue.push(Reverse((mm + (net.at[&point].distance_m(net.at[&other]) * 1000.0) as u64, other)));
        }
    }
    metres
}

/// Metres over the junctions of a graph.
fn graph_metres(graph: &Graph, from: u32) -> HashMap<u32, f64> {
    let mut metres: HashMap<u32, f64> = HashMap::new();
    let mut queue = BinaryHeap::from([Reverse((0u64, from))]);
    while let Some(Reverse((mm, node))) = queue.pop() {
        if metres.contains_key(&node) {
            continue;
        }
        metres.insert(node, mm as f64 / 1000.0);
        for arc in graph.arcs_out(node) {
            queue.push(Reverse((mm + (f64::from(graph.edge(arc.edge).length_m) * 1000.0) as u64, arc.node)));
        }
    }
    metres
}

#[test]
fn lengths_agree_with_a_search_over_the_points_of_the_file() {
    let (mut compared, mut longer) = (0, 0);
    for seed in 0..60 {
        println!("seed {seed}");
        let (net, file) = net(&mut Dice(seed));
        let (data, _) = load_bytes(&file, None).unwrap();
        let map = RoadMap::build(data);
        for profile in super::MODES {
            let graph = map.graph(profile);
            let nodes = 0..graph.node_count() as u32;
            let corner = |id: i64| nodes.clone().find(|&n| graph.node(n).distance_m(net.at[&id]) < 0.1);
            let corners: BTreeMap<i64, u32> = (0..16).filter_map(|id| Some((id, corner(id)?))).collect();
            let mut largest = 0;
            for id in 0..16 {
                let slow = metres_from(&net, profile, id);
                largest = largest.max((0..16).filter(|other| slow.contains_key(other)).count());
                let Some(&node) = corners.get(&id) else { continue };
                let fast = graph_metres(graph, node);
                for (other, node) in &corners {
                    let (got, expected) = (fast[node], slow[other]);
                    assert!(
                        (got - expected).abs() < 0.3,
                        "{profile:?} {id} to {other}: {got} m, expected {expected} m"
                    );
                    compared += 1;
                    let straight = net.at[&id].distance_m(net.at[other]);
                    longer += usize::from(expected > straight * 1.5 + 1.0);
                }
            }
            assert_eq!(corners.len(), largest, "{profile:?}: what is cut off is gone, and nothing else");
        }
    }
    println!("{compared} lengths, {longer} of them far round");
    assert!(compared > 20_000 && longer > 2_000, "{compared} lengths, {longer} of them far round");
}

#[test]
fn cars_are_led_through_no_bollard_of_seoul() {
    let Some(path) = extract("seoul-drive-2025-05.osm.pbf") else { return };
    let (data, report) = crate::road::load(&[&path], None, &mut |_| {}).unwrap();
    println!("{report}");
    // What is cut out of streets: the barrier in the middle, or at the end where two ways meet at it.
    let metres = data.ways.iter().map(|w| w.nodes.iter().map(|&n| data.nodes[n as usize]).collect::<Vec<_>>());
    let closed =
        metres.zip(&data.ways).filter(|(shape, w)| w.drive == Access::No && w.walk != Access::No && shape.len() == 3);
    let closed = closed.filter(|(shape, _)| (0.9..1.1).contains(&Graph::length_m(shape)));
    let middles: Vec<Position> = closed.map(|(shape, _)| shape[1]).collect();
    println!("{} metres of streets are closed to cars alone", middles.len());
    assert!(middles.len() > 12);
    assert!((15..40).contains(&report.barriers_to_cars), "{report}");
    let map = RoadMap::build(data);
    let nearest_m =
        |middle: &Position| map.graph(Profile::Drive).snap(*middle).map_or(f32::MAX, |snap| snap.distance_m);
    assert!(middles.iter().map(nearest_m).all(|metres| metres > 0.3), "no street for cars runs over one");
}
