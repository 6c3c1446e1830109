//! How the field follows: a street is kept through one wild fix, and who takes the subway or a bicycle is never promised too soon.

use super::chain::trip_mode;
use super::field::{Field, profile};
use super::plan_tests::{NOW, Scene, account, junction, map};
use super::travel::Travel;
use super::upkeep::{Making, What};
use crate::record::UnderWay;
use geo::Fix;
use geo::road::data::RoadClass;
use geo::road::{Headed, Profile, RoadMap, Snap};
use matcher::model::{Mode, Timestamp, TripId};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Seconds somebody is searched to need to a place, and how they are searched.
fn searched(field: &Field, n: u32, to: Snap) -> (Mode, u32) {
    field.look(|look| {
        let mut found = look
            .ways()
            .flat_map(|(mode, staff)| {
                let hits: Vec<_> = staff.soonest(&to, 4 * 3_600_000).filter(|hit| hit.0 == account(n)).collect();
                hits.into_iter().map(move |(_, ms)| (mode, ms / 1_000))
            })
            .collect::<Vec<_>>();
        assert_eq!(found.len(), 1, "in the buckets of one mode");
        found.remove(0)
    })
}

#[test]
fn one_fix_out_of_reach_moves_nobody_and_a_third_is_believed() {
    let scene = Scene::with_staff(1);
    let field = Field::new(Arc::clone(map()));
    field.follow(&scene.live, &scene.roster, NOW);
    let home = map().snap(Profile::Walk, junction(0)).expect("a street");
    let (_, at_home_s) = searched(&field, 0, home);
    let far = (0..120).map(junction).find(|p| p.distance_m(junction(0)) > 800.0).expect("a city is wide");
    for (nth, is_there) in [(1, false), (2, false), (3, true)] {
        let now = NOW.plus_s(4 * nth);
        scene.fix(0, far, now, nth as u32 + 1);
        field.follow(&scene.live, &scene.roster, now);
        let (_, s) = searched(&field, 0, home);
        assert_eq!(s > at_home_s + 60, is_there, "fix {nth}: {s} s from where it was");
        let told_at = field.look(|look| look.standing(account(0)).expect("known").fix.taken_at_ms);
        assert_eq!(told_at == now.0, is_there, "a place is no fresher than the fix that told it");
    }
}

#[test]
fn by_subway_is_on_foot_until_it_can_be_searched_and_never_later_than_that() {
    let mut scene = Scene::with_staff(2);
    scene.roster.by_id.get_mut(&account(0)).expect("there").shift.as_mut().expect("on shift").mode = Mode::Transit;
    let field = Field::new(Arc::clone(map()));
    field.follow(&scene.live, &scene.roster, NOW);
    assert_eq!(field.lacks(&scene.roster).next(), Some(Mode::Transit));
    let far = map().snap(Profile::Walk, junction(119)).expect("a street");
    let (as_walker, walk_s) = searched(&field, 0, far);
    assert_eq!(as_walker, Mode::Walk);
    field.search(Mode::Transit);
    assert_eq!(field.lacks(&scene.roster).next(), None);
    field.follow(&scene.live, &scene.roster, Timestamp(NOW.0 + 1));
    let (as_rider, ride_s) = searched(&field, 0, far);
    assert_eq!(as_rider, Mode::Transit);
    assert!(ride_s <= walk_s, "{ride_s} s by subway, {walk_s} s on foot");
    let (other, _) = searched(&field, 1, far);
    assert_eq!(other, Mode::Walk, "the other one's way of travelling is their own");
    assert_eq!(profile(as_rider), Profile::Transit);
}

#[test]
fn whoever_is_not_searched_is_told_of_while_a_decision_looks() {
    let mut scene = Scene::with_staff(2);
    scene.roster.by_id.get_mut(&account(0)).expect("there").shift = None;
    let field = Field::new(Arc::clone(map()));
    field.follow(&scene.live, &scene.roster, NOW);
    let fix = scene.live.last_fix(account(1)).expect("just sent");
    field.look(|look| {
        // Were it to wait for the look, this would never end.
        scene.fix(0, junction(1), NOW.plus_s(4), 2);
        field.follow(&scene.live, &scene.roster, NOW.plus_s(4));
        assert_eq!(look.standing(account(0)).expect("known").fix.position, junction(1));
        assert!(field.place_of(account(1), &fix, Profile::Walk).is_some(), "and the edge is answered");
    });
}

#[test]
fn who_the_live_index_forgets_is_forgotten_on_shift_or_off() {
    let mut scene = Scene::with_staff(3);
    let field = Field::new(Arc::clone(map()));
    field.follow(&scene.live, &scene.roster, NOW);
    scene.roster.by_id.get_mut(&account(0)).expect("there").shift = None;
    scene.roster.version += 1;
    field.follow(&scene.live, &scene.roster, NOW);
    for n in [0, 1] {
        scene.live.remove(account(n));
    }
    field.forget(&scene.live);
    let known = |n| field.look(|look| look.standing(account(n)).is_some());
    assert_eq!([known(0), known(1), known(2)], [false, false, true]);
    let searched = field.look(|look| look.ways().map(|(_, staff)| staff.len()).sum::<usize>());
    assert_eq!(searched, 1, "nor is anybody found whose position is gone");
}

#[test]
fn who_drives_or_cycles_is_searched_as_they_came_and_turning_round_costs_them() {
    for (mode, profile, round_ms) in [(Mode::Drive, Profile::Drive, 20_000), (Mode::Cycle, Profile::Cycle, 8_000)] {
        let mut scene = Scene::with_staff(1);
        scene.roster.by_id.get_mut(&account(0)).expect("there").shift.as_mut().expect("on shift").mode = mode;
        let graph = map().graph(profile);
        let long = |edge: &u32| {
            let edge = graph.edge(*edge);
            // In bigger ones nobody turns round on the spot (`geo::road::headed`).
            map().data.ways[edge.way as usize].class >= RoadClass::Tertiary
                && edge.forward()
                && edge.backward()
                && (150.0..300.0).contains(&edge.length_m)
                && edge.start != edge.end
        };
        let edge = (0..graph.edge_count() as u32).find(long).expect("a city has a long street");
        let at = |fraction| graph.snap_at(edge, fraction);
        let turned_ms = |fractions: [f32; 3], behind: f32| {
            let field = Field::new(Arc::clone(map()));
            field.search(mode);
            for (nth, fraction) in (1..).zip(fractions) {
                let now = NOW.plus_s(4 * nth);
                scene.fix(0, at(fraction).at, now, (fraction * 1_000.0) as u32 + nth as u32);
                field.follow(&scene.live, &scene.roster, now);
            }
            let fix = scene.live.last_fix(account(0)).expect("just sent");
            let place = field.place_of(account(0), &fix, profile).expect("on the road");
            assert_eq!(place.snap.edge, edge);
            assert!(field.place_of(account(0), &fix, Profile::Walk).is_none(), "on other roads they are not");
            assert!(field.place_of(account(0), &Fix { seq: 9_999, ..fix }, profile).is_none(), "of another fix");
            let metric = field.times(mode).1;
            let ms = metric.travel_ms(place, &at(behind)).expect("a way");
            assert_eq!(searched(&field, 0, at(behind)), (mode, ms / 1_000));
            ms - metric.travel_ms(place.snap, &at(behind)).expect("a way")
        };
        assert_eq!(turned_ms([0.30, 0.45, 0.60], 0.40), round_ms, "{mode:?}: it lies behind");
        assert_eq!(turned_ms([0.30, 0.45, 0.60], 0.80), 0, "{mode:?}: it lies ahead");
        assert_eq!(turned_ms([0.60, 0.60, 0.60], 0.40), 0, "{mode:?}: nobody knows which way they are headed");
    }
}

/// The fix is told again when their trip gets under way, and one may look a moment older than the one before it.
#[test]
fn who_drives_keeps_street_and_direction_when_a_fix_is_told_again_or_comes_late_and_a_clock_set_back_holds_nobody() {
    let mut scene = Scene::with_staff(1);
    travels(&mut scene, 0, Mode::Drive);
    let graph = map().graph(Profile::Drive);
    let long = |edge: &u32| {
        let street = graph.edge(*edge);
        let class = map().data.ways[street.way as usize].class;
        class >= RoadClass::Tertiary
            && street.forward()
            && street.backward()
            && (150.0..300.0).contains(&street.length_m)
    };
    let edge = (0..graph.edge_count() as u32).find(long).expect("a city has a long street");
    let at = |fraction| graph.snap_at(edge, fraction).at;
    let field = Field::new(Arc::clone(map()));
    let mut seq = 100;
    let mut place = |scene: &Scene, fix: Option<(f32, Timestamp)>, now: Timestamp| {
        if let Some((fraction, taken_at)) = fix {
            seq += 1;
            scene.fix(0, at(fraction), taken_at, seq);
        }
        field.follow(&scene.live, &scene.roster, now);
        let fix = scene.live.last_fix(account(0)).expect("sent");
        field.place_of(account(0), &fix, Profile::Drive).expect("on the road")
    };
    for (nth, fraction) in [(1, 0.30), (2, 0.45), (3, 0.60)] {
        place(&scene, Some((fraction, NOW.plus_s(4 * nth))), NOW.plus_s(4 * nth));
    }
    // What turning round costs, of one way off against the other.
    let turned = |place: Headed| i64::from(place.lead_ms()[0]) - i64::from(place.lead_ms()[1]);
    let headed = turned(place(&scene, None, NOW.plus_s(12)));
    assert_ne!(headed, 0, "the way they came is known");
    let pairs = (0..120).flat_map(|from| (0..120).map(move |to| (junction(from), junction(to))));
    let (pickup, dropoff) =
        pairs.into_iter().find(|&(from, to)| trip_mode(map(), from, to) == Mode::Drive).expect("too far to walk");
    let entry = scene.roster.by_id.get_mut(&account(0)).expect("there");
    entry.under_way = Some(UnderWay { trip: TripId(Uuid::from_u128(1)), pickup, dropoff, has_car: true });
    scene.roster.version += 1;
    let again = place(&scene, None, NOW.plus_s(13));
    assert_eq!((again.snap.edge, turned(again)), (edge, headed), "told again");
    let late = place(&scene, Some((0.70, NOW.plus_s(11))), NOW.plus_s(14));
    assert_eq!((late.snap.edge, turned(late)), (edge, headed), "a moment late");
    // An hour back: no later fix would be believed for an hour.
    place(&scene, Some((0.75, NOW.plus_s(-3_600))), NOW.plus_s(-3_600));
    let back = place(&scene, Some((0.90, NOW.plus_s(-3_594))), NOW.plus_s(-3_594));
    assert_eq!((back.snap.edge, turned(back)), (edge, headed), "the clock was set back");
}

/// A shift may be begun anew in the middle of a trip, by another way of travelling: a street number of the one is another street of the
/// other, or none.
#[test]
fn who_takes_another_shift_with_a_rider_and_is_seen_out_of_reach_stands_on_no_street_of_the_way_before() {
    let mut scene = Scene::with_staff(1);
    let (from, to) = (junction(0), junction(1));
    assert_eq!(trip_mode(map(), from, to), Mode::Walk, "they walk, whatever the shift says");
    let entry = scene.roster.by_id.get_mut(&account(0)).expect("there");
    entry.under_way = Some(UnderWay { trip: TripId(Uuid::from_u128(1)), pickup: from, dropoff: to, has_car: false });
    scene.roster.version += 1;
    let field = Field::new(Arc::clone(map()));
    field.follow(&scene.live, &scene.roster, NOW);
    let far = (0..120).map(junction).find(|p| p.distance_m(from) > 800.0).expect("a city is wide");
    let there = map().place(Profile::Drive, to).expect("a street");
    for (nth, mode) in [(1, Mode::Drive), (2, Mode::Walk), (3, Mode::Drive)] {
        let now = NOW.plus_s(nth);
        travels(&mut scene, 0, mode);
        scene.fix(0, if nth % 2 == 1 { far } else { from }, now, nth as u32 + 1);
        field.follow(&scene.live, &scene.roster, now);
        assert_eq!(searched(&field, 0, there).0, mode, "look {nth}: in the buckets, at the end of the trip");
        let fix = scene.live.last_fix(account(0)).expect("sent");
        let told = field.look(|look| look.standing(account(0)).expect("known").fix);
        assert_eq!(told, fix, "look {nth}: nothing is known by which it could not be believed");
    }
    // By the time since the last fix they are free the sooner.
    field.follow(&scene.live, &scene.roster, NOW.plus_s(20));
    assert_eq!(searched(&field, 0, there).0, Mode::Drive);
}

/// Somebody of the scene travels so.
fn travels(scene: &mut Scene, n: u32, mode: Mode) {
    scene.roster.by_id.get_mut(&account(n)).expect("there").shift.as_mut().expect("on shift").mode = mode;
    scene.roster.version += 1;
}

#[test]
fn by_bicycle_is_on_foot_until_its_times_are_known_and_then_by_the_streets_and_turns_of_bicycles() {
    let mut scene = Scene::with_staff(2);
    travels(&mut scene, 0, Mode::Cycle);
    let field = Field::new(Arc::clone(map()));
    field.follow(&scene.live, &scene.roster, NOW);
    let far = [Profile::Walk, Profile::Cycle].map(|profile| map().snap(profile, junction(119)).expect("a street"));
    let (as_walker, walk_s) = searched(&field, 0, far[0]);
    field.make(Mode::Cycle);
    assert_eq!(field.lacks(&scene.roster).next(), None, "it is made");
    field.follow(&scene.live, &scene.roster, Timestamp(NOW.0 + 1));
    assert_eq!([as_walker, searched(&field, 0, far[0]).0], [Mode::Walk; 2], "what is closed to it is not known");
    field.search(Mode::Cycle);
    field.follow(&scene.live, &scene.roster, Timestamp(NOW.0 + 2));
    let home = map().snap(Profile::Cycle, junction(0)).expect("a street");
    let expected_ms = map().free_flow(Profile::Cycle).travel_ms(home, &far[1]).expect("a way");
    assert_eq!(searched(&field, 0, far[1]), (Mode::Cycle, expected_ms / 1_000));
    assert!(expected_ms / 1_000 < walk_s, "{expected_ms} ms by bicycle, {walk_s} s on foot");
    assert_eq!(searched(&field, 1, far[0]).0, Mode::Walk, "the other one's way of travelling is their own");
}

#[test]
fn whatever_is_lacking_is_made_one_after_the_other() {
    let mut scene = Scene::with_staff(3);
    let own = Arc::new(RoadMap::build(geo::city::generate_small(1)));
    let (field, travel) = (Arc::new(Field::new(Arc::clone(&own))), Arc::new(Travel::default()));
    let lacks = |scene: &Scene| field.lacks(&scene.roster).collect::<Vec<_>>();
    assert_eq!(lacks(&scene), [], "everybody walks: nothing else is made");
    let begun: Arc<Mutex<Vec<What>>> = Arc::default();
    let told = Arc::clone(&begun);
    let mut making = Making::with(Box::new(move |what, work| {
        told.lock().unwrap().push(what);
        std::thread::Builder::new().spawn(work)
    }));
    making.see_to(&field, &scene.roster, &travel, Instant::now());
    let is_measured = || own.has_free_flow(Profile::Transit);
    assert!(
        (0..3_000).any(|_| is_measured() || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            false
        }),
        "but far trips can be measured before one is booked"
    );
    assert!(field.roads(Mode::Cycle).is_none() && field.roads(Mode::Transit).is_none());
    travels(&mut scene, 0, Mode::Cycle);
    assert_eq!(lacks(&scene), [Mode::Cycle]);
    travels(&mut scene, 1, Mode::Transit);
    assert_eq!(lacks(&scene), [Mode::Transit, Mode::Cycle]);
    for _ in 0..3_000 {
        making.see_to(&field, &scene.roster, &travel, Instant::now());
        let has_begun = begun.lock().unwrap().contains(&What::Search(Mode::Cycle));
        assert!(!has_begun || field.roads(Mode::Transit).is_some(), "two at once");
        if lacks(&scene).is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(lacks(&scene), [], "the second is made when the first is");
}

/// What becomes of the threads that are asked for.
#[derive(Clone, Copy)]
enum Luck {
    NotBegun,
    Panics,
    Works,
}

#[test]
fn what_could_not_be_made_is_tried_again_after_a_pause_that_grows() {
    let mut scene = Scene::with_staff(1);
    travels(&mut scene, 0, Mode::Cycle);
    let own = Arc::new(RoadMap::build(geo::city::generate_small(1)));
    let (field, travel) = (Arc::new(Field::new(Arc::clone(&own))), Arc::new(Travel::default()));
    let state = Arc::new(Mutex::new((Luck::NotBegun, Vec::new())));
    let shared = Arc::clone(&state);
    let mut making = Making::with(Box::new(move |what, work| {
        let mut state = shared.lock().unwrap();
        state.1.push(what);
        let thread = match state.0 {
            Luck::NotBegun => return Err(std::io::ErrorKind::WouldBlock.into()),
            Luck::Panics => std::thread::spawn(|| panic!("as a bug would")),
            Luck::Works => std::thread::spawn(work),
        };
        while !thread.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(thread)
    }));
    let (subway, cycle, start) = (What::Subway, What::Search(Mode::Cycle), Instant::now());
    let mut see = |at_s: u64, luck: Luck| {
        state.lock().unwrap().0 = luck;
        making.see_to(&field, &scene.roster, &travel, start + Duration::from_secs(at_s));
        std::mem::take(&mut state.lock().unwrap().1)
    };
    assert_eq!(see(0, Luck::NotBegun), [subway]);
    assert_eq!(see(0, Luck::Panics), [cycle], "what failed keeps nothing else waiting");
    assert_eq!((see(0, Luck::Panics), see(4, Luck::Panics)), (vec![], vec![]), "nor is it tried again and again");
    assert_eq!((see(5, Luck::Panics), see(5, Luck::Panics)), (vec![subway], vec![cycle]));
    assert_eq!((see(5, Luck::Works), see(14, Luck::Works)), (vec![], vec![]), "twice as long after that");
    assert_eq!((see(15, Luck::Works), see(15, Luck::Works)), (vec![subway], vec![cycle]));
    assert!(see(15, Luck::Works).is_empty() && own.has_free_flow(Profile::Transit));
    assert_eq!(field.lacks(&scene.roster).next(), None, "and then it is made");
    assert!(see(3_600, Luck::Works).is_empty());
}
