//! The contract of an assigned crew: taps, ends, dropping out.

use super::stage::*;
use super::*;
use matcher::model::{BookingKind, OfferState, Phase, Timestamp};
use matcher::policy::limits;

#[tokio::test]
async fn the_trip_shows_the_slowest_member() {
    let stage = Stage::new().await;
    let (trip, [a, b]) = stage.assigned("k").await;
    for (staff, tap, shown) in [
        (a, Phase::EnRoute, Phase::Assigned),
        (a, Phase::Arrived, Phase::Assigned),
        (b, Phase::EnRoute, Phase::EnRoute),
        (b, Phase::Arrived, Phase::Arrived),
    ] {
        stage.tap(trip, staff, tap).await.unwrap();
        assert_eq!(stage.phase(trip).await, shown, "after {}", tap.word());
    }
}

#[tokio::test]
async fn taps_go_forward_only() {
    let stage = Stage::new().await;
    let (trip, [a, b]) = stage.assigned("k").await;
    assert_eq!(stage.tap(trip, a, Phase::Met).await, Err(Refusal::WrongPhase(Phase::Assigned)));
    stage.tap(trip, a, Phase::EnRoute).await.unwrap();
    stage.tap(trip, a, Phase::Arrived).await.unwrap();
    assert_eq!(stage.tap(trip, a, Phase::Met).await, Err(Refusal::WrongPhase(Phase::Assigned)), "b is still away");
    assert_eq!(stage.tap(trip, a, Phase::NoShow).await, Err(Refusal::WrongPhase(Phase::Assigned)));
    stage.tap(trip, b, Phase::EnRoute).await.unwrap();
    stage.tap(trip, b, Phase::Arrived).await.unwrap();
    assert_eq!(stage.tap(trip, b, Phase::Escorting).await, Err(Refusal::WrongPhase(Phase::Arrived)));
    stage.tap(trip, b, Phase::Met).await.unwrap();
    for phase in [Phase::Requested, Phase::Assigned, Phase::Cancelled, Phase::Unserved] {
        assert_eq!(stage.tap(trip, b, phase).await, Err(Refusal::WrongPhase(Phase::Met)), "{}", phase.word());
    }
}

#[tokio::test]
async fn arrived_counts_without_en_route_for_who_stands_there_already() {
    let stage = Stage::new().await;
    let (trip, [a, b]) = stage.assigned("k").await;
    stage.tap(trip, a, Phase::Arrived).await.unwrap();
    assert_eq!(stage.phase(trip).await, Phase::Assigned, "the other has not set out");
    assert_eq!(
        stage.tap(trip, a, Phase::EnRoute).await,
        Ok(()),
        "the tap that was lost comes late and changes nothing"
    );
    assert_eq!(stage.row(trip).await.crew[0].phase, Phase::Arrived);
    stage.tap(trip, b, Phase::Arrived).await.unwrap();
    assert_eq!(stage.phase(trip).await, Phase::Arrived);
}

#[tokio::test]
async fn nobody_sets_out_long_before_they_must() {
    let stage = Stage::new().await;
    let pickup_at = T0.plus_s(3_600);
    let trip = stage.book("k", BookingKind::At(pickup_at)).await.trips[0];
    let crew = stage.staff(2).await;
    assert_eq!(stage.place(T0, trip, &crew).await, Applied::Done);
    for member in &crew {
        stage.answer(T0, *member, true).await.unwrap();
    }
    // The way takes them 300 s.
    let from = pickup_at.plus_s(-(300 + limits::LEAVE_MARGIN_S + limits::SET_OUT_EARLY_S));
    let tap = async |now| stage.record.set_status(now, trip, crew[0], Phase::EnRoute).await.unwrap();
    assert_eq!(tap(Timestamp(from.0 - 1)).await, Err(Refusal::TooEarlyToSetOut));
    assert_eq!(tap(from).await, Ok(()));
}

#[tokio::test]
async fn a_repeated_tap_is_ok_and_tells_nobody() {
    let stage = Stage::new().await;
    let (trip, [a, b]) = stage.assigned("k").await;
    stage.tap(trip, a, Phase::EnRoute).await.unwrap();
    assert_eq!((stage.last_mail(a).await, stage.last_mail(b).await), ("trip".to_owned(), "trip".to_owned()));
    let head = stage.record.outbox_head().await.unwrap();
    stage.tap(trip, a, Phase::EnRoute).await.unwrap();
    assert_eq!(stage.record.outbox_head().await.unwrap(), head);
    stage.tap(trip, b, Phase::EnRoute).await.unwrap();
    stage.walk_to(trip, &[a, b], Phase::Completed).await;
    let head = stage.record.outbox_head().await.unwrap();
    assert_eq!(stage.tap(trip, a, Phase::Completed).await, Ok(()));
    assert_eq!(stage.tap(trip, b, Phase::Met).await, Err(Refusal::WrongPhase(Phase::Completed)));
    assert_eq!(stage.record.outbox_head().await.unwrap(), head);
}

#[tokio::test]
async fn strangers_to_the_crew_tap_nothing() {
    let stage = Stage::new().await;
    let (trip, _) = stage.assigned("k").await;
    let stranger = stage.staff(1).await[0];
    assert_eq!(stage.tap(trip, stranger, Phase::EnRoute).await, Err(Refusal::NotFound));
    let open = stage.trip("open").await;
    let asked = stage.staff(2).await;
    stage.place(T0, open, &asked).await;
    stage.answer(T0, asked[0], true).await.unwrap();
    assert_eq!(stage.tap(open, asked[0], Phase::EnRoute).await, Err(Refusal::NotFound), "accepted is not assigned");
}

#[tokio::test]
async fn completing_frees_the_crew_and_takes_the_trip_from_their_phones() {
    let stage = Stage::new().await;
    let (trip, [a, b]) = stage.assigned("k").await;
    stage.walk_to(trip, &[a, b], Phase::Completed).await;
    for member in [a, b] {
        assert_eq!(stage.duty(member).await, None);
        assert_eq!(stage.last_mail(member).await, "trip_gone:completed");
        assert!(stage.record.trip_of_staff(member).await.unwrap().is_none());
    }
    assert_eq!(stage.last_mail(stage.rider).await, "trip");
    assert!(stage.row(trip).await.crew.is_empty());
    let next = stage.trip("next").await;
    assert_eq!(stage.place(T0, next, &[a, b]).await, Applied::Done, "free for the next trip");
    let row = stage.row(next).await;
    let mut known = vec![a, b];
    known.sort_unstable();
    assert_eq!(row.trip.rules.known, known, "the same faces are known now");
}

#[tokio::test]
async fn no_show_ends_the_trip_for_all() {
    let stage = Stage::new().await;
    let (trip, [a, b]) = stage.assigned("k").await;
    stage.walk_to(trip, &[a, b], Phase::Arrived).await;
    stage.tap(trip, b, Phase::NoShow).await.unwrap();
    assert_eq!(stage.phase(trip).await, Phase::NoShow);
    assert_eq!(stage.last_mail(a).await, "trip_gone:no_show");
    assert!(stage.row(trip).await.trip.rules.known.is_empty());
}

#[tokio::test]
async fn a_no_show_is_an_incident_that_somebody_must_take_and_an_sos_does_not_join_it() {
    let stage = Stage::new().await;
    let (trip, [a, b]) = stage.assigned("k").await;
    stage.walk_to(trip, &[a, b], Phase::Arrived).await;
    for _ in 0..2 {
        stage.tap(trip, b, Phase::NoShow).await.unwrap();
    }
    let open = stage.record.open_incidents().await.unwrap();
    assert_eq!(open.len(), 1, "a repeat raises nothing");
    let raised = &open[0];
    assert_eq!((raised.kind, raised.raised_by, raised.trip), (IncidentKind::NoShow, b, Some(trip)));
    assert!(raised.no.is_some() && raised.role == Role::Staff);
    let staff = stage.record.account(b).await.unwrap().unwrap();
    let sos = stage.record.raise_sos(T0, &staff, None, None).await.unwrap().unwrap();
    assert_ne!(sos, raised.id);
    let supervisor = stage.record.create_supervisor(T0, Actor::Shell, stage.agency, "v").await.unwrap().unwrap();
    stage.record.acknowledge_incident(T0, raised.id, &supervisor).await.unwrap().unwrap();
    let open: Vec<_> = stage.record.open_incidents().await.unwrap().iter().map(|i| i.kind).collect();
    assert_eq!(open, [IncidentKind::Sos]);
    assert_eq!(stage.last_mail(b).await, "trip_gone:no_show", "nobody pressed, so no phone is told");
}

#[tokio::test]
async fn drop_out_keeps_the_others_without_the_meeting_point() {
    for from in [Phase::Assigned, Phase::EnRoute, Phase::Arrived] {
        let stage = Stage::new().await;
        let (trip, [a, b]) = stage.assigned("k").await;
        stage.walk_to(trip, &[a, b], from).await;
        let now = T0.plus_s(100);
        assert_eq!(stage.record.drop_out(now, trip, a).await.unwrap(), Ok(()));
        let row = stage.row(trip).await;
        assert_eq!(row.trip.phase, Phase::Matching, "from {}", from.word());
        assert_eq!(row.crew.len(), 1);
        assert_eq!((row.crew[0].offer.staff, row.crew[0].phase), (b, Phase::Offered));
        assert_eq!((row.rider_word, row.crew_word), (None, None));
        assert!(stage.record.trip_of_staff(b).await.unwrap().is_none());
        assert_eq!(stage.last_mail(a).await, "trip_gone:dropped_out");
        let mail = stage.mail(b).await;
        assert_eq!(mail[mail.len() - 2..], ["trip_gone:refilling", "partner"]);
        let due = stage.record.due(now, 1).await.unwrap().pop().unwrap();
        assert_eq!((due.vacant_since, due.declined), (Some(now), vec![a]));
        let head = stage.record.outbox_head().await.unwrap();
        assert_eq!(stage.record.drop_out(now, trip, a).await.unwrap(), Ok(()), "a repeat");
        assert_eq!(stage.record.outbox_head().await.unwrap(), head);
    }
}

#[tokio::test]
async fn after_a_drop_out_the_refilled_crew_is_assigned_anew() {
    let stage = Stage::new().await;
    let (trip, [a, b]) = stage.assigned("k").await;
    stage.record.drop_out(T0, trip, a).await.unwrap().unwrap();
    let spare = stage.staff(1).await[0];
    let slot = 1 - stage.row(trip).await.crew[0].offer.slot;
    let placements = vec![Placement { slot, staff: spare, eta_s: 30, sure: None, after: None }];
    let effect = Effect::PlaceOffers { trip, placements, expires_at: T0.plus_s(OFFER_S) };
    assert_eq!(stage.apply(T0, effect).await, Applied::Done);
    assert_eq!(stage.answer(T0, spare, true).await, Ok(OfferState::Accepted));
    let row = stage.row(trip).await;
    assert_eq!(row.trip.phase, Phase::Assigned);
    assert!(row.crew.iter().all(|m| m.phase == Phase::Assigned));
    assert_eq!(stage.last_mail(b).await, "trip");
}

#[tokio::test]
async fn an_accepted_member_may_drop_out_before_the_assignment_but_an_open_offer_is_declined() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    let refused = stage.record.drop_out(T0, trip, crew[0]).await.unwrap();
    assert_eq!(refused, Err(Refusal::WrongPhase(Phase::Offered)));
    stage.answer(T0, crew[0], true).await.unwrap();
    assert_eq!(stage.record.drop_out(T0, trip, crew[0]).await.unwrap(), Ok(()));
    assert_eq!(stage.duty(crew[0]).await, None);
    assert_eq!(stage.phase(trip).await, Phase::Offered, "the other is still asked");
}

#[tokio::test]
async fn nobody_drops_out_after_the_meeting() {
    for from in [Phase::Met, Phase::Escorting] {
        let stage = Stage::new().await;
        let (trip, [a, b]) = stage.assigned("k").await;
        stage.walk_to(trip, &[a, b], from).await;
        assert_eq!(stage.record.drop_out(T0, trip, a).await.unwrap(), Err(Refusal::WrongPhase(from)));
        assert_eq!(stage.record.trip_of_staff(a).await.unwrap().unwrap().trip.phase, from);
    }
}

#[tokio::test]
async fn a_shift_does_not_end_while_a_slot_is_held() {
    let stage = Stage::new().await;
    let (trip, [a, b]) = stage.assigned("k").await;
    assert_eq!(stage.record.end_shift(T0, a).await.unwrap(), Err(Refusal::WrongPhase(Phase::Assigned)));
    stage.walk_to(trip, &[a, b], Phase::Completed).await;
    assert_eq!(stage.record.end_shift(T0, a).await.unwrap(), Ok(()));
    let roster = stage.record.roster(T0).await.unwrap();
    assert!(roster.iter().find(|e| e.staff.id == a).unwrap().shift.is_none());
}

#[tokio::test]
async fn a_slot_is_taken_back_from_who_waits_and_from_nobody_whose_crew_is_whole() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    stage.answer(T0, crew[0], true).await.unwrap();
    let back = |staff| Effect::TakeBack { trip, staff, rule: "shift_ends_before" };
    assert_eq!(stage.apply(T0, back(crew[0])).await, Applied::Done);
    assert_eq!(stage.last_mail(crew[0]).await, "offer_closed:taken_back");
    assert_eq!(stage.last_mail(crew[1]).await, "partner", "who is kept is told");
    let row = stage.row(trip).await;
    assert_eq!((row.trip.phase, row.crew.len(), row.crew[0].offer.staff), (Phase::Offered, 1, crew[1]));
    let due = stage.record.due(T0, 10).await.unwrap();
    assert_eq!((due.len(), due[0].declined.len()), (1, 0), "refilled at once, by anybody");
    let said: Vec<String> = sqlx::query_scalar("select detail from audit where action = 'slot_taken_back'")
        .fetch_all(&stage.record.read)
        .await
        .unwrap();
    assert_eq!(said, ["shift_ends_before"]);
    assert_eq!(stage.apply(T0, back(crew[0])).await, Applied::LostRace, "once");
    assert_eq!(stage.apply(T0, back(crew[1])).await, Applied::Done);
    assert_eq!((stage.phase(trip).await, stage.row(trip).await.crew.len()), (Phase::Matching, 0));

    let (whole, members) = stage.assigned("whole").await;
    let effect = Effect::TakeBack { trip: whole, staff: members[0], rule: "shift_ends_before" };
    assert_eq!(stage.apply(T0, effect).await, Applied::LostRace);
    assert_eq!(stage.row(whole).await.crew.len(), 2);
}

#[tokio::test]
async fn whether_the_others_have_time_is_looked_at_at_once_when_a_car_comes_or_goes() {
    let stage = Stage::new().await;
    let mut new = booking(stage.rider, "k", matcher::model::BookingKind::Now);
    new.length = matcher::model::TripLength { by_car_s: 600, without_s: 3_600 };
    let trip = stage.record.book(T0, &new).await.unwrap().unwrap().trips[0];
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    for (state, after_s) in [("held", 3), ("accepted", 6)] {
        let now = T0.plus_s(after_s);
        assert!(stage.record.due(now, 10).await.unwrap().is_empty(), "{state}");
        let mode = if state == "held" { matcher::model::Mode::Drive } else { matcher::model::Mode::Walk };
        stage.record.start_shift(now, crew[0], NewShift { mode, hours: 8 }).await.unwrap().unwrap();
        assert_eq!(stage.record.due(now, 10).await.unwrap().len(), 1, "{state}");
        // As the engine does when it has looked.
        stage.apply(now, Effect::Defer { trip, due_at: T0.plus_s(OFFER_S) }).await;
        if state == "held" {
            stage.answer(now, crew[0], true).await.unwrap();
        }
    }
}
