//! Owns the course of a measured run: streets, people, warm-up, window, drain, freeze, read-back, report. The measuring itself is
//! `ledger`'s, the judging `checkers`'.

use crate::city::City;
use crate::client::Api;
use crate::demand::Demand;
use crate::enrol::{People, Wanted, enrol};
use crate::ledger::Ledger;
use crate::options::LoadOptions;
use crate::phone::{self, Habits, ON_FOOT};
use crate::readback;
use crate::report::{Asked, Report, WindowCounts};
use crate::rider::{self, FreeRiders, Wish};
use crate::seed::{Stream, dice};
use crate::streets;
use crate::supervisor;
use crate::temper::Delay;
use crate::world::{Stage, World};
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

/// People who sign in at the same time.
const SIGN_IN_AT_ONCE: usize = 24;

/// Nobody waits longer for everybody to be there.
const SETUP_MAX: Duration = Duration::from_mins(5);

/// After the freeze, until what was on its way has arrived.
const SETTLE: Duration = Duration::from_secs(2);

/// The run is not worth measuring when fewer than this share of the sockets is open.
const OPEN_LEAST: f64 = 0.98;

/// At the end everybody gets this long to tidy up.
const LEAVE_MAX: Duration = Duration::from_mins(1);

/// During the warm-up, this share of the bookings.
const WARMUP_SHARE: f64 = 0.25;

/// Runs the load and reports; errors are reasons why it could not start.
pub async fn run(options: &LoadOptions) -> anyhow::Result<Report> {
    options.check().map_err(anyhow::Error::msg)?;
    let nodes: Vec<Api> = options.target.iter().cloned().map(Api::new).collect();
    let api = nodes.first().cloned().context("no target")?;
    let bar = bar();
    bar.set_message("reading the map");
    let begun = Instant::now();
    let map = streets::of_server(&api, options.map.as_deref(), options.city_seed).await?;
    let map_name = map.data.name.clone();
    bar.set_message("enrolling people");
    let wanted = Wanted { staff: options.phones, riders: options.rider_count(), supervisors: options.supervisors };
    let people = enrol(&api, options.admin_token.as_deref(), wanted).await.context("enrolment")?;
    let (stage, watched) = watch::channel(Stage::Live);
    let world = Arc::new(World {
        api,
        nodes,
        city: City::new(Arc::new(map)),
        ledger: Ledger::new(true),
        stage: watched,
        seed: options.seed,
        source_addresses: options.source_count(),
    });
    let day = options.day_minutes.map(|m| Duration::from_secs_f64(m * 60.0));
    let demand = Demand::new(&world.city, options.bookings_per_second, day);
    let mut crowd = Crowd::gather(&world, &people, &demand, options, &bar).await?;
    let setup_s = begun.elapsed().as_secs_f64();

    let window = book(&world, options, demand, &mut crowd, &bar).await;
    pause(&world, &bar, "drain", Duration::from_secs(options.drain)).await;
    let _everybody_listens = stage.send(Stage::Frozen);
    pause(&world, &bar, "settle", SETTLE).await;
    bar.set_message("reading every trip back");
    let lost = readback::losses(&world, &people).await;
    let asked = Asked {
        target: options.target.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        phones: options.phones,
        bookings_per_second: options.bookings_per_second,
        duration_s: options.duration,
        warmup_s: options.warmup,
        drain_s: options.drain,
        seed: options.seed,
        prompt_answers: options.prompt_answers,
        map: map_name,
    };
    // The report is taken before people leave: what they cancel is not part of the run.
    let window = WindowCounts { setup_s, ..window };
    let report = Report::new(asked, options.commit.clone(), &world.ledger, window, lost);
    bar.set_message("everybody goes home");
    let _everybody_listens = stage.send(Stage::Over);
    drop(crowd.wishes);
    let leave = async { while crowd.tasks.join_next().await.is_some() {} };
    let _cut_short = tokio::time::timeout(LEAVE_MAX, leave).await;
    bar.finish_and_clear();
    Ok(report)
}

/// Everybody, connected.
struct Crowd {
    tasks: JoinSet<()>,
    wishes: Vec<mpsc::Sender<Wish>>,
    free: Arc<FreeRiders>,
}

impl Crowd {
    async fn gather(
        world: &Arc<World>,
        people: &People,
        demand: &Demand,
        options: &LoadOptions,
        bar: &ProgressBar,
    ) -> anyhow::Result<Self> {
        let door = Arc::new(Semaphore::new(SIGN_IN_AT_ONCE));
        let habits = Habits {
            temper: options.temper().context("how phones answer")?,
            tap: if options.prompt_answers { Delay::between(0.1, 0.5) } else { Delay::between(1.0, 5.0) },
            leg_max: options.leg_max(),
            disconnects_per_minute: options.disconnects,
            together_mps_max: None,
            on_foot: ON_FOOT,
            by_bicycle: options.by_bicycle,
            fix_every: options.fix_every(),
        };
        let mut tasks = JoinSet::new();
        let mut homes = dice(options.seed, Stream::Homes, 0);
        let free = Arc::new(FreeRiders::default());
        let mut wishes = Vec::with_capacity(people.riders.len());
        let everybody = people.staff.len() + people.riders.len() + people.supervisors.len();
        let until = Instant::now() + SETUP_MAX;
        let progress = |n: usize| bar.set_message(format!("signing in: {n} of {everybody}"));
        for (index, account) in people.supervisors.iter().enumerate() {
            let ready = Arc::clone(&door).acquire_owned().await?;
            tasks.spawn(supervisor::live(Arc::clone(world), account.clone(), index, ready));
        }
        for (index, account) in people.staff.iter().enumerate() {
            let home = demand.post(&world.city, &mut homes);
            let ready = at_the_door(&door, until).await?;
            let life = phone::live(Arc::clone(world), account.clone(), index, home, habits, ready);
            tasks.spawn(async move {
                let _fate_is_in_the_errors = life.await;
            });
            progress(index);
        }
        for (index, account) in people.riders.iter().enumerate() {
            let (send, receive) = mpsc::channel(1);
            wishes.push(send);
            let ready = at_the_door(&door, until).await?;
            tasks.spawn(rider::live(Arc::clone(world), account.clone(), index, Arc::clone(&free), receive, ready));
            progress(people.staff.len() + index);
        }
        // The last ones have the permits until they are in.
        let all_in = door.acquire_many(SIGN_IN_AT_ONCE as u32);
        let _given_back = tokio::time::timeout(until.saturating_duration_since(Instant::now()), all_in)
            .await
            .context("signing in took longer than 300 s")??;
        // Opened, not open: with `--disconnects` some are down at any moment.
        let opened = world.ledger.tally.opened.load(Relaxed);
        if (opened as f64) < everybody as f64 * OPEN_LEAST {
            bail!("only {opened} of {everybody} sockets were opened; refusals so far: {:?}", world.ledger.errors());
        }
        Ok(Self { tasks, wishes, free })
    }
}

async fn at_the_door(door: &Arc<Semaphore>, until: Instant) -> anyhow::Result<tokio::sync::OwnedSemaphorePermit> {
    let wait = until.saturating_duration_since(Instant::now());
    let permit = tokio::time::timeout(wait, Arc::clone(door).acquire_owned()).await;
    Ok(permit.context("signing in took longer than 300 s")??)
}

/// Warm-up and window: bookings at their own times, whatever the server does.
async fn book(
    world: &Arc<World>,
    options: &LoadOptions,
    demand: Demand,
    crowd: &mut Crowd,
    bar: &ProgressBar,
) -> WindowCounts {
    let begin = Instant::now();
    let from = begin + Duration::from_secs(options.warmup);
    let until = from + Duration::from_secs(options.duration);
    world.ledger.measure(from, until);
    let (mut fixes, mut messages) = (0, 0);
    let tally = &world.ledger.tally;
    let mut rng = dice(options.seed, Stream::Demand, 0);
    let mut skipped = 0;
    let mut due = begin;
    let mut began = false;
    loop {
        let elapsed = due.saturating_duration_since(begin);
        let gap = demand.gap(elapsed, &mut rng);
        due += if due < from { gap.div_f64(WARMUP_SHARE) } else { gap };
        // Drawn in any case, so that the same seed gives the same places however the riders are doing.
        let journey = demand.journey(&world.city, elapsed, &mut rng);
        for stop in [from, until] {
            if stop == from && began {
                continue;
            }
            if due >= stop {
                wait(world, bar, if began { "measuring" } else { "warm-up" }, stop, until).await;
                if !began {
                    (fixes, messages) = (tally.fixes.load(Relaxed), tally.messages.load(Relaxed));
                    began = true;
                }
            }
        }
        if due >= until {
            break;
        }
        wait(world, bar, if began { "measuring" } else { "warm-up" }, due, until).await;
        match crowd.free.take() {
            Some(rider) => {
                let _the_rider_has_left = crowd.wishes[rider].try_send(Wish { journey, intended: due });
            }
            None if began => skipped += 1,
            None => {}
        }
    }
    WindowCounts {
        fixes: tally.fixes.load(Relaxed) - fixes,
        messages: tally.messages.load(Relaxed) - messages,
        seconds: options.duration as f64,
        skipped,
        setup_s: 0.0,
    }
}

async fn pause(world: &World, bar: &ProgressBar, what: &str, long: Duration) {
    let until = Instant::now() + long;
    wait(world, bar, what, until, until).await;
}

/// Sleeps until `at` with live numbers on the bar; `end` is when this part is over.
async fn wait(world: &World, bar: &ProgressBar, what: &str, at: Instant, end: Instant) {
    loop {
        let now = Instant::now();
        show(world, bar, what, end.saturating_duration_since(now));
        if now >= at {
            return;
        }
        let step = (at - now).min(Duration::from_millis(500));
        tokio::time::sleep(step).await;
    }
}

fn show(world: &World, bar: &ProgressBar, what: &str, left: Duration) {
    let tally = &world.ledger.tally;
    let counts = world.ledger.counts();
    let both = world.ledger.with_latencies(|l| l.booking_to_both_phones.at_ms(0.5));
    let errors: u64 = world.ledger.errors().values().sum();
    bar.set_message(format!(
        "{what} {}s · sockets {} · fixes {} · bookings {} · assigned {} · both phones p50 {both:.0} ms · errors {errors}",
        left.as_secs(),
        tally.open.load(Relaxed),
        tally.fixes.load(Relaxed),
        counts.bookings,
        counts.assigned,
    ));
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{spinner} {elapsed} {msg}").expect("the template is fixed"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
