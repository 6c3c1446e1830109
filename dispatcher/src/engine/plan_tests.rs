//! What one decision does, on a small generated city, without a record and without a clock.

use super::field::Field;
use super::plan::{Decisions, World, step};
use super::roster::RosterView;
use super::search::Search;

use crate::live::Live;
use crate::record::{DueTrip, Effect, Member, RosterEntry, Sure, TripRow};
use geo::road::{Profile, RoadMap};
use geo::{Fix, FixKind, Position};
use matcher::model::{
    AccountId, AgencyId, BookingId, CrewRules, CrewSize, Leg, Mode, Offer, OfferId, OfferState, Phase, RiskGrade,
    Shift, Staff, StaffKind, Timestamp, Trip, TripId,
};
use matcher::policy::limits;
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

pub(super) const NOW: Timestamp = Timestamp(1_764_000_000_000);

pub(super) fn map() -> &'static Arc<RoadMap> {
    static MAP: OnceLock<Arc<RoadMap>> = OnceLock::new();
    MAP.get_or_init(|| Arc::new(RoadMap::build(geo::city::generate_small(1))))
}

/// Metres east and north of a corner, of maps that tests draw themselves.
pub(super) fn place(east_m: f64, north_m: f64) -> Position {
    const DEGREE_M: f64 = 111_195.0;
    Position::new(37.5 + north_m / DEGREE_M, 127.0 + east_m / DEGREE_M / 37.5f64.to_radians().cos()).unwrap()
}

/// The `nth` place: junctions of the walking graph around its middle, everybody within the longest way to a meeting point.
pub(super) fn junction(nth: u32) -> Position {
    static AROUND: OnceLock<Vec<Position>> = OnceLock::new();
    let around = AROUND.get_or_init(|| {
        let graph = map().graph(Profile::Walk);
        let nodes: Vec<Position> = (0..graph.node_count() as u32).map(|n| graph.node(n)).collect();
        let middle = Position::new(37.565, 126.995).expect("a position");
        let mut near = nodes;
        near.sort_by(|a, b| a.distance_m(middle).total_cmp(&b.distance_m(middle)));
        near.into_iter().step_by(5).take(120).collect()
    });
    around[nth as usize % around.len()]
}

pub(super) fn account(n: u32) -> AccountId {
    AccountId(Uuid::from_u128(u128::from(n) + 1))
}

/// So many staff on shift, each at a junction of their own.
pub(super) struct Scene {
    pub(super) roster: RosterView,
    pub(super) live: Live,
}

impl Scene {
    pub(super) fn with_staff(count: u32) -> Self {
        let mut scene = Self { roster: RosterView { version: 1, ..RosterView::default() }, live: Live::in_process() };
        for n in 0..count {
            scene.add(n, junction(n));
        }
        scene
    }

    pub(super) fn add(&mut self, n: u32, at: Position) {
        let staff = Staff {
            id: account(n),
            no: n,
            agency: AgencyId(Uuid::from_u128(7)),
            kind: StaffKind::Guard,
            gender: None,
            certified_until: NOW.plus_s(30 * 86_400),
            conflicts: Vec::new(),
        };
        let shift = Shift {
            staff: staff.id,
            starts_at: NOW.plus_s(-60),
            ends_at: NOW.plus_s(8 * 3_600),
            mode: Mode::Walk,
            worked_before_s: 0,
        };
        let entry = RosterEntry {
            staff,
            display: String::new(),
            shift: Some(shift),
            duty: None,
            under_way: None,
            next: None,
            run: None,
        };
        self.roster.by_id.insert(account(n), entry);
        self.fix(n, at, NOW.plus_s(-1), 1);
    }

    /// A phone says where it is.
    pub(super) fn fix(&self, n: u32, at: Position, taken_at: Timestamp, seq: u32) {
        let fix =
            Fix { position: at, accuracy_m: 8.0, kind: FixKind::Gps, taken_at_ms: taken_at.0, session_epoch: 1, seq };
        self.live.put(account(n), n, fix);
    }

    pub(super) fn decide(&self, now: Timestamp, due: &[DueTrip]) -> Decisions {
        self.decide_when(true, now, due)
    }

    fn decide_when(&self, settled: bool, now: Timestamp, due: &[DueTrip]) -> Decisions {
        let field = Field::new(Arc::clone(map()));
        field.follow(&self.live, &self.roster, now);
        field.look(|look| step(&World { roster: &self.roster, field: look, settled }, now, due))
    }
}

pub(super) fn trip(n: u32, phase: Phase, at: Position) -> DueTrip {
    let trip = Trip {
        id: TripId(Uuid::from_u128(u128::from(n) + 1_000)),
        booking: BookingId(Uuid::from_u128(u128::from(n) + 2_000)),
        rider: account(n + 500),
        leg: Leg::Single,
        crew_size: CrewSize::PAIR,
        pickup: at,
        dropoff: junction(3),
        pickup_at: None,
        requested_at: NOW,
        escalated_at: None,
        phase,
        length: 600.into(),
        rules: CrewRules { agencies: Vec::new(), gender: None, risk: RiskGrade::Standard, known: Vec::new() },
    };
    let live_since = (phase != Phase::Requested && phase != Phase::Reserved).then_some(NOW);
    let row = TripRow {
        live_since,
        trip,
        pickup_label: None,
        dropoff_label: None,
        crew: Vec::new(),
        rider_word: None,
        crew_word: None,
        crew_was_late: false,
        updated_at: NOW,
        change_no: 1,
    };
    DueTrip { row, attempt: 1, vacant_since: None, declined: Vec::new() }
}

/// A member who holds a slot, offered at `NOW`.
pub(super) fn member(due: &DueTrip, slot: u8, staff: u32, state: OfferState) -> Member {
    let offer = Offer {
        id: OfferId(Uuid::from_u128(u128::from(staff) + 3_000)),
        trip: due.row.trip.id,
        slot,
        staff: account(staff),
        attempt: 1,
        eta_s: 100,
        offered_at: NOW,
        expires_at: NOW.plus_s(limits::OFFER_S),
        state,
    };
    Member {
        sure: Sure::guessed(offer.eta_s),
        offer,
        display: String::new(),
        no: staff,
        agency: AgencyId(Uuid::from_u128(7)),
        barred: false,
        phase: Phase::Offered,
        after: None,
        next: None,
        has_car: false,
        later: false,
    }
}

fn offered(staff: &[(u32, OfferState)]) -> DueTrip {
    let mut due = trip(0, Phase::Offered, junction(0));
    due.row.crew = (0_u8..).zip(staff).map(|(slot, &(n, state))| member(&due, slot, n, state)).collect();
    due
}

pub(super) fn placed(effects: &[Effect]) -> Vec<(TripId, Vec<(u8, AccountId)>)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::PlaceOffers { trip, placements, .. } => {
                Some((*trip, placements.iter().map(|p| (p.slot, p.staff)).collect()))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn the_pair_that_can_be_there_soonest_by_road_is_asked() {
    let scene = Scene::with_staff(40);
    let due = [trip(0, Phase::Requested, junction(55))];
    let decisions = scene.decide(NOW, &due);
    let crews = placed(&decisions.effects);
    assert_eq!(crews.len(), 1);
    assert!(decisions.proven);
    // The oracle: the time by road of every one of them, searched one by one.
    let graph = map().graph(Profile::Walk);
    let to = graph.snap(junction(55)).expect("a junction lies on a road");
    let mut by_road: Vec<(f32, AccountId)> =
        (0..40).filter_map(|n| Some((graph.travel_time(&graph.snap(junction(n))?, &to)?, account(n)))).collect();
    by_road.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut asked: Vec<AccountId> = crews[0].1.iter().map(|(_, staff)| *staff).collect();
    let mut soonest = vec![by_road[0].1, by_road[1].1];
    asked.sort();
    soonest.sort();
    assert_eq!(asked, soonest);
}

#[test]
fn one_escort_is_never_enough_for_a_pair() {
    let scene = Scene::with_staff(1);
    let decisions = scene.decide(NOW, &[trip(0, Phase::Requested, junction(0))]);
    assert!(placed(&decisions.effects).is_empty());
    assert!(matches!(decisions.effects[..], [Effect::GoLive { .. }]), "{:?}", decisions.effects);
}

#[test]
fn two_trips_never_share_a_staff_member() {
    let scene = Scene::with_staff(4);
    let due = [trip(0, Phase::Requested, junction(0)), trip(1, Phase::Requested, junction(0))];
    let crews = placed(&scene.decide(NOW, &due).effects);
    assert_eq!(crews.len(), 2);
    let mut everybody: Vec<AccountId> = crews.iter().flat_map(|(_, crew)| crew.iter().map(|(_, s)| *s)).collect();
    everybody.sort();
    everybody.dedup();
    assert_eq!(everybody.len(), 4);
}

#[test]
fn a_human_is_told_after_a_minute_and_not_before() {
    let scene = Scene::with_staff(0);
    let due = [trip(0, Phase::Matching, junction(0))];
    let before = scene.decide(NOW.plus_s(limits::ESCALATE_AFTER_S - 1), &due);
    assert!(matches!(before.effects[..], [Effect::Defer { .. }]), "{:?}", before.effects);
    let after = scene.decide(NOW.plus_s(limits::ESCALATE_AFTER_S), &due);
    assert!(matches!(after.effects[..], [Effect::Escalate { .. }]), "{:?}", after.effects);
}

#[test]
fn the_look_again_never_passes_the_minute() {
    let scene = Scene::with_staff(0);
    let decisions = scene.decide(NOW.plus_s(limits::ESCALATE_AFTER_S - 1), &[trip(0, Phase::Matching, junction(0))]);
    let [Effect::Defer { due_at, .. }] = decisions.effects[..] else { panic!("{:?}", decisions.effects) };
    assert_eq!(due_at, NOW.plus_s(limits::ESCALATE_AFTER_S));
}

#[test]
fn offers_that_outlast_the_minute_are_looked_at_when_it_ends() {
    let scene = Scene::with_staff(6);
    let decisions = scene.decide(NOW.plus_s(limits::ESCALATE_AFTER_S - 5), &[trip(0, Phase::Matching, junction(0))]);
    let [Effect::PlaceOffers { .. }, Effect::Defer { due_at, .. }] = decisions.effects[..] else {
        panic!("{:?}", decisions.effects)
    };
    assert_eq!(due_at, NOW.plus_s(limits::ESCALATE_AFTER_S));
}

#[test]
fn open_offers_of_a_late_trip_still_reach_a_human() {
    let scene = Scene::with_staff(6);
    let mut due = offered(&[(0, OfferState::Open), (1, OfferState::Accepted)]);
    due.row.trip.requested_at = NOW.plus_s(-limits::ESCALATE_AFTER_S);
    let decisions = scene.decide(NOW.plus_s(1), &[due]);
    assert!(matches!(decisions.effects[..], [Effect::Escalate { .. }]), "{:?}", decisions.effects);
}

#[test]
fn a_silent_phone_loses_the_slot_and_the_other_is_kept() {
    let mut scene = Scene::with_staff(6);
    for n in [0, 1] {
        let duty = Some((trip(0, Phase::Offered, junction(0)).row.trip.id, Phase::Offered));
        scene.roster.by_id.get_mut(&account(n)).expect("on the roster").duty = duty;
    }
    let due = offered(&[(0, OfferState::Open), (1, OfferState::Accepted)]);
    let last = scene.decide(NOW.plus_s(limits::OFFER_S), std::slice::from_ref(&due));
    assert!(!last.effects.iter().any(|e| matches!(e, Effect::ExpireOffers { .. })), "an answer may still come in");
    let decisions = scene.decide(Timestamp(NOW.0 + limits::OFFER_S * 1_000 + 1), &[due]);
    assert!(matches!(decisions.effects[0], Effect::ExpireOffers { .. }));
    let crews = placed(&decisions.effects);
    assert_eq!(crews[0].1.len(), 1, "only the vacant slot is offered");
    let (slot, staff) = crews[0].1[0];
    assert_eq!(slot, 0);
    assert!(staff != account(0) && staff != account(1));
}

#[test]
fn a_slot_of_this_very_trip_keeps_nobody_from_it_and_a_slot_of_another_does() {
    let mut scene = Scene::with_staff(3);
    let due = trip(0, Phase::Offered, junction(0));
    for (n, held) in [(0, due.row.trip.id), (1, TripId(Uuid::from_u128(9)))] {
        scene.roster.by_id.get_mut(&account(n)).expect("on the roster").duty = Some((held, Phase::Offered));
    }
    let field = Field::new(Arc::clone(map()));
    field.follow(&scene.live, &scene.roster, NOW);
    let found: Vec<_> = field.look(|look| {
        let mut search = Search::new(&due, look, &scene.roster, NOW, limits::PICKUP_ETA_S_MAX);
        std::iter::from_fn(|| search.draw()).collect()
    });
    let may_go = |n: u32| found.iter().find(|f| f.staff == account(n)).expect("found").verdict.is_eligible();
    assert_eq!([may_go(0), may_go(1), may_go(2)], [true, false, true]);
}

#[test]
fn a_kept_member_is_freed_when_the_refill_takes_too_long() {
    let scene = Scene::with_staff(6);
    let mut due = offered(&[(1, OfferState::Accepted)]);
    due.vacant_since = Some(NOW);
    let before = scene.decide(NOW.plus_s(limits::REFILL_KEEP_S - 1), &[due.clone()]);
    assert!(!before.effects.iter().any(|e| matches!(e, Effect::Dissolve { .. })));
    let after = scene.decide(NOW.plus_s(limits::REFILL_KEEP_S), &[due]);
    assert!(matches!(after.effects[..], [Effect::Dissolve { .. }]), "{:?}", after.effects);
}

#[test]
fn a_crew_of_which_nobody_is_left_starts_over_at_once() {
    let scene = Scene::with_staff(6);
    let decisions = scene.decide(NOW.plus_s(5), &[offered(&[])]);
    assert!(matches!(decisions.effects[..], [Effect::Dissolve { .. }]), "{:?}", decisions.effects);
}

#[test]
fn who_declined_is_not_asked_again() {
    let scene = Scene::with_staff(3);
    let mut due = trip(0, Phase::Matching, junction(0));
    due.declined = vec![account(0)];
    let crews = placed(&scene.decide(NOW, &[due]).effects);
    assert!(crews[0].1.iter().all(|(_, staff)| *staff != account(0)));
}

#[test]
fn a_silent_position_is_never_sent() {
    let scene = Scene::with_staff(4);
    let later = NOW.plus_s(limits::FIX_AGE_MS_MAX / 1_000);
    let decisions = scene.decide(later, &[trip(0, Phase::Matching, junction(0))]);
    assert!(placed(&decisions.effects).is_empty());
}

#[test]
fn a_reserved_trip_waits_and_goes_live_when_its_crew_must_leave() {
    let scene = Scene::with_staff(6);
    let mut due = trip(0, Phase::Reserved, junction(0));
    due.row.trip.pickup_at = Some(NOW.plus_s(5 * 3_600));
    let far = scene.decide(NOW, &[due.clone()]);
    let [Effect::Defer { due_at, .. }] = far.effects[..] else { panic!("{:?}", far.effects) };
    assert_eq!(due_at, NOW.plus_s(5 * 3_600 - limits::LOOK_AHEAD_S));
    due.row.trip.pickup_at = Some(NOW.plus_s(limits::LEAVE_MARGIN_S));
    let near = scene.decide(NOW, &[due]);
    assert!(matches!(near.effects[..], [Effect::GoLive { .. }]), "{:?}", near.effects);
}

#[test]
fn the_same_inputs_give_the_same_effects() {
    let scene = Scene::with_staff(30);
    let due: Vec<DueTrip> = (0..5).map(|n| trip(n, Phase::Requested, junction(n * 11))).collect();
    let once = format!("{:?}", scene.decide(NOW, &due).effects);
    let again = format!("{:?}", scene.decide(NOW, &due).effects);
    assert_eq!(once, again);
}

#[test]
fn whom_a_human_waits_for_comes_before_any_number_of_others() {
    let scene = Scene::with_staff(2);
    let mut due: Vec<DueTrip> = (0..70).map(|n| trip(n, Phase::Matching, junction(0))).collect();
    due[69].row.trip.escalated_at = Some(NOW);
    let crews = placed(&scene.decide(NOW, &due).effects);
    assert_eq!(crews.len(), 1);
    assert_eq!(crews[0].0, due[69].row.trip.id);
}

#[test]
fn two_reserved_trips_do_not_count_on_the_same_crew() {
    let scene = Scene::with_staff(2);
    let reserved = |n: u32| {
        let mut due = trip(n, Phase::Reserved, junction(0));
        due.row.trip.pickup_at = Some(NOW.plus_s(limits::LIVE_WITHOUT_CREW_S - i64::from(n)));
        due
    };
    let decisions = scene.decide(NOW, &[reserved(1), reserved(2)]);
    let [Effect::GoLive { trip: live, .. }, Effect::Defer { trip: waits, .. }] = decisions.effects[..] else {
        panic!("{:?}", decisions.effects)
    };
    assert_eq!([live, waits], [reserved(1), reserved(2)].map(|d| d.row.trip.id), "the sooner one is given the crew");
}

#[test]
fn nobody_found_just_after_the_start_is_looked_for_again_before_anybody_is_hurried() {
    let scene = Scene::with_staff(0);
    let mut due = trip(0, Phase::Reserved, junction(0));
    due.row.trip.pickup_at = Some(NOW.plus_s(limits::LIVE_WITHOUT_CREW_S - 1));
    let early = scene.decide_when(false, NOW, &[due.clone()]);
    assert!(matches!(early.effects[..], [Effect::Defer { .. }]), "{:?}", early.effects);
    let settled = scene.decide(NOW, &[due]);
    assert!(matches!(settled.effects[..], [Effect::GoLive { .. }]), "{:?}", settled.effects);
}

#[test]
fn a_server_that_was_away_takes_nothing_off_the_minute() {
    let scene = Scene::with_staff(0);
    let mut due = trip(0, Phase::Requested, junction(0));
    due.row.trip.requested_at = NOW.plus_s(-300);
    let decisions = scene.decide(NOW, &[due]);
    assert!(matches!(decisions.effects[..], [Effect::Escalate { .. }]), "{:?}", decisions.effects);
}

#[test]
fn a_trip_that_cannot_be_decided_is_a_humans_and_holds_no_other_up() {
    let scene = Scene::with_staff(4);
    let due: Vec<DueTrip> = (0..3).map(|n| trip(n, Phase::Matching, junction(0))).collect();
    let decide = |some: &[DueTrip]| {
        assert!(some.iter().all(|d| d.row.trip.id != due[1].row.trip.id), "as a bug would");
        scene.decide(NOW, some)
    };
    let decisions = super::unbroken(NOW, &due, decide);
    let broken = due[1].row.trip.id;
    assert!(decisions.effects.iter().any(|e| matches!(e, Effect::Escalate { trip, .. } if *trip == broken)));
    let crews: Vec<TripId> = placed(&decisions.effects).into_iter().map(|(trip, _)| trip).collect();
    assert_eq!(crews, [due[0].row.trip.id, due[2].row.trip.id]);
}
