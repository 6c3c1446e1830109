//! Owns the live picture: changed trips, alarms and staff to the consoles as they are committed (`changes`, `alarms`), moved people 4
//! times a second (`moves`), and crew positions once a second to the phones of a trip (`crews`). A console that has said what its screen
//! shows is told of that (`screens`), any other of everybody. Each audience's frame is made once and shared by its sockets; with nobody
//! connected the task sleeps.

mod alarms;
mod changes;
mod crews;
mod cut_off;
mod frames;
mod marks;
mod moves;
mod screens;

use super::area::Side;
use super::hub::Seat;
use super::outbox::gone;
use crate::engine::roster::RosterView;
use crate::http::App;
use crate::http::console::is_own;
use crate::http::trips::supervisor_view;
use crate::record::{RecordError, TripRow};
use crate::telemetry;
use crate::view::StaffRow;
use crate::view::people::Duty;
use crate::view::trip::is_of_agency;
use alarms::{Alarm, Lookup};
use changes::{Changes, Read};
use crews::Crews;
use frames::{FIRST_N, Head, frames, text};
use matcher::model::{AccountId, IncidentId, TripId};
use screens::Screens;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Between two map frames.
const TICK: Duration = Duration::from_millis(250);
/// Ticks from when the crews' phones were told, or the staff was looked at by the clock, until that is due again.
const CREW_TICKS: u64 = 4;
/// Changes are gathered this long after a commit.
const GATHER: Duration = Duration::from_millis(20);
/// How long the map waits for the record in a round for what changed, and once more for whom the alarms concern. What is being read then
/// is read on beside it.
const READ_WAIT: Duration = Duration::from_millis(100);
/// Ticks for which the record has not answered before the consoles are told, and between two tellings.
const BEHIND_TICKS: u64 = 4;

struct Feed {
    app: Arc<App>,
    trips_after: i64,
    incidents_after: i64,
    moved_after: u64,
    crewed: HashMap<TripId, TripRow>,
    alarms: HashMap<IncidentId, Alarm>,
    /// What is being read of alarms.
    lookups: HashMap<(IncidentId, Side), Lookup>,
    roster: Arc<RosterView>,
    staff: HashMap<AccountId, StaffRow>,
    duties: HashMap<AccountId, Duty>,
    /// The roster that the duties were read from.
    mapped: Arc<RosterView>,
    /// Of the consoles without a screen and of those with one.
    numbers: HashMap<(Side, bool), i64>,
    screens: Screens,
    /// Whose last fix has become too old, or young again, since the map was told.
    aged: HashSet<AccountId>,
    awake: bool,
    ticks: u64,
    /// At which tick the staff was looked at last.
    staff_at: u64,
    crews: Crews,
    /// At which tick the watch was told last who is cut off.
    cut_off_at: u64,
    /// What is being read of the record.
    reading: Option<JoinHandle<Result<Read, RecordError>>>,
    /// How long a round waits for that: [`READ_WAIT`].
    read_wait: Duration,
    /// Ticks since the record was last read, all of it, and whether the consoles know.
    behind: u64,
    is_told_behind: bool,
    unreadable: marks::Unreadable,
}

/// How far a telling came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// All that is on the record.
    All,
    /// The record has not answered yet.
    Behind,
}

/// Runs the feed until the server has drained.
pub async fn run(app: Arc<App>) {
    let mut commits = app.record.commits();
    let mut feed = Feed::new(Arc::clone(&app));
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if app.hub.is_empty() {
            feed.sleep();
            tokio::select! {
                () = app.hub.arrivals.notified() => {}
                () = gone(&app) => return,
            }
        }
        // While the record is away the next tick tries again from the same numbers, or waits on for what was asked.
        let _told = tokio::select! {
            _ = tick.tick() => feed.tick().await,
            changed = commits.changed() => {
                if changed.is_err() { return }
                tokio::time::sleep(GATHER).await;
                let told = feed.tell_changes().await;
                feed.tell_crews_when_due(&told).await;
                told
            }
        };
    }
}

impl Feed {
    fn new(app: Arc<App>) -> Self {
        Self {
            app,
            trips_after: 0,
            incidents_after: 0,
            moved_after: 0,
            crewed: HashMap::new(),
            alarms: HashMap::new(),
            lookups: HashMap::new(),
            roster: Arc::default(),
            staff: HashMap::new(),
            duties: HashMap::new(),
            mapped: Arc::default(),
            numbers: HashMap::new(),
            screens: Screens::default(),
            aged: HashSet::new(),
            awake: false,
            ticks: 0,
            staff_at: 0,
            crews: Crews::default(),
            cut_off_at: 0,
            reading: None,
            read_wait: READ_WAIT,
            behind: 0,
            is_told_behind: false,
            unreadable: marks::Unreadable::default(),
        }
    }

    /// Nobody is told anything: what is being read now would be of no use then.
    fn sleep(&mut self) {
        (self.awake, self.reading) = (false, None);
        (self.behind, self.is_told_behind) = (0, false);
        self.unreadable = marks::Unreadable::default();
        self.lookups.clear();
        self.crews.forget();
    }

    async fn tick(&mut self) -> Result<Told, RecordError> {
        let begun = Instant::now();
        self.ticks += 1;
        self.behind += 1;
        let told = self.tell_changes().await;
        if self.behind > 0 && self.behind.is_multiple_of(BEHIND_TICKS) {
            if !self.is_told_behind {
                let cause = told.as_ref().err().map(tracing::field::display);
                tracing::warn!(cause, "the record cannot be read; the live picture goes on by what was read before");
            }
            self.tell_behind(true);
        }
        // Whoever moves is told of while the record cannot be read, too; not before it was read once, which says who works for whom.
        if self.awake {
            if !matches!(told, Ok(Told::All)) {
                self.tell_alarms_as_known().await;
            }
            self.tell_moves();
            self.tell_unreadable();
        }
        self.tell_crews_when_due(&told).await;
        self.look_for_cut_off_when_due(&told).await;
        metrics::histogram!(telemetry::FEED_TICK_SECONDS).record(begun.elapsed().as_secs_f64());
        told
    }

    /// Sends what was committed since, to consoles as one frame per audience.
    async fn tell_changes(&mut self) -> Result<Told, RecordError> {
        let Some(read) = self.read().await? else { return Ok(Told::Behind) };
        let changes = self.take(read);
        self.behind = 0;
        let consoles = self.app.hub.peek_consoles();
        if consoles.is_empty() {
            self.is_told_behind = false;
            return Ok(Told::All);
        }
        self.greet(self.app.env.now());
        if self.is_told_behind {
            self.tell_behind(false);
        }
        let until = Instant::now() + self.read_wait;
        for (side, seats) in self.in_turn(by_side(consoles)) {
            let parts = self.parts_for(side, &changes, until).await;
            self.send(side, seats, &parts);
        }
        Ok(Told::All)
    }

    /// Trips, alarms and staff to the consoles of a side. What they are told beside it differs with a screen, and so do the numbers.
    fn send(&mut self, side: Side, seats: Vec<Seat>, [trips, incidents, staff]: &[Vec<Arc<str>>; 3]) {
        let (with_screen, plain): (Vec<Seat>, Vec<Seat>) = seats.into_iter().partition(Seat::has_screen);
        for (seats, has_screen) in [(plain, false), (with_screen, true)] {
            if seats.is_empty() {
                continue;
            }
            let number = self.numbers.entry((side, has_screen)).or_insert(FIRST_N);
            let parts = [("trips", &trips[..]), ("incidents", incidents), ("staff", staff)];
            for frame in frames(Head::of("console"), &parts, number) {
                for seat in &seats {
                    seat.mailbox.push_frame(frame.clone());
                }
            }
        }
    }

    /// What the side is told; for whom alarms concern is waited so long.
    async fn parts_for(&mut self, side: Side, changes: &Changes, until: Instant) -> [Vec<Arc<str>>; 3] {
        let incidents = self.tell_alarms(side, &changes.alarms, until).await;
        let seen = |row: &&TripRow| side.is_none_or(|agency| is_of_agency(row, agency));
        let watched = changes.watched.iter().filter(|(_, companies)| side.is_none_or(|own| companies.contains(&own)));
        let trips = changes
            .trips
            .iter()
            .chain(watched.map(|(row, _)| row))
            .filter(seen)
            .map(|row| text(&supervisor_view(&self.app, row, side)))
            .collect();
        let own = |id: &&AccountId| self.roster.by_id.get(id).is_some_and(|e| is_own(e, side));
        let staff = changes.staff.iter().filter(own).filter_map(|id| self.staff.get(id));
        let left = changes.left.iter().filter(|row| side.is_none_or(|agency| row.agency == agency.0));
        let staff = staff.chain(left).map(text).collect();
        [trips, incidents, staff]
    }
}

fn by_side(seats: Vec<Seat>) -> BTreeMap<Side, Vec<Seat>> {
    let mut sides: BTreeMap<Side, Vec<Seat>> = BTreeMap::new();
    for seat in seats {
        sides.entry(seat.side()).or_default().push(seat);
    }
    sides
}

#[cfg(test)]
#[path = "feed_slow_tests.rs"]
mod slow_tests;
#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
#[cfg(test)]
#[path = "feed_unreadable_tests.rs"]
mod unreadable_tests;
