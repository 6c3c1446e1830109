//! Owns when and where people book: the shape of a day, the weight of each district, and the two ways of a commute. Does not
//! book (`rider`).
//!
//! Arrivals are open-loop: the next one is drawn from the curve, never from how the server does.

use crate::city::City;
use geo::Position;
use geo::district::DISTRICTS;
use geo::station::STATIONS;
use rand::Rng;
use rand::seq::IndexedRandom as _;
use std::time::Duration;

/// Trips of a weekday sample of Seoul's public bikes in 2023 by hour of departure (23,882 in all; Seoul open data, aggregated):
/// peaks at 8 and 18 h, as commuting has them.
const TRIPS_BY_HOUR: [u32; 24] = [
    338, 167, 95, 55, 59, 230, 630, 1635, 2311, 1157, 737, 892, 938, 860, 899, 1059, 1377, 1925, 2502, 1796, 1360,
    1226, 1078, 556,
];

/// Uses of the city's safe-return escort scouts in 2024 and the number of scouts, by district in the order of
/// [`DISTRICTS`] (78,380 and 334 in all; Seoul open data). Where people ask, and where staff are.
const SCOUTS_BY_DISTRICT: [(u32, u32); 25] = [
    (2523, 8),
    (901, 8),
    (1014, 9),
    (3174, 13),
    (672, 8),
    (2419, 13),
    (4093, 10),
    (4107, 13),
    (2661, 15),
    (1625, 7),
    (1692, 11),
    (2846, 15),
    (3095, 13),
    (3936, 15),
    (2317, 7),
    (2122, 16),
    (1599, 12),
    (266, 17),
    (1142, 13),
    (3402, 17),
    (4850, 21),
    (16466, 24),
    (5097, 15),
    (3911, 20),
    (2450, 14),
];

/// A home is within this many metres of a station: the last walk of a commute.
const HOME_M: (f64, f64) = (350.0, 1400.0);

/// Staff wait this far around a district's middle or a station, metres.
const POST_M: (f64, f64) = (50.0, 1800.0);

/// A meeting point is within this many metres of the station.
const MEETING_M: (f64, f64) = (20.0, 150.0);

/// Nobody waits longer than this for the next event, however rare: the rate is looked at again.
const GAP_MAX: Duration = Duration::from_hours(1);

/// The hour from which people go home rather than out.
const HOMEWARD_FROM_HOUR: f64 = 12.0;

/// A station of the map with its weights.
#[derive(Clone, Copy, Debug)]
struct Quarter {
    at: Position,
    asking: f64,
    staff: f64,
}

/// Where and when bookings come from on one map.
#[derive(Debug)]
pub struct Demand {
    quarters: Vec<Quarter>,
    per_second: f64,
    /// Seconds in which a day passes; none is a day that stands still at its evening peak.
    day: Option<Duration>,
}

/// From where to where.
#[derive(Clone, Copy, Debug)]
pub struct Journey {
    /// The meeting point.
    pub pickup: Position,
    /// The destination.
    pub dropoff: Position,
}

impl Demand {
    /// For the stations inside the map, `per_second` bookings on average over a day.
    pub fn new(city: &City, per_second: f64, day: Option<Duration>) -> Self {
        let bounds = city.map().data.bounds;
        let stations = STATIONS.iter().filter_map(|s| Position::new(s.lat, s.lon).ok()).filter(|p| bounds.contains(*p));
        let mut quarters: Vec<Quarter> = stations.map(|at| Quarter { at, asking: 0.0, staff: 0.0 }).collect();
        let homes: Vec<usize> = quarters.iter().map(|q| district_of(q.at)).collect();
        for (quarter, &district) in quarters.iter_mut().zip(&homes) {
            let share = homes.iter().filter(|&&d| d == district).count() as f64;
            let (uses, scouts) = SCOUTS_BY_DISTRICT[district];
            quarter.asking = f64::from(uses) / share;
            quarter.staff = f64::from(scouts) / share;
        }
        Self { quarters, per_second, day }
    }

    /// Wait until the next booking when `elapsed` has passed since the first (a Poisson process whose rate follows the day).
    pub fn gap(&self, elapsed: Duration, rng: &mut impl Rng) -> Duration {
        let shape = self.day.map_or(1.0, |_| shape_at(self.hour(elapsed)));
        poisson_gap(self.per_second * shape, rng).unwrap_or(GAP_MAX)
    }

    /// A journey of somebody who books when `elapsed` has passed: out to a station in the morning, home from it later.
    pub fn journey(&self, city: &City, elapsed: Duration, rng: &mut impl Rng) -> Journey {
        let station = self.pick(rng, |q| q.asking).unwrap_or_else(|| city.anywhere(rng));
        let meeting = city.place_near(station, MEETING_M.0, MEETING_M.1, rng);
        let home = city.place_near(station, HOME_M.0, HOME_M.1, rng);
        if self.hour(elapsed) < HOMEWARD_FROM_HOUR {
            Journey { pickup: home, dropoff: meeting }
        } else {
            Journey { pickup: meeting, dropoff: home }
        }
    }

    /// Where a member of staff waits.
    pub fn post(&self, city: &City, rng: &mut impl Rng) -> Position {
        // Half stand where the service has its people, half where people ask, as a dispatcher would send them.
        let by_demand = rng.random_bool(0.5);
        let around = self.pick(rng, |q| if by_demand { q.asking } else { q.staff });
        match around {
            Some(at) => city.place_near(at, POST_M.0, POST_M.1, rng),
            None => city.anywhere(rng),
        }
    }

    fn pick(&self, rng: &mut impl Rng, weight: impl Fn(&Quarter) -> f64) -> Option<Position> {
        self.quarters.choose_weighted(rng, weight).ok().map(|q| q.at)
    }

    /// Hour of the day, 0..24.
    fn hour(&self, elapsed: Duration) -> f64 {
        self.day.map_or(18.0, |day| elapsed.as_secs_f64() / day.as_secs_f64().max(1.0) * 24.0 % 24.0)
    }
}

/// Wait until the next event of a Poisson process; `None` if its rate is zero.
pub fn poisson_gap(per_second: f64, rng: &mut impl Rng) -> Option<Duration> {
    let u: f64 = rng.random_range(f64::MIN_POSITIVE..1.0);
    (per_second > 0.0).then(|| Duration::from_secs_f64((-u.ln() / per_second).min(GAP_MAX.as_secs_f64())))
}

/// How busy an hour is, 1 on average over the day.
fn shape_at(hour: f64) -> f64 {
    let sum: u32 = TRIPS_BY_HOUR.iter().sum();
    f64::from(TRIPS_BY_HOUR[hour as usize % 24]) * 24.0 / f64::from(sum)
}

fn district_of(at: Position) -> usize {
    let away = |i: &usize| DISTRICTS[*i].position().distance_m(at);
    (0..DISTRICTS.len()).min_by(|a, b| away(a).total_cmp(&away(b))).unwrap_or(0)
}
