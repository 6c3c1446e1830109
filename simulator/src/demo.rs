//! Owns the small fleet of a demonstration: staff who walk, cycle and drive, riders who book now and then, and the crew kept for the visitor.
//! Measures nothing. Plays until it is stopped, and then leaves nothing open.

use crate::city::City;
use crate::client::Api;
use crate::demand::Demand;
use crate::enrol::{Account, Wanted, enrol, visitor};
use crate::ledger::Ledger;
use crate::options::DemoOptions;
use crate::phone::{self, BY_BICYCLE, FIX_EVERY, Fate, Habits, ON_FOOT};
use crate::rider::{self, FreeRiders, Wish};
use crate::seed::{Stream, dice};
use crate::streets;
use crate::temper::{Delay, Temper};
use crate::world::{Stage, World};
use anyhow::Context as _;
use geo::Position;
use rand::Rng as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

/// A rider for so many staff: trips last, and some crews must stay free for the visitor.
const STAFF_PER_RIDER: usize = 5;

/// Seconds between two bookings.
const BOOKING_EVERY_S: (f64, f64) = (20.0, 40.0);

/// Where the visitor's crew strolls: Seoul's city hall.
const VISITOR_PLACE: (f64, f64) = (37.5663, 126.9779);

/// How far from there, metres.
const VISITOR_M: (f64, f64) = (120.0, 450.0);

/// Longest leg of the fleet: a visitor sees whole trips in a few minutes.
const LEG_MAX: Duration = Duration::from_secs(150);

/// With a rider nobody goes faster, metres per second: at this pace a crew whose fixes come seconds apart is seen as one.
const TOGETHER_MPS_MAX: f32 = 14.0;

/// Numbers of the visitor's phones, beyond any fleet's: their dice are their own.
const VISITOR_INDEX: usize = 1_000_000;

/// At the end everybody gets this long to tidy up.
const LEAVE_MAX: Duration = Duration::from_secs(5);

/// Plays until `stop` is done.
pub async fn run(options: &DemoOptions, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let api = Api::new(options.target.clone());
    let map = streets::of_server(&api, options.map.as_deref(), options.city_seed).await?;
    let riders = (options.staff / STAFF_PER_RIDER).max(1);
    let people =
        enrol(&api, None, Wanted { staff: options.staff, riders, supervisors: 0 }).await.context("enrolment")?;
    let kept = visitor(&api).await.context("the visitor's crew")?;
    let (stage, watched) = watch::channel(Stage::Live);
    let world = Arc::new(World {
        nodes: vec![api.clone()],
        api,
        city: City::new(Arc::new(map)),
        ledger: Ledger::new(false),
        stage: watched,
        seed: options.seed,
        source_addresses: 0,
    });
    let demand = Demand::new(&world.city, 1.0, None);
    let door = Arc::new(Semaphore::new(8));
    let mut tasks = JoinSet::new();
    let mut homes = dice(options.seed, Stream::Homes, 0);
    let habits = habits().context("fixed weights")?;
    for (index, account) in people.staff.iter().enumerate() {
        let home = demand.post(&world.city, &mut homes);
        let ready = Arc::clone(&door).acquire_owned().await?;
        let life = phone::live(Arc::clone(&world), account.clone(), index, home, habits, ready);
        tasks.spawn(async move {
            let _nobody_asks = life.await;
        });
    }
    let centre = Position::new(VISITOR_PLACE.0, VISITOR_PLACE.1)?;
    // By car, so that they can come wherever the visitor books.
    let attentive = Habits { temper: Temper::ATTENTIVE, on_foot: 0.0, by_bicycle: 0.0, ..habits };
    for (nth, account) in kept.into_iter().enumerate() {
        let home = world.city.place_near(centre, VISITOR_M.0, VISITOR_M.1, &mut homes);
        let ready = Arc::clone(&door).acquire_owned().await?;
        tasks.spawn(keep(Arc::clone(&world), account, VISITOR_INDEX + nth, home, attentive, ready));
    }
    let free = Arc::new(FreeRiders::default());
    let mut wishes = Vec::new();
    for (index, account) in people.riders.iter().enumerate() {
        let (send, receive) = mpsc::channel(1);
        wishes.push(send);
        let ready = Arc::clone(&door).acquire_owned().await?;
        tasks.spawn(rider::live(Arc::clone(&world), account.clone(), index, Arc::clone(&free), receive, ready));
    }
    say(&format!("a fleet of {} staff and {riders} riders is on the map", options.staff));
    tokio::select! {
        () = stop => {}
        () = book_for_ever(&world, &demand, &free, &wishes) => {}
    }
    let _everybody_listens = stage.send(Stage::Over);
    drop(wishes);
    let _cut_short = tokio::time::timeout(LEAVE_MAX, async { while tasks.join_next().await.is_some() {} }).await;
    Ok(())
}

/// How the fleet moves and answers.
pub(crate) fn habits() -> Option<Habits> {
    Some(Habits {
        temper: Temper::new(0.92, 0.05, 0.03, Delay::between(2.0, 8.0))?,
        tap: Delay::between(3.0, 8.0),
        leg_max: Some(LEG_MAX),
        together_mps_max: Some(TOGETHER_MPS_MAX),
        disconnects_per_minute: 0.0,
        on_foot: ON_FOOT,
        by_bicycle: BY_BICYCLE,
        fix_every: Some(FIX_EVERY),
    })
}

/// A phone of the visitor's crew. When the visitor's page takes it over, this one steps aside for good: a new socket of its own
/// would throw the page out.
async fn keep(
    world: Arc<World>,
    account: Account,
    index: usize,
    home: Position,
    habits: Habits,
    ready: tokio::sync::OwnedSemaphorePermit,
) {
    let no = account.no;
    if phone::live(world, account, index, home, habits, ready).await == Fate::Replaced {
        say(&format!("unit {no} is in your hands now; it stays yours until the demo fleet is started again"));
    }
}

async fn book_for_ever(world: &World, demand: &Demand, free: &FreeRiders, wishes: &[mpsc::Sender<Wish>]) {
    let mut rng = dice(world.seed, Stream::Demand, 0);
    loop {
        let journey = demand.journey(&world.city, Duration::ZERO, &mut rng);
        if let Some(rider) = free.take() {
            let _the_rider_has_left = wishes[rider].try_send(Wish { journey, intended: Instant::now() });
        }
        let wait_s = rng.random_range(BOOKING_EVERY_S.0..BOOKING_EVERY_S.1);
        tokio::time::sleep(Duration::from_secs_f64(wait_s)).await;
    }
}

fn say(line: &str) {
    // Nobody may be reading any more; that is no reason to stop.
    let _closed = writeln!(std::io::stdout(), "simulator: {line}");
}
