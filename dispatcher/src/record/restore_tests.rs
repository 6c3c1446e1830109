//! A backup comes back whole, the old record is set aside, and what is no record changes nothing.

use super::restore::Files;
use super::stage::*;
use super::*;
use matcher::model::{AccountId, Phase};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

const AS_IT_IS: RestoreHow = RestoreHow { create: false, sign_out_all: false };
const NEW: RestoreHow = RestoreHow { create: true, sign_out_all: false };
const SIGN_OUT_ALL: RestoreHow = RestoreHow { create: false, sign_out_all: true };

async fn restore(dir: &Path, from: &Path, how: RestoreHow) -> Result<Restored, RestoreError> {
    Record::restore(dir, from, how, &env(50)).await
}

#[tokio::test]
async fn a_backup_comes_back_and_the_old_record_is_set_aside() {
    let stage = Stage::new().await;
    let spare = tempfile::tempdir().unwrap();
    let copy = spare.path().join("copy.sqlite");
    Record::backup(stage.dir.path(), &copy).await.unwrap();
    let later = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
    let refused = restore(stage.dir.path(), &copy, AS_IT_IS).await.unwrap_err();
    assert!(matches!(refused, RestoreError::Directory(OpenError::Locked)), "{refused}");
    stage.record.close().await;
    let aside = restore(stage.dir.path(), &copy, AS_IT_IS).await.unwrap().aside.unwrap();
    assert!(aside.is_file() && !stage.dir.path().join("record.sqlite-wal").exists());
    let mut left: Vec<String> = std::fs::read_dir(stage.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["lock", "record.sqlite", aside.file_name().unwrap().to_str().unwrap()]);
    let back = Record::open(stage.dir.path(), env(7)).await.unwrap();
    let known = async |id: AccountId| back.account(id).await.unwrap().is_some();
    assert_eq!((known(stage.rider).await, known(later).await), (true, false));
    assert!(matches!(back.verify_audit().await.unwrap(), AuditChain::Intact(_)));
    let last: String =
        sqlx::query_scalar("select action from audit order by id desc limit 1").fetch_one(&back.read).await.unwrap();
    assert_eq!(last, "record_restored");
    back.close().await;
}

#[tokio::test]
async fn what_is_no_whole_record_is_refused_and_nothing_changes() {
    let stage = Stage::new().await;
    let spare = tempfile::tempdir().unwrap();
    let file = |name: &str| spare.path().join(name);
    Record::backup(stage.dir.path(), &file("good")).await.unwrap();
    stage.record.close().await;
    std::fs::write(file("text"), "not a database at all, and longer than the header of one would be".repeat(20))
        .unwrap();
    std::fs::write(file("empty"), "").unwrap();
    let whole = std::fs::read(file("good")).unwrap();
    std::fs::write(file("cut"), &whole[..whole.len() / 2]).unwrap();
    let before = std::fs::read(stage.dir.path().join("record.sqlite")).unwrap();
    for name in ["text", "empty", "cut", "absent"] {
        assert!(restore(stage.dir.path(), &file(name), AS_IT_IS).await.is_err(), "{name}");
    }
    assert_eq!(std::fs::read(stage.dir.path().join("record.sqlite")).unwrap(), before);
    let fresh = spare.path().join("fresh");
    assert!(restore(&fresh, &file("text"), NEW).await.is_err() && !fresh.exists());
    let refused = restore(&fresh, &file("good"), AS_IT_IS).await;
    assert!(matches!(refused, Err(RestoreError::NothingThere(_))) && !fresh.exists(), "a mistyped directory");
    let restored = restore(&fresh, &file("good"), NEW).await.unwrap();
    assert_eq!((restored.aside, restored.revived), (None, None), "a new directory has nothing to set aside");
}

#[tokio::test]
async fn a_file_whose_last_commits_are_beside_it_is_refused() {
    let (stage, other, spare) = (Stage::new().await, Stage::new().await, tempfile::tempdir().unwrap());
    other.record.close().await;
    let copied = spare.path().join("record.sqlite");
    for ending in ["", "-wal"] {
        let name = format!("record.sqlite{ending}");
        std::fs::copy(stage.dir.path().join(&name), spare.path().join(&name)).unwrap();
    }
    let before = std::fs::read(other.dir.path().join("record.sqlite")).unwrap();
    let refused = restore(other.dir.path(), &copied, AS_IT_IS).await;
    assert!(matches!(refused, Err(RestoreError::InParts(_))), "{refused:?}");
    assert_eq!(std::fs::read(other.dir.path().join("record.sqlite")).unwrap(), before);
}

/// The files of a restore before its last steps: an old record with a log if it is not linked, and the copy.
fn before_the_steps(dir: &Path, linked: bool) -> Files {
    let files = Files::of(dir, T0);
    std::fs::write(dir.join("record.sqlite"), "old").unwrap();
    std::fs::write(dir.join("record.sqlite.partial"), "new").unwrap();
    std::fs::write(dir.join("record.sqlite-shm"), "old index").unwrap();
    if linked {
        std::fs::write(dir.join("record.sqlite-wal"), "").unwrap();
        std::fs::hard_link(dir.join("record.sqlite"), dir.join(format!("record.sqlite.before-{}", T0.0))).unwrap();
    } else {
        std::fs::write(dir.join("record.sqlite-wal"), "old log").unwrap();
    }
    files
}

#[tokio::test]
async fn wherever_a_restore_is_cut_off_there_is_the_old_record_or_the_new_or_a_refusal() {
    for linked in [true, false] {
        let mut done = 0;
        loop {
            let dir = tempfile::tempdir().unwrap();
            let dir = dir.path();
            let steps = before_the_steps(dir, linked).steps(linked);
            for step in &steps[..done] {
                step.take().unwrap();
            }
            let read = |name: &str| std::fs::read_to_string(dir.join(name)).ok();
            let (record, log) = (read("record.sqlite"), read("record.sqlite-wal").unwrap_or_default());
            let at = format!("linked {linked}, after {done} of {} steps", steps.len());
            match record.as_deref() {
                Some("old") => assert!(linked || log == "old log", "with its log, {at}"),
                Some("new") => assert!(log.is_empty(), "without another's log, {at}"),
                Some(_) => panic!("another record, {at}"),
                None => {
                    assert!(!linked, "there is always a record, {at}");
                    let refused = Record::open(dir, env(1)).await;
                    assert!(matches!(refused, Err(OpenError::CutOff(_))), "{at}");
                    assert!(!dir.join("record.sqlite").exists(), "no empty record is made, {at}");
                }
            }
            let aside = read(&format!("record.sqlite.before-{}", T0.0));
            assert!(record.as_deref() == Some("old") || aside.as_deref() == Some("old"), "the old one is kept, {at}");
            if done == steps.len() {
                assert_eq!(record.as_deref(), Some("new"), "{at}");
                break;
            }
            done += 1;
        }
    }
}

#[tokio::test]
async fn a_restore_that_was_cut_off_can_be_run_again() {
    let (stage, spare) = (Stage::new().await, tempfile::tempdir().unwrap());
    let copy = spare.path().join("copy");
    Record::backup(stage.dir.path(), &copy).await.unwrap();
    stage.record.close().await;
    let dir = stage.dir.path();
    std::fs::rename(dir.join("record.sqlite"), dir.join("record.sqlite.before-1")).unwrap();
    std::fs::write(dir.join("record.sqlite.partial"), "half of it").unwrap();
    restore(dir, &copy, AS_IT_IS).await.unwrap();
    let back = Record::open(dir, env(7)).await.unwrap();
    assert!(back.account(stage.rider).await.unwrap().is_some());
    back.close().await;
}

#[tokio::test]
async fn an_old_record_that_cannot_be_read_is_set_aside_with_its_log() {
    let (stage, spare) = (Stage::new().await, tempfile::tempdir().unwrap());
    let copy = spare.path().join("copy");
    Record::backup(stage.dir.path(), &copy).await.unwrap();
    stage.record.close().await;
    let dir = stage.dir.path();
    let rubbish = "no database, and longer than the header of one would be".repeat(20);
    for ending in ["", "-wal"] {
        std::fs::write(dir.join(format!("record.sqlite{ending}")), &rubbish).unwrap();
    }
    let restored = restore(dir, &copy, AS_IT_IS).await.unwrap();
    assert_eq!(restored.revived, None, "nothing is known of it");
    let aside = restored.aside.unwrap();
    for ending in ["", "-wal"] {
        let kept = std::fs::read_to_string(format!("{}{ending}", aside.display())).unwrap();
        assert_eq!(kept, rubbish);
    }
    Record::open(dir, env(7)).await.unwrap().close().await;
}

#[tokio::test]
async fn a_restore_says_which_rights_it_gives_back_and_can_end_all_of_them() {
    let stage = Stage::new().await;
    let admin = stage.record.create_admin(T0, Actor::Shell, "x").await.unwrap().id;
    let other = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
    let kept = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let lost = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let suspended = stage.record.issue_token(T0, other).await.unwrap().unwrap();
    let (code, _) = stage.record.issue_code(T0, Actor::Shell, stage.rider).await.unwrap().unwrap();
    let spare = tempfile::tempdir().unwrap();
    let copy = spare.path().join("copy");
    Record::backup(stage.dir.path(), &copy).await.unwrap();
    let row = stage.record.authenticate(T0, &lost).await.unwrap().unwrap().token;
    stage.record.revoke_token(T0, row).await.unwrap();
    stage.record.suspend(T0, other, admin, "r").await.unwrap().unwrap();
    stage.record.close().await;
    let dir = stage.dir.path();
    for (how, works) in [(SIGN_OUT_ALL, false), (AS_IT_IS, true)] {
        // Each time over a record that took the rights back.
        let taken_back = tempfile::tempdir().unwrap();
        std::fs::copy(dir.join("record.sqlite"), taken_back.path().join("record.sqlite")).unwrap();
        let restored = restore(taken_back.path(), &copy, how).await.unwrap();
        assert_eq!((restored.tokens, restored.codes), (3, 1));
        assert_eq!(restored.revived, Some(Revived { tokens: 2, accounts: 1 }));
        let back = Record::open(taken_back.path(), env(7)).await.unwrap();
        for token in [&kept, &lost, &suspended] {
            assert_eq!(back.authenticate(T0, token).await.unwrap().is_some(), works);
        }
        assert_eq!(back.redeem_code(T0, &code, None).await.unwrap().is_some(), works);
        let audited: i64 = sqlx::query_scalar("select count(*) from audit where action = 'all_signed_out'")
            .fetch_one(&back.read)
            .await
            .unwrap();
        assert_eq!(audited, i64::from(!works));
        assert!(matches!(back.verify_audit().await.unwrap(), AuditChain::Intact(_)));
        back.close().await;
    }
}

#[tokio::test]
async fn a_copy_of_the_first_schema_comes_back_too() {
    let (older, spare) = (Stage::older(1).await, tempfile::tempdir().unwrap());
    let copy = spare.path().join("copy");
    Record::backup(older.path(), &copy).await.unwrap();
    restore(older.path(), &copy, SIGN_OUT_ALL).await.unwrap();
    Record::open(older.path(), env(7)).await.unwrap().close().await;
}

#[tokio::test]
async fn what_root_puts_back_belongs_to_who_owns_the_directory() {
    const SOMEBODY: u32 = 12_345;
    let (stage, spare) = (Stage::new().await, tempfile::tempdir().unwrap());
    let copy = spare.path().join("copy");
    Record::backup(stage.dir.path(), &copy).await.unwrap();
    let (dir, made) = (spare.path().join("data"), spare.path().join("made"));
    for dir in [&dir, &made] {
        std::fs::create_dir(dir).unwrap();
        if chown(dir, Some(SOMEBODY), Some(SOMEBODY)).is_err() {
            eprintln!("not root: nothing can belong to somebody else here");
            return;
        }
    }
    restore(&dir, &copy, NEW).await.unwrap();
    Record::create_beside(&made, env(1)).await.unwrap().close().await;
    for file in [dir.join("record.sqlite"), dir.join("lock"), made.join("record.sqlite"), made.join("lock")] {
        let meta = std::fs::metadata(&file).unwrap();
        assert_eq!((meta.uid(), meta.gid(), meta.mode() & 0o777), (SOMEBODY, SOMEBODY, 0o600), "{}", file.display());
    }
}

#[tokio::test]
async fn sessions_after_a_restore_are_later_than_those_before_it() {
    let stage = Stage::new().await;
    let spare = tempfile::tempdir().unwrap();
    let copy = spare.path().join("copy.sqlite");
    Record::backup(stage.dir.path(), &copy).await.unwrap();
    let mut before = 0;
    for _ in 0..3 {
        before = stage.record.next_session_epoch(stage.rider, None).await.unwrap().unwrap().epoch;
    }
    stage.record.close().await;
    restore(stage.dir.path(), &copy, AS_IT_IS).await.unwrap();
    let back = Record::open(stage.dir.path(), env(7)).await.unwrap();
    let after = back.next_session_epoch(stage.rider, None).await.unwrap().unwrap().epoch;
    assert!(after > before, "{after} after {before}: what Redis still holds would count as newer");
    back.close().await;
}

#[tokio::test]
async fn what_a_restored_record_says_outranks_what_pages_and_phones_were_told_after_the_copy() {
    let stage = Stage::new().await;
    let (trip, crew) = stage.assigned("k").await;
    let spare = tempfile::tempdir().unwrap();
    let copy = spare.path().join("copy");
    Record::backup(stage.dir.path(), &copy).await.unwrap();
    stage.walk_to(trip, &crew, Phase::EnRoute).await;
    let told = stage.row(trip).await.change_no;
    let (seq, _) = stage.record.outbox_seq(stage.rider).await.unwrap();
    stage.record.close().await;
    restore(stage.dir.path(), &copy, AS_IT_IS).await.unwrap();
    let back = Record::open(stage.dir.path(), env(7)).await.unwrap();
    let row = back.trip(trip).await.unwrap().unwrap();
    assert!(row.trip.phase == Phase::Assigned && row.change_no > told, "{} after {told}", row.change_no);
    let (last, _) = back.outbox_seq(stage.rider).await.unwrap();
    let rows = back.outbox_of(stage.rider, seq, 256).await.unwrap();
    assert!(
        last > seq && (rows.len() as i64) < last - seq,
        "a phone that was told more does not go on as if nothing had been"
    );
    back.close().await;
}
