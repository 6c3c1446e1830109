//! Fuzz target: the OpenStreetMap reader, and the graphs made of what it read. Any bytes must give an answer.

#![no_main]

use geo::road::RoadMap;
use geo::road::load::load_bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: {
        // The reader's library panics on numbers no honest file holds; our reader catches that. Without this the fuzzer's
        // hook would end the run before it can.
        std::panic::set_hook(Box::new(|_| {}));
    },
    |file: &[u8]| {
        if let Ok((data, _)) = load_bytes(file, None) {
            let _ = RoadMap::build(data);
        }
    }
);
