//! Facts about what the record keeps of sessions: few, of each sign-in something, and nothing of those that are over.

use super::super::stage::{Stage, T0, env};
use super::super::{Record, RestoreHow};
use super::{PhoneSession, SESSIONS_MAX};

async fn sign_in(stage: &Stage) -> i64 {
    let token = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    stage.record.authenticate(T0, &token).await.unwrap().unwrap().token
}

async fn begins(stage: &Stage, token: i64, number: Option<u32>) -> Vec<PhoneSession> {
    stage.record.next_session_epoch(stage.rider, Some((token, number))).await.unwrap().unwrap().phones
}

#[tokio::test]
async fn sessions_outlive_the_server_and_end_with_their_sign_in() {
    let mut stage = Stage::new().await;
    let (one, two) = (sign_in(&stage).await, sign_in(&stage).await);
    begins(&stage, one, None).await;
    begins(&stage, two, Some(u32::MAX)).await;
    let told = begins(&stage, one, None).await;
    let expected = [
        PhoneSession { token: one, number: None, epoch: 3 },
        PhoneSession { token: two, number: Some(u32::MAX), epoch: 2 },
    ];
    assert_eq!(told, expected);
    stage.reopen().await;
    assert_eq!(stage.record.phone_sessions(stage.rider).await.unwrap(), expected);
    stage.record.revoke_token(T0, one).await.unwrap();
    assert_eq!(stage.record.phone_sessions(stage.rider).await.unwrap(), expected[1..]);
    let dead = stage.record.next_session_epoch(stage.rider, Some((one, None))).await.unwrap();
    assert!(dead.is_none() && stage.record.phone_sessions(stage.rider).await.unwrap() == expected[1..]);
}

#[tokio::test]
async fn of_too_many_sessions_those_of_the_sign_in_with_the_most_go_first() {
    let stage = Stage::new().await;
    let (one, two) = (sign_in(&stage).await, sign_in(&stage).await);
    begins(&stage, one, Some(1)).await;
    let mut told = Vec::new();
    for number in 0..40 {
        told = begins(&stage, two, Some(number)).await;
    }
    assert_eq!(told.len(), SESSIONS_MAX as usize);
    assert!(told.contains(&PhoneSession { token: one, number: Some(1), epoch: 1 }), "{told:?}");
    let kept: Vec<u32> = told.iter().filter(|session| session.token == two).filter_map(|s| s.number).collect();
    assert_eq!(kept, (25..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn sessions_of_a_restored_record_keep_their_order_and_outrank_what_came_after_the_copy() {
    let stage = Stage::new().await;
    let (one, two) = (sign_in(&stage).await, sign_in(&stage).await);
    begins(&stage, two, None).await;
    begins(&stage, one, None).await;
    let spare = tempfile::tempdir().unwrap();
    let copy = spare.path().join("copy.sqlite");
    Record::backup(stage.dir.path(), &copy).await.unwrap();
    let later = begins(&stage, one, None).await[0].epoch;
    stage.record.close().await;
    let how = RestoreHow { sign_out_all: false, create: false };
    Record::restore(stage.dir.path(), &copy, how, &env(7)).await.unwrap();
    let back = Record::open(stage.dir.path(), env(8)).await.unwrap();
    let told = back.phone_sessions(stage.rider).await.unwrap();
    assert!(told[0].token == one && told[0].epoch > told[1].epoch && told[1].epoch > later, "{told:?}");
    back.close().await;
}
