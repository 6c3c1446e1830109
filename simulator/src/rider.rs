//! Owns one rider: books when told to, reports from the pickup until the crew is there, follows the trip on the own socket, gives
//! up in the end, cancels what is open when the run is over. One open trip at a time.

use crate::city::reported;
use crate::client::{Api, ApiError};
use crate::connection::{Connection, Ended, Line};
use crate::demand::Journey;
use crate::enrol::Account;
use crate::ledger::Booked;
use crate::phone::FIX_EVERY;
use crate::seed::{Stream, dice};
use crate::socket::{Incoming, backoff};
use crate::world::{Stage, World};
use geo::Position;
use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// A booking whose outcome is unknown is asked again under its key, so many times in all.
const BOOK_TRIES: u32 = 4;

/// A rider without a crew cancels after this long.
const PATIENCE: Duration = Duration::from_mins(3);

/// Sockets of riders come from addresses after those of this many phones.
const SOURCE_OFFSET: usize = 100_000;

/// What a rider is told to do.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// From where to where.
    pub journey: Journey,
    /// When it should be sent.
    pub intended: Instant,
}

/// Riders without an open trip, first come first served.
#[derive(Debug, Default)]
pub struct FreeRiders(Mutex<VecDeque<usize>>);

impl FreeRiders {
    /// The one who has been free longest.
    pub fn take(&self) -> Option<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn put(&self, rider: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(rider);
    }
}

type Posting = Pin<Box<dyn Future<Output = Result<(Value, Booked), ApiError>> + Send>>;

struct Rider {
    world: Arc<World>,
    api: Api,
    index: usize,
    free: Arc<FreeRiders>,
    booked: u32,
    posting: Option<Posting>,
    /// The open trip, whether it has a crew, and until when the rider waits for one.
    trip: Option<(String, bool, Instant)>,
    /// Ended before its 201 arrived.
    ended_early: Option<String>,
    waiting: Waiting,
}

/// Where the rider waits, and the next report of it. With the crew there, its phones report for all.
struct Waiting {
    at: Option<Position>,
    fix_at: Instant,
    fix_seq: u64,
    rng: StdRng,
}

/// Lives one rider until the run is over. `ready` is given back once the first socket is open.
pub async fn live(
    world: Arc<World>,
    account: Account,
    index: usize,
    free: Arc<FreeRiders>,
    mut wishes: mpsc::Receiver<Wish>,
    ready: tokio::sync::OwnedSemaphorePermit,
) {
    let mut rng = dice(world.seed, Stream::Rider, index as u64);
    let api = world.node(index).signed_in(&account.token);
    let fixes = dice(world.seed, Stream::RiderFixes, index as u64);
    let mut rider = Rider {
        world: Arc::clone(&world),
        api,
        index,
        free,
        booked: 0,
        posting: None,
        trip: None,
        ended_early: None,
        waiting: Waiting { at: None, fix_at: Instant::now(), fix_seq: 0, rng: fixes },
    };
    let mut connection = Connection::new(Arc::clone(&world), &account.token, SOURCE_OFFSET + index);
    let mut ready = Some(ready);
    while let Some(mut line) = connection.open(&mut rng).await {
        let begun = Instant::now();
        if ready.take().is_some() {
            rider.free.put(index);
        } else if !line.socket.welcome.resumed {
            rider.reload().await;
        }
        let ended = rider.speak(&mut line, &mut wishes).await.err().unwrap_or(Ended::Over);
        if !connection.ended(&line, &ended, begun.elapsed()) {
            break;
        }
    }
    rider.leave().await;
}

impl Rider {
    async fn speak(&mut self, line: &mut Line, wishes: &mut mpsc::Receiver<Wish>) -> Result<(), Ended> {
        let mut stage = self.world.stage.clone();
        loop {
            let now_at = *stage.borrow_and_update();
            if now_at == Stage::Over {
                return Err(Ended::Over);
            }
            let patience = self.trip.as_ref().filter(|(_, crewed, _)| !crewed && now_at == Stage::Live).map(|t| t.2);
            tokio::select! {
                message = line.socket.next() => self.take(&message.map_err(Ended::Closed)?),
                Some(wish) = wishes.recv() => self.book(wish),
                answer = posted(&mut self.posting) => self.on_booked(answer),
                () = until(patience) => self.give_up().await,
                () = until(self.waiting.at.map(|_| self.waiting.fix_at)) => self.report(line).await?,
                changed = stage.changed() => changed.map_err(|_| Ended::Over)?,
            }
            line.count();
        }
    }

    /// Says where the rider waits.
    async fn report(&mut self, line: &mut Line) -> Result<(), Ended> {
        let Waiting { at: Some(at), fix_at, fix_seq, rng } = &mut self.waiting else { return Ok(()) };
        let at = reported(*at, rng);
        *fix_at = Instant::now() + FIX_EVERY;
        *fix_seq += 1;
        self.world.ledger.tally.fixes.fetch_add(1, Ordering::Relaxed);
        let fix = json!({"lat":at.lat(),"lon":at.lon(),"acc_m":15,"kind":"gps","age_ms":0,"seq":fix_seq});
        line.socket.send(&json!({"t":"fix","fixes":[fix]})).await.map_err(Ended::Closed)
    }

    fn book(&mut self, wish: Wish) {
        self.booked += 1;
        self.waiting.at = Some(wish.journey.pickup);
        self.waiting.fix_at = Instant::now();
        let (api, rider) = (self.api.clone(), self.index);
        let key = format!("sim-{}-{}-{}", self.world.seed, rider, self.booked);
        let place = |p: Position| json!({ "lat": p.lat(), "lon": p.lon() });
        let body = json!({"kind":"now","pickup":place(wish.journey.pickup),"dropoff":place(wish.journey.dropoff)});
        let rng = dice(self.world.seed, Stream::Rider, ((rider as u64) << 32) | u64::from(self.booked));
        let world = Arc::clone(&self.world);
        self.posting = Some(Box::pin(async move {
            let sent = Instant::now();
            let answer = book_until_known(&world, &api, &key, &body, rng).await?;
            Ok((answer, Booked { rider, intended: wish.intended, sent, acknowledged: Instant::now() }))
        }));
    }

    fn on_booked(&mut self, answer: Result<(Value, Booked), ApiError>) {
        match answer {
            Ok((answer, booked)) => {
                let trip = &answer["trips"][0];
                let Some(id) = trip["id"].as_str() else {
                    self.world.ledger.error("booking_without_trip");
                    self.free.put(self.index);
                    return;
                };
                self.world.ledger.booked(id, trip["crew_size"].as_u64().unwrap_or(2) as usize, booked);
                if self.ended_early.take().is_some_and(|ended| ended == id) {
                    self.free.put(self.index);
                } else if self.trip.as_ref().is_none_or(|t| t.0 != id) {
                    self.trip = Some((id.to_owned(), false, Instant::now() + PATIENCE));
                }
            }
            Err(e) => {
                self.world.ledger.error(&format!("booking_{}", e.code()));
                self.waiting.at = None;
                self.free.put(self.index);
            }
        }
    }

    fn take(&mut self, message: &Incoming) {
        if message.kind == "trip" {
            self.sees(&message.body["trip"], message.at);
        }
    }

    fn sees(&mut self, trip: &Value, at: Instant) {
        let (Some(id), Some(phase)) = (trip["id"].as_str(), trip["phase"].as_str()) else {
            self.world.ledger.error("unreadable_trip");
            return;
        };
        self.world.ledger.rider_sees(id, phase, at);
        if matches!(phase, "met" | "escorting") || crate::checkers::lost::is_end(phase) {
            self.waiting.at = None;
        }
        if crate::checkers::lost::is_end(phase) {
            if self.trip.take_if(|t| t.0 == id).is_some() {
                self.free.put(self.index);
            } else if self.posting.is_some() {
                self.ended_early = Some(id.to_owned());
            }
            return;
        }
        let crewed = crate::checkers::early::is_crewed(phase);
        match &mut self.trip {
            Some(open) if open.0 == id => open.1 = crewed,
            _ => self.trip = Some((id.to_owned(), crewed, Instant::now() + PATIENCE)),
        }
    }

    /// What was missed while away.
    async fn reload(&mut self) {
        match self.api.get("/v1/trips").await {
            Ok(answer) => {
                let open = self.trip.as_ref().map(|t| t.0.clone());
                for trip in answer["trips"].as_array().into_iter().flatten() {
                    let ended = trip["phase"].as_str().is_some_and(crate::checkers::lost::is_end);
                    if !ended || trip["id"].as_str() == open.as_deref() {
                        self.sees(trip, Instant::now());
                    }
                }
            }
            Err(e) => self.world.ledger.error(e.code()),
        }
    }

    async fn give_up(&mut self) {
        if let Some((trip, _, until)) = &mut self.trip {
            *until = Instant::now() + PATIENCE;
            let answer = self.api.post(&format!("/v1/trips/{trip}/cancel"), &json!({})).await;
            self.world.ledger.error(answer.err().as_ref().map_or("gave_up", ApiError::code));
        }
    }

    /// The run is over: leaves nothing open behind.
    async fn leave(&mut self) {
        if let Some((trip, ..)) = &self.trip
            && let Err(e) = self.api.post(&format!("/v1/trips/{trip}/cancel"), &json!({})).await
            // Somebody was quicker, or the trip is past what a rider may cancel.
            && e.code() != "wrong_phase"
        {
            self.world.ledger.error(&format!("cancel_{}", e.code()));
        }
    }
}

/// Asks under one key until the outcome is known: a timeout is neither yes nor no.
async fn book_until_known(
    world: &World,
    api: &Api,
    key: &str,
    body: &Value,
    mut rng: StdRng,
) -> Result<Value, ApiError> {
    let mut attempt = 0;
    loop {
        let error = match api.book(key, body).await {
            Ok(answer) => return Ok(answer),
            Err(e) => e,
        };
        let again = match &error {
            ApiError::Unreachable(_) | ApiError::Timeout => true,
            ApiError::Problem(p) => p.status >= 500 || p.status == 429,
        };
        attempt += 1;
        if !again || attempt >= BOOK_TRIES {
            return Err(error);
        }
        world.ledger.error(&format!("booking_retry_{}", error.code()));
        let least = error.problem().and_then(|p| p.retry_after_s).unwrap_or(0);
        let jitter = Duration::from_millis(rng.random_range(0..200));
        tokio::time::sleep(backoff(attempt, &mut rng).max(Duration::from_secs(least)) + jitter).await;
    }
}

/// The booking under way, answered; waits for ever without one.
async fn posted(posting: &mut Option<Posting>) -> Result<(Value, Booked), ApiError> {
    let Some(under_way) = posting else { return std::future::pending().await };
    let answer = under_way.as_mut().await;
    *posting = None;
    answer
}

async fn until(when: Option<Instant>) {
    match when {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
