//! Whom a gateway may judge, told change by change: at work, on no trip nor just off one, in no alarm, believed.

use super::roll::Roll;
use crate::gateway::wire::{Ask, Listed, Told};
use crate::http::fixture::{Edge, Person};
use serde_json::json;
use std::time::Duration;

/// A gateway that keeps what it is told, and is checked against one that asks for all.
struct Asking {
    roll: Roll,
    ask: Ask,
    staff: std::collections::BTreeMap<uuid::Uuid, Listed>,
}

impl Asking {
    fn new() -> Self {
        Self { roll: Roll::new(7, Duration::ZERO), ask: Ask::default(), staff: std::collections::BTreeMap::default() }
    }

    async fn ask(&mut self, edge: &Edge) -> Told {
        let told = self.roll.tell(&edge.app, &self.ask).await.unwrap();
        if told.whole {
            self.staff.clear();
        }
        for gone in &told.gone {
            self.staff.remove(gone);
        }
        self.staff.extend(told.staff.iter().map(|listed| (listed.id, listed.clone())));
        self.ask = Ask { life: told.life, version: told.version, revocation: told.revocation, last: Vec::new() };
        let all = self.roll.tell(&edge.app, &Ask::default()).await.unwrap();
        let whole = all.staff.into_iter().map(|listed| (listed.id, listed)).collect();
        assert_eq!(self.staff, whole, "changes come to the same as all");
        told
    }

    fn passes(&self, who: &Person) -> Option<bool> {
        self.staff.get(&who.id().0).map(|listed| listed.pass)
    }
}

fn fix(at: geo::Position, seq: u32) -> serde_json::Value {
    json!({"fixes": [{"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": seq}]})
}

#[tokio::test]
async fn who_is_at_work_is_told_once_and_who_leaves_is_gone() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let mut asking = Asking::new();
    let told = asking.ask(&edge).await;
    assert!(told.whole && told.life == 7 && !told.hears);
    assert_eq!(asking.passes(&staff), Some(false));
    assert_eq!(asking.staff[&staff.id().0].phone, None, "no epoch was issued");
    let told = asking.ask(&edge).await;
    assert!(!told.whole && told.staff.is_empty() && told.gone.is_empty(), "nothing is new");

    edge.call(Some(&staff.token), "POST", "/v1/fixes", Some(fix(edge.places().0, 1))).await;
    assert_eq!(asking.ask(&edge).await.staff.len(), 1);
    assert_eq!(asking.staff[&staff.id().0].phone.map(|(_, number, epoch)| (number, epoch)), Some((None, 1)));

    let other = edge.staff().await;
    edge.call(Some(&staff.token), "DELETE", "/v1/shift", None).await;
    let told = asking.ask(&edge).await;
    assert_eq!((told.gone.as_slice(), told.staff.len()), (&[staff.id().0][..], 1));
    assert_eq!((asking.passes(&staff), asking.passes(&other)), (None, Some(false)));
    edge.clock.advance_s(8 * 3_600);
    asking.ask(&edge).await;
    assert_eq!(asking.passes(&other), None, "the shift ran out by the clock");
}

#[tokio::test]
async fn a_crew_is_passed_on_from_the_offer_until_a_minute_after_the_end() {
    let edge = Edge::new().await;
    let mut asking = Asking::new();
    let (_, trip, [one, two]) = edge.assigned().await;
    asking.ask(&edge).await;
    assert_eq!((asking.passes(&one), asking.passes(&two)), (Some(true), Some(true)));
    for member in [&one, &two] {
        let path = format!("/v1/trips/{trip}/drop-out");
        edge.call(Some(&member.token), "POST", &path, Some(json!({}))).await;
    }
    edge.clock.advance_s(60);
    asking.ask(&edge).await;
    assert_eq!(asking.passes(&one), Some(true), "what was taken on the trip may still come");
    edge.clock.advance_s(10);
    asking.ask(&edge).await;
    assert_eq!(asking.passes(&one), Some(false));
}

#[tokio::test]
async fn who_is_doubted_or_has_raised_an_alarm_is_passed_on() {
    let edge = Edge::new().await;
    let (doubted, calling) = (edge.staff().await, edge.staff().await);
    let mut asking = Asking::new();
    let (at, other) = edge.places();
    for (place, seq) in [(at, 1), (other, 2)] {
        edge.call(Some(&doubted.token), "POST", "/v1/fixes", Some(fix(place, seq))).await;
    }
    edge.call(Some(&calling.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await;
    asking.ask(&edge).await;
    assert_eq!((asking.passes(&doubted), asking.passes(&calling)), (Some(true), Some(true)));
    edge.call(Some(&doubted.token), "POST", "/v1/fixes", Some(fix(at, 3))).await;
    asking.ask(&edge).await;
    assert_eq!((asking.passes(&doubted), asking.passes(&calling)), (Some(false), Some(true)));
}

#[tokio::test]
async fn what_was_believed_last_is_told_of_whom_it_is_asked_and_a_gateway_may_judge() {
    let edge = Edge::new().await;
    let (staff, other, off) = (edge.staff().await, edge.staff().await, edge.staff().await);
    let asking = Asking::new();
    let ask = |of: &[&Person]| Ask { life: 7, last: of.iter().map(|who| who.id().0).collect(), ..Ask::default() };
    let (at, far) = edge.places();
    let report = async |who: &Person, at: geo::Position, seq: u32| {
        edge.call(Some(&who.token), "POST", "/v1/fixes", Some(fix(at, seq))).await;
    };
    assert_eq!(asking.roll.tell(&edge.app, &ask(&[&staff])).await.unwrap().last, [], "nothing was believed yet");
    for who in [&staff, &other, &off] {
        report(who, at, 1).await;
    }
    edge.call(Some(&off.token), "DELETE", "/v1/shift", None).await;
    let told = asking.roll.tell(&edge.app, &ask(&[&staff, &off])).await.unwrap().last;
    assert_eq!(told.iter().map(|last| (last.id, last.epoch, last.seq)).collect::<Vec<_>>(), [(staff.id().0, 1, 1)]);
    let believed = edge.app.sight.places.last_fix(staff.id()).unwrap();
    assert_eq!(told[0].fix(0), Some(believed), "nothing is lost on the way");
    assert_eq!(told[0].fix(3_000).unwrap().taken_at_ms, believed.taken_at_ms + 3_000);
    // What is newer and doubted may be confirmed by the next: that is not the gateway's to say.
    report(&staff, far, 2).await;
    assert_eq!(asking.roll.tell(&edge.app, &ask(&[&staff])).await.unwrap().last, []);
    assert_eq!(asking.roll.tell(&edge.app, &ask(&[])).await.unwrap().last, [], "nor anybody who is not asked about");
}

#[tokio::test]
async fn what_is_taken_back_is_told_once_and_works_here_no_longer() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let mut asking = Asking::new();
    asking.ask(&edge).await;
    edge.call(Some(&staff.token), "DELETE", "/v1/session", None).await;
    let told = asking.ask(&edge).await;
    assert_eq!(told.revoked.len(), 1);
    assert_eq!(told.revoked[0].0, staff.id().0);
    assert!(told.more, "until none is left");
    assert!(!asking.ask(&edge).await.more);
}
