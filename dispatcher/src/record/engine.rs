//! Owns the engine's side of the record: what is due, and the effects it decided. Every effect is re-checked against the
//! rows of the moment, so that a decision from an older view loses the race instead of breaking anything.

use super::offers::Placed;
use super::row::{self, Columns, id_list};
use super::transitions::{Hold, TripState, reason};
use super::trips::{Gathered, gather, read_each};
use super::write::{About, Write};
use super::{Applied, DueTrip, Effect, OutboxKind, Placement, Record, RecordError, RowKind};
use matcher::lifecycle::Event;
use matcher::model::{AccountId, HoldState, OfferState, Phase, Timestamp, TripId};
use matcher::policy::limits::SILENT_S;
use matcher::schedule::look_after;
use sqlx::SqliteConnection;
use std::collections::{HashMap, HashSet};

impl Record {
    /// Trips in a searching phase whose due time has come, and offered trips with an expired offer or an open slot;
    /// oldest due first. Seven queries in one snapshot, however many trips.
    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<DueTrip>, RecordError> {
        let mut snapshot = self.read.begin().await?;
        let rows =
            sqlx::query("select id from trips where due_at is not null and due_at <= ? order by due_at, id limit ?")
                .bind(now.0)
                .bind(limit)
                .fetch_all(&mut *snapshot)
                .await?;
        let ids = self.trip_ids(&rows)?;
        self.with_declined(&mut snapshot, now, &ids).await
    }

    /// These trips as a decision sees them, whatever they are due for.
    pub async fn seen_now(&self, now: Timestamp, ids: &[TripId]) -> Result<Vec<DueTrip>, RecordError> {
        let mut snapshot = self.read.begin().await?;
        self.with_declined(&mut snapshot, now, ids).await
    }

    /// Those that can be read: who cannot must not keep every other trip from a crew.
    async fn with_declined(
        &self,
        conn: &mut SqliteConnection,
        now: Timestamp,
        ids: &[TripId],
    ) -> Result<Vec<DueTrip>, RecordError> {
        let mut declined = declined(conn, now, ids).await?;
        let seen = read_each(conn, ids).await?.into_iter().map(|(id, loaded)| {
            let declined = declined.remove(&id).unwrap_or_else(|| Ok(Vec::new()));
            let due = loaded.and_then(|l| {
                Ok(DueTrip { attempt: l.attempt, vacant_since: l.vacant_since, declined: declined?, row: l.row })
            });
            (id.0.into_bytes(), due)
        });
        self.unreadable.sift(RowKind::Trips, seen)
    }

    /// When `due` will have something next. One indexed read.
    pub async fn next_due_at(&self) -> Result<Option<Timestamp>, RecordError> {
        let next: Option<i64> =
            sqlx::query_scalar("select min(due_at) from trips where due_at is not null").fetch_one(&self.read).await?;
        Ok(next.map(Timestamp))
    }

    /// One transaction, a savepoint for each effect, so that a lost race undoes one trip only: this effect and the trip's
    /// further ones. `seen` are the trips as they were decided about; one that has changed since loses the race.
    pub async fn apply(
        &self,
        now: Timestamp,
        seen: &[DueTrip],
        effects: &[Effect],
    ) -> Result<Vec<Applied>, RecordError> {
        if effects.is_empty() {
            return Ok(Vec::new());
        }
        let mut write = self.begin(now).await?;
        let mut applied = Vec::with_capacity(effects.len());
        // Checked with a trip's first effect; what follows builds on that.
        let mut seen: HashMap<TripId, i64> = seen.iter().map(|due| (due.row.trip.id, due.row.change_no)).collect();
        let mut lost: HashSet<TripId> = HashSet::new();
        for effect in effects {
            let trip = effect.trip();
            let moved_on = match seen.remove(&trip) {
                Some(change_no) => write.change_no(trip).await? != Some(change_no),
                None => false,
            };
            if moved_on || lost.contains(&trip) {
                lost.insert(trip);
                applied.push(Applied::LostRace);
                continue;
            }
            write.savepoint().await?;
            let done = write.apply_one(effect).await?;
            if done == Applied::LostRace {
                lost.insert(trip);
            }
            if done == Applied::Done {
                write.keep().await?;
            } else {
                write.undo().await?;
            }
            applied.push(done);
        }
        write.commit().await?;
        Ok(applied)
    }
}

/// By trip, sorted: who declined, dropped out or was released by a supervisor, and who let an offer expire or ran late just now.
async fn declined(
    conn: &mut SqliteConnection,
    now: Timestamp,
    ids: &[TripId],
) -> Result<Gathered<TripId, AccountId>, RecordError> {
    let mut found = Gathered::new();
    let rows = sqlx::query(
        "select distinct h.trip, h.staff from json_each(?1) j
         join holds h on h.trip = unhex(j.value)
          and (h.closed_because in ('declined', 'dropped_out', 'released')
               or h.closed_because in ('expired', 'late') and h.closed_at > ?2)
         order by h.trip, h.staff",
    )
    .bind(id_list(ids.iter().map(|id| id.0)))
    .bind(now.plus_s(-SILENT_S).0)
    .fetch_all(conn)
    .await?;
    for row in &rows {
        gather(&mut found, TripId(row.id("trip")?), row.id("staff").map(AccountId));
    }
    Ok(found)
}

impl Write<'_> {
    async fn apply_one(&mut self, effect: &Effect) -> Result<Applied, RecordError> {
        let Some(mut trip) = self.trip_state(effect.trip()).await? else { return Ok(Applied::LostRace) };
        if !trip.is_searching() {
            return Ok(Applied::LostRace);
        }
        let done = match effect {
            Effect::Defer { due_at, .. } => return self.defer(&trip, *due_at).await,
            Effect::GoLive { due_at, .. } => go_live(&mut trip, self.now, *due_at),
            Effect::PlaceOffers { placements, expires_at, .. } => {
                self.place_offers(&mut trip, placements, *expires_at).await?
            }
            Effect::ExpireOffers { .. } => self.expire_offers(&mut trip).await?,
            Effect::TakeBack { staff, .. } => self.take_back(&mut trip, *staff).await?,
            Effect::Dissolve { due_at, .. } => self.dissolve(&mut trip, *due_at).await?,
            Effect::Escalate { due_at, .. } => {
                trip.escalated_at = trip.escalated_at.or(Some(self.now));
                trip.due_at = Some(not_later(trip.due_at, *due_at, self.now));
                Applied::Done
            }
        };
        if done == Applied::Done {
            self.save(&trip).await?;
            self.audit(None, effect.word(), trip.id.0, effect.detail()).await?;
        }
        Ok(done)
    }

    /// Nothing anyone sees: no change number, no audit row.
    async fn defer(&mut self, trip: &TripState, due_at: Timestamp) -> Result<Applied, RecordError> {
        sqlx::query("update trips set due_at = ? where id = ?")
            .bind(not_later(trip.due_at, due_at, self.now).0)
            .bind(row::blob(trip.id.0))
            .execute(self.conn())
            .await?;
        Ok(Applied::Done)
    }

    async fn change_no(&mut self, trip: TripId) -> Result<Option<i64>, RecordError> {
        Ok(sqlx::query_scalar("select change_no from trips where id = ?")
            .bind(row::blob(trip.0))
            .fetch_optional(self.conn())
            .await?)
    }

    async fn place_offers(
        &mut self,
        trip: &mut TripState,
        placements: &[Placement],
        expires_at: Timestamp,
    ) -> Result<Applied, RecordError> {
        let kept = self.holds(trip.id).await?;
        if !fills(&kept, placements, trip.crew_size) || trip.open_offers(self.now).is_err() {
            return Ok(Applied::LostRace);
        }
        if kept.is_empty() {
            trip.attempt += 1;
            trip.vacant_since = None;
        } else {
            trip.attempt = trip.attempt.max(1);
        }
        for placement in placements {
            if !matches!(self.place(trip, placement, expires_at).await?, Placed::Yes) {
                return Ok(Applied::LostRace);
            }
        }
        self.tell_partners(trip.id, &kept).await?;
        let open = kept.iter().filter(|h| h.state == HoldState::Held).map(|h| h.expires_at);
        trip.due_at = open.chain([expires_at]).min().map(look_after);
        Ok(Applied::Done)
    }

    async fn expire_offers(&mut self, trip: &mut TripState) -> Result<Applied, RecordError> {
        let now = self.now;
        let is_late = |h: &Hold| h.state == HoldState::Held && h.expires_at < now;
        let (late, kept): (Vec<Hold>, Vec<Hold>) = self.holds(trip.id).await?.into_iter().partition(is_late);
        if late.is_empty() {
            return Ok(Applied::LostRace);
        }
        for hold in &late {
            self.close_hold(hold, Some(OfferState::Expired), reason::EXPIRED).await?;
            let about = About::offer(trip.id, hold.offer).because(reason::EXPIRED);
            self.tell(hold.staff, OutboxKind::OfferClosed, about).await?;
        }
        self.tell_partners(trip.id, &kept).await?;
        Ok(if self.slot_fell_open(trip, &kept).await?.is_ok() { Applied::Done } else { Applied::LostRace })
    }

    async fn take_back(&mut self, trip: &mut TripState, staff: AccountId) -> Result<Applied, RecordError> {
        let mut others = self.holds(trip.id).await?;
        let Some(at) = others.iter().position(|h| h.staff == staff && h.state != HoldState::Active) else {
            return Ok(Applied::LostRace);
        };
        let own = others.remove(at);
        let left = self.leave(trip, &own, &others, reason::TAKEN_BACK).await?;
        Ok(if left.is_ok() { Applied::Done } else { Applied::LostRace })
    }

    async fn dissolve(&mut self, trip: &mut TripState, due_at: Timestamp) -> Result<Applied, RecordError> {
        match trip.phase() {
            Phase::Offered if trip.step(Event::Refill).is_ok() => {}
            Phase::Matching => {}
            _ => return Ok(Applied::LostRace),
        }
        let holds = self.holds(trip.id).await?;
        self.free_crew(trip.id, &holds, reason::TAKEN_BACK, reason::TAKEN_BACK, reason::RELEASED).await?;
        Ok(if trip.start_over(self.now, due_at).is_ok() { Applied::Done } else { Applied::LostRace })
    }
}

/// A look that is already due at some moment to come is not postponed: an offer placed a moment ago runs out before.
fn not_later(present: Option<Timestamp>, wanted: Timestamp, now: Timestamp) -> Timestamp {
    present.filter(|&due_at| due_at > now).map_or(wanted, |due_at| due_at.min(wanted))
}

fn go_live(trip: &mut TripState, now: Timestamp, due_at: Timestamp) -> Applied {
    if matches!(trip.phase(), Phase::Requested | Phase::Reserved) && trip.step(Event::GoLive).is_err() {
        return Applied::LostRace;
    }
    trip.live_since = trip.live_since.or(Some(now));
    trip.due_at = Some(due_at);
    Applied::Done
}

/// Whether the placements are exactly the open slots, with nobody twice in the crew.
fn fills(kept: &[Hold], placements: &[Placement], crew_size: u8) -> bool {
    let mut slots: Vec<u8> = kept.iter().map(|h| h.slot).chain(placements.iter().map(|p| p.slot)).collect();
    let mut staff: Vec<AccountId> = kept.iter().map(|h| h.staff).chain(placements.iter().map(|p| p.staff)).collect();
    slots.sort_unstable();
    staff.sort_unstable();
    staff.dedup();
    !placements.is_empty() && slots.into_iter().eq(0..crew_size) && staff.len() == usize::from(crew_size)
}

impl Effect {
    /// The trip it is about.
    pub const fn trip(&self) -> TripId {
        match self {
            Self::Defer { trip, .. }
            | Self::GoLive { trip, .. }
            | Self::PlaceOffers { trip, .. }
            | Self::ExpireOffers { trip }
            | Self::TakeBack { trip, .. }
            | Self::Dissolve { trip, .. }
            | Self::Escalate { trip, .. } => *trip,
        }
    }

    /// Its word in the audit.
    const fn word(&self) -> &'static str {
        match self {
            Self::Defer { .. } => "deferred",
            Self::GoLive { .. } => "went_live",
            Self::PlaceOffers { .. } => "offers_placed",
            Self::ExpireOffers { .. } => "offers_expired",
            Self::TakeBack { .. } => "slot_taken_back",
            Self::Dissolve { .. } => "crew_dissolved",
            Self::Escalate { .. } => "escalated",
        }
    }

    /// What the audit says beside it.
    const fn detail(&self) -> &'static str {
        match self {
            Self::TakeBack { rule, .. } => rule,
            _ => "",
        }
    }
}
