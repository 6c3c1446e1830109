//! Owns what the fixes of a crew say about its trip: who is at the meeting point or has left it, at the drop-off, in a zone to
//! avoid, apart from the others. Pure: rows and fixes in, what changed out; who is cut off is told to it, for it knows no street.
//! Changes no phase: "arrived" is the crew's to say.
//!
//! Invariant: a trip that is not crewed has no fence here and tells nothing.

use super::Event;
use crate::record::{AvoidZone, Crossed, TripRow, ZoneCrossing};
use crate::view::trip::{is_coming, is_crewed, is_together};
use geo::fence::{Circle, Covered, Crossing, Fences, Inside, are_apart};
use geo::{Fix, FixKind};
use matcher::model::{AccountId, AgencyId, Phase, Timestamp, TripId};
use matcher::policy::limits::{
    FIX_ACCURACY_M_MAX, FIX_AGE_MS_MAX, PAIR_APART_M, PAIR_FIXES_MS_MAX, PAIR_SPEED_MPS, THERE_M, WATCHED_S_MAX,
    ZONE_MARGIN_M,
};
use std::collections::HashMap;
use uuid::Uuid;

/// What a fence stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    Meeting,
    Dropoff,
    Zone(Uuid),
}

type FenceKey = (TripId, Place);

/// What is to be seen of a trip beside its phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Nothing was heard of a member for too long.
    Silent,
    /// No way leads a member to the meeting point.
    NoWay,
    /// A member has left the meeting point before they had met.
    LeftMeeting,
    /// A member is in or at a zone to avoid.
    InZone,
    /// Two members are apart.
    Apart,
    /// A member is at the meeting point.
    AtMeeting,
    /// A member is at the drop-off.
    AtDropoff,
}

impl Sign {
    /// Its stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::NoWay => "no_way",
            Self::LeftMeeting => "left_meeting",
            Self::InZone => "in_zone",
            Self::Apart => "apart",
            Self::AtMeeting => "at_meeting",
            Self::AtDropoff => "at_dropoff",
        }
    }
}

/// A sign with whom it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    /// Which.
    pub sign: Sign,
    /// Unit numbers and employers of those it is about.
    pub who: Vec<(u32, AgencyId)>,
    /// Since when; `None` if nothing was ever heard.
    pub since: Option<Timestamp>,
}

impl Flag {
    /// Whether a company sees it: it is of its own staff alone, and no zone, which is the centre's to know.
    pub fn is_for(&self, company: AgencyId) -> bool {
        self.sign != Sign::InZone && self.who.iter().all(|&(_, employer)| employer == company)
    }
}

struct Member {
    id: AccountId,
    no: u32,
    agency: AgencyId,
    inside: Inside<FenceKey>,
    /// The last fix that says where.
    last: Option<Fix>,
    /// Signs of this member alone, and since when.
    signs: Vec<(Sign, Timestamp)>,
    /// Since the rider is along a fix has said of every zone whether they are in it: before that nobody here knows whether they
    /// have left one, as after a restart.
    is_placed: bool,
    /// The last fix that says where was young enough to show that they are somewhere, when that was last told.
    is_told_here: bool,
}

impl Member {
    fn is_here(&self, now: Timestamp) -> bool {
        self.last.is_some_and(|fix| now.0 - fix.taken_at_ms <= FIX_AGE_MS_MAX)
    }

    fn raise(&mut self, sign: Sign, since: Timestamp) {
        if !self.has(sign) {
            self.signs.push((sign, since));
        }
    }

    fn lower(&mut self, sign: Sign) {
        self.signs.retain(|(held, _)| *held != sign);
    }

    fn has(&self, sign: Sign) -> bool {
        self.signs.iter().any(|(held, _)| *held == sign)
    }

    fn is_in_a_zone(&self, trip: TripId, zones: &[AvoidZone]) -> bool {
        zones.iter().any(|zone| self.inside.contains((trip, Place::Zone(zone.id))))
    }

    /// What a fix has made of it that they were in a zone, or were in none.
    fn crossed(&mut self, was_in: bool, zones: &[AvoidZone], fix: &Fix) -> Option<Crossed> {
        let is_in = self.has(Sign::InZone);
        let is_out = |zone: &AvoidZone| fence_of(zone).is_none_or(|(_, circle)| circle.holds(fix) == Some(false));
        let is_new = !self.is_placed && (is_in || zones.iter().all(is_out));
        self.is_placed |= is_new;
        match (was_in, is_in) {
            (false, true) => Some(Crossed::In),
            (true, false) => Some(Crossed::Out),
            (false, false) if is_new && zones.is_empty() => Some(Crossed::Lifted),
            (false, false) if is_new => Some(Crossed::Out),
            _ => None,
        }
    }
}

/// A zone is warned of from a little outside.
fn fence_of(zone: &AvoidZone) -> Option<(Place, Circle)> {
    Some((Place::Zone(zone.id), Circle::new(zone.center, f64::from(zone.radius_m) + ZONE_MARGIN_M)?))
}

struct Watched {
    /// Of the row it was made from, and the zones it was given.
    change_no: i64,
    given: Vec<AvoidZone>,
    /// With the rider, or on the way to them.
    together: bool,
    /// Whether two of the crew should be in one place.
    as_one: bool,
    members: Vec<Member>,
    zones: Vec<AvoidZone>,
    until_ms: i64,
    /// Who is apart, and since when.
    apart: Vec<(AccountId, AccountId, Timestamp)>,
}

/// The fences of a trip, and which cells they touch: worked out while nobody waits for the watch.
pub struct Covers(Vec<(Place, Covered)>);

impl Covers {
    /// Of a trip as it is now on the record, and the zones of its rider.
    pub fn of(row: &TripRow, zones: &[AvoidZone]) -> Self {
        let around = |place, at| Circle::new(at, THERE_M).map(|circle| (place, circle));
        let circles: Vec<(Place, Circle)> = if !is_crewed(row.trip.phase) {
            Vec::new()
        } else if is_together(row.trip.phase) {
            around(Place::Dropoff, row.trip.dropoff).into_iter().chain(zones.iter().filter_map(fence_of)).collect()
        } else {
            around(Place::Meeting, row.trip.pickup).into_iter().collect()
        };
        Self(circles.into_iter().map(|(place, circle)| (place, circle.covered())).collect())
    }
}

/// The trips that have a crew.
#[derive(Default)]
pub struct Trips {
    by_id: HashMap<TripId, Watched>,
    of_staff: HashMap<AccountId, TripId>,
    fences: Fences<FenceKey, TripId>,
    /// Not taken yet.
    crossings: Vec<ZoneCrossing>,
}

impl Trips {
    /// The crewed trip of a staff member.
    pub fn of_staff(&self, staff: AccountId) -> Option<TripId> {
        self.of_staff.get(&staff).copied()
    }

    /// The employer of a staff member on a crewed trip.
    pub fn employer(&self, staff: AccountId) -> Option<AgencyId> {
        let watched = self.by_id.get(&self.of_staff(staff)?)?;
        watched.members.iter().find(|member| member.id == staff).map(|member| member.agency)
    }

    /// Whether a crew is of more than one company.
    pub fn is_of_many(&self, trip: TripId) -> bool {
        let members = self.by_id.get(&trip).map_or(&[][..], |watched| &watched.members);
        members.windows(2).any(|pair| pair[0].agency != pair[1].agency)
    }

    /// Fences that are up.
    pub fn fences(&self) -> usize {
        self.fences.len()
    }

    /// Whether a trip was taken as it is now, with these zones.
    pub fn knows(&self, row: &TripRow, zones: &[AvoidZone]) -> bool {
        self.by_id.get(&row.trip.id).is_some_and(|known| known.change_no == row.change_no && known.given == zones)
    }

    /// A trip as it is now on the record, with the zones of its rider and the covers of both. Returns who of the crew is new to it.
    pub fn take(&mut self, row: &TripRow, zones: &[AvoidZone], covers: Covers, now: Timestamp) -> Vec<AccountId> {
        let id = row.trip.id;
        if self.knows(row, zones) {
            return Vec::new();
        }
        let mut before = self.take_down(id);
        if !is_crewed(row.trip.phase) {
            return Vec::new();
        }
        let together = is_together(row.trip.phase);
        if before.as_ref().is_some_and(|before| before.together != together) {
            // What was seen on the way to the rider is over with the meeting.
            before.iter_mut().flat_map(|watched| &mut watched.members).for_each(|member| {
                (member.inside, member.signs, member.is_placed) = (Inside::default(), Vec::new(), false);
            });
        }
        let mut watched = Watched {
            change_no: row.change_no,
            given: zones.to_vec(),
            together,
            as_one: row.trip.phase == Phase::Escorting,
            members: Vec::new(),
            zones: if together { zones.to_vec() } else { Vec::new() },
            until_ms: row.updated_at.plus_s(WATCHED_S_MAX).0,
            apart: Vec::new(),
        };
        let mut new = Vec::new();
        let (mut known, apart) = before.map_or((Vec::new(), Vec::new()), |before| (before.members, before.apart));
        // Who is still on another trip is watched there.
        for member in row.crew.iter().filter(|member| is_crewed(member.phase) && member.after.is_none()) {
            let staff = member.offer.staff;
            watched.members.push(if let Some(at) = known.iter().position(|known| known.id == staff) {
                let mut known = known.swap_remove(at);
                if !is_coming(member.phase) {
                    known.lower(Sign::NoWay);
                }
                known
            } else {
                new.push(staff);
                Member {
                    id: staff,
                    no: member.no,
                    agency: member.agency,
                    inside: Inside::default(),
                    last: None,
                    signs: Vec::new(),
                    is_placed: false,
                    is_told_here: false,
                }
            });
            self.of_staff.insert(staff, id);
        }
        let crew: Vec<AccountId> = watched.members.iter().map(|member| member.id).collect();
        let still = |&(a, b, _): &(AccountId, AccountId, Timestamp)| crew.contains(&a) && crew.contains(&b);
        watched.apart = if watched.as_one { apart.into_iter().filter(still).collect() } else { Vec::new() };
        for member in &mut watched.members {
            if member.has(Sign::InZone) && !member.is_in_a_zone(id, &watched.zones) {
                member.lower(Sign::InZone);
                self.crossings.push(ZoneCrossing { trip: id, staff: member.id, what: Crossed::Lifted, at: now });
            }
        }
        for (place, cover) in covers.0 {
            self.fences.put_covered((id, place), id, cover, watched.until_ms);
        }
        self.by_id.insert(id, watched);
        new
    }

    /// Takes all fences of a trip down at once.
    fn take_down(&mut self, id: TripId) -> Option<Watched> {
        let watched = self.by_id.remove(&id)?;
        for place in [Place::Meeting, Place::Dropoff].into_iter().chain(watched.zones.iter().map(|z| Place::Zone(z.id)))
        {
            self.fences.remove((id, place));
        }
        for member in &watched.members {
            if self.of_staff.get(&member.id) == Some(&id) {
                self.of_staff.remove(&member.id);
            }
        }
        Some(watched)
    }

    /// What one fix of a crew member tells; in the order in which it does. Fixes are to come in the order of the phone.
    pub fn fix(&mut self, staff: AccountId, fix: &Fix, now: Timestamp) -> Vec<Event> {
        let Some(&id) = self.of_staff.get(&staff) else { return Vec::new() };
        let Some(watched) = self.by_id.get_mut(&id).filter(|watched| now.0 < watched.until_ms) else {
            return Vec::new();
        };
        if !says_where(fix) {
            return Vec::new();
        }
        let taken_at = Timestamp(fix.taken_at_ms);
        let mut events = Vec::new();
        let Watched { members, zones, apart, as_one, together, .. } = watched;
        let Some(at) = members.iter().position(|member| member.id == staff) else { return events };
        let member = &mut members[at];
        // Two calls of one person at once may come here in the other order.
        if member.last.is_some_and(|last| !fix.is_after(&last)) {
            return events;
        }
        let was_in = member.has(Sign::InZone);
        for ((_, place), crossing) in self.fences.step(id, &mut member.inside, fix, now.0) {
            events.push(match (place, crossing) {
                (Place::Meeting, Crossing::Entered) => {
                    member.is_told_here = true;
                    member.lower(Sign::LeftMeeting);
                    member.raise(Sign::AtMeeting, taken_at);
                    Event::AtMeeting
                }
                (Place::Meeting, Crossing::Left) => {
                    member.lower(Sign::AtMeeting);
                    member.raise(Sign::LeftMeeting, taken_at);
                    Event::LeftMeeting
                }
                (Place::Dropoff, Crossing::Entered) => {
                    member.is_told_here = true;
                    member.raise(Sign::AtDropoff, taken_at);
                    Event::AtDropoff
                }
                (Place::Dropoff, Crossing::Left) => {
                    member.lower(Sign::AtDropoff);
                    Event::LeftDropoff
                }
                (Place::Zone(_), Crossing::Entered) => {
                    member.raise(Sign::InZone, taken_at);
                    Event::InZone
                }
                (Place::Zone(_), Crossing::Left) => {
                    if !member.is_in_a_zone(id, zones) {
                        member.lower(Sign::InZone);
                    }
                    Event::LeftZone
                }
            });
        }
        if *together && let Some(what) = member.crossed(was_in, zones, fix) {
            self.crossings.push(ZoneCrossing { trip: id, staff, what, at: taken_at });
        }
        member.last = Some(*fix);
        if *as_one {
            for other in members.iter().filter(|other| other.id != staff) {
                let Some(is_apart) = other.last.as_ref().and_then(|last| pair(fix, last)) else { continue };
                let key = (staff.min(other.id), staff.max(other.id));
                let was = apart.iter().position(|&(a, b, _)| (a, b) == key);
                match (was, is_apart) {
                    (None, true) => {
                        apart.push((key.0, key.1, taken_at));
                        events.push(Event::Apart);
                    }
                    (Some(at), false) => {
                        apart.swap_remove(at);
                        events.push(Event::Together);
                    }
                    _ => {}
                }
            }
        }
        events
    }

    /// Who of a crew on its way has no way to the meeting point now; what of that is news.
    pub fn cut_off(&mut self, id: TripId, who: &[AccountId], now: Timestamp) -> Vec<Event> {
        let watched = self.by_id.get_mut(&id).filter(|watched| !watched.together);
        let mut events = Vec::new();
        for member in watched.into_iter().flat_map(|watched| &mut watched.members) {
            match (member.has(Sign::NoWay), who.contains(&member.id)) {
                (false, true) => {
                    member.raise(Sign::NoWay, now);
                    events.push(Event::NoWay);
                }
                (true, false) => {
                    member.lower(Sign::NoWay);
                    events.push(Event::WayAgain);
                }
                _ => {}
            }
        }
        events
    }

    /// Who came into a zone or out of one since the last call, in order.
    pub fn take_crossings(&mut self) -> Vec<ZoneCrossing> {
        std::mem::take(&mut self.crossings)
    }

    /// Whether there are such.
    pub fn has_crossings(&self) -> bool {
        !self.crossings.is_empty()
    }

    /// Who was told to be at a place and is not seen there any more, or is again: by the clock, since what is too coarse to say where tells of
    /// nothing. Each once, with the trip.
    pub fn faded(&mut self, now: Timestamp) -> Vec<(TripId, AccountId)> {
        let mut faded = Vec::new();
        for (&id, watched) in &mut self.by_id {
            for member in &mut watched.members {
                let is_here = member.is_here(now);
                if member.is_told_here != is_here && member.signs.iter().any(|&(sign, _)| is_of_now(sign)) {
                    member.is_told_here = is_here;
                    faded.push((id, member.id));
                }
            }
        }
        faded
    }

    /// Takes down what is over by the clock.
    pub fn remove_over(&mut self, now: Timestamp) {
        self.fences.remove_over(now.0);
    }

    /// Crewed trips with the rider along, whose zones count.
    pub fn together(&self) -> Vec<TripId> {
        self.by_id.iter().filter(|(_, watched)| watched.together).map(|(id, _)| *id).collect()
    }

    /// What is to be seen of a trip, what needs somebody first. `silent_since` is asked of each member.
    pub fn flags(
        &self,
        id: TripId,
        now: Timestamp,
        silent_since: impl Fn(AccountId) -> Option<Option<Timestamp>>,
    ) -> Vec<Flag> {
        let Some(watched) = self.by_id.get(&id).filter(|watched| now.0 < watched.until_ms) else { return Vec::new() };
        let mut flags = Vec::new();
        for member in &watched.members {
            let who = vec![(member.no, member.agency)];
            let silent = silent_since(member.id);
            if let Some(since) = silent {
                flags.push(Flag { sign: Sign::Silent, who: who.clone(), since });
            }
            // Whoever is silent, or says no more than which cell tower is near, is nowhere now; what was to be worried about still is.
            let is_here = silent.is_none() && member.is_here(now);
            let is_shown = |sign| is_here || !is_of_now(sign);
            let shown = member.signs.iter().filter(|(sign, _)| is_shown(*sign));
            flags.extend(shown.map(|&(sign, since)| Flag { sign, who: who.clone(), since: Some(since) }));
        }
        for &(a, b, since) in &watched.apart {
            let who = watched.members.iter().filter(|member| member.id == a || member.id == b);
            let mut who: Vec<_> = who.map(|member| (member.no, member.agency)).collect();
            who.sort_unstable();
            flags.push(Flag { sign: Sign::Apart, who, since: Some(since) });
        }
        flags.sort_by_key(|flag| (flag.sign as u8, flag.who.first().map(|(no, _)| *no)));
        flags
    }
}

/// Signs that somebody is somewhere now.
const fn is_of_now(sign: Sign) -> bool {
    matches!(sign, Sign::AtMeeting | Sign::AtDropoff)
}

/// A cell tower, and whatever else is as coarse, says nothing of where in a street somebody is.
fn says_where(fix: &Fix) -> bool {
    fix.kind != FixKind::Tower && fix.accuracy_m <= FIX_ACCURACY_M_MAX
}

/// Whether two are apart; `None` if their fixes are of different times, or do not say.
fn pair(one: &Fix, other: &Fix) -> Option<bool> {
    let between_ms = (one.taken_at_ms - other.taken_at_ms).abs();
    let slack_m = PAIR_SPEED_MPS * between_ms as f64 / 1_000.0;
    (between_ms <= PAIR_FIXES_MS_MAX).then(|| are_apart(one, other, PAIR_APART_M, slack_m)).flatten()
}
