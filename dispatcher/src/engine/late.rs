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
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Looks at every next duty, and settles those that are late: with `heard_since`, of those alone whose phone has reported since then.
pub(super) async fn settle(
    record: &Record,
    (field, live): (&Arc<Field>, &Arc<Live>),
    roster: &Arc<RosterView>,
    now: Timestamp,
    heard_since: Option<Timestamp>,
) -> Result<(), RecordError> {
    let duties = record.next_duties().await?;
    if duties.is_empty() {
        return Ok(());
    }
    let late = late(field, live, roster, duties, now, heard_since).await;
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
            Anew::Stays(eta_s) => (record.say_later(now, trip, staff, eta_s).await?, telemetry::NEXT_LATER),
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
    now: Timestamp,
    heard_since: Option<Timestamp>,
) -> BTreeMap<TripId, Vec<AccountId>> {
    let mode = |staff| roster.by_id.get(&staff).and_then(|entry| entry.shift).map_or(Mode::Walk, |shift| shift.mode);
    let duties: Vec<_> = duties.into_iter().map(|duty| (mode(duty.staff), duty)).collect();
    let (field, live, roster) = (Arc::clone(field), Arc::clone(live), Arc::clone(roster));
    let search = move || {
        // What the field's own thread has not come to yet.
        field.follow(&live, &roster, now);
        let mut late: BTreeMap<TripId, Vec<AccountId>> = BTreeMap::new();
        let is_heard = |staff| {
            heard_since.is_none_or(|since| field.ending(staff).is_some_and(|(_, taken_at_ms)| taken_at_ms >= since.0))
        };
        let heard = duties.iter().filter(|(_, duty)| is_heard(duty.staff));
        for (_, duty) in heard.filter(|(mode, duty)| chain::is_late(&field, duty, *mode, now)) {
            late.entry(duty.trip).or_default().push(duty.staff);
        }
        late
    };
    tokio::task::spawn_blocking(search).await.unwrap_or_default()
}
