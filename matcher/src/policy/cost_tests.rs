//! The curve is convex, and nobody at or beyond an ETA costs less than its floor.

use super::{cost_floor, felt_cost, limits, verdict};
use crate::sample::{Facts, Numbers, account, road, straight};

#[test]
fn curve_starts_at_nothing_grows_strictly_and_is_convex() {
    assert_eq!((felt_cost(-5), felt_cost(0), felt_cost(limits::DOUBLING_MS)), (0, 0, 2 * limits::DOUBLING_MS));
    let steps: Vec<i64> = (0..5_000_i64).map(|s| felt_cost(s * 1_000)).collect();
    for three in steps.windows(3) {
        assert!(three[1] > three[0]);
        // One off by rounding down.
        assert!(three[2] - three[1] >= three[1] - three[0] - 1);
    }
}

#[test]
fn of_two_crews_with_the_same_sum_the_more_even_is_cheaper() {
    let crew = |a: i64, b: i64| felt_cost(a * 1_000) + felt_cost(b * 1_000);
    assert!(crew(400, 400) < crew(300, 500));
    assert!(crew(300, 500) < crew(100, 700));
}

#[test]
fn curve_never_overflows() {
    assert!(felt_cost(i64::MAX) > 0);
    assert_eq!(felt_cost(i64::MAX), felt_cost(i64::MAX - 1));
    assert_eq!(felt_cost(i64::MIN), 0);
}

#[test]
fn largest_allowed_cost_fits_the_solver() {
    let worst_ms = limits::PICKUP_ETA_S_MAX * 1_500 + limits::STRAIGHT_LINE_MS;
    assert!(felt_cost(worst_ms) < crate::assign::COST_MAX / 4);
}

#[test]
fn nobody_allowed_costs_less_than_the_floor_of_their_eta() {
    let seed = 0x5EED_C057;
    let mut numbers = Numbers(seed);
    for round in 0..20_000 {
        let bound_s = numbers.below(2_900_000) as f32 / 1_000.0;
        let eta_s = bound_s + numbers.below(600_000) as f32 / 1_000.0;
        let mut facts = Facts { off_road: true, ..Facts::eligible() };
        facts.eta = if numbers.percent(50) { road(eta_s) } else { straight(eta_s) };
        facts.trip.rules.known = if numbers.percent(50) { vec![facts.staff.id] } else { vec![account(5)] };
        facts.trip.escalated_at = numbers.percent(20).then_some(facts.now);
        let verdict = verdict(&facts.candidate(), &facts.context());
        if verdict.is_eligible() {
            let floor = cost_floor(bound_s).expect("somebody is allowed beyond the bound");
            assert!(verdict.cost >= floor, "seed {seed} round {round}: bound {bound_s} eta {eta_s}");
        }
    }
}

#[test]
fn beyond_the_longest_allowed_way_there_is_nobody() {
    assert!(cost_floor(2_700.0).is_some());
    assert_eq!(cost_floor(2_700.5), None);
    assert_eq!(cost_floor(f32::INFINITY), None);
    assert_eq!(cost_floor(-1.0), Some(0));
}
