//! Owns the question whether a rider already has a trip at the time of a new booking. Decides nothing about crews.
//!
//! Invariant: no rider is in two places at once, whichever way the two trips were booked.

use super::row::{self, Columns, blob};
use super::series::with_skips;
use super::write::Write;
use super::{NewBooking, RecordError, Refusal};
use matcher::model::{AccountId, BookingKind, Commute, Leg, Phase, SeriesId, Timestamp, TripId, TripLength};
use matcher::schedule::{date_of, legs_between};

/// A trip occupies its rider at least this long, seconds: meeting and parting take their time.
pub(super) const TRIP_S_MIN: i64 = 10 * 60;
/// Legs of commutes are compared this far ahead, seconds: ten years.
const AHEAD_S: i64 = 10 * 366 * 86_400;

/// From the meeting until the drop-off.
#[derive(Clone, Copy)]
struct Span {
    from: Timestamp,
    until: Timestamp,
}

impl Span {
    /// With whichever crew takes longer: who comes is not known yet.
    fn of(from: Timestamp, length: TripLength) -> Self {
        Self { from, until: from.plus_s(i64::from(length.longest_s()).max(TRIP_S_MIN)) }
    }

    fn overlaps(self, other: Self) -> bool {
        self.from < other.until && other.from < self.until
    }
}

/// What the rider has already, and the trip to name for it.
struct Taken {
    span: Span,
    trip: Option<TripId>,
}

impl Write<'_> {
    /// Whether the rider has a trip at the time of the new one, as the refusal that names it.
    pub(super) async fn has_no_other_trip(&mut self, new: &NewBooking) -> Result<Result<(), Refusal>, RecordError> {
        let wanted = match &new.kind {
            BookingKind::Now => vec![Span::of(self.now, new.length)],
            BookingKind::At(at) => vec![Span::of(*at, new.length)],
            BookingKind::Commute(commute) => {
                let legs = later_legs(commute, self.now).into_iter();
                legs.map(|(_, leg, at)| leg_span(leg, at, new.length, new.return_length)).collect()
            }
        };
        // Legs come in the order of their times.
        if wanted.windows(2).any(|legs| legs[0].overlaps(legs[1])) {
            return Ok(Err(Refusal::LegsOverlap));
        }
        let taken = self.taken(new.rider).await?;
        let met = taken.iter().find(|taken| wanted.iter().any(|span| span.overlaps(taken.span)));
        Ok(met.map_or(Ok(()), |taken| Err(Refusal::TripOverlaps(taken.trip))))
    }

    /// The open trips of the rider, then the legs of running commutes that are not trips yet.
    async fn taken(&mut self, rider: AccountId) -> Result<Vec<Taken>, RecordError> {
        let rows = sqlx::query(
            "select id, series, pickup_at, requested_at, trip_s, car_trip_s, phase from trips where rider = ? and ended_at is null
             order by coalesce(pickup_at, requested_at), id",
        )
        .bind(blob(rider.0))
        .fetch_all(self.conn())
        .await?;
        let mut taken = Vec::with_capacity(rows.len());
        let mut of_series: Vec<(SeriesId, TripId)> = Vec::new();
        for row in &rows {
            let trip = TripId(row.id("id")?);
            of_series.extend(row.id_or_none("series")?.map(|series| (SeriesId(series), trip)));
            let start = row.time_or_none("pickup_at")?.map_or_else(|| row.time("requested_at"), Ok)?;
            let under_way = row.word("phase", Phase::from_word)? >= Phase::EnRoute;
            // What is late, or begun, still has its whole way before it as far as anybody knows.
            let from = if under_way { start.min(self.now) } else { start };
            let until = Span::of(start.max(self.now), row::length(row, "trip_s", "car_trip_s")?).until;
            taken.push(Taken { span: Span { from, until }, trip: Some(trip) });
        }
        self.add_later_legs(rider, &of_series, &mut taken).await?;
        Ok(taken)
    }

    async fn add_later_legs(
        &mut self,
        rider: AccountId,
        of_series: &[(SeriesId, TripId)],
        taken: &mut Vec<Taken>,
    ) -> Result<(), RecordError> {
        let today = date_of(self.now).to_string();
        let rows = sqlx::query(
            "select s.*, b.trip_s, b.return_trip_s, b.car_trip_s, b.car_return_trip_s from series s join bookings b on b.id = s.booking
             where s.rider = ? and s.ended_at is null and s.until_date >= ?",
        )
        .bind(blob(rider.0))
        .bind(&today)
        .fetch_all(self.conn())
        .await?;
        let running = with_skips(self.conn(), &rows).await?;
        for (series, row) in running.iter().zip(&rows) {
            let made = self.legs_since(&today, Some(series.id)).await?;
            let trip = of_series.iter().find(|(id, _)| *id == series.id).map(|(_, trip)| *trip);
            let there = row::length(row, "trip_s", "car_trip_s")?;
            let back = row::length(row, "return_trip_s", "car_return_trip_s")?;
            let later = later_legs(&series.commute, self.now);
            let not_made = later.into_iter().filter(|(date, leg, _)| !made.contains(&(series.id, *date, *leg)));
            taken.extend(not_made.map(|(_, leg, at)| Taken { span: leg_span(leg, at, there, back), trip }));
        }
        Ok(())
    }
}

fn later_legs(commute: &Commute, now: Timestamp) -> Vec<(jiff::civil::Date, Leg, Timestamp)> {
    legs_between(commute, now, now.plus_s(AHEAD_S))
}

fn leg_span(leg: Leg, at: Timestamp, there: TripLength, back: TripLength) -> Span {
    Span::of(at, if leg == Leg::Return { back } else { there })
}
