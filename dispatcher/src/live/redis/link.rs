//! Owns what the writer says to Redis: records by tag, heartbeats, names of tags, and the dropping of outdated records. What is said
//! to one server is under way beside what is said to the others, and comes back as an [`Outcome`]: one server's trouble is not
//! another's, one tag's not its neighbour's. What answers mean is `answers`'. Decides nothing about positions.
//!
//! Invariant: a member's new record is written before the old one under another tag is dropped, so a reader may see two for a
//! moment (the later counts) and never none; under one tag there is one field, and never two. To one server goes one parcel at a
//! time, so that a tag's messages arrive in the order of their numbers.

mod answers;
mod nobody;

use super::super::index::Standing;
use super::Part;
use super::books::Books;
use super::keys::{Keys, slot};
use super::message::{self, Head};
use super::nodes::{Name, News, Node, Nodes};
use super::packed::pack;
use super::parcel::{self, AskWord, Beat, Parcel, Sent};
use super::queue::Drop;
use ::redis::{RedisError, RedisResult};
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::FuturesUnordered;
use geo::cell::Cell;
use matcher::model::AccountId;
use nobody::Tries;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A tag that is written to is given its life anew so often: not with every batch.
const TAG_RENEWED: Duration = Duration::from_secs(600);
/// Heartbeats go on for so long after the last message: one of them is enough to see that it was lost.
const BEATS_FOR: Duration = Duration::from_secs(10);

/// One member's record, under its tag.
pub(super) type Change = (Cell, AccountId, Standing);

/// What became of what was sent, or else changed.
#[derive(Default)]
pub(super) struct Outcome {
    /// In Redis now.
    pub(super) kept: Vec<Change>,
    /// Kept out by a key of another's making.
    pub(super) refused: Vec<AccountId>,
    /// Outdated records that are dealt with; so many.
    pub(super) dropped: usize,
    /// To be tried at once: Redis has lost the tag since it was named.
    pub(super) again: Vec<AccountId>,
    /// To be tried when the server, or somebody ([`Nodes::nobody`]), can be written to.
    pub(super) waiting: Vec<(Name, Vec<AccountId>, Vec<Drop>)>,
    /// Can be written to now.
    pub(super) free: Vec<Name>,
    /// Why something failed.
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
    /// Who had it when it was last spoken of.
    server: Option<Name>,
}

/// What a server is asked to do. One goes wrong without the others: whoever takes no writes says all the same what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Call {
    Parcel,
    Beat,
    Naming,
}

enum Landed {
    Sent(Sent),
    Beat(Beat),
    Named(Node, Vec<Cell>, RedisResult<()>),
}

/// The writer's side of the connections.
pub(super) struct Link {
    nodes: Nodes,
    keys: Keys,
    books: Arc<Books>,
    incarnation: u64,
    part: Part,
    tags: HashMap<Cell, Tag>,
    /// To be put into the set of tags.
    unnamed: BTreeSet<Cell>,
    under_way: FuturesUnordered<BoxFuture<'static, Landed>>,
    /// Servers that a parcel, or a heartbeat, is on its way to.
    writing: HashSet<Name>,
    beating: HashSet<Name>,
    is_naming: bool,
    /// Servers that did not do what they were last asked to, and what that was.
    troubled: HashSet<(Name, Call)>,
    /// Of those of whom it is not known who has them.
    tries: Tries,
}

impl Link {
    pub(super) fn new(nodes: Nodes, keys: Keys, books: Arc<Books>, incarnation: u64, part: Part) -> Self {
        Self {
            nodes,
            keys,
            books,
            incarnation,
            part,
            tags: HashMap::new(),
            unnamed: BTreeSet::new(),
            under_way: FuturesUnordered::new(),
            writing: HashSet::new(),
            beating: HashSet::new(),
            is_naming: false,
            troubled: HashSet::new(),
            tries: Tries::new(),
        }
    }

    /// Speaks with everybody for the first time.
    pub(super) async fn first(&mut self) -> RedisResult<()> {
        self.beat();
        while !self.under_way.is_empty() || !self.nodes.is_idle() {
            // No record is sent yet: who is free is who was just connected to.
            if !self.next().await.free.is_empty() {
                self.beat_those_at_hand();
            }
        }
        if self.is_well() { Ok(()) } else { Err(self.nodes.why()) }
    }

    /// Whether every server that has to do with us did what it was last asked to.
    pub(super) fn is_well(&mut self) -> bool {
        let servers = self.servers();
        self.troubled.retain(|(name, _)| servers.contains(name) || self.writing.contains(name));
        self.troubled.is_empty() && servers.iter().all(|name| self.nodes.of_name(name).is_some())
    }

    /// Whether that server has slots.
    pub(super) fn is_known(&self, name: &Name) -> bool {
        self.nodes.is_known(name)
    }

    /// Why it is not well.
    pub(super) fn why(&self) -> RedisError {
        self.nodes.why()
    }

    /// Those who have our tags, and the set of tags, and those whom somebody waits for: under a tag that was never written to, too.
    fn servers(&self) -> BTreeSet<Name> {
        let tags = self.books.tags();
        let keys = tags.iter().map(|&tag| self.keys.tag(tag));
        let named = keys.map(|key| self.nodes.name_of_slot(slot(&key))).chain([self.keeper()]);
        named.chain(self.books.queue().parked_for()).collect()
    }

    /// Who has the set of tags.
    fn keeper(&self) -> Name {
        self.nodes.name_of_slot(slot(&self.keys.tags()))
    }

    /// Sends records and the dropping of others, each to its server. Who is away or still busy with the last parcel is not waited
    /// for.
    pub(super) fn send(&mut self, changes: Vec<Change>, drops: Vec<Drop>) -> Outcome {
        let mut parcels: BTreeMap<Name, Parcel> = BTreeMap::new();
        for change in changes {
            let name = self.nodes.name_of_slot(slot(&self.keys.tag(change.0)));
            parcels.entry(name).or_default().changes.entry(change.0).or_default().push(change);
        }
        for drop in drops {
            let name = self.nodes.name_of_slot(slot(&self.keys.tag(drop.0.0)));
            parcels.entry(name).or_default().drops.push(drop);
        }
        let mut outcome = Outcome::default();
        for (name, parcel) in parcels {
            match self.nodes.of_name(&name).filter(|_| !self.writing.contains(&name)) {
                Some(node) => self.send_to(node, parcel),
                None => outcome.waiting.push(parcel.put_off(name)),
            }
        }
        if !self.unnamed.is_empty() {
            self.name();
        }
        outcome
    }

    fn send_to(&mut self, node: Node, parcel: Parcel) {
        let mut messages = Vec::with_capacity(parcel.changes.len());
        for (&tag, changes) in &parcel.changes {
            self.spoken_of(tag, &node);
            let known = self.tags.entry(tag).or_default();
            let is_due = known.renewed.is_none_or(|since| since.elapsed() >= TAG_RENEWED);
            // Also where it may not arrive: a number is used once.
            known.number += 1;
            known.last_message = Some(Instant::now());
            let head = Head { incarnation: self.incarnation, number: known.number };
            let mut message = message::begin(head, changes.len());
            let placed = changes.iter().filter(|(_, _, standing)| matches!(standing, Standing::At(_)));
            self.books.sending(tag, placed.map(|(_, staff, standing)| (*staff, standing.rank())));
            for (_, staff, standing) in changes {
                message::add(&mut message, *staff, &pack(standing, node.ahead_ms));
            }
            let fresh_life = is_due.then(|| self.books.env().uuid().to_string());
            if is_due {
                self.unnamed.insert(tag);
                self.books.queue().set_named(false);
            }
            messages.push(parcel::Message { key: self.keys.tag(tag), fresh_life, bytes: message });
        }
        self.writing.insert(Arc::clone(&node.name));
        let drops = parcel::by_tag(&parcel.drops, &self.keys);
        let sent = parcel::send(node, self.nodes.is_one(), parcel, messages, drops);
        self.under_way.push(sent.map(Landed::Sent).boxed());
    }

    /// A server that has taken a tag over may have less than the one before: what was written last, and not copied in time.
    fn spoken_of(&mut self, tag: Cell, node: &Node) {
        let known = self.tags.entry(tag).or_default();
        let before = known.server.replace(Arc::clone(&node.name));
        if before.is_some_and(|before| before != node.name) {
            known.renewed = None;
            self.books.lost(tag);
        }
    }

    /// Puts tags into the set of tags, and tells those who listen if one is new there. What fails is named with the next heartbeat.
    fn name(&mut self) {
        let key = self.keys.tags();
        if self.is_naming {
            return;
        }
        if let Ok(node) = self.nodes.of_slot(slot(&key)) {
            self.is_naming = true;
            let tags: Vec<Cell> = std::mem::take(&mut self.unnamed).into_iter().collect();
            let named = parcel::name(node.clone(), key, tags.clone());
            self.under_way.push(named.map(move |named| Landed::Named(node, tags, named)).boxed());
        }
    }

    /// Every second: says the number of the last message on each tag that was lately written to, sees whether Redis still has what
    /// it had, and compares clocks. The set of tags is on a server of its own, which may have lost it alone: it is told all.
    pub(super) fn beat(&mut self) {
        self.nodes.tend();
        self.unnamed.extend(self.books.tags());
        if !self.unnamed.is_empty() {
            self.name();
        }
        self.beat_those_at_hand();
    }

    fn beat_those_at_hand(&mut self) {
        let mut by_node: BTreeMap<Name, Vec<Cell>> =
            self.servers().into_iter().map(|name| (name, Vec::new())).collect();
        for tag in self.books.tags() {
            by_node.entry(self.nodes.name_of_slot(slot(&self.keys.tag(tag)))).or_default().push(tag);
        }
        for (name, tags) in by_node {
            let Some(node) = self.nodes.of_name(&name).filter(|_| !self.beating.contains(&name)) else { continue };
            let mut beats = Vec::with_capacity(tags.len());
            for &tag in &tags {
                self.spoken_of(tag, &node);
                let known = self.tags.get(&tag);
                let known = known.filter(|tag| tag.last_message.is_some_and(|at| at.elapsed() < BEATS_FOR));
                let head = known.map(|tag| Head { incarnation: self.incarnation, number: tag.number });
                beats.push((self.keys.tag(tag), head.map(|head| message::begin(head, 0))));
            }
            let ask_word = (name == self.keeper()).then(|| {
                // Who reads all gives the word: of two who were told different Redis only one would.
                let gives = matches!(self.part, Part::Whole { .. });
                AskWord { key: self.keys.word(), fresh: gives.then(|| self.books.env().uuid().to_string()) }
            });
            self.beating.insert(name);
            let beat = parcel::beat(node, tags, beats, ask_word, self.books.env().clone());
            self.under_way.push(beat.map(Landed::Beat).boxed());
        }
    }

    /// Waits until something that was sent is answered, or a server is at hand or away. May be given up at any time.
    pub(super) async fn next(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        tokio::select! {
            Some(landed) = self.under_way.next(), if !self.under_way.is_empty() => match landed {
                Landed::Sent(sent) => self.sent(sent, &mut outcome),
                Landed::Beat(beat) => self.beaten(beat, &mut outcome),
                Landed::Named(node, tags, named) => self.named(&node, tags, named, &mut outcome),
            },
            news = self.nodes.next() => match news {
                News::Connected(name) => outcome.free.push(name),
                // Whether it is one that is needed is seen with the next look at all of them.
                News::Failed(_) => {}
                // Those of whom it was not known who has them, and those whose server has none any more.
                News::Looked => outcome.free.extend(self.homeless()),
            },
        }
        outcome
    }

    /// Servers of which nothing is known any more, or never was, that somebody waits for; nobody, when it is time for another try.
    fn homeless(&mut self) -> Vec<Name> {
        let mut waited_for = self.books.queue().parked_for();
        waited_for.retain(|name| !self.nodes.is_known(name));
        if waited_for.contains(&Nodes::nobody()) && !self.tries.begin(self.nodes.picture(), Instant::now()) {
            waited_for.retain(|name| *name != Nodes::nobody());
        }
        waited_for
    }

    /// Begins what is due, now and then; those whom somebody waits for and who can be written to.
    pub(super) fn tend(&mut self) -> Vec<Name> {
        self.nodes.tend();
        let mut waited_for = self.books.queue().parked_for();
        waited_for.retain(|name| !self.writing.contains(name) && self.nodes.of_name(name).is_some());
        waited_for
    }

    /// Whether anything is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }
}
