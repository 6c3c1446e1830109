//! Facts about a socket's life, with a pair of channels standing in for a phone.

use super::close::Close;
use super::mailbox::{Item, QUEUE_BYTES_MAX};
use super::outbox;
use super::session::{self, Opening};
use crate::http::fixture::{Edge, Person, eventually, hold_timers, put_on};
use crate::record::{OutboxKind, OutboxRow, Role, SignedIn, token_ttl_s};
use axum::extract::ws::Message;
use futures_util::{Sink, Stream};
use matcher::model::TripId;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The server's end.
struct Wire {
    from: UnboundedReceiver<Message>,
    to: UnboundedSender<Message>,
}

impl Stream for Wire {
    type Item = Result<Message, Infallible>;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.from.poll_recv(cx).map(|message| message.map(Ok))
    }
}

impl Sink<Message> for Wire {
    type Error = Infallible;
    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Infallible> {
        let _ = self.to.send(message);
        Ok(())
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
}

/// The phone's end.
pub(super) struct Phone {
    to: UnboundedSender<Message>,
    pub(super) from: UnboundedReceiver<Message>,
}

impl Phone {
    fn dial(edge: &Edge, opening: Opening) -> Self {
        let (to, from_phone) = unbounded_channel();
        let (to_phone, from) = unbounded_channel();
        tokio::spawn(session::run(Arc::clone(&edge.app), Wire { from: from_phone, to: to_phone }, opening));
        Self { to, from }
    }

    pub(super) async fn signed_in(edge: &Edge, person: &Person, resume: Option<Value>) -> (Self, Value) {
        let mut phone = Self::dial(edge, Opening::SignedIn(Arc::new(sign_in(edge, person).await)));
        let mut hello = json!({"t": "hello", "v": 1});
        if let Some(resume) = resume {
            hello["resume"] = resume;
        }
        phone.say(&hello);
        let welcome = phone.hear().await;
        assert_eq!(welcome["t"], "welcome", "{welcome}");
        (phone, welcome)
    }

    pub(super) fn say(&self, message: &Value) {
        let _ = self.to.send(Message::Text(message.to_string().into()));
    }

    pub(super) async fn hear(&mut self) -> Value {
        match self.from.recv().await.expect("the socket is open") {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("not a text: {other:?}"),
        }
    }

    /// The next message of that type; others are passed over.
    pub(super) async fn hear_a(&mut self, t: &str) -> Value {
        loop {
            let message = self.hear().await;
            if message["t"] == t {
                return message;
            }
        }
    }

    /// The messages of that type that have come by now; others are passed over.
    fn come(&mut self, t: &str) -> Vec<Value> {
        let all = std::iter::from_fn(|| self.from.try_recv().ok());
        let texts = all.filter_map(|message| if let Message::Text(text) = message { Some(text) } else { None });
        let told = texts.map(|text| serde_json::from_str::<Value>(&text).unwrap());
        told.filter(|message| message["t"] == t).collect()
    }

    async fn closed(&mut self) -> u16 {
        loop {
            if let Message::Close(Some(frame)) = self.from.recv().await.expect("a close frame comes first") {
                return frame.code;
            }
        }
    }
}

async fn sign_in(edge: &Edge, person: &Person) -> SignedIn {
    edge.app.record.authenticate(edge.app.env.now(), &person.token).await.unwrap().unwrap()
}

pub(super) fn run_tail(edge: &Edge) {
    tokio::spawn(outbox::tail(Arc::clone(&edge.app)));
    tokio::spawn(outbox::acknowledge(Arc::clone(&edge.app)));
    tokio::spawn(outbox::revoke(Arc::clone(&edge.app)));
}

#[tokio::test]
async fn whoever_says_no_hello_is_closed() {
    let edge = Edge::new().await;
    tokio::time::pause();
    let mut phone = Phone::dial(&edge, Opening::Ticket);
    assert_eq!(phone.closed().await, Close::HelloTimeout.number());
}

#[tokio::test]
async fn a_ticket_works_once_and_not_after_thirty_seconds() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let issue = || async { edge.call(Some(&rider.token), "POST", "/v1/ws-ticket", None).await.body["ticket"].clone() };
    let ticket = issue().await;
    for expected in ["welcome", "closed"] {
        let mut phone = Phone::dial(&edge, Opening::Ticket);
        phone.say(&json!({"t": "hello", "v": 1, "ticket": ticket}));
        match expected {
            "welcome" => assert_eq!(phone.hear().await["role"], "rider"),
            _ => assert_eq!(phone.closed().await, Close::NotSignedIn.number()),
        }
    }
    let late = issue().await;
    edge.clock.advance_s(30);
    let mut phone = Phone::dial(&edge, Opening::Ticket);
    phone.say(&json!({"t": "hello", "v": 1, "ticket": late}));
    assert_eq!(phone.closed().await, Close::NotSignedIn.number());
    let mut bare = Phone::dial(&edge, Opening::Ticket);
    bare.say(&json!({"t": "hello", "v": 1}));
    assert_eq!(bare.closed().await, Close::NotSignedIn.number());
}

#[tokio::test]
async fn nonsense_is_closed_with_its_code() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let cases = [
        (Message::Text("{".into()), Close::BadMessage),
        (Message::Text(r#"{"t":"hello","v":1}"#.into()), Close::BadMessage),
        (Message::Text(r#"{"t":"ack","seq":99}"#.into()), Close::BadMessage),
        (Message::Binary(vec![1].into()), Close::BadMessage),
        (Message::Text("x".repeat(16 * 1024 + 1).into()), Close::TooLarge),
    ];
    for (message, close) in cases {
        let (mut phone, _) = Phone::signed_in(&edge, &rider, None).await;
        phone.to.send(message).unwrap();
        assert_eq!(phone.closed().await, close.number());
    }
    let mut wrong = Phone::dial(&edge, Opening::SignedIn(Arc::new(sign_in(&edge, &rider).await)));
    wrong.say(&json!({"t": "hello", "v": 2}));
    assert_eq!(wrong.closed().await, Close::BadMessage.number());
    let (mut flood, _) = Phone::signed_in(&edge, &rider, None).await;
    (0..61).for_each(|_| flood.say(&json!({"t": "pong"})));
    assert_eq!(flood.closed().await, Close::Flood.number());
}

#[tokio::test]
async fn an_idle_socket_costs_little_memory() {
    let edge = Edge::new().await;
    let (to, from) = unbounded_channel();
    let session = session::run(Arc::clone(&edge.app), Wire { from, to }, Opening::Ticket);
    let bytes = size_of_val(&session);
    assert!(bytes <= 4 * 1024, "{bytes} bytes of state for each socket, beside its buffers");
}

#[tokio::test]
async fn an_admin_has_no_socket() {
    let edge = Edge::new().await;
    let admin = edge.admin().await;
    let mut phone = Phone::dial(&edge, Opening::SignedIn(Arc::new(sign_in(&edge, &admin).await)));
    phone.say(&json!({"t": "hello", "v": 1}));
    assert_eq!(phone.closed().await, Close::NotSignedIn.number());
}

#[tokio::test]
async fn a_newer_socket_replaces_the_older_and_keeps_its_place() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let (mut older, first) = Phone::signed_in(&edge, &staff, None).await;
    let (_newer, second) = Phone::signed_in(&edge, &staff, None).await;
    assert_eq!(older.closed().await, Close::Replaced.number());
    assert!(second["epoch"].as_u64() > first["epoch"].as_u64());
    drop(older);
    tokio::task::yield_now().await;
    assert!(edge.app.hub.phone(staff.id()).is_some(), "the older one's end does not free the newer one's place");
}

#[tokio::test]
async fn a_page_left_open_elsewhere_that_comes_back_by_itself_closes_no_socket_and_a_tap_there_does() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let other = edge.person(staff.account.clone()).await;
    let resume = |welcome: &Value| Some(json!({"epoch": welcome["epoch"], "seq": welcome["seq"]}));
    // Whichever of the two signed in first.
    for (left, in_hand) in [(&staff, &other), (&other, &staff)] {
        let (_, before) = Phone::signed_in(&edge, left, None).await;
        let (mut phone, _) = Phone::signed_in(&edge, in_hand, None).await;
        for is_restarted in [false, true] {
            if is_restarted {
                edge.app.ingest.forget_unused(edge.app.env.now().plus_s(1_000_000));
            }
            let mut page = Phone::dial(&edge, Opening::SignedIn(Arc::new(sign_in(&edge, left).await)));
            page.say(&json!({"t": "hello", "v": 1, "resume": resume(&before)}));
            assert_eq!(page.closed().await, Close::Replaced.number());
        }
        phone.say(&json!({"t": "view", "id": "still here", "west": 0, "south": 0, "east": 1, "north": 1, "zoom": 9}));
        assert_eq!(phone.hear_a("result").await["id"], "still here");
        // Its own line may break as often as it likes.
        let (mut again, welcome) = Phone::signed_in(&edge, in_hand, resume(&json!({"epoch": 1, "seq": 0}))).await;
        assert_eq!(phone.closed().await, Close::Replaced.number());
        let (_, taken) = Phone::signed_in(&edge, left, None).await;
        assert_eq!(again.closed().await, Close::Replaced.number());
        assert!(taken["epoch"].as_u64() > welcome["epoch"].as_u64());
    }
}

#[tokio::test]
async fn a_console_that_comes_back_by_itself_is_welcome_beside_others_of_its_account() {
    let edge = Edge::new().await;
    let one = edge.supervisor(edge.agency).await;
    let other = edge.person(one.account.clone()).await;
    let (_, welcome) = Phone::signed_in(&edge, &one, None).await;
    let _second = Phone::signed_in(&edge, &other, None).await;
    Phone::signed_in(&edge, &one, Some(json!({"epoch": welcome["epoch"], "seq": welcome["seq"]}))).await;
}

#[tokio::test]
async fn a_suspended_account_loses_its_socket_and_one_that_was_signing_in_too() {
    let edge = Edge::new().await;
    run_tail(&edge);
    let (rider, admin) = (edge.rider().await, edge.admin().await);
    let signing_in = Arc::new(sign_in(&edge, &rider).await);
    let (mut phone, _) = Phone::signed_in(&edge, &rider, None).await;
    let path = format!("/v1/admin/accounts/{}/suspend", rider.id());
    let done = edge.call(Some(&admin.token), "POST", &path, Some(json!({"reason": "x"}))).await;
    assert_eq!(done.status, 204, "{}", done.text);
    assert_eq!(phone.closed().await, Close::Revoked.number());
    let mut late = Phone::dial(&edge, Opening::SignedIn(signing_in));
    late.say(&json!({"t": "hello", "v": 1}));
    assert_eq!(late.closed().await, Close::Revoked.number());
}

#[tokio::test]
async fn a_booking_reaches_two_phones_and_becomes_an_assignment() {
    let edge = Edge::new().await;
    run_tail(&edge);
    let (rider, one, two) = (edge.rider().await, edge.staff().await, edge.staff().await);
    let (mut rider_phone, _) = Phone::signed_in(&edge, &rider, None).await;
    let (mut phone_one, _) = Phone::signed_in(&edge, &one, None).await;
    let (mut phone_two, _) = Phone::signed_in(&edge, &two, None).await;
    let trip = edge.trip(&rider).await;
    edge.place(trip, &[&one, &two]).await;
    for phone in [&mut phone_one, &mut phone_two] {
        let offer = phone.hear_a("offer").await;
        assert!(!offer.to_string().contains("WORDS"), "{offer}");
        phone.say(&json!({"t": "ack", "seq": offer["seq"]}));
        phone.say(&json!({"t": "answer", "id": "a1", "offer": offer["offer"]["id"], "accept": true}));
        let result = phone.hear_a("result").await;
        assert_eq!(result, json!({"t": "result", "id": "a1", "ok": true, "state": "accepted"}));
    }
    loop {
        let told = rider_phone.hear_a("trip").await;
        rider_phone.say(&json!({"t": "ack", "seq": told["seq"]}));
        if told["trip"]["phase"] == "assigned" {
            assert_eq!(told["trip"]["crew"].as_array().unwrap().len(), 2);
            break;
        }
    }
    let told = phone_one.hear_a("trip").await;
    assert_eq!(told["trip"]["pickup"]["label"], "PICKUP-WORDS");
    phone_one.say(&json!({"t": "status", "id": "s1", "trip": trip.to_string(), "to": "met"}));
    let refused = phone_one.hear_a("result").await;
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("wrong_phase")));
    rider_phone.say(&json!({"t": "status", "id": "s2", "trip": trip.to_string(), "to": "met"}));
    assert_eq!(rider_phone.hear_a("result").await["code"], "forbidden_role");
}

#[tokio::test]
async fn a_late_message_shows_the_world_as_it_is_then() {
    let edge = Edge::new().await;
    let (rider, one, two) = (edge.rider().await, edge.staff().await, edge.staff().await);
    let trip = edge.trip(&rider).await;
    let (phone, welcome) = Phone::signed_in(&edge, &one, None).await;
    drop(phone);
    edge.place(trip, &[&one, &two]).await;
    edge.accept(&one).await;
    edge.accept(&two).await;
    edge.call(Some(&rider.token), "POST", &format!("/v1/trips/{trip}/cancel"), Some(json!({}))).await;
    let resume = json!({"epoch": welcome["epoch"], "seq": welcome["seq"]});
    let (mut phone, welcome) = Phone::signed_in(&edge, &one, Some(resume)).await;
    assert_eq!(welcome["resumed"], true);
    let (last, _) = edge.app.record.outbox_seq(one.id()).await.unwrap();
    let mut numbers = Vec::new();
    for _ in welcome["seq"].as_i64().unwrap()..last {
        let message = phone.hear().await;
        assert!(!message.to_string().contains("WORDS"), "{message}");
        assert_ne!(message["t"], "offer");
        numbers.push(message["seq"].as_i64().unwrap());
    }
    let begin = welcome["seq"].as_i64().unwrap() + 1;
    assert_eq!(numbers, (begin..=last).collect::<Vec<_>>(), "every number once, in order");
    assert!(numbers.len() >= 2);
}

#[tokio::test]
async fn a_resume_that_cannot_be_whole_says_reload() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let (phone, welcome) = Phone::signed_in(&edge, &staff, None).await;
    drop(phone);
    let epoch = welcome["epoch"].as_i64().unwrap();
    for resume in
        [json!({"epoch": epoch, "seq": 5}), json!({"epoch": epoch + 50, "seq": 0}), json!({"epoch": epoch, "seq": -1})]
    {
        let (_, welcome) = Phone::signed_in(&edge, &staff, Some(resume.clone())).await;
        assert_eq!(welcome["resumed"], false, "{resume}");
    }
}

/// For as long as it takes to read and send a message.
async fn read_often(edge: &Edge, who: &Person) {
    for _ in 0..10 {
        edge.app.record.outbox_seq(who.id()).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_not_acknowledged_is_sent_again_until_it_is() {
    let edge = Edge::new().await;
    run_tail(&edge);
    let (rider, one, two) = (edge.rider().await, edge.staff().await, edge.staff().await);
    let (mut phone, _) = Phone::signed_in(&edge, &one, None).await;
    let _timers = hold_timers();
    let trip = edge.trip(&rider).await;
    edge.place(trip, &[&one, &two]).await;
    let first = phone.hear_a("offer").await;
    for after_s in [1, 2, 4] {
        put_on(Duration::from_millis(1_000 * after_s - 100)).await;
        read_often(&edge, &one).await;
        assert_eq!(phone.come("offer"), Vec::<Value>::new(), "before it is time");
        put_on(Duration::from_millis(100)).await;
        let mut again = Vec::new();
        eventually("sent again", async || {
            again.extend(phone.come("offer"));
            !again.is_empty()
        })
        .await;
        assert_eq!((again.len(), &again[0]["seq"]), (1, &first["seq"]));
    }
    phone.say(&json!({"t": "ack", "seq": first["seq"]}));
    eventually("it is on the record", async || {
        // Acknowledgements are gathered for a moment.
        put_on(Duration::from_millis(50)).await;
        edge.app.record.outbox_seq(one.id()).await.unwrap().1 == first["seq"].as_i64().unwrap()
    })
    .await;
    for _ in 0..2 {
        // Longer than any wait for an acknowledgement.
        put_on(Duration::from_secs(8)).await;
        read_often(&edge, &one).await;
        assert_eq!(phone.come("offer"), Vec::<Value>::new(), "an acknowledged message came again");
    }
}

#[tokio::test]
async fn a_silent_phone_is_asked_and_then_closed_and_one_that_answers_is_not() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let (mut phone, _) = Phone::signed_in(&edge, &staff, None).await;
    // From here on, so that a slow machine's sign-in does not count.
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    phone.say(&json!({"t": "pong"}));
    assert_eq!(phone.hear().await["t"], "ping");
    phone.say(&json!({"t": "pong"}));
    assert_eq!(phone.hear().await["t"], "ping");
    assert!(begun.elapsed() + Duration::from_secs(1) >= 2 * session::HEARTBEAT);
    assert_eq!(phone.closed().await, Close::Silent.number());
    assert!(begun.elapsed() < 2 * session::HEARTBEAT + session::PONG_TIMEOUT + Duration::from_secs(1));
}

#[tokio::test]
async fn a_draining_server_closes_every_socket_with_restart() {
    let edge = Edge::new().await;
    let (staff, rider) = (edge.staff().await, edge.rider().await);
    let (mut one, _) = Phone::signed_in(&edge, &staff, None).await;
    let (mut two, _) = Phone::signed_in(&edge, &rider, None).await;
    tokio::time::pause();
    tokio::spawn(super::hub::drain(Arc::clone(&edge.app)));
    edge.app.drain.cancel();
    assert_eq!((one.closed().await, two.closed().await), (1012, 1012));
}

#[tokio::test]
async fn a_socket_that_says_hello_after_the_drain_has_passed_is_closed_too() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let signed_in = Arc::new(sign_in(&edge, &staff).await);
    let mut late = Phone::dial(&edge, Opening::SignedIn(signed_in));
    edge.app.drain.cancel();
    super::hub::drain(Arc::clone(&edge.app)).await;
    late.say(&json!({"t": "hello", "v": 1}));
    assert_eq!(late.closed().await, Close::Restart.number());
}

#[tokio::test]
async fn a_number_that_cannot_be_rendered_is_never_passed_over() {
    let edge = Edge::new().await;
    let staff = edge.staff().await;
    let (mut phone, welcome) = Phone::signed_in(&edge, &staff, None).await;
    let mailbox = edge.app.hub.phone(staff.id()).unwrap();
    edge.app.record.close().await;
    mailbox.push_row(OutboxRow {
        id: 1,
        recipient: staff.id(),
        seq: welcome["seq"].as_i64().unwrap() + 1,
        kind: OutboxKind::Trip,
        trip: Some(TripId(edge.app.env.uuid())),
        offer: None,
        incident: None,
        reason: None,
    });
    let closed = tokio::time::timeout(Duration::from_secs(60), phone.closed()).await;
    assert_eq!(closed.expect("closed, to come back to the same number"), Close::Restart.number());
}

#[tokio::test]
async fn a_console_gets_the_whole_picture_then_what_changes_numbered_without_a_gap() {
    let edge = Edge::new().await;
    run_tail(&edge);
    let (rider, one, two) = (edge.rider().await, edge.staff().await, edge.staff().await);
    let (at, _) = edge.places();
    let fix = |seq: u32| json!({"fixes": [{"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": seq}]});
    edge.call(Some(&one.token), "POST", "/v1/fixes", Some(fix(1))).await;
    tokio::spawn(super::feed::run(Arc::clone(&edge.app)));
    let centre = edge.centre().await;
    let (mut console, _) = Phone::signed_in(&edge, &centre, None).await;
    let whole = console.hear_a("map").await;
    assert_eq!((&whole["people"][0][0], &whole["people"][0][3]), (&json!(one.account.no), &json!(0)));
    let mut last = whole["n"].as_i64().unwrap();
    let trip = edge.trip(&rider).await;
    edge.place(trip, &[&one, &two]).await;
    edge.call(Some(&two.token), "POST", "/v1/fixes", Some(fix(1))).await;
    edge.call(Some(&rider.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await;
    let (mut offered, mut rang, mut moved) = (false, false, false);
    while !(offered && rang && moved) {
        let message = console.hear().await;
        assert_eq!(message["n"].as_i64(), Some(last + 1), "{message}");
        last += 1;
        let holds =
            |part: &str, test: &dyn Fn(&Value) -> bool| message[part].as_array().is_some_and(|a| a.iter().any(test));
        offered |= holds("trips", &|t| t["phase"] == "offered");
        rang |= holds("incidents", &|i| i["trip"] == trip.to_string());
        moved |= holds("people", &|p| p[0] == json!(two.account.no) && p[3] == 1);
        assert!(!message.to_string().contains("\"word\""));
    }
}

#[tokio::test]
async fn the_first_console_is_told_every_staff_row_whatever_it_had_read_before() {
    let edge = Edge::new().await;
    run_tail(&edge);
    // Nobody is connected: the feed sleeps through the beginning of this shift.
    tokio::spawn(super::feed::run(Arc::clone(&edge.app)));
    let (one, centre) = (edge.staff().await, edge.centre().await);
    edge.app.roster.refresh(&edge.app.record, edge.app.env.now()).await.unwrap();
    let (mut console, _) = Phone::signed_in(&edge, &centre, None).await;
    // While the record is slow it is told first that this is so.
    let told = loop {
        let message = console.hear_a("console").await;
        if message["staff"].is_array() {
            break message;
        }
    };
    assert!(told["staff"].as_array().unwrap().iter().any(|row| row["no"] == json!(one.account.no)), "{told}");
}

#[tokio::test]
async fn a_riders_phone_follows_its_crew_from_the_assignment_on() {
    let edge = Edge::new().await;
    run_tail(&edge);
    tokio::spawn(super::feed::run(Arc::clone(&edge.app)));
    let (rider, one, two) = (edge.rider().await, edge.staff().await, edge.staff().await);
    let (at, _) = edge.places();
    let fix = json!({"fixes": [{"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": 1}]});
    edge.call(Some(&one.token), "POST", "/v1/fixes", Some(fix)).await;
    let (mut phone, _) = Phone::signed_in(&edge, &rider, None).await;
    let trip = edge.trip(&rider).await;
    edge.place(trip, &[&one, &two]).await;
    edge.accept(&one).await;
    edge.accept(&two).await;
    let seen = phone.hear_a("crew_at").await;
    assert_eq!(seen["trip"], trip.to_string());
    assert_eq!(seen["crew"].as_array().unwrap().len(), 1, "only whose place is known");
    assert_eq!(seen["crew"][0]["no"], json!(one.account.no));
}

#[tokio::test]
async fn an_alarm_behind_a_flood_is_obeyed_before_the_socket_is_closed() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let (mut phone, _) = Phone::signed_in(&edge, &rider, None).await;
    for _ in 0..200 {
        phone.say(&json!({"t": "ack", "seq": 0}));
    }
    phone.say(&json!({"t": "sos", "id": "help"}));
    let result = phone.hear_a("result").await;
    assert_eq!((&result["id"], &result["ok"]), (&json!("help"), &json!(true)), "{result}");
    assert_eq!(phone.closed().await, Close::Flood.number());
    assert_eq!(edge.app.record.open_incidents().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_older_phone_that_posts_beside_an_open_socket_is_told_and_silences_it_not() {
    let edge = Edge::new().await;
    let old = edge.staff().await;
    let new = edge.person(old.account.clone()).await;
    let (here, there) = edge.places();
    let fix = |at: geo::Position, seq: u32| json!([{"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": seq}]);
    let (phone, welcome) = Phone::signed_in(&edge, &new, None).await;
    for seq in 1..5 {
        phone.say(&json!({"t": "fix", "fixes": fix(here, seq)}));
        let is_taken = || edge.app.sight.places.last_fix(new.id()).is_some_and(|last| last.seq == seq);
        let taken = async {
            while !is_taken() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), taken).await.expect("the socket's fix counts");
        let body = json!({"fixes": fix(there, 5_000 + seq)});
        let told = edge.call(Some(&old.token), "POST", "/v1/fixes", Some(body)).await;
        assert_eq!(told.body["verdicts"], json!(["replaced"]), "{}", told.text);
    }
    let last = edge.app.sight.places.last_fix(new.id()).unwrap();
    assert_eq!((last.position, json!(last.session_epoch)), (here, welcome["epoch"].clone()));
}

#[tokio::test]
async fn the_open_socket_of_an_earlier_sign_in_is_closed_when_a_later_one_counts_over_rest() {
    let edge = Edge::new().await;
    let old = edge.staff().await;
    let new = edge.person(old.account.clone()).await;
    let at = edge.places().0;
    let fixes = json!([{"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": 1}]);
    let (mut phone, _) = Phone::signed_in(&edge, &old, None).await;
    let told =
        edge.call(Some(&new.token), "POST", "/v1/fixes", Some(json!({"session": 1, "fixes": fixes.clone()}))).await;
    assert_eq!(told.body["verdicts"], json!(["ok"]), "{}", told.text);
    phone.say(&json!({"t": "fix", "fixes": fixes}));
    assert_eq!(phone.closed().await, Close::Replaced.number());
}

#[tokio::test]
async fn consoles_follow_the_device_of_an_alarm_at_most_once_a_second() {
    let edge = Edge::new().await;
    let (rider, centre) = (edge.rider().await, edge.centre().await);
    let (at, _) = edge.places();
    let fix = |seq: u64| json!({"fixes": [{"lat": at.lat(), "lon": at.lon(), "acc_m": seq, "kind": "gps", "age_ms": 0, "seq": seq}]});
    edge.call(Some(&rider.token), "POST", "/v1/sos", Some(json!({"trip": null}))).await;
    tokio::spawn(super::feed::run(Arc::clone(&edge.app)));
    let (mut console, _) = Phone::signed_in(&edge, &centre, None).await;
    let rang = console.hear_a("console").await;
    assert!(rang["incidents"][0]["live"].is_null(), "{rang}");
    for told in [2_u64, 4] {
        edge.clock.advance_s(1);
        for seq in [told - 1, told] {
            edge.call(Some(&rider.token), "POST", "/v1/fixes", Some(fix(seq))).await;
        }
        let live = loop {
            let message = console.hear_a("console").await;
            if let Some(incident) = message["incidents"].get(0) {
                break incident["live"].clone();
            }
        };
        // The clock stands: what came after the telling waits for the next second.
        assert!(live["acc_m"].as_f64().is_some_and(|seq| (told - 2..=told).contains(&(seq as u64))), "{live}");
    }
}

#[tokio::test]
async fn an_expired_token_ends_its_socket_even_while_the_phone_talks() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let (mut phone, _) = Phone::signed_in(&edge, &rider, None).await;
    edge.clock.advance_s(token_ttl_s(Role::Rider));
    phone.say(&json!({"t": "pong"}));
    assert_eq!(phone.closed().await, Close::Revoked.number());
}

#[tokio::test]
async fn a_socket_in_use_keeps_its_token_alive() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let (mut phone, _) = Phone::signed_in(&edge, &rider, None).await;
    for _ in 0..3 {
        edge.clock.advance_s(token_ttl_s(Role::Rider) - 60);
        phone.say(&json!({"t": "answer", "id": "a", "offer": edge.app.env.uuid(), "accept": true}));
        assert_eq!(phone.hear_a("result").await["code"], "forbidden_role");
    }
    assert!(sign_in(&edge, &rider).await.expires_at > edge.app.env.now());
}

#[tokio::test]
async fn what_a_phone_says_does_not_wait_for_its_token_to_be_made_to_last() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let (mut phone, _) = Phone::signed_in(&edge, &rider, None).await;
    edge.clock.advance_s(crate::record::RENEW_AFTER_S + 1);
    let held = edge.app.record.hold_writer().await;
    // Nor is a write given up meanwhile.
    let _timers = hold_timers();
    phone.say(&json!({"t": "answer", "id": "a", "offer": edge.app.env.uuid(), "accept": true}));
    let mut answered = Vec::new();
    eventually("an answer without a write", async || {
        answered.extend(phone.come("result"));
        !answered.is_empty()
    })
    .await;
    assert_eq!(answered[0]["code"], "forbidden_role");
    let before = sign_in(&edge, &rider).await.expires_at;
    drop(held);
    eventually("it is made to last", async || {
        put_on(Duration::from_millis(10)).await;
        sign_in(&edge, &rider).await.expires_at != before
    })
    .await;
}

#[tokio::test]
async fn a_console_that_fell_behind_always_sees_a_gap() {
    let edge = Edge::new().await;
    let centre = edge.centre().await;
    edge.staff().await;
    let signed_in = Arc::new(sign_in(&edge, &centre).await);
    let seat = edge.app.hub.join(&signed_in);
    tokio::spawn(super::feed::run(Arc::clone(&edge.app)));
    let n = |item: Item| match item {
        Item::Text(text) => serde_json::from_str::<Value>(&text).unwrap()["n"].as_i64().unwrap(),
        Item::Row(_) | Item::Lost(_) => panic!("a console has no rows"),
    };
    let next = async || loop {
        if let Some(item) = seat.mailbox().next() {
            break n(item);
        }
        seat.mailbox().changed().await;
    };
    let last = next().await;
    // One frame is dropped, as small a gap as there can be.
    seat.mailbox().push_frame(" ".repeat(QUEUE_BYTES_MAX + 1).into());
    edge.staff().await;
    let mut seen = last;
    let gap = loop {
        let number = next().await;
        if number != seen + 1 {
            break number;
        }
        seen = number;
    };
    assert_eq!(gap, 0);
}

/// Of the task that `run` is.
fn task_bytes<F, T>(_: F) -> usize
where
    F: FnOnce(Arc<crate::http::App>, axum::extract::ws::WebSocket, Opening) -> T,
{
    size_of::<T>()
}

/// Thousands of phones do nothing most of the time: what is seldom needed must not lie in every task.
#[test]
fn what_a_socket_keeps_while_it_waits_stays_small() {
    let bytes = task_bytes(session::run::<axum::extract::ws::WebSocket, axum::Error>);
    assert!(bytes <= 2_064, "{bytes} bytes");
}

#[tokio::test]
async fn a_console_says_what_its_screen_shows_and_nobody_else_does() {
    let edge = Edge::new().await;
    let (centre, staff) = (edge.centre().await, edge.staff().await);
    let (mut console, _) = Phone::signed_in(&edge, &centre, None).await;
    let (mut phone, _) = Phone::signed_in(&edge, &staff, None).await;
    let view = |east: f64, zoom: f64| json!({"t": "view", "id": "v", "west": 126.9, "south": 37.5, "east": east, "north": 37.6, "zoom": zoom});
    console.say(&view(127.0, 14.0));
    assert_eq!(console.hear().await, json!({"t": "result", "id": "v", "ok": true, "tier": "near"}));
    console.say(&view(127.0, 9.0));
    assert_eq!(console.hear().await["tier"], "far");
    console.say(&view(120.0, 9.0));
    assert_eq!(
        console.hear().await,
        json!({"t": "result", "id": "v", "ok": false, "code": "bad_field", "field": "east"})
    );
    phone.say(&view(127.0, 14.0));
    assert_eq!(phone.hear().await["code"], "forbidden_role");
}

#[tokio::test]
async fn an_alarm_that_was_on_its_way_when_the_server_drains_is_raised() {
    let edge = Edge::new().await;
    let rider = edge.rider().await;
    let (mut phone, _) = Phone::signed_in(&edge, &rider, None).await;
    edge.app.hub.phone(rider.id()).unwrap().close(Close::Restart);
    phone.say(&json!({"t": "sos", "id": "1"}));
    assert_eq!(phone.closed().await, Close::Restart.number());
    assert_eq!(edge.app.record.incidents_shown(edge.app.env.now().plus_s(-60)).await.unwrap().len(), 1);
}
