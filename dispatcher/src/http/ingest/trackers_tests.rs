//! Payloads as the apps make them (their own documentation and tests), with synthetic places.

use super::sources::Epochs;
use crate::http::fixture::{Edge, Person, Reply};
use crate::record::Actor;
use axum::body::Body;
use axum::http::Request;
use geo::{FixKind, Position};
use serde_json::{Value, json};

struct Stage {
    edge: Edge,
    staff: Person,
    secret: String,
    device: i64,
    at: Position,
}

impl Stage {
    async fn new() -> Self {
        let edge = Edge::new().await;
        let staff = edge.staff().await;
        let now = edge.app.env.now();
        let (secret, device) = edge.app.record.issue_device(now, Actor::Shell, staff.id(), "x").await.unwrap().unwrap();
        let at = edge.places().0;
        Self { edge, staff, secret, device: device.id, at }
    }

    fn now_s(&self) -> i64 {
        self.edge.app.env.now().0 / 1_000
    }

    async fn send(&self, path: &str, authorization: Option<String>, kind: &str, body: String) -> Reply {
        let mut request = Request::post(path).header("content-type", kind);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        self.edge.send(request.body(Body::from(body)).unwrap()).await
    }

    /// As the OwnTracks app on Android does it.
    fn owntracks(&self, tst: i64) -> Value {
        json!({"_type": "location", "BSSID": "00:00:00:00:00:00", "SSID": "x", "acc": 12, "alt": 38, "batt": 81, "bs": 1,
            "conn": "m", "created_at": tst + 1, "lat": self.at.lat(), "lon": self.at.lon(), "m": 1, "tid": "x1",
            "topic": "owntracks/x/phone", "tst": tst, "vac": 3, "vel": 4, "inregions": []})
    }

    async fn own(&self, body: &Value) -> Reply {
        self.send("/v1/ingest/owntracks", Some(self.basic()), "application/json", body.to_string()).await
    }

    /// As Traccar Client 9 does it.
    fn traccar(&self, at: &str, device_id: &str) -> Value {
        json!({"location": {"timestamp": at, "coords": {"latitude": self.at.lat(), "longitude": self.at.lon(), "accuracy": 5,
            "speed": 1.2, "heading": -1, "altitude": 5}, "is_moving": true, "odometer": 0, "event": "motionchange",
            "battery": {"level": 0.79, "is_charging": false}, "activity": {"type": "still"}, "extras": {}, "_": "&"},
            "device_id": device_id})
    }

    async fn json(&self, body: &Value) -> Reply {
        self.send("/v1/ingest/traccar", None, "application/json", body.to_string()).await
    }

    async fn form(&self, body: String) -> Reply {
        self.send("/v1/ingest/traccar", None, "application/x-www-form-urlencoded", body).await
    }

    fn basic(&self) -> String {
        format!("Basic {}", encoded(&format!("whoever:{}", self.secret)))
    }

    /// What becomes of a fix of the phone, over REST.
    async fn phone(&self, seq: u32, acc_m: u32, age_ms: u32) -> String {
        let fix = json!({"lat": self.at.lat(), "lon": self.at.lon(), "acc_m": acc_m, "kind": "gps", "age_ms": age_ms,
            "seq": seq});
        let reply = self.edge.call(Some(&self.staff.token), "POST", "/v1/fixes", Some(json!({"fixes": [fix]}))).await;
        reply.body["verdicts"][0].as_str().unwrap().to_owned()
    }

    /// What becomes of a report of the tracker whose clock is ahead by so much.
    async fn tracker(&self, ahead_s: i64) -> String {
        let at = crate::view::time::instant(self.edge.app.env.now().plus_s(ahead_s));
        self.json(&self.traccar(&at, &self.secret)).await.body["verdict"].as_str().unwrap().to_owned()
    }

    /// What is in memory alone is forgotten, but for places: they come back from Redis.
    fn restarts(&self) {
        self.edge.app.ingest.forget_unused(self.edge.app.env.now().plus_s(1_000_000));
        assert_eq!(self.epochs(), Epochs::default());
    }

    fn epochs(&self) -> Epochs {
        self.edge.app.ingest.epochs(self.staff.id())
    }

    fn last(&self) -> Option<geo::Fix> {
        self.edge.app.sight.places.last_fix(self.staff.id())
    }

    fn instant(&self) -> String {
        crate::view::time::instant(self.edge.app.env.now())
    }
}

fn encoded(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.as_bytes()
        .chunks(3)
        .flat_map(|three| {
            let held = three.iter().fold(0_u32, |held, b| held << 8 | u32::from(*b)) << (8 * (3 - three.len()));
            (0..4).map(
                move |i| {
                    if i > three.len() { '=' } else { char::from(LETTERS[(held >> (18 - 6 * i)) as usize & 63]) }
                },
            )
        })
        .collect()
}

#[tokio::test]
async fn owntracks_is_taken_and_answered_with_its_empty_list() {
    let stage = Stage::new().await;
    let reply = stage.own(&stage.owntracks(stage.now_s() - 3)).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, "[]"));
    let fix = stage.last().unwrap();
    assert_eq!((fix.position, fix.accuracy_m, fix.kind), (stage.at, 12.0, FixKind::Network));
    assert_eq!((fix.taken_at_ms, i64::from(fix.seq)), ((stage.now_s() - 3) * 1_000, stage.now_s() - 3));
    let mut without = stage.owntracks(stage.now_s());
    without.as_object_mut().unwrap().remove("acc");
    without["source"] = json!("gps");
    stage.own(&without).await;
    let fix = stage.last().unwrap();
    assert_eq!((fix.accuracy_m, fix.kind), (1_000.0, FixKind::Gps), "coarse when nothing is said");
}

#[tokio::test]
async fn what_else_owntracks_says_is_passed_over_politely() {
    let stage = Stage::new().await;
    let mut ping = stage.owntracks(stage.now_s());
    ping["t"] = json!("p");
    for body in [
        ping,
        json!({"_type": "lwt", "tst": 1}),
        json!({"_type": "transition", "event": "leave", "desc": "home", "lat": 1, "lon": 2, "tst": 3}),
        json!({"_type": "cmd", "action": "dump"}),
        // What names there mean is for those who ask.
        json!({"_type": "card", "t": 5, "lat": "north", "source": ["x"]}),
        json!({"_type": "waypoints", "waypoints": (0..400).map(|tst| json!({"_type": "waypoint", "desc": "x".repeat(40),
            "lat": 1.5, "lon": 2.5, "rad": 50, "tst": tst})).collect::<Vec<_>>()}),
    ] {
        let reply = stage.own(&body).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, "[]"), "{body}");
    }
    let empty = stage.send("/v1/ingest/owntracks", Some(stage.basic()), "application/json", String::new()).await;
    assert_eq!((empty.status.as_u16(), empty.text.as_str()), (200, "[]"));
    // Nobody would know that a place was in it: an app set like that must not look as if all were well.
    let locked = stage.own(&json!({"_type": "encrypted", "data": "…"})).await;
    assert_eq!((locked.status.as_u16(), &locked.body["field"]), (422, &json!("_type.encrypted")));
    assert!(stage.last().is_none());
}

#[tokio::test]
async fn trackers_are_ordered_by_their_own_seconds_and_a_repeat_changes_nothing() {
    let stage = Stage::new().await;
    let now = stage.now_s();
    let mut verdicts = Vec::new();
    for at in ["2026-11-23T23:00:00.250Z", "2026-11-23T23:00:00.250Z", "2026-11-23T22:59:30.000Z"] {
        let reply = stage.json(&stage.traccar(at, &stage.secret)).await;
        verdicts.push(reply.body["verdict"].as_str().unwrap().to_owned());
    }
    assert_eq!(verdicts, ["ok", "duplicate", "old"]);
    assert_eq!(i64::from(stage.last().unwrap().seq), now);
    // One whose clock is ten minutes ahead is not believed, and is at once when it is right.
    let ahead = stage.json(&stage.traccar("2026-11-23T23:10:00.000Z", &stage.secret)).await;
    assert_eq!(ahead.body["verdict"], "future");
    stage.edge.clock.advance_s(4);
    assert_eq!(stage.json(&stage.traccar("2026-11-23T23:00:04.000Z", &stage.secret)).await.body["verdict"], "ok");
    // One whose clock is behind looks older than it is, never newer.
    stage.edge.clock.advance_s(600);
    assert_eq!(stage.json(&stage.traccar("2026-11-23T23:00:08.000Z", &stage.secret)).await.body["verdict"], "late");
}

#[tokio::test]
async fn the_forms_of_the_protocol_are_read() {
    let stage = Stage::new().await;
    let (lat, lon, secret) = (stage.at.lat(), stage.at.lon(), &stage.secret);
    let s = stage.now_s();
    let forms = [
        format!(
            "id={secret}&timestamp={}&lat={lat}&lon={lon}&speed=0.0&bearing=0.0&altitude=0&accuracy=9&batt=87",
            s - 9
        ),
        format!("deviceid={secret}&lat={lat}&lon={lon}&timestamp={}&hdop=6.0", (s - 8) * 1_000 + 579),
        format!("lat={lat}&lon={lon}&timestamp=2026-11-23T22%3A59%3A53Z&id={secret}&valid=true"),
        format!("timestamp=2026-11-23+22%3A59%3A54&location={lat}%2C{lon}&id={secret}"),
    ];
    for (form, behind) in forms.into_iter().zip([9, 8, 7, 6]) {
        let reply = stage.form(form).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(i64::from(stage.last().unwrap().seq), s - behind);
    }
}

#[tokio::test]
async fn a_position_in_the_url_is_refused_with_a_word_on_how_to_do_better() {
    let stage = Stage::new().await;
    let query = format!("?id={}&lat=37.5&lon=127.0&timestamp={}", stage.secret, stage.now_s());
    for (method, path) in
        [("GET", "/v1/ingest/traccar"), ("POST", "/v1/ingest/traccar"), ("POST", "/v1/ingest/owntracks")]
    {
        let reply = stage.edge.call(Some(&stage.secret), method, &format!("{path}{query}"), None).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (400, "position_in_url"), "{method} {path}");
        assert!(reply.body["title"].as_str().unwrap().contains("body") && !reply.text.contains("37.5"));
    }
    assert!(stage.last().is_none());
}

#[tokio::test]
async fn a_secret_comes_in_a_header_or_as_traccars_identifier_and_nothing_else_passes() {
    let stage = Stage::new().await;
    let location = stage.owntracks(stage.now_s()).to_string();
    let own = async |authorization: Option<String>| {
        let reply = stage.send("/v1/ingest/owntracks", authorization, "application/json", location.clone()).await;
        (reply.status.as_u16(), reply.code().to_owned())
    };
    let refused = |code: &str| (401, code.to_owned());
    assert_eq!(own(None).await, refused("no_token"));
    assert_eq!(
        own(Some(format!("Bearer {}", stage.staff.token))).await,
        refused("bad_token"),
        "a sign-in is no tracker"
    );
    assert_eq!(own(Some(format!("Basic {}", encoded("x:wrong")))).await, refused("bad_token"));
    assert_eq!(own(Some("Basic ***".to_owned())).await, refused("no_token"));
    assert_eq!(own(Some(format!("Bearer {}", stage.secret))).await.0, 200);
    assert_eq!(stage.json(&stage.traccar(&stage.instant(), "48241179")).await.code(), "bad_token");
    assert_eq!(stage.send("/v1/ingest/traccar", None, "text/plain", "x".to_owned()).await.code(), "no_token");
}

#[tokio::test]
async fn a_trackers_secret_opens_nothing_else() {
    let stage = Stage::new().await;
    for (method, route, row) in crate::http::access::TABLE {
        if row.is_open() || row.is_of_trackers() {
            continue;
        }
        let path = route.replace("{id}", "00000000-0000-4000-8000-000000000000");
        let reply = stage.edge.call(Some(&stage.secret), method, &path, Some(json!({}))).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (401, "bad_token"), "{method} {route}");
    }
    // Nor does it open a socket: that asks for a token as well.
    assert!(stage.edge.app.record.authenticate(stage.edge.app.env.now(), &stage.secret).await.unwrap().is_none());
}

#[tokio::test]
async fn malformed_foreign_and_oversized_bodies_are_refused_with_the_field_to_blame() {
    let stage = Stage::new().await;
    let with = |name: &str, value: Value| {
        let mut body = stage.owntracks(stage.now_s());
        body[name] = value;
        body.to_string()
    };
    let own =
        async |body: String| stage.send("/v1/ingest/owntracks", Some(stage.basic()), "application/json", body).await;
    for (body, code, field) in [
        ("{".to_owned(), "bad_json", None),
        ("[]".to_owned(), "bad_field", None),
        ("{\"lat\":1}".to_owned(), "bad_field", Some("_type")),
        (with("lat", json!(91)), "bad_field", Some("lat")),
        (with("lat", json!("x")), "bad_field", Some("lat")),
        (with("acc", json!("x")), "bad_field", Some("acc")),
        (with("tst", json!(1.5)), "bad_field", Some("tst")),
        (with("lon", json!(null)), "bad_field", Some("lon")),
        (with("tst", json!(null)), "bad_field", Some("tst")),
        (with("tst", json!(-5)), "bad_field", Some("tst")),
        (with("tst", json!(i64::MAX)), "bad_field", Some("tst")),
        (with("tid", json!("x".repeat(70_000))), "too_large", None),
        // A list of the values in their order is no object.
        (format!("[\"location\",37.5,127.0,12,{},null,null]", stage.now_s()), "bad_field", None),
    ] {
        let reply = own(body).await;
        assert_eq!((reply.code(), reply.body["field"].as_str()), (code, field), "{}", reply.text);
    }
    let id = &stage.secret;
    for (form, field) in [
        (format!("id={id}"), Some("lat")),
        (format!("id={id}&lat=x&lon=127&timestamp=1"), Some("lat")),
        (format!("id={id}&lat=37.5&lon=127&timestamp=soon"), Some("timestamp")),
        (format!("id={id}&location=91,127&timestamp=1"), Some("location")),
        (format!("id={id}&lat=%zz"), None),
    ] {
        let reply =
            stage.send("/v1/ingest/traccar", Some(stage.basic()), "application/x-www-form-urlencoded", form).await;
        assert_eq!((reply.code(), reply.body["field"].as_str()), ("bad_field", field), "{}", reply.text);
    }
    let at = stage.instant();
    for (part, value, field) in [
        ("latitude", json!("x"), "location.coords.latitude"),
        ("latitude", json!(91), "location.coords.latitude"),
        ("longitude", json!(181), "location.coords.longitude"),
        ("accuracy", json!("x"), "location.coords.accuracy"),
    ] {
        let mut body = stage.traccar(&at, id);
        body["location"]["coords"][part] = value;
        let reply = stage.json(&body).await;
        assert_eq!((reply.code(), reply.body["field"].as_str()), ("bad_field", Some(field)), "{}", reply.text);
    }
    for (body, field) in [
        (stage.traccar("1969-12-31T23:59:00Z", id), "location.timestamp"),
        (json!({"location": {"timestamp": at}, "device_id": id}), "location.coords"),
        (json!({"location": 5, "device_id": id}), "location"),
        (json!({"device_id": id}), "location"),
    ] {
        let reply = stage.json(&body).await;
        assert_eq!((reply.code(), reply.body["field"].as_str()), ("bad_field", Some(field)), "{}", reply.text);
    }
    for list in [
        json!([{"timestamp": at, "coords": {"latitude": 37.5, "longitude": 127, "accuracy": 5}}, id]),
        json!({"location": [at, {"latitude": 37.5, "longitude": 127, "accuracy": 5}], "device_id": id}),
        json!({"location": {"timestamp": at, "coords": [37.5, 127, 5]}, "device_id": id}),
    ] {
        let reply = stage.send("/v1/ingest/traccar", Some(stage.basic()), "application/json", list.to_string()).await;
        assert_eq!(reply.code(), "bad_field", "{list}");
    }
    assert!(stage.last().is_none());
}

#[tokio::test]
async fn whose_secret_is_in_the_body_is_told_what_is_wrong_with_the_rest_of_it() {
    let stage = Stage::new().await;
    let id = &stage.secret;
    for (form, field) in [
        (format!("lat=x&lon=127&timestamp=1&id={id}"), "lat"),
        (format!("deviceid={id}&lat=37.5&lon=127&timestamp=soon"), "timestamp"),
        (format!("id={id}&timestamp=1"), "lat"),
    ] {
        let reply = stage.form(form).await;
        assert_eq!((reply.code(), reply.body["field"].as_str()), ("bad_field", Some(field)), "{}", reply.text);
    }
    assert_eq!(stage.form(format!("id={id}&lat=%zz")).await.code(), "bad_field");
    for body in [stage.traccar("soon", id), json!({"location": 5, "device_id": id}), json!({"device_id": id})] {
        assert_eq!(stage.json(&body).await.code(), "bad_field", "{body}");
    }
    // Whoever has none learns nothing of it.
    assert_eq!(stage.form("id=wrong&lat=x".to_owned()).await.code(), "bad_token");
    assert_eq!(stage.form("lat=x".to_owned()).await.code(), "no_token");
    assert_eq!(stage.json(&json!({"device_id": 5})).await.code(), "no_token");
}

#[tokio::test]
async fn a_tracker_that_says_that_it_does_not_know_where_it_is_is_taken_and_moves_nobody() {
    let stage = Stage::new().await;
    let (id, s, at) = (&stage.secret, stage.now_s(), stage.at);
    for form in [
        format!("id={id}&lat={}&lon={}&timestamp={s}&accuracy=5&valid=false", at.lat(), at.lon()),
        format!("id={id}&valid=0&lat={}&lon={}&timestamp={s}", at.lat(), at.lon()),
        format!("id={id}&timestamp={s}&valid=false"),
    ] {
        let reply = stage.form(form).await;
        assert_eq!((reply.status.as_u16(), &reply.body["verdict"]), (200, &json!("inaccurate")), "{}", reply.text);
    }
    assert!(stage.last().is_none() && stage.epochs().latest().is_none());
    assert_eq!(stage.tracker(0).await, "ok", "its second was not taken by that");
}

#[tokio::test]
async fn a_tracker_off_shift_leaves_nothing_and_a_revoked_one_is_out() {
    let stage = Stage::new().await;
    assert_eq!(stage.edge.call(Some(&stage.staff.token), "DELETE", "/v1/shift", None).await.status, 204);
    assert_eq!(stage.json(&stage.traccar(&stage.instant(), &stage.secret)).await.body["verdict"], "not_on_shift");
    assert!(stage.last().is_none());
    let app = &stage.edge.app;
    assert!(app.record.revoke_device(app.env.now(), Actor::Shell, stage.device).await.unwrap());
    assert_eq!(stage.json(&stage.traccar(&stage.instant(), &stage.secret)).await.code(), "bad_token");
}

#[tokio::test]
async fn a_phone_is_heard_with_its_next_fix_however_often_a_tracker_reports_beside_it() {
    let stage = Stage::new().await;
    let wait = |seconds: i64| stage.edge.clock.advance_s(seconds);
    assert_eq!(stage.tracker(0).await, "ok");
    wait(1);
    assert_eq!((stage.phone(1, 5, 0).await, stage.tracker(0).await), ("ok".to_owned(), "old".to_owned()));
    wait(19);
    assert_eq!(stage.tracker(0).await, "old", "the phone is not silent yet");
    wait(2);
    assert_eq!(stage.tracker(0).await, "ok", "it takes over, with its first report");
    // Neither what the phone measured before that nor a circle is better than a place.
    wait(4);
    assert_eq!(stage.phone(2, 5, 5_000).await, "old");
    assert_eq!(stage.phone(3, 800, 0).await, "old");
    assert_eq!(stage.tracker(0).await, "ok");
    wait(4);
    assert_eq!(stage.phone(4, 5, 0).await, "ok", "and back at once");
    // They do not take turns.
    let epochs = stage.epochs();
    for round in 0..20 {
        wait(2);
        assert_eq!(stage.tracker(0).await, "old", "{round}");
        wait(2);
        assert_eq!(stage.phone(5 + round, 5, 0).await, "ok", "{round}");
    }
    assert_eq!(stage.epochs(), epochs);
    // From a circle a circle takes over.
    wait(21);
    let mut coarse = stage.traccar(&stage.instant(), &stage.secret);
    coarse["location"]["coords"]["accuracy"] = json!(900);
    assert_eq!(stage.json(&coarse).await.body["verdict"], "coarse");
    wait(4);
    assert_eq!(stage.phone(30, 800, 0).await, "coarse");
}

#[tokio::test]
async fn the_first_report_of_a_tracker_in_a_life_of_the_server_silences_no_phone_that_reports() {
    let stage = Stage::new().await;
    let wait = |seconds: i64| stage.edge.clock.advance_s(seconds);
    assert_eq!(stage.phone(1, 5, 0).await, "ok");
    stage.restarts();
    wait(4);
    assert_eq!(stage.phone(2, 5, 0).await, "ok");
    let epochs = stage.epochs();
    for seq in 3..9 {
        wait(2);
        assert_eq!(stage.tracker(0).await, "old");
        wait(2);
        assert_eq!(stage.phone(seq, 5, 0).await, "ok");
    }
    assert_eq!(stage.epochs(), epochs, "nothing was issued to it");
    wait(21);
    assert_eq!(stage.tracker(0).await, "ok", "it takes over once the phone is silent");
    // One that counts goes on after a restart with its first report.
    stage.restarts();
    wait(4);
    assert_eq!(stage.tracker(0).await, "ok");
}

#[tokio::test]
async fn what_knows_no_place_and_comes_late_stands_before_no_phone() {
    let stage = Stage::new().await;
    assert_eq!(stage.phone(1, 5, 0).await, "ok");
    stage.restarts();
    stage.edge.clock.advance_s(61);
    let late = format!("id={}&timestamp={}&valid=false", stage.secret, stage.now_s() - 90);
    assert_eq!(stage.form(late).await.body["verdict"], "inaccurate");
    for seq in 2..5 {
        assert_eq!(stage.phone(seq, 5, 0).await, "ok");
        stage.edge.clock.advance_s(4);
    }
}

#[tokio::test]
async fn of_two_trackers_one_that_was_not_heard_yet_waits_until_the_other_is_silent() {
    let stage = Stage::new().await;
    let now = stage.edge.app.env.now();
    let (second, _) =
        stage.edge.app.record.issue_device(now, Actor::Shell, stage.staff.id(), "y").await.unwrap().unwrap();
    let other = async || stage.json(&stage.traccar(&stage.instant(), &second)).await.body["verdict"].clone();
    for _ in 0..4 {
        assert_eq!(stage.tracker(0).await, "ok");
        stage.edge.clock.advance_s(5);
        assert_eq!(other().await, "old");
        stage.edge.clock.advance_s(5);
    }
    stage.edge.clock.advance_s(12);
    assert_eq!(other().await, "ok");
}

#[tokio::test]
async fn a_tracker_that_knows_a_place_is_heard_beside_a_page_that_knows_a_circle() {
    let stage = Stage::new().await;
    let wait = |seconds: i64| stage.edge.clock.advance_s(seconds);
    assert_eq!(stage.phone(1, 800, 0).await, "coarse");
    for seq in 2..6 {
        wait(2);
        assert_eq!(stage.tracker(0).await, "ok");
        wait(2);
        assert_eq!(stage.phone(seq, 800, 0).await, "old");
    }
    stage.restarts();
    wait(2);
    assert_eq!(stage.tracker(0).await, "ok");
}

#[tokio::test]
async fn a_tracker_of_which_nothing_was_believed_while_the_phone_was_silent_waits_when_it_is_heard_again() {
    let stage = Stage::new().await;
    let wait = |seconds: i64| stage.edge.clock.advance_s(seconds);
    assert_eq!(stage.phone(1, 5, 0).await, "ok");
    wait(21);
    let mut far = stage.traccar(&stage.instant(), &stage.secret);
    far["location"]["coords"]["latitude"] = json!(stage.at.lat() + 1.0);
    assert_eq!(stage.json(&far).await.body["verdict"], "outside_area");
    for seq in 2..6 {
        wait(2);
        assert_eq!(stage.phone(seq, 5, 0).await, "ok");
        wait(2);
        assert_eq!(stage.tracker(0).await, "old");
    }
}

#[tokio::test]
async fn a_tracker_whose_clock_is_ahead_takes_nothing_from_anybody() {
    let stage = Stage::new().await;
    assert_eq!(stage.tracker(600).await, "future");
    assert_eq!(stage.epochs().latest(), None);
    assert_eq!(stage.phone(1, 5, 0).await, "ok");
    stage.edge.clock.advance_s(21);
    let epochs = stage.epochs();
    assert_eq!(stage.tracker(600).await, "future");
    assert_eq!(stage.epochs(), epochs);
    assert_eq!(stage.phone(2, 5, 0).await, "ok");
    stage.edge.clock.advance_s(21);
    assert_eq!(stage.tracker(0).await, "ok", "once it is set right");
}

#[tokio::test]
async fn what_a_tracker_had_in_its_queue_is_not_now() {
    let stage = Stage::new().await;
    let now_ms = stage.edge.app.env.now().0;
    let fix = json!({"lat": stage.at.lat(), "lon": stage.at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": 1});
    stage.edge.call(Some(&stage.staff.token), "POST", "/v1/fixes", Some(json!({"fixes": [fix]}))).await;
    let epoch = stage.last().unwrap().session_epoch;
    let before = crate::view::time::instant(matcher::model::Timestamp(now_ms).plus_s(-1_200));
    // It is new to the server, and its epoch a later one.
    assert_eq!(stage.json(&stage.traccar(&before, &stage.secret)).await.body["verdict"], "old");
    let last = stage.last().unwrap();
    assert_eq!((last.session_epoch, last.taken_at_ms), (epoch, now_ms));
}

#[tokio::test]
async fn a_tracker_has_a_rate_whatever_it_sends() {
    let stage = Stage::new().await;
    let ping = async || {
        let body = json!({"_type": "lwt", "tst": 1}).to_string();
        stage.send("/v1/ingest/owntracks", Some(stage.basic()), "application/json", body).await.status.as_u16()
    };
    for n in 0..300 {
        assert_eq!(ping().await, 200, "{n}");
    }
    assert_eq!(ping().await, 429);
}
