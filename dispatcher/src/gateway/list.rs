//! Owns what the engine's node has said of whom this gateway may judge, and the task that asks for it. What is said is believed for
//! [`GOOD_FOR`] from when it was asked: after that nobody is judged here.

use super::Gateway;
use super::wire::{Ask, GOOD_FOR, LIST_PATH, Listed, Told};
use crate::http::ingest::sources::Epochs;
use crate::live::AREA_MARGIN_M;
use crate::record::Revocation;
use crate::telemetry;
use geo::{Bounds, Position};
use http_body_util::{BodyExt, Limited};
use matcher::model::{AccountId, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Between two questions.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// An answer that takes longer is none.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Longest answer that is read, bytes: 100,000 staff and more.
const ANSWER_BYTES_MAX: usize = 32 << 20;
/// Clocks that differ by more are told of, milliseconds: trackers go by the clock of whoever judges them.
const CLOCKS_MS_MAX: i64 = 2_000;

/// A staff member whom the gateway may judge.
#[derive(Clone, Debug)]
pub struct Member {
    /// Unit number.
    pub no: u32,
    /// The latest epochs of their sources.
    pub epochs: Epochs,
}

#[derive(Default)]
struct State {
    ask: Ask,
    staff: HashMap<AccountId, Listed>,
    bounds: Option<Bounds>,
    hears: bool,
    /// The gateway's clock less that of the engine's node, milliseconds.
    ahead_ms: i64,
    asked_at: Option<Instant>,
}

/// The list.
#[derive(Default)]
pub struct List(RwLock<State>);

impl List {
    /// The staff member, if the gateway may judge them, else why not.
    pub fn member(&self, staff: AccountId, now: Timestamp) -> Result<Member, &'static str> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
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
        let epochs = Epochs { phone: listed.phone, trackers: listed.trackers.clone() };
        Ok(Member { no: listed.no, epochs })
    }

    /// Whether the position is in the service area.
    pub fn serves(&self, at: Position) -> bool {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        state.bounds.as_ref().is_some_and(|bounds| bounds.is_within_m(at, AREA_MARGIN_M))
    }

    /// The moment by the clock of the engine's node.
    pub fn there(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 - self.0.read().unwrap_or_else(PoisonError::into_inner).ahead_ms)
    }

    /// How old it is; `None` before the first answer.
    pub fn age(&self) -> Option<Duration> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).asked_at.map(|at| at.elapsed())
    }

    /// Whether it is good.
    pub fn is_fresh(&self) -> bool {
        self.age().is_some_and(|age| age < GOOD_FOR)
    }

    /// Whether the engine's node hears through Redis.
    pub fn hears(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).hears
    }

    fn ask(&self) -> Ask {
        self.0.read().unwrap_or_else(PoisonError::into_inner).ask.clone()
    }

    /// Takes an answer; who is not at work any more.
    fn take(&self, told: Told, asked_at: Instant, now: Timestamp) -> Vec<AccountId> {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
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
        state.ahead_ms = now.0 - told.now_ms;
        state.ask = Ask { life: told.life, version: told.version, revocation: told.revocation };
        // Until all that was taken back is known, nothing is.
        if !told.more {
            state.asked_at = Some(asked_at);
        }
        gone
    }
}

/// Asks until the gateway ends.
pub async fn follow(gateway: Arc<Gateway>) {
    let mut clocks_agree = true;
    loop {
        let began = Instant::now();
        match timeout(ANSWER_WITHIN, ask(&gateway, began)).await {
            Ok(Some((true, _))) => continue,
            Ok(Some((false, ahead_ms))) => {
                let agree = ahead_ms.abs() <= CLOCKS_MS_MAX;
                if clocks_agree && !agree {
                    tracing::warn!(
                        clock.ahead_ms = ahead_ms,
                        "this clock and that of the engine's node differ; trackers are judged there"
                    );
                }
                clocks_agree = agree;
            }
            _ => metrics::counter!(telemetry::GATEWAY_UPSTREAM_ERRORS, "call" => "list").increment(1),
        }
        tokio::select! {
            () = gateway.ended.cancelled() => return,
            () = tokio::time::sleep(ASK_EVERY.saturating_sub(began.elapsed())) => {}
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
    let told: Told = serde_json::from_slice(&body).ok()?;
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
    for staff in gateway.list.take(told, began, now) {
        gateway.desk.forget(staff);
    }
    Some((more, ahead_ms))
}
