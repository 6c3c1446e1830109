//! Owns the step between Korean civil time and instants: UTC+9 all year, no table of zones needed.

use crate::model::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

const KST: Offset = Offset::constant(9);

/// The instant of a Korean date and time; `None` outside the years a calendar can hold.
pub fn instant(date: Date, time: Time) -> Option<Timestamp> {
    KST.to_timestamp(date.to_datetime(time)).ok().map(|t| Timestamp(t.as_millisecond()))
}

/// The Korean date at an instant; an instant beyond the calendar gives its first or last day.
pub fn date_of(at: Timestamp) -> Date {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(instant) => KST.to_datetime(instant).date(),
        Err(_) if at.0 < 0 => Date::MIN,
        Err(_) => Date::MAX,
    }
}
