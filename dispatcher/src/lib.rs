//! The service: who asks, who is told, what is on the record.

pub mod cli;
pub mod clock;
pub mod config;
pub mod live;
pub mod record;
pub mod telemetry;
