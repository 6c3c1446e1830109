//! Real extracts when they are there, damaged files always.

use super::load;
use crate::position::{Bounds, Position};
use crate::road::arcs::travel_ms;
use crate::road::data::{AreaKind, LabelKind};
use crate::road::drawn::place;
use crate::road::pbf_writer::{PbfFile, square};
use crate::road::{Graph, ImportReport, LoadError, Profile, RoadMap, Snap};
use std::path::PathBuf;

/// A file of the shared data; `None`, said aloud, where it is absent.
pub(crate) fn extract(name: &str) -> Option<PathBuf> {
    shared("roads", name)
}

/// A file of one folder of the shared data; `None`, said aloud, where it is absent.
pub(crate) fn shared(folder: &str, name: &str) -> Option<PathBuf> {
    let given = std::env::var_os("DONGHAENG_SEOUL_DATA").map(PathBuf::from);
    let beside = || {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().map(|a| a.join("shared/data")).find(|p| p.is_dir())
    };
    let path = given.or_else(beside).map(|d| d.join(folder).join(name)).filter(|p| p.is_file());
    if path.is_none() {
        println!("SKIPPED: {name} is not there (set DONGHAENG_SEOUL_DATA to the data folder)");
    }
    path
}

fn scratch(name: &str, bytes: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("donghaeng-{}-{name}.osm.pbf", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    path
}

fn error_of(name: &str, bytes: &[u8]) -> LoadError {
    let path = scratch(name, bytes);
    let result = load(&[&path], None, &mut |_| {});
    std::fs::remove_file(&path).unwrap();
    result.unwrap_err()
}

#[test]
fn what_is_no_map_is_refused() {
    assert!(matches!(error_of("empty", b""), LoadError::NotPbf));
    assert!(matches!(error_of("text", b"<html><body>not found</body></html>"), LoadError::NotPbf));
    assert!(matches!(error_of("zeros", &[0; 5000]), LoadError::NotPbf));
    let absent = std::env::temp_dir().join("donghaeng-absent.osm.pbf");
    assert!(matches!(load(&[&absent], None, &mut |_| {}), Err(LoadError::Io(_))));
}

#[test]
fn a_small_extract_is_read_whole() {
    let Some(path) = extract("seoul-jung-small.osm.pbf") else { return };
    let mut last = None;
    let (data, report) = load(&[&path], None, &mut |p| last = Some(p)).unwrap();
    let end = last.unwrap();
    assert_eq!(end.done_bytes, end.total_bytes);
    assert_eq!((report.roads, report.missing_nodes), (1426, 0));
    assert_eq!(data.nodes.len() as u64, report.road_nodes);
    assert!(data.names.iter().any(|n| n == "세종대로"));
    let named = |kind, name: &str| data.labels.iter().any(|l| l.kind == kind && l.name == name);
    assert!(named(LabelKind::District, "중구") && named(LabelKind::Station, "시청역"));
}

#[test]
fn seoul_has_its_lights_and_no_restrictions() {
    let Some(path) = extract("seoul-drive-2025-05.osm.pbf") else { return };
    let (data, report) = load(&[&path], None, &mut |_| {}).unwrap();
    assert_eq!((report.restrictions, data.restrictions.len()), (0, 0));
    assert!(report.marks > 9_000, "{} lights and crossings", report.marks);
    let map = RoadMap::build(data);
    for profile in [Profile::Drive, Profile::Cycle] {
        let begun = std::time::Instant::now();
        let (turns, streets) = (map.turns(profile).unwrap(), map.graph(profile).edge_count());
        let all = (0..turns.state_count() as u32).map(|a| turns.turns_out(a).len()).sum::<usize>();
        let cut_off = (0..streets as u32).filter(|&edge| !map.is_through(profile, edge)).count();
        println!("{profile:?}: {streets} streets, {all} turns, {cut_off} streets cut off, in {:?}", begun.elapsed());
        assert!(cut_off * 100 < streets, "{cut_off} of {streets} streets are cut off by the turn rules");
    }
}

#[test]
fn lights_lengthen_walks_by_little() {
    let Some(path) = extract("seoul-drive-2025-05.osm.pbf") else { return };
    let (data, _) = load(&[&path], None, &mut |_| {}).unwrap();
    let mut bare = data.clone();
    bare.marks.clear();
    let (with, without) = (RoadMap::build(data), RoadMap::build(bare));
    let (with, without) = (with.graph(Profile::Walk), without.graph(Profile::Walk));
    let mut dice = crate::road::drawn::Dice(4);
    println!("seed 4");
    let mut ratios: Vec<f32> = (0..200)
        .filter_map(|_| {
            let from = with.snap_at(dice.below(with.edge_count()) as u32, 0.5);
            // Two kilometres away or so, as escorts walk.
            let (north, east) = (dice.unit() * 0.04 - 0.02, dice.unit() * 0.04 - 0.02);
            let to = with.snap(Position::new(from.at.lat() + north, from.at.lon() + east).unwrap())?;
            let long = without.travel_time(&from, &to).filter(|&s| s > 60.0)?;
            Some(with.travel_time(&from, &to)? / long)
        })
        .collect();
    ratios.sort_by(f32::total_cmp);
    let at = |share: f32| ratios[(ratios.len() as f32 * share) as usize];
    println!("walks with lights to walks without: p10 {:.3}, p50 {:.3}, p90 {:.3}", at(0.1), at(0.5), at(0.9));
    assert!(at(0.0) >= 1.0 && at(0.9) < 1.05);
}

#[test]
fn a_box_cuts_roads_at_its_edge() {
    let Some(path) = extract("seoul-jung-small.osm.pbf") else { return };
    let asked = Bounds { west: 126.97, south: 37.56, east: 126.985, north: 37.57 };
    let (data, report) = load(&[&path], Some(asked), &mut |_| {}).unwrap();
    assert!(data.nodes.iter().all(|&n| asked.contains(n)));
    assert!(report.ways_outside > 0 && report.missing_nodes == 0);
    let nowhere = Bounds { west: 0.0, south: 0.0, east: 1.0, north: 1.0 };
    assert!(matches!(load(&[&path], Some(nowhere), &mut |_| {}), Err(LoadError::NoRoads)));
}

#[test]
fn damaged_files_are_errors_and_never_a_crash() {
    let Some(path) = extract("seoul-jung-small.osm.pbf") else { return };
    let whole = std::fs::read(path).unwrap();
    for cut in [1, 3, 4, 30, 100, 5000, whole.len() / 2, whole.len() - 1] {
        let error = error_of("cut", &whole[..cut]);
        assert!(matches!(error, LoadError::NotPbf | LoadError::Damaged { .. } | LoadError::NoRoads), "{cut}: {error}");
    }
    let mut dice = crate::road::drawn::Dice(3);
    println!("seed 3");
    for _ in 0..40 {
        let mut bytes = whole.clone();
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len());
            bytes[at] = dice.roll() as u8;
        }
        let path = scratch("bent", &bytes);
        let _ = load(&[&path], None, &mut |_| {}).map(|(data, _)| RoadMap::build(data));
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn water_comes_from_a_second_file_with_members_missing() {
    let (Some(roads), Some(base)) = (extract("seoul-jung-small.osm.pbf"), extract("seoul-basemap.osm.pbf")) else {
        return;
    };
    let (data, report) = load(&[&roads, &base], None, &mut |_| {}).unwrap();
    assert_eq!(report.missing_members, 4);
    assert!(data.areas.iter().any(|a| a.kind == AreaKind::Water && a.rings.len() > 1), "a river with islands");
    assert!(data.areas.iter().any(|a| a.kind == AreaKind::Green));
    assert!(data.areas.iter().flat_map(|a| &a.rings).all(|r| r.len() >= 3));
}

fn square_map(name: &str, extra: impl FnOnce(&mut PbfFile)) -> (RoadMap, ImportReport) {
    let path = scratch(name, &square(extra));
    let result = load(&[&path], None, &mut |_| {});
    std::fs::remove_file(&path).unwrap();
    let (data, report) = result.unwrap();
    (RoadMap::build(data), report)
}

/// Seconds by a vehicle from the middle of one street to the middle of another; streets end at (east, south) in metres.
fn seconds(map: &RoadMap, profile: Profile, from: [(f64, f64); 2], to: [(f64, f64); 2]) -> f64 {
    let graph = map.graph(profile);
    let middle = |[a, b]: [(f64, f64); 2]| graph.snap(place(a.0, a.1).towards(place(b.0, b.1), 0.5)).unwrap();
    travel_ms(graph, map.turns(profile).unwrap(), &middle(from), &middle(to)).unwrap() as f64 / 1000.0
}

const ONE: (f64, f64) = (0.0, 0.0);
const TWO: (f64, f64) = (200.0, 0.0);
const THREE: (f64, f64) = (400.0, 0.0);
const FOUR: (f64, f64) = (0.0, 200.0);
const FIVE: (f64, f64) = (200.0, 200.0);
const SIX: (f64, f64) = (400.0, 200.0);

#[test]
fn restrictions_of_a_file_bind_who_they_name() {
    let (free, report) = square_map("free", |_| {});
    assert_eq!((report.roads, report.restrictions, report.marks), (7, 0, 2));
    let (bound, report) = square_map("bound", |file| {
        file.relation(
            1,
            "way 11 from, node 2 via, way 12 to",
            "type=restriction restriction=no_left_turn except=bicycle",
        );
        file.relation(2, "way 13 from, way 15 via, way 12 to", "type=restriction restriction=no_right_turn");
    });
    assert_eq!(report.restrictions, 2);
    let both = |profile, from, to| (seconds(&free, profile, from, to), seconds(&bound, profile, from, to));
    let (before, after) = both(Profile::Drive, [THREE, TWO], [TWO, FIVE]);
    assert!(after > before + 20.0, "{before} and {after}");
    let (before, after) = both(Profile::Cycle, [THREE, TWO], [TWO, FIVE]);
    assert!((after - before).abs() < 0.01, "bicycles may: {before} and {after}");
    let (before, after) = both(Profile::Drive, [THREE, SIX], [FIVE, TWO]);
    assert!(after > before + 5.0, "not over way 15: {before} and {after}");
    let (before, after) = both(Profile::Drive, [THREE, SIX], [FIVE, FOUR]);
    assert!((after - before).abs() < 0.01, "straight on at 5: {before} and {after}");
    let (before, after) = both(Profile::Drive, [ONE, TWO], [TWO, FIVE]);
    assert!((after - before).abs() < 0.01, "from 1: {before} and {after}");
}

#[test]
fn restrictions_that_are_not_kept_are_named() {
    let (map, report) = square_map("unkept", |file| {
        let no = "type=restriction restriction=no_left_turn";
        file.relation(1, "way 11 from, node 2 via, way 99 to", no);
        file.relation(2, "way 11 from, node 99 via, way 12 to", no);
        file.relation(3, "way 11 from, way 17 via, way 12 to", no);
        file.relation(
            4,
            "way 11 from, node 2 via, way 12 to",
            "type=restriction restriction:conditional=no_left_turn@dark",
        );
        file.relation(5, "way 11 from, node 2 via, way 12 to", "type=restriction restriction:bus=no_left_turn");
        file.relation(6, "way 11 from, node 2 via, way 12 to", "type=restriction restriction=maybe");
        file.relation(7, "way 11 from, node 2 via, way 12 to, node 5 location_hint", no);
        // The same object in a second block.
        file.relation(7, "way 11 from, node 2 via, way 12 to", no);
    });
    assert_eq!(map.data.restrictions.len(), 1);
    let counts = [
        report.restrictions,
        report.restrictions_incomplete,
        report.restrictions_unclear,
        report.restrictions_conditional,
        report.restrictions_for_others,
        report.restrictions_unknown,
    ];
    assert_eq!(counts, [1, 2, 1, 1, 1, 1]);
    let said = report.to_string();
    assert!(said.contains("1: turn restrictions that hold at certain times only"), "{said}");
}

#[test]
fn walkers_lose_time_where_they_cross() {
    let (map, _) = square_map("walk", |file| {
        // A path over way 12 at its crossing, and steps down to way 14.
        file.node(20, 100.0, 100.0, "");
        file.node(21, 300.0, 100.0, "");
        file.node(22, 100.0, 200.0, "");
        file.way(30, &[20, 7, 21], "highway=footway");
        file.way(31, &[20, 22], "highway=steps");
        file.way(32, &[22, 4], "highway=footway");
        file.way(33, &[21, 6], "highway=path bicycle=no");
    });
    let graph = map.graph(Profile::Walk);
    let at = |east, south| graph.snap(place(east, south)).unwrap();
    let s = |a, b| graph.travel_time(&a, &b).unwrap();
    let plain_s = |m: f32| m / 5.0 * 3.6;
    let near = |got: f32, expected: f32| assert!((got - expected).abs() < 0.5, "{got} s, expected {expected} s");
    near(s(at(100.0, 100.0), at(300.0, 100.0)), plain_s(200.0) + 3.0);
    // Along the carriageway the crossing is nobody's business.
    near(s(at(200.0, 100.0), at(200.0, 200.0)), plain_s(100.0));
    // The lights at 2 stop who passes the junction.
    near(s(at(0.0, 0.0), at(400.0, 0.0)), plain_s(400.0) + 10.0);
    near(s(at(100.0, 120.0), at(100.0, 180.0)), 2.0 * plain_s(60.0));
    assert!(map.graph(Profile::Cycle).edge_count() < graph.edge_count());
}

/// Shortest length between two points, metres, whichever way the edges at the ends are left and entered.
fn shortest_m(graph: &Graph, from: Position, to: Position) -> f64 {
    let (from, to) = (graph.snap(from).unwrap(), graph.snap(to).unwrap());
    let next = |&n: &u32| {
        let arcs = graph.arcs_out(n).iter();
        arcs.map(|a| (a.node, (graph.edge(a.edge).length_m * 100.0) as u64)).collect::<Vec<_>>()
    };
    let ends = |snap: &Snap, leaving: bool| {
        let edge = graph.edge(snap.edge);
        let (before_m, after_m) = (edge.length_m * snap.fraction, edge.length_m * (1.0 - snap.fraction));
        let forward = edge.forward().then_some(if leaving { (edge.end, after_m) } else { (edge.start, before_m) });
        let backward = edge.backward().then_some(if leaving { (edge.start, before_m) } else { (edge.end, after_m) });
        [forward, backward].into_iter().flatten().collect::<Vec<_>>()
    };
    let mut best = f64::INFINITY;
    for (begin, begin_m) in ends(&from, true) {
        for (goal, goal_m) in ends(&to, false) {
            let (_, cm) = pathfinding::directed::dijkstra::dijkstra(&begin, next, |&n| n == goal).unwrap();
            best = best.min(cm as f64 / 100.0 + f64::from(begin_m + goal_m));
        }
    }
    best
}

#[test]
fn known_distances_across_seoul() {
    let Some(path) = extract("seoul-drive-2025-05.osm.pbf") else { return };
    let (data, _) = load(&[&path], None, &mut |_| {}).unwrap();
    let map = RoadMap::build(data);
    let graph = map.graph(Profile::Drive);
    let at = |lat, lon| Position::new(lat, lon).unwrap();
    // The ends of the last three are known by name only, hence their wider limit.
    for (name, from, to, km, limit) in [
        ("City Hall to Gangnam", at(37.5666, 126.9782), at(37.4986, 127.0281), 9.65, 0.02),
        ("Nowon to Guro", at(37.6561, 127.0635), at(37.4853, 126.9012), 27.9, 0.04),
        ("Sillim to Cheonho", at(37.4841, 126.9287), at(37.5385, 127.1251), 20.9, 0.04),
        ("Gimpo airport to Jamsil", at(37.5614, 126.8026), at(37.5127, 127.0951), 29.7, 0.04),
    ] {
        let got = shortest_m(graph, from, to) / 1000.0;
        println!("{name}: {got:.2} km, known {km}");
        assert!((got / km - 1.0).abs() < limit, "{name}: {got:.2} km, known {km}");
    }
}
