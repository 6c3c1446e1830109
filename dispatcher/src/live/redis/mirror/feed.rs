//! Owns what the mirror hears: messages of the feeds, new tags, what is no longer listened to; and whether something was missed.
//! Reads no hash: it says which has to be read.

use super::super::books::Told;
use super::super::keys::parse;
use super::super::message::{self, Head};
use super::super::nodes::{Name, error};
use super::super::packed::unpack;
use super::{Mirror, PUSHES_MAX, Pushed};
use crate::telemetry;
use ::redis::{PushKind, Value};
use geo::cell::Cell;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// Since a reading, after which a writer's first message with a high number is one of several that were missed.
const FIRST_HEARD_AFTER: Duration = Duration::from_secs(3);

impl Mirror {
    /// Takes all messages that wait.
    pub(super) fn take_waiting(&mut self) {
        // As many as there is room for: those that come meanwhile have their turn later.
        for _ in 0..PUSHES_MAX {
            let Ok(pushed) = self.pushes.try_recv() else { break };
            self.take(pushed);
        }
        if self.overrun.swap(false, Ordering::AcqRel) {
            metrics::counter!(telemetry::LIVE_FEED_GAPS).increment(1);
            self.wanted.extend(self.listening.keys());
        }
    }

    pub(super) fn take(&mut self, (name, number, push): Pushed) {
        let bytes = |value: Option<&Value>| match value {
            Some(Value::BulkString(bytes)) => bytes.clone(),
            _ => Vec::new(),
        };
        match push.kind {
            PushKind::SMessage => {
                let (channel, payload) = (bytes(push.data.first()), bytes(push.data.get(1)));
                self.take_message(&name, &channel, &payload);
            }
            PushKind::Disconnection => self.lose(&name, number, error("a connection was lost")),
            // The slot has gone to another server.
            PushKind::SUnsubscribe => {
                let tag = self.keys.tag_of_channel(&bytes(push.data.first()));
                match tag {
                    Some(tag) => drop(self.listening.remove(&tag)),
                    None => self.listening_for_tags = None,
                }
                if let Some(given_up) = self.visiting.get_mut(&name) {
                    given_up.insert(tag);
                }
                self.nodes.look_again();
                self.is_behind = true;
            }
            _ => {}
        }
    }

    fn take_message(&mut self, name: &Name, channel: &[u8], payload: &[u8]) {
        let Some(tag) = self.keys.tag_of_channel(channel) else {
            if let Some(tag) = parse(payload).filter(|tag| !self.listening.contains_key(tag)) {
                self.named.insert(tag);
                self.is_behind = true;
            }
            return;
        };
        let Some((head, entries)) = message::read(payload) else {
            metrics::counter!(telemetry::LIVE_REDIS_SKIPPED).increment(1);
            return;
        };
        if head.incarnation == self.own {
            return;
        }
        let count = entries.len();
        if self.misses(tag, head, count == 0) {
            metrics::counter!(telemetry::LIVE_FEED_GAPS).increment(1);
            self.wanted.insert(tag);
        }
        let Some(ahead_ms) = self.nodes.open().find(|node| node.name == *name).map(|node| node.ahead_ms) else {
            // Of a connection that is given up: on what clock its times are is not known any more.
            self.wanted.insert(tag);
            return;
        };
        let told = entries.filter_map(|(staff, record)| Some((staff, unpack(staff, record, ahead_ms)?)));
        self.books.take(tag, told, Told::Heard { is_kept: message::is_kept(payload) });
        metrics::counter!(telemetry::LIVE_FEED_ENTRIES).increment(count as u64);
    }

    /// Whether something before this message was missed.
    fn misses(&mut self, tag: Cell, head: Head, is_beat: bool) -> bool {
        let before = head.number - u64::from(!is_beat && head.number > 0);
        let since_read = self.read_at.get(&tag).map_or(Duration::ZERO, Instant::elapsed);
        let known = self.heard.get(&(tag, head.incarnation)).map(|&(number, _)| number);
        let number = known.map_or(head.number, |known| known.max(head.number));
        self.heard.insert((tag, head.incarnation), (number, Instant::now()));
        match known {
            Some(known) => before > known,
            None => before > 0 && since_read >= FIRST_HEARD_AFTER,
        }
    }
}
