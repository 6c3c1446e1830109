//! What is saved is what is loaded; anything else is an error by name.

use super::sections::{HEADER_BYTES, checksum};
use super::{MapFileError, RoadMap};
use crate::road::Profile;
use crate::road::data::{Area, AreaKind, Label, LabelKind};
use crate::road::drawn::{Dice, draw, draw_with, place, tangle};
use crate::road::hierarchy::{ArcTimes, Hierarchy, Metric, NodeOrder, SearchGraph};
use std::path::PathBuf;
use std::sync::Arc;

/// A file of its own per test, gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("donghaeng-{}-{name}.graph", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn small_map() -> RoadMap {
    let mut data = tangle(&mut Dice(5), 30, 40);
    data.names = vec!["종로".into(), "새문안로".into()];
    data.ways[3].name = 1;
    let ring = |x: f64| vec![place(x, 0.0), place(x + 9.0, 0.0), place(x, 9.0)];
    data.areas.push(Area { kind: AreaKind::Water, rings: vec![ring(0.0), ring(2.0)] });
    data.labels
        .push(Label { kind: LabelKind::Park, name: "공원".into(), name_en: String::new(), at: place(1.0, 1.0) });
    RoadMap::build(data)
}

#[test]
fn what_was_saved_is_loaded() {
    let file = Scratch::new("same");
    let map = small_map();
    map.save(&file.0).unwrap();
    // Over the old one, as an import does.
    map.save(&file.0).unwrap();
    let loaded = RoadMap::load(&file.0).unwrap();
    assert_eq!(loaded.data, map.data);
    for profile in Profile::ALL {
        assert!(map.graph(profile).edge_count() > 5);
        assert_eq!(loaded.graph(profile).parts(), map.graph(profile).parts());
    }
    assert_eq!(loaded.graph(Profile::Walk).snap_index(), map.graph(Profile::Walk).snap_index());
}

#[test]
fn every_cut_is_noticed() {
    let file = Scratch::new("cut");
    small_map().save(&file.0).unwrap();
    let whole = std::fs::read(&file.0).unwrap();
    for length in (0..whole.len()).step_by(97).chain(0..=HEADER_BYTES) {
        std::fs::write(&file.0, &whole[..length]).unwrap();
        let error = RoadMap::load(&file.0).unwrap_err();
        match (length, &error) {
            (0..8, MapFileError::NotAMap) | (8.., MapFileError::WrongLength { .. }) => {}
            _ => panic!("{length} bytes: {error}"),
        }
    }
    std::fs::write(&file.0, [&whole[..], b"x"].concat()).unwrap();
    assert!(matches!(RoadMap::load(&file.0), Err(MapFileError::WrongLength { .. })));
}

#[test]
fn foreign_newer_and_changed_files_are_told_apart() {
    let file = Scratch::new("foreign");
    small_map().save(&file.0).unwrap();
    let whole = std::fs::read(&file.0).unwrap();
    let load_with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        std::fs::write(&file.0, bytes).unwrap();
        RoadMap::load(&file.0).unwrap_err()
    };
    assert!(matches!(load_with(0, b'X'), MapFileError::NotAMap));
    assert!(matches!(load_with(8, 99), MapFileError::WrongVersion { found: 99 }));
    // Its hierarchies know other turns.
    let older = load_with(8, 5);
    assert!(matches!(older, MapFileError::WrongVersion { found: 5 }), "{older}");
    assert!(older.to_string().contains("import the map again"));
    assert!(matches!(load_with(12, whole[12] ^ 1), MapFileError::Damaged("table") | MapFileError::Changed("table")));
    assert!(matches!(load_with(16, whole[16] ^ 1), MapFileError::WrongLength { .. }));
    assert!(matches!(load_with(HEADER_BYTES + 40, whole[HEADER_BYTES + 40] ^ 1), MapFileError::Changed("table")));
    let last = whole.len() - 1;
    assert!(matches!(load_with(last, whole[last] ^ 0x80), MapFileError::Changed("driving hierarchy")));
    assert!(matches!(RoadMap::check(&file.0), Err(MapFileError::Changed(_))));
    assert!(matches!(RoadMap::load(&file.0.with_extension("absent")), Err(MapFileError::Io(_))));
}

#[test]
fn what_is_mapped_finds_the_same_ways() {
    let file = Scratch::new("ways");
    let map = small_map();
    map.save(&file.0).unwrap();
    let loaded = RoadMap::load(&file.0).unwrap();
    let mut dice = Dice(3);
    println!("seed 3");
    let mut found = 0;
    for profile in [Profile::Walk, Profile::Drive] {
        let (graph, fresh, kept) = (map.graph(profile), map.free_flow(profile), loaded.free_flow(profile));
        for _ in 0..200 {
            let [from, to] = [(); 2].map(|()| {
                let edge = dice.roll() as u32 % graph.edge_count() as u32;
                graph.snap_at(edge, dice.below(100) as f32 / 100.0)
            });
            let way = fresh.way(from, &to);
            assert_eq!(kept.way(from, &to), way);
            found += usize::from(way.is_some());
        }
    }
    assert!(found > 100, "{found}");
}

#[test]
fn a_file_that_is_replaced_stays_what_it_was_for_who_has_it() {
    let file = Scratch::new("replaced");
    small_map().save(&file.0).unwrap();
    let before = RoadMap::load(&file.0).unwrap();
    RoadMap::build(tangle(&mut Dice(6), 9, 12)).save(&file.0).unwrap();
    let after = RoadMap::load(&file.0).unwrap();
    assert_eq!(before.graph(Profile::Drive).parts(), small_map().graph(Profile::Drive).parts());
    assert_ne!(after.graph(Profile::Drive).parts(), before.graph(Profile::Drive).parts());
}

/// Read from a file in which one mode has the hierarchy of another map, or of another kind.
fn read_with_hierarchy(map: RoadMap, profile: Profile, search: SearchGraph) -> Result<RoadMap, MapFileError> {
    let graph = map.graph(profile);
    let order = NodeOrder::find(graph);
    let metric = Metric::new(&Arc::new(Hierarchy::new(search, &order)), ArcTimes::free_flow(graph));
    let mut file = Vec::new();
    map.with_kept(profile, order, metric).write(&mut file).unwrap();
    RoadMap::from_bytes(&file)
}

#[test]
fn a_hierarchy_of_the_wrong_kind_is_refused() {
    let map = || draw("A-B-C\n| |\nD-E").map;
    for (profile, part) in [(Profile::Drive, "driving hierarchy"), (Profile::Walk, "walking hierarchy")] {
        let (map, other) = (map(), map());
        let search = match profile {
            // Junctions, where turns count,
            Profile::Drive => SearchGraph::of_junctions(other.graph(profile), |_| 0),
            // and arcs, where they do not.
            _ => SearchGraph::of_turns(
                other.graph(profile),
                other.graph(profile).arc_number_end(),
                |arc| arc,
                |arc| {
                    let graph = other.graph(profile);
                    (0..graph.arc_number_end())
                        .filter(move |&to| graph.arc_tail(to) == graph.arc_head(arc))
                        .map(|to| (to, 0))
                },
            ),
        };
        match read_with_hierarchy(map, profile, search) {
            Err(MapFileError::Damaged(found)) => assert_eq!(found, part),
            other => panic!("{profile:?}: {:?}", other.map(|_| ())),
        }
    }
}

#[test]
fn a_hierarchy_that_knows_other_restrictions_than_the_streets_is_refused() {
    let picture = "A-B-C\n  |\nE-D-F";
    let rules: [&[&str]; 3] = [&[], &["no A-B-D-E"], &["no E-D-B-C"]];
    for (streets, searched) in [(0, 1), (1, 0), (1, 2), (1, 1)] {
        let [map, other] = [streets, searched].map(|of| draw_with(picture, rules[of]).map);
        let copies = map.turns(Profile::Drive).unwrap().state_count() - map.turns(Profile::Drive).unwrap().arc_count();
        assert_eq!(copies > 0, streets > 0, "a ban over two streets has copies");
        let loaded = read_with_hierarchy(map, Profile::Drive, SearchGraph::of(&other, Profile::Drive));
        match loaded {
            Ok(map) if streets == searched => map.try_searches(),
            Err(MapFileError::Damaged("driving hierarchy")) if streets != searched => {}
            other => panic!("{streets} and {searched}: {:?}", other.map(|_| ())),
        }
    }
}

/// Of so many changed files that are accepted, one is searched in every way.
const SEARCHED: u64 = 16;

/// Whether a changed file is refused past its checksums; a map made of it must hold together.
fn refuses(changed: &[u8], what: &str, dice: &mut Dice) -> bool {
    match RoadMap::from_unchecked_bytes(changed) {
        Err(MapFileError::Damaged(_)) => true,
        Err(other) => panic!("{what}: {other}"),
        Ok(map) => {
            for profile in Profile::ALL {
                let graph = map.graph(profile);
                let _ = graph.snap(place(500.0, 500.0));
                if profile == Profile::Walk || profile == Profile::Drive {
                    let (a, b) = (graph.snap_at(0, 0.3), graph.snap_at(graph.edge_count() as u32 - 1, 0.7));
                    let _ = map.free_flow(profile).travel_ms(a, &b);
                }
            }
            if dice.roll().is_multiple_of(SEARCHED) {
                map.try_searches();
            }
            false
        }
    }
}

#[test]
fn contents_that_lie_are_never_believed() {
    let file = Scratch::new("lies");
    small_map().save(&file.0).unwrap();
    let whole = std::fs::read(&file.0).unwrap();
    let (mut refused, mut dice) = (0, Dice(11));
    println!("seed 11");
    let places: Vec<usize> = (HEADER_BYTES..whole.len()).step_by(5).collect();
    for &at in &places {
        let mut changed = whole.clone();
        changed[at] = dice.roll() as u8;
        refused += usize::from(refuses(&changed, &format!("byte {at}"), &mut dice));
    }
    assert!(refused > places.len() / 4, "{refused} of {}", places.len());
}

#[test]
fn the_largest_numbers_overflow_nothing() {
    // What a fuzzer tries first, word by word: a depth of all ones once overflowed.
    let file = Scratch::new("ones");
    small_map().save(&file.0).unwrap();
    let whole = std::fs::read(&file.0).unwrap();
    let (mut refused, mut dice) = (0, Dice(13));
    println!("seed 13");
    for at in (HEADER_BYTES..whole.len() - 3).step_by(4) {
        let mut changed = whole.clone();
        changed[at..at + 4].fill(u8::MAX);
        refused += usize::from(refuses(&changed, &format!("word at {at}"), &mut dice));
    }
    assert!(refused > (whole.len() - HEADER_BYTES) / 8, "{refused}");
}

#[test]
fn the_checksum_sees_zeros_and_order() {
    assert_ne!(checksum(&[]), checksum(&[0]));
    assert_ne!(checksum(&[0; 8]), checksum(&[0; 16]));
    assert_ne!(checksum(&[1, 0, 0, 0, 0, 0, 0, 0, 2]), checksum(&[2, 0, 0, 0, 0, 0, 0, 0, 1]));
}
