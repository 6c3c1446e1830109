//! What is learnt from the taps of a crew, as they come from the edge.

use super::legs::{Legs, Outcome, Tap};
use crate::http::fixture::{Edge, Person};
use crate::record::{Actor, NewCondition, Streets};
use geo::road::data::RoadClass;
use geo::road::{Profile, Zone, calibrate};
use geo::{Fix, FixKind, Position};
use matcher::model::{Mode, Phase, Timestamp, TripId};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::mpsc;

struct Scene {
    edge: Edge,
    crew: [Person; 2],
    trip: TripId,
    pickup: Position,
    dropoff: Position,
    taps: mpsc::Receiver<Tap>,
    legs: Legs,
}

/// An assigned crew.
async fn crew() -> Scene {
    let edge = Edge::new().await;
    let (_, trip, crew) = edge.assigned().await;
    let (pickup, dropoff) = edge.places();
    let taps = edge.app.travel.taps().expect("taken once");
    let legs = legs(&edge, false);
    Scene { edge, crew, trip, pickup, dropoff, taps, legs }
}

fn legs(edge: &Edge, demo: bool) -> Legs {
    let app = &edge.app;
    let (record, travel, guide) = (Arc::clone(&app.record), Arc::clone(&app.travel), Arc::clone(&app.guide));
    Legs::new(Arc::clone(&edge.field), guide, record, travel, app.env.clone(), demo)
}

/// So many metres north.
fn north(of: Position, metres: f64) -> Position {
    Position::new(of.lat() + metres / 111_195.0, of.lon()).unwrap()
}

impl Scene {
    /// A tap of the first of the crew on foot, with a good fix.
    fn on_foot(&self, to: Phase, position: Position, at: Timestamp) -> Tap {
        let fix = Fix { position, accuracy_m: 5.0, kind: FixKind::Gps, taken_at_ms: at.0, session_epoch: 1, seq: 1 };
        Tap { staff: self.crew[0].id(), trip: self.trip, to, at, mode: Some(Mode::Walk), fix: Some(fix) }
    }

    /// Operators' conditions come into force or end.
    async fn look(&self) {
        self.edge.weights().round().await.unwrap();
    }

    async fn say(&self, streets: Streets) -> uuid::Uuid {
        let says = NewCondition {
            factor: Some(2.0),
            streets,
            walk: true,
            drive: false,
            cycle: false,
            hours: None,
            until: None,
        };
        let record = &self.edge.app.record;
        record.add_condition(self.edge.app.env.now(), Actor::Shell, says).await.unwrap().unwrap().id
    }

    /// A tap through the edge, and what was made of it; `None` if nothing was passed on.
    async fn tap(&mut self, who: usize, to: &str) -> Option<Outcome> {
        let app = &self.edge.app;
        app.roster.refresh(&app.record, app.env.now()).await.unwrap();
        let path = format!("/v1/trips/{}/status", self.trip);
        let reply = self.edge.call(Some(&self.crew[who].token), "POST", &path, Some(json!({"to": to}))).await;
        assert!(reply.status.is_success(), "{to}: {}", reply.text);
        let tap = self.taps.try_recv().ok()?;
        Some(self.legs.take(tap).await.unwrap())
    }

    /// Milliseconds of the way that crew and rider are led by, around zones on the road.
    fn led_ms_around(&self, zones: &[Zone]) -> u32 {
        let way = self.edge.app.guide.together(Mode::Walk, self.pickup, self.dropoff, zones).unwrap();
        (way.route.duration_s * 1_000.0).round() as u32
    }

    fn led_ms(&self) -> u32 {
        self.led_ms_around(&[])
    }

    /// Milliseconds on empty streets.
    fn free_ms(&self, from: Position, to: Position) -> u32 {
        let map = self.edge.field.map();
        let snap = |at| map.snap(Profile::Walk, at).unwrap();
        map.free_flow(Profile::Walk).travel_ms(snap(from), &snap(to)).unwrap()
    }
}

#[tokio::test]
async fn both_legs_of_a_trip_teach_and_name_nobody() {
    let mut scene = crew().await;
    let (pickup, dropoff) = (scene.pickup, scene.dropoff);
    scene.edge.stands(&scene.crew[0], dropoff, 1);
    assert_eq!(scene.tap(0, "en_route").await, Some(Outcome::Begun));
    scene.edge.clock.advance_s(30);
    assert_eq!(scene.tap(0, "en_route").await, None, "a repeat is no news");
    scene.edge.clock.advance_s(870);
    scene.edge.stands(&scene.crew[0], pickup, 2);
    assert_eq!(scene.tap(0, "arrived").await, Some(Outcome::Learnt));
    assert_eq!(scene.tap(1, "en_route").await, Some(Outcome::Unclear), "nobody knows where the other one is");
    assert_eq!(scene.tap(1, "arrived").await, Some(Outcome::Nothing));
    assert_eq!(scene.tap(0, "met").await, Some(Outcome::Begun));
    scene.edge.clock.advance_s(1_000);
    assert_eq!(scene.tap(0, "escorting").await, Some(Outcome::Nothing));
    scene.edge.stands(&scene.crew[0], dropoff, 3);
    assert_eq!(scene.tap(0, "completed").await, Some(Outcome::Learnt));
    scene.legs.put_down().await;
    let seen = scene.edge.app.record.observations().await.unwrap();
    let told: Vec<_> = seen.iter().map(|o| (o.profile, o.hour, o.took_ms, o.free.total_ms())).collect();
    // To the meeting point on the fastest way, and together on the one they are led by.
    let free = [u64::from(scene.free_ms(dropoff, pickup)), u64::from(scene.led_ms())];
    assert_eq!(told, [(Profile::Walk, 8, 900_000, free[0]), (Profile::Walk, 8, 1_000_000, free[1])]);
}

#[tokio::test]
async fn who_is_led_round_a_zone_at_a_walkers_pace_does_not_make_walking_slow() {
    let mut scene = crew().await;
    let (pickup, dropoff) = (scene.pickup, scene.dropoff);
    let fastest = scene.edge.app.guide.together(Mode::Walk, pickup, dropoff, &[]).unwrap().route;
    let center = fastest.points[fastest.points.len() / 2];
    let (record, now) = (Arc::clone(&scene.edge.app.record), scene.edge.app.env.now());
    let rider = record.trip(scene.trip).await.unwrap().unwrap().trip.rider;
    record.add_zone(now, Actor::Shell, rider, center, 120).await.unwrap().unwrap();
    let led_ms = scene.led_ms_around(&[Zone::circle(center, 120.0).unwrap()]);
    assert!(led_ms > scene.free_ms(pickup, dropoff) * 103 / 100, "the way round is longer");
    for n in 0..40 {
        let begun = now.plus_s(n * 30);
        let met = scene.on_foot(Phase::Met, pickup, begun);
        assert_eq!(scene.legs.take(met).await.unwrap(), Outcome::Begun);
        let done = scene.on_foot(Phase::Completed, dropoff, Timestamp(begun.0 + i64::from(led_ms)));
        assert_eq!(scene.legs.take(done).await.unwrap(), Outcome::Learnt);
    }
    scene.legs.put_down().await;
    let fitted = calibrate::fit(&record.observations().await.unwrap());
    assert!(fitted.is_calibrated(Profile::Walk));
    let factors = fitted.day_factors(Profile::Walk).at(8).by_class;
    for class in RoadClass::ALL {
        let factor = factors.get(&class).copied().unwrap_or(1.0);
        assert!((factor - 1.0).abs() < 0.01, "{class:?}: {factor}");
    }
}

#[tokio::test]
async fn a_way_that_is_not_clear_teaches_nothing() {
    let mut scene = crew().await;
    let now = scene.edge.app.env.now();
    let fix = |position, accuracy_m, kind, age_s: i64| {
        Some(Fix { position, accuracy_m, kind, taken_at_ms: now.plus_s(-age_s).0, session_epoch: 1, seq: 1 })
    };
    let good = fix(scene.dropoff, 5.0, FixKind::Gps, 0);
    let map = scene.edge.field.map();
    let is_off = |at: &Position| map.snap(Profile::Walk, *at).is_some_and(|snap| snap.to_street_ms() > 0);
    let park = (1..400).map(|n| north(scene.dropoff, f64::from(n) * 10.0)).find(is_off).expect("a park or a block");
    let set_out = Tap {
        staff: scene.crew[0].id(),
        trip: scene.trip,
        to: Phase::EnRoute,
        at: now,
        mode: Some(Mode::Walk),
        fix: good,
    };
    for (what, tap) in [
        ("silent", Tap { fix: None, ..set_out }),
        ("old", Tap { fix: fix(scene.dropoff, 5.0, FixKind::Gps, 61), ..set_out }),
        ("coarse", Tap { fix: fix(scene.dropoff, 101.0, FixKind::Network, 0), ..set_out }),
        ("a demo walk", Tap { fix: fix(scene.dropoff, 5.0, FixKind::Demo, 0), ..set_out }),
        ("off the streets", Tap { fix: fix(park, 5.0, FixKind::Gps, 0), ..set_out }),
        ("off shift", Tap { mode: None, ..set_out }),
        ("there already", Tap { fix: fix(scene.pickup, 5.0, FixKind::Gps, 0), ..set_out }),
        ("by a subway that is not searched", Tap { mode: Some(Mode::Transit), ..set_out }),
    ] {
        assert_eq!(scene.legs.take(tap).await.unwrap(), Outcome::Unclear, "{what}");
    }
    let mut in_a_demo = legs(&scene.edge, true);
    let demo = Tap { fix: fix(scene.dropoff, 5.0, FixKind::Demo, 60), ..set_out };
    assert_eq!(in_a_demo.take(demo).await.unwrap(), Outcome::Begun);

    let there = fix(scene.pickup, 5.0, FixKind::Gps, 0);
    let arrived = Tap { to: Phase::Arrived, at: now.plus_s(59), fix: there, ..set_out };
    for (what, tap, outcome) in [
        ("there", arrived, Outcome::Learnt),
        ("off the streets", Tap { fix: fix(park, 5.0, FixKind::Gps, 0), ..arrived }, Outcome::Unclear),
        ("still far away", Tap { fix: good, ..arrived }, Outcome::Unclear),
        ("by car in the end", Tap { mode: Some(Mode::Drive), ..arrived }, Outcome::Unclear),
        ("of another trip", Tap { trip: TripId(uuid::Uuid::nil()), ..arrived }, Outcome::Nothing),
    ] {
        assert_eq!(scene.legs.take(set_out).await.unwrap(), Outcome::Begun);
        assert_eq!(scene.legs.take(tap).await.unwrap(), outcome, "{what}");
    }
    let by_car = Tap { to: Phase::Met, mode: Some(Mode::Drive), ..arrived };
    assert_eq!(scene.legs.take(by_car).await.unwrap(), Outcome::Unclear, "the rider is expected to walk");
}

#[tokio::test]
async fn what_operators_said_is_not_learnt_once_more() {
    let scene = crew().await;
    let now = scene.edge.app.env.now();
    let set_out = scene.on_foot(Phase::EnRoute, scene.dropoff, now);
    let arrived = scene.on_foot(Phase::Arrived, scene.pickup, now.plus_s(900));
    let record = &scene.edge.app.record;
    let graph = scene.edge.field.map().graph(Profile::Walk);
    let off_m = |at: Position| at.distance_m(scene.pickup).min(at.distance_m(scene.dropoff));
    let places = (0..graph.edge_count() as u32).map(|edge| graph.snap_at(edge, 0.5).at);
    let far = places.max_by(|a, b| off_m(*a).total_cmp(&off_m(*b))).unwrap();
    scene.say(Streets::Around { center: far, radius_m: 5 }).await;
    let snow = async || {
        let mut said = Vec::new();
        for class in RoadClass::ALL {
            said.push(scene.say(Streets::Class(class)).await);
        }
        scene.look().await;
        said
    };
    let thaw = async |said: Vec<uuid::Uuid>| {
        for id in said {
            record.remove_condition(now, Actor::Shell, id).await.unwrap().unwrap();
        }
        scene.look().await;
    };
    let mut legs = legs(&scene.edge, false);
    let said = snow().await;
    assert_eq!(legs.take(set_out).await.unwrap(), Outcome::Unclear, "set out in the snow");
    thaw(said).await;
    assert_eq!(legs.take(set_out).await.unwrap(), Outcome::Begun, "elsewhere something is said");
    let said = snow().await;
    assert_eq!(legs.take(arrived).await.unwrap(), Outcome::Unclear, "arrived in the snow");
    thaw(said).await;
    assert_eq!(legs.take(set_out).await.unwrap(), Outcome::Begun);
    assert_eq!(legs.take(arrived).await.unwrap(), Outcome::Learnt);
}

#[tokio::test]
async fn who_taps_a_street_too_early_or_goes_next_door_teaches_nothing() {
    let mut scene = crew().await;
    let now = scene.edge.app.env.now();
    let set_out = scene.on_foot(Phase::EnRoute, scene.dropoff, now);
    for (off_m, outcome) in [(95.0, Outcome::Learnt), (105.0, Outcome::Unclear)] {
        let arrived = scene.on_foot(Phase::Arrived, north(scene.pickup, off_m), now.plus_s(900));
        assert_eq!(scene.legs.take(set_out).await.unwrap(), Outcome::Begun);
        assert_eq!(scene.legs.take(arrived).await.unwrap(), outcome, "{off_m} m away");
    }
    let map = scene.edge.field.map();
    let [from, to] = [scene.dropoff, scene.pickup].map(|at| map.snap(Profile::Walk, at).unwrap());
    let way = map.free_flow(Profile::Walk).route(map.graph(Profile::Walk), from, &to).unwrap();
    let near = |at: &&Position| (61_000..179_000).contains(&scene.free_ms(**at, scene.pickup));
    let next_door = *way.points.iter().find(near).expect("the way passes there");
    let tap = scene.on_foot(Phase::EnRoute, next_door, now);
    assert_eq!(scene.legs.take(tap).await.unwrap(), Outcome::Unclear, "less than three minutes");
}

#[tokio::test]
async fn who_says_that_they_met_elsewhere_teaches_nothing() {
    let mut scene = crew().await;
    let now = scene.edge.app.env.now();
    for (off_m, outcome) in [(105.0, Outcome::Unclear), (95.0, Outcome::Begun)] {
        let met = scene.on_foot(Phase::Met, north(scene.pickup, off_m), now);
        assert_eq!(scene.legs.take(met).await.unwrap(), outcome, "{off_m} m away");
    }
    let vague = scene.on_foot(Phase::Met, scene.pickup, now);
    let vague = Tap { fix: vague.fix.map(|fix| Fix { accuracy_m: 101.0, ..fix }), ..vague };
    let mut legs = legs(&scene.edge, false);
    assert_eq!(legs.take(vague).await.unwrap(), Outcome::Unclear, "nobody knows where");
}
