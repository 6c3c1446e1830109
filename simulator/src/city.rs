//! Owns the streets people move on: random places on them, ways along them, and where somebody is on the way. Does not decide
//! who goes where (`demand`, `phone`).
//!
//! Searching a way takes milliseconds of a core; with thousands of phones that would starve the sockets, so every search runs
//! on the blocking pool, [`SEARCHES_MAX`] at a time.

use geo::Position;
use geo::road::{Profile, RoadMap, Route, Snap};
use rand::Rng;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Ways searched at the same time.
const SEARCHES_MAX: usize = 2;

/// Tries to find a road near a random point before any junction will do.
const PLACE_TRIES: u32 = 12;

/// Metres of one degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// Crew and rider walk together where that takes no longer than this, seconds, and else ride, however each of them came: as the
/// server expects of them.
const TOGETHER_ON_FOOT_S_MAX: f32 = 1_800.0;

/// Standard deviation of a phone's position error, metres, north and east each.
pub const GPS_NOISE_M: f64 = 8.0;

/// The road map, shared by everybody in it.
#[derive(Clone, Debug)]
pub struct City {
    map: Arc<RoadMap>,
    searches: Arc<Semaphore>,
}

impl City {
    /// Of a map.
    pub fn new(map: Arc<RoadMap>) -> Self {
        Self { map, searches: Arc::new(Semaphore::new(SEARCHES_MAX)) }
    }

    /// The map itself.
    pub fn map(&self) -> &RoadMap {
        &self.map
    }

    /// A point on a walkable road, at a distance from `centre` drawn evenly between two bounds in metres; any junction of the
    /// map where the map has no road there.
    pub fn place_near(&self, centre: Position, least_m: f64, most_m: f64, rng: &mut impl Rng) -> Position {
        for _ in 0..PLACE_TRIES {
            let bearing = rng.random_range(0.0..std::f64::consts::TAU);
            let away_m = rng.random_range(least_m..most_m);
            let there = moved(centre, away_m * bearing.cos(), away_m * bearing.sin());
            // Both ways of moving must be able to reach it, or half the staff could never come.
            let snap = there.and_then(|p| self.map.snap(Profile::Drive, p)).map(|s| s.at);
            if let Some(snap) = snap.and_then(|p| self.map.snap(Profile::Walk, p)).filter(|s| s.distance_m < 50.0) {
                return snap.at;
            }
        }
        self.anywhere(rng)
    }

    /// Any junction.
    pub fn anywhere(&self, rng: &mut impl Rng) -> Position {
        let graph = self.map.graph(Profile::Drive);
        graph.node(rng.random_range(0..graph.node_count().max(1) as u32))
    }

    /// The fastest way; `None` if there is none.
    pub async fn route(&self, profile: Profile, from: Position, to: Position) -> Option<Route> {
        self.search(move |map| route(map, profile, from, to)).await
    }

    /// The way that a crew goes with its rider; the same for all of them. `None` if there is none.
    pub async fn route_together(&self, from: Position, to: Position) -> Option<Route> {
        self.search(move |map| {
            let on_foot = route(map, Profile::Walk, from, to);
            match on_foot {
                Some(way) if way.duration_s <= TOGETHER_ON_FOOT_S_MAX => Some(way),
                on_foot => route(map, Profile::Drive, from, to).or(on_foot),
            }
        })
        .await
    }

    async fn search(&self, search: impl FnOnce(&RoadMap) -> Option<Route> + Send + 'static) -> Option<Route> {
        let _permit = self.searches.acquire().await.ok()?;
        let map = Arc::clone(&self.map);
        tokio::task::spawn_blocking(move || search(&map)).await.ok().flatten()
    }
}

fn route(map: &RoadMap, profile: Profile, from: Position, to: Position) -> Option<Route> {
    let graph = map.graph(profile);
    let (from, to): (Snap, Snap) = (graph.snap(from)?, graph.snap(to)?);
    graph.route(&from, &to)
}

/// Somebody standing or on the way.
#[derive(Clone, Debug)]
pub struct Walk {
    at: Position,
    way: Option<(Arc<Route>, Instant, f32)>,
}

impl Walk {
    /// Standing still.
    pub const fn standing(at: Position) -> Self {
        Self { at, way: None }
    }

    /// Setting out at `begun` along a route, which takes at most `most`: people in a hurried simulation move faster than real ones.
    pub fn along(route: Arc<Route>, begun: Instant, most: Option<Duration>) -> Self {
        let real_s = route.duration_s.max(0.001);
        let pace = most.map_or(1.0, |most| (real_s / most.as_secs_f32().max(0.1)).max(1.0));
        Self { at: route.points[route.points.len() - 1], way: Some((route, begun, pace)) }
    }

    /// Where they are.
    pub fn position(&self, now: Instant) -> Position {
        match &self.way {
            None => self.at,
            Some((route, begun, pace)) => route.position_at(now.saturating_duration_since(*begun).as_secs_f32() * pace),
        }
    }

    /// When they will be at the end; now if they stand.
    pub fn arrives_at(&self, now: Instant) -> Instant {
        match &self.way {
            None => now,
            Some((route, begun, pace)) => *begun + Duration::from_secs_f32(route.duration_s / pace),
        }
    }
}

/// What a phone reports for a true position: off by some metres.
pub fn reported(at: Position, rng: &mut impl Rng) -> Position {
    moved(at, gauss(rng) * GPS_NOISE_M, gauss(rng) * GPS_NOISE_M).unwrap_or(at)
}

fn moved(from: Position, north_m: f64, east_m: f64) -> Option<Position> {
    let lon_m = DEGREE_M * from.lat().to_radians().cos().max(0.01);
    Position::new(from.lat() + north_m / DEGREE_M, from.lon() + east_m / lon_m).ok()
}

/// A normal deviate (Box and Muller).
fn gauss(rng: &mut impl Rng) -> f64 {
    let u: f64 = rng.random_range(f64::MIN_POSITIVE..1.0);
    let v: f64 = rng.random_range(0.0..std::f64::consts::TAU);
    (-2.0 * u.ln()).sqrt() * v.cos()
}
