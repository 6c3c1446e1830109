//! Where, and how long by road. Pure: no clock, no randomness, no I/O but reading a map file that the caller names.

pub mod cell;
pub mod city;
pub mod district;
pub mod eta;
pub mod fix;
pub mod position;
pub mod road;
pub mod station;
pub mod tile;

pub use eta::{Eta, EtaSource};
pub use fix::{Fix, FixError, FixKind};
pub use position::{Bounds, Position, PositionError};
