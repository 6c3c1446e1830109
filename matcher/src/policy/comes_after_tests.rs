//! Who is free and who comes from another trip, side by side: the sooner one by arrival, the free one in a near-tie.

use super::{comes_after, limits, verdict};
use crate::sample::{Facts, road};

fn cost(free_in_s: Option<i64>, there_in_s: i64) -> i64 {
    let mut facts = Facts::eligible();
    if let Some(seconds) = free_in_s {
        facts.free_in(seconds);
    }
    facts.eta = road(there_in_s as f32);
    let verdict = verdict(&facts.candidate(), &facts.context());
    assert!(verdict.is_eligible(), "{:?}", verdict.violations);
    verdict.cost
}

#[test]
fn free_in_four_and_three_away_is_sooner_than_eight_away() {
    let free_in_s = 4 * 60 + limits::HAND_OVER_S;
    assert!(cost(Some(free_in_s), free_in_s + 3 * 60) < cost(None, 8 * 60));
}

#[test]
fn who_is_free_wins_a_near_tie() {
    let margin_s = limits::COMES_AFTER_MS / 1_000;
    assert!(cost(None, 300 + margin_s - 1) < cost(Some(120), 300));
    assert!(cost(None, 300 + margin_s + 1) > cost(Some(120), 300));
    let facts = Facts::eligible();
    assert_eq!(comes_after::felt_ms(&facts.candidate(), &facts.context()), 0);
}
