//! Facts about the rest of a trip whose crew is led round: as long as the way they are led by, and searched once.

use super::Led;
use crate::http::fixture::{Edge, Person};
use crate::record::{Actor, AvoidZone, TripRow};
use geo::Position;
use geo::road::Zone;
use matcher::model::{Mode, TripId};
use matcher::policy::limits::HAND_OVER_S;
use serde_json::json;
use std::sync::Arc;

struct Scene {
    edge: Edge,
    trip: TripId,
    crew: [Person; 2],
    pickup: Position,
    dropoff: Position,
    led: Arc<Led>,
}

impl Scene {
    /// A crew with its rider at the meeting point.
    async fn met() -> Self {
        let edge = Edge::new().await;
        let (_, trip, crew) = edge.assigned().await;
        let ((pickup, dropoff), led) = (edge.places(), edge.led());
        let scene = Self { edge, trip, crew, pickup, dropoff, led };
        for (who, to) in [(0, "en_route"), (1, "en_route"), (0, "arrived"), (1, "arrived"), (0, "met")] {
            scene.tap(who, to).await;
        }
        scene
    }

    async fn tap(&self, who: usize, to: &str) {
        let path = format!("/v1/trips/{}/status", self.trip);
        let reply = self.edge.call(Some(&self.crew[who].token), "POST", &path, Some(json!({"to": to}))).await;
        assert!(reply.status.is_success(), "{to}: {}", reply.text);
    }

    async fn row(&self) -> TripRow {
        self.edge.app.record.trip(self.trip).await.unwrap().unwrap()
    }

    /// A zone in the middle of the way.
    async fn zone(&self) -> Vec<AvoidZone> {
        let way = self.edge.app.guide.together(Mode::Walk, self.pickup, self.dropoff, &[]).unwrap().route;
        let (record, now) = (&self.edge.app.record, self.edge.app.env.now());
        let (rider, center) = (self.row().await.trip.rider, way.points[way.points.len() / 2]);
        record.add_zone(now, Actor::Shell, rider, center, 120).await.unwrap().unwrap();
        record.zones_of(rider).await.unwrap()
    }

    /// Seconds until the first of the crew is free, by a fix at the meeting point.
    async fn free_s(&self, seq: u32) -> f32 {
        let app = &self.edge.app;
        self.edge.stands(&self.crew[0], self.pickup, seq);
        let roster = app.roster.refresh(&app.record, app.env.now()).await.unwrap();
        self.edge.field.follow(&self.edge.live, &roster, app.env.now());
        self.edge.field.ending(self.crew[0].id()).expect("under way").0.free_ms as f32 / 1_000.0
    }

    fn led_s(&self, zones: &[AvoidZone]) -> f32 {
        let circles: Vec<Zone> = zones.iter().map(|z| Zone::circle(z.center, f64::from(z.radius_m)).unwrap()).collect();
        self.edge.app.guide.together(Mode::Walk, self.pickup, self.dropoff, &circles).unwrap().route.duration_s
    }
}

#[tokio::test]
async fn the_rest_of_a_trip_is_as_long_as_the_way_its_crew_is_led_by() {
    let scene = Scene::met().await;
    let fastest_s = scene.edge.app.sight.takes(Mode::Walk, scene.pickup, scene.dropoff).unwrap().seconds;
    let parting_s = HAND_OVER_S as f32;
    let near = |free_s: f32, way_s: f32| assert!((free_s - parting_s - way_s).abs() < 3.0, "{free_s} s, {way_s} s");
    near(scene.free_s(1).await, fastest_s);
    scene.led.take(&scene.row().await, &[]).expect("searched").await.unwrap();
    near(scene.free_s(2).await, scene.led_s(&[]));
    let zones = scene.zone().await;
    let round_s = scene.led_s(&zones);
    assert!(round_s > fastest_s + 30.0, "{round_s} s round the zone, {fastest_s} s through it");
    scene.led.take(&scene.row().await, &zones).expect("searched").await.unwrap();
    near(scene.free_s(3).await, round_s);
    assert!(scene.led.take(&scene.row().await, &zones).is_none(), "searched once");
    // A supervisor who plans what follows is told the same.
    let (app, rider) = (&scene.edge.app, scene.edge.rider().await);
    let other = scene.edge.trip(&rider).await;
    *scene.edge.says.everybody.lock().unwrap() = vec![scene.crew[0].id()];
    let centre = scene.edge.centre().await;
    let told = scene.edge.call(Some(&centre.token), "GET", &format!("/v1/trips/{other}/candidates"), None).await;
    let free_in_s = told.body["candidates"][0]["after"]["free_in_s"].as_f64().expect("on another trip") as f32;
    assert!((free_in_s - round_s).abs() < 3.0, "{free_in_s} s, {round_s} s round the zone");
    scene.tap(0, "escorting").await;
    scene.tap(0, "completed").await;
    assert!(scene.led.take(&scene.row().await, &zones).is_none());
    assert_eq!(scene.edge.field.stretch(scene.trip, Mode::Walk).to_bits(), 1.0_f32.to_bits(), "nothing is kept");
    assert!(app.record.trip(scene.trip).await.unwrap().is_some());
}

#[tokio::test]
async fn a_search_that_ends_after_the_trip_leaves_nothing() {
    let scene = Scene::met().await;
    let zones = scene.zone().await;
    let searching = scene.led.take(&scene.row().await, &zones).expect("searched");
    scene.led.forget(scene.trip);
    searching.await.unwrap();
    let stretch = scene.edge.field.stretch(scene.trip, Mode::Walk);
    assert!(stretch <= 1.0, "{stretch} of a trip that is over");
}
