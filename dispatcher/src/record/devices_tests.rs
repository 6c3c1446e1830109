//! What a tracker's secret is good for, and how it ends.

use super::stage::{Stage, T0};
use super::*;

#[tokio::test]
async fn a_trackers_secret_is_no_token_and_a_token_no_trackers_secret() {
    let stage = Stage::new().await;
    let staff = stage.off_shift().await;
    let token = stage.record.issue_token(T0, staff).await.unwrap().unwrap();
    let (secret, device) = stage.record.issue_device(T0, Actor::Shell, staff, "phone").await.unwrap().unwrap();
    assert!(stage.record.authenticate(T0, &secret).await.unwrap().is_none());
    assert!(stage.record.authenticate_device(T0, &token).await.unwrap().is_none());
    let known = stage.record.authenticate_device(T0, &secret).await.unwrap().unwrap();
    assert_eq!((known.account.id, known.token), (staff, device.id));
    assert_eq!(stage.record.devices(T0, Some(staff)).await.unwrap(), [device]);
}

#[tokio::test]
async fn only_active_staff_have_trackers_and_not_many() {
    let stage = Stage::new().await;
    assert!(stage.record.issue_device(T0, Actor::Shell, stage.rider, "x").await.unwrap().is_none());
    let staff = stage.off_shift().await;
    for _ in 0..DEVICES_MAX {
        assert!(stage.record.issue_device(T0, Actor::Shell, staff, "x").await.unwrap().is_some());
    }
    assert!(stage.record.issue_device(T0, Actor::Shell, staff, "x").await.unwrap().is_none());
}

#[tokio::test]
async fn revocation_suspension_and_time_end_a_tracker_and_the_first_two_are_in_the_list() {
    let stage = Stage::new().await;
    let admin = stage.record.create_admin(T0, Actor::Shell, "a").await.unwrap().id;
    let staff = stage.staff(2).await;
    let make = async |who| stage.record.issue_device(T0, Actor::Shell, who, "x").await.unwrap().unwrap();
    let works = async |at, secret: &str| stage.record.authenticate_device(at, secret).await.unwrap().is_some();
    let (first, one) = make(staff[0]).await;
    let (second, _) = make(staff[0]).await;
    let (third, _) = make(staff[1]).await;
    assert!(works(T0.plus_s(DEVICE_TTL_S - 1), &first).await && !works(T0.plus_s(DEVICE_TTL_S), &first).await);
    assert!(stage.record.revoke_device(T0, Actor::Shell, one.id).await.unwrap());
    assert!(!stage.record.revoke_device(T0, Actor::Shell, one.id).await.unwrap(), "a repeat says so");
    assert!(!works(T0, &first).await && works(T0, &second).await);
    stage.record.suspend(T0, staff[1], admin, "r").await.unwrap().unwrap();
    assert!(!works(T0, &third).await);
    let list = stage.record.revocations_after(0).await.unwrap();
    assert_eq!(
        list.iter().map(|r| (r.account, r.token)).collect::<Vec<_>>(),
        [(staff[0], Some(one.id)), (staff[1], None)]
    );
}

#[tokio::test]
async fn a_sign_in_cannot_be_ended_as_a_tracker() {
    let stage = Stage::new().await;
    let token = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let row = stage.record.authenticate(T0, &token).await.unwrap().unwrap().token;
    assert!(!stage.record.revoke_device(T0, Actor::Shell, row).await.unwrap());
    assert!(stage.record.authenticate(T0, &token).await.unwrap().is_some());
}
