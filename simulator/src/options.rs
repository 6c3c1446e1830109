//! Owns the command line and its checks; each option is also an environment variable, and a key of a file (`settings`). Runs
//! nothing.

use crate::phone::FIX_EVERY;
use crate::target::Target;
use crate::temper::{Delay, Temper};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// More phones than one process has file descriptors for.
pub const PHONES_MAX: usize = 19_000;

/// A city of riders, phones and supervisors for a Donghaeng dispatcher.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    long_about = "A city of riders, staff phones and supervisors that speaks to a dispatcher over its public API \
only: phones walk real streets and answer offers as people do, riders book along a demand curve, supervisors watch the map.\n\n\
Every option can also be given by environment, DONGHAENG_SIM_ and its name, e.g. DONGHAENG_SIM_PHONES=500, and in a TOML file \
(--config) under its name with _ for -. An option goes before the environment, and that before the file."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Put a measured load on a server, and check that nothing is lost or doubled.
    #[command(after_help = "\
Examples:
  simulator load --target http://127.0.0.1:8080 --phones 200 --bookings-per-second 1 --duration 60 --seed 1 --report out.json
  simulator load --target http://127.0.0.1:8080 --phones 2000 --bookings-per-second 10 --duration 60 --prompt-answers --map seoul.graph

The course: enrol and connect everybody; warm up with a quarter of the bookings; measure; drain, while nothing new is booked;
freeze, and read every acknowledged trip back as its rider and as the supervisor; cancel what is open.
Bookings come at their own times whatever the server does, and latency counts from the moment the POST was sent.
The server must run with --demo, or give --admin-token.
A trip needs two phones for as long as it lasts: with real trips of 15 minutes, 10 bookings/s use up 2,000 phones in about
100 s. --trip-minutes makes people hurry, so that crews come back.

Exit code: 0 all well; 1 something was lost (a trip, or a numbered message), doubled or shown as assigned too early, or the
run could not start; 2 wrong usage.")]
    Load(Box<LoadOptions>),
    /// Play a small fleet until it is stopped, so that the map of a demonstration lives.
    #[command(after_help = "\
Example:
  dispatcher serve --demo
  simulator demo --target http://127.0.0.1:8080

The server must run with --demo on this machine. A crew of two, staff and staff2 of the demo, is kept for the visitor and steps aside when a page
takes it over. Ctrl-C or SIGTERM ends it and leaves no trip open.")]
    Demo(DemoOptions),
}

/// Of `simulator load`.
#[derive(Clone, Debug, Args)]
pub struct LoadOptions {
    /// Settings file (TOML): every option below may stand in it under its name with `_` for `-`.
    #[arg(long, env = "DONGHAENG_SIM_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The server: `http://HOST:PORT`. Of several (repeated, or with commas), such as gateways, everybody takes the next in turn; the
    /// first enrols.
    #[arg(long, env = "DONGHAENG_SIM_TARGET", default_value = "http://127.0.0.1:8080", value_delimiter = ',')]
    pub target: Vec<Target>,
    /// Staff phones that walk and answer, 2 to 19000.
    #[arg(long, env = "DONGHAENG_SIM_PHONES", value_name = "N", default_value_t = 200)]
    pub phones: usize,
    /// Bookings a second, at random times; with --day-minutes, on average over the day.
    #[arg(long, env = "DONGHAENG_SIM_BOOKINGS_PER_SECOND", value_name = "RATE", default_value_t = 1.0)]
    pub bookings_per_second: f64,
    /// Seconds that are measured.
    #[arg(long, env = "DONGHAENG_SIM_DURATION", value_name = "SECONDS", default_value_t = 60)]
    pub duration: u64,
    /// Seed of all dice: the same seed, the same people, places, times and answers.
    #[arg(long, env = "DONGHAENG_SIM_SEED", default_value_t = 1)]
    pub seed: u64,
    /// Write the report here, as JSON; a table is printed in any case.
    #[arg(long, env = "DONGHAENG_SIM_REPORT", value_name = "FILE.json")]
    pub report: Option<PathBuf>,
    /// Seconds before measuring begins, with a quarter of the bookings.
    #[arg(long, env = "DONGHAENG_SIM_WARMUP", value_name = "SECONDS", default_value_t = 10)]
    pub warmup: u64,
    /// Seconds after the last booking before every trip is read back.
    #[arg(long, env = "DONGHAENG_SIM_DRAIN", value_name = "SECONDS", default_value_t = 30)]
    pub drain: u64,
    /// The server's map file; not needed when it runs on the generated city.
    #[arg(long, env = "DONGHAENG_SIM_MAP", value_name = "FILE.graph")]
    pub map: Option<PathBuf>,
    /// The seed of the server's generated city.
    #[arg(long, env = "DONGHAENG_SIM_CITY_SEED", default_value_t = geo::city::DEFAULT_SEED, conflicts_with = "map")]
    pub city_seed: u64,
    /// Enrol through the admin API with this token instead of the demo call.
    #[arg(long, env = "DONGHAENG_SIM_ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub admin_token: Option<String>,
    /// Weight of accepting an offer, beside the two below.
    #[arg(long, env = "DONGHAENG_SIM_ACCEPT", value_name = "WEIGHT", default_value_t = 0.90)]
    pub accept: f64,
    /// Weight of declining.
    #[arg(long, env = "DONGHAENG_SIM_DECLINE", value_name = "WEIGHT", default_value_t = 0.06)]
    pub decline: f64,
    /// Weight of not answering at all.
    #[arg(long, env = "DONGHAENG_SIM_SILENCE", value_name = "WEIGHT", default_value_t = 0.04)]
    pub silence: f64,
    /// Seconds people take to answer: LEAST-MOST, or one number.
    #[arg(long, env = "DONGHAENG_SIM_DELAY", value_name = "SECONDS", default_value = "1-6")]
    pub delay: Delay,
    /// Everybody accepts at once, whatever the four above say: measures the machine, not people.
    #[arg(long, env = "DONGHAENG_SIM_PROMPT_ANSWERS")]
    pub prompt_answers: bool,
    /// Seconds between two fixes of a phone, 1 to 600; 0: phones say hello and no more, to see what an idle socket costs.
    #[arg(long, env = "DONGHAENG_SIM_FIX_EVERY", value_name = "SECONDS", default_value_t = FIX_EVERY.as_secs_f64())]
    pub fix_every: f64,
    /// Share of those staff who do not walk (three of ten) that come by bicycle, 0 to 1; the others drive.
    #[arg(long, env = "DONGHAENG_SIM_BY_BICYCLE", value_name = "SHARE", default_value_t = 0.0)]
    pub by_bicycle: f64,
    /// Broken connections per phone and minute, 0 to 60.
    #[arg(long, env = "DONGHAENG_SIM_DISCONNECTS", value_name = "RATE", default_value_t = 0.0)]
    pub disconnects: f64,
    /// Supervisors watching the map, 1 to 100; 0, to see what phones alone cost, only where nobody books.
    #[arg(long, env = "DONGHAENG_SIM_SUPERVISORS", value_name = "N", default_value_t = 1)]
    pub supervisors: usize,
    /// Longest time a leg (to the pickup, to the drop-off) takes: who has farther to go hurries as nobody could.
    #[arg(long, env = "DONGHAENG_SIM_TRIP_MINUTES", value_name = "MINUTES")]
    pub trip_minutes: Option<f64>,
    /// Minutes in which a whole day passes, busy hours and quiet ones; without it bookings are as many all the time and go home, as in
    /// the evening.
    #[arg(long, env = "DONGHAENG_SIM_DAY_MINUTES", value_name = "MINUTES")]
    pub day_minutes: Option<f64>,
    /// Riders; by default one for every booking of the run, but no more than phones, or 60. Who is on a trip books nothing else.
    #[arg(long, env = "DONGHAENG_SIM_RIDERS", value_name = "N")]
    pub riders: Option<usize>,
    /// Loopback addresses that sockets come from; by default as many as the sockets need.
    #[arg(long, env = "DONGHAENG_SIM_SOURCE_ADDRESSES", value_name = "N")]
    pub source_addresses: Option<u16>,
    /// Commit of the server, for the report.
    #[arg(long, env = "DONGHAENG_SIM_COMMIT")]
    pub commit: Option<String>,
}

/// Of `simulator demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoOptions {
    /// Settings file (TOML): every option below may stand in it under its name with `_` for `-`.
    #[arg(long, env = "DONGHAENG_SIM_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The server: `http://HOST:PORT`.
    #[arg(long, env = "DONGHAENG_SIM_TARGET", default_value = "http://127.0.0.1:8080")]
    pub target: Target,
    /// Staff phones that walk and answer.
    #[arg(long, env = "DONGHAENG_SIM_STAFF", default_value_t = 40)]
    pub staff: usize,
    /// Seed of all dice.
    #[arg(long, env = "DONGHAENG_SIM_SEED", default_value_t = 1)]
    pub seed: u64,
    /// The server's map file; not needed when it runs on the generated city.
    #[arg(long, env = "DONGHAENG_SIM_MAP", value_name = "FILE.graph")]
    pub map: Option<PathBuf>,
    /// The seed of the server's generated city.
    #[arg(long, env = "DONGHAENG_SIM_CITY_SEED", default_value_t = geo::city::DEFAULT_SEED, conflicts_with = "map")]
    pub city_seed: u64,
}

impl LoadOptions {
    /// What the numbers must be; the first that is not, in words.
    pub fn check(&self) -> Result<(), String> {
        let fine = [
            ((2..=PHONES_MAX).contains(&self.phones), format!("--phones must be 2 to {PHONES_MAX}")),
            ((0.0..=1000.0).contains(&self.bookings_per_second), "--bookings-per-second must be 0 to 1000".to_owned()),
            ((1..=86_400).contains(&self.duration), "--duration must be 1 to 86400 seconds".to_owned()),
            (self.warmup <= 3600 && self.drain <= 3600, "--warmup and --drain must be at most 3600 seconds".to_owned()),
            ((0.0..=60.0).contains(&self.disconnects), "--disconnects must be 0 to 60 a minute".to_owned()),
            (
                self.fix_every == 0.0 || (1.0..=600.0).contains(&self.fix_every),
                "--fix-every must be 0, or 1 to 600".to_owned(),
            ),
            ((0.0..=1.0).contains(&self.by_bicycle), "--by-bicycle must be 0 to 1".to_owned()),
            (
                (usize::from(self.bookings_per_second > 0.0)..=100).contains(&self.supervisors),
                "--supervisors must be 1 to 100, or 0 with --bookings-per-second 0".to_owned(),
            ),
            (self.trip_minutes.is_none_or(|m| m > 0.0 && m <= 600.0), "--trip-minutes must be above 0".to_owned()),
            (
                self.day_minutes.is_none_or(|m| m > 0.0 && m <= 1440.0),
                "--day-minutes must be above 0, at most 1440".to_owned(),
            ),
            (self.riders.is_none_or(|r| r >= 1), "--riders must be at least 1".to_owned()),
            (self.temper().is_some(), "--accept, --decline and --silence must not be negative nor all zero".to_owned()),
        ];
        fine.into_iter().find(|(ok, _)| !ok).map_or(Ok(()), |(_, why)| Err(why))
    }

    /// How the phones answer.
    pub fn temper(&self) -> Option<Temper> {
        if self.prompt_answers {
            return Some(Temper::PROMPT);
        }
        Temper::new(self.accept, self.decline, self.silence, self.delay)
    }

    /// Between two fixes, if any are to be sent.
    pub fn fix_every(&self) -> Option<Duration> {
        (self.fix_every > 0.0).then(|| Duration::from_secs_f64(self.fix_every))
    }

    /// Longest leg.
    pub fn leg_max(&self) -> Option<Duration> {
        self.trip_minutes.map(|m| Duration::from_secs_f64(m * 60.0))
    }

    /// Enough riders for every booking of the run, or twice as many as there can be crews: nobody else will get one.
    pub fn rider_count(&self) -> usize {
        let seconds = self.duration as f64 + self.warmup as f64 / 4.0;
        let bookings = (self.bookings_per_second * seconds * 1.15 + 5.0).ceil() as usize;
        self.riders.unwrap_or_else(|| bookings.min(self.phones.max(60)))
    }

    /// One address per 5,000 sockets beyond the first 5,000; 0 leaves it to the system.
    pub fn source_count(&self) -> u16 {
        let sockets = self.phones + self.rider_count() + self.supervisors;
        self.source_addresses.unwrap_or_else(|| if sockets > 5_000 { (sockets / 5_000 + 1) as u16 } else { 0 })
    }
}
