//! The service: who asks, who is told, what is on the record. See `docs/ARCHITECTURE.md`.

pub mod cli;
pub mod clock;
pub mod config;
pub mod crowd;
pub mod demo;
pub mod engine;
pub mod gateway;
pub mod http;
pub mod json;
pub mod lengths;
pub mod listen;
pub mod live;
pub mod patience;
pub mod record;
pub mod shutdown;
pub mod startup;
pub mod telemetry;
pub mod tls;
pub mod upkeep;
pub mod view;
pub mod ws;

#[cfg(test)]
mod listen_tests;
