//! Times the import, saving and loading of a map by hand: `cargo run --release --example measure_import -- MAP.osm.pbf…`.

#![expect(clippy::print_stdout, reason = "prints its measurements")]

use geo::road::{Graph, Profile, RoadMap, StaffOnRoad, load, soonest};
use std::path::Path;
use std::time::Instant;

fn resident_mb() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|p| p.parse::<f64>().ok()).unwrap_or(0.0) * 4096.0 / 1e6
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let paths: Vec<&Path> = paths.iter().map(Path::new).collect();
    let began = Instant::now();
    let (data, report) = load(&paths, None, &mut |_| {})?;
    println!("{report}\nread in {:.3} s, {:.0} MB resident", began.elapsed().as_secs_f64(), resident_mb());
    let built = Instant::now();
    let map = RoadMap::build(data);
    println!("graphs in {:.3} s, {:.0} MB resident", built.elapsed().as_secs_f64(), resident_mb());
    for profile in Profile::ALL {
        let g = map.graph(profile);
        println!("{profile:?}: {} junctions, {} edges, {} arcs", g.node_count(), g.edge_count(), g.arc_count());
    }
    let file = std::env::temp_dir().join("measure_import.graph");
    let saving = Instant::now();
    map.save(&file)?;
    println!("saved in {:.3} s, {} bytes", saving.elapsed().as_secs_f64(), std::fs::metadata(&file)?.len());
    drop(map);
    let before_mb = resident_mb();
    let loading = Instant::now();
    let map = RoadMap::load(&file)?;
    println!("loaded in {:.3} s, {before_mb:.0} to {:.0} MB resident", loading.elapsed().as_secs_f64(), resident_mb());
    std::fs::remove_file(&file)?;
    for staff in [20, 100, 500, 2000] {
        time_searches(map.graph(Profile::Drive), staff);
    }
    Ok(())
}

/// The ten soonest of so many staff, evenly spread over the edges; microseconds, p50 and p99 of 500 searches.
fn time_searches(graph: &Graph, staff: u32) {
    let mut state = 1u64;
    let mut edge = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        graph.snap_at(((state >> 33) % graph.edge_count() as u64) as u32, 0.5)
    };
    let mut on_road = StaffOnRoad::new(graph);
    for id in 0..staff {
        on_road.put(id, edge());
    }
    let mut times: Vec<u128> = (0..500)
        .map(|_| {
            let pickup = edge();
            let began = Instant::now();
            let found = soonest(graph, &on_road, &pickup, 7200.0).take(10).count();
            assert_eq!(found, 10, "the network is strongly connected");
            began.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    println!("ten soonest of {staff}: {} us [{}]", times[250], times[495]);
}
