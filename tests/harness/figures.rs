//! What the benches measure with: a loop that warms up and keeps every round's time, and one way of printing, with what a
//! reader needs to judge a figure (commit, machine, load). Judges nothing: a figure is no test.

use hdrhistogram::Histogram;
use std::fmt::Display;
use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

/// Seed of every bench's dice; printed, so that a run can be repeated.
pub const SEED: u64 = 20_261_124;

/// Rounds thrown away are one in so many of those kept.
const WARM_UP_PART: usize = 10;

/// Whether `cargo bench` started this program, and not a test runner that builds all targets.
pub fn is_asked_for() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Times of one case.
pub struct Times(Histogram<u64>);

impl Times {
    /// Nothing yet.
    ///
    /// # Panics
    /// Never: the bounds are constants.
    pub fn new() -> Self {
        Self(Histogram::new(3).expect("three digits are allowed"))
    }

    /// One round's.
    ///
    /// # Panics
    /// When a round takes centuries.
    pub fn add(&mut self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).max(1);
        // Not `saturating_record`, which never grows the histogram beyond its first few nanoseconds.
        self.0.record(nanoseconds).expect("the histogram grows with its values");
    }

    /// The median, microseconds.
    pub fn p50_us(&self) -> f64 {
        self.at_us(0.5)
    }

    /// What one in a hundred exceeds, microseconds.
    pub fn p99_us(&self) -> f64 {
        self.at_us(0.99)
    }

    fn at_us(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1_000.0
    }
}

impl Default for Times {
    fn default() -> Self {
        Self::new()
    }
}

/// Times `rounds` calls after a warm-up of a tenth as many; `work` is given the round's number.
pub fn measure<T>(rounds: usize, mut work: impl FnMut(usize) -> T) -> Times {
    for round in 0..rounds.div_ceil(WARM_UP_PART) {
        std::hint::black_box(work(round));
    }
    let mut times = Times::new();
    for round in 0..rounds {
        let begun = Instant::now();
        std::hint::black_box(work(round));
        times.add(begun.elapsed());
    }
    times
}

/// The head of a bench's table.
pub fn heading(bench: &str) {
    say(&format!(
        "\n{bench}: seed {SEED}, {}\n{:<58}{:>8}{:>13}{:>13}{:>13}{:>10}",
        maker(),
        "",
        "rounds",
        "p50 us",
        "p99 us",
        "max us",
        "x base"
    ));
}

/// The commit, the machine and how busy it is.
pub fn maker() -> String {
    format!(
        "commit {}, {} x {}, load {}",
        said_by("git", &["rev-parse", "--short", "HEAD"]),
        std::thread::available_parallelism().map_or(1, usize::from),
        cpu(),
        load()
    )
}

/// One line of the table; `base` is the baseline's median, microseconds.
pub fn row(name: &str, times: &Times, base: Option<f64>) {
    let ratio = base.map_or_else(|| "-".to_owned(), |base| format!("{:.1}", times.p50_us() / base));
    say(&format!(
        "{name:<58}{:>8}{:>13.1}{:>13.1}{:>13.1}{ratio:>10}",
        times.0.len(),
        times.p50_us(),
        times.p99_us(),
        times.at_us(1.0)
    ));
}

/// A remark below the table.
pub fn note(text: impl Display) {
    say(&format!("  {text}"));
}

fn say(line: &str) {
    // A reader who closed the pipe has seen enough.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(crate::root()).output();
    output.map_or_else(|_| "unknown".to_owned(), |o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
}

fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name.to_owned()));
    model.unwrap_or_else(|| "unknown processor".to_owned())
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}
