//! The property: nobody is in two places. A member of staff has at most one present trip and one that follows it, a trip at most one
//! crew, a phone at most one open offer, and no offer is put on a phone twice.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What one phone knows about itself, message by message.
#[derive(Clone, Debug, Default)]
pub struct PhoneWatch {
    /// With its trip.
    open_offer: Option<(String, String)>,
    current_trip: Option<String>,
    next_trip: Option<String>,
    offers_seen: BTreeSet<String>,
}

/// What is doubled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubled {
    /// The same offer came under two numbers.
    OfferTwice,
    /// An offer while another is open.
    TwoOffers,
    /// An offer while on a trip that it does not follow.
    OfferOnTrip,
    /// An offer while another trip is to follow.
    OfferBesideNext,
    /// A trip while on another.
    TwoTrips,
    /// A trip to follow while another is to follow.
    TwoNextTrips,
    /// The console shows a member of staff in two crews at once.
    StaffInTwoTrips,
    /// The console shows a member of staff in two crews to come.
    StaffInTwoNextTrips,
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
            Self::OfferBesideNext => "offer_beside_next_trip",
            Self::TwoTrips => "two_trips_on_a_phone",
            Self::TwoNextTrips => "two_next_trips_on_a_phone",
            Self::StaffInTwoTrips => "staff_in_two_trips",
            Self::StaffInTwoNextTrips => "staff_in_two_next_trips",
            Self::CrewTooLarge => "crew_too_large",
            Self::TripTwice => "trip_twice",
        }
    }
}

impl PhoneWatch {
    /// A numbered `offer` message of a trip, which would follow the present one or not.
    pub fn offer(&mut self, offer: &str, trip: &str, follows: bool) -> Option<Doubled> {
        let again = !self.offers_seen.insert(offer.to_owned());
        let other = self.open_offer.replace((offer.to_owned(), trip.to_owned()));
        if again {
            Some(Doubled::OfferTwice)
        } else if other.is_some() {
            Some(Doubled::TwoOffers)
        } else if self.next_trip.is_some() {
            Some(Doubled::OfferBesideNext)
        } else {
            self.current_trip.as_ref().filter(|_| !follows).map(|_| Doubled::OfferOnTrip)
        }
    }

    /// An offer is no longer open.
    pub fn offer_closed(&mut self, offer: &str) {
        self.open_offer.take_if(|open| open.0 == offer);
    }

    /// A `trip` message: the phone is on this trip.
    pub fn trip(&mut self, trip: &str) -> Option<Doubled> {
        self.open_offer.take_if(|open| open.1 == trip);
        self.next_trip.take_if(|next| next == trip);
        let before = self.current_trip.replace(trip.to_owned());
        before.filter(|b| b != trip).map(|_| Doubled::TwoTrips)
    }

    /// A `next` message: this trip follows. Whether it is news, and what is doubled.
    pub fn next(&mut self, trip: &str) -> (bool, Option<Doubled>) {
        self.open_offer.take_if(|open| open.1 == trip);
        let before = self.next_trip.replace(trip.to_owned());
        (before.as_deref() != Some(trip), before.filter(|b| b != trip).map(|_| Doubled::TwoNextTrips))
    }

    /// The phone forgets the trip.
    pub fn trip_gone(&mut self, trip: &str) {
        self.current_trip.take_if(|current| current == trip);
        self.next_trip.take_if(|next| next == trip);
    }

    /// The state was fetched again: it replaces what was known. An offer comes with its trip.
    pub fn reload(&mut self, offer: Option<(&str, &str)>, trip: Option<&str>, next: Option<&str>) {
        self.open_offer = offer.map(|(offer, trip)| (offer.to_owned(), trip.to_owned()));
        self.offers_seen.extend(offer.map(|(offer, _)| offer.to_owned()));
        self.current_trip = trip.map(str::to_owned);
        self.next_trip = next.map(str::to_owned);
    }
}

/// All that is doubled in one console answer.
pub fn in_console(console: &Value) -> Vec<Doubled> {
    let mut found = Vec::new();
    let mut trips = BTreeSet::new();
    let mut trip_of: BTreeMap<(u64, bool), &str> = BTreeMap::new();
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
        let slot = |m: &&Value| Some((m["no"].as_u64()?, m["after"].is_string()));
        for (no, follows) in members.iter().filter_map(slot).filter(|_| !super::lost::is_end(phase)) {
            if trip_of.insert((no, follows), id).is_some() {
                found.push(if follows { Doubled::StaffInTwoNextTrips } else { Doubled::StaffInTwoTrips });
            }
        }
    }
    found
}
