//! Owns the calendar: which dated trips a commute means, and when a trip for a later time must start looking for its crew.
//! Makes no trips and keeps none; Korean public holidays are not assumed, a rider who does not work that day skips it.

mod commute;
mod go_live;
mod kst;

pub use commute::{CommuteError, DAYS_MAX, legs_between};
pub use go_live::{Decision, look_after, look_from, may_set_out_from, must_go_live};
pub use kst::{date_of, day_of, hour_of, instant};

#[cfg(test)]
mod commute_tests;
#[cfg(test)]
mod go_live_tests;
