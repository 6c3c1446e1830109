//! Fuzz target: the reader of graph files, with its checksums and without: no change gets past those; and every kind of search on
//! what was accepted, the kept hierarchies among it.

#![no_main]

use geo::road::{Profile, RoadMap};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let _ = RoadMap::from_bytes(file);
    let Ok(map) = RoadMap::from_unchecked_bytes(file) else { return };
    for profile in Profile::ALL {
        let graph = map.graph(profile);
        if graph.street_count() > 0 {
            let ends = [0, graph.street_count() as u32 - 1].map(|edge| graph.snap_at(edge, 0.5));
            let _ = graph.route(&ends[0], &ends[1]);
            if let Some(turns) = map.turns(profile) {
                let _ = geo::road::arcs::travel_ms(graph, turns, &ends[0], &ends[1]);
            }
        }
    }
    map.try_searches();
});
