//! Owns what becomes of next duties whose present trip has run late. Whether one is late is `chain`'s arithmetic, who would be asked now
//! `plan`'s decision; a later time is said, or the slot given back, by the record.
//!
//! Nobody waits for a sum of estimates that has proven wrong: whoever is not the one to ask any more makes room while there is time,
//! and whoever still is says a later time.

use super::chain;
use super::field::Field;
use super::plan::{self, Anew, World};
use super::roster::RosterView;
use crate::live::Live;
use crate::record::{NextDuty, Record, RecordError};
use crate::telemetry;
use matcher::model::{AccountId, Mode, Timestamp, TripId};
use matcher::policy::limits::FIX_AHEAD_MS_MAX;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// When everybody said they would be there, by the time that went and not by a clock that was set since: what somebody said before that
/// moves with the clock. Of a machine that slept it is as if it had not: by so much more somebody may be late before it is said.
#[derive(Default)]
pub(super) struct Promises(HashMap<(TripId, AccountId), Promise>);

struct Promise {
    on_record: Timestamp,
    moved_ms: i64,
}

impl Promises {
    /// Below zero if it was set back.
    pub(super) fn clock_was_set(&mut self, by_ms: i64) {
        self.0.values_mut().for_each(|promise| promise.moved_ms = promise.moved_ms.saturating_add(by_ms));
    }

    /// By these duties as they are on the record now; one that says another time there than a look ago says it by the clock as it is.
    fn hold(&mut self, duties: &mut [NextDuty]) {
        let mut known = HashMap::with_capacity(duties.len());
        for duty in duties {
            let (key, on_record) = ((duty.trip, duty.staff), duty.promised_at);
            let before = self.0.get(&key).filter(|promise| promise.on_record == on_record);
            let moved_ms = before.map_or(0, |promise| promise.moved_ms);
            known.insert(key, Promise { on_record, moved_ms });
            duty.promised_at = Timestamp(on_record.0.saturating_add(moved_ms));
        }
        self.0 = known;
    }
}

/// The time of a look.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) now: Timestamp,
    /// If set, nobody is late whose phone has not reported since then.
    pub(super) heard_since: Option<Timestamp>,
}

impl At {
    /// Whether a fix tells where somebody is. One from ahead was taken by a clock that has been set back since.
    fn is_told_by(&self, taken_at_ms: i64) -> bool {
        taken_at_ms <= self.now.0 + FIX_AHEAD_MS_MAX && self.heard_since.is_none_or(|since| taken_at_ms >= since.0)
    }
}

/// Looks at every next duty, and settles those that are late.
pub(super) async fn settle(
    record: &Record,
    (field, live): (&Arc<Field>, &Arc<Live>),
    roster: &Arc<RosterView>,
    promises: &mut Promises,
    at: At,
) -> Result<(), RecordError> {
    let now = at.now;
    let mut duties = record.next_duties().await?;
    promises.hold(&mut duties);
    if duties.is_empty() {
        return Ok(());
    }
    let late = late(field, live, roster, duties, at).await;
    if late.is_empty() {
        return Ok(());
    }
    let trips: Vec<TripId> = late.keys().copied().collect();
    let mut dues = record.seen_now(now, &trips).await?;
    // Who has waited longest is given others first.
    dues.sort_by_key(|due| due.row.trip.requested_at);
    let (field, roster) = (Arc::clone(field), Arc::clone(roster));
    let decided = tokio::task::spawn_blocking(move || {
        field.look(|look| {
            let world = World { roster: &roster, field: look, settled: true };
            let mut taken = HashSet::new();
            let mut decided: Vec<(TripId, AccountId, Anew)> = Vec::new();
            for due in &dues {
                let trip = due.row.trip.id;
                let slots = due.row.crew.iter().map(|member| member.offer.staff).filter(|s| late[&trip].contains(s));
                decided.extend(slots.map(|staff| (trip, staff, plan::again(&world, now, due, staff, &mut taken))));
            }
            // A crew that somebody has left is no crew whose time could be said.
            decided.sort_by_key(|(.., anew)| *anew == Anew::Goes);
            decided
        })
    });
    // A decision that failed changes nothing: they are late still, and looked at again.
    for (trip, staff, anew) in decided.await.unwrap_or_default() {
        let (done, counter) = match anew {
            Anew::Stays(eta) => (record.say_later(now, trip, staff, eta).await?, telemetry::NEXT_LATER),
            Anew::Goes => (record.free_late(now, trip, staff).await?, telemetry::NEXT_LATE),
        };
        metrics::counter!(counter).increment(u64::from(done));
    }
    Ok(())
}

/// Those who would come later than they said, by the trip that would wait for them.
async fn late(
    field: &Arc<Field>,
    live: &Arc<Live>,
    roster: &Arc<RosterView>,
    duties: Vec<NextDuty>,
    at: At,
) -> BTreeMap<TripId, Vec<AccountId>> {
    let mode = |staff| roster.by_id.get(&staff).and_then(|entry| entry.shift).map_or(Mode::Walk, |shift| shift.mode);
    let duties: Vec<_> = duties.into_iter().map(|duty| (mode(duty.staff), duty)).collect();
    let (field, live, roster) = (Arc::clone(field), Arc::clone(live), Arc::clone(roster));
    let search = move || {
        // What the field's own thread has not come to yet.
        field.follow(&live, &roster, at.now);
        let mut late: BTreeMap<TripId, Vec<AccountId>> = BTreeMap::new();
        // Of whom nothing is known nobody knows the contrary, once phones have had the time.
        let is_heard = |staff| match field.ending(staff) {
            Some((_, taken_at_ms)) => at.is_told_by(taken_at_ms),
            None => at.heard_since.is_none(),
        };
        let heard = duties.iter().filter(|(_, duty)| is_heard(duty.staff));
        for (_, duty) in heard.filter(|(mode, duty)| chain::is_late(&field, duty, *mode, at.now)) {
            late.entry(duty.trip).or_default().push(duty.staff);
        }
        late
    };
    tokio::task::spawn_blocking(search).await.unwrap_or_default()
}
