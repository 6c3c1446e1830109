//! Owns every key and channel in Redis, and which slot of a Cluster each is in. All of one tag (a cell of resolution 5, some 250 km²)
//! has one key, so that a city spreads over Cluster slots and a move within a neighbourhood writes one field of one key.
//!
//! With the prefix `dh:`
//!
//! | key | type | holds |
//! |---|---|---|
//! | `dh:tags` | set | tags that have a hash, six hex digits each: a reading needs no SCAN |
//! | `dh:word{dh:tags}` | hash | field `word`: a random word that tells this Redis from any other; beside the set of tags, on a Cluster too |
//! | `dh:{<tag>}` | hash | field: staff id, 16 bytes; value: a packed record (`packed`). Field `life`: a random word; gone or changed means that this hash has lost what was written |
//!
//! With a database other than 0, its number stands after the prefix (`dh:1:tags`). Channels (sharded) have the names of the keys: on a tag's go the messages of its feed (`message`), on `dh:tags` a new tag's digits.

use geo::cell::{Cell, Grid};
use std::fmt::Write as _;

/// Field of a tag's hash that is no member.
pub(super) const LIFE: &str = "life";
/// Field of the hash that tells this Redis from any other.
pub(super) const WORD: &str = "word";
/// Slots of a Cluster.
pub(super) const SLOTS: u16 = 16_384;
/// Bits of an H3 index below the digits of resolution 5: the unused digits, all ones.
const UNUSED: u64 = (1 << 30) - 1;
/// Base cell (7 bits) and five digits of three bits.
const TAG_BITS: u64 = (1 << 22) - 1;
/// What an H3 index of resolution 5 begins with: mode 1, resolution 5.
const TAG_HEAD: u64 = (1 << 59) | (5 << 52);

/// Builds keys under one prefix.
#[derive(Clone, Debug)]
pub(in crate::live) struct Keys {
    prefix: String,
}

impl Keys {
    pub(in crate::live) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    pub(super) fn tags(&self) -> String {
        format!("{}tags", self.prefix)
    }

    /// In the slot of [`Self::tags`].
    pub(super) fn word(&self) -> String {
        format!("{0}word{{{0}tags}}", self.prefix)
    }

    /// What the keys of tags look like, for `SCAN`.
    pub(super) fn tag_pattern(&self) -> String {
        format!("{}{{*}}", self.prefix)
    }

    pub(in crate::live) fn tag(&self, tag: Cell) -> String {
        let mut key = String::with_capacity(self.prefix.len() + 8);
        // Writing to a string cannot fail.
        let _ = write!(key, "{}{{{}}}", self.prefix, digits(tag));
        key
    }

    /// The tag of a channel or key; `None` for any other.
    pub(super) fn tag_of_channel(&self, channel: &[u8]) -> Option<Cell> {
        let rest = channel.strip_prefix(self.prefix.as_bytes())?;
        parse(rest.strip_prefix(b"{")?.strip_suffix(b"}")?)
    }
}

/// The tag that a cell is kept under.
pub(super) fn tag_of(cell: Cell) -> Cell {
    cell.parent(Grid::Tag)
}

/// Six hex digits: what tells one tag from the others in its H3 index.
pub(super) fn digits(tag: Cell) -> String {
    format!("{:06x}", (tag.to_u64() >> 30) & TAG_BITS)
}

/// From six hex digits; `None` if they are no tag.
pub(super) fn parse(digits: &[u8]) -> Option<Cell> {
    // The number parser would take a sign.
    if digits.len() != 6 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let bits = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    (bits <= TAG_BITS).then_some(())?;
    Cell::from_u64(TAG_HEAD | (bits << 30) | UNUSED)
}

/// The Cluster slot of a key: CRC16 (XMODEM) of what is in its first braces, else of all of it.
pub(super) fn slot(key: &str) -> u16 {
    let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(tag, _)| tag);
    let hashed = if tag.is_empty() { key } else { tag };
    let crc = hashed.bytes().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::Position;

    #[test]
    fn a_tag_reads_back_from_its_digits() {
        for (lat, lon) in [(37.5, 127.0), (-33.9, 18.4), (64.1, -21.9), (0.0, 0.0)] {
            let tag = Cell::of(Position::new(lat, lon).unwrap(), Grid::Tag);
            assert_eq!(parse(digits(tag).as_bytes()), Some(tag));
            let keys = Keys::new("dh:");
            assert_eq!(keys.tag_of_channel(keys.tag(tag).as_bytes()), Some(tag));
        }
        for wrong in ["", "+12345", "7fffff", "3fffff", "1234567", "dh:{12345}"] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn the_word_of_a_redis_is_where_its_set_of_tags_is_and_is_no_tag() {
        for keys in [Keys::new("dh:"), Keys::new("dh:1:")] {
            assert_eq!(slot(&keys.word()), slot(&keys.tags()));
            assert_eq!(keys.tag_of_channel(keys.word().as_bytes()), None);
        }
    }

    #[test]
    fn slots_are_those_of_the_cluster_specification() {
        // CRC16 of "123456789" is 0x31c3 there; the others as Redis answers CLUSTER KEYSLOT.
        for (key, expected) in [("123456789", 0x31c3 % SLOTS), ("foo", 12_182), ("dh:{foo}", 12_182), ("{}foo", 9_500)]
        {
            assert_eq!(slot(key), expected, "{key}");
        }
    }
}
