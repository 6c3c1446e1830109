//! Owns the travel time with its source and its spread. The straight-line estimate exists only here, and only marked as what it
//! is. Does not measure spreads (`road::calibrate`).

use crate::position::Position;

/// Where a travel time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EtaSource {
    /// Searched on the road graph, with the map's own speeds, or with what the trips of other hours taught: too few were seen in this.
    Road,
    /// Searched on the road graph, with speeds fitted from enough finished trips, of this hour too.
    Calibrated,
    /// Straight line at a cautious speed: no road was found near one of the ends.
    Straight,
}

impl EtaSource {
    /// Whether there is a way along roads behind it.
    pub const fn by_road(self) -> bool {
        matches!(self, Self::Road | Self::Calibrated)
    }
}

/// What a trip takes beside the way itself, whatever its length: leaving, parking, finding each other. Seconds, never negative. The same
/// for all who travel alike, so it changes no order among them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Beside {
    /// Of somebody alone, to a meeting point.
    pub alone_s: f32,
    /// Of a crew with its rider.
    pub with_rider_s: f32,
}

/// Who is under way has left; parking and finding each other lie ahead. Trips tell the sum of both only, so half is an assumption.
const AHEAD_UNDER_WAY: f32 = 0.5;

impl Beside {
    /// Nothing was learnt.
    pub const NONE: Self = Self { alone_s: 0.0, with_rider_s: 0.0 };

    /// What of it still lies ahead of who is under way.
    #[must_use]
    pub fn under_way(self) -> Self {
        Self { alone_s: self.alone_s * AHEAD_UNDER_WAY, with_rider_s: self.with_rider_s * AHEAD_UNDER_WAY }
    }
}

/// What travel times by road rest on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Basis {
    /// How they are known.
    pub source: EtaSource,
    /// p90 over the estimate, at least 1.
    pub spread: f32,
    /// What they leave out: it is added where an answer is made of them, as far as it lies ahead ([`Eta::later_by`]).
    pub beside: Beside,
}

impl Basis {
    /// Nothing was measured.
    pub const MAP: Self = Self { source: EtaSource::Road, spread: ROAD_SPREAD, beside: Beside::NONE };

    /// Fitted, with the measured spread; less than 1 counts as 1.
    pub const fn fitted(spread: f32) -> Self {
        Self { source: EtaSource::Calibrated, spread: spread.max(1.0), beside: Beside::NONE }
    }

    /// Taken over from other hours: no surer than the map's own, and no surer than those hours are.
    pub const fn taken_over(spread: f32) -> Self {
        Self { source: EtaSource::Road, spread: spread.max(ROAD_SPREAD), beside: Beside::NONE }
    }

    /// The same, with what is beside the way.
    #[must_use]
    pub const fn with(self, beside: Beside) -> Self {
        Self { beside, ..self }
    }
}

/// A travel time in seconds and how it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eta {
    /// Seconds, never negative: the median where it is calibrated.
    pub seconds: f32,
    /// Seconds that are not exceeded nine times of ten, no less than `seconds`.
    pub p90_s: f32,
    /// How it is known.
    pub source: EtaSource,
}

/// Ratio of road distance to straight distance used by the fallback; 1.3 is the usual urban detour factor.
pub(crate) const DETOUR: f64 = 1.3;

/// p90 over the estimate where nothing was measured. An assumption: a city's rush hour takes about half as long again as
/// empty roads, and an estimate without calibration does not know the hour.
pub const ROAD_SPREAD: f32 = 1.5;

/// The same of a straight line. An assumption, wide on purpose: a river or a railway in between makes two of 1.3 detours.
pub const STRAIGHT_SPREAD: f32 = 2.0;

impl Eta {
    /// By road, on such a basis.
    pub fn on(basis: Basis, seconds: f32) -> Self {
        Self { seconds, p90_s: seconds * basis.spread, source: basis.source }
    }

    /// By road, but for so many of the seconds: off the streets no way is known, so the straight line counts, with its spread. Where that
    /// is most of it, all of it is a guess.
    pub fn partly_guessed(basis: Basis, seconds: f32, guessed_s: f32) -> Self {
        let guessed_s = guessed_s.clamp(0.0, seconds);
        let p90_s = (seconds - guessed_s) * basis.spread + guessed_s * basis.spread.max(STRAIGHT_SPREAD);
        let is_guess = guessed_s * 2.0 > seconds;
        Self { seconds, p90_s, source: if is_guess { EtaSource::Straight } else { basis.source } }
    }

    /// From somebody who is anywhere within a circle: from its rim it takes so much longer, straight as the fallback counts. Nobody is
    /// sooner there for being out of sight.
    #[must_use]
    pub fn within(self, radius_m: f64, speed_mps: f64) -> Self {
        Self { p90_s: self.p90_s + (radius_m * DETOUR / speed_mps) as f32, ..self }
    }

    /// With so many seconds beside the way. The spread is that of the way: what is beside it was taken off before that was measured.
    #[must_use]
    pub fn later_by(self, seconds: f32) -> Self {
        Self { seconds: self.seconds + seconds, p90_s: self.p90_s + seconds, ..self }
    }

    /// By road with the map's own speeds.
    pub fn road(seconds: f32) -> Self {
        Self::on(Basis::MAP, seconds)
    }

    /// By road with fitted speeds, and the measured `spread` (p90/p50; less than 1 counts as 1).
    pub fn calibrated(seconds: f32, spread: f32) -> Self {
        Self::on(Basis::fitted(spread), seconds)
    }

    /// The marked fallback: straight distance × detour at `speed_mps`.
    pub fn straight(from: Position, to: Position, speed_mps: f64) -> Self {
        let seconds = (from.distance_m(to) * DETOUR / speed_mps) as f32;
        Self { seconds, p90_s: seconds * STRAIGHT_SPREAD, source: EtaSource::Straight }
    }
}
