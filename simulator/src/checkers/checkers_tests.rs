//! Each property fires on what breaks it, and not on what just does not.

use super::doubled::{Doubled, PhoneWatch, in_console};
use super::early;
use super::gaps::Count;
use super::lost::{Loss, Seen, check};
use serde_json::json;

fn seen(phases: &[&str]) -> Seen {
    let shown = phases.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
    if shown.is_empty() { Seen::new() } else { Seen::from([("t".to_owned(), shown)]) }
}

#[test]
fn acknowledged_trip_is_in_one_state_and_both_viewers_agree() {
    let cases: [(&[&str], &[&str], Option<Loss>); 8] = [
        (&["offered"], &["offered"], None),
        (&["completed"], &[], None),
        (&["completed"], &["completed"], None),
        (&[], &["offered"], Some(Loss::AbsentAtRider)),
        (&["offered"], &[], Some(Loss::AbsentAtConsole)),
        (&["completed"], &["escorting"], Some(Loss::Disagree)),
        (&["offered", "offered"], &["offered"], Some(Loss::SeveralStates)),
        (&["offered"], &["offered", "assigned"], Some(Loss::SeveralStates)),
    ];
    for (rider, console, expected) in cases {
        assert_eq!(check("t", &seen(rider), &seen(console)), expected, "{rider:?} {console:?}");
    }
}

#[test]
fn phone_has_one_offer_or_one_trip_at_a_time() {
    let mut phone = PhoneWatch::default();
    assert_eq!(phone.offer("o1", "t1", false), None);
    phone.offer_closed("o1");
    assert_eq!(phone.offer("o2", "t1", false), None);
    assert_eq!(phone.offer("o3", "t1", false), Some(Doubled::TwoOffers));
    assert_eq!(phone.trip("t1"), None);
    assert_eq!(phone.trip("t1"), None, "the same trip changes often");
    assert_eq!(phone.offer("o4", "t2", false), Some(Doubled::OfferOnTrip));
    assert_eq!(phone.trip("t2"), Some(Doubled::TwoTrips));
    phone.trip_gone("t1");
    phone.trip_gone("t2");
    assert_eq!(phone.trip("t3"), None);
    assert_eq!(phone.offer("o4", "t2", false), Some(Doubled::OfferTwice));
}

#[test]
fn phone_on_a_trip_has_one_that_follows_at_most() {
    let mut phone = PhoneWatch::default();
    phone.trip("t1");
    assert_eq!(phone.offer("o1", "t2", true), None);
    assert_eq!(phone.trip("t1"), None, "news of the present trip closes no offer of another");
    assert_eq!(phone.offer("o2", "t3", true), Some(Doubled::TwoOffers));
    phone.offer_closed("o2");
    assert_eq!(phone.next("t2"), (true, None));
    assert_eq!(phone.next("t2"), (false, None), "the same one is told again");
    assert_eq!(phone.offer("o3", "t3", true), Some(Doubled::OfferBesideNext));
    assert_eq!(phone.next("t3"), (true, Some(Doubled::TwoNextTrips)));
    phone.trip_gone("t1");
    assert_eq!(phone.trip("t3"), None);
    phone.offer_closed("o3");
    assert_eq!(phone.offer("o4", "t4", true), None);
}

#[test]
fn reload_replaces_what_the_phone_knew() {
    let mut phone = PhoneWatch::default();
    phone.trip("t1");
    phone.reload(Some(("o1", "t2")), None, None);
    assert_eq!(phone.offer("o2", "t3", false), Some(Doubled::TwoOffers));
    phone.reload(None, Some("t1"), Some("t2"));
    assert_eq!(phone.next("t3"), (true, Some(Doubled::TwoNextTrips)));
    phone.reload(None, None, None);
    assert_eq!(phone.trip("t2"), None);
}

#[test]
fn console_shows_each_member_in_one_open_crew() {
    let trip = |id: &str, phase: &str, nos: &[u64]| {
        let crew: Vec<_> = nos.iter().map(|no| json!({"no":no})).collect();
        json!({"id":id,"phase":phase,"crew_size":2,"crew":crew})
    };
    let cases = [
        (vec![trip("a", "assigned", &[1, 2]), trip("b", "offered", &[3, 4])], vec![]),
        (vec![trip("a", "completed", &[1, 2]), trip("b", "offered", &[1, 2])], vec![]),
        (vec![trip("a", "assigned", &[1, 2]), trip("b", "offered", &[2, 3])], vec![Doubled::StaffInTwoTrips]),
        (vec![trip("a", "assigned", &[1, 2, 3])], vec![Doubled::CrewTooLarge]),
        (vec![trip("a", "assigned", &[1]), trip("a", "assigned", &[1])], vec![Doubled::TripTwice]),
    ];
    let follows = |id: &str, no: u64| json!({"id":id,"phase":"assigned","crew_size":2,"crew":[{"no":no,"after":"a"}]});
    let cases = cases.into_iter().chain([
        (vec![trip("a", "escorting", &[1, 2]), follows("b", 2)], vec![]),
        (vec![follows("b", 2), follows("c", 2)], vec![Doubled::StaffInTwoNextTrips]),
    ]);
    for (trips, expected) in cases {
        assert_eq!(in_console(&json!({"trips":trips})), expected);
    }
}

#[test]
fn assigned_before_the_last_acceptance_is_early() {
    for (phase, accepted, expected) in [
        ("assigned", 1, true),
        ("assigned", 2, false),
        ("offered", 1, false),
        ("completed", 0, false),
        ("met", 0, true),
    ] {
        assert_eq!(early::check(phase, 2, accepted), expected, "{phase} {accepted}");
    }
}

#[test]
fn supervisor_numbers_count_up_by_one() {
    let mut count = Count::default();
    assert_eq!([5, 6, 8, 9, 9].map(|n| count.gap_before(n)), [false, false, true, false, true]);
}
