//! Facts about rows that cannot be read: each is passed over and known of, and everybody else's stay as they are.

use super::row::blob;
use super::series_tests::commute;
use super::stage::{Stage, T0};
use super::{Actor, Effect, NewCondition, Numbered, RecordError, RowKind, Streets, Tail};
use geo::road::calibrate::CLASSES;
use geo::road::data::RoadClass;
use geo::road::{FreeTimes, Observation, Profile};
use matcher::model::{AccountId, TripId};
use matcher::schedule::day_of;

impl Stage {
    /// Damages a row.
    async fn damage(&self, sql: &'static str, key: uuid::Uuid) {
        for pragma in ["pragma ignore_check_constraints = on", "pragma foreign_keys = off"] {
            sqlx::query(pragma).execute(&self.record.write).await.unwrap();
        }
        let done = sqlx::query(sql).bind(blob(key)).execute(&self.record.write).await.unwrap();
        assert!(done.rows_affected() > 0, "{sql}");
    }

    /// The roster is to read them anew.
    async fn touch(&self, staff: &[AccountId]) {
        let mut write = self.record.begin(T0).await.unwrap();
        for id in staff {
            write.roster_changed(*id);
        }
        write.commit().await.unwrap();
    }

    async fn open_ids(&self) -> Vec<TripId> {
        self.record.open_trips().await.unwrap().iter().map(|row| row.trip.id).collect()
    }
}

#[tokio::test]
async fn a_trip_with_any_part_that_cannot_be_read_is_passed_over_alone() {
    for sql in [
        "update trips set phase = 'later' where id = ?",
        "update trips set pickup_lat = 2000000000 where id = ?",
        "update trips set rider_word = cast(x'ff' as text) where id = ?",
        "update holds set offer_state = 'later' where trip = ?",
        "update holds set slot = 1000 where slot = 1 and trip = ?",
        "update holds set phase = 'later' where slot = 0 and trip = ?",
    ] {
        let stage = Stage::new().await;
        let (broken, _) = stage.assigned("broken").await;
        let whole = stage.trip("whole").await;
        assert!(stage.record.unreadable().is_empty());
        stage.damage(sql, broken.0).await;
        assert!(matches!(stage.record.trip(broken).await, Err(RecordError::Unreadable(_))), "{sql}");
        assert_eq!(stage.open_ids().await, [whole], "{sql}");
        assert_eq!(stage.record.unreadable(), [RowKind::Trips], "{sql}");
        let changed = stage.record.trips_changed_after(0, 2).await.unwrap();
        assert_eq!(changed.rows.iter().map(|row| row.trip.id).collect::<Vec<_>>(), [whole], "{sql}");
        assert_eq!((changed.passed_over, changed.is_full), (vec![broken.0], true), "{sql}");
        let rest = stage.record.trips_changed_after(changed.upto, 2).await.unwrap();
        assert_eq!((rest.rows.len(), rest.upto, rest.is_full), (0, changed.upto, false), "{sql}");
    }
}

#[tokio::test]
async fn what_is_said_of_one_street_and_cannot_be_read_keeps_nothing_else_from_counting() {
    for sql in [
        "update conditions set class = 'later' where id = ?",
        "update conditions set class = null, radius_m = 70000, lat = 0, lon = 0 where id = ?",
    ] {
        let stage = Stage::new().await;
        let mut ids = Vec::new();
        for class in [RoadClass::Primary, RoadClass::Tertiary] {
            let says = NewCondition {
                factor: Some(2.0),
                streets: Streets::Class(class),
                walk: true,
                drive: true,
                cycle: true,
                hours: None,
                until: None,
            };
            ids.push(stage.record.add_condition(T0, Actor::Shell, says).await.unwrap().unwrap().id);
        }
        stage.damage(sql, ids[0]).await;
        for _ in 0..2 {
            let read = stage.record.conditions().await.unwrap();
            assert_eq!(read.iter().map(|condition| condition.id).collect::<Vec<_>>(), ids[1..], "{sql}");
            assert_eq!(stage.record.unreadable(), [RowKind::Conditions], "{sql}");
        }
        // Whoever takes it back ends it.
        stage.record.remove_condition(T0, Actor::Shell, ids[0]).await.unwrap().unwrap();
        assert_eq!(stage.record.conditions().await.unwrap().len(), 1);
        assert!(stage.record.unreadable().is_empty(), "{sql}");
    }
}

#[tokio::test]
async fn what_one_way_taught_and_cannot_be_read_keeps_nothing_else_from_being_learnt() {
    let stage = Stage::new().await;
    let free = FreeTimes { by_class_ms: [60_000; CLASSES], fixed_ms: 0 };
    let seen = Observation {
        profile: Profile::Walk,
        day: day_of(T0) as u32,
        hour: 9,
        free,
        took_ms: 500_000,
        with_rider: false,
    };
    stage.record.note_observations(T0, &[seen; 3]).await.unwrap();
    sqlx::query("pragma ignore_check_constraints = on").execute(&stage.record.write).await.unwrap();
    sqlx::query("update travel_observations set profile = 'later' where id = 2")
        .execute(&stage.record.write)
        .await
        .unwrap();
    assert_eq!(stage.record.observations().await.unwrap(), [seen; 2]);
    assert_eq!(stage.record.unreadable(), [RowKind::Observations]);
}

#[tokio::test]
async fn a_page_of_nothing_but_trips_that_cannot_be_read_is_gone_past() {
    let stage = Stage::new().await;
    let (one, two, whole) = (stage.trip("one").await, stage.trip("two").await, stage.trip("whole").await);
    for broken in [one, two] {
        stage.record.spoil(broken).await;
    }
    let first = stage.record.trips_changed_after(0, 2).await.unwrap();
    assert_eq!((first.rows.len(), first.is_full), (0, true));
    let rest = stage.record.trips_changed_after(first.upto, 2).await.unwrap();
    assert_eq!(rest.rows[0].trip.id, whole);
}

#[tokio::test]
async fn trips_that_cannot_be_read_are_due_again_in_a_minute_and_keep_no_other_from_being_looked_at() {
    let stage = Stage::new().await;
    let (broken, whole) = (stage.trip("broken").await, stage.trip("whole").await);
    stage.record.spoil(broken).await;
    stage.apply(T0, Effect::Defer { trip: whole, due_at: T0.plus_s(30) }).await;
    assert!(stage.record.due(T0, 1).await.unwrap().is_empty());
    assert_eq!(stage.record.next_due_at().await.unwrap(), Some(T0), "asked for without a pause");
    stage.record.put_off_unreadable(T0).await.unwrap();
    assert_eq!(stage.record.next_due_at().await.unwrap(), Some(T0.plus_s(30)));
    assert_eq!(stage.record.due(T0.plus_s(59), 1).await.unwrap()[0].row.trip.id, whole);
    stage.apply(T0.plus_s(59), Effect::Defer { trip: whole, due_at: T0.plus_s(90) }).await;
    assert_eq!(stage.record.next_due_at().await.unwrap(), Some(T0.plus_s(60)), "and then again");
}

#[tokio::test]
async fn what_can_be_read_after_all_is_read_once_more_and_known_no_longer() {
    let stage = Stage::new().await;
    let (trip, whole) = (stage.trip("k").await, stage.trip("whole").await);
    let rider = stage.record.account(stage.rider).await.unwrap().unwrap();
    let alarm = stage.record.raise_sos(T0, &rider, None, None).await.unwrap().unwrap();
    stage.damage("update trips set phase = 'later' where id = ?", trip.0).await;
    stage.damage("update incidents set kind = 'later' where id = ?", alarm.0).await;
    assert_eq!(stage.open_ids().await, [whole]);
    assert!(stage.record.open_incidents().await.unwrap().is_empty());
    assert!(stage.record.incidents_shown(T0).await.unwrap().is_empty());
    let none = stage.record.readable_again().await.unwrap();
    assert_eq!((none.0.len(), none.1.len()), (0, 0));
    assert_eq!(stage.record.unreadable(), [RowKind::Trips, RowKind::Incidents]);
    stage.damage("update trips set phase = 'matching' where id = ?", trip.0).await;
    stage.damage("update incidents set kind = 'sos' where id = ?", alarm.0).await;
    // Who reads them for something else tells nobody of them.
    assert_eq!((stage.open_ids().await.len(), stage.record.open_incidents().await.unwrap().len()), (2, 1));
    let again = stage.record.readable_again().await.unwrap();
    assert_eq!((again.0[0].trip.id, again.1[0].id), (trip, alarm));
    assert!(stage.record.unreadable().is_empty());
}

#[tokio::test]
async fn an_alarm_that_cannot_be_read_silences_no_other_and_is_gone_past() {
    let stage = Stage::new().await;
    let rider = stage.record.account(stage.rider).await.unwrap().unwrap();
    let whole = stage.record.raise_sos(T0, &rider, None, None).await.unwrap().unwrap();
    let broken = stage.record.raise_sos(T0.plus_s(90), &rider, None, None).await.unwrap().unwrap();
    stage.damage("update incidents set fix_lat = 1, fix_lon = 1, fix_kind = 99 where id = ?", broken.0).await;
    let shown = stage.record.incidents_shown(T0).await.unwrap();
    assert_eq!(shown.iter().map(|alarm| alarm.id).collect::<Vec<_>>(), [whole]);
    let changed = stage.record.incidents_changed_after(0).await.unwrap();
    assert_eq!((changed.rows.len(), &changed.passed_over[..]), (1, &[broken.0][..]));
    assert!(changed.upto > changed.rows[0].change_no);
    assert_eq!(stage.record.incidents_changed_after(changed.upto).await.unwrap().upto, changed.upto);
    assert_eq!(stage.record.unreadable(), [RowKind::Incidents]);
}

#[tokio::test]
async fn who_cannot_be_read_is_on_no_roster_and_everybody_else_is_until_they_can_be() {
    for (sql, mend) in [
        ("update shifts set mode = 'fly' where staff = ?", "update shifts set mode = 'walk' where staff = ?"),
        // A wall against nobody knows whom: they may not go to anybody.
        ("insert into conflicts (staff, rider) values (?, x'00')", "delete from conflicts where staff = ?"),
    ] {
        let stage = Stage::new().await;
        let staff = stage.staff(3).await;
        let on_roster = async || {
            let roster = stage.record.roster(T0).await.unwrap();
            roster.iter().map(|entry| entry.staff.id).collect::<Vec<AccountId>>()
        };
        assert_eq!(on_roster().await, staff);
        stage.damage(sql, staff[1].0).await;
        stage.touch(&staff).await;
        assert_eq!(on_roster().await, [staff[0], staff[2]], "{sql}");
        assert_eq!(stage.record.unreadable(), [RowKind::Staff]);
        stage.damage(mend, staff[1].0).await;
        // Whoever else changes.
        stage.touch(&staff[..1]).await;
        assert_eq!(on_roster().await, staff, "{sql}");
        assert!(stage.record.unreadable().is_empty());
    }
}

#[tokio::test]
async fn a_commute_that_cannot_be_read_keeps_nobody_else_from_their_way_to_work() {
    let stage = Stage::new().await;
    let [broken, _whole] = [stage.book("a", commute()).await, stage.book("b", commute()).await];
    let series = stage.row(broken.trips[0]).await.trip.booking;
    stage.damage("update series set outward_at = 'dawn' where booking = ?", series.0).await;
    assert_eq!(stage.record.expand_series(T0.plus_s(86_400)).await.unwrap(), 2, "one more day of the other");
    assert_eq!(stage.record.unreadable(), [RowKind::Series]);
    stage.damage("update series set outward_at = '09:00:00' where booking = ?", series.0).await;
    assert_eq!(stage.record.expand_series(T0.plus_s(86_400)).await.unwrap(), 2);
    assert!(stage.record.unreadable().is_empty());
}

/// Whose each message is, with its number, and whether it can be read.
fn told(tail: &Tail) -> Vec<(AccountId, i64, bool)> {
    let one = |message: &Numbered| match message {
        Numbered::Row(row) => (row.recipient, row.seq, true),
        Numbered::Unreadable { recipient, seq } => (*recipient, *seq, false),
    };
    tail.messages.iter().map(one).collect()
}

#[tokio::test]
async fn a_message_that_cannot_be_read_holds_up_none_behind_it_and_is_said_to_have_been_there() {
    let stage = Stage::new().await;
    for hours in [1, 2, 3] {
        stage.in_hours(hours).await;
    }
    let rider = stage.rider;
    assert_eq!(stage.record.outbox_seq(rider).await.unwrap().0, 3);
    stage.record.spoil_messages(rider, 1..=2, false).await;
    // A page of nothing else is gone past.
    let first = stage.record.outbox_after(0, 2).await.unwrap();
    assert_eq!((told(&first), first.is_full), (vec![(rider, 1, false), (rider, 2, false)], true));
    let rest = stage.record.outbox_after(first.upto, 2).await.unwrap();
    assert_eq!((told(&rest), rest.is_full), (vec![(rider, 3, true)], false));
    assert_eq!(rest.upto, stage.record.outbox_head().await.unwrap());
    let own = stage.record.outbox_of(rider, 0, 10).await.unwrap();
    assert_eq!(own.iter().map(|row| row.seq).collect::<Vec<_>>(), [3]);
    assert_eq!(stage.record.unreadable(), [RowKind::Outbox]);
    // Of one it cannot even be read whose it was.
    stage.record.spoil_messages(rider, 2..=2, true).await;
    assert_eq!(told(&stage.record.outbox_after(0, 10).await.unwrap()), [(rider, 1, false), (rider, 3, true)]);
    // Nobody can acknowledge it: it goes after a day, and nothing else does.
    assert_eq!(stage.record.prune(T0.plus_s(3_600)).await.unwrap(), 0);
    assert_eq!(stage.record.prune(T0.plus_s(2 * 86_400)).await.unwrap(), 1);
    assert_eq!(told(&stage.record.outbox_after(0, 10).await.unwrap()), [(rider, 1, false), (rider, 3, true)]);
}

#[tokio::test]
async fn messages_that_can_be_read_after_all_or_are_gone_are_known_no_longer() {
    let stage = Stage::new().await;
    for hours in [1, 2] {
        stage.in_hours(hours).await;
    }
    stage.record.spoil_messages(stage.rider, 1..=2, false).await;
    stage.record.outbox_after(0, 10).await.unwrap();
    stage.damage("update outbox set kind = 'trip' where seq = 1 and recipient = ?", stage.rider.0).await;
    stage.record.readable_again().await.unwrap();
    assert_eq!(stage.record.unreadable(), [RowKind::Outbox]);
    stage.damage("delete from outbox where seq = 2 and recipient = ?", stage.rider.0).await;
    stage.record.readable_again().await.unwrap();
    assert!(stage.record.unreadable().is_empty());
}
