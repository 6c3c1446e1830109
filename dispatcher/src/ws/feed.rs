//! Owns the live picture: changed trips, alarms and staff to the consoles as they are committed, moved people 4 times a second,
//! and crew positions once a second to the phones of a trip. A console that has said what its screen shows is told of that
//! (`screens`), any other of everybody. Each audience's frame is made once and shared by its sockets; with nobody connected the
//! task sleeps.

mod screens;

use super::area::{Shown, Side};
use super::hub::Seat;
use super::outbox::gone;
use super::screen::Tier;
use crate::engine::roster::RosterView;
use crate::http::App;
use crate::http::console::{incident_view, is_own};
use crate::http::sight::Moved;
use crate::http::trips::{mode_of, supervisor_view};
use crate::record::{Incident, Member, RecordError, RosterEntry, TripRow};
use crate::telemetry;
use crate::view::incident::{FOLLOWED_S, follows_device, is_followed};
use crate::view::map::{CrewAt, Person};
use crate::view::people::Duty;
use crate::view::trip::{is_crewed, is_of_agency};
use crate::view::{EtaView, IncidentView, StaffRow};
use axum::extract::ws::Utf8Bytes;
use geo::Fix;
use matcher::model::{AccountId, AgencyId, IncidentId, Timestamp, TripId};
use matcher::policy::limits::FIX_AGE_MS_MAX;
use screens::{Looking, Screens};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};

/// Between two map frames.
const TICK: Duration = Duration::from_millis(250);
/// Ticks between two looks at the crews' phones.
const CREW_TICKS: u64 = 4;
/// Between two tellings of where the device of an alarm is, ms.
const FOLLOW_EVERY_MS: i64 = 1_000;
/// What a console that fell behind is sent before the whole picture.
const GAP_FRAME: &str = r#"{"t":"map","n":0,"people":[],"gone":[]}"#;
/// Changes are gathered this long after a commit.
const GATHER: Duration = Duration::from_millis(20);
/// How long the map waits for the record in a round. What is being read then is read on beside it.
const READ_WAIT: Duration = Duration::from_millis(100);
/// Ticks for which the record has not answered before the consoles are told, and between two tellings.
const BEHIND_TICKS: u64 = 4;
/// Rows read at a time.
const ROWS_PER_READ: u32 = 500;
/// Moves read at a time, and most reads in a tick.
const MOVES_PER_READ: usize = 1_024;
const READS_PER_TICK: usize = 32;
/// Largest frame, bytes, with room for its head.
const FRAME_BYTES_MAX: usize = 15 * 1024;
/// After the task slept, changes at most this old are told again: a console may have read its picture just before, ms.
const OVERLAP_MS: i64 = 10_000;
/// The first number of an audience's frames: a whole picture is numbered backwards from where the frames stand.
const FIRST_N: i64 = 100_000;

/// The same for a console with a screen, whose map is numbered apart.
const SCREEN_GAP_FRAME: &str = r#"{"t":"console","n":0,"trips":[],"incidents":[],"staff":[]}"#;

/// A list in a frame, and its items.
type Part<'a> = (&'static str, &'a [Arc<str>]);

/// How a frame begins.
#[derive(Clone, Copy)]
struct Head {
    t: &'static str,
    /// Of what a screen shows.
    tier: Option<Tier>,
    /// The first frame says that all that was told before is to be forgotten, and is sent even if there is nothing to tell.
    whole: bool,
}

impl Head {
    const fn of(t: &'static str) -> Self {
        Self { t, tier: None, whole: false }
    }
}

struct Feed {
    app: Arc<App>,
    trips_after: i64,
    incidents_after: i64,
    moved_after: u64,
    crewed: HashMap<TripId, TripRow>,
    alarms: HashMap<IncidentId, Followed>,
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
    /// What is being read of the record.
    reading: Option<JoinHandle<Result<Read, RecordError>>>,
    /// How long a round waits for that: [`READ_WAIT`].
    read_wait: Duration,
    /// Ticks since the record was last read, and whether the consoles know.
    behind: u64,
    is_told_behind: bool,
}

/// How far a telling came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// All that is on the record.
    All,
    /// The record has not answered yet.
    Behind,
}

/// What was read of the record.
struct Read {
    /// Where everything was to be read, not only what changed.
    begun: Option<Begun>,
    trips: Vec<TripRow>,
    incidents: Vec<Incident>,
    roster: Arc<RosterView>,
}

/// The state after the feed slept, and from where on changes are read.
struct Begun {
    open: Vec<TripRow>,
    shown: Vec<Incident>,
    trips_after: i64,
    incidents_after: i64,
}

/// An alarm whose device is followed, and which of its fixes the consoles have been told.
struct Followed {
    incident: Incident,
    told: Option<(u32, u32)>,
    told_at: Timestamp,
    /// Some console was told less than it may see.
    owed: bool,
}

/// What changed since the last frame.
#[derive(Default)]
struct Changes {
    trips: Vec<TripRow>,
    /// Of which the watch sees something else, and the companies that see it; the centre does.
    watched: Vec<(TripRow, BTreeSet<AgencyId>)>,
    incidents: Vec<Incident>,
    staff: Vec<AccountId>,
    /// Who is of the staff no more, as last seen at work.
    left: Vec<StaffRow>,
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
                feed.tell_changes().await
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
            roster: Arc::default(),
            staff: HashMap::new(),
            duties: HashMap::new(),
            mapped: Arc::default(),
            numbers: HashMap::new(),
            screens: Screens::default(),
            aged: HashSet::new(),
            awake: false,
            ticks: 0,
            reading: None,
            read_wait: READ_WAIT,
            behind: 0,
            is_told_behind: false,
        }
    }

    /// Nobody is told anything: what is being read now would be of no use then.
    fn sleep(&mut self) {
        (self.awake, self.reading) = (false, None);
        (self.behind, self.is_told_behind) = (0, false);
    }

    async fn tick(&mut self) -> Result<Told, RecordError> {
        let begun = Instant::now();
        self.ticks += 1;
        self.behind += 1;
        let told = self.tell_changes().await;
        if self.behind > 0 && self.behind.is_multiple_of(BEHIND_TICKS) {
            self.tell_behind(true);
        }
        // Whoever moves is told of while the record cannot be read, too; not before it was read once, which says who works for whom.
        if self.awake {
            self.tell_moves();
        }
        if matches!(told, Ok(Told::All)) && self.ticks.is_multiple_of(CREW_TICKS) {
            self.tell_crews().await;
        }
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
        for (side, seats) in by_side(consoles) {
            let ([trips, incidents, staff], owed) = self.parts_for(side, &changes).await;
            for id in owed {
                if let Some(alarm) = self.alarms.get_mut(&id) {
                    alarm.owed = true;
                }
            }
            // What they are told beside it differs, and so do the numbers.
            let (with_screen, plain): (Vec<Seat>, Vec<Seat>) = seats.into_iter().partition(Seat::has_screen);
            for (seats, has_screen) in [(plain, false), (with_screen, true)] {
                if seats.is_empty() {
                    continue;
                }
                let number = self.numbers.entry((side, has_screen)).or_insert(FIRST_N);
                let parts = [("trips", &trips[..]), ("incidents", &incidents), ("staff", &staff)];
                for frame in frames(Head::of("console"), &parts, number) {
                    for seat in &seats {
                        seat.mailbox.push_frame(frame.clone());
                    }
                }
            }
        }
        Ok(Told::All)
    }

    /// What has changed on the record, or all of it after the feed slept; `None` while it does not answer. It is asked once at a time, and
    /// what it says late is taken late.
    async fn read(&mut self) -> Result<Option<Read>, RecordError> {
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
    fn take(&mut self, read: Read) -> Changes {
        let (app, now) = (Arc::clone(&self.app), self.app.env.now());
        let Read { begun, trips, incidents, roster } = read;
        if let Some(begun) = begun {
            self.wake(begun, &roster, now);
        }
        let mut changes = Changes::default();
        for row in trips {
            self.trips_after = self.trips_after.max(row.change_no);
            if is_crewed(row.trip.phase) {
                self.crewed.insert(row.trip.id, row.clone());
            } else {
                self.crewed.remove(&row.trip.id);
            }
            changes.trips.push(row);
        }
        // With the end of its trip an alarm that was taken loses its places.
        let over = |trip: TripId| changes.trips.iter().any(|row| row.trip.id == trip && row.trip.phase.is_end());
        for alarm in self.alarms.values_mut() {
            alarm.owed |= alarm.incident.trip.is_some_and(over);
        }
        for incident in incidents {
            self.incidents_after = incident.change_no;
            let told = newest(&app, incident.raised_by);
            let followed = Followed { incident: incident.clone(), told, told_at: now, owed: false };
            self.alarms.insert(incident.id, followed);
            changes.incidents.push(incident);
        }
        // Shifts end by the clock too, without a change on the record.
        if !Arc::ptr_eq(&roster, &self.roster) || self.staff.is_empty() || self.ticks.is_multiple_of(CREW_TICKS) {
            self.roster = roster;
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
        let Begun { open, shown, trips_after, incidents_after } = begun;
        self.crewed = open.into_iter().filter(|r| is_crewed(r.trip.phase)).map(|r| (r.trip.id, r)).collect();
        (self.trips_after, self.incidents_after) = (trips_after, incidents_after);
        let followed = |incident: Incident| Followed { incident, told: None, told_at: Timestamp(0), owed: false };
        self.alarms = shown.into_iter().map(|incident| (incident.id, followed(incident))).collect();
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

    /// Alarms that are owed, and those whose device has moved since it was told, each at most once a second.
    fn follow_alarms(&mut self, changes: &mut Changes, now: Timestamp) {
        let app = Arc::clone(&self.app);
        self.alarms.retain(|_, alarm| is_followed(&alarm.incident, now));
        for alarm in self.alarms.values_mut() {
            let may_move = now.since_ms(alarm.told_at).abs() >= FOLLOW_EVERY_MS && follows_device(&alarm.incident, now);
            let last = newest(&app, alarm.incident.raised_by).filter(|_| may_move);
            let moved = last.is_some() && last != alarm.told;
            if moved || alarm.owed {
                alarm.owed = false;
                alarm.told = last.or(alarm.told);
                alarm.told_at = now;
                changes.incidents.push(alarm.incident.clone());
            }
        }
    }

    /// What the side is told, and the alarms it was told less of than it may see.
    async fn parts_for(&self, side: Side, changes: &Changes) -> ([Vec<Arc<str>>; 3], Vec<IncidentId>) {
        let seen = |row: &&TripRow| side.is_none_or(|agency| is_of_agency(row, agency));
        let watched = changes.watched.iter().filter(|(_, companies)| side.is_none_or(|own| companies.contains(&own)));
        let trips = changes
            .trips
            .iter()
            .chain(watched.map(|(row, _)| row))
            .filter(seen)
            .map(|row| text(&supervisor_view(&self.app, row, side)))
            .collect();
        let (mut incidents, mut owed) = (Vec::new(), Vec::new());
        let until = Instant::now() + self.read_wait;
        for incident in &changes.incidents {
            // An alarm rings now, whatever else cannot be read; the rest is told when it can be.
            let whole = timeout_at(until, incident_view(&self.app, side, incident)).await;
            let view = whole.ok().and_then(Result::ok).unwrap_or_else(|| {
                owed.push(incident.id);
                IncidentView::without_places(incident, side)
            });
            incidents.push(text(&view));
        }
        let own = |id: &&AccountId| self.roster.by_id.get(id).is_some_and(|e| is_own(e, side));
        let staff = changes.staff.iter().filter(own).filter_map(|id| self.staff.get(id));
        let left = changes.left.iter().filter(|row| side.is_none_or(|agency| row.agency == agency.0));
        let staff = staff.chain(left).map(text).collect();
        ([trips, incidents, staff], owed)
    }

    /// Tells the consoles that the map goes on by what was known, again and again, for some of them may be new; or that it no longer does.
    fn tell_behind(&mut self, is_behind: bool) {
        if is_behind && !self.is_told_behind {
            tracing::warn!("the record does not answer; the live picture goes on by what was read before");
        }
        self.is_told_behind = is_behind;
        for (side, seats) in by_side(self.app.hub.peek_consoles()) {
            let (with_screen, plain): (Vec<Seat>, Vec<Seat>) = seats.into_iter().partition(Seat::has_screen);
            for (seats, has_screen) in [(plain, false), (with_screen, true)] {
                if seats.is_empty() {
                    continue;
                }
                let number = self.numbers.entry((side, has_screen)).or_insert(FIRST_N);
                *number += 1;
                let lists = r#""trips":[],"incidents":[],"staff":[]"#;
                let frame = format!(r#"{{"t":"console","n":{number},{lists},"behind":{is_behind}}}"#);
                let frame = Utf8Bytes::from(frame);
                for seat in &seats {
                    seat.mailbox.push_frame(frame.clone());
                }
            }
        }
    }

    /// Sends who moved or changed to the consoles.
    fn tell_moves(&mut self) {
        let moved = self.read_moves();
        let now = self.app.env.now();
        let before = std::mem::replace(&mut self.duties, duties_of(&self.roster, now));
        let mapped = std::mem::replace(&mut self.mapped, Arc::clone(&self.roster));
        let mut aged = std::mem::take(&mut self.aged);
        let consoles = self.app.hub.peek_consoles();
        if consoles.is_empty() {
            self.screens.rest();
            return;
        }
        self.greet(now);
        aged.extend(self.app.watch.take_aged());
        let mut changed: HashMap<AccountId, Option<Fix>> = moved.iter().map(|m| (m.staff, Some(m.fix))).collect();
        for (id, duty) in &self.duties {
            if before.get(id) != Some(duty) {
                changed.entry(*id).or_insert(None);
            }
        }
        for id in &aged {
            changed.entry(*id).or_insert(None);
        }
        // Who is of the staff no more is on the new roster's map nowhere, and on the consoles' until it is told.
        let at_work = |id: &AccountId| before.get(id).is_some_and(|duty| *duty != Duty::OffShift);
        let left = mapped.by_id.iter().filter(|(id, _)| !self.roster.by_id.contains_key(id) && at_work(id));
        let left: Vec<&RosterEntry> = left.map(|(_, entry)| entry).collect();
        // So is whoever is at work and was silent for so long that nobody knows where.
        let roster = Arc::clone(&self.roster);
        let is_nowhere = |id: &&AccountId| at_work(id) && self.app.sight.places.last_fix(**id).is_none();
        let forgotten: Vec<&RosterEntry> =
            aged.iter().filter(is_nowhere).filter_map(|id| roster.by_id.get(id)).collect();
        let (looking, plain) = by_look(consoles);
        for (side, seats) in by_side(plain) {
            let [mut people, mut gone] = [Vec::new(), Vec::new()];
            for (id, fix) in &changed {
                self.sort_in(&mut people, &mut gone, side, *id, *fix, &before, now);
            }
            let numbers =
                left.iter().chain(&forgotten).filter(|entry| is_own(entry, side)).map(|entry| number_of(entry));
            gone.extend(numbers);
            let number = self.numbers.entry((side, false)).or_insert(FIRST_N);
            for frame in frames(Head::of("map"), &[("people", &people), ("gone", &gone)], number) {
                for seat in &seats {
                    seat.mailbox.push_frame(frame.clone());
                }
            }
        }
        let changed = changed.into_iter().chain(left.iter().map(|entry| (entry.staff.id, None)));
        self.tell_screens(&looking, changed.collect(), now);
    }

    /// Keeps the screens' map up to date, while there is one, and tells them.
    fn tell_screens(&mut self, looking: &[Looking], changed: Vec<(AccountId, Option<Fix>)>, now: Timestamp) {
        if looking.is_empty() {
            self.screens.rest();
            return;
        }
        let changed =
            if self.screens.is_resting() { self.roster.by_id.keys().map(|id| (*id, None)).collect() } else { changed };
        let shown: Vec<_> = changed.into_iter().map(|(id, fix)| (id, self.shown(id, fix, now))).collect();
        self.screens.put(shown);
        self.screens.tell(looking, now);
    }

    /// Somebody on the map: at work, and known where.
    fn shown(&self, id: AccountId, fix: Option<Fix>, now: Timestamp) -> Option<Shown> {
        let entry = self.roster.by_id.get(&id)?;
        let duty = self.duties.get(&id).copied().filter(|duty| *duty != Duty::OffShift)?;
        let fix = fix.or_else(|| self.app.sight.places.last_fix(id))?;
        let silent = now.0 - fix.taken_at_ms > FIX_AGE_MS_MAX;
        Some(Shown { no: entry.staff.no, agency: entry.staff.agency, fix, duty, silent })
    }

    /// A whole picture for consoles that are new or fell behind, before anything else is sent to them. Those with a screen are
    /// told that they fell behind, and are owed the picture of their screen.
    fn greet(&self, now: Timestamp) {
        let (consoles, fresh) = self.app.hub.consoles();
        let behind: Vec<Seat> = consoles.into_iter().filter(|s| s.mailbox.take_behind()).collect();
        for (seats, fell_behind) in [(fresh, false), (behind, true)] {
            let (with_screen, plain): (Vec<Seat>, Vec<Seat>) = seats.into_iter().partition(Seat::has_screen);
            for seat in with_screen.iter().filter(|_| fell_behind) {
                seat.mailbox.push_gap(Utf8Bytes::from_static(SCREEN_GAP_FRAME));
                seat.owe_screen();
            }
            for (side, seats) in by_side(plain) {
                let at = self.numbers.get(&(side, false)).copied().unwrap_or(FIRST_N);
                self.tell_whole(side, at, &seats, fell_behind, now);
            }
        }
    }

    /// Everybody's place, numbered so that its last frame bears the audience's present number. A console that fell behind is
    /// first shown a number that follows none: whatever it has seen, it sees a gap and fetches what was dropped.
    fn tell_whole(&self, side: Side, at: i64, seats: &[Seat], fell_behind: bool, now: Timestamp) {
        let [mut people, mut gone] = [Vec::new(), Vec::new()];
        for id in self.roster.by_id.keys() {
            self.sort_in(&mut people, &mut gone, side, *id, None, &HashMap::new(), now);
        }
        let parts = [("people", &people[..]), ("gone", &gone)];
        let many = frames(Head::of("map"), &parts, &mut 0).len() as i64;
        let mut whole = frames(Head::of("map"), &parts, &mut (at - many));
        if fell_behind {
            whole.insert(0, Utf8Bytes::from_static(GAP_FRAME));
        }
        for seat in seats {
            seat.mailbox.push_whole(&whole);
        }
    }

    /// One person's row in the frame of a side: a place for those at work, `gone` for those who just left it.
    #[expect(clippy::too_many_arguments, reason = "two lists, whose side, and one person in three respects")]
    fn sort_in(
        &self,
        people: &mut Vec<Arc<str>>,
        gone: &mut Vec<Arc<str>>,
        side: Side,
        id: AccountId,
        fix: Option<Fix>,
        before: &HashMap<AccountId, Duty>,
        now: Timestamp,
    ) {
        let Some(entry) = self.roster.by_id.get(&id).filter(|e| is_own(e, side)) else { return };
        let duty = self.duties.get(&id).copied().unwrap_or(Duty::OffShift);
        if duty == Duty::OffShift {
            if before.get(&id).is_some_and(|was| *was != Duty::OffShift) {
                gone.push(number_of(entry));
            }
        } else if let Some(fix) = fix.or_else(|| self.app.sight.places.last_fix(id)) {
            people.push(text(&Person::of(entry.staff.no, &fix, duty, now)));
        }
    }

    fn read_moves(&mut self) -> Vec<Moved> {
        let mut all = Vec::new();
        for _ in 0..READS_PER_TICK {
            let (cursor, moved) = self.app.sight.places.moved_since(self.moved_after, MOVES_PER_READ);
            self.moved_after = cursor;
            let full = moved.len() == MOVES_PER_READ;
            all.extend(moved);
            if !full {
                break;
            }
        }
        all
    }

    /// Crew positions to the phones of each trip that somebody follows; road searches leave the async threads.
    async fn tell_crews(&mut self) {
        let hub = &self.app.hub;
        let followed: Vec<TripRow> =
            self.crewed.values().filter(|row| phones_of(row).any(|id| hub.phone(id).is_some())).cloned().collect();
        if followed.is_empty() {
            return;
        }
        let app = Arc::clone(&self.app);
        let texts = tokio::task::spawn_blocking(move || {
            followed.into_iter().map(|row| (crew_at(&app, &row), row)).collect::<Vec<_>>()
        })
        .await
        .unwrap_or_default();
        // Meanwhile a trip may have ended, or lost a member, whose phone is not to learn where the others are.
        let since = self.app.record.trips_changed_after(self.trips_after, ROWS_PER_READ);
        let Ok(Ok(since)) = timeout(self.read_wait, since).await else { return };
        if since.len() == ROWS_PER_READ as usize {
            return;
        }
        let same = |row: &TripRow| since.iter().all(|changed| changed.trip.id != row.trip.id);
        for (text, row) in texts.into_iter().filter(|(_, row)| same(row)) {
            for mailbox in phones_of(&row).filter_map(|id| self.app.hub.phone(id)) {
                mailbox.put_latest(row.trip.id, text.clone());
            }
        }
    }
}

/// Reads what changed on the record after these numbers; or everything, as by one who has slept since them.
async fn read(app: Arc<App>, after: (i64, i64), is_all: bool) -> Result<Read, RecordError> {
    let now = app.env.now();
    let (mut trips_after, mut incidents_after) = after;
    let mut begun = None;
    if is_all {
        let open = app.record.open_trips().await?;
        // Rows changed shortly before are read again, and told again: harmless, and a gap would not be.
        let passed = app.record.last_trip_change_before(now.plus_s(-OVERLAP_MS / 1_000)).await?;
        trips_after = trips_after.max(passed);
        incidents_after = skip_old_incidents(&app, incidents_after, now).await?;
        let shown = app.record.incidents_shown(now.plus_s(-FOLLOWED_S)).await?;
        begun = Some(Begun { open, shown, trips_after, incidents_after });
    }
    let mut trips = Vec::new();
    loop {
        let rows = app.record.trips_changed_after(trips_after, ROWS_PER_READ).await?;
        let full = rows.len() == ROWS_PER_READ as usize;
        trips_after = rows.iter().map(|row| row.change_no).fold(trips_after, i64::max);
        trips.extend(rows);
        if !full {
            break;
        }
    }
    let mut incidents = Vec::new();
    loop {
        let changed = app.record.incidents_changed_after(incidents_after).await?;
        let Some(last) = changed.last() else { break };
        incidents_after = last.change_no;
        incidents.extend(changed);
    }
    let roster = app.roster.refresh(&app.record, now).await?;
    Ok(Read { begun, trips, incidents, roster })
}

/// Passes over what changed long ago; returns the number to go on from.
async fn skip_old_incidents(app: &App, mut after: i64, now: Timestamp) -> Result<i64, RecordError> {
    let changed_at = |i: &Incident| i.acknowledged_at.unwrap_or(i.raised_at);
    loop {
        let incidents = app.record.incidents_changed_after(after).await?;
        let old = incidents.iter().take_while(|i| now.since_ms(changed_at(i)) > OVERLAP_MS).last();
        let Some(old) = old else { return Ok(after) };
        after = old.change_no;
    }
}

/// The order of the newest place that an alarm shows of a device, believed or not.
fn newest(app: &App, account: AccountId) -> Option<(u32, u32)> {
    let order = |fix: Fix| (fix.session_epoch, fix.seq);
    let doubted = app.ingest.people.doubted(account).map(|(fix, _)| order(fix));
    app.sight.places.last_fix(account).map(order).max(doubted)
}

fn phones_of(row: &TripRow) -> impl Iterator<Item = AccountId> + '_ {
    // Who is still with another rider is not to learn from their partner where this one waits.
    let crew = row.crew.iter().filter(|m| m.after.is_none()).map(|m| m.offer.staff);
    std::iter::once(row.trip.rider).chain(crew)
}

fn crew_at(app: &App, row: &TripRow) -> Utf8Bytes {
    #[derive(Serialize)]
    struct Body {
        t: &'static str,
        trip: uuid::Uuid,
        crew: Vec<CrewAt>,
        /// Where these are is another rider's way.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        later: Vec<Later>,
    }
    #[derive(Serialize)]
    struct Later {
        no: u32,
        #[serde(flatten)]
        eta: EtaView,
    }
    let now = app.env.now();
    let eta = |member: &Member| app.sight.eta(row, member, mode_of(app, member.offer.staff), now);
    let (here, later): (Vec<&Member>, Vec<&Member>) = row.crew.iter().partition(|member| member.after.is_none());
    let crew = here.into_iter().filter_map(|member| {
        let staff = member.offer.staff;
        let fix = app.sight.places.last_fix(staff)?;
        Some(CrewAt::of(member.no, &fix, eta(member), now))
    });
    let later = later.into_iter().map(|member| Later { no: member.no, eta: eta(member) });
    let body = Body { t: "crew_at", trip: row.trip.id.0, crew: crew.collect(), later: later.collect() };
    serde_json::to_string(&body).expect("views serialise").into()
}

fn by_side(seats: Vec<Seat>) -> BTreeMap<Side, Vec<Seat>> {
    let mut sides: BTreeMap<Side, Vec<Seat>> = BTreeMap::new();
    for seat in seats {
        sides.entry(seat.side()).or_default().push(seat);
    }
    sides
}

fn rows_of(app: &App, roster: &RosterView, now: Timestamp) -> HashMap<AccountId, StaffRow> {
    let row = |id: &AccountId, entry| StaffRow::of(entry, app.ingest.people.refused(*id), app.watch.age(*id), now);
    roster.by_id.iter().map(|(id, entry)| (*id, row(id, entry))).collect()
}

fn duties_of(roster: &RosterView, now: Timestamp) -> HashMap<AccountId, Duty> {
    roster.by_id.iter().map(|(id, entry)| (*id, Duty::of(entry, now))).collect()
}

/// Consoles with a screen, and those without. What a screen shows and whether it is new to that are taken in one look.
fn by_look(consoles: Vec<Seat>) -> (Vec<Looking>, Vec<Seat>) {
    let (mut looking, mut plain) = (Vec::new(), Vec::new());
    for seat in consoles {
        match seat.take_look() {
            Some((screen, is_new)) => looking.push(Looking { audience: (seat.side(), screen), seat, is_new }),
            None => plain.push(seat),
        }
    }
    (looking, plain)
}

fn number_of(entry: &RosterEntry) -> Arc<str> {
    entry.staff.no.to_string().into()
}

fn text(body: &impl Serialize) -> Arc<str> {
    serde_json::to_string(body).expect("views serialise").into()
}

/// Packs the items into frames below the limit, each with every part and the next number. No items, no frame, unless the head
/// says that all before is to be forgotten.
fn frames(head: Head, parts: &[Part<'_>], number: &mut i64) -> Vec<Utf8Bytes> {
    let mut items =
        parts.iter().enumerate().flat_map(|(nth, (_, items))| items.iter().map(move |i| (nth, i))).peekable();
    let mut made = Vec::new();
    while items.peek().is_some() || (head.whole && made.is_empty()) {
        let mut lists = vec![String::new(); parts.len()];
        let mut bytes = 0;
        while let Some((nth, item)) = items.next_if(|(_, item)| bytes == 0 || bytes + item.len() < FRAME_BYTES_MAX) {
            if !lists[nth].is_empty() {
                lists[nth].push(',');
            }
            lists[nth].push_str(item);
            bytes += item.len() + 1;
        }
        *number += 1;
        let mut frame = format!(r#"{{"t":"{}","n":{number}"#, head.t);
        if let Some(tier) = head.tier {
            let whole = head.whole && made.is_empty();
            let _ = write!(frame, r#","tier":"{}","whole":{whole}"#, tier.word());
        }
        for ((name, _), list) in parts.iter().zip(&lists) {
            let _ = write!(frame, r#","{name}":[{list}]"#);
        }
        frame.push('}');
        made.push(frame.into());
    }
    made
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
