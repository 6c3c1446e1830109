//! A backup comes back whole, the old record is set aside, and what is no record changes nothing.

use super::stage::*;
use super::*;
use matcher::model::AccountId;

#[tokio::test]
async fn a_backup_comes_back_and_the_old_record_is_set_aside() {
    let stage = Stage::new().await;
    let spare = tempfile::tempdir().unwrap();
    let copy = spare.path().join("copy.sqlite");
    stage.record.backup(&copy).await.unwrap();
    let later = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
    let refused = Record::restore(stage.dir.path(), &copy, T0).await.unwrap_err();
    assert!(matches!(refused, RestoreError::Directory(OpenError::Locked)), "{refused}");
    stage.record.close().await;
    let aside = Record::restore(stage.dir.path(), &copy, T0).await.unwrap().unwrap();
    assert!(aside.is_file() && !stage.dir.path().join("record.sqlite-wal").exists());
    let back = Record::open(stage.dir.path(), env(7)).await.unwrap();
    let known = async |id: AccountId| back.account(id).await.unwrap().is_some();
    assert_eq!((known(stage.rider).await, known(later).await), (true, false));
    back.close().await;
}

#[tokio::test]
async fn what_is_no_whole_record_is_refused_and_nothing_changes() {
    let stage = Stage::new().await;
    let spare = tempfile::tempdir().unwrap();
    let file = |name: &str| spare.path().join(name);
    stage.record.backup(&file("good")).await.unwrap();
    stage.record.close().await;
    std::fs::write(file("text"), "not a database at all, and longer than the header of one would be".repeat(20))
        .unwrap();
    std::fs::write(file("empty"), "").unwrap();
    let whole = std::fs::read(file("good")).unwrap();
    std::fs::write(file("cut"), &whole[..whole.len() / 2]).unwrap();
    let before = std::fs::read(stage.dir.path().join("record.sqlite")).unwrap();
    for name in ["text", "empty", "cut", "absent"] {
        assert!(Record::restore(stage.dir.path(), &file(name), T0).await.is_err(), "{name}");
    }
    assert_eq!(std::fs::read(stage.dir.path().join("record.sqlite")).unwrap(), before);
    let fresh = spare.path().join("fresh");
    assert!(Record::restore(&fresh, &file("text"), T0).await.is_err() && !fresh.exists());
    assert_eq!(
        Record::restore(&fresh, &file("good"), T0).await.unwrap(),
        None,
        "a new directory has nothing to set aside"
    );
}
