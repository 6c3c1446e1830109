//! Bookings come as often as asked, follow the day, and lead between a station and a home.

use crate::demand::{Demand, poisson_gap};
use crate::grid;
use crate::seed::{Stream, dice};
use std::time::Duration;

/// Bookings in each hour of `days` days of one minute an hour.
fn by_hour(days: u32, seed: u64) -> [u32; 24] {
    let city = grid::city();
    let day = Duration::from_mins(24);
    let demand = Demand::new(&city, 2.0, Some(day));
    let mut rng = dice(seed, Stream::Demand, 0);
    let (mut at, mut hours) = (Duration::ZERO, [0; 24]);
    while at < day * days {
        at += demand.gap(at, &mut rng);
        hours[(at.as_secs() / 60 % 24) as usize] += 1;
    }
    hours
}

#[test]
fn day_has_its_commuter_peaks_and_the_mean_asked_for() {
    let hours = by_hour(20, 21);
    let mean = f64::from(hours.iter().sum::<u32>()) / f64::from(20 * 24 * 60);
    assert!((mean / 2.0 - 1.0).abs() < 0.08, "{mean} a second");
    let busiest: Vec<usize> = [0..12, 12..24].map(|half| half.max_by_key(|&h| hours[h]).unwrap()).to_vec();
    assert_eq!(busiest, [8, 18]);
    assert!(hours[8] > 10 * hours[3]);
}

#[test]
fn day_that_stands_still_gives_the_rate_itself() {
    let city = grid::city();
    let demand = Demand::new(&city, 10.0, None);
    let mut rng = dice(22, Stream::Demand, 0);
    let all: Duration = (0..5000).map(|_| demand.gap(Duration::ZERO, &mut rng)).sum();
    assert!((all.as_secs_f64() / 500.0 - 1.0).abs() < 0.05, "{all:?} for 5,000 bookings");
}

#[test]
fn evening_leads_home_and_morning_out() {
    let city = grid::city();
    let day = Duration::from_secs(24);
    let demand = Demand::new(&city, 1.0, Some(day));
    let stations: Vec<_> = geo::station::STATIONS
        .iter()
        .map(|s| geo::Position::new(s.lat, s.lon).unwrap())
        .filter(|p| city.map().data.bounds.contains(*p))
        .collect();
    let nearest = |p: geo::Position| stations.iter().map(|s| s.distance_m(p)).fold(f64::INFINITY, f64::min);
    let mut rng = dice(23, Stream::Demand, 0);
    for (hour, out) in [(8, true), (18, false)] {
        let mut met_at_station = 0;
        for _ in 0..100 {
            let journey = demand.journey(&city, Duration::from_secs(hour), &mut rng);
            let end = if out { journey.dropoff } else { journey.pickup };
            met_at_station += u32::from(nearest(end) < 300.0);
        }
        assert!(met_at_station > 85, "{met_at_station} of 100 at {hour} h");
    }
}

#[test]
fn no_rate_no_event() {
    let mut rng = dice(24, Stream::Demand, 0);
    assert_eq!(poisson_gap(0.0, &mut rng), None);
    assert!(poisson_gap(1e-9, &mut rng).unwrap() <= Duration::from_hours(1));
}
