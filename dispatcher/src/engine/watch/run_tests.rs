//! Facts about the watch on a record and a live index: silence during a trip, people who come back, trips that end, zones that
//! come late.

use super::ages::Age;
use super::run::{Moves, Tail};
use super::{LOOK_CHUNK, Watch};
use crate::http::fixture::{Edge, Person, T0, eventually};
use crate::live::Live;
use crate::record::Actor;
use crate::view::watch::signs_for;
use geo::{Fix, FixKind, Position};
use matcher::model::{AccountId, Phase, TripId};
use serde_json::json;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(super) struct Scene {
    pub(super) edge: Edge,
    pub(super) rider: Person,
    pub(super) trip: TripId,
    pub(super) crew: [Person; 2],
    live: Arc<Live>,
    moves: Moves,
    pub(super) tail: Tail,
    pub(super) watch: Arc<Watch>,
    seq: u32,
}

pub(super) async fn scene() -> Scene {
    let edge = Edge::new().await;
    let (rider, trip, crew) = edge.assigned().await;
    let live = Arc::new(Live::in_process());
    let app = &edge.app;
    let watch = Arc::clone(&app.watch);
    let moves = Moves::new(Arc::clone(&watch), Arc::clone(&live));
    let tail = Tail::new(Arc::clone(&watch), Arc::clone(&app.record), edge.led(), app.env.now());
    Scene { edge, rider, trip, crew, live, moves, tail, watch, seq: 0 }
}

impl Scene {
    pub(super) async fn round(&mut self) {
        let now = self.edge.app.env.now();
        self.moves.follow(now);
        self.tail.follow_trips(now).await.unwrap();
    }

    pub(super) fn stands(&mut self, who: usize, position: Position) {
        self.reports(who, position, 5.0);
    }

    fn reports(&mut self, who: usize, position: Position, accuracy_m: f32) {
        self.seq += 1;
        let now = self.edge.app.env.now();
        let person = &self.crew[who];
        let fix = Fix { position, accuracy_m, kind: FixKind::Gps, taken_at_ms: now.0, session_epoch: 1, seq: self.seq };
        assert!(self.live.put(person.id(), person.account.no.unwrap(), fix).is_kept());
        self.watch.fixes(person.id(), [&fix], now);
    }

    /// The server is another, and its watch knows nothing.
    pub(super) async fn restart(&mut self) {
        let Edge { app, .. } = &self.edge;
        self.watch = Arc::default();
        self.moves = Moves::new(Arc::clone(&self.watch), Arc::clone(&self.live));
        self.tail = Tail::new(Arc::clone(&self.watch), Arc::clone(&app.record), self.edge.led(), app.env.now());
        self.round().await;
    }

    pub(super) async fn tap(&self, who: usize, to: &str) {
        let path = format!("/v1/trips/{}/status", self.trip);
        let reply = self.edge.call(Some(&self.crew[who].token), "POST", &path, Some(json!({"to": to}))).await;
        assert!(reply.status.is_success(), "{to}: {}", reply.text);
    }

    pub(super) async fn meet(&self) {
        for to in ["en_route", "arrived"] {
            self.tap(0, to).await;
            self.tap(1, to).await;
        }
        self.tap(0, "met").await;
    }

    /// What the centre sees of the trip, by word and number.
    pub(super) async fn signs(&self) -> Vec<(&'static str, u32, bool)> {
        let app = &self.edge.app;
        let phase = app.record.trip(self.trip).await.unwrap().unwrap().trip.phase;
        let signs = signs_for(phase, &app.watch.flags(self.trip, app.env.now()), None);
        signs.iter().map(|sign| (sign.sign, sign.nos[0], sign.since.is_some())).collect()
    }

    fn no(&self, who: usize) -> u32 {
        self.crew[who].account.no.unwrap()
    }
}

#[tokio::test]
async fn silence_during_a_trip_is_news_and_so_is_the_end_of_it() {
    let mut scene = scene().await;
    let (pickup, _) = scene.edge.places();
    let far = Position::new(pickup.lat() + 0.01, pickup.lon()).unwrap();
    scene.stands(0, far);
    scene.stands(1, far);
    scene.round().await;
    scene.edge.clock.advance_s(30);
    scene.stands(1, far);
    scene.round().await;
    assert_eq!(scene.signs().await, [], "hollow is not silent");
    let aged = scene.edge.app.watch.take_news().staff;
    assert!(aged.contains(&scene.crew[0].id()) && !aged.contains(&scene.crew[1].id()));
    scene.edge.clock.advance_s(31);
    scene.stands(1, far);
    scene.round().await;
    assert_eq!(scene.signs().await, [("silent", scene.no(0), true)]);
    assert!(scene.edge.app.watch.take_news().trips.contains_key(&scene.trip));
    scene.stands(0, far);
    scene.round().await;
    assert_eq!(scene.signs().await, []);
    assert!(scene.edge.app.watch.take_news().trips.contains_key(&scene.trip));
}

/// Seconds over coarse fixes alone, one every 5: they are reported, and say nothing of where.
#[tokio::test]
async fn who_says_where_no_more_is_told_to_be_at_no_place_and_again_once_they_do() {
    let mut scene = scene().await;
    let (pickup, _) = scene.edge.places();
    scene.stands(0, pickup);
    scene.round().await;
    scene.stands(0, pickup);
    scene.round().await;
    let at_meeting = [("at_meeting", scene.no(0), true)];
    let of_one = |signs: Vec<(&'static str, u32, bool)>, no: u32| -> Vec<_> {
        signs.into_iter().filter(|sign| sign.1 == no).collect()
    };
    let no = scene.no(0);
    assert_eq!(of_one(scene.signs().await, no), at_meeting);
    scene.edge.app.watch.take_news();
    let mut told = Vec::new();
    for _ in 0..13 {
        scene.edge.clock.advance_s(5);
        scene.reports(0, pickup, 1_500.0);
        scene.round().await;
        told.push(scene.edge.app.watch.take_news().trips.contains_key(&scene.trip));
    }
    assert_eq!(of_one(scene.signs().await, no), []);
    assert_eq!(told.iter().filter(|told| **told).count(), 1, "once, when it ceased to be: {told:?}");
    scene.stands(0, pickup);
    scene.round().await;
    assert_eq!(of_one(scene.signs().await, no), at_meeting);
    assert!(scene.edge.app.watch.take_news().trips.contains_key(&scene.trip), "and again");
}

#[tokio::test]
async fn whoever_falls_silent_is_told_while_the_record_hangs() {
    let mut scene = scene().await;
    let (pickup, _) = scene.edge.places();
    scene.stands(0, pickup);
    scene.round().await;
    let app = Arc::clone(&scene.edge.app);
    app.watch.take_news();
    let away = app.record.hold_readers().await;
    let reading = tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.record.open_trips().await.is_ok() }
    });
    tokio::task::yield_now().await;
    let (watch, record, live) = (Arc::clone(&scene.watch), Arc::clone(&app.record), Arc::clone(&scene.live));
    let stop = CancellationToken::new();
    let running = tokio::spawn(super::run(watch, record, live, scene.edge.led(), app.env.clone(), stop.clone()));
    // It has begun to read what is open, and waits.
    tokio::time::sleep(Duration::from_millis(100)).await;
    scene.edge.clock.advance_s(61);
    let who = scene.crew[0].id();
    let is_silent = async || app.watch.age(who) == Age::Silent;
    eventually("it is told to be silent", is_silent).await;
    assert!(app.watch.take_news().staff.contains(&who));
    assert!(!reading.is_finished(), "long before whoever reads is told that the record is away");
    drop(away);
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn fixes_pass_while_thousands_grow_old_at_once() {
    let (watch, many) = (Watch::default(), 3 * LOOK_CHUNK + 1);
    let staff = (1..=many as u128).map(|n| AccountId(Uuid::from_u128(n)));
    watch.moved(staff.clone().map(|id| (id, T0.0)), T0);
    let asked = Cell::new(0);
    watch.look(T0.plus_s(61), |_| {
        assert!(watch.state.try_lock().is_ok(), "the index is asked while nobody waits for the watch");
        asked.set(asked.get() + 1);
        Some(T0.0)
    });
    assert_eq!((asked.get(), watch.take_news().staff.len()), (many, many), "each once");
    assert!(staff.into_iter().all(|id| watch.age(id) == Age::Silent));
}

#[tokio::test]
async fn a_phone_that_never_came_is_silent_and_nobody_says_since_when() {
    let mut scene = scene().await;
    scene.round().await;
    scene.edge.clock.advance_s(61);
    scene.round().await;
    let mut expected = [("silent", scene.no(0), false), ("silent", scene.no(1), false)];
    expected.sort_unstable();
    assert_eq!(scene.signs().await, expected);
}

#[tokio::test]
async fn a_trip_that_ends_takes_its_fences_with_it() {
    let mut scene = scene().await;
    scene.round().await;
    let (pickup, dropoff) = scene.edge.places();
    scene.stands(0, pickup);
    assert_eq!(scene.signs().await, [("at_meeting", scene.no(0), true)]);
    scene.meet().await;
    scene.round().await;
    assert_eq!(scene.signs().await, []);
    scene.stands(0, dropoff);
    assert_eq!(scene.signs().await, [("at_dropoff", scene.no(0), true)]);
    scene.tap(0, "escorting").await;
    scene.tap(0, "completed").await;
    // Before the watch has read it, nobody is shown anything; and then there is nothing.
    assert_eq!(scene.signs().await, []);
    scene.round().await;
    scene.edge.app.watch.take_news();
    scene.stands(0, pickup);
    scene.edge.clock.advance_s(120);
    scene.round().await;
    assert!(scene.edge.app.watch.take_news().trips.is_empty());
    assert!(scene.edge.app.watch.flags(scene.trip, scene.edge.app.env.now()).is_empty());
}

#[tokio::test]
async fn a_zone_that_is_added_under_way_counts_soon_and_one_taken_back_no_more() {
    let mut scene = scene().await;
    scene.meet().await;
    scene.round().await;
    let (pickup, _) = scene.edge.places();
    let (rider, record) = (scene.rider.id(), Arc::clone(&scene.edge.app.record));
    let zone = record.add_zone(T0, Actor::Shell, rider, pickup, 200).await.unwrap().unwrap();
    scene.edge.clock.advance_s(11);
    scene.round().await;
    scene.stands(1, pickup);
    assert_eq!(scene.signs().await, [("in_zone", scene.no(1), true)]);
    record.remove_zone(T0, Actor::Shell, zone.id).await.unwrap().unwrap();
    scene.edge.clock.advance_s(11);
    scene.stands(1, pickup);
    scene.round().await;
    assert_eq!(scene.signs().await, []);
}

#[tokio::test]
async fn a_zone_that_is_added_after_the_clock_was_set_back_counts_as_soon() {
    let mut scene = scene().await;
    scene.meet().await;
    scene.round().await;
    let (pickup, _) = scene.edge.places();
    scene.edge.clock.advance_s(-600);
    assert!(scene.tail.is_due(scene.edge.app.env.now()), "nor do trips wait for the clock");
    let (rider, record) = (scene.rider.id(), Arc::clone(&scene.edge.app.record));
    record.add_zone(T0, Actor::Shell, rider, pickup, 200).await.unwrap().unwrap();
    scene.round().await;
    scene.stands(1, pickup);
    assert_eq!(scene.signs().await, [("in_zone", scene.no(1), true)]);
    assert!(!scene.tail.is_due(scene.edge.app.env.now()));
}

#[tokio::test]
async fn the_watch_begins_with_what_is_under_way_and_reads_no_old_ends() {
    let mut scene = scene().await;
    scene.meet().await;
    scene.tap(0, "escorting").await;
    scene.tap(0, "completed").await;
    let row = scene.edge.app.record.trip(scene.trip).await.unwrap().unwrap();
    assert_eq!(row.trip.phase, Phase::Completed);
    scene.round().await;
    scene.edge.clock.advance_s(61);
    scene.round().await;
    assert!(scene.edge.app.watch.take_news().trips.is_empty(), "nobody counts on the crew of a trip that is over");
}
