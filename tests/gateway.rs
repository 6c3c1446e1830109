//! Phones behind gateways: a trip whose people come through two of them, phones that hop, rights that are taken back, and what a gateway
//! with a wrong secret may do (nothing).

use harness::gateway::{Behind, Gateway};
use harness::people::{MEETING, Phone, enrol, eventually, shows, text};
use harness::raw::call;
use serde_json::{Value, json};
use simulator::client::Api;
use std::time::{Duration, Instant};

/// What a gateway knows is a fraction of a second old, on a busy machine more.
const SOON: Duration = Duration::from_secs(60);

/// Records of places in Redis.
fn records(behind: &Behind) -> usize {
    let is_placed = |pair: &[Vec<u8>]| pair[0].len() == 16 && pair[1][0] & 15 != 15;
    let tags = behind.redis.everything().into_iter().filter(|(key, _)| key.starts_with("dh:{"));
    tags.map(|(_, held)| held.chunks_exact(2).filter(|pair| is_placed(pair)).count()).sum()
}

/// Fixes that are on the track of a trip, of all trips.
fn kept_on_tracks(behind: &Behind) -> u64 {
    let metrics = call(behind.server.url(), "GET", "/metrics", &[], None).body;
    let kept = metrics.lines().find_map(|line| line.strip_prefix("donghaeng_track_fixes_total{outcome=\"kept\"} "));
    kept.expect("it begins at zero").parse::<f64>().expect("a number") as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_whose_people_come_through_two_gateways() {
    let behind = Behind::start().await;
    let (a, b) = (behind.gateway().await, behind.gateway().await);
    let people = enrol(&behind.server, 2, 1, 1).await;
    let mut first = Phone::on_shift_by(&a.api(), &people.staff[0], Phone::east(150.0)).await;
    let mut second = Phone::on_shift_by(&b.api(), &people.staff[1], Phone::east(-200.0)).await;
    let mut console = Phone::sign_in_by(&b.api(), &people.supervisors[0]).await;
    let mut rider = Phone::sign_in_by(&a.api(), &people.riders[0]).await;
    a.settles(&mut first, 150.0).await;
    b.settles(&mut second, -200.0).await;
    first.report(140.0).await;
    console.wait_until(|m| shows(m, 140.0), "what one gateway settled, on a console at the other").await;

    let trip = rider.book("a-key").await;
    let (offer, other) = (first.wait_for_offer().await, second.wait_for_offer().await);
    first.answer(&offer, true).await;
    second.answer(&other, true).await;
    rider.wait_for_phase("assigned").await;
    first.wait_for_phase("assigned").await;
    let (mine, theirs) = (a.settled(), b.settled());
    let (before, mut reported) = (kept_on_tracks(&behind), 0);
    for step in 1..=4 {
        // One in two seconds goes onto a track: so long after the ones before are on it.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        for (phone, metres) in [(&mut first, 140.0_f64), (&mut second, -200.0)] {
            phone.report(metres - metres.signum() * 20.0 * f64::from(step)).await;
            reported += 1;
        }
        eventually("they are kept", SOON, async || kept_on_tracks(&behind) >= before + reported).await;
    }
    rider.wait_for("crew_at").await;
    for to in ["en_route", "arrived"] {
        first.tap(&trip["id"], to).await;
        second.tap(&trip["id"], to).await;
        rider.wait_for_phase(to).await;
    }
    for to in ["met", "escorting", "completed"] {
        first.tap(&trip["id"], to).await;
        rider.wait_for_phase(to).await;
    }
    assert_eq!(second.wait_for("trip_gone").await.body["reason"], "completed");
    // What a gateway knew a moment ago may let one through; it is on the track all the same.
    let later = (a.settled() - mine, b.settled() - theirs);
    assert!(later.0 <= 1 && later.1 <= 1, "the fixes of a crew are the engine's: {later:?}");

    let centre = behind.server.api().sign_in(behind.server.code("supervisor")).await.expect("the demo's centre");
    let centre = behind.server.api().signed_in(text(&centre["token"]));
    let path = format!("/v1/trips/{}/track", text(&trip["id"]));
    let on_track = async || {
        let track = centre.post(&path, &json!({"reason": "check"})).await.expect("the track");
        let members = track["members"].as_array().expect("members").iter();
        let stretches = members.flat_map(|member| member["stretches"].as_array().cloned().unwrap_or_default());
        stretches.map(|stretch| stretch.as_array().map_or(0, Vec::len)).sum::<usize>() as u64
    };
    // Tracks are written once a second, on a busy machine later.
    let what = format!("all {reported} fixes of the trip on its track");
    eventually(&what, SOON, async || on_track().await >= reported).await;
    assert!(a.settled() > 0 && b.settled() > 0);
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_hops_is_in_one_place_and_the_old_socket_is_told() {
    let behind = Behind::start().await;
    let (a, b) = (behind.gateway().await, behind.gateway().await);
    let people = enrol(&behind.server, 1, 0, 1).await;
    let mut console = Phone::sign_in(&behind.server, &people.supervisors[0]).await;
    let mut old = Phone::on_shift_by(&a.api(), &people.staff[0], Phone::east(0.0)).await;
    a.settles(&mut old, 0.0).await;
    for hop in 1..=4 {
        let (from, to) = if hop % 2 == 1 { (&a, &b) } else { (&b, &a) };
        let mut new = Phone::sign_in_by(&to.api(), &people.staff[0]).await;
        assert!(new.socket.welcome.epoch > old.socket.welcome.epoch, "the record orders the two");
        let closed = old.socket.next().await.expect_err("the older socket ends");
        assert_eq!((closed.code, closed.reason.as_str()), (Some(4409), "replaced"));
        let place = 20.0 * f64::from(hop);
        to.settles(&mut new, place).await;
        console.wait_until(|m| shows(m, place), "the new place").await;
        eventually("one record of one person", SOON, async || records(&behind) == 1).await;
        assert_eq!(from.ready()["ready"], true);
        old = new;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_taken_back_works_nowhere_after_a_second() {
    let behind = Behind::start().await;
    let gateway = behind.gateway().await;
    let people = enrol(&behind.server, 2, 0, 0).await;
    let mut phone = Phone::on_shift_by(&gateway.api(), &people.staff[0], MEETING).await;
    gateway.settles(&mut phone, 0.0).await;
    let api = gateway.api().signed_in(&people.staff[0]);
    let mut seq = 1_000;
    let mut post = async || {
        seq += 1;
        let fix = json!({"lat": MEETING.0, "lon": MEETING.1, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": seq});
        api.post("/v1/fixes", &json!({"fixes": [fix]})).await
    };
    let before = gateway.settled();
    eventually("who posts is known to the gateway", SOON, async || {
        post().await.expect("the phone may post");
        tokio::time::sleep(Duration::from_millis(100)).await;
        gateway.settled() > before
    })
    .await;

    behind
        .server
        .api()
        .signed_in(&people.staff[0])
        .delete("/v1/session")
        .await
        .expect("signed out at the engine's node");
    let ended = Instant::now();
    // Within a second, and one for the machine.
    let closed = tokio::time::timeout(Duration::from_secs(2), async {
        loop {
            if let Err(closed) = phone.socket.next().await {
                return closed;
            }
        }
    });
    assert_eq!(closed.await.expect("soon").code, Some(4403));
    tokio::time::sleep(Duration::from_secs(1).saturating_sub(ended.elapsed())).await;
    assert_eq!(post().await.expect_err("a second later").code(), "bad_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_secret_nothing_is_answered_and_no_phone_is_told_that_its_token_is_bad() {
    let behind = Behind::start().await;
    let people = enrol(&behind.server, 1, 0, 0).await;
    let bearer = format!("Bearer {}", people.staff[0]);
    for shown in ["", "marked-secret-0123456789abcdef-4K", "x"] {
        for (method, path) in [
            ("POST", "/gateway/list"),
            ("POST", "/gateway/who"),
            ("GET", "/v1/map"),
            ("GET", "/livez"),
            ("GET", "/v1/me"),
        ] {
            let headers = [("x-donghaeng-gateway", shown), ("authorization", &*bearer)];
            let answer = call(behind.server.gateways(), method, path, &headers, None);
            assert_eq!(
                (answer.status, answer.json()["code"].as_str()),
                (403, Some("gateway_secret")),
                "{method} {path}"
            );
        }
    }
    for (client, status) in [("127.0.0.1", 200), ("203.0.113.9", 404), ("", 404), ("nonsense", 404)] {
        let headers = [("x-donghaeng-gateway", harness::gateway::SECRET), ("x-donghaeng-client", client)];
        let answer = call(behind.server.gateways(), "GET", "/metrics", &headers, None);
        assert_eq!(answer.status, status, "the counts are for this machine, and {client:?} is from elsewhere");
    }
    // On the open listener the headers of gateways are nothing.
    let secret = [("x-donghaeng-gateway", harness::gateway::SECRET), ("x-donghaeng-client", "203.0.113.9")];
    assert_eq!(call(behind.server.url(), "POST", "/gateway/list", &secret, Some(b"{}")).status, 404);
    assert_eq!(call(behind.server.url(), "GET", "/metrics", &secret, None).status, 200, "still from loopback");

    let dir = tempfile::tempdir().expect("a directory");
    let wrong = dir.path().join("secret");
    std::fs::write(&wrong, "another-secret-0123456789abcdef-5K").expect("written");
    let gateway = Gateway::spawn(behind.server.gateways(), &wrong, &behind.redis.url());
    let refused = gateway.api().signed_in(&people.staff[0]).get("/v1/me").await.expect_err("nothing is passed on");
    assert_eq!((refused.code(), refused.problem().and_then(|p| p.retry_after_s)), ("upstream_away", Some(2)));
    assert_eq!(call(gateway.url(), "GET", "/readyz", &[], None).status, 503);
    assert!(gateway.count("donghaeng_gateway_upstream_errors_total", "list") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_writes_and_says_holds_no_personal_data() {
    let behind = Behind::start().await;
    let gateway = behind.gateway().await;
    let people = enrol(&behind.server, 1, 1, 0).await;
    let (lat, lon) = (37.56631, 126.97793);
    let mut phone = Phone::on_shift_by(&gateway.api(), &people.staff[0], (lat, lon)).await;
    gateway.settles(&mut phone, 0.0).await;
    phone.report_at((lat, lon)).await;
    let api: Api = gateway.api().signed_in(&people.staff[0]);
    let fix = json!({"lat": lat, "lon": lon, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": 9_000});
    for bad in [json!({"fixes": [fix]}), json!({"fixes": [fix, fix]}), json!({"fixes": [{"lat": lat}]})] {
        let _taken_or_refused = api.post("/v1/fixes", &bad).await;
    }
    let me = api.get("/v1/me").await.expect("passed on");
    let marks = [
        "37.56631",
        "126.97793",
        harness::gateway::SECRET,
        &people.staff[0],
        &people.riders[0],
        text(&me["account"]),
        text(&me["display"]),
    ];
    for (place, said) in
        [("the log", gateway.log()), ("the metrics", gateway.metrics()), ("the engine's log", behind.server.log())]
    {
        for mark in marks {
            assert!(!said.contains(mark), "{mark} in {place}");
        }
    }
    let Value::Object(_) = me else { panic!("an object") };
}

/// A service of which every listener speaks TLS, and who may sign for it.
struct Sealed {
    child: std::process::Child,
    gateways: String,
    dir: tempfile::TempDir,
}

impl Sealed {
    fn start(redis: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        harness::server::lend_city(&harness::server::city_kept(), &dir.path().join("record"));
        let at = |name: &str| dir.path().join(name);
        let dispatcher = || std::process::Command::new(harness::binary("dispatcher"));
        let made = dispatcher().args(["dev-cert", "--out"]).arg(dir.path()).output().expect("the binary starts");
        assert!(made.status.success());
        std::fs::write(at("secret"), harness::gateway::SECRET).expect("written");
        let child = dispatcher()
            .args(["serve", "--listen", "127.0.0.1:0", "--gateway-listen", "127.0.0.1:0", "--redis", redis, "--data"])
            .arg(at("record"))
            .arg("--gateway-secret-file")
            .arg(at("secret"))
            .arg("--tls-cert")
            .arg(at("cert.pem"))
            .arg("--tls-key")
            .arg(at("key.pem"))
            .stdout(std::fs::File::create(at("out")).expect("a file"))
            .stderr(std::fs::File::create(at("log")).expect("a file"))
            .spawn()
            .expect("the binary starts");
        let mut this = Self { child, gateways: String::new(), dir };
        let begun = Instant::now();
        while this.gateways.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(60), "never listened");
            std::thread::sleep(Duration::from_millis(50));
            let said = std::fs::read_to_string(this.dir.path().join("out")).unwrap_or_default();
            let found = said.lines().find_map(|line| line.strip_prefix("gateways")).map(str::trim);
            found.unwrap_or_default().clone_into(&mut this.gateways);
        }
        this
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_to_the_service_may_be_tls_and_only_who_it_trusts_is_spoken_to() {
    let redis = harness::Redis::start();
    let sealed = Sealed::start(&redis.url());
    assert!(sealed.gateways.starts_with("https://127.0.0.1:"), "{}", sealed.gateways);
    let (secret, ca) = (sealed.dir.path().join("secret"), sealed.dir.path().join("cert.pem"));
    let gateway = Gateway::spawn_trusting(&sealed.gateways, Some(&ca), &secret, &redis.url());
    gateway.wait_until_ready().await;
    assert_eq!(gateway.api().get("/v1/map").await.expect("passed on")["generated"], true);
    assert_eq!(gateway.api().get("/v1/me").await.expect_err("nobody").code(), "no_token");

    let others = tempfile::tempdir().expect("a directory");
    let made = std::process::Command::new(harness::binary("dispatcher"))
        .args(["dev-cert", "--out"])
        .arg(others.path())
        .output()
        .expect("the binary starts");
    assert!(made.status.success());
    let other = others.path().join("cert.pem");
    let gateway = Gateway::spawn_trusting(&sealed.gateways, Some(&other), &secret, &redis.url());
    assert_eq!(gateway.api().get("/v1/map").await.expect_err("somebody else").code(), "upstream_away");
}

/// Posts one over REST; the verdict.
async fn posted(api: &Api, session: Option<u32>, metres_east: f64, seq: u32) -> Value {
    let (lat, lon) = Phone::east(metres_east);
    let fix = json!({"lat": lat, "lon": lon, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": seq});
    let mut body = json!({"fixes": [fix]});
    if let Some(session) = session {
        body["session"] = json!(session);
    }
    api.post("/v1/fixes", &body).await.expect("a verdict")["verdicts"][0].clone()
}

/// Another sign-in of somebody, as a new handset gets it.
async fn signs_in_again(behind: &Behind, phone: &Phone) -> String {
    let centre = behind.server.api().sign_in(behind.server.code("supervisor")).await.expect("the demo's centre");
    let centre = behind.server.api().signed_in(text(&centre["token"]));
    let me = phone.api.get("/v1/me").await.expect("who it is");
    let code = centre.post("/v1/codes", &json!({"account": me["account"]})).await.expect("a code");
    let signed_in = behind.server.api().sign_in(text(&code["code"])).await.expect("it works once");
    text(&signed_in["token"]).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_phones_behind_a_gateway_the_one_that_counts_is_settled_and_the_other_is_told() {
    let behind = Behind::start().await;
    let gateway = behind.gateway().await;
    let people = enrol(&behind.server, 1, 0, 1).await;
    let mut console = Phone::sign_in_by(&gateway.api(), &people.supervisors[0]).await;
    let old = Phone::on_shift_by(&gateway.api(), &people.staff[0], Phone::east(0.0)).await;
    let later = signs_in_again(&behind, &old).await;
    let mut new = Phone::sign_in_by(&gateway.api(), &later).await;
    gateway.settles(&mut new, 0.0).await;
    // The old handset lies 2 km away, its socket closed by the new one's, and goes on by calls.
    for n in 0..4 {
        assert_eq!(posted(&old.api, None, 2_000.0, 5_001 + n).await, "replaced");
        new.report(10.0 * f64::from(n + 1)).await;
        console.wait_until(|m| shows(m, 10.0 * f64::from(n + 1)), "where the new handset is").await;
    }
    gateway.settles(&mut new, 50.0).await;
    assert!(!console.heard.iter().any(|told| told.to_string().contains("jump")), "nobody doubts it");
    // Over REST alone as well.
    let (new, _gone) = (gateway.api().signed_in(&later), new.hang_up());
    assert_eq!(posted(&new, Some(1), 50.0, 1).await, "ok");
    assert_eq!(posted(&old.api, None, 2_000.0, 5_009).await, "replaced");
    assert_eq!(posted(&new, Some(1), 50.0, 2).await, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_over_rest_alone_that_is_started_anew_behind_a_gateway_is_heard_and_settled_again() {
    let behind = Behind::start().await;
    let gateway = behind.gateway().await;
    let people = enrol(&behind.server, 1, 0, 0).await;
    let _gone = Phone::on_shift_by(&gateway.api(), &people.staff[0], MEETING).await.hang_up();
    let api = gateway.api().signed_in(&people.staff[0]);
    let mut seq = 2_000;
    for session in [None, Some(7), Some(8)] {
        let before = gateway.settled();
        eventually("the gateway settles what is posted", SOON, async || {
            seq += 1;
            assert_eq!(posted(&api, session, 0.0, seq).await, "ok", "{session:?}");
            tokio::time::sleep(Duration::from_millis(300)).await;
            gateway.settled() > before
        })
        .await;
        // It is loaded again.
        seq = 0;
    }
    // And one that does not say so, once what was believed is old enough; the gateway leaves it to the engine's node.
    eventually("it is heard", Duration::from_secs(60), async || {
        tokio::time::sleep(Duration::from_secs(2)).await;
        posted(&api, Some(8), 0.0, 1).await == "ok"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_behind_a_gateway_that_took_its_place_back_is_settled_under_its_later_epoch() {
    let behind = Behind::start().await;
    let gateway = behind.gateway().await;
    let people = enrol(&behind.server, 1, 0, 1).await;
    let mut console = Phone::sign_in_by(&gateway.api(), &people.supervisors[0]).await;
    let mut phone = Phone::on_shift_by(&gateway.api(), &people.staff[0], Phone::east(0.0)).await;
    gateway.settles(&mut phone, 0.0).await;
    // The same sign-in begins a session over REST, which counts until the socket is heard again.
    let passed = gateway.count("donghaeng_gateway_passed_total", "epoch");
    assert_eq!(posted(&phone.api, Some(7), 10.0, 1).await, "ok");
    eventually("the gateway leaves it to the engine's node whether it counts", SOON, async || {
        phone.report(20.0).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        gateway.count("donghaeng_gateway_passed_total", "epoch") > passed
    })
    .await;
    gateway.settles(&mut phone, 30.0).await;
    phone.report(40.0).await;
    console.wait_until(|m| shows(m, 40.0), "where the socket says that it is").await;
    eventually("one record of one person", SOON, async || records(&behind) == 1).await;
}
