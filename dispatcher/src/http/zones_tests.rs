//! Who may set, count and take back the zones of a trip's rider, and what comes back of them.

use super::fixture::{Edge, Person, Reply};
use matcher::model::TripId;
use serde_json::{Value, json};

struct Scene {
    edge: Edge,
    rider: Person,
    trip: TripId,
    crew: [Person; 2],
    centre: Person,
}

async fn scene() -> Scene {
    let edge = Edge::new().await;
    let (rider, trip, crew) = edge.assigned().await;
    let centre = edge.centre().await;
    Scene { edge, rider, trip, crew, centre }
}

impl Scene {
    fn path(&self) -> String {
        format!("/v1/trips/{}/zones", self.trip)
    }

    fn zone(&self, radius_m: u32) -> Value {
        let (at, _) = self.edge.places();
        json!({"around": {"at": {"lat": at.lat(), "lon": at.lon()}, "radius_m": radius_m}})
    }

    async fn add(&self, who: &Person, key: &str, body: &Value) -> Reply {
        self.edge.post_once(who, &self.path(), key, body).await
    }

    async fn list(&self, who: &Person) -> Reply {
        self.edge.call(Some(&who.token), "GET", &self.path(), None).await
    }

    async fn remove(&self, who: &Person, zone: &str) -> Reply {
        self.edge.call(Some(&who.token), "DELETE", &format!("{}/{zone}", self.path()), None).await
    }

    async fn count(&self) -> usize {
        self.edge.app.record.zones_of(self.rider.id()).await.unwrap().len()
    }
}

#[tokio::test]
async fn the_centre_sets_counts_and_takes_back_and_nobody_else_does() {
    let scene = scene().await;
    let edge = &scene.edge;
    let (company, admin) = (edge.supervisor(edge.agency).await, edge.admin().await);
    let made = scene.add(&scene.centre, "k", &scene.zone(150)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.body["id"].as_str().unwrap().to_owned();
    for (who, code) in [
        (&scene.rider, "forbidden_role"),
        (&scene.crew[0], "forbidden_role"),
        (&admin, "forbidden_role"),
        // The crew is this company's own.
        (&company, "not_concerned"),
    ] {
        assert_eq!(scene.list(who).await.code(), code);
        assert_eq!(scene.add(who, "k2", &scene.zone(150)).await.code(), code);
        assert_eq!(scene.remove(who, &id).await.code(), code);
    }
    let other = edge.supervisor(edge.other_agency().await).await;
    assert_eq!(scene.list(&other).await.code(), "not_concerned");
    assert_eq!(scene.count().await, 1);
    let listed = scene.list(&scene.centre).await;
    assert_eq!(
        (&listed.body["zones"][0]["id"], &listed.body["zones"][0]["radius_m"], &made.body["radius_m"]),
        (&json!(id), &json!(150), &json!(150))
    );
    let (at, _) = edge.places();
    for text in [&made.text, &listed.text] {
        assert!(!text.contains(&format!("{:.4}", at.lat())) && !text.contains("lat"), "where it is comes back never");
    }
    assert_eq!(scene.remove(&scene.centre, &id).await.status, 204);
    assert_eq!((scene.remove(&scene.centre, &id).await.code(), scene.count().await), ("not_found", 0));
    let audit = edge.app.record.audit_of(scene.rider.id().0, 2).await.unwrap();
    let deeds: Vec<_> = audit.iter().map(|(by, did, detail)| (*by, did.as_str(), detail.as_str())).collect();
    let by = Some(scene.centre.id());
    assert_eq!(deeds, [(by, "avoid_zone_removed", ""), (by, "avoid_zone_added", "")]);
}

#[tokio::test]
async fn sent_again_under_its_key_a_zone_is_added_once_and_not_brought_back() {
    let scene = scene().await;
    let (centre, zone) = (&scene.centre, scene.zone(150));
    let made = scene.add(centre, "k", &zone).await;
    let again = scene.add(centre, "k", &zone).await;
    assert_eq!((made.status.as_u16(), again.status.as_u16(), &again.body), (201, 200, &made.body));
    assert_eq!(scene.add(centre, "k", &scene.zone(160)).await.code(), "idempotency_key_reused");
    assert_eq!(scene.add(centre, "k2", &zone).await.status, 201, "another key is another zone");
    scene.remove(centre, made.body["id"].as_str().unwrap()).await;
    assert_eq!((scene.add(centre, "k", &zone).await.code(), scene.count().await), ("not_found", 1));
    let reply = scene.edge.call(Some(&centre.token), "POST", &scene.path(), Some(zone)).await;
    assert_eq!((reply.code(), scene.count().await), ("idempotency_key_required", 1));
}

#[tokio::test]
async fn what_is_no_circle_on_the_map_is_named() {
    let scene = scene().await;
    let at = |lat: f64| json!({"around": {"at": {"lat": lat, "lon": 127.0}, "radius_m": 150}});
    for (n, (body, field)) in [
        (scene.zone(9), "around.radius_m"),
        (scene.zone(5_001), "around.radius_m"),
        (at(10.0), "around.at"),
        (at(91.0), "around.at.lat"),
        (json!({}), "around"),
    ]
    .iter()
    .enumerate()
    {
        let reply = scene.add(&scene.centre, &n.to_string(), body).await;
        assert_eq!((reply.status.as_u16(), &reply.body["field"]), (422, &json!(field)), "{}", reply.text);
    }
    for n in 0..16 {
        assert_eq!(scene.add(&scene.centre, &format!("z{n}"), &scene.zone(5_000)).await.status, 201);
    }
    assert_eq!(scene.add(&scene.centre, "z16", &scene.zone(10)).await.code(), "too_many_zones");
}

#[tokio::test]
async fn a_zone_of_another_rider_is_not_taken_from_this_trip() {
    let scene = scene().await;
    let (at, _) = scene.edge.places();
    let other = scene.edge.rider().await;
    let record = &scene.edge.app.record;
    let by = crate::record::Actor::Shell;
    let zone = record.add_zone(scene.edge.app.env.now(), by, other.id(), at, 100).await.unwrap().unwrap();
    assert_eq!(scene.remove(&scene.centre, &zone.id.to_string()).await.code(), "not_found");
    assert_eq!(scene.remove(&scene.centre, "x").await.code(), "not_found");
    assert_eq!(record.zones_of(other.id()).await.unwrap().len(), 1);
}
