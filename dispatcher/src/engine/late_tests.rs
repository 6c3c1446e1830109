//! The loop over a record, by a clock that is set: a next duty whose present trip runs late is given back, a human is called, and who
//! comes on shift then is asked.

use super::Engine;
use super::field::Field;
use super::plan_tests::{junction, map};
use super::roster::Roster;
use crate::clock::{Env, ManualClock};
use crate::live::Live;
use crate::record::{Actor, NewBooking, NewRider, NewShift, NewStaff, Place, Record};
use geo::{Fix, FixKind, Position};
use matcher::model::{
    AccountId, AgencyId, BookingKind, CrewSize, Mode, Phase, RiskGrade, StaffKind, Timestamp, TripId,
};
use matcher::policy::limits;
use std::sync::Arc;
use tempfile::TempDir;

struct Loop {
    _dir: TempDir,
    clock: Arc<ManualClock>,
    env: Env,
    record: Arc<Record>,
    live: Arc<Live>,
    engine: Engine,
    agency: AgencyId,
    seq: u32,
}

impl Loop {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(Timestamp(1_795_474_800_000));
        let env = Env { clock: Arc::clone(&clock) as _, entropy: Env::system().entropy };
        let record = Arc::new(Record::open(dir.path(), env.clone()).await.unwrap());
        let agency = record.create_agency(env.now(), Actor::Shell, "a", false).await.unwrap().id;
        let (live, field) = (Arc::new(Live::in_process()), Arc::new(Field::new(Arc::clone(map()))));
        let engine =
            Engine::new(Arc::clone(&record), Arc::clone(&live), Arc::new(Roster::default()), field, env.clone());
        Self { _dir: dir, clock, env, record, live, engine, agency, seq: 0 }
    }

    fn now(&self) -> Timestamp {
        self.env.now()
    }

    async fn on_shift(&mut self, at: Position) -> (AccountId, u32) {
        let new = NewStaff {
            agency: self.agency,
            name: "s".into(),
            kind: StaffKind::Guard,
            gender: None,
            certified_until: self.now().plus_s(86_400),
        };
        let made = self.record.create_staff(self.now(), Actor::Shell, &new).await.unwrap().unwrap();
        let shift = NewShift { mode: Mode::Walk, hours: 8 };
        self.record.start_shift(self.now(), made.id, shift).await.unwrap().unwrap();
        let who = (made.id, made.no.unwrap());
        self.stands(who, at);
        who
    }

    fn stands(&mut self, (staff, no): (AccountId, u32), position: Position) {
        self.seq += 1;
        let (taken_at_ms, seq) = (self.now().0, self.seq);
        let fix = Fix { position, accuracy_m: 8.0, kind: FixKind::Gps, taken_at_ms, session_epoch: 1, seq };
        self.live.put(staff, no, fix);
    }

    async fn book(&self, key: &str, from: Position, to: Position) -> TripId {
        let grant = NewRider {
            name: "r".into(),
            agencies: Vec::new(),
            gender: None,
            risk: RiskGrade::Standard,
            crew_size: CrewSize::PAIR,
        };
        let rider = self.record.create_rider(self.now(), Actor::Shell, &grant).await.unwrap().id;
        let place = |position| Place { position, label: None };
        let wanted = NewBooking {
            rider,
            idempotency_key: key.into(),
            body_sha256: [0; 32],
            kind: BookingKind::Now,
            pickup: place(from),
            dropoff: place(to),
            crew_size: None,
            trip_s: 600,
            return_trip_s: 600,
        };
        self.record.book(self.now(), &wanted).await.unwrap().unwrap().trips[0]
    }

    /// The engine looks, and these say yes to what it asks them.
    async fn accept(&mut self, crew: &[(AccountId, u32)]) {
        self.engine.round().await.unwrap();
        for (staff, _) in crew {
            let offer = self.record.offer_of_staff(*staff).await.unwrap().expect("asked").offer.id;
            self.record.answer(self.now(), offer, *staff, true).await.unwrap().unwrap();
        }
    }

    async fn tap(&self, trip: TripId, staff: AccountId, to: Phase) {
        self.record.set_status(self.now(), trip, staff, to).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_trip_that_runs_late_gives_the_next_back_and_others_are_found() {
    let mut run = Loop::new().await;
    let (goal, pickup) = (junction(40), junction(60));
    let crew = [run.on_shift(goal).await, run.on_shift(goal).await];
    let present = run.book("present", junction(20), goal).await;
    run.accept(&crew).await;
    for to in [Phase::EnRoute, Phase::Arrived] {
        for (staff, _) in crew {
            run.tap(present, staff, to).await;
        }
    }
    for to in [Phase::Met, Phase::Escorting] {
        run.tap(present, crew[0].0, to).await;
    }
    let next = run.book("next", pickup, junction(3)).await;
    run.accept(&crew).await;
    let row = run.record.trip(next).await.unwrap().unwrap();
    assert_eq!(row.trip.phase, Phase::Assigned);
    assert!(row.crew.iter().all(|m| m.after == Some(present)));
    let promised_s = i64::from(row.crew.iter().map(|m| m.offer.eta_s).max().unwrap());

    // They stay where they are, some steps from the goal: at the time they should be at the other rider's, nobody is late yet.
    run.clock.advance_s(promised_s.min(limits::NEXT_LATE_S - 1));
    for who in crew {
        run.stands(who, goal);
    }
    run.engine.round().await.unwrap();
    assert_eq!(run.record.trip(next).await.unwrap().unwrap().trip.phase, Phase::Assigned);

    run.clock.advance_s(limits::NEXT_LATE_S + 60);
    for who in crew {
        run.stands(who, goal);
    }
    run.engine.round().await.unwrap();
    let row = run.record.trip(next).await.unwrap().unwrap();
    assert_eq!((row.trip.phase, row.crew_was_late, row.crew.len()), (Phase::Matching, true, 0));
    assert!(row.trip.escalated_at.is_some(), "nobody is there: a human is called");
    let row = run.record.trip(present).await.unwrap().unwrap();
    assert_eq!((row.trip.phase, row.crew.len()), (Phase::Escorting, 2), "nobody leaves the rider");

    let others = [run.on_shift(junction(61)).await, run.on_shift(junction(62)).await];
    run.clock.advance_s(limits::RETRY_S + 1);
    for (who, n) in others.into_iter().zip([61, 62]) {
        run.stands(who, junction(n));
    }
    run.accept(&others).await;
    let row = run.record.trip(next).await.unwrap().unwrap();
    assert_eq!((row.trip.phase, row.crew_was_late), (Phase::Assigned, false));
    assert!(row.crew.iter().all(|m| m.after.is_none()));
}
