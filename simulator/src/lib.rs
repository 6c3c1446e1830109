//! A city of riders, phones and supervisors that speaks to a dispatcher over its public API only, moves along real roads, and
//! checks what it is told. Knows nothing of the server's inside.
//!
//! `client` and `socket` are also the hands of the end-to-end tests.

pub mod client;
pub mod socket;
pub mod target;

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod socket_tests;
