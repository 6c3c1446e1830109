//! Owns next duties: the trip that a staff member goes on to when their present one has ended. Who is asked is the engine's
//! decision; offers, answers and assignments are `offers`', the same for both duties.
//!
//! Invariant: a next duty stands behind a present trip whose rider is with the crew, on which nobody called for help. It becomes
//! the present one in the transaction that ends that trip.

use super::row::{self, Columns, blob};
use super::transitions::{TripState, reason};
use super::write::{About, Write};
use super::{NextDuty, OutboxKind, Record, RecordError, RowKind, Sure};
use geo::Eta;
use matcher::model::{AccountId, HoldState, Timestamp, TripId};
use sqlx::sqlite::SqliteRow;

impl Record {
    /// Every next duty that has been accepted, with what its arrival is worked out from. One indexed read.
    pub async fn next_duties(&self) -> Result<Vec<NextDuty>, RecordError> {
        let rows = sqlx::query(
            "select h.trip, h.staff, h.offered_at, h.eta_s, p.dropoff_lat, p.dropoff_lon, t.pickup_lat, t.pickup_lon
             from holds h join trips t on t.id = h.trip join trips p on p.id = h.after_trip
             where h.duty = 'next' and h.state in ('held', 'accepted', 'active') and h.state <> 'held'
             order by h.trip, h.slot",
        )
        .fetch_all(&self.read)
        .await?;
        self.unreadable.sift(RowKind::Trips, rows.iter().map(|row| (row.raw("trip"), duty(row))))
    }

    /// Of a next duty that runs late and is still theirs to do: they say that they will be there in so many seconds. The rider, the
    /// crew and the consoles are told, once the crew is one. False if it is not their next any more. One transaction.
    pub async fn say_later(
        &self,
        now: Timestamp,
        trip: TripId,
        staff: AccountId,
        eta: Eta,
    ) -> Result<bool, RecordError> {
        let (mut write, sure) = (self.begin(now).await?, Sure::from(eta));
        let found = sqlx::query(
            // Offered at a time to come, by a clock that was set back since: as from then.
            "update holds set eta_s = max(?1 - offered_at, 0) / 1000 + ?2, eta_p90_s = max(?1 - offered_at, 0) / 1000 + ?5,
                    eta_source = ?6
             where trip = ?3 and staff = ?4 and duty = 'next' and state in ('held', 'accepted', 'active') and state <> 'held'
             returning state, after_trip",
        )
        .bind(now.0)
        .bind(eta.seconds.ceil() as u32)
        .bind(blob(trip.0))
        .bind(blob(staff.0))
        .bind(sure.p90_s)
        .bind(row::eta_source_word(sure.source))
        .fetch_optional(write.conn())
        .await?;
        let Some(found) = found else { return Ok(false) };
        if found.word("state", row::hold_state_from)? == HoldState::Active {
            write.tell_all(trip).await?;
        }
        write.touch(trip).await?;
        write.touch(TripId(found.id("after_trip")?)).await?;
        write.audit(None, "next_duty_later", trip.0, "").await?;
        write.commit().await?;
        Ok(true)
    }

    /// Gives a next duty back that would be late; the slot is refilled and the rider told. False if it is not their next any
    /// more. One transaction.
    pub async fn free_late(&self, now: Timestamp, trip: TripId, staff: AccountId) -> Result<bool, RecordError> {
        let mut write = self.begin(now).await?;
        let freed = write.give_back(trip, staff, reason::LATE).await?;
        if freed {
            write.audit(None, "next_duty_late", trip.0, "").await?;
            write.commit().await?;
        }
        Ok(freed)
    }
}

fn duty(row: &SqliteRow) -> Result<NextDuty, RecordError> {
    Ok(NextDuty {
        trip: TripId(row.id("trip")?),
        staff: AccountId(row.id("staff")?),
        promised_at: row.time("offered_at")?.plus_s(row.int("eta_s")?),
        from: row.position("dropoff_lat", "dropoff_lon")?,
        to: row.position("pickup_lat", "pickup_lon")?,
    })
}

impl Write<'_> {
    /// Whether this staff member may be asked to come to the trip after their present one.
    pub(super) async fn may_follow(
        &mut self,
        trip: &TripState,
        staff: AccountId,
        present: TripId,
    ) -> Result<bool, RecordError> {
        if trip.pickup_at.is_some() || trip.id == present {
            return Ok(false);
        }
        Ok(sqlx::query_scalar(
            "select exists (select 1 from holds h where h.staff = ?1 and h.trip = ?2 and h.duty = 'current'
                 and h.state in ('held', 'accepted', 'active') and h.state = 'active' and h.phase in ('met', 'escorting')
                 and not exists (select 1 from incidents i where i.trip = ?2))",
        )
        .bind(blob(staff.0))
        .bind(blob(present.0))
        .fetch_one(self.conn())
        .await?)
    }

    /// The next duty of somebody who has no present one is their present one, and their phone is shown the way.
    pub(super) async fn go_on(&mut self, staff: AccountId) -> Result<(), RecordError> {
        let now = self.now.0;
        let found = sqlx::query(
            "update holds set duty = 'current', after_trip = null, current_since = ?2
             where staff = ?1 and duty = 'next' and state in ('held', 'accepted', 'active')
               and not exists (select 1 from holds c where c.staff = ?1 and c.duty = 'current'
                               and c.state in ('held', 'accepted', 'active'))
             returning trip, state",
        )
        .bind(blob(staff.0))
        .bind(now)
        .fetch_optional(self.conn())
        .await?;
        let Some(found) = found else { return Ok(()) };
        let id = TripId(found.id("trip")?);
        self.roster_changed(staff);
        if found.word("state", row::hold_state_from)? == HoldState::Active {
            self.duty_begins(staff).await?;
            // The phone that goes on, the partners who wait for it, and the rider, who sees that nobody else is between.
            self.tell_all(id).await?;
        }
        self.touch(id).await?;
        self.audit(Some(staff), "next_duty_begun", id.0, "").await
    }

    /// The crew of a trip and its rider see it as it is now.
    pub(super) async fn tell_all(&mut self, id: TripId) -> Result<(), RecordError> {
        for member in self.holds(id).await? {
            self.tell(member.staff, OutboxKind::Trip, About::trip(id)).await?;
        }
        let rider = sqlx::query("select rider from trips where id = ?").bind(blob(id.0)).fetch_one(self.conn()).await?;
        self.tell(AccountId(rider.id("rider")?), OutboxKind::Trip, About::trip(id)).await
    }

    /// Somebody called for help on this trip: nobody is to wait for its crew, and nobody is to follow it.
    pub(super) async fn alarm_on(&mut self, present: TripId) -> Result<(), RecordError> {
        let crew = self.holds(present).await?;
        let followers = sqlx::query(
            "select trip, staff from holds
             where after_trip = ? and duty = 'next' and state in ('held', 'accepted', 'active') order by trip, slot",
        )
        .bind(blob(present.0))
        .fetch_all(self.conn())
        .await?;
        for member in &crew {
            self.roster_changed(member.staff);
        }
        for row in &followers {
            let (trip, staff) = (TripId(row.id("trip")?), AccountId(row.id("staff")?));
            if self.give_back(trip, staff, reason::TAKEN_BACK).await? {
                self.audit(None, "next_duty_taken_back", trip.0, "").await?;
            }
        }
        Ok(())
    }

    /// The slot of a next duty; false if it is none, or none any more.
    async fn give_back(&mut self, id: TripId, staff: AccountId, because: &'static str) -> Result<bool, RecordError> {
        let Some(mut trip) = self.trip_state(id).await? else { return Ok(false) };
        let mut others = self.holds(id).await?;
        let Some(at) = others.iter().position(|h| h.staff == staff && h.after.is_some()) else { return Ok(false) };
        let own = others.remove(at);
        // Before the meeting everybody may leave, and nobody meets a rider whose crew is still on its way.
        if self.leave(&mut trip, &own, &others, because).await?.is_err() {
            return Ok(false);
        }
        self.save(&trip).await?;
        Ok(true)
    }

    /// What a console shows of the trip has changed, though nothing of the trip itself has.
    pub(super) async fn touch(&mut self, trip: TripId) -> Result<(), RecordError> {
        let change_no = self.next_change().await?;
        sqlx::query("update trips set change_no = ? where id = ?")
            .bind(change_no)
            .bind(blob(trip.0))
            .execute(self.conn())
            .await?;
        Ok(())
    }
}
