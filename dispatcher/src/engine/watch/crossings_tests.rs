//! Facts about zone crossings: what is on the record of them, and what the phones of the crew are told.

use super::crossings::Crossings;
use super::run_tests::{Scene, scene};
use crate::http::fixture::{Person, T0};
use crate::record::{Actor, AvoidZone, OutboxKind};
use geo::Position;
use serde_json::Value;
use std::sync::Arc;

impl Scene {
    fn crossings(&self) -> Crossings {
        let app = &self.edge.app;
        Crossings::new(Arc::clone(&self.watch), Arc::clone(&app.record), app.env.clone())
    }

    /// With the rider, and a zone around where they met.
    async fn with_zone() -> (Self, AvoidZone) {
        let mut scene = scene().await;
        scene.meet().await;
        let (pickup, _) = scene.edge.places();
        let record = Arc::clone(&scene.edge.app.record);
        let zone = record.add_zone(T0, Actor::Shell, scene.rider.id(), pickup, 200).await.unwrap().unwrap();
        scene.round().await;
        (scene, zone)
    }

    fn inside(&self) -> Position {
        self.edge.places().0
    }

    fn outside(&self) -> Position {
        let at = self.inside();
        Position::new(at.lat() + 0.01, at.lon()).unwrap()
    }

    /// What the chain says of the trip's zones, oldest first: member and word.
    async fn noted(&self) -> Vec<(usize, String)> {
        let rows = self.edge.app.record.audit_of(self.trip.0, 1_000).await.unwrap();
        let of_zones = rows.into_iter().rev().filter(|(_, action, _)| action.starts_with("zone_"));
        of_zones
            .map(|(actor, action, detail)| {
                assert!(detail.parse::<i64>().is_ok(), "when, and nothing else: {detail}");
                (self.crew.iter().position(|person| Some(person.id()) == actor).unwrap(), action)
            })
            .collect()
    }

    /// How often somebody was told of the trip.
    async fn told(&self, who: &Person) -> usize {
        let rows = self.edge.app.record.outbox_of(who.id(), 0, 1_000).await.unwrap();
        rows.iter().filter(|row| row.kind == OutboxKind::Trip).count()
    }

    async fn card(&self, who: usize) -> Value {
        self.edge.call(Some(&self.crew[who].token), "GET", "/v1/card", None).await.body["trip"].clone()
    }
}

fn words(noted: &[(usize, String)]) -> Vec<(usize, &str)> {
    noted.iter().map(|(who, word)| (*who, word.as_str())).collect()
}

#[tokio::test]
async fn coming_in_and_going_out_are_on_the_record_of_the_trip_each_once() {
    let (mut scene, _) = Scene::with_zone().await;
    let mut crossings = scene.crossings();
    let (inside, outside) = (scene.inside(), scene.outside());
    scene.stands(1, outside);
    crossings.write().await;
    assert_eq!(scene.noted().await, [], "who was never in one leaves none");
    for at in [inside, inside, outside, outside] {
        scene.stands(1, at);
        crossings.write().await;
    }
    // Fixes that came late and at once are crossings all the same.
    for at in [inside, outside] {
        scene.stands(1, at);
    }
    crossings.write().await;
    let noted = scene.noted().await;
    let both = [(1, "zone_entered"), (1, "zone_left")];
    assert_eq!(words(&noted), [both, both].concat());
}

#[tokio::test]
async fn zones_that_lie_over_each_other_are_one_and_one_taken_back_is_not_left() {
    let (mut scene, zone) = Scene::with_zone().await;
    let mut crossings = scene.crossings();
    let record = Arc::clone(&scene.edge.app.record);
    let (inside, rider) = (scene.inside(), scene.rider.id());
    let second = record.add_zone(T0, Actor::Shell, rider, inside, 300).await.unwrap().unwrap();
    scene.edge.clock.advance_s(11);
    scene.round().await;
    scene.stands(0, inside);
    record.remove_zone(T0, Actor::Shell, zone.id).await.unwrap().unwrap();
    scene.edge.clock.advance_s(11);
    scene.round().await;
    crossings.write().await;
    assert_eq!(words(&scene.noted().await), [(0, "zone_entered")]);
    record.remove_zone(T0, Actor::Shell, second.id).await.unwrap().unwrap();
    scene.edge.clock.advance_s(11);
    scene.round().await;
    crossings.write().await;
    assert_eq!(words(&scene.noted().await), [(0, "zone_entered"), (0, "zone_lifted")]);
}

#[tokio::test]
async fn a_restart_notes_no_crossing_twice_and_one_that_happened_meanwhile() {
    let (mut scene, _) = Scene::with_zone().await;
    let (inside, outside) = (scene.inside(), scene.outside());
    scene.stands(1, inside);
    scene.crossings().write().await;
    let told = scene.told(&scene.crew[0]).await;
    scene.restart().await;
    scene.stands(1, inside);
    scene.crossings().write().await;
    assert_eq!(words(&scene.noted().await), [(1, "zone_entered")]);
    assert_eq!(scene.told(&scene.crew[0]).await, told + 1, "a phone that asked before the watch knew learns it");
    scene.restart().await;
    let edge = Position::new(inside.lat() + 0.00215, inside.lon()).unwrap();
    scene.stands(1, edge);
    scene.crossings().write().await;
    assert_eq!(scene.noted().await.len(), 1, "at the edge nobody knows");
    scene.stands(1, outside);
    scene.crossings().write().await;
    assert_eq!(words(&scene.noted().await), [(1, "zone_entered"), (1, "zone_left")]);
}

#[tokio::test]
async fn the_watch_goes_on_while_the_record_takes_nothing_and_it_is_noted_later() {
    let (mut scene, _) = Scene::with_zone().await;
    let mut crossings = scene.crossings();
    let (inside, outside) = (scene.inside(), scene.outside());
    scene.edge.app.record.break_audit(true).await;
    scene.stands(1, inside);
    crossings.write().await;
    scene.round().await;
    assert_eq!(scene.signs().await, [("in_zone", scene.crew[1].account.no.unwrap(), true)]);
    scene.stands(1, outside);
    crossings.write().await;
    assert_eq!(scene.signs().await, []);
    scene.edge.app.record.break_audit(false).await;
    crossings.write().await;
    assert_eq!(words(&scene.noted().await), [(1, "zone_entered"), (1, "zone_left")]);
}

#[tokio::test]
async fn the_whole_crew_is_told_that_it_is_inside_and_the_rider_is_not() {
    let (mut scene, _) = Scene::with_zone().await;
    let mut crossings = scene.crossings();
    let (inside, outside) = (scene.inside(), scene.outside());
    let everybody = [scene.rider.clone(), scene.crew[0].clone(), scene.crew[1].clone()];
    let mut before = Vec::new();
    for who in &everybody {
        before.push(scene.told(who).await);
    }
    for (at, is_in, told) in [(inside, true, 1), (outside, false, 2)] {
        scene.stands(1, at);
        crossings.write().await;
        for (who, before) in everybody.iter().zip(&before).skip(1) {
            assert_eq!(scene.told(who).await, before + told);
        }
        for who in [0, 1] {
            assert_eq!(scene.card(who).await["in_zone"].as_bool(), is_in.then_some(true), "also who asks anew");
        }
    }
    assert_eq!(scene.told(&everybody[0]).await, before[0]);
    let path = format!("/v1/trips/{}", scene.trip);
    scene.stands(1, inside);
    let seen = scene.edge.call(Some(&everybody[0].token), "GET", &path, None).await;
    assert!(seen.status.is_success() && !seen.text.contains("zone"), "{}", seen.text);
}

#[tokio::test]
async fn of_a_trip_that_has_ended_no_phone_is_told_and_it_stays_on_its_record() {
    let (mut scene, _) = Scene::with_zone().await;
    let mut crossings = scene.crossings();
    scene.stands(1, scene.inside());
    scene.tap(0, "escorting").await;
    scene.tap(0, "completed").await;
    let told = scene.told(&scene.crew[0]).await;
    crossings.write().await;
    assert_eq!((scene.told(&scene.crew[0]).await, scene.card(0).await), (told, Value::Null));
    assert_eq!(words(&scene.noted().await), [(1, "zone_entered")]);
}
