//! Times the import, saving and loading of a map by hand: `cargo run --release --example measure_import -- MAP.osm.pbf…`.

#![expect(clippy::print_stdout, reason = "prints its measurements")]

use geo::road::{Profile, RoadMap, load};
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
    Ok(())
}
