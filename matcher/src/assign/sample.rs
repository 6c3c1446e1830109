//! Owns random instances for tests of crews, and what a plan must be whatever it is worth.

use super::{AssignTrip, Choice, Plan, Tier};
use crate::model::CrewSize;
use crate::sample::{Numbers, account, trip_id};
use std::collections::BTreeSet;

/// How many trips, staff and candidates.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) trips: u64,
    pub(super) staff: u64,
    /// Chance of a pairing being allowed, percent.
    pub(super) allowed: u64,
    /// Costs are 0..this; small ones make ties.
    pub(super) cost: u64,
}

impl Size {
    /// Up to 4 trips and 10 staff, from plenty to scarcity, with and without ties.
    pub(super) fn small(numbers: &mut Numbers) -> Self {
        Self {
            trips: 1 + numbers.below(4),
            staff: numbers.below(11),
            allowed: [30, 60, 85, 100][numbers.below(4) as usize],
            cost: [4, 50, 5_000_000][numbers.below(3) as usize],
        }
    }
}

/// A whole instance; nobody is unseen.
pub(super) fn instance(numbers: &mut Numbers, size: Size) -> Vec<AssignTrip> {
    (0..size.trips)
        .map(|n| AssignTrip {
            trip: trip_id(u128::from(n)),
            slots: 1 + numbers.below(u64::from(CrewSize::MAX)) as u8,
            tier: if numbers.percent(25) { Tier::Escalated } else { Tier::Ordinary },
            waited_s: numbers.below(if size.cost > 1_000 { 4_000 } else { 2 }) as u32,
            kept: Vec::new(),
            candidates: (0..size.staff)
                .filter_map(|s| {
                    let cost = numbers.below(size.cost) as i64;
                    numbers.percent(size.allowed).then_some(Choice { staff: account(u128::from(s)), cost })
                })
                .collect(),
            unseen_cost_min: None,
        })
        .collect()
}

/// What a plan is worth by the objective, added up from the plan alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Worth {
    pub(super) escalated: usize,
    pub(super) ordinary: usize,
    pub(super) gain: i64,
    /// Trip by trip, whether it is crewed.
    pub(super) crewed: Vec<bool>,
}

/// Checks that the plan is one, then adds it up.
pub(super) fn worth(trips: &[AssignTrip], plan: &Plan) -> Worth {
    let mut worth = Worth { escalated: 0, ordinary: 0, gain: 0, crewed: Vec::new() };
    let mut taken = BTreeSet::new();
    let (mut crews, mut left) = (plan.crews.iter(), plan.left.iter());
    for trip in trips {
        let crewed = plan.crews.iter().any(|crew| crew.trip == trip.trip);
        worth.crewed.push(crewed);
        if !crewed {
            assert_eq!(left.next(), Some(&trip.trip), "a trip is crewed or left");
            continue;
        }
        let crew = crews.next().expect("a crew per crewed trip");
        assert_eq!((crew.trip, &crew.kept), (trip.trip, &trip.kept));
        assert_eq!(crew.added.len(), usize::from(trip.slots), "all slots or none");
        for member in &crew.added {
            assert!(taken.insert(member.staff), "nobody twice");
            assert!(trip.candidates.contains(member), "candidates only, at their cost");
            worth.gain -= member.cost;
        }
        worth.gain += i64::from(trip.waited_s.min(super::WAIT_CREDIT_S_MAX)) * 1_000;
        match trip.tier {
            Tier::Escalated => worth.escalated += 1,
            Tier::Ordinary => worth.ordinary += 1,
        }
    }
    assert_eq!((crews.next(), left.next()), (None, None));
    worth
}
