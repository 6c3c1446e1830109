//! Owns what an assigned crew does: set out, arrive, meet, walk, finish, or leave early. En route and arrived are each
//! member's own; from `met` on the crew is one.

use super::row::{Columns, blob};
use super::transitions::{Hold, TripState, reason};
use super::write::{About, Write};
use super::{Actor, IncidentKind, OutboxKind, Outcome, Record, RecordError, Refusal};
use matcher::lifecycle::{Event, member_may_go, towards_slowest};
use matcher::model::Timestamp;
use matcher::model::{AccountId, HoldState, OfferState, Phase, TripId};
use matcher::schedule::may_set_out_from;
use sqlx::SqliteConnection;

impl Record {
    /// A crew member's tap: `en_route` and `arrived` for the member, `met`, `escorting`, `completed` and `no_show` for the
    /// trip. A repeat is `Ok` and changes nothing. One transaction.
    pub async fn set_status(&self, now: Timestamp, trip: TripId, staff: AccountId, to: Phase) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let Some(mut state) = write.trip_state(trip).await? else { return Ok(Err(Refusal::NotFound)) };
        let crew = write.holds(trip).await?;
        let Some(own) = crew.iter().find(|h| h.staff == staff && h.state == HoldState::Active).copied() else {
            return write.status_from_outside(&state, staff, to).await;
        };
        if to <= own.phase && to >= Phase::EnRoute {
            return Ok(Ok(()));
        }
        if own.after.is_some() {
            // Theirs when the trip they are on has ended.
            return Ok(Err(Refusal::StaffBusy));
        }
        let done = match to {
            Phase::EnRoute | Phase::Arrived => write.member_moves(&mut state, &own, &crew, to).await?,
            Phase::Met => write.crew_moves(&mut state, &crew, Event::Meet).await?,
            Phase::Escorting => write.crew_moves(&mut state, &crew, Event::Start).await?,
            Phase::Completed => write.crew_ends(&mut state, &crew, Event::Complete, reason::COMPLETED).await?,
            Phase::NoShow => write.crew_ends(&mut state, &crew, Event::NoShow, reason::NO_SHOW).await?,
            _ => Err(Refusal::WrongPhase(state.phase())),
        };
        if let Err(refusal) = done {
            return Ok(Err(refusal));
        }
        if to == Phase::NoShow {
            // A rider who is not there is looked for, not counted.
            write.raise(IncidentKind::NoShow, staff, trip).await?;
        }
        if !to.is_end() {
            // The phone that tapped too: its card then shows the record's state and not its own guess.
            for member in &crew {
                write.tell(member.staff, OutboxKind::Trip, About::trip(trip)).await?;
            }
        }
        write.save(&state).await?;
        write.audit(Some(staff), "status_set", trip.0, to.word()).await?;
        write.commit().await?;
        Ok(Ok(()))
    }

    /// Why a trip is not a former member's any more, in the words of `trip_gone`; `None` for somebody who never held a slot.
    pub async fn why_left(&self, trip: TripId, staff: AccountId) -> Result<Option<&'static str>, RecordError> {
        let mut conn = self.read.acquire().await?;
        let stored = last_end(&mut conn, trip, staff).await?;
        Ok(stored.map(|word| match word.as_str() {
            reason::DROPPED_OUT => reason::DROPPED_OUT,
            reason::COMPLETED => reason::COMPLETED,
            reason::NO_SHOW => reason::NO_SHOW,
            reason::CANCELLED => reason::CANCELLED,
            reason::LATE => reason::LATE,
            _ => reason::RELEASED,
        }))
    }

    /// Gives the slot back before the meeting; the others are kept while it is refilled, without the meeting point. A
    /// repeat is `Ok`. One transaction.
    pub async fn drop_out(&self, now: Timestamp, trip: TripId, staff: AccountId) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let Some(mut state) = write.trip_state(trip).await? else { return Ok(Err(Refusal::NotFound)) };
        let mut others = write.holds(trip).await?;
        let Some(at) = others.iter().position(|h| h.staff == staff) else {
            let before = write.last_end(trip, staff).await?;
            let repeated = before.as_deref() == Some(reason::DROPPED_OUT);
            return Ok(if repeated { Ok(()) } else { Err(Refusal::NotFound) });
        };
        let own = others.remove(at);
        if own.state == HoldState::Held {
            return Ok(Err(Refusal::WrongPhase(state.phase())));
        }
        if let Err(refusal) = write.leave(&mut state, &own, &others, reason::DROPPED_OUT).await? {
            return Ok(Err(refusal));
        }
        write.save(&state).await?;
        write.audit(Some(staff), "dropped_out", trip.0, "").await?;
        write.commit().await?;
        Ok(Ok(()))
    }
}

async fn last_end(conn: &mut SqliteConnection, trip: TripId, staff: AccountId) -> Result<Option<String>, RecordError> {
    let found = sqlx::query(
        "select closed_because from holds where trip = ? and staff = ? and state = 'released'
         order by closed_at desc, offered_at desc limit 1",
    )
    .bind(blob(trip.0))
    .bind(blob(staff.0))
    .fetch_optional(conn)
    .await?;
    found.map(|r| r.text("closed_because")).transpose()
}

impl Write<'_> {
    /// En route and arrived: forward only, as the lifecycle says; the trip follows its slowest member.
    async fn member_moves(&mut self, trip: &mut TripState, own: &Hold, crew: &[Hold], to: Phase) -> Outcome<()> {
        if !member_may_go(own.phase, to) {
            return Ok(Err(Refusal::WrongPhase(own.phase)));
        }
        let may_set_out = trip.pickup_at.map(|at| may_set_out_from(at, own.eta_s));
        if to == Phase::EnRoute && may_set_out.is_some_and(|from| self.now < from) {
            return Ok(Err(Refusal::TooEarlyToSetOut));
        }
        self.move_hold(own, HoldState::Active, to).await?;
        let phases = crew.iter().map(|h| if h.offer == own.offer { to } else { h.phase });
        while let Some(on) = towards_slowest(trip.phase(), phases.clone()) {
            if let Err(refusal) = trip.step(on) {
                return Ok(Err(refusal));
            }
        }
        if trip.is_unchanged() {
            // The trip shows the same phase, but the rider sees each member's.
            self.tell(trip.rider, OutboxKind::Trip, About::trip(trip.id)).await?;
        }
        Ok(Ok(()))
    }

    async fn crew_moves(&mut self, trip: &mut TripState, crew: &[Hold], on: Event) -> Outcome<()> {
        if let Err(refusal) = trip.step(on) {
            return Ok(Err(refusal));
        }
        for member in crew {
            self.move_hold(member, HoldState::Active, trip.phase()).await?;
        }
        Ok(Ok(()))
    }

    pub(super) async fn crew_ends(
        &mut self,
        trip: &mut TripState,
        crew: &[Hold],
        on: Event,
        because: &'static str,
    ) -> Outcome<()> {
        if let Err(refusal) = trip.step(on) {
            return Ok(Err(refusal));
        }
        self.free_crew(trip.id, crew, because, because, because).await?;
        Ok(Ok(()))
    }

    /// Someone who holds no active slot of the trip: a late repeat of the tap that ended it is `Ok`, the rest is not theirs.
    async fn status_from_outside(&mut self, trip: &TripState, staff: AccountId, to: Phase) -> Outcome<()> {
        let before = self.last_end(trip.id, staff).await?;
        Ok(match before.as_deref() {
            Some(reason::COMPLETED | reason::NO_SHOW) if trip.phase() == to => Ok(()),
            Some(reason::COMPLETED | reason::NO_SHOW | reason::CANCELLED) => Err(Refusal::WrongPhase(trip.phase())),
            _ => Err(Refusal::NotFound),
        })
    }

    /// Why the member's last slot of this trip ended.
    async fn last_end(&mut self, trip: TripId, staff: AccountId) -> Result<Option<String>, RecordError> {
        last_end(self.conn(), trip, staff).await
    }

    /// A member goes for good; the others are kept without the meeting point. Refused once rider and crew have met.
    pub(super) async fn leave(
        &mut self,
        trip: &mut TripState,
        own: &Hold,
        others: &[Hold],
        because: &'static str,
    ) -> Outcome<()> {
        let mut kept = others.to_vec();
        if own.state == HoldState::Active {
            if let Err(refusal) = trip.step(Event::DropOut) {
                return Ok(Err(refusal));
            }
            self.end_assignment(trip.id, because).await?;
            self.tell(own.staff, OutboxKind::TripGone, About::trip(trip.id).because(because)).await?;
            self.wait_for_refill(trip, &mut kept).await?;
        } else {
            let about = About::offer(trip.id, own.offer).because(reason::TAKEN_BACK);
            self.tell(own.staff, OutboxKind::OfferClosed, about).await?;
        }
        self.close_hold(own, Some(OfferState::Withdrawn), because).await?;
        self.tell_partners(trip.id, &kept).await?;
        self.slot_fell_open(trip, &kept).await
    }

    /// The crew is not whole any more: these members stay, without words and meeting point until it is.
    pub(super) async fn wait_for_refill(&mut self, trip: &mut TripState, kept: &mut [Hold]) -> Result<(), RecordError> {
        trip.words = None;
        for member in kept {
            self.move_hold(member, HoldState::Accepted, Phase::Offered).await?;
            (member.state, member.phase) = (HoldState::Accepted, Phase::Offered);
            let about = About::trip(trip.id).because(reason::REFILLING);
            self.tell(member.staff, OutboxKind::TripGone, about).await?;
        }
        Ok(())
    }

    /// Of somebody who may not be in the crew any more: whatever they hold, or hold of this rider, is given back. Once rider
    /// and crew have met that would leave the rider alone in the street: then every console is called to it.
    pub(super) async fn leave_slots(
        &mut self,
        staff: AccountId,
        of: Option<AccountId>,
        by: Actor,
        kind: IncidentKind,
    ) -> Result<(), RecordError> {
        // The next duty first: an alarm over the present one would give it back as well.
        let held = sqlx::query(
            "select trip from holds where staff = ? and state in ('held', 'accepted', 'active') order by duty desc",
        )
        .bind(blob(staff.0))
        .fetch_all(self.conn())
        .await?;
        for held in &held {
            let id = TripId(held.id("trip")?);
            let Some(mut trip) = self.trip_state(id).await? else { continue };
            if of.is_some_and(|rider| rider != trip.rider) {
                continue;
            }
            let mut others = self.holds(id).await?;
            let Some(at) = others.iter().position(|h| h.staff == staff) else { continue };
            let own = others.remove(at);
            if self.leave(&mut trip, &own, &others, reason::RELEASED).await?.is_ok() {
                self.audit_by(by, "slot_given_back", id.0).await?;
            } else {
                self.raise(kind, staff, id).await?;
            }
            // After the meeting too: the console marks the member.
            self.save(&trip).await?;
        }
        Ok(())
    }

    /// Those of the crew who may not be in it.
    pub(super) async fn barred(&mut self, trip: TripId) -> Result<Vec<AccountId>, RecordError> {
        let rows = sqlx::query(
            "select h.staff from holds h join trips t on t.id = h.trip join accounts a on a.id = h.staff
             left join conflicts c on c.staff = h.staff and c.rider = t.rider
             where h.trip = ? and h.state in ('held', 'accepted', 'active')
               and (a.suspended_at is not null or c.staff is not null)",
        )
        .bind(blob(trip.0))
        .fetch_all(self.conn())
        .await?;
        rows.iter().map(|r| r.id("staff").map(AccountId)).collect()
    }
}
