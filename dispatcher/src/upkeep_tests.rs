//! The clock of the machine is set by ten minutes while the server runs: nobody looks fresher than they are, nobody is forgotten for it,
//! and whoever reports is believed at once.

use super::{CLOCK_EVERY, Upkeep};
use crate::engine::watch::ages::Age;
use crate::http::fixture::{Edge, Person, eventually, hold_timers, put_on};
use geo::{Fix, FixKind, Position};
use matcher::model::AccountId;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const TEN_MIN_S: i64 = 600;

/// A server with its upkeep and its watch, and two clocks: the one that is set, and the one that goes.
struct Stage {
    edge: Edge,
    upkeep: Upkeep,
    since_s: i64,
    moved_after: u64,
    seq: u32,
}

impl Stage {
    async fn new() -> Self {
        let edge = Edge::new().await;
        let upkeep = Upkeep::new(Arc::clone(&edge.app), Arc::clone(&edge.live), Arc::clone(&edge.field));
        Self { edge, upkeep, since_s: 0, moved_after: 0, seq: 0 }
    }

    fn set_clock(&self, by_s: i64) {
        self.edge.clock.advance_s(by_s);
    }

    /// So much time goes by, and everything that looks now and then has looked.
    async fn pass(&mut self, seconds: i64) {
        self.edge.clock.advance_s(seconds);
        self.since_s += seconds;
        let (now, since) = (self.edge.app.env.now(), Duration::from_secs(self.since_s.unsigned_abs()));
        self.upkeep.look_at_clock(now, since);
        self.upkeep.round(|| since).await;
        let (live, watch) = (&self.edge.live, &self.edge.app.watch);
        let (cursor, moved) = live.moved_since(self.moved_after, 100);
        self.moved_after = cursor;
        watch.moved(moved.into_iter().map(|at| (at.staff, at.fix.taken_at_ms)), now);
        watch.look(now, |staff| live.last_fix(staff).map(|fix| fix.taken_at_ms));
    }

    /// A phone reports where it is now; what it is told.
    async fn report(&mut self, who: &Person, at: Position) -> String {
        self.seq += 1;
        let fix = json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": self.seq});
        let reply = self.edge.call(Some(&who.token), "POST", "/v1/fixes", Some(json!({"fixes": [fix]}))).await;
        reply.body["verdicts"][0].as_str().unwrap_or(&reply.text).to_owned()
    }

    fn age_s(&self, who: AccountId) -> Option<i64> {
        let fix = self.edge.live.last_fix(who)?;
        Some(self.edge.app.env.now().since_ms(matcher::model::Timestamp(fix.taken_at_ms)) / 1_000)
    }
}

/// Two places that a car needs half a minute for.
fn places(edge: &Edge) -> (Position, Position) {
    let (from, to) = edge.places();
    let part = 500.0 / from.distance_m(to);
    let between = |a: f64, b: f64| a + (b - a) * part;
    (from, Position::new(between(from.lat(), to.lat()), between(from.lon(), to.lon())).unwrap())
}

#[tokio::test]
async fn a_clock_set_back_makes_nobody_fresh_again_and_no_mover_a_jump() {
    let mut stage = Stage::new().await;
    let (silent, moving) = (stage.edge.staff().await, stage.edge.staff().await);
    let rider = stage.edge.rider().await;
    let (here, there) = places(&stage.edge);
    stage.pass(3_600).await;
    assert_eq!(stage.report(&silent, here).await, "ok");
    stage.pass(25 * 60).await;
    assert_eq!(stage.report(&moving, here).await, "ok");
    let taken_at_ms = stage.edge.app.env.now().0;
    let fix = Fix { position: here, accuracy_m: 5.0, kind: FixKind::Gps, taken_at_ms, session_epoch: 1, seq: 1 };
    stage.edge.live.put_rider(rider.id(), fix);
    stage.pass(0).await;

    stage.set_clock(-TEN_MIN_S);
    stage.pass(1).await;
    let ages = [silent.id(), moving.id(), rider.id()].map(|who| stage.age_s(who));
    assert_eq!(ages, [Some(25 * 60 + 1), Some(1), Some(1)], "as old as before");
    assert_eq!(stage.edge.app.watch.age(silent.id()), Age::Silent);
    // It drove on: by where the clock had been it would have gone before it was there.
    stage.pass(29).await;
    assert_eq!(stage.report(&moving, there).await, "ok");
    stage.pass(15).await;
    assert_eq!(stage.edge.app.watch.age(moving.id()), Age::Fresh);
    stage.pass(1).await;
    assert_eq!(stage.edge.app.watch.age(moving.id()), Age::Hollow, "seen when it happens and not ten minutes later");
    stage.pass(45).await;
    assert_eq!(stage.edge.app.watch.age(moving.id()), Age::Silent);
    // Kept as long as ever, and no longer.
    stage.pass(3 * 60).await;
    assert_eq!(stage.age_s(silent.id()), Some(29 * 60 + 31));
    stage.pass(30).await;
    assert_eq!((stage.age_s(silent.id()), stage.age_s(moving.id())), (None, Some(271)));
}

#[tokio::test]
async fn by_a_clock_set_back_a_phone_of_a_crew_that_never_reported_is_silent_after_a_minute_and_not_ten_minutes_later()
{
    let mut stage = Stage::new().await;
    let (_, trip, crew) = stage.edge.assigned().await;
    stage.pass(1).await;
    let row = stage.edge.app.record.trip(trip).await.unwrap().unwrap();
    stage.edge.app.watch.trip(&row, &[], stage.edge.app.env.now());
    stage.set_clock(-TEN_MIN_S);
    stage.pass(50).await;
    assert_eq!(stage.edge.app.watch.age(crew[0].id()), Age::Unknown);
    stage.pass(11).await;
    assert_eq!(crew.map(|who| stage.edge.app.watch.age(who.id())), [Age::Silent; 2]);
}

#[tokio::test]
async fn a_clock_put_forward_makes_everybody_older_and_nobody_forgotten_until_phones_have_reported_again() {
    let mut stage = Stage::new().await;
    let (silent, still) = (stage.edge.staff().await, stage.edge.staff().await);
    let (here, _) = places(&stage.edge);
    stage.pass(3_600).await;
    assert_eq!(stage.report(&silent, here).await, "ok");
    stage.pass(25 * 60).await;
    assert_eq!(stage.report(&still, here).await, "ok");
    stage.pass(0).await;

    stage.set_clock(TEN_MIN_S);
    stage.pass(1).await;
    let ages = [silent.id(), still.id()].map(|who| stage.age_s(who));
    assert_eq!(ages, [Some(35 * 60 + 1), Some(601)], "known, and fresh to nobody");
    assert_eq!(stage.edge.app.watch.age(still.id()), Age::Silent);
    assert_eq!(stage.report(&still, here).await, "ok");
    stage.pass(1).await;
    assert_eq!((stage.age_s(still.id()), stage.edge.app.watch.age(still.id())), (Some(1), Age::Fresh));
    stage.pass(58).await;
    assert!(stage.age_s(silent.id()).is_some(), "for a minute");
    stage.pass(2).await;
    assert_eq!((stage.age_s(silent.id()), stage.age_s(still.id())), (None, Some(61)));
}

#[tokio::test]
async fn a_clock_set_back_is_seen_at_once_while_the_record_keeps_a_round_waiting() {
    let mut stage = Stage::new().await;
    let silent = stage.edge.staff().await;
    let (here, _) = places(&stage.edge);
    assert_eq!(stage.report(&silent, here).await, "ok");
    let away = stage.edge.app.record.hold_readers().await;
    let Stage { edge, upkeep, .. } = stage;
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let (metrics, told, _here) = (recorder.handle(), recorder.handle(), metrics::set_default_local_recorder(&recorder));
    let _timers = hold_timers();
    let running = tokio::spawn(async move { upkeep.run(&metrics).await });
    // It has looked, and its round waits for the record.
    for _ in 0..2 {
        put_on(CLOCK_EVERY).await;
    }
    let staff = format!("{} 1\n", crate::telemetry::LIVE_STAFF);
    assert!(told.render().contains(&staff), "what is away is told by what waits for nothing");
    let age_s = || {
        let taken_at_ms = edge.live.last_fix(silent.id()).expect("known").taken_at_ms;
        (edge.app.env.now().0 - taken_at_ms) / 1_000
    };
    assert_eq!(age_s(), 0);
    edge.clock.advance_s(-TEN_MIN_S);
    assert_eq!(age_s(), -TEN_MIN_S);
    put_on(CLOCK_EVERY).await;
    eventually("it is as old as it was", async || age_s() == 0).await;
    drop(away);
    edge.app.drain.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn nobody_is_forgotten_because_the_clock_was_set_while_a_round_waited() {
    let mut stage = Stage::new().await;
    let who = stage.edge.staff().await;
    let (here, _) = places(&stage.edge);
    stage.pass(60).await;
    assert_eq!(stage.report(&who, here).await, "ok");
    stage.pass(0).await;
    let since = Duration::from_secs(stage.since_s.unsigned_abs());
    let away = stage.edge.app.record.hold_readers().await;
    // Their shift began ten minutes before it will, now.
    let setting = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stage.set_clock(-TEN_MIN_S);
        drop(away);
    };
    tokio::join!(stage.upkeep.forget_off_shift(|| since), setting);
    assert!(stage.age_s(who.id()).is_some());
    stage.pass(5).await;
    assert_eq!(stage.age_s(who.id()), Some(5), "and when it is mended they are at work");

    // Put forward in the moment before the silent are forgotten.
    stage.pass(25 * 60).await;
    stage.set_clock(TEN_MIN_S);
    stage.upkeep.forget(Duration::from_secs(stage.since_s.unsigned_abs()));
    assert_eq!(stage.age_s(who.id()), Some(35 * 60 + 5));
}
