//! Owns what the engine's node has said of whom this gateway may judge, and the task that asks for it, and for what was believed last of
//! whom that is not certain here. What is said is believed for [`GOOD_FOR`] from when it was asked: after that nobody is judged here.

use super::Gateway;
use super::wire::{Ask, GOOD_FOR, LAST_MAX, LIST_PATH, Last, Listed, Told};
use crate::http::ingest::sources::Epochs;
use crate::live::{AREA_MARGIN_M, Health};
use crate::record::{PhoneSession, Revocation};
use crate::telemetry;
use geo::{Bounds, Position};
use http_body_util::{BodyExt, Limited};
use matcher::model::{AccountId, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Between two questions.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// An answer that takes longer is none.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Longest answer that is read, bytes: 100,000 staff and more.
const ANSWER_BYTES_MAX: usize = 32 << 20;
/// What was believed last of somebody is asked for so long after a fix of theirs was passed on: if it was doubted there, nothing is told.
const WANTED_FOR: Duration = Duration::from_secs(3);
/// Clocks that differ by less count as one, milliseconds: it is what asking over a network is good for.
const CLOCK_NOISE_MS: i64 = 250;
/// A Redis that came back empty has another word in a second or two; one that is another's for longer is told of.
const OTHER_FOR: Duration = Duration::from_secs(5);
/// Clocks that differ by more are told of, milliseconds, and no tracker is judged: it tells times, which go by the clock of whoever
/// judges it.
const CLOCKS_MS_MAX: i64 = 2_000;

/// A staff member whom the gateway may judge.
#[derive(Clone, Debug)]
pub struct Member {
    /// Unit number.
    pub no: u32,
    /// The latest epochs of their sources; of phones that of the one that counts.
    pub epochs: Epochs,
}

#[derive(Default)]
struct State {
    ask: Ask,
    staff: HashMap<AccountId, Listed>,
    bounds: Option<Bounds>,
    hears: bool,
    /// What tells the Redis of the engine's node from any other.
    redis: Option<String>,
    /// The gateway's clock less that of the engine's node, milliseconds.
    ahead_ms: i64,
    asked_at: Option<Instant>,
}

/// The list.
#[derive(Default)]
pub struct List {
    state: RwLock<State>,
    /// Of whom it has to be asked what was believed last, and since when.
    wanted: Mutex<HashMap<AccountId, Instant>>,
}

/// Whether this process and the engine's node write to the same Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameRedis {
    /// They do.
    Same,
    /// They do not: what is written here is heard by nobody.
    Other,
    /// One of them does not know its own for now.
    Unknown,
}

impl SameRedis {
    /// The word in `/readyz`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

impl List {
    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn wanted(&self) -> MutexGuard<'_, HashMap<AccountId, Instant>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The engine's node has somebody's fix, or is about to: what it has believed last is asked for.
    pub fn want(&self, staff: AccountId) {
        self.wanted().insert(staff, Instant::now());
    }

    /// Whether what was told of somebody is from after it was last wanted; if so it is not asked for again.
    fn is_told(&self, staff: AccountId, asked_at: Instant) -> bool {
        let mut wanted = self.wanted();
        let is_told = wanted.get(&staff).is_some_and(|since| *since <= asked_at);
        if is_told {
            wanted.remove(&staff);
        }
        is_told
    }

    /// Whether that is the Redis of the engine's node.
    pub fn compare(&self, own: Option<&str>) -> SameRedis {
        match (own, self.state().redis.as_deref()) {
            (Some(own), Some(theirs)) if own == theirs => SameRedis::Same,
            (Some(_), Some(_)) => SameRedis::Other,
            _ => SameRedis::Unknown,
        }
    }

    /// The staff member, if the gateway may judge them, else why not.
    pub fn member(&self, staff: AccountId, now: Timestamp) -> Result<Member, &'static str> {
        let state = self.state();
        if state.asked_at.is_none_or(|at| at.elapsed() >= GOOD_FOR) {
            return Err("list_old");
        }
        if !state.hears {
            return Err("redis_away");
        }
        let listed = state.staff.get(&staff).ok_or("off_shift")?;
        let there_ms = now.0 - state.ahead_ms;
        if !(listed.from_ms..listed.until_ms).contains(&there_ms) {
            return Err("off_shift");
        }
        if listed.pass {
            return Err("followed");
        }
        let phone = listed.phone.map(|(token, number, epoch)| PhoneSession { token, number, epoch });
        let epochs = Epochs { phones: phone.into_iter().collect(), trackers: listed.trackers.clone() };
        Ok(Member { no: listed.no, epochs })
    }

    /// Whether the position is in the service area.
    pub fn serves(&self, at: Position) -> bool {
        let state = self.state();
        state.bounds.as_ref().is_some_and(|bounds| bounds.is_within_m(at, AREA_MARGIN_M))
    }

    /// The moment by the clock of the engine's node.
    pub fn there(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 - self.state().ahead_ms)
    }

    /// Whether the two clocks count as one for what tells times.
    pub fn clocks_agree(&self) -> bool {
        agree(self.state().ahead_ms)
    }

    /// How old it is; `None` before the first answer.
    pub fn age(&self) -> Option<Duration> {
        self.state().asked_at.map(|at| at.elapsed())
    }

    /// Whether it is good.
    pub fn is_fresh(&self) -> bool {
        self.age().is_some_and(|age| age < GOOD_FOR)
    }

    /// Whether the engine's node hears through Redis.
    pub fn hears(&self) -> bool {
        self.state().hears
    }

    fn ask(&self) -> Ask {
        let mut wanted = self.wanted();
        wanted.retain(|_, since| since.elapsed() < WANTED_FOR);
        let last = wanted.keys().take(LAST_MAX).map(|staff| staff.0).collect();
        drop(wanted);
        Ask { last, ..self.state().ask.clone() }
    }

    /// Takes an answer; who is not at work any more.
    pub(super) fn take(&self, told: Told, asked_at: Instant, now: Timestamp) -> Vec<AccountId> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut gone: Vec<AccountId> = told.gone.into_iter().map(AccountId).collect();
        if told.whole {
            let staying: std::collections::HashSet<_> = told.staff.iter().map(|listed| listed.id).collect();
            gone.extend(state.staff.keys().filter(|staff| !staying.contains(&staff.0)));
        }
        for staff in &gone {
            state.staff.remove(staff);
        }
        let [west, south, east, north] = told.bounds;
        state.staff.extend(told.staff.into_iter().map(|listed| (AccountId(listed.id), listed)));
        state.bounds = Some(Bounds { west, south, east, north });
        state.hears = told.hears;
        state.redis = told.redis;
        state.ahead_ms = now.0 - told.now_ms;
        state.ask = Ask { life: told.life, version: told.version, revocation: told.revocation, last: Vec::new() };
        // Until all that was taken back is known, nothing is.
        if !told.more {
            state.asked_at = Some(asked_at);
        }
        gone
    }
}

const fn agree(ahead_ms: i64) -> bool {
    ahead_ms.abs() <= CLOCKS_MS_MAX
}

/// Asks until the gateway ends.
pub async fn follow(gateway: Arc<Gateway>) {
    let mut clocks_agree = true;
    let mut redis = OtherRedis::default();
    loop {
        let began = Instant::now();
        match timeout(ANSWER_WITHIN, ask(&gateway, began)).await {
            Ok(Some((true, _))) => continue,
            Ok(Some((false, ahead_ms))) => {
                let agree = agree(ahead_ms);
                if clocks_agree && !agree {
                    tracing::warn!(
                        clock.ahead_ms = ahead_ms,
                        "this clock and that of the engine's node differ; trackers are judged there"
                    );
                }
                clocks_agree = agree;
                redis.look(&gateway);
            }
            _ => metrics::counter!(telemetry::GATEWAY_UPSTREAM_ERRORS, "call" => "list").increment(1),
        }
        tokio::select! {
            () = gateway.ended.cancelled() => return,
            () = tokio::time::sleep(ASK_EVERY.saturating_sub(began.elapsed())) => {}
        }
    }
}

/// Since when this gateway's Redis has not been seen to be that of the engine's node, though both answer.
#[derive(Default)]
struct OtherRedis {
    since: Option<Instant>,
    is_said: bool,
}

impl OtherRedis {
    fn look(&mut self, gateway: &Gateway) {
        let both_answer = gateway.list.hears() && gateway.live.health() == Health::RedisUp;
        if !both_answer || gateway.same_redis() == SameRedis::Same {
            *self = Self::default();
            return;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        if !self.is_said && since.elapsed() >= OTHER_FOR {
            self.is_said = true;
            tracing::warn!(
                "this gateway's redis is not that of the service: nobody would hear what it writes, so it judges nobody"
            );
        }
    }
}

/// Asks once; whether there is more, and by how much the clocks differ.
async fn ask(gateway: &Gateway, began: Instant) -> Option<(bool, i64)> {
    let asked = gateway.list.ask();
    let answer = gateway.upstream.ask(LIST_PATH, serde_json::to_vec(&asked).ok()?).await.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await.ok()?.to_bytes();
    let mut told: Told = serde_json::from_slice(&body).ok()?;
    let now = gateway.env.now();
    let (more, ahead_ms) = (told.more, now.0 - told.now_ms);
    if told.life != asked.life {
        gateway.known.forget_all();
    }
    let revoked: Vec<Revocation> =
        told.revoked.iter().map(|&(id, token)| Revocation { id: 0, account: AccountId(id), token }).collect();
    if !revoked.is_empty() {
        gateway.known.revoke(&revoked);
    }
    if !more {
        gateway.known.is_read(began);
    }
    let last = std::mem::take(&mut told.last);
    for staff in gateway.list.take(told, began, now) {
        gateway.desk.forget(staff);
        gateway.live.let_go(staff);
    }
    for last in last {
        learn(gateway, &last, began, now, ahead_ms);
    }
    Some((more, ahead_ms))
}

fn learn(gateway: &Gateway, last: &Last, asked_at: Instant, now: Timestamp, ahead_ms: i64) {
    let staff = AccountId(last.id);
    if !gateway.list.is_told(staff, asked_at) {
        return;
    }
    // Clocks that differ by so little are one, as with times in Redis.
    let ahead_ms = if ahead_ms.abs() < CLOCK_NOISE_MS { 0 } else { ahead_ms };
    let is_all = last.fix(ahead_ms).is_some_and(|fix| gateway.desk.learn(&gateway.live, staff, &fix, now));
    if !is_all {
        gateway.list.want(staff);
    }
}
