//! Facts about what waits for a socket: what replaces what, and what is never dropped.

use super::mailbox::{Item, Mailbox, QUEUE_BYTES_MAX};
use crate::record::{OutboxKind, OutboxRow};
use axum::extract::ws::Utf8Bytes;
use matcher::model::{AccountId, TripId};
use uuid::Uuid;

fn frame(letter: &str, bytes: usize) -> Utf8Bytes {
    letter.repeat(bytes).into()
}

/// First letters of the frames in the order in which they would be sent.
fn sent(mailbox: &Mailbox) -> String {
    let items = std::iter::from_fn(|| mailbox.next());
    items.map(|item| if let Item::Text(text) = item { text[..1].to_owned() } else { "#".to_owned() }).collect()
}

#[test]
fn a_whole_picture_larger_than_the_queue_arrives_whatever_comes_after_it() {
    let mailbox = Mailbox::default();
    mailbox.push_frame(frame("a", 10));
    let whole: Vec<_> = (0..5).map(|_| frame("w", 15 * 1024)).collect();
    assert!(whole.iter().map(|f| f.len()).sum::<usize>() > QUEUE_BYTES_MAX);
    mailbox.push_whole(&whole);
    mailbox.push_frame(frame("b", 10));
    assert!(!mailbox.take_behind());
    mailbox.push_frame(frame("c", QUEUE_BYTES_MAX));
    assert!(!mailbox.take_behind(), "the next picture waits until this one has gone");
    mailbox.push_frame(frame("d", 10));
    assert_eq!(sent(&mailbox), "wwwwwd");
    assert!(mailbox.take_behind(), "what was dropped is made good then");
    assert!(!mailbox.take_behind());
}

#[test]
fn a_trip_that_changes_takes_its_crew_positions_with_it() {
    let (trip, other) = (TripId(Uuid::from_u128(1)), TripId(Uuid::from_u128(2)));
    for (kind, left) in [(OutboxKind::TripGone, "#o"), (OutboxKind::Trip, "#o"), (OutboxKind::Partner, "#po")] {
        let mailbox = Mailbox::default();
        mailbox.put_latest(trip, frame("p", 10));
        mailbox.put_latest(other, frame("o", 10));
        let recipient = AccountId(Uuid::from_u128(3));
        let row =
            OutboxRow { id: 1, recipient, seq: 1, kind, trip: Some(trip), offer: None, incident: None, reason: None };
        mailbox.push_row(row);
        assert_eq!(sent(&mailbox), left, "{kind:?}");
    }
}

#[test]
fn a_new_screen_replaces_what_the_old_one_showed_and_nothing_else() {
    let mailbox = Mailbox::default();
    mailbox.push_frame(frame("c", 10));
    mailbox.push_screen(frame("o", 10));
    mailbox.push_whole_screen(&[frame("w", 10)]);
    mailbox.push_screen(frame("n", 10));
    assert_eq!(sent(&mailbox), "wcn");
}

#[test]
fn a_gap_is_told_before_all_and_no_later_picture_hides_it() {
    let mailbox = Mailbox::default();
    mailbox.push_gap(frame("g", 10));
    mailbox.push_whole_screen(&[frame("v", 10)]);
    mailbox.push_whole_screen(&[frame("w", 10)]);
    assert_eq!(sent(&mailbox), "gw");
}
