//! Owns the commute on the wire.

use super::time::{date, time_of_day};
use crate::record::Series;
use jiff::civil::Weekday;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The days of the week as they are written, Monday first.
pub const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// A commute as its rider sees it. Holds no place.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Series)]
pub struct SeriesView {
    /// The series.
    pub id: Uuid,
    /// On which days.
    pub days: Vec<&'static str>,
    /// Meeting time of the outward leg.
    pub outward_at: String,
    /// Meeting time of the return leg.
    pub return_at: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub until: String,
    /// Days left out.
    pub skips: Vec<String>,
    /// Ended by the rider.
    pub ended: bool,
}

impl SeriesView {
    /// Of a series.
    pub fn of(series: &Series) -> Self {
        let commute = &series.commute;
        Self {
            id: series.id.0,
            days: DAYS.iter().filter(|(_, day)| commute.days.contains(*day)).map(|(word, _)| *word).collect(),
            outward_at: time_of_day(commute.outward_at),
            return_at: time_of_day(commute.return_at),
            from: date(commute.from),
            until: date(commute.until),
            skips: commute.skips.iter().copied().map(date).collect(),
            ended: series.ended,
        }
    }
}
