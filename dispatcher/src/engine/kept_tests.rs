//! Who is kept of a crew that is not whole: nobody whose time no longer suffices when the car of another has gone, and nobody who is late is
//! given up because others are lacking.

use super::field::Field;
use super::kept::{Kept, beside};
use super::late_tests::{Late, Loop};
use super::plan::{Anew, World, again};
use super::plan_tests::{NOW, Scene, account, junction, map, member, placed, trip};
use crate::record::{DueTrip, Effect, RosterEntry};
use matcher::model::OfferState::{self, Accepted, Open};
use matcher::model::{CrewSize, Mode, Phase, TripLength};
use matcher::policy::{DutyRun, limits};
use std::collections::HashSet;
use std::sync::Arc;

/// Six times as long without a car.
const LENGTH: TripLength = TripLength { by_car_s: 600, without_s: 3_600 };

/// Three are needed; of those named each holds a slot, some of whom come by car.
fn crew(staff: &[(u32, OfferState, bool)]) -> DueTrip {
    let mut due = trip(0, Phase::Offered, junction(0));
    due.row.trip.crew_size = CrewSize::new(3).expect("1..=4");
    due.row.trip.length = LENGTH;
    due.row.crew = (0_u8..).zip(staff).map(|(slot, &(n, state, _))| member(&due, slot, n, state)).collect();
    due.row.crew.iter_mut().zip(staff).for_each(|(member, &(.., has_car))| member.has_car = has_car);
    due
}

fn entry(scene: &mut Scene, n: u32) -> &mut RosterEntry {
    scene.roster.by_id.get_mut(&account(n)).expect("on the roster")
}

/// Half an hour is left of the shift: enough by car.
fn goes_soon(scene: &mut Scene, n: u32) {
    entry(scene, n).shift.as_mut().expect("on shift").ends_at = NOW.plus_s(1_800);
}

/// Whom the decision takes back, and by which rule.
fn taken_back(effects: &[Effect]) -> Vec<(u32, &'static str)> {
    let no = |staff| (0..20).find(|n| account(*n) == staff).expect("one of the scene");
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::TakeBack { staff, rule, .. } => Some((no(*staff), *rule)),
            _ => None,
        })
        .collect()
}

#[test]
fn who_was_asked_for_the_way_by_car_is_kept_while_there_is_a_car_and_freed_when_it_has_gone() {
    for state in [Accepted, Open] {
        let mut scene = Scene::with_staff(8);
        goes_soon(&mut scene, 1);
        let with_car = crew(&[(1, state, false), (2, Accepted, true)]);
        let decided = scene.decide(NOW, &[with_car]);
        assert_eq!(taken_back(&decided.effects), []);
        assert_eq!(placed(&decided.effects)[0].1.len(), 1, "the third is asked");
        assert!(decided.refused_by_check.is_empty());

        let decided = scene.decide(NOW, &[crew(&[(1, state, false), (2, Accepted, false)])]);
        assert_eq!(taken_back(&decided.effects), [(1, "shift_ends_before")]);
        let asked = &placed(&decided.effects)[0].1;
        assert_eq!(asked.iter().map(|(slot, _)| *slot).collect::<Vec<_>>(), [0, 2], "their slot too is open");
        assert!(asked.iter().all(|(_, staff)| ![account(1), account(2)].contains(staff)));
        assert!(decided.refused_by_check.is_empty());
    }
}

#[test]
fn who_is_freed_is_not_asked_in_the_same_breath() {
    let mut scene = Scene::with_staff(8);
    // They stand at the meeting point, but have said that they come in a minute and a half.
    entry(&mut scene, 0).shift.as_mut().expect("on shift").ends_at =
        NOW.plus_s(3_600 + limits::SHIFT_END_MARGIN_S + 50);
    let decided = scene.decide(NOW, &[crew(&[(0, Accepted, false), (2, Accepted, false)])]);
    assert_eq!(taken_back(&decided.effects), [(0, "shift_ends_before")]);
    assert!(placed(&decided.effects)[0].1.iter().all(|(_, staff)| *staff != account(0)));
}

#[test]
fn nobody_is_judged_by_the_car_of_one_who_is_freed_or_has_not_answered() {
    let mut scene = Scene::with_staff(8);
    for n in [1, 2] {
        goes_soon(&mut scene, n);
    }
    // The driver's certificate runs out on the way.
    entry(&mut scene, 2).staff.certified_until = NOW.plus_s(300);
    let decided = scene.decide(NOW, &[crew(&[(1, Accepted, false), (2, Accepted, true)])]);
    assert_eq!(taken_back(&decided.effects), [(2, "certificate_expired"), (1, "shift_ends_before")]);
    assert!(placed(&decided.effects).is_empty(), "nobody is left of the crew: it starts over");

    let mut scene = Scene::with_staff(8);
    goes_soon(&mut scene, 1);
    let decided = scene.decide(NOW, &[crew(&[(1, Accepted, false), (2, Open, true)])]);
    assert_eq!(taken_back(&decided.effects), [(1, "shift_ends_before")]);
}

#[test]
fn who_is_kept_by_hand_is_judged_with_the_very_crew_that_was_chosen() {
    let mut scene = Scene::with_staff(8);
    for n in [1, 2] {
        goes_soon(&mut scene, n);
    }
    entry(&mut scene, 4).shift.as_mut().expect("on shift").mode = Mode::Drive;
    // The driver, 3, is to go; 1 and 2 had half an hour beside the car.
    let due = crew(&[(1, Accepted, false), (2, Accepted, false), (3, Accepted, true)]);
    let of = |keep: &[u32], ask: u32| {
        let keep: Vec<_> = keep.iter().map(|n| account(*n)).collect();
        beside(&due.row, &scene.roster, (&keep, &[account(ask)]), NOW)
    };
    let late = |n| (account(n), "shift_ends_before");
    assert_eq!(of(&[1, 2], 5), [late(1), late(2)], "nobody has a car");
    assert_eq!(of(&[1, 2], 4), [], "another driver is asked");
    assert_eq!(of(&[1, 3], 5), [], "the driver stays");
    assert_eq!(of(&[2], 5), [late(2)], "and of nobody who goes it is asked");
}

#[test]
fn each_rule_about_time_frees_by_its_name_and_a_whole_crew_too() {
    type Ends = fn(&mut RosterEntry);
    let cases: [(&str, Ends); 5] = [
        ("shift_ends_before", |e| e.shift.as_mut().expect("on shift").ends_at = NOW.plus_s(1_800)),
        ("hours_exhausted", |e| e.shift.as_mut().expect("on shift").worked_before_s = 10 * 3_600 - 1_800),
        ("rest_due", |e| e.run = Some(DutyRun { since: NOW.plus_s(-4 * 3_600 + 1_800), idle_since: None })),
        ("certificate_expired", |e| e.staff.certified_until = NOW.plus_s(1_800)),
        ("off_shift", |e| e.shift = None),
    ];
    for (rule, ends) in cases {
        let mut scene = Scene::with_staff(3);
        ends(entry(&mut scene, 1));
        let whole = crew(&[(0, Open, false), (1, Accepted, false), (2, Accepted, false)]);
        assert_eq!(taken_back(&scene.decide(NOW, &[whole]).effects), [(1, rule)]);
    }
    // They are there when they said; who is not by then is counted as there now.
    let mut scene = Scene::with_staff(3);
    let there_s = i64::from(member(&crew(&[]), 0, 1, Accepted).offer.eta_s);
    let end_s = there_s - 1 + 3_600 + limits::SHIFT_END_MARGIN_S;
    entry(&mut scene, 1).shift.as_mut().expect("on shift").ends_at = NOW.plus_s(end_s);
    for (after_s, freed) in [(there_s - 1, 0), (there_s, 1)] {
        let due = crew(&[(1, Accepted, false), (2, Accepted, false)]);
        let kept = Kept::of(&due, &scene.roster, NOW.plus_s(after_s));
        assert_eq!(kept.effects().count(), freed, "{after_s} s later");
    }
}

#[test]
fn whose_offer_has_run_out_is_not_judged_any_more() {
    let mut scene = Scene::with_staff(3);
    goes_soon(&mut scene, 1);
    let mut due = crew(&[(1, Open, false), (2, Accepted, false)]);
    let end = due.row.crew[0].offer.expires_at;
    for (now, freed) in [(end, 1), (end.plus_s(1), 0)] {
        assert_eq!(Kept::of(&due, &scene.roster, now).effects().count(), freed);
    }
    due.row.crew[0].offer.state = Accepted;
    assert_eq!(Kept::of(&due, &scene.roster, end.plus_s(1)).effects().count(), 1, "who has answered is");
}

#[test]
fn a_first_trip_may_be_as_long_as_it_is_for_who_is_kept_as_well() {
    let mut scene = Scene::with_staff(3);
    entry(&mut scene, 1).run = Some(DutyRun { since: NOW.plus_s(5), idle_since: None });
    let mut due = crew(&[(1, Accepted, false), (2, Accepted, false)]);
    due.row.trip.length = (4 * 3_600).into();
    assert_eq!(Kept::of(&due, &scene.roster, NOW.plus_s(60)).effects().count(), 0);
    entry(&mut scene, 1).run = Some(DutyRun { since: NOW.plus_s(-5), idle_since: None });
    assert_eq!(Kept::of(&due, &scene.roster, NOW.plus_s(60)).effects().count(), 1);
}

#[test]
fn others_are_not_judged_by_the_car_of_one_who_is_late() {
    let mut scene = Scene::with_staff(4);
    for n in 1..4 {
        goes_soon(&mut scene, n);
    }
    // The driver is silent: nobody knows when they come.
    scene.roster.by_id.remove(&account(0));
    let mut due = crew(&[(0, Accepted, true), (1, Accepted, false)]);
    due.row.trip.crew_size = CrewSize::PAIR;
    let field = Field::new(Arc::clone(map()));
    field.follow(&scene.live, &scene.roster, NOW);
    let mut taken = HashSet::new();
    let anew = field.look(|look| {
        again(&World { roster: &scene.roster, field: look, settled: true }, NOW, &due, account(0), &mut taken)
    });
    assert_eq!((anew, taken.len()), (Anew::Goes, 0), "without the car it is too long for all of them");
}

#[tokio::test]
async fn who_is_late_and_the_one_to_come_is_not_given_up_because_another_slot_is_open() {
    for is_somebody_there in [true, false] {
        let mut late = Late::begun().await;
        let other = if is_somebody_there { Some(late.run.on_shift(late.pickup).await) } else { None };
        let before = late.row().await.crew[0].offer.eta_s;
        late.run.clock.advance_s(late.promised_s + limits::NEXT_LATE_S + 60);
        for who in late.crew {
            late.run.stands(who, late.goal);
        }
        if let Some(other) = other {
            late.run.stands(other, late.pickup);
        }
        late.run.record.drop_out(late.run.now(), late.next, late.crew[1].0).await.unwrap().unwrap();
        late.run.engine.round().await.unwrap();
        let row = late.row().await;
        let own = row.crew.iter().find(|m| m.offer.staff == late.crew[0].0).expect("still theirs");
        assert!(own.offer.eta_s > before && !row.crew_was_late, "they say a later time");
        let others: Vec<_> = Late::staff(&row).into_iter().filter(|staff| *staff != late.crew[0].0).collect();
        assert_eq!(others, other.map(|who| who.0).into_iter().collect::<Vec<_>>(), "and who is there is asked");
    }
}

#[tokio::test]
async fn the_driver_leaves_and_who_has_no_time_for_the_way_on_foot_is_freed() {
    let mut run = Loop::new().await;
    let (from, to) = (junction(20), junction(40));
    let driver = run.comes(from, Mode::Drive, 8).await;
    let other = run.comes(from, Mode::Walk, 8).await;
    let length = TripLength { by_car_s: 600, without_s: 3_300 };
    let trip = run.book_of("k", from, to, length).await;
    run.accept(&[driver]).await;
    let offer = run.record.duties_of_staff(other.0).await.unwrap().offer.expect("asked").offer.id;
    run.record.answer(run.now(), offer, other.0, false).await.unwrap().unwrap();
    // An hour is enough beside one who has a car.
    let short = run.comes(from, Mode::Walk, 1).await;
    run.accept(&[short]).await;
    let row = run.record.trip(trip).await.unwrap().unwrap();
    assert_eq!((row.trip.phase, row.crew.len()), (Phase::Assigned, 2));

    run.record.drop_out(run.now(), trip, driver.0).await.unwrap().unwrap();
    run.engine.round().await.unwrap();
    let row = run.record.trip(trip).await.unwrap().unwrap();
    assert_eq!((row.trip.phase, row.crew.len()), (Phase::Matching, 0), "they could not bring the rider home in time");
    // Beside another car they may be asked again.
    let second = run.comes(from, Mode::Drive, 8).await;
    run.clock.advance_s(limits::RETRY_S + 1);
    for who in [second, short] {
        run.stands(who, from);
    }
    let fourth = run.comes(from, Mode::Walk, 8).await;
    run.accept(&[second]).await;
    let offer = run.record.duties_of_staff(fourth.0).await.unwrap().offer.expect("asked").offer.id;
    run.record.answer(run.now(), offer, fourth.0, false).await.unwrap().unwrap();
    run.accept(&[short]).await;
    let row = run.record.trip(trip).await.unwrap().unwrap();
    assert_eq!((row.trip.phase, row.crew.len()), (Phase::Assigned, 2));
}
