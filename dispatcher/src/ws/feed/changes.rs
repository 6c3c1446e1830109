//! Owns the reading of what changed: trips, alarms and staff from the record in the order of its change numbers, and what the watch
//! sees. Tells nobody.

use super::alarms::{Alarm, Why};
use super::{CREW_TICKS, Feed};
use crate::engine::roster::RosterView;
use crate::http::App;
use crate::record::{Incident, RecordError, TripRow};
use crate::view::StaffRow;
use crate::view::incident::FOLLOWED_S;
use crate::view::people::Duty;
use crate::view::trip::is_crewed;
use matcher::model::{AccountId, AgencyId, IncidentId, Timestamp, TripId};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tokio::time::timeout;

/// Rows read at a time.
pub(super) const ROWS_PER_READ: u32 = 500;
/// After the task slept, changes at most this old are told again: a console may have read its picture just before, ms.
const OVERLAP_MS: i64 = 10_000;

/// What was read of the record.
pub(super) struct Read {
    /// Where everything was to be read, not only what changed.
    pub(super) begun: Option<Begun>,
    pub(super) trips: Vec<TripRow>,
    pub(super) incidents: Vec<Incident>,
    pub(super) roster: Arc<RosterView>,
    /// Trips that changed and cannot be read: whatever was known of them is no longer true.
    pub(super) passed_over: Vec<TripId>,
    /// The numbers of the last changes of trips and of incidents that were looked at.
    pub(super) upto: (i64, i64),
}

/// The state after the feed slept, and from where on changes are read.
pub(super) struct Begun {
    /// All that are open, and those of the alarms.
    pub(super) trips: Vec<TripRow>,
    pub(super) shown: Vec<Incident>,
}

/// What changed since the last frame.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) trips: Vec<TripRow>,
    /// Of which the watch sees something else, and the companies that see it; the centre does.
    pub(super) watched: Vec<(TripRow, BTreeSet<AgencyId>)>,
    /// In this order.
    pub(super) alarms: Vec<(IncidentId, Why)>,
    pub(super) staff: Vec<AccountId>,
    /// Who is of the staff no more, as last seen at work.
    pub(super) left: Vec<StaffRow>,
}

impl Feed {
    /// What has changed on the record, or all of it after the feed slept; `None` while it does not answer. It is asked once at a time, and
    /// what it says late is taken late.
    pub(super) async fn read(&mut self) -> Result<Option<Read>, RecordError> {
        let (app, after) = (&self.app, (self.trips_after, self.incidents_after));
        let is_all = !self.awake;
        let reading = self.reading.get_or_insert_with(|| tokio::spawn(read(Arc::clone(app), after, is_all)));
        let Ok(done) = timeout(self.read_wait, reading).await else { return Ok(None) };
        self.reading = None;
        match done {
            Ok(read) => read.map(Some),
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            // The runtime ends.
            Err(_) => Ok(None),
        }
    }

    /// Takes what was read; what the consoles are to be told of it. Nothing is waited for, so that all of it is taken or none.
    pub(super) fn take(&mut self, read: Read) -> Changes {
        let (app, now) = (Arc::clone(&self.app), self.app.env.now());
        let Read { begun, trips, incidents, roster, passed_over, upto } = read;
        (self.trips_after, self.incidents_after) = upto;
        if let Some(begun) = begun {
            self.wake(begun, &roster, now);
        }
        let mut changes = Changes::default();
        for trip in passed_over {
            // Nobody knows whose phones may still learn where the crew is.
            self.crewed.remove(&trip);
        }
        for row in trips {
            if is_crewed(row.trip.phase) {
                self.crewed.insert(row.trip.id, row.clone());
            } else {
                self.crewed.remove(&row.trip.id);
            }
            changes.trips.push(row);
        }
        self.take_alarms(incidents, &mut changes, now);
        // Shifts end by the clock too, without a change on the record.
        if !Arc::ptr_eq(&roster, &self.roster) || self.staff.is_empty() || self.ticks - self.staff_at >= CREW_TICKS {
            (self.roster, self.staff_at) = (roster, self.ticks);
            let rows = rows_of(&app, &self.roster, now);
            changes.staff =
                rows.iter().filter(|(id, row)| self.staff.get(id) != Some(row)).map(|(id, _)| *id).collect();
            let left = self.staff.iter().filter(|(id, _)| !rows.contains_key(id));
            changes.left = left.map(|(_, row)| row.off_shift()).collect();
            self.staff = rows;
        }
        self.follow_alarms(&mut changes, now);
        self.follow_watch(&mut changes);
        changes
    }

    /// Takes the state after having slept.
    fn wake(&mut self, begun: Begun, roster: &Arc<RosterView>, now: Timestamp) {
        let Begun { trips, shown } = begun;
        let alarm = |incident: Incident| {
            let trip = trips.iter().find(|row| incident.trip == Some(row.trip.id));
            (incident.id, Alarm::shown(incident, trip.cloned()))
        };
        self.alarms = shown.into_iter().map(alarm).collect();
        self.crewed = trips.into_iter().filter(|r| is_crewed(r.trip.phase)).map(|r| (r.trip.id, r)).collect();
        // Nobody was told anything while the task slept: every row is told once, whatever the console read before.
        self.staff.clear();
        self.roster = Arc::clone(roster);
        self.duties = duties_of(roster, now);
        self.mapped = Arc::clone(roster);
        // The map that screens were told of has stood still.
        self.screens.rest();
        self.awake = true;
    }

    /// Trips of which the watch sees something else now; kept by the watch while there is no console to be told.
    fn follow_watch(&mut self, changes: &mut Changes) {
        if self.app.hub.peek_consoles().is_empty() {
            return;
        }
        let news = self.app.watch.take_news();
        self.aged.extend(news.staff);
        for (trip, companies) in news.trips {
            let is_told = changes.trips.iter().any(|row| row.trip.id == trip);
            let row = self.crewed.get(&trip).filter(|_| !is_told).cloned();
            changes.watched.extend(row.map(|row| (row, companies)));
        }
    }
}

/// Reads what changed on the record after these numbers; or everything, as by one who has slept since them.
async fn read(app: Arc<App>, after: (i64, i64), is_all: bool) -> Result<Read, RecordError> {
    let now = app.env.now();
    let (mut trips_after, mut incidents_after) = after;
    let mut begun = None;
    if is_all {
        let mut trips = app.record.open_trips().await?;
        // Rows changed shortly before are read again, and told again: harmless, and a gap would not be.
        trips_after = trips_after.max(app.record.last_trip_change_before(now.plus_s(-OVERLAP_MS / 1_000)).await?);
        incidents_after = skip_old_incidents(&app, incidents_after, now).await?;
        let shown = app.record.incidents_shown(now.plus_s(-FOLLOWED_S)).await?;
        let over: Vec<TripId> = shown
            .iter()
            .filter_map(|incident| incident.trip)
            .filter(|id| trips.iter().all(|row| row.trip.id != *id))
            .collect();
        if !over.is_empty() {
            trips.extend(app.record.trips(&over).await?);
        }
        begun = Some(Begun { trips, shown });
    }
    // What was passed over has no new number when it can be read.
    let (mut trips, mut incidents) = app.record.readable_again().await?;
    let mut passed_over = Vec::new();
    loop {
        let changed = app.record.trips_changed_after(trips_after, ROWS_PER_READ).await?;
        trips_after = changed.upto;
        trips.extend(changed.rows);
        passed_over.extend(changed.passed_over.into_iter().map(TripId));
        if !changed.is_full {
            break;
        }
    }
    loop {
        let changed = app.record.incidents_changed_after(incidents_after).await?;
        incidents_after = changed.upto;
        incidents.extend(changed.rows);
        if !changed.is_full {
            break;
        }
    }
    let roster = app.roster.refresh(&app.record, now).await?;
    Ok(Read { begun, trips, incidents, roster, passed_over, upto: (trips_after, incidents_after) })
}

/// Passes over what changed long ago; returns the number to go on from.
async fn skip_old_incidents(app: &App, mut after: i64, now: Timestamp) -> Result<i64, RecordError> {
    let changed_at = |i: &Incident| i.acknowledged_at.unwrap_or(i.raised_at);
    loop {
        let changed = app.record.incidents_changed_after(after).await?;
        let is_old = |i: &&Incident| now.since_ms(changed_at(i)) > OVERLAP_MS;
        if let Some(young) = changed.rows.iter().find(|i| !is_old(i)) {
            return Ok(young.change_no - 1);
        }
        after = changed.upto;
        if !changed.is_full {
            return Ok(after);
        }
    }
}

fn rows_of(app: &App, roster: &RosterView, now: Timestamp) -> HashMap<AccountId, StaffRow> {
    let row = |id: &AccountId, entry| StaffRow::of(entry, app.ingest.people.refused(*id), app.watch.age(*id), now);
    roster.by_id.iter().map(|(id, entry)| (*id, row(id, entry))).collect()
}

pub(super) fn duties_of(roster: &RosterView, now: Timestamp) -> HashMap<AccountId, Duty> {
    roster.by_id.iter().map(|(id, entry)| (*id, Duty::of(entry, now))).collect()
}
