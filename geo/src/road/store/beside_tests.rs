//! Two who write to one path do not touch one another's file, and what a killed one left is removed.

use super::{Beside, name};
use std::io::Write as _;

#[test]
fn two_write_side_by_side_and_the_last_to_end_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.graph");
    let mut first = Beside::create(&path).unwrap();
    let mut second = Beside::create(&path).unwrap();
    first.file.write_all(b"first").unwrap();
    second.file.write_all(b"second").unwrap();
    first.take_place(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"first");
    second.take_place(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"second");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
}

#[test]
fn what_a_killed_one_left_is_removed_and_what_another_writes_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.graph");
    let left = path.with_file_name(name(&path, "7"));
    let others = [folder.path().join("city.graph.mine.partial"), folder.path().join("town.graph.7.partial")];
    for file in others.iter().chain([&left]) {
        std::fs::write(file, b"half").unwrap();
    }
    let writing = Beside::create(&path).unwrap();
    assert!(!left.exists() && others.iter().all(|other| other.exists()));
    let again = Beside::create(&path).unwrap();
    assert!(writing.path.exists() && again.path.exists() && writing.path != again.path);
    drop((writing, again));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "who gives up leaves nothing");
}
