//! The table, looked at from all sides. What product.md says is written out a second time here, as words.

use crate::lifecycle::{Event, MEMBER_PHASES, Refused, TABLE, markdown, member_may_go, next, slowest, towards_slowest};
use crate::model::Phase;
use std::collections::BTreeSet;

/// Every phase and event pair that may happen, as "from event to".
const EXPECTED: &[&str] = &[
    "requested reserve reserved",
    "requested go_live matching",
    "reserved go_live matching",
    "matching offer offered",
    "matching reserve reserved",
    "offered refill matching",
    "offered assign assigned",
    "assigned depart en_route",
    "en_route arrive arrived",
    "arrived meet met",
    "met start escorting",
    "escorting complete completed",
    "assigned drop_out matching",
    "en_route drop_out matching",
    "arrived drop_out matching",
    "requested cancel cancelled",
    "reserved cancel cancelled",
    "matching cancel cancelled",
    "offered cancel cancelled",
    "assigned cancel cancelled",
    "en_route cancel cancelled",
    "arrived cancel cancelled",
    "met cancel cancelled",
    "escorting cancel cancelled",
    "arrived no_show no_show",
    "requested give_up unserved",
    "reserved give_up unserved",
    "matching give_up unserved",
    "offered give_up unserved",
];

#[test]
fn every_phase_and_event_pair_is_allowed_or_refused_as_written() {
    let expected: BTreeSet<String> = EXPECTED.iter().map(|line| (*line).to_owned()).collect();
    let mut allowed = BTreeSet::new();
    for from in Phase::ALL {
        for on in Event::ALL {
            match next(from, on) {
                Ok(to) => {
                    allowed.insert(format!("{} {} {}", from.word(), on.word(), to.word()));
                }
                Err(refused) => assert_eq!(refused, Refused { from, on }),
            }
        }
    }
    assert_eq!(allowed, expected);
    assert_eq!(TABLE.len(), expected.len(), "no step is listed twice");
}

fn reachable(start: Phase, without: Option<Phase>) -> BTreeSet<Phase> {
    let mut seen = BTreeSet::from([start]);
    loop {
        let before = seen.len();
        for step in TABLE {
            if seen.contains(&step.from) && Some(step.to) != without {
                seen.insert(step.to);
            }
        }
        if seen.len() == before {
            return seen;
        }
    }
}

#[test]
fn every_phase_can_be_reached_from_requested() {
    assert_eq!(reachable(Phase::Requested, None), BTreeSet::from(Phase::ALL));
}

#[test]
fn every_open_phase_can_end_and_no_end_can_be_left() {
    for phase in Phase::ALL {
        let ways_out = TABLE.iter().filter(|t| t.from == phase).count();
        assert_eq!(ways_out == 0, phase.is_end(), "{}", phase.word());
        assert!(reachable(phase, None).iter().any(|p| p.is_end()), "{}", phase.word());
    }
}

#[test]
fn every_trip_that_is_not_over_can_be_cancelled() {
    for phase in Phase::ALL {
        assert_eq!(next(phase, Event::Cancel).is_ok(), !phase.is_end(), "{}", phase.word());
    }
}

#[test]
fn assigned_is_reached_from_offered_only() {
    let into: Vec<Phase> = TABLE.iter().filter(|t| t.to == Phase::Assigned).map(|t| t.from).collect();
    assert_eq!(into, [Phase::Offered]);
    let without_offers = reachable(Phase::Requested, Some(Phase::Offered));
    for phase in [Phase::Assigned, Phase::EnRoute, Phase::Arrived, Phase::Met, Phase::Escorting, Phase::Completed] {
        assert!(!without_offers.contains(&phase), "{} without an offer", phase.word());
    }
}

#[test]
fn nothing_goes_back_once_rider_and_crew_have_met() {
    for step in TABLE.iter().filter(|t| t.from >= Phase::Met && !t.from.is_end()) {
        assert!(step.to > step.from, "{} -> {}", step.from.word(), step.to.word());
    }
}

#[test]
fn back_edges_lead_to_matching_and_from_there_to_reserved() {
    for step in TABLE.iter().filter(|t| t.to < t.from) {
        let back = if step.from == Phase::Matching { Phase::Reserved } else { Phase::Matching };
        assert_eq!(step.to, back, "{}", step.from.word());
    }
}

#[test]
fn words_of_phases_and_events_are_unique() {
    let phases: BTreeSet<&str> = Phase::ALL.iter().map(|p| p.word()).collect();
    let events: BTreeSet<&str> = Event::ALL.iter().map(|e| e.word()).collect();
    assert_eq!((phases.len(), events.len()), (Phase::ALL.len(), Event::ALL.len()));
    for phase in Phase::ALL {
        assert_eq!(Phase::from_word(phase.word()), Some(phase));
    }
}

#[test]
fn refusal_names_phase_and_event() {
    let refused = next(Phase::Completed, Event::Cancel).expect_err("an end");
    assert_eq!(refused.to_string(), "a trip that is completed cannot take cancel");
}

#[test]
fn trip_shows_its_slowest_member() {
    let (a, e, r) = (Phase::Assigned, Phase::EnRoute, Phase::Arrived);
    for (members, shown) in
        [(vec![a, r], Some(a)), (vec![r, e], Some(e)), (vec![r, r, r, r], Some(r)), (vec![e], Some(e)), (vec![], None)]
    {
        assert_eq!(slowest(members.clone()), shown, "{members:?}");
    }
}

#[test]
fn members_go_forward_only() {
    for from in Phase::ALL {
        for to in Phase::ALL {
            let allowed = [
                (Phase::Assigned, Phase::EnRoute),
                (Phase::Assigned, Phase::Arrived),
                (Phase::EnRoute, Phase::Arrived),
            ];
            assert_eq!(member_may_go(from, to), allowed.contains(&(from, to)), "{} -> {}", from.word(), to.word());
        }
    }
}

#[test]
fn trip_follows_its_members_step_by_step_and_stops_at_the_slowest() {
    for first in MEMBER_PHASES {
        for second in MEMBER_PHASES {
            let mut trip = Phase::Assigned;
            let mut steps = 0;
            while let Some(event) = towards_slowest(trip, [first, second]) {
                trip = next(trip, event).expect("a step of the table");
                steps += 1;
            }
            assert_eq!(trip, first.min(second));
            assert!(steps <= 2);
        }
    }
    assert_eq!(towards_slowest(Phase::Assigned, []), None, "nobody is not everybody");
    assert_eq!(towards_slowest(Phase::Offered, [Phase::Arrived]), None);
}

#[test]
fn markdown_has_a_row_per_phase_and_every_step() {
    let text = markdown();
    assert_eq!(text.lines().count(), 2 + Phase::ALL.len());
    assert_eq!(text.matches('→').count(), 1 + TABLE.len());
    assert!(text.contains("| `offered` | refill → `matching`, assign → `assigned`"));
    assert!(text.contains("| `unserved` | (end) |"));
}
