//! Owns all access to Redis: the shared memory of positions. Per-cell hashes of packed records, written behind in small
//! batches, new cell before old, read back once at start. Answers no questions and decides nothing.
//!
//! Invariant: what waits to be written is at most one entry per staff member (the latest wins), so a Redis that is away costs
//! bounded memory; when it is back, everybody is written again, since it may have come back empty.

mod keys;
mod packed;

use crate::live::LiveError;
use crate::live::index::LivePosition;
use geo::cell::{Cell, Grid};
use keys::Keys;
use matcher::model::AccountId;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Fixes gathered into one write.
const BATCH_WINDOW: Duration = Duration::from_millis(5);
/// Staff written at a time.
const BATCH_STAFF_MAX: usize = 1_024;
/// Pause after a failed write.
const RETRY_AFTER: Duration = Duration::from_millis(250);
/// Answer within, else the batch is tried again.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Cells read back at a time.
const RELOAD_CELLS: usize = 256;

/// The shared memory.
pub struct Shared {
    state: Arc<State>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct State {
    keys: Keys,
    pending: Mutex<Pending>,
    woken: Notify,
    up: AtomicBool,
    closing: AtomicBool,
}

#[derive(Default)]
struct Pending {
    /// Whom to write; `None` is to remove.
    changed: HashMap<AccountId, Option<LivePosition>>,
    /// Everybody as last put, to refill a Redis that came back.
    latest: HashMap<AccountId, LivePosition>,
    /// In which cell each one's record was last written; touched by the writer only, when Redis has answered.
    written: HashMap<AccountId, Cell>,
}

impl Shared {
    /// Connects, reads everybody back, and begins to write behind.
    pub async fn open(url: &str, prefix: &str) -> Result<(Self, Vec<LivePosition>), LiveError> {
        let client = redis::Client::open(url).map_err(|_| LiveError::BadAddress)?;
        let config = ConnectionManagerConfig::new().set_response_timeout(Some(ANSWER_WITHIN));
        let away = |error: &redis::RedisError| LiveError::Away(error.category().to_owned());
        let mut connection = client.get_connection_manager_with_config(config).await.map_err(|e| away(&e))?;
        let keys = Keys::new(prefix);
        let (records, written) = reload(&mut connection, &keys).await.map_err(|e| away(&e))?;
        let latest = records.iter().map(|r| (r.staff, *r)).collect();
        let state = Arc::new(State {
            keys,
            pending: Mutex::new(Pending { changed: HashMap::new(), latest, written }),
            woken: Notify::new(),
            up: AtomicBool::new(true),
            closing: AtomicBool::new(false),
        });
        let writer = tokio::spawn(write_behind(Arc::clone(&state), connection));
        Ok((Self { state, writer: Mutex::new(Some(writer)) }, records))
    }

    /// To be written within the batch window.
    pub fn put(&self, position: LivePosition) {
        {
            let mut pending = self.state.pending();
            pending.changed.insert(position.staff, Some(position));
            pending.latest.insert(position.staff, position);
        }
        self.state.woken.notify_one();
    }

    /// To be removed within the batch window.
    pub fn remove(&self, staff: AccountId) {
        {
            let mut pending = self.state.pending();
            pending.changed.insert(staff, None);
            pending.latest.remove(&staff);
        }
        self.state.woken.notify_one();
    }

    /// Whether the last write succeeded.
    pub fn is_up(&self) -> bool {
        self.state.up.load(Ordering::Relaxed)
    }

    /// Staff waiting to be written.
    pub fn behind(&self) -> usize {
        self.state.pending().changed.len()
    }

    /// Writes what is pending, once, and stops.
    pub async fn close(&self) {
        self.state.closing.store(true, Ordering::SeqCst);
        self.state.woken.notify_one();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A writer that panicked has nothing left to write.
            let _ = writer.await;
        }
    }
}

impl State {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One staff member's change on its way to Redis.
struct Change {
    staff: AccountId,
    position: Option<LivePosition>,
    from: Option<Cell>,
    to: Option<Cell>,
}

async fn write_behind(state: Arc<State>, mut connection: ConnectionManager) {
    loop {
        let batch = take_batch(&state);
        if batch.is_empty() {
            if state.closing.load(Ordering::SeqCst) {
                return;
            }
            state.woken.notified().await;
            if !state.closing.load(Ordering::SeqCst) {
                tokio::time::sleep(BATCH_WINDOW).await;
            }
            continue;
        }
        match write(&mut connection, &state.keys, &batch).await {
            Ok(()) => {
                note_written(&state, &batch);
                if !state.up.swap(true, Ordering::Relaxed) {
                    tracing::info!("redis is back; everybody is written again");
                    refill(&state);
                }
            }
            Err(error) => {
                if state.up.swap(false, Ordering::Relaxed) {
                    tracing::warn!(error.kind = error.category(), "redis is away; positions are kept in process");
                }
                put_back(&state, batch);
                if state.closing.load(Ordering::SeqCst) {
                    return;
                }
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}

fn take_batch(state: &State) -> Vec<Change> {
    let mut pending = state.pending();
    let staff: Vec<AccountId> = pending.changed.keys().take(BATCH_STAFF_MAX).copied().collect();
    staff
        .into_iter()
        .filter_map(|staff| {
            let position = pending.changed.remove(&staff)?;
            let from = pending.written.get(&staff).copied();
            let to = position.map(|p| Cell::of(p.fix.position, Grid::Index));
            Some(Change { staff, position, from, to })
        })
        .collect()
}

async fn write(connection: &mut ConnectionManager, keys: &Keys, batch: &[Change]) -> redis::RedisResult<()> {
    let mut pipe = redis::pipe();
    let mut new_cells: HashSet<Cell> = HashSet::new();
    for change in batch {
        if let (Some(position), Some(to)) = (&change.position, change.to) {
            if change.from != Some(to) {
                new_cells.insert(to);
            }
            let value = packed::pack(position);
            pipe.cmd("HSET").arg(keys.cell(to)).arg(&packed::field(change.staff)[..]).arg(&value[..]).ignore();
        }
    }
    if !new_cells.is_empty() {
        let names: Vec<String> = new_cells.iter().map(ToString::to_string).collect();
        pipe.cmd("SADD").arg(keys.cells()).arg(names).ignore();
    }
    // New before old: in between somebody is in two cells, and a reader keeps the later record; never in none.
    for change in batch {
        if let Some(from) = change.from.filter(|&from| Some(from) != change.to) {
            pipe.cmd("HDEL").arg(keys.cell(from)).arg(&packed::field(change.staff)[..]).ignore();
        }
    }
    pipe.query_async(connection).await
}

fn note_written(state: &State, batch: &[Change]) {
    let mut pending = state.pending();
    for change in batch {
        match change.to {
            Some(cell) => pending.written.insert(change.staff, cell),
            None => pending.written.remove(&change.staff),
        };
    }
}

/// What was not written waits again, unless something newer waits already.
fn put_back(state: &State, batch: Vec<Change>) {
    let mut pending = state.pending();
    for change in batch {
        pending.changed.entry(change.staff).or_insert(change.position);
    }
}

fn refill(state: &State) {
    let mut pending = state.pending();
    let everybody: Vec<LivePosition> = pending.latest.values().copied().collect();
    for position in everybody {
        pending.changed.entry(position.staff).or_insert(Some(position));
    }
}

/// Everybody in Redis: of two records of one person the later, the other's cell to be cleaned by the next move.
async fn reload(
    connection: &mut ConnectionManager,
    keys: &Keys,
) -> redis::RedisResult<(Vec<LivePosition>, HashMap<AccountId, Cell>)> {
    let names: Vec<String> = redis::cmd("SMEMBERS").arg(keys.cells()).query_async(connection).await?;
    let cells: Vec<Cell> =
        names.iter().filter_map(|name| Cell::from_u64(u64::from_str_radix(name, 16).ok()?)).collect();
    let mut found: HashMap<AccountId, (LivePosition, Cell)> = HashMap::new();
    let mut doubled: Vec<(Cell, AccountId)> = Vec::new();
    let mut empty: Vec<String> = Vec::new();
    let mut foreign = 0_usize;
    for some in cells.chunks(RELOAD_CELLS) {
        let mut pipe = redis::pipe();
        for cell in some {
            pipe.cmd("HGETALL").arg(keys.cell(*cell));
        }
        let hashes: Vec<Vec<(Vec<u8>, Vec<u8>)>> = pipe.query_async(connection).await?;
        for (cell, hash) in some.iter().zip(hashes) {
            if hash.is_empty() {
                empty.push(cell.to_string());
            }
            for (field, value) in hash {
                let Some(position) = packed::unpack(&field, &value) else {
                    foreign += 1;
                    continue;
                };
                match found.get(&position.staff) {
                    Some((known, _)) if !position.fix.is_after(&known.fix) => doubled.push((*cell, position.staff)),
                    Some((_, other)) => {
                        doubled.push((*other, position.staff));
                        found.insert(position.staff, (position, *cell));
                    }
                    None => {
                        found.insert(position.staff, (position, *cell));
                    }
                }
            }
        }
    }
    tidy(connection, keys, &doubled, &empty).await?;
    if foreign > 0 {
        tracing::warn!(records.skipped = foreign, "redis holds records this version cannot read");
    }
    let written = found.iter().map(|(&staff, &(_, cell))| (staff, cell)).collect();
    Ok((found.into_values().map(|(position, _)| position).collect(), written))
}

/// Removes what a crash between "new" and "old" left behind, and the names of cells nobody is in.
async fn tidy(
    connection: &mut ConnectionManager,
    keys: &Keys,
    doubled: &[(Cell, AccountId)],
    empty: &[String],
) -> redis::RedisResult<()> {
    if doubled.is_empty() && empty.is_empty() {
        return Ok(());
    }
    let mut pipe = redis::pipe();
    for (cell, staff) in doubled {
        pipe.cmd("HDEL").arg(keys.cell(*cell)).arg(&packed::field(*staff)[..]).ignore();
    }
    if !empty.is_empty() {
        pipe.cmd("SREM").arg(keys.cells()).arg(empty).ignore();
    }
    pipe.query_async(connection).await
}
