//! Owns the correction of trip lengths that were stored while nobody knew how long the subway takes: of open trips and of commutes that
//! go on. How long each takes is the caller's to find out.

use super::row::{Columns, blob};
use super::series::parsed;
use super::unreadable::key;
use super::write::{About, Write};
use super::{OutboxKind, Record, RecordError, RowKind};
use geo::Position;
use jiff::civil::Time;
use matcher::model::{AccountId, HoldState, SeriesId, Timestamp, TripId};
use matcher::schedule::{date_of, hour_of};
use sqlx::sqlite::SqliteRow;

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

/// A length that is stored as the same whoever comes.
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

/// Of those legs whose length is.
fn of_commute(row: &SqliteRow) -> Result<Vec<StoredLength>, RecordError> {
    let (id, rider) = (SeriesId(row.id("id")?), AccountId(row.id("rider")?));
    let (home, work) = (row.position("pickup_lat", "pickup_lon")?, row.position("dropoff_lat", "dropoff_lon")?);
    let mut stored = Vec::new();
    for (by_car, begins_at, of, from, to) in [
        ("car_trip_s", "outward_at", LengthOf::Outward(id), home, work),
        ("car_return_trip_s", "return_at", LengthOf::Return(id), work, home),
    ] {
        if row.int_or_none(by_car)?.is_none() {
            let hour = Some(parsed::<Time>(row, begins_at)?.hour().unsigned_abs());
            stored.push(StoredLength { of, rider, from, to, hour });
        }
    }
    Ok(stored)
}

impl Record {
    /// All that are stored as the same with a car and without, and can be read. Two reads.
    pub async fn lengths_by_car(&self, now: Timestamp) -> Result<Vec<StoredLength>, RecordError> {
        let trips = sqlx::query(
            "select id, rider, pickup_at, pickup_lat, pickup_lon, dropoff_lat, dropoff_lon from trips
             where ended_at is null and car_trip_s is null order by id",
        )
        .fetch_all(&self.read)
        .await?;
        let trips = trips.iter().map(|row| (key(row), of_trip(row)));
        let mut stored = self.unreadable.sift(RowKind::Trips, trips)?;
        let commutes = sqlx::query(
            "select s.id, s.rider, s.outward_at, s.return_at, b.pickup_lat, b.pickup_lon, b.dropoff_lat, b.dropoff_lon,
                    b.car_trip_s, b.car_return_trip_s
             from series s join bookings b on b.id = s.booking
             where s.ended_at is null and s.until_date >= ? order by s.id",
        )
        .bind(date_of(now).to_string())
        .fetch_all(&self.read)
        .await?;
        let legs = commutes.iter().map(|row| (key(row), of_commute(row)));
        stored.extend(self.unreadable.sift(RowKind::Series, legs)?.into_iter().flatten());
        Ok(stored)
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
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        if let LengthOf::Trip(trip) = of {
            write.tell_of_length(trip).await?;
        }
        write.audit(None, "length_corrected", id, "").await?;
        write.commit().await?;
        Ok(true)
    }
}

impl Write<'_> {
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
