//! The property: nobody is in two places. A member of staff has at most one trip at a time, a trip at most one crew, a phone
//! at most one open offer, and no offer is put on a phone twice.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What one phone knows about itself, message by message.
#[derive(Clone, Debug, Default)]
pub struct PhoneWatch {
    open_offer: Option<String>,
    current_trip: Option<String>,
    offers_seen: BTreeSet<String>,
}

/// What is doubled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubled {
    /// The same offer came under two numbers.
    OfferTwice,
    /// An offer while another is open.
    TwoOffers,
    /// An offer while on a trip.
    OfferOnTrip,
    /// A trip while on another.
    TwoTrips,
    /// The console shows a member of staff in two crews.
    StaffInTwoTrips,
    /// The console shows more people on a trip than its crew.
    CrewTooLarge,
    /// The console shows a trip twice.
    TripTwice,
}

impl Doubled {
    /// A word for reports.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::OfferTwice => "offer_twice",
            Self::TwoOffers => "two_offers_on_a_phone",
            Self::OfferOnTrip => "offer_while_on_trip",
            Self::TwoTrips => "two_trips_on_a_phone",
            Self::StaffInTwoTrips => "staff_in_two_trips",
            Self::CrewTooLarge => "crew_too_large",
            Self::TripTwice => "trip_twice",
        }
    }
}

impl PhoneWatch {
    /// A numbered `offer` message.
    pub fn offer(&mut self, offer: &str) -> Option<Doubled> {
        let again = !self.offers_seen.insert(offer.to_owned());
        let other = self.open_offer.replace(offer.to_owned());
        match (again, other, &self.current_trip) {
            (true, _, _) => Some(Doubled::OfferTwice),
            (_, Some(_), _) => Some(Doubled::TwoOffers),
            (_, _, Some(_)) => Some(Doubled::OfferOnTrip),
            _ => None,
        }
    }

    /// An offer is no longer open.
    pub fn offer_closed(&mut self, offer: &str) {
        self.open_offer.take_if(|open| open == offer);
    }

    /// A `trip` message: the phone is on this trip.
    pub fn trip(&mut self, trip: &str) -> Option<Doubled> {
        self.open_offer = None;
        let before = self.current_trip.replace(trip.to_owned());
        before.filter(|b| b != trip).map(|_| Doubled::TwoTrips)
    }

    /// The phone forgets the trip.
    pub fn trip_gone(&mut self, trip: &str) {
        self.current_trip.take_if(|current| current == trip);
    }

    /// The state was fetched again: it replaces what was known.
    pub fn reload(&mut self, offer: Option<&str>, trip: Option<&str>) {
        self.open_offer = offer.map(str::to_owned);
        self.offers_seen.extend(offer.map(str::to_owned));
        self.current_trip = trip.map(str::to_owned);
    }
}

/// All that is doubled in one console answer.
pub fn in_console(console: &Value) -> Vec<Doubled> {
    let mut found = Vec::new();
    let mut trips = BTreeSet::new();
    let mut trip_of: BTreeMap<u64, &str> = BTreeMap::new();
    for trip in console["trips"].as_array().into_iter().flatten() {
        let id = trip["id"].as_str().unwrap_or_default();
        if !trips.insert(id) {
            found.push(Doubled::TripTwice);
            continue;
        }
        let phase = trip["phase"].as_str().unwrap_or_default();
        let members: Vec<&Value> = trip["crew"].as_array().into_iter().flatten().collect();
        if !super::lost::is_end(phase) && members.len() as u64 > trip["crew_size"].as_u64().unwrap_or(u64::MAX) {
            found.push(Doubled::CrewTooLarge);
        }
        for no in members.iter().filter_map(|m| m["no"].as_u64()).filter(|_| !super::lost::is_end(phase)) {
            if trip_of.insert(no, id).is_some() {
                found.push(Doubled::StaffInTwoTrips);
            }
        }
    }
    found
}
