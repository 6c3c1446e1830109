//! The service: who asks, who is told, what is on the record.

pub mod clock;
pub mod record;
