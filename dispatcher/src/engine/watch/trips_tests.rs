//! Facts about what fixes of a crew say about its trip, on rows as the record gives them.

use super::Event;
use super::trips::{Covers, Flag, Sign, Trips};
use crate::http::fixture::{Edge, Person, T0};
use crate::record::{AvoidZone, TripRow};
use crate::view::watch::signs_for;
use geo::{Fix, FixKind, Position};
use matcher::model::{AgencyId, Phase, Timestamp};
use uuid::Uuid;

/// A crew of two that has accepted.
struct Scene {
    trips: Trips,
    row: TripRow,
    crew: [Person; 2],
    seq: u32,
}

async fn scene() -> Scene {
    let edge = Edge::new().await;
    let (_, trip, crew) = edge.assigned().await;
    let row = edge.app.record.trip(trip).await.unwrap().unwrap();
    let mut scene = Scene { trips: Trips::default(), row, crew, seq: 0 };
    scene.phase(Phase::EnRoute, &[]);
    scene
}

/// So many metres north.
fn north(of: Position, metres: f64) -> Position {
    Position::new(of.lat() + metres / 111_195.0, of.lon()).unwrap()
}

fn zone(center: Position, radius_m: u16) -> AvoidZone {
    AvoidZone { id: Uuid::from_u128(9), center, radius_m, created_at: T0 }
}

impl Scene {
    fn phase(&mut self, phase: Phase, zones: &[AvoidZone]) {
        self.row.trip.phase = phase;
        self.row.change_no += 1;
        if phase.is_end() {
            self.row.crew.clear();
        }
        self.row.crew.iter_mut().for_each(|member| member.phase = phase);
        self.trips.take(&self.row, zones, Covers::of(&self.row, zones), T0);
    }

    fn fix(&mut self, who: usize, at: Position, accuracy_m: f32, kind: FixKind, taken_at: Timestamp) -> Vec<Event> {
        self.seq += 1;
        let fix = Fix { position: at, accuracy_m, kind, taken_at_ms: taken_at.0, session_epoch: 1, seq: self.seq };
        self.trips.fix(self.crew[who].id(), &fix, T0)
    }

    fn stands(&mut self, who: usize, at: Position) -> Vec<Event> {
        self.fix(who, at, 10.0, FixKind::Gps, T0)
    }

    fn flags(&self) -> Vec<Flag> {
        self.trips.flags(self.row.trip.id, T0, |_| None)
    }

    fn signs(&self) -> Vec<(Sign, Vec<u32>)> {
        self.flags().iter().map(|flag| (flag.sign, flag.who.iter().map(|(no, _)| *no).collect())).collect()
    }

    fn no(&self, who: usize) -> u32 {
        self.crew[who].account.no.unwrap()
    }
}

#[tokio::test]
async fn who_is_cut_off_is_until_there_is_a_way_again_or_they_are_there() {
    let mut scene = scene().await;
    let (id, first) = (scene.row.trip.id, scene.crew[0].id());
    assert_eq!(scene.trips.cut_off(id, &[first], T0), [Event::NoWay]);
    assert_eq!(scene.trips.cut_off(id, &[first], T0), [], "told once");
    assert_eq!(scene.signs(), [(Sign::NoWay, vec![scene.no(0)])]);
    assert_eq!(scene.trips.cut_off(id, &[], T0), [Event::WayAgain]);
    assert_eq!(scene.signs(), []);
    scene.trips.cut_off(id, &[first], T0);
    scene.row.crew.iter_mut().filter(|m| m.offer.staff == first).for_each(|m| m.phase = Phase::Arrived);
    scene.row.change_no += 1;
    scene.trips.take(&scene.row, &[], Covers::of(&scene.row, &[]), T0);
    assert_eq!(scene.signs(), [], "who says that they are there");
    scene.phase(Phase::Met, &[]);
    assert_eq!(scene.trips.cut_off(id, &[first], T0), [], "with the rider nobody is on the way to them");
}

#[tokio::test]
async fn at_the_meeting_point_and_away_from_it_again() {
    let mut scene = scene().await;
    let pickup = scene.row.trip.pickup;
    assert_eq!(scene.stands(0, north(pickup, 300.0)), []);
    assert_eq!(scene.stands(0, north(pickup, 60.0)), [Event::AtMeeting]);
    assert_eq!(scene.signs(), [(Sign::AtMeeting, vec![scene.no(0)])]);
    assert_eq!(scene.stands(0, north(pickup, 95.0)), [], "a fix that trembles at the edge tells nothing");
    assert_eq!(scene.stands(0, north(pickup, 200.0)), [Event::LeftMeeting]);
    assert_eq!(scene.signs(), [(Sign::LeftMeeting, vec![scene.no(0)])]);
    assert_eq!(scene.stands(0, pickup), [Event::AtMeeting]);
    assert_eq!(scene.row.trip.phase, Phase::EnRoute, "what is seen is not what the crew says");
}

#[tokio::test]
async fn a_cell_tower_puts_nobody_anywhere() {
    let mut scene = scene().await;
    let pickup = scene.row.trip.pickup;
    for (accuracy_m, kind) in [(2_000.0, FixKind::Tower), (50.0, FixKind::Tower), (600.0, FixKind::Network)] {
        assert_eq!(scene.fix(0, pickup, accuracy_m, kind, T0), []);
    }
    // Not even in a zone that would hold its whole circle.
    scene.phase(Phase::Met, &[zone(pickup, 5_000)]);
    assert_eq!(scene.fix(0, pickup, 2_000.0, FixKind::Tower, T0), []);
    assert_eq!(scene.flags(), []);
}

#[tokio::test]
async fn every_fix_of_a_batch_counts_not_only_the_last() {
    let mut scene = scene().await;
    let pickup = scene.row.trip.pickup;
    let told: Vec<Event> =
        [400.0, 20.0, 400.0].iter().flat_map(|&metres| scene.stands(0, north(pickup, metres))).collect();
    assert_eq!(told, [Event::AtMeeting, Event::LeftMeeting]);
}

#[tokio::test]
async fn a_zone_is_warned_of_with_the_rider_along_and_to_the_centre_only() {
    let mut scene = scene().await;
    let at = north(scene.row.trip.pickup, 5_000.0);
    scene.phase(Phase::EnRoute, &[zone(at, 100)]);
    assert_eq!(scene.stands(0, at), [], "on the way to the rider a zone is nobody's business");
    scene.phase(Phase::Escorting, &[zone(at, 100)]);
    assert_eq!(scene.stands(0, north(at, 115.0)), [Event::InZone], "at its edge too");
    let agency = scene.row.crew[0].agency;
    let seen = |side: Option<AgencyId>| signs_for(Phase::Escorting, &scene.flags(), side).len();
    assert_eq!((seen(None), seen(Some(agency))), (1, 0));
    // Taken back while they are in it.
    scene.phase(Phase::Escorting, &[]);
    assert_eq!((scene.signs(), scene.stands(0, at)), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn nothing_of_an_earlier_phase_is_left_and_after_the_end_nothing_at_all() {
    let mut scene = scene().await;
    let (pickup, dropoff) = (scene.row.trip.pickup, scene.row.trip.dropoff);
    scene.stands(0, pickup);
    let before = scene.flags();
    scene.phase(Phase::Met, &[]);
    assert_eq!(scene.flags(), []);
    assert_eq!(scene.stands(0, north(pickup, 400.0)), [], "leaving the meeting point together is the point of it");
    assert_eq!(scene.stands(0, dropoff), [Event::AtDropoff]);
    let at_end = scene.flags();
    scene.phase(Phase::Completed, &[]);
    assert_eq!((scene.flags(), scene.stands(0, north(dropoff, 400.0))), (Vec::new(), Vec::new()));
    assert_eq!(scene.trips.fences(), 0);
    // A reader who is further on than the watch shows nothing old either.
    assert_eq!(signs_for(Phase::Met, &before, None), []);
    assert_eq!(signs_for(Phase::Completed, &at_end, None), []);
    assert_eq!(signs_for(Phase::Escorting, &at_end, None).len(), 1);
}

#[tokio::test]
async fn two_are_apart_on_an_escort_only_and_only_by_fixes_of_one_time() {
    let mut scene = scene().await;
    let at = north(scene.row.trip.pickup, 5_000.0);
    scene.stands(0, at);
    assert_eq!(scene.stands(1, north(at, 400.0)), [], "on the way they come from anywhere");
    scene.phase(Phase::Escorting, &[]);
    assert_eq!(scene.stands(0, at), [Event::Apart]);
    let mut nos = vec![scene.no(0), scene.no(1)];
    nos.sort_unstable();
    assert_eq!(scene.signs(), [(Sign::Apart, nos)]);
    assert_eq!(scene.stands(0, north(at, 250.0)), [], "neither beyond doubt");
    assert_eq!(scene.stands(0, north(at, 390.0)), [Event::Together]);
    assert_eq!(scene.signs(), []);
    // The other was there 20 s ago: they may be together.
    assert_eq!(scene.fix(0, at, 10.0, FixKind::Gps, T0.plus_s(20)), []);
    // 10 s: at a car's speed too far still.
    assert_eq!(scene.fix(0, north(at, -200.0), 10.0, FixKind::Gps, T0.plus_s(10)), [Event::Apart]);
    let of = |flags: &[Flag], side| signs_for(Phase::Escorting, flags, side).len();
    let other = AgencyId(Uuid::from_u128(77));
    assert_eq!((of(&scene.flags(), None), of(&scene.flags(), Some(other))), (1, 0));
}

#[tokio::test]
async fn who_is_silent_is_at_no_place_and_what_was_to_be_worried_about_stays() {
    let mut scene = scene().await;
    let pickup = scene.row.trip.pickup;
    let silent = |scene: &Scene| {
        let flags = scene.trips.flags(scene.row.trip.id, T0, |_| Some(Some(T0.plus_s(-61))));
        flags.iter().filter(|flag| flag.who[0].0 == scene.no(0)).map(|flag| flag.sign).collect::<Vec<_>>()
    };
    scene.stands(0, pickup);
    assert_eq!(silent(&scene), [Sign::Silent]);
    scene.stands(0, north(pickup, 300.0));
    assert_eq!(silent(&scene), [Sign::Silent, Sign::LeftMeeting]);
}

#[tokio::test]
async fn a_trip_that_nobody_ends_is_not_watched_for_ever() {
    let mut scene = scene().await;
    let pickup = scene.row.trip.pickup;
    scene.stands(0, pickup);
    scene.row.updated_at = T0.plus_s(-12 * 3_600);
    scene.phase(Phase::EnRoute, &[]);
    assert_eq!((scene.flags(), scene.stands(1, pickup)), (Vec::new(), Vec::new()));
    scene.trips.remove_over(T0);
    assert_eq!(scene.trips.fences(), 0);
}

#[tokio::test]
async fn coarse_fixes_from_elsewhere_keep_nobody_at_the_meeting_point() {
    let mut scene = scene().await;
    let pickup = scene.row.trip.pickup;
    assert_eq!(scene.stands(0, pickup), [Event::AtMeeting]);
    let later = T0.plus_s(61);
    assert_eq!(scene.fix(0, north(pickup, 9_000.0), 800.0, FixKind::Tower, later), []);
    let flags = scene.trips.flags(scene.row.trip.id, later, |_| None);
    assert_eq!(flags, [], "heard, but nobody knows where");
}

#[tokio::test]
async fn two_calls_that_come_in_the_other_order_tell_what_the_later_says() {
    let mut scene = scene().await;
    let pickup = scene.row.trip.pickup;
    assert_eq!(scene.stands(0, north(pickup, 300.0)), []);
    scene.seq -= 1;
    assert_eq!(scene.stands(0, pickup), [], "an earlier one, late");
    assert_eq!(scene.signs(), []);
}
