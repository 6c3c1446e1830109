//! People stay on streets, move at the speed of streets, and report what a phone would.

use crate::city::{City, GPS_NOISE_M, Walk, reported};
use crate::demo;
use crate::grid;
use crate::phone::{Habits, travels};
use crate::seed::{Stream, dice};
use geo::road::{Profile, RoadMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn random_place_is_on_a_street_and_as_far_as_asked() {
    let city = grid::city();
    let mut rng = dice(11, Stream::Homes, 0);
    let centre = city.anywhere(&mut rng);
    for _ in 0..200 {
        let place = city.place_near(centre, 300.0, 600.0, &mut rng);
        let snap = city.map().snap(Profile::Walk, place).unwrap();
        assert!(snap.distance_m < 0.1, "off the street by {} m", snap.distance_m);
    }
    let near = geo::Position::new(37.5663, 126.9779).unwrap();
    let away_m = (0..50).map(|_| city.place_near(near, 300.0, 600.0, &mut rng).distance_m(near));
    assert!(away_m.into_iter().all(|m| (200.0..700.0).contains(&m)), "snapping moves a place by half a block at most");
}

#[tokio::test]
async fn walker_follows_the_street_and_arrives_when_the_route_says() {
    let city = grid::city();
    let mut rng = dice(12, Stream::Homes, 0);
    let from = geo::Position::new(37.5663, 126.9779).unwrap();
    let to = city.place_near(from, 600.0, 900.0, &mut rng);
    let route = city.route(Profile::Walk, from, to).await.unwrap();
    let (begun, long_s) = (Instant::now(), route.duration_s);
    assert!(f64::from(route.length_m) >= from.distance_m(to) - 1.0);
    let walk = Walk::along(Arc::new(route), begun, None);
    let at = |s: f32| walk.position(begun + Duration::from_secs_f32(s));
    assert!(at(0.0).distance_m(from) < 1.0 && at(long_s + 1.0).distance_m(to) < 1.0);
    for step in 0..20 {
        let here = at(long_s * step as f32 / 20.0);
        assert!(city.map().snap(Profile::Walk, here).unwrap().distance_m < 1.0, "step {step}");
        let moved_m = here.distance_m(at(long_s * step as f32 / 20.0 + 4.0));
        assert!(moved_m <= 4.0 * 4.5 / 3.6 + 0.5, "{moved_m} m in 4 s on foot");
    }
    assert_eq!(walk.arrives_at(begun), begun + Duration::from_secs_f32(long_s));
}

#[tokio::test]
async fn who_cycles_keeps_to_the_streets_and_the_pace_of_bicycles() {
    let city = City::new(Arc::new(RoadMap::build(geo::city::generate_small(1))));
    let mut rng = dice(14, Stream::Homes, 0);
    let from = city.anywhere(&mut rng);
    let to = city.place_near(from, 900.0, 1_500.0, &mut rng);
    let on_foot_s = city.route(Profile::Walk, from, to).await.unwrap().duration_s;
    let route = city.route(Profile::Cycle, from, to).await.unwrap();
    let (begun, long_s) = (Instant::now(), route.duration_s);
    assert!(long_s < on_foot_s / 1.5, "{long_s} s by bicycle, {on_foot_s} s on foot");
    let ride = Walk::along(Arc::new(route), begun, None);
    let at = |s: f32| ride.position(begun + Duration::from_secs_f32(s));
    for step in 0..20 {
        let here = at(long_s * step as f32 / 20.0);
        assert!(city.map().snap(Profile::Cycle, here).unwrap().distance_m < 1.0, "step {step}");
        let moved_m = here.distance_m(at(long_s * step as f32 / 20.0 + 4.0));
        assert!(moved_m <= 4.0 * 16.0 / 3.6 + 0.5, "{moved_m} m in 4 s by bicycle");
    }
}

#[test]
fn of_a_demonstrations_fleet_some_cycle_and_of_a_load_as_many_as_are_asked_for() {
    let demo = demo::habits().unwrap();
    let fleet = |habits: &Habits, count: usize| -> Vec<Profile> {
        (0..count).map(|index| travels(1, index, habits, &mut dice(1, Stream::Phone, index as u64))).collect()
    };
    let of = |fleet: &[Profile], profile| fleet.iter().filter(|one| **one == profile).count();
    let shown = fleet(&demo, 40);
    let counts = [Profile::Walk, Profile::Drive, Profile::Cycle].map(|profile| of(&shown, profile));
    assert!(counts.iter().all(|count| *count >= 2), "of 40 {counts:?} walk, drive and cycle");
    let [none, all] = [0.0, 1.0].map(|by_bicycle| fleet(&Habits { by_bicycle, ..demo }, 400));
    assert_eq!((of(&none, Profile::Cycle), of(&all, Profile::Drive)), (0, 0));
    assert!(none.iter().zip(&all).all(|(a, b)| (*a == Profile::Walk) == (*b == Profile::Walk)), "walkers stay so");
}

#[tokio::test]
async fn hurry_shortens_long_legs_and_leaves_short_ones() {
    let city = grid::city();
    let from = geo::Position::new(37.5663, 126.9779).unwrap();
    let to = geo::Position::new(37.5720, 126.9779).unwrap();
    let route = Arc::new(city.route(Profile::Walk, from, to).await.unwrap());
    let now = Instant::now();
    let took =
        |most: f32| Walk::along(Arc::clone(&route), now, Some(Duration::from_secs_f32(most))).arrives_at(now) - now;
    assert!((took(60.0).as_secs_f32() - 60.0).abs() < 0.01);
    assert!((took(10_000.0).as_secs_f32() - route.duration_s).abs() < 0.01);
}

#[test]
fn reported_place_is_off_by_metres_in_every_direction() {
    let mut rng = dice(13, Stream::Phone, 0);
    let at = geo::Position::new(37.5663, 126.9779).unwrap();
    let off: Vec<f64> = (0..4000).map(|_| reported(at, &mut rng).distance_m(at)).collect();
    let square_mean = off.iter().map(|m| m * m).sum::<f64>() / off.len() as f64;
    let expected = 2.0 * GPS_NOISE_M * GPS_NOISE_M;
    assert!((square_mean / expected - 1.0).abs() < 0.1, "{square_mean} against {expected}");
}

#[test]
fn same_seed_same_dice_and_neighbours_differ() {
    use rand::Rng as _;
    let draw = |seed, stream, index| dice(seed, stream, index).random::<u64>();
    assert_eq!(draw(1, Stream::Phone, 7), draw(1, Stream::Phone, 7));
    let others =
        [draw(1, Stream::Phone, 7), draw(1, Stream::Phone, 8), draw(2, Stream::Phone, 7), draw(1, Stream::Rider, 7)];
    let different: std::collections::BTreeSet<u64> = others.into_iter().collect();
    assert_eq!(different.len(), 4);
}

#[tokio::test]
async fn a_crew_goes_one_way_with_its_rider_on_foot_nearby_and_by_car_farther_off() {
    let city = grid::city();
    let from = geo::Position::new(37.5663, 126.9779).unwrap();
    let near = geo::Position::new(37.5720, 126.9779).unwrap();
    let far = geo::Position::new(37.5860, 126.9990).unwrap();
    let length = async |to, profile| city.route(profile, from, to).await.unwrap().duration_s;
    let together = async |to| city.route_together(from, to).await.unwrap().duration_s;
    let [on_foot, by_car] = [length(near, Profile::Walk).await, length(far, Profile::Drive).await];
    assert!(length(far, Profile::Walk).await > 1_800.0);
    assert!((together(near).await - on_foot).abs() < 0.01, "{on_foot} s on foot");
    assert!((together(far).await - by_car).abs() < 0.01, "{by_car} s by car");
}
