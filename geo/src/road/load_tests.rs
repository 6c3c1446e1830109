//! Real extracts when they are there, damaged files always.

use super::load;
use crate::position::{Bounds, Position};
use crate::road::data::{AreaKind, LabelKind};
use crate::road::{Graph, LoadError, Profile, RoadMap, Snap};
use std::path::PathBuf;

/// A file of the shared data; `None`, said aloud, where it is absent.
pub(crate) fn extract(name: &str) -> Option<PathBuf> {
    let given = std::env::var_os("DONGHAENG_TEST_DATA").map(PathBuf::from);
    let beside = || {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().map(|a| a.join("shared/data")).find(|p| p.is_dir())
    };
    let path = given.or_else(beside).map(|d| d.join("roads").join(name)).filter(|p| p.is_file());
    if path.is_none() {
        println!("SKIPPED: {name} is not there (set DONGHAENG_TEST_DATA to the data folder)");
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
        let forward = edge.forward.then_some(if leaving { (edge.end, after_m) } else { (edge.start, before_m) });
        let backward = edge.backward.then_some(if leaving { (edge.start, before_m) } else { (edge.end, after_m) });
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
