//! Owns the task that hears what all nodes write: listens to every tag's feed, reads a tag's hash when it is new, when something
//! was missed and every few minutes, and takes the silent out of it. Writes no position.
//!
//! Records are taken by their order alone and a member gone leaves an order behind, so it does not matter whether a record comes
//! first from the feed or from the hash: listening begins before reading, and nothing has to wait for its end.

use super::super::index::Standing;
use super::books::{Books, Told};
use super::keys::{Keys, LIFE, parse, slot};
use super::link::ask;
use super::message::{self, Head};
use super::nodes::{Name, Node, Nodes, OnPush, error};
use super::packed::unpack;
use super::queue::Side;
use crate::telemetry;
use ::redis::{PushInfo, PushKind, RedisError, RedisResult, Value};
use geo::cell::Cell;
use matcher::model::AccountId;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Messages that wait to be taken, at most some 90 MB; when there are more, all tags are read again.
const PUSHES_MAX: usize = 4_096;
/// Fields asked for at a time.
const PAGE: usize = 1_000;
/// How often the set of tags is looked at and connections are tried out.
const BEAT: Duration = Duration::from_secs(1);
/// Between two attempts while a server is away.
const RETRY: Duration = Duration::from_millis(100);
/// Every tag is read again so often: finds the silent, and what a dead node left behind.
pub(in crate::live) const READ_EVERY: Duration = Duration::from_secs(300);
/// A tag in whose feed something was missed is not read again sooner.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(250);
/// Since a reading, after which a writer's first message with a high number is one of several that were missed.
const FIRST_HEARD_AFTER: Duration = Duration::from_secs(3);
/// Of a writer not heard for so long, the number is forgotten.
const HEARD_FOR: Duration = Duration::from_secs(600);

/// A pushed message: from which server, over which connection.
type Pushed = (Name, u64, PushInfo);

/// What a reading found.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// Valid records.
    records: usize,
    /// Fields that are not ours or not valid.
    skipped: usize,
    /// Records older than the silent are kept, deleted.
    swept: usize,
}

/// The mirror's side of the connections.
pub(super) struct Mirror {
    nodes: Nodes,
    keys: Keys,
    books: Arc<Books>,
    /// Of this node's writer: what it says is known here.
    own: u64,
    pushes: mpsc::Receiver<Pushed>,
    /// Set where a message found no room.
    overrun: Arc<AtomicBool>,
    /// Connections that channels are listened to on, and when each tag was last read to the end.
    listening: HashMap<Cell, (Name, u64)>,
    listening_for_tags: Option<(Name, u64)>,
    read_at: HashMap<Cell, Instant>,
    /// Last number heard of each writer on each tag.
    heard: HashMap<(Cell, u64), (u64, Instant)>,
    /// Tags to read.
    wanted: BTreeSet<Cell>,
    /// Something is not listened to that should be.
    is_deaf: bool,
    read_every: Duration,
}

impl Mirror {
    pub(super) fn new(
        nodes: impl FnOnce(OnPush) -> Nodes,
        keys: Keys,
        books: Arc<Books>,
        own: u64,
        read_every: Duration,
    ) -> Self {
        let (sender, pushes) = mpsc::channel(PUSHES_MAX);
        let overrun = Arc::new(AtomicBool::new(false));
        let full = Arc::clone(&overrun);
        let on_push: OnPush = Arc::new(move |name, number, push| {
            if sender.try_send((Arc::clone(name), number, push)).is_err() {
                full.store(true, Ordering::Release);
            }
        });
        Self {
            nodes: nodes(on_push),
            keys,
            books,
            own,
            pushes,
            overrun,
            listening: HashMap::new(),
            listening_for_tags: None,
            read_at: HashMap::new(),
            heard: HashMap::new(),
            wanted: BTreeSet::new(),
            is_deaf: true,
            read_every,
        }
    }

    /// Listens to all tags that there are, and reads what is wanted. What one server withholds keeps the others' tags from nothing.
    pub(super) async fn catch_up(&mut self) -> RedisResult<()> {
        let mut why = None;
        // A server that hangs is waited for in between, and must not keep what the others have said.
        self.take_waiting();
        let mut tags = self.books.tags();
        match self.tags().await {
            Ok(named) => tags.extend(named),
            Err(error) => why = Some(error),
        }
        tags.extend(self.listening.keys());
        tags.sort_unstable();
        tags.dedup();
        for &tag in &tags {
            if let Err(error) = self.listen(tag).await {
                why = Some(error);
                self.take_waiting();
            }
        }
        self.is_deaf = why.is_some();
        let due = |at: &Instant| at.elapsed() >= self.read_every;
        // One at a time: reading is spread over the minutes.
        let oldest = self.read_at.iter().filter(|(_, at)| due(at)).min_by_key(|(_, at)| **at).map(|(&tag, _)| tag);
        self.wanted.extend(oldest);
        if let Err(error) = self.read_wanted().await {
            self.is_deaf = true;
            why = Some(error);
        }
        why.map_or(Ok(()), Err)
    }

    /// The set of tags, listened to.
    async fn tags(&mut self) -> RedisResult<Vec<Cell>> {
        let key = self.keys.tags();
        let node = self.nodes.of_slot(slot(&key)).await?;
        let mut pipe = ::redis::pipe();
        let is_new = self.listening_for_tags.as_ref() != Some(&(Arc::clone(&node.name), node.number));
        if is_new {
            pipe.cmd("SSUBSCRIBE").arg(&key);
        }
        pipe.cmd("SMEMBERS").arg(&key);
        let answers = self.ask(&node, &pipe).await?;
        self.listening_for_tags = Some((Arc::clone(&node.name), node.number));
        let members = answers.into_iter().last().map(::redis::from_redis_value::<Vec<Vec<u8>>>);
        let Some(Ok(members)) = members else {
            metrics::counter!(telemetry::LIVE_REDIS_SKIPPED).increment(1);
            return Ok(Vec::new());
        };
        let tags: Vec<Cell> = members.iter().filter_map(|digits| parse(digits)).collect();
        Ok(tags)
    }

    /// Listens to a tag's feed. If it was not listened to, its hash has to be read.
    async fn listen(&mut self, tag: Cell) -> RedisResult<()> {
        let key = self.keys.tag(tag);
        let node = self.nodes.of_slot(slot(&key)).await?;
        let connection = (Arc::clone(&node.name), node.number);
        if self.listening.get(&tag) == Some(&connection) {
            return Ok(());
        }
        let mut pipe = ::redis::pipe();
        pipe.cmd("SSUBSCRIBE").arg(&key);
        self.ask(&node, &pipe).await?;
        self.listening.insert(tag, connection);
        self.wanted.insert(tag);
        Ok(())
    }

    async fn read_wanted(&mut self) -> RedisResult<()> {
        let (mut why, mut whole) = (None, Found::default());
        for tag in std::mem::take(&mut self.wanted) {
            let was_read = self.read_at.get(&tag).is_some_and(|at| at.elapsed() < READ_AGAIN_AFTER);
            if was_read {
                self.wanted.insert(tag);
                continue;
            }
            match self.read(tag).await {
                Ok(found) => {
                    self.read_at.insert(tag, Instant::now());
                    whole.records += found.records;
                    whole.skipped += found.skipped;
                    whole.swept += found.swept;
                }
                Err(error) => {
                    self.wanted.insert(tag);
                    why = Some(error);
                }
            }
        }
        if whole.records + whole.skipped + whole.swept > 0 {
            let Found { records, skipped, swept } = whole;
            tracing::debug!(
                live.records = records,
                live.skipped = skipped,
                live.swept = swept,
                "positions read from redis"
            );
            metrics::counter!(telemetry::LIVE_REDIS_SKIPPED).increment(skipped as u64);
            metrics::counter!(telemetry::LIVE_REDIS_SWEPT).increment(swept as u64);
        }
        why.map_or(Ok(()), Err)
    }

    /// Reads a tag's hash page by page; between pages what was pushed meanwhile is taken.
    async fn read(&mut self, tag: Cell) -> RedisResult<Found> {
        let key = self.keys.tag(tag);
        let mut found = Found::default();
        let mut cursor = b"0".to_vec();
        let mut life = None;
        // What is from the future is dropped from Redis: whose clock is right must be known now, not a second ago.
        let node = self.nodes.of_slot(slot(&key)).await?;
        if let Err(error) = self.nodes.compare_clocks(&node.name).await {
            self.lose(&node.name, node.number);
            return Err(error);
        }
        loop {
            let node = self.nodes.of_slot(slot(&key)).await?;
            let mut pipe = ::redis::pipe();
            pipe.cmd("HSCAN").arg(&key).arg(&cursor).arg("COUNT").arg(PAGE);
            let answer = self.ask(&node, &pipe).await?.into_iter().next();
            let answer = answer.filter(|answer| !matches!(answer, Value::BulkString(_)));
            let Some(answer) = answer else {
                // A key of another's making: there is nothing to read.
                found.skipped += 1;
                return Ok(found);
            };
            let (next, fields) = ::redis::from_redis_value::<(Vec<u8>, Vec<(Vec<u8>, Vec<u8>)>)>(answer)?;
            self.take_page(tag, &node, &fields, &mut life, &mut found).await?;
            self.take_waiting();
            if next == b"0" {
                break;
            }
            cursor = next;
        }
        // A hash that is not there is one without a life: what was known of it is written again.
        if self.books.lives(tag, life.as_deref()) {
            tracing::warn!("redis has lost positions; writing them again");
        }
        Ok(found)
    }

    async fn take_page(
        &mut self,
        tag: Cell,
        node: &Node,
        fields: &[(Vec<u8>, Vec<u8>)],
        life: &mut Option<String>,
        found: &mut Found,
    ) -> RedisResult<()> {
        let limit_ms = self.books.queue().silent_before_ms();
        let mut told: Vec<(AccountId, Standing)> = Vec::with_capacity(fields.len());
        let mut silent: Vec<&(Vec<u8>, Vec<u8>)> = Vec::new();
        for pair in fields {
            let (field, value) = pair;
            if field == LIFE.as_bytes() {
                *life = Some(String::from_utf8_lossy(value).into_owned());
                continue;
            }
            let staff = Uuid::from_slice(field).map(AccountId);
            let record = staff.ok().and_then(|staff| Some((staff, unpack(staff, value, node.ahead_ms)?)));
            match record {
                None => found.skipped += 1,
                Some((_, standing)) if limit_ms.is_some_and(|limit| standing.taken_at_ms() < limit) => {
                    silent.push(pair);
                }
                Some(record) => told.push(record),
            }
        }
        found.records += told.len();
        self.books.take(tag, told, Told::Read);
        if !silent.is_empty() {
            let mut pipe = ::redis::pipe();
            let call = pipe.cmd("FCALL").arg("dh1_sweep").arg(1).arg(self.keys.tag(tag));
            for (field, value) in &silent {
                call.arg(field).arg(value);
            }
            self.ask(node, &pipe).await?;
            found.swept += silent.len();
        }
        Ok(())
    }

    async fn ask(&mut self, node: &Node, pipe: &::redis::Pipeline) -> RedisResult<Vec<Value>> {
        let answers = ask(node, pipe).await;
        match &answers {
            Ok(_) => self.nodes.answered(&node.name),
            Err(_) => self.lose(&Arc::clone(&node.name), node.number),
        }
        answers
    }

    /// A connection is gone, and with it all that was listened to over it.
    fn lose(&mut self, name: &Name, number: u64) {
        let is_of = |connection: &(Name, u64)| connection.0 == *name && connection.1 == number;
        self.listening.retain(|_, connection| !is_of(connection));
        if self.listening_for_tags.as_ref().is_some_and(is_of) {
            self.listening_for_tags = None;
        }
        if self.nodes.open().any(|node| node.name == *name && node.number == number) {
            self.nodes.failed(name);
        }
        self.is_deaf = true;
    }

    /// Takes all messages that wait.
    fn take_waiting(&mut self) {
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

    fn take(&mut self, (name, number, push): Pushed) {
        let bytes = |value: Option<&Value>| match value {
            Some(Value::BulkString(bytes)) => bytes.clone(),
            _ => Vec::new(),
        };
        match push.kind {
            PushKind::SMessage => {
                let (channel, payload) = (bytes(push.data.first()), bytes(push.data.get(1)));
                self.take_message(&name, &channel, &payload);
            }
            PushKind::Disconnection => self.lose(&name, number),
            // The slot has gone to another server.
            PushKind::SUnsubscribe => {
                if let Some(tag) = self.keys.tag_of_channel(&bytes(push.data.first())) {
                    self.listening.remove(&tag);
                } else {
                    self.listening_for_tags = None;
                }
                self.nodes.look_again();
                self.is_deaf = true;
            }
            _ => {}
        }
    }

    fn take_message(&mut self, name: &Name, channel: &[u8], payload: &[u8]) {
        let Some(tag) = self.keys.tag_of_channel(channel) else {
            // A new tag is named.
            self.is_deaf |= parse(payload).is_some_and(|tag| !self.listening.contains_key(&tag));
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

    fn lost(&self, error: &RedisError) {
        if self.books.queue().set_up(Side::Mirror, false) {
            tracing::warn!(redis.error = ?error.kind(), "redis is away; other nodes' positions grow old");
        }
    }

    /// Tries out every connection: one that is half open would be silent for ever.
    async fn try_out(&mut self) -> RedisResult<()> {
        let open: Vec<Node> = self.nodes.open().cloned().collect();
        let mut why = None;
        for node in open {
            if let Err(error) = self.nodes.compare_clocks(&node.name).await {
                self.lose(&node.name, node.number);
                why = Some(error);
                self.take_waiting();
            }
        }
        why.map_or(Ok(()), Err)
    }

    /// Listens until stopped.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let must_catch_up = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = beat.tick() => {
                    self.heard.retain(|_, (_, at)| at.elapsed() < HEARD_FOR);
                    if let Err(error) = self.try_out().await {
                        self.lost(&error);
                    }
                    true
                }
                pushed = self.pushes.recv() => {
                    // The sender is in `nodes`.
                    let Some(pushed) = pushed else { return };
                    let was_deaf = self.is_deaf;
                    self.take(pushed);
                    self.take_waiting();
                    !self.wanted.is_empty() || self.is_deaf && !was_deaf
                }
                () = tokio::time::sleep(RETRY), if self.is_deaf => true,
            };
            if !must_catch_up {
                continue;
            }
            let caught_up = self.catch_up().await;
            match caught_up {
                Ok(()) if self.is_deaf => self.lost(&error("a connection was lost")),
                Ok(()) => {
                    if self.books.queue().set_up(Side::Mirror, true) {
                        tracing::info!("redis answers");
                    }
                }
                Err(error) => self.lost(&error),
            }
        }
    }
}
