//! The contract of offers: who wins a race, what an answer does, how a crew becomes an assignment.

use super::stage::*;
use super::*;
use geo::EtaSource;
use matcher::model::{BookingKind, OfferState, Phase, Timestamp};
use matcher::policy::limits;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_racing_placements_of_one_staff_give_exactly_one_win() {
    let stage = Stage::new().await;
    let wanted = stage.staff(1).await[0];
    let partners = stage.staff(50).await;
    let mut tasks = Vec::new();
    for (i, partner) in partners.iter().enumerate() {
        let trip = stage.trip(&format!("k{i}")).await;
        let effect =
            Effect::PlaceOffers { trip, placements: placements(&[wanted, *partner]), expires_at: T0.plus_s(OFFER_S) };
        let record = Arc::clone(&stage.record);
        tasks.push((trip, *partner, tokio::spawn(async move { record.apply(T0, &[], &[effect]).await.unwrap()[0] })));
    }
    let mut wins = 0;
    for (trip, partner, task) in tasks {
        let won = task.await.unwrap() == Applied::Done;
        wins += usize::from(won);
        // A lost race leaves nothing of the trip's other slot.
        assert_eq!(stage.duty(partner).await.is_some(), won);
        assert_eq!(stage.phase(trip).await == Phase::Offered, won);
        assert_eq!(stage.mail(partner).await.len(), usize::from(won));
    }
    assert_eq!(wins, 1);
    assert_eq!(stage.mail(wanted).await, ["offer"]);
}

#[tokio::test]
async fn a_lost_race_undoes_one_trip_of_the_batch_only() {
    let stage = Stage::new().await;
    let staff = stage.staff(5).await;
    let (a, b, c) = (stage.trip("a").await, stage.trip("b").await, stage.trip("c").await);
    let offers =
        |trip, crew: &[_]| Effect::PlaceOffers { trip, placements: placements(crew), expires_at: T0.plus_s(20) };
    let batch = [offers(a, &staff[0..2]), offers(b, &[staff[2], staff[1]]), offers(c, &staff[3..5])];
    let applied = stage.record.apply(T0, &[], &batch).await.unwrap();
    assert_eq!(applied, [Applied::Done, Applied::LostRace, Applied::Done]);
    assert_eq!(stage.duty(staff[2]).await, None);
    assert_eq!(stage.phase(b).await, Phase::Requested);
}

#[tokio::test]
async fn placements_that_do_not_fill_the_crew_are_refused() {
    let stage = Stage::new().await;
    let staff = stage.staff(3).await;
    let off = stage.off_shift().await;
    let trip = stage.trip("k").await;
    for crew in [&staff[0..1], &staff[0..3], &[staff[0], staff[0]][..], &[staff[0], off][..], &[]] {
        assert_eq!(stage.place(T0, trip, crew).await, Applied::LostRace, "{} placed", crew.len());
    }
    assert_eq!(stage.phase(trip).await, Phase::Requested);
    assert_eq!(stage.place(T0, trip, &staff[0..2]).await, Applied::Done);
    assert_eq!(stage.place(T0, trip, &staff[0..2]).await, Applied::LostRace, "its slots are taken");
}

#[tokio::test]
async fn last_accept_assigns_and_reveals_to_everybody() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    assert_eq!(stage.answer(T0, crew[0], true).await, Ok(OfferState::Accepted));
    assert_eq!(stage.phase(trip).await, Phase::Offered);
    assert!(stage.record.trip_of_staff(crew[0]).await.unwrap().is_none(), "not theirs before everybody accepted");
    assert_eq!(stage.answer(T0, crew[1], true).await, Ok(OfferState::Accepted));
    let row = stage.row(trip).await;
    assert_eq!(row.trip.phase, Phase::Assigned);
    assert_eq!(
        row.crew.iter().map(|m| (m.offer.staff, m.phase)).collect::<Vec<_>>(),
        [(crew[0], Phase::Assigned), (crew[1], Phase::Assigned)]
    );
    assert!(row.rider_word.is_some() && row.crew_word.is_some() && row.rider_word != row.crew_word);
    assert_eq!(stage.mail(crew[0]).await, ["offer", "trip"]);
    assert_eq!(stage.mail(crew[1]).await, ["offer", "partner", "trip"]);
    assert_eq!(stage.mail(stage.rider).await, ["trip", "trip", "trip"]);
    assert_eq!(stage.record.trip_of_staff(crew[1]).await.unwrap().unwrap().trip.id, trip);
    assert!(stage.record.duties_of_staff(crew[1]).await.unwrap().offer.is_none());
    assert_eq!(stage.record.next_due_at().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_last_accepts_at_once_make_one_assignment() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    let tasks: Vec<_> = futures(&stage, &crew).await;
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(OfferState::Accepted));
    }
    assert_eq!(stage.phase(trip).await, Phase::Assigned);
    let assignments: i64 =
        sqlx::query_scalar("select count(*) from assignments").fetch_one(&stage.record.read).await.unwrap();
    assert_eq!(assignments, 1);
}

/// Each member accepts ten times at once.
async fn futures(
    stage: &Stage,
    crew: &[matcher::model::AccountId],
) -> Vec<tokio::task::JoinHandle<Result<OfferState, Refusal>>> {
    let mut tasks = Vec::new();
    for member in crew {
        let offer = stage.offer(*member).await;
        for _ in 0..10 {
            let (record, member) = (Arc::clone(&stage.record), *member);
            tasks.push(tokio::spawn(async move { record.answer(T0, offer, member, true).await.unwrap() }));
        }
    }
    tasks
}

#[tokio::test]
async fn the_same_answer_again_is_ok_and_tells_nobody() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    let (yes, no) = (stage.offer(crew[0]).await, stage.offer(crew[1]).await);
    for _ in 0..2 {
        assert_eq!(stage.record.answer(T0, yes, crew[0], true).await.unwrap(), Ok(OfferState::Accepted));
    }
    assert_eq!(stage.mail(crew[1]).await, ["offer", "partner"]);
    for _ in 0..2 {
        assert_eq!(stage.record.answer(T0, no, crew[1], false).await.unwrap(), Ok(OfferState::Declined));
    }
    assert_eq!(stage.mail(crew[1]).await, ["offer", "partner", "offer_closed:answered"]);
    assert_eq!(stage.record.answer(T0, yes, crew[0], false).await.unwrap(), Err(Refusal::AlreadyAnswered));
    assert_eq!(stage.record.answer(T0, no, crew[1], true).await.unwrap(), Err(Refusal::AlreadyAnswered));
}

#[tokio::test]
async fn an_accept_repeated_after_the_assignment_is_ok() {
    let stage = Stage::new().await;
    let (trip, crew) = stage.assigned("k").await;
    let offer = stage.row(trip).await.crew[0].offer.id;
    assert_eq!(stage.record.answer(T0.plus_s(90), offer, crew[0], true).await.unwrap(), Ok(OfferState::Accepted));
}

#[tokio::test]
async fn late_answer_changes_nothing() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    let offer = stage.offer(crew[0]).await;
    let (before, head) = (stage.row(trip).await.change_no, stage.record.outbox_head().await.unwrap());
    let late = Timestamp(T0.plus_s(OFFER_S).0 + 1);
    for accept in [true, false] {
        assert_eq!(stage.record.answer(late, offer, crew[0], accept).await.unwrap(), Err(Refusal::OfferExpired));
    }
    assert_eq!((stage.row(trip).await.change_no, stage.record.outbox_head().await.unwrap()), (before, head));
    let just = T0.plus_s(OFFER_S);
    assert_eq!(stage.record.answer(just, offer, crew[0], true).await.unwrap(), Ok(OfferState::Accepted));
}

#[tokio::test]
async fn an_answer_to_anothers_offer_is_not_found() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let staff = stage.staff(3).await;
    stage.place(T0, trip, &staff[0..2]).await;
    let offer = stage.offer(staff[0]).await;
    assert_eq!(stage.record.answer(T0, offer, staff[2], true).await.unwrap(), Err(Refusal::NotFound));
}

#[tokio::test]
async fn decline_keeps_the_other_and_the_refill_assigns() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let staff = stage.staff(3).await;
    stage.place(T0, trip, &staff[0..2]).await;
    stage.answer(T0, staff[0], true).await.unwrap();
    let at = T0.plus_s(5);
    stage.answer(at, staff[1], false).await.unwrap();
    assert_eq!(stage.phase(trip).await, Phase::Offered);
    let due = stage.record.due(at, 10).await.unwrap().pop().unwrap();
    assert_eq!(due.vacant_since, Some(at));
    assert_eq!(due.declined, [staff[1]]);
    assert_eq!(due.attempt, 1);
    assert_eq!(due.row.crew.iter().map(|m| m.offer.staff).collect::<Vec<_>>(), [staff[0]]);
    let sure = Some(Sure { p90_s: 120, source: EtaSource::Straight });
    let refill = vec![Placement { slot: 1, staff: staff[2], eta_s: 60, sure, after: None }];
    let effect = Effect::PlaceOffers { trip, placements: refill, expires_at: at.plus_s(OFFER_S) };
    assert_eq!(stage.apply(at, effect).await, Applied::Done);
    let asked = stage.record.duties_of_staff(staff[2]).await.unwrap().offer.unwrap();
    assert_eq!((asked.offer.eta_s, Some(asked.sure)), (60, sure), "who is asked is told how sure that is");
    assert!(stage.record.due(at, 10).await.unwrap().is_empty());
    stage.answer(at, staff[2], true).await.unwrap();
    assert_eq!(stage.phase(trip).await, Phase::Assigned);
    assert_eq!(stage.mail(staff[0]).await, ["offer", "partner", "partner", "trip"]);
    assert_eq!(stage.duty(staff[1]).await, None);
}

#[tokio::test]
async fn expiry_closes_the_late_offer_and_keeps_the_accepted_one() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    stage.answer(T0, crew[0], true).await.unwrap();
    let expires = T0.plus_s(OFFER_S);
    assert_eq!(stage.apply(expires, Effect::ExpireOffers { trip }).await, Applied::LostRace, "not late yet");
    assert!(stage.record.due(expires, 10).await.unwrap().is_empty());
    let late = Timestamp(expires.0 + 1);
    assert_eq!(stage.record.next_due_at().await.unwrap(), Some(late));
    assert_eq!(stage.record.due(late, 10).await.unwrap().len(), 1);
    assert_eq!(stage.apply(late, Effect::ExpireOffers { trip }).await, Applied::Done);
    assert_eq!(stage.last_mail(crew[1]).await, "offer_closed:expired");
    let due = stage.record.due(late, 10).await.unwrap().pop().unwrap();
    assert_eq!((due.vacant_since, due.declined), (Some(late), vec![crew[1]]));
    assert_eq!(due.row.crew.len(), 1);
}

#[tokio::test]
async fn a_silent_phone_is_asked_again_after_a_while_and_one_that_declined_is_not() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    stage.answer(T0, crew[0], false).await.unwrap();
    let late = T0.plus_s(OFFER_S + 1);
    assert_eq!(stage.apply(late, Effect::ExpireOffers { trip }).await, Applied::Done);
    let cooled = late.plus_s(limits::SILENT_S);
    let not_asked = async |now| stage.record.due(now, 1).await.unwrap().pop().unwrap().declined;
    let mut both = crew.clone();
    both.sort_unstable();
    assert_eq!(not_asked(Timestamp(cooled.0 - 1)).await, both);
    assert_eq!(not_asked(cooled).await, [crew[0]]);
    assert_eq!(not_asked(cooled.plus_s(86_400)).await, [crew[0]]);
}

#[tokio::test]
async fn with_nobody_left_the_trip_is_searching_again() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    for member in &crew {
        stage.answer(T0, *member, false).await.unwrap();
    }
    let due = stage.record.due(T0, 10).await.unwrap().pop().unwrap();
    assert_eq!((due.row.trip.phase, due.vacant_since, due.declined.len()), (Phase::Matching, None, 2));
}

/// A trip in four hours whose crew was asked now, and how it lost that crew.
#[tokio::test]
async fn a_crew_lost_long_before_its_time_leaves_the_trip_reserved_and_nobody_held() {
    let pickup_at = T0.plus_s(4 * 3_600);
    let look_from = pickup_at.plus_s(-limits::LOOK_AHEAD_S);
    for loss in ["decline", "expiry", "drop out", "release", "dissolve"] {
        for (now, again) in [(T0.plus_s(60), Phase::Reserved), (look_from, Phase::Matching)] {
            let stage = Stage::new().await;
            let trip = stage.book("k", BookingKind::At(pickup_at)).await.trips[0];
            let crew = stage.staff(2).await;
            let asked_at = now.plus_s(-30);
            let offers = Effect::PlaceOffers { trip, placements: placements(&crew), expires_at: now.plus_s(-1) };
            assert_eq!(stage.apply(asked_at, offers).await, Applied::Done);
            if loss != "expiry" && loss != "dissolve" {
                stage.answer(asked_at, crew[0], true).await.unwrap();
            }
            match loss {
                "decline" => assert!(stage.answer(asked_at, crew[1], false).await.is_ok()),
                "expiry" => assert_eq!(stage.apply(now, Effect::ExpireOffers { trip }).await, Applied::Done),
                "dissolve" => assert_eq!(stage.apply(now, Effect::Dissolve { trip, due_at: now }).await, Applied::Done),
                "release" => stage.record.release(now, trip, hand(stage.rider)).await.unwrap().unwrap(),
                _ => {
                    stage.answer(asked_at, crew[1], true).await.unwrap();
                    stage.record.drop_out(now, trip, crew[1]).await.unwrap().unwrap();
                }
            }
            let phase = stage.phase(trip).await;
            if again == Phase::Reserved {
                assert_eq!(phase, Phase::Reserved, "{loss}");
                for member in &crew {
                    assert_eq!(stage.duty(*member).await, None, "{loss}");
                }
                assert_eq!(stage.record.next_due_at().await.unwrap(), Some(look_from), "{loss}");
                let due = stage.record.due(look_from, 1).await.unwrap().pop().unwrap();
                assert_eq!(
                    (due.row.live_since, due.vacant_since, due.row.trip.escalated_at),
                    (None, None, None),
                    "{loss}"
                );
            } else {
                // The decline came half a minute before the search may begin.
                assert_eq!(phase, if loss == "decline" { Phase::Reserved } else { again }, "{loss}");
            }
        }
    }
}

#[tokio::test]
async fn dissolve_frees_everybody_and_counts_the_next_crew() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let staff = stage.staff(3).await;
    stage.place(T0, trip, &staff[0..2]).await;
    let open = stage.offer(staff[0]).await;
    stage.answer(T0, staff[1], true).await.unwrap();
    let later = T0.plus_s(30);
    assert_eq!(stage.apply(T0, Effect::Dissolve { trip, due_at: later }).await, Applied::Done);
    for member in &staff[0..2] {
        assert_eq!(stage.duty(*member).await, None);
        assert_eq!(stage.last_mail(*member).await, "offer_closed:taken_back");
    }
    assert_eq!(stage.record.answer(T0, open, staff[0], true).await.unwrap(), Err(Refusal::OfferClosed));
    assert_eq!(stage.record.next_due_at().await.unwrap(), Some(later));
    stage.place(later, trip, &staff[1..3]).await;
    assert_eq!(stage.record.duties_of_staff(staff[1]).await.unwrap().offer.unwrap().offer.attempt, 2);
    assert!(stage.record.due(later.plus_s(60), 1).await.unwrap()[0].declined.is_empty(), "taken back is not declined");
}

#[tokio::test]
async fn escalation_is_a_flag_the_rider_is_told_of_once() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    for seconds in [60, 65] {
        let now = T0.plus_s(seconds);
        assert_eq!(stage.apply(now, Effect::Escalate { trip, due_at: now.plus_s(5) }).await, Applied::Done);
    }
    let row = stage.row(trip).await;
    assert_eq!((row.trip.phase, row.trip.escalated_at), (Phase::Requested, Some(T0.plus_s(60))));
    assert_eq!(stage.mail(stage.rider).await.len(), 2);
}

#[tokio::test]
async fn an_assignment_ends_the_escalation_and_the_loss_of_the_crew_escalates_anew() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    let escalate = async |now: Timestamp| {
        assert_eq!(stage.apply(now, Effect::Escalate { trip, due_at: now }).await, Applied::Done);
        stage.row(trip).await.trip.escalated_at
    };
    assert_eq!(escalate(T0.plus_s(60)).await, Some(T0.plus_s(60)));
    let later = T0.plus_s(65);
    stage.place(later, trip, &crew).await;
    stage.answer(later, crew[0], true).await.unwrap();
    assert!(stage.row(trip).await.trip.escalated_at.is_some(), "half a crew is none");
    stage.answer(later, crew[1], true).await.unwrap();
    assert_eq!(stage.row(trip).await.trip.escalated_at, None);
    assert_eq!(stage.last_mail(stage.rider).await, "trip");
    stage.record.drop_out(T0.plus_s(300), trip, crew[0]).await.unwrap().unwrap();
    let due = stage.record.due(T0.plus_s(300), 1).await.unwrap().pop().unwrap();
    assert_eq!(due.row.trip.escalated_at, None);
    assert!(
        due.row.live_since.unwrap().plus_s(limits::ESCALATE_AFTER_S) <= T0.plus_s(300),
        "late from the first look on"
    );
    assert_eq!(escalate(T0.plus_s(301)).await, Some(T0.plus_s(301)), "not the instant of the first one");
}

#[tokio::test]
async fn going_live_and_deferring_move_the_due_time() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    assert_eq!(stage.apply(T0, Effect::GoLive { trip, due_at: T0.plus_s(1) }).await, Applied::Done);
    assert_eq!(stage.phase(trip).await, Phase::Matching);
    let change = stage.row(trip).await.change_no;
    assert_eq!(stage.apply(T0, Effect::Defer { trip, due_at: T0.plus_s(9) }).await, Applied::Done);
    assert_eq!(stage.row(trip).await.change_no, change, "nobody sees a deferral");
    let due = stage.record.due(T0.plus_s(9), 10).await.unwrap().pop().unwrap();
    assert_eq!((due.row.live_since, due.attempt), (Some(T0), 0));
}

#[tokio::test]
async fn an_effect_on_an_ended_or_assigned_trip_loses_the_race() {
    let stage = Stage::new().await;
    let (assigned, _) = stage.assigned("a").await;
    let cancelled = stage.trip("c").await;
    stage.record.cancel(T0, cancelled, hand(stage.rider)).await.unwrap().unwrap();
    let spare = stage.staff(2).await;
    for trip in [assigned, cancelled] {
        assert_eq!(stage.place(T0, trip, &spare).await, Applied::LostRace);
        for effect in [
            Effect::GoLive { trip, due_at: T0 },
            Effect::Defer { trip, due_at: T0 },
            Effect::Dissolve { trip, due_at: T0 },
            Effect::Escalate { trip, due_at: T0 },
            Effect::ExpireOffers { trip },
        ] {
            assert_eq!(stage.apply(T0, effect).await, Applied::LostRace);
        }
    }
}

#[tokio::test]
async fn an_open_offer_shows_its_partners_state() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    let partners = async || stage.record.duties_of_staff(crew[0]).await.unwrap().offer.unwrap().partners;
    assert_eq!(partners().await, [OfferState::Open]);
    stage.answer(T0, crew[1], true).await.unwrap();
    assert_eq!(partners().await, [OfferState::Accepted]);
}

/// The methods check before they write; this is what stands when such a check is wrong.
#[tokio::test]
async fn the_indexes_themselves_refuse_a_second_holder() {
    let stage = Stage::new().await;
    let (trip, crew) = stage.assigned("k").await;
    let other = stage.trip("o").await;
    let spare = stage.staff(1).await[0];
    let hold =
        "insert into holds (id, trip, slot, staff, attempt, eta_s, offered_at, expires_at, offer_state, state, phase)
                values (randomblob(16), ?, ?, ?, 1, 1, 1, 1, 'open', 'held', 'offered')";
    for (trip, slot, staff, allowed) in
        [(trip, 0, spare, false), (other, 0, crew[0], false), (trip, 2, spare, true), (other, 1, spare, false)]
    {
        let done = sqlx::query(hold)
            .bind(row::blob(trip.0))
            .bind(slot)
            .bind(row::blob(staff.0))
            .execute(&stage.record.write)
            .await;
        assert_eq!(done.is_ok(), allowed, "slot {slot}");
    }
    let second = sqlx::query("insert into assignments (trip, assigned_at) values (?, 1)")
        .bind(row::blob(trip.0))
        .execute(&stage.record.write)
        .await;
    assert!(second.is_err(), "one active assignment per trip");
}

#[tokio::test]
async fn who_became_tied_to_the_rider_after_the_decision_is_not_asked() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    assert!(stage.record.add_conflict(T0, Actor::Shell, crew[1], stage.rider).await.unwrap());
    assert_eq!(stage.place(T0, trip, &crew).await, Applied::LostRace);
    let by_hand = stage.record.assign_by_hand(T0, trip, hand(stage.rider), &[], &placements(&crew), T0.plus_s(9)).await;
    assert_eq!(by_hand.unwrap(), Err(Refusal::UnknownStaff));
    assert!(stage.mail(crew[0]).await.is_empty() && stage.mail(crew[1]).await.is_empty());
}

#[tokio::test]
async fn a_trip_that_changed_since_it_was_looked_at_loses_the_race() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    let late = T0.plus_s(OFFER_S + 1);
    let seen = stage.record.due(late, 10).await.unwrap();
    // In time, and committed while the decision was made.
    stage.answer(T0.plus_s(OFFER_S), crew[0], true).await.unwrap();
    let effects = [Effect::ExpireOffers { trip }, Effect::Dissolve { trip, due_at: late }];
    let applied = stage.record.apply(late, &seen, &effects).await.unwrap();
    assert_eq!(applied, [Applied::LostRace, Applied::LostRace]);
    assert_eq!(stage.row(trip).await.crew.len(), 2, "who has just accepted is not taken back");
    let seen = stage.record.due(late, 10).await.unwrap();
    assert_eq!(stage.record.apply(late, &seen, &effects[..1]).await.unwrap(), [Applied::Done]);
}

#[tokio::test]
async fn after_a_lost_race_the_trip_is_due_as_before() {
    let stage = Stage::new().await;
    let staff = stage.staff(3).await;
    let (a, b) = (stage.trip("a").await, stage.trip("b").await);
    stage.place(T0, a, &staff[..2]).await;
    let effects = [
        Effect::PlaceOffers { trip: b, placements: placements(&staff[1..]), expires_at: T0.plus_s(20) },
        Effect::Escalate { trip: b, due_at: T0.plus_s(20) },
    ];
    let seen = stage.record.due(T0, 10).await.unwrap();
    assert_eq!(stage.record.apply(T0, &seen, &effects).await.unwrap(), [Applied::LostRace, Applied::LostRace]);
    assert_eq!(
        stage.record.due(T0, 10).await.unwrap().len(),
        1,
        "b is due at once, not when its lost offers would have run out"
    );
}

#[tokio::test]
async fn no_look_is_postponed_beyond_the_end_of_an_offer() {
    let stage = Stage::new().await;
    let trip = stage.trip("k").await;
    let crew = stage.staff(2).await;
    stage.place(T0, trip, &crew).await;
    let end = Some(Timestamp(T0.plus_s(OFFER_S).0 + 1));
    for effect in [Effect::Defer { trip, due_at: T0.plus_s(60) }, Effect::Escalate { trip, due_at: T0.plus_s(60) }] {
        assert_eq!(stage.apply(T0, effect).await, Applied::Done);
        assert_eq!(stage.record.next_due_at().await.unwrap(), end);
    }
}

#[tokio::test]
async fn a_trip_that_cannot_be_read_keeps_no_other_from_a_crew() {
    let stage = Stage::new().await;
    let (broken, whole) = (stage.trip("broken").await, stage.trip("whole").await);
    stage.record.spoil(broken).await;
    assert!(matches!(stage.record.trip(broken).await, Err(RecordError::Unreadable(_))));
    let due = stage.record.due(T0, 10).await.unwrap();
    assert_eq!(due.iter().map(|d| d.row.trip.id).collect::<Vec<_>>(), [whole]);
}

#[tokio::test]
async fn what_waits_for_a_time_that_will_not_come_is_due_when_the_clock_was_set_back() {
    let stage = Stage::new().await;
    let ahead = T0.plus_s(3 * 3_600);
    let (searching, offered) = (stage.trip("searching").await, stage.trip("offered").await);
    let crew = stage.staff(2).await;
    stage.apply(T0, Effect::Defer { trip: searching, due_at: ahead }).await;
    stage.place(ahead, offered, &crew).await;
    let later = stage.in_hours(40).await;
    assert!(stage.record.due(T0.plus_s(60), 10).await.unwrap().is_empty(), "nothing is due for three hours");
    assert!(stage.record.clock_was_set_back(T0).await.unwrap() >= 2);
    let mut due: Vec<_> = stage.record.due(T0, 10).await.unwrap().iter().map(|d| d.row.trip.id).collect();
    due.sort_unstable();
    let mut both = [searching, offered];
    both.sort_unstable();
    assert_eq!(due, both, "and a trip for later is not");
    assert_eq!(stage.phase(later).await, Phase::Reserved);
    let offer = stage.record.duties_of_staff(crew[0]).await.unwrap().offer.unwrap().offer;
    assert_eq!((offer.offered_at, offer.expires_at), (T0, T0));
}

#[tokio::test]
async fn nobody_has_worked_or_rested_since_a_time_to_come_when_the_clock_was_set_back() {
    let stage = Stage::new().await;
    let ahead = T0.plus_s(3 * 3_600);
    let (ended, [rests, _]) = stage.assigned("ended").await;
    stage.walk_to(ended, &[rests, stage.row(ended).await.crew[1].offer.staff], Phase::Escorting).await;
    stage.record.set_status(ahead, ended, rests, Phase::Completed).await.unwrap().unwrap();
    let begun = stage.trip("begun").await;
    let [works, other] = stage.staff(2).await[..] else { panic!("two") };
    assert_eq!(stage.place(ahead, begun, &[works, other]).await, Applied::Done);
    for member in [works, other] {
        stage.answer(ahead, member, true).await.unwrap();
    }
    let back = T0.plus_s(60);
    let runs = async || {
        let roster = stage.record.roster(back).await.unwrap();
        [rests, works].map(|who| {
            let run = roster.iter().find(|entry| entry.staff.id == who).unwrap().run.unwrap();
            (run.since, run.idle_since)
        })
    };
    assert_eq!(runs().await, [(T0, Some(ahead)), (ahead, None)]);
    assert_eq!(stage.record.clock_was_set_back(back).await.unwrap(), 4);
    assert_eq!(runs().await, [(T0, Some(back)), (back, None)], "a rest begins, and so does a run of duties");
    assert_eq!(stage.record.clock_was_set_back(back).await.unwrap(), 0, "what is past stays");
}
