//! The lists of rules, and verdicts as a whole.

use super::{DutyRun, PREFERENCES, RULES, limits, rule, verdict};
use crate::model::{Gender, RiskGrade, StaffKind};
use crate::sample::{Facts, NOW, agency, road};
use std::collections::BTreeSet;

#[test]
fn codes_are_unique_and_stable_in_form() {
    let codes: Vec<&str> = RULES.iter().map(|r| r.code).chain(PREFERENCES.iter().map(|p| p.code)).collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
    for code in codes {
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code}");
    }
}

#[test]
fn every_rule_has_reasons_in_both_languages_and_a_source() {
    for rule in RULES {
        assert!(rule.ko.chars().any(|c| ('가'..='힣').contains(&c)), "{}", rule.code);
        assert!(rule.en.is_ascii() && !rule.en.ends_with('.'), "{}", rule.code);
        assert!(!rule.source.is_empty() && !rule.source.contains('|'), "{}", rule.code);
    }
    assert_eq!(rule("off_shift").map(|r| r.code), Some("off_shift"));
    assert!(rule("no_such_rule").is_none());
}

#[test]
fn eligible_sample_breaks_nothing_and_costs_its_eta() {
    let facts = Facts::eligible();
    let verdict = verdict(&facts.candidate(), &facts.context());
    assert!(verdict.is_eligible());
    assert_eq!(verdict.cost, super::felt_cost(300_000));
}

#[test]
fn all_violations_are_told_not_the_first_only() {
    let mut facts = Facts::eligible();
    facts.fix = None;
    facts.free_in(601);
    facts.after_mut().next_taken = true;
    facts.trip.pickup_at = Some(NOW);
    facts.declined = true;
    facts.staff.conflicts = vec![facts.trip.rider];
    facts.staff.kind = StaffKind::Supporter;
    facts.staff.certified_until = NOW;
    facts.trip.rules.risk = RiskGrade::High;
    facts.trip.rules.gender = Some(Gender::Man);
    facts.trip.rules.agencies = vec![agency(4)];
    facts.eta = road(3_000.0);
    facts.shift_mut().ends_at = NOW;
    facts.shift_mut().worked_before_s = 36_000;
    facts.run = Some(DutyRun { since: NOW.plus_s(-14_000), idle_since: None });
    let broken: Vec<&str> = verdict(&facts.candidate(), &facts.context()).violations.iter().map(|v| v.code).collect();
    let silent = ["coarse_fix", "unreachable"];
    let expected: Vec<&str> = RULES.iter().map(|r| r.code).filter(|code| !silent.contains(code)).collect();
    assert_eq!(broken, expected);
}

#[test]
fn limits_are_those_the_product_names() {
    assert_eq!((limits::OFFER_S, limits::REFILL_KEEP_S, limits::ESCALATE_AFTER_S), (20, 20, 60));
    assert_eq!((limits::RETRY_S, limits::SERIES_AHEAD_H, limits::WORK_DAY_S_MAX), (2, 48, 36_000));
    assert_eq!(limits::FIX_AGE_MS_MAX, 60_000);
    assert_eq!((limits::DUTIES_S_MAX, limits::REST_S), (14_400, 1_800));
}
