//! How long it takes to know who can be there soonest by road, against a scan by straight line, and how often the scan names
//! the wrong person. Staff and pickups stand on random points of the roads.

use geo::road::{Graph, Profile, RoadMap, Snap, StaffOnRoad, load, soonest};
use harness::figures::{self, SEED, measure, note, row};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Soonest staff asked for.
const K: usize = 10;
/// The bound of the service's own search, seconds.
const BOUND_S: f32 = 2_700.0;
/// Searches timed of each case.
const ROUNDS: usize = 100;
/// Searches timed of the worst case, each over everything within the bound.
const WORST_ROUNDS: usize = 10;
/// Staff on the road.
const CROWDS: [usize; 3] = [100, 500, 2_000];

fn main() {
    if !figures::is_asked_for() {
        return;
    }
    figures::heading("eta");
    let city = RoadMap::build(geo::city::generate(geo::city::DEFAULT_SEED));
    for (name, profile) in [("generated, walk", Profile::Walk), ("generated, drive", Profile::Drive)] {
        on(name, city.graph(profile));
    }
    if let Some(file) = harness::seoul("roads/seoul-drive-2025-05.osm.pbf") {
        let (data, _) = load(&[file.as_path()], None, &mut |_| {}).expect("the extract is readable");
        on("Seoul, drive", RoadMap::build(data).graph(Profile::Drive));
    }
}

fn on(name: &str, graph: &Graph) {
    for crowd in CROWDS {
        let mut dice = StdRng::seed_from_u64(SEED ^ crowd as u64);
        let people: Vec<Snap> = (0..crowd).map(|_| somewhere(graph, &mut dice)).collect();
        let pickups: Vec<Snap> = (0..ROUNDS).map(|_| somewhere(graph, &mut dice)).collect();
        let mut staff = StaffOnRoad::new(graph);
        for (id, snap) in (0_u32..).zip(&people) {
            staff.put(id, *snap);
        }
        let base = measure(ROUNDS, |i| nearest_by_line(&people, &pickups[i]));
        row(&format!("{name}: baseline, line scan, {K} of {crowd}"), &base, None);
        let road = measure(ROUNDS, |i| soonest(graph, &staff, &pickups[i], BOUND_S).take(K).collect::<Vec<_>>());
        row(&format!("{name}: realistic, {K} of {crowd}"), &road, Some(base.p50_us()));
        let worst = measure(WORST_ROUNDS, |i| soonest(graph, &staff, &pickups[i], BOUND_S).count());
        row(&format!("{name}: worst, all of {crowd} within 45 min"), &worst, Some(base.p50_us()));
        let wrong = pickups.iter().filter(|p| line_is_wrong(graph, &staff, &people, p)).count();
        note(format_args!("nearest by line is not the soonest by road: {wrong} of {ROUNDS}"));
    }
}

fn somewhere(graph: &Graph, dice: &mut StdRng) -> Snap {
    graph.snap_at(dice.random_range(0..graph.edge_count() as u32), dice.random())
}

fn nearest_by_line(people: &[Snap], pickup: &Snap) -> Vec<(f64, u32)> {
    let distances = people.iter().map(|s| s.at.distance_m(pickup.at));
    let mut all: Vec<(f64, u32)> = distances.zip(0_u32..).collect();
    let nth = K.min(all.len()) - 1;
    all.select_nth_unstable_by(nth, |a, b| a.0.total_cmp(&b.0));
    all.truncate(K);
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    all
}

fn line_is_wrong(graph: &Graph, staff: &StaffOnRoad<u32>, people: &[Snap], pickup: &Snap) -> bool {
    let by_line = nearest_by_line(people, pickup)[0].1;
    soonest(graph, staff, pickup, BOUND_S).next().is_some_and(|(id, _)| id != by_line)
}
