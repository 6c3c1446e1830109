//! Owns the travel time with its source. The straight-line estimate exists only here, and only marked as what it is.

use crate::position::Position;

/// Where a travel time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EtaSource {
    /// Searched on the road graph.
    Road,
    /// Straight line at a cautious speed: no road was found near one of the ends.
    Straight,
}

/// A travel time in seconds and how it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eta {
    /// Seconds, never negative.
    pub seconds: f32,
    /// How it is known.
    pub source: EtaSource,
}

/// Ratio of road distance to straight distance used by the fallback; 1.3 is the usual urban detour factor.
const DETOUR: f64 = 1.3;

impl Eta {
    /// The marked fallback: straight distance × detour at `speed_mps`.
    pub fn straight(from: Position, to: Position, speed_mps: f64) -> Self {
        Self { seconds: (from.distance_m(to) * DETOUR / speed_mps) as f32, source: EtaSource::Straight }
    }
}
