//! Owns what the edge asks about places: where people are now (the live index) and how long it takes by road (the map). The
//! ways that crews are led are `engine::guide`'s. Estimates for crews are kept a few seconds (`forget_old`), so that watching costs no search per tick.

use crate::engine::ahead::ahead_s;
use crate::engine::chain::{together_mode, trip_mode};
use crate::engine::field::{Field, profile};
use crate::engine::search::{STRAIGHT_MPS, by_fix};
use crate::engine::travel::Travel as Times;
use crate::engine::usual;
use crate::live::{AREA_MARGIN_M, LastOrder, Live, Verdict};
use crate::record::{Member, TripRow};
use crate::view::EtaView;
use geo::road::hierarchy::Metric;
use geo::road::{Headed, Profile, RoadMap, Route, Snap};
use geo::{Eta, Fix, Position};
use matcher::model::{AccountId, Mode, Phase, Timestamp, TripId, TripLength};
use matcher::policy::limits::{FIX_ACCURACY_M_MAX, FIX_AGE_MS_MAX, FIX_AHEAD_MS_MAX};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Farther from every road than this is outside the service area, metres.
const ROAD_M_MAX: f64 = 500.0;
/// Ages of a fix that somebody could be sent by, milliseconds.
const AGES_MS: RangeInclusive<i64> = -FIX_AHEAD_MS_MAX..=FIX_AGE_MS_MAX;
/// How long an estimate is shown before it is searched again, milliseconds.
const ESTIMATE_LIFE_MS: i64 = 10_000;

/// A staff member who has moved.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// Who.
    pub staff: AccountId,
    /// Unit number.
    pub no: u32,
    /// Where now.
    pub fix: Fix,
}

/// What the edge needs of the live index.
pub trait Whereabouts: Send + Sync + 'static {
    /// Takes a staff member's fix; what became of it (`Ok`, `Older`).
    fn put_staff(&self, staff: AccountId, no: u32, fix: Fix) -> Verdict;
    /// Takes a rider's fix.
    fn put_rider(&self, rider: AccountId, fix: Fix) -> Verdict;
    /// Forgets a staff member, who has gone off shift.
    fn remove(&self, staff: AccountId);
    /// The latest fix of an account.
    fn last_fix(&self, account: AccountId) -> Option<Fix>;
    /// What the next fix of an account has to come after, also where they were removed.
    fn last_order(&self, account: AccountId) -> Option<LastOrder>;
    /// Who moved since the cursor (0 is everybody), at most `limit`, and the next cursor.
    fn moved_since(&self, cursor: u64, limit: usize) -> (u64, Vec<Moved>);
}

impl Whereabouts for Live {
    fn put_staff(&self, staff: AccountId, no: u32, fix: Fix) -> Verdict {
        self.put(staff, no, fix)
    }

    fn put_rider(&self, rider: AccountId, fix: Fix) -> Verdict {
        Self::put_rider(self, rider, fix)
    }

    fn remove(&self, staff: AccountId) {
        Self::remove(self, staff);
    }

    fn last_fix(&self, account: AccountId) -> Option<Fix> {
        Self::last_fix(self, account)
    }

    fn last_order(&self, account: AccountId) -> Option<LastOrder> {
        Self::last_order(self, account)
    }

    fn moved_since(&self, cursor: u64, limit: usize) -> (u64, Vec<Moved>) {
        let (cursor, moved) = Self::moved_since(self, cursor, limit);
        (cursor, moved.into_iter().map(|p| Moved { staff: p.staff, no: p.no, fix: p.fix }).collect())
    }
}

/// Places and travel times.
pub struct Sight {
    /// Where people are.
    pub places: Arc<dyn Whereabouts>,
    field: Arc<Field>,
    travel: Arc<Times>,
    estimates: Mutex<HashMap<AccountId, Estimate>>,
}

struct Estimate {
    to: Position,
    /// How they were going.
    mode: Mode,
    /// The times it was searched by, to be told from others by their address, which is nobody else's while this is kept. They live no longer
    /// for it.
    times: Weak<Metric>,
    /// Of the way alone, for who was about to leave may have left since; `None` where every way is closed.
    way: Option<Eta>,
    made_at: Timestamp,
}

impl Estimate {
    /// Whether it can still be shown: of this way, by the times of the moment, and not too old.
    fn holds(&self, to: Position, (mode, times): (Mode, &Arc<Metric>), now: Timestamp) -> bool {
        let is_of = self.to == to && self.mode == mode && std::ptr::eq(self.times.as_ptr(), Arc::as_ptr(times));
        is_of && (0..ESTIMATE_LIFE_MS).contains(&now.since_ms(self.made_at))
    }
}

/// When a trip begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// As soon as a crew is there.
    Now {
        /// Of the day, 0..24.
        hour: u8,
    },
    /// Another day or hour.
    At {
        /// Of the day, 0..24.
        hour: u8,
    },
}

impl When {
    /// The Korean hour it begins in.
    const fn hour(self) -> u8 {
        match self {
            Self::Now { hour } | Self::At { hour } => hour,
        }
    }
}

/// What a search along the roads came to.
#[derive(Clone, Copy)]
enum Travel {
    /// No road is near one of the ends.
    OffRoad,
    /// Every way is closed, or there is none.
    NoWay,
    Takes(Eta),
}

impl Travel {
    fn seconds(&self) -> Option<f32> {
        if let Self::Takes(eta) = self { Some(eta.seconds) } else { None }
    }
}

impl Sight {
    /// On this index, the roads as the engine sees them, and what is known of their times.
    pub fn new(places: Arc<dyn Whereabouts>, field: Arc<Field>, travel: Arc<Times>) -> Self {
        Self { places, field, travel, estimates: Mutex::default() }
    }

    /// The map.
    pub fn map(&self) -> &RoadMap {
        self.field.map()
    }

    /// Whether a person can be met there: on the map, and near a way that can be walked.
    pub fn in_area(&self, at: Position) -> bool {
        let on_map = self.map().data.bounds.contains(at);
        on_map && self.map().snap(Profile::Walk, at).is_some_and(|snap| snap.at.distance_m(at) <= ROAD_M_MAX)
    }

    /// Whether a phone there is in the service area: on the map, or just beside it.
    pub fn serves(&self, at: Position) -> bool {
        self.map().data.bounds.is_within_m(at, AREA_MARGIN_M)
    }

    /// How long the way from meeting to drop-off is, with a crew that has a car and one that has none: for a trip now by the times of the
    /// moment, else as that hour usually is, on open streets and with every line running, since nobody knows what will be closed then; so too where all ways are
    /// closed now, and by subway until its times of the moment are made. Where no street is near, a guess by the straight line on foot. In the first
    /// seconds after a start, before anybody knows the subway's, a far trip is as long as by car.
    pub fn length(&self, from: Position, to: Position, when: When) -> TripLength {
        let own_s = |mode| self.together_s(mode, from, to, when);
        let mode = self.trip_mode(from, to);
        let by_car_s = own_s(mode);
        let rides = mode == Mode::Drive
            && match when {
                When::Now { .. } if self.field.is_searched(Mode::Transit) => self.field.is_ridden(from, to),
                When::Now { .. } | When::At { .. } => self.field.is_ridden_at(when.hour(), from, to),
            };
        TripLength { by_car_s, without_s: if rides { own_s(Mode::Transit) } else { by_car_s } }
    }

    /// Whether a length takes the subway into account.
    pub fn knows_subway(&self) -> bool {
        self.field.knows_subway()
    }

    fn together_s(&self, mode: Mode, from: Position, to: Position, when: When) -> u32 {
        // A mode that is not searched yet would be told as a walk.
        let by_moment = matches!(when, When::Now { .. }) && self.field.is_searched(mode);
        let seconds = if by_moment { self.travel(mode, from, to).seconds() } else { None };
        let seconds = seconds.or_else(|| self.usual_s(mode, when.hour(), from, to));
        seconds.unwrap_or_else(|| Eta::straight(from, to, STRAIGHT_MPS[Mode::Walk as usize]).seconds).ceil() as u32
    }

    /// How crew and rider go from meeting to drop-off.
    pub fn trip_mode(&self, from: Position, to: Position) -> Mode {
        trip_mode(self.map(), from, to)
    }

    /// The same of a crew, one of whom has come by car or none.
    pub fn together_mode(&self, from: Position, to: Position, has_car: bool) -> Mode {
        together_mode(&self.field, from, to, has_car)
    }

    /// How many times as long as somebody alone a crew with its rider takes on the same way.
    pub fn pace(&self, mode: Mode) -> f32 {
        self.field.pace(mode)
    }

    /// What the rest of a trip takes on the way its crew is led by, of what it takes on the fastest.
    pub fn led(&self, trip: TripId, mode: Mode, fastest: Eta) -> Eta {
        let stretch = self.field.stretch(trip, mode);
        Eta { seconds: fastest.seconds * stretch, p90_s: fastest.p90_s * stretch, ..fastest }
    }

    /// Seconds on streets that are open, as that hour usually is.
    fn usual_s(&self, mode: Mode, hour: u8, from: Position, to: Position) -> Option<f32> {
        let (map, profile) = (self.map(), profile(mode));
        let (from, to) = (map.place(profile, from)?, map.place(profile, to)?);
        let (empty, learnt) = (map.free_flow(profile), Arc::clone(&self.travel.present().calibration));
        if !learnt.is_calibrated(profile) {
            return empty.travel_ms(from, &to).map(|ms| ms as f32 / 1_000.0);
        }
        let way = empty.route(map.graph(profile), from, &to)?;
        Some(usual::takes_s(map, profile, (&learnt, hour), &way))
    }

    /// The way along the roads; `None` where there is none.
    pub fn route(&self, mode: Mode, from: Position, to: Position) -> Option<Route> {
        let (profile, times) = self.field.times(mode);
        let from = self.map().place(profile, from)?;
        let mut meeting = self.map().meeting(profile, to, times.times());
        meeting.find_map(|to| times.route(self.map().graph(profile), from, &to))
    }

    /// By the travel times of the moment.
    fn travel(&self, mode: Mode, from: Position, to: Position) -> Travel {
        let (profile, times) = self.field.times(mode);
        let from = self.map().place(profile, from).map(Headed::from);
        self.travel_by(profile, &times, from, to)
    }

    fn travel_by(&self, profile: Profile, times: &Metric, from: Option<Headed>, to: Position) -> Travel {
        let mut meeting = self.map().meeting(profile, to, times.times()).peekable();
        let Some(from) = from.filter(|_| meeting.peek().is_some()) else { return Travel::OffRoad };
        let takes = |to: Snap| {
            let off_streets_ms = from.snap.to_street_ms() + to.to_street_ms();
            Some(Travel::Takes(times.times().eta(times.travel_ms(from, &to)?, off_streets_ms)))
        };
        meeting.find_map(takes).unwrap_or(Travel::NoWay)
    }

    /// How long it takes now who has yet to leave: along the roads, or straight where none is near; `None` where every way is closed.
    pub fn takes(&self, mode: Mode, from: Position, to: Position) -> Option<Eta> {
        let way = taken(self.travel(mode, from, to), mode, from, to)?;
        Some(way.later_by(self.field.beside(mode).alone_s))
    }

    /// What of that which comes beside the way lies ahead of a member of a crew in this phase.
    pub fn ahead_s(&self, mode: Mode, phase: Phase) -> f32 {
        ahead_s(self.field.beside(mode), phase)
    }

    /// The way alone, from where somebody is by this fix: the street the search has them in, headed as they came, while it is of the same
    /// fix; and as sure as that is.
    pub fn takes_who(&self, mode: Mode, who: (AccountId, &Fix), to: Position) -> Option<Eta> {
        let (profile, times) = self.field.times(mode);
        self.takes_who_by((profile, &times), mode, who, to)
    }

    fn takes_who_by(
        &self,
        (profile, times): (Profile, &Metric),
        mode: Mode,
        (staff, fix): (AccountId, &Fix),
        to: Position,
    ) -> Option<Eta> {
        let from = self.field.place_of(staff, fix, profile);
        let from = from.or_else(|| self.map().snap(profile, fix.position).map(Headed::from));
        taken(self.travel_by(profile, times, from, to), mode, fix.position, to).map(|eta| by_fix(eta, fix, mode))
    }

    /// How soon a member is at the meeting point: from the last fix by road, searched at most every 10 s, and at once where travel times or
    /// their way of travelling have changed. Where the fix is too old to match by, too coarse or from the future, it is the promise while that
    /// is no older, and then unknown. That every way is closed is known, and said.
    pub fn eta(&self, row: &TripRow, member: &Member, mode: Mode, now: Timestamp) -> EtaView {
        match member.phase {
            Phase::Offered => return EtaView::promised(member.offer.eta_s, member.sure, 0),
            Phase::Assigned | Phase::EnRoute => {}
            _ => return EtaView::THERE,
        }
        if member.after.is_some() {
            return self.eta_after(row, member, mode, now);
        }
        let (staff, to) = (member.offer.staff, row.trip.pickup);
        let (profile, times) = self.field.times(mode);
        let kept = self.lock().get(&staff).filter(|e| e.holds(to, (mode, &times), now)).map(|e| (e.way, e.made_at));
        let whole = |way: Option<Eta>| way.map(|way| way.later_by(ahead_s(times.times().beside(), member.phase)));
        if let Some((way, made_at)) = kept {
            return shown(whole(way), seconds_since(made_at, now));
        }
        let Some(fix) = self.place(staff, now) else {
            let gone_s = seconds_since(member.offer.offered_at, now);
            return if i64::from(gone_s) * 1_000 <= FIX_AGE_MS_MAX {
                EtaView::promised(member.offer.eta_s, member.sure, gone_s)
            } else {
                EtaView::UNKNOWN
            };
        };
        let way = self.takes_who_by((profile, &times), mode, (staff, &fix), to);
        self.lock().insert(staff, Estimate { to, mode, times: Arc::downgrade(&times), way, made_at: now });
        shown(whole(way), 0)
    }

    /// The last fix of somebody, if they could be sent by it: neither too old nor too coarse nor from the future.
    pub fn place(&self, staff: AccountId, now: Timestamp) -> Option<Fix> {
        let tells = |fix: &Fix| {
            AGES_MS.contains(&(now.0 - fix.taken_at_ms)) && (0.0..=FIX_ACCURACY_M_MAX).contains(&fix.accuracy_m)
        };
        self.places.last_fix(staff).filter(tells)
    }

    /// Of somebody who is still with another rider: until that trip has ended, and then from there. Unknown where its end is.
    fn eta_after(&self, row: &TripRow, member: &Member, mode: Mode, now: Timestamp) -> EtaView {
        let Some((ending, taken_at_ms)) = self.field.ending(member.offer.staff) else { return EtaView::UNKNOWN };
        let age_ms = now.0 - taken_at_ms;
        if !AGES_MS.contains(&age_ms) {
            return EtaView::UNKNOWN;
        }
        let gone_ms = i64::from(ending.free_ms) - ending.free_in_ms(taken_at_ms, now);
        let way = self.takes(mode, ending.at, row.trip.pickup);
        shown(way.map(|way| ending.and_then(way)), (gone_ms / 1_000) as u32)
    }

    /// Forgets the estimates that are too old to be shown, and with them the meeting points they were made for.
    pub fn forget_old(&self, now: Timestamp) {
        self.lock().retain(|_, e| now.since_ms(e.made_at) < ESTIMATE_LIFE_MS);
    }

    /// For tests: how many estimates are kept.
    #[cfg(test)]
    pub(crate) fn estimates(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, Estimate>> {
        self.estimates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn taken(travel: Travel, mode: Mode, from: Position, to: Position) -> Option<Eta> {
    match travel {
        Travel::Takes(eta) => Some(eta),
        Travel::OffRoad => Some(Eta::straight(from, to, STRAIGHT_MPS[mode as usize])),
        Travel::NoWay => None,
    }
}

fn shown(eta: Option<Eta>, gone_s: u32) -> EtaView {
    eta.map_or(EtaView::NO_WAY, |eta| EtaView::searched(eta, gone_s))
}

fn seconds_since(then: Timestamp, now: Timestamp) -> u32 {
    u32::try_from(now.since_ms(then).max(0) / 1_000).unwrap_or(u32::MAX)
}
