//! The loop over a record, by a clock that is set: the crew of a next duty whose present trip runs late says a later time, or makes
//! room; then a human is called, and who comes on shift is asked.

use super::Engine;
use super::field::Field;
use super::plan_tests::{junction, map};
use super::roster::Roster;
use crate::clock::{Env, ManualClock};
use crate::live::Live;
use crate::record::{Actor, NewBooking, NewRider, NewShift, NewStaff, Place, Record, TripRow};
use geo::{Fix, FixKind, Position};
use matcher::model::{
    AccountId, AgencyId, BookingKind, CrewSize, Mode, Phase, RiskGrade, StaffKind, Timestamp, TripId, TripLength,
};
use matcher::policy::limits;
use std::sync::Arc;
use tempfile::TempDir;

pub(super) struct Loop {
    _dir: TempDir,
    pub(super) clock: Arc<ManualClock>,
    pub(super) env: Env,
    pub(super) record: Arc<Record>,
    pub(super) live: Arc<Live>,
    pub(super) engine: Engine,
    agency: AgencyId,
    seq: u32,
}

impl Loop {
    pub(super) async fn new() -> Self {
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

    pub(super) fn now(&self) -> Timestamp {
        self.env.now()
    }

    pub(super) async fn on_shift(&mut self, at: Position) -> (AccountId, u32) {
        self.comes(at, Mode::Walk, 8).await
    }

    pub(super) async fn comes(&mut self, at: Position, mode: Mode, hours: u8) -> (AccountId, u32) {
        let new = NewStaff {
            agency: self.agency,
            name: "s".into(),
            kind: StaffKind::Guard,
            gender: None,
            certified_until: self.now().plus_s(86_400),
        };
        let made = self.record.create_staff(self.now(), Actor::Shell, &new).await.unwrap().unwrap();
        let shift = NewShift { mode, hours };
        self.record.start_shift(self.now(), made.id, shift).await.unwrap().unwrap();
        let who = (made.id, made.no.unwrap());
        self.stands(who, at);
        who
    }

    pub(super) fn stands(&mut self, (staff, no): (AccountId, u32), position: Position) {
        self.seq += 1;
        let (taken_at_ms, seq) = (self.now().0, self.seq);
        let fix = Fix { position, accuracy_m: 8.0, kind: FixKind::Gps, taken_at_ms, session_epoch: 1, seq };
        self.live.put(staff, no, fix);
    }

    pub(super) async fn book(&self, key: &str, from: Position, to: Position) -> TripId {
        self.book_of(key, from, to, 600.into()).await
    }

    pub(super) async fn book_of(&self, key: &str, from: Position, to: Position, length: TripLength) -> TripId {
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
            length,
            return_length: length,
        };
        self.record.book(self.now(), &wanted).await.unwrap().unwrap().trips[0]
    }

    /// The engine looks, and these say yes to what it asks them.
    pub(super) async fn accept(&mut self, crew: &[(AccountId, u32)]) {
        self.engine.round().await.unwrap();
        for (staff, _) in crew {
            let offer = self.record.duties_of_staff(*staff).await.unwrap().offer.expect("asked").offer.id;
            self.record.answer(self.now(), offer, *staff, true).await.unwrap().unwrap();
        }
    }

    async fn tap(&self, trip: TripId, staff: AccountId, to: Phase) {
        self.record.set_status(self.now(), trip, staff, to).await.unwrap().unwrap();
    }
}

/// Two with their rider, some steps from the end of the way, who have said that they go on to another.
pub(super) struct Late {
    pub(super) run: Loop,
    pub(super) goal: Position,
    pub(super) pickup: Position,
    pub(super) crew: [(AccountId, u32); 2],
    present: TripId,
    pub(super) next: TripId,
    /// What they said at first, seconds from then.
    pub(super) promised_s: i64,
}

impl Loop {
    /// Two on their way with a rider to `goal`, who have said that they go on to one at `pickup`: they, and both trips.
    async fn busy(&mut self, goal: Position, pickup: Position) -> ([(AccountId, u32); 2], TripId, TripId) {
        let crew = [self.on_shift(goal).await, self.on_shift(goal).await];
        let present = self.book("present", junction(20), goal).await;
        self.accept(&crew).await;
        for to in [Phase::EnRoute, Phase::Arrived] {
            for (staff, _) in crew {
                self.tap(present, staff, to).await;
            }
        }
        for to in [Phase::Met, Phase::Escorting] {
            self.tap(present, crew[0].0, to).await;
        }
        let next = self.book("next", pickup, junction(3)).await;
        self.accept(&crew).await;
        (crew, present, next)
    }
}

impl Late {
    pub(super) async fn begun() -> Self {
        let mut run = Loop::new().await;
        let (goal, pickup) = (junction(40), junction(60));
        let (crew, present, next) = run.busy(goal, pickup).await;
        let row = run.record.trip(next).await.unwrap().unwrap();
        assert_eq!(row.trip.phase, Phase::Assigned);
        assert!(row.crew.iter().all(|m| m.after == Some(present) && !m.later));
        let promised_s = i64::from(row.crew.iter().map(|m| m.offer.eta_s).max().unwrap());
        Self { run, goal, pickup, crew, present, next, promised_s }
    }

    /// So much later, with everybody where they were, the engine looks again.
    pub(super) async fn wait_s(&mut self, seconds: i64) -> TripRow {
        self.run.clock.advance_s(seconds);
        for who in self.crew {
            self.run.stands(who, self.goal);
        }
        self.run.engine.round().await.unwrap();
        self.row().await
    }

    pub(super) async fn row(&self) -> TripRow {
        self.run.record.trip(self.next).await.unwrap().unwrap()
    }

    /// Whoever holds a slot; slots are given as ids fall.
    pub(super) fn staff(row: &TripRow) -> Vec<AccountId> {
        let mut staff: Vec<AccountId> = row.crew.iter().map(|m| m.offer.staff).collect();
        staff.sort_unstable();
        staff
    }
}

#[tokio::test]
async fn while_nobody_would_come_sooner_the_same_crew_says_a_later_time() {
    let mut late = Late::begun().await;
    // They stay where they are: at the time they should be at the other rider's, nobody is late yet.
    let row = late.wait_s(late.promised_s.min(limits::NEXT_LATE_S - 1)).await;
    assert!(row.trip.phase == Phase::Assigned && row.crew.iter().all(|m| !m.later));
    let before = row.crew[0].offer.eta_s;

    let row = late.wait_s(limits::NEXT_LATE_S + 60).await;
    let mut same = late.crew.map(|(staff, _)| staff);
    same.sort_unstable();
    assert_eq!((row.trip.phase, Late::staff(&row)), (Phase::Assigned, same.to_vec()));
    let since_s = late.run.now().since_ms(row.crew[0].offer.offered_at) / 1_000;
    for member in &row.crew {
        assert!(member.later && member.offer.eta_s > before, "a later time");
        // As from now: the same way as at first, since they stand where they stood.
        let from_now = i64::from(member.offer.eta_s) - since_s;
        assert!((from_now - late.promised_s).abs() <= 2, "{from_now} s from now, and {} s at first", late.promised_s);
    }
    assert!(row.trip.escalated_at.is_none() && !row.crew_was_late);
    // What was said now counts from now on.
    let row = late.wait_s(limits::NEXT_LATE_S - 30).await;
    assert_eq!((row.trip.phase, row.crew[0].offer.eta_s), (Phase::Assigned, row.crew[1].offer.eta_s));

    // Somebody is free and near: of the two who are late one makes room, and the other says a later time.
    let near = late.run.on_shift(late.pickup).await;
    late.run.clock.advance_s(70);
    late.run.stands(near, late.pickup);
    let row = late.wait_s(0).await;
    assert_eq!((row.trip.phase, row.crew_was_late), (Phase::Offered, true));
    let staff = Late::staff(&row);
    assert!(staff.contains(&near.0) && staff.iter().any(|s| late.crew.iter().any(|c| c.0 == *s)), "one of each");
    assert_eq!(late.run.record.trip(late.present).await.unwrap().unwrap().crew.len(), 2, "nobody leaves the rider");
}

#[tokio::test]
async fn whom_the_rules_would_not_ask_any_more_makes_room_and_others_are_found() {
    let mut late = Late::begun().await;
    // Of one who is silent nobody knows when they are free.
    late.run.clock.advance_s(late.promised_s + limits::NEXT_LATE_S + 60);
    late.run.engine.round().await.unwrap();
    let row = late.row().await;
    assert_eq!((row.trip.phase, row.crew_was_late, row.crew.len()), (Phase::Matching, true, 0));
    assert!(row.trip.escalated_at.is_some(), "nobody is there: a human is called");
    let row = late.run.record.trip(late.present).await.unwrap().unwrap();
    assert_eq!((row.trip.phase, row.crew.len()), (Phase::Escorting, 2), "nobody leaves the rider");

    let run = &mut late.run;
    let others = [run.on_shift(junction(61)).await, run.on_shift(junction(62)).await];
    run.clock.advance_s(limits::RETRY_S + 1);
    for (who, n) in others.into_iter().zip([61, 62]) {
        run.stands(who, junction(n));
    }
    run.accept(&others).await;
    let row = late.row().await;
    assert_eq!((row.trip.phase, row.crew_was_late), (Phase::Assigned, false));
    assert!(row.crew.iter().all(|m| m.after.is_none()));
}

#[tokio::test]
async fn of_two_who_are_late_the_one_who_is_silent_makes_room_and_the_other_says_a_later_time() {
    let mut late = Late::begun().await;
    late.run.clock.advance_s(late.promised_s + limits::NEXT_LATE_S + 60);
    late.run.stands(late.crew[0], late.goal);
    let (rider, record) = (late.row().await.trip.rider, Arc::clone(&late.run.record));
    let (before, _) = record.outbox_seq(rider).await.unwrap();
    late.run.engine.round().await.unwrap();
    let row = late.row().await;
    assert_eq!(Late::staff(&row), [late.crew[0].0], "nobody else would come sooner");
    assert!(i64::from(row.crew[0].offer.eta_s) > late.promised_s + limits::NEXT_LATE_S, "and they say when");
    let (told, _) = record.outbox_seq(rider).await.unwrap();
    assert_eq!(told - before, 3, "the later time while it is a crew's; then that one has left, and a human is called");
}

#[tokio::test]
async fn two_trips_do_not_give_up_their_people_for_the_same_one_who_goes_to_whom_has_waited_longer() {
    let mut run = Loop::new().await;
    let (goal, pickup) = (junction(40), junction(60));
    let first = run.busy(goal, pickup).await;
    run.clock.advance_s(2);
    let pairs = [first, run.busy(goal, pickup).await];
    run.clock.advance_s(limits::NEXT_LATE_S + 1_200);
    let near = run.on_shift(pickup).await;
    run.clock.advance_s(70);
    run.stands(near, pickup);
    for who in pairs.iter().flat_map(|pair| pair.0) {
        run.stands(who, goal);
    }
    run.engine.round().await.unwrap();
    let mut left = Vec::new();
    for (crew, _, next) in pairs {
        let row = run.record.trip(next).await.unwrap().unwrap();
        left.push(row.crew.iter().filter(|m| crew.iter().any(|own| own.0 == m.offer.staff)).count());
    }
    assert_eq!(left, [1, 2], "one is nearer, and one makes room for them where a rider has waited longer");
}

#[tokio::test]
async fn nobody_is_given_up_before_phones_are_back_after_a_restart() {
    let mut late = Late::begun().await;
    late.run.clock.advance_s(late.promised_s + limits::NEXT_LATE_S + 60);
    let run = &mut late.run;
    run.live = Arc::new(Live::in_process());
    let field = Arc::new(Field::new(Arc::clone(map())));
    let (record, live) = (Arc::clone(&run.record), Arc::clone(&run.live));
    run.engine = Engine::new(record, live, Arc::new(Roster::default()), field, run.env.clone());
    run.engine.round().await.unwrap();
    assert_eq!(late.row().await.crew.len(), 2, "they have not had the time to report");
    let row = late.wait_s(1).await;
    assert!(row.crew.len() == 2 && row.crew.iter().all(|m| m.later), "they are back, and later");
}
