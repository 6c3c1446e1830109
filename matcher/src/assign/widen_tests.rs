//! "Nobody better is out there": a claim is checked against everybody.

use super::sample::{Size, instance, worth};
use super::{AssignTrip, Choice, Tier, brute, solve, widen};
use crate::sample::{Numbers, account, trip_id};

/// The trip as a search would know it that has found its `k` cheapest: the next one's cost is the bound, less some slack.
fn seen(whole: &AssignTrip, k: usize, slack: i64) -> AssignTrip {
    let mut candidates = whole.candidates.clone();
    candidates.sort_by_key(|c| c.cost);
    let unseen_cost_min = candidates.get(k).map(|next| (next.cost - slack).max(0));
    candidates.truncate(k);
    AssignTrip { candidates, unseen_cost_min, ..whole.clone() }
}

#[test]
fn claimed_optimum_is_the_optimum_among_everybody() {
    let seed = 404;
    let mut numbers = Numbers(seed);
    let (mut early, mut rounds_max) = (0, 0);
    for round in 0..3_000 {
        let size = Size::small(&mut numbers);
        let whole = instance(&mut numbers, size);
        let slack = numbers.below(size.cost / 4) as i64;
        let mut found: Vec<usize> = whole.iter().map(|_| 1 + numbers.below(3) as usize).collect();
        for widenings in 0.. {
            let trips: Vec<AssignTrip> = whole.iter().zip(&found).map(|(t, k)| seen(t, *k, slack)).collect();
            let plan = solve(&trips);
            let widening = widen(&trips, &plan);
            assert_eq!(widening.optimal, widening.more.is_empty(), "these sizes are solved exactly");
            if widening.optimal {
                let (got, best) = (worth(&trips, &plan), brute::best(&whole));
                assert_eq!(
                    (got.escalated, got.ordinary, got.gain),
                    (best.escalated, best.ordinary, best.gain),
                    "seed {seed} round {round}: {whole:?} seen {found:?}"
                );
                early += usize::from(trips.iter().any(|t| t.unseen_cost_min.is_some()));
                rounds_max = rounds_max.max(widenings);
                break;
            }
            for trip in &widening.more {
                let n = whole.iter().position(|t| t.trip == *trip).expect("one of the trips");
                assert!(trips[n].unseen_cost_min.is_some(), "nobody is asked to look where nobody is");
                found[n] += 1;
            }
        }
    }
    println!("proven before all were seen: {early} of 3000, at most {rounds_max} widenings");
    assert!(early > 300, "only {early} proofs came early");
}

fn trip(n: u128, choices: &[(u128, i64)], unseen_cost_min: Option<i64>) -> AssignTrip {
    AssignTrip {
        trip: trip_id(n),
        slots: 2,
        tier: Tier::Ordinary,
        waited_s: 0,
        kept: Vec::new(),
        candidates: choices.iter().map(|(s, cost)| Choice { staff: account(*s), cost: *cost }).collect(),
        unseen_cost_min,
    }
}

fn more(trips: &[AssignTrip]) -> Vec<u128> {
    widen(trips, &solve(trips)).more.iter().map(|t| t.0.as_u128()).collect()
}

#[test]
fn one_trip_is_proven_by_its_slowest_member() {
    let choices = [(1, 100), (2, 200)];
    assert_eq!(more(&[trip(1, &choices, Some(200))]), []);
    assert_eq!(more(&[trip(1, &choices, Some(199))]), [1]);
    assert_eq!(more(&[trip(1, &choices, None)]), []);
}

#[test]
fn contended_staff_raise_what_a_trip_would_pay() {
    // Trip 1 has the only near pair; trip 2 must pay 900 for its second. Somebody unseen at 800 would help.
    let one = trip(1, &[(1, 100), (2, 100), (3, 600)], Some(700));
    let two = |cost| trip(2, &[(2, 100), (3, 100), (4, 900)], Some(cost));
    let trips = [one, two(800)];
    assert_eq!(crews(&trips), 2);
    assert!(more(&trips).contains(&2));
}

fn crews(trips: &[AssignTrip]) -> usize {
    solve(trips).crews.len()
}

#[test]
fn a_trip_left_over_widens_all_that_compete_with_it() {
    let short = trip(1, &[(1, 10), (2, 10)], None);
    let rival = trip(2, &[(1, 5), (2, 5)], Some(50));
    let apart = trip(3, &[(7, 5), (8, 5)], Some(50));
    assert_eq!(more(&[short.clone(), rival, apart.clone()]), [2], "more staff for trip 2 could free a pair for trip 1");
    let rival = trip(2, &[(1, 5), (2, 5)], None);
    assert_eq!(more(&[short, rival, apart]), [], "nobody is left to be found");
}

#[test]
fn a_plan_that_is_not_cheapest_is_not_called_optimal() {
    let trips = [trip(1, &[(1, 100), (2, 200), (3, 300)], None)];
    let mut plan = solve(&trips);
    plan.crews[0].added[1] = Choice { staff: account(3), cost: 300 };
    assert!(!widen(&trips, &plan).optimal);

    // Nor one in which two trips should swap.
    let mut trips = [trip(1, &[(1, 10), (2, 90)], None), trip(2, &[(1, 90), (2, 10)], None)];
    for t in &mut trips {
        t.slots = 1;
    }
    let mut plan = solve(&trips);
    assert!(widen(&trips, &plan).optimal);
    plan.crews[0].added = vec![Choice { staff: account(2), cost: 90 }];
    plan.crews[1].added = vec![Choice { staff: account(1), cost: 90 }];
    assert!(!widen(&trips, &plan).optimal);
}
