//! Owns the task that hears what all nodes write: listens to every tag's feed, and has a tag's hash read when it is new, when
//! something was missed, where a write was not answered, and every few minutes. One visit at a time goes to each server (`errand`),
//! beside the others and beside what is heard. What is heard is `feed`'s. Writes no position.
//!
//! Records are taken by their order alone and a member gone leaves an order behind, so it does not matter whether a record comes
//! first from the feed or from the hash: listening begins before reading, and nothing has to wait for its end.

mod feed;

use super::books::Books;
use super::errand::{Aim, Brought, Found, TagSet, visit};
use super::keys::{Keys, slot};
use super::nodes::{Name, Node, Nodes, OnPush, error, is_elsewhere, is_of_all};
use super::queue::Side;
use crate::telemetry;
use ::redis::{PushInfo, RedisError, RedisResult};
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::FuturesUnordered;
use geo::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Messages that wait to be taken, at most some 90 MB; when there are more, all tags are read again.
const PUSHES_MAX: usize = 4_096;
/// How often the set of tags is looked at and connections are tried out.
const BEAT: Duration = Duration::from_secs(1);
/// How often it is seen who is at hand again, and what there is to read.
const RETRY: Duration = Duration::from_millis(100);
/// Every tag is read again so often: finds the silent, and what a dead node left behind.
pub(in crate::live) const READ_EVERY: Duration = Duration::from_secs(300);
/// A tag in whose feed something was missed is not read again sooner.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(250);
/// While the set of tags is away, tags are looked for on the other servers so often.
const LOOK_FOR_TAGS: Duration = Duration::from_secs(10);
/// Who has not read all there is for so long says so.
const BEHIND_MAX: Duration = Duration::from_secs(2);
/// Of a writer not heard for so long, the number is forgotten.
const HEARD_FOR: Duration = Duration::from_secs(600);

/// A pushed message: from which server, over which connection.
type Pushed = (Name, u64, PushInfo);

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
    /// Tags that are named in Redis.
    named: BTreeSet<Cell>,
    /// Connections that channels are listened to on, and when each tag was last read to the end.
    listening: HashMap<Cell, (Name, u64)>,
    listening_for_tags: Option<(Name, u64)>,
    read_at: HashMap<Cell, Instant>,
    /// When tags were last looked for on a server, without the set of them.
    looked_at: HashMap<Name, Instant>,
    /// Last number heard of each writer on each tag.
    heard: HashMap<(Cell, u64), (u64, Instant)>,
    /// Tags to read.
    wanted: BTreeSet<Cell>,
    visits: FuturesUnordered<BoxFuture<'static, (Node, Brought)>>,
    /// Servers that are visited, each with the tags that it gave up meanwhile: they are not listened to there.
    visiting: HashMap<Name, HashSet<Option<Cell>>>,
    /// Servers whose last visit failed: not visited again before the next turn of the clock, the slow one where a Cluster serves nobody.
    troubled: HashMap<Name, RedisError>,
    /// Some server that is needed is not at hand.
    is_cut_off: bool,
    /// In the place of the set of tags is a key of another's making: who else is there cannot be known.
    is_set_refused: bool,
    /// Something is not listened to, or not read, that should be.
    is_behind: bool,
    /// Since when not everything is heard and read.
    behind_since: Option<Instant>,
    /// What was last told of Redis.
    told: Option<bool>,
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
            named: BTreeSet::new(),
            listening: HashMap::new(),
            listening_for_tags: None,
            read_at: HashMap::new(),
            looked_at: HashMap::new(),
            heard: HashMap::new(),
            wanted: BTreeSet::new(),
            visits: FuturesUnordered::new(),
            visiting: HashMap::new(),
            troubled: HashMap::new(),
            is_cut_off: true,
            is_set_refused: false,
            is_behind: true,
            behind_since: None,
            told: None,
            read_every,
        }
    }

    /// Listens to all there is and reads it, for the first time.
    pub(super) async fn first(&mut self) -> RedisResult<()> {
        self.see_to(Turn::Beat);
        while !self.visits.is_empty() || !self.nodes.is_idle() {
            self.next().await;
            self.see_to(Turn::News);
        }
        if self.is_well() { Ok(()) } else { Err(self.why()) }
    }

    /// Listens until stopped.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let (mut beat, mut retry) = (interval(BEAT), interval(RETRY));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let turn = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = beat.tick() => Turn::Beat,
                _ = retry.tick() => Turn::Retry,
                turn = self.next() => turn,
            };
            self.see_to(turn);
            self.tell();
        }
    }

    /// Waits for the next thing to happen, and takes it. May be given up at any time.
    async fn next(&mut self) -> Turn {
        tokio::select! {
            biased;
            Some((node, brought)) = self.visits.next(), if !self.visits.is_empty() => {
                self.came_back(&node, brought);
                Turn::News
            }
            _ = self.nodes.next() => Turn::News,
            pushed = self.pushes.recv() => {
                // The sender is in `nodes`: there always is one.
                let before = (self.is_behind, self.wanted.len());
                self.is_behind = false;
                if let Some(pushed) = pushed {
                    self.take(pushed);
                }
                self.take_waiting();
                let is_news = self.is_behind || self.wanted.len() > before.1;
                self.is_behind |= before.0;
                if is_news { Turn::News } else { Turn::Nothing }
            }
        }
    }

    /// Sees to it that all tags are listened to and what is wanted is read: visits whoever has some of it and is not visited yet.
    fn see_to(&mut self, turn: Turn) {
        if turn == Turn::Nothing {
            return;
        }
        if turn == Turn::Beat {
            self.heard.retain(|_, (_, at)| at.elapsed() < HEARD_FOR);
            let due = self.read_at.iter().filter(|(_, at)| at.elapsed() >= self.read_every);
            // One at a time: reading is spread over the minutes.
            let oldest = due.min_by_key(|(_, at)| **at).map(|(&tag, _)| tag);
            self.wanted.extend(oldest);
        }
        self.nodes.tend();
        self.wanted.append(&mut self.books.doubted());
        let (mut aims, mut needed): (BTreeMap<Name, (Node, Aim)>, HashSet<Name>) = Default::default();
        let (mut is_cut_off, mut is_behind) = (false, false);
        if let Ok(node) = self.nodes.of_slot(slot(&self.keys.tags())) {
            let is_new = self.listening_for_tags.as_ref() != Some(&(Arc::clone(&node.name), node.number));
            is_behind |= is_new;
            needed.insert(Arc::clone(&node.name));
            if is_new || turn == Turn::Beat {
                let (_, aim) = aims.entry(Arc::clone(&node.name)).or_insert_with(|| (node, Aim::default()));
                aim.tag_set = if is_new { TagSet::ListenAndRead } else { TagSet::Read };
            }
        } else {
            is_cut_off = true;
            aims.extend(self.without_tag_set());
        }
        let named = self.named.iter().chain(&self.wanted).chain(self.listening.keys());
        for tag in named.copied().chain(self.books.tags()).collect::<BTreeSet<Cell>>() {
            let Ok(node) = self.nodes.of_slot(slot(&self.keys.tag(tag))) else {
                is_cut_off = true;
                continue;
            };
            needed.insert(Arc::clone(&node.name));
            let is_new = self.listening.get(&tag) != Some(&(Arc::clone(&node.name), node.number));
            let is_wanted = self.wanted.contains(&tag);
            is_behind |= is_new || is_wanted;
            let may_be_read = self.read_at.get(&tag).is_none_or(|at| at.elapsed() >= READ_AGAIN_AFTER);
            if is_new || is_wanted && may_be_read || turn == Turn::Beat {
                let (_, aim) = aims.entry(Arc::clone(&node.name)).or_insert_with(|| (node, Aim::default()));
                if is_new {
                    aim.listen.push(tag);
                } else if is_wanted && may_be_read {
                    aim.read.push(tag);
                }
            }
        }
        (self.is_cut_off, self.is_behind) = (is_cut_off, is_behind);
        self.troubled.retain(|name, _| needed.contains(name));
        for (name, (node, aim)) in aims {
            // Where none is served, the next try is as good as ten.
            let waits = |why: &RedisError| turn == Turn::News || turn == Turn::Retry && is_of_all(why);
            if self.troubled.get(&name).is_some_and(waits) || self.visiting.contains_key(&name) {
                continue;
            }
            // What it does not come to, it says.
            for tag in aim.listen.iter().chain(&aim.read) {
                self.wanted.remove(tag);
            }
            if aim.tag_set == TagSet::Away {
                self.looked_at.insert(Arc::clone(&name), Instant::now());
            }
            self.visiting.insert(name, HashSet::new());
            self.visits.push(visit(node, self.keys.clone(), Arc::clone(&self.books), aim).boxed());
        }
    }

    /// Looks for tags on the servers at hand, if the set of them is away: who comes now would see nobody, though only a part of Redis is gone.
    fn without_tag_set(&mut self) -> Vec<(Name, (Node, Aim))> {
        self.looked_at.retain(|_, at| at.elapsed() < LOOK_FOR_TAGS);
        let is_away = self.nodes.is_away(slot(&self.keys.tags()));
        let at_hand = self.nodes.open().filter(|node| is_away && !self.looked_at.contains_key(&node.name));
        let aim = || Aim { tag_set: TagSet::Away, ..Aim::default() };
        at_hand.map(|node| (Arc::clone(&node.name), (node.clone(), aim()))).collect()
    }

    fn came_back(&mut self, node: &Node, brought: Brought) {
        let connection = (Arc::clone(&node.name), node.number);
        let given_up = self.visiting.remove(&node.name).unwrap_or_default();
        let Brought { ahead_ms, tags, is_set_refused, is_listening_for_tags, listened, read, unread, found, error } =
            brought;
        if let Some(ahead_ms) = ahead_ms {
            self.nodes.set_ahead(&node.name, node.number, ahead_ms);
        }
        if is_listening_for_tags && !given_up.contains(&None) {
            self.listening_for_tags = Some(connection.clone());
        }
        if tags.is_some() || is_set_refused {
            self.is_set_refused = is_set_refused;
        }
        if let Some(tags) = tags {
            // Those named since it was read stay.
            self.named.extend(tags);
        }
        for tag in listened.into_iter().filter(|&tag| !given_up.contains(&Some(tag))) {
            self.listening.insert(tag, connection.clone());
        }
        self.read_at.extend(read.into_iter().map(|tag| (tag, Instant::now())));
        self.wanted.extend(unread);
        if found != Found::default() {
            tracing::debug!(
                live.records = found.records,
                live.skipped = found.skipped,
                live.swept = found.swept,
                live.unswept = found.unswept,
                "positions read from redis"
            );
            metrics::counter!(telemetry::LIVE_REDIS_SKIPPED).increment(found.skipped as u64);
            metrics::counter!(telemetry::LIVE_REDIS_SWEPT).increment(found.swept as u64);
            metrics::counter!(telemetry::LIVE_REDIS_UNSWEPT).increment(found.unswept as u64);
        }
        match error {
            None => {
                // Not for the time it told: over a good connection the same refusal may come again and again.
                self.nodes.answered(&node.name);
                self.troubled.remove(&node.name);
            }
            Some(error) => {
                self.troubled.insert(Arc::clone(&node.name), error.clone());
                if !is_elsewhere(&error) || !self.nodes.look_again() {
                    self.lose(&node.name, node.number, error);
                }
            }
        }
    }

    /// A connection is gone, and with it all that was listened to over it.
    fn lose(&mut self, name: &Name, number: u64, why: RedisError) {
        let is_of = |connection: &(Name, u64)| connection.0 == *name && connection.1 == number;
        self.listening.retain(|_, connection| !is_of(connection));
        if self.listening_for_tags.as_ref().is_some_and(is_of) {
            self.listening_for_tags = None;
        }
        self.nodes.failed(name, number, why);
        self.is_behind = true;
    }

    /// Whether every server that is needed is at hand and did what it was last asked to.
    fn is_well(&self) -> bool {
        !self.is_cut_off && !self.is_set_refused && self.troubled.is_empty()
    }

    fn why(&self) -> RedisError {
        if self.is_set_refused {
            return error("the key of the set of tags is another's");
        }
        self.troubled.values().next().cloned().unwrap_or_else(|| self.nodes.why())
    }

    /// Says what has become of Redis, if that is news.
    fn tell(&mut self) {
        let is_well = self.is_well();
        let is_whole = is_well && !self.is_behind && self.visits.is_empty() && self.wanted.is_empty();
        self.behind_since = if is_whole { None } else { self.behind_since.or_else(|| Some(Instant::now())) };
        // Who is always a little behind does not know everybody either.
        let is_far_behind = self.behind_since.is_some_and(|since| since.elapsed() >= BEHIND_MAX);
        let before = self.told;
        if (!is_well || is_far_behind) && before != Some(false) {
            self.told = Some(false);
            if self.books.queue().set_up(Side::Mirror, false) {
                tracing::warn!(redis.error = ?self.why().kind(), "redis is away; other nodes' positions grow old");
            }
        } else if is_whole && before != Some(true) {
            self.told = Some(true);
            if self.books.queue().set_up(Side::Mirror, true) {
                tracing::info!("redis answers");
            }
        }
    }
}

/// What a look at everything is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Every second: connections are tried out, the set of tags is read, and what is oldest.
    Beat,
    /// Now and then: whoever was in trouble is visited again.
    Retry,
    /// Something has happened.
    News,
    Nothing,
}
