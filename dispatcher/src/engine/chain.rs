//! Owns the arithmetic of next duties: how long a trip under way still takes on the way its crew is led by, when its crew would be at the next meeting point, and
//! whether that is too late. Asks nobody and changes nothing: who may is `matcher::policy`'s, and what becomes of it the record's.

use crate::engine::ahead::ahead_s;
use crate::engine::field::{Field, profile};
use crate::engine::search::by_fix;
use crate::record::{NextDuty, UnderWay};
use geo::road::hierarchy::Metric;
use geo::road::{Headed, Profile, RoadMap};
use geo::{Eta, Fix, Position};
use matcher::model::{Mode, Phase, Timestamp};
use matcher::policy::limits::{HAND_OVER_P90_S, HAND_OVER_S, NEXT_LATE_S};

/// A trip that takes longer on foot is ridden, seconds.
const WALK_S_MAX: u32 = 1_800;

/// What is known of the end of a trip under way, by the latest fix of one of its crew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ending {
    /// Where they will be free.
    pub at: Position,
    /// Milliseconds from the fix until then, the parting included.
    pub free_ms: u32,
    /// Seconds that are not exceeded nine times of ten.
    p90_s: f32,
}

/// How crew and rider go from meeting to drop-off: on foot if that is not far, else by car. By the map's own times: who has set
/// out on foot is not told to drive because the traffic changed.
pub fn trip_mode(map: &RoadMap, from: Position, to: Position) -> Mode {
    let open_ms = |mode| {
        let profile = profile(mode);
        map.free_flow(profile).travel_ms(map.place(profile, from)?, &map.place(profile, to)?)
    };
    let is_near = open_ms(Mode::Walk).is_some_and(|ms| ms <= WALK_S_MAX * 1_000);
    if is_near || open_ms(Mode::Drive).is_none() { Mode::Walk } else { Mode::Drive }
}

/// The same of a crew: farther than on foot by car, but where nobody has brought one and the subway runs, by subway. Where no train
/// brings them either, they are led by car all the same, and told that none of them has one (`view::way`): it takes a taxi.
pub fn together_mode(field: &Field, from: Position, to: Position, has_car: bool) -> Mode {
    match trip_mode(field.map(), from, to) {
        Mode::Drive if !has_car && field.is_ridden(from, to) => Mode::Transit,
        mode => mode,
    }
}

impl Ending {
    /// By where they are on the roads of how they move with the rider; `None` where no way is open.
    pub(super) fn of(field: &Field, trip: &UnderWay, moves: Mode, (from, fix): (&Headed, &Fix)) -> Option<Self> {
        let (profile, times) = field.times(moves);
        let (left_ms, left) = takes(field, (profile, &times), from, trip.dropoff)?;
        let stretch = field.stretch(trip.trip, moves);
        let left_ms = (left_ms as f32 * stretch).round() as u32;
        let left = by_fix(Eta { seconds: left.seconds * stretch, p90_s: left.p90_s * stretch, ..left }, fix, moves);
        // Both tell of the door and the last words: the one as assumed, the other as it was seen.
        let ahead_s = ahead_s(times.times().beside(), Phase::Escorting);
        let parting_ms = ((ahead_s * 1_000.0).round() as u32).max(HAND_OVER_S as u32 * 1_000);
        Some(Self {
            at: trip.dropoff,
            free_ms: left_ms.saturating_add(parting_ms),
            p90_s: left.p90_s + ahead_s.max(HAND_OVER_P90_S as f32),
        })
    }

    /// Milliseconds from `now`, if the fix was taken then. One who is silent is not the sooner there for it, nor the later.
    pub fn free_in_ms(&self, taken_at_ms: i64, now: Timestamp) -> i64 {
        (taken_at_ms + i64::from(self.free_ms) - now.0).max(0)
    }

    /// What a search counts with: the same, but a fix that looks to come from the future makes nobody the later free.
    pub(super) fn free_ms_at(&self, taken_at_ms: i64, now: Timestamp) -> u32 {
        let gone_ms = (now.0 - taken_at_ms).clamp(0, i64::from(self.free_ms));
        self.free_ms - gone_ms as u32
    }

    /// The time to a meeting point from the end of this trip, as the time to there from now.
    #[must_use]
    pub fn and_then(&self, way: Eta) -> Eta {
        let free_s = self.free_ms as f32 / 1_000.0;
        Eta { seconds: free_s + way.seconds, p90_s: self.p90_s + way.p90_s, source: way.source }
    }

    /// A time to a meeting point as the search found it, the `free_ms` that are left of this trip included: its spread is that of both
    /// parts. Of the way alone: what comes beside it is added after.
    #[must_use]
    pub(super) fn widened(&self, whole: Eta, free_ms: u32) -> Eta {
        let way_s = (whole.seconds - free_ms as f32 / 1_000.0).max(0.0);
        let spread = if whole.seconds > 0.0 { whole.p90_s / whole.seconds } else { 1.0 };
        let gone_s = self.free_ms.saturating_sub(free_ms) as f32 / 1_000.0;
        Eta { p90_s: (self.p90_s - gone_s + way_s * spread).max(whole.seconds), ..whole }
    }
}

/// Milliseconds by these times from a place on the roads of their profile, and how well they are known.
fn takes(field: &Field, (profile, times): (Profile, &Metric), from: &Headed, to: Position) -> Option<(u32, Eta)> {
    let mut meeting = field.map().meeting(profile, to, times.times());
    meeting.find_map(|to| {
        let ms = times.travel_ms(from, &to)?;
        Some((ms, times.times().eta(ms, from.snap.to_street_ms() + to.to_street_ms())))
    })
}

/// Whether the crew of a next duty would come so late that others must be looked for. Without a position it is counted as free now,
/// so that silence alone makes nobody late before they surely are; without a way to the rider nobody comes.
pub fn is_late(field: &Field, duty: &NextDuty, mode: Mode, now: Timestamp) -> bool {
    let free_in_ms = field.ending(duty.staff).map_or(0, |(ending, taken_at_ms)| ending.free_in_ms(taken_at_ms, now));
    let (profile, times) = field.times(mode);
    let from = field.map().place(profile, duty.from);
    let way = from.and_then(|from| takes(field, (profile, &times), &from.into(), duty.to));
    let Some((way_ms, _)) = way else { return true };
    // They have yet to leave, as was said to the rider.
    let beside_ms = (times.times().beside().alone_s * 1_000.0) as i64;
    let there_at = now.0 + free_in_ms + i64::from(way_ms) + beside_ms;
    there_at > duty.promised_at.plus_s(NEXT_LATE_S).0
}
