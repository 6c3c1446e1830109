//! Facts about closed and slow streets, and what was learnt, as operators and crews see them.

use super::bookings::led_length;
use super::fixture::{Edge, Person, Reply, T0};
use super::sight::When;
use super::{App, Config};
use geo::road::data::{Access, MapData, RoadClass, Way};
use geo::road::subway::Subway;
use geo::road::{FreeTimes, Observation, Profile, RoadMap};
use geo::{Bounds, Position};
use matcher::model::Mode;
use matcher::schedule::day_of;
use serde_json::{Value, json};
use std::sync::Arc;

/// Another day, in the afternoon.
const LATER: When = When::At { hour: 14 };

async fn say(edge: &Edge, who: &Person, body: Value) -> Reply {
    edge.call(Some(&who.token), "POST", "/v1/admin/conditions", Some(body)).await
}

fn closed(at: Position) -> Value {
    json!({"closed": true, "around": {"at": {"lat": at.lat(), "lon": at.lon()}, "radius_m": 30}, "modes": ["walk", "drive"]})
}

/// `with` replaces and `without` takes away.
fn but(body: &Value, with: &Value, without: &[&str]) -> Value {
    let mut body = body.clone();
    let fields = body.as_object_mut().unwrap();
    fields.extend(with.as_object().unwrap().clone());
    for field in without {
        fields.remove(*field);
    }
    body
}

#[tokio::test]
async fn a_line_of_the_subway_is_closed_by_its_name_on_the_map() {
    let edge = Edge::new().await;
    let centre = edge.centre().await;
    let map = edge.call(None, "GET", "/v1/map", None).await;
    let line = map.body["lines"][0].as_str().expect("the city has a subway").to_owned();
    let says = json!({"closed": true, "line": line, "modes": ["walk"]});
    let made = say(&edge, &centre, says.clone()).await;
    assert_eq!(
        (made.status.as_u16(), &made.body["line"], &made.body["modes"]),
        (201, &json!(line), &json!(["walk"])),
        "{}",
        made.text
    );
    let listed = edge.call(Some(&centre.token), "GET", "/v1/admin/conditions", None).await;
    assert_eq!(listed.body["conditions"][0]["line"], json!(line));
    for (body, field) in [
        (but(&says, &json!({"line": "no such line"}), &[]), "line"),
        (but(&says, &json!({"modes": ["walk", "drive"]}), &[]), "modes"),
        (but(&says, &json!({"class": "primary"}), &[]), "around"),
    ] {
        let refused = say(&edge, &centre, body).await;
        assert_eq!((refused.status.as_u16(), &refused.body["field"]), (422, &json!(field)), "{}", refused.text);
    }
}

/// So many metres east and south of a corner.
fn at(east_m: f64, south_m: f64) -> Position {
    let metre = 1.0 / 111_195.0;
    Position::new(37.5 - south_m * metre, 127.0 + east_m * metre / 37.5f64.to_radians().cos()).unwrap()
}

/// A street of 800 m in two carriageways 20 m apart, the southern one driven east, and a street round it 500 m south.
fn divided_street() -> RoadMap {
    let corners = [(0.0, 0.0), (800.0, 0.0), (0.0, 20.0), (800.0, 20.0), (0.0, 520.0), (800.0, 520.0)];
    let nodes: Vec<Position> = corners.iter().map(|&(east, south)| at(east, south)).collect();
    let way = |nodes: &[u32], name, drive| Way {
        nodes: nodes.to_vec(),
        class: RoadClass::Secondary,
        name,
        drive,
        walk: Access::Both,
        cycle: Access::Both,
        drive_kmh: 50,
        walk_kmh_tenths: 50,
        cycle_kmh_tenths: 150,
        bridge: false,
        tunnel: false,
    };
    RoadMap::build(MapData {
        name: "a divided street".into(),
        attribution: "made for a test".into(),
        generated: true,
        bounds: Bounds::around(nodes.iter().copied()).unwrap(),
        nodes,
        ways: vec![
            way(&[2, 3], 0, Access::Forward),
            way(&[1, 0], 0, Access::Forward),
            way(&[0, 2, 4], 1, Access::Both),
            way(&[1, 3, 5], 1, Access::Both),
            way(&[4, 5], Way::NO_NAME, Access::Both),
        ],
        marks: Vec::new(),
        restrictions: Vec::new(),
        subway: Subway::default(),
        names: vec!["main street".into(), "cross street".into()],
        areas: Vec::new(),
        labels: Vec::new(),
    })
}

#[tokio::test]
async fn a_stretch_is_of_one_carriageway_or_of_both_and_cars_go_round_what_is_closed() {
    let edge = Edge::on(Arc::new(divided_street()), Config::default()).await;
    let centre = edge.centre().await;
    let mut weights = edge.weights();
    // There and back by car, from side street to side street.
    let (west, east) = (at(0.0, 170.0), at(800.0, 170.0));
    let ways = || {
        [(west, east), (east, west)].map(|(from, to)| {
            let way = edge.app.sight.route(Mode::Drive, from, to).expect("there is a way round");
            // How far north and south it goes tells which of the three it takes.
            way.points
                .iter()
                .map(|p| ((37.5 - p.lat()) * 111_195.0).round() as i32)
                .fold((i32::MAX, i32::MIN), |m, s| (m.0.min(s), m.1.max(s)))
        })
    };
    let (northern, southern, round) = ((0, 170), (20, 170), (170, 520));
    assert_eq!(ways(), [southern, northern]);
    let along = json!({"from": {"lat": at(200.0, 22.0).lat(), "lon": at(200.0, 22.0).lon()},
        "to": {"lat": at(600.0, 20.0).lat(), "lon": at(600.0, 20.0).lon()}});
    let one = json!({"closed": true, "along": along, "modes": ["drive"]});
    let both = but(&one, &json!({"along": but(&along, &json!({"both_carriageways": true}), &[])}), &[]);
    let not = but(&one, &json!({"along": but(&along, &json!({"both_carriageways": false}), &[])}), &[]);
    for (body, told, taken) in
        [(&one, &along, [round, northern]), (&not, &along, [round, northern]), (&both, &both["along"], [round, round])]
    {
        let said = say(&edge, &centre, body.clone()).await;
        assert_eq!((said.status.as_u16(), &said.body["along"]), (201, told), "{}", said.text);
        weights.round().await.unwrap();
        let listed = edge.call(Some(&centre.token), "GET", "/v1/admin/conditions", None).await.body;
        let [listed] = &listed["conditions"].as_array().unwrap()[..] else { panic!("{listed}") };
        assert_eq!((&listed["along"], &listed["in_force"]), (told, &json!(true)));
        assert_eq!(ways(), taken, "{body}");
        let one = format!("/v1/admin/conditions/{}", said.body["id"].as_str().unwrap());
        assert_eq!(edge.call(Some(&centre.token), "DELETE", &one, None).await.status, 204);
    }
    let unclear = but(&one, &json!({"along": but(&along, &json!({"both_carriageways": "yes"}), &[])}), &[]);
    assert_eq!(say(&edge, &centre, unclear).await.body["field"], "along.both_carriageways");
}

#[tokio::test]
async fn the_centre_and_admins_say_it_and_take_it_back_and_every_supervisor_reads_it() {
    let edge = Edge::new().await;
    let (admin, centre, company) = (edge.admin().await, edge.centre().await, edge.supervisor(edge.agency).await);
    let (at, _) = edge.places();
    for (method, path, body) in [
        ("POST", "/v1/admin/conditions", Some(closed(at))),
        ("DELETE", "/v1/admin/conditions/00000000-0000-7000-8000-000000000000", None),
    ] {
        let refused = edge.call(Some(&company.token), method, path, body).await;
        assert_eq!(refused.code(), "forbidden_role", "{method} {path}: one company closes no streets");
    }
    let (rider, staff) = (edge.rider().await, edge.staff().await);
    for path in ["/v1/admin/conditions", "/v1/admin/travel"] {
        for who in [&company, &centre, &admin] {
            assert_eq!(edge.call(Some(&who.token), "GET", path, None).await.status, 200, "{path}");
        }
        for who in [&rider, &staff] {
            assert_eq!(edge.call(Some(&who.token), "GET", path, None).await.code(), "forbidden_role", "{path}");
        }
        assert_eq!(edge.call(None, "GET", path, None).await.code(), "no_token", "{path}");
    }
    let made = say(&edge, &centre, closed(at)).await;
    assert_eq!((made.status.as_u16(), &made.body["in_force"]), (201, &json!(false)), "{}", made.text);
    edge.clock.advance_s(1);
    let jam = json!({"factor": 1.6, "class": "primary", "modes": ["drive"], "hours": {"from": 22, "to": 5},
        "until": "2026-11-25T00:00:00Z"});
    assert_eq!(say(&edge, &admin, jam).await.status, 201);
    edge.weights().round().await.unwrap();
    let listed = edge.call(Some(&company.token), "GET", "/v1/admin/conditions", None).await.body;
    assert_eq!(listed["generation"], 1);
    let [first, second] = &listed["conditions"].as_array().unwrap()[..] else { panic!("{listed}") };
    assert_eq!((&first["id"], &first["closed"], &first["in_force"]), (&made.body["id"], &json!(true), &json!(true)));
    assert_eq!(first["around"], json!({"at": {"lat": at.lat(), "lon": at.lon()}, "radius_m": 30}));
    assert_eq!(first["modes"], json!(["walk", "drive"]));
    assert!(first["until"].is_null() && first.get("factor").is_none() && first.get("hours").is_none());
    assert_eq!(
        (&second["factor"], &second["class"], &second["in_force"]),
        (&json!(1.6), &json!("primary"), &json!(false))
    );
    assert_eq!((&second["hours"], &second["until"]), (&json!({"from": 22, "to": 5}), &json!("2026-11-25T00:00:00Z")));
    let one = format!("/v1/admin/conditions/{}", made.body["id"].as_str().unwrap());
    assert_eq!(edge.call(Some(&admin.token), "DELETE", &one, None).await.status, 204);
    assert_eq!(edge.call(Some(&admin.token), "DELETE", &one, None).await.code(), "not_found");
    let id = made.body["id"].as_str().unwrap().parse().unwrap();
    let audit = edge.app.record.audit_of(id, 2).await.unwrap();
    let told: Vec<_> = audit.iter().map(|row| (row.0, row.1.as_str())).collect();
    assert_eq!(told, [(Some(admin.id()), "condition_removed"), (Some(centre.id()), "condition_added")]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_the_field() {
    let edge = Edge::new().await;
    let admin = edge.admin().await;
    let (at, to) = edge.places();
    let good = closed(at);
    let slow = but(&good, &json!({"factor": 2}), &["closed"]);
    let around =
        |lat: f64, lon: f64, radius: i64| json!({"around": {"at": {"lat": lat, "lon": lon}, "radius_m": radius}});
    let point = |p: Position| json!({"lat": p.lat(), "lon": p.lon()});
    let along = |from: &Value, to: &Value| json!({"along": {"from": from, "to": to}});
    for (field, body) in [
        ("factor", but(&good, &json!({}), &["closed"])),
        ("factor", but(&good, &json!({"factor": 2}), &[])),
        ("factor", but(&slow, &json!({"factor": 0.09}), &[])),
        ("factor", but(&slow, &json!({"factor": 101}), &[])),
        ("class", but(&good, &json!({"class": "primary"}), &["around"])),
        ("class", but(&slow, &json!({"class": "river"}), &["around"])),
        ("around", but(&good, &json!({}), &["around"])),
        ("around", but(&slow, &json!({"class": "path"}), &[])),
        ("around.at.lat", but(&good, &around(91.0, at.lon(), 30), &[])),
        ("around.at", but(&good, &around(1.0, at.lon(), 30), &[])),
        ("around.radius_m", but(&good, &around(at.lat(), at.lon(), 4), &[])),
        ("around.radius_m", but(&good, &around(at.lat(), at.lon(), 501), &[])),
        ("along", but(&good, &along(&point(at), &point(off_street(&edge))), &["around"])),
        ("modes", but(&good, &json!({"modes": []}), &[])),
        ("modes", but(&good, &json!({"modes": ["walk", "walk"]}), &[])),
        ("modes", but(&good, &json!({"modes": ["cycle", "walk", "cycle"]}), &[])),
        ("modes[0]", but(&good, &json!({"modes": ["transit"]}), &[])),
        ("modes", but(&good, &json!({}), &["modes"])),
        ("hours", but(&good, &json!({"hours": {"from": 24, "to": 1}}), &[])),
        ("hours", but(&good, &json!({"hours": {"from": 7, "to": 7}}), &[])),
        ("until", but(&good, &json!({"until": "tomorrow"}), &[])),
    ] {
        let refused = say(&edge, &admin, body.clone()).await;
        assert_eq!((refused.code(), refused.body["field"].as_str()), ("bad_field", Some(field)), "{body}");
    }
    let past = say(&edge, &admin, but(&good, &json!({"until": "2026-11-23T23:00:00Z"}), &[])).await;
    assert_eq!((past.code(), &past.body["field"]), ("time_in_past", &json!("until")));
    assert_eq!(say(&edge, &admin, but(&good, &json!({"why": "a parade"}), &[])).await.code(), "bad_field");
    let far = but(&good, &along(&point(at), &point(farthest(&edge, at))), &["around"]);
    let far = say(&edge, &admin, far).await;
    assert_eq!((far.status.as_u16(), far.code(), &far.body["field"]), (422, "street_too_long", &json!("along")));
    assert!(edge.app.record.conditions().await.unwrap().is_empty());
    let by_bicycle = but(&good, &json!({"modes": ["cycle"]}), &[]);
    let nowhere = but(&by_bicycle, &json!({"around": {"at": point(off_street(&edge)), "radius_m": 5}}), &[]);
    assert_eq!(say(&edge, &admin, nowhere).await.body["field"], "around", "no bicycle goes there");
    let said = say(&edge, &admin, by_bicycle).await;
    assert_eq!((said.status.as_u16(), &said.body["modes"]), (201, &json!(["cycle"])), "{}", said.text);
    // A few blocks apart, on whatever ways of the map.
    let said = say(&edge, &admin, but(&good, &along(&point(at), &point(to)), &["around"])).await;
    assert_eq!(said.status, 201, "{}", said.text);
    assert!(at.distance_m(to) > 700.0);
}

/// On the map, and on no street.
fn off_street(edge: &Edge) -> Position {
    let (map, bounds) = (edge.app.sight.map(), edge.app.sight.map().data.bounds);
    let at = |u: f64, v: f64| {
        let (lat, lon) =
            (bounds.south + v * (bounds.north - bounds.south), bounds.west + u * (bounds.east - bounds.west));
        Position::new(lat, lon).unwrap()
    };
    let mut all = (1..40).flat_map(|i| (1..40).map(move |j| at(f64::from(i) / 40.0, f64::from(j) / 40.0)));
    let is_off = |p: Position| move |profile| map.snap(profile, p).is_none_or(|snap| snap.distance_m > 60.0);
    all.find(|&p| [Profile::Walk, Profile::Drive, Profile::Cycle].into_iter().all(is_off(p)))
        .expect("a city has a park or a river")
}

/// The junction that is furthest in a straight line.
fn farthest(edge: &Edge, from: Position) -> Position {
    let graph = edge.app.sight.map().graph(Profile::Drive);
    let nodes = (0..graph.node_count() as u32).map(|n| graph.node(n));
    let farthest = nodes.max_by(|a, b| a.distance_m(from).total_cmp(&b.distance_m(from))).expect("a city has streets");
    assert!(farthest.distance_m(from) > 2_000.0);
    farthest
}

/// A crew that has accepted, its first member at the drop-off.
async fn crew(edge: &Edge) -> (Person, Person, String) {
    let (rider, trip, crew) = edge.assigned().await;
    let [first, _] = crew;
    edge.stands(&first, edge.places().1, 1);
    (rider, first, format!("/v1/trips/{trip}"))
}

#[tokio::test]
async fn where_every_way_is_closed_nothing_is_promised_and_nobody_is_led() {
    let edge = Edge::new().await;
    let (rider, first, trip) = crew(&edge).await;
    let (admin, centre) = (edge.admin().await, edge.centre().await);
    let (pickup, _) = edge.places();
    let told = async || edge.call(Some(&rider.token), "GET", &trip, None).await.body["crew"][0].clone();
    let reached = async || {
        let ask = json!({"at": {"lat": pickup.lat(), "lon": pickup.lon()}, "mode": "walk", "minutes": 10});
        let reply = edge.call(Some(&centre.token), "POST", "/v1/isochrones", Some(ask)).await;
        reply.body["cells"].as_array().unwrap().len()
    };
    let way =
        async |prefer: &str| edge.call(Some(&first.token), "GET", &format!("{trip}/way?prefer={prefer}"), None).await;
    assert_eq!(told().await["eta_source"], "road");
    let open = reached().await;
    // All around, so that nobody walks from the next open street.
    let all_around = json!({"around": {"at": {"lat": pickup.lat(), "lon": pickup.lon()}, "radius_m": 350}});
    assert!(say(&edge, &admin, but(&closed(pickup), &all_around, &[])).await.status.is_success());
    let mut weights = edge.weights();
    weights.round().await.unwrap();
    edge.clock.advance_s(11);
    let cut_off = told().await;
    assert!(cut_off["eta_s"].is_null() && cut_off["eta_p90_s"].is_null(), "{cut_off}");
    assert_eq!(cut_off["eta_source"], "no_way", "which is no silence");
    edge.clock.advance_s(61);
    assert_eq!(told().await["eta_source"], json!(null), "of whom nobody knows where they are nothing is known");
    edge.stands(&first, edge.places().1, 2);
    edge.clock.advance_s(11);
    assert_eq!(told().await["eta_source"], "no_way");
    for prefer in ["fastest", "safer"] {
        assert_eq!(way(prefer).await.code(), "no_way", "{prefer}");
    }
    let shut = reached().await;
    assert!(shut < open, "{shut} cells of {open}: who is inside may get about there");
    let listed = edge.app.record.conditions().await.unwrap();
    edge.app.record.remove_condition(T0, crate::record::Actor::Shell, listed[0].id).await.unwrap().unwrap();
    weights.round().await.unwrap();
    edge.clock.advance_s(11);
    assert_eq!(told().await["eta_source"], "road");
    assert_eq!((way("safer").await.status.as_u16(), reached().await), (200, open));
}

#[tokio::test]
async fn who_is_in_a_closed_street_is_met_from_the_open_one_beside_it() {
    let edge = Edge::new().await;
    let (rider, first, trip) = crew(&edge).await;
    let admin = edge.admin().await;
    let told = async || edge.call(Some(&rider.token), "GET", &trip, None).await.body["crew"][0].clone();
    let open_s = told().await["eta_s"].as_i64().unwrap();
    assert!(say(&edge, &admin, closed(edge.places().0)).await.status.is_success());
    edge.weights().round().await.unwrap();
    edge.clock.advance_s(11);
    let met = told().await;
    assert_eq!(met["eta_source"], "road", "{met}");
    assert!((met["eta_s"].as_i64().unwrap() - open_s).abs() < 300, "{met}, open {open_s} s");
    for prefer in ["fastest", "safer"] {
        let way = edge.call(Some(&first.token), "GET", &format!("{trip}/way?prefer={prefer}"), None).await;
        assert_eq!(way.status.as_u16(), 200, "{prefer}: {}", way.text);
    }
}

#[tokio::test]
async fn what_is_told_of_a_crew_follows_a_closed_street_before_the_estimate_has_grown_old() {
    let edge = Edge::new().await;
    let (rider, first, trip) = crew(&edge).await;
    let (admin, pickup) = (edge.admin().await, edge.places().0);
    let told = async |who: &Person| edge.call(Some(&who.token), "GET", &trip, None).await.body["crew"][0].clone();
    let open = told(&rider).await;
    assert_eq!(open["eta_source"], "road");
    let all_around = json!({"around": {"at": {"lat": pickup.lat(), "lon": pickup.lon()}, "radius_m": 350}});
    let said = say(&edge, &admin, but(&closed(pickup), &all_around, &[])).await;
    let mut weights = edge.weights();
    weights.round().await.unwrap();
    edge.clock.advance_s(1);
    let way = edge.call(Some(&first.token), "GET", &format!("{trip}/way"), None).await;
    assert_eq!(way.code(), "no_way", "{}", way.text);
    assert_eq!(told(&rider).await["eta_source"], "no_way", "as the way says");
    let one = format!("/v1/admin/conditions/{}", said.body["id"].as_str().unwrap());
    assert_eq!(edge.call(Some(&admin.token), "DELETE", &one, None).await.status, 204);
    weights.round().await.unwrap();
    edge.clock.advance_s(1);
    let again = told(&rider).await;
    assert_eq!((&again["eta_source"], &again["eta_s"]), (&open["eta_source"], &open["eta_s"]), "searched anew");
    edge.clock.advance_s(3);
    let kept = told(&rider).await["eta_s"].as_i64();
    assert_eq!(kept, open["eta_s"].as_i64().map(|s| s - 3), "else it is not searched again");
}

/// So many ways in an hour, each so many times as long as on empty streets.
fn ways(profile: Profile, hour: u8, times_as_long: u32) -> Vec<Observation> {
    let free = FreeTimes { by_class_ms: [100_000; 6], fixed_ms: 0 };
    let way = |n: u32| Observation {
        profile,
        day: day_of(T0) - n % 2,
        hour,
        free,
        took_ms: 600_000 * times_as_long,
        with_rider: false,
    };
    (0..400).map(way).collect()
}

#[tokio::test]
async fn a_crew_is_with_its_rider_as_long_as_those_before_were_and_comes_as_soon_as_before() {
    let edge = Edge::new().await;
    let (rider, first, trip) = crew(&edge).await;
    let admin = edge.admin().await;
    let comes_s = async || edge.call(Some(&rider.token), "GET", &trip, None).await.body["crew"][0]["eta_s"].clone();
    let (pickup, dropoff) = edge.places();
    let takes_s = |app: &App| led_length(app, (pickup, dropoff), When::Now { hour: 8 }, &[]).by_car_s;
    let (before, takes_before_s) = (comes_s().await, takes_s(&edge.app));
    let alone = ways(Profile::Walk, 8, 1);
    let with_rider = ways(Profile::Walk, 8, 2).into_iter().map(|way| Observation { with_rider: true, ..way });
    edge.app.record.note_observations(T0, &[alone.clone(), with_rider.collect()].concat()).await.unwrap();
    edge.weights().round().await.unwrap();
    edge.clock.advance_s(11);
    edge.stands(&first, dropoff, 2);
    let travel = edge.call(Some(&admin.token), "GET", "/v1/admin/travel", None).await.body;
    let pace = travel["profiles"][0]["pace_with_rider"].as_f64().unwrap();
    assert!((1.9..=2.0).contains(&pace), "{pace}");
    let near = |got: f64, wanted: f64| (got / wanted - 1.0).abs() < 0.05;
    let comes = comes_s().await;
    assert!(near(comes.as_f64().unwrap(), before.as_f64().unwrap()), "comes in {comes} s, before in {before} s");
    let takes_s = takes_s(&edge.app);
    assert!(near(f64::from(takes_s), f64::from(takes_before_s) * pace), "{takes_s} s, before {takes_before_s} s");
}

/// Ways of ten minutes to forty, alone or with a rider, each so many seconds longer than on empty streets.
fn longer_by(seconds: u32, with_rider: bool) -> Vec<Observation> {
    let way = |n: u32| {
        let free = FreeTimes { by_class_ms: [100_000 + n * 1_250; 6], fixed_ms: 0 };
        let took_ms = free.total_ms() as u32 + seconds * 1_000;
        Observation { profile: Profile::Walk, day: day_of(T0) - n % 2, hour: 8, free, took_ms, with_rider }
    };
    (0..400).map(way).collect()
}

#[tokio::test]
async fn what_trips_take_beside_the_way_is_told_once_as_far_as_it_lies_ahead() {
    let edge = Edge::new().await;
    let (rider, first, trip) = crew(&edge).await;
    let (admin, centre) = (edge.admin().await, edge.centre().await);
    let (pickup, dropoff) = edge.places();
    let other = edge.trip(&edge.rider().await).await;
    *edge.says.everybody.lock().unwrap() = vec![first.id()];
    let comes = async || edge.call(Some(&rider.token), "GET", &trip, None).await.body["crew"][0]["eta_s"].as_f64();
    let after = async || {
        let path = format!("/v1/trips/{other}/candidates");
        let row = edge.call(Some(&centre.token), "GET", &path, None).await.body["candidates"][0]["after"].clone();
        ["free_in_s", "there_in_s"].map(|field| row[field].as_f64().unwrap())
    };
    let reach = async |minutes: u8| {
        let wanted = json!({"at": {"lat": pickup.lat(), "lon": pickup.lon()}, "mode": "walk", "minutes": minutes});
        let cells = edge.call(Some(&centre.token), "POST", "/v1/isochrones", Some(wanted)).await.body["cells"].clone();
        let seconds = cells.as_array().unwrap().iter().map(|cell| cell["seconds"].as_f64().unwrap());
        (seconds.clone().fold(f64::INFINITY, f64::min), seconds.fold(0.0, f64::max))
    };
    let takes_s = |app: &App| f64::from(led_length(app, (pickup, dropoff), When::At { hour: 8 }, &[]).by_car_s);
    let seq = std::cell::Cell::new(1);
    let stand = |who: &Person| {
        seq.set(seq.get() + 1);
        edge.clock.advance_s(11);
        edge.stands(who, dropoff, seq.get());
    };
    stand(&first);
    let (came, [free, there], took_s) = (comes().await.unwrap(), after().await, takes_s(&edge.app));
    let seen = [longer_by(120, false), longer_by(240, true)].concat();
    edge.app.record.note_observations(T0, &seen).await.unwrap();
    edge.weights().round().await.unwrap();
    let learnt = edge.call(Some(&admin.token), "GET", "/v1/admin/travel", None).await.body["profiles"][0].clone();
    let [alone_s, with_rider_s] =
        ["beside_alone_s", "beside_with_rider_s"].map(|field| learnt[field].as_f64().unwrap());
    assert!((100.0..=121.0).contains(&alone_s) && (200.0..=241.0).contains(&with_rider_s), "{learnt}");
    // What is drawn to nothing of the constants is laid on the streets: little.
    let about = |got: f64, wanted: f64| assert!((got - wanted).abs() < 25.0, "{got} instead of {wanted}");
    stand(&first);
    about(comes().await.unwrap(), came + alone_s);
    about(takes_s(&edge.app), took_s + with_rider_s);
    // The trip before was planned without it, as long as it was booked; both ways there are left for.
    let [free_later, there_later] = after().await;
    about(free_later, free + alone_s);
    about(there_later, there + 2.0 * alone_s);
    let (nearest_s, farthest_s) = reach(10).await;
    assert!(nearest_s >= alone_s && farthest_s <= 600.0, "{nearest_s} to {farthest_s} s");
    assert_eq!(reach(1).await, (f64::INFINITY, 0.0), "nobody has left within a minute");
    edge.call(Some(&first.token), "POST", &format!("{trip}/status"), Some(json!({"to": "en_route"}))).await;
    about(comes().await.unwrap(), came + alone_s / 2.0);
    about(after().await[0], free + alone_s / 2.0);
}

#[tokio::test]
async fn operators_are_told_of_travel_times_what_everybody_is() {
    let edge = Edge::new().await;
    let (rider, first, trip) = crew(&edge).await;
    let admin = edge.admin().await;
    let learnt: Vec<Observation> =
        [ways(Profile::Walk, 8, 2), ways(Profile::Walk, 9, 2), ways(Profile::Cycle, 8, 2)].concat();
    edge.app.record.note_observations(T0, &learnt).await.unwrap();
    let mut weights = edge.weights();
    let told = async || {
        edge.clock.advance_s(11);
        edge.stands(&first, edge.places().1, edge.app.env.now().0 as u32);
        let eta = edge.call(Some(&rider.token), "GET", &trip, None).await.body["crew"][0].clone();
        let travel = edge.call(Some(&admin.token), "GET", "/v1/admin/travel", None).await.body;
        (eta["eta_source"].clone(), travel["profiles"].clone())
    };
    let spread = |of: &Value| of["spread"].as_f64().unwrap();
    weights.round().await.unwrap();
    let (eta, profiles) = told().await;
    assert_eq!((&eta, &profiles[0]["source"]), (&json!("calibrated"), &json!("calibrated")));
    assert_eq!(profiles[3]["source"], "calibrated", "nobody cycles yet; who will is told by what was learnt");
    let jam = json!({"factor": 1.5, "class": "path", "modes": ["walk"]});
    let said = say(&edge, &admin, jam).await;
    weights.round().await.unwrap();
    let (eta, profiles) = told().await;
    assert_eq!((&eta, &profiles[0]["source"]), (&json!("road"), &json!("road")), "a desk's number is no measurement");
    let hours = &profiles[0]["hours"];
    assert_eq!((&hours[8]["source"], spread(&hours[8])), (&json!("road"), 1.5));
    assert_eq!(hours[9]["source"], "calibrated", "of another hour what was learnt is told");
    assert!(spread(&hours[9]) < 1.5 && profiles[0]["calibrated"] == true, "{hours}");
    assert_eq!(profiles[3]["source"], "calibrated", "it is of walking");
    let one = format!("/v1/admin/conditions/{}", said.body["id"].as_str().unwrap());
    assert_eq!(edge.call(Some(&admin.token), "DELETE", &one, None).await.status, 204);
    weights.round().await.unwrap();
    let (eta, profiles) = told().await;
    assert_eq!((&eta, &profiles[0]["source"]), (&json!("calibrated"), &json!("calibrated")));
    assert!(spread(&profiles[0]["hours"][8]) < 1.5, "{profiles}");
}

#[tokio::test]
async fn what_was_learnt_shows_in_every_travel_time_and_to_operators() {
    let edge = Edge::new().await;
    let (rider, first, trip) = crew(&edge).await;
    let admin = edge.admin().await;
    let told = async || edge.call(Some(&rider.token), "GET", &trip, None).await.body["crew"][0].clone();
    let way = async |prefer: &str| {
        let way = edge.call(Some(&first.token), "GET", &format!("{trip}/way?prefer={prefer}"), None).await.body;
        (way["source"].as_str().unwrap().to_owned(), way["duration_s"].as_f64().unwrap())
    };
    let before = edge.call(Some(&admin.token), "GET", "/v1/admin/travel", None).await.body;
    assert_eq!((&before["profiles"][0]["calibrated"], &before["generation"]), (&json!(false), &json!(0)));
    assert!(before["fitted_at"].is_null());
    assert_eq!((&before["profiles"][0]["source"], &before["profiles"][0]["coverage"]), (&json!("road"), &json!(null)));
    let (free, free_way, free_safer) = (told().await, way("fastest").await, way("safer").await);
    assert_eq!((free["eta_source"].as_str(), free_way.0.as_str()), (Some("road"), "road"));

    let free_times = FreeTimes { by_class_ms: [100_000; 6], fixed_ms: 0 };
    let slow = |day| Observation {
        profile: Profile::Walk,
        day,
        hour: 8,
        free: free_times,
        took_ms: 1_200_000,
        with_rider: false,
    };
    let today = day_of(T0);
    let slow: Vec<Observation> = (0..400).map(|n| slow(today - n % 2)).collect();
    edge.app.record.note_observations(T0, &slow).await.unwrap();
    edge.weights().round().await.unwrap();
    edge.clock.advance_s(11);
    let slower = |got: f64, from: f64| assert!((got / from - 2.0).abs() < 0.05, "{got} s instead of twice {from} s");
    let fitted = told().await;
    assert_eq!(fitted["eta_source"], "calibrated");
    slower(fitted["eta_s"].as_f64().unwrap(), free["eta_s"].as_f64().unwrap());
    assert!(fitted["eta_p90_s"].as_f64().unwrap() < fitted["eta_s"].as_f64().unwrap() * 1.5, "{fitted}");
    for (now, was) in [(way("fastest").await, free_way), (way("safer").await, free_safer)] {
        assert_eq!(now.0, "calibrated");
        slower(now.1, was.1);
    }
    let (centre, at) = (edge.centre().await, edge.places().0);
    let ask = json!({"at": {"lat": at.lat(), "lon": at.lon()}, "mode": "walk", "minutes": 10});
    let reached = edge.call(Some(&centre.token), "POST", "/v1/isochrones", Some(ask)).await.body;
    assert_eq!(reached["source"], "calibrated");
    let cells = reached["cells"].as_array().unwrap();
    let late = |c: &serde_json::Value| c["p90_s"].as_f64().unwrap() / c["seconds"].as_f64().unwrap();
    assert!(
        cells.iter().filter(|c| c["seconds"].as_i64() > Some(60)).all(|c| (1.0..1.4).contains(&late(c))),
        "{reached}"
    );
    let after = edge.call(Some(&admin.token), "GET", "/v1/admin/travel", None).await.body;
    let walk = &after["profiles"][0];
    assert_eq!(
        (&walk["profile"], &walk["calibrated"], &walk["observations"]),
        (&json!("walk"), &json!(true), &json!(400))
    );
    assert_eq!((&walk["source"], &walk["coverage"]["observations"]), (&json!("calibrated"), &json!(400)));
    assert!(walk["coverage"]["within_p90"].as_f64() > Some(0.99), "all took the same: {}", walk["coverage"]);
    let eight = &walk["hours"][8];
    assert_eq!(eight["observations_on"]["path"], 400);
    assert_eq!(walk["hours"][9]["observations_on"]["path"], 0);
    assert_eq!(
        (&eight["source"], &walk["hours"][9]["source"]),
        (&json!("calibrated"), &json!("road")),
        "nobody went at nine"
    );
    assert_eq!((&eight["hour"], &eight["observations"]), (&json!(8), &json!(400)));
    slower(eight["factors"]["residential"].as_f64().unwrap(), 1.0);
    assert!((1.0..1.5).contains(&eight["spread"].as_f64().unwrap()), "{eight}");
    assert_eq!(after["profiles"][1]["calibrated"], false);
    assert_eq!((&after["hour"], &after["generation"]), (&json!(8), &json!(1)));
}

#[tokio::test]
async fn who_goes_on_foot_is_not_told_to_drive_because_it_snows() {
    let edge = Edge::new().await;
    let (pickup, dropoff) = edge.places();
    let sight = Arc::clone(&edge.app.sight);
    let (mode, later) = (sight.trip_mode(pickup, dropoff), sight.length(pickup, dropoff, LATER).longest_s());
    assert_eq!(mode, Mode::Walk);
    for class in ["residential", "tertiary", "secondary", "primary", "path"] {
        let snow = json!({"factor": 20.0, "class": class, "modes": ["walk"]});
        let said = edge.call(Some(&edge.admin().await.token), "POST", "/v1/admin/conditions", Some(snow)).await;
        assert_eq!(said.status, 201, "{}", said.text);
    }
    edge.weights().round().await.unwrap();
    assert!(
        sight.length(pickup, dropoff, When::Now { hour: 8 }).longest_s() > 5 * later,
        "a trip now takes as long as it does now"
    );
    assert_eq!((sight.trip_mode(pickup, dropoff), sight.length(pickup, dropoff, LATER).longest_s()), (mode, later));
}

#[tokio::test]
async fn what_is_said_twice_under_one_key_is_said_once() {
    let edge = Edge::new().await;
    let (admin, centre) = (edge.admin().await, edge.centre().await);
    let (at, other_at) = edge.places();
    let path = "/v1/admin/conditions";
    let say = async |who: &Person, key: &str, body: &Value| edge.post_once(who, path, key, body).await;
    let ids = async || {
        let listed = edge.call(Some(&admin.token), "GET", path, None).await.body;
        listed["conditions"].as_array().unwrap().iter().map(|c| c["id"].clone()).collect::<Vec<_>>()
    };
    let shut = but(&closed(at), &json!({"until": "2026-11-23T23:10:00Z"}), &[]);
    let first = say(&centre, "k", &shut).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let again = say(&centre, "k", &shut).await;
    assert_eq!((again.status.as_u16(), &again.body["id"]), (200, &first.body["id"]), "{}", again.text);
    assert_eq!(say(&centre, "k", &closed(other_at)).await.code(), "idempotency_key_reused");
    assert_eq!(ids().await, [first.body["id"].clone()]);
    for form in ["", &"k".repeat(65)] {
        assert_eq!(say(&centre, form, &shut).await.code(), "idempotency_key_required");
    }
    // Keys are each caller's own, and another key is another thing.
    for (who, key) in [(&admin, "k"), (&centre, "l")] {
        assert_eq!(say(who, key, &shut).await.status, 201);
    }
    assert_eq!(ids().await.len(), 3);
    // A repeat is known though its end has passed, and does not bring back what was taken back.
    edge.clock.advance_s(11 * 60);
    assert_eq!(say(&centre, "k", &shut).await.status, 200);
    let one = format!("{path}/{}", first.body["id"].as_str().unwrap());
    assert_eq!(edge.call(Some(&admin.token), "DELETE", &one, None).await.status, 204);
    assert_eq!(say(&centre, "k", &shut).await.code(), "not_found");
    assert_eq!(ids().await.len(), 2);
}
