//! A bonus with a ceiling: `known_face`.

use super::known_face::{bonus_ms, felt_ms};
use super::verdict;
use crate::sample::{Facts, account, road};

fn with(eta_s: f32, known: bool) -> Facts {
    let mut facts = Facts { eta: road(eta_s), ..Facts::eligible() };
    facts.trip.rules.known = if known { vec![facts.staff.id] } else { vec![account(77)] };
    facts
}

#[test]
fn known_face_gains_up_to_two_minutes_and_strangers_nothing() {
    for (eta_s, known, felt) in
        [(300.0, true, -100_000), (360.0, true, -120_000), (1_800.0, true, -120_000), (0.0, true, 0), (300.0, false, 0)]
    {
        let facts = with(eta_s, known);
        assert_eq!(felt_ms(&facts.candidate(), &facts.context()), felt, "{eta_s} s, known {known}");
    }
}

#[test]
fn known_face_wins_just_under_the_ceiling_and_loses_just_above() {
    let cost = |facts: Facts| verdict(&facts.candidate(), &facts.context()).cost;
    assert!(cost(with(1_019.0, true)) < cost(with(900.0, false)));
    assert!(cost(with(1_021.0, true)) > cost(with(900.0, false)));
}

#[test]
fn once_escalated_the_soonest_goes_whoever_it_is() {
    let mut facts = with(300.0, true);
    facts.trip.escalated_at = Some(facts.now);
    assert_eq!(felt_ms(&facts.candidate(), &facts.context()), 0);
}

#[test]
fn later_is_never_felt_sooner() {
    for eta_ms in (0..2_700_000).step_by(499) {
        assert!(eta_ms + 1 - bonus_ms(eta_ms + 1) >= eta_ms - bonus_ms(eta_ms), "{eta_ms}");
    }
}
