//! Owns the live map's rows on the wire: who is where, how sure, and what they are doing.

use super::eta::EtaView;
use super::people::Duty;
use geo::Fix;
use geo::cell::Cell;
use matcher::model::Timestamp;
use serde::Serialize;

/// `[no, lat, lon, state, age_s, acc_m]`.
#[derive(Clone, Serialize)]
pub struct Person(u32, f64, f64, u8, u32, u32);

impl Person {
    /// Of a staff member's last fix. Five decimals are a metre.
    pub fn of(no: u32, fix: &Fix, duty: Duty, now: Timestamp) -> Self {
        let (lat, lon) = (round5(fix.position.lat()), round5(fix.position.lon()));
        Self(no, lat, lon, duty as u8, age_s(fix, now), fix.accuracy_m.round() as u32)
    }
}

/// `[cell, available, busy]`, and for a cell that the reader may not know `[cell, available, busy, [[lon, lat], …]]`.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub enum CellCount {
    /// Its outline is known.
    Known(String, u32, u32),
    /// With its outline.
    Outlined(String, u32, u32, Vec<[f64; 2]>),
}

impl CellCount {
    /// Of a cell, with its outline if it is new to the reader.
    pub fn of(cell: Cell, available: u32, busy: u32, is_new: bool) -> Self {
        if !is_new {
            return Self::Known(cell.to_string(), available, busy);
        }
        let outline = cell.boundary().into_iter().map(|at| [round5(at.lon()), round5(at.lat())]).collect();
        Self::Outlined(cell.to_string(), available, busy, outline)
    }
}

/// A crew member's place for the rider and the rest of the crew.
#[derive(Clone, Serialize)]
pub struct CrewAt {
    /// Unit number.
    pub no: u32,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Radius of the error circle, metres.
    pub acc_m: u32,
    /// Age, seconds.
    pub age_s: u32,
    /// How soon at the meeting point.
    #[serde(flatten)]
    pub eta: EtaView,
}

impl CrewAt {
    /// Of a member's last fix.
    pub fn of(no: u32, fix: &Fix, eta: EtaView, now: Timestamp) -> Self {
        Self {
            no,
            lat: round5(fix.position.lat()),
            lon: round5(fix.position.lon()),
            acc_m: fix.accuracy_m.round() as u32,
            age_s: age_s(fix, now),
            eta,
        }
    }
}

fn age_s(fix: &Fix, now: Timestamp) -> u32 {
    ((now.0 - fix.taken_at_ms).max(0) / 1_000).min(i64::from(u32::MAX)) as u32
}

fn round5(degrees: f64) -> f64 {
    (degrees * 1e5).round() / 1e5
}
