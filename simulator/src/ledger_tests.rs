//! Each latency is taken between the two moments its name says, whatever order the news comes in.

use crate::ledger::{Booked, BookingCounts, Ledger};
use std::time::{Duration, Instant};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A ledger measuring 10 s from the instant, and the booking of one trip in it: meant at 100, sent at 105, acknowledged at 120.
fn measuring() -> (Ledger, Instant, Booked) {
    let begin = Instant::now();
    let ledger = Ledger::new(true);
    ledger.measure(begin, begin + ms(10_000));
    let at = |n| begin + ms(n);
    (ledger, begin, Booked { rider: 3, intended: at(100), sent: at(105), acknowledged: at(120) })
}

fn close(ledger_ms: f64, expected: f64) {
    assert!((ledger_ms / expected - 1.0).abs() < 0.01, "{ledger_ms} instead of {expected}");
}

#[test]
fn offer_on_both_phones_counts_from_the_sending_even_when_the_answer_comes_last() {
    for answer_first in [true, false] {
        let (ledger, begin, booked) = measuring();
        if answer_first {
            ledger.booked("t", 2, booked);
        }
        ledger.offered("t", 0, 2, begin + ms(130));
        ledger.offered("t", 1, 2, begin + ms(145));
        ledger.offered("t", 1, 2, begin + ms(900));
        if !answer_first {
            ledger.booked("t", 2, booked);
        }
        ledger.with_latencies(|l| {
            assert_eq!(l.booking_to_both_phones.count(), 1);
            close(l.booking_to_both_phones.at_ms(1.0), 40.0);
            close(l.intended_to_both_phones.at_ms(1.0), 45.0);
            close(l.booking_to_acknowledged.at_ms(1.0), 15.0);
        });
    }
}

#[test]
fn one_phone_is_not_both() {
    let (ledger, begin, booked) = measuring();
    ledger.booked("t", 2, booked);
    ledger.offered("t", 0, 2, begin + ms(130));
    ledger.offered("t", 0, 2, begin + ms(140));
    assert_eq!(ledger.with_latencies(|l| l.booking_to_both_phones.count()), 0);
}

#[test]
fn assigned_counts_once_from_the_last_offer_and_the_last_acceptance() {
    let (ledger, begin, booked) = measuring();
    ledger.booked("t", 2, booked);
    ledger.offered("t", 0, 2, begin + ms(130));
    ledger.offered("t", 1, 2, begin + ms(140));
    ledger.accepts("t", 1, begin + ms(150));
    ledger.accepts("t", 2, begin + ms(170));
    ledger.rider_sees("t", "offered", begin + ms(180));
    ledger.rider_sees("t", "assigned", begin + ms(190));
    ledger.rider_sees("t", "en_route", begin + ms(5000));
    ledger.with_latencies(|l| {
        close(l.offer_to_assigned.at_ms(1.0), 50.0);
        close(l.accept_to_assigned.at_ms(1.0), 20.0);
        assert_eq!(l.offer_to_assigned.count(), 1);
    });
    assert_eq!(ledger.counts(), BookingCounts { bookings: 1, assigned: 1, no_crew: 0 });
    assert_eq!(ledger.early(), 0);
}

#[test]
fn crew_shown_before_all_accepted_is_early() {
    let (ledger, begin, booked) = measuring();
    ledger.booked("t", 2, booked);
    ledger.offered("t", 0, 2, begin);
    ledger.accepts("t", 1, begin);
    ledger.accepts("t", 1, begin);
    ledger.rider_sees("t", "assigned", begin);
    assert_eq!(ledger.early(), 1);
}

#[test]
fn outside_the_window_is_checked_but_not_measured() {
    let (ledger, begin, booked) = measuring();
    ledger.measure(begin + ms(5_000), begin + ms(6_000));
    ledger.booked("t", 2, booked);
    ledger.offered("t", 0, 2, begin);
    ledger.offered("t", 1, 2, begin);
    assert_eq!(ledger.with_latencies(|l| l.booking_to_both_phones.count()), 0);
    assert_eq!(ledger.counts(), BookingCounts::default());
    assert_eq!(ledger.acknowledged(), [("t".to_owned(), 3)]);
}

#[test]
fn map_shows_a_fix_when_it_shows_its_place() {
    let (ledger, begin, _) = measuring();
    ledger.fix_sent(7, 37.566_301_4, 126.977_904_9, begin + ms(10));
    ledger.map_shows(8, 37.5663, 126.9779, begin + ms(20));
    ledger.map_shows(7, 37.5665, 126.9779, begin + ms(30));
    ledger.map_shows(7, 37.5663, 126.9779, begin + ms(260));
    ledger.map_shows(7, 37.5663, 126.9779, begin + ms(500));
    ledger.with_latencies(|l| {
        assert_eq!(l.position_to_map.count(), 1);
        close(l.position_to_map.at_ms(1.0), 250.0);
    });
}

#[test]
fn sampled_fix_that_no_map_shows_is_missed() {
    let (ledger, begin, _) = measuring();
    ledger.measure(begin, begin + ms(60_000));
    ledger.fix_sent(7, 37.5, 127.0, begin);
    ledger.fix_sent(7, 37.6, 127.0, begin + ms(4_000));
    assert_eq!(ledger.map_missed(), 0);
    ledger.fix_sent(7, 37.7, 127.0, begin + ms(16_000));
    assert_eq!(ledger.map_missed(), 1);
}

#[test]
fn fleet_that_plays_for_ever_remembers_no_trip() {
    let ledger = Ledger::new(false);
    let now = Instant::now();
    ledger.booked("t", 2, Booked { rider: 0, intended: now, sent: now, acknowledged: now });
    ledger.offered("t", 0, 2, now);
    ledger.rider_sees("t", "assigned", now);
    assert!(ledger.acknowledged().is_empty());
    assert_eq!(ledger.early(), 0);
}
