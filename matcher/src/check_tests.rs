//! The second opinion agrees with the first on what is right, and finds each thing that is spoilt.

use crate::assign::{AssignTrip, Choice, Tier, solve};
use crate::check::{Case, Fault, Finding, Proposal, check, own};
use crate::model::{AccountId, CrewSize, Gender, Mode, RiskGrade, Staff, StaffKind, Trip, TripLength};
use crate::policy::{Candidate, DutyRun, FixFacts, limits, verdict};
use crate::sample::{Facts, NOW, Numbers, account, agency, calibrated, road, straight, trip};
use std::collections::BTreeSet;

/// Three trips and everybody's facts for each.
struct World {
    trips: Vec<Trip>,
    facts: Vec<Vec<Facts>>,
    kept: Vec<Vec<AccountId>>,
}

impl World {
    /// `staff` people who may all go everywhere.
    fn open(sizes: &[u8], staff: u128) -> Self {
        let mut trips: Vec<Trip> = (0..sizes.len() as u128).map(|n| trip(n + 1)).collect();
        for (trip, size) in trips.iter_mut().zip(sizes) {
            trip.crew_size = CrewSize::new(*size).expect("1..=4");
        }
        let facts = trips.iter().map(|trip| (1..=staff).map(|n| person(n, trip)).collect()).collect();
        let kept = vec![Vec::new(); trips.len()];
        Self { trips, facts, kept }
    }

    fn findings(&self, proposals: &[Proposal]) -> Vec<Finding> {
        let candidates: Vec<Vec<Candidate<'_>>> =
            self.facts.iter().map(|facts| facts.iter().map(Facts::candidate).collect()).collect();
        let cases: Vec<Case<'_>> = self
            .trips
            .iter()
            .zip(&candidates)
            .zip(&self.kept)
            .map(|((trip, candidates), kept)| Case { trip, candidates, kept })
            .collect();
        check(NOW, &cases, proposals)
    }

    fn faults(&self, proposals: &[Proposal]) -> BTreeSet<Fault> {
        self.findings(proposals).into_iter().map(|finding| finding.fault).collect()
    }

    /// What policy and the solver make of it.
    fn solved(&self) -> Vec<Proposal> {
        let asked: Vec<AssignTrip> = (0..self.trips.len()).map(|n| self.asked(n)).collect();
        solve(&asked)
            .crews
            .into_iter()
            .map(|crew| Proposal {
                trip: crew.trip,
                crew: crew.kept.into_iter().chain(crew.added.into_iter().map(|c| c.staff)).collect(),
            })
            .collect()
    }

    fn asked(&self, n: usize) -> AssignTrip {
        let verdicts = self.facts[n].iter().map(|f| (f.staff.id, verdict(&f.candidate(), &f.context())));
        AssignTrip {
            trip: self.trips[n].id,
            slots: self.trips[n].crew_size.get() - self.kept[n].len() as u8,
            tier: Tier::Ordinary,
            waited_s: 0,
            kept: self.kept[n].clone(),
            candidates: verdicts
                .filter(|(_, v)| v.is_eligible())
                .map(|(staff, v)| Choice { staff, cost: v.cost })
                .collect(),
            unseen_cost_min: None,
        }
    }
}

fn person(n: u128, trip: &Trip) -> Facts {
    let sample = Facts::eligible();
    Facts {
        staff: Staff { id: account(n), ..sample.staff.clone() },
        eta: road(100.0 * n as f32),
        trip: trip.clone(),
        ..sample
    }
}

#[test]
fn limits_are_read_the_same_twice() {
    assert_eq!(own::FIX_AGE_MS, limits::FIX_AGE_MS_MAX);
    assert_eq!(own::FIX_AHEAD_MS, limits::FIX_AHEAD_MS_MAX);
    assert!((own::FIX_ERROR_M - limits::FIX_ACCURACY_M_MAX).abs() < f32::EPSILON);
    assert_eq!(own::WAY_MS, limits::PICKUP_ETA_S_MAX * 1_000);
    assert_eq!(own::REST_OF_TRIP_MS, limits::NEXT_WITHIN_S * 1_000);
    assert_eq!(own::HANDOVER_MS, limits::SHIFT_END_MARGIN_S * 1_000);
    assert_eq!(own::DAY_OF_WORK_MS, limits::WORK_DAY_S_MAX * 1_000);
    assert_eq!((own::ON_END_MS, own::PAUSE_MS), (limits::DUTIES_S_MAX * 1_000, limits::REST_S * 1_000));
}

#[test]
fn solved_crews_have_nothing_against_them() {
    let world = World::open(&[2, 1, 4], 9);
    let proposals = world.solved();
    assert_eq!(proposals.len(), 3);
    assert_eq!(world.findings(&proposals), []);
}

#[test]
fn spoilt_crews_are_caught() {
    type Spoilt = (&'static str, Fault, fn(&mut Vec<Proposal>));
    let cases: &[Spoilt] = &[
        ("one member short", Fault::CrewSize, |p| p[0].crew.truncate(1)),
        ("one too many", Fault::CrewSize, |p| p[0].crew.push(account(9))),
        ("same member twice in a crew", Fault::StaffTwice, |p| p[0].crew[1] = p[0].crew[0]),
        ("same member in two crews", Fault::StaffTwice, |p| p[0].crew[0] = p[2].crew[0]),
        ("a stranger", Fault::UnknownStaff, |p| p[0].crew[0] = account(77)),
        ("a trip nobody asked about", Fault::UnknownTrip, |p| p[0].trip = trip(50).id),
        ("two crews for one trip", Fault::TripTwice, |p| p[0].trip = p[1].trip),
        ("a kept member left out", Fault::KeptDropped, |p| p[1].crew = vec![account(9)]),
        ("a kept member lent out", Fault::StaffTwice, |p| {
            p[0].crew[0] = account(20);
            p.remove(1);
        }),
    ];
    let mut world = World::open(&[2, 1, 4], 9);
    world.kept[1] = vec![account(20)];
    let whole = world.solved();
    assert_eq!((world.findings(&whole), whole.len()), (Vec::new(), 3));
    for (what, fault, spoil) in cases {
        let mut spoilt = whole.clone();
        spoil(&mut spoilt);
        assert!(world.faults(&spoilt).contains(fault), "{what}: {:?}", world.faults(&spoilt));
    }
}

#[test]
fn each_broken_fact_of_a_member_is_caught_by_its_name_alone() {
    type Broken = (Fault, fn(&mut Facts));
    let cases: &[Broken] = &[
        (Fault::Busy, |f| f.busy = true),
        (Fault::Busy, |f| f.free_in(301)),
        (Fault::Busy, |f| {
            f.free_in(60);
            f.trip.pickup_at = Some(NOW.plus_s(300));
        }),
        (Fault::SecondNext, |f| {
            f.free_in(60);
            f.after_mut().next_taken = true;
        }),
        (Fault::LongNotFree, |f| {
            f.free_in(601);
            f.eta = road(700.0);
        }),
        (Fault::Declined, |f| f.declined = true),
        (Fault::OffShift, |f| f.shift = None),
        (Fault::OffShift, |f| f.shift_mut().starts_at = NOW.plus_s(1)),
        (Fault::ShiftTooShort, |f| f.shift_mut().ends_at.0 = Facts::after_end_s(600).0 - 1),
        (Fault::TooManyHours, |f| f.shift_mut().worked_before_s = 31_000),
        (Fault::ShiftTooShort, |f| {
            f.shift_mut().ends_at = Facts::after_end_s(600);
            f.trip.length.by_car_s += 1;
        }),
        (Fault::NoRest, |f| f.run = Some(DutyRun { since: Facts::after_end_s(-14_401), idle_since: None })),
        (Fault::Uncertified, |f| f.staff.certified_until.0 = Facts::after_end_s(0).0 - 1),
        (Fault::NotFresh, |f| f.fix = None),
        (Fault::NotFresh, |f| f.fix = Some(FixFacts { age_ms: 60_001, accuracy_m: 5.0 })),
        (Fault::NotPrecise, |f| f.fix = Some(FixFacts { age_ms: 0, accuracy_m: 501.0 })),
        (Fault::NoWay, |f| f.eta = None),
        (Fault::NoWay, |f| f.eta = straight(300.0)),
        (Fault::NoWay, |f| f.eta = road(f32::NAN)),
        (Fault::TooFar, |f| f.eta = road(2_701.0)),
        (Fault::WrongAgency, |f| f.trip.rules.agencies = vec![agency(2)]),
        (Fault::WrongKind, |f| {
            f.staff.kind = StaffKind::Supporter;
            f.trip.rules.risk = RiskGrade::High;
        }),
        (Fault::WrongGender, |f| f.trip.rules.gender = Some(Gender::Man)),
        (Fault::Conflict, |f| f.staff.conflicts = vec![account(1), f.trip.rider]),
    ];
    for (fault, spoil) in cases {
        let mut facts = Facts::eligible();
        facts.trip.crew_size = CrewSize::new(1).unwrap();
        spoil(&mut facts);
        let candidates = [facts.candidate()];
        let case = Case { trip: &facts.trip, candidates: &candidates, kept: &[] };
        let proposal = Proposal { trip: facts.trip.id, crew: vec![facts.staff.id] };
        let found = check(NOW, &[case], &[proposal]);
        let expected = Finding { fault: *fault, trip: facts.trip.id, staff: Some(facts.staff.id) };
        assert_eq!(found, [expected]);
    }
}

#[test]
fn the_time_of_those_who_are_kept_is_read_again_and_nothing_else_of_them() {
    type Kept = (Option<Fault>, fn(&mut Facts));
    let cases: &[Kept] = &[
        (None, |_| {}),
        (None, |f| {
            f.busy = true;
            f.fix = None;
            f.staff.conflicts = vec![f.trip.rider];
        }),
        (Some(Fault::OffShift), |f| f.shift = None),
        (Some(Fault::ShiftTooShort), |f| f.shift_mut().ends_at.0 = Facts::after_end_s(600).0 - 1),
        (Some(Fault::TooManyHours), |f| f.shift_mut().starts_at.0 = Facts::after_end_s(-36_000).0 - 1),
        (Some(Fault::NoRest), |f| f.run = Some(DutyRun { since: Facts::after_end_s(-14_401), idle_since: None })),
        (Some(Fault::Uncertified), |f| f.staff.certified_until.0 = Facts::after_end_s(0).0 - 1),
    ];
    for (fault, spoil) in cases {
        let (mut facts, other) = (Facts::eligible(), Facts::eligible());
        spoil(&mut facts);
        let other = Facts { staff: Staff { id: account(2), ..other.staff.clone() }, ..other };
        let (candidates, kept) = ([facts.candidate(), other.candidate()], [facts.staff.id]);
        let case = Case { trip: &facts.trip, candidates: &candidates, kept: &kept };
        let proposal = Proposal { trip: facts.trip.id, crew: vec![facts.staff.id, other.staff.id] };
        let found = check(NOW, &[case], &[proposal]);
        let expected = fault.map(|fault| Finding { fault, trip: facts.trip.id, staff: Some(facts.staff.id) });
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    }
}

/// A person about whom anything may be wrong, near every limit.
fn anybody(numbers: &mut Numbers) -> Facts {
    let mut f = Facts::eligible();
    let end = Facts::after_end_s(0);
    let mut near = |at: i64| at + [-1, 0, 1][numbers.below(3) as usize];
    f.staff.certified_until.0 = near(end.0);
    f.shift_mut().ends_at.0 = near(end.0 + limits::SHIFT_END_MARGIN_S * 1_000);
    f.shift_mut().starts_at.0 = near(end.0 - limits::WORK_DAY_S_MAX * 1_000);
    f.fix = Some(FixFacts { age_ms: near(60_000), accuracy_m: near(500) as f32 });
    if numbers.percent(10) {
        f.fix = None;
    }
    let lengths =
        [(Mode::Walk, 1_200, 1_200), (Mode::Walk, 1_200, 600), (Mode::Walk, 600, 1_200), (Mode::Drive, 1_200, 5_000)];
    let (mode, by_car_s, without_s) = lengths[numbers.below(4) as usize];
    f.shift_mut().mode = mode;
    f.trip.length = TripLength { by_car_s, without_s };
    if numbers.percent(30) {
        let idle = [None, Some(1_799), Some(1_800)][numbers.below(3) as usize];
        let since = Facts::after_end_s(-14_400 - numbers.below(2) as i64);
        f.run = Some(DutyRun { since, idle_since: idle.map(|s: i64| NOW.plus_s(-s)) });
    }
    if numbers.percent(10) {
        f.shift = None;
    }
    f.busy = numbers.percent(10);
    if numbers.percent(30) {
        f.free_in([60, 299, 300, 301, 600, 601][numbers.below(6) as usize]);
        f.after_mut().next_taken = numbers.percent(20);
    }
    f.declined = numbers.percent(10);
    f.off_road = numbers.percent(50);
    let eta_s = [300.0, 0.0, 299.999_9, 2_700.0, 2_700.001, f32::NAN][numbers.below(6) as usize];
    f.eta = [road(300.0), calibrated(300.0), road(eta_s), straight(eta_s), None][numbers.below(5) as usize];
    f.staff.kind = if numbers.percent(50) { StaffKind::Guard } else { StaffKind::Supporter };
    f.staff.gender = [None, Some(Gender::Woman), Some(Gender::Man)][numbers.below(3) as usize];
    f.trip.rules.gender = [None, None, Some(Gender::Woman)][numbers.below(3) as usize];
    f.trip.rules.risk = if numbers.percent(30) { RiskGrade::High } else { RiskGrade::Standard };
    f.trip.rules.agencies = [vec![], vec![agency(1)], vec![agency(2)]][numbers.below(3) as usize].clone();
    f.staff.conflicts = if numbers.percent(10) { vec![f.trip.rider] } else { vec![account(5)] };
    f.trip.pickup_at = [None, None, Some(NOW.plus_s(300)), Some(NOW.plus_s(301))][numbers.below(4) as usize];
    f.trip.crew_size = CrewSize::new(1).unwrap();
    f
}

#[test]
fn both_readings_of_the_rules_agree_at_every_limit() {
    let seed = 0xA6;
    let mut numbers = Numbers(seed);
    let mut eligible = 0;
    for round in 0..200_000 {
        let facts = anybody(&mut numbers);
        let verdict = verdict(&facts.candidate(), &facts.context());
        let candidates = [facts.candidate()];
        let case = Case { trip: &facts.trip, candidates: &candidates, kept: &[] };
        let found = check(NOW, &[case], &[Proposal { trip: facts.trip.id, crew: vec![facts.staff.id] }]);
        assert_eq!(found.is_empty(), verdict.is_eligible(), "seed {seed} round {round}: {verdict:?} against {found:?}");
        eligible += u32::from(found.is_empty());
    }
    assert!(eligible > 500, "only {eligible} were eligible");
}

#[test]
fn findings_name_no_person() {
    let finding = Finding { fault: Fault::Conflict, trip: trip(1).id, staff: Some(account(0xDEAD_BEEF)) };
    assert!(!finding.to_string().contains("deadbeef"));
}
