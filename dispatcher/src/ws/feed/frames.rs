//! Owns how what a console is told is packed into frames: numbered, and each below a size that passes everywhere.

use crate::ws::screen::Tier;
use axum::extract::ws::Utf8Bytes;
use serde::Serialize;
use std::fmt::Write as _;
use std::sync::Arc;

/// Largest frame, bytes, with room for its head.
pub(super) const FRAME_BYTES_MAX: usize = 15 * 1024;
/// The first number of an audience's frames: a whole picture is numbered backwards from where the frames stand.
pub(super) const FIRST_N: i64 = 100_000;
/// A list in a frame, and its items.
pub(super) type Part<'a> = (&'static str, &'a [Arc<str>]);

/// How a frame begins.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) t: &'static str,
    /// Of what a screen shows.
    pub(super) tier: Option<Tier>,
    /// The first frame says that all that was told before is to be forgotten, and is sent even if there is nothing to tell.
    pub(super) whole: bool,
}

impl Head {
    pub(super) const fn of(t: &'static str) -> Self {
        Self { t, tier: None, whole: false }
    }
}

pub(super) fn text(body: &impl Serialize) -> Arc<str> {
    serde_json::to_string(body).expect("views serialise").into()
}

/// Packs the items into frames below the limit, each with every part and the next number. No items, no frame, unless the head
/// says that all before is to be forgotten.
pub(super) fn frames(head: Head, parts: &[Part<'_>], number: &mut i64) -> Vec<Utf8Bytes> {
    let mut items =
        parts.iter().enumerate().flat_map(|(nth, (_, items))| items.iter().map(move |i| (nth, i))).peekable();
    let mut made = Vec::new();
    while items.peek().is_some() || (head.whole && made.is_empty()) {
        let mut lists = vec![String::new(); parts.len()];
        let mut bytes = 0;
        while let Some((nth, item)) = items.next_if(|(_, item)| bytes == 0 || bytes + item.len() < FRAME_BYTES_MAX) {
            if !lists[nth].is_empty() {
                lists[nth].push(',');
            }
            lists[nth].push_str(item);
            bytes += item.len() + 1;
        }
        *number += 1;
        let mut frame = format!(r#"{{"t":"{}","n":{number}"#, head.t);
        if let Some(tier) = head.tier {
            let whole = head.whole && made.is_empty();
            let _ = write!(frame, r#","tier":"{}","whole":{whole}"#, tier.word());
        }
        for ((name, _), list) in parts.iter().zip(&lists) {
            let _ = write!(frame, r#","{name}":[{list}]"#);
        }
        frame.push('}');
        made.push(frame.into());
    }
    made
}
