//! Fuzz target: the reader of graph files. The header with its checksum is left off, since no change gets past it.

#![no_main]

use geo::road::{Profile, RoadMap};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let _ = RoadMap::from_bytes(body);
    let Ok(map) = RoadMap::from_unchecked_body(body) else { return };
    for profile in Profile::ALL {
        let graph = map.graph(profile);
        if graph.street_count() > 0 {
            let ends = [0, graph.street_count() as u32 - 1].map(|edge| graph.snap_at(edge, 0.5));
            let _ = graph.route(&ends[0], &ends[1]);
        }
    }
});
