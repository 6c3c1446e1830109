//! Owns the making of travel times: from the conditions on the record, the hour, and what finished ways taught, for every way of
//! travelling that is made; from then on it is searched. A task like any other asks the record and swaps in what is made; only
//! what is long is made by a thread that gives way to all others (`priority`), and searches never wait for it (`hierarchy::Live`).
//!
//! Invariants: one re-weighting at a time, and always to what is wanted when it begins; what changes meanwhile is one more. No write
//! to the record stands between what is on it and the times.

use super::priority::Worker;
use super::streets::{Known, Told};
use super::{Present, Travel};
use crate::clock::Env;
use crate::engine::field::{Field, profile};
use crate::record::{Condition, NewCondition, Record, RecordError, Streets};
use crate::telemetry;
use geo::Basis;
use geo::road::calibrate::{Coverage, coverage, fit};
use geo::road::hierarchy::{ArcTimes, Conditions, Metric};
use geo::road::{Calibration, Profile};
use matcher::model::{Mode, Timestamp};
use matcher::schedule::hour_of;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What was missed is found by then: an hour that turned, a condition that ran out, a search that was made meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A burst of changes is one re-weighting.
const GATHER: Duration = Duration::from_millis(50);
/// Finished ways are looked at this often, seconds, and at the start.
const FIT_EVERY_S: i64 = 86_400;
/// However many say that a line runs less often, nobody waits for it longer than a day.
const WAIT_S_MAX: u32 = 86_400;

/// What the times of one way of travelling are made of.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    conditions: Conditions,
    basis: Option<Basis>,
    /// The streets that operators' conditions are of.
    told: Arc<Told>,
    /// By line of the subway, seconds one waits for a train of this hour; nothing for those who do not ride.
    waits_s: Vec<Option<u32>>,
}

/// Sees to it.
pub struct Weights {
    worker: Worker,
    field: Arc<Field>,
    record: Arc<Record>,
    travel: Arc<Travel>,
    env: Env,
    known: Known,
    /// By mode, what stands in the field; at first the map's own.
    applied: [Wanted; Mode::ALL.len()],
    calibration: Arc<Calibration>,
    coverage: [Option<Coverage>; Profile::ALL.len()],
    fitted_at: Option<Timestamp>,
}

impl Weights {
    /// Has done nothing yet. Fails where no thread can be had.
    pub fn new(field: Arc<Field>, record: Arc<Record>, travel: Arc<Travel>, env: Env) -> std::io::Result<Self> {
        Ok(Self {
            worker: Worker::start()?,
            field,
            record,
            travel,
            env,
            known: Known::default(),
            applied: Default::default(),
            calibration: Arc::default(),
            coverage: Default::default(),
            fitted_at: None,
        })
    }

    /// Works until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let travel = Arc::clone(&self.travel);
        while !stop.is_cancelled() {
            if let Err(error) = self.round().await {
                tracing::error!(error.kind = %error, "travel times stay as they are until the record can be read");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = travel.changed.notified() => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// One look, and what follows from it. Long where times have to be made anew.
    pub async fn round(&mut self) -> Result<(), RecordError> {
        let now = self.env.now();
        let is_fit_due = self.fitted_at.is_none_or(|at| now >= at.plus_s(FIT_EVERY_S));
        if is_fit_due && let Err(error) = self.learn(now).await {
            tracing::error!(error.kind = %error, "nothing is learnt from finished ways until they can be read");
        }
        let mut listed = self.record.conditions().await?;
        let is_any_over = listed.iter().any(|condition| condition.says.is_over(now));
        listed.retain(|condition| !condition.says.is_over(now));
        self.known.keep(&listed);
        listed.retain(|condition| condition.says.holds_at(now));
        let before = self.travel.present();
        let of_nothing: BTreeSet<Uuid> =
            listed.iter().filter(|condition| !self.names_anything(condition)).map(|condition| condition.id).collect();
        for condition in of_nothing.difference(&before.of_nothing) {
            tracing::warn!(%condition, "a condition is of no street of this map and changes nothing; say it again");
        }
        listed.retain(|condition| !of_nothing.contains(&condition.id));
        let is_new = self.reweigh(&listed, now).await;
        let present = Present {
            generation: before.generation + u64::from(is_new),
            reweighed_at: if is_new { Some(now) } else { before.reweighed_at },
            fitted_at: self.fitted_at,
            calibration: Arc::clone(&self.calibration),
            coverage: self.coverage,
            bases: Mode::ALL.map(|mode| Some(self.basis_now(mode, &listed, hour_of(now)))),
            in_force: listed.iter().map(|condition| condition.id).collect(),
            of_nothing,
            told: self.applied.each_ref().map(|applied| Arc::clone(&applied.told)),
        };
        metrics::gauge!(telemetry::TRAVEL_GENERATION).set(present.generation as f64);
        metrics::gauge!(telemetry::CONDITIONS).set(present.in_force.len() as f64);
        self.travel.publish(present);
        // Last, because the record may take no writes, or late.
        if is_any_over && let Err(error) = self.record.expire_conditions(now).await {
            tracing::error!(error.kind = %error, "conditions that are over stay on the record, and count no more");
        }
        if is_fit_due && let Err(error) = self.record.prune_observations(now).await {
            tracing::error!(error.kind = %error, "what finished ways taught long ago is kept a day longer");
        }
        Ok(())
    }

    async fn learn(&mut self, now: Timestamp) -> Result<(), RecordError> {
        let seen = self.record.observations().await?;
        let (fitted, covered) = self.worker.run(move || (fit(&seen), coverage(&seen))).await;
        for mode in Mode::ALL {
            self.field.set_pace(mode, fitted.pace(profile(mode)));
        }
        (self.calibration, self.coverage) = (Arc::new(fitted), covered);
        self.fitted_at = Some(now);
        Ok(())
    }

    /// Gives the field other times wherever other ones are wanted; whether any were.
    async fn reweigh(&mut self, in_force: &[Condition], now: Timestamp) -> bool {
        let mut is_new = false;
        for mode in Mode::ALL {
            if self.field.roads(mode).is_none() {
                continue;
            }
            let wanted = self.wanted(mode, in_force, hour_of(now));
            if self.applied[mode as usize] == wanted {
                self.field.search(mode);
                continue;
            }
            let begun = Instant::now();
            if !self.give(mode, &wanted).await {
                continue;
            }
            self.field.search(mode);
            metrics::histogram!(telemetry::REWEIGH_SECONDS, "mode" => mode.word())
                .record(begun.elapsed().as_secs_f64());
            self.applied[mode as usize] = wanted;
            is_new = true;
        }
        is_new
    }

    /// Gives the field other times for a mode; false if that is not made.
    async fn give(&mut self, mode: Mode, wanted: &Wanted) -> bool {
        let Some(roads) = self.field.roads(mode) else { return false };
        let (field, wanted, hierarchy) = (Arc::clone(&self.field), wanted.clone(), Arc::clone(roads.hierarchy()));
        let make = move || Arc::new(Metric::new(&hierarchy, times(&field, mode, &wanted)));
        let metric = self.worker.run(make).await;
        // Whoever moves waits for what is done here and for the swap, so neither is the low-priority worker's; both wait for a decision
        // that looks, so neither is an async thread's.
        let field = Arc::clone(&self.field);
        let begin = move || field.roads(mode).map(geo::road::hierarchy::Live::begin);
        let begun = tokio::task::spawn_blocking(begin).await.expect("looking at who is where does not panic");
        let Some(begun) = begun else { return false };
        let fresh = self.worker.run(move || begun.onto(metric)).await;
        let field = Arc::clone(&self.field);
        let swap = move || field.roads(mode).is_some_and(|roads| roads.swap(fresh));
        tokio::task::spawn_blocking(swap).await.expect("swapping does not panic")
    }

    /// Whether it is of any street or line of this map: it may have been said on another.
    fn names_anything(&mut self, condition: &Condition) -> bool {
        let map = self.field.map();
        match &condition.says.streets {
            Streets::Class(_) => true,
            Streets::Line(name) => map.data.subway.lines.iter().any(|line| line.name == *name),
            Streets::Around { .. } | Streets::Along { .. } => Mode::ALL.into_iter().any(|mode| {
                condition.says.is_for(mode) && !self.known.edges(map, streets_of(profile(mode)), condition).is_empty()
            }),
        }
    }

    fn wanted(&mut self, mode: Mode, in_force: &[Condition], hour: u8) -> Wanted {
        let (profile, hour) = (profile(mode), usize::from(hour));
        let mut conditions = self.calibration.day_factors(profile).at(hour);
        let mut told = Told::default();
        for condition in in_force.iter().filter(|condition| condition.says.is_for(mode)) {
            match (&condition.says.streets, condition.says.factor) {
                (Streets::Class(class), Some(factor)) => {
                    told.classes.insert(*class);
                    *conditions.by_class.entry(*class).or_insert(1.0) *= factor;
                }
                // No class is closed; trains are below.
                (Streets::Class(_), None) | (Streets::Line(_), _) => {}
                (_, factor) => {
                    for &edge in &*self.known.edges(self.field.map(), streets_of(profile), condition) {
                        told.edges.insert(edge);
                        match factor {
                            Some(factor) => *conditions.by_edge.entry(edge).or_insert(1.0) *= factor,
                            None => conditions.close_edge(edge),
                        }
                    }
                }
            }
        }
        // Nothing where nothing was learnt: the map's own times are there already.
        let basis = Some(self.basis(mode, in_force, hour)).filter(|basis| *basis != Basis::MAP);
        let waits_s = if mode == Mode::Transit { self.waits_s(in_force, hour) } else { Vec::new() };
        Wanted { conditions, basis, told: Arc::new(told), waits_s }
    }

    fn basis(&self, mode: Mode, in_force: &[Condition], hour: usize) -> Basis {
        let basis = self.calibration.basis(profile(mode), hour);
        // A number that somebody at a desk thought of is no measurement: what it makes longer is no surer than the map's own times.
        let is_guessed = in_force.iter().any(|told| told.says.is_for(mode) && told.says.factor.is_some());
        if is_guessed { Basis::taken_over(basis.spread).with(basis.beside) } else { basis }
    }

    /// What the times of a mode that is searched do rest on, and those of another would.
    fn basis_now(&self, mode: Mode, in_force: &[Condition], hour: u8) -> Basis {
        if self.field.is_searched(mode) {
            return self.applied[mode as usize].basis.unwrap_or(Basis::MAP);
        }
        self.basis(mode, in_force, usize::from(hour))
    }

    /// How long one waits for the trains of each line; `None` where none runs.
    fn waits_s(&self, in_force: &[Condition], hour: usize) -> Vec<Option<u32>> {
        let subway = &self.field.map().data.subway;
        let mut waits_s = subway.waits_at(hour);
        for (line, wait_s) in subway.lines.iter().zip(&mut waits_s) {
            let of_line = |says: &&NewCondition| matches!(&says.streets, Streets::Line(name) if *name == line.name);
            for says in in_force.iter().map(|condition| &condition.says).filter(of_line) {
                let times =
                    |(wait_s, factor): (u32, f32)| (wait_s as f32 * factor).ceil().min(WAIT_S_MAX as f32) as u32;
                *wait_s = wait_s.zip(says.factor).map(times);
            }
        }
        waits_s
    }
}

/// Who rides walks on the same streets by the same numbers.
const fn streets_of(profile: Profile) -> Profile {
    if matches!(profile, Profile::Transit) { Profile::Walk } else { profile }
}

fn times(field: &Field, mode: Mode, wanted: &Wanted) -> ArcTimes {
    let map = field.map();
    let class_of = |way: u32| map.data.ways[way as usize].class;
    let mut times = ArcTimes::under(map.graph(profile(mode)), &wanted.conditions, class_of);
    if mode == Mode::Transit {
        times = times.with_arcs(&map.waiting_arcs(&wanted.waits_s));
    }
    times.known_by(wanted.basis.unwrap_or(Basis::MAP))
}
