//! What the worker makes of the record, on a small city of two banks with two bridges: who is asked, how long it takes, and what
//! stays over a restart.

use super::weights::Weights;
use super::{Present, Travel};
use crate::clock::{Clock, Entropy, Env, ManualClock};
use crate::engine::field::Field;
use crate::engine::plan::{World, step};
use crate::engine::plan_tests::{NOW, Scene, account, map, place, placed, trip};
use crate::record::{Actor, Condition, DueTrip, NewCondition, Record, Streets};
use geo::eta::ROAD_SPREAD;
use geo::road::data::{Access, MapData, RoadClass, Way};
use geo::road::subway::Subway;
use geo::road::{FreeTimes, Observation, Profile, RoadMap};
use geo::{Bounds, EtaSource, Position};
use matcher::model::{AccountId, Mode, Phase, Timestamp};
use matcher::schedule::{day_of, hour_of};
use rustix::process::getpriority_process;
use rustix::thread::gettid;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A street along each bank, 1,200 m, and two bridges of 600 m.
fn banks() -> &'static Arc<RoadMap> {
    static MAP: OnceLock<Arc<RoadMap>> = OnceLock::new();
    MAP.get_or_init(|| {
        let nodes: Vec<Position> =
            [600.0, 0.0].iter().flat_map(|&north| (0..5).map(move |i| place(f64::from(i) * 300.0, north))).collect();
        let way = |nodes: &[u32], class, bridge| Way {
            nodes: nodes.to_vec(),
            class,
            name: Way::NO_NAME,
            drive: Access::Both,
            walk: Access::Both,
            cycle: Access::Both,
            drive_kmh: 30,
            walk_kmh_tenths: 50,
            cycle_kmh_tenths: 150,
            bridge,
            tunnel: false,
        };
        let ways = vec![
            way(&[0, 1, 2, 3, 4], RoadClass::Residential, false),
            way(&[5, 6, 7, 8, 9], RoadClass::Residential, false),
            way(&[1, 6], RoadClass::Secondary, true),
            way(&[3, 8], RoadClass::Secondary, true),
        ];
        Arc::new(RoadMap::build(MapData {
            name: "two banks".into(),
            attribution: "made for a test".into(),
            generated: true,
            bounds: Bounds::around(nodes.iter().copied()).unwrap(),
            nodes,
            ways,
            marks: Vec::new(),
            restrictions: Vec::new(),
            subway: Subway::default(),
            names: Vec::new(),
            areas: Vec::new(),
            labels: Vec::new(),
        }))
    })
}

struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            chunk.copy_from_slice(&(z ^ (z >> 29)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// One life of a server on a directory, as far as travel times go.
struct Life {
    clock: Arc<ManualClock>,
    record: Arc<Record>,
    field: Arc<Field>,
    travel: Arc<Travel>,
    weights: Weights,
}

impl Life {
    async fn on(dir: &TempDir, now: Timestamp, seed: u64) -> Self {
        let clock = ManualClock::at(now);
        let env = Env { clock: Arc::clone(&clock) as _, entropy: Arc::new(Counting(AtomicU64::new(seed))) };
        let record = Arc::new(Record::open(dir.path(), env.clone()).await.unwrap());
        let field = Arc::new(Field::new(Arc::clone(banks())));
        let travel = Arc::new(Travel::default());
        let weights = Weights::new(Arc::clone(&field), Arc::clone(&record), Arc::clone(&travel), env).unwrap();
        Self { clock, record, field, travel, weights }
    }

    async fn round(&mut self) -> Arc<Present> {
        self.weights.round().await.unwrap();
        self.travel.present()
    }

    async fn say(&self, says: NewCondition) -> Condition {
        self.record.add_condition(NOW, Actor::Shell, says).await.unwrap().unwrap()
    }

    /// Seconds by a way of travelling, and how they are known.
    fn takes(&self, mode: Mode, from: Position, to: Position) -> Option<(f32, EtaSource)> {
        let (profile, metric) = self.field.times(mode);
        let snap = |at| banks().snap(profile, at).unwrap();
        let eta = metric.times().eta(metric.travel_ms(snap(from), &snap(to))?, 0);
        Some((eta.seconds, eta.source))
    }

    /// Whom the engine asks for a crew of two at a place.
    fn asked(&self, scene: &Scene, due: &DueTrip) -> Vec<AccountId> {
        self.field.follow(&scene.live, &scene.roster, NOW);
        let due = std::slice::from_ref(due);
        let decisions =
            self.field.look(|look| step(&World { roster: &scene.roster, field: look, settled: true }, NOW, due));
        let mut asked: Vec<AccountId> =
            placed(&decisions.effects).into_iter().flat_map(|(_, slots)| slots).map(|slot| slot.1).collect();
        asked.sort_unstable();
        asked
    }
}

/// For everybody, for ever.
fn closed(streets: Streets) -> NewCondition {
    NewCondition { factor: None, streets, walk: true, drive: true, cycle: true, hours: None, until: None }
}

/// The middle of a bridge and some metres around it.
fn bridge(east_m: f64) -> Streets {
    Streets::Around { center: place(east_m, 300.0), radius_m: 40 }
}

/// Two on the far bank at the head of a bridge, and some on the near one further away.
fn two_over_there_and(near: u32) -> Scene {
    let scene = Scene::with_staff(2 + near);
    for n in 0..2 + near {
        let at = if n < 2 { place(310.0 + f64::from(n), 0.0) } else { place(1_190.0 - f64::from(n), 600.0) };
        scene.fix(n, at, NOW, 2);
    }
    scene
}

#[tokio::test]
async fn nobody_is_asked_over_a_closed_bridge_and_who_can_come_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut life = Life::on(&dir, NOW, 1).await;
    let (scene, few) = (two_over_there_and(2), two_over_there_and(1));
    let due = trip(0, Phase::Matching, place(290.0, 600.0));
    let (here, there) = (place(300.0, 600.0), place(300.0, 0.0));
    assert_eq!(life.round().await.generation, 0, "nothing was said: the map's own times stay");
    assert_eq!(life.asked(&scene, &due), [account(0), account(1)], "over the bridge is nearer");

    let first = life.say(closed(bridge(300.0))).await;
    life.round().await;
    let (round_s, _) = life.takes(Mode::Walk, here, there).expect("over the other bridge");
    assert!((round_s - 1_800.0 / 5.0 * 3.6).abs() < 5.0, "600 m along, 600 over, 600 back: {round_s} s");
    let second = life.say(closed(bridge(900.0))).await;
    let present = life.round().await;
    assert_eq!(present.in_force, [first.id, second.id].into());
    for mode in [Mode::Walk, Mode::Drive] {
        assert_eq!(life.takes(mode, here, there), None, "no way is no long way");
    }
    assert_eq!(life.asked(&scene, &due), [account(2), account(3)]);
    assert!(life.asked(&few, &due).is_empty(), "one can come, and nobody is promised from over there");

    life.record.remove_condition(NOW, Actor::Shell, first.id).await.unwrap().unwrap();
    life.round().await;
    assert_eq!(life.asked(&scene, &due), [account(0), account(1)]);
}

#[tokio::test]
async fn what_is_closed_stays_so_over_a_restart_and_opens_by_the_clock() {
    let dir = tempfile::tempdir().unwrap();
    let (here, there) = (place(300.0, 600.0), place(300.0, 0.0));
    let mut life = Life::on(&dir, NOW, 1).await;
    for east_m in [300.0, 900.0] {
        life.say(NewCondition { until: Some(NOW.plus_s(600)), ..closed(bridge(east_m)) }).await;
    }
    life.round().await;
    assert_eq!(life.takes(Mode::Drive, here, there), None);
    life.record.close().await;
    let mut life = Life::on(&dir, NOW.plus_s(300), 2).await;
    assert!(life.takes(Mode::Drive, here, there).is_some(), "the map's own until the first look");
    assert_eq!(life.round().await.in_force.len(), 2);
    assert_eq!(life.takes(Mode::Drive, here, there), None);
    life.clock.advance_s(299);
    life.round().await;
    assert_eq!(life.takes(Mode::Drive, here, there), None);
    life.clock.advance_s(1);
    let present = life.round().await;
    assert!(present.in_force.is_empty() && life.takes(Mode::Drive, here, there).is_some());
    assert!(life.record.conditions().await.unwrap().is_empty(), "and nothing of them is left");
    assert_eq!(life.round().await.generation, present.generation, "without a change nothing is worked out again");
}

#[tokio::test]
async fn a_record_that_takes_no_writes_freezes_no_travel_times() {
    let dir = tempfile::tempdir().unwrap();
    let (here, there) = (place(300.0, 600.0), place(300.0, 0.0));
    let mut life = Life::on(&dir, NOW, 1).await;
    life.say(NewCondition { until: Some(NOW.plus_s(600)), ..closed(bridge(300.0)) }).await;
    life.say(closed(bridge(900.0))).await;
    life.record.note_observations(NOW.plus_s(-86_400 * 100), &[seen(0, 1.0)]).await.unwrap();
    let options = SqliteConnectOptions::new().filename(dir.path().join("record.sqlite"));
    let mut beside = SqliteConnection::connect_with(&options).await.unwrap();
    for table in ["conditions", "travel_observations"] {
        let refuse = format!("create trigger no_{table} before delete on {table} begin select raise(abort, 'no'); end");
        sqlx::raw_sql(AssertSqlSafe(refuse)).execute(&mut beside).await.unwrap();
    }
    let present = life.round().await;
    assert_eq!((present.in_force.len(), present.fitted_at), (2, Some(NOW)), "what is too old cannot be dropped");
    assert_eq!(life.takes(Mode::Drive, here, there), None);
    life.clock.advance_s(600);
    assert_eq!(life.round().await.in_force.len(), 1);
    assert!(life.takes(Mode::Drive, here, there).is_some(), "open by the clock, whatever the record keeps");
    assert_eq!(life.record.conditions().await.unwrap().len(), 2);
    sqlx::raw_sql("drop trigger no_conditions").execute(&mut beside).await.unwrap();
    life.round().await;
    assert_eq!(life.record.conditions().await.unwrap().len(), 1, "dropped when it can be");
}

/// Standing, and asked by nobody that gives way to others.
struct Watching(i32, AtomicU64);

impl Clock for Watching {
    fn now(&self) -> Timestamp {
        assert_eq!(getpriority_process(Some(gettid())).unwrap(), self.0);
        self.1.fetch_add(1, Ordering::SeqCst);
        NOW
    }
}

#[tokio::test]
async fn the_record_is_never_asked_by_who_gives_way() {
    let dir = tempfile::tempdir().unwrap();
    let usual = getpriority_process(Some(gettid())).unwrap();
    let clock = Arc::new(Watching(usual, AtomicU64::new(0)));
    let env = Env { clock: Arc::clone(&clock) as _, entropy: Arc::new(Counting(AtomicU64::new(1))) };
    let record = Arc::new(Record::open(dir.path(), env.clone()).await.unwrap());
    record.add_condition(NOW, Actor::Shell, closed(bridge(300.0))).await.unwrap().unwrap();
    let (field, travel, stop) = (Arc::new(Field::new(Arc::clone(banks()))), Arc::default(), CancellationToken::new());
    let before = clock.1.load(Ordering::SeqCst);
    let weights = Weights::new(field, record, Arc::clone(&travel), env).unwrap();
    let working = tokio::spawn(weights.run(stop.clone()));
    while travel.present().generation == 0 {
        assert!(!working.is_finished(), "it looks until told to stop");
        tokio::task::yield_now().await;
    }
    stop.cancel();
    working.await.unwrap();
    assert!(clock.1.load(Ordering::SeqCst) > before);
}

#[tokio::test]
async fn a_factor_counts_where_and_for_whom_and_when_it_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut life = Life::on(&dir, NOW, 1).await;
    let (along, over) = ([place(10.0, 600.0), place(290.0, 600.0)], [place(300.0, 590.0), place(300.0, 10.0)]);
    let takes = |life: &Life, mode, [from, to]: [Position; 2]| life.takes(mode, from, to).unwrap().0;
    let free = [takes(&life, Mode::Walk, along), takes(&life, Mode::Drive, along), takes(&life, Mode::Walk, over)];
    let hour = hour_of(NOW);
    let of_class = NewCondition {
        factor: Some(2.0),
        drive: false,
        hours: Some((hour, (hour + 1) % 24)),
        ..closed(Streets::Class(RoadClass::Residential))
    };
    life.say(of_class).await;
    let piece = Streets::Along { from: place(5.0, 605.0), to: place(100.0, 600.0), both_carriageways: false };
    life.say(NewCondition { factor: Some(1.5), drive: false, ..closed(piece) }).await;
    life.round().await;
    let near = |got: f32, expected: f32| assert!((got / expected - 1.0).abs() < 0.01, "{got} instead of {expected}");
    near(takes(&life, Mode::Walk, along), free[0] * 3.0);
    near(takes(&life, Mode::Drive, along), free[1]);
    near(takes(&life, Mode::Walk, over), free[2]);
    life.clock.advance_s(3_600);
    life.round().await;
    near(takes(&life, Mode::Walk, along), free[0] * 1.5);
}

#[tokio::test]
async fn what_is_of_no_street_of_this_map_is_not_told_to_count() {
    let dir = tempfile::tempdir().unwrap();
    let mut life = Life::on(&dir, NOW, 1).await;
    let known = life.say(closed(bridge(300.0))).await;
    let far = |east_m| place(east_m, 30_000.0);
    let along = Streets::Along { from: far(0.0), to: far(100.0), both_carriageways: true };
    let mut lost = BTreeSet::new();
    for streets in [Streets::Around { center: far(0.0), radius_m: 40 }, along, Streets::Line("9".to_owned())] {
        lost.insert(life.say(closed(streets)).await.id);
    }
    let present = life.round().await;
    assert_eq!((&present.in_force, &present.of_nothing), (&[known.id].into(), &lost));
}

/// A way of ten minutes over all classes that took so many times as long.
fn seen(hour: u8, ratio: f32) -> Observation {
    let free = FreeTimes { by_class_ms: [100_000; 6], fixed_ms: 0 };
    Observation {
        profile: Profile::Walk,
        day: day_of(NOW),
        hour,
        free,
        took_ms: (600_000.0 * ratio) as u32,
        with_rider: false,
    }
}

#[tokio::test]
async fn what_finished_ways_taught_makes_the_times_of_the_hour_and_stays_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut life = Life::on(&dir, NOW, 1).await;
    let hour = hour_of(NOW);
    let (from, to) = (place(10.0, 600.0), place(900.0, 0.0));
    life.round().await;
    let (free_s, source) = life.takes(Mode::Walk, from, to).unwrap();
    assert_eq!(source, EtaSource::Road);
    let ways: Vec<Observation> = (0..400).flat_map(|_| [seen(hour, 2.0), seen((hour + 1) % 24, 1.2)]).collect();
    let all_day_s = free_s * 1.6;
    life.record.note_observations(NOW, &ways).await.unwrap();
    assert_eq!(life.round().await.generation, 0, "looked at once a day");
    life.record.close().await;

    let mut life = Life::on(&dir, NOW, 2).await;
    let present = life.round().await;
    assert!(present.calibration.is_calibrated(Profile::Walk) && present.generation == 1);
    let (slow_s, source) = life.takes(Mode::Walk, from, to).unwrap();
    assert_eq!(source, EtaSource::Calibrated);
    assert!((slow_s / free_s - 2.0).abs() < 0.05, "{slow_s} s, {free_s} s on empty streets");
    assert_eq!(life.takes(Mode::Drive, from, to).unwrap().1, EtaSource::Road, "nothing was learnt of cars");
    life.clock.advance_s(3_600);
    assert_eq!(life.round().await.generation, 2, "the hour has turned");
    let (later_s, _) = life.takes(Mode::Walk, from, to).unwrap();
    assert!((later_s / free_s - 1.2).abs() < 0.05, "{later_s} s, {free_s} s on empty streets");
    life.clock.advance_s(3_600);
    life.round().await;
    let (unseen_s, source) = life.takes(Mode::Walk, from, to).unwrap();
    assert_eq!(source, EtaSource::Road, "nobody has gone in that hour");
    assert!((unseen_s / all_day_s - 1.0).abs() < 0.3, "{unseen_s} s, and {all_day_s} s as the day is");

    life.record.note_observations(NOW, &[seen(hour, 2.0)]).await.unwrap();
    life.clock.advance_s(86_400 - 7_200);
    assert_eq!(life.round().await.calibration.observations(Profile::Walk, usize::from(hour)), 401, "a day later");
}

#[tokio::test]
async fn what_somebody_at_a_desk_thinks_a_street_takes_is_no_measurement() {
    let dir = tempfile::tempdir().unwrap();
    let mut life = Life::on(&dir, NOW, 1).await;
    let hour = hour_of(NOW);
    let ways: Vec<Observation> = (0..400).map(|_| seen(hour, 1.2)).collect();
    life.record.note_observations(NOW, &ways).await.unwrap();
    let (from, to) = (place(10.0, 600.0), place(900.0, 0.0));
    let known = |life: &Life| {
        let (_, metric) = life.field.times(Mode::Walk);
        let eta = metric.times().eta(100_000, 0);
        (life.takes(Mode::Walk, from, to).unwrap().1, eta.p90_s / eta.seconds)
    };
    life.round().await;
    let (source, measured) = known(&life);
    assert!(source == EtaSource::Calibrated && measured < 1.3, "{source:?} {measured}");
    let snow = NewCondition {
        factor: Some(2.0),
        hours: Some((hour, (hour + 1) % 24)),
        ..closed(Streets::Class(RoadClass::Residential))
    };
    life.say(snow).await;
    life.round().await;
    assert_eq!(known(&life), (EtaSource::Road, ROAD_SPREAD));
    // What is closed is no guess of how long something takes.
    let dir = tempfile::tempdir().unwrap();
    let mut life = Life::on(&dir, NOW, 2).await;
    life.record.note_observations(NOW, &ways).await.unwrap();
    life.say(closed(bridge(300.0))).await;
    life.round().await;
    assert_eq!(known(&life), (EtaSource::Calibrated, measured));
}

#[tokio::test]
async fn what_is_closed_to_bicycles_is_known_before_the_first_is_searched_and_closed_to_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut life = Life::on(&dir, NOW, 1).await;
    let (here, there) = (place(300.0, 600.0), place(300.0, 0.0));
    let free = life.takes(Mode::Walk, here, there).expect("over the bridge");
    life.say(NewCondition { walk: false, drive: false, ..closed(bridge(300.0)) }).await;
    life.field.make(Mode::Cycle);
    assert_eq!(life.takes(Mode::Cycle, here, there), Some(free), "on foot until then");
    life.round().await;
    assert!(life.field.is_searched(Mode::Cycle));
    let (round_s, _) = life.takes(Mode::Cycle, here, there).expect("over the other bridge");
    let along_s = 1_800.0 / 15.0 * 3.6;
    assert!(round_s > along_s && round_s < along_s + 60.0, "600 m along, 600 over, 600 back and turns: {round_s} s");
    assert_eq!(life.takes(Mode::Walk, here, there), Some(free), "who walks goes over it");
}

/// Times in the generated city at 14 h in Korea, between two ends of its subway.
struct Riding {
    clock: Arc<ManualClock>,
    record: Arc<Record>,
    field: Arc<Field>,
    travel: Arc<Travel>,
    weights: Weights,
    _dir: TempDir,
}

impl Riding {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(NOW.plus_s(-i64::from(hour_of(NOW)) * 3_600 + 14 * 3_600));
        let env = Env { clock: Arc::clone(&clock) as _, entropy: Arc::new(Counting(AtomicU64::new(9))) };
        let record = Arc::new(Record::open(dir.path(), env.clone()).await.unwrap());
        let (field, travel) = (Arc::new(Field::new(Arc::clone(map()))), Arc::new(Travel::default()));
        let weights = Weights::new(Arc::clone(&field), Arc::clone(&record), Arc::clone(&travel), env).unwrap();
        field.search(Mode::Transit);
        Self { clock, record, field, travel, weights, _dir: dir }
    }

    fn takes_ms(&self, mode: Mode) -> u32 {
        let stops = &map().data.subway.stops;
        let apart = |from: Position| from.distance_m(stops[0].at);
        let to = stops.iter().map(|stop| stop.at).max_by(|a, b| apart(*a).total_cmp(&apart(*b))).unwrap();
        let (profile, metric) = self.field.times(mode);
        let snap = |at| map().snap(profile, at).unwrap();
        metric.travel_ms(snap(stops[0].at), &snap(to)).unwrap()
    }

    async fn say_of_all_lines(&self, factor: Option<f32>) {
        for line in &map().data.subway.lines {
            let streets = Streets::Line(line.name.clone());
            let says = NewCondition { factor, drive: false, cycle: false, ..closed(streets) };
            self.record.add_condition(self.clock.now(), Actor::Shell, says).await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn the_subway_runs_by_the_hour_and_nobody_rides_before_that_is_known() {
    let mut city = Riding::new().await;
    assert_eq!(city.takes_ms(Mode::Transit), city.takes_ms(Mode::Walk), "it is not known yet which trains run");
    city.weights.round().await.unwrap();
    let by_day = city.takes_ms(Mode::Transit);
    assert!(by_day < city.takes_ms(Mode::Walk));
    let made = city.travel.present().generation;
    city.weights.round().await.unwrap();
    assert_eq!(city.travel.present().generation, made, "the same hour");
    city.clock.advance_s(9 * 3_600);
    city.weights.round().await.unwrap();
    assert!(city.takes_ms(Mode::Transit) > by_day, "late trains are fewer");
    city.clock.advance_s(4 * 3_600);
    city.weights.round().await.unwrap();
    assert_eq!(city.takes_ms(Mode::Transit), city.takes_ms(Mode::Walk), "at three at night none runs");
}

#[tokio::test]
async fn a_line_that_is_closed_carries_nobody_and_one_that_runs_less_often_is_waited_for_longer() {
    let mut city = Riding::new().await;
    city.weights.round().await.unwrap();
    let (by_day, on_foot) = (city.takes_ms(Mode::Transit), city.takes_ms(Mode::Walk));
    city.say_of_all_lines(Some(2.0)).await;
    city.weights.round().await.unwrap();
    let seldom = city.takes_ms(Mode::Transit);
    assert!(by_day < seldom && seldom < on_foot, "{by_day} {seldom} {on_foot}");
    assert_eq!(city.takes_ms(Mode::Walk), on_foot, "who walks waits for no train");
    // However much is said of one line, it is never the sooner there.
    for _ in 0..5 {
        city.say_of_all_lines(Some(100.0)).await;
        city.weights.round().await.unwrap();
        assert_eq!(city.takes_ms(Mode::Transit), on_foot, "a train in days");
    }
    city.say_of_all_lines(None).await;
    city.weights.round().await.unwrap();
    assert_eq!(city.takes_ms(Mode::Transit), on_foot, "no train runs");
}
