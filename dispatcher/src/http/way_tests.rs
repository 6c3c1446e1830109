//! Facts about the way a crew member is led: who gets it, where it leads, and what keeps it out of a rider's avoid zones.

use super::fixture::{Edge, Person, Reply, T0};
use super::sight::When;
use crate::engine::guide::{Kept, Prefer, Way};
use crate::live::Live;
use crate::record::{Actor, NewCondition, NewShift, Streets};
use geo::road::{NoSaferWay, Profile, Zone};
use geo::{Fix, FixKind, Position};
use matcher::model::{Mode, TripId};
use serde_json::{Value, json};

struct Scene {
    edge: Edge,
    rider: Person,
    crew: [Person; 2],
    trip: TripId,
    pickup: Position,
    dropoff: Position,
}

/// A crew that has accepted, the first of it at the drop-off.
async fn crew() -> Scene {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let trip = edge.trip(&rider).await;
    let crew = [edge.staff().await, edge.staff().await];
    edge.place(trip, &[&crew[0], &crew[1]]).await;
    let (pickup, dropoff) = edge.places();
    Scene { edge, rider, crew, trip, pickup, dropoff }
}

impl Scene {
    async fn way(&self, who: &Person, query: &str) -> Reply {
        self.edge.call(Some(&who.token), "GET", &format!("/v1/trips/{}/way{query}", self.trip), None).await
    }

    async fn accept(&self) {
        for member in &self.crew {
            self.edge.accept(member).await;
        }
    }

    fn stands(&self, who: &Person, position: Position) {
        let fix = Fix {
            position,
            accuracy_m: 5.0,
            kind: FixKind::Gps,
            taken_at_ms: self.edge.app.env.now().0,
            session_epoch: 1,
            seq: 1,
        };
        assert_eq!(self.edge.app.sight.places.put_staff(who.id(), who.account.no.unwrap(), fix).word(), "ok");
    }

    async fn tap(&self, who: &Person, to: &str) {
        let path = format!("/v1/trips/{}/status", self.trip);
        let reply = self.edge.call(Some(&who.token), "POST", &path, Some(json!({"to": to}))).await;
        assert!(reply.status.is_success(), "{to}: {}", reply.text);
    }

    async fn meet(&self) {
        for member in &self.crew {
            self.tap(member, "en_route").await;
            self.tap(member, "arrived").await;
        }
        self.tap(&self.crew[0], "met").await;
    }
}

fn ends(way: &Value) -> [Position; 2] {
    let line = way["line"].as_array().unwrap();
    let at = |p: &Value| Position::new(p[1].as_f64().unwrap(), p[0].as_f64().unwrap()).unwrap();
    [at(&line[0]), at(&line[line.len() - 1])]
}

fn crosses(way: &Value, zone: &Zone) -> bool {
    let at = |p: &Value| Position::new(p[1].as_f64().unwrap(), p[0].as_f64().unwrap()).unwrap();
    let points: Vec<Position> = way["line"].as_array().unwrap().iter().map(at).collect();
    points.windows(2).any(|pair| zone.touches(pair[0], pair[1]))
}

#[tokio::test]
async fn only_the_crew_is_led_and_only_while_it_is_one() {
    let scene = crew().await;
    let [first, _] = &scene.crew;
    scene.stands(first, scene.dropoff);
    assert_eq!(scene.way(first, "").await.code(), "not_found", "an offer shows no place");
    scene.accept().await;
    assert_eq!(scene.way(first, "").await.status, 200);
    let stranger = scene.edge.staff().await;
    scene.stands(&stranger, scene.dropoff);
    assert_eq!(scene.way(&stranger, "").await.code(), "not_found");
    let supervisor = scene.edge.supervisor(scene.edge.agency).await;
    for other in [&scene.rider, &supervisor] {
        assert_eq!(scene.way(other, "").await.code(), "forbidden_role");
    }
    scene.meet().await;
    for to in ["escorting", "completed"] {
        assert_eq!(scene.way(first, "").await.status, 200, "before {to}");
        scene.tap(first, to).await;
    }
    assert_eq!(scene.way(first, "").await.code(), "not_found", "after the end nothing is left");
}

#[tokio::test]
async fn it_leads_from_the_phone_to_the_meeting_point_and_then_to_the_end() {
    let scene = crew().await;
    let [first, second] = &scene.crew;
    scene.accept().await;
    assert_eq!(scene.way(first, "").await.code(), "no_fix");
    scene.stands(first, scene.dropoff);
    let to_meet = scene.way(first, "").await.body;
    assert_eq!(
        (&to_meet["to"], &to_meet["prefer"], &to_meet["zones"]),
        (&json!("pickup"), &json!("fastest"), &json!("none"))
    );
    let [from, to] = ends(&to_meet);
    assert!(from.distance_m(scene.dropoff) < 60.0 && to.distance_m(scene.pickup) < 60.0);
    let legs = to_meet["legs"].as_array().unwrap();
    let seconds: f64 = legs.iter().map(|leg| leg["duration_s"].as_f64().unwrap()).sum();
    let whole = to_meet["duration_s"].as_f64().unwrap();
    assert!((seconds - whole).abs() <= legs.len() as f64, "{seconds} of {whole}");
    assert_eq!(legs[0]["turn"], "start");
    assert_eq!(scene.way(second, "").await.code(), "no_fix", "nobody is led from another's place");

    scene.meet().await;
    scene.stands(second, scene.pickup);
    let to_end = scene.way(second, "").await.body;
    assert_eq!(
        (&to_end["to"], &to_end["mode"], &to_end["prefer"]),
        (&json!("dropoff"), &json!("walk"), &json!("safer"))
    );
    assert!(ends(&to_end)[1].distance_m(scene.dropoff) < 60.0);
    let fastest = scene.way(second, "?prefer=fastest").await.body;
    let detour = to_end["duration_s"].as_i64().unwrap() - fastest["duration_s"].as_i64().unwrap();
    assert!((detour - to_end["detour_s"].as_i64().unwrap()).abs() <= 1, "{detour} s: {}", to_end["detour_s"]);
    for query in ["?prefer=shortest", "?lat=1", "?prefer=safer&x=1"] {
        let refused = scene.way(second, query).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (422, "bad_field"), "{query}");
    }
    scene.edge.clock.advance_s(90);
    assert_eq!(scene.way(second, "").await.body["fix_age_s"], 90);
}

#[tokio::test]
async fn nobody_is_led_from_a_circle_of_two_kilometres() {
    let scene = crew().await;
    let first = &scene.crew[0];
    scene.accept().await;
    for (seq, accuracy_m, is_led) in [(1, 2_000.0, false), (2, 500.0, true), (3, 501.0, false)] {
        let (position, taken_at_ms) = (scene.dropoff, scene.edge.app.env.now().0);
        let fix = Fix { position, accuracy_m, kind: FixKind::Network, taken_at_ms, session_epoch: 1, seq };
        scene.edge.app.sight.places.put_staff(first.id(), first.account.no.unwrap(), fix);
        let way = scene.way(first, "").await;
        assert_eq!(way.status.is_success(), is_led, "{accuracy_m} m: {}", way.text);
        if is_led {
            let (whole, late) = (way.body["duration_s"].as_u64().unwrap(), way.body["p90_s"].as_u64().unwrap());
            assert!(late > whole + 500, "the circle counts: {late} s");
        } else {
            assert_eq!(way.code(), "no_fix");
        }
    }
}

#[tokio::test]
async fn together_with_the_rider_it_keeps_out_of_the_riders_zones() {
    let scene = crew().await;
    let first = &scene.crew[0];
    scene.accept().await;
    scene.meet().await;
    scene.stands(first, scene.pickup);
    let free = scene.way(first, "?prefer=fastest").await.body;
    let line = free["line"].as_array().unwrap();
    let middle = &line[line.len() / 2];
    let center = Position::new(middle[1].as_f64().unwrap(), middle[0].as_f64().unwrap()).unwrap();
    let record = &scene.edge.app.record;
    let added = record.add_zone(T0, Actor::Shell, scene.rider.id(), center, 40).await.unwrap().unwrap();
    let zone = Zone::circle(center, 40.0).unwrap();
    assert!(crosses(&free, &zone));
    for query in ["", "?prefer=fastest"] {
        let around = scene.way(first, query).await;
        assert_eq!(around.body["zones"], "kept_out", "{}", around.text);
        assert!(!crosses(&around.body, &zone), "{query}");
        assert!(around.body["detour_s"].as_u64().unwrap() > 0);
    }
    // Of another rider they are nobody's here.
    record.remove_zone(T0, Actor::Shell, added.id).await.unwrap().unwrap();
    let other = scene.edge.rider().await;
    record.add_zone(T0, Actor::Shell, other.id(), center, 40).await.unwrap().unwrap();
    assert_eq!(scene.way(first, "").await.body["zones"], "none");
}

#[tokio::test]
async fn a_trip_is_told_to_be_as_long_as_the_way_its_crew_will_be_led_by() {
    let scene = crew().await;
    let first = &scene.crew[0];
    scene.accept().await;
    scene.meet().await;
    scene.stands(first, scene.pickup);
    let through = scene.way(first, "").await.body;
    let line = through["line"].as_array().unwrap();
    let middle = &line[line.len() / 2];
    let center = Position::new(middle[1].as_f64().unwrap(), middle[0].as_f64().unwrap()).unwrap();
    for zone in [false, true] {
        let rider = scene.edge.rider().await;
        if zone {
            let record = &scene.edge.app.record;
            record.add_zone(T0, Actor::Shell, rider.id(), center, 120).await.unwrap().unwrap();
        }
        let zones = if zone { vec![Zone::circle(center, 120.0).unwrap()] } else { Vec::new() };
        let way = scene.edge.app.guide.together(Mode::Walk, scene.pickup, scene.dropoff, &zones).unwrap();
        let told = scene.edge.book_with(&rider, "k", &scene.edge.booking()).await.body["trips"][0]["trip_s"].clone();
        let (told_s, led_s) = (told.as_f64().unwrap(), f64::from(way.route.duration_s));
        assert!((told_s - led_s).abs() <= 2.0, "{told_s} s told, {led_s} s led");
        assert!(
            !zone || led_s > through["duration_s"].as_f64().unwrap() + 10.0,
            "{led_s} s, {}",
            through["duration_s"]
        );
    }
}

#[tokio::test]
async fn who_stands_in_a_zone_is_led_out_and_told() {
    for (at_begin, word) in [(true, "begins_inside"), (false, "ends_inside")] {
        let scene = crew().await;
        let first = &scene.crew[0];
        scene.accept().await;
        scene.stands(first, scene.pickup);
        let center = if at_begin { scene.pickup } else { scene.dropoff };
        let record = &scene.edge.app.record;
        record.add_zone(T0, Actor::Shell, scene.rider.id(), center, 100).await.unwrap().unwrap();
        assert_eq!(scene.way(first, "").await.body["zones"], "none", "before the meeting the rider is not there");
        scene.meet().await;
        let way = scene.way(first, "").await;
        assert_eq!((way.status.as_u16(), &way.body["zones"]), (200, &json!(word)), "{}", way.text);
        assert!(ends(&way.body)[1].distance_m(scene.dropoff) < 60.0);
    }
}

#[tokio::test]
async fn who_stands_in_one_zone_is_not_led_through_another() {
    let scene = crew().await;
    let first = &scene.crew[0];
    scene.accept().await;
    scene.meet().await;
    scene.stands(first, scene.pickup);
    let free = scene.way(first, "?prefer=fastest").await.body;
    let line = free["line"].as_array().unwrap();
    let middle = &line[line.len() / 2];
    let center = Position::new(middle[1].as_f64().unwrap(), middle[0].as_f64().unwrap()).unwrap();
    let record = &scene.edge.app.record;
    for (at, radius_m) in [(scene.pickup, 100), (scene.dropoff, 100), (center, 40)] {
        record.add_zone(T0, Actor::Shell, scene.rider.id(), at, radius_m).await.unwrap().unwrap();
    }
    let zone = Zone::circle(center, 40.0).unwrap();
    assert!(crosses(&free, &zone));
    for query in ["", "?prefer=fastest"] {
        let way = scene.way(first, query).await;
        assert_eq!((way.status.as_u16(), &way.body["zones"]), (200, &json!("begins_inside")), "{}", way.text);
        assert!(!crosses(&way.body, &zone), "{query}: through the zone that nobody stands in");
    }
    // Walled in by others, that they stand in one is not all there is to say.
    for n in 0..13 {
        let turned = f64::from(n) / 13.0 * std::f64::consts::TAU;
        let (north_m, east_m) = (350.0 * turned.cos(), 350.0 * turned.sin());
        let at =
            Position::new(scene.pickup.lat() + north_m / 111_195.0, scene.pickup.lon() + east_m / 88_100.0).unwrap();
        record.add_zone(T0, Actor::Shell, scene.rider.id(), at, 120).await.unwrap().unwrap();
    }
    for query in ["", "?prefer=fastest"] {
        assert_eq!(scene.way(first, query).await.body["zones"], "cut_off");
    }
}

#[tokio::test]
async fn an_admin_adds_counts_and_takes_back_zones_and_reads_no_place() {
    let edge = Edge::new().await;
    let (admin, rider, supervisor) = (edge.admin().await, edge.rider().await, edge.supervisor(edge.agency).await);
    let (at, _) = edge.places();
    let zone =
        |radius: i64, lat: f64| json!({"rider": rider.id().0, "at": {"lat": lat, "lon": at.lon()}, "radius_m": radius});
    for other in [&rider, &supervisor] {
        let refused = edge.call(Some(&other.token), "POST", "/v1/admin/zones", Some(zone(100, at.lat()))).await;
        assert_eq!(refused.code(), "forbidden_role");
    }
    for (radius, lat, field) in
        [(9, at.lat(), "radius_m"), (5_001, at.lat(), "radius_m"), (100, 91.0, "at.lat"), (100, 1.0, "at")]
    {
        let refused = edge.call(Some(&admin.token), "POST", "/v1/admin/zones", Some(zone(radius, lat))).await;
        assert_eq!((refused.code(), &refused.body["field"]), ("bad_field", &json!(field)), "{}", refused.text);
    }
    let made = edge.call(Some(&admin.token), "POST", "/v1/admin/zones", Some(zone(100, at.lat()))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let list = format!("/v1/admin/riders/{}/zones", rider.id());
    let listed = edge.call(Some(&admin.token), "GET", &list, None).await;
    assert_eq!((&listed.body["zones"][0]["id"], &listed.body["zones"][0]["radius_m"]), (&made.body["id"], &json!(100)));
    let names = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&listed.body["zones"][0]), ["created_at", "id", "radius_m"]);
    let one = format!("/v1/admin/zones/{}", made.body["id"].as_str().unwrap());
    assert_eq!(edge.call(Some(&admin.token), "DELETE", &one, None).await.status, 204);
    assert_eq!(edge.call(Some(&admin.token), "DELETE", &one, None).await.code(), "not_found");
    assert_eq!(edge.call(Some(&admin.token), "GET", &list, None).await.body, json!({"zones": []}));
}

#[tokio::test]
async fn a_supervisor_sees_from_where_a_point_is_reached_in_time() {
    let edge = Edge::new().await;
    let supervisor = edge.supervisor(edge.agency).await;
    let (at, _) = edge.places();
    let ask = |minutes: i64, lat: f64, mode: &str| json!({"at": {"lat": lat, "lon": at.lon()}, "mode": mode, "minutes": minutes});
    let mut sizes = Vec::new();
    for minutes in [3, 10] {
        let reply =
            edge.call(Some(&supervisor.token), "POST", "/v1/isochrones", Some(ask(minutes, at.lat(), "walk"))).await;
        let cells = reply.body["cells"].as_array().unwrap().clone();
        assert!(cells.iter().all(|c| c["seconds"].as_i64().unwrap() <= minutes * 60 && c["boundary"].as_array().unwrap().len() >= 5));
        let spread = |c: &Value| c["p90_s"].as_f64().unwrap() / c["seconds"].as_f64().unwrap().max(1.0);
        let far = cells.iter().max_by_key(|c| c["seconds"].as_i64()).unwrap();
        assert!((spread(far) - 1.5).abs() < 0.1 && far.get("source").is_none(), "as other times by the map: {far}");
        assert_eq!(reply.body["source"], "road");
        let own = geo::Cell::of(at, geo::cell::Grid::Street).to_string();
        assert!(cells.iter().any(|c| c["cell"] == own && c["seconds"].as_i64().unwrap() < 60), "{}", reply.text);
        sizes.push(cells.len());
    }
    assert!(sizes[0] < sizes[1] && sizes[0] > 1, "{sizes:?}");
    for (minutes, lat, field) in [(0, at.lat(), "minutes"), (31, at.lat(), "minutes"), (5, -91.0, "at.lat")] {
        let refused =
            edge.call(Some(&supervisor.token), "POST", "/v1/isochrones", Some(ask(minutes, lat, "drive"))).await;
        assert_eq!((refused.code(), &refused.body["field"]), ("bad_field", &json!(field)), "{}", refused.text);
    }
    let nowhere = edge.call(Some(&supervisor.token), "POST", "/v1/isochrones", Some(ask(5, 10.0, "walk"))).await;
    assert_eq!((nowhere.status.as_u16(), nowhere.code()), (409, "no_way"));
}

#[tokio::test]
async fn how_soon_somebody_comes_is_unknown_once_nobody_knows_where_they_are() {
    let scene = crew().await;
    scene.accept().await;
    let told = || async {
        let path = format!("/v1/trips/{}", scene.trip);
        let trip = scene.edge.call(Some(&scene.rider.token), "GET", &path, None).await.body;
        let of = |member: &Value| (member["eta_source"].as_str().map(str::to_owned), member["eta_s"].as_u64());
        [of(&trip["crew"][0]), of(&trip["crew"][1])]
    };
    scene.stands(&scene.crew[0], scene.dropoff);
    let [known, promised] = told().await;
    assert_eq!(known.0.as_deref(), Some("road"));
    assert_eq!(promised, (Some("promise".to_owned()), Some(120)));
    scene.edge.clock.advance_s(5);
    let [later, promised] = told().await;
    assert_eq!((later.1, promised.1), (known.1.map(|s| s - 5), Some(115)), "counted down between searches");
    scene.edge.clock.advance_s(56);
    assert_eq!(told().await, [(None, None), (None, None)], "a minute without a word from either");
}

#[tokio::test]
async fn a_way_by_subway_never_waits_for_the_subway_to_be_searched() {
    let scene = crew().await;
    let shift = Some(json!({"mode": "transit", "hours": 1}));
    scene.accept().await;
    scene.stands(&scene.crew[0], scene.dropoff);
    let begun = scene.edge.call(Some(&scene.crew[0].token), "POST", "/v1/shift", shift).await;
    assert!(begun.status.is_success(), "{}", begun.text);
    let way = scene.way(&scene.crew[0], "").await;
    assert!(way.body["p90_s"].as_u64() > way.body["duration_s"].as_u64(), "{}", way.text);
    assert_eq!(way.body["mode"], "walk", "nobody has made the search for the subway here: {}", way.text);
}

/// So many metres north and east.
fn moved(from: Position, north_m: f64, east_m: f64) -> Position {
    const DEGREE_M: f64 = 111_195.0;
    let lon = from.lon() + east_m / DEGREE_M / from.lat().to_radians().cos();
    Position::new(from.lat() + north_m / DEGREE_M, lon).unwrap()
}

#[tokio::test]
async fn by_car_and_bicycle_too_the_zones_are_gone_round_where_there_is_a_way_round() {
    let edge = Edge::new().await;
    edge.field.search(Mode::Cycle);
    for mode in [Mode::Drive, Mode::Cycle] {
        goes_round(&edge, mode).await;
    }
}

async fn goes_round(edge: &Edge, mode: Mode) {
    let (from, to) = edge.places();
    let (who, kind) = (edge.staff().await.id(), FixKind::Gps);
    let fix = Fix { position: from, accuracy_m: 5.0, kind, taken_at_ms: T0.0, session_epoch: 1, seq: 1 };
    let led = |zones: &[Zone]| edge.app.guide.way(mode, Prefer::Fastest, (who, &fix), to, zones).unwrap();
    let free = led(&[]);
    assert_eq!((free.mode, free.kept, free.detour_s), (mode, Kept::None, 0.0));
    let middle = free.route.points[free.route.points.len() / 2];
    let crosses = |way: &Way, zone: &Zone| way.route.points.windows(2).any(|pair| zone.touches(pair[0], pair[1]));
    let zone = Zone::circle(middle, 30.0).unwrap();
    assert!(crosses(&free, &zone));
    let round = led(std::slice::from_ref(&zone));
    assert_eq!(round.kept, Kept::Out);
    assert!(!crosses(&round, &zone) && round.detour_s > 0.0);
    assert!((round.route.duration_s - free.route.duration_s - round.detour_s).abs() < 0.01);
    // Beside the way it changes nothing.
    let beside = led(&[Zone::circle(moved(middle, 9_000.0, 0.0), 30.0).unwrap()]);
    assert_eq!((beside.kept, beside.route.points), (Kept::Out, free.route.points.clone()));
    // Both ends in zones of their own: led all the same, and not through the third.
    let all = [Zone::circle(from, 60.0).unwrap(), Zone::circle(to, 60.0).unwrap(), zone.clone()];
    let inside = led(&all);
    assert_eq!(inside.kept, Kept::Not(NoSaferWay::BeginsInside));
    assert!(!crosses(&inside, &zone));
    // A ring of zones around the end: no way in.
    let ring: Vec<Zone> = (0..16)
        .map(|i| f64::from(i) / 16.0 * std::f64::consts::TAU)
        .map(|turn| Zone::circle(moved(to, 300.0 * turn.cos(), 300.0 * turn.sin()), 90.0).unwrap())
        .collect();
    let shut = led(&ring);
    assert_eq!(shut.kept, Kept::Crossed);
    // As little as can be is inside, though it takes longer.
    let inside_m = |way: &Way| -> f64 {
        let pairs = way.route.points.windows(2);
        pairs.filter(|p| ring.iter().any(|zone| zone.touches(p[0], p[1]))).map(|p| p[0].distance_m(p[1])).sum()
    };
    assert!(
        inside_m(&shut) > 0.0 && inside_m(&shut) <= inside_m(&free),
        "{} and {} m",
        inside_m(&shut),
        inside_m(&free)
    );
}

#[tokio::test]
async fn by_bicycle_one_is_led_and_with_the_rider_the_bicycle_is_pushed() {
    let scene = crew().await;
    scene.accept().await;
    let by_bicycle = Some(json!({"mode": "cycle", "hours": 1}));
    let begun = scene.edge.call(Some(&scene.crew[0].token), "POST", "/v1/shift", by_bicycle).await;
    assert_eq!((begun.status.is_success(), &begun.body["mode"]), (true, &json!("cycle")), "{}", begun.text);
    scene.stands(&scene.crew[0], scene.dropoff);
    let (app, field) = (&scene.edge.app, &scene.edge.field);
    app.roster.refresh(&app.record, app.env.now()).await.unwrap();
    assert_eq!(scene.way(&scene.crew[0], "").await.body["mode"], "walk", "until its streets are searched");
    field.make(Mode::Cycle);
    scene.edge.weights().round().await.unwrap();
    let map = app.sight.map();
    let snap = |at| map.snap(Profile::Cycle, at).unwrap();
    let expected_ms = map.free_flow(Profile::Cycle).travel_ms(snap(scene.dropoff), &snap(scene.pickup)).unwrap();
    let way = scene.way(&scene.crew[0], "").await.body;
    assert_eq!(
        (&way["mode"], way["duration_s"].as_u64()),
        (&json!("cycle"), Some(u64::from(expected_ms.div_ceil(1_000))))
    );
    scene.meet().await;
    assert_eq!(scene.way(&scene.crew[0], "").await.body["mode"], "walk", "as any crew and its rider");
}

#[tokio::test]
async fn who_could_come_by_bicycle_is_shown_once_what_is_closed_to_them_is_known() {
    let edge = Edge::new().await;
    let (at, _) = edge.places();
    let asked = |mode: &str| json!({"at": {"lat": at.lat(), "lon": at.lon()}, "mode": mode, "minutes": 10});
    let supervisor = edge.supervisor(edge.agency).await;
    let ask = async |mode: &str| edge.call(Some(&supervisor.token), "POST", "/v1/isochrones", Some(asked(mode))).await;
    let cells = async |mode: &str| {
        let shown = ask(mode).await;
        assert!(shown.status.is_success(), "{}", shown.text);
        shown.body["cells"].as_array().unwrap().len()
    };
    let closed = NewCondition {
        factor: None,
        streets: Streets::Around { center: at, radius_m: 300 },
        walk: false,
        drive: false,
        cycle: true,
        hours: None,
        until: None,
    };
    let closed = edge.app.record.add_condition(T0, Actor::Shell, closed).await.unwrap().unwrap();
    let lacking = || edge.field.lacks(&edge.app.roster.current()).collect::<Vec<_>>();
    assert_eq!(lacking(), [], "nobody goes so");
    let refused = async || {
        let refused = ask("cycle").await;
        assert_eq!((refused.status.as_u16(), refused.code()), (503, "not_yet"), "{}", refused.text);
        assert_eq!(refused.headers["retry-after"], "2");
    };
    refused().await;
    assert_eq!(lacking(), [Mode::Cycle], "it is seen to");
    edge.field.make(Mode::Cycle);
    // What it is made with knows of no closure.
    refused().await;
    let mut weights = edge.weights();
    weights.round().await.unwrap();
    let (shut, by_subway) = (cells("cycle").await, cells("transit").await);
    edge.app.record.remove_condition(T0, Actor::Shell, closed.id).await.unwrap().unwrap();
    weights.round().await.unwrap();
    let open = cells("cycle").await;
    assert!(open > by_subway, "{open} cells by bicycle, {by_subway} on foot and by subway");
    assert!(shut < open / 2, "{shut} cells while it is closed, {open} after it");
}

#[tokio::test]
async fn where_the_subway_is_made_but_its_trains_are_not_known_it_is_as_if_it_were_not() {
    let edge = Edge::new().await;
    let at = edge.app.sight.map().data.subway.stops[0].at;
    let reached = |mode| edge.app.guide.reach(mode, at, 1_500.0, geo::cell::Grid::Index, 14).unwrap().cells;
    let before = reached(Mode::Transit);
    assert!(before.len() > reached(Mode::Walk).len());
    edge.field.make(Mode::Transit);
    assert_eq!(reached(Mode::Transit), before);
}

#[tokio::test]
async fn at_night_nobody_comes_by_subway() {
    let edge = Edge::new().await;
    let (at, _) = edge.places();
    let far =
        edge.app.sight.map().data.subway.stops.iter().map(|stop| stop.at).find(|stop| stop.distance_m(at) > 1_000.0);
    let reached =
        |mode, hour| edge.app.guide.reach(mode, far.unwrap(), 1_500.0, geo::cell::Grid::Index, hour).unwrap().cells;
    assert_eq!(reached(Mode::Transit, 3), reached(Mode::Walk, 3), "no train runs");
    assert!(reached(Mode::Transit, 14).len() > reached(Mode::Walk, 14).len());
}

#[tokio::test]
async fn a_crew_without_a_car_takes_the_subway_with_its_rider_and_one_with_a_car_drives() {
    let edge = Edge::new().await;
    let stops = &edge.app.sight.map().data.subway.stops;
    let from = stops[0].at;
    let to = stops.iter().map(|stop| stop.at).max_by(|a, b| a.distance_m(from).total_cmp(&b.distance_m(from))).unwrap();
    let (rider, crew) = (edge.rider().await, [edge.staff().await, edge.staff().await]);
    let point = |at: Position| json!({"lat": at.lat(), "lon": at.lon()});
    let far = json!({"kind": "now", "pickup": point(from), "dropoff": point(to)});
    let booked = edge.book_with(&rider, "far", &far).await;
    let trip: TripId = booked.body["trips"][0]["id"].as_str().expect("a trip").parse().unwrap();
    edge.place(trip, &[&crew[0], &crew[1]]).await;
    let scene = Scene { edge, rider, crew, trip, pickup: from, dropoff: to };
    scene.accept().await;
    scene.meet().await;
    let [first, second] = &scene.crew;
    scene.stands(first, from);
    let (app, field) = (&scene.edge.app, &scene.edge.field);
    app.roster.refresh(&app.record, app.env.now()).await.unwrap();
    let mode = async || scene.way(first, "").await.body["mode"].as_str().unwrap().to_owned();
    assert_eq!(field.lacks(&app.roster.current()).next(), Some(Mode::Transit), "the booking has asked for it");
    assert_eq!(mode().await, "drive", "until the subway can be searched");
    assert_eq!(scene.way(first, "").await.body["without_car"], true, "and it is said that they have none");
    let lengths = || {
        let hours = [When::Now { hour: 8 }, When::At { hour: 14 }, When::At { hour: 3 }];
        hours.map(|at| app.sight.length(from, to, at))
    };
    // What is booked before anybody knows the subway's is as long as by car and holds nobody up; then it is corrected.
    let told_s = async |who: &Person| {
        scene.edge.call(Some(&who.token), "GET", "/v1/trips", None).await.body["trips"][0]["trip_s"].clone()
    };
    let [by_car, ..] = lengths();
    assert_eq!((by_car.without_s, app.sight.knows_subway()), (by_car.by_car_s, false));
    assert_eq!(told_s(&scene.rider).await, by_car.by_car_s);
    app.sight.map().free_flow(Profile::Transit);
    assert_eq!(crate::lengths::correct(app).await.unwrap(), 1);
    assert_eq!(crate::lengths::correct(app).await.unwrap(), 0, "once");
    let [now, later, night] = lengths();
    assert!(now.without_s > now.by_car_s, "{now:?}");
    assert_eq!((now.without_s, now.by_car_s, night.without_s), (later.without_s, later.by_car_s, later.by_car_s));
    assert_eq!(told_s(&scene.rider).await, now.without_s);
    field.search(Mode::Transit);
    assert_eq!(mode().await, "drive", "nobody knows yet which trains run");
    scene.edge.weights().round().await.unwrap();
    let way = scene.way(first, "?prefer=fastest").await.body;
    assert_eq!((&way["mode"], &way["without_car"]), (&json!("transit"), &Value::Null));
    // As long as the way they are led, and in the afternoon of another day about as long; at three at night nobody rides.
    let [now, later_still, night] = lengths();
    assert_eq!(later_still, later);
    assert!(now.without_s.abs_diff(way["duration_s"].as_f64().unwrap() as u32) <= 1, "{now:?} {way}");
    assert!(now.without_s != now.by_car_s && now.by_car_s.abs_diff(lengths()[2].by_car_s) <= 1);
    assert_eq!(night.without_s, night.by_car_s);
    let another = scene.edge.rider().await;
    let booked = scene.edge.book_with(&another, "far", &far).await;
    let safer = scene.way(first, "").await.body;
    assert_eq!((&safer["mode"], &safer["prefer"]), (&json!("transit"), &json!("safer")));
    let (told, led_s) = (booked.body["trips"][0]["trip_s"].as_f64().unwrap(), safer["duration_s"].as_f64().unwrap());
    assert!((told - led_s).abs() <= 2.0, "nobody knows yet who comes: {told} s told, {led_s} s led");
    assert!(way["legs"].as_array().unwrap().iter().any(|leg| leg["along"] == "ride"), "{way}");
    let middle = &way["line"][way["line"].as_array().unwrap().len() / 2];
    let center = Position::new(middle[1].as_f64().unwrap(), middle[0].as_f64().unwrap()).unwrap();
    app.record.add_zone(T0, Actor::Shell, scene.rider.id(), center, 40).await.unwrap().unwrap();
    let round = scene.way(first, "").await.body;
    assert_eq!((&round["mode"], &round["zones"]), (&json!("transit"), &json!("kept_out")), "{round}");
    assert!(!crosses(&round, &Zone::circle(center, 40.0).unwrap()));
    let by_car = Some(json!({"mode": "drive", "hours": 1}));
    let begun = scene.edge.call(Some(&second.token), "POST", "/v1/shift", by_car).await;
    assert!(begun.status.is_success(), "{}", begun.text);
    app.roster.refresh(&app.record, app.env.now()).await.unwrap();
    assert_eq!(mode().await, "drive", "one of them came by car");
    assert!(scene.way(first, "").await.body["without_car"].is_null());
    assert_eq!(told_s(&scene.rider).await, later.by_car_s, "though it was booked before the subway could be searched");
}

#[tokio::test]
async fn by_subway_too_there_is_a_safer_way_and_trains_pass_under_zones() {
    let edge = Edge::new().await;
    edge.field.search(Mode::Transit);
    edge.weights().round().await.unwrap();
    let (who, kind) = (edge.staff().await.id(), FixKind::Gps);
    let led = |prefer, from, to, zones: &[Zone]| {
        let fix = Fix { position: from, accuracy_m: 5.0, kind, taken_at_ms: T0.0, session_epoch: 1, seq: 1 };
        edge.app.guide.way(Mode::Transit, prefer, (who, &fix), to, zones)
    };
    let stops: Vec<Position> = edge.app.sight.map().data.subway.stops.iter().map(|stop| stop.at).collect();
    let mut pairs = stops.iter().flat_map(|&from| stops.iter().map(move |&to| (from, to)));
    // Some hundred metres to walk at both ends.
    let (from, to) = pairs
        .by_ref()
        .map(|(from, to)| (moved(from, 300.0, 250.0), moved(to, -300.0, 250.0)))
        .find(|&(from, to)| {
            let way = led(Prefer::Safer, from, to, &[]);
            way.is_some_and(|way| way.detour_s > 5.0 && way.route.rides.len() == 1)
        })
        .expect("somewhere the shortest way to the train is none of the big ones");
    let (fastest, safer) = (led(Prefer::Fastest, from, to, &[]).unwrap(), led(Prefer::Safer, from, to, &[]).unwrap());
    let told = |way: &Way| (way.mode, way.prefer, way.kept);
    assert_eq!(told(&safer), (Mode::Transit, Prefer::Safer, Kept::None));
    assert_eq!(told(&fastest), (Mode::Transit, Prefer::Fastest, Kept::None));
    let longer_s = safer.route.duration_s - fastest.route.duration_s;
    assert!((longer_s - safer.detour_s).abs() < 0.01 && fastest.detour_s.abs() < 0.01, "{longer_s} s");
    // Between two stops the train passes, whatever lies above; where it would halt inside, it is not taken.
    let ride = safer.route.rides[0];
    let far = (ride.from..ride.to).find(|&i| safer.route.points[i].distance_m(safer.route.points[i + 1]) > 400.0);
    let stretch = &safer.route.points[far.expect("stops are apart")..][..2];
    let under = Zone::circle(stretch[0].towards(stretch[1], 0.5), 60.0).unwrap();
    let passing = led(Prefer::Safer, from, to, std::slice::from_ref(&under)).unwrap();
    assert_eq!(
        (told(&passing), passing.route.points),
        ((Mode::Transit, Prefer::Safer, Kept::Out), safer.route.points.clone())
    );
    let halt = Zone::circle(stretch[1], 60.0).unwrap();
    let around = led(Prefer::Safer, from, to, std::slice::from_ref(&halt)).unwrap();
    assert!(around.kept == Kept::Out && safer.route.enters(&halt) && !around.route.enters(&halt));
}

#[tokio::test]
async fn who_drives_is_led_and_waited_for_from_where_the_search_has_them() {
    let scene = crew().await;
    let [first, _] = &scene.crew;
    scene.accept().await;
    let (app, now) = (&scene.edge.app, scene.edge.app.env.now());
    app.record.start_shift(now, first.id(), NewShift { mode: Mode::Drive, hours: 8 }).await.unwrap().unwrap();
    let roster = app.roster.refresh(&app.record, now).await.unwrap();
    // Along a street away from the meeting point, so that setting out for it means turning round or driving on.
    let (map, field) = (app.sight.map(), &scene.edge.field);
    let (graph, metric) = (map.graph(Profile::Drive), field.times(Mode::Drive).1);
    let pickup = graph.snap(scene.pickup).unwrap();
    let headed = |edge: u32, forward| {
        let at = graph.snap_at(edge, 0.5);
        let headed = map.headed(Profile::Drive, at, Some(forward));
        metric.travel_ms(headed, &pickup).unwrap() - metric.travel_ms(at, &pickup).unwrap()
    };
    let away = |edge: &u32| {
        let is_long = graph.edge(*edge).length_m > 150.0 && graph.edge(*edge).forward() && graph.edge(*edge).backward();
        is_long && *edge != pickup.edge && headed(*edge, true) > 5_000
    };
    let edge = (0..graph.edge_count() as u32).find(away).expect("a city has such a street");
    let live = Live::in_process();
    let mut fix = None;
    for (seq, fraction) in [(1, 0.35), (2, 0.5), (3, 0.65)] {
        scene.edge.clock.advance_s(4);
        let position = graph.snap_at(edge, fraction).at;
        let now = app.env.now();
        let at = Fix { position, accuracy_m: 5.0, kind: FixKind::Gps, taken_at_ms: now.0, session_epoch: 1, seq };
        app.sight.places.put_staff(first.id(), first.account.no.unwrap(), at);
        live.put(first.id(), first.account.no.unwrap(), at);
        field.follow(&live, &roster, now);
        fix = Some(at);
    }
    let place = field.place_of(first.id(), &fix.unwrap(), Profile::Drive).expect("on the road");
    let searched_s = metric.travel_ms(place, &pickup).unwrap().div_ceil(1_000);
    let blind_s = metric.travel_ms(place.snap, &pickup).unwrap().div_ceil(1_000);
    assert!(searched_s > blind_s, "{searched_s} s, {blind_s} s if it were headed the other way");
    let way = scene.way(first, "?prefer=fastest").await.body;
    assert_eq!((&way["mode"], way["duration_s"].as_u64()), (&json!("drive"), Some(u64::from(searched_s))));
    let row = app.record.trip(scene.trip).await.unwrap().unwrap();
    let member = row.crew.iter().find(|member| member.offer.staff == first.id()).unwrap();
    assert_eq!(app.sight.eta(&row, member, Mode::Drive, app.env.now()).eta_s, Some(searched_s));
}
