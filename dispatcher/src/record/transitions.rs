//! Owns the common ground of every transition: the trip as it is inside the transaction, its step through the lifecycle,
//! its holds, and who is told. The transitions themselves are in `offers`, `crew`, `hands` and `engine`.
//!
//! Invariant: `trips.phase` is written here only, and only with what `matcher::lifecycle` answered.

use super::row::{self, Columns, blob};
use super::write::{About, Write};
use super::{OutboxKind, Outcome, RecordError, Refusal};
use matcher::lifecycle::{self, Event};
use matcher::model::{AccountId, HoldState, OfferId, OfferState, Phase, Timestamp, TripId};
use matcher::schedule::look_from;

/// Why a hold or a trip's assignment ended, as stored and as sent to the phone.
pub(super) mod reason {
    pub(in crate::record) const DECLINED: &str = "declined";
    pub(in crate::record) const EXPIRED: &str = "expired";
    pub(in crate::record) const DROPPED_OUT: &str = "dropped_out";
    pub(in crate::record) const TAKEN_BACK: &str = "taken_back";
    pub(in crate::record) const RELEASED: &str = "released";
    pub(in crate::record) const CANCELLED: &str = "cancelled";
    pub(in crate::record) const COMPLETED: &str = "completed";
    pub(in crate::record) const NO_SHOW: &str = "no_show";
    /// A next duty whose present trip has run late.
    pub(in crate::record) const LATE: &str = "late";
    /// To a phone only: the staff member's own answer closed the offer.
    pub(in crate::record) const ANSWERED: &str = "answered";
    /// To a phone only: another member left, the place is taken back until the crew is whole again.
    pub(in crate::record) const REFILLING: &str = "refilling";
}

/// What may change of a trip. Read at the start of a transition, written once by [`Write::save`].
pub(super) struct TripState {
    pub(super) id: TripId,
    pub(super) rider: AccountId,
    pub(super) crew_size: u8,
    pub(super) pickup_at: Option<Timestamp>,
    pub(super) due_at: Option<Timestamp>,
    pub(super) live_since: Option<Timestamp>,
    pub(super) vacant_since: Option<Timestamp>,
    pub(super) escalated_at: Option<Timestamp>,
    pub(super) attempt: u32,
    pub(super) words: Option<(String, String)>,
    phase: Phase,
    phase_before: Phase,
    escalated_before: bool,
}

impl TripState {
    /// Where it is now.
    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    /// The next phase, or the refusal that names the present one.
    pub(super) fn step(&mut self, on: Event) -> Result<(), Refusal> {
        self.phase = lifecycle::next(self.phase, on).map_err(|refused| Refusal::WrongPhase(refused.from))?;
        Ok(())
    }

    /// Whether the phase is still what it was when it was read.
    pub(super) fn is_unchanged(&self) -> bool {
        self.phase == self.phase_before
    }

    /// When the search for its crew may begin, if that is still to come.
    pub(super) fn looked_for_from(&self, now: Timestamp) -> Option<Timestamp> {
        self.pickup_at.map(look_from).filter(|from| now < *from)
    }

    /// Searching, with nobody held: again at `due_at`, or reserved until its search may begin.
    pub(super) fn start_over(&mut self, now: Timestamp, due_at: Timestamp) -> Result<(), Refusal> {
        self.vacant_since = None;
        self.due_at = Some(due_at);
        if let Some(from) = self.looked_for_from(now) {
            self.step(Event::Reserve)?;
            self.live_since = None;
            self.escalated_at = None;
            self.due_at = Some(from);
        }
        Ok(())
    }

    /// Whether a crew is still being looked for.
    pub(super) const fn is_searching(&self) -> bool {
        matches!(self.phase, Phase::Requested | Phase::Reserved | Phase::Matching | Phase::Offered)
    }
}

/// A slot that is held, accepted or active.
#[derive(Clone, Copy)]
pub(super) struct Hold {
    pub(super) offer: OfferId,
    pub(super) slot: u8,
    pub(super) staff: AccountId,
    pub(super) eta_s: u32,
    pub(super) state: HoldState,
    pub(super) phase: Phase,
    pub(super) expires_at: Timestamp,
    /// The trip they are still on, if this is their next.
    pub(super) after: Option<TripId>,
}

impl Write<'_> {
    /// The trip as it is now; `None` if there is none.
    pub(super) async fn trip_state(&mut self, id: TripId) -> Result<Option<TripState>, RecordError> {
        let found = sqlx::query(
            "select rider, crew_size, pickup_at, phase, due_at, live_since, vacant_since, escalated_at, attempt, rider_word, crew_word
             from trips where id = ?",
        )
        .bind(blob(id.0))
        .fetch_optional(self.conn())
        .await?;
        let Some(row) = found else { return Ok(None) };
        let phase = row.word("phase", Phase::from_word)?;
        let escalated_at = row.time_or_none("escalated_at")?;
        Ok(Some(TripState {
            id,
            rider: AccountId(row.id("rider")?),
            crew_size: row.small("crew_size")?,
            pickup_at: row.time_or_none("pickup_at")?,
            due_at: row.time_or_none("due_at")?,
            live_since: row.time_or_none("live_since")?,
            vacant_since: row.time_or_none("vacant_since")?,
            escalated_at,
            attempt: row.small("attempt")?,
            words: row.text_or_none("rider_word")?.zip(row.text_or_none("crew_word")?),
            phase,
            phase_before: phase,
            escalated_before: escalated_at.is_some(),
        }))
    }

    /// Writes the trip with the next change number; tells the rider if what they see has changed.
    pub(super) async fn save(&mut self, trip: &TripState) -> Result<(), RecordError> {
        let change_no = self.next_change().await?;
        let now = self.now.0;
        let ended = trip.phase.is_end();
        let (rider_word, crew_word) = trip.words.clone().unzip();
        sqlx::query(
            "update trips set phase = ?, due_at = ?, live_since = ?, vacant_since = ?, escalated_at = ?, attempt = ?,
                rider_word = ?, crew_word = ?, ended_at = coalesce(ended_at, ?), updated_at = ?, change_no = ?
             where id = ?",
        )
        .bind(trip.phase.word())
        .bind(if ended { None } else { trip.due_at.map(|t| t.0) })
        .bind(trip.live_since.map(|t| t.0))
        .bind(trip.vacant_since.map(|t| t.0))
        .bind(trip.escalated_at.map(|t| t.0))
        .bind(trip.attempt)
        .bind(rider_word)
        .bind(crew_word)
        .bind(ended.then_some(now))
        .bind(now)
        .bind(change_no)
        .bind(blob(trip.id.0))
        .execute(self.conn())
        .await?;
        if trip.phase != trip.phase_before || trip.escalated_at.is_some() != trip.escalated_before {
            self.tell(trip.rider, OutboxKind::Trip, About::trip(trip.id)).await?;
        }
        Ok(())
    }

    /// Who holds a slot, by slot.
    pub(super) async fn holds(&mut self, trip: TripId) -> Result<Vec<Hold>, RecordError> {
        let rows = sqlx::query(
            "select id, slot, staff, eta_s, state, phase, expires_at, after_trip from holds
             where trip = ? and state in ('held', 'accepted', 'active') order by slot",
        )
        .bind(blob(trip.0))
        .fetch_all(self.conn())
        .await?;
        rows.iter()
            .map(|r| {
                Ok(Hold {
                    offer: OfferId(r.id("id")?),
                    slot: r.small("slot")?,
                    staff: AccountId(r.id("staff")?),
                    eta_s: r.small("eta_s")?,
                    state: r.word("state", row::hold_state_from)?,
                    phase: r.word("phase", Phase::from_word)?,
                    expires_at: r.time("expires_at")?,
                    after: r.id_or_none("after_trip")?.map(TripId),
                })
            })
            .collect()
    }

    /// Gives the slot back; whoever had another trip to go on to is on it when this is committed. `offer` is what becomes of the
    /// offer, `None` to leave it as it was answered.
    pub(super) async fn close_hold(
        &mut self,
        hold: &Hold,
        offer: Option<OfferState>,
        because: &'static str,
    ) -> Result<(), RecordError> {
        let now = self.now.0;
        sqlx::query(
            "update holds set state = 'released', offer_state = coalesce(?, offer_state), closed_at = ?,
                closed_because = ? where id = ?",
        )
        .bind(offer.map(row::offer_state_word))
        .bind(now)
        .bind(because)
        .bind(blob(hold.offer.0))
        .execute(self.conn())
        .await?;
        self.roster_changed(hold.staff);
        if let Some(present) = hold.after {
            self.touch(present).await?;
        } else {
            self.duty_ends(hold.staff).await?;
            self.freed(hold.staff);
        }
        Ok(())
    }

    /// Moves the hold and the member's own phase.
    pub(super) async fn move_hold(&mut self, hold: &Hold, to: HoldState, phase: Phase) -> Result<(), RecordError> {
        sqlx::query("update holds set state = ?, phase = ? where id = ?")
            .bind(row::hold_state_word(to))
            .bind(phase.word())
            .bind(blob(hold.offer.0))
            .execute(self.conn())
            .await?;
        self.roster_changed(hold.staff);
        Ok(())
    }

    /// Frees every member of a trip that is searching or has ended, and tells each phone in the terms it knows: the
    /// trip is gone for an active member, the offer is closed for the others.
    pub(super) async fn free_crew(
        &mut self,
        trip: TripId,
        holds: &[Hold],
        stored: &'static str,
        to_open: &'static str,
        to_active: &'static str,
    ) -> Result<(), RecordError> {
        for hold in holds {
            if hold.state == HoldState::Active {
                let kept_answer = stored == reason::COMPLETED || stored == reason::NO_SHOW;
                let offer = (!kept_answer).then_some(OfferState::Withdrawn);
                self.close_hold(hold, offer, stored).await?;
                self.tell(hold.staff, OutboxKind::TripGone, About::trip(trip).because(to_active)).await?;
            } else {
                self.close_hold(hold, Some(OfferState::Withdrawn), stored).await?;
                self.tell(hold.staff, OutboxKind::OfferClosed, About::offer(trip, hold.offer).because(to_open)).await?;
            }
        }
        self.end_assignment(trip, stored).await
    }

    /// The crew on the record is not the crew any more.
    pub(super) async fn end_assignment(&mut self, trip: TripId, because: &'static str) -> Result<(), RecordError> {
        let now = self.now.0;
        sqlx::query("update assignments set ended_at = ?, ended_because = ? where trip = ? and ended_at is null")
            .bind(now)
            .bind(because)
            .bind(blob(trip.0))
            .execute(self.conn())
            .await?;
        Ok(())
    }

    /// Tells the other members that one of them answered, came or went.
    pub(super) async fn tell_partners(&mut self, trip: TripId, others: &[Hold]) -> Result<(), RecordError> {
        for other in others {
            self.tell(other.staff, OutboxKind::Partner, About::offer(trip, other.offer)).await?;
        }
        Ok(())
    }

    /// After a slot fell open: the others are kept while it is refilled; with nobody left the trip is searching again. Long
    /// before its time nobody is kept for it, and it is reserved as before.
    pub(super) async fn slot_fell_open(&mut self, trip: &mut TripState, kept: &[Hold]) -> Outcome<()> {
        let is_ahead = trip.looked_for_from(self.now).is_some();
        if !kept.is_empty() && !is_ahead {
            trip.due_at = Some(self.now);
            trip.vacant_since = trip.vacant_since.or(Some(self.now));
            return Ok(Ok(()));
        }
        self.free_crew(trip.id, kept, reason::TAKEN_BACK, reason::TAKEN_BACK, reason::RELEASED).await?;
        if trip.phase == Phase::Offered
            && let Err(refusal) = trip.step(Event::Refill)
        {
            return Ok(Err(refusal));
        }
        Ok(trip.start_over(self.now, self.now))
    }
}
