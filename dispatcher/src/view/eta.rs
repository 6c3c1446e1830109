//! Owns how soon somebody is there as every audience sees it: with the spread, and how it is known. Searches nothing.

use crate::record::Sure;
use geo::{Eta, EtaSource};
use serde::Serialize;
use utoipa::ToSchema;

/// The source of what was said when somebody was asked.
pub const PROMISE: &str = "promise";

/// How soon, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EtaView {
    /// Seconds to the meeting point: 0 once there, null while nothing is known.
    pub eta_s: Option<u32>,
    /// Seconds that are not exceeded nine times of ten; null where only `eta_s` is known.
    pub eta_p90_s: Option<u32>,
    /// `road` on the map's own speeds, `calibrated` on speeds fitted from finished trips, `straight` where no road is near,
    /// `promise` as offered, counted down, until a position is known; `no_way` with null `eta_s` where every way from a position that
    /// is known is closed; null where nothing is known, and once there.
    pub eta_source: Option<&'static str>,
    /// Of a `promise` only: what it was made on, `road`, `calibrated` or `straight`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_promised_on: Option<&'static str>,
}

impl EtaView {
    /// Nobody knows.
    pub const UNKNOWN: Self = Self { eta_s: None, eta_p90_s: None, eta_source: None, eta_promised_on: None };

    /// It is known where they are, and no way leads from there.
    pub const NO_WAY: Self = Self { eta_s: None, eta_p90_s: None, eta_source: Some("no_way"), eta_promised_on: None };

    /// There.
    pub const THERE: Self = Self { eta_s: Some(0), eta_p90_s: None, eta_source: None, eta_promised_on: None };

    /// As it was offered `gone_s` seconds ago.
    pub fn promised(eta_s: u32, sure: Sure, gone_s: u32) -> Self {
        Self {
            eta_s: Some(eta_s.saturating_sub(gone_s)),
            eta_p90_s: Some(sure.p90_s.saturating_sub(gone_s)),
            eta_source: Some(PROMISE),
            eta_promised_on: Some(source_word(sure.source)),
        }
    }

    /// As searched `gone_s` seconds ago.
    pub fn searched(eta: Eta, gone_s: u32) -> Self {
        let left = |seconds: f32| Some((seconds.ceil() as u32).saturating_sub(gone_s));
        Self {
            eta_s: left(eta.seconds),
            eta_p90_s: left(eta.p90_s),
            eta_source: Some(source_word(eta.source)),
            eta_promised_on: None,
        }
    }
}

/// The word of how a travel time is known.
pub const fn source_word(source: EtaSource) -> &'static str {
    match source {
        EtaSource::Road => "road",
        EtaSource::Calibrated => "calibrated",
        EtaSource::Straight => "straight",
    }
}
