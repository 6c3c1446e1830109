//! Owns the connections: one to each server that has slots, made beside everything else, and by how much each one's clock differs
//! from ours. Asks every second, and at once after any failure, who has what (`topology`). Waits for nothing: what is not at hand
//! is said to be so. Knows no record and no feed.

use super::address::{Address, Form};
use super::topology::{Asked, Looked, Range, look};
use crate::clock::Env;
use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, ConnectionAddr, ErrorKind, PushInfo, RedisError, RedisResult, Value};
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::FuturesUnordered;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Waiting for a connection,
const CONNECT_WAIT: Duration = Duration::from_secs(1);
/// and until the server is ready for use.
const READY_WAIT: Duration = Duration::from_secs(2);
/// Waiting for the answers to one pipeline.
const RESPONSE_WAIT: Duration = Duration::from_secs(2);
/// A server that failed is left alone: doubling from here,
const RETRY_MIN: Duration = Duration::from_millis(50);
/// to here.
const RETRY_MAX: Duration = Duration::from_secs(1);
/// Who has what is asked so often: of a master that was replaced and still answers, nothing else tells.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// And no sooner after the last time than this, whatever happened.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Clocks that differ by less count as one, milliseconds: it is what measuring over a network is good for.
const CLOCK_NOISE_MS: i64 = 250;

/// The name of a server: its address in words.
pub(super) type Name = Arc<str>;
/// Told of every pushed message with the name of the server and the number of the connection; must not wait.
pub(super) type OnPush = Arc<dyn Fn(&Name, u64, PushInfo) + Send + Sync>;

/// A server at hand.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) name: Name,
    pub(super) connection: MultiplexedConnection,
    /// Number of the connection, each used once.
    pub(super) number: u64,
    /// Its clock less ours, milliseconds.
    pub(super) ahead_ms: i64,
}

/// What happened meanwhile.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// A server is at hand.
    Connected(Name),
    /// It could not be reached.
    Failed(Name),
    /// Who has what was asked, with or without an answer.
    Looked,
}

enum Done {
    Connected(Name, RedisResult<Node>),
    Looked(Looked),
}

/// All servers.
pub(super) struct Nodes {
    address: Arc<Address>,
    env: Env,
    on_push: Option<OnPush>,
    /// Loaded into every server that is connected to.
    functions: Option<&'static str>,
    /// Who has which slots, ascending; empty before the first answer. The last answer stands until there is another.
    ranges: Vec<Range>,
    /// How often that was another than before.
    picture: u64,
    open: HashMap<Name, Node>,
    /// Until when a server is left alone, and for how long next time.
    resting: HashMap<Name, (Instant, Duration)>,
    connecting: HashSet<Name>,
    /// Connections to those who are asked who has what and have no slots.
    askers: Vec<Asked>,
    is_looking: bool,
    looks_soon: bool,
    looked_at: Option<Instant>,
    last_number: u64,
    why: Option<RedisError>,
    under_way: FuturesUnordered<BoxFuture<'static, Done>>,
}

impl Nodes {
    pub(super) fn new(address: Address, env: Env, on_push: Option<OnPush>, functions: Option<&'static str>) -> Self {
        let ranges = match &address.form {
            Form::Single(at) => vec![Range::whole(at.clone())],
            Form::Sentinel { .. } | Form::Cluster { .. } => Vec::new(),
        };
        Self {
            address: Arc::new(address),
            env,
            on_push,
            functions,
            ranges,
            picture: 0,
            open: HashMap::new(),
            resting: HashMap::new(),
            connecting: HashSet::new(),
            askers: Vec::new(),
            is_looking: false,
            looks_soon: true,
            looked_at: None,
            last_number: 0,
            why: None,
            under_way: FuturesUnordered::new(),
        }
    }

    /// Whether all keys are on one server.
    pub(super) fn is_one(&self) -> bool {
        !matches!(self.address.form, Form::Cluster { .. })
    }

    /// Of nobody: where it is not known who has a slot.
    pub(super) fn nobody() -> Name {
        "".into()
    }

    /// Who has a slot; [`Self::nobody`] where that is not known.
    pub(super) fn name_of_slot(&self, slot: u16) -> Name {
        let after = self.ranges.partition_point(|range| range.from <= slot);
        let range = after.checked_sub(1).map(|at| &self.ranges[at]).filter(|range| slot <= range.to);
        range.map_or_else(Self::nobody, |range| Arc::clone(&range.name))
    }

    /// The server of a slot if it is at hand, else its name; it is connected to meanwhile.
    pub(super) fn of_slot(&mut self, slot: u16) -> Result<Node, Name> {
        let name = self.name_of_slot(slot);
        self.of_name(&name).ok_or(name)
    }

    /// The server of that name if it is at hand.
    pub(super) fn of_name(&mut self, name: &Name) -> Option<Node> {
        let node = self.open.get(name).cloned();
        if node.is_none() {
            self.tend();
        }
        node
    }

    /// Every server that has slots and is connected.
    pub(super) fn open(&self) -> impl Iterator<Item = &Node> {
        self.open.values()
    }

    /// Whether that server has slots.
    pub(super) fn is_known(&self, name: &Name) -> bool {
        self.ranges.iter().any(|range| range.name == *name)
    }

    /// The number of the present answer to who has what.
    pub(super) const fn picture(&self) -> u64 {
        self.picture
    }

    /// Whether it is known that a slot has nobody to be asked: none who has it, or one who did not answer when last spoken to.
    pub(super) fn is_away(&self, slot: u16) -> bool {
        let name = self.name_of_slot(slot);
        !self.ranges.is_empty() && (name.is_empty() || self.resting.contains_key(&name))
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Why the last thing failed.
    pub(super) fn why(&self) -> RedisError {
        self.why.clone().unwrap_or_else(|| error("a connection was lost"))
    }

    /// Begins what is due: connections to all who have slots, the question who that is. Never waits; call it now and then.
    pub(super) fn tend(&mut self) {
        let since = self.looked_at.map_or(Duration::MAX, |at| at.elapsed());
        let is_due = since >= LOOK_EVERY || self.looks_soon && since >= LOOK_AGAIN_AFTER;
        if is_due && !self.is_looking && !matches!(self.address.form, Form::Single(_)) {
            (self.is_looking, self.looks_soon, self.looked_at) = (true, false, Some(Instant::now()));
            self.under_way.push(look(Arc::clone(&self.address), self.to_ask()).map(Done::Looked).boxed());
        }
        let is_missing =
            |range: &&Range| !self.open.contains_key(&range.name) && !self.connecting.contains(&range.name);
        let missing: Vec<Range> = self.ranges.iter().filter(is_missing).cloned().collect();
        for range in missing {
            self.connect(range);
        }
    }

    /// Waits for the next thing that was begun to be done. May be given up at any time.
    pub(super) async fn next(&mut self) -> News {
        let Some(done) = self.under_way.next().await else { std::future::pending().await };
        match done {
            Done::Connected(name, made) => {
                self.connecting.remove(&name);
                match made {
                    Ok(node) if self.is_known(&name) => {
                        self.open.insert(Arc::clone(&name), node);
                        News::Connected(name)
                    }
                    Ok(_) => News::Failed(name),
                    Err(why) => {
                        self.why = Some(why);
                        self.rest(&name);
                        News::Failed(name)
                    }
                }
            }
            Done::Looked(Looked { ranges, asked }) => {
                self.is_looking = false;
                match ranges {
                    Ok(ranges) => self.take(ranges),
                    Err(why) => (self.why, self.looks_soon) = (Some(why), true),
                }
                self.askers = asked.into_iter().filter(|asked| !self.has_slots(&asked.at)).collect();
                self.tend();
                News::Looked
            }
        }
    }

    /// Gives up a connection over which there was no answer, or that is no longer the one to ask. The server is left alone for a
    /// while, and who has what is asked.
    pub(super) fn failed(&mut self, name: &Name, number: u64, why: RedisError) {
        self.why = Some(why);
        if self.open.get(name).is_some_and(|node| node.number == number) {
            self.open.remove(name);
            self.rest(name);
        }
    }

    /// A server answered.
    pub(super) fn answered(&mut self, name: &Name) {
        self.resting.remove(name);
    }

    /// Who has what is asked soon: somebody said that it is another. False where there is nobody to ask.
    pub(super) fn look_again(&mut self) -> bool {
        self.looks_soon = true;
        self.tend();
        !matches!(self.address.form, Form::Single(_))
    }

    /// A server's clock was measured anew.
    pub(super) fn set_ahead(&mut self, name: &Name, number: u64, ahead_ms: i64) {
        if let Some(node) = self.open.get_mut(name).filter(|node| node.number == number) {
            node.ahead_ms = ahead_ms;
        }
    }

    fn rest(&mut self, name: &Name) {
        let (_, wait) = self.resting.get(name).copied().unwrap_or((Instant::now(), RETRY_MIN));
        self.resting.insert(Arc::clone(name), (Instant::now() + wait, (wait * 2).min(RETRY_MAX)));
        self.look_again();
    }

    fn take(&mut self, ranges: Vec<Range>) {
        if ranges != self.ranges {
            self.ranges = ranges;
            self.picture += 1;
            let known: HashSet<Name> = self.ranges.iter().map(|range| Arc::clone(&range.name)).collect();
            self.open.retain(|name, _| known.contains(name));
            self.resting.retain(|name, _| known.contains(name));
        }
    }

    fn has_slots(&self, at: &ConnectionAddr) -> bool {
        self.ranges.iter().any(|range| range.at == *at)
    }

    /// Sentinels; or the members of a Cluster that have slots, and those named in the URL while none of them is at hand.
    fn to_ask(&self) -> Vec<Asked> {
        let asker = |at: &ConnectionAddr| {
            let known = self.askers.iter().find(|asked| asked.at == *at).and_then(|asked| asked.connection.clone());
            Asked { at: at.clone(), connection: known }
        };
        match &self.address.form {
            Form::Single(_) => Vec::new(),
            Form::Sentinel { sentinels, .. } => sentinels.iter().map(asker).collect(),
            Form::Cluster { seeds } => {
                let mut asked: Vec<Asked> = Vec::new();
                for range in &self.ranges {
                    let connection = self.open.get(&range.name).map(|node| node.connection.clone());
                    if connection.is_some() && !asked.iter().any(|asked| asked.at == range.at) {
                        asked.push(Asked { at: range.at.clone(), connection });
                    }
                }
                if asked.is_empty() {
                    let known = self.ranges.iter().map(|range| &range.at).chain(seeds);
                    for at in known {
                        if !asked.iter().any(|asked| asked.at == *at) {
                            asked.push(asker(at));
                        }
                    }
                }
                asked
            }
        }
    }

    fn connect(&mut self, range: Range) {
        let Range { name, at, .. } = range;
        let is_left_alone = self.resting.get(&name).is_some_and(|(until, _)| Instant::now() < *until);
        if is_left_alone || !self.connecting.insert(Arc::clone(&name)) {
            return;
        }
        self.last_number += 1;
        let number = self.last_number;
        let mut config = config();
        if let Some(on_push) = self.on_push.clone() {
            let name = Arc::clone(&name);
            config = config.set_push_sender(move |push| {
                on_push(&name, number, push);
                Ok::<(), ()>(())
            });
        }
        let (address, env, functions) = (Arc::clone(&self.address), self.env.clone(), self.functions);
        let of = Arc::clone(&name);
        let whole = async move {
            let client = address.client(at, false)?;
            let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
            if let Some(functions) = functions {
                let mut load = ::redis::cmd("FUNCTION");
                load.arg("LOAD").arg("REPLACE").arg(functions);
                load.query_async::<Value>(&mut connection).await?;
            }
            let ahead_ms = ahead_ms(&mut connection, &env).await?;
            Ok(Node { name: of, connection, number, ahead_ms })
        };
        let made = async move {
            let made = tokio::time::timeout(READY_WAIT, whole).await;
            Done::Connected(name, made.unwrap_or_else(|_| Err(error("not ready in time"))))
        };
        self.under_way.push(made.boxed());
    }
}

pub(super) fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_WAIT)).set_response_timeout(Some(RESPONSE_WAIT))
}

/// Redis's clock less ours. Times in Redis are on its clock, so that nodes whose clocks differ agree on how old a fix is.
pub(super) async fn ahead_ms(connection: &mut MultiplexedConnection, env: &Env) -> RedisResult<i64> {
    let before = env.now().0;
    let (seconds, micros): (i64, i64) = ::redis::cmd("TIME").query_async(connection).await?;
    let after = env.now().0;
    let ahead = seconds * 1_000 + micros / 1_000 - before.midpoint(after);
    // A server that took its time may have said it at either end.
    Ok(if ahead.abs() < CLOCK_NOISE_MS + (after - before).max(0) / 2 { 0 } else { ahead })
}

/// Whether an answer says that another is to be asked, or nobody for now: a slot that has moved (`MOVED`) or is moving (`ASK`,
/// `TRYAGAIN`), a master that has become a replica. The connection is as good as before.
pub(super) fn is_elsewhere(error: &RedisError) -> bool {
    matches!(error.code(), Some("MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "READONLY"))
}

/// Whether the same would be said of every slot for now: a Cluster of which a part is missing serves none.
pub(super) fn is_of_all(error: &RedisError) -> bool {
    error.code() == Some("CLUSTERDOWN")
}

/// An error of our own.
pub(super) fn error(why: &'static str) -> RedisError {
    (ErrorKind::Io, why).into()
}
