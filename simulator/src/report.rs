//! Owns the report: its names, which outsiders' scripts rely on, the table people read, and writing it whole or not at all.

use crate::ledger::{Latency, Ledger};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// One latency, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// Half were quicker.
    pub p50: f64,
    /// One in a hundred was slower.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
    /// How many.
    pub count: u64,
}

impl Quantiles {
    fn of(latency: &Latency) -> Self {
        if latency.count() == 0 {
            return Self { p50: 0.0, p99: 0.0, max: 0.0, count: 0 };
        }
        Self { p50: latency.at_ms(0.5), p99: latency.at_ms(0.99), max: latency.at_ms(1.0), count: latency.count() }
    }
}

/// What was asked of the run.
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// Base address.
    pub target: String,
    /// Staff phones.
    pub phones: usize,
    /// Mean rate.
    pub bookings_per_second: f64,
    /// Measured seconds.
    pub duration_s: u64,
    /// Seconds before.
    pub warmup_s: u64,
    /// Seconds after.
    pub drain_s: u64,
    /// Seed of all dice.
    pub seed: u64,
    /// Answers at once, to measure the machine.
    pub prompt_answers: bool,
    /// Name of the map.
    pub map: String,
}

/// Where it ran.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Logical cores.
    pub cores: usize,
    /// Operating system and processor family.
    pub platform: String,
}

/// The whole report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was asked.
    pub asked: Asked,
    /// Commit of the server, as given.
    pub commit: Option<String>,
    /// Version of this program.
    pub simulator: &'static str,
    /// Where it ran.
    pub machine: Machine,
    /// POST sent → an offer for each slot received.
    pub booking_to_both_phones_ms: Quantiles,
    /// The same from the moment the booking was meant to be sent.
    pub intended_to_both_phones_ms: Quantiles,
    /// POST sent → 201.
    pub booking_to_acknowledged_ms: Quantiles,
    /// Last offer received → the rider sees a crew.
    pub offer_to_assigned_ms: Quantiles,
    /// Last acceptance sent → the rider sees a crew.
    pub accept_to_assigned_ms: Quantiles,
    /// Fix sent → on a supervisor's map.
    pub position_to_map_ms: Quantiles,
    /// Fix sent → taken into the server's index, told by the answer to a ping sent behind it: the way back is in it.
    pub fix_to_index_ms: Quantiles,
    /// Sampled fixes no map showed within 15 s.
    pub position_missed: u64,
    /// Fixes sent a second in the window.
    pub fixes_per_s: f64,
    /// Socket messages a second in the window, both ways.
    pub messages_per_s: f64,
    /// Acknowledged bookings of the window.
    pub bookings: u64,
    /// Of these, riders shown a crew.
    pub assigned: u64,
    /// Of these, never.
    pub no_crew: u64,
    /// Trips that staff went on to after another, in the whole run.
    pub chained: u64,
    /// Bookings that were due while every rider had an open trip.
    pub bookings_skipped: u64,
    /// Acknowledged trips of the whole run that are in no single state.
    pub lost: u64,
    /// Why.
    pub lost_by_reason: BTreeMap<&'static str, u64>,
    /// People, crews, offers in two places.
    pub doubled: u64,
    /// Why.
    pub doubled_by_reason: BTreeMap<&'static str, u64>,
    /// Riders shown a crew before all of it had accepted.
    pub assigned_too_early: u64,
    /// Holes in the numbering of phones and riders: something was lost.
    pub seq_gaps: u64,
    /// Times a console missed frames and read the whole picture: allowed, and slow.
    pub console_gaps: u64,
    /// Numbered messages sent again and dropped.
    pub repeated: u64,
    /// Sockets opened in the whole run.
    pub sockets_opened: u64,
    /// What went wrong, by code.
    pub errors: BTreeMap<String, u64>,
    /// Seconds for enrolling and connecting.
    pub setup_s: f64,
}

/// Counts of the window that the counters alone do not know.
#[derive(Clone, Copy, Debug, Default)]
pub struct WindowCounts {
    /// Fixes sent in it.
    pub fixes: u64,
    /// Socket messages in it.
    pub messages: u64,
    /// Its length, seconds.
    pub seconds: f64,
    /// Bookings nobody was free for.
    pub skipped: u64,
    /// Seconds for enrolling and connecting.
    pub setup_s: f64,
}

impl Report {
    /// Puts it together.
    pub fn new(
        asked: Asked,
        commit: Option<String>,
        ledger: &Ledger,
        window: WindowCounts,
        lost: BTreeMap<&'static str, u64>,
    ) -> Self {
        use std::sync::atomic::Ordering::Relaxed;
        let counts = ledger.counts();
        let doubled = ledger.doubled_by_word();
        let per_s = |n: u64| (n as f64 / window.seconds.max(0.001) * 10.0).round() / 10.0;
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        ledger
            .with_latencies(|l| Self {
                commit,
                simulator: env!("CARGO_PKG_VERSION"),
                machine: Machine { cores, platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH) },
                booking_to_both_phones_ms: Quantiles::of(&l.booking_to_both_phones),
                intended_to_both_phones_ms: Quantiles::of(&l.intended_to_both_phones),
                booking_to_acknowledged_ms: Quantiles::of(&l.booking_to_acknowledged),
                offer_to_assigned_ms: Quantiles::of(&l.offer_to_assigned),
                accept_to_assigned_ms: Quantiles::of(&l.accept_to_assigned),
                position_to_map_ms: Quantiles::of(&l.position_to_map),
                fix_to_index_ms: Quantiles::of(&l.fix_to_index),
                position_missed: 0,
                fixes_per_s: per_s(window.fixes),
                messages_per_s: per_s(window.messages),
                bookings: counts.bookings,
                assigned: counts.assigned,
                no_crew: counts.no_crew,
                chained: ledger.tally.chained.load(Relaxed),
                bookings_skipped: window.skipped,
                lost: lost.values().sum(),
                lost_by_reason: lost,
                doubled: doubled.values().sum(),
                doubled_by_reason: doubled,
                assigned_too_early: 0,
                seq_gaps: ledger.tally.seq_gaps.load(Relaxed),
                console_gaps: ledger.tally.console_gaps.load(Relaxed),
                repeated: ledger.tally.repeated.load(Relaxed),
                sockets_opened: ledger.tally.opened.load(Relaxed),
                errors: BTreeMap::new(),
                setup_s: (window.setup_s * 10.0).round() / 10.0,
                asked,
            })
            .completed(ledger)
    }

    fn completed(mut self, ledger: &Ledger) -> Self {
        self.position_missed = ledger.map_missed();
        self.assigned_too_early = ledger.early();
        self.errors = ledger.errors();
        self
    }

    /// Whether every property held.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.assigned_too_early == 0 && self.seq_gaps == 0
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let mut line = |text: String| {
            out.push_str(&text);
            out.push('\n');
        };
        line(format!("{:<28}{:>10}{:>10}{:>10}{:>8}", "milliseconds", "p50", "p99", "max", "count"));
        for (name, q) in [
            ("booking → both phones", self.booking_to_both_phones_ms),
            ("  from the intended time", self.intended_to_both_phones_ms),
            ("booking → acknowledged", self.booking_to_acknowledged_ms),
            ("offer → assigned", self.offer_to_assigned_ms),
            ("last accept → assigned", self.accept_to_assigned_ms),
            ("position → map", self.position_to_map_ms),
            ("fix → index", self.fix_to_index_ms),
        ] {
            line(format!("{name:<28}{:>10.1}{:>10.1}{:>10.1}{:>8}", q.p50, q.p99, q.max, q.count));
        }
        line(format!(
            "{} bookings: {} assigned, {} without a crew, {} skipped (no rider free), {} duties chained",
            self.bookings, self.assigned, self.no_crew, self.bookings_skipped, self.chained
        ));
        line(format!(
            "{} fixes/s, {} messages/s, {} sockets",
            self.fixes_per_s, self.messages_per_s, self.sockets_opened
        ));
        line(format!(
            "lost {}  doubled {}  assigned too early {}  gaps {}  repeated {}  console gaps {}",
            self.lost, self.doubled, self.assigned_too_early, self.seq_gaps, self.repeated, self.console_gaps
        ));
        for (what, words) in [("lost", &self.lost_by_reason), ("doubled", &self.doubled_by_reason)] {
            for (word, n) in words {
                line(format!("  {what}: {word} {n}"));
            }
        }
        if !self.errors.is_empty() {
            let mut words = String::from("errors:");
            for (word, n) in &self.errors {
                let _never_fails = write!(words, " {word} {n}");
            }
            line(words);
        }
        out
    }

    /// Writes the JSON beside its place and moves it there, so that a reader never sees half of it.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let json = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".part");
        std::fs::write(&beside, json + "\n")?;
        std::fs::rename(&beside, path)
    }
}
