//! Owns the stage of the edge's tests: a record in a directory of its own, a small generated city, a clock that stands, and
//! requests without a network.

use super::auth::Peer;
use super::openapi;
use super::sight::Sight;
use super::{App, Config, Parts, router};
use crate::clock::{Entropy, Env, ManualClock};
use crate::engine::field::Field;
use crate::engine::guide::Guide;
use crate::engine::judge::{Judge, Judged};
use crate::engine::led::Led;
use crate::engine::roster::Roster;
use crate::engine::travel::Travel;
use crate::engine::travel::weights::Weights;
use crate::live::Live;
use crate::record::{Account, Actor, Effect, NewRider, NewShift, NewStaff, Placement, Record, TripRow};
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use geo::road::{Profile, RoadMap};
use geo::{Eta, Fix, FixKind, Position};
use http_body_util::BodyExt;
use matcher::model::{AccountId, AgencyId, CrewSize, Mode, RiskGrade, StaffKind, Timestamp, TripId};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Tuesday 2026-11-24 08:00 in Korea.
pub(crate) const T0: Timestamp = Timestamp(1_795_474_800_000);

struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            chunk.copy_from_slice(&(z ^ (z >> 27)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Everybody in the order given may go, but for those named.
#[derive(Default)]
pub(crate) struct Says {
    pub(crate) everybody: Mutex<Vec<AccountId>>,
    pub(crate) not: Mutex<Vec<AccountId>>,
    /// Why those may not; off shift, if nothing is said.
    pub(crate) why: Mutex<Vec<&'static str>>,
    /// Whose shift ends before the way with another crew does.
    pub(crate) late: Mutex<Vec<AccountId>>,
}

impl Judge for Says {
    fn candidates(&self, row: &TripRow, now: Timestamp, limit: usize) -> Vec<Judged> {
        let everybody = self.everybody.lock().unwrap().clone();
        everybody.into_iter().take(limit).map(|id| self.judge(row, id, now).unwrap()).collect()
    }
    fn judge(&self, _: &TripRow, staff: AccountId, _: Timestamp) -> Option<Judged> {
        let barred = self.not.lock().unwrap().contains(&staff);
        let eta = Some(Eta::road(60.0));
        let why = Some(self.why.lock().unwrap().clone()).filter(|why| !why.is_empty());
        Some(Judged {
            staff,
            eta,
            after: None,
            violations: if barred { why.unwrap_or(vec!["off_shift"]) } else { Vec::new() },
        })
    }
    fn kept(
        &self,
        _: &TripRow,
        (stay, _): (&[AccountId], &[AccountId]),
        _: Timestamp,
    ) -> Vec<(AccountId, &'static str)> {
        let late = self.late.lock().unwrap();
        stay.iter().filter(|staff| late.contains(staff)).map(|staff| (*staff, "shift_ends_before")).collect()
    }
}

fn city() -> Arc<RoadMap> {
    static CITY: OnceLock<Arc<RoadMap>> = OnceLock::new();
    Arc::clone(CITY.get_or_init(|| Arc::new(RoadMap::build(geo::city::generate_small(7)))))
}

/// Whether the description has this refusal for what is at that address, if anything is. So every test of the edge holds it.
fn is_described(method: &str, path: &str, status: StatusCode) -> bool {
    static DOCUMENT: OnceLock<Vec<(String, String, Vec<String>)>> = OnceLock::new();
    let described = DOCUMENT.get_or_init(|| {
        let mut document = openapi::document();
        let mut all = Vec::new();
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in openapi::operations(item) {
                let statuses = operation.responses.responses.keys().cloned().collect();
                all.push((method.to_owned(), path.clone(), statuses));
            }
        }
        all
    });
    let is_at = |pattern: &str| {
        pattern.split('/').count() == path.split('/').count()
            && pattern.split('/').zip(path.split('/')).all(|(known, given)| known.starts_with('{') || known == given)
    };
    let mut here = described.iter().filter(|(known, pattern, _)| known == method && is_at(pattern)).peekable();
    status.as_u16() < 400 || here.peek().is_none() || here.any(|(_, _, all)| all.iter().any(|s| s == status.as_str()))
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) account: Account,
    pub(crate) token: String,
}

impl Person {
    pub(crate) fn id(&self) -> AccountId {
        self.account.id
    }
}

/// More than anything takes that is under way.
const PATIENCE: Duration = Duration::from_secs(60);

/// Timers stand until they are put on: while a thread is busy, which this one is until it is let go of, they do not go on by themselves.
pub(crate) fn hold_timers() -> Sender<()> {
    let (held, until) = channel();
    tokio::task::spawn_blocking(move || until.recv());
    tokio::time::pause();
    held
}

/// Puts timers on, which round up to their grain.
pub(crate) async fn put_on(by: Duration) {
    tokio::time::advance(by + Duration::from_millis(10)).await;
}

/// Waits for what a task brings about, whether timers stand or go.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::task::yield_now().await;
    }
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

pub(crate) struct Edge {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) says: Arc<Says>,
    pub(crate) agency: AgencyId,
    pub(crate) tiles_made: Arc<AtomicU64>,
    /// No tile is made while it is held.
    pub(crate) tile_gate: Arc<Mutex<()>>,
    pub(crate) field: Arc<Field>,
    pub(crate) live: Arc<Live>,
    peer: Option<Peer>,
    dir: tempfile::TempDir,
}

impl Edge {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn demo() -> Self {
        let mut edge = Self::with(Config { demo: true, ..Config::default() }).await;
        edge.peer = Some(Peer(([127, 0, 0, 1], 9).into()));
        edge
    }

    pub(crate) async fn with(config: Config) -> Self {
        Self::on(city(), config).await
    }

    /// On a map of its own.
    pub(crate) async fn on(map: Arc<RoadMap>, config: Config) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(T0);
        let env = Env { clock: Arc::clone(&clock) as _, entropy: Arc::new(Counting(AtomicU64::new(1))) };
        let record = Arc::new(Record::open(dir.path(), env.clone()).await.unwrap());
        let agency = record.create_agency(T0, Actor::Shell, "company", false).await.unwrap().id;
        let says = Arc::new(Says::default());
        let field = Arc::new(Field::new(map));
        let (live, travel) = (Arc::new(Live::in_process()), Arc::<Travel>::default());
        let tiles_made = Arc::new(AtomicU64::new(0));
        let tile_gate = Arc::new(Mutex::new(()));
        let (made, gate) = (Arc::clone(&tiles_made), Arc::clone(&tile_gate));
        let app = App::new(Parts {
            record,
            roster: Arc::new(Roster::default()),
            sight: Arc::new(Sight::new(Arc::clone(&live) as _, Arc::clone(&field), Arc::clone(&travel))),
            guide: Arc::new(Guide::new(Arc::clone(&field), geo::city::Lights::default())),
            travel,
            judge: Arc::clone(&says) as _,
            env,
            config,
            metrics: None,
            drain: CancellationToken::new(),
            tile: Arc::new(move |z, x, y| {
                drop(gate.lock().unwrap());
                made.fetch_add(1, Ordering::SeqCst);
                (x % 2 == 0).then(|| vec![z, y as u8])
            }),
            live_state: Arc::new(|| "in_process"),
            redis_word: Arc::new(|| None),
        });
        Self { app, clock, says, agency, tiles_made, tile_gate, field, live, peer: None, dir }
    }

    /// Where the record is.
    pub(crate) fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// The worker on the travel times, one round of which is as if it had looked.
    pub(crate) fn weights(&self) -> Weights {
        let App { record, travel, env, .. } = &*self.app;
        Weights::new(Arc::clone(&self.field), Arc::clone(record), Arc::clone(travel), env.clone()).unwrap()
    }

    /// Who knows by how much crews are led round.
    pub(crate) fn led(&self) -> Arc<Led> {
        let App { guide, roster, .. } = &*self.app;
        Arc::new(Led::new(Arc::clone(&self.field), Arc::clone(guide), Arc::clone(roster)))
    }

    /// A phone on foot says where it is.
    pub(crate) fn stands(&self, who: &Person, position: Position, seq: u32) {
        let fix = Fix {
            position,
            accuracy_m: 5.0,
            kind: FixKind::Gps,
            taken_at_ms: self.app.env.now().0,
            session_epoch: 1,
            seq,
        };
        assert_eq!(self.app.sight.places.put_staff(who.id(), who.account.no.unwrap(), fix).word(), "ok");
    }

    pub(crate) async fn call(&self, token: Option<&str>, method: &str, path: &str, body: Option<Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |b| Body::from(b.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Reply {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        let (method, path) = (request.method().as_str().to_owned(), request.uri().path().to_owned());
        let response = router(Arc::clone(&self.app)).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        let body = serde_json::from_str(&text).unwrap_or_default();
        assert!(is_described(&method, &path, parts.status), "openapi.json has no {} of {method} {path}", parts.status);
        Reply { status: parts.status, headers: parts.headers, body, text }
    }

    pub(crate) async fn person(&self, account: Account) -> Person {
        let token = self.app.record.issue_token(self.app.env.now(), account.id).await.unwrap().unwrap();
        Person { account, token }
    }

    /// A rider who consented to any agency.
    pub(crate) async fn rider(&self) -> Person {
        self.rider_of(Vec::new()).await
    }

    pub(crate) async fn rider_of(&self, agencies: Vec<AgencyId>) -> Person {
        let new =
            NewRider { name: "r".into(), agencies, gender: None, risk: RiskGrade::Standard, crew_size: CrewSize::PAIR };
        self.person(self.app.record.create_rider(T0, Actor::Shell, &new).await.unwrap()).await
    }

    /// Staff of the first agency on shift.
    pub(crate) async fn staff(&self) -> Person {
        self.staff_of(self.agency).await
    }

    pub(crate) async fn staff_of(&self, agency: AgencyId) -> Person {
        let new = NewStaff {
            agency,
            name: "s".into(),
            kind: StaffKind::Guard,
            gender: None,
            certified_until: T0.plus_s(86_400 * 300),
        };
        let account = self.app.record.create_staff(T0, Actor::Shell, &new).await.unwrap().unwrap();
        let shift = NewShift { mode: Mode::Walk, hours: 8 };
        self.app.record.start_shift(T0, account.id, shift).await.unwrap().unwrap();
        self.person(account).await
    }

    /// Another company.
    pub(crate) async fn other_agency(&self) -> AgencyId {
        self.app.record.create_agency(T0, Actor::Shell, "other", false).await.unwrap().id
    }

    pub(crate) async fn supervisor(&self, agency: AgencyId) -> Person {
        self.person(self.app.record.create_supervisor(T0, Actor::Shell, agency, "v").await.unwrap().unwrap()).await
    }

    pub(crate) async fn centre(&self) -> Person {
        let centre = self.app.record.create_agency(T0, Actor::Shell, "centre", true).await.unwrap().id;
        self.supervisor(centre).await
    }

    pub(crate) async fn admin(&self) -> Person {
        self.person(self.app.record.create_admin(T0, Actor::Shell, "a").await.unwrap()).await
    }

    /// Two places that can be walked between, some way apart.
    pub(crate) fn places(&self) -> (Position, Position) {
        let map = self.app.sight.map();
        let graph = map.graph(Profile::Walk);
        let b = map.data.bounds;
        let at =
            |u: f64, v: f64| Position::new(b.south + v * (b.north - b.south), b.west + u * (b.east - b.west)).unwrap();
        let mut snaps = (1..40)
            .flat_map(|i| (1..40).map(move |j| (i, j)))
            .filter_map(|(i, j)| graph.snap(at(f64::from(i) / 40.0, f64::from(j) / 40.0)).map(|snap| snap.at));
        let first = snaps.next().unwrap();
        let second = snaps.find(|p| p.distance_m(first) > 700.0).unwrap();
        (first, second)
    }

    pub(crate) fn booking(&self) -> Value {
        let (pickup, dropoff) = self.places();
        let place = |p: Position, label: &str| json!({"lat": p.lat(), "lon": p.lon(), "label": label});
        json!({"kind": "now", "pickup": place(pickup, "PICKUP-WORDS"), "dropoff": place(dropoff, "DROPOFF-WORDS")})
    }

    pub(crate) async fn book_with(&self, rider: &Person, key: &str, body: &Value) -> Reply {
        self.post_once(rider, "/v1/bookings", key, body).await
    }

    /// With an idempotency key.
    pub(crate) async fn post_once(&self, who: &Person, path: &str, key: &str, body: &Value) -> Reply {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {}", who.token))
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }

    pub(crate) async fn trip(&self, rider: &Person) -> TripId {
        let reply = self.book_with(rider, "k", &self.booking()).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.body["trips"][0]["id"].as_str().unwrap().parse().unwrap()
    }

    /// As the engine does it.
    pub(crate) async fn place(&self, trip: TripId, crew: &[&Person]) {
        let now = self.app.env.now();
        let placements = crew
            .iter()
            .zip(0..)
            .map(|(p, slot)| Placement { slot, staff: p.id(), eta_s: 120, sure: None, after: None })
            .collect();
        let effect = Effect::PlaceOffers { trip, placements, expires_at: now.plus_s(20) };
        let applied = self.app.record.apply(now, &[], &[effect]).await.unwrap();
        assert_eq!(applied, [crate::record::Applied::Done]);
    }

    /// A rider's trip with its crew of two, all accepted.
    pub(crate) async fn assigned(&self) -> (Person, TripId, [Person; 2]) {
        let rider = self.rider().await;
        let trip = self.trip(&rider).await;
        let crew = [self.staff().await, self.staff().await];
        self.place(trip, &[&crew[0], &crew[1]]).await;
        for member in &crew {
            self.accept(member).await;
        }
        (rider, trip, crew)
    }

    pub(crate) async fn accept(&self, staff: &Person) -> Reply {
        let offer = self.app.record.duties_of_staff(staff.id()).await.unwrap().offer.unwrap().offer.id;
        let path = format!("/v1/offers/{offer}/answer");
        self.call(Some(&staff.token), "POST", &path, Some(json!({"accept": true}))).await
    }
}
