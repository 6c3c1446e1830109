//! How long the choice of crews takes with its proof, against a greedy choice trip by trip, and what greed costs.

use harness::figures::{self, SEED, measure, note, row};
use matcher::assign::{self, AssignTrip, Choice, Tier};
use matcher::model::{AccountId, TripId};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::HashSet;
use uuid::Uuid;

/// Cost of one choice at most: 45 minutes on the curve of costs is of this size.
const COST_BELOW: i64 = 12_000_000;

/// One kind of batch.
struct Case {
    name: &'static str,
    trips: u128,
    /// Staff among whom each trip's candidates are drawn.
    staff: u128,
    candidates: usize,
    rounds: usize,
}

const CASES: [Case; 5] = [
    Case { name: "realistic, 1 trip, 8 candidates", trips: 1, staff: 500, candidates: 8, rounds: 2_000 },
    Case { name: "realistic, 10 trips, 8 candidates of 200", trips: 10, staff: 200, candidates: 8, rounds: 1_000 },
    Case { name: "busy, 64 trips, 32 candidates of 500", trips: 64, staff: 500, candidates: 32, rounds: 30 },
    Case { name: "worst exact, 6 trips for 8 staff", trips: 6, staff: 8, candidates: 8, rounds: 200 },
    Case { name: "worst, 64 trips for 64 staff, 16 candidates", trips: 64, staff: 64, candidates: 16, rounds: 30 },
];

fn main() {
    if !figures::is_asked_for() {
        return;
    }
    figures::heading("assign");
    for case in &CASES {
        let mut dice = StdRng::seed_from_u64(SEED);
        let batches: Vec<Vec<AssignTrip>> = (0..case.rounds).map(|_| batch(case, &mut dice)).collect();
        let base = measure(case.rounds, |i| greedy(&batches[i]));
        row(&format!("baseline greedy: {}", case.name), &base, None);
        let solved = measure(case.rounds, |i| {
            let plan = assign::solve(&batches[i]);
            assign::widen(&batches[i], &plan)
        });
        row(&format!("solve and widen: {}", case.name), &solved, Some(base.p50_us()));
        compare(&batches);
    }
}

fn compare(batches: &[Vec<AssignTrip>]) {
    let (mut greedy_crews, mut crews, mut exact) = (0, 0, 0);
    for trips in batches {
        greedy_crews += greedy(trips).len();
        let plan = assign::solve(trips);
        crews += plan.crews.len();
        exact += usize::from(plan.exact);
    }
    note(format_args!("crews: {crews} solved, {greedy_crews} greedy; proven best: {exact} of {}", batches.len()));
}

fn batch(case: &Case, dice: &mut StdRng) -> Vec<AssignTrip> {
    let one = |n: u128| {
        let mut seen = HashSet::new();
        while seen.len() < case.candidates {
            seen.insert(dice.random_range(0..case.staff));
        }
        // In ascending order, so that equal seeds give equal batches.
        let mut staff: Vec<u128> = seen.into_iter().collect();
        staff.sort_unstable();
        let choice = |n| Choice { staff: AccountId(Uuid::from_u128(n)), cost: dice.random_range(0..COST_BELOW) };
        AssignTrip {
            trip: TripId(Uuid::from_u128(n)),
            slots: 2,
            tier: Tier::Ordinary,
            waited_s: waited_s(n),
            kept: Vec::new(),
            candidates: staff.into_iter().map(choice).collect(),
            unseen_cost_min: Some(COST_BELOW),
        }
    };
    (0..case.trips).map(one).collect()
}

/// Trips have waited a second longer each.
fn waited_s(n: u128) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Each trip in turn takes the cheapest who are free, or nobody.
fn greedy(trips: &[AssignTrip]) -> Vec<(TripId, Vec<AccountId>)> {
    let mut taken = HashSet::new();
    let mut crews = Vec::new();
    for trip in trips {
        let mut free: Vec<&Choice> = trip.candidates.iter().filter(|c| !taken.contains(&c.staff)).collect();
        if free.len() < usize::from(trip.slots) {
            continue;
        }
        free.sort_unstable_by_key(|c| c.cost);
        let crew: Vec<AccountId> = free[..usize::from(trip.slots)].iter().map(|c| c.staff).collect();
        taken.extend(crew.iter().copied());
        crews.push((trip.trip, crew));
    }
    crews
}
