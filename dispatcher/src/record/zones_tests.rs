//! Scenes about avoid zones.

use super::stage::{Stage, T0, new_rider};
use super::*;
use geo::Position;
use matcher::model::AccountId;
use uuid::Uuid;

fn place() -> Position {
    Position::new(37.5, 127.0).unwrap()
}

async fn add(stage: &Stage, rider: AccountId) -> Result<AvoidZone, Refusal> {
    stage.record.add_zone(T0, Actor::Shell, rider, place(), 100).await.unwrap()
}

#[tokio::test]
async fn a_zone_stays_over_a_restart_and_leaves_nothing_when_taken_back() {
    let mut stage = Stage::new().await;
    let zone = add(&stage, stage.rider).await.unwrap();
    stage.reopen().await;
    assert_eq!(stage.record.zones_of(stage.rider).await.unwrap(), std::slice::from_ref(&zone));
    stage.record.remove_zone(T0, Actor::Shell, zone.id).await.unwrap().unwrap();
    assert!(stage.record.zones_of(stage.rider).await.unwrap().is_empty());
    let again = stage.record.remove_zone(T0, Actor::Shell, zone.id).await.unwrap();
    assert_eq!(again, Err(Refusal::NotFound));
    let audit = stage.record.audit_of(stage.rider.0, 2).await.unwrap();
    let actions: Vec<&str> = audit.iter().map(|row| row.1.as_str()).collect();
    assert_eq!(actions, ["avoid_zone_removed", "avoid_zone_added"]);
    assert!(audit.iter().all(|row| !row.2.contains("37") && !row.2.contains("127")), "no place: {audit:?}");
}

#[tokio::test]
async fn only_riders_have_zones_and_not_too_many() {
    let stage = Stage::new().await;
    let staff = stage.off_shift().await;
    assert_eq!(add(&stage, staff).await, Err(Refusal::NotFound));
    assert_eq!(add(&stage, AccountId(Uuid::nil())).await, Err(Refusal::NotFound));
    for _ in 0..ZONES_MAX {
        add(&stage, stage.rider).await.unwrap();
    }
    assert_eq!(add(&stage, stage.rider).await, Err(Refusal::TooManyZones));
    assert_eq!(stage.record.zones_of(stage.rider).await.unwrap().len(), ZONES_MAX);
}

/// Files of the directory that hold the bytes.
fn holding(stage: &Stage, bytes: &[u8]) -> Vec<String> {
    let files = std::fs::read_dir(stage.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let with = files.filter(|path| std::fs::read(path).unwrap().windows(bytes.len()).any(|window| window == bytes));
    with.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn where_a_zone_was_is_in_no_file_once_it_is_taken_back() {
    let stage = Stage::new().await;
    let center = Position::new(37.512_345_6, 127.065_432_1).unwrap();
    // As SQLite writes them, one after the other.
    let place = [center.lat_e7().to_be_bytes(), center.lon_e7().to_be_bytes()].concat();
    let mut zones = Vec::new();
    // So many that whole pages fall free.
    for _ in 0..16 {
        let rider = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
        for _ in 0..ZONES_MAX {
            zones.push(stage.record.add_zone(T0, Actor::Shell, rider, center, 100).await.unwrap().unwrap().id);
        }
    }
    assert!(!holding(&stage, &place).is_empty(), "it is on the record while it counts");
    for zone in zones {
        stage.record.remove_zone(T0, Actor::Shell, zone).await.unwrap().unwrap();
    }
    assert_eq!(holding(&stage, &place), Vec::<String>::new(), "while the server runs");
    let free: i64 = sqlx::query_scalar("pragma freelist_count").fetch_one(&stage.record.read).await.unwrap();
    assert!(free > 0, "pages fell free");
    stage.record.close().await;
    assert_eq!(holding(&stage, &place), Vec::<String>::new(), "after the end");
}
