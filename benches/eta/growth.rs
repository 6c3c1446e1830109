//! Owns the question how cost grows: the generated city, and four of its kind (another seed each) joined by streets over the
//! seams, with turns. The same searches on both, and what the bigger one takes for each arc.

use super::memory::{self, live_bytes};
use super::{BOUND_MS, K, Points, ROUNDS, WHOLE_ROUNDS, filled};
use geo::Position;
use geo::road::data::{MapData, Way};
use geo::road::hierarchy::{ArcTimes, Hierarchy, Metric, NodeOrder, SearchGraph};
use geo::road::{Profile, RoadMap};
use harness::figures::{measure, note, row};
use std::sync::Arc;
use std::time::Instant;

/// Streets over each seam.
const BRIDGES: usize = 24;
/// Between two cities, degrees.
const GAP: f64 = 0.002;

/// Both cities, one after the other.
pub fn table() {
    for (name, seeds) in [("one city", &[2023][..]), ("four cities", &[2023, 2024, 2025, 2026])] {
        of_city(name, seeds);
    }
}

fn of_city(name: &str, seeds: &[u64]) {
    let data = joined(seeds);
    let before = live_bytes();
    let begun = Instant::now();
    let map = RoadMap::build(data);
    let graph = map.graph(Profile::Drive);
    let (built, graph_bytes) = (begun.elapsed(), live_bytes() - before);
    note(format_args!(
        "{name}: {} junctions, {} arcs; walking and driving graphs in {built:.1?}, {:.0} bytes an arc",
        graph.node_count(),
        graph.arc_count(),
        graph_bytes as f64 / (graph.arc_count() + map.graph(Profile::Walk).arc_count()) as f64
    ));
    let before = live_bytes();
    let begun = Instant::now();
    let search = SearchGraph::of(&map, Profile::Drive);
    let turns = begun.elapsed();
    let begun = Instant::now();
    let order = NodeOrder::find(graph);
    let ordered = begun.elapsed();
    let begun = Instant::now();
    let hierarchy = Arc::new(Hierarchy::new(search, &order));
    let contracted = begun.elapsed();
    drop(order);
    let begun = Instant::now();
    let metric = Arc::new(Metric::new(&hierarchy, ArcTimes::free_flow(graph)));
    let weighed = begun.elapsed();
    let bytes = live_bytes() - before;
    note(format_args!(
        "{name}: {hierarchy:?}, depth {}; turns {turns:.1?}, order {ordered:.1?}, contraction {contracted:.1?}, weights {weighed:.1?}",
        hierarchy.depth_max()
    ));
    memory::note_hierarchy(&format!("{name}, turns"), bytes, graph, &hierarchy);
    for crowd in [100, 2_000] {
        let points = Points::new(graph, crowd);
        let mut buckets = filled(&metric, &points.staff);
        let times = measure(ROUNDS, |i| buckets.nearest(&points.pickups[i], K, BOUND_MS, |_| true));
        row(&format!("{name}: {K} of {crowd}"), &times, None);
        let lazy = measure(ROUNDS, |i| buckets.soonest(&points.pickups[i], BOUND_MS).take(K).collect::<Vec<_>>());
        row(&format!("{name}: {K} of {crowd}, one by one"), &lazy, Some(times.p50_us()));
        let times = measure(ROUNDS, |i| buckets.all(&points.pickups[i], BOUND_MS));
        row(&format!("{name}: all of {crowd}"), &times, None);
        let times = measure(ROUNDS, |i| buckets.put((i % crowd) as u32, points.pickups[i]));
        row(&format!("{name}: one of {crowd} moves to another street"), &times, None);
    }
    let times = measure(WHOLE_ROUNDS, |_| Metric::new(&hierarchy, ArcTimes::free_flow(graph)));
    row(&format!("{name}: weights alone"), &times, None);
}

/// Cities two by two beside one another, each moved as a whole, with streets over the seams.
fn joined(seeds: &[u64]) -> MapData {
    let mut whole: Option<MapData> = None;
    let mut firsts: Vec<usize> = Vec::new();
    for (nth, &seed) in seeds.iter().enumerate() {
        let city = geo::city::generate(seed);
        let Some(whole) = &mut whole else {
            firsts.push(0);
            whole = Some(city);
            continue;
        };
        let size = [city.bounds.east - city.bounds.west + GAP, city.bounds.north - city.bounds.south + GAP];
        firsts.push(whole.nodes.len());
        append(whole, city, [size[0] * (nth % 2) as f64, size[1] * (nth / 2) as f64]);
    }
    let mut whole = whole.expect("one seed is given at least");
    firsts.push(whole.nodes.len());
    // (one city, its neighbour, whether that lies to the east)
    for (a, b, east) in [(0, 1, true), (2, 3, true), (0, 2, false), (1, 3, false)] {
        if b + 1 < firsts.len() {
            join(&mut whole, firsts[a]..firsts[a + 1], firsts[b]..firsts[b + 1], east);
        }
    }
    whole
}

fn append(whole: &mut MapData, city: MapData, by: [f64; 2]) {
    let (first, first_name) = (whole.nodes.len() as u32, whole.names.len() as u32);
    let moved = |p: Position| Position::new(p.lat() + by[1], p.lon() + by[0]).expect("beside Seoul is on Earth");
    whole.nodes.extend(city.nodes.iter().map(|&p| moved(p)));
    whole.names.extend(city.names);
    whole.ways.extend(city.ways.into_iter().map(|mut way| {
        way.nodes.iter_mut().for_each(|node| *node += first);
        if way.name != Way::NO_NAME {
            way.name += first_name;
        }
        way
    }));
    whole.bounds.east = whole.bounds.east.max(city.bounds.east + by[0]);
    whole.bounds.north = whole.bounds.north.max(city.bounds.north + by[1]);
}

/// Streets from the outermost point of one city to that of the other, in so many strips across the seam.
fn join(whole: &mut MapData, a: std::ops::Range<usize>, b: std::ops::Range<usize>, east: bool) {
    let across = |p: Position| if east { p.lon() } else { p.lat() };
    let along = |p: Position| if east { p.lat() } else { p.lon() };
    // Only points cars get to.
    let mut drivable = vec![false; whole.nodes.len()];
    let driven = whole.ways.iter().filter(|w| w.drive == geo::road::data::Access::Both);
    let model = driven.clone().max_by_key(|w| w.drive_kmh).expect("a city has streets").clone();
    driven.flat_map(|w| &w.nodes).for_each(|&node| drivable[node as usize] = true);
    let (low, high) = whole.nodes[a.clone()]
        .iter()
        .map(|&p| along(p))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let strip = (high - low) / BRIDGES as f64;
    let outermost = |range: std::ops::Range<usize>, nth: usize, sign: f64| {
        let from = low + strip * nth as f64;
        range
            .filter(|&n| drivable[n] && (from..from + strip).contains(&along(whole.nodes[n])))
            .max_by(|&m, &n| (sign * across(whole.nodes[m])).total_cmp(&(sign * across(whole.nodes[n]))))
    };
    let ends: Vec<_> = (0..BRIDGES)
        .filter_map(|nth| Some([outermost(a.clone(), nth, 1.0)? as u32, outermost(b.clone(), nth, -1.0)? as u32]))
        .collect();
    whole.ways.extend(ends.into_iter().map(|ends| Way { nodes: ends.to_vec(), name: Way::NO_NAME, ..model.clone() }));
}
