//! The contract of next duties: one present trip and at most one that follows it, whatever ends first.

use super::stage::*;
use super::*;
use geo::{Eta, EtaSource, Fix, FixKind, Position};
use matcher::model::{AccountId, OfferState, Phase, Timestamp, TripId};

/// A trip under way, and another that its first member and somebody idle are asked for.
struct Chain {
    stage: Stage,
    present: TripId,
    /// With their rider; the first is the one who goes on.
    crew: [AccountId; 2],
    next: TripId,
    idle: AccountId,
}

fn after(slot: u8, staff: AccountId, present: TripId) -> Placement {
    Placement { slot, staff, eta_s: 400, sure: None, after: Some(present) }
}

fn free(slot: u8, staff: AccountId) -> Placement {
    Placement { slot, staff, eta_s: 300, sure: None, after: None }
}

impl Chain {
    /// Nobody has been asked yet.
    async fn begun() -> Self {
        let stage = Stage::new().await;
        let (present, crew) = stage.assigned("present").await;
        stage.walk_to(present, &crew, Phase::Escorting).await;
        let next = stage.trip("next").await;
        let idle = stage.staff(1).await[0];
        Self { stage, present, crew, next, idle }
    }

    async fn ask(&self) -> Applied {
        let placements = vec![after(0, self.crew[0], self.present), free(1, self.idle)];
        let expires_at = T0.plus_s(OFFER_S);
        self.stage.apply(T0, Effect::PlaceOffers { trip: self.next, placements, expires_at }).await
    }

    /// Both have accepted.
    async fn accepted() -> Self {
        let chain = Self::begun().await;
        assert_eq!(chain.ask().await, Applied::Done);
        for staff in [chain.crew[0], chain.idle] {
            chain.stage.answer(T0, staff, true).await.unwrap();
        }
        assert_eq!(chain.stage.phase(chain.next).await, Phase::Assigned);
        chain
    }

    async fn entry(&self) -> RosterEntry {
        let roster = self.stage.record.roster(T0).await.unwrap();
        roster.into_iter().find(|e| e.staff.id == self.crew[0]).unwrap()
    }

    async fn is_on(&self, trip: TripId) -> bool {
        self.stage.record.trip_of_staff(self.crew[0]).await.unwrap().is_some_and(|row| row.trip.id == trip)
    }

    async fn next_is(&self, trip: Option<TripId>) -> bool {
        self.stage.record.duties_of_staff(self.crew[0]).await.unwrap().next.map(|row| row.trip.id) == trip
    }

    async fn complete(&self) {
        self.stage.record.set_status(T0, self.present, self.crew[1], Phase::Completed).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn who_is_with_a_rider_may_hold_one_trip_to_follow() {
    let chain = Chain::begun().await;
    assert!(chain.entry().await.under_way.is_some() && chain.entry().await.next.is_none());
    assert_eq!(chain.ask().await, Applied::Done);
    assert_eq!(chain.entry().await.next, Some(chain.next));
    assert!(chain.is_on(chain.present).await && chain.next_is(None).await, "asked is not yet to follow");
    let third = chain.stage.trip("third").await;
    let spare = chain.stage.staff(1).await[0];
    let placements = vec![after(0, chain.crew[0], chain.present), free(1, spare)];
    let effect = Effect::PlaceOffers { trip: third, placements, expires_at: T0.plus_s(OFFER_S) };
    assert_eq!(chain.stage.apply(T0, effect).await, Applied::LostRace, "never two that follow");
    for staff in [chain.crew[0], chain.idle] {
        chain.stage.answer(T0, staff, true).await.unwrap();
    }
    assert!(chain.is_on(chain.present).await && chain.next_is(Some(chain.next)).await);
    let row = chain.stage.row(chain.next).await;
    assert_eq!(row.crew.iter().map(|m| m.after).collect::<Vec<_>>(), [Some(chain.present), None]);
    assert_eq!(chain.stage.row(chain.present).await.crew[0].next, Some(chain.next));
}

#[tokio::test]
async fn only_who_is_with_their_rider_may_be_asked_for_what_follows() {
    for phase in [Phase::Assigned, Phase::EnRoute, Phase::Arrived] {
        let stage = Stage::new().await;
        let (present, crew) = stage.assigned("present").await;
        stage.walk_to(present, &crew, phase).await;
        let (next, idle) = (stage.trip("next").await, stage.staff(1).await[0]);
        let placements = vec![after(0, crew[0], present), free(1, idle)];
        let effect = Effect::PlaceOffers { trip: next, placements, expires_at: T0.plus_s(OFFER_S) };
        assert_eq!(stage.apply(T0, effect).await, Applied::LostRace, "{}", phase.word());
    }
    let chain = Chain::begun().await;
    let later = chain.stage.in_hours(1).await;
    let idle = chain.stage.staff(1).await[0];
    for (trip, present, why) in
        [(later, chain.present, "a booked time keeps its own way"), (chain.next, chain.next, "no trip follows itself")]
    {
        let placements = vec![after(0, chain.crew[0], present), free(1, idle)];
        let effect = Effect::PlaceOffers { trip, placements, expires_at: T0.plus_s(OFFER_S) };
        assert_eq!(chain.stage.apply(T0, effect).await, Applied::LostRace, "{why}");
    }
    let placements = vec![free(0, chain.crew[0]), free(1, idle)];
    let effect = Effect::PlaceOffers { trip: chain.next, placements, expires_at: T0.plus_s(OFFER_S) };
    assert_eq!(chain.stage.apply(T0, effect).await, Applied::LostRace, "never two present ones");
}

#[tokio::test]
async fn the_end_of_the_present_trip_begins_the_next_in_one_commit() {
    type End = (&'static str, bool);
    for (end, by_crew) in [("completed", true), ("completed", false), ("cancelled", false)] as [End; 3] {
        let chain = Chain::accepted().await;
        let stage = &chain.stage;
        assert_eq!(stage.tap(chain.next, chain.crew[0], Phase::EnRoute).await, Err(Refusal::StaffBusy));
        stage.tap(chain.next, chain.idle, Phase::EnRoute).await.unwrap();
        let before = stage.mail(chain.crew[0]).await.len();
        let by = hand(stage.rider);
        match (end, by_crew) {
            ("completed", true) => chain.complete().await,
            ("completed", false) => stage.record.complete_by_hand(T0, chain.present, by).await.unwrap().unwrap(),
            _ => stage.record.cancel(T0, chain.present, by).await.unwrap().unwrap(),
        }
        assert!(chain.is_on(chain.next).await && chain.next_is(None).await, "{end}");
        let mail = stage.mail(chain.crew[0]).await.split_off(before);
        assert_eq!(mail, [format!("trip_gone:{end}"), "trip".into()], "the end is told before the beginning");
        assert_eq!(stage.last_mail(chain.idle).await, "trip", "the partner is told");
        assert_eq!(stage.duty(chain.crew[0]).await, Some((chain.next, Phase::Assigned)));
        assert!(stage.row(chain.next).await.crew.iter().all(|m| m.after.is_none()));
        stage.tap(chain.next, chain.crew[0], Phase::EnRoute).await.unwrap();
        assert_eq!(stage.phase(chain.next).await, Phase::EnRoute);
        assert_eq!(stage.duty(chain.crew[1]).await, None, "the other is free");
    }
}

#[tokio::test]
async fn an_offer_that_is_still_open_at_the_end_is_an_ordinary_one() {
    let chain = Chain::begun().await;
    chain.ask().await;
    chain.complete().await;
    assert_eq!(chain.stage.duty(chain.crew[0]).await, Some((chain.next, Phase::Offered)));
    assert_eq!(chain.entry().await.next, None);
    for staff in [chain.crew[0], chain.idle] {
        assert_eq!(chain.stage.answer(T0, staff, true).await, Ok(OfferState::Accepted));
    }
    assert!(chain.is_on(chain.next).await);
}

#[tokio::test]
async fn the_present_trip_is_untouched_by_whatever_ends_the_next() {
    type End = fn(&Chain) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>>;
    let ends: [(&str, End); 3] = [
        ("dropped_out", |c| Box::pin(async { c.stage.record.drop_out(T0, c.next, c.crew[0]).await.unwrap().unwrap() })),
        ("late", |c| Box::pin(async { assert!(c.stage.record.free_late(T0, c.next, c.crew[0]).await.unwrap()) })),
        ("cancelled", |c| {
            Box::pin(async { c.stage.record.cancel(T0, c.next, hand(c.stage.rider)).await.unwrap().unwrap() })
        }),
    ];
    for (why, end) in ends {
        let chain = Chain::accepted().await;
        let seen = chain.stage.row(chain.present).await.change_no;
        end(&chain).await;
        assert!(chain.is_on(chain.present).await && chain.next_is(None).await, "{why}");
        assert_eq!(chain.stage.phase(chain.present).await, Phase::Escorting);
        assert_eq!(chain.stage.last_mail(chain.crew[0]).await, format!("trip_gone:{why}"));
        assert!(chain.stage.row(chain.present).await.change_no > seen, "consoles are told of both");
        chain.complete().await;
        assert_eq!(chain.stage.duty(chain.crew[0]).await, None, "{why}");
    }
}

#[tokio::test]
async fn who_would_be_late_makes_room_and_the_rider_is_told() {
    let chain = Chain::accepted().await;
    let duties = chain.stage.record.next_duties().await.unwrap();
    assert_eq!(duties.len(), 1);
    assert_eq!((duties[0].trip, duties[0].staff, duties[0].promised_at), (chain.next, chain.crew[0], T0.plus_s(400)));
    assert!(chain.stage.record.free_late(T0, chain.next, chain.crew[0]).await.unwrap());
    let row = chain.stage.row(chain.next).await;
    assert_eq!((row.trip.phase, row.crew_was_late), (Phase::Matching, true));
    assert_eq!(row.crew.iter().map(|m| m.offer.staff).collect::<Vec<_>>(), [chain.idle], "the other is kept");
    assert_eq!(chain.stage.last_mail(row.trip.rider).await, "trip");
    let due = chain.stage.record.due(T0, 10).await.unwrap();
    let due = due.iter().find(|due| due.row.trip.id == chain.next).expect("refilled at once");
    assert_eq!(due.declined, [chain.crew[0]], "not the same one at once");
    assert!(!chain.stage.record.free_late(T0, chain.next, chain.crew[0]).await.unwrap(), "once");
    let spare = chain.stage.staff(1).await[0];
    let effect = Effect::PlaceOffers { trip: chain.next, placements: vec![free(0, spare)], expires_at: T0.plus_s(20) };
    assert_eq!(chain.stage.apply(T0, effect).await, Applied::Done);
    chain.stage.answer(T0, spare, true).await.unwrap();
    let row = chain.stage.row(chain.next).await;
    assert_eq!((row.trip.phase, row.crew_was_late), (Phase::Assigned, false));
}

#[tokio::test]
async fn who_is_late_and_still_the_one_to_come_says_a_later_time() {
    let chain = Chain::accepted().await;
    let (stage, later) = (&chain.stage, T0.plus_s(700));
    let rider = stage.row(chain.next).await.trip.rider;
    let (mail, seen) = (stage.mail(rider).await.len(), stage.row(chain.present).await.change_no);
    assert!(stage.record.say_later(later, chain.next, chain.crew[0], Eta::calibrated(240.0, 1.2)).await.unwrap());
    let row = stage.row(chain.next).await;
    assert_eq!((row.trip.phase, row.crew_was_late), (Phase::Assigned, false));
    assert_eq!(row.crew.iter().map(|m| (m.offer.eta_s, m.later)).collect::<Vec<_>>(), [(940, true), (300, false)]);
    assert_eq!(
        row.crew[0].sure,
        Sure { p90_s: 988, source: EtaSource::Calibrated },
        "and how sure that is, from the offer on"
    );
    assert_eq!(row.crew[1].sure, Sure::guessed(300), "nobody searched it: it was put there without");
    assert_eq!(stage.record.next_duties().await.unwrap()[0].promised_at, T0.plus_s(940), "and is held to that");
    assert_eq!(stage.mail(rider).await[mail..], ["trip"]);
    for staff in [chain.crew[0], chain.idle] {
        assert_eq!(stage.last_mail(staff).await, "trip");
    }
    assert!(stage.row(chain.present).await.change_no > seen, "consoles are told of both");
    chain.complete().await;
    assert!(stage.row(chain.next).await.crew[0].later, "it stays later than was first said");
    assert!(
        !stage.record.say_later(later, chain.next, chain.crew[0], Eta::calibrated(240.0, 1.2)).await.unwrap(),
        "not of the present trip"
    );

    // Before the crew is one, nobody is told of a trip that is not theirs yet.
    let chain = Chain::begun().await;
    chain.ask().await;
    assert!(
        !chain.stage.record.say_later(later, chain.next, chain.crew[0], Eta::calibrated(240.0, 1.2)).await.unwrap(),
        "nothing was said yet"
    );
    chain.stage.answer(T0, chain.crew[0], true).await.unwrap();
    let before = chain.stage.mail(chain.crew[0]).await.len();
    assert!(chain.stage.record.say_later(later, chain.next, chain.crew[0], Eta::calibrated(240.0, 1.2)).await.unwrap());
    assert_eq!(chain.stage.mail(chain.crew[0]).await.len(), before);
}

#[tokio::test]
async fn what_was_said_at_a_time_to_come_is_said_now_when_the_clock_was_set_back() {
    let (chain, ahead) = (Chain::begun().await, T0.plus_s(3 * 3_600));
    let placements = vec![after(0, chain.crew[0], chain.present), free(1, chain.idle)];
    let effect = Effect::PlaceOffers { trip: chain.next, placements, expires_at: ahead.plus_s(OFFER_S) };
    assert_eq!(chain.stage.apply(ahead, effect).await, Applied::Done);
    for staff in [chain.crew[0], chain.idle] {
        chain.stage.answer(ahead, staff, true).await.unwrap();
    }
    let said = async || chain.stage.record.next_duties().await.unwrap()[0].promised_at;
    assert_eq!(said().await, ahead.plus_s(400));
    // The engine may look before the record is mended.
    assert!(chain.stage.record.say_later(T0, chain.next, chain.crew[0], Eta::calibrated(500.0, 1.2)).await.unwrap());
    assert_eq!((said().await, chain.stage.row(chain.next).await.crew[0].offer.eta_s), (ahead.plus_s(500), 500));
    assert!(chain.stage.record.clock_was_set_back(T0.plus_s(9)).await.unwrap() > 0);
    assert_eq!(said().await, T0.plus_s(509));
    assert_eq!(chain.stage.record.clock_was_set_back(T0.plus_s(20)).await.unwrap(), 0, "what is past stays");
}

#[tokio::test]
async fn who_was_late_or_silent_at_a_time_to_come_is_asked_again_a_minute_after_the_clock_was_set_back() {
    let (chain, ahead) = (Chain::accepted().await, T0.plus_s(3 * 3_600));
    let (record, next) = (&chain.stage.record, chain.next);
    let barred = async |at: Timestamp| record.seen_now(at, &[next]).await.unwrap()[0].declined.clone();
    let of_its_end = async || -> i64 {
        let sql = "select count(*) from holds h join assignments s on s.trip = h.trip
                   where h.closed_because = 'late' and s.ended_because = 'late' and h.closed_at = s.ended_at";
        sqlx::query_scalar(sql).fetch_one(&record.read).await.unwrap()
    };
    assert!(record.free_late(ahead, next, chain.crew[0]).await.unwrap());
    record.clock_was_set_back(T0).await.unwrap();
    assert_eq!(barred(T0.plus_s(59)).await, [chain.crew[0]]);
    assert_eq!(barred(T0.plus_s(60)).await, []);
    assert_eq!(of_its_end().await, 1, "and was of the crew until its end");

    let spare = chain.stage.staff(1).await[0];
    let effect = Effect::PlaceOffers { trip: next, placements: vec![free(0, spare)], expires_at: ahead };
    assert_eq!(chain.stage.apply(T0, effect).await, Applied::Done);
    let silent = ahead.plus_s(1);
    assert_eq!(chain.stage.apply(silent, Effect::ExpireOffers { trip: next }).await, Applied::Done);
    record.clock_was_set_back(T0.plus_s(100)).await.unwrap();
    assert_eq!(barred(T0.plus_s(159)).await, [spare]);
    assert_eq!(barred(T0.plus_s(160)).await, []);
}

#[tokio::test]
async fn duties_follow_one_another_until_a_rest() {
    let chain = Chain::accepted().await;
    let record = &chain.stage.record;
    let run = async |who: AccountId| {
        let roster = record.roster(T0).await.unwrap();
        roster.into_iter().find(|e| e.staff.id == who).unwrap().run.map(|run| (run.since, run.idle_since))
    };
    assert_eq!(run(chain.crew[0]).await, Some((T0, None)));
    let end = T0.plus_s(3_600);
    record.set_status(end, chain.present, chain.crew[1], Phase::Completed).await.unwrap().unwrap();
    assert_eq!(run(chain.crew[0]).await, Some((T0, None)), "who goes on goes on");
    assert_eq!(run(chain.crew[1]).await, Some((T0, Some(end))), "who is free is idle");
    // Taken out of an offer, who is idle stays idle since then.
    let again = async |key: &str, at: Timestamp| {
        let rider = record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
        let mut new = booking(rider, key, matcher::model::BookingKind::Now);
        new.crew_size = matcher::model::CrewSize::new(2);
        let trip = record.book(at, &new).await.unwrap().unwrap().trips[0];
        let spare = chain.stage.staff(1).await[0];
        let placements = vec![free(0, chain.crew[1]), free(1, spare)];
        let effect = Effect::PlaceOffers { trip, placements, expires_at: at.plus_s(OFFER_S) };
        let applied = record.apply(at, &[], &[effect]).await.unwrap();
        assert_eq!(applied, [Applied::Done]);
        for staff in [chain.crew[1], spare] {
            let offer = record.duties_of_staff(staff).await.unwrap().offer.unwrap().offer.id;
            record.answer(at, offer, staff, true).await.unwrap().unwrap();
        }
        trip
    };
    let soon = end.plus_s(1_799);
    let trip = again("soon", soon).await;
    assert_eq!(run(chain.crew[1]).await, Some((T0, None)), "a second less is no rest");
    record.cancel(soon, trip, hand(chain.crew[0])).await.unwrap().unwrap();
    assert_eq!(run(chain.crew[1]).await, Some((T0, Some(soon))));
    let rested = soon.plus_s(1_800);
    again("rested", rested).await;
    assert_eq!(run(chain.crew[1]).await, Some((rested, None)));
}

#[tokio::test]
async fn who_has_gone_on_is_not_late_any_more() {
    let chain = Chain::accepted().await;
    chain.complete().await;
    assert!(chain.stage.record.next_duties().await.unwrap().is_empty());
    assert!(!chain.stage.record.free_late(T0, chain.next, chain.crew[0]).await.unwrap());
    assert_eq!(chain.stage.phase(chain.next).await, Phase::Assigned);
}

#[tokio::test]
async fn an_alarm_on_the_present_trip_frees_what_follows_at_once() {
    for accepted in [true, false] {
        let chain = if accepted { Chain::accepted().await } else { Chain::begun().await };
        if !accepted {
            chain.ask().await;
        }
        let rider = chain.stage.row(chain.present).await.trip.rider;
        let rider = chain.stage.record.account(rider).await.unwrap().unwrap();
        chain.stage.record.raise_sos(T0, &rider, Some(chain.present), None).await.unwrap().unwrap();
        assert!(chain.is_on(chain.present).await && chain.next_is(None).await);
        let entry = chain.entry().await;
        assert!(entry.next.is_none() && entry.under_way.is_none(), "and nobody is asked again");
        assert_ne!(chain.stage.phase(chain.next).await, Phase::Assigned);
        assert_eq!(chain.ask().await, Applied::LostRace);
    }
}

#[tokio::test]
async fn an_alarm_on_the_next_trip_leaves_its_crew() {
    let chain = Chain::accepted().await;
    let rider = chain.stage.row(chain.next).await.trip.rider;
    let rider = chain.stage.record.account(rider).await.unwrap().unwrap();
    chain.stage.record.raise_sos(T0, &rider, Some(chain.next), None).await.unwrap().unwrap();
    assert!(chain.next_is(Some(chain.next)).await);
}

#[tokio::test]
async fn who_is_suspended_or_tied_to_the_next_rider_does_not_go_on() {
    let chain = Chain::accepted().await;
    let rider = chain.stage.row(chain.next).await.trip.rider;
    assert!(chain.stage.record.add_conflict(T0, Actor::Shell, chain.crew[0], rider).await.unwrap());
    assert!(chain.is_on(chain.present).await && chain.next_is(None).await);
    assert!(chain.entry().await.under_way.is_some(), "the present trip has no alarm");

    let chain = Chain::accepted().await;
    chain.stage.record.suspend(T0, chain.crew[0], chain.idle, "left").await.unwrap().unwrap();
    assert!(chain.is_on(chain.present).await && chain.next_is(None).await, "nobody leaves a rider in the street");
    assert_eq!(chain.stage.record.open_incidents().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_way_before_is_not_on_the_track_of_the_next_trip() {
    let chain = Chain::accepted().await;
    let fix = |seq: u32, after_s: i64| TrackFix {
        staff: chain.crew[0],
        fix: Fix {
            position: Position::new(37.5, 127.0).unwrap(),
            accuracy_m: 7.0,
            kind: FixKind::Gps,
            taken_at_ms: T0.plus_s(after_s).0,
            session_epoch: 1,
            seq,
        },
        verdict: "ok",
    };
    let ends_at = T0.plus_s(100);
    let end = chain.stage.record.set_status(ends_at, chain.present, chain.crew[1], Phase::Completed);
    end.await.unwrap().unwrap();
    chain.stage.record.note_track(T0.plus_s(200), &[fix(1, 50), fix(2, 99), fix(3, 150)]).await.unwrap();
    let who = chain.stage.record.create_admin(T0, Actor::Shell, "a").await.unwrap().id;
    for (trip, wanted) in [(chain.present, vec![50, 99]), (chain.next, vec![150])] {
        let track = chain.stage.record.reveal_track(T0.plus_s(200), who, trip, "check").await.unwrap().0;
        let taken: Vec<i64> = track.iter().map(|row| row.taken_at.since_ms(T0) / 1_000).collect();
        assert_eq!(taken, wanted);
    }
}

/// The file itself, without the code above it.
#[tokio::test]
async fn the_indexes_keep_one_present_trip_and_one_next_whatever_is_written() {
    let chain = Chain::accepted().await;
    let third = chain.stage.trip("third").await;
    let row = "insert into holds (id, trip, slot, staff, attempt, eta_s, offered_at, expires_at, offer_state, state, phase, duty, after_trip)
               values (randomblob(16), ?1, 0, ?2, 1, 1, 1, 1, 'open', 'held', 'offered', ?3, ?4)";
    let put = async |trip: TripId, duty: &'static str, after: Option<TripId>| {
        let mut write = chain.stage.record.begin(T0).await.unwrap();
        sqlx::query(row)
            .bind(row::blob(trip.0))
            .bind(row::blob(chain.crew[0].0))
            .bind(duty)
            .bind(after.map(|t| row::blob(t.0)))
            .execute(write.conn())
            .await
            .is_err()
    };
    assert!(put(third, "current", None).await, "a second present one");
    assert!(put(third, "next", Some(chain.present)).await, "a second next one");
    assert!(put(third, "next", None).await, "a next one after nothing");
    assert!(put(third, "later", Some(chain.present)).await, "another word");
    assert!(put(third, "next", Some(third)).await, "one after itself");
}

#[tokio::test]
async fn an_offer_for_afterwards_outlives_a_restart_and_ends_like_any() {
    let mut chain = Chain::begun().await;
    chain.ask().await;
    chain.stage.reopen().await;
    let late: Timestamp = T0.plus_s(OFFER_S + 1);
    assert_eq!(chain.stage.apply(late, Effect::ExpireOffers { trip: chain.next }).await, Applied::Done);
    assert_eq!(chain.entry().await.next, None);
    assert!(chain.is_on(chain.present).await);
}
