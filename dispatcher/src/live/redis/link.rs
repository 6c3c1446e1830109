//! Owns what the writer says to Redis: batches by tag, heartbeats, and the dropping of outdated records. One tag's failure is not
//! another's. Decides nothing about positions.
//!
//! Invariant: a member's new record is written before the old one under another tag is dropped, so a reader may see two for a
//! moment (the later counts) and never none; under one tag there is one field, and never two.

use super::super::index::{Order, Standing};
use super::books::Books;
use super::keys::{Keys, LIFE, digits, slot};
use super::message::{self, Head};
use super::nodes::{Name, Node, Nodes};
use super::packed::{order_bytes, pack};
use super::queue::Drop;
use ::redis::{Pipeline, RedisError, RedisResult, Value};
use futures_util::future::join_all;
use geo::cell::Cell;
use matcher::model::AccountId;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What Redis does where order matters.
pub(super) const FUNCTIONS: &str = include_str!("scripts/live.lua");
/// Where nobody writes to a tag any more, Redis forgets it: servers that never come back leave nobody's place behind. Longer than a
/// silent member is kept, seconds.
const TAG_LIFE_S: i64 = 3_600;
/// A tag that is written to is given its life anew so often: not with every batch.
const TAG_RENEWED: Duration = Duration::from_secs(600);
/// Heartbeats go on for so long after the last message: one of them is enough to see that it was lost.
const BEATS_FOR: Duration = Duration::from_secs(10);
/// What stands for the life of a key of another's making, as `dh1_write` answers it. When the key is free again, the life is another
/// and everybody of the tag is written.
pub(super) const REFUSED: &[u8] = b"!";

/// One member's record, under its tag.
pub(super) type Change = (Cell, AccountId, Standing);

/// What became of a batch.
#[derive(Default)]
pub(super) struct Written {
    /// In Redis now: places in the batch.
    pub(super) kept: Vec<usize>,
    /// Not known to be in Redis: places in the batch.
    pub(super) failed: Vec<usize>,
    /// Kept out by a key of another's making.
    pub(super) refused: usize,
    /// Why some failed.
    pub(super) error: Option<RedisError>,
}

/// What the writer knows of a tag.
#[derive(Default)]
struct Tag {
    /// Of the last message.
    number: u64,
    last_message: Option<Instant>,
    /// When it was last named and given its life; `None` before, and where Redis has lost it.
    renewed: Option<Instant>,
}

/// The writer's side of the connections.
pub(super) struct Link {
    nodes: Nodes,
    keys: Keys,
    books: Arc<Books>,
    incarnation: u64,
    tags: HashMap<Cell, Tag>,
    /// Connections whose server has the functions.
    equipped: HashMap<Name, u64>,
}

impl Link {
    pub(super) fn new(nodes: Nodes, keys: Keys, books: Arc<Books>, incarnation: u64) -> Self {
        Self { nodes, keys, books, incarnation, tags: HashMap::new(), equipped: HashMap::new() }
    }

    /// Writes records and publishes them.
    pub(super) async fn write(&mut self, batch: &[Change]) -> Written {
        let mut written = Written::default();
        let mut by_tag: BTreeMap<Cell, Vec<usize>> = BTreeMap::new();
        for (place, (tag, ..)) in batch.iter().enumerate() {
            by_tag.entry(*tag).or_default().push(place);
        }
        let mut by_node: BTreeMap<Name, (Node, Vec<Cell>)> = BTreeMap::new();
        for (&tag, places) in &by_tag {
            match self.ready(tag).await {
                Ok(node) => by_node.entry(Arc::clone(&node.name)).or_insert((node, Vec::new())).1.push(tag),
                Err(error) => {
                    written.failed.extend(places);
                    written.error = Some(error);
                }
            }
        }
        let mut sent = Vec::new();
        for (node, tags) in by_node.into_values() {
            let mut messages = Vec::with_capacity(tags.len());
            for &tag in &tags {
                messages.push(self.message(tag, batch, &by_tag[&tag], node.ahead_ms));
            }
            let named = tags.iter().map(|&tag| self.keys.tag(tag)).collect();
            sent.push(publish(node, self.nodes.is_one(), tags, named, messages));
        }
        for (name, tags, answer) in join_all(sent).await {
            match answer {
                Ok(lives) => {
                    self.nodes.answered(&name);
                    for (tag, life) in tags.into_iter().zip(lives) {
                        if life.as_deref() == Some(REFUSED) {
                            written.refused += by_tag[&tag].len();
                            self.compare_life(tag, life);
                            continue;
                        }
                        // Redis has lost the tag since it was named: what was written there now would not be found.
                        let whole = if life.is_some() { &mut written.kept } else { &mut written.failed };
                        whole.extend(&by_tag[&tag]);
                        self.compare_life(tag, life);
                    }
                }
                Err(error) => {
                    self.nodes.failed(&name);
                    written.failed.extend(tags.iter().flat_map(|tag| &by_tag[tag]));
                    written.error = Some(error);
                }
            }
        }
        written
    }

    fn message(&mut self, tag: Cell, batch: &[Change], places: &[usize], ahead_ms: i64) -> Vec<u8> {
        let known = self.tags.entry(tag).or_default();
        // Also where it may not arrive: a number is used once.
        known.number += 1;
        known.last_message = Some(Instant::now());
        let head = Head { incarnation: self.incarnation, number: known.number };
        let mut message = message::begin(head, places.len());
        for &place in places {
            let (_, staff, standing) = &batch[place];
            message::add(&mut message, *staff, &pack(standing, ahead_ms));
        }
        message
    }

    fn compare_life(&mut self, tag: Cell, life: Option<Vec<u8>>) {
        let life = life.map(|word| String::from_utf8_lossy(&word).into_owned());
        if self.books.lives(tag, life.as_deref()) {
            tracing::warn!("redis has lost positions; writing them again");
        }
        if life.is_none() {
            self.tags.entry(tag).or_default().renewed = None;
        }
    }

    /// The server of a tag, with the tag named, alive, and the functions there.
    async fn ready(&mut self, tag: Cell) -> RedisResult<Node> {
        let is_due = self.tags.get(&tag).and_then(|t| t.renewed).is_none_or(|since| since.elapsed() >= TAG_RENEWED);
        let key = self.keys.tag(tag);
        if is_due {
            // The set of tags may be on a server that is away: it is named with the next heartbeats, and what is here is written.
            let _named_later = self.name(&[tag]).await;
        }
        let node = self.node(&key).await?;
        if is_due {
            let fresh = self.books.env().uuid().to_string();
            let mut pipe = ::redis::pipe();
            pipe.cmd("HSETNX").arg(&key).arg(LIFE).arg(fresh).cmd("HGET").arg(&key).arg(LIFE);
            pipe.cmd("EXPIRE").arg(&key).arg(TAG_LIFE_S);
            let answers = self.ask(&node, &pipe).await?;
            let life = answers.into_iter().nth(1).and_then(word);
            self.compare_life(tag, life);
            self.tags.entry(tag).or_default().renewed = Some(Instant::now());
        }
        Ok(node)
    }

    /// Puts tags into the set of tags, and tells those who listen if one is new there. The set is on a server of its own, which may
    /// have lost it alone. Also with no tag yet, so that it is known whether Redis answers.
    async fn name(&mut self, tags: &[Cell]) -> RedisResult<()> {
        let key = self.keys.tags();
        let node = self.node(&key).await?;
        if tags.is_empty() {
            return self.nodes.compare_clocks(&node.name).await;
        }
        let mut pipe = ::redis::pipe();
        pipe.cmd("SADD").arg(&key);
        for &tag in tags {
            pipe.arg(digits(tag));
        }
        let answers = self.ask(&node, &pipe).await?;
        if matches!(answers[..], [Value::Int(added)] if added > 0) {
            let mut pipe = ::redis::pipe();
            for &tag in tags {
                pipe.cmd("SPUBLISH").arg(&key).arg(digits(tag));
            }
            self.ask(&node, &pipe).await?;
        }
        Ok(())
    }

    /// The server of a key, with the functions there.
    async fn node(&mut self, key: &str) -> RedisResult<Node> {
        let node = self.nodes.of_slot(slot(key)).await?;
        if self.equipped.get(&node.name) != Some(&node.number) {
            let mut pipe = ::redis::pipe();
            pipe.cmd("FUNCTION").arg("LOAD").arg("REPLACE").arg(FUNCTIONS);
            let mut connection = node.connection.clone();
            if let Err(error) = pipe.query_async::<Value>(&mut connection).await {
                self.nodes.failed(&node.name);
                return Err(error);
            }
            self.equipped.insert(Arc::clone(&node.name), node.number);
        }
        Ok(node)
    }

    /// Asks one server; an error gives it up.
    async fn ask(&mut self, node: &Node, pipe: &Pipeline) -> RedisResult<Vec<Value>> {
        let answers = ask(node, pipe).await;
        match &answers {
            Ok(_) => self.nodes.answered(&node.name),
            Err(_) => self.nodes.failed(&node.name),
        }
        answers
    }

    /// Every second: says the number of the last message on each tag that was lately written to, sees whether Redis still has what
    /// it had, and compares clocks.
    pub(super) async fn beat(&mut self) -> RedisResult<()> {
        let tags = self.books.tags();
        let mut why = self.name(&tags).await.err();
        let mut by_node: BTreeMap<Name, (Node, Vec<Cell>)> = BTreeMap::new();
        for tag in tags {
            match self.node(&self.keys.tag(tag)).await {
                Ok(node) => by_node.entry(Arc::clone(&node.name)).or_insert((node, Vec::new())).1.push(tag),
                Err(error) => why = Some(error),
            }
        }
        for (node, tags) in by_node.into_values() {
            let mut pipe = ::redis::pipe();
            for &tag in &tags {
                let key = self.keys.tag(tag);
                pipe.cmd("HGET").arg(&key).arg(LIFE);
                let written = self.tags.get(&tag);
                if let Some(known) = written.filter(|t| t.last_message.is_some_and(|at| at.elapsed() < BEATS_FOR)) {
                    let head = Head { incarnation: self.incarnation, number: known.number };
                    pipe.cmd("SPUBLISH").arg(&key).arg(message::begin(head, 0));
                }
            }
            let answers = self.ask(&node, &pipe).await;
            let clocks = self.nodes.compare_clocks(&node.name).await;
            match answers.and_then(|answers| clocks.map(|()| answers)) {
                // Of those, only the lives are strings.
                Ok(answers) => {
                    let lives = answers.into_iter().filter(|answer| !matches!(answer, Value::Int(_)));
                    for (tag, life) in tags.into_iter().zip(lives) {
                        self.compare_life(tag, word(life));
                    }
                }
                Err(error) => {
                    self.nodes.failed(&node.name);
                    why = Some(error);
                }
            }
        }
        why.map_or(Ok(()), Err)
    }

    /// Drops records that are outdated. What fails is found again when its tag is next read.
    pub(super) async fn drop_records(&mut self, drops: &[Drop]) -> RedisResult<()> {
        let mut by_tag: BTreeMap<Cell, Vec<(AccountId, Order)>> = BTreeMap::new();
        for &((tag, staff), below) in drops {
            by_tag.entry(tag).or_default().push((staff, below));
        }
        let mut why = None;
        for (tag, records) in by_tag {
            let key = self.keys.tag(tag);
            let mut pipe = ::redis::pipe();
            let call = pipe.cmd("FCALL").arg("dh1_drop").arg(1).arg(&key);
            for (staff, below) in records {
                call.arg(staff.0.as_bytes().as_slice()).arg(order_bytes(below).as_slice());
            }
            let asked = match self.node(&key).await {
                Ok(node) => self.ask(&node, &pipe).await.map(drop),
                Err(error) => Err(error),
            };
            why = asked.err().or(why);
        }
        why.map_or(Ok(()), Err)
    }
}

/// One pipeline; in place of the answer "wrong type" stands [`REFUSED`], so that a key of another's making spoils nothing else.
pub(super) async fn ask(node: &Node, pipe: &Pipeline) -> RedisResult<Vec<Value>> {
    let (mut connection, mut pipe) = (node.connection.clone(), pipe.clone());
    let answers: Vec<RedisResult<Value>> = pipe.ignore_errors().query_async(&mut connection).await?;
    let kept = |answer: RedisResult<Value>| match answer {
        Err(error) if error.code() == Some("WRONGTYPE") => Ok(Value::BulkString(REFUSED.to_vec())),
        answer => answer,
    };
    answers.into_iter().map(kept).collect()
}

/// A life word, where there is one.
fn word(answer: Value) -> Option<Vec<u8>> {
    if let Value::BulkString(word) = answer { Some(word) } else { None }
}

/// Sends the messages of one server's tags; the life words it answers, in their order.
async fn publish(
    node: Node,
    is_one: bool,
    tags: Vec<Cell>,
    keys: Vec<String>,
    messages: Vec<Vec<u8>>,
) -> (Name, Vec<Cell>, RedisResult<Vec<Option<Vec<u8>>>>) {
    let mut pipe = ::redis::pipe();
    // Keys of several slots cannot be in one call on a Cluster.
    let per_call = if is_one { tags.len().max(1) } else { 1 };
    for (keys, messages) in keys.chunks(per_call).zip(messages.chunks(per_call)) {
        let call = pipe.cmd("FCALL").arg("dh1_write").arg(keys.len()).arg(keys);
        for message in messages {
            call.arg(message);
        }
    }
    let mut connection = node.connection.clone();
    let lives = pipe.query_async::<Vec<Vec<Option<Vec<u8>>>>>(&mut connection).await;
    (node.name, tags, lives.map(|calls| calls.into_iter().flatten().collect()))
}
