//! Owns the lazy look outward from one meeting point: staff of every way of travelling in ascending ETA, each judged by
//! `matcher::policy` as they are found. Chooses nobody.
//!
//! Invariant: whoever has not been drawn yet is at least `frontier_s` away, so "nobody better is out there" can be proven. Of the trip's own
//! members, who have left already, less is told than they were drawn at; nobody looks for those.

use crate::engine::ahead::ahead_s;
use crate::engine::field::{Look, Standing};
use crate::engine::roster::RosterView;
use crate::record::{DueTrip, RosterEntry};
use geo::road::matching::MATCH_ACCURACY_M_MAX;
use geo::{Beside, Eta, Fix};
use matcher::model::{AccountId, Mode, Phase, Timestamp, TripId};
use matcher::policy::{self, After, Candidate, Context, FixFacts, Verdict};
use std::collections::HashSet;
use std::iter::Peekable;

/// Speeds behind the marked straight-line fallback, metres a second: 4 km/h on foot, 20 km/h by car, 10 km/h by bicycle;
/// without a road near, no station is known to be.
pub const STRAIGHT_MPS: [f64; Mode::ALL.len()] = [1.1, 5.5, 1.1, 2.8];

/// From a fix whose circle tells no street from the next, it may take the way from the rim longer; from any other it does not.
#[must_use]
pub fn by_fix(eta: Eta, fix: &Fix, mode: Mode) -> Eta {
    if fix.accuracy_m <= MATCH_ACCURACY_M_MAX {
        return eta;
    }
    eta.within(f64::from(fix.accuracy_m), STRAIGHT_MPS[mode as usize])
}

/// Somebody found, and what the rules say.
#[derive(Clone, Debug)]
pub struct Found {
    /// Who.
    pub staff: AccountId,
    /// How long to the meeting point.
    pub eta: Eta,
    /// Whether no road was near, so that they were not searched along one.
    pub off_road: bool,
    /// Whether the ETA is a guess: that, or most of it lies off the streets.
    pub is_guess: bool,
    /// The trip that they would come from, if they are on one now.
    pub after: Option<TripId>,
    /// What the rules say.
    pub verdict: Verdict,
}

/// Somebody as they are drawn.
#[derive(Clone, Copy)]
struct Drawn {
    staff: AccountId,
    /// How long the way takes.
    way: Eta,
    /// What comes beside it, for all of their way of travelling.
    beside: Beside,
    /// No road was near.
    off_road: bool,
}

impl Drawn {
    /// Until they are there, if they have yet to leave.
    fn seconds(&self) -> f32 {
        self.way.seconds + self.beside.alone_s
    }
}

/// One way's stream.
type Stream<'a> = Box<dyn Iterator<Item = Drawn> + 'a>;

/// The look outward for one trip.
pub struct Search<'a> {
    due: &'a DueTrip,
    look: &'a Look<'a>,
    roster: &'a RosterView,
    now: Timestamp,
    streams: Vec<Peekable<Stream<'a>>>,
    /// Who has been drawn, where the meeting point has two places in the streets of a mode: the sooner counts.
    drawn: Option<HashSet<AccountId>>,
    frontier_s: f32,
}

impl<'a> Search<'a> {
    /// Stands at the meeting point and looks as far as `within_s` seconds; draws nobody yet.
    pub fn new(due: &'a DueTrip, look: &'a Look<'a>, roster: &'a RosterView, now: Timestamp, within_s: i64) -> Self {
        let pickup = due.row.trip.pickup;
        let mut streams: Vec<Peekable<Stream<'a>>> = Vec::with_capacity(Mode::ALL.len() + 1);
        let (mut no_road, mut comes_twice) = ([false; Mode::ALL.len()], false);
        let mut besides = [Beside::NONE; Mode::ALL.len()];
        for (mode, staff) in look.ways() {
            let times = staff.metric().times();
            let (before, beside) = (streams.len(), times.beside());
            besides[mode as usize] = beside;
            let within_ms = (within_s as u32 * 1_000).saturating_sub((beside.alone_s * 1_000.0) as u32);
            for snap in look.meeting(mode, pickup, times) {
                let to_pickup_ms = snap.to_street_ms();
                let by_road = staff.soonest(&snap, within_ms).map(move |(id, ms)| {
                    let to_street_ms = staff.get(id).map_or(0, |at| at.snap.to_street_ms());
                    let way = times.eta(ms, to_street_ms + to_pickup_ms);
                    Drawn { staff: id, way, beside, off_road: false }
                });
                let stream: Stream<'a> = Box::new(by_road);
                streams.push(stream.peekable());
            }
            no_road[mode as usize] = streams.len() == before;
            comes_twice |= streams.len() > before + 1;
        }
        let mut guessed: Vec<Drawn> = look
            .off_road(no_road)
            .into_iter()
            .map(|(staff, standing, mode)| {
                let way = Eta::straight(standing.fix.position, pickup, STRAIGHT_MPS[mode as usize]);
                Drawn { staff, way, beside: besides[mode as usize], off_road: true }
            })
            .collect();
        guessed.sort_by(|a, b| a.seconds().total_cmp(&b.seconds()).then(a.staff.cmp(&b.staff)));
        let stream: Stream<'a> = Box::new(guessed.into_iter());
        streams.push(stream.peekable());
        let drawn = comes_twice.then(HashSet::new);
        Self { due, look, roster, now, streams, drawn, frontier_s: 0.0 }
    }

    /// Nobody who has not been drawn is nearer than this; infinite when all have been.
    pub const fn frontier_s(&self) -> f32 {
        self.frontier_s
    }

    /// The next soonest, eligible or not; `None` when there is nobody left within the bound.
    pub fn draw(&mut self) -> Option<Found> {
        loop {
            let nearest = self
                .streams
                .iter_mut()
                .enumerate()
                .filter_map(|(i, stream)| stream.peek().map(|next| (i, next.seconds())))
                .min_by(|a, b| a.1.total_cmp(&b.1));
            let Some((i, seconds)) = nearest else {
                self.frontier_s = f32::INFINITY;
                return None;
            };
            self.frontier_s = seconds;
            let next = self.streams[i].next()?;
            if self.drawn.as_mut().is_some_and(|drawn| !drawn.insert(next.staff)) {
                continue;
            }
            if let Some(found) = self.judge(next) {
                return Some(found);
            }
        }
    }

    /// `None` for somebody who is no longer on the roster.
    fn judge(&self, next: Drawn) -> Option<Found> {
        let Drawn { staff, way, beside, off_road } = next;
        let entry = self.roster.by_id.get(&staff)?;
        let standing = self.look.standing(staff);
        let fix = standing.map(|standing| FixFacts {
            age_ms: self.now.0 - standing.fix.taken_at_ms,
            accuracy_m: standing.fix.accuracy_m,
        });
        let after = after(entry, standing.as_ref(), off_road, self.due.row.trip.id);
        let ending = standing.and_then(|s| Some((s.ending?, s.free_ms))).filter(|_| after.is_some());
        let seen = standing.map_or(way, |standing| standing.seen(way));
        let way = ending.map_or(seen, |(ending, free_ms)| ending.widened(way, free_ms));
        // Who is on the way to this very trip has left; from any other they have yet to.
        let own = entry.duty.filter(|(held, _)| *held == self.due.row.trip.id);
        let eta = way.later_by(ahead_s(beside, own.map_or(Phase::Offered, |(_, phase)| phase)));
        let is_guess = off_road || !eta.source.by_road();
        let candidate = Candidate {
            staff: &entry.staff,
            shift: entry.shift.as_ref(),
            fix,
            // A slot of this very trip keeps nobody from it: a supervisor may keep one member and replace the other.
            busy: entry.duty.is_some_and(|(held, _)| held != self.due.row.trip.id),
            after,
            run: entry.run,
            declined: self.due.declined.contains(&staff),
            eta: Some(eta),
            off_road: is_guess,
        };
        let context = Context { trip: &self.due.row.trip, now: self.now };
        let after = entry.duty.filter(|_| after.is_some()).map(|(present, _)| present);
        Some(Found { staff, eta, off_road, is_guess, after, verdict: policy::verdict(&candidate, &context) })
    }
}

/// What the rules may know of the trip that somebody would come from: nothing where its end is not known, for then their travel
/// time would not count from there.
pub fn after(entry: &RosterEntry, standing: Option<&Standing>, off_road: bool, trip: TripId) -> Option<After> {
    let standing = standing?;
    standing.ending.filter(|ending| !off_road && entry.under_way.is_some_and(|t| t.dropoff == ending.at))?;
    Some(After { free_in_ms: i64::from(standing.free_ms), next_taken: entry.next.is_some_and(|next| next != trip) })
}
