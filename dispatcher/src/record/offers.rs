//! Owns offers: placing, answering, the last accept. Who is asked is the engine's decision.
//!
//! Invariant: a hold exists before its offer can be seen, and both unique indexes over holds decide every race.

use super::row::{self, Columns, blob};
use super::transitions::{Hold, TripState, reason};
use super::write::{About, Write};
use super::{OfferRow, OutboxKind, Outcome, Placement, Record, RecordError, Refusal, words};
use matcher::lifecycle::Event;
use matcher::model::{AccountId, CrewSize, HoldState, OfferId, OfferState, Phase, Timestamp, TripId};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// What became of one placement.
pub(super) enum Placed {
    Yes,
    Busy,
    NotOnShift,
    Unknown,
}

impl Record {
    /// One offer, whatever became of it. Three reads in one snapshot.
    pub async fn offer(&self, id: OfferId) -> Result<Option<OfferRow>, RecordError> {
        let mut snapshot = self.read.begin().await?;
        let found = sqlx::query(
            "select h.*, t.pickup_lat, t.pickup_lon, t.pickup_at, t.trip_s, t.car_trip_s, t.crew_size
             from holds h join trips t on t.id = h.trip where h.id = ?",
        )
        .bind(blob(id.0))
        .fetch_optional(&mut *snapshot)
        .await?;
        with_partners(&mut snapshot, found.as_ref()).await
    }

    /// The last accept makes the assignment in the same transaction. The same answer again is `Ok`; a late one changes
    /// nothing.
    pub async fn answer(&self, now: Timestamp, offer: OfferId, staff: AccountId, accept: bool) -> Outcome<OfferState> {
        let mut write = self.begin(now).await?;
        let found = sqlx::query("select trip, offer_state, expires_at from holds where id = ? and staff = ?")
            .bind(blob(offer.0))
            .bind(blob(staff.0))
            .fetch_optional(write.conn())
            .await?;
        let Some(found) = found else { return Ok(Err(Refusal::NotFound)) };
        match (found.word("offer_state", row::offer_state_from)?, accept) {
            (OfferState::Open, _) if now > found.time("expires_at")? => return Ok(Err(Refusal::OfferExpired)),
            (OfferState::Open, _) => {}
            (OfferState::Accepted, true) => return Ok(Ok(OfferState::Accepted)),
            (OfferState::Declined, false) => return Ok(Ok(OfferState::Declined)),
            (OfferState::Accepted | OfferState::Declined, _) => return Ok(Err(Refusal::AlreadyAnswered)),
            (OfferState::Expired, _) => return Ok(Err(Refusal::OfferExpired)),
            (OfferState::Withdrawn, _) => return Ok(Err(Refusal::OfferClosed)),
        }
        let id = TripId(found.id("trip")?);
        let Some(mut trip) = write.trip_state(id).await? else { return Ok(Err(Refusal::NotFound)) };
        let mut holds = write.holds(id).await?;
        let Some(at) = holds.iter().position(|h| h.offer == offer) else { return Ok(Err(Refusal::OfferClosed)) };
        let own = holds.remove(at);
        let (done, state) = if accept {
            (write.accept(&mut trip, &own, &holds).await?, OfferState::Accepted)
        } else {
            (write.decline(&mut trip, &own, &holds).await?, OfferState::Declined)
        };
        if let Err(refusal) = done {
            return Ok(Err(refusal));
        }
        write.save(&trip).await?;
        write.audit(Some(staff), "offer_answered", offer.0, row::offer_state_word(state)).await?;
        write.commit().await?;
        Ok(Ok(state))
    }
}

impl Write<'_> {
    async fn accept(&mut self, trip: &mut TripState, own: &Hold, others: &[Hold]) -> Outcome<()> {
        self.mark_answered(own, OfferState::Accepted).await?;
        self.move_hold(own, HoldState::Accepted, Phase::Offered).await?;
        let accepted = 1 + others.iter().filter(|h| h.state == HoldState::Accepted).count();
        if accepted < usize::from(trip.crew_size) {
            self.tell_partners(trip.id, others).await?;
            return Ok(Ok(()));
        }
        if let Err(refusal) = trip.step(Event::Assign) {
            return Ok(Err(refusal));
        }
        let mut crew = others.to_vec();
        crew.push(*own);
        self.assign(trip, &crew).await?;
        Ok(Ok(()))
    }

    /// Turns every hold of the trip into its assignment.
    async fn assign(&mut self, trip: &mut TripState, crew: &[Hold]) -> Result<(), RecordError> {
        let now = self.now.0;
        let assignment = sqlx::query("insert into assignments (trip, assigned_at) values (?, ?)")
            .bind(blob(trip.id.0))
            .bind(now)
            .execute(self.conn())
            .await?
            .last_insert_rowid();
        for member in crew {
            self.move_hold(member, HoldState::Active, Phase::Assigned).await?;
            sqlx::query(
                "insert into assignment_members (assignment, slot, staff, offer, eta_s) values (?, ?, ?, ?, ?)",
            )
            .bind(assignment)
            .bind(i64::from(member.slot))
            .bind(blob(member.staff.0))
            .bind(blob(member.offer.0))
            .bind(member.eta_s)
            .execute(self.conn())
            .await?;
            self.tell(member.staff, OutboxKind::Trip, About::trip(trip.id)).await?;
            match member.after {
                Some(present) => self.touch(present).await?,
                None => self.duty_begins(member.staff).await?,
            }
        }
        let (rider_word, crew_word) = words::pair(&*self.record.env.entropy);
        trip.words = Some((rider_word.to_owned(), crew_word.to_owned()));
        trip.due_at = None;
        trip.vacant_since = None;
        // The crew is there: nothing is left for a human to find. Who was called and when stays in the audit.
        trip.escalated_at = None;
        self.audit(None, "assigned", trip.id.0, "").await
    }

    async fn decline(&mut self, trip: &mut TripState, own: &Hold, others: &[Hold]) -> Outcome<()> {
        self.mark_answered(own, OfferState::Declined).await?;
        self.close_hold(own, Some(OfferState::Declined), reason::DECLINED).await?;
        let about = About::offer(trip.id, own.offer).because(reason::ANSWERED);
        self.tell(own.staff, OutboxKind::OfferClosed, about).await?;
        self.tell_partners(trip.id, others).await?;
        self.slot_fell_open(trip, others).await
    }

    async fn mark_answered(&mut self, own: &Hold, state: OfferState) -> Result<(), RecordError> {
        let now = self.now.0;
        sqlx::query("update holds set offer_state = ?, answered_at = ? where id = ?")
            .bind(row::offer_state_word(state))
            .bind(now)
            .bind(blob(own.offer.0))
            .execute(self.conn())
            .await?;
        Ok(())
    }

    /// Holds the slot and puts the offer in the outbox. A staff member who is suspended, tied to the rider, off shift or on
    /// another trip by now, or not on the trip any more after which they were to come, is a value: the decision may be older
    /// than that.
    pub(super) async fn place(
        &mut self,
        trip: &TripState,
        placement: &Placement,
        expires_at: Timestamp,
    ) -> Result<Placed, RecordError> {
        let now = self.now.0;
        let on_shift: Option<bool> = sqlx::query_scalar(
            "select exists (select 1 from shifts w
                 where w.staff = s.account and w.ended_at is null and w.starts_at <= ?1 and w.ends_at > ?1)
             from staff s join accounts a on a.id = s.account where s.account = ?2 and a.suspended_at is null
               and not exists (select 1 from conflicts c where c.staff = s.account and c.rider = ?3)",
        )
        .bind(now)
        .bind(blob(placement.staff.0))
        .bind(blob(trip.rider.0))
        .fetch_optional(self.conn())
        .await?;
        match on_shift {
            None => return Ok(Placed::Unknown),
            Some(false) => return Ok(Placed::NotOnShift),
            Some(true) => {}
        }
        if let Some(present) = placement.after
            && !self.may_follow(trip, placement.staff, present).await?
        {
            return Ok(Placed::Busy);
        }
        let id = OfferId(self.record.env.uuid());
        let inserted = sqlx::query(
            "insert into holds (id, trip, slot, staff, attempt, eta_s, eta_p90_s, eta_source, offered_at, expires_at,
                                offer_state, state, phase, duty, after_trip)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', 'held', 'offered', ?, ?)",
        )
        .bind(blob(id.0))
        .bind(blob(trip.id.0))
        .bind(i64::from(placement.slot))
        .bind(blob(placement.staff.0))
        .bind(trip.attempt)
        .bind(placement.eta_s)
        .bind(placement.sure.map(|sure| sure.p90_s))
        .bind(placement.sure.map(|sure| row::eta_source_word(sure.source)))
        .bind(now)
        .bind(expires_at.0)
        .bind(if placement.after.is_some() { "next" } else { "current" })
        .bind(placement.after.map(|present| blob(present.0)))
        .execute(self.conn())
        .await;
        match inserted {
            Ok(_) => {}
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(Placed::Busy),
            Err(error) => return Err(error.into()),
        }
        self.roster_changed(placement.staff);
        self.tell(placement.staff, OutboxKind::Offer, About::offer(trip.id, id)).await?;
        self.audit(None, "offer_placed", id.0, "").await?;
        Ok(Placed::Yes)
    }
}

/// The open or accepted, not yet assigned, offer of a member. Two reads.
pub(super) async fn open_offer(
    snapshot: &mut SqliteConnection,
    staff: AccountId,
) -> Result<Option<OfferRow>, RecordError> {
    let found = sqlx::query(
        "select h.*, t.pickup_lat, t.pickup_lon, t.pickup_at, t.trip_s, t.car_trip_s, t.crew_size
         from holds h join trips t on t.id = h.trip where h.staff = ? and h.state in ('held', 'accepted', 'active') and h.state <> 'active'",
    )
    .bind(blob(staff.0))
    .fetch_optional(&mut *snapshot)
    .await?;
    with_partners(snapshot, found.as_ref()).await
}

async fn with_partners(
    conn: &mut SqliteConnection,
    found: Option<&SqliteRow>,
) -> Result<Option<OfferRow>, RecordError> {
    let Some(found) = found else { return Ok(None) };
    let offer = super::trips::offer(found)?;
    let crew = sqlx::query(
        "select id, offer_state from holds where trip = ? and state in ('held', 'accepted', 'active') order by slot",
    )
    .bind(blob(offer.trip.0))
    .fetch_all(&mut *conn)
    .await?;
    let has_car: bool = sqlx::query_scalar(
        "select exists (select 1 from shifts where staff = ? and ended_at is null and mode = 'drive')",
    )
    .bind(blob(offer.staff.0))
    .fetch_one(conn)
    .await?;
    let crew_size = CrewSize::new(found.small("crew_size")?).ok_or(RecordError::Unreadable("crew_size"))?;
    let mut partners = Vec::with_capacity(crew.len());
    for row in &crew {
        if row.id("id")? != offer.id.0 {
            partners.push(row.word("offer_state", row::offer_state_from)?);
        }
    }
    Ok(Some(OfferRow {
        pickup: found.position("pickup_lat", "pickup_lon")?,
        pickup_at: found.time_or_none("pickup_at")?,
        trip_s: row::length(found, "trip_s", "car_trip_s")?.of_known(crew_size, [has_car]),
        after: found.id_or_none("after_trip")?.map(TripId),
        sure: row::sure(found)?,
        crew_size,
        partners,
        offer,
    }))
}
