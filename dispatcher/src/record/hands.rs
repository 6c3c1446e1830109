//! Owns what people decide over a trip: cancel, release, assign by hand, give up. The caller has checked who may.

use super::offers::Placed;
use super::row::blob;
use super::transitions::{TripState, reason};
use super::write::Write;
use super::{Outcome, Placement, Record, Refusal};
use matcher::lifecycle::Event;
use matcher::model::{AccountId, Phase, Timestamp, TripId};

impl Record {
    /// By the rider of the trip or a supervisor. A repeat is `Ok`. One transaction.
    pub async fn cancel(&self, now: Timestamp, trip: TripId, by: AccountId) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let Some(mut state) = write.trip_state(trip).await? else { return Ok(Err(Refusal::NotFound)) };
        if state.phase() == Phase::Cancelled {
            return Ok(Ok(()));
        }
        if let Err(refusal) = write.cancel_trip(&mut state, by).await? {
            return Ok(Err(refusal));
        }
        write.commit().await?;
        Ok(Ok(()))
    }

    /// A supervisor frees the whole crew or its offers; the search begins again at once, without those who were freed.
    /// `Ok` without a change if it is searching and nobody is held. One transaction.
    pub async fn release(&self, now: Timestamp, trip: TripId, by: AccountId) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let Some(mut state) = write.trip_state(trip).await? else { return Ok(Err(Refusal::NotFound)) };
        let holds = write.holds(trip).await?;
        let stepped = match state.phase() {
            Phase::Matching if holds.is_empty() => return Ok(Ok(())),
            Phase::Matching => Ok(()),
            Phase::Offered => state.step(Event::Refill),
            _ => state.step(Event::DropOut),
        };
        if let Err(refusal) = stepped {
            return Ok(Err(refusal));
        }
        write.free_crew(trip, &holds, reason::RELEASED, reason::TAKEN_BACK, reason::RELEASED).await?;
        state.words = None;
        state.vacant_since = None;
        state.due_at = Some(now);
        write.save(&state).await?;
        write.audit(Some(by), "released", trip.0, "").await?;
        write.commit().await?;
        Ok(Ok(()))
    }

    /// Withdraws what is open and puts the offer on exactly these phones, all or none. One transaction.
    pub async fn assign_by_hand(
        &self,
        now: Timestamp,
        trip: TripId,
        by: AccountId,
        crew: &[Placement],
        expires_at: Timestamp,
    ) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let Some(mut state) = write.trip_state(trip).await? else { return Ok(Err(Refusal::NotFound)) };
        if !state.is_searching() {
            return Ok(Err(Refusal::WrongPhase(state.phase())));
        }
        if !is_whole_crew(crew, state.crew_size) {
            return Ok(Err(Refusal::CrewSizeMismatch));
        }
        let open = write.holds(trip).await?;
        write.free_crew(trip, &open, reason::TAKEN_BACK, reason::TAKEN_BACK, reason::RELEASED).await?;
        if let Err(refusal) = state.open_offers(now) {
            return Ok(Err(refusal));
        }
        state.attempt += 1;
        state.vacant_since = None;
        state.due_at = Some(look_after(expires_at));
        for placement in crew {
            match write.place(&state, placement, expires_at).await? {
                Placed::Yes => {}
                Placed::Busy => return Ok(Err(Refusal::StaffBusy)),
                Placed::NotOnShift => return Ok(Err(Refusal::NotOnShift)),
                Placed::Unknown => return Ok(Err(Refusal::UnknownStaff)),
            }
        }
        write.save(&state).await?;
        write.audit(Some(by), "assigned_by_hand", trip.0, "").await?;
        write.commit().await?;
        Ok(Ok(()))
    }

    /// A named human says nobody can go. A repeat is `Ok`. One transaction.
    pub async fn give_up(&self, now: Timestamp, trip: TripId, by: AccountId, because: &str) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let Some(mut state) = write.trip_state(trip).await? else { return Ok(Err(Refusal::NotFound)) };
        if state.phase() == Phase::Unserved {
            return Ok(Ok(()));
        }
        if let Err(refusal) = state.step(Event::GiveUp) {
            return Ok(Err(refusal));
        }
        let holds = write.holds(trip).await?;
        write.free_crew(trip, &holds, reason::TAKEN_BACK, reason::TAKEN_BACK, reason::RELEASED).await?;
        state.vacant_since = None;
        write.save(&state).await?;
        sqlx::query("update trips set unserved_because = ? where id = ?")
            .bind(because)
            .bind(blob(trip.0))
            .execute(write.conn())
            .await?;
        write.audit(Some(by), "gave_up", trip.0, "").await?;
        write.commit().await?;
        Ok(Ok(()))
    }
}

/// Just after an offer's last instant: then, and not before, it has expired.
pub(super) const fn look_after(expires_at: Timestamp) -> Timestamp {
    Timestamp(expires_at.0 + 1)
}

/// Every slot once, nobody twice.
fn is_whole_crew(crew: &[Placement], size: u8) -> bool {
    let mut slots: Vec<u8> = crew.iter().map(|p| p.slot).collect();
    let mut staff: Vec<AccountId> = crew.iter().map(|p| p.staff).collect();
    slots.sort_unstable();
    staff.sort_unstable();
    staff.dedup();
    slots.into_iter().eq(0..size) && staff.len() == usize::from(size)
}

impl TripState {
    /// To `offered` from any searching phase, by way of the search.
    pub(super) fn open_offers(&mut self, now: Timestamp) -> Result<(), Refusal> {
        match self.phase() {
            Phase::Requested | Phase::Reserved => self.step(Event::GoLive)?,
            Phase::Offered => self.step(Event::Refill)?,
            _ => {}
        }
        self.live_since = self.live_since.or(Some(now));
        self.step(Event::Offer)
    }
}

impl Write<'_> {
    /// Frees whoever is held and ends the trip, with its audit row; the caller commits.
    pub(super) async fn cancel_trip(&mut self, trip: &mut TripState, by: AccountId) -> Outcome<()> {
        if let Err(refusal) = trip.step(Event::Cancel) {
            return Ok(Err(refusal));
        }
        let holds = self.holds(trip.id).await?;
        self.free_crew(trip.id, &holds, reason::CANCELLED, reason::CANCELLED, reason::CANCELLED).await?;
        trip.vacant_since = None;
        self.save(trip).await?;
        self.audit(Some(by), "cancelled", trip.id.0, "").await?;
        Ok(Ok(()))
    }
}
