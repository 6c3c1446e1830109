//! What is saved is what is loaded; anything else is an error by name.

use super::{HEADER_BYTES, MapFileError, RoadMap, checksum, read_body};
use crate::road::Profile;
use crate::road::data::{Area, AreaKind, Label, LabelKind};
use crate::road::drawn::{Dice, place, tangle};
use std::path::PathBuf;

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
    assert!(!file.0.with_file_name(format!("{}.partial", file.0.file_name().unwrap().to_string_lossy())).exists());
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
    assert!(matches!(load_with(12, whole[12] ^ 1), MapFileError::WrongLength { .. }));
    assert!(matches!(load_with(HEADER_BYTES + 40, whole[HEADER_BYTES + 40] ^ 1), MapFileError::Changed));
    assert!(matches!(load_with(whole.len() - 1, whole[whole.len() - 1] ^ 0x80), MapFileError::Changed));
    assert!(matches!(RoadMap::load(&file.0.with_extension("absent")), Err(MapFileError::Io(_))));
}

#[test]
fn a_body_that_lies_is_never_believed() {
    // Past the checksum: every byte of a valid body changed in turn must give an error or a map that holds together.
    let file = Scratch::new("lies");
    small_map().save(&file.0).unwrap();
    let body = std::fs::read(&file.0).unwrap()[HEADER_BYTES..].to_vec();
    let (mut refused, mut dice) = (0, Dice(11));
    println!("seed 11");
    for at in 0..body.len() {
        let mut changed = body.clone();
        changed[at] = dice.roll() as u8;
        match read_body(&changed) {
            Err(MapFileError::Damaged(_)) => refused += 1,
            Err(other) => panic!("byte {at}: {other}"),
            Ok(map) => {
                for profile in Profile::ALL {
                    let graph = map.graph(profile);
                    let _ = graph.snap(place(500.0, 500.0));
                }
            }
        }
    }
    assert!(refused > body.len() / 10, "{refused} of {}", body.len());
}

#[test]
fn the_checksum_sees_zeros_and_order() {
    assert_ne!(checksum(&[]), checksum(&[0]));
    assert_ne!(checksum(&[0; 8]), checksum(&[0; 16]));
    assert_ne!(checksum(&[1, 0, 0, 0, 0, 0, 0, 0, 2]), checksum(&[2, 0, 0, 0, 0, 0, 0, 0, 1]));
}
