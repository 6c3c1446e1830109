//! Owns the step between Korean civil time and instants: UTC+9 all year, no table of zones needed.

use crate::model::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

const KST: Offset = Offset::constant(9);

/// The instant of a Korean date and time; `None` outside the years a calendar can hold.
pub fn instant(date: Date, time: Time) -> Option<Timestamp> {
    KST.to_timestamp(date.to_datetime(time)).ok().map(|t| Timestamp(t.as_millisecond()))
}

/// The Korean hour of the day at an instant, 0..=23.
pub const fn hour_of(at: Timestamp) -> u8 {
    const HOUR_MS: i64 = 3_600_000;
    (at.0.div_euclid(HOUR_MS) + 9).rem_euclid(24) as u8
}

/// The Korean date at an instant; an instant beyond the calendar gives its first or last day.
pub fn date_of(at: Timestamp) -> Date {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(instant) => KST.to_datetime(instant).date(),
        Err(_) if at.0 < 0 => Date::MIN,
        Err(_) => Date::MAX,
    }
}

/// Korean days since 1970; none before.
pub fn day_of(at: Timestamp) -> u32 {
    let first = jiff::civil::date(1970, 1, 1);
    u32::try_from((date_of(at) - first).get_days()).unwrap_or(0)
}
