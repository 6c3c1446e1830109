//! The service: who asks, who is told, what is on the record. See `docs/ARCHITECTURE.md`.

pub mod clock;
pub mod engine;
pub mod http;
pub mod listen;
pub mod live;
pub mod record;
pub mod telemetry;
pub mod view;
pub mod ws;
