//! Live positions with a real Redis behind them: they outlive the server's process, a Redis that dies stops nothing, and one
//! that comes back empty is filled again.

use harness::people::{Enrolled, MEETING, Phone, enrol, eventually, shows, text};
use harness::{Redis, Server, ServerOptions};
use serde_json::{Value, json};
use std::time::Duration;

/// Redis is written every few milliseconds, and looked after every second or two.
const WRITTEN_WITHIN: Duration = Duration::from_secs(60);

async fn start(redis: &Redis) -> (Server, Enrolled) {
    let server = Server::start(ServerOptions { redis: Some(redis.url()), ..ServerOptions::default() }).await;
    let people = enrol(&server, 2, 2, 1).await;
    (server, people)
}

/// Who has a place in Redis: fields named by an account, with a record that is not of somebody gone.
fn records(redis: &Redis) -> usize {
    let is_placed = |pair: &[Vec<u8>]| pair[0].len() == 16 && pair[1][0] & 15 != 15;
    let tags = redis.everything().into_iter().filter(|(key, _)| key.starts_with("dh:{"));
    tags.map(|(_, held)| held.chunks_exact(2).filter(|pair| is_placed(pair)).count()).sum()
}

async fn live_state(server: &Server) -> Value {
    let ready = server.api().get("/readyz").await.expect("ready whatever Redis does");
    assert_eq!(ready["record"], "writable");
    ready["live"].clone()
}

async fn wait_for_live(server: &Server, word: &str) {
    eventually(word, WRITTEN_WITHIN, async || live_state(server).await == word).await;
}

async fn wait_for_records(redis: &Redis, n: usize) {
    eventually("positions are in Redis", WRITTEN_WITHIN, async || records(redis) == n).await;
}

/// A booking reaches both phones and both accept; the rider sees them.
async fn a_crew_comes(rider: &mut Phone, phones: &mut [Phone], key: &str) -> Value {
    let trip = rider.book(key).await;
    for phone in phones.iter_mut() {
        let offer = phone.wait_for_offer().await;
        phone.answer(&offer, true).await;
    }
    assert_eq!(rider.wait_for_phase("assigned").await["id"], trip["id"]);
    trip
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_outlive_the_server_and_are_seen_and_matched_at_once() {
    let redis = Redis::start();
    let (server, people) = start(&redis).await;
    for (token, metres_east) in people.staff.iter().zip([150.0, -200.0]) {
        Phone::on_shift(&server, token, metres_east).await;
    }
    wait_for_records(&redis, 2).await;
    let server = server.kill_and_restart().await;

    // No phone has spoken to the new process.
    assert_eq!(live_state(&server).await, "redis_up");
    let mut console = Phone::sign_in(&server, &people.supervisors[0]).await;
    let whole = console.wait_until(|m| shows(m, 150.0), "the first map frame").await;
    assert!(shows(&whole, -200.0), "both are seen at once: {}", whole.body);
    let rider = Phone::sign_in(&server, &people.riders[0]).await;
    rider.book("k").await;
    for token in &people.staff {
        let api = server.api().signed_in(token);
        let offered = async || api.get("/v1/card").await.is_ok_and(|card| card["offer"].is_object());
        eventually("who was read back is offered the trip", WRITTEN_WITHIN, offered).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_redis_stops_nothing_and_is_filled_when_it_is_back() {
    let redis = Redis::start();
    let port = redis.port();
    let (server, people) = start(&redis).await;
    let mut phones = vec![
        Phone::on_shift(&server, &people.staff[0], 150.0).await,
        Phone::on_shift(&server, &people.staff[1], -200.0).await,
    ];
    let mut console = Phone::sign_in(&server, &people.supervisors[0]).await;
    let mut rider = Phone::sign_in(&server, &people.riders[0]).await;
    wait_for_records(&redis, 2).await;

    redis.kill();
    wait_for_live(&server, "redis_down").await;
    phones[0].report(90.0).await;
    console.wait_until(|m| shows(m, 90.0), "a fix on the map without Redis").await;
    let trip = a_crew_comes(&mut rider, &mut phones, "down").await;
    assert_eq!(live_state(&server).await, "redis_down");

    let redis = Redis::start_on(port);
    wait_for_live(&server, "redis_up").await;
    wait_for_records(&redis, 2).await;
    phones[1].report(-120.0).await;
    console.wait_until(|m| shows(m, -120.0), "a fix on the map with Redis again").await;
    let shown = rider.api.get(&format!("/v1/trips/{}", text(&trip["id"]))).await.expect("own trip");
    assert_eq!(shown["phase"], "assigned", "what was agreed without Redis stands");

    // What was written after its return is what a new process reads.
    let moved = async || {
        let wanted = lon_e7(-120.0);
        let tags = redis.everything().into_iter().filter(|(key, _)| key.starts_with("dh:{"));
        tags.flat_map(|(_, held)| held).any(|value| value.get(19..23) == Some(&wanted[..]))
    };
    eventually("the new place is in Redis", WRITTEN_WITHIN, moved).await;
    drop((phones, console));
    let server = server.kill_and_restart().await;
    let mut console = Phone::sign_in(&server, &people.supervisors[0]).await;
    let whole = console.wait_until(|m| shows(m, -120.0), "the first map frame").await;
    assert!(shows(&whole, 90.0), "and what was reported while it was away: {}", whole.body);
}

/// The longitude so far east of the meeting point as a packed record holds it.
fn lon_e7(metres_east: f64) -> [u8; 4] {
    (((MEETING.1 + metres_east / 88_000.0) * 1e7).round() as i32).to_be_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_redis_is_filled_again_and_nobody_notices() {
    let redis = Redis::start();
    let (server, people) = start(&redis).await;
    let mut phones = vec![
        Phone::on_shift(&server, &people.staff[0], 150.0).await,
        Phone::on_shift(&server, &people.staff[1], -200.0).await,
    ];
    wait_for_records(&redis, 2).await;
    redis.ask(&[b"FLUSHALL"]);
    wait_for_records(&redis, 2).await;
    let mut rider = Phone::sign_in(&server, &people.riders[0]).await;
    a_crew_comes(&mut rider, &mut phones, "k").await;
    assert_eq!(live_state(&server).await, "redis_up");

    // Who goes off shift is forgotten there too.
    let path = "/v1/shift";
    let busy = phones[0].api.delete(path).await.expect_err("on a trip");
    assert_eq!(busy.code(), "wrong_phase");
    let trip = rider.api.get("/v1/trips").await.expect("own trips")["trips"][0]["id"].clone();
    rider.api.post(&format!("/v1/trips/{}/cancel", text(&trip)), &json!({})).await.expect("cancelled");
    for phone in &phones {
        phone.api.delete(path).await.expect("free again");
    }
    wait_for_records(&redis, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_holds_packed_records_and_nothing_else() {
    let redis = Redis::start();
    let (server, people) = start(&redis).await;
    for token in &people.staff {
        Phone::on_shift(&server, token, 150.0).await;
    }
    // Riders' positions stay in the process.
    Phone::sign_in(&server, &people.riders[0]).await.report(10.0).await;
    wait_for_records(&redis, 2).await;
    let is_tag = |word: &str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_hexdigit());
    for (key, held) in redis.everything() {
        let (before, rest) = key.split_once('{').unwrap_or((&key, ""));
        match (before, rest.split_once('}')) {
            ("dh:tags", None) => {
                assert!(held.iter().all(|value| std::str::from_utf8(value).is_ok_and(is_tag)), "{key}");
            }
            ("dh:", Some((tag, ""))) => {
                assert!(is_tag(tag), "{key}");
                for pair in held.chunks_exact(2) {
                    let lengths = (pair[0].len(), pair[1].len());
                    let is_life = pair[0] == b"life" && lengths.1 == 36;
                    assert!(is_life || lengths == (16, 29), "a staff id and a packed record each, or a random word");
                }
            }
            ("dh:word", Some(("dh:tags", ""))) => {
                assert_eq!((held.len(), held[0].as_slice(), held[1].len()), (2, &b"word"[..], 36), "a random word");
            }
            _ => panic!("an unknown key in Redis: {key}"),
        }
    }
}
