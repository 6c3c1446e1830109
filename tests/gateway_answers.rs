//! One table of requests, asked directly and through a gateway, each way by people of its own: status, headers and body are the same,
//! whether the gateway settles the request itself or passes it on.

use harness::Gateway;
use harness::gateway::Behind;
use harness::people::{MEETING, Phone, SOON, enrol, eventually};
use harness::raw::{Raw, call};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What a phone or a proxy reads of an answer.
const HEADERS: [&str; 12] = [
    "content-type",
    "content-length",
    "content-encoding",
    "cache-control",
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "x-frame-options",
    "retry-after",
    "www-authenticate",
    "location",
    "allow",
];

/// What differs from person to person and from moment to moment.
const OWN: [&str; 12] = [
    "account",
    "no",
    "display",
    "ticket",
    "id",
    "booking",
    "requested_at",
    "updated_at",
    "change_no",
    "waits_since",
    "starts_at",
    "ends_at",
];

/// One way to the service, with people who know only that.
struct Way {
    url: String,
    staff: String,
    off_shift: String,
    rider: String,
    supervisor: String,
    tracker: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Who {
    Nobody,
    Wrong,
    Staff,
    OffShift,
    Rider,
    Supervisor,
}

impl Way {
    fn call(&self, who: Who, method: &str, path: &str, kind: &str, body: Option<&str>) -> Raw {
        let token = match who {
            Who::Nobody => "",
            Who::Wrong => "0000000000000000000000000000000000000000000000000000000000000000",
            Who::Staff => &self.staff,
            Who::OffShift => &self.off_shift,
            Who::Rider => &self.rider,
            Who::Supervisor => &self.supervisor,
        };
        let bearer = if token.is_empty() { String::new() } else { format!("Bearer {token}") };
        let body = body.map(|text| text.replace("SECRET", &self.tracker).into_bytes());
        let path = path.replace("SECRET", &self.tracker);
        call(&self.url, method, &path, &[("authorization", &bearer), ("content-type", kind)], body.as_deref())
    }
}

fn without_own(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if OWN.contains(&name.as_str()) { *value = Value::Null } else { without_own(value) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_own),
        _ => {}
    }
}

/// Asks both ways and compares.
fn both(ways: &[Way; 2], what: &str, ask: impl Fn(&Way) -> Raw) -> Raw {
    let [direct, through] = ways.each_ref().map(ask);
    assert_eq!(direct.status, through.status, "{what}: {} and {}", direct.body, through.body);
    let (mut a, mut b) = (direct.json(), through.json());
    let same_length = a == b;
    without_own(&mut a);
    without_own(&mut b);
    assert_eq!(a, b, "{what}");
    for name in HEADERS.iter().filter(|name| same_length || **name != "content-length") {
        assert_eq!(direct.header(name), through.header(name), "{what}: {name}");
    }
    for raw in [&direct, &through] {
        assert!(raw.header("x-request-id").is_some_and(|id| id.len() == 16), "{what}: {}", raw.head);
    }
    assert!(!through.head.contains("x-donghaeng"), "{what}: {}", through.head);
    through
}

fn fix(at: (f64, f64), seq: u32) -> Value {
    json!({"lat": at.0, "lon": at.1, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": seq})
}

fn with(at: (f64, f64), seq: u32, name: &str, value: Value) -> Value {
    let mut fix = fix(at, seq);
    fix[name] = value;
    fix
}

async fn ways(behind: &Behind, gateway: &Gateway) -> [Way; 2] {
    let people = enrol(&behind.server, 4, 2, 2).await;
    let way = async |n: usize, url: &str| {
        let staff = people.staff[n].clone();
        let me = behind.server.api().signed_in(&staff).get("/v1/me").await.expect("own account");
        let account = me["account"].as_str().expect("an id").to_owned();
        let tracker = behind.server.admin(&["device", "add", "--staff", &account, "--label", "t"]);
        Way {
            url: url.to_owned(),
            staff,
            off_shift: people.staff[2 + n].clone(),
            rider: people.riders[n].clone(),
            supervisor: people.supervisors[n].clone(),
            tracker: tracker["secret"].as_str().expect("printed once").to_owned(),
        }
    };
    [way(0, behind.server.url()).await, way(1, gateway.url()).await]
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn post(ways: &[Way; 2], what: &str, who: Who, path: &str, kind: &str, body: &str) -> Raw {
    both(ways, what, |way| way.call(who, "POST", path, kind, Some(body)))
}

fn fixes(ways: &[Way; 2], what: &str, who: Who, fixes: &[Value]) -> Value {
    post(ways, what, who, "/v1/fixes", JSON, &json!({"fixes": fixes}).to_string()).json()
}

/// Before the shift, then with it, until the gateway knows; the number of the last fix.
async fn begin_to_work(behind: &Behind, gateway: &Gateway, ways: &[Way; 2]) -> u32 {
    assert_eq!(fixes(ways, "no shift", Who::Staff, &[fix(MEETING, 1)])["verdicts"], json!(["not_on_shift"]));
    post(ways, "a shift", Who::Staff, "/v1/shift", JSON, r#"{"mode":"walk"}"#);
    for way in ways {
        let begun = way.call(Who::Staff, "POST", "/v1/shift", JSON, Some(r#"{"mode":"walk","hours":8}"#));
        assert_eq!(begun.status, 201, "{}", begun.body);
    }
    let mut seq = 10;
    eventually("the gateway settles fixes itself", SOON, async || {
        seq += 1;
        let told = fixes(ways, "the first ones", Who::Staff, &[fix(MEETING, seq)]);
        assert_eq!(told["verdicts"], json!(["ok"]));
        tokio::time::sleep(Duration::from_millis(100)).await;
        gateway.settled() > 0
    })
    .await;
    eventually("the engine's node hears of it", SOON, async || behind.heard() > 0).await;
    seq
}

#[tokio::test(flavor = "multi_thread")]
async fn fixes_are_answered_as_by_the_engines_node() {
    let behind = Behind::start().await;
    let gateway = behind.gateway().await;
    let ways = &ways(&behind, &gateway).await;
    let last = begin_to_work(&behind, &gateway, ways).await;
    let at = MEETING;

    // Settled there: each follows on the one before.
    let before = gateway.settled();
    for (what, fix, verdict) in [
        ("believed", fix(at, last + 1), "ok"),
        ("the very one again", fix(at, last + 1), "duplicate"),
        ("an older one", fix(at, last), "old"),
        ("a coarse one", with(at, last + 2, "acc_m", json!(900)), "coarse"),
        ("a little ahead", with(at, last + 3, "age_ms", json!(-4_000)), "ok"),
        ("half a minute old", with(at, last + 4, "age_ms", json!(30_000)), "ok"),
    ] {
        let known = (gateway.settled(), behind.heard());
        assert_eq!(fixes(ways, what, Who::Staff, &[fix])["verdicts"], json!([verdict]), "{what}");
        // A number that falls back is the engine's to judge, which hears in a moment what was settled here: until then it is to it
        // the last one again.
        if verdict == "ok" && gateway.settled() > known.0 {
            eventually("the engine's node hears of it", SOON, async || behind.heard() > known.1).await;
        }
    }
    let several = [fix(at, last + 5), fix(at, last + 6), fix(at, last + 5), with(at, last + 7, "acc_m", json!(900))];
    assert_eq!(fixes(ways, "several", Who::Staff, &several)["verdicts"], json!(["ok", "ok", "old", "coarse"]));
    // On a busy machine a list may be too old for a moment, and what comes then is passed on.
    assert!(gateway.settled() > before, "by the gateway itself");

    // Out of the ordinary: the engine's.
    let far = (at.0 + 0.08, at.1);
    for (what, fix, verdict) in [
        ("one that does not follow", fix(at, 109), "ok"),
        ("late, with a fresher one believed", with(at, 110, "age_ms", json!(90_000)), "old"),
        ("from the future", with(at, 111, "age_ms", json!(-9_000)), "future"),
        ("of another day", with(at, 112, "age_ms", json!(90_000_000)), "too_old"),
        ("without an error circle", with(at, 113, "acc_m", json!(-1)), "inaccurate"),
        ("outside", fix((at.0 + 3.0, at.1), 114), "outside_area"),
        ("a jump", fix(far, 115), "jump"),
        ("the same jump again", fix(far, 115), "duplicate"),
        ("and on", fix(far, 116), "jump"),
        ("believed at last", fix(far, 117), "ok"),
        ("a demo walk", with(at, 118, "kind", json!("demo")), "ok"),
    ] {
        assert_eq!(fixes(ways, what, Who::Staff, &[fix])["verdicts"], json!([verdict]), "{what}");
    }
    fixes(ways, "several at once, with a jump", Who::Staff, &[fix(far, 120), fix(at, 121), fix(far, 122)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_those_of_the_engines_node() {
    let behind = Behind::start().await;
    let gateway = behind.gateway().await;
    let ways = &ways(&behind, &gateway).await;
    begin_to_work(&behind, &gateway, ways).await;
    let at = MEETING;
    for (what, refused) in [
        ("none", vec![]),
        ("too many", vec![fix(at, 130); 61]),
        ("a latitude that is none", vec![fix((95.0, 127.0), 131)]),
        ("an unknown kind", vec![with(at, 132, "kind", json!("guess"))]),
        ("an unknown field", vec![with(at, 133, "speed", json!(3))]),
    ] {
        assert_eq!(fixes(ways, what, Who::Staff, &refused)["code"], "bad_field", "{what}");
    }
    for body in ["", "{", "[]", r#"{"fixes":[],"fixes":[]}"#, r#"{"fixes":7}"#, "null"] {
        post(ways, body, Who::Staff, "/v1/fixes", JSON, body);
    }
    post(ways, "not JSON", Who::Staff, "/v1/fixes", "text/plain", r#"{"fixes":[]}"#);
    let large = format!("{{\"fixes\":[{}]}}", " ".repeat(70_000));
    assert_eq!(post(ways, "too large", Who::Staff, "/v1/fixes", JSON, &large).status, 413);
    assert_eq!(post(ways, "too large, of nobody", Who::Nobody, "/v1/fixes", JSON, &large).status, 401);
    for who in [Who::Nobody, Who::Wrong, Who::OffShift, Who::Rider, Who::Supervisor] {
        fixes(ways, "others", who, &[fix(at, 140)]);
    }
    let booking = json!({"kind": "now", "pickup": {"lat": 1.0, "lon": 2.0}, "dropoff": {"lat": 1.0, "lon": 2.0}});
    post(ways, "without a key", Who::Rider, "/v1/bookings", JSON, &booking.to_string());

    // Too fast. What is over sooner than it began has left nothing in the bucket.
    for way in ways {
        let post = |n: u32| {
            let body = json!({"fixes": vec![fix(at, 1_000 + n); 60]}).to_string();
            way.call(Who::Staff, "POST", "/v1/fixes", JSON, Some(&body))
        };
        let refused = (0..60).map(post).find(|answer| answer.status != 202).expect("nobody may send that fast");
        assert_eq!((refused.status, refused.json()["code"].as_str()), (429, Some("too_many_requests")));
        let wait_s: u32 = refused.header("retry-after").and_then(|s| s.parse().ok()).expect("when to come back");
        assert!((1..=12).contains(&wait_s), "{wait_s}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trackers_and_all_else_are_answered_as_by_the_engines_node() {
    let behind = Behind::start().await;
    let gateway = behind.gateway().await;
    let ways = &ways(&behind, &gateway).await;
    for way in ways {
        way.call(Who::Staff, "POST", "/v1/shift", JSON, Some(r#"{"mode":"walk","hours":8}"#));
    }
    let (at, now) = (MEETING, dispatcher::clock::Env::system().now().0 / 1_000);
    let form = |n: i64| format!("id=SECRET&lat={}&lon={}&accuracy=8&timestamp={}", at.0, at.1, now + n);
    // None is of a second to come.
    let (begun, mut last) = (Instant::now(), -30);
    while last < -26 || gateway.settled() == 0 {
        assert!(begun.elapsed() < SOON, "the later ones by the gateway");
        if last + 2 >= begun.elapsed().as_secs() as i64 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        }
        last += 1;
        let told = post(ways, "a tracker's form", Who::Nobody, "/v1/ingest/traccar", FORM, &form(last));
        assert_eq!(told.json()["verdict"], "ok");
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    post(ways, "its repeat", Who::Nobody, "/v1/ingest/traccar", FORM, &form(last));
    let told = json!({"_type": "location", "lat": at.0, "lon": at.1, "acc": 8, "tst": now}).to_string();
    for who in [Who::Nobody, Who::Wrong, Who::Staff] {
        assert_eq!(post(ways, "no secret", who, "/v1/ingest/owntracks", JSON, &told).status, 401);
    }
    for body in [told.as_str(), r#"{"_type":"waypoint"}"#, ""] {
        let taken = both(ways, body, |way| {
            let bearer = format!("Bearer {}", way.tracker);
            call(&way.url, "POST", "/v1/ingest/owntracks", &[("authorization", &bearer)], Some(body.as_bytes()))
        });
        assert_eq!((taken.status, taken.body.as_str()), (200, "[]"));
    }
    post(ways, "a position in the URL", Who::Nobody, "/v1/ingest/traccar?lat=1&id=SECRET", FORM, "");

    for (who, method, path) in [
        (Who::Nobody, "GET", "/v1/ingest/traccar"),
        (Who::Staff, "GET", "/v1/me"),
        (Who::Staff, "GET", "/v1/trips"),
        (Who::Rider, "GET", "/v1/trips"),
        (Who::Nobody, "GET", "/v1/map"),
        (Who::Staff, "HEAD", "/v1/map"),
        (Who::Nobody, "GET", "/nowhere"),
        (Who::Nobody, "GET", "/v1/nowhere"),
        (Who::Staff, "PUT", "/v1/fixes"),
        (Who::Staff, "GET", "/v1/fixes"),
        (Who::Staff, "POST", "/v1/ws-ticket"),
        (Who::Staff, "GET", "/v1/ws"),
        (Who::Supervisor, "GET", "/v1/cells"),
        (Who::Nobody, "GET", "/staff"),
        (Who::Nobody, "GET", "/"),
        (Who::Nobody, "GET", "/openapi.json"),
        (Who::Nobody, "GET", "/tiles/12/3493/1586.mvt"),
    ] {
        both(ways, path, |way| way.call(who, method, path, "", None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_says_and_hears_the_same_through_a_gateway() {
    let behind = Behind::start().await;
    let gateway = behind.gateway().await;
    let people = enrol(&behind.server, 2, 0, 0).await;
    let mut said = Vec::new();
    for (token, (api, by_gateway)) in people.staff.iter().zip([(behind.server.api(), false), (gateway.api(), true)]) {
        let mut told = Vec::new();
        let mut phone = Phone::on_shift_by(&api, token, MEETING).await;
        // The gateway is told of the shift, then of what was believed last.
        if by_gateway {
            gateway.settles(&mut phone, 12.0).await;
        } else {
            phone.report(12.0).await;
        }
        for wrong in [
            json!({"t": "status", "id": "1", "trip": "018f0000-0000-7000-8000-000000000002", "to": "en_route"}),
            json!({"t": "view", "id": "2", "west": 126.9, "south": 37.5, "east": 127.0, "north": 37.6, "zoom": 12}),
            json!({"t": "fix", "fixes": []}),
            json!({"t": "fix", "fixes": [{"lat": 95.0, "lon": 127.0, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": 9}]}),
        ] {
            phone.socket.send(&wrong).await.expect("sent");
            told.push(phone.wait_for("result").await.body);
        }
        // Each way of being closed.
        phone.socket.send_text("nonsense".to_owned()).await.expect("sent");
        let closed = phone.socket.next().await.expect_err("nonsense ends a socket");
        told.push(json!([closed.code, closed.reason]));

        let mut phone = Phone::sign_in_by(&api, token).await;
        phone.socket.send_text("x".repeat(20_000)).await.expect("sent");
        let closed = phone.socket.next().await.expect_err("too large");
        told.push(json!([closed.code, closed.reason]));

        let mut phone = Phone::sign_in_by(&api, token).await;
        for _ in 0..400 {
            if phone.socket.send(&json!({"t": "pong"})).await.is_err() {
                break;
            }
        }
        let closed = phone.socket.next().await.expect_err("a flood");
        told.push(json!([closed.code.unwrap_or(4452)]));
        said.push(told);
    }
    assert_eq!(said[0], said[1]);
}
