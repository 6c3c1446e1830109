//! Owns what the run has seen: the story of each trip, put together from what riders, phones and supervisors were told, the
//! latencies taken from it, counts and errors. Sends nothing.
//!
//! Only what was meant to happen inside the measured window is measured; properties are checked on everything.

use crate::checkers::early;
use hdrhistogram::Histogram;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// A sampled fix not seen on the map by then is counted as missed.
const MAP_WAIT_MAX: Duration = Duration::from_secs(15);

/// Longest latency the histograms tell apart, microseconds: ten minutes.
const LATENCY_US_MAX: u64 = 600_000_000;

/// The map feed rounds to five decimals, and so does the comparison.
const MAP_SCALE: f64 = 1e5;

/// Counters that sockets raise from many tasks.
#[derive(Debug, Default)]
pub struct Tally {
    /// Fixes sent.
    pub fixes: AtomicU64,
    /// Messages sent and received over sockets.
    pub messages: AtomicU64,
    /// Numbered messages that came twice and were dropped.
    pub repeated: AtomicU64,
    /// Holes in the numbering of phones and riders: something was lost.
    pub seq_gaps: AtomicU64,
    /// Frames a console missed, and read the whole picture for.
    pub console_gaps: AtomicU64,
    /// Trips that followed the present one on a phone.
    pub chained: AtomicU64,
    /// Sockets opened.
    pub opened: AtomicU64,
    /// Sockets open now.
    pub open: AtomicU64,
}

/// A latency distribution.
#[derive(Debug)]
pub struct Latency(Histogram<u64>);

impl Latency {
    fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LATENCY_US_MAX, 3).expect("the bounds are in order"))
    }

    fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LATENCY_US_MAX));
    }

    /// Milliseconds at a quantile 0..=1, zero if nothing was recorded.
    pub fn at_ms(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1000.0
    }

    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.0.len()
    }
}

/// All latencies of a run.
#[derive(Debug)]
pub struct Latencies {
    /// POST of a booking sent → an offer for each slot of the crew received.
    pub booking_to_both_phones: Latency,
    /// The same from when the rider meant to book: includes what this program was late.
    pub intended_to_both_phones: Latency,
    /// POST sent → 201.
    pub booking_to_acknowledged: Latency,
    /// Last offer received → the rider sees `assigned`.
    pub offer_to_assigned: Latency,
    /// Last acceptance sent → the rider sees `assigned`.
    pub accept_to_assigned: Latency,
    /// Fix sent → the same place on a supervisor's map.
    pub position_to_map: Latency,
    /// Fix sent → the server says by the pong after it that it has been taken in.
    pub fix_to_index: Latency,
}

/// Counts of bookings meant inside the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookingCounts {
    /// Acknowledged.
    pub bookings: u64,
    /// Riders who were shown a crew.
    pub assigned: u64,
    /// Acknowledged and never shown a crew.
    pub no_crew: u64,
}

#[derive(Debug, Default)]
struct Story {
    booked: Option<Booked>,
    crew_size: usize,
    slots: BTreeMap<u64, Instant>,
    last_offer: Option<Instant>,
    crew_offered_at: Option<Instant>,
    accepted: BTreeSet<u64>,
    last_accept: Option<Instant>,
    assigned: bool,
}

/// An acknowledged booking.
#[derive(Clone, Copy, Debug)]
pub struct Booked {
    /// Number of the rider.
    pub rider: usize,
    /// When it was meant to be sent.
    pub intended: Instant,
    /// When it was sent.
    pub sent: Instant,
    /// When it was acknowledged.
    pub acknowledged: Instant,
}

#[derive(Debug)]
struct Inner {
    stories: HashMap<String, Story>,
    latencies: Latencies,
    window: Option<(Instant, Instant)>,
    map_waits: HashMap<u64, (i64, i64, Instant)>,
    map_missed: u64,
    errors: BTreeMap<String, u64>,
    doubled: BTreeMap<&'static str, u64>,
    early: u64,
}

/// The run's memory.
#[derive(Debug)]
pub struct Ledger {
    /// Counters.
    pub tally: Tally,
    inner: Mutex<Inner>,
    /// A fleet that plays for ever must not remember every trip.
    remembers: bool,
}

impl Ledger {
    /// Empty. Without `remembers`, only counters and errors are kept.
    pub fn new(remembers: bool) -> Self {
        let latencies = Latencies {
            booking_to_both_phones: Latency::new(),
            intended_to_both_phones: Latency::new(),
            booking_to_acknowledged: Latency::new(),
            offer_to_assigned: Latency::new(),
            accept_to_assigned: Latency::new(),
            position_to_map: Latency::new(),
            fix_to_index: Latency::new(),
        };
        let inner = Inner {
            stories: HashMap::new(),
            latencies,
            window: None,
            map_waits: HashMap::new(),
            map_missed: 0,
            errors: BTreeMap::new(),
            doubled: BTreeMap::new(),
            early: 0,
        };
        Self { tally: Tally::default(), inner: Mutex::new(inner), remembers }
    }

    /// Says what is measured.
    pub fn measure(&self, from: Instant, until: Instant) {
        self.lock().window = Some((from, until));
    }

    /// A booking was acknowledged with this trip.
    pub fn booked(&self, trip: &str, crew_size: usize, booked: Booked) {
        let mut inner = self.remembering();
        let Some(inner) = &mut inner else { return };
        let inner = &mut **inner;
        let story = inner.stories.entry(trip.to_owned()).or_default();
        story.booked = Some(booked);
        story.crew_size = crew_size;
        if inner.window.is_some_and(|w| within(w, booked.intended)) {
            inner.latencies.booking_to_acknowledged.record(booked.acknowledged - booked.sent);
        }
        offered_to_all(story, &mut inner.latencies, inner.window);
    }

    /// An offer reached a phone.
    pub fn offered(&self, trip: &str, slot: u64, crew_size: usize, at: Instant) {
        let mut inner = self.remembering();
        let Some(inner) = &mut inner else { return };
        let inner = &mut **inner;
        let story = inner.stories.entry(trip.to_owned()).or_default();
        story.crew_size = crew_size;
        story.slots.entry(slot).or_insert(at);
        story.last_offer = Some(at);
        offered_to_all(story, &mut inner.latencies, inner.window);
    }

    /// A phone is about to accept.
    pub fn accepts(&self, trip: &str, no: u64, at: Instant) {
        if let Some(mut inner) = self.remembering() {
            let story = inner.stories.entry(trip.to_owned()).or_default();
            story.accepted.insert(no);
            story.last_accept = Some(at);
        }
    }

    /// A rider was shown a phase.
    pub fn rider_sees(&self, trip: &str, phase: &str, at: Instant) {
        let mut inner = self.remembering();
        let Some(inner) = &mut inner else { return };
        let inner = &mut **inner;
        if !early::is_crewed(phase) {
            return;
        }
        let story = inner.stories.entry(trip.to_owned()).or_default();
        if std::mem::replace(&mut story.assigned, true) {
            return;
        }
        // The size comes from the offers; a trip shown with a crew but never offered to any phone is early in any case.
        if early::check(phase, story.crew_size.max(1), story.accepted.len()) {
            inner.early += 1;
        }
        let measured = story.booked.is_none_or(|b| inner.window.is_some_and(|w| within(w, b.intended)));
        if let (true, Some(offered)) = (measured, story.last_offer) {
            inner.latencies.offer_to_assigned.record(at.saturating_duration_since(offered));
        }
        if let (true, Some(accepted)) = (measured, story.last_accept) {
            inner.latencies.accept_to_assigned.record(at.saturating_duration_since(accepted));
        }
    }

    /// A sampled fix is about to be sent; its place is how the map will be recognised.
    pub fn fix_sent(&self, no: u64, lat: f64, lon: f64, at: Instant) {
        let Some(mut inner) = self.remembering() else { return };
        if !inner.window.is_some_and(|w| within(w, at)) {
            return;
        }
        match inner.map_waits.get(&no) {
            Some((_, _, since)) if at - *since < MAP_WAIT_MAX => return,
            Some(_) => inner.map_missed += 1,
            None => {}
        }
        inner.map_waits.insert(no, (scaled(lat), scaled(lon), at));
    }

    /// A fix was taken in, so long after it was sent.
    pub fn fix_taken(&self, took: Duration) {
        let Some(mut inner) = self.remembering() else { return };
        if inner.window.is_some_and(|w| within(w, Instant::now())) {
            inner.latencies.fix_to_index.record(took);
        }
    }

    /// A supervisor's map shows somebody.
    pub fn map_shows(&self, no: u64, lat: f64, lon: f64, at: Instant) {
        let Some(mut inner) = self.remembering() else { return };
        let Some(&(lat_sent, lon_sent, sent)) = inner.map_waits.get(&no) else { return };
        if lat_sent.abs_diff(scaled(lat)) <= 1 && lon_sent.abs_diff(scaled(lon)) <= 1 {
            inner.map_waits.remove(&no);
            inner.latencies.position_to_map.record(at.saturating_duration_since(sent));
        }
    }

    /// Something went wrong under this word.
    pub fn error(&self, word: &str) {
        *self.lock().errors.entry(word.to_owned()).or_default() += 1;
    }

    /// Something is doubled.
    pub fn doubled(&self, word: &'static str) {
        *self.lock().doubled.entry(word).or_default() += 1;
    }

    /// Acknowledged trips with the number of their rider.
    pub fn acknowledged(&self) -> Vec<(String, usize)> {
        let inner = self.lock();
        let mut all: Vec<_> =
            inner.stories.iter().filter_map(|(trip, s)| Some((trip.clone(), s.booked?.rider))).collect();
        all.sort_unstable();
        all
    }

    /// Counts of the window.
    pub fn counts(&self) -> BookingCounts {
        let inner = self.lock();
        let mut counts = BookingCounts::default();
        for story in inner.stories.values() {
            if story.booked.is_some_and(|b| inner.window.is_some_and(|w| within(w, b.intended))) {
                counts.bookings += 1;
                *(if story.assigned { &mut counts.assigned } else { &mut counts.no_crew }) += 1;
            }
        }
        counts
    }

    /// Errors so far, by word.
    pub fn errors(&self) -> BTreeMap<String, u64> {
        self.lock().errors.clone()
    }

    /// What is doubled, by word.
    pub fn doubled_by_word(&self) -> BTreeMap<&'static str, u64> {
        self.lock().doubled.clone()
    }

    /// Riders shown a crew before all of it had accepted.
    pub fn early(&self) -> u64 {
        self.lock().early
    }

    /// Sampled fixes that no map showed in time.
    pub fn map_missed(&self) -> u64 {
        let inner = self.lock();
        let late = inner.map_waits.values().filter(|(_, _, since)| since.elapsed() >= MAP_WAIT_MAX).count();
        inner.map_missed + late as u64
    }

    /// Reads the latencies.
    pub fn with_latencies<T>(&self, read: impl FnOnce(&Latencies) -> T) -> T {
        read(&self.lock().latencies)
    }

    fn remembering(&self) -> Option<MutexGuard<'_, Inner>> {
        self.remembers.then(|| self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing here leaves the memory half-changed when it panics, so a poisoned lock is still good.
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What a socket has counted since the last look goes into the run's counters.
pub fn absorb(tally: &Tally, before: &mut crate::socket::Counts, now: crate::socket::Counts) {
    let messages = now.received + now.sent - before.received - before.sent;
    tally.messages.fetch_add(messages, Ordering::Relaxed);
    tally.repeated.fetch_add(now.repeated - before.repeated, Ordering::Relaxed);
    tally.seq_gaps.fetch_add(now.gaps - before.gaps, Ordering::Relaxed);
    *before = now;
}

/// Measures the first time that every slot has had an offer, once the booking is known too.
fn offered_to_all(story: &mut Story, latencies: &mut Latencies, window: Option<(Instant, Instant)>) {
    let Some(booked) = story.booked else { return };
    if story.crew_offered_at.is_some() || story.slots.len() < story.crew_size.max(1) {
        return;
    }
    let last = story.slots.values().copied().max();
    story.crew_offered_at = last;
    if let (Some(last), true) = (last, window.is_some_and(|w| within(w, booked.intended))) {
        latencies.booking_to_both_phones.record(last.saturating_duration_since(booked.sent));
        latencies.intended_to_both_phones.record(last.saturating_duration_since(booked.intended));
    }
}

fn within((from, until): (Instant, Instant), at: Instant) -> bool {
    from <= at && at < until
}

fn scaled(degrees: f64) -> i64 {
    (degrees * MAP_SCALE).round() as i64
}
