//! What the socket promises, against a server of a few lines.

use crate::fake::{Wire, accept, listen};
use crate::socket::{CommandError, Credentials, DialError, Resume, Socket, backoff};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::time::Duration;

fn welcome(seq: u64, resumed: bool) -> Value {
    json!({"t":"welcome","v":1,"role":"staff","account":"a","epoch":8,"resumed":resumed,"seq":seq,"heartbeat_s":25})
}

/// A socket whose server has said hello, and the server's end of it.
async fn open(seq: u64) -> (Socket, Wire) {
    let (listener, target) = listen().await;
    let who = Credentials::Bearer("secret".to_owned());
    let serve = async {
        let (mut wire, _) = accept(&listener).await;
        assert_eq!(wire.hear().await["t"], "hello");
        wire.say(welcome(seq, false)).await;
        wire
    };
    let (socket, wire) = tokio::join!(Socket::open(&target, &who, None, None), serve);
    (socket.unwrap(), wire)
}

#[tokio::test]
async fn native_client_signs_in_by_header_and_says_where_to_go_on() {
    let (listener, target) = listen().await;
    let who = Credentials::Bearer("secret".to_owned());
    let serve = async {
        let (mut wire, headers) = accept(&listener).await;
        let hello = wire.hear().await;
        wire.say(welcome(41, true)).await;
        (headers, hello)
    };
    let resume = Some(Resume { epoch: 7, seq: 41 });
    let (socket, (headers, hello)) = tokio::join!(Socket::open(&target, &who, resume, None), serve);
    assert!(headers.contains("authorization: Bearer secret\n") && !headers.contains("origin:"));
    assert_eq!(hello, json!({"t":"hello","v":1,"resume":{"epoch":7,"seq":41}}));
    assert_eq!(socket.unwrap().resume(), Resume { epoch: 8, seq: 41 });
}

#[tokio::test]
async fn page_signs_in_by_ticket_in_the_first_message() {
    let (listener, target) = listen().await;
    let who = Credentials::Ticket { ticket: "t1".to_owned(), origin: target.origin() };
    let serve = async {
        let (mut wire, headers) = accept(&listener).await;
        let hello = wire.hear().await;
        wire.say(welcome(0, false)).await;
        (headers, hello)
    };
    let (_socket, (headers, hello)) = tokio::join!(Socket::open(&target, &who, None, None), serve);
    assert!(headers.contains("origin: http://127.0.0.1:") && !headers.contains("authorization"));
    assert_eq!(hello["ticket"], "t1");
}

#[tokio::test]
async fn doubles_are_acknowledged_and_dropped_and_early_ones_left_for_the_resend() {
    let (mut socket, mut wire) = open(41).await;
    for (seq, n) in [(42, "a"), (42, "a"), (44, "c"), (43, "b"), (44, "c")] {
        wire.say(json!({"t":"trip","seq":seq,"n":n})).await;
    }
    let mut got = Vec::new();
    for _ in 0..3 {
        got.push(socket.next().await.unwrap().body["n"].as_str().unwrap().to_owned());
    }
    assert_eq!(got, ["a", "b", "c"]);
    assert_eq!((socket.counts.repeated, socket.counts.gaps), (1, 1));
    socket.send(&json!({"t":"end"})).await.unwrap();
    let mut acks = Vec::new();
    loop {
        let heard = wire.hear().await;
        if heard["t"] == "end" {
            break;
        }
        acks.push(heard["seq"].as_u64().unwrap());
    }
    assert_eq!(acks, [42, 42, 42, 43, 44], "an early message never moves the acknowledgement");
}

#[tokio::test]
async fn ping_is_answered_and_not_shown() {
    let (mut socket, mut wire) = open(0).await;
    wire.say(json!({"t":"ping"})).await;
    wire.say(json!({"t":"crew_at"})).await;
    assert_eq!(socket.next().await.unwrap().kind, "crew_at");
    assert_eq!(wire.hear().await["t"], "pong");
}

#[tokio::test]
async fn command_finds_its_own_result_and_keeps_the_rest() {
    let (mut socket, mut wire) = open(0).await;
    let serve = async {
        let asked = wire.hear().await;
        wire.say(json!({"t":"offer","seq":1})).await;
        wire.say(json!({"t":"result","id":"other","ok":true})).await;
        wire.say(json!({"t":"result","id":asked["id"],"ok":false,"code":"offer_expired"})).await;
        asked
    };
    let (result, asked) = tokio::join!(socket.command("answer", json!({"offer":"o","accept":true})), serve);
    assert_eq!(asked["accept"], true);
    assert_eq!(result, Err(CommandError::Refused("offer_expired".to_owned())));
    assert_eq!(socket.next().await.unwrap().kind, "offer");
    assert_eq!(socket.next().await.unwrap().body["id"], "other");
}

#[tokio::test]
async fn message_read_before_the_connection_broke_is_still_handed_over() {
    let (mut socket, mut wire) = open(0).await;
    wire.say(json!({"t":"offer","seq":1})).await;
    wire.close(1012, "restart").await;
    assert_eq!(socket.next().await.unwrap().seq, Some(1));
    assert_eq!(socket.next().await.unwrap_err().code, Some(1012));
    assert_eq!(socket.resume().seq, 1);
}

#[tokio::test]
async fn close_code_says_whether_to_come_back() {
    for (code, comes_back) in [
        (4400, false),
        (4401, false),
        (4408, true),
        (4409, false),
        (4449, false),
        (4450, true),
        (4452, true),
        (1012, true),
    ] {
        let (mut socket, mut wire) = open(0).await;
        wire.close(code, "word").await;
        let closed = socket.next().await.unwrap_err();
        assert_eq!((closed.code, closed.may_reconnect()), (Some(code), comes_back), "{code}");
    }
}

#[tokio::test]
async fn refused_upgrade_tells_its_code() {
    let (listener, target) = listen().await;
    let serve = crate::fake::answer(&listener, "401 Unauthorized", "", r#"{"code":"bad_token"}"#);
    let who = Credentials::Bearer("x".to_owned());
    let (refused, _) = tokio::join!(Socket::open(&target, &who, None, None), serve);
    assert_eq!(refused.unwrap_err(), DialError::Refused { status: 401, code: "bad_token".to_owned() });
}

#[test]
fn backoff_grows_to_thirty_seconds_and_no_further() {
    let mut rng = StdRng::seed_from_u64(7);
    for (attempt, most_ms) in [(0, 500), (1, 1000), (5, 16_000), (6, 30_000), (40, 30_000)] {
        let longest = (0..2000).map(|_| backoff(attempt, &mut rng)).max().unwrap();
        assert!(longest < Duration::from_millis(most_ms), "attempt {attempt}");
        assert!(longest > Duration::from_millis(most_ms * 9 / 10), "attempt {attempt}");
    }
}
