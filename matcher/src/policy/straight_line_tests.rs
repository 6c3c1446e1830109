//! A guess is priced as one: `straight_line`.

use super::straight_line::felt_ms;
use super::verdict;
use crate::sample::{Facts, road, straight};

#[test]
fn guess_costs_half_as_much_again_and_two_minutes() {
    for (eta, felt) in [(straight(300.0), 270_000), (straight(0.0), 120_000), (road(300.0), 0), (None, 0)] {
        let facts = Facts { eta, off_road: true, ..Facts::eligible() };
        assert_eq!(felt_ms(&facts.candidate(), &facts.context()), felt, "{eta:?}");
    }
}

#[test]
fn known_way_wins_over_a_somewhat_shorter_guess() {
    let cost = |eta| {
        let facts = Facts { eta, off_road: true, ..Facts::eligible() };
        let verdict = verdict(&facts.candidate(), &facts.context());
        assert!(verdict.is_eligible());
        verdict.cost
    };
    assert!(cost(road(500.0)) < cost(straight(300.0)));
    assert!(cost(road(600.0)) > cost(straight(300.0)));
}
