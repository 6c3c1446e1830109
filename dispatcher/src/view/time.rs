//! Owns the wire form of instants, civil dates and times. Korean time is UTC+9 throughout, without daylight saving.

use jiff::civil::{Date, Time};
use matcher::model::Timestamp;

/// Milliseconds that Korean time is ahead of UTC.
const KOREA_AHEAD_MS: i64 = 9 * 3_600_000;

/// RFC 3339 in UTC. Instants beyond the calendar's range show as its edge.
pub fn instant(at: Timestamp) -> String {
    let edge = if at.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(edge).to_string()
}

/// From RFC 3339 with any offset.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|t| Timestamp(t.as_millisecond()))
}

/// `YYYY-MM-DD`.
pub fn date(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// From `YYYY-MM-DD` and nothing longer.
pub fn parse_date(text: &str) -> Option<Date> {
    if text.len() == 10 { text.parse().ok() } else { None }
}

/// `HH:MM`.
pub fn time_of_day(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// From `HH:MM`.
pub fn parse_time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    if hour.len() != 2 || minute.len() != 2 || !text.bytes().all(|b| b.is_ascii_digit() || b == b':') {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// The Korean civil date of an instant.
pub fn korean_date(at: Timestamp) -> Option<Date> {
    let days = (at.0 + KOREA_AHEAD_MS).div_euclid(86_400_000);
    Date::new(1970, 1, 1).ok()?.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}
