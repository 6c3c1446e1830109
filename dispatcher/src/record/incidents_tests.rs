//! The contract of alarms.

use super::stage::*;
use super::*;
use geo::{Fix, FixKind, Position};

fn fix() -> Fix {
    Fix {
        position: Position::new(37.51, 127.01).unwrap(),
        accuracy_m: 12.5,
        kind: FixKind::Gps,
        taken_at_ms: T0.0,
        session_epoch: 3,
        seq: 9,
    }
}

#[tokio::test]
async fn a_second_press_within_a_minute_joins_the_first() {
    let stage = Stage::new().await;
    let rider = stage.record.account(stage.rider).await.unwrap().unwrap();
    let press =
        async |seconds, fix| stage.record.raise_sos(T0.plus_s(seconds), &rider, None, fix).await.unwrap().unwrap();
    let first = press(0, None).await;
    assert_eq!(press(60, Some(fix())).await, first);
    assert_eq!(stage.record.open_incidents().await.unwrap().len(), 1);
    assert_eq!(
        stage.record.incident(first).await.unwrap().unwrap().fix,
        Some(fix()),
        "the joined press brought a place"
    );
    assert_ne!(press(61, None).await, first);
}

#[tokio::test]
async fn an_alarm_survives_reopen_and_finds_its_trip() {
    let mut stage = Stage::new().await;
    let (trip, [guard, _]) = stage.assigned("k").await;
    let rider = stage.record.account(stage.rider).await.unwrap().unwrap();
    let staff = stage.record.account(guard).await.unwrap().unwrap();
    let other = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap();
    for (by, named, expected) in
        [(&rider, None, Some(trip)), (&staff, Some(trip), Some(trip)), (&other, Some(trip), None)]
    {
        let id = stage.record.raise_sos(T0, by, named, Some(fix())).await.unwrap().unwrap();
        stage.reopen().await;
        let incident = stage.record.incident(id).await.unwrap().unwrap();
        assert_eq!((incident.trip, incident.raised_by, incident.role, incident.no), (expected, by.id, by.role, by.no));
    }
}

#[tokio::test]
async fn the_first_to_take_it_stays_and_who_raised_it_is_told_once() {
    let stage = Stage::new().await;
    let rider = stage.record.account(stage.rider).await.unwrap().unwrap();
    let first = stage.record.create_supervisor(T0, Actor::Shell, stage.agency, "first").await.unwrap().unwrap();
    let second = stage.record.create_supervisor(T0, Actor::Shell, stage.agency, "second").await.unwrap().unwrap();
    let id = stage.record.raise_sos(T0, &rider, None, None).await.unwrap().unwrap();
    let raised = stage.record.incidents_changed_after(0).await.unwrap().upto;
    for by in [&first, &second] {
        assert_eq!(stage.record.acknowledge_incident(T0.plus_s(3), id, by).await.unwrap(), Ok(()));
    }
    assert!(stage.record.open_incidents().await.unwrap().is_empty());
    let changed = stage.record.incidents_changed_after(raised).await.unwrap().rows;
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].acknowledged_by.as_deref(), Some("first"));
    assert_eq!(stage.mail(stage.rider).await, ["sos_taken"]);
    assert_ne!(
        stage.record.raise_sos(T0.plus_s(9), &rider, None, None).await.unwrap().unwrap(),
        id,
        "a new alarm rings"
    );
}

#[tokio::test]
async fn an_unknown_incident_is_not_taken() {
    let stage = Stage::new().await;
    let by = stage.record.create_supervisor(T0, Actor::Shell, stage.agency, "v").await.unwrap().unwrap();
    let none = matcher::model::IncidentId(stage.rider.0);
    assert_eq!(stage.record.acknowledge_incident(T0, none, &by).await.unwrap(), Err(Refusal::NotFound));
}

#[tokio::test]
async fn changes_are_read_by_the_page() {
    const PAGE: usize = 500;
    let stage = Stage::new().await;
    sqlx::query(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i <= 500)
         insert into incidents (id, raised_by, role, raised_at, change_no) select randomblob(16), ?, 'rider', ?, 1000 + i from n",
    )
    .bind(row::blob(stage.rider.0))
    .bind(T0.0)
    .execute(&stage.record.write)
    .await
    .unwrap();
    let first = stage.record.incidents_changed_after(0).await.unwrap();
    assert_eq!((first.rows.len(), first.is_full), (PAGE, true));
    let rest = stage.record.incidents_changed_after(first.upto).await.unwrap();
    assert_eq!((rest.rows.len(), rest.is_full), (1, false));
    assert!(stage.record.incidents_changed_after(rest.upto).await.unwrap().rows.is_empty());
}
