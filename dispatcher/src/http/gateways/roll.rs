//! Owns the list of staff whom gateways may judge, with the number of the change that each entry is of: a gateway is told what is new
//! since it last asked. Made from roster, alarms and ingest when somebody asks, and not more often than [`LOOK_EVERY`].

use crate::gateway::wire::{Ask, LAST_MAX, Last, Listed, Told};
use crate::http::App;
use crate::http::ingest::at_work::is_at_work;
use crate::http::problem::Answer;
use crate::live::LATE_MS;
use crate::record::RosterEntry;
use crate::view::incident::{FOLLOWED_S, follows_device};
use matcher::model::{AccountId, Timestamp};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

/// The list is not made anew sooner.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Names of those who left that are kept; who asks from before them is told all.
const GONE_MAX: usize = 10_000;
/// After a trip its crew is passed on so long, milliseconds: what was taken on it and is not yet `late` belongs on its track.
const AFTER_TRIP_MS: i64 = LATE_MS + 5_000;

struct Row {
    listed: Listed,
    /// Of the change that made it so.
    version: u64,
    /// When they were last seen to hold a trip.
    busy_at: Option<Timestamp>,
    /// Of the last look that found them.
    look: u64,
}

#[derive(Default)]
struct State {
    rows: HashMap<AccountId, Row>,
    gone: VecDeque<(u64, Uuid)>,
    /// The oldest version from which all that left are still named.
    gone_since: u64,
    version: u64,
    looks: u64,
    looked_at: Option<Instant>,
}

/// The list.
pub(super) struct Roll {
    life: u64,
    look_every: Duration,
    state: Mutex<State>,
}

impl Roll {
    pub(super) fn new(life: u64, look_every: Duration) -> Self {
        Self { life, look_every, state: Mutex::default() }
    }

    /// What has changed since.
    pub(super) async fn tell(&self, app: &App, ask: &Ask) -> Answer<Told> {
        let mut state = self.state.lock().await;
        if state.looked_at.is_none_or(|at| at.elapsed() >= self.look_every) {
            let began = Instant::now();
            state.look(app).await?;
            state.looked_at = Some(began);
        }
        let is_known = ask.life == self.life;
        let (since, after) = if is_known { (ask.version, ask.revocation) } else { (0, 0) };
        let revoked = app.record.revocations_after(after).await?;
        // Before it is told: who asks next whose such a secret is must not hear what was so a moment ago.
        if !revoked.is_empty() {
            app.known.revoke(&revoked);
        }
        let whole = !is_known || since < state.gone_since || since > state.version;
        let since = if whole { 0 } else { since };
        let is_new = state.version > since;
        let staff = state.rows.values().filter(|row| is_new && row.version > since).map(|row| row.listed.clone());
        let gone = state.gone.iter().filter(|(version, _)| !whole && is_new && *version > since).map(|(_, id)| *id);
        let last = ask.last.iter().take(LAST_MAX).filter_map(|&id| state.last(app, AccountId(id))).collect();
        let box_ = &app.sight.map().data.bounds;
        Ok(Told {
            life: self.life,
            version: state.version,
            whole,
            now_ms: app.env.now().0,
            hears: (app.live_state)() == "redis_up",
            redis: (app.redis_word)().map(|word| word.to_string()),
            bounds: [box_.west, box_.south, box_.east, box_.north],
            staff: staff.collect(),
            gone: gone.collect(),
            revocation: revoked.last().map_or(after, |last| last.id),
            more: !revoked.is_empty(),
            revoked: revoked.iter().map(|r| (r.account.0, r.token)).collect(),
            last,
        })
    }
}

impl State {
    /// What was believed last of somebody, if that is their newest fix and a gateway may judge the next.
    fn last(&self, app: &App, staff: AccountId) -> Option<Last> {
        self.rows.get(&staff).filter(|row| !row.listed.pass)?;
        let last = app.sight.places.last_fix(staff)?;
        app.ingest.people.refused(staff).is_none().then(|| Last::of(staff.0, &last))
    }

    async fn look(&mut self, app: &App) -> Answer<()> {
        let now = app.env.now();
        let view = app.roster.refresh(&app.record, now).await?;
        let alarms = app.record.incidents_shown(now.plus_s(-FOLLOWED_S)).await?;
        let followed: HashSet<AccountId> =
            alarms.iter().filter(|alarm| follows_device(alarm, now)).map(|alarm| alarm.raised_by).collect();
        self.looks += 1;
        let next = self.version + 1;
        let mut changed = false;
        for (&staff, entry) in view.by_id.iter().filter(|(_, entry)| is_at_work(entry, now)) {
            let known = self.rows.get(&staff);
            let busy_at = entry.duty.map_or_else(|| known.and_then(|row| row.busy_at), |_| Some(now));
            let was_busy = busy_at.is_some_and(|at| now.since_ms(at) < AFTER_TRIP_MS);
            let Some(listed) = listed(app, staff, entry, was_busy || followed.contains(&staff)) else { continue };
            let version = known.filter(|row| row.listed == listed).map_or(next, |row| row.version);
            changed |= version == next;
            self.rows.insert(staff, Row { listed, version, busy_at, look: self.looks });
        }
        let looks = self.looks;
        let left = self.rows.extract_if(|_, row| row.look != looks);
        for (staff, _) in left {
            changed = true;
            self.gone.push_back((next, staff.0));
        }
        while self.gone.len() > GONE_MAX {
            self.gone_since = self.gone.pop_front().map_or(self.gone_since, |(version, _)| version);
        }
        if changed {
            self.version = next;
        }
        Ok(())
    }
}

/// As a gateway is told; `None` of somebody without a shift, whose fixes are no gateway's.
fn listed(app: &App, staff: AccountId, entry: &RosterEntry, pass: bool) -> Option<Listed> {
    let shift = entry.shift?;
    let epochs = app.ingest.epochs(staff);
    Some(Listed {
        id: staff.0,
        no: entry.staff.no,
        from_ms: shift.starts_at.0,
        until_ms: shift.ends_at.0,
        phone: epochs.phone().map(|session| (session.token, session.number, session.epoch)),
        trackers: epochs.trackers,
        // A place that is doubted is this node's to tell: to the consoles, and whether the next ones confirm it.
        pass: pass || app.ingest.people.refused(staff).is_some(),
    })
}
