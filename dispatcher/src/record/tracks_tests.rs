//! Which fixes come onto which track, and how they leave it.

use super::stage::{Stage, T0};
use super::tracks::TRACK_OLD_MAX;
use super::*;
use geo::{Fix, FixKind, Position};
use matcher::model::{AccountId, Phase, Timestamp, TripId};

fn fix(staff: AccountId, seq: u32, after_s: i64) -> TrackFix {
    let fix = Fix {
        position: Position::new(37.5 + f64::from(seq) * 1e-4, 127.0).unwrap(),
        accuracy_m: 7.2,
        kind: FixKind::Gps,
        taken_at_ms: T0.plus_s(after_s).0,
        session_epoch: 1,
        seq,
    };
    TrackFix { staff, fix, verdict: "ok" }
}

async fn track(stage: &Stage, trip: TripId, now: Timestamp) -> Vec<TrackRow> {
    let who = stage.record.create_admin(T0, Actor::Shell, "a").await.unwrap().id;
    stage.record.reveal_track(now, who, trip, "check").await.unwrap().0
}

fn noted(kept: u64, of_no_trip: u64, beyond_limit: u64) -> TrackNoted {
    TrackNoted { kept, of_no_trip, beyond_limit }
}

#[tokio::test]
async fn fixes_find_the_trip_they_were_taken_on_each_once_and_in_the_phones_order() {
    let stage = Stage::new().await;
    let (trip, [one, two]) = stage.assigned("k").await;
    let stranger = stage.staff(1).await[0];
    // Late ones after the newer, one twice, one from before the assignment, one of somebody who is of no crew.
    let batch =
        [fix(one, 9, 40), fix(one, 3, 10), fix(one, 3, 10), fix(two, 5, 12), fix(one, 1, -1), fix(stranger, 2, 10)];
    assert_eq!(stage.record.note_track(T0.plus_s(60), &batch).await.unwrap(), noted(4, 2, 0));
    assert_eq!(stage.record.note_track(T0.plus_s(61), &batch[..1]).await.unwrap(), noted(1, 0, 0), "again");
    let rows = track(&stage, trip, T0.plus_s(60)).await;
    let of = |who| rows.iter().filter(|r| r.staff == who).map(|r| r.taken_at.since_ms(T0) / 1_000).collect::<Vec<_>>();
    assert_eq!((of(one), of(two), rows.len()), (vec![10, 40], vec![12], 3));
    assert_eq!((rows[0].accuracy_m, rows[0].verdict.as_str()), (8, "ok"));
}

#[tokio::test]
async fn what_comes_after_the_end_is_kept_if_it_was_taken_before_it() {
    let stage = Stage::new().await;
    let (trip, crew) = stage.assigned("k").await;
    stage.walk_to(trip, &crew, Phase::Escorting).await;
    stage.record.set_status(T0.plus_s(600), trip, crew[0], Phase::Completed).await.unwrap().unwrap();
    let batch = [fix(crew[0], 1, 599), fix(crew[0], 2, 600), fix(crew[0], 3, 601)];
    assert_eq!(stage.record.note_track(T0.plus_s(900), &batch).await.unwrap(), noted(2, 1, 0));
    assert_eq!(track(&stage, trip, T0.plus_s(900)).await.len(), 2);
}

#[tokio::test]
async fn a_member_has_no_more_than_so_many_fixes_on_a_trip() {
    let stage = Stage::new().await;
    let (trip, [one, two]) = stage.assigned("k").await;
    let many: Vec<TrackFix> = (0..TRACK_FIXES_MAX as u32 + 3).map(|n| fix(one, n, i64::from(n))).collect();
    let max = TRACK_FIXES_MAX as u64;
    assert_eq!(stage.record.note_track(T0, &many).await.unwrap(), noted(max, 0, 3));
    assert_eq!(stage.record.note_track(T0, &[fix(one, 9_999, 9), fix(two, 1, 1)]).await.unwrap(), noted(1, 0, 1));
    assert_eq!(track(&stage, trip, T0).await.len() as u64, max + 1);
}

#[tokio::test]
async fn a_track_is_gone_when_its_time_is_over_and_a_look_sees_nothing_older_before_that() {
    let stage = Stage::new().await;
    let (trip, [one, _]) = stage.assigned("k").await;
    stage.record.note_track(T0, &[fix(one, 1, 0), fix(one, 2, 10)]).await.unwrap();
    let later = T0.plus_s(TRACK_KEPT_S + 5);
    assert_eq!(track(&stage, trip, later).await.len(), 1, "not swept yet");
    stage.record.prune(later).await.unwrap();
    assert_eq!(track(&stage, trip, T0).await.len(), 1, "the older one is gone, whoever asks");
    stage.record.prune(later.plus_s(10)).await.unwrap();
    assert!(track(&stage, trip, T0).await.is_empty());
}

#[tokio::test]
async fn every_look_is_on_the_audit_chain() {
    let stage = Stage::new().await;
    let (trip, _) = stage.assigned("k").await;
    track(&stage, trip, T0).await;
    let rows = stage.record.audit_of(trip.0, 1).await.unwrap();
    assert_eq!((rows[0].1.as_str(), rows[0].2.as_str()), ("track_revealed", "check"));
}

#[tokio::test]
async fn what_comes_out_of_turn_leaves_room_for_what_is_believed() {
    let stage = Stage::new().await;
    let (_, [one, _]) = stage.assigned("k").await;
    let old = |n| TrackFix { verdict: "old", ..fix(one, n, i64::from(n)) };
    let many: Vec<TrackFix> = (0..TRACK_OLD_MAX as u32 + 3).map(old).collect();
    assert_eq!(stage.record.note_track(T0, &many).await.unwrap(), noted(TRACK_OLD_MAX as u64, 0, 3));
    assert_eq!(stage.record.note_track(T0, &[old(9_999), fix(one, 9_998, 9)]).await.unwrap(), noted(1, 0, 1));
}

#[tokio::test]
async fn what_was_refused_is_counted_on_the_trip_it_came_on_without_a_place_and_goes_with_the_track() {
    let stage = Stage::new().await;
    let (trip, [one, _]) = stage.assigned("k").await;
    let stranger = stage.staff(1).await[0];
    let refused =
        |staff, verdict, fixes, from, to| Refused { staff, verdict, fixes, came: [T0.plus_s(from), T0.plus_s(to)] };
    let batch = [
        refused(one, "future", 2, 10, 14),
        refused(one, "inaccurate", 1, 12, 12),
        refused(stranger, "future", 1, 10, 10),
    ];
    stage.record.note_refused(T0.plus_s(15), &batch).await.unwrap();
    stage.record.note_refused(T0.plus_s(20), &[refused(one, "future", 3, 16, 19)]).await.unwrap();
    let who = stage.record.create_admin(T0, Actor::Shell, "a").await.unwrap().id;
    let look = async |now| stage.record.reveal_track(now, who, trip, "check").await.unwrap().1;
    let row = |verdict: &str, fixes, from, to| RefusedRow {
        staff: one,
        verdict: verdict.to_owned(),
        fixes,
        came: [T0.plus_s(from), T0.plus_s(to)],
    };
    assert_eq!(look(T0.plus_s(20)).await, [row("future", 5, 10, 19), row("inaccurate", 1, 12, 12)]);
    let later = T0.plus_s(TRACK_KEPT_S + 15);
    assert_eq!(look(later).await, [row("future", 5, 10, 19)], "not swept yet");
    stage.record.prune(later).await.unwrap();
    assert_eq!(look(T0).await, [row("future", 5, 10, 19)], "the older one is gone, whoever asks");
}
