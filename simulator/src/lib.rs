//! A city of riders, phones and supervisors that speaks to a dispatcher over its public API only, moves along real roads, and
//! checks what it is told. Knows nothing of the server's inside.
//!
//! `client` and `socket` are also the hands of the end-to-end tests.

pub mod checkers;
pub mod city;
pub mod client;
pub mod connection;
pub mod demand;
pub mod demo;
pub mod enrol;
pub mod escort;
pub mod ledger;
pub mod load;
pub mod options;
pub mod phone;
pub mod readback;
pub mod report;
pub mod rider;
pub mod seed;
pub mod settings;
pub mod socket;
pub mod streets;
pub mod supervisor;
pub mod target;
pub mod temper;
pub mod world;

#[cfg(test)]
mod city_tests;
#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod course_tests;
#[cfg(test)]
mod demand_tests;
#[cfg(test)]
mod escort_tests;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod grid;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod little_server;
#[cfg(test)]
mod options_tests;
#[cfg(test)]
mod settings_tests;
#[cfg(test)]
mod socket_tests;
