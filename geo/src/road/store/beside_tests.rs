//! Two who write to one path do not touch one another's file, and what a killed one left is removed.

use super::{Beside, name, remove_unheld};
use std::fs::{File, OpenOptions};
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

#[test]
fn who_was_taken_for_left_over_before_the_lock_does_not_take_anothers_file_for_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.graph");
    let own = path.with_file_name(name(&path, "0"));
    let first = OpenOptions::new().write(true).create_new(true).open(&own).unwrap();
    // Another begins before the first has its lock, and has a file of the same name now.
    let second = Beside::create(&path).unwrap();
    assert_eq!(second.path, own);
    assert!(
        Beside::held(first, own.clone()).unwrap().is_none(),
        "the first would put the other's unfinished file in place"
    );
    assert!(own.exists(), "and would have removed it");
}

#[test]
fn who_looks_for_left_over_files_removes_none_that_was_begun_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.graph");
    let left = path.with_file_name(name(&path, "0"));
    std::fs::write(&left, b"half").unwrap();
    let seen = File::open(&left).unwrap();
    std::fs::remove_file(&left).unwrap();
    let writing = Beside::create(&path).unwrap();
    assert_eq!(writing.path, left);
    remove_unheld(&seen, &left);
    assert!(left.exists(), "it is another's now");
}

#[test]
fn who_has_taken_their_place_removes_none_that_was_begun_since() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.graph");
    let first = Beside::create(&path).unwrap();
    std::fs::rename(&first.path, &path).unwrap();
    let second = Beside::create(&path).unwrap();
    assert_eq!(second.path, first.path);
    drop(first);
    assert!(second.path.exists());
    second.take_place(&path).unwrap();
}
