//! Numbered messages over broken connections: a resume goes on without a gap and without doubles, what was not acknowledged is
//! sent again, and the same answer twice is one answer.

use futures_util::{SinkExt as _, StreamExt as _};
use harness::people::{Enrolled, Phone, SOON, enrol, text};
use harness::{Server, ServerOptions};
use serde_json::{Value, json};
use simulator::socket::{Credentials, Resume, Socket};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

async fn start(staff: u32) -> (Server, Enrolled) {
    let server = Server::start(ServerOptions::default()).await;
    let people = enrol(&server, staff, 1, 1).await;
    (server, people)
}

/// Two staff on shift and a rider, each with an open socket.
async fn connected() -> (Server, [Phone; 2], Phone) {
    let (server, people) = start(2).await;
    let first = Phone::on_shift(&server, &people.staff[0], 100.0).await;
    let second = Phone::on_shift(&server, &people.staff[1], 200.0).await;
    let rider = Phone::sign_in(&server, &people.riders[0]).await;
    (server, [first, second], rider)
}

/// Both accept; the trip is assigned, and everybody has been told.
async fn assigned(rider: &mut Phone, mut phones: [&mut Phone; 2]) -> Value {
    let trip = rider.book("k").await;
    for phone in &mut phones {
        let offer = phone.wait_for_offer().await;
        phone.answer(&offer, true).await;
    }
    for phone in phones {
        phone.wait_for_phase("assigned").await;
    }
    rider.wait_for_phase("assigned").await;
    trip
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resume_goes_on_without_a_gap_and_without_doubles() {
    let (server, [mut first, mut second], mut rider) = connected().await;
    let trip = assigned(&mut rider, [&mut first, &mut second]).await;

    // The rider's phone is in a tunnel while the crew sets out and arrives.
    let away = rider.hang_up();
    let left_at = away.resume;
    for to in ["en_route", "arrived"] {
        first.tap(&trip["id"], to).await;
        second.tap(&trip["id"], to).await;
    }
    let mut rider = away.come_back(&server).await;
    let welcome = rider.socket.welcome.clone();
    assert!(welcome.resumed && welcome.epoch > left_at.epoch, "{welcome:?}");
    assert_eq!(welcome.seq, left_at.seq, "it goes on where it left off");
    let mut seen = Vec::new();
    while seen.last() != Some(&"arrived".to_owned()) {
        let message = rider.wait_for("trip").await;
        let expected = left_at.seq + 1 + seen.len() as u64;
        assert_eq!(message.seq, Some(expected), "one after the other");
        seen.push(text(&message.body["trip"]["phase"]).to_owned());
    }
    assert_eq!((rider.socket.counts.gaps, rider.socket.counts.repeated), (0, 0));

    // A resume that nobody gave out, or from the future, is a reload; the trip is there.
    for resume in [Resume { epoch: left_at.epoch, seq: 9_999 }, Resume { epoch: welcome.epoch + 50, seq: left_at.seq }]
    {
        let mut stranger = rider.hang_up();
        stranger.resume = resume;
        rider = stranger.come_back(&server).await;
        assert!(!rider.socket.welcome.resumed, "{resume:?}");
        let trips = rider.api.get("/v1/trips").await.expect("own trips");
        assert_eq!(trips["trips"][0]["phase"], "arrived");
    }
    first.tap(&trip["id"], "met").await;
    rider.wait_for_phase("met").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_left_open_elsewhere_that_wakes_leaves_the_phone_in_hand_its_offers() {
    let server = Server::start(ServerOptions::default()).await;
    let laptop = server.token_of(&json!({ "code": server.code("rider") })).await;
    let codes = server.admin(&["code", "--demo"]);
    let again = codes.as_array().expect("a list").iter().find(|row| row["who"] == "rider").expect("the demo's rider");
    let phone = server.token_of(again).await;
    let asleep = Phone::sign_in(&server, &laptop).await.hang_up();
    let mut in_hand = Phone::sign_in(&server, &phone).await;
    let resume = Some(asleep.resume);
    for _ in 0..3 {
        let who = Credentials::Bearer(laptop.clone());
        let refused = Socket::open(server.api().target(), &who, resume, None).await;
        let Err(refused) = refused else { panic!("nobody has touched that page") };
        assert_eq!(refused.word(), "closed_4409");
    }
    let trip = in_hand.book("k").await;
    in_hand.wait_for_phase("matching").await;
    // Somebody has.
    let tapped = Phone::sign_in(&server, &laptop).await;
    let closed = loop {
        if let Err(closed) = in_hand.socket.next().await {
            break closed;
        }
    };
    assert_eq!(closed.code, Some(4409));
    let trips = tapped.api.get("/v1/trips").await.expect("own trips");
    assert_eq!(trips["trips"][0]["id"], trip["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_between_two_messages_loses_none() {
    let (server, [mut first, mut second], mut rider) = connected().await;
    let trip = assigned(&mut rider, [&mut first, &mut second]).await;
    let away = rider.hang_up();
    let left_at = away.resume.seq;
    first.tap(&trip["id"], "en_route").await;
    second.tap(&trip["id"], "en_route").await;
    let (first, second) = (first.hang_up(), second.hang_up());
    let server = server.kill_and_restart().await;
    let mut rider = away.come_back(&server).await;
    assert!(rider.socket.welcome.resumed, "numbers outlive the process");
    let message = rider.wait_for("trip").await;
    assert_eq!((message.seq, &message.body["trip"]["phase"]), (Some(left_at + 1), &json!("en_route")));
    let mut first = first.come_back(&server).await;
    let mut second = second.come_back(&server).await;
    for to in ["arrived", "met", "escorting", "completed"] {
        first.tap(&trip["id"], to).await;
        if to == "arrived" {
            second.tap(&trip["id"], to).await;
        }
        rider.wait_for_phase(to).await;
    }
    assert_eq!(second.wait_for("trip_gone").await.body["reason"], "completed");
}

/// A phone that acknowledges nothing by itself.
struct Forgetful(WebSocketStream<TcpStream>);

impl Forgetful {
    async fn open(server: &Server, token: &str) -> Self {
        let address = server.url().trim_start_matches("http://").to_owned();
        let mut request = format!("ws://{address}/v1/ws").into_client_request().expect("an address");
        let bearer = format!("Bearer {token}").parse().expect("a header value");
        request.headers_mut().insert("authorization", bearer);
        request.headers_mut().insert("sec-websocket-protocol", "donghaeng.v1".parse().expect("a header value"));
        let stream = TcpStream::connect(address).await.expect("the server listens");
        let (wire, _) = client_async(request, stream).await.expect("the upgrade is allowed");
        let mut this = Self(wire);
        this.say(json!({ "t": "hello", "v": 1 })).await;
        assert_eq!(this.next().await["t"], "welcome");
        this
    }

    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("the socket is open");
    }

    async fn next(&mut self) -> Value {
        let frame = tokio::time::timeout(SOON, self.0.next()).await.expect("a message in time");
        let Some(Ok(Message::Text(text))) = frame else { panic!("no text frame: {frame:?}") };
        serde_json::from_str(&text).expect("JSON")
    }

    async fn numbered(&mut self) -> Value {
        loop {
            let message = self.next().await;
            if !message["seq"].is_null() {
                return message;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unacknowledged_message_is_sent_again_until_it_is_acknowledged() {
    let (server, people) = start(2).await;
    let api = server.api().signed_in(&people.staff[0]);
    api.post("/v1/shift", &json!({ "mode": "walk", "hours": 8 })).await.expect("a shift begins");
    let mut phone = Forgetful::open(&server, &people.staff[0]).await;
    let fix = json!({ "lat": 37.5663, "lon": 126.9779, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": 1 });
    phone.say(json!({ "t": "fix", "fixes": [fix] })).await;
    let _partner = Phone::on_shift(&server, &people.staff[1], 100.0).await;
    let rider = Phone::sign_in(&server, &people.riders[0]).await;
    let asked = Instant::now();
    rider.book("k").await;

    let first = phone.numbered().await;
    assert_eq!(first["t"], "offer");
    let heard = Instant::now();
    // After 1, 2 and 4 s: not sooner, whenever the first was sent, and not much later, with room for a busy machine.
    for least_s in [1, 3, 7] {
        let again = phone.numbered().await;
        assert_eq!((&again["seq"], &again["offer"]["id"]), (&first["seq"], &first["offer"]["id"]), "the same again");
        let (least, most) = (Duration::from_secs(least_s), Duration::from_secs(least_s + 5));
        assert!(asked.elapsed() >= least, "{:?} after the booking", asked.elapsed());
        assert!(heard.elapsed() < most, "{:?} after the first", heard.elapsed());
    }
    phone.say(json!({ "t": "ack", "seq": first["seq"] })).await;
    // Whatever comes next is the offer's end, 20 s after it was made: the offer itself is not heard again.
    let next = phone.numbered().await;
    assert_eq!((&next["t"], &next["offer"]), (&json!("offer_closed"), &first["offer"]["id"]), "{next}");
    assert_eq!(next["reason"], "expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_answer_twice_is_one_answer_by_either_way() {
    let (_server, [mut first, mut second], mut rider) = connected().await;
    let trip = rider.book("k").await;
    let offer = first.wait_for_offer().await;
    let path = format!("/v1/offers/{}/answer", text(&offer["id"]));
    for _ in 0..3 {
        assert_eq!(first.answer(&offer, true).await["state"], "accepted");
        assert_eq!(first.api.post(&path, &json!({ "accept": true })).await.expect("the same")["state"], "accepted");
    }
    let other = first.api.post(&path, &json!({ "accept": false })).await.expect_err("a yes is no no");
    assert_eq!(other.code(), "already_answered");
    let foreign = second.api.post(&path, &json!({ "accept": true })).await.expect_err("another's offer");
    assert_eq!(foreign.code(), "not_found");
    let offer = second.wait_for_offer().await;
    second.answer(&offer, true).await;
    let crew = rider.wait_for_phase("assigned").await["crew"].clone();
    assert_eq!(crew.as_array().map(Vec::len), Some(2), "two people, however often they said yes");

    // And taps and bookings too.
    for _ in 0..2 {
        first.tap(&trip["id"], "en_route").await;
    }
    let again = rider.book("k").await;
    assert_eq!(again["id"], trip["id"], "the same booking as long as it is remembered");
    let trips = rider.api.get("/v1/trips").await.expect("own trips");
    assert_eq!(trips["trips"].as_array().map(Vec::len), Some(1));
}
