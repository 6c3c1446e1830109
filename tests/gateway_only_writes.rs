//! A gateway writes what comes to it and hears nobody: it knows its own phones alone, and whoever was elsewhere meanwhile is judged as
//! the engine's node would judge them. One with another Redis than the service judges nobody.

use geo::Position;
use geo::cell::{Cell, Grid};
use harness::gateway::{Behind, Gateway};
use harness::people::{MEETING, Phone, enrol, eventually, shows};
use serde_json::{Value, json};
use simulator::client::Api;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// Tags under which Redis has a place, one for each place.
fn tags(behind: &Behind) -> Vec<String> {
    let is_placed = |pair: &[Vec<u8>]| pair[0].len() == 16 && pair[1][0] & 15 != 15;
    let all = behind.redis.everything().into_iter().filter(|(key, _)| key.starts_with("dh:{"));
    all.flat_map(|(key, held)| vec![key; held.chunks_exact(2).filter(|pair| is_placed(pair)).count()]).collect()
}

/// Posts one fix; the verdict.
async fn post(api: &Api, metres_east: f64, seq: u32) -> Value {
    let (lat, lon) = Phone::east(metres_east);
    let fix = json!({"lat": lat, "lon": lon, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": seq});
    api.post("/v1/fixes", &json!({"fixes": [fix]})).await.expect("a verdict")["verdicts"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_gateway_knows_its_own_phones_alone_and_redis_tells_it_nothing() {
    let behind = Behind::start().await;
    let (a, b) = (behind.gateway().await, behind.gateway().await);
    let people = enrol(&behind.server, 6, 0, 0).await;
    let mut phones = Vec::new();
    for (n, token) in people.staff.iter().enumerate() {
        let api = if n < 2 { a.api() } else { b.api() };
        phones.push(Phone::on_shift_by(&api, token, Phone::east(10.0 * n as f64)).await);
    }
    for (n, phone) in phones.iter_mut().enumerate() {
        (if n < 2 { &a } else { &b }).settles(phone, 10.0 * n as f64).await;
    }
    let known = |metrics: &str| -> u64 {
        let of = metrics.lines().find_map(|line| line.strip_prefix("donghaeng_live_staff "));
        of.expect("the gauge").parse::<f64>().expect("a number") as u64
    };
    eventually("each its own", SOON, async || (known(&a.metrics()), known(&b.metrics())) == (2, 4)).await;
    let of_engine = || harness::raw::call(behind.server.url(), "GET", "/metrics", &[], None).body;
    eventually("the engine's node all", SOON, async || known(&of_engine()) == 6).await;

    let ask = |words: &[&str]| behind.redis.ask(&words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>());
    let list = String::from_utf8(ask(&["CLIENT", "LIST"])[0].clone()).expect("text");
    let listening = list.lines().filter(|line| !line.contains(" ssub=0 ")).count();
    assert_eq!(listening, 1, "the engine's node listens, and nobody else:\n{list}");
    for (key, _) in behind.redis.everything().iter().filter(|(key, _)| key.starts_with("dh:{")) {
        assert_eq!(ask(&["PUBSUB", "SHARDNUMSUB", key])[1], b"1", "one hears of {key}");
    }
    assert_eq!(
        (a.count("donghaeng_live_feed_entries_total", ""), b.count("donghaeng_live_feed_entries_total", "")),
        (0, 0)
    );

    // Whoever goes home is forgotten, and removed by the engine's node.
    phones[0].api.delete("/v1/shift").await.expect("the shift ends");
    eventually("one less", SOON, async || known(&a.metrics()) == 1 && tags(&behind).len() == 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_was_elsewhere_and_comes_back_is_judged_by_where_it_was_believed_last() {
    let behind = Behind::start().await;
    let a = behind.gateway().await;
    let people = enrol(&behind.server, 1, 0, 1).await;
    let mut console = Phone::sign_in(&behind.server, &people.supervisors[0]).await;
    let mut phone = Phone::on_shift_by(&a.api(), &people.staff[0], Phone::east(0.0)).await;
    a.settles(&mut phone, 0.0).await;

    // At the engine's node it is believed to be 9 km away when it has said so often enough.
    let mut phone = phone.hang_up().come_back_by(&behind.server.api()).await;
    for step in 0..5 {
        phone.report(9_000.0 + f64::from(step)).await;
    }
    console.wait_until(|m| shows(m, 9_004.0), "the other place").await;
    eventually("one place", SOON, async || tags(&behind).len() == 1).await;
    let jumps = || {
        let metrics = harness::raw::call(behind.server.url(), "GET", "/metrics", &[], None).body;
        let jumps = metrics.lines().find_map(|line| line.strip_prefix("donghaeng_fixes_total{verdict=\"jump\"} "));
        jumps.map_or(0, |jumps| jumps.parse::<f64>().expect("a number") as u64)
    };
    let elsewhere = jumps();
    // Back, and where it was when the gateway last heard of it: that is too far for the time.
    let mut phone = phone.hang_up().come_back_by(&a.api()).await;
    let before = a.settled();
    phone.report(0.0).await;
    phone.report(1.0).await;
    eventually("both are doubted", SOON, async || jumps() >= elsewhere + 2).await;
    assert_eq!(a.settled(), before, "the gateway was not certain");
    // It stays there, and is believed there; then the gateway goes on by itself.
    a.settles(&mut phone, 2.0).await;
    phone.report(5.0).await;
    console.wait_until(|m| shows(m, 5.0), "the place it came back to").await;
    eventually("one place", SOON, async || tags(&behind).len() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_phone_through_two_gateways_in_turn_gets_the_verdicts_of_the_engines_node() {
    let behind = Behind::start().await;
    let (a, b) = (behind.gateway().await, behind.gateway().await);
    let people = enrol(&behind.server, 1, 0, 0).await;
    let token = &people.staff[0];
    let (by_a, by_b) = (a.api().signed_in(token), b.api().signed_in(token));
    by_a.post("/v1/shift", &json!({"mode": "walk", "hours": 8})).await.expect("a shift begins");
    let mut seq = 0;
    eventually("the gateway settles fixes itself", SOON, async || {
        seq += 1;
        assert_eq!(post(&by_a, 0.0, seq).await, "ok");
        tokio::time::sleep(Duration::from_millis(100)).await;
        a.settled() > 0
    })
    .await;
    for round in 0..10 {
        for api in [&by_a, &by_b] {
            seq += 1;
            assert_eq!(post(api, f64::from(round), seq).await, "ok");
            // As long as a gateway gathers, and more.
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        // What went by the other: where it follows, this gateway takes it for the next, and Redis knows better.
        let again = post(&by_a, f64::from(round), seq).await;
        assert!(again == "duplicate" || again == "ok", "{again}");
        // A list that was on its way when the last one was passed on still has this one as the last.
        let before = post(&by_b, f64::from(round), seq - 1).await;
        assert!(before == "old" || before == "duplicate", "{before}");
    }
    assert_eq!(post(&by_a, 9_000.0, seq + 1).await, "jump");
    assert_eq!(post(&by_b, 9_000.0, seq + 1).await, "duplicate", "sent again by another way it confirms nothing");
    assert_eq!(tags(&behind).len(), 1);
    // It stays with one, which is soon certain.
    let before = b.settled();
    seq += 1;
    eventually("the other settles them", SOON, async || {
        seq += 1;
        assert_eq!(post(&by_b, 20.0, seq).await, "ok");
        tokio::time::sleep(Duration::from_millis(100)).await;
        b.settled() > before
    })
    .await;

    // By the one it comes to be believed far off. The other has settled where it was before, and does not take it for still there.
    let before = a.settled();
    eventually("the first settles them again", SOON, async || {
        seq += 1;
        assert_eq!(post(&by_a, 20.0, seq).await, "ok");
        tokio::time::sleep(Duration::from_millis(100)).await;
        a.settled() > before
    })
    .await;
    let mut verdict = Value::Null;
    for step in 0..6 {
        seq += 1;
        verdict = post(&by_b, 9_000.0 + f64::from(step), seq).await;
    }
    assert_eq!(verdict, "ok", "said often enough");
    assert_eq!(post(&by_a, 20.0, seq + 1).await, "jump");
}

/// The tag that a place is kept under.
fn tag((lat, lon): (f64, f64)) -> Cell {
    Cell::of(Position::new(lat, lon).expect("a position"), Grid::Index).parent(Grid::Tag)
}

/// Two places a few metres apart, kept under different tags: of those in four directions the nearest.
fn across_a_border() -> ((f64, f64), (f64, f64)) {
    let steps = (0..2_500).flat_map(|n| [(0.0, 1.0), (0.0, -1.0), (1.0, 0.0), (-1.0, 0.0)].map(|way| (n, way)));
    let pairs = steps.map(|(n, (north, east))| {
        let at = |n: u32| (MEETING.0 + 5e-5 * north * f64::from(n), MEETING.1 + 5e-5 * east * f64::from(n));
        (at(n), at(n + 1))
    });
    let mut borders = pairs.filter(|&(here, there)| tag(here) != tag(there));
    borders.next().expect("a border within ten kilometres")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_killed_while_phones_move_from_tag_to_tag_leaves_nobody_in_two_places() {
    let behind = Behind::start().await;
    let (a, b) = (behind.gateway().await, behind.gateway().await);
    let people = enrol(&behind.server, 4, 0, 0).await;
    let (here, there) = across_a_border();
    let mut phones = Vec::new();
    for token in &people.staff {
        phones.push(Phone::on_shift_by(&a.api(), token, here).await);
    }
    eventually("the gateway settles theirs", SOON, async || {
        for phone in &mut phones {
            phone.report_at(here).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        a.settled() > 8
    })
    .await;
    // To and fro, faster than it writes.
    for step in 0..30 {
        for phone in &mut phones {
            phone.report_at(if step % 2 == 0 { there } else { here }).await;
        }
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    a.kill();
    let mut back = Vec::new();
    for phone in phones {
        let mut phone = phone.hang_up().come_back_by(&b.api()).await;
        phone.report_at(there).await;
        back.push(phone);
    }
    let digits = format!("{:06x}", (tag(there).to_u64() >> 30) & ((1 << 22) - 1));
    let expected = vec![format!("dh:{{{digits}}}"); 4];
    eventually("one place each, the new one", SOON, async || tags(&behind) == expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_with_another_redis_than_the_service_judges_nobody_and_says_why() {
    let behind = Behind::start().await;
    let other = harness::Redis::start();
    let dir = tempfile::tempdir().expect("a directory");
    let secret = dir.path().join("secret");
    std::fs::write(&secret, harness::gateway::SECRET).expect("written");
    let gateway = Gateway::spawn(behind.server.gateways(), &secret, &other.url());
    eventually("it asks", SOON, async || gateway.ready()["ready"] == true).await;
    assert_eq!(gateway.ready()["redis"], "unknown", "a Redis that nobody reads has no word");
    eventually("it warns", SOON, async || gateway.log().contains("redis is not that of the service")).await;
    // Of another installation.
    let theirs: [&[u8]; 4] = [b"HSET", b"dh:word{dh:tags}", b"word", b"of another"];
    other.ask(&theirs);
    let sees = |ready: &Value| ready["redis"] == "other" && ready["ready"] == true && ready["live"] == "redis_up";
    eventually("it sees", SOON, async || sees(&gateway.ready())).await;

    let people = enrol(&behind.server, 1, 0, 1).await;
    let mut console = Phone::sign_in(&behind.server, &people.supervisors[0]).await;
    let mut phone = Phone::on_shift_by(&gateway.api(), &people.staff[0], MEETING).await;
    eventually("the list has them", SOON, async || {
        phone.report(30.0).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        gateway.count("donghaeng_gateway_passed_total", "redis_other") > 3
    })
    .await;
    phone.report(40.0).await;
    console.wait_until(|m| shows(m, 40.0), "what was passed on").await;
    assert_eq!((gateway.settled(), other.ask(&[b"KEYS", b"*"]).len()), (0, 1), "nothing was judged or written there");

    let right = behind.gateway().await;
    eventually("it is the same", SOON, async || right.ready()["redis"] == "same").await;
}
