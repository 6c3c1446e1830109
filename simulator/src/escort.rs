//! Owns what a phone knows of its trip and what its owner does next. Pure: no clock, no dice, no socket.

use geo::Position;
use serde_json::Value;

/// The trip on a phone.
#[derive(Clone, Debug, PartialEq)]
pub struct Escort {
    /// The trip.
    pub trip: String,
    /// Phase of the trip.
    pub phase: String,
    /// Phase of this member.
    pub own: String,
    /// The meeting point.
    pub pickup: Position,
    /// Where it goes, from `met` on.
    pub dropoff: Option<Position>,
}

/// What its owner does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Tap this after a moment.
    Tap(&'static str),
    /// Go there, then tap this.
    Go(Position, &'static str),
    /// Nothing until something changes.
    Wait,
}

impl Escort {
    /// From a `Trip` as its crew sees it; `None` if it is not one.
    pub fn parse(trip: &Value) -> Option<Self> {
        let crew = trip["crew"].as_array()?;
        let you = crew.iter().find(|m| m["you"] == true)?;
        Some(Self {
            trip: trip["id"].as_str()?.to_owned(),
            phase: trip["phase"].as_str()?.to_owned(),
            own: you["phase"].as_str()?.to_owned(),
            pickup: point(&trip["pickup"])?,
            dropoff: point(&trip["dropoff"]),
        })
    }

    /// En route and arrived are each member's own; from `met` on the trip's phase counts for all.
    pub fn next(&self) -> Step {
        match (self.phase.as_str(), self.own.as_str()) {
            ("met", _) => Step::Tap("escorting"),
            ("escorting", _) => self.dropoff.map_or(Step::Wait, |there| Step::Go(there, "completed")),
            (_, "assigned") => Step::Tap("en_route"),
            (_, "en_route") => Step::Go(self.pickup, "arrived"),
            ("arrived", "arrived") => Step::Tap("met"),
            _ => Step::Wait,
        }
    }
}

/// A `{"lat","lon"}`.
pub fn point(value: &Value) -> Option<Position> {
    Position::new(value["lat"].as_f64()?, value["lon"].as_f64()?).ok()
}
