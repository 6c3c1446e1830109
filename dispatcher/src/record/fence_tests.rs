//! The contract of opening: lock, epoch, fence, privacy of the files, backup.

use super::stage::*;
use super::*;
use crate::clock::Env;
use std::os::unix::fs::PermissionsExt;

async fn open(dir: &tempfile::TempDir, env: Env) -> Result<Record, OpenError> {
    Record::open(dir.path(), env).await
}

#[tokio::test]
async fn a_second_server_on_the_directory_is_refused() {
    let stage = Stage::new().await;
    assert!(matches!(open(&stage.dir, env(9)).await, Err(OpenError::Locked)));
}

#[tokio::test]
async fn every_life_has_a_higher_epoch() {
    let mut stage = Stage::new().await;
    let mut last = stage.record.epoch();
    for _ in 0..3 {
        stage.reopen().await;
        assert!(stage.record.epoch() > last);
        last = stage.record.epoch();
    }
}

#[tokio::test]
async fn the_old_ones_writes_are_refused_once_a_new_one_has_opened() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    stage.record.check_writable().await.unwrap();
    // As after a frozen machine whose lock was lost: the old server still has its connections.
    stage.record.lock.as_ref().unwrap().unlock().unwrap();
    let newer = open(&stage.dir, env(9)).await.unwrap();
    let old = &stage.record;
    assert!(matches!(old.check_writable().await, Err(RecordError::Fenced)));
    assert!(matches!(old.cancel(T0, trip, hand(stage.rider)).await, Err(RecordError::Fenced)));
    let new = booking(stage.rider, "late", matcher::model::BookingKind::Now);
    assert!(matches!(old.book(T0, &new).await, Err(RecordError::Fenced)));
    assert!(matches!(old.acknowledge(T0, &[(stage.rider, 1)]).await, Err(RecordError::Fenced)));
    assert!(matches!(old.apply(T0, &[], &[Effect::Defer { trip, due_at: T0 }]).await, Err(RecordError::Fenced)));
    newer.cancel(T0, trip, hand(stage.rider)).await.unwrap().unwrap();
    assert_eq!(newer.open_trips().await.unwrap().len(), 0);
}

#[tokio::test]
async fn beside_a_running_server_both_can_write() {
    let stage = Stage::new().await;
    let beside = Record::open_beside(stage.dir.path(), env(9)).await.unwrap();
    assert_eq!(beside.epoch(), 0);
    let agency = beside.create_agency(T0, Actor::Shell, "b", true).await.unwrap();
    assert!(stage.record.agencies().await.unwrap().contains(&agency));
    stage.record.check_writable().await.unwrap();
    assert!(matches!(stage.record.verify_audit().await.unwrap(), AuditChain::Intact(_)));
}

#[tokio::test]
async fn a_record_is_made_only_by_who_says_so() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Record::open_beside(dir.path(), env(1)).await, Err(OpenError::NoRecord(_))));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was made");
    let beside = Record::create_beside(dir.path(), env(1)).await.unwrap();
    beside.create_admin(T0, Actor::Shell, "x").await.unwrap();
    open(&dir, env(2)).await.unwrap().check_writable().await.unwrap();
}

#[tokio::test]
async fn only_serve_brings_a_record_up_to_date() {
    let older = Stage::older(5).await;
    let file = older.path().join("record.sqlite");
    let before = std::fs::read(&file).unwrap();
    let expected = open::MIGRATIONS.last().unwrap().0;
    for _ in 0..2 {
        let Err(OpenError::Older { found, newest }) = Record::open_beside(older.path(), env(1)).await else {
            panic!("an older record was opened beside nobody")
        };
        assert_eq!((found, newest), (5, expected));
    }
    assert!(matches!(Record::create_beside(older.path(), env(1)).await, Err(OpenError::Older { .. })));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    open(&older, env(2)).await.unwrap().close().await;
    Record::open_beside(older.path(), env(3)).await.unwrap().close().await;
}

#[tokio::test]
async fn a_file_from_a_newer_version_is_left_alone() {
    let mut stage = Stage::new().await;
    sqlx::query("insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (9999, 'later', 1, x'00', 0)")
        .execute(&stage.record.write)
        .await
        .unwrap();
    let beside = Record::open_beside(stage.dir.path(), env(9)).await;
    assert!(matches!(beside, Err(OpenError::Migrate(_))));
    stage.record.close().await;
    assert!(matches!(open(&stage.dir, env(9)).await, Err(OpenError::Migrate(_))));
    stage.record =
        std::sync::Arc::new(Record::create_beside(tempfile::tempdir().unwrap().path(), env(3)).await.unwrap());
}

#[tokio::test]
async fn directory_and_files_are_private() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let record = Record::open(&dir, env(1)).await.unwrap();
    record.create_admin(T0, Actor::Shell, "x").await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_backup_opens_as_a_record_and_holds_everything() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let other = tempfile::tempdir().unwrap();
    let copy = other.path().join("record.sqlite");
    Record::backup(stage.dir.path(), &copy).await.unwrap();
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let restored = open(&other, env(5)).await.unwrap();
    assert!(restored.trip(trip).await.unwrap().is_some());
    assert!(matches!(restored.verify_audit().await.unwrap(), AuditChain::Intact(n) if n > 0));
}

#[tokio::test]
async fn a_commit_rings_and_a_refusal_does_not() {
    let stage = Stage::new().await;
    let mut bell = stage.record.commits();
    bell.mark_unchanged();
    stage.trip("k").await;
    assert!(bell.has_changed().unwrap());
    bell.mark_unchanged();
    let none = matcher::model::TripId(stage.rider.0);
    stage.record.cancel(T0, none, hand(stage.rider)).await.unwrap().unwrap_err();
    assert!(!bell.has_changed().unwrap());
}

#[tokio::test]
async fn the_database_runs_as_promised() {
    let stage = Stage::new().await;
    for pool in [&stage.record.write, &stage.record.read] {
        let journal: String = sqlx::query_scalar("pragma journal_mode").fetch_one(pool).await.unwrap();
        let synchronous: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(pool).await.unwrap();
        let foreign_keys: i64 = sqlx::query_scalar("pragma foreign_keys").fetch_one(pool).await.unwrap();
        let overwrites: i64 = sqlx::query_scalar("pragma secure_delete").fetch_one(pool).await.unwrap();
        assert_eq!((journal.as_str(), synchronous, foreign_keys, overwrites), ("wal", 2, 1, 1));
    }
    let written = sqlx::query("delete from trips").execute(&stage.record.read).await;
    assert!(written.is_err(), "readers only read");
}
