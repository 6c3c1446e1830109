//! Properties that must hold of every run, one per file. Each looks at what clients were told, never into the server.

pub mod doubled;
pub mod early;
pub mod gaps;
pub mod lost;

#[cfg(test)]
mod checkers_tests;
