//! Owns all that is said to Redis: the connection, reading every position back, writing batches. The only code that knows
//! Redis. Decides nothing, and answers no query: the in-process index does.
//!
//! Invariant: a member's new record is written before the old one is deleted, so a reader may see two for a moment (the later
//! by (session epoch, sequence) counts) and never none.

mod keys;
mod packed;
mod queue;
mod writer;

#[cfg(test)]
mod redis_tests;
#[cfg(test)]
pub(super) mod test_server;

pub(super) use keys::Keys;
pub(super) use queue::Queue;
pub(super) use writer::Writer;

use packed::{pack, unpack};

use super::LivePosition;
use super::index::cell_of;
use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, ErrorKind, Pipeline, RedisError, RedisResult, Value};
use geo::Fix;
use geo::cell::Cell;
use matcher::model::AccountId;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use uuid::Uuid;

/// Waiting for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(2);
/// Waiting for the answers to one batch.
const RESPONSE_WAIT: Duration = Duration::from_secs(2);
/// Where nobody writes to a cell any more, Redis forgets it: a server that never comes back leaves nobody's place behind. Longer
/// than a silent member is kept, seconds.
const CELL_LIFE_S: i64 = 3_600;
/// A cell that is written to is given its life anew so often, milliseconds: not with every record.
const CELL_RENEWED_MS: i64 = 600_000;
/// Keys read in one pipeline.
const READ_BATCH: usize = 256;

/// Why Redis cannot be used. Never holds the URL: it may carry a password.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// Not a URL of a Redis.
    #[error("the redis url is not valid; it looks like redis://host:6379")]
    BadUrl,
    /// Wrong or missing credentials.
    #[error("redis refused the credentials in its url")]
    Refused,
}

/// A member's record as Redis should have it; `None`: no record.
pub(super) type Change = (AccountId, Option<LivePosition>);

/// What a reading found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reloaded {
    /// Valid records.
    pub(super) records: usize,
    /// Fields and keys that are not ours or not valid.
    pub(super) skipped: usize,
}

/// The connection with what is known to be in Redis.
pub(super) struct Link {
    client: Client,
    keys: Keys,
    connection: Option<MultiplexedConnection>,
    /// The `life` word seen last; `None` before the first reading.
    life: Option<String>,
    /// Cells that may hold a record of the member. More than one only after a write of unknown outcome.
    places: HashMap<AccountId, Vec<Cell>>,
    /// Cells already in the sets that name them, and when each was last given its life.
    named: HashMap<Cell, i64>,
}

impl Link {
    pub(super) fn new(url: &str, prefix: &str) -> Result<Self, LiveError> {
        let client = Client::open(url).map_err(|_| LiveError::BadUrl)?;
        let keys = Keys::new(prefix);
        Ok(Self { client, keys, connection: None, life: None, places: HashMap::new(), named: HashMap::new() })
    }

    /// Gives the connection up; the next call makes a new one.
    pub(super) fn drop_connection(&mut self) {
        self.connection = None;
    }

    /// Whether everything has been read back once.
    pub(super) const fn is_loaded(&self) -> bool {
        self.life.is_some()
    }

    /// Whether it has to be caught up before it is written to.
    pub(super) const fn is_new(&self) -> bool {
        self.connection.is_none() || self.life.is_none()
    }

    /// Members who may have more than one record.
    pub(super) fn doubled(&self) -> impl Iterator<Item = AccountId> {
        self.places.iter().filter(|(_, cells)| cells.len() > 1).map(|(&staff, _)| staff)
    }

    async fn connection(&mut self) -> RedisResult<MultiplexedConnection> {
        if let Some(connection) = &self.connection {
            return Ok(connection.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_WAIT))
            .set_response_timeout(Some(RESPONSE_WAIT));
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(self.connection.insert(connection).clone())
    }

    /// Reads every record into `take`; a member may come twice.
    pub(super) async fn reload(
        &mut self,
        fresh_life: &str,
        mut take: impl FnMut(AccountId, u32, Fix),
    ) -> RedisResult<Reloaded> {
        let life = self.agree_on_life(fresh_life).await?;
        let parents = vec![self.keys.parents()];
        let (parents, mut skipped) = self.members(&parents).await?;
        let sets: Vec<String> = parents.iter().map(|&parent| self.keys.cells(parent)).collect();
        let (cells, bad) = self.members(&sets).await?;
        skipped += bad;
        let mut found = Reloaded { records: 0, skipped };
        for batch in cells.chunks(READ_BATCH) {
            let hashes = self.ask("HGETALL", batch.iter().map(|&cell| self.keys.cell(cell))).await?;
            for (&cell, hash) in batch.iter().zip(hashes) {
                self.take_hash(cell, hash, &mut take, &mut found);
            }
        }
        // Their lives are not known: given with the next record.
        self.named.extend(cells.into_iter().map(|cell| (cell, i64::MIN)));
        self.life = Some(life);
        Ok(found)
    }

    fn take_hash(&mut self, cell: Cell, hash: Value, take: &mut impl FnMut(AccountId, u32, Fix), found: &mut Reloaded) {
        let Ok(fields) = ::redis::from_redis_value::<Vec<(Vec<u8>, Vec<u8>)>>(hash) else {
            found.skipped += 1;
            return;
        };
        for (field, value) in fields {
            let staff = Uuid::from_slice(&field).map(AccountId);
            let (Ok(staff), Some((no, fix))) = (staff, unpack(&value)) else {
                found.skipped += 1;
                continue;
            };
            found.records += 1;
            self.places.entry(staff).or_default().push(cell);
            take(staff, no, fix);
        }
    }

    /// Whether Redis still has what was written. If not, forgets what was known of it: the caller writes everybody again.
    pub(super) async fn is_same_life(&mut self, fresh_life: &str) -> RedisResult<bool> {
        let life = self.agree_on_life(fresh_life).await?;
        let is_same = self.life.as_ref() == Some(&life);
        if !is_same {
            self.named.clear();
            self.life = Some(life);
        }
        Ok(is_same)
    }

    /// The life word in Redis; sets the fresh one where there is none.
    async fn agree_on_life(&mut self, fresh: &str) -> RedisResult<String> {
        let mut connection = self.connection().await?;
        let key = self.keys.life();
        let mut pipe = ::redis::pipe();
        pipe.cmd("SET").arg(&key).arg(fresh).arg("NX").ignore().cmd("GET").arg(&key);
        let (life,): (String,) = pipe.query_async(&mut connection).await?;
        Ok(life)
    }

    /// Writes a batch: new records and the names of their cells first, then deletes the old ones. Returns how many
    /// changes another's key of the wrong type kept out.
    pub(super) async fn write(&mut self, batch: &[Change], now_ms: i64) -> RedisResult<usize> {
        let mut pipe = ::redis::pipe();
        let mut renewed = HashSet::new();
        for (staff, position) in batch {
            let Some(position) = position else { continue };
            let cell = cell_of(position.fix.position);
            let is_due = self.named.get(&cell).is_none_or(|&since| now_ms.saturating_sub(since) >= CELL_RENEWED_MS);
            let renews = is_due && renewed.insert(cell);
            if renews && !self.named.contains_key(&cell) {
                pipe.cmd("SADD").arg(self.keys.parents()).arg(keys::parent(cell).to_string());
                pipe.cmd("SADD").arg(self.keys.cells(keys::parent(cell))).arg(cell.to_string());
            }
            let record = pack(position.no, &position.fix);
            pipe.cmd("HSET").arg(self.keys.cell(cell)).arg(staff.0.as_bytes().as_slice()).arg(record.as_slice());
            if renews {
                pipe.cmd("EXPIRE").arg(self.keys.cell(cell)).arg(CELL_LIFE_S);
            }
            let places = self.places.entry(*staff).or_default();
            if !places.contains(&cell) {
                places.push(cell);
            }
        }
        for (staff, position) in batch {
            let kept = position.map(|p| cell_of(p.fix.position));
            for &cell in self.places.get(staff).into_iter().flatten().filter(|&&cell| Some(cell) != kept) {
                pipe.cmd("HDEL").arg(self.keys.cell(cell)).arg(staff.0.as_bytes().as_slice());
            }
        }
        let refused = self.send(&pipe).await?;
        self.named.extend(renewed.into_iter().map(|cell| (cell, now_ms)));
        for (staff, position) in batch {
            match position {
                Some(p) => self.places.insert(*staff, vec![cell_of(p.fix.position)]),
                None => self.places.remove(staff),
            };
        }
        Ok(refused)
    }

    /// Sends and counts the answers "wrong type"; any other error answer fails the batch.
    async fn send(&mut self, pipe: &Pipeline) -> RedisResult<usize> {
        if pipe.is_empty() {
            return Ok(0);
        }
        let mut connection = self.connection().await?;
        let mut pipe = pipe.clone();
        let answers: Vec<RedisResult<Value>> = pipe.ignore_errors().query_async(&mut connection).await?;
        let mut refused = 0;
        for error in answers.into_iter().filter_map(Result::err) {
            if error.code() != Some("WRONGTYPE") {
                return Err(error);
            }
            refused += 1;
        }
        Ok(refused)
    }

    /// The cells named in these sets, and how many members were none.
    async fn members(&mut self, sets: &[String]) -> RedisResult<(Vec<Cell>, usize)> {
        let (mut cells, mut skipped) = (Vec::new(), 0);
        for batch in sets.chunks(READ_BATCH) {
            for set in self.ask("SMEMBERS", batch.iter().cloned()).await? {
                let Ok(names) = ::redis::from_redis_value::<Vec<Vec<u8>>>(set) else {
                    skipped += 1;
                    continue;
                };
                for name in names {
                    match std::str::from_utf8(&name).ok().and_then(|hex| hex.parse::<Cell>().ok()) {
                        Some(cell) => cells.push(cell),
                        None => skipped += 1,
                    }
                }
            }
        }
        Ok((cells, skipped))
    }

    /// One command on each key. The answer "wrong type" stays in its place, so that a key of another's making spoils nothing
    /// else; any other error answer fails: nobody must be taken for absent because Redis would not say.
    async fn ask(&self, command: &str, keys: impl Iterator<Item = String>) -> RedisResult<Vec<Value>> {
        let mut pipe = ::redis::pipe();
        for key in keys {
            pipe.cmd(command).arg(key);
        }
        let Some(mut connection) = self.connection.clone() else { return Err(away()) };
        pipe.ignore_errors().query_async::<Value>(&mut connection).await.and_then(|answers| match answers {
            Value::Array(answers) => answers
                .into_iter()
                .map(|answer| match answer {
                    Value::ServerError(error) if error.code() != "WRONGTYPE" => Err(error.into()),
                    answer => Ok(answer),
                })
                .collect(),
            _ => Err(away()),
        })
    }
}

fn away() -> RedisError {
    (ErrorKind::Io, "not connected").into()
}
