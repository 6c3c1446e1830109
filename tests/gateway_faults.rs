//! What dies while phones come through gateways: a gateway in the middle of a move, the engine's node, Redis. Nobody is in two places,
//! nobody waits beyond one report, and nothing has to be started again by hand.

use harness::Redis;
use harness::gateway::Behind;
use harness::people::{Phone, enrol, eventually, shows};
use simulator::socket::{Closed, Incoming};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// Longitudes of the places in Redis, degrees × 10⁷.
fn places(redis: &Redis) -> Vec<i32> {
    let tags = redis.everything().into_iter().filter(|(key, _)| key.starts_with("dh:{"));
    let mut found = Vec::new();
    for (_, held) in tags {
        for pair in held.chunks_exact(2).filter(|pair| pair[0].len() == 16 && pair[1][0] & 15 != 15) {
            found.push(i32::from_be_bytes(pair[1][19..23].try_into().expect("four bytes")));
        }
    }
    found
}

async fn closed(phone: &mut Phone) -> Closed {
    let end = async {
        loop {
            if let Err(closed) = phone.socket.next().await {
                return closed;
            }
        }
    };
    tokio::time::timeout(SOON, end).await.expect("the socket ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_killed_in_the_middle_of_a_move_leaves_no_ghost_and_silences_nobody() {
    let behind = Behind::start().await;
    let (a, b) = (behind.gateway().await, behind.gateway().await);
    let people = enrol(&behind.server, 3, 0, 1).await;
    let mut console = Phone::sign_in(&behind.server, &people.supervisors[0]).await;
    let mut phones = Vec::new();
    for token in &people.staff {
        let mut phone = Phone::on_shift_by(&a.api(), token, Phone::east(0.0)).await;
        a.settles(&mut phone, 0.0).await;
        phones.push(phone);
    }
    // All of them are moving when it dies: what was written, what waited and what was on the wire.
    for step in 1..=20 {
        for phone in &mut phones {
            phone.report(f64::from(step)).await;
        }
    }
    a.kill();
    let mut back = Vec::new();
    for (n, mut phone) in phones.into_iter().enumerate() {
        assert_eq!(closed(&mut phone).await.code, None, "it could say nothing");
        let mut phone = phone.hang_up().come_back_by(&b.api()).await;
        phone.report(100.0 + 10.0 * n as f64).await;
        back.push(phone);
    }
    let seen = std::cell::RefCell::new(vec![false; back.len()]);
    let all_seen = |message: &Incoming| {
        let mut seen = seen.borrow_mut();
        for (n, seen) in seen.iter_mut().enumerate() {
            *seen |= shows(message, 100.0 + 10.0 * n as f64);
        }
        seen.iter().all(|seen| *seen)
    };
    console.wait_until(all_seen, "the first reports through the other gateway").await;
    let expected: Vec<i32> =
        (0..back.len()).map(|n| (Phone::east(100.0 + 10.0 * n as f64).1 * 1e7).round() as i32).collect();
    eventually("one place each, the new one", SOON, async || {
        let mut found = places(&behind.redis);
        found.sort_unstable();
        found == expected
    })
    .await;
    b.settles(&mut back[0], 100.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engines_node_dies_and_comes_back_and_gateways_go_on_by_themselves() {
    let behind = Behind::start().await;
    let (a, b) = (behind.gateway().await, behind.gateway().await);
    let people = enrol(&behind.server, 2, 1, 1).await;
    let mut first = Phone::on_shift_by(&a.api(), &people.staff[0], Phone::east(150.0)).await;
    let mut second = Phone::on_shift_by(&b.api(), &people.staff[1], Phone::east(-200.0)).await;
    a.settles(&mut first, 150.0).await;
    b.settles(&mut second, -200.0).await;
    let waiting = {
        let (mut behind, phones) = (behind, [&mut first, &mut second]);
        behind = behind.restart_server().await;
        for phone in phones {
            let closed = closed(phone).await;
            assert_eq!(
                (closed.code, closed.reason.as_str()),
                (Some(1012), "restart"),
                "phones come back by themselves"
            );
        }
        behind
    };
    let behind = waiting;
    a.wait_until_ready().await;
    b.wait_until_ready().await;
    let mut first = first.hang_up().come_back_by(&b.api()).await;
    let mut second = second.hang_up().come_back_by(&a.api()).await;
    b.settles(&mut first, 120.0).await;
    a.settles(&mut second, -180.0).await;
    let mut rider = Phone::sign_in_by(&a.api(), &people.riders[0]).await;
    rider.book("after").await;
    for phone in [&mut first, &mut second] {
        let offer = phone.wait_for_offer().await;
        phone.answer(&offer, true).await;
    }
    rider.wait_for_phase("assigned").await;
    assert_eq!(places(&behind.redis).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_engines_node_is_away_requests_are_refused_with_when_to_come_back() {
    let behind = Behind::start().await;
    let gateway = behind.gateway().await;
    let people = enrol(&behind.server, 1, 0, 0).await;
    let mut phone = Phone::on_shift_by(&gateway.api(), &people.staff[0], Phone::east(0.0)).await;
    gateway.settles(&mut phone, 0.0).await;
    let Behind { server, redis, .. } = behind;
    drop(server);
    let api = gateway.api().signed_in(&people.staff[0]);
    assert_eq!(closed(&mut phone).await.code, Some(1012));
    eventually("it is told that the service is away", SOON, async || gateway.ready()["ready"] == false).await;
    let fix = serde_json::json!({"lat": 37.5663, "lon": 126.9779, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": 900});
    let refused = [
        api.get("/v1/me").await.expect_err("away"),
        api.post("/v1/fixes", &serde_json::json!({"fixes": [fix]})).await.expect_err("judged nowhere"),
    ];
    for refused in refused {
        assert_eq!((refused.code(), refused.problem().and_then(|p| p.retry_after_s)), ("upstream_away", Some(2)));
    }
    assert_eq!(harness::raw::call(gateway.url(), "GET", "/livez", &[], None).status, 200);
    drop(redis);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_redis_away_everything_is_passed_on_and_nobody_falls_silent() {
    let mut behind = Behind::start().await;
    let gateway = behind.gateway().await;
    let people = enrol(&behind.server, 1, 0, 1).await;
    let mut console = Phone::sign_in(&behind.server, &people.supervisors[0]).await;
    let mut phone = Phone::on_shift_by(&gateway.api(), &people.staff[0], Phone::east(0.0)).await;
    gateway.settles(&mut phone, 0.0).await;
    let port = behind.redis.port();
    let redis = std::mem::replace(&mut behind.redis, Redis::start());
    redis.kill();
    eventually("reports reach the engine's node by the socket", SOON, async || {
        phone.report(50.0).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        gateway.count("donghaeng_gateway_passed_total", "redis_away") > 0
    })
    .await;
    phone.report(60.0).await;
    console.wait_until(|m| shows(m, 60.0), "a report without Redis").await;
    assert_eq!(gateway.ready()["ready"], true, "and is still of use");

    behind.redis = Redis::start_on(port);
    gateway.wait_until_ready().await;
    gateway.settles(&mut phone, 70.0).await;
    phone.report(80.0).await;
    console.wait_until(|m| shows(m, 80.0), "a report with Redis again").await;
    eventually("one place in Redis", SOON, async || places(&behind.redis).len() == 1).await;
}
