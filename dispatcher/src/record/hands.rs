//! Owns what people decide over a trip: cancel, release, assign by hand, complete, give up. That the trip is theirs to decide is
//! checked inside the transaction: a crew that came a moment ago is another agency's.

use super::offers::Placed;
use super::row::{Columns, blob};
use super::transitions::{Hold, TripState, reason};
use super::write::{About, Write};
use super::{Hand, IncidentKind, OutboxKind, Outcome, Placement, Record, RecordError, Refusal, trips};
use matcher::lifecycle::Event;
use matcher::model::{AccountId, HoldState, OfferState, Phase, Timestamp, TripId};
use matcher::schedule::look_after;

impl Record {
    /// By the rider of the trip or a supervisor. A repeat is `Ok`. One transaction.
    pub async fn cancel(&self, now: Timestamp, trip: TripId, hand: Hand) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let InHand { mut state, .. } = match write.in_hand(trip, hand).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if state.phase() == Phase::Cancelled {
            return Ok(Ok(()));
        }
        if let Err(refusal) = write.cancel_trip(&mut state, hand.by).await? {
            return Ok(Err(refusal));
        }
        write.commit().await?;
        Ok(Ok(()))
    }

    /// A supervisor frees the whole crew or its offers; the search begins again at once, without those who were freed, or, long
    /// before its time, when it may begin. Of a crew of several agencies each frees its own: the others are kept while the slots
    /// are refilled.
    /// `Ok` without a change if it is searching and nobody is held. After the meeting only members who may not be in the crew are
    /// freed, and the others go on. One transaction.
    pub async fn release(&self, now: Timestamp, trip: TripId, hand: Hand) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let InHand { mut state, not_own } = match write.in_hand(trip, hand).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let done = match state.phase() {
            Phase::Met | Phase::Escorting => write.release_barred(&state, &not_own, hand.by).await?,
            _ if not_own.is_empty() => write.release_all(&mut state, hand.by).await?,
            _ => write.release_own(&mut state, &not_own, hand.by).await?,
        };
        if done.is_ok() {
            write.commit().await?;
        }
        Ok(done)
    }

    /// The crew is to be exactly `keep` and `ask`: who of `keep` has accepted stays, `ask` get the offer on their phones, all
    /// others are freed; all or none. The slots of `ask` are not read. From the time on at which the engine may look for a crew,
    /// and before the meeting only. `Ok` without a change if the
    /// crew is already this one. One transaction.
    pub async fn assign_by_hand(
        &self,
        now: Timestamp,
        trip: TripId,
        hand: Hand,
        keep: &[AccountId],
        ask: &[Placement],
        expires_at: Timestamp,
    ) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let InHand { mut state, not_own } = match write.in_hand(trip, hand).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if state.looked_for_from(now).is_some() && state.phase() < Phase::Met {
            return Ok(Err(Refusal::TooEarlyToAssign));
        }
        if !is_whole_crew(keep, ask, state.crew_size) {
            return Ok(Err(Refusal::CrewSizeMismatch));
        }
        let is_chosen = |staff: AccountId| keep.contains(&staff) || ask.iter().any(|p| p.staff == staff);
        let stays = |h: &Hold| h.state != HoldState::Held && is_chosen(h.staff);
        let (mut kept, freed): (Vec<Hold>, Vec<Hold>) = write.holds(trip).await?.into_iter().partition(stays);
        if freed.iter().any(|h| not_own.contains(&h.staff)) {
            return Ok(Err(Refusal::NotConcerned));
        }
        if !keep.iter().all(|staff| kept.iter().any(|h| h.staff == *staff)) {
            // Whoever was to be kept has gone meanwhile, and was not judged anew.
            return Ok(Err(Refusal::WrongPhase(state.phase())));
        }
        let asked: Vec<&Placement> = ask.iter().filter(|p| kept.iter().all(|h| h.staff != p.staff)).collect();
        if asked.is_empty() && state.phase() < Phase::Met {
            return Ok(Ok(()));
        }
        if !state.is_searching() {
            if let Err(refusal) = state.step(Event::DropOut) {
                return Ok(Err(refusal));
            }
            write.wait_for_refill(&mut state, &mut kept).await?;
        }
        let (again, replaced): (Vec<Hold>, Vec<Hold>) = freed.into_iter().partition(|h| is_chosen(h.staff));
        write.free_crew(trip, &again, reason::TAKEN_BACK, reason::TAKEN_BACK, reason::RELEASED).await?;
        write.free_crew(trip, &replaced, reason::RELEASED, reason::TAKEN_BACK, reason::RELEASED).await?;
        if let Err(refusal) = state.open_offers(now) {
            return Ok(Err(refusal));
        }
        state.attempt += 1;
        state.vacant_since = None;
        state.due_at = Some(look_after(expires_at));
        let open_slots = (0..state.crew_size).filter(|slot| kept.iter().all(|h| h.slot != *slot));
        for (slot, placement) in open_slots.zip(asked) {
            match write.place(&state, &Placement { slot, ..*placement }, expires_at).await? {
                Placed::Yes => {}
                Placed::Busy => return Ok(Err(Refusal::StaffBusy)),
                Placed::NotOnShift => return Ok(Err(Refusal::NotOnShift)),
                Placed::Unknown => return Ok(Err(Refusal::UnknownStaff)),
            }
        }
        write.tell_partners(trip, &kept).await?;
        write.save(&state).await?;
        write.audit(Some(hand.by), "assigned_by_hand", trip.0, "").await?;
        write.commit().await?;
        Ok(Ok(()))
    }

    /// A supervisor says that the trip is over, for a crew whose phones cannot. After the meeting only; a repeat is `Ok`. One
    /// transaction.
    pub async fn complete_by_hand(&self, now: Timestamp, trip: TripId, hand: Hand) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let InHand { mut state, .. } = match write.in_hand(trip, hand).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match state.phase() {
            Phase::Completed => return Ok(Ok(())),
            Phase::Met => {
                if let Err(refusal) = state.step(Event::Start) {
                    return Ok(Err(refusal));
                }
            }
            _ => {}
        }
        let crew = write.holds(trip).await?;
        if let Err(refusal) = write.crew_ends(&mut state, &crew, Event::Complete, reason::COMPLETED).await? {
            return Ok(Err(refusal));
        }
        write.save(&state).await?;
        write.audit(Some(hand.by), "completed_by_hand", trip.0, "").await?;
        write.commit().await?;
        Ok(Ok(()))
    }

    /// A named human says nobody can go. A repeat is `Ok`. One transaction.
    pub async fn give_up(&self, now: Timestamp, trip: TripId, hand: Hand, because: &str) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let InHand { mut state, .. } = match write.in_hand(trip, hand).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
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
        write.audit(Some(hand.by), "gave_up", trip.0, "").await?;
        write.commit().await?;
        Ok(Ok(()))
    }
}

/// As many as the crew needs, nobody twice.
fn is_whole_crew(keep: &[AccountId], ask: &[Placement], size: u8) -> bool {
    let mut staff: Vec<AccountId> = keep.iter().copied().chain(ask.iter().map(|p| p.staff)).collect();
    let named = staff.len();
    staff.sort_unstable();
    staff.dedup();
    staff.len() == named && named == usize::from(size)
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

/// A trip that somebody decides over.
struct InHand {
    state: TripState,
    /// Members of other agencies, whom this hand cannot free.
    not_own: Vec<AccountId>,
}

impl Write<'_> {
    /// Of a suspended rider: commutes end, trips are cancelled; one that has met is a human's.
    pub(super) async fn end_trips_of(&mut self, rider: AccountId, by: AccountId) -> Result<(), RecordError> {
        let now = self.now.0;
        sqlx::query("update series set ended_at = ? where rider = ? and ended_at is null")
            .bind(now)
            .bind(blob(rider.0))
            .execute(self.conn())
            .await?;
        let rows = sqlx::query("select id from trips where rider = ? and ended_at is null order by requested_at, id")
            .bind(blob(rider.0))
            .fetch_all(self.conn())
            .await?;
        for row in &rows {
            let id = TripId(row.id("id")?);
            let Some(mut trip) = self.trip_state(id).await? else { continue };
            if trip.phase() >= Phase::Met {
                self.raise(IncidentKind::RiderSuspended, rider, id).await?;
            } else if self.cancel_trip(&mut trip, by).await?.is_err() {
                return Err(RecordError::Unreadable("phase"));
            }
        }
        Ok(())
    }

    /// The trip, if it is for this hand to decide over.
    async fn in_hand(&mut self, id: TripId, hand: Hand) -> Outcome<InHand> {
        let Some(state) = self.trip_state(id).await? else { return Ok(Err(Refusal::NotFound)) };
        let Some(agency) = hand.agency else { return Ok(Ok(InHand { state, not_own: Vec::new() })) };
        let Some(row) = trips::load(self.conn(), &[id]).await?.pop().map(|loaded| loaded.row) else {
            return Ok(Err(Refusal::NotFound));
        };
        if !row.is_in_hands_of(agency) {
            return Ok(Err(Refusal::NotConcerned));
        }
        let not_own = row.crew.iter().filter(|m| m.agency != agency).map(|m| m.offer.staff).collect();
        Ok(Ok(InHand { state, not_own }))
    }

    /// The whole crew, or its offers.
    async fn release_all(&mut self, trip: &mut TripState, by: AccountId) -> Outcome<()> {
        let holds = self.holds(trip.id).await?;
        let stepped = match trip.phase() {
            Phase::Matching if holds.is_empty() => return Ok(Ok(())),
            Phase::Matching => Ok(()),
            Phase::Offered => trip.step(Event::Refill),
            _ => trip.step(Event::DropOut),
        };
        if let Err(refusal) = stepped {
            return Ok(Err(refusal));
        }
        self.free_crew(trip.id, &holds, reason::RELEASED, reason::TAKEN_BACK, reason::RELEASED).await?;
        trip.words = None;
        if let Err(refusal) = trip.start_over(self.now, self.now) {
            return Ok(Err(refusal));
        }
        self.save(trip).await?;
        self.audit(Some(by), "released", trip.id.0, "").await?;
        Ok(Ok(()))
    }

    /// Those of the own agency, as if they had dropped out: another agency's members are not ours to free.
    async fn release_own(&mut self, trip: &mut TripState, not_own: &[AccountId], by: AccountId) -> Outcome<()> {
        loop {
            let mut others = self.holds(trip.id).await?;
            let Some(at) = others.iter().position(|h| !not_own.contains(&h.staff)) else { break };
            let own = others.remove(at);
            if let Err(refusal) = self.leave(trip, &own, &others, reason::RELEASED).await? {
                return Ok(Err(refusal));
            }
        }
        self.save(trip).await?;
        self.audit(Some(by), "released", trip.id.0, "").await?;
        Ok(Ok(()))
    }

    /// After the meeting only who may not be in the crew can be taken out of it, and not the last one.
    async fn release_barred(&mut self, trip: &TripState, not_own: &[AccountId], by: AccountId) -> Outcome<()> {
        let barred = self.barred(trip.id).await?;
        let (freed, stay): (Vec<Hold>, Vec<Hold>) = self
            .holds(trip.id)
            .await?
            .into_iter()
            .partition(|h| barred.contains(&h.staff) && !not_own.contains(&h.staff));
        if freed.is_empty() || stay.is_empty() {
            return Ok(Err(Refusal::WrongPhase(trip.phase())));
        }
        for member in &freed {
            self.close_hold(member, Some(OfferState::Withdrawn), reason::RELEASED).await?;
            let about = About::trip(trip.id).because(reason::RELEASED);
            self.tell(member.staff, OutboxKind::TripGone, about).await?;
        }
        for member in &stay {
            self.tell(member.staff, OutboxKind::Trip, About::trip(trip.id)).await?;
        }
        self.tell(trip.rider, OutboxKind::Trip, About::trip(trip.id)).await?;
        self.save(trip).await?;
        self.audit(Some(by), "member_released", trip.id.0, "").await?;
        Ok(Ok(()))
    }

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
