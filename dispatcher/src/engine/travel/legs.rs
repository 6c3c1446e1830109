//! Owns what is learnt from crews under way: from setting out to arriving, and from the meeting to the end, what the way takes on
//! empty streets against what it took. The way is that which the crew's phones lead by: measured by the fastest, one round a zone would
//! make every street look slow. Taps come after they are on the record and nobody waits for this; a way that is not
//! clear is not learnt from, nor is one along streets that operators said something of: it would count twice.
//!
//! What is kept of a leg under way is its end, in memory; what goes on the record is neither a place nor a person.

use super::Travel;
use crate::clock::Env;
use crate::engine::chain::trip_mode;
use crate::engine::field::{Field, profile};
use crate::engine::guide::{Guide, circles};
use crate::record::{Record, RecordError};
use crate::telemetry;
use geo::road::calibrate::free_by_class;
use geo::road::{FreeTimes, Observation, Route};
use geo::{Fix, FixKind, Position};
use matcher::model::{AccountId, Mode, Phase, Timestamp, TripId};
use matcher::policy::limits::FIX_AGE_MS_MAX;
use matcher::schedule::{day_of, hour_of};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A position that may be further off than this does not say where somebody set out or arrived, metres.
const ACCURACY_M_MAX: f32 = 100.0;
/// Who says so further from the end than this has not arrived, metres: a minute on foot, which is to be little of the way.
const ARRIVED_M_MAX: f64 = 100.0;
/// A shorter way is more finding the phone than going, milliseconds on empty streets.
const FREE_MS_MIN: u64 = 180_000;
/// What is under way longer was forgotten by its crew, seconds.
const LEG_S_MAX: i64 = 4 * 3_600;
/// Most legs under way.
const LEGS_MAX: usize = 20_000;
/// Finished legs go on the record so many at a time, or this often.
const BATCH: usize = 64;
const BATCH_EVERY: Duration = Duration::from_secs(2);

/// A crew member's tap.
#[derive(Clone, Copy, Debug)]
pub struct Tap {
    /// Whose.
    pub staff: AccountId,
    /// On which trip.
    pub trip: TripId,
    /// To which phase.
    pub to: Phase,
    /// When.
    pub at: Timestamp,
    /// How they travel; `None` off shift.
    pub mode: Option<Mode>,
    /// Their last position.
    pub fix: Option<Fix>,
}

/// What became of a tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A leg begins.
    Begun,
    /// A leg ended that something was learnt from.
    Learnt,
    /// Nobody can say where it began or ended, how it was gone, or what it should have taken.
    Unclear,
    /// Neither a beginning nor the end of one that began.
    Nothing,
}

impl Outcome {
    const fn word(self) -> Option<&'static str> {
        match self {
            Self::Begun => Some("begun"),
            Self::Learnt => Some("learnt"),
            Self::Unclear => Some("unclear"),
            Self::Nothing => None,
        }
    }
}

/// A member on the way to the meeting point, or a crew with its rider.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Member(AccountId),
    Together(TripId),
}

struct Leg {
    trip: TripId,
    since: Timestamp,
    mode: Mode,
    free: FreeTimes,
    /// Of the way as expected.
    edges: Vec<u32>,
    to: Position,
}

/// Learns.
pub struct Legs {
    field: Arc<Field>,
    guide: Arc<Guide>,
    record: Arc<Record>,
    travel: Arc<Travel>,
    env: Env,
    /// Whether demo walks count: where there are no others.
    demo: bool,
    under_way: HashMap<Who, Leg>,
    finished: Vec<Observation>,
}

impl Legs {
    /// Nobody is under way.
    pub fn new(
        field: Arc<Field>,
        guide: Arc<Guide>,
        record: Arc<Record>,
        travel: Arc<Travel>,
        env: Env,
        demo: bool,
    ) -> Self {
        Self { field, guide, record, travel, env, demo, under_way: HashMap::new(), finished: Vec::new() }
    }

    /// Learns until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let Some(mut taps) = self.travel.taps() else { return };
        let mut is_on = true;
        while is_on {
            tokio::select! {
                tap = taps.recv() => match tap {
                    Some(tap) => self.hear(tap).await,
                    None => is_on = false,
                },
                () = tokio::time::sleep(BATCH_EVERY), if !self.finished.is_empty() => self.put_down().await,
                () = stop.cancelled() => is_on = false,
            }
        }
        self.put_down().await;
    }

    async fn hear(&mut self, tap: Tap) {
        match self.take(tap).await {
            Ok(outcome) => {
                if let Some(word) = outcome.word() {
                    metrics::counter!(telemetry::TRAVEL_LEGS, "outcome" => word).increment(1);
                }
            }
            Err(error) => tracing::warn!(error.kind = %error, "nothing is learnt from a way: its trip cannot be read"),
        }
        if self.finished.len() >= BATCH {
            self.put_down().await;
        }
    }

    /// Puts finished legs on the record; what it does not take is let go.
    pub async fn put_down(&mut self) {
        let finished = std::mem::take(&mut self.finished);
        if finished.is_empty() {
            return;
        }
        if let Err(error) = self.record.note_observations(self.env.now(), &finished).await {
            tracing::warn!(error.kind = %error, ways = finished.len(), "what finished ways taught is lost");
        }
    }

    /// One tap.
    pub async fn take(&mut self, tap: Tap) -> Result<Outcome, RecordError> {
        match tap.to {
            Phase::EnRoute => self.set_out(tap).await,
            Phase::Arrived => Ok(self.arrive(Who::Member(tap.staff), &tap)),
            Phase::Met => self.meet(tap).await,
            Phase::Completed => Ok(self.arrive(Who::Together(tap.trip), &tap)),
            _ => Ok(Outcome::Nothing),
        }
    }

    async fn set_out(&mut self, tap: Tap) -> Result<Outcome, RecordError> {
        self.under_way.remove(&Who::Member(tap.staff));
        let (Some(from), Some(mode)) = (self.place(&tap), tap.mode) else { return Ok(Outcome::Unclear) };
        let Some(row) = self.record.trip(tap.trip).await? else { return Ok(Outcome::Unclear) };
        let (field, to) = (Arc::clone(&self.field), row.trip.pickup);
        let search = move || free_along(&field, mode, [from, to], || fastest(&field, mode, from, to));
        Ok(self.begin(Who::Member(tap.staff), &tap, mode, to, search).await)
    }

    /// Who travels as crew and rider are expected to go, goes so; of the others nobody knows.
    async fn meet(&mut self, tap: Tap) -> Result<Outcome, RecordError> {
        let who = Who::Together(tap.trip);
        if self.under_way.contains_key(&who) {
            return Ok(Outcome::Nothing);
        }
        let (Some(at), Some(mode)) = (self.place(&tap), tap.mode) else { return Ok(Outcome::Unclear) };
        let Some(row) = self.record.trip(tap.trip).await? else { return Ok(Outcome::Unclear) };
        let (from, to) = (row.trip.pickup, row.trip.dropoff);
        if at.distance_m(from) > ARRIVED_M_MAX || trip_mode(self.field.map(), from, to) != mode {
            return Ok(Outcome::Unclear);
        }
        let zones = circles(&self.record.zones_of(row.trip.rider).await?);
        let (field, guide) = (Arc::clone(&self.field), Arc::clone(&self.guide));
        let search =
            move || free_along(&field, mode, [from, to], || Some(guide.together(mode, from, to, &zones)?.route));
        Ok(self.begin(who, &tap, mode, to, search).await)
    }

    async fn begin(
        &mut self,
        who: Who,
        tap: &Tap,
        mode: Mode,
        to: Position,
        search: impl FnOnce() -> Option<(FreeTimes, Vec<u32>)> + Send + 'static,
    ) -> Outcome {
        self.under_way.retain(|_, leg| tap.at < leg.since.plus_s(LEG_S_MAX));
        let free = tokio::task::spawn_blocking(search).await;
        let free = free.expect("a road search does not panic").filter(|(free, edges)| {
            free.total_ms() >= FREE_MS_MIN && !self.is_told(mode, edges) && self.under_way.len() < LEGS_MAX
        });
        match free {
            Some((free, edges)) => {
                self.under_way.insert(who, Leg { trip: tap.trip, since: tap.at, mode, free, edges, to });
                Outcome::Begun
            }
            None => Outcome::Unclear,
        }
    }

    fn arrive(&mut self, who: Who, tap: &Tap) -> Outcome {
        let Some(leg) = self.under_way.remove(&who).filter(|leg| leg.trip == tap.trip) else { return Outcome::Nothing };
        let is_there = self.place(tap).is_some_and(|at| at.distance_m(leg.to) <= ARRIVED_M_MAX);
        // Who began to travel otherwise on the way did not go as expected.
        let is_same_mode = tap.mode == Some(leg.mode);
        let took_ms = u32::try_from(tap.at.since_ms(leg.since)).unwrap_or(u32::MAX);
        let is_too_long = i64::from(took_ms) > LEG_S_MAX * 1_000;
        if !is_there || !is_same_mode || is_too_long || self.is_told(leg.mode, &leg.edges) {
            return Outcome::Unclear;
        }
        self.finished.push(Observation {
            profile: profile(leg.mode),
            day: day_of(leg.since),
            hour: hour_of(leg.since),
            free: leg.free,
            took_ms,
            with_rider: matches!(who, Who::Together(_)),
        });
        Outcome::Learnt
    }

    /// Whether operators' conditions are of a way now. One that keeps off their streets is learnt from while they last.
    fn is_told(&self, mode: Mode, edges: &[u32]) -> bool {
        self.travel.present().told[mode as usize].is_of_any(self.field.map(), profile(mode), edges)
    }

    /// Where somebody is who taps: by a fix that is fresh and no guess.
    fn place(&self, tap: &Tap) -> Option<Position> {
        let counts = |fix: &Fix| {
            tap.at.0 - fix.taken_at_ms <= FIX_AGE_MS_MAX
                && fix.accuracy_m <= ACCURACY_M_MAX
                && (self.demo || fix.kind != FixKind::Demo)
        };
        tap.fix.filter(counts).map(|fix| fix.position)
    }
}

/// What a way takes on empty streets, and its edges; `None` where there is none, for those whose way of travelling is not searched,
/// and where an end is off the streets: what was guessed of that would be taken off what the streets took.
fn free_along(
    field: &Field,
    mode: Mode,
    ends: [Position; 2],
    search: impl FnOnce() -> Option<Route>,
) -> Option<(FreeTimes, Vec<u32>)> {
    let ((searched, times), map) = (field.times(mode), field.map());
    let is_in_street = |at| map.place(searched, at).is_some_and(|snap| snap.to_street_ms() == 0);
    if searched != profile(mode) || !ends.into_iter().all(is_in_street) {
        return None;
    }
    let way = search()?;
    let edges = way.arcs.iter().map(|part| part.arc / 2).collect();
    Some((free_by_class(map, searched, &times, &way), edges))
}

/// The way of somebody who knows the hour.
fn fastest(field: &Field, mode: Mode, from: Position, to: Position) -> Option<Route> {
    let ((searched, times), map) = (field.times(mode), field.map());
    times.route(map.graph(searched), map.snap(searched, from)?, &map.place(searched, to)?)
}
