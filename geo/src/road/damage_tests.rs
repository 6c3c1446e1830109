//! Random and bent bytes for both readers of files: an answer, never a panic. The longer run is in `fuzz/`.

use super::data::MapData;
use super::load::load_bytes;
use super::pbf_writer::square;
use super::subway_csv::{self, SubwayFiles};
use super::{LoadError, MapFileError, RoadMap};
use proptest::prelude::*;

/// Bytes, with some of them changed, dropped, doubled or put in.
fn bent(whole: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let change = (0..4u8, any::<prop::sample::Index>(), any::<u8>(), 1..40usize);
    prop::collection::vec(change, 1..6).prop_map(move |changes| {
        let mut bytes = whole.to_vec();
        for (kind, at, byte, count) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            let end = (at + count).min(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.drain(at..end)),
                2 => bytes.extend_from_within(at..end),
                _ => drop(bytes.splice(at..at, std::iter::repeat_n(byte, count))),
            }
        }
        bytes
    })
}

fn extract() -> &'static [u8] {
    Box::leak(
        square(|file| {
            file.relation(1, "way 11 from, node 2 via, way 12 to", "type=restriction restriction=no_left_turn");
            file.relation(2, "way 13 from, way 15 via, way 12 to", "type=restriction restriction=only_right_turn");
            file.relation(3, "way 10 outer, way 11 inner", "type=multipolygon natural=water");
        })
        .into_boxed_slice(),
    )
}

fn graph_file() -> &'static [u8] {
    let map = RoadMap::build(load_bytes(extract(), None).unwrap().0);
    let path = std::env::temp_dir().join(format!("donghaeng-{}-damage.graph", std::process::id()));
    map.save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    Box::leak(bytes.into_boxed_slice())
}

/// Reads, and uses what was read.
fn read_extract(bytes: &[u8]) {
    match load_bytes(bytes, None) {
        Ok((data, _)) => use_map(&RoadMap::build(data)),
        Err(LoadError::Io(e)) => panic!("a file in memory is always there: {e}"),
        Err(_) => {}
    }
}

fn use_map(map: &RoadMap) {
    for profile in super::Profile::ALL {
        let graph = map.graph(profile);
        let place = super::drawn::place(100.0, 10.0);
        if let (Some(a), true) = (graph.snap(place), graph.edge_count() > 0) {
            let b = graph.snap_at(graph.edge_count() as u32 - 1, 0.5);
            let _ = graph.route(&a, &b);
            if let Some(turns) = map.turns(profile) {
                let _ = super::arcs::travel_ms(graph, turns, &a, &b);
            }
        }
    }
}

#[test]
fn what_the_writer_writes_is_read() {
    let (data, report) = load_bytes(extract(), None).unwrap();
    assert_eq!((data.ways.len(), report.restrictions), (7, 2));
    let map = RoadMap::from_bytes(graph_file()).unwrap();
    use_map(&map);
    map.try_searches();
    assert!(matches!(RoadMap::from_bytes(b"DHMAP"), Err(MapFileError::NotAMap)));
    assert!(matches!(RoadMap::from_bytes(&graph_file()[..20]), Err(MapFileError::WrongLength { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    #[test]
    fn bent_extracts_are_answered(bytes in bent(extract())) {
        read_extract(&bytes);
    }

    #[test]
    fn random_extracts_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_extract(&bytes);
    }

    #[test]
    fn any_text_is_a_subway_or_an_error(
        stations in "(name|lon|lat|,|\n|[0-9.-]{1,4}|역|\\(|#){0,40}",
        rows in "(1|2|,|\n|가|나|-|[0-9]{1,12}|\"){0,60}",
    ) {
        let files = SubwayFiles {
            stations: format!("name,lon,lat\n{stations}"),
            segments: format!("line,station,secs_from_previous,previous\n{rows}"),
            transfers: format!("line,station,to_line,walk_secs\n{rows}"),
            headways: format!("line,from_hour,to_hour,headway_s\n{rows}"),
            ..SubwayFiles::default()
        };
        let _ = subway_csv::parse(&files).map(|(subway, _)| {
            let streets = load_bytes(extract(), None).unwrap().0;
            use_map(&RoadMap::build(MapData { subway, ..streets }));
        });
    }

    #[test]
    fn bent_graph_files_are_answered(bytes in bent(graph_file())) {
        let _ = RoadMap::from_bytes(&bytes);
        if let Ok(map) = RoadMap::from_unchecked_bytes(&bytes) {
            use_map(&map);
            map.try_searches();
        }
    }
}

/// Of another version the fuzzer would learn nothing from it.
#[test]
fn what_the_fuzzer_begins_with_is_of_this_version() {
    let bytes = include_bytes!("../../../fuzz/seeds/long-street.body");
    let read = RoadMap::from_unchecked_bytes(bytes);
    assert!(!matches!(read, Err(MapFileError::WrongVersion { .. })), "byte 8 says the version");
}

/// Found by the fuzzer: streets without length, so that the fastest of them has no speed.
#[test]
fn a_map_whose_streets_have_no_length_is_searched_all_the_same() {
    let bytes = include_bytes!("../../../fuzz/seeds/no_lengths.body");
    let map = RoadMap::from_unchecked_bytes(bytes).unwrap();
    for profile in super::Profile::ALL {
        let graph = map.graph(profile);
        let last = graph.street_count() as u32 - 1;
        let _ = graph.route(&graph.snap_at(0, 0.5), &graph.snap_at(last, 0.5));
    }
}
