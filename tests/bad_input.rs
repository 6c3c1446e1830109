//! Bad input over REST: every refusal is a problem document with its code and the field to blame, holds nothing of what was
//! sent, and changes nothing.

use dispatcher::clock::Env;
use dispatcher::http::access::TABLE;
use dispatcher::record::{Actor, AuditChain, Record, Role, token_ttl_s};
use harness::people::{Enrolled, GOAL, MEETING, enrol, journey, place};
use harness::raw::{Raw, call};
use harness::refusal::{NO_ID, assert_refusal};
use harness::{Server, ServerOptions};
use matcher::model::AccountId;
use serde_json::{Value, json};

/// One account may call 60 times at once; the cases are dealt out to so many riders.
const RIDERS: u32 = 6;

const ROLES: [Role; 4] = [Role::Rider, Role::Staff, Role::Supervisor, Role::Admin];

/// A server with people of every role.
struct Stand {
    server: Server,
    people: Enrolled,
    admin: String,
}

impl Stand {
    async fn start() -> Self {
        let server = Server::start(ServerOptions::default()).await;
        let people = enrol(&server, 2, RIDERS, 1).await;
        let admin = server.token_of(&server.admin(&["admin", "--name", "관리"])).await;
        Self { server, people, admin }
    }

    fn token(&self, role: Role) -> &str {
        match role {
            Role::Rider => &self.people.riders[0],
            Role::Staff => &self.people.staff[0],
            Role::Supervisor => &self.people.supervisors[0],
            Role::Admin => &self.admin,
        }
    }

    fn send(&self, method: &str, path: &str, token: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Raw {
        let bearer = if token.is_empty() { String::new() } else { format!("Bearer {token}") };
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        call(self.server.url(), method, path, &all, body)
    }

    fn post(&self, path: &str, token: &str, body: &Value) -> Raw {
        self.send("POST", path, token, &[], Some(body.to_string().as_bytes()))
    }
}

/// A booking with one thing changed, by JSON pointer; null takes the field away.
fn booking(at: &str, value: Value) -> Value {
    let mut body = journey();
    let (parent, name) = at.rsplit_once('/').expect("a pointer");
    let fields = body.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object to change");
    if value.is_null() {
        fields.remove(name);
    } else {
        fields.insert(name.to_owned(), value);
    }
    body
}

fn commute(at: &str, value: Value) -> Value {
    let days = json!({ "days": ["mon", "tue"], "outward_at": "08:10", "return_at": "18:40",
        "from": "2099-01-05", "until": "2099-03-05" });
    let mut body = json!({ "kind": "commute", "commute": days, "pickup": place(MEETING), "dropoff": place(GOAL) });
    body["commute"][at] = value;
    body
}

/// Body, status, code, field.
type Case = (Value, u16, &'static str, Option<&'static str>);

fn bad_bookings() -> Vec<Case> {
    let field = |at: &str, value: Value, field: &'static str| (booking(at, value), 422, "bad_field", Some(field));
    let days =
        |at: &str, value: Value, code: &'static str, field: &'static str| (commute(at, value), 422, code, Some(field));
    let timed = |at: &str| json!({ "kind": "at", "at": at, "pickup": place(MEETING), "dropoff": place(GOAL) });
    vec![
        (booking("/mark9", json!("표식-9")), 422, "bad_field", None),
        field("/pickup/mark9", json!("표식-9"), "pickup"),
        field("/kind", Value::Null, "kind"),
        field("/pickup", Value::Null, "pickup"),
        field("/pickup/lat", Value::Null, "pickup.lat"),
        field("/dropoff/lon", Value::Null, "dropoff.lon"),
        field("/kind", json!("mark9"), "kind"),
        field("/pickup/lat", json!("12.345678"), "pickup.lat"),
        field("/pickup/lat", json!(91.0), "pickup.lat"),
        field("/pickup/lat", json!(-76_543.21), "pickup.lat"),
        field("/dropoff/lon", json!(180.5), "dropoff.lon"),
        field("/dropoff/lon", json!(-76_543.21), "dropoff.lon"),
        (booking("/pickup/lat", json!(12.345_678)), 422, "pickup_outside_area", Some("pickup")),
        (booking("/dropoff/lat", json!(12.345_678)), 422, "dropoff_outside_area", Some("dropoff")),
        field("/pickup/label", json!("표식-9".repeat(16)), "pickup.label"),
        field("/dropoff/label", json!("표식-9\u{7}"), "dropoff.label"),
        field("/crew_size", json!(0), "crew_size"),
        field("/crew_size", json!(5), "crew_size"),
        field("/crew_size", json!(-1), "crew_size"),
        field("/crew_size", json!(300), "crew_size"),
        field("/at", json!("2099-01-01T00:00:00Z"), "at"),
        field("/kind", json!("at"), "at"),
        field("/kind", json!("commute"), "commute"),
        (timed("mark-9"), 422, "bad_field", Some("at")),
        (timed("2020-01-01T00:00:00Z"), 422, "time_in_past", Some("at")),
        (timed("2099-01-01T00:00:00Z"), 422, "time_too_far", Some("at")),
        days("days", json!(["mark-9"]), "bad_field", "commute.days"),
        days("days", json!([]), "bad_commute", "commute.days"),
        days("outward_at", json!("25:00"), "bad_field", "commute.outward_at"),
        days("return_at", json!("08:09"), "bad_commute", "commute.return_at"),
        days("from", json!("mark-9"), "bad_field", "commute.from"),
        days("until", json!("2099-01-04"), "bad_commute", "commute.until"),
        days("until", json!("2101-01-04"), "bad_commute", "commute.until"),
        days("mark9", json!("표식-9"), "bad_field", "commute"),
    ]
}

fn refuse_bookings(stand: &Stand) {
    for (n, (body, status, code, field)) in bad_bookings().into_iter().enumerate() {
        let token = &stand.people.riders[1 + n % (RIDERS as usize - 1)];
        let answer = stand.send(
            "POST",
            "/v1/bookings",
            token,
            &[("idempotency-key", "mark-9")],
            Some(body.to_string().as_bytes()),
        );
        assert_refusal(&format!("booking {body}"), &answer, status, code, field);
    }
}

/// What, body, headers, status, code.
type ByteCase<'a> = (&'a str, &'a [u8], &'a [(&'a str, &'a str)], u16, &'a str);

/// What is no JSON, no UTF-8, too long, of another type, or without a usable key.
fn refuse_bytes(stand: &Stand) {
    let good = journey().to_string();
    let not_a_number = good.replace("37.5663", "NaN");
    let too_large_a_number = good.replace("37.5663", "1e999");
    let long = booking("/pickup/label", json!("표식-9".repeat(9_000))).to_string();
    let key = [("idempotency-key", "mark-9")];
    let cases: [ByteCase; 13] = [
        ("cut", &good.as_bytes()[..good.len() - 1], &key, 400, "bad_json"),
        ("empty", b"", &key, 400, "bad_json"),
        ("words", "표식-9".as_bytes(), &key, 400, "bad_json"),
        ("two bodies", &[good.as_bytes(), b" 12.345678"].concat(), &key, 400, "bad_json"),
        ("not UTF-8", b"{\"kind\":\"\xff\xfe\"}", &key, 400, "bad_json"),
        ("NaN", not_a_number.as_bytes(), &key, 400, "bad_json"),
        ("1e999", too_large_a_number.as_bytes(), &key, 400, "bad_json"),
        ("70 KiB", long.as_bytes(), &key, 413, "too_large"),
        ("text", good.as_bytes(), &[key[0], ("content-type", "text/plain")], 415, "not_json"),
        ("form", good.as_bytes(), &[key[0], ("content-type", "application/x-www-form-urlencoded")], 415, "not_json"),
        ("no key", good.as_bytes(), &[], 400, "idempotency_key_required"),
        ("long key", good.as_bytes(), &[("idempotency-key", &"mark-9".repeat(11))], 400, "idempotency_key_required"),
        ("foreign key", good.as_bytes(), &[("idempotency-key", "표식-9")], 400, "idempotency_key_required"),
    ];
    for (what, body, headers, status, code) in cases {
        let answer = stand.send("POST", "/v1/bookings", &stand.people.riders[1], headers, Some(body));
        assert_refusal(what, &answer, status, code, None);
    }
}

/// Other bodies than bookings.
fn refuse_commands(stand: &Stand) {
    let fix = |at: &str, value: Value| {
        let mut fix = json!({ "lat": 37.5, "lon": 127.0, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": 1 });
        fix[at] = value;
        json!({ "fixes": [fix] })
    };
    let many: Vec<Value> = (0..61).map(|n| fix("seq", json!(n))["fixes"][0].clone()).collect();
    let status = format!("/v1/trips/{NO_ID}/status");
    let unserved = format!("/v1/trips/{NO_ID}/unserved");
    let cases = [
        (Role::Staff, "/v1/fixes", json!({ "fixes": [] }), "fixes"),
        (Role::Staff, "/v1/fixes", json!({ "fixes": many }), "fixes"),
        (Role::Staff, "/v1/fixes", fix("lat", json!(90.5)), "fixes[0].lat"),
        (Role::Rider, "/v1/fixes", fix("lon", json!(76_543.21)), "fixes[0].lon"),
        (Role::Staff, "/v1/fixes", fix("age_ms", json!(0.5)), "fixes[0].age_ms"),
        (Role::Staff, "/v1/fixes", fix("seq", json!(-1)), "fixes[0].seq"),
        (Role::Staff, "/v1/fixes", fix("kind", json!("mark9")), "fixes[0].kind"),
        (Role::Staff, "/v1/shift", json!({ "mode": "walk", "hours": 0 }), "hours"),
        (Role::Staff, "/v1/shift", json!({ "mode": "walk", "hours": 11 }), "hours"),
        (Role::Staff, "/v1/shift", json!({ "mode": "mark9", "hours": 8 }), "mode"),
        (Role::Staff, &status, json!({ "to": "mark9" }), "to"),
        (Role::Staff, &status, json!({ "to": "cancelled" }), "to"),
        (Role::Rider, "/v1/sos", json!({ "trip": "mark9" }), "trip"),
        (Role::Supervisor, &unserved, json!({ "reason": " " }), "reason"),
        (Role::Supervisor, &unserved, json!({ "reason": "표식-9".repeat(60) }), "reason"),
        (Role::Admin, "/v1/admin/agencies", json!({ "name": " ", "kind": "company" }), "name"),
        (Role::Admin, "/v1/admin/agencies", json!({ "name": "표식-9", "kind": "mark9" }), "kind"),
        (Role::Admin, "/v1/admin/staff", json!({ "agency": NO_ID, "name": "표식-9", "kind": "guard" }), "agency"),
        (Role::Admin, "/v1/admin/riders", json!({ "name": "표식-9", "agencies": [NO_ID] }), "agencies"),
        (Role::Admin, "/v1/admin/riders", json!({ "name": "표식-9", "any_agency": true, "crew_size": 9 }), "crew_size"),
        (Role::Admin, "/v1/admin/riders", json!({ "name": "표식-9" }), "agencies"),
        (
            Role::Admin,
            "/v1/admin/riders",
            json!({ "name": "표식-9", "any_agency": true, "agencies": [NO_ID] }),
            "any_agency",
        ),
        (Role::Admin, "/v1/admin/supervisors", json!({ "agency": NO_ID, "name": "표식-9" }), "agency"),
    ];
    for (role, path, body, field) in cases {
        let answer = stand.post(path, stand.token(role), &body);
        assert_refusal(&format!("{path} {body}"), &answer, 422, "bad_field", Some(field));
    }
}

/// A list of the values in their order is no object, however well they fit; and no name stands twice.
fn refuse_what_only_looks_like_an_object(stand: &Stand) {
    let point = json!([MEETING.0, MEETING.1, null]);
    let days = json!([["mon"], "08:10", "18:40", "2099-01-05", "2099-03-05"]);
    let commute = json!({ "kind": "commute", "commute": days, "pickup": place(MEETING), "dropoff": place(GOAL) });
    let whole = json!(["now", null, null, place(MEETING), place(GOAL), null]);
    let twice = journey().to_string().replacen('{', "{\"kind\":\"now\",", 1);
    let cancel = format!("/v1/trips/{NO_ID}/cancel");
    for (role, path, body, field) in [
        (Role::Rider, "/v1/bookings", booking("/pickup", point).to_string(), Some("pickup")),
        (Role::Rider, "/v1/bookings", commute.to_string(), Some("commute")),
        (Role::Rider, "/v1/bookings", whole.to_string(), None),
        (Role::Rider, "/v1/bookings", twice, None),
        (Role::Staff, "/v1/fixes", json!({ "fixes": [[37.5, 127.0, 8, "gps", 0, 1]] }).to_string(), Some("fixes[0]")),
        (Role::Staff, "/v1/fixes", json!([[]]).to_string(), None),
        (Role::Rider, "/v1/sos", json!([null]).to_string(), None),
        (Role::Rider, &cancel, json!([]).to_string(), None),
        (Role::Rider, "/v1/session", json!(["mark-9"]).to_string(), None),
        (Role::Staff, "/v1/shift", json!({ "mode": { "walk": null }, "hours": 8 }).to_string(), Some("mode")),
    ] {
        let headers = [("idempotency-key", "mark-9")];
        let answer = stand.send("POST", path, stand.token(role), &headers, Some(body.as_bytes()));
        assert_refusal(&format!("{path} {body}"), &answer, 422, "bad_field", field);
    }
}

/// Ids that name nothing, or are none, and paths and methods that do not exist.
fn refuse_what_is_not_there(stand: &Stand) {
    for id in [NO_ID, "mark-9", "%e2%98%83"] {
        for (role, method, path, body) in [
            (Role::Rider, "GET", "/v1/trips/{}", Value::Null),
            (Role::Rider, "POST", "/v1/trips/{}/cancel", json!({})),
            (Role::Rider, "POST", "/v1/series/{}/skip", json!({ "date": "2099-01-05" })),
            (Role::Rider, "POST", "/v1/series/{}/end", json!({})),
            (Role::Staff, "POST", "/v1/offers/{}/answer", json!({ "accept": true })),
            (Role::Staff, "POST", "/v1/trips/{}/status", json!({ "to": "arrived" })),
            (Role::Staff, "POST", "/v1/trips/{}/drop-out", json!({})),
            (Role::Supervisor, "GET", "/v1/trips/{}/candidates", Value::Null),
            (Role::Supervisor, "POST", "/v1/trips/{}/assign", json!({ "staff": [] })),
            (Role::Supervisor, "POST", "/v1/trips/{}/release", json!({})),
            (Role::Supervisor, "POST", "/v1/trips/{}/complete", json!({})),
            (Role::Supervisor, "POST", "/v1/trips/{}/unserved", json!({ "reason": "nobody" })),
            (Role::Supervisor, "POST", "/v1/incidents/{}/acknowledge", json!({})),
            (Role::Admin, "POST", "/v1/admin/accounts/{}/suspend", json!({ "reason": "표식-9" })),
        ] {
            let bytes = body.to_string();
            let sent = (method == "POST").then_some(bytes.as_bytes());
            let answer = stand.send(method, &path.replace("{}", id), stand.token(role), &[], sent);
            assert_refusal(&format!("{method} {path} {id}"), &answer, 404, "not_found", None);
        }
    }
    let code = stand.post("/v1/admin/codes", &stand.admin, &json!({ "account": NO_ID }));
    assert_refusal("a code for nobody", &code, 404, "not_found", None);
    for (method, path, status, code) in [
        ("GET", "/v1/mark-9", 404, "not_found"),
        ("POST", "/mark-9", 404, "not_found"),
        ("GET", "/../mark-9", 404, "not_found"),
        ("GET", "/tiles/mark-9/1/1.mvt", 404, "not_found"),
        ("PUT", "/v1/bookings", 405, "method_not_allowed"),
        ("DELETE", "/v1/trips", 405, "method_not_allowed"),
        ("PATCH", "/v1/shift", 405, "method_not_allowed"),
        ("GET", "/v1/session", 405, "method_not_allowed"),
        ("POST", "/readyz", 405, "method_not_allowed"),
        ("GET", "/v1/ws", 426, "upgrade_required"),
    ] {
        let answer = stand.send(method, path, &stand.people.riders[2], &[], None);
        assert_refusal(&format!("{method} {path}"), &answer, status, code, None);
    }
}

/// Every route of the table: without a token, with a wrong one, and in the name of every role it is not for.
fn refuse_who_may_not(stand: &Stand) {
    let mut refused = 0;
    for (method, pattern, allowed) in TABLE.iter().filter(|row| !row.2.is_open() && !row.2.is_of_trackers()) {
        let path = pattern.replace("{id}", NO_ID);
        let body = (*method == "POST").then_some(&b"{}"[..]);
        let what = format!("{method} {pattern}");
        assert_refusal(&what, &stand.send(method, &path, "", &[], body), 401, "no_token", None);
        assert_refusal(&what, &stand.send(method, &path, "mark-9", &[], body), 401, "bad_token", None);
        for role in ROLES.into_iter().filter(|role| !allowed.permits(*role)) {
            let answer = stand.send(method, &path, stand.token(role), &[], body);
            assert_refusal(&format!("{what} as {role:?}"), &answer, 403, "forbidden_role", None);
            refused += 1;
        }
    }
    assert!(refused > 70, "the table was gone through: {refused}");
    for header in ["mark-9", "Basic mark-9", "Bearer ", "Bearer"] {
        let answer = call(stand.server.url(), "GET", "/v1/me", &[("authorization", header)], None);
        assert_refusal(header, &answer, 401, "no_token", None);
    }
}

/// Tokens and codes that worked once.
async fn refuse_what_ended(stand: &Stand) {
    let env = Env::system();
    let beside = Record::open_beside(&stand.server.data(), env.clone()).await.expect("the record opens beside");
    let made = stand.server.admin(&["rider", "--name", "표식-9", "--any-agency"]);
    let account = AccountId(made["account"].as_str().and_then(|id| id.parse().ok()).expect("an account"));
    let long_ago = env.now().plus_s(-token_ttl_s(Role::Rider) - 1);
    let token = beside.issue_token(long_ago, account).await.expect("the record answers").expect("an account");
    assert_refusal("expired token", &stand.send("GET", "/v1/me", &token, &[], None), 401, "bad_token", None);
    let (code, _) = beside
        .issue_code_for(long_ago, Actor::Shell, account, 1)
        .await
        .expect("the record answers")
        .expect("an account");
    let sign_in = |code: &str| stand.post("/v1/session", "", &json!({ "code": code }));
    assert_refusal("expired code", &sign_in(&code), 401, "bad_code", None);
    let token = stand.server.token_of(&made).await;
    assert_refusal("used code", &sign_in(made["code"].as_str().expect("a code")), 401, "bad_code", None);
    assert_refusal("no code", &sign_in("mark-9"), 401, "bad_code", None);
    assert_refusal("long code", &sign_in(&"mark-9".repeat(40)), 401, "bad_code", None);
    assert_eq!(stand.send("DELETE", "/v1/session", &token, &[], None).status, 204);
    assert_refusal("ended token", &stand.send("GET", "/v1/me", &token, &[], None), 401, "bad_token", None);
    beside.close().await;
}

/// One account that never stops is told to wait, and nobody else is.
fn refuse_too_many(stand: &Stand) {
    let hurried = &stand.people.riders[3];
    let answer = (0..400).map(|_| stand.send("GET", "/v1/me", hurried, &[], None)).find(|answer| answer.status != 200);
    let answer = answer.expect("400 calls in a row are too many");
    assert_refusal("too many", &answer, 429, "too_many_requests", None);
    assert!(answer.header("retry-after").is_some_and(|s| s.parse::<u32>().is_ok_and(|s| s >= 1)), "{}", answer.head);
    assert_eq!(stand.send("GET", "/v1/me", &stand.people.riders[4], &[], None).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_a_problem_document_and_nothing_is_lost() {
    let stand = Stand::start().await;
    let key = [("idempotency-key", "kept")];
    let body = journey().to_string();
    let book = |body: &str| stand.send("POST", "/v1/bookings", &stand.people.riders[0], &key, Some(body.as_bytes()));
    let booked = book(&body);
    assert_eq!(booked.status, 201, "{}", booked.body);

    refuse_bookings(&stand);
    refuse_bytes(&stand);
    refuse_commands(&stand);
    refuse_what_only_looks_like_an_object(&stand);
    refuse_what_is_not_there(&stand);
    refuse_who_may_not(&stand);
    refuse_what_ended(&stand).await;
    refuse_too_many(&stand);
    let other = booking("/pickup/label", json!("표식-9")).to_string();
    assert_refusal("the key of another booking", &book(&other), 409, "idempotency_key_reused", None);

    let again = book(&body);
    assert_eq!(again.status, 200, "the same key and body again are the same booking");
    assert_eq!(again.json()["trips"][0]["id"], booked.json()["trips"][0]["id"]);
    let console = stand.send("GET", "/v1/console", stand.token(Role::Supervisor), &[], None).json();
    let open: Vec<_> = console["trips"].as_array().expect("a list").iter().map(|trip| &trip["id"]).collect();
    assert_eq!(open, [&booked.json()["trips"][0]["id"]], "the booking is kept, and nothing refused became a trip");
    assert_eq!(stand.send("GET", "/readyz", "", &[], None).json()["record"], "writable");
    assert!(!stand.server.log().contains("panicked"), "nothing panicked");
    let beside = Record::open_beside(&stand.server.data(), Env::system()).await.expect("the record opens beside");
    assert!(matches!(beside.verify_audit().await, Ok(AuditChain::Intact(n)) if n > 0), "the audit chain holds");
    beside.close().await;
    assert!(stand.server.stop().await.success());
}
