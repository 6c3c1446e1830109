//! Owns the correction of stored trip lengths, of open trips and of commutes that go on: of those that were stored while nobody knew how long
//! the subway takes, and of a rider's whose avoid zones have changed since. How long each takes is the caller's to find out.

use super::bookings::by_car;
use super::row::{Columns, blob};
use super::series::parsed;
use super::unreadable::key;
use super::write::{About, Write};
use super::{OutboxKind, Record, RecordError, RowKind};
use geo::Position;
use jiff::civil::Time;
use matcher::model::{AccountId, HoldState, SeriesId, Timestamp, TripId, TripLength};
use matcher::schedule::{date_of, hour_of};
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

/// Whose length it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthOf {
    /// An open trip's.
    Trip(TripId),
    /// Of the trips of a commute that are not made yet, there.
    Outward(SeriesId),
    /// And back.
    Return(SeriesId),
}

/// A length that is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredLength {
    /// Whose.
    pub of: LengthOf,
    /// Who asked for it.
    pub rider: AccountId,
    /// Where they meet.
    pub from: Position,
    /// Where they go.
    pub to: Position,
    /// The Korean hour it begins in; `None` is now.
    pub hour: Option<u8>,
}

fn of_trip(row: &SqliteRow) -> Result<StoredLength, RecordError> {
    Ok(StoredLength {
        of: LengthOf::Trip(TripId(row.id("id")?)),
        rider: AccountId(row.id("rider")?),
        from: row.position("pickup_lat", "pickup_lon")?,
        to: row.position("dropoff_lat", "dropoff_lon")?,
        hour: row.time_or_none("pickup_at")?.map(hour_of),
    })
}

/// Of all legs, or of those whose length knows no subway.
fn of_commute(row: &SqliteRow, all: bool) -> Result<Vec<StoredLength>, RecordError> {
    let (id, rider) = (SeriesId(row.id("id")?), AccountId(row.id("rider")?));
    let (home, work) = (row.position("pickup_lat", "pickup_lon")?, row.position("dropoff_lat", "dropoff_lon")?);
    let mut stored = Vec::new();
    for (by_car, begins_at, of, from, to) in [
        ("car_trip_s", "outward_at", LengthOf::Outward(id), home, work),
        ("car_return_trip_s", "return_at", LengthOf::Return(id), work, home),
    ] {
        if all || row.int_or_none(by_car)?.is_none() {
            let hour = Some(parsed::<Time>(row, begins_at)?.hour().unsigned_abs());
            stored.push(StoredLength { of, rider, from, to, hour });
        }
    }
    Ok(stored)
}

impl Record {
    /// All that are stored as the same with a car and without, and can be read. Two reads.
    pub async fn lengths_by_car(&self, now: Timestamp) -> Result<Vec<StoredLength>, RecordError> {
        self.lengths(now, None).await
    }

    /// A rider's that were booked before that time, whenever a commute's trips were made, less those of trips that are under way with them.
    /// Two reads.
    pub async fn lengths_of(
        &self,
        now: Timestamp,
        rider: AccountId,
        booked_before: Timestamp,
    ) -> Result<Vec<StoredLength>, RecordError> {
        self.lengths(now, Some((rider, booked_before))).await
    }

    async fn lengths(
        &self,
        now: Timestamp,
        of: Option<(AccountId, Timestamp)>,
    ) -> Result<Vec<StoredLength>, RecordError> {
        let (whose, before) = (of.map(|(rider, _)| blob(rider.0)), of.map(|(_, before)| before.0));
        let trips = sqlx::query(
            "select id, rider, pickup_at, pickup_lat, pickup_lon, dropoff_lat, dropoff_lon from trips
             where ended_at is null and case when ?1 is null then car_trip_s is null
                 else rider = ?1 and (requested_at <= ?2 or series is not null) and phase not in ('met', 'escorting') end
             order by id",
        )
        .bind(whose.clone())
        .bind(before)
        .fetch_all(&self.read)
        .await?;
        let trips = trips.iter().map(|row| (key(row), of_trip(row)));
        let mut stored = self.unreadable.sift(RowKind::Trips, trips)?;
        let commutes = sqlx::query(
            "select s.id, s.rider, s.outward_at, s.return_at, b.pickup_lat, b.pickup_lon, b.dropoff_lat, b.dropoff_lon,
                    b.car_trip_s, b.car_return_trip_s
             from series s join bookings b on b.id = s.booking
             where s.ended_at is null and s.until_date >= ?3 and (?1 is null or (s.rider = ?1 and b.created_at <= ?2))
             order by s.id",
        )
        .bind(whose)
        .bind(before)
        .bind(date_of(now).to_string())
        .fetch_all(&self.read)
        .await?;
        let legs = commutes.iter().map(|row| (key(row), of_commute(row, of.is_some())));
        stored.extend(self.unreadable.sift(RowKind::Series, legs)?.into_iter().flatten());
        Ok(stored)
    }

    /// Whose zones have changed since a row of the audit chain (0 is the first), when last, and the row to go on after. By whatever process
    /// they were changed, the shell's too. One read.
    pub async fn zones_changed_after(&self, after: i64) -> Result<(Vec<(AccountId, Timestamp)>, i64), RecordError> {
        let upto: i64 = sqlx::query_scalar("select coalesce(max(id), 0) from audit").fetch_one(&self.read).await?;
        let rows = sqlx::query(
            "select subject, max(at) as at from audit
             where id > ? and id <= ? and action in ('avoid_zone_added', 'avoid_zone_removed') group by subject",
        )
        .bind(after)
        .bind(upto)
        .fetch_all(&self.read)
        .await?;
        let changed = rows.iter().map(|row| Ok((AccountId(row.id("subject")?), row.time("at")?)));
        Ok((changed.collect::<Result<_, RecordError>>()?, upto))
    }

    /// What is stored takes so long by now. Who sees the trip is told, as by [`Self::correct_length`]; false if it is no other. One transaction.
    pub async fn set_length(&self, now: Timestamp, of: LengthOf, length: TripLength) -> Result<bool, RecordError> {
        let (sql, id) = match of {
            LengthOf::Trip(trip) => (
                "update trips set trip_s = ?1, car_trip_s = ?2, due_at = min(due_at, ?4)
                 where id = ?3 and ended_at is null and phase not in ('met', 'escorting')
                     and (trip_s, car_trip_s) is not (?1, ?2)",
                trip.0,
            ),
            LengthOf::Outward(series) => (
                "update bookings set trip_s = ?1, car_trip_s = ?2
                 where id = (select booking from series where id = ?3) and (trip_s, car_trip_s) is not (?1, ?2)",
                series.0,
            ),
            LengthOf::Return(series) => (
                "update bookings set return_trip_s = ?1, car_return_trip_s = ?2
                 where id = (select booking from series where id = ?3)
                     and (return_trip_s, car_return_trip_s) is not (?1, ?2)",
                series.0,
            ),
        };
        let query = sqlx::query(sql).bind(length.without_s).bind(by_car(length)).bind(blob(id));
        let query = if matches!(of, LengthOf::Trip(_)) { query.bind(now.0) } else { query };
        let mut write = self.begin(now).await?;
        let done = query.execute(write.conn()).await?;
        write.end_length(of, id, done.rows_affected() > 0).await
    }

    /// What is stored holds by car only, and without one it takes so many seconds. Who sees the trip is told, who has an open offer has it
    /// anew, and while a crew is looked for, whether anybody's time suffices is looked at again. False if that was known. One transaction.
    pub async fn correct_length(&self, now: Timestamp, of: LengthOf, without_s: u32) -> Result<bool, RecordError> {
        let mut write = self.begin(now).await?;
        let (sql, id) = match of {
            LengthOf::Trip(trip) => (
                "update trips set car_trip_s = trip_s, trip_s = ?1, due_at = min(due_at, ?3)
                 where id = ?2 and ended_at is null and car_trip_s is null",
                trip.0,
            ),
            LengthOf::Outward(series) => (
                "update bookings set car_trip_s = trip_s, trip_s = ?1
                 where id = (select booking from series where id = ?2) and car_trip_s is null",
                series.0,
            ),
            LengthOf::Return(series) => (
                "update bookings set car_return_trip_s = return_trip_s, return_trip_s = ?1
                 where id = (select booking from series where id = ?2) and car_return_trip_s is null",
                series.0,
            ),
        };
        let mut update = sqlx::query(sql).bind(without_s).bind(blob(id));
        if matches!(of, LengthOf::Trip(_)) {
            update = update.bind(now.0);
        }
        let done = update.execute(write.conn()).await?;
        write.end_length(of, id, done.rows_affected() > 0).await
    }
}

impl Write<'_> {
    async fn end_length(mut self, of: LengthOf, id: Uuid, is_other: bool) -> Result<bool, RecordError> {
        if is_other {
            if let LengthOf::Trip(trip) = of {
                self.tell_of_length(trip).await?;
            }
            self.audit(None, "length_corrected", id, "").await?;
            self.commit().await?;
        }
        Ok(is_other)
    }

    async fn tell_of_length(&mut self, trip: TripId) -> Result<(), RecordError> {
        self.touch(trip).await?;
        for hold in self.holds(trip).await? {
            match hold.state {
                HoldState::Held => self.tell(hold.staff, OutboxKind::Offer, About::offer(trip, hold.offer)).await?,
                HoldState::Active => self.tell(hold.staff, OutboxKind::Trip, About::trip(trip)).await?,
                // Of no crew yet, and answered: the trip is told when it is theirs.
                _ => {}
            }
        }
        let rider =
            sqlx::query("select rider from trips where id = ?").bind(blob(trip.0)).fetch_one(self.conn()).await?;
        self.tell(AccountId(rider.id("rider")?), OutboxKind::Trip, About::trip(trip)).await
    }
}
