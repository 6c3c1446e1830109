//! Scenes about closed and slow streets.

use super::conditions::KEYS_KEPT_S;
use super::stage::{Stage, T0};
use super::*;
use geo::Position;
use geo::road::data::RoadClass;
use matcher::model::Timestamp;
use uuid::Uuid;

fn at(lon: f64) -> Position {
    Position::new(37.5, lon).unwrap()
}

fn closed(until: Option<Timestamp>) -> NewCondition {
    let streets = Streets::Around { center: at(127.0), radius_m: 40 };
    NewCondition { factor: None, streets, walk: false, drive: true, cycle: false, hours: None, until }
}

#[tokio::test]
async fn every_kind_comes_back_as_it_was_said_after_a_restart_and_is_audited() {
    let mut stage = Stage::new().await;
    let along = |both_carriageways| Streets::Along { from: at(127.0), to: at(127.01), both_carriageways };
    let said = [
        closed(Some(T0.plus_s(600))),
        NewCondition { factor: Some(1.6), streets: along(true), walk: true, hours: Some((22, 5)), ..closed(None) },
        NewCondition { factor: Some(0.8), streets: Streets::Class(RoadClass::Path), cycle: true, ..closed(None) },
        NewCondition { streets: along(false), ..closed(None) },
    ];
    let mut made = Vec::new();
    for (says, nth) in said.into_iter().zip(0..) {
        made.push(stage.record.add_condition(T0.plus_s(nth), Actor::Shell, says).await.unwrap().unwrap());
    }
    stage.reopen().await;
    assert_eq!(stage.record.conditions().await.unwrap(), made);
    stage.record.remove_condition(T0, Actor::Shell, made[1].id).await.unwrap().unwrap();
    assert_eq!(stage.record.conditions().await.unwrap(), [made[0].clone(), made[2].clone(), made[3].clone()]);
    let again = stage.record.remove_condition(T0, Actor::Shell, made[1].id).await.unwrap();
    assert_eq!(again, Err(Refusal::NotFound));
    let actions = |rows: Vec<(_, String, _)>| rows.into_iter().map(|row| row.1).collect::<Vec<_>>();
    let audit = stage.record.audit_of(made[1].id, 3).await.unwrap();
    assert_eq!(actions(audit), ["condition_removed", "condition_added"]);
}

#[tokio::test]
async fn what_has_run_out_is_dropped_by_the_clock_and_the_rest_stays() {
    let stage = Stage::new().await;
    let short = stage.record.add_condition(T0, Actor::Shell, closed(Some(T0.plus_s(60)))).await.unwrap().unwrap();
    let long = stage.record.add_condition(T0, Actor::Shell, closed(None)).await.unwrap().unwrap();
    assert_eq!(stage.record.expire_conditions(Timestamp(T0.plus_s(60).0 - 1)).await.unwrap(), 0);
    assert_eq!(stage.record.expire_conditions(T0.plus_s(60)).await.unwrap(), 1);
    assert_eq!(stage.record.conditions().await.unwrap(), [long]);
    assert_eq!(stage.record.audit_of(short.id, 1).await.unwrap()[0].1, "condition_expired");
}

#[tokio::test]
async fn there_is_an_end_to_them() {
    let stage = Stage::new().await;
    for _ in 0..CONDITIONS_MAX {
        stage.record.add_condition(T0, Actor::Shell, closed(None)).await.unwrap().unwrap();
    }
    let more = stage.record.add_condition(T0, Actor::Shell, closed(None)).await.unwrap();
    assert_eq!(more, Err(Refusal::TooManyConditions));
    let gone = stage.record.remove_condition(T0, Actor::Shell, Uuid::nil()).await.unwrap();
    assert_eq!(gone, Err(Refusal::NotFound));
}

#[test]
fn hours_hold_every_day_and_over_midnight() {
    // T0 is 08:00 in Korea.
    let holds =
        |hours, plus_h: i64| NewCondition { hours: Some(hours), ..closed(None) }.holds_at(T0.plus_s(plus_h * 3_600));
    assert!(holds((8, 9), 0) && !holds((8, 9), 1) && holds((8, 9), 24));
    assert!(holds((22, 5), 14) && holds((22, 5), 20) && !holds((22, 5), 21) && !holds((22, 5), 13));
    assert!(holds((0, 24), 5));
    let until = closed(Some(T0.plus_s(1)));
    assert!(until.holds_at(T0) && !until.holds_at(T0.plus_s(1)));
}

#[tokio::test]
async fn what_was_said_for_everybody_before_there_were_bicycles_is_for_them_too() {
    let older = Stage::older(9).await;
    let (write, _) = open::connect(&older.path().join("record.sqlite"));
    for (id, walk, drive) in [(1u8, 1, 1), (2, 0, 1), (3, 1, 0)] {
        sqlx::query(
            "insert into conditions (id, factor, lat, lon, radius_m, walk, drive, created_at)
             values (?, null, 375000000, 1270000000, 40, ?, ?, ?)",
        )
        .bind(Uuid::from_u128(u128::from(id)).as_bytes().to_vec())
        .bind(walk)
        .bind(drive)
        .bind(T0.0)
        .execute(&write)
        .await
        .unwrap();
    }
    write.close().await;
    let record = Record::open(older.path(), super::stage::env(1)).await.unwrap();
    let for_bicycles: Vec<bool> = record.conditions().await.unwrap().iter().map(|one| one.says.cycle).collect();
    assert_eq!(for_bicycles, [true, false, false]);
}

#[tokio::test]
async fn what_was_said_along_a_street_before_carriageways_were_told_apart_is_of_one() {
    let older = Stage::older(20).await;
    let (write, _) = open::connect(&older.path().join("record.sqlite"));
    sqlx::query(
        "insert into conditions (id, factor, lat, lon, to_lat, to_lon, walk, drive, cycle, created_at)
         values (?, null, 375000000, 1270000000, 375000000, 1270100000, 0, 1, 0, ?)",
    )
    .bind(Uuid::from_u128(1).as_bytes().to_vec())
    .bind(T0.0)
    .execute(&write)
    .await
    .unwrap();
    write.close().await;
    let record = Record::open(older.path(), super::stage::env(1)).await.unwrap();
    let along = Streets::Along { from: at(127.0), to: at(127.01), both_carriageways: false };
    assert_eq!(record.conditions().await.unwrap()[0].says.streets, along);
}

#[tokio::test]
async fn a_key_is_known_for_a_day() {
    let stage = Stage::new().await;
    let account = stage.rider;
    let under = |key| SaidUnder { account, key, body_sha256: [7; 32] };
    let say = async |now, key| {
        stage.record.add_condition_once(now, Actor::Shell, closed(None), &under(key)).await.unwrap().unwrap()
    };
    let (first, fresh) = say(T0, "k").await;
    assert!(fresh);
    say(T0.plus_s(KEYS_KEPT_S), "another").await;
    assert_eq!(say(T0.plus_s(KEYS_KEPT_S), "k").await, (first.clone(), false));
    assert_eq!(stage.record.find_condition(&under("k")).await.unwrap(), Ok(Some(first)));
    say(T0.plus_s(KEYS_KEPT_S + 1), "a third").await;
    assert_eq!(stage.record.find_condition(&under("k")).await.unwrap(), Ok(None));
}
