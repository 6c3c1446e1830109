//! Bad input over the socket: each mistake is answered with its own close code, each refused command with a result, and a peer
//! that says nothing does not stay.

use futures_util::{SinkExt as _, StreamExt as _};
use harness::people::{Enrolled, enrol, eventually};
use harness::raw::connect;
use harness::refusal::NO_ID;
use harness::{Server, ServerOptions};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// Longest wait for a close frame; the longest the protocol takes is 25 s and 8 s of silence.
const CLOSE_WITHIN: Duration = Duration::from_secs(40);

/// A connection that never finishes its first header is closed within this.
const HEADER_WITHIN: Duration = Duration::from_secs(10);

type Wire = WebSocketStream<TcpStream>;

/// An upgrade with these headers: the open socket, or status and problem code.
async fn dial(server: &Server, path: &str, headers: &[(&str, &str)]) -> Result<Wire, (u16, String)> {
    let address = server.url().trim_start_matches("http://").to_owned();
    let mut request = format!("ws://{address}{path}").into_client_request().expect("an address");
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("donghaeng.v1"));
    for (name, value) in headers {
        let name: HeaderName = name.parse().expect("a header name");
        request.headers_mut().insert(name, value.parse().expect("a header value"));
    }
    let stream = TcpStream::connect(address).await.expect("the server listens");
    match client_async(request, stream).await {
        Ok((wire, _)) => Ok(wire),
        Err(Error::Http(answer)) => {
            let body: Value = serde_json::from_slice(answer.body().as_deref().unwrap_or_default()).unwrap_or_default();
            Err((answer.status().as_u16(), body["code"].as_str().unwrap_or_default().to_owned()))
        }
        Err(other) => panic!("no answer to the upgrade: {other}"),
    }
}

/// As a native client, before its hello.
async fn native(server: &Server, token: &str) -> Wire {
    dial(server, "/v1/ws", &[("authorization", &format!("Bearer {token}"))]).await.expect("the upgrade is allowed")
}

/// As a page of the server's own, before its hello.
async fn page(server: &Server) -> Wire {
    dial(server, "/v1/ws", &[("origin", server.url())]).await.expect("a page of the server's own may open a socket")
}

/// As a native client, welcomed.
async fn welcomed(server: &Server, token: &str) -> Wire {
    let mut wire = native(server, token).await;
    say(&mut wire, json!({ "t": "hello", "v": 1 })).await;
    assert_eq!(next(&mut wire).await["t"], "welcome");
    wire
}

async fn say(wire: &mut Wire, message: Value) {
    wire.send(Message::text(message.to_string())).await.expect("the socket is open");
}

async fn next(wire: &mut Wire) -> Value {
    let frame = tokio::time::timeout(CLOSE_WITHIN, wire.next()).await.expect("an answer in time");
    match frame {
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text).expect("JSON"),
        other => panic!("no text frame: {other:?}"),
    }
}

/// Code and word of the close frame, whatever comes before it.
async fn closed(wire: &mut Wire) -> (u16, String) {
    let search = async {
        loop {
            match wire.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
                Some(Ok(Message::Close(None))) => return (0, "closed without a code".to_owned()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return (0, error.to_string()),
                None => return (0, "ended without a close frame".to_owned()),
            }
        }
    };
    tokio::time::timeout(CLOSE_WITHIN, search).await.expect("the socket is closed in time")
}

fn is(code: u16, word: &str) -> (u16, String) {
    (code, word.to_owned())
}

/// Text of so many bytes that would be a message if it were shorter.
fn long(bytes: usize) -> Message {
    let id = "i".repeat(bytes - r#"{"t":"sos","id":""}"#.len());
    Message::text(json!({ "t": "sos", "id": id }).to_string())
}

async fn ticket(server: &Server, token: &str) -> String {
    let made = server.api().signed_in(token).post("/v1/ws-ticket", &json!({})).await.expect("a ticket");
    made["ticket"].as_str().expect("a ticket").to_owned()
}

/// Path, headers, status, problem code.
type Upgrade<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);

async fn refuse_upgrades(server: &Server, people: &Enrolled) {
    let bearer = format!("Bearer {}", people.riders[0]);
    let in_the_address = format!("/v1/ws?token={}&authorization=Bearer%20{}", people.riders[0], people.riders[0]);
    let same_port_elsewhere = server.url().replace("127.0.0.1", "evil.example");
    let cases: [Upgrade; 7] = [
        ("/v1/ws", &[], 401, "no_token"),
        ("/v1/ws", &[("authorization", "Bearer mark-9")], 401, "bad_token"),
        ("/v1/ws", &[("authorization", "Basic mark-9")], 401, "no_token"),
        (&in_the_address, &[], 401, "no_token"),
        ("/v1/ws", &[("origin", "https://evil.example"), ("authorization", &bearer)], 403, "bad_origin"),
        ("/v1/ws", &[("origin", &same_port_elsewhere), ("authorization", &bearer)], 403, "bad_origin"),
        ("/v1/ws", &[("origin", "null"), ("authorization", &bearer)], 403, "bad_origin"),
    ];
    for (path, headers, status, code) in cases {
        let refused = dial(server, path, headers).await.err();
        assert_eq!(refused, Some((status, code.to_owned())), "{path} {headers:?}");
    }
}

async fn refuse_first_messages(server: &Server, people: &Enrolled, admin: &str) {
    let rider = &people.riders[0];
    for (message, code, word) in [
        (Message::text("mark-9"), 4400, "bad_message"),
        (Message::text(""), 4400, "bad_message"),
        (Message::text("[]"), 4400, "bad_message"),
        (Message::text(r#"{"t":"mark-9"}"#), 4400, "bad_message"),
        (Message::text(r#"{"t":"hello"}"#), 4400, "bad_message"),
        (Message::text(r#"{"t":"hello","v":2}"#), 4400, "bad_message"),
        (Message::text(r#"{"t":"hello","v":1,"mark9":1}"#), 4400, "bad_message"),
        (Message::text(r#"{"t":"hello","v":1,"resume":{"epoch":-1,"seq":1}}"#), 4400, "bad_message"),
        (Message::text(r#"{"t":"pong"}"#), 4400, "bad_message"),
        (Message::binary(&br#"{"t":"hello","v":1}"#[..]), 4400, "bad_message"),
        (long(16 * 1024 + 1), 4413, "too_large"),
        (long(200 * 1024), 4413, "too_large"),
    ] {
        let mut wire = native(server, rider).await;
        let what = format!("{:.60}", message.to_string());
        let _closed_meanwhile = wire.send(message).await;
        assert_eq!(closed(&mut wire).await, is(code, word), "{what}");
    }
    for hello in [json!({ "t": "hello", "v": 1 }), json!({ "t": "hello", "v": 1, "ticket": "mark-9" })] {
        let mut wire = page(server).await;
        say(&mut wire, hello).await;
        assert_eq!(closed(&mut wire).await, is(4401, "not_signed_in"), "a page without a good ticket");
    }
    let hello = json!({ "t": "hello", "v": 1, "ticket": ticket(server, rider).await });
    let mut first = page(server).await;
    say(&mut first, hello.clone()).await;
    assert_eq!(next(&mut first).await["t"], "welcome", "a ticket works once");
    let mut second = page(server).await;
    say(&mut second, hello).await;
    assert_eq!(closed(&mut second).await, is(4401, "not_signed_in"), "and no second time");
    let mut wire = native(server, admin).await;
    say(&mut wire, json!({ "t": "hello", "v": 1 })).await;
    assert_eq!(closed(&mut wire).await, is(4401, "not_signed_in"), "admins have no socket");
}

async fn refuse_later_messages(server: &Server, people: &Enrolled) {
    for (message, code, word) in [
        (Message::text("{"), 4400, "bad_message"),
        (Message::text(r#"{"t":"hello","v":1}"#), 4400, "bad_message"),
        (Message::text(r#"{"t":"mark-9","id":"1"}"#), 4400, "bad_message"),
        (Message::text(r#"{"t":"ack","seq":999999}"#), 4400, "bad_message"),
        (Message::text(r#"{"t":"ack","seq":-1}"#), 4400, "bad_message"),
        (Message::binary(&b"\x00\xff"[..]), 4400, "bad_message"),
        (long(16 * 1024 + 1), 4413, "too_large"),
    ] {
        let mut wire = welcomed(server, &people.staff[0]).await;
        let what = format!("{:.60}", message.to_string());
        let _closed_meanwhile = wire.send(message).await;
        assert_eq!(closed(&mut wire).await, is(code, word), "{what}");
    }
    let mut wire = welcomed(server, &people.staff[0]).await;
    for _ in 0..100 {
        // It closes in the middle of it.
        let _closed_meanwhile = wire.send(Message::text(r#"{"t":"pong"}"#)).await;
    }
    assert_eq!(closed(&mut wire).await, is(4452, "flood"));
}

/// What a command asks for may be refused; the socket stays.
async fn refuse_commands(server: &Server, people: &Enrolled) {
    let fix = |lat: f64| json!({ "lat": lat, "lon": 127.0, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": 1 });
    let mut staff = welcomed(server, &people.staff[0]).await;
    for (message, code, field) in [
        (json!({ "t": "answer", "id": "1", "offer": NO_ID, "accept": true }), "not_found", None),
        (json!({ "t": "status", "id": "2", "trip": NO_ID, "to": "arrived" }), "not_found", None),
        (json!({ "t": "status", "id": "3", "trip": NO_ID, "to": "mark9" }), "bad_field", Some("to")),
        (json!({ "t": "drop_out", "id": "4", "trip": NO_ID }), "not_found", None),
        (json!({ "t": "fix", "fixes": [fix(91.0)] }), "bad_field", Some("fixes[0].lat")),
        (json!({ "t": "fix", "fixes": vec![fix(37.5); 61] }), "bad_field", Some("fixes")),
        (json!({ "t": "answer", "id": "5", "offer": "mark-9", "accept": true }), "bad_field", Some("offer")),
        (json!({ "t": "status", "id": "6", "trip": NO_ID, "to": 9 }), "bad_field", Some("to")),
        (json!({ "t": "fix", "fixes": [{ "lat": "mark-9" }] }), "bad_field", Some("fixes[0].lat")),
        (json!({ "t": "sos", "id": "7", "trip": "mark-9" }), "bad_field", Some("trip")),
        (json!({ "t": "sos", "id": "8", "mark9": 1 }), "bad_field", None),
        (json!({ "t": "sos" }), "bad_field", Some("id")),
        (json!({ "t": "view", "id": "9", "zoom": 12 }), "bad_field", Some("west")),
    ] {
        say(&mut staff, message.clone()).await;
        let result = next(&mut staff).await;
        let (told, blamed) = (result["code"].as_str(), result["field"].as_str());
        assert_eq!((result["ok"].as_bool(), told, blamed), (Some(false), Some(code), field), "{message}");
        assert_eq!(result["id"], message["id"], "the result is of this command");
        assert!(!result.to_string().contains("mark"), "nothing of the client's own is sent back: {result}");
    }
    staff.send(long(16 * 1024)).await.expect("the longest message there may be is read");
    assert_eq!(next(&mut staff).await["field"], "id");
    say(&mut staff, json!({ "t": "sos", "id": "10" })).await;
    assert_eq!(next(&mut staff).await["ok"], true, "after all that an alarm is still raised");
    let mut rider = welcomed(server, &people.riders[0]).await;
    say(&mut rider, json!({ "t": "answer", "id": "1", "offer": NO_ID, "accept": true })).await;
    assert_eq!(next(&mut rider).await["code"], "forbidden_role", "a rider has no offers to answer");
}

async fn close_those_whose_rights_end(server: &Server, people: &Enrolled, admin: &str) {
    let mut older = welcomed(server, &people.staff[0]).await;
    let _newer = welcomed(server, &people.staff[0]).await;
    assert_eq!(closed(&mut older).await, is(4409, "replaced"));
    let mut wire = welcomed(server, &people.riders[1]).await;
    let asked = Instant::now();
    server.api().signed_in(&people.riders[1]).delete("/v1/session").await.expect("signed out");
    assert_eq!(closed(&mut wire).await, is(4403, "revoked"));
    assert!(asked.elapsed() < Duration::from_secs(2), "within a second, and one for the machine");
    let made = server.admin(&["rider", "--name", "표식-9", "--any-agency"]);
    let mut wire = welcomed(server, &server.token_of(&made).await).await;
    let path = format!("/v1/admin/accounts/{}/suspend", made["account"].as_str().expect("an account"));
    let suspended = server.api().signed_in(admin).post(&path, &json!({ "reason": "test" })).await;
    suspended.expect("an admin may suspend");
    assert_eq!(closed(&mut wire).await, is(4403, "revoked"));
}

/// A socket that says no hello, and one that says nothing after it.
async fn close_the_silent(server: &Server, people: &Enrolled) {
    let begun = Instant::now();
    let (mut no_hello, mut no_pong) =
        (native(server, &people.riders[0]).await, welcomed(server, &people.riders[2]).await);
    assert_eq!(closed(&mut no_hello).await, is(4408, "hello_timeout"));
    assert!(begun.elapsed() >= Duration::from_secs(4), "a hello is waited for");
    assert_eq!(next(&mut no_pong).await["t"], "ping", "silence is asked about");
    assert_eq!(closed(&mut no_pong).await, is(4451, "silent"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_has_its_close_code_and_the_server_goes_on() {
    let server = Server::start(ServerOptions::default()).await;
    let people = enrol(&server, 1, 3, 0).await;
    let admin = server.token_of(&server.admin(&["admin", "--name", "관리"])).await;
    let mistakes = async {
        refuse_upgrades(&server, &people).await;
        refuse_first_messages(&server, &people, &admin).await;
        refuse_later_messages(&server, &people).await;
        refuse_commands(&server, &people).await;
        close_those_whose_rights_end(&server, &people, &admin).await;
    };
    tokio::join!(mistakes, close_the_silent(&server, &people));
    let all_gone = async || server.api().get("/readyz").await.is_ok_and(|ready| ready["sockets"] == 0);
    eventually("no closed socket keeps its seat", Duration::from_secs(60), all_gone).await;
    assert!(!server.log().contains("panicked"), "nothing panicked");
    let _ready = welcomed(&server, &people.staff[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_never_finishes_a_header_is_closed_and_others_are_served() {
    let server = Server::start(ServerOptions::default()).await;
    let url = server.url().to_owned();
    let cases: [(&str, &[u8], Option<Duration>); 4] = [
        ("silent", b"", None),
        ("half a header", b"POST /v1/bookings HTTP/1.1\r\nhost: x\r\nauthor", None),
        (
            "a byte now and then",
            b"GET /livez HTTP/1.1\r\nhost: xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            Some(Duration::from_millis(400)),
        ),
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", None),
    ];
    let held: Vec<_> = cases
        .map(|(what, sent, pause)| {
            let mut stream = connect(&url);
            std::thread::spawn(move || {
                let begun = Instant::now();
                let mut said = Vec::new();
                match pause {
                    None => stream.write_all(sent).expect("the connection is accepted"),
                    Some(pause) => {
                        for byte in sent {
                            if stream.write_all(&[*byte]).is_err() {
                                break;
                            }
                            std::thread::sleep(pause);
                        }
                    }
                }
                let _reset = stream.read_to_end(&mut said);
                (what, begun.elapsed(), String::from_utf8_lossy(&said).into_owned())
            })
        })
        .into_iter()
        .collect();
    assert!(server.api().get("/readyz").await.is_ok(), "others are served meanwhile");
    for peer in held {
        let (what, took, said) = peer.join().expect("the peer does not panic");
        assert!(took < HEADER_WITHIN + Duration::from_secs(2), "{what}: held {took:?}");
        assert!(!said.contains(" 200 "), "{what}: {said}");
    }
    assert!(server.api().get("/readyz").await.is_ok());
}
