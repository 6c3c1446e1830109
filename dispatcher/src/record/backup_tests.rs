//! A backup is whole or not there, and the record stays as it is.

use super::stage::*;
use super::*;
use std::path::Path;

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn a_backup_leaves_the_record_as_it_is_whatever_its_schema() {
    let (older, spare) = (Stage::older(5).await, tempfile::tempdir().unwrap());
    let record = older.path().join("record.sqlite");
    let before = std::fs::read(&record).unwrap();
    Record::backup(older.path(), &spare.path().join("copy")).await.unwrap();
    assert_eq!(std::fs::read(&record).unwrap(), before);
    assert_eq!(names(spare.path()), ["copy"]);
    let (copy, _) = open::connect(&spare.path().join("copy"));
    let version: i64 = sqlx::query_scalar("select max(version) from _sqlx_migrations").fetch_one(&copy).await.unwrap();
    assert_eq!(version, 5);
    copy.close().await;
}

#[tokio::test]
async fn a_backup_holds_what_a_killed_server_left_in_its_log() {
    let (stage, killed, spare) = (Stage::new().await, tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let trip = stage.trip("k").await;
    for name in ["record.sqlite", "record.sqlite-wal"] {
        std::fs::copy(stage.dir.path().join(name), killed.path().join(name)).unwrap();
    }
    let before = std::fs::read(killed.path().join("record.sqlite")).unwrap();
    Record::backup(killed.path(), &spare.path().join("record.sqlite")).await.unwrap();
    assert_eq!(std::fs::read(killed.path().join("record.sqlite")).unwrap(), before, "the log was not folded in");
    let copy = Record::open(spare.path(), env(5)).await.unwrap();
    assert!(copy.trip(trip).await.unwrap().is_some());
    copy.close().await;
}

#[tokio::test]
async fn a_backup_that_fails_leaves_nothing() {
    let (stage, spare) = (Stage::new().await, tempfile::tempdir().unwrap());
    stage.in_hours(1).await;
    stage.record.close().await;
    let record = stage.dir.path().join("record.sqlite");
    let whole = std::fs::read(&record).unwrap();
    std::fs::write(&record, &whole[..whole.len() / 2]).unwrap();
    let failed = Record::backup(stage.dir.path(), &spare.path().join("copy")).await;
    assert!(matches!(failed, Err(BackupError::Sql(_))), "{failed:?}");
    assert_eq!(names(spare.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_backup_is_never_written_over_a_file() {
    let (stage, spare) = (Stage::new().await, tempfile::tempdir().unwrap());
    let taken = spare.path().join("copy");
    std::fs::write(&taken, "mine").unwrap();
    let refused = Record::backup(stage.dir.path(), &taken).await;
    assert!(matches!(refused, Err(BackupError::Exists(_))), "{refused:?}");
    let other = spare.path().join("other");
    std::fs::write(spare.path().join("other.partial"), "theirs").unwrap();
    let refused = Record::backup(stage.dir.path(), &other).await;
    assert!(matches!(refused, Err(BackupError::Partial(_))), "{refused:?}");
    let mut left = names(spare.path());
    left.sort();
    assert_eq!(left, ["copy", "other.partial"]);
    assert_eq!(std::fs::read(&taken).unwrap(), b"mine");
}
