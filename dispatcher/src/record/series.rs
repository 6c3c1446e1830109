//! Owns commutes: their expansion into trips, days left out, their end. Which legs a commute has is `matcher::schedule`'s.
//!
//! Invariant: one trip per series, date and leg, however often and from however many lives it is expanded.

use super::bookings::NewTrip;
use super::row::{self, Columns, blob, id_list};
use super::trips::{Gathered, gather};
use super::unreadable::key;
use super::write::Write;
use super::{Outcome, Place, Record, RecordError, Refusal, RowKind, Series};
use jiff::civil::{Date, Time};
use matcher::model::{
    AccountId, BookingId, Commute, CrewSize, Leg, Phase, SeriesId, Timestamp, TripId, TripLength, Weekdays,
};
use matcher::schedule::{date_of, legs_between};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use std::collections::HashSet;

/// Trips of a commute are made this far ahead, seconds.
pub const EXPAND_AHEAD_S: i64 = 48 * 3_600;

/// Legs from then, until before then.
#[derive(Clone, Copy)]
pub(super) struct Window {
    from: Timestamp,
    until: Timestamp,
}

impl Window {
    /// The time ahead for which trips are made.
    pub(super) const fn from(now: Timestamp) -> Self {
        Self { from: now, until: now.plus_s(EXPAND_AHEAD_S) }
    }
}

/// Most series of a rider that are shown; the running ones come first, and are fewer.
const SERIES_SHOWN_MAX: i64 = 50;

impl Record {
    /// Trips of every series for the next 48 h that are not there yet; how many were made. Idempotent. One transaction.
    pub async fn expand_series(&self, now: Timestamp) -> Result<u32, RecordError> {
        let mut write = self.begin(now).await?;
        let made = write.expand(None, Window::from(now)).await?;
        if made > 0 {
            write.commit().await?;
        }
        Ok(made)
    }

    /// The rider's commutes, running ones first. One snapshot.
    pub async fn series_of_rider(&self, rider: AccountId) -> Result<Vec<Series>, RecordError> {
        let mut snapshot = self.read.begin().await?;
        let rows =
            sqlx::query("select * from series where rider = ? order by ended_at is not null, from_date, id limit ?")
                .bind(blob(rider.0))
                .bind(SERIES_SHOWN_MAX)
                .fetch_all(&mut *snapshot)
                .await?;
        with_skips(&mut snapshot, &rows).await
    }

    /// Leaves one day out and cancels its trips that have not met; refused once the series has ended, which has no days to leave
    /// out. One transaction; a repeat is `Ok`.
    pub async fn skip(&self, now: Timestamp, rider: AccountId, series: SeriesId, date: Date) -> Outcome<Series> {
        let mut write = self.begin(now).await?;
        if !write.owns_series(rider, series).await? {
            return Ok(Err(Refusal::NotFound));
        }
        if write.series(series).await?.ended {
            return Ok(Err(Refusal::SeriesEnded));
        }
        sqlx::query("insert or ignore into series_skips (series, date) values (?, ?)")
            .bind(blob(series.0))
            .bind(date.to_string())
            .execute(write.conn())
            .await?;
        write.cancel_legs(rider, series, Some(date)).await?;
        write.audit(Some(rider), "series_day_skipped", series.0, "").await?;
        let after = write.series(series).await?;
        write.commit().await?;
        Ok(Ok(after))
    }

    /// Ends it and cancels its trips that have not met. One transaction; a repeat is `Ok`.
    pub async fn end_series(&self, now: Timestamp, rider: AccountId, series: SeriesId) -> Outcome<Series> {
        let mut write = self.begin(now).await?;
        if !write.owns_series(rider, series).await? {
            return Ok(Err(Refusal::NotFound));
        }
        sqlx::query("update series set ended_at = coalesce(ended_at, ?) where id = ?")
            .bind(now.0)
            .bind(blob(series.0))
            .execute(write.conn())
            .await?;
        write.cancel_legs(rider, series, None).await?;
        write.audit(Some(rider), "series_ended", series.0, "").await?;
        let after = write.series(series).await?;
        write.commit().await?;
        Ok(Ok(after))
    }
}

/// What was booked for every leg of a series.
struct Booked {
    id: BookingId,
    crew_size: CrewSize,
    home: Place,
    work: Place,
    there: TripLength,
    back: TripLength,
}

impl Booked {
    fn of(row: &SqliteRow) -> Result<Self, RecordError> {
        Ok(Self {
            id: BookingId(row.id("booking")?),
            crew_size: CrewSize::new(row.small("crew_size")?).ok_or(RecordError::Unreadable("crew_size"))?,
            home: Place {
                position: row.position("pickup_lat", "pickup_lon")?,
                label: row.text_or_none("pickup_label")?,
            },
            work: Place {
                position: row.position("dropoff_lat", "dropoff_lon")?,
                label: row.text_or_none("dropoff_label")?,
            },
            there: row::length(row, "trip_s", "car_trip_s")?,
            back: row::length(row, "return_trip_s", "car_return_trip_s")?,
        })
    }
}

impl Write<'_> {
    pub(super) async fn add_series(
        &mut self,
        booking: BookingId,
        rider: AccountId,
        commute: &Commute,
    ) -> Result<SeriesId, RecordError> {
        let id = SeriesId(self.record.env.uuid());
        sqlx::query(
            "insert into series (id, booking, rider, days, outward_at, return_at, from_date, until_date)
             values (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(blob(id.0))
        .bind(blob(booking.0))
        .bind(blob(rider.0))
        .bind(i64::from(commute.days.bits()))
        .bind(commute.outward_at.to_string())
        .bind(commute.return_at.to_string())
        .bind(commute.from.to_string())
        .bind(commute.until.to_string())
        .execute(self.conn())
        .await?;
        for date in &commute.skips {
            sqlx::query("insert or ignore into series_skips (series, date) values (?, ?)")
                .bind(blob(id.0))
                .bind(date.to_string())
                .execute(self.conn())
                .await?;
        }
        Ok(id)
    }

    /// Makes the legs of the window that are not there yet, of one series or of all; how many.
    pub(super) async fn expand(&mut self, only: Option<SeriesId>, window: Window) -> Result<u32, RecordError> {
        let first_day = date_of(window.from).to_string();
        let rows = sqlx::query(
            "select s.*, b.crew_size, b.pickup_lat, b.pickup_lon, b.pickup_label, b.dropoff_lat, b.dropoff_lon,
                    b.dropoff_label, b.trip_s, b.return_trip_s, b.car_trip_s, b.car_return_trip_s
             from series s join bookings b on b.id = s.booking
             where s.ended_at is null and s.until_date >= ?1 and (?2 is null or s.id = ?2)",
        )
        .bind(&first_day)
        .bind(only.map(|id| blob(id.0)))
        .fetch_all(self.conn())
        .await?;
        let there = self.legs_since(&first_day, only).await?;
        let all = each_with_skips(self.conn(), &rows).await?;
        let mut made = 0;
        for (series, row) in all.into_iter().zip(&rows) {
            // One that cannot be read keeps nobody else from their way to work.
            let whole = series.and_then(|series| Ok((Booked::of(row)?, series)));
            let unreadable = &self.record.unreadable;
            let Some((booked, series)) = unreadable.pass(RowKind::Series, key(row), whole)? else { continue };
            unreadable.is_read(RowKind::Series, key(row));
            for (date, leg, at) in legs_between(&series.commute, window.from, window.until) {
                if !there.contains(&(series.id, date, leg)) {
                    self.add_leg(&series, &booked, (date, leg, at)).await?;
                    made += 1;
                }
            }
        }
        Ok(made)
    }

    /// Legs that have become trips, from that Korean day on.
    pub(super) async fn legs_since(
        &mut self,
        first_day: &str,
        only: Option<SeriesId>,
    ) -> Result<HashSet<(SeriesId, Date, Leg)>, RecordError> {
        let rows = sqlx::query(
            "select series, series_date, leg from trips
             where series is not null and series_date >= ?1 and (?2 is null or series = ?2)",
        )
        .bind(first_day)
        .bind(only.map(|id| blob(id.0)))
        .fetch_all(self.conn())
        .await?;
        rows.iter()
            .map(|r| Ok((SeriesId(r.id("series")?), parsed::<Date>(r, "series_date")?, r.word("leg", row::leg_from)?)))
            .collect()
    }

    async fn add_leg(
        &mut self,
        series: &Series,
        booked: &Booked,
        (date, leg, at): (Date, Leg, Timestamp),
    ) -> Result<(), RecordError> {
        let Booked { home, work, .. } = booked;
        let (pickup, dropoff, length) = match leg {
            Leg::Return => (work, home, booked.back),
            Leg::Outward | Leg::Single => (home, work, booked.there),
        };
        self.add_trip(&NewTrip {
            booking: booked.id,
            rider: series.rider,
            leg,
            series: Some((series.id, date)),
            crew_size: booked.crew_size,
            pickup,
            dropoff,
            pickup_at: Some(at),
            length,
        })
        .await
    }

    async fn owns_series(&mut self, rider: AccountId, series: SeriesId) -> Result<bool, RecordError> {
        Ok(sqlx::query_scalar("select exists (select 1 from series where id = ? and rider = ?)")
            .bind(blob(series.0))
            .bind(blob(rider.0))
            .fetch_one(self.conn())
            .await?)
    }

    async fn series(&mut self, id: SeriesId) -> Result<Series, RecordError> {
        let rows = sqlx::query("select * from series where id = ?").bind(blob(id.0)).fetch_all(self.conn()).await?;
        with_skips(self.conn(), &rows).await?.pop().ok_or(RecordError::Unreadable("series"))
    }

    /// Cancels the series' trips of that day, or of all days, that have not met yet.
    async fn cancel_legs(&mut self, by: AccountId, series: SeriesId, day: Option<Date>) -> Result<(), RecordError> {
        let rows = sqlx::query(
            "select id, phase from trips
             where series = ?1 and ended_at is null and (?2 is null or series_date = ?2) order by pickup_at",
        )
        .bind(blob(series.0))
        .bind(day.map(|d| d.to_string()))
        .fetch_all(self.conn())
        .await?;
        for row in &rows {
            if row.word("phase", Phase::from_word)? < Phase::Met
                && let Some(mut trip) = self.trip_state(TripId(row.id("id")?)).await?
                && self.cancel_trip(&mut trip, by).await?.is_err()
            {
                return Err(RecordError::Unreadable("phase"));
            }
        }
        Ok(())
    }
}

/// The series of these rows, in their order.
pub(super) async fn with_skips(conn: &mut SqliteConnection, rows: &[SqliteRow]) -> Result<Vec<Series>, RecordError> {
    each_with_skips(conn, rows).await?.into_iter().collect()
}

/// As [`with_skips`]; whether one can be read is a matter of that one.
async fn each_with_skips(
    conn: &mut SqliteConnection,
    rows: &[SqliteRow],
) -> Result<Vec<Result<Series, RecordError>>, RecordError> {
    let mut skips = Gathered::new();
    let skipped = sqlx::query(
        "select series, date from series_skips where series in (select unhex(value) from json_each(?)) order by date",
    )
    .bind(id_list(rows.iter().filter_map(|row| row.id("id").ok())))
    .fetch_all(conn)
    .await?;
    for row in &skipped {
        gather(&mut skips, SeriesId(row.id("series")?), parsed(row, "date"));
    }
    Ok(rows.iter().map(|row| series(row, &mut skips)).collect())
}

fn series(row: &SqliteRow, skips: &mut Gathered<SeriesId, Date>) -> Result<Series, RecordError> {
    let id = SeriesId(row.id("id")?);
    Ok(Series {
        id,
        rider: AccountId(row.id("rider")?),
        commute: Commute {
            days: Weekdays::from_bits(row.small("days")?).ok_or(RecordError::Unreadable("days"))?,
            outward_at: parsed::<Time>(row, "outward_at")?,
            return_at: parsed::<Time>(row, "return_at")?,
            from: parsed::<Date>(row, "from_date")?,
            until: parsed::<Date>(row, "until_date")?,
            skips: skips.remove(&id).unwrap_or_else(|| Ok(Vec::new()))?,
        },
        ended: row.int_or_none("ended_at")?.is_some(),
    })
}

pub(super) fn parsed<T: std::str::FromStr>(row: &SqliteRow, column: &'static str) -> Result<T, RecordError> {
    row.text(column)?.parse().map_err(|_| RecordError::Unreadable(column))
}
