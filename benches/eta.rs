//! How long it takes to know who can be there soonest by road: the hierarchy with its staff buckets against the plain searches
//! it replaces, on the same points in one run. "One by one" is what the engine does: it draws from `soonest` until a crew is proven; the
//! rows beside it take as many at once by `nearest`. Staff and pickups stand on random points of the roads. `--points FILE` writes
//! points and answers for OSRM and Valhalla as well (`peers/`), `--only-points` nothing else; `--fit FILE` shows how near ours come
//! once our speeds are fitted to theirs, `--growth` what a city four times as large costs, `--safer` the ways that crews are led around
//! zones, and nothing else.

#[path = "peers/fitted.rs"]
mod fitted;
#[path = "eta/growth.rs"]
mod growth;
#[path = "eta/memory.rs"]
mod memory;
#[path = "peers/points.rs"]
mod points;
#[path = "eta/safer.rs"]
mod safer;

use geo::road::hierarchy::{ArcTimes, Conditions, Hierarchy, Live, Metric, NodeOrder, SearchGraph, StaffBuckets};
use geo::road::subway_csv::{SubwayFiles, parse};
use geo::road::{Graph, Profile, RoadMap, Snap, StaffOnRoad, arcs, load, soonest};
use harness::figures::{self, SEED, Times, measure, note, row};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Soonest staff asked for.
const K: usize = 10;
/// The bound of the service's own search.
const BOUND_MS: u32 = 2_700_000;
/// Searches timed of each case.
const ROUNDS: usize = 1_000;
/// Searches timed of the plain search, which takes thousands of times longer.
const PLAIN_ROUNDS: usize = 12;
/// Whole matrices, fills and weights timed.
const WHOLE_ROUNDS: usize = 3;
/// Streets closed while all is weighed anew.
const CLOSED: usize = 200;
/// Staff on the road.
const CROWDS: [usize; 4] = [20, 100, 500, 2_000];

fn main() {
    if !figures::is_asked_for() {
        return;
    }
    figures::heading("eta");
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|a| a == "--growth") {
        growth::table();
        return;
    }
    let after = |flag| arguments.iter().position(|a| a == flag).and_then(|at| arguments.get(at + 1));
    let [for_peers, from_peers] = ["--points", "--fit"].map(after);
    let [only_points, only_safer] = ["--only-points", "--safer"].map(|flag| arguments.iter().any(|a| a == flag));
    if let Some(file) = harness::seoul("roads/seoul-drive-2025-05.osm.pbf") {
        let (mut data, _) = load(&[file.as_path()], None, &mut |_| {}).expect("the extract is readable");
        if let Some(folder) = harness::seoul("subway") {
            data.subway = SubwayFiles::read(&folder).and_then(|files| parse(&files)).expect("the subway is readable").0;
        }
        let map = RoadMap::build(data);
        if let Some(file) = from_peers {
            return fitted::table(&map, file.as_ref());
        }
        if let Some(file) = for_peers {
            points::write(&map, file.as_ref());
        }
        if only_points {
            return;
        }
        safer::table(&map);
        if only_safer {
            return;
        }
        map_file(&map);
        for (name, profile) in [
            ("Seoul drive, turns", Profile::Drive),
            ("Seoul walk", Profile::Walk),
            ("Seoul cycle", Profile::Cycle),
            ("Seoul walk and subway", Profile::Transit),
        ] {
            on(name, map.graph(profile), SearchGraph::of(&map, profile), map.turns(profile));
        }
    }
    let map = RoadMap::build(geo::city::generate(geo::city::DEFAULT_SEED));
    let profile = Profile::Drive;
    on("generated drive, turns", map.graph(profile), SearchGraph::of(&map, profile), map.turns(profile));
}

/// What a start waits for: the file mapped, checked and its graphs made.
fn map_file(map: &RoadMap) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seoul.map");
    map.save(&file).expect("the file is written");
    let times = measure(WHOLE_ROUNDS * 5, |_| RoadMap::load(&file).expect("the file is ours"));
    row("Seoul: the map file is loaded", &times, None);
}

/// Points of one case.
struct Points {
    staff: Vec<Snap>,
    pickups: Vec<Snap>,
}

impl Points {
    fn new(graph: &Graph, crowd: usize) -> Self {
        let mut dice = StdRng::seed_from_u64(SEED ^ crowd as u64);
        let mut many = |count| (0..count).map(|_| somewhere(graph, &mut dice)).collect();
        Self { staff: many(crowd), pickups: many(ROUNDS) }
    }
}

fn on(name: &str, graph: &Graph, search: SearchGraph, turns: Option<&geo::road::Turns>) {
    let before = memory::live_bytes();
    let begun = Instant::now();
    let order = NodeOrder::find(graph);
    let ordered = begun.elapsed();
    let begun = Instant::now();
    let hierarchy = Arc::new(Hierarchy::new(search, &order));
    drop(order);
    note(format_args!(
        "{name}: {hierarchy:?}, depth {}; order {ordered:.1?}, contraction {:.1?}",
        hierarchy.depth_max(),
        begun.elapsed()
    ));
    let metric = Arc::new(Metric::new(&hierarchy, ArcTimes::free_flow(graph)));
    memory::note_hierarchy(name, memory::live_bytes() - before, graph, &hierarchy);
    for crowd in CROWDS {
        let points = Points::new(graph, crowd);
        let plain_us = plain(name, graph, turns.filter(|_| crowd == CROWDS[0]), &points);
        let mut buckets = filled(&metric, &points.staff);
        let times = measure(ROUNDS, |i| buckets.nearest(&points.pickups[i], K, BOUND_MS, |_| true));
        row(&format!("{name}: {K} of {crowd}"), &times, None);
        let lazy = measure(ROUNDS, |i| buckets.soonest(&points.pickups[i], BOUND_MS).take(K).collect::<Vec<_>>());
        row(&format!("{name}: {K} of {crowd}, one by one"), &lazy, Some(times.p50_us()));
        let [whole, drawn] = [&times, &lazy].map(|times| plain_us / times.p50_us());
        note(format_args!(
            "the plain search over junctions takes {whole:.0} times as long, {drawn:.0} times one by one"
        ));
        let times = measure(ROUNDS, |i| buckets.all(&points.pickups[i], BOUND_MS));
        row(&format!("{name}: all of {crowd}"), &times, None);
        // Where nobody who is drawn may go: to the last one in time.
        let lazy = measure(ROUNDS, |i| buckets.soonest(&points.pickups[i], BOUND_MS).collect::<Vec<_>>());
        row(&format!("{name}: all of {crowd}, one by one"), &lazy, Some(times.p50_us()));
        let times = measure(ROUNDS, |i| buckets.put((i % crowd) as u32, points.pickups[i]));
        row(&format!("{name}: one of {crowd} moves to another street"), &times, None);
    }
    wholes(name, graph, &hierarchy, &metric);
}

/// The median of the search that is replaced, microseconds. It knows nothing of turns; where they cost, the plain search over
/// arcs is timed as well: always of everything, so once.
fn plain(name: &str, graph: &Graph, turns: Option<&geo::road::Turns>, points: &Points) -> f64 {
    let crowd = points.staff.len();
    let mut staff = StaffOnRoad::new(graph);
    for (id, snap) in (0_u32..).zip(&points.staff) {
        staff.put(id, *snap);
    }
    let bound_s = BOUND_MS as f32 / 1_000.0;
    let times =
        measure(PLAIN_ROUNDS, |i| soonest(graph, &staff, &points.pickups[i], bound_s).take(K).collect::<Vec<_>>());
    row(&format!("{name}: {K} of {crowd}, plain over junctions"), &times, None);
    let Some(turns) = turns else { return times.p50_us() };
    let over_arcs = measure(WHOLE_ROUNDS, |i| arcs::times_from(graph, turns, &points.pickups[i]));
    row(&format!("{name}: all there are, plain over arcs"), &over_arcs, None);
    times.p50_us()
}

/// What is done with everybody at once.
fn wholes(name: &str, graph: &Graph, hierarchy: &Arc<Hierarchy>, metric: &Arc<Metric>) {
    let points = Points::new(graph, 100);
    let times = measure(WHOLE_ROUNDS, |_| metric.table(&points.staff, &points.pickups[..100]));
    row(&format!("{name}: 100 x 100 from cold"), &times, None);
    let points = Points::new(graph, 2_000);
    let times = measure(WHOLE_ROUNDS, |_| Metric::new(hierarchy, ArcTimes::free_flow(graph)));
    row(&format!("{name}: weights alone"), &times, None);
    let live = Live::new(Arc::new(Metric::new(hierarchy, ArcTimes::free_flow(graph))));
    for (id, snap) in (0_u32..).zip(&points.staff) {
        live.put(id, *snap, 0);
    }
    // With closures as well: what they wall in, and who may leave it, is worked out each time.
    let mut jam = Conditions::default();
    for edge in (0..graph.edge_count() as u32).step_by(graph.edge_count() / CLOSED) {
        jam.close_edge(edge);
    }
    let times = measure(WHOLE_ROUNDS, |i| {
        jam.by_edge.insert(i as u32, 3.0);
        live.reweigh(ArcTimes::under(graph, &jam, |_| geo::road::data::RoadClass::Residential));
    });
    row(&format!("{name}: weights and refill of 2000"), &times, None);
    let pickup = |i: usize| &points.pickups[i % ROUNDS];
    while_weights_change(&format!("{name}: {K} of 2000, shared"), graph, &live, &points, |i| {
        live.nearest(pickup(i), K, BOUND_MS, |_| true)
    });
    while_weights_change(&format!("{name}: {K} of 2000, one by one, shared"), graph, &live, &points, |i| {
        live.with(|buckets| buckets.soonest(pickup(i), BOUND_MS).take(K).collect::<Vec<_>>())
    });
}

/// A search by its number, quiet and while all is weighed anew; a thousand moves a second before and meanwhile, which land on both
/// sides.
fn while_weights_change<T>(name: &str, graph: &Graph, live: &Live<u32>, points: &Points, search: impl Fn(usize) -> T) {
    let is_over = AtomicBool::new(false);
    let (quiet, busy) = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut moved = 0;
            while !is_over.load(Ordering::Acquire) {
                live.put(moved as u32 % 2_000, points.staff[(moved * 7 + 1) % 2_000], 0);
                moved += 1;
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let quiet = measure(ROUNDS * 10, &search);
        let worker = scope.spawn(|| {
            for _ in 0..WHOLE_ROUNDS {
                live.reweigh(ArcTimes::free_flow(graph));
            }
            is_over.store(true, Ordering::Release);
        });
        // All the while, not for a moment of it.
        let mut busy = Times::new();
        for i in 0.. {
            let begun = Instant::now();
            std::hint::black_box(search(i));
            busy.add(begun.elapsed());
            if is_over.load(Ordering::Acquire) {
                break;
            }
        }
        worker.join().expect("re-weighting does not panic");
        (quiet, busy)
    });
    row(&format!("{name}, quiet"), &quiet, None);
    row(&format!("{name}, while weights change"), &busy, Some(quiet.p50_us()));
}

fn filled(metric: &Arc<Metric>, staff: &[Snap]) -> StaffBuckets<u32> {
    StaffBuckets::filled(Arc::clone(metric), (0_u32..).zip(staff).map(|(id, snap)| (id, *snap, 0)))
}

fn somewhere(graph: &Graph, dice: &mut StdRng) -> Snap {
    graph.snap_at(dice.random_range(0..graph.street_count() as u32), dice.random())
}
