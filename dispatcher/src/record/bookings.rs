//! Owns bookings and their first trips. A booking is idempotent by its rider and key; what was answered once is answered
//! again. Commutes are expanded by `series`.

use super::row::{Columns, blob};
use super::series::Window;
use super::write::{About, Write};
use super::{Booked, NewBooking, OutboxKind, Outcome, Place, Record, RecordError, Refusal, Role};
use matcher::lifecycle::{Event, next};
use matcher::model::{
    AccountId, BookingId, BookingKind, CrewSize, Leg, Phase, SeriesId, Timestamp, TripId, TripLength,
};
use matcher::schedule::{date_of, look_from};
use sqlx::{Row, SqliteConnection};

/// Commutes of one rider that have not ended.
pub const SERIES_MAX: i64 = 10;
/// Open trips of one rider beside those of commutes.
pub const TRIPS_MAX: i64 = 50;
/// Most bookings of a rider in a day, ended ones too: a phone in wrong hands must not fill the record, or keep asking crews in vain.
pub const BOOKINGS_A_DAY_MAX: i64 = 100;
const DAY_S: i64 = 86_400;
/// Most legs of a commute told with it: those of the first days.
const LEGS_TOLD_MAX: i64 = 8;

/// A trip to be made.
pub(super) struct NewTrip<'a> {
    pub(super) booking: BookingId,
    pub(super) rider: AccountId,
    pub(super) leg: Leg,
    pub(super) series: Option<(SeriesId, jiff::civil::Date)>,
    pub(super) crew_size: CrewSize,
    pub(super) pickup: &'a Place,
    pub(super) dropoff: &'a Place,
    pub(super) pickup_at: Option<Timestamp>,
    pub(super) length: TripLength,
}

impl Record {
    /// Commits the booking, its first trips and their due entries, in one transaction. The same key and body again: the
    /// same booking, `fresh` false.
    pub async fn book(&self, now: Timestamp, new: &NewBooking) -> Outcome<Booked> {
        let mut write = self.begin(now).await?;
        match find(write.conn(), new.rider, &new.idempotency_key, &new.body_sha256).await? {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(Some(booked)) => return Ok(Ok(booked)),
            Ok(None) => {}
        }
        if write.active_role(new.rider.0).await? != Some(Role::Rider) {
            return Ok(Err(Refusal::NotFound));
        }
        let granted = write.granted_crew_size(new.rider).await?;
        let crew_size = new.crew_size.unwrap_or(granted);
        if crew_size < granted {
            return Ok(Err(Refusal::CrewBelowGrant));
        }
        // Before the times are compared: that takes the longer, the more there is to compare with.
        if !write.has_room(new).await? {
            return Ok(Err(Refusal::TooManyBookings));
        }
        if let Err(refusal) = write.has_no_other_trip(new).await? {
            return Ok(Err(refusal));
        }
        let booking = BookingId(self.env.uuid());
        write.add_booking(booking, crew_size, new).await?;
        let series = match &new.kind {
            BookingKind::Now => {
                write.add_single(booking, crew_size, new, None).await?;
                None
            }
            BookingKind::At(at) => {
                write.add_single(booking, crew_size, new, Some(*at)).await?;
                None
            }
            BookingKind::Commute(commute) => {
                let series = write.add_series(booking, new.rider, commute).await?;
                write.expand(Some(series), Window::from(now)).await?;
                Some(series)
            }
        };
        let trips = trips_of(write.conn(), booking).await?;
        write.audit(Some(new.rider), "booked", booking.0, new.kind_word()).await?;
        write.commit().await?;
        Ok(Ok(Booked { booking, series, trips, fresh: true }))
    }

    /// What a retry would be answered, `None` for a new key. One read.
    pub async fn find_booking(
        &self,
        rider: AccountId,
        idempotency_key: &str,
        body_sha256: &[u8; 32],
    ) -> Outcome<Option<Booked>> {
        let mut snapshot = self.read.begin().await?;
        find(&mut snapshot, rider, idempotency_key, body_sha256).await
    }
}

async fn find(
    conn: &mut SqliteConnection,
    rider: AccountId,
    idempotency_key: &str,
    body_sha256: &[u8; 32],
) -> Outcome<Option<Booked>> {
    let found = sqlx::query(
        "select b.id, b.body_sha256, s.id as series from bookings b left join series s on s.booking = b.id
         where b.rider = ? and b.idempotency_key = ?",
    )
    .bind(blob(rider.0))
    .bind(idempotency_key)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(found) = found else { return Ok(Ok(None)) };
    if found.try_get::<&[u8], _>("body_sha256")? != body_sha256 {
        return Ok(Err(Refusal::KeyReused));
    }
    let booking = BookingId(found.id("id")?);
    let series = found.id_or_none("series")?.map(SeriesId);
    Ok(Ok(Some(Booked { booking, series, trips: trips_of(conn, booking).await?, fresh: false })))
}

async fn trips_of(conn: &mut SqliteConnection, booking: BookingId) -> Result<Vec<TripId>, RecordError> {
    let rows =
        sqlx::query("select id from trips where booking = ? order by coalesce(pickup_at, requested_at), id limit ?")
            .bind(blob(booking.0))
            .bind(LEGS_TOLD_MAX)
            .fetch_all(conn)
            .await?;
    rows.iter().map(|r| r.id("id").map(TripId)).collect()
}

impl NewBooking {
    fn kind_word(&self) -> &'static str {
        match self.kind {
            BookingKind::Now => "now",
            BookingKind::At(_) => "at",
            BookingKind::Commute(_) => "commute",
        }
    }
}

/// As a row holds it: null where a car makes no difference.
pub(super) fn by_car(length: TripLength) -> Option<u32> {
    (length.by_car_s != length.without_s).then_some(length.by_car_s)
}

impl Write<'_> {
    /// Whether the rider may have one more commute, or one more trip that is of none.
    async fn has_room(&mut self, new: &NewBooking) -> Result<bool, RecordError> {
        let (rider, today) = (blob(new.rider.0), date_of(self.now).to_string());
        let lately: i64 = sqlx::query_scalar("select count(*) from bookings where rider = ? and created_at > ?")
            .bind(rider.clone())
            .bind(self.now.plus_s(-DAY_S).0)
            .fetch_one(self.conn())
            .await?;
        if lately >= BOOKINGS_A_DAY_MAX {
            return Ok(false);
        }
        if matches!(new.kind, BookingKind::Commute(_)) {
            let running = "select count(*) from series where rider = ? and ended_at is null and until_date >= ?";
            let count: i64 = sqlx::query_scalar(running).bind(rider).bind(today).fetch_one(self.conn()).await?;
            return Ok(count < SERIES_MAX);
        }
        let single = "select count(*) from trips where rider = ? and ended_at is null and series is null";
        let count: i64 = sqlx::query_scalar(single).bind(rider).fetch_one(self.conn()).await?;
        Ok(count < TRIPS_MAX)
    }

    async fn granted_crew_size(&mut self, rider: AccountId) -> Result<CrewSize, RecordError> {
        let stated: Option<u8> = sqlx::query_scalar("select crew_size from grants where rider = ?")
            .bind(blob(rider.0))
            .fetch_optional(self.conn())
            .await?;
        Ok(stated.and_then(CrewSize::new).unwrap_or(CrewSize::PAIR))
    }

    async fn add_booking(&mut self, id: BookingId, crew_size: CrewSize, new: &NewBooking) -> Result<(), RecordError> {
        let now = self.now.0;
        let at = if let BookingKind::At(at) = new.kind { Some(at.0) } else { None };
        sqlx::query(
            "insert into bookings (id, rider, idempotency_key, body_sha256, kind, at, crew_size, pickup_lat, pickup_lon,
                pickup_label, dropoff_lat, dropoff_lon, dropoff_label, trip_s, return_trip_s, car_trip_s, car_return_trip_s,
                created_at)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(blob(id.0))
        .bind(blob(new.rider.0))
        .bind(&new.idempotency_key)
        .bind(new.body_sha256.to_vec())
        .bind(new.kind_word())
        .bind(at)
        .bind(i64::from(crew_size.get()))
        .bind(new.pickup.position.lat_e7())
        .bind(new.pickup.position.lon_e7())
        .bind(&new.pickup.label)
        .bind(new.dropoff.position.lat_e7())
        .bind(new.dropoff.position.lon_e7())
        .bind(&new.dropoff.label)
        .bind(new.length.without_s)
        .bind(new.return_length.without_s)
        .bind(by_car(new.length))
        .bind(by_car(new.return_length))
        .bind(now)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    async fn add_single(
        &mut self,
        booking: BookingId,
        crew_size: CrewSize,
        new: &NewBooking,
        pickup_at: Option<Timestamp>,
    ) -> Result<(), RecordError> {
        self.add_trip(&NewTrip {
            booking,
            rider: new.rider,
            leg: Leg::Single,
            series: None,
            crew_size,
            pickup: &new.pickup,
            dropoff: &new.dropoff,
            pickup_at,
            length: new.length,
        })
        .await
    }

    /// Requested and due at once, or reserved and due when a crew may have to leave. A leg already made is left alone by
    /// the caller. Tells the rider.
    pub(super) async fn add_trip(&mut self, new: &NewTrip<'_>) -> Result<(), RecordError> {
        let id = TripId(self.record.env.uuid());
        let now = self.now;
        let (phase, due_at) = match new.pickup_at {
            None => (Phase::Requested, now),
            Some(at) => (
                next(Phase::Requested, Event::Reserve).expect("the table reserves what was requested"),
                look_from(at).max(now),
            ),
        };
        let change_no = self.next_change().await?;
        sqlx::query(
            "insert into trips (id, booking, rider, leg, series, series_date, crew_size, pickup_lat, pickup_lon,
                pickup_label, dropoff_lat, dropoff_lon, dropoff_label, pickup_at, trip_s, car_trip_s, requested_at,
                phase, due_at, updated_at, change_no)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(blob(id.0))
        .bind(blob(new.booking.0))
        .bind(blob(new.rider.0))
        .bind(new.leg.word())
        .bind(new.series.map(|(series, _)| blob(series.0)))
        .bind(new.series.map(|(_, date)| date.to_string()))
        .bind(i64::from(new.crew_size.get()))
        .bind(new.pickup.position.lat_e7())
        .bind(new.pickup.position.lon_e7())
        .bind(&new.pickup.label)
        .bind(new.dropoff.position.lat_e7())
        .bind(new.dropoff.position.lon_e7())
        .bind(&new.dropoff.label)
        .bind(new.pickup_at.map(|t| t.0))
        .bind(new.length.without_s)
        .bind(by_car(new.length))
        .bind(now.0)
        .bind(phase.word())
        .bind(due_at.0)
        .bind(now.0)
        .bind(change_no)
        .execute(self.conn())
        .await?;
        self.tell(new.rider, OutboxKind::Trip, About::trip(id)).await
    }
}
