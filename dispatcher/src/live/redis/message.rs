//! Owns the bytes of one message of a tag's feed, big endian:
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 1 | version, 1; 2 where Redis could not keep the records |
//! | 1 | 8 | incarnation: a random number of the writer's life |
//! | 9 | 8 | number: counts the incarnation's messages on this tag |
//! | 17 | 45 each | entries: staff id (16), record (29, `packed`) |
//!
//! A message without entries is a heartbeat and carries the number of the last message that had some.

use super::packed;
use matcher::model::AccountId;
use uuid::Uuid;

const VERSION: u8 = 1;
/// In place of the version: a key of another's making kept the records out.
const NOT_KEPT: u8 = 2;
const HEAD: usize = 17;
const STAFF: usize = 16;
/// Bytes of one entry.
const ENTRY: usize = STAFF + packed::LEN;

/// Who wrote a message, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) incarnation: u64,
    pub(super) number: u64,
}

/// A message with room for its entries.
pub(super) fn begin(head: Head, entries: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + entries * ENTRY);
    out.push(VERSION);
    out.extend_from_slice(&head.incarnation.to_be_bytes());
    out.extend_from_slice(&head.number.to_be_bytes());
    out
}

/// Adds an entry.
pub(super) fn add(message: &mut Vec<u8>, staff: AccountId, record: &[u8; packed::LEN]) {
    message.extend_from_slice(staff.0.as_bytes());
    message.extend_from_slice(record);
}

/// Whether Redis has the records of a message.
pub(super) fn is_kept(message: &[u8]) -> bool {
    message.first() == Some(&VERSION)
}

/// Head and entries; `None` if it is no message.
pub(super) fn read(bytes: &[u8]) -> Option<(Head, impl ExactSizeIterator<Item = (AccountId, &[u8])>)> {
    let (head, entries) = bytes.split_at_checked(HEAD)?;
    if ![VERSION, NOT_KEPT].contains(&head[0]) || entries.len() % ENTRY != 0 {
        return None;
    }
    let number = |at: usize| head[at..at + 8].try_into().map(u64::from_be_bytes).ok();
    let head = Head { incarnation: number(1)?, number: number(9)? };
    let entries = entries.chunks_exact(ENTRY).map(|entry| {
        let (staff, record) = entry.split_at(STAFF);
        (AccountId(Uuid::from_slice(staff).unwrap_or_default()), record)
    });
    Some((head, entries))
}
