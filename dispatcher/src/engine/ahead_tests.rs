//! What comes beside the way, in the search and in next duties: added once, to what lies ahead, and changing no order but between ways of
//! travelling.

use super::ahead::ahead_s;
use super::chain::is_late;
use super::chain_tests::{escorts, field, followed, found, present};
use super::field::Field;
use super::plan_tests::{NOW, Scene, account, junction, trip};
use super::search::Found;
use crate::record::NextDuty;
use geo::road::hierarchy::Metric;
use geo::{Basis, Beside};
use matcher::model::{Mode, Phase, Timestamp};
use matcher::policy::limits;
use std::sync::Arc;

/// Of walkers two minutes.
const USUAL: Beside = Beside { alone_s: 120.0, with_rider_s: 200.0 };

/// A field that has learnt so much of a mode.
fn learnt(mode: Mode, beside: Beside) -> Field {
    let field = field();
    let times = field.times(mode).1.times().clone().known_by(Basis::MAP.with(beside));
    let roads = field.roads(mode).expect("made");
    let metric = Arc::new(Metric::new(roads.hierarchy(), times));
    assert!(roads.swap(roads.begin().onto(metric)));
    field
}

fn is_near(got: f32, wanted: f32) {
    assert!((got - wanted).abs() < 0.01, "{got} instead of {wanted}");
}

/// Before, and with what was learnt of walkers.
fn found_both(scene: &Scene, due: &crate::record::DueTrip, beside: Beside) -> [Vec<Found>; 2] {
    [field(), learnt(Mode::Walk, beside)].map(|field| found(scene, &followed(scene, field), due))
}

#[test]
fn every_estimate_has_it_and_the_order_is_as_it_was() {
    let scene = Scene::with_staff(24);
    let due = trip(0, Phase::Matching, junction(57));
    let [mut before, after] = found_both(&scene, &due, USUAL);
    before.retain(|found| found.eta.seconds + 120.0 <= limits::PICKUP_ETA_S_MAX as f32);
    assert!(after.len() > 10 && after.len() == before.len(), "{} and {}", before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.staff, after.staff);
        is_near(after.eta.seconds, before.eta.seconds + 120.0);
        // The spread is that of the way alone.
        is_near(after.eta.p90_s, before.eta.p90_s + 120.0);
    }
}

#[test]
fn who_is_with_a_rider_has_left_for_there_and_has_yet_to_leave_for_the_next() {
    let mut scene = Scene::with_staff(1);
    escorts(&mut scene, 0, junction(40));
    let due = trip(0, Phase::Matching, junction(60));
    // Half of 200 s lies ahead, of which 30 were counted as the parting; half of 40 s is less than that.
    for (with_rider_s, more_s) in [(200.0, 70.0), (40.0, 0.0)] {
        let [before, after] = found_both(&scene, &due, Beside { with_rider_s, ..USUAL });
        assert_eq!(after[0].after, Some(present(0)));
        is_near(after[0].eta.seconds, before[0].eta.seconds + more_s + 120.0);
        // Two minutes were counted as the parting of one in ten.
        is_near(after[0].eta.p90_s, before[0].eta.p90_s + 120.0);
    }
}

#[test]
fn who_is_on_the_way_to_this_very_trip_has_left_and_who_is_there_has_arrived() {
    let due = trip(0, Phase::Matching, junction(57));
    for (phase, more_s) in [(Phase::Assigned, 120.0), (Phase::EnRoute, 60.0), (Phase::Arrived, 0.0)] {
        let mut scene = Scene::with_staff(1);
        scene.roster.by_id.get_mut(&account(0)).expect("there").duty = Some((due.row.trip.id, phase));
        let [before, after] = found_both(&scene, &due, USUAL);
        is_near(after[0].eta.seconds, before[0].eta.seconds + more_s);
    }
    assert!(ahead_s(USUAL, Phase::Escorting) < USUAL.with_rider_s);
    assert_eq!(ahead_s(USUAL, Phase::Completed).to_bits(), 0.0_f32.to_bits());
}

#[test]
fn who_parks_for_long_comes_after_who_walks_from_near_by() {
    let mut scene = Scene::with_staff(2);
    scene.fix(0, junction(30), NOW, 9);
    scene.fix(1, junction(30), NOW, 9);
    let driver = scene.roster.by_id.get_mut(&account(1)).expect("there");
    driver.shift.as_mut().expect("on shift").mode = Mode::Drive;
    scene.roster.version += 1;
    let due = trip(0, Phase::Matching, junction(57));
    let order = |field: Field| -> Vec<_> {
        found(&scene, &followed(&scene, field), &due).into_iter().map(|found| found.staff).collect()
    };
    assert_eq!(order(field()), [account(1), account(0)]);
    let parking = Beside { alone_s: 600.0, ..Beside::NONE };
    assert_eq!(order(learnt(Mode::Drive, parking)), [account(0), account(1)]);
}

#[test]
fn a_promise_that_counted_it_is_held_to_it() {
    let scene = Scene::with_staff(1);
    let (from, to) = (junction(40), junction(60));
    let way_ms = |field: &Field| {
        let [from, to] = [from, to].map(|at| field.map().snap(geo::road::Profile::Walk, at).expect("a street"));
        i64::from(field.times(Mode::Walk).1.travel_ms(from, &to).expect("a way"))
    };
    let field = followed(&scene, learnt(Mode::Walk, USUAL));
    let there_at = NOW.0 + way_ms(&field) + 120_000;
    let late_after = there_at - limits::NEXT_LATE_S * 1_000;
    let promised = |at_ms| NextDuty { trip: present(1), staff: account(0), promised_at: Timestamp(at_ms), from, to };
    assert!(!is_late(&field, &promised(late_after), Mode::Walk, NOW));
    assert!(is_late(&field, &promised(late_after - 1), Mode::Walk, NOW));
}
