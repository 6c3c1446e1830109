//! Owns the loop: wakes on commits and on the clock, takes what is due from the record in micro-batches, has [`plan::step`]
//! decide, and commits the effects. Offers leave through the outbox, not from here. What a wake-up missed, the next sweep finds:
//! the loop never sleeps longer than a second.

pub mod ahead;
pub mod chain;
mod cost;
pub mod field;
pub mod guide;
pub mod judge;
mod kept;
mod late;
pub mod led;
pub mod plan;
pub mod roster;
pub mod search;
pub mod travel;
pub mod upkeep;
pub mod usual;
pub mod watch;

use crate::clock::{Env, Steps};
use crate::live::Live;
use crate::record::{Applied, DueTrip, Effect, Record, RecordError};
use crate::telemetry;
use field::Field;
use matcher::model::Timestamp;
use matcher::policy::limits;
use plan::{Decisions, World};
use roster::{Roster, RosterView};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Trips decided in one batch at most; more wait for the next.
const BATCH_TRIPS_MAX: u32 = 256;
/// A burst of commits is one batch: how long the loop waits for more after a wake-up.
const GATHER: Duration = Duration::from_millis(3);
/// The sweep that repairs a missed wake-up.
const SWEEP: Duration = Duration::from_secs(1);
/// Commutes are expanded this often.
const SERIES_EVERY_S: i64 = 60;
/// Next duties are looked at this often.
const LATE_EVERY_S: i64 = 1;
/// Acknowledged messages and other spent rows are dropped this often.
const PRUNE_EVERY_S: i64 = 300;
/// How long after the start, or after the clock was set, phones may still be on their way back, seconds.
const SETTLING_S: i64 = 60;
/// Pause after the record failed, so that a broken disk is not hammered.
const RECORD_AWAY: Duration = Duration::from_secs(1);

/// What the loop works with.
pub struct Engine {
    record: Arc<Record>,
    live: Arc<Live>,
    roster: Arc<Roster>,
    field: Arc<Field>,
    env: Env,
    /// Phones have not all reported since: the start, or when the clock was set.
    unsettled_since: Timestamp,
    series_due: Timestamp,
    prune_due: Timestamp,
    late_due: Timestamp,
    promises: late::Promises,
}

impl Engine {
    /// Ready to run; reads nothing yet.
    pub fn new(record: Arc<Record>, live: Arc<Live>, roster: Arc<Roster>, field: Arc<Field>, env: Env) -> Self {
        let unsettled_since = env.now();
        let [series_due, prune_due, late_due] = [Timestamp(0); 3];
        let promises = late::Promises::default();
        Self { record, live, roster, field, env, unsettled_since, series_due, prune_due, late_due, promises }
    }

    /// Runs until told to stop; a batch that has begun is finished.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut commits = self.record.commits();
        let (begun, mut steps) = (tokio::time::Instant::now(), Steps::default());
        while !stop.is_cancelled() {
            let now = self.env.now();
            if let Some(by_ms) = steps.set_by_ms(now, begun.elapsed()) {
                self.clock_was_set(now, by_ms);
            }
            match self.round().await {
                Ok(worked) if worked => continue,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(error.kind = %error, "a batch failed and will be tried again");
                    tokio::time::sleep(RECORD_AWAY).await;
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                _ = commits.changed() => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep(self.until_due().await) => {}
            }
        }
    }

    /// The clock was set by so much and is at `now`. Every fix looks old or new by it: nobody is given up for that. And what is done now
    /// and then is due at once, for it would wait for a time of the clock that was.
    fn clock_was_set(&mut self, now: Timestamp, by_ms: i64) {
        self.unsettled_since = now;
        [self.series_due, self.prune_due, self.late_due] = [now; 3];
        self.promises.clock_was_set(by_ms);
    }

    /// Time to the next due trip, a second at most.
    async fn until_due(&self) -> Duration {
        match self.record.next_due_at().await {
            Ok(Some(due)) => {
                let ms = due.since_ms(self.env.now()).max(1).unsigned_abs();
                Duration::from_millis(ms).min(SWEEP)
            }
            _ => SWEEP,
        }
    }

    /// One batch. Returns whether it was full, so that more may be waiting.
    async fn round(&mut self) -> Result<bool, RecordError> {
        let now = self.env.now();
        self.housekeeping(now).await?;
        let roster = self.roster.refresh(&self.record, now).await?;
        if now >= self.late_due {
            self.late_due = now.plus_s(LATE_EVERY_S);
            // Before their phones are back nobody is where they seem to be, and everybody looks late.
            let heard_since = (!self.is_settled(now)).then_some(self.unsettled_since);
            let at = late::At { now, heard_since };
            late::settle(&self.record, (&self.field, &self.live), &roster, &mut self.promises, at).await?;
        }
        let due = self.record.due(now, BATCH_TRIPS_MAX).await?;
        self.record.put_off_unreadable(now).await?;
        if due.is_empty() {
            return Ok(false);
        }
        // Housekeeping may have waited for the record: fixes and offers are judged by the time it is now.
        let now = self.env.now();
        let begun = Instant::now();
        let full = due.len() == BATCH_TRIPS_MAX as usize;
        let due = Arc::new(due);
        let decisions = self.decide(roster, now, &due).await;
        for trip in &decisions.refused_by_check {
            tracing::error!(trip.id = %trip, "the second look refused a crew; it was not offered");
            metrics::counter!(telemetry::CHECK_REFUSED).increment(1);
        }
        let applied = self.record.apply(now, &due, &decisions.effects).await?;
        let lost = applied.iter().filter(|a| **a == Applied::LostRace).count();
        metrics::counter!(telemetry::RACES_LOST).increment(lost as u64);
        metrics::counter!(telemetry::NEXT_OFFERS).increment(next_offers(&decisions.effects, &applied));
        metrics::histogram!(telemetry::BATCH_SECONDS).record(begun.elapsed().as_secs_f64());
        Ok(full)
    }

    fn is_settled(&self, now: Timestamp) -> bool {
        now >= self.unsettled_since.plus_s(SETTLING_S)
    }

    /// The search is milliseconds of pure computation: it runs beside the sockets, not among them.
    async fn decide(&self, roster: Arc<RosterView>, now: Timestamp, due: &Arc<Vec<DueTrip>>) -> Decisions {
        let (field, live, due) = (Arc::clone(&self.field), Arc::clone(&self.live), Arc::clone(due));
        let settled = self.is_settled(now);
        let decision = tokio::task::spawn_blocking(move || {
            // What the field's own thread has not come to yet.
            field.follow(&live, &roster, now);
            let step = |due: &[DueTrip]| {
                field.look(|look| plan::step(&World { roster: &roster, field: look, settled }, now, due))
            };
            unbroken(now, &due, step)
        });
        decision.await.expect("a decision does not panic")
    }

    async fn housekeeping(&mut self, now: Timestamp) -> Result<(), RecordError> {
        if now >= self.series_due {
            self.series_due = now.plus_s(SERIES_EVERY_S);
            let made = self.record.expand_series(now).await?;
            if made > 0 {
                tracing::info!(trips.made = made, "commutes expanded");
            }
        }
        if now >= self.prune_due {
            self.prune_due = now.plus_s(PRUNE_EVERY_S);
            self.record.prune(now).await?;
        }
        Ok(())
    }
}

/// How many of the offers that went out are for after a trip under way.
fn next_offers(effects: &[Effect], applied: &[Applied]) -> u64 {
    let placed = effects.iter().zip(applied).filter(|(_, applied)| **applied == Applied::Done);
    placed
        .map(|(effect, _)| match effect {
            Effect::PlaceOffers { placements, .. } => placements.iter().filter(|p| p.after.is_some()).count() as u64,
            _ => 0,
        })
        .sum()
}

/// All at once; but a trip on which that panics must not take the others with it: then each is decided alone, and the one that
/// fails is a human's.
fn unbroken(now: Timestamp, due: &[DueTrip], decide: impl Fn(&[DueTrip]) -> Decisions) -> Decisions {
    // Nothing half done is seen again: a decision only reads.
    let attempt = |due: &[DueTrip]| catch_unwind(AssertUnwindSafe(|| decide(due))).ok();
    if let Some(decisions) = attempt(due) {
        return decisions;
    }
    let mut all = Decisions::default();
    for trip in due {
        let id = trip.row.trip.id;
        if let Some(one) = attempt(std::slice::from_ref(trip)) {
            // Two decided apart may want the same people: the record refuses the second, which is looked at again.
            all.effects.extend(one.effects);
            all.refused_by_check.extend(one.refused_by_check);
        } else {
            tracing::error!(trip.id = %id, "a decision failed; a supervisor is asked to find a crew");
            all.effects.push(Effect::Escalate { trip: id, due_at: now.plus_s(limits::RETRY_S) });
        }
    }
    all
}

#[cfg(test)]
mod ahead_tests;
#[cfg(test)]
mod chain_tests;
#[cfg(test)]
mod clock_set_tests;
#[cfg(test)]
mod field_tests;
#[cfg(test)]
mod kept_tests;
#[cfg(test)]
mod late_tests;
#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod weak_fix_tests;
