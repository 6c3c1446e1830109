//! Owns one staff phone and the person holding it: reports fixes while walking real streets, answers offers as people do,
//! goes to the pickup and along to the drop-off, taps each status in order, survives a broken connection. Measures through the
//! ledger; what to do next on a trip is `escort`'s.

use crate::checkers::doubled::PhoneWatch;
use crate::city::{Walk, reported};
use crate::client::{Api, ApiError};
use crate::connection::{Connection, Ended, Line};
use crate::enrol::Account;
use crate::escort::{Escort, Step};
use crate::seed::{Stream, dice};
use crate::socket::{Closed, Incoming};
use crate::temper::{Delay, Reply, Temper};
use crate::world::{Stage, World};
use geo::Position;
use geo::road::{Profile, Route};
use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A fix is sent this often, if nothing else is asked for.
pub const FIX_EVERY: Duration = Duration::from_secs(4);

/// Each phone's rhythm is off by up to this much, so that thousands never beat together.
const FIX_JITTER: Duration = Duration::from_millis(200);

/// One fix in so many is looked for on the map.
const MAP_SAMPLE: u32 = 20;

/// After one fix in so many the server is asked whether it has taken it in.
const INDEX_SAMPLE: u32 = 10;

/// A stroll leads this far from home, metres.
const STROLL_M: (f64, f64) = (150.0, 700.0);

/// Rest after a stroll.
const REST: Delay = Delay::between(5.0, 40.0);

/// A destination without a way is "reached" after this long.
const NO_WAY: Duration = Duration::from_secs(20);

/// A refused tap is tried again after this long.
const TAP_AGAIN: Duration = Duration::from_secs(2);

/// With nothing to do, looked at again after this long.
const NOTHING_DUE: Duration = Duration::from_secs(3600);

/// Tries to begin a shift before giving the phone up.
const SHIFT_TRIES: u32 = 5;

/// Of a fleet's staff, so many go on foot.
pub const ON_FOOT: f64 = 0.7;

/// Of those who do not, so many come by bicycle in a demonstration.
pub const BY_BICYCLE: f64 = 0.4;

/// How somebody moves, answers and loses the network.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// How offers are answered.
    pub temper: Temper,
    /// Moment between seeing and tapping.
    pub tap: Delay,
    /// Longest time any leg takes; people then move faster than real ones.
    pub leg_max: Option<Duration>,
    /// In a hurry too, nobody goes faster than this with a rider, metres per second; the watch takes crews for apart that are.
    pub together_mps_max: Option<f32>,
    /// Broken connections a minute.
    pub disconnects_per_minute: f64,
    /// Share of those who go on foot.
    pub on_foot: f64,
    /// Of the others, the share of those who come by bicycle; the rest drive.
    pub by_bicycle: f64,
    /// A fix is sent this often; `None`: the phone only holds its socket open, without a shift.
    pub fix_every: Option<Duration>,
}

enum Act {
    Answer { offer: String, trip: String, accept: bool },
    Tap { trip: String, to: &'static str },
    Stroll,
}

/// Why a way is being searched.
#[derive(Clone, Debug, PartialEq)]
enum Errand {
    Stroll,
    Leg { trip: String, to: Position, then: &'static str },
}

impl Errand {
    /// Whether the rider comes along.
    fn is_together(&self) -> bool {
        matches!(self, Self::Leg { then: "completed", .. })
    }
}

type Search = Pin<Box<dyn Future<Output = Option<Route>> + Send>>;

struct Phone {
    world: Arc<World>,
    api: Api,
    no: u64,
    habits: Habits,
    profile: Profile,
    home: Position,
    walk: Walk,
    rng: StdRng,
    watch: PhoneWatch,
    escort: Option<Escort>,
    act: Option<(Instant, Act)>,
    /// What to say to the offer on the screen; beside what is done on a trip.
    reply: Option<(Instant, Act)>,
    search: Option<(Errand, Search)>,
    /// The leg under way, so that a repeated message does not start it again.
    leg: Option<Errand>,
    tapped: Option<(String, String, &'static str)>,
    /// `None` while no fix is to be sent.
    fix_at: Option<Instant>,
    fix_seq: u64,
    drop_at: Option<Instant>,
}

/// How a phone's life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// With the run.
    Over,
    /// Another device took the account's place.
    Replaced,
    /// The server would not have it.
    Refused,
}

/// Lives one phone until the run is over. `ready` is given back once the first socket is open.
pub async fn live(
    world: Arc<World>,
    account: Account,
    index: usize,
    home: Position,
    habits: Habits,
    ready: tokio::sync::OwnedSemaphorePermit,
) -> Fate {
    let mut rng = dice(world.seed, Stream::Phone, index as u64);
    let profile = travels(world.seed, index, &habits, &mut rng);
    let now = Instant::now();
    let mut phone = Phone {
        api: world.node(index).signed_in(&account.token),
        no: account.no,
        habits,
        profile,
        home,
        walk: Walk::standing(home),
        watch: PhoneWatch::default(),
        escort: None,
        act: Some((now + Delay::between(0.0, 15.0).draw(&mut rng), Act::Stroll)),
        reply: None,
        search: None,
        leg: None,
        tapped: None,
        fix_at: None,
        fix_seq: 0,
        drop_at: None,
        rng,
        world: Arc::clone(&world),
    };
    if phone.lives() && !phone.begin_shift().await {
        return Fate::Refused;
    }
    let mut connection = Connection::new(Arc::clone(&world), &account.token, index);
    let mut ready = Some(ready);
    let mut fate = Fate::Refused;
    while let Some(mut line) = connection.open(&mut phone.rng).await {
        let begun = Instant::now();
        let ended = match phone.arrive(&line).await {
            Ok(()) => {
                drop(ready.take());
                phone.speak(&mut line).await.err().unwrap_or(Ended::Over)
            }
            Err(e) => {
                world.ledger.error(e.code());
                Ended::Dropped
            }
        };
        fate = match &ended {
            Ended::Over => Fate::Over,
            Ended::Closed(Closed { code: Some(4409), .. }) => Fate::Replaced,
            _ => Fate::Refused,
        };
        if !connection.ended(&line, &ended, begun.elapsed()) {
            break;
        }
    }
    if phone.lives() && phone.stage() == Stage::Over {
        // Refused while the trip is still on: the next run makes its own people.
        let _shift_stays = phone.api.delete("/v1/shift").await;
    }
    fate
}

/// How a phone's owner travels, by its first dice. Bicycles have dice of their own: whatever their share, who walks does, and
/// nobody does anything else for it.
pub(crate) fn travels(seed: u64, index: usize, habits: &Habits, rng: &mut StdRng) -> Profile {
    if rng.random_bool(habits.on_foot) {
        return Profile::Walk;
    }
    let by_bicycle = dice(seed, Stream::Bicycles, index as u64).random_bool(habits.by_bicycle);
    if by_bicycle { Profile::Cycle } else { Profile::Drive }
}

impl Phone {
    fn stage(&self) -> Stage {
        *self.world.stage.borrow()
    }

    /// Whether it does more than hold its socket open.
    const fn lives(&self) -> bool {
        self.habits.fix_every.is_some()
    }

    async fn begin_shift(&mut self) -> bool {
        let mode = match self.profile {
            Profile::Cycle => "cycle",
            Profile::Drive => "drive",
            Profile::Walk | Profile::Transit => "walk",
        };
        for attempt in 0..SHIFT_TRIES {
            match self.api.post("/v1/shift", &json!({ "mode": mode, "hours": 8 })).await {
                Ok(_) => return true,
                Err(e) => {
                    self.world.ledger.error(e.code());
                    tokio::time::sleep(crate::socket::backoff(attempt, &mut self.rng)).await;
                }
            }
        }
        false
    }

    /// A new socket: fetches the state unless it goes on without a gap, and sets the next break.
    async fn arrive(&mut self, line: &Line) -> Result<(), ApiError> {
        let now = Instant::now();
        self.fix_at = self.habits.fix_every.map(|every| {
            let wait = Duration::from_secs_f64(self.rng.random_range(0.0..every.as_secs_f64()));
            // The first fix goes out at once: nobody is offered a trip before the server knows where they are.
            if self.fix_seq == 0 { now } else { now + wait }
        });
        self.drop_at =
            crate::demand::poisson_gap(self.habits.disconnects_per_minute / 60.0, &mut self.rng).map(|g| now + g);
        self.tapped = None;
        if self.lives() && !line.socket.welcome.resumed {
            let card = self.api.get("/v1/card").await?;
            let offer = card["offer"].as_object().map(|_| card["offer"].clone());
            let known = card["offer"]["id"].as_str().zip(card["offer"]["trip"].as_str());
            self.watch.reload(known, card["trip"]["id"].as_str(), card["next"]["trip"].as_str());
            self.escort = Escort::parse(&card["trip"]);
            self.reply = None;
            match offer {
                Some(offer) => self.consider(&offer, now),
                None => self.go_idle(now),
            }
        }
        self.plan(now);
        Ok(())
    }

    /// Reads, walks and taps until the connection or the run ends.
    async fn speak(&mut self, line: &mut Line) -> Result<(), Ended> {
        let mut stage = self.world.stage.clone();
        loop {
            let now_at = *stage.borrow_and_update();
            if now_at == Stage::Over {
                return Err(Ended::Over);
            }
            let due = self.next_due(now_at);
            tokio::select! {
                message = line.socket.next() => {
                    let message = message.map_err(Ended::Closed)?;
                    self.take(&message, line).await?;
                }
                () = tokio::time::sleep_until(due.into()) => self.on_time(line, now_at).await?,
                route = found(&mut self.search) => self.set_out(route),
                changed = stage.changed() => changed.map_err(|_| Ended::Over)?,
            }
            line.count();
        }
    }

    fn next_due(&self, stage: Stage) -> Instant {
        let act = self.act.as_ref().map(|(at, _)| *at).filter(|_| stage == Stage::Live);
        let reply = self.reply.as_ref().map(|(at, _)| *at).filter(|_| stage == Stage::Live);
        [self.fix_at, act, reply, self.drop_at]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or_else(|| Instant::now() + NOTHING_DUE)
    }

    async fn on_time(&mut self, line: &mut Line, stage: Stage) -> Result<(), Ended> {
        let now = Instant::now();
        if self.drop_at.is_some_and(|at| at <= now) {
            return Err(Ended::Dropped);
        }
        if let (Some(at), Some(every)) = (self.fix_at, self.habits.fix_every)
            && at <= now
        {
            // From the time it was due, not from now: a slow moment must not thin the stream.
            let off = Duration::from_secs_f64(self.rng.random_range(0.0..2.0 * FIX_JITTER.as_secs_f64()));
            self.fix_at = Some((at + every + off).checked_sub(FIX_JITTER).unwrap_or(now).max(now));
            self.send_fix(line, now).await?;
        }
        if stage == Stage::Live {
            let due = |planned: &mut Option<(Instant, Act)>| planned.take_if(|(at, _)| *at <= now);
            for (_, act) in [due(&mut self.reply), due(&mut self.act)].into_iter().flatten() {
                self.perform(act, line).await?;
            }
        }
        Ok(())
    }

    async fn send_fix(&mut self, line: &mut Line, now: Instant) -> Result<(), Ended> {
        self.fix_seq += 1;
        let at = reported(self.walk.position(now), &mut self.rng);
        if self.rng.random_ratio(1, MAP_SAMPLE) {
            self.world.ledger.fix_sent(self.no, at.lat(), at.lon(), Instant::now());
        }
        self.world.ledger.tally.fixes.fetch_add(1, Ordering::Relaxed);
        let fix = json!({"lat":at.lat(),"lon":at.lon(),"acc_m":12,"kind":"gps","age_ms":0,"seq":self.fix_seq});
        let sent = Instant::now();
        line.socket.send(&json!({"t":"fix","fixes":[fix]})).await.map_err(Ended::Closed)?;
        if self.rng.random_ratio(1, INDEX_SAMPLE) {
            line.socket.ask(sent).await.map_err(Ended::Closed)?;
        }
        Ok(())
    }

    async fn take(&mut self, message: &Incoming, line: &mut Line) -> Result<(), Ended> {
        let body = &message.body;
        match message.kind.as_str() {
            "offer" => {
                let offer = &body["offer"];
                let text = |name: &str| offer[name].as_str().unwrap_or_default();
                if let Some(doubled) = self.watch.offer(text("id"), text("trip"), offer["next"] == true) {
                    self.world.ledger.doubled(doubled.word());
                }
                self.consider(offer, message.at);
                // A prompt answer must not wait for the next turn of the clock.
                let stage = self.stage();
                self.on_time(line, stage).await?;
            }
            "offer_closed" => {
                let closed = body["offer"].as_str().unwrap_or_default();
                self.watch.offer_closed(closed);
                self.reply.take_if(|(_, act)| matches!(act, Act::Answer { offer, .. } if offer == closed));
                self.go_idle(message.at);
            }
            "trip" => match Escort::parse(&body["trip"]) {
                Some(escort) => {
                    if let Some(doubled) = self.watch.trip(&escort.trip) {
                        self.world.ledger.doubled(doubled.word());
                    }
                    self.escort = Some(escort);
                    self.plan(message.at);
                }
                None => self.world.ledger.error("unreadable_trip"),
            },
            "next" => {
                let (is_news, doubled) = self.watch.next(body["next"]["trip"].as_str().unwrap_or_default());
                if is_news {
                    self.world.ledger.tally.chained.fetch_add(1, Ordering::Relaxed);
                }
                if let Some(doubled) = doubled {
                    self.world.ledger.doubled(doubled.word());
                }
            }
            "trip_gone" => {
                let gone = body["trip"].as_str().unwrap_or_default();
                self.watch.trip_gone(gone);
                if self.escort.take_if(|e| e.trip == gone).is_some() {
                    self.act = None;
                    self.search = None;
                    self.leg = None;
                    self.walk = Walk::standing(self.walk.position(message.at));
                    self.go_idle(message.at);
                }
            }
            "result" => self.on_result(body, message.at),
            _ => {}
        }
        Ok(())
    }

    /// An offer is on the screen.
    fn consider(&mut self, offer: &Value, at: Instant) {
        let text = |name: &str| offer[name].as_str().unwrap_or_default().to_owned();
        let (id, trip) = (text("id"), text("trip"));
        let crew_size = offer["crew_size"].as_u64().unwrap_or(2) as usize;
        self.world.ledger.offered(&trip, offer["slot"].as_u64().unwrap_or_default(), crew_size, at);
        let (wait, accept) = match self.habits.temper.reply(&mut self.rng) {
            Reply::Accept(wait) => (wait, true),
            Reply::Decline(wait) => (wait, false),
            Reply::Silence => return,
        };
        self.reply = Some((at + wait, Act::Answer { offer: id, trip, accept }));
    }

    async fn perform(&mut self, act: Act, line: &mut Line) -> Result<(), Ended> {
        match act {
            Act::Answer { offer, trip, accept } => {
                if accept {
                    self.world.ledger.accepts(&trip, self.no, Instant::now());
                }
                let answer = json!({ "offer": offer, "accept": accept });
                line.socket.begin("answer", answer).await.map_err(Ended::Closed)?;
                if !accept {
                    self.go_idle(Instant::now());
                }
            }
            Act::Tap { trip, to } => {
                let tap = json!({ "trip": trip, "to": to });
                let id = line.socket.begin("status", tap).await.map_err(Ended::Closed)?;
                self.tapped = Some((id, trip, to));
            }
            Act::Stroll => self.stroll(),
        }
        Ok(())
    }

    fn on_result(&mut self, result: &Value, at: Instant) {
        let mine = self.tapped.take_if(|(id, ..)| result["id"] == id.as_str());
        if result["ok"] == true {
            return;
        }
        let code = result["code"].as_str().unwrap_or("no_code");
        self.world.ledger.error(&format!("result_{code}"));
        // A wrong phase means that the partner or the rider was quicker: the news is on its way.
        if let Some((_, trip, to)) = mine.filter(|_| code != "wrong_phase") {
            self.act = Some((at + TAP_AGAIN, Act::Tap { trip, to }));
        }
    }

    /// Sees to it that what the trip asks for is done or under way.
    fn plan(&mut self, now: Instant) {
        let Some(escort) = &self.escort else { return };
        match escort.next() {
            Step::Wait => {}
            Step::Tap(to) => {
                let on_its_way = self.tapped.as_ref().is_some_and(|(_, _, tapped)| *tapped == to);
                if !on_its_way && !matches!(&self.act, Some((_, Act::Tap { to: planned, .. })) if *planned == to) {
                    self.search = None;
                    let trip = escort.trip.clone();
                    self.act = Some((now + self.habits.tap.draw(&mut self.rng), Act::Tap { trip, to }));
                }
            }
            Step::Go(to, then) => {
                let errand = Errand::Leg { trip: escort.trip.clone(), to, then };
                if self.leg.as_ref() == Some(&errand) {
                    self.tap_on_arrival();
                } else if self.search.as_ref().is_none_or(|(under_way, _)| *under_way != errand) {
                    self.act = None;
                    self.search(errand, to, now);
                }
            }
        }
    }

    fn search(&mut self, errand: Errand, to: Position, now: Instant) {
        let (city, profile, from) = (self.world.city.clone(), self.profile, self.walk.position(now));
        let together = errand.is_together();
        let search = async move {
            if together { city.route_together(from, to).await } else { city.route(profile, from, to).await }
        };
        self.search = Some((errand, Box::pin(search)));
    }

    /// A way was found, or there is none.
    fn set_out(&mut self, (errand, route): (Errand, Option<Route>)) {
        let now = Instant::now();
        let mut hurry = self.habits.leg_max.filter(|_| errand != Errand::Stroll);
        let found = route.is_some();
        if let Some(route) = route {
            if let Some(mps) = self.habits.together_mps_max.filter(|_| errand.is_together()) {
                hurry = hurry.map(|most| most.max(Duration::from_secs_f32(route.length_m / mps)));
            }
            self.walk = Walk::along(Arc::new(route), now, hurry);
        }
        match &errand {
            Errand::Stroll => {
                let rest = REST.draw(&mut self.rng);
                self.act.get_or_insert((self.walk.arrives_at(now) + rest, Act::Stroll));
            }
            Errand::Leg { to, .. } => {
                if !found {
                    self.world.ledger.error("no_way_found");
                    self.walk = Walk::standing(*to);
                }
                self.leg = Some(errand);
                self.tap_on_arrival();
                if !found && let Some((at, _)) = &mut self.act {
                    *at = now + hurry.unwrap_or(NO_WAY);
                }
            }
        }
    }

    fn tap_on_arrival(&mut self) {
        let Some(Errand::Leg { trip, then, .. }) = &self.leg else { return };
        let now = Instant::now();
        if self.act.is_none() && self.tapped.is_none() {
            let at = self.walk.arrives_at(now).max(now) + self.habits.tap.draw(&mut self.rng);
            self.act = Some((at, Act::Tap { trip: trip.clone(), to: then }));
        }
    }

    /// Nothing to do: wanders about when the present walk is over.
    fn go_idle(&mut self, now: Instant) {
        if self.escort.is_none() && self.act.is_none() && self.search.is_none() {
            let rest = REST.draw(&mut self.rng);
            self.act = Some((self.walk.arrives_at(now).max(now) + rest, Act::Stroll));
        }
    }

    fn stroll(&mut self) {
        let to = self.world.city.place_near(self.home, STROLL_M.0, STROLL_M.1, &mut self.rng);
        self.search(Errand::Stroll, to, Instant::now());
    }
}

/// The search under way, finished; waits for ever without one.
async fn found(search: &mut Option<(Errand, Search)>) -> (Errand, Option<Route>) {
    let Some((errand, way)) = search else { return std::future::pending().await };
    let route = way.as_mut().await;
    let errand = errand.clone();
    *search = None;
    (errand, route)
}
