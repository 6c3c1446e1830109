//! Who may go and who should go. Pure: no clock, no randomness, no I/O; nothing here can be serialised.

pub mod lifecycle;
pub mod model;
