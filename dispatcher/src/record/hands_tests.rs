//! The contract of what people decide over a trip.

use super::stage::*;
use super::*;
use matcher::model::{BookingKind, OfferState, Phase, Timestamp};
use matcher::policy::limits;

#[tokio::test]
async fn cancel_works_in_every_phase_and_frees_the_crew() {
    let phases = [Phase::Assigned, Phase::EnRoute, Phase::Arrived, Phase::Met, Phase::Escorting];
    for from in phases {
        let stage = Stage::new().await;
        let (trip, crew) = stage.assigned("k").await;
        stage.walk_to(trip, &crew, from).await;
        for _ in 0..2 {
            assert_eq!(stage.record.cancel(T0, trip, hand(stage.rider)).await.unwrap(), Ok(()), "from {}", from.word());
        }
        assert_eq!(stage.phase(trip).await, Phase::Cancelled);
        for member in crew {
            assert_eq!(stage.duty(member).await, None);
            assert_eq!(stage.last_mail(member).await, "trip_gone:cancelled");
        }
    }
}

#[tokio::test]
async fn cancel_while_searching_closes_the_offers() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    stage.answer(T0, crew[0], true).await.unwrap();
    let open = stage.offer(crew[1]).await;
    stage.record.cancel(T0, trip, hand(stage.rider)).await.unwrap().unwrap();
    for member in &crew {
        assert_eq!(stage.last_mail(*member).await, "offer_closed:cancelled");
        assert_eq!(stage.duty(*member).await, None);
    }
    assert_eq!(stage.record.answer(T0, open, crew[1], true).await.unwrap(), Err(Refusal::OfferClosed));
    assert_eq!(stage.record.next_due_at().await.unwrap(), None);
}

#[tokio::test]
async fn what_has_ended_is_not_cancelled() {
    let stage = Stage::new().await;
    let (trip, crew) = stage.assigned("k").await;
    stage.walk_to(trip, &crew, Phase::Completed).await;
    let refused = stage.record.cancel(T0, trip, hand(stage.rider)).await.unwrap();
    assert_eq!(refused, Err(Refusal::WrongPhase(Phase::Completed)));
}

#[tokio::test]
async fn hand_assignment_replaces_what_is_open() {
    let stage = Stage::new().await;
    let supervisor = stage.record.create_supervisor(T0, Actor::Shell, stage.agency, "v").await.unwrap().unwrap().id;
    let trip = stage.trip("k").await;
    let staff = stage.staff(3).await;
    stage.place(T0, trip, &staff[0..2]).await;
    let chosen = placements(&[staff[2], staff[1]]);
    let done = stage.record.assign_by_hand(T0, trip, hand(supervisor), &[], &chosen, T0.plus_s(OFFER_S)).await.unwrap();
    assert_eq!(done, Ok(()));
    let row = stage.row(trip).await;
    assert_eq!(row.trip.phase, Phase::Offered);
    assert_eq!(row.crew.iter().map(|m| m.offer.staff).collect::<Vec<_>>(), [staff[2], staff[1]]);
    assert_eq!(stage.mail(staff[0]).await, ["offer", "offer_closed:taken_back"]);
    assert_eq!(stage.mail(staff[1]).await, ["offer", "offer_closed:taken_back", "offer"]);
    for member in [staff[1], staff[2]] {
        stage.answer(T0, member, true).await.unwrap();
    }
    assert_eq!(stage.phase(trip).await, Phase::Assigned);
}

#[tokio::test]
async fn nobody_is_assigned_by_hand_before_the_engine_may_look_for_a_crew() {
    let stage = Stage::new().await;
    let pickup_at = T0.plus_s(4 * 3_600);
    let trip = stage.book("k", BookingKind::At(pickup_at)).await.trips[0];
    let crew = placements(&stage.staff(2).await);
    let look_from = pickup_at.plus_s(-limits::LOOK_AHEAD_S);
    let assign = async |now| {
        stage.record.assign_by_hand(now, trip, hand(stage.rider), &[], &crew, now.plus_s(OFFER_S)).await.unwrap()
    };
    assert_eq!(assign(Timestamp(look_from.0 - 1)).await, Err(Refusal::TooEarlyToAssign));
    assert_eq!(stage.phase(trip).await, Phase::Reserved);
    assert_eq!(assign(look_from).await, Ok(()));
}

#[tokio::test]
async fn hand_assignment_is_all_or_nothing() {
    let stage = Stage::new().await;
    let (_, [busy, _]) = stage.assigned("busy").await;
    let trip = stage.trip("k").await;
    let staff = stage.staff(3).await;
    stage.place(T0, trip, &staff[0..2]).await;
    let off = stage.off_shift().await;
    let free = staff[2];
    let table = [
        (vec![free], Refusal::CrewSizeMismatch),
        (vec![free, free], Refusal::CrewSizeMismatch),
        (vec![free, busy], Refusal::StaffBusy),
        (vec![free, off], Refusal::NotOnShift),
        (vec![free, stage.rider], Refusal::UnknownStaff),
    ];
    for (crew, refusal) in table {
        let done = stage
            .record
            .assign_by_hand(T0, trip, hand(stage.rider), &[], &placements(&crew), T0.plus_s(9))
            .await
            .unwrap();
        assert_eq!(done, Err(refusal));
    }
    let crew: Vec<_> = stage.row(trip).await.crew.iter().map(|m| m.offer.staff).collect();
    assert_eq!(crew, staff[0..2], "the open offers are as they were");
    assert_eq!(stage.mail(free).await.len(), 0);
}

#[tokio::test]
async fn one_member_is_kept_and_the_other_replaced_by_hand() {
    for from in [Phase::Offered, Phase::Assigned, Phase::EnRoute, Phase::Arrived] {
        let stage = Stage::new().await;
        let trip = stage.trip("k").await;
        let staff = stage.staff(3).await;
        let [a, b, c] = staff[..] else { panic!("three") };
        stage.place(T0, trip, &[b, a]).await;
        stage.answer(T0, a, true).await.unwrap();
        if from > Phase::Offered {
            stage.answer(T0, b, true).await.unwrap();
            stage.walk_to(trip, &[a, b], from).await;
        }
        let chosen = placements(&[c]);
        let done =
            stage.record.assign_by_hand(T0, trip, hand(stage.rider), &[a], &chosen, T0.plus_s(OFFER_S)).await.unwrap();
        assert_eq!(done, Ok(()), "from {}", from.word());
        let row = stage.row(trip).await;
        assert_eq!((row.trip.phase, row.rider_word), (Phase::Offered, None));
        let crew: Vec<_> = row.crew.iter().map(|m| (m.offer.slot, m.offer.staff, m.offer.state)).collect();
        assert_eq!(crew, [(0, c, OfferState::Open), (1, a, OfferState::Accepted)], "from {}", from.word());
        assert!(stage.record.trip_of_staff(a).await.unwrap().is_none(), "no meeting point for half a crew");
        assert_eq!(stage.duty(b).await, None);
        let told = if from == Phase::Offered { "offer_closed:taken_back" } else { "trip_gone:released" };
        assert_eq!(stage.last_mail(b).await, told);
        stage.answer(T0, c, true).await.unwrap();
        assert_eq!(stage.phase(trip).await, Phase::Assigned);
    }
}

#[tokio::test]
async fn naming_the_present_crew_changes_nothing_and_one_who_has_gone_is_not_kept() {
    let stage = Stage::new().await;
    let (trip, [a, b]) = stage.assigned("k").await;
    let spare = stage.staff(1).await[0];
    let (before, until) = (stage.row(trip).await.change_no, T0.plus_s(OFFER_S));
    assert_eq!(stage.record.assign_by_hand(T0, trip, hand(stage.rider), &[a, b], &[], until).await.unwrap(), Ok(()));
    assert_eq!(stage.row(trip).await.change_no, before);
    stage.record.drop_out(T0, trip, a).await.unwrap().unwrap();
    let done =
        stage.record.assign_by_hand(T0, trip, hand(stage.rider), &[a], &placements(&[spare]), until).await.unwrap();
    assert_eq!(done, Err(Refusal::WrongPhase(Phase::Matching)));
    stage.record.cancel(T0, trip, hand(stage.rider)).await.unwrap().unwrap();
    let (met, crew) = stage.assigned("met").await;
    stage.walk_to(met, &crew, Phase::Met).await;
    for (keep, ask) in [(vec![crew[0]], vec![spare]), (crew.to_vec(), vec![])] {
        let ask = placements(&ask);
        let done = stage.record.assign_by_hand(T0, met, hand(stage.rider), &keep, &ask, until).await.unwrap();
        assert_eq!(done, Err(Refusal::WrongPhase(Phase::Met)), "after the meeting it is a hand-over");
    }
}

#[tokio::test]
async fn release_frees_the_crew_and_searches_at_once_without_them() {
    let stage = Stage::new().await;
    let (trip, crew) = stage.assigned("k").await;
    let now = T0.plus_s(7);
    assert_eq!(stage.record.release(now, trip, hand(stage.rider)).await.unwrap(), Ok(()));
    let due = stage.record.due(now, 1).await.unwrap().pop().unwrap();
    assert_eq!((due.row.trip.phase, due.row.crew.len()), (Phase::Matching, 0));
    let mut freed = crew.to_vec();
    freed.sort_unstable();
    assert_eq!(due.declined, freed, "the same crew is not sent straight back");
    for member in crew {
        assert_eq!(stage.last_mail(member).await, "trip_gone:released");
    }
    assert_eq!(stage.record.release(now, trip, hand(stage.rider)).await.unwrap(), Ok(()), "a repeat");
    stage.place(now, trip, &crew).await;
    assert_eq!(stage.record.release(now, trip, hand(stage.rider)).await.unwrap(), Ok(()));
    assert_eq!(stage.last_mail(crew[0]).await, "offer_closed:taken_back");
}

#[tokio::test]
async fn release_is_refused_after_the_meeting_and_after_the_end() {
    for from in [Phase::Met, Phase::Escorting, Phase::Completed] {
        let stage = Stage::new().await;
        let (trip, crew) = stage.assigned("k").await;
        stage.walk_to(trip, &crew, from).await;
        assert_eq!(stage.record.release(T0, trip, hand(stage.rider)).await.unwrap(), Err(Refusal::WrongPhase(from)));
    }
}

#[tokio::test]
async fn giving_up_is_for_searching_trips_only() {
    let stage = Stage::new().await;
    let (assigned, _) = stage.assigned("a").await;
    let refused = stage.record.give_up(T0, assigned, hand(stage.rider), "r").await.unwrap();
    assert_eq!(refused, Err(Refusal::WrongPhase(Phase::Assigned)));
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    for _ in 0..2 {
        assert_eq!(stage.record.give_up(T0, trip, hand(stage.rider), "nobody").await.unwrap(), Ok(()));
    }
    assert_eq!(stage.phase(trip).await, Phase::Unserved);
    assert_eq!(stage.last_mail(crew[0]).await, "offer_closed:taken_back");
}

#[tokio::test]
async fn an_unknown_trip_is_not_found() {
    let stage = Stage::new().await;
    let none = matcher::model::TripId(stage.rider.0);
    assert_eq!(stage.record.cancel(T0, none, hand(stage.rider)).await.unwrap(), Err(Refusal::NotFound));
    assert_eq!(stage.record.release(T0, none, hand(stage.rider)).await.unwrap(), Err(Refusal::NotFound));
    assert_eq!(stage.record.drop_out(T0, none, stage.rider).await.unwrap(), Err(Refusal::NotFound));
    assert!(stage.record.trip(none).await.unwrap().is_none());
}
