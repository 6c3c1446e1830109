//! Owns what consoles are told of alarms: again while the device moves, and with its places to whom it concerns. An alarm rings at once; what
//! has to be read first is told when it was, and nothing that was told is told over by less, because the record is slow.

use super::changes::Changes;
use super::frames::text;
use super::{Feed, by_side};
use crate::engine::roster::RosterView;
use crate::http::App;
use crate::http::console::{concern, concerned_view, is_concerned_as_read, is_concerned_by_crew};
use crate::http::problem::Answer;
use crate::record::{Incident, TripRow};
use crate::view::IncidentView;
use crate::view::incident::{follows_device, is_followed};
use crate::ws::area::Side;
use crate::ws::hub::Seat;
use geo::Fix;
use matcher::model::{AccountId, IncidentId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// Between two tellings of where the device of an alarm is, ms.
const FOLLOW_EVERY_MS: i64 = 1_000;

/// Whether an alarm concerns a side, and its trip, while they are being read.
pub(super) type Lookup = JoinHandle<Answer<(bool, Option<TripRow>)>>;

/// An alarm on the consoles.
pub(super) struct Alarm {
    incident: Incident,
    /// Its trip as last read.
    trip: Option<TripRow>,
    /// Which fix of its device the consoles have been told, and when.
    told: Option<(u32, u32)>,
    told_at: Timestamp,
    /// Who was told of it at all, what, and when.
    heard: BTreeMap<Side, (IncidentView, Timestamp)>,
    /// What the record said last of whom it concerns, and at which change of its trip.
    said: BTreeMap<Side, (bool, Option<i64>)>,
    /// Who is to be told as soon as it was read what.
    pub(super) owed: BTreeSet<Side>,
    /// All are to be told again.
    is_new: bool,
}

/// Why an alarm is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// There is news of it: for every side.
    News,
    /// For those that are owed it.
    Owed,
}

impl Alarm {
    /// One that the consoles show already.
    pub(super) fn shown(incident: Incident, trip: Option<TripRow>) -> Self {
        let (heard, said, owed) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { incident, trip, told: None, told_at: Timestamp(0), heard, said, owed, is_new: false }
    }

    /// Its trip; a later reading of it stays.
    fn learn(&mut self, trip: &TripRow) {
        if self.incident.trip == Some(trip.trip.id)
            && self.trip.as_ref().is_none_or(|known| known.change_no <= trip.change_no)
        {
            self.trip = Some(trip.clone());
        }
    }

    /// What it is told by has not to be read.
    const fn is_trip_known(&self) -> bool {
        self.incident.trip.is_none() || self.trip.is_some()
    }

    /// Whether it concerns the side, if nothing has to be read for that or for what it is told then.
    fn concerns_as_known(&self, side: Side) -> Option<bool> {
        is_concerned_by_crew(side, &self.incident, self.trip.as_ref()).filter(|_| self.is_trip_known())
    }

    /// Whether it concerns the side by what was read before, for as long as the record does not answer: of its trip, the roster, or by what
    /// the record said itself, unless the trip has changed since. `None`: nobody knows, and then it is as if it did not.
    fn concerns_as_read(&self, side: Side, roster: &RosterView) -> Option<bool> {
        let Some(agency) = side else { return Some(true) };
        let said =
            self.said.get(&side).filter(|(_, change)| *change == self.trip_change()).map(|(concerns, _)| *concerns);
        let known = is_concerned_as_read(agency, &self.incident, self.trip.as_ref(), roster).or(said);
        known.filter(|_| self.is_trip_known())
    }

    fn trip_change(&self) -> Option<i64> {
        self.trip.as_ref().map(|row| row.change_no)
    }

    /// What a company is told while nobody knows whether it concerns it: that it rings, or rings no more, and nothing less than before.
    fn as_heard(&self, side: Side, now: Timestamp) -> Option<IncidentView> {
        let is_taken = self.incident.acknowledged_at.is_some();
        match self.heard.get(&side) {
            None => (!is_taken).then(|| IncidentView::without_places(&self.incident, side)),
            Some((told, at)) if is_taken && told.acknowledged_at.is_none() => {
                Some(told.clone().taken(&self.incident, now.since_ms(*at) / 1_000))
            }
            Some(_) => None,
        }
    }

    fn whole(&self, app: &App, side: Side) -> IncidentView {
        concerned_view(app, side, &self.incident, self.trip.as_ref())
    }
}

impl Feed {
    /// Takes alarms that were raised or changed, and what became of the trips of all.
    pub(super) fn take_alarms(&mut self, incidents: Vec<Incident>, changes: &mut Changes, now: Timestamp) {
        for alarm in self.alarms.values_mut() {
            let trip = alarm.incident.trip;
            for row in changes.trips.iter().filter(|row| trip == Some(row.trip.id)) {
                alarm.learn(row);
                // With the end of its trip an alarm that was taken loses its places.
                alarm.is_new |= row.trip.phase.is_end();
            }
        }
        for incident in incidents {
            let id = incident.id;
            let known = self.alarms.remove(&id).map(|known| (known.trip, known.heard, known.said));
            let (trip, heard, said) = known.unwrap_or_default();
            let mut alarm = Alarm { heard, said, ..Alarm::shown(incident, trip) };
            let crewed = alarm.incident.trip.and_then(|trip| self.crewed.get(&trip));
            for row in crewed.into_iter().chain(&changes.trips) {
                alarm.learn(row);
            }
            (alarm.told, alarm.told_at) = (newest(&self.app, alarm.incident.raised_by), now);
            self.alarms.insert(id, alarm);
            changes.alarms.push((id, Why::News));
        }
    }

    /// Alarms of which there is something to tell beside those that changed on the record: where the device has gone, at most once a
    /// second, and what is owed of them, which comes first.
    pub(super) fn follow_alarms(&mut self, changes: &mut Changes, now: Timestamp) {
        self.alarms.retain(|_, alarm| is_followed(&alarm.incident, now));
        let (mut owed, mut others) = (Vec::new(), Vec::new());
        for (id, alarm) in &mut self.alarms {
            let may_move = now.since_ms(alarm.told_at).abs() >= FOLLOW_EVERY_MS && follows_device(&alarm.incident, now);
            let last = newest(&self.app, alarm.incident.raised_by).filter(|_| may_move);
            let moved = last.is_some() && last != alarm.told;
            let is_news = std::mem::take(&mut alarm.is_new) || moved;
            if is_news {
                (alarm.told, alarm.told_at) = (last.or(alarm.told), now);
            }
            let why = if is_news { Why::News } else { Why::Owed };
            match (alarm.owed.is_empty(), why) {
                (false, _) => owed.push((*id, why)),
                (true, Why::News) => others.push((*id, why)),
                (true, Why::Owed) => {}
            }
        }
        changes.alarms.extend(owed.into_iter().chain(others));
    }

    /// While the record does not answer: the same, as far as nothing of it is needed for that. The rest stays owed.
    pub(super) async fn tell_alarms_as_known(&mut self) {
        let mut changes = Changes::default();
        self.follow_alarms(&mut changes, self.app.env.now());
        let mut is_anything = false;
        for (side, seats) in self.in_turn(by_side(self.app.hub.peek_consoles())) {
            let incidents = self.tell_alarms(side, &changes.alarms, Instant::now()).await;
            is_anything |= !incidents.is_empty();
            self.send(side, seats, &[Vec::new(), incidents, Vec::new()]);
        }
        // What is told without the mark takes it off.
        if is_anything && self.is_told_behind {
            self.tell_behind(true);
        }
    }

    /// The sides as they are told in a round, which waits once for all of them: the centre first, to which every alarm belongs, then
    /// whoever was left short before. Those that are here no more are owed nothing: who comes reads the picture anew.
    pub(super) fn in_turn(&mut self, sides: BTreeMap<Side, Vec<Seat>>) -> Vec<(Side, Vec<Seat>)> {
        for alarm in self.alarms.values_mut() {
            alarm.owed.retain(|side| sides.contains_key(side));
        }
        self.lookups.retain(|(id, side), _| self.alarms.contains_key(id) && sides.contains_key(side));
        let is_owed = |side: &Side| self.alarms.values().any(|alarm| alarm.owed.contains(side));
        let mut turns: Vec<_> = sides.into_iter().collect();
        turns.sort_by_cached_key(|(side, _)| (side.is_some(), !is_owed(side)));
        turns
    }

    /// What the side is told of the alarms now.
    pub(super) async fn tell_alarms(&mut self, side: Side, due: &[(IncidentId, Why)], until: Instant) -> Vec<Arc<str>> {
        let mut told = Vec::new();
        for (id, why) in due {
            let is_due = |alarm: &Alarm| *why == Why::News || alarm.owed.contains(&side);
            if !self.alarms.get(id).is_some_and(is_due) {
                continue;
            }
            let concerns = self.concerns(side, *id, until).await;
            let Some(alarm) = self.alarms.get_mut(id) else { continue };
            let now = self.app.env.now();
            let view = match concerns {
                Some(true) => Some(alarm.whole(&self.app, side)),
                Some(false) => Some(IncidentView::without_places(&alarm.incident, side)),
                // To the centre every alarm belongs, and where the device was and is needs no reading.
                None if alarm.concerns_as_read(side, &self.roster) == Some(true) => {
                    Some(alarm.whole(&self.app, side)).filter(|_| *why == Why::News)
                }
                None => alarm.as_heard(side, now),
            };
            if concerns.is_some() {
                alarm.owed.remove(&side);
            } else {
                alarm.owed.insert(side);
            }
            told.extend(view.as_ref().map(text));
            if let Some(view) = view {
                alarm.heard.insert(side, (view, now));
            }
        }
        told
    }

    /// Whether the alarm concerns the side; `None` while the record does not say. It is asked for one at a time once a round may wait
    /// no more, and what it says late is taken in a later round.
    async fn concerns(&mut self, side: Side, id: IncidentId, until: Instant) -> Option<bool> {
        let (key, alarm) = ((id, side), self.alarms.get_mut(&id)?);
        if let Some(known) = alarm.concerns_as_known(side) {
            self.lookups.remove(&key);
            return Some(known);
        }
        if !self.lookups.contains_key(&key) && Instant::now() >= until {
            return None;
        }
        let (app, incident) = (Arc::clone(&self.app), alarm.incident.clone());
        let look_up = || tokio::spawn(async move { concern(&app, side, &incident).await });
        let done = timeout_at(until, self.lookups.entry(key).or_insert_with(look_up)).await.ok()?;
        self.lookups.remove(&key);
        match done {
            Ok(read) => {
                let (concerns, trip) = read.ok()?;
                if let Some(trip) = &trip {
                    alarm.learn(trip);
                }
                alarm.said.insert(side, (concerns, trip.map(|row| row.change_no)));
                Some(concerns)
            }
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            // The runtime ends.
            Err(_) => None,
        }
    }
}

/// The order of the newest place that an alarm shows of a device, believed or not.
fn newest(app: &App, account: AccountId) -> Option<(u32, u32)> {
    let order = |fix: Fix| (fix.session_epoch, fix.seq);
    let doubted = app.ingest.people.doubted(account).map(|(fix, _)| order(fix));
    app.sight.places.last_fix(account).map(order).max(doubted)
}
