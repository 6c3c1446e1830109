//! Owns the trip watch: whose last fix has grown too old, and what fixes say about a trip under way. Fixes do not enter the
//! engine, only what crosses an edge does: an age ([`ages`]), a fence ([`trips`]). It shows and warns and changes no phase; on the
//! record it keeps that a crew came into a zone of its rider or out of one ([`crossings`]), and nothing else.
//!
//! Invariant: of a trip that has ended nothing is told.

pub mod ages;
mod crossings;
mod run;
pub mod trips;

#[cfg(test)]
mod ages_tests;
#[cfg(test)]
mod crossings_tests;
#[cfg(test)]
mod run_tests;
#[cfg(test)]
mod trips_tests;

pub use run::run;

use crate::record::{AvoidZone, TripRow, ZoneCrossing};
use crate::telemetry;
use ages::{Age, Ages, Change};
use geo::Fix;
use matcher::model::{AccountId, AgencyId, Timestamp, TripId};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;
use trips::{Covers, Flag, Trips};

/// Ages looked at in one hold of the watch: some hundred microseconds.
const LOOK_CHUNK: usize = 512;

/// What crossed an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A position is not "here" any more.
    Hollow,
    /// Somebody went silent.
    Silent,
    /// Somebody who was silent is back.
    Back,
    /// Entered the meeting point.
    AtMeeting,
    /// Left it.
    LeftMeeting,
    /// Entered the drop-off.
    AtDropoff,
    /// Left it.
    LeftDropoff,
    /// Entered a zone to avoid.
    InZone,
    /// Left one.
    LeftZone,
    /// No way leads to the meeting point.
    NoWay,
    /// One does again.
    WayAgain,
    /// Two of a crew are apart.
    Apart,
    /// And together again.
    Together,
}

impl Event {
    /// Each.
    pub const ALL: [Self; 13] = [
        Self::Hollow,
        Self::Silent,
        Self::Back,
        Self::AtMeeting,
        Self::LeftMeeting,
        Self::AtDropoff,
        Self::LeftDropoff,
        Self::InZone,
        Self::LeftZone,
        Self::NoWay,
        Self::WayAgain,
        Self::Apart,
        Self::Together,
    ];

    /// The metric's label.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hollow => "hollow",
            Self::Silent => "silent",
            Self::Back => "back",
            Self::AtMeeting => "at_meeting",
            Self::LeftMeeting => "left_meeting",
            Self::AtDropoff => "at_dropoff",
            Self::LeftDropoff => "left_dropoff",
            Self::InZone => "in_zone",
            Self::LeftZone => "left_zone",
            Self::NoWay => "no_way",
            Self::WayAgain => "way_again",
            Self::Apart => "apart",
            Self::Together => "together",
        }
    }
}

/// What has changed since it was last asked. Bounded by the staff and the crewed trips.
#[derive(Debug, Default)]
pub struct News {
    /// Whose age is another.
    pub staff: HashSet<AccountId>,
    /// Whose flags are others, and the companies that see another one; the centre sees every one. A message that changes nothing
    /// to see would tell a company of a rider's zone, or of another company's staff.
    pub trips: HashMap<TripId, BTreeSet<AgencyId>>,
}

impl News {
    fn of_trip(&mut self, trip: TripId, companies: impl IntoIterator<Item = AgencyId>) {
        self.trips.entry(trip).or_default().extend(companies);
    }
}

#[derive(Default)]
struct State {
    ages: Ages,
    trips: Trips,
    news: News,
}

/// The watch. Share it in an `Arc`.
#[derive(Default)]
pub struct Watch {
    /// A plain mutex: each hold lasts microseconds and no await happens under it.
    state: Mutex<State>,
    /// Woken when somebody came into a zone or out of one.
    crossed: Notify,
}

impl Watch {
    /// Fixes of one phone that were kept, oldest first. Costs a look-up for whoever is on no trip.
    pub fn fixes<'a>(&self, staff: AccountId, fixes: impl IntoIterator<Item = &'a Fix>, now: Timestamp) {
        self.with(|state| {
            let Some(trip) = state.trips.of_staff(staff) else { return };
            // Flags are made only where they tell companies apart.
            let before = state.trips.is_of_many(trip).then(|| state.flags(trip, now));
            let events: Vec<Event> = fixes.into_iter().flat_map(|fix| state.trips.fix(staff, fix, now)).collect();
            if events.is_empty() {
                return;
            }
            let of_zones = |event: &Event| matches!(event, Event::InZone | Event::LeftZone);
            let companies = match before {
                Some(before) => who_sees(&before, &state.flags(trip, now)),
                None if events.iter().all(of_zones) => BTreeSet::new(),
                None => state.trips.employer(staff).into_iter().collect(),
            };
            state.news.of_trip(trip, companies);
            events.into_iter().for_each(count);
        });
    }

    /// Who of a trip's crew has no way to the meeting point now: whoever asked the streets tells it.
    pub fn cut_off(&self, trip: TripId, who: &[AccountId], now: Timestamp) {
        self.with(|state| {
            let before = state.flags(trip, now);
            let events = state.trips.cut_off(trip, who, now);
            if !events.is_empty() {
                state.news.of_trip(trip, who_sees(&before, &state.flags(trip, now)));
                events.into_iter().for_each(count);
            }
        });
    }

    /// What is to be seen of a trip now.
    pub fn flags(&self, trip: TripId, now: Timestamp) -> Vec<Flag> {
        self.with(|state| state.flags(trip, now))
    }

    /// How old somebody's last fix is, as last told.
    pub fn age(&self, staff: AccountId) -> Age {
        self.with(|state| state.ages.of(staff))
    }

    /// Whose age is another since the last call of this or of `take_news`.
    pub fn take_aged(&self) -> HashSet<AccountId> {
        self.with(|state| std::mem::take(&mut state.news.staff))
    }

    /// What changed since the last call.
    pub fn take_news(&self) -> News {
        self.with(|state| std::mem::take(&mut state.news))
    }

    /// Who came into a zone or out of one since the last call, in order.
    fn take_crossings(&self) -> Vec<ZoneCrossing> {
        self.with(|state| state.trips.take_crossings())
    }

    /// A trip as it is now on the record, with its rider's zones.
    pub fn trip(&self, row: &TripRow, zones: &[AvoidZone], now: Timestamp) {
        // Fences are dear to put up, and their trips looked at again every few seconds.
        if self.with(|state| state.trips.knows(row, zones)) {
            return;
        }
        let covers = Covers::of(row, zones);
        self.with(|state| {
            let id = row.trip.id;
            let before = state.flags(id, now);
            for staff in state.trips.take(row, zones, covers, now) {
                state.ages.expect(staff, now);
            }
            if row.trip.phase.is_end() {
                state.news.trips.remove(&id);
            } else {
                let after = state.flags(id, now);
                if after != before {
                    state.news.of_trip(id, who_sees(&before, &after));
                }
            }
            metrics::gauge!(telemetry::WATCH_FENCES).set(state.trips.fences() as f64);
        });
    }

    /// Staff whose last fix is another.
    pub fn moved(&self, moved: impl IntoIterator<Item = (AccountId, i64)>, now: Timestamp) {
        self.with(|state| {
            for (staff, taken_at_ms) in moved {
                if let Some(change) = state.ages.heard(staff, taken_at_ms, now) {
                    state.tell(staff, change);
                }
            }
        });
    }

    /// Looks at whoever's age is due to change. `last` is when somebody's last fix was taken.
    ///
    /// Thousands may be due at once, when a company's network goes: that is asked while fixes pass, and taken in a few at a time.
    pub fn look(&self, now: Timestamp, last: impl Fn(AccountId) -> Option<i64>) {
        loop {
            let due = self.with(|state| state.ages.due(now, LOOK_CHUNK));
            let many = due.len();
            let seen: Vec<_> = due.into_iter().map(|staff| (staff, last(staff))).collect();
            self.with(|state| {
                let State { ages, trips, .. } = &mut *state;
                let changes = ages.looked(now, seen, |staff| trips.of_staff(staff).is_some());
                for (staff, change) in changes {
                    state.tell(staff, change);
                }
            });
            if many < LOOK_CHUNK {
                break;
            }
        }
        self.with(|state| {
            for (trip, staff) in state.trips.faded(now) {
                state.news.of_trip(trip, state.trips.employer(staff));
            }
            state.trips.remove_over(now);
        });
    }

    /// The clock of this machine was set back by so many milliseconds, below zero.
    pub fn clock_was_set_back(&self, by_ms: i64) {
        self.with(|state| state.ages.clock_was_set_back(by_ms));
    }

    /// Trips with the rider along, whose zones count.
    fn together(&self) -> Vec<TripId> {
        self.with(|state| state.trips.together())
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut state);
        let has_crossed = state.trips.has_crossings();
        drop(state);
        if has_crossed {
            self.crossed.notify_one();
        }
        changed
    }
}

impl State {
    fn flags(&self, trip: TripId, now: Timestamp) -> Vec<Flag> {
        self.trips.flags(trip, now, |staff| self.ages.silent_since(staff))
    }

    fn tell(&mut self, staff: AccountId, change: Change) {
        self.news.staff.insert(staff);
        let event = match change {
            Change::Hollow => Event::Hollow,
            Change::Silent => Event::Silent,
            Change::Back => Event::Back,
            Change::Forgotten => return,
        };
        count(event);
        if event != Event::Hollow
            && let Some(trip) = self.trips.of_staff(staff)
        {
            self.news.of_trip(trip, self.trips.employer(staff));
        }
    }
}

/// The companies that see a difference between flags: each sees those that are of its own staff alone, and no zones.
fn who_sees(before: &[Flag], after: &[Flag]) -> BTreeSet<AgencyId> {
    let of = |company: AgencyId, flags: &[Flag]| -> Vec<Flag> {
        flags.iter().filter(|flag| flag.is_for(company)).cloned().collect()
    };
    let concerned = before.iter().chain(after).flat_map(|flag| &flag.who).map(|&(_, employer)| employer);
    let concerned: BTreeSet<AgencyId> = concerned.collect();
    concerned.into_iter().filter(|&company| of(company, before) != of(company, after)).collect()
}

fn count(event: Event) {
    metrics::counter!(telemetry::WATCH_EVENTS, "event" => event.word()).increment(1);
}
