//! Owns what waits to be written to one socket: numbered rows (never dropped), frames of the live picture, and the latest crew
//! positions (newest wins). Bounded: a socket whose queue would pass the limit loses frames that can be made again, or is
//! closed. A whole picture stands outside the limit, one at a time: it is what makes a socket that lost frames whole again.

use super::close::Close;
use crate::record::{OutboxKind, OutboxRow};
use axum::extract::ws::Utf8Bytes;
use matcher::model::TripId;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Most bytes waiting for one socket.
pub const QUEUE_BYTES_MAX: usize = 64 * 1024;
/// What a row counts for while it waits: it is rendered when it is sent.
const ROW_BYTES: usize = 512;

#[derive(Default)]
struct Waiting {
    /// What is numbered, and what of it cannot be read.
    rows: VecDeque<Item>,
    /// Says that frames were lost, before anything that follows them.
    gap: Option<Utf8Bytes>,
    whole: VecDeque<Utf8Bytes>,
    frames: VecDeque<Frame>,
    latest: BTreeMap<TripId, Utf8Bytes>,
    /// Of all but the whole picture.
    bytes: usize,
}

struct Frame {
    text: Utf8Bytes,
    /// Of what a screen shows, and no more once it shows something else.
    of_screen: bool,
}

impl Waiting {
    fn drop_frames(&mut self, is_dropped: impl Fn(&Frame) -> bool) {
        let mut dropped = 0;
        self.frames.retain(|frame| {
            let stays = !is_dropped(frame);
            dropped += if stays { 0 } else { frame.text.len() };
            stays
        });
        self.bytes -= dropped;
    }

    fn drop_latest(&mut self, trip: TripId) {
        let dropped = self.latest.remove(&trip).map_or(0, |text| text.len());
        self.bytes -= dropped;
    }
}

/// What is to be sent next.
#[derive(Debug)]
pub enum Item {
    /// A numbered message, to be rendered.
    Row(OutboxRow),
    /// The number of one that cannot be read.
    Lost(i64),
    /// Ready to be sent.
    Text(Utf8Bytes),
}

/// One socket's queue.
#[derive(Default)]
pub struct Mailbox {
    waiting: Mutex<Waiting>,
    wake: Notify,
    close: OnceLock<Close>,
    closing: CancellationToken,
    behind: AtomicBool,
}

impl Mailbox {
    /// A numbered message. A full queue closes the socket: nothing numbered is dropped. What tells of a change to a trip, its end
    /// for this phone among them, takes with it where the crew was before.
    pub fn push_row(&self, row: OutboxRow) {
        self.push_numbered(Item::Row(row));
    }

    /// The number of a message that cannot be read, in its turn.
    pub fn push_lost(&self, seq: i64) {
        self.push_numbered(Item::Lost(seq));
    }

    fn push_numbered(&self, item: Item) {
        let fits = self.with(|w| {
            if let Item::Row(OutboxRow { kind: OutboxKind::Trip | OutboxKind::TripGone, trip: Some(trip), .. }) = item {
                w.drop_latest(trip);
            }
            w.bytes += ROW_BYTES;
            w.rows.push_back(item);
            w.bytes <= QUEUE_BYTES_MAX
        });
        if fits { self.wake.notify_one() } else { self.close(Close::Slow) }
    }

    /// A frame of the live picture. When the queue is full, all waiting frames are dropped and the socket is marked as behind:
    /// the feed then sends it a whole picture, and the jump in `n` tells the client.
    pub fn push_frame(&self, text: Utf8Bytes) {
        self.push(Frame { text, of_screen: false });
    }

    /// A frame of what a screen shows; else as any other.
    pub fn push_screen(&self, text: Utf8Bytes) {
        self.push(Frame { text, of_screen: true });
    }

    fn push(&self, frame: Frame) {
        let full = self.with(|w| {
            if w.bytes + frame.text.len() > QUEUE_BYTES_MAX {
                w.drop_frames(|_| true);
                return true;
            }
            w.bytes += frame.text.len();
            w.frames.push_back(frame);
            false
        });
        if full {
            self.behind.store(true, Ordering::Release);
        }
        self.wake.notify_one();
    }

    /// A whole picture, which replaces the frames still waiting and may itself be larger than the queue. Frames that come after it
    /// never push it out: a picture that takes longer to send than the next frames to come would never arrive.
    pub fn push_whole(&self, frames: &[Utf8Bytes]) {
        self.with(|w| {
            w.drop_frames(|_| true);
            w.whole = frames.iter().cloned().collect();
        });
        self.wake.notify_one();
    }

    /// A whole picture of what a screen shows now: as [`Self::push_whole`], but of the frames waiting it replaces only those of
    /// what the screen showed before.
    pub fn push_whole_screen(&self, frames: &[Utf8Bytes]) {
        self.with(|w| {
            w.drop_frames(|frame| frame.of_screen);
            w.whole = frames.iter().cloned().collect();
        });
        self.wake.notify_one();
    }

    /// Says before all that follows that frames were lost.
    pub fn push_gap(&self, text: Utf8Bytes) {
        self.with(|w| w.gap = Some(text));
        self.wake.notify_one();
    }

    /// Crew positions of a trip; replaces those still waiting.
    pub fn put_latest(&self, trip: TripId, text: Utf8Bytes) {
        self.with(|w| {
            let before = w.latest.get(&trip).map_or(0, |t| t.len());
            if w.bytes - before + text.len() <= QUEUE_BYTES_MAX {
                w.bytes = w.bytes - before + text.len();
                w.latest.insert(trip, text);
            }
        });
        self.wake.notify_one();
    }

    /// The next to send: numbered messages first.
    pub fn next(&self) -> Option<Item> {
        self.with(|w| {
            if let Some(row) = w.rows.pop_front() {
                w.bytes -= ROW_BYTES;
                return Some(row);
            }
            if let Some(text) = w.gap.take().or_else(|| w.whole.pop_front()) {
                return Some(Item::Text(text));
            }
            let frame = w.frames.pop_front().map(|frame| frame.text);
            let text = frame.or_else(|| w.latest.pop_first().map(|(_, text)| text))?;
            w.bytes -= text.len();
            Some(Item::Text(text))
        })
    }

    /// Waits until something may be there. Wakes at once if something came since the last wait.
    pub async fn changed(&self) {
        self.wake.notified().await;
    }

    /// Asks the session to close; the first reason stays.
    pub fn close(&self, why: Close) {
        let _ = self.close.set(why);
        self.closing.cancel();
        self.wake.notify_one();
    }

    /// The reason to close, if there is one; [`Self::changed`] wakes for it too.
    pub fn why_close(&self) -> Option<Close> {
        self.close.get().copied()
    }

    /// Waits for a reason to close.
    pub async fn closed(&self) -> Close {
        self.closing.cancelled().await;
        *self.close.get().expect("the reason is set before the token is cancelled")
    }

    /// Whether a whole picture is due: frames were dropped since the last call, and none is still waiting to be sent.
    pub fn take_behind(&self) -> bool {
        self.with(|w| w.whole.is_empty()) && self.behind.swap(false, Ordering::AcqRel)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Waiting) -> T) -> T {
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
