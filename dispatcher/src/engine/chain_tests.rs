//! Who is with a rider beside who is idle: found by arrival, exactly, against everybody asked one by one.

use super::chain::{is_late, trip_mode};
use super::field::{Field, profile};
use super::plan::{World, step};
use super::plan_tests::{NOW, Scene, account, junction, map, placed, trip};
use super::search::{Found, Search};
use crate::record::{DueTrip, Effect, NextDuty, UnderWay};
use geo::Position;
use matcher::model::{Mode, Phase, Timestamp, TripId};
use matcher::policy::limits;
use std::sync::Arc;
use uuid::Uuid;

/// The trip that somebody is on.
pub(super) fn present(n: u32) -> TripId {
    TripId(Uuid::from_u128(u128::from(n) + 9_000))
}

/// `n` is with a rider, on the way to `dropoff`.
pub(super) fn escorts(scene: &mut Scene, n: u32, dropoff: Position) {
    let entry = scene.roster.by_id.get_mut(&account(n)).expect("on the roster");
    entry.duty = Some((present(n), Phase::Escorting));
    entry.under_way = Some(UnderWay { trip: present(n), pickup: junction(n), dropoff, has_car: false });
    scene.roster.version += 1;
}

pub(super) fn followed(scene: &Scene, field: Field) -> Field {
    field.follow(&scene.live, &scene.roster, NOW);
    field
}

pub(super) fn field() -> Field {
    Field::new(Arc::clone(map()))
}

/// Milliseconds, by one search from here to there.
fn takes_ms(mode: Mode, from: Position, to: Position) -> u32 {
    let profile = profile(mode);
    let snap = |at| map().snap(profile, at).expect("a street");
    map().free_flow(profile).travel_ms(snap(from), &snap(to)).expect("a way")
}

/// Everybody found, soonest first.
pub(super) fn found(scene: &Scene, field: &Field, due: &DueTrip) -> Vec<Found> {
    field.look(|look| {
        let mut search = Search::new(due, look, &scene.roster, NOW, limits::PICKUP_ETA_S_MAX);
        std::iter::from_fn(|| search.draw()).collect()
    })
}

#[test]
fn idle_and_busy_are_found_by_arrival_as_one_by_one() {
    for seed in 0..20_u32 {
        let mut scene = Scene::with_staff(24);
        let mut wanted = Vec::new();
        let due = trip(0, Phase::Matching, junction(seed * 7 + 50));
        for n in 0..24 {
            let arrival_ms = if (n + seed) % 3 == 0 {
                let dropoff = junction(n * 5 + seed + 30);
                escorts(&mut scene, n, dropoff);
                let moves = trip_mode(map(), junction(n), dropoff);
                let left_ms = takes_ms(moves, junction(n), dropoff) + limits::HAND_OVER_S as u32 * 1_000;
                let seen_at = scene.live.last_fix(account(n)).expect("sent").taken_at_ms;
                left_ms - (NOW.0 - seen_at) as u32 + takes_ms(Mode::Walk, dropoff, due.row.trip.pickup)
            } else {
                takes_ms(Mode::Walk, junction(n), due.row.trip.pickup)
            };
            wanted.push((arrival_ms, account(n)));
        }
        wanted.retain(|(arrival_ms, _)| i64::from(*arrival_ms) <= limits::PICKUP_ETA_S_MAX * 1_000);
        wanted.sort_unstable();
        let field = followed(&scene, field());
        let found = found(&scene, &field, &due);
        let mut times: Vec<_> = found.iter().map(|f| ((f.eta.seconds * 1_000.0).round() as u32, f.staff)).collect();
        assert!(times.is_sorted_by_key(|t| t.0), "seed {seed}: in order of arrival");
        times.sort_unstable();
        assert_eq!(times, wanted, "seed {seed}");
        for one in &found {
            let (busy, close) = (one.after.is_some(), one.verdict.is_eligible());
            let n = (0..24).find(|n| account(*n) == one.staff).expect("one of them");
            assert_eq!(busy, (n + seed) % 3 == 0);
            assert!(one.eta.p90_s >= one.eta.seconds * 1.4, "the spread of both parts: {:?}", one.eta);
            if busy {
                let free_ms = field.look(|look| look.standing(one.staff)).expect("known").free_ms;
                assert_eq!(
                    close,
                    i64::from(free_ms) <= limits::NEXT_WITHIN_S * 1_000,
                    "seed {seed}: {:?}",
                    one.verdict
                );
            }
        }
    }
}

/// The way goes on while no fix comes: it must count from now, for the search, the rules and what is told.
#[test]
fn who_was_last_heard_of_a_while_ago_is_free_the_sooner_by_that() {
    let mut scene = Scene::with_staff(1);
    let due = trip(0, Phase::Matching, junction(60));
    escorts(&mut scene, 0, junction(40));
    let field = followed(&scene, field());
    let found_at = |now: Timestamp| {
        field.follow(&scene.live, &scene.roster, now);
        field.look(|look| {
            let standing = look.standing(account(0)).expect("known");
            let mut search = Search::new(&due, look, &scene.roster, now, limits::PICKUP_ETA_S_MAX);
            let found = search.draw().expect("found");
            assert!(found.eta.p90_s > found.eta.seconds);
            (found.eta.seconds, standing.free_ms)
        })
    };
    let (first_s, first_ms) = found_at(NOW);
    for gone_s in [10, 45, 58] {
        let (later_s, later_ms) = found_at(NOW.plus_s(gone_s));
        assert!((first_s - later_s - gone_s as f32).abs() < 0.01, "{first_s} s, and {gone_s} s later {later_s}");
        assert_eq!(i64::from(first_ms - later_ms), gone_s * 1_000);
    }
    // Nobody is free before they are.
    let (long_s, long_ms) = found_at(NOW.plus_s(7_200));
    assert_eq!((long_ms, (first_s - long_s - first_ms as f32 / 1_000.0).abs() < 0.01), (0, true));
}

/// Idle 8 minutes away, or free in 4 and 3 away: found on the streets of the small city.
#[test]
fn who_is_free_soon_and_near_goes_before_who_is_idle_and_far() {
    let pickup = junction(0);
    let due = trip(0, Phase::Matching, pickup);
    let walk_s = |from| takes_ms(Mode::Walk, from, pickup) / 1_000;
    let at =
        |from_s: u32, to_s: u32| (1..120).find(|n| (from_s..to_s).contains(&walk_s(junction(*n)))).expect("a place");
    let (near, far) = (at(60, 180), at(480, 900));
    let mut scene = Scene::with_staff(0);
    for n in 0..3 {
        scene.add(n, junction(if n == 0 { far } else { near }));
    }
    // 1 and 2 are with a rider who is all but there.
    for n in [1, 2] {
        escorts(&mut scene, n, junction(near));
    }
    let decide = |scene: &Scene, field: &Field| {
        field.look(|look| {
            step(&World { roster: &scene.roster, field: look, settled: true }, NOW, std::slice::from_ref(&due))
        })
    };
    let decided = decide(&scene, &followed(&scene, field()));
    assert_eq!(placed(&decided.effects)[0].1.len(), 2);
    let Some(Effect::PlaceOffers { placements, .. }) = decided.effects.first() else { panic!("{decided:?}") };
    let after: Vec<_> = placements.iter().map(|p| (p.staff, p.after)).collect();
    assert!(
        after.contains(&(account(1), Some(present(1)))) && after.contains(&(account(2), Some(present(2)))),
        "{after:?}"
    );
    assert!(decided.refused_by_check.is_empty() && decided.proven);
    // A crew of one who is idle and one who comes from a trip.
    scene.roster.by_id.remove(&account(2));
    scene.roster.version += 1;
    let decided = decide(&scene, &followed(&scene, field()));
    let Some(Effect::PlaceOffers { placements, .. }) = decided.effects.first() else { panic!("{decided:?}") };
    let mut after: Vec<_> = placements.iter().map(|p| (p.staff, p.after)).collect();
    after.sort_unstable_by_key(|a| a.0);
    assert_eq!(after, [(account(0), None), (account(1), Some(present(1)))]);
    // Switched off, who is with a rider is asked nothing.
    let decided = decide(&scene, &followed(&scene, field().without_chains()));
    assert_eq!(placed(&decided.effects), []);
}

#[test]
fn the_rest_of_a_trip_shrinks_as_it_goes_on_and_is_forgotten_at_its_end() {
    let mut scene = Scene::with_staff(1);
    let dropoff = (1..120).map(junction).find(|p| takes_ms(Mode::Walk, junction(0), *p) > 500_000).expect("far");
    escorts(&mut scene, 0, dropoff);
    let field = followed(&scene, field());
    let free_ms = |field: &Field| field.ending(account(0)).map(|(ending, _)| ending.free_ms);
    let first = free_ms(&field).expect("under way");
    let way = map().free_flow(profile(Mode::Walk));
    let snap = |at| map().snap(profile(Mode::Walk), at).expect("a street");
    let route = way.route(map().graph(profile(Mode::Walk)), snap(junction(0)), &snap(dropoff)).expect("a way");
    let mut last = first;
    // Every fifth point of the way, as long apart as a walker takes.
    let mut now = NOW;
    for (nth, at) in route.points.iter().step_by(5).enumerate().skip(1) {
        now = now.plus_s(60);
        scene.fix(0, *at, now, nth as u32 + 1);
        field.follow(&scene.live, &scene.roster, now);
        let left = free_ms(&field).expect("under way");
        assert!(left <= last, "{left} after {last}");
        last = left;
    }
    assert!(last < first);
    let entry = scene.roster.by_id.get_mut(&account(0)).expect("there");
    (entry.duty, entry.under_way) = (None, None);
    scene.roster.version += 1;
    field.follow(&scene.live, &scene.roster, now);
    assert_eq!(free_ms(&field), None);
    let due = trip(0, Phase::Matching, junction(0));
    assert!(found(&scene, &field, &due)[0].after.is_none());
}

#[test]
fn without_a_known_end_nobody_who_is_busy_is_asked() {
    let mut scene = Scene::with_staff(2);
    for n in 0..2 {
        escorts(&mut scene, n, junction(5));
        scene.roster.by_id.get_mut(&account(n)).expect("there").under_way = None;
    }
    let field = followed(&scene, field());
    let due = trip(0, Phase::Matching, junction(0));
    for found in found(&scene, &field, &due) {
        assert_eq!(found.verdict.violations.iter().map(|v| v.code).collect::<Vec<_>>(), ["busy"]);
    }
}

#[test]
fn a_next_duty_is_late_when_its_promise_cannot_be_kept() {
    let mut scene = Scene::with_staff(1);
    let (dropoff, pickup) = (junction(40), junction(60));
    escorts(&mut scene, 0, dropoff);
    let field = followed(&scene, field());
    let (ending, taken_at) = field.ending(account(0)).expect("under way");
    let way_ms = i64::from(takes_ms(Mode::Walk, dropoff, pickup));
    let there_at = taken_at + i64::from(ending.free_ms) + way_ms;
    let duty = |staff, promised_at| NextDuty {
        trip: TripId(Uuid::from_u128(1)),
        staff,
        promised_at: Timestamp(promised_at),
        from: dropoff,
        to: pickup,
    };
    let margin_ms = limits::NEXT_LATE_S * 1_000;
    let late = |staff, promised_at, now| is_late(&field, &duty(staff, promised_at), Mode::Walk, now);
    assert!(!late(account(0), there_at - margin_ms, NOW));
    assert!(late(account(0), there_at - margin_ms - 1, NOW));
    // Nobody knows where they are: not before it is sure.
    let stranger = account(77);
    assert!(!late(stranger, NOW.0 + way_ms - margin_ms, NOW));
    assert!(late(stranger, NOW.0 + way_ms - margin_ms - 1, NOW));
    // A phone that is silent does not grow late by its silence, until the end has come and gone.
    assert!(!late(account(0), there_at - margin_ms, Timestamp(taken_at + i64::from(ending.free_ms))));
    assert!(late(account(0), there_at - margin_ms, Timestamp(taken_at + i64::from(ending.free_ms) + 1_000)));
}

#[test]
fn a_crew_without_a_car_is_free_when_the_subway_has_brought_them() {
    let stops = &map().data.subway.stops;
    let from = stops[0].at;
    let to =
        stops.iter().map(|s| s.at).max_by(|a, b| a.distance_m(from).total_cmp(&b.distance_m(from))).expect("a stop");
    let field = field();
    // With every line that ever runs.
    field.search(Mode::Transit);
    let open = Arc::clone(map().free_flow(profile(Mode::Transit)));
    let roads = field.roads(Mode::Transit).expect("searched");
    assert!(roads.swap(roads.begin().onto(open)));
    let mut scene = Scene::with_staff(0);
    for (n, has_car) in [(0, false), (1, true)] {
        scene.add(n, from);
        escorts(&mut scene, n, to);
        let entry = scene.roster.by_id.get_mut(&account(n)).expect("there");
        entry.under_way = Some(UnderWay { trip: present(n), pickup: from, dropoff: to, has_car });
    }
    let field = followed(&scene, field);
    let left_ms = |n| field.ending(account(n)).expect("under way").0.free_ms - limits::HAND_OVER_S as u32 * 1_000;
    for (n, mode) in [(0, Mode::Transit), (1, Mode::Drive)] {
        let takes = takes_ms(mode, from, to);
        assert!(left_ms(n).abs_diff(takes) < 5_000, "{mode:?}: {} ms, by one search {takes}", left_ms(n));
    }
    assert!(left_ms(0) > left_ms(1) + 60_000);
}
