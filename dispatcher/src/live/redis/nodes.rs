//! Owns the connections: which server has which slot, who the master is, one connection to each, and by how much each one's clock
//! differs from ours. Learns anew after any failure. Knows no record and no feed.

use super::address::{Address, Form};
use super::keys::SLOTS;
use crate::clock::Env;
use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, ConnectionAddr, ErrorKind, PushInfo, RedisError, RedisResult, Value};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Waiting for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(1);
/// Waiting for the answers to one pipeline.
const RESPONSE_WAIT: Duration = Duration::from_secs(2);
/// A server that failed is left alone: doubling from here,
const RETRY_MIN: Duration = Duration::from_millis(50);
/// to here.
const RETRY_MAX: Duration = Duration::from_secs(1);
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

/// All servers.
pub(super) struct Nodes {
    address: Address,
    env: Env,
    on_push: Option<OnPush>,
    /// Who has the slots from, to; empty before the first look.
    ranges: Vec<(u16, u16, ConnectionAddr)>,
    is_stale: bool,
    open: HashMap<Name, Node>,
    /// Until when a server is left alone, and for how long next time.
    resting: HashMap<Name, (Instant, Duration)>,
    last_number: u64,
}

impl Nodes {
    pub(super) fn new(address: Address, env: Env, on_push: Option<OnPush>) -> Self {
        let (ranges, open, resting) = (Vec::new(), HashMap::new(), HashMap::new());
        Self { address, env, on_push, ranges, is_stale: true, open, resting, last_number: 0 }
    }

    /// Whether all keys are on one server.
    pub(super) const fn is_one(&self) -> bool {
        !matches!(self.address.form, Form::Cluster { .. })
    }

    /// The server of a slot, connected.
    pub(super) async fn of_slot(&mut self, slot: u16) -> RedisResult<Node> {
        if self.is_stale {
            self.look().await?;
        }
        let range = self.ranges.iter().find(|(from, to, _)| (*from..=*to).contains(&slot));
        let Some((_, _, at)) = range else {
            // It may be given to somebody any moment.
            self.is_stale = true;
            return Err(error("nobody has the slot"));
        };
        let at = at.clone();
        self.at(at).await
    }

    /// Every server that has slots and is connected.
    pub(super) fn open(&self) -> impl Iterator<Item = &Node> {
        self.open.values()
    }

    /// Gives up the connection to a server that did not answer or is no longer the one to ask. It is left alone for a while, and
    /// who has what is learnt anew.
    pub(super) fn failed(&mut self, name: &Name) {
        self.is_stale = true;
        self.open.remove(name);
        let (_, wait) = self.resting.get(name).copied().unwrap_or((Instant::now(), RETRY_MIN));
        self.resting.insert(Arc::clone(name), (Instant::now() + wait, (wait * 2).min(RETRY_MAX)));
    }

    /// A server answered.
    pub(super) fn answered(&mut self, name: &Name) {
        self.resting.remove(name);
    }

    /// Who has what is asked before the next use.
    pub(super) const fn look_again(&mut self) {
        self.is_stale = true;
    }

    /// Measures a server's clock anew.
    pub(super) async fn compare_clocks(&mut self, name: &Name) -> RedisResult<()> {
        let Some(node) = self.open.get_mut(name) else { return Ok(()) };
        node.ahead_ms = ahead_ms(&mut node.connection, &self.env).await?;
        Ok(())
    }

    /// Asks who has what.
    async fn look(&mut self) -> RedisResult<()> {
        let ranges = match &self.address.form {
            Form::Single(at) => vec![(0, SLOTS - 1, at.clone())],
            Form::Sentinel { sentinels, master } => {
                let (sentinels, master) = (sentinels.clone(), master.clone());
                vec![(0, SLOTS - 1, self.master(&sentinels, &master).await?)]
            }
            Form::Cluster { seeds } => {
                let known = self.ranges.iter().map(|(_, _, at)| at.clone());
                let asked: Vec<ConnectionAddr> = known.chain(seeds.iter().cloned()).collect();
                self.cluster(&asked).await?
            }
        };
        self.open.retain(|name, _| ranges.iter().any(|(_, _, at)| at.to_string() == **name));
        self.ranges = ranges;
        self.is_stale = false;
        Ok(())
    }

    /// The first answer of a Sentinel.
    async fn master(&self, sentinels: &[ConnectionAddr], master: &str) -> RedisResult<ConnectionAddr> {
        let mut why = error("no sentinel knows the master");
        for at in sentinels {
            let asked = async {
                let client = self.address.client(at.clone(), true)?;
                let mut connection = client.get_multiplexed_async_connection_with_config(&config()).await?;
                let mut ask = ::redis::cmd("SENTINEL");
                ask.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
                ask.query_async::<Option<(String, u16)>>(&mut connection).await
            };
            match asked.await {
                Ok(Some((host, port))) => return Ok(self.address.beside(host, port)),
                Ok(None) => {}
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    /// The first answer of a member of the Cluster.
    async fn cluster(&mut self, asked: &[ConnectionAddr]) -> RedisResult<Vec<(u16, u16, ConnectionAddr)>> {
        let mut why = error("nobody of the cluster answers");
        for at in asked {
            let answer = match self.at(at.clone()).await {
                Ok(mut node) => {
                    let answer = ::redis::cmd("CLUSTER").arg("SLOTS").query_async::<Value>(&mut node.connection).await;
                    if answer.is_err() {
                        self.failed(&node.name);
                    }
                    answer
                }
                Err(error) => Err(error),
            };
            match answer.map(|answer| self.ranges_of(answer, at)) {
                Ok(Some(ranges)) if !ranges.is_empty() => return Ok(ranges),
                Ok(_) => {}
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    /// Reads `CLUSTER SLOTS`: from, to, then the primary's host and port.
    fn ranges_of(&self, answer: Value, asked: &ConnectionAddr) -> Option<Vec<(u16, u16, ConnectionAddr)>> {
        let rows: Vec<Vec<Value>> = ::redis::from_redis_value(answer).ok()?;
        let rows = rows.into_iter().map(|row| {
            let mut row = row.into_iter();
            let from = ::redis::from_redis_value(row.next()?).ok()?;
            let to = ::redis::from_redis_value(row.next()?).ok()?;
            let primary: Vec<Value> = ::redis::from_redis_value(row.next()?).ok()?;
            let host: Option<String> = ::redis::from_redis_value(primary.first()?.clone()).ok()?;
            let port: u16 = ::redis::from_redis_value(primary.get(1)?.clone()).ok()?;
            // A server that does not know its own name means the one that was asked.
            let host = host.filter(|host| !host.is_empty()).or_else(|| host_of(asked))?;
            Some((from, to, self.address.beside(host, port)))
        });
        rows.collect()
    }

    async fn at(&mut self, at: ConnectionAddr) -> RedisResult<Node> {
        let name: Name = at.to_string().into();
        if let Some(node) = self.open.get(&name) {
            return Ok(node.clone());
        }
        if self.resting.get(&name).is_some_and(|(until, _)| Instant::now() < *until) {
            return Err(error("left alone for a moment"));
        }
        match self.connect(&name, at).await {
            Ok(node) => Ok(self.open.entry(name).insert_entry(node).get().clone()),
            Err(error) => {
                self.failed(&name);
                Err(error)
            }
        }
    }

    async fn connect(&mut self, name: &Name, at: ConnectionAddr) -> RedisResult<Node> {
        self.last_number += 1;
        let number = self.last_number;
        let mut config = config();
        if let Some(on_push) = self.on_push.clone() {
            let name = Arc::clone(name);
            config = config.set_push_sender(move |push| {
                on_push(&name, number, push);
                Ok::<(), ()>(())
            });
        }
        let client = self.address.client(at, false)?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let ahead_ms = ahead_ms(&mut connection, &self.env).await?;
        Ok(Node { name: Arc::clone(name), connection, number, ahead_ms })
    }
}

fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_WAIT)).set_response_timeout(Some(RESPONSE_WAIT))
}

/// Redis's clock less ours. Times in Redis are on its clock, so that nodes whose clocks differ agree on how old a fix is.
async fn ahead_ms(connection: &mut MultiplexedConnection, env: &Env) -> RedisResult<i64> {
    let before = env.now().0;
    let (seconds, micros): (i64, i64) = ::redis::cmd("TIME").query_async(connection).await?;
    let middle = before.midpoint(env.now().0);
    let ahead = seconds * 1_000 + micros / 1_000 - middle;
    Ok(if ahead.abs() < CLOCK_NOISE_MS { 0 } else { ahead })
}

fn host_of(at: &ConnectionAddr) -> Option<String> {
    match at {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => Some(host.clone()),
        _ => None,
    }
}

/// An error of our own.
pub(super) fn error(why: &'static str) -> RedisError {
    (ErrorKind::Io, why).into()
}
