//! Owns the making of travel times: from the conditions on the record, the hour, and what finished ways taught, for every way of
//! travelling that is searched. One thread that gives way to all others; searches never wait for it (`hierarchy::Live`).
//!
//! Invariant: one re-weighting at a time, and always to what is wanted when it begins; what changes meanwhile is one more.

use super::streets::Known;
use super::{Present, Travel, priority};
use crate::clock::Env;
use crate::engine::field::{Field, profile};
use crate::record::{Condition, Record, RecordError, Streets};
use crate::shutdown::Running;
use crate::telemetry;
use geo::road::calibrate::fit;
use geo::road::hierarchy::{ArcTimes, Conditions};
use geo::road::{Calibration, Profile};
use matcher::model::{Mode, Timestamp};
use matcher::schedule::hour_of;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// What was missed is found by then: an hour that turned, a condition that ran out, a search that was made meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A burst of changes is one re-weighting.
const GATHER: Duration = Duration::from_millis(50);
/// Finished ways are looked at this often, seconds, and at the start.
const FIT_EVERY_S: i64 = 86_400;

/// What the times of one way of travelling are made of.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    conditions: Conditions,
    /// Of fitted times.
    spread: Option<f32>,
}

/// The worker.
pub struct Weights {
    field: Arc<Field>,
    record: Arc<Record>,
    travel: Arc<Travel>,
    env: Env,
    known: Known,
    /// By mode, what stands in the field; at first the map's own.
    applied: [Wanted; Mode::ALL.len()],
    calibration: Arc<Calibration>,
    fitted_at: Option<Timestamp>,
}

/// Works until told to stop; `running` goes with the thread. Call it from within the runtime.
pub fn start(weights: Weights, stop: CancellationToken, running: Running) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new().name("weights".to_owned()).spawn(move || {
        let _running = running;
        priority::give_way();
        runtime.block_on(weights.run(stop));
    })
}

impl Weights {
    /// Has done nothing yet.
    pub fn new(field: Arc<Field>, record: Arc<Record>, travel: Arc<Travel>, env: Env) -> Self {
        Self {
            field,
            record,
            travel,
            env,
            known: Known::default(),
            applied: Default::default(),
            calibration: Arc::default(),
            fitted_at: None,
        }
    }

    async fn run(mut self, stop: CancellationToken) {
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
        if self.fitted_at.is_none_or(|at| now >= at.plus_s(FIT_EVERY_S)) {
            self.learn(now).await?;
        }
        let mut listed = self.record.conditions().await?;
        if listed.iter().any(|condition| condition.says.is_over(now)) {
            self.record.expire_conditions(now).await?;
            listed.retain(|condition| !condition.says.is_over(now));
        }
        self.known.keep(&listed);
        listed.retain(|condition| condition.says.holds_at(now));
        let is_new = self.reweigh(&listed, now);
        let before = self.travel.present();
        let present = Present {
            generation: before.generation + u64::from(is_new),
            reweighed_at: if is_new { Some(now) } else { before.reweighed_at },
            fitted_at: self.fitted_at,
            calibration: Arc::clone(&self.calibration),
            in_force: listed.iter().map(|condition| condition.id).collect(),
        };
        metrics::gauge!(telemetry::TRAVEL_GENERATION).set(present.generation as f64);
        metrics::gauge!(telemetry::CONDITIONS).set(present.in_force.len() as f64);
        self.travel.publish(present);
        Ok(())
    }

    async fn learn(&mut self, now: Timestamp) -> Result<(), RecordError> {
        self.record.prune_observations(now).await?;
        self.calibration = Arc::new(fit(&self.record.observations().await?));
        self.fitted_at = Some(now);
        Ok(())
    }

    /// Gives the field other times wherever other ones are wanted; whether any were.
    fn reweigh(&mut self, in_force: &[Condition], now: Timestamp) -> bool {
        let mut is_new = false;
        for mode in Mode::ALL {
            if !self.field.is_searched(mode) {
                continue;
            }
            let wanted = self.wanted(mode, in_force, hour_of(now));
            if self.applied[mode as usize] == wanted {
                continue;
            }
            let begun = Instant::now();
            self.field.reweigh(mode, self.times(mode, &wanted));
            metrics::histogram!(telemetry::REWEIGH_SECONDS, "mode" => mode.word())
                .record(begun.elapsed().as_secs_f64());
            self.applied[mode as usize] = wanted;
            is_new = true;
        }
        is_new
    }

    fn wanted(&mut self, mode: Mode, in_force: &[Condition], hour: u8) -> Wanted {
        let (profile, hour) = (profile(mode), usize::from(hour));
        let mut conditions = self.calibration.day_factors(profile).at(hour);
        let is_meant =
            |condition: &&Condition| if mode == Mode::Drive { condition.says.drive } else { condition.says.walk };
        for condition in in_force.iter().filter(is_meant) {
            match (condition.says.streets, condition.says.factor) {
                (Streets::Class(class), Some(factor)) => *conditions.by_class.entry(class).or_insert(1.0) *= factor,
                // No class is closed.
                (Streets::Class(_), None) => {}
                (_, factor) => {
                    // Who rides walks on the same streets by the same numbers.
                    let streets = if profile == Profile::Transit { Profile::Walk } else { profile };
                    for &edge in &*self.known.edges(self.field.map(), streets, condition) {
                        match factor {
                            Some(factor) => *conditions.by_edge.entry(edge).or_insert(1.0) *= factor,
                            None => conditions.close_edge(edge),
                        }
                    }
                }
            }
        }
        let is_fitted = self.calibration.is_calibrated(profile);
        Wanted { conditions, spread: is_fitted.then(|| self.calibration.spread(profile, hour)) }
    }

    fn times(&self, mode: Mode, wanted: &Wanted) -> ArcTimes {
        let map = self.field.map();
        let class_of = |way: u32| map.data.ways[way as usize].class;
        let times = ArcTimes::under(map.graph(profile(mode)), &wanted.conditions, class_of);
        match wanted.spread {
            Some(spread) => times.fitted(spread),
            None => times,
        }
    }
}
