//! Facts about messages, close codes, origins, tickets and mailboxes.

use super::close::Close;
use super::mailbox::{Item, Mailbox, QUEUE_BYTES_MAX};
use super::message::{ClientMessage, Misfit, Resume};
use super::upgrade::is_allowed;
use crate::http::access::TABLE;
use crate::http::problem::Code;
use crate::record::{OutboxKind, OutboxRow};
use matcher::model::{AccountId, TripId};
use std::collections::BTreeSet;
use uuid::Uuid;

#[test]
fn the_protocols_messages_are_understood() {
    let id = "018f0000-0000-7000-8000-000000000000";
    let resume = ClientMessage::parse(r#"{"t":"hello","v":1,"ticket":"x","resume":{"epoch":7,"seq":41}}"#);
    let Ok(ClientMessage::Hello { resume: Some(resume), .. }) = resume else { panic!("not a hello") };
    assert_eq!(resume, Resume { epoch: 7, seq: 41 });
    for text in [
        r#"{"t":"hello","v":1}"#.to_owned(),
        r#"{"t":"ack","seq":42}"#.to_owned(),
        r#"{"t":"pong"}"#.to_owned(),
        r#"{"t":"fix","fixes":[{"lat":1.0,"lon":2.0,"acc_m":12,"kind":"gps","age_ms":300,"seq":17}]}"#.to_owned(),
        r#"{"fixes":[{"acc_m":12,"age_ms":300,"kind":"gps","lat":1.0,"lon":2.0,"seq":17}],"t":"fix"}"#.to_owned(),
        format!(r#"{{"t":"answer","id":"a","offer":"{id}","accept":true}}"#),
        format!(r#"{{"t":"status","id":"a","trip":"{id}","to":"en_route"}}"#),
        format!(r#"{{"t":"drop_out","id":"a","trip":"{id}"}}"#),
        format!(r#"{{"t":"sos","id":"a","trip":"{id}"}}"#),
        r#"{"t":"sos","id":"a"}"#.to_owned(),
        r#"{"t":"view","id":"a","west":126.9,"south":37.5,"east":127,"north":37.6,"zoom":12.5}"#.to_owned(),
    ] {
        assert!(ClientMessage::parse(&text).is_ok(), "{text}");
    }
}

const PROTOCOL: &str = include_str!("../../../docs/PROTOCOL.md");

/// The lines of the page's block of one side.
fn examples(side: &str) -> Vec<&'static str> {
    let (_, rest) = PROTOCOL.split_once(&format!("```json {side}\n")).expect("the page has the block");
    let (block, _) = rest.split_once("\n```").expect("the block ends");
    block.lines().collect()
}

#[test]
fn the_pages_examples_are_what_a_client_may_say_one_of_each() {
    let words: Vec<&str> =
        examples("client").into_iter().map(|text| ClientMessage::parse(text).expect(text).word()).collect();
    assert_eq!(words, ["hello", "ack", "pong", "fix", "answer", "status", "drop_out", "sos", "view"]);
}

#[test]
fn the_page_names_every_close_code_problem_and_route() {
    for close in Close::ALL {
        let row = format!("| {} | `{}` |", close.number(), close.word());
        assert!(PROTOCOL.contains(&row), "{row}");
    }
    for code in Code::ALL {
        assert!(PROTOCOL.contains(&format!("`{}`", code.word())), "{}", code.word());
    }
    for (method, route, _) in TABLE {
        assert!(PROTOCOL.contains(&format!("`{method} {route}")), "{method} {route}");
    }
}

#[test]
fn what_is_foreign_or_wrong_in_what_keeps_the_socket_cannot_be_answered() {
    for text in [
        "",
        "{",
        "[]",
        r#"{"t":"unknown"}"#,
        r#"{"t":"unknown","id":"a"}"#,
        r#"{"seq":1}"#,
        r#"{"t":"ack"}"#,
        r#"{"t":"ack","seq":1.5}"#,
        r#"{"t":"ack","seq":1,"more":2}"#,
        r#"{"t":"pong","more":2}"#,
        r#"{"t":"hello","v":1,"resume":{"epoch":7,"seq":41,"x":1}}"#,
        r#"["sos","a",null]"#,
        r#"{"t":["sos"],"id":"a"}"#,
        r#"{"t":"hello","v":1,"resume":[7,41]}"#,
        r#"{"t":"ack","seq":1,"seq":2}"#,
        r#"{"t":"ack","seq":1,"t":"ack"}"#,
        r#"{"t":"sos","id":"a","id":"b"}"#,
    ] {
        assert_eq!(ClientMessage::parse(text).unwrap_err(), Misfit::Foreign, "{text}");
    }
}

#[test]
fn a_command_that_does_not_fit_names_its_field() {
    let id = "018f0000-0000-7000-8000-000000000000";
    let long = format!(r#"{{"t":"sos","id":"{}"}}"#, "x".repeat(37));
    for (text, word, known, field) in [
        (r#"{"t":"sos"}"#, "sos", None, "id"),
        (r#"{"t":"sos","id":""}"#, "sos", None, "id"),
        (r#"{"t":"sos","id":7}"#, "sos", None, "id"),
        (&long, "sos", None, "id"),
        (r#"{"t":"sos","id":"a","trip":"mark-9"}"#, "sos", Some("a"), "trip"),
        // A name of the client's own is not sent back.
        (r#"{"t":"sos","id":"a","mark9":1}"#, "sos", Some("a"), ""),
        (r#"{"t":"view","id":"a","west":126.9,"south":37.5,"east":127,"north":37.6}"#, "view", Some("a"), "zoom"),
        (
            r#"{"t":"view","id":"a","west":"1","south":37.5,"east":127,"north":37.6,"zoom":12}"#,
            "view",
            Some("a"),
            "west",
        ),
        (r#"{"t":"answer","id":"a","offer":"not-an-id","accept":true}"#, "answer", Some("a"), "offer"),
        (&format!(r#"{{"t":"answer","id":"a","offer":"{id}","accept":"yes"}}"#), "answer", Some("a"), "accept"),
        (&format!(r#"{{"t":"status","id":"a","trip":"{id}"}}"#), "status", Some("a"), "to"),
        (r#"{"t":"drop_out","id":"a"}"#, "drop_out", Some("a"), "trip"),
        (r#"{"t":"fix","fixes":[[1.0,2.0,12,"gps",300,17]]}"#, "fix", None, "fixes[0]"),
        (r#"{"t":"fix","fixes":{"0":1}}"#, "fix", None, "fixes"),
        (r#"{"fixes":{"0":1},"t":"fix"}"#, "fix", None, "fixes"),
        (r#"{"fixes":[],"x":"","t":"fix"}"#, "fix", None, ""),
        (
            r#"{"t":"fix","fixes":[{"lat":1.0,"lon":2.0,"acc_m":12,"kind":"radar","age_ms":300,"seq":17}]}"#,
            "fix",
            None,
            "fixes[0].kind",
        ),
        (
            r#"{"t":"fix","fixes":[{"lat":1.0,"lon":2.0,"acc_m":12,"kind":"gps","age_ms":300}]}"#,
            "fix",
            None,
            "fixes[0].seq",
        ),
    ] {
        let expected = Misfit::Field { word, id: known.map(str::to_owned), field: field.to_owned() };
        assert_eq!(ClientMessage::parse(text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn close_codes_are_distinct_and_say_whether_to_come_back() {
    let numbers: BTreeSet<u16> = Close::ALL.iter().map(|c| c.number()).collect();
    assert_eq!(numbers.len(), Close::ALL.len());
    for close in Close::ALL {
        let back = matches!(close, Close::HelloTimeout | Close::Slow | Close::Silent | Close::Flood | Close::Restart);
        assert_eq!(close.reconnects(), back, "{}", close.word());
    }
}

#[test]
fn a_page_comes_from_the_same_host_or_from_the_list() {
    let listed = ["https://dispatch.example".to_owned()];
    assert!(is_allowed("https://host:8443", "host:8443", &[]));
    assert!(is_allowed("http://127.0.0.1:8080", "127.0.0.1:8080", &[]));
    assert!(is_allowed("https://dispatch.example", "inner:1", &listed));
    for origin in ["https://evil.example", "null", "", "https://host", "https://host:8443.evil.example", "host:8443"] {
        assert!(!is_allowed(origin, "host:8443", &listed), "{origin}");
    }
    assert!(!is_allowed("https://", "", &[]));
}

fn row(seq: i64) -> OutboxRow {
    OutboxRow {
        id: seq,
        recipient: AccountId(Uuid::nil()),
        seq,
        kind: OutboxKind::Trip,
        trip: None,
        offer: None,
        incident: None,
        reason: None,
    }
}

fn texts(mailbox: &Mailbox) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(item) = mailbox.next() {
        all.push(match item {
            Item::Row(row) => format!("row {}", row.seq),
            Item::Lost(seq) => format!("lost {seq}"),
            Item::Text(text) => text.to_string(),
        });
    }
    all
}

#[test]
fn numbered_messages_go_first_and_the_latest_position_wins() {
    let mailbox = Mailbox::default();
    let trip = TripId(Uuid::nil());
    mailbox.put_latest(trip, "old".into());
    mailbox.push_frame("frame".into());
    mailbox.put_latest(trip, "new".into());
    mailbox.push_row(row(1));
    assert_eq!(texts(&mailbox), ["row 1", "frame", "new"]);
}

#[tokio::test]
async fn a_full_queue_drops_frames_that_can_be_made_again_but_closes_on_numbered_messages() {
    let mailbox = Mailbox::default();
    let frame = "x".repeat(QUEUE_BYTES_MAX / 4);
    for _ in 0..5 {
        mailbox.push_frame(frame.clone().into());
    }
    assert!(mailbox.take_behind() && !mailbox.take_behind());
    assert!(texts(&mailbox).is_empty(), "a picture with holes is not sent");
    (1..1_000).for_each(|seq| mailbox.push_row(row(seq)));
    assert_eq!(mailbox.closed().await, Close::Slow);
}

#[tokio::test]
async fn the_first_reason_to_close_stays() {
    let mailbox = Mailbox::default();
    mailbox.close(Close::Revoked);
    mailbox.close(Close::Restart);
    assert_eq!(mailbox.closed().await, Close::Revoked);
}
